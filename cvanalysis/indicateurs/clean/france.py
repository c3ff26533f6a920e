"""The figures of all quarters of France, among which those of the contract stand: from INSEE's national files where they are dropped whole,
else from `france_qpv.csv`. Owns which edition of each is kept, and the reading of that one file.

It is a table by quarter whose columns `catalogue/france.csv` tells: their indicator, family and edition. Refuses to guess another column.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cvanalysis.catalogue import load_catalogue, read_catalogue_rows
from cvanalysis.catalogue.rules import load_rules
from cvanalysis.errors import Problem, ReadError
from cvanalysis.files.numbers import decode_numbers
from cvanalysis.files.sheets import read_raw
from cvanalysis.indicateurs.clean.vintage import PUBLIE, SUSPECT, Chunk

FICHIER = "france_qpv.csv"
COLONNES = ("zone", "nom", "communes", "indicateur", "annee", "valeur", "fichier")
NATIONAL_MINI = 300  # quarters of one list in a file that makes it a national one: no territory has as many


def national_figures(chunks: Sequence[Chunk], geographie: str) -> pd.DataFrame:
    """What national files publish of the quarters of that list (any, where it is ''), for the indicators that are compared with all France.

    A row per zone and edition: `zone`, `indicateur`, `millesime` (0: not established), `publication`, `valeur`, `fichier`.
    """
    wanted = {known.indicateur for known in load_catalogue().france} | set(load_rules().proches["indicateurs"])
    letters = {"QN2024": "QN", "QP2015": "QP"}.get(geographie, "Q")
    columns = ["zone", "indicateur", "millesime", "publication", "valeur", "fichier"]
    parts = [pd.DataFrame(columns=columns)]
    for chunk in chunks:
        quarters = np.array([zone.startswith(letters) for zone in chunk.zones.tolist()], dtype=bool)
        for column, name in enumerate(chunk.indicateurs):
            # Doubtful ones too, as in the file, which has no controls.
            rows = quarters & np.isin(chunk.statuts[:, column], [PUBLIE, SUSPECT])
            if name in wanted and rows.sum() >= NATIONAL_MINI:
                told = (chunk.annees[column] or 0, chunk.publication, chunk.valeurs[rows, column], chunk.fichier)
                parts.append(pd.DataFrame(dict(zip(columns, (chunk.zones[rows], name, *told), strict=True))))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def read_france(
    dossier: Path, national: pd.DataFrame, later: Collection[tuple[str, int]] = ()
) -> tuple[pd.DataFrame, list[Problem]]:
    """All quarters of France, a row per published figure (`COLONNES`, `annee` in words), and what is wrong with the file: of each
    indicator the last edition of `national` that was out (`later`: sources and years that were not), else the column of the file of a
    territory's folder; an empty table where there is neither."""
    told, problems = _read_file(Path(dossier) / FICHIER)
    known = load_catalogue().indicateurs
    for (name, millesime, publication), rows in national.groupby(["indicateur", "millesime", "publication"]):
        if (known[name].source, millesime) not in later:
            renewed = rows["zone"].str.startswith("QN").any()  # a likely year is that of the editions of 2015
            annee = _say_year(name, millesime, publication, renewed=renewed)
            told[name] = rows.assign(annee=annee)[["zone", "annee", "valeur", "fichier"]]
    parts = [rows.assign(indicateur=name) for name, rows in told.items()]
    table = pd.concat([pd.DataFrame(columns=list(COLONNES)).astype({"valeur": "float64"}), *parts], ignore_index=True)
    names = {row["code"]: row for year in ("2015", "2024") for row in read_catalogue_rows(f"quartiers_{year}.csv")}
    for column, shipped in (("nom", "nom"), ("communes", "noms_communes")):
        usual = table["zone"].map({code: row[shipped].replace("|", ", ") for code, row in names.items()})
        table[column] = usual.fillna(table[column]).fillna("")
    return table.drop_duplicates(["zone", "indicateur"], ignore_index=True), problems


def _read_file(path: Path) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """Each indicator of the file, with its rows."""
    if not path.is_file():
        return {}, []
    try:
        raw = read_raw(path, FICHIER)[0].table.to_pandas().astype("str")
    except ReadError as error:
        return {}, [error.problem]
    if "CODGEO" not in raw.columns:
        found = ", ".join(raw.columns[:5])
        todo = "Nommez CODGEO la colonne des codes de quartier"
        return {}, [Problem(FICHIER, 1, "", "la colonne CODGEO n'y est pas", found, todo)]
    return dict(_figures(raw)), []


def _figures(raw: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    catalogue = load_catalogue()
    names = [raw[name].str.strip() if name in raw.columns else "" for name in ("nom", "communes")]
    for known in catalogue.france:
        if known.colonne in raw.columns:
            values = decode_numbers(raw[known.colonne]).valeurs
            year, _ = catalogue.data_year(known.famille, known.publication, known.indicateur)
            annee = _say_year(known.indicateur, year, known.publication)
            part = pd.DataFrame({"zone": raw["CODGEO"].str.strip(), "nom": names[0], "communes": names[1]})
            yield known.indicateur, part.assign(annee=annee, valeur=values, fichier=FICHIER).dropna(subset="valeur")


def _say_year(indicateur: str, year: int | None, publication: int, *, renewed: bool = False) -> str:
    likely = None if renewed else load_catalogue().probable_year(indicateur, publication)
    return str(year) if year else f"{likely} (année probable)" if likely else f"publication {publication}"
