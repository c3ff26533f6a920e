"""Files that people write: the rows of their CSV, the tables of their TOML, with their lines, and what is wrong with them.

Owns the reading of them whatever tool saved them (`;`, `,` or tab; UTF-8, UTF-16 or cp1252) and the wording of problems. Refuses to know
what is declared and to stop at the first problem: everything found goes to one list. Standard library only: an unchanged build
reads declarations and nothing else.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

from cvanalysis.errors import Problem, say_system
from cvanalysis.french import LOST, decode, fold, listed, nearest, quoted

# characters of a line, tables in tables: tomllib takes the square of the one, falls at the other
_TOML_LIGNE, _TOML_NIVEAUX = 20_000, 20

_HEADER = re.compile(r"^\s*(\[\[?)([^\[\]#,]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*(\"[^\"]+\"|'[^']+'|[A-Za-z0-9_-]+)(?:\s*\.\s*[A-Za-z0-9_-]+)*\s*=")
_AT_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")
OCTETS_MAX = 2 << 20  # of a file that people write: the largest that we know of has 30 KB
_COLONNES_MAX = 500  # each that is unknown is told, with the nearest that is not
KNOWN: Mapping[str, Any] = tomllib.loads(files(__package__).joinpath("declarations.toml").read_text("utf-8"))
"""`declarations.toml`, which tells its parts."""


class UnreadableError(Exception):
    """Why the text of a file cannot be had: what was found, what to do, the line where it is known."""

    def __init__(self, found: str, to_do: str = "", line: int = 0) -> None:
        self.found, self.to_do, self.line = found, to_do, line
        super().__init__(found)


def read_written(path: Path, most: int = OCTETS_MAX) -> tuple[str, str]:
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
        raise _missing(path) from None
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


def _missing(path: Path) -> UnreadableError:
    """The file is not there; another may be, of the same name otherwise written or of another kind."""
    there = sorted(path.parent.glob("*")) if path.parent.is_dir() else ()
    near = [one.name for one in there if one.stem.casefold() == path.stem.casefold() and one.is_file()]
    if not near:
        return UnreadableError("le fichier manque", "«\u00a0cvanalysis init EPCI DOSSIER\u00a0» l'écrit")
    same = near[0].casefold() == path.name.casefold()
    to_do = f"Renommez-le {path.name}" if same else f"Enregistrez-le au format CSV UTF-8, sous le nom {path.name}"
    return UnreadableError(f"le fichier manque\u00a0; {near[0]} est là, et ne se lit pas sous ce nom", to_do)


def say_fault(kind: str, error: Exception) -> str:
    """What a library says of a file, in French; '' where it is not known."""
    return next((said for start, said in KNOWN["fautes"][kind].items() if str(error).startswith(start)), "")


@dataclass(slots=True)
class Inspection:
    """The problems found so far, of one folder of declarations."""

    dossier: Path
    problems: list[Problem] = field(default_factory=list)

    def add(self, fichier: str, ligne: int, colonne: str, trouve: str, attendu: str = "", que_faire: str = "") -> None:
        self.problems.append(Problem(fichier, ligne, colonne, trouve, attendu, que_faire))

    def text(self, fichier: str, attendu: str, most: int = OCTETS_MAX) -> str | None:
        """The file's text, or None once what is wrong is noted."""
        try:
            return read_written(self.dossier / fichier, most)[0]
        except UnreadableError as error:
            self.add(fichier, error.line, "", error.found, attendu, error.to_do)
            return None


@dataclass(frozen=True, slots=True)
class Ligne:
    """What is declared in one place: a row of a CSV file, its cells by canonical column ('' where empty), or a table of a TOML file by key.

    `ligne` as a spreadsheet counts; `lignes`: those of the keys of a table, which do not share it; `nom`: that table's, '' at the top.
    """

    found: Inspection
    fichier: str
    ligne: int
    cells: dict[str, Any]
    lignes: Mapping[str, int] = field(default_factory=dict)
    nom: str = ""

    def __getitem__(self, colonne: str) -> Any:
        return self.cells[colonne]

    def wrong(self, colonne: str, trouve: str, attendu: str = "", que_faire: str = "") -> None:
        """Note what is wrong with a cell, where it stands."""
        self.found.add(self.fichier, self.lignes.get(colonne, self.ligne), colonne, trouve, attendu, que_faire)

    def unknown(self, colonne: str, trouve: str, known: Iterable[str], called: str, word: str) -> None:
        """Note a word that is none of those known, with these and the nearest."""
        known = list(known)
        self.wrong(colonne, trouve, f"{called}\u00a0: {listed(known)}", nearest(word, known))


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
    return match_rows(found, fichier, filled, columns, optional, free=free)


def read_filled(
    found: Inspection, fichier: str, known: tuple[str, ...], *, remarks: bool = True, most: int = OCTETS_MAX
) -> list[tuple[int, list[str]]]:
    """The filled rows of a CSV written by people, each with its line, the header first; [] once what is wrong is noted.

    `known`: titles that it may have. Rows that begin with # are comments, unless no `remarks` are taken; `most`: bytes that it may have.
    """
    text = found.text(fichier, f"Un CSV avec les colonnes {listed(known)} est attendu", most)
    if text is None:
        return []
    records: list[list[str]] = []
    try:
        # What `extend` took before the fault stays: the fault is in the next one.
        records.extend(csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text, known), strict=True))
    except csv.Error as error:
        why = say_fault("csv", error) or "guillemets mal placés"
        expected = "des guillemets fermés autour d'un texte qui en contient, doublés à l'intérieur"
        found.add(fichier, len(records) + 1, "", f"le CSV ne se lit pas\u00a0: {why}", expected)
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
    if not filled:
        return []
    where, header = filled[0]
    if len(header) > _COLONNES_MAX:
        expected = f"colonnes attendues\u00a0: {listed(columns + optional)}"
        found.add(fichier, where, "", f"la ligne a {len(header)} cellules", expected)
        return []
    title = Ligne(found, fichier, where, {})
    canonical = {title_key(k): k for k in columns + optional}
    names: list[str] = []
    for cell in header:
        name = canonical.get(title_key(cell)) or (cell if free else "")
        if cell and not name:
            to_do = nearest(cell, canonical.values()) or "retirez la colonne"
            title.wrong(cell, "colonne inconnue", f"colonnes connues\u00a0: {listed(canonical.values())}", to_do)
        elif name and name in names:
            title.wrong(cell, "la colonne est écrite deux fois", "", "gardez-en une")
        names.append(name)
    if missing := [c for c in columns if c not in names]:
        there = f"colonnes trouvées\u00a0: {listed(h for h in header if h)}"
        for colonne in missing:
            title.wrong(colonne, "la colonne manque", there, "ajoutez-la")
        return []
    rows = []
    for i, cells in filled[1:]:
        row = Ligne(found, fichier, i, {name: cell for name, cell in zip(names, cells, strict=False) if name})
        if (more := any(cells[len(names) :])) or len(cells) < len(names):
            to_do = "mettez entre guillemets le texte qui contient le séparateur"
            to_do = to_do if more else "complétez-la, quitte à laisser des cellules vides"
            row.wrong("", f"la ligne a {len(cells)} cellules", f"{len(header)} attendues", to_do)
            continue
        empty = [c for c in columns if not row[c]]
        for colonne in empty:
            row.wrong(colonne, "la cellule est vide", "", "remplissez-la ou retirez la ligne")
        rows += [] if empty else [row]
    return rows


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


def once(rows: Iterable[Ligne], *colonnes: str) -> list[Ligne]:
    """The rows whose cells of those columns are new; each that says them again is noted, under the first of them."""
    first: dict[tuple[str, ...], Ligne] = {}
    for row in rows:
        key = tuple(row[colonne] for colonne in colonnes)
        if (before := first.setdefault(key, row)) is not row:
            what = quoted(key[0] + "".join(f" ({more})" for more in key[1:]))
            where = before.lignes.get(colonnes[0], before.ligne)
            row.wrong(colonnes[0], f"{what} est déjà à la ligne {where}", "", "gardez une seule des deux")
    return list(first.values())


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed TOML file: the top level, tables `[a]` and arrays of tables `[[a]]`, each with the lines of its keys."""

    top: Ligne
    tables: dict[str, Ligne]
    arrays: dict[str, list[Ligne]]
    lignes: Lines
    data: dict[str, Any]  # as it was parsed


def read_toml(found: Inspection, fichier: str) -> Document | None:
    """The file's sections with the lines of their keys; None, once noted, where it cannot be parsed."""
    text = found.text(fichier, "La déclaration du contrat, en TOML, est attendue")
    if text is None:
        return None
    try:
        data = _parse_toml(text)
    except RecursionError:
        found.add(fichier, 0, "", "trop de listes ou de tables les unes dans les autres", "", "écrivez-les à plat")
        return None
    except ValueError as error:
        at = _AT_LINE.search(str(error))
        line, place = (int(at[1]), f" (caractère {at[2]})") if at else (text.count("\n") + 1, "")
        what = f"le TOML ne se lit pas\u00a0: {say_fault('toml', error) or 'écriture incorrecte'}{place}"
        found.add(fichier, line, "", what, "", "corrigez la ligne ou la précédente")
        return None
    lines = _lines(text)

    def section(name: str, values: dict[str, Any], rank: int = 0) -> Ligne:
        keys = lines.get((name, rank), {})
        return Ligne(found, fichier, keys.get("") or lines["", 0].get(name, 0), values, keys, name)

    tables, arrays, top = {}, {}, {}
    for key, value in data.items():
        if isinstance(value, dict):
            tables[key] = section(key, value)
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            arrays[key] = [section(key, v, i) for i, v in enumerate(value)]
        else:
            top[key] = value
    return Document(section("", top), tables, arrays, lines, data)


def _parse_toml(text: str) -> dict[str, Any]:
    """tomllib's reading, refused where it would take the square of a line's length or give what nothing can print."""
    if max(map(len, text.splitlines()), default=0) > _TOML_LIGNE:
        raise ValueError("Long line")
    data = tomllib.loads(text)
    level: list[Any] = [data]
    for _ in range(_TOML_NIVEAUX):
        inside = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [value for values in inside for value in values]
    if level:
        raise RecursionError
    return data


Lines = dict[tuple[str, int], dict[str, int]]
"""(section, its rank among its namesakes) → key → line; key '' for the section's own header."""


def _lines(text: str) -> Lines:
    """Where each section and each of its keys is written.

    A scan by line, enough for declarations: the parser has already said that the file is sound, and a line that looks like
    a key inside a text of several lines can only make a place less exact, never a value wrong.
    """
    places: Lines = {("", 0): {}}
    namesakes: Counter[str] = Counter()
    here = places["", 0]
    for i, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2].strip().strip("\"'")
            here = places.setdefault((name, namesakes[name] if header[1] == "[[" else 0), {})
            here[""] = i
            namesakes[name] += 1
        elif key := _KEY.match(line):
            here.setdefault(key[1].strip("\"'"), i)
    return places


def take(
    section: Ligne | None, required: dict[str, type], optional: dict[str, type] | None = None
) -> dict[str, Any] | None:
    """Values of a section by key, checked: unknown keys, missing keys, wrong types are noted.

    None where a required one is missing or wrong, or the section is; an optional one that is absent or wrong is not in the result.
    """
    if section is None:
        return None
    known = required | (optional or {})
    place = f"[{section.nom}]" if section.nom else "le début du fichier"
    for key in section.cells:
        if key not in known:
            section.unknown(key, f"clé inconnue dans {place}", known, "clés connues", key)
    values: dict[str, Any] = {}
    for key, kind in known.items():
        if key not in section.cells:
            if key in required:
                section.wrong(key, f"la clé manque dans {place}", f"{KNOWN['types'][kind.__name__]} attendu")
            continue
        value = section.cells[key]
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or value == "":
            section.wrong(key, f"{quoted(value)} ne convient pas", f"{KNOWN['types'][kind.__name__]} attendu")
        else:
            values[key] = value
    return values if required.keys() <= values.keys() else None


def take_as(section: Ligne | None, kind: type) -> Any | None:
    """A section as a dataclass whose fields are its keys, required where they have no default; None as `take`."""
    kinds = get_type_hints(kind)
    required = {one.name: kinds[one.name] for one in fields(kind) if one.default is MISSING}
    values = take(section, required, {name: kind for name, kind in kinds.items() if name not in required})
    return None if values is None else kind(**values)


def check_shape(section: Ligne, key: str, shape: str, attendu: str) -> None:
    """Note a value whose shape is not the expected one, which `attendu` says."""
    if not re.fullmatch(shape, section[key]):
        section.wrong(key, f"{quoted(section[key])} ne convient pas", f"{attendu} attendu")
