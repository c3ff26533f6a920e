"""The account of raw cells: each one read ends as a value, a status or an anomaly, and the sum is checked.

Owns the count, made from two sides that know nothing of each other: the cells of the files (rows × columns) and what the tidy table and
the anomalies hold. Refuses to pass over a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cvanalysis.indicateurs.clean.reconcile import Reconciled
from cvanalysis.indicateurs.clean.vintage import Chunk, Zones


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of one file (or of all): `cellules` read = `valeurs` + `statuts` + `anomalies` where nothing is lost.

    `valeurs` are figures of the tidy table, `statuts` its rows without a figure that may be used (blank, secret, suspect…), `anomalies`
    cells that could not be read or that another file says.
    """

    fichier: str
    cellules: int
    valeurs: int
    statuts: int
    anomalies: int

    @property
    def ecart(self) -> int:
        """Cells lost (positive) or made up (negative): 0 when the account balances."""
        return self.cellules - self.valeurs - self.statuts - self.anomalies


@dataclass(frozen=True, slots=True)
class Account:
    """One line per file, in the files' order, and the total."""

    lignes: tuple[Line, ...]

    @property
    def total(self) -> Line:
        """All files together."""
        sums = [
            sum(getattr(line, name) for line in self.lignes) for name in ("cellules", "valeurs", "statuts", "anomalies")
        ]
        return Line("Total", *sums)

    @property
    def juste(self) -> bool:
        """Whether every file balances."""
        return all(line.ecart == 0 for line in self.lignes)


def make_account(fichiers: Sequence[str], chunks: Sequence[Chunk], zones: Zones, reconciled: Reconciled) -> Account:
    """The account of the files; only the rows of `zones` count where they were asked for."""
    table = reconciled.table
    published = (table["statut"] == "publié").to_numpy()
    files = table["fichier"].cat
    total = np.bincount(files.codes.to_numpy(), minlength=len(files.categories))
    values = np.bincount(files.codes.to_numpy()[published], minlength=len(files.categories))
    in_table = {name: (int(v), int(t - v)) for name, v, t in zip(files.categories, values, total, strict=True)}
    read: dict[str, int] = dict.fromkeys(fichiers, 0)
    wrong: dict[str, int] = dict.fromkeys(fichiers, 0)
    for chunk in chunks:
        rows = chunk.wanted(zones)
        read[chunk.fichier] += int(rows.sum()) * len(chunk.indicateurs)
        wrong[chunk.fichier] += int(chunk.illisibles[rows].sum())
    return Account(
        tuple(
            Line(name, read[name], *in_table.get(name, (0, 0)), wrong[name] + reconciled.ailleurs.get(name, 0))
            for name in fichiers
        )
    )
