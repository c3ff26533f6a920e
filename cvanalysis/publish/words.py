"""How the build speaks to a terminal: places, counts, durations. Owns these few words; refuses to print."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

Say = Callable[[str], None]


def shown(path: Path) -> str:
    """A path as a person at this place would type it."""
    with contextlib.suppress(ValueError):
        return str(path.resolve().relative_to(Path.cwd()))
    return str(path)


def count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number > 1 else ''}"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f}".replace(".", ",") + "\N{NO-BREAK SPACE}s"
    return f"{int(seconds // 60)}\N{NO-BREAK SPACE}min {int(seconds % 60)}\N{NO-BREAK SPACE}s"
