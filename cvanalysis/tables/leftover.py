"""Files of a data folder that no domain reads: each is named, with what to do. Owns the places where files are read; refuses to read one.

A table in a place that nobody reads is data left out; a picture is only said; notices (`.md`), hidden files and locks of an office
suite (`~$x.xlsx`) are told in one line.
"""

import os
from dataclasses import replace
from pathlib import Path

from cvanalysis.actions.clean.logs import EXTENSIONS
from cvanalysis.engagements.declared import CLASSEURS, find_engagements
from cvanalysis.engagements.table import ENGAGEMENTS
from cvanalysis.errors import Problem
from cvanalysis.files.anomalies import LAISSE, ReadFile
from cvanalysis.files.atomic import named
from cvanalysis.files.keys import grouped
from cvanalysis.files.sheets import is_machine
from cvanalysis.personnes.masking import mask_words
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.overlay import DOSSIER

_DECLAREES = """quartiers communes comparateurs themes piliers colleges partenaires correspondances decisions preconisations
chronologie precedent france_qpv"""
DECLARATIONS = frozenset(["contrat.toml", *(f"{name}.csv" for name in _DECLAREES.split())])
TABLES = (*EXTENSIONS, ".geojson", ".zip", ".qdpx")
NOTICES = (".md",)
CONTOURS = (".shp", ".gpkg", ".kml", ".kmz", ".gml", ".tab")

_LUS = {
    "insee": None,
    "paroles": None,
    "actions": EXTENSIONS,
    "textes": (".md", ".toml"),
    "geo": (".geojson",),
    DOSSIER: (".csv",),
}
"""Folder → what is read there (insee and paroles: all of it)."""
ENSEMBLE = 10  # files of one folder that are still told one by one
DOSSIERS = "insee/, actions/, paroles/, textes/ ou geo/ (des contours, sous un nom en .geojson)"


def left_aside(territory: Territory) -> tuple[tuple[ReadFile, ...], list[str]]:
    """The files that nobody reads, and those that explain or that a machine left, in order; many of one folder are told together."""
    folder = Path(territory.dossier)
    themes = {f"theme-{theme.id}.md" for theme in territory.themes}
    logo = territory.mise_en_page.get("logo")
    found: list[ReadFile] = []
    machine: list[str] = []
    for path in sorted(folder.rglob("*")):
        name = named(path, folder)
        if path.is_dir():
            if path.is_symlink() and name not in _LUS:
                found.append(
                    _lost(name, "lien vers un dossier, qui n'est pas suivi", "Mettez-y les fichiers eux-mêmes")
                )
            elif not os.access(path, os.R_OK | os.X_OK):
                found.append(_lost(name, "dossier qui ne s'ouvre pas (l'accès est refusé)", "Rendez-le lisible"))
            continue
        if is_machine(Path(name)) or (name.lower().endswith(NOTICES) and not name.startswith("textes/")):
            machine.append(name)
        elif name != logo and not _is_read(name, folder):
            found.append(_tell(name))
        elif name.startswith("textes/theme-") and path.name not in themes:
            found.append(_left(name, "texte d'un thème qui n'est pas déclaré dans themes.csv"))
    together = grouped(((str(Path(one.fichier).parent), one.pris_pour), one) for one in found)
    told = (items if len(items) <= ENSEMBLE else [_together(items)] for items in together.values())
    return tuple(replace(one, fichier=mask_words(one.fichier)) for items in told for one in items), machine


def _together(items: list[ReadFile]) -> ReadFile:
    where = f"{Path(items[0].fichier).parent.as_posix()}/"
    why, problem = f"{len(items)} fichiers\u00a0: {items[0].pris_pour}", items[0].probleme
    return _left(where, why, problem and replace(problem, fichier=where, trouve=why))


def _left(name: str, why: str, problem: Problem | None = None) -> ReadFile:
    return ReadFile(name, statut=LAISSE, pris_pour=why, probleme=problem)


def _is_read(name: str, folder: Path) -> bool:
    top, _, rest = name.rpartition("/")[0].partition("/")
    suffix = Path(name).suffix.lower()
    if not top:
        return name in DECLARATIONS or name == find_engagements(folder)
    if top not in _LUS:
        return False
    if top in ("insee", "paroles"):
        return True
    suffix = suffix if top != "textes" else Path(name).suffix  # asked for by its whole name
    return suffix in _LUS[top] and (top in ("actions", DOSSIER) or not rest)


def _lost(name: str, found: str, to_do: str) -> ReadFile:
    """Something that a person meant to be read."""
    return _left(name, found, Problem(name, 0, "", found, "", to_do))


def _tell(name: str) -> ReadFile:
    suffix, top, table = Path(name).suffix.lower(), name.partition("/")[0], f"{Path(name).stem}.csv"
    if suffix in CONTOURS:
        why = "contours dans un format qui n'est pas lu\u00a0: exportez-les en GeoJSON et déposez-les dans geo/"
        return _left(name, why)
    if name in _LUS:
        return _lost(name, "un fichier est là où un dossier est attendu", "Renommez-le, et faites un dossier de ce nom")
    if top in ("textes", "geo") and suffix in _LUS[top]:
        found = f"seuls les fichiers de {top}/ même, en {' ou '.join(_LUS[top])}, sont lus"
        return _lost(name, found, f"Mettez-le dans {top}/, ainsi nommé")
    if name in CLASSEURS:
        return _lost(name, f"{ENGAGEMENTS} est lu à sa place", "Gardez un seul des deux")
    if "/" not in name and table in DECLARATIONS:
        to_do = f"Enregistrez-la au format CSV UTF-8, sous le nom {table}"
        return _lost(name, "cette déclaration n'est lue qu'en CSV", to_do)
    if suffix in TABLES:
        to_do = f"Déplacez-le dans {DOSSIERS}, selon ce qu'il contient"
        return _lost(name, "tableau à un endroit que personne ne lit", to_do)
    return _left(name, "ni tableau, ni texte, ni déclaration : rien ne s'en sert ici")
