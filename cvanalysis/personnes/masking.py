"""Masking of what identifies a person in a text. Owns the marks that replace it and how patterns are tried; refuses to judge.

What is looked for is data: `masques.toml` holds the patterns, in order, with their examples; `prenoms.csv` the first names. What a machine
can't find (a rare name, a nickname, a role that only one person holds) is why a human reads every verbatim before it is published: see
`review`. `KNOWN_MISSES` says so in the words of the help. `mask(text).texte` is all that most callers need.

Time grows as the text does, whatever is repeated in it: no pattern holds a repetition without a bound, first names are looked up once a
word, and what is taken is kept by character.
"""

from __future__ import annotations

import csv
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cvanalysis.french import fold

_ICI = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing found: its kind (key of `MARKS`) and where it stood in the text that was read."""

    genre: str
    debut: int
    fin: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without what was found, and what was found."""

    texte: str
    marques: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A block of `masques.toml`, ready to search; without `genre`, what it finds is left as it is, by later blocks too."""

    genre: str
    motif: re.Pattern[str]
    brut: bool


_DATA: dict[str, Any] = tomllib.loads((_ICI / "masques.toml").read_text(encoding="utf-8"))

KNOWN_MISSES = tuple(_DATA["mesures"]["manques"])
"""What the patterns are known to miss; printed with the reading list."""
RECALL = {kind: tuple(measured) for kind, measured in _DATA["mesures"]["rappel"].items()}
"""Kind → (masked, written) on sentences never in view: what to count on."""
RECALL_MISE_AU_POINT, PRECISION = tuple(_DATA["mesures"]["mise_au_point"]), tuple(_DATA["mesures"]["intactes"])

MARKS: dict[str, str] = _DATA["marques"]
"""Kind of thing masked → what stands in its place. A mark is never itself masked: masking twice changes nothing."""
_READINGS = 4
_MARK = re.compile("|".join(map(re.escape, MARKS.values())))
_INVISIBLE = dict.fromkeys([0x00, 0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF])

_PLAIN = (
    dict.fromkeys((9, 160, 8199, 8201, 8239, 12288), " ")
    | dict.fromkeys(range(8208, 8214), "-")
    | {ord(wide): str(i) for i, wide in enumerate("０１２３４５６７８９")}
    | {0x2019: "'", 0xFF20: "@"}
    | dict.fromkeys(map(ord, "ꔀꔁꔂ"), "ꕀ")
)
_WORD = re.compile(r"[^\W\d_]{2,}+(?:-[^\W\d_]++)*+")


def expand(motif: str, pieces: Mapping[str, str]) -> str:
    """A pattern with its pieces (`%NOM%`) put in, and theirs."""
    while (name := re.search(r"%([A-Z_]+)%", motif)) is not None:
        motif = motif.replace(name[0], pieces[name[1]])
    return motif


@cache
def patterns() -> tuple[Pattern, ...]:
    """The blocks of `masques.toml`, in order of right: what an earlier one took, a later one leaves alone."""
    return tuple(
        Pattern(
            block["genre"], re.compile(expand(block["motif"], _DATA["morceaux"]), re.VERBOSE), block.get("brut", False)
        )
        for block in _DATA["masques"]
    )


@cache
def first_names() -> dict[str, str]:
    """First name, folded → when it is one: always (''), with its `capitale`, if the `phrase` tells, once `annonce`d."""
    with (_ICI / "prenoms.csv").open(encoding="utf-8", newline="") as file:
        return {row["prenom"]: row["seulement"] for row in csv.DictReader(li for li in file if li[0] != "#")}


def _stand_in(word: re.Match[str]) -> str:
    """Signs as long as the word where it is a first name, that patterns can tell (see `masques.toml`); else the word."""
    written, known = word[0], first_names()
    folded = fold(written)
    each = {known.get(part, "annonce") for part in folded.split("-")}  # « Chloé-Jade »
    when = known.get(folded, "annonce" if "annonce" in each or each == {"phrase"} else "")
    capitals = written.isupper()
    unsure = when == "phrase" or (capitals and len(written) < 5)  # « Rose », « ALI »
    if when == "annonce" or (when and not written[0].isupper()):
        return written
    return ("ꔁ" if unsure else "ꔂ" if capitals else "ꔀ") * len(written)


def clean_text(text: str) -> str:
    """The text without what the eye doesn't see (invisible and direction marks, NUL), otherwise as written.

    An invisible character in the middle of a number would hide it from every pattern.
    """
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE))


def find_marks(text: str) -> tuple[Mark, ...]:
    """What identifies someone in a text already cleaned by `clean_text`, in reading order, without overlap."""
    plain = text.translate(_PLAIN)
    named = _WORD.sub(_stand_in, plain)
    taken = bytearray(len(plain))
    found: list[Mark] = []
    for match in _MARK.finditer(plain):
        taken[match.start() : match.end()] = b"\1" * len(match[0])
    for pattern in patterns():
        for match in pattern.motif.finditer(plain if pattern.brut else named):
            start, end = max(match.start(), *(match.end(g) for g in pattern.motif.groupindex), 0), match.end()
            if taken.find(1, start, end) < 0:
                taken[start:end] = b"\1" * (end - start)
                if pattern.genre:
                    found.append(Mark(pattern.genre, start, end))
    return tuple(sorted(found, key=lambda m: m.debut))


def mask(text: str) -> Masked:
    """The text with every thing found replaced by its mark; masking twice gives the same text.

    A mark may uncover what the words it replaced kept from a pattern: the text is read again until nothing more is found, a few times
    at most. The place of a mark is that in the text as it was read then.
    """
    text = clean_text(text)
    found: list[Mark] = []
    for _ in range(_READINGS):
        if not (marks := find_marks(text)):
            break
        ends = [0, *(mark.fin for mark in marks)]
        parts = [text[end : mark.debut] + MARKS[mark.genre] for end, mark in zip(ends, marks, strict=False)]
        text = "".join([*parts, text[ends[-1] :]])
        found += marks
    return Masked(text, tuple(found))
