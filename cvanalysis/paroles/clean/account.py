"""What became of the voices read, file by file: how many may be shown, why not the others, what was understood. For `check`, the team's.

Owns the lines to paste in `colonnes.csv` that answer what it asks; refuses to decide.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from cvanalysis.errors import Problem
from cvanalysis.files.dates import read_when
from cvanalysis.french import fold
from cvanalysis.paroles.clean.consent import AUDIENCES, Row, age_of, is_yes
from cvanalysis.paroles.clean.outils import to_paste
from cvanalysis.paroles.table import ACCORDANTS, MAJEUR, MOTS, NON, OUI, PROTECTEURS, VoiceTable
from cvanalysis.personnes.masking import mask_words
from cvanalysis.textes import block, fill_in

LEAVES = ("citation_anonyme", "web")
"""What it takes to be quoted in public."""
ACCORDS = ("citation_anonyme", "web", "accord_parental")
"""Leaves without which a voice is not quoted, or not known."""


def account_of_voices(
    tables: Sequence[VoiceTable],
    unread: Sequence[Problem],
    stages: Sequence[Sequence[Row]],
    cleaned: Sequence[Mapping[str, object]],
    placed: Callable[[str], str],
) -> str:
    """stages: the voices found, then those left by withdrawal, audience and edition; cleaned: the last; placed: the quarter of a cell."""
    counts = [Counter(row.fichier for row in rows) for rows in stages]
    ends = Counter((row.fichier, made["texte_statut"]) for row, made in zip(stages[-1], cleaned, strict=True))
    undated = Counter(row.fichier for row in stages[0] if row.recue is None)
    doubtful = Counter((row.fichier, word) for row in stages[0] for word in unknown_leaves(row))
    elsewhere = Counter((row.fichier, row["qpv"]) for row in stages[0] if row["qpv"])
    otherwise: dict[str, dict[str, dict[tuple[str, str], int]]] = {}
    for row in stages[0]:
        for champ, cell, understood in written_otherwise(row):
            said = otherwise.setdefault(row.fichier, {}).setdefault(champ, {})
            said.setdefault((mask_words(cell)[:60], understood), row.ligne)
    open_ones = set(map(id, stages[2]))
    protected = Counter(r.fichier for r in stages[1] if id(r) not in open_ones and fold(r["audience"]) == "public")
    known = {(table.fichier, champ) for table in tables for champ in table.cells}
    titles: dict[str, set[str]] = {}
    for table in tables:
        titles.setdefault(table.fichier, set()).update(one.colonne for one in table.anomalies)
    texts = block("paroles.compte")
    files = [
        {
            "nom": fichier,
            "codes": kind == "refi-qda",
            "sert": not counts[0][fichier] and any(row.origine == fichier for row in stages[0]),
            "ailleurs": [(mask_words(w)[:60], n) for (f, w), n in elsewhere.items() if f == fichier and not placed(w)],
            "lues": counts[0][fichier],
            "publiables": ends[fichier, "publié"],
            "perdues": [
                (a[fichier] - b[fichier], what) for (a, b), what in zip(pairwise(counts), texts["perdues"], strict=True)
            ]
            + [(ends[fichier, status], what) for status, what in texts["statuts"].items()],
            "non_datees": undated[fichier],
            "totaux": [p for t in tables for p in t.anomalies if t.fichier == fichier and p.ligne and not p.colonne],
            "doutes": [(word, n) for (where, word), n in doubtful.items() if where == fichier],
            "autrement": [(champ, [*said.items()]) for champ, said in otherwise.get(fichier, {}).items()],
            **_not_read(fichier, titles[fichier]),
            "sans_accord": [to_paste(fichier, "", champ, "oui") for champ in LEAVES if (fichier, champ) not in known],
            "protegees": protected[fichier],
            "pour_qui": "" if (fichier, "audience") in known else to_paste(fichier, "", "audience", "public"),
        }
        for fichier, kind in {table.fichier: table.format for table in tables}.items()
    ]
    lost = [{"nom": p.fichier, "pourquoi": p.trouve, "lignes": p.attendu.split("\n")} for p in unread]
    return fill_in(texts["modele"], fichiers=files, illisibles=lost, perdues=texts["perdues"]) if files or lost else ""


def _not_read(fichier: str, titles: Iterable[str]) -> Mapping[str, list[tuple[str, list[str]]]]:
    """Titles that are not read, by what they may be: a leave, a protection or neither; each with the lines that say it."""
    told: dict[str, list[tuple[str, list[str]]]] = {"questions": [], "protections": [], "non_lues": []}
    for one in sorted(filter(None, titles)):
        asks, closes = ACCORDANTS.search(fold(one)), PROTECTEURS.search(fold(one))
        lines = [to_paste(fichier, one, champ) for champ in (LEAVES if asks else ("CHAMP",))]
        told["questions" if asks else "protections" if closes else "non_lues"].append((one, lines))
    return told


def written_otherwise(row: Row) -> Iterable[tuple[str, str, str]]:
    """(field, cell, what was understood) where a cell is read as something that it does not plainly say."""
    texts = block("paroles.compte.compris")
    for champ in ("date", "recu"):
        when = read_when(row[champ])
        if row[champ] and not (when and when[1]):
            yield champ, row[champ], when[0].strftime("%d/%m/%Y") if when else texts["sans_date"]
    if fold(row["audience"]) not in ("", *AUDIENCES):
        yield "audience", row["audience"], texts["equipe"]
    if row["qualite"] and fold(row["qualite"]) not in MOTS["qualite"]:
        yield "qualite", row["qualite"], texts["autre"]
    if re.match(r"environ|vers|autour|~", fold(row["age"])):
        yield "age", row["age"], texts["ans"].format(age=age_of(row["age"], row["date"]))
    for champ in ("mineur", "art9"):
        if fold(row[champ]) not in OUI | NON | MAJEUR:
            yield champ, row[champ], texts["protegee"]


def unknown_leaves(row: Row) -> list[str]:
    """What stands where a leave is given or refused, and is neither: asked about, and no leave."""
    cells = dict.fromkeys(row[champ] for champ in ACCORDS)
    return [mask_words(cell)[:60] for cell in cells if not is_yes(cell) and fold(cell).strip(" .!;") not in NON]
