"""Findings about what a whole is made of (`structure`): ages, sources of income, families, job seekers by duration or diploma.

Owns shares: published ones as they are, or numerators that add divided by their published total. Refuses shares of parts that do
not add up to their whole, and to guess a part from the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.french import enumerate_french
from cvanalysis.indicateurs.context import Contexte, reason, role_of
from cvanalysis.indicateurs.niveau import basics
from cvanalysis.indicateurs.ranking import standout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.indicateurs.observation import Instant


JEU_RELATIF = 0.02
"""How much the parts may exceed their total before they are said not to add (roundings to 5, small secrets)."""


@dataclass(frozen=True, slots=True)
class Composition:
    """A whole of one zone at one instant: `parts` are shares in %, in the declared order, absent ones with their reason."""

    parts: tuple[Valeur, ...]
    effectifs: tuple[Valeur, ...]
    total: Valeur | None
    coherente: bool

    @property
    def complete(self) -> bool:
        return all(part.dite for part in self.parts)


def compose(
    ctx: Contexte, zone: str, total: Indicateur | None, parts: Sequence[Indicateur], instant: Instant
) -> Composition:
    """Shares of a zone. With a `total`, parts are counts and each share is a published count over the published total."""
    values = tuple(ctx.value(zone, part, instant) for part in parts)
    if total is None:
        return Composition(values, (), None, coherente=True)
    whole = ctx.value(zone, total, instant)
    if not whole.dite or whole.valeur <= 0:
        absent = whole.statut if not whole.dite else "sans_objet"
        return Composition(tuple(Valeur(None, absent, "%", 1) for _ in parts), values, whole, coherente=True)
    known = sum(value.valeur for value in values if value.dite)
    additive = all(part.additif for part in parts) and known <= whole.valeur * (1 + JEU_RELATIF)
    if not additive:
        return Composition(tuple(Valeur(None, "suspect", "%", 1) for _ in parts), values, whole, coherente=False)
    shares = tuple(
        Valeur(100 * value.valeur / whole.valeur if value.dite else None, value.statut, "%", 1) for value in values
    )
    return Composition(shares, values, whole, coherente=True)


def split_total(ctx: Contexte, declare: ConstatDeclare) -> tuple[Indicateur | None, tuple[Indicateur, ...]]:
    """The whole (first indicator declared, where counts are declared) and its parts."""
    found = tuple(ctx.catalogue.indicateurs[ident] for ident in declare.indicateurs)
    return (found[0], found[1:]) if found[0].genre == "effectif" else (None, found)


def build_structure(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """`structure`: the shares of a whole in the quarter, beside those of its comparators at the same instant."""
    total, parts = split_total(ctx, declare)
    everything = parts if total is None else (total, *parts)
    instant = _choose_instant(ctx, everything)
    if instant is None:
        return ctx.nothing(declare, everything)
    own = compose(ctx, ctx.quartier.code, total, parts, instant)
    compared = []
    for comparateur in ctx.proches:
        other = compose(ctx, comparateur.zone, total, parts, instant)
        if any(part.dite for part in other.parts):
            compared.append((comparateur.nom, role_of(comparateur), other, comparateur.zone))
    zones = [(ctx.noms[ctx.quartier.code], "sujet", own, ctx.quartier.code), *compared]
    labels = [part.nom_court or part.nom for part in parts]
    rows = [ctx.at(zone, one, instant) for *_, zone in zones for one in everything]
    others = [compose(ctx, quarter.code, total, parts, instant) for quarter in ctx.autres]
    message = _message(ctx, total, parts, own, instant, others)
    return ctx.finding(
        declare,
        message,
        everything,
        rows,
        sous_titre=_subtitle(ctx, total, parts, instant),
        figure=_figure(zones, labels, total),
        table=_table(ctx, zones, parts, total, instant),
        lecture=Message("quartier.lecture_structure", message.valeurs) if "premiere" in message.valeurs else None,
        champ=ctx.champ(parts[0], *(nom for nom, *_ in zones)),
        precautions=("parts_calculees",) if total is not None and own.coherente else (),
        manques=[
            *_missing_parts(ctx, own, total, parts, instant),
            *_missing_zones(ctx, declare, compared, instant),
        ],
        poids=_weight(own, others),
    )


def _choose_instant(ctx: Contexte, indicateurs: Sequence[Indicateur]) -> Instant | None:
    """The last instant at which most parts are published for the quarter, else the last known of any quarter."""
    own = ctx.quartier.code
    for zones in ([own], [q.code for q in ctx.quartiers]):
        instants = {i for one in indicateurs for i in ctx.observations.instants(zones, one.id)}
        if instants:
            newest = sorted(instants, key=lambda i: (i.annee, i.etabli))
            known = {i: sum(ctx.value(own, one, i).dite for one in indicateurs) for i in newest}
            most = max(known.values())
            return [i for i in newest if known[i] == most][-1]
    return None


def _message(
    ctx: Contexte,
    total: Indicateur | None,
    parts: Sequence[Indicateur],
    own: Composition,
    instant: Instant,
    others: Sequence[Composition],
) -> Message:
    whole = total or parts[0]
    row = ctx.at(ctx.quartier.code, whole, instant)
    ranked = sorted(
        ((part, share) for part, share in zip(parts, own.parts, strict=True) if share.dite),
        key=lambda found: (-found[1].valeur, found[0].id),
    )
    values = {
        **basics(ctx, whole, row, instant),
        "cle": parts[0].groupe or whole.id,
        "parts": {part.id: share for part, share in zip(parts, own.parts, strict=True)},
        "noms": {part.id: part.nom_court or part.nom for part in parts},
        "manquantes": sum(not part.dite for part in own.parts),
        "nb_parts": len(parts),
    }
    if not own.coherente:
        return Message("quartier.structure_incoherente", values)
    if len(ranked) < 2:
        absent = next((part.statut for part in own.parts if not part.dite), "non_disponible")
        return Message("quartier.structure_absente", {**values, "raison": reason(absent)})
    first, second = ranked[0], ranked[1]
    elsewhere = _same_part(others, parts.index(first[0]))
    values |= {
        "plus_bas": sum(share < first[1].valeur for share in elsewhere),
        "autres": len(elsewhere),
        "premiere": first[0].nom_court or first[0].nom,
        "part_premiere": first[1],
        "deuxieme": second[0].nom_court or second[0].nom,
        "part_deuxieme": second[1],
    }
    return Message("quartier.structure_partielle" if not own.complete else "quartier.structure", values)


def _same_part(others: Sequence[Composition], index: int) -> list[float]:
    """What the other quarters publish of one part."""
    return [other.parts[index].valeur for other in others if other.parts[index].dite]


def _weight(own: Composition, others: Sequence[Composition]) -> float:
    """How far the quarter's largest part stands from the same part elsewhere."""
    known = [(part.valeur, -index) for index, part in enumerate(own.parts) if part.dite]
    if not known:
        return 0.0
    largest, index = max(known)
    return standout(largest, _same_part(others, -index))


def _figure(zones: Sequence[tuple], labels: Sequence[str], total: Indicateur | None) -> Figure:
    """Shares of one whole side by side; bars where a share is below zero (taxes), which no whole can hold."""
    axe = "Part (%)" if total is None else f"Part du total (%), {total.nom}"
    negative = any(part.valeur is not None and part.valeur < 0 for _, _, other, _ in zones for part in other.parts)
    if negative:
        series = tuple(
            Serie(nom, role, tuple(Point(label, part) for label, part in zip(labels, other.parts, strict=True)))
            for nom, role, other, _ in zones
        )
        return Figure("barres", axe, series)
    series = tuple(
        Serie(label, "part", tuple(Point(nom, other.parts[index]) for nom, _, other, _ in zones))
        for index, label in enumerate(labels)
    )
    return Figure("parts", axe, series)


def _table(
    ctx: Contexte, zones: Sequence[tuple], parts: Sequence[Indicateur], total: Indicateur | None, instant: Instant
) -> Table:
    columns = ["Part"]
    for position, (nom, *_) in enumerate(zones):
        columns += [nom] if total is None or position else [nom, f"{nom}, effectif"]
    lines = []
    for index, part in enumerate(parts):
        cells = [word(part.nom_court or part.nom)]
        for position, (_, _, other, _) in enumerate(zones):
            cells.append(other.parts[index])
            if total is not None and not position:
                cells.append(other.effectifs[index])
        lines.append(tuple(cells))
    if total is not None:
        own = zones[0][2]
        blank = [Valeur(None, "sans_objet") for _ in zones[1:]]
        lines.append((word("Ensemble"), Valeur(None, "sans_objet"), own.total, *blank))
    return Table(tuple(columns), tuple(lines), _subtitle(ctx, total, parts, instant))


def _subtitle(ctx: Contexte, total: Indicateur | None, parts: Sequence[Indicateur], instant: Instant) -> str:
    whole = total or parts[0]
    row = ctx.at(ctx.quartier.code, whole, instant)
    moment = ctx.moment(whole, instant, row.publication if row else None)
    if total is not None:
        return f"{total.nom[:1].upper()}{total.nom[1:]}, en % du total, {moment}"
    return f"En % ({parts[0].denominateur}), {moment}" if parts[0].denominateur else f"En %, {moment}"


def _missing_parts(
    ctx: Contexte, own: Composition, total: Indicateur | None, parts: Sequence[Indicateur], instant: Instant
) -> list[Manque]:
    found = []
    if total is not None and own.total is not None and not own.total.dite:
        found.append(
            Manque(
                f"{ctx.quartier.nom} : « {total.nom} » {instant.situe}, {reason(own.total.statut)}.", own.total.statut
            )
        )
    values = own.effectifs or own.parts
    found += [
        Manque(f"{ctx.quartier.nom} : « {part.nom} » {instant.situe}, {reason(value.statut)}.", value.statut)
        for part, value in zip(parts, values, strict=True)
        if not value.dite
    ]
    return found


def _missing_zones(ctx: Contexte, declare: ConstatDeclare, compared: Sequence[tuple], instant: Instant) -> list[Manque]:
    there = {zone for *_, zone in compared}
    absent = [c.nom for c in ctx.proches if c.zone not in there]
    if not absent:
        return []
    return [
        Manque(
            f"« {declare.question} » : ce n'est pas connu {instant.situe} pour {enumerate_french(absent)}.",
            "non_disponible",
        )
    ]
