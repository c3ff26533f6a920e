"""Are the processed tables those of today's raw files? Owns the print that tells it, for whoever opens a notebook.

A build has its own, wider record; a notebook opened in JupyterLab only needs the tables to be right, at once.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cvanalysis.ingest.process import process
from cvanalysis.ingest.store import forget_tables

if TYPE_CHECKING:
    from cvanalysis.territory import Territory

PRINT = ".empreinte"
_PACKAGE = Path(__file__).resolve().parents[1]
_CODE = ("catalogue", "ingest")  # what the tables are made by


def process_if_changed(territory: Territory, processed: Path, audience: str) -> bool:
    """Make the processed tables again where raw files, the cleaning code or the audience changed; True when it did."""
    now = _fingerprint(territory.dossier, audience)
    mark = processed / PRINT
    if mark.exists() and mark.read_text(encoding="ascii") == now:
        return False
    mark.unlink(missing_ok=True)
    process(territory, processed, audience)
    mark.write_text(now, encoding="ascii")
    forget_tables()
    return True


def _fingerprint(data: Path, audience: str) -> str:
    digest = hashlib.sha256(audience.encode())
    code = [path for room in _CODE for path in (_PACKAGE / room).rglob("*") if path.suffix in {".py", ".csv", ".toml"}]
    for path in sorted([*(p for p in data.rglob("*") if p.is_file()), *code]):
        digest.update(os.fsencode(path.name) + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
