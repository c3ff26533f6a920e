"""The pages that lead to the pages. Owns the index of an edition and the index of the editions; refuses findings and figures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.display import composants
from cvanalysis.files import atomic
from cvanalysis.publish.files import read_manifest
from cvanalysis.publish.page.page import Lien, envelope, reserved_for, template, wrap_page
from cvanalysis.publish.papers.changes import PAGE as CHANGES
from cvanalysis.publish.papers.changes import TITLE as CHANGES_TITLE
from cvanalysis.publish.papers.downloads import TITLES as DOWNLOADS

if TYPE_CHECKING:
    from cvanalysis.publish.memory.decision import Fate
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
        {"url": name, "titre": DOWNLOADS[Path(name).stem], "exemple": _invented(territory, Path(name).stem)}
        for name in downloads
        if name.endswith(".csv")
    ]
    composants.titles()  # those of nobody
    body = template("index.html.j2").render(
        groupes=[(genre, titre, [r for r in rapports if r["genre"] == genre]) for genre, titre in GROUPS],
        villes=sorted({city for one in rapports for city in one["communes"]}),
        themes=[one for one in territory.themes if any(one.id in r["themes"] for r in rapports)],
        donnees=data,
        changements=(CHANGES, CHANGES_TITLE) if CHANGES in downloads else (),
        la={one["url"] for one in rapports},
        codes={quarter.code for quarter in territory.quartiers},
        **{"papiers": (), "accueil": ("", ""), "constats": (), "envoi": ""} | parts,
    )
    index = Lien("Toutes les éditions", "../index.html") if parts.get("envoi") else None
    info = envelope(territory.contrat, territory, audience, index)
    return wrap_page(body, info, "index.js", sommaire=composants.titles()).encode()


def pack(territory: Territory, files: Mapping[str, bytes]) -> bytes:
    """The edition in one file to send, under its folder. Same files, same bytes: no clock enters it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, raw in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{territory.edition.id}/{name}", (1980, 1, 1, 0, 0, 0))
            target.writestr(entry, raw, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def render_readme(territory: Territory, audience: str, pages: int) -> bytes:
    """`lisez-moi.html`: what the file that was sent is, and where to start."""
    body = template("lisez-moi.html.j2").render(territoire=territory, pages=pages)
    index = Lien("Toutes les analyses", "index.html")
    return wrap_page(body, envelope("Lisez-moi", territory, audience, index)).encode()


_ROWS_OF = {
    "indicateurs": "insee/",
    "anomalies": "insee/",
    "actions": "actions/",
    "argent": "actions/",
    "propositions": "actions/",
    "engagements": "engagements.csv",
    "couverture": "paroles/",
}
"""Where the rows of each download come from in the data folder; findings come from everywhere."""


def _invented(territory: Territory, download: str) -> bool:
    """Whether a download may hold rows declared as examples."""
    start = _ROWS_OF.get(download, "")
    return any(
        pattern.startswith(start) or fnmatch(start + "x" * start.endswith("/"), pattern)
        for pattern in territory.exemples
    )


def describe(fate: Fate) -> dict[str, Any]:
    """A report as the index shows it: a state only where something is to be made again."""
    report = fate.report
    there = fate.record is not None
    if fate.status == "failed":
        state = "Page d’une construction antérieure" if there else "Pas de page"
        reason = f"La dernière construction de cette page a échoué : {fate.why}."
    elif fate.stale:
        state, reason = "Page d’une construction antérieure", f"Depuis, il y a eu du nouveau : {fate.stale}."
    else:
        state, reason = "" if there else "Pas encore construite", ""
    places = ", ".join(report.communes)
    detail = f"{report.sujet}, {places}" if report.genre == "quartier" else ""
    return {
        "id": report.id,
        "genre": report.genre,
        "titre": report.titre,
        "url": report.path if there else "",
        "detail": detail,
        "etat": state,
        "raison": reason,
        "communes": report.communes,
        "themes": (report.sujet,) if report.genre == "theme" else (),
    }


def write_editions(out: Path, territory: Territory) -> None:
    """`OUT/index.html`: the editions that stand there, the latest first, and for whom.

    One list for all: where some are public, those alone, for who has that list has the public's; else those of the next readers.
    """
    names = {edition.id: edition.nom for edition in territory.editions}
    found: dict[str, list[str]] = {}
    for path in sorted(out.glob("*/manifest.json"), reverse=True):
        found.setdefault(read_manifest(path.parent).get("audience", "equipe"), []).append(path.parent.name)
    audience = next((one for one in ("public", "groupe", "equipe") if one in found), "public")
    body = template("editions.html.j2").render(
        editions=[{"url": f"{one}/index.html", "nom": names.get(one, one)} for one in found.get(audience, ())],
        lecteurs=reserved_for(audience) or "pour tout le monde",
    )
    info = envelope("Les éditions", territory, audience, edition=territory.contrat)
    atomic.write(out / "index.html", wrap_page(body, info).encode())
