"""The build: from what changed to pages. Owns the order of things, the pool, what is printed, the exit status.

What is heavy is imported once, in this process, after it is known that something changed; each report is then a fork of it.
This process starts no thread and reads no raw file: what could leave a trace in it runs in a child.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic
from cvanalysis.files.guard import MIO, can_fork
from cvanalysis.publish.edition import DONE, Edition, lasting
from cvanalysis.publish.files import FORMER, Say, count, shown, take_over
from cvanalysis.publish.limits import Limits
from cvanalysis.publish.memory import state
from cvanalysis.publish.memory.decision import EDITION, UNCHANGED, Decision, Fate, Options
from cvanalysis.publish.memory.ledger import Ledger, Record, report_key
from cvanalysis.publish.plan import Report, check_notebooks, find_notebooks, select
from cvanalysis.publish.run.child import Outcome, run_children, run_one, sweep_scratch
from cvanalysis.publish.run.opened import record_opened
from cvanalysis.publish.withdrawals import voices_of
from cvanalysis.tables import freshness

if TYPE_CHECKING:
    from cvanalysis.publish.memory.slices import Slices
    from cvanalysis.publish.run.produce import Task


__all__ = ["Options", "build"]


def build(options: Options, say: Say, warn: Say) -> int:
    """Build what has to be. Returns the exit status (0 done, 1 some report or raw file failed).

    Raises `UsageError` and `DeclarationError` before anything is built.
    """
    from cvanalysis.territory.contract import read_territory

    started = time.perf_counter()
    notebooks = find_notebooks()
    opened = record_opened(options.data)
    territory = read_territory(options.data, options.edition)
    declarations = sorted(opened)
    words = {"edition": territory.edition.id, "audience": options.audience}
    decision = Decision(options, territory, notebooks, state.take_inputs(options.data, notebooks, words))
    chosen = select(decision.reports, options.only)
    manifest = atomic.read_json(decision.out / "manifest.json")
    if not options.force and manifest and (known := _whole(decision, manifest)):
        return _unchanged(decision, manifest, known, say, warn)
    this = _Build(decision, chosen, declarations, say, warn, started)
    if options.dry_run:
        return this.foresee()
    this.prepare()  # before any page is written: what comes first decides how libraries are loaded
    out, etat = decision.out, decision.etat
    atomic.make_folder(out)
    atomic.make_folder(options.processed, private=True)
    atomic.make_folder(etat, private=True)
    with atomic.locked(out, shown(out)), atomic.locked(options.processed, shown(options.processed)):
        stood = any(out.iterdir())
        if take_over(out, etat, territory.id, options.audience):
            from cvanalysis.publish.site import write_editions

            if stood:
                say(
                    f"{shown(out)} n'était pas, ou pas à coup sûr, de ce contrat et pour ces lecteurs : ses pages sont effacées."
                )
            # What was there is listed no more, whatever becomes of this build.
            write_editions(options.out.resolve(), territory)
        return this.run()


def _whole(decision: Decision, manifest: dict[str, Any]) -> Record:
    """The record of the edition where all that was read and written is as it says; else {}."""
    known = decision.ledger.stands(EDITION, asdict(decision.inputs))
    whole = known and known["complet"] and known["manifeste"] == atomic.digest_value(lasting(manifest))
    return known if whole and not (decision.out / FORMER).exists() else {}


def _unchanged(decision: Decision, manifest: dict[str, Any], known: Record, say: Say, warn: Say) -> int:
    """Nothing changed: only the manifest's statuses do."""
    for report in manifest["reports"]:
        report |= {"status": "unchanged", "why": UNCHANGED}
    path, raw = decision.out / "manifest.json", atomic.to_json(manifest)
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
    chosen: tuple[Report, ...]
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
        self.decision.keep_environment()
        fates = self.decision.decide(self.chosen, slices)
        self.announce(fates)
        late = [fate for fate in fates if fate.rebuild]
        if late:  # what was packed may hold what these pages may hold no more
            self.decision.ledger.remove("envoi")
        self.make(late, slices)
        self.forget(slices)
        return Edition(self.decision, fates, processed, slices, self.log, self.warn).conclude(self.started, self.say)

    def prepare(self) -> None:
        from cvanalysis.publish.run.warm import warm_up

        warm_up()
        check_notebooks(self.decision.reports, self.decision.notebooks)

    def forget_failures(self) -> None:
        """Remove what failed reports left aside under other voices than today's: it may quote one that was withdrawn."""
        now = freshness.voices(self.decision.inputs.data)
        for etat in self.decision.etat.parent.iterdir():
            if voices_of(Ledger(self.decision.out, etat)) != now:
                for path in [*etat.glob("echecs/**/*.ipynb"), *etat.glob("echecs/**/*.txt")]:
                    path.unlink(missing_ok=True)

    def foresee(self) -> int:
        """`--dry-run`: say what would be made and why; leave no trace."""
        self.prepare()
        with tempfile.TemporaryDirectory(prefix="cvanalysis-essai-") as scratch:
            folder = self.options.processed
            if not freshness.current(folder, self.made_of):
                folder = Path(scratch) / "processed"
                self.process(folder)
            self.announce(self.decision.decide(self.chosen, self.slices(folder)))
        return DONE

    # ------------------------------------------------------------------------------------------------ raw data

    @cached_property
    def made_of(self) -> dict[str, Any]:
        """What today's tables are made of."""
        return freshness.made_of(
            self.territory, self.options.audience, self.decision.inputs.data, self.decision.inputs.code
        )

    def process(self, folder: Path) -> dict[str, Any]:
        """Raw files → processed tables, unless they stand already. In a child: what reading leaves in memory dies with it."""
        if known := freshness.current(folder, self.made_of):
            return known["dit"]
        data, audience, territory, of = self.options.data, self.options.audience, self.territory, self.made_of

        def work(_emit: Any) -> None:
            from cvanalysis.tables.process import process

            process(territory, folder, audience, of)

        outcome = run_one(work)
        outcome.result(f"Les données de {shown(data)} n'ont pas pu être préparées")
        self.log.append({"id": "données"} | outcome.told())
        return freshness.read_record(folder)["dit"]

    def left_out(self) -> list[str]:
        """What is wrong with the texts and contours that reports read as they are."""

        def work(_emit: Any) -> list[str]:
            from cvanalysis.tables.process import read_as_they_are

            return [str(file.probleme) for file in read_as_they_are(self.territory).fichiers if file.probleme]

        outcome = run_one(work, Limits(self.options.timeout, None, None))
        return outcome.value if outcome.kind == "fini" else [outcome.cause]

    def slices(self, folder: Path) -> Slices:
        from cvanalysis.publish.memory.slices import Slices

        slices = Slices(folder, self.decision.etat, self.territory, self.options.audience)
        slices.store.tables.warm()
        return slices

    def announce(self, fates: list[Fate]) -> None:
        """Say what will be made and why; reports with the same reason on one line when they are many."""
        making = [fate for fate in fates if fate.rebuild]
        by_reason: dict[str, list[Fate]] = {}
        for fate in making:
            by_reason.setdefault(fate.why, []).append(fate)
        for why, same in by_reason.items():
            names = [fate.report.court for fate in same]
            if len(names) > 6:
                self.say(f"{len(names)} rapports ({', '.join(names[:3])}…) : {why}")
            else:
                for name in names:
                    self.say(f"{name} : {why}")
        rest = sum(fate.status == "unchanged" for fate in fates)
        self.say(f"{count(len(making), 'rapport')} à construire, {rest} à jour.")

    # ------------------------------------------------------------------------------------------------- making

    def tasks(self, fates: list[Fate], slices: Slices) -> Iterator[tuple[Fate, Task]]:
        from cvanalysis.publish.run.produce import Task

        notebooks, decision = self.decision.notebooks, self.decision
        texts = {name: (notebooks / name).read_text(encoding="utf-8") for name in {f.report.notebook for f in fates}}
        env = {
            "CVANALYSIS_DATA": str(self.options.data.resolve()),
            "CVANALYSIS_PROCESSED": str(slices.processed),
            "CVANALYSIS_EDITION": self.territory.edition.id,
            "CVANALYSIS_AUDIENCE": self.options.audience,
        }
        for fate in fates:
            report = fate.report
            task = Task(
                id=report.id,
                key=report_key(report.id),
                carnet=texts[report.notebook],
                parameters=report.parameters,
                page=decision.pages[report.id],
                weight=report.weight,
                env=env,
                parts=decision.parts(report),
                record={
                    "why": fate.why,
                    "generation": decision.generation,
                    "tables": slices.tables,
                    "etat_tables": slices.name,
                },
                limits=asdict(self.limits),
                declarations=self.declarations,
            )
            yield fate, task

    @property
    def limits(self) -> Limits:
        return Limits(self.options.timeout, self.options.memory * MIO)

    def make(self, fates: list[Fate], slices: Slices) -> None:
        """Make reports, on this machine's cores or on the cluster's."""
        if not fates:
            return
        if self.options.dask:
            from cvanalysis.publish.cluster.client import run_on_cluster

            ended = run_on_cluster(self.options.dask, self.tasks(fates, slices), self.decision)
        else:
            ended = self.run_here(self.tasks(fates, slices))
        failures = 0
        with contextlib.closing(ended), _progress(len(fates)) as bar:
            for fate, outcome in ended:
                if outcome.kind == "fini":
                    self.succeed(fate, outcome)
                else:
                    failures += 1
                    self.fail(fate, outcome, slices)
                    bar.set_postfix_str(count(failures, "échec"))
                self.log.append({"id": fate.report.id} | outcome.told())
                bar.update()

    def run_here(self, tasks: Iterator[tuple[Fate, Task]]) -> Iterator[tuple[Fate, Outcome]]:
        from cvanalysis.publish.run.produce import produce

        if why := can_fork():
            self.warn(
                f"Les rapports sont faits un par un, par le moteur de papermill, ce qui est bien plus lent : {why}."
            )
        put = self.decision.ledger.put
        works = ((fate, lambda emit, task=task: produce(task, emit, put)) for fate, task in tasks)
        return run_children(works, self.options.jobs, self.limits)

    def succeed(self, fate: Fate, outcome: Outcome) -> None:
        fate.status, fate.record, fate.stale = "built", outcome.value, ""
        fate.inputs = self.decision.inputs_digest(outcome.value)
        for path in self.decision.aside(fate.report):
            path.unlink(missing_ok=True)

    def fail(self, fate: Fate, outcome: Outcome, slices: Slices) -> None:
        """Keep aside what tells why, never touch the page; but a page whose voices changed goes: one may have been withdrawn."""
        from cvanalysis.publish.run.produce import broken_notebook, scrub

        env = {"CVANALYSIS_DATA": str(self.options.data.resolve()), "CVANALYSIS_OUT": str(self.options.out.resolve())}
        fate.status = "failed"
        fate.why = scrub(outcome.cause.strip().rstrip("."), env) or outcome.kind
        key = report_key(fate.report.id)
        if fate.record and slices.voices_changed(fate.record):
            self.decision.ledger.remove(key)
            fate.record = None
        fate.stale = fate.why if fate.record else ""
        fate.inputs = atomic.digest_value(self.decision.parts(fate.report))
        notebook, text = self.decision.aside(fate.report)
        source = (self.decision.notebooks / fate.report.notebook).read_text(encoding="utf-8")
        broken, told = broken_notebook(source, fate.report.parameters, outcome, env)
        try:
            atomic.write_all([(notebook, broken.encode()), (text, told.encode())])
            if fate.record:
                self.decision.ledger.amend(key, echec=fate.why)
        except atomic.WriteFailed as error:
            self.warn(f"{fate.report.court} : {error}")
        self.warn(f"{fate.report.court} : échec. {fate.why}. Le détail est dans {shown(text)}.")

    # --------------------------------------------------------------------------------------------- afterwards

    def forget(self, slices: Slices) -> None:
        """Remove what belongs to reports that are no longer asked for, and states that no record names."""
        decision = self.decision
        decision.ledger.keep_only("rapports", [report_key(report.id) for report in decision.reports])
        records = [record for report in decision.reports if (record := decision.record(report))]
        slices.forget({record["etat_tables"] for record in records} | {slices.name})
        named = {record["de"]["environnement"] for record in records} | {decision.inputs.environment}
        decision.ledger.keep_only("environnements", [f"environnements/{name}" for name in named])


def _progress(total: int) -> Any:
    """A bar with rate, time left and failures; nothing where standard error is no terminal."""
    from tqdm import tqdm

    return tqdm(
        total=total,
        disable=None,
        dynamic_ncols=True,
        bar_format="{percentage:3.0f} % {bar} {n_fmt}/{total_fmt} rapports, {rate_fmt}, reste {remaining}{postfix}",
        unit=" rapport",
    )
