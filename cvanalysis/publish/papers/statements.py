"""What an edition states, in plain values. Owns `donnees/constats.json`, `constats.csv` and `contributions.json`; refuses to compute.

Everything comes from the executed notebooks and from the contributions that the pages show: what an edition withheld is not there.
The next edition is compared with these files, and programs read them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.constat.record import read_figure
from cvanalysis.files import atomic
from cvanalysis.pages.changements import origins_named
from cvanalysis.tables.freshness import PACKAGE, read_record

if TYPE_CHECKING:
    from cvanalysis.constat.shape import Figure
    from cvanalysis.territory.contract import Territory


CONSTATS = "donnees/constats.json"
CONTRIBUTIONS = "donnees/contributions.json"
_ID = re.compile(rb'\{"id":"([^"]+)"')


def gather(out: Path, notebooks: dict[str, str], known: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The records of the findings of `notebooks` (path under `out` → digest), by id, in order; and what spares reading them again.

    `known` is the ledger's record of what stands, with what the last call gave back: of notebooks that have not changed since, the
    records that stand are taken. Each stays the line of JSON that it is in its notebook: a thousand reports, unfolded, fill the memory.
    """
    standing = {}
    if known and atomic.digest(out / CONSTATS) == known["fichiers"][CONSTATS]:
        lines = (out / CONSTATS).read_bytes().split(b"\n")[1:-2]
        standing = {_id_of(line): line.rstrip(b",") for line in lines if line}
    found: dict[str, bytes] = {}
    read = {}
    for name, digest in notebooks.items():
        was = known["carnets"].get(name) if standing else None
        if was and was[0] == digest:
            mine = {one: standing[one] for one in was[1]}
        else:
            mine = {_id_of(line): line for line in lines_of(json.loads((out / name).read_bytes()))}
        read[name] = [digest, list(mine)]
        found = mine | found
    return {key: found[key] for key in sorted(found)}, read


def _id_of(line: bytes) -> str:
    return _ID.match(line)[1].decode()


def _displays(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What an executed notebook shows, in order, each by kind."""
    return (output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", []))


def lines_of(notebook: dict[str, Any]) -> list[bytes]:
    """The records in the outputs of an executed notebook, in order, each a line of JSON."""
    from cvanalysis.display.constat import lines_in

    return [line.encode() for data in _displays(notebook) for line in lines_in(data)]


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as its page shows it: what was printed of it (`constat.record`), and its figure."""

    dit: dict[str, Any]
    figure: Figure | None

    @property
    def id(self) -> str:
        return self.dit["id"]


def shown_in(path: Path) -> tuple[Shown, ...]:
    """The findings of an executed notebook with their figures, in reading order."""
    found: dict[str, Shown] = {}
    for data in _displays(json.loads(path.read_bytes())):
        for one in shown_by(data):
            found.setdefault(one.id, one)
    return tuple(found.values())


def shown_by(data: dict[str, Any]) -> tuple[Shown, ...]:
    """The findings in one display of a notebook (kind → content)."""
    from cvanalysis.display.constat import FIGURES, lines_in

    drawn = {one.pop("id"): read_figure(one) for one in map(json.loads, lines_in(data, FIGURES))}
    return tuple(Shown(one, drawn.get(one["id"])) for one in map(json.loads, lines_in(data)))


def contributions_of(processed: Path) -> list[dict[str, str]]:
    """The contributions as the pages show them, sorted by what they cite, oldest first."""
    import pandas as pd

    from cvanalysis.paroles.quotations import contributions_by_finding

    path = processed / "contributions.parquet"
    frame = pd.read_parquet(path) if path.exists() else pd.DataFrame()
    if frame.empty:
        return []
    return [asdict(one) for _, said in sorted(contributions_by_finding(frame).items()) for one in said]


_ORIGINES = {
    "actions": ("actions", "decisions.csv", "correspondances.csv"),
    "engagements": ("engagements.csv",),
    "partenaires": ("partenaires.csv",),
    "chronologie": ("chronologie.csv",),
    "perimetre": ("quartiers.csv", "communes.csv", "comparateurs.csv"),
}
SHOWN = {"voix", "instances", "preconisations", "fichiers"}
_WORDING = ("publish/", "display/", "textes/", "cli")  # how findings are told and shown, not how they are computed
_DECLARED = ("contrat.toml", "themes.csv", "piliers.csv", "colleges.csv", "preconisations.csv")


def origins_of(processed: Path, records: Mapping[str, bytes]) -> dict[str, str]:
    """What an edition is made of: a digest for each origin that a change can come from (see `pages.changements`).

    Of voices, and of what an edition bounds by its date, it is what the `records` show (a digest of the rows would answer whoever
    tries a few); of the rest, the files as they stand.
    """
    known = read_record(processed)
    if not known:
        return {}
    parts: dict[str, Any] = {}
    for name, digest in known["fait_de"]["data"].items():
        folder = name.split("/", 1)[0]
        if folder != "paroles" and name not in _DECLARED:
            origin = next((one for one, names in _ORIGINES.items() if folder in names), "chiffres")
            parts.setdefault(origin, {})[name] = digest
    for record in map(json.loads, records.values()):
        for origin in SHOWN & origins_named(record["source"]):
            parts.setdefault(origin, []).append([record["id"], record["lignes"]])
    parts["voix"] = [parts.get("voix"), contributions_of(processed)]
    code = atomic.digest_tree(PACKAGE)
    parts["methode"] = {name: one for name, one in code.items() if not name.startswith(_WORDING)}
    return {origin: atomic.digest_value(parts[origin])[:16] for origin in sorted(parts)}


def write_statements(
    processed: Path, territory: Territory, audience: str, records: dict[str, bytes]
) -> dict[str, bytes]:
    """The three files, with the schema of the table, by their path under the edition's folder."""
    import pandas as pd

    from cvanalysis.publish.papers.downloads import DECLARED, write_table

    head = {"territoire": territory.id, "edition": territory.edition.id, "audience": audience}
    said = [
        json.dumps(one, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        for one in contributions_of(processed)
    ]
    columns = [one["nom"] for one in DECLARED["constats"]["colonnes"]]
    rows = (json.loads(line) for line in records.values())
    rows = [[(one | {"constat": one["id"], "titre": one["message"]}).get(name) for name in columns] for one in rows]
    return {
        CONSTATS: _to_file(head | {"origines": origins_of(processed, records)}, "constats", records.values()),
        CONTRIBUTIONS: _to_file(head, "contributions", said),
        **write_table("constats", pd.DataFrame(rows, columns=columns)),
    }


def _to_file(head: dict[str, Any], name: str, lines: Iterable[bytes]) -> bytes:
    """JSON with one item a line: thousands of findings would take three times the room indented, and a diff shows which moved."""
    start = f'{json.dumps(head, ensure_ascii=False)[:-1]}, "{name}": [\n'.encode()
    return b"".join((start, b",\n".join(lines), b"\n]}\n"))
