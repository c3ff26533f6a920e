"""The same tasks on a running Dask cluster. Owns the talk with the scheduler; refuses to start, stop or configure a cluster.

The talk has threads, so it happens in a child of the build. The declarations and the processed tables go to each worker once, the
notebook goes with the task, and the page comes back.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.errors import CvanalysisError, UsageError
from cvanalysis.files import atomic
from cvanalysis.publish.cluster.worker import run_task, worker_state
from cvanalysis.publish.limits import UNBOUND
from cvanalysis.publish.memory import state
from cvanalysis.publish.run.child import Emit, Outcome, run_children
from cvanalysis.tables.freshness import RECORD

if TYPE_CHECKING:
    from cvanalysis.publish.memory.decision import Fate, Options
    from cvanalysis.publish.run.produce import Keep, Task


WAIT = 20  # seconds for the scheduler to answer and for a first worker to be there


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
            if found := state.differences(there, here):
                raise UsageError(f"L'ouvrier {worker} n'est pas comme cette machine : {' ; '.join(found)}.")
        files = _pack(options.data, options.processed, asked[0][0].declarations)
        name = atomic.digest_value({key: hashlib.sha256(raw).hexdigest() for key, raw in files.items()})
        bundle = client.scatter((name, files), broadcast=True, hash=False)
        token = secrets.token_hex(4)
        futures = {
            client.submit(run_task, asdict(task), bundle, key=f"cvanalysis-{token}-{task.id}", pure=False, retries=2): (
                task.id,
                keep,
            )
            for task, keep in asked
        }
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


def _pack(data: Path, processed: Path, declarations: list[str]) -> dict[str, bytes]:
    """Declarations, texts, contours and processed tables: all that reports read, nothing of what ingestion reads."""
    kept = [path for path in data.iterdir() if not path.name.startswith(".")]
    kept += [data / name for name in declarations]
    for name in state.NOT_PROCESSED:
        kept += (data / name).rglob("*")
    files = {f"data/{path.relative_to(data).as_posix()}": path for path in sorted(kept)}
    files |= {f"processed/{path.name}": path for path in [processed / RECORD, *sorted(processed.glob("*.parquet"))]}
    return {name: path.read_bytes() for name, path in files.items() if path.is_file()}
