"""One raw file → tables of text with their header found. Owns what a file really is, its sheets and its header line.

Refuses to know INSEE, actions or voices (they name the headers they know) and to decode a cell (`values`, `dates`).
What a file is is told by its first bytes, never by its name: a PDF, an LFS pointer or a web page called `.csv` is a
`ReadError` that says so. Nothing but `ReadError` leaves this module, whatever the bytes; no cell with content is
dropped in silence.

Speed: see `delimited`; the tables stay in Arrow until `cells` is asked for, so that keeping a few zones costs a filter.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import python_calamine

from cvanalysis.errors import Problem, ReadError, say_system
from cvanalysis.files.archives import OCTETS_MAX, TABLEAUX, is_archive
from cvanalysis.files.atomic import named
from cvanalysis.files.delimited import Cells, TooLargeError, read_delimited
from cvanalysis.files.guard import ALLEGER, MIO, SECONDES_PAR_MIO, allow
from cvanalysis.files.headers import ENTETE_MAX, find_header, find_labels
from cvanalysis.files.workbooks import read_json_rows, read_ods, read_workbook

ENREGISTRER = "Ouvrez-le dans un tableur et enregistrez-le en CSV ou en XLSX"
BLANCS = b" \t\r\n\x0b\x0c;,|\xef\xbb\xbf"
MACHINE = frozenset({"thumbs.db", "desktop.ini"})
ATTENDU = "Un fichier CSV, XLS, XLSX, ODS ou une liste JSON était attendu"

IMPOSTEURS = tomllib.loads(Path(__file__).with_name("imposteurs.toml").read_text(encoding="utf-8"))["imposteurs"]


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet as it stands: every filled row as text, no header logic.

    `cells` has one column per column of the sheet that holds something, named by its place from 0 (gaps are
    possible); `lignes` are spreadsheet rows from 1 (wholly blank rows are left out). `courtes` and `longues` are rows of another width than
    usual in a ragged text file. `entete`: the header's position in JSON; `cachee`: hidden.
    """

    fichier: str
    feuille: str
    table: pa.Table
    lignes: np.ndarray
    courtes: tuple[int, ...] = ()
    longues: tuple[int, ...] = ()
    anomalies: tuple[Problem, ...] = ()
    entete: int | None = None
    cachee: bool = False

    def say(self, line: int, column: str, found: str, to_do: str = "") -> Problem:
        """Something doubtful of this sheet, which a workbook's message names."""
        where = f"feuille « {self.feuille} » : " if self.feuille else ""
        return Problem(self.fichier, line, column, where + found, que_faire=to_do)

    @property
    def cells(self) -> pd.DataFrame:
        """Rows × columns of `str`, never missing; a new frame each time."""
        frame = self.table.to_pandas()
        frame.columns = [int(name) for name in self.table.column_names]
        return frame


@dataclass(frozen=True)
class RawTable:
    """One sheet whose header was found; every cell is text, as found.

    `cells.columns` are the headers, stripped and made unique; `lignes[i]` is the spreadsheet row of row i;
    `preambule` the lines above the header, cells joined by a space; `etiquettes` the label of a header where a row of
    labels adjoins it; `anomalies` what was doubtful.
    """

    fichier: str
    feuille: str
    table: pa.Table
    lignes: np.ndarray
    preambule: tuple[str, ...] = ()
    etiquettes: dict[str, str] = field(default_factory=dict)
    ligne_entete: int = 1
    anomalies: tuple[Problem, ...] = ()

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Rows × headers of `str`, never missing."""
        return self.table.to_pandas()

    @property
    def colonnes(self) -> tuple[str, ...]:
        """The headers, without building the frame."""
        return tuple(self.table.column_names)

    def keep(self, mask: np.ndarray, columns: Iterable[str]) -> RawTable:
        """The same table with only those columns, and the rows where `mask` (bool, one per row) holds."""
        table = self.table.select(list(dict.fromkeys(columns)))
        kept = table if mask.all() else table.filter(pa.array(mask))
        return replace(self, table=kept, lignes=self.lignes[mask])


def is_machine(path: Path) -> bool:
    """Whether a path, relative to the data folder, is of what a machine leaves there: hidden, a lock, a list of pictures."""
    return any(part.startswith((".", "~")) or part.lower() in MACHINE for part in path.parts)


def read_grid(path: Path, fichier: str) -> list[Grid]:
    """Every sheet of a file that holds something (one for a CSV), as text, without looking for a header.

    `fichier` is how the file is named to people (relative to the data folder). Raises `ReadError` when it cannot be
    read or holds nothing.
    """
    return grids_of(read_bytes(path, fichier), fichier)


def raw_files(folder: Path, root: Path) -> list[tuple[Path, str]]:
    """All that stands under a folder, hidden things left out, with its name relative to the data folder, in order.

    What is no file but bears the name of one (a folder `x.csv`, a pipe, a link to nothing) is there too, for reading to refuse it.
    """
    found = (
        path
        for path in folder.rglob("*")
        if not is_machine(path.relative_to(folder)) and (path.suffix.lower() in TABLEAUX if path.is_dir() else True)
    )
    return sorted((path, named(path, root)) for path in found)


def read_bytes(path: Path, fichier: str) -> bytes:
    """A file as it stands; `ReadError` where the system does not give it, or not in a reasonable size."""
    try:
        what = path.stat()
        if not stat.S_ISREG(what.st_mode) and not stat.S_ISDIR(what.st_mode):
            found = "ce n'est pas un fichier mais un tube, une prise ou un périphérique"
            raise _refuse(fichier, found, "Retirez-le du dossier")
        if what.st_size > OCTETS_MAX:
            found = f"le fichier fait {what.st_size // MIO} Mio, plus que les {OCTETS_MAX // MIO} permis"
            raise ReadError.of(fichier, found, "", "Gardez-en les lignes et les colonnes utiles")
        allow(what.st_size / MIO * SECONDES_PAR_MIO)
        return path.read_bytes()
    except OSError as error:
        to_do = "Vérifiez qu'il existe et que vous avez le droit de le lire"
        raise ReadError.of(fichier, f"le fichier ne peut pas être lu ({say_system(error)})", "", to_do) from None


def grids_of(data: bytes, fichier: str) -> list[Grid]:
    """`read_grid` for a file that is in memory already."""
    _refuse_impostors(data, fichier)
    header = None
    with refusing_too_large(fichier):
        if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            if is_archive(data):
                raise _refuse(fichier, "le fichier est une archive ZIP, pas un classeur", "Décompressez-la")
            sheets = _open_workbook(data, fichier)
        elif data.startswith(b"\xd0\xcf\x11\xe0"):
            sheets = _open_ole(data, fichier)
        elif fichier.lower().endswith((".json", ".geojson")):
            sheets, header = [("", _open_json(data, fichier))], 0
        else:
            sheets = [("", _open_text(data, fichier))]
    named = [(name, cells) for name, cells in sheets if cells.table.num_rows and cells.table.num_columns]
    if not named:
        raise _refuse(fichier, "le fichier ne contient aucune cellule remplie", "Téléchargez-le de nouveau")
    empty = tuple(
        Problem(fichier, 0, "", f"feuille « {name} » vide", que_faire="Elle est laissée de côté")
        for name, cells in sheets
        if not cells.table.num_rows
    )
    return [
        Grid(
            fichier,
            name,
            cells.table,
            cells.lignes,
            cells.courtes,
            cells.longues,
            (empty if i == 0 else ()) + tuple(Problem(fichier, line, "", what) for line, what in cells.remarques),
            header,
            cells.cachee,
        )
        for i, (name, cells) in enumerate(named)
    ]


def read_raw(path: Path, fichier: str, connus: frozenset[str] = frozenset()) -> list[RawTable]:
    """Every sheet of a file as a table whose header is found by its content.

    `connus` are header names that the caller knows: the row that has most of them is the header (ties: the first).
    Without any, it is the first of the rows with most distinct words. Sheets with no header at all come out too,
    their first row taken for one. Raises `ReadError`.
    """
    return tables_of(read_bytes(path, fichier), fichier, connus)


def tables_of(data: bytes, fichier: str, connus: frozenset[str] = frozenset()) -> list[RawTable]:
    """`read_raw` for a file that is in memory already."""
    return [find_table(grid, connus) for grid in grids_of(data, fichier)]


def find_table(grid: Grid, connus: frozenset[str] = frozenset()) -> RawTable:
    """The table of one grid: its header, the row of labels next to it, the lines above it."""
    head = list(zip(*(column.to_pylist() for column in grid.table.slice(0, ENTETE_MAX).columns), strict=True))
    lines = [int(n) for n in grid.lignes[: len(head)]]
    header = grid.entete if grid.entete is not None else find_header(head, connus)
    labels = None if grid.entete is not None else find_labels(head, lines, header)
    first = max(header, labels if labels is not None else header) + 1
    names, anomalies = _name_columns(grid, head[header], first)
    body = grid.table.slice(first).select([i for i, name in enumerate(names) if name])
    kept = [name for name in names if name]
    lignes = grid.lignes[first:]
    above = min(header, labels if labels is not None else header)
    return RawTable(
        grid.fichier,
        grid.feuille,
        pa.Table.from_arrays(body.columns, names=kept),
        lignes,
        tuple(" ".join(cell.strip() for cell in row if cell.strip()) for row in head[:above]),
        {n: c.strip() for n, c in zip(names, head[labels], strict=True) if n and c.strip()}
        if labels is not None
        else {},
        lines[header],
        grid.anomalies + anomalies + _say_ragged_rows(grid, lines[header]),
    )


def _name_columns(grid: Grid, header: Sequence[str], first: int) -> tuple[list[str], tuple[Problem, ...]]:
    """A unique name per column ('' for one without header nor data), what was doubtful."""
    names: list[str] = []
    anomalies: list[Problem] = []
    seen: set[str] = set()
    places = [int(name) for name in grid.table.column_names]
    line = int(grid.lignes[first - 1]) if first else 0
    for place, cell, column in zip(places, header, grid.table.columns, strict=True):
        name = cell.strip().lstrip("\ufeff").strip()
        if not name:
            data = column.slice(first)
            if not pa.compute.any(pa.compute.greater(pa.compute.binary_length(data), 0)).as_py():
                names.append("")
                continue
            name = f"(sans titre, colonne {place + 1})"
            to_do = "Donnez-lui un titre pour qu'elle serve"
            anomalies.append(grid.say(line, name, "colonne remplie mais sans titre", to_do))
        unique, n = name, 2
        while unique in seen:
            unique, n = f"{name} ({n})", n + 1
        if unique != name:
            anomalies.append(grid.say(line, name, f"titre de colonne en double, lu comme « {unique} »"))
        seen.add(unique)
        names.append(unique)
    return names, tuple(anomalies)


def _say_ragged_rows(grid: Grid, header: int) -> tuple[Problem, ...]:
    """Rows of the data with more or fewer cells than the others: said once per kind, nothing of them is lost."""
    said = []
    for rows, what, done in (
        (grid.courtes, "de moins", "les cellules absentes ont été lues comme vides"),
        (grid.longues, "de plus", "les cellules en trop ont été gardées dans des colonnes sans titre"),
    ):
        inside = [row for row in rows if row > header]
        if inside:
            lines = "ligne a" if len(inside) == 1 else "lignes ont"
            said.append(grid.say(inside[0], "", f"{len(inside)} {lines} des cellules {what} : {done}"))
    return tuple(said)


@contextmanager
def refusing_too_large(fichier: str) -> Iterator[None]:
    """Say of which file what is too large is."""
    try:
        yield
    except TooLargeError as error:
        raise ReadError.of(fichier, f"le fichier est démesuré ({error})", "", ALLEGER) from None


def _refuse(fichier: str, found: str, to_do: str, expected: str = ATTENDU) -> ReadError:
    return ReadError.of(fichier, found, expected, to_do)


def _refuse_impostors(data: bytes, fichier: str) -> None:
    """Raise for what no reader can make a table of, told from the first bytes."""
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data.strip(BLANCS):
        found = "le fichier est vide" if not data else "le fichier ne contient que des lignes vides"
        raise _refuse(fichier, found, "Téléchargez-le de nouveau")
    for signature, found, to_do in IMPOSTEURS:
        if start.startswith(signature.encode("latin-1")):
            raise _refuse(fichier, found, to_do)
    if re.match(rb"<(!doctype html|html|head|body|table)\b", start, re.IGNORECASE):
        raise _refuse(fichier, "le fichier est une page web (HTML)", f"Téléchargez-le de nouveau. {ENREGISTRER}")


def _open_text(data: bytes, fichier: str) -> Cells:
    try:
        return read_delimited(data)
    except pa.ArrowInvalid:
        raise _refuse(fichier, "le texte du fichier ne se découpe pas en cellules", ENREGISTRER) from None


def _open_ole(data: bytes, fichier: str) -> list[tuple[str, Cells]]:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise _protected(fichier)
    if "WordDocument".encode("utf-16-le") in data:
        raise _refuse(fichier, "le fichier est un document Word", "Copiez le tableau dans un classeur")
    return _open_workbook(data, fichier)


def _protected(fichier: str) -> ReadError:
    return ReadError.of(fichier, "le classeur est protégé par un mot de passe", "", "Enregistrez-le sans mot de passe")


def _open_workbook(data: bytes, fichier: str) -> list[tuple[str, Cells]]:
    """A workbook's sheets; whatever a damaged one makes calamine, odfpy or zipfile raise means that it is damaged."""
    with _stderr_silenced():
        try:
            return read_workbook(data)
        except python_calamine.PasswordError:
            raise _protected(fichier) from None
        except (KeyboardInterrupt, SystemExit, MemoryError, TooLargeError):
            raise
        except BaseException:  # noqa: BLE001 (a panic of calamine's Rust is no Exception)
            with suppress(Exception):
                return read_ods(data)
    raise _refuse(fichier, "le classeur est incomplet ou abîmé", f"Téléchargez-le de nouveau. {ENREGISTRER}")


@contextmanager
def _stderr_silenced() -> Iterator[None]:
    """Keep calamine's Rust from printing its panic and backtrace, which go straight to the descriptor."""
    try:
        kept = os.dup(2)
    except OSError:  # no standard error at all: nothing to silence
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


def _open_json(data: bytes, fichier: str) -> Cells:
    try:
        return read_json_rows(data)
    except ValueError:
        expected = "Une liste de la forme [{…}, {…}] était attendue"
        raise _refuse(
            fichier, "le fichier JSON n'est pas une liste d'objets", "Exportez les données en CSV", expected
        ) from None
