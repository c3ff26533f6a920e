"""Events down a time line, in the order of their dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Valeur
from cvanalysis.display.figures.marks import RULE, Palette, looks
from cvanalysis.display.figures.sheet import LINE, WIDTH, Margins, name_rows, open_axes, put_marks, widest, wrap
from cvanalysis.display.phrases import say
from cvanalysis.french import MOIS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOIS = re.compile(rf"\b({'|'.join(MOIS)}) (?=\d)")
_DATE = re.compile(r"(?:(\d{1,2})/)?(?:(\d{1,2})/)?(\d{4})|(\d{4})-(\d{2})(?:-(\d{2}))?")


def events(data: Figure, *, ax: Axes | None = None, palette: Palette = {}, width: float = WIDTH) -> Axes:  # noqa: B006
    """Draw `frise` on `ax` (one of its own by default): the date at the left of the line, the event at its right; returns the Axes.

    A point's value is its date: `texte` (`21/02/2014`, `2014-02-21`, `décembre 2019`, `2019`) or a year as a number.
    """
    seen = looks([s.role for s in data.series], palette)
    keys = tuple((s.nom, k) for s, k in zip(data.series, seen, strict=True)) if len(data.series) > 1 else ()
    found = [(when(p.valeur), p, k) for s, k in zip(data.series, seen, strict=True) for p in s.points]
    found.sort(key=lambda event: event[0])
    left = widest(say(p.valeur) for _, p, _ in found) + 16
    texts = [wrap(p.etiquette, width - left - 18) for _, p, _ in found]
    ys, y, previous = [], 0.0, None
    for (at, *_), text in zip(found, texts, strict=True):
        # A long silence is seen, but a page is not spent on it.
        y += min(26, max(0, at - previous - 0.5) * 9) if previous is not None and at < 9999 else 0
        ys.append(y + LINE / 2)
        y += LINE * len(text) + 9
        previous = at if at < 9999 else previous
    ax = open_axes(ax, width, y, Margins(left, 0, 4, (data.axe, keys)))
    across = width - left
    ax.set_xlim(0, across)
    ax.xaxis.set_visible(False)
    name_rows(ax, left, ys, y, (([say(p.valeur)], False) for _, p, _ in found))
    ax.axvline(0, color=RULE, linewidth=2, clip_on=False)
    for (_, point, this), text, at in zip(found, texts, ys, strict=True):
        sure = Valeur(0) if point.valeur.statut == "publié" else Valeur(0, "suspect")
        put_marks(ax, [(0, sure)], [at], this)
        ax.text(15, at - LINE / 2 + 1, "\n".join(text), va="top")
    return ax


def when(value: Valeur) -> float:
    """The date as a number of years; unknown ones come last."""
    if value.valeur is not None:
        return float(value.valeur)
    text = _MOIS.sub(lambda month: f"{MOIS.index(month[1]) + 1}/", value.texte)
    found = _DATE.search(text)
    if not found:
        return 9999.0
    one, two, french, iso, month, day = found.groups()
    if iso:
        return _years(iso, month, day)
    return _years(french, two, one) if two else _years(french, one, None)


def _years(year: str, month: str | None, day: str | None) -> float:
    """A year alone is its first day: December must not reach into the next year."""
    return int(year) + (int(month or 1) - 1) / 12 + (int(day or 1) - 1) / 372
