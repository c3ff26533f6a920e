"""Which voices an audience and an edition may know. Owns withdrawal, consent to be counted, audience and dates; refuses to clean.

The order is the protection: withdrawn voices first, then those above the audience, then those that the edition cannot know of. What
is not plainly said is a no: without an audience a voice is the team's, and so are minors without their parents' agreement and what is of
article 9. Ages are read to know a minor and never kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pandas as pd

from cvanalysis.errors import Problem
from cvanalysis.files.dates import parse_date, read_when
from cvanalysis.files.guard import under_guard
from cvanalysis.files.sheets import raw_files
from cvanalysis.french import fold
from cvanalysis.paroles.clean.companions import IMMERSIONS_LUES, RETRAITS, Companions, key_of, read_companions
from cvanalysis.paroles.clean.exports import read_voice_files
from cvanalysis.paroles.table import CHAMPS, COMPANIONS, MAJEUR, NON, OUI, VoiceTable
from cvanalysis.territory.contract import Edition, Territory

Audience = Literal["public", "groupe", "equipe"]

AUDIENCES: tuple[Audience, ...] = ("public", "groupe", "equipe")
"""From the widest to the narrowest: a build for one loads what is open to it and to the wider ones."""


def may_know(reader: Audience, audience: str) -> bool:
    """Whether a build for `reader` may hold what is open to `audience`."""
    return AUDIENCES.index(audience) <= AUDIENCES.index(reader)


def read_voices(territory: Territory, companions: Companions) -> tuple[list[VoiceTable], list[Problem]]:
    """Every table of voices of `paroles/`, whatever its audience, and what could not be read. For `clean_voices` and `review` only."""
    found = raw_files(territory.dossier / "paroles", territory.dossier)
    voices = [
        (path, fichier)
        for path, fichier in found
        if fichier not in COMPANIONS and path.suffix.lower() not in (".md", ".qdc")
    ]
    return read_voice_files(voices, companions.declared)


def readable_texts(territory: Territory) -> list[str]:
    """Texts that a public page could show once a human has read them, answers, accounts and names of codes with them; masked by nobody
    yet: for `review` only."""
    return under_guard(lambda: _readable_texts(territory))


def _readable_texts(territory: Territory) -> list[str]:
    companions = read_companions(territory)
    tables, _ = read_voices(territory, companions)
    rows, _ = withdraw([row for table in tables for row in rows_of(table, territory)], companions.tables["retraits"])
    shown = [r for r in rows if audience_of(r) == "public" and is_quotable(r, "public")]
    immersions = companions.tables["immersions"]
    seen = immersions[immersions["audience"].map(fold) == "public"]
    texts = [r[champ] for r in shown for champ in ("texte", "reponse")]
    texts += [answer.texte for answer in companions.reponses.values() if answer.audience == "public"]
    texts += [text for column in IMMERSIONS_LUES for text in seen[column]]
    return [text for text in (*texts, *companions.codes_lus) if text.strip()]


@dataclass(frozen=True, slots=True)
class Row:
    """One voice as found: its fields by name (text, '' where blank), where it stands, when it was said and when it came in. `origine`: the
    file of the answer that it repeats, else its own."""

    champs: Mapping[str, str]
    fichier: str
    origine: str
    format: str
    ligne: int
    exemple: bool
    date: date | None = None
    recue: date | None = None

    def __getitem__(self, champ: str) -> str:
        return self.champs.get(champ, "").strip()


def rows_of(table: VoiceTable, territory: Territory) -> Iterable[Row]:
    names, example = [c for c in table.cells.columns if c in CHAMPS], territory.invents(table.fichier)
    cells = table.cells[names].astype(str).itertuples(index=False, name=None)
    for ligne, values in zip(table.lignes.tolist(), cells, strict=True):
        champs = dict(zip(names, values, strict=True))
        row = Row(champs, table.fichier, table.origine or table.fichier, table.format, ligne, example)
        said = when_said(row, territory)
        yield replace(row, date=said, recue=when_received(row, said))


def is_yes(cell: str) -> bool:
    """Consent is what is plainly said: anything but a yes is a no."""
    return fold(cell).strip(" .!;") in OUI


def withdraw(rows: list[Row], retraits: pd.DataFrame) -> tuple[list[Row], list[Problem]]:
    """The voices that nobody took back, and the lines of `retraits.csv` that take back none, or more than their writer may think.

    Numbers and codes are compared as they stand, else leniently (`01` for `1`, capitals, spaces): a withdrawal is never lost for its
    spelling. Where a lenient number is that of several, all are withdrawn.
    """
    bearers: dict[tuple[str, str], dict[str, list[int]]] = {}
    for i, row in enumerate(rows):
        for champ in ("parole", "locuteur"):
            if row[champ]:
                bearers.setdefault((champ, _number_key(row[champ])), {}).setdefault(row[champ], []).append(i)
    gone: set[int] = set()
    said = []
    for line in retraits.itertuples():
        asked = [(champ, one) for champ in ("parole", "locuteur") if (one := getattr(line, champ))]
        found = [_taken(bearers.get((champ, _number_key(one)), {}), one, rows, line.fichier) for champ, one in asked]
        gone.update(i for hits in found for some in hits.values() for i in some)
        if not all(found) or not asked:
            todo = "Vérifiez le numéro, le code et le fichier"
            said.append(Problem(RETRAITS, line.Index, "", "ce retrait ne désigne aucune parole", "", todo))
        if any(len(hits) > 1 for hits in found):
            what = "ce retrait peut désigner plusieurs paroles ou personnes"
            todo = "Toutes sont retirées\u00a0; écrivez le numéro exact pour n'en retirer qu'une"
            said.append(Problem(RETRAITS, line.Index, "", what, "", todo))
    kept = [r for i, r in enumerate(rows) if i not in gone and fold(r["retrait"]) in NON]
    return kept, said


def _taken(named: Mapping[str, list[int]], asked: str, rows: list[Row], fichier: str) -> dict[str, list[int]]:
    """As written → voices, among those of one key: those of the file, the exact writing alone where it is there."""
    wanted = key_of(fichier)
    here = {
        one: [i for i in some if wanted in ("", *map(key_of, (rows[i].fichier, rows[i].origine)))]
        for one, some in named.items()
    }
    here = {one: some for one, some in here.items() if some}
    return {asked: here[asked]} if asked in here else here


def _number_key(cell: str) -> str:
    """A number or a code as compared: without capitals, spaces, leading zeros, nor the « .0 » of spreadsheets."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", re.sub(r"\s|(?<=[0-9])[.,]0+$", "", fold(cell)))


def is_quotable(row: Row, audience: Audience) -> bool:
    """Whether the person agreed to be quoted there. To be quoted with one's name is another agreement, and gives no leave for this."""
    agreed = is_yes(row["citation_anonyme"])
    return audience == "equipe" or (agreed and (audience == "groupe" or is_yes(row["web"])))


def names_of(fichier: str) -> tuple[str, str]:
    """How the team may name a file: from the data folder, or from `paroles/`."""
    return fichier, fichier.removeprefix("paroles/")


def audience_of(row: Row) -> Audience:
    """The widest audience of a voice: what is declared, `equipe` where nothing is, and for minors and art. 9 without more."""
    declared = fold(row["audience"])
    widest: Audience = next((a for a in AUDIENCES if a == declared), "equipe")
    minor = fold(row["mineur"]) not in MAJEUR | NON or age_of(row["age"], row["date"]) < 18
    sensitive = fold(row["art9"]) not in NON
    return "equipe" if sensitive or (minor and not is_yes(row["accord_parental"])) else widest


def age_of(cell: str, said: str) -> int:
    """An age in years where the cell says one (« 16 », « 16 ans », « moins de 18 ans », « né en 2008 »), else a grown-up's."""
    text = fold(cell)
    if "mineur" in text:
        return 0
    if not re.search(r"\d", text):  # « seize ans », « lycéenne »: what does not plainly say a grown-up is none
        return 99 if text in MAJEUR | NON or re.search("majeur|adult|senior|retraite", text) else 0
    if born := re.search(r"\b(?:19|20)\d{2}\b", text):
        spoken = re.search(r"\b20\d{2}\b", said)
        return int(spoken.group()) - int(born.group()) if spoken else 0
    below = "moins de" in text or text.startswith(("<", "-"))
    return min((int(n) - below for n in re.findall(r"\d{1,3}", text)[:1]), default=99)


def when_said(row: Row, territory: Territory) -> date | None:
    if parsed := read_day(row["date"]):
        return parsed
    step = match(row["sequence"], {e.id: e.nom for e in territory.calendrier})
    months = [e.mois for e in territory.calendrier if e.id == step]
    return parse_date(months[0])[1] if months else None  # the last day of the step's month


def when_received(row: Row, said: date | None) -> date | None:
    """The day since which the team has a voice: what `recu` says, or what the form's tool wrote; else the day it was said.

    A voice is never known before it is said, and a day that cannot be read is no day.
    """
    if not row["recu"]:
        return said
    came = read_day(row["recu"])
    return max(came, said) if came and said else came


def read_day(text: str) -> date | None:
    """The last day of what a cell says; form tools add an hour or the day's name, each in its way."""
    return when[0] if (when := read_when(text)) else None


def is_known_at(row: Row, territory: Territory, edition: Edition) -> bool:
    """Whether the edition knows a voice: it had come in when the edition was handed over, so that one handed over never grows.

    Without any date a voice is known at the last edition only: nobody can say that an earlier one knew it.
    """
    return edition.jusqu_au >= (row.recue or max(e.jusqu_au for e in territory.editions))


def match(cell: str, known: Mapping[str, str], alias: Mapping[str, str] = MappingProxyType({})) -> str:
    """The id that is the cell, or whose name it is (else but for article and dash), or ''; a name of several is none's. Alias: name→id."""
    if fold(cell) in alias:
        return alias[fold(cell)]
    for key, by_name in ((fold, False), (fold, True), (_plain, True)):
        wanted = key(cell)
        if named := [ident for ident, name in known.items() if wanted and key(name if by_name else ident) == wanted]:
            return named[0] if len(named) == 1 else ""
    return ""


@lru_cache(20_000)
def _plain(name: str) -> str:
    """A name as compared where people write it their way: without articles, marks nor « quartier »."""
    return " ".join(re.findall(r"\b(?!(?:l[ea]s?|l|d|de|des|du|qpv|quartier)\b)\w+", fold(name)))


def match_all(
    cell: str, known: Mapping[str, str], alias: Mapping[str, str] = MappingProxyType({})
) -> tuple[list[str], list[str]]:
    """The ids that a cell names (`|`, `;`, `,` or, as Kobo writes several answers, spaces), and what it names besides.

    A name may hold commas: what matches whole is not cut, nor what is known neither whole nor in pieces.
    """
    parts = []
    for part in (p.strip() for p in cell.split("|")):
        cut = [p.strip() for p in re.split(r"[;,\n]", part) if p.strip()]
        if match(part, known, alias) or not any(match(p, known, alias) for p in cut):
            words = part.split()
            parts += words if len(words) > 1 and all(match(w, known, alias) for w in words) else [part] if part else []
        else:
            parts += cut
    found = [match(p, known, alias) for p in parts]
    return list(dict.fromkeys(f for f in found if f)), [p for p, f in zip(parts, found, strict=True) if not f]


def undeclared(
    companions: Companions, names: Mapping[str, Mapping[str, str]], audience: Audience
) -> Iterable[tuple[str, int, str, str]]:
    """(file, line, column, word) of the team's own files whose word the contract does not have: what they say would be on no page."""
    for fichier, columns in COMPANIONS.items():
        table = companions.tables.get(Path(fichier).stem)
        for champ in [one for one in ("theme", "qpv", "college") if one in columns]:
            for line, word, *open_to in table[[champ, *table.columns.intersection(["audience"])]].itertuples(name=None):
                known = not open_to or may_know(
                    audience, fold(open_to[0]) if fold(open_to[0]) in AUDIENCES else "equipe"
                )
                if word and known and not match(word, names["themes" if champ == "theme" else champ]):
                    yield fichier, line, champ, word


def kept(frame: pd.DataFrame, keep: Iterable[bool]) -> pd.DataFrame:
    return frame[pd.Series(list(keep), dtype=bool, index=frame.index)].reset_index(drop=True)


def held(dated: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """Meetings and events that were over, or begun, when the edition was handed over."""
    return kept(dated, ((d := parse_date(t)) is not None and d[0] <= edition.jusqu_au for t in dated["date"]))


def proposed(preconisations: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """Préconisations, but those dated after the edition or at a day that cannot be read."""
    keep = (not t or ((d := read_day(t)) is not None and d <= edition.jusqu_au) for t in preconisations["date"])
    return kept(preconisations, keep).drop(columns=["date"])


def immersions_known(
    immersions: pd.DataFrame,
    audience: Audience,
    edition: Edition,
    read: Callable[[str], tuple[str, str]],
    enough: frozenset[tuple[str, str]],
) -> pd.DataFrame:
    """The accounts of immersions that the audience and the edition may know, in the words that may be read.

    When and where one was made, and by which college, is told only where as many people were heard as a count needs: a day never.
    """
    keep = []
    for audiences, *dates in immersions[["audience", "date", "recu"]].itertuples(index=False, name=None):
        came = max(filter(None, map(read_day, dates)), default=None)
        open_to = fold(audiences) if fold(audiences) in AUDIENCES else "equipe"
        keep.append(came is not None and came <= edition.jusqu_au and may_know(audience, open_to))
    known = kept(immersions, keep).drop(columns=["audience", "recu"])
    for column in IMMERSIONS_LUES:
        known[column] = pd.Series([read(text)[0] for text in known[column]], dtype="str")
    if audience == "equipe":
        return known
    places = [q if (q, "") in enough else "" for q in known["qpv"]]
    colleges = [c if (q, c) in enough else "" for q, c in zip(places, known["college"], strict=True)]
    days = map(read_day, known["date"])
    months = [day.strftime("%Y-%m") if day and q else "" for day, q in zip(days, places, strict=True)]
    shown = {"qpv": places, "college": colleges, "date": months}
    return known.assign(**{c: pd.Series(v, index=known.index, dtype="str") for c, v in shown.items()})
