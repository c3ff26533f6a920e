"""A small sheet to draw on, in pixels from the top left. Owns matplotlib and the lightness of its SVG; knows no finding.

Drawing is the floor of a batch's cost and a fiche holds twenty figures, so there are no `Axes` here: ticks, spines and layout
engines would be nine tenths of the time for lines and words that the callers can place themselves. Matplotlib gives the paths,
markers, hatches and text anchors; `_lighten` then takes out of its SVG what no reader needs.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from functools import lru_cache

import matplotlib as mpl
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Sheet
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

WIDTH = 440
"""Width of every figure, in its own pixels: shown at 358 (a phone) words of 14 are still 11 pixels tall, at 528 they are 17."""

LABEL, SMALL = 14, 13
INK, GREY, RULE, FAINT = "#1d2733", "#4a5663", "#8a94a0", "#dfe4ea"
"""Text, secondary text (7:1 on white), marks without meaning of their own (3:1), and rules that only guide the eye."""

_FONT = "Segoe UI,Roboto,Helvetica Neue,Arial,Liberation Sans,sans-serif"
_RC = {"svg.fonttype": "none", "svg.hashsalt": "cvanalysis", "hatch.linewidth": 1.2, "path.simplify": False}


@lru_cache(maxsize=64)
def _font(size: float, bold: bool, italic: bool) -> FontProperties:
    return FontProperties(
        family="sans", style="italic" if italic else "normal", weight="bold" if bold else "normal", size=size
    )


class _Words(Text):
    """A line of text placed by its anchor alone. Matplotlib would first lay it out, which costs more than all the rest of a
    figure and says nothing here: it would measure a font that the reader will not have."""

    def draw(self, renderer: RendererBase) -> None:
        gc = renderer.new_gc()
        gc.set_foreground(self.get_color())
        x, y = self.get_transform().transform(self.get_unitless_position())
        renderer.draw_text(
            gc, x, renderer.height - y, self.get_text(), self.get_fontproperties(), self.get_rotation(), mtext=self
        )
        gc.restore()


class Canvas:
    """One figure being drawn. Later calls lie over earlier ones; `svg` may be called once, when the height is known."""

    def __init__(self) -> None:
        self._sheet = Sheet(figsize=(1, 1), dpi=72)
        self._sheet.patch.set_visible(False)
        self._down = Affine2D()
        self._order = 0

    def _add(self, artist: Line2D | PathPatch | Rectangle | Text, *, under: bool = False) -> None:
        artist.set_transform(self._down)
        self._order += 1
        artist.set_zorder(0 if under else self._order)
        self._sheet.add_artist(artist)

    def line(self, xs, ys, colour: str = FAINT, width: float = 1, dash=None, *, under: bool = False) -> None:
        """A line through points; `under` puts it below all that was drawn before."""
        style = (0, dash) if dash else "-"
        self._add(Line2D(xs, ys, color=colour, linewidth=width, linestyle=style, solid_capstyle="butt"), under=under)

    def mark(self, x: float, y: float, marker: str, colour: str, size: float = 9, *, hollow: bool = False) -> None:
        """A mark of a series; hollow where there is no figure behind it."""
        face = "#ffffff" if hollow else colour
        edge = colour if hollow else "#ffffff"
        self._add(
            Line2D(
                [x], [y], linestyle="none", marker=marker, markersize=size,
                markerfacecolor=face, markeredgecolor=edge, markeredgewidth=1.6 if hollow else 1,
            )
        )  # fmt: skip

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, edge: str = "none", hatch: str = ""
    ) -> None:
        self._add(
            Rectangle(
                (x, y),
                width,
                height,
                facecolor=fill,
                edgecolor=edge,
                hatch=hatch or None,
                linewidth=1 if edge != "none" else 0,
            )
        )

    def boxes(self, boxes, fill: str, edge: str = "none", hatch: str = "") -> None:
        """Boxes (x, y, width, height) that look the same: one path for all of them."""
        self.shape(
            [[(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)] for x, y, w, h in boxes],
            fill,
            edge,
            edge != "none",
            hatch,
        )

    def shape(self, rings, fill: str, edge: str, width: float = 1, hatch: str = "") -> None:
        """A polygon with its holes; each ring is closed, its points already in pixels."""
        path = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
        self._add(PathPatch(path, facecolor=fill, edgecolor=edge, linewidth=width, hatch=hatch or None))

    def words(
        self, x: float, y: float, text: str, size: float = LABEL, colour: str = INK, *,
        at: str = "left", bold: bool = False, italic: bool = False, turn: float = 0, clear: bool = False,
    ) -> None:  # fmt: skip
        """One line of text, its middle at `y`; `at` is the side of it that stands at `x`. `clear` hides the rules that it crosses."""
        if clear:
            wide = text_width(text, size) * (1.05 if bold else 0.97)
            start = {"left": x, "right": x - wide, "center": x - wide / 2}[at]
            self.box(start, y - size * 0.55, wide, size * 1.1, "#ffffff")
        self._add(
            _Words(
                # The optical middle of a line of words is a third of its size above the baseline, whatever the letters.
                x, y + (0 if turn else size * 0.35), text, fontproperties=_font(size, bold, italic), color=colour, ha=at,
                rotation=turn, rotation_mode="anchor", parse_math=False,
            )
        )  # fmt: skip

    def paragraph(self, x: float, y: float, lines: list[str], size: float = LABEL, colour: str = INK, **how) -> None:
        """Lines of text centred around `y`."""
        step = line_height(size)
        top = y - step * (len(lines) - 1) / 2
        for i, text in enumerate(lines):
            self.words(x, top + i * step, text, size, colour, **how)

    def svg(self, height: float) -> str:
        """The drawing as one SVG text, the same bytes for the same calls."""
        height = round(height)
        self._sheet.set_size_inches(WIDTH / 72, height / 72)
        self._down.set_matrix([[1, 0, 0], [0, -1, height], [0, 0, 1]])
        out = io.StringIO()
        with mpl.rc_context(_RC):
            FigureCanvasSVG(self._sheet).print_svg(out, metadata={"Date": None})
        return _lighten(out.getvalue(), height)


def line_height(size: float) -> float:
    return size * 1.22


_WIDTHS = {
    c: w
    for chars, w in (
        ("iljI.,:;'’|! ()[]\u00a0\u202f", 0.32),
        ("frt-/", 0.38),
        ("mwMW%", 0.88),
        ("ABCDEFGHKNOPQRSTUVXYZÉÈÀ€", 0.7),
    )
    for c in chars
}


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = LABEL) -> float:
    """About how wide a text is in a common sans serif, a little generously: the reader's own font is not known."""
    return size * sum(_WIDTHS.get(c, 0.57) for c in text)


_JOINTS = re.compile(r"(?<=[-_/])(?=\w)")


def wrap(text: str, width: float, size: float = LABEL) -> list[str]:
    """Lines of at most `width` pixels, cut at spaces; a word longer than a line is cut after a `-` or `_` of its own, so that
    a number to be copied stays as it is written, else where it must be."""
    pieces: list[tuple[str, str]] = []
    for word in text.split(" "):
        first, *others = _JOINTS.split(word) if text_width(word, size) > width else [word]
        pieces += [(" ", first), *(("", other) for other in others)]
    lines: list[str] = []
    line = ""
    for glue, piece in pieces:
        longer = f"{line}{glue}{piece}" if line else piece
        if text_width(longer, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        word = piece
        while len(word) > 1 and text_width(word, size) > width:
            fit = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or text_width(word[:n] + "-", size) <= width)
            lines.append(word[:fit] + "-")
            word = word[fit:]
        line = word
    return [*lines, line] if line or not lines else lines


_BODY = re.compile(r"</metadata>.*?</defs>(.*)</svg>", re.DOTALL)
_STYLE = re.compile(r' style="([^"]*)"')
_IDS = re.compile(r' id="([mh][0-9a-f]{10})"')
_SPACES = re.compile(r"\s*\n\s*")
_PATH = re.compile(r" ?([MLCQz]) ?")
_LONG = re.compile(r"(-?\d+)(?:\.0|(\.[1-9]))\d*")
_TAG = re.compile(r"<[^>]*>")
_STRAIGHT = (
    (re.compile(r'd="M([\d.-]+) ([\d.-]+)L([\d.-]+) \2L\3 ([\d.-]+)L\1 \4z"'), r'd="M\1 \2H\3V\4H\1z"'),
    (re.compile(r'd="M([\d.-]+) ([\d.-]+)L([\d.-]+) \2"'), r'd="M\1 \2H\3"'),
    (re.compile(r'd="M([\d.-]+) ([\d.-]+)L\1 ([\d.-]+)"'), r'd="M\1 \2V\3"'),
)
"""Boxes, and lines across and down, in the fewest letters."""
_USUAL = {
    "stroke-linejoin: miter", "stroke-linecap: butt", "stroke-dashoffset: 0", "stroke-width: 1", "stroke-width: 1.0",
    "text-anchor: start", f"font-size: {LABEL}px", f"fill: {INK}",
}  # fmt: skip


def _lighten(svg: str, height: int) -> str:
    """The same picture without metadata, nameless groups, usual styles and repeated ones: a third of the bytes."""
    body = _BODY.search(svg).group(1)  # type: ignore[union-attr]
    body = re.sub(r"</?g( id=\"\w+\")?>", "", body)
    body = re.sub(r' transform="rotate\(-0 [^"]*"', "", body).replace("xlink:href", "href")
    body = re.sub(r' d="([^"]*)"', lambda m: f' d="{_PATH.sub(lambda p: p[1], _SPACES.sub(" ", m[1])).strip()}"', body)
    body = _TAG.sub(lambda m: _LONG.sub(r"\1\2", m[0]), body)  # a tenth of a pixel is seen by nobody
    for longer, shorter in _STRAIGHT:
        body = longer.sub(shorter, body)
    for i, long in enumerate(dict.fromkeys(_IDS.findall(body))):
        body = body.replace(long, f"i{i}")
    body = _STYLE.sub(_spare, body)
    often = [style for style, n in Counter(_STYLE.findall(body)).items() if n > 1]
    rules = []
    for i, style in enumerate(often):
        rules.append(f".c{i}{{{style}}}")
        body = body.replace(f' style="{style}"', f' class="c{i}"')
    body = _SPACES.sub("", body)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
    return f"{head}<style>text{{font:{LABEL}px {_FONT};fill:{INK}}}{''.join(rules)}</style>{body}</svg>"


def _spare(match: re.Match[str]) -> str:
    kept = [d for d in match[1].split("; ") if d not in _USUAL and not d.startswith("font-family")]
    return f' style="{";".join(d.replace(": ", ":") for d in kept)}"' if kept else ""
