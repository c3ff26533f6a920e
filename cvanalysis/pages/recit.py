"""The story of the contract: what happened, who met, who came and went, what was done, on one axis of years. Refuses to explain.

Dates come from `chronologie.csv` and `instances.csv`, presence of partners from the years that they declare, actions and money from the
cleaned logs. A year without anything shows as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvanalysis.constat.make import Grid, bars, count, make, nothing, serie
from cvanalysis.constat.shape import Figure, Finding, Message, Table, Valeur, word
from cvanalysis.french import french_date
from cvanalysis.textes import label, labels

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory

UNKNOWN = Valeur(None, "non_disponible")
Presence = tuple[str, int, int | None]
"""A partner: name, first year, last year or None."""


def find_story(
    territory: Territory,
    chronologie: pd.DataFrame,
    instances: pd.DataFrame,
    partenaires: pd.DataFrame | None = None,
    actions: pd.DataFrame | None = None,
) -> tuple[Finding, ...]:
    """Findings of `recit.ipynb`: milestones, instances, partners, then all of it by year, up to that of the edition.

    partenaires: `nom, debut, fin` (years as text or numbers, blank where unknown). actions: one row per action and year, `annee, action`
    and `paye` (euros, NaN where unknown). Either may be None or empty: its row then says so.
    """
    span = [str(y) for y in range(territory.debut, min(territory.fin, territory.edition.jusqu_au.year) + 1)]
    people = _presence(partenaires) if partenaires is not None else []
    findings = [_milestones(territory, chronologie), _instances(territory, instances, span)]
    if people:
        example = bool(partenaires.get("exemple", pd.Series([False])).all())
        findings.append(_partners(territory, people, span, example))
    findings.append(_years(territory, chronologie, instances, people, actions, span))
    return tuple(findings)


def _finding(territory: Territory, name: str, **parts: Any) -> Finding:
    """A finding of the story; its message's values are `values`, and there is nothing to show where neither figure nor table is given."""
    parts["champ"] = label("recit.tous.champ", contrat=territory.contrat, territoire=territory.nom)
    ident, values = f"recit-{name}-01", parts.pop("values")
    if not parts.keys() & {"table", "grid"}:
        return nothing(ident, f"recit.{name}", values, section="recit", **parts)
    return make(ident, Message(f"recit.{name}", values), section="recit", **parts)


def _milestones(territory: Territory, chronologie: pd.DataFrame) -> Finding:
    rows = list(chronologie.sort_values("date", kind="stable").itertuples()) if len(chronologie) else []
    values = {"jalons": len(rows), "debut": rows[0].date[:4] if rows else "", "fin": rows[-1].date[:4] if rows else ""}
    if not rows:
        return _finding(territory, "jalons", values=values)
    marks = [(r.evenement, word(french_date(r.date))) for r in rows]
    table = Table((), tuple((word(r.evenement), day, word(r.source)) for r, (_, day) in zip(rows, marks, strict=True)))
    figure = Figure("frise", "", (serie("", "sujet", marks),))
    return _finding(territory, "jalons", values=values, figure=figure, table=table)


def _instances(territory: Territory, instances: pd.DataFrame, span: Sequence[str]) -> Finding:
    counts = dict(zip(span, _since(_by_year(instances, span), "réunions"), strict=True))
    held = {year: value.valeur for year, value in counts.items() if value.valeur is not None}
    values = {"total": int(sum(held.values())), "creuses": [year for year, n in held.items() if not n]}
    values["premiere"] = min(held, default="")
    if not held:
        return _finding(territory, "instances", values=values)
    met = instances.sort_values("date", kind="stable").itertuples()
    return _finding(
        territory,
        "instances",
        values=values,
        figure=bars("", "", counts),
        table=Table((), tuple((word(french_date(r.date)), word(r.instance), word(r.detail)) for r in met)),
        exemple=bool(instances["exemple"].all()),
    )


def _by_year(rows: pd.DataFrame, span: Sequence[str]) -> list[int]:
    return [int(rows["date"].str.startswith(year).sum()) if len(rows) else 0 for year in span]


def _since(counts: Sequence[int], unite: str = "") -> list[Valeur]:
    """Counts by year: none before the first year that has one, for nothing says that it was looked for then."""
    first = next((i for i, n in enumerate(counts) if n), len(counts))
    return [count(n, unite) if i >= first else UNKNOWN for i, n in enumerate(counts)]


def _year(cell: object) -> int | None:
    text = str(cell).split(".")[0].strip()[:4]
    return int(text) if text.isdigit() else None


def _presence(partenaires: pd.DataFrame) -> list[Presence]:
    """The partners whose first year is known."""
    rows = [(r.nom, _year(r.debut), _year(r.fin)) for r in partenaires.itertuples()]
    return [(name, start, end) for name, start, end in rows if start is not None]


def _there(people: Sequence[Presence], span: Sequence[str]) -> list[int]:
    return [sum(start <= int(y) and (end is None or int(y) <= end) for _, start, end in people) for y in span]


def _partners(territory: Territory, people: Sequence[Presence], span: Sequence[str], exemple: bool) -> Finding:
    # Those who were there from the start did not come: the contract may be signed after its first year.
    first, last = max(territory.debut, min(start for _, start, _ in people)), int(span[-1])
    came = sorted((start, name) for name, start, _ in people if start > first)
    left = sorted((end, name) for name, _, end in people if end is not None and end < last)

    def named(moves: Sequence[tuple[int, str]], year: str) -> Valeur:
        names = ", ".join(name for when, name in moves if when == int(year))
        return word(names or label("recit.tous.aucun")) if int(year) >= first else UNKNOWN

    present = zip(span, _since(_there(people, span), "partenaires"), strict=True)
    lines = {year: (there, named(came, year), named(left, year)) for year, there in present}
    values = {"venus": len(came), "partis": len(left), "debut": first, "fin": last}
    return _finding(territory, "partenaires", values=values, grid=Grid("barres", lines), exemple=exemple)


def _years(
    territory: Territory,
    chronologie: pd.DataFrame,
    instances: pd.DataFrame,
    people: Sequence[Presence],
    actions: pd.DataFrame | None,
    span: Sequence[str],
) -> Finding:
    """Everything by year, one row each: what could not be counted says so instead of showing 0."""
    acted, spent = [0] * len(span), [UNKNOWN] * len(span)
    if actions is not None and len(actions):
        year = actions["annee"].astype("string").str.slice(0, 4)
        acted = [actions.loc[year == y, "action"].nunique() for y in span]
        sums = [actions.loc[year == y, "paye"] for y in span]
        spent = [count(s.sum(), "€") if s.notna().any() else UNKNOWN for s in sums]
    counted = [
        _since(each) for each in (_by_year(chronologie, span), _by_year(instances, span), _there(people, span), acted)
    ]
    values = {"debut": span[0], "fin": span[-1], "compte": any(value.dite for row in counted for value in row)}
    if not values["compte"]:
        return _finding(territory, "annees", values=values)
    names = labels("recit.annees.colonnes")[1:]  # an amount is no count: it has no axis here
    series = tuple(serie(name, "sujet", zip(span, row, strict=True)) for name, row in zip(names, counted, strict=False))
    flags = [bool(f["exemple"].all()) for f in (instances, actions) if f is not None and len(f) and "exemple" in f]
    return _finding(
        territory,
        "annees",
        values=values,
        figure=Figure("lignes", "", series, facettes=True),
        table=Table((), tuple((word(y), *row) for y, *row in zip(span, *counted, spent, strict=True))),
        exemple=any(flags),
        precautions=[label("recit.annees.montants")] if any(acted) else [],
    )
