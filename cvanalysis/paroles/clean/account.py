"""What became of the voices read, file by file: how many may be shown, why the others may not. For `check`, which the team alone runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from cvanalysis.french import fold
from cvanalysis.paroles.clean.consent import Row, is_yes
from cvanalysis.paroles.table import ACCORDANTS, NON, VoiceTable
from cvanalysis.personnes.masking import mask_words
from cvanalysis.textes import block, fill_in

ACCORDS = ("citation_anonyme", "web", "accord_parental")
"""Leaves without which a voice is not quoted, or not known."""


def account_of_voices(tables: Sequence[VoiceTable], stages: Sequence[Sequence[Row]], statuses: Sequence[str]) -> str:
    """stages: the voices found, then those left by withdrawal, by audience and by edition; statuses: of the texts of the last ones."""
    counts = [Counter(row.fichier for row in rows) for rows in stages]
    ends = Counter(zip((row.fichier for row in stages[-1]), statuses, strict=True))
    undated = Counter(row.fichier for row in stages[0] if row.recue is None)
    doubtful = Counter((row.fichier, word) for row in stages[0] for word in unknown_leaves(row))
    asking = sorted(
        {(t.fichier, one.colonne) for t in tables for one in t.anomalies if ACCORDANTS.search(fold(one.colonne))}
    )
    texts = block("paroles.compte")
    files = [
        {
            "nom": fichier,
            "codes": kind == "refi-qda",
            "lues": counts[0][fichier],
            "publiables": ends[fichier, "publié"],
            "perdues": [
                (a[fichier] - b[fichier], what) for (a, b), what in zip(pairwise(counts), texts["perdues"], strict=True)
            ]
            + [(ends[fichier, status], what) for status, what in texts["statuts"].items()],
            "non_datees": undated[fichier],
            "doutes": [(word, n) for (where, word), n in doubtful.items() if where == fichier],
            "questions": [title for where, title in asking if where == fichier],
        }
        for fichier, kind in {table.fichier: table.format for table in tables}.items()
    ]
    return fill_in(texts["modele"], fichiers=files) if files else ""


def unknown_leaves(row: Row) -> list[str]:
    """What stands where a leave is given or refused, and is neither: asked about, and no leave."""
    cells = [row[champ] for champ in ACCORDS]
    return [mask_words(cell)[:60] for cell in cells if not is_yes(cell) and fold(cell).strip(" .!") not in NON]
