"""Findings about time: what changed (`evolution`) in a quarter, or in each of them between the years that most share.

Owns what is drawn over the years and the message; what may be compared is decided in `measure`. A refused comparison is a
finding too: it shows what is published and says why no change is measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

from cvanalysis.constat.make import serie
from cvanalysis.constat.shape import Figure, Finding, Message, Table, Valeur, word
from cvanalysis.files.keys import grouped
from cvanalysis.indicateurs.context import Zone, preferred, reason, when
from cvanalysis.indicateurs.measure import (
    Convergence,
    Evolution,
    attempt,
    choose_pair,
    confirm,
    in_euros_of,
    measure_evolution,
    unit_of_difference,
)
from cvanalysis.indicateurs.niveau import Niveau
from cvanalysis.indicateurs.observation import Observation, as_value
from cvanalysis.indicateurs.question import Question, axis
from cvanalysis.indicateurs.ranking import draw_classes, standout
from cvanalysis.textes import label, labels

Change = Evolution | Convergence


class OverTime(Question):
    """What changes and changes of gaps share: one's own series, and what is said where nothing may be measured."""

    dated = False

    @cached_property
    def own(self) -> tuple[Observation, ...]:
        return self.ctx.serie(self.code, self.indicateur)

    @property
    def absent(self) -> Valeur:
        return Valeur(None, "non_disponible", self.indicateur.unite, self.indicateur.decimales)

    def of_one(self) -> Finding:
        return self.measured() if any(row.valeur is not None for row in self.own) else self._unpublished()

    def _unpublished(self) -> Finding:
        """Nothing published for this quarter: the other quarters' figures aren't drawn in its place."""
        if not self.own:
            return self.nothing()
        # The absence, said of the question asked: not « what is it » but « did it change », « does it come closer ».
        values = self.absence(self.own[-1].instant).valeurs
        return self.nothing(reason(self.own[-1].statut), f"quartier.absent_{self.declare.genre}", **values)

    def refused(self, raison: str, manques: Sequence[str] = ()) -> Finding:
        """What is published, one bar per figure and never a line, and why no change is measured."""
        ctx, one = self.ctx, self.indicateur
        shown = [row for row in self.own if row.valeur is not None]
        sure = [row for row in shown if row.dite]
        said = {"raison": raison, "dernier": bool(sure and sure[-1] == shown[-1])}
        values = self.basics((sure or shown)[-1].instant) | said
        # A figure known to the day says so: « 2021 » beside « publ. 2021 » would be read as the same year.
        bars = [
            (ctx.moment(one, r.instant) if r.instant.etabli else r.instant.court, as_value(r, one)) for r in self.own
        ]
        lines = tuple((word(ctx.moment(one, row.instant)), as_value(row, one)) for row in self.own)
        return self.finding(
            Message(f"quartier.{'evolution_refusee' if self.declare.genre == 'evolution' else 'ecart_refuse'}", values),
            self.own,
            sous_titre=ctx.subtitle(one, when(row.instant for row in shown)),
            figure=Figure("barres", axis(one), (serie(ctx.sujet.nom, "sujet", bars),)),
            table=self._years((ctx.sujet.nom,), lines),
            lecture=Message("quartier.lecture_seul", self.basics(shown[-1].instant)),
            manques=[self.lack("evolution", raison=raison), *manques],
        )

    def _years(self, noms: Sequence[str], lines: tuple[tuple[Valeur, ...], ...]) -> Table:
        legende = f"{self.ctx.subtitle(self.indicateur)} : {self.ctx.quartier.nom}"
        return Table((*labels("quartier.evolution.colonnes"), *noms), lines, legende)

    def cuts(self, source: str, years: Sequence[int]) -> tuple[str, ...]:
        """Labels before which lines are cut: the first year drawn after each break that falls between two drawn years."""
        rule = self.ctx.rules.of(source)
        return tuple(str(after) for before, after in pairwise(years) if rule.crossed(before, after))

    def standing(self, change: Change, measure: Callable[[str], Change]) -> float:
        """How far a change stands from those of the other quarters between the same moments."""
        others = (attempt(measure, quarter.code)[0] for quarter in self.ctx.voisins)
        return standout(change.variation, [o.variation for o in others if o is not None and o.span == change.span])

    def followed(self, measure: Callable[[str], Change]) -> tuple[dict[Zone, Change], dict[str, list[str]]]:
        """The change of each quarter between the two moments that most of them share, and the names of the others by reason."""
        tried = {zone: attempt(measure, zone.code) for zone in self.ctx.voisins}
        spans = [change.span for change, _ in tried.values() if change]
        common = max(dict.fromkeys(spans), key=spans.count, default=None)
        found = {zone: change for zone, (change, _) in tried.items() if change and change.span == common}
        others = label("synthese.autres_annees")
        return found, grouped((why or others, zone.nom) for zone, (_, why) in tried.items() if zone not in found)

    def unmeasured(self, refused: Mapping[str, Sequence[str]]) -> list[str]:
        """The quarters whose change is not measured, by reason."""
        key, nom = f"synthese.manque.{self.declare.genre}", self.indicateur.nom
        return [label(key, noms=self.ctx.named(names), nom=nom, raison=text) for text, names in refused.items()]


class Evolutions(OverTime):
    """`evolution`: what changed between two years that may be compared."""

    def measured(self) -> Finding:
        ctx, one = self.ctx, self.indicateur
        change, why = attempt(self._measure, self.code)
        if change is None:
            return self.refused(why)
        # Comparators between exactly the same two years, the one that a sentence prefers first.
        reperes = [(c, other) for c in preferred(ctx.proches) if (other := self._between(change, c.code)) is not None]
        there = [c for c, _ in reperes]
        zones = {
            zone: [row for row in self.dated(zone) if row.source == change.avant.source]
            for zone in (ctx.sujet, *(c for c in ctx.proches if c in there))
        }
        # A figure without a year is in no line; where it is the newest one the page shows it elsewhere, and it is found here too.
        undated = [row for row in self.own if row.dite and row.millesime is None and not change.deflateur]
        values, indexed = self._values(change, reperes), self.effectif and bool(there)
        newer = [row for row in undated if row.instant.vers > change.apres.instant.vers]
        values["recent"], values["publication"] = (
            (as_value(newer[-1], one), newer[-1].instant.situe) if newer else ("", "")
        )
        drawn = {zone: self.drawn(rows, change, indexed=indexed) for zone, rows in zones.items()}
        told = {zone.nom: self.drawn(rows) for zone, rows in zones.items()}
        if change.deflateur:
            nominal = label("quartier.evolution.courants", nom=ctx.sujet.nom), told[ctx.sujet.nom]
            name = "quartier.evolution.constants"
            real = [(label(name, nom=zone.nom, annee=change.prix), found) for zone, found in drawn.items()]
            told = dict((real[0], nominal, *real[1:]))
        years = sorted({year for found in told.values() for year in found})
        lines = tuple((word(str(year)), *(found.get(year, self.absent) for found in told.values())) for year in years)
        none = [self.absent] * (len(told) - 1)
        lines += tuple((word(self._moment(row)), as_value(row, one), *none) for row in undated)
        return self.finding(
            Message(f"quartier.evolution_{'incertaine' if change.contredit else change.sens}", values),
            [row for rows in zones.values() for row in rows],
            sous_titre=ctx.subtitle(one, when(row.instant for row in self.dated(ctx.sujet))),
            figure=self._lines(drawn, years, change, change.avant.millesime if indexed else None),
            table=self._years(list(told), lines),
            lecture=Message("quartier.lecture_evolution", values),
            champ=ctx.champ(one, ctx.quartier.nom, *(c.nom for c in there)),
            precautions=(*change.precautions, "mobilite"),
            manques=self.beside_none(
                "annees",
                [c for c in ctx.proches if c not in there],
                ctx.proches,
                avant=change.span[0],
                apres=change.span[1],
            ),
            poids=0.0 if change.contredit else self.standing(change, lambda zone: self._between(change, zone)),
        )

    def dated(self, zone: Zone) -> list[Observation]:
        return [row for row in self.ctx.serie(zone.code, self.indicateur) if row.millesime is not None]

    def drawn(
        self, rows: Sequence[Observation], change: Evolution | None = None, *, indexed: bool = False
    ) -> dict[int, Valeur]:
        """Year → figure of one zone: amounts in euros of the last year of a change; `indexed`, counts in base 100 of its first year."""
        if indexed:
            return index(rows, next((row for row in rows if change and row.instant == change.span[0]), None))
        prices = change.prix if change else None
        return {row.millesime: as_value(in_euros_of(row, prices, self.ctx.rules), self.indicateur) for row in rows}

    def _measure(self, zone: str) -> Evolution:
        ctx, one = self.ctx, self.indicateur
        rows, fin, seuils = ctx.serie(zone, one), ctx.territory.fin, ctx.territory.seuils
        change = measure_evolution(one, *choose_pair(rows, ctx.territory.debut, fin, ctx.rules), seuils, ctx.rules)
        return confirm(change, one, rows, fin, seuils, ctx.rules)

    def _between(self, change: Evolution, zone: str) -> Evolution | None:
        """The change of another zone between the two instants of `change`; None where it may not be measured."""
        avant, apres = (self.ctx.at(zone, self.indicateur, instant) for instant in change.span)
        if avant is None or apres is None:
            return None
        return attempt(measure_evolution, self.indicateur, avant, apres, self.ctx.territory.seuils, self.ctx.rules)[0]

    def _change(self, change: Evolution) -> dict[str, object]:
        against = change.contredit or ()
        return {
            "avant": as_value(change.avant, self.indicateur),
            "nombre_avant": replace(as_value(change.avant, self.indicateur), unite=""),
            "apres": as_value(change.apres, self.indicateur),
            "annee_avant": self._moment(change.avant),
            "annee_apres": self._moment(change.apres),
            "ecart": change.taille,
            "sens": change.sens,
            "tolerance": Valeur(change.seuil, unite=change.unite, decimales=1),
            "temoin": " et ".join(map(str, against[:2])),
            "sens_temoin": "".join(against[2:]),
            "nominale": Valeur(change.nominale, unite=change.unite, decimales=1),
            "sens_signe": _sign(change),
            "constants": change.deflateur is not None,
            "prix": Valeur(100 * ((change.deflateur or 1.0) - 1), unite="%", decimales=1),
        }

    def _moment(self, row: Observation) -> str:
        """To the day where that is established."""
        return self.ctx.catalogue.exact_date(self.indicateur.id, row.publication, row.millesime) or str(row.instant)

    def _values(self, change: Evolution, reperes: Sequence[tuple[Zone, Evolution]]) -> dict[str, object]:
        one = self.indicateur
        values = self.basics(change.apres.instant) | self._change(change)
        values["unite_ecart"], values["repere"] = change.unite, ""
        values["difference"] = Valeur(abs(change.absolue), unite=unit_of_difference(one), decimales=one.decimales)
        if reperes:
            comparateur, other = reperes[0]
            values |= {"repere": comparateur.nom, "role": comparateur.role}
            values |= {"ecart_repere": other.taille, "sens_repere": other.sens, "signe_repere": _sign(other)}
        return values

    # ------------------------------------------------------------------------------------------------- all the quarters

    def of_all(self) -> Finding:
        """Small multiples: one panel per quarter in the declared order, and how many rise, fall, are stable."""
        ctx, one = self.ctx, self.indicateur
        found, refused = self.followed(self._measure)
        if not found:
            why = max(refused, key=lambda raison: len(refused[raison]), default=label("commun.refus.aucun_chiffre"))
            return self._last_figures(why, self.unmeasured(refused))
        first, change = next(iter(found.items()))
        said = self.summary(tuple(found)) | self._change(change)
        said |= {sens: sum(e.sens == sens for e in found.values()) for sens in ("hausse", "baisse", "stable")}
        unsure = [e.sens for e in found.values() if e.contredit]
        said |= {f"{sens}_incertaine": unsure.count(sens) for sens in ("hausse", "baisse", "stable")}
        bounds = [e.seuil for e in found.values() if e.sens == "stable"] or [change.seuil]
        for name, bound in (("borne_basse", min(bounds)), ("borne_haute", max(bounds))):
            said[name] = Valeur(round(bound, 1), unite=change.unite, decimales=1)
        said |= {"quartier": first.nom, "non_mesures": said["total"] - len(found)}
        rows = [row for zone in ctx.voisins for row in self.dated(zone)]
        shown = [row for row in rows if row.valeur is not None]
        years = sorted({row.millesime for row in shown})
        return self.finding(
            Message("synthese.evolution", said),
            rows,
            sous_titre=ctx.subtitle(one, when(row.instant for row in shown)),
            figure=self._panels(found, years),
            table=self._changes(found, years),
            lecture=Message("synthese.lecture_evolution", said),
            manques=self.unmeasured(refused),
            precautions=[*(p for e in found.values() for p in e.precautions), "mobilite"],
        )

    def _last_figures(self, raison: str, manques: Sequence[str]) -> Finding:
        """A change that may not be measured anywhere: the last published figures are shown, and the reason is the title."""
        shown = Niveau(self.ctx, self.declare).find()
        if shown.figure is None:
            return shown
        message = Message("synthese.evolution_refusee", {**shown.message.valeurs, "raison": raison})
        return replace(shown, message=message, manques=(*manques, *shown.manques))

    def _changes(self, found: Mapping[Zone, Evolution], years: Sequence[int]) -> Table:
        money, prices = self.indicateur.genre == "montant", next(iter(found.values())).prix
        heads = [
            f"{year} ({label('commun.euros_de', unite='€', annee=prices)})" if prices else str(year) for year in years
        ]

        def cells(zone: Zone) -> tuple[Valeur, ...]:
            change = found.get(zone)
            own = self.drawn(self.dated(zone), next(iter(found.values())))
            key = "span_incertain" if change and change.contredit else "span"
            span = label(f"synthese.evolution.{key}", avant=change.span[0], apres=change.span[1]) if change else ""
            # a doubtful figure is not a missing one
            unsure = (row.statut for row in self.dated(zone)[::-1] if not row.dite)
            none = Valeur(None, next(unsure, "non_disponible"), "points", 1)
            nominal = Valeur(change.nominale, unite=change.unite, decimales=1) if change else none
            return (
                *(own.get(year, self.absent) for year in years),
                change.valeur if change else none,
                *((nominal,) if money else ()),
                word(span or label("synthese.evolution.non_mesuree")),
            )

        before, *after = labels(f"synthese.evolution.{'colonnes_euros' if money else 'colonnes'}")
        ordered = sorted(found, key=lambda zone: (found[zone].variation, zone.code))
        return self.by_quarter((before, *heads, *after), cells, ordered, self.ctx.subtitle(self.indicateur))

    def _panels(self, found: Mapping[Zone, Evolution], years: Sequence[int]) -> Figure:
        ctx, one = self.ctx, self.indicateur
        change = next(iter(found.values()))
        if ctx.territory.vaste:
            axe = label("synthese.evolution.axe", nom=one.nom)
            return draw_classes(axe, [e.variation for e in found.values()], change.unite)
        # Quarters are of unequal size: on one axis of counts only the largest would be seen to change.
        drawn = {
            zone: self.drawn(self.dated(zone), found.get(zone) if self.effectif else change, indexed=self.effectif)
            for zone in ctx.voisins
        }
        return self._lines(drawn, years, change, change.avant.instant if self.effectif else None)

    def _lines(
        self, drawn: Mapping[Zone, Mapping[int, Valeur]], years: Sequence[int], change: Evolution, base: object
    ) -> Figure:
        """Lines over the data years, cut at the declared breaks: one panel per quarter where it is about all."""
        ctx = self.ctx
        return Figure(
            "lignes",
            axis(self.indicateur, base, change.prix),
            tuple(
                serie(zone.nom, zone.role, ((str(year), found.get(year, self.absent)) for year in years))
                for zone, found in drawn.items()
            ),
            # A base of 100 is read against 100: a zero would leave three quarters of each panel empty.
            zero=self.effectif and not ctx.tous,
            ruptures=self.cuts(change.avant.source, years),
            facettes=ctx.tous,
        )


def index(rows: Sequence[Observation], base: Observation | None) -> dict[int, Valeur]:
    """Year → counts in base 100 of the year of `base`, none where that is not known; a year that has none keeps the reason of its table
    (secret, suspect…)."""
    return {
        row.millesime: Valeur(100 * row.valeur / base.valeur, decimales=1)
        if row.dite and base
        else Valeur(None, "sans_objet" if row.dite else row.statut)
        for row in rows
        if row.millesime is not None
    }


def _sign(change: Evolution) -> str:
    return "+" if change.variation > 0 else "\u2212" if change.variation < 0 else ""
