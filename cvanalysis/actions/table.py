"""`actions.parquet`: its columns, statuses and kinds of credit. Cleaning fills it, findings read it, and they share nothing else."""

from __future__ import annotations

from collections.abc import Mapping

NON_RENSEIGNE = "non renseigné"

RETENUS = frozenset({"accordé", "terminé", "à justifier", "justifié"})
"""Statuses of an action that took place or is to: the others are shown apart and never add up with them."""

CHAMPS: Mapping[str, str] = {
    "action": "intitulé de l'action",
    "reference": "numéro de dossier, de poste ou de décision",
    "annee": "année ou exercice",
    "date": "date ou période de l'action, ou du versement",
    "date_convention": "date de signature ou de décision : donne l'année à défaut d'autre date",
    "qpv": "quartier(s), par leur code ou leur nom",
    "theme": "thématique",
    "pilier": "pilier du contrat",
    "porteur": "organisme qui porte l'action",
    "siret": "SIRET ou SIREN du porteur",
    "financeur": "qui donne l'argent",
    "type_credit": "crédits spécifiques, droit commun…",
    "dispositif": "dispositif de financement",
    "demande": "montant demandé",
    "accorde": "montant accordé",
    "paye": "montant payé",
    "rappel": "montant d'une autre année : lu, jamais compté",
    "total_convention": "montant total d'une convention, répété chaque année : lu, jamais compté",
    "convention": "convention pluriannuelle",
    "part": "part de la convention qui revient à ce porteur (de 0 à 1)",
    "statut": "suite donnée",
    "beneficiaires": "nombre de bénéficiaires",
    "public": "public visé",
    "engagement": "code(s) d'engagement",
    "contrat": "code du contrat de ville",
    "commune": "commune du porteur : seules celles du contrat sont gardées",
    "departement": "département du porteur : seuls ceux du contrat sont gardés",
    "programme": "programme budgétaire",
    "observation": "remarque, gardée dans le fichier et non analysée",
}
"""Every field that a column can be, with what it means."""
MONTANTS = ("demande", "accorde", "paye")
MONTANTS_LUS = (*MONTANTS, "rappel", "total_convention")
TYPES_CREDIT = ("spécifique", "droit commun", "abattement TFPB", "inconnu")

ACTIONS: dict[str, str] = {
    "action": "str",
    "edition": "str",
    "annee": "Int16",
    "qpv": "str",
    "part": "float64",
    "titre": "str",
    "theme": "str",
    "pilier": "str",
    "porteur": "str",
    "partenaire": "str",
    "siren": "str",
    "financeur": "str",
    "financeur_id": "str",
    "type_credit": "str",
    "demande": "float64",
    "accorde": "float64",
    "paye": "float64",
    "statut": "str",
    "beneficiaires": "float64",
    "public": "str",
    "convention": "str",
    "reference": "str",
    "engagements": "str",
    "cle": "str",
    "source": "str",
    "feuille": "str",
    "ligne": "Int32",
    "exemple": "bool",
}
"""Columns of `actions.parquet`. `qpv` is a code, `HORS_QPV`, or '' where the log does not say. `cle` is the line's own key."""

HORS_THEME = "hors"
"""Theme of an action whose label is excluded on purpose: it is known, and belongs to none of the evaluated themes."""
HORS_QPV = "HORS_QPV"
