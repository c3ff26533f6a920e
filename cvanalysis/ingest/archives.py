"""A ZIP as INSEE distributes it → the tables in it. Owns what an archive is and which of its members may hold a table.

Refuses to read a table (`reading` does), to open an archive inside another, and to unfold what would not fit in memory.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from cvanalysis.errors import Problem, ReadError

TABLEAUX = (".csv", ".txt", ".tsv", ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods")
CLASSEURS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}  # parts that make a ZIP a workbook
DEPLIE_MAX = 2 * 1024**3  # bytes once unzipped
SEPARATION = ".zip/"  # between an archive and its member in a file's name


def is_archive(data: bytes) -> bool:
    """Whether bytes are a ZIP that is no workbook; a damaged one is left to the reader of workbooks, who says so."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return not CLASSEURS & set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def read_members(data: bytes, fichier: str) -> list[tuple[str, bytes]]:
    """The tables of an archive: (name to tell people, bytes), in the archive's order of names. Raises `ReadError`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            wanted = sorted(name for name in archive.namelist() if _is_table(name))
            if not wanted:
                raise _refuse(
                    fichier, "l'archive ZIP ne contient aucun tableau", "Décompressez-la et gardez ses données"
                )
            if sum(archive.getinfo(name).file_size for name in wanted) > DEPLIE_MAX:
                raise _refuse(
                    fichier, "l'archive fait plus de 2 Gio une fois décompressée", "Décompressez-la vous-même"
                )
            return [(f"{fichier}/{name}", archive.read(name)) for name in wanted]
    except RuntimeError:  # zipfile's word for a password
        raise _refuse(fichier, "l'archive est protégée par un mot de passe", "Décompressez-la") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError):
        raise _refuse(fichier, "l'archive est incomplète ou abîmée", "Téléchargez-la de nouveau") from None


def archive_of(fichier: str) -> str:
    """The archive of a member's name, '' for a file that is none."""
    head, found, _ = fichier.lower().partition(SEPARATION)
    return fichier[: len(head) + len(SEPARATION) - 1] if found else ""


def _is_table(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "~$", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() in TABLEAUX


def _refuse(fichier: str, found: str, to_do: str) -> ReadError:
    return ReadError(
        Problem(
            fichier, 0, "", found, "Une archive des fichiers CSV, XLS, XLSX ou ODS de l'Insee était attendue", to_do
        )
    )
