"""What an edition states, in plain values, and what changed since an earlier one. Owns `donnees/constats.json`, `constats.csv` and
`contributions.json`, the choice of the earlier edition, the page « Ce qui a changé » and its text for a terminal; refuses to compute.

Everything comes from the executed notebooks and from the contributions that the pages show: what an edition withheld is not there.
Editions are compared by these files, never by their data, and only those made for the same readers; programs read them too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.constat.shape import Contribution
from cvanalysis.errors import UsageError
from cvanalysis.files import atomic
from cvanalysis.french import typeset
from cvanalysis.pages.changements import NATURES, Change, Followed, diff, find_changes, follow, origins_named
from cvanalysis.publish.files import count, envelope, link
from cvanalysis.tables.freshness import PACKAGE, read_record
from cvanalysis.territory.contract import Edition, Territory

if TYPE_CHECKING:
    from cvanalysis.display.constat import Constat


CONSTATS = "donnees/constats.json"
CONTRIBUTIONS = "donnees/contributions.json"
PAGE = "changements.html"
TITLE = "Ce qui a changé"
Shown = dict[str, Any]
"""A finding as its page shows it: what was printed of it (`constat.record`), and under `figure` the drawing that it shows (`svg`,
`alternative`, `hauteur`), or None."""
_ID = re.compile(rb'\{"id":"([^"]+)"')


def gather(out: Path, notebooks: Iterable[str]) -> dict[str, bytes]:
    """The records of the findings of reports, by id, in order; of one that several show, the first's. Each stays the line of JSON that it
    is in its notebook: a thousand reports, unfolded, fill the memory."""
    found: dict[str, bytes] = {}
    for name in notebooks:
        for line in lines_of(json.loads((out / "notebooks" / f"{name}.ipynb").read_bytes())):
            found.setdefault(_ID.match(line)[1].decode(), line)
    return {key: found[key] for key in sorted(found)}


def _displays(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What an executed notebook shows, in order, each by kind."""
    return (output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", []))


def lines_of(notebook: dict[str, Any]) -> list[bytes]:
    """The records in the outputs of an executed notebook, in order, each a line of JSON."""
    from cvanalysis.display.constat import lines_in

    return [line.encode() for data in _displays(notebook) for line in lines_in(data)]


def shown_in(path: Path) -> list[Shown]:
    """The findings of an executed notebook, in reading order."""
    found: dict[str, Shown] = {}
    for data in _displays(json.loads(path.read_bytes())):
        for one in shown_by(data):
            found.setdefault(one["id"], one)
    return list(found.values())


def shown_by(data: dict[str, Any]) -> list[Shown]:
    """The findings in one display of a notebook (kind → content)."""
    from cvanalysis.display.constat import FIGURES, lines_in

    drawn = {one.pop("id"): one for one in map(json.loads, lines_in(data, FIGURES))}
    return [one | {"figure": drawn.get(one["id"])} for one in map(json.loads, lines_in(data))]


def contributions_of(processed: Path) -> list[dict[str, str]]:
    """The contributions as the pages show them, sorted by what they cite, oldest first."""
    import pandas as pd

    from cvanalysis.paroles.said import contributions_by_finding
    from cvanalysis.tables.store import read_bytes, read_parquet

    path = processed / "contributions.parquet"
    frame = read_parquet(read_bytes(path)) if path.exists() else pd.DataFrame()
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


# ----------------------------------------------------------------------------- from one edition to the next


def read_stated(folder: Path) -> dict[str, Any]:
    """What the edition in that folder states, and for whom; {} where it is not built."""
    stated, said = atomic.read_json(folder / CONSTATS), atomic.read_json(folder / CONTRIBUTIONS)
    if not stated or not said:
        return {}
    return stated | {"contributions": [Contribution(**one) for one in said["contributions"]]}


def _readers(stated: dict[str, Any]) -> tuple[str, str]:
    return stated["territoire"], stated["audience"]


def compare(then: dict[str, Any], now: dict[str, Any]) -> tuple[tuple[Change, ...], tuple[Followed, ...]]:
    """What changed of the findings and of the contributions that two editions state."""
    made_of = then.get("origines", {}), now.get("origines", {})
    return diff(then["constats"], now["constats"], made_of), follow(then["contributions"], now["contributions"])


def earlier_editions(territory: Territory) -> list[Edition]:
    """The declared editions that come before this one, the nearest first."""
    ordered = sorted(territory.editions, key=lambda edition: edition.jusqu_au)
    return ordered[: ordered.index(territory.edition)][::-1] if territory.edition in ordered else []


def earlier_files(out: Path, territory: Territory) -> dict[str, str]:
    """Digest of each file of an earlier edition that the page may be made from, '' where it is not there, by path from `out`."""
    names = [f"../{one.id}/{name}" for one in earlier_editions(territory) for name in (CONSTATS, CONTRIBUTIONS)]
    return {name: atomic.digest(out / name) for name in names}


def write_changes(out: Path, territory: Territory, audience: str, processed: Path) -> dict[str, bytes]:
    """`changements.html`, from what this edition states and from the nearest earlier one for the same readers.

    `processed` holds the tables of this edition: titles quote what is written there.

    Raises `ReportFailed` where the page does not keep its contract: the one that stands is not touched.
    """
    from cvanalysis.display.constat import Constat
    from cvanalysis.publish.page.page import wrap_template
    from cvanalysis.publish.run.produce import hold_to_contract
    from cvanalysis.tables.store import Store

    shown: list[Constat] = []
    for edition in earlier_editions(territory):
        then = read_stated(out.parent / edition.id)
        if then and _readers(then) == (territory.id, audience):
            if now := read_stated(out):
                frame = Store(processed, territory, audience).rows("engagements")
                said = {one["id"]: one["question"] for one in (*then["constats"], *now["constats"])}
                said |= zip(frame["code"], frame["libelle"], strict=True) if len(frame) else {}
                found = find_changes(*compare(then, now), territory, edition.nom, said)
                # The titles quoted here are those of other findings: some may be invented wherever the territory declares examples.
                shown = [Constat(replace(one, exemple=bool(territory.exemples)), territory) for one in found]
            break
    html = wrap_template(
        "changements.html.j2",
        envelope(TITLE, territory, audience, index=link("Toutes les analyses", "index.html")),
        parties=list(zip(("Dans les constats", "Dans les contributions"), shown, strict=False)),
        edition=territory.edition.nom,
    )
    ids = [one.finding.id for one in shown if one.finding.figure]
    hold_to_contract(html, ids, processed, territory.dossier, f"la page « {TITLE} »")
    return {PAGE: html.encode()}


def tell_changes(out: Path, before: str, after: str) -> str:
    """What changed from edition `before` to `after`, both built under `out`, as text for a terminal.

    Raises `UsageError` where one is not built, or where they are not for the same readers.
    """
    then, now = read_stated(out / before), read_stated(out / after)
    if missing := [name for name, one in ((before, then), (after, now)) if not one]:
        raise UsageError(
            f"Pas construite dans « {out} » : édition {' et '.join(missing)}. "
            f"Construisez-la d'abord : cvanalysis build --edition {missing[0]}."
        )
    if _readers(then) != _readers(now):
        raise UsageError(
            f"Ces deux éditions ne se comparent pas : {before} est construite pour « {then['audience']} » ({then['territoire']}), "
            f"{after} pour « {now['audience']} » ({now['territoire']})."
        )
    changes, followed = compare(then, now)
    followed_count = f"{count(len(followed), 'contribution')} dont le statut a changé, nouvelles comprises"
    lines = [f"De {before} à {after} : {count(len(changes), 'changement')} dans les constats, {followed_count}."]
    for nature in NATURES:
        mine = [one for one in changes if one.nature == nature]
        if mine:
            plural = ("x" if nature == "nouveau" else "s") if len(mine) > 1 else ""
            lines += ["", f"{count(len(mine), 'constat')} {nature}{plural}"]
        for one in mine:
            said = {"avant : ": one.avant, "maintenant : ": one.apres}
            if one.avant == one.apres:
                said = {"": f"{one.apres} (le tableau change)"}
            lines.append(f"  {one.id} ({one.raison})")
            lines += [f"    {when}{title}" for when, title in said.items() if title]
    if followed:
        lines += ["", "Contributions"]
    for one in followed:
        text = f"« {one.texte} »" if one.texte else "(texte non publié)"
        moved = f"{one.avant} → {one.apres}" if one.avant else one.apres
        lines += [f"  {one.cite} : {text}", f"    {moved}. {one.reponse}".rstrip()]
    return "\n".join(" " * (len(line) - len(line.lstrip())) + typeset(line.strip()) for line in lines)
