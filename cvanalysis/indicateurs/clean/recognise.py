"""What an INSEE file is, told from its content. Owns family, level, vintage and the meaning of each column.

Family and level (`zones`) come from headers and codes, never from the file's name, but for one thing that INSEE's headers do not say:
whether the income is disposable or declared. A table that an analyst joined holds several families: each reads its own columns, and a
header that two of them take for different quantities (`A`: allocataires, or job seekers) is read by none. The vintage comes from the
headers where they bear it (`DISP_Q1_A18`, `Q218`), else from a line of `insee/millesimes.csv`, else from the name. Refuses to read a value
(`decode` does) and to guess: what cannot be told is an `UnrecognisedFile` that gives the line to paste.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from cvanalysis.catalogue import (
    Catalogue,
    Colonne,
    Famille,
    header_form,
    load_catalogue,
    normal_header,
    once_per_catalogue,
)
from cvanalysis.errors import Problem, UnrecognisedFile
from cvanalysis.files.archives import archive_of
from cvanalysis.files.sheets import RawTable
from cvanalysis.french import fold
from cvanalysis.indicateurs.clean.layouts import LONG, PLAIN, census_headers, lay_out, map_headers
from cvanalysis.indicateurs.clean.perimeters import PERIMETRE, keep_later_perimeter, read_list
from cvanalysis.indicateurs.clean.vintage import Bloc, Documentation, Lue, Recognised, say
from cvanalysis.indicateurs.clean.zones import (
    CLES,
    CLES_AUTRES,
    CODES,
    MILLESIMES,
    Declare,
    find_key,
    read_zones,
    refuse_level,
)

ANNEES_CONNUES = range(2010, 2036)  # vintages that a header may bear
Forms = dict[str, tuple[str, int | None]]
"""Each header → its form in a family and the year that it bears (None where it bears none)."""


class Held(NamedTuple):
    """A family that a table holds: `forms` of all headers, `ailleurs` those that are not its own to read."""

    famille: Famille
    forms: Forms
    ailleurs: frozenset[str]


@once_per_catalogue
def known_headers() -> frozenset[str]:
    """Every header that the catalogue can name, of any year: the line that has most of them is a table's header."""
    years = [f"{year % 100:02d}" for year in ANNEES_CONNUES]
    spread = {form.replace("{aa}", year) for form in map_headers() for year in (years if "{aa}" in form else [""])}
    titles = {*CLES, *LONG, *PLAIN, "LIBGEO", "LIBELLE", "COD_VAR", "LIB_VAR", "LIB_COM"}
    return frozenset(spread | census_headers(years) | titles)


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
        if any(map(is_dictionary, tables)):
            return Documentation()
        if listed := next(filter(None, map(read_list, tables)), None):
            return Documentation(*listed)
        for table in tables:
            refuse_level(table, fichier, None)
        if any({"GEO", "OBS_VALUE"} <= set(map(normal_header, table.colonnes)) for table in tables):
            return Documentation(CODES["listes"]["sans_mesure"])
        raise UnrecognisedFile(say_unknown(tables, fichier, catalogue))
    return keep_later_perimeter(found, fichier)


def families_of(table: RawTable, fichier: str, catalogue: Catalogue) -> tuple[list[Held], tuple[str, ...]]:
    """The families of a table, the one that explains most first, and the headers of two meanings that none reads."""
    if not table.table.num_columns or is_dictionary(table):
        return [], ()
    families = catalogue.familles.values()
    twins = {family.jumelle for family in families} - {""}
    forms = {family.id: find_forms(table, family) for family in families}
    dated = any(map(_is_year, table.colonnes))
    telling = {  # `TP60` without a year is not `TP60_A{aa}`, unless a column gives the year
        name: {h: form for h, (form, year) in known.items() if dated or year is not None or "{aa}" not in form}
        for name, known in forms.items()
    }
    columns = {one.id: {header: one.column_of(form) for header, form in telling[one.id].items()} for one in families}
    own = {  # codes of blocks are nobody's
        name: {header: one for header, one in found.items() if one and not one.indicateur.startswith("note_")}
        for name, found in columns.items()
    }
    there = {name: set(known.values()) for name, known in telling.items()}
    open_to = [one for one in families if not one.exclut & there[one.id] and (one.exige or one.id not in twins)]
    fitting = [
        one
        for one in open_to
        if len(there[one.id] & one.signature) >= one.minimum and (not one.exige or there[one.id] & one.exige)
    ]
    fitting.sort(key=lambda family: (-len(own[family.id]), len(family.colonnes)))
    if (
        not fitting
    ):  # an extract of a few columns: the family that has them all, where all that do mean the same by them
        whole = [one for one in open_to if not one.exige and _has_all(one, forms[one.id], own[one.id])]
        alike = {tuple(column.indicateur for column in own[one.id].values()) for one in whole}
        fitting = whole[:1] if len(alike) == 1 else []
    held: list[Held] = []
    taken: dict[str, str] = {}
    disputed: set[str] = set()
    for family in fitting:
        mine = own[family.id]
        new = {telling[family.id][header] for header in mine if header not in taken} & family.signature
        if held and len(new) < family.minimum:
            continue
        disputed |= {h for h, column in mine.items() if taken.get(h, column.indicateur) != column.indicateur}
        twin = _twin(family, forms[family.id], table, fichier, catalogue)
        held.append(Held(twin, forms[twin.id], frozenset(taken)))
        taken |= {header: column.indicateur for header, column in mine.items()}
    return [part._replace(ailleurs=part.ailleurs | disputed) for part in held], tuple(sorted(disputed))


def find_forms(table: RawTable, family: Famille) -> Forms:
    """Each header of a table as that family writes it."""
    forms: Forms = {}
    for header in table.colonnes:
        forms[header] = ((normal := normal_header(header)), None)
        if family.suffixe and re.search(r".\d{2}$", normal):
            year = 2000 + int(normal[-2:])
            form = header_form(normal, year)
            if year in ANNEES_CONNUES and (family.column_of(form) or family.reason_excluded(form)):
                forms[header] = (form, year)
        if family.suffixe and forms[header][1] is None and not family.column_of(normal):
            longer = (f"{normal}_A{{aa}}", f"{normal}{{aa}}")  # `DISP_MED`, its year in a column of its own
            forms[header] = (next(filter(family.column_of, longer), normal), None)
    return forms


def _is_year(header: str) -> bool:
    return normal_header(header) in CODES["annee"]


def _has_all(family: Famille, forms: Forms, own: Mapping[str, Colonne]) -> bool:
    """Whether all columns are a family's, or say nothing against it: a key, a year, a column of codes, one left out on purpose."""
    return bool(own) and all(
        header in own
        or _is_year(header)
        or normal_header(header) in (*CLES, *CLES_AUTRES)
        or family.reason_excluded(form)
        or ((column := family.column_of(form)) and column.indicateur.startswith("note_"))
        for header, (form, _) in forms.items()
    )


def _twin(family: Famille, forms: Forms, table: RawTable, fichier: str, catalogue: Catalogue) -> Famille:
    """The family with the same headers where title, labels or name say so and no header says the contrary."""
    twin = catalogue.familles.get(family.jumelle)
    if twin is None or {form for form, _ in forms.values()} & twin.exclut:
        return family
    stem = fichier.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    said = "\n".join(map(fold, (" ".join((*table.preambule, *table.etiquettes.values())), stem)))
    return twin if re.search(CODES["jumelles"][twin.id], said) else family


def _declared(fichier: str, declares: Mapping[str, Declare]) -> Declare:
    """What the analyst says of a file, by its name with or without its folder, or of the archive that it comes from."""
    archive = archive_of(fichier)
    names = [fichier, fichier.removeprefix("insee/"), archive, archive.removeprefix("insee/")]
    return next((declares[name] for name in names if name in declares), Declare(None))


def _recognise_table(
    table: RawTable, held: Sequence[Held], disputed: Sequence[str], fichier: str, declare: Declare, catalogue: Catalogue
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
    said = [Problem(fichier, table.ligne_entete, header, *say("deux_sens")) for header in disputed]
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
        told = say("sans_cle", famille=main.id, noms=", ".join(CLES[:4]))
        raise UnrecognisedFile.of(fichier, *told, table.ligne_entete)
    zones, levels, geography = read_zones(table, key, fichier, declare, catalogue)
    if not (levels != "").any():
        first = list(dict.fromkeys(cell for cell in table.table[key].to_pylist() if cell.strip()))[:3]
        none = (
            f"aucun code de zone connu (premiers\u00a0: {', '.join(first)})"
            if first
            else "aucune ligne sous les titres"
        )
        told = say("sans_code", famille=main.id, aucun=none)
        raise UnrecognisedFile.of(fichier, *told, table.ligne_entete, key)
    return key, zones, levels, geography


def _read_blocs(
    part: Held, years: Sequence[tuple[int, np.ndarray | None]], key: str, *, whole: bool
) -> tuple[tuple[Bloc, ...], set[str], tuple[str, ...]]:
    """The columns of each vintage, the headers that are none of them, and those of the map that are missing."""
    blocs: list[Bloc] = []
    missing: set[str] = set()
    unknown = {header for header in part.forms if header != key and not _is_year(header)}
    for year, rows in years:
        chosen = _assign(part, year, several=len(years) > 1 and rows is None, key=key)
        unknown -= {header for header, _ in chosen.values()}
        quantities = {name: pair for name, pair in chosen.items() if not name.startswith("note_")}
        notes = {name: chosen.get(column.note, ("",))[0] for name, (_, column) in quantities.items()}
        read = tuple(Lue(header, name, notes[name]) for name, (header, _) in quantities.items())
        blocs.append(Bloc(year, read, rows))
        absent = (column for column in part.famille.colonnes if column.indicateur not in chosen)
        missing |= {one.entetes.get(year, "") for one in absent if not one.indicateur.startswith("note_")} - {""}
    return tuple(blocs), unknown, tuple(sorted(missing)) if whole else ()


def _vintages(
    table: RawTable, forms: Forms, family: Famille, fichier: str, declare: Declare
) -> tuple[list[tuple[int, np.ndarray | None]], str]:
    """The vintages of a table, each with its rows (None: all), and what told them."""
    borne = {year for form, year in forms.values() if year is not None and family.column_of(form)}
    if borne:
        return [(year, None) for year in sorted(borne)], "colonnes"
    if year_column := next(filter(_is_year, table.colonnes), None):
        cells = np.array([cell.strip()[:4] for cell in table.table[year_column].to_pylist()], dtype=object)
        if found := sorted(set(cells.tolist()) - {""}):
            return [(int(year), cells == year) for year in found], "colonnes"
    if declare.millesime:
        return [(declare.millesime, None)], MILLESIMES
    for told in (fichier, archive_of(fichier)):
        if told and (year := _year_in_name(told, family)) is not None:
            return [(year, None)], "nom"
    name = fichier.removeprefix("insee/")
    raise UnrecognisedFile.of(fichier, *say("sans_millesime", famille=family.id, nom=family.nom, fichier=name))


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


def _assign(part: Held, year: int, *, several: bool, key: str) -> dict[str, tuple[str, Colonne]]:
    """Each indicator (or column of codes) of one vintage → its header and its row of the map.

    Where two headers name the same indicator, the one that the map gives for that vintage is read, else the first.
    """
    chosen: dict[str, tuple[str, Colonne]] = {}
    for header, (form, borne) in part.forms.items():
        skip = header == key or header in part.ailleurs or (several and borne != year)
        column = None if skip else part.famille.column_of(form)
        mapped = column and normal_header(column.entetes.get(year, "")) == normal_header(header)
        if column and (mapped or column.indicateur not in chosen):
            chosen[column.indicateur] = (header, column)
    return chosen


def is_dictionary(table: RawTable) -> bool:
    """Whether a table is a list of variables with their labels."""
    headers = {normal_header(header) for header in table.colonnes}
    return any(headers.issuperset(words) for words in CODES["dictionnaires"])


def say_unknown(tables: Sequence[RawTable], fichier: str, catalogue: Catalogue) -> Problem:
    """What a table of no family has, the family that is nearest by the share of its signature, and what to do with what it seems to be."""
    share, nearest = 0.0, None
    for table, family in product(tables, catalogue.familles.values()):
        forms = {form for form, _ in find_forms(table, family).values()}
        share, nearest = max(
            (share, nearest), (len(forms & family.signature) / len(family.signature), family), key=itemgetter(0)
        )
    headers = [header for table in tables for header in table.colonnes]
    what = f"aucune famille de fichiers connue (premières colonnes\u00a0: {', '.join(headers[:6]) or 'aucune'})"
    near = (
        f"La plus proche est {nearest.id} ({nearest.nom}), dont {round(100 * share)}\u00a0% des colonnes caractéristiques sont là"
        if nearest and share > 0
        else "Aucune colonne caractéristique d'une famille n'a été trouvée"
    )
    line = ";".join(map(normal_header, headers))
    advice = (told for pattern, told in CODES["conseils"].items() if re.search(pattern, line))
    zones = "zones" if any(map(find_key, tables)) else "sinon"
    return Problem(fichier, 0, "", what, near, next(advice, CODES["conseil"][zones]))
