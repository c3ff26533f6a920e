"""The same tasks on a running Dask cluster. Owns the talk with the scheduler, and the helper process of each thread of a worker; refuses to
start, stop or configure a cluster. Imports nothing heavy.

The talk has threads, so it happens in a child of the build. The declarations and the processed tables go to each worker once, the
notebook goes with the task, and the page comes back. A worker has threads, and a process with threads is not to be forked: each of them has
a helper without any, which is this module run as a program, warmed once; it forks a child per report, as the build does where it runs
alone. One question a line on its standard input, one answer a line on its standard output; it ends at the end of its input.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.errors import CvanalysisError, UsageError
from cvanalysis.files import atomic
from cvanalysis.files.child import UNBOUND, Emit, Limits, Outcome, run_children, run_one
from cvanalysis.publish.files import zipped
from cvanalysis.publish.memory import ledger
from cvanalysis.publish.run.warm import warm_up
from cvanalysis.tables import freshness

if TYPE_CHECKING:
    from cvanalysis.publish.memory.decision import Fate, Options
    from cvanalysis.publish.run.produce import Keep, Task


WAIT = 20  # seconds for the scheduler to answer and for a first worker to be there
_local = threading.local()
_unpacked: dict[str, Path] = {}
_unpacking = threading.Lock()
_loaded: list[Any] = []  # in a helper: the tables, once as long as they are the same, so that children find them loaded


def run_on_cluster(
    address: str, tasks: Iterator[tuple[Fate, Task, Keep]], options: Options
) -> Iterator[tuple[Fate, Outcome]]:
    """Submit all tasks; yields each report's fate and outcome as it ends. Files are written here, on this machine.

    Raises `UsageError` where there is no such scheduler, no worker, or workers with another version of the code or libraries.
    """
    asked = {task.id: (fate, task, keep) for fate, task, keep in tasks}

    def work(emit: Emit) -> None:
        _coordinate(address, [(task, keep) for _, task, keep in asked.values()], options, emit)

    for _, said in run_children(iter([("", work)]), 1, UNBOUND, live=True):
        if not isinstance(said, Outcome):
            yield asked[said["id"]][0], Outcome(**said["issue"])
        else:
            said.result(f"La construction sur {address} s'est arrêtée")


def _coordinate(address: str, asked: list[tuple[Task, Keep]], options: Options, emit: Emit) -> None:
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise UsageError("--dask demande l'extra « cluster » : pip install 'cvanalysis[cluster]'.") from None
    try:
        client = Client(address, timeout=WAIT)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(f"Aucun ordonnanceur Dask ne répond à {address} ({type(error).__name__}).") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WAIT)
        except TimeoutError:
            raise UsageError(f"L'ordonnanceur {address} n'a aucun ouvrier.") from None
        here = worker_state()
        for worker, there in client.run(worker_state).items():  # others would make other pages
            if found := ledger.differences(there, here):
                raise UsageError(f"L'ouvrier {worker} n'est pas comme cette machine : {' ; '.join(found)}.")
        packed = _pack(options.data, options.processed, asked[0][0].declarations)
        bundle = client.scatter((hashlib.sha256(packed).hexdigest(), packed), broadcast=True, hash=False)
        token = secrets.token_hex(4)
        futures = {}
        for task, keep in asked:
            key = f"cvanalysis-{token}-{task.id}"
            future = client.submit(run_task, asdict(task), bundle, key=key, pure=False, retries=2)
            futures[future] = task.id, keep
        for future in as_completed(futures):
            ident, keep = futures[future]
            emit({"id": ident, "issue": _conclude(future, keep)})
            future.release()


def _conclude(future: Any, keep: Keep) -> dict[str, Any]:
    """A finished task's outcome, its files put in place."""
    error = future.exception() if future.status != "finished" else None
    if error is not None:
        return {"kind": "erreur", "cause": f"la grappe n'a pas rendu ce rapport ({type(error).__name__} : {error})"}
    issue = future.result()
    if issue["kind"] == "fini":
        made = issue["value"]
        try:
            files = {name: base64.b64decode(raw) for name, raw in made["contenus"].items()}
            issue["value"] = keep(files, **made["reste"])
        except CvanalysisError as failed:
            return issue | {"kind": "erreur", "cause": str(failed), "value": None}
    return issue


def _pack(data: Path, processed: Path, declarations: list[str]) -> bytes:
    """Declarations, texts, contours and processed tables: all that reports read, nothing of what ingestion reads."""
    kept = [path for path in data.iterdir() if not path.name.startswith(".")]
    kept += [data / name for name in declarations]
    for name in ledger.NOT_PROCESSED:
        kept += (data / name).rglob("*")
    files = {f"data/{path.relative_to(data).as_posix()}": path for path in sorted(kept)}
    tables = [processed / freshness.RECORD, *sorted(processed.glob("*.parquet"))]
    files |= {f"processed/{path.name}": path for path in tables}
    return zipped({name: path.read_bytes() for name, path in files.items() if path.is_file()})


# ------------------------------------------------------------------------------------------- on a worker


def worker_state() -> dict[str, Any]:
    """What this machine would make reports with."""
    return {"code": atomic.digest_tree(freshness.PACKAGE), "versions": freshness.versions(ledger.LIBRARIES)}


def run_task(task: dict[str, Any], bundle: tuple[str, bytes]) -> dict[str, Any]:
    """Make one report on this worker, in the helper of this thread, started again if it has died; its `Outcome` as plain values."""
    helper = getattr(_local, "helper", None)
    if helper is None or helper.poll() is not None:
        program = [sys.executable, "-m", "cvanalysis.publish.cluster"]
        helper = _local.helper = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    helper.stdin.write(json.dumps({"task": task, "dossier": str(_unpack(*bundle))}).encode() + b"\n")
    helper.stdin.flush()
    if said := helper.stdout.readline():
        return json.loads(said)
    raise CvanalysisError("le processus qui fait les rapports de cet ouvrier s'est arrêté")


def _unpack(name: str, raw: bytes) -> Path:
    """A folder with what was packed, the same for all the threads of this worker as long as it is of that name."""
    with _unpacking:
        if name not in _unpacked:
            for old in _unpacked.values():
                shutil.rmtree(old, ignore_errors=True)
            _unpacked.clear()
            folder = Path(tempfile.mkdtemp(prefix="cvanalysis-ouvrier-"))
            zipfile.ZipFile(io.BytesIO(raw)).extractall(folder)
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
