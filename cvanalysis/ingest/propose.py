"""An unknown log → the declaration to paste into `contrat.toml`, from its headers and its content. Owns that proposal and nothing else.

What a column is follows from its title, checked by what it holds: a column called « montant » without an amount is no amount. The
proposal is complete TOML that reads back; what was not understood stands in it as comments. It is proposed, never applied.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cvanalysis.declarations import Inspection
from cvanalysis.errors import CvanalysisError
from cvanalysis.ingest.action_cells import (
    common_words,
    encode,
    knowledge,
    line_words,
    read_amounts,
    read_siren,
    read_year,
    years_of_date,
)
from cvanalysis.ingest.action_formats import flatten_header, head_rows
from cvanalysis.ingest.action_logs import LISTES, MONTANTS, MONTANTS_LUS, fold
from cvanalysis.ingest.matching import EXCLU, HORS_QPV, Labels, read_labels, read_quarters
from cvanalysis.ingest.reading import Grid, read_grid

if TYPE_CHECKING:
    from cvanalysis.territory import Territory

LIGNES_LUES = 2000
MINIMUM = 3  # fields below which a sheet is not taken for a log
SOUS_CHAMPS = {"demande", "accorde", "paye", "rappel"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column as guessed: its header as written, its field ('' where none), what makes us think so, in French."""

    titre: str
    champ: str
    raison: str
    cellules: pa.Array


def propose_journal(path: Path, fichier: str, territory: Territory) -> str:
    """The `[[…]]` block for one file, ready to paste, or '' where no sheet looks like a log of actions. Raises `ReadError`."""
    labels = read_labels(territory, Inspection(Path(territory.dossier)))
    codes = tuple(q.code for q in territory.quartiers)
    best: tuple[float, Grid, tuple[int, ...], list[Column]] | None = None
    for grid in read_grid(path, fichier):
        for entete in _headers(grid):
            columns = guess_columns(grid, entete, labels, codes)
            fields = {column.champ for column in columns if column.champ}
            score = len(fields) + 0.1 * sum(column.champ != "" for column in columns) - 0.05 * len(entete)
            if {"action", "porteur"} & fields and len(fields) >= MINIMUM and (best is None or score > best[0]):
                best = (score, grid, entete, columns)
    return "" if best is None else _write(fichier, best[1], best[2], best[3], labels)


def propose_all(territory: Territory, fichiers: Sequence[str]) -> str:
    """The blocks of several files, one after the other; a file that cannot be read is left to the message that says so."""
    blocks = []
    for fichier in fichiers:
        try:
            blocks.append(propose_journal(Path(territory.dossier) / fichier, fichier, territory))
        except CvanalysisError:
            continue
    return "\n".join(block for block in blocks if block)


def _headers(grid: Grid) -> list[tuple[int, ...]]:
    if grid.entete is not None:
        return [(grid.entete,)]
    rows = head_rows(grid)[:20]
    words = [sum(1 for cell in row if cell.strip() and not _is_number(cell)) for row in rows]
    numbers = [sum(1 for cell in row if _is_number(cell)) for row in rows]
    good = [i for i in range(len(rows)) if words[i] >= 2 and numbers[i] == 0]
    return [(i,) for i in good] + [
        (i, i + 1) for i in good if i + 1 in good and grid.lignes[i + 1] == grid.lignes[i] + 1
    ]


def _is_number(cell: str) -> bool:
    return cell.strip().replace(" ", "").replace(",", "").replace(".", "").isdigit()


def guess_columns(
    grid: Grid, entete: tuple[int, ...], labels: dict[str, Labels], codes: tuple[str, ...]
) -> list[Column]:
    """What each column of a sheet is, under a header. A field that only one column can be goes to the first that holds it."""
    head = head_rows(grid)
    keys = flatten_header(head, entete)
    titles = _titles(head, entete)
    body = grid.table.slice(max(entete) + 1, LIGNES_LUES)
    taken: set[str] = set()
    columns = []
    for i, (key, title) in enumerate(zip(keys, titles, strict=True)):
        if not key:
            continue
        cells = body.column(i).combine_chunks()
        champ, reason = _field(key, cells, labels, codes)
        if champ and champ in taken and champ not in SOUS_CHAMPS:
            champ, reason = "", f"déjà donné par une autre colonne ({champ})"
        taken.add(champ)
        columns.append(Column(title, champ, reason, cells))
    return columns


def _titles(head: Sequence[Sequence[str]], entete: tuple[int, ...]) -> list[str]:
    """Titles as written, joined as `flatten_header` joins their keys."""
    lower = [" ".join(cell.split()) for cell in head[entete[-1]]]
    for position in reversed(entete[:-1]):
        last, joined = "", []
        for top, low in zip(head[position], lower, strict=True):
            last = " ".join(top.split()) or (last if low else "")
            joined.append(f"{last} {low}".strip())
        lower = joined
    return lower


def _field(key: str, cells: pa.Array, labels: dict[str, Labels], codes: tuple[str, ...]) -> tuple[str, str]:
    """Field and reason. The title proposes, the content confirms; where the title says nothing, telling content is enough."""
    words = encode(cells)
    filled = [word for word, full in zip(words.words, words.filled, strict=True) if full]
    if not filled:
        return "", "colonne vide"
    sample = filled[:300]
    for champ, hints in knowledge()["proposition"].items():
        if any(hint in key for hint in hints) and _holds(champ, sample, cells, labels, codes):
            return champ, f"d'après son titre ({len(filled)} valeurs différentes)"
    if _share(sample, lambda w: any(c in codes for c in read_quarters(w, labels["quartier"], codes).codes)) > 0.6:
        return "qpv", "d'après son contenu : des quartiers du contrat"
    if _share(sample, lambda w: fold(w) in common_words("statuts")) > 0.8:
        return "statut", "d'après son contenu : des suites données"
    if (
        len(filled) > 1
        and _share(sample, lambda w: len("".join(filter(str.isdigit, w))) == 14 and read_siren(w)[0] != "") > 0.6
    ):
        return "siret", "d'après son contenu : des SIRET"
    amounts, _ = read_amounts(cells)
    known = amounts[~np.isnan(amounts)]
    if (
        len(known) > 5
        and len(known) >= 0.8 * np.count_nonzero(words.filled[words.codes])
        and np.median(known) >= 100
        and len(set(known)) > 3
    ):
        return "accorde", "d'après son contenu : des montants"
    return "", "pas reconnue"


def _share(words: Sequence[str], holds: object) -> float:
    return sum(bool(holds(word)) for word in words) / max(1, len(words))


def _holds(
    champ: str, sample: Sequence[str], cells: pa.Array, labels: dict[str, Labels], codes: tuple[str, ...]
) -> bool:
    if champ in MONTANTS_LUS:
        values, _ = read_amounts(cells)
        filled = np.count_nonzero(~np.isnan(values))
        return filled > 0 and _share(sample, lambda w: any(c.isdigit() for c in w)) > 0.5
    if champ == "siret":
        return _share(sample, lambda w: len("".join(filter(str.isdigit, w))) >= 8) > 0.5
    if champ == "annee":
        return _share(sample, read_year) > 0.7
    if champ == "date":
        return _share(sample, years_of_date) > 0.4
    if champ == "beneficiaires":
        return _share(sample, lambda w: w.strip()[:1].isdigit()) > 0.5
    if champ == "qpv":
        return (
            _share(
                sample,
                lambda w: any(c in (*codes, HORS_QPV) for c in read_quarters(w, labels["quartier"], codes).codes),
            )
            > 0.3
        )
    if champ in (
        "action",
        "porteur",
        "theme",
        "pilier",
        "public",
        "statut",
        "financeur",
        "dispositif",
        "type_credit",
        "convention",
    ):
        return _share(sample, lambda w: any(c.isalpha() for c in w)) > 0.5
    return True


def _write(
    fichier: str, grid: Grid, entete: tuple[int, ...], columns: Sequence[Column], labels: dict[str, Labels]
) -> str:
    liste = LISTES[0]
    lines = [
        f"# {fichier} : proposé d'après ses titres et son contenu ; à relire, puis à coller dans contrat.toml.",
        f"[[{liste}]]",
        f"fichier = {_text(fichier)}",
    ]
    if grid.feuille:
        lines.append(f"feuille = {_text(grid.feuille)}")
    numbers = [int(grid.lignes[position]) for position in entete]
    if grid.entete is None:
        lines.append(f"entete = {numbers[0] if len(numbers) == 1 else numbers}")
    several = {champ for champ in MONTANTS if sum(column.champ == champ for column in columns) > 1} | {
        column.champ for column in columns if column.champ == "accorde" and column.raison.endswith("des montants")
    }  # a title that is no word for « granted » is most likely a funder's name
    lines += ["", f"[{liste}.colonnes]"]
    funders = []
    for column in columns:
        if column.champ in several:
            funders.append(column)
        elif column.champ:
            lines.append(f"{_text(column.titre)} = {_text(column.champ)}  # {column.raison}")
        else:
            lines.append(f"# {_text(column.titre)} : laissée de côté ({column.raison})")
    for column in funders:
        lines += [
            "",
            f"[[{liste}.financements]]",
            f"colonne = {_text(column.titre)}",
            f"champ = {_text(column.champ)}",
            f"financeur = {_text(column.titre)}  # à remplacer par le nom du financeur",
            '# type_credit = "spécifique"  # ou "droit commun"',
        ]
    lines += _unknown_words(columns, labels)
    return "\n".join(lines) + "\n"


def _unknown_words(columns: Sequence[Column], labels: dict[str, Labels]) -> list[str]:
    """Words of statuses and themes that nobody declared, as comments: where to say what they are."""
    made = []
    for column in columns:
        words = [word.strip() for word in encode(column.cellules).words if word.strip()]
        words = [
            word
            for word in words
            if not fold(word).startswith(tuple(line_words("totaux")))
            and fold(word) != fold(column.titre.rsplit(" ", 1)[-1])
            and len(word) < 80
        ]
        if column.champ == "statut":
            unknown = [
                w for w in words if fold(w) not in common_words("statuts") and fold(w) not in labels["statut"].codes
            ]
            if unknown:
                made += [
                    "",
                    f"[{LISTES[0]}.valeurs.statut]  # suites données à traduire : "
                    + ", ".join(sorted(knowledge()["statuts"])),
                ]
                made += [f'# {_text(word)} = "accordé"' for word in sorted(set(unknown))[:30]]
        elif column.champ == "theme":
            unknown = {fold(w): w for w in words if labels["theme"].code(w) is None}
            if unknown:
                made += ["", f"# Thématiques à déclarer dans correspondances.csv (un thème, ou « {EXCLU} ») :"]
                made += [f"#   theme;{word};{EXCLU};" for _, word in sorted(unknown.items())[:30]]
    return made


def _text(word: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but for U+007F."""
    return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007F")
