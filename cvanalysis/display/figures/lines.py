"""Values over years: lines on one Axes, each named at its end, or a small panel for each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from matplotlib.axes import Axes

from cvanalysis.constat.shape import Figure, Serie, Valeur
from cvanalysis.display.figures.marks import FAINT, GREY, PALE, RULE, Look, Palette, look, looks
from cvanalysis.display.figures.sheet import (
    LINE,
    WIDTH,
    PlainAxes,
    known,
    open_axes,
    put_absence,
    put_marks,
    round_scale,
    say_mark,
    size_of,
    widest,
    wrap,
)
from cvanalysis.display.figures.svg import measure

NAMED = 7
"""Series up to which each is named at the end of its line; beyond, the other quarters are a grey background."""
_YEAR = re.compile(r"\d{4}")
_TALL, _PANEL, _SIDE = 190, 58, 24


def places(data: Figure) -> dict[str, float]:
    """Label → where it stands on the axis of time: to scale for years, one after the other for anything else."""
    times = list(dict.fromkeys(p.etiquette for s in data.series for p in s.points))
    if all(_YEAR.fullmatch(t) for t in times):
        return {t: float(t) for t in sorted(times)}
    return {t: float(i) for i, t in enumerate(times)}


def lines(data: Figure, *, ax: Axes | None = None, palette: Palette = {}, width: float = WIDTH) -> Axes:  # noqa: B006
    """Draw `lignes` on `ax` (one of its own by default), broken where a year is missing or the source changed; returns the Axes.

    Those of `facettes` are insets of that Axes.
    """
    if data.facettes:
        return _panels(data, ax, palette, width)
    series, xs = data.series, places(data)
    quiet = [len(series) > NAMED and s.role == "autre" for s in series]
    shown = [s for s, aside in zip(series, quiet, strict=True) if not aside]
    seen = dict(zip((s.nom for s in shown), looks([s.role for s in shown], palette), strict=True))
    values = [p.valeur for s in series for p in s.points]
    scale = round_scale(values, zero=data.zero, calm=True, wanted=3)
    gone = any(v.valeur is None for v in values)
    left, aside = widest(scale.said) + 10, 0.36 * width
    tall = _TALL if known(values) else 40
    ax = open_axes(ax, width, tall, (left, aside, 36 if gone else 24), data.axe)
    ends = (min(xs.values()), max(xs.values())) if xs else (0, 1)
    room = (ends[1] - ends[0] or 1) * 0.06
    ax.set_xlim(ends[0] - room, ends[1] + room)
    ax.set_ylim(scale.low, scale.high)
    ax.yaxis.grid(visible=True)  # before there are ticks: each would be told
    ax.set_yticks(scale.ticks, scale.said)
    _put_times(ax, xs, pad=14 if gone else 4)
    for (_, before), (time, after) in pairwise(sorted(xs.items(), key=lambda place: place[1])):
        if time in data.ruptures:  # the source changed somewhere between the two
            ax.axvline((before + after) / 2, color=RULE, linestyle=(0, (2, 3)), linewidth=1)
    for serie, faint in sorted(zip(series, quiet, strict=True), key=lambda pair: pair[0].role != "sujet"):
        _line(ax, serie, None if faint else seen[serie.nom], xs, data.ruptures)
    _say_start(ax, shown, xs)
    _name_ends(ax, [(s, seen[s.nom]) for s in shown], xs, aside)
    return ax


def _put_times(ax: Axes, xs: Mapping[str, float], pad: float) -> None:
    """A tick for each time; where two would touch the later is not said, but for the last."""
    low, high = ax.get_xlim()
    point = size_of(ax)[0] / (high - low)
    said, reached = {}, -1e9
    for i, (time, x) in enumerate(xs.items()):
        half = measure(time) / 2 + 3
        last = i == len(xs) - 1
        if last:
            said = {
                other: place for other, place in said.items() if (x - place) * point > half + measure(other) / 2 + 3
            }
        if last or (x * point - half) > reached:
            said[time] = x
            reached = x * point + half
    narrow = min((b - a for a, b in pairwise(said.values())), default=high - low) * point
    labels = [time if _YEAR.fullmatch(time) else "\n".join(wrap(time, max(narrow - 6, 50))) for time in said]
    if pad > 4:
        ax.tick_params(axis="x", pad=pad)
    ax.set_xticks(list(said.values()), labels)


def _known(serie: Serie, xs: Mapping[str, float]) -> list[tuple[float, Valeur]]:
    return sorted(
        ((xs[p.etiquette], p.valeur) for p in serie.points if p.valeur.valeur is not None), key=lambda place: place[0]
    )


def _line(ax: Axes, serie: Serie, this: Look | None, xs: Mapping[str, float], ruptures: Sequence[str]) -> None:
    """One line and its marks; what is missing stands under the axis: on it, it would be read as a zero."""
    nan = float("nan")
    x, y = [], []
    for point in sorted(serie.points, key=lambda p: xs[p.etiquette]):
        if point.etiquette in ruptures:
            x.append(nan)
            y.append(nan)
        x.append(xs[point.etiquette])
        y.append(float(point.valeur.valeur) if point.valeur.dite else nan)
    if this is None:
        ax.plot(x, y, color=PALE, linewidth=1, label=serie.nom)
        return
    dash = (0, this.dash) if this.dash else "-"
    ax.plot(x, y, color=this.colour, linewidth=this.width, linestyle=dash, label=serie.nom)  # to find it by
    there = [(xs[p.etiquette], p.valeur) for p in serie.points if p.valeur.valeur is not None]
    put_marks(ax, there, [float(value.valeur) for _, value in there], replace(this, size=this.size * 0.75))
    # The subject's holes are always shown; those of a comparator only inside its line, where one would read through them.
    ends = [at for at, _ in there] or [0.0]
    for point in serie.points:
        at = xs[point.etiquette]
        if point.valeur.valeur is None and (serie.role in ("sujet", "autre") or min(ends) < at < max(ends)):
            put_absence(ax, at, -9 / size_of(ax)[1], point.valeur, transform=ax.get_xaxis_transform())


def _say_start(ax: Axes, shown: Sequence[Serie], xs: Mapping[str, float]) -> None:
    """The subject's first value (the last stands with its name), on the side where fewer other lines begin."""
    low, high = ax.get_ylim()
    point = (ax.get_xlim()[1] - ax.get_xlim()[0]) / size_of(ax)[0]
    for serie in shown:
        there = _known(serie, xs)
        if serie.role != "sujet" or len(there) < 2:
            continue
        (x, first), (_, second), *_ = there
        part = (first.valeur - low) / (high - low)
        # On the side that the line leaves free, if the frame has room there.
        up = part < 0.12 or (second.valeur <= first.valeur and part < 0.95)
        away = (11 if up else -11) * (high - low) / size_of(ax)[1]
        ax.text(x - 5 * point, first.valeur + away, say_mark(first), va="center", fontweight=600)


def _name_ends(ax: Axes, named: Sequence[tuple[Serie, Look]], xs: Mapping[str, float], aside: float) -> None:
    """Names and last values at the right, pushed apart where lines end close together, and tied to their end by a thin line."""
    across, tall = size_of(ax)
    low, high = ax.get_ylim()
    blocks = []
    for serie, this in named:
        for x, value in _known(serie, xs)[-1:]:
            weight = 600 if serie.role == "sujet" else 400
            text = wrap(f"{serie.nom} {say_mark(value)}", aside - 24, weight)
            if len(text) > 4:
                text = [*text[:3], f"… {say_mark(value)}"]
            blocks.append(((value.valeur - low) / (high - low) * tall, x, value.valeur, text, this, weight))
    blocks.sort(key=lambda block: (-block[0], block[3]))
    middles = spread([y for y, *_ in blocks], [LINE * len(text) + 2 for *_, text, _, _ in blocks], -30, tall + 14)
    left, right = ax.get_xlim()
    point = (right - left) / across
    for middle, (_, x, value, text, this, weight) in zip(middles, blocks, strict=True):
        y = low + middle / tall * (high - low)
        tie = [x + 6 * point, right + 5 * point, right + 12 * point]
        ax.plot(tie, [value, y, y], color=this.colour, linewidth=0.8, clip_on=False)
        ax.text(right + 15 * point, y, "\n".join(text), va="center", fontweight=weight)


def spread(wanted: Sequence[float], tall: Sequence[float], low: float, high: float) -> list[float]:
    """Middles as near as can be to those wanted (from high to low) for blocks that may not overlap."""
    out, free = [], high
    for middle, height in zip(wanted, tall, strict=True):
        out.append(min(middle, free - height / 2))
        free = out[-1] - height / 2
    floor = low
    for i in range(len(out) - 1, -1, -1):
        out[i] = max(out[i], floor + tall[i] / 2)
        floor = out[i] + tall[i] / 2
    return out


def _panels(data: Figure, ax: Axes | None, palette: Palette, width: float) -> Axes:
    """Small multiples, three abreast: each series over the band from the lowest to the highest, on the axes of all."""
    xs, abreast = places(data), 3 if width < 500 else 5
    values = [p.valeur for s in data.series for p in s.points]
    scale = round_scale(values, zero=data.zero, calm=True)
    wide = width / abreast
    titles = [wrap(s.nom, wide - 10) for s in data.series]
    levels = range(0, len(titles), abreast)
    heads = [max(map(len, titles[i : i + abreast])) * LINE + 24 for i in levels]
    whole = sum(heads) + len(heads) * (_PANEL + 30)
    ax = open_axes(ax, width, whole, (0, 0, 2), data.axe)
    ax.set_axis_off()
    at = {time: known(p.valeur for s in data.series for p in s.points if p.etiquette == time) for time in xs}
    band = [(xs[time], min(found), max(found)) for time, found in at.items() if found]
    ends = (min(xs.values()), max(xs.values()))
    for i, (serie, title) in enumerate(zip(data.series, titles, strict=True)):
        top = sum(heads[: i // abreast + 1]) + i // abreast * (_PANEL + 30)
        left, inside = (i % abreast * wide + _SIDE) / width, wide - 2 * _SIDE
        box = (left, 1 - (top + _PANEL) / whole, inside / width, _PANEL / whole)
        panel = ax.inset_axes(box, axes_class=PlainAxes)
        panel.set_axis_off()
        panel.set_xlim(*ends) if ends[0] < ends[1] else None
        panel.set_ylim(scale.low, scale.high)
        if band:
            panel.fill_between(*zip(*band, strict=True), color=FAINT, linewidth=0, clip_on=False)
        panel.axhline(scale.low, color=RULE, linewidth=1)
        role = "sujet" if serie.role == "autre" else serie.role
        _line(panel, serie, replace(look(role, palette), size=8, width=2, dash=None), xs, data.ruptures)
        place = {"transform": panel.transAxes, "va": "bottom", "fontweight": 600}
        panel.text((2 - _SIDE) / inside, 1 + 19 / _PANEL, "\n".join(title), **place)
        there = _known(serie, xs)
        for x, value in dict.fromkeys((*there[:1], *there[-1:])):
            up = value.valeur + 10 * (scale.high - scale.low) / _PANEL
            panel.text(x, up, say_mark(replace(value, unite="")), ha="center", va="center")  # said once for all
        under = {"transform": panel.get_xaxis_transform(), "ha": "center", "va": "center", "color": GREY}
        for time in dict.fromkeys((next(iter(xs)), list(xs)[-1])):
            panel.text(xs[time], -20 / _PANEL, time, **under)
    return ax
