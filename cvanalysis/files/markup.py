"""Tables of HTML, and sheets of the XML that Excel wrote in 2003 → cells as text: what many programs give under the name `.xls`.

One reader for both, of the standard library: it fetches nothing and knows no entity but characters. Refuses to know what a header is.
"""

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from cvanalysis.files.delimited import Grid, cells_from_rows, refuse_width
from cvanalysis.files.guard import MIO, TooLargeError
from cvanalysis.files.workbooks import CELLULES_OBJETS_MAX
from cvanalysis.french import decode

BALISES_MAX = 100 * MIO  # bytes
LIGNES_MAX = 1_048_576  # those of a spreadsheet
_BLOCS = frozenset({"br", "p", "div", "li"})
_MUETS = frozenset({"comment", "script", "style"})


def read_markup(data: bytes) -> list[Grid]:
    """Every table of at least two lines and two columns, in order; those of a workbook under their sheet's name."""
    if len(data) > BALISES_MAX:
        raise TooLargeError(f"plus de {BALISES_MAX // MIO} Mio de balises")
    reader = _Reader()
    reader.feed(decode(data)[0])
    reader.close()
    grids = [table.grid() for table in reader.tables]
    found = [one for one in grids if one.table.num_rows > 1 and one.table.num_columns > 1]
    if len(found) > 1:
        found = [replace(one, feuille=one.feuille or f"tableau {rank}") for rank, one in enumerate(found, start=1)]
    return found


@dataclass
class _Table:
    """A table while it is read: the texts of each row, and the columns that a cell of a row above takes (until which row)."""

    feuille: str
    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)
    texts: list[str] | None = None  # of the open cell, which is the last of its row but for its blank columns
    place: int = 0
    kind: str = ""
    cells: int = 0

    def row(self, index: int) -> None:
        self.close()
        self.rows.append([])
        self.numbers.append(index or (self.numbers[-1] + 1 if self.numbers else 1))
        if self.numbers[-1] > LIGNES_MAX:
            raise TooLargeError(f"une ligne {self.numbers[-1]}")

    def cell(self, index: int, across: int, down: int) -> None:
        self.close()
        if not self.rows:
            self.row(0)
        row, line = self.rows[-1], len(self.rows) - 1
        place = max(index - 1, len(row))
        while not index and self.taken.get(place, -1) >= line:
            place += 1
        refuse_width(place + across)
        self.cells += place + across - len(row)
        if self.cells > CELLULES_OBJETS_MAX:
            raise TooLargeError(f"plus de {CELLULES_OBJETS_MAX} cellules")
        row += [""] * (place + across - len(row))
        if down > 1:
            self.taken |= dict.fromkeys(range(place, place + across), line + down - 1)
        self.texts, self.place, self.kind = [], place, ""

    def close(self) -> None:
        """End the open cell: its lines, each without its spaces in excess."""
        if self.texts is not None:
            lines = (" ".join(line.split()) for line in "".join(self.texts).split("\0"))
            said = "\n".join(line for line in lines if line)
            self.rows[-1][self.place] = said.partition("T00:00:00")[0] if self.kind == "DateTime" else said
        self.texts = None

    def grid(self) -> Grid:
        self.close()
        width = max(map(len, self.rows), default=0)
        if width * len(self.rows) > CELLULES_OBJETS_MAX:
            raise TooLargeError(f"{len(self.rows)} lignes et {width} colonnes")
        rows = [row + [""] * (width - len(row)) for row in self.rows]
        return replace(cells_from_rows(rows, self.numbers), feuille=self.feuille)


class _Reader(HTMLParser):
    """`table > tr > td` and `Worksheet > Table > Row > Cell`, whose names it compares without prefix nor capitals."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[_Table] = []
        self.open: list[_Table] = []
        self.feuille = ""
        self.mute = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag, said = tag.rpartition(":")[2], {name.rpartition(":")[2]: value or "" for name, value in attrs}
        if tag == "worksheet":
            self.feuille = said.get("name", "")
        elif tag == "table":
            self.tables.append(_Table(self.feuille))
            self.open.append(self.tables[-1])
        elif tag in _MUETS:
            self.mute = True
        elif not self.open:
            return
        elif tag in ("tr", "row"):
            self.open[-1].row(_whole(said, "index"))
        elif tag in ("td", "th"):
            self.open[-1].cell(0, max(_whole(said, "colspan"), 1), _whole(said, "rowspan"))
        elif tag == "cell":
            self.open[-1].cell(_whole(said, "index"), 1 + _whole(said, "mergeacross"), 0)
        elif tag == "data" and not self.mute:
            self.open[-1].kind = said.get("type", "")
        elif tag in _BLOCS:
            self.handle_data("\0")

    def handle_endtag(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag in _MUETS:
            self.mute = False
        elif self.open and tag in ("td", "th", "cell"):
            self.open[-1].close()
        elif self.open and tag == "table":
            self.open.pop().close()

    def handle_data(self, data: str) -> None:
        if self.open and not self.mute and (texts := self.open[-1].texts) is not None:
            texts.append(data)


def _whole(said: dict[str, str], name: str) -> int:
    text = said.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
