"""Tables → accessible HTML. Owns headers, caption, the spelling of what is missing; refuses to round or to reorder.

The first column holds row headers. Nothing depends on a script: the page's one may add sorting to tables of class `tri`.
"""

from __future__ import annotations

from html import escape

from cvanalysis.constat.shape import Table, Valeur
from cvanalysis.display.phrases import say
from cvanalysis.french import capital, typeset
from cvanalysis.textes import block, label

SORTABLE = 6
"""Rows from which sorting helps."""

SHORT = 12
"""Characters of row headers (codes, years) that need no room of their own."""

BESIDE = 60
"""Characters of a line that paper can hold beside a figure."""

EXAMPLE = f' <span class="ex">{label("affichage.exemple")}</span>'
"""The mark of invented data, wherever they show."""


def html_table(table: Table, caption: str, *, exemple: bool = False, legend: bool = True) -> str:
    """One `<table>` in a container that scrolls and takes the focus, then the meaning of the statuses that it holds.

    `caption` is plain text and should be unique on its page: it names the scrolling region. `exemple` marks invented rows;
    without `legend`, the page says its words elsewhere.
    """
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
    rows = "".join(_row(line, numeric) for line in table.lignes)
    return (
        f'<div class="defile" tabindex="0" role="region" aria-label="{name}"><table class="{kind}">'
        f"<caption><span>{name}{EXAMPLE if exemple else ''}</span></caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{_legend(table) if legend else ''}"
    )


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


def _row(line: tuple[Valeur, ...], numeric: list[bool]) -> str:
    first, *others = line
    cells = "".join(_cell(value, number) for value, number in zip(others, numeric[1:], strict=True))
    return f'<tr><th scope="row">{_text(first)}</th>{cells}</tr>'


def _cell(value: Valeur, number: bool) -> str:
    kind = "" if number else ' class="g"'
    if value.valeur is None and value.statut != "publié":
        kind = ' class="v"'
    return f"<td{kind}>{_text(value)}</td>"


def _text(value: Valeur) -> str:
    said = escape(say(value), quote=False)
    return f"{said} <small>(note\u00a0{escape(value.note)})</small>" if value.note else said


def meanings(table: Table) -> list[str]:
    """What the words of absence that a table holds mean."""
    found = {value.statut for line in table.lignes for value in line}
    return [meaning for statut, meaning in block("affichage.statuts").items() if statut in found]


def _legend(table: Table) -> str:
    parts = [*([text(table.legende)] if table.legende else []), *meanings(table)]
    return "".join(f'<p class="leg">{capital(part)}{"" if part.endswith(".") else "."}</p>' for part in parts)
