"""A matplotlib backend that writes little: SVG for the inside of a page, where it finds the page's font. Refuses to lay anything out.

What an Axes holds is written as it is: paths and words, with attributes instead of styles, in tenths of a pixel. There is no group, no
clip, no reference and no id, so that drawings share a page without knowing each other and nothing in them can load or run.
"""

from functools import lru_cache
from html import escape
from typing import Any

import numpy as np
from matplotlib import font_manager
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from cvanalysis.display import font

INK = "#1d2733"
_ASCENT, _DESCENT = 0.83, 0.19
_UNITS = 1000


@lru_cache(maxsize=2)
def _advances(weight: int) -> dict[str, float]:
    """Letter → its width as a part of the font's size, as the font says."""
    face = font_manager.get_font(str(font.files()[weight][0]))
    face.set_size(_UNITS, 72)
    return {
        chr(code): face.load_char(code, flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / _UNITS
        for code in face.get_charmap()
    }


@lru_cache(maxsize=8192)
def measure(text: str, size: float = 13, weight: str | int = 400) -> float:
    """Width of a line of text in the font of the pages, in points. A letter that it has not is as wide as an M."""
    known = _advances(600 if str(weight) in ("bold", "semibold", "600", "700") else 400)
    widest = known["M"]
    return size * sum(known.get(letter, widest) for letter in text)


class _Writer(RendererBase):
    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self._flip = Affine2D().scale(1, -1).translate(0, height)
        self.body: list[str] = []

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        size = prop.get_size_in_points()
        return measure(s, size, prop.get_weight()), size * (_ASCENT + _DESCENT), size * _DESCENT

    def _get_font_height_metrics(self, prop: Any) -> tuple[float, float, float]:
        size = prop.get_size_in_points()
        return size * _ASCENT, size * _DESCENT, 0.0

    def draw_path(self, gc: Any, path: Path, transform: Any, rgbFace: Any = None) -> None:  # noqa: N803 (matplotlib's name)
        placed = transform + self._flip
        self._put(gc, _letters(path, placed), rgbFace)
        if gc.get_hatch_path() is not None:
            (x0, y0), (x1, y1) = path.get_extents(placed).get_points()
            colour, width = to_hex(gc.get_hatch_color()), _n(gc.get_hatch_linewidth())
            self.body.append(f'<path d="{_hatches(x0, y0, x1, y1)}" stroke="{colour}" stroke-width="{width}"/>')

    def draw_markers(
        self,
        gc: Any,
        marker_path: Path,
        marker_trans: Any,
        path: Path,
        trans: Any,
        rgbFace: Any = None,  # noqa: N803
    ) -> None:
        places = [(x, y) for x, y in path.transformed(trans + self._flip).vertices if np.isfinite(x + y)]
        if len(marker_path.vertices) == len(Path.unit_circle().vertices):
            radius = abs(marker_trans.transform((1, 0))[0] - marker_trans.transform((0, 0))[0])
            r, across = _n(radius), _n(2 * radius)
            arcs = f"a{r} {r} 0 1 0 {across} 0a{r} {r} 0 1 0-{across} 0z"
            d = "".join(f"M{_n(x - radius)} {_n(y)}{arcs}" for x, y in places)
        else:
            upright = marker_trans + Affine2D().scale(1, -1)
            d = "".join(_letters(marker_path, upright + Affine2D().translate(x, y)) for x, y in places)
        self._put(gc, d, rgbFace)

    def _put(self, gc: Any, d: str, face: Any) -> None:
        filled = face is not None and (len(face) < 4 or face[3] > 0)
        stroked = gc.get_linewidth() > 0 and gc.get_rgb()[3] > 0
        if not d or not (filled or stroked):
            return
        out = f' fill="{to_hex(face) if filled else "none"}"'
        if stroked:
            width, (_, dashes) = gc.get_linewidth(), gc.get_dashes()
            out += f' stroke="{to_hex(gc.get_rgb())}"' + ("" if width == 1 else f' stroke-width="{_n(width)}"')
            out += f' stroke-dasharray="{" ".join(map(_n, dashes))}"' if dashes is not None else ""
        self.body.append(f'<path d="{d}"{out}/>')

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        more = ""
        if mtext is not None and not angle and (side := mtext.get_ha()) != "left":
            x = mtext.get_transform().transform(mtext.get_unitless_position())[0]
            more = f' text-anchor="{"end" if side == "right" else "middle"}"'
        if angle:
            more = f' transform="rotate({_n(-angle)} {_n(x)} {_n(y)})"'
        size, colour = prop.get_size_in_points(), to_hex(gc.get_rgb())
        if size != 13:
            more += f' font-size="{_n(size)}"'
        if colour != INK:
            more += f' fill="{colour}"'
        if str(prop.get_weight()) not in ("400", "normal", "regular"):
            more += ' font-weight="600"'
        self.body.append(f'<text x="{_n(x)}" y="{_n(y)}"{more}>{escape(s, quote=False)}</text>')


def write_svg(sheet: Figure) -> tuple[float, float, str]:
    """(width, height, inside of an `<svg>`) of a figure made at 72 points an inch."""
    width, height = (float(side) * 72 for side in sheet.get_size_inches())
    out = _Writer(width, height)
    sheet.patch.set_visible(False)  # a page is its ground
    sheet.draw(out)
    return width, height, "".join(out.body)


def _hatches(x0: float, y0: float, x1: float, y1: float) -> str:
    sums = np.arange(x0 + y0 + 3, x1 + y1, 6)
    return "".join(
        f"M{_n(min(x1, at - y0))} {_n(max(y0, at - x1))}L{_n(max(x0, at - y1))} {_n(min(y1, at - x0))}" for at in sums
    )


_CODES = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}


def _letters(path: Path, transform: Any) -> str:
    """A path as SVG writes it: lines across and down in their own letters, absolute, in tenths of a pixel."""
    out, last = [], ("", "")
    for points, code in path.iter_segments(transform, simplify=False, curves=True, remove_nans=True):
        if code == Path.CLOSEPOLY:
            out.append("z")
            continue
        if code == Path.STOP:
            break
        said = [_n(one) for one in points]
        if code == Path.LINETO and said[1] == last[1]:
            out.append(f"H{said[0]}")
        elif code == Path.LINETO and said[0] == last[0]:
            out.append(f"V{said[1]}")
        else:
            out.append(_CODES[code] + " ".join(said))
        last = (said[-2], said[-1])
    return "".join(out)


def _n(number: float) -> str:
    said = f"{number:.1f}"
    return said.removesuffix(".0")
