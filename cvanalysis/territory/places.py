"""Codes of places and their shapes. Owns the levels, the two lists of quarters and what is wrong with a written code; refuses
to know which places a contract has.
"""

import re
from typing import Literal

from cvanalysis.french import fold, listed, nearest, quoted
from cvanalysis.territory.declarations import KNOWN, Ligne

Niveau = Literal["QPV", "COMMUNE", "EPCI", "DEPARTEMENT", "REGION", "FRANCE_METRO", "FRANCE", "FRANCE_QPV"]

GEOGRAPHIES = {name: re.compile(shape) for name, (shape, _) in KNOWN["geographies"].items()}
"""Shape of a quarter's code in each geography."""
ZONES = {niveau: shape for niveau, (shape, _) in KNOWN["zones"].items()}
"""Shape of a zone's code at each level that a quarter can be compared with, from the nearest to the widest."""


def check_quarter(row: Ligne, geographie: str) -> None:
    code, shape = row["code"], GEOGRAPHIES[geographie]
    if shape.fullmatch(code):
        return
    if other := next((name for name, known in GEOGRAPHIES.items() if known.fullmatch(code)), ""):
        expected = f"le contrat est déclaré en {geographie}, et les périmètres des deux listes diffèrent"
        what = f"{quoted(code)} est un quartier de la géographie {other}"
        to_do = "ne mêlez pas les deux listes dans un même contrat"
    else:
        what = f"{quoted(code)} n'a pas la forme d'un code de quartier"
        expected = f"une forme comme {KNOWN['geographies'][geographie][1]} est attendue"
        to_do = f"écrivez {quoted(code.upper())}" if shape.fullmatch(code.upper()) else ""
    row.wrong("code", what, expected, to_do)


def check_origins(row: Ligne, geographie: str | None) -> tuple[str, ...]:
    """The QP of 2015 that a quarter of 2024 is declared to come from; a new one (letter N) has none."""
    codes = split_codes(row.cells.get("depuis", ""))
    wrong = [code for code in codes if geographie != "QN2024" or not GEOGRAPHIES["QP2015"].fullmatch(code)]
    if wrong or (codes and row["code"].endswith("N")):
        what = f"{listed(map(quoted, wrong or codes))} ne peut pas être l'origine de {row['code']}"
        expected = "des quartiers de 2015 (QP…), pour un quartier de 2024 qui n'est pas nouveau (lettre N)"
        row.wrong("depuis", what, expected, "videz la cellule")
    return codes


def communes_of(row: Ligne, known: dict[str, str]) -> tuple[str, ...]:
    codes = split_codes(row["communes"])
    for code in codes:
        check_commune(row, "communes", code, known)
    if len(set(codes)) < len(codes):
        row.wrong("communes", f"{quoted(row['communes'])} nomme deux fois la même commune")
    return codes


def split_codes(cell: str) -> tuple[str, ...]:
    return tuple(code for piece in re.split(r"[,;/|]", cell) if (code := piece.strip()))


def check_commune(row: Ligne, colonne: str, code: str, known: dict[str, str]) -> None:
    if code in known:
        return
    by_name = {fold(nom): c for c, nom in known.items()}
    hint = nearest(code, known)
    if fold(code) in by_name:
        hint = f"écrivez son code, {by_name[fold(code)]}"
    elif code.zfill(5) in known:
        hint = f"un tableur a retiré le zéro\u00a0: écrivez {code.zfill(5)}"
    expected = f"communes déclarées\u00a0: {listed(f'{c} {nom}' for c, nom in known.items())}"
    row.wrong(colonne, f"{quoted(code)} n'est pas une commune déclarée", expected, hint or "ajoutez-la à communes.csv")


def check_zone(row: Ligne, colonne: str, niveau: str) -> None:
    if not re.fullmatch(ZONES[niveau], row[colonne]):
        what = f"{quoted(row[colonne])} ne convient pas au niveau {niveau}"
        row.wrong(colonne, what, f"{KNOWN['zones'][niveau][1]} attendu")


def usual_zones(communes: list[tuple[str, str]], epci: str, nom: str) -> list[tuple[str, Niveau, str]]:
    """What quarters are compared with where nothing is declared: their communes, the EPCI, all quarters."""
    first: list[tuple[str, Niveau, str]] = [(code, "COMMUNE", name) for code, name in communes]
    return [*first, (epci, "EPCI", nom), (ZONES["FRANCE_QPV"], "FRANCE_QPV", "Ensemble des QPV de France")]
