"""Files that appear whole or not at all, and folders that one process holds. Owns writing; refuses to know what is written.

A file is written beside its place under a hidden name, forced to the disk, then renamed. What a killed build leaves is hidden
and bears its number; the next build sweeps it. A file is as private as the folder that it is written in, whatever the umask.
"""

import contextlib
import hashlib
import json
import os
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cvanalysis.errors import CvanalysisError, UsageError, file_of, printed, say_system

SUFFIX = ".cvtmp"


class WriteFailed(CvanalysisError):
    """The disk refused a file; nothing that was there before was touched."""


def write_all(files: Iterable[tuple[Path, bytes]]) -> None:
    """Write several files that belong together: none takes its place before all of them are whole on the disk."""
    written: list[tuple[Path, Path]] = []
    try:
        for path, raw in files:
            make_folder(path.parent)
            temporary = path.parent / f".{path.name}.{os.getpid()}{SUFFIX}"
            written.append((temporary, path))
            with temporary.open("wb") as file:
                file.write(raw)
                file.flush()
                keep_private(temporary)
                os.fsync(file.fileno())
        for temporary, path in written:
            temporary.replace(path)
    except OSError as error:
        raise _failed(error) from error
    finally:
        for temporary, _path in written:
            with contextlib.suppress(OSError):
                temporary.unlink()


def write(path: Path, raw: bytes) -> None:
    """Write one file, whole or not at all."""
    write_all([(path, raw)])


def to_json(value: Any) -> bytes:
    """A value as JSON that a person can read, in its own order, with accents as they are: the same bytes for the same value."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def read_json(path: Path) -> Any:
    """The value, or None where the file is absent or was not written by us."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def make_folder(folder: Path, private: bool | None = None) -> None:
    """Make a folder and those above it: readable by its owner alone where `private`, or where the folder that it is made in is."""
    try:
        if not folder.is_dir():
            make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            keep_private(folder)
        if private is not None:
            os.umask(mask := os.umask(0))
            folder.chmod(0o700 if private else 0o777 & ~mask)
    except OSError as error:
        raise _failed(error) from error


def keep_private(path: Path) -> None:
    """Take from others the rights on what has just been made in a folder that is not open to them."""
    if not path.parent.stat().st_mode & 0o077:
        path.chmod(path.stat().st_mode & 0o700)


@contextlib.contextmanager
def locked(folder: Path, name: str, *, wait: bool = False) -> Iterator[None]:
    """Hold a folder against another process. The system lets go of it when this one ends, however it ends.

    Raises `UsageError` where another holds it, or waits for it. `name` is how the folder is called in that sentence.
    """
    try:
        import fcntl
    except ImportError:  # a system without forks has no such lock either
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise UsageError(f"Une autre construction est en cours dans {name} : attendez qu'elle finisse.") from None
        yield
    finally:
        os.close(held)


def sweep(folder: Path) -> None:
    """Remove what killed builds have left half written."""
    if folder.is_dir():
        for path in _walk(folder):
            if path.name.endswith(SUFFIX):
                with contextlib.suppress(OSError):
                    path.unlink()


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, '' where there is none: to open a pipe would wait for ever."""
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def digest_value(value: Any) -> str:
    """SHA-256 of a plain value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def named(path: Path, folder: Path) -> str:
    """How a file is named to people: relative to the data folder, with `/`, each accent with its letter (a Mac writes them apart); what
    is no text or steers a terminal as its number. Beside a file whose name looks the same, it keeps its own."""
    name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
    one = unicodedata.normalize("NFC", name)
    twin = one != name and path.exists() and (folder / one).exists() and not path.samefile(folder / one)
    return printed(name if twin else one)


def digest_tree(folder: Path) -> dict[str, str]:
    """Digest of each file under `folder`, by its path relative to it (with `/`), sorted."""
    return {
        named(path, folder): digest(path)
        for path in sorted(_walk(folder))
        if not path.name.endswith((SUFFIX, ".pyc")) and not path.name.startswith(".")
    }


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in names:
            yield Path(root) / name


def _failed(error: OSError) -> WriteFailed:
    return WriteFailed(f"{file_of(error) or 'un fichier'} n'a pas pu être écrit : {say_system(error)}")
