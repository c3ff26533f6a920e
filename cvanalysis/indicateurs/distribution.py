"""Too many quarters to show each one: a distribution, and the two ends of it by name.

Owns the classes of a count of quarters, the table of the lowest and highest, and the table of quartiles of the synthesis. Refuses
to hide what lies between: how many quarters, and where all of them are to be found, is said.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Point, Serie, Table, Valeur, word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cvanalysis.territory.contract import Quartier


EXTREMES = 20
"""Lowest and highest quarters listed in a table."""
_CLASSES = 8
AILLEURS = "Tous les quartiers sont dans les données à télécharger."


def draw_classes(axe: str, values: Sequence[float], unite: str) -> Figure:
    """How many quarters have a value in each class of equal width; the two classes at the ends are open."""
    ordered = sorted(values)
    bounds = _bounds(ordered)
    labels = [f"{_written(a)} à {_written(b)}" for a, b in pairwise(bounds)]
    labels[0], labels[-1] = f"moins de {_written(bounds[1])}", f"{_written(bounds[-2])} ou plus"
    counts = [0] * len(labels)
    for value in ordered:
        counts[sum(value >= bound for bound in bounds[1:-1])] += 1
    name = f"Nombre de quartiers, selon\u00a0: {axe[:1].lower()}{axe[1:]}" + (f" (en {unite})" if unite else "")
    points = tuple(Point(label, Valeur(float(n), unite="quartiers")) for label, n in zip(labels, counts, strict=True))
    return Figure("barres", name, (Serie("Quartiers du contrat", "autre", points),))


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
    text = f"{abs(value):,.{needed}f}".replace(",", "\u202f").replace(".", ",")
    return f"\u2212{text}" if value < 0 else text


def table_of_ends(
    colonnes: tuple[str, ...],
    ordered: Sequence[Quartier],
    line: Callable[[Quartier], tuple[Valeur, ...]],
    legende: str,
    after: Sequence[tuple[Valeur, ...]] = (),
) -> Table:
    """The lines of the first and last quarters of an order from the lowest to the highest, how many are between, then `after`."""
    low, high = ordered[:EXTREMES], ordered[max(EXTREMES, len(ordered) - EXTREMES) :]
    between = len(ordered) - len(low) - len(high)
    lines = [line(quartier) for quartier in low]
    if between > 0:
        rest = (word("au téléchargement"),) * (len(colonnes) - 1)
        lines.append((word(f"… {between} autres quartiers entre les deux"), *rest))
    lines += [line(quartier) for quartier in high]
    told = f"Les {len(low)} valeurs les plus basses et les {len(high)} plus hautes, de la plus basse à la plus haute. {AILLEURS}"
    return Table(colonnes, (*lines, *after), f"{legende}. {told}")


def quartiles(values: Mapping[Quartier, Valeur], noms: Mapping[str, str]) -> tuple[Valeur, ...]:
    """Lowest, first quartile, middle, third quartile and highest of the published values, the ends with the quarter's name."""
    ordered = sorted((q for q in values if values[q].dite), key=lambda q: (values[q].valeur, q.code))
    numbers = [values[q].valeur for q in ordered]
    model = values[ordered[0]]

    def middle(share: float) -> Valeur:
        return Valeur(quantile(numbers, share), unite=model.unite, decimales=model.decimales)

    return (
        Valeur(float(len(ordered)), unite="quartiers"),
        values[ordered[0]],
        word(noms[ordered[0].code]),
        *(middle(share) for share in (0.25, 0.5, 0.75)),
        values[ordered[-1]],
        word(noms[ordered[-1].code]),
    )


QUARTILES = (
    "Indicateur", "Chiffre publié pour", "Valeur la plus basse", "Où", "Un quart des quartiers est au-dessous de",
    "La moitié est au-dessous de", "Trois quarts sont au-dessous de", "Valeur la plus élevée", "Où (valeur la plus élevée)",
)  # fmt: skip
