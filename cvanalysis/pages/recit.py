"""The story of the contract: what happened, who met, who came and went, what was done, on one axis of years. Refuses to explain.

Dates come from `chronologie.csv` and `instances.csv`, presence of partners from the years that they declare, actions and money from the
cleaned logs. A year without anything shows as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """Findings of `recit.ipynb`: milestones, instances, partners, then all of it by year.

    partenaires: `nom, debut, fin` (years as text or numbers, blank where unknown). actions: one row per action and year, `annee, action`
    and `paye` (euros, NaN where unknown). Either may be None or empty: its row then says so.
    """
    span = [str(y) for y in range(territory.debut, territory.fin + 1)]
    people = _presence(partenaires) if partenaires is not None else []
    findings = [_milestones(territory, chronologie), _instances(territory, instances, span)]
    if people:
        example = bool(partenaires.get("exemple", pd.Series([False])).all())
        findings.append(_partners(territory, people, span, example))
    findings.append(_years(territory, chronologie, instances, people, actions, span))
    return tuple(findings)


def _finding(
    territory: Territory, name: str, values: Mapping[str, Any], *, empty: bool = False, **parts: Any
) -> Finding:
    parts |= {
        "section": "recit",
        "champ": label("recit.tous.champ", contrat=territory.contrat, territoire=territory.nom),
    }
    if empty:
        return nothing(f"recit-{name}-01", f"recit.{name}", values, **parts)
    return make(f"recit-{name}-01", Message(f"recit.{name}", values), **parts)


def _milestones(territory: Territory, chronologie: pd.DataFrame) -> Finding:
    rows = list(chronologie.sort_values("date", kind="stable").itertuples()) if len(chronologie) else []
    if not rows:
        return _finding(territory, "jalons", {"jalons": 0, "debut": territory.debut, "fin": territory.fin}, empty=True)
    marks = [(r.evenement, word(french_date(r.date))) for r in rows]
    return _finding(
        territory,
        "jalons",
        {"jalons": len(rows), "debut": rows[0].date[:4], "fin": rows[-1].date[:4]},
        figure=Figure("frise", "", (serie("", "sujet", marks),)),
        table=Table((), tuple((word(french_date(r.date)), word(r.evenement), word(r.source)) for r in rows)),
    )


def _instances(territory: Territory, instances: pd.DataFrame, span: Sequence[str]) -> Finding:
    counts = dict(zip(span, _by_year(instances, span), strict=True))
    total = sum(counts.values())
    first = next((year for year, n in counts.items() if n), "")  # no meeting is missing before the first one
    values = {"total": total, "creuses": [year for year, n in counts.items() if n == 0 and year > first]}
    values["premiere"] = first
    if not total:
        return _finding(territory, "instances", values, empty=True)
    held = instances.sort_values("date", kind="stable").itertuples()
    return _finding(
        territory,
        "instances",
        values,
        figure=bars("", "", {year: count(n, "réunions") for year, n in counts.items()}),
        table=Table((), tuple((word(french_date(r.date)), word(r.instance), word(r.detail)) for r in held)),
        exemple=bool(instances["exemple"].all()),
    )


def _by_year(rows: pd.DataFrame, span: Sequence[str]) -> list[int]:
    return [int(rows["date"].str.startswith(year).sum()) if len(rows) else 0 for year in span]


def _year(cell: object) -> int | None:
    text = str(cell).split(".")[0].strip()[:4]
    return int(text) if text.isdigit() else None


def _presence(partenaires: pd.DataFrame) -> list[Presence]:
    """The partners whose first year is known."""
    rows = [(r.nom, _year(r.debut), _year(r.fin)) for r in partenaires.itertuples()] if len(partenaires) else []
    return [(name, start, end) for name, start, end in rows if start is not None]


def _there(people: Sequence[Presence], year: str) -> int:
    return sum(start <= int(year) and (end is None or int(year) <= end) for _, start, end in people)


def _partners(territory: Territory, people: Sequence[Presence], span: Sequence[str], exemple: bool) -> Finding:
    # Those who were there from the start did not come: the contract may be signed after its first year.
    first, last = max(territory.debut, min(start for _, start, _ in people)), territory.fin
    came = sorted((start, name) for name, start, _ in people if start > first)
    left = sorted((end, name) for name, _, end in people if end is not None and end < last)

    def named(moves: Sequence[tuple[int, str]], year: str) -> Valeur:
        return word(", ".join(name for when, name in moves if when == int(year)) or label("recit.tous.personne"))

    lines = {y: (count(_there(people, y), "partenaires"), named(came, y), named(left, y)) for y in span}
    values = {"venus": len(came), "partis": len(left), "debut": first, "fin": last}
    return _finding(territory, "partenaires", values, grid=Grid("barres", lines), exemple=exemple)


def _years(
    territory: Territory,
    chronologie: pd.DataFrame,
    instances: pd.DataFrame,
    people: Sequence[Presence],
    actions: pd.DataFrame | None,
    span: Sequence[str],
) -> Finding:
    """Everything by year, one row each: what could not be counted says so instead of showing 0."""
    unknown = [UNKNOWN] * len(span)
    acted = spent = unknown
    if has := actions is not None and len(actions) > 0:
        year = actions["annee"].astype("string").str.slice(0, 4)
        acted = [count(actions.loc[year == y, "action"].nunique(), "") for y in span]
        sums = [actions.loc[year == y, "paye"] for y in span]
        spent = [count(s.sum(), "€") if s.notna().any() else UNKNOWN for s in sums]
    told = [
        [count(n, "") for n in _by_year(chronologie, span)],
        [count(n, "") for n in _by_year(instances, span)] if len(instances) else unknown,
        [count(_there(people, y), "") for y in span] if people else unknown,
        acted,
        spent,
    ]
    names = labels("recit.annees.colonnes")[1:]
    counted = list(zip(names, told, strict=True))[:-1]  # an amount is no count: it has no axis here
    series = tuple(serie(name, "sujet", zip(span, row, strict=True)) for name, row in counted)
    flags = [bool(f["exemple"].all()) for f in (instances, actions) if f is not None and len(f) and "exemple" in f]
    return _finding(
        territory,
        "annees",
        {},
        figure=Figure("lignes", "", series, facettes=True),
        table=Table((), tuple((word(y), *values) for y, *values in zip(span, *told, strict=True))),
        exemple=any(flags),
        precautions=[label("recit.annees.montants")] if has else [],
    )
