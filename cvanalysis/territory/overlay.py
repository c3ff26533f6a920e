"""What a territory adds to the national catalogue: `catalogue/` in its folder, in the same files as the package's.

Owns the check of those rows and the cells that may be left empty. Refuses to change what the package says: a name that it has is refused.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from cvanalysis.catalogue import LOCAL, Ajouts, load_catalogue, normal_header, read_catalogue_rows, split_ids
from cvanalysis.french import listed, nearest, quoted
from cvanalysis.territory.declarations import KNOWN, Inspection, Ligne, once, read_rows

DOSSIER = "catalogue"
REQUIS = {
    "sources.csv": ("id", "nom"),
    "indicateurs.csv": ("id", "nom", "unite", "source"),
    "familles.csv": ("id", "nom", "signature"),
    "annees.csv": ("famille", "millesime", "indicateurs", "annee"),
    "constats.csv": ("numero", "genre", "indicateurs", "question"),
    "tableau.csv": ("groupe", "libelle", "indicateur", "constat"),
}
"""The files that a territory may have, with the columns that must be filled; all others of the package's files are optional."""


NOMBRE = KNOWN["catalogue"]["indicateurs.csv"]["mini"][0]
RAPPORT = re.compile(r"[‰/]|\b(?:pour|par|taux|indice|indicateur|ratio|densité|rapport)\b", re.IGNORECASE)
"""In the name or the unit of what is no count, where its territory does not say what it is."""


def overlay_files(dossier: Path) -> list[Path]:
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
    for name, lines in rows.items():
        for row in lines:
            _check_cells(name, row)
    ours = base.indicateurs.values()
    taken = {
        ("indicateurs.csv", "id"): base.indicateurs,
        ("indicateurs.csv", "nom"): {one.nom for one in ours},
        ("familles.csv", "id"): {*base.familles, LOCAL},
        ("sources.csv", "id"): base.sources,
        ("constats.csv", "numero"): (),
    }
    for (name, column), known in taken.items():
        once(rows[name], column)
        _check_new(rows[name], column, known)
    once(rows["annees.csv"], "famille", "millesime", "indicateurs")
    _check_new(rows["indicateurs.csv"], "groupe", {one.groupe for one in ours if one.groupe})
    for row in rows["indicateurs.csv"]:
        bounds = [float(row[one]) for one in ("mini", "maxi") if re.fullmatch(NOMBRE, row.cells.get(one, ""))]
        if bounds != sorted(set(bounds)):
            _refuse(row, "mini", f"n'est pas au-dessous de maxi ({row['maxi']})")
    asked = {one.numero: one.indicateurs for one in base.constats}
    asked |= {row["numero"]: split_ids(row["indicateurs"]) for row in rows["constats.csv"]}
    for row in rows["tableau.csv"]:
        if row["indicateur"] not in (of := asked.get(row["constat"], (row["indicateur"],))):
            _refuse(row, "indicateur", f"n'est pas ce que demande {row['constat']}", f"c'est {listed(of)}")
    indicators = [*(row["id"] for row in rows["indicateurs.csv"]), *base.indicateurs]
    families = [*(row["id"] for row in rows["familles.csv"]), *base.familles]
    known = {
        **dict.fromkeys(("indicateur", "mesure"), indicators),
        "mesures": ["*", *indicators],
        "diviseur": ["12", *indicators],
        "famille": families,
        "toute_famille": [*families, LOCAL],
        "precaution": base.precautions,
        "pilier": {*(one.pilier for one in ours), "local"},
        "constat": asked,
    }
    for name, lines in rows.items():
        for column, kind in KNOWN["nomme"].get(name, KNOWN["nomme"]["colonnes"]).items():
            for row in lines:
                _check_known(row, column, known[kind], *KNOWN["renvois"][kind])
    _check_families(found, rows, families)


def _check_families(found: Inspection, rows: Mapping[str, list[Ligne]], families: Collection[str]) -> None:
    for name in rows.keys() - REQUIS.keys():
        if (stem := Path(name).stem) not in families:
            to_do = nearest(stem, families) or KNOWN["renvois"]["famille"][1]
            found.add(f"{DOSSIER}/{name}", 0, "", f"la famille {quoted(stem)} n'est pas connue", "", to_do)
        once(rows[name], "indicateur")
        once([row for row in rows[name] if row.cells.get("courant")], "courant")
        ours = load_catalogue(()).familles.get(stem)
        read = {form for column in (ours.colonnes if ours else ()) for form in column.formes}
        for row in rows[name]:
            if read.intersection(map(normal_header, row.cells.get("courant", "").split("|"))):
                _refuse(
                    row, "courant", f"est déjà lu dans la famille {stem}", "laissez-la, ou prenez une autre colonne"
                )
    for row in rows["familles.csv"]:
        if f"colonnes/{row['id']}.csv" not in rows:
            _refuse(row, "id", "n'a pas de colonnes", f"écrivez catalogue/colonnes/{row['id']}.csv")
        least, most = row.cells.get("minimum", ""), len(split_ids(row["signature"]))
        if least.isdigit() and int(least) > most:
            _refuse(row, "minimum", f"dépasse le nombre de titres de {quoted('signature')} ({most})")


def _check_cells(name: str, row: Ligne) -> None:
    """The shape of each cell, by itself; an empty one has the plainest meaning."""
    for columns, (shape, why, to_do) in KNOWN["catalogue"].get(name, {}).items():
        first, *others = columns.split("/")
        said = "/".join(row.cells.get(one, "") for one in (first, *others))
        if said and not re.fullmatch(shape, said):
            row.wrong(first, f"{quoted(said)} {why}", "", to_do)
    if name not in REQUIS:
        titled = {one for one in row.cells if one == "courant" or re.fullmatch(r"(19|20)\d\d", one)}
        for odd in row.cells.keys() - titled - {"indicateur", "note"}:
            row.wrong(odd, "cette colonne n'est ni courant, ni l'année d'un fichier", "", "écrivez-la courant, ou 2021")
        if not any(row[one] for one in titled):
            _refuse(row, "indicateur", "n'a pas de titre", "écrivez dans la colonne courant celui du fichier")


def _refuse(row: Ligne, colonne: str, why: str, to_do: str = "") -> None:
    row.wrong(colonne, f"{quoted(row[colonne])} {why}", "", to_do)


def _check_new(rows: list[Ligne], colonne: str, known: Collection[str]) -> None:
    for row in rows:
        if row.cells.get(colonne) in known:
            _refuse(row, colonne, "est déjà dans le catalogue", "donnez-lui un autre nom")


def _check_known(row: Ligne, colonne: str, known: Collection[str], why: str, to_do: str, free: str) -> None:
    """Note what a cell names that is not known, nor begins as what is `free`."""
    for one in split_ids(row.cells.get(colonne, "")):
        if one not in known and not one.startswith(free):
            row.wrong(colonne, f"{quoted(one)} {why}", "", nearest(one, known) or to_do)


def _complete(name: str, cells: dict[str, str]) -> dict[str, str]:
    """A row with all the columns of the package's file; an empty cell has the plainest meaning."""
    if name.startswith("colonnes/"):
        return {"note": "", "courant": ""} | cells
    usual = {
        "indicateurs.csv": lambda row: {
            "nom_court": row["nom"], "pilier": "local", "decimales": "1" if _kind(row) in ("taux", "ratio") else "0",
            "direction": "neutre", "definition": f"{row['nom']}.", "additif": "non", "genre": _kind(row),
        },
        "familles.csv": lambda row: {"minimum": str(min(3, len(split_ids(row["signature"])))), "suffixe": "non", "delai": "0"},
        "constats.csv": lambda row: {"section": row["numero"].rpartition("-")[0]},
        "annees.csv": lambda _row: {"certitude": "etablie"},  # who declares a year knows it
    }  # fmt: skip
    columns = dict.fromkeys(next(iter(read_catalogue_rows(name))), "")
    filled = {column: cell for column, cell in cells.items() if cell}
    return columns | usual.get(name, lambda _row: {})(cells) | filled


def _kind(row: Mapping[str, str]) -> str:
    other = "ratio" if RAPPORT.search(f"{row['nom']} {row['unite']}") else "effectif"
    return row.get("genre") or {"%": "taux", "€": "montant"}.get(row["unite"], other)


def _add_long_format(added: dict[str, list[dict[str, str]]], names: list[str]) -> None:
    """The family of `code;annee;indicateur;valeur`: each indicator that the territory adds may come so, under its year."""
    headers = [f"{LOCAL} : {name}".upper() for name in names]
    family = {"id": LOCAL, "nom": "Indicateurs du territoire", "signature": ",".join(headers), "minimum": "1"}
    every = {"famille": LOCAL, "millesime": "*", "indicateurs": "*", "annee": "="}
    for name, row in (("familles.csv", family), ("annees.csv", every)):
        added.setdefault(name, []).append(_complete(name, row))
    added[f"colonnes/{LOCAL}.csv"] = [
        {"indicateur": name, "note": "", "courant": header} for name, header in zip(names, headers, strict=True)
    ]
