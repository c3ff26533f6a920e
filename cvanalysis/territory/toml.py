"""A declaration in TOML → its sections, the line of each key, and what is wrong with them. Standard library only."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import MISSING, dataclass, fields
from datetime import date
from typing import Any, get_type_hints

from cvanalysis.french import quoted
from cvanalysis.territory.declarations import Inspection, Ligne

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
class Document:
    """A parsed TOML file: the top level, tables `[a]` and arrays of tables `[[a]]`, each with the lines of its keys."""

    top: Ligne
    tables: dict[str, Ligne]
    arrays: dict[str, list[Ligne]]
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
        line, place = (int(at[1]), f" (caractère {at[2]})") if at else (text.count("\n") + 1, "")
        why = next((fr for start, fr in _TOML_ERRORS.items() if str(error).startswith(start)), "écriture incorrecte")
        what = f"le TOML ne se lit pas\u00a0: {why}{place}"
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
    return Document(section("", top), tables, arrays, lines)


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
                section.wrong(key, f"la clé manque dans {place}", f"{_TYPES[kind]} attendu")
            continue
        value = section.cells[key]
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or value == "":
            section.wrong(key, f"{quoted(value)} ne convient pas", f"{_TYPES[kind]} attendu")
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
