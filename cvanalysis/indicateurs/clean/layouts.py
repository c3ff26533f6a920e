"""INSEE's other layouts → the one that all the rest reads: a row per zone, a column per quantity, a table per year.

Owns the long format (`DS_*`: a line per zone and measure), zones in columns (« Comparateur de territoires »), the census bases
(`P22_POP`: several years side by side), and the quantities that a map writes as a formula of headers (`P_CHOM1564 / P_ACT1564`)
computed from numerators and denominators, at full precision. Refuses to know a file's name and to choose what a quantity means.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from cvanalysis.catalogue import LOCAL, header_form, load_catalogue, normal_header, once_per_catalogue
from cvanalysis.errors import Problem, UnrecognisedFile
from cvanalysis.files.numbers import decode_numbers
from cvanalysis.files.sheets import RawTable
from cvanalysis.french import fold, listed
from cvanalysis.indicateurs.clean.vintage import say
from cvanalysis.indicateurs.clean.zones import CLES, CODES, OBJETS

LONG, PLAIN = CODES["long"], CODES["simple"]
AUTRES = frozenset({*LONG, *CODES["long_autres"]})
SECRET, ABSENT, ODD = "s", "nd", "?"
_CENSUS = re.compile(r"([PC])(\d\d)_(\w+)")
_CODE = re.compile(r"\((\w+)\)\s*$")
_PERIODE = re.compile(r"(20\d\d)(?:\.0|-\d\d-\d\d)?|")  # of a year, a day of it, or not said
_ANNEE = re.compile(r"\s*,?\s*(?:en|fin|au 1er janvier)\s+(20\d\d)\b")
COMPARATEUR = "Comparateur : "  # before a label of zones in columns, in the maps


@once_per_catalogue
def formulas() -> dict[str, tuple[tuple[str, ...], tuple[str, ...], float]]:
    """Each header that a map writes as a formula → terms that add up, those that they are divided by (none: nothing), factor."""
    found = {}
    columns = [column for family in load_catalogue().familles.values() for column in family.colonnes]
    for form, name in ((form, column.indicateur) for column in columns for form in column.formes):
        if (" / " in form or " + " in form) and "{aa}" not in form:
            above, _, below = form.partition(" / ")
            percent = below and load_catalogue().indicateurs[name].unite == "%"
            terms = tuple(tuple(part.split(" + ")) if part else () for part in (above, below))
            found[form] = (*terms, 100.0 if percent else 1.0)
    return found


@once_per_catalogue
def map_headers() -> frozenset[str]:
    """The headers that any map names, as `normal_header` writes them."""
    maps = load_catalogue().familles.values()
    return frozenset(form for family in maps for column in family.colonnes for form in column.formes)


@once_per_catalogue
def read_headers() -> frozenset[str]:
    """These, and the terms of formulas."""
    return map_headers() | {term for above, below, _ in formulas().values() for term in above + below}


def census_headers(years: Iterable[str]) -> set[str]:
    """Those of the census bases as files bear them, with the two digits of each year."""
    bare = [name for name in read_headers() if re.match(r"[PC]_\w+$", name)]
    return {f"{name[0]}{year}{name[1:]}" for name in bare for year in years}


def lay_out(table: RawTable) -> list[RawTable]:
    """The tables that a table holds, in the usual layout; itself where it has it already."""
    headers = {normal_header(header): header for header in table.colonnes}
    if {"GEO", "OBS_VALUE"} <= headers.keys():
        tables = list(_from_long(table, headers))
    elif headers.keys() >= set(PLAIN) and (key := next((headers[name] for name in CLES if name in headers), "")):
        tables = list(_from_plain(table, key, headers))
    elif zones := _zones_in_columns(table.colonnes):
        tables = list(_from_columns(table, zones))
    elif any(f"{found[1]}_{found[3]}" in read_headers() for name in headers if (found := _CENSUS.fullmatch(name))):
        tables = list(_from_census(table, headers))
    elif dated := next((headers[name] for name in CODES["annee"] if name in headers), ""):
        years, table = _read_periods(table.table[dated].to_pandas(), table)
        tables = [table.keep((years != ODD).to_numpy(), table.colonnes)]
    else:
        tables = [table]
    return [_add_formulas(one) for one in tables]


def _read_periods(periods: pd.Series, table: RawTable) -> tuple[pd.Series, RawTable]:
    """The year of each line (`ODD` for any other period than a year since 2000), and the table with a word of those periods."""
    found = {period: _PERIODE.fullmatch(period.strip()) for period in periods.unique()}
    years = periods.map({period: (one[1] or "") if one else ODD for period, one in found.items()})
    if not (odd := periods[years == ODD]).empty:
        line, many = int(table.lignes[odd.index[0]]), "s" * (len(odd) > 1)
        table = _tell(table, line, "periodes", nombre=len(odd), s=many, exemples=listed(sorted(set(odd))))
    return years, table


def _tell(table: RawTable, line: int, kind: str, **values: object) -> RawTable:
    """The table with a word of `problemes.toml` said of it."""
    said = Problem(table.fichier, line, "", *say(kind, **values))
    return replace(table, anomalies=(*table.anomalies, said))


def _widen(table: RawTable, rows: pd.DataFrame) -> Iterator[RawTable]:
    """Lines of a zone, a year ('': none), a measure and a value → a table per year: a row per zone, a column per measure that a map reads.

    The others are told in one line; a measure that a zone has no line for is « non disponible ».
    """
    known = {name: normal_header(name) in read_headers() for name in rows["mesure"].unique()}
    if unread := sorted(name.removeprefix(COMPARATEUR) for name, read in known.items() if not read):
        table = _tell(table, table.ligne_entete, "inutiles", noms=listed(unread))
    for year, part in rows[rows["mesure"].map(known)].groupby("annee"):
        wide = part.pivot_table(index="zone", columns="mesure", values="valeur", aggfunc="first").fillna(ABSENT)
        lines = part.groupby("zone")["ligne"].min().reindex(wide.index).to_numpy(np.int32)
        columns = {"CODGEO": wide.index, **({"ANNEE": [year] * len(wide)} if year else {}), **wide}
        arrays = {name: pa.chunked_array([pa.array(list(cells), pa.string())]) for name, cells in columns.items()}
        yield replace(table, table=pa.table(arrays), lignes=lines)
        table = replace(table, anomalies=())  # told once


def _from_long(table: RawTable, headers: dict[str, str]) -> Iterator[RawTable]:
    """A line per zone and measure, its cuts in other columns."""
    frame = table.cells.rename(columns={header: name for name, header in headers.items()})
    frame = frame.reindex(
        columns=[*frame.columns, *(name for name in LONG if name not in frame.columns)], fill_value=""
    )
    frame = frame.apply(lambda column: column.str.strip())
    measure = next((name for name in frame.columns if name.endswith("_MEASURE") and name not in AUTRES), None)
    parts = sorted(name for name in frame.columns if name not in AUTRES and name != measure)
    names = frame[measure].where(frame[measure] != "", "_") if measure else pd.Series("", index=frame.index)
    cuts = pd.Series("", index=frame.index)
    for part in parts:
        told = (f"{part}=" + frame[part]).mask(frame[part].isin(CODES["totaux"]), "")
        cuts = cuts + np.where((cuts != "") & (told != ""), ",", "") + told
    prefix = (measure or "").removesuffix("_MEASURE")
    outside = f"[{','.join(parts)}]" if parts else ""  # a total is that of all where what tells all is a column
    total = {name: "" if {*CODES["champs"].get(name, parts)} & {*parts} else outside for name in names.unique()}
    frame["mesure"] = f"{prefix}." + names + ("[" + cuts + "]").mask(cuts == "", names.map(total))
    whole = frame["GEO"].str.contains("-") | (frame["GEO_OBJECT"] == "")
    frame["zone"] = frame["GEO"].where(whole, frame["GEO_OBJECT"].str.upper() + "-" + frame["GEO"])
    years, table = _read_periods(frame["TIME_PERIOD"], table)
    frame = frame.assign(ligne=table.lignes, valeur=_values_of_long(frame), annee=years)
    compared = (frame["GEO_OBJECT"] == "") | frame["GEO_OBJECT"].str.upper().isin(OBJETS)
    yield from _widen(table, frame[compared & (years != ODD)])


def _from_plain(table: RawTable, key: str, headers: dict[str, str]) -> Iterator[RawTable]:
    """A line per zone, year and indicator that the territory declares (`code;annee;indicateur;valeur`)."""
    frame = table.cells.apply(lambda column: column.str.strip())
    frame = frame.rename(columns={headers[name]: name for name in PLAIN}).assign(zone=frame[key], ligne=table.lignes)
    frame["mesure"] = f"{LOCAL} : " + frame["INDICATEUR"]
    dated = frame["ANNEE"].str.fullmatch(r"20\d\d")
    known = frame["mesure"].map(normal_header).isin(read_headers())
    twice = dated & known & frame.duplicated(["zone", "ANNEE", "mesure"])
    told = [
        Problem(table.fichier, int(line), column, f"{said} («\u00a0{cell}\u00a0»)", "", "Ligne laissée de côté")
        for wrong, column, said in (
            (~dated, "ANNEE", "l'année n'est pas de quatre chiffres"),
            (dated & ~known, "INDICATEUR", "indicateur que catalogue/indicateurs.csv ne déclare pas"),
            (twice, "VALEUR", "second chiffre de la même zone, année et indicateur"),
        )
        for line, cell in frame.loc[wrong, ["ligne", column]].itertuples(index=False)
    ]
    rows = frame[dated & known & ~twice].rename(columns={"VALEUR": "valeur", "ANNEE": "annee"})
    if told and rows.empty:
        raise UnrecognisedFile(replace(told[0], que_faire=say("aucune_ligne")[2]))
    yield from _widen(replace(table, anomalies=(*table.anomalies, *told)), rows)


def _values_of_long(frame: pd.DataFrame) -> pd.Series:
    """The cell of each line: its value with its multiplier, else the mark that its two statuses stand for."""
    power = frame["UNIT_MULT"].where(frame["UNIT_MULT"].str.fullmatch(r"-?[1-9]\d?"), "")
    value = frame["OBS_VALUE"] + ("e" + power).where(power != "", "")
    secret = frame["CONF_STATUS"].str.upper().isin(CODES["secrets"]) | (frame["OBS_STATUS"].str.upper() == "Q")
    mark = pd.Series("", index=frame.index).mask(frame["OBS_STATUS"].str.upper().isin(CODES["manquants"]), ABSENT)
    return value.where(frame["OBS_VALUE"] != "", mark.mask(secret, SECRET))


def _zones_in_columns(headers: Sequence[str]) -> dict[str, str]:
    """Header → code of the zone that it names (« EPCI : Rennes Métropole (243500139) »); {} where zones are not in columns."""
    found = {}
    for header in headers[1:]:
        word = re.match(r"[a-z]+", fold(header))
        kind = CODES["en_colonnes"].get(word[0], "") if word else ""
        if kind and (code := _CODE.search(header)):
            found[header] = f"{kind}-{code[1]}"
        elif fold(header).startswith("france"):
            found[header] = "METRO" if "metro" in fold(header) else "FRANCE"
    return found if any("-" in code for code in found.values()) else {}


def _from_columns(table: RawTable, zones: dict[str, str]) -> Iterator[RawTable]:
    """A line per quantity, its year in its label."""
    label = table.colonnes[0]
    frame = table.cells.apply(lambda column: column.str.split().str.join(" ")).assign(ligne=table.lignes)
    years = frame[label].str.findall(_ANNEE)
    first = next(iter(zones))  # a title said again among the lines is no quantity
    kept = frame[(frame[list(zones)] != "").any(axis=1) & ~frame[first].isin(zones) & years.astype(bool)]
    kept = kept.assign(annee=years.str[-1], mesure=COMPARATEUR + kept[label].str.replace(_ANNEE, "", regex=True))
    rows = kept.drop_duplicates(["annee", "mesure"]).melt(["annee", "mesure", "ligne"], list(zones), "zone", "valeur")
    yield from _widen(table, rows.assign(zone=rows["zone"].map(zones)))


def _from_census(table: RawTable, headers: dict[str, str]) -> Iterator[RawTable]:
    """Columns of several years side by side → a table per year, with what maps and formulas read; the last has other families' too."""
    years: dict[str, dict[str, str]] = {}
    labels, others = {}, {}
    for name, header in headers.items():
        if not (found := _CENSUS.fullmatch(name)):
            if name in (*CLES, "LIBGEO") or "IRIS" in name:
                labels[header] = table.table[header]
            elif {name, header_form(name, int(name[-2:] if name[-2:].isdigit() else 0))} & map_headers():
                others[header] = table.table[header]
        elif f"{found[1]}_{found[3]}" in read_headers():
            years.setdefault(f"20{found[2]}", {})[f"{found[1]}_{found[3]}"] = header
    for year, columns in sorted(years.items()):
        told = pa.chunked_array([pa.array([year] * table.table.num_rows, pa.string())])
        wanted = {name: table.table[header] for name, header in columns.items()}
        more = others if year == max(years) else {}
        yield replace(table, table=pa.table(labels | {"ANNEE": told} | wanted | more))


def _add_formulas(table: RawTable) -> RawTable:
    """The same table with each quantity that its headers allow to compute; the terms of its formulas that no map reads leave it."""
    headers = {normal_header(header): header for header in table.colonnes}
    whole = table.table
    for form, (above, below, factor) in formulas().items():
        if set(above + below) <= headers.keys() and form not in headers:
            cells = [[whole[headers[term]] for term in terms] for terms in (above, below)]
            whole = whole.append_column(form, _compute(*cells, factor))
    idle = [header for name, header in headers.items() if name in read_headers() - map_headers()]
    return replace(table, table=whole.drop_columns(idle)) if idle or whole is not table.table else table


def _compute(above: Sequence[pa.ChunkedArray], below: Sequence[pa.ChunkedArray], factor: float) -> pa.Array:
    """The quotient (or sum) of columns of text; where a term is no number, the cell of the first that is none."""
    sums = []
    told: np.ndarray = np.full(len(above[0]), None, dtype=object)
    for terms in (above, below):
        total = np.zeros(len(told))
        for cells in terms:
            values = decode_numbers(cells).valeurs
            missing = np.flatnonzero(np.isnan(values) & np.equal(told, None))
            told[missing] = [cells[int(row)].as_py() for row in missing]
            total = total + values
        sums.append(total)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = factor * sums[0] / sums[1] if below else sums[0]
    said = [
        mark if mark is not None else f"{value:.6g}" if np.isfinite(value) else "so"
        for mark, value in zip(told, result.tolist(), strict=True)
    ]
    return pa.chunked_array([pa.array(said, pa.string())])
