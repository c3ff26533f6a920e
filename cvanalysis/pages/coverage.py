"""Coverage: what is known of each quarter, and since when. Owns the two findings on it; refuses to count a reason as a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cvanalysis.constat.make import bars, make, matrix
from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Table, Valeur, word
from cvanalysis.french import enumerate_some
from cvanalysis.indicateurs.context import reason
from cvanalysis.indicateurs.question import short
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
    followed = held.indicateurs_suivis
    moments = {i.id: held.moments[i.id][-1] for i in followed if held.moments[i.id]}
    cells = {i.id: {code: _status(held, code, i.id, moments.get(i.id)) for code in held.noms} for i in followed}
    counts = Counter(statut for row in cells.values() for statut in row.values())
    total = counts.total()
    rate = Valeur(100 * counts["publié"] / total, "publié", "%") if total else Valeur(None, "sans_objet", "%")
    told = {"publies": counts["publié"], "total": total, "suspects": counts["suspect"], "taux": rate}
    figure, table = (_each if len(held.noms) <= COLONNES_MAXI else _counted)(held, cells, moments)
    return make(
        ident,
        Message("qualite.couverture", told),
        **held.commun,
        figure=figure if followed else None,
        table=table,
        lecture=Message("qualite.lecture_couverture", told),
        manques=[
            Manque(label("qualite.couverture.manque", quartiers=names, indicateurs=what, raison=reason(statut)), statut)
            for (statut, names), what in lacking(held, cells, _short)
        ],
    )


def _status(held: Holdings, code: str, ident: str, instant: Instant | None) -> str:
    row = held.par_zone.at(code, ident, instant)
    return row.statut if row else "non_disponible"


def lacking(held: Holdings, cells: Cells, told: Callable[[Indicateur], str]) -> list[tuple[tuple[str, str], str]]:
    """What is not published, said once for all the indicators that the same quarters lack for the same reason: (status, names of the
    quarters) → the indicators, as `told` says each."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in held.indicateurs_suivis:
        row = cells.get(one.id, {})
        for statut in sorted(set(row.values()) - {"publié"}):
            names = enumerate_some([held.noms[code] for code in held.noms if row[code] == statut])
            found.setdefault((statut, names), []).append(told(one))
    return [(key, ", ".join(dict.fromkeys(what))) for key, what in found.items()]


def _each(held: Holdings, cells: Cells, moments: Mapping[str, Instant]) -> tuple[Figure, Table]:
    """One cell per indicator and quarter."""
    states = {
        i: {held.noms[code]: _state(statut) for code, statut in cells[i.id].items()} for i in held.indicateurs_suivis
    }
    lines = tuple(
        (*_head(i, moments), *row.values(), _quarters(list(cells[i.id].values()).count("publié")))
        for i, row in states.items()
    )
    columns = (*labels("qualite.couverture.colonnes"), *held.noms.values(), label("qualite.couverture.publie_pour"))
    return matrix((short(i), row) for i, row in states.items()), Table(columns, lines)


def _counted(held: Holdings, cells: Cells, moments: Mapping[str, Instant]) -> tuple[Figure, Table]:
    """How many quarters have a figure, by indicator, and how many have none, by reason."""
    counts = {i: Counter(cells[i.id].values()) for i in held.indicateurs_suivis}
    absences = block("qualite.couverture.absences")
    told = {"publié": "Publié"} | {
        s: name for s, name in absences.items() if any(count[s] for count in counts.values())
    }
    lines = tuple((*_head(i, moments), *(_quarters(count[s]) for s in told)) for i, count in counts.items())
    words = {"quartiers": len(held.noms), "ailleurs": label("commun.ailleurs")}
    figure = bars(
        label("qualite.couverture.axe_nombre", **words),
        label("qualite.couverture.serie_nombre"),
        {short(i): _quarters(count["publié"]) for i, count in counts.items()},
        "autre",
    )
    columns = (*labels("qualite.couverture.colonnes"), *told.values())
    return figure, Table(columns, lines, label("qualite.couverture.legende_nombre", **words))


def build_coverage_over_time(held: Holdings, ident: str) -> Finding:
    """Indicator × year: for how many quarters a figure is published."""
    every = {t for instants in held.moments.values() for t in instants}
    years: dict[str, list[Instant]] = {}
    for instant in sorted(every, key=lambda t: (t.vers, not t.etabli, t.annee)):
        years.setdefault(instant.court, []).append(instant)

    def published(one: Indicateur, instants: list[Instant]) -> Valeur:
        if not set(instants) & set(held.moments[one.id]):
            return Valeur(None, "non_disponible")
        rows = ([held.par_zone.at(code, one.id, t) for t in instants] for code in held.noms)
        return Valeur(float(sum(any(row is not None and row.dite for row in found) for found in rows)))

    cells = {i: {year: published(i, instants) for year, instants in years.items()} for i in held.indicateurs_suivis}
    known = [value.valeur for row in cells.values() for value in row.values() if value.valeur is not None]
    values = {"pleins": known.count(len(held.noms)), "total": len(known), "quartiers": len(held.noms)}
    return make(
        ident,
        Message("qualite.couverture_annees", values),
        **held.commun,
        figure=matrix((short(i), row) for i, row in cells.items()) if known else None,
        table=Table(("Indicateur", *years), tuple((word(i.nom), *row.values()) for i, row in cells.items()))
        if known
        else None,
        manques=[] if known else [Manque(label("qualite.fichiers.aucun"), "non_disponible")],
    )


def _short(indicateur: Indicateur) -> str:
    return f"«\u00a0{short(indicateur)}\u00a0»"


def _head(indicateur: Indicateur, moments: Mapping[str, Instant]) -> tuple[Valeur, Valeur]:
    return word(indicateur.nom), word(str(moments.get(indicateur.id, "")), "non_disponible")


def _quarters(number: int) -> Valeur:
    return Valeur(float(number), unite="quartiers")


def _state(statut: str) -> Valeur:
    """A cell of coverage: a word where there is a figure, the reason where there is none."""
    return word(_ETATS[statut]) if statut in _ETATS else Valeur(None, statut)
