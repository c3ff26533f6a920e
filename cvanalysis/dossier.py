"""The front door of a notebook: one opened territory, and what can be shown of it.

Owns the way from a notebook's one call to a finding on the screen. Refuses to compute (findings), to draw or to word (display), to
clean (tables).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.actions.counting import carried_out, lines_of
from cvanalysis.catalogue import load_catalogue
from cvanalysis.constat.make import Chapter, Together
from cvanalysis.constat.shape import Table
from cvanalysis.display.blocs import (
    show_accounts,
    show_actions,
    show_definitions,
    show_demands,
    show_list,
    show_map,
    show_neighbours,
    show_overview,
    show_recto,
    show_table,
    show_text,
    show_theme_recto,
    show_theme_verso,
    show_unknown,
    show_verso,
)
from cvanalysis.display.constat import Constat
from cvanalysis.display.ensemble import show_all
from cvanalysis.display.page import Page
from cvanalysis.display.phrases import write
from cvanalysis.errors import UsageError
from cvanalysis.pages.engagements import Engagements
from cvanalysis.pages.partenaires import Funding, Partners
from cvanalysis.pages.participation import find_participation
from cvanalysis.pages.preconisations import KINDS, Recommendation, find_recommendations, read_recommendations
from cvanalysis.pages.qualite import Qualite
from cvanalysis.pages.quartier import Fiche, QuarterActions, QuarterEngagements
from cvanalysis.pages.recit import find_story
from cvanalysis.pages.suite import Sequel
from cvanalysis.pages.synthese import Needs, Synthese
from cvanalysis.pages.theme import ThemeActions
from cvanalysis.paroles.quotations import contributions_by_finding
from cvanalysis.paroles.said import find_quarter_voices, find_theme_voices
from cvanalysis.tables.labelled import LabelledTables, label_engagements
from cvanalysis.tables.process import prepare
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import read_territory
from cvanalysis.territory.naming import find_quarter
from cvanalysis.textes import label

if TYPE_CHECKING:
    from cvanalysis.catalogue import Catalogue
    from cvanalysis.constat.shape import Finding
    from cvanalysis.display.constat import Bloc
    from cvanalysis.territory.contract import Quartier, Territory, Theme


def ouvrir(donnees: str | Path = "", edition: str = "", audience: str = "") -> Dossier:
    """Open a territory: its declarations, its processed tables (made again first where the raw files changed), the catalogue.

    `donnees` is the folder of `contrat.toml`; by default the one that a build gives, else `data/raw` here or in a parent folder.
    For an audience (public by default), nothing above it is in what is opened, whoever else opens or builds, and when.
    Raises `UsageError` where there is none, `DeclarationError` with all that is wrong in the declarations.
    """
    folder = _find_data(donnees)
    territory = read_territory(folder, edition or os.environ.get("CVANALYSIS_EDITION") or None)
    audience = audience or os.environ.get("CVANALYSIS_AUDIENCE") or "public"
    processed = os.environ.get("CVANALYSIS_PROCESSED") or prepare(territory, audience)
    return Dossier(territory, Store(Path(processed), territory, audience))


def _find_data(donnees: str | Path) -> Path:
    given = donnees or os.environ.get("CVANALYSIS_DATA", "")
    if given:
        folder = Path(given)
        if not (folder / "contrat.toml").exists():
            raise UsageError(
                f"Pas de `contrat.toml` dans « {given} ». Indiquez le dossier des données brutes d'un contrat."
            )
        return folder
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "data" / "raw" / "contrat.toml").exists():
            return folder / "data" / "raw"
    raise UsageError(
        "Aucun `data/raw/contrat.toml` dans ce dossier ni au-dessus. Ouvrez le carnet depuis le projet, ou donnez le dossier : "
        'ouvrir("chemin/vers/les/donnees").'
    )


@dataclass(frozen=True, repr=False)
class Dossier(LabelledTables):
    """One territory, opened. `territory` holds its declarations, `store` its processed tables."""

    territory: Territory
    store: Store

    def __repr__(self) -> str:
        return f"{self.territory.nom}, {self.territory.contrat}, édition «\u00a0{self.territory.edition.nom}\u00a0»"

    def __getitem__(self, qpv: str) -> Page:
        """`dossier["Bellevue"]` is `dossier.fiche("Bellevue")`, and the Tab key completes names and codes."""
        return self.fiche(qpv)

    def _ipython_key_completions_(self) -> list[str]:
        return [name for quarter in self.territory.quartiers for name in (quarter.nom, quarter.code)]

    @property
    def catalogue(self) -> Catalogue:
        """The indicators, sources and questions that this territory's pages know."""
        return load_catalogue(self.territory.ajouts)

    def fiche(self, qpv: str) -> Page:
        """What can be shown of one quarter, by its code or its name; an unknown one raises `UsageError` with the known ones.

        >>> dossier.fiche("Bellevue").constat("revenus-03").finding.id
        'QP044005-revenus-03'

        Besides findings, of indicators, actions, engagements and voices: `recto()` and `verso()`, the sheet that one hands out; `liste()`
        of the actions, `voisins()` (what findings say of the other quarters), `inconnus()`, `definitions()`, `notes()`.
        """
        fiche = Fiche(self.store, self.territory, self.catalogue, find_quarter(self.territory, qpv).code)
        code = fiche.quartier.code
        done = QuarterActions(self.store, self.territory, code)
        engaged = QuarterEngagements(self.store, self.territory, code)
        voices = Together(code, lambda: self._quarter_voices(fiche.quartier))
        return Page(
            lambda one, notes, **how: self.show(one, notes, ailleurs=fiche.voisins, **how),
            f"Fiche de {fiche.quartier.nom} ({code}).",
            (fiche, done, engaged, voices),
            {
                "recto": lambda: show_recto(fiche, self._map(code)),
                "verso": lambda: show_verso(fiche, done, engaged.constat("engagements-01"), voices.constats),
                "liste": partial(_list, done, show=show_actions),
                "voisins": lambda: show_neighbours(fiche.constats, fiche.voisins),
                "inconnus": lambda: show_unknown(fiche.inconnus()),
                "definitions": lambda: show_definitions(fiche.definitions(), fiche.sources()),
            },
            {},
        )

    def suite(self, qpv: str) -> Page:
        """What a quarter takes from the former contract: statements, préconisations, what can be followed and what starts anew."""
        handed = self.store.rows("precedent")
        code = find_quarter(self.territory, qpv).code
        return self._page(
            code, Sequel(self.store, self.territory, self.catalogue, code, handed, self.recommendations())
        )

    def _map(self, code: str) -> Bloc:
        outlines, lost = self.store.contours()
        return show_map(outlines, code, self.territory, lost=lost)

    @property
    def _liens(self) -> dict[str, str]:
        """Quarter's code → its page, from a page of the whole."""
        return {quarter.code: f"quartiers/{quarter.code}.html" for quarter in self.territory.quartiers}

    def _apercu(self, found: Synthese) -> Bloc:
        if self.territory.vaste:
            return show_table(found.tableau(), found.ordre)
        return show_all("apercu", found.apercu(), self._liens, texte=label("synthese.apercu.legende"))

    def plan(self, montrees: Collection[str] = ()) -> Bloc:
        """The map of all the quarters; `montrees`: codes of those whose page stands (all by default)."""
        outlines, lost = self.store.contours()
        liens = {code: lien for code, lien in self._liens.items() if not montrees or code in montrees}
        return show_overview(outlines, self.territory, liens, lost=lost)

    def cartons(self, montrees: Collection[str]) -> Bloc:
        """A card for each quarter; `montrees`: codes of those whose page stands."""
        names = {commune.code: commune.nom for commune in self.territory.communes}
        lieux = {one.code: [names.get(c, c) for c in one.communes] for one in self.territory.quartiers}
        found = Synthese(self.store, self.territory, load_catalogue())
        return show_all("cartons", found.apercu(), self.territory.quartiers, lieux, montrees)

    def _quarter_voices(self, quarter: Quartier) -> tuple[Finding, ...]:
        """What people say of the quarter, and of what its page says of it."""
        said = self.store.rows("paroles", (("qpv", (quarter.code,)),))
        cited = self.store.rows("contributions", (("sujet", (quarter.code,)),))
        return find_quarter_voices(quarter, said, cited, self.territory)

    def synthese(self) -> Page:
        """What can be shown of all the quarters side by side, and of actions against needs.

        Besides findings: `plan()`, `apercu()`, `tableau()` of all indicators, `liste()` of the actions, `inconnus()`.
        """
        found = Synthese(self.store, self.territory, self.catalogue)
        needs = Needs(self.store, self.territory, self.catalogue)
        return Page(
            self.show,
            "Synthèse des quartiers.",
            (found, needs),
            {
                "liste": partial(_list, needs),
                "plan": self.plan,
                "apercu": lambda: self._apercu(found),
                "tableau": lambda: show_table(found.tableau(), found.ordre),
                "inconnus": lambda: show_unknown(found.inconnus()),
            },
            {},
        )

    def qualite(self) -> Page:
        """What can be shown of the data: files, vintages, coverage, anomalies.

        Besides findings: `comptes()` of cells, `argent()`, `controles()` and `propositions()` of the logs, `demandes()` to producers.
        """
        found = Qualite(self.store, self.territory, self.catalogue)
        return Page(
            self.show,
            "La qualité des données.",
            (found,),
            {
                "comptes": lambda: show_accounts(found.comptes()),
                **{nom: partial(self._logs, found, nom) for nom in ("argent", "controles", "propositions")},
                "demandes": lambda: show_demands(found.demandes()),
            },
            {},
        )

    def _logs(self, page: Qualite, nom: str) -> Bloc:
        """What cleaning says of the logs of actions; marked where one of them is declared as an example."""
        logs = self.store.rows("argent")["fichier"].unique()
        invented = any(fnmatch(name, pattern) for name in logs for pattern in self.territory.exemples)
        return show_table(page.journaux(nom), label(f"qualite.{nom}.titre"), exemple=invented)

    def theme(self, theme: str) -> Page:
        """What can be shown of one theme: actions, money, needs, voices, préconisations; an unknown one raises `UsageError`."""
        acted = ThemeActions(self.store, self.territory, theme, self.catalogue)
        page = self._page(theme, acted, Together(theme, lambda: self._theme_voices(acted.theme)), liste=acted)
        found = {numero: chapter.constat(numero) for chapter in page.chapitres for numero in chapter.numeros}
        sides = {"recto": lambda: show_theme_recto(acted, found), "verso": lambda: show_theme_verso(acted, found)}
        return replace(page, blocs={**page.blocs, **sides}, dites={})

    def engagements(self) -> Page:
        """Les constats des engagements (combien sont documentés, où ils en sont, sur quelles preuves) ; et `.df`, leur table pandas.

        Une ligne par engagement : `avancement` et `appreciation_COLLEGE` sont des catégories ordonnées, où « non renseigné » dit que
        personne ne s'est prononcé ; `partenaires`, `quartiers`, `actions`, `indicateurs` sont des codes séparés par `|`.

        >>> engagements = dossier.engagements().df
        >>> int(engagements["quartiers"].str.split("|").explode().nunique())
        15
        """
        found = Engagements(self.store, self.territory)
        rows, piliers = found.field.engagements.to_dict("records"), self.territory.piliers
        invented = any(one["exemple"] for one in rows)
        page = self._page(
            "engagements",
            found,
            liste=found,
            piliers=lambda: show_all("piliers", rows, piliers, invented),
            fiches=lambda: show_all("engagements", rows, piliers, found.field.partner_name, invented),
        )
        return replace(page, table=lambda: label_engagements(self.store.rows("engagements"), self.territory))

    def partenaires(self) -> Page:
        """What can be shown of the partners: who was expected and is not to be seen, money, carriers."""
        found = Partners(self.store, self.territory)
        by = found.constat

        def fiches() -> Bloc:
            years = by("mobilisation-04").table or Table((), ())
            return show_all("partenaires", by("mobilisation-01"), years, found.liste)

        return self._page("partenaires", found, Funding(self.store, self.territory), liste=found, fiches=fiches)

    def participation(self) -> Page:
        """What can be shown of who spoke, who did not, and what came of it."""
        read = self.store.rows
        told = Together(
            "participation", lambda: find_participation(read("paroles"), read("contributions"), self.territory)
        )
        return self._page("participation", told)

    def recit(self) -> Page:
        """What can be shown of the story of the contract."""
        told = Together("recit", self._story)
        return self._page("recit", told, annees=lambda: show_all("annees", told.constat("annees-01")))

    def preconisations(self) -> Page:
        """What can be shown of the préconisations, for the COPIL."""
        return self._page("preconisations", Together("preconisations", self._recommendations), fiches=self._recommended)

    def _recommended(self) -> Bloc:
        themes = {theme.id: theme.nom for theme in self.territory.themes}
        found = self.recommendations()
        cited = {c for r in found for c in (*r.constats, *(p.reference for p in r.preuves if p.genre == "chiffre"))}
        departs = {one: told for one in sorted(cited) if (told := self._cited(one))}
        return show_all("preconisations", found, KINDS, themes, departs)

    def _cited(self, constat: str) -> tuple[str, str] | None:
        """The title and the address of a finding of the synthesis, of a theme or of a quarter, from a page of the whole."""
        subject, _, numero = constat.partition("-")
        if subject in self._liens:
            fiche = Fiche(self.store, self.territory, load_catalogue(), subject)
            if numero not in fiche.numeros:
                return None
            title = f"{fiche.quartier.nom}\u00a0: {write(fiche.constat(numero).message)}"
            return title, f"{self._liens[subject]}#{constat}"
        folder = "" if subject == "synthese" else "themes/"
        return (self._titles[constat], f"{folder}{subject}.html#{constat}") if constat in self._titles else None

    def _page(self, sujet: str, *chapitres: Chapter, liste: Any = None, **blocs: Callable[..., Any]) -> Page:
        """A page of findings, the list of what they are about, other blocks by name."""
        blocs |= {"liste": lambda titre: _list(liste, titre)} if liste is not None else {}
        return Page(self.show, f"Analyse «\u00a0{sujet}\u00a0».", chapitres, blocs, {})

    def _theme_voices(self, theme: Theme) -> tuple[Finding, ...]:
        read = self.store.rows
        said = find_theme_voices(
            theme, read("paroles"), read("contributions"), read("immersions"), read("codes"), self.territory
        )
        return (*said, *find_recommendations(self.recommendations(), self.territory, theme.id))

    def recommendations(self, findings: Mapping[str, str] | None = None) -> tuple[Recommendation, ...]:
        """The préconisations with their evidence checked; `findings` (id → message) are those of the edition, where at hand."""
        read = self.store.rows
        engaged = read("engagements")
        wording = dict(zip(engaged["code"], engaged["libelle"], strict=True)) if len(engaged) else {}
        return read_recommendations(
            read("preconisations"), read("paroles"), read("codes"), read("immersions"), findings, wording
        )

    @cached_property
    def _titles(self) -> dict[str, str]:
        """The titles of the findings that a préconisation may take up, by their number."""
        known = self.catalogue
        asked: list[Chapter] = [Synthese(self.store, self.territory, known)]
        asked += [ThemeActions(self.store, self.territory, theme.id, known) for theme in self.territory.themes]
        return {finding.id: write(finding.message) for chapter in asked for finding in chapter.constats}

    def _recommendations(self) -> tuple[Finding, ...]:
        return find_recommendations(self.recommendations(), self.territory, findings=self._titles)

    def _story(self) -> tuple[Finding, ...]:
        read = self.store.rows
        years = carried_out(read("actions"), self.territory.debut, self.territory.fin)
        return find_story(self.territory, read("chronologie"), read("instances"), read("partenaires"), lines_of(years))

    def show(
        self,
        finding: Finding,
        notes: dict[str, int] | None = None,
        *,
        figure: bool = True,
        ailleurs: Collection[str] = (),
    ) -> Constat:
        """A finding as people see it, with what was said of it and answered since; `ailleurs`: see `Constat`."""
        said = self.store.rows("contributions", (("cite", (finding.id,)),))
        found = contributions_by_finding(said) if len(said) else {}
        return Constat(finding, self.territory, found.get(finding.id, ()), notes, figure, ailleurs)

    def texte(self, nom: str) -> Bloc:
        """A text of the territory (`textes/<nom>.md`); shows nothing where there is none."""
        text, lost = self.store.texte(nom)
        return show_text(text, lost=lost)


def _list(chapter: Any, titre: str, show: Callable[..., Bloc] = show_list) -> Bloc:
    """One line for each thing that a chapter is about, searchable where scripts run."""
    return show(chapter.liste, titre, exemple=any(finding.exemple for finding in chapter.constats))
