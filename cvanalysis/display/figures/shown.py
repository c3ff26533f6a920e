"""A figure that an analyst made, as a page shows it: with the words of whoever does not see it. Refuses a figure without them."""

from __future__ import annotations

import io
import sys
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import numpy as np

from cvanalysis.display.figures.sheet import apply_style
from cvanalysis.errors import UsageError
from cvanalysis.french import typeset
from cvanalysis.territory.look import PALETTE
from cvanalysis.textes import label


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
    """Show a matplotlib or seaborn figure (itself, its Axes, what `plt.subplots` or `sns.catplot` gave) with its alternative.

    `alt` says in one French sentence what the eye would see: kind of figure, message. `UsageError` where it is empty.
    """
    if not alt.strip():
        raise UsageError(label("affichage.image.sans_alt"))
    first = np.ravel(np.asarray(figure, dtype=object))[0]
    sheet = first.figure
    out = io.BytesIO()
    sheet.savefig(out, format="png", dpi=144, bbox_inches="tight", metadata={"Software": None})
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(sheet)  # else it would be shown a second time at the end of the cell
    return Shown(out.getvalue(), typeset(alt.strip()))


def style(dossier: Any = None) -> dict[str, str | tuple[str, ...]]:
    """Give matplotlib, and seaborn with it, the font and looks of our figures from here on; returns the colour of each role.

    `sujet` (the quarter), `commune`, `epci`, `france_qpv`, `autre`, `femmes`, `hommes`, and `part` (several, for shares): those that the
    contract of `dossier` declares, else ours.
    """
    apply_style()
    return dict(dossier.territory.palette if dossier is not None else PALETTE)
