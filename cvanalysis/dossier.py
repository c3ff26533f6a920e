"""The front door of a notebook: one opened territory, and what can be shown of it.

Owns the way from a notebook's one call to a finding on the screen. Refuses to compute (findings), to draw or to word (display), to
clean (tables).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.actions.counting import carried_out, lines_of
from cvanalysis.catalogue import load_catalogue
from cvanalysis.constat.make import Chapter, Together
from cvanalysis.display.blocs import (
    gather,
    show_accounts,
    show_brief,
    show_definitions,
    show_demands,
    show_identity,
    show_list,
    show_map,
    show_table,
    show_text,
    show_unknown,
)
from cvanalysis.display.constat import Constat
from cvanalysis.display.phrases import write
from cvanalysis.errors import UnknownPart, UsageError
from cvanalysis.pages.engagements import Engagements
from cvanalysis.pages.partenaires import Funding, Partners
from cvanalysis.pages.participation import find_participation
from cvanalysis.pages.preconisations import Recommendation, find_recommendations, read_recommendations
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
    import pandas as pd

    from cvanalysis.catalogue import Catalogue
    from cvanalysis.constat.shape import Finding
    from cvanalysis.display.constat import Bloc
    from cvanalysis.territory.contract import Territory, Theme


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

        Besides findings: `identite()`, `carte()`, `en_bref()`, `inconnus()`, `definitions()`, `voix()`, and `actions()`, a page of its own.
        """
        fiche = Fiche(self.store, self.territory, self.catalogue, find_quarter(self.territory, qpv).code)
        nom, code = fiche.quartier.nom, fiche.quartier.code
        return Page(
            self,
            f"Fiche de {nom} ({code}).",
            (fiche,),
            {
                "identite": lambda: show_identity(fiche.identite()),
                "carte": lambda: self._map(code),
                "en_bref": lambda: show_brief(fiche.en_bref(), fiche.regle_en_bref),
                "inconnus": lambda: show_unknown(fiche.inconnus(), _questions(fiche)),
                "definitions": lambda: show_definitions(fiche.definitions(), fiche.sources()),
                "actions": lambda: self._actions(code),
                "voix": lambda: self._voices(code),
            },
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

    def _actions(self, code: str) -> Page:
        """What was done in a quarter, and which engagements it served."""
        done = QuarterActions(self.store, self.territory, code)
        return self._page(code, done, QuarterEngagements(self.store, self.territory, code), liste=done)

    def _voices(self, code: str) -> Bloc:
        """What people say of the quarter, and of what its page says of it."""
        said = self.store.rows("paroles", (("qpv", (code,)),))
        cited = self.store.rows("contributions", (("sujet", (code,)),))
        quarter = self.territory.quartier(code)
        told = Together(code, lambda: find_quarter_voices(quarter, said, cited, self.territory))
        return self._page(code, told).section("voix")

    def synthese(self) -> Page:
        """What can be shown of all the quarters side by side. Besides findings: `tableau()`, which sorts, and `inconnus()`."""
        found = Synthese(self.store, self.territory, self.catalogue)
        return Page(
            self,
            "Synthèse des quartiers.",
            (found,),
            {
                "tableau": lambda: show_table(found.tableau(), found.ordre),
                "inconnus": lambda: show_unknown(found.inconnus(), _questions(found)),
            },
        )

    def qualite(self) -> Page:
        """What can be shown of the data: files, vintages, coverage, anomalies.

        Besides findings: `comptes()` of cells, `argent()`, `controles()` and `propositions()` of the logs, `demandes()` to producers.
        """
        found = Qualite(self.store, self.territory, self.catalogue)
        return Page(
            self,
            "La qualité des données.",
            (found,),
            {
                "comptes": lambda: show_accounts(found.comptes()),
                **{nom: partial(self._logs, found, nom) for nom in ("argent", "controles", "propositions")},
                "demandes": lambda: show_demands(found.demandes()),
            },
        )

    def _logs(self, page: Qualite, nom: str) -> Bloc:
        """What cleaning says of the logs of actions; marked where one of them is declared as an example."""
        logs = self.store.rows("argent")["fichier"].unique()
        invented = any(fnmatch(name, pattern) for name in logs for pattern in self.territory.exemples)
        return show_table(page.journaux(nom), label(f"qualite.{nom}.titre"), exemple=invented)

    def theme(self, theme: str) -> Page:
        """What can be shown of one theme: actions, money, needs, voices, préconisations; an unknown one raises `UsageError`."""
        acted = ThemeActions(self.store, self.territory, theme, self.catalogue)
        return self._page(theme, acted, Together(theme, lambda: self._theme_voices(acted.theme)), liste=acted)

    def besoins(self) -> Page:
        """Actions against needs, over all the quarters, and the catalogue of the actions."""
        found = Needs(self.store, self.territory, self.catalogue)
        return self._page("synthese", found, liste=found)

    def engagements(self) -> Page:
        """Les constats des engagements (combien sont documentés, où ils en sont, sur quelles preuves) ; et `.df`, leur table pandas.

        Une ligne par engagement : `avancement` et `appreciation_COLLEGE` sont des catégories ordonnées, où « non renseigné » dit que
        personne ne s'est prononcé ; `partenaires`, `quartiers`, `actions`, `indicateurs` sont des codes séparés par `|`.

        >>> engagements = dossier.engagements().df
        >>> int(engagements["quartiers"].str.split("|").explode().nunique())
        15
        """
        found = Engagements(self.store, self.territory)
        page = self._page("engagements", found, liste=found)
        return replace(page, table=lambda: label_engagements(self.store.rows("engagements"), self.territory))

    def partenaires(self) -> Page:
        """What can be shown of the partners: who was expected and is not to be seen, money, carriers."""
        found = Partners(self.store, self.territory)
        return self._page("partenaires", found, Funding(self.store, self.territory), liste=found)

    def participation(self) -> Page:
        """What can be shown of who spoke, who did not, and what came of it."""
        read = self.store.rows
        told = Together(
            "participation", lambda: find_participation(read("paroles"), read("contributions"), self.territory)
        )
        return self._page("participation", told)

    def recit(self) -> Page:
        """What can be shown of the story of the contract."""
        return self._page("recit", Together("recit", self._story))

    def preconisations(self) -> Page:
        """What can be shown of the préconisations, for the COPIL."""
        return self._page("preconisations", Together("preconisations", self._recommendations))

    def _page(self, sujet: str, *chapitres: Chapter, liste: Any = None) -> Page:
        """A page of findings, and the list of what they are about."""
        blocs = {"liste": lambda titre: _list(liste, titre)} if liste is not None else {}
        return Page(self, f"Analyse «\u00a0{sujet}\u00a0».", chapitres, blocs)

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

    def _recommendations(self) -> tuple[Finding, ...]:
        known = self.catalogue
        asked: list[Chapter] = [Synthese(self.store, self.territory, known)]
        asked += [ThemeActions(self.store, self.territory, theme.id, known) for theme in self.territory.themes]
        titles = {finding.id: write(finding.message) for chapter in asked for finding in chapter.constats}
        return find_recommendations(self.recommendations(), self.territory, findings=titles)

    def _story(self) -> tuple[Finding, ...]:
        read = self.store.rows
        years = carried_out(read("actions"), self.territory.debut, self.territory.fin)
        return find_story(self.territory, read("chronologie"), read("instances"), read("partenaires"), lines_of(years))

    def show(self, finding: Finding) -> Constat:
        """A finding as people see it, with what was said of it and answered since."""
        said = self.store.rows("contributions", (("cite", (finding.id,)),))
        found = contributions_by_finding(said) if len(said) else {}
        return Constat(finding, self.territory, found.get(finding.id, ()))

    def texte(self, nom: str) -> Bloc:
        """A text of the territory (`textes/<nom>.md`); shows nothing where there is none."""
        text, lost = self.store.texte(nom)
        return show_text(text, lost=lost)


@dataclass(frozen=True, repr=False)
class Page:
    """What a notebook shows: numbered findings, by chapter, and blocks around them, each called by its name (`page.carte()`)."""

    dossier: Dossier
    titre: str
    chapitres: Sequence[Chapter]
    blocs: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    table: Callable[[], pd.DataFrame] | None = None

    def __repr__(self) -> str:
        return f"{self.titre} Constats\u00a0: {', '.join(self.numeros)}."

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self.blocs]

    def __getattr__(self, nom: str) -> Callable[..., Any]:
        blocs = vars(self).get("blocs", {})  # a copy is asked for its ways before it has any
        if nom not in blocs:
            known = ["constat", "section", *blocs]
            raise UnknownPart(f"« {nom} » n'est pas de cette page. Elle a : {', '.join(known)}.")
        return blocs[nom]

    @property
    def df(self) -> pd.DataFrame:
        """The table of what the page is about, for the pages that have one."""
        if self.table is None:
            return self.__getattr__("df")
        return self.table()

    @property
    def numeros(self) -> tuple[str, ...]:
        """The numbers of the findings, in reading order."""
        return tuple(numero for chapitre in self.chapitres for numero in chapitre.numeros)

    def constat(self, numero: str) -> Constat:
        """One finding, by its stable number on this page (`revenus-03`); `UsageError` names the known ones."""
        for chapitre in self.chapitres:
            if numero in chapitre.numeros:
                return self.dossier.show(chapitre.constat(numero))
        raise UsageError(f"« {numero} » n'est pas un constat de cette page. Constats : {', '.join(self.numeros)}.")

    def __getitem__(self, numero: str) -> Constat:
        """`fiche["revenus-03"]` is `fiche.constat("revenus-03")`, and the Tab key completes the numbers."""
        return self.constat(numero)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.numeros)

    def section(self, nom: str) -> Bloc:
        """All the findings of a section (`voix`), however many there are."""
        return gather(self.constat(numero) for numero in self.numeros if numero.rpartition("-")[0] == nom)


def _list(chapter: Any, titre: str) -> Bloc:
    """One line for each thing that a chapter is about, searchable where scripts run."""
    return show_list(chapter.liste, titre, exemple=any(finding.exemple for finding in chapter.constats))


def _questions(chapter: Chapter) -> dict[str, str]:
    return {finding.id: finding.question for finding in chapter.constats}
