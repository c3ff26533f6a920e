"""What a territory adds to the national catalogue: `catalogue/` in its folder, in the same files as the package's.

Owns the check of those rows and the cells that may be left empty. Refuses to change what the package says: a name that it has is refused.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from cvanalysis.catalogue import LOCAL, Ajouts, Direction, GenreIndicateur, load_catalogue, read_catalogue_rows
from cvanalysis.french import listed, nearest, quoted
from cvanalysis.territory.declarations import Inspection, Ligne, once, read_rows

DOSSIER = "catalogue"
REQUIS = {
    "sources.csv": ("id", "nom"),
    "indicateurs.csv": ("id", "nom", "unite", "source"),
    "familles.csv": ("id", "nom", "signature"),
    "annees.csv": ("famille", "millesime", "indicateurs", "annee"),
    "constats.csv": ("numero", "genre", "indicateurs", "question"),
}
"""The files that a territory may have, with the columns that must be filled; all others of the package's files are optional."""
GENRES = ("niveau", "rang", "evolution", "ecart")
"""Questions that are asked of one indicator: the others need a shape that only the package gives."""
_ID, _FAMILLE = r"[a-z][a-z0-9_]*", r"[A-Z][A-Z0-9_]*"
_NOMBRE = r"(-?\d+(\.\d+)?)?"
_PERMIS = {"direction": get_args(Direction), "genre": get_args(GenreIndicateur), "additif": ("oui", "non")}


def overlay_files(dossier: Path) -> list[Path]:
    """The files of the overlay, in order."""
    return sorted((dossier / DOSSIER).rglob("*.csv"))


def read_overlay(found: Inspection, dossier: Path) -> Ajouts:
    """The rows that a territory adds, by file, whole; what is wrong with them goes to `found`."""
    names = [path.relative_to(dossier / DOSSIER).as_posix() for path in overlay_files(dossier)]
    rows: dict[str, list[Ligne]] = {}
    for name in names:
        where = f"{DOSSIER}/{name}"
        if name in REQUIS:
            columns = tuple(next(iter(read_catalogue_rows(name))))
            rows[name] = read_rows(found, where, REQUIS[name], tuple(c for c in columns if c not in REQUIS[name]))
        elif name.startswith("colonnes/"):
            rows[name] = read_rows(found, where, ("indicateur",), ("note", "courant"), free=True)
        else:
            allowed = listed([*REQUIS, "colonnes/FAMILLE.csv"])
            found.add(where, 0, "", "ce fichier n'est pas de ceux qu'un territoire ajoute", f"permis\u00a0: {allowed}")
    if not names:
        return ()
    _check(found, defaultdict(list, rows))
    added = {name: [_complete(name, row.cells) for row in lines] for name, lines in rows.items()}
    if indicators := added.get("indicateurs.csv"):
        _add_long_format(added, [row["id"] for row in indicators])
        known = {*load_catalogue(()).sources, *(row["id"] for row in added.get("sources.csv", ()))}
        named = dict.fromkeys(row["source"] for row in indicators if row["source"] not in known)
        added.setdefault("sources.csv", []).extend(
            {"id": name, "nom": name, "producteur": name, "licence": ""} for name in named
        )
    return tuple((name, tuple(tuple(row.items()) for row in lines)) for name, lines in sorted(added.items()))


def _check(found: Inspection, rows: Mapping[str, list[Ligne]]) -> None:
    base = load_catalogue(())
    for name, known in (
        ("indicateurs.csv", base.indicateurs),
        ("familles.csv", base.familles | {LOCAL: None}),
        ("sources.csv", base.sources),
    ):
        shape = _FAMILLE if name == "familles.csv" else _ID
        for row in rows[name]:
            if row["id"] in known:
                _refuse(row, "id", "est déjà dans le catalogue", "donnez-lui un autre nom")
            elif not re.fullmatch(shape, row["id"]):
                _refuse(row, "id", f"ne peut pas servir d'identifiant ({shape})")
        once(rows[name], "id")
    indicators = [*(row["id"] for row in rows["indicateurs.csv"]), *base.indicateurs]
    families = [*(row["id"] for row in rows["familles.csv"]), *base.familles]
    for row in rows["indicateurs.csv"]:
        for column, allowed in _PERMIS.items():
            if row.cells.get(column, "") not in ("", *allowed):
                _refuse(row, column, "n'est pas permis", f"permis\u00a0: {listed(allowed)}")
        for column, shape in (("decimales", r"\d?"), ("mini", _NOMBRE), ("maxi", _NOMBRE)):
            if not re.fullmatch(shape, row.cells.get(column, "")):
                _refuse(row, column, "n'est pas un nombre", "écrivez-le avec un point")
        if {one.strip() for one in row.cells.get("precautions", "").split(",")} - {"", *base.precautions}:
            to_do = f"connues\u00a0: {listed(base.precautions)}"
            _refuse(row, "precautions", "n'est pas une précaution connue", to_do)
    for row in rows["constats.csv"]:
        if not re.fullmatch(r"local-\d\d", row["numero"]):
            _refuse(row, "numero", "n'est pas un numéro de constat local", "numérotez-le local-01, local-02…")
        if row["genre"] not in GENRES:
            _refuse(row, "genre", "n'est pas permis ici", f"permis\u00a0: {listed(GENRES)}")
        _check_known(row, "indicateurs", indicators)
    once(rows["constats.csv"], "numero")
    for name in (name for name in rows if name.startswith("colonnes/")):
        if (family := Path(name).stem) not in families:
            to_do = nearest(family, families) or "ajoutez-la à catalogue/familles.csv"
            found.add(f"{DOSSIER}/{name}", 0, "", f"la famille {quoted(family)} n'est pas connue", "", to_do)
        for row in rows[name]:
            if not row["indicateur"].startswith("note_"):
                _check_known(row, "indicateur", indicators)
    for row in rows["familles.csv"]:
        if f"colonnes/{row['id']}.csv" not in rows:
            _refuse(row, "id", "n'a pas de colonnes", f"écrivez catalogue/colonnes/{row['id']}.csv")


def _refuse(row: Ligne, colonne: str, why: str, to_do: str = "") -> None:
    row.wrong(colonne, f"{quoted(row[colonne])} {why}", "", to_do)


def _check_known(row: Ligne, colonne: str, known: list[str]) -> None:
    if row[colonne] not in known:
        to_do = nearest(row[colonne], known) or "ajoutez-le à catalogue/indicateurs.csv"
        _refuse(row, colonne, "n'est pas l'identifiant d'un indicateur", to_do)


def _complete(name: str, cells: dict[str, str]) -> dict[str, str]:
    """A row with all the columns of the package's file; an empty cell has the plainest meaning."""
    if name.startswith("colonnes/"):
        return {"note": "", "courant": ""} | cells
    usual = {
        "indicateurs.csv": lambda row: {
            "nom_court": row["nom"], "pilier": "local", "decimales": "1" if row["unite"] == "%" else "0",
            "direction": "neutre", "definition": f"{row['nom']}.", "additif": "non",
            "genre": {"%": "taux", "€": "montant"}.get(row["unite"], "effectif"),
        },
        "familles.csv": lambda row: {"minimum": str(min(3, row["signature"].count(",") + 1)), "suffixe": "non", "delai": "0"},
        "constats.csv": lambda row: {"section": row["numero"].rpartition("-")[0]},
        "annees.csv": lambda _row: {"certitude": "etablie"},  # who declares a year knows it
    }  # fmt: skip
    columns = dict.fromkeys(next(iter(read_catalogue_rows(name))), "")
    filled = {column: cell for column, cell in cells.items() if cell}
    return columns | usual.get(name, lambda _row: {})(cells) | filled


def _add_long_format(added: dict[str, list[dict[str, str]]], names: list[str]) -> None:
    """The family of `code;annee;indicateur;valeur`: each indicator that the territory adds may come so, under its year."""
    headers = [f"{LOCAL} : {name}".upper() for name in names]
    row = {"id": LOCAL, "nom": "Indicateurs du territoire", "signature": ",".join(headers), "minimum": "1"}
    added.setdefault("familles.csv", []).append(_complete("familles.csv", row))
    added[f"colonnes/{LOCAL}.csv"] = [
        {"indicateur": name, "note": "", "courant": header} for name, header in zip(names, headers, strict=True)
    ]
    every = {"famille": LOCAL, "millesime": "*", "indicateurs": "*", "annee": "="}
    added.setdefault("annees.csv", []).append(_complete("annees.csv", every))
