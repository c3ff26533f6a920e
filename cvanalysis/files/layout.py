"""What a team's XLSX says besides its cells: merged cells, comments, colours, rows that a filter hides. Refuses to know what they mean."""

import io
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import reduce
from xml.etree import ElementTree

from cvanalysis.files.workbooks import sheet_parts, targets

COMMENTAIRE = "commentaire"
OCTETS_MAX = 4 * 1024**2  # a workbook that is kept by hand; a larger one is an export, and its parts take long to read
_ROW = re.compile(rb'<row ([^>]*?\br="(\d{1,7})"[^>]*)>(.*?)(?=<row |</sheetData>)', re.DOTALL)
_FUSION = re.compile(rb'<mergeCell ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
_ABIME = (zipfile.BadZipFile, zlib.error, KeyError, ElementTree.ParseError)  # or no workbook of this kind
_STYLE = re.compile(rb'<c [^>]*?\bs="(\d{1,5})"')


def merged_down(data: bytes) -> dict[str, dict[str, list[tuple[int, int]]]]:
    """Sheet → place of a column, as a grid names it → first and last line of its cells that are merged over several."""
    found: dict[str, dict[str, list[tuple[int, int]]]] = {}
    with suppress(*_ABIME), _opened(data) as archive:
        for name, part in sheet_parts(archive):
            found[name] = defaultdict(list)
            for column, first, last in _FUSION.findall(archive.read(part)):
                place = reduce(lambda number, letter: 26 * number + letter - 64, column, 0) - 1
                if first != last:
                    found[name][str(place)].append((int(first), int(last)))
    return found


def layout_notes(data: bytes, heads: Mapping[str, int]) -> list[tuple[str, int, str, str, str]]:
    """(sheet, line, column, text, what), sheet by sheet; nothing of what is no XLSX, or is damaged.

    `heads`: the sheets that are read, with the last line of their header: its colours say nothing.
    """
    notes: list[tuple[str, int, str, str, str]] = []
    with suppress(*_ABIME), _opened(data) as archive:
        coloured = _coloured(archive.read("xl/styles.xml"))
        for name, part in sheet_parts(archive):
            if name not in heads:
                continue
            read = ((int(number), said, cells) for said, number, cells in _ROW.findall(archive.read(part)))
            rows = [row for row in read if row[0] > heads[name]]
            below = [line for line, _, cells in rows if not coloured.isdisjoint(_STYLE.findall(cells))]
            hidden = [line for line, said, _ in rows if b'hidden="1"' in said]
            for lines, what in (
                (below, "couleurs de fond : si elles disent un statut, il n'est pas lu"),
                (hidden, "lignes masquées par un filtre : lues comme les autres"),
            ):
                many = f" ({len(lines)} lignes, la première ici)" if len(lines) > 1 else ""
                notes += [(name, lines[0], "", "", what + many)] if lines else []
            notes += [(name, *note, COMMENTAIRE) for note in _comments(archive, part)]
    return notes


def _opened(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data if len(data) <= OCTETS_MAX else b""))


def _coloured(styles: bytes) -> set[bytes]:
    solid = [b"solid" in fill for fill in re.findall(rb"<fill>.*?</fill>", styles, re.DOTALL)]
    formats = re.findall(rb"<xf [^>]*>", styles.partition(b"<cellXfs")[2].partition(b"</cellXfs>")[0])
    fills = [int(m[1]) if (m := re.search(rb'fillId="(\d{1,5})"', one)) else 0 for one in formats]
    return {str(n).encode() for n, fill in enumerate(fills) if solid[fill : fill + 1] == [True]}


def _comments(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[int, str, str]]:
    """Line, column and text of the comments of a sheet."""
    for there in targets(archive, part).values():
        if "comments" not in there:
            continue
        for one in ElementTree.fromstring(archive.read(there)).iter():  # noqa: S314
            if found := re.fullmatch(r"([A-Z]{1,3})(\d{1,7})", one.get("ref", "")):
                yield int(found[2]), found[1], " ".join("".join(one.itertext()).split())
