"""What a page shows around its findings: identity, « En bref », what is not known, definitions, texts. Owns their HTML.

Every sentence about a figure is that of its finding, written once: « En bref » quotes titles, it does not write its own.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from markupsafe import Markup

from cvanalysis.catalogue import Source
from cvanalysis.constat.shape import Definition, Finding, Table, Valeur, word
from cvanalysis.display.composants import composants, titles
from cvanalysis.display.constat import Bloc, said_once
from cvanalysis.display.maps import describe_map, find_contours, locator, overview, tell_contours
from cvanalysis.display.phrases import write
from cvanalysis.display.tables import html_table, shorten
from cvanalysis.files.contours import Outline
from cvanalysis.files.keys import grouped
from cvanalysis.files.texts import to_html
from cvanalysis.french import QUARTIER, capital, typeset
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label, labels

_ABOUT = re.compile(r"(?s)(?:(«[^»]*») : )?(.*)")


ACTIONS, PAROLES, CONSEILS = 6, 3, 3
"""What one side of a sheet has room for."""


NOTHING = Valeur(None)
"""A cell where there is nothing to say: no rank beside a figure that is missing."""


def show_all(macro: str, *given: Any, texte: str = "", de: str = "ensemble", tableau: Table | None = None) -> Bloc:
    """What a macro of a template (`de`) gives, and the words that stand for it in a notebook; the table that it shows."""
    html = getattr(composants(f"{de}.html.j2"), macro)(*given)
    return Bloc(str(html), texte, tableau=tableau, titres=titles())


def show_recto(fiche: Any, carte: Bloc) -> Bloc:
    """The front of a quarter's sheet: landmarks, what stands out, the dashboard."""
    said = "\n".join(f"- {write(one.message)}" for one in fiche.ressort())
    return show_all("recto", fiche, Markup(carte.html), texte=said, de="fiche")  # noqa: S704 - our own drawing


def show_verso(fiche: Any, done: Any, voices: Sequence[Finding]) -> Bloc:
    """The back: what was done by theme, engagements, what is said, what is not known, room to write."""
    by_theme = done.constat("actions-02")
    counted = by_theme.table.lignes if by_theme.table else ()
    themes = [(one.texte, number, whole, here) for one, number, _, _, whole, here in counted if number.valeur]
    listed = sorted(done.liste.lignes, key=lambda line: (-(line[-1].valeur or 0), line[0].texte))
    actions = grouped((theme.texte, (title, *figures)) for title, _, theme, _, *figures in listed[:ACTIONS])
    rest, engages = max(len(listed) - ACTIONS, 0), done.constat("engagements-01")
    given = (fiche, themes, actions, rest, engages, _said(voices), by_theme.exemple, done.field.recus)
    return show_all("verso", *given, texte="\n".join(fiche.lacunes()), de="fiche")


def show_actions(table: Table, titre: str, *, exemple: bool = False) -> Bloc:
    """The actions led in a quarter, by theme (`actions.reach.list_actions`)."""
    if not table.lignes:
        return show_list(table, titre)
    *lines, last = table.lignes
    themes = grouped((theme.texte, (action, who, *more)) for action, who, theme, *more in lines)
    heads, legend = labels("quartier.liste.colonnes"), f"{table.legende}."
    given = (_key(titre), titre, legend, heads, sorted(themes.items()), (last[0], last[-1]), exemple)
    return show_all("liste", *given, texte=titre, de="fiche", tableau=table)


def show_neighbours(findings: Sequence[Finding], noms: Sequence[str], sujet: str) -> Bloc:
    """What the findings' tables say of the quarter (`sujet`) and of the others (`noms`), in one table; a question that does not arise
    for any is left out, and so are ranks."""
    here = capital(QUARTIER)
    noms = (here, *noms)
    heads: list[tuple[str, str]] = []
    columns: list[list[Valeur]] = []
    for one in findings:
        table = one.table or Table((), ())
        told = {here if line[0].texte == sujet else line[0].texte: line for line in table.lignes}
        if len(told.keys() & {*noms}) < 2:
            continue
        for i, head in enumerate(table.colonnes[1:], 1):
            column = [_beside(told[nom][i]) if nom in told else Valeur(None, "non_disponible") for nom in noms]
            arises = any(value != NOTHING and (value.dite or value.statut != "sans_objet") for value in column)
            if arises and head != block("quartier.rang")["colonnes"][1] and column not in columns:
                heads.append((one.id, head))
                columns.append(column)
    if not columns:
        return Bloc("", "")
    titre, premier = labels("quartier.voisins")
    lines = tuple((word(nom), *values) for nom, *values in zip(noms, *columns, strict=True))
    table = Table((premier, *(head for _, head in heads)), lines)
    short = shorten(table)
    named = [(ident, head) for (ident, _), head in zip(heads, short.colonnes[1:], strict=True)]
    return show_all("voisins", titre, premier, named, short.lignes, texte=titre, de="fiche", tableau=table)


def _beside(value: Valeur) -> Valeur:
    """A cell of words, such as a rank, has no place in a table of figures."""
    return NOTHING if value.valeur is None and value.statut == "publié" else value


def show_theme_recto(theme: Any, findings: Mapping[str, Finding]) -> Bloc:
    """The front of a theme's sheet: landmarks, what is said, what does not work first, the engagements."""
    heard = {}
    for numero, one in findings.items():
        lines = one.table.lignes[:PAROLES] if one.table and numero.startswith("voix-") else ()
        heard[numero] = [(*line[:4], _first_quote(line[4])) for line in lines if len(line) == len(_IDEA)]
    advised = findings["preconisations-01"].table
    lines = [(line[0], *line[5:10]) for line in advised.lignes] if advised else []
    invented = any(one.exemple for one in findings.values())
    kept, rest = lines[:CONSEILS], max(len(lines) - CONSEILS, 0)
    said = "\n".join(write(one.message) for one in findings.values())
    return show_all("recto", theme, findings, heard, kept, rest, invented, texte=said, de="theme")


def show_theme_verso(theme: Any, findings: Mapping[str, Finding]) -> Bloc:
    """The back: needs and actions by quarter, what is recommended, room to write."""
    asked = [(findings[numero], said) for numero, said in block("theme.questions").items()]
    needs = findings["besoins-01"]
    return show_all("verso", theme, findings, needs.table, asked, texte=write(needs.message), de="theme")


_IDEA = labels("voix.idees.colonnes")
_QUOTE = re.compile("«[^»]*»(?: \\([^)]*\\))?")


def _first_quote(told: Valeur) -> str:
    found = _QUOTE.search(typeset(told.texte))
    return found[0] if found else ""


def _said(voices: Sequence[Finding]) -> list[tuple[str, str, bool]]:
    """A few things said: whose sense it is and the words, what does not work first; else that nothing may be quoted, and why."""
    found = []
    for finding in voices:
        for _, sense, told, *answer in finding.table.lignes if finding.table else ():
            if quote := _first_quote(told):
                found.append(
                    (f"{sense.texte} :", " – ".join([quote, *(one.texte for one in answer[:1])]), finding.exemple)
                )
    first = list(block("voix.tons").values())
    found.sort(key=lambda one: first.index(one[0][:-2]) if one[0][:-2] in first else len(first))
    if found or not voices:
        return found[:PAROLES]
    silent = voices[0]
    said = [f"{write(silent.message)}.", silent.table.legende] if silent.table else silent.manques
    return [("", capital(" ".join(said)), silent.exemple)]


def show_unknown(inconnus: Sequence[tuple[str, str]]) -> Bloc:
    """What is missing, with the reason, each leading to its finding."""
    if not inconnus:
        return _sentence("affichage.blocs.rien_ne_manque")
    # « X », « Y » : no figure in 2021
    parts = ((ident, quoi, *_ABOUT.fullmatch(quoi).groups()) for ident, quoi in inconnus)
    said = grouped(((what, "") if of else ("", quoi), (ident, of or quoi)) for ident, quoi, of, what in parts)
    told = "\n".join(f"- {quoi}" for _, quoi in inconnus)
    return show_all("unknown", [(what, links) for (what, _), links in said.items()], texte=told, de="blocs")


def show_definitions(definitions: Sequence[Definition], sources: Sequence[Source]) -> Bloc:
    """Each indicator in plain words, under our reading of its direction, and the sources with their licence."""
    readings = grouped((label("affichage.blocs.lecture", sens=one.sens), _define(one)) for one in definitions)
    producers = grouped(dict.fromkeys((source.licence, source.producteur) for source in sources))
    listed = [
        label("affichage.blocs.sources", licence=licence, noms=" ; ".join(names))
        for licence, names in producers.items()
    ]
    told = "\n".join(f"{one.nom} : {one.definition}" for one in definitions)
    return show_all("definitions", readings.items(), listed, texte=told, de="blocs")


def _define(one: Definition) -> tuple[str, str]:
    """A name and its definition, without the words by which both begin; no name where the definition holds all its words."""
    name, said = (set(re.findall(r"\w+", words.lower())) for words in (one.nom, one.definition))
    if name <= said:
        return "", one.definition
    share = label("affichage.blocs.part")
    return one.nom, one.definition.removeprefix(share) if capital(one.nom).startswith(share) else one.definition


def show_notes(notes: Mapping[str, int]) -> Bloc:
    """Cautions, each under the number that findings refer to, then the files that their figures come from."""
    said = said_once(notes)
    if not all(notes.values()):
        said.append(label("affichage.constat.fichiers_page"))
    return show_all("notes", said, texte="\n".join(f"{n}. {one}" for n, one in enumerate(said, 1)), de="composants")


def show_list(table: Table, titre: str, *, exemple: bool = False) -> Bloc:
    """A catalogue, one line each: everything is there without scripts; with them, a box keeps the lines that hold the words."""
    if not table.lignes:
        return Bloc(_sentence("affichage.blocs.sans_ligne").html, titre)
    shown = html_table(table, titre, exemple=exemple)
    return show_all("searched", _key(titre), shown, texte=titre, de="blocs", tableau=table)


def _key(titre: str) -> str:
    """What names a list on its page."""
    return hashlib.sha256(titre.encode()).hexdigest()[:8]


def show_demands(demandes: Mapping[str, Sequence[str]]) -> Bloc:
    """What to ask producers for, by what is asked, the most useful first."""
    if not demandes:
        return _sentence("qualite.demandes.aucune")
    told = "\n".join(f"- {title} : {one}" for title, said in demandes.items() for one in said)
    groups = [(title, [("", one) for one in said]) for title, said in demandes.items()]
    return show_all("definitions", groups, (), texte=told, de="blocs")


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
    return show_all("map", drawn, tell_contours(contours, code), texte=describe_map(contours, code), de="blocs")


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
    html = composants("blocs.html.j2").map(overview(contours, liens), tell_contours(contours))
    return Bloc(f"{html}{why}", describe_map(contours))


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
    html = to_html(body)[0] if body else ""
    return Bloc(html, unescape(re.sub("<[^>]*>", "", html)).strip())  # not as written: remarks are not for readers


def _sentence(key: str, kind: str = "", **values: str) -> Bloc:
    said = label(key, **values)
    return show_all("sentence", said, kind, texte=said, de="blocs")
