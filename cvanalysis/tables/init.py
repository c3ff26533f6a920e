"""A contract from an EPCI's code: its declarations, derived from the lists of quarters shipped as data and from INSEE's files.

Owns what is derived and how the files are written (their words are data, `init.toml`). Refuses to erase a file, and to join on a name:
a quarter of 2015 is one of the EPCI where its département and one of its communes are.
"""

import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cvanalysis.catalogue import load_catalogue, normal_header, read_catalogue_rows
from cvanalysis.catalogue.rules import load_sirens
from cvanalysis.engagements.declared import PARTENAIRE
from cvanalysis.errors import ReadError, UsageError
from cvanalysis.files.archives import TABLEAUX, is_archive, members, read_member
from cvanalysis.files.delimited import GRAND
from cvanalysis.files.keys import commune_key, departement_of
from cvanalysis.files.sheets import RawTable, tables_of
from cvanalysis.french import slug
from cvanalysis.indicateurs.clean.perimeters import read_list
from cvanalysis.indicateurs.clean.recognise import known_headers
from cvanalysis.indicateurs.clean.zones import is_quarter
from cvanalysis.paroles.table import COMPANIONS
from cvanalysis.tables.freshness import FOURNI
from cvanalysis.tables.leftover import DECLARATIONS
from cvanalysis.territory.places import split_codes

DIT = tomllib.loads(Path(__file__).with_name("init.toml").read_text(encoding="utf-8"))
EXEMPLES = 12  # communes of the département that are named
LIVREES = ("communes", "noms_communes", "epci")  # of the lists shipped, what a `Quarter` holds


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter as a list tells it; `codes` are those of its communes, () where the list only names them."""

    code: str
    nom: str
    codes: tuple[str, ...]
    communes: tuple[str, ...]
    epci: tuple[str, ...]


@dataclass(slots=True)
class Found:
    """What the files of a folder tell: quarters, names of zones by code, passages (QP, QN), the lists (QP, QN) that have figures."""

    quartiers: dict[str, Quarter] = field(default_factory=dict)
    noms: dict[str, str] = field(default_factory=dict)
    passages: set[tuple[str, str]] = field(default_factory=set)
    listes: set[str] = field(default_factory=set)
    fichiers: int = 0


def start(epci: str, dossier: Path, geographie: str, jour: date) -> tuple[dict[Path, bytes], list[str]]:
    """The declarations of a new contract, by path, and what is to be said. `geographie`: 2024, 2015 or '' (told by the files).

    Raises `UsageError` where no quarter is known of the EPCI.
    """
    dit, found, epci = DIT["dit"], _look(dossier / "insee"), load_sirens().get(epci, epci)
    rows = [row for annee in ("2024", "2015") for row in read_catalogue_rows(f"quartiers_{annee}.csv")]
    shipped = [Quarter(row["code"], row["nom"], *(split_codes(row[name]) for name in LIVREES)) for row in rows]
    names = {row["code"]: row["nom"] for row in read_catalogue_rows("epci.csv")}
    annee = geographie or ("2015" if found.listes == {"QP"} else "2024")
    listed = [*shipped, *found.quartiers.values()]
    own = {
        code: name for one in shipped if epci in one.epci for code, name in zip(one.codes, one.communes, strict=True)
    }
    mine = _of_epci(
        (one for one in listed if one.code.startswith("QN" if annee == "2024" else "QP")), epci, own, found.noms
    )
    if not mine:
        there = [one for one in shipped if epci in one.epci and one.code[1] == "N"]
        raise UsageError(_say_absent(there, names, epci, annee, dossier))
    communes = {code: name for one in mine for code, name in zip(one.codes, one.communes, strict=True)}
    region = next((row["region"] for row in rows if set(split_codes(row["communes"])) & communes.keys()), "")
    depuis = {one.code: sorted(old for old, new in found.passages if new == one.code) for one in mine}
    nom = found.noms.get(epci) or names.get(epci) or f"EPCI {epci}"
    places = {"nom": nom, "epci": epci, "annee": annee, "geographie": "QN2024" if annee == "2024" else "QP2015"}
    known = sum(map(bool, depuis.values()))
    around = {one.code[2:5] for one in mine}
    known_keys = {commune_key(name) for one in [*shipped, *mine] if one.code[2:5] in around for name in one.communes}
    new = [one for one in found.quartiers.values() if one.code not in {known.code for known in shipped}]
    beside = {name for one in new if one.code[2:5] in around for name in one.communes}
    beside = sorted(name for name in beside if commune_key(name) not in known_keys)
    counts = {
        "quartiers": len(mine),
        "communes": len(communes),
        "nombre": known,
        "ailleurs": ", ".join(beside[:EXEMPLES]) + "…" * (len(beside) > EXEMPLES),
        "autre": "2015" if annee == "2024" else "2024",
        "ici": dossier.resolve(),
        "commande": "cvanalysis" if shutil.which("cvanalysis") else sys.argv[0],
    }
    told = ["trouves", *(["geographie"] if found.listes and not geographie else [])]
    told += (["avant_2024"] if beside else []) if annee == "2015" else ["depuis" if known else "sans_passage"]
    told += ["sans_nom"] if nom.endswith(epci) else []
    told += [*([] if found.fichiers else ["sans_fichier"]), "suite"]
    files = {dossier / name: text for name, text in _write(mine, communes, depuis, region, places, jour).items()}
    given = {path.relative_to(FOURNI): path for path in sorted(FOURNI.rglob("*.*"))}
    given = {name: path.read_bytes() for name, path in given.items() if not Path(name.parts[0]).exists()}
    told += ["carnets"] if given else []
    return files | given, [dit[name].format(dossier=dossier, **places, **counts) for name in told]


def _say_absent(of_2024: list[Quarter], names: dict[str, str], epci: str, annee: str, dossier: Path) -> str:
    """Why no quarter is known of an EPCI in that geography, and what to do."""
    dit, there = DIT["dit"], [f"{one.nom} ({one.code})" for one in of_2024]
    told = {"annee": annee, "epci": epci, "nom": names.get(epci, ""), "dossier": dossier, "nombre": len(there)}
    told["exemples"] = ", ".join(there[:3]) + "…" * (len(there) > 3)
    why = "connu" if there else "inconnu" if re.fullmatch(r"\d{9}", epci) else "code"
    told |= {name: dit[f"absent_{of}"].format(**told) for name, of in (("pourquoi", why), ("quoi", annee))}
    return dit["absent"].format(**told)


def tidy(dossier: Path) -> list[str]:
    """Move tables and contours dropped in the folder itself to its `insee/` and `geo/`, where they are read; what was moved."""
    (dossier / "insee").mkdir(parents=True, exist_ok=True)
    loose = [path for path in sorted(dossier.iterdir()) if path.is_file() and path.name not in DECLARATIONS]
    places = {
        path: "geo" if path.suffix.lower() == ".geojson" else "insee" if _is_table(path) else "" for path in loose
    }
    for path, place in (moved := {path: place for path, place in places.items() if place}).items():
        (dossier / place).mkdir(exist_ok=True)
        path.rename(dossier / place / path.name)
    return [DIT["dit"]["range"].format(nom=path.name, ou=place) for path, place in moved.items()]


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in (*TABLEAUX, ".zip") and path.is_file()


def _look(folder: Path) -> Found:
    """What the tables of a folder tell of quarters and of names; one that cannot be read is for `check` to tell."""
    found = Found()
    for path in sorted(filter(_is_table, folder.rglob("*"))):
        found.fichiers += 1
        for table in _tables(path) if path.stat().st_size <= GRAND else ():
            listed = read_list(table)
            found.passages |= set(listed[1]) if listed else set()
            seen = _look_at(table, found)
            found.listes |= set() if listed else {code[:2] for code in seen}
    return found


def _tables(path: Path) -> Iterator[RawTable]:
    try:
        data = path.read_bytes()
        inside = members(data, path.name) if is_archive(data) else []
        for part in [read_member(data, path.name, member) for _, member in inside] or [data]:
            yield from tables_of(part, path.name, known_headers()) if len(part) <= GRAND else ()
    except ReadError:
        return


def _look_at(table: RawTable, found: Found) -> set[str]:
    """Note the quarters and the names that a table tells; the codes of its quarters."""
    cells = {header: table.table[header].to_pylist() for header in table.colonnes}
    roles = {
        role: next((header for header in cells if re.fullmatch(shape, normal_header(header))), "")
        for role, shape in DIT["colonnes"].items()
    }
    key = next((header for header in cells if any(map(is_quarter, cells[header][:200]))), table.colonnes[0])
    seen = {cell.strip().upper() for cell in filter(is_quarter, cells[key])}
    if not roles["nom"]:
        return seen
    for i, cell in enumerate(cells[key]):
        code = cell.strip().upper()
        told = {role: cells[name][i].strip() if name else "" for role, name in roles.items()}
        if not is_quarter(code):
            found.noms.setdefault(code, told["nom"])
        elif code not in found.quartiers or not found.quartiers[code].communes:
            codes = tuple(code.zfill(5) for code in split_codes(told["codes"]))
            found.quartiers[code] = Quarter(
                code, told["nom"], codes, split_codes(told["communes"]), split_codes(told["epci"])
            )
    return seen


def _of_epci(listed: Iterable[Quarter], epci: str, own: dict[str, str], noms: dict[str, str]) -> list[Quarter]:
    """The quarters of an EPCI, each once, their communes by code: those that say it, or that have one of its communes."""
    mine: dict[str, Quarter] = {}
    names = {**noms, **own}
    named = [(code, name) for code, name in (*names.items(), *own.items()) if len(code) == 5]
    by_name = {(departement_of(code), commune_key(name)): code for code, name in named}
    for one in listed:
        codes = one.codes or tuple(
            by_name.get((one.code[2:5].removeprefix("0"), commune_key(name)), "") for name in one.communes
        )
        if one.code not in mine and (epci in one.epci or (not one.epci and set(codes) & own.keys())):
            known = {code: names.get(code, name) for code, name in zip(codes, one.communes, strict=False) if code}
            mine[one.code] = Quarter(one.code, one.nom, tuple(known), tuple(known.values()), (epci,))
    return sorted(mine.values(), key=lambda one: one.code)


def _write(
    mine: list[Quarter],
    communes: dict[str, str],
    depuis: dict[str, list[str]],
    region: str,
    places: dict[str, str],
    jour: date,
) -> dict[str, bytes]:
    dit, known, new = DIT["dit"], load_catalogue(), places["annee"] == "2024"
    values = places | {
        "id": slug(places["nom"]) or f"epci-{places['epci']}",
        "nom": places["nom"].replace('"', "'"),
        "jour": jour.isoformat(),
        "edition": f"{jour:%Y-%m}",
        "contrat": dit[f"contrat_{places['annee']}"],
        "debut": 2024 if new else 2014,
        "fin": 2030 if new else 2022,
    }
    zones = [(code, "COMMUNE", name) for code, name in communes.items()]
    zones += [(places["epci"], "EPCI", places["nom"]), ("Ensemble", "FRANCE_QPV", dit["ensemble"])]
    departements = dict.fromkeys(map(departement_of, communes))
    zones += [(code, "DEPARTEMENT", known.departements[code]) for code in departements if code in known.departements]
    zones += [(region, "REGION", known.regions[region])] if region in known.regions else []
    quarters = [
        [one.code, one.nom.replace(";", ","), ", ".join(one.codes)] + ([", ".join(depuis[one.code])] if new else [])
        for one in mine
    ]
    rows = {"quartiers": quarters, "communes": communes.items()}
    rows["comparateurs"] = [*zones, ("METRO", "FRANCE_METRO", dit["metro"])]
    said = {"source": dit["source_2024"], "depuis": dit["depuis_2024"], "colonne_depuis": ";depuis"}
    said = said if new else {"source": dit["source_fichiers"], "depuis": "", "colonne_depuis": ""}
    said["partenaires"] = ";".join(PARTENAIRE)
    files = {
        f"{name}.csv": "\ufeff" + "\n".join([head.format(**said).strip(), *map(";".join, rows.get(name, ())), ""])
        for name, head in DIT["fichiers"].items()
    }
    files["contrat.toml"] = DIT["contrat"].format(**values).lstrip()
    if any(depuis.values()):  # there is a past: its page is made, even while nothing is handed over
        files["precedent.csv"] = "\ufeff" + ";".join(COMPANIONS["precedent.csv"]) + "\n"
    return {name: text.encode() for name, text in files.items()}
