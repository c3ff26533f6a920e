"""The pages that lead to the pages. Owns the index of an edition and the index of the editions; refuses findings and figures."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from cvanalysis.files import atomic
from cvanalysis.publish.files import envelope, link, read_manifest, reserved_for, zipped
from cvanalysis.publish.memory.decision import Fate
from cvanalysis.publish.page.page import wrap_template
from cvanalysis.publish.papers.downloads import DECLARED
from cvanalysis.publish.papers.statements import PAGE as CHANGES
from cvanalysis.publish.papers.statements import TITLE as CHANGES_TITLE
from cvanalysis.publish.papers.statements import earlier_editions
from cvanalysis.territory.contract import Territory

GROUPS = (("contrat", "Pour commencer"), ("quartier", "Les quartiers"), ("theme", "Les thèmes"))


def render_index(
    territory: Territory, audience: str, rapports: Sequence[Mapping[str, Any]], downloads: Sequence[str], **parts: Any
) -> bytes:
    """`index.html` of an edition: every report (see `describe`), what goes to the meetings, the downloads.

    `parts`, all optional: `papiers`, (file, title) of each; `accueil`, the map and the cards of the quarters; `constats`, for each
    page its title, its address, its findings (number, title); `envoi`, the file that holds the edition, not given in that file itself.
    Nothing says which build made a page that is up to date: an unchanged build leaves the index as it is.
    """
    data = [
        {"url": name, "titre": DECLARED[Path(name).stem]["titre"], "exemple": _invented(territory, Path(name).stem)}
        for name in downloads
        if name.endswith(".csv")
    ]
    index = link("Toutes les éditions", "../index.html") if parts.get("envoi") else None
    return wrap_template(
        "index.html.j2",
        envelope(territory.contrat, territory, audience, index=index),
        "index.js",
        groupes=[(genre, titre, [r for r in rapports if r["genre"] == genre]) for genre, titre in GROUPS],
        villes=sorted({city for one in rapports for city in one["communes"]}),
        themes=[one for one in territory.themes if any(one.id in r["themes"] for r in rapports)],
        donnees=data,
        changements=(CHANGES, CHANGES_TITLE) if CHANGES in downloads and earlier_editions(territory) else (),
        la={one["url"] for one in rapports},
        codes={quarter.code for quarter in territory.quartiers},
        **{"papiers": (), "accueil": ("", ""), "constats": (), "envoi": ""} | parts,
    ).encode()


def pack(territory: Territory, files: Mapping[str, bytes]) -> bytes:
    """The edition in one file to send, under its folder."""
    return zipped({f"{territory.edition.id}/{name}": raw for name, raw in sorted(files.items())})


def render_readme(territory: Territory, audience: str, pages: int) -> bytes:
    """`lisez-moi.html`: what the file that was sent is, and where to start."""
    index = link("Toutes les analyses", "index.html")
    page = envelope("Lisez-moi", territory, audience, index=index)
    return wrap_template("lisez-moi.html.j2", page, territoire=territory, pages=pages).encode()


def _invented(territory: Territory, download: str) -> bool:
    """Whether a download may hold rows declared as examples: those of its `origine` in the data folder; findings come from everywhere."""
    start = DECLARED[download].get("origine", "")
    inside = start + "x" * start.endswith("/")
    return any(pattern.startswith(start) or fnmatch(inside, pattern) for pattern in territory.exemples)


def describe(fate: Fate) -> dict[str, Any]:
    """A report as the index shows it: a state only where something is to be made again."""
    report, there = fate.report, fate.record is not None
    state, reason = "" if there else "Pas encore construite", ""
    if fate.status == "failed":
        state = "Page d’une construction antérieure" if there else "Pas de page"
        reason = f"La dernière construction de cette page a échoué : {fate.why}."
    elif fate.stale:
        state, reason = "Page d’une construction antérieure", f"Depuis, il y a eu du nouveau : {fate.stale}."
    return {
        "id": report.id,
        "genre": report.genre,
        "titre": report.titre,
        "url": report.path if there else "",
        "detail": f"{report.sujet}, {', '.join(report.communes)}" if report.genre == "quartier" else "",
        "etat": state,
        "raison": reason,
        "communes": report.communes,
        "themes": (report.sujet,) if report.genre == "theme" else (),
    }


def write_editions(out: Path, territory: Territory) -> None:
    """`OUT/index.html`: the editions that stand there, the latest first, and for whom.

    One list for all: where some are public, those alone, for who has that list has the public's; else those of the next readers.
    """
    steps = {one.id: one.nom for one in territory.calendrier}
    known = {one.id: (one.nom, steps.get(one.etape, "")) for one in territory.editions}
    found: dict[str, list[str]] = {}
    for path in sorted(out.glob("*/manifest.json"), reverse=True):
        found.setdefault(read_manifest(path.parent).get("audience", "equipe"), []).append(path.parent.name)
    audience = next((one for one in ("public", "groupe", "equipe") if one in found), "public")
    html = wrap_template(
        "editions.html.j2",
        envelope("Les éditions", territory, audience, edition=territory.contrat),
        editions=[(f"{one}/index.html", *known.get(one, (one, ""))) for one in found.get(audience, ())],
        lecteurs=reserved_for(audience) or "pour tout le monde",
    )
    atomic.write(out / "index.html", html.encode())
