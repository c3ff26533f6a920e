"""The fiche of a quarter: its identity, its findings, what matters most, what is not known. Owns their list and their order.

One read of the store serves all the findings of a fiche, and names the indicators that it uses and no other: a fiche is made
again only when something that it shows has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cvanalysis.errors import UsageError
from cvanalysis.findings.change import build_evolution
from cvanalysis.findings.context import Contexte
from cvanalysis.findings.finding import Finding, Manque, Valeur
from cvanalysis.findings.gap import build_gap
from cvanalysis.findings.level import build_level, build_rank
from cvanalysis.findings.observation import Observations, Reader, as_value
from cvanalysis.findings.pairs import build_pair
from cvanalysis.findings.ranking import BREF_MINI, REGLE_COMPLETEE, REGLE_COURTE, REGLE_EN_BREF, choose_brief
from cvanalysis.findings.structure import build_structure

if TYPE_CHECKING:
    from cvanalysis.catalogue import Catalogue, ConstatDeclare, Indicateur, Source
    from cvanalysis.territory import Territory

BUILDERS: Mapping[str, Callable[[Contexte, ConstatDeclare], Finding]] = {
    "niveau": build_level,
    "rang": build_rank,
    "evolution": build_evolution,
    "ecart": build_gap,
    "paires": build_pair,
    "structure": build_structure,
}

POPULATION = "population"


@dataclass(frozen=True, slots=True)
class Identite:
    """Who the fiche is about: `population` is the last published, of the data year `annee`."""

    code: str
    nom: str
    communes: tuple[str, ...]
    population: Valeur
    annee: str
    contrat: str
    epci: str


@dataclass(frozen=True, slots=True)
class Definition:
    """An indicator of the fiche in plain words; `sens` is our reading of it, shown as such."""

    nom: str
    definition: str
    sens: str
    source: str


_SENS = {
    "hausse": "une hausse est lue comme une amélioration",
    "baisse": "une baisse est lue comme une amélioration",
    "neutre": "ni la hausse ni la baisse n'est bonne ou mauvaise en soi",
}


class Fiche:
    """Everything that the page of one quarter says.

    Parameters
    ----------
    reader : what gives the tidy indicators (`Store`).
    territory, catalogue : the declarations and the national knowledge.
    code : the quarter's code; an unknown one raises `UsageError`.
    """

    def __init__(self, reader: Reader, territory: Territory, catalogue: Catalogue, code: str) -> None:
        self.territory = territory
        self.catalogue = catalogue
        self.quartier = territory.quartier(code)
        self._reader = reader
        self._found: dict[str, Finding] = {}

    @property
    def declares(self) -> tuple[ConstatDeclare, ...]:
        """The declared findings of a fiche, in reading order."""
        return self.catalogue.constats

    @property
    def sections(self) -> tuple[str, ...]:
        """Ids of the sections, in reading order."""
        return tuple(dict.fromkeys(declare.section for declare in self.declares))

    @cached_property
    def contexte(self) -> Contexte:
        comparateurs = tuple(self.territory.compares(self.quartier.code))
        zones = dict.fromkeys(
            [
                self.quartier.code,
                *(c.zone for c in comparateurs),
                *(q.code for q in self.territory.voisins(self.quartier.code)),
            ]
        )
        used = dict.fromkeys([POPULATION, *(ident for declare in self.declares for ident in declare.indicateurs)])
        read = Observations.read(self._reader, tuple(zones), tuple(used))
        return Contexte(self.territory, self.catalogue, self.quartier, comparateurs, read)

    def constat(self, numero: str) -> Finding:
        """The finding of that number (`revenus-03`); an unknown number raises `UsageError`."""
        if numero not in self._found:
            declare = next((d for d in self.declares if d.numero == numero), None)
            if declare is None:
                known = ", ".join(d.numero for d in self.declares)
                raise UsageError(f"« {numero} » n'est pas un constat déclaré. Constats déclarés : {known}.")
            self._found[numero] = BUILDERS[declare.genre](self.contexte, declare)
        return self._found[numero]

    def constats(self, section: str | None = None) -> tuple[Finding, ...]:
        """All findings, or those of a section, in reading order."""
        return tuple(self.constat(d.numero) for d in self.declares if section in (None, d.section))

    def en_bref(self) -> tuple[Finding, ...]:
        """The 4 to 6 findings that matter most here, by `regle_en_bref`."""
        findings = self.constats()
        sujets = {f.id: d.indicateurs[0] for f, d in zip(findings, self.declares, strict=True)}
        return choose_brief(findings, sujets)

    @property
    def regle_en_bref(self) -> str:
        """How « En bref » is chosen, in a few sentences for the reader."""
        chosen = self.en_bref()
        rule = REGLE_EN_BREF + (REGLE_COMPLETEE if any(f.poids == 0 for f in chosen) else "")
        rule += REGLE_COURTE if len(chosen) < BREF_MINI else ""
        return rule.format(parmi=self.contexte.parmi)

    def inconnus(self) -> tuple[tuple[str, tuple[Manque, ...]], ...]:
        """« Ce qu'on ne sait pas » : for each finding's id, what is missing about this quarter or what it is compared with."""
        said: set[str] = set()
        found = []
        for finding in self.constats():
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
        used = dict.fromkeys(ident for declare in self.declares for ident in declare.indicateurs)
        return tuple(_define(self.catalogue.indicateurs[ident], self.catalogue) for ident in used)

    def sources(self) -> tuple[Source, ...]:
        """The sources of those indicators, once each."""
        used = dict.fromkeys(self.catalogue.indicateurs[i].source for d in self.declares for i in d.indicateurs)
        return tuple(self.catalogue.sources[ident] for ident in used)


def _define(indicateur: Indicateur, catalogue: Catalogue) -> Definition:
    source = catalogue.sources[indicateur.source].nom
    return Definition(indicateur.nom, indicateur.definition, _SENS[indicateur.direction], source)
