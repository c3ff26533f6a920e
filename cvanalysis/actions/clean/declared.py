"""Action logs as a territory declares them: `[[actions]]` (or `[[journaux]]`) of `contrat.toml` → frozen objects. Refuses to open a log.

A log of a known format (`action_formats`) needs no declaration; any other is declared once: its sheet, its header, what each
column is. `cvanalysis check` proposes that declaration (`propose`).

    [[actions]]
    fichier = "actions/suivi_*.xlsx"       # relative to the data folder, * allowed
    feuille = "Programmation"              # the only sheet, or the first that has the columns, where absent
    entete = [4, 5]                        # line(s) of the header; found by its content where absent
    fusionnees = ["Porteur"]               # merged cells: an empty cell repeats the one above
    [actions.colonnes]                    # header as it is read → field (see `CHAMPS`)
    "Intitulé de l'action" = "action"
    [actions.constantes]                  # what the file does not say, the same for all its rows
    financeur = "Ville"
    [actions.valeurs.statut]              # words of this log → ours
    "OK commission" = "accordé"
    [[actions.financements]]              # one column of amounts per funder, or per year
    colonne = "Part Ville"
    champ = "accorde"
    financeur = "Ville"
    type_credit = "droit commun"
    annee = 2019                           # where the column is that of a year
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.actions.table import CHAMPS, MONTANTS, MONTANTS_LUS, TYPES_CREDIT
from cvanalysis.errors import DeclarationError
from cvanalysis.french import fold, nearest, quoted
from cvanalysis.territory.declarations import Inspection
from cvanalysis.territory.toml import Section, read_toml, take

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


CONTRAT = "contrat.toml"
LISTES = ("actions", "journaux")

CONSTANTES = (
    "annee",
    "financeur",
    "type_credit",
    "theme",
    "pilier",
    "statut",
    "qpv",
    "porteur",
    "public",
    "convention",
)


@dataclass(frozen=True, slots=True)
class Financement:
    """One column of amounts that belongs to one funder, or to one year, or to both."""

    colonne: str
    champ: str
    financeur: str = ""
    type_credit: str = ""
    annee: str = ""


@dataclass(frozen=True, slots=True)
class Journal:
    """How one log (or every log of one format) is read. Headers and words are keys in `fold` form."""

    nom: str
    fichier: str
    colonnes: Mapping[str, str]
    feuille: str = ""
    entete: tuple[int, ...] = ()
    financements: tuple[Financement, ...] = ()
    constantes: Mapping[str, str] = field(default_factory=dict)
    valeurs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    separateurs: str = ",;/"
    fusionnees: tuple[str, ...] = ()
    declare: bool = True
    ligne: int = 0


def read_journals(territory: Territory) -> tuple[Journal, ...]:
    """The declared logs, in their order; `DeclarationError` with every problem of `[[actions]]` at once.

    `contrat.toml` itself is read again, since only its text knows the line of each key.
    """
    found = Inspection(Path(territory.dossier))
    document = read_toml(found, CONTRAT)
    sections = [section for name in LISTES for section in (document.arrays.get(name, []) if document else [])]
    journals = [journal for section in sections if (journal := _journal(found, section)) is not None]
    if found.problems:
        raise DeclarationError(found.problems)
    return tuple(journals)


def _journal(found: Inspection, section: Section) -> Journal | None:
    values = dict(section.values)
    entete = values.pop("entete", [])
    if entete == [] and "entete" in section.values:
        found.add(section.fichier, section.line("entete"), "entete", "liste vide", "un numéro de ligne, ou deux", "")
    lines = [entete] if type(entete) is int else entete
    if not isinstance(lines, list) or not all(type(n) is int and n > 0 for n in lines) or len(lines) > 3:
        found.add(
            section.fichier,
            section.line("entete"),
            "entete",
            f"{quoted(entete)} ne convient pas",
            "le numéro de la ligne d'en-tête, ou une liste de deux numéros",
        )
        lines = []
    checked = Section(section.fichier, section.nom, section.ligne, values, section.lignes)
    optional = {
        "feuille": str,
        "separateurs": str,
        "fusionnees": list,
        "constantes": dict,
        "valeurs": dict,
        "financements": list,
    }
    taken = take(found, checked, {"fichier": str, "colonnes": dict}, optional)
    if taken is None:
        return None
    colonnes = {fold(str(header)): str(name) for header, name in taken["colonnes"].items()}
    for header, name in taken["colonnes"].items():
        _known(found, section, f"colonnes.{header}", str(name), CHAMPS, "champ")
    for name, value in taken.get("constantes", {}).items():
        _known(found, section, "constantes", name, CONSTANTES, "constante")
        if isinstance(value, dict | list):
            found.add(
                section.fichier,
                section.ligne,
                f"constantes.{name}",
                f"{quoted(value)} ne convient pas",
                "un texte ou un nombre",
            )
    for name in MONTANTS_LUS:
        if list(colonnes.values()).count(name) > 1:
            found.add(
                section.fichier,
                section.ligne,
                "colonnes",
                f"plusieurs colonnes donnent {quoted(name)}",
                "une seule",
                "déclarez les autres dans [[actions.financements]], avec leur financeur",
            )
    if not {"action", "porteur"} & set(colonnes.values()):
        found.add(
            section.fichier,
            section.ligne,
            "colonnes",
            "aucune colonne ne donne l'action ni le porteur",
            "au moins une colonne « action » ou « porteur »",
        )
    return Journal(
        nom="journal déclaré",
        fichier=taken["fichier"],
        colonnes=colonnes,
        feuille=taken.get("feuille", ""),
        entete=tuple(lines),
        financements=_financements(found, section, taken.get("financements", [])),
        constantes={name: str(value) for name, value in taken.get("constantes", {}).items()},
        valeurs=_valeurs(found, section, taken.get("valeurs", {})),
        separateurs=taken.get("separateurs", ",;/"),
        fusionnees=tuple(fold(str(header)) for header in taken.get("fusionnees", [])),
        ligne=section.ligne,
    )


def _financements(found: Inspection, section: Section, items: list[Any]) -> tuple[Financement, ...]:
    made = []
    for item in items:
        inner = Section(
            section.fichier, "journaux.financements", section.ligne, item if isinstance(item, dict) else {}, {}
        )
        optional = {"financeur": str, "champ": str, "type_credit": str, "annee": int}
        values = take(found, inner, {"colonne": str}, optional)
        if values is None:
            continue
        if not {"financeur", "annee"} & set(values):
            expected = "un financeur, une année, ou les deux"
            found.add(
                section.fichier,
                section.ligne,
                f"financements.{values['colonne']}",
                "colonne sans destination",
                expected,
            )
        champ = values.get("champ", "accorde")
        _known(found, section, "financements.champ", champ, MONTANTS, "champ de montant")
        if credit := values.get("type_credit", ""):
            _known(found, section, "financements.type_credit", credit, TYPES_CREDIT, "type de crédit")
        year = str(values.get("annee", ""))
        made.append(Financement(fold(values["colonne"]), champ, values.get("financeur", ""), credit, year))
    return tuple(made)


def _valeurs(found: Inspection, section: Section, maps: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {}
    for name, words in maps.items():
        _known(found, section, "valeurs", name, CHAMPS, "champ")
        if not isinstance(words, dict):
            found.add(
                section.fichier,
                section.ligne,
                f"valeurs.{name}",
                f"{quoted(words)} ne convient pas",
                'une table "mot du fichier" = "notre mot"',
            )
            continue
        made[name] = {fold(str(word)): str(ours) for word, ours in words.items()}
    return made


def _known(found: Inspection, section: Section, place: str, word: str, known: Any, kind: str) -> None:
    if word not in known:
        found.add(
            section.fichier,
            section.ligne,
            place,
            f"{quoted(word)} n'est pas un nom de {kind} connu",
            f"noms connus : {', '.join(known)}",
            nearest(word, known),
        )
