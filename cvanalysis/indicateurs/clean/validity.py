"""Validity tests of published values: bounds, shares that add up, quantiles in order, zeros that cannot be; and, of files with each
other, the reliability of what the census estimates in a quarter (`couverture`, `saut`).

Owns the mark `suspect`, put on values and never altering them, with an anomaly each. The tests are data (`catalogue/controles.csv` and the
bounds of `catalogue/indicateurs.csv`). Refuses to correct and to guess which of two contradictory values is wrong: both are marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from cvanalysis.catalogue import Catalogue, Controle
from cvanalysis.errors import Problem
from cvanalysis.files.anomalies import frame_problems
from cvanalysis.indicateurs.clean.vintage import PUBLIE, SUSPECT, Chunk, Zones, precision_of

MARQUE = "Marqué suspect, non modifié"
PROPORTIONS = "colonne en % dont toutes les valeurs sont entre 0 et 1 : sans doute des proportions (0,46 pour 46 %)"
POUSSIERE = 1e-6  # decimals of a binary number
SOURCE = "rp"
PARTAGE, COUVERTURE = 2, 3
"""Years up to which two censuses of five years share most of their surveys; and up to which a count of people covered and the
census of its edition speak of one time."""


def mark_suspects(chunks: Sequence[Chunk], catalogue: Catalogue, zones: Zones = None) -> list[pd.DataFrame]:
    """Set the status of doubtful cells to `suspect` in place and return the anomalies of the wanted zones.

    Every test sees the values as published, so that the order of the tests changes nothing.
    """
    said = []
    people = _people(chunks)
    for chunk in chunks:
        published = chunk.statuts == PUBLIE
        values = np.where(published, chunk.valeurs, np.nan)
        places = {name: i for i, name in enumerate(chunk.indicateurs)}
        suspect = np.zeros_like(published)
        wanted = chunk.wanted(zones)[:, None]
        for name, i in places.items():
            known = catalogue.indicateurs[name]
            low = values[:, i] < known.mini if known.mini is not None else False
            high = values[:, i] > known.maxi if known.maxi is not None else False
            wrong = np.zeros_like(suspect)
            wrong[:, i] = low | high
            if wrong.any():
                suspect |= wrong
                what = f"hors des bornes plausibles ({_bounds(known.mini, known.maxi)})"
                said.append(chunk.frame_cells(wrong & wanted, what, MARQUE))
        for control in catalogue.controles:
            wrong = _fails(control, values, places, chunk, people, catalogue)
            if wrong.any():
                suspect |= wrong
                said.append(chunk.frame_cells(wrong & wanted, control.probleme, MARQUE))
        for i in _proportions(chunk, values, catalogue):
            suspect[:, i] |= published[:, i]
            said.append(frame_problems([Problem(chunk.fichier, 0, chunk.entetes[i], PROPORTIONS, "", MARQUE)]))
        chunk.statuts[suspect] = SUSPECT
    return said


def _proportions(chunk: Chunk, values: np.ndarray, catalogue: Catalogue) -> list[int]:
    """The columns in % whose values all lie between 0 and 1: all of them do, or the values have the decimals of proportions.

    A share below 1 % everywhere is no anomaly where the others of its table are above, as published to one decimal.
    """
    shares = [i for i, name in enumerate(chunk.indicateurs) if catalogue.indicateurs[name].unite == "%"]
    shares = [
        i
        for i in shares
        if not chunk.indicateurs[i].startswith("evolution") and np.nanmax(np.abs(values[:, i]), initial=0) > 0
    ]
    small = [i for i in shares if np.nanmax(np.abs(values[:, i])) <= 1 and " / " not in chunk.entetes[i]]
    return small if len(small) == len(shares) else [i for i in small if precision_of(values[:, i]) > 1]


def _fails(
    control: Controle,
    values: np.ndarray,
    places: dict[str, int],
    chunk: Chunk,
    people: dict[str, float],
    catalogue: Catalogue,
) -> np.ndarray:
    """The cells (rows × columns, bool) that fail a test.

    A test whose terms are not all there says nothing, but for the order of those that are.
    """
    wrong = np.zeros(values.shape, dtype=bool)
    if control.genre == "zero":
        there = [i for name, i in places.items() if catalogue.selects(control.termes, name)]
        if there:
            crowd = np.array([people.get(zone, 0.0) for zone in chunk.zones.tolist()]) > control.tolerance
            if not control.total:  # a quarter has a thousand inhabitants or nearly, where no file says how many
                crowd = (chunk.niveaux == "QPV") & np.array([zone not in people for zone in chunk.zones.tolist()])
            wrong[:, there] = (values[:, there] == 0) & crowd[:, None]
        return wrong
    if control.genre == "croissant":
        return _descents(values, [places[term] for term in control.termes if term in places], control.tolerance)
    needed = (*control.termes, *((control.total,) if control.genre in ("total", "au_plus") else ()))
    if not all(term in places for term in needed):
        return wrong
    columns = [places[term] for term in needed]
    terms = values[:, columns[: len(control.termes)]]
    with np.errstate(invalid="ignore"):
        if control.genre == "somme":
            rows = np.abs(terms.sum(axis=1) - float(control.total)) > control.tolerance + POUSSIERE
        elif control.genre == "total":
            rounded = _rounding(values[:, columns]) * len(columns) / 2
            rows = (
                np.abs(terms.sum(axis=1) - values[:, columns[-1]]) > np.maximum(control.tolerance, rounded) + POUSSIERE
            )
        else:
            rows = terms.sum(axis=1) > values[:, columns[-1]] + control.tolerance + POUSSIERE
    wrong[np.ix_(rows, columns)] = True
    return wrong & ~np.isnan(values)


def _descents(values: np.ndarray, columns: list[int], tolerance: float) -> np.ndarray:
    """The cells on both sides of each descent, blanks skipped."""
    wrong = np.zeros(values.shape, dtype=bool)
    rows = np.arange(len(values))
    before = np.full(len(values), -1)
    last = np.full(len(values), np.nan)
    for column in columns:
        here = values[:, column]
        with np.errstate(invalid="ignore"):
            falls = here < last - tolerance - POUSSIERE
        wrong[rows[falls], column] = True
        wrong[rows[falls], before[falls]] = True
        known = ~np.isnan(here)
        last, before = np.where(known, here, last), np.where(known, column, before)
    return wrong


def _rounding(values: np.ndarray) -> np.ndarray:
    """To what each row's counts seem rounded: 100 (the aggregates of France), 10, 5 or 1."""
    step = np.ones(len(values))
    for size in (5, 10, 100):
        step[(np.nan_to_num(values) % size == 0).all(axis=1)] = size
    return step


def _people(chunks: Sequence[Chunk]) -> dict[str, float]:
    """The largest population published for each quarter."""
    people: dict[str, float] = {}
    for chunk in chunks:
        if "population" in chunk.indicateurs:
            column = chunk.valeurs[:, chunk.indicateurs.index("population")]
            for zone, value in zip(chunk.zones.tolist(), column.tolist(), strict=True):
                if not np.isnan(value):
                    people[zone] = max(value, people.get(zone, 0.0))
    return people


def _bounds(low: float | None, high: float | None) -> str:
    words = [f"au moins {low:g}" if low is not None else "", f"au plus {high:g}" if high is not None else ""]
    return ", ".join(word for word in words if word).replace(".", ",")


def mark_unreliable(chunks: Sequence[Chunk], catalogue: Catalogue, zones: Zones = None) -> list[pd.DataFrame]:
    """Set the status of cells that fail a control to `suspect` in place and return the anomalies of the wanted zones."""
    wrong = {id(chunk): np.zeros(chunk.statuts.shape, dtype=bool) for chunk in chunks}
    said = []
    for control in catalogue.controles:
        found = {"couverture": _overfull, "saut": _jumps}.get(control.genre)
        for chunk, failing in found(control, chunks, catalogue) if found else ():
            wrong[id(chunk)] |= failing
            shown = failing & chunk.wanted(zones)[:, None]
            if shown.any():
                said.append(chunk.frame_cells(shown, control.probleme, MARQUE))
    for chunk in chunks:
        chunk.statuts[wrong[id(chunk)]] = SUSPECT
    return said


def _overfull(control: Controle, chunks: Sequence[Chunk], catalogue: Catalogue) -> Iterator[tuple[Chunk, np.ndarray]]:
    """All that the census says of a quarter in an edition that counts more people covered than `tolerance` times its inhabitants."""
    covered, people = (_figures(chunks, name, catalogue) for name in (control.termes[0], control.total))
    failing = {
        key
        for key, (year, number) in covered.items()
        if (found := people.get(key)) and _near(year, found[0], COUVERTURE) and number > control.tolerance * found[1]
    }
    for chunk in chunks:
        rows = [(zone, chunk.publication) in failing for zone in chunk.zones.tolist()]
        columns = [catalogue.indicateurs[name].source == SOURCE for name in chunk.indicateurs]
        cells = np.outer(rows, columns) & (chunk.niveaux == "QPV")[:, None] & (chunk.statuts == PUBLIE)
        if cells.any():
            yield chunk, cells


def _jumps(control: Controle, chunks: Sequence[Chunk], catalogue: Catalogue) -> Iterator[tuple[Chunk, np.ndarray]]:
    """Both sides of a change of more than `tolerance` between two editions whose (likely) years are close."""
    names = {name for chunk in chunks for name in chunk.indicateurs if catalogue.selects(control.termes, name)}
    failing: dict[str, set[tuple[str, int]]] = {}
    for name in sorted(names):
        series: dict[str, dict[int, tuple[int, float]]] = {}
        for (zone, publication), figure in _figures(chunks, name, catalogue).items():
            series.setdefault(zone, {})[publication] = figure
        for zone, editions in series.items():
            for a, b in pairwise(sorted(editions)):
                (before, low), (after, high) = editions[a], editions[b]
                if _near(before, after) and before != after and abs(high - low) > control.tolerance + POUSSIERE:
                    failing.setdefault(name, set()).update({(zone, a), (zone, b)})
    for chunk in chunks:
        cells = np.zeros(chunk.statuts.shape, dtype=bool)
        for column, name in enumerate(chunk.indicateurs):
            if name in failing:
                cells[:, column] = [(zone, chunk.publication) in failing[name] for zone in chunk.zones.tolist()]
        cells &= (chunk.statuts == PUBLIE) & (chunk.niveaux == "QPV")[:, None]
        if cells.any():
            yield chunk, cells


def _near(a: int | None, b: int | None, years: int = PARTAGE) -> bool:
    return a is not None and b is not None and abs(a - b) <= years


def _figures(
    chunks: Sequence[Chunk], name: str, catalogue: Catalogue
) -> dict[tuple[str, int], tuple[int | None, float]]:
    """What is published of an indicator: (quarter, edition) → its (likely) year, and the figure."""
    known: dict[tuple[str, int], tuple[int | None, float]] = {}
    for chunk in chunks:
        if name in chunk.indicateurs:
            column = chunk.indicateurs.index(name)
            there = (chunk.niveaux == "QPV") & (chunk.statuts[:, column] == PUBLIE)
            rows = zip(chunk.zones[there].tolist(), chunk.valeurs[there, column].tolist(), strict=True)
            year = chunk.annees[column] or catalogue.probable_year(name, chunk.publication)
            known |= {(zone, chunk.publication): (year, value) for zone, value in rows}
    return known
