"""What all findings of one quarter share: who it is compared with, the observations read once, the words of the sources.

Owns the lines under a figure (unit and year, Champ, Source, cautions, what is missing); refuses to choose a message.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from typing import TYPE_CHECKING

from cvanalysis.catalogue.rules import Rules, load_rules
from cvanalysis.constat.shape import Finding, Manque, Message, Point, Role, Serie, Table, Valeur
from cvanalysis.french import enumerate_french, enumerate_some
from cvanalysis.indicateurs.observation import Instant, Observation, Observations, as_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cvanalysis.catalogue import Catalogue, ConstatDeclare, Indicateur
    from cvanalysis.constat.shape import Figure
    from cvanalysis.territory.contract import Comparateur, Quartier, Territory


RETOUR_MAXI = 3
"""How many years back a level may go to find a comparator of the same data year."""

_ROLES: dict[str, Role] = {
    "COMMUNE": "commune",
    "EPCI": "epci",
    "FRANCE_QPV": "france_qpv",
    "DEPARTEMENT": "departement",
    "REGION": "region",
    "FRANCE_METRO": "france",
    "FRANCE": "france",
}

PREFERENCE: tuple[Role, ...] = ("epci", "commune", "france_qpv", "departement", "region", "france")
"""Which comparator a title speaks of, when several have a figure of the same year."""
_UNITES = {"%": "en %", "€": "en euros par an", "": "sans unité"}

GENERALES = ("filosofi_prudence", "petit_nombre")
"""Cautions of every finding of a source or of a page, as those of an indicator are of all its figures."""

FICHIERS_MAXI = 3
"""File names that a source line can hold."""

_RAISONS = {
    "non_diffusé": "le chiffre n'est pas diffusé, sans doute pour protéger le secret statistique",
    "secret": "le chiffre est couvert par le secret statistique",
    "non_significatif": "le chiffre n'est pas significatif",
    "non_disponible": "la source ne donne pas ce chiffre",
    "sans_objet": "le chiffre n'a pas d'objet ici",
    "masqué": "le chiffre est masqué pour que personne ne soit reconnaissable",
    "suspect": "le chiffre est douteux",
}


def role_of(comparateur: Comparateur) -> Role:
    """What a comparator is to the reader, from its level."""
    return _ROLES[comparateur.niveau]


def preferred(comparateurs: Iterable[Comparateur]) -> tuple[Comparateur, ...]:
    """Comparators in the order of `PREFERENCE`."""
    return tuple(sorted(comparateurs, key=lambda c: PREFERENCE.index(role_of(c))))


def reason(statut: str) -> str:
    """Why a figure is not there: a clause that can end a sentence."""
    return _RAISONS[statut]


@dataclass(frozen=True)
class Contexte:
    """One quarter, its comparators and everything read for its fiche."""

    territory: Territory
    catalogue: Catalogue
    quartier: Quartier
    comparateurs: tuple[Comparateur, ...]
    observations: Observations
    rules: Rules = field(default_factory=load_rules)

    @cached_property
    def autres(self) -> tuple[Quartier, ...]:
        """The other quarters that this one is set beside (`Territory.voisins`), in the declared order."""
        return self.territory.voisins(self.quartier.code)

    @cached_property
    def quartiers(self) -> tuple[Quartier, ...]:
        """The quarter and those beside it, in the declared order."""
        shown = {self.quartier.code, *(q.code for q in self.autres)}
        return tuple(q for q in self.territory.quartiers if q.code in shown)

    @property
    def parmi(self) -> str:
        """Which quarters these are, after « quartiers »: « du contrat », « de la commune »."""
        if not self.territory.vaste:
            return "du contrat"
        return "de la commune" if len(self.quartier.communes) == 1 else "des mêmes communes"

    @property
    def others(self) -> tuple[str, ...]:
        """The other quarters as the last of a perimeter, where there are some."""
        return (f"autres quartiers {self.parmi}",) if self.autres else ()

    @cached_property
    def noms(self) -> Mapping[str, str]:
        """Code → the name under which a quarter stands in figures, tables and lists, never that of another zone shown."""
        communes = {commune.code: commune.nom for commune in self.territory.communes}
        return tell_apart(self.quartiers, communes, [c.nom for c in self.comparateurs])

    @property
    def proches(self) -> tuple[Comparateur, ...]:
        """The comparators of every finding (communes, EPCI, all QPV); the wider ones only stand beside a level."""
        near = tuple(c for c in self.comparateurs if role_of(c) in PREFERENCE[:3])
        return near or self.comparateurs

    def serie(self, zone: str, indicateur: Indicateur) -> tuple[Observation, ...]:
        return self.observations.serie(zone, indicateur.id)

    def at(self, zone: str, indicateur: Indicateur, instant: Instant | None) -> Observation | None:
        return self.observations.at(zone, indicateur.id, instant)

    def moment(self, indicateur: Indicateur, instant: Instant, publication: int | None = None) -> str:
        """When a figure is true, to the day where the catalogue knows it: « 31/12/2021 », « 2018 », « publication 2019… »."""
        date = self.catalogue.exact_date(indicateur.id, publication) if publication and instant.etabli else ""
        return date or str(instant)

    def value(self, zone: str, indicateur: Indicateur, instant: Instant | None) -> Valeur:
        return as_value(self.at(zone, indicateur, instant), indicateur)

    def row_of_quarters(self, indicateur: Indicateur, instant: Instant | None) -> dict[str, Observation | None]:
        """zone → observation of the quarter and of those beside it, at one instant."""
        return {q.code: self.at(q.code, indicateur, instant) for q in self.quartiers}

    def by_preference(self) -> tuple[Comparateur, ...]:
        """All comparators in the order in which a title looks for one."""
        return preferred(self.comparateurs)

    # ------------------------------------------------------------------------------------------- lines under a figure

    def subtitle(self, indicateur: Indicateur, when: str) -> str:
        """Name, unit, denominator and year: « Taux d'emploi, en % (15-64 ans), 2018 »."""
        vowel = indicateur.unite[:1] in "aeéhiou"
        unit = _UNITES.get(indicateur.unite, f"nombre {'d’' if vowel else 'de '}{indicateur.unite}")
        of = f" ({indicateur.denominateur})" if indicateur.denominateur else ""
        name = indicateur.nom[:1].upper() + indicateur.nom[1:]
        return ", ".join(part for part in (name, unit + of, when) if part)

    def champ(self, indicateur: Indicateur, *zones: str) -> str:
        """Whom the figures are about, and in which perimeters."""
        places = ", ".join(zones)
        year = "".join(filter(str.isdigit, self.territory.geographie))
        who = f"{indicateur.champ[:1].upper()}{indicateur.champ[1:]}" if indicateur.champ else ""
        parts = (who, places, f"quartiers prioritaires dans leurs contours de {year}" if year else "")
        return " ; ".join(part for part in parts if part) + "."

    def source(self, rows: Iterable[Observation | None]) -> tuple[str, tuple[str, ...]]:
        """Producer, name, data years and files of all the figures shown: « Insee…, Filosofi 2014 et 2018 (REVN_2022.csv) »; the
        files apart where they are more than can be read in a line."""
        times: dict[str, set[Instant]] = {}
        names: dict[str, set[str]] = {}
        for row in rows:
            if row is not None and row.valeur is not None:
                times.setdefault(row.source, set()).add(row.instant)
                names.setdefault(row.source, set()).add(row.fichier.rsplit("/", 1)[-1])
        files = tuple(sorted({name for found in names.values() for name in found}))
        apart = len(files) > FICHIERS_MAXI

        def told(source: str) -> str:
            plural = "s" if len(names[source]) > 1 else ""
            among = "" if apart else f" (fichier{plural} {', '.join(sorted(names[source]))})"
            return f"{self._named(source)}, {when(times[source])}{among}"

        return " ; ".join(map(told, sorted(times))), files if apart else ()

    def _named(self, ident: str) -> str:
        source = self.catalogue.sources.get(ident)
        return source.nom if source else ident

    def cautions(
        self, indicateurs: Sequence[Indicateur], rows: Sequence[Observation | None], *more: str
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Finished sentences, each one once: all that apply (those of this comparison, ids in `more`, then the producer's notes and
        the indicators' own), and which of them are general."""
        shown = [row for row in rows if row is not None and row.valeur is not None]
        dated = {row.millesime for row in shown if row.millesime is not None}
        undated = len({row.publication for row in shown if row.millesime is None})
        own = [i for one in indicateurs for i in one.precautions if self.rules.applies(i, dated, undated)]
        here = [ident for ident in dict.fromkeys(more) if ident not in GENERALES]
        general = [ident for ident in dict.fromkeys([*own, *more]) if ident not in here]
        notes = [
            f"Le producteur signale un des chiffres par la note {note}, sans que son sens soit publié."
            for note in sorted({row.note for row in shown if row.note.strip("0 ")})
        ]
        folded = tuple(map(self._caution, general))
        return (*map(self._caution, here), *notes, *folded), folded

    def _caution(self, ident: str) -> str:
        own = self.rules.precautions
        return own[ident] if ident in own else self.catalogue.precautions[ident]

    def named(self, names: Sequence[str]) -> str:
        """These quarters by name; all of them at once where none is left out."""
        if len(names) > 2 and len(names) == len(self.quartiers):
            return f"Les {len(names)} quartiers"
        return enumerate_some(names)

    def missing_quarters(self, indicateur: Indicateur, instant: Instant) -> tuple[Manque, ...]:
        """What is not published for the other quarters, in one sentence per reason."""
        by_reason: dict[str, list[str]] = {}
        for quarter in self.autres:
            value = self.value(quarter.code, indicateur, instant)
            if not value.dite:
                by_reason.setdefault(value.statut, []).append(self.noms[quarter.code])
        return tuple(
            Manque(f"{enumerate_some(names)} : {_quoted(indicateur)} {instant.situe}, {reason(statut)}.", statut)
            for statut, names in sorted(by_reason.items())
        )

    def missing_comparators(self, indicateur: Indicateur, instant: Instant) -> tuple[Manque, ...]:
        """Comparators that have no figure at that instant: said, never replaced by another year."""
        absent = [c for c in self.comparateurs if not self.value(c.zone, indicateur, instant).dite]
        if not absent:
            return ()
        known = []
        for comparateur in absent:
            years = [row.instant.court for row in self.serie(comparateur.zone, indicateur) if row.valeur is not None]
            if years:
                known.append(f"{comparateur.nom} : {', '.join(years)}")
        text = f"{_quoted(indicateur)} : pas de chiffre {instant.situe} pour {enumerate_french(c.nom for c in absent)}"
        text += f" (il en existe d'autres moments : {' ; '.join(known)})" if known else ""
        return (Manque(f"{text}.", "non_disponible"),)

    # ------------------------------------------------------------------------------------------------- common shapes

    def zones_at(self, indicateur: Indicateur, instant: Instant | None) -> tuple[Serie, ...]:
        """The quarter, its comparators and the other quarters at one instant: one series per role."""
        nom = self.noms[self.quartier.code]
        series = [Serie(nom, "sujet", (Point(nom, self.value(self.quartier.code, indicateur, instant)),))]
        if indicateur.genre != "effectif":
            series += [
                Serie(c.nom, role_of(c), (Point(c.nom, self.value(c.zone, indicateur, instant)),))
                for c in self.comparateurs
                if self.value(c.zone, indicateur, instant).valeur is not None
            ]
        points = tuple(Point(self.noms[q.code], self.value(q.code, indicateur, instant)) for q in self.autres)
        if points:
            series.append(Serie(f"Autres quartiers {self.parmi}", "autre", points))
        return tuple(series)

    def finding(
        self,
        declare: ConstatDeclare,
        message: Message,
        indicateurs: Sequence[Indicateur],
        rows: Sequence[Observation | None],
        *,
        sous_titre: str,
        figure: Figure | None,
        table: Table | None,
        lecture: Message | None,
        champ: str,
        precautions: Sequence[str] = (),
        manques: Sequence[Manque] = (),
        poids: float = 0.0,
    ) -> Finding:
        """A finding of this quarter under its stable number."""
        precautions, generales = self.cautions(indicateurs, rows, *precautions)
        source, files = self.source(rows)
        examples = any(
            fnmatch(row.fichier, pattern) for row in rows if row is not None for pattern in self.territory.exemples
        )
        return Finding(
            id=f"{self.quartier.code}-{declare.numero}",
            section=declare.section,
            question=declare.question,
            message=message,
            sous_titre=sous_titre,
            figure=figure,
            table=table,
            lecture=lecture,
            champ=champ,
            source=source,
            precautions=precautions,
            manques=tuple(dict.fromkeys(manques)),
            poids=round(poids, 6),
            exemple=examples,
            generales=generales,
            fichiers=files,
        )

    def nothing(
        self, declare: ConstatDeclare, indicateurs: Sequence[Indicateur], statut: str = "non_disponible"
    ) -> Finding:
        """The finding where nothing at all is published, for anyone: no figure, no table, and it says so."""
        indicateur = indicateurs[0]
        return self.finding(
            declare,
            Message(
                "quartier.rien", {"indicateur": indicateur.id, "nom": indicateur.nom, "quartier": self.quartier.nom}
            ),
            indicateurs,
            (),
            sous_titre=self.subtitle(indicateur, ""),
            figure=None,
            table=None,
            lecture=None,
            champ=self.champ(indicateur, self.quartier.nom),
            manques=[Manque(f"{_capital(_quoted(one))} : {reason(statut)}.", statut) for one in indicateurs],
        )


def when(instants: Iterable[Instant]) -> str:
    """« 2014 et 2018 », « 2014 à 2019 » (no gap), « publication 2019 (année des données non établie) »."""
    instants = tuple(instants)
    dated = sorted({i.annee for i in instants if i.etabli})
    files = sorted({i.annee for i in instants if not i.etabli})
    parts = []
    if len(dated) > 2 and dated[-1] - dated[0] == len(dated) - 1:
        parts.append(f"{dated[0]} à {dated[-1]}")
    elif dated:
        parts.append(enumerate_french(str(year) for year in dated))
    if files:
        plural = "s" if len(files) > 1 else ""
        parts.append(f"publication{plural} {enumerate_french(map(str, files))} (année des données non établie)")
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


def _quoted(indicateur: Indicateur) -> str:
    return f"« {indicateur.nom} »"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
