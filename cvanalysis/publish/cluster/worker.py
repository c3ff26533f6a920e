"""What a Dask worker does for a build. Owns the helper process of each of its threads; imports nothing heavy.

A worker has threads, and a process with threads is not to be forked: each of them has a helper without any (`server`), warmed once,
that forks a child per report, as the build does where it runs alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from cvanalysis.errors import CvanalysisError
from cvanalysis.files import atomic
from cvanalysis.publish.memory import state


def worker_state() -> dict[str, Any]:
    """What this machine would make reports with."""
    return {"code": atomic.digest_tree(state.PACKAGE), "versions": state.library_versions()}


def sees(path: str, token: str) -> bool:
    """Whether this machine reads there what the build has just written."""
    try:
        return Path(path).read_text() == token
    except OSError:
        return False


def run_task(task: dict[str, Any], folders: dict[str, str], bundle: dict[str, bytes] | None) -> dict[str, Any]:
    """Make one report on this worker; returns an `Outcome` as plain values."""
    return _helper().ask({"task": task, "dossiers": folders if bundle is None else _unpack(bundle)})


_local = threading.local()
_unpacked: dict[str, dict[str, str]] = {}
_unpacking = threading.Lock()


def _helper() -> Helper:
    """The helper of this thread, started again if it has died."""
    if getattr(_local, "helper", None) is None or _local.helper.process.poll() is not None:
        _local.helper = Helper()
    return _local.helper


def _unpack(bundle: dict[str, bytes]) -> dict[str, str]:
    """Folders with the bundle's files, the same for all the threads of this worker."""
    name = atomic.digest_value({key: hashlib.sha256(raw).hexdigest() for key, raw in bundle.items()})
    with _unpacking:
        if name not in _unpacked:
            folder = Path(tempfile.mkdtemp(prefix="cvanalysis-ouvrier-"))
            for key, raw in bundle.items():
                target = folder / key
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(raw)
            for old in _unpacked.values():
                shutil.rmtree(Path(old["data"]).parent, ignore_errors=True)
            _unpacked.clear()
            _unpacked[name] = {"data": str(folder / "data"), "processed": str(folder / "processed")}
        return _unpacked[name]


class Helper:
    """A process without threads that makes reports for one thread of a worker. It ends when its input does."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cvanalysis.publish.cluster.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise CvanalysisError("le processus qui fait les rapports de cet ouvrier s'est arrêté")
        return json.loads(answer)
