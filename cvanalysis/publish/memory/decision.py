"""What has to be made, and why. Owns the comparison of each report's record with today, and the sentence that says it; refuses to make
anything or to read raw files.

A record says what a report was made from. A report is made again where something of it differs, and for no other reason; what is
not known for certain counts as different. Of its slice, the record lists each read with a digest of the rows: asked again of today's
tables, the same digests are the same slice. Where they differ, the rows of then and of now are compared, to say which file brought what.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic
from cvanalysis.files.child import MEMORY, SECONDS
from cvanalysis.publish.files import envelope, link, state_folder
from cvanalysis.publish.memory.ledger import Ledger, Record, differences, report_key
from cvanalysis.publish.plan import LAST, Report, plan_reports, select
from cvanalysis.tables import freshness

if TYPE_CHECKING:
    import pandas as pd

    from cvanalysis.tables.store import Store
    from cvanalysis.territory.contract import Territory


UNCHANGED = "rien n'a changé"
EDITION = "edition"  # the key of the whole edition in its ledger
ABSENT = "CVANALYSIS_ABSENTES"  # the reports that have no page, for the notebooks: they lead to no other
Where = tuple[tuple[str, tuple[str, ...]], ...]

NAMES = {
    "indicateurs": "valeur", "anomalies": "anomalie", "actions": "action", "engagements": "ligne d'engagement", "paroles": "parole",
}  # fmt: skip
"""What a row of a table is called: all feminine, as « ligne » is, and plural at their first word."""
VOICES = ("paroles", "contributions", "immersions")
KEYS = {"indicateurs": ["zone", "niveau", "indicateur", "millesime", "publication"]}
_CHANGED = {
    "carnet": "carnet modifié",
    "parametres": "paramètres modifiés",
    "territoire": "déclarations du territoire modifiées",
    "phrases": "phrases du territoire modifiées",
    "page": "titre, liens ou mentions de la page modifiés",
    "audience": "audience modifiée",
}


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
    timeout: float = SECONDS
    memory: int = MEMORY

    @property
    def processed(self) -> Path:
        """Where the tables of this contract for this audience stand."""
        return freshness.tables_folder(self.data, self.audience)


@dataclass(slots=True, eq=False)
class Fate:
    """What becomes of one report in this build: `status` is '' where it is to be made."""

    report: Report
    why: str
    record: Record | None  # of the page that stands
    status: str = ""
    stale: str = ""  # why the page that stands is of an earlier build, '' where it is not


@dataclass
class Decision:
    """The records of an edition, held against what would be built today.

    `inputs`: digests of all that a build reads, by relative path (`data`, `code`, `notebooks`), `versions`, and `options`, the words that
    change what is built.
    """

    options: Options
    territory: Territory
    notebooks: Path
    inputs: dict[str, dict[str, str]]

    def __post_init__(self) -> None:
        self.reports = plan_reports(self.territory, self.notebooks)
        self.chosen = select(self.reports, self.options.only)
        self.out = self.options.out.resolve() / self.territory.edition.id
        self.etat = state_folder(self.options.data, self.out)
        self.ledger = Ledger(self.out, self.etat)

    @cached_property
    def generation(self) -> int:
        """The number of this build among those that reached their end."""
        return self.ledger.read(EDITION).get("generation", 0) + 1

    def decide(self, slices: Slices) -> list[Fate]:
        """For each report, whether it is to be made again and why."""
        asked = {report.id for report in self.chosen}
        fates = []
        for report in self.reports:
            record = self.record(report)
            reasons = self.reasons(report, record, slices)
            why = " ; ".join(reasons) or ("demandé (--force)" if self.options.force else "")
            fate = Fate(report, why, record)
            if report.id not in asked and not (record and slices.voices_changed(record)):
                # Not asked for, it stays as it is; but a page that may hold a withdrawn voice is never left as it is.
                fate.stale = why if reasons and record else ""
                fate.why = f"non demandé{' ; page d’une construction antérieure : ' + fate.stale if fate.stale else ''}"
                fate.status = "unchanged" if record else "absent"
            elif not why:
                # Made by a build that was killed before its end, it is of this one for whoever reads the manifest.
                mine = record["generation"] == self.generation
                fate.status, fate.why = ("built", record["why"]) if mine else ("unchanged", UNCHANGED)
            fates.append(fate)
        return fates

    def reasons(self, report: Report, record: Record | None, slices: Slices) -> list[str]:
        """Why a report must be made again, in French; none where it need not."""
        if record is None:
            return ["première construction"]
        was, now = record["de"], self.parts(report)
        reasons = [said for part, said in _CHANGED.items() if was.get(part) != now[part]]
        if was["environnement"] != now["environnement"]:
            reasons += differences(self.ledger.read(was["environnement"]).get("de", {}), self.made_with)
        reasons += slices.say(record, slices.changed(record))
        if not reasons and self.aside(report)[1].exists():
            reasons.append("échec à la construction précédente")
        return reasons or self.ledger.altered(record)

    @property
    def made_with(self) -> dict[str, Any]:
        """The code and libraries of this build."""
        return {"code": self.inputs["code"], "versions": self.inputs["versions"]}

    @cached_property
    def environment(self) -> str:
        """Their key in the ledger, where they are kept so that `why` can name what changed since."""
        return f"environnements/{atomic.digest_value(self.made_with)[:16]}"

    @cached_property
    def common(self) -> dict[str, str]:
        """What everything of an edition is made of."""
        return {
            "environnement": self.environment,
            "territoire": freshness.declarations(self.territory),
            "phrases": atomic.digest_value(self.territory.phrases),
            "audience": self.options.audience,
        }

    def parts(self, report: Report) -> dict[str, str]:
        """What is known of a report's key before it runs."""
        return self.common | {
            "carnet": self.inputs["notebooks"][report.notebook],
            "parametres": atomic.digest_value(report.parameters),
            # a page of a quarter or of a theme leads to its neighbours alone
            "page": atomic.digest_value([self.pages[report.id], report.genre == "contrat" and self.absent]),
        }

    def inputs_digest(self, fate: Fate) -> str:
        """A report's key, as the manifest gives it: all that it was made from, or would have been where it failed.

        Of what it read of voices, what it shows of them: a bare digest of their rows would answer whoever tries a few.
        """
        record = fate.record
        if fate.status == "failed":
            return atomic.digest_value(self.parts(fate.report))
        lectures = sorted(json.dumps(one, sort_keys=True) for one in record["lectures"] if is_open(one))
        shown = record["fichiers"] if len(lectures) < len(record["lectures"]) else {}
        return atomic.digest_value({"parts": record["de"], "lectures": lectures, "montre": shown})

    @cached_property
    def there(self) -> list[Report]:
        """The reports that have a page, or that this build makes and that did not fail when last made: pages lead to no other."""
        asked = {one.id for one in self.chosen if not self.aside(one)[1].exists()}
        return [one for one in self.reports if one.id in asked or (self.out / one.path).exists()]

    @cached_property
    def absent(self) -> str:
        """The others' ids."""
        there = {one.id for one in self.there}
        return " ".join(one.id for one in self.reports if one.id not in there)

    @cached_property
    def pages(self) -> dict[str, dict[str, Any]]:
        """What each report's page says around it: titles and links between neighbours of the same kind."""
        found, there = {}, {one.id for one in self.there}
        sheets = [one for one in self.there if one.genre == "quartier" and one.court == one.sujet]
        sheets *= not self.territory.vaste  # a list of all the quarters of a country leads nowhere
        for _, group in groupby(self.reports, key=lambda one: (one.genre, bool(one.sujet) and one.notebook)):
            same = list(group)
            for i, report in enumerate(same):
                before, after = (
                    next((one for one in ones if one.id in there), None) for ones in (same[:i][::-1], same[i + 1 :])
                )
                depth, near = "../" * report.path.count("/"), {"precedent": before, "suivant": after}
                found[report.id] = envelope(
                    report.titre if report.genre != "quartier" else f"{report.titre} ({report.sujet})",
                    self.territory,
                    self.options.audience,
                    entete=", ".join(filter(None, (report.titre, " et ".join(report.communes)))),
                    index=link("Toutes les analyses", f"{depth}index.html"),
                    liens=[
                        [link(other.titre, f"{depth}{other.path}") for other in group]
                        for group in (self.beside(report), sheets if report.genre != "quartier" else ())
                    ],
                    **{key: link(one.titre, f"{depth}{one.path}") for key, one in near.items() if one},
                )
        return found

    def beside(self, report: Report) -> list[Report]:
        """The pages on the whole contract, on the themes, and on the same quarter."""
        near = (one for one in self.there if one.genre != "quartier" or one.sujet == report.sujet)
        return [one for one in near if one.id != report.id and one.ordre < LAST]

    def record(self, report: Report) -> Record | None:
        """The record of the page that stands."""
        record = self.ledger.read(report_key(report.id))
        return record if record and all((self.out / name).exists() for name in record["fichiers"]) else None

    def aside(self, report: Report) -> tuple[Path, Path]:
        """Where the broken notebook and the traceback of a failed report are kept: out of what people share."""
        return self.etat / "echecs" / f"{report.id}.ipynb", self.etat / "echecs" / f"{report.id}.txt"


OPEN = {
    "indicateurs", "comptes", "actions", "engagements", "partenaires", "argent", "controles", "propositions", "textes", "geo",
}  # fmt: skip
"""What reports read that nothing of voices is in."""


def is_open(lecture: dict[str, Any]) -> bool:
    """Whether nothing of voices is in what a report read there."""
    if lecture["table"] == freshness.FILES:
        return not dict(lecture["where"])["nom"][0].startswith(freshness.VOICES)
    return lecture["table"] in OPEN


# ----------------------------------------------------------------------------------------------- what reports read


class Slices:
    """Today's tables, and those that records were made from."""

    def __init__(self, processed: Path, etat: Path, territory: Territory, audience: str) -> None:
        from cvanalysis.tables.store import Store

        self.processed = processed
        self.territory = territory
        self.kept = etat / "tables"  # each under its digest
        self.store = Store(processed, territory, audience)
        self.tables = self.store.tables.digests
        self.digest, self.compare, self._then = cache(self.store.digest), cache(self._compare), cache(self._open_then)

    def changed(self, record: dict[str, Any]) -> list[tuple[str, Where]]:
        """The reads of a record that would not give the same rows now."""
        found = []
        for one in record["lectures"]:
            table = one["table"]
            if table in self.tables and record["tables"].get(table) == self.tables[table]:
                continue  # the whole table is as it was
            where = tuple((column, tuple(values)) for column, values in one["where"])
            if self.digest(table, where) != one["digest"]:
                found.append((table, where))
        return found

    def voices_changed(self, record: dict[str, Any]) -> bool:
        """Whether a page quotes or counts voices that are not today's: one of them may have been withdrawn."""
        return any(table in VOICES for table, _ in self.changed(record))

    def keep(self) -> None:
        """Keep a copy of today's tables, for the comparisons of later builds. Not of what people said: a row for each voice, among the
        pages, would give back every count that they withhold, and « 2 paroles nouvelles » too."""
        for name in self.tables.keys() - set(VOICES):
            target = self.kept / f"{self.tables[name]}.parquet"
            if not target.exists():
                with suppress(OSError, atomic.WriteFailed):  # a later build will only say less well what changed
                    atomic.write(target, (self.processed / f"{name}.parquet").read_bytes())

    def forget(self, records: list[Record]) -> None:
        """Remove the tables that no record names."""
        named = {digest for one in (self.tables, *(record["tables"] for record in records)) for digest in one.values()}
        for path in self.kept.glob("*"):
            if path.stem not in named:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def say(self, record: dict[str, Any], changed: list[tuple[str, Where]]) -> list[str]:
        """What changed in a report's slice: « 3 valeurs nouvelles dans REVN_2022 »."""
        counts: Counter[tuple[str, str, str]] = Counter()
        for table, where in dict.fromkeys(changed):
            then = record["tables"].get(table, "")
            counts |= self.compare(then, table, where)  # two reads can cover the same rows: no sum
        return [_sentence(*what, count) for what, count in sorted(counts.items())]

    def _compare(self, then: str, table: str, where: Where) -> Counter[tuple[str, str, str]]:
        """Counts of rows by (table, what, origin); of what has no rows, its own sentence in the place of the origin."""
        name = dict(where).get("nom", ("",))[0]
        whole = {
            "textes": f"texte « {name} » modifié",
            freshness.FILES: f"fichier {'de paroles' if name.startswith(freshness.VOICES) else name} modifié",
            "geo": "contours modifiés",
        }
        if table in whole or not (old := self._then(then)):
            return Counter([(table, "", whole.get(table, f"table {table} modifiée"))])
        return compare_rows(table, old.rows(then, where), self.store.rows(table, where))

    def _open_then(self, then: str) -> Store | None:
        from cvanalysis.tables.store import Store, open_tables

        digest = atomic.digest(self.kept / f"{then}.parquet")
        return Store(open_tables(self.kept, {then: digest}), self.territory) if digest else None


def compare_rows(table: str, old: pd.DataFrame, new: pd.DataFrame) -> Counter[tuple[str, str, str]]:
    """Rows that are new, changed or gone, by the file that they come from. Rows without a key are new or gone, never changed."""
    if old.empty or new.empty or list(old.columns) != list(new.columns):
        whole, what = (new, "nouvelle") if len(new) else (old, "retirée")
        return Counter((table, what, origin) for origin in _origins(whole, table))
    keys = [column for column in KEYS.get(table, []) if column in new.columns]
    then, now = (
        Counter(zip(_identity(one, keys), _identity(one, list(one.columns)), _origins(one, table), strict=True))
        for one in (old, new)
    )
    gone, come = then - now, now - then
    gone_keys, come_keys = ({key for key, _, _ in rows if keys} for rows in (gone, come))
    found: Counter[tuple[str, str, str]] = Counter()
    for (key, _, origin), count in come.items():
        found[table, "modifiée" if key in gone_keys else "nouvelle", origin] += count
    for (key, _, origin), count in gone.items():
        if key not in come_keys:
            found[table, "retirée", origin] += count
    return found


def _identity(frame: pd.DataFrame, columns: list[str]) -> list[str]:
    if not columns:
        return [""] * len(frame)
    return ["\x1f".join(map(str, row)) for row in frame[columns].itertuples(index=False, name=None)]


def _origins(frame: pd.DataFrame, table: str) -> list[str]:
    if "fichier" not in frame.columns:
        return [table] * len(frame)
    return [Path(str(name)).stem for name in frame["fichier"]]


def _sentence(table: str, what: str, origin: str, count: int) -> str:
    if not what:
        return origin
    name, s = NAMES.get(table, "ligne").partition(" "), "s" if count > 1 else ""
    return f"{count} {name[0]}{s}{name[1]}{name[2]} {what}{s} dans {origin}"
