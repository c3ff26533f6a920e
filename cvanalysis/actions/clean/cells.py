"""Cells of action logs → amounts, years, SIRET, statuses, head counts. Owns the notations; refuses to guess what is not said.

Every function works on the distinct words of a column (`Words`), so that 200,000 rows cost what their vocabulary costs. A
word that cannot be read gives no value and is told by the caller as an anomaly; it is never taken for a zero.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cvanalysis.files.dates import parse_date
from cvanalysis.files.numbers import as_text, decode_numbers
from cvanalysis.french import fold
from cvanalysis.personnes.masking import is_nir

MONTANT_MAXI = 1e11  # beyond, a cell holds two amounts glued together or an identifier, not euros


@lru_cache(maxsize=1)
def knowledge() -> Mapping[str, Any]:
    """`formats_actions.toml`, as it stands."""
    return tomllib.loads(files("cvanalysis.actions.clean").joinpath("formats.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=8)
def line_words(name: str) -> frozenset[str]:
    """Folded words of a list of `[lignes]`."""
    return frozenset(fold(word) for word in knowledge()["lignes"][name])


def other_aid(text: str) -> bool:
    """Whether an aid is no grant of money: a loan, a guarantee, something in kind alone."""
    key = fold(text)
    return "numeraire" not in key and any(word in key for word in knowledge()["lignes"]["autres_aides"])


def instalment(text: str) -> tuple[bool, str]:
    """Whether a text says the payment of a part of a grant, and what it says besides ('' for nothing more).

    >>> instalment("Acompte 50 % : Fête"), instalment("Fête (solde)"), instalment("Solde"), instalment("Soldes d'été")
    ((True, 'Fête'), (True, 'Fête'), (True, ''), (False, "Soldes d'été"))
    """
    said = knowledge()["lignes"]["versement"]
    head = (
        rf"(?i)^\s*{said}(?!\w)[\s:–—\-/,.]*(?:(?:de la|de l['’]|du|de|d['’]|sur la|sur|pour la|pour)(?<!\w['’])\s+)?"
    )
    for cut in (head, rf"(?i)(?:^|[\s:–—\-,/(]+){said}\s*\)?\s*$"):
        if (bare := re.sub(cut, "", text)) != text:
            return True, bare.strip()
    return False, text


@dataclass(frozen=True)
class Words:
    """A column of text as codes into its distinct words: `words[codes[i]]` is the cell of row i, as found.

    What is asked of the words several times (their key, whether they say anything) is worked out once.
    """

    codes: np.ndarray
    words: tuple[str, ...]

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """The key of each word."""
        return tuple(word if word.isdigit() and word.isascii() else fold(word) for word in self.words)

    @cached_property
    def filled(self) -> np.ndarray:
        """Per word: whether it is more than spaces."""
        return np.array([bool(word and not word.isspace()) for word in self.words], dtype=bool)

    def map(self, read: Callable[[str], Any], dtype: Any = object) -> np.ndarray:
        """What `read` makes of each cell, each distinct word read once."""
        values = np.empty(len(self.words), dtype=dtype)
        for rank, word in enumerate(self.words):
            values[rank] = read(word)
        return values[self.codes]

    def array(self) -> np.ndarray:
        """The cells, as found."""
        return np.array([*self.words, ""], dtype=object)[self.codes]


def category(cells: np.ndarray, read: Callable[[Any], str] = str) -> pd.Categorical:
    """Cells as codes into their distinct words (those that `read` makes of them): a column without one string per row."""
    codes, found = pd.factorize(cells)
    return pd.Categorical.from_codes(codes, pd.Index(map(read, found), dtype="object"))


def encode(column: pa.ChunkedArray | pa.Array) -> Words:
    """A column of Arrow text → its words; a missing cell is an empty one, also where a program wrote that it is missing (« NA »)."""
    coded, missing = as_text(column).dictionary_encode(), frozenset(knowledge()["lignes"]["sans_valeur"])
    words = tuple("" if word in missing else word for word in coded.dictionary.to_pylist())
    return Words(coded.indices.to_numpy(zero_copy_only=False), words)


def constant(word: str, rows: int) -> Words:
    """A column that says the same on every row."""
    return Words(np.zeros(rows, dtype=np.int32), (word,))


def ticked(words: Words, title: str) -> Words:
    """A column of ticks: its title on each row that has one; any other column is itself."""
    ticks = np.isin(words.folded, list(line_words("croix")))
    seen = np.bincount(words.codes, minlength=len(words.words))
    if 2 * seen[ticks].sum() <= seen[words.filled].sum():
        return words
    none = line_words("sans_croix")
    said = zip(words.words, words.folded, ticks, strict=True)
    return Words(words.codes, tuple(title if tick else "" if key in none else word for word, key, tick in said))


def joined(first: Words, second: Words) -> Words:
    """What two columns say, on each row."""
    size = len(second.words)
    codes, pairs = pd.factorize(first.codes.astype(np.int64) * size + second.codes)
    both = ((first.words[pair // size], second.words[pair % size]) for pair in pairs.tolist())
    return Words(codes, tuple(";".join(filter(None, words)) for words in both))


_EUROS = r"^-?\d{1,9}([.,]\d{1,2})?$"
_BLANCS = "[ \u00a0\u202f\u2009€]"
DOUTEUX = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
"""« 12,000 »: twelve thousand euros, or twelve."""


def read_amounts(column: pa.ChunkedArray | pa.Array, milliers: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Euros of every cell (NaN for none) and which cells are filled with something that is no amount, or may be two.

    `milliers`: the sign that parts thousands, where it is declared; else only a column that shows it (« 1,234,567 ») proves it.

    Amounts with one or two decimals can mean one thing only; the others go through `decode_numbers`, with the signs that the column
    was seen to use, and the habits of those who write of money are tried last.
    """
    coded = as_text(column).dictionary_encode()
    words, bare = coded.dictionary, pc.replace_substring_regex(coded.dictionary, _BLANCS, "")
    plain = pc.match_substring_regex(bare, _EUROS)
    usual = pc.replace_substring(pc.if_else(plain, bare, "nan"), ",", ".")
    values = pc.cast(usual, pa.float64()).to_numpy(zero_copy_only=False).copy()
    wrong = np.zeros(len(values), dtype=bool)
    left = np.flatnonzero(pc.and_not(pc.not_equal(bare, ""), plain).to_numpy(zero_copy_only=False))
    if len(left):
        odd = (some.take(left).to_pylist() for some in (words, bare))
        values[left], wrong[left] = _read_odd(*odd, bare.filter(plain), milliers)
    codes = coded.indices.to_numpy(zero_copy_only=False)
    return values[codes], wrong[codes]


def _read_odd(words: list[str], bare: list[str], usual: pa.Array, milliers: str) -> tuple[np.ndarray, np.ndarray]:
    """The amounts of the words that are no plain ones, and which of them are wrong; `usual`: the plain ones of the column."""
    found = list(bare)
    wrong = _part_thousands(bare, milliers)
    witnesses = [f"0{sign}5" for sign in ",." if pc.any(pc.match_substring(usual, sign)).as_py()]
    cells = zip(words, found, bare, wrong, strict=True)
    read = ["" if doubtful else word if then == now else now for word, then, now, doubtful in cells]
    decoded = decode_numbers([*read, *witnesses])
    values = decoded.valeurs[: len(words)].copy()
    for i in np.flatnonzero(decoded.mauvais[: len(words)] & ~wrong):
        value = _read_habit(words[i])
        wrong[i], values[i] = value is None, np.nan if value is None else value
    wrong |= np.abs(np.nan_to_num(values)) > MONTANT_MAXI
    values[wrong] = np.nan
    return values, wrong


def _part_thousands(bare: list[str], milliers: str) -> np.ndarray:
    """Takes the sign between thousands out of the words, in place, where it is known; which of them it leaves doubtful."""
    wrong = np.zeros(len(bare), dtype=bool)
    for sign in ",.":
        doubtful = [rank for rank, word in enumerate(bare) if sign in word and DOUTEUX.fullmatch(word)]
        # Of a point, only a last zero tells that no machine wrote these decimals.
        if not any(sign == "," or bare[rank].endswith("0") for rank in doubtful):
            continue
        proof = re.compile(rf"-?\d{{1,3}}(\{sign}\d{{3}}){{2,}}|.*\{sign}\d{{3}}[{',.'.replace(sign, '')}]\d")
        if sign == milliers or any(map(proof.match, bare)):
            for rank in doubtful:
                bare[rank] = bare[rank].replace(sign, "")
        else:
            wrong[doubtful] = True
    return wrong


def _read_habit(text: str) -> float | None:
    """Amounts as people close or comment them: « 1500,- », « (250) » or « 250,00- » for a negative one, « 300 € TTC », « néant » (NaN)."""
    if fold(text) in line_words("sans_montant"):
        return float("nan")
    cleaned = re.sub(r"(?i)\b(ttc|ht)\b|[\s\u00a0\u202f\u2009€]|\beur(?:os?)?\b", "", text)
    negative = re.fullmatch(r"\((.+)\)|(.*[.,]\d\d)[-−]", cleaned)
    cleaned = re.sub(r"[,.]-+$", "", (negative[1] or negative[2]) if negative else cleaned)
    thousands, cleaned = cleaned[-1:] in "kK", re.sub(r"[.,](?=\d{3}[.,])|(?<=\d)[kK]$", "", cleaned)
    if not re.fullmatch(r"-?\d{1,9}(?:[.,]\d{1,2})?", cleaned):
        return None
    return float(cleaned.replace(",", ".")) * (-1 if negative else 1) * (1000 if thousands else 1)


def read_count(text: str) -> float:
    """Number of people of one cell; NaN where there is none, negative infinity where it cannot be read.

    >>> read_count("45 jeunes"), read_count("1 200"), read_count("environ 30")
    (45.0, 1200.0, 30.0)
    """
    cleaned = re.sub(r"(?<=\d)[\s\u00a0\u202f](?=\d{3}\b)", "", text.strip())
    if not cleaned or fold(text) in line_words("sans_montant"):
        return float("nan")
    found = re.fullmatch(r"(?i)(?:environ |env\.? |≈ ?|~ ?)?(\d{1,7})(?:[.,]0+)?(?:\s*[a-zà-ÿ' .-]{0,40})?", cleaned)
    return float(found[1]) if found else float("-inf")


def read_year(text: str) -> int | None:
    """The year that a cell states; None where blank; 0 where it states none, or several that are not one school year.

    The first year of a school year (« 2018-2019 », « 2018/19 ») is that of its subsidy.

    >>> [read_year(text) for text in ("Exercice 2018", "2018-2019", "2018.0", "2018 à 2021", "?")]
    [2018, 2018, 2018, 0, 0]
    """
    if not text.strip():
        return None
    years = [int(year) for year in re.findall(r"(?<!\d)(?:19[89]\d|20\d\d)(?!\d)", text)]
    return years[0] if len(set(years)) == 1 or (len(years) == 2 and years[1] - years[0] == 1) else 0


def years_of_date(text: str) -> tuple[int, int] | None:
    """First and last year of a date, a period or an Excel serial, or the one year that free text states; None where it says none.

    >>> [years_of_date(text) for text in ("2018-11-20", "01/01/14->30/09/14", "MAI 2014", "43424")]
    [(2018, 2018), (2014, 2014), (2014, 2014), (2018, 2018)]
    """
    if found := parse_date(text):
        return found[0].year, found[1].year
    return (year, year) if (year := read_year(text)) else None


def luhn(digits: str) -> bool:
    """Whether the check digit of a SIREN or a SIRET is right."""
    doubled = "0246813579"
    return sum(int(d) if rank % 2 == 0 else int(doubled[int(d)]) for rank, d in enumerate(reversed(digits))) % 10 == 0


def read_siren(text: str) -> tuple[str, str]:
    """SIREN of a cell that holds a SIRET or a SIREN, whatever a spreadsheet did to it, and what was doubtful ('' if nothing).

    Lost leading zeros are put back only where the check digit then agrees.

    >>> read_siren("83831012600027.0"), read_siren("838 310 126"), read_siren("8.3831E+13")[0]
    (('838310126', ''), ('838310126', ''), '')
    """
    stripped = text.strip()
    if not stripped or fold(stripped) in line_words("sans_montant"):
        return "", ""
    if is_nir(stripped):
        return "", "la forme d'un numéro de sécurité sociale, que personne ne doit garder ici"
    if re.search(r"(?i)\d[.,]?\d*e\+?\d+$", stripped):
        return "", "SIRET arrondi par le tableur : ses derniers chiffres sont perdus"
    digits = re.sub(r"[\s\u00a0\u202f.-]", "", re.sub(r"[.,]0+$", "", stripped))
    if not digits.isdigit() or not digits.isascii():
        return "", "ni un SIRET ni un SIREN"
    if len(digits) in (9, 14):
        return (digits[:9], "") if luhn(digits) or luhn(digits[:9]) else ("", "clé de contrôle fausse")
    for length in (9, 14):
        padded = digits.zfill(length)
        if length - 3 <= len(digits) < length and luhn(padded) and luhn(padded[:9]):
            return padded[:9], ""
    return "", f"{len(digits)} chiffres au lieu de 14 (SIRET) ou 9 (SIREN)"
