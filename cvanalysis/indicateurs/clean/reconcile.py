"""Several files → one value per zone, indicator and data year. Owns what happens when two files say the same thing, or don't.

- The same figures printed again in a later publication are kept once, under the later one (`republication`).
- Equal values of two files: one is kept, the other noted. Equal means: at the coarser of the two columns' precisions; the more
  precise is then kept (`0,237` over `0,2`), else that of the later publication.
- Different values: the later publication wins and the revision is an anomaly with both values.
- A published value is preferred to a blank, and a sound one to a doubtful one, whichever came later; that is noted too.

Refuses to compare values with anything but their own precision, and to drop a cell without saying so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cvanalysis.catalogue import Catalogue
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.indicateurs.clean.reprints import NON_ETABLIE, find_times
from cvanalysis.indicateurs.clean.vintage import (
    NIVEAUX,
    PUBLIE,
    STATUTS_TABLE,
    SUSPECT,
    Chunk,
    Zones,
    precision_of,
    tolerance,
)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The tidy table, the anomalies, and per file how many cells became a value, a status, or were said elsewhere."""

    table: pd.DataFrame
    anomalies: pd.DataFrame
    ailleurs: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Long:
    """The cells of all chunks end to end, sorted by zone, indicator, year, level and order of publication."""

    temps: np.ndarray
    cle: np.ndarray
    rang: np.ndarray
    ligne: np.ndarray  # row in the chunk
    colonne: np.ndarray
    valeur: np.ndarray
    statut: np.ndarray
    precision: np.ndarray


def reconcile(chunks: Sequence[Chunk], catalogue: Catalogue, zones: Zones = None) -> Reconciled:
    """One row per (zone, indicator, data year or publication) of the wanted zones; all zones decide what was printed again."""
    order = {family: i for i, family in enumerate(catalogue.familles)}
    chunks = sorted(chunks, key=lambda c: (c.parution, order[c.famille.id], c.fichier, c.publication))
    times, republished = find_times(chunks, catalogue)
    names = sorted({name for chunk in chunks for name in chunk.indicateurs})
    places = sorted({zone for chunk in chunks for zone in chunk.zones[chunk.wanted(zones)].tolist()})
    long = _flatten(chunks, times, names, places, zones, catalogue)
    kept, anomalies, elsewhere = _choose(long, chunks, republished)
    return Reconciled(_tidy(long, kept, chunks, names, places, catalogue), anomalies, elsewhere)


def _flatten(
    chunks: Sequence[Chunk],
    times: Sequence[np.ndarray],
    names: list[str],
    places: list[str],
    zones: Zones,
    catalogue: Catalogue,
) -> _Long:
    number = {zone: i for i, zone in enumerate(places)}
    indicator = {name: i for i, name in enumerate(names)}
    parts = []
    for k, chunk in enumerate(chunks):
        codes, uniques = pd.factorize(chunk.zones)
        known = np.array([number.get(zone, -1) for zone in uniques.tolist()] or [-1], dtype=np.int64)[codes]
        rows = np.flatnonzero((known >= 0) & chunk.wanted(zones))
        if not len(rows) or not chunk.indicateurs:
            continue
        level = np.array([NIVEAUX.index(name) for name in chunk.niveaux[rows].tolist()], dtype=np.int64)
        columns = np.arange(len(chunk.indicateurs))
        which = np.array([indicator[name] for name in chunk.indicateurs], dtype=np.int64)
        # one key to sort by: zone, indicator (10 bits), time (12), level (3)
        zone_part = (known[rows] << 25) | level
        column_part = (which << 15) | (times[k] << 3)
        # one column after the other: the arrays of a chunk are stored so
        readable = ~chunk.illisibles[rows].ravel(order="F")
        euros = [catalogue.indicateurs[name].unite == "€" for name in chunk.indicateurs]
        precision = np.array([precision_of(chunk.valeurs[:, c], euros=euros[c]) for c in columns], dtype=np.int8)
        parts.append(
            (
                (column_part[:, None] + zone_part[None, :]).ravel()[readable],
                np.full(int(readable.sum()), k, dtype=np.int16),
                np.tile(rows.astype(np.int32), len(columns))[readable],
                np.repeat(columns.astype(np.int16), len(rows))[readable],
                chunk.valeurs[rows].ravel(order="F")[readable],
                chunk.statuts[rows].ravel(order="F")[readable],
                np.repeat(precision, len(rows))[readable],
            )
        )
    if not parts:
        empty = np.zeros(0, dtype=np.int64)
        return _Long(empty, empty, empty, empty, empty, empty.astype(float), empty.astype(np.int8), empty)
    key, rank, row, column, value, state, precision = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(key, kind="stable")  # chunks come in order of publication: ties stay so
    key = key[order]
    return _Long(
        (key >> 3) & 0xFFF, key, rank[order], row[order], column[order], value[order], state[order], precision[order]
    )


def _choose(
    long: _Long, chunks: Sequence[Chunk], republished: set[tuple[int, int]]
) -> tuple[np.ndarray, pd.DataFrame, dict[str, int]]:
    """Mask of the cells kept, anomalies of the others, and how many cells of each file are said elsewhere."""
    kept = np.ones(len(long.cle), dtype=bool)
    if not len(kept):
        return kept, Anomalies().frame(), {}
    first = np.ones(len(long.cle), dtype=bool)
    first[1:] = long.cle[1:] != long.cle[:-1]
    several = ~first
    several[:-1] |= ~first[1:]
    where = np.flatnonzero(several)
    if not len(where):
        return kept, Anomalies().frame(), {}
    starts = np.flatnonzero(first[where])
    group = np.cumsum(first[where]) - 1
    value, precision = long.valeur[where], long.precision[where].astype(np.int64)
    sound = long.statut[where] == PUBLIE
    published = sound | (long.statut[where] == SUSPECT)
    position = np.arange(len(where))
    best = np.maximum.reduceat(np.where(published, position + sound * len(where), -1), starts)[group]
    last = np.where(best < 0, -1, best % len(where))  # a doubtful figure, were it later, gives way to a sound one
    reference = np.where(last >= 0, value[last], np.nan)
    allowed = tolerance(np.minimum(precision, precision[last]))
    with np.errstate(invalid="ignore"):
        agrees = published & (np.abs(value - reference) <= allowed)
    score = np.where(agrees, (precision + 2) * len(where) + position, np.where(last < 0, position, -1))
    winner = np.maximum.reduceat(score, starts)[group] % len(where)
    lost = position != winner
    kept[where[lost]] = False
    cases = np.where(~published, np.where(published[winner], "blanc", "égal"), np.where(agrees, "égal", "révisé"))[lost]
    anomalies, elsewhere = _say_lost(long, chunks, where[lost], where[winner[lost]], cases, republished)
    return kept, anomalies, elsewhere


def _say_lost(
    long: _Long,
    chunks: Sequence[Chunk],
    lost: np.ndarray,
    won: np.ndarray,
    cases: np.ndarray,
    republished: set[tuple[int, int]],
) -> tuple[pd.DataFrame, dict[str, int]]:
    """One anomaly per file and column for cells equal to another file's, one per cell for revisions."""
    frame = pd.DataFrame({"k": long.rang[lost], "c": long.colonne[lost], "w": long.rang[won], "cas": cases, "n": 1})
    counts = frame.groupby("k")["n"].sum()
    elsewhere: dict[str, int] = defaultdict(int)
    for k, n in counts.items():
        elsewhere[chunks[int(k)].fichier] += int(n)
    rows = []
    grouped = frame[frame["cas"] != "révisé"].groupby(["k", "c", "w", "cas"], sort=True)["n"].sum()
    for (k, c, w, case), n in grouped.items():
        chunk, other = chunks[k], chunks[w]
        again = (k, c) in republished or (w, other.indicateurs.index(chunk.indicateurs[c])) in republished
        rows.append((chunk.fichier, 0, chunk.entetes[c], "", *_say_group(chunk, other, case, n, again=again)))
    revised = cases == "révisé"
    for here, there in zip(lost[revised].tolist(), won[revised].tolist(), strict=True):
        chunk, other = chunks[long.rang[here]], chunks[long.rang[there]]
        row, column = int(long.ligne[here]), int(long.colonne[here])
        other_column = int(long.colonne[there])
        mine = chunk.table.table[chunk.entetes[column]][row].as_py()
        theirs = other.table.table[other.entetes[other_column]][int(long.ligne[there])].as_py()
        what = (
            f"révision\u00a0: {chunk.zones[row]}, «\u00a0{mine}\u00a0» ici, «\u00a0{theirs}\u00a0» dans {other.fichier}"
            f" (colonne {other.entetes[other_column]})"
        )
        done = f"Valeur de {other.fichier} gardée"
        rows.append((chunk.fichier, int(chunk.table.lignes[row]), chunk.entetes[column], mine, what, done))
    return Anomalies(rows).frame(), dict(elsewhere)


def _say_group(chunk: Chunk, other: Chunk, case: str, n: int, *, again: bool) -> tuple[str, str]:
    cells = f"{n}\u00a0cellule" + ("s" if n > 1 else "")
    if other is chunk:
        return f"zone en double dans le fichier\u00a0: {cells}", "La dernière ligne est gardée"
    if case == "blanc":
        return f"{cells} sans valeur ici, publiée dans {other.fichier}", f"Valeur de {other.fichier} gardée"
    if again:
        return (
            f"republication\u00a0: mêmes chiffres dans {other.fichier} ({cells})",
            f"Gardés une fois, sous la publication {max(chunk.publication, other.publication)}",
        )
    return f"doublon\u00a0: {cells} aussi dans {other.fichier}, de même valeur", f"Gardé une fois ({other.fichier})"


def _tidy(
    long: _Long,
    kept: np.ndarray,
    chunks: Sequence[Chunk],
    names: list[str],
    places: list[str],
    catalogue: Catalogue,
) -> pd.DataFrame:
    key, time, rank = long.cle[kept], long.temps[kept], long.rang[kept]
    row, column = long.ligne[kept], long.colonne[kept]
    established = time < NON_ETABLIE
    publication = np.array([chunk.publication for chunk in chunks] or [0], dtype=np.int16)[rank]
    publication = np.where(established, publication, time - NON_ETABLIE + 2000).astype(np.int16)
    sources = list(catalogue.sources)
    by_name = np.array([sources.index(catalogue.indicateurs[name].source) for name in names] or [0], dtype=np.int8)
    files = sorted({chunk.fichier for chunk in chunks})
    by_rank = np.array([files.index(chunk.fichier) for chunk in chunks] or [0], dtype=np.int16)
    indicator = (key >> 15) & 0x3FF
    state = long.statut[kept]
    notes, labels = _notes(chunks, rank, row, column)
    value = np.where((state == PUBLIE) | (state == SUSPECT), long.valeur[kept], np.nan)
    return pd.DataFrame(
        {
            "zone": pd.Categorical.from_codes((key >> 25).astype(np.int32), places),
            "niveau": pd.Categorical.from_codes((key & 0x7).astype(np.int8), list(NIVEAUX)),
            "indicateur": pd.Categorical.from_codes(indicator.astype(np.int16), names),
            "millesime": pd.arrays.IntegerArray(np.where(established, time, 0).astype(np.int16), ~established),
            "publication": pd.arrays.IntegerArray(publication, np.zeros(len(publication), dtype=bool)),
            "valeur": value,
            "statut": pd.Categorical.from_codes(state - 1, list(STATUTS_TABLE[1:])),
            "source": pd.Categorical.from_codes(by_name[indicator], sources),
            "fichier": pd.Categorical.from_codes(by_rank[rank], files),
            "note": pd.Categorical.from_codes(notes, labels),
        }
    )


def _notes(
    chunks: Sequence[Chunk], rank: np.ndarray, row: np.ndarray, column: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """The code of each cell's block, and the codes' texts."""
    labels = sorted({label for chunk in chunks for label in chunk.libelles_notes} | {""})
    codes = np.full(len(rank), labels.index(""), dtype=np.int16)
    for k, chunk in enumerate(chunks):
        if len(chunk.libelles_notes) > 1:
            where = np.flatnonzero(rank == k)
            spread = np.array([labels.index(label) for label in chunk.libelles_notes], dtype=np.int16)
            codes[where] = spread[chunk.notes[row[where], column[where]]]
    return codes, labels
