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
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.errors import CvanalysisError, DeclarationError, UsageError
from cvanalysis.files import atomic
from cvanalysis.files.guard import can_fork
from cvanalysis.publish.edition import DONE, conclude, lasting
from cvanalysis.publish.files import FORMER, Say, count, shown, state_folder, take_over
from cvanalysis.publish.memory import state
from cvanalysis.publish.memory.decision import UNCHANGED, Decision, Fate, Options
from cvanalysis.publish.plan import check_notebooks, find_notebooks, plan_reports, select
from cvanalysis.publish.run.child import MIO, Limits, Outcome, run_children, sweep_scratch
from cvanalysis.publish.run.opened import recording
from cvanalysis.tables import freshness

if TYPE_CHECKING:
    from cvanalysis.publish.memory.slices import Slices
    from cvanalysis.publish.run.produce import Task
    from cvanalysis.territory.contract import Territory


__all__ = ["Options", "build"]


def build(options: Options, say: Say, warn: Say) -> int:
    """Build what has to be. Returns the exit status (0 done, 1 some report or raw file failed).

    Raises `UsageError` and `DeclarationError` before anything is built.
    """
    from cvanalysis.territory.contract import read_territory

    started = time.perf_counter()
    notebooks = find_notebooks(options.notebooks)
    with recording(options.data) as declarations:
        territory = read_territory(options.data, options.edition)
    out = options.out.resolve() / territory.edition.id
    etat = state_folder(options.data, out)
    inputs = state.take_inputs(options.data, notebooks, {"edition": territory.edition.id, "audience": options.audience})
    stamp = state.read_stamp(etat)
    manifest = atomic.read_json(out / "manifest.json")
    if (
        not options.force
        and stamp.get("complet")
        and manifest
        and stamp["manifeste"] == atomic.digest_value(lasting(manifest))
        and not (out / FORMER).exists()
        and state.still_stands(stamp, inputs, out)
    ):
        select(plan_reports(territory, notebooks), options.only)  # a name of nothing is refused all the same
        return _unchanged(options, out, manifest, stamp, say, warn)
    if options.dry_run:
        return _Build(
            options, territory, sorted(declarations), notebooks, out, inputs, stamp, say, warn, started
        ).foresee()
    atomic.make_folder(out)
    atomic.make_folder(options.processed, private=True)
    atomic.make_folder(etat, private=True)
    with atomic.locked(out, shown(out)), atomic.locked(options.processed, shown(options.processed)):
        stood = any(out.iterdir())
        if take_over(out, etat, territory.id, options.audience):
            from cvanalysis.publish.site import write_editions

            stamp = {}
            if stood:
                say(
                    f"{shown(out)} n'était pas, ou pas à coup sûr, de ce contrat et pour ces lecteurs : ses pages sont effacées."
                )
            write_editions(
                options.out.resolve(), territory
            )  # what was there is listed no more, whatever becomes of this build
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
        atomic.sweep(self.decision.etat)
        sweep_scratch()
        chosen = select(self.reports, self.options.only)
        from cvanalysis.publish.run.warm import warm_up

        warm_up()
        check_notebooks(self.reports, self.notebooks)
        processed = self.process(self.options.processed)
        freshness.forget_withdrawn(self.options.data, self.made_of)
        self.forget_failures()
        processed = processed | {"illisibles": processed["illisibles"] + self.left_out()}
        slices = self.slices(self.options.processed)
        slices.keep()
        environments = state.Environments(self.decision.etat, self.inputs)
        environments.save()
        fates = self.decision.decide(chosen, slices, environments)
        self.announce(fates)
        self.make([fate for fate in fates if fate.rebuild], slices)
        self.forget(slices, environments)
        return conclude(self.decision, fates, processed, slices, self.log, self.started, self.say, self.warn)

    def forget_failures(self) -> None:
        """Remove what failed reports left aside under other voices than today's: it may quote one that was withdrawn."""
        now = freshness.voices(self.inputs.data)
        for etat in self.decision.etat.parent.iterdir():
            if freshness.voices(state.read_stamp(etat).get("inputs", {}).get("data", {})) != now:
                for path in [*etat.glob("echecs/**/*.ipynb"), *etat.glob("echecs/**/*.txt")]:
                    path.unlink(missing_ok=True)

    def foresee(self) -> int:
        """`--dry-run`: say what would be made and why; leave no trace."""
        chosen = select(self.reports, self.options.only)
        from cvanalysis.publish.run.warm import warm_up

        warm_up()
        check_notebooks(self.reports, self.notebooks)
        with tempfile.TemporaryDirectory(prefix="cvanalysis-essai-") as scratch:
            folder = self.options.processed
            if not freshness.current(folder, self.made_of):
                folder = Path(scratch) / "processed"
                self.process(folder)
            fates = self.decision.decide(
                chosen, self.slices(folder), state.Environments(self.decision.etat, self.inputs)
            )
        self.announce(fates)
        return DONE

    # ------------------------------------------------------------------------------------------------ raw data

    @cached_property
    def made_of(self) -> dict[str, Any]:
        """What today's tables are made of."""
        return freshness.made_of(self.territory, self.options.audience, self.inputs.data, self.inputs.code)

    def process(self, folder: Path) -> dict[str, Any]:
        """Raw files → processed tables, unless they stand already. In a child: what reading leaves in memory dies with it."""
        if known := freshness.current(folder, self.made_of):
            return known["dit"]
        data, audience, territory, of = self.options.data, self.options.audience, self.territory, self.made_of

        def work(_emit: Any) -> dict[str, Any]:
            from cvanalysis.tables.process import process

            try:
                process(territory, folder, audience, of)
            except (DeclarationError, UsageError) as error:
                return {"refus": str(error)}
            return {}

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
        return freshness.read_record(folder)["dit"]

    def left_out(self) -> list[str]:
        """What is wrong with the texts and contours that reports read as they are."""

        def work(_emit: Any) -> list[str]:
            from cvanalysis.tables.process import read_as_they_are

            return [str(file.probleme) for file in read_as_they_are(self.territory).fichiers if file.probleme]

        [(_, outcome)] = run_children(iter([("textes", work)]), 1, Limits(self.options.timeout, None, None))
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
                    etat="" if self.options.dask else str(self.decision.etat),
                ),
            )

    def make(self, fates: list[Fate], slices: Slices) -> None:
        """Make reports, on this machine's cores or on the cluster's."""
        if not fates:
            return
        if self.options.dask:
            from cvanalysis.publish.cluster.client import Places, run_on_cluster

            places = Places(self.out, self.decision.etat, self.options.data, slices.processed)
            ended = run_on_cluster(self.options.dask, self.tasks(fates, slices), places)
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
        from cvanalysis.publish.run.produce import produce

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
        fate.inputs = self.decision.inputs_digest(outcome.value)
        self.decision.failure_path(fate.report).unlink(missing_ok=True)
        for path in self.decision.aside(fate.report):
            path.unlink(missing_ok=True)

    def fail(self, fate: Fate, outcome: Outcome, slices: Slices) -> None:
        """Keep aside what tells why, never touch the page; but a page whose voices changed goes: one may have been withdrawn."""
        from cvanalysis.publish.run.produce import broken_notebook, scrub

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
        self.warn(f"{fate.report.court} : échec. {fate.why}. Le détail est dans {shown(text)}.")

    # --------------------------------------------------------------------------------------------- afterwards

    def forget(self, slices: Slices, environments: state.Environments) -> None:
        """Remove what belongs to reports that are no longer asked for, and states that no record names."""
        wanted = {report.id.replace("/", "__") for report in self.reports}
        for path in (self.decision.etat / "rapports").glob("*.json"):
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
