"""The exception tree. Owns what goes wrong and how it is told; refuses to print or to exit.

Every message is French, for the person who can mend it: where, what was found, what was expected, what to do.

CvanalysisError
├── UsageError            a parameter, an option, a report's name            (exit status 2, nothing built)
│   └── UnknownPart       what a page does not have
├── DeclarationError      contrat.toml and its CSV files, all problems at once (exit status 2, nothing built)
├── ReadError             one raw file cannot be read: it is left out, the others go on      (exit status 1)
│   └── UnrecognisedFile  readable, but of no known family or without a known vintage
├── ComparisonRefused     a comparison that statistics do not allow, with its reason (shown, never raised to a user)
└── ReportFailed          one report failed: its page is not replaced, the others go on      (exit status 1)
"""

from __future__ import annotations

import errno
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Self


def printed(text: str, keep: str = "") -> str:
    r"""A text that a terminal shows and never obeys: what would steer it, or speak on a line of its own, is written as its number.

    A name, a title or a cell may hold anything: a line end in one would let it speak in the program's place.

    >>> print(printed("a\n\x1b[2Jb"))
    a\n\x1b[2Jb
    """
    steers = {c for c in text if c not in keep and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    return text.translate({ord(c): c.encode("unicode_escape").decode() for c in steers}) if steers else text


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend, said so that a person can act on it.

    `fichier` is relative to the data folder, `ligne` counts from 1 as a spreadsheet does (0: the whole file),
    `colonne` is the header's text or ''.
    """

    fichier: str
    ligne: int
    colonne: str
    trouve: str
    attendu: str = ""
    que_faire: str = ""

    def __str__(self) -> str:
        where = f"`{self.fichier}`"
        if self.ligne:
            where += f", ligne {self.ligne}"
        if self.colonne:
            where += f", colonne `{self.colonne}`"
        parts = (part.strip().rstrip(".") for part in (self.trouve, self.attendu, self.que_faire))
        return printed(f"{where} : " + " ".join(part if part.endswith("?") else f"{part}." for part in parts if part))


class CvanalysisError(Exception):
    """Root of all errors that this project raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message alone, since the way through our code helps nobody to mend a code or a file."""
        return [f"{type(self).__name__} : {self}"]


class UsageError(CvanalysisError):
    """The command or the notebook was asked for something that does not exist."""


class UnknownPart(UsageError, AttributeError):
    """A page was asked for what it does not have; also an `AttributeError`, so that whoever feels their way around is answered."""


class DeclarationError(CvanalysisError):
    """The territory's declarations are wrong; bears all the problems found, not the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        many = "problèmes" if len(problems) > 1 else "problème"
        super().__init__(f"{len(problems)} {many} dans les déclarations :\n" + "\n".join(f"- {p}" for p in problems))

    def __reduce__(self) -> tuple[type, tuple[list[Problem]]]:  # from the child that reads to its parent
        return type(self), (list(self.problems),)


class ReadError(CvanalysisError):
    """One raw file cannot be read. It is named, left out, and disturbs nothing else."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))

    @classmethod
    def of(
        cls, fichier: str, trouve: str, attendu: str = "", que_faire: str = "", ligne: int = 0, colonne: str = ""
    ) -> Self:
        """The error of a file, in the words of `Problem`."""
        return cls(Problem(fichier, ligne, colonne, trouve, attendu, que_faire))

    def __reduce__(self) -> tuple[type, tuple[Problem]]:
        return type(self), (self.problem,)


class UnrecognisedFile(ReadError):
    """The file can be read but is of no family of the catalogue, or its vintage cannot be told."""


class ComparisonRefused(CvanalysisError):
    """Two figures may not be compared; the message is the reason, in French, fit to be printed under a figure."""


class ReportFailed(CvanalysisError):
    """One report failed; `cause` is a sentence, `detail` the traceback kept aside."""

    def __init__(self, cause: str, detail: str = "") -> None:
        self.cause = cause
        self.detail = detail
        super().__init__(cause)


_SYSTEM = {
    errno.ENOSPC: "le disque est plein",
    errno.EDQUOT: "le quota de disque est atteint",
    errno.EACCES: "l'accès est refusé",
    errno.EPERM: "l'accès est refusé",
    errno.EROFS: "le disque est en lecture seule",
    errno.EMFILE: "trop de fichiers sont ouverts à la fois (`ulimit -n` en permet trop peu)",
    errno.ENFILE: "trop de fichiers sont ouverts à la fois sur cette machine",
    errno.ENOMEM: "la mémoire de la machine est épuisée",
    errno.EAGAIN: "trop de processus tournent à la fois sur cette machine",
    errno.EIO: "le disque est en panne",
    errno.ENAMETOOLONG: "son nom est trop long",
    errno.ENOTDIR: "un fichier est là où un dossier est attendu",
    errno.EEXIST: "un fichier est là où un dossier est attendu",
    errno.EISDIR: "c'est un dossier",
    errno.ENOENT: "il n'est plus là",
    errno.ELOOP: "c'est un lien qui ne mène qu'à lui-même",
}


def say_system(error: OSError) -> str:
    """Why the system refused something, in French, without the way to it."""
    if "temporary directory" in str(error):
        return "aucun dossier temporaire n'est utilisable (plein, ou l'accès en est refusé\u00a0: voir TMPDIR)"
    return _SYSTEM.get(error.errno or 0, f"erreur {error.errno} du système")


def say_file(error: OSError) -> str:
    """The same, with the name of the file that it is about, where it is known."""
    return f"{name}\u00a0: {say_system(error)}" if (name := file_of(error)) else say_system(error)


def file_of(error: OSError) -> str:
    """The name of the file that it is about, '' where it is not known."""
    name = Path(error.filename).name if isinstance(error.filename, str | Path) else ""
    return printed(name.lstrip(".").split(".cvtmp")[0])
