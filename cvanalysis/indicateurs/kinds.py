"""Which kinds of question there are, and a page of them: every declared finding under its number, built on demand and once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from cvanalysis.constat.make import Chapter
from cvanalysis.indicateurs.ailleurs import Positions, Semblables, group
from cvanalysis.indicateurs.context import Contexte
from cvanalysis.indicateurs.ecart import Ecarts
from cvanalysis.indicateurs.evolution import Evolutions
from cvanalysis.indicateurs.france import France
from cvanalysis.indicateurs.niveau import Niveau, Rang
from cvanalysis.indicateurs.observation import Observations, Reader
from cvanalysis.indicateurs.paires import Paires
from cvanalysis.indicateurs.question import Question
from cvanalysis.indicateurs.structure import Structure

if TYPE_CHECKING:
    from cvanalysis.catalogue import Catalogue, ConstatDeclare
    from cvanalysis.territory.contract import Comparateur, Quartier, Territory


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
        asked = {d.numero: lambda _, d=d: KINDS[d.genre](self.contexte, d).find() for d in self.declares}
        super().__init__(code or "synthese", asked)

    @cached_property
    def contexte(self) -> Contexte:
        """Who is asked about and compared with, and one read of all that the questions need."""
        where = self.territory
        quarters = (self.quartier, *where.voisins(self.quartier.code)) if self.quartier else where.quartiers
        compared = tuple(where.compares(self.quartier.code)) if self.quartier else self._shared()
        zones = dict.fromkeys([*(q.code for q in quarters), *(c.zone for c in compared)])
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
