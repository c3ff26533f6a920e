"""What the cleaning passes from hand to hand: a sheet as recognised, then one vintage of it decoded. Owns these shapes and what a column's
precision is.

Refuses to know other chunks (`reconcile`) and to judge a value (`validity`).
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd

from cvanalysis.catalogue import Famille
from cvanalysis.errors import Problem
from cvanalysis.files.anomalies import ReadFile
from cvanalysis.files.numbers import STATUTS
from cvanalysis.files.sheets import RawTable
from cvanalysis.territory.places import Niveau

STATUTS_TABLE = (*STATUTS, "suspect", "masqué", "postérieur")
PUBLIE, SUSPECT = STATUTS_TABLE.index("publié"), STATUTS_TABLE.index("suspect")
NIVEAUX = get_args(Niveau)
DICTIONNAIRE = "dictionnaire de variables de l'Insee, laissé de côté"
_DIT = tomllib.loads(Path(__file__).with_name("problemes.toml").read_text(encoding="utf-8"))
PRECISIONS = (-1, 0, 1, 2, 3)  # tens (Filosofi rounds euros so), units, decimals

Zones = frozenset[str] | frozenset[tuple[str, str]] | None
"""The zones wanted: codes, or (code, niveau) where a code alone is two zones (`44`, région and département). None: all."""


class Lue(NamedTuple):
    """A column to read: its header in the table, its indicator, the header of the codes that its block answers to ('': none)."""

    entete: str
    indicateur: str
    note: str


class Bloc(NamedTuple):
    """The columns of one vintage; `lignes` (bool, one per row of the table) where only some rows are of that vintage."""

    millesime: int
    colonnes: tuple[Lue, ...]
    lignes: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """A sheet that holds indicators, and what each of its columns is.

    `zones` and `niveaux` are object arrays, one entry per row of `table` ('' where the code is of no known zone); `connu` is
    False where the catalogue's map does not have that vintage.
    """

    table: RawTable
    famille: Famille
    cle: str
    zones: np.ndarray
    niveaux: np.ndarray
    geographie: str  # QP2015, QN2024 or ''
    blocs: tuple[Bloc, ...]
    connu: bool
    millesime_par: str  # colonnes, millesimes.csv, nom
    inconnues: tuple[str, ...]
    absentes: tuple[str, ...]
    remarques: tuple[Problem, ...]


class Documentation(NamedTuple):
    """What INSEE gives beside its data (a dictionary of variables, a list of quarters): no error. `passage`: QP → its QN, where told."""

    pris_pour: str = DICTIONNAIRE
    passage: tuple[tuple[str, str], ...] = ()


Passage = tuple[tuple[str, str], ...]
Read = tuple[ReadFile, tuple[Recognised, ...], Passage]
"""What became of a file, the sheets that hold indicators (none where it could not be read or recognised), the passages that it tells."""


@dataclass(slots=True)
class Chunk:
    """One vintage of one sheet, decoded: rows are zones, columns indicators.

    `valeurs` (float64, NaN unless published), `statuts` (codes of `STATUTS_TABLE`), `illisibles` (bool) and `notes` (numbers of codes of
    blocks, 0: published) have one row per row of `table`, one column per indicator; `annees` is the data's year or None.
    """

    fichier: str
    famille: Famille
    publication: int
    parution: int  # year in which the file came out, as far as can be told: which one is later
    table: RawTable
    zones: np.ndarray
    niveaux: np.ndarray
    entetes: tuple[str, ...]
    indicateurs: tuple[str, ...]
    annees: tuple[int | None, ...]
    valeurs: np.ndarray
    statuts: np.ndarray
    illisibles: np.ndarray
    notes: np.ndarray

    def frame_cells(self, which: np.ndarray, probleme: str, traitement: str) -> pd.DataFrame:
        """The cells where `which` holds as rows of the table of anomalies."""
        rows, columns = np.nonzero(which)
        headers = [self.entetes[column] for column in columns.tolist()]
        cells = zip(headers, rows.tolist(), strict=True)
        said = {
            "fichier": self.fichier,
            "ligne": pd.array(self.table.lignes[rows], dtype="Int32"),
            "colonne": headers,
            "brut": [self.table.table[header][row].as_py() for header, row in cells],
            "probleme": probleme,
            "traitement": traitement,
        }
        return pd.DataFrame(said)

    def wanted(self, zones: Zones) -> np.ndarray:
        """The rows (bool) of the zones asked for."""
        if zones is None:
            return np.ones(len(self.zones), dtype=bool)
        pairs = zip(self.zones.tolist(), self.niveaux.tolist(), strict=True)
        return np.array([zone in zones or (zone, level) in zones for zone, level in pairs], dtype=bool)


def precision_of(values: np.ndarray, *, euros: bool = False) -> int:
    """Decimals that a column shows; -1 where all its values are tens of euros (three counts may be so by chance)."""
    known = values[~np.isnan(values)]
    for digits in PRECISIONS if euros else PRECISIONS[1:]:
        scaled = known * 10.0**digits
        if (np.abs(scaled - np.round(scaled)) < 1e-6 * 10.0 ** max(digits, 0)).all():
            return digits
    return PRECISIONS[-1]


def tolerance(digits: np.ndarray | int) -> np.ndarray | float:
    """How far apart two values may be and still be the same at that precision."""
    return 0.5 * 10.0 ** (-np.asarray(digits, dtype=float)) * (1 + 1e-9) + 1e-9


def say(kind: str, **values: object) -> tuple[str, ...]:
    """What was found, what was expected and what to do, in the words of `problemes.toml`."""
    return tuple(text.format_map(values) for text in _DIT[kind])
