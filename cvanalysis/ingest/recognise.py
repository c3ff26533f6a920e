"""What an INSEE file is, told from its content. Owns family, level, vintage and the meaning of each column.

Family and level come from headers and codes, never from the file's name; the vintage from the headers where they bear it
(`DISP_Q1_A18`, `Q218`), else from a line of `insee/millesimes.csv`, else from the name. Refuses to read a value (`indicators` does)
and to guess: what cannot be told is an `UnrecognisedFile` that gives the line to paste.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from cvanalysis.catalogue import Catalogue, Colonne, Famille, header_form, load_catalogue, normal_header
from cvanalysis.errors import Problem, UnrecognisedFile
from cvanalysis.ingest.reading import RawTable
from cvanalysis.ingest.zones import CLES, ENSEMBLE, ENSEMBLE_2024, MILLESIMES, Declare, find_key, read_zones

ANNEES_CONNUES = range(2010, 2036)  # vintages that a header may bear
ANNEE_QN = 2024  # from this publication on, a file of the aggregate alone is of the 2024 geography
COLONNES_ANNEE = ("ANNEE", "MILLESIME", "AN", "YEAR")
DICTIONNAIRES = (
    {"COD_VAR", "LIB_VAR"},
    {"VARIABLE", "LIBELLE"},
    {"VARIABLE", "DESCRIPTION"},
    {"CODE", "LIBELLE", "TYPE"},
)


@dataclass(frozen=True, slots=True)
class Lue:
    """A column to read: its header in the table, its indicator, the header of the codes that its block answers to ('': none)."""

    entete: str
    indicateur: str
    note: str


@dataclass(frozen=True, slots=True)
class Bloc:
    """The columns of one vintage; `lignes` (bool, one per row of the table) where only some rows are of that vintage."""

    millesime: int
    colonnes: tuple[Lue, ...]
    lignes: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """A sheet that holds indicators, and what each of its columns is.

    `zones` and `niveaux` are object arrays, one entry per row of `table` ('' where the code is of no known zone); `connu` is
    False where the catalogue's map does not have that vintage.
    """

    table: RawTable
    famille: Famille
    cle: str
    zones: np.ndarray
    niveaux: np.ndarray
    geographie: str  # QP2015, QN2024 or ''
    blocs: tuple[Bloc, ...]
    connu: bool
    millesime_par: str  # colonnes, millesimes.csv, nom
    exclues: tuple[tuple[str, str], ...]
    inconnues: tuple[str, ...]
    absentes: tuple[str, ...]
    remarques: tuple[Problem, ...]

    @property
    def niveau(self) -> str:
        """The level of most rows."""
        found = Counter(level for level in self.niveaux.tolist() if level)
        return found.most_common(1)[0][0] if found else ""


@dataclass(frozen=True, slots=True)
class Documentation:
    """A dictionary of variables that INSEE gives beside its data: left aside, and no error."""

    fichier: str


@cache
def known_headers() -> frozenset[str]:
    """Every header that the catalogue can name, of any year: the line that has most of them is a table's header."""
    forms = {
        form for family in load_catalogue().familles.values() for column in family.colonnes for form in column.formes
    }
    years = [f"{year % 100:02d}" for year in ANNEES_CONNUES]
    spread = {form.replace("{aa}", year) for form in forms for year in (years if "{aa}" in form else [""])}
    return frozenset(spread | set(CLES) | {"LIBGEO", "COD_VAR", "LIB_VAR", "LIB_COM"})


def recognise(
    tables: Sequence[RawTable], fichier: str, declares: Mapping[str, Declare] | None = None
) -> list[Recognised] | Documentation:
    """What the sheets of a file are: those that hold indicators (the others are passed over), or a dictionary of variables.

    Raises `UnrecognisedFile` where no sheet is of a known family, or where nothing tells the vintage or the level.
    """
    catalogue = load_catalogue()
    declare = _declared(fichier, declares or {})
    matched = [(table, family) for table in tables if (family := _family_of(table, catalogue)) is not None]
    if not matched:
        if any(_is_dictionary(table) for table in tables):
            return Documentation(fichier)
        raise UnrecognisedFile(_say_unknown(tables, fichier, catalogue))
    return [_recognise_table(table, family, fichier, declare, catalogue) for table, family in matched]


def read_declared(text: str, fichier: str) -> tuple[dict[str, Declare], list[Problem]]:
    """The lines of `millesimes.csv` (`fichier;millesime[;niveau]`) by file name, and what is wrong in the others."""
    found: dict[str, Declare] = {}
    problems = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        name, year, level = (part.strip().strip('"') for part in [*line.split(";"), "", ""][:3])
        if not name or name.lower() == "fichier":
            continue
        if not re.fullmatch(r"20\d{2}|\d{2}", year) or level.upper() not in (
            "",
            "REGION",
            "DEPARTEMENT",
            "FRANCE_METRO",
        ):
            problems.append(
                Problem(
                    fichier,
                    number,
                    "",
                    f"ligne non comprise\u00a0: «\u00a0{line.strip()}\u00a0»",
                    "Une ligne «\u00a0fichier;millesime\u00a0» était attendue, avec une année de quatre chiffres",
                    "Corrigez la ligne",
                )
            )
            continue
        found[name] = Declare(int(year) if len(year) == 4 else 2000 + int(year), level.upper())
    return found, problems


def _declared(fichier: str, declares: Mapping[str, Declare]) -> Declare:
    return declares.get(fichier) or declares.get(fichier.removeprefix("insee/")) or Declare(None)


# --- family


def _forms(table: RawTable, family: Famille) -> dict[str, tuple[str, int | None]]:
    """Each header → its form in that family and the year that it bears (None where it bears none)."""
    forms: dict[str, tuple[str, int | None]] = {}
    for header in table.colonnes:
        normal = normal_header(header)
        forms[header] = (normal, None)
        if family.suffixe and re.search(r".\d{2}$", normal):
            year = 2000 + int(normal[-2:])
            form = header_form(normal, year)
            if year in ANNEES_CONNUES and (family.column_of(form) or family.reason_excluded(form)):
                forms[header] = (form, year)
        if family.suffixe and forms[header][1] is None and not family.column_of(normal):
            forms[header] = (_long_form(normal, family), None)
    return forms


def _long_form(normal: str, family: Famille) -> str:
    """`DISP_MED` is `DISP_MED_A{aa}` where the year stands in a column of its own."""
    return next((form for form in (f"{normal}_A{{aa}}", f"{normal}{{aa}}") if family.column_of(form)), normal)


def _family_of(table: RawTable, catalogue: Catalogue) -> Famille | None:
    """The family that explains most headers, among those whose signature is there."""
    if not table.table.num_columns or _is_dictionary(table):
        return None
    best: tuple[int, Famille] | None = None
    long = any(normal_header(header) in COLONNES_ANNEE for header in table.colonnes)
    for family in catalogue.familles.values():
        forms = _forms(table, family)
        bare = [form for form, year in forms.values() if year is None and "{aa}" in form]
        if bare and not long:  # `TP60` without a year is not `TP60_A{aa}`
            forms = {header: pair for header, pair in forms.items() if pair[0] not in bare}
        signature = len({form for form, _ in forms.values()} & family.signature)
        if signature < family.minimum:
            continue
        explained = sum(1 for form, _ in forms.values() if family.column_of(form))
        if best is None or explained > best[0]:
            best = explained, family
    return best[1] if best else None


def _is_dictionary(table: RawTable) -> bool:
    headers = {normal_header(header) for header in table.colonnes}
    return any(words <= headers for words in DICTIONNAIRES)


def _say_unknown(tables: Sequence[RawTable], fichier: str, catalogue: Catalogue) -> Problem:
    """What was looked for, and the family that is nearest by the share of its signature."""
    shares = []
    for family in catalogue.familles.values():
        for table in tables:
            forms = {form for form, _ in _forms(table, family).values()}
            shares.append((len(forms & family.signature) / len(family.signature), family))
    share, nearest = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    headers = [header for table in tables for header in table.colonnes][:6]
    looked = ", ".join(f"{family.id} ({family.nom})" for family in catalogue.familles.values())
    near = (
        f"La plus proche est {nearest.id} ({nearest.nom}), dont {round(100 * share)}\u00a0% des colonnes caractéristiques sont là"
        if nearest and share > 0
        else "Aucune colonne caractéristique d'une famille n'a été trouvée"
    )
    return Problem(
        fichier,
        0,
        "",
        f"aucune famille de fichiers connue (premières colonnes\u00a0: {', '.join(headers) or 'aucune'})",
        f"Familles cherchées\u00a0: {looked}. {near}",
        "Vérifiez que c'est bien un fichier de l'Insee sur les quartiers ou leurs zones de comparaison, sinon retirez-le du dossier",
    )


# --- columns and vintage


def _recognise_table(
    table: RawTable, family: Famille, fichier: str, declare: Declare, catalogue: Catalogue
) -> Recognised:
    forms = _forms(table, family)
    key = find_key(table)
    if key is None:
        raise UnrecognisedFile(
            Problem(
                fichier,
                table.ligne_entete,
                "",
                f"famille {family.id} reconnue, mais aucune colonne de codes de zone",
                f"Une colonne nommée {', '.join(CLES[:4])} ou portant des codes de quartier était attendue",
                "Remettez la colonne des codes",
            )
        )
    zones, levels, geography = read_zones(table, key, fichier, declare, catalogue)
    years, by = _vintages(table, forms, family, fichier, declare)
    if geography == "QN2024" or (not geography and not family.suffixe and years[0][0] >= ANNEE_QN):
        zones = np.where(zones == ENSEMBLE, ENSEMBLE_2024, zones)
    blocs, unknown, expected = [], set(), set()
    for year, rows in years:
        columns, left = _assign(forms, family, year, several=len(years) > 1 and rows is None, key=key)
        blocs.append(Bloc(year, columns, rows))
        unknown = left if not blocs[1:] else unknown & left
        expected |= {
            header
            for column in family.colonnes
            if (header := column.entetes.get(year, ""))
            and column.indicateur not in {c.indicateur for c in columns}
            and not column.indicateur.startswith("note_")
        }
    excluded = [(h, reason) for h in table.colonnes if h in unknown and (reason := family.reason_excluded(forms[h][0]))]
    known = all(year in family.millesimes for year, _ in years)
    unknown -= {header for header, _ in excluded}
    return Recognised(
        table,
        family,
        key,
        zones,
        levels,
        geography,
        tuple(blocs),
        known,
        by,
        tuple(excluded),
        tuple(header for header in table.colonnes if header in unknown),
        tuple(sorted(expected)),
        table.anomalies,
    )


def _vintages(
    table: RawTable,
    forms: dict[str, tuple[str, int | None]],
    family: Famille,
    fichier: str,
    declare: Declare,
) -> tuple[list[tuple[int, np.ndarray | None]], str]:
    """The vintages of a table, each with its rows (None: all), and what told them."""
    borne = Counter(year for form, year in forms.values() if year is not None and family.column_of(form))
    if borne:
        return [(year, None) for year in sorted(borne)], "colonnes"
    if year_column := next((h for h in table.colonnes if normal_header(h) in COLONNES_ANNEE), None):
        cells = np.array([cell.strip()[:4] for cell in table.table[year_column].to_pylist()], dtype=object)
        found = sorted({cell for cell in cells.tolist() if re.fullmatch(r"20\d{2}", cell)})
        if found:
            return [(int(year), cells == year) for year in found], "colonnes"
    if declare.millesime:
        return [(declare.millesime, None)], MILLESIMES
    if (year := _year_in_name(fichier, family)) is not None:
        return [(year, None)], "nom"
    name = fichier.removeprefix("insee/")
    raise UnrecognisedFile(
        Problem(
            fichier,
            0,
            "",
            f"famille {family.id} ({family.nom}) reconnue, mais rien ne dit son millésime",
            "Ni les colonnes ni le nom du fichier ne portent une année",
            f"Ajoutez à insee/{MILLESIMES} la ligne «\u00a0{name};AAAA\u00a0», AAAA étant l'année dite par l'Insee dans le titre du fichier"
            f" (première ligne de {MILLESIMES}\u00a0: «\u00a0fichier;millesime\u00a0»)",
        )
    )


def _year_in_name(fichier: str, family: Famille) -> int | None:
    """The only year of four digits in the name, else the only one of two digits; None where there is none or several."""
    stem = fichier.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if after := re.search(rf"{family.id}[_ -]?(20\d{{2}})(?!\d)", stem, re.IGNORECASE):
        return int(after[1])
    four = {int(year) for year in re.findall(r"(?<!\d)(20[0-3]\d)(?!\d)", stem)}
    if four:
        return four.pop() if len(four) == 1 else None
    two = {
        int(year)
        for year in re.findall(
            r"(?<![\d])(?<!dep)(?<!com)(?<!reg)(?<!dep_)(?<!com_)(?<!reg_)([12]\d)(?!\d)", stem.lower()
        )
    }
    return 2000 + two.pop() if len(two) == 1 else None


def _assign(
    forms: dict[str, tuple[str, int | None]], family: Famille, year: int, *, several: bool, key: str
) -> tuple[tuple[Lue, ...], set[str]]:
    """The columns of one vintage and the headers that are none of them.

    Where two headers name the same indicator, the one that the map gives for that vintage is read, else the first.
    """
    chosen: dict[str, tuple[str, Colonne]] = {}
    for header, (form, borne) in forms.items():
        column = None if header == key or (several and borne != year) else family.column_of(form)
        if column is None:
            continue
        if column.indicateur in chosen and normal_header(column.entetes.get(year, "")) != normal_header(header):
            continue
        chosen[column.indicateur] = (header, column)
    notes = {name: header for name, (header, _) in chosen.items() if name.startswith("note_")}
    read = tuple(
        Lue(header, name, notes.get(column.note, ""))
        for name, (header, column) in chosen.items()
        if not name.startswith("note_")
    )
    used = {header for header, _ in chosen.values()} | {key}
    annual = {header for header in forms if normal_header(header) in COLONNES_ANNEE}
    return read, set(forms) - used - annual
