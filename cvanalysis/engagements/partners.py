"""`partenaires.csv` → partners, their aliases, and where they were expected. Refuses to say whether they came (`mobilisation`).

Columns: `id;nom;college`, and if known `alias` (names met in logs, `|` between them), `siren`, `themes`, `quartiers` (codes or `tous`),
`debut`, `fin` (years), `note`. `themes`, `quartiers` and the years say where the partner was **expected**.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.actions.clean.cells import read_siren
from cvanalysis.files.keys import carrier_key, split_list
from cvanalysis.french import listed, nearest, quoted
from cvanalysis.personnes.persons import mask_words
from cvanalysis.territory.declarations import Inspection, Ligne, read_rows

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


PARTENAIRES = "partenaires.csv"
COLONNES = ("id", "nom", "college", "alias", "siren", "themes", "quartiers", "debut", "fin", "note", "exemple")


@dataclass(frozen=True, slots=True)
class Partner:
    id: str
    nom: str
    college: str
    alias: tuple[str, ...] = ()
    siren: str = ""
    themes: tuple[str, ...] = ()
    quartiers: tuple[str, ...] = ()
    debut: int = 0
    fin: int = 0
    note: str = ""


def read_partners(territory: Territory, found: Inspection) -> tuple[Partner, ...]:
    """The declared partners, in their order; none where the file is absent. Problems go to `found`."""
    if not (Path(territory.dossier) / PARTENAIRES).exists():
        return ()
    rows = read_rows(
        found, PARTENAIRES, ("id", "nom", "college"), ("alias", "siren", "themes", "quartiers", "debut", "fin", "note")
    )
    quarters = tuple(q.code for q in territory.quartiers)
    known = {
        "college": [c.id for c in territory.colleges],
        "themes": [t.id for t in territory.themes],
        "quartiers": [*quarters, "tous"],
    }
    partners, ids, names = [], {}, {}
    for row in rows:
        if row["id"] in ids:
            found.add(
                row.fichier,
                row.ligne,
                "id",
                f"{quoted(row['id'])} est déjà à la ligne {ids[row['id']]}",
                "",
                "gardez une seule des deux",
            )
            continue
        ids[row["id"]] = row.ligne
        check_words(found, row, "college", [row["college"]], known["college"])
        themes, places = split_list(row.cells.get("themes", "")), split_list(row.cells.get("quartiers", ""))
        check_words(found, row, "themes", themes, known["themes"])
        check_words(found, row, "quartiers", places, known["quartiers"])
        siren, doubt = read_siren(row.cells.get("siren", ""))
        if doubt:
            found.add(
                row.fichier,
                row.ligne,
                "siren",
                f"{quoted(mask_words(row['siren']))} : {doubt}",
                "neuf chiffres",
                "corrigez-le ou laissez vide",
            )
        alias = split_list(row.cells.get("alias", ""))
        for label in (row["nom"], *alias):
            owner = names.setdefault(carrier_key(label), row["id"])
            if owner != row["id"]:
                found.add(
                    row.fichier,
                    row.ligne,
                    "alias",
                    f"{quoted(label)} désigne déjà {quoted(owner)}",
                    "un nom pour un seul partenaire",
                    "retirez-le de l'un des deux",
                )
        partners.append(
            Partner(
                row["id"],
                (nom := mask_words(row["nom"])),
                row["college"],
                alias if nom == row["nom"] else (*alias, row["nom"]),
                siren,
                themes,
                quarters if "tous" in places else places,
                _year(found, row, "debut"),
                _year(found, row, "fin"),
                mask_words(row.cells.get("note", "")),
            )
        )
    return tuple(partners)


def check_words(found: Inspection, row: Ligne, column: str, words: Sequence[str], known: Sequence[str]) -> None:
    """Note each word of a cell that is not among the declared ones."""
    for word in words:
        if word and word not in known:
            found.add(
                row.fichier,
                row.ligne,
                column,
                f"{quoted(word)} n'est pas déclaré",
                f"déclarés : {listed(known)}",
                nearest(word, known) or "corrigez la cellule",
            )


def _year(found: Inspection, row: Ligne, column: str) -> int:
    text = row.cells.get(column, "")
    if text and not (text.isdecimal() and len(text) == 4):
        found.add(row.fichier, row.ligne, column, f"{quoted(text)} n'est pas une année", "quatre chiffres")
        return 0
    return int(text or 0)


def partner_labels(partners: Sequence[Partner]) -> dict[str, str]:
    """Key of each name and alias → id of the partner."""
    return {carrier_key(label): p.id for p in partners for label in (p.nom, *p.alias)}


def partners_table(partners: Sequence[Partner], territory: Territory) -> pd.DataFrame:
    """One row per partner (`COLONNES`); lists are joined by `|`, unknown years are null."""
    sample = any(fnmatch(PARTENAIRES, pattern) for pattern in territory.exemples)
    rows = [
        (
            p.id,
            p.nom,
            p.college,
            "|".join(p.alias),
            p.siren,
            "|".join(p.themes),
            "|".join(p.quartiers),
            p.debut or pd.NA,
            p.fin or pd.NA,
            p.note,
            sample,
        )
        for p in partners
    ]
    table = pd.DataFrame(rows, columns=list(COLONNES))
    return table.astype({**dict.fromkeys(COLONNES, "str"), "debut": "Int16", "fin": "Int16", "exemple": "bool"})
