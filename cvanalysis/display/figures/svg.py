"""A matplotlib backend that writes little: SVG for the inside of a page, where it finds the page's font. Refuses to lay anything out.

What an Axes holds is written as it is, with attributes instead of styles (a page's policy asks nothing of them), tenths of a pixel, no
group, no clip and no name but those that marks and hatches need, which begin with the figure's own.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import font_manager
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from cvanalysis.display import font

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1d2733"
_ASCENT, _DESCENT = 0.95, 0.25
_UNITS = 1000


@lru_cache(maxsize=2)
def _advances(weight: int) -> dict[str, float]:
    """Letter → its width as a part of the font's size, as the font says."""
    face = font_manager.get_font(str(font.files()[weight][0]))
    face.set_size(_UNITS, 72)
    return {chr(code): face.load_char(code, flags=2).linearHoriAdvance / 65536 / _UNITS for code in face.get_charmap()}


@lru_cache(maxsize=8192)
def measure(text: str, size: float = 13, weight: str | int = 400) -> float:
    """Width of a line of text in the font of the pages, in points. A letter that it has not is as wide as an M."""
    known = _advances(600 if str(weight) in ("bold", "semibold", "600", "700") else 400)
    widest = known["M"]
    return size * sum(known.get(letter, widest) for letter in text)


class _Writer(RendererBase):
    def __init__(self, width: float, height: float, key: str) -> None:
        super().__init__()
        self.width, self.height, self._key = width, height, key
        self._flip = Affine2D().scale(1, -1).translate(0, height)
        self.body: list[str] = []
        self.defs: dict[str, str] = {}

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def flipy(self) -> bool:
        return True

    def points_to_pixels(self, points: float) -> float:
        return points

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        size = prop.get_size_in_points()
        return measure(s, size, prop.get_weight()), size * (_ASCENT + _DESCENT), size * _DESCENT

    def _get_font_height_metrics(self, prop: Any) -> tuple[float, float, float]:
        size = prop.get_size_in_points()
        return size * _ASCENT, size * _DESCENT, 0.0

    def draw_path(self, gc: Any, path: Path, transform: Any, rgbFace: Any = None) -> None:
        d = _letters(path, transform + self._flip)
        look = self._look(gc, rgbFace)
        if d and look:
            self.body.append(f'<path d="{d}"{look}/>')

    def draw_markers(self, gc: Any, marker_path: Path, marker_trans: Any, path: Path, trans: Any, rgbFace: Any = None) -> None:
        d = _letters(marker_path, marker_trans + Affine2D().scale(1, -1))
        name = self._named("m", f'<path id="{{}}" d="{d}"/>')
        places = path.transformed(trans + self._flip).vertices
        uses = "".join(f'<use href="#{name}" x="{_n(x)}" y="{_n(y)}"/>' for x, y in places if np.isfinite(x + y))
        if uses:
            self.body.append(f"<g{self._look(gc, rgbFace)}>{uses}</g>")

    def draw_text(self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None) -> None:  # fmt: skip
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

    def _look(self, gc: Any, face: Any) -> str:
        """Fill and stroke as attributes; '' where neither is seen."""
        hatch = gc.get_hatch_path()
        filled = face is not None and (len(face) < 4 or face[3] > 0)
        stroked = gc.get_linewidth() > 0 and gc.get_rgb()[3] > 0
        if not (filled or stroked or hatch):
            return ""
        fill = f"url(#{self._hatched(gc, hatch, face)})" if hatch is not None else to_hex(face) if filled else "none"
        out = f' fill="{fill}"'
        if stroked:
            width = gc.get_linewidth()
            out += f' stroke="{to_hex(gc.get_rgb())}"' + ("" if width == 1 else f' stroke-width="{_n(width)}"')
            _, dashes = gc.get_dashes()
            if dashes is not None:
                out += f' stroke-dasharray="{" ".join(map(_n, dashes))}"'
        return out

    def _hatched(self, gc: Any, hatch: Path, face: Any) -> str:
        d = _letters(hatch, Affine2D().scale(24, 24))
        line = f'<path d="{d}" stroke="{to_hex(gc.get_hatch_color())}" stroke-width="{_n(gc.get_hatch_linewidth())}"/>'
        ground = f'<rect width="24" height="24" fill="{to_hex(face) if face is not None else "#ffffff"}"/>'
        return self._named("h", f'<pattern id="{{}}" width="24" height="24" patternUnits="userSpaceOnUse">{ground}{line}</pattern>')

    def _named(self, kind: str, definition: str) -> str:
        return self.defs.setdefault(definition, f"{self._key}{kind}{len(self.defs)}")


def write_svg(sheet: Figure, key: str) -> tuple[float, float, str]:
    """(width, height, inside of an `<svg>`) of a figure made at 72 points an inch; `key` begins the ids that it needs."""
    width, height = (float(side) * 72 for side in sheet.get_size_inches())
    out = _Writer(width, height, key)
    sheet.patch.set_visible(False)  # a page is its ground
    sheet.draw(out)
    defs = "".join(definition.format(name) for definition, name in out.defs.items())
    return width, height, (f"<defs>{defs}</defs>" if defs else "") + "".join(out.body)


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
    return said[:-2] if said.endswith(".0") else said
