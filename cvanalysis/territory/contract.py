"""What a contract declares. Owns `contrat.toml` and its CSV files → frozen objects; refuses to read any figure.

All that is particular to a métropole is here and nowhere in the code: places, words, thresholds, calendar, colours, editions.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import date
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Any

from cvanalysis import textes
from cvanalysis.catalogue import Ajouts
from cvanalysis.catalogue.rules import load_sirens
from cvanalysis.errors import DeclarationError, UsageError
from cvanalysis.french import capital, fold, listed, nearest, quoted
from cvanalysis.territory import places
from cvanalysis.territory.declarations import (
    Document,
    Inspection,
    Ligne,
    check_shape,
    once,
    read_rows,
    read_toml,
    take,
    take_as,
)
from cvanalysis.territory.look import PALETTE, read_look, read_palette
from cvanalysis.territory.overlay import overlay_files, read_overlay
from cvanalysis.territory.words import read_words, word_files

CONTRAT = "contrat.toml"
_FICHIERS = (CONTRAT, "quartiers.csv", "communes.csv", "comparateurs.csv", "themes.csv", "piliers.csv", "colleges.csv")


@dataclass(frozen=True, slots=True)
class Commune:
    code: str
    nom: str


@dataclass(frozen=True, slots=True)
class Quartier:
    """A QPV of the contract. `communes` are codes, in the declared order (it can span several); `depuis` the QP that it comes from."""

    code: str
    nom: str
    communes: tuple[str, ...]
    depuis: tuple[str, ...] = ()

    @property
    def suit(self) -> str:
        """The QP whose figures are its own: the one it comes from, where its letter says that the contour has not changed; else ''."""
        return self.depuis[0] if self.code.endswith("I") and len(self.depuis) == 1 else ""


@dataclass(frozen=True, slots=True)
class Comparateur:
    """A zone that quarters are compared with; `zone` is as in the processed table (`244400404`, `Ensemble`)."""

    zone: str
    niveau: places.Niveau
    nom: str


@dataclass(frozen=True, slots=True)
class Mot:
    """A word of the contract: a pillar, a college."""

    id: str
    nom: str


@dataclass(frozen=True, slots=True)
class Theme(Mot):
    question: str


@dataclass(frozen=True, slots=True)
class Etape(Mot):
    """A step of the calendar: a sequence of work, the temps fort, a COPIL, the hand-over."""

    mois: str  # AAAA-MM


@dataclass(frozen=True, slots=True)
class Edition:
    """A frozen state of the reports: `etape` names the step it serves, `jusqu_au` bounds what it may know of voices."""

    id: str
    nom: str
    jusqu_au: date
    etape: str = ""


@dataclass(frozen=True, slots=True)
class Seuils:
    """The thresholds that a contract may declare. Tolerances are in the indicator's own unit (points, % of the comparator)."""

    stable_points: float = 1.0
    stable_pourcent: float = 2.0
    rang_mini: int = 10  # published quarters (and two thirds of all) below which no place among them is told
    personnes: int = 11  # our own counts of people below this are withheld
    preuve_ancienne_mois: int = 12
    semblables: int = 0  # QPV of France most like a quarter that make one comparator (0: none)
    voisins: int = 60  # other quarters up to which all of them stand beside one; beyond, those of its communes do


@dataclass(frozen=True, slots=True)
class Territory:
    """A contract, its places and its words. `dossier` is where it was read; it never reaches a page."""

    dossier: Path
    id: str
    nom: str
    contrat: str  # « Contrat de ville 2014/2022 »
    code_contrat: str
    debut: int
    fin: int
    geographie: str  # QP2015 or QN2024
    epci: str
    edition: Edition
    editions: tuple[Edition, ...]
    quartiers: tuple[Quartier, ...]
    communes: tuple[Commune, ...]
    comparateurs: tuple[Comparateur, ...]
    themes: tuple[Theme, ...]
    piliers: tuple[Mot, ...]
    colleges: tuple[Mot, ...]
    calendrier: tuple[Etape, ...]
    seuils: Seuils
    palette: dict[str, str | tuple[str, ...]] = field(default_factory=dict)  # role → colour; `part` → several
    exemples: tuple[str, ...] = ()  # raw files (globs, relative) declared `exemple = true`
    maj: str = ""  # date of last update of the data, as declared (AAAA-MM-JJ): printed, since no clock may be
    contact: str = ""  # to whom a page that travels alone is to be answered
    ajouts: Ajouts = ()  # to the national catalogue
    mise_en_page: dict[str, Any] = field(default_factory=dict)  # see `look`
    phrases: dict[str, Any] = field(default_factory=dict, repr=False)  # its own; no table is made of them
    sections: dict[str, Any] = field(default_factory=dict)  # `[actions]`, `[paroles]`…: their readers check them

    @property
    def connue(self) -> int:
        """The last year of the contract that the edition can know of: nothing of what comes after it is written, or missing."""
        return max(self.debut, min(self.fin, self.edition.jusqu_au.year))

    def invents(self, *fichiers: str) -> bool:
        """Whether one of those files is declared as an example."""
        return any(fnmatch(one, glob) for one in fichiers for glob in self.exemples)

    def appeles(self, said: str) -> list[Quartier]:
        """The quarters of that code or whole name (capitals and accents aside), else those whose name holds these words."""
        asked = fold(said)
        whole = [one for one in self.quartiers if asked in (fold(one.nom), fold(one.code))]
        return whole or [one for one in self.quartiers if asked and f" {asked} " in f" {fold(one.nom)} "]

    def quartier(self, said: str) -> Quartier:
        """The quarter that is meant, by its code, its name or words of it.

        Raises `UsageError` with the candidates where there are several, with the known ones where none.
        """
        found = self.appeles(said)
        if len(found) == 1:
            return found[0]
        told = listed(f"{one.nom} ({one.code})" for one in found or self.quartiers)
        if found:
            raise UsageError(f"{quoted(said)} désigne plusieurs quartiers\u00a0: {told}. Donnez le code.")
        named = nearest(said, [one.nom for one in self.quartiers])
        near = capital(named or nearest(said, [one.code for one in self.quartiers]))
        no = "le nom d'aucun" if named else "pas un"
        what = f"{quoted(said)} n'est {no} quartier de {quoted(self.nom)}."
        raise UsageError(" ".join(filter(None, (what, near, f"Quartiers déclarés\u00a0: {told}."))))

    @property
    def noms(self) -> dict[str, str]:
        """Code of a place → its name."""
        compared = {one.zone: one.nom for one in self.comparateurs}
        return compared | {one.code: one.nom for one in (*self.communes, *self.quartiers)}

    @property
    def vaste(self) -> bool:
        """True where the quarters are too many to be shown side by side: the declared threshold `voisins`."""
        return len(self.quartiers) - 1 > self.seuils.voisins

    def voisins(self, code: str) -> tuple[Quartier, ...]:
        """The other quarters that one is set beside, as declared: all, or in a vast contract those that share a commune."""
        communes = set(self.quartier(code).communes)
        return tuple(
            quartier
            for quartier in self.quartiers
            if quartier.code != code and (not self.vaste or communes.intersection(quartier.communes))
        )

    def compares(self, code: str) -> tuple[Comparateur, ...]:
        """Comparators of a quarter in reading order: its commune(s), the EPCI, all QPV of France, then the others declared."""
        communes = self.quartier(code).communes
        first = [c for zone in communes for c in self.comparateurs if (c.niveau, c.zone) == ("COMMUNE", zone)]
        for niveau in ("EPCI", "FRANCE_QPV"):
            first += [c for c in self.comparateurs if c.niveau == niveau]
        rest = [c for c in self.comparateurs if c.niveau not in ("COMMUNE", "EPCI", "FRANCE_QPV")]
        return (*first, *sorted(rest, key=lambda c: list(places.ZONES).index(c.niveau)))


_ID = r"[a-z0-9]+(-[a-z0-9]+)*"
_ID_DIT = "des minuscules sans accent, des chiffres et des tirets"
_MOIS = r"\d{4}-(0[1-9]|1[0-2])"
_SECTIONS_LIBRES = ("actions", "engagements", "partenaires", "paroles")
_TABLES = ("territoire", "contrat", "seuils", "palette", "mise_en_page", *_SECTIONS_LIBRES)
_LISTES = ("editions", "calendrier", "exemples", *_SECTIONS_LIBRES)


def read_territory(dossier: Path, edition: str | None = None) -> Territory:
    """Read the declarations of a contract.

    Raises `DeclarationError` with every problem found at once: unknown keys, unknown codes, duplicates, QN codes in a QP
    geography, missing columns, each with file, line and column; `UsageError` where `edition` is not a declared one.
    """
    folder = Path(dossier)
    paths = [*(folder / name for name in _FICHIERS), *overlay_files(folder), *word_files(folder)]
    territory = _read(folder, edition, tuple(map(_bytes, paths)))
    textes.use(territory.phrases)
    return territory


def _bytes(path: Path) -> bytes | None:
    """A file as it stands; None where it is not there or does not open, which reading it says."""
    with suppress(OSError):
        return path.read_bytes() if path.is_file() else None
    return None


@lru_cache(maxsize=4)  # reports are forked from a process that has read them
def _read(dossier: Path, edition: str | None, _state: tuple[bytes | None, ...]) -> Territory:
    found = Inspection(dossier)
    document = read_toml(found, CONTRAT)
    declared = _contract(found, document) if document else {}
    declared |= _places(found, declared.get("geographie")) | _words(found)
    declared |= {"ajouts": read_overlay(found, dossier), "phrases": read_words(found, dossier)}
    if found.problems:
        raise DeclarationError(found.problems)
    if not declared["comparateurs"]:
        usual = places.usual_zones(
            [(one.code, one.nom) for one in declared["communes"]], declared["epci"], declared["nom"]
        )
        declared["comparateurs"] = tuple(Comparateur(*zone) for zone in usual)
    known = {e.id: e for e in declared["editions"]}
    chosen = edition or declared.pop("edition")
    declared.pop("edition", None)
    if chosen not in known:
        what = f"l'édition {quoted(chosen)} n'est pas déclarée dans {CONTRAT}."
        raise UsageError(f"{what} Éditions déclarées\u00a0: {listed(known)}.")
    return Territory(dossier=dossier, edition=known[chosen], **declared)


def _contract(found: Inspection, document: Document) -> dict[str, Any]:
    """What `contrat.toml` holds, by field of `Territory`; `geographie` is there whenever it can be told."""
    _unknown_sections(document)
    tables, arrays = document.tables, document.arrays
    declared: dict[str, Any] = {}
    for name, required, optional in (
        ("territoire", {"id": str, "nom": str, "epci": str, "geographie": str}, {"maj": date, "contact": str}),
        ("contrat", {"nom": str, "code": str, "debut": int, "fin": int, "edition": str}, {}),
    ):
        if name not in tables:
            what, expected = f"la section [{name}] manque", f"clés attendues\u00a0: {listed(required | optional)}"
            found.add(CONTRAT, 0, "", what, expected)
        elif values := take(tables[name], required, optional):
            declared |= (_territoire if name == "territoire" else _contrat)(tables[name], values)
    written = tables["territoire"].cells.get("geographie") if "territoire" in tables else None
    if written in list(places.GEOGRAPHIES):  # though its section may be wrong elsewhere: codes are checked
        declared["geographie"] = written
    if not arrays.get("editions"):
        expected = "au moins une liste [[editions]] avec id, nom, jusqu_au"
        found.add(CONTRAT, 0, "", "aucune édition n'est déclarée", expected)
    declared["editions"] = _records(arrays.get("editions", []), Edition)
    declared["calendrier"] = tuple(sorted(_records(arrays.get("calendrier", []), Etape), key=lambda e: e.mois))
    declared["exemples"] = tuple(
        values["fichiers"]
        for section in arrays.get("exemples", [])
        if (values := take(section, {"fichiers": str}, {"exemple": bool})) and values.get("exemple", True)
    )
    declared["seuils"] = take_as(tables.get("seuils"), Seuils) or Seuils()
    for key, value in tables["seuils"].cells.items() if "seuils" in tables else ():
        if isinstance(value, int | float) and not 0 <= value < float("inf"):  # nor `nan`, which TOML allows
            tables["seuils"].wrong(key, f"{quoted(value)} ne convient pas", "un nombre, zéro ou plus")
    look = declared["mise_en_page"] = read_look(tables.get("mise_en_page"))
    declared["palette"] = PALETTE | read_palette(tables.get("palette")) | look.get("couleurs", {})
    declared |= {"contact": look["contact"]} if "contact" in look else {}
    free = {name: [one.cells for one in arrays[name]] for name in _SECTIONS_LIBRES if name in arrays}
    declared["sections"] = {name: tables[name].cells for name in _SECTIONS_LIBRES if name in tables} | free
    ids = [e.id for e in declared["editions"]]
    if ids and declared.get("edition", ids[0]) not in ids:
        what, word = f"{quoted(declared['edition'])} n'est pas une édition déclarée", declared["edition"]
        tables["contrat"].unknown("edition", what, ids, "éditions déclarées", word)
    steps = sorted({e.id for e in declared["calendrier"]})
    for section in arrays.get("editions", []):
        if (etape := section.cells.get("etape", "")) and etape not in steps:
            what = f"{quoted(etape)} n'est pas une étape du calendrier"
            section.unknown("etape", what, steps, "étapes déclarées", str(etape))
    return declared


def _unknown_sections(document: Document) -> None:
    for key, value in document.top.cells.items():
        if key not in _LISTES or value != []:
            known = dict.fromkeys(_TABLES + _LISTES)
            document.top.unknown(key, "clé inconnue avant la première section", known, "sections connues", key)
    for kind, sections, known, form in (
        ("section", document.tables.values(), _TABLES, "[{}]"),
        ("liste", (s[0] for s in document.arrays.values()), _LISTES, "[[{}]]"),
    ):
        for section in sections:
            if section.nom not in known:
                expected = f"connues\u00a0: {listed(form.format(k) for k in known)}"
                what = f"{kind} inconnue {form.format(section.nom)}"
                section.wrong("", what, expected, nearest(section.nom, known))


def _territoire(section: Ligne, values: dict[str, Any]) -> dict[str, Any]:
    check_shape(section, "id", _ID, _ID_DIT)
    check_shape(section, "epci", places.ZONES["EPCI"], "le SIREN de l'EPCI, neuf chiffres")
    if (geographie := values.pop("geographie")) not in places.GEOGRAPHIES:
        what = f"{quoted(geographie)} n'est pas une géographie connue"
        section.unknown("geographie", what, places.GEOGRAPHIES, "géographies connues", geographie)
    values["epci"] = load_sirens().get(values["epci"], values["epci"])
    return values | ({"maj": values["maj"].isoformat()} if "maj" in values else {})


def _contrat(section: Ligne, values: dict[str, Any]) -> dict[str, Any]:
    if values["debut"] > values["fin"]:
        what = f"le contrat finit en {values['fin']}, avant de commencer"
        section.wrong("fin", what, f"{values['debut']} ou après")
    return {"contrat": values.pop("nom"), "code_contrat": values.pop("code"), **values}


def _records(sections: list[Ligne], kind: type) -> tuple[Any, ...]:
    """The tables of a list, whose `id` is well written and once there."""
    taken = [(one, made) for one in sections if (made := take_as(one, kind))]
    for section, _ in taken:
        check_shape(section, "id", _ID, _ID_DIT)
        if kind is Etape:
            check_shape(section, "mois", _MOIS, "AAAA-MM, par exemple 2022-03")
    once((section for section, _ in taken), "id")
    return tuple(made for _, made in taken)


def _places(found: Inspection, geographie: str | None) -> dict[str, tuple]:
    """Communes, quarters and comparators, checked against each other."""
    rows = read_rows(found, "communes.csv", ("code", "nom"))
    for row in rows:
        places.check_zone(row, "code", "COMMUNE")
    communes = tuple(Commune(row["code"], row["nom"]) for row in rows)
    once(rows, "code")
    known = {c.code: c.nom for c in communes}

    rows = read_rows(found, "quartiers.csv", ("code", "nom", "communes"), ("depuis",))
    quartiers = []
    for row in rows:
        if geographie:
            places.check_quarter(row, geographie)
        of = places.communes_of(row, known), places.check_origins(row, geographie)
        quartiers.append(Quartier(row["code"], row["nom"], *of))
    once(rows, "code")
    if not rows and not any(p.fichier == "quartiers.csv" for p in found.problems):
        found.add("quartiers.csv", 0, "", "aucun quartier n'est déclaré", "une ligne par quartier")

    rows = read_rows(found, "comparateurs.csv", ("zone", "niveau", "nom"))
    comparateurs = []
    for row in rows:
        if row["niveau"] not in places.ZONES:
            what = f"{quoted(row['niveau'])} n'est pas un niveau de comparaison"
            row.unknown("niveau", what, places.ZONES, "niveaux connus", row["niveau"])
            continue
        places.check_zone(row, "zone", row["niveau"])
        if row["niveau"] == "COMMUNE":
            places.check_commune(row, "zone", row["zone"], known)
        zone = load_sirens().get(row["zone"], row["zone"])
        if not any((one.zone, one.niveau) == (zone, row["niveau"]) for one in comparateurs):  # two SIREN of one EPCI
            comparateurs.append(Comparateur(zone, row["niveau"], row["nom"]))
    once(rows, "zone", "niveau")
    return {"communes": communes, "quartiers": tuple(quartiers), "comparateurs": tuple(comparateurs)}


def _words(found: Inspection) -> dict[str, tuple]:
    declared: dict[str, tuple] = {}
    for name, kind, older in (("themes", Theme, ()), ("piliers", Mot, ("transversal",)), ("colleges", Mot, ())):
        columns = tuple(field.name for field in fields(kind))
        rows = read_rows(found, f"{name}.csv", columns, older)
        for row in rows:
            if not re.fullmatch(_ID, row["id"]):
                row.wrong("id", f"{quoted(row['id'])} ne peut pas servir d'identifiant", _ID_DIT)
        once(rows, "id")
        declared[name] = tuple(kind(*(row[column] for column in columns)) for row in rows)
    return declared
