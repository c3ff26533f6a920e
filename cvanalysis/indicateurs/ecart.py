"""Findings about a gap that widens or narrows (`ecart`): does a quarter, or each of them, come closer to what it is compared with?

Owns what is drawn of a gap over the years, and the message; what may be compared is decided in `measure`. A refused comparison is a
finding too: it shows what is published and says why no change is measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from cvanalysis.constat.make import bars, serie
from cvanalysis.constat.shape import Figure, Finding, Message, Table, Valeur, word
from cvanalysis.files.keys import grouped
from cvanalysis.french import capital, enumerate_some
from cvanalysis.indicateurs.context import Zone, preferred, when
from cvanalysis.indicateurs.evolution import OverTime
from cvanalysis.indicateurs.measure import (
    Convergence,
    Gap,
    attempt,
    matched_gaps,
    measure_convergence,
    ratio_of,
    unit_of_difference,
    unit_of_gap,
)
from cvanalysis.indicateurs.observation import Instant
from cvanalysis.textes import block, label, labels

Followed = tuple[Zone | None, dict[Zone, Convergence], dict[str, list[str]]]


class Ecarts(OverTime):
    """`ecart`: does it come closer to what it is compared with?"""

    def _measure(self, zone: str, comparateur: Zone) -> Convergence:
        """Change of the gap of any quarter of the contract with a comparator, inside the contract's years."""
        ctx = self.ctx
        own, other = (ctx.serie(code, self.indicateur) for code in (zone, comparateur.code))
        span = (ctx.territory.debut, ctx.territory.fin)
        return measure_convergence(self.indicateur, own, other, *span, ctx.territory.seuils, ctx.rules)

    def _axis(self, key: str, **words: str) -> str:
        unit = label(f"commun.unite_ecart.{'taux' if self.indicateur.genre == 'taux' else 'autres'}")
        return label(key, nom=self.indicateur.nom, unite=unit, **words)

    @cached_property
    def gaps(self) -> dict[str, dict[Instant, Gap]]:
        """Zone of each comparator → the gaps with it."""
        ctx, one = self.ctx, self.indicateur
        found = {c.code: matched_gaps(one, self.own, ctx.serie(c.code, one), ctx.territory.seuils) for c in ctx.proches}
        return {zone: {gap.sujet.instant: gap for gap in gaps} for zone, gaps in found.items()}

    @cached_property
    def instants(self) -> list[Instant]:
        """The moments at which some gap is known, oldest first."""
        return sorted({instant for gaps in self.gaps.values() for instant in gaps})

    def measured(self) -> Finding:
        ctx, one = self.ctx, self.indicateur
        tried = {c: attempt(self._measure, self.code, c) for c in preferred(ctx.proches)}
        measured = {c: found for c, (found, _) in tried.items() if found}
        reasons = [why for found, why in tried.values() if not found]
        why = next(iter(reasons), label("quartier.ecart.sans_repere"))
        manques = [self.lack("ecart", repere=c.nom, raison=why) for c, (found, why) in tried.items() if not found]
        if not self.instants:
            return self.refused(why, manques)
        rows = [row for gaps in self.gaps.values() for gap in gaps.values() for row in (gap.sujet, gap.repere)]
        axe = self._axis("quartier.ecart.axe")
        said = {
            "sous_titre": f"{axe}, {when(self.instants)}",
            "figure": self._lines(axe),
            "table": self._table(measured),
            "champ": ctx.champ(one, ctx.quartier.nom, *(c.nom for c in ctx.proches if self.gaps[c.code])),
            "precautions": [ident for convergence in measured.values() for ident in convergence.precautions],
            "manques": manques,
        }
        if not measured:
            last = max(self.instants, key=lambda instant: instant.annee if instant.etabli else 0)
            first = next(iter(tried))
            values = self.basics(last) | {"raison": why, "repere": first.nom, "role": first.role}
            return self.finding(Message("quartier.ecart_refuse", values), rows, **said)
        comparateur, found = next(iter(measured.items()))
        values = self._values(comparateur, found)
        # Two measures that disagree are told together, unless hardly anything moved.
        title = "desaccord" if found.desaccord and found.verdict not in ("stable", "incertain") else found.verdict
        return self.finding(
            Message(f"quartier.ecart_{title}", values),
            rows,
            lecture=Message("quartier.lecture_ecart", values),
            poids=0.0 if title == "incertain" else self.standing(found, lambda zone: self._measure(zone, comparateur)),
            **said,
        )

    def _values(self, comparateur: Zone, found: Convergence) -> dict[str, object]:
        """What the sentences on a change of gap may use; sizes are without sign, `sens_*` says on which side."""
        values = self.basics(found.fin.sujet.instant) | {
            "repere": comparateur.nom,
            "role": comparateur.role,
            "variation": found.taille,
            "tolerance": Valeur(self.tolerance().valeur, unite="points", decimales=1),
            "unite_ecart": found.debut.unite,
            "verdict": found.verdict,
            "desaccord": found.desaccord,
            "temoin": " et ".join(map(str, found.temoin or ())),
            "plus_loin": abs(found.fin.ecart) > abs(found.debut.ecart),
        }
        unite, decimales = unit_of_difference(self.indicateur), self.indicateur.decimales
        for when_, gap in (("avant", found.debut), ("apres", found.fin)):
            values |= {
                f"annee_{when_}": str(gap.sujet.instant),
                f"ecart_{when_}": gap.taille,
                f"sens_{when_}": "dessus" if gap.ecart >= 0 else "dessous",
                f"rapport_{when_}": ratio_of(gap),
                f"absolu_{when_}": Valeur(
                    abs(gap.absolu) * (found.deflateur if gap is found.debut else 1.0), unite=unite, decimales=decimales
                ),
            }
        # On which side, said of the second only where it is no longer that of the first.
        crossed = values["sens_avant"] != values["sens_apres"]
        for when_, told in (("avant", True), ("apres", crossed)):
            values[f"cote_{when_}"] = label(f"quartier.ecart.{values[f'sens_{when_}']}") if told else ""
        return values

    def _lines(self, axe: str) -> Figure:
        series = [
            serie(
                label("quartier.ecart.serie", repere=c.nom),
                c.role,
                ((i.court, self._measures(c.code, i)[0]) for i in self.instants),
            )
            for c in self.ctx.proches
            if self.gaps[c.code]
        ]
        source = next(gap.sujet.source for gaps in self.gaps.values() for gap in gaps.values())
        dated = [i.annee for i in self.instants if i.etabli]
        genre = "lignes" if len(dated) == len(self.instants) > 1 else "barres"
        return Figure(genre, axe, tuple(series), ruptures=self.cuts(source, dated))

    def _measures(self, zone: str, instant: Instant) -> tuple[Valeur, Valeur, Valeur]:
        """The gap with a zone at a moment, the difference and the ratio; where there is none, the reason of the quarter's figure, else that
        of the other zone's."""
        if gap := self.gaps[zone].get(instant):
            return _measures(self.indicateur, gap)
        sides = (self.ctx.value(code, self.indicateur, instant).statut for code in (self.code, zone))
        statut = next((statut for statut in sides if statut != "publié"), "non_disponible")
        units = unit_of_gap(self.indicateur), unit_of_difference(self.indicateur), ""
        return tuple(Valeur(None, statut, unite, 1) for unite in units)

    def _table(self, measured: Mapping[Zone, Convergence]) -> Table:
        """One line per comparator and year, with both measures; the years of the verdict are marked."""
        ctx, one = self.ctx, self.indicateur
        lines = []
        for c in ctx.proches:
            used = measured[c].span if c in measured else ()
            for instant in self.instants if self.gaps[c.code] else ():
                sides = (ctx.value(code, one, instant) for code in (self.code, c.code))
                marked = word("oui" if instant in used else "")
                lines.append((word(f"{c.nom}, {instant}"), *sides, *self._measures(c.code, instant), marked))
        columns = labels(
            "quartier.ecart.colonnes",
            quartier=ctx.sujet.nom,
            difference=label(f"quartier.ecart.difference{'_euros' if one.unite == '€' else ''}"),
        )
        if one.unite == "€":  # the gap is in %: the ratio says the same
            columns, lines = (*columns[:5], *columns[6:]), [(*line[:5], *line[6:]) for line in lines]
        return Table(columns, tuple(lines), label("quartier.ecart.legende", nom=capital(one.nom)))

    # ------------------------------------------------------------------------------------------------- all the quarters

    def of_all(self) -> Finding:
        """First and last gap of each quarter with the comparator that most of them can be compared with."""
        ctx = self.ctx
        comparateur, found, refused = self._best_comparator()
        if comparateur is None:
            why = max(refused, key=lambda raison: len(refused[raison]), default=label("synthese.ecart.sans_repere"))
            return replace(self.nothing(why), manques=tuple(self.unmeasured(refused)))
        groups = grouped((convergence.verdict, zone.nom) for zone, convergence in found.items())
        said = self._summary(comparateur, found, groups)
        axe = self._axis("synthese.ecart.axe", repere=comparateur.nom)
        return self.finding(
            Message("synthese.ecart", said),
            [row for c in found.values() for gap in (c.debut, c.fin) for row in (gap.sujet, gap.repere)],
            sous_titre=label(
                "synthese.ecart.sous_titre", axe=axe, avant=said["annee_avant"], apres=said["annee_apres"]
            ),
            figure=self._verdicts(groups, axe) if ctx.territory.vaste else self._two_moments(found, axe),
            table=self._gaps(found, axe),
            lecture=Message("synthese.lecture_ecart", said),
            manques=self.unmeasured(refused),
            precautions=[p for c in found.values() for p in c.precautions],
        )

    def _best_comparator(self) -> Followed:
        """The comparator common to all quarters (EPCI, all QPV…) with which most of them can be followed over the same years."""
        best: Followed = (None, {}, {})
        shared = [c for c in self.ctx.proches if c.role != "commune"] or list(self.ctx.reperes)
        for comparateur in preferred(shared):
            found, refused = self.followed(lambda zone, beside=comparateur: self._measure(zone, beside))
            if len(found) > len(best[1]) or not (best[1] or best[2]):
                best = (comparateur if found else None, found, refused)
        return best

    def _summary(
        self, comparateur: Zone, found: Mapping[Zone, Convergence], groups: Mapping[str, Sequence[str]]
    ) -> dict[str, object]:
        first, change = next(iter(found.items()))
        count = {verdict: len(groups.get(verdict, ())) for verdict in block("synthese.verdicts")}
        return self.summary(tuple(found)) | {
            "repere": comparateur.nom,
            "role": comparateur.role,
            "tolerance": Valeur(self.tolerance().valeur, unite="points", decimales=1),
            **count,
            "autres": len(found) - sum(count[v] for v in ("rapproche", "eloigne", "stable", "incertain")),
            "noms_rapproche": enumerate_some(groups["rapproche"]) if count["rapproche"] else "",
            "noms_eloigne": enumerate_some(groups["eloigne"]) if count["eloigne"] else "",
            "annee_avant": str(change.span[0]),
            "annee_apres": str(change.span[1]),
            "quartier": first.nom,
            "ecart_avant": change.debut.valeur,
            "ecart_apres": change.fin.valeur,
        }

    def _two_moments(self, found: Mapping[Zone, Convergence], axe: str) -> Figure:
        """Then and now, from the gap that fell most to the one that rose most."""
        before, after = next(iter(found.values())).span
        moved = sorted(found.items(), key=lambda one: one[1].fin.valeur.valeur - one[1].debut.valeur.valeur)
        series = (
            serie(str(before), "autre", ((zone.nom, c.debut.valeur) for zone, c in moved)),
            serie(str(after), "sujet", ((zone.nom, c.fin.valeur) for zone, c in moved)),
        )
        return Figure("paires", axe, series)

    def _verdicts(self, groups: Mapping[str, Sequence[str]], axe: str) -> Figure:
        counts = {
            capital(text): Valeur(float(len(groups.get(verdict, ()))), unite="quartiers")
            for verdict, text in block("synthese.verdicts").items()
        }
        return bars(label("synthese.ecart.nombre", axe=axe), label("synthese.serie"), counts, "autre")

    def _gaps(self, found: Mapping[Zone, Convergence], axe: str) -> Table:
        """Both measures of each gap, so that where they disagree both are read."""
        taux, absent = self.indicateur.genre == "taux", Valeur(None, "non_disponible", "points", 1)

        def second(gap: Gap) -> Valeur:
            return ratio_of(gap) if taux else _measures(self.indicateur, gap)[1]

        def cells(zone: Zone) -> tuple[Valeur, ...]:
            convergence = found.get(zone)
            if convergence is None:
                return *[absent] * 5, word(label("synthese.ecart.non_mesure"))
            verdict = label(f"synthese.verdicts.{convergence.verdict}")
            before, after = convergence.debut, convergence.fin
            return (
                before.valeur,
                after.valeur,
                replace(convergence.taille, valeur=convergence.variation),
                second(before),
                second(after),
                word(label("synthese.ecart.desaccord", verdict=verdict) if convergence.desaccord else verdict),
            )

        before, after = next(iter(found.values())).span
        key = f"synthese.ecart.{'rapport' if taux else 'difference'}"
        others = {"autre_avant": label(key, annee=before), "autre_apres": label(key, annee=after)}
        columns = labels("synthese.ecart.colonnes", avant=before, apres=after, **others)
        return self.by_quarter(columns, cells, sorted(found, key=lambda zone: (found[zone].variation, zone.code)), axe)


def _measures(indicateur: object, gap: Gap) -> tuple[Valeur, Valeur, Valeur]:
    """The gap, the difference and the ratio."""
    difference = Valeur(gap.absolu, unite=unit_of_difference(indicateur), decimales=indicateur.decimales)
    return gap.valeur, difference, ratio_of(gap)
