"""What goes to the meetings beside the pages: an A3 poster, and the hand-over file for the writing of the next contract (.docx). Owns their
choice, order and styles; refuses to say anything new.

Each is made of what the executed notebooks state and show, figures included, never computed anew: it can't disagree with the pages, and
costs little. A notebook says which it goes to (`supports` of its metadata). Word's own headings, table headers that repeat, language set to
French, so that the file can be read aloud and worked on. Same inputs, same bytes: no clock enters it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.constat.record import read_line
from cvanalysis.french import typeset
from cvanalysis.publish.files import reserved_for, zipped
from cvanalysis.publish.memory.decision import Slices
from cvanalysis.publish.papers.statements import Shown, shown_in
from cvanalysis.publish.plan import Report
from cvanalysis.territory.contract import Territory

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

    from cvanalysis.pages.preconisations import Recommendation


HANDOVER = "passation.docx"
POSTER = "supports/affiche.html"
WHOLE = (  # key in the ledger and in the metadata of notebooks, file, what it is called
    ("affiche", POSTER, "Affiche du contrat (A3)"),
    ("passation", HANDOVER, "Dossier de passation, pour écrire le prochain contrat (.docx)"),
)

CHAIN = ("preconisations", "paroles", "codes", "immersions", "engagements")
"""Tables that the chains of the préconisations are read from."""

AFFICHE = 6
"""Findings on a poster: what can be read standing up."""

BAS, HAUT, HAUTES = 275, 410, 2
"""Height in pixels up to which a figure is read without effort on a quarter of a poster, up to which one can be read at all, and how
many of those a poster can hold."""


def make_paper(
    out: Path, file: str, of: Sequence[Report], territory: Territory, audience: str, slices: Slices
) -> dict[str, bytes]:
    """One of `WHOLE`, from the executed notebooks of these reports that stand in `out`."""
    parts = [(one.titre, shown_in(out / "notebooks" / f"{one.id}.ipynb")) for one in of]
    found = [one for _, shown in parts for one in shown]
    if file == POSTER:
        return {POSTER: render_poster(territory, found, audience).encode()}
    from cvanalysis.dossier import Dossier

    chains = Dossier(territory, slices.store).recommendations({one["id"]: one["message"] for one in found})
    return {HANDOVER: write_handover(territory, parts, chains, audience)}


def choose(shown: Sequence[Shown], count: int, heights: Mapping[str, float]) -> tuple[Shown, ...]:
    """The findings of most weight that have a figure fit for paper, in the given order; `heights` by number, in pixels.

    From different sections as long as there are some; of equal weight, what is whole comes before what lacks figures.
    """
    ranked = sorted(
        (one for one in shown if one["id"] in heights),
        key=lambda one: (heights[one["id"]] > BAS, -one["poids"], bool(one["manques"])),
    )
    chosen: list[Shown] = []
    for distinct in (True, False):
        for one in ranked:
            taken = distinct and one["section"] in {other["section"] for other in chosen}
            if len(chosen) < count and one not in chosen and not taken:
                chosen.append(one)
    return tuple(sorted(chosen, key=shown.index))


def render_poster(territory: Territory, shown: Sequence[Shown], audience: str = "public") -> str:
    """The A3 poster of the contract: one file, no request."""
    from markupsafe import Markup

    from cvanalysis.publish.page.page import TEMPLATES, font_style, template

    high = {one["id"]: one["figure"]["hauteur"] for one in shown if one["figure"]}
    tall = choose([one for one in shown if BAS < high.get(one["id"], 0) <= HAUT], HAUTES, high)
    short = choose([one for one in shown if high.get(one["id"], HAUT) <= BAS], AFFICHE - len(tall), high)
    said = []
    for one in (*tall, *short) or choose(shown, AFFICHE, high):
        words = {name: typeset(one[name]) for name in ("message", "sous_titre", "source")}
        said.append(one | words | {"image": Markup(one["figure"]["svg"])})  # noqa: S704 - our own drawing
    css = (TEMPLATES / "supports" / "supports.css").read_text(encoding="utf-8")
    return template("supports/affiche.html.j2").render(
        territoire=territory,
        constats=said,
        exemple=any(one["exemple"] for one in said),
        reserve=reserved_for(audience),
        style=Markup(f"{font_style()}\n{css}"),  # noqa: S704 - our own file
    )


# ----------------------------------------------------------------------------------------- the hand-over file

_PRECONISATIONS, _INCONNUS, _ANNEXE = "Préconisations", "Ce qu'on ne sait pas", "Annexe : les tableaux"

FINE = 1.5
"""Points of a picture for each of the page's: fifty of them are to be sent by mail."""

# XML can hold neither most control characters nor lone surrogates: a text that people pasted may have both.
_INTERDITS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_handover(
    territory: Territory,
    parts: Sequence[tuple[str, Sequence[Shown]]],
    recommendations: Sequence[Recommendation],
    audience: str = "public",
) -> bytes:
    """The .docx: contents, préconisations first (they are what the file is for), then the findings by chapter (`parts`: title, findings),
    what is not known, and in an annex the table of each finding."""
    import docx

    document = docx.Document()
    _prepare(document, territory)
    document.add_heading(_clean(f"{territory.contrat} : éléments pour le prochain contrat"), level=0)
    document.add_paragraph(_clean(f"{territory.nom}, édition « {territory.edition.nom} »"))
    if reserve := reserved_for(audience):
        document.add_paragraph(_clean(reserve)).runs[0].bold = True
    said = [one for _, shown in parts for one in shown]
    if any(one["exemple"] for one in said) or any(r.exemple for r in recommendations):
        document.add_paragraph(_clean("Ce document contient des données d'exemple, inventées."))
    chapters = [_PRECONISATIONS, *(titre for titre, _ in parts), _INCONNUS, _ANNEXE]
    _field(document.add_paragraph(), r'TOC \o "1-2" \h \z', "\n".join(map(_clean, chapters)))
    _recommendations(document, territory, recommendations)
    for titre, shown in parts:
        document.add_heading(_clean(titre), level=1)
        for one in shown:
            _finding(document, one)
    unknown = list(dict.fromkeys(what for one in said for what in one["manques"]))
    document.add_heading(_clean(_INCONNUS), level=1)
    for what in unknown or ["Rien n'a été signalé."]:
        document.add_paragraph(_clean(what), style="List Bullet")
    document.add_heading(_clean(_ANNEXE), level=1).paragraph_format.page_break_before = True
    for dit in (one for one in said if one["colonnes"]):
        document.add_heading(_clean(f"{dit['sous_titre'] or dit['question']} (constat {dit['id']})"), level=2)
        _table(document, dit)
    packed = io.BytesIO()
    document.save(packed)
    with zipfile.ZipFile(packed) as source:  # its parts in one order, without the time at which it was packed
        names = sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        return zipped({name: source.read(name) for name in names})


def _clean(text: str) -> str:
    return _INTERDITS.sub("", typeset(text))


def _prepare(document: Document, territory: Territory) -> None:
    from docx.shared import Cm, Pt

    style = document.styles["Normal"]
    style.font.name = "Arial"
    style.font.size = Pt(10.5)
    _add(style.element.get_or_add_rPr(), "w:lang", {"w:val": "fr-FR"})
    for section in document.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2)
        foot = section.footer.paragraphs[0]
        foot.text = _clean(f"{territory.contrat}, {territory.nom}, édition « {territory.edition.nom} », page ")
        _field(foot, "PAGE", "1")
    day = datetime.fromisoformat(territory.maj) if territory.maj else datetime(territory.fin, 1, 1)  # noqa: DTZ001 - a declared date, not a clock
    core = document.core_properties
    core.title = _clean(f"{territory.contrat} : éléments pour le prochain contrat")
    core.language, core.revision = "fr-FR", 1
    core.author = core.comments = core.last_modified_by = ""
    core.created = core.modified = day


def _add(element: Any, name: str, attributes: dict[str, str]) -> Any:
    """Something of Word's own that python-docx does not know, inside an element."""
    from docx.oxml.ns import qn

    made = element.makeelement(qn(name), {qn(key): value for key, value in attributes.items()})
    element.append(made)
    return made


def _said(document: Document, label: str, text: str, style: str | None = None) -> None:
    paragraph = document.add_paragraph(style=style)
    paragraph.add_run(_clean(f"{label} : ")).bold = True
    paragraph.add_run(_clean(text))


def _field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    """A text that the word processor works out: page number, contents. `shown` stands there until it does."""
    for kind in ("begin", "", "separate", "shown", "end"):
        run = paragraph.add_run(shown if kind == "shown" else "")
        name, attributes = (
            ("w:fldChar", {"w:fldCharType": kind}) if kind else ("w:instrText", {"xml:space": "preserve"})
        )
        if kind != "shown":
            _add(run._r, name, attributes).text = None if kind else instruction  # noqa: SLF001 - no public name


def _recommendations(document: Document, territory: Territory, recommendations: Sequence[Recommendation]) -> None:
    from cvanalysis.pages.preconisations import told

    document.add_heading(_clean(_PRECONISATIONS), level=1)
    if not recommendations:
        document.add_paragraph(_clean("Aucune préconisation n'est encore écrite."))
    for theme in territory.themes:
        mine = [r for r in recommendations if r.theme == theme.id]
        if not mine:
            continue
        document.add_heading(_clean(theme.nom), level=2)
        for r in mine:
            document.add_heading(_clean(f"{r.id}. {r.texte}"), level=3)
            chain = (
                ("Question", r.question),
                ("Preuves", told(r.preuves)),
                ("Constats", ", ".join(r.constats) or "aucun"),
                ("Qui", r.qui or "non dit"),
                ("Pour quand", r.echeance or "non dit"),
                ("À quoi on le verra", r.suivi or "non dit"),
                ("Valeur de départ", r.depart or "non dite"),
                ("Cible", r.cible or "non dite"),
                ("Statut", r.statut or "proposée"),
            )
            if r.manque:
                chain += (("Reste à étayer", " ; ".join(r.manque)),)
            for label, text in chain:
                _said(document, label, text, "List Bullet")


def _finding(document: Document, dit: Shown) -> None:
    document.add_heading(_clean(dit["message"]), level=2)
    document.add_paragraph(
        _clean(f"{dit['sous_titre']} (constat {dit['id']}{', tableau en annexe' if dit['colonnes'] else ''})")
    )
    if dit["figure"] is not None:
        _picture(document, dit["figure"])
    for label, text in (
        ("Lecture", dit["lecture"]),
        ("Champ", dit["champ"]),
        ("Source", dit["source"]),
        *(("À savoir", said) for said in dit["precautions"]),
    ):
        if text:
            _said(document, label, text)
    if dit["exemple"]:
        document.add_paragraph(_clean("Données d'exemple."))


def _picture(document: Document, drawing: dict[str, Any]) -> None:
    """The drawing of its page, no larger than the sheet, with its alternative."""
    import resvg_py
    from docx.shared import Cm

    from cvanalysis.display import font

    letters = [str(ttf) for ttf, _ in font.files().values()]
    svg = drawing["svg"].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)  # which a page does without
    png = resvg_py.svg_to_bytes(svg, background="#ffffff", skip_system_fonts=True, font_files=letters, zoom=FINE)
    shown = document.add_picture(io.BytesIO(png))
    scale = min(1 / FINE, Cm(17) / shown.width, Cm(21) / shown.height)
    shown.width, shown.height = int(shown.width * scale), int(shown.height * scale)
    properties = shown._inline.docPr  # noqa: SLF001 - python-docx has no public name for an alternative
    properties.set("descr", _clean(drawing["alternative"]))


def _table(document: Document, dit: Shown) -> None:
    from cvanalysis.display.phrases import say

    grid = document.add_table(rows=1 + len(dit["lignes"]), cols=len(dit["colonnes"]), style="Table Grid")
    head, *rows = grid.rows
    for cell, name in zip(head.cells, dit["colonnes"], strict=True):
        cell.paragraphs[0].add_run(_clean(name)).bold = True
    # python-docx has no public name for a repeated header.
    _add(head._tr.get_or_add_trPr(), "w:tblHeader", {"w:val": "true"})  # noqa: SLF001
    for row, line in zip(rows, dit["lignes"], strict=True):
        for cell, value in zip(row.cells, read_line(line), strict=True):
            cell.text = _clean(say(value))
    if dit["legende"]:
        document.add_paragraph(_clean(dit["legende"]))
