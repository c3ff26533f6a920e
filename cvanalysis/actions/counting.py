"""How an action led in several quarters is counted. Owns the rules and the sentence that states the rule in force.

- `plein`: whole in each of its quarters; totals still count it once;
- `egal`: shared equally between its quarters, so that the shares of a line add up to 1;
- `population`: shared by the population of its quarters.

Refuses to choose the rule for the caller.
"""

from collections.abc import Mapping

import pandas as pd

from cvanalysis.actions.table import NON_RENSEIGNE, RETENUS, TFPB
from cvanalysis.textes import block

REGLES: Mapping[str, str] = block("actions.regles")
"""The rule in force, as it is printed under every table."""
UNE_FOIS = "actions.communs.une_fois"
"""The rule of tables that tell no quarter apart."""

LIGNE = ("source", "feuille", "ligne", "financeur", "cle")
"""What makes a line of money: all rows that share these are the quarters of one line."""


def shared_by(actions: pd.DataFrame, column: str) -> pd.Series:
    """Euros by a column, of each row its equal share of its line of money (`part`); NaN where no line says an amount: unknown is no zero.

    A line that its file itself splits between quarters keeps the file's split: it is several lines, each whole.
    """
    return (actions["accorde"] * actions["part"]).groupby(actions[column]).sum(min_count=1)


def money_by_population(actions: pd.DataFrame, people: Mapping[str, float]) -> pd.Series:
    """Euros of each quarter, each line shared by the population of its quarters; NaN where an amount, or one of them, is not known."""
    crowd = actions["qpv"].map(people).astype(float)
    whole = crowd.groupby([actions[name] for name in LIGNE], dropna=False).transform("sum", skipna=False)
    return (actions["accorde"] * crowd / whole).groupby(actions["qpv"]).sum(min_count=1)


def carried_out(actions: pd.DataFrame, debut: int, fin: int) -> pd.DataFrame:
    """Rows of actions that took place or were funded, within the contract's years.

    Refused, postponed and cancelled ones are left out; without a status, money granted is what tells.
    """
    retained = actions["statut"].isin(RETENUS) | ((actions["statut"] == NON_RENSEIGNE) & (actions["accorde"] > 0))
    return of_years(actions[retained], debut, fin)


def of_years(actions: pd.DataFrame, debut: int, fin: int) -> pd.DataFrame:
    """Rows of those years; one without a year is of none."""
    return actions[actions["annee"].between(debut, fin).fillna(False).astype(bool)]


def subsidies(actions: pd.DataFrame) -> pd.DataFrame:
    """Rows but those of the TFPB allowance, a resource of another kind, that adds up with no subsidy."""
    return actions[actions["type_credit"] != TFPB]


def lines_of(actions: pd.DataFrame) -> pd.DataFrame:
    """One row per line of money: what amounts and beneficiaries are added up from."""
    return actions.drop_duplicates(list(LIGNE))
