"""INSEE's files → tidy indicators with a status per value. Owns the walk over `insee/` and the decoding of each column.

A file that cannot be read or recognised is left out and named; the others go on. Refuses to alter a value: what is doubtful is marked
(`validity`), what is said twice is kept once and noted (`reconcile`), and every cell read is accounted for (`account`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from cvanalysis.catalogue import Catalogue, load_catalogue
from cvanalysis.errors import Problem, ReadError
from cvanalysis.files.anomalies import COLONNES_ANOMALIES, frame_problems
from cvanalysis.files.archives import archive_of, is_archive, members, read_member
from cvanalysis.files.guard import MIO, SECONDES_PAR_MIO, allow, reading
from cvanalysis.files.numbers import STATUTS, as_text, decode_numbers
from cvanalysis.files.sheets import RawTable, raw_files, read_bytes, tables_of
from cvanalysis.indicateurs.clean.account import Account, make_account
from cvanalysis.indicateurs.clean.recognise import (
    Bloc,
    Documentation,
    Recognised,
    known_headers,
    read_declared,
    recognise,
)
from cvanalysis.indicateurs.clean.reconcile import reconcile
from cvanalysis.indicateurs.clean.validity import mark_suspects
from cvanalysis.indicateurs.clean.vintage import Chunk, Zones
from cvanalysis.indicateurs.clean.zones import MILLESIMES, Declare

DOSSIER = "insee"
IGNORES = (".md",)  # what people leave to explain a folder
NON_DIFFUSE, NON_DISPONIBLE = STATUTS.index("non_diffusé"), STATUTS.index("non_disponible")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of `insee/`, or one in an archive there, and what became of it.

    `statut` is lu, documentation, non reconnu or illisible (`probleme` says why); `feuilles` what each sheet read was taken for.
    """

    fichier: str
    sha256: str
    statut: str
    feuilles: tuple[Recognised, ...] = ()
    probleme: Problem | None = None

    @property
    def famille(self) -> str:
        """Id of the family, '' where there is none; several are joined by `+`."""
        return "+".join(dict.fromkeys(sheet.famille.id for sheet in self.feuilles))

    @property
    def millesime(self) -> int | str | None:
        """The vintage (2018), the first and last of several (`2012-2021`), None where there is none."""
        years = sorted({bloc.millesime for sheet in self.feuilles for bloc in sheet.blocs})
        if len(years) > 1:
            return f"{years[0]}-{years[-1]}"
        return years[0] if years else None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Tidy indicators, what was doubtful, what each file was taken for, and the account of raw cells.

    `table`: zone, niveau, indicateur, millesime (Int16), publication (Int16), valeur, statut, source, fichier, note; texts are
    categoricals; sorted by zone, indicateur, millesime, publication. `anomalies`: fichier, ligne (Int32), colonne, brut,
    probleme, traitement.
    """

    table: pd.DataFrame
    anomalies: pd.DataFrame
    sources: tuple[SourceFile, ...]
    account: Account


def clean_indicators(folder: Path, zones: Zones = None) -> Cleaned:
    """Read and clean all the files of `folder/insee` (of `folder` itself where it is no territory's and has no `insee`).

    `zones` keeps only those (None: all); what is kept is then the same as without it. Raises
    nothing for what a file is: one that cannot be used is in `sources` with its problem.
    """
    catalogue = load_catalogue()
    bare = not (folder / DOSSIER).is_dir() and not (folder / "contrat.toml").is_file()
    base = folder if bare else folder / DOSSIER
    declared, problems = _read_millesimes(base, folder)
    sources, chunks = [], []
    for path, fichier in raw_files(base, folder):
        if path.suffix.lower() in IGNORES or path == base / MILLESIMES:
            continue
        for source in read_sources(path, fichier, declared):
            try:
                with reading(source.fichier):
                    said = [problem for sheet in source.feuilles for problem in _say_sheet(sheet, source.fichier)]
                    decoded = [
                        decode_bloc(sheet, bloc, source.fichier, catalogue)
                        for sheet in source.feuilles
                        for bloc in sheet.blocs
                    ]
            except ReadError as error:
                source, said, decoded = replace(source, statut="illisible", feuilles=(), probleme=error.problem), [], []
            sources.append(source)
            chunks += decoded
            problems += [*(p for sheet in source.feuilles for p in sheet.remarques), *said]
            problems += [source.probleme] if source.probleme else []
    problems += _say_absent(
        declared, [source.fichier for source in sources], (base / MILLESIMES).relative_to(folder).as_posix()
    )
    suspects = mark_suspects(chunks, catalogue, zones)
    reconciled = reconcile(chunks, catalogue, zones)
    anomalies = pd.concat(
        [
            frame_problems(problems),
            *(_say_bad_cells(chunk, zones) for chunk in chunks),
            *suspects,
            reconciled.anomalies,
        ],
        ignore_index=True,
    )
    account = make_account([source.fichier for source in sources], chunks, zones, reconciled)
    return Cleaned(reconciled.table, _sort_anomalies(anomalies), tuple(sources), account)


def read_sources(path: Path, fichier: str, declared: dict[str, Declare] | None = None) -> list[SourceFile]:
    """One file read and recognised, or each table of an archive; never raises for what the file is.

    INSEE's archives hold more than what reports compare: a member of no use is left aside as documentation, unless no other is read.
    """
    digest = ""
    try:
        with reading(fichier):
            data = read_bytes(path, fichier)
            digest = hashlib.sha256(data).hexdigest()
            inside = members(data, fichier) if is_archive(data) else []
    except ReadError as error:
        return [SourceFile(fichier, digest, "illisible", probleme=error.problem)]
    if not inside:
        return [_read_source(lambda: data, fichier, digest, declared)]
    found = [
        _read_source(lambda name=name: read_member(data, fichier, name), told, digest, declared)
        for told, name in inside
    ]
    if any(source.statut == "lu" for source in found):
        found = [
            replace(source, statut="documentation", probleme=None) if _is_idle(source) else source for source in found
        ]
    return found


def _is_idle(source: SourceFile) -> bool:
    """Whether a member of an archive is of no use, rather than in want of a line that the analyst can write."""
    return (
        source.statut == "non reconnu" and source.probleme is not None and MILLESIMES not in source.probleme.que_faire
    )


def _read_source(
    unfold: Callable[[], bytes], fichier: str, digest: str, declared: dict[str, Declare] | None
) -> SourceFile:
    statut = "illisible"
    try:
        with reading(fichier):
            data = unfold()
            allow(len(data) / MIO * SECONDES_PAR_MIO)
            tables = tables_of(data, fichier, known_headers())
            statut = "non reconnu"
            found = recognise(tables, fichier, declared)
    except ReadError as error:
        return SourceFile(fichier, digest, statut, probleme=error.problem)
    if isinstance(found, Documentation):
        return SourceFile(fichier, digest, "documentation")
    return SourceFile(fichier, digest, "lu", tuple(found))


def decode_bloc(sheet: Recognised, bloc: Bloc, fichier: str, catalogue: Catalogue) -> Chunk:
    """The columns of one vintage decoded; rows whose code is of no known zone are left out (they are in the anomalies).

    A blank is « non_diffusé » where its block's code is 0 or absent (the source is published: presumably secret), else
    « non_disponible ».
    """
    kept = sheet.niveaux != ""
    if bloc.lignes is not None:
        kept = kept & bloc.lignes
    rows = np.flatnonzero(kept)
    table = sheet.table if len(rows) == len(kept) else sheet.table.keep(kept)
    size = (len(rows), len(bloc.colonnes))
    values = np.full(size, np.nan, order="F")
    states = np.zeros(size, dtype=np.int8, order="F")
    bad = np.zeros(size, dtype=bool, order="F")
    codes = np.zeros(size, dtype=np.int16, order="F")
    notes: dict[str, int] = {"": 0}
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
        libelles_notes=tuple(notes),
    )


def _read_notes(table: RawTable, header: str, notes: dict[str, int]) -> np.ndarray:
    """The codes of a NOTE_ column as numbers of `notes` (filled in passing); 0 and blank are the same: published."""
    cells = as_text(table.table[header])
    encoded = pc.dictionary_encode(cells)
    labels = [cell.strip().removesuffix(",0").removesuffix(".0") for cell in encoded.dictionary.to_pylist()]
    numbers = [notes.setdefault("" if label == "0" else label, len(notes)) for label in labels]
    return np.array([*numbers, 0], dtype=np.int16)[encoded.indices.to_numpy(zero_copy_only=False)]


def _read_millesimes(base: Path, folder: Path) -> tuple[dict[str, Declare], list[Problem]]:
    path = base / MILLESIMES
    if not path.is_file():
        return {}, []
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return read_declared(text, path.relative_to(folder).as_posix())


def _say_absent(declared: Iterable[str], fichiers: Iterable[str], where: str) -> list[Problem]:
    """The files that `millesimes.csv` names and that are not there."""
    there = {name.removeprefix(f"{DOSSIER}/") for fichier in fichiers for name in (fichier, archive_of(fichier))}
    absent = [name for name in declared if name.removeprefix(f"{DOSSIER}/") not in there]
    todo = "Vérifiez son nom, ou retirez la ligne"
    return [
        Problem(where, 0, "fichier", f"fichier déclaré et absent\u00a0: «\u00a0{name}\u00a0»", "", todo)
        for name in absent
    ]


def _say_sheet(sheet: Recognised, fichier: str) -> list[Problem]:
    """What a person should know of a sheet that was read."""
    said = [
        Problem(fichier, sheet.table.ligne_entete, header, "colonne inconnue du catalogue, non lue")
        for header in sheet.inconnues
    ]
    if not sheet.connu:
        said += _say_vintage(sheet, fichier)
    said += _say_other_geography(sheet, fichier)
    unknown = np.flatnonzero(sheet.niveaux == "")
    for row in unknown[:50]:
        code = sheet.table.table[sheet.cle][int(row)].as_py()
        said.append(
            Problem(
                fichier,
                int(sheet.table.lignes[row]),
                sheet.cle,
                f"code de zone inconnu\u00a0: «\u00a0{code}\u00a0»" if code.strip() else "ligne sans code de zone",
                "",
                "Ligne laissée de côté",
            )
        )
    if len(unknown) > 50:
        said.append(
            Problem(
                fichier,
                0,
                sheet.cle,
                f"{len(unknown) - 50} autres lignes sans code de zone connu",
                "",
                "Lignes laissées de côté",
            )
        )
    return said


def _say_vintage(sheet: Recognised, fichier: str) -> list[Problem]:
    """A vintage that the map does not have, or whose data have no established year; nothing where neither is so."""
    catalogue, family = load_catalogue(), sheet.famille
    unsure = any(
        catalogue.data_year(family.id, bloc.millesime, column.indicateur)[0] is None
        for bloc in sheet.blocs
        for column in bloc.colonnes
    )
    years = ", ".join(str(bloc.millesime) for bloc in sheet.blocs if bloc.millesime not in family.millesimes)
    if not unsure and not family.millesimes:
        return []
    return [
        Problem(
            fichier,
            0,
            "",
            f"millésime {years} absent de la carte des colonnes de la famille {family.id}"
            if family.millesimes
            else f"le fichier {years} de la famille {family.id} ne dit pas l'année de ses données",
            "",
            "Colonnes lues par leurs noms connus" + ("\u00a0; année des données non établie" if unsure else ""),
        )
    ]


def _say_other_geography(sheet: Recognised, fichier: str) -> list[Problem]:
    """Quarters of 2015 and of 2024 in one table: two lists of perimeters, never joined."""
    if not sheet.geographie:
        return []
    other = "QP" if sheet.geographie == "QN2024" else "QN"
    rows = [row for row, zone in enumerate(sheet.zones.tolist()) if zone.startswith(other)]
    if not rows:
        return []
    count = f"{len(rows)} lignes de quartiers" if len(rows) > 1 else "une ligne de quartier"
    return [
        Problem(
            fichier,
            int(sheet.table.lignes[rows[0]]),
            sheet.cle,
            f"{count} d'une autre géographie (codes {other}…) dans un fichier en {sheet.geographie}\u00a0: deux découpages",
            "",
            "Lignes non jointes aux autres",
        )
    ]


def _say_bad_cells(chunk: Chunk, zones: Zones) -> pd.DataFrame:
    wrong = chunk.illisibles & chunk.wanted(zones)[:, None]
    return chunk.frame_cells(wrong, "nombre illisible", "Cellule laissée de côté")


def _sort_anomalies(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.sort_values(list(COLONNES_ANOMALIES), kind="stable", ignore_index=True)
    return frame.astype({"ligne": "Int32"})
