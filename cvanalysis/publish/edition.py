"""What speaks of a whole edition: downloads, statements, papers, index, manifest. Owns the end of a build, and which of the editions that
stand beside hold voices that they may hold no more; refuses to make a report."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from cvanalysis.files import atomic
from cvanalysis.files.child import run_one
from cvanalysis.publish.files import Say, audience_of, count, read_manifest, shown, state_folder
from cvanalysis.publish.memory.decision import ABSENT, EDITION, Decision, Fate, Slices
from cvanalysis.publish.memory.ledger import Ledger
from cvanalysis.publish.papers import statements
from cvanalysis.publish.papers.downloads import write_downloads
from cvanalysis.publish.papers.statements import CONSTATS, CONTRIBUTIONS, earlier_files
from cvanalysis.publish.papers.supports import CHAIN, HANDOVER, WHOLE, make_paper
from cvanalysis.publish.plan import read_purposes
from cvanalysis.tables import freshness
from cvanalysis.tables.freshness import VOICES
from cvanalysis.territory.contract import Edition as Declared
from cvanalysis.territory.contract import Territory

DONE, FAILED = 0, 1
LOOKED_AT = "paroles"
"""In the ledger of an edition: the files of voices for which it was last found to be right."""
TITLES = 100_000
"""Characters of titles and addresses of findings that the index has room for."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is made of what stands: its key in the ledger, what a person calls it, what it is made of, what gives its files."""

    key: str
    titre: str
    of: dict[str, Any]
    make: Callable[[], dict[str, bytes]]


@dataclass
class Edition:
    """The end of a build, once its reports are made."""

    decision: Decision
    fates: list[Fate]
    processed: dict[str, Any]
    slices: Slices
    log: list[dict[str, Any]]
    warn: Say
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.out, self.territory, self.ledger = self.decision.out, self.decision.territory, self.decision.ledger
        self.audience = self.decision.options.audience
        # The executed notebooks of the pages that stand, by report; not of those that are of a build for others.
        self.notebooks = {
            fate.report.id: fate.record["fichiers"][f"notebooks/{fate.report.id}.ipynb"]
            for fate in self.fates
            if fate.record and fate.record["de"]["audience"] == self.audience
        }

    def conclude(self, started: float, say: Say) -> int:
        """Make and write all that speaks of the whole edition, its record last; returns the exit status."""
        from cvanalysis.publish.site import write_editions

        downloads = self.renew("données", self.downloads())
        downloads += self.renew("constats", self.statements())
        downloads += self.renew("changements", self.changes())
        papers = self.papers()
        self.ledger.keep_only("supports", [paper.key for paper in papers.values()])
        self.renew("supports", *papers.values())
        standing = [(file, paper.titre) for file, paper in papers.items() if (self.out / file).exists()]
        for name, thing in zip(("index", "envoi"), self.index(downloads, standing), strict=True):
            self.renew(name, thing)
        manifest = self.manifest()
        atomic.write(self.out / "manifest.json", atomic.to_json(manifest))
        write_editions(self.decision.options.out.resolve(), self.territory)
        took = time.perf_counter() - started
        spent = (
            f"{took // 60:.0f}\N{NO-BREAK SPACE}min {int(took % 60)}" if took >= 60 else f"{took:.1f}".replace(".", ",")
        )
        log = {"secondes": round(took, 3), "jobs": self.decision.options.jobs, "taches": self.log}
        atomic.write(self.out / "build-log.json", atomic.to_json(log))
        code = self.keep(manifest, [*downloads, *(file for file, _ in standing), "index.html"])
        built, same, failed = (
            sum(f.status == status for f in self.fates) for status in ("built", "unchanged", "failed")
        )
        say(
            f"{count(built, 'rapport')} construit{'s' if built > 1 else ''}, {same} à jour, {count(failed, 'échec')} "
            f"en {spent}\N{NO-BREAK SPACE}s : {shown(self.out / 'index.html')}"
        )
        return code

    def keep(self, manifest: dict[str, Any], others: list[str]) -> int:
        """Say what went wrong, and keep the record of the edition; returns the exit status."""
        messages = [f"Fichier laissé de côté : {one}" for one in self.processed["illisibles"]]
        doubtful = (*self.processed["avertissements"], *read_purposes(self.decision.notebooks)[1])
        messages += [*(f"À vérifier : {one}" for one in doubtful), *self.problems]
        for message in messages:
            self.warn(message)
        outputs = {name: one for fate in self.fates if fate.record for name, one in fate.record["fichiers"].items()}
        outputs |= {name: atomic.digest(self.out / name) for name in others}
        # What « Ce qui a changé » was made from: an earlier edition that comes, goes or changes makes this one be looked at again.
        outputs |= earlier_files(self.out, self.territory)
        failed = any(fate.status == "failed" for fate in self.fates)
        code = FAILED if failed or self.problems or self.processed["illisibles"] else DONE
        late = failed or any(fate.stale or fate.status == "absent" for fate in self.fates)
        self.ledger.note(
            EDITION,
            self.decision.inputs,
            outputs,
            generation=self.decision.generation,
            complet=not self.problems and not late,
            code=code,
            messages=messages,
            manifeste=atomic.digest_value(lasting(manifest)),
            paroles=sorted([one["fichier"], one["sha256"]] for one in self.processed["sources"] if is_voice(one)),
        )
        return code

    # ------------------------------------------------------------------------------------------- what is made of what

    def thing(self, key: str, titre: str, make: Callable[[], dict[str, bytes]], **of: Any) -> Thing:
        return Thing(key, titre, self.decision.common | of, make)

    def downloads(self) -> Thing:
        make = partial(write_downloads, self.slices.processed, self.territory)
        return self.thing("donnees", "Téléchargements", make, tables=self.slices.tables)

    def statements(self) -> Thing:
        """What this edition states, from its executed notebooks and the contributions that they show."""

        def make() -> dict[str, bytes]:
            records = statements.gather(self.out, self.notebooks)
            return statements.write_statements(self.slices.processed, self.territory, self.audience, records)

        return self.thing(
            "constats",
            "Constats de l'édition",
            make,
            executes=self.notebooks,
            contributions=self.slices.tables.get("contributions", ""),
            origines=freshness.read_record(self.slices.processed).get("fait_de"),
        )

    def changes(self) -> Thing:
        """What changed since the earlier edition; the two state it."""
        make = partial(statements.write_changes, self.out, self.territory, self.audience, self.slices.processed)
        here = {name: atomic.digest(self.out / name) for name in (CONSTATS, CONTRIBUTIONS)}
        return self.thing(
            "changements", "Ce qui a changé", make, constats=here | earlier_files(self.out, self.territory)
        )

    def papers(self) -> dict[str, Thing]:
        """The poster and the hand-over file, by their path, where the reports that stand give them."""
        reports = [fate.report for fate in self.fates if fate.report.id in self.notebooks]
        found = {}
        for key, file, titre in WHOLE:
            of = sorted((one for one in reports if key in one.supports), key=lambda one: one.supports[key])
            if any(one.genre == "contrat" for one in of):
                make = partial(make_paper, self.out, file, of, self.territory, self.audience, self.slices)
                made_of = [[one.id, self.notebooks[one.id], one.titre] for one in of]
                tables = [self.slices.tables.get(name, "") for name in CHAIN] if file == HANDOVER else []
                found[file] = self.thing(f"supports/{key}", titre, make, carnets=made_of, tables=tables)
        return found

    def index(self, downloads: list[str], papers: list[tuple[str, str]]) -> tuple[Thing, Thing]:
        """The page that leads to the others, and all of them in one file to send: neither state nor notebooks, and beside the edition
        where everybody may have it."""
        from cvanalysis.dossier import Dossier
        from cvanalysis.publish.site import describe, pack, render_index, render_readme

        reports = [describe(fate) for fate in self.fates]
        home = ("../" if self.audience == "public" else "") + f"{self.territory.edition.id}.zip"
        pages = {one["url"] for one in reports if one["url"]} | {file for file, _ in papers}
        names = sorted(pages | {name for name in downloads if not name.endswith((CONSTATS, CONTRIBUTIONS))})
        of = {
            "pages": reports,
            "tables": self.slices.tables,
            "contours": {name: one for name, one in self.decision.inputs["data"].items() if name.startswith("geo/")},
            "fichiers": {name: atomic.digest(self.out / name) for name in (*names, CONSTATS)},
            "supports": papers,
        }

        def render(envoi: str = home) -> dict[str, bytes]:
            parts = {"papiers": papers, "constats": self.titles(), "envoi": envoi}
            if any(one["genre"] == "quartier" and one["url"] for one in reports) and not self.territory.vaste:
                opened = Dossier(self.territory, self.slices.store)
                os.environ[ABSENT] = " ".join(one["id"] for one in reports if not one["url"])
                parts["accueil"] = opened.plan().html, opened.cartons().html
            return {"index.html": render_index(self.territory, self.audience, reports, downloads, **parts)}

        def send() -> dict[str, bytes]:
            files = {name: (self.out / name).read_bytes() for name in names} | render("")
            files["lisez-moi.html"] = render_readme(self.territory, self.audience, len(pages))
            return {home: pack(self.territory, files)}

        return (
            self.thing("index", "Page d'accueil", render, **of),
            self.thing("envoi", "Édition en un fichier", send, **of),
        )

    def titles(self) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """Each page that stands with its findings (number, title), of each as many of the weightiest as the index has room for."""
        if self.territory.vaste:
            return []
        stated = atomic.read_json(self.out / CONSTATS) or {"constats": []}
        said = {one["id"]: (one["message"], one["poids"]) for one in stated["constats"]}
        pages = []
        for fate in filter(lambda fate: fate.record, self.fates):
            found = sorted((key for key in fate.record["findings"] if key in said), key=lambda key: -said[key][1])
            pages.append((fate.report, [(key, said[key][0]) for key in found]))
        for most in range(max((len(found) for _, found in pages), default=0), 0, -1):
            if sum(len(f"{page.path}{key}{title}") for page, found in pages for key, title in found[:most]) < TITLES:
                return [(page.titre, page.path, found[:most]) for page, found in pages if found]
        return []

    def renew(self, name: str, *things: Thing) -> list[str]:
        """Make those of the things that are made of something else now, in one child; returns the files of those that stand.

        One that can't be made is said and does not stop the others.
        """
        late = [thing for thing in things if not self.ledger.stands(thing.key, thing.of)]

        def work(_emit: Any) -> dict[str, str]:
            causes = {}
            for thing in late:
                try:
                    self.ledger.put(thing.key, thing.of, thing.make())
                except Exception as error:  # noqa: BLE001 (whatever it is, it is said)
                    causes[thing.titre] = str(error) or type(error).__name__
            return causes

        if late:
            outcome = run_one(work)
            self.log.append({"id": name} | outcome.told())
            causes = outcome.value if outcome.kind == "fini" else {thing.titre: outcome.cause for thing in late}
            self.problems += [f"{titre} : échec. {cause.strip().rstrip('.')}." for titre, cause in causes.items()]
        return [file for thing in things for file in self.ledger.stands(thing.key, thing.of).get("fichiers", ())]

    def manifest(self) -> dict[str, Any]:
        return {
            "territoire": self.territory.id,
            "edition": self.territory.edition.id,
            "audience": self.audience,
            "reports": [
                {
                    "id": fate.report.id,
                    "path": fate.report.path,
                    "notebook": fate.report.notebook,
                    "parameters": fate.report.parameters,
                    "status": fate.status,
                    "why": fate.why,
                    "inputs_sha256": self.decision.inputs_digest(fate),
                    "findings": fate.record["findings"] if fate.record else [],
                }
                for fate in self.fates
                if fate.status != "absent"
            ],
            "sources": shown_sources(self.processed["sources"], self.audience),
        }


def is_voice(source: dict[str, Any]) -> bool:
    """Whether a source of the manifest is a file of voices, or made of them."""
    return source["fichier"].startswith(VOICES) or source["famille"].startswith("paroles")


def shown_sources(sources: list[dict[str, Any]], audience: str) -> list[dict[str, Any]]:
    """The sources as those who are handed the edition may have them: no digest of voices, and their files' names for the team alone."""
    shown = []
    for one in sources:
        if is_voice(one):
            one = one | {"sha256": ""}
            if audience != "equipe" and one["fichier"].startswith(VOICES):
                one |= {"fichier": "paroles", "famille": "paroles"}
        if one not in shown:
            shown.append(one)
    return shown


def lasting(manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest without what differs between the build that made the pages and one that finds them made."""
    return manifest | {"reports": [report | {"status": "", "why": ""} for report in manifest["reports"]]}


# ------------------------------------------------------------------------------------------- editions that stand beside


def to_build_again(territory: Territory, out: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """(edition, audience) of those that stand under `out` and hold other voices than they may, the oldest first; and the names of
    those that may, and that the territory declares no longer: nothing can build them again.

    A voice that is withdrawn leaves every edition at the next build, whichever edition that build is for; one handed over is otherwise
    left alone.
    """
    now = freshness.voices(atomic.digest_tree(territory.dossier))
    declared = {one.id: one for one in sorted(territory.editions, key=lambda one: one.jusqu_au)}
    again, orphans = {}, []
    for folder in sorted(path for path in out.glob("*") if path.is_dir()):
        etat = state_folder(territory.dossier, folder)
        audience = audience_of(folder, etat)
        held = read_manifest(folder)
        if not audience or held.get("territoire", territory.id) != territory.id:
            continue
        ledger = Ledger(folder, etat)
        if folder.name == territory.edition.id or voices_of(ledger) == now or ledger.stands(LOOKED_AT, now):
            continue
        if folder.name not in declared:
            orphans.append(folder.name)
        elif _holds_others(ledger, territory, declared[folder.name], audience):
            again[folder.name] = audience
        else:
            ledger.note(LOOKED_AT, now, {})
    return [(name, again[name]) for name in declared if name in again], orphans


def voices_of(ledger: Ledger) -> dict[str, str] | None:
    """The files of voices that an edition was last built from; None where it was not built to its end."""
    record = ledger.read(EDITION)
    return freshness.voices(record["de"]["data"]) if record else None


def _holds_others(ledger: Ledger, territory: Territory, edition: Declared, audience: str) -> bool:
    """Whether the voices that the edition may know are not those that it was built from. Read in a child, for no trace."""

    def work(_emit: Any) -> list[list[str]]:
        from cvanalysis.files.guard import under_guard
        from cvanalysis.paroles.clean.voices import clean_voices

        voices = under_guard(lambda: clean_voices(replace(territory, edition=edition), audience).fichiers)
        known = (one for one in voices if one.famille or one.fichier.startswith(VOICES))
        return sorted([one.fichier, one.sha256] for one in known)

    outcome = run_one(work)
    return outcome.kind != "fini" or outcome.value != ledger.read(EDITION).get("paroles")
