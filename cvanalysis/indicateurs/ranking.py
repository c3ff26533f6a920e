"""Place among the contract's quarters, what stands out in one of them, and how many of them there are to show. Owns ranks, ties, the
rule of « Ce qui ressort », and what stands for quarters that are too many to show each one: a distribution, and its two ends by name.

Only published figures are ranked; the others are left out and counted. Rank 1 is the highest value, whatever the direction: a
rank says a place, not a merit. Refuses to hide what lies between two ends: how many quarters, and where to find them, is said.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TypeVar

from cvanalysis.constat.make import bars
from cvanalysis.constat.shape import Figure, Finding, Table, Valeur, word
from cvanalysis.french import definite, number, ordinal
from cvanalysis.indicateurs.context import Zone
from cvanalysis.textes import block, label

V = TypeVar("V")
RESSORT = 3
"""Findings that a fiche puts forward."""
SEUIL = 1.0
"""Usual spreads from the others from which a finding stands out."""
POIDS_MAXI = 5.0
RANG_MINI = 10
"""Published quarters that a rank needs, two thirds of all at least."""
EXTREMES = 20
"""Lowest and highest quarters listed in a table."""
_CLASSES = 8


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
    of a whole is beside nothing, and so are women's rates, which are not set against men's."""
    gabarit, values = finding.message.gabarit, finding.message.valeurs
    told = any(map(values.get, ("place", "repere", "effectifs")))
    weak = gabarit.startswith("quartier.structure") or gabarit.endswith(
        ("_refusee", "_refuse", "_stable", "_incertaine", "_proche", "absent", "suspect")
    )
    return told and not weak and (bool(values.get("place")) or finding.poids >= SEUIL)


def draw_classes(axe: str, values: Sequence[float], unite: str) -> Figure:
    """How many quarters have a value in each class of equal width; the two classes at the ends are open."""
    ordered = sorted(values)
    bounds = _bounds(ordered)
    shown = list(map(_written, bounds))
    names = [label("commun.extremes.entre_bornes", bas=a, haut=b) for a, b in pairwise(shown)]
    names[0], names[-1] = (
        label(f"commun.extremes.{k}", borne=b) for k, b in (("premiere", shown[1]), ("derniere", shown[-2]))
    )
    counts = [0] * len(names)
    for value in ordered:
        counts[sum(value >= bound for bound in bounds[1:-1])] += 1
    key = f"commun.extremes.{'classes_unite' if unite else 'classes'}"
    marks = {name: Valeur(float(n), unite="quartiers") for name, n in zip(names, counts, strict=True)}
    return bars(label(key, axe=axe[:1].lower() + axe[1:], unite=unite), label("synthese.serie"), marks, "autre")


def _bounds(ordered: Sequence[float]) -> list[float]:
    """Round bounds over all but the few most extreme values, three at least."""
    low, high = quantile(ordered, 0.02), quantile(ordered, 0.98)
    raw = (high - low) / _CLASSES or 1.0
    power = 10 ** math.floor(math.log10(raw))
    step = power * next(m for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 2)
    return [round(i * step, 10) for i in range(first, last + 1)]


def quantile(ordered: Sequence[V], share: float) -> V:
    """The value below which that share of an ordered series lies: one of its own values, never one in between."""
    return ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))]


def _written(value: float) -> str:
    needed = next(d for d in range(4) if abs(round(value, d) - value) < 1e-9 or d == 3)
    return number(value, needed)


def table_of_ends(
    colonnes: tuple[str, ...],
    ordered: Sequence[Zone],
    cells: Callable[[Zone], tuple[Valeur, ...]],
    legende: str,
    after: Sequence[tuple[Valeur, ...]] = (),
) -> Table:
    """The lines of the first and last quarters of an order from the lowest to the highest, how many are between, then `after`."""
    low, high = ordered[:EXTREMES], ordered[max(EXTREMES, len(ordered) - EXTREMES) :]
    between = len(ordered) - len(low) - len(high)
    lines = [(word(zone.nom), *cells(zone)) for zone in low]
    if between > 0:
        rest = [word(label("commun.extremes.reste"))] * (len(colonnes) - 1)
        lines.append((word(label("commun.extremes.entre", nombre=between)), *rest))
    lines += [(word(zone.nom), *cells(zone)) for zone in high]
    told = f"{label('commun.extremes.legende', bas=len(low), haut=len(high))} {label('commun.ailleurs')}"
    return Table(colonnes, (*lines, *after), f"{legende}. {told}")


def quartiles(values: Mapping[Zone, Valeur]) -> tuple[Valeur, ...]:
    """Lowest, first quartile, middle, third quartile and highest of the published values, the ends with the quarter's name."""
    ordered = sorted((q for q in values if values[q].dite), key=lambda q: (values[q].valeur, q.code))
    low, *middle, high = (quantile(ordered, share) for share in (0, 0.25, 0.5, 0.75, 1))
    ends = (values[low], word(low.nom)), (values[high], word(high.nom))
    return (Valeur(float(len(ordered)), unite="quartiers"), *ends[0], *(values[q] for q in middle), *ends[1])
