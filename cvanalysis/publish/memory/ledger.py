"""What stands, made of what. Owns the one record of each thing made, whatever it is (a report, a sheet, a download, an edition), and the
digests of what a build reads.

A record says what a thing was made of (`de`: part → print) and the files that were written (`fichiers`: name → digest). A thing is
made again where one of the two differs, and for no other reason. Standard library only: an unchanged build must cost next to nothing, so
whether anything changed is told before a single heavy library is imported.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cvanalysis.files import atomic
from cvanalysis.french import listed
from cvanalysis.tables import freshness

FORMAT = 3  # of the records: those of another count as none
Record = dict[str, Any]
Made = Mapping[str, Any]  # what a thing is made of
Places = Iterable[tuple[Path, bytes]]
LIBRARIES = (
    *freshness.LIBRARIES, "babel", "highspy", "ipykernel", "ipython", "jinja2", "matplotlib", "nbclient", "nbconvert", "nbformat",
    "papermill", "seaborn",
)  # fmt: skip
NOT_PROCESSED = ("textes", "geo")  # folders of the data that reports read as they are


def report_key(ident: str) -> str:
    """Under which key the ledger has the report of that id."""
    return f"rapports/{ident}"


class Ledger:
    """The records of what stands in the folder `out`, kept in `etat`: outside of what people share."""

    def __init__(self, out: Path, etat: Path) -> None:
        self.out = out
        self.folder = etat / "registre"

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def read(self, key: str) -> Record:
        """The record of a thing, whatever became of it since; {} where there is none."""
        record = atomic.read_json(self._path(key))
        return record if isinstance(record, dict) and record.get("format") == FORMAT else {}

    def stands(self, key: str, of: Made) -> Record:
        """The record of a thing that is made of just that, and stands as it was made; else {}."""
        record = self.read(key)
        return record if record and record["de"] == of and not self.altered(record) else {}

    def altered(self, record: Record) -> list[str]:
        """What became of the files of a thing since it was made, in French."""
        found = {name: atomic.digest(self.out / name) for name in record["fichiers"]}
        return [
            f"{name} {'modifié depuis sa construction' if found[name] else 'absent'}"
            for name, digest in record["fichiers"].items()
            if found[name] != digest
        ]

    def put(self, key: str, of: Made, files: Mapping[str, bytes], **rest: Any) -> Record:
        """Put the files of a thing and its record in place, together; what it no longer has goes."""
        former = self.read(key).get("fichiers", {})
        digests = {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()}
        record = self.note(key, of, digests, [(self.out / name, raw) for name, raw in files.items()], **rest)
        for name in former.keys() - digests.keys():
            (self.out / name).unlink(missing_ok=True)
        return record

    def note(self, key: str, of: Made, digests: dict[str, str], places: Places = (), **rest: Any) -> Record:
        """Write the record of a thing, after its files where they do not stand already."""
        record = {"format": FORMAT, "de": dict(of), "fichiers": digests} | rest
        atomic.write_all([*places, (self._path(key), atomic.to_json(record))])
        return record

    def keep_only(self, kind: str, wanted: Iterable[str]) -> list[str]:
        """Remove what is made no longer, files and records; returns their keys, in order."""
        found = (self.folder / kind).rglob("*.json")
        keys = {path.relative_to(self.folder).as_posix().removesuffix(".json") for path in found}
        gone = sorted(keys - set(wanted))
        for key in gone:
            self.remove(key)
        return gone

    def remove(self, key: str) -> None:
        """Take a thing back, with its record."""
        for name in self.read(key).get("fichiers", ()):
            (self.out / name).unlink(missing_ok=True)
        self._path(key).unlink(missing_ok=True)


def digest_notebook(path: Path) -> str:
    """Digest of what a notebook asks: saved with other outputs, or by another Jupyter, it asks the same."""
    try:
        told = json.loads(path.read_bytes())
        cells = [
            {key: one for key, one in cell.items() if key not in {"outputs", "execution_count"}}
            for cell in told["cells"]
        ]
        return atomic.digest_value([cells, told["metadata"].get("cvanalysis")])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # no notebook: its report will say so
        return atomic.digest(path)


def differences(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs between two `code` and `versions` (of a record, {} where it is lost; of a worker), said in French."""
    if not was:
        return ["code ou bibliothèques modifiés"]
    said = []
    if files := _differ(was["code"], now["code"]):
        said.append(f"code modifié ({listed(files, 3)})")
    old, new = was["versions"], now["versions"]
    return said + [
        f"bibliothèque {name} {old.get(name, 'absente')} → {new.get(name, 'absente')}" for name in _differ(old, new)
    ]


def _differ(old: dict[str, str], new: dict[str, str]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
