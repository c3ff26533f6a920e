"""Tidy rows → observations that findings can compare. Owns the time of a figure and its status; refuses to compute.

A figure's time is the year of its data where somebody has established it, else the year of the file that published it: the
two never meet, so that a file's year is never taken for a data year.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
from operator import eq, gt
from statistics import median
from typing import NamedTuple

import pandas as pd

from cvanalysis.catalogue import Indicateur, TauxCalcule, load_catalogue
from cvanalysis.catalogue.rules import load_rules
from cvanalysis.constat.make import Reader
from cvanalysis.constat.shape import Statut, Valeur
from cvanalysis.files.keys import grouped
from cvanalysis.textes import label

COLONNES = ("zone", "indicateur", "millesime", "publication", "valeur", "statut", "source", "fichier", "note")
_DE_2024 = re.compile(r"(?i)QPV?_?(20)?24")  # in the name of a file of the quarters of 2024


class Instant(NamedTuple):
    """When a figure is true (`donnees`) or, where nobody has established that, when it was published (`publication`).

    `probable`: the data's year where it is likely and not established: it is printed as such, and no change is measured from it."""

    nature: str
    annee: int
    probable: int | None = None

    @property
    def etabli(self) -> bool:
        return self.nature == "donnees"

    def __str__(self) -> str:
        return self._said("entier")

    @property
    def situe(self) -> str:
        """Inside a sentence: « en 2018 », « en 2015 (année probable) », « dans la publication 2019 »."""
        return self._said("situe")

    @property
    def court(self) -> str:
        """Label for an axis."""
        return self._said("court")

    def apart(self, other: Instant) -> int | None:
        """Years between two moments, as far as both are known; None where one is not."""
        known = all(one.etabli or one.probable for one in (self, other))
        return abs(self.vers - other.vers) if known else None

    @property
    def vers(self) -> int:
        """The data's year as far as it is known, to tell how far apart two figures are."""
        return self.annee if self.etabli or self.probable is None else self.probable

    def _said(self, forme: str) -> str:
        kind = "etabli" if self.etabli else "inconnu" if self.probable is None else "probable"
        return label(f"commun.instant.{forme}.{kind}", annee=self.annee, probable=self.probable)


class Observation(NamedTuple):
    """One row of `indicateurs.parquet`: a figure, or the reason for its absence (`valeur` is then None)."""

    zone: str
    indicateur: str
    millesime: int | None
    publication: int
    valeur: float | None
    statut: Statut
    source: str
    fichier: str
    note: str = ""
    decimales: int | None = None  # those of its file, where they are fewer than those of the indicator

    @property
    def instant(self) -> Instant:
        if self.millesime is None:
            # What is known of the years of an edition is of the quarters of 2015: a file of those of 2024 keeps its own.
            renewed = self.zone.startswith("QN") and (self.zone[-1] != "I" or _DE_2024.search(self.fichier))
            return _undated(self.indicateur, self.publication, bool(renewed))
        return _dated(self.millesime)

    @property
    def dite(self) -> bool:
        """True where the figure may be ranked, compared, averaged: a `suspect` one may only be shown."""
        return self.statut == "publié" and self.valeur is not None


_dated = cache(partial(Instant, "donnees"))


@cache
def _undated(indicateur: str, publication: int, renewed: bool) -> Instant:
    probable = None if renewed else load_catalogue().probable_year(indicateur, publication)
    return Instant("publication", publication, probable)


class Observations:
    """All observations of one report, read once, by (zone, indicateur).

    One observation per instant: where two files publish the same data year, the later publication stands.
    """

    def __init__(self, rows: Iterable[Observation]) -> None:
        found: dict[tuple[str, str], dict[Instant, Observation]] = {}
        for row in _as_precise(rows):
            series, instant = found.setdefault((row.zone, row.indicateur), {}), row.instant
            other = series.get(instant)
            if other is None or row.publication >= other.publication:
                series[instant] = row
        self._series = {key: dict(sorted(series.items(), key=_when)) for key, series in found.items()}

    @property
    def rows(self) -> Iterator[Observation]:
        return (row for series in self._series.values() for row in series.values())

    @classmethod
    def read(cls, reader: Reader, zones: Sequence[str], indicateurs: Sequence[str]) -> Observations:
        """One read for all that a report compares, the rates that are computed of two counts among it (`catalogue/taux.csv`)."""
        rates = [one for one in load_catalogue().taux if one.indicateur in indicateurs]
        parts = [part for one in rates for part in (*one.numerateur, one.denominateur)]
        asked = list(dict.fromkeys([*indicateurs, *parts]))
        frame = reader.indicateurs(zones=list(zones), indicateurs=asked)
        columns = (frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in COLONNES)
        rows = [Observation(*row) for row in zip(*columns, strict=True)]
        counts = {(row.indicateur, row.zone, row.publication): row for row in rows if row.indicateur in parts}
        return cls([*rows, *(rate for one in rates for rate in _rates(rows, counts, one))])

    def serie(self, zone: str, indicateur: str) -> tuple[Observation, ...]:
        """What is known of an indicator in a zone, oldest first, absences included."""
        return tuple(self._series.get((zone, indicateur), {}).values())

    def at(self, zone: str, indicateur: str, instant: Instant | None) -> Observation | None:
        """The observation of exactly that instant: never the nearest one."""
        return self._series.get((zone, indicateur), {}).get(instant)

    def latest(self, zone: str, indicateur: str) -> Observation | None:
        """The most recent figure, a suspect one included; None where nothing was ever published."""
        return next((row for row in reversed(self.serie(zone, indicateur)) if row.valeur is not None), None)

    def instants(self, zones: Iterable[str], indicateur: str) -> tuple[Instant, ...]:
        """The instants at which at least one of the zones has a figure, oldest first."""
        every = (one for zone in zones for one in self._series.get((zone, indicateur), {}).items())
        found = {one[0]: _when(one) for one in every if one[1].valeur is not None}
        return tuple(sorted(found, key=lambda instant: (found[instant], instant)))


def _when(dated: tuple[Instant, Observation]) -> tuple[int, int]:
    """Order on one axis: the data year, or for undated figures the file's year, then the publication."""
    return (dated[0].vers, dated[1].publication)


RETOUR_MAXI = 3
"""How many years back one may go to find a figure that more quarters, or comparators, have."""
PRESQUE_TOUS = 0.75
"""Share of the quarters that a moment needs, of those that the fullest moment has."""
ENTIERS_MINI = 3
"""Figures of one file, all of them whole, from which that is its precision and not chance."""


def _rates(
    rows: Iterable[Observation], counts: Mapping[tuple[str, str, int], Observation], one: TauxCalcule
) -> Iterator[Observation]:
    """The rate of each zone and edition that has all of its counts; where one can't be used, the reason why."""
    for row in [row for row in rows if row.indicateur == one.numerateur[0]]:
        parts = [counts.get((name, row.zone, row.publication)) for name in (*one.numerateur, one.denominateur)]
        if None not in parts:
            statut = next(
                (part.statut for part in parts if not part.dite), "publié" if parts[-1].valeur else "sans_objet"
            )
            there = statut in ("publié", "suspect") and parts[-1].valeur
            value = 100 * sum(part.valeur for part in parts[:-1]) / parts[-1].valeur if there else None
            yield row._replace(indicateur=one.indicateur, valeur=value, statut=statut)


def _as_precise(rows: Iterable[Observation]) -> Iterator[Observation]:
    """The rows, those of a file and year that gives whole numbers only said so: « 50 % », not « 50,0 % »."""
    rows = list(rows)
    told = (row for row in rows if row.valeur is not None)
    whole = grouped(((row.indicateur, row.fichier, row.millesime), float(row.valeur).is_integer()) for row in told)
    rounded = {key for key, each in whole.items() if len(each) >= ENTIERS_MINI and all(each)}
    return (
        Observation(*row[:-1], 0) if (row.indicateur, row.fichier, row.millesime) in rounded else row for row in rows
    )


def as_value(row: Observation | None, indicateur: Indicateur) -> Valeur:
    """The figure with its unit, as precise as its file gives it; no row at all is `non_disponible`."""
    if row is None:
        return Valeur(None, "non_disponible", indicateur.unite, indicateur.decimales)
    decimales = indicateur.decimales if row.decimales is None else min(row.decimales, indicateur.decimales)
    return Valeur(row.valeur, row.statut, indicateur.unite, decimales, note=row.note)


def latest_values(reader: Reader, codes: Sequence[str], indicateur: Indicateur) -> tuple[dict[str, Valeur], str]:
    """Quarter → value at the last moment at which nearly all quarters have one, as in the synthesis, and its year; a missing one keeps
    its status."""
    seen = Observations.read(reader, codes, [indicateur.id])
    instants = seen.instants(codes, indicateur.id)
    recent = [i for i in instants if (i.apart(instants[-1]) or 0) <= RETOUR_MAXI]
    told = {
        i: {code: as_value(seen.at(code, indicateur.id, i), indicateur) for code in codes} for i in (*instants, None)
    }
    count = {i: sum(v.dite for v in told[i].values()) for i in instants}
    enough = [i for i in recent if count[i] >= max(count.values()) * PRESQUE_TOUS]
    best = enough[-1] if enough else max(recent, key=count.__getitem__, default=None)
    return told[best], str(best or "")


POSITION_MINI = 100
"""Quarters of France below which no place among them is told."""


class Position(NamedTuple):
    """A value of `annee` above those of `plus_bas` of the `sur` quarters of France whose figure is published, `centile` being their share
    in % (ties count for half), and the value in the middle of all."""

    valeur: Valeur
    annee: str
    centile: int
    plus_bas: int
    sur: int
    mediane: Valeur


class Proche(NamedTuple):
    """A quarter of France, how far it is (in usual spreads between quarters, 0: the same) and on which indicators."""

    code: str
    nom: str
    communes: str
    distance: float
    indicateurs: tuple[str, ...]


class France:
    """The published figures of all quarters of France (table `france`): where one stands among them, and which are most like it; empty
    where the territory has no file of them. Refuses to say what being alike means: likeness on a few figures is an illustration."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @cached_property
    def _frame(self) -> pd.DataFrame:
        return self._reader.rows("france")

    @cached_property
    def _values(self) -> dict[str, dict[str, float]]:
        """Indicator → quarter → figure, of those published."""
        found: dict[str, dict[str, float]] = {}
        rows = self._frame.reindex(columns=["indicateur", "zone", "valeur"]).dropna()
        for ident, zone, value in zip(*(rows[name].tolist() for name in rows), strict=True):
            found.setdefault(ident, {}).setdefault(zone, value)
        return found

    def value(self, zone: str, indicateur: Indicateur) -> Valeur:
        """The figure of any quarter of France."""
        number = self._values.get(indicateur.id, {}).get(zone)
        return Valeur(number, "non_disponible" if number is None else "publié", indicateur.unite, indicateur.decimales)

    @cached_property
    def _told(self) -> dict[str, tuple[str, str]]:
        first = self._frame.drop_duplicates("indicateur")[["indicateur", "annee", "fichier"]]
        return {ident: tuple(told) for ident, *told in first.itertuples(index=False, name=None)}

    def told(self, indicateur: str) -> tuple[str, str]:
        """When the file's figures of an indicator are true, in words, and which file gives them; '' where none does."""
        return self._told.get(indicateur, ("", ""))

    def position(self, zone: str, indicateur: Indicateur) -> Position | None:
        """The place of a quarter's figure; None where it is not published, or too few are."""
        known = self._values.get(indicateur.id, {})
        if zone not in known or len(known) < POSITION_MINI or indicateur.genre == "effectif":
            return None
        own = known[zone]
        below, same = (sum(map(partial(is_so, own), known.values())) for is_so in (gt, eq))
        share = round(100 * (below + (same - 1) / 2) / (len(known) - 1))
        middle = Valeur(median(known.values()), unite=indicateur.unite, decimales=indicateur.decimales)
        return Position(self.value(zone, indicateur), self.told(indicateur.id)[0], share, below, len(known), middle)

    def proches(self, zone: str, ecartes: Collection[str] = ()) -> tuple[Proche, ...]:
        """The quarters of France most like one, the nearest first, on the declared indicators but those in `ecartes` (its fragile
        figures); none where too few of its figures are known."""
        rule = load_rules().proches
        declared = [name for name in rule["indicateurs"] if name not in ecartes]
        used = [name for name in declared if zone in self._values.get(name, {})]
        if len(used) < rule["partages"]:
            return ()
        values = pd.DataFrame({name: self._values[name] for name in used}).sort_index()
        standard = (values - values.mean()) / values.std()
        apart = (standard.drop(index=zone) - standard.loc[zone]).dropna()
        far = ((apart**2).mean(axis=1) ** 0.5).sort_values(kind="stable").head(rule["nombre"])
        names = self._frame.drop_duplicates("zone").set_index("zone")
        return tuple(
            Proche(code, names.at[code, "nom"], names.at[code, "communes"], round(d, 2), tuple(used))
            for code, d in far.items()
        )
