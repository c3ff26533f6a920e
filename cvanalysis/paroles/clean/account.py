"""What became of the voices read, file by file: how many may be shown, why the others may not. For `check`, which the team alone runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cvanalysis.paroles.table import VoiceTable

if TYPE_CHECKING:
    from cvanalysis.paroles.clean.consent import Row


_ETAPES = ("retirée{}", "réservée{} à une audience plus étroite", "pas encore connue{} à cette édition")

_STATUTS = {
    "sans_accord": "sans accord",
    "non_relu": "à relire (cvanalysis relire)",
    "réservé": "retenue{} à la relecture",
}


def account_of_voices(tables: Iterable[VoiceTable], stages: Sequence[Sequence[Row]], statuses: Sequence[str]) -> str:
    """stages: the voices found, then those left by withdrawal, by audience and by edition; statuses: of the texts of the last ones."""
    counts = [Counter(row.fichier for row in rows) for rows in stages]
    ends = Counter(zip((row.fichier for row in stages[-1]), statuses, strict=True))
    lines = []
    for fichier, kind in {table.fichier: table.format for table in tables}.items():
        read = counts[0][fichier]
        lost = [(counts[i][fichier] - counts[i + 1][fichier], what) for i, what in enumerate(_ETAPES)]
        lost += [(ends[fichier, status], what) for status, what in _STATUTS.items()]
        why = ", ".join(f"{n} {what.format('s' if n > 1 else '')}" for n, what in lost if n)
        noun = ("passage", "lu") if kind == "refi-qda" else ("parole", "lue")
        many = "s" if read > 1 else ""
        shown = ends[fichier, "publié"]
        told = f", {shown} publiable{'s' if shown > 1 else ''}" if read else ""
        empty = "aucun passage codé dont la source soit lisible" if kind == "refi-qda" else "aucune ligne n'a de texte"
        why = why if read else empty
        lines.append(
            f"{fichier}\u00a0: {read} {noun[0]}{many} {noun[1]}{many}{told}" + (f"\u00a0: {why}" if why else "") + "."
        )
    return (
        "\n".join(["Ce que deviennent les paroles lues, pour cette audience et cette édition", *lines, ""])
        if lines
        else ""
    )
