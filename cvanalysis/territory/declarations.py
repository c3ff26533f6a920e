"""Files written by people: TOML and small CSV files → plain values with their line, and what is wrong with them.

Owns the reading of declarations whatever tool saved them (`;`, `,` or tab, BOM, UTF-8 or cp1252), the place of each value in
its file, and the wording of problems. Refuses to know what is declared (`territory` does) and to stop at the first
problem: everything found goes to one list. Standard library only: an unchanged build reads declarations and nothing else.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cvanalysis.errors import Problem
from cvanalysis.french import listed, nearest, plain, quoted

_ENCODAGE = "enregistrez-le en UTF-8"
_OCTETS_MAX = 2 << 20  # of a file that people write: the largest that we know of has 30 KB
_COLONNES_MAX = 500  # each that is unknown is told, with the nearest that is not

_TOML_LIGNE, _TOML_NIVEAUX = (
    20_000,
    20,
)  # characters of a line, tables in tables: tomllib takes the square of the one, falls at the other

_TYPES = {str: "un texte entre guillemets", int: "un nombre entier", float: "un nombre", bool: "true ou false"} | {
    date: "une date AAAA-MM-JJ, sans guillemets",
    list: "une liste [ … ]",
    dict: "une table",
}


@dataclass(slots=True)
class Inspection:
    """The problems found so far, of one folder of declarations."""

    dossier: Path
    problems: list[Problem] = field(default_factory=list)

    def add(self, fichier: str, ligne: int, colonne: str, trouve: str, attendu: str = "", que_faire: str = "") -> None:
        self.problems.append(Problem(fichier, ligne, colonne, trouve, attendu, que_faire))

    def text(self, fichier: str, attendu: str) -> str | None:
        """The file's text, or None once what is wrong is noted. BOM, then strict UTF-8, then cp1252."""
        path = self.dossier / fichier
        try:
            if path.exists() and not path.is_file() and not path.is_dir():
                self.add(
                    fichier, 0, "", "ce n'est pas un fichier mais un tube ou un périphérique", attendu, "remplacez-le"
                )
                return None
            if path.stat().st_size > _OCTETS_MAX:
                found = f"le fichier fait plus de {_OCTETS_MAX >> 20} Mio"
                self.add(fichier, 0, "", found, attendu, "gardez-y ce qui est déclaré, une chose par ligne")
                return None
            raw = path.read_bytes()
        except FileNotFoundError:
            self.add(fichier, 0, "", "le fichier manque", attendu, "créez-le")
            return None
        except OSError as error:
            why = (
                "c'est un dossier"
                if path.is_dir()
                else "accès refusé"
                if isinstance(error, PermissionError)
                else "panne"
            )
            self.add(fichier, 0, "", f"le fichier ne peut pas être lu ({why})", attendu, "vérifiez-le et ses droits")
            return None
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            self.add(fichier, 0, "", "le fichier est en UTF-16", "UTF-8 ou Windows-1252 attendu", _ENCODAGE)
            return None
        if b"\0" in raw:
            que_faire = f"si c'est un classeur, enregistrez-le en CSV ; sinon {_ENCODAGE}"
            self.add(fichier, 0, "", "le fichier n'est pas du texte", attendu, que_faire)
            return None
        for encoding in ("utf-8-sig", "cp1252"):
            try:
                return unicodedata.normalize("NFC", raw.decode(encoding))
            except UnicodeDecodeError as error:
                ligne = raw.count(b"\n", 0, error.start) + 1
        self.add(fichier, ligne, "", "l'encodage n'est ni UTF-8 ni Windows-1252", "", _ENCODAGE)
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
    found: Inspection, fichier: str, columns: tuple[str, ...], optional: tuple[str, ...] = (), *, free: bool = False
) -> list[Ligne]:
    """Rows of a CSV written by people, in their order; problems go to `found`.

    Every one of `columns` must be there and filled; `optional` ones may be absent or empty. Blank rows are skipped. Other
    columns are refused unless `free`. Headers are matched without capitals or accents. A row with a problem is left out.
    """
    known = columns + optional
    text = found.text(fichier, f"un CSV avec les colonnes {listed(known)}")
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
    filled = [(i, [c.strip() for c in r]) for i, r in enumerate(records, start=1) if any(c.strip() for c in r)]
    if not filled:
        found.add(fichier, 0, "", "le fichier est vide", f"colonnes attendues\u00a0: {listed(known)}")
        return []
    return match_rows(found, fichier, filled, columns, optional, free=free)


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
        found.add(
            fichier,
            where,
            "",
            f"la ligne a {len(header)} cellules",
            f"colonnes attendues\u00a0: {listed(columns + optional)}",
        )
        return []
    names = _match_header(found, fichier, where, header, columns, optional, free=free)
    if names is None:
        return []
    return [
        row for i, cells in filled[1:] if (row := _row(found, fichier, i, header, names, cells, columns)) is not None
    ]


def _separator(text: str, known: tuple[str, ...]) -> str:
    """That which cuts the first filled line into the most known columns; `;` where nothing tells."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    expected = {plain(k) for k in known}

    def score(separator: str) -> int:
        return len(expected & {plain(cell.strip('" ')) for cell in first.split(separator)})

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
    canonical = {plain(k): k for k in columns + optional}
    names: list[str] = []
    for cell in header:
        name = canonical.get(plain(cell)) or (cell if free else "")
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
    if any(cells[len(names) :]):
        found.add(fichier, i, "", f"la ligne a {len(cells)} cellules", f"{len(header)} attendues",
                  "mettez entre guillemets le texte qui contient le séparateur")  # fmt: skip
        return None
    if len(cells) < len(names):
        found.add(fichier, i, "", f"la ligne a {len(cells)} cellules", f"{len(header)} attendues",
                  "complétez-la, quitte à laisser des cellules vides")  # fmt: skip
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
            found.add(
                fichier,
                ligne,
                colonne,
                f"{quoted(value)} est déjà à la ligne {first[value]}",
                "",
                "gardez une seule des deux",
            )
        first.setdefault(value, ligne)


_HEADER = re.compile(r"^\s*(\[\[?)([^\[\]#,]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*(\"[^\"]+\"|'[^']+'|[A-Za-z0-9_-]+)(?:\s*\.\s*[A-Za-z0-9_-]+)*\s*=")
_AT_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")

_CSV_ERRORS = {
    "end of data": "un guillemet n'est jamais refermé",
    "field limit": "une cellule dépasse 131 072 caractères, ou un guillemet n'est jamais refermé",
}

_TOML_ERRORS = {
    "Cannot overwrite a value": "la même clé est écrite deux fois",
    "Cannot declare": "la même section est écrite deux fois",
    "Invalid value": "la valeur n'est pas lisible",
    "Expected '=' after a key": "il manque un signe = après la clé",
    "Illegal character": "un texte n'est pas fermé par un guillemet",
    "Unterminated string": "un texte n'est pas fermé par un guillemet",
    "Long line": f"une ligne dépasse {_TOML_LIGNE} caractères",
    "Exceeds the limit": "un nombre a des milliers de chiffres",
    "Unclosed array": "une liste n'est pas fermée par un crochet",
    "Expected newline or end of document": "il y a quelque chose en trop après la valeur",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a TOML file: its keys, and the line of each, which the parser does not tell."""

    fichier: str
    nom: str  # '' for the top level
    ligne: int
    values: dict[str, Any]
    lignes: dict[str, int]

    def line(self, key: str) -> int:
        """Line of a key, or of its section where the key is not there."""
        return self.lignes.get(key, self.ligne)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed TOML file: the top level, tables `[a]` and arrays of tables `[[a]]`, each with its lines."""

    fichier: str
    top: Section
    tables: dict[str, Section]
    arrays: dict[str, list[Section]]


Lines = dict[tuple[str, int], dict[str, int]]
"""(section, its rank among its namesakes) → key → line; key '' for the section's own header."""


def read_toml(found: Inspection, fichier: str) -> Document | None:
    """The file's sections with the lines of their keys; None, once noted, where it cannot be parsed."""
    text = found.text(fichier, "le fichier de déclaration du contrat, en TOML")
    if text is None:
        return None
    try:
        data = _parse_toml(text)
    except RecursionError:
        found.add(fichier, 0, "", "trop de listes ou de tables les unes dans les autres", "", "écrivez-les à plat")
        return None
    except ValueError as error:
        at = _AT_LINE.search(str(error))
        ligne = int(at[1]) if at else text.count("\n") + 1
        why = next((fr for start, fr in _TOML_ERRORS.items() if str(error).startswith(start)), "écriture incorrecte")
        colonne = f" (caractère {at[2]})" if at else ""
        found.add(
            fichier, ligne, "", f"le TOML ne se lit pas\u00a0: {why}{colonne}", "", "corrigez la ligne ou la précédente"
        )
        return None
    lines = _lines(text)
    tables, arrays, top = {}, {}, {}
    for key, value in data.items():
        if isinstance(value, dict):
            tables[key] = Section(fichier, key, *_at(lines, key, 0), value, _keys(lines, key, 0))
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            arrays[key] = [
                Section(fichier, key, *_at(lines, key, i), v, _keys(lines, key, i)) for i, v in enumerate(value)
            ]
        else:
            top[key] = value
    return Document(fichier, Section(fichier, "", 1, top, _keys(lines, "", 0)), tables, arrays)


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


def _at(lines: Lines, name: str, rank: int) -> tuple[int]:
    return (_keys(lines, name, rank).get("") or lines["", 0].get(name, 0),)


def _keys(lines: Lines, name: str, rank: int) -> dict[str, int]:
    return lines.get((name, rank), {})


def take(
    found: Inspection, section: Section, required: dict[str, type], optional: dict[str, type] | None = None
) -> dict[str, Any] | None:
    """Values of a section by key, checked: unknown keys, missing keys, wrong types are noted.

    None where a required one is missing or wrong; an optional one that is absent or wrong is not in the result.
    """
    optional = optional or {}
    known = required | optional
    place = f"[{section.nom}]" if section.nom else "le début du fichier"
    for key in section.values:
        if key not in known:
            found.add(section.fichier, section.line(key), key, f"clé inconnue dans {place}",
                      f"clés connues\u00a0: {listed(known)}", nearest(key, known))  # fmt: skip
    values: dict[str, Any] = {}
    for key, kind in known.items():
        if key not in section.values:
            if key in required:
                found.add(section.fichier, section.ligne, key, f"la clé manque dans {place}", f"{_TYPES[kind]} attendu")
            continue
        value = section.values[key]
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or value == "":
            found.add(
                section.fichier, section.line(key), key, f"{quoted(value)} ne convient pas", f"{_TYPES[kind]} attendu"
            )
            continue
        values[key] = value
    return values if required.keys() <= values.keys() else None


def check_shape(
    found: Inspection, section: Section, values: dict[str, Any], key: str, shape: re.Pattern[str], attendu: str
) -> None:
    """Note a value whose shape is not the expected one, which `attendu` says."""
    if not shape.fullmatch(values[key]):
        found.add(
            section.fichier, section.line(key), key, f"{quoted(values[key])} ne convient pas", f"{attendu} attendu"
        )
