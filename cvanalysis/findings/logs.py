"""What the logs of actions add up to: the balance of money, the files' own totals, the likely duplicates to decide.

Owns three tables of the quality page. Refuses to decide: a proposal waits for its line in `decisions.csv`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvanalysis.findings.finding import Table, Valeur
from cvanalysis.findings.level import word

if TYPE_CHECKING:
    import pandas as pd

PROPOSITIONS_MAXI = 100
"""Proposals printed on the page; all of them are in the download."""


def balance(argent: pd.DataFrame) -> Table:
    """For each column of amounts of each file: what was read, and what became of it, reason by reason."""
    return Table(
        ("Fichier", "Colonne", "Devenir", "Cellules", "Montant"),
        tuple(
            (
                word(_place(row.fichier, row.feuille)),
                word(row.colonne),
                word(row.motif),
                Valeur(float(row.cellules)),
                Valeur(float(row.montant), unite="€"),
            )
            for row in argent.itertuples()
        ),
        "Pour chaque colonne, la ligne « lu » est la somme de toutes les autres",
    )


def controls(controles: pd.DataFrame) -> Table:
    """The totals that the files bear, against the sum of the rows that they cover."""
    return Table(
        ("Fichier", "Ligne", "Intitulé", "Total du fichier", "Somme des lignes", "Écart"),
        tuple(
            (
                word(_place(row.fichier, row.feuille)),
                Valeur(float(row.ligne)),
                word(row.libelle),
                Valeur(float(row.total_lu), unite="€"),
                Valeur(float(row.somme_lignes), unite="€"),
                Valeur(float(row.ecart), unite="€"),
            )
            for row in controles.itertuples()
        ),
        "La somme est celle des lignes telles que lues, doublons compris",
    )


def proposals(propositions: pd.DataFrame) -> Table:
    """Actions that look alike, to decide in `decisions.csv`: nothing is merged without a decision."""
    shown = propositions.head(PROPOSITIONS_MAXI)
    rest = len(propositions) - len(shown)
    columns = list(propositions.columns)
    return Table(
        tuple(column.replace("_", " ").capitalize() for column in columns),
        tuple(tuple(word(str(cell)) for cell in row) for row in shown.itertuples(index=False, name=None)),
        f"Les {len(shown)} premières ; les {rest} autres sont dans les données à télécharger" if rest else "",
    )


def _place(fichier: str, feuille: str) -> str:
    return f"{fichier} ({feuille})" if feuille else fichier
