"""Action logs → the tables of actions, engagements and partners. Reads as a table of contents of the cleaning.

Owns the files of `actions/` and what became of each; refuses to count or to judge (`findings` does).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.actions.clean.assemble import assemble
from cvanalysis.actions.clean.declared import CONTRAT, Journal, read_journals
from cvanalysis.actions.clean.duplicates import read_decisions
from cvanalysis.actions.clean.fields import Context, make_context
from cvanalysis.actions.clean.formats import Located, locate
from cvanalysis.actions.clean.labels import read_labels
from cvanalysis.actions.clean.lines import Lines, read_lines
from cvanalysis.actions.clean.rows import read_rows
from cvanalysis.engagements.declared import _link_engagements, find_engagements, read_engagements
from cvanalysis.engagements.partners import partner_labels, partners_table, read_partners
from cvanalysis.errors import DeclarationError, Problem, ReadError
from cvanalysis.files.anomalies import Anomalies, ReadFile
from cvanalysis.files.guard import reading
from cvanalysis.files.sheets import Grid, grids_of, raw_files, read_bytes
from cvanalysis.personnes.persons import mask_words
from cvanalysis.territory.declarations import Inspection

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


DOSSIER = "actions"
EXTENSIONS = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".json")
ANOMALIES = ("fichier", "ligne", "colonne", "brut", "probleme", "traitement")


@dataclass(frozen=True, slots=True)
class CleanedActions:
    """What cleaning gives: new frames, and the state of each file.

    `anomalies` as in anomalies.parquet; `compte` the account of money (`money.COLONNES`); `controles` the files' own totals against
    our sums; `propositions` the questions to decide (`duplicates.COLONNES`); `sources` one record per file; `illisibles` what could not
    be read.
    """

    actions: pd.DataFrame
    engagements: pd.DataFrame
    partenaires: pd.DataFrame
    anomalies: pd.DataFrame
    compte: pd.DataFrame
    controles: pd.DataFrame
    propositions: pd.DataFrame
    sources: tuple[ReadFile, ...]
    illisibles: tuple[Problem, ...]


def clean_actions(territory: Territory, indicateurs: frozenset[str] | None = None) -> CleanedActions:
    """Everything that `actions/`, `engagements.csv` and `partenaires.csv` say.

    `indicateurs` are the ids that engagements may be linked to (unchecked when None). Raises `DeclarationError` with all the problems of
    the declarations of this domain; a log that cannot be read goes to `illisibles` and disturbs no other.
    """
    found = Inspection(Path(territory.dossier))
    partners = read_partners(territory, found)
    engagements = read_engagements(territory, found, {p.id: p.nom for p in partners}, indicateurs)
    labels = read_labels(territory, found)
    decisions = read_decisions(territory, found)
    journals = _journals(territory, found)
    if found.problems:
        raise DeclarationError(found.problems)
    context = make_context(territory, labels, partners, partner_labels(partners), frozenset(engagements["code"]))
    anomalies = Anomalies()
    logs, sources, unread = _read_logs(territory, journals, context, anomalies)
    actions, compte, controles, propositions = assemble(logs, context, decisions, anomalies)
    actions = _link_engagements(actions, engagements, find_engagements(Path(territory.dossier)), anomalies)
    return CleanedActions(
        actions,
        engagements,
        partners_table(partners, territory),
        anomalies.frame(),
        compte,
        controles,
        propositions,
        tuple(sources),
        tuple(unread),
    )


def log_files(territory: Territory) -> list[tuple[Path, str]]:
    """Files of `actions/` that may be logs, with their name relative to the data folder, in order."""
    root = Path(territory.dossier)
    return [one for one in raw_files(root / DOSSIER, root) if one[0].suffix.lower() in EXTENSIONS]


def _journals(territory: Territory, found: Inspection) -> tuple[Journal, ...]:
    try:
        return read_journals(territory)
    except DeclarationError as error:
        found.problems.extend(error.problems)
        return ()


def _read_logs(
    territory: Territory, journals: tuple[Journal, ...], context: Context, anomalies: Anomalies
) -> tuple[list[Lines], list[ReadFile], list[Problem]]:
    logs: list[Lines] = []
    sources: list[ReadFile] = []
    unread: list[Problem] = []
    files = log_files(territory)
    for journal in journals:
        if not any(fnmatch(fichier, journal.fichier) for _, fichier in files):
            what = "aucun fichier ne correspond à ce journal déclaré"
            anomalies.add(
                CONTRAT, journal.ligne, "actions", journal.fichier, what, "déposez le fichier, ou corrigez son nom"
            )
    for path, fichier in files:
        source = ReadFile(fichier)
        try:
            with reading(fichier):
                data = read_bytes(path, fichier)
                source = replace(source, sha256=sha256(data).hexdigest())
                grids = grids_of(data, fichier)
                for grid in grids:
                    for problem in grid.anomalies:
                        done = problem.que_faire or "lu tel quel"
                        anomalies.add(fichier, problem.ligne, problem.colonne, "", problem.trouve, done)
                found = locate(grids, journals, territory.geographie)
                mine = [_read_log(located, context, anomalies) for located in found]
                source = _tell_file(source, mine, grids, context)
            logs += mine
        except ReadError as error:
            source = replace(source, statut="illisible")
            unread.append(error.problem)
        sources.append(source)
    return logs, sources, unread


def _read_log(located: Located, context: Context, anomalies: Anomalies) -> Lines:
    """The lines of one sheet; what its layout has that is doubtful is told."""
    grid = located.grid
    for name in located.absentes:
        anomalies.add(grid.fichier, 0, name, "", "colonne déclarée introuvable", "lue comme vide")
    if located.annee[0]:
        told = f"année lue {located.annee[1]}, pour toutes les lignes"
        anomalies.add(grid.fichier, 0, "annee", located.annee[0], "aucune colonne ne dit l'année", told)
    for lines, what, done in (
        (grid.courtes, "moins de cellules que les autres", "les cellules absentes sont lues comme vides"),
        (
            grid.longues,
            "plus de cellules que les autres",
            "un séparateur dans un texte sans guillemets a pu décaler ses cellules",
        ),
    ):
        inside = [line for line in lines if line > grid.lignes[max(located.entete)]]
        if inside:
            many = f" ({len(inside)} lignes, la première ici)" if len(inside) > 1 else ""
            anomalies.add(grid.fichier, inside[0], "", "", f"la ligne a {what}{many}", done)
    return read_lines(read_rows(located), context, anomalies)


def _tell_file(file: ReadFile, logs: list[Lines], grids: list[Grid], context: Context) -> ReadFile:
    """The file and what it is taken for: its format, sheets, years, rows of actions, quarters that it names, columns that nobody reads."""
    located = [lines.rows.located for lines in logs]
    read = [one.grid.feuille for one in located]
    unread = [grid.feuille for grid in grids if grid.feuille not in read]
    years = [year for lines in logs for year in lines.table["annee"].dropna().unique()]
    years += [int(column.annee) for lines in logs for column in lines.rows.montants if column.annee]
    cited = {code for lines in logs for codes in set(lines.quarters.tolist()) for code in codes}
    family = located[0].journal.nom
    span = f"{min(years)}-{max(years)}" if len(set(years)) > 1 else f"{years[0]}" if years else ""
    unread = [mask_words(name) for name in unread]
    sheets = f", feuille{'s' if len(read) > 1 else ''} {', '.join(read)}" if read[0] else ""
    return replace(
        file,
        famille=family,
        millesime=span or None,
        pris_pour=f"{family}{sheets}{f', {span}' if span else ''}"
        + (f" (feuilles non lues\u00a0: {', '.join(unread)})" if unread else ""),
        lignes=sum(len(lines.table) for lines in logs),
        trouvees=tuple(code for code in context.quartiers if code in cited),
        manquantes=tuple(code for code in context.quartiers if cited - {""} and code not in cited),
        inconnues=tuple(dict.fromkeys(mask_words(name) for lines in logs for name in lines.rows.delaissees if name)),
    )
