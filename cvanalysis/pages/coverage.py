"""Coverage: what is known of each quarter, and since when. Owns the two findings on it; refuses to count a reason as a figure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cvanalysis.constat.make import bars, make
from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.french import enumerate_some
from cvanalysis.indicateurs.context import reason
from cvanalysis.textes import block, label, labels

if TYPE_CHECKING:
    from cvanalysis.catalogue import Indicateur
    from cvanalysis.indicateurs.observation import Instant
    from cvanalysis.pages.holdings import Holdings


COLONNES_MAXI = 20
"""Quarters up to which each has its column; the reasons name the others in any case."""
_ETATS = {"publié": "publié", "suspect": "douteux"}

Cells = Mapping[str, Mapping[str, str]]
"""Indicator → quarter → status."""


def build_coverage(held: Holdings, ident: str) -> Finding:
    """Indicator × quarter, at the last moment of each indicator: a figure, or the reason why not."""
    quarters, followed = held.territory.quartiers, held.indicateurs_suivis
    moments = {i.id: held.moments[i.id][-1] for i in followed if held.moments[i.id]}
    cells = {i.id: {q.code: _status(held, q.code, i.id, moments.get(i.id)) for q in quarters} for i in followed}
    counts = Counter(statut for row in cells.values() for statut in row.values())
    total = counts.total()
    rate = Valeur(100 * counts["publié"] / total, "publié", "%") if total else Valeur(None, "sans_objet", "%")
    told = {"publies": counts["publié"], "total": total, "suspects": counts["suspect"], "taux": rate}
    figure, table = (_each if len(quarters) <= COLONNES_MAXI else _counted)(held, cells, moments)
    return make(
        ident,
        Message("qualite.couverture", told),
        **held.commun,
        figure=figure if followed else None,
        table=table,
        lecture=Message("qualite.lecture_couverture", told),
        manques=[
            Manque(
                label(
                    "qualite.couverture.manque",
                    indicateur=i.nom, quartiers=enumerate_some(names), raison=reason(statut),
                ),
                statut,
            )
            for i in followed
            for statut, names in _by_reason(cells[i.id], held.noms)
        ],
    )  # fmt: skip


def _status(held: Holdings, code: str, ident: str, instant: Instant | None) -> str:
    row = held.par_zone.at(code, ident, instant)
    return row.statut if row else "non_disponible"


def _each(held: Holdings, cells: Cells, moments: Mapping[str, Instant]) -> tuple[Figure, Table]:
    """One cell per indicator and quarter."""
    states = {
        i: {held.noms[code]: _state(statut) for code, statut in cells[i.id].items()} for i in held.indicateurs_suivis
    }
    series = tuple(
        Serie(_short(i), "autre", tuple(Point(nom, state) for nom, state in row.items())) for i, row in states.items()
    )
    lines = tuple(
        (*_head(i, moments), *row.values(), _quarters(list(cells[i.id].values()).count("publié")))
        for i, row in states.items()
    )
    columns = (*labels("qualite.couverture.colonnes"), *held.noms.values(), label("qualite.couverture.publie_pour"))
    return Figure("matrice", "", series), Table(columns, lines)


def _counted(held: Holdings, cells: Cells, moments: Mapping[str, Instant]) -> tuple[Figure, Table]:
    """How many quarters have a figure, by indicator, and how many have none, by reason."""
    counts = {i: Counter(cells[i.id].values()) for i in held.indicateurs_suivis}
    absences = block("qualite.couverture.absences")
    told = {"publié": "Publié"} | {
        s: name for s, name in absences.items() if any(count[s] for count in counts.values())
    }
    lines = tuple((*_head(i, moments), *(_quarters(count[s]) for s in told)) for i, count in counts.items())
    words = {"quartiers": len(held.territory.quartiers), "ailleurs": label("commun.ailleurs")}
    figure = bars(
        label("qualite.couverture.axe_nombre", **words),
        label("qualite.couverture.serie_nombre"),
        {_short(i): _quarters(count["publié"]) for i, count in counts.items()},
        "autre",
    )
    columns = (*labels("qualite.couverture.colonnes"), *told.values())
    return figure, Table(columns, lines, label("qualite.couverture.legende_nombre", **words))


def build_coverage_over_time(held: Holdings, ident: str) -> Finding:
    """Indicator × moment: for how many quarters a figure is published."""
    quarters, moments = held.territory.quartiers, held.moments
    every = sorted({t for instants in moments.values() for t in instants}, key=lambda t: (not t.etabli, t.annee))

    def published(indicateur: Indicateur, instant: Instant) -> Valeur:
        if instant not in moments[indicateur.id]:
            return Valeur(None, "non_disponible", "quartiers")
        rows = (held.par_zone.at(q.code, indicateur.id, instant) for q in quarters)
        return _quarters(sum(row is not None and row.dite for row in rows))

    cells = {i: [published(i, t) for t in every] for i in held.indicateurs_suivis}
    known = [value.valeur for row in cells.values() for value in row if value.valeur is not None]
    times = [t.court for t in every]
    series = tuple(Serie(_short(i), "autre", tuple(map(Point, times, row))) for i, row in cells.items())
    values = {"pleins": known.count(len(quarters)), "total": len(known), "quartiers": len(quarters)}
    return make(
        ident,
        Message("qualite.couverture_annees", values),
        **held.commun,
        figure=Figure("matrice", "", series) if series else None,
        table=Table(("Indicateur", *times), tuple((word(i.nom), *row) for i, row in cells.items())),
    )


def _short(indicateur: Indicateur) -> str:
    return indicateur.nom_court or indicateur.nom


def _head(indicateur: Indicateur, moments: Mapping[str, Instant]) -> tuple[Valeur, Valeur]:
    return word(indicateur.nom), word(str(moments.get(indicateur.id, "aucun chiffre")))


def _quarters(number: int) -> Valeur:
    return Valeur(float(number), unite="quartiers")


def _state(statut: str) -> Valeur:
    """A cell of coverage: a word where there is a figure, the reason where there is none."""
    return word(_ETATS[statut]) if statut in _ETATS else Valeur(None, statut)


def _by_reason(row: Mapping[str, str], names: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Reason → names of the quarters that have no figure for it."""
    found: dict[str, list[str]] = defaultdict(list)
    for code, nom in names.items():
        if row[code] != "publié":
            found[row[code]].append(nom)
    return sorted(found.items())
