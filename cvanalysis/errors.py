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

import errno
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

_SYSTEM = tomllib.loads(Path(__file__).with_name("errors.toml").read_text(encoding="utf-8"))
"""Read now: a system that gives no more files would not give this one."""


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
        parts = (" ".join(part.split("\n")).strip().rstrip(".") for part in (self.trouve, self.attendu, self.que_faire))
        found, *others = (part if part.endswith("?") else f"{part}." for part in parts if part)
        return printed(" ".join((f"{where} : {found}", *(one[0].upper() + one[1:] for one in others))))


class CvanalysisError(Exception):
    """Ce que cvanalysis refuse, en une phrase (`UsageError`, `DeclarationError`… en sont)."""

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
        super().__init__(problems)

    def __str__(self) -> str:
        many = "problèmes" if len(self.problems) > 1 else "problème"
        alike: dict[tuple[str, ...], list[Problem]] = {}
        for one in self.problems:
            place = (one.fichier, str(one.ligne), one.colonne) if one.ligne or one.colonne else ()
            alike.setdefault((one.trouve, one.que_faire, *place), []).append(one)
        lines = []
        for one, *same in alike.values():
            names = "`, `".join(other.fichier for other in (one, *same))  # files that are wrong alike are one line
            lines.append(f"\n- {replace(one, fichier=names, attendu='') if same else one}")
        return f"{len(self.problems)} {many} dans les déclarations :{''.join(lines)}"


class ReadError(CvanalysisError):
    """One raw file cannot be read. It is named, left out, and disturbs nothing else."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)

    @classmethod
    def of(
        cls, fichier: str, trouve: str, attendu: str = "", que_faire: str = "", ligne: int = 0, colonne: str = ""
    ) -> Self:
        """The error of a file, in the words of `Problem`."""
        return cls(Problem(fichier, ligne, colonne, trouve, attendu, que_faire))


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


def say_system(error: OSError) -> str:
    """Why the system refused something, in French, without the way to it."""
    if "temporary directory" in str(error):
        return "aucun dossier temporaire n'est utilisable (plein, ou l'accès en est refusé\u00a0: voir TMPDIR)"
    return _SYSTEM.get(errno.errorcode.get(error.errno or 0, ""), f"erreur {error.errno} du système")


def say_file(error: OSError) -> str:
    """The same, with the name of the file that it is about, where it is known."""
    return f"{name}\u00a0: {say_system(error)}" if (name := file_of(error)) else say_system(error)


def file_of(error: OSError) -> str:
    """The name of the file that it is about, '' where it is not known."""
    name = Path(error.filename).name if isinstance(error.filename, str | Path) else ""
    return printed(name.lstrip(".").split(".cvtmp")[0])
