"""`actions.parquet`: its columns, statuses and kinds of credit. Cleaning fills it, findings read it, and they share nothing else."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

CHAMPS: Mapping[str, str] = _WORDS["champs"]
"""Every field that a column of a log can be, with what it means."""
CONSTANTES = tuple(_WORDS["constantes"])
MONTANTS = ("demande", "accorde", "paye")
MONTANTS_LUS = (*MONTANTS, "rappel", "total_convention")
DATES = ("annee", "date", "date_convention")
"""The fields that say when."""

ACTIONS: Mapping[str, str] = _WORDS["colonnes"]
RETENUS = frozenset(_WORDS["retenus"])
TYPES_CREDIT = tuple(_WORDS["types_credit"])
NON_RENSEIGNE, TERMINE, INCONNU, TFPB = "non renseigné", "terminé", "inconnu", "abattement TFPB"

HORS_THEME = "hors"
"""Theme of an action whose label is excluded on purpose: it is known, and belongs to none of the evaluated themes."""
HORS_QPV = "HORS_QPV"
