"""Whose a folder of pages or tables is: one build at a time, one audience at a time. Owns the lock and the clearing; refuses to write."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cvanalysis.errors import UsageError
from cvanalysis.publish.words import shown

LOCK = "verrou"


def clear_other_audience(out: Path, audience: str) -> bool:
    """Empty an edition that was built for another audience; True when it was.

    Nothing of it may stay, whatever this build makes or fails to make: a page for the team is not to be handed out with the public's.
    """
    mark = out / ".etat" / "audience"
    before = mark.read_text(encoding="ascii") if mark.exists() else audience
    if before != audience:
        for path in out.iterdir():
            if path.name != mark.parent.name:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in mark.parent.iterdir():
            if path.name != LOCK:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    mark.write_text(audience, encoding="ascii")
    return before != audience


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[IO[str]]:
    """Hold a folder against another build. The system lets go of it when this process ends, however it ends."""
    path = folder / ".etat" / LOCK if folder.name != "processed" else folder / ".verrou"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            import fcntl
        except ImportError:  # a system without forks has no such lock either
            yield file
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                f"Une autre construction est en cours dans {shown(folder)} : attendez qu'elle finisse."
            ) from None
        yield file
