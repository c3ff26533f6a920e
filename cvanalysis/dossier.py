"""The front door of a notebook: one opened territory, and what can be shown of it.

Owns the way from a notebook's one call to a finding on the screen. Refuses to compute (findings), to draw or to word (display), to
clean (tables).
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from cvanalysis import textes
from cvanalysis.actions.counting import carried_out, lines_of
from cvanalysis.catalogue import Catalogue, load_catalogue
from cvanalysis.constat.make import Chapter, Together
from cvanalysis.constat.shape import Finding, Table
from cvanalysis.display import blocs
from cvanalysis.display.blocs import show_all
from cvanalysis.display.constat import Bloc, Constat
from cvanalysis.display.page import Page
from cvanalysis.display.phrases import MOTS, write
from cvanalysis.errors import UsageError
from cvanalysis.french import capital, named, nearest
from cvanalysis.pages.engagements import Engagements
from cvanalysis.pages.partenaires import Partners
from cvanalysis.pages.participation import about, find_participation
from cvanalysis.pages.preconisations import KINDS, Recommendation, find_recommendations, read_recommendations
from cvanalysis.pages.qualite import Qualite
from cvanalysis.pages.quartier import Fiche, QuarterActions
from cvanalysis.pages.recit import Story
from cvanalysis.pages.suite import Sequel
from cvanalysis.pages.synthese import Needs, Synthese
from cvanalysis.pages.theme import ThemeActions
from cvanalysis.paroles.said import contributions_by_finding, find_quarter_voices, find_theme_voices
from cvanalysis.tables.freshness import PACKAGE
from cvanalysis.tables.labelled import LabelledTables
from cvanalysis.tables.process import prepare
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import Quartier, Territory, Theme, read_territory
from cvanalysis.textes import label


def ouvrir(donnees: str | Path = "", edition: str = "", audience: str = "") -> Dossier:
    """Ouvre un territoire : ses déclarations, ses tables (refaites d'abord si les fichiers bruts ont changé), le catalogue.

    `donnees` : le dossier de `contrat.toml` ; par défaut celui de la construction, sinon ce dossier ou son `data/raw`, sinon ceux
    au-dessus, sinon le `data/raw` du projet. `edition` : celle du contrat par défaut. `audience` : `public` (par défaut), `groupe` ou
    `equipe` ; rien de réservé à d'autres n'est dans ce qui est ouvert. `UsageError` sans dossier, ou pour un paramètre de papermill que le
    carnet ne déclare pas ; `DeclarationError` dit tout ce qui ne va pas dans les déclarations.
    """
    _refuse_strays()
    folder = _find_data(donnees)
    territory = read_territory(folder, edition or os.environ.get("CVANALYSIS_EDITION") or None)
    audience = audience or os.environ.get("CVANALYSIS_AUDIENCE") or "public"
    processed = os.environ.get("CVANALYSIS_PROCESSED") or prepare(territory, audience)
    return Dossier(territory, Store(Path(processed), territory, audience))


def _find_data(donnees: str | Path) -> Path:
    if given := donnees or os.environ.get("CVANALYSIS_DATA", ""):
        folders = [Path(given)]
        told = label("affichage.dossier.sans_contrat", dossier=given)
    else:
        around = (Path.cwd(), *Path.cwd().parents, PACKAGE.parent)  # papermill runs a notebook from anywhere
        folders = [folder / inside for folder in around for inside in ("", "data/raw")]
        told = label("affichage.dossier.introuvable")
    for folder in folders:
        if (folder / "contrat.toml").exists():
            return folder
    raise UsageError(told)


def _refuse_strays() -> None:
    """Refuse a parameter that papermill was given and that the notebook does not declare.

    papermill only warns, and the figures of another quarter would be shown. Its cell begins with a comment of its own; those that ran
    before it declare.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    declared: set[str] = set()
    for cell in shell.user_ns.get("In", ()) if shell else ():
        with suppress(SyntaxError):
            names = (one for one in ast.walk(ast.parse(cell)) if isinstance(one, ast.Name))
            assigned = {one.id for one in names if isinstance(one.ctx, ast.Store)}
            if cell.startswith("# Parameters\n") and declared and (strays := sorted(assigned - declared)):
                near = f"{capital(nearest(strays[0], declared))} ".lstrip()
                known = ", ".join(sorted(declared))
                raise UsageError(label("affichage.dossier.parametre", nom=strays[0], proche=near, connus=known))
            declared |= assigned


@dataclass(frozen=True, repr=False)
class Dossier(LabelledTables):
    """Un territoire ouvert : ses tables (`indicateurs()`, `actions()`…), et une méthode par page (`fiche("Bellevue")`, `synthese()`…).

    `territory` tient ses déclarations, `store` ses tables nettoyées.
    """

    territory: Territory
    store: Store

    def __getattribute__(self, nom: str) -> Any:
        """Whatever is asked of a territory is said in its own words, were another one opened since."""
        own = super().__getattribute__
        textes.use(own("territory").phrases)
        return own(nom)

    def __repr__(self) -> str:
        return f"{self.territory.nom}, {self.territory.contrat}, édition «\u00a0{self.territory.edition.nom}\u00a0»"

    def __getitem__(self, qpv: str) -> Page:
        """`dossier["Bellevue"]` est `dossier.fiche("Bellevue")` ; la touche Tabulation complète noms et codes."""
        return self.fiche(qpv)

    def _ipython_key_completions_(self) -> list[str]:
        return [name for quarter in self.territory.quartiers for name in (quarter.nom, quarter.code)]

    @property
    def catalogue(self) -> Catalogue:
        """Les indicateurs, sources et questions que connaissent les pages de ce territoire."""
        return load_catalogue(self.territory.ajouts)

    def _page(self, titre: str, *chapitres: Chapter, **ways: Callable[..., Any]) -> Page:
        """A page of findings, and the blocks around them by name; its cautions stand at its foot, or at each where nothing shows it."""
        said = None if os.environ.get("CVANALYSIS_NOTES") == "constat" else {}
        return Page(self.show, titre, chapitres, ways, said, self.territory.phrases)

    def fiche(self, qpv: str) -> Page:
        """Ce qui se montre d'un quartier, par son code, son nom ou des mots du nom ; inconnu, `UsageError` nomme les connus.

        >>> dossier.fiche("Bellevue").constat("revenus-03").finding.id
        'QP044005-revenus-03'

        À côté des constats (indicateurs, actions, engagements, paroles) : `code`, `nom` ; `recto()` et `verso()`, la feuille à remettre ;
        `liste()` des actions, `voisins()` (ce qui est dit des autres quartiers), `inconnus()`, `definitions()`, `notes()`.
        """
        fiche = Fiche(self.store, self.territory, self.catalogue, self.territory.quartier(qpv).code)
        code = fiche.quartier.code
        done = QuarterActions(self.store, self.territory, code)
        voices = Together(code, lambda: self._quarter_voices(fiche.quartier))
        page = self._page(
            f"Fiche de {fiche.quartier.nom} ({code}).",
            *(fiche, done, voices),
            recto=lambda: blocs.show_recto(fiche, self._map(code)),
            verso=lambda: blocs.show_verso(fiche, done, voices.constats),
            liste=partial(_list, done, show=blocs.show_actions),
            voisins=lambda: blocs.show_neighbours(fiche.constats, fiche.voisins, fiche.quartier.nom),
            inconnus=lambda: blocs.show_unknown(fiche.inconnus()),
            definitions=lambda: blocs.show_definitions(fiche.definitions(), fiche.sources()),
        )
        elsewhere = (*fiche.voisins, *(one.id for one in fiche.constats))
        return replace(page, code=code, nom=fiche.quartier.nom, show=partial(self.show, ailleurs=elsewhere))

    def suite(self, qpv: str) -> Page:
        """Ce qu'un quartier reçoit du contrat précédent : constats, préconisations, ce qui se suit et ce qui commence."""
        code, handed = self.territory.quartier(qpv).code, self.store.rows("precedent")
        found = Sequel(self.store, self.territory, self.catalogue, code, handed, self.recommendations())
        return self._page(f"D'un contrat au suivant, {code}.", found)

    def _map(self, code: str) -> Bloc:
        outlines, lost = self.store.contours()
        return blocs.show_map(outlines, code, self.territory, lost=lost)

    def _lien(self, page: str, ancre: str = "") -> str:
        """The address of a report's page, from a page of the whole; '' of one that the edition being built does not have."""
        return "" if page in os.environ.get("CVANALYSIS_ABSENTES", "").split() else f"{page}.html{ancre}"

    @property
    def _liens(self) -> dict[str, str]:
        return {quarter.code: self._lien(f"quartiers/{quarter.code}") for quarter in self.territory.quartiers}

    def _apercu(self, found: Synthese) -> Bloc:
        if self.territory.vaste:
            return blocs.show_table(found.tableau(), found.ordre)
        return show_all("apercu", found.apercu(), self._liens, texte=label("synthese.apercu.legende"))

    def plan(self) -> Bloc:
        """La carte de tous les quartiers, qui mène à leurs pages."""
        outlines, lost = self.store.contours()
        return blocs.show_overview(outlines, self.territory, self._liens, lost=lost)

    def cartons(self) -> Bloc:
        """Une vignette par quartier."""
        names = self.territory.noms
        lieux = {one.code: [names.get(c, c) for c in one.communes] for one in self.territory.quartiers}
        found = Synthese(self.store, self.territory, load_catalogue())
        return show_all("cartons", found.apercu(), self.territory.quartiers, lieux, self._liens)

    def _quarter_voices(self, quarter: Quartier) -> tuple[Finding, ...]:
        """What people say of the quarter, and of what its page says of it."""
        said = self.store.rows("paroles", (("qpv", (quarter.code,)),))
        cited = self.store.rows("contributions", (("sujet", (quarter.code,)),))
        return find_quarter_voices(quarter, said, cited, self.territory)

    def synthese(self) -> Page:
        """Ce qui se montre de tous les quartiers côte à côte, et des actions en face des besoins.

        À côté des constats : `plan()`, `apercu()`, `tableau()` de tous les indicateurs, `liste()` des actions, `inconnus()`.
        """
        found = Synthese(self.store, self.territory, self.catalogue)
        needs = Needs(self.store, self.territory, self.catalogue)
        return self._page(
            "Synthèse des quartiers.",
            *(found, needs),
            liste=partial(_list, needs),
            plan=self.plan,
            apercu=lambda: self._apercu(found),
            tableau=lambda: blocs.show_table(found.tableau(), found.ordre),
            inconnus=lambda: blocs.show_unknown(found.inconnus()),
        )

    def qualite(self) -> Page:
        """Ce qui se montre des données : fichiers, millésimes, couverture, anomalies.

        À côté des constats : `comptes()` des cellules, `argent()`, `controles()` et `propositions()` des journaux,
        `demandes()` aux producteurs.
        """
        found = Qualite(self.store, self.territory, self.catalogue)
        return self._page(
            "La qualité des données.",
            found,
            comptes=lambda: blocs.show_accounts(found.comptes()),
            demandes=lambda: blocs.show_demands(found.demandes()),
            **{nom: partial(self._logs, found, nom) for nom in ("argent", "controles", "propositions")},
        )

    def _logs(self, page: Qualite, nom: str) -> Bloc:
        """What cleaning says of the logs of actions; marked where one of them is declared as an example."""
        invented = self.territory.invents(*self.store.rows("argent")["fichier"].unique())
        return blocs.show_table(page.journaux(nom), label(f"qualite.{nom}.titre"), exemple=invented)

    def theme(self, theme: str) -> Page:
        """Ce qui se montre d'un thème : actions, argent, besoins, paroles, préconisations ; par son identifiant ou son nom.

        >>> dossier.theme("Scolarité").constat("actions-01").finding.id
        'scolarite-actions-01'

        À côté des constats : `recto()` et `verso()`, la feuille à remettre ; `liste()` des actions. Inconnu, `UsageError` nomme les connus.
        """
        acted = ThemeActions(self.store, self.territory, theme, self.catalogue)
        said = Together(acted.theme.id, lambda: self._theme_voices(acted.theme))

        def advise() -> tuple[Finding, ...]:
            own = {one.id: (write(one.message, MOTS), "") for one in (*acted.constats, *said.constats)}
            mine = tuple(one for one in self.recommendations() if one.theme == acted.theme.id)
            return find_recommendations(mine, self.territory, acted.theme.id, titles=_titles(self._taken_up(mine, own)))

        advised = Together(acted.theme.id, advise)
        chapters = (acted, said, advised)

        def sides(show: Callable[..., Bloc]) -> Bloc:
            return show(acted, {numero: one.constat(numero) for one in chapters for numero in one.numeros})

        recto, verso = partial(sides, blocs.show_theme_recto), partial(sides, blocs.show_theme_verso)
        return self._page(
            f"Thème « {acted.theme.nom} ».", *chapters, liste=partial(_list, acted), recto=recto, verso=verso
        )

    def avancement(self) -> Page:
        """Ce qui se montre des engagements (leur table : `engagements()`) : combien sont documentés, où ils en sont."""
        found = Engagements(self.store, self.territory)
        rows, piliers = found.field.engagements.to_dict("records"), self.territory.piliers
        invented = any(one["exemple"] for one in rows)
        return self._page(
            "Les engagements.",
            found,
            liste=partial(_list, found),
            piliers=lambda: show_all("piliers", rows, piliers, invented),
            fiches=lambda: show_all("engagements", rows, piliers, found.field.partner_name, invented),
        )

    def partenaires(self) -> Page:
        """Ce qui se montre des partenaires : qui était attendu et ne se voit pas, l'argent, les porteurs."""
        found = Partners(self.store, self.territory)

        def fiches() -> Bloc:
            years = found.constat("mobilisation-04").table or Table((), ())
            return show_all("partenaires", found.constat("mobilisation-01"), years, found.liste)

        return self._page("La mobilisation des partenaires.", found, liste=partial(_list, found), fiches=fiches)

    def participation(self) -> Page:
        """Ce qui se montre de qui a parlé, de qui ne l'a pas fait, et de ce qui en est venu."""

        def find() -> tuple[Finding, ...]:
            paroles, contributions, engagements = map(self.store.rows, ("paroles", "contributions", "engagements"))
            names = dict(zip(engagements["code"], engagements["libelle"], strict=True))
            return find_participation(paroles, contributions, self.territory, names)

        return self._page("La participation.", Together("participation", find))

    def recit(self) -> Page:
        """Ce qui se montre du récit du contrat."""
        read = self.store.rows
        years = lines_of(carried_out(read("actions"), self.territory.debut, self.territory.connue))
        told = Story(self.territory, read("chronologie"), read("instances"), read("partenaires"), years)
        return self._page("Le récit du contrat.", told, annees=lambda: show_all("annees", told.constat("annees-01")))

    def preconisations(self) -> Page:
        """Ce qui se montre des préconisations, pour le COPIL."""
        found = self.recommendations()
        themes = {theme.id: (theme.nom, self._lien(f"themes/{theme.id}")) for theme in self.territory.themes}

        def chain() -> tuple[Finding, ...]:
            stated, cited = _titles(self._stated), _titles(self._departs)
            return find_recommendations(found, self.territory, findings=stated, titles=cited)

        fiches = partial(show_all, "preconisations", found, KINDS, themes)
        return self._page(
            "Les préconisations.", Together("preconisations", chain), fiches=lambda: fiches(self._departs)
        )

    def recommendations(self, findings: Mapping[str, str] | None = None) -> tuple[Recommendation, ...]:
        """The préconisations with their evidence checked; `findings` (id → message) are those of the edition, where at hand."""
        wording = dict(self.store.rows("engagements")[["code", "libelle"]].itertuples(index=False))
        if findings is not None:
            findings = _titles(self._handed) | dict(findings)
        tables = map(self.store.rows, ("preconisations", "paroles", "codes", "immersions"))
        return read_recommendations(*tables, findings, wording, str(self.territory.edition.jusqu_au))

    @cached_property
    def _handed(self) -> dict[str, tuple[str, str]]:
        """The findings of the former evaluation → their title, and the page of the quarter that comes from theirs."""
        after = {code: quarter for quarter in self.territory.quartiers[::-1] for code in quarter.depuis}
        found = {}
        for one in self.store.rows("precedent").itertuples():
            quarter = after.get(one.constat.partition("-")[0])
            page = self._lien(f"quartiers/{quarter.code}-suite", f"#{quarter.code}-suite-01") if quarter else ""
            found[one.constat] = (f"{quarter.nom}\u00a0: {one.titre}" if quarter else one.titre, page)
        return found

    @cached_property
    def _stated(self) -> dict[str, tuple[str, str]]:
        """The findings of the synthesis and of the themes that state something → their title and address, from a page of the whole."""
        pages = [("", "synthese", Synthese(self.store, self.territory, self.catalogue).constats)]
        for theme in self.territory.themes:
            acted = ThemeActions(self.store, self.territory, theme.id, self.catalogue).constats
            pages.append((f"{theme.nom}\u00a0: ", f"themes/{theme.id}", (*acted, *self._theme_voices(theme))))
        said = ((of, page, one.id, write(one.message, MOTS)) for of, page, ones in pages for one in ones if one.table)
        return {ident: (of + title.removeprefix(of), self._lien(page, f"#{ident}")) for of, page, ident, title in said}

    @cached_property
    def _departs(self) -> dict[str, tuple[str, str]]:
        """Those findings, those of the former evaluation, and those of a quarter that préconisations take up."""
        return self._taken_up(self.recommendations(), self._stated)

    def _taken_up(
        self, recommendations: tuple[Recommendation, ...], found: dict[str, tuple[str, str]]
    ) -> dict[str, tuple[str, str]]:
        """`found`, and what préconisations take up of the former evaluation, of a quarter and, where it is not there, of any page."""
        proofs = (proof.reference for r in recommendations for proof in r.preuves if proof.genre == "chiffre")
        taken = {*proofs, *(one for r in recommendations for one in r.constats)}
        found = found | self._handed
        for one in sorted(taken - found.keys()):
            subject, _, numero = one.partition("-")
            fiche = Fiche(self.store, self.territory, self.catalogue, subject) if subject in self._liens else None
            if fiche and numero in fiche.numeros:
                title = f"{fiche.quartier.nom}\u00a0: {write(fiche.constat(numero).message, MOTS)}"
                found[one] = (title, self._lien(f"quartiers/{subject}", f"#{one}"))
        return found if taken <= found.keys() else self._stated | found

    def _theme_voices(self, theme: Theme) -> tuple[Finding, ...]:
        said, cited, held, codes = map(self.store.rows, ("paroles", "contributions", "immersions", "codes"))
        names = dict(self.store.rows("engagements")[["code", "libelle"]].itertuples(index=False))
        words = [named(cite, about(cite, self.territory, names)) for cite in cited["cite"]]
        return find_theme_voices(theme, said, cited.assign(cite=words), held, codes, self.territory)

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
        return blocs.show_text(text, lost=lost)


def _list(chapter: Any, titre: str, show: Callable[..., Bloc] = blocs.show_list) -> Bloc:
    """One line for each thing that a chapter is about, searchable where scripts run."""
    return show(chapter.liste, titre, exemple=any(finding.exemple for finding in chapter.constats))


def _titles(found: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {one: title for one, (title, _) in found.items()}
