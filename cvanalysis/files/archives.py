"""A ZIP as INSEE distributes it → the tables in it. Owns what an archive is and which of its members may hold a table.

Refuses to read a table (`reading` does), to open an archive inside another, and to unfold what would not fit in memory.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath

from cvanalysis.errors import CvanalysisError, ReadError
from cvanalysis.files.guard import MIO

CONTOURS = (".shp", ".gpkg", ".geojson")
TABLEAUX = (".csv", ".txt", ".tsv", ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods")
CLASSEURS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}  # parts that make a ZIP a workbook

OCTETS_MAX = 400 * MIO  # of a raw file, or of one unfolded from an archive: the largest known, a census, has 143
MEMBRES_MAX = 500  # tables in one archive: INSEE's have a few dozen
SEPARATION = ".zip/"  # between an archive and its member in a file's name


def is_archive(data: bytes) -> bool:
    """Whether bytes are a ZIP that is no workbook; a damaged one is left to the reader of workbooks, who says so."""
    if not data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return False
    with suppress(ReadError), _opened(data, "") as archive:
        return not CLASSEURS & set(archive.namelist())
    return False


def members(data: bytes, fichier: str) -> list[tuple[str, zipfile.ZipInfo]]:
    """The tables of an archive: (name to tell people, what it says of it), in the order of names. Raises `ReadError`."""
    with _opened(data, fichier) as archive:
        inside = {one.filename: one for one in archive.infolist()}
    wanted = sorted(filter(_is_table, inside))
    if not 0 < len(wanted) <= MEMBRES_MAX:
        many = f"contient {len(wanted)} tableaux, plus que les {MEMBRES_MAX} permis" if wanted else "n'a aucun tableau"
        maps = not wanted and any(name.lower().endswith(CONTOURS) for name in inside)
        todo = "déposez ses contours dans geo/, en GeoJSON" if maps else "gardez ses données"
        raise _refuse(fichier, f"l'archive ZIP {many}", f"Décompressez-la et {todo}")
    return [(f"{fichier}/{name}", inside[name]) for name in wanted]


def read_member(data: bytes, fichier: str, member: zipfile.ZipInfo) -> bytes:
    """One member of an archive. Raises `ReadError`, and before it is unfolded where it says itself too large: zipfile unfolds no more."""
    with _opened(data, fichier) as archive:
        if member.file_size > OCTETS_MAX:
            name, size = PurePosixPath(member.filename).name, member.file_size // MIO
            found = f"{name} fait {size} Mio une fois décompressé, plus que les {OCTETS_MAX // MIO} permis"
            raise _refuse(fichier, found, "Gardez-en les lignes et les colonnes utiles")
        return archive.read(member)


@contextmanager
def _opened(data: bytes, fichier: str) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except (CvanalysisError, MemoryError):
        raise
    except RuntimeError:  # zipfile's word for a password
        raise _refuse(fichier, "l'archive est protégée par un mot de passe", "Décompressez-la") from None
    except Exception:  # noqa: BLE001 (a damaged archive makes zipfile raise anything)
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
    return ReadError.of(
        fichier, found, "Une archive des fichiers CSV, XLS, XLSX ou ODS de l'Insee était attendue", to_do
    )
