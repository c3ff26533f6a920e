"""Tables → accessible HTML. Owns headers, caption, the spelling of what is missing; refuses to round or to reorder.

The first column holds row headers. Nothing depends on a script: the page's one may add sorting to tables of class `tri`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING, get_args

from cvanalysis.constat.shape import Statut, Table, Valeur
from cvanalysis.display.composants import composants
from cvanalysis.display.phrases import say
from cvanalysis.french import capital, typeset
from cvanalysis.textes import block, label

if TYPE_CHECKING:
    import pandas as pd

SORTABLE = 6
"""Rows from which sorting helps."""

SHORT = 12
"""Characters of row headers (codes, years) that need no room of their own."""

ROOM = 60_000
"""Characters of rows that a page can hold of one table: the rest is in the downloads."""

BESIDE = 60
"""Characters of a line that paper can hold beside a figure."""

EXAMPLE = f' <span class="ex">{label("affichage.exemple")}</span>'
"""The mark of invented data, wherever they show."""


def html_table(table: Table, caption: str, *, exemple: bool = False, compact: bool = False) -> str:
    """One `<table>` in a container that scrolls and takes the focus, then the meaning of the statuses that it holds.

    `caption` is plain text and should be unique on its page: it names the scrolling region. `exemple` marks invented rows;
    `compact`: what words mean is said elsewhere on the page, units are in the headings, lines of nothing known are left out.
    """
    if compact:
        table = _compact(table)
    name = escape(typeset(caption))
    kind = "t tri" if len(table.lignes) >= SORTABLE else "t"
    # What paper can hold: beside a figure, in a page's width, or only with upright headings.
    wide = len(table.colonnes)
    if _breadth(table) <= BESIDE:
        kind += " etroit"
    elif wide > 6:
        kind += " tres-large" if wide > 11 else " large"
    if all(len(say(line[0])) <= SHORT for line in table.lignes):
        kind += " court"
    numeric = [any(_is_figure(line[i]) for line in table.lignes) for i in range(len(table.colonnes))]
    heads = "".join(
        f'<th scope="col">{text(c)}</th>' if number or not i else f'<th scope="col" class="g">{text(c)}</th>'
        for i, (c, number) in enumerate(zip(table.colonnes, numeric, strict=True))
    )
    tell = _tight if compact else _text
    rows = [_row(line, numeric, tell) for line in table.lignes]
    total, held = len(rows), accumulate(map(len, rows))
    rows = [row for row, size in zip(rows, held, strict=True) if size <= ROOM]
    cut = text(label("affichage.suite", vues=len(rows), total=total)) if len(rows) < total else ""
    return (
        f'<div class="defile" tabindex="0" role="region" aria-label="{name}"><table class="{kind}">'
        f"<caption><span>{name}{EXAMPLE if exemple else ''}</span></caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        + (f'<p class="leg">{cut}</p>' if cut else "")
        + ("" if compact else _legend(table))
    )


def to_frame(table: Table | None) -> pd.DataFrame:
    """Le tableau d'un constat en table pandas, une ligne par ligne montrée, sous les mêmes titres.

    Une colonne de mots est de texte. Une colonne de chiffres `X` (flottants, non arrondis) est suivie de `X, unité` et de `X, statut`,
    catégorie ordonnée : « publié », sinon la raison pour laquelle le chiffre est vide.
    """
    import pandas as pd  # here: a page shows tables without it

    if table is None:
        return pd.DataFrame()
    found: dict[str, object] = {}
    for i, title in enumerate(table.colonnes):
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


def text(words: str) -> str:
    """Words as HTML, with the no-break spaces that French wants."""
    return escape(typeset(words), quote=False)


def _is_figure(value: Valeur) -> bool:
    return value.valeur is not None or value.statut != "publié"


def _row(line: tuple[Valeur, ...], numeric: list[bool], tell: Callable[[Valeur], str]) -> str:
    first, *others = line
    cells = "".join(_cell(value, number, tell) for value, number in zip(others, numeric[1:], strict=True))
    return f'<tr><th scope="row">{tell(first)}</th>{cells}</tr>'


def _cell(value: Valeur, number: bool, tell: Callable[[Valeur], str]) -> str:
    kind = "" if number else ' class="g"'
    if value.valeur is None and value.statut != "publié":
        kind = ' class="v"'
    return f"<td{kind}>{tell(value)}</td>"


def _text(value: Valeur) -> str:
    said = escape(say(value), quote=False)
    return f"{said} <small>(note\u00a0{escape(value.note)})</small>" if value.note else said


def _compact(table: Table) -> Table:
    lines = [line for line in table.lignes if any(cell.statut != "non_disponible" for cell in line[1:])]
    columns = list(zip(*lines, strict=True))
    units = [{cell.unite for cell in column if cell.dite} for column in columns]
    shared = [found.copy().pop() if len(found) == 1 and n else "" for n, found in enumerate(units)]
    names = {"€": "euros"}  # a heading that says its unit in words does not bear it twice
    heads = (
        f"{one} ({unit})" if unit and not any(word in one.lower() for word in (unit, names.get(unit, unit))) else one
        for one, unit in zip(table.colonnes, shared, strict=True)
    )
    bare = (
        tuple(replace(cell, unite="") if unit and cell.dite else cell for cell, unit in zip(line, shared, strict=True))
        for line in lines
    )
    return Table(tuple(heads), tuple(bare)) if lines else table


def meanings(table: Table) -> list[str]:
    """What the absences that a compact table holds mean, each after its mark."""
    return [f"{block('affichage.marques')[statut]}, {meaning}" for statut, meaning in _meanings(table).items()]


def _meanings(table: Table) -> dict[str, str]:
    found = {value.statut for line in table.lignes for value in line}
    return {statut: meaning for statut, meaning in block("affichage.statuts").items() if statut in found}


def _tight(value: Valeur) -> str:
    """The mark of an absence, whose meaning the page says once."""
    missing = value.valeur is None and not value.texte and value.statut != "publié"
    return str(composants().cell(value)) if missing else _text(value)


def _legend(table: Table) -> str:
    parts = [*([text(table.legende)] if table.legende else []), *_meanings(table).values()]
    return "".join(f'<p class="leg">{capital(part)}{"" if part.endswith(".") else "."}</p>' for part in parts)
