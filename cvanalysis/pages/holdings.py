"""What the data hold, read once for all that the quality page says of it.

Owns the counts of rows, the moments and the names; refuses to judge them (`qualite` and `coverage` do).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from cvanalysis.indicateurs.context import tell_apart
from cvanalysis.indicateurs.observation import Instant, Observations
from cvanalysis.textes import label

if TYPE_CHECKING:
    import pandas as pd

    from cvanalysis.catalogue import Catalogue, Indicateur
    from cvanalysis.territory.contract import Territory


class QualityReader(Protocol):
    """What the quality page reads: all indicators of the territory, the anomalies, the files and the account of cells."""

    def indicateurs(
        self, zones: Sequence[str] | None = None, indicateurs: Sequence[str] | None = None
    ) -> pd.DataFrame: ...

    def rows(self, table: str) -> pd.DataFrame: ...


class Holdings:
    """The rows of a territory; `reader`: its `indicateurs` and its tables `anomalies`, `fichiers` and `comptes`."""

    def __init__(self, reader: QualityReader, territory: Territory, catalogue: Catalogue) -> None:
        self.territory = territory
        self.catalogue = catalogue
        self._reader = reader

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows of indicators that the catalogue knows."""
        frame = self._reader.indicateurs()
        return frame[frame["indicateur"].isin(list(self.catalogue.indicateurs))]

    @cached_property
    def lots(self) -> pd.DataFrame:
        """How many rows (`nombre`) of each file, source, publication, data year ('' where it is not established) and note hold a
        figure (`publie`), and how many lack it: a country has too many rows to be looked at one by one."""
        years = self.frame["millesime"].astype("string").fillna("")
        rows = self.frame.assign(publie=self.frame["valeur"].notna(), millesime=years)
        keys = ["fichier", "source", "publication", "millesime", "note", "publie"]
        return rows.groupby(keys, observed=True).size().rename("nombre").reset_index()

    @cached_property
    def noms(self) -> dict[str, str]:
        """Code → the name of a quarter in figures, tables and lists."""
        communes = {commune.code: commune.nom for commune in self.territory.communes}
        return tell_apart(self.territory.quartiers, communes, everywhere=self.territory.vaste)

    @property
    def indicateurs_suivis(self) -> tuple[Indicateur, ...]:
        """The indicators of the fiches, in reading order: those whose absence is felt."""
        used = dict.fromkeys(ident for declare in self.catalogue.constats for ident in declare.indicateurs)
        return tuple(self.catalogue.indicateurs[ident] for ident in used)

    @cached_property
    def par_zone(self) -> Observations:
        """The quarters' and the comparators', the rates that are computed of two counts among them."""
        zones = [*self.noms, *(one.zone for one in self.territory.comparateurs)]
        return Observations.read(self, zones, [one.id for one in self.indicateurs_suivis])

    def indicateurs(self, zones: Sequence[str], indicateurs: Sequence[str]) -> pd.DataFrame:
        """What was read already, as `Observations` asks for it."""
        return self.frame[self.frame["zone"].isin(zones) & self.frame["indicateur"].isin(indicateurs)]

    @cached_property
    def moments(self) -> dict[str, tuple[Instant, ...]]:
        """By indicator, all instants of the contract's quarters, absences included, oldest first."""
        found = {}
        for one in self.indicateurs_suivis:
            rows = [row for code in self.noms for row in self.par_zone.serie(code, one.id)]
            ordered = sorted({(row.millesime or row.publication, row.publication, row.instant) for row in rows})
            found[one.id] = tuple(dict.fromkeys(instant for *_, instant in ordered))
        return found

    def source(self, ident: str) -> str:
        source = self.catalogue.sources.get(ident)
        return source.nom if source else ident

    @property
    def commun(self) -> dict[str, str]:
        """What all findings of the page say alike."""
        return {"champ": label("qualite.champ", territoire=self.territory.nom), "source": label("qualite.source")}
