"""Too many quarters to show each one: a distribution, and the two ends of it by name.

Owns the classes of a count of quarters, the table of the lowest and highest, and the table of quartiles of the synthesis. Refuses
to hide what lies between: how many quarters, and where all of them are to be found, is said.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from cvanalysis.constat.make import bars
from cvanalysis.constat.shape import Figure, Table, Valeur, word
from cvanalysis.french import number
from cvanalysis.textes import label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cvanalysis.indicateurs.context import Zone


EXTREMES = 20
"""Lowest and highest quarters listed in a table."""
_CLASSES = 8


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


def quantile(ordered: Sequence[float], share: float) -> float:
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
    numbers, model = [values[q].valeur for q in ordered], values[ordered[0]]

    def middle(share: float) -> Valeur:
        return Valeur(quantile(numbers, share), unite=model.unite, decimales=model.decimales)

    return (
        Valeur(float(len(ordered)), unite="quartiers"),
        values[ordered[0]],
        word(ordered[0].nom),
        *(middle(share) for share in (0.25, 0.5, 0.75)),
        values[ordered[-1]],
        word(ordered[-1].nom),
    )
