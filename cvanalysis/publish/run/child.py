"""One forked child and its leash. Owns fork, limits, the journal and the cause of a death; refuses to know what the child does.

A child tells what happens through a pipe, one JSON line per event, so that whatever kills it, what it had done is known. It
has its own session, so that what it started dies with it, and it dies with its parent. Its parent has no thread: a lock held by
another thread at the time of the fork would be held for ever in the child. Where a fork is not to be had, works run one after
the other in this very process, and what each changes of it is put back.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import selectors
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cvanalysis.errors import say_file
from cvanalysis.files.guard import MIO, can_fork, die_with, limit_memory
from cvanalysis.publish.limits import Limits

SCRATCH = "cvanalysis-"  # then the parent's number: `sweep_scratch` knows whose folder it was
TICK = 0.1  # seconds between two looks at time-outs and captured files
GRACE = 2.0  # seconds that an interrupted child has to say where it was
Emit = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Outcome:
    """How a child ended. `value` is what its work returned; `cause` a French sentence where there is none; `kind` among
    `fini`, `erreur`, `delai`, `flot`, `signal`, `sortie`; `events` the journal, where it did not end well; `cpu` in seconds;
    `memory` its peak in bytes."""

    kind: str
    value: Any = None
    cause: str = ""
    detail: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    cpu: float = 0.0
    memory: int = 0
    wall: float = 0.0
    pid: int = 0

    def told(self) -> dict[str, Any]:
        """What the log says of it."""
        seconds, cpu = round(self.wall, 3), round(self.cpu, 3)
        return {"fin": self.kind, "secondes": seconds, "cpu": cpu, "memoire": self.memory, "pid": self.pid}


_is_child = False


def is_child() -> bool:
    """Whether this process is such a child: then what it does and leaves behind ends with it."""
    return _is_child


class Child:
    """A running child. `fileno()` is readable when it has said something or has ended."""

    def __init__(self, work: Callable[[Emit], Any], limits: Limits) -> None:
        self.limits = limits
        self.scratch = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-"))
        self._captured = [(self.scratch / name) for name in (".stdout", ".stderr")]
        self._files = [os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600) for path in self._captured]
        self._reader, writer = os.pipe()
        self.started = self._since = time.monotonic()
        self._journal = bytearray()
        self._killed = ""
        self._last_call = float("inf")
        parent = os.getpid()
        sys.stdout.flush()  # what stands in a buffer would be written twice
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _live(work, writer, self._files, self.scratch, limits, parent)  # never returns
        os.close(writer)
        os.set_blocking(self._reader, False)
        self.over: Outcome | None = None

    def fileno(self) -> int:
        return self._reader

    def pump(self) -> bool:
        """Read what the child has said; True at the end of its pipe."""
        while True:
            try:
                heard = os.read(self._reader, 1 << 18)
            except BlockingIOError:
                return False
            if not heard:
                return True
            self._journal += heard
            if self.limits.per_event:
                self._since = time.monotonic()

    def watch(self) -> Outcome | None:
        """Look at the child once: kill it if it is past a limit; its outcome if it has ended."""
        if self.over:
            return self.over
        ended = self.pump()
        if not self._killed:
            if self.limits.seconds is not None and time.monotonic() - self._since > self.limits.seconds:
                self._interrupt()
            elif self.limits.streams is not None and any(
                os.fstat(file).st_size > self.limits.streams + MIO for file in self._files
            ):
                self.kill("flot")
        elif time.monotonic() > self._last_call:
            self.kill(self._killed)
        pid, status, usage = os.wait4(self.pid, 0 if ended and not self._killed and self._said_end() else os.WNOHANG)
        if pid == 0:
            if ended:  # it closed its pipe but lives: the selector would return at once, again and again
                time.sleep(TICK / 10)
            return None
        self.pump()
        self._bury()
        self.over = self._conclude(status, usage)
        return self.over

    def _interrupt(self) -> None:
        """The time-out: as Ctrl-C, so that the traceback says where it was; then, if that is not heard, the end."""
        self._killed = "delai"
        self._last_call = time.monotonic() + GRACE
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)

    def kill(self, why: str) -> None:
        """End the child and all that it started."""
        self._killed = why
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def abandon(self) -> None:
        """Kill and forget: the build is being stopped."""
        if self.over is None:
            self.kill("arret")
            os.wait4(self.pid, 0)
            self._bury()

    def events(self) -> list[dict[str, Any]]:
        """What the child has told of its work so far; a line cut by its death is left out."""
        return [event for event in self._lines() if "fin" not in event and "erreur" not in event]

    def take(self) -> list[dict[str, Any]]:
        """The events not yet taken; what is taken is forgotten, so that a long run does not fill the memory."""
        end = self._journal.rfind(b"\n") + 1
        kept = [line for line in self._journal[:end].split(b"\n") if line.startswith((b'{"fin": ', b'{"erreur'))]
        events = self.events()
        self._journal[:end] = b"".join(line + b"\n" for line in kept)
        return events

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._journal.split(b"\n")[:-1] if line]

    def _said_end(self) -> bool:
        tail = self._journal.rstrip(b"\n")
        start = tail.rfind(b"\n") + 1
        return tail[start : start + 8] in (b'{"fin": ', b'{"erreur')

    def _bury(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what a cell started and left running
        os.close(self._reader)
        for file in self._files:
            os.close(file)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _conclude(self, status: int, usage: Any) -> Outcome:
        known = {
            "cpu": usage.ru_utime + usage.ru_stime,
            "memory": usage.ru_maxrss * 1024,
            "wall": time.monotonic() - self.started,
            "pid": self.pid,
        }
        lines = self._journal.rsplit(b"\n", 2)
        last = json.loads(lines[-2]) if len(lines) > 1 and lines[-2] else {}
        if "fin" in last and not self._killed:
            return Outcome("fini", value=last["fin"], **known)
        journal = self.events()  # read only now: of a work that ended well, nobody asks how it went
        if self._killed:
            return Outcome(self._killed, cause=self._sentence(), events=journal, **known)
        if "erreur" in last:
            return Outcome("erreur", cause=last["erreur"], detail=last["detail"], events=journal, **known)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            cause = f"le processus du rapport a été tué par le signal {number} ({signal.Signals(number).name})"
            if number == signal.SIGKILL:
                cause += " : par lui-même, par quelqu'un ou par le système à court de mémoire"
            return Outcome("signal", cause=cause, events=journal, **known)
        code = os.waitstatus_to_exitcode(status)
        return Outcome(
            "sortie",
            cause=f"le carnet a mis fin à son processus (os._exit, code {code}) avant la dernière cellule",
            events=journal,
            **known,
        )

    def _sentence(self) -> str:
        if self._killed == "delai":
            return self.limits.late
        return self.limits.flooded if self._killed == "flot" else "la construction a été arrêtée"


def run_children(
    waiting: Iterator[tuple[Any, Callable[[Emit], Any]]],
    jobs: int,
    limits: Limits,
) -> Iterator[tuple[Any, Outcome]]:
    """Run works, `jobs` at a time, each in its own child; yields `(key, outcome)` as they end.

    The order of the yields depends on the machine, nothing else does. Whatever interrupts the caller kills the children.
    """
    if can_fork():
        for key, work in waiting:
            yield key, _run_here(work)
        return
    running: dict[Any, Child] = {}
    stopped = _Stop()
    gc.freeze()  # the parent's objects stay out of the children's collections, so their pages stay shared
    try:
        # Not epoll: a pipe that this process has closed stays in it, ready for ever, as long as a later child holds a copy.
        with selectors.PollSelector() as selector:
            more = True
            while more or running:
                while more and len(running) < jobs:
                    entry = next(waiting, None)
                    if entry is None:
                        more = False
                        break
                    key, work = entry
                    child = running[key] = Child(work, limits)
                    selector.register(child, selectors.EVENT_READ)
                if running:
                    selector.select(TICK)
                stopped.check()
                # The silent ones too, for time-outs: a look costs microseconds.
                for key, child in list(running.items()):
                    fd, outcome = child.fileno(), child.watch()
                    if outcome is None:
                        continue
                    with contextlib.suppress(KeyError, ValueError, OSError):
                        selector.unregister(fd)  # it is closed by now
                    del running[key]
                    yield key, outcome
    finally:
        for child in running.values():
            child.abandon()
        gc.unfreeze()
        stopped.restore()


def _run_here(work: Callable[[Emit], Any]) -> Outcome:
    """One work in this process: no leash, so what may not return is up to the work. Its environment and folders are put back."""
    start, used = time.monotonic(), time.process_time()
    told: list[dict[str, Any]] = []
    folder, environment, temporary = Path.cwd(), dict(os.environ), tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-", ignore_cleanup_errors=True) as scratch:
        tempfile.tempdir = scratch
        logging.disable(
            logging.CRITICAL
        )  # of what libraries tell of a child, nobody hears either: it comes as an exception
        try:
            outcome = Outcome("fini", value=json.loads(json.dumps(work(told.append))))
        except Exception as error:  # noqa: BLE001 (whatever it is, it must be heard of)
            outcome = Outcome("erreur", cause=_cause(error), detail=_detail(error), events=told)
        finally:
            logging.disable(logging.NOTSET)
            tempfile.tempdir = temporary
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
    outcome.wall, outcome.cpu, outcome.pid = time.monotonic() - start, time.process_time() - used, os.getpid()
    return outcome


def _cause(error: BaseException) -> str:
    return say_file(error) if isinstance(error, OSError) and error.errno else str(error) or type(error).__name__


def _detail(error: BaseException) -> str:
    return getattr(error, "detail", "") or "".join(traceback.format_exception(error))


class _Stop:
    """Ctrl-C, remembered: Python drops an exception raised in what it runs just after a fork, and with it the interruption."""

    def __init__(self) -> None:
        self.asked = False
        self._before = signal.signal(signal.SIGINT, self._ask)

    def _ask(self, *_signal: object) -> None:
        self.asked = True
        raise KeyboardInterrupt

    def check(self) -> None:
        if self.asked:
            raise KeyboardInterrupt

    def restore(self) -> None:
        signal.signal(signal.SIGINT, self._before)


def run_talking(work: Callable[[Emit], Any], limits: Limits) -> Iterator[dict[str, Any] | Outcome]:
    """Run one work in a child, yielding its events as they come, then its outcome."""
    child = Child(work, limits)
    try:
        with selectors.PollSelector() as selector:
            selector.register(child, selectors.EVENT_READ)
            while True:
                selector.select(TICK)
                outcome = child.watch()
                yield from child.take()
                if outcome is not None:
                    yield outcome
                    return
    finally:
        child.abandon()


def sweep_scratch() -> None:
    """Remove the folders of children whose parent was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}[0-9]*-*"):
        number = folder.name.removeprefix(SCRATCH).split("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _live(
    work: Callable[[Emit], Any], writer: int, files: list[int], scratch: Path, limits: Limits, parent: int
) -> None:
    """The child's whole life. Leaves by `os._exit`: nothing that the parent was in the middle of is finished twice."""
    import resource  # not to be had on every system, like forks

    global _is_child  # noqa: PLW0603 (it is so until this process ends)
    _is_child = True
    status = 1

    def emit(event: dict[str, Any]) -> None:
        view = memoryview(json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        while view:
            view = view[os.write(writer, view) :]

    try:
        os.setsid()
        die_with(parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(files[0], 1)
            os.dup2(files[1], 2)
            os.environ["TMPDIR"] = str(scratch)
            tempfile.tempdir = None
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if limits.memory is not None:
                limit_memory(limits.memory)
            emit({"fin": work(emit)})
            status = 0
        except BaseException as error:  # noqa: BLE001 (whatever it is, the parent must hear of it)
            emit({"erreur": _cause(error), "detail": _detail(error)})
    finally:
        os._exit(status)
