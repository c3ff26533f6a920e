"""Findings that set two figures side by side (`paires`): women and all, women and men.

Owns the difference of two rates and the share of women in two counts that add. Where men are not published, they are not deduced
from women and the whole.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cvanalysis.constat.make import serie
from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Role, Table, Valeur, word
from cvanalysis.indicateurs.context import Contexte, Zone
from cvanalysis.indicateurs.distribution import draw_classes
from cvanalysis.indicateurs.question import Question, axis
from cvanalysis.indicateurs.ranking import standout
from cvanalysis.textes import label, labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur


DESSINES = 20
"""Other quarters up to which each has its row in the figure; more of them are in the table only."""


class Paires(Question):
    """`paires`: two indicators at one instant, in the quarter and what it is set beside, or in each quarter."""

    def __init__(self, ctx: Contexte, declare: ConstatDeclare) -> None:
        super().__init__(ctx, declare)
        self.first, self.second = self.indicateurs
        # What a pair is about: the indicator of all, where `first` is that of women.
        everything = ctx.catalogue.indicateurs.values()
        self.about = next((one for one in everything if one.femmes == self.first.id), self.first)

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
            return Valeur(round(b.valeur - a.valeur, 9), unite=unit, decimales=1)
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
        first, second = map(_name, self.indicateurs)
        words = {"premier": first, "second": second, "premier_min": first.lower(), "second_min": second.lower()}
        return labels(f"{page}.paires.{'effectifs' if self.effectif else 'taux'}", **words)

    def of_one(self) -> Finding:
        if self.instant is None:
            return self.nothing()
        ctx, own = self.ctx, self.measure(self.code)
        reperes = () if self.effectif else tuple(zone for zone in ctx.reperes if self.value(zone.code).dite)
        zones = (ctx.sujet, *reperes, *ctx.voisins)
        manques = [*self.missing_own(self.first), *self.missing_own(self.second)]
        if not self.effectif and not self.first.hommes:
            manques.append(Manque(label("quartier.manque.hommes", nom=self.first.nom), "non_disponible"))
        values = self.basics() | {
            "nom_second": self.second.nom,
            "nom_tous": self.about.nom,
            "second": self.pair(self.code)[1],
            "effectifs": self.effectif,
            "tolerance": self._tolerance(self.code),
            "mesure": own if own.valeur is None else Valeur(abs(own.valeur), unite=own.unite, decimales=1),
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
        for one in reversed(self.indicateurs):
            if missing := self.absence(indicateur=one):
                return missing
        if not own.dite:
            return Message("quartier.niveau_seul", values)
        middle, near = 50 if self.effectif else 0, values["tolerance"].valeur
        close, above, below = ("moitie", "majorite", "minorite") if self.effectif else ("proche", "dessus", "dessous")
        kind = close if abs(own.valeur - middle) < near else above if own.valeur > middle else below
        return Message(f"quartier.paires_{kind}", values)

    def of_all(self) -> Finding:
        if self.instant is None:
            return self.nothing()
        ctx = self.ctx
        measures = {zone: self.measure(zone.code) for zone in ctx.voisins}
        published = [zone for zone in measures if measures[zone].dite]
        known = sorted(published, key=lambda zone: (measures[zone].valeur, zone.nom))
        several = len(known) > 1
        said = self._summary(known, measures)
        if ctx.territory.vaste and known:
            what = label(f"synthese.paires.axe_{'effectifs' if self.effectif else 'taux'}", nom=self.about.nom)
            figure = draw_classes(what, [measures[zone].valeur for zone in known], measures[known[0]].unite)
        else:
            figure = self._figure(ctx.voisins)
        kind = f"paires_{'effectifs' if self.effectif else 'taux'}" if several else "niveau_peu"
        return self.finding(
            Message(f"synthese.{kind}", said),
            [ctx.at(zone.code, one, self.instant) for zone in ctx.voisins for one in self.indicateurs],
            sous_titre=self.subtitle,
            figure=figure,
            table=self.by_quarter(
                self._columns("synthese"),
                lambda zone: (*self.pair(zone.code), measures[zone]),
                known,
                self.subtitle,
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
            # Those below the half, or the others' rate, by more than the tolerance.
            middle = 50 if self.effectif else 0
            said["negatifs"] = sum(measures[q].valeur <= middle - self._tolerance(q.code).valeur for q in known)
            said["proches"] = sum(abs(measures[q].valeur - middle) < self._tolerance(q.code).valeur for q in known)
            said["tolerance"] = self._tolerance(low.code)
            said["premier"], said["second"] = self.pair(low.code)
            women = {zone: self.pair(zone.code)[1] for zone in known}
            least, most = (pick(known, key=lambda zone: (women[zone].valeur, zone.nom)) for pick in (min, max))
            said |= {
                "femmes_bas": least.nom,
                "taux_bas": women[least],
                "femmes_haut": most.nom,
                "taux_haut": women[most],
            }
        return said


def _role(indicateur: Indicateur) -> Role:
    return "femmes" if indicateur.id.endswith("_femmes") else "hommes" if indicateur.id.endswith("_hommes") else "sujet"


def _name(indicateur: Indicateur) -> str:
    return label(f"commun.personnes.{_role(indicateur)}")
