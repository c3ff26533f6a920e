"""The tables of voices: columns, fields and the words that fill them (`champs.toml`). Refuses to read a file of voices."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from cvanalysis.errors import Problem
from cvanalysis.french import fold

SAID = (
    "arrivee", "mois", "sequence", "nature", "themes", "theme", "qpv", "college", "qualite", "tonalite", "codes", "texte", "texte_statut",
    "constat", "rapport", "engagement", "action", "reponse", "reponse_statut", "exemple",
)  # fmt: skip
"""What a voice says, once its number and its speaker's are off."""

PAROLES = ("parole", "locuteur", *SAID, "qpv_montre", "qualite_montree")
"""Columns of `paroles.parquet`. `themes` and `codes` are joined by `|`; `theme` is the first one, under which a voice is counted;
`arrivee` is the first edition that knows it; `texte_statut` is `publié`, `non_relu`, `sans_accord` or `réservé`; `rapport` says whether a
contribution `confirme`, `contredit`, `complete` or `interroge` the finding that it cites; `qpv_montre` and `qualite_montree` are what a
quotation may say of its speaker."""

CONTRIBUTIONS = ("cite", "sujet", "mois", "themes", "texte", "rapport", "statut", "reponse", "exemple")
"""Columns of `contributions.parquet`: one row per finding or engagement cited; `sujet` is what stands before the number's first
dash (a quarter, a theme, an engagement), by which a report finds its own."""

_KNOWN: Mapping[str, Any] = tomllib.loads(files("cvanalysis.paroles").joinpath("champs.toml").read_text("utf-8"))

CHAMPS: Mapping[str, list[str]] = _KNOWN["champs"]
"""Our fields and the other headers under which they are known."""
COMPANIONS: Mapping[str, list[str]] = _KNOWN["fichiers"]
"""The files whose name is ours, that the team keeps beside the voices, and their columns."""

AUCUN = "aucun"
"""The field of a column that `colonnes.csv` says not to read."""
BORDS = " *:?"
"""What stands around a question and is no part of it."""


def bare(header: str) -> str:
    """A header as compared: folded, without the marks around it nor what says « or a woman ».

    >>> bare("J’accepte d’être cité(e) :"), bare("Habitant·e")
    ("j'accepte d'etre cite", 'habitant')
    """
    return re.sub(r"(?<=\w)(?:\(e\)|[·•.]e)(?=s?(?:\W|$))|\*", "", fold(header)).strip(BORDS)


def keys(groups: Mapping[str, list[str]]) -> dict[str, str]:
    """Header as compared → field."""
    return {
        bare(alias): champ for champ, others in groups.items() for alias in (champ, champ.replace("_", " "), *others)
    }


SYNONYMES = keys({champ: others for champ, others in CHAMPS.items() if champ != "reponse"})
"""An answer is one only where it is the platform's own, or declared: in any other file a column of answers is what someone wrote."""

PROTECTEURS, ACCORDANTS = (re.compile(_KNOWN["protection"][name]) for name in ("fermants", "accords"))
A_TOTAL = {name: re.compile(form) for name, form in _KNOWN["total"].items()}
JAMAIS = frozenset(_KNOWN["protection"]["jamais"])
OUI, NON, MAJEUR, NON_COCHE = (
    frozenset(_KNOWN["reponses"][name]) for name in ("oui", "non", "majeur", "coche_sans_reponse")
)
MOTS = {
    champ: {fold(word): key for key, others in groups.items() for word in (key, *others)}
    for champ, groups in _KNOWN["mots"].items()
}
"""Field → word as compared → word as kept."""
NON_DECLARE: Mapping[str, str] = _KNOWN["non_declare"]
"""Field → what is said of a word that is none of those declared."""
PAGES: Sequence[str] = _KNOWN["citations"]["pages"]
STATUTS = tuple(_KNOWN["mots"]["statut"])


@dataclass(frozen=True, slots=True)
class VoiceTable:
    """One file's rows under our names: `cells` has a subset of `CHAMPS` as columns (text, '' where blank).

    `lignes[i]` is the spreadsheet row of row i (for an interview, its rank among the coded passages). `origine`: the file of the answers
    that its rows repeat, '' where they are answers themselves. `titres`: field → the title of its column in the file.
    """

    fichier: str
    format: str
    cells: pd.DataFrame
    lignes: np.ndarray
    anomalies: tuple[Problem, ...] = ()
    origine: str = ""
    titres: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """What `colonnes.csv` says of one file: header → field (several: `|` between them), and fields that are the same on every row."""

    colonnes: Mapping[str, str]
    valeurs: Mapping[str, str]


NOTHING_DECLARED = Declared({}, {})


def fill(cells: pd.DataFrame, values: Mapping[str, str], closing: Sequence[str]) -> None:
    """Put in blank cells the values of the whole file; where headers that may protect someone are not understood, all is the team's."""
    for champ, value in values.items():
        cells[champ] = cells[champ].mask(cells[champ] == "", value) if champ in cells else value
    if closing:
        cells["audience"] = "equipe"
