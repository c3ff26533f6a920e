"""Contours → a small map that says where a quarter stands among the others. Owns the projection and the drawing.

Refuses to read files (`files` does) and to need a geographic library: quarters are small, so degrees shortened by the cosine of
the latitude are as good as a projection here. Zones are found by their code, never by their name. Without contours, no map.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import cos, radians

import numpy as np

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
from cvanalysis.display.figures.marks import Look, Palette, look
from cvanalysis.files.contours import Outline

_NAME = 12
_LARGEST = 300
"""Height of the map at most, in pixels of the figure."""
_POINTS = 4000
"""Points of the map at most: more could not be told apart, and would weigh on the page."""


@dataclass(frozen=True, slots=True)
class Contour:
    """A zone's outlines: closed rings of (longitude, latitude), outer ones and holes alike."""

    code: str
    nom: str
    rings: tuple[np.ndarray, ...]


def find_contours(outlines: Collection[Outline], noms: Mapping[str, str]) -> tuple[Contour, ...]:
    """The contours of the zones of `noms` (code → name), in that order, whichever property bears the code."""
    found: dict[str, list[np.ndarray]] = {}
    for outline in outlines:
        for code in noms:
            if code in outline.said:
                found.setdefault(code, []).extend(outline.rings)
    return tuple(Contour(code, noms[code], tuple(found[code])) for code in noms if found.get(code))


def draw_map(contours: Collection[Contour], sujet: str, palette: Palette) -> str:
    """SVG of the subject among the others, or '' where its contour is not known. North is up; the scale is drawn."""
    if not any(c.code == sujet for c in contours):
        return ""
    shown = _around(contours, sujet)
    points = np.concatenate([ring for c in shown for ring in c.rings])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    shrink = cos(radians((south + north) / 2))
    across, up = max((east - west) * shrink, 1e-4), max(north - south, 1e-4)
    ratio = min((WIDTH - 24) / across, _LARGEST / up)
    left = (WIDTH - across * ratio) / 2
    canvas = Canvas()
    other, mine = look("autre", palette), look("sujet", palette)
    nom = next(c.nom for c in shown if c.code == sujet)
    top = _legend(canvas, nom, len(shown) - 1, mine, other)

    def place(ring: np.ndarray) -> np.ndarray:
        return np.column_stack((left + (ring[:, 0] - west) * shrink * ratio, top + (north - ring[:, 1]) * ratio))

    most = _POINTS // len(shown)
    for contour in shown:
        if contour.code != sujet:
            canvas.shape([place(r) for r in _simplify(contour.rings, ratio, most)], FAINT, other.colour, 1)
    for contour in shown:
        if contour.code == sujet:
            canvas.shape([place(r) for r in _simplify(contour.rings, ratio, most)], mine.colour, mine.colour, 2)
    _name_others(canvas, {c.nom: np.concatenate([place(r) for r in c.rings]) for c in shown}, nom, top + up * ratio)
    height = top + up * ratio + 24
    _scale_bar(canvas, ratio, height)
    return canvas.svg(height + 22)


def describe_map(contours: Collection[Contour], sujet: str) -> str:
    """The map's alternative: the subject, how many others are drawn, and where it stands among them."""
    shown = _around(contours, sujet)
    centres = {c.code: np.concatenate(c.rings).mean(axis=0) for c in shown}
    mine = next(c for c in shown if c.code == sujet)
    others = [c for c in shown if c.code != sujet]
    if not others:
        return f"Carte\u00a0: contour du quartier {mine.nom}."
    east, north = centres[sujet] - np.mean([centres[c.code] for c in others], axis=0)
    side = ("le nord" if north > 0 else "le sud") if abs(north) > abs(east) else ("l’est" if east > 0 else "l’ouest")
    near = min(others, key=lambda c: (float(np.hypot(*(centres[c.code] - centres[sujet]))), c.code))
    count = f"{len(others)} autre{'s' if len(others) > 1 else ''} quartier{'s' if len(others) > 1 else ''}"
    where = f"vers {side} de l’ensemble dessiné ({count})\u00a0; le plus proche est {near.nom}"
    return f"Carte\u00a0: contour du quartier {mine.nom}, {where}."


def _around(contours: Collection[Contour], sujet: str) -> list[Contour]:
    """The subject and what is not too far to be drawn with it: a quarter 60 km away would make a dot of all others."""
    mine = next(np.concatenate(c.rings).mean(axis=0) for c in contours if c.code == sujet)
    return [c for c in contours if float(np.abs(np.concatenate(c.rings).mean(axis=0) - mine).max()) < 0.4]


def _simplify(rings: Collection[np.ndarray], ratio: float, most: int) -> list[np.ndarray]:
    """Rings without the points that stand where the last one does, to half a pixel; of those that still have too many, one in so many."""
    seen = []
    for ring in rings:
        moved = (np.diff(np.round(ring * ratio * 2), axis=0) != 0).any(axis=1)
        moved[-1] = True
        seen.append(ring[np.concatenate(([True], moved))])
    seen.sort(key=len, reverse=True)
    one_in = -(-sum(map(len, seen)) // most)
    thin = [np.vstack((ring[:-1:one_in], ring[-1:])) for ring in seen]
    return [ring for ring in thin if len(ring) >= 4] or thin[:1]


def _legend(canvas: Canvas, nom: str, others: int, mine: Look, other: Look) -> float:
    """Who is who, above the map, where no contour can be under the words; returns where the map starts."""
    y = 12.0
    rows = wrap(nom, (WIDTH - 24) / 1.1)
    canvas.box(2, y - 7, 15, 14, mine.colour)
    for i, text in enumerate(rows):
        canvas.words(24, y + i * line_height(LABEL), text, bold=True)
    y += line_height(LABEL) * len(rows) + 3
    if others:
        canvas.box(2, y - 7, 15, 14, FAINT, other.colour)
        canvas.words(24, y, "Autres quartiers", SMALL, GREY)
        y += 22
    return y


def _name_others(canvas: Canvas, places: Mapping[str, np.ndarray], sujet: str, foot: float) -> None:
    """The other quarters' names, under or over their contour where nothing else stands; the rest is not named."""
    taken = [(*points.min(axis=0), *points.max(axis=0)) for points in places.values()]
    for nom, points in places.items():
        if nom == sujet:
            continue
        (left, above), (right, under) = points.min(axis=0), points.max(axis=0)
        rows = wrap(nom, 120, _NAME)
        half, tall = max(text_width(text, _NAME) for text in rows) / 2 + 2, line_height(_NAME) * len(rows)
        x = min(max((left + right) / 2, half + 2), WIDTH - half - 2)
        for y in (under + 3, above - tall - 3):
            box = (x - half, y, x + half, y + tall)
            if y < 0 or y + tall > foot + 14 or any(_touch(box, other) for other in taken):
                continue
            for i, text in enumerate(rows):
                canvas.words(x, y + (i + 0.5) * line_height(_NAME), text, _NAME, GREY, at="center")
            taken.append(box)
            break


def _touch(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scale_bar(canvas: Canvas, ratio: float, y: float) -> None:
    kilometre = ratio / 111.32
    length = next((k for k in (10, 5, 2, 1) if k * kilometre < WIDTH / 3), 0.5)
    canvas.line([12, 12 + length * kilometre], [y, y], RULE, 2)
    canvas.words(18 + length * kilometre, y, f"{str(length).replace('.', ',')}\u00a0km", SMALL, GREY)
    canvas.words(WIDTH - 2, y, "Le nord est en haut", SMALL, GREY, at="right")
