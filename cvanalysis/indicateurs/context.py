"""What all findings of a page share: whom they are about and compared with, the observations read once, the words of the sources.

Owns the lines under a figure (unit and year, Champ, Source, cautions, what is missing); refuses to choose a message.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from cvanalysis.catalogue import Catalogue, Indicateur
from cvanalysis.catalogue.rules import Rules, load_rules
from cvanalysis.constat.shape import Role, Valeur
from cvanalysis.files.keys import grouped
from cvanalysis.french import QUARTIER, capital, comparator, enumerate_french, enumerate_some
from cvanalysis.indicateurs.observation import France, Instant, Observation, Observations, as_value
from cvanalysis.territory.contract import Comparateur, Quartier, Territory
from cvanalysis.textes import block, label

PREFERENCE: tuple[Role, ...] = ("epci", "commune", "france_qpv", "semblables", "departement", "region", "france")
"""Which comparator a title speaks of, when several have a figure of the same year."""

GENERALES = ("filosofi_prudence", "petit_nombre", "mobilite", "rp_echantillon")
"""Cautions of every finding of a source or of a page, as those of an indicator are of all its figures."""

FICHIERS_MAXI = 3
"""File names that a source line can hold."""


class Zone(NamedTuple):
    """A place as figures and tables name it, and what it is to the reader."""

    nom: str
    code: str
    role: Role


def preferred(reperes: Iterable[Zone]) -> tuple[Zone, ...]:
    """Comparators in the order of `PREFERENCE`."""
    return tuple(sorted(reperes, key=lambda zone: PREFERENCE.index(zone.role)))


def reason(statut: str) -> str:
    """Why a figure is not there: a clause that can end a sentence."""
    return label(f"commun.raisons.{statut}")


@dataclass(frozen=True)
class Contexte:
    """One quarter, or all of a contract (`quartier` is None), the comparators, and everything read for the page."""

    territory: Territory
    catalogue: Catalogue
    quartier: Quartier | None
    comparateurs: tuple[Comparateur, ...]
    observations: Observations
    france: France
    rules: Rules = field(default_factory=load_rules)

    @property
    def tous(self) -> bool:
        return self.quartier is None

    @cached_property
    def quartiers(self) -> tuple[Zone, ...]:
        """The quarter and those that it is set beside (`Territory.voisins`), or all; in the declared order, under names that no other
        zone shown bears."""
        where, here = self.territory, self.quartier
        shown = where.quartiers if here is None else (here, *where.voisins(here.code))
        taken = [c.nom for c in self.comparateurs]
        names = tell_apart(
            [q for q in where.quartiers if q in shown], where.noms, taken, everywhere=self.tous and where.vaste
        )
        return tuple(Zone(nom, code, "autre") for code, nom in names.items())

    @cached_property
    def voisins(self) -> tuple[Zone, ...]:
        """The other quarters; all, where it is about all."""
        return tuple(zone for zone in self.quartiers if self.tous or zone.code != self.quartier.code)

    @property
    def sujets(self) -> tuple[Zone, ...]:
        """Whom the findings are about."""
        return tuple(zone for zone in self.quartiers if self.tous or zone.code == self.quartier.code)

    @property
    def parmi(self) -> str:
        """Which quarters these are, after « quartiers »: « du contrat », « de la commune »."""
        if self.quartier is None or not self.territory.vaste:
            return label("quartier.parmi.contrat")
        return label(f"quartier.parmi.{'commune' if len(self.quartier.communes) == 1 else 'communes'}")

    @property
    def others(self) -> tuple[str, ...]:
        """The other quarters as the last of a perimeter, where there are some."""
        return (label("quartier.parmi.autres", parmi=self.parmi),) if self.voisins else ()

    @property
    def sujet(self) -> Zone:
        """The quarter that a page is about."""
        return Zone(capital(QUARTIER), self.quartier.code, "sujet")

    @cached_property
    def reperes(self) -> tuple[Zone, ...]:
        return tuple(Zone(c.nom, c.zone, c.niveau.lower().removesuffix("_metro")) for c in self.comparateurs)

    @property
    def proches(self) -> tuple[Zone, ...]:
        """The comparators of every finding (communes, EPCI, all QPV); the wider ones only stand beside a level."""
        return tuple(zone for zone in self.reperes if zone.role in PREFERENCE[:3]) or self.reperes

    def serie(self, zone: str, indicateur: Indicateur) -> tuple[Observation, ...]:
        return self.observations.serie(zone, indicateur.id)

    def at(self, zone: str, indicateur: Indicateur, instant: Instant | None) -> Observation | None:
        return self.observations.at(zone, indicateur.id, instant)

    def repere(self, zone: str, indicateur: Indicateur, instant: Instant | None) -> Observation | None:
        """What a comparator has at that moment, or for a slow structure (`regles.toml`) at the closest one that is near enough."""
        same, far = self.at(zone, indicateur, instant), self.rules.lentes.get(indicateur.id, 0)
        if instant is None or not far or (same is not None and same.dite):
            return same
        apart = {row: row.instant.apart(instant) for row in self.serie(zone, indicateur) if row.dite}
        near = [row for row, years in apart.items() if years is not None and years <= far]
        return min(near, key=lambda row: (apart[row], -row.instant.vers), default=same)

    def value(self, zone: str, indicateur: Indicateur, instant: Instant | None) -> Valeur:
        return as_value(self.at(zone, indicateur, instant), indicateur)

    def moment(self, indicateur: Indicateur, instant: Instant) -> str:
        """When a figure is true, to the day where the catalogue knows it: « 31/12/2021 », « 2018 », « publication 2019… »."""
        rows = (self.at(q.code, indicateur, instant) for q in self.sujets)
        publication = next((row.publication for row in rows if row is not None), None)
        known = publication and instant.etabli
        date = self.catalogue.exact_date(indicateur.id, publication, instant.annee) if known else ""
        return date or str(instant)

    # ------------------------------------------------------------------------------------------- lines under a figure

    def subtitle(self, indicateur: Indicateur, when: str = "") -> str:
        """Name, unit, denominator and year: « Taux d'emploi, en % (15-64 ans), 2018 »."""
        name = "voyelle" if indicateur.unite[:1] in "aeéhiou" else "consonne"
        name = name if indicateur.genre == "effectif" else "autre"
        unit = block("commun.unites").get(indicateur.unite) or label(f"commun.nombre.{name}", unite=indicateur.unite)
        of = f" ({indicateur.denominateur})" if indicateur.denominateur else ""
        return ", ".join(part for part in (capital(indicateur.nom), unit + of, when) if part)

    def champ(self, indicateur: Indicateur, *zones: str) -> str:
        """Whom the figures are about, and in which perimeters."""
        year = "".join(filter(str.isdigit, self.territory.geographie))
        parts = (capital(indicateur.champ), ", ".join(zones), label("commun.contours", annee=year) if year else "")
        return " ; ".join(part for part in parts if part) + "."

    def source(self, rows: Iterable[Observation | None]) -> tuple[str, tuple[str, ...]]:
        """Producer, name, data years and files of all the figures shown: « Insee…, Filosofi 2014 et 2018 (REVN_2022.csv) »; the
        files apart where they are more than can be read in a line."""
        shown = [row for row in rows if row is not None and row.valeur is not None]
        times = grouped((row.source, row.instant) for row in shown)
        names = grouped(dict.fromkeys((row.source, row.fichier.rsplit("/", 1)[-1]) for row in shown))
        files = tuple(sorted({name for found in names.values() for name in found}))
        apart = len(files) > FICHIERS_MAXI

        def told(source: str) -> str:
            known = self.catalogue.sources.get(source)
            among = f" ({'fichiers' if len(names[source]) > 1 else 'fichier'} {', '.join(sorted(names[source]))})"
            return f"{known.nom if known else source}, {when(times[source])}{'' if apart else among}"

        return " ; ".join(map(told, sorted(times))), files if apart else ()

    def cautions(
        self, indicateurs: Sequence[Indicateur], rows: Sequence[Observation | None], more: Sequence[str]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Finished sentences, each one once: all that apply (those of this comparison, ids in `more`, then the producer's notes and
        the indicators' own), and which of them are general."""
        shown = [row for row in rows if row is not None and row.valeur is not None]
        dated = {row.millesime for row in shown if row.millesime is not None}
        undated = len({row.publication for row in shown if row.millesime is None})
        own = [i for one in indicateurs for i in one.precautions if self.rules.applies(i, dated, undated)]
        more = (*more, "rp_echantillon") if any(row.source == "rp" for row in shown) else more
        here = [ident for ident in dict.fromkeys(more) if ident not in GENERALES]
        general = [ident for ident in dict.fromkeys([*own, *more]) if ident not in here]
        notes = sorted({row.note for row in shown if row.note.strip("0 ")})
        texts = {**self.catalogue.precautions, **self.rules.precautions}
        folded = tuple(texts[ident] for ident in general)
        return (*(texts[i] for i in here), *(label("commun.note", note=note) for note in notes), *folded), folded

    def named(self, names: Sequence[str]) -> str:
        """These quarters by name; all of them at once where none is left out."""
        if len(names) > 2 and len(names) == len(self.quartiers):
            return label("commun.les_quartiers", nombre=len(names))
        return enumerate_some(names)

    def compared(self, zones: Sequence[Zone], among: Sequence[Zone]) -> str:
        """These comparators inside a sentence; all at once where none of those asked is left out."""
        if len(zones) == len(among) > 2:
            return label("quartier.manque.tous")
        return enumerate_french(comparator(zone.nom, zone.role, "nom") for zone in zones)

    def missing(
        self, indicateur: Indicateur, instant: Instant, quartiers: Iterable[Zone] | None = None
    ) -> tuple[str, ...]:
        """What is not published for these quarters (for those whom the page is about), in one sentence per reason."""
        asked = self.sujets if quartiers is None else quartiers
        values = ((quarter.nom, self.value(quarter.code, indicateur, instant)) for quarter in asked)
        by_reason = grouped((value.statut, nom) for nom, value in values if not value.dite)
        words = {"nom": indicateur.nom, "quand": instant.situe}
        return tuple(
            label("commun.manque.zones", noms=self.named(names), raison=reason(statut), **words)
            for statut, names in sorted(by_reason.items())
        )


def when(instants: Iterable[Instant]) -> str:
    """« 2014 et 2018 », « 2014 à 2019 » (no gap), « publication 2019 (année des données non établie) »."""
    instants = tuple(instants)
    dated = sorted({i.annee for i in instants if i.etabli})
    likely = sorted({i.probable for i in instants if not i.etabli and i.probable})
    files = sorted({i.annee for i in instants if not i.etabli and not i.probable})
    parts = []
    if len(dated) > 2 and dated[-1] - dated[0] == len(dated) - 1:
        parts.append(f"{dated[0]} à {dated[-1]}")
    elif dated:
        parts.append(enumerate_french(map(str, dated)))
    if likely:
        parts.append(label("commun.probable", annees=enumerate_french(map(str, likely))))
    if files:
        name = "publications" if len(files) > 1 else "publication"
        parts.append(label(f"commun.{name}", annees=enumerate_french(map(str, files))))
    return ", ".join(parts)


def tell_apart(
    quartiers: Sequence[Quartier], communes: Mapping[str, str], taken: Sequence[str] = (), *, everywhere: bool = False
) -> dict[str, str]:
    """Code → a name that is nobody else's: with the communes where two quarters share it (`everywhere`: always), with the code
    where that does not do."""
    told = {quartier.code: quartier.nom for quartier in quartiers}
    for add in (lambda q: ", ".join(communes.get(code, code) for code in q.communes), lambda q: q.code):
        seen = Counter([*told.values(), *taken])
        for quartier in quartiers:
            if everywhere or seen[told[quartier.code]] > 1:
                told[quartier.code] = f"{quartier.nom} ({add(quartier)})"
        everywhere = False
    return told
