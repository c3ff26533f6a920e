"""Sentences of a claim. Owns which variant of a template of `textes/*.toml` is taken; refuses to compute.

A template is named by its path (`file.name`). Where it has a part for one indicator or structure (`[niveau_dessus.revenu_median]`),
that part is taken: an inhabitant is told about money in other words than about a rate. Among several variants the claim itself chooses, so
that fifteen fiches don't read the same and that one fiche always reads the same. What a template names and is not given raises.
"""

import zlib
from collections.abc import Callable
from functools import cache

from jinja2 import Environment, StrictUndefined, Template

from cvanalysis import french
from cvanalysis.constat.shape import Message, Valeur
from cvanalysis.textes import PHRASES, block, label, pages, variants

DOUTEUX = "(douteux)"
MOTS = 18  # of a title that is read in one breath; what a no-break space holds together is one word


def say(valeur: Valeur) -> str:
    """Text of a value or of the class that it is in, with its unit; of a word; or of the reason for its absence; a suspect figure bears
    its mark."""
    if valeur.texte:
        unit = f" {valeur.unite}" if valeur.valeur is not None and valeur.unite else ""
        return french.typeset(valeur.texte + unit)
    if valeur.valeur is None:
        return label(f"affichage.raisons.{valeur.statut}")
    text = french.with_unit(valeur.valeur, valeur.unite, valeur.decimales)
    return f"{text} {DOUTEUX}" if valeur.statut == "suspect" else text


def write(message: Message, most: int = 999) -> str:
    """The sentence of a message, typeset; its short form where it has one and more than `most` words. Raises `KeyError` for an unknown
    template, `UndefinedError` for a missing value."""
    entry, key = block(message.gabarit), message.valeurs.get("cle") or message.valeurs.get("indicateur")
    entry = entry[key] if isinstance(entry.get(key), dict) else entry
    for found in filter(None, map(entry.get, PHRASES)):
        said = french.capital(french.typeset(_template(found[_choice(message, len(found))]).render(message.valeurs)))
        if len(said.split(" ")) <= most:
            break
    return said


def warm() -> None:
    """Compile every template, once for all the reports of a process."""
    for text in every_text():
        _template(text)


def every_text(page: str = "") -> tuple[str, ...]:
    """All variants of all templates, or of those of one page, for tests and for warming."""
    return tuple(variants(pages()[page] if page else pages()))


def _choice(message: Message, count: int) -> int:
    """A number below `count` that depends on whom and what the message is about, and on nothing else."""
    values = message.valeurs
    parts = (
        message.gabarit,
        *(str(values.get(key, "")) for key in ("zone", "quartier", "cle", "indicateur", "annee_avant")),
    )
    return zlib.crc32("|".join(parts).encode()) % count


@cache
def _environment() -> Environment:
    """Plain text comes out: whoever puts it in a page escapes it."""
    environment = Environment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        finalize=lambda value: say(value) if isinstance(value, Valeur) else value,
    )
    environment.filters["maj"] = french.capital
    environment.filters["nb"] = french.number
    environment.globals.update(
        le=french.definite,
        dans=_place("dans", french.at),
        de=_place("de", french.of),
        nomme=_place("nom", str),
        le_quartier=french.quarter,
        que=french.than,
        en=french.when,
        ordinal=french.ordinal,
        pluriel=french.plural,
        dire=say,
    )
    return environment


def _place(forme: str, plain: Callable[[str], str]) -> Callable[..., str]:
    """How templates name a place: a quarter by its name alone, a comparator by its name and its role."""

    def said(nom: str, role: str = "") -> str:
        return french.comparator(nom, role, forme) if role else plain(nom)

    return said


@cache
def _template(text: str) -> Template:
    return _environment().from_string(text)
