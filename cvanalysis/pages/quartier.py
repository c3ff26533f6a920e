"""The fiche of a quarter: its identity, its findings, what matters most, what is not known. Owns their list and their order.

One read of the store serves all the findings of a fiche, and names the indicators that it uses and no other: a fiche is made
again only when something that it shows has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.actions.counting import REGLES, subsidies
from cvanalysis.actions.field import JOURNAUX, MONTANTS, NON_SU, SANS_CAUSE, ActionChapter, Field, Rows
from cvanalysis.actions.reach import CATALOGUE_QUARTIER_MAX, list_actions, yearly
from cvanalysis.constat.make import Chapter, bars, count, euros, leaders, lines, make, nothing, source_of
from cvanalysis.constat.shape import Definition, Finding, Identite, Manque, Message, Table, word
from cvanalysis.engagements.progress import SOURCE, progress_figure
from cvanalysis.files.keys import split_list
from cvanalysis.indicateurs.kinds import Questions
from cvanalysis.indicateurs.observation import Reader, as_value
from cvanalysis.indicateurs.ranking import brief_rule, choose_brief
from cvanalysis.pages.engagements import FAIT_ET_JUGEMENT
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import label

if TYPE_CHECKING:
    from cvanalysis.catalogue import Catalogue, Indicateur, Source


POPULATION = "population"


class Fiche(Questions):
    """Everything that the page of one quarter says."""

    def __init__(self, reader: Reader, territory: Territory, catalogue: Catalogue, code: str) -> None:
        super().__init__(reader, territory, catalogue, code, more=(POPULATION,))

    def en_bref(self) -> tuple[Finding, ...]:
        """The 4 to 6 findings that matter most here, by `regle_en_bref`."""
        sujets = {f.id: d.indicateurs[0] for f, d in zip(self.constats, self.declares, strict=True)}
        return choose_brief(self.constats, sujets)

    @property
    def regle_en_bref(self) -> str:
        """How « En bref » is chosen, in a few sentences for the reader."""
        return brief_rule(self.en_bref(), self.contexte.parmi)

    def inconnus(self) -> tuple[tuple[str, tuple[Manque, ...]], ...]:
        """« Ce qu'on ne sait pas » : for each finding's id, what is missing about this quarter or what it is compared with."""
        said: set[str] = set()
        found = []
        for finding in self.constats:
            fresh = tuple(manque for manque in finding.manques if manque.quoi not in said)
            said.update(manque.quoi for manque in fresh)
            if fresh:
                found.append((finding.id, fresh))
        return tuple(found)

    def identite(self) -> Identite:
        """Name, communes and last population of the quarter."""
        ctx = self.contexte
        indicateur = self.catalogue.indicateurs[POPULATION]
        last = ctx.observations.latest(self.quartier.code, POPULATION)
        names = {commune.code: commune.nom for commune in self.territory.communes}
        return Identite(
            self.quartier.code,
            self.quartier.nom,
            tuple(names.get(code, code) for code in self.quartier.communes),
            as_value(last, indicateur),
            str(last.instant) if last else "",
            self.territory.contrat,
            self.territory.nom,
        )

    def definitions(self) -> tuple[Definition, ...]:
        """The indicators that the fiche uses, in plain words and in reading order."""
        return tuple(
            Definition(one.nom, one.definition, label(f"quartier.sens.{one.direction}"), source.nom)
            for one, source in self._used()
        )

    def sources(self) -> tuple[Source, ...]:
        """The sources of those indicators, once each."""
        return tuple(dict.fromkeys(source for _, source in self._used()))

    def _used(self) -> list[tuple[Indicateur, Source]]:
        used = dict.fromkeys(ident for declare in self.declares for ident in declare.indicateurs)
        found = [self.catalogue.indicateurs[ident] for ident in used]
        return [(one, self.catalogue.sources[one.source]) for one in found]


class QuarterActions(ActionChapter):
    """Actions of one quarter: `actions-01` by year, `actions-02` by theme, `actions-03` what was asked for and not done."""

    def __init__(self, reader: Rows, territory: Territory, code: str) -> None:
        self.quartier = territory.quartier(code)
        self.field = Field(reader, territory, (("qpv", (code,)),))
        self.champ = f"Actions retenues, menées au moins en partie dans ce quartier, {self.field.periode}"
        super().__init__(
            code,
            {
                "actions-01": self.over("Quelles actions ont été menées ici ?", self._years),
                "actions-02": self.over("Sur quoi portaient ces actions ?", self._themes),
                "actions-03": self._statuses,
            },
        )

    @property
    def liste(self) -> Table:
        """The actions led here, one line each."""
        return list_actions(self.field.menees, self.field, CATALOGUE_QUARTIER_MAX)

    def rien(self, ident: str, question: str) -> Finding:
        return nothing(
            ident,
            question,
            "actions.rien_quartier",
            {"quartier": self.quartier.nom, "periode": self.field.periode},
            champ=self.champ,
            source=JOURNAUX,
            quoi=f"{self.quartier.nom} : aucune ligne des journaux ne cite ce quartier ; "
            "des actions ont pu y être menées sans que le journal le dise.",
        )

    def _years(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        years = yearly(rows, self.field)
        given = subsidies(rows)
        money = (given["accorde"] * given["part"]).groupby(given["annee"]).sum(min_count=1)
        actions, carriers = rows["action"].nunique(), rows["porteur"].nunique()
        peak = max(years, key=lambda year: (years[year].valeur, year))
        table = Table(
            ("Année", "Actions", "Organismes porteurs", "Montant accordé"),
            tuple(
                (
                    word(year, "non_disponible"),
                    value,
                    count(rows.loc[rows["annee"] == int(year), "porteur"].nunique(), "organismes"),
                    euros(money.get(int(year), float("nan"))),
                )
                for year, value in years.items()
            ),
        )
        several = int((rows.groupby("action")["part"].min() < 0.999).sum())
        return self.about(
            ident,
            question,
            Message(
                "actions.quartier_annees",
                {
                    "quartier": self.quartier.nom,
                    "actions": actions,
                    "porteurs": carriers,
                    "periode": self.field.periode,
                    "ailleurs": several,
                },
            ),
            rows,
            sous_titre=f"Nombre d'actions différentes par année, {self.field.periode}",
            figure=lines("Actions menées dans le quartier", {"Actions": ("sujet", years)}),
            table=table,
            lecture=Message(
                "actions.lecture_annees", {"annee": peak, "valeur": years[peak], "lieu": self.quartier.nom}
            ),
            precautions=(
                REGLES["plein"],
                "Montants : part du quartier dans chaque action, à parts égales entre ses quartiers.",
                MONTANTS,
                SANS_CAUSE,
            ),
        )

    def _themes(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        by_theme = {
            name: int(rows.loc[rows["theme"] == theme, "action"].nunique()) for theme, name in self.field.themes.items()
        }
        values = {name: count(number) for name, number in by_theme.items()}
        absent = [
            name
            for theme, name in self.field.themes.items()
            if theme in {t.id for t in self.field.territory.themes} and not by_theme[name]
        ]
        first = max(by_theme, key=lambda name: (by_theme[name], name))
        last_year = {name: rows.loc[rows["theme"] == theme, "annee"].max() for theme, name in self.field.themes.items()}
        table = Table(
            ("Thème", "Actions", "Organismes porteurs", "Dernière année"),
            tuple(
                (
                    word(name, "non_disponible"),
                    values[name],
                    count(rows.loc[rows["theme"] == theme, "porteur"].nunique(), "organismes"),
                    word("" if pd.isna(last_year[name]) else str(last_year[name]), "non_disponible"),
                )
                for theme, name in self.field.themes.items()
            ),
        )
        return self.about(
            ident,
            question,
            Message(
                "actions.quartier_themes",
                {
                    "quartier": self.quartier.nom,
                    "absents": absent,
                    "premier": leaders(by_theme),
                    "valeur": values[first],
                },
            ),
            rows,
            sous_titre=f"Nombre d'actions différentes par thème, {self.field.periode}",
            figure=bars("Actions menées dans le quartier, par thème", "Actions", values),
            table=table,
            lecture=Message(
                "actions.lecture_barre", {"etiquette": first, "valeur": values[first], "lieu": self.quartier.nom}
            ),
            precautions=(REGLES["plein"], SANS_CAUSE),
        )

    def _statuses(self, ident: str) -> Finding:
        question = "Qu'est-il advenu des demandes ?"
        rows = self.field.lues
        inside = rows[
            rows["annee"].between(self.field.territory.debut, self.field.territory.fin).fillna(False).astype(bool)
        ]
        if inside.empty:
            return self.rien(ident, question)
        order = (
            "accordé",
            "à justifier",
            "justifié",
            "terminé",
            "en instruction",
            "ajourné",
            "annulé",
            "refusé",
            NON_SU,
        )
        editions = {state: int(inside.loc[inside["statut"] == state, "edition"].nunique()) for state in order}
        shown = {state.capitalize(): count(number, "demandes") for state, number in editions.items() if number}
        lost = sum(editions[state] for state in ("refusé", "ajourné", "annulé"))
        total = int(inside["edition"].nunique())
        first = next(iter(shown))
        return make(
            ident,
            question,
            Message("actions.quartier_suites", {"quartier": self.quartier.nom, "perdues": lost, "total": total}),
            rows=[inside],
            source=source_of(inside, JOURNAUX),
            champ=f"Demandes qui citent ce quartier, une par action et par an, {self.field.periode}",
            sous_titre="Nombre de demandes par suite donnée",
            figure=bars("Demandes, par suite donnée", "Demandes", shown),
            table=Table(
                ("Suite donnée", "Demandes"),
                tuple((word(state, "non_disponible"), value) for state, value in shown.items()),
            ),
            lecture=Message(
                "actions.lecture_barre", {"etiquette": first, "valeur": shown[first], "lieu": self.quartier.nom}
            ),
            precautions=(
                "Une demande sans suite écrite dans le journal est comptée « non renseigné », ni accordée ni refusée.",
            ),
        )


class QuarterEngagements(Chapter):
    """`engagements-01`: the engagements that concern a quarter, declared so or through an action led there."""

    def __init__(self, reader: Rows, territory: Territory, code: str) -> None:
        self.quartier = territory.quartier(code)
        self.field = Field(reader, territory, (("qpv", (code,)),))
        super().__init__(code, {"engagements-01": self._here})

    def _here(self, ident: str) -> Finding:
        question = "Quels engagements concernent ce quartier, et où en sont-ils ?"
        table = self.field.engagements
        rows = self.field.menees
        by_action = {code for cell in rows["engagements"].unique() for code in split_list(cell)}
        declared = table["quartiers"].map(lambda cell: self.quartier.code in split_list(cell)).astype(bool)
        mine = table[declared | table["code"].isin(by_action)]
        if mine.empty:
            return nothing(
                ident,
                question,
                "actions.rien_engagements",
                {"sujet": self.quartier.nom},
                champ="Engagements du contrat",
                source=SOURCE,
                quoi=f"{self.quartier.nom} : aucun engagement n'y est déclaré, ni par lui-même ni par une action.",
            )
        filled, done = int((mine["avancement"] != NON_SU).sum()), int((mine["avancement"] == "réalisé").sum())
        own = mine[mine["code"].isin(by_action)]
        return make(
            ident,
            question,
            Message(
                "actions.engagements_quartier",
                {
                    "quartier": self.quartier.nom,
                    "total": len(mine),
                    "actions": len(own),
                    "realises": done,
                    "renseignes": filled,
                },
            ),
            rows=[mine],
            source=SOURCE,
            champ="Engagements déclarés pour ce quartier, ou servis par une action menée ici",
            sous_titre="Nombre d'engagements par avancement",
            figure=progress_figure(mine),
            table=Table(
                ("Engagement", "Libellé", "Avancement", "Action menée ici"),
                tuple(
                    (
                        word(row.code, "non_disponible"),
                        word(row.libelle, "non_disponible"),
                        word(row.avancement, "non_disponible"),
                        word("oui" if row.code in by_action else "non", "non_disponible"),
                    )
                    for row in mine.itertuples(index=False)
                ),
            ),
            lecture=Message("actions.lecture_engagements", {"renseignes": filled, "total": len(mine)}),
            precautions=(
                "L'avancement est celui de l'engagement dans tout le contrat, pas dans ce quartier.",
                FAIT_ET_JUGEMENT,
            ),
        )
