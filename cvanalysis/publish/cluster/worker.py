"""What a Dask worker does for a build, and the helper process of each of its threads. Imports nothing heavy.

A worker has threads, and a process with threads is not to be forked: each of them has a helper without any, which is this module run as a
program, warmed once; it forks a child per report, as the build does where it runs alone. One question a line on its standard input, one
answer a line on its standard output; it ends at the end of its input.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from cvanalysis.errors import CvanalysisError
from cvanalysis.files import atomic
from cvanalysis.publish.limits import Limits
from cvanalysis.publish.memory import state
from cvanalysis.publish.run.child import run_one
from cvanalysis.publish.run.warm import warm_up

_local = threading.local()
_unpacked: dict[str, Path] = {}
_unpacking = threading.Lock()
_loaded: list[Any] = []  # in a helper: the tables, once as long as they are the same, so that children find them loaded


def worker_state() -> dict[str, Any]:
    """What this machine would make reports with."""
    return {"code": atomic.digest_tree(state.PACKAGE), "versions": state.library_versions()}


def run_task(task: dict[str, Any], bundle: tuple[str, dict[str, bytes]]) -> dict[str, Any]:
    """Make one report on this worker, in the helper of this thread, started again if it has died; its `Outcome` as plain values."""
    helper = getattr(_local, "helper", None)
    if helper is None or helper.poll() is not None:
        program = [sys.executable, "-m", "cvanalysis.publish.cluster.worker"]
        helper = _local.helper = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    helper.stdin.write(json.dumps({"task": task, "dossier": str(_unpack(*bundle))}).encode() + b"\n")
    helper.stdin.flush()
    if said := helper.stdout.readline():
        return json.loads(said)
    raise CvanalysisError("le processus qui fait les rapports de cet ouvrier s'est arrêté")


def _unpack(name: str, files: dict[str, bytes]) -> Path:
    """A folder with these files, the same for all the threads of this worker as long as they are of that name."""
    with _unpacking:
        if name not in _unpacked:
            folder = Path(tempfile.mkdtemp(prefix="cvanalysis-ouvrier-"))
            for key, raw in files.items():
                target = folder / key
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(raw)
            for old in _unpacked.values():
                shutil.rmtree(old, ignore_errors=True)
            _unpacked.clear()
            _unpacked[name] = folder
        return _unpacked[name]


def main() -> None:
    """The helper: answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may speak on the line of the answers
    warm_up()
    for line in sys.stdin:
        answers.write(json.dumps(answer(**json.loads(line))).encode() + b"\n")
        answers.flush()


def answer(task: dict[str, Any], dossier: str) -> dict[str, Any]:
    """Make a report in a child, of what stands in that folder; its outcome as plain values."""
    from cvanalysis.publish.run.produce import Task, produce
    from cvanalysis.tables.store import Store
    from cvanalysis.territory.contract import read_territory

    data, processed = Path(dossier, "data"), Path(dossier, "processed")
    env = task["env"] | {"CVANALYSIS_DATA": str(data), "CVANALYSIS_PROCESSED": str(processed)}
    asked = Task(**task | {"env": env})
    store = Store(processed, read_territory(data, env["CVANALYSIS_EDITION"]), env["CVANALYSIS_AUDIENCE"])
    if store.tables not in _loaded:
        _loaded[:] = [store.tables]
        store.tables.warm()
    return asdict(run_one(partial(produce, asked, pack), Limits(**asked.limits)))


def pack(files: dict[str, bytes], **rest: Any) -> dict[str, Any]:
    """A report as plain values, to be kept where the build is."""
    return {"contenus": {name: base64.b64encode(raw).decode() for name, raw in files.items()}, "reste": rest}


if __name__ == "__main__":
    main()
