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
from cvanalysis.textes import label

if TYPE_CHECKING:
    from docx.document import Document

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

FINE = 4 / 3
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
    from docx.oxml import parse_xml

    from cvanalysis.pages.preconisations import told
    from cvanalysis.publish.page.page import template

    document = docx.Document()
    titre = typeset(label("preconisations.passation.titre", contrat=territory.contrat))
    _prepare(document, territory, titre)
    written = template("supports/passation.xml.j2").render(
        territoire=territory,
        titre=titre,
        parties=parts,
        chaines=recommendations,
        preuves=told,
        valeurs=read_line,
        reserve=reserved_for(audience),
        images=_pictures(document, [one for _, shown in parts for one in shown if one["figure"]]),
    )
    foot, body = parse_xml(_INTERDITS.sub("", written))
    document.element.body[:0] = body
    document.sections[0].footer.part.element[:] = foot
    packed = io.BytesIO()
    document.save(packed)
    with zipfile.ZipFile(packed) as source:  # its parts in one order, without the time at which it was packed
        names = sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        return zipped({name: source.read(name) for name in names})


def _prepare(document: Document, territory: Territory, titre: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    style = document.styles["Normal"]
    style.font.name = "Arial"
    style.font.size = Pt(10.5)
    style.element.get_or_add_rPr().append(OxmlElement("w:lang", {qn("w:val"): "fr-FR"}))
    [section] = document.sections
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    day = datetime.fromisoformat(territory.maj) if territory.maj else datetime(territory.fin, 1, 1)  # noqa: DTZ001 - a declared date, not a clock
    core = document.core_properties
    core.title = _INTERDITS.sub("", titre)
    core.language, core.revision = "fr-FR", 1
    core.author = core.comments = core.last_modified_by = ""
    core.created = core.modified = day


def _pictures(document: Document, shown: Sequence[Shown]) -> dict[str, dict[str, Any]]:
    """The drawings of the pages as pictures in the document, no larger than a sheet: by finding, what its text names each by."""
    import resvg_py
    from docx.shared import Cm, Pt

    from cvanalysis.display import font

    letters = [str(ttf) for ttf, _ in font.files().values()]
    found = {}
    for number, one in enumerate(shown, 1):
        # which a page does without
        svg = one["figure"]["svg"].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        png = resvg_py.svg_to_bytes(svg, background="#ffffff", skip_system_fonts=True, font_files=letters, zoom=FINE)
        relation, image = document.part.get_or_add_image(io.BytesIO(png))
        sides = [Pt(pixels / FINE) for pixels in (image.px_width, image.px_height)]
        scale = min(1, Cm(17) / sides[0], Cm(21) / sides[1])
        cx, cy = (int(side * scale) for side in sides)
        found[one["id"]] = {"relation": relation, "number": number, "cx": cx, "cy": cy}
    return found
