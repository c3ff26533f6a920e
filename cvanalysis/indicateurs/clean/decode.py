"""INSEE's files → tidy indicators with a status per value. Owns the walk over `insee/` and the decoding of each column.

Refuses to alter a value: what is doubtful is marked (`validity`), what is said twice is kept once and noted (`reconcile`), and every cell
read is accounted for: it ends as a value, a status or an anomaly.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from cvanalysis.catalogue import Catalogue, load_catalogue
from cvanalysis.errors import ReadError
from cvanalysis.files.anomalies import COLONNES_ANOMALIES, Domain, frame_problems
from cvanalysis.files.guard import reading
from cvanalysis.files.numbers import STATUTS, as_text, decode_numbers
from cvanalysis.files.sheets import RawTable, raw_files
from cvanalysis.indicateurs.clean.france import national_figures
from cvanalysis.indicateurs.clean.perimeters import follow, settle, unchanged
from cvanalysis.indicateurs.clean.reconcile import reconcile
from cvanalysis.indicateurs.clean.sources import (
    DOSSIER,
    read_millesimes,
    read_sources,
    say_absent,
    say_sheet,
    tell_file,
)
from cvanalysis.indicateurs.clean.validity import mark_suspects
from cvanalysis.indicateurs.clean.vintage import Bloc, Chunk, Recognised, Zones
from cvanalysis.indicateurs.clean.zones import MILLESIMES

IGNORES = (".md",)  # what people leave to explain a folder
NON_DIFFUSE, NON_DISPONIBLE = STATUTS.index("non_diffusé"), STATUTS.index("non_disponible")


COMPTE = ("cellules", "valeurs", "statuts", "anomalies")
"""Cells read of a file = `valeurs`, figures of the tidy table + `statuts`, its rows without a figure that may be used (blank, secret,
suspect…) + `anomalies`, cells that could not be read or that another file says: where nothing is lost."""


def clean_indicators(folder: Path, zones: Zones = None, geographie: str = "", suivis: Mapping[str, str] = {}) -> Domain:
    """Read and clean all the files of `folder/insee` (of `folder` itself where it is no territory's and has no `insee`).

    `indicateurs`: zone, niveau, indicateur, millesime (Int16), publication (Int16), valeur, statut, source, fichier, note; texts are
    categoricals; sorted by zone, indicateur, millesime, publication. `comptes`: of `make_account`; `france`: of `national_figures`.

    `zones` keeps only those (None: all); what is kept is then the same as without it. `geographie` is the territory's; `suivis`
    maps the QP whose figures are those of a QN (same contour) to it: a passage table among the files adds those that it tells. Raises
    nothing for what a file is: one that cannot be used is in `sources` with its problem.
    """
    catalogue = load_catalogue()
    bare = not (folder / DOSSIER).is_dir() and not (folder / "contrat.toml").is_file()
    base = folder if bare else folder / DOSSIER
    millesimes = (base / MILLESIMES).relative_to(folder).as_posix()
    declared, problems = read_millesimes(folder, millesimes)
    sources, chunks, notes = [], [], {"": 0}
    paths = [
        one for one in raw_files(base, folder) if one[0].suffix.lower() not in IGNORES and one[0] != base / MILLESIMES
    ]
    reads = list(settle(read for path, name in paths for read in read_sources(path, name, declared, zones)))
    if geographie == "QN2024":
        suivis = {**unchanged(passage for *_, passages in reads for passage in passages), **suivis}
    for file, sheets, _ in reads:
        sheets = tuple(follow(sheet, suivis) for sheet in sheets)
        try:
            with reading(file.fichier):
                said = [problem for sheet in sheets for problem in say_sheet(sheet, file.fichier, geographie)]
                decoded = [
                    decode_bloc(one, bloc, file.fichier, catalogue, notes) for one in sheets for bloc in one.blocs
                ]
                file = tell_file(file, sheets, zones)
        except ReadError as error:
            file, said, decoded = replace(file, statut="illisible", probleme=error.problem), [], []
        sources.append(file)
        chunks += decoded
        problems += [*said, *([file.probleme] if file.probleme else [])]
    names = [file.fichier for file in sources]
    problems += say_absent(declared, names, millesimes)
    suspects = mark_suspects(chunks, catalogue, zones)
    table, said_twice, elsewhere = reconcile(chunks, catalogue, notes, zones)
    wrong = ((chunk, chunk.illisibles & chunk.wanted(zones)[:, None]) for chunk in chunks)
    bad = [chunk.frame_cells(cells, "nombre illisible", "Cellule laissée de côté") for chunk, cells in wrong]
    anomalies = pd.concat([frame_problems(problems), *bad, *suspects, said_twice], ignore_index=True)
    anomalies = anomalies.sort_values(list(COLONNES_ANOMALIES), kind="stable", ignore_index=True)
    tables = {"indicateurs": table, "comptes": make_account(names, chunks, zones, table, elsewhere)}
    tables["france"] = national_figures(chunks, geographie)
    return Domain(tables, anomalies.astype({"ligne": "Int32"}), tuple(sources))


def decode_bloc(sheet: Recognised, bloc: Bloc, fichier: str, catalogue: Catalogue, notes: dict[str, int]) -> Chunk:
    """The columns of one vintage decoded; rows whose code is of no known zone are left out (they are in the anomalies).

    `notes` numbers the codes of blocks, of all files. A blank is « non_diffusé » where its block's code is 0 or absent
    (the source is published: presumably secret), else « non_disponible ».
    """
    kept = sheet.niveaux != ""
    if bloc.lignes is not None:
        kept = kept & bloc.lignes
    rows = np.flatnonzero(kept)
    table = sheet.table.keep(kept, [name for column in bloc.colonnes for name in (column.entete, column.note) if name])
    size = (len(rows), len(bloc.colonnes))
    values = np.full(size, np.nan, order="F")
    states = np.zeros(size, dtype=np.int8, order="F")
    bad = np.zeros(size, dtype=bool, order="F")
    codes = np.zeros(size, dtype=np.int16, order="F")
    by_header: dict[str, np.ndarray] = {"": np.zeros(len(rows), dtype=np.int16)}
    for i, column in enumerate(bloc.colonnes):
        if column.note not in by_header:
            by_header[column.note] = _read_notes(table, column.note, notes)
        note = by_header[column.note]
        known = catalogue.indicateurs[column.indicateur]
        whole = known.genre in ("effectif", "montant") and not known.decimales
        decoded = decode_numbers(table.table[column.entete], entiers=whole)
        values[:, i], bad[:, i], codes[:, i] = decoded.valeurs, decoded.mauvais, note
        blank = (decoded.codes == 0) & ~decoded.mauvais
        states[:, i] = np.where(blank, np.where(note == 0, NON_DIFFUSE, NON_DISPONIBLE), decoded.codes)
    years = [catalogue.data_year(sheet.famille.id, bloc.millesime, column.indicateur)[0] for column in bloc.colonnes]
    return Chunk(
        fichier=fichier,
        famille=sheet.famille,
        publication=bloc.millesime,
        parution=max(other.millesime for other in sheet.blocs) + sheet.famille.delai,
        table=table,
        zones=sheet.zones[rows],
        niveaux=sheet.niveaux[rows],
        entetes=tuple(column.entete for column in bloc.colonnes),
        indicateurs=tuple(column.indicateur for column in bloc.colonnes),
        annees=tuple(years),
        valeurs=values,
        statuts=states,
        illisibles=bad,
        notes=codes,
    )


def _read_notes(table: RawTable, header: str, notes: dict[str, int]) -> np.ndarray:
    """The codes of a NOTE_ column as numbers of `notes` (filled in passing); 0 and blank are the same: published."""
    cells = as_text(table.table[header])
    encoded = pc.dictionary_encode(cells)
    labels = [cell.strip().removesuffix(",0").removesuffix(".0") for cell in encoded.dictionary.to_pylist()]
    numbers = [notes.setdefault("" if label == "0" else label, len(notes)) for label in labels]
    return np.array([*numbers, 0], dtype=np.int16)[encoded.indices.to_numpy(zero_copy_only=False)]


def make_account(
    fichiers: Sequence[str], chunks: Sequence[Chunk], zones: Zones, table: pd.DataFrame, elsewhere: Mapping[str, int]
) -> pd.DataFrame:
    """The account of the files (`fichier`, then `COMPTE`), from two sides that know nothing of each other: the cells read (rows × columns),
    and what the tidy table and the anomalies hold. Only the rows of `zones` count where they were asked for."""
    in_table = table["fichier"].value_counts()
    values = table.loc[table["statut"] == "publié", "fichier"].value_counts()
    read: Counter[str] = Counter()
    wrong = Counter(elsewhere)
    for chunk in chunks:
        rows = chunk.wanted(zones)
        read[chunk.fichier] += int(rows.sum()) * len(chunk.indicateurs)
        wrong[chunk.fichier] += int(chunk.illisibles[rows].sum())
    known = [(name, int(values.get(name, 0)), int(in_table.get(name, 0))) for name in fichiers]
    lines = [(name, read[name], sound, all_ - sound, wrong[name]) for name, sound, all_ in known]
    return pd.DataFrame(lines, columns=["fichier", *COMPTE])


def lost_cells(account: pd.DataFrame) -> pd.Series:
    """How many cells of each file are lost, or made up (below 0): none where the account balances."""
    return account["cellules"] - account[list(COMPTE[1:])].sum(axis=1)
