"""A quarter's dashboard: one indicator a line, the quarter among the others and beside its comparators. Owns the line.

A line is of the very moment that its finding speaks of, so that the two never disagree. Refuses a rank of few quarters.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Valeur
from cvanalysis.indicateurs.kinds import KINDS
from cvanalysis.indicateurs.observation import as_value
from cvanalysis.indicateurs.question import monthly
from cvanalysis.indicateurs.ranking import Rank, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cvanalysis.catalogue import ConstatDeclare, LigneDeclaree
    from cvanalysis.indicateurs.context import Contexte, Zone
    from cvanalysis.indicateurs.observation import Instant

MOIS = "12"

SUIVIS = 2
"""Years between two comparable figures up to which they are drawn as one line: the census shares its surveys over five."""


@dataclass(frozen=True, slots=True)
class Ligne:
    """`tous`: the figures of all the quarters, this one's included; `reperes`: of each comparator, with its
    year where it is another; `serie`: the quarter's
    established years, a line to be cut before each of `coupures`."""

    declaree: LigneDeclaree
    constat: str
    instant: Instant | None
    valeur: Valeur
    tous: tuple[Valeur, ...]
    rang: Rank | None
    reperes: tuple[tuple[Zone, Valeur, str], ...]
    serie: tuple[tuple[int, Valeur], ...]
    coupures: tuple[int, ...]

    @property
    def quand(self) -> str:
        return self.instant.court if self.instant else ""


def lines(ctx: Contexte, declares: Iterable[ConstatDeclare]) -> Iterator[Ligne]:
    """The declared lines whose finding is asked on this page, in order."""
    asked = {declare.numero: declare for declare in declares}
    for row in ctx.catalogue.tableau:
        declare = asked.get(row.constat)
        if declare is not None and row.indicateur in declare.indicateurs:
            yield _line(ctx, row, KINDS[declare.genre](ctx, declare).instant)


def _line(ctx: Contexte, row: LigneDeclaree, instant: Instant | None) -> Ligne:
    code = ctx.quartier.code
    quarters = {q.code: told(ctx, row.indicateur, row.sur, q.code, instant) for q in ctx.quartiers}
    serie, coupures = _over_time(ctx, row)
    return Ligne(
        row,
        f"{code}-{row.constat}",
        instant,
        quarters[code],
        tuple(quarters.values()),
        rank(code, quarters),
        tuple((zone, *_beside(ctx, row, zone.code, instant)) for zone in ctx.proches),
        serie,
        coupures,
    )


def told(ctx: Contexte, indicateur: str, sur: str, zone: str, instant: Instant | None) -> Valeur:
    """A figure as its line or column says it: as it is, by month (`sur`: 12), or as a share of another count."""
    value = ctx.value(zone, ctx.catalogue.indicateurs[indicateur], instant)
    if not sur or not value.dite:
        return value
    if sur == MOIS:
        return monthly(value)
    whole = ctx.value(zone, ctx.catalogue.indicateurs[sur], instant)
    if not whole.dite or not whole.valeur:
        return Valeur(None, whole.statut if not whole.dite else "sans_objet", "%", 1)
    return Valeur(100 * value.valeur / whole.valeur, unite="%", decimales=1)


def _beside(ctx: Contexte, row: LigneDeclaree, zone: str, instant: Instant | None) -> tuple[Valeur, str]:
    """A comparator's figure, and its year where a slow structure was followed to another one."""
    one = ctx.catalogue.indicateurs[row.indicateur]
    found = None if row.sur else ctx.repere(zone, one, instant)
    if found is None or found.instant == instant:
        return told(ctx, row.indicateur, row.sur, zone, instant), ""
    return as_value(found, one), found.instant.court


def _over_time(ctx: Contexte, row: LigneDeclaree) -> tuple[tuple[tuple[int, Valeur], ...], tuple[int, ...]]:
    one = ctx.catalogue.indicateurs[row.indicateur]
    dated = [found for found in ctx.serie(ctx.quartier.code, one) if found.instant.etabli]
    if not dated or ctx.rules.of(dated[-1].source).ecart_minimal > SUIVIS:
        return (), ()
    cut = tuple(
        after.millesime
        for before, after in pairwise(dated)
        if before.source != after.source or ctx.rules.of(after.source).crossed(before.millesime, after.millesime)
    )
    return tuple(
        (found.millesime, told(ctx, row.indicateur, row.sur, found.zone, found.instant)) for found in dated
    ), cut
