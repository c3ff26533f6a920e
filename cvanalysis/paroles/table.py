"""What the fields of a voice are called and the words that fill them. Owns names, synonyms, vocabularies; refuses to read a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cvanalysis.errors import Problem
from cvanalysis.french import fold

_COLONNES = (
    "arrivee",
    "mois",
    "sequence",
    "nature",
    "themes",
    "theme",
    "qpv",
    "college",
    "qualite",
    "tonalite",
    "codes",
    "texte",
    "texte_statut",
    "constat",
    "rapport",
    "engagement",
    "action",
    "reponse",
    "reponse_statut",
    "exemple",
)

PAROLES = ("parole", "locuteur", *_COLONNES, "qpv_montre", "qualite_montree")
"""Columns of `paroles.parquet`. `themes` and `codes` are joined by `|`; `theme` is the first one, under which a voice is counted;
`arrivee` is the first edition that knows it; `texte_statut` is `publié`, `non_relu`, `sans_accord` or `réservé`; `rapport` says whether a
contribution `confirme`, `contredit`, `complete` or `interroge` the finding that it cites; `qpv_montre` and `qualite_montree` are what a
quotation may say of its speaker."""

CONTRIBUTIONS = ("cite", "sujet", "mois", "themes", "texte", "rapport", "statut", "reponse", "exemple")
"""Columns of `contributions.parquet`: one row per finding or engagement cited; `sujet` is what stands before the number's first
dash (a quarter, a theme, an engagement), by which a report finds its own."""

CHAMPS: dict[str, tuple[str, ...]] = {
    "parole": ("id", "numero", "reference", "identifiant de la parole"),
    "date": ("date de recueil", "jour", "created_at", "published_at"),
    "recu": ("recue le", "recu le", "date de reception", "date de depot", "deposee le"),
    "sequence": ("seance", "etape"),
    "nature": ("type", "type de parole", "mode de recueil"),
    "themes": (
        "theme",
        "thematique",
        "thematiques",
        "sur quel theme",
        "sujet",
        "category/name/fr",
        "category/name",
        "taxonomies/name/fr",
        "taxonomies/name",
    ),
    "qpv": (
        "quartier",
        "code qpv",
        "votre quartier",
        "quel est votre quartier ?",
        "dans quel quartier habitez-vous ?",
        "quartier d'habitation",
        "scope/name/fr",
        "scope/name",
        "lieu",
    ),
    "college": ("structure", "vous etes", "au titre de", "college du copil"),
    "qualite": ("qualite de la personne", "role", "profil", "statut de la personne"),
    "age": ("tranche d'age", "votre age"),
    "locuteur": ("personne", "code de la personne", "author/id", "participant"),
    "texte": (
        "parole recueillie",
        "temoignage",
        "verbatim",
        "votre temoignage",
        "votre parole",
        "votre contribution",
        "votre message",
        "votre avis",
        "votre commentaire",
        "contribution",
        "message",
        "commentaire",
        "body",
        "body/fr",
    ),
    "codes": ("code", "mots-cles", "codage", "etiquettes"),
    "tonalite": ("ton", "marche / ne marche pas / propose", "ce que vous dites"),
    "constat": ("constat cite", "numero du constat", "constats"),
    "rapport": ("rapport au constat", "confirme ou contredit"),
    "engagement": ("engagement cite", "engagements"),
    "action": ("action citee", "actions"),
    "audience": ("diffusion", "pour qui"),
    "citation_anonyme": (
        "accord citation anonyme",
        "j'accepte d'etre cite anonymement",
        "j'accepte d'etre cite sans mon nom",
    ),
    "citation_nommee": ("accord citation nommee", "j'accepte d'etre cite avec mon nom"),
    "voix": ("accord voix",),
    "image": ("accord image",),
    "web": ("accord web", "j'accepte la publication sur internet"),
    "retrait": ("retire le", "retiree", "withdrawn", "withdrawn_at"),
    "mineur": ("mineure", "moins de 18 ans"),
    "accord_parental": ("accord des parents",),
    "art9": ("donnee sensible", "article 9"),
    "reponse": ("answer/fr", "answer"),
    "reponse_statut": ("state", "state/fr"),
}
"""Our fields and the other headers under which they are known, folded (no accents, no capitals)."""

AUCUN = "aucun"
"""The field of a column that `colonnes.csv` says not to read."""

BORDS = " *:?"
"""What stands around a question and is no part of it."""


def bare(header: str) -> str:
    """A header as compared: without accents, capitals, nor the marks around it."""
    return fold(header).strip(BORDS)


SYNONYMES = {
    bare(alias): champ
    for champ, aliases in CHAMPS.items()
    if champ != "reponse"
    for alias in (champ, champ.replace("_", " "), *aliases)
}

OFFICIELLES = {bare(alias): "reponse" for alias in CHAMPS["reponse"]}
"""The platform's own answers. In any other file a column of answers is what someone wrote: it is one only where it is declared so."""

PROTECTEURS = re.compile(
    r"retir|retrait|mineur|majeur|\bages?\b|naissance|sensible|\bart(icle)?\.? ?9\b|diffusion|audience|confiden|withdr"
)
"""What headers say that may close a voice to someone: not understood, they are asked about, and the voices stay the team's meanwhile."""

# Never read: they identify people, and nothing here needs them.
JAMAIS = frozenset(
    [
        "adresse ip",
        "ip address",
        "ipaddr",
        "adresse e-mail",
        "email",
        "e-mail",
        "courriel",
        "mail",
        "telephone",
        "nom",
        "prenom",
        "nom et prenom",
        "nom d'utilisateur",
        "username",
        "utilisateur",
        "author/name",
        "author/nickname",
        "author/url",
        "_submitted_by",
        "deviceid",
        "phonenumber",
        "subscriberid",
        "simserial",
        "token",
        "code d'invitation",
        "firstname",
        "lastname",
        "url de reference",
        "refurl",
        "user_endorsements",
        "endorsements/user_endorsements",
    ]
)

_TECHNIQUES = {
    "framaforms": "numero de serie|serial|sid|heure|time|date de soumission|submitted time|completed time|"
    "modified time|brouillon|draft|uid|"
    "langue|language|numero|date d'achevement|temps de modification|heure de soumission|heure d'achevement|"
    "heure de modification|termine a|modifie a|date de modification|completed|modified",
    "limesurvey": "id de la reponse|response id|date de soumission|submitdate|date submitted|derniere page|lastpage|"
    "last page|langue de depart|"
    "startlanguage|start language|tete de serie|seed|startdate|date de lancement|date started|datestamp|"
    "date de la derniere action|date last action",
    "kobotoolbox": "start|end|today|_id|_uuid|_submission_time|_validation_status|_notes|_status|__version__|_tags|_index|meta/instanceid|"
    "formhub/uuid|_version_|_attachments|_geolocation|meta/instancename|meta/rootuuid|_parent_index|_parent_table_name|_submission__id|_xform_id_string|_bamboo_dataset_id",
    "decidim": "participatory_space/id|participatory_space/url|component/id|reference|supports|"
    "endorsements/total_count|comments|attachments|"
    "followers|url|meeting_urls|related_proposals|is_amend|address|latitude|longitude|answered_at|created_in_meeting|cost|"
    "coauthorships/total_count|votes|evaluation|published_state|component/name/fr|participatory_space/title/fr|taxonomies/id|"
    "updated_at|follows_count|likes/total_count|locale|alignment|depth|commentable_id|commentable_type|root_commentable_url|"
    "user_group/id|user_group/name|category/id|scope/id|title|title/fr|original_proposal/title|original_proposal/url",
}
TECHNIQUES_DE = {name: frozenset(text.split("|")) for name, text in _TECHNIQUES.items()}

DATES = {
    "framaforms": ("heure", "heure de soumission", "time", "submitted time", "date de soumission", "completed time"),
    "limesurvey": ("submitdate", "date de soumission", "date submitted", "datestamp", "startdate"),
    "kobotoolbox": ("_submission_time", "end", "today"),
    "decidim": ("published_at", "created_at"),
}

NUMEROS = {
    "framaforms": ("sid", "numero de serie", "serial"),
    "limesurvey": ("id de la reponse", "response id", "id"),
    "kobotoolbox": ("_uuid", "_id"),
    "decidim": ("reference", "id"),
}


@dataclass(frozen=True, slots=True)
class VoiceTable:
    """One file's rows under our names: `cells` has a subset of `CHAMPS` as columns (text, '' where blank).

    `lignes[i]` is the spreadsheet row of row i (for an interview, its rank among the coded passages).
    """

    fichier: str
    format: str
    cells: pd.DataFrame
    lignes: np.ndarray
    anomalies: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """What `colonnes.csv` says of one file: header → field, and fields that are the same on every row."""

    colonnes: Mapping[str, str]
    valeurs: Mapping[str, str]


NOTHING_DECLARED = Declared({}, {})

_NATURES = {
    "temoignage": "temoignage|temoin|recit",
    "entretien": "entretien|interview",
    "immersion": "immersion|observation",
    "contribution": "contribution|contribution libre|ressource|retour sur une action|proposition",
    "debat": "debat|atelier|reunion",
}

_TONALITES = {
    "marche": "marche|ca marche|ce qui marche|fonctionne|positif|+",
    "ne_marche_pas": "ne marche pas|ne_marche_pas|ca ne marche pas|ce qui ne marche pas|ne fonctionne pas|negatif|-",
    "propose": "propose|proposition|ce que je propose|idee|suggestion",
}

_QUALITES = {
    "habitant": "habitant|habitante|habitant·e|habitants|habitante ou habitant|habitant ou habitante|resident|locataire|parent|jeune",
    "professionnel": "professionnel|professionnelle|professionnel·le|agent|salarie|salariee|enseignant|enseignante",
    "benevole": "benevole|association|responsable associatif|conseiller citoyen|conseillere citoyenne|membre du conseil citoyen",
    "elu": "elu|elue|elu·e",
}

_RAPPORTS = {
    "confirme": "confirme|confirmation|d'accord|juste",
    "contredit": "contredit|contradiction|pas d'accord|faux",
    "complete": "complete|nuance|precise",
    "interroge": "interroge|question|demande",
}


def _words(groups: Mapping[str, str]) -> dict[str, str]:
    return {fold(w): key for key, text in groups.items() for w in (key, *text.split("|"))}


NATURE_OF, TONALITE_OF, QUALITE_OF, RAPPORT_OF = map(_words, (_NATURES, _TONALITES, _QUALITES, _RAPPORTS))

STATUTS_REPONSE = {
    "recue": "reçue",
    "prise en compte": "prise en compte",
    "repondue": "répondue",
    "ecartee": "écartée",
    "accepted": "prise en compte",
    "rejected": "écartée",
    "evaluating": "reçue",
    "not_answered": "reçue",
    "published": "reçue",
}
