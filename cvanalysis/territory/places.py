"""Codes of places and their shapes. Owns the levels, the two lists of quarters and what is wrong with a written code; refuses
to know which places a contract has.
"""

from __future__ import annotations

import re
from typing import Literal

from cvanalysis.french import fold, listed, nearest, quoted
from cvanalysis.territory.declarations import Inspection, Ligne

Niveau = Literal["QPV", "COMMUNE", "EPCI", "DEPARTEMENT", "REGION", "FRANCE_METRO", "FRANCE", "FRANCE_QPV"]

GEOGRAPHIES = {
    "QP2015": re.compile(r"QP(\d{3}|02[AB])\d{3}"),
    "QN2024": re.compile(r"QN(\d{3}|02[AB])\d{2}[A-Z]"),
}
"""Shape of a quarter's code in each geography; the two are other perimeters and are never joined."""

ZONES = {
    "COMMUNE": r"\d{5}|2[AB]\d{3}",
    "EPCI": r"\d{9}",
    "DEPARTEMENT": r"\d{2,3}|2[AB]",
    "REGION": r"\d{2}",
    "FRANCE_METRO": "METRO",
    "FRANCE": "FRANCE",
    "FRANCE_QPV": "Ensemble",
}
"""Shape of a zone's code at each level that a quarter can be compared with, from the nearest to the widest."""


def check_quarter(found: Inspection, row: Ligne, geographie: str) -> None:
    code = row["code"]
    if GEOGRAPHIES[geographie].fullmatch(code):
        return
    other = next((name for name, shape in GEOGRAPHIES.items() if shape.fullmatch(code)), "")
    if other:
        found.add(row.fichier, row.ligne, "code", f"{quoted(code)} est un quartier de la géographie {other}",
                  f"le contrat est déclaré en {geographie}, et les périmètres des deux listes diffèrent",
                  "ne mêlez pas les deux listes dans un même contrat")  # fmt: skip
        return
    example = {"QP2015": "QP001001", "QN2024": "QN00101A"}[geographie]
    found.add(row.fichier, row.ligne, "code", f"{quoted(code)} n'a pas la forme d'un code de quartier",
              f"une forme comme {example} est attendue",
              f"écrivez {quoted(code.upper())}" if GEOGRAPHIES[geographie].fullmatch(code.upper()) else "")  # fmt: skip


def check_origins(found: Inspection, row: Ligne, geographie: str | None) -> tuple[str, ...]:
    """The QP of 2015 that a quarter of 2024 is declared to come from; a new one (letter N) has none."""
    codes = tuple(code for cell in re.split(r"[,;/|]", row.cells.get("depuis", "")) if (code := cell.strip()))
    wrong = [code for code in codes if geographie != "QN2024" or not GEOGRAPHIES["QP2015"].fullmatch(code)]
    if wrong or (codes and row["code"].endswith("N")):
        found.add(row.fichier, row.ligne, "depuis", f"{listed(map(quoted, wrong or codes))} ne peut pas être l'origine de {row['code']}",
                  "des quartiers de 2015 (QP…), pour un quartier de 2024 qui n'est pas nouveau (lettre N)", "videz la cellule")  # fmt: skip
    return codes


def communes_of(found: Inspection, row: Ligne, known: dict[str, str]) -> tuple[str, ...]:
    codes = tuple(code for cell in re.split(r"[,;/|]", row["communes"]) if (code := cell.strip()))
    for code in codes:
        check_commune(found, row, "communes", code, known)
    if len(set(codes)) < len(codes):
        found.add(row.fichier, row.ligne, "communes", f"{quoted(row['communes'])} nomme deux fois la même commune")
    return codes


def check_commune(found: Inspection, row: Ligne, colonne: str, code: str, known: dict[str, str]) -> None:
    if code in known:
        return
    by_name = {fold(nom): c for c, nom in known.items()}
    hint = nearest(code, known)
    if fold(code) in by_name:
        hint = f"écrivez son code, {by_name[fold(code)]}"
    elif code.zfill(5) in known:
        hint = f"un tableur a retiré le zéro\u00a0: écrivez {code.zfill(5)}"
    found.add(row.fichier, row.ligne, colonne, f"{quoted(code)} n'est pas une commune déclarée",
              f"communes déclarées\u00a0: {listed(f'{c} {nom}' for c, nom in known.items())}",
              hint or "ajoutez-la à communes.csv")  # fmt: skip


def check_zone(found: Inspection, row: Ligne, colonne: str, niveau: str) -> None:
    if not re.fullmatch(ZONES[niveau], row[colonne]):
        shape = {
            "COMMUNE": "cinq caractères, zéro en tête compris", "EPCI": "neuf chiffres",
            "DEPARTEMENT": "deux ou trois caractères", "REGION": "deux chiffres",
        }.get(niveau, ZONES[niveau])  # fmt: skip
        found.add(row.fichier, row.ligne, colonne, f"{quoted(row[colonne])} ne convient pas au niveau {niveau}",
                  f"{shape} attendu")  # fmt: skip


def usual_zones(communes: list[tuple[str, str]], epci: str, nom: str) -> list[tuple[str, Niveau, str]]:
    """What quarters are compared with where nothing is declared: their communes, the EPCI, all quarters."""
    first: list[tuple[str, Niveau, str]] = [(code, "COMMUNE", name) for code, name in communes]
    return [*first, (epci, "EPCI", nom), (ZONES["FRANCE_QPV"], "FRANCE_QPV", "Ensemble des QPV de France")]
