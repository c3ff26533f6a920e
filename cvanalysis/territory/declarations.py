"""Files that people write: their text, the rows of their CSV with their lines, and what is wrong with them.

Owns the reading of them whatever tool saved them (`;`, `,` or tab; UTF-8, UTF-16 or cp1252) and the wording of problems. Refuses to know
what is declared and to stop at the first problem: everything found goes to one list. Standard library only: an unchanged build
reads declarations and nothing else.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cvanalysis.errors import Problem, say_system
from cvanalysis.french import LOST, decode, fold, listed, nearest, quoted

_OCTETS_MAX = 2 << 20  # of a file that people write: the largest that we know of has 30 KB
_COLONNES_MAX = 500  # each that is unknown is told, with the nearest that is not
_CSV_ERRORS = {
    "end of data": "un guillemet n'est jamais refermé",
    "field limit": "une cellule dépasse 131 072 caractères, ou un guillemet n'est jamais refermé",
}


class UnreadableError(Exception):
    """Why the text of a file cannot be had: what was found, what to do, the line where it is known."""

    def __init__(self, found: str, to_do: str = "", line: int = 0) -> None:
        self.found, self.to_do, self.line = found, to_do, line
        super().__init__(found)


def read_written(path: Path, most: int = _OCTETS_MAX) -> tuple[str, str]:
    """The text of a file that people write, and what is to be said of its encoding. Raises `UnreadableError`."""
    try:
        if path.is_dir():
            raise UnreadableError(
                "le fichier ne peut pas être lu (c'est un dossier)", "mettez-y un fichier ou retirez-le"
            )
        if path.exists() and not path.is_file():
            raise UnreadableError("ce n'est pas un fichier mais un tube ou un périphérique", "remplacez-le")
        if path.stat().st_size > most:
            size = f"{most >> 20} Mio" if most >> 20 else f"{most >> 10} Kio"
            raise UnreadableError(f"le fichier est trop long (plus de {size})", "gardez-en ce qui sert")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError("le fichier manque", "créez-le («\u00a0cvanalysis init\u00a0» l'écrit)") from None
    except OSError as error:
        raise UnreadableError(
            f"le fichier ne peut pas être lu ({say_system(error)})", "vérifiez-le et ses droits"
        ) from None
    text, said = decode(raw)
    if "\0" in text:
        to_do = "si c'est un classeur, enregistrez-le en CSV\u00a0; sinon enregistrez-le en UTF-8"
        raise UnreadableError("le fichier n'est pas du texte", to_do)
    if said and LOST in text:
        line = text.count("\n", 0, text.index(LOST)) + 1
        raise UnreadableError("l'encodage n'est ni UTF-8 ni Windows-1252", "enregistrez-le en UTF-8", line)
    return unicodedata.normalize("NFC", text), said


@dataclass(slots=True)
class Inspection:
    """The problems found so far, of one folder of declarations."""

    dossier: Path
    problems: list[Problem] = field(default_factory=list)

    def add(self, fichier: str, ligne: int, colonne: str, trouve: str, attendu: str = "", que_faire: str = "") -> None:
        self.problems.append(Problem(fichier, ligne, colonne, trouve, attendu, que_faire))

    def unknown(
        self, fichier: str, ligne: int, colonne: str, trouve: str, known: Iterable[str], called: str, word: str
    ) -> None:
        """Note a word that is none of those known, with these and the nearest."""
        known = list(known)
        self.add(fichier, ligne, colonne, trouve, f"{called}\u00a0: {listed(known)}", nearest(word, known))

    def text(self, fichier: str, attendu: str, most: int = _OCTETS_MAX) -> str | None:
        """The file's text, or None once what is wrong is noted."""
        try:
            return read_written(self.dossier / fichier, most)[0]
        except UnreadableError as error:
            self.add(fichier, error.line, "", error.found, attendu, error.to_do)
            return None


@dataclass(frozen=True, slots=True)
class Ligne:
    """One row: `ligne` as a spreadsheet counts, cells by canonical column ('' where empty)."""

    fichier: str
    ligne: int
    cells: dict[str, str]

    def __getitem__(self, colonne: str) -> str:
        return self.cells[colonne]


def read_rows(
    found: Inspection,
    fichier: str,
    columns: tuple[str, ...],
    optional: tuple[str, ...] = (),
    *,
    free: bool = False,
    untitled: bool = False,
) -> list[Ligne]:
    """Rows of a CSV written by people, in their order; problems go to `found`.

    Every one of `columns` must be there and filled; `optional` ones may be absent or empty. Other columns are refused unless `free`.
    Headers are matched without capitals, accents or underscores; `untitled`: where the first row has none of them, it is of data, in their
    order. A row with a problem is left out.
    """
    known = columns + optional
    filled = read_filled(found, fichier, known)
    if filled and untitled and not set(map(title_key, filled[0][1])) & set(map(title_key, known)):
        filled = [(0, list(known[: len(filled[0][1])])), *filled]
    return match_rows(found, fichier, filled, columns, optional, free=free) if filled else []


def read_filled(
    found: Inspection, fichier: str, known: tuple[str, ...], *, remarks: bool = True, most: int = _OCTETS_MAX
) -> list[tuple[int, list[str]]]:
    """The filled rows of a CSV written by people, each with its line, the header first; [] once what is wrong is noted.

    `known`: titles that it may have. Rows that begin with # are comments, unless no `remarks` are taken; `most`: bytes that it may have.
    """
    text = found.text(fichier, f"un CSV avec les colonnes {listed(known)}", most)
    if text is None:
        return []
    separator = _separator(text, known)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        why = next((french for part, french in _CSV_ERRORS.items() if part in str(error)), "guillemets mal placés")
        found.add(fichier, _line_of_csv_error(text, separator), "", f"le CSV ne se lit pas\u00a0: {why}",
                  "des guillemets fermés autour d'un texte qui en contient, doublés à l'intérieur")  # fmt: skip
        return []
    filled = [
        (i, [c.strip() for c in r])
        for i, r in enumerate(records, start=1)
        if any(c.strip() for c in r) and not (remarks and r[0].lstrip().startswith("#"))
    ]
    if not filled:
        found.add(fichier, 0, "", "le fichier est vide", f"colonnes attendues\u00a0: {listed(known)}")
    return filled


def match_rows(
    found: Inspection,
    fichier: str,
    filled: list[tuple[int, list[str]]],
    columns: tuple[str, ...],
    optional: tuple[str, ...] = (),
    *,
    free: bool = False,
) -> list[Ligne]:
    """`read_rows` for rows that are read already, each with its line, the header first."""
    where, header = filled[0]
    if len(header) > _COLONNES_MAX:
        expected = f"colonnes attendues\u00a0: {listed(columns + optional)}"
        found.add(fichier, where, "", f"la ligne a {len(header)} cellules", expected)
        return []
    names = _match_header(found, fichier, where, header, columns, optional, free=free)
    if names is None:
        return []
    return [
        row for i, cells in filled[1:] if (row := _row(found, fichier, i, header, names, cells, columns)) is not None
    ]


def title_key(title: str) -> str:
    """A title as compared: without capitals, accents or underscores."""
    return fold(title).replace("_", " ")


def _separator(text: str, known: tuple[str, ...]) -> str:
    """That which cuts the first filled line into the most known columns; `;` where nothing tells."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    expected = set(map(title_key, known))

    def score(separator: str) -> int:
        return len(expected & {title_key(cell.strip('" ')) for cell in first.split(separator)})

    return max((";", ",", "\t"), key=score)


def _line_of_csv_error(text: str, separator: str) -> int:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    count = 1
    try:
        for count, _ in enumerate(reader, start=2):  # noqa: B007 — the record after the last good one
            pass
    except csv.Error:
        pass
    return count


def _match_header(
    found: Inspection,
    fichier: str,
    where: int,
    header: list[str],
    columns: tuple[str, ...],
    optional: tuple[str, ...],
    *,
    free: bool,
) -> list[str] | None:
    """Canonical name of each header cell ('' for an empty one), or None where rows cannot be read."""
    canonical = {title_key(k): k for k in columns + optional}
    names: list[str] = []
    for cell in header:
        name = canonical.get(title_key(cell)) or (cell if free else "")
        if cell and not name:
            found.add(fichier, where, cell, "colonne inconnue", f"colonnes connues\u00a0: {listed(canonical.values())}",
                      nearest(cell, canonical.values()) or "retirez la colonne")  # fmt: skip
        elif name and name in names:
            found.add(fichier, where, cell, "la colonne est écrite deux fois", "", "gardez-en une")
        names.append(name)
    if missing := [c for c in columns if c not in names]:
        for colonne in missing:
            found.add(fichier, where, colonne, "la colonne manque",
                      f"colonnes trouvées\u00a0: {listed(h for h in header if h)}", "ajoutez-la")  # fmt: skip
        return None
    return names


def _row(
    found: Inspection, fichier: str, i: int, header: list[str], names: list[str], cells: list[str],
    columns: tuple[str, ...],
) -> Ligne | None:  # fmt: skip
    more = any(cells[len(names) :])
    if more or len(cells) < len(names):
        to_do = "mettez entre guillemets le texte qui contient le séparateur"
        to_do = to_do if more else "complétez-la, quitte à laisser des cellules vides"
        found.add(fichier, i, "", f"la ligne a {len(cells)} cellules", f"{len(header)} attendues", to_do)
        return None
    row = {name: cell for name, cell in zip(names, cells, strict=False) if name}
    empty = [c for c in columns if not row[c]]
    for colonne in empty:
        found.add(fichier, i, colonne, "la cellule est vide", "", "remplissez-la ou retirez la ligne")
    return None if empty else Ligne(fichier, i, row)


def check_once(found: Inspection, fichier: str, colonne: str, places: Iterable[tuple[int, str]]) -> None:
    """Note each value written twice, at its second place."""
    first: dict[str, int] = {}
    for ligne, value in places:
        if value in first:
            again = f"{quoted(value)} est déjà à la ligne {first[value]}"
            found.add(fichier, ligne, colonne, again, "", "gardez une seule des deux")
        first.setdefault(value, ligne)
