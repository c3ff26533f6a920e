"""Figures with one row per zone, category or share: points, barres, paires, parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from cvanalysis.constat.shape import Figure, Role, Serie, Valeur
from cvanalysis.display.figures.canvas import FAINT, GREY, RULE, SMALL, WIDTH, Canvas, text_width
from cvanalysis.display.figures.frame import (
    EDGE,
    Scale,
    head,
    known,
    put_axis,
    put_notes,
    put_rows,
    put_value,
    round_scale,
    say_mark,
    unit_of,
)
from cvanalysis.display.figures.marks import BAR, Look, Palette, colours, ink_on, look, looks

_MANY = 5
"""Zones up to which shares are compared row by row; beyond, each zone is one stacked bar."""


@dataclass(frozen=True, slots=True)
class _Cell:
    serie: int
    value: Valeur


def _rows(series: tuple[Serie, ...]) -> dict[str, list[_Cell]]:
    """Row label → its values, in reading order; series of one point each that share its label are told by their name."""
    labels = {p.etiquette for s in series for p in s.points}
    by_name = len(labels) == 1 and len(series) > 1 and all(len(s.points) == 1 for s in series)
    rows: dict[str, list[_Cell]] = {}
    for i, serie in enumerate(series):
        for point in serie.points:
            rows.setdefault(serie.nom if by_name else point.etiquette, []).append(_Cell(i, point.valeur))
    return rows


def _subject_rows(series: tuple[Serie, ...], rows: Mapping[str, list[_Cell]]) -> set[int]:
    """The rows that belong to the subject, to be written in bold where there are others. Cells count in `series`' order."""
    if all(s.role == "sujet" for s in series):
        return set()
    return {i for i, cells in enumerate(rows.values()) if len(cells) == 1 and series[cells[0].serie].role == "sujet"}


def draw_points(canvas: Canvas, figure: Figure, palette: Palette, *, joined: bool = False) -> float:
    """One row per label, one mark per series on a common axis; `joined` links the marks of a row (two sexes, two years)."""
    series, crowd = _crowd(figure.series)
    ordered = (*series, *crowd)
    rows = _rows(series)
    shared = any(len(cells) > 1 for cells in rows.values())
    roles = [s.role for s in series]
    seen = looks(roles, palette) if shared else [look(r, palette) for r in roles]
    top = head(canvas, figure.axe, [(s.nom, k) for s, k in zip(series, seen, strict=True)] if shared else ())
    values = [c.value for cells in rows.values() for c in cells]
    together = [p.valeur for s in crowd for p in s.points]
    said = max((text_width(say_mark(v)) for v in values if v.valeur is not None), default=0)
    names = [*rows, *(f"{s.nom} ({len(s.points)})" for s in crowd)]
    strong = _subject_rows(ordered, rows) | {i for i, label in enumerate(rows) if label == figure.sujet}
    layout = put_rows(canvas, names, top, strong, 30 if joined else 0)
    # What is missing stands left of the axis: on it, it would be read as a zero.
    absent = max((sum(c.value.valeur is None for c in cells) for cells in rows.values()), default=0)
    left = layout.start + max(said if joined else EDGE, 14 * absent + 6 if absent else 0)
    scale = round_scale(known([*values, *together]), left, WIDTH - said - 12, zero=figure.zero)
    height = put_axis(canvas, scale, top - 2, layout.bottom, unit_of([*values, *together]))
    for y, serie in zip(layout.ys[len(rows) :], crowd, strict=True):
        canvas.line([scale.start, scale.end], [y, y], FAINT, 1)
        for point in serie.points:
            if point.valeur.valeur is not None:
                put_value(canvas, scale(point.valeur.valeur), y, point.valeur, look(serie.role, palette))
    for y, cells in zip(layout.ys, rows.values(), strict=False):
        placed = sorted((scale(c.value.valeur), c.serie) for c in cells if c.value.valeur is not None)
        if placed:
            # Marks are read against the axis, not from a length: the guide goes from one end to the other.
            canvas.line([scale.start, scale.end], [y, y], FAINT, 1)
            if joined:
                canvas.line([placed[0][0], placed[-1][0]], [y, y], RULE, 2.5)
        aside = _apart(placed) if joined else {}
        absent = 0
        for cell in cells:
            if cell.value.valeur is None:
                put_value(canvas, layout.start + 4 + absent * 14, y, cell.value, seen[cell.serie])
                absent += 1
        if absent and not placed:
            canvas.words(layout.start + absent * 14 + 2, y, _why(cells), SMALL, GREY, italic=True)
        # The subject last, so that it lies over the others where they meet.
        for cell in sorted(cells, key=lambda c: roles[c.serie] == "sujet"):
            if cell.value.valeur is not None:
                at = y + aside.get(cell.serie, 0)
                put_value(canvas, scale(cell.value.valeur), at, cell.value, seen[cell.serie])
        _label_row(canvas, y, cells, scale, roles, seen)
    return put_notes(canvas, [*_absent_beside(rows, series), *_absent_in(crowd)], height)


def _apart(placed: Sequence[tuple[float, int]]) -> dict[int, float]:
    """Two marks of a row that would hide each other stand one above the other: how far each is moved, by series."""
    if len(placed) == 2 and placed[1][0] - placed[0][0] < 11:
        up, down = sorted(serie for _, serie in placed)
        return {up: -5.5, down: 5.5}
    return {}


def _crowd(series: tuple[Serie, ...]) -> tuple[tuple[Serie, ...], tuple[Serie, ...]]:
    """(series by row, series that share one row): the other quarters, where one of them is the subject."""
    if not any(s.role == "sujet" for s in series):
        return series, ()
    aside = tuple(
        s
        for s in series
        if s.role == "autre"
        and len(s.points) > 1
        and {p.etiquette for p in s.points}.isdisjoint(
            p.etiquette for other in series if other is not s for p in other.points
        )
    )
    return tuple(s for s in series if s not in aside), aside


def _absent_in(crowd: Sequence[Serie]) -> list[str]:
    notes = []
    for serie in crowd:
        reasons = Counter(say_mark(p.valeur) for p in serie.points if p.valeur.valeur is None)
        notes += [f"{serie.nom}\u00a0: {n} sans chiffre ({reason})." for reason, n in reasons.items()]
    return notes


def _label_row(canvas: Canvas, y: float, cells: list[_Cell], scale: Scale, roles: list[Role], seen: list[Look]) -> None:
    """Values outside the outermost marks of a row, the last to the right; those between are in the table."""
    there = sorted((c for c in cells if c.value.valeur is not None), key=lambda c: c.value.valeur)
    if not there:
        return
    last = there[-1]
    bold = roles[last.serie] == "sujet"
    canvas.words(
        scale(last.value.valeur) + seen[last.serie].size / 2 + 5, y, say_mark(last.value), bold=bold, clear=True
    )
    if len(there) > 1:
        first = there[0]
        gap = seen[first.serie].size / 2 + 5
        bold = roles[first.serie] == "sujet"
        if (
            scale(first.value.valeur) - gap - text_width(say_mark(first.value))
            > scale.start - text_width(say_mark(first.value)) - 14
        ):
            canvas.words(scale(first.value.valeur) - gap, y, say_mark(first.value), at="right", bold=bold, clear=True)


def _why(cells: list[_Cell]) -> str:
    return ", ".join(dict.fromkeys(say_mark(c.value) for c in cells))


def _absent_beside(rows: Mapping[str, list[_Cell]], series: tuple[Serie, ...]) -> list[str]:
    """What is missing on rows that have something else to show."""
    notes = []
    for label, cells in rows.items():
        absent = [c for c in cells if c.value.valeur is None]
        if absent and len(absent) < len(cells):
            what = ", ".join(f"{series[c.serie].nom} {say_mark(c.value)}" for c in absent)
            notes.append(f"{label}\u00a0: {what}.")
    if len(notes) > 4:
        return [f"Marques creuses au bord\u00a0: valeur absente, sur {len(notes)} lignes (voir le tableau)."]
    return notes


def draw_bars(canvas: Canvas, figure: Figure, palette: Palette) -> float:
    """One bar per label from zero, or one per series where several share the label; suspects are hatched.

    A subject and its comparators over the same labels are drawn as shares are: its bar, their marks.
    """
    if len(figure.series) > 1 and _same_labels(figure.series) and [s.role for s in figure.series].count("sujet") == 1:
        return _draw_against(canvas, figure.axe, *_turn(figure), palette)
    rows = _rows(figure.series)
    deep = max(map(len, rows.values()), default=1)
    roles = [s.role for s in figure.series]
    seen = looks(roles, palette) if deep > 1 else [look(r, palette) for r in roles]
    legend = [(s.nom, k) for s, k in zip(figure.series, seen, strict=True)] if deep > 1 else ()
    top = head(canvas, figure.axe, legend)
    layout = put_rows(canvas, list(rows), top, _subject_rows(figure.series, rows), 19 * deep + 8 if deep > 1 else 0)
    values = [c.value for cells in rows.values() for c in cells]
    said = max((text_width(say_mark(v)) for v in values if v.valeur is not None), default=0)
    below = min(known(values), default=0) < 0
    scale = round_scale(known(values), layout.start + (said if below else EDGE), WIDTH - said - 10, zero=True)
    height = put_axis(canvas, scale, top - 2, layout.bottom, unit_of(values))
    zero = scale(0)
    thick = 15 if deep == 1 else 13
    for y, cells in zip(layout.ys, rows.values(), strict=True):
        for i, cell in enumerate(cells):
            middle = y + (i - (len(cells) - 1) / 2) * 19
            _bar(canvas, zero, middle, cell.value, scale, seen[cell.serie], thick, marked=deep > 1)
    return put_notes(canvas, (), height)


def _same_labels(series: tuple[Serie, ...]) -> bool:
    return len({tuple(p.etiquette for p in s.points) for s in series}) == 1 and len(series[0].points) > 1


def _bar(
    canvas: Canvas, zero: float, y: float, value: Valeur, scale: Scale, this: Look, thick: float, *, marked: bool
) -> None:
    if value.valeur is None:
        canvas.words(zero + 6, y, say_mark(value), SMALL, GREY, italic=True)
        if marked:
            canvas.mark(zero + 16 + text_width(say_mark(value), SMALL), y, this.marker, this.colour, 8, hollow=True)
        return
    end = scale(value.valeur)
    x, wide = min(zero, end), abs(end - zero)
    if value.dite:
        canvas.box(x, y - thick / 2, wide, thick, this.colour)
    else:
        canvas.box(x, y - thick / 2, max(wide, 4), thick, "#ffffff", this.colour, "//")
    if marked and wide > 16:
        canvas.mark(end - 8 if end > zero else end + 8, y, this.marker, "#ffffff", 6.5)
    right = value.valeur >= 0
    canvas.words(max(end, x) + 5 if right else end - 5, y, say_mark(value), at="left" if right else "right")


def draw_shares(canvas: Canvas, figure: Figure, palette: Palette) -> float:
    """Shares of a whole: against a few zones share by share, which compares better than stacks and can hold a negative
    share (taxes); for many zones one stacked bar each."""
    shares, zones, cells = _turn(figure)
    if len(zones) > _MANY:
        return _draw_stacks(canvas, figure.axe, shares, [z for z, _ in zones], cells, palette)
    return _draw_against(canvas, figure.axe, shares, zones, cells, palette)


def _draw_against(
    canvas: Canvas,
    axis: str,
    shares: list[str],
    zones: list[tuple[str, Role]],
    cells: list[list[Valeur]],
    palette: Palette,
) -> float:
    """One row per share: a bar and its value for the first zone, a mark for each of the others."""
    seen = looks([role for _, role in zones], palette)
    keys = [replace(seen[0], marker=BAR), *seen[1:]]
    top = head(canvas, axis, [(zone, k) for (zone, _), k in zip(zones, keys, strict=True)])
    layout = put_rows(canvas, shares, top, set(), 31)
    flat = [v for line in cells for v in line]
    said = max((text_width(say_mark(v)) for v in flat if v.valeur is not None), default=0)
    # The first zone's values stand in a column of their own: beside the bars they would be taken for the marks that they meet.
    column = layout.start + said
    scale = round_scale(known(flat), column + 12, WIDTH - EDGE - 4, zero=True)
    height = put_axis(canvas, scale, top - 2, layout.bottom, unit_of(flat))
    notes = []
    for y, share, line in zip(layout.ys, shares, cells, strict=True):
        first, *others = line
        if first.valeur is None:
            canvas.words(scale(0) + 6, y, say_mark(first), SMALL, GREY, italic=True)
            notes.append(f"{share}, {zones[0][0]}\u00a0: {say_mark(first)}.")
        else:
            zero, end = scale(0), scale(first.valeur)
            if first.dite:
                canvas.box(min(zero, end), y - 7, abs(end - zero), 14, seen[0].colour)
            else:
                canvas.box(min(zero, end), y - 7, max(4, abs(end - zero)), 14, "#ffffff", seen[0].colour, "//")
            canvas.words(column, y, say_mark(first), at="right", bold=True)
        for (zone, _), this, value in zip(zones[1:], seen[1:], others, strict=True):
            if value.valeur is not None:
                put_value(canvas, scale(value.valeur), y, value, this)
            else:
                notes.append(f"{share}, {zone}\u00a0: {say_mark(value)}.")
    if len(notes) > 3:
        absent = [
            zone for (zone, _), *column in zip(zones, *cells, strict=True) if any(v.valeur is None for v in column)
        ]
        reasons = dict.fromkeys(say_mark(v) for line in cells for v in line if v.valeur is None)
        notes = [f"Valeurs absentes ({', '.join(reasons)}) pour\u00a0: {', '.join(absent)} (voir le tableau)."]
    return put_notes(canvas, notes, height)


def _turn(figure: Figure) -> tuple[list[str], list[tuple[str, Role]], list[list[Valeur]]]:
    """Shares × zones, whichever of the two the series are: (shares, zones with their role, cells[share][zone])."""
    series = figure.series
    absent = Valeur(None, "non_disponible")
    labels = list(dict.fromkeys(p.etiquette for s in series for p in s.points))
    grid = [{p.etiquette: p.valeur for p in s.points} for s in series]
    if all(s.role in ("part", "femmes", "hommes") for s in series):
        zones: list[tuple[str, Role]] = [(z, "sujet" if i == 0 else "autre") for i, z in enumerate(labels)]
        return [s.nom for s in series], zones, [[line.get(z, absent) for z in labels] for line in grid]
    return labels, [(s.nom, s.role) for s in series], [[line.get(e, absent) for line in grid] for e in labels]


def _draw_stacks(
    canvas: Canvas, axis: str, shares: list[str], zones: list[str], cells: list[list[Valeur]], palette: Palette
) -> float:
    """One bar per zone; each share has its letter, written in its segment, so that shades are not the only key."""
    keys = [chr(ord("A") + i) for i in range(len(shares))]
    fills = list(islice(cycle(colours("part", palette)), len(shares)))
    y = head(canvas, axis)
    for key, share, fill in zip(keys, shares, fills, strict=True):
        canvas.box(EDGE, y - 2, 18, 16, fill)
        canvas.words(EDGE + 9, y + 6, key, SMALL, ink_on(fill), at="center", bold=True)
        canvas.words(EDGE + 26, y + 6, share, SMALL)
        y += 20
    layout = put_rows(canvas, zones, y + 6, set())
    columns = [[line[z] for line in cells] for z in range(len(zones))]
    up = max((sum(v for v in known(c) if v > 0) for c in columns), default=0)
    down = min((sum(v for v in known(c) if v < 0) for c in columns), default=0)
    flat = [v for c in columns for v in c]
    scale = round_scale([down, up] if known(flat) else [], layout.start + EDGE, WIDTH - 22, zero=True)
    height = put_axis(canvas, scale, y, layout.bottom, unit_of(flat))
    for middle, column in zip(layout.ys, columns, strict=True):
        ends = {True: 0.0, False: 0.0}
        for key, fill, value in zip(keys, fills, column, strict=True):
            if value.valeur is None:
                continue
            side = value.valeur >= 0
            start, end = scale(ends[side]), scale(ends[side] + value.valeur)
            ends[side] += value.valeur
            canvas.box(min(start, end), middle - 7, abs(end - start), 14, fill, "#ffffff", "" if value.dite else "//")
            if abs(end - start) >= 12:
                canvas.words((start + end) / 2, middle, key, 11, ink_on(fill), at="center", bold=True)
        if not known(column):
            canvas.words(scale(0) + 6, middle, _why([_Cell(0, v) for v in column]), SMALL, GREY, italic=True)
    partly = [z for z, c in zip(zones, columns, strict=True) if known(c) and len(known(c)) < len(c)]
    notes = [f"Une part au moins n’est pas connue pour\u00a0: {', '.join(partly)}."] if partly else []
    return put_notes(canvas, notes, height)
