"""Delimited text → cells. Owns encodings, separators, quotes and ragged lines; refuses to know what a header is.

pyarrow's parser does the work, on one thread and everything as text: on INSEE's files (1,000 columns of which 30 are
filled) it costs a sixth of the CPU of pandas' C engine, a third once headers are found and frames made, so that nothing
has to be cut or filtered beforehand and row numbers stay exact. It takes quotes as the `csv` module does; one that
never closes is made a character beforehand. A line of another width than its neighbours (a title, a footer) is handed
back by pyarrow and put in its place again.

A row's number is that of the spreadsheet: a cell on several lines counts for one row, a blank line for one too.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from cvanalysis.french import CP1252, to_utf8

SEPARATEURS = (";", "\t", ",", "|")
SONDE_LIGNES = 40  # records looked at to choose the separator
SONDE_OCTETS = 200_000
EN_TROP_MAX = 256  # cells beyond the usual width that get a column of their own; the rest joins the last of them
REPRISES_MAX = 50  # quotes that never close, repaired one by one before quotes are given up
csv.field_size_limit(2**31 - 1)  # cells of people have no limit; csv's own (131,072) would refuse the file
LIGNE_MAX = 20_000_000  # bytes of one line: INSEE's widest have 8,000
CELLULE_MAX = 1_000_000  # bytes of one cell: a spreadsheet's holds 32,767, a long interview in one piece 200,000
COLONNES_MAX = 16_384  # those of a spreadsheet; INSEE's widest file has 1,000


class TooLargeError(Exception):
    """What would not fit in memory or in a spreadsheet; the message says which part."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A rectangle of text. `lignes` are spreadsheet rows from 1; `courtes` and `longues` those of another width."""

    table: pa.Table  # columns "0", "1", … of pa.string(), never null
    lignes: np.ndarray
    courtes: tuple[int, ...] = ()
    longues: tuple[int, ...] = ()
    remarques: tuple[tuple[int, str], ...] = ()  # (row or 0, what was found and done), in French
    cachee: bool = False  # a sheet that its workbook hides


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


def read_delimited(data: bytes) -> Cells:
    """All the cells of a delimited file as text, wholly blank rows and columns left out.

    Columns keep their place in their name ("0" is the first). No cell with content is ever dropped. Raises `TooLargeError` for
    what no spreadsheet holds, before it is cut.
    """
    _refuse_long_lines(data)
    utf8, remark = to_utf8(data)
    remarks = ((0, remark),) if remark not in ("", CP1252) else ()
    candidates, shift = SEPARATEURS, 0
    said = re.match(rb"sep=([;\t,|])(?:\r\n|\r|\n)", utf8, re.IGNORECASE)
    if said:  # Excel's own first line
        utf8, candidates, shift = utf8[said.end() :], (said[1].decode(),), 1
    cells = _read_text(utf8, candidates)
    if cells.table.num_columns == 1 and utf8.startswith(b'"'):
        inner = "\n".join(cells.table.column(0).to_pylist()).encode()
        if find_separator(inner)[1] > 2:
            cells = _read_text(inner, SEPARATEURS)
            remarks += ((0, "chaque ligne était entre guillemets : ils ont été enlevés"),)
    return drop_blanks(cells, shift, remarks)


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


def _read_text(utf8: bytes, candidates: tuple[str, ...]) -> Cells:
    separator, width = find_separator(utf8, candidates)
    refuse_width(width)
    if _quotes_are_sound(utf8, separator):
        return _read_arrow(utf8, separator, width)
    mended, remarks = _close_quotes(utf8.decode(), separator)
    return replace(_read_arrow(mended.encode(), separator, width), remarques=remarks)


def _read_arrow(utf8: bytes, separator: str, width: int) -> Cells:
    odd: list[tuple[int, str]] = []

    def set_aside(row: pa.csv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip"

    names = [str(i) for i in range(width)]
    if not utf8:
        return Cells(pa.table({name: pa.array([], pa.string()) for name in names}), np.zeros(0, dtype=np.int32))
    table = pa.csv.read_csv(
        pa.BufferReader(utf8),
        read_options=pa.csv.ReadOptions(
            column_names=names, use_threads=False, block_size=min(len(utf8) + 1, 2**31 - 1)
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    total = table.num_rows + len(odd)
    lines = np.arange(1, total + 1, dtype=np.int32)
    if not odd:
        return Cells(table, lines)
    numbers = np.array([number for number, _ in odd], dtype=np.int32)
    rows = [next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), []) for _, text in odd]
    return _put_back(table, np.delete(lines, numbers - 1), rows, numbers, width, separator)


def _put_back(
    table: pa.Table, lines: np.ndarray, rows: list[list[str]], numbers: np.ndarray, width: int, separator: str
) -> Cells:
    """Rows of another width, back in their place among the regular ones."""
    extra = max((_filled_width(row) for row in rows), default=0)
    full = min(max(width, extra), width + EN_TROP_MAX)
    padded = [_fit(row, full, separator) for row in rows]
    columns = [pa.array(column, pa.string()) for column in zip(*padded, strict=True)]
    blank = pa.repeat(pa.scalar("", pa.string()), table.num_rows)
    order = pa.array(np.argsort(np.concatenate([lines, numbers]), kind="stable"))
    whole = []
    for i, added in enumerate(columns):
        regular = table.column(i).chunks if i < width else [blank]
        whole.append(pa.concat_arrays([*regular, added]).take(order))
    shorter = tuple(int(n) for n, row in zip(numbers, rows, strict=True) if any(row) and len(row) < width)
    longer = tuple(int(n) for n, row in zip(numbers, rows, strict=True) if _filled_width(row) > width)
    names = [str(i) for i in range(full)]
    return Cells(pa.Table.from_arrays(whole, names=names), np.sort(np.concatenate([lines, numbers])), shorter, longer)


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


def _close_quotes(text: str, separator: str) -> tuple[str, tuple[tuple[int, str], ...]]:
    """The same text where a quote that never closes, or only further down amid a cell, is a character of its line."""
    lines = io.StringIO(text, newline="").readlines()
    remarks: list[tuple[int, str]] = []
    start = records = 0
    while start < len(lines) and len(remarks) < REPRISES_MAX:
        reader = csv.reader(itertools.islice(lines, start, None), delimiter=separator)
        end = start
        for _ in reader:
            first, end = end, start + reader.line_num
            records += 1
            if (end - first > 1 or end == len(lines)) and _is_unclosed(lines[first:end], separator):
                lines[first] = _without_quoting(lines[first], separator)
                remarks.append((records, "guillemet ouvert et jamais refermé : lu comme un caractère ordinaire"))
                end = first + 1
                break
        start = end
    if start < len(lines):
        lines[start:] = [_without_quoting(line, separator) if '"' in line else line for line in lines[start:]]
        remarks.append((records, "trop de guillemets jamais refermés : lus comme des caractères jusqu'à la fin"))
    return "".join(lines), tuple(remarks)


def _without_quoting(line: str, separator: str) -> str:
    """One line whose quotes are characters, written so that any reader takes them so."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL).writerow(line.rstrip("\r\n").split(separator))
    return out.getvalue()


def _is_unclosed(record: list[str], separator: str) -> bool:
    """Whether the lines of one record are held together by a quote that does not close where a cell ends."""
    try:
        list(csv.reader(record, delimiter=separator, strict=True))
    except csv.Error as error:
        return len(record) > 1 or "end of data" in str(error)
    return False


def drop_blanks(cells: Cells, shift: int = 0, remarks: tuple[tuple[int, str], ...] = ()) -> Cells:
    """The same cells without wholly blank rows and columns, row numbers moved by `shift`."""
    kept, lengths = [], np.zeros(cells.table.num_rows, dtype=np.int64)
    for i, column in enumerate(cells.table.columns):
        own = pa.compute.binary_length(column).to_numpy()
        if not own.any():
            continue
        if own.max() > CELLULE_MAX:
            raise TooLargeError(f"une cellule de {own.max() // 1000} ko")
        kept.append(i)
        lengths += own
    table = cells.table.select(kept)
    filled = lengths > 0
    if not filled.all():
        table = table.filter(pa.array(filled))
    return Cells(
        table,
        cells.lignes[filled] + np.int32(shift),
        tuple(n + shift for n in cells.courtes),
        tuple(n + shift for n in cells.longues),
        remarks + tuple((n + shift if n else 0, what) for n, what in cells.remarques),
    )
