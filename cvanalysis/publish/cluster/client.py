"""The same tasks on a running Dask cluster. Owns the talk with the scheduler; refuses to start, stop or configure a cluster.

The talk has threads, so it happens in a child of the build. Where every worker sees the build's folders, it reads them; otherwise
the declarations and the processed tables go to each worker once. The notebook goes with the task and the page comes back in any case.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.errors import CvanalysisError, UsageError
from cvanalysis.files import atomic
from cvanalysis.publish.cluster.worker import run_task, sees, worker_state
from cvanalysis.publish.limits import UNBOUND
from cvanalysis.publish.memory import state
from cvanalysis.publish.memory.ledger import Ledger
from cvanalysis.publish.run.child import Emit, Outcome, run_children
from cvanalysis.tables.freshness import RECORD

if TYPE_CHECKING:
    from cvanalysis.publish.memory.decision import Fate
    from cvanalysis.publish.run.produce import Task


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of a build, on its own machine."""

    ledger: Ledger
    etat: Path
    data: Path
    processed: Path


WAIT = 20  # seconds for the scheduler to answer and for a first worker to be there


def run_on_cluster(address: str, tasks: Iterator[tuple[Fate, Task]], places: Places) -> Iterator[tuple[Fate, Outcome]]:
    """Submit all tasks; yields each report's fate and outcome as it ends. Files are written here, on this machine.

    Raises `UsageError` where there is no such scheduler, no worker, or workers with another version of the code or libraries.
    """
    fates: dict[str, Fate] = {}
    plain = []
    for fate, task in tasks:
        fates[task.id] = fate
        plain.append(asdict(task))

    def work(emit: Emit) -> dict[str, str]:
        try:
            _coordinate(address, plain, places, emit)
        except UsageError as error:
            return {"refus": str(error)}
        return {}

    for _, said in run_children(iter([("", work)]), 1, UNBOUND, live=True):
        if isinstance(said, Outcome):
            if said.kind != "fini":
                raise CvanalysisError(f"La construction sur {address} s'est arrêtée : {said.cause}")
            if "refus" in said.value:
                raise UsageError(said.value["refus"])
        else:
            yield fates[said["id"]], Outcome(**said["issue"])


def _coordinate(address: str, tasks: list[dict[str, Any]], places: Places, emit: Emit) -> None:
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
        data, processed = places.data, places.processed
        folders = {"data": str(data.resolve()), "processed": str(processed)}
        shared = _share_disk(client, places.etat)
        bundle = None if shared else client.scatter(_pack(data, processed), broadcast=True, hash=False)
        token = secrets.token_hex(4)
        futures = {
            client.submit(
                run_task, task, folders, bundle, key=f"cvanalysis-{token}-{task['id']}", pure=False, retries=2
            ): task
            for task in tasks
        }
        for future in as_completed(futures):
            issue = _conclude(future, places)
            emit({"id": futures[future]["id"], "issue": issue})
            future.release()


def _conclude(future: Any, places: Places) -> dict[str, Any]:
    """A finished task's outcome, its files put in place."""
    error = future.exception() if future.status != "finished" else None
    if error is not None:
        return {"kind": "erreur", "cause": f"la grappe n'a pas rendu ce rapport ({type(error).__name__} : {error})"}
    issue = future.result()
    if issue["kind"] == "fini":
        made = issue["value"]
        files = {name: base64.b64decode(raw) for name, raw in made["contenus"].items()}
        try:
            issue["value"] = places.ledger.put(made["cle"], made["de"], files, **made["reste"])
        except CvanalysisError as failed:
            return issue | {"kind": "erreur", "cause": str(failed), "value": None}
    return issue


def _check_workers(client: Any) -> None:
    """Other code or other libraries would make other pages: refused, with what differs."""
    here = worker_state()
    for worker, there in client.run(worker_state).items():
        if there["code"] != here["code"]:
            raise UsageError(f"L'ouvrier {worker} n'a pas la même version de cvanalysis.")
        differ = [
            f"{name} {there['versions'].get(name, 'absente')} au lieu de {here['versions'].get(name, 'absente')}"
            for name in sorted(here["versions"].keys() | there["versions"].keys())
            if here["versions"].get(name) != there["versions"].get(name)
        ]
        if differ:
            raise UsageError(f"L'ouvrier {worker} n'a pas les mêmes bibliothèques : {', '.join(differ)}.")


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
