"""What has to be made, and why. Owns the comparison of each report's record with today; refuses to make anything.

A record says what a report was made from. A report is made again where something of it differs, and for no other reason; what is
not known for certain counts as different.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic
from cvanalysis.publish.files import record_path, state_folder
from cvanalysis.publish.memory import state
from cvanalysis.publish.plan import Report
from cvanalysis.tables import freshness

if TYPE_CHECKING:
    from cvanalysis.publish.memory.slices import Slices
    from cvanalysis.territory.contract import Territory


UNCHANGED = "rien n'a changé"


@dataclass(frozen=True, slots=True)
class Options:
    """What `cvanalysis build` was asked for. `timeout` in seconds and `memory` in Mio are per report."""

    data: Path
    out: Path
    edition: str | None = None
    only: tuple[str, ...] = ()
    audience: str = "public"
    jobs: int = 1
    dask: str | None = None
    force: bool = False
    dry_run: bool = False
    timeout: float = 300.0
    memory: int = 1024
    notebooks: Path | None = None

    @property
    def processed(self) -> Path:
        """Where the tables of this contract for this audience stand."""
        return freshness.tables_folder(self.data, self.audience)


@dataclass(slots=True)
class Fate:
    """What becomes of one report in this build: `status` is '' until it is known."""

    report: Report
    why: str
    rebuild: bool
    record: dict[str, Any] | None  # of the page that stands
    status: str = ""
    stale: str = ""  # why the page that stands is of an earlier build, '' where it is not
    inputs: str = ""


class Decision:
    """The records of an edition, held against what would be built today. `generation` numbers builds that reached their end."""

    def __init__(
        self,
        options: Options,
        territory: Territory,
        reports: tuple[Report, ...],
        out: Path,
        inputs: state.Inputs,
        generation: int,
    ) -> None:
        self.options = options
        self.territory = territory
        self.reports = reports
        self.out = out
        self.etat = state_folder(options.data, out)
        self.inputs = inputs
        self.generation = generation

    def decide(self, chosen: tuple[Report, ...], slices: Slices, environments: state.Environments) -> list[Fate]:
        """For each report, whether it is to be made again and why."""
        asked = {report.id for report in chosen}
        fates = []
        for report in self.reports:
            record = self.record(report)
            parts = self.parts(report)
            reasons = self.reasons(report, record, parts, slices, environments)
            interrupted = record is not None and not reasons and record["generation"] == self.generation
            fate = Fate(report, " ; ".join(reasons), bool(reasons) or self.options.force, record)
            if not reasons and self.options.force:
                fate.why = "demandé (--force)"
            if report.id not in asked and not (record and slices.voices_changed(record)):
                # Not asked for, it stays as it is; but a page that may hold a withdrawn voice is never left as it is.
                fate.rebuild, fate.stale = False, fate.why if reasons and record else ""
                fate.why = f"non demandé{' ; page d’une construction antérieure : ' + fate.stale if fate.stale else ''}"
                fate.status = "unchanged" if record else "absent"
            elif interrupted and not self.options.force:
                # Made by a build that was killed before its end: for whoever reads the manifest, it is of this one.
                fate.status, fate.why = "built", record["why"]
            elif not fate.rebuild:
                fate.status, fate.why = "unchanged", UNCHANGED
            if record:
                fate.inputs = self.inputs_digest(record)
            fates.append(fate)
        return fates

    def reasons(
        self,
        report: Report,
        record: dict[str, Any] | None,
        parts: dict[str, str],
        slices: Slices,
        environments: state.Environments,
    ) -> list[str]:
        """Why a report must be made again, in French; none where it need not."""
        failure = atomic.read_json(self.failure_path(report))
        if record is None:
            return ["première construction"]
        reasons = []
        was = record["parts"]
        if was.get("carnet") != parts["carnet"]:
            reasons.append("carnet modifié")
        if was.get("parametres") != parts["parametres"]:
            reasons.append("paramètres modifiés")
        if was.get("environnement") != parts["environnement"]:
            reasons += environments.changes(was.get("environnement", ""))
        if was.get("territoire") != parts["territoire"]:
            reasons.append("déclarations du territoire modifiées")
        if was.get("page") != parts["page"]:
            reasons.append("titre, liens ou mentions de la page modifiés")
        if was.get("audience") != parts["audience"]:
            reasons.append("audience modifiée")
        if changed := slices.changed(record):
            reasons += slices.say(record, changed)
        if not reasons and failure:
            reasons.append("échec à la construction précédente")
        if not reasons:
            for name, one in record["fichiers"].items():
                found = atomic.digest(self.out / name)
                if found != one:
                    reasons.append(f"{name} {'modifié depuis sa construction' if found else 'absent'}")
        return reasons

    def parts(self, report: Report) -> dict[str, str]:
        """What is known of a report's key before it runs."""
        return {
            "carnet": self.inputs.notebooks[report.notebook],
            "parametres": atomic.digest_value(report.parameters),
            "environnement": state.Environments.name(self.inputs.code, self.inputs.versions),
            "territoire": self.territory_digest,
            "audience": self.options.audience,
            "page": atomic.digest_value(self.pages[report.id]),
        }

    def inputs_digest(self, record: dict[str, Any]) -> str:
        """A report's key, as the manifest gives it: all that it was made from.

        Of what it read of voices, what it shows of them: a bare digest of their rows would answer whoever tries a few.
        """
        lectures = sorted(json.dumps(one, sort_keys=True) for one in record["lectures"] if is_open(one))
        shown = record["fichiers"] if len(lectures) < len(record["lectures"]) else {}
        return atomic.digest_value({"parts": record["parts"], "lectures": lectures, "montre": shown})

    @cached_property
    def territory_digest(self) -> str:
        return freshness.declarations(self.territory)

    @cached_property
    def pages(self) -> dict[str, dict[str, Any]]:
        """The fields of each report's `PageInfo`: titles and links between neighbours of the same kind."""
        reports, found = self.reports, {}
        for index, report in enumerate(reports):
            depth = "../" * report.path.count("/")
            before = reports[index - 1] if index else None
            after = reports[index + 1] if index + 1 < len(reports) else None
            page = {
                "titre": report.titre if report.genre != "quartier" else f"{report.titre} ({report.court})",
                "territoire": self.territory.nom,
                "edition": self.territory.edition.nom,
                "audience": self.options.audience,
                "entete": f"{report.titre}, {' et '.join(report.communes)}" if report.communes else report.titre,
                "index": {"titre": "Toutes les analyses", "url": f"{depth}index.html"},
                "licence": "Licence Ouverte 2.0",
                "maj": self.territory.maj,
            }
            for key, other in (("precedent", before), ("suivant", after)):
                if other is not None and other.genre == report.genre:
                    page[key] = {"titre": other.titre, "url": f"{depth}{other.path}"}
            found[report.id] = page
        return found

    def record(self, report: Report) -> dict[str, Any] | None:
        record = atomic.read_json(record_path(self.etat, report.id))
        if not record or not all((self.out / name).exists() for name in record["fichiers"]):
            return None
        return record

    def remove(self, fate: Fate) -> None:
        """Take a page back, with its notebook and its record: it says what may no longer be said."""
        for name in fate.record["fichiers"] if fate.record else ():
            (self.out / name).unlink(missing_ok=True)
        fate.record = None

    def failure_path(self, report: Report) -> Path:
        return self.etat / "echecs" / f"{report.id.replace('/', '__')}.json"

    def aside(self, report: Report) -> tuple[Path, Path]:
        """Where the broken notebook and the traceback of a failed report are kept: out of what people share."""
        return self.etat / "echecs" / f"{report.id}.ipynb", self.etat / "echecs" / f"{report.id}.txt"


OPEN = {
    "indicateurs",
    "comptes",
    "actions",
    "engagements",
    "partenaires",
    "argent",
    "controles",
    "propositions",
    "textes",
    "geo",
}
"""What reports read that nothing of voices is in."""


def is_open(lecture: dict[str, Any]) -> bool:
    """Whether nothing of voices is in what a report read there."""
    if lecture["table"] == "@fichiers":
        return not dict(lecture["where"])["nom"][0].startswith(freshness.VOICES)
    return lecture["table"] in OPEN
