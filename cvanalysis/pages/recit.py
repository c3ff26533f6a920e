"""The story of the contract: what happened, who met, who came and went, what was done, on one axis of years. Refuses to explain.

Dates come from `chronologie.csv` and `instances.csv`, presence of partners from the years that they declare, actions and money from the
cleaned logs. A year without anything shows as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.french import french_date

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


def find_story(
    territory: Territory,
    chronologie: pd.DataFrame,
    instances: pd.DataFrame,
    partenaires: pd.DataFrame | None = None,
    actions: pd.DataFrame | None = None,
) -> tuple[Finding, ...]:
    """Findings of `recit.ipynb`: milestones, instances, partners, then all of it by year.

    partenaires: `nom, debut, fin` (years as text or numbers, blank where unknown). actions: one row per action and year, `annee, action`
    and `paye` (euros, NaN where unknown). Either may be None or empty: its row then says so.
    """
    span = [str(y) for y in range(territory.debut, territory.fin + 1)]
    findings = [_milestones(territory, chronologie), _instances(territory, instances, span)]
    people = _presence(partenaires) if partenaires is not None else []
    if people:
        findings.append(_partners(territory, people, span, bool(partenaires.get("exemple", pd.Series([False])).all())))
    findings.append(_years(territory, chronologie, instances, people, actions, span))
    return tuple(findings)


def _finding(
    territory: Territory,
    ident: str,
    question: str,
    message: Message,
    sous_titre: str,
    figure: Figure | None,
    table: Table | None,
    **more: Any,
) -> Finding:
    return Finding(
        id=f"recit-{ident}",
        section="recit",
        question=question,
        message=message,
        sous_titre=sous_titre,
        figure=figure,
        table=table,
        lecture=None,
        champ=f"{territory.contrat}, {territory.nom}.",
        source=more.pop("source", "Chronologie du contrat."),
        **more,
    )


def _milestones(territory: Territory, chronologie: pd.DataFrame) -> Finding:
    question = "Que s'est-il passé ?"
    rows = list(chronologie.sort_values("date", kind="stable").itertuples()) if len(chronologie) else []
    if not rows:
        missing = (Manque("Aucune date n'est déclarée dans chronologie.csv.", "non_disponible"),)
        message = Message("voix.jalons", {"jalons": 0, "debut": territory.debut, "fin": territory.fin})
        return _finding(territory, "jalons-01", question, message, "Jalons", None, None, manques=missing)
    figure = Figure(
        "frise",
        "Jalons du contrat",
        (Serie("Jalons", "sujet", tuple(Point(r.evenement, word(french_date(r.date))) for r in rows)),),
    )
    table = Table(
        ("Date", "Ce qui s'est passé", "Source"),
        tuple((word(french_date(r.date)), word(r.evenement), word(r.source)) for r in rows),
    )
    message = Message("voix.jalons", {"jalons": len(rows), "debut": rows[0].date[:4], "fin": rows[-1].date[:4]})
    return _finding(territory, "jalons-01", question, message, "Jalons du contrat et de sa prolongation", figure, table)


def _instances(territory: Territory, instances: pd.DataFrame, span: Sequence[str]) -> Finding:
    question = "Quand s'est-on réuni ?"
    counts = {year: int(instances["date"].str.startswith(year).sum()) if len(instances) else 0 for year in span}
    empty = [year for year, n in counts.items() if n == 0]
    message = Message("voix.instances", {"total": sum(counts.values()), "creuses": empty})
    if not sum(counts.values()):
        missing = (Manque("Aucune réunion n'est déclarée dans paroles/instances.csv.", "non_disponible"),)
        return _finding(territory, "instances-01", question, message, "Réunions par an", None, None, manques=missing)
    points = tuple(Point(y, Valeur(float(n), unite="réunions")) for y, n in counts.items())
    figure = Figure("barres", "Réunions des instances, par an", (Serie("Réunions", "sujet", points),))
    held = instances.sort_values("date", kind="stable").itertuples()
    table = Table(
        ("Date", "Instance", "Objet"),
        tuple((word(french_date(r.date)), word(r.instance), word(r.detail)) for r in held),
    )
    return _finding(
        territory,
        "instances-01",
        question,
        message,
        "Réunions des instances du contrat, par an",
        figure,
        table,
        source="Réunions déclarées par l'équipe.",
        exemple=bool(instances["exemple"].all()),
    )


def _year(cell: object) -> int | None:
    text = str(cell).split(".")[0].strip()[:4]
    return int(text) if text.isdigit() else None


def _presence(partenaires: pd.DataFrame) -> list[tuple[str, int, int | None]]:
    """(name, first year, last year or None) of the partners whose first year is known."""
    rows = [(r.nom, _year(r.debut), _year(r.fin)) for r in partenaires.itertuples()] if len(partenaires) else []
    return [(name, start, end) for name, start, end in rows if start is not None]


def _partners(
    territory: Territory, people: Sequence[tuple[str, int, int | None]], span: Sequence[str], exemple: bool
) -> Finding:
    # Those who were there from the start did not come: the contract may be signed after its first year.
    first, last = max(territory.debut, min(start for _, start, _ in people)), territory.fin
    came = sorted((start, name) for name, start, _ in people if start > first)
    left = sorted((end, name) for name, _, end in people if end is not None and end < last)
    there = {y: sum(start <= int(y) and (end is None or int(y) <= end) for _, start, end in people) for y in span}
    series = (
        Serie(
            "Partenaires présents",
            "sujet",
            tuple(Point(y, Valeur(float(n), unite="partenaires")) for y, n in there.items()),
        ),
    )
    lines = [
        (
            word(y),
            Valeur(float(there[y]), unite="partenaires"),
            word(", ".join(n for year, n in came if year == int(y)) or "personne"),
            word(", ".join(n for year, n in left if year == int(y)) or "personne"),
        )
        for y in span
    ]
    table = Table(("Année", "Partenaires présents", "Arrivés cette année", "Dernière année de"), tuple(lines))
    message = Message("voix.partenaires", {"venus": len(came), "partis": len(left), "debut": first, "fin": last})
    return _finding(
        territory,
        "partenaires-01",
        "Qui est venu, qui est parti ?",
        message,
        "Partenaires présents, par an",
        Figure("barres", "Partenaires présents", series),
        table,
        source="Partenaires déclarés.",
        exemple=exemple,
    )


def _years(
    territory: Territory,
    chronologie: pd.DataFrame,
    instances: pd.DataFrame,
    people: Sequence[tuple[str, int, int | None]],
    actions: pd.DataFrame | None,
    span: Sequence[str],
) -> Finding:
    """Everything by year, one row each: what could not be counted says so instead of showing 0."""
    unknown = Valeur(None, "non_disponible")
    has = actions is not None and len(actions) > 0
    told: dict[str, list[Valeur]] = {
        "Jalons": [_count(chronologie["date"].str.startswith(y).sum() if len(chronologie) else 0) for y in span],
        "Réunions": [_count(instances["date"].str.startswith(y).sum()) if len(instances) else unknown for y in span],
        "Partenaires présents": [
            _count(sum(s <= int(y) and (e is None or int(y) <= e) for _, s, e in people)) if people else unknown
            for y in span
        ],
        "Actions": [unknown] * len(span),
        "Montants payés connus": [unknown] * len(span),
    }
    if has:
        year = actions["annee"].astype("string").str.slice(0, 4)
        told["Actions"] = [_count(actions.loc[year == y, "action"].nunique()) for y in span]
        sums = [actions.loc[year == y, "paye"] for y in span]
        told["Montants payés connus"] = [
            Valeur(float(s.sum()), unite="€") if s.notna().any() else unknown for s in sums
        ]
    figure = Figure(
        "lignes",
        "100 : l'année la plus forte de chaque ligne",
        tuple(_to_highest(name, dict(zip(span, values, strict=True))) for name, values in told.items()),
        facettes=True,
    )
    table = Table(
        ("Année", *told), tuple((word(y), *(values[i] for values in told.values())) for i, y in enumerate(span))
    )
    flags = [bool(f["exemple"].all()) for f in (instances, actions) if f is not None and len(f) and "exemple" in f]
    return _finding(
        territory,
        "annees-01",
        "Et année après année ?",
        Message("voix.annees", {}),
        "Jalons, réunions, partenaires et actions, par an",
        figure,
        table,
        source="Chronologie, réunions, partenaires et actions déclarés.",
        exemple=any(flags),
        precautions=("Un montant connu n'est pas un montant total : ce qui n'est pas renseigné n'y est pas.",)
        if has
        else (),
    )


def _to_highest(name: str, by_year: dict[str, Valeur]) -> Serie:
    """A line of the common axis of years, each on its own scale: meetings, partners and euros cannot share another."""
    highest = max((v.valeur for v in by_year.values() if v.valeur), default=None)
    points = (
        Point(y, Valeur(round(100 * v.valeur / highest, 1)) if v.valeur is not None and highest else v)
        for y, v in by_year.items()
    )
    return Serie(name, "sujet", tuple(points))


def _count(number: int) -> Valeur:
    return Valeur(float(number))
