"""What the last build was made from. Owns the digests of everything that a build reads, and the stamp; standard library only.

An unchanged build must cost next to nothing, so whether anything changed is told from files' digests alone, before a single heavy
library is imported. The stamp is only trusted where every file that it names, read or written, still has its digest.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cvanalysis.files import atomic
from cvanalysis.tables import freshness
from cvanalysis.tables.freshness import PACKAGE

FORMAT = 2

LIBRARIES = (
    *freshness.LIBRARIES, "babel", "highspy", "ipykernel", "ipython", "jinja2", "matplotlib", "nbclient", "nbconvert", "nbformat",
    "papermill", "seaborn",
)  # fmt: skip
NOT_PROCESSED = ("textes", "geo")  # folders of the data that reports read as they are


@cache
def library_versions() -> dict[str, str]:
    """Version of each library that a page can depend on, of those installed, and of Python."""
    return freshness.versions(LIBRARIES)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Digests of all that a build reads, by relative path; `options` are the words that change what is built."""

    data: dict[str, str]
    code: dict[str, str]
    notebooks: dict[str, str]
    versions: dict[str, str]
    options: dict[str, str]


def take_inputs(data: Path, notebooks: Path, options: dict[str, str]) -> Inputs:
    """Digest everything that a build reads."""
    return Inputs(
        data=atomic.digest_tree(data),
        code=atomic.digest_tree(PACKAGE),
        notebooks={path.name: digest_notebook(path) for path in sorted(notebooks.glob("*.ipynb"))},
        versions=library_versions(),
        options=options,
    )


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


def stamp_path(etat: Path) -> Path:
    return etat / "construction.json"


def write_stamp(etat: Path, inputs: Inputs, outputs: dict[str, str], rest: dict[str, Any]) -> None:
    """Say that this edition is whole: made from `inputs`, standing in `outputs` (relative path → digest)."""
    atomic.write_json(stamp_path(etat), {"format": FORMAT, "inputs": asdict(inputs), "outputs": outputs} | rest)


def read_stamp(etat: Path) -> dict[str, Any]:
    """The last whole build's stamp, {} where there was none."""
    stamp = atomic.read_json(stamp_path(etat))
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

    def __init__(self, etat: Path, inputs: Inputs) -> None:
        self.folder = etat / "environnements"
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
