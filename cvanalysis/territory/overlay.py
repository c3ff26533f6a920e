"""What a territory adds to the national catalogue: `catalogue/` in its folder, in the same files as the package's.

Owns the check of those rows and the cells that may be left empty. Refuses to change what the package says: a name that it has is refused.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from cvanalysis.catalogue import LOCAL, Ajouts, Direction, GenreIndicateur, load_catalogue, read_catalogue_rows
from cvanalysis.french import listed, nearest, quoted
from cvanalysis.territory.declarations import Inspection, Ligne, check_once, read_rows

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
_NUMERO = re.compile(r"local-\d\d")
_ID = re.compile(r"[a-z][a-z0-9_]*")
_FAMILLE = re.compile(r"[A-Z][A-Z0-9_]*")
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
            found.add(
                where,
                0,
                "",
                "ce fichier n'est pas de ceux qu'un territoire ajoute",
                f"fichiers permis\u00a0: {allowed}",
            )
    if not names:
        return ()
    _check(found, rows)
    added = {name: [_complete(name, row.cells) for row in lines] for name, lines in rows.items()}
    if indicators := added.get("indicateurs.csv"):
        _add_long_format(added, [row["id"] for row in indicators])
        known = {*load_catalogue(()).sources, *(row["id"] for row in added.get("sources.csv", ()))}
        named = dict.fromkeys(row["source"] for row in indicators if row["source"] not in known)
        added.setdefault("sources.csv", []).extend(
            {"id": name, "nom": name, "producteur": name, "licence": ""} for name in named
        )
    return tuple((name, tuple(tuple(row.items()) for row in lines)) for name, lines in sorted(added.items()))


def _check(found: Inspection, rows: dict[str, list[Ligne]]) -> None:
    base = load_catalogue(())
    own = {name: [row["id"] for row in rows.get(f"{name}.csv", ())] for name in ("indicateurs", "familles", "sources")}
    taken = {
        "indicateurs.csv": base.indicateurs,
        "familles.csv": base.familles | {LOCAL: None},
        "sources.csv": base.sources,
    }
    for name, known in taken.items():
        shape, form = (_FAMILLE, "MAJUSCULES") if name == "familles.csv" else (_ID, "minuscules")
        for row in rows.get(name, ()):
            if row["id"] in known:
                found.add(
                    row.fichier,
                    row.ligne,
                    "id",
                    f"{quoted(row['id'])} est déjà dans le catalogue",
                    "",
                    "donnez-lui un autre nom",
                )
            elif not shape.fullmatch(row["id"]):
                found.add(row.fichier, row.ligne, "id", f"{quoted(row['id'])} ne peut pas servir d'identifiant",
                          f"lettres {form} sans accent, chiffres et tirets bas")  # fmt: skip
        check_once(found, f"{DOSSIER}/{name}", "id", ((row.ligne, row["id"]) for row in rows.get(name, ())))
    indicators = (*own["indicateurs"], *base.indicateurs)
    for row in rows.get("indicateurs.csv", ()):
        _check_cells(found, row, base.precautions)
    for row in rows.get("constats.csv", ()):
        if not _NUMERO.fullmatch(row["numero"]):
            found.add(
                row.fichier,
                row.ligne,
                "numero",
                f"{quoted(row['numero'])} n'est pas un numéro de constat local",
                "local-01, local-02…",
            )
        if row["genre"] not in GENRES:
            found.add(
                row.fichier,
                row.ligne,
                "genre",
                f"{quoted(row['genre'])} n'est pas permis ici",
                f"permis\u00a0: {listed(GENRES)}",
            )
        _check_indicator(found, row, "indicateurs", indicators)
    check_once(
        found, f"{DOSSIER}/constats.csv", "numero", ((r.ligne, r["numero"]) for r in rows.get("constats.csv", ()))
    )
    _check_families(found, rows, (*own["familles"], *base.familles), indicators)


def _check_families(
    found: Inspection, rows: dict[str, list[Ligne]], families: tuple[str, ...], indicators: tuple[str, ...]
) -> None:
    """Each map is of a known family and names known indicators; each family that is added has its map."""
    for name in (name for name in rows if name.startswith("colonnes/")):
        family = Path(name).stem
        if family not in families:
            found.add(f"{DOSSIER}/{name}", 0, "", f"la famille {quoted(family)} n'est pas connue", "",
                      nearest(family, families) or "ajoutez-la à catalogue/familles.csv")  # fmt: skip
        for row in rows[name]:
            if not row["indicateur"].startswith("note_"):
                _check_indicator(found, row, "indicateur", indicators)
    for family in (row["id"] for row in rows.get("familles.csv", ())):
        if f"colonnes/{family}.csv" not in rows:
            found.add(
                f"{DOSSIER}/familles.csv",
                0,
                "id",
                f"la famille {quoted(family)} n'a pas de colonnes",
                "",
                f"écrivez catalogue/colonnes/{family}.csv",
            )


def _check_indicator(found: Inspection, row: Ligne, colonne: str, known: tuple[str, ...]) -> None:
    if row[colonne] not in known:
        found.add(row.fichier, row.ligne, colonne, f"l'indicateur {quoted(row[colonne])} n'est pas connu", "un seul, par son identifiant",
                  nearest(row[colonne], known) or "ajoutez-le à catalogue/indicateurs.csv")  # fmt: skip


def _check_cells(found: Inspection, row: Ligne, precautions: dict[str, str]) -> None:
    """The optional cells of an indicator: known words, numbers."""
    for column, allowed in _PERMIS.items():
        if (said := row.cells.get(column, "")) and said not in allowed:
            found.add(
                row.fichier, row.ligne, column, f"{quoted(said)} n'est pas permis", f"permis\u00a0: {listed(allowed)}"
            )
    for column in ("decimales", "mini", "maxi"):
        if (said := row.cells.get(column, "")) and not re.fullmatch(
            r"-?\d+(\.\d+)?" if column != "decimales" else r"\d", said
        ):
            found.add(
                row.fichier, row.ligne, column, f"{quoted(said)} n'est pas un nombre", "", "écrivez-le avec un point"
            )
    for said in filter(None, row.cells.get("precautions", "").split(",")):
        if said.strip() not in precautions:
            found.add(
                row.fichier,
                row.ligne,
                "precautions",
                f"{quoted(said)} n'est pas une précaution connue",
                f"connues\u00a0: {listed(precautions)}",
            )


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
