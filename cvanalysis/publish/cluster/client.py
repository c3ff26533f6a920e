"""The same tasks on a running Dask cluster. Owns the talk with the scheduler; refuses to start, stop or configure a cluster.

The talk has threads, so it happens in a child of the build. Where every worker sees the build's folders, it reads them; otherwise
the declarations and the processed tables go to each worker once. The notebook goes with the task and the page comes back in any case.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.errors import CvanalysisError, UsageError
from cvanalysis.files import atomic
from cvanalysis.publish.cluster.worker import run_task, sees, worker_state
from cvanalysis.publish.limits import UNBOUND
from cvanalysis.publish.memory import state
from cvanalysis.publish.run.child import Emit, Outcome, run_children
from cvanalysis.tables.freshness import RECORD

if TYPE_CHECKING:
    from cvanalysis.publish.memory.decision import Decision, Fate
    from cvanalysis.publish.memory.ledger import Ledger
    from cvanalysis.publish.run.produce import Task


WAIT = 20  # seconds for the scheduler to answer and for a first worker to be there


def run_on_cluster(
    address: str, tasks: Iterator[tuple[Fate, Task]], decision: Decision
) -> Iterator[tuple[Fate, Outcome]]:
    """Submit all tasks; yields each report's fate and outcome as it ends. Files are written here, on this machine.

    Raises `UsageError` where there is no such scheduler, no worker, or workers with another version of the code or libraries.
    """
    fates = {task.id: (fate, asdict(task)) for fate, task in tasks}

    def work(emit: Emit) -> None:
        _coordinate(address, [task for _, task in fates.values()], decision, emit)

    for _, said in run_children(iter([("", work)]), 1, UNBOUND, live=True):
        if not isinstance(said, Outcome):
            yield fates[said["id"]][0], Outcome(**said["issue"])
        else:
            said.result(f"La construction sur {address} s'est arrêtée")


def _coordinate(address: str, tasks: list[dict[str, Any]], decision: Decision, emit: Emit) -> None:
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
        _check_workers(client)
        data, processed = decision.options.data, decision.options.processed
        folders = {"data": str(data.resolve()), "processed": str(processed)}
        shared = _share_disk(client, decision.etat)
        bundle = None if shared else client.scatter(_pack(data, processed), broadcast=True, hash=False)
        token = secrets.token_hex(4)
        futures = {
            client.submit(
                run_task, task, folders, bundle, key=f"cvanalysis-{token}-{task['id']}", pure=False, retries=2
            ): task
            for task in tasks
        }
        for future in as_completed(futures):
            emit({"id": futures[future]["id"], "issue": _conclude(future, decision.ledger)})
            future.release()


def _conclude(future: Any, ledger: Ledger) -> dict[str, Any]:
    """A finished task's outcome, its files put in place."""
    error = future.exception() if future.status != "finished" else None
    if error is not None:
        return {"kind": "erreur", "cause": f"la grappe n'a pas rendu ce rapport ({type(error).__name__} : {error})"}
    issue = future.result()
    if issue["kind"] == "fini":
        made = issue["value"]
        files = {name: base64.b64decode(raw) for name, raw in made["contenus"].items()}
        try:
            issue["value"] = ledger.put(made["cle"], made["de"], files, **made["reste"])
        except CvanalysisError as failed:
            return issue | {"kind": "erreur", "cause": str(failed), "value": None}
    return issue


def _check_workers(client: Any) -> None:
    """Other code or other libraries would make other pages: refused, with what differs."""
    here = worker_state()
    for worker, there in client.run(worker_state).items():
        if found := state.differences(there, here):
            raise UsageError(f"L'ouvrier {worker} n'est pas comme cette machine : {' ; '.join(found)}.")


def _share_disk(client: Any, etat: Path) -> bool:
    """Whether every worker reads what is written here."""
    token = secrets.token_hex(8)
    probe = etat / f"partage-{token}"
    atomic.write(probe, token.encode())
    try:
        return all(client.run(sees, str(probe), token).values())
    finally:
        probe.unlink()


def _pack(data: Path, processed: Path) -> dict[str, bytes]:
    """Declarations, texts, contours and processed tables: all that reports read, nothing of what ingestion reads."""
    kept = [path for path in sorted(data.iterdir()) if path.is_file() and not path.name.startswith(".")]
    for name in state.NOT_PROCESSED:
        kept += [path for path in sorted((data / name).rglob("*")) if path.is_file()]
    files = {f"data/{path.relative_to(data).as_posix()}": path.read_bytes() for path in kept}
    return files | {
        f"processed/{path.name}": path.read_bytes()
        for path in [processed / RECORD, *sorted(processed.glob("*.parquet"))]
    }
