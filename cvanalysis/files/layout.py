"""What a team's XLSX says besides its cells: comments, colours, rows that a filter hides. Refuses to know what they mean."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from xml.etree import ElementTree

from cvanalysis.files.workbooks import sheet_parts, targets

OCTETS_MAX = 4 * 1024**2  # a workbook that is kept by hand; a larger one is an export, and its parts take long to read
_ROW = re.compile(rb'<row ([^>]*?\br="(\d{1,7})"[^>]*)>(.*?)(?=<row |</sheetData>)', re.DOTALL)
_STYLE = re.compile(rb'<c [^>]*?\bs="(\d{1,5})"')


def layout_notes(data: bytes) -> list[tuple[str, int, str, str, str]]:
    """(sheet, line, column, text, what), sheet by sheet; nothing of what is no XLSX, or is damaged."""
    if not data.startswith(b"PK") or len(data) > OCTETS_MAX:
        return []
    notes: list[tuple[str, int, str, str, str]] = []
    damaged = (zipfile.BadZipFile, zlib.error, KeyError, ElementTree.ParseError)
    with suppress(*damaged), zipfile.ZipFile(io.BytesIO(data)) as archive:
        coloured = _coloured(archive.read("xl/styles.xml"))
        for name, part in sheet_parts(archive):
            rows = _ROW.findall(archive.read(part))
            painted = [not coloured.isdisjoint(_STYLE.findall(cells)) for *_, cells in rows]
            below = [int(rows[i][1]) for i, here in enumerate(painted) if here and not all(painted[:i])]
            hidden = [int(number) for said, number, _ in rows if b'hidden="1"' in said]
            for lines, what in (
                (below, "couleurs de fond : si elles disent un statut, il n'est pas lu"),
                (hidden, "lignes masquées par un filtre : lues comme les autres"),
            ):
                many = f" ({len(lines)} lignes, la première ici)" if len(lines) > 1 else ""
                notes += [(name, lines[0], "", "", what + many)] if lines else []
            notes += [(name, *note, "commentaire") for note in _comments(archive, part)]
    return notes


def _coloured(styles: bytes) -> set[bytes]:
    """The styles of cells whose ground is painted."""
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
