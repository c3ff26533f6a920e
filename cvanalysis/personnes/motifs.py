"""Patterns compiled once a machine. Owns the file that keeps them; refuses to know what they find.

Those of `masques.toml` take longer to compile than a report to make. What `re` makes of them is kept in the user's cache, for these very
patterns and this very Python.
"""

import _sre
import marshal
import re
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import platformdirs

from cvanalysis.files.atomic import WriteFailed, write

CACHE = platformdirs.user_cache_path("cvanalysis")


def compile_all(motifs: list[str], cache: Path = CACHE) -> list[re.Pattern[str]]:
    """These verbose patterns, in order."""
    kept = cache / f"motifs-{sha256(repr([sys.version, motifs]).encode()).hexdigest()[:16]}.marshal"
    try:
        known = kept.exists()
        parts = kept.read_bytes() if known else marshal.dumps([_parts(one) for one in motifs])
        found = [_sre.compile(*one) for one in marshal.loads(parts)]  # noqa: S302 (as Python does of its modules)
    except Exception:  # noqa: BLE001 (a file that was cut, a Python that compiles otherwise)
        return [re.compile(one, re.VERBOSE) for one in motifs]
    if not known:
        with suppress(WriteFailed):
            write(kept, parts)
    return found


def _parts(motif: str) -> tuple[Any, ...]:
    """What `re.compile` hands over to what searches."""
    tree = re._parser.parse(motif, re.VERBOSE)  # noqa: SLF001
    code, names = re._compiler._code(tree, re.VERBOSE), tree.state.groupdict  # noqa: SLF001
    groups = {place: name for name, place in names.items()}
    flags = int(re.VERBOSE | tree.state.flags)
    return motif, flags, [*map(int, code)], tree.state.groups - 1, names, (*map(groups.get, range(tree.state.groups)),)
