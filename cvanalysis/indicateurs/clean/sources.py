"""A file of `insee/` → the sheets that it was recognised as, and all that a person should know of it.

A file that cannot be read or recognised is left out and named; the others go on. Refuses to read a value (`decode` does).
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cvanalysis.catalogue import load_catalogue
from cvanalysis.catalogue.rules import load_sirens
from cvanalysis.errors import Problem, ReadError
from cvanalysis.files.anomalies import LAISSE, ReadFile
from cvanalysis.files.archives import archive_of, is_archive, members, read_member
from cvanalysis.files.delimited import GRAND, IMMENSE, extract
from cvanalysis.files.guard import MIO, SECONDES_PAR_MIO, TooLargeError, allow, reading
from cvanalysis.files.sheets import RawTable, read_bytes, tables_of
from cvanalysis.indicateurs.clean.recognise import known_headers, recognise
from cvanalysis.indicateurs.clean.vintage import Documentation, Read, Recognised, Zones, say
from cvanalysis.indicateurs.clean.zones import AGREGATS, CLES, MILLESIMES, Declare, OtherLevel
from cvanalysis.territory.declarations import Inspection, read_rows

DOSSIER = "insee"
CARTES = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".gpkg", ".kml")
CODES_DITS = 50  # rows without a known code that are told one by one
_PARTIE = "partie d'une archive que les rapports n'utilisent pas, laissée de côté"
_DIT_PAR = {"colonnes": "ses colonnes", MILLESIMES: MILLESIMES, "nom": "son nom"}


def read_sources(path: Path, fichier: str, declared: dict[str, Declare], zones: Zones = None) -> Iterator[Read]:
    """One file read and recognised, or each table of an archive; never raises for what the file is.

    INSEE's archives hold more than what reports compare: a member of no use is left aside as documentation, unless no other is read.
    Of a text that is very large, only the rows of `zones` are read, where they are given.
    """
    try:
        with reading(fichier):
            parts = _parts(path, fichier, zones)
    except ReadError as error:
        yield ReadFile(fichier, statut="illisible", probleme=error.problem), (), ()
        return
    found = [_read_source(read, file, declared) for file, read in parts]
    useful = any(file.statut == "lu" for file, *_ in found)
    for file, *rest in found:
        idle = file.probleme is not None and file.statut == "non reconnu" and MILLESIMES not in file.probleme.que_faire
        left = replace(file, statut="documentation", probleme=None, pris_pour=_PARTIE)
        yield (left if useful and idle else file), *rest


def _parts(path: Path, fichier: str, zones: Zones) -> list[tuple[ReadFile, Callable[[], list[RawTable]]]]:
    """The file, or each table of an archive, and what reads it."""
    if zones is not None and _is_large_text(path):
        with path.open("rb") as lines:
            file = ReadFile(fichier, hashlib.file_digest(lines, "sha256").hexdigest())
        return [(file, lambda: _read_large(path.open("rb"), path.stat().st_size, fichier, zones))]
    data = read_bytes(path, fichier)
    _refuse_contours(data, fichier)
    digest = hashlib.sha256(data).hexdigest()
    if not is_archive(data):
        return [(ReadFile(fichier, digest), lambda: _read_whole(data, fichier))]
    inside = members(data, fichier)
    return [(ReadFile(told, digest), partial(_read_member, data, fichier, one, told, zones)) for told, one in inside]


def _refuse_contours(data: bytes, fichier: str) -> None:
    """Raise for a map dropped among figures."""
    shapes = fichier.lower().endswith(CARTES)
    if not shapes and not re.search(rb'"type"\s*:\s*"FeatureCollection"', data[:4000]):
        return
    also = ", une fois enregistré en GeoJSON par un logiciel de cartes" if shapes else ""
    raise ReadError.of(fichier, *say("contours", aussi=also))


def _is_large_text(path: Path) -> bool:
    if path.suffix.lower() not in (".csv", ".txt", ".tsv") or not path.is_file() or path.stat().st_size <= GRAND:
        return False
    with path.open("rb") as start:
        return start.read(4) != b"PK\x03\x04"


def _read_whole(data: bytes, fichier: str) -> list[RawTable]:
    allow(len(data) / MIO * SECONDES_PAR_MIO)
    return tables_of(data, fichier, known_headers())


def _read_member(data: bytes, archive: str, member: zipfile.ZipInfo, fichier: str, zones: Zones) -> list[RawTable]:
    size = member.file_size
    if zones is None or size <= GRAND or not member.filename.lower().endswith((".csv", ".txt", ".tsv")):
        return _read_whole(read_member(data, archive, member), fichier)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return _read_large(io.BufferedReader(opened.open(member), MIO), size, fichier, zones)


def _read_large(lines: BinaryIO, size: int, fichier: str, zones: Zones) -> list[RawTable]:
    """The tables of a large text, with the rows of the zones asked for and the aggregates, under their own line numbers."""
    if size > IMMENSE:
        raise TooLargeError(f"{size // MIO} Mio de texte, plus que les {IMMENSE // MIO} permis")
    allow(size / MIO * SECONDES_PAR_MIO)
    codes = {zone if isinstance(zone, str) else zone[0] for zone in zones or ()} | set(AGREGATS)
    codes |= {old for old, new in load_sirens().items() if new in codes}
    wanted = {form.encode() for code in codes for form in (code, code.lstrip("0"))}
    with lines:
        text, numbers, rows = extract(lines, CLES, wanted)
    if not rows:
        raise OtherLevel.of(fichier, *say("aucune_zone"))
    tables = tables_of(text, fichier, known_headers())
    return [
        replace(one, lignes=numbers[one.lignes - 1], ligne_entete=int(numbers[one.ligne_entete - 1])) for one in tables
    ]


def _read_source(read: Callable[[], list[RawTable]], file: ReadFile, declared: dict[str, Declare]) -> Read:
    statut = "illisible"
    try:
        with reading(file.fichier):
            tables = read()
            statut = "non reconnu"
            found = recognise(tables, file.fichier, declared)
    except OtherLevel as error:
        told = error.problem.trouve, error.problem.attendu, error.problem.que_faire
        return replace(file, statut=LAISSE, pris_pour=". ".join(filter(None, told))), (), ()
    except ReadError as error:
        return replace(file, statut=statut, probleme=error.problem), (), ()
    if isinstance(found, Documentation):
        idle = archive_of(file.fichier) and not found.passage
        told = _PARTIE if idle else found.pris_pour
        return replace(file, statut="documentation", pris_pour=told), (), found.passage
    return file, tuple(found), ()


def read_millesimes(folder: Path, fichier: str) -> tuple[dict[str, Declare], list[Problem]]:
    """The lines of `millesimes.csv` (`fichier;millesime[;niveau]`) by file name, and what is wrong in the others."""
    found = Inspection(folder)
    declared = {}
    there = any(path.is_file() for path in folder.glob(fichier))  # none in a folder that does not open
    for row in read_rows(found, fichier, ("fichier", "millesime"), ("niveau",), untitled=True) if there else ():
        year, level = row["millesime"], row.cells.get("niveau", "").upper()
        if not re.fullmatch(r"20\d{2}|\d{2}", year) or level not in ("", "REGION", "DEPARTEMENT", "FRANCE_METRO"):
            found.add(fichier, row.ligne, "", *say("ligne_declaree", ligne=";".join(row.cells.values())))
        else:
            declared[row["fichier"]] = Declare(int(year) % 100 + 2000, level)
    return declared, found.problems


def say_absent(declared: Iterable[str], fichiers: Iterable[str], where: str) -> list[Problem]:
    """The files that `millesimes.csv` names and that are not there."""
    there = {name.removeprefix(f"{DOSSIER}/") for fichier in fichiers for name in (fichier, archive_of(fichier))}
    absent = [name for name in declared if name.removeprefix(f"{DOSSIER}/") not in there]
    return [Problem(where, 0, "fichier", *say("declare_absent", nom=name)) for name in absent]


def tell_file(file: ReadFile, sheets: tuple[Recognised, ...], zones: Zones) -> ReadFile:
    """The same file with what it was taken for, and which of the zones asked for (codes with their level) are in it."""
    if not sheets:
        return file
    here = dict.fromkeys(pair for one in sheets for pair in zip(one.zones.tolist(), one.niveaux.tolist(), strict=True))
    levels = list(dict.fromkeys(level for _, level in here if level))
    wanted = sorted(one for one in zones or () if isinstance(one, tuple) and one[1] in levels)
    geography = sheets[0].geographie
    other = {"QP2015": "QN", "QN2024": "QP"}.get(geography, "?")
    families = {sheet.famille.id: sheet.famille.nom for sheet in sheets}
    years = sorted({bloc.millesime for sheet in sheets for bloc in sheet.blocs})
    span = f"{years[0]}-{years[-1]}" if len(years) > 1 else years[0] if years else None
    told = [f"{'+'.join(families)} ({' et '.join(families.values())})"]
    told += [f"millésime {span} (dit par {_DIT_PAR[sheets[0].millesime_par]})", ", ".join(levels) or "aucune zone"]
    told += [f"géographie {geography}"] if geography else []
    return replace(
        file,
        famille="+".join(families),
        millesime=span,
        pris_pour=", ".join(told),
        lignes=sum(len(sheet.zones) for sheet in sheets),
        trouvees=tuple(zone for zone, level in wanted if (zone, level) in here),
        manquantes=tuple(zone for zone, level in wanted if (zone, level) not in here and not zone.startswith(other)),
        absentes=tuple(header for sheet in sheets for header in sheet.absentes),
        inconnues=tuple(header for sheet in sheets for header in sheet.inconnues),
    )


def say_sheet(sheet: Recognised, fichier: str, geographie: str) -> Iterator[Problem]:
    """What a person should know of a sheet that was read; `geographie` is the territory's ('': of none)."""
    yield from sheet.remarques
    if geographie and sheet.geographie and sheet.geographie != geographie:
        told = say("autre_geographie", la_sienne=sheet.geographie, celle_du_contrat=geographie)
        yield Problem(fichier, 0, sheet.cle, *told)
    for header in sheet.inconnues:
        yield Problem(fichier, sheet.table.ligne_entete, header, *say("colonne_inconnue"))
    if not sheet.connu:
        yield from _say_vintage(sheet, fichier)
    other = {"QN2024": "QP", "QP2015": "?" if geographie == "QN2024" else "QN"}.get(sheet.geographie, "?")
    if rows := [row for row, zone in enumerate(sheet.zones.tolist()) if zone.startswith(other)]:
        count = f"{len(rows)} lignes de quartiers" if len(rows) > 1 else "une ligne de quartier"
        told = say("deux_listes", combien=count, codes=other, geographie=sheet.geographie)
        yield Problem(fichier, int(sheet.table.lignes[rows[0]]), sheet.cle, *told)
    if old := sorted(load_sirens().keys() & set(sheet.table.table[sheet.cle].to_pylist())):
        count, codes = f"{len(old)} intercommunalité{'s' * (len(old) > 1)}", ", ".join(old[:3]) + "…" * (len(old) > 3)
        yield Problem(fichier, 0, sheet.cle, *say("ancien_siren", combien=count, codes=codes))
    unknown = np.flatnonzero(sheet.niveaux == "").tolist()
    for row in unknown[:CODES_DITS]:
        code = sheet.table.table[sheet.cle][row].as_py()
        told = say("code_inconnu" if code.strip() else "code_vide", code=code)
        yield Problem(fichier, int(sheet.table.lignes[row]), sheet.cle, *told)
    if more := len(unknown[CODES_DITS:]):
        yield Problem(fichier, 0, sheet.cle, *say("codes_inconnus", nombre=more))


def _say_vintage(sheet: Recognised, fichier: str) -> Iterator[Problem]:
    """A vintage that the map does not have, or whose data have no established year; nothing where neither is so."""
    family = sheet.famille
    read = [(bloc.millesime, column.indicateur) for bloc in sheet.blocs for column in bloc.colonnes]
    unsure = any(load_catalogue().data_year(family.id, year, name)[0] is None for year, name in read)
    if not unsure and not family.millesimes:
        return
    years = ", ".join(str(bloc.millesime) for bloc in sheet.blocs if bloc.millesime not in family.millesimes)
    what = f"le fichier {years} de la famille de fichiers {family.id} ne dit pas l'année de ses données"
    if family.millesimes:
        what = f"les colonnes du millésime {years} ne sont pas encore décrites (famille de fichiers {family.id})"
    done = "Colonnes lues par leurs noms connus" + ("\u00a0; année des données non établie" if unsure else "")
    yield Problem(fichier, 0, "", what, "", done)
