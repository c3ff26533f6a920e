"""A contract from an EPCI's code: its declarations, derived from INSEE's files and the list of the quarters of 2024.

Owns what is derived and how the files are written (their words are data, `init.toml`). Refuses to erase a file, and to join on a name:
a quarter of 2015 is one of the EPCI where its département and one of its communes are.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cvanalysis.catalogue import load_catalogue, normal_header, read_catalogue_rows
from cvanalysis.errors import ReadError, UsageError
from cvanalysis.files.archives import TABLEAUX, is_archive, members, read_member
from cvanalysis.files.extracts import GRAND
from cvanalysis.files.keys import commune_key
from cvanalysis.files.sheets import RawTable, tables_of
from cvanalysis.french import fold
from cvanalysis.indicateurs.clean.perimeters import read_list
from cvanalysis.indicateurs.clean.recognise import known_headers
from cvanalysis.indicateurs.clean.zones import is_quarter

DIT = tomllib.loads(Path(__file__).with_name("init.toml").read_text(encoding="utf-8"))
COLONNES = {
    "nom": r"(LIB|LIBELLE|LABEL|NOM)_?(QPV?|GEO|QN)?(20\d\d)?",
    "codes": r"INSEE_COM|COM|CODE_COM(MUNE)?S?|LISTEDEPCOM|DEPCOM",
    "communes": r"LIB_?COM(MUNES?)?|LISTELIBDEPCOM|COMMUNES?(_QPV?)?|NOM_COM(MUNE)?",
    "epci": r"SIREN_EPCI|EPCI|LISTEEPCI\d*|CODE_EPCI",
}  # headers of a list of quarters


@dataclass(slots=True)
class Quarter:
    """A quarter as a list tells it; communes by code, or by name alone where the list has no codes."""

    code: str
    nom: str
    codes: list[str]
    communes: list[str]
    epci: list[str]


@dataclass(slots=True)
class Found:
    """What the files of a folder tell: quarters, names of zones by code, passages, and whether there are figures' files at all."""

    quartiers: dict[str, Quarter] = field(default_factory=dict)
    noms: dict[str, str] = field(default_factory=dict)
    passages: set[tuple[str, str]] = field(default_factory=set)
    fichiers: int = 0


def start(epci: str, dossier: Path, geographie: str, jour: date) -> tuple[dict[Path, bytes], list[str]]:
    """The declarations of a new contract, by path, and what is to be said. `geographie`: 2024, 2015 or '' (told by the files).

    Raises `UsageError` where no quarter is known of the EPCI.
    """
    dit, found = DIT["dit"], _look(dossier / "insee")
    shipped = [_shipped(row) for row in read_catalogue_rows("quartiers_2024.csv")]
    regions = {row["code"]: row["region"] for row in read_catalogue_rows("quartiers_2024.csv")}
    kinds = {code[:2] for code in found.quartiers}
    annee = geographie or ("2015" if kinds == {"QP"} else "2024")
    listed = shipped if annee == "2024" else []
    listed = [
        *listed,
        *(one for one in found.quartiers.values() if one.code.startswith("QN" if annee == "2024" else "QP")),
    ]
    own = {
        code: name for one in shipped if epci in one.epci for code, name in zip(one.codes, one.communes, strict=True)
    }
    mine, lost = _of_epci(listed, epci, own, found.noms)
    if not mine:
        quoi = dit[f"absent_{annee}"].format(dossier=dossier)
        raise UsageError(dit["absent"].format(annee=annee, epci=epci, quoi=quoi))
    names = {row["code"]: row["nom"] for row in read_catalogue_rows("epci.csv")}
    nom = found.noms.get(epci) or names.get(epci) or f"EPCI {epci}"
    communes = {code: name for one in mine for code, name in zip(one.codes, one.communes, strict=True)}
    region = next((regions[one.code] for one in shipped if set(one.codes) & communes.keys()), "")
    depuis = {
        one.code: sorted(old for old, new in found.passages if new == one.code and one.code[-1] != "N") for one in mine
    }
    places = {"nom": nom, "epci": epci, "annee": annee, "geographie": "QN2024" if annee == "2024" else "QP2015"}
    said = [dit["trouves"].format(quartiers=len(mine), communes=len(communes), **places)]
    said += (
        [dit["geographie"].format(annee=annee, autre={"2015": "2024"}.get(annee, "2015"))]
        if not geographie and kinds
        else []
    )
    if annee == "2024":
        known = sum(map(bool, depuis.values()))
        said.append(dit["depuis"].format(nombre=known, total=len(mine)) if known else dit["sans_passage"])
    said += [dit["ecartes"].format(codes=", ".join(lost))] if lost else []
    said += [] if found.fichiers else [dit["sans_fichier"].format(dossier=dossier)]
    files = _write(mine, communes, depuis, region, places, jour)
    return {dossier / name: text for name, text in files.items()}, [*said, dit["suite"].format(dossier=dossier)]


def tidy(dossier: Path) -> list[str]:
    """Move tables dropped in the folder itself to its `insee/`, where they are read, unless it is a contract already; what was moved."""
    loose = [] if (dossier / "contrat.toml").exists() or not dossier.is_dir() else sorted(dossier.iterdir())
    moved = [path for path in loose if path.is_file() and path.suffix.lower() in (*TABLEAUX, ".zip")]
    (dossier / "insee").mkdir(parents=True, exist_ok=True)
    for path in moved:
        path.rename(dossier / "insee" / path.name)
    return [DIT["dit"]["range"].format(nom=path.name) for path in moved]


def _shipped(row: dict[str, str]) -> Quarter:
    return Quarter(row["code"], row["nom"], *(row[name].split("|") for name in ("communes", "noms_communes", "epci")))


def _look(folder: Path) -> Found:
    """What the tables of a folder tell of quarters and of names; one that cannot be read is for `check` to tell."""
    found = Found()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.suffix.lower() not in (*TABLEAUX, ".zip") or not path.is_file():
            continue
        found.fichiers += 1
        for table in _tables(path) if path.stat().st_size <= GRAND else ():
            found.passages |= set((read_list(table) or ("", ()))[1])
            _look_at(table, found)
    return found


def _tables(path: Path) -> Iterator[RawTable]:
    try:
        data = path.read_bytes()
        inside = members(data, path.name) if is_archive(data) else []
        parts = [read_member(data, path.name, name) for _, name in inside] if inside else [data]
        for part in parts:
            yield from tables_of(part, path.name, known_headers()) if len(part) <= GRAND else ()
    except ReadError:
        return


def _look_at(table: RawTable, found: Found) -> None:
    cells = {header: table.table[header].to_pylist() for header in table.colonnes}
    roles = {
        role: next((cells[header] for header in table.colonnes if re.fullmatch(shape, normal_header(header))), None)
        for role, shape in COLONNES.items()
    }
    key = next((header for header in table.colonnes if any(map(is_quarter, cells[header][:200]))), table.colonnes[0])
    if roles["nom"] is None:
        return
    for i, cell in enumerate(cells[key]):
        code, told = (
            cell.strip().upper(),
            {role: column[i].strip() for role, column in roles.items() if column is not None},
        )
        if not is_quarter(code):
            found.noms.setdefault(code, told["nom"])
            continue
        lists = {
            role: [part.strip() for part in re.split(r"[,;/|]", told.get(role, "")) if part.strip()]
            for role in ("codes", "communes", "epci")
        }
        codes = [code.zfill(5) for code in lists["codes"]]
        if code not in found.quartiers or not found.quartiers[code].communes:
            found.quartiers[code] = Quarter(code, told["nom"], codes, lists["communes"], lists["epci"])


def _of_epci(
    listed: list[Quarter], epci: str, own: dict[str, str], noms: dict[str, str]
) -> tuple[list[Quarter], list[str]]:
    """The quarters of an EPCI, each once, communes by code; and those that it may have, without a commune known of it."""
    mine: dict[str, Quarter] = {}
    lost = []
    by_name = {
        (_departement(code), commune_key(name)): code for code, name in {**noms, **own}.items() if len(code) == 5
    }
    departements = {_departement(code) for code in own}
    for one in listed:
        if one.code in mine or (one.epci and epci not in one.epci):
            continue
        where = one.code[2:5].lstrip("0").zfill(2)
        codes = one.codes or [by_name.get((where, commune_key(name)), "") for name in one.communes]
        if one.epci or set(codes) & own.keys():
            known = [(code, name) for code, name in zip(codes, one.communes, strict=False) if code]
            mine[one.code] = Quarter(
                one.code, one.nom, [code for code, _ in known], [own.get(code, name) for code, name in known], [epci]
            )
        elif where in departements and not one.communes:
            lost.append(one.code)
    return sorted(mine.values(), key=lambda one: one.code), lost


def _departement(code: str) -> str:
    return code[:3] if code.startswith("97") else code[:2]


def _write(
    mine: list[Quarter],
    communes: dict[str, str],
    depuis: dict[str, list[str]],
    region: str,
    places: dict[str, str],
    jour: date,
) -> dict[str, bytes]:
    """The text of each declaration, its comment first."""
    dit, known = DIT["dit"], load_catalogue()
    new = places["annee"] == "2024"
    values = places | {
        "id": re.sub(r"[^a-z0-9]+", "-", fold(places["nom"])).strip("-") or f"epci-{places['epci']}",
        "nom": places["nom"].replace('"', "'"),
        "jour": jour.isoformat(),
        "edition": f"{jour:%Y-%m}",
        "contrat": dit[f"contrat_{places['annee']}"],
        "debut": 2024 if new else 2014,
        "fin": 2030 if new else 2022,
    }
    source = dit["source_2024"] if new else dit["source_fichiers"]
    zones = [(code, "COMMUNE", name) for code, name in communes.items()]
    zones += [(places["epci"], "EPCI", places["nom"]), ("Ensemble", "FRANCE_QPV", dit["ensemble"])]
    zones += [
        (code, "DEPARTEMENT", known.departements[code])
        for code in dict.fromkeys(map(_departement, communes))
        if code in known.departements
    ]
    zones += [(region, "REGION", known.regions[region])] if region in known.regions else []
    quarters = [
        [one.code, one.nom.replace(";", ","), ", ".join(one.codes)] + ([", ".join(depuis[one.code])] if new else [])
        for one in mine
    ]
    rows = {
        "quartiers": ["code;nom;communes" + ";depuis" * new, *map(";".join, quarters)],
        "communes": ["code;nom", *map(";".join, communes.items())],
        "comparateurs": ["zone;niveau;nom", *map(";".join, [*zones, ("METRO", "FRANCE_METRO", dit["metro"])])],
        "themes": ["id;nom;question"],
        "piliers": ["id;nom"],
        "colleges": ["id;nom"],
    }
    comments = {name: text.format(source=source).strip() for name, text in DIT["fichiers"].items()}
    files = {f"{name}.csv": "\ufeff" + "\n".join([comments[name], *lines, ""]) for name, lines in rows.items()}
    return {
        name: text.encode()
        for name, text in (files | {"contrat.toml": DIT["contrat"].format(**values).lstrip()}).items()
    }
