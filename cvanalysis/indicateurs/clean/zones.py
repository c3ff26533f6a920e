"""The codes of a table → zones and levels. Owns which column holds the codes and what a code is: a quarter, a commune, an EPCI…

The aggregate of all quarters is `Ensemble` whatever its code, metropolitan France `METRO`, France `FRANCE`.
A code of two digits is a region or a département (`44` is Grand Est or Loire-Atlantique): the label tells, else the set of codes, else
the analyst. Refuses to join on a name: 136 quarters share theirs.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from cvanalysis.catalogue import Catalogue, Famille, load_catalogue, normal_header
from cvanalysis.catalogue.rules import load_codes, load_sirens
from cvanalysis.errors import UnrecognisedFile
from cvanalysis.files.keys import title_key
from cvanalysis.files.numbers import as_text
from cvanalysis.files.sheets import RawTable
from cvanalysis.indicateurs.clean.vintage import say
from cvanalysis.territory.places import Niveau

MILLESIMES = "millesimes.csv"
CODES = load_codes()
CLES, CLES_AUTRES = tuple(CODES["cles"]), CODES["cles_autres"]  # the others where none of those is
ENSEMBLE, METRO, FRANCE = "Ensemble", "METRO", "FRANCE"
ENSEMBLE_2024 = "Ensemble (QN2024)"  # the aggregate of other perimeters is another zone

LIBELLES = ("LIBGEO", "LIB_GEO", "LIBELLE", "NOM")
AGREGATS: dict[str, tuple[str, Niveau]] = {
    code: (zone, told["niveau"]) for zone, told in CODES["agregats"].items() for code in told["codes"]
}
OBJETS: dict[str, Niveau] = {written: niveau for niveau, all_of in CODES["objets"].items() for written in all_of}
_FORMES = {name: re.compile(shape) for name, shape in CODES["formes"].items()}
IRIS, UNITES_URBAINES = "des iris", "des unités urbaines"

CODES_MINI = 0.5  # share of a column's cells that makes it the column of codes…
CODES_SANS_NOM = 0.9  # … and of one whose name says nothing, where counts of five figures look like communes
REGIONS_MINI = 12  # this many codes that all are regions' are regions


class OtherLevel(UnrecognisedFile):
    """The file is of zones that no report compares with: nothing that a report needs is lost with it."""


class Declare(NamedTuple):
    """A line of `insee/millesimes.csv`: what the analyst says of a file that does not say it."""

    millesime: int | None
    niveau: str = ""


def find_key(table: RawTable, lues: Collection[str] = ()) -> str | None:
    """The column of zone codes: by its name where its cells are codes, else the first whose cells mostly are quarters' codes,
    else, among those that are no indicator (`lues`), the first whose cells are codes of communes or EPCI, all different."""
    names = {normal_header(header): header for header in reversed(table.colonnes) if header not in lues}
    named, less = ([names[name] for name in asked if name in names] for asked in (CLES, CLES_AUTRES))
    others = [header for header in table.colonnes if header not in lues]
    for headers, levels, share, differ in (
        (named, None, CODES_MINI, False),
        (table.colonnes, ("QPV",), CODES_MINI, False),
        (less, None, CODES_SANS_NOM, True),
        (others, ("COMMUNE", "EPCI"), CODES_SANS_NOM, True),
    ):
        for header in headers:
            if _share_of_codes(table, header, levels) >= share and (not differ or _all_differ(table, header)):
                return header
    return named[0] if named else None


def _share_of_codes(table: RawTable, header: str, levels: tuple[str, ...] | None) -> float:
    """Share of the first filled cells of a column that are codes (of those levels; None: of any, small ones being départements)."""
    cells = [_plain_code(cell) for cell in table.table[header].slice(0, 200).to_pylist() if cell.strip()]
    found = [_zone_of(cell, "" if levels else "DEPARTEMENT", 0)[1] for cell in cells]
    wanted = [level for level in found if level and (levels is None or level in levels)]
    return len(wanted) / len(cells) if cells else 0.0


def _all_differ(table: RawTable, header: str) -> bool:
    """Whether each row has its own code: not so of the commune of an iris."""
    cells = [_plain_code(cell) for cell in table.table[header].slice(0, 1000).to_pylist() if cell.strip()]
    return len(set(cells)) >= CODES_SANS_NOM * len(cells)


def refuse_level(table: RawTable, fichier: str, family: Famille | None) -> None:
    """Raise for zones that no report compares with, and whose codes look like those of others (`44109` is a commune and an urban unit).

    Told by a column that INSEE names after them, else by the file's name, which is all that tells a bassin de vie from its main commune.
    """
    headers = [normal_header(header) for header in table.colonnes]
    stem = fichier.rsplit("/", 1)[-1].rsplit(".", 1)[0].upper()
    key = next((h for h in table.colonnes if normal_header(h) in CLES), None)
    by_codes = _level_of_codes([_plain_code(cell) for cell in table.table[key].to_pylist()]) if key is not None else ""
    for pattern, level in CODES["autres_niveaux"].items():
        in_name = re.search(rf"(?<![A-Z])(?:{pattern})(?![A-Z])", stem)
        if any(re.fullmatch(pattern, header) for header in headers) or in_name or level == by_codes:
            what = f"famille de fichiers {family.id} reconnue, mais" if family else "tableau de chiffres"
            raise OtherLevel.of(fichier, *say("autre_niveau", quoi=what, niveau=level), table.ligne_entete)


def _level_of_codes(codes: list[str]) -> str:
    """Iris or urban units where the codes can be nothing else: a commune never begins by 00, an EPCI's SIREN has a sound last digit."""
    if any(_FORMES["unite_urbaine"].match(code) for code in codes):
        return UNITES_URBAINES
    nine = [code for code in codes if _FORMES["neuf"].match(code)]
    sound = sum(_FORMES["epci"].match(code) is not None and _is_siren(code) for code in nine)
    return IRIS if len(nine) > 4 and 2 * sound < len(nine) else ""


def _is_siren(code: str) -> bool:
    digits = [int(digit) for digit in code]
    return sum(digits[0::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def is_quarter(cell: str) -> bool:
    """Whether a cell is the code of a quarter, of either list."""
    code = cell.strip().upper()
    return bool(_FORMES["qp"].match(code) or _FORMES["qn"].match(code))


def _plain_code(cell: str) -> str:
    """A code without spaces nor the `.0` of a spreadsheet that took it for a number."""
    return "".join(cell.split()).upper().removesuffix(".0")


def read_zones(
    table: RawTable, key: str, fichier: str, declare: Declare, catalogue: Catalogue
) -> tuple[np.ndarray, np.ndarray, str]:
    """Zone, level (object arrays, one entry per row) and geography of the codes of a table.

    A code is judged once however many rows bear it. Two digits are a region or a département: the label tells (`44` is Grand Est or
    Loire-Atlantique), else the set of codes.
    """
    encoded = pc.dictionary_encode(as_text(table.table[key]))
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    cells = [_plain_code(cell) for cell in encoded.dictionary.to_pylist()]
    small = {cell for cell in cells if _FORMES["petit"].match(cell) and cell not in AGREGATS}
    label = next((h for h in table.colonnes if small and normal_header(h) in LIBELLES), None)
    labels = map(title_key, table.table[label].to_pylist()) if label else ()
    said = [(cells[code], name) for code, name in zip(codes.tolist(), labels, strict=False) if cells[code] in small]
    level = _level_of_small(small, said, fichier, declare, catalogue) if small else ""
    found = [_zone_of(cell, level, len(cells)) for cell in cells]
    quarters = [zone for zone, niveau in found if niveau == "QPV"]
    later = sum(zone.startswith("QN") for zone in quarters)
    geography = ("QN2024" if 2 * later > len(quarters) else "QP2015") if quarters else ""
    zones, levels = np.array(found, dtype=object).reshape(-1, 2).T
    return zones[codes], levels[codes], geography


def _zone_of(cell: str, level_of_small: str, n_codes: int) -> tuple[str, str]:
    if cell in AGREGATS:
        return AGREGATS[cell]
    before, _, bare = cell.rpartition("-")
    if before:
        said = OBJETS.get(before.rpartition("-")[2], "")
        return _zone_of(bare, said if said in ("DEPARTEMENT", "REGION") else "", n_codes) if said else ("", "")
    if _FORMES["qp"].match(cell) or _FORMES["qn"].match(cell):
        return cell, "QPV"
    if _FORMES["commune"].match(cell):
        return cell, "COMMUNE"
    if _FORMES["epci"].match(cell):
        return load_sirens().get(cell, cell), "EPCI"
    if _FORMES["petit"].match(cell) and level_of_small:
        if level_of_small == "FRANCE_METRO":
            return METRO, level_of_small
        catalogue = load_catalogue()
        known = catalogue.regions if level_of_small == "REGION" else catalogue.departements
        return (cell.zfill(2), level_of_small) if cell.zfill(2) in known else ("", "")
    if len(cell) == 4 and cell.isdigit() and n_codes > 1:
        return "0" + cell, "COMMUNE"  # a spreadsheet took the code for a number
    return "", ""


def _level_of_small(
    small: set[str], said: list[tuple[str, str]], fichier: str, declare: Declare, catalogue: Catalogue
) -> Niveau:
    """FRANCE_METRO, REGION or DEPARTEMENT for the codes of one to three characters of a table, each `said` with its label."""
    if declare.niveau:
        return declare.niveau
    regions = sum(name == title_key(catalogue.regions.get(code.zfill(2), "")) for code, name in said)
    departments = sum(name == title_key(catalogue.departements.get(code.zfill(2), "")) for code, name in said)
    if any("france metropolitaine" in name or name == "metropole" for _, name in said):
        return "FRANCE_METRO"
    if regions != departments:
        return "REGION" if regions > departments else "DEPARTEMENT"
    padded = {code.zfill(2) for code in small}
    if not padded <= set(catalogue.regions):
        return "DEPARTEMENT"
    if len(padded) >= REGIONS_MINI:
        return "REGION"
    if padded == {"01"} and "1" in small:
        return "FRANCE_METRO"
    name = fichier.removeprefix("insee/")
    raise UnrecognisedFile.of(fichier, *say("petits_codes", codes=", ".join(sorted(padded)), nom=name))
