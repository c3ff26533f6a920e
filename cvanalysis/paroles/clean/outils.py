"""Tools whose exports of voices are known (`outils.toml`), told by the titles of a table, and what they call our fields.

Titles are as compared. Refuses to read a file.
"""

import csv
import io
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from importlib.resources import files

import pandas as pd

from cvanalysis.files.sheets import Grid, RawTable
from cvanalysis.paroles.table import BORDS, SYNONYMES, Declared, bare


@dataclass(frozen=True, slots=True)
class Outil:
    """A block of `outils.toml`, which tells its parts."""

    nom: str
    signature: Sequence[str] = ()
    au_moins: int = 0
    techniques: Sequence[str] = ()
    date: Sequence[str] = ()
    numero: Sequence[str] = ()
    titre: Sequence[str] = ()
    colonnes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    retire: Mapping[str, Sequence[str]] = field(default_factory=dict)
    html: bool = False
    valeurs: Mapping[str, str] = field(default_factory=dict)
    une_voix: bool = False
    sans_date: str = ""
    mois_d_abord: bool = False
    sous_titres: Sequence[str] = ()
    parent: Sequence[Sequence[str]] = ()
    question_au_dessus: bool = False
    themes_et_lieux: bool = False

    def __post_init__(self) -> None:
        told = Counter(bare(title) for titles in self.colonnes.values() for title in titles)
        if twice := [title for title, times in told.items() if times > 1]:
            raise ValueError(f"outils.toml, {self.nom}: {', '.join(twice)} under two fields")

    def wrote(self, names: set[str]) -> bool:
        hits = [
            any(fnmatchcase(name, one) for one in line.split("|") for name in names)
            if "*" in line
            else not names.isdisjoint(line.split("|"))
            for line in self.signature
        ]
        return sum(hits) >= (self.au_moins or len(hits))


_BLOCS = tomllib.loads(files("cvanalysis.paroles.clean").joinpath("outils.toml").read_text("utf-8"))["outils"]
TABLEUR = Outil("tableur")
OUTILS = {outil.nom: outil for outil in (*(Outil(**bloc) for bloc in _BLOCS), TABLEUR)}


def recognise(headers: Iterable[str]) -> Outil:
    """Which tool wrote these headers."""
    names = {name for header in headers for name in header_names(header)}
    return next((outil for outil in OUTILS.values() if outil.wrote(names)), TABLEUR)


def technical_titles() -> frozenset[str]:
    """The titles that tools add to the questions: where they stand, a header does."""
    return frozenset().union(*(outil.techniques for outil in OUTILS.values()))


_CODE_QUESTION = re.compile(r"(?:([a-z]\w{0,30})(?:\[\w+\])?\.|\d{1,3}[.)]) (?=.)", re.IGNORECASE)
ENTRE_CROCHETS = re.compile(r"(.*?\S)\s*\[([^\[\]]+)\]")


def header_names(header: str) -> tuple[str, ...]:
    """A header as compared, without accents, capitals nor marks: whole, then without Kobo's group (`groupe/question`), without
    LimeSurvey's code of the question (`G01Q02. Question`), its underscores or the question before `[une sous-question]`."""
    name = bare(header)
    names = [name]
    parted = grouped(name)
    last = parted.rsplit("/", 1)[-1].strip()
    if "/" in parted and last not in ("id", "name", "fr", "url", "title", "body", "total_count"):
        names.append(last)
    if found := _CODE_QUESTION.match(name):
        names += [name[found.end() :].strip(BORDS), *filter(None, found.groups())]
    if found := ENTRE_CROCHETS.fullmatch(names[-1]):
        names.append(found[2])
    names += [n.replace("_", " ").strip(" *:") for n in names if "_" in n and not n.startswith("_")]
    return tuple(dict.fromkeys(names))


def question_of(header: str) -> str:
    """A header without LimeSurvey's code, or the number, of the question."""
    return _CODE_QUESTION.sub("", header.strip(), count=1)


def to_paste(fichier: str, colonne: str, champ: str, valeur: str = "") -> str:
    """The line of `colonnes.csv` that says what a column is."""
    line = io.StringIO()
    name = fichier.removeprefix("paroles/")
    csv.writer(line, delimiter=";", lineterminator="").writerow([name, question_of(colonne), champ, valeur])
    return line.getvalue()


def grouped(name: str) -> str:
    """A header whose groups are parted by points, as Kobo also writes them, with the `/` that it writes else."""
    return name.replace(".", "/") if re.fullmatch(r"[\w-]+(?:\.[\w-]+)+|[\w -]+(?:\.[^\W\d][^.]+)+", name) else name


@dataclass(frozen=True)
class Sheet:
    """One table of a file of voices, its headers as found. `grille`: where it was found; `declared`: what the team says of its file.

    `origine`: the file of the answers that its rows repeat, else its own; `venues`: the columns that come from there; `sert`: whether
    others take such columns from it; `seules`: rows whose answer is not there.
    """

    raw: RawTable
    cells: pd.DataFrame
    grille: Grid
    declared: Declared
    origine: str
    venues: frozenset[str] = frozenset()
    sert: bool = False
    seules: int = 0

    @cached_property
    def outil(self) -> Outil:
        """The tool that wrote it."""
        return recognise(self.cells)

    @cached_property
    def first(self) -> Mapping[str, str]:
        """Name as compared → the first header that bears it."""
        return {name: header for header in reversed(list(self.cells)) for name in header_names(header)}

    @cached_property
    def known(self) -> tuple[Mapping[str, str], ...]:
        """Title as compared → field, in order of right: as the team declares, as the tool writes, as everyone knows."""
        own = {bare(title): champ for title, champ in self.declared.colonnes.items()}
        return own, {title: champ for champ, titles in self.outil.colonnes.items() for title in titles}, SYNONYMES

    def field_of(self, header: str) -> str | None:
        names = header_names(header)
        return next((fields[n] for fields in self.known for n in names if n in fields), None)
