"""The files that the team keeps beside the voices. Owns their columns; refuses to read a voice.

In `data/raw/paroles/` (each may be missing):
- `retraits.csv` `parole;locuteur;date;fichier`: who withdraws what; unreadable, nothing is built;
- `reponses.csv` `parole;statut;reponse;date;audience;fichier`: answers to contributions (reçue, prise en compte, répondue, écartée);
  `fichier` (may be blank) tells apart two files that number their voices alike;
- `immersions.csv` `immersion;theme;qpv;date;college;audience;recu;vu;marche;ne_marche_pas;propose`: those that were held (`recu`: when
  the account came in, where later than the day);
- `instances.csv` `date;instance;detail`: meetings held;
- `codes.csv` `code;nom;theme;tonalite`: the codebook, to which the codes of any `.qdc` add themselves;
- `colonnes.csv` `fichier;colonne;champ;valeur`: a form's question → our field, or (no `colonne`) one value for the whole file.
In `data/raw/`: `preconisations.csv` `id;theme;question;preconisation;preuves;constats;qui;echeance;suivi;statut;date;exemple`
(`date`: since when it is proposed, for the editions before it not to hold it),
`chronologie.csv` `date;evenement;source`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Literal

import pandas as pd

from cvanalysis.declarations import plain
from cvanalysis.errors import DeclarationError, Problem, ReadError
from cvanalysis.ingest.dates import parse_date
from cvanalysis.ingest.guard import reading
from cvanalysis.ingest.interviews import read_codebook
from cvanalysis.ingest.reading import raw_files, read_raw
from cvanalysis.ingest.voice_fields import CHAMPS, Declared

if TYPE_CHECKING:
    from cvanalysis.territory import Territory

_COLONNES = {
    "paroles/retraits.csv": ("parole", "locuteur", "date", "fichier"),
    "paroles/reponses.csv": ("parole", "statut", "reponse", "date", "audience", "fichier"),
    "paroles/immersions.csv": (
        "immersion",
        "theme",
        "qpv",
        "date",
        "college",
        "audience",
        "recu",
        "vu",
        "marche",
        "ne_marche_pas",
        "propose",
    ),
    "paroles/instances.csv": ("date", "instance", "detail"),
    "paroles/codes.csv": ("code", "nom", "theme", "tonalite"),
    "paroles/colonnes.csv": ("fichier", "colonne", "champ", "valeur"),
    "paroles/relectures.csv": (),
    "preconisations.csv": (
        "id",
        "theme",
        "question",
        "preconisation",
        "preuves",
        "constats",
        "qui",
        "echeance",
        "suivi",
        "statut",
        "date",
        "exemple",
    ),
    "chronologie.csv": ("date", "evenement", "source"),
}
_STATUTS = {"recue": "reçue", "prise en compte": "prise en compte", "repondue": "répondue", "ecartee": "écartée"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the team answered to a contribution."""

    statut: str
    texte: str
    date: date | None
    audience: Literal["public", "groupe", "equipe"]


@dataclass(frozen=True)
class Companions:
    """The team's own files, read. `noms` are those of `paroles/` that hold no voice."""

    noms: frozenset[str]
    retraits: frozenset[tuple[str, str, str]]
    reponses: Mapping[tuple[str, str], Answer]
    declared: Mapping[str, Declared]
    immersions: pd.DataFrame
    instances: pd.DataFrame
    codes: pd.DataFrame
    preconisations: pd.DataFrame
    chronologie: pd.DataFrame
    anomalies: tuple[Problem, ...] = ()
    illisibles: tuple[Problem, ...] = ()


def read_companions(territory: Territory) -> Companions:
    """Read them all. Raises `DeclarationError` where withdrawals exist and can't be read: to go on would publish them."""
    unread: list[Problem] = []
    frames = {name: _read(territory, name, unread) for name in _COLONNES if _COLONNES[name]}
    if lost := [p for p in unread if p.fichier == "paroles/retraits.csv"]:
        raise DeclarationError(lost)
    anomalies: list[Problem] = []
    retraits = frames["paroles/retraits.csv"]
    return Companions(
        noms=frozenset(n.removeprefix("paroles/") for n in _COLONNES if n.startswith("paroles/")),
        retraits=frozenset(
            (c, v, f)
            for c in ("parole", "locuteur")
            for v, f in zip(retraits[c], retraits["fichier"], strict=True)
            if v
        ),
        reponses=_answers(frames["paroles/reponses.csv"], anomalies),
        declared=_declared(frames["paroles/colonnes.csv"], anomalies),
        immersions=frames["paroles/immersions.csv"],
        instances=frames["paroles/instances.csv"],
        codes=_with_codebooks(frames["paroles/codes.csv"], territory, unread),
        preconisations=frames["preconisations.csv"],
        chronologie=frames["chronologie.csv"],
        anomalies=tuple(anomalies),
        illisibles=tuple(unread),
    )


def _read(territory: Territory, fichier: str, unread: list[Problem]) -> pd.DataFrame:
    """The file under its declared columns (text, '' where blank or missing), plus `exemple` (bool); empty where there is none."""
    columns = _COLONNES[fichier]
    path = territory.dossier / fichier
    frame = pd.DataFrame({c: pd.Series(dtype="str") for c in columns})
    if path.exists() or path.is_symlink():
        try:
            with reading(fichier):
                raw = read_raw(path, fichier, frozenset(columns))[0]
            found = {plain(h).replace(" ", "_"): h for h in raw.colonnes}
            missing = pd.Series([""] * len(raw.lignes), dtype="str")
            frame = pd.DataFrame(
                {
                    c: raw.cells[found[c]].astype("str").str.strip().reset_index(drop=True) if c in found else missing
                    for c in columns
                }
            )
        except ReadError as error:
            unread.append(error.problem)
    example = any(fnmatch(fichier, glob) for glob in territory.exemples)
    marked = (
        frame["exemple"].map(plain).isin(["oui", "true", "1", "x"])
        if "exemple" in frame
        else pd.Series(False, index=frame.index)
    )
    return frame.assign(exemple=(marked | example).astype("bool"))


def _with_codebooks(codes: pd.DataFrame, territory: Territory, unread: list[Problem]) -> pd.DataFrame:
    """The codebook, and the codes of the `.qdc` files beside it that it doesn't have, under their own names."""
    known = {plain(word) for column in ("code", "nom") for word in codes[column]}
    more = []
    for path, fichier in raw_files(territory.dossier / "paroles", territory.dossier):
        if path.suffix.lower() != ".qdc":
            continue
        example = any(fnmatch(fichier, glob) for glob in territory.exemples)
        try:
            with reading(fichier):
                found = read_codebook(path, fichier)
        except ReadError as error:
            unread.append(error.problem)
            continue
        for name, tone in found:
            if plain(name) not in known:
                known.add(plain(name))
                more.append((name.replace("|", "/"), name, "", tone, example))
    return pd.concat([codes, pd.DataFrame(more, columns=list(codes.columns))], ignore_index=True) if more else codes


def _answers(frame: pd.DataFrame, anomalies: list[Problem]) -> dict[tuple[str, str], Answer]:
    """Answers by number of the voice and file ('' where none is named)."""
    answers = {}
    for row in frame.itertuples():
        status = _STATUTS.get(plain(row.statut), "")
        if not row.parole or not status or (status == "écartée" and not row.reponse):
            wrong = (
                "sans numéro de parole"
                if not row.parole
                else "de statut inconnu"
                if not status
                else "écartée sans dire pourquoi"
            )
            anomalies.append(
                Problem(
                    "paroles/reponses.csv",
                    0,
                    "",
                    f"une réponse {wrong}",
                    "",
                    "Statuts\u00a0: reçue, prise en compte, répondue, écartée (et pourquoi)",
                )
            )
            continue
        day = parse_date(row.date) if row.date else None
        audience = plain(row.audience)
        open_to = audience if audience in ("public", "groupe", "equipe") else "equipe" if audience else "public"
        answers[row.parole, row.fichier] = Answer(status, row.reponse, day[1] if day else None, open_to)
    return answers


def _declared(frame: pd.DataFrame, anomalies: list[Problem]) -> dict[str, Declared]:
    """By file name or glob is not offered: one line, one file, so that a question never maps by accident."""
    columns: dict[str, dict[str, str]] = {}
    values: dict[str, dict[str, str]] = {}
    for row in frame.itertuples():
        field = plain(row.champ).replace(" ", "_")
        if field not in CHAMPS:
            anomalies.append(
                Problem(
                    "paroles/colonnes.csv",
                    0,
                    "champ",
                    f"«\u00a0{row.champ}\u00a0» n'est pas un champ connu",
                    f"Champs\u00a0: {', '.join(CHAMPS)}",
                )
            )
        elif row.colonne:
            columns.setdefault(row.fichier, {})[row.colonne] = field
        else:
            values.setdefault(row.fichier, {})[field] = row.valeur
    return {name: Declared(columns.get(name, {}), values.get(name, {})) for name in sorted({*columns, *values})}
