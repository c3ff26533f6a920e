"""cvanalysis: the evaluation of a contrat de ville, from INSEE's published files to pages that can be shared.

    import cvanalysis as cv
    dossier = cv.ouvrir()
    fiche = dossier.fiche("…")
    fiche.constat("revenus-03")
    cv.montrer(figure, alt="…")
    couleurs = cv.style()  # the font and looks of our figures for one's own, the colour of each role

The names are loaded on first use: the command line must not pay for pandas to say that nothing has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cvanalysis.display.figures import montrer, style
    from cvanalysis.dossier import Dossier, ouvrir
    from cvanalysis.errors import CvanalysisError

__all__ = ["CvanalysisError", "Dossier", "montrer", "ouvrir", "style"]

_HOMES = {
    "Dossier": "cvanalysis.dossier",
    "ouvrir": "cvanalysis.dossier",
    "montrer": "cvanalysis.display.figures",
    "style": "cvanalysis.display.figures",
    "CvanalysisError": "cvanalysis.errors",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'cvanalysis' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
