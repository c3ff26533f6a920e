"""`python -m cvanalysis.publish.cluster.server`: makes the reports of one thread of a Dask worker. Owns a warm process without threads.

One question a line on standard input, one answer a line on standard output; ends at the end of its input.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cvanalysis.publish.limits import Limits
from cvanalysis.publish.run.child import run_one
from cvanalysis.publish.run.warm import warm_up


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
    from cvanalysis.publish.run.produce import Task, produce

    fields, folders = question["task"], question["dossiers"]
    fields["env"] |= {"CVANALYSIS_DATA": folders["data"], "CVANALYSIS_PROCESSED": folders["processed"]}
    task = Task(**fields)
    _load(folders["data"], folders["processed"], task.env)
    return asdict(run_one(lambda emit: produce(task, emit, pack), Limits(**task.limits)))


def pack(key: str, of: dict[str, str], files: dict[str, bytes], **rest: Any) -> dict[str, Any]:
    """A report as plain values, to be kept where the build is."""
    contents = {name: base64.b64encode(raw).decode() for name, raw in files.items()}
    return {"cle": key, "de": of, "contenus": contents, "reste": rest}


_loaded: Any = None


def _load(data: str, processed: str, env: dict[str, str]) -> None:
    """Load the tables in this process, once as long as they are the same: children find them loaded."""
    global _loaded  # noqa: PLW0603 (a process serves one build after another)
    from cvanalysis.tables.store import Store
    from cvanalysis.territory.contract import read_territory

    store = Store(Path(processed), read_territory(Path(data), env["CVANALYSIS_EDITION"]), env["CVANALYSIS_AUDIENCE"])
    if store.tables is not _loaded:
        _loaded = store.tables
        _loaded.warm()


if __name__ == "__main__":
    main()
