"""A finding in plain values, as an edition keeps it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cvanalysis.constat.shape import Finding, Table, Valeur

Record = Mapping[str, Any]


def record(finding: Finding, message: str, lecture: str = "") -> dict[str, Any]:
    """A finding as an edition keeps it: what was printed of it, as plain JSON. `message` and `lecture` are as written.

    Cells of `lignes` are [value or None, status, words, unit, decimals]. `poids` is what it weighs in « En bref ».
    """
    same = ("id", "section", "question", "sous_titre", "champ", "source", "poids", "exemple")
    table = finding.table or Table((), ())
    return {
        **{name: getattr(finding, name) for name in same},
        "message": message,
        "gabarit": finding.message.gabarit,
        "lecture": lecture,
        "precautions": list(finding.precautions),
        "manques": [*finding.manques, *finding.ailleurs],
        "colonnes": list(table.colonnes),
        "lignes": [[[v.valeur, v.statut, v.texte, v.unite, v.decimales] for v in line] for line in table.lignes],
        "legende": table.legende,
    }


def read_line(line: Iterable[Sequence[Any]]) -> tuple[Valeur, ...]:
    """A line of a record's table as values again."""
    return tuple(Valeur(valeur, statut, unite, decimales, texte) for valeur, statut, texte, unite, decimales in line)
