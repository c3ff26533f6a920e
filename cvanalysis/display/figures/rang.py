"""The rank: all the quarters on one line, the subject marked, the comparators below on the same axis."""

from __future__ import annotations

from cvanalysis.constat.shape import Figure, Point
from cvanalysis.display.figures.canvas import GREY, LABEL, RULE, SMALL, WIDTH, Canvas, line_height, text_width, wrap
from cvanalysis.display.figures.frame import (
    EDGE,
    Scale,
    head,
    known,
    put_axis,
    put_notes,
    put_value,
    round_scale,
    say_mark,
    unit_of,
)
from cvanalysis.display.figures.marks import Palette, look

_NAMED = 6
"""Names of missing quarters written out before the rest is only counted."""


def draw_rank(canvas: Canvas, figure: Figure, palette: Palette) -> float:
    """Quarters that stand close are piled up, so that each is seen; those without a figure are named below."""
    subject = [p for s in figure.series if s.role == "sujet" for p in s.points]
    others = [p for s in figure.series if s.role == "autre" for p in s.points]
    zones = [(s.role, p) for s in figure.series if s.role not in ("sujet", "autre") for p in s.points]
    quarters = subject + others
    values = [p.valeur for p in quarters] + [p.valeur for _, p in zones]
    y = head(canvas, figure.axe)
    scale = round_scale(
        known([p.valeur for p in quarters] + [p.valeur for _, p in zones]), EDGE + 10, WIDTH - EDGE - 20, zero=False
    )
    piles = _pile([p for p in quarters if p.valeur.valeur is not None], scale)
    tall = max((level for _, level in piles), default=0)
    placed = [p for p, _ in piles]
    titles = [
        wrap(f"{p.etiquette} {say_mark(p.valeur)}", (WIDTH - 2 * EDGE) / 1.1)
        for p in subject
        if p.valeur.valeur is not None
    ]
    name = y + 10 + sum(line_height(LABEL) * len(rows) for rows in titles) - line_height(LABEL) if titles else y
    strip = name + 24 + tall * 11
    bottom = strip + 20
    if len(placed) > 1:
        low, high = (pick(placed, key=lambda p: p.valeur.valeur) for pick in (min, max))
        bottom = _ends(
            canvas, scale, strip, [(p, side) for p, side in ((low, "right"), (high, "left")) if p not in subject]
        )
    layout = None
    if zones:
        # The comparators write their name above their own line: the axis belongs to the quarters and takes the whole width.
        layout = [bottom + 8 + i * 24 for i in range(len(zones))]
        bottom = layout[-1] + 14
    height = put_axis(canvas, scale, strip - 12 - tall * 11, bottom, unit_of(values))
    canvas.line([scale.start, scale.end], [strip, strip], RULE, 1.5)
    for point, level in piles:
        if point not in subject:
            put_value(canvas, scale(point.valeur.valeur), strip - level * 11, point.valeur, look("autre", palette))
    for point, level in piles:
        if point in subject:
            x, at = scale(point.valeur.valeur), strip - level * 11
            put_value(canvas, x, at, point.valeur, look("sujet", palette))
            canvas.line([x, x], [name + 9, at - 8], look("sujet", palette).colour, 1.2)
    for i, (point, rows) in enumerate(zip([p for p in subject if p.valeur.valeur is not None], titles, strict=True)):
        for j, text in enumerate(rows):
            _centred(canvas, scale(point.valeur.valeur), y + 10 + (i + j) * line_height(LABEL), text, bold=True)
    if zones:
        for at, (role, point) in zip(layout, zones, strict=True):
            this = look(role, palette)
            text = f"{point.etiquette} {say_mark(point.valeur)}"
            wide = text_width(text, SMALL)
            if point.valeur.valeur is None:
                canvas.words(scale.start, at, text, SMALL, GREY, italic=True)
                continue
            x = scale(point.valeur.valeur)
            put_value(canvas, x, at, point.valeur, this)
            right = x + 11 + wide < WIDTH
            canvas.words(x + 11 if right else x - 11, at, text, SMALL, at="left" if right else "right", clear=True)
    return put_notes(canvas, _missing(quarters), height)


def _pile(points: list[Point], scale: Scale) -> list[tuple[Point, int]]:
    """Each mark with the level at which it touches no other, from left to right."""
    ends: list[float] = []
    out = []
    for point in sorted(points, key=lambda p: (p.valeur.valeur, p.etiquette)):
        x = scale(point.valeur.valeur)
        level = next((i for i, end in enumerate(ends) if x - end >= 9), len(ends))
        ends[level : level + 1] = [x]
        out.append((point, level))
    return out


def _ends(canvas: Canvas, scale: Scale, strip: float, ends: list[tuple[Point, str]]) -> float:
    """The lowest and the highest, named under the line: each outwards where there is room, else one above the other.
    Returns the height under the last."""
    previous, y, deepest = -1.0, strip + 20, 1
    for point, at in ends:
        x = scale(point.valeur.valeur)
        rows = wrap(f"{point.etiquette} {say_mark(point.valeur)}", WIDTH * 0.6, SMALL)
        wide = max(text_width(text, SMALL) for text in rows)
        left = min(max(x - wide + 4 if at == "right" else x - 4, EDGE), WIDTH - EDGE - wide)
        if left < previous + 8:
            y += line_height(SMALL) * deepest
            deepest = 1
        previous = left + wide
        deepest = max(deepest, len(rows))
        canvas.line([x, x], [strip + 6, y - 7], RULE, 1, under=True)
        for i, text in enumerate(rows):
            canvas.words(left, y + i * line_height(SMALL), text, SMALL, GREY, clear=True)
    return y + line_height(SMALL) * deepest + 6


def _centred(canvas: Canvas, x: float, y: float, text: str, *, bold: bool) -> None:
    half = text_width(text) * 1.1 / 2
    if x - half < EDGE:
        canvas.words(EDGE, y, text, bold=bold)
    elif x + half > WIDTH - EDGE:
        canvas.words(WIDTH - EDGE, y, text, bold=bold, at="right")
    else:
        canvas.words(x, y, text, bold=bold, at="center")


def _missing(quarters: list[Point]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for point in quarters:
        if point.valeur.valeur is None:
            by_reason.setdefault(say_mark(point.valeur), []).append(point.etiquette)
    notes = []
    for reason, names in by_reason.items():
        more = len(names) - _NAMED
        listed = ", ".join(names[:_NAMED]) + (f" et {more} autre{'s' if more > 1 else ''}" if more > 0 else "")
        notes.append(f"Absents de la ligne ({reason})\u00a0: {listed}.")
    return notes
