"""Reliability of what a census estimates in a quarter, from declared controls (`catalogue/controles.csv`).

Owns the two controls that compare files with each other: `couverture` (more people covered by a fund than inhabitants) and `saut`
(a rate that jumps between two editions that share most of their surveys). Marks the cells `suspect`, with an anomaly each; refuses to
alter a figure and to guess which of two editions is wrong: both are marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from cvanalysis.catalogue import Catalogue, Controle
from cvanalysis.indicateurs.clean.validity import MARQUE, POUSSIERE
from cvanalysis.indicateurs.clean.vintage import PUBLIE, SUSPECT, Chunk, Zones

SOURCE = "rp"
PARTAGE, COUVERTURE = 2, 3
"""Years up to which two censuses of five years share most of their surveys; and up to which a count of people covered and the
census of its edition speak of one time."""

Known = dict[tuple[str, int], tuple[int | None, float]]
"""(zone, publication) → the (likely) year of a figure, and the figure."""


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


def _figures(chunks: Sequence[Chunk], name: str, catalogue: Catalogue) -> Known:
    """What is published of an indicator, by quarter and edition."""
    known: Known = {}
    for chunk in chunks:
        if name in chunk.indicateurs:
            column = chunk.indicateurs.index(name)
            there = (chunk.niveaux == "QPV") & (chunk.statuts[:, column] == PUBLIE)
            rows = zip(chunk.zones[there].tolist(), chunk.valeurs[there, column].tolist(), strict=True)
            year = chunk.annees[column] or catalogue.probable_year(name, chunk.publication)
            known |= {(zone, chunk.publication): (year, value) for zone, value in rows}
    return known
