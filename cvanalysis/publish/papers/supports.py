"""The printed support of the meetings that is no page: an A3 poster. Owns its choice of findings.

Everything, figures included, is what the pages show; its template is in `templates/supports/`; one file, no request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from cvanalysis.french import typeset
from cvanalysis.publish.page.page import font_style, reserved_for, template

if TYPE_CHECKING:
    from cvanalysis.publish.papers.statements import Shown
    from cvanalysis.territory.contract import Territory


AFFICHE = 6
"""Findings on a poster: what can be read standing up."""

BAS, HAUT, HAUTES = 275, 410, 2
"""Height in pixels up to which a figure is read without effort on a quarter of a poster, up to which one can be read at all, and how
many of those a poster can hold."""


@dataclass(frozen=True, slots=True)
class Support:
    """A printable page: its path under the edition's folder, its HTML, the findings shown."""

    path: str
    html: str
    constats: tuple[str, ...]


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
            if (
                len(chosen) < count
                and one not in chosen
                and not (distinct and one.dit["section"] in {c.dit["section"] for c in chosen})
            ):
                chosen.append(one)
    return tuple(sorted(chosen, key=shown.index))


def render_poster(territory: Territory, shown: Sequence[Shown], audience: str = "public") -> Support:
    """The A3 poster of the contract: `supports/affiche.html`."""
    from cvanalysis.display.figures import trace

    high = {}
    for one in shown:
        if one.figure is not None:
            high[one.id] = trace(one.figure, territory.palette).figure.get_figheight() * 72
    tall = choose([one for one in shown if BAS < high.get(one.id, 0) <= HAUT], HAUTES, high)
    short = choose([one for one in shown if high.get(one.id, HAUT) <= BAS], AFFICHE - len(tall), high)
    chosen = (*tall, *short) or choose(shown, AFFICHE, high)
    html = template("supports/affiche.html.j2").render(
        territoire=territory,
        constats=[_said(one, territory) for one in chosen],
        exemple=any(one.dit["exemple"] for one in chosen),
        reserve=reserved_for(audience),
        style=_style(),
    )
    return Support("supports/affiche.html", html, tuple(one.id for one in chosen))


def _said(one: Shown, territory: Territory) -> dict[str, object]:
    from cvanalysis.display.alternatives import describe
    from cvanalysis.display.figures import draw

    drawn = draw(one.figure, territory.palette, describe(one.figure, one.dit["message"], one.id))
    words = {
        name: typeset(one.dit[key])
        for name, key in (("titre", "message"), ("sous_titre", "sous_titre"), ("source", "source"))
    }
    return words | {"id": one.id, "image": Markup(drawn), "exemple": one.dit["exemple"]}  # noqa: S704 - our own drawing


@cache
def _style() -> Markup:
    css = files("cvanalysis.publish").joinpath("templates", "supports", "supports.css").read_text(encoding="utf-8")
    return Markup(f"{font_style()}\n{css}")  # noqa: S704 - our own file
