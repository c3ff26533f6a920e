"""A finding in plain values, as an edition keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cvanalysis.constat.shape import Finding, Valeur

Record = Mapping[str, Any]


def record(finding: Finding, message: str, lecture: str = "") -> dict[str, Any]:
    """A finding as an edition keeps it: what was printed of it, as plain JSON. `message` and `lecture` are as written.

    Cells of `lignes` are [value or None, status, words, unit, decimals]. `poids` is what it weighs in « En bref ».
    """
    table = finding.table
    return {
        "id": finding.id,
        "section": finding.section,
        "question": finding.question,
        "message": message,
        "gabarit": finding.message.gabarit,
        "sous_titre": finding.sous_titre,
        "lecture": lecture,
        "champ": finding.champ,
        "source": finding.source,
        "precautions": list(finding.precautions),
        "manques": [manque.quoi for manque in finding.manques],
        "poids": finding.poids,
        "exemple": finding.exemple,
        "colonnes": list(table.colonnes) if table else [],
        "lignes": [[[v.valeur, v.statut, v.texte, v.unite, v.decimales] for v in line] for line in table.lignes]
        if table
        else [],
        "legende": table.legende if table else "",
    }


def read_line(line: Iterable[Sequence[Any]]) -> tuple[Valeur, ...]:
    """A line of a record's table as values again."""
    return tuple(Valeur(valeur, statut, unite, decimales, texte) for valeur, statut, texte, unite, decimales in line)
