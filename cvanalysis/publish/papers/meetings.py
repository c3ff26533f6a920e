"""What goes to the meetings. Owns which sheets, poster and hand-over file an edition has, and when each is made again.

Each is made of what the executed notebooks state and show, never computed anew: it can't disagree with the pages, and costs little. It is
made again where one of its notebooks, the declarations or the code changes. Refuses to choose what a sheet shows (`supports` does).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic
from cvanalysis.publish.papers.statements import Shown, shown_in
from cvanalysis.publish.run.child import Limits, run_children

if TYPE_CHECKING:
    from pathlib import Path

    from cvanalysis.publish.memory.decision import Decision, Fate
    from cvanalysis.publish.memory.slices import Slices
    from cvanalysis.territory.contract import Territory


HANDOVER = "passation.docx"
POSTER = "affiche"

WHOLE = ("synthese", "engagements", "partenaires", "participation")
"""Reports that speak of the whole contract: the poster is made of them."""

CHAIN = ("preconisations", "paroles", "codes", "immersions", "engagements")
"""Tables that the chains of the préconisations are read from."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One thing to print or hand over: its key, its file, what it is called, the reports that it is made of (id → title)."""

    key: str
    file: str
    titre: str
    of: Mapping[str, str]


def make_papers(
    decision: Decision, fates: list[Fate], slices: Slices, log: list[dict[str, Any]]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Make what has to be; returns the files that stand with their titles, in reading order, and what went wrong."""
    out = decision.out
    notebooks = {
        fate.report.id: fate.record["fichiers"][f"notebooks/{fate.report.id}.ipynb"]
        for fate in fates
        if fate.record and fate.record["parts"]["audience"] == decision.options.audience
    }
    papers = papers_of([fate for fate in fates if fate.report.id in notebooks])
    keys = {paper.key: _digest(paper, decision, notebooks, slices) for paper in papers}
    forget(out, decision.etat, keys)
    late = [paper for paper in papers if not _stands(decision, paper.key, keys[paper.key])]

    def work(_emit: Any) -> dict[str, str]:
        return {paper.titre: cause for paper in late if (cause := _try(out, paper, keys[paper.key], decision, slices))}

    problems = []
    for _, outcome in run_children(iter([("supports", work)]), 1, Limits(None, None, None)) if late else ():
        log.append(
            {"id": "supports", "fin": outcome.kind, "secondes": round(outcome.wall, 3), "cpu": round(outcome.cpu, 3)}
        )
        causes = outcome.value if outcome.kind == "fini" else {"Supports": outcome.cause}
        problems = [f"{name}\u00a0: échec. {cause.strip().rstrip('.')}." for name, cause in causes.items()]
    return [(paper.file, paper.titre) for paper in papers if (out / paper.file).exists()], problems


def papers_of(fates: Iterable[Fate]) -> list[Paper]:
    """What these reports give: a sheet for each quarter and theme; with the synthesis, the poster and the hand-over file."""
    reports = {fate.report.id: fate.report for fate in fates}
    titles = {key: report.titre for key, report in reports.items()}
    papers = []
    if WHOLE[0] in reports:
        told = [WHOLE[0], *(key for key, report in reports.items() if report.genre == "theme"), *WHOLE[1:], "recit"]
        papers = [
            Paper(POSTER, f"supports/{POSTER}.html", "Affiche du contrat (A3)", _some(titles, WHOLE)),
            Paper(
                "passation",
                HANDOVER,
                "Dossier de passation, pour écrire le prochain contrat (.docx)",
                _some(titles, told),
            ),
        ]
    return papers + [
        Paper(
            f"feuille-{report.court}",
            f"supports/feuille-{report.court}.html",
            f"Feuille\u00a0: {report.titre}",
            _some(titles, [key]),
        )
        for key, report in reports.items()
        if report.genre in {"quartier", "theme"}
    ]


def _some(titles: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    return {key: titles[key] for key in keys if key in titles}


def _digest(paper: Paper, decision: Decision, notebooks: Mapping[str, str], slices: Slices) -> str:
    """All that a paper is made of."""
    return atomic.digest_value(
        [
            [[key, notebooks[key], paper.of[key]] for key in paper.of],
            [slices.tables.get(name) for name in CHAIN] if paper.file == HANDOVER else [],
            decision.inputs.code,
            decision.inputs.versions,
            decision.territory_digest,
            decision.options.audience,
        ]
    )


def _record_path(etat: Path, key: str) -> Path:
    return etat / "supports" / f"{key}.json"


def _stands(decision: Decision, key: str, digest: str) -> bool:
    """Whether the paper that stands is what would be made today."""
    record = atomic.read_json(_record_path(decision.etat, key))
    return (
        bool(record) and record["cle"] == digest and atomic.digest(decision.out / record["fichier"]) == record["sha256"]
    )


def forget(out: Path, etat: Path, keys: Iterable[str]) -> None:
    """Remove what belongs to reports that are no longer there."""
    wanted = set(keys)
    for path in (etat / "supports").glob("*.json"):
        if path.stem not in wanted and (record := atomic.read_json(path)):
            (out / record["fichier"]).unlink(missing_ok=True)
            path.unlink()


def _try(out: Path, paper: Paper, digest: str, decision: Decision, slices: Slices) -> str:
    """Make a paper and its record, in place together; '' or why it could not be made, which does not stop the others."""
    try:
        raw = _make(out, paper, decision, slices)
        record = {"cle": digest, "fichier": paper.file, "sha256": hashlib.sha256(raw).hexdigest()}
        atomic.write_all([(out / paper.file, raw), (_record_path(decision.etat, paper.key), atomic.to_json(record))])
    except Exception as error:  # noqa: BLE001 (whatever it is, it is said)
        return str(error) or type(error).__name__
    return ""


def _make(out: Path, paper: Paper, decision: Decision, slices: Slices) -> bytes:
    from cvanalysis.publish.papers.supports import render_poster, render_sheet

    territory, audience = decision.territory, decision.options.audience
    shown = {key: _shown(out, key) for key in paper.of}
    if paper.file == HANDOVER:
        return _make_handover(territory, audience, slices, {paper.of[key]: found for key, found in shown.items()})
    found = [one for some in shown.values() for one in some]
    if paper.key == POSTER:
        return render_poster(territory, found, audience).html.encode()
    [(key, titre)] = paper.of.items()
    return render_sheet(territory, key.rpartition("/")[2], titre, found, audience).html.encode()


def _shown(out: Path, report: str) -> tuple[Shown, ...]:
    return shown_in(json.loads((out / "notebooks" / f"{report}.ipynb").read_bytes()))


def _make_handover(
    territory: Territory, audience: str, slices: Slices, chapters: Mapping[str, tuple[Shown, ...]]
) -> bytes:
    from cvanalysis.dossier import Dossier
    from cvanalysis.publish.papers.handover import Part, write_handover

    parts = [Part(titre, tuple(one.dit for one in shown)) for titre, shown in chapters.items()]
    known = {dit["id"]: dit["message"] for part in parts for dit in part.constats}
    return write_handover(territory, parts, Dossier(territory, slices.store).recommendations(known), audience)
