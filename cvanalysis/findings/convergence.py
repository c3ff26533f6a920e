"""Does a quarter come closer to what it is compared with? Owns the verdict on a change of gap; refuses to say why.

The verdict follows the gap in its first unit (points, or % of the comparator) and the direction of the indicator. Where the
second measure (ratio for rates, difference in euros for amounts) moves the other way, both are printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cvanalysis.errors import ComparisonRefused
from cvanalysis.findings.comparison import Gap, measure_gap, tolerance
from cvanalysis.findings.evolution import check_comparable, choose_pair
from cvanalysis.findings.finding import Valeur

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cvanalysis.catalogue import Indicateur
    from cvanalysis.findings.observation import Observation
    from cvanalysis.findings.rules import Rules
    from cvanalysis.territory import Seuils

Verdict = Literal["rapproche", "eloigne", "stable", "avance_augmente", "avance_diminue", "croise"]
"""rapproche / eloigne: a quarter behind (or, for a neutral indicator, apart) comes closer or goes further; avance_*: a
quarter that is better placed than its comparator; croise: it was on one side and is now on the other."""


@dataclass(frozen=True, slots=True)
class Convergence:
    """`variation` = last gap minus first gap, in the unit of the gap; `favorable` is None for a neutral indicator."""

    debut: Gap
    fin: Gap
    variation: float
    unite: str
    verdict: Verdict
    favorable: bool | None
    desaccord: bool
    precautions: tuple[str, ...]

    @property
    def taille(self) -> Valeur:
        return Valeur(abs(self.variation), unite="points", decimales=1)


def matched_gaps(
    indicateur: Indicateur, sujet: Sequence[Observation], repere: Sequence[Observation], seuils: Seuils
) -> tuple[Gap, ...]:
    """The gaps of all instants at which both sides are published, oldest first: no other year is ever mixed in."""
    others = {row.instant: row for row in repere if row.dite}
    gaps = []
    for row in sujet:
        other = others.get(row.instant)
        if row.dite and other is not None:
            try:
                gaps.append(measure_gap(indicateur, row, other, seuils))
            except ComparisonRefused:
                continue
    return tuple(gaps)


def measure_convergence(
    indicateur: Indicateur,
    sujet: Sequence[Observation],
    repere: Sequence[Observation],
    debut: int,
    fin: int,
    seuils: Seuils,
    rules: Rules,
) -> Convergence:
    """How the gap changed between the two matched years that `evolution.choose_pair` takes; raises `ComparisonRefused`."""
    if indicateur.genre == "effectif":
        raise ComparisonRefused("deux territoires de tailles différentes ne se comparent pas par des effectifs")
    gaps = {gap.sujet.instant: gap for gap in matched_gaps(indicateur, sujet, repere, seuils)}
    if not gaps:
        raise ComparisonRefused("aucune année n'est publiée à la fois pour le quartier et pour ce territoire")
    avant, apres = choose_pair((gap.sujet for gap in gaps.values()), debut, fin, rules)
    first, last = gaps[avant.instant], gaps[apres.instant]
    precautions = dict.fromkeys(
        (*check_comparable(avant, apres, rules), *check_comparable(first.repere, last.repere, rules))
    )
    variation = round(last.ecart - first.ecart, 9)
    seuil = tolerance(indicateur, seuils)
    verdict, favorable = _judge(indicateur.direction, first.ecart, last.ecart, seuil)
    return Convergence(
        first, last, variation, first.unite, verdict, favorable, _disagree(first, last, seuil), tuple(precautions)
    )


def _judge(direction: str, first: float, last: float, seuil: float) -> tuple[Verdict, bool | None]:
    """Verdict on a gap that goes from `first` to `last`; up is better unless `direction` is `baisse`."""
    sign = {"hausse": 1, "baisse": -1}.get(direction, 0)
    change = round(last - first, 9)
    if abs(change) < seuil:
        return "stable", None
    favorable = None if sign == 0 else change * sign > 0
    if first * last < 0 and min(abs(first), abs(last)) >= seuil:
        return "croise", favorable
    ahead = sign != 0 and (first if abs(first) > abs(last) else last) * sign > 0
    closer = abs(last) < abs(first)
    if ahead:
        return ("avance_diminue" if closer else "avance_augmente"), favorable
    return ("rapproche" if closer else "eloigne"), favorable


def _disagree(first: Gap, last: Gap, seuil: float) -> bool:
    """True where one measure says closer and the other says further."""
    main = abs(last.ecart) - abs(first.ecart)
    if abs(main) < seuil / 10:
        return False
    if first.unite == "points":
        if not (first.rapport and last.rapport):
            return False
        second = abs(last.rapport - 1) - abs(first.rapport - 1)
    else:
        second = abs(last.absolu) - abs(first.absolu)
    return round(main, 9) * round(second, 9) < 0
