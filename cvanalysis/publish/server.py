"""`python -m cvanalysis.publish.server`: makes the reports of one thread of a Dask worker. Owns a warm process without threads.

One question a line on standard input, one answer a line on standard output; ends at the end of its input.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cvanalysis.publish.child import Limits, run_children
from cvanalysis.publish.warm import warm_up


def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may speak on the line of the answers
    warm_up()
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))).encode() + b"\n")
        answers.flush()


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Make a report in a child; its outcome as plain values."""
    from cvanalysis.publish.produce import Task, produce

    fields, folders = question["task"], question["dossiers"]
    fields["env"] |= {"CVANALYSIS_DATA": folders["data"], "CVANALYSIS_PROCESSED": folders["processed"]}
    task = Task(**fields)
    _load(folders["data"], folders["processed"], task.env["CVANALYSIS_EDITION"])
    work = iter([(task.id, lambda emit: produce(task, emit))])
    [(_, outcome)] = run_children(work, 1, Limits(**task.limits))
    return asdict(outcome)


_loaded: tuple[str, ...] = ()


def _load(data: str, processed: str, edition: str) -> None:
    """Load the tables in this process, once: children find them loaded."""
    global _loaded  # noqa: PLW0603 (a process serves one build after another)
    tables = sorted(Path(processed).glob("*.parquet"))
    key = (data, processed, edition, *(f"{path.name}{path.stat().st_mtime_ns}" for path in tables))
    if key == _loaded:
        return
    from cvanalysis.ingest.store import forget_tables
    from cvanalysis.publish.slices import Slices
    from cvanalysis.territory import read_territory

    forget_tables()
    Slices(Path(processed), Path(processed), read_territory(Path(data), edition)).warm()
    _loaded = key


if __name__ == "__main__":
    main()
