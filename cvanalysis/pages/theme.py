"""The actions of one evaluated theme: trend, reach, public, money, carriers, blind spots, engagements. Owns the page's findings.

A theme without any action gives findings that say so. Needs are the indicators that the theme's own engagements are linked to: a
declaration, not our choice. Refuses to link a need and an action by a cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.actions.counting import REGLES
from cvanalysis.actions.field import JOURNAUX, MONTANTS, SANS_CAUSE, ActionChapter, Field, Rows
from cvanalysis.actions.funding import by_credit, carriers_finding
from cvanalysis.actions.reach import list_actions, place_name, publics_finding, reach, reach_table, yearly
from cvanalysis.constat.make import bars, count, leaders, lines, make, nothing, source_of
from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.engagements.progress import progress_figure, progress_rows
from cvanalysis.errors import UsageError
from cvanalysis.files.keys import split_list
from cvanalysis.indicateurs.observation import latest_values
from cvanalysis.territory.contract import Territory

if TYPE_CHECKING:
    from cvanalysis.catalogue import Catalogue


class ThemeActions(ActionChapter):
    """Findings of one theme, under `THEME-section-NN`; `liste` is its catalogue of actions."""

    def __init__(self, reader: Rows, territory: Territory, theme: str, catalogue: Catalogue | None = None) -> None:
        known = {t.id: t for t in territory.themes}
        if theme not in known:
            raise UsageError(f"« {theme} » n'est pas un thème déclaré. Thèmes déclarés : {', '.join(known)}.")
        self.theme = known[theme]
        self.reader = reader
        self.catalogue = catalogue
        self.field = Field(reader, territory, (("theme", (theme,)),))
        self.champ = f"Actions retenues du thème « {self.theme.nom} », {self.field.periode}"
        super().__init__(
            theme,
            {
                "actions-01": self.over("Combien d'actions, et portées par combien d'organismes ?", self._trend),
                "actions-02": self.over("Où, et où pas ?", self._reach),
                "actions-03": self.over("Pour qui ?", self._publics),
                "argent-01": self.over("Avec quel argent ?", self._money),
                "porteurs-01": self.over("Qui porte ces actions ?", self._carriers),
                "besoins-01": self._needs,
                "engagements-01": self._engagements,
            },
        )

    @property
    def liste(self) -> Table:
        return list_actions(self.field.menees, self.field)

    def rien(self, ident: str, question: str) -> Finding:
        return nothing(
            ident,
            question,
            "actions.rien_theme",
            {"theme": self.theme.nom, "periode": self.field.periode},
            champ=self.champ,
            source=JOURNAUX,
            quoi=f"Thème « {self.theme.nom} » : aucune ligne des journaux n'est rattachée à ce thème ; "
            "le rattachement se déclare dans correspondances.csv.",
        )

    def _trend(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        actions = yearly(rows, self.field)
        carriers = {
            year: count(rows.loc[rows["annee"] == int(year), "porteur"].nunique(), "organismes") for year in actions
        }
        first, last = next(iter(actions)), list(actions)[-1]
        return self.about(
            ident,
            question,
            Message(
                "actions.theme_annees",
                {
                    "theme": self.theme.nom,
                    "actions": rows["action"].nunique(),
                    "porteurs": rows["porteur"].nunique(),
                    "annee_avant": first,
                    "annee_apres": last,
                    "avant": actions[first],
                    "apres": actions[last],
                },
            ),
            rows,
            sous_titre="Nombre d'actions et d'organismes porteurs différents, par année",
            figure=lines(
                "Nombre par année", {"Actions": ("sujet", actions), "Organismes porteurs": ("autre", carriers)}
            ),
            table=Table(
                ("Année", "Actions", "Organismes porteurs"),
                tuple((word(y, "non_disponible"), actions[y], carriers[y]) for y in actions),
            ),
            lecture=Message("actions.lecture_annees", {"annee": last, "valeur": actions[last], "lieu": ""}),
            precautions=(
                "Chaque action est comptée une fois par an, quel que soit le nombre de ses financeurs et de ses quartiers.",
            ),
        )

    def _reach(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        found = reach(rows, self.field)
        values = {place_name(code, self.field): count(number) for code, number in found.items()}
        without = [self.field.quartiers[code] for code in self.field.quartiers if not found[code]]
        top = max(self.field.quartiers, key=lambda code: (found[code], code))
        return self.about(
            ident,
            question,
            Message(
                "actions.theme_quartiers",
                {
                    "theme": self.theme.nom,
                    "sans": without,
                    "muettes": found.get("", 0),
                    "total": len(self.field.quartiers),
                    "premier": leaders({nom: found[code] for code, nom in self.field.quartiers.items()}),
                    "valeur": count(found[top]),
                },
            ),
            rows,
            sous_titre=f"Nombre d'actions différentes par quartier, {self.field.periode}",
            figure=bars("Actions, par quartier", "Actions", values),
            table=reach_table(rows, self.field),
            lecture=Message(
                "actions.lecture_barre",
                {"etiquette": self.field.quartiers[top], "valeur": count(found[top]), "lieu": ""},
            ),
            precautions=(
                REGLES["plein"],
                "Montants : " + REGLES["egal"].removeprefix("Règle de comptage : "),
                MONTANTS,
            ),
            manques=[
                Manque(f"{n} sans quartier renseigné dans les journaux.", "non_disponible")
                for n in [_actions(found.get("", 0))]
                if found.get("")
            ],
        )

    def _publics(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        return publics_finding(ident, question, rows, self.field, self.champ)

    def _money(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        return by_credit(ident, question, rows, self.field, self.champ, self.theme.nom)

    def _carriers(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        return carriers_finding(ident, question, rows, self.field, self.champ)

    def _needs(self, ident: str) -> Finding:
        """Quarters without action in the last three years, beside the indicator that the theme's engagements point to first."""
        question = "Quels quartiers ont un besoin et pas d'action ?"
        fin = self.field.territory.fin
        rows = self.field.menees
        recent = rows[rows["annee"].ge(fin - 2).fillna(False).astype(bool)]
        found = reach(recent, self.field)
        without = [code for code in self.field.quartiers if not found[code]]
        needs = self._indicators()
        values = {ident_: self._latest(ident_) for ident_ in needs}
        shown = [name for name in needs if any(v.dite for v, _ in values[name].values())]
        names = {name: self.catalogue.indicateurs[name].nom if self.catalogue else name for name in shown}
        header = ("Quartier", f"Actions {fin - 2}-{fin}", *(_capital(names[name]) for name in shown))
        table = Table(
            header,
            tuple(
                (
                    word(self.field.quartiers[code], "non_disponible"),
                    count(found[code]),
                    *(values[name][code][0] for name in shown),
                )
                for code in self.field.quartiers
            ),
        )
        main = shown[0] if shown else ""
        if main:
            groups = {
                "Quartiers sans action récente": ("sujet", without),
                "Quartiers avec action": ("autre", [c for c in self.field.quartiers if c not in without]),
            }
            year = next((when for _, when in values[main].values() if when), "")
            figure = Figure(
                "points",
                f"{_capital(names[main])}{', ' + year if year else ''}",
                tuple(
                    Serie(
                        title, role, tuple(Point(self.field.quartiers[code], values[main][code][0]) for code in codes)
                    )
                    for title, (role, codes) in groups.items()
                    if codes
                ),
            )
        else:
            figure = bars(
                f"Actions {fin - 2}-{fin}, par quartier",
                "Actions",
                {self.field.quartiers[c]: count(found[c]) for c in self.field.quartiers},
            )
        first = without[0] if without else next(iter(self.field.quartiers))
        return make(
            ident,
            question,
            Message(
                "actions.theme_besoins",
                {
                    "theme": self.theme.nom,
                    "sans": [self.field.quartiers[c] for c in without],
                    "debut": str(fin - 2),
                    "fin": str(fin),
                },
            ),
            rows=[rows],
            source=source_of(rows, JOURNAUX)
            + ("" if not main else " ; indicateurs publiés (sources au tableau des fiches)"),
            champ=f"{self.champ} ; quartiers du contrat",
            sous_titre="Besoin publié et actions des trois dernières années",
            figure=figure,
            table=table,
            lecture=Message(
                "actions.lecture_besoins",
                {
                    "quartier": self.field.quartiers[first],
                    "actions": count(found[first]),
                    "nom": names.get(main, ""),
                    "besoin": values[main][first][0] if main else Valeur(None, "non_disponible"),
                },
            ),
            precautions=(
                "Les besoins montrés sont les indicateurs que les engagements de ce thème déclarent viser.",
                REGLES["plein"],
                SANS_CAUSE,
            ),
            manques=[]
            if shown
            else [
                Manque(
                    f"Thème « {self.theme.nom} » : aucun de ses engagements n'est lié à un indicateur publié.",
                    "non_disponible",
                )
            ],
        )

    def _indicators(self) -> list[str]:
        mine = self.field.engagements[self.field.engagements["theme"] == self.theme.id]
        wanted = dict.fromkeys(name for cell in mine["indicateurs"] for name in split_list(cell))
        return [name for name in wanted if self.catalogue is None or name in self.catalogue.indicateurs][:3]

    def _latest(self, indicateur: str) -> dict[str, tuple[Valeur, str]]:
        return latest_values(self.reader, list(self.field.quartiers), indicateur, self.catalogue)

    def _engagements(self, ident: str) -> Finding:
        question = "Où en sont les engagements de ce thème ?"
        mine = self.field.engagements[self.field.engagements["theme"] == self.theme.id]
        if mine.empty:
            return nothing(
                ident,
                question,
                "actions.rien_engagements",
                {"sujet": f"le thème « {self.theme.nom} »"},
                champ="Engagements rattachés au thème",
                source="Table des engagements",
                quoi=f"Thème « {self.theme.nom} » : aucun engagement ne lui est rattaché dans engagements.csv.",
            )
        filled = int((mine["avancement"] != "non renseigné").sum())
        done = int((mine["avancement"] == "réalisé").sum())
        return make(
            ident,
            question,
            Message(
                "actions.engagements_avancement",
                {"renseignes": filled, "total": len(mine), "realises": done, "sujet": self.theme.nom},
            ),
            rows=[mine],
            source="Table des engagements (engagements.csv)",
            champ=f"Engagements rattachés au thème « {self.theme.nom} »",
            sous_titre="Nombre d'engagements par avancement",
            figure=progress_figure(mine),
            table=progress_rows(mine, self.field),
            lecture=Message("actions.lecture_engagements", {"renseignes": filled, "total": len(mine)}),
            precautions=(
                (
                    "L'avancement est un fait que le pilote renseigne avec sa preuve ; "
                    "l'appréciation des collèges est un jugement, montré à part."
                ),
            ),
        )


def _actions(number: int) -> str:
    return f"{number} action{'s' if number > 1 else ''}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
