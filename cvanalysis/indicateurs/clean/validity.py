"""Validity tests of published values: bounds, shares that add up, quantiles in order, zeros that cannot be; and, of files with each
other, the reliability of what the census estimates in a quarter (`couverture`, `saut`).

Owns the mark `suspect`, put on values and never altering them, with an anomaly each. The tests are data (`catalogue/controles.csv` and the
bounds of `catalogue/indicateurs.csv`). Refuses to correct and to guess which of two contradictory values is wrong: both are marked.
"""

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


Found = Iterator[tuple[Chunk, np.ndarray, str]]
"""Cells (rows × columns, bool) of a chunk that fail a test, and what is said of them."""


def mark_suspects(chunks: Sequence[Chunk], catalogue: Catalogue, zones: Zones = None) -> list[pd.DataFrame]:
    """Set the status of doubtful cells to `suspect` in place and return the anomalies of the wanted zones.

    All tests of a chunk see its values as published, then those of files with each other what the former left: their order changes nothing.
    """
    said = []
    for tests in (_test_alone, _test_together):
        for chunk, wrong, problem in list(tests(chunks, catalogue)):
            chunk.statuts[wrong] = SUSPECT
            said.append(chunk.frame_cells(wrong & chunk.wanted(zones)[:, None], problem, MARQUE))
            if problem == PROPORTIONS:
                header = chunk.entetes[int(wrong.any(axis=0).argmax())]
                said[-1] = frame_problems([Problem(chunk.fichier, 0, header, problem, "", MARQUE)])
    return said


def _test_alone(chunks: Sequence[Chunk], catalogue: Catalogue) -> Found:
    """Bounds, the controls of one table, columns of proportions."""
    people = _people(chunks)
    for chunk in chunks:
        published = chunk.statuts == PUBLIE
        values = np.where(published, chunk.valeurs, np.nan)
        for column, name in enumerate(chunk.indicateurs):
            known = catalogue.indicateurs[name]
            low = values[:, column] < known.mini if known.mini is not None else False
            high = values[:, column] > known.maxi if known.maxi is not None else False
            if np.any(low | high):
                words = (("au moins", known.mini), ("au plus", known.maxi))
                bounds = ", ".join(f"{word} {bound:g}" for word, bound in words if bound is not None).replace(".", ",")
                yield chunk, _in_column(chunk, column, low | high), f"hors des bornes plausibles ({bounds})"
        for control in catalogue.controles:
            wrong = _fails(control, values, chunk, people, catalogue)
            if wrong.any():
                yield chunk, wrong, control.probleme
        for column in _proportions(chunk, values, catalogue):
            yield chunk, _in_column(chunk, column, published[:, column]), PROPORTIONS


def _in_column(chunk: Chunk, column: int, rows: np.ndarray) -> np.ndarray:
    cells = np.zeros(chunk.statuts.shape, dtype=bool)
    cells[:, column] = rows
    return cells


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
    control: Controle, values: np.ndarray, chunk: Chunk, people: dict[str, float], catalogue: Catalogue
) -> np.ndarray:
    """The cells (rows × columns, bool) that fail a test.

    A test whose terms are not all there says nothing, but for the order of those that are.
    """
    wrong = np.zeros(values.shape, dtype=bool)
    places = {name: i for i, name in enumerate(chunk.indicateurs)}
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
    people: dict[str, float] = {}
    for chunk in chunks:
        if "population" in chunk.indicateurs:
            column = chunk.valeurs[:, chunk.indicateurs.index("population")]
            for zone, value in zip(chunk.zones.tolist(), column.tolist(), strict=True):
                if not np.isnan(value):
                    people[zone] = max(value, people.get(zone, 0.0))
    return people


def _test_together(chunks: Sequence[Chunk], catalogue: Catalogue) -> Found:
    """The controls of files with each other, on what is published of quarters."""
    for control in catalogue.controles:
        fails = {"couverture": _overfull, "saut": _jumps}.get(control.genre)
        failing = fails(control, chunks, catalogue) if fails else {}
        for chunk in chunks if failing else ():
            cells = np.zeros(chunk.statuts.shape, dtype=bool)
            for column, name in enumerate(chunk.indicateurs):
                if name in failing:
                    cells[:, column] = [(zone, chunk.publication) in failing[name] for zone in chunk.zones.tolist()]
            cells &= (chunk.statuts == PUBLIE) & (chunk.niveaux == "QPV")[:, None]
            if cells.any():
                yield chunk, cells, control.probleme


Failing = dict[str, set[tuple[str, int]]]
"""Indicator → (quarter, edition) of the figures that fail."""


def _overfull(control: Controle, chunks: Sequence[Chunk], catalogue: Catalogue) -> Failing:
    """All that the census says of a quarter in an edition that counts more people covered than `tolerance` times its inhabitants."""
    covered, people = (_figures(chunks, name, catalogue) for name in (control.termes[0], control.total))
    failing = {
        key
        for key, (year, number) in covered.items()
        if (found := people.get(key)) and _near(year, found[0], COUVERTURE) and number > control.tolerance * found[1]
    }
    names = {name for chunk in chunks for name in chunk.indicateurs if catalogue.indicateurs[name].source == SOURCE}
    return dict.fromkeys(names, failing) if failing else {}


def _jumps(control: Controle, chunks: Sequence[Chunk], catalogue: Catalogue) -> Failing:
    """Both sides of a change of more than `tolerance` between two editions whose (likely) years are close."""
    failing: Failing = {}
    for name in {name for chunk in chunks for name in chunk.indicateurs if catalogue.selects(control.termes, name)}:
        figures = _figures(chunks, name, catalogue)
        for (zone, a), (other, b) in pairwise(sorted(figures)):
            (before, low), (after, high) = figures[zone, a], figures[other, b]
            close = zone == other and before != after and _near(before, after)
            if close and abs(high - low) > control.tolerance + POUSSIERE:
                failing.setdefault(name, set()).update({(zone, a), (zone, b)})
    return failing


def _near(a: int | None, b: int | None, years: int = PARTAGE) -> bool:
    # Of years that nobody knows, two figures of one edition are of one time.
    return a == b or (a is not None and b is not None and abs(a - b) <= years)


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
