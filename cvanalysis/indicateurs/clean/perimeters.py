"""Of which perimeters a sheet is: the list of quarters of 2015 or of 2024, the EPCI of one date.

Owns the tables that say which quarters there are and where they come from, and what tells the
geography of the aggregate of all quarters. Refuses to guess it: the two aggregates are of other quarters.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from cvanalysis.catalogue import normal_header
from cvanalysis.errors import Problem, ReadError, UnrecognisedFile
from cvanalysis.files.archives import archive_of
from cvanalysis.files.keys import grouped
from cvanalysis.files.sheets import RawTable
from cvanalysis.indicateurs.clean.vintage import Read, Recognised, say
from cvanalysis.indicateurs.clean.zones import CODES, ENSEMBLE, ENSEMBLE_2024, find_key

ANNEE_QN = 2024  # before this publication there is no other list of quarters than that of 2015
PERIMETRE = re.compile(
    r"(?:QPV?|QN)[_ -]?(?P<liste>(?:20)?(?:15|24))(?!\d)|(?:COG|GEO)[_ -]?(?:20)?\d\d(?!\d)", re.IGNORECASE
)
_EPCI_DATE = re.compile(r"EPCI\D{0,3}((?:20)?\d\d)$", re.IGNORECASE)  # a sheet named after a perimeter
_LISTE = re.compile(CODES["listes"]["titres"])  # what a list of zones says of them
_QUARTIERS = re.compile(r"\bQ[PN](?:\d{3}|02[AB])\d\d[\dA-Z]\b")  # several may stand in one cell


def read_list(table: RawTable) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """What a table of codes and names of zones is, and the passages that it tells; None for any other."""
    headers = [header for header in table.colonnes if not header.startswith("(sans titre")]
    rows = zip(*(table.table[header].to_pylist() for header in headers), strict=True)
    told = [_QUARTIERS.findall(" ".join(row).upper()) for row in rows]
    if len(headers) < 2 or not all(_LISTE.fullmatch(normal_header(header)) for header in headers):
        return None
    said = CODES["listes"]
    if not any(told):
        return (said["zones"], ()) if find_key(table) else None
    pairs = {(old, new) for row in told for new in row if new[1] == "N" for old in row if old[1] == "P"}
    return (said["passage"], tuple(sorted(pairs))) if pairs else (said["quartiers"], ())


def keep_later_perimeter(found: list[Recognised], fichier: str) -> list[Recognised]:
    """Of the sheets of a workbook that hold the EPCI of several dates, the one of the latest: the others are said and left."""
    named = [(sheet, told) for sheet in found if (told := _EPCI_DATE.search(sheet.table.feuille))]
    years = ((sheet.famille.id, tuple(bloc.millesime for bloc in sheet.blocs)) for sheet, _ in named)
    dated = grouped(zip(years, ((told[1][-2:], sheet) for sheet, told in named), strict=True))
    for sheets in dated.values():
        *before, (_, last) = sorted(sheets, key=lambda pair: pair[0])
        names = ", ".join(sheet.table.feuille for _, sheet in before)
        said = Problem(fichier, 0, "", *say("perimetre", noms=names, gardee=last.table.feuille))
        kept = replace(last, remarques=(*last.remarques, said)) if before else last
        left = [id(sheet) for _, sheet in before]
        found = [kept if sheet is last else sheet for sheet in found if id(sheet) not in left]
    return found


def _list_in_name(fichier: str) -> str:
    """The list of quarters that a file's or an archive's name tells: QP2015, QN2024 or ''."""
    for name in (fichier.rsplit("/", 1)[-1], archive_of(fichier).rsplit("/", 1)[-1]):
        years = {found["liste"][-2:] for found in PERIMETRE.finditer(name) if found["liste"]}
        if len(years) == 1:
            return "QN2024" if years == {"24"} else "QP2015"
    return ""


def settle(reads: Iterable[Read]) -> Iterator[Read]:
    """The same files, the aggregate of all quarters under its own geography: that of its rows, of its name, of a sibling or of the same
    family and year; one whose geography nothing tells is refused, for the two aggregates are of other quarters."""
    reads = list(reads)
    sure = ((file.fichier, sheet) for file, sheets, _ in reads for sheet in sheets if sheet.geographie)
    told = grouped({(name, sheet.geographie) for fichier, sheet in sure for name in _names(fichier, sheet)})
    for file, sheets, passage in reads:
        try:
            yield file, tuple(_settle_sheet(sheet, file.fichier, told) for sheet in sheets), passage
        except ReadError as error:
            yield replace(file, statut="non reconnu", probleme=error.problem), (), passage


def _names(fichier: str, sheet: Recognised) -> list[str]:
    """Under which a sheet tells its geography, and looks for it: `a_ENSQP.csv` and `a_QP.csv` are siblings."""
    sibling = re.sub(r"(?:_?(?:ENS|ENSEMBLE))?_?(?:QPV?|QN)?$", "", fichier.rpartition(".")[0], flags=re.IGNORECASE)
    return [fichier, sibling, *(f"{sheet.famille.id} {bloc.millesime}" for bloc in reversed(sheet.blocs))]


def _settle_sheet(sheet: Recognised, fichier: str, told: Mapping[str, list[str]]) -> Recognised:
    if not (sheet.zones == ENSEMBLE).any():
        return sheet
    alone = (told[name][0] for name in _names(fichier, sheet) if len(told.get(name, ())) == 1)
    # a file that came out before the list of 2024 can be of no other than that of 2015
    before = "QP2015" if sheet.blocs[-1].millesime + sheet.famille.delai < ANNEE_QN else ""
    geography = sheet.geographie or _list_in_name(fichier) or next(alone, before)
    if not geography:
        raise UnrecognisedFile.of(fichier, *say("sans_geographie"))
    zones = np.where(sheet.zones == ENSEMBLE, ENSEMBLE_2024, sheet.zones) if geography == "QN2024" else sheet.zones
    return replace(sheet, zones=zones, geographie=geography)


def unchanged(passages: Iterable[tuple[str, str]]) -> dict[str, str]:
    """QP → QN of those whose contour has not changed (letter I), among the passages (QP, QN) that tables tell."""
    origins = grouped((new, old) for old, new in set(passages))
    return {old[0]: new for new, old in origins.items() if new.endswith("I") and len(old) == 1}


def follow(sheet: Recognised, suivis: Mapping[str, str]) -> Recognised:
    """The same sheet with the rows of those QP under the QN that they have become, and a word of it."""
    if sheet.geographie != "QP2015" or not (known := set(sheet.zones.tolist()) & suivis.keys()):
        return sheet
    many = "chiffres d'un quartier" if len(known) == 1 else f"chiffres de {len(known)} quartiers"
    said = Problem(sheet.table.fichier, 0, sheet.cle, *say("suivis", combien=many))
    zones = np.array([suivis.get(zone, zone) for zone in sheet.zones.tolist()], dtype=object)
    return replace(sheet, zones=zones, remarques=(*sheet.remarques, said))
