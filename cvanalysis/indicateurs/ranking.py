"""Place among the contract's quarters, and what matters most for one of them. Owns ranks, ties and the « En bref » rule.

Only published figures are ranked; the others are left out and counted. Rank 1 is the highest value, whatever the direction: a
rank says a place, not a merit.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from cvanalysis.textes import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cvanalysis.constat.shape import Finding
    from cvanalysis.indicateurs.observation import Observation


BREF_MINI, BREF_MAXI, BREF_PAR_SECTION = 4, 6, 2
BREF_SEUIL = 1.0
POIDS_MAXI = 5.0


@dataclass(frozen=True, slots=True)
class Rank:
    """`rang` of `sur` published quarters (1 = highest value); `ex_aequo` counts the others with the same value."""

    rang: int
    sur: int
    ex_aequo: int
    manquants: int
    suspects: int

    def solide(self, mini: int) -> bool:
        """True where enough quarters are published, `mini` and two thirds of all, for a place among them to be told."""
        return self.sur >= mini and 3 * self.sur >= 2 * (self.sur + self.manquants + self.suspects)

    @property
    def par_le_bas(self) -> int:
        """Rank counted from the lowest value, ties sharing the best place."""
        return self.sur - self.rang - self.ex_aequo + 1


def rank(zone: str, rows: Mapping[str, Observation | None]) -> Rank | None:
    """Rank of a zone among all quarters (zone → observation at one instant); None where its own figure can't be ranked."""
    values = {key: row.valeur for key, row in rows.items() if row is not None and row.dite}
    if zone not in values:
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


def brief_rule(chosen: Sequence[Finding], parmi: str) -> str:
    """How « En bref » was chosen, in a few sentences for the reader."""
    used = ["regle", *(["completee"] if any(f.poids == 0 for f in chosen) else [])]
    used += ["courte"] if len(chosen) < BREF_MINI else []
    words = {"parmi": parmi, "mini": BREF_MINI, "maxi": BREF_MAXI, "par_section": BREF_PAR_SECTION}
    return "".join(label(f"quartier.en_bref.{name}", **words) for name in used)


def choose_brief(findings: Sequence[Finding], sujets: Mapping[str, str]) -> tuple[Finding, ...]:
    """The 4 to 6 findings of « En bref », by `brief_rule`, in the order of the fiche.

    `sujets` gives, for each finding's id, the indicator that it is about. Beyond four, only those that stand out (weight ≥ 1).
    Where fewer than four have a weight, the first of each section that says a figure completes them.
    """
    ranked = sorted((f for f in findings if f.poids > 0), key=lambda f: (-f.poids, f.id))
    chosen: list[Finding] = []

    def fits(finding: Finding) -> bool:
        return (
            finding not in chosen
            and sum(other.section == finding.section for other in chosen) < BREF_PAR_SECTION
            and all(sujets[other.id] != sujets[finding.id] for other in chosen)
        )

    for section in dict.fromkeys(f.section for f in ranked):
        best = next(f for f in ranked if f.section == section)
        if len(chosen) < BREF_MAXI and (fits(best) and (best.poids >= BREF_SEUIL or len(chosen) < BREF_MINI)):
            chosen.append(best)
    for finding in ranked:
        if len(chosen) >= BREF_MAXI or (finding.poids < BREF_SEUIL and len(chosen) >= BREF_MINI):
            break
        if fits(finding):
            chosen.append(finding)
    for section in dict.fromkeys(f.section for f in findings):
        said = (f for f in findings if f.section == section and _says(f) and fits(f))
        if len(chosen) < BREF_MINI and (first := next(said, None)) is not None:
            chosen.append(first)
    order = {finding.id: position for position, finding in enumerate(findings)}
    return tuple(sorted(chosen, key=lambda f: order[f.id]))


def _says(finding: Finding) -> bool:
    """True where the message is a figure, not a refusal."""
    return finding.lecture is not None and not finding.message.gabarit.endswith(("_refusee", "_refuse"))
