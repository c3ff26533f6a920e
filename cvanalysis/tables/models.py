"""Ready-made files to fill in: voices, actions, engagements. Owns their columns, lists and explanations; refuses to fill them.

Each comes as `.xlsx`, with drop-down lists made from the territory's own declarations and a sheet that explains the columns, and as `.csv`
with the headers alone. Both are read as they are, without a word of configuration.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from cvanalysis.errors import UsageError
from cvanalysis.french import listed, quoted

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


Genre = Literal["paroles", "actions", "engagements"]

LIGNES = 1_000
"""Rows on which the lists are set."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column to fill in: its header, what to write there, and the words to choose from (none: free)."""

    nom: str
    aide: str
    choix: Callable[[Territory], Sequence[str]] | None = None


def _oui_non(_: Territory) -> Sequence[str]:
    return ("oui", "non")


_PAROLES = (
    Column("parole", "Un numéro à vous, pour la retrouver : il n'est jamais publié."),
    Column("date", "Jour où la parole a été recueillie, JJ/MM/AAAA."),
    Column(
        "recu",
        "Jour où elle est arrivée à l'équipe, s'il est plus tardif : une édition déjà remise ne la reprend pas.",
    ),
    Column(
        "nature",
        "Comment elle a été recueillie.",
        lambda _: ("témoignage", "entretien", "immersion", "contribution", "débat"),
    ),
    Column("themes", "Un thème, ou plusieurs séparés par |.", lambda t: [th.nom for th in t.themes]),
    Column("qpv", "Le quartier dont on parle ; vide s'il n'y en a pas.", lambda t: [q.nom for q in t.quartiers]),
    Column(
        "college",
        "Le collège de la personne ; vide pour une habitante ou un habitant.",
        lambda t: [c.nom for c in t.colleges],
    ),
    Column(
        "qualite",
        "Qui parle, sans autre précision.",
        lambda _: ("habitant", "professionnel", "bénévole", "élu", "autre"),
    ),
    Column("locuteur", "Un code par personne (jamais son nom), pour qui parle plusieurs fois."),
    Column("texte", "Les mots de la personne. Ne notez ni nom, ni adresse, ni numéro."),
    Column("codes", "Codes de paroles/codes.csv, séparés par |."),
    Column(
        "tonalite",
        "Ce qui marche, ce qui ne marche pas, ce qui est proposé.",
        lambda _: ("marche", "ne marche pas", "propose"),
    ),
    Column("constat", "Numéro du constat dont on parle (par exemple QP000000-revenus-03)."),
    Column(
        "rapport", "Ce que la parole fait de ce constat.", lambda _: ("confirme", "contredit", "complète", "interroge")
    ),
    Column("engagement", "Code de l'engagement dont on parle."),
    Column("action", "Action dont on parle."),
    Column("audience", "Qui peut la lire ; vide : l'équipe seule.", lambda _: ("public", "groupe", "equipe")),
    Column("citation_anonyme", "La personne accepte d'être citée sans son nom.", _oui_non),
    Column(
        "citation_nommee",
        "La personne accepte d'être citée avec son nom (noté : ici, personne n'est jamais nommé).",
        _oui_non,
    ),
    Column("voix", "La personne accepte que sa voix soit diffusée.", _oui_non),
    Column("image", "La personne accepte que son image soit diffusée.", _oui_non),
    Column("web", "La personne accepte d'être citée sur internet.", _oui_non),
    Column("mineur", "La personne a moins de 18 ans.", _oui_non),
    Column("accord_parental", "Pour un mineur : les parents sont d'accord.", _oui_non),
    Column("art9", "La parole dit la santé, l'origine, la religion ou l'opinion de quelqu'un.", _oui_non),
    Column("retrait", "Date à laquelle la personne a retiré sa parole ; vide sinon."),
)

_ACTIONS = (
    Column("reference", "Numéro du dossier."),
    Column("annee", "Année de l'action, AAAA."),
    Column("action", "Intitulé de l'action."),
    Column("porteur", "Organisme qui porte l'action."),
    Column("siren", "SIREN ou SIRET du porteur."),
    Column("theme", "Thème de l'action.", lambda t: [th.nom for th in t.themes]),
    Column("pilier", "Pilier du contrat.", lambda t: [p.nom for p in t.piliers]),
    Column("qpv", "Quartier, ou plusieurs codes séparés par |.", lambda t: [q.code for q in t.quartiers]),
    Column("financeur", "Qui finance : une ligne par financeur."),
    Column(
        "type_credit",
        "Crédits de la politique de la ville ou droit commun.",
        lambda _: ("crédits spécifiques", "droit commun", "abattement TFPB"),
    ),
    Column("demande", "Montant demandé, en euros ; vide s'il n'est pas connu."),
    Column("accorde", "Montant accordé, en euros ; vide s'il n'est pas connu."),
    Column("paye", "Montant payé, en euros ; vide s'il n'est pas connu."),
    Column(
        "statut",
        "Où en est le dossier.",
        lambda _: ("déposée", "accordée", "non retenue", "ajournée", "annulée", "réalisée"),
    ),
    Column("beneficiaires", "Nombre de personnes touchées ; vide s'il n'est pas connu."),
)

_ENGAGEMENTS = (
    Column("code", "Code de l'engagement."),
    Column("libelle", "Ce à quoi on s'est engagé."),
    Column("pilier", "Pilier du contrat.", lambda t: [p.id for p in t.piliers]),
    Column("theme", "Thème de l'évaluation.", lambda t: [th.id for th in t.themes]),
    Column("nature", "Nouveau ou renforcé.", lambda _: ("nouveau", "renforcé")),
    Column("pilote", "Partenaire qui pilote (identifiant de partenaires.csv)."),
    Column("partenaires", "Partenaires attendus, séparés par |."),
    Column("partenaires_vus", "Partenaires dont l'engagement est constaté, séparés par |."),
    Column("quartiers", "Codes des quartiers séparés par |, ou « tous »."),
    Column(
        "avancement",
        "Un fait, pas un jugement.",
        lambda _: ("réalisé", "partiel", "en cours", "non engagé", "abandonné", "réorienté", "non renseigné"),
    ),
    Column("preuve", "Ce qui le montre."),
    Column("date_preuve", "Date de la preuve, AAAA-MM-JJ."),
    Column("obstacle", "Ce qui a gêné."),
    Column("actions", "Actions liées, séparées par |."),
    Column("indicateurs", "Indicateurs liés, séparés par |."),
)
_MODELES: dict[Genre, tuple[Column, ...]] = {"paroles": _PAROLES, "actions": _ACTIONS, "engagements": _ENGAGEMENTS}

_OU: dict[Genre, str] = {
    "paroles": "Déposez le fichier rempli, tel quel, dans data/raw/paroles/.",
    "actions": "Déposez le fichier rempli, tel quel, dans data/raw/actions/.",
    "engagements": "Déposez le fichier rempli, tel quel, dans data/raw/, sous le nom engagements.xlsx (ou engagements.csv).",
}


def write_model(genre: str, territory: Territory) -> dict[str, bytes]:
    """`{"paroles.xlsx": …, "paroles.csv": …}` for `paroles`, `actions` or `engagements`. Raises `UsageError` for another word."""
    if genre not in _MODELES:
        raise UsageError(f"il n'y a pas de modèle {quoted(genre)}. Modèles\u00a0: {listed(_MODELES)}.")
    columns = _columns(genre, territory)
    return {f"{genre}.xlsx": _xlsx(genre, columns, territory), f"{genre}.csv": _csv(columns)}


def _columns(genre: Genre, territory: Territory) -> tuple[Column, ...]:
    if genre != "engagements":
        return _MODELES[genre]
    judged = ("satisfaisant", "mitigé", "insatisfaisant")
    return _MODELES[genre] + tuple(
        Column(f"appreciation_{c.id}", f"Ce qu'en pense le collège «\u00a0{c.nom}\u00a0».", lambda _: judged)
        for c in territory.colleges
    )


def _csv(columns: Sequence[Column]) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow([c.nom for c in columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _xlsx(genre: Genre, columns: Sequence[Column], territory: Territory) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    day = datetime.fromisoformat(territory.maj) if territory.maj else datetime(territory.fin, 1, 1)  # noqa: DTZ001 - a printed date, not a clock
    book.set_properties({"title": f"Modèle {genre}", "created": day})
    head = book.add_format({"bold": True, "bg_color": "#E6E6E6", "text_wrap": True, "valign": "top", "border": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(genre)
    lists = book.add_worksheet("listes")
    notice = book.add_worksheet("notice")
    sheet.freeze_panes(1, 0)
    notice.set_column(0, 0, 24)
    notice.set_column(1, 1, 90, wrap)
    notice.write_row(0, 0, ("Colonne", "Ce qu'on y écrit"), head)
    notice.write_row(len(columns) + 2, 0, ("Ensuite", _OU[genre]))
    used = 0
    for i, column in enumerate(columns):
        sheet.write_string(0, i, column.nom, head)
        sheet.write_comment(0, i, column.aide)
        sheet.set_column(i, i, 60 if column.nom == "texte" else 18, wrap)
        notice.write_row(i + 1, 0, (column.nom, column.aide))
        words = list(column.choix(territory)) if column.choix else []
        if not words:
            continue
        # Long lists do not fit in a rule, whose text is limited to 255 characters: they stand on their own sheet.
        lists.write_column(0, used, [column.nom, *words])
        letter = _letter(used)
        used += 1
        rule = {
            "validate": "list",
            "source": f"=listes!${letter}$2:${letter}${len(words) + 1}",
            "input_message": column.aide[:255],
        }
        if column.nom in ("themes", "qpv"):
            rule |= {"error_type": "warning", "error_title": "Plusieurs ?", "error_message": "Séparez-les par |."}
        else:
            rule |= {"error_title": "Hors liste", "error_message": "Choisissez un mot de la liste."}
        sheet.data_validation(1, i, LIGNES, i, rule)
    book.close()
    return out.getvalue()


def _letter(index: int) -> str:
    return chr(65 + index) if index < 26 else f"{chr(64 + index // 26)}{chr(65 + index % 26)}"
