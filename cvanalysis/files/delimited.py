"""Delimited text → cells. Owns encodings, separators, quotes and ragged lines; refuses to know what a header is.

pyarrow's parser does the work, on one thread and everything as text: on INSEE's files (1,000 columns of which 30 are
filled) it costs a sixth of the CPU of pandas' C engine, a third once headers are found and frames made, so that nothing
has to be cut or filtered beforehand and row numbers stay exact. It takes quotes as the `csv` module does; one that
never closes is made a character beforehand. A text that has a line of another width than its neighbours (a title, a footer)
is read by that module.

A text too large to be held whole is cut first to its titles, its header and the rows of the codes asked for (`extract`).

A row's number is that of the spreadsheet: a cell on several lines counts for one row, a blank line for one too.
"""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from cvanalysis.errors import Problem
from cvanalysis.files.guard import MIO, TooLargeError
from cvanalysis.french import CP1252, to_utf8

SEPARATEURS = (";", "\t", ",", "|")
SONDE_LIGNES = 40  # records looked at to choose the separator
SONDE_OCTETS = 200_000
EN_TROP_MAX = 256  # cells beyond the usual width that get a column of their own; the rest joins the last of them
REPRISES_MAX = 50  # quotes that never close, repaired one by one before quotes are given up
csv.field_size_limit(2**31 - 1)  # cells of people have no limit; csv's own (131,072) would refuse the file
LIGNE_MAX = 20_000_000  # bytes of one line: INSEE's widest have 8,000
CELLULE_MAX = 1_000_000  # bytes of one cell: a spreadsheet's holds 32,767, a long interview in one piece 200,000
GRAND = 16 * MIO  # bytes of a text beyond which only what is asked for is kept
IMMENSE = 1024 * MIO  # beyond, no text of INSEE that we know of: to look for a few zones in it would take minutes
TITRES = 60  # lines among which its header is looked for; a text without it is cut there, and whoever recognises it says what it is
COLONNES_MAX = 16_384  # those of a spreadsheet; INSEE's widest file has 1,000


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet as it stands: every filled row as text, no header logic.

    `table` has one column of `pa.string()`, never null, per column of the sheet that holds something, named by its place from "0" (gaps
    are possible); `lignes` are spreadsheet rows from 1 (wholly blank rows are left out). `courtes` and `longues` are rows of another
    width than usual in a ragged text file. `entete`: the header's position in JSON; `cachee`: a sheet that its workbook hides.
    """

    table: pa.Table
    lignes: np.ndarray
    fichier: str = ""
    feuille: str = ""
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


def find_separator(utf8: bytes, candidates: tuple[str, ...] = SEPARATEURS) -> tuple[str, int]:
    """The separator that gives most lines of one same width, and that width; the first one and 1 for a single column."""
    sample = utf8[:SONDE_OCTETS].decode(errors="ignore")  # the last character may be cut
    best = (0, 0, candidates[0])
    for separator in candidates:
        if separator not in sample:
            continue
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
        records = [r for r in itertools.islice(reader, SONDE_LIGNES) if r]
        if len(utf8) > SONDE_OCTETS and len(records) > 1 and len(records) < SONDE_LIGNES:
            records.pop()  # cut by the sample
        widths = Counter(len(r) for r in records if len(r) > 1)
        if widths:
            width, lines = max(widths.items(), key=lambda item: (item[1], item[0]))
            # A comma in one sentence, or in few, is punctuation.
            likely = lines * 4 >= len(records) and (lines > 1 or width > 2 or len(records) == 1)
            if likely and (lines, width) > best[:2]:
                best = (lines, width, separator)
    return best[2], max(best[1], 1)


def read_delimited(data: bytes) -> Grid:
    """All the cells of a delimited file as text, wholly blank rows and columns left out.

    Columns keep their place in their name ("0" is the first). No cell with content is ever dropped. Raises `TooLargeError` for
    what no spreadsheet holds, before it is cut.
    """
    _refuse_long_lines(data)
    utf8, remark = to_utf8(data)
    remarks = [remark] if remark not in ("", CP1252) else []
    candidates = SEPARATEURS
    said = re.match(rb"sep=([;\t,|])(?:\r\n|\r|\n)", utf8, re.IGNORECASE)
    if said:  # Excel's own first line, left blank: rows keep their numbers
        utf8, candidates = b"\n" + utf8[said.end() :], (said[1].decode(),)
    grid = _read_text(utf8, candidates)
    if grid.table.num_columns == 1 and utf8.startswith(b'"'):
        inner = "\n".join(grid.table.column(0).to_pylist()).encode()
        if find_separator(inner)[1] > 2:
            grid = _read_text(inner, SEPARATEURS)
            remarks.append("chaque ligne était entre guillemets : ils ont été enlevés")
    return drop_blanks(replace(grid, anomalies=(*(Problem("", 0, "", one) for one in remarks), *grid.anomalies)))


def _refuse_long_lines(data: bytes) -> None:
    start = 0
    while start + LIGNE_MAX < len(data):
        ends = (data.rfind(end, start, start + LIGNE_MAX) for end in (b"\n", b"\r"))
        start = max(ends) + 1 or len(data)
        if start == len(data):
            raise TooLargeError(f"une ligne de plus de {LIGNE_MAX // 1_000_000} Mo")


def refuse_width(columns: int) -> None:
    """Refuse more columns than any spreadsheet has: each costs as much as a thousand cells."""
    if columns > COLONNES_MAX:
        raise TooLargeError(f"{columns} colonnes")


def _read_text(utf8: bytes, candidates: tuple[str, ...]) -> Grid:
    separator, width = find_separator(utf8, candidates)
    refuse_width(width)
    with suppress(pa.ArrowInvalid):
        if _quotes_are_sound(utf8, separator):
            return _read_regular(utf8, separator, width)
    return _read_ragged(utf8.decode(), separator, width)


def _read_regular(utf8: bytes, separator: str, width: int) -> Grid:
    """Lines that all have that width. Raises `pa.ArrowInvalid` for others."""
    names = [str(i) for i in range(width)]
    if not utf8:
        return cells_from_rows([])
    table = pa.csv.read_csv(
        pa.BufferReader(utf8),
        read_options=pa.csv.ReadOptions(
            column_names=names, use_threads=False, block_size=min(len(utf8) + 1, 2**31 - 1)
        ),
        parse_options=pa.csv.ParseOptions(delimiter=separator, newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return Grid(table, np.arange(1, table.num_rows + 1, dtype=np.int32))


def _read_ragged(text: str, separator: str, width: int) -> Grid:
    """Lines of any width (a title, a footer, a cell too many): as wide as the widest, and what is far beyond joins the last column."""
    rows, remarks = _records(io.StringIO(text, newline="").readlines(), separator)
    if separator == ",":
        rows, width = _join_decimals(rows, width)
    filled = [_filled_width(row) if len(row) > width else 0 for row in rows]  # most are as wide as usual
    full = min(max([width, *filled]), width + EN_TROP_MAX)
    return replace(
        cells_from_rows([row if len(row) == full else _fit(row, full, separator) for row in rows]),
        courtes=tuple(n for n, row in enumerate(rows, 1) if len(row) < width and any(row)),
        longues=tuple(n for n, last in enumerate(filled, 1) if last > width),
        anomalies=tuple(Problem("", row, "", what) for row, what in remarks),
    )


_ENTIER, _DECIMALES = re.compile(r"-?\d{1,3}(?:[ \u00a0\u202f]?\d{3})*"), re.compile(r"\d\d? *(?:€|euros?|EUR)?")
_NOMBRE, _ANNEE = re.compile(r"[-\d][\d\s.,€]*"), re.compile(r"(?:19|20)\d\d")


def usual_kinds(rows: Iterable[Sequence[str]]) -> list[str]:
    """What nine cells in ten of each column are: "mot", "nombre", "année", or "" where they are of several kinds."""
    said = [Counter(filter(None, map(_kind, column))) for column in zip(*rows, strict=True)]
    most = [max(kinds.items(), key=lambda item: item[1], default=("", 0)) for kinds in said]
    return [kind if many >= 0.9 * kinds.total() else "" for (kind, many), kinds in zip(most, said, strict=True)]


def fits(row: Sequence[str], kinds: Sequence[str]) -> bool:
    """Whether each cell is of the usual kind of its column, or blank; a year is a number too."""
    pairs = zip(map(_kind, row), kinds, strict=False)
    return all(not own or own == kind or kind in ("", own.replace("année", "nombre")) for own, kind in pairs)


def _kind(cell: str) -> str:
    bare = cell.strip()
    return bare and ("année" if _ANNEE.fullmatch(bare) else "nombre" if _NOMBRE.fullmatch(bare) else "mot")


def _join_decimals(rows: list[list[str]], usual: int) -> tuple[list[list[str]], int]:
    """Rows whose amounts a decimal comma without quotes cut in two, joined where one way alone leaves each cell under a title of its kind;
    the width of the titles. A row that stays wider than them is for whoever reads it to refuse."""
    heads = [row for row in rows[:SONDE_LIGNES] if set(map(_kind, row)) <= {"", "mot"}]
    width = max(map(_filled_width, heads), default=0)
    if width < 3:
        return rows, usual
    rows = [row[: max(width, _filled_width(row))] for row in rows]
    ways = {rank: _joined(row, len(row) - width) for rank, row in enumerate(rows) if len(row) > width}
    sound = [row for row in rows if len(row) == width and row not in heads]
    if len(sound) < 3:  # nothing tells but the rows that can be joined in one way, of which a year is no part
        dated = ([one for one in found if not any(_ANNEE.match(i) for i in one[1])] for found in ways.values())
        sound = [found[0][0] for found in dated if len(found) == 1]
    kinds = usual_kinds(sound)
    ways = {rank: [one for one in found if kinds and fits(one[0], kinds)] for rank, found in ways.items()}
    places = {place for found in ways.values() if len(found) == 1 for place in found[0][2]}
    for rank, found in ways.items():
        best = found if len(found) == 1 else [one for one in found if places.issuperset(one[2])]
        if places and not best:  # its text is cut too, further on: its amounts alone are joined, where others are
            known = (one for one in _joined(rows[rank], len(places)) if places.issuperset(one[2]))
            best = [one for one in known if fits(one[0][: max(places) + 2], kinds)]
        if len(best) == 1:
            rows[rank] = best[0][0]
    return rows, width


def _joined(row: list[str], more: int) -> list[tuple[list[str], list[str], list[int]]]:
    """Each way to join so many pairs of cells that may be an amount and its cents: the row, the amounts, their places in it."""
    last = len(row) - 1
    pairs = [i for i in range(last) if _ENTIER.fullmatch(row[i].strip()) and _DECIMALES.fullmatch(row[i + 1].strip())]
    made = []
    for some in itertools.islice(itertools.combinations(pairs, more), REPRISES_MAX):
        if not any(i + 1 in some for i in some):
            cells = [f"{cell.strip()},{row[i + 1].strip()}" if i in some else cell for i, cell in enumerate(row)]
            joined = [cell for i, cell in enumerate(cells) if i - 1 not in some]
            made.append((joined, [row[i].strip() for i in some], [i - rank for rank, i in enumerate(some)]))
    return made


def _records(lines: list[str], separator: str) -> tuple[list[list[str]], list[tuple[int, str]]]:
    """The records of a text, where a quote that never closes, or only further down amid a cell, is a character of its line; the rows
    where it is so."""
    rows: list[list[str]] = []
    remarks: list[tuple[int, str]] = []
    end = 0
    while end < len(lines) and len(remarks) < REPRISES_MAX:
        start = end
        reader = csv.reader(itertools.islice(lines, start, None), delimiter=separator)
        for row in reader:
            first, end = end, start + reader.line_num
            rows.append(row)
            if (end - first > 1 or end == len(lines)) and _is_unclosed(lines[first:end], separator):
                rows[-1], end = lines[first].rstrip("\r\n").split(separator), first + 1
                remarks.append((len(rows), "guillemet ouvert et jamais refermé : lu comme un caractère ordinaire"))
                break
    if end < len(lines):
        remarks.append((len(rows), "trop de guillemets jamais refermés : lus comme des caractères jusqu'à la fin"))
        for line in lines[end:]:
            rows.append(line.rstrip("\r\n").split(separator))
    return rows, remarks


def _filled_width(row: list[str]) -> int:
    return next((i for i in range(len(row), 0, -1) if row[i - 1].strip()), 0)


def _fit(row: list[str], width: int, separator: str) -> list[str]:
    if len(row) > width:
        rest = row[width - 1 : max(width, _filled_width(row))]
        return [*row[: width - 1], separator.join(rest)]
    return [*row, *[""] * (width - len(row))]


def _quotes_are_sound(utf8: bytes, separator: str) -> bool:
    """Whether quotes open at the start of a cell, close at the end of one, in turn, and are doubled elsewhere.

    Anything else (a quote never closed, a quote amid words) is for `_close_quotes`. Quotes are looked at by runs.
    """
    text = np.frombuffer(utf8, dtype=np.uint8)
    quotes = np.flatnonzero(text == ord('"'))  # few among the bytes: all that follows is about them alone
    if not len(quotes):
        return True
    apart = np.diff(quotes) != 1
    first, last = quotes[np.append(True, apart)], quotes[np.append(apart, True)]
    edges = np.array([ord(separator), ord("\n"), ord("\r")], dtype=np.uint8)
    opens = (first == 0) | np.isin(text[np.maximum(first - 1, 0)], edges)
    closes = (last == len(text) - 1) | np.isin(text[np.minimum(last + 1, len(text) - 1)], edges)
    odd = (last - first) & 1 == 0
    if (opens ^ closes ^ odd).any():  # odd runs have one edge, even runs have none or both
        return False
    opening = opens[odd]
    return len(opening) % 2 == 0 and bool(opening[::2].all()) and not opening[1::2].any()


def _is_unclosed(record: list[str], separator: str) -> bool:
    """Whether the lines of one record are held together by a quote that does not close where a cell ends."""
    try:
        list(csv.reader(record, delimiter=separator, strict=True))
    except csv.Error as error:
        return len(record) > 1 or "end of data" in str(error)
    return False


def cells_from_rows(rows: list[list[str]], numbers: Sequence[int] | None = None) -> Grid:
    """A rectangle of rows → a grid, blank rows and columns left out; rows are numbered from 1 where no number is given."""
    columns = [_text_array(column) for column in zip(*rows, strict=True)]
    table = pa.Table.from_arrays(columns, names=[str(i) for i in range(len(columns))])
    lines = np.array(numbers or range(1, len(rows) + 1), dtype=np.int32)
    return drop_blanks(Grid(table, lines if columns else lines[:0]))


def _text_array(column: tuple[str, ...]) -> pa.Array:
    try:
        return pa.array(column, pa.string())
    except UnicodeEncodeError:  # half of a surrogate pair, as JSON allows
        return pa.array([text.encode("utf-8", "replace").decode() for text in column], pa.string())


def drop_blanks(grid: Grid) -> Grid:
    """The same grid without wholly blank rows and columns."""
    kept, lengths = [], np.zeros(grid.table.num_rows, dtype=np.int64)
    for i, column in enumerate(grid.table.columns):
        own = pa.compute.binary_length(column).to_numpy()
        if not own.any():
            continue
        if own.max() > CELLULE_MAX:
            raise TooLargeError(f"une cellule de {own.max() // 1000} ko")
        kept.append(i)
        lengths += own
    table, filled = grid.table.select(kept), lengths > 0
    return replace(grid, table=table if filled.all() else table.filter(pa.array(filled)), lignes=grid.lignes[filled])


def extract(lines: Iterable[bytes], keys: Collection[str], wanted: Collection[bytes]) -> tuple[bytes, np.ndarray, int]:
    """The lines of a large text down to the header (the first that has a cell among `keys`), then those whose cell there is `wanted`.

    Returns the text, the number, from 1, of each of its lines, and how many are of what was asked for (-1: there is no header).
    A cell of several lines is not known: INSEE's bases have none.
    """
    kept: list[bytes] = []
    numbers: list[int] = []
    separator, place, rows = b"", -1, -1
    for number, line in enumerate(lines, start=1):
        if place < 0:
            found = _find_key(line, keys) if number <= TITRES else None
            if number > TITRES:
                break
            if found:
                (separator, place), rows = found, 0
        else:
            cells = line.split(separator, place + 1)
            code = cells[place].strip(b'" \r\n') if place < len(cells) else b""
            if code not in wanted and (b"-" not in code or code.rpartition(b"-")[2] not in wanted):
                continue
            rows += 1
        kept.append(line)
        numbers.append(number)
    return b"".join(kept), np.array(numbers, dtype=np.int32), rows


def _find_key(line: bytes, keys: Collection[str]) -> tuple[bytes, int] | None:
    """The separator of a header and the place of its column of codes."""
    for separator in dict.fromkeys(re.findall(rb"[;\t,|]", line[:100_000])):
        cells = line.split(separator)
        for place, cell in enumerate(cells):
            name = cell.removeprefix(b"\xef\xbb\xbf").strip(b'" \r\n').decode("latin-1").upper()
            if name in keys and len(cells) > 2:
                return separator, place
    return None
