"""Contours of zones (`geo/*.geojson`): files → outlines in degrees, and what is wrong with each. Owns what a contour is; refuses to draw.

A contour that cannot be used costs the map, never a page: it is left out, and `check` and `build` name its file.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cvanalysis.errors import Problem
from cvanalysis.territory.declarations import UnreadableError, read_written

LARGEST = 32 << 20
"""Bytes of a file at most: all the quarters of France take half of it."""
_EXPECTED = "un GeoJSON (FeatureCollection) de polygones en degrés (WGS 84) est attendu"
_EXPORT = "Exportez-le de nouveau depuis le logiciel de cartes"


@dataclass(frozen=True, slots=True)
class Outline:
    """One feature: `said` are the words of its properties, one of which is its zone's code; `rings` are closed, (longitude, latitude);
    `source` is the property of that name, which says whose contours they are."""

    said: frozenset[str]
    rings: tuple[np.ndarray, ...]
    source: str = ""


Read = tuple[tuple[Outline, ...], tuple[Problem, ...], tuple[Problem, ...]]
"""Outlines, what is lost, what is only to be known."""


def contour_files(data: Path) -> list[Path]:
    """The files of contours of a data folder."""
    return sorted(path for path in (data / "geo").glob("*") if path.suffix.lower() == ".geojson")


def read_contours(path: Path) -> Read:
    """The outlines of one file."""
    fichier = f"{path.parent.name}/{path.name}"
    try:
        features, said = _features(path)
    except UnreadableError as error:
        return (), (Problem(fichier, 0, "", error.found, _EXPECTED, error.to_do or _EXPORT),), ()
    outlines, faults, remarks = [], Counter(), Counter([said] if said else [])
    for feature in features:
        try:
            rings = tuple(_close(ring, remarks) for ring in _rings(feature))
        except UnreadableError as error:
            faults[error.found] += 1
            continue
        if rings:
            outlines.append(Outline(frozenset(_words(feature).values()), rings, _words(feature).get("source", "")))
    if not outlines and not faults:
        faults["aucun polygone\u00a0: des points, peut-être, au lieu des contours"] += 1
    lost = (Problem(fichier, 0, "", _times(said, n), _EXPECTED, _EXPORT) for said, n in faults.items())
    return tuple(outlines), tuple(lost), tuple(Problem(fichier, 0, "", _times(said, n)) for said, n in remarks.items())


def _times(said: str, count: int) -> str:
    return said if count == 1 else f"{said} ({count} fois)"


def _features(path: Path) -> tuple[list[Any], str]:
    """The features of a file, and what is to be said of its encoding."""
    try:
        text, said = read_written(path, LARGEST)
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"ce n'est pas du JSON (ligne {error.lineno}, colonne {error.colno})") from None
    except RecursionError:
        raise UnreadableError("le JSON est imbriqué trop profondément") from None
    except ValueError:  # a number without end
        raise UnreadableError("ce n'est pas du JSON") from None
    if isinstance(parsed, dict) and parsed.get("type") == "Feature":
        parsed = {"features": [parsed]}
    if not isinstance(parsed, dict) or not isinstance(parsed.get("features"), list):
        raise UnreadableError("il n'a pas de liste « features »")
    return parsed["features"], said


def _words(feature: dict[str, Any]) -> dict[str, str]:
    properties = feature.get("properties")
    words = properties.items() if isinstance(properties, dict) else ()
    return {name: str(value).strip() for name, value in words if isinstance(value, str | int)}


def _rings(feature: Any) -> Iterator[np.ndarray]:
    """The rings of a feature's polygons; none where it is something else (a centroid)."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return
    polygons = geometry.get("coordinates")
    for polygon in [polygons] if geometry["type"] == "Polygon" else _listed(polygons):
        for ring in _listed(polygon):
            yield _points(_listed(ring))


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise UnreadableError("des coordonnées ne sont pas des listes")
    return value


def _points(ring: list[Any]) -> np.ndarray:
    try:
        points = np.asarray([position[:2] for position in ring], dtype=float)
    except (TypeError, ValueError, KeyError, OverflowError):
        raise UnreadableError("des coordonnées ne sont pas des nombres") from None
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise UnreadableError("des coordonnées ne sont pas des nombres")
    points = _from_lambert(points)
    others = points[(points != points[0]).any(axis=1)]
    if not (others != others[:1]).any():
        raise UnreadableError("un contour a moins de trois points")
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise UnreadableError("des coordonnées ne sont ni des degrés ni du Lambert-93")
    if west > 41 and east < 52 and south > -6 and north < 10:  # where no quarter is, and where France is, turned over
        raise UnreadableError("la latitude est avant la longitude")
    return points


def _from_lambert(points: np.ndarray) -> np.ndarray:
    """Points in metres of Lambert-93 (x, y) → degrees; others as they are. The constants are those of IGN, for RGF93 (GRS 80)."""
    x, y = points[:, 0], points[:, 1]
    if not ((x > 0) & (x < 1_400_000) & (y > 6_000_000) & (y < 7_300_000)).all():
        return points
    n, c, east, north, e = 0.7256077650, 11754255.426, 700_000.0, 12655612.05, 0.08181919106
    isometric = -np.log(np.hypot(x - east, y - north) / c) / n
    latitude = 2 * np.arctan(np.exp(isometric)) - np.pi / 2
    for _ in range(6):  # to less than a millimetre
        flat = e * np.sin(latitude)
        latitude = 2 * np.arctan(((1 + flat) / (1 - flat)) ** (e / 2) * np.exp(isometric)) - np.pi / 2
    longitude = np.arctan((x - east) / (north - y)) / n + np.radians(3)
    return np.degrees(np.column_stack((longitude, latitude)))


def _close(ring: np.ndarray, remarks: Counter[str]) -> np.ndarray:
    if (ring[0] == ring[-1]).all():
        return ring
    remarks["un contour n'était pas fermé, il l'est par son premier point"] += 1
    return np.vstack((ring, ring[:1]))
