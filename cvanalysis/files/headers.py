"""Where the header of a sheet is, told from its content. Owns header and label rows; refuses to read files.

Title rows, rows of labels and rows of codes come in any order at the top of INSEE's and of contract teams' sheets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvanalysis.french import fold

ENTETE_MAX = 60  # filled rows among which a header is looked for


def find_header(head: Sequence[Sequence[str]], connus: frozenset[str] = frozenset()) -> int:
    """Position of the header among the first filled rows.

    With known names, the row that has most of them (two at least: a lone `A` or `note` can be a cell). Else the first
    row with at least 70 % of the largest number of distinct words (titles and group headings have fewer); where it
    adjoins a row as wide of codes (`TX_F`), codes win over labels.
    """
    known = {fold(name) for name in connus}
    if known:
        hits = [len({fold(cell) for cell in row} & known) for row in head]
        if max(hits) >= min(2, len(known)):
            return hits.index(max(hits))
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


_NOMBRE = re.compile(r"[\s+\-−]*\d[\d\s.,'’%€]*$")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_+.-]{0,31}$")


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


def find_labels(head: Sequence[Sequence[str]], lines: list[int], header: int) -> int | None:
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
