"""What surrounds the marks of a figure: its sheet with fixed margins, its name and legend, its ticks, its labels. Refuses to draw a mark.

Sizes are points, which are the pixels of a page: text of 13 on a sheet of 358 (a phone's column) is never under 12 where it is shown.
"""

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Tick, XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import IdentityTransform

from cvanalysis.constat.shape import Valeur
from cvanalysis.display import font
from cvanalysis.display.figures.marks import ABSENCES, GREY, Look
from cvanalysis.display.figures.svg import measure
from cvanalysis.display.phrases import say
from cvanalysis.textes import block

WIDTH = 358
SIZE, LINE, ROW = 13, 16, 25
_GAP = 6


@cache
def house_style() -> dict[str, Any]:
    """Our style as checked values, once its font is known to matplotlib."""
    for ttf, _ in font.files().values():
        font_manager.fontManager.addfont(ttf)
    return dict(mpl.rc_params_from_file(Path(__file__).with_name("maison.mplstyle"), use_default_template=False))


@contextmanager
def styled() -> Iterator[None]:
    """Our style meanwhile: as `rc_context`, which would check it again for each figure."""
    ours = house_style()
    kept = {key: dict.__getitem__(mpl.rcParams, key) for key in ours}
    dict.update(mpl.rcParams, ours)
    try:
        yield
    finally:
        dict.update(mpl.rcParams, kept)


class _Plain:
    """What an Axis does for words that no figure of ours has (a name, till an analyst gives one, an offset) and to clip its ticks: half
    of the time of a small figure. What is drawn is the same."""

    minorTicks = ()  # noqa: N815 (matplotlib's name)

    def set_clip_path(self, path: object, transform: object = None) -> None:
        pass

    def set_tick_params(self, *which: object, **how: object) -> None:
        """Told before there is a tick, it makes none: those to come are made so."""
        lazy = "majorTicks" not in vars(self)
        if lazy:
            self.majorTicks = ()
        super().set_tick_params(*which, **how)
        if lazy:
            del self.majorTicks

    def _get_tick(self, major: bool) -> Tick:
        """Each is made of five drawings: those after the first are its copies."""
        if not self.majorTicks:
            return super()._get_tick(major)
        tick = copy(self.majorTicks[0])
        for part in ("tick1line", "tick2line", "gridline", "label1", "label2"):
            setattr(tick, part, copy(getattr(tick, part)))
        for said in (tick.label1, tick.label2):
            said.set_fontproperties(said.get_fontproperties())  # a copy
        return tick

    def _copy_tick_props(self, src: object, dest: object) -> None:
        """Of ticks made alike, nothing is to be copied."""

    def _update_label_position(self, renderer: object) -> None:
        if self.label.get_text():
            super()._update_label_position(renderer)

    def _update_offset_text_position(self, *_: object) -> None:
        pass


class _X(_Plain, XAxis):
    pass


class _Y(_Plain, YAxis):
    pass


class _Ground(Rectangle):
    """The ground of an Axes, asked where it stands by all that it may clip: it is its unit square."""

    def get_patch_transform(self) -> IdentityTransform:
        return IdentityTransform()


def picture(drawn: Figure | Axes) -> bytes:
    """A figure, or that of Axes, as PNG, two pixels for each of the page's, which is 736 wide."""
    out, dpi = io.BytesIO(), min(144, 1472 / drawn.figure.get_figwidth())
    drawn.figure.savefig(out, format="png", dpi=dpi, bbox_inches="tight", metadata={"Software": None})
    return out.getvalue()


class Sheet(Figure):
    """A sheet of ours. At the end of a cell it shows itself, whether or not pyplot was ever imported; so do its Axes."""

    _repr_png_ = picture


class PlainAxes(Axes):
    """The Axes of our own sheets; an analyst may give any other."""

    _repr_png_ = picture

    def _gen_axes_patch(self) -> Rectangle:
        return _Ground((0, 0), 1, 1)

    def _init_axis(self) -> None:
        super()._init_axis()
        self.xaxis.__class__, self.yaxis.__class__ = _X, _Y

    def _update_title_position(self, renderer: object) -> None:
        pass


def blank() -> Axes:
    """The Axes of a sheet of ours where nothing stands."""
    return Sheet(dpi=72).add_axes((0, 0, 1, 1), axes_class=PlainAxes)


BLANKS: list[Axes] = []
"""Some, made before the process that runs reports is forked: half of the time of a small figure."""


def open_axes(
    ax: Axes | None,
    width: float,
    height: float,
    around: tuple[float, float, float],
    name: str,
    keys: Sequence[tuple[str, Look | str]] = (),
) -> Axes:
    """The Axes that was given, or one on a sheet `width` wide that has `height` for its marks, and room `around` (left, right, below);
    its name and legend stand above."""
    left, right, below = around
    own = ax is None
    room = width if own else size_of(ax)[0]
    titled = wrap(name, room) if name else []
    columns, entries = _columns([label for label, _ in keys], room)
    deep = math.ceil(len(entries) / columns)
    lines = sum(max(entry.count("\n") + 1 for entry in entries[i::deep]) for i in range(deep))
    top = (len(titled) + lines) * LINE + (4 * deep + 4 if deep else 0) + _GAP
    if own:
        whole = top + height + below
        inside = (left / width, below / whole, 1 - (left + right) / width, height / whole)
        ax = BLANKS.pop() if BLANKS else blank()
        ax.figure.set_size_inches(width / 72, whole / 72)
        ax.set_position(inside)
        ax.set_in_layout(True)
    across, up = size_of(ax)
    start = -left / across if own else 0
    if titled:
        ax.text(start, 1 + top / up, "\n".join(titled), transform=ax.transAxes, va="top", color=GREY)
    if keys:
        handles, place = [_handle(look) for _, look in keys], (start, 1 + _GAP / up)
        ax.legend(handles, entries, ncols=columns, loc="lower left", bbox_to_anchor=place)
    return ax


def _columns(names: Sequence[str], width: float) -> tuple[int, list[str]]:
    """How many names of a legend stand abreast, and the names in lines that fit."""
    for columns in range(len(names), 1, -1):
        per = math.ceil(len(names) / columns)
        if sum(max(measure(n) for n in names[i * per : (i + 1) * per] or [""]) + 46 for i in range(columns)) <= width:
            return columns, list(names)
    return 1, ["\n".join(wrap(n, width - 40)) for n in names]


def _handle(look: Look | str) -> Line2D | Patch:
    return Patch(facecolor=look) if isinstance(look, str) else Line2D([], [], **look.mark(size=min(look.size, 10)))


def size_of(ax: Axes) -> tuple[float, float]:
    """Width and height of the inside of an Axes, in points."""
    per = 72 / ax.get_figure(root=True).dpi
    return ax.bbox.width * per, ax.bbox.height * per


def wrap(text: str, width: float, weight: int = 400) -> list[str]:
    """Lines of at most `width` points, cut at spaces, after a hyphen that stands in a long word, else where they must be."""
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if measure(longer, SIZE, weight) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        while len(word) > 1 and measure(word, SIZE, weight) > width:
            fit = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or measure(word[:n], SIZE, weight) <= width)
            joint = max(word.rfind(sign, 0, fit) for sign in "-_/") + 1
            lines.append(word[: joint or fit])
            word = word[joint or fit :]
        line = word
    return [*lines, line] if line or not lines else lines


def widest(texts: Iterable[str], weight: int = 400) -> float:
    return max((measure(line, SIZE, weight) for text in texts for line in text.split("\n")), default=0)


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of an axis just over its values, and its round ticks in words."""

    low: float
    high: float
    ticks: tuple[float, ...]
    said: tuple[str, ...]


def round_scale(values: Sequence[Valeur], *, zero: bool, calm: bool = False, wanted: int = 4) -> Scale:
    """An axis that holds its values; `zero` keeps 0 on it; about `wanted` ticks; `calm`: what hardly moved is seen so."""
    numbers = known(values)
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    elif calm and (missing := max(abs(low), abs(high)) / 4 - (high - low)) > 0:
        low, high = low - missing / 2, high + missing / 2
    if high - low <= max(abs(low), abs(high), 1) * 1e-6:
        low, high = (low - 1, high + 1) if low else (0.0, 1.0)
    room = (high - low) * 0.04
    low, high = low if zero and low == 0 else low - room, high if zero and high == 0 else high + room
    whole = all(number.is_integer() for number in numbers)  # nobody counts 2.5 actions
    found = _locator(wanted, whole).tick_values(low, high) if numbers and wanted else ()
    ticks = tuple(float(tick) for tick in found if low <= tick <= high)
    unit = next((v.unite for v in values if v.valeur is not None), "")
    decimals = next((d for d in (0, 1, 2) if all(abs(round(t, d) - t) < 1e-9 for t in ticks)), 3)
    said = (say(Valeur(tick, unite=unit if unit in ("%", "€") else "", decimales=decimals)) for tick in ticks)
    return Scale(low, high, ticks, tuple(said))


@cache
def _locator(wanted: int, whole: bool) -> MaxNLocator:
    return MaxNLocator(wanted, steps=[1, 2, 2.5, 5, 10], integer=whole, min_n_ticks=2)


def say_mark(value: Valeur) -> str:
    """A value beside its mark: the axis has named the unit, so that only the short ones are said again; doubt is one sign."""
    short = value if value.unite in ("%", "€", "") else replace(value, unite="")
    if value.valeur is None or value.dite:
        return say(short)
    return f"{say(replace(short, statut='publié'))} {block('affichage.marques')[value.statut]}"


def known(values: Iterable[Valeur]) -> list[float]:
    """The figures to be placed on an axis: suspects are drawn too, with their mark."""
    return [float(v.valeur) for v in values if v.valeur is not None]


def name_rows(
    ax: Axes, left: float, ys: Sequence[float], bottom: float, labels: Iterable[tuple[list[str], bool]], top: float = 0
) -> None:
    """Labels of rows as plain words, which cost a fifth of ticks; where an Axes was given, they stand left of it."""
    ax.set_ylim(bottom, top)
    ax.yaxis.set_visible(False)
    start = -left / size_of(ax)[0]
    for y, (lines, strong) in zip(ys, labels, strict=True):
        ax.text(
            start,
            y,
            "\n".join(lines),
            transform=ax.get_yaxis_transform(),
            va="center",
            fontweight=600 if strong else 400,
        )


def put_strokes(ax: Axes, strokes: Sequence[tuple[float, float, float]], colour: str, thick: float) -> None:
    """Level strokes (height, start, end) as one line with holes, which costs less than a collection."""
    xs = [x for _, start, end in strokes for x in (start, end, math.nan)]
    ys = [y for y, *_ in strokes for _ in range(3)]
    ax.plot(xs, ys, color=colour, linewidth=thick, clip_on=False)


def put_bars(ax: Axes, bars: Sequence[tuple[float, float, Valeur]], colour: str, thick: float, point: float) -> None:
    """Bars (height, start, value) of one colour; a suspect one is hatched, and seen however small."""
    put_strokes(ax, [(y, start, start + value.valeur) for y, start, value in bars if value.dite], colour, thick)
    for y, start, value in bars:
        if not value.dite:
            width = value.valeur or 6 * point
            ax.barh([y], [width], left=start, height=thick, facecolor="#ffffff", edgecolor=colour, hatch="//")


def put_absence(ax: Axes, x: float, y: float, value: Valeur, **how: object) -> None:
    """The mark of the reason for an absence; none for a word that stands for itself."""
    if value.statut in ABSENCES:
        ax.plot([x], [y], **ABSENCES[value.statut].mark(), **how)


def put_marks(ax: Axes, places: Sequence[tuple[float, Valeur]], at: Sequence[float], this: Look) -> None:
    """Marks of one series: full where a figure is published, hollow and crossed where it is suspect."""
    for sure in (True, False):
        there = [(x, y) for (x, value), y in zip(places, at, strict=True) if value.dite is sure]
        if there:
            xs, ys = zip(*there, strict=True)
            ax.plot(xs, ys, **this.mark(hollow=not sure))
            if not sure:
                ax.plot(xs, ys, **replace(this, marker="x").mark(hollow=True, size=this.size * 0.5))
