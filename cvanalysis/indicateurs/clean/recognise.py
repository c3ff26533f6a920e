"""What an INSEE file is, told from its content. Owns family, level, vintage and the meaning of each column.

Family (`families`) and level (`zones`) come from headers and codes, never from the file's name; the vintage from the headers where they
bear it (`DISP_Q1_A18`, `Q218`), else from a line of `insee/millesimes.csv`, else from the name. Refuses to read a value (`indicators` does)
and to guess: what cannot be told is an `UnrecognisedFile` that gives the line to paste.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cvanalysis.catalogue import Catalogue, Colonne, Famille, load_catalogue, normal_header, once_per_catalogue
from cvanalysis.errors import Problem, UnrecognisedFile
from cvanalysis.files.archives import archive_of
from cvanalysis.files.sheets import RawTable
from cvanalysis.indicateurs.clean.families import (
    ANNEES_CONNUES,
    COLONNES_ANNEE,
    Forms,
    Held,
    families_of,
    is_dictionary,
    say_unknown,
)
from cvanalysis.indicateurs.clean.layouts import LONG, PLAIN, census_headers, lay_out
from cvanalysis.indicateurs.clean.perimeters import (
    PERIMETRE,
    SANS_MESURE,
    Bloc,
    Documentation,
    Lue,
    Recognised,
    keep_later_perimeter,
    read_list,
)
from cvanalysis.indicateurs.clean.zones import (
    CLES,
    MILLESIMES,
    Declare,
    find_key,
    read_zones,
    refuse_level,
)


@once_per_catalogue
def known_headers() -> frozenset[str]:
    """Every header that the catalogue can name, of any year: the line that has most of them is a table's header."""
    forms = {
        form for family in load_catalogue().familles.values() for column in family.colonnes for form in column.formes
    }
    years = [f"{year % 100:02d}" for year in ANNEES_CONNUES]
    spread = {form.replace("{aa}", year) for form in forms for year in (years if "{aa}" in form else [""])}
    return frozenset(spread | census_headers(years) | {*CLES, *LONG, *PLAIN, "LIBGEO", "COD_VAR", "LIB_VAR", "LIB_COM"})


def recognise(
    tables: Sequence[RawTable], fichier: str, declares: Mapping[str, Declare] | None = None
) -> list[Recognised] | Documentation:
    """What the sheets of a file are: those that hold indicators (the others are passed over), or a dictionary of variables.

    Raises `UnrecognisedFile` where no sheet is of a known family, or where nothing tells the vintage or the level.
    """
    catalogue = load_catalogue()
    declare = _declared(fichier, declares or {})
    found: list[Recognised] = []
    refused: list[UnrecognisedFile] = []
    for table in (one for raw in tables for one in lay_out(raw)):
        held, disputed = families_of(table, fichier, catalogue)
        try:
            found += _recognise_table(table, held, disputed, fichier, declare, catalogue) if held else []
        except UnrecognisedFile as error:
            refused.append(error)
    if refused and not found:
        raise refused[0]
    if refused:
        found[0] = replace(found[0], remarques=(*found[0].remarques, *(error.problem for error in refused)))
    if not found:
        if any(is_dictionary(table) for table in tables):
            return Documentation(fichier)
        if listed := next(filter(None, map(read_list, tables)), None):
            return Documentation(fichier, *listed)
        for table in tables:
            refuse_level(table, fichier, None)
        if any({"GEO", "OBS_VALUE"} <= set(map(normal_header, table.colonnes)) for table in tables):
            return Documentation(fichier, SANS_MESURE)
        raise UnrecognisedFile(say_unknown(tables, fichier, catalogue))
    return keep_later_perimeter(found, fichier)


def _declared(fichier: str, declares: Mapping[str, Declare]) -> Declare:
    """What the analyst says of a file, by its name with or without its folder, or of the archive that it comes from."""
    archive = archive_of(fichier)
    names = [fichier, fichier.removeprefix("insee/"), archive, archive.removeprefix("insee/")]
    return next((declares[name] for name in names if name in declares), Declare(None))


def _recognise_table(
    table: RawTable,
    held: Sequence[Held],
    disputed: Sequence[str],
    fichier: str,
    declare: Declare,
    catalogue: Catalogue,
) -> list[Recognised]:
    """One sheet per family that the table holds; what is said of the table as a whole goes with the first."""
    key, zones, levels, geography = _read_key(table, held, fichier, declare, catalogue)
    sheets, unknown = [], set(table.colonnes)
    for part in held:
        family = part.famille
        years, by = _vintages(table, part.forms, family, fichier, declare)
        blocs, left, missing = _read_blocs(part, years, key, whole=len(held) == 1)
        unknown &= left
        connu = all(year in family.millesimes for year, _ in years)
        sheets.append(Recognised(table, family, key, zones, levels, geography, blocs, connu, by, (), missing, ()))
    done = "Colonne non lue\u00a0: laissez les fichiers de l'Insee séparés, ou renommez-la"
    what = "nom de colonne à deux sens, dans un tableau qui mêle plusieurs familles de fichiers"
    said = [Problem(fichier, table.ligne_entete, header, what, "", done) for header in disputed]
    known = {h for part in held for h, (form, _) in part.forms.items() if part.famille.reason_excluded(form)}
    unknown -= known | set(disputed)
    first = replace(
        sheets[0],
        inconnues=tuple(header for header in table.colonnes if header in unknown),
        remarques=(*table.anomalies, *said),
    )
    return [first, *sheets[1:]]


def _read_key(
    table: RawTable, held: Sequence[Held], fichier: str, declare: Declare, catalogue: Catalogue
) -> tuple[str, np.ndarray, np.ndarray, str]:
    """The column of codes, and what `read_zones` makes of it."""
    main = held[0].famille
    refuse_level(table, fichier, main)
    own = {header for part in held for header, (form, _) in part.forms.items() if part.famille.column_of(form)}
    key = find_key(table, own)
    if key is None:
        raise UnrecognisedFile.of(
            fichier,
            f"famille {main.id} reconnue, mais aucune colonne de codes de zone",
            f"Une colonne nommée {', '.join(CLES[:4])} ou portant des codes de quartier, de commune ou d'EPCI était attendue",
            "Remettez la colonne des codes",
            table.ligne_entete,
        )
    zones, levels, geography = read_zones(table, key, fichier, declare, catalogue)
    if not (levels != "").any():
        first = list(dict.fromkeys(cell for cell in table.table[key].to_pylist() if cell.strip()))[:3]
        none = (
            f"aucun code de zone connu (premiers\u00a0: {', '.join(first)})"
            if first
            else "aucune ligne sous les titres"
        )
        raise UnrecognisedFile.of(
            fichier,
            f"famille {main.id} reconnue, mais {none}",
            "Des codes de quartiers, de communes, d'EPCI, de départements ou de régions étaient attendus",
            "Remettez la colonne des codes de l'Insee, sinon retirez le fichier du dossier",
            table.ligne_entete,
            key,
        )
    return key, zones, levels, geography


def _read_blocs(
    part: Held, years: Sequence[tuple[int, np.ndarray | None]], key: str, *, whole: bool
) -> tuple[tuple[Bloc, ...], set[str], tuple[str, ...]]:
    """The columns of each vintage, the headers that are none of them, and those of the map that are missing."""
    family = part.famille
    blocs: list[Bloc] = []
    unknown: set[str] = set()
    expected: set[str] = set()
    for year, rows in years:
        columns, left = _assign(part, year, several=len(years) > 1 and rows is None, key=key)
        unknown = left if not blocs else unknown & left
        blocs.append(Bloc(year, columns, rows))
        expected |= {
            header
            for column in family.colonnes
            if (header := column.entetes.get(year, ""))
            and column.indicateur not in {c.indicateur for c in columns}
            and not column.indicateur.startswith("note_")
        }
    return tuple(blocs), unknown, tuple(sorted(expected)) if whole else ()


def _vintages(
    table: RawTable,
    forms: Forms,
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
    for told in (fichier, archive_of(fichier)):
        if told and (year := _year_in_name(told, family)) is not None:
            return [(year, None)], "nom"
    name = fichier.removeprefix("insee/")
    raise UnrecognisedFile.of(
        fichier,
        f"famille {family.id} ({family.nom}) reconnue, mais rien ne dit son millésime",
        "Ni les colonnes ni le nom du fichier ne portent une année, ou le nom en porte plusieurs",
        f"Ajoutez à insee/{MILLESIMES} la ligne «\u00a0{name};AAAA\u00a0», AAAA étant l'année dite par l'Insee dans le titre du fichier"
        f" (première ligne de {MILLESIMES}\u00a0: «\u00a0fichier;millesime\u00a0»)",
    )


def _year_in_name(fichier: str, family: Famille) -> int | None:
    """The only year of four digits in the name, else the only one of two digits; None where there is none or several."""
    whole = fichier.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    bare = PERIMETRE.sub("", whole)
    stem = bare if re.search(r"\d\d", bare) else whole
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


def _assign(part: Held, year: int, *, several: bool, key: str) -> tuple[tuple[Lue, ...], set[str]]:
    """The columns of one vintage and the headers that are none of them.

    Where two headers name the same indicator, the one that the map gives for that vintage is read, else the first.
    """
    chosen: dict[str, tuple[str, Colonne]] = {}
    for header, (form, borne) in part.forms.items():
        skip = header == key or header in part.ailleurs or (several and borne != year)
        column = None if skip else part.famille.column_of(form)
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
    annual = {header for header in part.forms if normal_header(header) in COLONNES_ANNEE}
    return read, set(part.forms) - used - annual
