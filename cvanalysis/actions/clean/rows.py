"""One sheet of a log → its rows by kind and its columns by field. Owns totals, repeated headers, headings and footers.

Refuses to interpret a label (`matching` does) and to drop a row in silence: each one has a kind, and each amount that was read
is either on an action's row or under the kind of the row that it stands on.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cvanalysis.actions.clean.cells import Words, constant, encode, line_words, read_amounts
from cvanalysis.actions.clean.declared import Financement
from cvanalysis.actions.clean.formats import Located
from cvanalysis.actions.table import MONTANTS_LUS
from cvanalysis.files.keys import carrier_key
from cvanalysis.french import fold
from cvanalysis.personnes.persons import PARTICULIER, is_natural, mask_carrier, mask_words, says_category

ACTION, ENTETE, TOTAL, PIED, ENVELOPPE, ORPHELIN = (
    "action",
    "en-tête répété",
    "total du fichier",
    "titre ou pied de tableau",
    "enveloppe ou reste à programmer",
    "montant sans action ni porteur",
)
"""Kinds of rows. Only the first goes into the table of actions; amounts of the others are counted under their kind."""
MOTS = ("action", "public", "convention", "reference")
"""Fields whose words go into the table, as do the names; those of the others are read into codes, days and numbers."""
SOMMES_MAX, SOMMES_VUES = 2000, 50
"""Rows of a sheet that may be the sum of others, and how many sums before one it may start from."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """One column of amounts: its header, its field, its funder and its year when it has its own; values are NaN where there is none."""

    colonne: str
    champ: str
    valeurs: np.ndarray
    mauvais: np.ndarray
    textes: Words | None
    financeur: str = ""
    type_credit: str = ""
    annee: str = ""

    @property
    def propre(self) -> bool:
        """Whether it has a funder or a year of its own, apart from those of the row."""
        return bool(self.financeur or self.annee)


@dataclass(frozen=True, slots=True)
class LogRows:
    """The rows of one sheet. `natures[i]` is the kind of row i; `champs` holds text fields; `libelles[i]` a total's own label."""

    located: Located
    lignes: np.ndarray
    natures: np.ndarray
    champs: dict[str, Words]
    montants: tuple[Amounts, ...]
    libelles: np.ndarray
    autres: dict[str, Words]

    @property
    def actions(self) -> np.ndarray:
        return np.flatnonzero(self.natures == ACTION)


def read_rows(located: Located) -> LogRows:
    """Every row below the header, with its kind, and the columns that have a field."""
    grid, journal = located.grid, located.journal
    first = max(located.entete) + 1
    table = grid.table.slice(first)
    columns = {name: table.column(i) for i, name in enumerate(located.noms) if name}
    funded = {f.colonne: f for f in journal.financements}
    montants: list[Amounts] = []
    texts: dict[str, Words] = {}
    champs: dict[str, Words] = {}
    autres: dict[str, Words] = {}
    for name, column in columns.items():
        field = journal.colonnes.get(name, "")
        if name in funded or field in MONTANTS_LUS:
            if name not in funded and any(m.champ == field for m in montants if not m.propre):
                autres[name] = encode(column)
                continue
            values, wrong = read_amounts(column, journal.milliers)
            spec = funded.get(name) or Financement(name, field)
            textes = encode(column) if wrong.any() else None
            own = (spec.financeur, spec.type_credit, spec.annee)
            montants.append(Amounts(name, spec.champ, values, wrong, textes, *own))
            continue
        words = encode(column)
        texts[name] = words
        if not field:
            autres[name] = words
        elif field not in champs:
            champs[field] = _fill_down(words) if name in journal.fusionnees else words
        else:
            champs[field] = _coalesce(champs[field], words)
    rows = table.num_rows
    for field, value in journal.constantes.items():
        champs[field] = _coalesce(champs[field], constant(value, rows)) if field in champs else constant(value, rows)
    natures, libelles = _tell_kinds(located, texts, champs, montants)
    located = replace(
        located, grid=replace(grid, table=grid.table.schema.empty_table())
    )  # its cells are words and numbers now
    return LogRows(located, grid.lignes[first:].copy(), natures, champs, tuple(montants), libelles, autres)


def _tell_kinds(
    located: Located, texts: dict[str, Words], champs: dict[str, Words], montants: Sequence[Amounts]
) -> tuple[np.ndarray, np.ndarray]:
    rows = located.grid.table.num_rows - max(located.entete) - 1
    natures = np.array([ACTION], dtype=object).repeat(rows)  # `full` would make a string per row
    amounts = np.zeros(rows, dtype=bool)
    for column in montants:
        amounts |= ~np.isnan(column.valeurs)
    naming = [n for n in ("action", "porteur") if n in champs]
    by_post = located.format is not None and bool(located.format.poste)
    naming += ["reference"] if by_post and "reference" in champs else []
    names = [champs[n].filled[champs[n].codes] for n in naming]
    named = np.any(names, axis=0) if names else np.zeros(rows, dtype=bool)
    filled = np.sum([words.filled[words.codes] for words in texts.values()], axis=0, initial=0)
    lettered = np.sum([words.lettered[words.codes] for words in texts.values()], axis=0, initial=0)
    usual = float(np.median(filled[named & amounts])) if (named & amounts).any() else 1.0
    total, labels = _says(texts, "totaux", rows)
    purse, _ = _says(texts, "enveloppes", rows)
    known = [champs[n] for n in ("siret", "reference", "date", "statut", "convention", "commune") if n in champs]
    others = [words.filled[words.codes] & (words.array() != labels) for words in known]
    few = ~(np.any(others, axis=0) if others else np.zeros(rows, dtype=bool)) & ((filled < 0.7 * usual) | (usual <= 1))
    said = [texts[n] for n, field in located.journal.colonnes.items() if field in naming and n in texts]
    if len(said) > 1:  # in its own cells, not in those that a merged one fills
        few &= ~np.all([words.filled[words.codes] for words in said], axis=0)
    natures[~named & amounts] = ORPHELIN
    natures[~named & ~amounts] = PIED
    natures[named & ~amounts & (filled <= 1) & (len(texts) >= 3)] = PIED
    natures[few & purse & amounts] = ENVELOPPE
    bare = np.isin(labels, [word for word in set(labels.tolist()) if word and not _names_something(word)])
    sums = _sums_of_others(few & amounts & (lettered <= 2) & ~purse & (total | (usual > 1)), montants)
    natures[sums | (few & total & (amounts | (filled <= 2)) & ((usual > 1) | bare)) | (bare & amounts)] = TOTAL
    natures[(lettered == 0) & amounts & ~named] = TOTAL
    natures[_repeated_headers(located, texts, montants, rows)] = ENTETE
    return natures, labels


def _says(texts: dict[str, Words], name: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows one of whose cells begins with one of these words, and that cell."""
    found, labels, starts = np.zeros(rows, dtype=bool), np.full(rows, "", dtype=object), tuple(line_words(name))
    for words in texts.values():
        hits = [rank for rank, word in enumerate(words.folded) if word.startswith(starts) and _is_total(word, starts)]
        if hits:
            at = np.isin(words.codes, hits)
            labels[at] = words.array()[at]
            found |= at
    return found, labels


def _names_something(label: str) -> bool:
    """Whether a total says of what: « Total Danse », and not « Total général » nor « Total 2019 »."""
    usual = {word for start in line_words("totaux") for word in re.findall(r"\w+", start)} | line_words("du_total")
    return any(word not in usual and not word.isdigit() for word in re.findall(r"\w+", fold(label)))


def _sums_of_others(doubtful: np.ndarray, montants: Sequence[Amounts]) -> np.ndarray:
    """Which of the doubtful rows are the sum of two rows or more: those above since a sum, or those below until the next such row."""
    found = np.zeros(len(doubtful), dtype=bool)
    places = np.flatnonzero(doubtful)
    if not len(places) or len(places) > SOMMES_MAX:
        return found
    for column in montants:
        values = np.nan_to_num(column.valeurs)
        running = np.concatenate([[0.0], np.cumsum(np.where(doubtful, 0.0, values))])
        count = np.concatenate([[0], np.cumsum((values != 0) & ~doubtful)])
        starts = [0]
        for rank, place in enumerate(places):
            after = int(places[rank + 1]) if rank + 1 < len(places) else len(values)
            spans = [(start, int(place)) for start in starts[-SOMMES_VUES:]] + [
                (int(place), after),
                (int(place), len(values)),
            ]
            if values[place] and any(
                count[end] - count[start] > 1 and abs(values[place] - running[end] + running[start]) < 0.005
                for start, end in spans
            ):
                found[place] = True
                starts.append(int(place))
            else:  # a line like the others
                running[place + 1 :] += values[place]
                count[place + 1 :] += 1
    return found


def _is_total(word: str, starts: tuple[str, ...]) -> bool:
    """Whether a folded word says a total: one of the words that say so, then the end or another word (« totalement » says none)."""
    return len(word) < 80 and any(
        word.startswith(start) and not word[len(start) : len(start) + 1].isalpha() for start in starts
    )


def _repeated_headers(located: Located, texts: dict[str, Words], montants: Sequence[Amounts], rows: int) -> np.ndarray:
    """Rows that say the header again (either of its lines): at least two of its cells, and six in ten of what they hold."""
    found = np.zeros(rows, dtype=bool)
    head = {name: i for i, name in enumerate(located.noms) if name}
    columns = located.grid.table
    amounts = {column.colonne: column.textes for column in montants if column.textes is not None}
    for position in located.entete:
        same = np.zeros(rows, dtype=np.int16)
        ranks: dict[str, int] = {}
        for name, words in {**texts, **amounts}.items():
            title = fold(columns.column(head[name])[position].as_py())
            ranks[name] = next((rank for rank, word in enumerate(words.folded) if word == title), -1) if title else -1
            if ranks[name] >= 0:
                same += words.codes == ranks[name]
        at = np.flatnonzero(same >= min(2, len(texts) + len(montants)))
        if not len(at):
            continue
        other = np.zeros(len(at), dtype=np.int16)
        for name, words in texts.items():
            codes = words.codes[at]
            other += words.filled[codes] & (codes != ranks[name])
        for column in montants:
            other += ~np.isnan(column.valeurs[at])
        found[at] |= same[at] * 4 >= (same[at] + other) * 2.4
    return found


def _fill_down(words: Words) -> Words:
    """Blank cells repeat the one above: merged cells of a spreadsheet, where the declaration says so."""
    blank = ~words.filled[words.codes]
    at = np.where(blank, 0, np.arange(len(blank)))
    return Words(words.codes[np.maximum.accumulate(at)], words.words)


def _coalesce(first: Words, second: Words) -> Words:
    """The first column, or the second where the first is blank."""
    blank = ~first.filled[first.codes]
    if not blank.any():
        return first
    codes = np.where(blank, second.codes.astype(np.int64) + len(first.words), first.codes.astype(np.int64))
    return Words(codes, first.words + second.words)


def hide_persons(champs: dict[str, Words], autres: dict[str, Words], partners: Container[str], rows: int) -> np.ndarray:
    """Mask the fields in place; returns which rows are carried by a person.

    No identity goes further: titles, keys and what is told are made of masked words. A declared partner keeps its name.
    """
    persons = np.zeros(rows, dtype=bool)
    for title, words in {**autres, **champs}.items():
        if says_category(title):
            persons |= words.map(is_natural, bool)
    for name, words in champs.items():
        if name in ("porteur", "financeur"):
            made = [word if carrier_key(word) in partners else mask_carrier(word) for word in words.words]
        elif name in MOTS:
            made = map(mask_words, words.words)
        else:
            continue
        champs[name] = Words(words.codes, tuple(made))
    return persons | (champs["porteur"].map(PARTICULIER.__eq__, bool) if "porteur" in champs else False)
