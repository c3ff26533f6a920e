"""Workbooks (XLSX, XLSM, XLSB, XLS, ODS) and lists in JSON → cells as text. Refuses to know what a header is.

A cell's text loses nothing: a whole number is written without a decimal part (Excel keeps SIRET and counts as
floats), any other number by `repr`, a date in ISO form, a boolean VRAI or FAUX. calamine reads; it gives error cells
as '' and fails on some ODS, so XLSX error cells are put back from the file's XML and odfpy takes over for ODS.
"""

import datetime as dt
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

import numpy as np
import python_calamine

from cvanalysis.files.delimited import CELLULE_MAX, Grid, cells_from_rows, refuse_width
from cvanalysis.files.guard import TooLargeError

JSON_MAX = 100 * 1024**2  # bytes: once read, it takes ten times as many
DEPLIE_MAX = 1024**3  # bytes of a workbook once unzipped: INSEE's largest have 150 MiB
BALISE_MAX = 300  # bytes of the tag of a cell, before and after one of its attributes
CELLULES_OBJETS_MAX = 10_000_000  # of a list in JSON, as a table: each is an object of Python's
CELLULES_MAX = 30_000_000  # cells of a sheet's rectangle: beyond, a stray cell far below or right has stretched it
_ETENDUE = re.compile(rb'<dimension ref="[A-Z]+\d+:([A-Z]{1,3})(\d{1,7})"')
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')


def cell_text(value: object) -> str:
    """The text of one cell of a workbook, losing nothing.

    >>> cell_text(83831012600027.0), cell_text(0.1), cell_text("044005"), cell_text(True)
    ('83831012600027', '0.1', '044005', 'VRAI')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "VRAI" if value else "FAUX"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def read_workbook(data: bytes) -> list[Grid]:
    """Every sheet that holds something, with its name, in the workbook's order.

    Raises what calamine raises (`CalamineError` and its like), `TooLargeError` for a workbook too large to open: calamine
    takes the memory of the whole rectangle, and a copy of a shared text for each of its cells.
    """
    errors, percents = _marked_cells(data) if data.startswith(b"PK") else ({}, {})
    if percents is None:
        return read_ods(data)
    book = python_calamine.load_workbook(io.BytesIO(data))
    sheets = []
    hidden = {one.name for one in book.sheets_metadata if one.visible != python_calamine.SheetVisibleEnum.Visible}
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        left = [""] * (sheet.start[1] if sheet.start else 0)
        rows: list[list[str]] = []
        numbers: list[int] = []
        wrong, shown = errors.get(name, {}), percents.get(name, {})
        for number, values in enumerate(sheet.iter_rows(), start=1):
            row = left + [cell_text(value) for value in values]
            for column, text in wrong.get(number, ()):
                if column <= len(row) and not row[column - 1]:
                    row[column - 1] = text
            for column in shown.get(number, ()):
                if column <= len(row) and isinstance(value := values[column - 1 - len(left)], int | float):
                    row[column - 1] = _percent_text(value)
            if any(row):  # a stray cell at the bottom of a sheet must not make a million rows
                rows.append(row)
                numbers.append(number)
        sheets.append(replace(cells_from_rows(rows, numbers), feuille=name, cachee=name in hidden))
    return sheets


def _percent_text(value: float) -> str:
    """A number that a spreadsheet shows in %, as it shows it: 0.46 is 46 %."""
    return f"{100 * value:.12g}%"


def read_ods(data: bytes) -> list[Grid]:
    """An ODS by odfpy, for those that calamine cannot open; repeated cells and rows are unfolded, but for blank ones."""
    from odf.opendocument import load
    from odf.table import CoveredTableCell, Table, TableCell, TableRow

    sheets = []
    for table in load(io.BytesIO(data)).getElementsByType(Table):
        rows: list[list[str]] = []
        for row in table.getElementsByType(TableRow):
            cells: list[str] = []
            for cell in (c for c in row.childNodes if c.qname in (TableCell().qname, CoveredTableCell().qname)):
                cells += [_ods_text(cell)] * int(cell.getAttribute("numbercolumnsrepeated") or 1)
            while cells and not cells[-1]:
                cells.pop()
            times = int(row.getAttribute("numberrowsrepeated") or 1)
            if not cells and times > 1000:
                continue  # the blank rest of a sheet, folded in one element
            rows += [cells] * times
        width = max(map(len, rows), default=0)
        grid = cells_from_rows([row + [""] * (width - len(row)) for row in rows])
        sheets.append(replace(grid, feuille=table.getAttribute("name") or ""))
    return sheets


def _ods_text(cell: object) -> str:
    kind, value = cell.getAttribute("valuetype"), cell.getAttribute("value")
    if kind == "percentage" and value:
        return _percent_text(float(value))
    if kind in ("float", "currency") and value:
        return cell_text(float(value))
    if kind == "date" and cell.getAttribute("datevalue"):
        return cell.getAttribute("datevalue").removesuffix("T00:00:00")
    if kind == "boolean":
        return "VRAI" if cell.getAttribute("booleanvalue") == "true" else "FAUX"
    from odf.teletype import extractText

    return "\n".join(extractText(p) for p in cell.childNodes if p.qname[1] == "p")


def read_json_rows(data: bytes) -> Grid:
    """A JSON list of flat objects; its first row is the keys, the others are numbered from 1 by their position.

    Numbers keep their own writing, null is blank, a nested value stays JSON text. Raises ValueError otherwise.
    """
    rows = parse_json(data)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("pas une liste d'objets")
    for row in rows:
        row |= {k: json.dumps(v, ensure_ascii=False) for k, v in row.items() if isinstance(v, dict | list)}
    grid = cells_from_objects([{key: cell_text(value) for key, value in row.items()} for row in rows])
    return replace(grid, lignes=grid.lignes - np.int32(1), entete=0)


def parse_json(data: bytes) -> Any:
    """What a JSON file says, numbers in their own writing. Raises ValueError."""
    if len(data) > JSON_MAX:
        raise TooLargeError(f"plus de {JSON_MAX >> 20} Mio de JSON")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=str)
    except RecursionError:
        raise ValueError("JSON trop profond") from None


def cells_from_objects(rows: list[dict[str, str]]) -> Grid:
    """Objects → a grid under their keys, which are the first row; each may have its own."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    refuse_width(len(keys))
    if len(keys) * len(rows) > CELLULES_OBJETS_MAX:
        raise TooLargeError(f"{len(rows)} objets et {len(keys)} noms différents")
    return cells_from_rows([keys, *([row.get(key, "") for key in keys] for row in rows)])


Errors = dict[str, dict[int, list[tuple[int, str]]]]
Percents = dict[str, dict[int, list[int]]]


def _marked_cells(data: bytes) -> tuple[Errors, Percents | None]:
    """What calamine loses of an XLSX: errors (`#N/A`…) and formulas without a value, sheet → row → (column, text); cells shown in %.

    The second is None for an ODS that shows some in %, which odfpy has to read. Refuses what would not fit in memory.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > DEPLIE_MAX:
            raise TooLargeError("plus de 1 Gio une fois décompressé")
        names = set(archive.namelist())
        if "content.xml" in names:
            return {}, None if b'office:value-type="percentage"' in archive.read("content.xml") else {}
        if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
            return {}, {}
        styles = _percent_styles(archive.read("xl/styles.xml")) if "xl/styles.xml" in names else []
        if "xl/sharedStrings.xml" in names:
            _refuse_long_texts(archive.read("xl/sharedStrings.xml"))
        found: Errors = {}
        percents: Percents = {}
        for name, part in sheet_parts(archive):
            xml = archive.read(part)
            width, height = _extent(xml)
            if width * height > CELLULES_MAX:
                raise TooLargeError(f"la feuille « {name} » s'étend sur {height} lignes et {width} colonnes")
            for letters, row, text in _errors(xml):
                found.setdefault(name, {}).setdefault(int(row), []).append((_column(letters), unescape(text.decode())))
            for cell in re.finditer(rb'<c\b[^>]{0,200}?\bs="(\d+)"[^>]{0,200}>', xml) if styles else ():
                if int(cell[1]) in styles and (place := _PLACE.search(cell[0])):
                    percents.setdefault(name, {}).setdefault(int(place[2]), []).append(_column(place[1]))
        return found, percents


def sheet_parts(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Name of each sheet of an XLSX, and the part of the archive that holds it."""
    parts = targets(archive, "xl/workbook.xml")
    said = _pairs(archive.read("xl/workbook.xml"), "sheet", "name", "id")
    return [(name, parts[link]) for name, link in said if parts.get(link) in archive.namelist()]


def targets(archive: zipfile.ZipFile, part: str) -> dict[str, str]:
    """What a part of an XLSX refers to, by its link."""
    folder, _, name = part.rpartition("/")
    links = f"{folder}/_rels/{name}.rels"
    pairs = _pairs(archive.read(links), "Relationship", "Id", "Target") if links in archive.namelist() else ()
    return {link: "xl/" + re.sub(r"^(/xl/|\.\./)", "", target) for link, target in pairs}


def _percent_styles(xml: bytes) -> frozenset[int]:
    """The styles of cells whose number format is in %: INSEE's workbooks hold shares so."""
    told = dict(_pairs(xml, "numFmt", "numFmtId", "formatCode"))
    percents = {"9", "10", *(number for number, code in told.items() if "%" in code)}
    cells = next((one for one in ElementTree.fromstring(xml) if one.tag.endswith("}cellXfs")), ())  # noqa: S314
    return frozenset(i for i, one in enumerate(cells) if one.get("numFmtId") in percents)


def _errors(xml: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Column, row and text of each error cell and of each formula that nobody computed, no byte being looked at more than a few times."""
    odd = rb'<c r="([A-Z]{1,3})(\d{1,7})"(?![^>]{0,99}"str")[^>]{0,99}><f>([^<]{1,200})</f>(?:<v ?/>|<v></v>)?</c>'
    for made in re.finditer(odd, xml) if re.search(rb"</f>(?:<v ?/>|<v></v>)?</c>", xml) else ():
        yield made[1], made[2], b"=" + made[3]
    end = 0
    while (at := xml.find(b't="e"', end)) >= 0:
        end = at + 1
        start, close = xml.rfind(b"<c ", max(0, at - BALISE_MAX), at), xml.find(b">", at, at + BALISE_MAX)
        place = _PLACE.search(xml, start, close) if start >= 0 <= close and xml.find(b">", start, at) < 0 else None
        if place and xml[close - 1 : close] != b"/":
            end = xml.find(b"</c>", close)
            if end < 0:
                return
            yield place[1], place[2], xml[close:end].rpartition(b"<v>")[2].partition(b"<")[0]


def _refuse_long_texts(xml: bytes) -> None:
    """Refuse a text that no cell of a spreadsheet can hold: in memory, it is as many times as cells refer to it."""
    start = 0
    while start < len(xml):
        end = xml.rfind(b"si>", start, start + CELLULE_MAX)  # with the prefix that some programs give it
        if end < 0 and start + CELLULE_MAX < len(xml):
            raise TooLargeError(f"un texte de plus de {CELLULE_MAX:,} caractères".replace(",", "\u202f"))
        start = end + 3 if end >= 0 else len(xml)


def _extent(xml: bytes) -> tuple[int, int]:
    """Columns and rows of a sheet's rectangle, by its own word or its last cell's, whichever says more."""
    said = _ETENDUE.search(xml[:4096])
    last = _PLACE.search(xml, max(0, xml.rfind(b"<c ")))
    width, height = (_column(said[1]), int(said[2])) if said else (0, 0)
    if not said or (last and int(last[2]) > height):
        letters = set(re.findall(rb'<c\b[^>]{0,200}?\br="([A-Z]{1,3})\d', xml))
        rows = re.findall(rb'<row\b[^>]{0,200}?\br="(\d{1,7})"', xml)
        width, height = max(map(_column, letters), default=0), max(map(int, rows), default=0)
    return width, height


def _pairs(xml: bytes, element: str, key: str, value: str) -> list[tuple[str, str]]:
    """Two attributes of each element of that name, in order; names are compared without their namespace."""
    pairs = []
    for one in ElementTree.fromstring(xml).iter():  # noqa: S314 (expat fetches no entity and refuses those that swell)
        said = {name.rpartition("}")[2]: text for name, text in one.attrib.items()}
        if one.tag.rpartition("}")[2] == element and key in said and value in said:
            pairs.append((said[key], said[value]))
    return pairs


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
