"""Findings about time: what changed in a quarter (`evolution`).

Owns what is drawn over the years and the message; what may be compared is decided in `evolution`. A refused
comparison is a finding too: it shows what is published and says why no change is measured.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from cvanalysis.errors import ComparisonRefused
from cvanalysis.findings.comparison import tolerance
from cvanalysis.findings.context import Contexte, enumerate_french, preferred, role_of, when
from cvanalysis.findings.evolution import Evolution, choose_pair, index_base_100, measure_evolution
from cvanalysis.findings.finding import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur
from cvanalysis.findings.level import absence, axis, basics, word
from cvanalysis.findings.observation import as_value
from cvanalysis.findings.ranking import standout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.findings.observation import Observation
    from cvanalysis.territory import Comparateur

    Zone = tuple[str, str, Sequence[Observation]]


def build_evolution(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """`evolution`: what changed in the quarter between two years that may be compared."""
    indicateur = ctx.catalogue.indicateurs[declare.indicateurs[0]]
    own = ctx.serie(ctx.quartier.code, indicateur)
    if not any(row.valeur is not None for row in own):
        return absent_change(ctx, declare, indicateur)
    try:
        avant, apres = choose_pair(own, ctx.territory.debut, ctx.territory.fin, ctx.rules)
        change = measure_evolution(indicateur, avant, apres, ctx.territory.seuils, ctx.rules)
    except ComparisonRefused as refusal:
        return refused_change(ctx, declare, indicateur, own, str(refusal))
    dated = [row for row in own if row.millesime is not None]
    reperes = _same_change(ctx, indicateur, change)
    zones = _zones_over_time(ctx, indicateur, change, [c for c, _ in reperes])
    figure = _lines(ctx, indicateur, zones, change)
    rows = [row for _, _, series in zones for row in series]
    return ctx.finding(
        declare,
        Message(f"quartier.evolution_{change.sens}", _evolution_values(ctx, indicateur, change, reperes)),
        [indicateur],
        rows,
        sous_titre=ctx.subtitle(indicateur, when(row.instant for row in dated)),
        figure=figure,
        table=_table_over_time(ctx, indicateur, zones),
        lecture=Message("quartier.lecture_evolution", _evolution_values(ctx, indicateur, change, reperes)),
        champ=ctx.champ(indicateur, ctx.quartier.nom, *(c.nom for c, _ in reperes)),
        precautions=change.precautions,
        manques=_missing_changes(ctx, indicateur, change, [c for c, _ in reperes]),
        poids=_weight_of_change(ctx, indicateur, change),
    )


# ------------------------------------------------------------------------------------------------------------ evolution


def _same_change(ctx: Contexte, indicateur: Indicateur, change: Evolution) -> list[tuple[Comparateur, Evolution]]:
    """The change of comparators between exactly the same two years, the one that a sentence prefers first."""
    found = []
    for comparateur in preferred(ctx.proches):
        other = change_between(ctx, indicateur, comparateur.zone, change)
        if other is not None:
            found.append((comparateur, other))
    return found


def change_between(ctx: Contexte, indicateur: Indicateur, zone: str, change: Evolution) -> Evolution | None:
    """The change of another zone between the two instants of `change`; None where it may not be measured."""
    avant, apres = (ctx.at(zone, indicateur, row.instant) for row in (change.avant, change.apres))
    if avant is None or apres is None:
        return None
    try:
        return measure_evolution(indicateur, avant, apres, ctx.territory.seuils, ctx.rules)
    except ComparisonRefused:
        return None


def _missing_changes(
    ctx: Contexte, indicateur: Indicateur, change: Evolution, there: Sequence[Comparateur]
) -> list[Manque]:
    absent = [c.nom for c in ctx.proches if c not in there]
    if not absent:
        return []
    years = f"le chiffre de {change.avant.instant}, celui de {change.apres.instant}, ou les deux"
    text = f"« {indicateur.nom} » : il manque {years}, pour {enumerate_french(absent)}."
    return [Manque(text, "non_disponible")]


def _weight_of_change(ctx: Contexte, indicateur: Indicateur, change: Evolution) -> float:
    others = (change_between(ctx, indicateur, q.code, change) for q in ctx.autres)
    return standout(change.variation, [other.variation for other in others if other is not None])


def _evolution_values(
    ctx: Contexte, indicateur: Indicateur, change: Evolution, reperes: list[tuple[Comparateur, Evolution]]
) -> dict[str, object]:
    values = {
        **basics(ctx, indicateur, change.apres, change.apres.instant),
        "avant": as_value(change.avant, indicateur),
        "apres": as_value(change.apres, indicateur),
        "annee_avant": str(change.avant.instant),
        "annee_apres": str(change.apres.instant),
        "ecart": change.taille,
        "sens": change.sens,
        "unite_ecart": change.unite,
        "tolerance": Valeur(tolerance(indicateur, ctx.territory.seuils), unite=change.unite, decimales=1),
        "difference": Valeur(abs(change.absolue), unite=unit_of_difference(indicateur), decimales=indicateur.decimales),
        "repere": "",
    }
    if reperes:
        comparateur, other = reperes[0]
        values |= {
            "repere": comparateur.nom,
            "role": role_of(comparateur),
            "ecart_repere": other.taille,
            "sens_repere": other.sens,
        }
    return values


def _zones_over_time(
    ctx: Contexte, indicateur: Indicateur, change: Evolution, reperes: Sequence[Comparateur]
) -> list[Zone]:
    """(name, role, dated observations) of the quarter and of the comparators that share the measured years."""
    zones: list[tuple[str, str, str]] = [(ctx.quartier.nom, "sujet", ctx.quartier.code)]
    zones += [(c.nom, role_of(c), c.zone) for c in ctx.proches if c in reperes]
    source = change.avant.source
    return [
        (nom, role, [r for r in ctx.serie(zone, indicateur) if r.millesime is not None and r.source == source])
        for nom, role, zone in zones
    ]


def _lines(ctx: Contexte, indicateur: Indicateur, zones: list[Zone], change: Evolution) -> Figure:
    """Lines over the data years, cut at the declared breaks; counts of several zones in base 100 of the first year."""
    label = axis(indicateur)
    if indicateur.genre == "effectif" and len(zones) > 1:
        label = f"{indicateur.nom[:1].upper()}{indicateur.nom[1:]} (base 100 en {change.avant.millesime})"
        curves = []
        for nom, role, series in zones:
            base = next(row for row in series if row.instant == change.avant.instant)
            curves.append((nom, role, indexed(series, base)))
    else:
        curves = [
            (nom, role, {row.millesime: as_value(row, indicateur) for row in series}) for nom, role, series in zones
        ]
    years = sorted({year for _, _, values in curves for year in values})
    absent = Valeur(None, "non_disponible", indicateur.unite, indicateur.decimales)
    series = tuple(
        Serie(nom, role, tuple(Point(str(year), values.get(year, absent)) for year in years))
        for nom, role, values in curves
    )
    ruptures = cuts(ctx, change.avant.source, years)
    return Figure("lignes", label, series, zero=indicateur.genre == "effectif", ruptures=ruptures)


def indexed(series: Sequence[Observation], base: Observation) -> dict[int, Valeur]:
    """Year → base 100; a year that has none keeps the reason of its table (secret, suspect…)."""
    values = {row.millesime: Valeur(None, row.statut) for row in series if row.millesime is not None and not row.dite}
    return values | {row.millesime: Valeur(n, decimales=1) for row, n in index_base_100(series, base)}


def cuts(ctx: Contexte, source: str, years: Sequence[int]) -> tuple[str, ...]:
    """Labels before which lines are cut: the first year drawn after each break that falls between two drawn years."""
    return tuple(str(after) for before, after in pairwise(years) if ctx.rules.of(source).crossed(before, after))


def _table_over_time(ctx: Contexte, indicateur: Indicateur, zones: list[Zone]) -> Table:
    years = sorted({row.millesime for _, _, series in zones for row in series})
    by_zone = [{row.millesime: as_value(row, indicateur) for row in series} for _, _, series in zones]
    absent = Valeur(None, "non_disponible", indicateur.unite, indicateur.decimales)
    lines = tuple((word(str(year)), *(values.get(year, absent) for values in by_zone)) for year in years)
    return Table(
        ("Année", *(nom for nom, _, _ in zones)), lines, f"{ctx.subtitle(indicateur, '')} : {ctx.quartier.nom}"
    )


# --------------------------------------------------------------------------------------------------- refused and absent


def refused_change(
    ctx: Contexte,
    declare: ConstatDeclare,
    indicateur: Indicateur,
    own: Sequence[Observation],
    raison: str,
    manques: Sequence[Manque] = (),
) -> Finding:
    """What is published, one bar per figure and never a line, and why no change is measured."""
    last = [row for row in own if row.valeur is not None][-1]
    values = {**basics(ctx, indicateur, last, last.instant), "raison": raison}
    # A figure known to the day says so: « 2021 » beside « publ. 2021 » would be read as the same year.
    shown = [(ctx.moment(indicateur, row.instant, row.publication), row) for row in own]
    points = tuple(Point(t if row.instant.etabli else row.instant.court, as_value(row, indicateur)) for t, row in shown)
    return ctx.finding(
        declare,
        Message("quartier.evolution_refusee" if declare.genre == "evolution" else "quartier.ecart_refuse", values),
        [indicateur],
        list(own),
        sous_titre=ctx.subtitle(indicateur, when(row.instant for row in own if row.valeur is not None)),
        figure=Figure("barres", axis(indicateur), (Serie(ctx.quartier.nom, "sujet", points),)),
        table=Table(
            ("Année", ctx.quartier.nom),
            tuple((word(moment), as_value(row, indicateur)) for moment, row in shown),
            f"{ctx.subtitle(indicateur, '')} : {ctx.quartier.nom}",
        ),
        lecture=Message("quartier.lecture_seul", values),
        champ=ctx.champ(indicateur, ctx.quartier.nom),
        manques=[Manque(f"L'évolution de « {indicateur.nom} » : {raison}.", "non_disponible"), *manques],
    )


def absent_change(ctx: Contexte, declare: ConstatDeclare, indicateur: Indicateur) -> Finding:
    """Nothing published for this quarter: the other quarters' figures aren't drawn in its place."""
    own = ctx.serie(ctx.quartier.code, indicateur)
    if not own:
        return ctx.nothing(declare, [indicateur])
    finding = ctx.nothing(declare, [indicateur], own[-1].statut)
    message = absence(ctx, indicateur, own[-1], own[-1].instant)
    return finding if message is None else replace(finding, message=_about_time(declare, message))


def _about_time(declare: ConstatDeclare, message: Message) -> Message:
    """The same absence, said of the question asked: not « what is it » but « did it change », « does it come closer »."""
    return (
        Message(f"quartier.absent_{declare.genre}", message.valeurs)
        if message.gabarit == "quartier.absent"
        else message
    )


def unit_of_difference(indicateur: Indicateur) -> str:
    """A difference between two rates is said in points."""
    return "points" if indicateur.genre == "taux" else indicateur.unite
