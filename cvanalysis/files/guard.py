"""Raw files read under guard: one made to hurt costs itself and no other. Owns the child that reads and what a file may use.

A parser may never end, swallow the memory or abort, and no `except` helps. So what reads raw files runs in a forked child that says which
one it is about; the kernel allows each its processor time and memory anew. When the child dies, its parent refuses the file that it was
about and starts again without it. Where no fork is to be had, the work runs here, without limits: an exception still costs its file
alone, but a file without end has to be interrupted by hand. Where other threads run (a Jupyter kernel), opening a territory has it done
by a process that has none (`tables.process.prepare`). Standard library only.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, TypeVar

from cvanalysis.errors import CvanalysisError, Problem, ReadError

MIO = 1 << 20
SECONDES = 15  # of processor for one file, whatever its size: the largest workbooks that we know of take 3
SECONDES_PAR_MIO = 0.2  # and more for a large one: a census of 143 MiB takes 5 in all
MEMOIRE = 1700 * MIO  # for all that is read, beyond what the child inherits: with it, less than 2 GiB
MEMOIRE_MIN = 512 * MIO  # and at least so much for each file, whatever those before it have taken
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
ATTENTE = 300  # seconds by the clock with no sign of life: a disk that does not answer uses no processor
ALLEGER = "Ouvrez-le dans un tableur, gardez-en les lignes et les colonnes utiles et enregistrez-le en CSV"


class TooLargeError(Exception):
    """What would not fit in memory or in a spreadsheet; the message says which part."""


T = TypeVar("T")
_log = logging.getLogger(__name__)
_refused: dict[str, Problem] = {}
_parent: Connection | None = None  # in a child: where to say what it is about
_inherited = 0  # bytes that it mapped at its birth
_until = 0.0  # processor time at which the file at hand will have had enough; 0: none is at hand


def under_guard(work: Callable[[], T]) -> T:
    """What `work` returns, once the files that kill or stop it are refused; it must read raw files in `reading` alone.

    Raises what `work` raises, but for the `ReadError` of a file, which is then refused; `CvanalysisError` where it dies of no file.
    """
    refused: dict[str, Problem] = {}
    while True:
        try:
            return _run_here(work, refused) if can_fork() else _run_in_child(work, refused)
        except ReadError as error:
            if error.problem.fichier in refused:
                raise
            refused[error.problem.fichier] = error.problem


@contextmanager
def reading(fichier: str) -> Iterator[None]:
    """What is done meanwhile is about this raw file: whatever goes wrong is a `ReadError` that names it."""
    if fichier in _refused:
        raise ReadError(_refused[fichier])
    _tell(fichier)
    try:
        yield
    except CvanalysisError:
        raise
    except TooLargeError as error:
        raise too_large(fichier, error) from None
    except MemoryError as error:
        limit_memory(None)  # before anything else: there is none left for it
        raise _refusal(fichier, f"sa lecture demande plus de {MEMOIRE // MIO} Mio de mémoire") from error
    except Exception as error:
        _log.debug("%s", fichier, exc_info=True)
        raise _refusal(fichier, f"sa lecture échoue ({type(error).__name__})") from error
    finally:
        _tell("")


def allow(seconds: float) -> None:
    """Allow the file at hand that much processor time more, for what it plainly holds."""
    global _until  # noqa: PLW0603 (a process has one clock)
    if _until:
        import resource

        _until += seconds
        _limit(resource.RLIMIT_CPU, int(_until) + 1)


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


def die_with(parent: int) -> None:
    """A child that outlives its parent could write over what a later one has written."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(beyond: int | None) -> None:
    """Let this process map so many bytes more than it does (what it shares with its parent costs nothing); None: no limit."""
    if sys.platform == "linux":
        import resource

        _limit(resource.RLIMIT_DATA, None if beyond is None else _mapped() + beyond)


def _mapped() -> int:
    """Bytes of its own that this process may write: what libraries and allocators merely reserve is not among them."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * PAGE


def too_large(fichier: str, error: TooLargeError) -> ReadError:
    """What is said of a file that would not fit."""
    return _refusal(fichier, f"le fichier est démesuré ({error})")


def _refusal(fichier: str, found: str) -> ReadError:
    return ReadError.of(fichier, found, "", ALLEGER)


def _run_here(work: Callable[[], T], refused: dict[str, Problem]) -> T:
    global _refused  # noqa: PLW0603 (what is refused is so for this work alone)
    before, _refused = _refused, refused
    try:
        return work()
    finally:
        _refused = before


def _run_in_child(work: Callable[[], T], refused: dict[str, Problem]) -> T:
    heard, said = Pipe(duplex=False)
    child = get_context("fork").Process(target=_live, args=(work, said, refused, os.getpid()))
    child.start()
    said.close()
    about, mute = "", False
    try:
        while not mute:
            mute = not heard.poll(ATTENTE if about else None)
            if not mute:
                kind, value = heard.recv()
                if kind == "fin":
                    return value
                if kind == "erreur":
                    raise value
                about = value
    except EOFError:
        pass  # it died
    finally:
        heard.close()
        child.kill()  # nothing to one that died already: how it did is kept
        child.join()
    why = f"sa lecture ne répond plus depuis {ATTENTE} s" if mute else _cause(-(child.exitcode or 0))
    if about:
        raise _refusal(about, why)
    raise CvanalysisError(f"Les données n'ont pas pu être préparées\u00a0: {why}.")


def _cause(number: int) -> str:
    if number == signal.SIGXCPU:
        return f"sa lecture demande plus de {SECONDES} s de calcul"
    if number == signal.SIGKILL:
        return "sa lecture a été arrêtée par le système, sans doute à court de mémoire"
    return "sa lecture fait tomber le programme qui l'ouvre, ou demande plus de mémoire qu'il n'y en a"


def _live(work: Callable[[], Any], said: Connection, refused: dict[str, Problem], parent: int) -> None:
    """The child's whole life."""
    global _parent, _inherited
    die_with(parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        import resource

        _limit(resource.RLIMIT_CORE, 0)
        _parent, _inherited = said, _mapped()
        message = ("fin", _run_here(work, refused))
    except BaseException as error:  # noqa: BLE001 (whatever it is, the parent must hear of it)
        if not isinstance(error, CvanalysisError):
            error.add_note("".join(traceback.format_exception(error)))
        message = ("erreur", error)
    said.send(message)


def _tell(fichier: str) -> None:
    """Say to the parent what is being read, and start its limits; '': nothing is, and nothing is limited."""
    global _until  # noqa: PLW0603 (a process has one clock)
    if _parent is None:
        return
    import resource

    if not fichier:
        _until = 0.0
        limit_memory(None)
        _limit(resource.RLIMIT_CPU, None)
    _parent.send(("fichier", fichier))
    if fichier:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _until = used.ru_utime + used.ru_stime
        allow(SECONDES)
        limit_memory(max(_inherited + MEMOIRE - _mapped(), MEMOIRE_MIN))


def _limit(kind: int, soft: int | None) -> None:
    import resource  # not to be had on every system, like forks

    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (hard if soft is None or 0 <= hard < soft else soft, hard))
