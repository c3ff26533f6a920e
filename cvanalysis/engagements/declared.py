"""`engagements.csv` (or our model filled) and `partenaires.csv` → one row per engagement, one per partner. Averages no colleges.

Engagements: `code;libelle`, and if known `pilier;theme;nature;pilote;partenaires;partenaires_vus;quartiers;avancement;preuve;date_preuve;
obstacle;actions;indicateurs` and one `appreciation_COLLEGE` per college. Lists have `|` between their items. **avancement** is a fact,
filled in by the pilot with its evidence; **appreciation** is each college's judgement. A blank is `non renseigné`, never a state.

Partners: `id;nom`, and if known `college`, `alias` (names met in logs, `|` between them), `siren`, `themes`, `quartiers` (codes or `tous`),
`debut`, `fin` (years), `note`. `themes`, `quartiers` and the years say where the partner was **expected**.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cvanalysis.actions.clean.cells import read_siren
from cvanalysis.actions.table import NON_RENSEIGNE
from cvanalysis.engagements.table import (
    APPRECIATIONS,
    AVANCEMENTS,
    COLONNES,
    ENGAGEMENTS,
    FACULTATIVES,
    LISTES,
    NATURES,
    PARTENAIRES,
    PREFIXE,
)  # fmt: skip
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.dates import read_when
from cvanalysis.files.guard import reading
from cvanalysis.files.keys import carrier_key, grouped, split_list, title_key
from cvanalysis.files.sheets import read_raw
from cvanalysis.french import fold, nearest, quoted
from cvanalysis.personnes.masking import mask_words
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.declarations import Inspection, Ligne, match_rows, once, read_rows

PARTENAIRE = ("id", "nom", "college", "alias", "siren", "themes", "quartiers", "debut", "fin", "note")
TOUS = "tous"
CLASSEURS = ("engagements.xlsx", "engagements.xlsm", "engagements.ods", "engagements.xls")
_MOTS = tomllib.loads(Path(__file__).with_name("mots.toml").read_text(encoding="utf-8"))


def _understood(own: Sequence[str], usual: Mapping[str, Sequence[str]], blank: str) -> dict[str, str]:
    return (
        {fold(word): ours for ours, words in usual.items() for word in words} | {fold(w): w for w in own} | {"": blank}
    )


_ETATS = _understood(AVANCEMENTS, _MOTS["avancement"], NON_RENSEIGNE)
_AVIS = _understood(APPRECIATIONS, _MOTS["appreciation"], "")


def find_engagements(folder: Path) -> str:
    """The name of the file of engagements: the CSV, else a workbook (ours, filled), else ''."""
    return next((name for name in (ENGAGEMENTS, *CLASSEURS) if (folder / name).exists()), "")


def read_engagements(
    territory: Territory,
    found: Inspection,
    anomalies: Anomalies,
    fichier: str,
    partenaires: Mapping[str, str],
    indicateurs: frozenset[str] | None = None,
) -> pd.DataFrame:
    """One row per engagement, in the file's order: `code, libelle, pilier, …, date_preuve (ISO or ''), appreciation_*, exemple`.

    `partenaires` is id → name; a partner, pillar, theme, quarter or indicator that is not declared is a problem of `found`, as is a
    state or a judgement in other words than ours; what is read otherwise than it is written goes to `anomalies`. No file ('') gives an
    empty table with its columns. Raises `ReadError` where a workbook of them cannot be read.
    """
    colleges = [PREFIXE + college.id for college in territory.colleges]
    optional = (*FACULTATIVES, *colleges)
    rows = once(_rows(found, anomalies, fichier, optional) if fichier else (), "code")
    partners = list(partenaires.items())
    known = _declared(territory, "pilier", "theme", "nature", "quartiers")
    known |= {"pilote": partners, "partenaires": partners, "partenaires_vus": partners}
    known |= {} if indicateurs is None else {"indicateurs": [(one, one) for one in sorted(indicateurs)]}
    made = []
    for row in rows:
        otherwise: dict[str, tuple[str, str]] = {}
        cells = dict.fromkeys((*COLONNES, *optional), "") | row.cells
        cells |= {name: mask_words(cells[name]) for name in ("libelle", "preuve", "obstacle", "actions")}
        cells |= {name: _ids(row, name, cells[name], declared) for name, declared in known.items()}
        for name in ("avancement", *colleges):
            known_words, words = (_ETATS, AVANCEMENTS) if name == "avancement" else (_AVIS, APPRECIATIONS)
            said, cells[name] = cells[name], known_words.get(fold(cells[name]), "")
            if fold(said) not in known_words:
                row.unknown(name, f"{quoted(said)} n'est pas connu", words, "mots connus", said)
            elif said and fold(said) != fold(cells[name]):
                otherwise[name] = said, cells[name] or "sans avis"
        day, when = cells["date_preuve"], read_when(cells["date_preuve"])
        cells["date_preuve"] = when[0].isoformat() if when else ""  # the last day of a period
        if day and when is None:
            row.wrong("date_preuve", f"{quoted(day)} n'est pas une date", "JJ/MM/AAAA ou AAAA-MM-JJ")
        elif when and not when[1]:
            otherwise["date_preuve"] = day, f"{when[0]:%d/%m/%Y}"
        for name, (written, understood) in otherwise.items():
            done = f"compris\u00a0: {quoted(understood)}"
            anomalies.add(row.fichier, row.ligne, name, written, "écrit autrement", done)
        made.append(cells)
    table = pd.DataFrame(made, columns=[*COLONNES, *optional]).astype("str")
    sample = territory.invents(fichier, ENGAGEMENTS)
    return table.assign(exemple=pd.Series(sample, index=table.index, dtype="bool"))


_OU = dict.fromkeys(("theme", "themes"), ("themes.csv", "id;nom;question")) | {
    "pilier": ("piliers.csv", "id;nom"),
    "college": ("colleges.csv", "id;nom"),
    **dict.fromkeys(("pilote", "partenaires", "partenaires_vus"), (PARTENAIRES, ";".join(PARTENAIRE[:3]))),
}
"""Where the words of a column are declared, and the first line of that file."""


def _declared(territory: Territory, *columns: str) -> dict[str, list[tuple[str, str]]]:
    """Column → id and name of each thing that it may name."""
    t = territory
    ones = {"pilier": t.piliers, "theme": t.themes, "themes": t.themes, "college": t.colleges}
    known = {column: [(one.id, one.nom) for one in some] for column, some in ones.items()}
    known["nature"] = list(zip(NATURES, NATURES, strict=True))
    known["quartiers"] = [*((one.code, one.nom) for one in t.quartiers), (TOUS, "tous les quartiers")]
    return {column: known[column] for column in columns}


def _ids(row: Ligne, column: str, cell: str, declared: Sequence[tuple[str, str]]) -> str:
    """The ids of what a cell names, by id or by name, accents and capitals aside; a word that is neither is noted.

    A list has `|` between its items, or whatever people put where that gives no known word; « tous » are all the others.
    """
    ids = {fold(word): one for one, name in declared for word in (name, one)}
    many = column in LISTES or column == "themes"
    items = split_list(cell) if many else (cell,)
    if many and len(items) == 1 and fold(cell) not in ids:
        items = tuple(item.strip() for item in re.split(r"[,;/]| et ", cell) if item.strip())
    for item in items:
        if item and fold(item) not in ids:
            fichier, titres = _OU.get(column, ("", ""))
            names = [name for _, name in declared] or [f"aucun (ses colonnes\u00a0: {titres})" if titres else "aucun"]
            called = f"déclarés dans {fichier}" if fichier else "déclarés"
            row.unknown(column, f"{quoted(item)} n'est pas déclaré", names, called, item)
    found = [ids.get(fold(item), item) for item in items]
    every = TOUS in found and TOUS in dict(declared)
    return "|".join([one for one, _ in declared if one != TOUS] if every else found)


def _rows(found: Inspection, anomalies: Anomalies, fichier: str, optional: tuple[str, ...]) -> list[Ligne]:
    """The rows of the CSV, or those of the sheet of a workbook that has most of the columns; a team's own columns there are told."""
    if fichier == ENGAGEMENTS:
        return read_rows(found, fichier, COLONNES, optional)
    known = (*COLONNES, *optional)
    with reading(fichier):
        tables = read_raw(found.dossier / fichier, fichier, frozenset(known))
    table = max(tables, key=lambda one: len(set(one.colonnes) & set(known)))
    ours = [name for name in table.colonnes if fold(name).replace(" ", "_") in known]
    for name in table.colonnes:
        if name not in ours:
            done = ". ".join(filter(None, ("gardée dans le fichier, et non lue", nearest(name, known))))
            anomalies.add(fichier, table.ligne_entete, mask_words(name), "", "colonne à vous", done)
    records = zip(table.lignes.tolist(), table.cells[ours].to_numpy().tolist(), strict=True)
    cells = []
    for line, row in records:
        filled = [cell.strip() for cell in row if cell.strip()]
        if len(filled) == 1 or (len(filled) < 4 and title_key(filled[0]).startswith(("total", "sous-total"))):
            done = "laissée de côté ; si c'est un engagement, complétez-la"
            anomalies.add(fichier, line, "", mask_words(filled[0]), "total, ou ligne d'une seule cellule remplie", done)
        else:
            cells.append((line, [cell.strip() for cell in row]))
    return match_rows(found, fichier, [(table.ligne_entete, ours), *cells], COLONNES, optional)


def link_engagements(
    actions: pd.DataFrame, engagements: pd.DataFrame, fichier: str, anomalies: Anomalies
) -> pd.DataFrame:
    """Add the links that engagements declare by an action's title, id or number in its log to those that the logs bear."""
    declared = engagements.loc[engagements["actions"] != "", ["code", "actions"]]
    if declared.empty:
        return actions
    titles = actions.drop_duplicates(["action", "titre"])
    known = titles["action"].tolist()
    named = grouped([*zip(known, known, strict=True), *zip(map(title_key, titles["titre"]), known, strict=True)])
    for number, one in actions[actions["reference"] != ""].groupby("reference")["action"]:
        named.setdefault(number, one.unique().tolist())
    links: dict[str, set[str]] = {}
    for code, cell in declared.itertuples(index=False, name=None):
        for item in split_list(cell):
            hits = named.get(item) or named.get(title_key(item), [])
            if not hits:
                hint = nearest(item, list(titles["titre"])[:5000])
                what = f"action liée à l'engagement {code}, et inconnue des journaux"
                anomalies.add(fichier, 0, "actions", item, what, ". ".join(filter(None, ("lien laissé de côté", hint))))
            for action in hits:
                links.setdefault(action, set()).add(code)
    both = zip(actions["action"], actions["engagements"], strict=True)
    made = ["|".join(sorted({*split_list(own), *links.get(action, ())})) for action, own in both]
    return actions.assign(engagements=pd.Series(made, index=actions.index, dtype="str"))


def read_partners(territory: Territory, found: Inspection) -> pd.DataFrame:
    """One row per declared partner, in their order (`PARTENAIRE`, `exemple`); none where the file is absent. Problems go to `found`.

    Lists are joined by `|`, unknown years are null.
    """
    names: dict[str, str] = {}
    there = (Path(territory.dossier) / PARTENAIRES).exists()
    rows = once(read_rows(found, PARTENAIRES, PARTENAIRE[:2], PARTENAIRE[2:]) if there else (), "id")
    table = pd.DataFrame([_read_partner(row, territory, names) for row in rows], columns=list(PARTENAIRE))
    table["exemple"] = territory.invents(PARTENAIRES)
    years = {name: table[name].replace("", pd.NA).astype("Int16") for name in ("debut", "fin")}
    return table.astype({**dict.fromkeys(PARTENAIRE, "str"), "exemple": "bool"}).assign(**years)


def _read_partner(row: Ligne, territory: Territory, names: dict[str, str]) -> dict[str, Any]:
    cells = dict.fromkeys(PARTENAIRE, "") | row.cells
    declared = _declared(territory, "college", "themes", "quartiers")
    cells |= {name: _ids(row, name, cells[name], known) for name, known in declared.items()}
    siren, doubt = read_siren(cells["siren"])
    if doubt:
        what = f"{quoted(mask_words(cells['siren']))} : {doubt}"
        row.wrong("siren", what, "neuf chiffres", "corrigez-le ou laissez vide")
    alias = split_list(cells["alias"])
    for label in (cells["nom"], *alias):
        owner = names.setdefault(carrier_key(label), cells["id"])
        if owner != cells["id"]:
            wanted, to_do = "un nom pour un seul partenaire", "retirez-le de l'un des deux"
            row.wrong("alias", f"{quoted(label)} désigne déjà {quoted(owner)}", wanted, to_do)
    for name in ("debut", "fin"):
        if (year := cells[name]) and not (year.isdecimal() and len(year) == 4):
            row.wrong(name, f"{quoted(year)} n'est pas une année", "quatre chiffres")
            cells[name] = ""
    nom = mask_words(cells["nom"], organisation=True)
    called = "|".join(alias if nom == cells["nom"] else (*alias, cells["nom"]))
    return cells | {"nom": nom, "alias": called, "siren": siren, "note": mask_words(cells["note"])}
