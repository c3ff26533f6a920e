"""Logs, engagements and partners put together: partners tell whom the logs name, engagements which actions serve them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cvanalysis.actions.clean.fields import Declared
from cvanalysis.actions.clean.logs import CleanedLogs, clean_logs
from cvanalysis.engagements.declared import find_engagements, link_engagements, read_engagements
from cvanalysis.engagements.partners import partners_table, read_partners
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.keys import carrier_key
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
    names = {partner.id: partner.nom for partner in partners}
    engagements = read_engagements(territory, found, names, indicateurs)
    declared = Declared(
        partners={carrier_key(label): one.id for one in partners for label in (one.nom, *one.alias)},
        sirens={one.siren: one.id for one in reversed(partners) if one.siren},
        noms=names,
        engagements=frozenset(engagements["code"]),
    )
    logs = clean_logs(territory, declared, found, anomalies)
    actions = link_engagements(logs.actions, engagements, find_engagements(Path(territory.dossier)), anomalies)
    others = (engagements, partners_table(partners, territory), anomalies.frame())
    return CleanedActions(actions, logs.compte, logs.controles, logs.propositions, logs.fichiers, *others)
