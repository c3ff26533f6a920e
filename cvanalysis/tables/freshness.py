"""Whose processed tables are, and whether they are today's. Owns their folder, the record beside them, the secret that stays with them.

That record is asked by whoever reads tables: a build, a notebook, a Dask worker. Standard library only: an unchanged build asks it too.
"""

import contextlib
import platform
from collections.abc import Iterable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from cvanalysis.errors import UsageError
from cvanalysis.files.atomic import digest, digest_tree, digest_value, locked, read_json
from cvanalysis.territory.contract import Territory

PACKAGE = Path(__file__).resolve().parents[1]
FOURNI = PACKAGE / "fourni"  # of a wheel: the notebooks and the documentation, which the project has at hand
RECORD = ".etat.json"
VOICES = "paroles/"
FILES = "@fichiers"  # the table that stands, in a record of what was read, for a raw file read as it is

LIBRARIES = ("numpy", "odfpy", "pandas", "pyarrow", "python-calamine", "rapidfuzz")
"""Those that tables are made with."""

CLEANING = (
    "actions/clean/", "actions/table", "catalogue/", "engagements/declared", "engagements/table",
    "errors", "files/", "french", "indicateurs/clean/", "paroles/champs", "paroles/clean/", "paroles/table", "personnes/",
    "tables/leftover", "tables/process", "tables/shown", "territory/",
)  # fmt: skip
"""The code that makes tables: a test holds that `tables.process` imports no other."""


def beside(data: Path, name: str) -> Path:
    """Where a contract keeps what is made of its data: next to its folder, under a name that no other contract there shares.

    `data/raw` has `data/processed`; `nantes` has `nantes-processed`.
    """
    data = data.resolve()
    return data.with_name(name if data.name == "raw" else f"{data.name}-{name}")


def tables_folder(data: Path, audience: str) -> Path:
    """The folder of a contract's tables for an audience: `data/processed`, or `data/processed/equipe`.

    Raises `UsageError` where another contract's data stand there.
    """
    home = beside(data, "processed")
    if (home / "contrat.toml").exists():
        raise UsageError(
            f"«\u00a0{home.name}\u00a0», à côté de «\u00a0{data.name}\u00a0», est le dossier d'un contrat : les tables de "
            f"«\u00a0{data.name}\u00a0» s'y écriraient. Donnez un autre nom à l'un des deux."
        )
    return home if audience == "public" else home / audience


def versions(names: Iterable[str]) -> dict[str, str]:
    """Version of each of these libraries that is installed, and of Python."""
    found = {"python": platform.python_version()}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def made_of(
    territory: Territory, audience: str, data: dict[str, str] | None = None, code: dict[str, str] | None = None
) -> dict[str, Any]:
    """All that processed tables depend on. `data` and `code` are the digests of their files, where they were already taken."""
    data = digest_tree(territory.dossier) if data is None else data
    code = digest_tree(PACKAGE) if code is None else code
    return {
        "audience": audience,
        "edition": territory.edition.id,
        "declarations": declarations(territory),
        "data": {name: one for name, one in data.items() if not name.startswith("textes/")},
        "code": digest_value({name: one for name, one in code.items() if name.startswith(CLEANING)}),
        "versions": versions(LIBRARIES),
    }


def declarations(territory: Territory) -> str:
    """Digest of all that a territory declares, its edition included, wherever it stands."""
    return digest_value(repr(replace(territory, dossier=Path())))


def read_record(folder: Path) -> dict[str, Any]:
    """What `process` said of the tables of that folder: `fait_de`, `tables` (name → digest), `dit`; {} where they are not whole."""
    known = read_json(folder / RECORD)
    return known if isinstance(known, dict) and known.keys() >= {"fait_de", "tables", "dit"} else {}


def current(folder: Path, of: dict[str, Any]) -> dict[str, Any]:
    """The record of tables that are made of just that, each as it was written; else {}."""
    known = read_record(folder)
    if not known or known["fait_de"] != of:
        return {}
    return known if all(digest(folder / f"{n}.parquet") == d for n, d in known["tables"].items()) else {}


def read_own(folder: Path, territory: Territory, audience: str) -> dict[str, Any]:
    """The record of the tables of that folder. Raises `UsageError` where they are not this territory's, for this audience."""
    known = read_record(folder)
    if not known:
        raise UsageError(
            f"Il n'y a pas de tables entières dans «\u00a0{folder.name}\u00a0» : ouvrez le dossier par cv.ouvrir()."
        )
    of = known["fait_de"]
    if of["audience"] != audience:
        raise UsageError(
            f"Les tables de «\u00a0{folder.name}\u00a0» sont faites pour «\u00a0{of['audience']}\u00a0», et ce dossier est ouvert pour "
            f"«\u00a0{audience}\u00a0» : ouvrez-le par cv.ouvrir(), pour les mêmes lecteurs."
        )
    if of["declarations"] != declarations(territory):
        raise UsageError(
            f"Les tables de «\u00a0{folder.name}\u00a0» sont d'un autre contrat, d'une autre édition (la leur est "
            f"«\u00a0{of['edition']}\u00a0») ou d'autres déclarations : ouvrez le dossier à nouveau par cv.ouvrir()."
        )
    return known


def forget_withdrawn(data: Path, of: dict[str, Any]) -> None:
    """Remove the tables that were made for other audiences of other voices than today's: one of them may have been withdrawn."""
    home = beside(data, "processed")
    for folder in {home, *(path.parent for path in home.glob("*/*.parquet"))} - {tables_folder(data, of["audience"])}:
        known = read_record(folder)
        if known and voices(known["fait_de"]["data"]) == voices(of["data"]):
            continue
        with contextlib.suppress(UsageError, OSError), locked(folder, folder.name):  # a build that reads them goes on
            for path in (folder / RECORD, *folder.glob("*.parquet")):
                path.unlink(missing_ok=True)


def voices(data: dict[str, str]) -> dict[str, str]:
    """The files of voices among digests of data, by their path in `paroles/`."""
    return {name.removeprefix(VOICES): one for name, one in data.items() if name.startswith(VOICES)}
