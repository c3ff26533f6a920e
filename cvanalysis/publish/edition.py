"""What speaks of a whole edition: downloads, index, manifest, log, stamp. Owns the end of a build; refuses to make a report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic
from cvanalysis.publish.files import Say, count, duration, shown
from cvanalysis.publish.memory import state
from cvanalysis.publish.memory.decision import Decision, Fate
from cvanalysis.publish.papers.changes import earlier_files, write_changes
from cvanalysis.publish.papers.meetings import make_papers
from cvanalysis.publish.papers.statements import CONSTATS, gather, write_statements
from cvanalysis.publish.run.child import Limits, run_children
from cvanalysis.tables import freshness
from cvanalysis.tables.freshness import VOICES

if TYPE_CHECKING:
    from cvanalysis.publish.memory.slices import Slices

DONE, FAILED = 0, 1


def conclude(
    decision: Decision,
    fates: list[Fate],
    processed: dict[str, Any],
    slices: Slices,
    log: list[dict[str, Any]],
    started: float,
    say: Say,
    warn: Say,
) -> int:
    """Write all that speaks of the whole edition, the stamp last; returns the exit status."""
    from cvanalysis.publish.site import write_editions, write_index

    out, territory, options = decision.out, decision.territory, decision.options

    failed = [fate for fate in fates if fate.status == "failed"]
    code = FAILED if failed or processed["illisibles"] else DONE
    messages = [f"Fichier laissé de côté : {one}" for one in processed["illisibles"]]
    messages += [f"À vérifier : {one}" for one in processed["avertissements"]]
    slices.forget_voices()
    downloads, problem = make_downloads(decision, slices)
    if problem:
        code = FAILED
        messages.append(f"Téléchargements : échec. {problem}.")
    statements, wrong = make_statements(decision, fates, slices)
    papers, unmade = make_papers(decision, fates, slices, log)
    if wrong or unmade:
        code = FAILED
        messages += [f"Constats de l'édition : échec. {wrong.strip().rstrip('.')}."] * bool(wrong) + unmade
    write_index(out, territory, options.audience, fates, [*downloads, *statements], papers)
    manifest = {
        "territoire": territory.id,
        "edition": territory.edition.id,
        "audience": options.audience,
        "reports": [manifest_entry(fate) for fate in fates if fate.status != "absent"],
        "sources": shown_sources(processed["sources"], options.audience),
    }
    atomic.write_json(out / "manifest.json", manifest)
    write_editions(options.out.resolve(), territory)
    atomic.write_json(
        out / "build-log.json",
        {"secondes": round(time.perf_counter() - started, 3), "jobs": options.jobs, "taches": log},
    )
    whole = (
        not problem
        and not wrong
        and not unmade
        and not any(fate.stale or fate.status in {"failed", "absent"} for fate in fates)
    )
    outputs = {name: one for fate in fates if fate.record for name, one in fate.record["fichiers"].items()}
    outputs |= {
        name: atomic.digest(out / name)
        for name in [*downloads, *statements, *(name for name, _ in papers), "index.html"]
    }
    # What « Ce qui a changé » was made from: an earlier edition that comes, goes or changes makes this one be looked at again.
    outputs |= earlier_files(out, territory)
    state.write_stamp(
        decision.etat,
        decision.inputs,
        outputs,
        {
            "generation": decision.generation,
            "complet": whole,
            "code": code,
            "messages": messages,
            "manifeste": atomic.digest_value(lasting(manifest)),
            "paroles": sorted([one["fichier"], one["sha256"]] for one in processed["sources"] if is_voice(one)),
        },
    )
    for message in messages:
        warn(message)
    built = sum(fate.status == "built" for fate in fates)
    same = sum(fate.status == "unchanged" for fate in fates)
    took = duration(time.perf_counter() - started)
    say(
        f"{count(built, 'rapport')} construit{'s' if built > 1 else ''}, {same} à jour, {count(len(failed), 'échec')} "
        f"en {took} : {shown(out / 'index.html')}"
    )
    return code


def make_downloads(decision: Decision, slices: Slices) -> tuple[list[str], str]:
    """The CSV files, made in a child, or left as they are where nothing that they are made of changed; and what went wrong, or ''."""
    from cvanalysis.publish.papers.downloads import write_downloads

    out, territory = decision.out, decision.territory
    key = atomic.digest_value(
        [slices.tables, decision.territory_digest, decision.inputs.code, decision.options.audience]
    )
    known = atomic.read_json(decision.etat / "donnees.json") or {}
    if known.get("cle") == key and all(atomic.digest(out / name) == one for name, one in known["fichiers"].items()):
        return list(known["fichiers"]), ""

    def work(_emit: Any) -> list[str]:
        return write_downloads(out, slices.processed, territory)

    [(_, outcome)] = run_children(iter([("téléchargements", work)]), 1, Limits(None, None, None))
    if outcome.kind != "fini":
        return [], outcome.cause
    for name in set(known.get("fichiers", ())) - set(outcome.value):
        (out / name).unlink(missing_ok=True)
    atomic.write_json(
        decision.etat / "donnees.json",
        {"cle": key, "fichiers": {name: atomic.digest(out / name) for name in outcome.value}},
    )
    return outcome.value, ""


def make_statements(decision: Decision, fates: list[Fate], slices: Slices) -> tuple[list[str], str]:
    """What this edition states and what changed since the earlier one, made in a child or left where nothing of it changed; and what
    went wrong, or ''."""
    out, territory, audience = decision.out, decision.territory, decision.options.audience
    notebooks = {
        name: one
        for fate in fates
        if fate.record
        and fate.record["parts"]["audience"] == audience  # a page that stands may be of a build for others
        for name, one in fate.record["fichiers"].items()
        if name.startswith("notebooks/")
    }
    key = atomic.digest_value(
        [
            list(notebooks.items()),
            slices.tables.get("contributions"),
            freshness.read_record(slices.processed).get("fait_de"),
            earlier_files(out, territory),
            decision.territory_digest,
            decision.inputs.code,
            audience,
        ]
    )
    known = atomic.read_json(decision.etat / "constats.json") or {}
    if known.get("cle") == key and all(atomic.digest(out / name) == one for name, one in known["fichiers"].items()):
        return list(known["fichiers"]), ""

    def work(_emit: Any) -> dict[str, Any]:
        records, read = gather(out, notebooks, known)
        written = write_statements(out, slices.processed, territory, audience, records)
        return {"ecrits": written + write_changes(out, territory, audience), "carnets": read}

    [(_, outcome)] = run_children(iter([("constats", work)]), 1, Limits(None, None, None))
    if outcome.kind != "fini":
        return [], outcome.cause
    written = {name: atomic.digest(out / name) for name in outcome.value["ecrits"]}
    atomic.write_json(
        decision.etat / "constats.json",
        {"cle": key, "fichiers": written, "constats": written[CONSTATS], "carnets": outcome.value["carnets"]},
    )
    return list(written), ""


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
    return manifest | {
        "reports": [
            {key: one for key, one in report.items() if key not in {"status", "why"}} for report in manifest["reports"]
        ]
    }


def manifest_entry(fate: Fate) -> dict[str, Any]:
    """A report's line in the manifest."""
    report = fate.report
    return {
        "id": report.id,
        "path": report.path,
        "notebook": report.notebook,
        "parameters": report.parameters,
        "status": fate.status,
        "why": fate.why,
        "inputs_sha256": fate.inputs,
        "findings": fate.record["findings"] if fate.record else [],
    }
