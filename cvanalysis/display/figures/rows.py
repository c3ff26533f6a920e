"""One row per zone, category or share, on a common axis: dots, bars, pairs, shares, and all the quarters on one line.

They are one drawing: a row has its label, a bar for the first of its values or a line that joins them, marks, and the value said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Serie, Valeur
from cvanalysis.display.figures.marks import FAINT, GREY, RULE, Palette, colours, ink_on, look, looks
from cvanalysis.display.figures.sheet import (
    WIDTH,
    known,
    open_rows,
    put_absence,
    put_bars,
    put_marks,
    round_scale,
    say_mark,
    widest,
)
from cvanalysis.display.figures.svg import measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY = 5
"""Zones up to which shares are compared row by row; beyond, each zone is one stacked bar."""
_THICK, _LEAST = 14, 6


@dataclass(frozen=True, slots=True)
class Row:
    """A label and its values, each with the number of its series; `crowd` where all of them are the other quarters, side by side."""

    label: str
    cells: tuple[tuple[int, Valeur], ...]
    strong: bool = False
    crowd: bool = False

    @property
    def known(self) -> list[tuple[float, int, Valeur]]:
        return sorted((float(v.valeur), i, v) for i, v in self.cells if v.valeur is not None)


def rows(data: Figure, *, ax: Axes | None = None, palette: Palette = {}, width: float = WIDTH) -> Axes:  # noqa: B006
    """Draw `points`, `barres`, `paires`, `rang` and `parts` of a few zones on `ax` (one of its own by default); returns the Axes."""
    series = turned(data)
    found = find_rows(series, data.sujet)
    shared = any(len(row.cells) > 1 and not row.crowd for row in found)
    roles = [s.role for s in series]
    seen = looks(roles, palette) if shared else [look(role, palette) for role in roles]
    joined, barred = data.genre == "paires", data.genre in ("barres", "parts")
    first = roles.index("sujet") if "sujet" in roles else 0
    keys = (
        [(s.nom, seen[i].colour if barred and i == first else seen[i]) for i, s in enumerate(series)] if shared else []
    )
    values = [v for row in found for _, v in row.cells]
    said = widest((say_mark(v) for v in values if v.valeur is not None), 600)
    scale = round_scale(values, zero=data.zero or barred)
    names = [(row.label, row.strong) for row in found]
    beside = barred and shared
    before = said + 8 if joined or beside or (barred and scale.low < 0) else 10
    right = 18 if beside else max(said + 12, 18)
    ax, ys, point = open_rows(ax, width, names, scale, (before, right), (data.axe, tuple(keys)))
    if barred and scale.low < 0:
        ax.axvline(0, color=RULE)
    if joined:
        ends = [(row.known[0][0], row.known[-1][0], y) for row, y in zip(found, ys, strict=True) if row.known]
        ax.hlines([y for *_, y in ends], [a for a, *_ in ends], [b for _, b, _ in ends], colors=RULE, linewidths=2.5)
    for i, this in enumerate(seen):
        drawn = [(row, y) for row, y in zip(found, ys, strict=True) if not row.crowd or roles[i] != "autre"]
        there = [(y, 0.0, v) for row, y in drawn for j, v in row.cells if j == i and v.valeur is not None]
        if barred and (i == first or not shared):
            put_bars(ax, there, this.colour, _THICK, point)
        elif there:
            ys_apart = [_apart(row_y, found, ys, i, 11 * point) if joined else row_y for row_y, *_ in there]
            put_marks(ax, [(v.valeur, v) for *_, v in there], ys_apart, this)
    for row, y in zip(found, ys, strict=True):
        if row.crowd:
            _strip(ax, row, y, point)
        elif beside:
            _say_beside(ax, row, y, scale.low - 6 * point, first)
        else:
            _say_row(ax, row, y, point, [k.size for k in seen], roles, barred=barred)
        if not row.known:
            reason = row.cells[0][1]
            put_absence(ax, scale.low + 8 * point, y, reason)
            ax.text(scale.low + 18 * point, y, say_mark(reason), va="center", color=GREY)
    return ax


def turned(data: Figure) -> tuple[Serie, ...]:
    """The series as rows want them, one per zone: where they are shares of a whole, the zones that share their labels."""
    from cvanalysis.constat.shape import Point

    if data.genre != "parts" or not all(s.role in ("part", "femmes", "hommes") for s in data.series):
        return data.series
    zones = list(dict.fromkeys(p.etiquette for s in data.series for p in s.points))
    absent = Valeur(None, "non_disponible")
    cells = [{p.etiquette: p.valeur for p in s.points} for s in data.series]
    return tuple(
        Serie(z, "autre" if i else "sujet", tuple(Point(s.nom, line.get(z, absent)) for s, line in zip(data.series, cells, strict=True)))
        for i, z in enumerate(zones)
    )  # fmt: skip


def find_rows(series: Sequence[Serie], sujet: str = "") -> list[Row]:
    """Rows in reading order; series of one point each that share its label are told by their name, and the other quarters,
    where one of them is the subject, stand on one row."""
    labels = {p.etiquette for s in series for p in s.points}
    by_name = len(labels) == 1 and len(series) > 1 and all(len(s.points) == 1 for s in series)
    times = Counter(p.etiquette for s in series for p in s.points)
    subject = any(s.role == "sujet" for s in series)
    cells: dict[str, list[tuple[int, Valeur]]] = {}
    crowds = []
    for i, serie in enumerate(series):
        if (
            subject
            and serie.role == "autre"
            and len(serie.points) > 1
            and all(times[p.etiquette] == 1 for p in serie.points)
        ):
            crowds.append(
                Row(f"{serie.nom} ({len(serie.points)})", tuple((i, p.valeur) for p in serie.points), crowd=True)
            )
            continue
        for point in serie.points:
            cells.setdefault(serie.nom if by_name else point.etiquette, []).append((i, point.valeur))
    alone = all(s.role == "sujet" for s in series)

    def strong(label: str, line: list[tuple[int, Valeur]]) -> bool:
        return label == sujet or (not alone and len(line) == 1 and series[line[0][0]].role == "sujet")

    found = [Row(label, tuple(line), strong(label, line)) for label, line in cells.items()]
    after = next((i for i, row in enumerate(found) if row.strong), len(found) - 1) + 1
    return [*found[:after], *crowds, *found[after:]]


def _apart(y: float, found: Sequence[Row], ys: Sequence[float], serie: int, least: float) -> float:
    """Two marks of a row that would hide each other stand one above the other."""
    row = found[ys.index(y)].known
    if len(row) != 2 or row[1][0] - row[0][0] >= least:
        return y
    return y + (-5.5 if serie == min(i for _, i, _ in row) else 5.5)


def _strip(ax: Axes, row: Row, y: float, point: float) -> None:
    """The other quarters, a tick each, and the values of the two ends."""
    numbers = row.known
    ax.hlines([y], *ax.get_xlim(), colors=FAINT)
    if not numbers:
        return
    ax.plot([n for n, *_ in numbers], [y] * len(numbers), ls="none", marker="|", ms=14, mew=2, mec=RULE, clip_on=False)
    low, high = say_mark(numbers[0][2]), say_mark(numbers[-1][2])
    if numbers[0][0] - (measure(low) + 8) * point > ax.get_xlim()[0]:
        ax.text(numbers[0][0] - 6 * point, y, low, ha="right", va="center", color=GREY)
    if len(numbers) > 1:
        ax.text(numbers[-1][0] + 6 * point, y, high, va="center", color=GREY)


def _say_beside(ax: Axes, row: Row, y: float, x: float, first: int) -> None:
    """The value of the bar in a column of its own: at its end it would be taken for that of a mark that it meets."""
    for i, value in row.cells:
        if i == first and (value.valeur is not None or row.known):
            ax.text(x, y, say_mark(value) if value.valeur is not None else "…", ha="right", va="center", fontweight=600)


def _say_row(
    ax: Axes, row: Row, y: float, point: float, sizes: Sequence[float], roles: Sequence[str], *, barred: bool
) -> None:
    """Values outside the outermost marks of a row; those between are in the table."""
    if not row.known:
        return
    for x, i, value in dict.fromkeys((row.known[0], row.known[-1])):
        first = len(row.known) > 1 and (x, i, value) == row.known[0]
        outside = "left" if first or (barred and x < 0) else "right"
        gap = (4 if barred else sizes[i] / 2 + 4) * point + (_LEAST * point if barred and not value.dite else 0)
        weight = 600 if roles[i] == "sujet" and (row.strong or len(row.known) > 1) else 400
        ax.text(x + (gap if outside == "right" else -gap), y, say_mark(value), va="center", fontweight=weight,
                ha="left" if outside == "right" else "right")  # fmt: skip


def stacks(data: Figure, *, ax: Axes | None = None, palette: Palette = {}, width: float = WIDTH) -> Axes:  # noqa: B006
    """Draw `parts` of many zones: a stacked bar each; every share has its letter, so that shades are not the only key."""
    shares, zones = (
        [s.nom for s in data.series],
        list(dict.fromkeys(p.etiquette for s in data.series for p in s.points)),
    )
    letters = [chr(ord("A") + i) for i in range(len(shares))]
    fills = list(islice(cycle(colours("part", palette)), len(shares)))
    cells = [{p.etiquette: p.valeur for p in s.points} for s in data.series]
    sums = {
        side: [sum(v for c in cells if z in c for v in known([c[z]]) if (v >= 0) == side) for z in zones]
        for side in (True, False)
    }
    ends = [Valeur(n, unite=data.series[0].points[0].valeur.unite) for side in sums.values() for n in side]
    scale = round_scale(ends, zero=True)
    keys = tuple((f"{letter}. {share}", fill) for letter, share, fill in zip(letters, shares, fills, strict=True))
    ax, ys, point = open_rows(ax, width, [(zone, False) for zone in zones], scale, (10, 22), (data.axe, keys))
    reached = {(zone, side): 0.0 for zone in zones for side in (True, False)}
    for letter, fill, line in zip(letters, fills, cells, strict=True):
        parts = []
        for zone, y in zip(zones, ys, strict=True):
            value = line.get(zone, Valeur(None, "non_disponible"))
            if value.valeur is None:
                continue
            start = reached[zone, value.valeur >= 0]
            reached[zone, value.valeur >= 0] += value.valeur
            parts.append((y, start, value))
            if abs(value.valeur) >= 13 * point and value.dite:
                ax.text(
                    start + value.valeur / 2, y, letter, ha="center", va="center", color=ink_on(fill), fontweight=600
                )
        put_bars(ax, parts, fill, 16, point)
    for zone, y in zip(zones, ys, strict=True):
        if not any(known([c[zone]]) for c in cells if zone in c):
            ax.text(6 * point, y, say_mark(cells[0].get(zone, Valeur(None, "non_disponible"))), va="center", color=GREY)
    return ax
