"""From one edition to the next. Owns the choice of the earlier edition, the page « Ce qui a changé » and its text for a terminal.

It compares what two editions state (`statements`), never their data. Refuses to compare what was not made for the same readers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.errors import ReportFailed, UsageError
from cvanalysis.files import atomic
from cvanalysis.publish.files import count
from cvanalysis.publish.papers.statements import CONSTATS, CONTRIBUTIONS

if TYPE_CHECKING:
    from cvanalysis.constat.shape import Contribution
    from cvanalysis.territory.contract import Edition, Territory


PAGE = "changements.html"
TITLE = "Ce qui a changé"
WEIGHT = 300_000  # bytes


@dataclass(frozen=True, slots=True)
class Stated:
    """What an edition that stands under OUT states, and for whom."""

    territoire: str
    audience: str
    constats: list[dict[str, Any]]
    contributions: tuple[Contribution, ...]
    origines: dict[str, str]


def read_stated(folder: Path) -> Stated | None:
    """What the edition in that folder states; None where it is not built."""
    from cvanalysis.constat.shape import Contribution

    constats, said = atomic.read_json(folder / CONSTATS), atomic.read_json(folder / CONTRIBUTIONS)
    if not constats or not said:
        return None
    contributions = tuple(Contribution(**one) for one in said["contributions"])
    return Stated(
        constats["territoire"], constats["audience"], constats["constats"], contributions, constats.get("origines", {})
    )


def earlier_editions(territory: Territory) -> list[Edition]:
    """The declared editions that come before this one, the nearest first."""
    ordered = sorted(territory.editions, key=lambda edition: edition.jusqu_au)
    before = [edition.id for edition in ordered].index(territory.edition.id) if territory.edition in ordered else 0
    return ordered[:before][::-1]


def earlier_files(out: Path, territory: Territory) -> dict[str, str]:
    """Digest of each file of an earlier edition that the page may be made from, '' where it is not there, by path from `out`."""
    names = [f"../{one.id}/{name}" for one in earlier_editions(territory) for name in (CONSTATS, CONTRIBUTIONS)]
    return {name: atomic.digest(out / name) for name in names}


def write_changes(out: Path, territory: Territory, audience: str, processed: Path) -> dict[str, bytes]:
    """`changements.html`, from what this edition states and from the nearest earlier one for the same readers.

    `processed` holds the tables of this edition: titles quote what is written there.

    Raises `ReportFailed` where the page does not keep its contract: the one that stands is not touched.
    """
    from cvanalysis.display import composants
    from cvanalysis.display.constat import Constat
    from cvanalysis.pages.changements import diff, find_changes, follow
    from cvanalysis.publish.page.contract import check_page
    from cvanalysis.publish.page.page import Lien, envelope, template, wrap_page
    from cvanalysis.publish.run.produce import words_of_data

    past = now = None
    for edition in earlier_editions(territory):
        there = read_stated(out.parent / edition.id)
        if there and (there.territoire, there.audience) == (territory.id, audience):
            past, now = (edition, there), read_stated(out)
            break
    shown: list[Constat] = []
    if past is not None and now is not None:
        edition, then = past
        changes = diff(then.constats, now.constats, (then.origines, now.origines))
        found = find_changes(changes, follow(then.contributions, now.contributions), territory, edition.nom)
        # The titles quoted here are those of other findings: some may be invented wherever the territory declares examples.
        shown = [Constat(replace(one, exemple=bool(territory.exemples)), territory) for one in found]
    parties = list(zip(("Dans les constats", "Dans les contributions"), shown, strict=False))
    composants.titles()  # those of nobody
    body = template("changements.html.j2").render(parties=parties, edition=territory.edition.nom)
    info = envelope(TITLE, territory, audience, Lien("Toutes les analyses", "index.html"))
    html = wrap_page(body, info, sommaire=composants.titles())
    said = words_of_data(processed, territory.dossier)
    ids = [one.finding.id for one in shown if one.finding.figure]
    if problems := check_page(html, ids, WEIGHT, dit=said):
        raise ReportFailed(f"la page « {TITLE} » ne tient pas son contrat : {' ; '.join(problems[:5])}")
    return {PAGE: html.encode()}


def tell_changes(out: Path, before: str, after: str) -> str:
    """What changed from edition `before` to `after`, both built under `out`, as text for a terminal.

    Raises `UsageError` where one is not built, or where they are not for the same readers.
    """
    from cvanalysis.french import typeset
    from cvanalysis.pages.changements import diff, follow

    stated = {name: read_stated(out / name) for name in (before, after)}
    if missing := [name for name, one in stated.items() if one is None]:
        raise UsageError(
            f"Pas construite dans « {out} » : édition {' et '.join(missing)}. "
            f"Construisez-la d'abord : cvanalysis build --edition {missing[0]}."
        )
    then, now = stated[before], stated[after]
    if (then.territoire, then.audience) != (now.territoire, now.audience):
        raise UsageError(
            f"Ces deux éditions ne se comparent pas : {before} est construite pour « {then.audience} » ({then.territoire}), "
            f"{after} pour « {now.audience} » ({now.territoire})."
        )
    changes = diff(then.constats, now.constats, (then.origines, now.origines))
    followed = follow(then.contributions, now.contributions)
    followed_count = f"{count(len(followed), 'contribution')} dont le statut a changé"
    lines = [f"De {before} à {after} : {count(len(changes), 'changement')} dans les constats, {followed_count}."]
    for nature in ("nouveau", "révisé", "disparu"):
        mine = [one for one in changes if one.nature == nature]
        if mine:
            plural = ("x" if nature == "nouveau" else "s") if len(mine) > 1 else ""
            lines += ["", f"{count(len(mine), 'constat')} {nature}{plural}"]
        for one in mine:
            lines.append(f"  {one.id} ({one.raison})")
            if one.avant == one.apres:
                lines.append(f"    {one.apres} (le tableau change)")
            else:
                lines += [f"    avant : {one.avant}"] * bool(one.avant) + [f"    maintenant : {one.apres}"] * bool(
                    one.apres
                )
    if followed:
        lines += ["", "Contributions"]
    for one in followed:
        text = f"« {one.texte} »" if one.texte else "(texte non publié)"
        moved = f"{one.avant} → {one.apres}" if one.avant else one.apres
        lines += [f"  {one.cite} : {text}", f"    {moved}. {one.reponse}".rstrip()]
    return "\n".join(" " * (len(line) - len(line.lstrip())) + typeset(line.strip()) for line in lines)
