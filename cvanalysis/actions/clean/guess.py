"""What the columns of an unknown sheet are: the title proposes, the content confirms. Owns that guess; refuses to apply it.

A column called « montant » without an amount is no amount; the cost of an action, or a column that adds up the others, is not money
granted; columns that bear a year each are the amounts of these years.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from cvanalysis.actions.clean.cells import (
    common_words,
    encode,
    knowledge,
    line_words,
    read_amounts,
    read_siren,
    read_year,
    years_of_date,
)
from cvanalysis.actions.clean.formats import flatten_header, head_rows, join_lines
from cvanalysis.actions.clean.labels import Labels, read_quarters
from cvanalysis.actions.table import DATES, HORS_QPV, MONTANTS, MONTANTS_LUS
from cvanalysis.files.keys import commune_key
from cvanalysis.files.sheets import Grid
from cvanalysis.french import fold
from cvanalysis.personnes.persons import mask_words

LIGNES_LUES = 2000
MONTANTS_CONTENU = "d'après son contenu : des montants"

GROUPES = ("porteur", "theme", "pilier", "financeur", "dispositif", "annee")
"""Fields that people write once for several rows, in a merged cell."""

_TEXTES = (
    *("action", "porteur", "theme", "pilier", "public", "statut"),
    *("financeur", "dispositif", "type_credit", "convention"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the territory declares, by which a column's content is told: labels, codes of quarters, keys of its communes."""

    labels: dict[str, Labels]
    codes: tuple[str, ...]
    communes: frozenset[str]

    def quarters(self, cell: str) -> tuple[str, ...]:
        return read_quarters(cell, self.labels["quartier"], self.codes).codes


@dataclass(frozen=True, slots=True)
class Column:
    """A column as guessed: its header as written, its field ('' where none), what makes us think so, in French.

    `propre`: a column of amounts that has a funder (then its title names it) or a year (`annee`) of its own.
    """

    titre: str
    champ: str
    raison: str
    cellules: pa.Array
    propre: bool = False
    annee: str = ""


def guess_columns(grid: Grid, entete: tuple[int, ...], known: Known) -> list[Column]:
    """What each column of a sheet is, under a header. A field that only one column can be goes to the first that holds it."""
    head = head_rows(grid)
    keys = flatten_header(head, entete)
    body = grid.table.slice(max(entete) + 1, LIGNES_LUES)
    headers = {fold(cell) for position in entete for cell in head[position]} - {""}
    taken: set[str] = set()
    columns = []
    titles = join_lines(head, entete, lambda cell: " ".join(cell.split()))
    for i, (key, title) in enumerate(zip(keys, map(mask_words, titles), strict=True)):
        if not key:
            continue
        cells = body.column(i).combine_chunks()
        champ, reason = _field(key, _sample(cells, headers), cells, known)
        if champ and champ in taken and champ not in (*MONTANTS, "rappel"):
            champ, reason = "", f"déjà donné par une autre colonne ({champ})"
        taken.add(champ)
        columns.append(Column(title, champ, reason, cells))
    return _sort_amounts(columns)


def _sample(cells: pa.Array, headers: set[str]) -> list[str]:
    """Distinct filled words of a column, headers said again and totals left out."""
    words, totals = encode(cells), tuple(line_words("totaux"))
    return [
        word
        for word, key, full in zip(words.words, words.folded, words.filled, strict=True)
        if full and key not in headers and not key.startswith(totals)
    ][:300]


def _field(key: str, sample: Sequence[str], cells: pa.Array, known: Known) -> tuple[str, str]:
    """Field and reason. The title proposes, the content confirms; where the title says nothing, telling content is enough."""
    if not sample:
        return "", "colonne vide"
    title = _spaced(f" {key} ")
    if any(word in title for word in knowledge()["titres"]["cout"]):
        return "", "coût ou budget de l'action : ni demandé, ni accordé, ni payé"
    many = f"{len(sample)} valeur{'s' if len(sample) > 1 else ''} différente{'s' if len(sample) > 1 else ''}"
    for champ, *hints in knowledge()["titres"]["ordre"]:
        if any(_spaced(hint) in title for hint in hints) and _holds(champ, sample, cells, known):
            return champ, f"d'après son titre ({many})"
    if _share(sample, lambda word: any(code in known.codes for code in known.quarters(word))) > 0.6:
        return "qpv", "d'après son contenu : des quartiers du contrat"
    if _share(sample, lambda w: fold(w) in common_words("statuts")) > 0.8:
        return "statut", "d'après son contenu : des suites données"
    if len(sample) > 1 and _share(sample, lambda w: len(_digits(w)) == 14 and read_siren(w)[0] != "") > 0.6:
        return "siret", "d'après son contenu : des SIRET"
    amounts, _ = read_amounts(cells)
    read = amounts[~np.isnan(amounts)]
    words = encode(cells)
    filled = np.count_nonzero(words.filled[words.codes])
    if len(read) > 5 and len(read) >= 0.8 * filled and np.median(read) >= 100 and len(set(read)) > 3:
        return "accorde", MONTANTS_CONTENU
    return "", "pas reconnue"


def _spaced(title: str) -> str:
    """A title whose words stand apart: an underscore or an apostrophe parts them as a space does."""
    return title.replace("_", " ").replace("'", " ")


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _share(words: Sequence[str], holds: Callable[[str], object]) -> float:
    return sum(bool(holds(word)) for word in words) / max(1, len(words))


def _holds(champ: str, sample: Sequence[str], cells: pa.Array, known: Known) -> bool:
    if champ in MONTANTS_LUS:
        values, _ = read_amounts(cells)
        return bool((~np.isnan(values)).any()) and _share(sample, lambda w: any(c.isdigit() for c in w)) > 0.5
    if champ == "siret":
        return _share(sample, lambda w: len(_digits(w)) >= 8) > 0.5
    if champ == "annee":
        return _share(sample, read_year) > 0.7
    if champ in DATES:
        return _share(sample, years_of_date) > 0.4
    if champ == "beneficiaires":
        return _share(sample, lambda w: w.strip()[:1].isdigit()) > 0.5
    if champ == "qpv":
        wanted = (*known.codes, HORS_QPV)
        return _share(sample, lambda word: any(code in wanted for code in known.quarters(word))) > 0.3
    if champ == "commune":  # only where it tells our rows from others': a list larger than the contract
        ours = [commune_key(word) in known.communes for word in sample]
        return any(ours) and not all(ours)
    return champ not in _TEXTES or _share(sample, lambda w: any(c.isalpha() for c in w)) > 0.5


def _sort_amounts(columns: Sequence[Column]) -> list[Column]:
    """Columns of amounts told apart: those of a year, those of a funder, and those that repeat the money of the others."""
    columns = list(columns)
    by_title = [c for c in columns if c.champ == "accorde" and c.raison != MONTANTS_CONTENU]
    for champ in MONTANTS:
        mine = [i for i, column in enumerate(columns) if column.champ == champ]
        years = [re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", columns[i].titre) for i in mine]
        values = {i: np.nan_to_num(read_amounts(columns[i].cellules)[0]) for i in mine}
        for i, found in zip(mine, years, strict=True):
            others = [values[j] for j in mine if j != i and columns[j].champ]
            by_content = columns[i].raison == MONTANTS_CONTENU
            change: dict[str, Any] = {}
            if len(others) > 1 and _adds_up(values[i], np.sum(others, axis=0)):
                why = "somme des autres colonnes de montants : la compter doublerait l'argent"
                change = {"champ": "", "raison": why}
            elif len(mine) > 1 and len(found) == 1:
                change = {"propre": True, "annee": found[0]}
            elif by_content and len(by_title) == 1:
                change = {"champ": "", "raison": "des montants, sans que son titre dise lesquels"}
            elif len(mine) > 1 or by_content:
                change = {"propre": True}
            columns[i] = replace(columns[i], **change)
        kept = [i for i in mine if columns[i].champ]
        if len(kept) == 1 and columns[kept[0]].raison != MONTANTS_CONTENU and not columns[kept[0]].annee:
            columns[kept[0]] = replace(columns[kept[0]], propre=False)
    return columns


def _adds_up(values: np.ndarray, total: np.ndarray) -> bool:
    """Whether a column is the sum of others, on nearly all of its rows, of which several have an amount in more than one of them."""
    filled = values != 0
    same = np.abs(values - total)[filled] < 0.01
    return np.count_nonzero(filled) >= 3 and np.count_nonzero(same) >= 0.9 * np.count_nonzero(filled)


def merged_columns(columns: Sequence[Column]) -> list[str]:
    """Titles of the columns at the left of the action that are written once for several rows, as merged cells are read."""
    place = next((i for i, column in enumerate(columns) if column.champ == "action"), 0)
    if not place:
        return []
    actions = encode(columns[place].cellules)
    rows = np.flatnonzero(actions.filled[actions.codes])
    made = []
    for column in columns[:place]:
        words = encode(column.cellules)
        filled = words.filled[words.codes][rows]
        if column.champ in GROUPES and len(rows) > 3 and filled[0] and 0.25 <= 1 - filled.mean() < 1:
            made.append(column.titre)
    return made
