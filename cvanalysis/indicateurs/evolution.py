"""Findings about time: what changed in a quarter (`evolution`).

Owns what is drawn over the years and the message; what may be compared is decided in `evolution`. A refused
comparison is a finding too: it shows what is published and says why no change is measured.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.errors import ComparisonRefused
from cvanalysis.french import enumerate_french
from cvanalysis.indicateurs.context import Contexte, preferred, role_of, when
from cvanalysis.indicateurs.distribution import draw_classes, table_of_ends
from cvanalysis.indicateurs.ensemble import AUTRES_ANNEES, ORDRE_TABLEAU, make_finding
from cvanalysis.indicateurs.measure import Evolution, choose_pair, index_base_100, measure_evolution, tolerance
from cvanalysis.indicateurs.niveau import absence, axis, basics, build_levels
from cvanalysis.indicateurs.observation import as_value
from cvanalysis.indicateurs.ranking import standout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.indicateurs.observation import Observation
    from cvanalysis.territory.contract import Comparateur, Quartier


if TYPE_CHECKING:
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


def _refused(ctx: Contexte, declare: ConstatDeclare, text: str, manques: Sequence[Manque]) -> Finding:
    """A change that may not be measured anywhere: the last published figures are shown, and the reason is the title."""
    shown = build_levels(ctx, declare)
    values = {**shown.message.valeurs, "raison": text}
    if shown.figure is None:
        return shown
    return replace(shown, message=Message("synthese.evolution_refusee", values), manques=(*manques, *shown.manques))


def _same_years(ctx: Contexte, indicateur: Indicateur) -> tuple[dict[Quartier, Evolution], dict[str, list[str]]]:
    """The change of each quarter between the two years that most of them share, and the names of the others by reason."""
    found: dict[Quartier, Evolution] = {}
    refused: dict[str, list[str]] = {}
    for quartier in ctx.territory.quartiers:
        try:
            pair = choose_pair(ctx.serie(quartier.code, indicateur), ctx.territory.debut, ctx.territory.fin, ctx.rules)
            found[quartier] = measure_evolution(indicateur, *pair, ctx.territory.seuils, ctx.rules)
        except ComparisonRefused as refusal:
            refused.setdefault(str(refusal), []).append(ctx.noms[quartier.code])
    spans = {quartier: (change.avant.instant, change.apres.instant) for quartier, change in found.items()}
    common = max(dict.fromkeys(spans.values()), key=list(spans.values()).count, default=None)
    for quartier, span in spans.items():
        if span != common:
            del found[quartier]
            refused.setdefault(AUTRES_ANNEES, []).append(ctx.noms[quartier.code])
    return found, refused


def build_changes(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """Small multiples: one panel per quarter in the declared order, and how many rise, fall, are stable."""
    indicateur = ctx.catalogue.indicateurs[declare.indicateurs[0]]
    found, refused = _same_years(ctx, indicateur)
    manques = [
        Manque(
            f"{ctx.named(names)} : l'évolution de « {indicateur.nom} » n'est pas mesurée ({text}).",
            "non_disponible",
        )
        for text, names in refused.items()
    ]
    if not found:
        return _refused(ctx, declare, next(iter(refused), "aucun chiffre n'est publié"), manques)
    rows = [r for q in ctx.territory.quartiers for r in ctx.serie(q.code, indicateur) if r.millesime is not None]
    years = sorted({r.millesime for r in rows if r.valeur is not None})
    absent = Valeur(None, "non_disponible", indicateur.unite, indicateur.decimales)
    values = {(r.zone, r.millesime): as_value(r, indicateur) for r in rows}
    counts = {sens: sum(e.sens == sens for e in found.values()) for sens in ("hausse", "baisse", "stable")}
    first = next(iter(found))
    years_compared = (str(found[first].avant.instant), str(found[first].apres.instant))
    said = {
        "indicateur": indicateur.id,
        "nom": indicateur.nom,
        **counts,
        "mesures": len(found),
        "total": len(ctx.territory.quartiers),
        "non_mesures": len(ctx.territory.quartiers) - len(found),
        "annee_avant": years_compared[0],
        "annee_apres": years_compared[1],
        "quartier": ctx.noms[first.code],
        "avant": as_value(found[first].avant, indicateur),
        "apres": as_value(found[first].apres, indicateur),
        "ecart": found[first].taille,
        "sens": found[first].sens,
        "tolerance": Valeur(tolerance(indicateur, ctx.territory.seuils), unite=found[first].unite, decimales=1),
        "lecture_avant": str(found[first].avant.instant),
        "lecture_apres": str(found[first].apres.instant),
    }
    columns = ("Quartier", *map(str, years), "Évolution", "Années comparées")

    def line(q: Quartier) -> tuple[Valeur, ...]:
        return (
            word(ctx.noms[q.code]),
            *(values.get((q.code, y), absent) for y in years),
            found[q].valeur if q in found else Valeur(None, "non_disponible", "points", 1),
            word(f"{found[q].avant.instant} à {found[q].apres.instant}" if q in found else "non mesurée"),
        )

    if ctx.territory.vaste:
        ordered = sorted(found, key=lambda q: (found[q].variation, q.code))
        axe = f"évolution de l’indicateur «\u00a0{indicateur.nom}\u00a0»"
        figure = draw_classes(axe, [found[q].variation for q in ordered], found[first].unite)
        table = table_of_ends(columns, ordered, line, ctx.subtitle(indicateur, ""))
    else:
        source = ctx.rules.of(found[first].avant.source)
        cuts = tuple(str(b) for a, b in pairwise(years) if source.crossed(a, b))
        counted, axe, drawn = indicateur.genre == "effectif", axis(indicateur), values
        if counted:
            # Quarters are of unequal size: on one axis of counts only the largest would be seen to change.
            axe = f"{indicateur.nom[:1].upper()}{indicateur.nom[1:]} (base 100 en {years_compared[0]})"
            without_base = {k: Valeur(None, "sans_objet" if v.dite else v.statut) for k, v in values.items()}
            drawn = without_base | {
                (q.code, year): value
                for q, e in found.items()
                for year, value in indexed(ctx.serie(q.code, indicateur), e.avant).items()
            }
        series = tuple(
            Serie(ctx.noms[q.code], "autre", tuple(Point(str(y), drawn.get((q.code, y), absent)) for y in years))
            for q in ctx.territory.quartiers
        )
        # A base of 100 is read against 100: a zero would leave three quarters of each panel empty.
        figure = Figure("lignes", axe, series, zero=counted and drawn is values, ruptures=cuts, facettes=True)
        lines = tuple(map(line, ctx.territory.quartiers))
        table = Table(columns, lines, f"{ctx.subtitle(indicateur, '')}. {ORDRE_TABLEAU}")
    return make_finding(
        ctx,
        declare,
        Message("synthese.evolution", said),
        [indicateur],
        rows,
        sous_titre=ctx.subtitle(indicateur, when(r.instant for r in rows if r.valeur is not None)),
        figure=figure,
        table=table,
        lecture=Message("synthese.lecture_evolution", said),
        manques=manques,
        precautions=tuple(dict.fromkeys(p for e in found.values() for p in e.precautions)),
    )
