"""What a page shows around its findings: identity, « En bref », what is not known, definitions, texts. Owns their HTML.

Every sentence about a figure is that of its finding, written once: « En bref » quotes titles, it does not write its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape, unescape
from typing import TYPE_CHECKING

from cvanalysis.display.constat import Bloc, Constat, picture
from cvanalysis.display.maps import describe_map, draw_map, find_contours
from cvanalysis.display.phrases import say, write
from cvanalysis.display.tables import EXAMPLE, html_table
from cvanalysis.files.texts import to_html
from cvanalysis.french import typeset

if TYPE_CHECKING:
    from cvanalysis.catalogue import Source
    from cvanalysis.constat.shape import Definition, Finding, Identite, Manque, Table
    from cvanalysis.files.contours import Outline
    from cvanalysis.territory.contract import Territory


_BETWEEN_TAGS = re.compile(r"(?<=>)[^<]+(?=<)")


def show_identity(identite: Identite) -> Bloc:
    """Code, communes, contract and last known population of a quarter."""
    inhabitants = say(identite.population)
    if identite.population.valeur is not None:
        inhabitants += f" ({identite.annee})"
    communes = "Communes" if len(identite.communes) > 1 else "Commune"
    facts = (
        ("Code du quartier", identite.code),
        (communes, ", ".join(identite.communes)),
        ("Population", inhabitants),
        ("Contrat", f"{identite.contrat}, {identite.epci}"),
    )
    rows = "".join(f"<dt>{name}</dt><dd>{_text(text)}</dd>" for name, text in facts)
    return Bloc(f'<dl class="identite">{rows}</dl>', "\n".join(f"{name} : {text}" for name, text in facts))


def show_brief(findings: Sequence[Finding], regle: str) -> Bloc:
    """Titles of the findings that matter most, each leading to its figure, and the rule that chose them."""
    titles = [write(finding.message) for finding in findings]
    items = "".join(
        f'<li><a href="#{escape(finding.id)}">{_text(title)}</a>{EXAMPLE if finding.exemple else ""}</li>'
        for finding, title in zip(findings, titles, strict=True)
    )
    listed = f'<ul class="bref">{items}</ul>' if items else "<p>Aucun constat ne peut être mis en avant ici.</p>"
    return Bloc(f'{listed}<p class="leg">{_text(regle)}</p>', "\n".join(f"- {title}" for title in titles))


def show_unknown(inconnus: Sequence[tuple[str, Sequence[Manque]]], questions: Mapping[str, str]) -> Bloc:
    """What is missing, by finding (under its question: its number says nothing to who reads it first), with the reason."""
    if not inconnus:
        text = "Rien de ce que cette page demande ne manque dans les sources lues."
        return Bloc(f"<p>{text}</p>", text)
    items = "".join(
        f'<li><a href="#{escape(ident)}">{_text(questions[ident])}</a> <span class="num">{escape(ident)}</span><ul>'
        + "".join(f"<li>{_text(manque.quoi)}</li>" for manque in manques)
        + "</ul></li>"
        for ident, manques in inconnus
    )
    plain = "\n".join(f"- {manque.quoi}" for _, manques in inconnus for manque in manques)
    return Bloc(f'<ul class="inconnus">{items}</ul>', plain)


def show_definitions(definitions: Sequence[Definition], sources: Sequence[Source]) -> Bloc:
    """Each indicator in plain words, our reading of its direction, and the sources with their licence."""
    terms = "".join(
        f"<dt>{_text(_capital(one.nom))}</dt><dd>{_text(one.definition)} Notre lecture\u00a0: {_text(one.sens)}.</dd>"
        for one in definitions
    )
    listed = "".join(f"<li>{_text(one.nom)} ({_text(one.producteur)}, {_text(one.licence)})</li>" for one in sources)
    html = f'<dl class="definitions">{terms}</dl><h3>Sources</h3><ul>{listed}</ul>'
    return Bloc(html, "\n".join(f"{one.nom} : {one.definition}" for one in definitions))


def gather(constats: Iterable[Constat]) -> Bloc:
    """Several findings, one under the other."""
    shown = tuple(constats)
    return Bloc("".join(one.html for one in shown), "\n".join(map(repr, shown)), tuple(one.record for one in shown))


def show_list(table: Table, titre: str, *, exemple: bool = False) -> Bloc:
    """A catalogue, one line each: everything is there without scripts; with them, a box keeps the lines that hold the words."""
    if not table.lignes:
        return Bloc("<p>Aucune ligne à montrer pour l’instant\u00a0: les données n’en contiennent pas.</p>", titre)
    key = hashlib.sha256(titre.encode()).hexdigest()[:8]
    box = (
        f'<label class="filtre" hidden>Chercher dans cette liste <input type="search" data-filtre="#l-{key} tbody tr" '
        f'data-dit="d-{key}"></label><p id="d-{key}" role="status" class="leg"></p>'
    )
    return Bloc(f'{box}<div id="l-{key}">{html_table(table, titre, exemple=exemple)}</div>', titre)


def show_demands(demandes: Sequence[Manque]) -> Bloc:
    """What to ask producers for, the most useful first."""
    if not demandes:
        return Bloc("<p>Rien à demander pour l’instant.</p>", "Rien à demander pour l’instant.")
    items = "".join(f"<li>{_text(one.quoi)}</li>" for one in demandes)
    return Bloc(f"<ul>{items}</ul>", "\n".join(f"- {one.quoi}" for one in demandes))


def show_accounts(table: Table) -> Bloc:
    """The account of cells, under the sentence that says how it is read."""
    text = "Chaque case lue dans une colonne reconnue finit en valeur, en case sans chiffre (avec sa raison) ou en anomalie."
    return Bloc(f"<p>{text}</p>{html_table(table, 'Le compte des cases lues, fichier par fichier')}", text)


def show_map(outlines: Sequence[Outline], code: str, territory: Territory, *, lost: bool = False) -> Bloc:
    """Where the quarter stands among the others; nothing where there is no contour of it, a sentence where it is lost."""
    shown = (territory.quartier(code), *territory.voisins(code))
    contours = find_contours(outlines, {quarter.code: quarter.nom for quarter in shown})
    if all(contour.code != code for contour in contours):
        return (
            _missing("La carte manque\u00a0: le contour de ce quartier n’a pas pu être lu.") if lost else Bloc("", "")
        )
    told = describe_map(contours, code)
    return Bloc(f'<div class="carte">{picture(draw_map(contours, code, territory.palette), told)}</div>', told)


def show_table(table: Table, caption: str, *, exemple: bool = False) -> Bloc:
    """A table that stands alone."""
    if not table.lignes:
        return Bloc(f"<p>{_text(caption)}\u00a0: rien pour l’instant.</p>", f"{caption} : rien pour l’instant.")
    return Bloc(html_table(table, caption, exemple=exemple), caption)


def show_text(markdown: str, *, lost: bool = False) -> Bloc:
    """A text of the territory. Its title is for whoever opens the file: the notebook's headings say where the text stands."""
    if lost:
        return _missing("Un texte manque ici\u00a0: son fichier n’a pas pu être lu.")
    body = "\n".join(line for line in markdown.splitlines() if not line.startswith("# ")).strip()
    return Bloc(_BETWEEN_TAGS.sub(_typeset_between, to_html(body)[0]) if body else "", body)


def _typeset_between(found: re.Match[str]) -> str:
    """Typography of the words between two tags, which keep the blanks that part them from their neighbours."""
    words = found[0].strip(" \t\n")
    if not words:
        return found[0]
    start, _, end = found[0].partition(words)
    return f"{start}{escape(typeset(unescape(words)), quote=False)}{end}"


def _missing(sentence: str) -> Bloc:
    return Bloc(f'<p class="avert">{sentence}</p>', sentence)


def _text(text: str) -> str:
    return escape(typeset(text), quote=False)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
