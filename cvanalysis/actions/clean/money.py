"""The account of money of action logs: each amount that was read is kept, or counted under the reason why it is not.

Owns `compte_actions` and the control against the files' own totals. Amounts are added in whole ten-thousandths of a euro, so that
the account balances exactly. Refuses to correct anything: a difference is shown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cvanalysis.actions.clean.rows import ACTION, TOTAL, LogRows
from cvanalysis.actions.table import MONTANTS
from cvanalysis.personnes.masking import mask_words

COLONNES = ("fichier", "feuille", "colonne", "champ", "motif", "cellules", "montant")
CONTROLES = ("fichier", "feuille", "ligne", "libelle", "colonne", "total_lu", "portee", "somme_lignes", "ecart")
RETENU, LU, ILLISIBLE = "retenu", "lu", "illisible"
_HORS_CHAMP = {"rappel": "montant d'une autre année", "total_convention": "montant total d'une convention"}


def account(rows: LogRows, motifs: np.ndarray, shared: np.ndarray | None = None) -> list[tuple]:
    """Rows of the account of one sheet: for each column of amounts, what was read, then what became of it.

    `motifs` has one entry per row of the sheet ('' where its amounts are kept). `shared`: per row, the part of its amount that is
    another beneficiary's, in euros.
    """
    made, grid = [], rows.located.grid
    for column in rows.montants:
        reasons = np.where(motifs == "", _HORS_CHAMP.get(column.champ, RETENU), motifs).astype(object)
        filled = ~np.isnan(column.valeurs)
        units = pd.Series(to_units(column.valeurs))[filled]
        told = units.groupby(reasons[filled]).agg(["size", "sum"])
        found = {reason: (count, total) for reason, count, total in told.itertuples(name=None)}
        if shared is not None and column.champ == "accorde":
            taken = to_units(np.where((motifs == "") & filled, shared, 0.0)).sum()
            if taken:
                count, total = found[RETENU]
                found[RETENU] = (count, total - taken)
                found["part d'autres bénéficiaires de la convention"] = (0, taken)
        lines = [(LU, len(units), units.sum()), *((reason, *found[reason]) for reason in sorted(found))]
        if wrong := column.mauvais[motifs == ""].sum():
            lines.append((ILLISIBLE, wrong, 0))
        place = (grid.fichier, grid.feuille, mask_words(column.colonne), column.champ)
        made += [(*place, reason, int(count), total / 1e4) for reason, count, total in lines]
    return made


def to_units(values: np.ndarray) -> np.ndarray:
    """Ten-thousandths of a euro, whole; 0 for a missing amount."""
    return np.rint(np.nan_to_num(values) * 1e4).astype(np.int64)


def control_totals(rows: LogRows) -> list[tuple]:
    """Each total that the file bears against the rows that it may sum: since a total before it, up to the one after it, or all.

    The nearest is taken (`portee`); `ecart` is the file's total minus our sum of the rows as read, duplicates included.
    """
    totals = np.flatnonzero(rows.natures == TOTAL)
    made, grid = [], rows.located.grid
    for column in rows.montants:
        if column.champ not in MONTANTS:
            continue
        units = to_units(column.valeurs)
        running = np.cumsum(np.where(rows.natures == ACTION, units, 0))
        starts = [0]
        for position in totals[~np.isnan(column.valeurs[totals])]:
            read, here = units[position], running[position]
            since = here - np.array(starts)
            spans = {
                "depuis le total précédent": since[-1],
                "depuis un total plus haut": since[np.abs(read - since).argmin()],
                "toutes les lignes": running[-1],
                "jusqu'au total suivant": running[min(totals[totals > position], default=-1)] - here,
            }
            portee, total = min(spans.items(), key=lambda item: abs(read - item[1]))
            where = (grid.fichier, grid.feuille, int(rows.lignes[position]), mask_words(str(rows.libelles[position])))
            made.append((*where, mask_words(column.colonne), read / 1e4, portee, total / 1e4, (read - total) / 1e4))
            starts.append(here)
    return made


def unbalanced(compte: pd.DataFrame) -> pd.DataFrame:
    """Columns whose kept and excluded amounts do not add up to what was read: always empty, and tested to be."""
    signed = compte["montant"].where(compte["motif"] == LU, -compte["montant"])
    gap = signed.groupby([compte[name] for name in ("fichier", "feuille", "colonne")]).sum().round(4)
    return gap[gap != 0].rename("ecart").reset_index()
