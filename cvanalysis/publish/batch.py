"""The build: from what changed to pages. Owns the order of things, the pool, what is printed, the exit status.

What is heavy is imported once, in this process, after it is known that something changed; each report is then a fork of it.
This process starts no thread and reads no raw file: what could leave a trace in it runs in a child.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.errors import CvanalysisError, DeclarationError, UsageError
from cvanalysis.publish import atomic, state
from cvanalysis.publish.child import MIO, Limits, Outcome, can_fork, run_children, sweep_scratch
from cvanalysis.publish.decision import UNCHANGED, Decision, Fate, Options
from cvanalysis.publish.edition import DONE, conclude, lasting
from cvanalysis.publish.folders import clear_other_audience, locked
from cvanalysis.publish.opened import recording
from cvanalysis.publish.plan import check_notebooks, find_notebooks, plan_reports, select
from cvanalysis.publish.words import Say, count, shown

if TYPE_CHECKING:
    from cvanalysis.publish.produce import Task
    from cvanalysis.publish.slices import Slices
    from cvanalysis.territory import Territory

__all__ = ["Options", "build"]


def build(options: Options, say: Say, warn: Say) -> int:
    """Build what has to be. Returns the exit status (0 done, 1 some report or raw file failed).

    Raises `UsageError` and `DeclarationError` before anything is built.
    """
    from cvanalysis.territory import read_territory

    started = time.perf_counter()
    notebooks = find_notebooks(options.notebooks)
    with recording(options.data) as declarations:
        territory = read_territory(options.data, options.edition)
    out = options.out.resolve() / territory.edition.id
    inputs = state.take_inputs(options.data, notebooks, {"edition": territory.edition.id, "audience": options.audience})
    stamp = state.read_stamp(out)
    manifest = atomic.read_json(out / "manifest.json")
    if (
        not options.force
        and stamp.get("complet")
        and manifest
        and stamp["manifeste"] == atomic.digest_value(lasting(manifest))
        and state.still_stands(stamp, inputs, out)
    ):
        select(plan_reports(territory, notebooks), options.only)  # a name of nothing is refused all the same
        return _unchanged(options, out, manifest, stamp, say, warn)
    if options.dry_run:
        return _Build(
            options, territory, sorted(declarations), notebooks, out, inputs, stamp, say, warn, started
        ).foresee()
    out.mkdir(parents=True, exist_ok=True)
    options.processed.mkdir(parents=True, exist_ok=True)
    with locked(out), locked(options.processed):
        if clear_other_audience(out, options.audience):
            stamp = {}
        return _Build(options, territory, sorted(declarations), notebooks, out, inputs, stamp, say, warn, started).run()


def _unchanged(
    options: Options, out: Path, manifest: dict[str, Any], stamp: dict[str, Any], say: Say, warn: Say
) -> int:
    """Nothing changed: only the manifest's statuses do."""
    for report in manifest["reports"]:
        report |= {"status": "unchanged", "why": UNCHANGED}
    raw = atomic.to_json(manifest)
    if not options.dry_run and raw != (out / "manifest.json").read_bytes():
        atomic.write(out / "manifest.json", raw)
    for message in stamp["messages"]:
        warn(message)
    say(f"Rien n'a changé : {count(len(manifest['reports']), 'rapport')} à jour dans {shown(out)}.")
    return stamp["code"]


class _Build:
    """One run of the build, step by step; `run` reads as the table of contents."""

    def __init__(
        self,
        options: Options,
        territory: Territory,
        declarations: list[str],
        notebooks: Path,
        out: Path,
        inputs: state.Inputs,
        stamp: dict[str, Any],
        say: Say,
        warn: Say,
        started: float,
    ) -> None:
        self.options = options
        self.territory = territory
        self.declarations = declarations  # files that the territory was read from
        self.notebooks = notebooks
        self.out = out
        self.inputs = inputs
        self.say = say
        self.warn = warn
        self.started = started
        self.reports = plan_reports(territory, notebooks)
        self.decision = Decision(options, territory, self.reports, out, inputs, stamp.get("generation", 0) + 1)
        self.log: list[dict[str, Any]] = []

    # ------------------------------------------------------------------------------------------------ the steps

    def run(self) -> int:
        atomic.sweep(self.out)
        sweep_scratch()
        chosen = select(self.reports, self.options.only)
        from cvanalysis.publish.warm import warm_up

        warm_up()
        check_notebooks(self.reports, self.notebooks)
        processed = self.process(self.options.processed)
        slices = self.slices(self.options.processed)
        slices.keep()
        environments = state.Environments(self.out, self.inputs)
        environments.save()
        fates = self.decision.decide(chosen, slices, environments)
        self.announce(fates)
        self.make([fate for fate in fates if fate.rebuild], slices)
        self.forget(slices, environments)
        return conclude(self.decision, fates, processed, slices, self.log, self.started, self.say, self.warn)

    def foresee(self) -> int:
        """`--dry-run`: say what would be made and why; leave no trace."""
        chosen = select(self.reports, self.options.only)
        from cvanalysis.publish.warm import warm_up

        warm_up()
        check_notebooks(self.reports, self.notebooks)
        with tempfile.TemporaryDirectory(prefix="cvanalysis-essai-") as scratch:
            folder = self.options.processed
            if not self.processed_stands(folder):
                folder = Path(scratch) / "processed"
                self.process(folder)
            fates = self.decision.decide(chosen, self.slices(folder), state.Environments(self.out, self.inputs))
        self.announce(fates)
        return DONE

    # ------------------------------------------------------------------------------------------------ raw data

    def processed_stands(self, folder: Path) -> dict[str, Any] | None:
        """What the last processing said of itself, if it would be the same today."""
        known = atomic.read_json(folder / ".etat.json")
        if not known or known.get("inputs") != self.inputs.processing():
            return None
        return known if all(atomic.digest(folder / name) == one for name, one in known["tables"].items()) else None

    def process(self, folder: Path) -> dict[str, Any]:
        """Raw files → processed tables, unless they stand already. In a child: what reading leaves in memory dies with it."""
        if known := self.processed_stands(folder):
            return known["dit"]
        folder.mkdir(parents=True, exist_ok=True)
        atomic.sweep(folder)
        data, audience, territory = self.options.data, self.options.audience, self.territory

        def work(_emit: Any) -> dict[str, Any]:
            from cvanalysis.ingest.process import process

            try:
                done = process(territory, folder, audience=audience)
            except (DeclarationError, UsageError) as error:
                return {"refus": str(error)}
            told = {"illisibles": done.illisibles, "avertissements": done.avertissements}
            return {"sources": list(done.sources)} | {name: [str(one) for one in some] for name, some in told.items()}

        [(_, outcome)] = run_children(iter([("données", work)]), 1, Limits(None, None, None))
        if outcome.kind != "fini":
            raise ProcessingFailed(
                f"Les données de {shown(data)} n'ont pas pu être préparées : {outcome.cause}", outcome.detail
            )
        if "refus" in outcome.value:
            raise UsageError(outcome.value["refus"])
        self.log.append(
            {
                "id": "données",
                "secondes": round(outcome.wall, 3),
                "cpu": round(outcome.cpu, 3),
                "memoire": outcome.memory,
            }
        )
        tables = {path.name: atomic.digest(path) for path in sorted(folder.glob("*.parquet"))}
        atomic.write_json(
            folder / ".etat.json", {"inputs": self.inputs.processing(), "tables": tables, "dit": outcome.value}
        )
        return outcome.value

    def slices(self, folder: Path) -> Slices:
        from cvanalysis.ingest.store import forget_tables
        from cvanalysis.publish.slices import Slices

        forget_tables()
        slices = Slices(folder, self.out, self.territory)
        slices.warm()
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
        from cvanalysis.publish.produce import Task

        texts = {
            name: (self.notebooks / name).read_text(encoding="utf-8") for name in {f.report.notebook for f in fates}
        }
        env = {
            "CVANALYSIS_DATA": str(self.options.data.resolve()),
            "CVANALYSIS_PROCESSED": str(slices.processed),
            "CVANALYSIS_EDITION": self.territory.edition.id,
            "CVANALYSIS_AUDIENCE": self.options.audience,
        }
        for fate in fates:
            report = fate.report
            yield (
                fate,
                Task(
                    id=report.id,
                    path=report.path,
                    notebook=report.notebook,
                    carnet=texts[report.notebook],
                    parameters=report.parameters,
                    page=self.decision.pages[report.id],
                    weight=report.weight,
                    env=env,
                    parts=self.decision.parts(report),
                    record={
                        "titre": report.titre,
                        "why": fate.why,
                        "generation": self.decision.generation,
                        "tables": slices.tables,
                        "etat_tables": slices.name,
                    },
                    limits=asdict(Limits(self.options.timeout, self.options.memory * MIO)),
                    declarations=self.declarations,
                    out="" if self.options.dask else str(self.out),
                ),
            )

    def make(self, fates: list[Fate], slices: Slices) -> None:
        """Make reports, on this machine's cores or on the cluster's."""
        if not fates:
            return
        if self.options.dask:
            from cvanalysis.publish.cluster import run_on_cluster

            ended = run_on_cluster(
                self.options.dask, self.tasks(fates, slices), self.out, self.options.data, slices.processed
            )
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
                self.log.append(
                    {
                        "id": fate.report.id,
                        "fin": outcome.kind,
                        "secondes": round(outcome.wall, 3),
                        "cpu": round(outcome.cpu, 3),
                        "memoire": outcome.memory,
                        "pid": outcome.pid,
                    }
                )
                bar.update()

    def run_here(self, tasks: Iterator[tuple[Fate, Task]]) -> Iterator[tuple[Fate, Outcome]]:
        from cvanalysis.publish.produce import produce

        if why := can_fork():
            self.warn(
                f"Les rapports sont faits un par un, par le moteur de papermill, ce qui est bien plus lent : {why}."
            )
        limits = Limits(self.options.timeout, self.options.memory * MIO)
        fates: dict[str, Fate] = {}

        def works() -> Iterator[tuple[str, Callable[[Any], Any]]]:
            for fate, task in tasks:
                fates[task.id] = fate
                yield task.id, lambda emit, task=task: produce(task, emit)

        for key, outcome in run_children(works(), self.options.jobs, limits):
            yield fates[key], outcome

    def succeed(self, fate: Fate, outcome: Outcome) -> None:
        fate.status, fate.record, fate.stale = "built", outcome.value, ""
        fate.inputs = outcome.value["inputs_sha256"]
        self.decision.failure_path(fate.report).unlink(missing_ok=True)
        for path in self.decision.aside(fate.report):
            path.unlink(missing_ok=True)

    def fail(self, fate: Fate, outcome: Outcome, slices: Slices) -> None:
        """Keep aside what tells why, never touch the page; but a page whose voices changed goes: one may have been withdrawn."""
        from cvanalysis.publish.aside import broken_notebook
        from cvanalysis.publish.produce import scrub

        env = {"CVANALYSIS_DATA": str(self.options.data.resolve()), "CVANALYSIS_OUT": str(self.options.out.resolve())}
        fate.status = "failed"
        fate.why = scrub(outcome.cause.strip().rstrip("."), env) or outcome.kind
        if fate.record and slices.voices_changed(fate.record):
            self.decision.remove(fate)
        fate.stale = fate.why if fate.record else ""
        fate.inputs = atomic.digest_value(self.decision.parts(fate.report))
        notebook, text = self.decision.aside(fate.report)
        source = (self.notebooks / fate.report.notebook).read_text(encoding="utf-8")
        broken, told = broken_notebook(source, fate.report.parameters, outcome, env)
        try:
            atomic.write_all([(notebook, broken.encode()), (text, told.encode())])
            atomic.write_json(self.decision.failure_path(fate.report), {"cause": fate.why})
        except atomic.WriteFailed as error:
            self.warn(f"{fate.report.court} : {error}")
        self.warn(f"{fate.report.court} : échec. {fate.why}.")

    # --------------------------------------------------------------------------------------------- afterwards

    def forget(self, slices: Slices, environments: state.Environments) -> None:
        """Remove what belongs to reports that are no longer asked for, and states that no record names."""
        wanted = {report.id.replace("/", "__") for report in self.reports}
        for path in (self.out / ".etat" / "rapports").glob("*.json"):
            if path.stem not in wanted and (record := atomic.read_json(path)):
                for name in record["fichiers"]:
                    (self.out / name).unlink(missing_ok=True)
                path.unlink()
        records = [record for report in self.reports if (record := self.decision.record(report))]
        slices.forget({record["etat_tables"] for record in records} | {slices.name})
        environments.forget(
            {record["parts"]["environnement"] for record in records}
            | {environments.name(self.inputs.code, self.inputs.versions)}
        )


class ProcessingFailed(CvanalysisError):
    """Raw data could not be turned into tables; `detail` is the traceback, shown under --debug."""

    def __init__(self, message: str, detail: str) -> None:
        self.detail = detail
        super().__init__(message)


def _progress(total: int) -> Any:
    """A bar with rate, time left and failures; nothing where standard error is no terminal."""
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # its thread would be in the way of forks
    return tqdm(
        total=total,
        disable=None,
        dynamic_ncols=True,
        bar_format="{percentage:3.0f} % {bar} {n_fmt}/{total_fmt} rapports, {rate_fmt}, reste {remaining}{postfix}",
        unit=" rapport",
    )
