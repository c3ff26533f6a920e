"""The command line. Owns options, messages and exit statuses, all in French; refuses to do anything itself.

0: done. 1: some report failed, or raw data that could not be read was left out. 2: declarations or usage wrong, nothing built.
"""

import gettext
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from functools import partial, reduce
from pathlib import Path
from typing import Any

import click

from cvanalysis.errors import CvanalysisError, DeclarationError, UsageError, printed, say_file
from cvanalysis.files.child import MEMORY, SECONDS
from cvanalysis.territory.contract import read_territory

USAGE, INTERRUPTED = 2, 130
LARGEST = 10**9
GENRES = ("paroles", "actions", "engagements")  # of models to fill in


class _Command(click.Command):
    """A command of which the list says the whole first sentence."""

    def get_short_help_str(self, limit: int = 0) -> str:
        return super().get_short_help_str(max(limit, 100))


class _Group(click.Group):
    """Commands in the order in which they are used."""

    command_class = _Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


class _Number(click.ParamType):
    """A whole number from 1; beyond what any machine has, more is the same."""

    name = "n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = float(value)
        except ValueError:
            number = 0
        if not number >= 1 or number % 1:
            self.fail(f"« {value} » n'est pas un nombre entier à partir de 1.", param, ctx)
        return int(min(number, LARGEST))


def _folder(*names: str, exists: bool, help: str, **rest: Any) -> Any:
    folder = click.Path(exists=exists, file_okay=False, path_type=Path)
    return click.option(*names, type=folder, metavar="DOSSIER", help=help, **rest)


def _number(name: str, default: int | None, help: str) -> Any:
    return click.option(name, type=_Number(), default=default, help=help)


# -------------------------------------------------------------------------------------------------- commands

_DATA = _folder(
    "--data",
    exists=True,
    default="data/raw",
    help="Dossier des déclarations et des fichiers bruts (data/raw par défaut).",
)
_AUDIENCE = click.option(
    "--audience",
    type=click.Choice(("public", "groupe", "equipe")),
    default="public",
    help="Pour qui (public par défaut).",
)
_DEBUG = click.option("--debug", is_flag=True, expose_value=False, help="Montre la trace complète d'une erreur.")
"""Read by `run`."""


@click.group(cls=_Group, subcommand_metavar="COMMANDE", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cvanalysis", message="%(package)s %(version)s", help="Montre la version installée.")
def cli() -> None:
    """Des fichiers publiés aux analyses d'un contrat de ville."""


@cli.command()
@click.argument("epci", metavar="EPCI")
@click.argument("dossier", type=click.Path(file_okay=False, path_type=Path), metavar="[DOSSIER]", required=False)
@click.option(
    "--geographie",
    type=click.Choice(("2024", "2015")),
    help="Quartiers de 2024 ou de 2015 (d'après les fichiers, sinon 2024).",
)
@_DEBUG
def init(epci: str, dossier: Path | None, geographie: str | None) -> int:
    """Écrit les déclarations d'un nouveau territoire, d'après le code de son EPCI et les fichiers déposés."""
    from datetime import date

    from cvanalysis.tables.init import start, tidy

    folder = dossier or Path(f"contrat-{epci}")
    for moved in tidy(folder):
        click.echo(moved)
    files, said = start(epci.replace(" ", ""), folder, geographie or "", date.today())  # noqa: DTZ011 (the day of whoever starts)
    _write_new(files)
    click.echo("\n".join(said))
    return 0


@cli.command()
@_DATA
@_AUDIENCE
@click.option("--detail", is_flag=True, help="Dit de chaque fichier tout ce qui est su, anomalie par anomalie.")
@_DEBUG
def check(data: Path, audience: str, detail: bool) -> int:
    """Dit ce qui est à corriger, pour quoi chaque fichier brut a été pris, et ce qui reste vide."""
    territory = read_territory(data)  # before what reads files, which takes a second to load
    from cvanalysis.tables.check import check as inspect

    report = inspect(territory, audience)
    if report.declarations:
        _tell(str(DeclarationError(list(report.declarations))))
    click.echo(report.render(detail=detail))
    return report.status


_BUILD = (
    _DATA,
    _folder("--out", exists=False, default="reports", help="Dossier des pages (reports par défaut)."),
    click.option("--edition", metavar="NOM", help="Édition à construire (celle de contrat.toml par défaut)."),
    click.option(
        "--only", metavar="ID", help="Ce rapport seulement (QP…, quartiers/*, synthese…) ; se répète.", multiple=True
    ),
    _AUDIENCE,
    _number("--jobs", None, "Rapports construits en même temps (le nombre de cœurs par défaut)."),
    click.option("--dask", metavar="ADRESSE", help="Construit sur la grappe Dask de cette adresse (tcp://…)."),
    _number("--timeout", SECONDS, f"Secondes permises à un rapport ({SECONDS} par défaut)."),
    _number("--memory", MEMORY, f"Mio de mémoire permis à un rapport ({MEMORY} par défaut)."),
    _DEBUG,
)


def _build_options(command: Any) -> Any:
    return reduce(lambda made, option: option(made), reversed(_BUILD), command)


@cli.command()
@_build_options
@click.option("--editions", is_flag=True, help="Toutes les éditions déclarées, de la plus ancienne à la plus récente.")
@click.option("--force", is_flag=True, help="Reconstruit même ce qui n'a pas changé.")
@click.option("--dry-run", is_flag=True, help="Dit ce qui serait construit et pourquoi, sans rien construire.")
def build(editions: bool, **options: Any) -> int:
    """Construit les analyses qui ont à l'être."""
    from cvanalysis.publish.build import build as run_build
    from cvanalysis.publish.memory.decision import Options
    from cvanalysis.publish.run.warm import one_thread

    if editions and options["edition"]:
        raise UsageError("Choisissez : --edition en construit une, --editions les construit toutes.")
    _keep_apart(options["data"], options["out"])
    one_thread()
    options["jobs"] = options["jobs"] or cores()
    codes = []
    for one in editions_to_build(options, every=editions):
        codes.append(run_build(Options(**options | one), _echo, partial(_echo, err=True)))
    return max(codes)


def _keep_apart(data: Path, out: Path) -> None:
    """Pages among raw data would be read as data, and raw data among pages handed out with them."""
    from cvanalysis.publish.files import shown

    mine, theirs = out.resolve(), data.resolve()
    if mine.is_relative_to(theirs) or theirs.is_relative_to(mine) or mine.is_relative_to(theirs.parent / "processed"):
        raise UsageError(
            f"Les pages ne peuvent pas aller dans {shown(out)} : ce dossier et celui des données ({shown(data)}) sont l'un dans l'autre. "
            "Donnez à --out un dossier à part."
        )


def editions_to_build(options: dict[str, Any], *, every: bool) -> Iterator[dict[str, Any]]:
    """What each build is of, in order: every declared edition, the oldest first, so that each finds the one that it is compared with;
    or the one asked for, after those that stand and hold voices that they may hold no more."""
    from cvanalysis.publish.edition import to_build_again

    territory = read_territory(options["data"], options["edition"])
    if every:
        for one in sorted(territory.editions, key=lambda one: one.jusqu_au):
            click.echo(f"Édition {one.id}")
            yield {"edition": one.id}
        return
    again, orphans = to_build_again(territory, options["out"])
    for name in orphans:
        click.echo(
            f"L'édition {name} n'est plus déclarée et ne peut pas être refaite ; ses pages peuvent tenir une parole retirée depuis : "
            f"supprimez {options['out'] / name}.",
            err=True,
        )
    for name, audience in again:
        click.echo(
            f"Édition {name} : elle tient des paroles qu'elle ne peut plus tenir ou montrer ainsi, elle est refaite d'abord."
        )
        yield {"edition": name, "audience": audience, "only": ()}
    yield {}


@cli.command()
@_build_options
def watch(**options: Any) -> int:
    """Construit, puis reconstruit ce que touche chaque fichier enregistré, jusqu'à Ctrl-C."""
    from cvanalysis.publish.build import watch as run_watch

    return run_watch(sys.argv[1:], options["data"], _echo)


@cli.command()
@click.argument("avant", metavar="A")
@click.argument("apres", metavar="B")
@_folder("--out", exists=True, default="reports", help="Dossier des pages (reports par défaut).")
@_DEBUG
def diff(avant: str, apres: str, out: Path) -> int:
    """Dit ce qui a changé de l'édition A à l'édition B, toutes deux construites."""
    from cvanalysis.publish.papers.statements import tell_changes

    click.echo(tell_changes(out, avant, apres))
    return 0


@cli.command()
@click.argument("genre", metavar="|".join(GENRES), type=click.Choice(GENRES))
@_DATA
@_folder("--vers", exists=False, default=".", help="Dossier où écrire les modèles (celui-ci par défaut).")
@_DEBUG
def modele(genre: str, data: Path, vers: Path) -> int:
    """Écrit un modèle à remplir, en .xlsx et en .csv."""
    from cvanalysis.tables.models import MODELES, write_model

    files = {vers / f"modele-{name}": raw for name, raw in write_model(genre, read_territory(data)).items()}
    _write_new(files)
    click.echo(MODELES[genre]["ou"])
    return 0


@cli.command()
@_DATA
@click.option(
    "--vers",
    metavar="FICHIER",
    help="Fichier à écrire (par défaut à côté du dossier des données : a-relire.csv pour data/raw, NOM-a-relire.csv pour NOM).",
    type=click.Path(path_type=Path),
)
@_DEBUG
def relire(data: Path, vers: Path | None) -> int:
    """Écrit la liste des paroles qu'une personne doit relire avant qu'elles soient publiques."""
    from cvanalysis.paroles.clean.consent import readable_texts
    from cvanalysis.paroles.clean.review import how_to_read, read_reviews, write_reading_list
    from cvanalysis.tables.freshness import beside

    territory = read_territory(data)
    listed = write_reading_list(readable_texts(territory), read_reviews(territory.dossier))
    _write_new({vers or beside(data, "a-relire.csv"): listed.contenu})
    click.echo(
        f"Textes à relire : {listed.a_relire} ; déjà relus : {listed.deja_relues}. Ce fichier ne doit pas quitter l'équipe.\n"
    )
    if not listed.a_relire + listed.deja_relues:
        from cvanalysis.paroles.clean.voices import clean_voices

        click.echo(
            f"Rien n'est à relire. {clean_voices(territory).complement or 'Aucune parole n’a été trouvée dans paroles/.'}"
        )
        return 0
    click.echo(how_to_read())
    return 0


def _write_new(files: dict[Path, bytes]) -> None:
    """Write files that are not there yet: what stands may hold hours of someone's work."""
    from cvanalysis.files import atomic
    from cvanalysis.publish.files import shown

    if there := [shown(path) for path in files if path.exists()]:
        raise UsageError(
            f"Rien n'est écrit, pour ne rien effacer. Existe déjà : {', '.join(there)}. Déplacez-le, ou écrivez ailleurs"
            " (un autre dossier pour init, --vers pour les autres commandes)."
        )
    if inside := [
        shown(path) for path in files if any((folder / "manifest.json").exists() for folder in path.resolve().parents)
    ]:
        raise UsageError(
            f"Rien n'est écrit : {inside[0]} serait parmi les pages publiées. Donnez un autre endroit avec --vers."
        )
    atomic.write_all(files.items())
    for path in files:
        click.echo(f"Écrit : {shown(path)}")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(argv: list[str] | None = None) -> int:
    """Run a command line; returns the exit status. No traceback reaches a person but under --debug."""
    argv = sys.argv[1:] if argv is None else argv
    # click's sentences, from its catalogue
    gettext.bindtextdomain("messages", Path(__file__).parent / "textes" / "click")
    os.environ["LANGUAGE"] = "fr"
    debug = "--debug" in argv
    if debug:
        logging.basicConfig()
        logging.getLogger("cvanalysis").setLevel(logging.DEBUG)  # what a raw file made a reader raise
    try:
        return cli.main(args=argv, prog_name="cvanalysis", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        return USAGE
    except click.ClickException as error:
        _tell(error.format_message(), "`cvanalysis --help` montre les commandes et leurs options.")
        return USAGE
    except (KeyboardInterrupt, click.Abort):
        _tell("Interrompu. Ce qui est terminé est gardé ; la prochaine construction reprendra le reste.")
        return INTERRUPTED
    except (UsageError, DeclarationError) as error:
        _tell(str(error), debug=debug)
        return USAGE
    except CvanalysisError as error:
        _tell(str(error), getattr(error, "detail", "") if debug else "", debug=debug)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read our lines has left
        return 1
    except OSError as error:
        _tell(f"La commande s'arrête : {say_file(error)}. Remédiez-y, puis relancez.", debug=debug)
        return 1
    except Exception as error:  # noqa: BLE001
        _tell(f"Erreur imprévue ({type(error).__name__} : {error}). Relancez avec --debug pour la trace.", debug=debug)
        return 1


def _tell(*sentences: str, debug: bool = False) -> None:
    if debug:
        traceback.print_exc()
    for sentence in sentences:
        if sentence:
            _echo(sentence, err=True)


def _echo(text: str, *, err: bool = False) -> None:
    """Say something that may quote names: no name steers the terminal."""
    click.echo(printed(text, "\n"), err=err)


def main() -> None:
    """Entry point of the `cvanalysis` command."""
    sys.exit(run())


if __name__ == "__main__":
    main()
