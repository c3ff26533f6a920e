"""Coverage: what is known of each quarter, and since when. Owns the two findings on it; refuses to count a reason as a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.french import enumerate_some
from cvanalysis.indicateurs.context import reason
from cvanalysis.indicateurs.distribution import AILLEURS

if TYPE_CHECKING:
    from cvanalysis.catalogue import Indicateur
    from cvanalysis.indicateurs.observation import Instant
    from cvanalysis.pages.holdings import Holdings


COLONNES_MAXI = 20
"""Quarters up to which each has its column; the reasons name the others in any case."""
_ETATS = {"publié": "publié", "suspect": "douteux"}

_ABSENCES = {
    "suspect": "Douteux", "non_diffusé": "Non diffusé", "secret": "Secret statistique", "non_significatif": "Non significatif",
    "non_disponible": "Non disponible", "sans_objet": "Sans objet", "masqué": "Masqué",
}  # fmt: skip

Cells = Mapping[tuple[str, str], str]
"""(indicator, quarter) → status."""


def build_coverage(page: Holdings) -> Finding:
    """Indicator × quarter, at the last moment of each indicator: a figure, or the reason why not."""
    quarters = page.territory.quartiers
    cells: dict[tuple[str, str], str] = {}
    moments: dict[str, Instant] = {}
    for indicateur in page.indicateurs_suivis:
        if page.moments[indicateur.id]:
            moments[indicateur.id] = page.moments[indicateur.id][-1]
        for quarter in quarters:
            row = page.par_zone.at(quarter.code, indicateur.id, moments.get(indicateur.id))
            cells[indicateur.id, quarter.code] = row.statut if row else "non_disponible"
    counts = Counter(cells.values())
    said = {
        "publies": counts["publié"],
        "total": len(cells),
        "suspects": counts["suspect"],
        "taux": Valeur(
            100 * counts["publié"] / len(cells) if cells else None, "publié" if cells else "sans_objet", "%", 0
        ),
    }
    figure, table = (_each if len(quarters) <= COLONNES_MAXI else _counted)(page, cells, moments)
    return page.finding(
        "couverture-01",
        "couverture",
        "Que sait-on de chaque quartier ?",
        Message("qualite.couverture", said),
        "Dernier chiffre de chaque indicateur des fiches, par quartier",
        figure if page.indicateurs_suivis else None,
        table,
        lecture=Message("qualite.lecture_couverture", said),
        manques=[
            Manque(f"{i.nom} : {enumerate_some(names)}, {reason(statut)}.", statut)
            for i in page.indicateurs_suivis
            for statut, names in _by_reason(cells, i.id, page.noms).items()
        ],
    )


def _each(page: Holdings, cells: Cells, moments: Mapping[str, Instant]) -> tuple[Figure, Table]:
    """One cell per indicator and quarter."""
    quarters, used = page.territory.quartiers, page.indicateurs_suivis
    series = tuple(
        Serie(_short(i), "autre", tuple(Point(page.noms[q.code], _state(cells[i.id, q.code])) for q in quarters))
        for i in used
    )
    lines = tuple(
        (
            word(i.nom),
            word(str(moments[i.id]) if i.id in moments else "aucun chiffre"),
            *(_state(cells[i.id, q.code]) for q in quarters),
            Valeur(float(sum(cells[i.id, q.code] == "publié" for q in quarters)), unite="quartiers"),
        )
        for i in used
    )
    columns = ("Indicateur", "Moment", *page.noms.values(), "Publié pour")
    figure = Figure("matrice", "Chiffre publié ou non, par quartier", series)
    return figure, Table(columns, lines, "Couverture par indicateur et par quartier")


def _counted(page: Holdings, cells: Cells, moments: Mapping[str, Instant]) -> tuple[Figure, Table]:
    """How many quarters have a figure, by indicator, and how many have none, by reason."""
    counts: dict[str, Counter[str]] = {i.id: Counter() for i in page.indicateurs_suivis}
    for (ident, _), statut in cells.items():
        counts[ident][statut] += 1
    told = ["publié", *(statut for statut in _ABSENCES if any(count[statut] for count in counts.values()))]
    total = len(page.territory.quartiers)

    def number(indicateur: Indicateur, statut: str) -> Valeur:
        return Valeur(float(counts[indicateur.id][statut]), unite="quartiers")

    points = tuple(Point(_short(i), number(i, "publié")) for i in page.indicateurs_suivis)
    lines = tuple(
        (
            word(i.nom),
            word(str(moments[i.id]) if i.id in moments else "aucun chiffre"),
            *(number(i, statut) for statut in told),
        )
        for i in page.indicateurs_suivis
    )
    columns = ("Indicateur", "Moment", "Publié", *(_ABSENCES[statut] for statut in told[1:]))
    axe = f"Quartiers dont le dernier chiffre est publié, sur {total}"
    figure = Figure("barres", axe, (Serie("Chiffre publié", "autre", points),))
    return figure, Table(columns, lines, f"Nombre de quartiers, sur {total}. {AILLEURS}")


def build_coverage_over_time(page: Holdings) -> Finding:
    """Indicator × moment: for how many quarters a figure is published."""
    quarters = page.territory.quartiers
    moments = page.moments
    labels = sorted(
        {instant for instants in moments.values() for instant in instants}, key=lambda t: (not t.etabli, t.annee)
    )

    def count(indicateur: Indicateur, instant: Instant) -> Valeur:
        if instant not in moments[indicateur.id]:
            return Valeur(None, "non_disponible", "quartiers")
        rows = (page.par_zone.at(q.code, indicateur.id, instant) for q in quarters)
        return Valeur(float(sum(row is not None and row.dite for row in rows)), unite="quartiers")

    series = tuple(
        Serie(_short(i), "autre", tuple(Point(t.court, count(i, t)) for t in labels)) for i in page.indicateurs_suivis
    )
    lines = tuple((word(i.nom), *(count(i, t) for t in labels)) for i in page.indicateurs_suivis)
    full = sum(point.valeur.valeur == len(quarters) for serie in series for point in serie.points)
    told = sum(point.valeur.valeur is not None for serie in series for point in serie.points)
    return page.finding(
        "couverture-02",
        "couverture",
        "Depuis quand le sait-on ?",
        Message("qualite.couverture_annees", {"pleins": full, "total": told, "quartiers": len(quarters)}),
        "Nombre de quartiers dont le chiffre est publié, par année",
        Figure("matrice", f"Quartiers publiés, sur {len(quarters)}", series) if series else None,
        Table(("Indicateur", *(t.court for t in labels)), lines, f"Nombre de quartiers publiés, sur {len(quarters)}"),
    )


def _short(indicateur: Indicateur) -> str:
    return indicateur.nom_court or indicateur.nom


def _state(statut: str) -> Valeur:
    """A cell of coverage: a word where there is a figure, the reason where there is none."""
    return word(_ETATS[statut]) if statut in _ETATS else Valeur(None, statut)


def _by_reason(cells: Mapping[tuple[str, str], str], ident: str, names: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code, nom in names.items():
        statut = cells[ident, code]
        if statut != "publié":
            found.setdefault(statut, []).append(nom)
    return dict(sorted(found.items()))
