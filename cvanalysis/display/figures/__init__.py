"""Claims → pictures. Owns the eight genres of figures, as light SVG; refuses to compute or to choose what is shown.

Rules that hold in all of them: no meaning borne by colour alone (shape, dash, position or words say it too); a value that is
missing is drawn hollow on the edge with its reason in words, never as a 0; a suspect one is crossed or hatched; numbers are in
French; the same figure gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cvanalysis.constat.shape import Figure
from cvanalysis.display.figures.canvas import Canvas
from cvanalysis.display.figures.marks import Palette
from cvanalysis.display.figures.matrice import draw_matrix
from cvanalysis.display.figures.rang import draw_rank
from cvanalysis.display.figures.temps import draw_events, draw_lines
from cvanalysis.display.figures.zones import draw_bars, draw_points, draw_shares
from cvanalysis.french import typeset


def _draw_pairs(canvas: Canvas, figure: Figure, palette: Palette) -> float:
    return draw_points(canvas, figure, palette, joined=True)


_GENRES: dict[str, Callable[[Canvas, Figure, Palette], float]] = {
    "points": draw_points,
    "barres": draw_bars,
    "lignes": draw_lines,
    "parts": draw_shares,
    "paires": _draw_pairs,
    "rang": draw_rank,
    "matrice": draw_matrix,
    "frise": draw_events,
}


def draw(figure: Figure, palette: Palette) -> str:
    """The figure as one SVG text, 440 pixels wide. `palette` gives `#rrggbb` by role; roles it leaves out keep their own."""
    canvas = Canvas()
    return canvas.svg(_GENRES[figure.genre](canvas, _in_french(figure), palette))


def _in_french(figure: Figure) -> Figure:
    """The same figure with the no-break spaces and apostrophes that its words want, so that no line ends before a `%`."""
    series = tuple(
        replace(s, nom=typeset(s.nom), points=tuple(replace(p, etiquette=typeset(p.etiquette)) for p in s.points))
        for s in figure.series
    )
    ruptures = tuple(map(typeset, figure.ruptures))
    return replace(figure, axe=typeset(figure.axe), series=series, ruptures=ruptures, sujet=typeset(figure.sujet))


def warm() -> None:
    """Load what the first figure would have to: for the process that report runners are forked from."""
    from cvanalysis.display.figures import shades  # noqa: F401

    canvas = Canvas()
    canvas.mark(0, 0, "o", "#000000")
    canvas.words(0, 0, "é")
    canvas.svg(10)
