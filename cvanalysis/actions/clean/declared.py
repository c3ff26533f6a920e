"""Action logs as a territory declares them: `[[actions]]` (or `[[journaux]]`) of `contrat.toml` → frozen objects. Refuses to open a log.

A log of a known format (`formats.toml`) needs no declaration; any other is declared once: its sheet, its header, what each
column is. `cvanalysis check` proposes that declaration (`propose`). All that it may say: docs/actions.md.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from cvanalysis.actions.table import CHAMPS, CONSTANTES, MONTANTS, MONTANTS_LUS, TYPES_CREDIT
from cvanalysis.french import fold, nearest, quoted
from cvanalysis.territory.declarations import Inspection, Ligne, read_toml, take

CONTRAT = "contrat.toml"
LISTES = ("actions", "journaux")
Tell = Callable[..., None]
"""Notes a problem of one declared log: key, what was found, what was expected, what to do."""


@dataclass(frozen=True, slots=True)
class Financement:
    """A column of amounts: its header, its field, its funder, its year and its quarter where it has its own."""

    colonne: str
    champ: str
    financeur: str = ""
    type_credit: str = ""
    annee: str = ""
    quartier: str = ""


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
    milliers: str = ""
    reconnu: bool = False
    ligne: int = 0


def read_journals(found: Inspection) -> tuple[Journal, ...]:
    """The declared logs, in their order; every problem of `[[actions]]` goes to `found`.

    `contrat.toml` itself is read again, since only its text knows the line of each key.
    """
    document = read_toml(found, CONTRAT)
    sections = [section for name in LISTES for section in (document.arrays.get(name, []) if document else [])]
    return tuple(journal for section in sections if (journal := _journal(section)) is not None)


def _journal(section: Ligne) -> Journal | None:
    values = dict(section.cells)
    lines = _header_lines(partial(section.wrong, "entete"), values.pop("entete", ()))
    checked = replace(section, cells=values)
    section = replace(section, lignes={})  # what is inside one of its keys is told at its head
    tell = section.wrong
    known = values.get("reconnu") is True
    lists = {"fusionnees": list, "constantes": dict, "valeurs": dict, "financements": list}
    words = {"feuille": str, "separateurs": str, "milliers": str, "reconnu": bool}
    needed = {"fichier": str} if known else {"fichier": str, "colonnes": dict}
    taken = take(checked, needed, {**words, **lists, **({"colonnes": dict} if known else {})})
    if taken is None:
        return None
    constantes = taken.get("constantes", {})
    columns = _columns(tell, taken.get("colonnes", {}), known)
    for name, value in constantes.items():
        _known(tell, "constantes", name, CONSTANTES, "constante")
        if isinstance(value, dict | list):
            tell(f"constantes.{name}", f"{quoted(value)} ne convient pas", "un texte ou un nombre")
    taken["colonnes"] = columns
    taken["constantes"] = {name: str(value) for name, value in constantes.items()}
    taken["financements"] = tuple(_financements(section, taken.get("financements", [])))
    taken["valeurs"] = dict(_valeurs(tell, taken.get("valeurs", {})))
    taken["fusionnees"] = tuple(fold(str(header)) for header in taken.get("fusionnees", []))
    return Journal("journal déclaré", entete=lines, ligne=section.ligne, **taken)


def _header_lines(tell: Tell, entete: Any) -> tuple[int, ...]:
    """The declared lines of the header: one number, or a list of them."""
    if entete == []:
        tell("liste vide", "un numéro de ligne, ou deux", "")
    lines = [entete] if type(entete) is int else entete
    if isinstance(lines, list | tuple) and all(type(n) is int and n > 0 for n in lines) and len(lines) <= 3:
        return tuple(lines)
    tell(f"{quoted(entete)} ne convient pas", "le numéro de la ligne d'en-tête, ou une liste de deux numéros")
    return ()


def _columns(tell: Tell, declared: Mapping[str, Any], known: bool) -> dict[str, str]:
    for header, name in declared.items():
        _known(tell, f"colonnes.{header}", str(name), CHAMPS, "champ")
    columns = {fold(str(header)): str(name) for header, name in declared.items()}
    for name in MONTANTS_LUS:
        if list(columns.values()).count(name) > 1:
            done = "déclarez les autres dans [[actions.financements]], avec leur financeur"
            tell("colonnes", f"plusieurs colonnes donnent {quoted(name)}", "une seule", done)
    if not known and not {"action", "porteur"} & set(columns.values()):
        wanted = "au moins une colonne « action » ou « porteur »"
        tell("colonnes", "aucune colonne ne donne l'action ni le porteur", wanted)
    return columns


def _financements(section: Ligne, items: list[Any]) -> Iterator[Financement]:
    for item in items:
        said = item if isinstance(item, dict) else {}
        inner = replace(section, nom="journaux.financements", cells=said)
        optional = {"financeur": str, "champ": str, "type_credit": str, "annee": int, "quartier": str}
        values = take(inner, {"colonne": str}, optional)
        if values is None:
            continue
        if not {"financeur", "annee", "champ", "quartier"} & set(values):
            wanted = "un financeur, une année, un quartier, ou le champ auquel elle s'ajoute"
            section.wrong(f"financements.{values['colonne']}", "colonne sans destination", wanted)
        champ, credit = values.get("champ", "accorde"), values.get("type_credit", "")
        _known(section.wrong, "financements.champ", champ, MONTANTS, "champ de montant")
        if credit:
            _known(section.wrong, "financements.type_credit", credit, TYPES_CREDIT, "type de crédit")
        own = (values.get("financeur", ""), credit, str(values.get("annee", "")), values.get("quartier", ""))
        yield Financement(fold(values["colonne"]), champ, *own)


def _valeurs(tell: Tell, maps: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for name, words in maps.items():
        _known(tell, "valeurs", name, CHAMPS, "champ")
        if isinstance(words, dict):
            yield name, {fold(str(word)): str(ours) for word, ours in words.items()}
        else:
            wanted = 'une table "mot du fichier" = "notre mot"'
            tell(f"valeurs.{name}", f"{quoted(words)} ne convient pas", wanted)


def _known(tell: Tell, place: str, word: str, known: Any, kind: str) -> None:
    if word not in known:
        found = f"{quoted(word)} n'est pas un nom de {kind} connu"
        tell(place, found, f"noms connus : {', '.join(known)}", nearest(word, known))
