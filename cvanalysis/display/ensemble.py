"""What a page shows of all at once: quarters, engagements, partners, préconisations. Owns the way from a claim to its macro.

The macros are in `ensemble.html.j2` beside this file. Refuses to compute: what they show is what findings say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cvanalysis.display.composants import composants
from cvanalysis.display.constat import Bloc
from cvanalysis.display.phrases import write
from cvanalysis.textes import block, label

if TYPE_CHECKING:
    from cvanalysis.constat.shape import Finding, Table
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


def show_sentences(findings: Sequence[Finding]) -> Bloc:
    """What matters first, a sentence each, leading to its finding."""
    return Bloc(str(composants(NOM).phrases(findings)), "\n".join(f"- {write(one.message)}" for one in findings))


def show_pillars(rows: Sequence[Mapping[str, Any]], territory: Territory, exemple: bool) -> Bloc:
    """How far the engagements of each pillar are, as one bar each; `rows` are records of engagements."""
    return Bloc(str(composants(NOM).piliers(rows, territory.piliers, exemple)), label("engagements.fiches.piliers"))


def show_engagements(
    rows: Sequence[Mapping[str, Any]], territory: Territory, partner: Callable[[str], str], exemple: bool
) -> Bloc:
    """Every engagement with its state in words, by pillar; `partner` gives the name of one."""
    html = composants(NOM).engagements(rows, territory.piliers, partner, exemple)
    return Bloc(str(html), "\n".join(f"- {one['libelle']} : {one['avancement']}" for one in rows))


def show_partners(attendus: Finding, annees: Table, faits: Table) -> Bloc:
    """In how many cases a presence is written, by the finding that counts those `attendus`; then every partner in the declared
    order: its presence by year (`annees`), what it carries and funds (`faits`)."""
    html = composants(NOM).partenaires(
        attendus, annees, faits, list(dict.fromkeys(line[1].texte for line in faits.lignes))
    )
    return Bloc(str(html), "\n".join(f"- {line[0].texte}" for line in faits.lignes))


def show_recommendations(
    found: Sequence[Any], themes: Mapping[str, str], departs: Mapping[str, tuple[str, str]]
) -> Bloc:
    """The préconisations in full; `departs`: number of a finding → its title and its address."""
    html = composants(NOM).preconisations(found, block("preconisations.preuves"), themes, departs)
    return Bloc(str(html), "\n".join(f"- {one.texte}" for one in found))
