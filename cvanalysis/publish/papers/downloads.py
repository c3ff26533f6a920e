"""The processed tables as files for people. Owns the CSV under `donnees/` and the Table Schema beside each; refuses to publish a
table or a column that `downloads.toml` does not declare.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic

if TYPE_CHECKING:
    import pandas as pd

    from cvanalysis.territory.contract import Territory


DECLARED: dict[str, Any] = tomllib.loads((Path(__file__).parent / "downloads.toml").read_text(encoding="utf-8"))
COMPUTED = ("constats", "couverture")  # declared here too, and made of something else than a processed table

FORMULA = re.compile(r"[\t\r]|[\s\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2069]*[=+\-@＝＋－＠]")
"""How a cell that a spreadsheet would run begins: blanks and invisible marks before the sign, or its full-width form, change nothing."""


def write_downloads(processed: Path, territory: Territory) -> dict[str, bytes]:
    """`donnees/*.csv` and their schemas, by their path under the edition's folder. Of who has been heard and who has not, where someone
    has: never a word nor a count of `paroles`."""
    from cvanalysis.catalogue import load_catalogue
    from cvanalysis.paroles.turnout import count_participations, coverage_table
    from cvanalysis.tables.store import read_bytes, read_parquet

    known = load_catalogue(territory.ajouts).indicateurs.items()
    labels = {  # for who does not know codes by heart: column → that of the code, what it says
        "nom_zone": ("zone", territory.noms),
        "nom_indicateur": ("indicateur", {key: one.nom for key, one in known}),
        "unite": ("indicateur", {key: one.unite for key, one in known}),
    }
    files: dict[str, bytes] = {}
    for name, declared in DECLARED.items():
        source = processed / f"{name}.parquet"
        if name in COMPUTED or not source.exists():
            continue
        frame = read_parquet(read_bytes(source))
        for column, (code, said) in labels.items():
            if code in frame.columns:
                frame[column] = frame[code].map(said).fillna("")
        for column, start in declared.get("seulement", {}).items():
            frame = frame[frame[column].astype(str).str.startswith(start)]
        files |= write_table(name, frame)
    voices = processed / "paroles.parquet"
    if voices.exists() and len(paroles := read_parquet(read_bytes(voices))):
        files |= write_table("couverture", coverage_table(count_participations(paroles, territory)))
    return files


def write_table(name: str, frame: pd.DataFrame) -> dict[str, bytes]:
    """The declared columns of a frame as a CSV, and their schema."""
    declared = DECLARED[name]
    columns = [one for one in declared["colonnes"] if one["nom"] in frame.columns]
    return {
        f"donnees/{name}.csv": to_french_csv(frame[[one["nom"] for one in columns]]),
        f"donnees/{name}.schema.json": atomic.to_json(table_schema(name, declared, columns)),
    }


def as_text_cell(cell: object) -> object:
    """What a person wrote, so that no spreadsheet runs it: a cell that starts as a formula does gets the apostrophe that makes it text.

    A NUL, at which readers of CSV stop, is shown by the mark of a character that cannot be.
    """
    if not isinstance(cell, str):
        return cell
    return (f"'{cell}" if FORMULA.match(cell) else cell).replace("\0", "\ufffd")


def to_french_csv(frame: pd.DataFrame) -> bytes:
    """Semicolons, decimal comma, UTF-8 with the mark by which spreadsheets know it, lines as spreadsheets end them."""
    import pandas as pd

    words = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    # The same words stand in thousands of rows: each is looked at once.
    safe = {name: {one: as_text_cell(one) for one in frame[name].dropna().unique()} for name in words}
    frame = frame.assign(**{name: frame[name].map(safe[name]) for name in words})
    text = frame.to_csv(index=False, sep=";", decimal=",", lineterminator="\r\n")
    return b"\xef\xbb\xbf" + text.encode()


def table_schema(name: str, declared: dict[str, Any], columns: list[dict[str, Any]]) -> dict[str, Any]:
    """The Table Schema of a CSV: what each column is, in French."""
    fields = [
        {"name": one["nom"], "title": one["titre"], "type": one["type"]}
        | ({"decimalChar": ","} if one["type"] == "number" else {})
        | ({"description": one["description"]} if "description" in one else {})
        | ({"constraints": {"enum": one["valeurs"]}} if "valeurs" in one else {})
        for one in columns
    ]
    schema = {"name": name, "title": declared["titre"], "fields": fields, "missingValues": [""]}
    return schema | ({"primaryKey": declared["cle"]} if "cle" in declared else {})
