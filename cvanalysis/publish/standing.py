"""Editions that stand beside the one that is built. Owns which of them must be looked at again; refuses to build one.

A voice that is withdrawn leaves every edition at the next build, whichever edition that build is for. So an edition whose files of voices
are no longer those that it was made from is built again first, for its own readers: only the reports that read what changed are made.
"""

from __future__ import annotations

from pathlib import Path

from cvanalysis.publish import atomic, state

VOICES = "paroles/"


def to_look_at_again(data: Path, out: Path, declared: list[str], asked: str) -> tuple[list[tuple[str, str]], list[str]]:
    """(edition, audience) of those that stand under `out` and were made from other files of voices, the oldest first; and the names of
    those that the territory declares no longer: nothing can build them again."""
    now = atomic.digest_tree(data / VOICES)
    again, orphans = [], []
    for folder in sorted(path.parent.parent for path in out.glob("*/.etat/audience")):
        made_from = state.read_stamp(folder).get("inputs", {}).get("data")
        was = {n.removeprefix(VOICES): one for n, one in (made_from or {}).items() if n.startswith(VOICES)}
        if folder.name == asked or (made_from is not None and was == now):
            continue
        if folder.name in declared:
            again.append((folder.name, (folder / ".etat" / "audience").read_text(encoding="ascii")))
        else:
            orphans.append(folder.name)
    return sorted(again, key=lambda one: declared.index(one[0])), orphans
