"""The engine that papermill runs notebooks with. Owns one notebook run in a forked child; refuses pages and plans.

`papermill --engine cvanalysis notebook.ipynb out.ipynb` gives what the default engine gives: same parameters cell, metadata,
outputs, exceptions. A kernel costs a process that starts from nothing (1.5 s, then the libraries); a fork of a process that
has already imported them costs some milliseconds. Where a fork is not to be had, papermill's own engine does the work, which is said once.

Import it through `cvanalysis.publish.run.engine`, which says why.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import Engine, NBClientEngine, NotebookExecutionManager

from cvanalysis.files.guard import can_fork
from cvanalysis.publish.run.child import Emit, Limits, Outcome, run_one

logger = logging.getLogger("cvanalysis")


class ForkEngine(Engine):
    """Runs a notebook in a child forked from this process, without a kernel."""

    inside = False
    """True in a process that is itself such a child (the batch forks before it calls papermill): then cells run right here."""
    on_cell: Callable[[int, str, Any], None] = staticmethod(lambda _index, _state, _cell: None)
    _said: set[str] = set()  # noqa: RUF012 (what was said once is said for all)

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: float | None = None,
        timeout: float | None = None,
        streams: int | None = None,
        memory: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Execute `nb_man.nb` in place.

        `execution_timeout` is per cell, as in the default engine; `memory` and `streams` are bytes (None: no limit). Raises
        what the default engine raises: `CellTimeoutError`, and `DeadKernelError` where the process ended before its time.
        """
        if cls.inside:
            return _run_cells(nb_man, streams, cls.on_cell, kwargs)
        _stop_progress_thread(nb_man)
        speaks = nb_man.nb.metadata.get("kernelspec", {}).get("language", "python")
        why = can_fork() or ("" if speaks == "python" else f"ce carnet est écrit en {speaks}")
        if why:
            cls._say_once(f"carnet exécuté par le moteur de papermill : {why}")
            return _run_kernel(
                nb_man,
                kernel_name,
                log_output=log_output,
                stdout_file=stdout_file,
                stderr_file=stderr_file,
                start_timeout=start_timeout,
                execution_timeout=execution_timeout,
                timeout=timeout,
                **kwargs,
            )
        seconds = execution_timeout or timeout
        told = _Teller(nb_man, log_output, stdout_file, stderr_file)

        def work(emit: Emit) -> dict[str, Any]:
            nb_man.output_path = None  # the parent saves and tells, from the journal
            if nb_man.pbar is not None:
                nb_man.pbar.disable = True
                nb_man.pbar = None

            def tell(index: int, state: str, cell: Any) -> None:
                emit({"cellule": index, "etat": state, "contenu": cell})

            _run_cells(nb_man, streams, tell, kwargs)
            return {"metadata": nb_man.nb.metadata, "cells": nb_man.nb.cells}

        told.finish(run_one(work, Limits(seconds, memory, streams, per_event=True), told.hear), seconds)
        return nb_man.nb

    @classmethod
    def _say_once(cls, sentence: str) -> None:
        if sentence not in cls._said:
            cls._said.add(sentence)
            logger.warning(sentence)


def _run_cells(
    nb_man: NotebookExecutionManager,
    streams: int | None,
    on_cell: Callable[[int, str, Any], None],
    kwargs: dict[str, Any],
) -> Any:
    from cvanalysis.publish.run.shell import InProcessClient

    ours = {key: value for key, value in kwargs.items() if InProcessClient.class_traits(config=True).get(key)}
    client = InProcessClient(
        nb_man, streams=streams, on_cell=lambda index, state: on_cell(index, state, nb_man.nb.cells[index]), **ours
    )
    return client.execute()


def _run_kernel(nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any) -> Any:
    """papermill's engine, over IPC in a folder of its own: over TCP, kernels that start together race for ports."""
    if os.name == "nt":
        return NBClientEngine.execute_managed_notebook(nb_man, kernel_name, **kwargs)
    from jupyter_client.manager import AsyncKernelManager

    folder = tempfile.mkdtemp(prefix="cva-")  # short: a socket's address may not exceed 107 characters

    class PrivateManager(AsyncKernelManager):
        """A kernel whose five sockets are files of a folder that nobody else has."""

        def __init__(self, **kw: Any) -> None:
            super().__init__(
                **kw, transport="ipc", ip=str(Path(folder) / "k"), connection_file=str(Path(folder) / "kernel.json")
            )

    try:
        return NBClientEngine.execute_managed_notebook(
            nb_man, kernel_name, kernel_manager_class=PrivateManager, **kwargs
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stop_progress_thread(nb_man: NotebookExecutionManager) -> None:
    """tqdm watches its bars from a thread, which a fork would leave behind; without it, bars are drawn on update."""
    if nb_man.pbar is None:
        return
    monitor = type(nb_man.pbar).monitor
    if monitor is not None:
        monitor.exit()
        type(nb_man.pbar).monitor = None


class _Teller:
    """Brings what the child says to papermill's manager: cells as they end, the notebook saved between them, logs."""

    def __init__(self, nb_man: NotebookExecutionManager, log_output: bool, stdout_file: Any, stderr_file: Any) -> None:
        self.nb_man = nb_man
        self.log_output = log_output
        self.files = {"stdout": stdout_file, "stderr": stderr_file}
        self.current: int | None = None

    def hear(self, event: dict[str, Any]) -> None:
        index = event["cellule"]
        cell = nbformat.from_dict(event["contenu"])
        self.nb_man.nb.cells[index] = cell
        if event["etat"] == "start":
            self.current = index
            self.nb_man.save()
            return
        self._log(cell)
        self.nb_man.save()
        if self.nb_man.pbar:
            self.nb_man.pbar.update(index + 1 - self.nb_man.pbar.n)

    def finish(self, outcome: Outcome, seconds: float | None) -> None:
        """The whole notebook where the child ended well; otherwise what the default engine raises in that case."""
        if outcome.kind == "fini":
            self.nb_man.nb.cells = [nbformat.from_dict(cell) for cell in outcome.value["cells"]]
            self.nb_man.nb.metadata = nbformat.from_dict(outcome.value["metadata"])
            return
        cell = self.nb_man.nb.cells[self.current] if self.current is not None else None
        if cell is not None:
            self.nb_man.cell_exception(cell, cell_index=self.current)
            self.nb_man.cell_complete(cell, cell_index=self.current)
        if outcome.kind == "delai":
            raise CellTimeoutError.error_from_timeout_and_cell(
                "Cell execution timed out", int(seconds), cell or nbformat.v4.new_code_cell()
            )
        raise DeadKernelError(f"Kernel died ({outcome.cause})")

    def _log(self, cell: Any) -> None:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                text = "".join(output.text)
                if self.log_output:
                    (logger.info if output.name == "stdout" else logger.warning)(text)
                if file := self.files[output.name]:
                    file.write(text)
                    file.flush()
            elif self.log_output and "text/plain" in output.get("data", {}):
                logger.info("".join(output.data["text/plain"]))
