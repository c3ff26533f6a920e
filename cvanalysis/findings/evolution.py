"""Change over time in one zone. Owns what may be compared with what; refuses the rest, with the reason.

Refused: a figure without an established data year, two consecutive vintages, two censuses that share surveys, two sources, two
geographies of quarters. Allowed with a caution: years on both sides of a declared break, amounts in current euros.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from cvanalysis.errors import ComparisonRefused
from cvanalysis.findings.comparison import tolerance, unit_of_gap
from cvanalysis.findings.finding import Valeur

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cvanalysis.catalogue import Indicateur
    from cvanalysis.findings.observation import Observation
    from cvanalysis.findings.rules import Rules
    from cvanalysis.territory import Seuils

Sens = Literal["hausse", "baisse", "stable"]

_GEOGRAPHIE = re.compile(r"^(Q[A-Z])(?=[\dA-Z]{6}$)")


@dataclass(frozen=True, slots=True)
class Evolution:
    """`variation` in `unite`: points for rates, % of the first year for amounts, counts and ratios."""

    avant: Observation
    apres: Observation
    variation: float
    unite: str
    absolue: float
    sens: Sens
    precautions: tuple[str, ...]

    @property
    def valeur(self) -> Valeur:
        return Valeur(self.variation, unite=self.unite, decimales=1)

    @property
    def taille(self) -> Valeur:
        return Valeur(abs(self.variation), unite=self.unite, decimales=1)


def check_comparable(avant: Observation, apres: Observation, rules: Rules) -> tuple[str, ...]:
    """The cautions (their ids) of a change from `avant` to `apres`; raises `ComparisonRefused` where it may not be measured."""
    for row in (avant, apres):
        if not row.dite:
            raise ComparisonRefused(f"un des chiffres n'est pas utilisable, {row.statut} {row.instant.situe}")
    check_geographies(avant.zone, apres.zone)
    if avant.zone != apres.zone:
        raise ComparisonRefused("une évolution se mesure dans un seul territoire")
    if avant.source != apres.source:
        raise ComparisonRefused("la source a changé : les deux chiffres ne mesurent pas la même chose")
    if avant.millesime is None or apres.millesime is None:
        raise ComparisonRefused(
            "l'année des données n'est pas établie pour tous les fichiers : deux fichiers d'années différentes peuvent porter "
            "la même année"
        )
    rule = rules.of(avant.source)
    debut, fin = avant.millesime, apres.millesime
    if fin <= debut:
        raise ComparisonRefused(f"les deux chiffres sont de la même année de données, {debut}")
    if fin - debut < rule.ecart_minimal:
        raise ComparisonRefused(f"{rule.motif}, ici {debut} et {fin}")
    crossed = dict.fromkeys(rupture.precaution for rupture in rule.crossed(debut, fin))
    return ((rule.precaution,) if rule.precaution else ()) + tuple(crossed)


def check_geographies(zone: str, autre: str) -> None:
    """Raises `ComparisonRefused` where two quarters are drawn on two different lists of perimeters (QP 2015, QN 2024)."""
    kinds = [match.group(1) for match in map(_GEOGRAPHIE.match, (zone, autre)) if match]
    if len(set(kinds)) > 1:
        raise ComparisonRefused(
            "les contours des quartiers prioritaires ont changé : "
            f"un quartier {kinds[0]} et un quartier {kinds[1]} ne couvrent pas le même périmètre"
        )


def measure_evolution(
    indicateur: Indicateur, avant: Observation, apres: Observation, seuils: Seuils, rules: Rules
) -> Evolution:
    """Change between two observations of one zone; raises `ComparisonRefused`."""
    precautions = check_comparable(avant, apres, rules)
    absolue = round(apres.valeur - avant.valeur, 9)
    if indicateur.genre == "taux":
        variation = absolue
    elif avant.valeur == 0:
        raise ComparisonRefused("la valeur de départ est nulle : une variation en % n'a pas de sens")
    else:
        variation = 100 * absolue / abs(avant.valeur)
    if indicateur.genre == "montant":
        precautions = (*precautions, "euros_courants")
    seuil = tolerance(indicateur, seuils)
    sens: Sens = "stable" if abs(variation) < seuil else "hausse" if variation > 0 else "baisse"
    return Evolution(avant, apres, variation, unit_of_gap(indicateur), absolue, sens, precautions)


def choose_pair(series: Iterable[Observation], debut: int, fin: int, rules: Rules) -> tuple[Observation, Observation]:
    """The two observations between which a change is measured, by a rule that doesn't look at the values.

    Among the pairs that may be compared, up to the end of the contract: the fewest breaks crossed, then the start closest
    to that of the contract, then the longest span. Raises `ComparisonRefused` with the most telling reason where there is none.
    """
    rows = [row for row in series if row.dite and (row.millesime is None or row.millesime <= fin)]
    best: tuple[tuple[int, int, int], tuple[Observation, Observation]] | None = None
    reasons: list[str] = []
    for avant, apres in combinations(rows, 2):
        try:
            check_comparable(avant, apres, rules)
        except ComparisonRefused as refusal:
            reasons.append(str(refusal))
            continue
        a, b = avant.millesime, apres.millesime
        score = (len(rules.of(avant.source).crossed(a, b)), abs(a - debut), a - b)
        if best is None or score < best[0]:
            best = (score, (avant, apres))
    if best is not None:
        return best[1]
    if not rows:
        raise ComparisonRefused("aucun chiffre n'est publié")
    if len(rows) == 1:
        raise ComparisonRefused(f"un seul chiffre est publié, {rows[0].instant.situe}")
    raise ComparisonRefused(reasons[-1])


def index_base_100(series: Iterable[Observation], base: Observation) -> tuple[tuple[Observation, float], ...]:
    """Counts of one zone in base 100 of the year of `base`, dated and published ones only; raises where that base is 0."""
    if not base.dite or not base.valeur:
        raise ComparisonRefused("la base 100 demande une première année publiée et non nulle")
    return tuple((row, 100 * row.valeur / base.valeur) for row in series if row.dite and row.millesime is not None)
