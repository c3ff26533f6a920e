"""The front door of a notebook: one opened territory, and what can be shown of it.

Owns the way from a notebook's one call to a finding on the screen. Refuses to compute (findings), to draw or to word (display), to
clean (tables).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cvanalysis.actions.counting import carried_out, lines_of
from cvanalysis.catalogue import load_catalogue
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
from cvanalysis.errors import UsageError
from cvanalysis.pages.engagements import Engagements
from cvanalysis.pages.partenaires import Funding, Partners
from cvanalysis.pages.participation import find_participation
from cvanalysis.pages.preconisations import Recommendation, find_recommendations, read_recommendations
from cvanalysis.pages.qualite import Qualite, balance, controls, proposals
from cvanalysis.pages.quartier import Fiche, QuarterActions, QuarterEngagements
from cvanalysis.pages.recit import find_story
from cvanalysis.pages.synthese import Needs, Synthese
from cvanalysis.pages.theme import ThemeActions
from cvanalysis.paroles.quotations import contributions_by_finding
from cvanalysis.paroles.said import find_quarter_voices, find_theme_voices
from cvanalysis.tables.process import prepare
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import read_territory

if TYPE_CHECKING:
    from cvanalysis.constat.shape import Finding, Table
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
class Dossier:
    """One territory, opened. `territory` holds its declarations, `store` its processed tables."""

    territory: Territory
    store: Store

    def __repr__(self) -> str:
        return f"{self.territory.nom}, {self.territory.contrat}, édition «\u00a0{self.territory.edition.nom}\u00a0»"

    def fiche(self, qpv: str) -> FicheAffichee:
        """What can be shown of one quarter; an unknown code raises `UsageError` with the known ones."""
        return FicheAffichee(self, Fiche(self.store, self.territory, load_catalogue(), qpv))

    def synthese(self) -> SyntheseAffichee:
        """What can be shown of all the quarters side by side."""
        return SyntheseAffichee(self, Synthese(self.store, self.territory, load_catalogue()))

    def qualite(self) -> QualiteAffichee:
        """What can be shown of the data: files, vintages, coverage, anomalies."""
        return QualiteAffichee(self, Qualite(self.store, self.territory, load_catalogue()))

    def theme(self, theme: str) -> PageAffichee:
        """What can be shown of one theme: actions, money, needs, voices, préconisations; an unknown one raises `UsageError`."""
        acted = ThemeActions(self.store, self.territory, theme, load_catalogue())
        return PageAffichee(
            self, theme, (acted, Told(theme, lambda: self._theme_voices(acted.theme))), lambda: acted.liste
        )

    def besoins(self) -> PageAffichee:
        """Actions against needs, over all the quarters, and the catalogue of the actions."""
        found = Needs(self.store, self.territory, load_catalogue())
        return PageAffichee(self, "synthese", (found,), lambda: found.liste)

    def engagements(self) -> PageAffichee:
        """What can be shown of the engagements: how many are documented, how far they are, on what evidence."""
        found = Engagements(self.store, self.territory)
        return PageAffichee(self, "engagements", (found,), lambda: found.liste)

    def partenaires(self) -> PageAffichee:
        """What can be shown of the partners: who was expected and is not to be seen, money, carriers."""
        found = Partners(self.store, self.territory)
        return PageAffichee(self, "partenaires", (found, Funding(self.store, self.territory)), lambda: found.liste)

    def participation(self) -> PageAffichee:
        """What can be shown of who spoke, who did not, and what came of it."""
        read = self.store.rows
        return PageAffichee(
            self,
            "participation",
            (
                Told(
                    "participation", lambda: find_participation(read("paroles"), read("contributions"), self.territory)
                ),
            ),
        )

    def recit(self) -> PageAffichee:
        """What can be shown of the story of the contract."""
        return PageAffichee(self, "recit", (Told("recit", self._story),))

    def preconisations(self) -> PageAffichee:
        """What can be shown of the préconisations, for the COPIL."""
        return PageAffichee(self, "preconisations", (Told("preconisations", self._recommendations),))

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
        asked = [*self.synthese().synthese.constats()]
        for theme in self.territory.themes:
            asked += ThemeActions(self.store, self.territory, theme.id, load_catalogue()).constats
        known = {finding.id: write(finding.message) for finding in asked}
        return find_recommendations(self.recommendations(), self.territory, findings=known)

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
class FicheAffichee:
    """The fiche of a quarter, each method giving something that displays itself."""

    dossier: Dossier
    fiche: Fiche

    def __repr__(self) -> str:
        return f"Fiche de {self.fiche.quartier.nom} ({self.fiche.quartier.code}). {_numbers(self.numeros)}"

    @property
    def numeros(self) -> tuple[str, ...]:
        """The numbers of the findings, in reading order."""
        return tuple(declared.numero for declared in self.fiche.declares)

    def constat(self, numero: str) -> Constat:
        """One finding, by its stable number in the fiche (`revenus-03`)."""
        return self.dossier.show(self.fiche.constat(numero))

    def actions(self) -> PageAffichee:
        """What was done here, and which engagements it served."""
        where = (self.dossier.store, self.dossier.territory, self.fiche.quartier.code)
        done = QuarterActions(*where)
        return PageAffichee(
            self.dossier, self.fiche.quartier.code, (done, QuarterEngagements(*where)), lambda: done.liste
        )

    def voix(self) -> Bloc:
        """What people say of the quarter, and of what this page says of it."""
        quartier, store = self.fiche.quartier, self.dossier.store
        paroles = store.rows("paroles", (("qpv", (quartier.code,)),))
        cited = store.rows("contributions", (("sujet", (quartier.code,)),))
        told = Told(quartier.code, lambda: find_quarter_voices(quartier, paroles, cited, self.dossier.territory))
        return PageAffichee(self.dossier, quartier.code, (told,)).section("voix")

    def identite(self) -> Bloc:
        """Name, communes, last known population."""
        return show_identity(self.fiche.identite())

    def carte(self) -> Bloc:
        """The quarter among the others, where the territory brings contours."""
        outlines, lost = self.dossier.store.contours()
        return show_map(outlines, self.fiche.quartier.code, self.dossier.territory, lost=lost)

    def en_bref(self) -> Bloc:
        """The findings that matter most here, and the rule that chose them."""
        return show_brief(self.fiche.en_bref(), self.fiche.regle_en_bref)

    def inconnus(self) -> Bloc:
        """« Ce qu'on ne sait pas »."""
        return show_unknown(self.fiche.inconnus(), _questions(self.fiche.constats()))

    def definitions(self) -> Bloc:
        """The indicators in plain words, and their sources."""
        return show_definitions(self.fiche.definitions(), self.fiche.sources())


@dataclass(frozen=True, repr=False)
class SyntheseAffichee:
    """The quarters side by side."""

    dossier: Dossier
    synthese: Synthese

    def __repr__(self) -> str:
        return f"Synthèse des quartiers. {_numbers(self.numeros)}"

    @property
    def numeros(self) -> tuple[str, ...]:
        """The numbers of the findings, in reading order."""
        return tuple(declared.numero for declared in self.synthese.declares)

    def constat(self, numero: str) -> Constat:
        """One finding over all quarters, by the number that it has in a fiche (`revenus-03`)."""
        return self.dossier.show(self.synthese.constat(numero))

    def tableau(self) -> Bloc:
        """All quarters, one column per indicator; sorts where scripts run."""
        return show_table(self.synthese.tableau(), self.synthese.ordre)

    def inconnus(self) -> Bloc:
        """What cannot be said of the quarters together."""
        return show_unknown(self.synthese.inconnus(), _questions(self.synthese.constats()))


@dataclass(frozen=True, repr=False)
class QualiteAffichee:
    """The data's quality."""

    dossier: Dossier
    qualite: Qualite

    def __repr__(self) -> str:
        return "La qualité des données."

    def constat(self, numero: str) -> Constat:
        """One finding about the data (`fichiers-01`, `annees-01`, `couverture-01`, `couverture-02`, `anomalies-01`)."""
        return self.dossier.show(self.qualite.constat(numero))

    def comptes(self) -> Bloc:
        """The account of raw cells: value, status or anomaly, file by file."""
        return show_accounts(self.qualite.comptes())

    def argent(self) -> Bloc:
        """The balance of money of the logs: what was read, and what became of it."""
        rows = self.dossier.store.rows("argent")
        caption = "Le compte des montants lus dans les journaux d'actions"
        return show_table(balance(rows), caption, exemple=self._invented())

    def controles(self) -> Bloc:
        """The totals that the logs bear, against the sum of their rows."""
        rows = self.dossier.store.rows("controles")
        caption = "Les totaux des journaux, et la somme de leurs lignes"
        return show_table(controls(rows), caption, exemple=self._invented())

    def propositions(self) -> Bloc:
        """Actions that look alike, for the analyst to decide."""
        rows = self.dossier.store.rows("propositions")
        caption = "Actions qui se ressemblent, à décider dans decisions.csv"
        return show_table(proposals(rows), caption, exemple=self._invented())

    def _invented(self) -> bool:
        """Whether some log of actions is declared as an example."""
        logs = self.dossier.store.rows("argent")
        patterns = self.dossier.territory.exemples
        return any(fnmatch(name, pattern) for name in logs["fichier"].unique() for pattern in patterns)

    def demandes(self) -> Bloc:
        """What to ask the producers for."""
        return show_demands(self.qualite.demandes())


class Chapitre(Protocol):
    """Findings under stable numbers."""

    @property
    def numeros(self) -> tuple[str, ...]: ...

    def constat(self, numero: str) -> Finding: ...


class Told:
    """Findings that are computed together, under their numbers; computed on first use."""

    def __init__(self, sujet: str, make: Callable[[], Iterable[Finding]]) -> None:
        self.sujet = sujet
        self._make = make

    @cached_property
    def _found(self) -> dict[str, Finding]:
        return {finding.id.removeprefix(f"{self.sujet}-"): finding for finding in self._make()}

    @property
    def numeros(self) -> tuple[str, ...]:
        return tuple(self._found)

    def constat(self, numero: str) -> Finding:
        return self._found[numero]


@dataclass(frozen=True, repr=False)
class PageAffichee:
    """A page made of numbered findings: a theme, the engagements, the partners, the participation, the story."""

    dossier: Dossier
    sujet: str
    chapitres: tuple[Chapitre, ...]
    table: Callable[[], Table] | None = None

    def __repr__(self) -> str:
        return f"Analyse «\u00a0{self.sujet}\u00a0». {_numbers(self.numeros)}"

    @property
    def numeros(self) -> tuple[str, ...]:
        """The numbers of the findings, in reading order."""
        return tuple(numero for chapitre in self.chapitres for numero in chapitre.numeros)

    def constat(self, numero: str) -> Constat:
        """One finding, by its stable number (`actions-01`)."""
        for chapitre in self.chapitres:
            if numero in chapitre.numeros:
                return self.dossier.show(chapitre.constat(numero))
        raise UsageError(f"« {numero} » n'est pas un constat de cette page. Constats : {', '.join(self.numeros)}.")

    def section(self, nom: str) -> Bloc:
        """All the findings of a section (`voix`), however many there are."""
        return gather(self.constat(numero) for numero in self.numeros if numero.rpartition("-")[0] == nom)

    def liste(self, titre: str) -> Bloc:
        """The catalogue of what the page is about, one line each, searchable where scripts run."""
        if self.table is None:
            raise UsageError("Cette page n'a pas de liste.")
        invented = any(self.chapitres[0].constat(numero).exemple for numero in self.chapitres[0].numeros)
        return show_list(self.table(), titre, exemple=invented)


def _numbers(numeros: Iterable[str]) -> str:
    return f"Constats\u00a0: {', '.join(numeros)}."


def _questions(constats: Iterable[Finding]) -> dict[str, str]:
    return {constat.id: constat.question for constat in constats}
