"""The gap between a quarter and a zone it is compared with. Owns its unit and its sign; refuses figures of two times.

Gap = quarter minus comparator: in points for rates, as % of the comparator for euros and ratios; counts of places of unequal
size have no gap (they are compared in base 100, see `evolution`). The ratio is secondary. « Hors QPV » is never computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cvanalysis.errors import ComparisonRefused
from cvanalysis.findings.finding import Valeur

if TYPE_CHECKING:
    from cvanalysis.catalogue import Indicateur
    from cvanalysis.findings.observation import Observation
    from cvanalysis.territory import Seuils

Sens = Literal["dessus", "dessous", "proche"]


@dataclass(frozen=True, slots=True)
class Gap:
    """`ecart` in `unite` (`points` or `%` of the comparator); `absolu` in the indicator's own unit; `rapport` may be None."""

    sujet: Observation
    repere: Observation
    ecart: float
    unite: str
    absolu: float
    rapport: float | None
    sens: Sens

    @property
    def valeur(self) -> Valeur:
        """The gap with its sign, ready to be said."""
        return Valeur(self.ecart, unite=self.unite, decimales=1)

    @property
    def taille(self) -> Valeur:
        """The gap without its sign, for sentences that say « de plus » or « de moins »."""
        return Valeur(abs(self.ecart), unite=self.unite, decimales=1)


def unit_of_gap(indicateur: Indicateur) -> str:
    """`points` for rates, `%` (of the comparator, or of the first year) for all others."""
    return "points" if indicateur.genre == "taux" else "%"


def tolerance(indicateur: Indicateur, seuils: Seuils) -> float:
    """Below it a difference is called « proche » or « stable », in the unit of the gap."""
    return seuils.stable_points if indicateur.genre == "taux" else seuils.stable_pourcent


def measure_gap(indicateur: Indicateur, sujet: Observation, repere: Observation, seuils: Seuils) -> Gap:
    """Quarter minus comparator, at one and the same instant.

    Raises `ComparisonRefused` where one of the two is missing or suspect, where their times differ, for counts, and where
    a comparator of 0 makes a percentage meaningless.
    """
    for row in (sujet, repere):
        if not row.dite:
            raise ComparisonRefused(f"l'un des deux chiffres n'est pas utilisable, {row.statut}")
    if sujet.instant != repere.instant:
        raise ComparisonRefused(
            f"les deux chiffres ne sont pas de la même année, l'un {sujet.instant.situe}, l'autre {repere.instant.situe}"
        )
    if sujet.source != repere.source:
        raise ComparisonRefused("les deux chiffres ne viennent pas de la même source")
    if indicateur.genre == "effectif":
        raise ComparisonRefused("deux territoires de tailles différentes ne se comparent pas par des effectifs")
    absolu = _minus(sujet.valeur, repere.valeur)
    if indicateur.genre == "taux":
        ecart = absolu
    elif repere.valeur == 0:
        raise ComparisonRefused("la valeur du territoire de comparaison est nulle")
    else:
        ecart = 100 * absolu / abs(repere.valeur)
    rapport = sujet.valeur / repere.valeur if repere.valeur > 0 else None
    return Gap(
        sujet, repere, ecart, unit_of_gap(indicateur), absolu, rapport, _sens(ecart, tolerance(indicateur, seuils))
    )


def _minus(a: float, b: float) -> float:
    """Difference of published decimals, without the dust of binary floats (50.2 − 48.1 is 2.1)."""
    return round(a - b, 9)


def _sens(ecart: float, seuil: float) -> Sens:
    if abs(ecart) < seuil:
        return "proche"
    return "dessus" if ecart > 0 else "dessous"
