"""What surrounds the marks of a figure: scale, axis title, legend, rows of labels, notes on what is missing.

Every figure is built from top to bottom in this order, each part saying at which height the next one starts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cvanalysis.constat.shape import Valeur
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
from cvanalysis.display.figures.marks import BAR, Look
from cvanalysis.display.phrases import say

EDGE = 2
"""Room left on both sides so that a mark on the limit of an axis is whole."""
_SAME, _HUGE = 1e-6, 1e300
"""Values closer than this, as a share of the largest, stand at the same place; numbers beyond that get no ticks."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis: values from `low` to `high` over the pixels from `start` to `end`, with round ticks."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...] = ()

    def __call__(self, value: float) -> float:
        part = (value / 2 - self.low / 2) / (
            self.high / 2 - self.low / 2
        )  # halves: no difference is past what a number can be
        return self.start + part * (self.end - self.start)


def round_scale(values: Sequence[float], start: float, end: float, *, zero: bool, wanted: int = 4) -> Scale:
    """An axis just over `values`, with round ticks on it; `zero` keeps 0 on it. Without values, an axis without ticks."""
    if not values:
        return Scale(0, 1, start, end)
    low, high = min(values), max(values)
    if zero:
        low, high = min(low, 0), max(high, 0)
    around = max(abs(low), abs(high))
    if around > _HUGE:
        return Scale(min(low, low / 2), max(high, high / 2), start, end)
    if high - low <= max(around, 1) * _SAME:  # nothing that a reader could tell apart
        apart = max(1, around * _SAME)
        low, high = (low - apart, high + apart) if low else (0, 1)
    raw = (high - low) / wanted
    power = 10 ** math.floor(math.log10(raw))
    whole = all(float(value).is_integer() for value in values)  # nobody counts 2.5 actions
    step = power * next(m for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999 and (m != 2.5 or not whole))
    step = max(step, 1) if whole else step
    room = (high - low) * 0.04
    low, high = (low if zero and low == 0 else low - room), (high if zero and high == 0 else high + room)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = (round(i * step, 10) for i in range(first, last + 1))
    return Scale(low, high, start, end, tuple(tick for tick in ticks if low <= tick <= high))


def say_tick(tick: float, ticks: Sequence[float], unit: str) -> str:
    """A tick with its unit where that is short (`%`, `€`), with as many decimals as the step needs."""
    decimals = next((d for d in (0, 1, 2) if all(abs(round(t, d) - t) < 1e-9 for t in ticks)), 3)
    return say(Valeur(tick, unite=unit if unit in ("%", "€") else "", decimales=decimals))


def say_mark(value: Valeur) -> str:
    """A value beside its mark: the axis has named the unit, so that only the short ones are said again."""
    return say(value) if value.unite in ("%", "€", "") else say(replace(value, unite=""))


def head(canvas: Canvas, axis: str, legend: Sequence[tuple[str, Look]] = (), *, lines: bool = False) -> float:
    """The name of the quantity, then one mark and one name per series; returns where the drawing may start."""
    y = 12.0
    for text in wrap(axis, WIDTH - 2 * EDGE, SMALL):
        canvas.words(EDGE, y, text, SMALL, GREY)
        y += line_height(SMALL)
    x = EDGE + 8.0
    for i, (name, look) in enumerate(legend):
        rows = wrap(name, WIDTH - 40, SMALL)
        wide = max(text_width(t, SMALL) for t in rows) + (34 if lines else 24)
        if i and x + wide > WIDTH:
            x, y = EDGE + 8.0, y + line_height(SMALL) + 2
        if lines:
            canvas.line([x - 6, x + 16], [y + 3, y + 3], look.colour, look.width, look.dash)
        if look.marker == BAR:
            canvas.box(x - 6, y - 2, 14, 10, look.colour)
        else:
            canvas.mark(
                x + (5 if lines else 0), y + 3, look.marker, look.colour, min(look.size, 10), hollow=look.hollow
            )
        for text in rows:
            canvas.words(x + (22 if lines else 11), y + 3, text, SMALL)
            y += line_height(SMALL)
        y -= line_height(SMALL)
        x += wide + 8
    return y + line_height(SMALL) + 4 if legend else y + 2


@dataclass(frozen=True, slots=True)
class Rows:
    """Labels down the left side: the marks of row i go at height `ys[i]`, right of `start`; `bottom` is under the last."""

    start: float
    ys: tuple[float, ...]
    bottom: float


def put_rows(canvas: Canvas, labels: Sequence[str], top: float, strong: set[int], tall: float = 0) -> Rows:
    """Write the labels in a column, or above their row where they are too long for one; `tall` is a row's least height."""
    column = 148 if len(labels) <= 8 else 176
    size = LABEL if len(labels) <= 12 else SMALL
    wrapped = [wrap(label, column, size) for label in labels]
    above = len(labels) <= 8 and max(map(len, wrapped)) > 2
    ys = []
    y = top
    if above:
        for i, label in enumerate(labels):
            rows = wrap(label, WIDTH - 2 * EDGE, size)
            for text in rows:
                canvas.box(EDGE, y + 1, text_width(text, size), 17, "#ffffff")  # rules of the axis pass under the words
                canvas.words(EDGE, y + 9, text, size, INK, bold=i in strong)
                y += line_height(size)
            room = max(20, tall)
            ys.append(y + room / 2)
            y += room + 7
        return Rows(EDGE + 8, tuple(ys), y - 3)
    widest = max(
        (text_width(t, size) * (1.1 if i in strong else 1) for i, w in enumerate(wrapped) for t in w), default=0
    )
    start = min(column * 1.1, widest) + 18
    for i, rows in enumerate(wrapped):
        room = max(line_height(size) * len(rows) + 5, tall, 27 if len(labels) <= 12 else 20)
        canvas.paragraph(EDGE, y + room / 2, rows, size, INK, bold=i in strong)
        ys.append(y + room / 2)
        y += room
    return Rows(start, tuple(ys), y + 2)


def put_axis(canvas: Canvas, scale: Scale, top: float, bottom: float, unit: str) -> float:
    """Faint rules at the ticks and their values below; returns the next free height."""
    if not scale.ticks:
        return bottom + 4
    said = [say_tick(t, scale.ticks, unit) for t in scale.ticks]
    room = (scale.end - scale.start) / max(1, len(said) - 1)
    every = 1 if max(text_width(t, SMALL) for t in said) + 8 <= room else 2
    for i, (tick, text) in enumerate(zip(scale.ticks, said, strict=True)):
        x = scale(tick)
        nought = tick == 0
        canvas.line([x, x], [top, bottom], RULE if nought else FAINT, 1, under=True)
        if i % every:
            continue
        half = text_width(text, SMALL) / 2
        canvas.words(min(max(x, half + 1), WIDTH - half - 1), bottom + 11, text, SMALL, GREY, at="center")
    return bottom + 24


def put_value(canvas: Canvas, x: float, y: float, value: Valeur, look: Look) -> None:
    """One mark: full where a figure is published, hollow and crossed where it is suspect, hollow where there is none."""
    canvas.mark(x, y, look.marker, look.colour, look.size, hollow=not value.dite)
    if value.valeur is not None and not value.dite:
        canvas.mark(x, y, "x", look.colour, look.size * 0.55, hollow=True)


def put_notes(canvas: Canvas, notes: Sequence[str], y: float) -> float:
    """Sentences under the figure about what it cannot draw; returns the height of the whole."""
    for note in notes:
        for text in wrap(note, WIDTH - 2 * EDGE, SMALL):
            canvas.words(EDGE, y + 8, text, SMALL, GREY, italic=True)
            y += line_height(SMALL)
        y += 2
    return y + 4


def known(values: Sequence[Valeur]) -> list[float]:
    """The figures to be placed on an axis: suspects are drawn too, with their mark."""
    return [v.valeur for v in values if v.valeur is not None]


def unit_of(values: Sequence[Valeur]) -> str:
    return next((v.unite for v in values if v.valeur is not None), "")
