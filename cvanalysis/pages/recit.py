"""The story of the contract: what happened, who met, who came and went, what was done, on one axis of years. Refuses to explain.

Dates come from `chronologie.csv` and `instances.csv`, presence of partners from the years that they declare, actions and money from the
cleaned logs. A year without anything shows as such.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cvanalysis.actions.field import in_constant_euros
from cvanalysis.constat.make import Chapter, Grid, bars, count, euros, make, nothing, serie
from cvanalysis.constat.shape import Figure, Finding, Message, Table, Valeur, row, word
from cvanalysis.french import french_date
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import label, labels

UNKNOWN = Valeur(None, "non_disponible")


class Story(Chapter):
    """Milestones, instances, partners where the first year of one is known, then all of it by year, up to that of the edition.

    partenaires: `nom, debut, fin` (years as text or numbers, blank where unknown). actions: one row per action and year, `annee, action`
    and `paye` (euros, NaN where unknown). Any table may be empty: its row then says so.
    """

    def __init__(
        self,
        territory: Territory,
        chronologie: pd.DataFrame,
        instances: pd.DataFrame,
        partenaires: pd.DataFrame,
        actions: pd.DataFrame,
    ) -> None:
        self.territory, self.chronologie, self.instances = territory, chronologie, instances
        self.partenaires, self.actions = partenaires, actions
        self.span = [str(y) for y in range(territory.debut, territory.connue + 1)]
        years = [(one.nom, _year(one.debut), _year(one.fin)) for one in partenaires.itertuples()]
        self.people = [(nom, start, end) for nom, start, end in years if start is not None]
        builders = {"jalons-01": self._milestones, "instances-01": self._instances, "partenaires-01": self._partners}
        if not self.people:
            del builders["partenaires-01"]
        super().__init__("recit", builders | {"annees-01": self._years})

    def _make(self, ident: str, values: dict[str, Any], **parts: Any) -> Finding:
        """A finding of the story; there is nothing to show where neither table nor grid is given."""
        name = ident.split("-")[1]
        values = {**values, "contrat": self.territory.contrat, "territoire": self.territory.nom}
        if not parts.keys() & {"table", "grid"}:
            return nothing(ident, f"recit.{name}", values, section="recit", **parts)
        return make(ident, Message(f"recit.{name}", values), section="recit", **parts)

    def _milestones(self, ident: str) -> Finding:
        rows = self.chronologie.sort_values("date", kind="stable").to_dict("records") if len(self.chronologie) else []
        if not rows:
            return self._make(ident, {"jalons": 0, "debut": "", "fin": ""})
        marks = [(one["evenement"], word(french_date(one["date"]))) for one in rows]
        return self._make(
            ident,
            {"jalons": len(rows), "debut": rows[0]["date"][:4], "fin": rows[-1]["date"][:4]},
            figure=Figure("frise", "", (serie("", "sujet", marks),)),
            table=[(word(name), day, word(one["source"])) for one, (name, day) in zip(rows, marks, strict=True)],
        )

    def _instances(self, ident: str) -> Finding:
        counts = dict(zip(self.span, _since(self._dated(self.instances), "réunions"), strict=True))
        held = {year: value.valeur for year, value in counts.items() if value.valeur is not None}
        values = {"total": int(sum(held.values())), "creuses": [year for year, n in held.items() if not n]}
        values["premiere"] = min(held, default="")
        if not held:
            return self._make(ident, values)
        met = self.instances.sort_values("date", kind="stable").itertuples()
        lines = [tuple(map(word, (french_date(one.date), one.instance, one.detail))) for one in met]
        return self._make(ident, values, figure=bars("", "", counts), table=lines, rows=[self.instances])

    def _partners(self, ident: str) -> Finding:
        # Those who were there from the start did not come: the contract may be signed after its first year.
        first, last = max(self.territory.debut, min(start for _, start, _ in self.people)), int(self.span[-1])
        came = sorted((start, name) for name, start, _ in self.people if start > first)
        left = sorted((end, name) for name, _, end in self.people if end is not None and end < last)

        def named(moves: Sequence[tuple[int, str]], year: str) -> Valeur:
            names = ", ".join(name for when, name in moves if when == int(year))
            return word(names or label("recit.tous.aucun")) if int(year) >= first else UNKNOWN

        present = zip(self.span, _since(self._there(), "partenaires"), strict=True)
        lines = {year: (there, named(came, year), named(left, year)) for year, there in present}
        values = {"venus": len(came), "partis": len(left), "debut": first, "fin": last}
        return self._make(ident, values, grid=Grid("barres", lines), rows=[self.partenaires])

    def _years(self, ident: str) -> Finding:
        """Everything by year, one row each: what could not be counted says so instead of showing 0."""
        span, acts = self.span, self.actions.reindex(columns=["annee", "action", "paye"]).astype({"paye": float})
        years = acts.groupby(acts["annee"].astype("string").str.slice(0, 4))
        acted = years["action"].nunique().reindex(span, fill_value=0).tolist()
        *names, spent = labels("recit.annees.colonnes")
        paid = years[["paye"]].sum(min_count=1).reindex(span)
        paid, titles, cautions = in_constant_euros(paid, [spent], self.territory.edition.jusqu_au)
        dated = self._dated(self.chronologie), self._dated(self.instances)
        counted = [_since(each) for each in (*dated, self._there(), acted)]
        values = {"debut": span[0], "fin": span[-1], "compte": any(value.dite for row in counted for value in row)}
        if not values["compte"]:
            return self._make(ident, values)
        # an amount is no count: it has no axis here
        lines = [serie(nom, "sujet", zip(span, row, strict=True)) for nom, row in zip(names[1:], counted, strict=True)]
        sums = ([euros(amount) for amount in column] for column in paid.to_numpy().T)
        return self._make(
            ident,
            values,
            figure=Figure("lignes", "", tuple(lines), facettes=True),
            table=Table((*names, *titles), tuple(row(*line) for line in zip(span, *counted, *sums, strict=True))),
            rows=[self.instances, self.actions],
            precautions=[label("recit.annees.montants"), *cautions] if any(acted) else [],
        )

    def _dated(self, rows: pd.DataFrame) -> list[int]:
        """How many rows are of each year."""
        return [int(rows["date"].str.startswith(year).sum()) if len(rows) else 0 for year in self.span]

    def _there(self) -> list[int]:
        """How many partners are there each year."""
        years = map(int, self.span)
        return [sum(start <= y and (end is None or y <= end) for _, start, end in self.people) for y in years]


def _since(counts: Sequence[int], unite: str = "") -> list[Valeur]:
    """Counts by year: none before the first year that has one, for nothing says that it was looked for then."""
    first = next((i for i, n in enumerate(counts) if n), len(counts))
    return [count(n, unite) if i >= first else UNKNOWN for i, n in enumerate(counts)]


def _year(cell: object) -> int | None:
    text = str(cell).split(".")[0].strip()[:4]
    return int(text) if text.isdigit() else None
