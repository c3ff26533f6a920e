"""Printed supports for the meetings: A4 sheets for a « promenade des données », an A3 poster. Owns their choice of findings.

A sheet shows three findings and three questions, room to write, and the number under which to report what was said: that number is
what a `constat` column takes. Everything comes from findings; templates are in `templates/supports/`; one file each, no request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from cvanalysis.display.alternatives import describe
from cvanalysis.display.figures import draw
from cvanalysis.display.french import typeset
from cvanalysis.display.phrases import write
from cvanalysis.publish.page import css_string

if TYPE_CHECKING:
    from jinja2 import Template

    from cvanalysis.findings.finding import Finding
    from cvanalysis.territory import Quartier, Territory, Theme

PAR_FEUILLE = 3
LISIBLES = 10
"""Lines of a figure beyond which a sheet is no place for it: taken only where there is nothing else."""
LISIBLES_AFFICHE, HAUTES = 16, 2
"""Lines of a figure beyond which a poster too is no place for it, and how many figures of more than `LISIBLES` it can hold."""
AFFICHE = 6
"""Findings on a poster: what can be read standing up."""


@dataclass(frozen=True, slots=True)
class Support:
    """A printable page: its path under the edition's folder, its HTML, the findings shown."""

    path: str
    html: str
    constats: tuple[str, ...]


def choose(findings: Sequence[Finding], count: int) -> tuple[Finding, ...]:
    """The findings of most weight that have a figure fit for paper, in the given order.

    From different sections as long as there are some; of equal weight, what is whole comes before what lacks figures.
    """
    shown = sorted(
        (f for f in findings if f.figure is not None), key=lambda f: (_rows(f) > LISIBLES, -f.poids, bool(f.manques))
    )
    chosen: list[Finding] = []
    for distinct in (True, False):
        for finding in shown:
            if (
                len(chosen) < count
                and finding not in chosen
                and not (distinct and finding.section in {c.section for c in chosen})
            ):
                chosen.append(finding)
    return tuple(sorted(chosen, key=findings.index))


def _rows(finding: Finding) -> int:
    """How many lines the figure has to be read over."""
    series = finding.figure.series
    by_series = finding.figure.genre == "matrice" or finding.figure.facettes
    return len(series) if by_series else max((len(s.points) for s in series), default=0)


def render_sheet(territory: Territory, subject: Theme | Quartier, findings: Sequence[Finding]) -> Support:
    """The A4 sheet of a theme or of a quarter, on two sides: `supports/feuille-<id>.html`."""
    ident = getattr(subject, "code", None) or subject.id
    chosen = choose(findings, PAR_FEUILLE)
    html = _template("feuille.html.j2").render(
        titre=subject.nom,
        territoire=territory,
        constats=[_shown(f, territory.palette) for f in chosen],
        exemple=any(f.exemple for f in chosen),
        style=_style(),
    )
    return Support(f"supports/feuille-{ident}.html", html, tuple(f.id for f in chosen))


def render_poster(territory: Territory, findings: Sequence[Finding]) -> Support:
    """The A3 poster of the contract: `supports/affiche.html`."""
    tall = choose([f for f in findings if f.figure and LISIBLES < _rows(f) <= LISIBLES_AFFICHE], HAUTES)
    short = choose([f for f in findings if f.figure and _rows(f) <= LISIBLES], AFFICHE - len(tall))
    chosen = (*tall, *short) or choose(findings, AFFICHE)
    html = _template("affiche.html.j2").render(
        territoire=territory,
        constats=[_shown(f, territory.palette) for f in chosen],
        exemple=any(f.exemple for f in chosen),
        style=_style(),
    )
    return Support("supports/affiche.html", html, tuple(f.id for f in chosen))


def _shown(finding: Finding, palette: Mapping[str, str | tuple[str, ...]]) -> dict[str, object]:
    svg = draw(finding.figure, palette)
    return {
        "id": finding.id,
        "titre": typeset(write(finding.message)),
        "question": typeset(finding.question),
        "sous_titre": typeset(finding.sous_titre),
        "source": typeset(finding.source),
        "image": Markup("data:image/svg+xml," + quote(svg, safe=" =:/'(),;")),  # noqa: S704 - percent-encoded here
        "alt": describe(finding),
        "exemple": finding.exemple,
        "haute": _rows(finding) > LISIBLES,
    }


@cache
def _style() -> Markup:
    css = files("cvanalysis.publish").joinpath("templates", "supports", "supports.css").read_text(encoding="utf-8")
    return Markup(css)  # noqa: S704 - our own file


@cache
def _template(name: str) -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("cvanalysis.publish", "templates/supports"), undefined=StrictUndefined, autoescape=True
    )
    environment.filters["css_string"] = css_string
    return environment.get_template(name)
