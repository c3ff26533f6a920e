"""Which kinds of question there are, and a page of them: every declared finding under its number, built on demand and once; and a
quarter's dashboard, one indicator a line, the quarter among the others and beside its comparators.

A line is of the very moment that its finding speaks of, so that the two never disagree. Refuses a rank of few quarters.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from cvanalysis.catalogue import Catalogue, ConstatDeclare, LigneDeclaree
from cvanalysis.constat.make import Chapter, Reader
from cvanalysis.constat.shape import Valeur
from cvanalysis.indicateurs.ailleurs import Positions, Semblables, group
from cvanalysis.indicateurs.context import Contexte, Zone
from cvanalysis.indicateurs.ecart import Ecarts
from cvanalysis.indicateurs.evolution import Evolutions
from cvanalysis.indicateurs.niveau import Niveau, Rang
from cvanalysis.indicateurs.observation import France, Instant, Observations, as_value
from cvanalysis.indicateurs.question import Question, monthly
from cvanalysis.indicateurs.ranking import Rank, rank
from cvanalysis.indicateurs.structure import Paires, Structure
from cvanalysis.territory.contract import Comparateur, Quartier, Territory

MOIS = "12"

SUIVIS = 2
"""Years between two comparable figures up to which they are drawn as one line: the census shares its surveys over five."""

KINDS: Mapping[str, type[Question]] = {
    "niveau": Niveau,
    "rang": Rang,
    "evolution": Evolutions,
    "ecart": Ecarts,
    "paires": Paires,
    "structure": Structure,
    "position": Positions,
    "semblables": Semblables,
}


class Questions(Chapter):
    """The declared questions, asked of one quarter or (without one) of all that a contract has.

    Parameters
    ----------
    reader : what gives the tidy indicators (`Store`).
    territory, catalogue : the declarations and the national knowledge.
    code : the quarter's code; an unknown one raises `UsageError`.
    more : indicators to read besides those of the questions.
    """

    def __init__(
        self, reader: Reader, territory: Territory, catalogue: Catalogue, code: str = "", more: Iterable[str] = ()
    ) -> None:
        self.territory, self.catalogue = territory, catalogue
        self.quartier: Quartier | None = territory.quartier(code) if code else None
        self.declares: tuple[ConstatDeclare, ...] = tuple(
            d for d in catalogue.constats if code or KINDS[d.genre].ensemble
        )
        self._reader, self._more = reader, tuple(more)
        numbers = (d.numero for d in self.declares)
        super().__init__(code or "synthese", {numero: lambda _, n=numero: self.asked[n].find() for numero in numbers})

    @cached_property
    def asked(self) -> dict[str, Question]:
        """Number → the question, in its context."""
        return {d.numero: KINDS[d.genre](self.contexte, d) for d in self.declares}

    @cached_property
    def contexte(self) -> Contexte:
        """Who is asked about and compared with, and one read of all that the questions need."""
        where = self.territory
        quarters = (self.quartier, *where.voisins(self.quartier.code)) if self.quartier else where.quartiers
        compared = tuple(where.compares(self.quartier.code)) if self.quartier else self._shared()
        # Those of the other quarters too: how precise a file of communes is, one figure of it does not tell.
        beside = (c.zone for c in (*compared, *where.comparateurs))
        zones = dict.fromkeys([*(q.code for q in quarters), *beside])
        used = dict.fromkeys([*self._more, *(ident for declare in self.declares for ident in declare.indicateurs)])
        read = Observations.read(self._reader, tuple(zones), tuple(used))
        ctx = Contexte(where, self.catalogue, self.quartier, compared, read, France(self._reader))
        found = group(ctx) if self.quartier and where.seuils.semblables else None
        if found is None:
            return ctx
        comparateur, rows = found
        return replace(ctx, comparateurs=(*compared, comparateur), observations=Observations([*read.rows, *rows]))

    def _shared(self) -> tuple[Comparateur, ...]:
        """The comparators of all the quarters; no figure could hold hundreds of communes."""
        vast, quarters = self.territory.vaste, self.territory.quartiers
        found = (c for q in quarters[: 1 if vast else None] for c in self.territory.compares(q.code))
        return tuple(dict.fromkeys(c for c in found if not vast or c.niveau != "COMMUNE"))


@dataclass(frozen=True, slots=True)
class Ligne:
    """`tous`: the figures of all the quarters, this one's included; `reperes`: of each comparator, with its year where it is another;
    `serie`: the quarter's established years, a line to be cut before each of `coupures`."""

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


def lines(asked: Mapping[str, Question], declared: Iterable[LigneDeclaree]) -> Iterator[Ligne]:
    """The declared lines whose finding is asked on this page, in order."""
    for row in declared:
        question = asked.get(row.constat)
        if question is not None and row.indicateur in question.declare.indicateurs:
            yield _line(question.ctx, row, question.instant)


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
    if sur in ("", MOIS):
        return monthly(value) if sur else value
    whole = ctx.value(zone, ctx.catalogue.indicateurs[sur], instant)
    if value.valeur is None or not whole.valeur:
        return Valeur(None, next((v.statut for v in (value, whole) if v.valeur is None), "sans_objet"), "%", 1)
    return Valeur(100 * value.valeur / whole.valeur, "publié" if value.dite and whole.dite else "suspect", "%", 1)


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
