"""IPython without a kernel. Owns the running of a notebook's cells in this very process; refuses to fork or to write files.

The shell is the kernel's own (`ipykernel.zmqshell`) and the outputs are collected by the client's own code
(`nbclient.NotebookClient.process_message`): what stands between them in the default engine, a wire, is replaced by a function call.
So outputs are the same by construction, not by imitation. A process runs one notebook and ends: nothing is ever reset.
"""

from __future__ import annotations

import asyncio
import builtins
import getpass
import io
import logging
import os
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ipykernel.compiler import XCachingCompiler
from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.shellapp import InteractiveShellApp
from jupyter_client.session import Session
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import nbbase
from papermill.clientwrap import PapermillNotebookClient
from traitlets.config import Config

Message = dict[str, Any]
OnCell = Callable[[int, str, NotebookNode], None]
CELL = "cellule"  # to whom messages belong: one cell runs at a time


class OutputFlood(BaseException):
    """The notebook wrote more to its standard streams than it may. Not an Exception: a cell's `except` should not hide it."""


class _Wire(Session):
    """A session whose messages go to a function; packed and unpacked as on the wire, for what JSON does to them is part of the output."""

    def __init__(self, deliver: Callable[[Message], None]) -> None:
        super().__init__(key=b"unused")
        self.deliver = deliver

    def send(  # type: ignore[override]
        self, _stream: object, msg_or_type: Message | str, content: Message | None = None, *_args: object, **_kw: object
    ) -> Message:
        message = msg_or_type if isinstance(msg_or_type, dict) else self.msg(msg_or_type, content)
        message["content"] = self.unpack(self.pack(message["content"]))
        message["parent_header"] = {"msg_id": CELL}
        self.deliver(message)
        return message


class _Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a notebook: text kept until it is flushed, as the kernel's streams do, then sent as one message.

    What child processes and C code write to the descriptor itself is in `capture`, a file that the descriptor is turned to.
    """

    encoding = "UTF-8"
    errors = "strict"

    def __init__(self, name: str, client: InProcessClient, descriptor: int) -> None:
        self.name = name
        self._client = client
        self._descriptor = descriptor
        self._kept: list[str] = []
        self._seen = 0

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")  # the kernel's very words
        self._client.count(len(text))
        if drained := self._drain():
            self._kept.append(drained)
        self._kept.append(text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def flush(self) -> None:
        text = "".join(self._kept) + self._drain()
        self._kept.clear()
        if text:
            # Half a character, of a broken file: no file would take it.
            sent = text.encode("utf-8", "backslashreplace").decode()
            self._client.wire.send(None, "stream", {"name": self.name, "text": sent})

    def _drain(self) -> str:
        """Text written to the descriptor since the last time. Regular files only: under a terminal there is nothing to read back."""
        try:
            size = os.fstat(self._descriptor).st_size
            if size <= self._seen:
                return ""
            self._client.count(size - self._seen)
            raw = os.pread(self._descriptor, size - self._seen, self._seen)
        except OSError:
            return ""
        self._seen = size
        return raw.decode("utf-8", "replace")


class _Compiler(XCachingCompiler):
    """Names a cell's code as the kernel does (tracebacks and `executing` look at that name), but for its folder and number,
    which differ from one run to the next."""

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        return f"./ipykernel_0/{Path(super().get_code_name(raw_code, code, number)).name}"


class _Shell(ZMQInteractiveShell):
    """The kernel's shell, under its own name: libraries look at that to know where they are."""

    __module__ = ZMQInteractiveShell.__module__

    def should_run_async(self, *args: Any, **kw: Any) -> bool:
        """A cell finds a loop that runs, as in a kernel: a task that one begins, another awaits. Not what a magic of it runs inside."""
        return asyncio._get_running_loop() is None or super().should_run_async(*args, **kw)  # noqa: SLF001 (of the documented API)

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window here, and no loop to feed one: `%matplotlib inline` asks for nothing more."""
        self.active_eventloop = gui


_Shell.__name__ = ZMQInteractiveShell.__name__


def prepare() -> None:
    """Make the shell before forking: a child finds it made. Their first use compiles and imports: once here instead of once in each."""
    shell = open_shell()
    shell.transform_cell("a = 1\n%time a")
    shell.display_formatter.format("")


def open_shell() -> InteractiveShell:
    """The shell of this process, ready to run cells; IPython's own singleton, so `get_ipython()` and `display()` find it."""
    if not _Shell.initialized():
        config = Config()
        config.HistoryManager.hist_file = ":memory:"  # no file, and no thread to write it
        # `exit` in a cell asks the kernel's loop to stop: there is none, and `InProcessClient` sees `exit_now` after the cell.
        _Shell.instance(config=config, compiler_class=_Compiler).kernel = SimpleNamespace(
            eventloop=None, _allow_stdin=False
        )
    return _Shell.instance()


def _validate(output: NotebookNode, ref: str | None = None, whole: Callable[..., None] = nbbase.validate) -> None:
    """As nbformat, whose schema is asked at length; of texts by kind, which nearly all outputs are, it says no more than this."""
    data = output.get("data")
    if not (
        isinstance(data, dict) and {str}.issuperset(map(type, data.values())) and isinstance(output.metadata, dict)
    ):
        whole(output, ref)


class InProcessClient(PapermillNotebookClient):
    """papermill's client whose kernel is this process. `execute()` runs all cells of `nb_man.nb`, once.

    `on_cell(index, state, cell)` is told `start` before a code cell and `done` after it (a journal for whoever watches this process).
    `streams`: characters that the notebook may write to its standard streams (None: no limit); beyond, `OutputFlood`.
    """

    def __init__(self, nb_man: Any, streams: int | None, on_cell: OnCell, **kw: Any) -> None:
        super().__init__(nb_man, **kw)
        self._on_cell = on_cell
        self._said: deque[Message] = deque()
        self.wire = _Wire(self._said.append)
        self._streams = streams
        self._written = 0

    @property
    def flooded(self) -> bool:
        return self._streams is not None and self._written > self._streams

    def count(self, characters: int) -> None:
        """Of what is written. Beyond the limit, every write raises and is dropped, whether or not the cell catches it."""
        self._written += characters
        if self.flooded:
            raise OutputFlood

    def execute(self, **_kw: Any) -> NotebookNode:
        self.reset_execution_trackers()
        logging.basicConfig(force=True, handlers=[], level=logging.WARNING)
        self._shell = open_shell()
        self._shell.displayhook.session = self._shell.display_pub.session = self.wire
        sys.stdout = _Stream("stdout", self, 1)
        sys.stderr = _Stream("stderr", self, 2)
        nbbase.validate = _validate
        builtins.input = partial(IPythonKernel.raw_input, self._shell.kernel)  # nobody answers: it says so
        getpass.getpass = partial(IPythonKernel.getpass, self._shell.kernel)
        # As in a kernel, a notebook imports what lies beside it, after Python's own.
        sys.path = [one for one in sys.path if one]
        InteractiveShellApp.init_path(SimpleNamespace(ignore_cwd=False))
        # What a cell draws by pyplot becomes its output, as in a kernel. matplotlib looks at the environment when it is imported: the
        # warmed parent has done that already, so what it found there is put right.
        backend = os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        if matplotlib := sys.modules.get("matplotlib"):
            matplotlib.rcParams["backend"] = backend
        self.papermill_execute_cells()
        self.nb.metadata["language_info"] = IPythonKernel.language_info
        self.set_widgets_metadata()
        return self.nb

    def execute_cell(self, cell: NotebookNode, cell_index: int, **kw: Any) -> NotebookNode:
        """Run a cell, then let the client hear of it, as of one that a kernel has run."""
        if (
            cell.cell_type != "code"
            or not cell.source.strip()
            or self.skip_cells_with_tag in cell.metadata.get("tags", [])
        ):
            return cell
        if self._shell.exit_now:
            raise DeadKernelError("Kernel died")
        self._on_cell(cell_index, "start", cell)
        self._said.clear()  # comms and displays between two cells belong to none
        reply = self._run(cell)
        self.kc = SimpleNamespace(
            execute=lambda *_args, **_kw: CELL,
            shell_channel=SimpleNamespace(get_msg=lambda **_kw: reply),
            iopub_channel=SimpleNamespace(get_msg=lambda **_kw: self._said.popleft()),
        )
        try:
            super().execute_cell(cell, cell_index, **kw)
            if self.flooded:
                raise OutputFlood
        finally:
            self._on_cell(cell_index, "done", cell)
        return cell

    def _run(self, cell: NotebookNode) -> Message:
        """Run a cell in the shell; what it says on the way is kept, what it answers returned."""
        shell = self._shell
        self.wire.send(None, "status", {"execution_state": "busy"})
        self.wire.send(None, "execute_input", {"code": cell.source, "execution_count": shell.execution_count})
        result = shell.run_cell(cell.source, store_history=True, silent=False)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OutputFlood):  # said once the outputs are heard
                stream.flush()
        shell.payload_manager.clear_payload()
        answer = {"status": "ok", "execution_count": shell.execution_count - 1}
        failed = not result.success or shell._last_traceback_during_displayhook  # noqa: SLF001 (as the kernel does)
        if failed and not self.flooded:
            error = result.error_before_exec or result.error_in_exec
            traceback = shell._last_traceback or []  # noqa: SLF001
            answer |= {"status": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": traceback}
        self.wire.send(None, "status", {"execution_state": "idle"})
        return self.wire.msg("execute_reply", answer, parent={"msg_id": CELL})
