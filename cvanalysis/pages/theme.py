"""The actions of one evaluated theme: trend, reach, public, money, carriers, blind spots, engagements. Owns the page's findings.

A theme without any action gives findings that say so. Needs are the indicators that the theme's own engagements are linked to: a
declaration, not our choice. Refuses to link a need and an action by a cause.
"""

from collections.abc import Mapping
from functools import cached_property, partial

import pandas as pd

from cvanalysis.actions.counting import REGLES, lines_of, of_years, subsidies
from cvanalysis.actions.field import JOURNAUX, MONTANTS, SANS_CAUSE, ActionChapter, Field
from cvanalysis.actions.funding import by_credit, carriers_finding
from cvanalysis.actions.reach import list_actions, place_name, publics_finding, reach, reach_table, yearly
from cvanalysis.catalogue import Catalogue, Indicateur
from cvanalysis.constat.make import Grid, Reader, bars, count, euros, leaders, make, nothing, serie, source_of
from cvanalysis.constat.shape import Figure, Finding, Message, Table, Valeur, row
from cvanalysis.engagements.progress import progress_finding, progress_rows
from cvanalysis.errors import UsageError
from cvanalysis.files.keys import split_list
from cvanalysis.french import capital, fold, listed
from cvanalysis.indicateurs.observation import latest_values
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import label, labels

BESOINS_MAXI = 3
"""Needs that the table has room for, beside the actions."""


class ThemeActions(ActionChapter):
    """Findings of one theme, under `THEME-section-NN`; `liste` is its catalogue of actions."""

    def __init__(self, reader: Reader, territory: Territory, theme: str, catalogue: Catalogue) -> None:
        known = {fold(said): one for one in territory.themes for said in (one.nom, one.id)}
        if fold(theme) not in known:
            told = listed(f"{one.nom} ({one.id})" for one in territory.themes)
            raise UsageError(f"« {theme} » n'est pas un thème déclaré. Thèmes déclarés : {told}.")
        self.theme, self.reader, self.catalogue = known[fold(theme)], reader, catalogue
        theme = self.theme.id
        field = Field(reader, territory, (("theme", (theme,)),))
        builders = {
            "actions-01": self.over(self._trend),
            "actions-02": self.over(self._reach),
            "actions-03": self.over(partial(publics_finding, self)),
            "argent-01": self.over(partial(by_credit, self)),
            "porteurs-01": self.over(partial(carriers_finding, self)),
            "besoins-01": self._needs,
            "engagements-01": self._engagements,
        }
        super().__init__("theme", theme, field, builders, theme=self.theme.nom)

    @property
    def liste(self) -> Table:
        return list_actions(self.field.menees, self.field)

    @property
    def reperes(self) -> tuple[tuple[Valeur, Message, str], ...]:
        """What stands at the top of the page: a figure, what is said under it, the number of its finding."""
        rows, quarters = self.field.menees, self.field.quartiers
        there = sum(reach(rows, self.field)[code] > 0 for code in quarters)
        money = lines_of(subsidies(rows))["accorde"].sum(min_count=1)
        figures = {
            "actions-01": count(rows["action"].nunique()),
            "porteurs-01": count(rows["porteur"].nunique(), "organismes"),
            "argent-01": euros(money),
            "actions-02": count(there, "quartiers"),
        }
        if not self.field.recus:
            figures = dict.fromkeys(figures, Valeur(None, "non_disponible"))
        said = {**self.said, "total": len(quarters), "journaux": self.field.recus}
        words = [Message("theme.repere", {**said, "cle": n, "nombre": v.valeur or 0}) for n, v in figures.items()]
        return tuple(zip(figures.values(), words, figures, strict=True))

    def _trend(self, ident: str, rows: pd.DataFrame) -> Finding:
        by_year = yearly(rows, self.field)
        actions = {year: number for year, (number, _) in by_year.items()}
        first, last = next(iter(actions)), list(actions)[-1]
        said = {"actions": rows["action"].nunique(), "porteurs": rows["porteur"].nunique()}
        said |= {"annee_avant": first, "annee_apres": last, "avant": actions[first], "apres": actions[last]}
        return self.about(
            ident,
            Message("theme.actions-01", self.said | said),
            rows,
            grid=Grid("lignes", by_year, ("sujet", "autre")),
            lecture=Message("actions.lecture_annees", {"annee": last, "valeur": actions[last], "lieu": ""}),
        )

    def _reach(self, ident: str, rows: pd.DataFrame) -> Finding:
        found, quarters = reach(rows, self.field), self.field.quartiers
        top = max(quarters, key=lambda code: (found[code], code))
        silent, number = found.get("", 0), count(found[top])
        said = {"sans": [nom for code, nom in quarters.items() if not found[code]], "muettes": silent}
        said |= leaders({nom: found[code] for code, nom in quarters.items()})
        missing = label("theme.actions-02.manque", nombre=silent, s="s" if silent > 1 else "")
        equal = label("theme.actions-02.egal", regle=REGLES["egal"].removeprefix("Règle de comptage : "))
        return self.about(
            ident,
            Message("theme.actions-02", self.said | said | {"total": len(quarters), "valeur": number}),
            rows,
            figure=bars("", "", {place_name(code, self.field): count(n) for code, n in found.items()}),
            table=reach_table(rows, self.field),
            lecture=Message("actions.lecture_barre", {"etiquette": quarters[top], "valeur": number, "lieu": ""}),
            precautions=(REGLES["plein"], equal, MONTANTS),
            manques=[missing] if silent else [],
        )

    def _needs(self, ident: str) -> Finding:
        """Quarters without action in the last three years, beside the indicator that the theme's engagements point to first."""
        rows, quarters, fin = self.field.menees, self.field.quartiers, self.field.territory.connue
        if not self.field.recus:
            return self.rien(ident)
        recent = reach(of_years(rows, fin - 2, fin), self.field)
        found = {code: count(number) for code, number in recent.items()}
        without = [code for code in quarters if not found[code].valeur]
        said = self.said | {"sans": [quarters[c] for c in without], "total": len(quarters)}
        said |= {"debut": str(max(fin - 2, self.field.territory.debut)), "fin": str(fin)}
        wanted = self._latest()
        needs = {one: found for one, found in wanted.items() if any(value.dite for value in found[0].values())}
        first = without[0] if without else next(iter(quarters))
        reading = {"quartier": quarters[first], "actions": found[first], "nom": ""}
        source, missing = source_of(rows, JOURNAUX), []
        if needs:
            main, (values, year) = next(iter(needs.items()))
            reading |= {"nom": _dated(main.nom, year), "besoin": values[first]}
            source += label("theme.besoins-01.source_besoins")
            figure = self._needs_figure(capital(_dated(main.nom, year)), values, without)
        else:
            missing.append(label("theme.besoins-01.manque", **said))
            figure = bars("", "", {nom: found[code] for code, nom in quarters.items()})
        for one in [one for one in wanted if one not in needs]:
            files = self.catalogue.families_of(one.id)
            missing.append(label("theme.besoins-01.fichier", nom=one.nom, fichiers=files))
        lines = (row(nom, found[c], *(values[c] for values, _ in needs.values())) for c, nom in quarters.items())
        dated = (capital(_dated(one.nom, year)) for one, (_, year) in needs.items())
        columns = (*labels("theme.besoins-01.colonnes", **said), *dated)
        return make(
            ident,
            Message("theme.besoins-01", said),
            rows=[rows],
            source=source,
            champ=label("theme.besoins-01.champ_besoins", actions=self.champ),
            figure=figure,
            table=Table(columns, tuple(lines)),
            lecture=reading,
            precautions=(*[label("theme.besoins-01.vises")][: len(needs)], REGLES["plein"], SANS_CAUSE),
            manques=missing,
        )

    def _needs_figure(self, axe: str, values: Mapping[str, Valeur], without: list[str]) -> Figure:
        """A need, quarter by quarter, those without any recent action apart."""
        quarters = self.field.quartiers
        sides = (("sujet", without), ("autre", [code for code in quarters if code not in without]))
        names = labels("theme.besoins-01.groupes")
        series = (
            serie(name, role, ((quarters[code], values[code]) for code in codes))
            for name, (role, codes) in zip(names, sides, strict=True)
            if codes
        )
        return Figure("points", axe, tuple(series))

    @cached_property
    def _mine(self) -> pd.DataFrame:
        """The engagements of this theme."""
        return self.field.engagements[self.field.engagements["theme"] == self.theme.id]

    def _latest(self) -> dict[Indicateur, tuple[dict[str, Valeur], str]]:
        """The first indicators that the theme's engagements point to: quarter → value, and the year. A need is told by a rate: a count of
        people says first how large a quarter is."""
        wanted = dict.fromkeys(name for cell in self._mine["indicateurs"] for name in split_list(cell))
        known = [self.catalogue.indicateurs[name] for name in wanted if name in self.catalogue.indicateurs]
        rates = [one for one in known if one.genre != "effectif"][:BESOINS_MAXI]
        quarters = list(self.field.quartiers)
        return {one: latest_values(self.reader, quarters, one) for one in rates}

    def _engagements(self, ident: str) -> Finding:
        mine = self._mine
        if mine.empty:
            return nothing(ident, "theme.sans_engagement", self.said)
        return progress_finding(
            ident, mine, self.texts(ident), sujet=self.theme.nom, table=progress_rows(mine, self.field)
        )


def _dated(nom: str, year: str) -> str:
    """The indicator and the year of its figures."""
    return ", ".join(filter(None, (nom, year)))
