"""Rich display that is not a finding: an identity, a list, a text. Owns nothing but the two forms of the same content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

RECORDS = "application/vnd.cvanalysis.constats"
"""The kind of an output's part that holds its findings as plain values: no page shows it, the next edition reads it.

It is one text (JSON, one finding a line), not a structure: a notebook's file gives each value of a structure a line of its own,
which costs more than the drawing of small figures.
"""


def to_lines(records: Iterable[dict[str, Any]]) -> str:
    """Records as the text that stands in a notebook."""
    return "\n".join(json.dumps(one, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for one in records)


def record_lines(data: Mapping[str, Any]) -> list[str]:
    """The records in one display of a notebook (kind → content), each as JSON; a notebook's file cuts a text into lines."""
    return [line for line in "".join(data.get(RECORDS, "")).split("\n") if line]


def read_records(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same, as plain values."""
    return [json.loads(line) for line in record_lines(data)]


@dataclass(frozen=True, slots=True)
class Bloc:
    """HTML for the page and JupyterLab, plain text for a terminal; `constats` are the records of the findings shown inside, if any."""

    html: str
    texte: str
    constats: tuple[dict[str, Any], ...] = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {"text/html": self.html, "text/plain": self.texte}
        if not self.constats:
            return data, {}
        data[RECORDS] = to_lines(self.constats)
        return data, {"cvanalysis": {"constats": [one["id"] for one in self.constats]}}

    def __repr__(self) -> str:
        return self.texte
