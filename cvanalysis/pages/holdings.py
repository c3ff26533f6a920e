"""What the data hold, read once for all that the quality page says of it.

Owns the counts of rows, the moments and the names; refuses to judge them (`qualite` and `coverage` do).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cvanalysis.indicateurs.context import tell_apart
from cvanalysis.indicateurs.observation import Instant, Observations, as_observations
from cvanalysis.textes import label

if TYPE_CHECKING:
    import pandas as pd

    from cvanalysis.catalogue import Catalogue, Indicateur
    from cvanalysis.territory.contract import Territory


class Lot(NamedTuple):
    """`nombre` rows of one file, source and moment, that all hold a figure or all lack it."""

    fichier: str
    source: str
    publication: int
    millesime: int | None
    note: str
    publie: bool
    nombre: int

    @property
    def instant(self) -> Instant:
        return (
            Instant("publication", self.publication) if self.millesime is None else Instant("donnees", self.millesime)
        )


class QualityReader(Protocol):
    """What the quality page reads: all indicators of the territory, the anomalies, the files and the account of cells."""

    def indicateurs(
        self, zones: Sequence[str] | None = None, indicateurs: Sequence[str] | None = None
    ) -> pd.DataFrame: ...

    def rows(self, table: str) -> pd.DataFrame: ...


class Holdings:
    """The rows of a territory.

    Parameters
    ----------
    reader : `Store`: its `indicateurs` and its tables `anomalies`, `fichiers` (what became of each raw file) and `comptes`.
    """

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
    def lots(self) -> tuple[Lot, ...]:
        """The rows counted by what the page says of them, in a steady order: a country has too many for one object each."""
        keys = ["fichier", "source", "publication", "millesime", "note"]
        said = self.frame["valeur"].notna().rename("publie")
        counts = self.frame.groupby([*keys, said], dropna=False, sort=True, observed=True).size()
        return tuple(
            Lot(fichier, source, int(publication), _year(millesime), note, bool(publie), int(n))
            for (fichier, source, publication, millesime, note, publie), n in counts.items()
        )

    @cached_property
    def connus(self) -> frozenset[tuple[str, str]]:
        """(zone, indicator) of the comparators that have a figure at some moment."""
        zones = [c.zone for c in self.territory.comparateurs]
        there = self.frame[self.frame["zone"].isin(zones) & self.frame["valeur"].notna()]
        return frozenset(zip(there["zone"], there["indicateur"], strict=True))

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
        codes, used = [q.code for q in self.territory.quartiers], [i.id for i in self.indicateurs_suivis]
        return Observations(
            as_observations(self.frame[self.frame["zone"].isin(codes) & self.frame["indicateur"].isin(used)])
        )

    @cached_property
    def moments(self) -> dict[str, tuple[Instant, ...]]:
        """By indicator, all instants of the contract's quarters, absences included, oldest first."""
        found = {}
        for indicateur in self.indicateurs_suivis:
            rows = [row for q in self.territory.quartiers for row in self.par_zone.serie(q.code, indicateur.id)]
            ordered = sorted(
                {
                    (row.publication if row.millesime is None else row.millesime, row.publication, row.instant)
                    for row in rows
                }
            )
            found[indicateur.id] = tuple(dict.fromkeys(instant for *_, instant in ordered))
        return found

    def source(self, ident: str) -> str:
        source = self.catalogue.sources.get(ident)
        return source.nom if source else ident

    @property
    def commun(self) -> dict[str, str]:
        """What all findings of the page say alike."""
        return {"champ": label("qualite.champ", territoire=self.territory.nom), "source": label("qualite.source")}


def _year(millesime: float | None) -> int | None:
    """A year of a table's key, where a missing one is whatever pandas has for it."""
    return int(millesime) if str(millesime).partition(".")[0].isdigit() else None
