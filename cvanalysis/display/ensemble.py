"""What a page shows of all at once: quarters, engagements, partners, préconisations. Owns the way to their macros.

The macros, with what each is given, are in `ensemble.html.j2` beside this file. Refuses to compute: what they show is what findings say.
"""

from __future__ import annotations

from typing import Any

from cvanalysis.display.composants import composants
from cvanalysis.display.constat import Bloc


def show_all(macro: str, *given: Any, texte: str = "") -> Bloc:
    """What a macro gives, and the words that stand for it in a notebook."""
    return Bloc(str(getattr(composants("ensemble.html.j2"), macro)(*given)), texte)
