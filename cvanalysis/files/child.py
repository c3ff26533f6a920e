"""One forked child and its leash. Owns fork, limits, the journal and the cause of a death; refuses to know what the child does.

A child tells what happens through a pipe, so that whatever kills it, what it had done is known. It has its own session, so that what
it started dies with it, and it dies with its parent. Its parent has no thread: a lock held by another thread at the time of the fork
would be held for ever in the child. Where a fork is not to be had, works run one after the other in this very process, and what each
changes of it is put back. Standard library only.
"""

import contextlib
import ctypes
import gc
import logging
import math
import os
import selectors
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from cvanalysis.errors import DeclarationError, ReportFailed, UsageError, say_file

MIO = 1 << 20
SECONDS, MEMORY, STREAMS = 300, 1024, 10  # what one report may use, unless the build is asked otherwise; Mio
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
SCRATCH = "cvanalysis-"  # then the parent's number: `sweep_scratch` knows whose folder it was
TICK = 0.1  # seconds between two looks at time-outs and captured files
SELDOM = 100_000  # new objects between two collections: a child ends before its garbage is much, and figures make a lot
GRACE = 2.0  # seconds that an interrupted child has to say where it was
Emit = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use: `seconds` of wall time, `memory` bytes beyond what it inherits, `streams` bytes written to its standard
    streams. None: no limit."""

    seconds: float | None = SECONDS
    memory: int | None = MEMORY * MIO
    streams: int | None = STREAMS * MIO
    per_event: bool = False  # the time-out runs anew from each event (a cell), and waits after one that says nothing
    captured: bool = True  # its standard streams are; else they are its parent's

    @property
    def late(self) -> str:
        return f"le délai de {self.seconds:g} s est dépassé (`--timeout` en donne plus)"

    @property
    def flooded(self) -> str:
        return f"le carnet a écrit plus de {(self.streams or 0) // MIO} Mio sur ses sorties standard\u00a0: écrivez moins (`print`)"


UNBOUND = Limits(None, None, None)


def can_fork() -> str:
    """'' where a child may be forked from this process, else the reason why not, in French."""
    if not hasattr(os, "fork"):
        return "ce système ne sait pas dupliquer un processus"
    others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if others or threading.current_thread() is not threading.main_thread():
        return (
            f"ce processus a d'autres fils d'exécution ({', '.join(sorted(others)) or 'appel hors du fil principal'})"
        )
    return ""


def limit(kind: int, soft: int | None) -> None:
    """Let this process use so much of what `resource` counts; None: no limit but that of its parents."""
    import resource  # not to be had on every system, like forks

    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (hard if soft is None or 0 <= hard < soft else soft, hard))


def limit_memory(beyond: int | None) -> None:
    """Let this process map so many bytes more than it does (what it shares with its parent costs nothing); None: no limit."""
    if sys.platform == "linux":
        import resource

        limit(resource.RLIMIT_DATA, None if beyond is None else mapped() + beyond)


def mapped() -> int:
    """Bytes of its own that this process may write: what libraries and allocators merely reserve is not among them."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * PAGE


@dataclass(slots=True)
class Outcome:
    """How a child ended. `value` is what its work returned, or the signal that killed it; `cause` a French sentence where it did not end
    well; `kind` among `fini`, `refus` (what was asked is wrong), `erreur`, `delai`, `flot`, `signal`, `sortie`; `events` the journal,
    where it did not end well; `cpu` in seconds; `memory` its peak in bytes."""

    kind: str
    value: Any = None
    cause: str = ""
    detail: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    cpu: float = 0.0
    memory: int = 0
    wall: float = 0.0
    pid: int = 0

    def result(self, otherwise: str) -> Any:
        """What the work returned. Raises here what it refused there; `ReportFailed`, a sentence that begins so, where it has no end."""
        if self.kind == "refus":
            raise UsageError(self.cause)
        if self.kind != "fini":
            raise ReportFailed(f"{otherwise} : {self.cause}", self.detail)
        return self.value

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
        self._scratch = ""
        self._files: list[int] = []  # its standard output and error, where they are captured
        if limits.captured:
            self._scratch = tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-")
            ways = (os.path.join(self._scratch, name) for name in (".stdout", ".stderr"))  # noqa: PTH118
            self._files = [os.open(way, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600) for way in ways]
        self._heard, said = Pipe(duplex=False)
        self._place = self._heard.fileno()
        self.started = self._since = time.monotonic()
        self._told: list[Any] = []
        self._end: tuple[str, Any] | None = None  # its last word
        self._killed = ""
        self._last_call = float("inf")
        parent = os.getpid()
        sys.stdout.flush()  # what stands in a buffer would be written twice
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._live(work, said, parent)  # never returns
        said.close()

    def _live(self, work: Callable[[Emit], Any], said: Connection, parent: int) -> None:
        """The child's whole life. Leaves by `os._exit`: nothing that the parent was in the middle of is finished twice."""
        import resource

        global _is_child  # noqa: PLW0603 (it is so until this process ends)
        _is_child = True
        status = 1
        try:
            os.setsid()
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG: it could write over a later one
            if os.getppid() != parent:
                os._exit(1)
            gc.set_threshold(SELDOM)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                for stream, file in enumerate(self._files, start=1):
                    os.dup2(file, stream)
                if self._scratch:
                    _work_in(self._scratch)
                limit(resource.RLIMIT_CORE, 0)
                if self.limits.memory is not None:
                    limit_memory(self.limits.memory)
                said.send(("fin", work(lambda event: said.send(("dit", event)))))
                status = 0
            except BaseException as error:  # noqa: BLE001 (whatever it is, the parent must hear of it)
                said.send(("erreur", _last_words(error)))
        finally:
            os._exit(status)

    def fileno(self) -> int:
        return self._place

    def _pump(self) -> bool:
        """Hear what the child has said; True where it can say no more."""
        try:
            while self._heard.poll():
                kind, said = self._heard.recv()
                if kind != "dit":
                    self._end = kind, said
                    continue
                self._told.append(said)
                if self.limits.per_event:
                    self._since = time.monotonic() if said else math.inf
        except Exception:  # noqa: BLE001 (the pipe is closed, or a word was cut by a death)
            return True
        return False

    def watch(self) -> Outcome | None:
        """Look at the child once: kill it if it is past a limit; its outcome if it has ended."""
        ended = self._pump()
        if not self._killed:
            if self.limits.seconds is not None and time.monotonic() - self._since > self.limits.seconds:
                # As Ctrl-C, so that the traceback says where it was; then, if that is not heard, the end.
                self._killed, self._last_call = "delai", time.monotonic() + GRACE
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGINT)
            elif self.limits.streams is not None and any(
                os.fstat(file).st_size > self.limits.streams + MIO for file in self._files
            ):
                self._kill("flot")
        elif time.monotonic() > self._last_call:
            self._kill(self._killed)
        pid, status, usage = os.wait4(self.pid, 0 if ended and not self._killed and self._end else os.WNOHANG)
        if pid == 0:
            if ended:  # it closed its pipe but lives: the selector would return at once, again and again
                time.sleep(TICK / 10)
            return None
        self._pump()
        self._bury()
        return self._conclude(status, usage)

    def _kill(self, why: str) -> None:
        """End the child and all that it started."""
        self._killed = why
        for end in (os.killpg, os.kill):  # it may have no group of its own yet
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(self.pid, signal.SIGKILL)

    def abandon(self) -> None:
        """Kill and forget: the build is being stopped."""
        self._kill("arret")
        with contextlib.suppress(OSError):  # the interruption may have come as it was being buried
            os.wait4(self.pid, 0)
            self._bury()

    def take(self) -> list[Any]:
        """What the child has told of its work and nobody has taken yet."""
        told, self._told = self._told, []
        return told

    def _bury(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what a cell started and left running
        self._heard.close()
        for file in self._files:
            os.close(file)
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _conclude(self, status: int, usage: Any) -> Outcome:
        kind, last = self._end or ("", None)
        if self._killed:
            outcome = Outcome(self._killed, cause=self.limits.late if self._killed == "delai" else self.limits.flooded)
        elif kind == "fin":
            outcome = Outcome("fini", value=last)
        elif kind:
            outcome = Outcome(**last)
        elif os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            cause = f"le processus du rapport a été tué par le signal {number} ({signal.Signals(number).name})"
            if number == signal.SIGKILL:
                cause += " : par lui-même, par quelqu'un ou par le système à court de mémoire"
            outcome = Outcome("signal", value=number, cause=cause)
        else:
            code = os.waitstatus_to_exitcode(status)
            cause = f"le carnet a mis fin à son processus (os._exit, code {code}) avant la dernière cellule"
            outcome = Outcome("sortie", cause=cause)
        outcome.cpu, outcome.memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
        outcome.wall, outcome.pid = time.monotonic() - self.started, self.pid
        return outcome


def run_children(
    waiting: Iterator[tuple[Any, Callable[[Emit], Any]]], jobs: int, limits: Limits, *, live: bool = False
) -> Iterator[tuple[Any, Any]]:
    """Run works, `jobs` at a time, each in its own child; yields `(key, outcome)` as they end, after `(key, event)` as they tell
    where `live`; otherwise the events of a work that did not end well are in its outcome.

    The order of the yields depends on the machine, nothing else does. Whatever interrupts the caller kills the children.
    """
    if can_fork():
        for key, work in waiting:
            yield key, _run_here(work)
        return
    running: dict[Any, Child] = {}
    gc.freeze()  # the parent's objects stay out of the children's collections, so their pages stay shared
    try:
        # Not epoll: a pipe that this process has closed stays in it, ready for ever, as long as a later child holds a copy.
        with _interruption() as asked, selectors.PollSelector() as selector:
            while True:
                for key, work in islice(waiting, jobs - len(running)):
                    running[key] = Child(work, limits)
                    selector.register(running[key], selectors.EVENT_READ)
                if not running:
                    return
                selector.select(TICK)
                if asked:
                    raise KeyboardInterrupt
                # The silent ones too, for time-outs: a look costs microseconds.
                for key, child in list(running.items()):
                    outcome = child.watch()
                    said: list[Any] = child.take() if live else []
                    if outcome is not None:
                        selector.unregister(child.fileno())
                        del running[key]
                        if outcome.kind != "fini":  # of a work that ended well, nobody asks how it went
                            outcome.events = child.take()
                        said.append(outcome)
                    for one in said:
                        yield key, one
    finally:
        for child in running.values():
            child.abandon()
        gc.unfreeze()


def run_one(work: Callable[[Emit], Any], limits: Limits = UNBOUND) -> Outcome:
    """Run one work in a child of its own, to its end."""
    [(_, outcome)] = run_children(iter([("", work)]), 1, limits)
    return outcome


@contextlib.contextmanager
def _interruption() -> Iterator[list[int]]:
    """Ctrl-C, remembered: Python drops an exception raised in what it runs just after a fork, and with it the interruption."""
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _run_here(work: Callable[[Emit], Any]) -> Outcome:
    """One work in this process: no leash, so what may not return is up to the work. Its environment and folders are put back."""
    start, used = time.monotonic(), time.process_time()
    told: list[Any] = []
    environment = dict(os.environ)
    scratch = tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-", ignore_cleanup_errors=True)
    with scratch as folder, contextlib.chdir("."):
        _work_in(folder)
        logging.disable()  # of what libraries tell of a child, nobody hears either: it comes as an exception
        try:
            outcome = Outcome("fini", value=work(told.append))
        except Exception as error:  # noqa: BLE001 (whatever it is, it must be heard of)
            outcome = Outcome(**_last_words(error), events=told)
        finally:
            logging.disable(logging.NOTSET)
            os.environ.clear()
            os.environ.update(environment)
            tempfile.tempdir = None
    outcome.wall, outcome.cpu, outcome.pid = time.monotonic() - start, time.process_time() - used, os.getpid()
    return outcome


def _work_in(scratch: Path | str) -> None:
    os.environ["TMPDIR"] = str(scratch)
    tempfile.tempdir = None  # so that it is asked for again


def _last_words(error: BaseException) -> dict[str, str]:
    cause = say_file(error) if isinstance(error, OSError) and error.errno else str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        cause = "la mémoire permise est dépassée\u00a0: lisez ou montrez moins, ou donnez-en plus (`--memory`)"
    detail = getattr(error, "detail", "") or "".join(traceback.format_exception(error))
    kind = "refus" if isinstance(error, UsageError | DeclarationError) else "erreur"
    return {"kind": kind, "cause": cause, "detail": detail}


def sweep_scratch() -> None:
    """Remove the folders of children whose parent was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}[0-9]*-*"):
        number = folder.name.removeprefix(SCRATCH).split("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
