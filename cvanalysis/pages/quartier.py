"""The fiche of a quarter: its identity, its findings, what matters most, what is not known. Owns their list and their order.

One read of the store serves all the findings of a fiche, and names the indicators that it uses and no other: a fiche is made
again only when something that it shows has changed.
"""

import re
from dataclasses import replace
from functools import cached_property

import pandas as pd

from cvanalysis.actions.counting import REGLES, lines_of, of_years, shared_by, subsidies
from cvanalysis.actions.field import MONTANTS, SANS_CAUSE, ActionChapter, Field
from cvanalysis.actions.reach import CATALOGUE_QUARTIER_MAX, list_actions, yearly
from cvanalysis.actions.table import NON_RENSEIGNE
from cvanalysis.catalogue import Catalogue, Indicateur, Source
from cvanalysis.constat.make import Grid, Reader, count, euros, leaders, nothing
from cvanalysis.constat.shape import Definition, Finding, Message, Table, Valeur, word
from cvanalysis.engagements.progress import SOURCE, progress_finding
from cvanalysis.engagements.table import AVANCEMENTS
from cvanalysis.files.keys import split_list
from cvanalysis.french import QUARTIER, enumerate_french, enumerate_some
from cvanalysis.indicateurs.kinds import Ligne, Questions, lines
from cvanalysis.indicateurs.ranking import stand_out
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label, labels

QUESTIONS, LACUNES = 2, 3
"""What a sheet of paper has room for, beside the open question: questions, and sentences on what is not known."""
PERDUES = ("ajourné", "annulé", "refusé")
SUITES = ("accordé", "à justifier", "justifié", "terminé", "en instruction", *PERDUES, NON_RENSEIGNE)
"""What becomes of a demand, in the order of a page; and what did not come to anything."""


EVIDENT = 4
"""Words that a definition must add to a name to say more than it (« Part des personnes de … dans la … » adds four)."""


def _words(*texts: str) -> set[str]:
    return set(re.findall(r"\w+", " ".join(texts).lower()))


class Fiche(Questions):
    """Everything that the page of one quarter says."""

    def __init__(self, reader: Reader, territory: Territory, catalogue: Catalogue, code: str) -> None:
        totals = (row.sur for row in catalogue.tableau if row.sur in catalogue.indicateurs)
        super().__init__(reader, territory, catalogue, code, more=totals)

    @cached_property
    def tableau(self) -> tuple[Ligne, ...]:
        """The dashboard's lines and those of the landmarks, in the declared order."""
        return tuple(lines(self.asked, self.catalogue.tableau))

    @property
    def voisins(self) -> tuple[str, ...]:
        """The names under which the other quarters stand in the tables."""
        return tuple(zone.nom for zone in self.contexte.voisins)

    @property
    def reperes(self) -> tuple[tuple[Ligne, Message], ...]:
        """The lines that stand at the top of the page, and what is said under each figure; a doubtful one leaves it its place, and why."""
        doubt = {"valeur": Valeur(None, "suspect"), "rang": None}
        shown = (line for line in self.tableau if line.declaree.repere)
        told = (replace(line, **doubt) if line.valeur.statut == "suspect" else line for line in shown)
        return tuple((line, self._landmark(line)) for line in told)

    def _landmark(self, line: Ligne) -> Message:
        one = line.declaree
        said = {
            "indicateur": one.indicateur,
            "nom": one.libelle,
            "quand": line.quand,
            "rang": line.rang,
            "dite": line.valeur.dite,
            "reperes": [(zone, value) for zone, value, other_year in line.reperes if value.dite and not other_year],
            "sens": "",
            "date": "",
        }
        told = self.constat(one.constat).message.valeurs
        if line.valeur == told.get("apres"):
            said |= {name: told[name] for name in ("sens", "ecart", "annee_avant", "tolerance")}
        elif line.valeur == told.get("recent"):  # the last figure whose year is known stands beside
            said |= {"date": told["apres"], "annee_avant": told["annee_apres"]}
        return Message("quartier.repere", said)

    def ressort(self) -> tuple[Finding, ...]:
        """The findings of « Ce qui ressort », by `ranking.stand_out`."""
        return stand_out(self.constats, {line.constat for line, _ in self.reperes})

    def questions(self) -> tuple[tuple[Finding, str], ...]:
        """The findings that the sheet asks about, with the question: those that stand out, else those of the landmarks."""
        top = [line.declaree.constat for line, _ in self.reperes if line.valeur.statut != "suspect"][::-1]
        asked = {one.id: one for one in (*self.ressort(), *map(self.constat, top))}
        texts = block("quartier.questions")
        known = [one.id for one in asked.values() if one.table and "absent" not in one.message.gabarit]
        about = {ident: one.section if ident in known else "sans_chiffre" for ident, one in asked.items()}
        return tuple((one, texts.get(about[one.id], texts["autre"])) for one in list(asked.values())[:QUESTIONS])

    def lacunes(self) -> tuple[str, ...]:
        """What matters most of what is not known, in a sentence each: of the quarter, of what it is compared with, of its changes."""
        shown = [line for line in self.tableau if line.declaree.groupe]
        own = [line.declaree.libelle for line in self.tableau if not line.valeur.dite]
        known = [line for line in shown if line.valeur.dite]
        beside = dict.fromkeys((zone.nom for zone in self.contexte.proches), 0)
        for zone, value, _ in (one for line in shown for one in line.reperes):
            beside[zone.nom] += not value.dite
        undated = sum(line.instant is not None and not line.instant.etabli for line in shown)
        unranked = [line.declaree.libelle for line in known if line.rang is None]
        names = own or unranked or [""]
        words = {"total": len(shown), "dates": undated, "lignes": enumerate_some(names, 4, 3, "autres")}
        least = max(beside, key=lambda nom: beside[nom], default="")
        words |= {"lieu": least, "manquants": beside.get(least, 0)}
        there = {"quartier": own, "repere": words["manquants"], "date": undated, "rang": unranked and not own}
        return tuple(label(f"quartier.lacunes.{key}", **words) for key, yes in there.items() if yes)[:LACUNES]

    def inconnus(self) -> tuple[tuple[str, str], ...]:
        """« Ce qu'on ne sait pas » of this quarter or its comparators, each with the id of the first finding that lacks it."""
        told = {quoi: finding.id for finding in self.constats[::-1] for quoi in finding.manques[::-1]}
        return tuple((ident, quoi) for quoi, ident in list(told.items())[::-1])

    @property
    def communes(self) -> str:
        names = self.territory.noms
        return enumerate_french(names.get(code, code) for code in self.quartier.communes)

    def definitions(self) -> tuple[Definition, ...]:
        """The indicators that the fiche uses, in plain words and in reading order, but those that their name already explains."""
        return tuple(
            Definition(one.nom, one.definition, label(f"quartier.sens.{one.direction}"), source.nom)
            for one, source in self._used()
            if one.direction != "neutre" or len(_words(one.definition) - _words(one.nom, one.denominateur)) > EVIDENT
        )

    def sources(self) -> tuple[Source, ...]:
        """The sources of those indicators, once each."""
        return tuple(dict.fromkeys(source for _, source in self._used()))

    def _used(self) -> list[tuple[Indicateur, Source]]:
        rows = [line.declaree.indicateur for line in self.tableau]
        used = dict.fromkeys([*(declare.indicateurs[0] for declare in self.declares), *rows])
        found = [self.catalogue.indicateurs[ident] for ident in used]
        return [(one, self.catalogue.sources[one.source]) for one in found]


class QuarterActions(ActionChapter):
    """Actions of one quarter: `actions-01` by year, `actions-02` by theme, `actions-03` what was asked for and not done; then
    `engagements-01`."""

    def __init__(self, reader: Reader, territory: Territory, code: str) -> None:
        self.quartier = territory.quartier(code)
        builders = {
            "actions-01": self.over(self._years),
            "actions-02": self.over(self._themes),
            "actions-03": self._statuses,
            "engagements-01": self._engagements,
        }
        field = Field(reader, territory, (("qpv", (code,)),))
        super().__init__("quartier", code, field, builders, quartier=QUARTIER)

    @cached_property
    def _entieres(self) -> pd.DataFrame:
        """All the rows of the actions led here, those of their other quarters too."""
        here = self.field.menees
        whole = Field(self.field.reader, self.field.territory, (("action", tuple(sorted(set(here["action"])))),))
        return whole.menees if len(here) else here

    @cached_property
    def liste(self) -> Table:
        """The actions led here, one line each."""
        return list_actions(self._entieres, self.field, CATALOGUE_QUARTIER_MAX, self.quartier.code)

    def _years(self, ident: str, rows: pd.DataFrame) -> Finding:
        years, given = yearly(rows, self.field), subsidies(rows)
        money = shared_by(given, "annee")
        peak = max(years, key=lambda year: (years[year][0].valeur, year))
        said = {"actions": rows["action"].nunique(), "porteurs": rows["porteur"].nunique()}
        said["ailleurs"] = int((rows.groupby("action")["part"].min() < 0.999).sum())
        by_year = {year: (*numbers, euros(money.get(int(year)))) for year, numbers in years.items()}
        reading = {"annee": peak, "valeur": years[peak][0], "lieu": QUARTIER}
        return self.about(
            ident,
            Message("actions.quartier_annees", self.said | said),
            rows,
            grid=Grid("lignes", by_year),
            lecture=Message("actions.lecture_annees", reading),
            precautions=(REGLES["plein"], label("quartier.actions-01.parts"), MONTANTS, SANS_CAUSE),
        )

    def _themes(self, ident: str, rows: pd.DataFrame) -> Finding:
        themes, by_theme = self.field.themes, rows.groupby("theme")
        actions, carriers, last = by_theme["action"].nunique(), by_theme["porteur"].nunique(), by_theme["annee"].max()
        numbers = {name: int(actions.get(theme, 0)) for theme, name in themes.items()}
        given = subsidies(rows)
        entire = lines_of(subsidies(self._entieres))
        of = rows.sort_values("annee").groupby("action")["theme"].last()  # as the list of actions has it
        whole = entire.groupby(entire["action"].map(of))["accorde"].sum(min_count=1)
        here = shared_by(given, "theme")
        first = max(numbers, key=lambda name: (numbers[name], name))
        lines = {}
        for theme, name in themes.items():
            year = word("" if pd.isna(last.get(theme)) else str(last[theme]), "non_disponible")
            counts = count(numbers[name]), count(carriers.get(theme, 0), "organismes")
            lines[name] = (*counts, year, euros(whole.get(theme)), euros(here.get(theme)))
        absent = [theme.nom for theme in self.field.territory.themes if not numbers[theme.nom]]
        said = {"absents": absent, **leaders(numbers), "valeur": count(numbers[first])}
        return self.about(
            ident,
            Message("quartier.actions-02", self.said | said),
            rows,
            grid=Grid("barres", lines),
            lecture=self._bar(first, said["valeur"]),
            precautions=(REGLES["plein"], label("quartier.actions-01.parts"), MONTANTS, SANS_CAUSE),
        )

    def _statuses(self, ident: str) -> Finding:
        rows, contract = self.field.lues, self.field.territory
        inside = of_years(rows, contract.debut, contract.connue)
        if inside.empty:
            return self.rien(ident)
        found = inside.groupby("statut")["edition"].nunique()
        editions = {state: int(found[state]) for state in SUITES if state in found}
        shown = {state.capitalize(): (count(number, "demandes"),) for state, number in editions.items()}
        said = {"perdues": sum(editions.get(s, 0) for s in PERDUES), "total": int(inside["edition"].nunique())}
        first, (value,) = next(iter(shown.items()))
        return self.about(
            ident,
            Message("quartier.actions-03", self.said | said),
            inside,
            champ="",
            grid=Grid("barres", shown),
            lecture=self._bar(first, value),
        )

    def _bar(self, etiquette: str, valeur: Valeur) -> Message:
        values = {"etiquette": etiquette, "valeur": valeur, "lieu": QUARTIER}
        return Message("actions.lecture_barre", values)

    def _engagements(self, ident: str) -> Finding:
        """The engagements that concern the quarter, declared so or through an action led there."""
        table = self.field.engagements
        by_action = {code for cell in self.field.menees["engagements"].unique() for code in split_list(cell)}
        declared = table["quartiers"].map(lambda cell: self.quartier.code in split_list(cell)).astype(bool)
        mine = table[declared | table["code"].isin(by_action)]
        mine = mine.sort_values("avancement", key=lambda states: states.map(AVANCEMENTS.index), kind="stable")
        expected, served = declared[mine.index], mine["code"].isin(by_action)
        texts, said = self.texts(ident), {"quartier": QUARTIER, "sujet": QUARTIER, "attendus": int(expected.sum())}
        said |= {"servis": int((served & expected).sum()), "autres": int((served & ~expected).sum())}
        if mine.empty:
            words = {"champ": label(f"{texts}.champ_contrat"), "quoi": label(f"{texts}.manque", **said)}
            return nothing(ident, "actions.rien_engagements", said, textes=texts, source=SOURCE, **words)
        yes, no = map(word, labels(f"{texts}.ici"))
        lines = mine[["code", "libelle", "avancement"]].itertuples(index=False)
        told = [(*cells, yes if cells[0] in by_action else no) for cells in lines]
        return progress_finding(ident, mine, texts, Message(texts, said), table=told)
