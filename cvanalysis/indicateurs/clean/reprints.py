"""The same figures printed again in a later publication: found by comparing them, so that no value is under two years.

Owns the time of each column: the year of its data where established, else that of its publication, or of the later one that prints the same
again, or the year under which another family publishes them (REVN prints Filosofi). A block (the rates, or the counts, of one source in a
file) is printed again when nearly all of its published cells are equal in both; the few that differ are revisions. Refuses to say so from
too few figures, unless the catalogue declares it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from cvanalysis.catalogue import Catalogue
from cvanalysis.indicateurs.clean.vintage import Chunk, precision_of, tolerance

NON_ETABLIE = 2048  # in a time, before the publication's year where the data's is not established
PART_EGALE = 0.8  # of the published cells of a block that both have
PART_EGALE_COLONNE = 0.5  # a column of such a block that differs more than this is new
CELLULES_MINI = 8  # fewer cells may be equal by chance…
DISTINCTES_MINI = 3  # … and so may fewer distinct values


def find_times(chunks: Sequence[Chunk], catalogue: Catalogue) -> tuple[list[np.ndarray], set[tuple[int, int]]]:
    """The time of each column of each chunk, and the (chunk, column) that a later publication prints again.

    `chunks` are in order of publication. A time is the data's year, else `NON_ETABLIE` + the publication's year since 2000.
    """
    times = [
        np.array([year or NON_ETABLIE + chunk.publication - 2000 for year in chunk.annees], dtype=np.int64)
        for chunk in chunks
    ]
    again: set[tuple[int, int]] = set()
    for k in reversed(range(len(chunks))):  # the later first, so that a chain of publications ends under the last
        next_one = 0
        for other in range(k + 1, len(chunks)):
            one, two = chunks[k], chunks[other]
            if one.famille.id != two.famille.id or two.publication <= one.publication:
                continue
            if None not in one.annees and None not in two.annees:
                continue  # the years tell
            if next_one and two.publication > next_one:
                break
            rows = _shared_rows(one, two)
            if not len(rows[0]):
                continue
            next_one = two.publication
            for c1, c2 in _printed_again(one, two, rows, catalogue):
                if one.annees[c1]:
                    times[other][c2] = times[k][c1]
                else:
                    times[k][c1] = times[other][c2]
                again.add((k, c1))
    for k, one in enumerate(chunks):
        for two in chunks:
            if one.famille.id != two.famille.id and _may_tell(two, one):
                for c2, c1 in _printed_again(two, one, _shared_rows(two, one), catalogue):
                    if not one.annees[c1]:
                        times[k][c1] = two.annees[c2]
    return times, again


def _may_tell(two: Chunk, one: Chunk) -> bool:
    """Whether a chunk has the established years of columns that are without one in another."""
    known = {name for name, year in zip(two.indicateurs, two.annees, strict=True) if year}
    return any(year is None and name in known for name, year in zip(one.indicateurs, one.annees, strict=True))


def _shared_rows(one: Chunk, two: Chunk) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the zones that both have."""
    where = {pair: row for row, pair in enumerate(zip(two.zones.tolist(), two.niveaux.tolist(), strict=True))}
    mine = enumerate(zip(one.zones.tolist(), one.niveaux.tolist(), strict=True))
    pairs = [(row, where[pair]) for row, pair in mine if pair in where]
    rows = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _printed_again(
    one: Chunk, two: Chunk, rows: tuple[np.ndarray, np.ndarray], catalogue: Catalogue
) -> list[tuple[int, int]]:
    """The columns of two chunks that hold the same figures, by source and kind."""
    place = {name: c for c, name in enumerate(two.indicateurs)}
    blocks: dict[tuple[str, str], list[tuple[int, int, np.ndarray, np.ndarray]]] = defaultdict(list)
    for c1, name in enumerate(one.indicateurs):
        c2 = place.get(name)
        if c2 is None or (one.annees[c1] and two.annees[c2]):
            continue
        known = catalogue.indicateurs[name]
        blocks[known.source, known.genre].append((c1, c2, *_compare(one, c1, two, c2, rows, euros=known.unite == "€")))
    found = []
    for columns in blocks.values():
        same = np.concatenate([equal for _, _, equal, _ in columns])
        values = np.concatenate([numbers for _, _, _, numbers in columns])
        declared = any(
            rule.famille == one.famille.id
            and (rule.republie, rule.publication) == (one.publication, two.publication)
            and catalogue.selects(rule.indicateurs, one.indicateurs[columns[0][0]])
            for rule in catalogue.republications
        )
        enough = len(same) >= CELLULES_MINI and len(np.unique(values)) >= DISTINCTES_MINI
        if len(same) and (enough or declared) and same.mean() >= PART_EGALE:
            found += [(c1, c2) for c1, c2, equal, _ in columns if len(equal) and equal.mean() >= PART_EGALE_COLONNE]
    return found


def _compare(
    one: Chunk, c1: int, two: Chunk, c2: int, rows: tuple[np.ndarray, np.ndarray], *, euros: bool
) -> tuple[np.ndarray, np.ndarray]:
    """For the zones published in both columns: whether they are equal (bool), and the values of the first."""
    a, b = one.valeurs[rows[0], c1], two.valeurs[rows[1], c2]
    both = ~(np.isnan(a) | np.isnan(b))
    digits = min(precision_of(one.valeurs[:, c1], euros=euros), precision_of(two.valeurs[:, c2], euros=euros))
    return np.abs(a[both] - b[both]) <= tolerance(digits), a[both]
