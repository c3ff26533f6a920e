"""Findings about what a whole is made of (`structure`: ages, sources of income, families, job seekers by duration or diploma), and those
that set two figures side by side (`paires`: women and all, women and men).

Owns shares: published ones as they are, or numerators that add divided by their published total; the difference of two rates and the
share of women in two counts that add. Refuses shares of parts that do not add up to their whole, and to guess a part from the others:
where men are not published, they are not deduced from women and the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from cvanalysis.catalogue import ConstatDeclare, Indicateur
from cvanalysis.constat.make import serie
from cvanalysis.constat.shape import Figure, Finding, Message, Role, Table, Valeur, word
from cvanalysis.french import capital, enumerate_french, number
from cvanalysis.indicateurs.context import Contexte, Zone, reason
from cvanalysis.indicateurs.observation import Instant
from cvanalysis.indicateurs.question import Question, axis, short, whole
from cvanalysis.indicateurs.ranking import draw_classes, enough, rank, standout
from cvanalysis.textes import label, labels

DESSINES = 20
"""Other quarters up to which each has its row in the figure; more of them are in the table only."""
JEU_RELATIF = 0.02
"""How much the parts may exceed their total before they are said not to add (roundings to 5, small secrets)."""


@dataclass(frozen=True, slots=True)
class Composition:
    """A whole of one zone at one instant: `parts` are shares in %, in the declared order, absent ones with their reason."""

    parts: tuple[Valeur, ...]
    effectifs: tuple[Valeur, ...] = ()
    total: Valeur | None = None
    coherente: bool = True


class Structure(Question):
    """`structure`: the shares of a whole in a quarter, beside those of its comparators at the same instant."""

    ensemble = False

    def __init__(self, ctx: Contexte, declare: ConstatDeclare) -> None:
        super().__init__(ctx, declare)
        # The whole is the first indicator declared, where counts are declared; the others are its parts.
        self.total = self.indicateur if self.effectif else None
        self.parts = self.indicateurs[1:] if self.effectif else self.indicateurs

    @cached_property
    def instant(self) -> Instant | None:
        """The last instant at which most parts are published for the quarter, else the last known of any quarter."""
        for zones in ([self.code], [q.code for q in self.ctx.quartiers]):
            instants = {i for one in self.indicateurs for i in self.ctx.observations.instants(zones, one.id)}
            if instants:
                known = {i: sum(self.ctx.value(self.code, one, i).dite for one in self.indicateurs) for i in instants}
                return max(instants, key=lambda i: (known[i], i.annee, i.etabli))
        return None

    def compose(self, zone: str) -> Composition:
        """Shares of a zone. With a `total`, parts are counts and each share is a published count over the published total."""
        values = tuple(self.ctx.value(zone, part, self.instant) for part in self.parts)
        if self.total is None:
            return Composition(values)
        whole = self.ctx.value(zone, self.total, self.instant)

        def unknown(statut: str, *, coherente: bool = True) -> Composition:
            return Composition(tuple(Valeur(None, statut, "%", 1) for _ in values), values, whole, coherente)

        if not whole.dite or whole.valeur <= 0:
            return unknown(whole.statut if not whole.dite else "sans_objet")
        known = sum(value.valeur for value in values if value.dite)
        if not all(part.additif for part in self.parts) or known > whole.valeur * (1 + JEU_RELATIF):
            return unknown("suspect", coherente=False)
        shares = tuple(Valeur(100 * v.valeur / whole.valeur if v.dite else None, v.statut, "%", 1) for v in values)
        return Composition(shares, values, whole)

    def of_one(self) -> Finding:
        ctx, own = self.ctx, self.compose(self.code)
        near = {zone: self.compose(zone.code) for zone in ctx.proches}
        zones = {ctx.sujet: own} | {zone: found for zone, found in near.items() if any(p.dite for p in found.parts)}
        others = [self.compose(quarter.code) for quarter in ctx.voisins]
        known = [n for n, part in enumerate(own.parts) if part.dite]
        largest = max(known, key=lambda n: own.parts[n].valeur, default=0)
        beside = (other.parts[largest] for other in others if known)
        message = self._message(own, others)
        absent = [zone for zone in near if zone not in zones]
        words = {"question": self.declare.question, "quand": self.instant.situe}
        manques = [manque for one in self.indicateurs for manque in ctx.missing(one, self.instant)]
        manques += self.beside_none("structure", absent, ctx.proches, **words)
        return self.finding(
            message,
            [ctx.at(zone.code, one, self.instant) for zone in zones for one in self.indicateurs],
            sous_titre=self._subtitle(),
            figure=self._figure(zones),
            table=self._table(zones),
            lecture=Message("quartier.lecture_structure", message.valeurs) if "premiere" in message.valeurs else None,
            champ=ctx.champ(self.parts[0], *(zone.nom for zone in zones)),
            precautions=("parts_calculees",) if self.total is not None and own.coherente else (),
            manques=manques,
            poids=standout(own.parts[largest].valeur, [part.valeur for part in beside if part.dite]),
        )

    def _message(self, own: Composition, others: Sequence[Composition]) -> Message:
        shares = list(zip(self.parts, own.parts, strict=True))
        known = [(part, share) for part, share in shares if share.dite]
        ranked = sorted(known, key=lambda found: (-self._by_year(*found).valeur, found[0].id))
        values = self.basics() | {
            "cle": self.parts[0].groupe or self.indicateur.id,
            "parts": {part.id: share for part, share in shares},
            "manquantes": sum(not part.dite for part in own.parts),
            "nb_parts": len(shares),
        }
        if not own.coherente:
            return Message("quartier.structure_incoherente", values)
        if len(ranked) < 2:
            absent = next((part.statut for part in own.parts if not part.dite), "non_disponible")
            return Message("quartier.structure_absente", {**values, "raison": reason(absent)})
        (first, share), (second, next_share) = ranked[:2]
        told = [number(self._by_year(*one).valeur, one[1].decimales) for one in ranked]
        values["egales"] = told[0] == told[1]
        alike = [short(part) for (part, _), one in zip(ranked, told, strict=True) if one == told[1] and part != first]
        beside = {str(n): other.parts[self.parts.index(first)] for n, other in enumerate(others)}
        place = rank(self.code, beside | {self.code: share})
        values["place"] = place.dit("part") if place else ""
        values |= {"premiere": short(first), "part_premiere": share}
        values |= {"deuxieme": enumerate_french(alike), "part_deuxieme": next_share}
        values |= {"par_an_premiere": self._by_year(first, share), "par_an_deuxieme": self._by_year(second, next_share)}
        return Message(f"quartier.structure{'_partielle' if values['manquantes'] else ''}", values)

    def _by_year(self, part: Indicateur, share: Valeur) -> Valeur:
        """The share by year of age: a class of more years is not larger for that; the share itself where it is no class of ages."""
        width = self.ctx.rules.largeurs.get(part.id, 1)
        return share if share.valeur is None else replace(share, valeur=share.valeur / width)

    def _figure(self, zones: Mapping[Zone, Composition]) -> Figure:
        """Shares of one whole side by side; bars where a share is below zero (taxes), which no whole can hold."""
        kind = "total" if self.total else "seul"
        axe, names = label(f"quartier.structure.axe_{kind}", nom=self.indicateur.nom), [short(p) for p in self.parts]
        if any((part.valeur or 0) < 0 for found in zones.values() for part in found.parts):
            series = (serie(z.nom, z.role, zip(names, found.parts, strict=True)) for z, found in zones.items())
            return Figure("barres", axe, tuple(series))
        series = (
            serie(name, "part", ((zone.nom, found.parts[position]) for zone, found in zones.items()))
            for position, name in enumerate(names)
        )
        return Figure("parts", axe, tuple(series))

    def _table(self, zones: Mapping[Zone, Composition]) -> Table:
        """One line per part and one column per zone; where there is a whole, the quarter's counts beside its shares, and their total."""
        own, *others = zones.values()
        counts = [[count] for count in own.effectifs] or [[] for _ in self.parts]
        lines = [
            (word(short(part)), own.parts[position], *counts[position], *(found.parts[position] for found in others))
            for position, part in enumerate(self.parts)
        ]
        first, *names = (zone.nom for zone in zones)
        columns = [*labels("quartier.structure.colonnes", quartier=first), *names]
        if self.total is None:
            del columns[2]
        else:
            blank = Valeur(None, "sans_objet")
            lines.append((word(label("commun.personnes.sujet")), blank, own.total, *[blank] * len(others)))
        if self.parts[0].id in self.ctx.rules.largeurs:
            columns.append(label("quartier.structure.par_annee", quartier=first))
            by_year = [self._by_year(part, share) for part, share in zip(self.parts, own.parts, strict=True)]
            lines = [(*line, more) for line, more in zip(lines, [*by_year, blank], strict=True)]
        return Table(tuple(columns), tuple(lines), self._subtitle())

    def _subtitle(self) -> str:
        denominator = self.parts[0].denominateur
        kind = "total" if self.total else "denominateur" if denominator else "seul"
        return label(
            f"quartier.structure.sous_titre_{kind}",
            nom=capital(self.indicateur.nom),
            denominateur=denominator,
            quand=self.ctx.moment(self.indicateur, self.instant),
        )


class Paires(Question):
    """`paires`: two indicators at one instant, in the quarter and what it is set beside, or in each quarter."""

    def __init__(self, ctx: Contexte, declare: ConstatDeclare) -> None:
        super().__init__(ctx, declare)
        self.first, self.second = self.indicateurs
        # What a pair is about: the indicator of all, where `first` is that of women.
        self.about = whole(ctx, self.first)

    def pair(self, zone: str) -> tuple[Valeur, Valeur]:
        return self.value(zone), self.ctx.value(zone, self.second, self.instant)

    def measure(self, zone: str) -> Valeur:
        """Rates: second minus first, in points. Counts: share of the first in both, where both are published."""
        a, b = self.pair(zone)
        unit = "%" if self.effectif else "points"
        for value in (a, b):
            if not value.dite:
                return Valeur(None, value.statut, unit, 1)
        if not self.effectif:
            return Valeur(round(b.valeur - a.valeur, 9), unite=unit, decimales=min(a.decimales, b.decimales))
        both = a.valeur + b.valeur
        return Valeur(100 * a.valeur / both if both else None, "publié" if both else "sans_objet", unit, 1)

    @cached_property
    def subtitle(self) -> str:
        return self.ctx.subtitle(self.about, self.ctx.moment(self.first, self.instant))

    def _figure(self, zones: Sequence[Zone], sujet: str = "") -> Figure:
        series = tuple(
            serie(_name(one), _role(one), ((zone.nom, self.pair(zone.code)[position]) for zone in zones))
            for position, one in enumerate(self.indicateurs)
        )
        return Figure("paires", axis(self.about), series, sujet=sujet)

    def _columns(self, page: str) -> tuple[str, ...]:
        year = self.instant.court
        words = {
            "premier": f"{short(self.first)}, {year}",
            "second": f"{short(self.second)}, {year}",
            "premier_min": _name(self.first).lower(),
            "second_min": _name(self.second).lower(),
        }
        return labels(f"{page}.paires.{'effectifs' if self.effectif else 'taux'}", **words)

    def of_one(self) -> Finding:
        ctx, own = self.ctx, self.measure(self.code)
        reperes = () if self.effectif else tuple(zone for zone in ctx.reperes if self.value(zone.code).dite)
        zones = (ctx.sujet, *reperes, *ctx.voisins)
        manques = [*self.missing_own(self.first), *self.missing_own(self.second)]
        if not self.effectif and not self.first.hommes:
            manques.append(self.lack("hommes"))
        values = self.basics() | {
            "nom_second": self.second.nom,
            "nom_tous": self.about.nom,
            "second": self.pair(self.code)[1],
            "effectifs": self.effectif,
            "tolerance": self._tolerance(self.code),
            "mesure": own if own.valeur is None else replace(own, valeur=abs(own.valeur)),
        }
        others = [self.measure(zone.code) for zone in ctx.voisins]
        lines = tuple((word(zone.nom), *self.pair(zone.code), self.measure(zone.code)) for zone in zones)
        return self.finding(
            self._message(own, values),
            [ctx.at(zone.code, one, self.instant) for zone in zones for one in self.indicateurs],
            sous_titre=self.subtitle,
            figure=self._figure(zones if len(ctx.voisins) <= DESSINES else (ctx.sujet, *reperes), ctx.sujet.nom),
            table=Table(self._columns("quartier"), lines, self.subtitle),
            lecture=Message("quartier.lecture_paires", values) if own.dite else None,
            champ=ctx.champ(self.first, *(zone.nom for zone in (ctx.sujet, *reperes)), *ctx.others),
            precautions=("effectif",) if self.effectif else (),
            manques=manques,
            poids=standout(own.valeur, [other.valeur for other in others if other.dite]) if own.dite else 0.0,
        )

    def _tolerance(self, zone: str) -> Valeur:
        """Below it two rates are close; two counts are so where their share of women is as near to a half as chance would have it."""
        if not self.effectif:
            return self.tolerance()
        people = sum(value.valeur or 0 for value in self.pair(zone))
        near = max(2 * self.ctx.territory.seuils.stable_points, 50 / people**0.5 if people else 0.0)
        return Valeur(near, unite="points", decimales=1)

    def _message(self, own: Valeur, values: dict[str, object]) -> Message:
        if any(value.statut == "suspect" for value in self.pair(self.code)):
            return Message("quartier.paires_suspect", values)
        if missing := [told for one in reversed(self.indicateurs) if (told := self.absence(indicateur=one))]:
            # Of counts, both unknown, neither is said alone: it would be read that the other is known.
            both = {"nom": self.about.nom} if self.effectif and len(missing) > 1 else {}
            return Message(missing[0].gabarit, {**missing[0].valeurs, **both})
        if not own.dite:
            return Message("quartier.niveau_seul", values)
        middle, near = 50 if self.effectif else 0, values["tolerance"].valeur
        close, above, below = ("moitie", "majorite", "minorite") if self.effectif else ("proche", "dessus", "dessous")
        kind = close if abs(own.valeur - middle) < near else above if own.valeur > middle else below
        return Message(f"quartier.paires_{kind}", values)

    def of_all(self) -> Finding:
        ctx = self.ctx
        measures = {zone: self.measure(zone.code) for zone in ctx.voisins}
        published = [zone for zone in measures if measures[zone].dite]
        known = sorted(published, key=lambda zone: (measures[zone].valeur, zone.nom))
        mini = ctx.territory.seuils.rang_mini
        several = len(known) > 1 and (ctx.territory.vaste or enough(len(known), len(measures), mini))
        said = self._summary(known, measures)
        if ctx.territory.vaste and known:
            what = label(f"synthese.paires.axe_{'effectifs' if self.effectif else 'taux'}", nom=self.about.nom)
            figure = draw_classes(what, [measures[zone].valeur for zone in known], measures[known[0]].unite)
        else:
            figure = self._figure(ctx.voisins)
        kind = f"paires_{'effectifs' if self.effectif else 'taux'}" if several else "niveau_peu"
        if not several and not self.effectif:  # it is the second rate that the other question does not tell
            said["nom"] = self.second.nom
        return self.finding(
            Message(f"synthese.{kind}", said),
            [ctx.at(zone.code, one, self.instant) for zone in ctx.voisins for one in self.indicateurs],
            sous_titre=self.subtitle,
            figure=figure,
            table=self.by_quarter(
                self._columns("synthese"), lambda zone: (*self.pair(zone.code), measures[zone]), known, self.subtitle
            ),
            lecture=Message("synthese.lecture_paires", said) if several else None,
            manques=[manque for one in self.indicateurs for manque in ctx.missing(one, self.instant)],
        )

    def _summary(self, known: Sequence[Zone], measures: dict[Zone, Valeur]) -> dict[str, object]:
        said = self.summary(known) | {
            "nom_second": self.second.nom,
            "nom_tous": self.about.nom,
            "effectifs": self.effectif,
            "annee": self.ctx.moment(self.first, self.instant),
        }
        if len(known) > 1:
            low, high = known[0], known[-1]
            said |= {"bas": low.nom, "mesure_bas": measures[low]}
            said |= {"haut": high.nom, "mesure_haut": measures[high]}
            said["tolerance"] = near = self.tolerance()  # that of two rates
            said["negatifs"] = sum(measures[q].valeur <= -near.valeur for q in known)
            said["proches"] = sum(abs(measures[q].valeur) < near.valeur for q in known)
            said["premier"], said["second"] = self.pair(low.code)
            # Of the women's figures alone, those beside a doubtful one of all included.
            women = {zone: value for zone in measures if (value := self.pair(zone.code)[1]).dite}
            least, most = (pick(women, key=lambda zone: (women[zone].valeur, zone.nom)) for pick in (min, max))
            said |= {"femmes_bas": least.nom, "taux_bas": women[least], "femmes_publies": len(women)}
            said |= {"femmes_haut": most.nom, "taux_haut": women[most]}
        return said


def _role(indicateur: Indicateur) -> Role:
    return "femmes" if indicateur.id.endswith("_femmes") else "hommes" if indicateur.id.endswith("_hommes") else "sujet"


def _name(indicateur: Indicateur) -> str:
    return label(f"commun.personnes.{_role(indicateur)}")
