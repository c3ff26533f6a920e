"""What goes to the meetings beside the pages. Owns which poster and hand-over file an edition has, and what the A3 poster shows.

Each is made of what the executed notebooks state and show, figures included, never computed anew: it can't disagree with the pages, and
costs little. A notebook says which it goes to (`supports` of its metadata).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cvanalysis.french import typeset
from cvanalysis.publish.papers.statements import Shown, shown_in

if TYPE_CHECKING:
    from cvanalysis.publish.memory.slices import Slices
    from cvanalysis.publish.plan import Report
    from cvanalysis.territory.contract import Territory


HANDOVER = "passation.docx"
POSTER = "supports/affiche.html"
WHOLE = (
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


@dataclass(frozen=True, slots=True)
class Paper:
    """One thing to print or hand over: its key, its file, what it is called, the reports that it is made of (id → title)."""

    key: str
    file: str
    titre: str
    of: dict[str, str]


def papers_of(reports: Iterable[Report]) -> list[Paper]:
    """What these reports give: the poster and the hand-over file."""
    reports = list(reports)
    papers = []
    for key, file, titre in WHOLE:
        of = sorted((one for one in reports if key in one.supports), key=lambda one: one.supports[key])
        if any(one.genre == "contrat" for one in of):
            papers.append(Paper(key, file, titre, {one.id: one.titre for one in of}))
    return papers


def make_paper(out: Path, paper: Paper, territory: Territory, audience: str, slices: Slices) -> dict[str, bytes]:
    """The file of a paper, from the executed notebooks that stand in `out`."""
    parts = [(titre, shown_in(out / "notebooks" / f"{key}.ipynb")) for key, titre in paper.of.items()]
    found = [one for _, shown in parts for one in shown]
    if paper.file == POSTER:
        return {POSTER: render_poster(territory, found, audience).encode()}
    from cvanalysis.dossier import Dossier
    from cvanalysis.publish.papers.handover import write_handover

    chains = Dossier(territory, slices.store).recommendations({one.id: one.dit["message"] for one in found})
    return {HANDOVER: write_handover(territory, parts, chains, audience)}


def choose(shown: Sequence[Shown], count: int, heights: Mapping[str, float]) -> tuple[Shown, ...]:
    """The findings of most weight that have a figure fit for paper, in the given order; `heights` by number, in pixels.

    From different sections as long as there are some; of equal weight, what is whole comes before what lacks figures.
    """
    ranked = sorted(
        (one for one in shown if one.id in heights),
        key=lambda one: (heights[one.id] > BAS, -one.dit["poids"], bool(one.dit["manques"])),
    )
    chosen: list[Shown] = []
    for distinct in (True, False):
        for one in ranked:
            taken = distinct and one.dit["section"] in {other.dit["section"] for other in chosen}
            if len(chosen) < count and one not in chosen and not taken:
                chosen.append(one)
    return tuple(sorted(chosen, key=shown.index))


def render_poster(territory: Territory, shown: Sequence[Shown], audience: str = "public") -> str:
    """The A3 poster of the contract: one file, no request."""
    from markupsafe import Markup

    from cvanalysis.display.alternatives import describe
    from cvanalysis.display.figures import draw, trace
    from cvanalysis.publish.page.page import TEMPLATES, font_style, reserved_for, template

    high = {
        one.id: trace(one.figure, territory.palette).figure.get_figheight() * 72
        for one in shown
        if one.figure is not None
    }
    tall = choose([one for one in shown if BAS < high.get(one.id, 0) <= HAUT], HAUTES, high)
    short = choose([one for one in shown if high.get(one.id, HAUT) <= BAS], AFFICHE - len(tall), high)
    said = []
    for one in (*tall, *short) or choose(shown, AFFICHE, high):
        words = {name: typeset(one.dit[name]) for name in ("message", "sous_titre", "source")}
        drawn = draw(one.figure, territory.palette, describe(one.figure, one.dit["message"], one.id))
        said.append(one.dit | words | {"image": Markup(drawn)})  # noqa: S704 - our own drawing
    css = (TEMPLATES / "supports" / "supports.css").read_text(encoding="utf-8")
    return template("supports/affiche.html.j2").render(
        territoire=territory,
        constats=said,
        exemple=any(one["exemple"] for one in said),
        reserve=reserved_for(audience),
        style=Markup(f"{font_style()}\n{css}"),  # noqa: S704 - our own file
    )
