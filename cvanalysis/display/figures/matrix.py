"""Labels × labels, one cell each: numbers are shaded and written, states and absences are shapes with a legend."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure
from cvanalysis.display.figures.marks import (
    ABSENCES,
    FAINT,
    GREY,
    Palette,
    ink_on,
    look,
    shades,
    state_looks,
    state_of,
)
from cvanalysis.display.figures.sheet import (
    LINE,
    WIDTH,
    Margins,
    known,
    name_rows,
    open_axes,
    put_bars,
    say_mark,
    widest,
    wrap,
)
from cvanalysis.display.figures.svg import measure
from cvanalysis.display.phrases import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEPS = 5
_LONGEST = 150


def matrix(data: Figure, *, ax: Axes | None = None, palette: Palette = {}, width: float = WIDTH) -> Axes:  # noqa: B006
    """Draw `matrice` on `ax` (one of its own by default): series are rows, labels of their points columns; returns the Axes."""
    columns = list(dict.fromkeys(p.etiquette for s in data.series for p in s.points))
    where = {label: i for i, label in enumerate(columns)}
    labels = [
        wrap(s.nom, (0.34 if len(columns) > 6 else 0.42) * width, 600 if s.role == "sujet" else 400)
        for s in data.series
    ]
    tall = [max(22, LINE * len(label) + 6) for label in labels]
    edges = [sum(tall[:i]) for i in range(len(tall) + 1)]
    cells = [
        (y + h / 2, h, where[p.etiquette], p.valeur)
        for s, y, h in zip(data.series, edges, tall, strict=False)
        for p in s.points
    ]
    states = state_looks(list(dict.fromkeys(filter(None, (state_of(v) for *_, v in cells)))), palette)
    absent = {
        say(v): ABSENCES[v.statut] for *_, v in cells if v.valeur is None and not state_of(v) and v.statut in ABSENCES
    }
    left = max(map(widest, labels), default=0) + 14
    wide = (width - left) / max(1, len(columns))
    level = max((widest(column.split(" ")) for column in columns), default=0) <= wide - 3
    heads = [wrap(c, wide - 3) if level else _at_most(wrap(c, _LONGEST), max(1, int(wide / LINE))) for c in columns]
    above = max(map(len, heads), default=0) * LINE if level else max(map(widest, heads), default=0)
    ax = open_axes(ax, width, above + 6 + sum(tall), Margins(left, 0, 4, (data.axe, tuple((states | absent).items()))))
    ax.set_xlim(0, len(columns))
    ax.set_xticks([])
    ys = [y + h / 2 for y, h in zip(edges, tall, strict=False)]
    name_rows(ax, left, ys, sum(tall), zip(labels, (s.role == "sujet" for s in data.series), strict=True), -above - 6)
    ax.hlines(edges[1:], -left / wide, len(columns), colors=FAINT, linewidths=1, clip_on=False)
    for i, head in enumerate(heads):
        ax.text(i + 0.5, -4, "\n".join(head), ha="center", va="bottom", color=GREY, rotation=0 if level else 90)
    _put_numbers(ax, cells, wide, palette)
    for this in (states | absent).items():
        there = [
            (x + 0.5, y) for y, _, x, v in cells if (state_of(v) or (say(v) if v.valeur is None else "")) == this[0]
        ]
        ax.plot(*zip(*there, strict=True), **this[1].mark(size=min(this[1].size, wide - 3)))
    return ax


def _put_numbers(ax: Axes, cells: list, wide: float, palette: Palette) -> None:
    numbers = known(v for *_, v in cells)
    if not numbers:
        return
    low, span = min(numbers), (max(numbers) - min(numbers)) or 1
    fills = shades(look("sujet", palette).colour, _STEPS)
    boxes: dict[tuple[str, float], list] = {}
    for y, tall, x, value in cells:
        if value.valeur is None:
            continue
        fill = fills[min(int((value.valeur - low) / span * _STEPS), _STEPS - 1)]
        # A bar's value is its length: here, a cell's width.
        boxes.setdefault((fill, tall), []).append((y, x + 1 / wide, replace(value, valeur=1 - 2 / wide)))
        text = value.texte or say_mark(value)
        if measure(text) <= wide - 3:
            ax.text(x + 0.5, y, text, ha="center", va="center", color=ink_on(fill) if value.dite else GREY)
    for (fill, tall), bars in boxes.items():
        put_bars(ax, bars, fill, tall - 2, 1)


def _at_most(lines: list[str], count: int) -> list[str]:
    """The first lines; the last one says so where some are left out (the table has the whole)."""
    return lines if len(lines) <= count else [*lines[: count - 1], lines[count - 1].rstrip(" -,") + "…"]
