"""Raw files read under guard: one made to hurt costs itself and no other. Owns what a file may use, and the refusal of one.

A parser may never end, swallow the memory or abort, and no `except` helps. So what reads raw files runs in a child (`child`) that says
which one it is about; the kernel allows each its processor time and memory anew. When the child dies, its parent refuses the file that it
was about and starts again without it. Where no fork is to be had, the work runs here, without limits: an exception still costs its file
alone, but a file without end has to be interrupted by hand. Where other threads run (a Jupyter kernel), opening a territory has it done
by a process that has none (`tables.process.prepare`). Standard library only.
"""

import logging
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from cvanalysis.errors import CvanalysisError, Problem, ReadError
from cvanalysis.files.child import MIO, Emit, Limits, Outcome, can_fork, limit, limit_memory, mapped, run_children

SECONDES = 15  # of processor for one file, whatever its size: the largest workbooks that we know of take 3
SECONDES_PAR_MIO = 0.2  # and more for a large one: a census of 143 MiB takes 5 in all
MEMOIRE = 1700 * MIO  # for all that is read, beyond what the child inherits: with it, less than 2 GiB
MEMOIRE_MIN = 512 * MIO  # and at least so much for each file, whatever those before it have taken
ATTENTE = 300  # seconds by the clock with no sign of life: a disk that does not answer uses no processor
ALLEGER = "Ouvrez-le dans un tableur, gardez-en les lignes et les colonnes utiles et enregistrez-le en CSV"


class TooLargeError(Exception):
    """What would not fit in memory or in a spreadsheet; the message says which part."""


T = TypeVar("T")
_log = logging.getLogger(__name__)
_refused: dict[str, Problem] = {}
_say: Emit | None = None  # in a child: how to say what it is about
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
        limit(resource.RLIMIT_CPU, int(_until) + 1)


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
    about, outcome = "", Outcome("")
    limits = Limits(ATTENTE, None, None, per_event=True, captured=False)
    for _, said in run_children(iter([("", partial(_live, work, refused))]), 1, limits, live=True):
        if isinstance(said, Outcome):
            outcome = said
        else:
            about = said
    if outcome.kind == "fini":
        result, error = outcome.value
        if error is not None:
            raise error
        return result
    why = f"sa lecture ne répond plus depuis {ATTENTE} s" if outcome.kind == "delai" else _cause(outcome.value)
    if about:
        raise _refusal(about, why)
    raise CvanalysisError(f"Les données n'ont pas pu être préparées\u00a0: {why}.")


def _cause(number: int) -> str:
    if number == signal.SIGXCPU:
        return f"sa lecture demande plus de {SECONDES} s de calcul"
    if number == signal.SIGKILL:
        return "sa lecture a été arrêtée par le système, sans doute à court de mémoire"
    return "sa lecture fait tomber le programme qui l'ouvre, ou demande plus de mémoire qu'il n'y en a"


def _live(work: Callable[[], T], refused: dict[str, Problem], emit: Emit) -> tuple[T | None, Exception | None]:
    """In the child: what the work returns, or raises."""
    global _say, _inherited
    _say, _inherited = emit, mapped()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent ends it; as it is, what it is about stays known
    emit("")  # nothing is being read: the clock waits
    try:
        return _run_here(work, refused), None
    except Exception as error:  # noqa: BLE001 (whatever it is, it is raised where the work was asked for)
        if not isinstance(error, CvanalysisError):
            error.add_note("".join(traceback.format_exception(error)))
        return None, error


def _tell(fichier: str) -> None:
    """Say to the parent what is being read, and start its limits; '': nothing is, and nothing is limited."""
    global _until  # noqa: PLW0603 (a process has one clock)
    if _say is None:
        return
    import resource

    if not fichier:
        _until = 0.0
        limit_memory(None)
        limit(resource.RLIMIT_CPU, None)
    _say(fichier)
    if fichier:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _until = used.ru_utime + used.ru_stime
        allow(SECONDES)
        limit_memory(max(_inherited + MEMOIRE - mapped(), MEMOIRE_MIN))
