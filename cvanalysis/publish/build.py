"""The build: from what changed to pages. Owns the order of things, the pool, what is printed, the exit status.

What is heavy is imported once, in this process, after it is known that something changed; each report is then a fork of it.
This process starts no thread and reads no raw file: what could leave a trace in it runs in a child.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic
from cvanalysis.files.child import MIO, Limits, Outcome, can_fork, run_children, sweep_scratch
from cvanalysis.files.guard import under_guard
from cvanalysis.french import listed
from cvanalysis.publish.edition import DONE, Edition, lasting, voices_of
from cvanalysis.publish.files import FORMER, Say, count, record_opened, shown, take_over
from cvanalysis.publish.memory.decision import ABSENT, EDITION, UNCHANGED, Decision, Fate, Options, Slices
from cvanalysis.publish.memory.ledger import LIBRARIES, Ledger, digest_notebook, report_key
from cvanalysis.publish.plan import check_notebooks, find_notebooks
from cvanalysis.tables import freshness
from cvanalysis.territory.contract import read_territory

if TYPE_CHECKING:
    from cvanalysis.publish.run.produce import Keep, Task


__all__ = ["Options", "build", "watch"]
PAUSE = 0.5  # seconds between two looks at what may be saved


def build(options: Options, say: Say, warn: Say) -> int:
    """Build what has to be. Returns the exit status (0 done, 1 some report or raw file failed).

    Raises `UsageError` and `DeclarationError` before anything is built.
    """
    started = time.perf_counter()
    notebooks = find_notebooks()
    opened = record_opened(options.data)
    territory = read_territory(options.data, options.edition)
    declarations = sorted(opened)
    inputs = {
        "data": atomic.digest_tree(options.data),
        "code": atomic.digest_tree(freshness.PACKAGE),
        "notebooks": {path.name: digest_notebook(path) for path in sorted(notebooks.glob("*.ipynb"))},
        "versions": freshness.versions(LIBRARIES),
        "options": {"edition": territory.edition.id, "audience": options.audience},
    }
    decision = Decision(options, territory, notebooks, inputs)
    if not options.force and (code := _unchanged(decision, say, warn)) is not None:
        return code
    from cvanalysis.publish.run.warm import warm_up

    warm_up()  # before any page is written: what comes first decides how libraries are loaded
    check_notebooks(decision.reports, notebooks)
    this = _Build(decision, declarations, say, warn, started)
    if options.dry_run:
        return this.foresee()
    out, etat = decision.out, decision.etat
    atomic.make_folder(out)
    atomic.make_folder(options.processed, private=True)
    atomic.make_folder(etat, private=True)
    with atomic.locked(out, shown(out)), atomic.locked(options.processed, shown(options.processed)):
        stood = any(out.iterdir())
        if take_over(out, etat, territory.id, options.audience):
            from cvanalysis.publish.site import write_editions

            cleared = "n'était pas, ou pas à coup sûr, de ce contrat et pour ces lecteurs : ses pages sont effacées."
            if stood:
                say(f"{shown(out)} {cleared}")
            # What was there is listed no more, whatever becomes of this build.
            write_editions(options.out.resolve(), territory)
        return this.run()


def _unchanged(decision: Decision, say: Say, warn: Say) -> int | None:
    """The exit status where all that was read and written is as the edition's record says: only the manifest's statuses change."""
    path = decision.out / "manifest.json"
    manifest, known = atomic.read_json(path), decision.ledger.stands(EDITION, decision.inputs)
    whole = manifest and known and known["complet"] and known["manifeste"] == atomic.digest_value(lasting(manifest))
    if not whole or (decision.out / FORMER).exists():
        return None
    for report in manifest["reports"]:
        report |= {"status": "unchanged", "why": UNCHANGED}
    raw = atomic.to_json(manifest)
    if not decision.options.dry_run and raw != path.read_bytes():
        atomic.write(path, raw)
    for message in known["messages"]:
        warn(message)
    say(f"Rien n'a changé : {count(len(manifest['reports']), 'rapport')} à jour dans {shown(decision.out)}.")
    return known["code"]


@dataclass
class _Build:
    """One run of the build, step by step; `run` reads as the table of contents. `declarations`: files that the territory was read from."""

    decision: Decision
    declarations: list[str]
    say: Say
    warn: Say
    started: float
    log: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.options, self.territory = self.decision.options, self.decision.territory

    # ------------------------------------------------------------------------------------------------ the steps

    def run(self) -> int:
        atomic.sweep(self.decision.out)
        atomic.sweep(self.decision.etat)
        sweep_scratch()
        processed = self.process(self.options.processed)
        freshness.forget_withdrawn(self.options.data, self.made_of)
        self.forget_failures()
        processed = processed | {"illisibles": processed["illisibles"] + self.left_out()}
        slices = self.slices(self.options.processed)
        slices.keep()
        self.decision.ledger.note(self.decision.environment, self.decision.made_with, {})
        fates = self.decision.decide(slices)
        self.make(fates, slices)
        if (now := replace(self.decision)).absent != self.decision.absent:
            self.decision = now  # other reports have a page than those that pages lead to
            again = now.decide(slices)
            fates = [was if was.status == "failed" else one for was, one in zip(fates, again, strict=True)]
            self.make(fates, slices)
        self.forget(slices)
        return Edition(self.decision, fates, processed, slices, self.log, self.warn).conclude(self.started, self.say)

    def forget_failures(self) -> None:
        """Remove what failed reports left aside under other voices than today's: it may quote one that was withdrawn."""
        now = freshness.voices(self.decision.inputs["data"])
        for etat in self.decision.etat.parent.iterdir():
            if voices_of(Ledger(self.decision.out, etat)) != now:
                for path in [*etat.glob("echecs/**/*.ipynb"), *etat.glob("echecs/**/*.txt")]:
                    path.unlink(missing_ok=True)

    def foresee(self) -> int:
        """`--dry-run`: say what would be made and why; leave no trace."""
        with tempfile.TemporaryDirectory(prefix="cvanalysis-essai-") as scratch:
            folder = self.options.processed
            if not freshness.current(folder, self.made_of):
                folder = Path(scratch) / "processed"
                self.process(folder)
            self.announce(self.decision.decide(self.slices(folder)))
        return DONE

    # ------------------------------------------------------------------------------------------------ raw data

    @cached_property
    def made_of(self) -> dict[str, Any]:
        """What today's tables are made of."""
        inputs = self.decision.inputs
        return freshness.made_of(self.territory, self.options.audience, inputs["data"], inputs["code"])

    def process(self, folder: Path) -> dict[str, Any]:
        """Raw files → processed tables, unless they stand already. In a child: what reading leaves in memory dies with it."""
        if known := freshness.current(folder, self.made_of):
            return known["dit"]
        from cvanalysis.tables.process import process

        return process(self.territory, folder, self.options.audience, self.made_of)

    def left_out(self) -> list[str]:
        """What is wrong with the texts and contours that reports read as they are."""
        from cvanalysis.tables.process import read_as_they_are

        files = under_guard(lambda: read_as_they_are(self.territory).fichiers)
        return [str(file.probleme) for file in files if file.probleme]

    def slices(self, folder: Path) -> Slices:
        slices = Slices(folder, self.decision.etat, self.territory, self.options.audience)
        slices.store.tables.warm()
        return slices

    def announce(self, fates: list[Fate]) -> None:
        """Say what will be made and why; reports with the same reason on one line when they are many."""
        making = [fate for fate in fates if not fate.status]
        by_reason: dict[str, list[Fate]] = {}
        for fate in making:
            by_reason.setdefault(fate.why, []).append(fate)
        for why, same in by_reason.items():
            for name in _named(same):
                self.say(f"{name} : {why}")
        rest = sum(fate.status == "unchanged" for fate in fates)
        self.say(f"{count(len(making), 'rapport')} à construire, {rest} à jour.")

    # ------------------------------------------------------------------------------------------------- making

    def tasks(self, fates: list[Fate], slices: Slices) -> Iterator[tuple[Fate, Task, Keep]]:
        """What makes each report, and what keeps it."""
        from cvanalysis.publish.run.produce import Task

        decision, options = self.decision, self.options
        env = {
            "CVANALYSIS_DATA": str(options.data.resolve()),
            "CVANALYSIS_PROCESSED": str(slices.processed),
            "CVANALYSIS_EDITION": self.territory.edition.id,
            "CVANALYSIS_AUDIENCE": options.audience,
            ABSENT: decision.absent,
        }
        made = {"generation": decision.generation, "tables": slices.tables}
        read = cache(lambda notebook: (decision.notebooks / notebook).read_text(encoding="utf-8"))
        for fate in fates:
            one, page = fate.report, decision.pages[fate.report.id]
            task = Task(one.id, read(one.notebook), one.parameters, page, env, asdict(self.limits), self.declarations)
            keep = partial(decision.ledger.put, report_key(one.id), decision.parts(one), why=fate.why, **made)
            yield fate, task, keep

    @property
    def limits(self) -> Limits:
        return Limits(self.options.timeout, self.options.memory * MIO)

    def make(self, fates: list[Fate], slices: Slices) -> None:
        """Make those that are to be, on this machine's cores or on the cluster's."""
        self.announce(fates)
        fates = [fate for fate in fates if not fate.status]
        if not fates:
            return
        self.decision.ledger.remove("envoi")  # what was packed may hold what these pages may hold no more
        from tqdm import tqdm

        failed: dict[str, list[Fate]] = {}  # by cause, numbers apart: what fails for all is said once
        # A bar with rate, time left and failures; nothing where standard error is no terminal.
        shown = "{percentage:3.0f} % {bar} {n_fmt}/{total_fmt} rapports, {rate_fmt}, reste {remaining}{postfix}"
        bar = tqdm(total=len(fates), disable=None, dynamic_ncols=True, bar_format=shown, unit=" rapport")
        with contextlib.closing(self.ended(self.tasks(fates, slices))) as ended, bar:
            for fate, outcome in ended:
                if outcome.kind == "fini":
                    fate.status, fate.record, fate.stale = "built", outcome.value, ""
                    for path in self.decision.aside(fate.report):
                        path.unlink(missing_ok=True)
                else:
                    told = self.fail(fate, outcome, slices)
                    alike = re.sub(r"\d+", "", fate.why)
                    if alike not in failed:
                        self.warn(told)
                    failed.setdefault(alike, []).append(fate)
                    bar.set_postfix_str(count(sum(map(len, failed.values())), "échec"))
                self.log.append({"id": fate.report.id} | outcome.told())
                bar.update()
        for first, *others in failed.values():
            if others:
                self.warn(f"Même échec que {first.report.court} : {', '.join(_named(others))}.")

    def ended(self, tasks: Iterator[tuple[Fate, Task, Keep]]) -> Iterator[tuple[Fate, Outcome]]:
        """Each report's fate and outcome as it ends."""
        if self.options.dask:
            from cvanalysis.publish.cluster import run_on_cluster

            return run_on_cluster(self.options.dask, tasks, self.options)
        from cvanalysis.publish.run.produce import produce

        if not self.log and (why := can_fork()):  # once, also where pages are made again for what they lead to
            self.warn(
                f"Les rapports sont faits un par un, par le moteur de papermill, ce qui est bien plus lent : {why}."
            )
        works = ((fate, partial(produce, task, keep)) for fate, task, keep in tasks)
        return run_children(works, self.options.jobs, self.limits)

    def fail(self, fate: Fate, outcome: Outcome, slices: Slices) -> str:
        """Keep aside what tells why, never touch the page; but a page whose voices changed goes: one may have been withdrawn. Returns what
        is said of it."""
        from cvanalysis.publish.run.produce import broken_notebook, scrub

        env = {"CVANALYSIS_DATA": str(self.options.data.resolve()), "CVANALYSIS_OUT": str(self.options.out.resolve())}
        fate.status = "failed"
        fate.why = scrub(outcome.cause.strip().rstrip("."), env) or outcome.kind
        if fate.record and slices.voices_changed(fate.record):
            self.decision.ledger.remove(report_key(fate.report.id))
            fate.record = None
        fate.stale = fate.why if fate.record else ""
        notebook, text = self.decision.aside(fate.report)
        source = (self.decision.notebooks / fate.report.notebook).read_text(encoding="utf-8")
        broken, told = broken_notebook(source, fate.report.parameters, outcome, env)
        try:
            atomic.write_all([(notebook, broken.encode()), (text, told.encode())])
        except atomic.WriteFailed as error:
            self.warn(f"{fate.report.court} : {error}")
        return f"{fate.report.court} : échec. {fate.why}. Le détail est dans {shown(text)}."

    # --------------------------------------------------------------------------------------------- afterwards

    def forget(self, slices: Slices) -> None:
        """Remove what belongs to reports that are no longer asked for, and states that no record names."""
        decision = self.decision
        gone = decision.ledger.keep_only("rapports", [report_key(report.id) for report in decision.reports])
        if gone:
            self.warn(
                f"Retirées de l'édition, que ni le contrat ni les carnets de {shown(decision.notebooks)} ne demandent plus : "
                f"{listed(key.removeprefix(report_key('')) for key in gone)}. Pour garder les unes et les autres pages, "
                "donnez aux carnets à part leur propre dossier de pages (--out)."
            )
        records = [record for report in decision.reports if (record := decision.record(report))]
        slices.forget(records)
        named = {record["de"]["environnement"] for record in records}
        decision.ledger.keep_only("environnements", named | {decision.environment})


def _named(fates: list[Fate]) -> list[str]:
    """The names of reports; many in one."""
    names = [fate.report.court for fate in fates]
    return names if len(names) <= 6 else [f"{len(names)} rapports ({', '.join(names[:3])}…)"]


# ---------------------------------------------------------------------------------------------- rebuild on save


def watch(argv: list[str], data: Path, say: Say) -> int:
    """Build once, then after each change of the data, the notebooks or the code, until interrupted (`KeyboardInterrupt`).

    Each build is a process of its own, so that changed code is the code that runs. The files themselves are looked at: what tells of events
    may drop one that comes as it gives up waiting, and a save would be missed.
    """
    command = [sys.executable, "-m", "cvanalysis.cli", "build", *argv[1:]]
    folders = (data, find_notebooks(), freshness.PACKAGE)
    built: dict[str, tuple[int, ...]] | None = None
    while True:
        now = look(folders)
        if now == built:
            time.sleep(PAUSE)
            continue
        if built is not None:
            while (later := look(folders)) != now:  # someone is still saving
                now = later
                time.sleep(PAUSE)
            names = sorted({Path(path).name for path, _ in now.items() ^ built.items()})
            say(f"Changé : {', '.join(names[:5])}{' …' if len(names) > 5 else ''}")
        built = now  # as it was before the build: what is saved meanwhile is seen too
        subprocess.run(command, check=False)
        say("En attente de changements (Ctrl-C pour arrêter).")


def look(folders: Iterable[Path]) -> dict[str, tuple[int, ...]]:
    """The files of these folders and what a save changes of each; hidden ones and those of editors apart."""
    found = {}
    for around, path in ((folder, path) for folder in folders for path in folder.rglob("*")):
        hidden = any(part[0] == "." for part in path.relative_to(around).parts)
        with contextlib.suppress(OSError):  # gone meanwhile
            if not (hidden or path.name.endswith(("~", ".swp", ".pyc")) or path.is_dir()):
                said = path.lstat()
                found[str(path)] = (said.st_mtime_ns, said.st_size, said.st_ino)
    return found
