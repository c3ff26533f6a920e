"""Findings about one moment: a level against comparators (`niveau`), a place among the quarters (`rang`).

Owns the choice of the message; refuses to set side by side figures of two years.
"""

from dataclasses import replace
from functools import cached_property

from cvanalysis.constat.shape import Figure, Finding, Genre, Message, Serie, Table, Valeur, word
from cvanalysis.indicateurs.context import Zone, preferred, when
from cvanalysis.indicateurs.measure import Gap, attempt, measure_gap, ratio_of, unit_of_gap
from cvanalysis.indicateurs.observation import Instant, Observation, as_value
from cvanalysis.indicateurs.question import Question, axis, monthly, own_instant, short
from cvanalysis.indicateurs.ranking import Rank, draw_classes, rank, standout
from cvanalysis.textes import label, labels


class Niveau(Question):
    """`niveau`: where a quarter stands against its commune(s), the EPCI, all QPV and the other quarters; all of them on one axis."""

    dessin: Genre = "points"

    @cached_property
    def quarters(self) -> dict[str, Observation | None]:
        """Zone → observation of the quarter and of those beside it, at the moment."""
        return {q.code: self.ctx.at(q.code, self.indicateur, self.instant) for q in self.ctx.quartiers}

    @cached_property
    def place(self) -> Rank | None:
        return self.rank_of(self.code)

    def rank_of(self, code: str) -> Rank | None:
        """The place of a quarter; None where too few are published to tell one."""
        return rank(code, {q: self.value(q) for q in self.quarters}, self.ctx.territory.seuils.rang_mini)

    @cached_property
    def beside(self) -> dict[str, Observation | None]:
        """Code of each comparator → its observation at the moment, or near it where the structure is slow."""
        return {zone.code: self.ctx.repere(zone.code, self.indicateur, self.instant) for zone in self.ctx.reperes}

    @cached_property
    def reperes(self) -> tuple[Zone, ...]:
        """The comparators; the year of one that is not of the moment stands in its name."""
        rows = ((zone, self.beside[zone.code]) for zone in self.ctx.reperes if zone.code in self.beside)
        return tuple(
            zone._replace(nom=f"{zone.nom} ({row.instant.court})") if row and row.instant != self.instant else zone
            for zone, row in rows
        )

    @property
    def column(self) -> str:
        """The figure as it heads a column, with its year: « pauvreté, 2018 »."""
        return f"{short(self.indicateur)}, {self.instant.court}"

    def value(self, zone: str) -> Valeur:
        return as_value(self.beside[zone], self.indicateur) if zone in self.beside else super().value(zone)

    @cached_property
    def gaps(self) -> list[tuple[Zone, Gap]]:
        """Gaps with every comparator that has a figure of that moment, the one that a title prefers first."""
        own, seuils, found = self.quarters[self.code], self.ctx.territory.seuils, []
        for comparateur in preferred(self.reperes):
            other, far = self.beside[comparateur.code], self.ctx.rules.lentes.get(self.indicateur.id, 0)
            if own is not None and other is not None:
                gap, _ = attempt(measure_gap, self.indicateur, own, other, seuils, far)
                found += [(comparateur, gap)] if gap else []
        return found

    @property
    def weight(self) -> float:
        """How far the quarter stands from the others (`ranking.standout`); beside no comparator, a place in the middle, or none, is nothing
        to put forward."""
        own = self.value(self.code)
        unplaced = self.place is None or self.place.milieu
        if not own.dite or self.effectif or self.indicateur.rapporte or (unplaced and not self.gaps):
            return 0.0
        others = (row.valeur for zone, row in self.quarters.items() if zone != self.code and row and row.dite)
        return standout(own.valeur, others)

    def of_one(self) -> Finding:
        ctx, one, instant = self.ctx, self.indicateur, self.instant
        values, last = self._values(), ctx.observations.latest(self.code, one.id)
        message, lecture = (kind and Message(f"quartier.{kind}", values) for kind in self.kinds)
        manques = [*self.missing_own(one), *self._missing_comparators()]
        if last is not None and last.instant.vers > instant.vers:
            manques.append(self.lack("plus_recent", quand=last.instant.situe))
        return self.finding(
            self.absence() or message,
            [*self.quarters.values(), *(gap.repere for _, gap in self.gaps)],
            sous_titre=ctx.subtitle(one, str(instant)),
            figure=Figure(self.dessin, axis(one), self.zones(() if self.effectif else self.reperes)),
            table=self._table(),
            lecture=lecture if self.value(self.code).valeur is not None else None,
            champ=self.champ,
            precautions=self.precautions,
            manques=manques,
            ailleurs=ctx.missing(one, instant, ctx.voisins),
            poids=self.weight,
        )

    @property
    def kinds(self) -> tuple[str, str | None]:
        """Which message tells the figure, against a comparator, else among the quarters, else alone; and which reading note."""
        if self.gaps:
            return f"niveau_{self.gaps[0][1].sens}", "lecture_niveau"
        return f"niveau_{'effectif' if self.effectif else 'parmi' if self.place else 'seul'}", "lecture_seul"

    @property
    def champ(self) -> str:
        return self.ctx.champ(self.indicateur, self.ctx.quartier.nom, *(c.nom for c, _ in self.gaps), *self.ctx.others)

    @property
    def precautions(self) -> tuple[str, ...]:
        return ("effectif",) if self.effectif else ("autre_annee",) if self.reperes != self.ctx.reperes else ()

    def zones(self, reperes: tuple[Zone, ...]) -> tuple[Serie, ...]:
        """The quarter, what it is compared with and the other quarters: one series per role."""
        ctx = self.ctx
        there = [zone for zone in reperes if self.value(zone.code).valeur is not None]
        series = [self.series(zone.nom, zone.role, [zone]) for zone in (ctx.sujet, *there)]
        if ctx.voisins:
            series.append(self.series(label("quartier.parmi.serie", parmi=ctx.parmi), "autre", ctx.voisins))
        return tuple(series)

    def _values(self) -> dict[str, object]:
        place = self.place
        values = self.basics() | {"place": place.dit(self.indicateur.nom) if place else ""}
        if place:
            values |= {"ex_aequo": place.ex_aequo, "manquants": place.manquants + place.suspects}
        if self.gaps:
            comparateur, gap = self.gaps[0]
            values |= {
                "repere": comparateur.nom,
                "role": comparateur.role,
                "valeur_repere": self.value(comparateur.code),
                "mensuel_repere": monthly(self.value(comparateur.code)),
                "ecart": gap.taille,
                "sens": gap.sens,
                "unite_ecart": gap.unite,
            }
        return values

    def _table(self) -> Table:
        """Zone, value, and where there is any gap of the quarter its size and the ratio; the other quarters after the comparators."""
        ctx, one = self.ctx, self.indicateur
        gaps = {c.code: gap for c, gap in self.gaps}
        zones = (ctx.sujet, *(() if self.effectif else self.reperes), *ctx.voisins)

        def cells(zone: Zone) -> tuple[Valeur, ...]:
            value = self.value(zone.code)
            if not gaps:
                return word(zone.nom), value
            if zone.code in gaps:
                return word(zone.nom), value, gaps[zone.code].valeur, ratio_of(gaps[zone.code])
            # Of another quarter, or of the quarter itself, no gap is asked.
            statut = value.statut if zone in self.reperes and not value.dite else "sans_objet"
            return word(zone.nom), value, Valeur(None, statut, unit_of_gap(one), 1), Valeur(None, statut)

        return Table(
            labels("quartier.niveau.colonnes", nom=self.column)[: None if gaps else 2],
            tuple(map(cells, zones)),
            label("quartier.niveau.legende", nom=ctx.subtitle(one, str(self.instant)), quartier=ctx.quartier.nom),
        )

    def _missing_comparators(self) -> list[str]:
        """Comparators that have no figure at that instant: said, never replaced by another year."""
        absent = [] if self.effectif else [zone for zone in self.reperes if not self.value(zone.code).dite]
        known = []
        for zone in absent:
            rows = self.ctx.serie(zone.code, self.indicateur)
            if years := when(row.instant for row in rows if row.valeur is not None):
                known.append(f"{zone.nom}, {years}")
        words = {"quand": self.instant.situe, "connus": " ; ".join(known)}
        return self.beside_none("reperes_ailleurs" if known else "reperes", absent, self.ctx.reperes, **words)

    # ------------------------------------------------------------------------------------------------- all the quarters

    def of_all(self) -> Finding:
        """A dot per quarter on a common axis, with the comparators of that same moment."""
        ctx, one = self.ctx, self.indicateur
        published = [zone for zone in ctx.voisins if self.value(zone.code).dite]
        plain = self.effectif and not ctx.territory.vaste  # counts, of quarters of unequal size, are in no order
        known = published if plain else sorted(published, key=lambda q: (-self.value(q.code).valeur, q.nom))
        compared = [] if self.effectif else [zone for zone in self.reperes if self.value(zone.code).dite]
        silent = [zone for zone in ctx.voisins if zone not in known]
        said = self._summary(known)
        several = len(known) > 1 and (ctx.territory.vaste or self.rank_of(known[0].code) is not None)
        kind = "niveau_peu" if not several else "niveau_effectif" if self.effectif else "niveau"
        legende = ctx.subtitle(one, ctx.moment(one, self.instant))
        return self.finding(
            Message(f"synthese.{kind}", said),
            [self.beside.get(zone.code) or ctx.at(zone.code, one, self.instant) for zone in (*ctx.voisins, *compared)],
            sous_titre=legende,
            figure=self._dots(known, silent, compared),
            table=self.by_quarter(
                labels("quartier.niveau.colonnes", nom=self.column)[:2],
                lambda zone: (self.value(zone.code),),
                known[::-1],
                legende,
                [(word(zone.nom), self.value(zone.code)) for zone in compared],
            ),
            lecture=Message("synthese.lecture_niveau", said) if several else None,
            manques=ctx.missing(one, self.instant),
            precautions=(*(("effectif",) if self.effectif else ()), *(("petits_quartiers",) if silent else ())),
        )

    def _summary(self, known: list[Zone]) -> dict[str, object]:
        quand = self.ctx.moment(self.indicateur, self.instant)
        said = self.summary(known) | {"annee": quand, "effectif": self.effectif}
        for name, zone in {"haut": known[0], "bas": known[-1]}.items() if len(known) > 1 else ():
            value = self.value(zone.code)
            said[name], said[f"valeur_{name}"] = zone.nom, value
            said[f"aussi_{name}"] = sum(self.value(q.code).imprimee == value.imprimee for q in known) - 1
        return said

    def _dots(self, known: list[Zone], silent: list[Zone], compared: list[Zone]) -> Figure:
        one = self.indicateur
        if self.ctx.territory.vaste and known:
            return draw_classes(one.nom, [self.value(q.code).valeur for q in known], one.unite)
        series = [self.series(zone.nom, zone.role, [zone]) for zone in compared]
        return Figure("points", axis(one), (self.series(label("synthese.serie"), "autre", known + silent), *series))


class Rang(Niveau):
    """`rang`: the quarter's place among those beside it whose figure is published; alone, it has a level and no place."""

    dessin = "rang"

    @cached_property
    def instant(self) -> Instant | None:
        return super().instant if self.ctx.tous else own_instant(self.ctx, self.indicateur)

    @cached_property
    def beside(self) -> dict[str, Observation | None]:
        """One quarter stands among quarters, beside no other territory."""
        return super().beside if self.ctx.tous else {}

    def of_one(self) -> Finding:
        ctx = self.ctx
        if ctx.voisins:
            return super().of_one()
        level, alone = Niveau(ctx, self.declare).find(), {"quartier": ctx.quartier.nom, "parmi": ctx.parmi}
        return replace(level, manques=(*level.manques, self.lack("rang", **alone)))

    @property
    def kinds(self) -> tuple[str, str | None]:
        return ("rang_tenu", "lecture_rang") if self.place else ("rang_impossible", None)

    @property
    def champ(self) -> str:
        return self.ctx.champ(self.indicateur, label("quartier.rang.champ", parmi=self.ctx.parmi))

    @property
    def precautions(self) -> tuple[str, ...]:
        unranked = ("petits_quartiers",) if self.place and self.place.manquants else ()
        return (*unranked, "effectif") if self.effectif else unranked

    def _table(self) -> Table:
        """Quarters from the highest value to the lowest, those without a usable figure at the end with their reason."""
        ranks = {zone: self.rank_of(zone.code) for zone in self.ctx.quartiers}
        unranked = word(label("quartier.rang.non_classe"))
        lines = tuple(
            (word(zone.nom), Valeur(ranks[zone].rang) if ranks[zone] else unranked, self.value(zone.code))
            for zone in sorted(ranks, key=lambda zone: (ranks[zone].rang if ranks[zone] else len(ranks) + 1, zone.nom))
        )
        nom = self.ctx.subtitle(self.indicateur, str(self.instant))
        legende = label("quartier.rang.legende", nom=nom, parmi=self.ctx.parmi)
        return Table(labels("quartier.rang.colonnes", nom=self.column), lines, legende)
