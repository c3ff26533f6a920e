"""The engine that papermill runs notebooks with. Owns one notebook run in a forked child; refuses pages and plans.

`papermill --engine cvanalysis notebook.ipynb out.ipynb` gives what the default engine gives: same parameters cell, metadata,
outputs, exceptions. A kernel costs a process that starts from nothing (1.5 s, then the libraries); a fork of a process that
has already imported them costs some milliseconds. Where a fork is not to be had, papermill's own engine does the work, which is said once.

Import it through `cvanalysis.publish.run.entry`, which says why.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from tqdm import tqdm
from traitlets.config import Config

from cvanalysis.files.guard import can_fork
from cvanalysis.publish.limits import Limits
from cvanalysis.publish.run.child import Emit, Outcome, is_child, run_children

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
                kwargs["config"] = _private_kernel(folder)
                try:
                    return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
                finally:
                    _tell_all(nb_man, cls.on_cell)
        seconds = kwargs.get("execution_timeout") or kwargs.get("timeout")

        def work(emit: Emit) -> dict[str, Any]:
            nb_man.output_path = None  # the parent saves and tells, from the journal
            if nb_man.pbar is not None:
                nb_man.pbar.disable = True
                nb_man.pbar = None

            def tell(index: int, state: str, cell: Any) -> None:
                emit({"cellule": index, "etat": state, "contenu": cell})

            _run_cells(nb_man, streams, tell, kwargs)
            return {"metadata": nb_man.nb.metadata, "cells": nb_man.nb.cells}

        told = _Teller(nb_man, kwargs)
        limits = Limits(seconds, memory, streams, per_event=True)
        for _, said in run_children(iter([("", work)]), 1, limits, live=True):
            if isinstance(said, Outcome):
                told.finish(said, seconds)
            else:
                told.hear(said)
        return nb_man.nb


def _run_cells(nb_man: NotebookExecutionManager, streams: int | None, on_cell: OnCell, kwargs: dict[str, Any]) -> Any:
    from cvanalysis.publish.run.shell import InProcessClient

    told = ("log_output", "stdout_file", "stderr_file", "timeout")  # the parent's affair
    traits = InProcessClient.class_traits(config=True)
    ours = {key: value for key, value in kwargs.items() if key in traits and key not in told}
    return InProcessClient(nb_man, streams=streams, on_cell=on_cell, **ours).execute()


def _tell_all(nb_man: NotebookExecutionManager, on_cell: OnCell) -> None:
    """Tell of the cells that a kernel has run, once it is over."""
    for index, cell in enumerate(nb_man.nb.cells):
        if cell.cell_type == "code" and cell.metadata.papermill["status"] != nb_man.PENDING:
            on_cell(index, "start", cell)
            on_cell(index, "done", cell)


def _private_kernel(folder: str) -> Config:
    """A kernel whose five sockets are files of a folder that nobody else has: over TCP, kernels that start together race for ports."""
    if os.name == "nt":
        return Config()
    return Config(KernelManager={"transport": "ipc", "ip": f"{folder}/k", "connection_file": f"{folder}/kernel.json"})


class _Teller:
    """Brings what the child says to papermill's manager and client: cells as they end, the notebook saved between them, logs."""

    def __init__(self, nb_man: NotebookExecutionManager, kwargs: dict[str, Any]) -> None:
        asked = {key: kwargs[key] for key in ("log_output", "stdout_file", "stderr_file") if kwargs.get(key)}
        self.nb_man = nb_man
        self.client = PapermillNotebookClient(nb_man, log=logger, **asked)
        self.current: int | None = None

    def hear(self, event: dict[str, Any]) -> None:
        self.current = event["cellule"]
        cell = self.nb_man.nb.cells[self.current] = nbformat.from_dict(event["contenu"])
        if event["etat"] == "done":
            for output in cell.outputs:
                self.client.log_output_message(output)
        self.nb_man.save()
        if self.nb_man.pbar and event["etat"] == "done":
            self.nb_man.pbar.update(self.current + 1 - self.nb_man.pbar.n)

    def finish(self, outcome: Outcome, seconds: float | None) -> None:
        """The whole notebook where the child ended well; otherwise what the default engine raises in that case."""
        if outcome.kind == "fini":
            self.nb_man.nb.update(nbformat.from_dict(outcome.value))
            return
        cell = nbformat.v4.new_code_cell()
        if self.current is not None:
            cell = self.nb_man.nb.cells[self.current]
            self.nb_man.cell_exception(cell, cell_index=self.current)
            self.nb_man.cell_complete(cell, cell_index=self.current)
        if outcome.kind == "delai":
            raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", int(seconds), cell)
        raise DeadKernelError(f"Kernel died ({outcome.cause})")
