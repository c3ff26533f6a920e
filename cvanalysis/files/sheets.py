"""One raw file → tables of text with their header found. Owns what a file really is, its sheets and its header line.

Title rows, rows of labels and rows of codes come in any order at the top of INSEE's and of contract teams' sheets.

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
from cvanalysis.files.delimited import Grid, read_delimited
from cvanalysis.files.guard import MIO, SECONDES_PAR_MIO, TooLargeError, allow, too_large
from cvanalysis.files.markup import read_markup
from cvanalysis.files.workbooks import read_json_rows, read_ods, read_workbook
from cvanalysis.french import fold

ENREGISTRER = "Ouvrez-le dans un tableur et enregistrez-le en .xlsx ou en .csv"
BLANCS = b" \t\r\n\x0b\x0c;,|\xef\xbb\xbf"
MACHINE = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
ATTENDU = "Un fichier CSV, XLS, XLSX, ODS ou une liste JSON était attendu"

IMPOSTEURS, DANS_OLE = tomllib.loads(Path(__file__).with_name("imposteurs.toml").read_text(encoding="utf-8")).values()
BALISES = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:[?]xml|!--|!doctype html|html|head|body|table)\b", re.IGNORECASE)
OLE = b"\xd0\xcf\x11\xe0"
_NOMBRE = re.compile(r"[\s+\-−]*\d[\d\s.,'’%€]*$")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_+.-]{0,31}$")
ENTETE_MAX = 60  # filled rows among which a header is looked for


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
    try:
        sheets = _open(data, fichier)
    except TooLargeError as error:
        raise too_large(fichier, error) from None
    filled = [grid for grid in sheets if grid.table.num_rows and grid.table.num_columns]
    if not filled:
        raise _refuse(fichier, "le fichier ne contient aucune cellule remplie", "Téléchargez-le de nouveau")
    empty = [
        Problem(fichier, 0, "", f"feuille « {grid.feuille} » vide", que_faire="Elle est laissée de côté")
        for grid in sheets
        if not grid.table.num_rows
    ]
    told = [[replace(one, fichier=fichier) for one in grid.anomalies] for grid in filled]
    told[0] = empty + told[0]
    return [replace(grid, fichier=fichier, anomalies=tuple(of)) for grid, of in zip(filled, told, strict=True)]


def _open(data: bytes, fichier: str) -> list[Grid]:
    if data.startswith(OLE):
        for word, found, to_do in DANS_OLE:
            if word.encode("utf-16-le") in data:
                raise _refuse(fichier, found, to_do, "")
        return _open_workbook(data, fichier)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        if is_archive(data):
            raise _refuse(fichier, "le fichier est une archive ZIP, pas un classeur", "Décompressez-la")
        return _open_workbook(data, fichier)
    if BALISES.match(data[:1024]):
        if not (tables := read_markup(data)):
            raise _refuse(fichier, "le fichier est une page web (HTML) ou un document XML, sans tableau", ENREGISTRER)
        return tables
    if not fichier.lower().endswith((".json", ".geojson")):
        return [read_delimited(data)]
    try:
        return [read_json_rows(data)]
    except ValueError:
        found, expected = (
            "le fichier JSON n'est pas une liste d'objets",
            "Une liste de la forme [{…}, {…}] était attendue",
        )
        raise _refuse(fichier, found, "Exportez les données en CSV", expected) from None


def read_raw(path: Path, fichier: str, connus: frozenset[str] = frozenset()) -> list[RawTable]:
    """Every sheet of a file as a table whose header is found by its content.

    `connus` are header names that the caller knows: the row that has most of them is the header (a row of codes first; ties: the first).
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
    header = grid.entete if grid.entete is not None else _find_header(head, connus)
    labels = None if grid.entete is not None else _find_labels(head, lines, header)
    first = max(header, header if labels is None else labels) + 1
    names, anomalies = _name_columns(grid, head[header], first)
    body = grid.table.slice(first).select([i for i, name in enumerate(names) if name])
    kept = [name for name in names if name]
    lignes = grid.lignes[first:]
    above, told = (header, [""] * len(names)) if labels is None else (min(header, labels), head[labels])
    return RawTable(
        grid.fichier,
        grid.feuille,
        pa.Table.from_arrays(body.columns, names=kept),
        lignes,
        tuple(" ".join(cell.strip() for cell in row if cell.strip()) for row in head[:above]),
        {n: c.strip() for n, c in zip(names, told, strict=True) if n and c.strip()},
        lines[header],
        grid.anomalies + anomalies + _say_ragged_rows(grid, lines[header]),
    )


def _find_header(head: Sequence[Sequence[str]], connus: frozenset[str] = frozenset()) -> int:
    """Position of the header among the first filled rows.

    With known names, the row that has most of them, codes before labels (two at least: a lone `A` or `note` can be a cell). Else the first
    row with at least 70 % of the largest number of distinct words (titles and group headings have fewer); where it
    adjoins a row as wide of codes (`TX_F`), codes win over labels.
    """
    known = {fold(name) for name in connus}
    if known:
        hits = [len({fold(cell) for cell in row} & known) for row in head]
        if max(hits) >= min(2, len(known)):
            return max(range(len(head)), key=lambda i: (hits[i] > 1 and _are_codes(head[i]), hits[i], -i))
    words = [_count_words(row) for row in head]
    most = max(words)
    if most == 0:
        return 0
    header = next(i for i, count in enumerate(words) if count >= max(0.7 * most, 1))
    below = header + 1
    if (
        below < len(head)
        and words[below] >= 0.7 * words[header]
        and _are_codes(head[below])
        and not _are_codes(head[header])
    ):
        return below
    return header


def _is_word(cell: str) -> bool:
    cell = cell.strip()
    return bool(cell) and not _NOMBRE.match(cell)


def _count_words(row: Sequence[str]) -> int:
    """Distinct words of a row; 0 where most of its cells are numbers: that is data."""
    filled = [cell for cell in row if cell.strip()]
    words = {fold(cell) for cell in filled if _is_word(cell)}
    return len(words) if len(words) * 2 >= len(filled) else 0


def _are_codes(row: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in row if cell.strip()]
    return bool(filled) and all(_CODE.match(cell) for cell in filled)


def _find_labels(head: Sequence[Sequence[str]], lines: list[int], header: int) -> int | None:
    """The row of labels directly above or below the header: as wide, words only, and longer than codes.

    Below, data may look like it: it is a label only where the rows after it hold numbers and it holds none.
    """
    filled = [i for i, cell in enumerate(head[header]) if cell.strip()]
    if len(filled) < 3:
        return None

    def is_labels(row: Sequence[str]) -> bool:
        cells = [row[i].strip() for i in filled if row[i].strip()]
        return len(cells) >= 0.6 * len(filled) and all(map(_is_word, cells)) and len(set(cells)) >= 0.6 * len(cells)

    if header > 0 and lines[header] - lines[header - 1] == 1 and is_labels(head[header - 1]):
        return header - 1
    below = header + 1
    if below < len(head) and lines[below] - lines[header] == 1 and _are_codes(head[header]) and is_labels(head[below]):
        after = head[below + 1 : below + 11]
        numeric = [
            i for i in filled if any(row[i].strip() for row in after) and not any(_is_word(row[i]) for row in after)
        ]
        long = sum(len(head[below][i].strip()) > len(head[header][i].strip()) for i in filled)
        if len(numeric) * 2 >= len(filled) and long * 2 >= len(filled):
            return below
    return None


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


def _open_workbook(data: bytes, fichier: str) -> list[Grid]:
    """A workbook's sheets; whatever a damaged one makes calamine, odfpy or zipfile raise means that it is damaged."""
    with _stderr_silenced():
        try:
            return read_workbook(data)
        except python_calamine.PasswordError:
            _, found, to_do = DANS_OLE[0]
            raise _refuse(fichier, found, to_do, "") from None
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
