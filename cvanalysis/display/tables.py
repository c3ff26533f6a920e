"""Tables → accessible HTML. Owns headers, caption, the spelling of what is missing; refuses to round or to reorder.

The first column holds row headers. Nothing depends on a script: the page's one may add sorting to tables of class `tri`.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import get_args

import pandas as pd

from cvanalysis.constat.shape import Statut, Table, Valeur
from cvanalysis.display.composants import composants
from cvanalysis.display.phrases import say
from cvanalysis.files.keys import grouped
from cvanalysis.french import enumerate_french, typeset
from cvanalysis.textes import block, label

SORTABLE = 6
"""Rows from which sorting helps."""

SHORT = 12
"""Characters of row headers (codes, years) that need no room of their own."""

ROOM = 60_000
"""Characters of rows that a page can hold of one table: the rest is in the downloads."""

BESIDE = 60
"""Characters of a line that paper can hold beside a figure."""


def html_table(
    table: Table, caption: str, *, exemple: bool = False, compact: bool = False, ailleurs: Collection[str] = ()
) -> str:
    """One `<table>` in a container that scrolls and takes the focus, then the meaning of the statuses that it holds.

    `caption` is plain text and should be unique on its page: it names the scrolling region. `exemple` marks invented rows;
    `compact`: what words mean is said elsewhere on the page, units are in the headings, lines of nothing known are left out, and
    those of which the page tells `ailleurs` (row headers).
    """
    if compact:
        table = shorten(table, ailleurs)
    table, groups = _grouped(table) if compact else (table, {"": table.lignes})
    made = composants("constat.html.j2")
    numeric = [any(_is_figure(line[i]) for line in table.lignes) for i in range(len(table.colonnes))]
    rows: list[str] = []
    for group, lines in groups.items():
        rows += [made.group(group, len(table.colonnes))] if group else []
        rows += [made.row(line, numeric, compact) for line in lines]
    kept = [row for row, size in zip(rows, accumulate(map(len, rows)), strict=True) if size <= ROOM]
    cut = label("affichage.suite", vues=len(kept), total=len(rows)) if len(kept) < len(rows) else ""
    legend = [] if compact else [one for one in (table.legende, *_meanings(table).values()) if one]
    heads = list(zip(table.colonnes, numeric, strict=True))
    kind = _kind(table, sorts="" in groups)
    return str(made.table(typeset(caption), kind, heads, kept, exemple, cut, legend))


def _kind(table: Table, *, sorts: bool) -> str:
    """What paper can hold of it: beside a figure, in a page's width, or only with upright headings; whether a browser may sort it."""
    kind = "t tri" if len(table.lignes) >= SORTABLE and sorts else "t"
    wide = len(table.colonnes)
    if _breadth(table) <= BESIDE:
        kind += " etroit"
    elif wide > 6:
        kind += " tres-large" if wide > 11 else " large"
    return kind + (" court" if all(len(say(line[0])) <= SHORT for line in table.lignes) else "")


def to_frame(table: Table | None) -> pd.DataFrame:
    """Le tableau d'un constat en table pandas, une ligne par ligne montrée, sous les mêmes titres ; « Nantes, 2014 » y est une zone et une
    année.

    Une colonne de mots est de texte. Une colonne de chiffres `X` (flottants, non arrondis) est suivie de `X, unité` et de `X, statut`,
    catégorie ordonnée : « publié », sinon la raison pour laquelle le chiffre est vide.
    """
    if table is None:
        return pd.DataFrame()
    found: dict[str, object] = {}
    dated = [re.fullmatch(r"(.+), ([^,]*\d{4}[^,]*)", line[0].texte) for line in table.lignes]
    if split := bool(dated) and all(dated):
        zones, years = zip(*(one.groups() for one in dated), strict=True)
        numbers = all(map(str.isdigit, years))
        columns = pd.array(zones, dtype="str"), pd.array([*map(int, years)] if numbers else years)
        found |= zip(block("affichage.cadre"), columns, strict=True)
    for i, title in list(enumerate(table.colonnes))[split:]:
        cells = [line[i] for line in table.lignes]
        if not any(map(_is_figure, cells)):
            found[title] = pd.array([cell.texte for cell in cells], dtype="str")
            continue
        found[title] = pd.array([cell.valeur for cell in cells], dtype="float64")
        found[f"{title}, unité"] = pd.array([cell.unite for cell in cells], dtype="str")
        found[f"{title}, statut"] = pd.Categorical([cell.statut for cell in cells], get_args(Statut), ordered=True)
    return pd.DataFrame(found)


def _breadth(table: Table) -> int:
    """About how many characters a line takes: row headers and headings may run over several lines, cells should not."""
    first, *others = (
        max([0, *map(len, heading.split()), *(len(say(line[i])) for line in table.lignes)])
        for i, heading in enumerate(table.colonnes)
    )
    return min(first, 24) + sum(others)


def _is_figure(value: Valeur) -> bool:
    return value.valeur is not None or value.statut != "publié"


def shorten(table: Table, ailleurs: Collection[str] = ()) -> Table:
    """The table with its units in its headings, without the lines that say nothing here."""
    gone = {id(line) for line in _said_again(table)}
    lines = [
        line
        for line in table.lignes
        if any(cell.statut != "non_disponible" for cell in line[1:])
        and line[0].texte not in ailleurs
        and id(line) not in gone
    ]
    columns = list(zip(*lines, strict=True))
    units = [{cell.unite for cell in column if cell.dite} for column in columns]
    shared = [found.copy().pop() if len(found) == 1 and n else "" for n, found in enumerate(units)]
    names = {"€": "euros"}  # a heading that says its unit in words does not bear it twice
    heads = (
        f"{one} ({unit})" if unit and not any(word in one.lower() for word in (unit, names.get(unit, unit))) else one
        for one, unit in zip(table.colonnes, shared, strict=True)
    )
    bare = (
        tuple(
            replace(cell, unite="") if unit and cell.valeur is not None else cell
            for cell, unit in zip(line, shared, strict=True)
        )
        for line in lines
    )
    return Table(tuple(heads), tuple(bare)) if lines else table


def _said_again(table: Table) -> list[tuple[Valeur, ...]]:
    """Lines « Zone, year » without the figure that they are there for: all that they have stands in a whole line of that year."""

    def figures(line: tuple[Valeur, ...]) -> set[tuple[int, str, float]]:
        year = line[0].texte.rpartition(", ")[2]
        return {(i, year, cell.valeur) for i, cell in enumerate(line) if cell.valeur is not None}

    missing = [line for line in table.lignes if any(cell.statut == "non_disponible" for cell in line)]
    there = {one for line in table.lignes if line not in missing for one in figures(line)}
    return [line for line in missing if figures(line) and figures(line) <= there]


Lines = Sequence[tuple[Valeur, ...]]


def _grouped(table: Table) -> tuple[Table, dict[str, Lines]]:
    """What its lines say again said once, above them: the zone of lines « Zone, year », else the words of a column that come in runs,
    the first after its heading (several: a single one, or a number, is left on its lines).

    The table without that column, and its lines by group (all under "" where nothing is said again).
    """
    lines, whole = table.lignes, (table, {"": table.lignes})
    ends = [line[0].texte.rpartition(", ") for line in lines]
    if lines and all(zone for zone, *_ in ends):
        keys = [zone for zone, *_ in ends]
        bare = [(replace(line[0], texte=year), *line[1:]) for line, (*_, year) in zip(lines, ends, strict=True)]
        columns = table.colonnes
    else:
        told = [[line[i].texte for line in lines] for i in range(len(table.colonnes))]
        runs = [words if all(words) and not re.search(r"\d", "".join(words)) else [] for words in told]
        found = [i for i, words in enumerate(runs) if i and 1 < len({*words}) == len([*groupby(words)])]
        i = min(found, key=lambda i: len({*told[i]}), default=0)
        if not i:
            return whole
        keys = [f"{table.colonnes[i]} : {words}" if words == told[i][0] else words for words in told[i]]
        bare = [(*line[:i], *line[i + 1 :]) for line in lines]
        columns = (*table.colonnes[:i], *table.colonnes[i + 1 :])
    if len({*keys}) * 2 > len(lines) or len(lines) < SORTABLE:
        return whole
    return Table(columns, tuple(bare)), grouped(zip(keys, bare, strict=True))


def left_out(table: Table) -> str:
    """Which lines a compact table leaves out because they compare with nothing: « Zone, year and year »; '' for none."""
    zones = grouped(line[0].texte.rpartition(", ")[::2] for line in _said_again(table))
    same = grouped((enumerate_french(years), zone) for zone, years in zones.items())
    said = " ; ".join(f"{enumerate_french(them)}, {years}" for years, them in same.items())
    return label("affichage.constat.sans_comparaison", lignes=said) if said else ""


def meanings(table: Table) -> list[str]:
    """What the absences that a compact table holds mean, each after its mark."""
    return [f"{block('affichage.marques')[statut]}, {meaning}" for statut, meaning in _meanings(table).items()]


def _meanings(table: Table) -> dict[str, str]:
    found = {value.statut for line in table.lignes for value in line}
    return {statut: meaning for statut, meaning in block("affichage.statuts").items() if statut in found}
