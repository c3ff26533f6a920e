"""What a page shows of all at once: quarters, engagements, partners, préconisations. Owns the way from a claim to its macro.

The macros are in `ensemble.html.j2` beside this file. Refuses to compute: what they show is what findings say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from cvanalysis.display.composants import composants
from cvanalysis.display.constat import Bloc
from cvanalysis.textes import label

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory

NOM = "ensemble.html.j2"


def show_apercu(apercu: Any, liens: Mapping[str, str]) -> Bloc:
    """All the quarters on one sheet of paper (`pages.synthese.Apercu`), each leading to its page (code → address)."""
    shown = [value for _, values in (*apercu.lignes, *apercu.pied) for value in values]
    return Bloc(str(composants(NOM).apercu(apercu, liens, shown)), label("synthese.apercu.legende"))


def show_cards(apercu: Any, territory: Territory, montrees: Collection[str]) -> str:
    """A card for each quarter, in the declared order; `montrees` are the codes whose page stands."""
    names = {commune.code: commune.nom for commune in territory.communes}
    lieux = {one.code: [names.get(code, code) for code in one.communes] for one in territory.quartiers}
    return str(composants(NOM).cartons(apercu, territory.quartiers, lieux, montrees))
