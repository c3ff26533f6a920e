"""What goes to the meetings. Owns which sheets, poster and hand-over file an edition has and when each is made again.

Each is made in a child of its own, from the same findings as the pages, and keeps a record of the rows that it read: it is made again
where they, the declarations, the code or the readers change. Refuses to choose what a sheet shows (`supports` does).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cvanalysis.publish import atomic
from cvanalysis.publish.child import MIO, Limits, run_children

if TYPE_CHECKING:
    from cvanalysis.dossier import Dossier, PageAffichee
    from cvanalysis.findings.finding import Finding
    from cvanalysis.publish.decision import Decision, Fate
    from cvanalysis.publish.plan import Report
    from cvanalysis.publish.slices import Slices

HANDOVER = "passation.docx"
POSTER = "supports/affiche.html"
WHOLE = "synthese"
"""The report that the poster and the hand-over file go with: they speak of the whole contract."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One thing to print or hand over: its key, its files with their titles, and what makes them."""

    key: str
    files: dict[str, str]
    make: Callable[[Dossier], dict[str, bytes]]


def make_papers(
    decision: Decision, fates: list[Fate], asked: set[str], slices: Slices, log: list[dict[str, Any]]
) -> tuple[list[tuple[str, str]], list[str], bool]:
    """Make what has to be; returns the files that stand with their titles, in reading order, what went wrong, whether all is up to date.

    Only reports that were asked for and whose page stands have theirs made; what others had stays.
    """
    out, options = decision.out, decision.options
    papers = [paper for fate in fates if fate.record for paper in papers_of(fate.report)]
    keys = {paper.key for fate in fates if fate.record and fate.report.id in asked for paper in papers_of(fate.report)}
    parts = atomic.digest_value(
        [decision.inputs.code, decision.inputs.versions, decision.territory_digest, options.audience]
    )
    late = [paper for paper in papers if not stands(decision, paper, parts, slices)]
    waiting = [paper for paper in papers if paper.key in keys and (options.force or paper in late)]

    def works() -> Iterator[tuple[str, Callable[[Any], Any]]]:
        for paper in waiting:
            yield paper.key, lambda _emit, paper=paper: make(decision, paper, parts, slices)

    problems = []
    limits = Limits(options.timeout, options.memory * MIO)
    for key, outcome in run_children(works(), options.jobs, limits) if waiting else ():
        log.append({"id": key, "fin": outcome.kind, "secondes": round(outcome.wall, 3), "cpu": round(outcome.cpu, 3)})
        if outcome.kind != "fini":
            problems.append(f"Support {key} : échec. {outcome.cause.strip().rstrip('.')}.")
    forget(decision, papers)
    there = [(name, title) for paper in papers for name, title in paper.files.items() if (out / name).exists()]
    return there, sorted(problems), not problems and all(paper in waiting for paper in late)


def papers_of(report: Report) -> list[Paper]:
    """What goes with a report: a sheet with a quarter's or a theme's, the poster and the hand-over file with the synthesis."""
    if report.id == WHOLE:
        poster = Paper("affiche", {POSTER: "Affiche du contrat (A3)"}, make_poster)
        handover = Paper(
            "passation", {HANDOVER: "Dossier de passation, pour écrire le prochain contrat (.docx)"}, make_handover
        )
        return [poster, handover]
    if report.genre in {"quartier", "theme"}:
        name = f"supports/feuille-{report.court}.html"
        return [
            Paper(
                f"feuille-{report.court}",
                {name: f"Feuille\u00a0: {report.titre}"},
                lambda dossier: make_sheet(dossier, report),
            )
        ]
    return []


def stands(decision: Decision, paper: Paper, parts: str, slices: Slices) -> bool:
    """Whether the paper that stands is what would be made today."""
    record = atomic.read_json(record_path(decision, paper.key))
    return (
        bool(record)
        and record["parts"] == parts
        and not slices.changed(record)
        and all(atomic.digest(decision.out / name) == one for name, one in record["fichiers"].items())
    )


def make(decision: Decision, paper: Paper, parts: str, slices: Slices) -> str:
    """In the child: make a paper and its record, and put them in place together."""
    from cvanalysis.dossier import Dossier
    from cvanalysis.ingest.store import Store
    from cvanalysis.publish.opened import record_opened
    from cvanalysis.publish.produce import recorded_reads

    data = decision.options.data
    opened = record_opened(data)
    files = paper.make(Dossier(decision.territory, Store(slices.processed, decision.territory)))
    record = {
        "parts": parts,
        "audience": decision.options.audience,
        "tables": slices.tables,
        "lectures": recorded_reads(data, opened),
        "fichiers": {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()},
    }
    out = decision.out
    atomic.write_all(
        [
            *((out / name, raw) for name, raw in files.items()),
            (record_path(decision, paper.key), atomic.to_json(record)),
        ]
    )
    return paper.key


def record_path(decision: Decision, key: str) -> Any:
    return decision.out / ".etat" / "supports" / f"{key}.json"


def forget(decision: Decision, papers: Iterable[Paper]) -> None:
    """Remove what belongs to reports that are no longer there, and what an earlier build made for other readers."""
    wanted = {paper.key for paper in papers}
    for path in (decision.out / ".etat" / "supports").glob("*.json"):
        record = atomic.read_json(path)
        if record and (path.stem not in wanted or record["audience"] != decision.options.audience):
            for name in record["fichiers"]:
                (decision.out / name).unlink(missing_ok=True)
            path.unlink()


# --------------------------------------------------------------------------------------------- what each is made of


def make_sheet(dossier: Dossier, report: Report) -> dict[str, bytes]:
    from cvanalysis.publish.supports import render_sheet

    if report.genre == "quartier":
        fiche = dossier.fiche(report.court)
        subject = dossier.territory.quartier(report.court)
        found = [*fiche.fiche.constats(), *findings_of(fiche.actions())]
    else:
        subject = next(theme for theme in dossier.territory.themes if theme.id == report.court)
        found = findings_of(dossier.theme(report.court))
    sheet = render_sheet(dossier.territory, subject, found)
    return {sheet.path: sheet.html.encode()}


def make_poster(dossier: Dossier) -> dict[str, bytes]:
    from cvanalysis.publish.supports import render_poster

    found = [*dossier.synthese().synthese.constats(), *(one for _, page in whole(dossier) for one in findings_of(page))]
    poster = render_poster(dossier.territory, found)
    return {poster.path: poster.html.encode()}


def make_handover(dossier: Dossier) -> dict[str, bytes]:
    from cvanalysis.display.phrases import write
    from cvanalysis.publish.handover import Part, write_handover

    parts = [Part("Les quartiers ensemble", dossier.synthese().synthese.constats())]
    pages = [(theme.nom, dossier.theme(theme.id)) for theme in dossier.territory.themes]
    parts += [
        Part(title, findings_of(page)) for title, page in [*pages, *whole(dossier), ("Le récit", dossier.recit())]
    ]
    known = {finding.id: write(finding.message) for part in parts for finding in part.constats}
    return {HANDOVER: write_handover(dossier.territory, parts, dossier.recommendations(known))}


def whole(dossier: Dossier) -> list[tuple[str, PageAffichee]]:
    """The pages that speak of the whole contract, with their titles."""
    return [
        ("Les engagements", dossier.engagements()),
        ("Les partenaires", dossier.partenaires()),
        ("La participation", dossier.participation()),
    ]


def findings_of(page: PageAffichee) -> tuple[Finding, ...]:
    """The findings of a page, in reading order."""
    return tuple(page.constat(number).finding for number in page.numeros)
