"""Several files → one value per zone, indicator and data year. Owns what happens when two files say the same thing, or don't.

- The same figures printed again in a later publication are kept once, under the later one. A block (the rates, or the counts, of one
  source in a file) is printed again when nearly all of its published cells are equal in both; the few that differ are revisions. Refuses
  to say so from too few figures, unless the catalogue declares it. Another family may tell the year of a figure (REVN prints Filosofi).
- Equal values of two files: one is kept, the other noted. Equal means: at the coarser of the two columns' precisions; the more
  precise is then kept (`0,237` over `0,2`), else that of the later publication.
- Different values: the later publication wins and the revision is an anomaly with both values.
- A published value is preferred to a blank, and a sound one to a doubtful one, whichever came later; that is noted too.

Refuses to compare values with anything but their own precision, and to drop a cell without saying so.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from cvanalysis.catalogue import Catalogue
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.indicateurs.clean.vintage import (
    NIVEAUX,
    PUBLIE,
    STATUTS_TABLE,
    SUSPECT,
    Chunk,
    Zones,
    precision_of,
    say,
    tolerance,
)

NON_ETABLIE = 2048  # in a time, before the publication's year where the data's is not established
PART_EGALE = 0.8  # of the published cells of a block that both have
PART_EGALE_COLONNE = 0.5  # a column of such a block that differs more than this is new
CELLULES_MINI = 8  # fewer cells may be equal by chance…
DISTINCTES_MINI = 3  # … and so may fewer distinct values


_CLE = ["zone", "indicateur", "temps", "niveau"]
"""What a cell is a figure of, as numbers."""


def reconcile(
    chunks: Sequence[Chunk], catalogue: Catalogue, notes: Collection[str], zones: Zones = None
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """One row per (zone, indicator, data year or publication) of the wanted zones, the anomalies, and how many cells of each file are said
    elsewhere; all zones decide what was printed again."""
    order = {family: i for i, family in enumerate(catalogue.familles)}
    chunks = sorted(chunks, key=lambda c: (c.parution, order[c.famille.id], c.fichier, c.publication))
    times, republished = find_times(chunks, catalogue)
    names = pd.Index(sorted({name for chunk in chunks for name in chunk.indicateurs}))
    places = pd.Index(sorted({zone for chunk in chunks for zone in chunk.zones[chunk.wanted(zones)].tolist()}))
    parts = [_cells(k, chunk, times[k], names, places, zones, catalogue) for k, chunk in enumerate(chunks)]
    cells = pd.concat(parts) if parts else pd.DataFrame(columns=_COLONNES, dtype="int64")
    cells = cells.sort_values(_CLE, kind="stable", ignore_index=True)  # ties stay in order of publication
    kept, anomalies, elsewhere = _choose(cells, chunks, republished)
    return _tidy(cells[kept], chunks, names, places, notes, catalogue), anomalies, elsewhere


_COLONNES = [*_CLE, "k", "ligne", "colonne", "valeur", "statut", "note", "precision"]


def _cells(
    k: int, chunk: Chunk, times: np.ndarray, names: pd.Index, places: pd.Index, zones: Zones, catalogue: Catalogue
) -> pd.DataFrame:
    """The readable cells of the wanted rows of the chunk of rank `k`, one column after the other."""
    rows = np.flatnonzero(chunk.wanted(zones))
    euros = [catalogue.indicateurs[name].unite == "€" for name in chunk.indicateurs]
    told = (
        places.get_indexer(chunk.zones[rows])[:, None],
        names.get_indexer(list(chunk.indicateurs)),
        times,
        pd.Index(NIVEAUX).get_indexer(chunk.niveaux[rows])[:, None],
        k,
        rows[:, None],
        np.arange(len(euros)),
        chunk.valeurs[rows],
        chunk.statuts[rows],
        chunk.notes[rows],
        np.array([precision_of(chunk.valeurs[:, c], euros=one) for c, one in enumerate(euros)], dtype=np.int8),
    )
    size = (len(rows), len(euros))
    spread = {name: np.broadcast_to(one, size).ravel(order="F") for name, one in zip(_COLONNES, told, strict=True)}
    return pd.DataFrame(spread)[~chunk.illisibles[rows].ravel(order="F")]


def _choose(
    cells: pd.DataFrame, chunks: Sequence[Chunk], republished: set[tuple[int, int]]
) -> tuple[np.ndarray, pd.DataFrame, dict[str, int]]:
    """Mask of the cells kept, anomalies of the others, and how many cells of each file are said elsewhere."""
    kept = np.ones(len(cells), dtype=bool)
    where = np.flatnonzero(cells.duplicated(_CLE, keep=False))
    if not len(where):
        return kept, Anomalies().frame(), {}
    several = cells.iloc[where].reset_index(drop=True)
    group = several.groupby(_CLE, sort=False).ngroup()
    value, precision = several["valeur"].to_numpy(), several["precision"].to_numpy(dtype=np.int64)
    sound = (several["statut"] == PUBLIE).to_numpy()
    published = sound | (several["statut"] == SUSPECT).to_numpy()
    position = np.arange(len(where))

    def of_group(scores: np.ndarray) -> np.ndarray:
        return pd.Series(scores).groupby(group).transform("max").to_numpy()

    best = of_group(np.where(published, position + sound * len(where), -1))
    last = np.where(best < 0, -1, best % len(where))  # a doubtful figure, were it later, gives way to a sound one
    reference = np.where(last >= 0, value[last], np.nan)
    allowed = tolerance(np.minimum(precision, precision[last]))
    agrees = published & (np.abs(value - reference) <= allowed)
    score = np.where(agrees, (precision + 2) * len(where) + position, np.where(last < 0, position, -1))
    winner = of_group(score) % len(where)
    lost = position != winner
    kept[where[lost]] = False
    cases = np.where(~published, np.where(published[winner], "blanc", "égal"), np.where(agrees, "égal", "révisé"))[lost]
    return kept, *_say_lost(several[lost], several.iloc[winner[lost]], chunks, cases, republished)


def _say_lost(
    lost: pd.DataFrame, won: pd.DataFrame, chunks: Sequence[Chunk], cases: np.ndarray, republished: set[tuple[int, int]]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """One anomaly per file and column for cells equal to another file's, one per cell for revisions; how many cells of each file."""
    frame = pd.DataFrame({"k": lost["k"], "c": lost["colonne"], "w": won["k"].to_numpy(), "cas": cases, "n": 1})
    elsewhere = frame["n"].groupby([chunks[k].fichier for k in frame["k"]]).sum().to_dict()
    rows = []
    grouped = frame[frame["cas"] != "révisé"].groupby(["k", "c", "w", "cas"], sort=True)["n"].sum()
    for (k, c, w, case), n in grouped.items():
        chunk, other = chunks[k], chunks[w]
        again = (k, c) in republished or (w, other.indicateurs.index(chunk.indicateurs[c])) in republished
        rows.append((chunk.fichier, 0, chunk.entetes[c], "", *_say_group(chunk, other, case, n, again=again)))
    place = ["k", "ligne", "colonne"]
    revised = (side.loc[cases == "révisé", place].itertuples(index=False) for side in (lost, won))
    for (k, row, column), (w, there, other_column) in zip(*revised, strict=True):
        chunk, other = chunks[k], chunks[w]
        mine, theirs = chunk.table.table[chunk.entetes[column]][row].as_py(), other.entetes[other_column]
        words = {
            "zone": chunk.zones[row],
            "ici": mine,
            "la": other.table.table[theirs][there].as_py(),
            "colonne": theirs,
        }
        told = say("revision", autre=other.fichier, **words)
        rows.append((chunk.fichier, int(chunk.table.lignes[row]), chunk.entetes[column], mine, *told))
    return Anomalies(rows).frame(), elsewhere


def _say_group(chunk: Chunk, other: Chunk, case: str, n: int, *, again: bool) -> tuple[str, ...]:
    kind = "blanc" if case == "blanc" else "republication" if again else "doublon"
    words = {"combien": f"{n}\u00a0cellule" + "s" * (n > 1), "publication": max(chunk.publication, other.publication)}
    return say("zone_double" if other is chunk else kind, autre=other.fichier, **words)


def _tidy(
    cells: pd.DataFrame,
    chunks: Sequence[Chunk],
    names: pd.Index,
    places: pd.Index,
    notes: Collection[str],
    catalogue: Catalogue,
) -> pd.DataFrame:
    time, rank, state = (cells[name].to_numpy() for name in ("temps", "k", "statut"))
    established = time < NON_ETABLIE
    printed = np.array([chunk.publication for chunk in chunks], dtype=np.int16)[rank]
    publication = np.where(established, printed, time - NON_ETABLIE + 2000).astype(np.int16)
    files, sources = sorted({chunk.fichier for chunk in chunks}), list(catalogue.sources)
    of_chunk = np.array([files.index(chunk.fichier) for chunk in chunks], dtype=np.int32)
    of_name = np.array([sources.index(catalogue.indicateurs[name].source) for name in names], dtype=np.int8)
    return pd.DataFrame(
        {
            "zone": pd.Categorical.from_codes(cells["zone"], places),
            "niveau": pd.Categorical.from_codes(cells["niveau"], list(NIVEAUX)),
            "indicateur": pd.Categorical.from_codes(cells["indicateur"], names),
            "millesime": pd.arrays.IntegerArray(np.where(established, time, 0).astype(np.int16), ~established),
            "publication": pd.arrays.IntegerArray(publication, np.zeros(len(publication), dtype=bool)),
            "valeur": cells["valeur"].where(np.isin(state, [PUBLIE, SUSPECT])).to_numpy(),
            "statut": pd.Categorical.from_codes(state - 1, list(STATUTS_TABLE[1:])),
            "source": pd.Categorical.from_codes(of_name[cells["indicateur"].to_numpy()], sources),
            "fichier": pd.Categorical.from_codes(of_chunk[rank], files),
            "note": pd.Categorical.from_codes(cells["note"], list(notes)),
        }
    )


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
        undated = {name for name, year in zip(one.indicateurs, one.annees, strict=True) if not year}
        for two in chunks:
            dated = {name for name, year in zip(two.indicateurs, two.annees, strict=True) if year}
            if one.famille.id != two.famille.id and undated & dated:
                for c2, c1 in _printed_again(two, one, _shared_rows(two, one), catalogue):
                    if two.annees[c2] and not one.annees[c1]:
                        times[k][c1] = two.annees[c2]
    return times, again


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
        digits = [precision_of(chunk.valeurs[:, c], euros=known.unite == "€") for chunk, c in ((one, c1), (two, c2))]
        a, b = one.valeurs[rows[0], c1], two.valeurs[rows[1], c2]
        both = ~(np.isnan(a) | np.isnan(b))
        equal = np.abs(a[both] - b[both]) <= tolerance(min(digits))
        blocks[known.source, known.genre].append((c1, c2, equal, a[both]))
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
