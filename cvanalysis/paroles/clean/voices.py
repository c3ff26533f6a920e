"""Raw voices → the tables that one audience may have. Owns the consent to be quoted, the words of each field and what is reported.

`consent` leaves out what the audience and the edition may not know before anything is counted, matched, numbered or
reported. So a build for an audience is the same, to the byte, whether what it may not know exists
or not: numbers are given after the rows are chosen, in an order that only their published content makes,
and a problem in a voice is told in detail to the team alone.

A text is there only where it may be quoted: the person agreed (and to the web, for `public`), what identifies is masked and, for
`public`, a human has read it (`review`). A voice without its text still counts: someone spoke.
A role is kept as one of five words.

In `data/raw/paroles/`: any file of voices (`voice_formats`), and the team's own `retraits.csv`, `relectures.csv`, `reponses.csv`,
`immersions.csv`, `instances.csv`, `codes.csv`, `colonnes.csv`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.errors import Problem
from cvanalysis.files.anomalies import Anomalies, ReadFile
from cvanalysis.files.dates import parse_date
from cvanalysis.files.guard import allow, reading
from cvanalysis.french import fold
from cvanalysis.paroles.clean.account import account_of_voices
from cvanalysis.paroles.clean.companions import IMMERSIONS_LUES, Answer, Companions, read_companions
from cvanalysis.paroles.clean.consent import (
    AUDIENCES,
    Audience,
    Row,
    audience_of,
    is_known_at,
    is_quotable,
    match,
    match_all,
    names_of,
    read_day,
    read_voices,
    rows_of,
    when_received,
    when_said,
    withdraw,
)
from cvanalysis.paroles.clean.review import Review, read_reviews, read_text
from cvanalysis.paroles.clean.tables import attribute, cite, heard_enough, number
from cvanalysis.paroles.table import NATURE_OF, QUALITE_OF, RAPPORT_OF, STATUTS_REPONSE, TONALITE_OF, VoiceTable
from cvanalysis.personnes.masking import mask

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Edition, Territory


SECONDES_PAR_LIGNE = 0.01  # of processor: ten times what the masking of a long answer takes


@dataclass(frozen=True)
class CleanedVoices:
    """What an audience may have at an edition. `paroles` and `contributions` have the columns told in `voice_tables`, the others those of
    `companions`.

    `anomalies`: `fichier, ligne, colonne, brut, probleme, traitement`. `sources`: as the manifest wants them; the digest is of what was
    kept, so that it does not change with what this audience may not know. `illisibles`: the files that could not be read. `avertissements`:
    withdrawals and answers that are nobody's, told at every audience. `compte`: what became of all the voices read, for `check` alone.
    """

    paroles: pd.DataFrame
    contributions: pd.DataFrame
    anomalies: pd.DataFrame
    sources: tuple[ReadFile, ...]
    immersions: pd.DataFrame
    preconisations: pd.DataFrame
    instances: pd.DataFrame
    chronologie: pd.DataFrame
    codes: pd.DataFrame
    illisibles: tuple[Problem, ...] = ()
    avertissements: tuple[Problem, ...] = ()
    compte: str = ""

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Name of the Parquet file → table."""
        return {
            n: getattr(self, n)
            for n in ("paroles", "contributions", "immersions", "preconisations", "instances", "chronologie", "codes")
        }


def clean_voices(territory: Territory, audience: Audience = "public", edition: Edition | None = None) -> CleanedVoices:
    """Read `paroles/` for one audience and one edition (the territory's by default). Never raises on what a file holds."""
    edition = edition or territory.edition
    companions = read_companions(territory)
    tables, unread = read_voices(territory, companions)
    log = _Log(audience)
    found = []
    for table in tables:
        with reading(table.fichier):
            allow(SECONDES_PAR_LIGNE * len(table.lignes))
            found += rows_of(table, territory)
    rows, doubtful = withdraw(found, companions.retraits)
    doubtful += _answers_to_nobody(found, companions)
    stages = [found, rows]
    rows = [r for r in rows if AUDIENCES.index(audience_of(r)) <= AUDIENCES.index(audience)]
    stages.append(rows)
    rows = [replace(r, date=(said := when_said(r, territory)), recue=when_received(r, said)) for r in rows]
    rows = [r for r in rows if is_known_at(r, territory, edition)]
    stages.append(rows)
    reviews = read_reviews(territory.dossier, edition.jusqu_au)
    companions = replace(companions, codes=_codes_read(companions, audience, reviews))
    answers = _answered(rows, companions, log)
    clean = []
    for fichier, mine in groupby(rows, lambda row: row.fichier):
        with reading(fichier):  # a text made to hurt the masking is its file's fault
            for row in mine:
                allow(SECONDES_PAR_LIGNE)
                clean.append(_clean(row, territory, audience, edition, reviews, companions, answers, log))
    kept = {table.fichier: table for table in tables}
    sources = _sources(rows, kept, clean)
    for table in tables:
        if table.cells.empty or any(r.fichier == table.fichier for r in rows):
            log.unread(table)
    paroles = attribute(number(clean), territory.seuils.personnes)
    enough = heard_enough(paroles, territory.seuils.personnes)
    few = [q.code for q in territory.quartiers if (q.code, "") not in enough and audience != "equipe"]
    bound = _bounded(companions, audience, edition, reviews, enough)
    return CleanedVoices(
        paroles=paroles,
        contributions=cite(paroles, few),
        anomalies=log.frame([*companions.anomalies, *doubtful, *unread]),
        sources=sources + bound.sources,
        immersions=bound.immersions,
        preconisations=bound.preconisations,
        instances=bound.instances,
        chronologie=companions.chronologie,
        codes=companions.codes,
        illisibles=tuple(unread) + companions.illisibles,
        avertissements=tuple(doubtful),
        compte=account_of_voices(tables, stages, [row["texte_statut"] for row in clean]),
    )


class _Log:
    """Problems of the kept rows: in detail for the team; for the others counted, without line or content."""

    def __init__(self, audience: Audience) -> None:
        self.detail = audience == "equipe"
        self.rows: list[tuple[str, int, str, str, str, str]] = []

    def add(self, row: Row, colonne: str, brut: str, probleme: str, traitement: str) -> None:
        where = (row.ligne, colonne, brut[:200]) if self.detail else (0, colonne, "")
        self.rows.append((row.fichier, *where, probleme, traitement))

    def unread(self, table: VoiceTable) -> None:
        if self.detail:
            self.rows += [(p.fichier, p.ligne, p.colonne, "", p.trouve, p.que_faire) for p in table.anomalies]

    def frame(self, problems: Iterable[Problem]) -> pd.DataFrame:
        rows = self.rows if self.detail else sorted(set(self.rows))
        rows = rows + [(p.fichier, p.ligne, p.colonne, "", p.trouve, p.que_faire) for p in problems]
        return Anomalies(rows).frame()


def _clean(
    row: Row,
    territory: Territory,
    audience: Audience,
    edition: Edition,
    reviews: Mapping[str, Review],
    companions: Companions,
    answers: Mapping[tuple[str, str], Answer],
    log: _Log,
) -> dict[str, object]:
    """One kept voice under the columns of `PAROLES`; its number and its speaker's are given afterwards."""

    def one(champ: str, known: Mapping[str, str], what: str, find: Callable[[str], str] | None = None) -> str:
        cell = row[champ]
        found = find(cell) if find else match(cell, known)
        if cell and not found:
            log.add(row, champ, cell, f"{what} non déclaré", "laissé vide")
        return found

    themes_known = {t.id: t.nom for t in territory.themes}
    themes, unknown = match_all(row["themes"], themes_known)
    quarters = {q.code: q.nom for q in territory.quartiers}
    # The platform's taxonomies hold themes and places alike.
    places = [name for name in unknown if row.format == "decidim" and match(name, quarters)]
    for name in unknown:
        if name in places:
            continue
        log.add(row, "themes", name, "thème non déclaré", "laissé de côté")
    for champ in ("date", "recu"):
        if row[champ] and not read_day(row[champ]):
            log.add(row, champ, row[champ], "date non comprise", "comme sans date")
    quotable = is_quotable(row, audience)
    text, status = read_text(row["texte"], audience, reviews) if quotable else ("", "sans_accord")
    answer = answers.get((row["parole"], row.fichier))
    if answer and (
        AUDIENCES.index(answer.audience) > AUDIENCES.index(audience) or (answer.date and answer.date > edition.jusqu_au)
    ):
        answer = None
    month = row.date.strftime("%Y-%m") if row.date else ""
    role = row["qualite"] or (row["college"] if fold(row["college"]) in QUALITE_OF else "")
    college = "" if role == row["college"] else one("college", {c.id: c.nom for c in territory.colleges}, "collège")
    return {
        "arrivee": next(
            (
                e.id
                for e in sorted(territory.editions, key=lambda e: e.jusqu_au)
                if row.recue and row.recue <= e.jusqu_au
            ),
            "",
        ),
        "mois": month,
        "sequence": one("sequence", {e.id: e.nom for e in territory.calendrier}, "étape du calendrier")
        or _step(month, territory),
        "nature": one("nature", {}, "type de parole", lambda c: NATURE_OF.get(fold(c), "")) or "contribution",
        "themes": "|".join(themes),
        "theme": themes[0] if themes else "",
        "qpv": one("qpv", quarters, "quartier") or (match(places[0], quarters) if places else ""),
        "college": college,
        "qualite": QUALITE_OF.get(fold(role), "autre"),
        "locuteur": (row.fichier, row["locuteur"], 0 if row["locuteur"] else row.ligne),
        "tonalite": one("tonalite", {}, "tonalité", lambda c: TONALITE_OF.get(fold(c), "")),
        "codes": "|".join(_codes(row, companions, log)),
        "texte": text,
        "texte_statut": status,
        "constat": _citation(row["constat"], _CONSTAT, [f"{one}-" for one in (*quarters, *themes_known, *_PAGES)]),
        "rapport": one("rapport", {}, "rapport au constat", lambda c: RAPPORT_OF.get(fold(c), "")),
        "engagement": _citation(row["engagement"], _ENGAGEMENT),
        "action": mask(row["action"]).texte if audience == "equipe" else "",
        # An answer tells what it answers to: it needs the same agreement, and to be read as the rest.
        "reponse": read_text(answer.texte if answer else row["reponse"], audience, reviews)[0] if quotable else "",
        "reponse_statut": (answer.statut if answer else STATUTS_REPONSE.get(fold(row["reponse_statut"]), ""))
        or ("reçue" if row["constat"] or NATURE_OF.get(fold(row["nature"])) == "contribution" else ""),
        "exemple": row.exemple,
    }


def _answered(rows: list[Row], companions: Companions, log: _Log) -> dict[tuple[str, str], Answer]:
    """(number, file) of a voice → its answer. One that could be to voices of several files is to none of them."""
    files: dict[str, dict[str, Row]] = {}
    for row in rows:
        files.setdefault(row["parole"], {}).setdefault(row.fichier, row)
    found = {}
    for given, bearers in files.items():
        for fichier, row in bearers.items():
            named = [companions.reponses[given, n] for n in names_of(fichier) if (given, n) in companions.reponses]
            common = companions.reponses.get((given, ""))
            if named or (common and len(bearers) == 1):
                found[given, fichier] = (named or [common])[0]
            elif common:
                what = "une réponse à un numéro que plusieurs fichiers donnent"
                log.add(row, "parole", given, what, "à personne : nommez le fichier dans paroles/reponses.csv")
    return found


_PAGES = (
    "synthese",
    "engagements",
    "partenaires",
    "participation",
    "recit",
    "preconisations",
    "qualite",
    "changements",
)
_CONSTAT = re.compile(r"[A-Za-z0-9-]{1,40}-[A-Za-z-]{2,30}-\d{2}")
_ENGAGEMENT = re.compile(r"[A-Za-z]{0,4}[.-]?\d{1,3}([.-]\d{1,3}){0,2}")


def _citation(cell: str, shape: re.Pattern[str], about: Iterable[str] = ("",)) -> str:
    """The numbers of findings or engagements that a cell cites; anything else in it is dropped: it is free text, a name or a phone maybe.

    A finding is about a quarter, a theme or the whole, which its number begins with.
    """
    words = re.split(r"\s*[|;,\n]\s*", cell.strip())
    return "|".join(dict.fromkeys(w for w in words if shape.fullmatch(w) and w.startswith(tuple(about))))


def _codes_read(companions: Companions, audience: Audience, reviews: Mapping[str, Review]) -> pd.DataFrame:
    """The codebook that this audience may read: a code of a program is its name, which is known as it stands or not at all."""
    known = [
        audience == "equipe" or name not in companions.codes_lus or read_text(name, audience, reviews)[0] == name
        for name in companions.codes["nom"]
    ]
    return companions.codes[pd.Series(known, dtype=bool, index=companions.codes.index)].reset_index(drop=True)


def _answers_to_nobody(rows: list[Row], companions: Companions) -> list[Problem]:
    numbers = {(row["parole"], name) for row in rows for name in ("", *names_of(row.fichier))}
    return [
        Problem("paroles/reponses.csv", answer.ligne, "parole", "une réponse à aucune parole", "", "Vérifiez le numéro")
        for given, answer in companions.reponses.items()
        if given not in numbers
    ]


def _codes(row: Row, companions: Companions, log: _Log) -> list[str]:
    known = dict(zip(companions.codes["code"], companions.codes["nom"], strict=True))
    found, unknown = match_all(row["codes"], known)
    for name in unknown:
        log.add(row, "codes", name, "code non déclaré dans paroles/codes.csv", "laissé de côté")
    return found


def _step(month: str, territory: Territory) -> str:
    """The step in which a month falls: the first one that is not over, so that what is said in April serves June's."""
    return next((e.id for e in sorted(territory.calendrier, key=lambda e: e.mois) if month and month <= e.mois), "")


def _sources(rows: list[Row], tables: Mapping[str, VoiceTable], clean: list[dict[str, object]]) -> tuple[ReadFile, ...]:
    digests: dict[str, list[str]] = {}
    for row, cleaned in zip(rows, clean, strict=True):
        digests.setdefault(row.fichier, []).append(repr(sorted((k, v) for k, v in cleaned.items() if k != "locuteur")))
    return tuple(
        _source(fichier, tables[fichier].format, sorted(content)) for fichier, content in sorted(digests.items())
    )


def _source(fichier: str, kind: str, content: Iterable[str]) -> ReadFile:
    digest = hashlib.sha256("\n".join(content).encode()).hexdigest()
    return ReadFile(fichier, digest, famille=f"paroles ({kind})")


@dataclass(frozen=True)
class _Bound:
    immersions: pd.DataFrame
    instances: pd.DataFrame
    preconisations: pd.DataFrame
    sources: tuple[ReadFile, ...]


def _bounded(
    companions: Companions,
    audience: Audience,
    edition: Edition,
    reviews: Mapping[str, Review],
    enough: frozenset[tuple[str, str]],
) -> _Bound:
    """Immersions, instances and préconisations as the audience and the edition may know them; what they may not know is not yet."""
    immersions = companions.immersions
    dates = zip(immersions["date"], immersions["recu"], strict=True)
    days = [max(filter(None, map(read_day, pair)), default=None) for pair in dates]
    ranks = [AUDIENCES.index(a) if a in AUDIENCES else len(AUDIENCES) - 1 for a in immersions["audience"].map(fold)]
    known = [
        d is not None and d <= edition.jusqu_au and rank <= AUDIENCES.index(audience)
        for d, rank in zip(days, ranks, strict=True)
    ]
    immersions = (
        immersions[pd.Series(known, dtype=bool, index=immersions.index)]
        .drop(columns=["audience", "recu"])
        .reset_index(drop=True)
    )
    for column in IMMERSIONS_LUES:
        immersions[column] = pd.Series([read_text(t, audience, reviews)[0] for t in immersions[column]], dtype="str")
    if audience != "equipe":
        immersions = _place_immersions(immersions, enough)
    instances = companions.instances
    if len(instances):
        known = [(d := parse_date(t)) is not None and d[0] <= edition.jusqu_au for t in instances["date"]]
        instances = instances[known].reset_index(drop=True)
    preconisations = companions.preconisations
    late = [bool(t) and ((d := read_day(t)) is None or d > edition.jusqu_au) for t in preconisations["date"]]
    preconisations = preconisations[~pd.Series(late, dtype=bool, index=preconisations.index)].drop(columns=["date"])
    preconisations = preconisations.reset_index(drop=True)
    named = {
        "paroles/immersions.csv": immersions,
        "paroles/instances.csv": instances,
        "preconisations.csv": preconisations,
    }
    sources = tuple(
        _source(fichier, Path(fichier).stem, [repr(r) for r in frame.itertuples(index=False)])
        for fichier, frame in named.items()
        if len(frame)
    )
    return _Bound(immersions, instances, preconisations, sources)


def _place_immersions(immersions: pd.DataFrame, enough: frozenset[tuple[str, str]]) -> pd.DataFrame:
    """When and where an account was made, and by which college, only where as many people were heard as a count needs: a day never."""
    places = [q if (q, "") in enough else "" for q in immersions["qpv"]]
    colleges = [c if (q, c) in enough else "" for q, c in zip(places, immersions["college"], strict=True)]
    days = map(read_day, immersions["date"])
    months = [day.strftime("%Y-%m") if day and q else "" for day, q in zip(days, places, strict=True)]
    shown = {"qpv": places, "college": colleges, "date": months}
    return immersions.assign(**{c: pd.Series(v, index=immersions.index, dtype="str") for c, v in shown.items()})
