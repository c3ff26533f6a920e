"""What a build reads. Owns the digests of it; standard library only.

An unchanged build must cost next to nothing, so whether anything changed is told from files' digests alone, before a single heavy
library is imported.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from cvanalysis.files import atomic
from cvanalysis.tables import freshness
from cvanalysis.tables.freshness import PACKAGE

LIBRARIES = (
    *freshness.LIBRARIES, "babel", "highspy", "ipykernel", "ipython", "jinja2", "matplotlib", "nbclient", "nbconvert", "nbformat",
    "papermill", "seaborn",
)  # fmt: skip
NOT_PROCESSED = ("textes", "geo")  # folders of the data that reports read as they are


@cache
def library_versions() -> dict[str, str]:
    """Version of each library that a page can depend on, of those installed, and of Python."""
    return freshness.versions(LIBRARIES)


@dataclass(frozen=True)
class Inputs:
    """Digests of all that a build reads, by relative path; `options` are the words that change what is built."""

    data: dict[str, str]
    code: dict[str, str]
    notebooks: dict[str, str]
    versions: dict[str, str]
    options: dict[str, str]

    @property
    def made_with(self) -> dict[str, Any]:
        """The code and libraries."""
        return {"code": self.code, "versions": self.versions}

    @cached_property
    def environment(self) -> str:
        """The name of the code and libraries."""
        return atomic.digest_value(self.made_with)[:16]


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


def differences(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs between two `code` and `versions` (of a record, {} where it is lost; of a worker), said in French."""
    if not was:
        return ["code ou bibliothèques modifiés"]
    said = []
    if files := _differ(was["code"], now["code"]):
        shown = ", ".join(files[:3]) + (f" et {len(files) - 3} autres" if len(files) > 3 else "")
        said.append(f"code modifié ({shown})")
    old, new = was["versions"], now["versions"]
    return said + [
        f"bibliothèque {name} {old.get(name, 'absente')} → {new.get(name, 'absente')}" for name in _differ(old, new)
    ]


def _differ(old: dict[str, str], new: dict[str, str]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
