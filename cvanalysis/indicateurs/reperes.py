"""What a dashboard says of one figure: how reliable it is, and what it is compared with, each with its year.

Owns the choice of the comparators of one figure; refuses a place or a gap (`ranking`, `measure`, `france`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cvanalysis.indicateurs.observation import as_value

if TYPE_CHECKING:
    from cvanalysis.catalogue import Indicateur
    from cvanalysis.constat.shape import Valeur
    from cvanalysis.indicateurs.context import Contexte, Zone
    from cvanalysis.indicateurs.observation import Instant, Observation


Fiabilite = Literal["bonne", "fragile", "incohérente"]
POPULATION = "population"


class Repere(NamedTuple):
    """A comparator's figure and its year; `autre_annee` where that is not the year of the quarter's figure."""

    zone: Zone
    valeur: Valeur
    annee: str
    autre_annee: bool


def reliability(ctx: Contexte, row: Observation | None) -> Fiabilite:
    """`fragile` or `incohérente` (the whole census of that quarter contradicts other counts): no headline, no rank, only shown."""
    if row is None or row.statut != "suspect":
        return "bonne"
    people = ctx.observations.latest(row.zone, POPULATION)
    contradicted = row.source == "rp" and people is not None and people.statut == "suspect"
    return "incohérente" if contradicted else "fragile"


def comparators(ctx: Contexte, indicateur: Indicateur, instant: Instant | None) -> tuple[Repere, ...]:
    """What each comparator has at that moment, or near it for a slow structure, in reading order; those without a figure left out."""
    if instant is None or indicateur.genre == "effectif":
        return ()
    rows = ((zone, ctx.repere(zone.code, indicateur, instant)) for zone in ctx.reperes)
    return tuple(
        Repere(zone, as_value(row, indicateur), str(row.instant), row.instant != instant)
        for zone, row in rows
        if row is not None and row.dite
    )
