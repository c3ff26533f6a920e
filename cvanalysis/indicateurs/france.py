"""Where a quarter stands among all quarters of France, and which of them are most like it (table `france`). Owns percentiles and distances.

Refuses a place from a figure that is fragile, and to say what being alike means: likeness on a few figures is an illustration.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cvanalysis.catalogue.rules import load_rules
from cvanalysis.constat.shape import Valeur

if TYPE_CHECKING:
    import pandas as pd

    from cvanalysis.catalogue import Indicateur


TABLE = "france"
POSITION_MINI = 100
"""Quarters of France below which no place among them is told."""


class Rows(Protocol):
    """What this needs of the store."""

    def rows(self, table: str) -> pd.DataFrame: ...


class Position(NamedTuple):
    """A value of `annee` above those of `plus_bas` of the `sur` quarters of France whose figure is published, `centile` being their share
    in % (ties count for half), and the value in the middle of all."""

    valeur: Valeur
    annee: str
    centile: int
    plus_bas: int
    sur: int
    mediane: Valeur


class Proche(NamedTuple):
    """A quarter of France, how far it is (in usual spreads between quarters, 0: the same) and on how many indicators."""

    code: str
    nom: str
    communes: str
    distance: float
    indicateurs: int


class France:
    """The published figures of all quarters of France; empty where the territory has no file of them.

    Parameters
    ----------
    reader : `Store`.
    """

    def __init__(self, reader: Rows) -> None:
        self._reader = reader

    @cached_property
    def _frame(self) -> pd.DataFrame:
        return self._reader.rows(TABLE)

    @cached_property
    def _values(self) -> pd.DataFrame:
        """Quarters × indicators."""
        return self._frame.pivot_table(index="zone", columns="indicateur", values="valeur", aggfunc="first")

    def value(self, zone: str, indicateur: Indicateur) -> Valeur:
        """The figure of any quarter of France."""
        there = indicateur.id in self._values and zone in self._values.index
        number = float(self._values.at[zone, indicateur.id]) if there else float("nan")
        if number != number:  # noqa: PLR0124
            return Valeur(None, "non_disponible", indicateur.unite, indicateur.decimales)
        return Valeur(number, unite=indicateur.unite, decimales=indicateur.decimales)

    @cached_property
    def _years(self) -> dict[str, str]:
        return self._frame.drop_duplicates("indicateur").set_index("indicateur")["annee"].to_dict()

    def year(self, indicateur: str) -> str:
        """When the file's figures of an indicator are true, in words; '' where it has none."""
        return self._years.get(indicateur, "")

    def position(self, zone: str, indicateur: Indicateur) -> Position | None:
        """The place of a quarter's figure; None where it is not published, or too few are."""
        if self._frame.empty or indicateur.id not in self._values or indicateur.genre == "effectif":
            return None
        known = self._values[indicateur.id].dropna()
        if zone not in known.index or len(known) < POSITION_MINI:
            return None
        own = known[zone]
        below, same = int((known < own).sum()), int((known == own).sum()) - 1
        share = round(100 * (below + same / 2) / (len(known) - 1))
        middle = Valeur(float(known.median()), unite=indicateur.unite, decimales=indicateur.decimales)
        return Position(self.value(zone, indicateur), self.year(indicateur.id), share, below, len(known), middle)

    def proches(self, zone: str, ecartes: Collection[str] = ()) -> tuple[Proche, ...]:
        """The quarters of France most like one, the nearest first, on the declared indicators but those in `ecartes` (its fragile
        figures); none where too few of its figures are known."""
        rule = load_rules().proches
        if self._frame.empty or zone not in self._values.index:
            return ()
        declared = [name for name in rule["indicateurs"] if name in self._values and name not in ecartes]
        used = list(self._values.loc[zone, declared].dropna().index)
        if len(used) < rule["partages"]:
            return ()
        standard = (self._values[used] - self._values[used].mean()) / self._values[used].std()
        apart = (standard.drop(index=zone) - standard.loc[zone]).dropna()
        far = ((apart**2).mean(axis=1) ** 0.5).sort_values(kind="stable").head(rule["nombre"])
        names = self._frame.drop_duplicates("zone").set_index("zone")
        return tuple(
            Proche(code, names.at[code, "nom"], names.at[code, "communes"], round(d, 2), len(used))
            for code, d in far.items()
        )
