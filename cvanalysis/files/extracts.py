"""A text too large to be held whole → its titles, its header and the rows of the codes asked for, with their numbers.

Owns how they are found, a line at a time. Refuses to understand a cell, and to know of cells on several lines (INSEE's bases have none).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import numpy as np

from cvanalysis.files.guard import MIO

GRAND = 16 * MIO  # beyond, only what is asked for is kept
TITRES = 60  # lines among which the header is looked for; a text without it is cut there, and whoever recognises it says what it is
_SEPARATEUR = re.compile(rb"[;\t,|]")


def extract(lines: Iterable[bytes], keys: Collection[str], wanted: Collection[bytes]) -> tuple[bytes, np.ndarray, int]:
    """The lines down to the header (the first that has a cell among `keys`), then those whose cell of that column is `wanted`.

    Returns the text, the number, from 1, of each of its lines, and how many are of what was asked for (-1: there is no header).
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
    for separator in dict.fromkeys(_SEPARATEUR.findall(line[:100_000])):
        cells = line.split(separator)
        for place, cell in enumerate(cells):
            name = cell.removeprefix(b"\xef\xbb\xbf").strip(b'" \r\n').decode("latin-1").upper()
            if name in keys and len(cells) > 2:
                return separator, place
    return None
