"""A declaration in TOML → its sections, the line of each key, and what is wrong with them. Standard library only."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from cvanalysis.french import listed, nearest, quoted
from cvanalysis.territory.declarations import Inspection

# characters of a line, tables in tables: tomllib takes the square of the one, falls at the other
_TOML_LIGNE, _TOML_NIVEAUX = 20_000, 20

_TYPES = {
    str: "un texte entre guillemets",
    int: "un nombre entier",
    float: "un nombre",
    bool: "true ou false",
    date: "une date AAAA-MM-JJ, sans guillemets",
    list: "une liste [ … ]",
    dict: "une table",
}
_HEADER = re.compile(r"^\s*(\[\[?)([^\[\]#,]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*(\"[^\"]+\"|'[^']+'|[A-Za-z0-9_-]+)(?:\s*\.\s*[A-Za-z0-9_-]+)*\s*=")
_AT_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")

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
    lignes: Lines


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

    def section(name: str, values: dict[str, Any], rank: int = 0) -> Section:
        keys = lines.get((name, rank), {})
        return Section(fichier, name, keys.get("") or lines["", 0].get(name, 0), values, keys)

    tables, arrays, top = {}, {}, {}
    for key, value in data.items():
        if isinstance(value, dict):
            tables[key] = section(key, value)
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            arrays[key] = [section(key, v, i) for i, v in enumerate(value)]
        else:
            top[key] = value
    return Document(fichier, section("", top), tables, arrays, lines)


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
