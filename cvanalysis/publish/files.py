"""What all of publishing shares. Owns the folders of an edition and whose it is, what pages say around their
bodies, what is opened in a folder, how a terminal names things; refuses to know what is built.
"""

import contextlib
import io
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cvanalysis.errors import UsageError
from cvanalysis.files import atomic
from cvanalysis.tables.freshness import beside
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.look import look_of

FORMER = ".etat"  # what served the next build stood among the pages
OURS = {"build-log.json", "donnees", "manifest.json", "notebooks", "passation.docx", "quartiers", "supports", "themes"}
Say = Callable[[str], None]
_AUDIENCES = {"groupe": "groupes de travail", "equipe": "équipe d’évaluation"}


def state_folder(data: Path, out: Path) -> Path:
    """Where what serves the next build of the edition in `out` stands: with the contract's tables, never in what people share.

    It bears the way from one to the other, so that a project can be moved or copied as a whole.
    """
    home, out = beside(data, "processed"), out.resolve()
    way = atomic.digest_value(Path(os.path.relpath(out, home)).as_posix())[:8]
    return home / "constructions" / f"{out.parent.name[:40]}-{out.name}-{way}"


def read_manifest(out: Path) -> dict[str, Any]:
    """The manifest of the edition in `out`, {} where there is none of ours."""
    told = atomic.read_json(out / "manifest.json")
    return told if isinstance(told, dict) else {}


def audience_of(out: Path, etat: Path) -> str:
    """For whom the edition in `out` was built, '' where nothing says it."""
    mark = etat / "audience"
    return mark.read_text(encoding="ascii") if mark.exists() else read_manifest(out).get("audience", "")


def take_over(out: Path, etat: Path, territory: str, audience: str) -> bool:
    """Empty an edition that is not known to be this contract's, for this audience; True when it was emptied.

    Nothing of another may stay, whatever this build makes or fails to make: a page for the team is not to be handed out with the
    public's. What nothing is known of is another's. Raises `UsageError` where files stand that no build has written.
    """
    told = read_manifest(out)
    former = (out / FORMER).exists() or (etat / "construction.json").exists()  # of a version before this one
    same = (etat / "audience").exists() and audience_of(out, etat) == audience
    if not told and (etat / "registre" / "edition.json").exists():
        same = same and not any(out.iterdir())  # it was built to its end, and this is not what that build has left
    elif told:
        same = same and (told.get("territoire"), told.get("audience")) == (territory, audience)
    if same and not former:
        atomic.make_folder(out, private=None if audience == "public" else True)
        return False
    names = [path.name for path in out.iterdir()]
    strange = sorted(
        n for n in names if n not in OURS and n != "echecs" and not n.endswith((".html", ".zip")) and n[0] != "."
    )
    if strange and not told and not former:
        raise UsageError(
            f"Rien n'est construit : {shown(out)} contient ce qu'aucune construction n'y a mis ({', '.join(strange[:3])}). "
            "Videz ce dossier, ou donnez un autre dossier par --out."
        )
    (out.parent / f"{out.name}.zip").unlink(missing_ok=True)
    for path in [*out.iterdir(), *etat.iterdir()]:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    atomic.make_folder(out, private=audience != "public")
    atomic.write(etat / "audience", audience.encode("ascii"))
    return True


_opened: tuple[str, set[str]] = "", set()  # a folder, and what was opened in it since it was named


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(path := arguments[0], str | bytes | os.PathLike):  # Python tells of much more
        folder, seen = _opened
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (`resolve` would open files)
        if folder and name.startswith(folder):
            seen.add(name[len(folder) :].replace(os.sep, "/"))


def record_opened(folder: Path) -> set[str]:
    """From now on, the files under `folder` that this process opens, by their relative path: a set that fills itself.

    The store records what reports read of the processed tables. A file that a notebook reads in any other way must count too: an
    edit of it makes the page stale, and a page that is rebuilt once too often costs less than one that is out of date.
    """
    global _opened  # noqa: PLW0603 (an audit hook is the process's, and stays)
    if not _opened[0]:
        sys.addaudithook(_hook)
    _opened = f"{folder.resolve()}{os.sep}", set()
    return _opened[1]


def reserved_for(audience: str) -> str:
    """What all that is not for the public says of itself, '' for the public."""
    who = _AUDIENCES.get(audience, audience)
    return "" if audience == "public" else f"Document réservé\u00a0: {who}. Ne pas diffuser."


def envelope(titre: str, territory: Territory, audience: str, **more: Any) -> dict[str, Any]:
    """What any page says around its body (`page.Around`)."""
    mine = {"titre": titre, "territoire": territory.nom, "edition": territory.edition.nom, "audience": audience}
    return mine | {"maj": territory.maj, "contact": territory.contact} | look_of(territory) | more


def link(titre: str, url: str) -> dict[str, str]:
    return {"titre": titre, "url": url}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files in one, in their order. Same files, same bytes: no clock enters it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, raw in files.items():
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), raw, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def shown(path: Path) -> str:
    """A path as a person at this place would type it."""
    with contextlib.suppress(ValueError):
        return str(path.resolve().relative_to(Path.cwd()))
    return str(path)


def count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number > 1 else ''}"
