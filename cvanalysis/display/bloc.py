"""Rich display that is not a finding: an identity, a list, a text. Owns nothing but the two forms of the same content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RECORDS = "application/vnd.cvanalysis.constats+json"
"""The kind of an output's part that holds its findings as plain values: no page shows it, the next edition reads it."""


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
        data[RECORDS] = list(self.constats)
        return data, {"cvanalysis": {"constats": [one["id"] for one in self.constats]}}

    def __repr__(self) -> str:
        return self.texte
