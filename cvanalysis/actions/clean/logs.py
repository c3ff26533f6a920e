"""Action logs → the table of actions. Reads as a table of contents of the cleaning.

Owns the files of `actions/` and what became of each; refuses to count or to judge (findings do).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from cvanalysis.actions.clean.declared import CONTRAT, Journal, read_journals
from cvanalysis.actions.clean.duplicates import read_decisions
from cvanalysis.actions.clean.fields import Context, Declared
from cvanalysis.actions.clean.formats import Located, locate, repeats, squeeze
from cvanalysis.actions.clean.guess import complete
from cvanalysis.actions.clean.labels import read_labels
from cvanalysis.actions.clean.lines import Lines, assemble, read_lines
from cvanalysis.actions.clean.rows import in_thousands, read_rows, share_between_quarters
from cvanalysis.errors import DeclarationError, ReadError
from cvanalysis.files.anomalies import Anomalies, ReadFile
from cvanalysis.files.guard import reading
from cvanalysis.files.layout import layout_notes, merged_down
from cvanalysis.files.sheets import Grid, grids_of, raw_files, read_bytes
from cvanalysis.french import fold, with_unit
from cvanalysis.personnes.masking import mask_words
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.declarations import Inspection

LIGNES_DITES = 30
"""Lines of another width that are told one by one."""
EXTENSIONS = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".json")


def clean_logs(
    territory: Territory, declared: Declared, found: Inspection, anomalies: Anomalies
) -> tuple[dict[str, pd.DataFrame], tuple[ReadFile, ...]]:
    """Everything that `actions/` says: its tables, and the state of each file.

    `argent` is the account of money (`lines.COLONNES`); `controles` the files' own totals against our sums; `propositions` the questions
    to decide (`duplicates.COLONNES`). Raises `DeclarationError` with all the problems of `found` and of the declarations of this domain;
    a log that cannot be read is told in its file and disturbs no other.
    """
    context = Context(territory, read_labels(territory, found), declared)
    decisions = read_decisions(territory, found)
    journals = read_journals(found)
    if found.problems:
        raise DeclarationError(found.problems)
    root = Path(territory.dossier)
    files = [one for one in raw_files(root / "actions", root) if one[0].suffix.lower() in EXTENSIONS]
    for journal in journals:
        if not any(fnmatch(fichier, journal.fichier) for _, fichier in files):
            what, done = "aucun fichier ne correspond à ce journal déclaré", "déposez le fichier, ou corrigez son nom"
            anomalies.add(CONTRAT, journal.ligne, "actions", journal.fichier, what, done)
    logs: list[Lines] = []
    told = [_read_file(path, fichier, journals, context, anomalies, logs) for path, fichier in files]
    pa.default_memory_pool().release_unused()  # what held the cells: putting the lines together is the peak
    names = ("actions", "argent", "controles", "propositions")
    tables = dict(zip(names, assemble(logs, context, decisions, anomalies), strict=True))
    lines = tables["actions"][["cle", "source"]][: None if len(files) > 1 else 0].drop_duplicates("cle")
    said = lines["cle"].str.contains("-")  # the key of a line said before ends in a number
    for fichier, again in said.groupby(lines["source"]):
        if again.mean() > 0.5:
            what = f"{again.sum()} lignes sur {len(again)} répètent d'autres lignes"
            done = "leur argent compte deux fois\u00a0; si un autre fichier les a, retirez l'un des deux, ou décidez dans decisions.csv"
            anomalies.add(fichier, 0, "", "", what, done)
    return tables, tuple(_count(file, tables["actions"], context.quartiers) for file in told)


def _read_file(
    path: Path, fichier: str, journals: tuple[Journal, ...], context: Context, anomalies: Anomalies, logs: list[Lines]
) -> ReadFile:
    """What a file was taken for; its lines go to `logs`."""
    digest = ""
    try:
        with reading(fichier):
            data = read_bytes(path, fichier)
            digest = sha256(data).hexdigest()
            grids = grids_of(data, fichier)
            anomalies.tell((problem for grid in grids for problem in grid.anomalies), "lu tel quel")
            found = _leave_repeats(locate(grids, journals, context.territory.geographie), anomalies)
            merged = merged_down(data)
            mine = [_read_log(one, merged.get(one.grid.feuille, {}), context, anomalies) for one in found]
            fields = [lines.rows.located.journal.colonnes for lines in mine]
            titles = {champ: title for pair in zip(found, fields, strict=True) for champ, title in _titles(*pair)}
            told = _tell_file(ReadFile(fichier, digest, titres=titles), mine, grids)
    except ReadError as error:
        return ReadFile(fichier, digest, "illisible", pris_pour="non reconnu", probleme=error.problem)
    heads = {one.grid.feuille: int(one.grid.lignes[max(one.entete)]) for one in found}
    for _, *note in layout_notes(data, heads):
        anomalies.add(fichier, *note, "gardé dans le fichier, et non analysé")
    logs += mine
    return told


def _read_log(
    located: Located, merged: Mapping[str, Sequence[tuple[int, int]]], context: Context, anomalies: Anomalies
) -> Lines:
    """The lines of one sheet; what its layout has that is doubtful is told. `merged`: its cells over several lines, by column."""
    located, doubtful = complete(located, context) if located.format is not None else (located, [])
    grid = located.grid
    for title, what, done in doubtful:
        anomalies.add(grid.fichier, 0, title, "", what, done)
    for name in located.absentes:
        anomalies.add(grid.fichier, 0, name, "", "colonne déclarée introuvable", "lue comme vide")
    if located.annee[0]:
        told = f"année lue {located.annee[1]}, pour toutes les lignes"
        anomalies.add(grid.fichier, 0, "annee", located.annee[0], "aucune colonne ne dit l'année", told)
    less = "les cellules absentes sont lues comme vides"
    apart = "refusée, son argent à part, si ses cellules sont décalées\u00a0; mettez entre guillemets ce qui contient le séparateur"
    for lines, what, done in ((grid.courtes, "moins", less), (grid.longues, "plus", apart)):
        if inside := [line for line in lines if line > grid.lignes[max(located.entete)]]:
            more = f" et {len(inside) - LIGNES_DITES} autres" if len(inside) > LIGNES_DITES else ""
            many = f" (lignes {', '.join(map(str, inside[:LIGNES_DITES]))}{more})" if len(inside) > 1 else ""
            anomalies.add(grid.fichier, inside[0], "", "", f"la ligne a {what} de cellules que les autres{many}", done)
    rows, gaps = share_between_quarters(read_rows(located, merged))
    for (what, done), euros in gaps.items():
        for at in np.flatnonzero(euros):
            anomalies.add(grid.fichier, rows.lignes[at], "", "", what.format(with_unit(euros[at], "€", 2)), done)
    for column in rows.montants:
        if in_thousands(located, column.colonne):
            what = "montants en milliers d'euros, d'après le titre"
            anomalies.add(grid.fichier, 0, column.colonne, "", what, "multipliés par 1 000")
    return read_lines(rows, context, anomalies)


def _leave_repeats(found: list[Located], anomalies: Anomalies) -> list[Located]:
    """The sheets of a file, but for those whose rows another has already, for the same year."""
    if len(found) < 2:
        return found
    said = []
    for one in found:
        year, body = one.journal.constantes.get("annee", ""), one.grid.table.slice(max(one.entete) + 1)
        said.append({(year, *row) for row in zip(*(column.to_pylist() for column in body.columns), strict=True)})
    again = repeats(said)
    for rank, other in again.items():
        grid = found[rank].grid
        what = f"feuille « {grid.feuille} » : répète la feuille « {found[other].grid.feuille} »"
        anomalies.add(grid.fichier, 0, "", "", what, "non lue : la lire aussi compterait deux fois le même argent")
    return [one for rank, one in enumerate(found) if rank not in again]


def _tell_file(file: ReadFile, logs: list[Lines], grids: list[Grid]) -> ReadFile:
    """What a file was taken for: its format, sheets, years, columns that nobody reads."""
    located = [lines.rows.located for lines in logs]
    read = [one.grid.feuille for one in located]
    why = {name: said for one in located if one.format is not None for name, said in one.format.feuilles.items()}
    why |= {fold(grid.feuille): "cachée" for grid in grids if grid.cachee}
    others = [(mask_words(grid.feuille), why.get(fold(grid.feuille), "")) for grid in grids if grid.feuille not in read]
    left = [f"{name} ({said})" if said else name for name, said in others]
    years = [year for lines in logs for year in lines.table["annee"].dropna().unique()]
    years += [int(column.annee) for lines in logs for column in lines.rows.montants if column.annee]
    family = located[0].journal.nom
    passed = frozenset().union(*(one.format.laissees for one in located if one.format is not None))
    unknown = (name for lines in logs for name in lines.rows.autres if squeeze(name) not in passed)
    span = f"{min(years)}-{max(years)}" if len(set(years)) > 1 else f"{years[0]}" if years else ""
    sheets = f", feuille{'s' if len(read) > 1 else ''} {', '.join(read)}" if read[0] else ""
    unread = f" (feuilles non lues\u00a0: {', '.join(left)})" if left else ""
    return replace(
        file,
        famille=family,
        millesime=span or None,
        pris_pour=f"{family}{sheets}{f', {span}' if span else ''}{unread}",
        inconnues=tuple(dict.fromkeys(mask_words(name) for name in unknown)),
    )


def _titles(located: Located, fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each field with the title of its column as it stands in the file, the lowest where a header has several rows."""
    columns = located.grid.table.columns
    head = [[column[row].as_py() for column in columns] for row in sorted(located.entete, reverse=True)]
    for name, *cells in zip(located.noms, *head, strict=False):
        if name in fields and (title := next((cell.strip() for cell in cells if cell.strip()), "")):
            yield fields[name], mask_words(title)


def _count(file: ReadFile, actions: pd.DataFrame, quarters: tuple[str, ...]) -> ReadFile:
    """The same file with its rows of actions and the quarters of the contract that they name; one that names none misses none."""
    rows = actions.loc[actions["source"] == file.fichier, ["feuille", "ligne", "qpv"]]
    there = set(rows["qpv"].unique())
    named = tuple(code for code in quarters if code in there)
    missing = tuple(code for code in quarters if named and code not in there)
    return replace(file, lignes=len(rows[["feuille", "ligne"]].drop_duplicates()), trouvees=named, manquantes=missing)
