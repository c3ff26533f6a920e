"""Logs, engagements and partners put together: partners tell whom the logs name, engagements which actions serve them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cvanalysis.actions.clean.fields import Declared
from cvanalysis.actions.clean.logs import CleanedLogs, clean_logs
from cvanalysis.engagements.declared import find_engagements, link_engagements, read_engagements, read_partners
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.keys import carrier_key, split_list
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.declarations import Inspection


@dataclass(frozen=True)
class CleanedActions(CleanedLogs):
    """The tables of this domain, and what was doubtful."""

    engagements: pd.DataFrame
    partenaires: pd.DataFrame
    anomalies: pd.DataFrame


def clean_actions(territory: Territory, indicateurs: frozenset[str] | None = None) -> CleanedActions:
    """Everything that `actions/`, `engagements.csv` and `partenaires.csv` say.

    `indicateurs` are the ids that engagements may be linked to (unchecked when None). Raises `DeclarationError` with all the problems of
    the declarations of this domain; a log that cannot be read disturbs no other.
    """
    found, anomalies = Inspection(Path(territory.dossier)), Anomalies()
    partners = read_partners(territory, found)
    names = dict(zip(partners["id"], partners["nom"], strict=True))
    named = zip(partners["id"], partners["nom"], partners["alias"], strict=True)
    siren = {code: one for code, one in zip(partners["siren"][::-1], partners["id"][::-1], strict=True) if code}
    engagements = read_engagements(territory, found, names, indicateurs)
    declared = Declared(
        partners={carrier_key(word): one for one, name, alias in named for word in (name, *split_list(alias))},
        sirens=siren,
        noms=names,
        engagements=frozenset(engagements["code"]),
    )
    logs = clean_logs(territory, declared, found, anomalies)
    actions = link_engagements(logs.actions, engagements, find_engagements(Path(territory.dossier)), anomalies)
    others = (engagements, partners, anomalies.frame())
    return CleanedActions(actions, logs.compte, logs.controles, logs.propositions, logs.fichiers, *others)
