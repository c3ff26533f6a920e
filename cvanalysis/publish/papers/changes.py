"""From one edition to the next. Owns the choice of the earlier edition, the page « Ce qui a changé » and its text for a terminal.

It compares what two editions state (`statements`), never their data. Refuses to compare what was not made for the same readers.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.errors import UsageError
from cvanalysis.files import atomic
from cvanalysis.publish.files import count, envelope, link
from cvanalysis.publish.papers.statements import CONSTATS, CONTRIBUTIONS

if TYPE_CHECKING:
    from cvanalysis.display.constat import Constat
    from cvanalysis.pages.changements import Change, Followed
    from cvanalysis.territory.contract import Edition, Territory


PAGE = "changements.html"
TITLE = "Ce qui a changé"


def read_stated(folder: Path) -> dict[str, Any]:
    """What the edition in that folder states, and for whom; {} where it is not built."""
    from cvanalysis.constat.shape import Contribution

    stated, said = atomic.read_json(folder / CONSTATS), atomic.read_json(folder / CONTRIBUTIONS)
    if not stated or not said:
        return {}
    return stated | {"contributions": [Contribution(**one) for one in said["contributions"]]}


def _readers(stated: dict[str, Any]) -> tuple[str, str]:
    return stated["territoire"], stated["audience"]


def compare(then: dict[str, Any], now: dict[str, Any]) -> tuple[tuple[Change, ...], tuple[Followed, ...]]:
    """What changed of the findings and of the contributions that two editions state."""
    from cvanalysis.pages.changements import diff, follow

    made_of = then.get("origines", {}), now.get("origines", {})
    return diff(then["constats"], now["constats"], made_of), follow(then["contributions"], now["contributions"])


def earlier_editions(territory: Territory) -> list[Edition]:
    """The declared editions that come before this one, the nearest first."""
    ordered = sorted(territory.editions, key=lambda edition: edition.jusqu_au)
    return ordered[: ordered.index(territory.edition)][::-1] if territory.edition in ordered else []


def earlier_files(out: Path, territory: Territory) -> dict[str, str]:
    """Digest of each file of an earlier edition that the page may be made from, '' where it is not there, by path from `out`."""
    names = [f"../{one.id}/{name}" for one in earlier_editions(territory) for name in (CONSTATS, CONTRIBUTIONS)]
    return {name: atomic.digest(out / name) for name in names}


def write_changes(out: Path, territory: Territory, audience: str, processed: Path) -> dict[str, bytes]:
    """`changements.html`, from what this edition states and from the nearest earlier one for the same readers.

    `processed` holds the tables of this edition: titles quote what is written there.

    Raises `ReportFailed` where the page does not keep its contract: the one that stands is not touched.
    """
    from cvanalysis.display.constat import Constat
    from cvanalysis.pages.changements import find_changes
    from cvanalysis.publish.page.page import PageInfo, wrap_template
    from cvanalysis.publish.run.produce import hold_to_contract

    shown: list[Constat] = []
    for edition in earlier_editions(territory):
        then = read_stated(out.parent / edition.id)
        if then and _readers(then) == (territory.id, audience):
            if now := read_stated(out):
                found = find_changes(*compare(then, now), territory, edition.nom)
                # The titles quoted here are those of other findings: some may be invented wherever the territory declares examples.
                shown = [Constat(replace(one, exemple=bool(territory.exemples)), territory) for one in found]
            break
    html = wrap_template(
        "changements.html.j2",
        PageInfo(**envelope(TITLE, territory, audience, index=link("Toutes les analyses", "index.html"))),
        parties=list(zip(("Dans les constats", "Dans les contributions"), shown, strict=False)),
        edition=territory.edition.nom,
    )
    ids = [one.finding.id for one in shown if one.finding.figure]
    hold_to_contract(html, ids, processed, territory.dossier, f"la page « {TITLE} »")
    return {PAGE: html.encode()}


def tell_changes(out: Path, before: str, after: str) -> str:
    """What changed from edition `before` to `after`, both built under `out`, as text for a terminal.

    Raises `UsageError` where one is not built, or where they are not for the same readers.
    """
    from cvanalysis.french import typeset
    from cvanalysis.pages.changements import NATURES

    then, now = read_stated(out / before), read_stated(out / after)
    if missing := [name for name, one in ((before, then), (after, now)) if not one]:
        raise UsageError(
            f"Pas construite dans « {out} » : édition {' et '.join(missing)}. "
            f"Construisez-la d'abord : cvanalysis build --edition {missing[0]}."
        )
    if _readers(then) != _readers(now):
        raise UsageError(
            f"Ces deux éditions ne se comparent pas : {before} est construite pour « {then['audience']} » ({then['territoire']}), "
            f"{after} pour « {now['audience']} » ({now['territoire']})."
        )
    changes, followed = compare(then, now)
    followed_count = f"{count(len(followed), 'contribution')} dont le statut a changé"
    lines = [f"De {before} à {after} : {count(len(changes), 'changement')} dans les constats, {followed_count}."]
    for nature in NATURES:
        mine = [one for one in changes if one.nature == nature]
        if mine:
            plural = ("x" if nature == "nouveau" else "s") if len(mine) > 1 else ""
            lines += ["", f"{count(len(mine), 'constat')} {nature}{plural}"]
        for one in mine:
            said = {"avant : ": one.avant, "maintenant : ": one.apres}
            if one.avant == one.apres:
                said = {"": f"{one.apres} (le tableau change)"}
            lines.append(f"  {one.id} ({one.raison})")
            lines += [f"    {when}{title}" for when, title in said.items() if title]
    if followed:
        lines += ["", "Contributions"]
    for one in followed:
        text = f"« {one.texte} »" if one.texte else "(texte non publié)"
        moved = f"{one.avant} → {one.apres}" if one.avant else one.apres
        lines += [f"  {one.cite} : {text}", f"    {moved}. {one.reponse}".rstrip()]
    return "\n".join(" " * (len(line) - len(line.lstrip())) + typeset(line.strip()) for line in lines)
