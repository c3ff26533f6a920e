"""Text of a cell → number or reason why there is none. Owns French notations and the marks of `catalogue/marques.csv`.

Refuses to guess: a cell that is neither a number, nor a known mark, nor blank is reported as bad, never turned into
nothing.

What is read: comma or point as decimal sign; thousands by any kind of space (U+0020, U+00A0, U+202F, U+2009, U+2007),
an apostrophe or a point (`1.234,5`); signs `+`, `-`, `−`; Excel's `1,5E+03`; a unit after the number (`%`, `€`,
`EUR`, `euros`; `k€` and `M€` are multiplied out).

`1.234` alone cannot be told: the column decides. It is 1.234, as a machine writes it (and `1,234` too, as French writes
it), unless the column shows the sign between thousands (`1.234.567`, `1.234,50`) or holds whole numbers (`entiers`:
counts, euros), which have no thousandths: then it is 1234. Where the column says both things, or where its other
decimals use the other sign, nothing proves either: the cell is bad, for a person to say.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

ESPACES = " \t\u00a0\u202f\u2009\u2007"
_E = f"[{ESPACES}]"
_SIMPLE = r"^-?\d+(?:[.,]\d+)?$"

_COURANT = (
    rf"^{_E}*[+\-−]?{_E}*(?:\d+|\d{{1,3}}(?:[{ESPACES}'’]\d{{3}})+)(?:[.,]\d+)?(?:[eE][+-]?\d{{1,3}})?"
    rf"{_E}*(?:%|€|EUR|euros?)?{_E}*$"
)
_DOUTEUX = r"^\s*[+\-−]?[1-9]\d{0,2}[.,]\d{3}\s*$"
_A_ENLEVER = rf"[{ESPACES}'’%€+]|EUR|euros?"

_NOMBRE = re.compile(
    rf"{_E}*(?P<signe>[+\-−]?){_E}*(?P<corps>[\d.,][\d.,'’{ESPACES}]*?)(?:[eE](?P<exposant>[+-]?\d{{1,3}}))?"
    rf"{_E}*(?P<unite>%|€|[kK]€|M€|EUR|euros?)?{_E}*",
    re.ASCII,
)
_ESPACES = re.compile(_E)
_GROUPES = re.compile(rf"\d{{1,3}}(?:[{ESPACES}'’]\d{{3}})+(?P<decimales>[.,]\d+)?", re.ASCII)
_DECIMAL = re.compile(r"\d+|\d*(?P<signe>[.,])\d+", re.ASCII)
_MILLIERS = re.compile(r"[1-9]\d{0,2}(?:(?P<point>(?:\.\d{3})+)(?:,\d+)?|(?P<virgule>(?:,\d{3})+)(?:\.\d+)?)", re.ASCII)
_MULTIPLE = {"k€": "e3", "K€": "e3", "M€": "e6"}

STATUTS: tuple[str, ...] = ("", "publié", "non_diffusé", "secret", "non_significatif", "non_disponible", "sans_objet")
"""Statuses by code. '' is a blank cell (the caller knows why) or a bad one (`Decoded.mauvais`)."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a column of cells says; three arrays of its length.

    `valeurs` is NaN unless the status is « publié »; `codes` index `STATUTS`; `mauvais` marks the cells that could
    not be understood.
    """

    valeurs: np.ndarray
    codes: np.ndarray
    mauvais: np.ndarray

    @property
    def statuts(self) -> np.ndarray:
        """The statuses as text (object array)."""
        return np.array(STATUTS, dtype=object)[self.codes]


@cache
def read_marks() -> dict[str, str]:
    """Mark → status, from the catalogue; marks are folded as `fold_mark` does."""
    with (files("cvanalysis.catalogue") / "marques.csv").open(encoding="utf-8", newline="") as lines:
        return {fold_mark(row["marque"]): row["statut"] for row in csv.DictReader(lines, delimiter=";")}


def fold_mark(text: str) -> str:
    """A mark without spaces nor capitals, so that `N. D.` is `n.d.`."""
    return _ESPACES.sub("", text).casefold()


def decode_numbers(strings: Iterable[str] | pd.Series | pa.Array, *, entiers: bool = False) -> Decoded:
    r"""The numbers and statuses of one column of cells (the column is the unit in which `1.234` is understood).

    `entiers`: the column is known to hold whole numbers. A missing cell counts as blank. Raises nothing on any text.

    >>> d = decode_numbers(["1\u202f234,5", "ns", "", "douze"])
    >>> d.valeurs.tolist()[0], d.statuts.tolist(), d.mauvais.tolist()
    (1234.5, ['publié', 'non_significatif', '', ''], [False, False, False, True])
    """
    cells = as_text(strings)
    decoded = Decoded(
        np.full(len(cells), np.nan), np.zeros(len(cells), dtype=np.int8), np.zeros(len(cells), dtype=bool)
    )
    filled = np.flatnonzero(pc.binary_length(cells).to_numpy(zero_copy_only=False))
    if not len(filled):
        return decoded
    if len(filled) < len(cells):
        cells = cells.take(pa.array(filled))
    commas, points = (pc.any(pc.match_substring(cells, sign)).as_py() for sign in ",.")
    doubtful = entiers and (commas or points) and pc.any(pc.match_substring_regex(cells, _DOUTEUX)).as_py()
    if (commas and points) or doubtful:
        _decode_carefully(cells, filled, decoded, entiers=entiers)
        return decoded
    simple = pc.match_substring_regex(cells, _SIMPLE)
    _fill(decoded, filled, simple, pc.replace_substring(cells.filter(simple), ",", "."))
    rest = pc.invert(simple)
    if not pc.any(rest).as_py():
        return decoded
    others, places = cells.filter(rest), filled[rest.to_numpy(zero_copy_only=False)]
    usual = pc.match_substring_regex(others, _COURANT)
    bare = pc.replace_substring_regex(others.filter(usual), _A_ENLEVER, "")
    _fill(decoded, places, usual, pc.replace_substring(pc.replace_substring(bare, "−", "-"), ",", "."))
    unusual = pc.invert(usual)
    if pc.any(unusual).as_py():
        odd = others.filter(unusual)
        if any(_shows_thousands(text) for text in pc.unique(odd).to_pylist()):
            _decode_carefully(cells, filled, decoded, entiers=entiers)
        else:
            _decode_carefully(odd, places[unusual.to_numpy(zero_copy_only=False)], decoded, entiers=entiers)
    return decoded


def as_text(strings: Iterable[str] | pd.Series | pa.Array) -> pa.Array:
    """One Arrow array of text, '' for what is missing."""
    if isinstance(strings, pd.Series):
        strings = strings.array  # its own Arrow array where there is one: pa.array(series) would go through objects
    cells = strings if isinstance(strings, pa.Array | pa.ChunkedArray) else pa.array(strings, from_pandas=True)
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if pa.types.is_null(cells.type):
        cells = cells.cast(pa.string())
    return cells.fill_null("") if cells.null_count else cells


def _fill(decoded: Decoded, places: np.ndarray, mask: pa.Array, texts: pa.Array) -> None:
    """Put numbers written with a point where the mask holds; one too large for a float is bad."""
    where = places[mask.to_numpy(zero_copy_only=False)]
    values = texts.cast(pa.float64()).to_numpy(zero_copy_only=False)
    finite = np.isfinite(values)
    decoded.valeurs[where] = np.where(finite, values, np.nan)
    decoded.codes[where] = finite
    decoded.mauvais[where] = ~finite


def _decode_carefully(cells: pa.Array, places: np.ndarray, decoded: Decoded, *, entiers: bool) -> None:
    """Each distinct text on its own, in the light of what the column shows of its signs."""
    coded = cells.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    signs = _see_signs(texts, entiers=entiers)
    marks = read_marks()
    values = np.full(len(texts), np.nan)
    codes = np.zeros(len(texts), dtype=np.int8)
    bad = np.zeros(len(texts), dtype=bool)
    for i, text in enumerate(texts):
        mark = fold_mark(text)
        if not mark:
            continue
        if mark in marks:
            codes[i] = STATUTS.index(marks[mark])
            continue
        value = _read_number(text, signs)
        if value is None or not np.isfinite(value):
            bad[i] = True
        else:
            values[i], codes[i] = value, 1
    where = coded.indices.to_numpy()
    decoded.valeurs[places] = values[where]
    decoded.codes[places] = codes[where]
    decoded.mauvais[places] = bad[where]


@dataclass(frozen=True, slots=True)
class _Signs:
    """What a column proves of the signs `.` and `,`."""

    milliers: frozenset[str]
    decimales: frozenset[str]

    def meaning(self, sign: str) -> str | None:
        """What `1.234` means with that sign: "milliers", "decimales", or None where nothing proves it."""
        other = "," if sign == "." else "."
        if sign in self.milliers:
            return None if sign in self.decimales else "milliers"
        if other in self.decimales and sign not in self.decimales:
            return None
        return "decimales"


def _see_signs(texts: list[str], *, entiers: bool) -> _Signs:
    thousands, decimals, doubtful, round_ones = set(), set(), set(), set()
    bare = False
    for text in texts:
        body = _body(text)
        if body is None:
            continue
        grouped = _MILLIERS.fullmatch(body)
        if grouped:
            sign = "." if grouped["point"] else ","
            if _is_telling(grouped):
                thousands.add(sign)
                if len(body) > grouped.end(1 if sign == "." else 2):
                    decimals.add("," if sign == "." else ".")
            else:
                (round_ones if body.endswith("000") else doubtful).add(sign)
            continue
        spaced = _GROUPES.fullmatch(body)
        if spaced:
            decimals |= set((spaced["decimales"] or "")[:1])
            continue
        plain = _DECIMAL.fullmatch(body)
        if plain and plain["signe"]:
            decimals.add(plain["signe"])
        bare = bare or bool(plain and not plain["signe"])
    if entiers:  # a machine may write `12.000` for 12, but then writes no number without decimals
        thousands |= (doubtful | (round_ones if bare else set())) - decimals
    return _Signs(frozenset(thousands), frozenset(decimals))


def _shows_thousands(text: str) -> bool:
    body = _body(text)
    grouped = body is not None and _MILLIERS.fullmatch(body)
    return bool(grouped) and _is_telling(grouped)


def _is_telling(grouped: re.Match[str]) -> bool:
    """Whether a number in groups of three can be nothing else (`1.234` could)."""
    groups = grouped["point"] or grouped["virgule"]
    return len(groups) > 4 or grouped.end() > grouped.start(1 if grouped["point"] else 2) + 4


def _body(text: str) -> str | None:
    number = _NOMBRE.fullmatch(text)
    return number and number["corps"]


def _read_number(text: str, signs: _Signs) -> float | None:
    """The value of one cell, None where it is no number or cannot be told."""
    number = _NOMBRE.fullmatch(text)
    if number is None:
        return None
    body = number["corps"]
    grouped = _MILLIERS.fullmatch(body)
    if grouped:
        sign = "." if grouped["point"] else ","
        meaning = "milliers" if _is_telling(grouped) else signs.meaning(sign)
        if meaning is None:
            return None
        if meaning == "milliers":
            body = body.replace(sign, "")
    elif not (_GROUPES.fullmatch(body) or _DECIMAL.fullmatch(body)):
        return None
    plain = re.sub(rf"[{ESPACES}'’]", "", body).replace(",", ".")
    exponent = int(number["exposant"] or 0) + int(_MULTIPLE.get(number["unite"] or "", "e0")[1:])
    return float(f"{'-' if number['signe'] in ('-', '−') else ''}{plain}e{exponent}")
