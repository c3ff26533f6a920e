"""L'évaluation d'un contrat de ville, des fichiers de l'Insee aux pages que l'on partage.

    import cvanalysis as cv
    dossier = cv.ouvrir()           # le territoire ; help(dossier) : ses tables et ses pages
    fiche = dossier.fiche("…")      # un code, un nom, ou des mots du nom
    fiche.constat("revenus-03")     # un constat : titre, figure, tableau, source
    cv.montrer(figure, alt="…")     # une figure à vous, dans une page
    couleurs = cv.style()           # pour elle, notre police ; la couleur de chaque rôle

docs/carnets.md a les recettes.
"""

# The names are loaded on first use: the command line must not pay for pandas to say that nothing has changed.

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
