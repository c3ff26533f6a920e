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

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cvanalysis.catalogue import read_catalogue_rows

ESPACES = " \t\u00a0\u202f\u2009\u2007"
_E = f"[{ESPACES}]"
_UNITE = r"%|€|EUR|euros?"
_PLAIN = (
    rf"^(?:{_E}*[+\-−]?{_E}*(?:\d+|\d{{{{1,3}}}}(?:[{ESPACES}'’]\d{{{{3}}}})+)(?:{{}}\d+)?{_E}*(?:{_UNITE})?{_E}*)?$"
)
_A_ENLEVER = rf"[{ESPACES}'’+]|{_UNITE}"
_NUS = re.compile(r"(?:(?:-?\d{1,15}(?:\.\d{1,15})?)?\n)*", re.ASCII)
COURTE = 500
"""Cells below which a column is sooner read one by one than told to Arrow."""
_DOUTEUX = rf"^{_E}*[+\-−]?{_E}*[1-9]\d{{0,2}}[.,]\d{{3}}{_E}*(?:{_UNITE})?{_E}*$"

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
    return {fold_mark(row["marque"]): row["statut"] for row in read_catalogue_rows("marques.csv")}


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
    said = "\n".join(cells.to_pylist()) if len(cells) < COURTE else "?"
    said = said if "." in said else said.replace(",", ".")
    alone = said.count("\n") + 1 == len(cells) and not (entiers and "." in said)
    if alone and _NUS.fullmatch(f"{said}\n"):  # as machines write
        decoded = np.array([float(one or "nan") for one in said.split("\n")])
        known = ~np.isnan(decoded)
        return Decoded(decoded, known.astype(np.int8), np.zeros(len(decoded), dtype=bool))
    if any(pc.all(pc.match_substring_regex(cells, _PLAIN.format(sign))).as_py() for sign in ("\\.", ",")) and not (
        entiers and pc.any(pc.match_substring_regex(cells, _DOUTEUX)).as_py()
    ):  # most columns, and the longest
        bare = pc.replace_substring(pc.replace_substring_regex(cells, _A_ENLEVER, ""), "−", "-")
        values = pc.if_else(pc.equal(cells, ""), pa.scalar("nan", cells.type), bare)
        decoded = pc.replace_substring(values, ",", ".").cast(pa.float64()).to_numpy(zero_copy_only=False)
        known = np.isfinite(decoded)
        bad = ~known & (pc.binary_length(cells).to_numpy(zero_copy_only=False) > 0)
        return Decoded(np.where(known, decoded, np.nan), known.astype(np.int8), bad)
    coded = cells.dictionary_encode()
    texts, where = coded.dictionary.to_pylist(), coded.indices.to_numpy()
    signs, marks = _see_signs(texts, entiers=entiers), read_marks()
    values = np.full(len(texts), np.nan)
    codes = np.zeros(len(texts), dtype=np.int8)
    bad = np.zeros(len(texts), dtype=bool)
    for i, text in enumerate(texts):
        value = _read_number(text, signs)
        if value is not None and np.isfinite(value):
            values[i], codes[i] = value, 1
        elif mark := fold_mark(text):
            codes[i] = STATUTS.index(marks.get(mark, ""))
            bad[i] = mark not in marks
    return Decoded(values[where], codes[where], bad[where])


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


def _see_signs(texts: list[str], *, entiers: bool) -> dict[str, str]:
    """What `1.234` means with each sign of a column: "milliers", "decimales", or '' where nothing proves it."""
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
    told = {sign: "decimales" if sign in decimals or not decimals else "" for sign in ".,"}
    return told | {sign: "" if sign in decimals else "milliers" for sign in thousands}


def _is_telling(grouped: re.Match[str]) -> bool:
    """Whether a number in groups of three can be nothing else (`1.234` could)."""
    groups = grouped["point"] or grouped["virgule"]
    return len(groups) > 4 or grouped.end() > grouped.start(1 if grouped["point"] else 2) + 4


def _body(text: str) -> str | None:
    number = _NOMBRE.fullmatch(text)
    return number["corps"] if number and not number["exposant"] else None


def _read_number(text: str, signs: dict[str, str]) -> float | None:
    """The value of one cell, None where it is no number or cannot be told."""
    number = _NOMBRE.fullmatch(text)
    if number is None:
        return None
    body = number["corps"]
    grouped = None if number["exposant"] else _MILLIERS.fullmatch(body)
    if grouped:
        sign = "." if grouped["point"] else ","
        meaning = "milliers" if _is_telling(grouped) else signs[sign]
        if not meaning:
            return None
        if meaning == "milliers":
            body = body.replace(sign, "")
    elif not (_GROUPES.fullmatch(body) or _DECIMAL.fullmatch(body)):
        return None
    plain = re.sub(rf"[{ESPACES}'’]", "", body).replace(",", ".")
    exponent = int(number["exposant"] or 0) + int(_MULTIPLE.get(number["unite"] or "", "e0")[1:])
    return float(f"{'-' if number['signe'] in ('-', '−') else ''}{plain}e{exponent}")
