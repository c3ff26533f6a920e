"""What became of the voices read, file by file: how many may be shown, why the others may not. For `check`, which the team alone runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cvanalysis.french import fold
from cvanalysis.paroles.clean.consent import Row, is_yes, when_received, when_said
from cvanalysis.paroles.table import ACCORDANTS, NON, VoiceTable
from cvanalysis.personnes.persons import mask_words

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


ACCORDS = ("citation_anonyme", "web", "accord_parental")
"""Leaves without which a voice is not quoted, or not known."""
_ETAPES = ("retirée{}", "sans audience publique", "pas encore connue{} à cette édition")

_STATUTS = {
    "sans_accord": "sans accord",
    "non_relu": "à relire (cvanalysis relire)",
    "réservé": "retenue{} à la relecture",
}


def account_of_voices(
    tables: Iterable[VoiceTable], stages: Sequence[Sequence[Row]], statuses: Sequence[str], territory: Territory
) -> str:
    """stages: the voices found, then those left by withdrawal, by audience and by edition; statuses: of the texts of the last ones."""
    counts = [Counter(row.fichier for row in rows) for rows in stages]
    ends = Counter(zip((row.fichier for row in stages[-1]), statuses, strict=True))
    undated = Counter(row.fichier for row in stages[0] if when_received(row, when_said(row, territory)) is None)
    doubtful = Counter((row.fichier, word) for row in stages[0] for word in unknown_leaves(row))
    asking = {
        (table.fichier, one.colonne)
        for table in tables
        for one in table.anomalies
        if ACCORDANTS.search(fold(one.colonne))
    }
    lines = []
    for fichier, kind in {table.fichier: table.format for table in tables}.items():
        read = counts[0][fichier]
        lost = [(counts[i][fichier] - counts[i + 1][fichier], what) for i, what in enumerate(_ETAPES)]
        lost += [(ends[fichier, status], what) for status, what in _STATUTS.items()]
        why = ", ".join(f"{n} {what.format('s' if n > 1 else '')}" for n, what in lost if n)
        noun = ("passage", "lu") if kind == "refi-qda" else ("parole", "lue")
        many = "s" if read > 1 else ""
        shown = ends[fichier, "publié"]
        empty = "aucun passage codé dont la source soit lisible" if kind == "refi-qda" else "aucune ligne n'a de texte"
        lus = f"{read} {noun[0]}{many} {noun[1]}{many}"
        said = [f"{fichier}\u00a0: {lus}" if read else f"{fichier}\u00a0: {lus}\u00a0: {empty}"]
        said += [f"{shown} publiable{'s' if shown > 1 else ''}" + (f"\u00a0: {why}" if why else "")] if read else []
        said += (
            [f"non datée{'s' if undated[fichier] > 1 else ''}\u00a0: {undated[fichier]}"] if undated[fichier] else []
        )
        lines.append("\u00a0; ".join(said) + ".")
        for (where, word), n in doubtful.items():
            if where == fichier:
                lines.append(
                    f"    accord non compris\u00a0: «\u00a0{word}\u00a0» ({n})\u00a0: est-ce oui ou non\u00a0? Un non d'ici là."
                )
        lines += [
            f"    accord peut-être dit dans «\u00a0{title}\u00a0», et non lu\u00a0: s'il l'est, dites lequel dans paroles/colonnes.csv."
            for where, title in sorted(asking)
            if where == fichier
        ]
    return (
        "\n".join(["Ce que deviennent les paroles lues, pour cette audience et cette édition", *lines, ""])
        if lines
        else ""
    )


def unknown_leaves(row: Row) -> list[str]:
    """What stands where a leave is given or refused, and is neither: asked about, and no leave."""
    cells = [row[champ] for champ in ACCORDS]
    return [mask_words(cell)[:60] for cell in cells if not is_yes(cell) and fold(cell).strip(" .!") not in NON]
