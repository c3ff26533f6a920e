"""What became of each raw file, and what was doubtful in it: the one collector of anomalies and their columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from cvanalysis.errors import Problem

COLONNES_ANOMALIES = ("fichier", "ligne", "colonne", "brut", "probleme", "traitement")


@dataclass(slots=True)
class Anomalies:
    """What was doubtful, in the columns of `anomalies.parquet`."""

    lignes: list[tuple[str, int, str, str, str, str]] = field(default_factory=list)

    def add(self, fichier: str, ligne: int, colonne: str, brut: str, probleme: str, traitement: str) -> None:
        self.lignes.append((fichier, int(ligne), colonne, brut, probleme, traitement))


def frame_anomalies(rows: Sequence[tuple[str, int, str, str, str, str]] = ()) -> pd.DataFrame:
    """Rows of the table of anomalies: fichier, ligne (0: the whole file), colonne, brut, probleme, traitement."""
    return pd.DataFrame(list(rows), columns=list(COLONNES_ANOMALIES)).astype({"ligne": "Int32"})


def frame_problems(problems: Iterable[Problem]) -> pd.DataFrame:
    """Problems as rows of the table of anomalies."""
    rows = [
        (p.fichier, p.ligne, p.colonne, "", ". ".join(filter(None, (p.trouve, p.attendu))), p.que_faire or "Signalé")
        for p in problems
    ]
    return frame_anomalies(rows)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One raw file and what became of it, whatever its domain.

    `statut` is lu, documentation, non reconnu, illisible or laissé de côté; `pris_pour` says in French what it was taken for;
    `trouvees` and `manquantes` are the territory's zones of the file's levels; `absentes` headers that the vintage should have,
    `inconnues` those of no known meaning, not read.
    """

    fichier: str
    sha256: str = ""
    statut: str = "lu"
    famille: str = ""
    millesime: int | str | None = None
    pris_pour: str = ""
    lignes: int = 0
    trouvees: tuple[str, ...] = ()
    manquantes: tuple[str, ...] = ()
    absentes: tuple[str, ...] = ()
    inconnues: tuple[str, ...] = ()
    probleme: Problem | None = None
