"""`partenaires.csv` → partners, their aliases, and where they were expected. Refuses to say whether they came (`mobilisation`).

Columns: `id;nom;college`, and if known `alias` (names met in logs, `|` between them), `siren`, `themes`, `quartiers` (codes or `tous`),
`debut`, `fin` (years), `note`. `themes`, `quartiers` and the years say where the partner was **expected**.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.actions.clean.cells import read_siren
from cvanalysis.engagements.table import PARTENAIRES
from cvanalysis.files.keys import carrier_key, split_list
from cvanalysis.french import listed, nearest, quoted
from cvanalysis.personnes.persons import mask_words
from cvanalysis.territory.declarations import Inspection, Ligne, read_rows

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


COLONNES = ("id", "nom", "college", "alias", "siren", "themes", "quartiers", "debut", "fin", "note")


def read_partners(territory: Territory, found: Inspection) -> pd.DataFrame:
    """One row per declared partner, in their order (`COLONNES`, `exemple`); none where the file is absent. Problems go to `found`.

    Lists are joined by `|`, unknown years are null.
    """
    names: dict[str, str] = {}
    there = (Path(territory.dossier) / PARTENAIRES).exists()
    rows = once(found, read_rows(found, PARTENAIRES, COLONNES[:3], COLONNES[3:]) if there else (), "id")
    table = pd.DataFrame([_read_partner(row, territory, found, names) for row in rows], columns=list(COLONNES))
    table["exemple"] = any(fnmatch(PARTENAIRES, pattern) for pattern in territory.exemples)
    years = {name: table[name].astype("Int16").replace(0, pd.NA) for name in ("debut", "fin")}
    return table.astype({**dict.fromkeys(COLONNES, "str"), "exemple": "bool"}).assign(**years)


def _read_partner(row: Ligne, territory: Territory, found: Inspection, names: dict[str, str]) -> tuple[str | int, ...]:
    tell = partial(found.add, row.fichier, row.ligne)
    cells = dict.fromkeys(COLONNES, "") | row.cells
    quarters = tuple(q.code for q in territory.quartiers)
    alias, themes, places = (split_list(cells[name]) for name in ("alias", "themes", "quartiers"))
    check_words(found, row, "college", [cells["college"]], [c.id for c in territory.colleges])
    check_words(found, row, "themes", themes, [t.id for t in territory.themes])
    check_words(found, row, "quartiers", places, [*quarters, "tous"])
    siren, doubt = read_siren(cells["siren"])
    if doubt:
        tell("siren", f"{quoted(mask_words(cells['siren']))} : {doubt}", "neuf chiffres", "corrigez-le ou laissez vide")
    for label in (cells["nom"], *alias):
        owner = names.setdefault(carrier_key(label), cells["id"])
        if owner != cells["id"]:
            wanted, to_do = "un nom pour un seul partenaire", "retirez-le de l'un des deux"
            tell("alias", f"{quoted(label)} désigne déjà {quoted(owner)}", wanted, to_do)
    years = {"debut": cells["debut"], "fin": cells["fin"]}
    for name, year in years.items():
        if year and not (year.isdecimal() and len(year) == 4):
            tell(name, f"{quoted(year)} n'est pas une année", "quatre chiffres")
            years[name] = ""
    nom = mask_words(cells["nom"])
    called = "|".join(alias if nom == cells["nom"] else (*alias, cells["nom"]))
    expected = ("|".join(themes), "|".join(quarters if "tous" in places else places))
    ends = (int(years[name] or 0) for name in years)
    return (cells["id"], nom, cells["college"], called, siren, *expected, *ends, mask_words(cells["note"]))


def once(found: Inspection, rows: Iterable[Ligne], column: str) -> Iterator[Ligne]:
    """The rows whose cell of that column is new; each that says it again is noted."""
    seen: dict[str, int] = {}
    for row in rows:
        if seen.setdefault(row[column], row.ligne) == row.ligne:
            yield row
            continue
        what = f"{quoted(row[column])} est déjà à la ligne {seen[row[column]]}"
        found.add(row.fichier, row.ligne, column, what, "", "gardez une seule des deux")


def check_words(found: Inspection, row: Ligne, column: str, words: Iterable[str], known: Sequence[str]) -> None:
    """Note each word of a cell that is not among the declared ones."""
    for word in words:
        if word and word not in known:
            what, to_do = f"{quoted(word)} n'est pas déclaré", nearest(word, known) or "corrigez la cellule"
            found.add(row.fichier, row.ligne, column, what, f"déclarés : {listed(known)}", to_do)
