"""What a page shows around its findings: identity, « En bref », what is not known, definitions, texts. Owns their HTML.

Every sentence about a figure is that of its finding, written once: « En bref » quotes titles, it does not write its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape, unescape
from typing import TYPE_CHECKING

from cvanalysis.display.constat import Bloc, Constat
from cvanalysis.display.maps import describe_map, find_contours, locator, overview, tell_contours
from cvanalysis.display.phrases import say, write
from cvanalysis.display.tables import EXAMPLE, html_table, text
from cvanalysis.files.texts import to_html
from cvanalysis.french import capital, typeset
from cvanalysis.textes import label, labels

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
    names = labels("affichage.blocs.identite", s="s" if len(identite.communes) > 1 else "")
    said = (identite.code, ", ".join(identite.communes), inhabitants, f"{identite.contrat}, {identite.epci}")
    facts = tuple(zip(names, said, strict=True))
    rows = "".join(f"<dt>{name}</dt><dd>{text(said)}</dd>" for name, said in facts)
    return Bloc(f'<dl class="identite">{rows}</dl>', "\n".join(f"{name} : {said}" for name, said in facts))


def show_brief(findings: Sequence[Finding], regle: str) -> Bloc:
    """Titles of the findings that matter most, each leading to its figure, and the rule that chose them."""
    titles = [write(finding.message) for finding in findings]
    items = "".join(
        f'<li><a href="#{escape(finding.id)}">{text(title)}</a>{EXAMPLE if finding.exemple else ""}</li>'
        for finding, title in zip(findings, titles, strict=True)
    )
    listed = f'<ul class="bref">{items}</ul>' if items else f"<p>{label('affichage.blocs.sans_bref')}</p>"
    return Bloc(f'{listed}<p class="leg">{text(regle)}</p>', "\n".join(f"- {title}" for title in titles))


def show_unknown(inconnus: Sequence[tuple[str, Sequence[Manque]]], questions: Mapping[str, str]) -> Bloc:
    """What is missing, by finding (under its question: its number says nothing to who reads it first), with the reason."""
    if not inconnus:
        return _sentence("affichage.blocs.rien_ne_manque")
    items = "".join(
        f'<li><a href="#{escape(ident)}">{text(questions[ident])}</a> <span class="num">{escape(ident)}</span><ul>'
        + "".join(f"<li>{text(manque.quoi)}</li>" for manque in manques)
        + "</ul></li>"
        for ident, manques in inconnus
    )
    plain = "\n".join(f"- {manque.quoi}" for _, manques in inconnus for manque in manques)
    return Bloc(f'<ul class="inconnus">{items}</ul>', plain)


def show_definitions(definitions: Sequence[Definition], sources: Sequence[Source]) -> Bloc:
    """Each indicator in plain words, our reading of its direction, and the sources with their licence."""
    terms = "".join(
        f"<dt>{text(capital(one.nom))}</dt><dd>{text(one.definition)} {text(label('affichage.blocs.lecture', sens=one.sens))}</dd>"
        for one in definitions
    )
    listed = "".join(f"<li>{text(one.nom)} ({text(one.producteur)}, {text(one.licence)})</li>" for one in sources)
    html = f'<dl class="definitions">{terms}</dl><h3>{label("affichage.blocs.sources")}</h3><ul>{listed}</ul>'
    return Bloc(html, "\n".join(f"{one.nom} : {one.definition}" for one in definitions))


def gather(constats: Iterable[Constat]) -> Bloc:
    """Several findings, one under the other."""
    shown = tuple(constats)
    return Bloc("".join(one.html for one in shown), "\n".join(map(repr, shown)), tuple(one.record for one in shown))


def show_list(table: Table, titre: str, *, exemple: bool = False) -> Bloc:
    """A catalogue, one line each: everything is there without scripts; with them, a box keeps the lines that hold the words."""
    if not table.lignes:
        return Bloc(_sentence("affichage.blocs.sans_ligne").html, titre)
    key = hashlib.sha256(titre.encode()).hexdigest()[:8]
    box = (
        f'<label class="filtre" hidden>{label("affichage.blocs.chercher")} <input type="search" data-filtre="#l-{key} tbody tr" '
        f'data-dit="d-{key}"></label><p id="d-{key}" role="status" class="leg"></p>'
    )
    return Bloc(f'{box}<div id="l-{key}">{html_table(table, titre, exemple=exemple)}</div>', titre, tableau=table)


def show_demands(demandes: Sequence[Manque]) -> Bloc:
    """What to ask producers for, the most useful first."""
    if not demandes:
        return _sentence("qualite.demandes.aucune")
    items = "".join(f"<li>{text(one.quoi)}</li>" for one in demandes)
    return Bloc(f"<ul>{items}</ul>", "\n".join(f"- {one.quoi}" for one in demandes))


def show_accounts(table: Table) -> Bloc:
    """The account of cells, under the sentence that says how it is read."""
    said = _sentence("qualite.comptes.lecture")
    return Bloc(said.html + html_table(table, label("qualite.comptes.titre")), said.texte)


def show_map(outlines: Sequence[Outline], code: str, territory: Territory, *, lost: bool = False) -> Bloc:
    """Where the quarter stands among the others; nothing where there is no contour of it, a sentence where it is lost."""
    contours = find_contours(outlines, {quarter.code: quarter.nom for quarter in territory.quartiers})
    drawn = locator(contours, code)
    if not drawn:
        return _sentence("affichage.blocs.sans_carte", "avert") if lost else Bloc("", "")
    return Bloc(
        f'<div class="carte">{drawn}{_under(tell_contours(contours, code))}</div>', describe_map(contours, code)
    )


def show_overview(
    outlines: Sequence[Outline], territory: Territory, liens: Mapping[str, str], *, lost: bool = False
) -> Bloc:
    """All the quarters by name, each leading to its page (code → address); nothing without contours, a sentence where some are lost."""
    contours = find_contours(outlines, {quarter.code: quarter.nom for quarter in territory.quartiers})
    why = (
        _sentence("affichage.blocs.carte_incomplete" if contours else "affichage.blocs.sans_plan", "avert").html * lost
    )
    if not contours or territory.vaste:
        return Bloc(why, "")
    drawn = overview(contours, liens)
    return Bloc(f'<div class="carte">{drawn}{_under(tell_contours(contours))}</div>{why}', describe_map(contours))


def _under(words: str) -> str:
    return f'<p class="leg">{escape(words)}</p>' if words else ""


def show_table(table: Table, caption: str, *, exemple: bool = False) -> Bloc:
    """A table that stands alone."""
    if not table.lignes:
        return _sentence("affichage.blocs.sans_table", titre=caption)
    return Bloc(html_table(table, caption, exemple=exemple), caption, tableau=table)


def show_text(markdown: str, *, lost: bool = False) -> Bloc:
    """A text of the territory. Its title is for whoever opens the file: the notebook's headings say where the text stands."""
    if lost:
        return _sentence("affichage.blocs.sans_texte", "avert")
    body = "\n".join(line for line in markdown.splitlines() if not line.startswith("# ")).strip()
    return Bloc(_BETWEEN_TAGS.sub(_typeset_between, to_html(body)[0]) if body else "", body)


def _typeset_between(found: re.Match[str]) -> str:
    """Typography of the words between two tags, which keep the blanks that part them from their neighbours."""
    words = found[0].strip(" \t\n")
    if not words:
        return found[0]
    start, _, end = found[0].partition(words)
    return f"{start}{escape(typeset(unescape(words)), quote=False)}{end}"


def _sentence(key: str, kind: str = "", **values: str) -> Bloc:
    """One sentence of ours, alone."""
    said = label(key, **values)
    start = f'<p class="{kind}">' if kind else "<p>"
    return Bloc(f"{start}{text(said)}</p>", said)
