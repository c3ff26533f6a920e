"""The engine that papermill runs notebooks with. Owns one notebook run in a forked child; refuses pages and plans.

`papermill --engine cvanalysis notebook.ipynb out.ipynb` gives what the default engine gives: same parameters cell, metadata,
outputs, exceptions. A kernel costs a process that starts from nothing (1.5 s, then the libraries); a fork of a process that
has already imported them costs some milliseconds. Where a fork is not to be had, papermill's own engine does the work, which is said once.

Import it through `cvanalysis.publish.run.entry`, which says why.
"""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from tqdm import tqdm
from traitlets.config import Config

from cvanalysis.files.child import Emit, Limits, Outcome, can_fork, is_child, run_children

logger = logging.getLogger("cvanalysis")
tqdm.monitor_interval = 0  # bars are else watched from a thread, which a fork would leave behind
OnCell = Callable[[int, str, Any], None]


class ForkEngine(NBClientEngine):
    """Runs a notebook in a child forked from this process, without a kernel."""

    on_cell: OnCell = staticmethod(lambda _index, _state, _cell: None)
    """Told of each cell as it starts (`start`) and ends (`done`)."""
    _said: set[str] = set()  # noqa: RUF012 (what was said once is said for all)

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        streams: int | None = None,
        memory: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Execute `nb_man.nb` in place.

        `execution_timeout` is per cell, as in the default engine; `memory` and `streams` are bytes (None: no limit). Raises
        what the default engine raises: `CellTimeoutError`, and `DeadKernelError` where the process ended before its time.
        """
        if is_child():  # the batch forks before it calls papermill: cells run right here
            return _run_cells(nb_man, streams, cls.on_cell, kwargs)
        speaks = nb_man.nb.metadata.get("kernelspec", {}).get("language", "python")
        if why := can_fork() or ("" if speaks == "python" else f"ce carnet est écrit en {speaks}"):
            if why not in cls._said:
                cls._said.add(why)
                logger.warning("carnet exécuté par le moteur de papermill : %s", why)
            with tempfile.TemporaryDirectory(prefix="cva-", ignore_cleanup_errors=True) as folder:
                # Sockets that are files of a folder that nobody else has: over TCP, kernels that start together race for ports.
                private = {"transport": "ipc", "ip": f"{folder}/k", "connection_file": f"{folder}/kernel.json"}
                kwargs["config"] = Config(KernelManager={} if os.name == "nt" else private)
                try:
                    return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
                finally:
                    for index, cell in enumerate(nb_man.nb.cells):  # told once it is over
                        if cell.cell_type == "code" and cell.metadata.papermill["status"] != nb_man.PENDING:
                            cls.on_cell(index, "start", cell)
                            cls.on_cell(index, "done", cell)
        seconds = kwargs.get("execution_timeout") or kwargs.get("timeout")

        def work(emit: Emit) -> str:
            nb_man.output_path = None  # the parent saves and tells, from the journal
            if nb_man.pbar is not None:
                nb_man.pbar.disable = True
                nb_man.pbar = None

            def tell(index: int, state: str, cell: Any) -> None:
                emit({"cellule": index, "etat": state, "contenu": json.dumps(cell)})

            _run_cells(nb_man, streams, tell, kwargs)
            return json.dumps({"metadata": nb_man.nb.metadata, "cells": nb_man.nb.cells})

        limits = Limits(seconds, memory, streams, per_event=True)
        _follow(nb_man, run_children(iter([("", work)]), 1, limits, live=True), seconds, kwargs)
        return nb_man.nb


def _run_cells(nb_man: NotebookExecutionManager, streams: int | None, on_cell: OnCell, kwargs: dict[str, Any]) -> Any:
    from cvanalysis.publish.run.shell import InProcessClient

    told = ("log_output", "stdout_file", "stderr_file", "timeout")  # the parent's affair
    traits = InProcessClient.class_traits(config=True)
    ours = {key: value for key, value in kwargs.items() if key in traits and key not in told}
    return InProcessClient(nb_man, streams, on_cell, **ours).execute()


def _follow(
    nb_man: NotebookExecutionManager, said: Iterator[tuple[Any, Any]], seconds: float | None, kwargs: dict[str, Any]
) -> None:
    """Bring what the child says to papermill's manager and client: cells as they end, the notebook saved between them, logs; at the end the
    whole notebook, or what the default engine raises in that case."""
    asked = {key: kwargs[key] for key in ("log_output", "stdout_file", "stderr_file") if kwargs.get(key)}
    client = PapermillNotebookClient(nb_man, log=logger, **asked)
    index, cell = None, nbformat.v4.new_code_cell()
    for _, one in said:
        if not isinstance(one, Outcome):
            index = one["cellule"]
            cell = nb_man.nb.cells[index] = nbformat.from_dict(json.loads(one["contenu"]))
            if one["etat"] == "done":
                for output in cell.outputs:
                    client.log_output_message(output)
            nb_man.save()
            if nb_man.pbar and one["etat"] == "done":
                nb_man.pbar.update(index + 1 - nb_man.pbar.n)
        elif one.kind == "fini":
            nb_man.nb.update(nbformat.from_dict(json.loads(one.value)))
        else:
            if index is not None:
                nb_man.cell_exception(cell, cell_index=index)
                nb_man.cell_complete(cell, cell_index=index)
            if one.kind == "delai":
                raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", int(seconds), cell)
            raise DeadKernelError(f"Kernel died ({one.cause})")
