"""How an action led in several quarters is counted. Owns the four rules and the sentence that states the rule in force.

- `plein`: whole in each of its quarters; totals still count it once;
- `egal`: shared equally between its quarters;
- `population`: shared as their inhabitants;
- `beneficiaires`: shared as its own beneficiaries, where the log gives them by quarter.

Under the last three the shares of an edition add up to 1. Refuses to choose the rule for the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from cvanalysis.ingest.action_cells import NON_RENSEIGNE, RETENUS

Regle = Literal["plein", "egal", "population", "beneficiaires"]

REGLES: Mapping[Regle, str] = {
    "plein": "Règle de comptage : une action menée dans plusieurs quartiers compte entière dans chacun ; le total, lui, compte "
    "chaque action une seule fois, il est donc plus petit que la somme des quartiers.",
    "egal": "Règle de comptage : une action menée dans plusieurs quartiers est partagée entre eux à parts égales.",
    "population": "Règle de comptage : une action menée dans plusieurs quartiers est partagée entre eux selon leur population.",
    "beneficiaires": "Règle de comptage : une action menée dans plusieurs quartiers est partagée entre eux selon ses bénéficiaires.",
}
UNE_FOIS = "Règle de comptage : chaque action compte une seule fois, quels que soient ses quartiers, ses années et ses financeurs."
"""The rule of tables that tell no quarter apart."""
TFPB = "abattement TFPB"
"""The rule in force, as it is printed under every table."""


LIGNE = ("source", "feuille", "ligne", "financeur", "cle")
"""What makes a line of money: all rows that share these are the quarters of one line."""


def share_editions(actions: pd.DataFrame, regle: Regle, population: Mapping[str, float] | None = None) -> pd.DataFrame:
    """`edition, action, qpv, part, regle`: the share of each edition in each of its quarters, under a rule.

    Where a rule has not what it needs for an edition (a quarter without population or beneficiaries, a quarter that is not said), that
    edition is shared equally and its `regle` says so: `egal`. A line that says no quarter adds none to an edition that
    another line places.
    """
    silent = (actions["qpv"] == "") & (actions["part"] > 0.999)
    placed = (~silent).groupby(actions["edition"]).transform("any") if len(actions) else silent
    places = (
        actions[~(silent & placed)]
        .groupby(["edition", "qpv"], sort=True, as_index=False)
        .agg(action=("action", "first"))
    )
    return _share(places, places["edition"], actions, regle, population)


def share_lines(actions: pd.DataFrame, regle: Regle, population: Mapping[str, float] | None = None) -> pd.DataFrame:
    """The same for each line of money: the rows of `actions`, with `part` and `regle` as the rule makes them.

    Under `egal`, a line that its file itself splits between quarters keeps the file's split: it is several lines, each whole.
    """
    line = pd.Series(pd.MultiIndex.from_frame(actions[list(LIGNE)]).factorize()[0], index=actions.index)
    return _share(actions, line, actions, regle, population)


def _share(
    places: pd.DataFrame, unit: pd.Series, actions: pd.DataFrame, regle: Regle, population: Mapping[str, float] | None
) -> pd.DataFrame:
    equal = 1.0 / places["qpv"].groupby(unit).transform("size").to_numpy(dtype=float)
    if regle == "plein":
        return places.assign(part=1.0, regle=regle)
    if regle == "egal":
        return places.assign(part=equal, regle=regle)
    weight = (
        places["qpv"].map(dict(population or {})).to_numpy(dtype=float)
        if regle == "population"
        else _own_beneficiaries(actions, places)
    )
    known = pd.Series(~np.isnan(weight) & (weight >= 0), index=places.index).groupby(unit).transform("all").to_numpy()
    total = pd.Series(np.nan_to_num(weight), index=places.index).groupby(unit).transform("sum").to_numpy()
    usable = known & (total > 0)
    part = np.where(usable, np.nan_to_num(weight) / np.where(usable, total, 1.0), equal)
    return places.assign(part=part, regle=np.where(usable, regle, "egal"))


def _own_beneficiaries(actions: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    """Beneficiaries of each quarter of an edition: known only where a line bears that quarter alone."""
    alone = actions[(actions["part"] > 0.999) & actions["beneficiaires"].notna()].drop_duplicates(
        ["source", "feuille", "ligne", "edition", "qpv"]
    )
    counted = alone.groupby(["edition", "qpv"])["beneficiaires"].sum()
    return counted.reindex(pd.MultiIndex.from_frame(places[["edition", "qpv"]])).to_numpy(dtype=float)


def money_by_quarter(
    actions: pd.DataFrame, regle: Regle, population: Mapping[str, float] | None = None, champ: str = "accorde"
) -> pd.Series:
    """Euros of each quarter under a rule, NaN where none of its lines says an amount: unknown is no zero.

    Under `plein`, all the money of the lines that touch it (never to be added up).
    """
    shared = share_lines(actions, regle, population)
    return (shared["part"] * shared[champ]).groupby(shared["qpv"]).sum(min_count=1)


def carried_out(actions: pd.DataFrame, debut: int, fin: int) -> pd.DataFrame:
    """Rows of actions that took place or were funded, within the contract's years.

    Refused, postponed and cancelled ones are left out; without a status, money granted is what tells.
    """
    retained = actions["statut"].isin(RETENUS) | ((actions["statut"] == NON_RENSEIGNE) & (actions["accorde"] > 0))
    return actions[retained & actions["annee"].between(debut, fin).fillna(False).astype(bool)]


def subsidies(actions: pd.DataFrame) -> pd.DataFrame:
    """Rows but those of the TFPB allowance, a resource of another kind, that adds up with no subsidy."""
    return actions[actions["type_credit"] != TFPB]


def lines_of(actions: pd.DataFrame) -> pd.DataFrame:
    """One row per line of money: what amounts and beneficiaries are added up from."""
    return actions.drop_duplicates(list(LIGNE))
