"""Files that appear whole or not at all. Owns writing under OUT; refuses to know what is written.

A file is written beside its place under a hidden name, forced to the disk, then renamed. What a killed build leaves is hidden
and bears its number; the next build sweeps it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cvanalysis.errors import CvanalysisError
from cvanalysis.ingest.guard import named

SUFFIX = ".cvtmp"


class WriteFailed(CvanalysisError):
    """The disk refused a file; nothing that was there before was touched."""


def write_all(files: Iterable[tuple[Path, bytes]]) -> None:
    """Write several files that belong together: none takes its place before all of them are whole on the disk."""
    written: list[tuple[Path, Path]] = []
    try:
        for path, raw in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.parent / f".{path.name}.{os.getpid()}{SUFFIX}"
            written.append((temporary, path))
            with temporary.open("wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
        for temporary, path in written:
            temporary.replace(path)
    except OSError as error:
        raise WriteFailed(_cause(error)) from error
    finally:
        for temporary, _path in written:
            with contextlib.suppress(OSError):
                temporary.unlink()


def write(path: Path, raw: bytes) -> None:
    """Write one file, whole or not at all."""
    write_all([(path, raw)])


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON that a person can read, the same bytes for the same value."""
    write(path, to_json(value))


def to_json(value: Any) -> bytes:
    """Indented, in the value's own order, with accents as they are."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def read_json(path: Path) -> Any:
    """The value, or None where the file is absent or was not written by us."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


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


def digest_tree(folder: Path, skip: tuple[str, ...] = ()) -> dict[str, str]:
    """Digest of each file under `folder`, by its path relative to it (with `/`), sorted; `skip` names folders left out."""
    return {
        named(path, folder): digest(path)
        for path in sorted(_walk(folder, skip))
        if not path.name.endswith((SUFFIX, ".pyc")) and not path.name.startswith(".")
    }


def _walk(folder: Path, skip: tuple[str, ...] = ()) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in skip and name != "__pycache__")
        for name in names:
            yield Path(root) / name


def _cause(error: OSError) -> str:
    name = Path(error.filename).name.lstrip(".").split(".cvtmp")[0] if error.filename else "un fichier"
    reasons = {
        errno.ENOSPC: "le disque est plein",
        errno.EDQUOT: "le quota de disque est atteint",
        errno.EACCES: "l'écriture est refusée",
        errno.EROFS: "le disque est en lecture seule",
    }
    why = reasons.get(error.errno, error.strerror or str(error))
    return f"{name} n'a pas pu être écrit : {why}"
