"""What the last build was made from. Owns the digests of everything that a build reads, and the stamp; standard library only.

An unchanged build must cost next to nothing, so whether anything changed is told from files' digests alone, before a single heavy
library is imported. The stamp is only trusted where every file that it names, read or written, still has its digest.
"""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from cvanalysis.publish import atomic

FORMAT = 1
PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = (
    "babel", "highspy", "ipykernel", "ipython", "jinja2", "matplotlib", "nbclient", "nbconvert", "nbformat", "numpy",
    "pandas", "papermill", "phonenumbers", "pyarrow", "python-calamine", "rapidfuzz", "seaborn",
)  # fmt: skip
NOT_PROCESSED = (
    "textes",
    "geo",
)  # folders of the data that reports read as they are: no processed table comes from them


@cache
def library_versions() -> dict[str, str]:
    """Version of each library that a page can depend on, of those installed, and of Python."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class Inputs:
    """Digests of all that a build reads, by relative path; `options` are the words that change what is built."""

    data: dict[str, str]
    code: dict[str, str]
    notebooks: dict[str, str]
    versions: dict[str, str]
    options: dict[str, str]

    def processing(self) -> dict[str, Any]:
        """The part that the processed tables depend on. All code is in it but what only draws or publishes."""
        return {
            "data": {
                name: one
                for name, one in self.data.items()
                if not name.startswith(tuple(f"{d}/" for d in NOT_PROCESSED))
            },
            "code": {
                name: one
                for name, one in self.code.items()
                if not name.startswith(("publish/", "display/", "findings/", "cli"))
            },
            "versions": self.versions,
            "options": self.options,
        }


def take_inputs(data: Path, notebooks: Path, options: dict[str, str]) -> Inputs:
    """Digest everything that a build reads."""
    return Inputs(
        data=atomic.digest_tree(data),
        code=atomic.digest_tree(PACKAGE),
        notebooks={path.name: atomic.digest(path) for path in sorted(notebooks.glob("*.ipynb"))},
        versions=library_versions(),
        options=options,
    )


def record_path(out: Path, report: str) -> Path:
    """Where the record of a report stands."""
    return out / ".etat" / "rapports" / f"{report.replace('/', '__')}.json"


def stamp_path(out: Path) -> Path:
    return out / ".etat" / "construction.json"


def write_stamp(out: Path, inputs: Inputs, outputs: dict[str, str], rest: dict[str, Any]) -> None:
    """Say that this edition is whole: made from `inputs`, standing in `outputs` (relative path → digest)."""
    atomic.write_json(stamp_path(out), {"format": FORMAT, "inputs": asdict(inputs), "outputs": outputs} | rest)


def read_stamp(out: Path) -> dict[str, Any]:
    """The last whole build's stamp, {} where there was none."""
    stamp = atomic.read_json(stamp_path(out))
    return stamp if isinstance(stamp, dict) and stamp.get("format") == FORMAT else {}


def still_stands(stamp: dict[str, Any], inputs: Inputs, out: Path) -> bool:
    """Whether everything read and everything written is as the stamp says."""
    return (
        bool(stamp)
        and stamp["inputs"] == asdict(inputs)
        and all(atomic.digest(out / name) == one for name, one in stamp["outputs"].items())
    )


class Environments:
    """Code and versions that records were made with, kept by digest so that `why` can name what changed since."""

    def __init__(self, out: Path, inputs: Inputs) -> None:
        self.folder = out / ".etat" / "environnements"
        self.now = {"code": inputs.code, "versions": inputs.versions}
        self._read: dict[str, dict[str, Any]] = {}

    def save(self) -> None:
        name = self.name(self.now["code"], self.now["versions"])
        if not (self.folder / f"{name}.json").exists():
            atomic.write_json(self.folder / f"{name}.json", self.now)

    @staticmethod
    def name(code: dict[str, str], versions: dict[str, str]) -> str:
        return atomic.digest_value([code, versions])[:16]

    def changes(self, then: str) -> list[str]:
        """What differs between that environment and now, said in French."""
        if then not in self._read:
            self._read[then] = atomic.read_json(self.folder / f"{then}.json") or {}
        was = self._read[then]
        if not was:
            return ["code ou bibliothèques modifiés"]
        said = []
        files = sorted(
            name
            for name in was["code"].keys() | self.now["code"].keys()
            if was["code"].get(name) != self.now["code"].get(name)
        )
        if files:
            shown = ", ".join(files[:3]) + (f" et {len(files) - 3} autres" if len(files) > 3 else "")
            said.append(f"code modifié ({shown})")
        for name in sorted(was["versions"].keys() | self.now["versions"].keys()):
            old, new = was["versions"].get(name, "absente"), self.now["versions"].get(name, "absente")
            if old != new:
                said.append(f"bibliothèque {name} {old} → {new}")
        return said

    def forget(self, keep: set[str]) -> None:
        """Remove the environments that no record names."""
        for path in self.folder.glob("*.json"):
            if path.stem not in keep:
                path.unlink(missing_ok=True)
