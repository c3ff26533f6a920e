"""Rebuild on save. Owns the waiting; each build is a process of its own, so that changed code is the code that runs.

It looks at the files themselves: what tells of events may drop one that comes as it gives up waiting, and a save would be missed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from cvanalysis.publish.plan import find_notebooks
from cvanalysis.tables.freshness import PACKAGE

PAUSE = 0.5  # seconds between two looks


def watch(argv: list[str], data: Path, say: Callable[[str], None]) -> int:
    """Build once, then after each change of the data, the notebooks or the code, until interrupted (`KeyboardInterrupt`)."""
    command = [sys.executable, "-m", "cvanalysis.cli", "build", *argv[1:]]
    folders = (data, find_notebooks(), PACKAGE)
    built: dict[str, tuple[int, ...]] | None = None
    while True:
        now = look(folders)
        if now == built:
            time.sleep(PAUSE)
            continue
        if built is not None:
            while (later := look(folders)) != now:  # someone is still saving
                now = later
                time.sleep(PAUSE)
            names = sorted({Path(path).name for path, _ in now.items() ^ built.items()})
            say(f"Changé : {', '.join(names[:5])}{' …' if len(names) > 5 else ''}")
        built = now  # as it was before the build: what is saved meanwhile is seen too
        subprocess.run(command, check=False)
        say("En attente de changements (Ctrl-C pour arrêter).")


def look(folders: Iterable[Path]) -> dict[str, tuple[int, ...]]:
    """The files of these folders and what a save changes of each; hidden ones and those of editors apart."""
    found = {}
    for folder in folders:
        for root, inside, names in os.walk(folder):
            inside[:] = [name for name in inside if name[0] != "." and name != "__pycache__"]
            for name in names:
                if name[0] == "." or name.endswith(("~", ".swp", ".pyc")):
                    continue
                path = Path(root, name)
                try:
                    said = path.lstat()
                except OSError:  # gone meanwhile
                    continue
                found[str(path)] = (said.st_mtime_ns, said.st_size, said.st_ino)
    return found
