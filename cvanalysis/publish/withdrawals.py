"""Editions that stand beside the one that is built. Owns which of them hold voices that they may hold no more; refuses to build one.

A voice that is withdrawn leaves every edition at the next build, whichever edition that build is for. An edition handed over is otherwise
left alone: it is built again only where what it may know of voices today is not what it was made from.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic
from cvanalysis.publish.files import audience_of, read_manifest, state_folder
from cvanalysis.publish.memory.decision import EDITION
from cvanalysis.publish.memory.ledger import Ledger
from cvanalysis.publish.run.child import run_one
from cvanalysis.tables import freshness

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Edition, Territory


LOOKED_AT = "paroles"
"""In the ledger of an edition: the files of voices for which it was last found to be right."""


def to_build_again(territory: Territory, out: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """(edition, audience) of those that stand under `out` and hold other voices than they may, the oldest first; and the names of
    those that may, and that the territory declares no longer: nothing can build them again."""
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


def _holds_others(ledger: Ledger, territory: Territory, edition: Edition, audience: str) -> bool:
    """Whether the voices that the edition may know are not those that it was built from. Read in a child, for no trace."""

    def work(_emit: Any) -> list[list[str]]:
        from cvanalysis.files.guard import under_guard
        from cvanalysis.paroles.clean.voices import clean_voices

        voices = under_guard(lambda: clean_voices(replace(territory, edition=edition), audience).sources)
        return sorted([one.fichier, one.sha256] for one in voices)

    outcome = run_one(work)
    return outcome.kind != "fini" or outcome.value != ledger.read(EDITION).get("paroles")
