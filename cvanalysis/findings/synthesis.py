"""The quarters of the contract side by side. Owns the synthesis: levels, changes, who comes closer, what cannot be said.

The same questions as on the fiches, asked of all quarters at once, under the same numbers (`synthese-revenus-03`). The order is
neutral: the declared one in tables and small panels, by value on a common axis. Nothing is added up or averaged across quarters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from cvanalysis.errors import UsageError
from cvanalysis.findings.context import Contexte, tell_apart
from cvanalysis.findings.distribution import AILLEURS, QUARTILES, quartiles
from cvanalysis.findings.finding import Finding, Manque, Table
from cvanalysis.findings.level import word
from cvanalysis.findings.observation import Observations, Reader
from cvanalysis.findings.side_by_side import (
    ORDRE_AXE,
    ORDRE_TABLEAU,
    build_changes,
    build_levels,
    build_pairs,
    common_instant,
)
from cvanalysis.findings.side_gaps import build_gaps

if TYPE_CHECKING:
    from cvanalysis.catalogue import Catalogue, ConstatDeclare, Indicateur
    from cvanalysis.findings.observation import Instant
    from cvanalysis.territory import Quartier, Territory

_BUILDERS: Mapping[str, Callable[[Contexte, ConstatDeclare], Finding]] = {
    "niveau": build_levels,
    "rang": build_levels,
    "evolution": build_changes,
    "ecart": build_gaps,
    "paires": build_pairs,
}


class Ensemble(Contexte):
    """All the quarters of a contract; its own quarter stands for none in particular."""

    @cached_property
    def quartiers(self) -> tuple[Quartier, ...]:
        return self.territory.quartiers

    @cached_property
    def noms(self) -> Mapping[str, str]:
        communes = {commune.code: commune.nom for commune in self.territory.communes}
        taken = [c.nom for c in self.comparateurs]
        return tell_apart(self.quartiers, communes, taken, everywhere=self.territory.vaste)


class Synthese:
    """Everything that the synthesis page says. Same parameters as `quarter.Fiche`, for all quarters at once."""

    def __init__(self, reader: Reader, territory: Territory, catalogue: Catalogue) -> None:
        self.territory = territory
        self.catalogue = catalogue
        self._reader = reader
        self._found: dict[str, Finding] = {}

    @property
    def declares(self) -> tuple[ConstatDeclare, ...]:
        """The questions of the fiches that can be asked of all quarters at once."""
        return tuple(d for d in self.catalogue.constats if d.genre in _BUILDERS)

    @property
    def sections(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(declare.section for declare in self.declares))

    @property
    def ordre(self) -> str:
        """In which order quarters stand, for the reader."""
        return AILLEURS if self.territory.vaste else f"{ORDRE_TABLEAU} {ORDRE_AXE}"

    @cached_property
    def contexte(self) -> Contexte:
        """All quarters and all comparators; the quarter of this context stands for none in particular."""
        vast = self.territory.vaste
        found = dict.fromkeys(
            c
            for q in self.territory.quartiers[: 1 if vast else None]
            for c in self.territory.compares(q.code)
            if not vast or c.niveau != "COMMUNE"  # no figure could hold hundreds of communes
        )
        zones = dict.fromkeys([*(q.code for q in self.territory.quartiers), *(c.zone for c in found)])
        used = dict.fromkeys(ident for declare in self.declares for ident in declare.indicateurs)
        read = Observations.read(self._reader, tuple(zones), tuple(used))
        return Ensemble(self.territory, self.catalogue, self.territory.quartiers[0], tuple(found), read)

    def constat(self, numero: str) -> Finding:
        """The finding of that number (`revenus-03`); an unknown number raises `UsageError`."""
        if numero not in self._found:
            declare = next((d for d in self.declares if d.numero == numero), None)
            if declare is None:
                known = ", ".join(d.numero for d in self.declares)
                raise UsageError(f"« {numero} » n'est pas une question de la synthèse. Questions : {known}.")
            self._found[numero] = _BUILDERS[declare.genre](self.contexte, declare)
        return self._found[numero]

    def constats(self, section: str | None = None) -> tuple[Finding, ...]:
        """All findings, or those of a section, in reading order."""
        return tuple(self.constat(d.numero) for d in self.declares if section in (None, d.section))

    def inconnus(self) -> tuple[tuple[str, tuple[Manque, ...]], ...]:
        """What cannot be said of the quarters together, by finding."""
        return tuple((finding.id, finding.manques) for finding in self.constats() if finding.manques)

    def tableau(self) -> Table:
        """One line per quarter in the declared order, one column per indicator of level, each at its common moment."""
        if self.territory.vaste:
            return self._quartiles()
        columns, cells = ["Quartier"], [[word(self.contexte.noms[q.code])] for q in self.territory.quartiers]
        for indicateur, instant in self._levels():
            unit = f" ({indicateur.unite})" if indicateur.unite else ""
            columns.append(f"{indicateur.nom_court or indicateur.nom}{unit}, {instant.court}")
            for line, quartier in zip(cells, self.territory.quartiers, strict=True):
                line.append(self.contexte.value(quartier.code, indicateur, instant))
        return Table(
            tuple(columns),
            tuple(map(tuple, cells)),
            f"Les quartiers du contrat, indicateur par indicateur. {ORDRE_TABLEAU}",
        )

    def _quartiles(self) -> Table:
        """One line per indicator: the ends and the quartiles of the published values."""
        lines = []
        for indicateur, instant in self._levels():
            values = {q: self.contexte.value(q.code, indicateur, instant) for q in self.territory.quartiers}
            if any(value.dite for value in values.values()):
                name = f"{indicateur.nom_court or indicateur.nom}, {instant.court}"
                lines.append((word(name), *quartiles(values, self.contexte.noms)))
        total = len(self.territory.quartiers)
        return Table(QUARTILES, tuple(lines), f"Les {total} quartiers, indicateur par indicateur. {AILLEURS}")

    def _levels(self) -> Iterator[tuple[Indicateur, Instant]]:
        """The indicators of level, once each, with their common moment; women's beside the others that answer them."""
        used = dict.fromkeys(
            ident
            for declare in self.declares
            if declare.genre != "ecart"
            for ident in (declare.indicateurs if declare.genre == "paires" else declare.indicateurs[:1])
        )
        for ident in used:
            indicateur = self.catalogue.indicateurs[ident]
            instant = common_instant(self.contexte, indicateur)
            if instant is not None:
                yield indicateur, instant
