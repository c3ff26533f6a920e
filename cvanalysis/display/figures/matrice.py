"""The matrix: labels × labels, one cell each. Numbers are shaded and written, states are shapes with a legend."""

from __future__ import annotations

from cvanalysis.constat.shape import Figure, Valeur
from cvanalysis.display.figures.canvas import (
    FAINT,
    GREY,
    LABEL,
    RULE,
    SMALL,
    WIDTH,
    Canvas,
    line_height,
    text_width,
    wrap,
)
from cvanalysis.display.figures.frame import EDGE, head, known, put_notes
from cvanalysis.display.figures.marks import Palette, ink_on, look, state_looks
from cvanalysis.display.phrases import say

_STEPS = 5


def draw_matrix(canvas: Canvas, figure: Figure, palette: Palette) -> float:
    """Series are rows, labels of their points are columns. Up to 6 columns numbers are written in the cells."""
    columns = list(dict.fromkeys(p.etiquette for s in figure.series for p in s.points))
    cells = [[{p.etiquette: p.valeur for p in s.points}.get(c) for c in columns] for s in figure.series]
    values = [v for line in cells for v in line if v is not None]
    states = list(dict.fromkeys(v.texte for v in values if v.valeur is None and v.statut == "publié" and v.texte))
    shapes = state_looks(states, palette)
    y = head(canvas, figure.axe, list(shapes.items()))
    size = SMALL if len(cells) > 12 or len(columns) > 6 else LABEL
    # Few columns leave the names more room, so that fewer of them are cut.
    longest = max((text_width(s.nom, size) * (1.1 if s.role == "sujet" else 1) for s in figure.series), default=0) + 2
    names = min(max(132 if len(columns) > 6 else 148, longest), WIDTH - 12 - 62 * len(columns))
    names = max(names, 132 if len(columns) > 6 else 148)
    wide = (WIDTH - names - 12) / max(1, len(columns))
    y = _put_columns(canvas, columns, names + 12, wide, y)
    numbers = known(values)
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
    absent: dict[str, None] = {}
    fills: dict[tuple[str, bool], list[tuple[float, float, float, float]]] = {}
    written: list[tuple[float, float, str, str]] = []
    for serie, line in zip(figure.series, cells, strict=True):
        rows = wrap(serie.nom, names, size)
        tall = max(line_height(size) * len(rows) + 4, 24 if len(cells) <= 20 else 19)
        canvas.paragraph(EDGE, y + tall / 2, rows, size, bold=serie.role == "sujet")
        canvas.line([0, WIDTH], [y + tall, y + tall], FAINT)
        for i, value in enumerate(line):
            x = names + 12 + i * wide
            if value is None:
                continue
            if value.valeur is not None:
                fill, ink = (
                    _shade((value.valeur - low) / ((high - low) or 1), palette) if value.dite else ("#ffffff", GREY)
                )
                fills.setdefault((fill, value.dite), []).append((x + 1, y + 1, wide - 2, tall - 2))
                text = value.texte or say(Valeur(value.valeur, decimales=value.decimales))
                if text_width(text, 12) <= wide - 2:
                    written.append((x + wide / 2, y + tall / 2, text, ink))
            elif value.texte in shapes and value.statut == "publié":
                this = shapes[value.texte]
                canvas.mark(
                    x + wide / 2, y + tall / 2, this.marker, this.colour, min(this.size, wide - 3), hollow=this.hollow
                )
            else:
                absent[say(value)] = None
                canvas.line([x + wide / 2 - 4, x + wide / 2 + 4], [y + tall / 2] * 2, RULE, 1.5)
        y += tall
    for (fill, sure), boxes in fills.items():
        canvas.boxes(boxes, fill, "none" if sure else RULE, "" if sure else "//")
    for x, middle, text, ink in written:
        canvas.words(x, middle, text, 12, ink, at="center")
    notes = [f"Tiret\u00a0: {', '.join(absent)}."] if absent else []
    if numbers and len(written) < len(numbers):
        shown = [v for v in values if v.valeur is not None]
        ends = [say(one(shown, key=lambda v: v.valeur)) for one in (min, max)]
        notes.insert(0, f"Du plus clair ({ends[0]}) au plus foncé ({ends[1]})\u00a0; les valeurs sont au tableau.")
    return put_notes(canvas, notes, y + 4)


def _put_columns(canvas: Canvas, columns: list[str], x: float, wide: float, y: float) -> float:
    """Column headings: level where their words fit, turned where they don't."""
    wrapped = [wrap(c, wide - 4, SMALL) for c in columns]
    longest = max((text_width(word, SMALL) for c in columns for word in c.split(" ")), default=0)
    if longest <= wide - 2:
        tall = max(map(len, wrapped), default=0) * line_height(SMALL)
        for i, rows in enumerate(wrapped):
            canvas.paragraph(
                x + (i + 0.5) * wide, y + tall - line_height(SMALL) * len(rows) / 2, rows, SMALL, GREY, at="center"
            )
        return y + tall + 4
    turned = [_at_most(wrap(c, 140, SMALL), max(1, int(wide / 14))) for c in columns]
    tall = max(text_width(t, SMALL) for rows in turned for t in rows) + 4
    for i, rows in enumerate(turned):
        for j, text in enumerate(rows):
            middle = x + (i + 0.5) * wide + (j - (len(rows) - 1) / 2) * 13 + SMALL * 0.35
            canvas.words(middle, y + tall, text, SMALL, GREY, turn=90)
    return y + tall + 6


def _at_most(lines: list[str], count: int) -> list[str]:
    """The first lines; the last one says so where some are left out (the table has the whole)."""
    return lines if len(lines) <= count else [*lines[: count - 1], lines[count - 1].rstrip(" -,") + "…"]


def _shade(share: float, palette: Palette) -> tuple[str, str]:
    """The fill of a cell from the lowest (0) to the highest (1), and the ink that reads on it."""
    # Here only: seaborn is heavy to load and no other figure needs it.
    from cvanalysis.display.figures.shades import shades

    steps = shades(look("sujet", palette).colour, _STEPS)
    fill = steps[_STEPS - 1 - min(int(share * _STEPS), _STEPS - 1)]
    return fill, ink_on(fill)
