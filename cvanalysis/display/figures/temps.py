"""Figures over time: lignes (values over years) and frise (events down a time line)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from cvanalysis.constat.shape import Figure, Serie, Valeur
from cvanalysis.display.figures.canvas import (
    FAINT,
    GREY,
    INK,
    LABEL,
    RULE,
    SMALL,
    WIDTH,
    Canvas,
    line_height,
    text_width,
    wrap,
)
from cvanalysis.display.figures.frame import (
    EDGE,
    Scale,
    head,
    known,
    put_notes,
    put_value,
    round_scale,
    say_mark,
    say_tick,
    unit_of,
)
from cvanalysis.display.figures.marks import Look, Palette, look, looks
from cvanalysis.display.phrases import say

_YEAR = re.compile(r"\d{4}")
_DATE = re.compile(r"(?:(\d{1,2})/)?(?:(\d{1,2})/)?(\d{4})|(\d{4})-(\d{2})(?:-(\d{2}))?")
_NAMED = 7
"""Series up to which each is named at the end of its line; beyond, the other quarters are a grey background."""
_ASIDE = 136
_PANEL = 12
_BELOW = 13
"""How far under the axis stands the mark of a value that is missing."""


def draw_lines(canvas: Canvas, figure: Figure, palette: Palette) -> float:
    """Lines broken where a year is missing or the source changed, each named at its end with its last value; time is to
    scale between years. As small multiples (`facettes`), one panel per series on the same axes."""
    if figure.facettes:
        return draw_panels(canvas, figure, palette)
    series = figure.series
    crowd = len(series) > _NAMED
    seen = looks([s.role for s in series], palette) if not crowd else [look(s.role, palette) for s in series]
    times = list(dict.fromkeys(p.etiquette for s in series for p in s.points))
    years = all(_YEAR.fullmatch(t) for t in times)
    if years:
        times.sort()
    top = head(canvas, figure.axe) + 12
    values = [p.valeur for s in series for p in s.points]
    foot = top + (176 if known(values) else 40)
    # Away from zero, the axis is no ground to stand on: the lines keep clear of it, and of the words under them.
    scale = round_scale(
        _calm(known(values), zero=figure.zero), foot - (0 if figure.zero else 16), top, zero=figure.zero
    )
    ticks = [say_tick(t, scale.ticks, unit_of(values)) for t in scale.ticks]
    left = max((text_width(t, SMALL) for t in ticks), default=0) + 14
    right = WIDTH - _ASIDE - 14
    xs = _abscissae(times, left + 8, right, years)
    for tick, text in zip(scale.ticks, ticks, strict=True):
        y = scale(tick)
        canvas.line([left, right + 8], [y, y], RULE if tick == 0 else FAINT)
        canvas.words(left - 7, y, text, SMALL, GREY, at="right")
    canvas.line([left, right + 8], [foot, foot], RULE)
    aside = foot + _BELOW if any(v.valeur is None for v in values) else foot
    height = _put_times(canvas, times, xs, foot, aside)
    for x in _breaks(figure.ruptures, xs):
        canvas.line([x, x], [top - 6, foot], RULE, 1, (2, 3))
    # The subject first: the others are thinner and smaller, so that where they meet both are seen.
    order = sorted(range(len(series)), key=lambda i: series[i].role != "sujet")
    for i in order:
        quiet = crowd and series[i].role == "autre"
        _put_line(canvas, series[i], seen[i], xs, scale, figure.ruptures, aside, quiet=quiet)
    shown = [i for i in order if not (crowd and series[i].role == "autre")]
    for i in shown:
        if series[i].role == "sujet":
            _say_points(canvas, series[i], [series[j] for j in shown], xs, scale, left)
    _name_lines(canvas, [(series[i], seen[i]) for i in shown], xs, scale, right + 8, top, foot)
    notes = (
        [f"Traits gris fins\u00a0: les {len(series) - len(shown)} autres (valeurs au tableau)."]
        if len(shown) < len(series)
        else []
    )
    return put_notes(canvas, notes + _say_breaks(figure.ruptures) + _missing([series[i] for i in shown]), height)


def _breaks(ruptures: Sequence[str], xs: Mapping[str, float]) -> list[float]:
    """Where the source changed: half-way between the label after the change and the one before."""
    places = sorted(xs.items(), key=lambda place: place[1])
    return [(before + after) / 2 for (_, before), (label, after) in pairwise(places) if label in ruptures]


def _say_breaks(ruptures: Sequence[str]) -> list[str]:
    if not ruptures:
        return []
    return [
        f"Courbes coupées avant {' et '.join(ruptures)}\u00a0: la source a changé, les deux côtés ne se suivent pas."
    ]


def _abscissae(times: list[str], start: float, end: float, years: bool) -> dict[str, float]:
    if len(times) == 1:
        return {times[0]: (start + end) / 2}
    if years:
        first, span = int(times[0]), int(times[-1]) - int(times[0])
        return {t: start + (int(t) - first) / span * (end - start) for t in times}
    return {t: start + i / max(1, len(times) - 1) * (end - start) for i, t in enumerate(times)}


def _put_times(canvas: Canvas, times: list[str], xs: Mapping[str, float], foot: float, under: float) -> float:
    """Years below `under`, with a tick at `foot`; where two would touch, the earlier one is left out, never the first nor the last."""
    room = min((b - a for a, b in pairwise(xs.values())), default=160)
    tall = 1
    last = -1e9
    for i, time in enumerate(times):
        x = xs[time]
        short = bool(_YEAR.fullmatch(time))
        rows = [time] if short else wrap(time, max(room - 8, 58), SMALL)
        half = max(text_width(t, SMALL) for t in rows) / 2
        crowded = x - half < last + 5 or (0 < i < len(times) - 1 and x + half > xs[times[-1]] - half - 5)
        canvas.line([x, x], [foot, foot + 4], RULE)
        if short and crowded:
            continue
        last = x + half
        for j, text in enumerate(rows):
            canvas.words(max(x, half + 2), under + 14 + j * line_height(SMALL), text, SMALL, GREY, at="center")
        tall = max(tall, len(rows))
    return under + 14 + tall * line_height(SMALL)


def _put_line(
    canvas: Canvas,
    serie: Serie,
    this: Look,
    xs: Mapping[str, float],
    scale: Scale,
    ruptures: Sequence[str],
    aside: float,
    *,
    quiet: bool = False,
) -> None:
    """One line and its marks; what is missing stands at height `aside`, under the axis: on it, it would be read as a zero."""
    colour, width, dash = ("#aab3bd", 1, None) if quiet else (this.colour, this.width, this.dash)
    run: list[tuple[float, float]] = []
    for point in [*sorted(serie.points, key=lambda p: xs[p.etiquette]), None]:
        if point is not None and point.valeur.dite and point.etiquette not in ruptures:
            run.append((xs[point.etiquette], scale(point.valeur.valeur)))
            continue
        if len(run) > 1:
            canvas.line([x for x, _ in run], [y for _, y in run], colour, width, dash)
        run = [(xs[point.etiquette], scale(point.valeur.valeur))] if point is not None and point.valeur.dite else []
    if quiet:
        return
    # The subject's holes are always shown; those of a comparator only inside its line, where one would read through them.
    there = [xs[p.etiquette] for p in serie.points if p.valeur.valeur is not None]
    for point in serie.points:
        x = xs[point.etiquette]
        if point.valeur.valeur is not None:
            put_value(canvas, x, scale(point.valeur.valeur), point.valeur, this)
        elif serie.role in ("sujet", "autre") or (there and min(there) < x < max(there)):
            put_value(canvas, x, aside, point.valeur, this)


def _say_points(
    canvas: Canvas, serie: Serie, series: Sequence[Serie], xs: Mapping[str, float], scale: Scale, left: float
) -> None:
    """The subject's values but the last (said with its name), on the side where no line passes."""
    drawn = [_trace(s, xs, scale) for s in series]
    there = [p for p in serie.points if p.valeur.valeur is not None][:-1]
    if len(there) > 4:
        there = there[:1]
    last = -1e9
    for point in there:
        y = scale(point.valeur.valeur)
        text = say_mark(point.valeur)
        half = text_width(text, SMALL) * 1.1 / 2
        x = max(xs[point.etiquette], left + half + 2)
        if x - half < last + 4:
            continue
        last = x + half
        up, down = (_crossings(drawn, x, at, half) for at in (y - 15, y + 15))
        above = up <= down or y + 21 > scale.start + (16 if scale.low else 0)
        canvas.words(x, y - 15 if above else y + 15, text, SMALL, at="center", bold=True)


Trace = list[tuple[float, float]]


def _trace(serie: Serie, xs: Mapping[str, float], scale: Scale) -> Trace:
    """Where a series passes, in pixels, from left to right."""
    return sorted((xs[p.etiquette], scale(p.valeur.valeur)) for p in serie.points if p.valeur.valeur is not None)


def _crossings(traces: Sequence[Trace], x: float, y: float, half: float) -> int:
    """How much of the lines passes under words centred at (x, y): one for each few pixels of each line."""
    under = 0
    for trace in traces:
        for (x0, y0), (x1, y1) in pairwise(trace):
            for k in range(9):
                at = x0 + (x1 - x0) * k / 8
                under += abs(at - x) <= half + 3 and abs(y0 + (y1 - y0) * k / 8 - y) <= 11
    return under


def _calm(values: Sequence[float], *, zero: bool) -> list[float]:
    """The values an axis away from zero has to hold: at least a quarter of the largest, so that what hardly moved is seen hardly
    to move."""
    if zero or not values:
        return list(values)
    low, high = min(values), max(values)
    missing = max(abs(low), abs(high)) / 4 - (high - low)
    return [low - missing / 2, high + missing / 2] if missing > 0 else list(values)


def _name_lines(
    canvas: Canvas,
    named: list[tuple[Serie, Look]],
    xs: Mapping[str, float],
    scale: Scale,
    x: float,
    top: float,
    foot: float,
) -> None:
    """Names at the right, pushed apart where lines end close together, and tied to their end by a thin line."""
    blocks = []
    for serie, this in named:
        there = [p for p in serie.points if p.valeur.valeur is not None]
        if not there:
            continue
        end = max(there, key=lambda p: xs[p.etiquette])
        rows = wrap(serie.nom, _ASIDE - 12, SMALL)
        rows = [*rows[:3]] if len(rows) <= 3 else [*rows[:2], rows[2] + "…"]
        said = say_mark(end.valeur)
        if text_width(f"{rows[-1]} {said}", SMALL) <= _ASIDE - 12:
            rows[-1] += f" {said}"
        else:
            rows.append(said)
        blocks.append((scale(end.valeur.valeur), xs[end.etiquette], rows, this, serie.role == "sujet"))
    blocks.sort(key=lambda b: (b[0], b[2]))
    step = line_height(SMALL)
    ys: list[float] = []
    free = top - 14
    for y, _, rows, *_ in blocks:
        at = max(y - step * len(rows) / 2, free)
        ys.append(at)
        free = at + step * len(rows) + 3
    limit = foot + 22
    for i in range(len(blocks) - 1, -1, -1):
        tall = step * len(blocks[i][2])
        ys[i] = min(ys[i], limit - tall)
        limit = ys[i] - 3
    for (y, end, rows, this, strong), at in zip(blocks, ys, strict=True):
        middle = at + step * len(rows) / 2
        canvas.line([end + this.size / 2 + 1, x + 6, x + 12], [y, middle, middle], this.colour, 0.8)
        canvas.paragraph(x + 15, middle, rows, SMALL, INK, bold=strong)


def draw_panels(canvas: Canvas, figure: Figure, palette: Palette) -> float:
    """Small multiples, three abreast: each series alone, on the axes of all, with its first and last value."""
    times = list(dict.fromkeys(p.etiquette for s in figure.series for p in s.points))
    years = all(_YEAR.fullmatch(t) for t in times)
    if years:
        times.sort()
    y = head(canvas, figure.axe)
    values = [p.valeur for s in figure.series for p in s.points]
    abreast, tall = 3, 62
    aside = _BELOW if any(v.valeur is None for v in values) else 0
    wide = WIDTH / abreast
    for start in range(0, len(figure.series), abreast):
        line = figure.series[start : start + abreast]
        titles = [wrap(s.nom, wide - 14, _PANEL) for s in line]
        top = y + max(map(len, titles)) * line_height(_PANEL) + 20
        scale = round_scale(_calm(known(values), zero=figure.zero), top + tall, top, zero=figure.zero, wanted=2)
        for i, (serie, title) in enumerate(zip(line, titles, strict=True)):
            left = i * wide + EDGE
            xs = _abscissae(times, left + 18, left + wide - 32, years)
            this = replace(look(serie.role, palette), size=6, width=2, dash=None)
            for j, text in enumerate(title):
                canvas.words(left, y + 8 + j * line_height(_PANEL), text, _PANEL, bold=serie.role == "sujet")
            canvas.line([left, left + wide - 18], [top + tall, top + tall], RULE)
            for tick in scale.ticks[1:]:
                canvas.line([left, left + wide - 18], [scale(tick), scale(tick)], FAINT)
            _put_line(canvas, serie, this, xs, scale, figure.ruptures, top + tall + aside)
            _say_panel(canvas, serie, xs, scale, (left, left + wide - 4))
            for time in (times[0], times[-1]) if len(times) > 1 else times:
                canvas.words(xs[time], top + tall + aside + 10, time, 11, GREY, at="center")
        y = top + tall + aside + 26
    notes = [
        f"Même échelle partout, lignes de repère\u00a0: {', '.join(say_tick(t, scale.ticks, unit_of(values)) for t in scale.ticks)}."
    ]
    if any(v.valeur is None for v in values):
        notes.append("Marque creuse sous l’axe\u00a0: valeur absente (raison au tableau).")
    return put_notes(canvas, notes + _say_breaks(figure.ruptures), y)


def _say_panel(
    canvas: Canvas, serie: Serie, xs: Mapping[str, float], scale: Scale, between: tuple[float, float]
) -> None:
    """The first and the last value, inside the panel, on the side where the line does not pass."""
    there = [p for p in serie.points if p.valeur.valeur is not None]
    drawn = [_trace(serie, xs, scale)]
    for point in there[:1] + there[1:][-1:]:
        text = say_mark(point.valeur)
        half = text_width(text, 11) / 2
        x = min(max(xs[point.etiquette], between[0] + half), between[1] - half)
        y = scale(point.valeur.valeur)
        above = _crossings(drawn, x, y - 10, half) <= _crossings(drawn, x, y + 11, half) or y + 18 > scale.start
        canvas.words(x, y - 10 if above else y + 11, text, 11, at="center")


def _missing(series: list[Serie]) -> list[str]:
    notes = []
    for serie in series:
        by_reason: dict[str, list[str]] = {}
        for point in serie.points:
            if point.valeur.valeur is None:
                by_reason.setdefault(say_mark(point.valeur), []).append(point.etiquette)
        notes += [
            f"Sans chiffre\u00a0: {serie.nom}, {', '.join(times)}, {reason}." for reason, times in by_reason.items()
        ]
    if len(notes) > 4:
        return ["Marques creuses sous l’axe\u00a0: années sans chiffre (raisons au tableau)."]
    return notes


def draw_events(canvas: Canvas, figure: Figure, palette: Palette) -> float:
    """Events from top to bottom in order of date: the date at the left, the event at the right of the line.

    A point's value is its date: `texte` (`21/02/2014`, `2014-02-21`, `12/2019`, `2019`) or a year as a number.
    """
    seen = looks([s.role for s in figure.series], palette)
    several = len(figure.series) > 1
    y = head(canvas, figure.axe, [(s.nom, k) for s, k in zip(figure.series, seen, strict=True)] if several else ())
    events = [(_when(p.valeur), p, i) for i, s in enumerate(figure.series) for p in s.points]
    events.sort(key=lambda e: (e[0], e[2]))
    column = max((text_width(say(p.valeur), SMALL) for _, p, _ in events), default=0)
    axis = EDGE + column + 16
    top, previous = y + 8, None
    y = top
    placed = []
    for when, point, i in events:
        # A long silence is seen, but a page is not spent on it.
        y += min(26, max(0, when - previous - 0.5) * 9) if previous is not None and when < 9999 else 0
        rows = wrap(point.etiquette, WIDTH - axis - 22, LABEL)
        placed.append((y + 9, point, i, rows))
        y += line_height(LABEL) * len(rows) + 9
        previous = when if when < 9999 else previous
    canvas.line([axis, axis], [top, max(top, y - 8)], RULE, 2)
    for at, point, i, rows in placed:
        canvas.words(axis - 14, at, say(point.valeur), SMALL, GREY, at="right")
        canvas.mark(axis, at, seen[i].marker, seen[i].colour, 10, hollow=point.valeur.statut != "publié")
        canvas.paragraph(axis + 15, at + line_height(LABEL) * (len(rows) - 1) / 2, rows)
    return y + 2


def _when(value: Valeur) -> float:
    """The date as a number of years; unknown ones come last."""
    if value.valeur is not None:
        return value.valeur
    found = _DATE.search(value.texte)
    if not found:
        return 9999.0
    one, two, french, iso, month, day = found.groups()
    if iso:
        return _years(iso, month, day)
    return _years(french, two, one) if two else _years(french, one, None)


def _years(year: str, month: str | None, day: str | None) -> float:
    """A year alone is its first day: December must not reach into the next year."""
    return int(year) + (int(month or 1) - 1) / 12 + (int(day or 1) - 1) / 372
