"""The account of money of action logs: each amount that was read is kept, or counted under the reason why it is not.

Owns `compte_actions` and the control against the files' own totals. Amounts are added in whole ten-thousandths of a euro, so that
the account balances exactly. Refuses to correct anything: a difference is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cvanalysis.actions.clean.rows import ACTION, TOTAL, LogRows
from cvanalysis.actions.table import MONTANTS
from cvanalysis.personnes.persons import mask_words

COLONNES = ("fichier", "feuille", "colonne", "champ", "motif", "cellules", "montant")
CONTROLES = ("fichier", "feuille", "ligne", "libelle", "colonne", "total_lu", "portee", "somme_lignes", "ecart")
RETENU, LU, ILLISIBLE = "retenu", "lu", "illisible"
_HORS_CHAMP = {"rappel": "montant d'une autre année", "total_convention": "montant total d'une convention"}


def account(rows: LogRows, motifs: np.ndarray, shared: np.ndarray | None = None) -> list[tuple]:
    """Rows of the account of one sheet: for each column of amounts, what was read, then what became of it.

    `motifs` has one entry per row of the sheet ('' where its amounts are kept). `shared`: per row, the part of its amount that is
    another beneficiary's, in euros.
    """
    made = []
    grid = rows.located.grid
    for column in rows.montants:
        reasons = np.where(motifs == "", _HORS_CHAMP.get(column.champ, RETENU), motifs).astype(object)
        filled = ~np.isnan(column.valeurs)
        units = to_units(column.valeurs)
        place = (grid.fichier, grid.feuille, mask_words(column.colonne), column.champ)
        made.append((*place, LU, int(filled.sum()), to_euros(units.sum())))
        codes, names = pd.factorize(reasons[filled], sort=True)
        sums = np.zeros(len(names), dtype=np.int64)
        np.add.at(sums, codes, units[filled])
        counts = np.bincount(codes, minlength=len(names))
        found = dict(zip(names, zip(counts, sums, strict=True), strict=True))
        if shared is not None and column.champ == "accorde":
            taken = to_units(np.where((motifs == "") & filled, shared, 0.0))
            if taken.any():
                count, total = found[RETENU]
                found[RETENU] = (count, total - taken.sum())
                found["part d'autres bénéficiaires de la convention"] = (0, taken.sum())
        made += [(*place, reason, int(count), to_euros(total)) for reason, (count, total) in sorted(found.items())]
        wrong = int(column.mauvais[motifs == ""].sum())
        if wrong:
            made.append((*place, ILLISIBLE, wrong, 0.0))
    return made


def to_units(values: np.ndarray) -> np.ndarray:
    """Ten-thousandths of a euro, whole; 0 for a missing amount."""
    return np.rint(np.nan_to_num(values) * 1e4).astype(np.int64)


def to_euros(units: int) -> float:
    return float(units) / 1e4


def control_totals(rows: LogRows) -> list[tuple]:
    """Each total that the file bears against the rows that it may sum: since a total before it, up to the one after it, or all.

    The nearest is taken (`portee`); `ecart` is the file's total minus our sum of the rows as read, duplicates included.
    """
    totals = np.flatnonzero(rows.natures == TOTAL)
    made = []
    grid = rows.located.grid
    for column in rows.montants:
        if column.champ not in MONTANTS:
            continue
        units = np.where(rows.natures == ACTION, to_units(column.valeurs), 0)
        running = np.cumsum(units)
        starts = [0]
        for position in totals:
            if np.isnan(column.valeurs[position]):
                continue
            read = int(to_units(column.valeurs[position : position + 1])[0])
            sums = running[position] - np.array(starts)
            wider = int(sums[np.abs(read - sums).argmin()])
            since = {"depuis le total précédent": int(sums[-1]), "depuis un total plus haut": wider}
            after = {
                "jusqu'au total suivant": int(running[min(totals[totals > position], default=-1)] - running[position])
            }
            spans = {**since, "toutes les lignes": int(running[-1]), **after}
            portee, total = min(spans.items(), key=lambda item: abs(read - item[1]))
            where = (grid.fichier, grid.feuille, int(rows.lignes[position]), mask_words(str(rows.libelles[position])))
            gap = (to_euros(read), portee, to_euros(total), to_euros(read - total))
            made.append((*where, mask_words(column.colonne), *gap))
            starts.append(int(running[position]))
    return made


def account_table(rows: Sequence[tuple]) -> pd.DataFrame:
    """The account as a table (`COLONNES`)."""
    return pd.DataFrame(list(rows), columns=list(COLONNES))


def unbalanced(compte: pd.DataFrame) -> pd.DataFrame:
    """Columns whose kept and excluded amounts do not add up to what was read: always empty, and tested to be."""
    keys = ["fichier", "feuille", "colonne"]
    read = compte[compte["motif"] == LU].set_index(keys)["montant"]
    told = compte[compte["motif"] != LU].groupby(keys)["montant"].sum()
    gap = (read - told.reindex(read.index, fill_value=0.0)).round(4)
    return gap[gap != 0].rename("ecart").reset_index()
