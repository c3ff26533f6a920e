"""Rebuild on save. Owns the waiting; each build is a process of its own, so that changed code is the code that runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cvanalysis.publish.plan import find_notebooks
from cvanalysis.tables.freshness import PACKAGE


def watch(argv: list[str], data: Path, say: Callable[[str], None]) -> int:
    """Build once, then after each change of the data, the notebooks or the code, until interrupted (`KeyboardInterrupt`)."""
    from watchfiles import DefaultFilter
    from watchfiles import watch as changes

    command = [sys.executable, "-m", "cvanalysis.cli", "build", *argv[1:]]
    folders = [data, find_notebooks(), PACKAGE]
    # Its first turn comes once it watches: what is saved during the first build is seen too.
    for turn, changed in enumerate(
        changes(*folders, watch_filter=DefaultFilter(), yield_on_timeout=True, rust_timeout=500, raise_interrupt=True)
    ):
        if turn and not changed:
            continue
        if changed:
            names = sorted({Path(path).name for _, path in changed})
            say(f"Changé : {', '.join(names[:5])}{' …' if len(names) > 5 else ''}")
        subprocess.run(command, check=False)
        say("En attente de changements (Ctrl-C pour arrêter).")
    return 0
