"""The files that the team keeps beside the voices. Owns their columns; refuses to read a voice.

In `data/raw/paroles/` (each may be missing):
- `retraits.csv` `parole;locuteur;date;fichier`: who withdraws what; unreadable or not understood, nothing is built;
- `reponses.csv` `parole;statut;reponse;date;audience;fichier`: answers to contributions (reçue, prise en compte, répondue, écartée);
  `fichier` (may be blank) tells apart two files that number their voices alike;
- `immersions.csv` `immersion;theme;qpv;date;college;audience;recu;vu;marche;ne_marche_pas;propose`: those that were held (`recu`: when
  the account came in, where later than the day);
- `instances.csv` `date;instance;detail`: meetings held;
- `codes.csv` `code;nom;theme;tonalite`: the codebook, to which the codes of any `.qdc` add themselves;
- `colonnes.csv` `fichier;colonne;champ;valeur`: a form's question → our field (`aucun`: none, it is not to be read), or (no `colonne`) one
  value for the whole file; a line that is not understood stops everything, since it may be the one that protects someone.
In `data/raw/`: `preconisations.csv` `id;theme;question;preconisation;preuves;constats;qui;echeance;suivi;statut;date;exemple`
(`date`: since when it is proposed, for the editions before it not to hold it),
`chronologie.csv` `date;evenement;source`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Literal

import pandas as pd

from cvanalysis.errors import DeclarationError, Problem, ReadError
from cvanalysis.files.atomic import named
from cvanalysis.files.dates import parse_date
from cvanalysis.files.guard import reading
from cvanalysis.files.sheets import RawTable, raw_files, read_raw
from cvanalysis.french import fold
from cvanalysis.paroles.clean.interviews import read_codebook
from cvanalysis.paroles.table import AUCUN, CHAMPS, Declared

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


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

COMPANIONS = frozenset(_COLONNES)
"""The files whose name is ours: what the team keeps of voices."""

_PROTECTRICES = {"retrait": "paroles/retraits.csv", "relecture": "paroles/relectures.csv"}
"""How the name of a file by which someone withdraws, or holds a text back, begins, and the only name under which it is read."""

IMMERSIONS_LUES = ("vu", "marche", "ne_marche_pas", "propose")
"""What an account of immersion says in words: free text, that a human reads before it is public."""
_STATUTS = {"recue": "reçue", "prise en compte": "prise en compte", "repondue": "répondue", "ecartee": "écartée"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the team answered to a contribution, and the line that says so."""

    ligne: int

    statut: str
    texte: str
    date: date | None
    audience: Literal["public", "groupe", "equipe"]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One line of `retraits.csv`: the number of a voice or the code of a person ('' where it says none), in one file or in all ('')."""

    ligne: int
    parole: str
    locuteur: str
    fichier: str


@dataclass(frozen=True)
class Companions:
    """The team's own files, read. `noms` are those of `paroles/` that hold no voice; `codes_lus` the names of codes that come from a
    program's codebook: like all that was typed there, a human reads them before they are public."""

    noms: frozenset[str]
    retraits: tuple[Withdrawal, ...]
    reponses: Mapping[tuple[str, str], Answer]
    declared: Mapping[str, Declared]
    immersions: pd.DataFrame
    instances: pd.DataFrame
    codes: pd.DataFrame
    codes_lus: frozenset[str]
    preconisations: pd.DataFrame
    chronologie: pd.DataFrame
    anomalies: tuple[Problem, ...] = ()
    illisibles: tuple[Problem, ...] = ()


def read_companions(territory: Territory) -> Companions:
    """Read them all. Raises `DeclarationError` where what protects people isn't understood: to go on would publish them."""
    unread: list[Problem] = []
    anomalies: list[Problem] = []
    frames = {name: _read(territory, name, unread, anomalies) for name in _COLONNES if _COLONNES[name]}
    refused = [p for p in unread if p.fichier in ("paroles/retraits.csv", "paroles/colonnes.csv")] + _misnamed(
        territory
    )
    declared = _declared(frames["paroles/colonnes.csv"], territory, refused)
    if refused:
        raise DeclarationError(refused)
    retraits = frames["paroles/retraits.csv"]
    return Companions(
        noms=frozenset(n.removeprefix("paroles/") for n in _COLONNES if n.startswith("paroles/")),
        retraits=tuple(Withdrawal(r.Index, r.parole, r.locuteur, r.fichier) for r in retraits.itertuples()),
        reponses=_answers(frames["paroles/reponses.csv"], anomalies),
        declared=declared,
        immersions=frames["paroles/immersions.csv"],
        instances=frames["paroles/instances.csv"],
        codes=(codes := _with_codebooks(frames["paroles/codes.csv"], territory, unread)),
        codes_lus=frozenset(codes["nom"]) - frozenset(frames["paroles/codes.csv"]["nom"]),
        preconisations=frames["preconisations.csv"],
        chronologie=frames["chronologie.csv"],
        anomalies=tuple(anomalies),
        illisibles=tuple(unread),
    )


def _read(territory: Territory, fichier: str, unread: list[Problem], anomalies: list[Problem]) -> pd.DataFrame:
    """The file under its declared columns (text, '' where blank or missing), plus `exemple` (bool); empty where there is none.

    Its index is the spreadsheet row. A column of another name is told, and nobody is left with an audience that was not understood.
    """
    columns = _COLONNES[fichier]
    path = territory.dossier / fichier
    frame = pd.DataFrame({c: pd.Series(dtype="str") for c in columns})
    if path.exists() or path.is_symlink():
        try:
            with reading(fichier):
                raw = read_raw(path, fichier, frozenset(columns))[0]
            found = {fold(h).replace(" ", "_"): h for h in raw.colonnes}
            missing = pd.Series([""] * len(raw.lignes), dtype="str")
            frame = pd.DataFrame(
                {
                    c: raw.cells[found[c]].astype("str").str.strip().reset_index(drop=True) if c in found else missing
                    for c in columns
                }
            ).set_axis(raw.lignes.tolist())
            _columns_not_read(fichier, raw, frame, set(found), unread, anomalies)
        except ReadError as error:
            unread.append(error.problem)
    example = any(fnmatch(fichier, glob) for glob in territory.exemples)
    marked = (
        frame["exemple"].map(fold).isin(["oui", "true", "1", "x"])
        if "exemple" in frame
        else pd.Series(False, index=frame.index)
    )
    return frame.assign(exemple=(marked | example).astype("bool"))


def _columns_not_read(
    fichier: str, raw: RawTable, frame: pd.DataFrame, found: set[str], unread: list[Problem], anomalies: list[Problem]
) -> None:
    others = [h for h in raw.colonnes if fold(h).replace(" ", "_") not in frame.columns]
    told = ", ".join(f"«\u00a0{h}\u00a0»" for h in others)
    if fichier == "paroles/retraits.csv" and not found & {"parole", "locuteur"}:
        what = f"ni colonne «\u00a0parole\u00a0» ni colonne «\u00a0locuteur\u00a0» (trouvé\u00a0: {told})"
        todo = "Renommez celle qui dit quelle parole, ou quelle personne, se retire : rien n'est construit d'ici là"
        unread.append(Problem(fichier, raw.ligne_entete, "", what, "", todo))
    elif others and fichier == "paroles/colonnes.csv":
        what = f"des colonnes ne sont pas comprises\u00a0: {told}"
        expected = f"Ses colonnes\u00a0: {', '.join(_COLONNES[fichier])}"
        unread.append(Problem(fichier, raw.ligne_entete, "", what, expected, "Renommez-les ou ôtez-les"))
    elif others:
        closed = "audience" in frame and "audience" not in found
        done = "Ce qu'elle dit n'est pas suivi\u00a0; faute de colonne «\u00a0audience\u00a0», tout reste à l'équipe"
        anomalies += [
            Problem(fichier, raw.ligne_entete, h, "colonne non lue", "", done if closed else "Laissée de côté")
            for h in others
        ]
        if closed:
            frame["audience"] = "equipe"


def _misnamed(territory: Territory) -> list[Problem]:
    """Files that look like withdrawals or decisions of reading under a name at which nobody looks."""
    found = [*territory.dossier.glob("*"), *(territory.dossier / "paroles").rglob("*")]
    names = [(named(p, territory.dossier), fold(p.name)) for p in found if p.is_file()]
    return [
        Problem(
            name, 0, "", "ce fichier ne serait pas lu", "", f"Enregistrez-le en CSV sous le nom {wanted}, ou ôtez-le"
        )
        for name, folded in sorted(names)
        for start, wanted in _PROTECTRICES.items()
        if re.match(rf"{start}s?(?![a-z])", folded) and name != wanted
    ]


def _with_codebooks(codes: pd.DataFrame, territory: Territory, unread: list[Problem]) -> pd.DataFrame:
    """The codebook, and the codes of the `.qdc` files beside it that it doesn't have, under their own names."""
    known = {fold(word) for column in ("code", "nom") for word in codes[column]}
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
            if fold(name) not in known:
                known.add(fold(name))
                more.append((name.replace("|", "/"), name, "", tone, example))
    return pd.concat([codes, pd.DataFrame(more, columns=list(codes.columns))], ignore_index=True) if more else codes


def _answers(frame: pd.DataFrame, anomalies: list[Problem]) -> dict[tuple[str, str], Answer]:
    """Answers by number of the voice and file ('' where none is named)."""
    answers = {}
    for row in frame.itertuples():
        status = _STATUTS.get(fold(row.statut), "")
        day = parse_date(row.date) if row.date else None
        wrong = (
            "sans numéro de parole" if not row.parole else
            "de statut inconnu" if not status else
            "écartée sans dire pourquoi" if status == "écartée" and not row.reponse else
            "dont la date n'est pas comprise" if row.date and not day else ""
        )  # fmt: skip
        if wrong:
            todo = "Statuts\u00a0: reçue, prise en compte, répondue, écartée (et pourquoi)"
            anomalies.append(Problem("paroles/reponses.csv", row.Index, "", f"une réponse {wrong}", "", todo))
            continue
        audience = fold(row.audience)
        open_to = audience if audience in ("public", "groupe", "equipe") else "equipe" if audience else "public"
        answers[row.parole, row.fichier] = Answer(row.Index, status, row.reponse, day[1] if day else None, open_to)
    return answers


def key_of(name: str) -> str:
    """A file's name as compared: from `paroles/`, without accents, capitals nor odd spaces."""
    return fold(name.replace("\\", "/")).removeprefix("paroles/")


def _declared(frame: pd.DataFrame, territory: Territory, refused: list[Problem]) -> dict[str, Declared]:
    """By file name or glob is not offered: one line, one file, so that a question never maps by accident."""
    folder = territory.dossier / "paroles"
    there = {key_of(name): name for _, name in raw_files(folder, folder)}
    columns: dict[str, dict[str, str]] = {}
    values: dict[str, dict[str, str]] = {}
    for row in frame.itertuples():
        field = fold(row.champ).replace(" ", "_")
        name = there.get(key_of(row.fichier))
        if field not in CHAMPS and not (field == AUCUN and row.colonne):
            what = f"«\u00a0{row.champ}\u00a0» n'est pas un champ connu"
            known = f"Champs\u00a0: {', '.join(CHAMPS)}, ou {AUCUN} pour une colonne à ne pas lire"
            refused.append(Problem("paroles/colonnes.csv", row.Index, "champ", what, known))
        elif name is None:
            what = f"«\u00a0{row.fichier}\u00a0» n'est pas dans paroles/"
            refused.append(
                Problem("paroles/colonnes.csv", row.Index, "fichier", what, "", "Corrigez ce nom, ou ôtez la ligne")
            )
        elif row.colonne:
            columns.setdefault(name, {})[row.colonne] = field
        else:
            values.setdefault(name, {})[field] = row.valeur
    return {name: Declared(columns.get(name, {}), values.get(name, {})) for name in sorted({*columns, *values})}
