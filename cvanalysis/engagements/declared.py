"""`engagements.csv`, or our model filled, → one row per engagement. Owns the words of progress and judgement; averages no colleges.

Columns: `code;libelle;pilier`, and if known `theme;nature;pilote;partenaires;partenaires_vus;quartiers;avancement;preuve;date_preuve;
obstacle;actions;indicateurs` and one `appreciation_COLLEGE` per college. Lists have `|` between their items. **avancement** is a fact,
filled in by the pilot with its evidence; **appreciation** is each college's judgement. A blank is `non renseigné`, never a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.actions.table import NON_RENSEIGNE
from cvanalysis.engagements.partners import check_words
from cvanalysis.errors import ReadError
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.dates import parse_date
from cvanalysis.files.keys import split_list, title_key
from cvanalysis.files.sheets import read_raw
from cvanalysis.french import fold, listed, nearest, quoted
from cvanalysis.personnes.persons import mask_words
from cvanalysis.territory.declarations import Inspection, Ligne, match_rows, read_rows

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


ENGAGEMENTS = "engagements.csv"
CLASSEURS = ("engagements.xlsx", "engagements.xlsm", "engagements.ods", "engagements.xls")
AVANCEMENTS = ("réalisé", "partiel", "en cours", "non engagé", "abandonné", "réorienté", NON_RENSEIGNE)
APPRECIATIONS = ("satisfaisant", "mitigé", "insatisfaisant")
NATURES = ("nouveau", "renforcé")
PREFIXE = "appreciation_"
_LISTES = ("partenaires", "partenaires_vus", "quartiers", "actions", "indicateurs")
_TEXTES = ("theme", "nature", "pilote", *_LISTES, "avancement", "preuve", "date_preuve", "obstacle")


def find_engagements(folder: Path) -> str:
    """The name of the file of engagements: the CSV, else a workbook (ours, filled), else ''."""
    return next((name for name in (ENGAGEMENTS, *CLASSEURS) if (folder / name).exists()), "")


def read_engagements(
    territory: Territory, found: Inspection, partenaires: Mapping[str, str], indicateurs: frozenset[str] | None = None
) -> pd.DataFrame:
    """One row per engagement, in the file's order: `code, libelle, pilier, …, date_preuve (ISO or ''), appreciation_*, exemple`.

    `partenaires` is id → name; a partner, pillar, theme, quarter or indicator that is not declared is a problem of `found`, as is a
    state or a judgement in other words than ours. An absent file gives an empty table with its columns.
    """
    colleges = [PREFIXE + college.id for college in territory.colleges]
    columns = ["code", "libelle", "pilier", *_TEXTES, *colleges, "exemple"]
    fichier = find_engagements(Path(territory.dossier))
    if not fichier:
        return pd.DataFrame({name: pd.Series(dtype="bool" if name == "exemple" else "str") for name in columns})
    quarters = [q.code for q in territory.quartiers]
    sample = any(fnmatch(name, pattern) for name in (fichier, ENGAGEMENTS) for pattern in territory.exemples)
    states = {fold(word): word for word in AVANCEMENTS} | {"abandonne ou reoriente": "abandonné", "": NON_RENSEIGNE}
    views = {fold(word): word for word in APPRECIATIONS} | {"": ""}
    made, seen = [], {}
    for row in _rows(found, fichier, ("code", "libelle", "pilier"), (*_TEXTES, *colleges)):
        if row["code"] in seen:
            found.add(
                row.fichier,
                row.ligne,
                "code",
                f"{quoted(row['code'])} est déjà à la ligne {seen[row['code']]}",
                "",
                "gardez une seule des deux",
            )
            continue
        seen[row["code"]] = row.ligne
        cells = {name: row.cells.get(name, "") for name in columns[:-1]}
        cells |= {name: mask_words(cells[name]) for name in ("libelle", "preuve", "obstacle", "actions")}
        check_words(found, row, "pilier", [cells["pilier"]], [p.id for p in territory.piliers])
        check_words(found, row, "theme", [cells["theme"]], [t.id for t in territory.themes])
        check_words(found, row, "nature", [cells["nature"]], NATURES)
        check_words(found, row, "pilote", [cells["pilote"]], list(partenaires))
        for name in ("partenaires", "partenaires_vus"):
            check_words(found, row, name, split_list(cells[name]), list(partenaires))
        places = split_list(cells["quartiers"])
        check_words(found, row, "quartiers", places, [*quarters, "tous"])
        cells["quartiers"] = "|".join(quarters if "tous" in places else places)
        if indicateurs is not None:
            check_words(found, row, "indicateurs", split_list(cells["indicateurs"]), sorted(indicateurs))
        for name, known in (("avancement", states), *((college, views) for college in colleges)):
            ours = known.get(fold(cells[name]))
            if ours is None:
                words = AVANCEMENTS if name == "avancement" else APPRECIATIONS
                found.add(
                    row.fichier,
                    row.ligne,
                    name,
                    f"{quoted(cells[name])} n'est pas connu",
                    f"mots connus : {listed(words)}",
                    nearest(cells[name], words),
                )
            cells[name] = ours or ""
        if cells["date_preuve"]:
            when = parse_date(cells["date_preuve"])
            if when is None:
                found.add(
                    row.fichier,
                    row.ligne,
                    "date_preuve",
                    f"{quoted(cells['date_preuve'])} n'est pas une date",
                    "JJ/MM/AAAA ou AAAA-MM-JJ",
                )
            cells["date_preuve"] = when[1].isoformat() if when else ""
        made.append([*cells.values(), sample])
    table = pd.DataFrame(made, columns=columns)
    return table.astype({name: "bool" if name == "exemple" else "str" for name in columns})


def _rows(found: Inspection, fichier: str, columns: tuple[str, ...], optional: tuple[str, ...]) -> list[Ligne]:
    """The rows of the CSV, or those of the sheet of a workbook that has most of the columns."""
    if fichier == ENGAGEMENTS:
        return read_rows(found, fichier, columns, optional)
    try:
        tables = read_raw(found.dossier / fichier, fichier, frozenset((*columns, *optional)))
    except ReadError as error:
        found.problems.append(error.problem)
        return []
    table = max(tables, key=lambda one: len(set(one.colonnes) & {*columns, *optional}))
    records = zip(table.lignes.tolist(), table.cells.to_numpy().tolist(), strict=True)
    filled = [
        (table.ligne_entete, list(table.colonnes)),
        *((line, [cell.strip() for cell in row]) for line, row in records),
    ]
    return match_rows(found, fichier, filled, columns, optional)


def _link_engagements(
    actions: pd.DataFrame, engagements: pd.DataFrame, fichier: str, anomalies: Anomalies
) -> pd.DataFrame:
    """Add the links that engagements declare by an action's title or id to those that the logs bear."""
    links: dict[str, set[str]] = {}
    if not (engagements["actions"] != "").any():
        return actions
    titles = actions.drop_duplicates("action")
    by_title: dict[str, list[str]] = {}
    for action, title in zip(titles["action"], titles["titre"], strict=True):
        by_title.setdefault(title_key(title), []).append(action)
    known = set(titles["action"])
    for rank, (code, cell) in enumerate(zip(engagements["code"], engagements["actions"], strict=True)):
        for item in split_list(cell):
            hits = [item] if item in known else by_title.get(title_key(item), [])
            if not hits:
                anomalies.add(
                    fichier,
                    rank + 2,
                    "actions",
                    item,
                    "action liée inconnue des journaux",
                    f"lien laissé de côté. {nearest(item, list(titles['titre'])[:5000])}".strip(),
                )
            for action in hits:
                links.setdefault(action, set()).add(code)
    if not links:
        return actions
    linked = actions["action"].map(links)
    at = linked.notna()
    actions = actions.copy()
    actions.loc[at, "engagements"] = [
        "|".join(sorted({*split_list(own), *more}))
        for own, more in zip(actions.loc[at, "engagements"], linked[at], strict=True)
    ]
    return actions
