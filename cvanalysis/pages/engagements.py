"""Progress of the engagements: fill rate first, the fact, then each college's judgement apart, then the gaps. Owns that page's findings.

Refuses to average judgements or to drop what is not filled in from a denominator.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cvanalysis.actions.field import ActionChapter, Build, Field
from cvanalysis.actions.table import NON_RENSEIGNE
from cvanalysis.constat.make import Builder, Grid, Reader, bars, count, make, matrix, nothing
from cvanalysis.constat.shape import Finding, Message, Table, word
from cvanalysis.engagements.progress import (
    SOURCE,
    disagreements,
    gaps_finding,
    no_engagement,
    orphans_finding,
    progress_finding,
    progress_rows,
    states,
)
from cvanalysis.engagements.table import APPRECIATIONS, AVANCEMENTS, PREFIXE
from cvanalysis.french import named
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import label, labels


class Engagements(ActionChapter):
    """Findings `engagements-…`: fill rate, progress, judgements, disagreements, gaps, actions without engagement; `liste`: all of them."""

    def __init__(self, reader: Reader, territory: Territory) -> None:
        builders = {
            "couverture-01": self.over(self._fill),
            "avancement-01": self.over(self._progress),
            "avancement-02": self.over(self._pillars),
            "appreciation-01": self.over(self._judgements),
            "appreciation-02": self.over(self._disagreements),
            "ecarts-01": lambda ident: gaps_finding(ident, self.field),
            "ecarts-02": lambda ident: orphans_finding(ident, self.field),
        }
        super().__init__("engagements", "engagements", Field(reader, territory), builders)

    @property
    def liste(self) -> Table:
        return progress_rows(self.field.engagements, self.field)

    def over(self, build: Build) -> Builder:
        """A builder that asks `build` about the engagements, where there are some."""

        def ask(ident: str) -> Finding:
            rows = self.field.engagements
            return no_engagement(ident, self.question(ident)) if rows.empty else build(ident, rows)

        return ask

    def _make(self, ident: str, of: pd.DataFrame, said: Mapping[str, object], **parts: Any) -> Finding:
        return make(ident, Message(self.texts(ident), said), rows=[of], source=SOURCE, **parts)

    def _nothing(self, ident: str, gabarit: str, said: Mapping[str, object]) -> Finding:
        return nothing(ident, f"engagements.{gabarit}", said, question=self.question(ident), source=SOURCE)

    def _pillar(self, table: pd.DataFrame) -> pd.Series:
        """The name of the pillar of each engagement, in the order in which the contract declares its pillars, none last."""
        names = {p.id: p.nom for p in self.field.territory.piliers} | {"": label("engagements.sans_pilier.nom")}
        rank = {ident: n for n, ident in enumerate(names)}
        return table["pilier"].sort_values(key=lambda ids: ids.map(rank), kind="stable").replace(names)

    def _fill(self, ident: str, table: pd.DataFrame) -> Finding:
        filled = pd.DataFrame(
            {"dits": table["avancement"] != NON_RENSEIGNE, "prouves": table["preuve"] != "", "tous": True}
        )
        pillar = self._pillar(table)
        pillars = filled.loc[pillar.index].groupby(pillar, sort=False).sum()
        every = label("engagements.couverture-01.ensemble"), *filled.sum()
        lines = {name: [count(n, "engagements") for n in numbers] for name, *numbers in (*pillars.itertuples(), every)}
        first, (said, _, total) = next(iter(lines.items()))
        return self._make(
            ident,
            table,
            {"renseignes": int(every[1]), "total": len(table), "preuves": int(every[2])},
            figure=bars("", "", {name: lines[name][0] for name in pillars.index}),
            table=[(name, *line) for name, line in lines.items()],
            lecture={"pilier": first, "valeur": said, "total": total},
        )

    def _progress(self, ident: str, table: pd.DataFrame) -> Finding:
        told = pd.Series(map(named, table["code"], table["libelle"]), index=table.index)
        which = {state: " ; ".join(told[table["avancement"] == state]) or "aucun" for state in AVANCEMENTS}
        lines = [(state, value, which[state]) for state, value in states(table).items()]
        return progress_finding(ident, table, self.texts(ident), table=lines)

    def _pillars(self, ident: str, table: pd.DataFrame) -> Finding:
        pillar = self._pillar(table)
        if not table["pilier"].any():
            return self._nothing(ident, "sans_pilier", {"total": len(table)})
        found = pd.crosstab(pillar, table["avancement"]).reindex(pillar.unique())
        shown = [state for state in AVANCEMENTS if state in found]
        lines = {name: [count(n, "engagements") for n in found.loc[name, shown]] for name in found.index}
        sizes, done = found.sum(axis=1), found.reindex(columns=AVANCEMENTS, fill_value=0)["réalisé"]
        best = (done / sizes)[::-1].idxmax()
        some = [name for name in lines if done[name]]
        told = [label(f"{self.texts(ident)}.realises", pilier=p, nombre=done[p], total=sizes[p]) for p in some]
        first, last = labels("engagements.avancement-02.colonnes")
        titles = (first, *(state.capitalize() for state in shown))
        whole = {name: (*line, count(sizes[name], "engagements")) for name, line in lines.items()}
        return self._make(
            ident,
            table,
            {"realises": told, "autres": len(lines) - len(some)},
            figure=Grid("matrice", lines, ("autre",)).figure(titles),
            table=Grid("matrice", whole, colonnes=(*titles, last)).table(),
            lecture={"pilier": best, "valeur": count(done[best], "engagements"), "total": sizes[best]},
        )

    def _views(self) -> dict[str, str]:
        """Column of a college's judgement → the college."""
        columns = self.field.engagements.columns
        return {PREFIXE + ident: nom for ident, nom in self.field.colleges.items() if PREFIXE + ident in columns}

    def _judgements(self, ident: str, table: pd.DataFrame) -> Finding:
        views = self._views()
        said = {name: int((table[column] != "").sum()) for column, name in views.items()}
        if not any(said.values()):
            return self._nothing(ident, "sans_appreciation", {"total": len(table)})
        most = max(said, key=lambda name: (said[name], name))
        lines = {
            name: [count(int((table[column] == view).sum()), "engagements") for view in (*APPRECIATIONS, "")]
            for column, name in views.items()
        }
        college, none = labels("engagements.appreciation-01.colonnes")
        silent = [name for name, number in said.items() if not number]
        return self._make(
            ident,
            table,
            {"bas": min(said.values()), "haut": said[most], "total": len(table), "muets": silent},
            grid=Grid("matrice", lines, ("autre",), colonnes=(college, *(a.capitalize() for a in APPRECIATIONS), none)),
            lecture={"college": most, "valeur": count(said[most], "engagements")},
        )

    def _disagreements(self, ident: str, table: pd.DataFrame) -> Finding:
        views = self._views()
        split = disagreements(table, list(views)).to_dict("records")
        compared = int((table[list(views)] != "").sum(axis=1).ge(2).sum()) if views else 0
        if not split:
            return self._nothing(ident, "accords", {"compares": compared, "total": len(table)})
        none = label("engagements.appreciation-02.sans_avis")
        lines = {
            one["code"]: [word(one["libelle"], "non_disponible"), *(word(one[c] or none) for c in views)]
            for one in split
        }
        marks = (
            (named(one["code"], one["libelle"]), {n: word(one[c].capitalize()) for c, n in views.items() if one[c]})
            for one in split
        )
        titles = (*labels("engagements.appreciation-02.colonnes"), *views.values())
        return self._make(
            ident,
            table,
            {"nombre": len(split), "compares": compared, "codes": list(lines)},
            figure=matrix(marks),
            table=Grid("matrice", lines, colonnes=titles).table(),
            lecture={"code": split[0]["code"], "libelle": split[0]["libelle"]},
        )
