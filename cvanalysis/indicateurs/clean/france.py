"""The figures of all quarters of France (`france_qpv.csv`), among which those of the contract stand. Owns the reading of that one file.

It is a table by quarter whose columns `catalogue/france.csv` tells: their indicator, family and edition. Refuses to guess another column.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from cvanalysis.catalogue import load_catalogue
from cvanalysis.errors import Problem, ReadError
from cvanalysis.files.numbers import decode_numbers
from cvanalysis.files.sheets import read_raw

FICHIER = "france_qpv.csv"
COLONNES = ("zone", "nom", "communes", "indicateur", "annee", "valeur")


class Read(NamedTuple):
    """`table`: a row per published figure (columns `COLONNES`, `annee` in words); what is wrong with the file."""

    table: pd.DataFrame
    problems: list[Problem]


def read_france(dossier: Path) -> Read:
    """The file of a territory's folder; an empty table where there is none."""
    empty = pd.DataFrame(columns=list(COLONNES)).astype({"valeur": "float64"})
    path = Path(dossier) / FICHIER
    if not path.is_file():
        return Read(empty, [])
    try:
        raw = read_raw(path, FICHIER)[0].table.to_pandas().astype("str")
    except ReadError as error:
        return Read(empty, [error.problem])
    if "CODGEO" not in raw.columns:
        found = ", ".join(raw.columns[:5])
        todo = "Nommez CODGEO la colonne des codes de quartier"
        return Read(empty, [Problem(FICHIER, 1, "", "la colonne CODGEO n'y est pas", found, todo)])
    parts = list(_figures(raw))
    return Read(pd.concat([empty, *parts], ignore_index=True) if parts else empty, [])


def _figures(raw: pd.DataFrame) -> Iterator[pd.DataFrame]:
    catalogue = load_catalogue()
    names = [raw[name].str.strip() if name in raw.columns else "" for name in ("nom", "communes")]
    for known in catalogue.france:
        if known.colonne in raw.columns:
            values = decode_numbers(raw[known.colonne]).valeurs
            year, _ = catalogue.data_year(known.famille, known.publication, known.indicateur)
            likely = catalogue.probable_year(known.indicateur, known.publication)
            annee = (
                str(year) if year else f"{likely} (année probable)" if likely else f"publication {known.publication}"
            )
            part = pd.DataFrame({"zone": raw["CODGEO"].str.strip(), "nom": names[0], "communes": names[1]})
            yield part.assign(indicateur=known.indicateur, annee=annee, valeur=values).dropna(subset="valeur")
