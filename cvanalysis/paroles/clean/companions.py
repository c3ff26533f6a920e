"""The files that the team keeps beside the voices. They are told, with their columns, in `champs.toml`; refuses to read a voice."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd

from cvanalysis.errors import DeclarationError, Problem, ReadError
from cvanalysis.files.atomic import named
from cvanalysis.files.dates import parse_date
from cvanalysis.files.guard import reading
from cvanalysis.files.sheets import raw_files
from cvanalysis.french import fold, quoted
from cvanalysis.paroles.clean.interviews import read_codebook
from cvanalysis.paroles.table import AUCUN, CHAMPS, COMPANIONS, OUI, STATUTS, Declared
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.declarations import OCTETS_MAX, Inspection, Ligne, match_rows, read_filled, title_key

RETRAITS, DECLAREES = "paroles/retraits.csv", "paroles/colonnes.csv"
_PROTECTRICES = {"retrait": RETRAITS, "relecture": "paroles/relectures.csv"}
"""How the name of a file by which someone withdraws, or holds a text back, begins, and the only name under which it is read."""

IMMERSIONS_LUES = ("vu", "marche", "ne_marche_pas", "propose")
"""What an account of immersion says in words: free text, that a human reads before it is public."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the team answered to a contribution, and the line that says so."""

    ligne: int
    statut: str
    texte: str
    date: date | None
    audience: Literal["public", "groupe", "equipe"]


@dataclass(frozen=True)
class Companions:
    """The team's own files, read. `tables`: by their name without folder nor suffix (`retraits`, `immersions`…), with the columns told in
    `champs.toml` and the line as index. `codes_lus`: the names of codes that come from a program's codebook: like all that was typed there,
    a human reads them before they are public."""

    tables: Mapping[str, pd.DataFrame]
    reponses: Mapping[tuple[str, str], Answer]
    declared: Mapping[str, Declared]
    codes_lus: frozenset[str]
    anomalies: tuple[Problem, ...]
    illisibles: tuple[Problem, ...]


def read_companions(territory: Territory) -> Companions:
    """Read them all. Raises `DeclarationError` where what protects people isn't understood: to go on would publish them."""
    unread: list[Problem] = []
    anomalies: list[Problem] = []
    files = [name for name, columns in COMPANIONS.items() if columns]
    tables = {Path(name).stem: _read(territory, name, unread, anomalies) for name in files}
    refused = [p for p in unread if p.fichier in (RETRAITS, DECLAREES)] + _misnamed(territory)
    declared = _declared(tables["colonnes"], territory, refused)
    if refused:
        raise DeclarationError(refused)
    codes = _with_codebooks(tables["codes"], territory, unread)
    read = frozenset(codes["nom"]) - frozenset(tables["codes"]["nom"])
    answers = _answers(tables["reponses"], anomalies)
    return Companions(tables | {"codes": codes}, answers, declared, read, tuple(anomalies), tuple(unread))


def read_beside(
    found: Inspection, fichier: str, columns: Sequence[str], most: int = OCTETS_MAX
) -> tuple[list[Ligne], int, list[str], list[str]]:
    """The rows of a file that the team keeps, the line of its header, the titles that are none of its columns, those that it has not.

    Nothing where it is not there. A line that withdraws is no remark, whatever it begins with.
    """
    known = tuple(columns)
    there = is_there(found.dossier / fichier)
    filled = read_filled(found, fichier, known, remarks=False, most=most) if there else []
    rows = match_rows(found, fichier, filled, (), known, free=True)
    line, titles = filled[0] if filled else (0, list(known))
    others = [title for title in titles if title and title_key(title) not in map(title_key, known)]
    return rows, line, others, [c for c in known if title_key(c) not in map(title_key, titles)]


def _read(territory: Territory, fichier: str, unread: list[Problem], anomalies: list[Problem]) -> pd.DataFrame:
    """The file under its declared columns (text, '' where blank or missing), plus `exemple` (bool); empty where there is none.

    Its index is the spreadsheet row. A column of another name is told, and nobody is left with an audience that was not understood.
    """
    columns, found = tuple(COMPANIONS[fichier]), Inspection(territory.dossier)
    rows, line, others, absent = read_beside(found, fichier, columns)
    unread += found.problems
    frame = pd.DataFrame([row.cells for row in rows], [row.ligne for row in rows], list(columns), "str").fillna("")
    told = ", ".join(map(quoted, others))
    if fichier == RETRAITS and {"parole", "locuteur"} <= {*absent}:
        what = f"ni colonne «\u00a0parole\u00a0» ni colonne «\u00a0locuteur\u00a0» (trouvé\u00a0: {told})"
        todo = "Renommez celle qui dit quelle parole, ou quelle personne, se retire : rien n'est construit d'ici là"
        unread.append(Problem(fichier, line, "", what, "", todo))
    elif others and fichier == DECLAREES:
        what = f"des colonnes ne sont pas comprises\u00a0: {told}"
        expected = f"Ses colonnes\u00a0: {', '.join(columns)}"
        unread.append(Problem(fichier, line, "", what, expected, "Renommez-les ou ôtez-les"))
    elif others:
        closed = "audience" in absent
        done = "Ce qu'elle dit n'est pas suivi\u00a0; faute de colonne «\u00a0audience\u00a0», tout reste à l'équipe"
        todo = done if closed else "Laissée de côté"
        anomalies += [Problem(fichier, line, title, "colonne non lue", "", todo) for title in others]
        frame = frame.assign(audience="equipe") if closed else frame
    marked = frame["exemple"].map(fold).isin(OUI) if "exemple" in frame else False
    return frame.assign(exemple=(pd.Series(marked, index=frame.index) | territory.invents(fichier)).astype("bool"))


def is_there(path: Path) -> bool:
    """Whether a path is of something, be it a link to nothing."""
    return path.exists() or path.is_symlink()


def _misnamed(territory: Territory) -> list[Problem]:
    """Files that look like withdrawals or decisions of reading under a name at which nobody looks."""
    found = [*territory.dossier.glob("*"), *(territory.dossier / "paroles").rglob("*")]
    names = [(named(p, territory.dossier), fold(p.name)) for p in found if p.is_file()]
    todo = "Enregistrez-le en CSV sous le nom {}, ou ôtez-le"
    return [
        Problem(name, 0, "", "ce fichier ne serait pas lu", "", todo.format(wanted))
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
        try:
            with reading(fichier):
                found = read_codebook(path, fichier)
        except ReadError as error:
            unread.append(error.problem)
            continue
        for name, tone in found:
            if fold(name) not in known:
                known.add(fold(name))
                more.append((name.replace("|", "/"), name, "", tone, territory.invents(fichier)))
    return pd.concat([codes, pd.DataFrame(more, columns=list(codes.columns))], ignore_index=True) if more else codes


def _answers(frame: pd.DataFrame, anomalies: list[Problem]) -> dict[tuple[str, str], Answer]:
    """Answers by number of the voice and file ('' where none is named)."""
    answers = {}
    for row in frame.itertuples():
        status = next((s for s in STATUTS if fold(s) == fold(row.statut)), "")
        day = parse_date(row.date) if row.date else None
        wrong = (
            "sans numéro de parole" if not row.parole else
            "de statut inconnu" if not status else
            "écartée sans dire pourquoi" if status == "écartée" and not row.reponse else
            "dont la date n'est pas comprise" if row.date and not day else ""
        )  # fmt: skip
        if wrong:
            todo = f"Statuts\u00a0: {', '.join(STATUTS)} (et pourquoi)"
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
        champ, name = fold(row.champ).replace(" ", "_"), there.get(key_of(row.fichier))
        if champ not in CHAMPS and not (champ == AUCUN and row.colonne):
            what = f"«\u00a0{row.champ}\u00a0» n'est pas un champ connu"
            known = f"Champs\u00a0: {', '.join(CHAMPS)}, ou {AUCUN} pour une colonne à ne pas lire"
            refused.append(Problem(DECLAREES, row.Index, "champ", what, known))
        elif name is None:
            what = f"«\u00a0{row.fichier}\u00a0» n'est pas dans paroles/"
            refused.append(Problem(DECLAREES, row.Index, "fichier", what, "", "Corrigez ce nom, ou ôtez la ligne"))
        elif row.colonne:
            given = columns.setdefault(name, {})
            given[row.colonne] = f"{given[row.colonne]}|{champ}" if row.colonne in given else champ
        else:
            values.setdefault(name, {})[champ] = row.valeur
    return {name: Declared(columns.get(name, {}), values.get(name, {})) for name in sorted({*columns, *values})}
