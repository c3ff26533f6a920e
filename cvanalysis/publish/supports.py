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

if TYPE_CHECKING:
    from jinja2 import Template

    from cvanalysis.findings.finding import Finding
    from cvanalysis.territory import Quartier, Territory, Theme

PAR_FEUILLE = 3
LISIBLES = 10
"""Lines of a figure beyond which paper is no place for it: taken only where there is nothing else."""
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

    From different sections as long as there are some; the given order settles ties.
    """
    shown = sorted((f for f in findings if f.figure is not None), key=lambda f: (_rows(f) > LISIBLES, -f.poids))
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
    return len(series) if finding.figure.genre == "matrice" else max((len(s.points) for s in series), default=0)


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
    chosen = choose(findings, AFFICHE)
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
    return environment.get_template(name)
