"""What goes to the meetings beside the pages. Owns which poster and hand-over file an edition has, and how each is made.

Each is made of what the executed notebooks state and show, never computed anew: it can't disagree with the pages, and costs little.
A notebook says which it goes to (`supports` of its metadata). Refuses to choose what a poster shows (`supports` does).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cvanalysis.publish.papers.statements import Shown, shown_in

if TYPE_CHECKING:
    from pathlib import Path

    from cvanalysis.publish.memory.slices import Slices
    from cvanalysis.publish.plan import Report
    from cvanalysis.territory.contract import Territory


HANDOVER = "passation.docx"
POSTER = "affiche"
WHOLE = (
    (POSTER, f"supports/{POSTER}.html", "Affiche du contrat (A3)"),
    ("passation", HANDOVER, "Dossier de passation, pour écrire le prochain contrat (.docx)"),
)

CHAIN = ("preconisations", "paroles", "codes", "immersions", "engagements")
"""Tables that the chains of the préconisations are read from."""


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


def make_paper(out: Path, paper: Paper, territory: Territory, audience: str, slices: Slices) -> bytes:
    """The file of a paper, from the executed notebooks that stand in `out`."""
    from cvanalysis.publish.papers.supports import render_poster

    shown = {key: _shown(out, key) for key in paper.of}
    if paper.file == HANDOVER:
        return _make_handover(territory, audience, slices, {paper.of[key]: found for key, found in shown.items()})
    found = [one for some in shown.values() for one in some]
    return render_poster(territory, found, audience).html.encode()


def _shown(out: Path, report: str) -> tuple[Shown, ...]:
    return shown_in(json.loads((out / "notebooks" / f"{report}.ipynb").read_bytes()))


def _make_handover(
    territory: Territory, audience: str, slices: Slices, chapters: dict[str, tuple[Shown, ...]]
) -> bytes:
    from cvanalysis.dossier import Dossier
    from cvanalysis.publish.papers.handover import Part, write_handover

    parts = [Part(titre, shown) for titre, shown in chapters.items()]
    known = {one.id: one.dit["message"] for shown in chapters.values() for one in shown}
    return write_handover(territory, parts, Dossier(territory, slices.store).recommendations(known), audience)
