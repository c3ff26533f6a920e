"""Ready-made files to fill in: voices, actions, engagements. Owns how they are written; their columns are data (`modeles.toml`).

Each comes as `.xlsx`, with drop-down lists made from the territory's own declarations and a sheet that explains the columns, and as `.csv`
with the headers alone. Both are read as they are, without a word of configuration.
"""

import csv
import io
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cvanalysis.territory.contract import Territory

MODELES = tomllib.loads(Path(__file__).with_name("modeles.toml").read_text(encoding="utf-8"))
LIGNES = 1_000
"""Rows on which the lists are set."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column to fill in: its field, its header, what to write there, and the words to choose from (none: free)."""

    nom: str
    titre: str
    aide: str
    choix: tuple[str, ...]


def write_model(genre: str, territory: Territory) -> dict[str, bytes]:
    """`{"paroles.xlsx": …, "paroles.csv": …}` for `paroles`, `actions` or `engagements`."""
    columns = columns_of(genre, territory)
    return {f"{genre}.xlsx": _xlsx(genre, columns, territory, MODELES[genre]["ou"]), f"{genre}.csv": _csv(columns)}


def columns_of(genre: str, territory: Territory) -> list[Column]:
    """The columns of a model, in order."""
    model = MODELES[genre]
    blocks = list(model["colonnes"])
    for college in territory.colleges if (judged := model.get("appreciation")) else ():
        said = {name: judged[name].format(id=college.id, nom=college.nom) for name in ("nom", "titre", "aide")}
        blocks.append(judged | said)
    return [_column(block, territory) for block in blocks]


def _column(block: dict[str, Any], territory: Territory) -> Column:
    words = block.get("choix", [])
    if isinstance(words, str):  # « themes.nom »: what the contract declares
        list_name, _, field = words.partition(".")
        words = [getattr(one, field) for one in getattr(territory, list_name)]
    return Column(block["nom"], block["titre"], block["aide"], tuple(words))


def _csv(columns: Sequence[Column]) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow([c.titre for c in columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _xlsx(genre: str, columns: Sequence[Column], territory: Territory, ensuite: str) -> bytes:
    import xlsxwriter
    from xlsxwriter.utility import xl_col_to_name

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    day = datetime.fromisoformat(territory.maj) if territory.maj else datetime(territory.fin, 1, 1)  # noqa: DTZ001 - a printed date, not a clock
    book.set_properties({"title": f"Modèle {genre}", "created": day})
    head = book.add_format({"bold": True, "bg_color": "#E6E6E6", "text_wrap": True, "valign": "top", "border": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(genre)
    lists = book.add_worksheet("listes")
    notice = book.add_worksheet("notice")
    sheet.freeze_panes(1, 0)
    notice.set_column(0, 0, 24)
    notice.set_column(1, 1, 90, wrap)
    notice.write_row(0, 0, ("Colonne", "Ce qu'on y écrit"), head)
    notice.write_row(len(columns) + 2, 0, ("Ensuite", ensuite))
    used = 0
    for i, column in enumerate(columns):
        sheet.write_string(0, i, column.titre, head)
        sheet.set_column(i, i, 60 if column.nom == "texte" else 18, wrap)
        notice.write_row(i + 1, 0, (column.titre, column.aide))
        rule = {"validate": "any", "input_title": column.titre[:32], "input_message": column.aide[:255]}
        if not column.choix:
            sheet.data_validation(1, i, LIGNES, i, rule)
            continue
        # Long lists do not fit in a rule, whose text is limited to 255 characters: they stand on their own sheet.
        lists.write_column(0, used, [column.titre, *column.choix])
        letter = xl_col_to_name(used)
        used += 1
        rule |= {"validate": "list", "source": f"=listes!${letter}$2:${letter}${len(column.choix) + 1}"}
        if column.nom in ("themes", "qpv", "quartiers"):
            rule |= {"error_type": "warning", "error_title": "Plusieurs ?", "error_message": "Séparez-les par |."}
        else:
            rule |= {"error_title": "Hors liste", "error_message": "Choisissez un mot de la liste."}
        sheet.data_validation(1, i, LIGNES, i, rule)
    book.close()
    return out.getvalue()
