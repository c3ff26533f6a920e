"""The pages that lead to the pages. Owns the index of an edition and the index of the editions; refuses findings and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic
from cvanalysis.publish.files import read_manifest
from cvanalysis.publish.page.page import Lien, PageInfo, reserved_for, template, wrap_page
from cvanalysis.publish.papers.changes import PAGE as CHANGES
from cvanalysis.publish.papers.changes import TITLE as CHANGES_TITLE
from cvanalysis.publish.papers.downloads import TITLES as DOWNLOADS

if TYPE_CHECKING:
    from cvanalysis.publish.memory.decision import Fate
    from cvanalysis.territory.contract import Territory

GROUPS = (("contrat", "Pour commencer"), ("quartier", "Les quartiers"), ("theme", "Les thèmes"))


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a filter."""

    id: str
    nom: str


def write_index(
    out: Path,
    territory: Territory,
    audience: str,
    fates: list[Fate],
    downloads: list[str],
    papers: Sequence[tuple[str, str]] = (),
) -> None:
    """`index.html` of an edition: every report with its state, what goes to the meetings (`papers`: file, title), the downloads.

    It says nothing of which build made a page that is up to date: an unchanged build leaves it as it is.
    """
    entries = [(fate.report.genre, _entry(fate)) for fate in fates]
    groups = [
        {"titre": title, "rapports": [entry for genre, entry in entries if genre == wanted]} for wanted, title in GROUPS
    ]
    cities = sorted({city for _, entry in entries for city in entry["communes"]})
    themes = [
        Choice(theme.id, theme.nom) for theme in territory.themes if any(theme.id in e["themes"] for _, e in entries)
    ]
    filters = [
        (key, label, every, choices)
        for key, label, every, choices in (
            ("v", "Ville", "Toutes les villes", [Choice(city, city) for city in cities]),
            ("t", "Thème", "Tous les thèmes", themes),
        )
        if len(choices) > 1
    ]
    data = [
        {
            "nom": Path(name).name,
            "titre": DOWNLOADS[Path(name).stem],
            "url": name,
            "schema": name.replace(".csv", ".schema.json"),
            "exemple": _invented(territory, Path(name).stem),
        }
        for name in downloads
        if name.endswith(".csv")
    ]
    body = template("index.html.j2").render(
        groupes=[g for g in groups if g["rapports"]],
        filtres=filters,
        donnees=data,
        changements=(CHANGES, CHANGES_TITLE) if CHANGES in downloads else (),
        papiers=papers,
    )
    info = PageInfo(
        titre=territory.contrat,
        territoire=territory.nom,
        edition=territory.edition.nom,
        audience=audience,
        index=Lien("Toutes les éditions", "../index.html"),
        licence="Licence Ouverte 2.0",
        maj=territory.maj,
    )
    atomic.write(out / "index.html", wrap_page(body, info, "index.js").encode())


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


def _entry(fate: Fate) -> dict[str, Any]:
    """A report as the index shows it."""
    report = fate.report
    there = fate.record is not None
    if fate.status == "failed":
        state = "Page d’une construction antérieure" if there else "Pas de page"
        reason = f"La dernière construction de cette page a échoué : {fate.why}."
    elif fate.stale:
        state, reason = "Page d’une construction antérieure", f"Depuis, il y a eu du nouveau : {fate.stale}."
    else:
        state, reason = ("À jour", "") if there else ("Pas encore construite", "")
    places = ", ".join(report.communes)
    detail = f"{report.sujet}, {places}" if report.genre == "quartier" else ""
    return {
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
    info = PageInfo(
        titre="Les éditions",
        territoire=territory.nom,
        edition=territory.contrat,
        audience=audience,
        licence="Licence Ouverte 2.0",
    )
    atomic.write(out / "index.html", wrap_page(body, info).encode())
