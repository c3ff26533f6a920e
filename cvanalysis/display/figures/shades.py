"""Shades of one colour for ordered quantities. Owns seaborn, whose import is heavy: only the figures that need it come here."""

from __future__ import annotations

from functools import lru_cache

import seaborn


@lru_cache(maxsize=64)
def shades(colour: str, n: int) -> tuple[str, ...]:
    """`n` shades from dark to light, evenly spaced to the eye."""
    return tuple(reversed(seaborn.light_palette(colour, n + 1).as_hex()[1:]))
