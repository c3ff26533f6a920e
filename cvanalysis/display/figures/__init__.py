"""Claims → pictures: axes-level functions in seaborn's convention (a figure in, `ax=` accepted, the Axes returned), and their SVG.

Refuses to compute or to choose what is shown. In all of them: no meaning is borne by colour alone (shape, dash, position or words say it
too); a value that is missing has the mark of its reason, never that of a 0; a suspect one is crossed or hatched; numbers are in French; the
same figure gives the same bytes. A figure that an analyst made is shown as it is, with the words of whoever does not see it, never without.
"""

import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.backends import backend_registry

from cvanalysis.constat.shape import Figure, Point, Serie, Valeur
from cvanalysis.display import font
from cvanalysis.display.figures.lines import lines
from cvanalysis.display.figures.marks import INK, Palette
from cvanalysis.display.figures.rows import events, matrix, rows, turned
from cvanalysis.display.figures.sheet import BLANKS, SIZE, WIDTH, blank, house_style, picture, styled
from cvanalysis.display.figures.svg import write_svg
from cvanalysis.errors import UsageError
from cvanalysis.french import typeset
from cvanalysis.territory.look import PALETTE
from cvanalysis.textes import label

Draw = Callable[..., "Axes"]


class Drawing(NamedTuple):
    """A figure as a page holds it, with what whoever shows it elsewhere asks of it: its words, its height in pixels."""

    svg: str
    alternative: str
    hauteur: int


_MANY = 5


def _shares(data: Figure, **how: object) -> Axes:
    """Shares of a few zones compare best share by share; those of many zones are a table in shades."""
    series = turned(data)
    return rows(data, **how) if len(series) <= _MANY else matrix(replace(data, series=series), **how)


_GENRES: dict[str, Draw] = {
    "points": rows,
    "barres": rows,
    "paires": rows,
    "rang": rows,
    "parts": _shares,
    "lignes": lines,
    "matrice": matrix,
    "frise": events,
}


def trace(figure: Figure, palette: Palette, ax: Axes | None = None, width: float = WIDTH) -> Axes:
    """The figure on `ax`, or on a sheet of its own `width` points wide (358: a phone's column; 640: a page's); returns the Axes."""
    with styled():
        return _GENRES[figure.genre](_in_french(figure), ax=ax, palette=palette, width=width)


def draw(figure: Figure, palette: Palette, alternative: str, width: float = WIDTH) -> Drawing:
    """The figure as an `<svg>` of the page, read aloud as `alternative`."""
    with styled():
        axes = _GENRES[figure.genre](_in_french(figure), palette=palette, width=width)
        wide, tall, body = write_svg(axes.figure)
    svg = (
        f'<svg class="fig" role="img" aria-label="{escape(alternative)}" viewBox="0 0 {wide:.0f} {tall:.0f}" width="{wide:.0f}" '
        f'height="{tall:.0f}" font-family="{font.STACK}" font-size="{SIZE}" fill="{INK}">{body}</svg>'
    )
    return Drawing(svg, alternative, round(tall))


def _in_french(figure: Figure) -> Figure:
    """The same figure with the no-break spaces and apostrophes that its words want, so that no line ends before a `%`."""
    series = tuple(
        replace(s, nom=typeset(s.nom), points=tuple(replace(p, etiquette=typeset(p.etiquette)) for p in s.points))
        for s in figure.series
    )
    ruptures = tuple(map(typeset, figure.ruptures))
    return replace(figure, axe=typeset(figure.axe), series=series, ruptures=ruptures, sujet=typeset(figure.sujet))


def warm() -> None:
    """Do what the first figure would have to: for the process that report runners are forked from."""
    draw(Figure("barres", "a", (Serie("a", "sujet", (Point("a", Valeur(1.0)),)),)), {}, "a")
    with styled():
        BLANKS.extend(blank() for _ in range(24))
    backend_registry.list_all()  # looks for those that are installed: each notebook chooses one


# ------------------------------------------------------------------------------------- the figures of an analyst


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A picture (PNG, two pixels for each of the page's) and its alternative; displays itself in JupyterLab and in the pages."""

    png: bytes
    alt: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        width = int.from_bytes(self.png[16:20], "big") // 2  # where a PNG says it
        data = {"image/png": b64encode(self.png).decode(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt, "width": width}}

    def __repr__(self) -> str:
        return self.alt


def montrer(figure: Any, alt: str) -> Shown:
    """Montre une figure de matplotlib ou de seaborn (elle, ses Axes, ce qu'ont rendu `plt.subplots` ou `sns.catplot`) avec son alternative.

    `alt` dit en une phrase ce que verrait l'œil : la sorte de figure, son message. Vide, ou sans figure, `UsageError`.
    """
    if not alt.strip():
        raise UsageError(label("affichage.image.sans_alt"))
    sheet = getattr(next(iter(np.ravel(np.asarray(figure, dtype=object))), None), "figure", None)
    if sheet is None:
        raise UsageError(label("affichage.image.sans_figure"))
    png = picture(sheet)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(sheet)  # else it would be shown a second time at the end of the cell
    return Shown(png, typeset(alt.strip()))


def style(dossier: Any = None) -> dict[str, str | tuple[str, ...]]:
    """Donne à matplotlib, donc à seaborn, la police et l'allure de nos figures, à partir d'ici ; rend la couleur de chaque rôle.

    `sujet` (le quartier), `commune`, `epci`, `france_qpv`, `autre`, `femmes`, `hommes`, et `part` (plusieurs, pour des parts) : celles du
    contrat de `dossier`, sinon les nôtres.
    """
    rcParams.update(house_style() | {"figure.constrained_layout.use": True})  # room for the names of axes
    return dict(dossier.territory.palette if dossier is not None else PALETTE)
