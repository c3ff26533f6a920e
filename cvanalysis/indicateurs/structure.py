"""Findings about what a whole is made of (`structure`): ages, sources of income, families, job seekers by duration or diploma.

Owns shares: published ones as they are, or numerators that add divided by their published total. Refuses shares of parts that do
not add up to their whole, and to guess a part from the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cvanalysis.constat.make import serie
from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Table, Valeur, word
from cvanalysis.french import capital
from cvanalysis.indicateurs.context import Contexte, Zone, reason
from cvanalysis.indicateurs.question import Question, short
from cvanalysis.indicateurs.ranking import rank, standout
from cvanalysis.textes import label, labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.indicateurs.observation import Instant


JEU_RELATIF = 0.02
"""How much the parts may exceed their total before they are said not to add (roundings to 5, small secrets)."""


@dataclass(frozen=True, slots=True)
class Composition:
    """A whole of one zone at one instant: `parts` are shares in %, in the declared order, absent ones with their reason."""

    parts: tuple[Valeur, ...]
    effectifs: tuple[Valeur, ...] = ()
    total: Valeur | None = None
    coherente: bool = True

    @property
    def complete(self) -> bool:
        return all(part.dite for part in self.parts)


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

        def unknown(statut: str, *, coherente: bool) -> Composition:
            return Composition(tuple(Valeur(None, statut, "%", 1) for _ in values), values, whole, coherente)

        if not whole.dite or whole.valeur <= 0:
            return unknown(whole.statut if not whole.dite else "sans_objet", coherente=True)
        known = sum(value.valeur for value in values if value.dite)
        if not all(part.additif for part in self.parts) or known > whole.valeur * (1 + JEU_RELATIF):
            return unknown("suspect", coherente=False)
        shares = tuple(Valeur(100 * v.valeur / whole.valeur if v.dite else None, v.statut, "%", 1) for v in values)
        return Composition(shares, values, whole)

    def of_one(self) -> Finding:
        if self.instant is None:
            return self.nothing()
        ctx, own = self.ctx, self.compose(self.code)
        near = {zone: self.compose(zone.code) for zone in ctx.proches}
        zones = {ctx.sujet: own} | {zone: found for zone, found in near.items() if any(p.dite for p in found.parts)}
        others = [self.compose(quarter.code) for quarter in ctx.autres]
        message = self._message(own, others)
        absent = [zone.nom for zone in near if zone not in zones]
        words = {"question": self.declare.question, "quand": self.instant.situe}
        manques = [manque for one in self.indicateurs for manque in ctx.missing(one, self.instant)]
        if absent:
            text = label("quartier.manque.structure", noms=ctx.compared(absent, ctx.proches), **words)
            manques.append(Manque(text, "non_disponible"))
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
            poids=_weight(own, others),
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
        beside = {str(n): other.parts[self.parts.index(first)] for n, other in enumerate(others)}
        place = rank(self.code, beside | {self.code: share})
        values["place"] = place.dit("part") if place else ""
        values |= {"premiere": short(first), "part_premiere": share}
        values |= {"deuxieme": short(second), "part_deuxieme": next_share}
        values |= {"par_an_premiere": self._by_year(first, share), "par_an_deuxieme": self._by_year(second, next_share)}
        return Message("quartier.structure" if own.complete else "quartier.structure_partielle", values)

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


def _weight(own: Composition, others: Sequence[Composition]) -> float:
    """How far the quarter's largest part stands from the same part elsewhere."""
    largest = max(
        (index for index, part in enumerate(own.parts) if part.dite), key=lambda i: own.parts[i].valeur, default=None
    )
    if largest is None:
        return 0.0
    return standout(own.parts[largest].valeur, [o.parts[largest].valeur for o in others if o.parts[largest].dite])
