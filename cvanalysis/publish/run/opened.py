"""Which files of a folder this process opens. Owns the hook on the interpreter's `open`; refuses to read them.

The store records what reports read of the processed tables. A file that a notebook reads in any other way must count too: an
edit of it makes the page stale, and a page that is rebuilt once too often costs less than one that is out of date.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_folder = ""
_seen: set[str] = set()
_hooked = False


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _folder and isinstance(path := arguments[0], str | bytes | os.PathLike):
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (`resolve` would open files)
        if name.startswith(_folder):
            _seen.add(name[len(_folder) :].replace(os.sep, "/"))


def record_opened(folder: Path) -> set[str]:
    """From now on, the files under `folder` that are opened, by their relative path: a set that fills itself."""
    global _folder, _seen, _hooked  # noqa: PLW0603 (an audit hook is the process's, and stays)
    _folder, _seen = f"{folder.resolve()}{os.sep}", set()
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    return _seen
