"""Labels down the side and what stands beside each: one row per zone, category or share; a grid of cells; events down a time line.

Rows of dots, bars, pairs, shares, and all the quarters on one line are one drawing: a row has its label, a bar for the first of its
values or a line that joins them, marks, and the value said. Of a grid, numbers are shaded and written, states and absences are shapes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes

from cvanalysis.constat.shape import Figure, Point, Serie, Valeur
from cvanalysis.display.figures.marks import (
    ABSENCES,
    FAINT,
    GREY,
    RULE,
    Palette,
    ink_on,
    look,
    looks,
    shades,
    state_looks,
    state_of,
)
from cvanalysis.display.figures.sheet import (
    LINE,
    ROW,
    WIDTH,
    Scale,
    known,
    name_rows,
    open_axes,
    put_absence,
    put_bars,
    put_marks,
    put_strokes,
    round_scale,
    say_mark,
    size_of,
    widest,
    wrap,
)
from cvanalysis.display.figures.svg import measure
from cvanalysis.display.phrases import say
from cvanalysis.files.dates import parse_date
from cvanalysis.files.keys import grouped

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
    zero = data.zero or barred
    scale = round_scale(values, zero=zero, wanted=0 if zero and not shared else 3)  # alone, each mark bears its value
    names = [(row.label, row.strong) for row in found]
    beside = barred and shared
    before = said + 8 if joined or beside or (barred and scale.low < 0) else 10
    right = 18 if beside else max(said + 12, 18)
    ax, ys, point = _open_rows(ax, width, names, scale, (before, right), (data.axe, tuple(keys)))
    if scale.low <= 0 <= scale.high:
        ax.axvline(0, color=RULE, linewidth=1)
    ends = [(y, row.known[0][0], row.known[-1][0]) for row, y in zip(found, ys, strict=True) if row.known]
    if not barred:
        put_strokes(ax, [(y, scale.low, last) for y, _, last in ends], FAINT, 1)
    if joined:
        put_strokes(ax, ends, RULE, 2.5)
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


def _open_rows(
    ax: Axes | None,
    width: float,
    names: Sequence[tuple[str, bool]],
    scale: Scale,
    around: tuple[float, float],
    head: tuple,
) -> tuple[Axes, list[float], float]:
    """Labels (in bold or not) down the left side of a horizontal axis: the Axes, the height of each row, and what a point is worth.

    `around` is the room at both sides of the axis.
    """
    room = min(0.42 * width, 0.7 * width - sum(around))  # the marks have three tenths of the sheet at least
    labels = [wrap(name, room, 600 if strong else 400) for name, strong in names]
    left = (
        max(
            (widest(label, 600 if strong else 400) for label, (_, strong) in zip(labels, names, strict=True)), default=0
        )
        + around[0]
        + 4
    )
    tall = [max(ROW, LINE * len(label) + 8) for label in labels]
    ax = open_axes(ax, width, sum(tall), (left, around[1], 24 if scale.ticks else 4), *head)
    ys = [sum(tall[:i]) + one / 2 for i, one in enumerate(tall)]
    ax.set_xlim(scale.low, scale.high)
    if scale.ticks:
        room = (size_of(ax)[0] + 16) / len(scale.ticks) - 6
        every = 1 if widest(scale.said) <= room else 2  # every other tick where two would touch
        ax.xaxis.grid(visible=True)  # before there are ticks: each would be told
        ax.set_xticks(scale.ticks[::every], scale.said[::every])
    else:
        ax.xaxis.set_visible(False)
    name_rows(ax, left, ys, sum(tall), zip(labels, (strong for _, strong in names), strict=True))
    return ax, ys, (scale.high - scale.low) / size_of(ax)[0]


def turned(data: Figure) -> tuple[Serie, ...]:
    """The series as rows want them, one per zone: where they are shares of a whole, the zones that share their labels."""
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
    ax = open_axes(ax, width, above + 6 + sum(tall), (left, 0, 4), data.axe, [*(states | absent).items()])
    ax.set_xlim(0, len(columns))
    ax.xaxis.set_visible(False)
    ys = [y + h / 2 for y, h in zip(edges, tall, strict=False)]
    name_rows(ax, left, ys, sum(tall), zip(labels, (s.role == "sujet" for s in data.series), strict=True), -above - 6)
    put_strokes(ax, [(edge, -left / wide, len(columns)) for edge in edges[1:]], FAINT, 1)
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
    boxes = []
    for y, tall, x, value in cells:
        if value.valeur is None:
            continue
        fill = fills[min(int((value.valeur - low) / span * _STEPS), _STEPS - 1)]
        # A bar's value is its length: here, a cell's width.
        boxes.append(((fill, tall), (y, x + 1 / wide, replace(value, valeur=1 - 2 / wide))))
        text = value.texte or say_mark(value)
        if measure(text) <= wide - 3:
            ax.text(x + 0.5, y, text, ha="center", va="center", color=ink_on(fill) if value.dite else GREY)
    for (fill, tall), bars in grouped(boxes).items():
        put_bars(ax, bars, fill, tall - 2, 1)


def _at_most(lines: list[str], count: int) -> list[str]:
    """The first lines; the last one says so where some are left out (the table has the whole)."""
    return lines if len(lines) <= count else [*lines[: count - 1], lines[count - 1].rstrip(" -,") + "…"]


def events(data: Figure, *, ax: Axes | None = None, palette: Palette = {}, width: float = WIDTH) -> Axes:  # noqa: B006
    """Draw `frise` on `ax` (one of its own by default): the date at the left of the line, the event at its right; returns the Axes.

    A point's value is its date: `texte` (`21/02/2014`, `2014-02-21`, `décembre 2019`, `2019`) or a year as a number.
    """
    seen = looks([s.role for s in data.series], palette)
    keys = tuple((s.nom, k) for s, k in zip(data.series, seen, strict=True)) if len(data.series) > 1 else ()
    found = [(when(p.valeur), p, k) for s, k in zip(data.series, seen, strict=True) for p in s.points]
    found.sort(key=lambda event: event[0])
    left = widest(say(p.valeur) for _, p, _ in found) + 16
    texts = [wrap(p.etiquette, width - left - 18) for _, p, _ in found]
    ys, y, previous = [], 0.0, None
    for (at, *_), text in zip(found, texts, strict=True):
        # A long silence is seen, but a page is not spent on it.
        y += min(26, max(0, at - previous - 0.5) * 9) if previous is not None and at < 9999 else 0
        ys.append(y + LINE / 2)
        y += LINE * len(text) + 9
        previous = at if at < 9999 else previous
    ax = open_axes(ax, width, y, (left, 0, 4), data.axe, keys)
    across = width - left
    ax.set_xlim(0, across)
    ax.xaxis.set_visible(False)
    name_rows(ax, left, ys, y, (([say(p.valeur)], False) for _, p, _ in found))
    ax.axvline(0, color=RULE, linewidth=2, clip_on=False)
    for (_, point, this), text, at in zip(found, texts, ys, strict=True):
        sure = Valeur(0) if point.valeur.statut == "publié" else Valeur(0, "suspect")
        put_marks(ax, [(0, sure)], [at], this)
        ax.text(15, at - LINE / 2 + 1, "\n".join(text), va="top")
    return ax


def when(value: Valeur) -> float:
    """The date as a number of years, a year or a month being its first day; unknown ones come last."""
    if value.valeur is not None:
        return float(value.valeur)
    known = parse_date(value.texte)
    return known[0].year + (known[0].month - 1) / 12 + (known[0].day - 1) / 372 if known else 9999.0
