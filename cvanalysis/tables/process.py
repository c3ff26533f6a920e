"""Raw files → processed tables. The table of contents of this room: one function per domain, each giving named frames.

Owns what is written under `data/processed/`, whole or not at all, and the same bytes for the same inputs. Refuses to know a file's
format (the domains do). Another domain is added by its function to `DOMAINES`.
"""

import hashlib
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cvanalysis.actions.clean.fields import Declared
from cvanalysis.actions.clean.logs import clean_logs
from cvanalysis.actions.clean.propose import propose_all
from cvanalysis.catalogue import in_use, load_catalogue
from cvanalysis.engagements.declared import find_engagements, link_engagements, read_engagements, read_partners
from cvanalysis.errors import CvanalysisError, Problem, ReadError, UsageError, say_system
from cvanalysis.files.anomalies import COLONNES_ANOMALIES, Anomalies, Domain, ReadFile, frame_problems
from cvanalysis.files.atomic import SUFFIX, WriteFailed, locked, make_folder, named, to_json, write_all
from cvanalysis.files.child import can_fork
from cvanalysis.files.contours import contour_files, read_contours
from cvanalysis.files.guard import reading, under_guard
from cvanalysis.files.keys import carrier_key, split_list
from cvanalysis.files.layout import COMMENTAIRE
from cvanalysis.files.texts import read_text
from cvanalysis.french import quoted, with_unit
from cvanalysis.indicateurs.clean.decode import clean_indicators
from cvanalysis.indicateurs.clean.france import read_france
from cvanalysis.indicateurs.clean.zones import ENSEMBLE, ENSEMBLE_2024
from cvanalysis.paroles.clean.consent import AUDIENCES
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.paroles.table import COMPANIONS
from cvanalysis.tables.freshness import PACKAGE, RECORD, VOICES, current, forget_withdrawn, made_of, tables_folder
from cvanalysis.tables.leftover import left_aside
from cvanalysis.tables.shown import ANOMALIES, mask_name, names_of, replaced, show
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.declarations import Inspection
from cvanalysis.territory.places import Niveau


def prepare(territory: Territory, audience: str) -> Path:
    """The folder of the territory's tables for that audience, made again first where they are not today's. `UsageError` for no audience."""
    if audience not in AUDIENCES:
        raise UsageError(f"{quoted(audience)} n'est pas une audience. Audiences\u00a0: {', '.join(AUDIENCES)}.")
    folder = tables_folder(territory.dossier, audience)
    of = made_of(territory, audience)
    if not current(folder, of):
        make_folder(folder, private=True)
        with locked(folder, folder.name, wait=True):
            if not current(folder, of):
                # other threads run here: from another process, which has none, a child may be forked
                apart = hasattr(os, "fork") and can_fork()
                (_process_apart if apart else process)(territory, folder, audience, of)
    forget_withdrawn(territory.dossier, of)
    return folder


APART = """
import pickle, sys
from cvanalysis.tables.process import process
try:
    process(*pickle.load(sys.stdin.buffer))
    said = None
except Exception as error:
    said = error
sys.stdout.buffer.write(pickle.dumps(said))
"""


def _process_apart(*asked: Any) -> None:
    """`process` in a process of its own, where this one has other threads, as a Jupyter kernel does: no child may be forked from it, from
    that one it may, and each raw file has its time and memory there too (`guard`)."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", APART],
        input=pickle.dumps(asked),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])},
        check=False,
    )
    if done.returncode:
        raise CvanalysisError(
            f"Les données n'ont pas pu être préparées\u00a0: leur lecture s'est arrêtée (code {done.returncode})."
        )
    if error := pickle.loads(done.stdout):  # noqa: S301 (our own process said it)
        raise error


def process(
    territory: Territory, processed: Path, audience: str = "public", of: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Clean every domain and write its tables to `processed`, each replaced whole, and beside them whose they are. Returns what their
    record says to whoever builds: the manifest's `sources`, what could not be used (`illisibles`) and `avertissements`, as sentences.

    `of` is what they are made of (`freshness.made_of`), taken before anything is read: what changes meanwhile makes them old.
    Raises `CvanalysisError` where a table cannot be written (then the former tables stay). A raw file that cannot
    be used is in `illisibles` and disturbs nothing else, were it made to (`guard`).
    """
    of = of or made_of(territory, audience)
    return under_guard(lambda: _process(territory, processed, audience, of))


def _process(territory: Territory, processed: Path, audience: str, of: dict[str, Any]) -> dict[str, Any]:
    every = clean_all(territory, audience)
    files = every.fichiers
    tables = every.tables | {"anomalies": every.anomalies, "fichiers": list_files(files)}
    if audience != "equipe":
        remarks = tables["anomalies"]["probleme"] == COMMENTAIRE
        tables["anomalies"] = tables["anomalies"].assign(brut=tables["anomalies"]["brut"].mask(remarks, ""))
        voices = [path for path in (territory.dossier / VOICES).rglob("*") if path.is_file()]
        names = {named(path, territory.dossier) for path in voices} | {file.fichier for file in files}
        tables |= {name: veil(tables[name], names) for name in ("anomalies", "fichiers")}
    unread = {file.fichier for file in files if file.statut != "lu"}
    shown = names_of(
        (file.fichier for file in files if not file.fichier.startswith(VOICES)),
        lambda name: mask_name(name, read=name not in unread),
    )
    tables = show(tables, shown)
    said = ("fichier", "sha256", "famille", "millesime", "statut")
    dit = {
        "sources": [
            {name: getattr(file, name) for name in said} | {"fichier": shown.get(file.fichier, file.fichier)}
            for file in files
        ],
        "illisibles": [str(file.probleme) for file in files if file.probleme is not None],
        "avertissements": [str(one) for one in every.avertissements],
    }
    write_tables(tables, processed, {"fait_de": of, "dit": dit})
    return dit


def veil(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The rows that speak of files of voices, without the names of those files: who has spoken, where and when, is in a name.

    `names` are the paths of all files; what the team's own tables of voices are called, the documentation says.
    """
    told = {name for name in names if name.startswith(VOICES)} - COMPANIONS.keys()
    told |= {Path(name).name for name in told}
    theirs = table["fichier"].str.startswith(VOICES)
    if not theirs.any():
        return table
    known = re.compile("|".join(map(re.escape, sorted(told, key=len, reverse=True))) or r"(?!)", re.IGNORECASE)
    rows = table[theirs].copy()
    for column in rows.columns:
        if column in {"ligne", "lignes"}:
            rows[column] = 0
        elif column in {"fichier", "famille", "pris_pour"}:
            rows[column] = "paroles"
        else:
            rows[column] = [known.sub("un fichier de paroles", str(cell)) for cell in rows[column]]
    both = [table[~theirs], rows.drop_duplicates().astype(table.dtypes.to_dict())]
    return pd.concat(both).sort_index(ignore_index=True)


def clean_all(territory: Territory, audience: str = "public") -> Domain:
    """Every domain of the territory, cleaned, as one; nothing written."""
    return gather([clean(territory, audience) for clean in DOMAINES])


def gather(domains: Sequence[Domain]) -> Domain:
    """Several domains as one: their tables and files, and all their anomalies, by place, as anyone may read them."""
    said = pd.concat([domain.anomalies for domain in domains], ignore_index=True).astype({"ligne": "Int32"})
    return Domain(
        {name: table for domain in domains for name, table in domain.tables.items()},
        replaced(said.sort_values(list(COLONNES_ANOMALIES), kind="stable", ignore_index=True), ANOMALIES),
        tuple(file for domain in domains for file in domain.fichiers),
        "\n".join(domain.complement for domain in domains if domain.complement),
        tuple(one for domain in domains for one in domain.avertissements),
    )


def clean_insee(territory: Territory, _audience: str) -> Domain:
    """Tidy indicators of the territory's zones (`indicateurs`), those that were out when the edition was handed over; the same for
    every audience, since all of it is published."""
    followed = {quarter.suit: quarter.code for quarter in territory.quartiers if quarter.suit}
    with in_use(territory.ajouts):
        cleaned = clean_indicators(territory.dossier, _codes_in_files(territory), territory.geographie, followed)
    table = cleaned.indicateurs
    table = table.assign(zone=table["zone"].cat.rename_categories({ENSEMBLE_2024: ENSEMBLE}))
    later = {key for key, day in load_catalogue().parutions.items() if day > territory.edition.jusqu_au}
    france, problems = read_france(territory.dossier, cleaned.france, later)
    known = np.array([key not in later for key in zip(table["source"], table["millesime"], strict=True)], dtype=bool)
    words = table.select_dtypes("category").columns
    told = _say_later(table[~known])
    only = ~known & ~table["indicateur"].isin(table["indicateur"][known])  # pages say why they have nothing of it
    table.loc[only, ["valeur", "statut"]] = (np.nan, "postérieur")
    tables = {
        "indicateurs": table[known | only].astype(dict.fromkeys(words, "str")).reset_index(drop=True),
        "france": france,
        "comptes": cleaned.comptes,
    }
    anomalies = pd.concat([cleaned.anomalies, frame_problems(problems)], ignore_index=True)
    quarters = {one.code for one in territory.quartiers}
    empty = bool(quarters) and not quarters.intersection(table.loc[table["valeur"].notna(), "zone"])
    say = f"aucun chiffre sur les quartiers du contrat ({territory.geographie})\u00a0: leurs fiches sont vides"
    warned = (Problem("insee/", 0, "", say, "", "Voir docs/insee.md, «\u00a0Où les télécharger\u00a0»"),) * empty
    return replace(cleaned, tables=tables, anomalies=anomalies, avertissements=warned, complement=told)


def _say_later(table: pd.DataFrame) -> str:
    """For `check`, what an edition leaves to those that come after the day when it was out."""
    told = []
    for (source, year), rows in table[table["valeur"].notna()].groupby(["source", "millesime"], observed=True):
        many, files = with_unit(len(rows), "valeurs"), ", ".join(sorted(set(rows["fichier"])))
        told.append(f"Paru après cette édition, qui ne le connaît pas\u00a0: {many} de {year} ({source}) dans {files}.")
    return "\n".join([*told, ""]) if told else ""


def clean_actions(territory: Territory, indicateurs: frozenset[str] | None = None) -> Domain:
    """Everything that `actions/`, `engagements.csv` and `partenaires.csv` say: partners tell whom the logs name, engagements which
    actions serve them.

    `indicateurs` are the ids that engagements may be linked to (unchecked when None). Raises `DeclarationError` with all the problems of
    the declarations of this domain; a log or a workbook of engagements that cannot be read disturbs no other.
    """
    found, anomalies = Inspection(Path(territory.dossier)), Anomalies()
    partners = read_partners(territory, found)
    names = dict(zip(partners["id"], partners["nom"], strict=True))
    named = zip(partners["id"], partners["nom"], partners["alias"], strict=True)
    siren = {code: one for code, one in zip(partners["siren"][::-1], partners["id"][::-1], strict=True) if code}
    fichier, unread = find_engagements(Path(territory.dossier)), ()
    try:
        engagements = read_engagements(territory, found, anomalies, fichier, names, indicateurs)
    except ReadError as error:
        engagements = read_engagements(territory, found, anomalies, "", names)
        unread = (ReadFile(fichier, statut="illisible", probleme=error.problem),)
    declared = Declared(
        partners={carrier_key(word): one for one, name, alias in named for word in (name, *split_list(alias))},
        sirens=siren,
        noms=names,
        engagements=frozenset(engagements["code"]),
    )
    tables, files = clean_logs(territory, declared, found, anomalies)
    actions = link_engagements(tables["actions"], engagements, fichier, anomalies)
    tables |= {"actions": actions, "engagements": engagements, "partenaires": partners}
    return Domain(tables, anomalies.frame(), (*unread, *files))


def clean_money(territory: Territory, _audience: str) -> Domain:
    """Actions, engagements, partners, and the account of money of each log; the same for every audience."""
    cleaned = clean_actions(territory, frozenset(load_catalogue(territory.ajouts).indicateurs))
    unknown = [problem.fichier for problem in cleaned.illisibles if problem.fichier.startswith("actions/")]
    return replace(cleaned, complement=propose_all(territory, unknown))


def clean_rest(territory: Territory, _audience: str) -> Domain:
    """The files that no other domain reads, the examples that are declared and not there, what local indicators do not say."""
    files, machine = left_aside(territory)
    folder = Path(territory.dossier)
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    absent = [
        Problem("contrat.toml", 0, "exemples", f"aucun fichier ne correspond à {quoted(glob)}", "", "Corrigez ce nom")
        for glob in territory.exemples
        if not any(fnmatch(name, glob) for name in names)
    ]
    local = [dict(row) for name, rows in territory.ajouts if name == "indicateurs.csv" for row in rows]
    absent += [
        Problem(
            "catalogue/indicateurs.csv",
            0,
            "definition",
            f"{quoted(row['id'])} n'a pas de définition\u00a0: les pages n'en montrent que le nom",
            que_faire="Écrivez ce qu'il compte, et de qui",
        )
        for row in local
        if row["definition"] == f"{row['nom']}."  # what stands for none
    ]
    told = f"Notices, fichiers cachés ou temporaires, que personne ne lit\u00a0: {', '.join(machine)}.\n"
    return Domain({}, frame_problems(absent), files, complement=told if machine else "")


DOMAINES: tuple[Callable[[Territory, str], Domain], ...] = (clean_insee, clean_money, clean_voices, clean_rest)
"""The domains, in the order in which `check` tells of them: (territory, audience) → `Domain`."""


def read_as_they_are(territory: Territory) -> Domain:
    """The texts and contours that reports read as they are: no table comes of them, what is wrong with them is told all the same."""
    files, said = [], []
    codes = [quarter.code for quarter in territory.quartiers]
    for path in sorted((territory.dossier / "textes").glob("*.md")) + contour_files(territory.dossier):
        fichier = f"{path.parent.name}/{path.name}"
        try:
            with reading(fichier):
                found, lost, remarks = (read_text if path.suffix == ".md" else read_contours)(path)
        except ReadError as error:
            found, lost, remarks = (), (error.problem,), ()
        file = ReadFile(fichier, "", "illisible" if lost else "lu", probleme=lost[0] if lost else None)
        if path.suffix == ".md":
            file = replace(file, pris_pour="texte du territoire")
        elif found:
            words = frozenset().union(*(one.said for one in found))
            there = tuple(code for code in codes if code in words)
            missing = tuple(code for code in codes if code not in words)
            file = replace(file, pris_pour="contours", lignes=len(found), trouvees=there, manquantes=missing)
        files.append(file)
        said += [*lost[1:], *remarks]
    return Domain({}, frame_problems(said), tuple(files))


def zones_of(territory: Territory) -> frozenset[tuple[str, Niveau]]:
    """The (code, niveau) of all the zones that the territory's reports may show."""
    declared = {(other.zone, other.niveau) for other in territory.comparateurs}
    communes = {(commune.code, "COMMUNE") for commune in territory.communes}
    quarters = {
        (code, "QPV")
        for quarter in territory.quartiers
        for code in (quarter.code, *(() if quarter.suit else quarter.depuis))
    }
    usual = {(territory.epci, "EPCI"), (ENSEMBLE, "FRANCE_QPV")}
    return frozenset(declared | communes | quarters | usual)


def _codes_in_files(territory: Territory) -> frozenset[tuple[str, str]]:
    """The same zones under the codes of the files: the aggregate of all quarters is that of the territory's geography."""
    aggregate = ENSEMBLE_2024 if territory.geographie == "QN2024" else ENSEMBLE
    return frozenset((aggregate if zone == ENSEMBLE else zone, level) for zone, level in zones_of(territory))


def list_files(files: list[ReadFile]) -> pd.DataFrame:
    """One row per raw file: what it was taken for and what became of it (`fichiers.parquet`)."""
    columns = ("fichier", "famille", "millesime", "statut", "pris_pour", "lignes")
    frame = pd.DataFrame([[getattr(file, name) for name in columns] for file in files], columns=list(columns))
    frame["millesime"] = frame["millesime"].map(lambda year: "" if year is None else str(year)).astype("str")
    return frame.astype({"lignes": "int64"})


def write_tables(tables: dict[str, pd.DataFrame], folder: Path, record: dict[str, Any]) -> None:
    """Write each table to `folder/NAME.parquet`, then the record of what they are, all whole on the disk before the first is replaced.

    While some are of before and some of now there is no record, and nobody reads them.
    """
    try:
        make_folder(folder, private=True)
        for left in folder.glob(f".*{SUFFIX}"):  # by a processing that was killed
            left.unlink()
        how = {"index": False, "compression": "zstd", "row_group_size": 1 << 20}
        made = {folder / f"{name}.parquet": table.to_parquet(**how) for name, table in tables.items()}
        digests = {path.stem: hashlib.sha256(raw).hexdigest() for path, raw in made.items()}
        (folder / RECORD).unlink(missing_ok=True)
        write_all([*made.items(), (folder / RECORD, to_json(record | {"tables": digests}))])
        for path in set(folder.glob("*.parquet")) - made.keys():
            path.unlink()
    except (OSError, WriteFailed) as error:
        why = say_system(error) if isinstance(error, OSError) else error
        raise CvanalysisError(
            f"Les tables n'ont pas pu être écrites dans «\u00a0{folder.name}\u00a0»\u00a0: {why}."
            " Libérez de la place ou vérifiez les droits, puis recommencez."
        ) from error
