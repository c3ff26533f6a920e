"""Contours → small maps: where a quarter stands among the others, and all of them by name. Owns the projection and the drawing.

Refuses to read files (`files` does) and to need a geographic library: quarters are small, so degrees shortened by the cosine of
the latitude are as good as a projection here. Zones are found by their code, never by their name. Without contours, no map.
"""

import re
import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import cos, radians

import numpy as np

from cvanalysis.files.contours import Outline
from cvanalysis.files.keys import grouped
from cvanalysis.french import enumerate_french, typeset, with_unit
from cvanalysis.textes import label

LOCATOR, OVERVIEW = (300, 260, 6, 0), (358, 420, 24, 1)
"""Of each map: width, greatest height, margin, decimals of its places. The overview is in the pixels of the narrowest screen."""
_POINTS = 4000
"""Points of a map at most: more could not be told apart, and would weigh on the page."""
_FAR = 0.4
"""Degrees from the others beyond which a quarter is left out: it would make dots of them."""
_NAME, _LETTER = 14, 6.4
"""Height of a line of a name on the map, about the width of its letters."""
_RELATION = re.compile(r"QN(?:\d{3}|02[AB])\d{2}([IMN])")

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Contour:
    """A zone's outlines: closed rings of (longitude, latitude), outer ones and holes alike. `lien` tells its relation to 2015 (I, M or
    N; '' where no code of 2024 says it), `source` whose they are."""

    code: str
    nom: str
    rings: tuple[np.ndarray, ...]
    lien: str = ""
    source: str = ""

    @property
    def centre(self) -> np.ndarray:
        return np.concatenate(self.rings).mean(axis=0)


def find_contours(outlines: Collection[Outline], noms: Mapping[str, str]) -> tuple[Contour, ...]:
    """The contours of the zones of `noms` (code → name), in that order, whichever property bears the code."""
    found = grouped((code, outline) for outline in outlines for code in outline.said & noms.keys())
    return tuple(_contour(code, noms[code], found[code]) for code in noms if code in found)


def _contour(code: str, nom: str, outlines: list[Outline]) -> Contour:
    relations = {letter for one in outlines for said in one.said for letter in _RELATION.findall(said)}
    sources = sorted({one.source for one in outlines} - {""})
    rings = tuple(ring for one in outlines for ring in one.rings)
    return Contour(code, nom, rings, relations.pop() if len(relations) == 1 else "", " ; ".join(sources))


def locator(contours: Collection[Contour], sujet: str) -> str:
    """Inline SVG of the subject (class `ici`) among the others (`la`), or '' where its contour is not known. North is up."""
    if not any(one.code == sujet for one in contours):
        return ""
    shown = _around(contours, next(one.centre for one in contours if one.code == sujet))
    frame = _Frame(shown, *LOCATOR)
    others, mine = (
        "".join(frame.path(one) for one in shown if (one.code == sujet) is wanted) for wanted in (False, True)
    )
    drawn = f'<path class="la" d="{others}"/><path class="ici" d="{mine}"/>'
    return _svg("situe", frame, 'role="img"', describe_map(contours, sujet), drawn)


def overview(contours: Collection[Contour], liens: Mapping[str, str]) -> str:
    """Inline SVG of all the quarters, each with its name and its link (code → address); '' without contours. Its links stand again in
    the list that goes with it: a keyboard need not pass through both. A name that finds no room is left to that list."""
    if not contours:
        return ""
    shown = _around(contours, np.median([one.centre for one in contours], axis=0))
    frame = _Frame(shown, *OVERVIEW)
    boxes = {one.code: frame.box(one) for one in shown}
    taken = list(boxes.values())
    drawn = []
    for one in sorted(shown, key=lambda one: (boxes[one.code][3], one.code)):
        part = f'<path class="la" d="{frame.path(one)}"/>'
        part += "".join(
            f'<text x="{x:.0f}" y="{y:.0f}">{escape(line)}</text>'
            for x, y, line in _place(typeset(one.nom), boxes[one.code], taken, frame)
        )
        lien = liens.get(one.code, "")
        name = escape(typeset(one.nom))
        drawn.append(f'<a href="{escape(lien)}" tabindex="-1" aria-label="{name}">{part}</a>' if lien else part)
    return _svg("plan", frame, 'role="group"', describe_map(shown), "".join(drawn) + frame.scale())


def describe_map(contours: Collection[Contour], sujet: str = "") -> str:
    """A map's words for who does not see it: how many quarters; where the subject stands among them, and its nearest."""
    others = [one for one in contours if one.code != sujet]
    mine = next((one for one in contours if one.code == sujet), None)
    count = with_unit(len(contours), "quartiers")
    if mine is None or not others:
        return typeset(label("affichage.carte.tous", nombre=count))
    east, north = mine.centre - np.mean([one.centre for one in others], axis=0)
    side = ("nord" if north > 0 else "sud") if abs(north) > abs(east) else ("est" if east > 0 else "ouest")
    near = min(others, key=lambda one: (float(np.hypot(*(one.centre - mine.centre))), one.code))
    cote = label(f"affichage.carte.{side}")
    return typeset(label("affichage.carte.sujet", nom=mine.nom, cote=cote, nombre=count, voisin=near.nom))


def tell_contours(contours: Collection[Contour], sujet: str = "") -> str:
    """What is said under a map: whose contours they are, and which quarters of 2015 they change (only the subject, where there is one)."""
    asked = [one for one in contours if sujet in ("", one.code)]
    said = [label("affichage.carte.source", source=source) for source in sorted({one.source for one in asked} - {""})]
    moved, kept = ([one.nom for one in asked if one.lien == letter] for letter in "MI")
    ours = (
        "_2024" if any(one.code.startswith("QN") for one in asked) else ""
    )  # figures bear on the contract's own perimeters
    if sujet:
        keys = ([f"modifie_ici{ours}"] if moved else []) + (["inchange_ici"] if kept else [])
        said += [label(f"affichage.carte.{key}") for key in keys]
    elif moved:
        numbers = {"nombre": len(moved), "total": len(asked), "noms": enumerate_french(moved)}
        said.append(label(f"affichage.carte.modifies{ours}", **numbers))
    elif kept:
        said.append(label("affichage.carte.inchanges"))
    return typeset(" ".join(said))


def _around(contours: Collection[Contour], middle: np.ndarray) -> list[Contour]:
    """Those that are not too far from the middle to be drawn with it, or all where none would be left."""
    return [one for one in contours if float(np.abs(one.centre - middle).max()) < _FAR] or list(contours)


class _Frame:
    """Degrees → the pixels of one map."""

    def __init__(self, shown: Collection[Contour], width: int, highest: int, margin: int, decimals: int) -> None:
        points = np.concatenate([ring for one in shown for ring in one.rings])
        (self.west, south), (east, self.north) = points.min(axis=0), points.max(axis=0)
        self.shrink = cos(radians((south + self.north) / 2))
        across, up = max((east - self.west) * self.shrink, 1e-4), max(self.north - south, 1e-4)
        self.ratio = min((width - 2 * margin) / across, (highest - 2 * margin) / up)
        self.left, self.top = (width - across * self.ratio) / 2, margin
        self.width, self.height = width, round(up * self.ratio + 2 * margin)
        self.decimals = decimals
        self.most = max(_POINTS // len(shown), 4)

    def place(self, ring: np.ndarray) -> np.ndarray:
        x = self.left + (ring[:, 0] - self.west) * self.shrink * self.ratio
        return np.column_stack((x, self.top + (self.north - ring[:, 1]) * self.ratio))

    def box(self, one: Contour) -> Box:
        points = np.concatenate([self.place(ring) for ring in one.rings])
        return (*points.min(axis=0), *points.max(axis=0))

    def path(self, one: Contour) -> str:
        """A quarter as one path, without the points that stand where the one before does; of too many points, one in so many, and
        the rings that have none left go."""
        one_in = -(-sum(map(len, one.rings)) // self.most)
        rings = sorted((ring[::one_in] for ring in one.rings), key=len, reverse=True)
        return "".join(self._ring(self.place(ring)) for n, ring in enumerate(rings) if not n or len(ring) > 2)

    def _ring(self, points: np.ndarray) -> str:
        places = np.round(points, self.decimals)
        steps = np.round(np.diff(places, axis=0), self.decimals)
        return f"M{_pair(places[0])}l" + " ".join(_pair(step) for step in steps if step.any()) + " 0 0z"

    def scale(self) -> str:
        """One kilometre, or as many as fill a fair part of the map, in the corner."""
        kilometre = self.ratio / 111.32
        length = next((k for k in (10, 5, 2, 1) if k * kilometre < self.width / 4), 1)
        line = f'<path class="echelle" d="M6 {self.height - 6}h{length * kilometre:.0f}"/>'
        return f'{line}<text class="km" x="{12 + length * kilometre:.0f}" y="{self.height - 2}">{length}\u00a0km</text>'


def _pair(point: np.ndarray) -> str:
    return " ".join(f"{value + 0.0:g}" for value in point).replace(" -", "-")


def _place(nom: str, own: Box, taken: list[Box], frame: _Frame) -> Iterator[tuple[float, float, str]]:
    """Where the lines of a name stand (middle, foot): under, over or beside its contour, wherever nothing else stands."""
    for breadth in (22, 16):
        parts = re.split(r"(?<= [-–])\s", nom)
        rows = [row for part in parts for row in textwrap.wrap(part, breadth, break_on_hyphens=False)]
        half, tall = max(map(len, rows)) * _LETTER / 2, len(rows) * _NAME
        middle, level = (own[0] + own[2]) / 2, (own[1] + own[3] - tall) / 2
        sides = [
            (middle, own[3] + 1),
            (middle, own[1] - tall - 1),
            (own[2] + half + 3, level),
            (own[0] - half - 3, level),
        ]
        sides += [(middle + way * half * 0.8, y) for _, y in sides[:2] for way in (-1, 1)]
        for x, y in sides:
            x = min(max(x, half + 2), frame.width - half - 2)
            box = (x - half, y, x + half, y + tall)
            if y >= 0 and y + tall <= frame.height - 16 and not any(_touch(box, other) for other in taken):
                taken.append(box)
                yield from ((x, y + (i + 0.75) * _NAME, line) for i, line in enumerate(rows))
                return


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _svg(kind: str, frame: _Frame, role: str, words: str, drawn: str) -> str:
    box = f"0 0 {frame.width} {frame.height}"
    return f'<svg class="{kind}" viewBox="{box}" {role} aria-label="{escape(words)}">{drawn}</svg>'
