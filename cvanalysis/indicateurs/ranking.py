"""Place among the contract's quarters, and what stands out in one of them. Owns ranks, ties, the rule of « Ce qui ressort ».

Only published figures are ranked; the others are left out and counted. Rank 1 is the highest value, whatever the direction: a
rank says a place, not a merit.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from cvanalysis.constat.shape import Finding, Valeur
from cvanalysis.french import definite, ordinal
from cvanalysis.textes import block

RESSORT = 3
"""Findings that a fiche puts forward."""
SEUIL = 1.0
"""Usual spreads from the others from which a finding stands out."""
POIDS_MAXI = 5.0
RANG_MINI = 10
"""Published quarters that a rank needs, two thirds of all at least."""


@dataclass(frozen=True, slots=True)
class Rank:
    """`rang` of `sur` published quarters (1 = highest value); `ex_aequo` counts the others with the same value."""

    rang: int
    sur: int
    ex_aequo: int
    manquants: int
    suspects: int

    @property
    def milieu(self) -> bool:
        """True between the highest and the lowest third, where a place is nothing to put forward."""
        return min(self.rang, self.par_le_bas) > self.sur / 3

    @property
    def par_le_bas(self) -> int:
        """Rank counted from the lowest value, ties sharing the best place."""
        return self.sur - self.rang - self.ex_aequo + 1

    def dit(self, nom: str) -> str:
        """The place of « la part… », « le taux… » in words, from its nearer end: « la deuxième part la plus faible des quinze
        quartiers »; '' among few quarters, whatever a contract ranks."""
        if self.sur < RANG_MINI:
            return ""
        place, names = min(self.par_le_bas, self.rang), block("quartier.place")
        first = nom.split(" ", 1)[0].lower()
        known = definite(
            first if first != "nombre" and definite(first)[: -len(first)] in ("le ", "la ", "l’") else names["valeur"]
        )
        said, feminine = names["milieu"], known.startswith("la ")
        if not self.milieu:
            end = names["bas" if self.par_le_bas < self.rang else "haut"][feminine]
            words = names["ordinaux"][place - 1] if place <= len(names["ordinaux"]) else ordinal(place)
            noun = {"le_mot": known, "mot": re.split("[ ’]", known)[-1]}
            said = names["premier" if place == 1 else "autres"][feminine].format(rang=words, bout=end, **noun)
        number = names["nombres"][self.sur - 1] if self.sur <= len(names["nombres"]) else self.sur
        said += " " + names["publies" if self.manquants or self.suspects else "tous"].format(sur=number)
        return f"{said}{names['egal']}" if self.ex_aequo and not self.milieu else said


def enough(known: int, total: int, mini: int = RANG_MINI) -> bool:
    """Whether so many published quarters may be compared with each other."""
    return known >= mini and 3 * known >= 2 * total


def rank(zone: str, rows: Mapping[str, Valeur | None], mini: int = RANG_MINI) -> Rank | None:
    """Rank of a zone among all quarters (zone → its figure at one instant); None where its own figure can't be ranked, or where fewer
    than `mini`, or than two thirds of all, are published. Two figures that are printed alike share a place."""
    values = {key: row.imprimee for key, row in rows.items() if row is not None and row.dite}
    if zone not in values or not enough(len(values), len(rows), mini):
        return None
    own = values[zone]
    suspects = sum(1 for row in rows.values() if row is not None and row.statut == "suspect")
    return Rank(
        rang=1 + sum(value > own for value in values.values()),
        sur=len(values),
        ex_aequo=sum(value == own for value in values.values()) - 1,
        manquants=len(rows) - len(values) - suspects,
        suspects=suspects,
    )


def standout(own: float | None, others: Iterable[float]) -> float:
    """Distance of a value to the middle one of the others, in usual spreads between quarters; 0 where it can't be told.

    The spread is the median distance to the middle (robust: one extreme quarter doesn't hide another), the result is capped
    so that a tiny spread doesn't take all the room.
    """
    values = sorted(others)
    if own is None or len(values) < 4:
        return 0.0
    middle = median(values)
    spread = 1.4826 * median(abs(value - middle) for value in values)
    if spread == 0:
        return 0.0 if own == middle else POIDS_MAXI
    return min(abs(own - middle) / spread, POIDS_MAXI)


def stand_out(findings: Sequence[Finding], known: Collection[str]) -> tuple[Finding, ...]:
    """The findings of « Ce qui ressort »: those that stand farthest from the other quarters, one per section, in the fiche's order.

    Never one of `known` (ids of what the page's landmarks say), nor one that compares the quarter with nothing.
    """
    ranked = sorted((f for f in findings if f.poids > 0 and f.id not in known and _compares(f)), key=lambda f: -f.poids)
    best = {f.section: f for f in reversed(ranked)}
    chosen = sorted(best.values(), key=lambda f: -f.poids)[:RESSORT]
    return tuple(f for f in findings if f in chosen)


def _compares(finding: Finding) -> bool:
    """True where the message is a measure beside another; a small gap counts only where few quarters have such a one. The largest part
    of a whole is beside nothing."""
    gabarit, values = finding.message.gabarit, finding.message.valeurs
    told = bool(values.get("place") or values.get("repere")) or gabarit.startswith("quartier.paires")
    weak = gabarit.startswith("quartier.structure") or gabarit.endswith(
        ("_refusee", "_refuse", "_stable", "_incertaine", "_proche", "absent", "suspect")
    )
    return told and not weak and (bool(values.get("place")) or finding.poids >= SEUIL)
