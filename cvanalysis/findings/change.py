"""Findings about time: a change (`evolution`), a gap that widens or narrows (`ecart`).

Owns what is drawn over the years and the message; what may be compared is decided in `evolution` and `convergence`. A refused
comparison is a finding too: it shows what is published and says why no change is measured.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from cvanalysis.errors import ComparisonRefused
from cvanalysis.findings.context import Contexte, enumerate_french, preferred, role_of, when
from cvanalysis.findings.convergence import Convergence, matched_gaps, measure_convergence
from cvanalysis.findings.evolution import Evolution, choose_pair, index_base_100, measure_evolution
from cvanalysis.findings.finding import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur
from cvanalysis.findings.level import absence, axis, basics, word
from cvanalysis.findings.observation import as_value
from cvanalysis.findings.ranking import standout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.findings.convergence import Gap
    from cvanalysis.findings.observation import Observation
    from cvanalysis.territory import Comparateur

    Zone = tuple[str, str, Sequence[Observation]]


def build_evolution(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """`evolution`: what changed in the quarter between two years that may be compared."""
    indicateur = ctx.catalogue.indicateurs[declare.indicateurs[0]]
    own = ctx.serie(ctx.quartier.code, indicateur)
    if not any(row.valeur is not None for row in own):
        return _absent(ctx, declare, indicateur)
    try:
        avant, apres = choose_pair(own, ctx.territory.debut, ctx.territory.fin, ctx.rules)
        change = measure_evolution(indicateur, avant, apres, ctx.territory.seuils, ctx.rules)
    except ComparisonRefused as refusal:
        return _refused(ctx, declare, indicateur, own, str(refusal))
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


def build_gap(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """`ecart`: does the quarter come closer to what it is compared with?"""
    indicateur = ctx.catalogue.indicateurs[declare.indicateurs[0]]
    own = ctx.serie(ctx.quartier.code, indicateur)
    if not any(row.valeur is not None for row in own):
        return _absent(ctx, declare, indicateur)
    measured: list[tuple[Comparateur, Convergence]] = []
    refused: list[tuple[Comparateur, str]] = []
    for comparateur in preferred(ctx.proches):
        try:
            measured.append((comparateur, convergence_with(ctx, indicateur, ctx.quartier.code, comparateur)))
        except ComparisonRefused as refusal:
            refused.append((comparateur, str(refusal)))
    gaps = {
        c.zone: matched_gaps(indicateur, own, ctx.serie(c.zone, indicateur), ctx.territory.seuils) for c in ctx.proches
    }
    manques = [
        Manque(f"Écart avec {c.nom} ({indicateur.nom}), son évolution n'est pas mesurée : {text}.", "non_disponible")
        for c, text in refused
    ]
    rows = [row for found in gaps.values() for gap in found for row in (gap.sujet, gap.repere)]
    if not rows:
        return _refused(ctx, declare, indicateur, own, _first_reason(refused), manques)
    figure = _gap_lines(ctx, indicateur, gaps)
    if measured:
        values = gap_values(ctx, indicateur, *measured[0])
        main = measured[0][1]
        message = Message(f"quartier.ecart_{title_of(main)}", values)
        lecture = Message("quartier.lecture_ecart", values)
        poids = _weight_of_gap(ctx, indicateur, *measured[0])
    else:
        last = max((gap for found in gaps.values() for gap in found), key=lambda gap: gap.sujet.millesime or 0)
        values = {**basics(ctx, indicateur, last.sujet, last.sujet.instant), "raison": _first_reason(refused)}
        message, lecture, poids = Message("quartier.ecart_refuse", values), None, 0.0
    return ctx.finding(
        declare,
        message,
        [indicateur],
        rows,
        sous_titre=f"{_gap_axis(indicateur)}, {when(gap.sujet.instant for found in gaps.values() for gap in found)}",
        figure=figure,
        table=_gap_table(ctx, indicateur, gaps, {c.zone: m for c, m in measured}),
        lecture=lecture,
        champ=ctx.champ(indicateur, ctx.quartier.nom, *(c.nom for c in ctx.proches if gaps[c.zone])),
        precautions=[ident for _, convergence in measured for ident in convergence.precautions],
        manques=manques,
        poids=poids,
    )


def convergence_with(ctx: Contexte, indicateur: Indicateur, zone: str, comparateur: Comparateur) -> Convergence:
    """Change of the gap of any quarter of the contract with a comparator, inside the contract's years."""
    return measure_convergence(
        indicateur,
        ctx.serie(zone, indicateur),
        ctx.serie(comparateur.zone, indicateur),
        ctx.territory.debut,
        ctx.territory.fin,
        ctx.territory.seuils,
        ctx.rules,
    )


def title_of(found: Convergence) -> str:
    """Which sentence tells a change of gap: two measures that disagree are told together, unless hardly anything moved."""
    return "desaccord" if found.desaccord and found.verdict != "stable" else found.verdict


def gap_values(
    ctx: Contexte, indicateur: Indicateur, comparateur: Comparateur, found: Convergence
) -> dict[str, object]:
    """What the sentences on a change of gap may use; sizes are without sign, `sens_*` says on which side."""
    ratios = (found.debut.rapport, found.fin.rapport)
    return {
        **basics(ctx, indicateur, found.fin.sujet, found.fin.sujet.instant),
        "repere": comparateur.nom,
        "role": role_of(comparateur),
        "annee_avant": str(found.debut.sujet.instant),
        "annee_apres": str(found.fin.sujet.instant),
        "ecart_avant": found.debut.taille,
        "ecart_apres": found.fin.taille,
        "sens_avant": "dessus" if found.debut.ecart >= 0 else "dessous",
        "sens_apres": "dessus" if found.fin.ecart >= 0 else "dessous",
        "variation": found.taille,
        "unite_ecart": found.unite,
        "favorable": found.favorable,
        "verdict": found.verdict,
        "desaccord": found.desaccord,
        "plus_loin": abs(found.fin.ecart) > abs(found.debut.ecart),
        "rapport_avant": Valeur(ratios[0], decimales=2) if ratios[0] is not None else Valeur(None, "sans_objet"),
        "rapport_apres": Valeur(ratios[1], decimales=2) if ratios[1] is not None else Valeur(None, "sans_objet"),
        "absolu_avant": Valeur(
            abs(found.debut.absolu), unite=_unit_of_difference(indicateur), decimales=indicateur.decimales
        ),
        "absolu_apres": Valeur(
            abs(found.fin.absolu), unite=_unit_of_difference(indicateur), decimales=indicateur.decimales
        ),
    }


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
    years = f"{change.avant.instant} et {change.apres.instant}"
    text = f"« {indicateur.nom} » : il manque un chiffre de {years}, ou les deux, pour {enumerate_french(absent)}."
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
        "difference": Valeur(
            abs(change.absolue), unite=_unit_of_difference(indicateur), decimales=indicateur.decimales
        ),
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
            curves.append(
                (nom, role, {row.millesime: Valeur(n, decimales=1) for row, n in index_base_100(series, base)})
            )
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
    ruptures = _cuts(ctx, change.avant.source, years)
    return Figure("lignes", label, series, zero=indicateur.genre == "effectif", ruptures=ruptures)


def _cuts(ctx: Contexte, source: str, years: Sequence[int]) -> tuple[str, ...]:
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


# ------------------------------------------------------------------------------------------------------------------ gap


def _gap_lines(ctx: Contexte, indicateur: Indicateur, gaps: dict[str, tuple[Gap, ...]]) -> Figure:
    instants = sorted({gap.sujet.instant for found in gaps.values() for gap in found})
    absent = Valeur(None, "non_disponible", "points" if indicateur.genre == "taux" else "%", 1)
    series = []
    for comparateur in ctx.proches:
        values = {gap.sujet.instant: gap.valeur for gap in gaps[comparateur.zone]}
        if values:
            points = tuple(Point(instant.court, values.get(instant, absent)) for instant in instants)
            series.append(Serie(f"Écart avec {comparateur.nom}", role_of(comparateur), points))
    source = next(gap.sujet.source for found in gaps.values() for gap in found)
    ruptures = _cuts(ctx, source, [i.annee for i in instants if i.etabli])
    genre = "lignes" if all(i.etabli for i in instants) and len(instants) > 1 else "barres"
    return Figure(genre, _gap_axis(indicateur), tuple(series), ruptures=ruptures)


def _gap_axis(indicateur: Indicateur) -> str:
    unit = "points" if indicateur.genre == "taux" else "% de la valeur du territoire comparé"
    return f"Écart du quartier, {indicateur.nom} (en {unit})"


def _gap_table(
    ctx: Contexte, indicateur: Indicateur, gaps: dict[str, tuple[Gap, ...]], measured: dict[str, Convergence]
) -> Table:
    """One line per comparator and year, with both measures; the years of the verdict are marked."""
    lines = []
    for comparateur in ctx.proches:
        found = measured.get(comparateur.zone)
        used = {found.debut.sujet.instant, found.fin.sujet.instant} if found else set()
        lines += [
            (
                word(f"{comparateur.nom}, {gap.sujet.instant}"),
                as_value(gap.sujet, indicateur),
                as_value(gap.repere, indicateur),
                gap.valeur,
                Valeur(gap.absolu, unite=_unit_of_difference(indicateur), decimales=indicateur.decimales),
                Valeur(gap.rapport, decimales=2) if gap.rapport is not None else Valeur(None, "sans_objet"),
                word("oui" if gap.sujet.instant in used else "non"),
            )
            for gap in gaps[comparateur.zone]
        ]
    columns = ("Territoire et année", ctx.quartier.nom, "Territoire", "Écart", "Différence", "Rapport", "Année retenue")
    return Table(
        columns, tuple(lines), f"{indicateur.nom[:1].upper()}{indicateur.nom[1:]} : écart du quartier, année par année"
    )


def _weight_of_gap(ctx: Contexte, indicateur: Indicateur, comparateur: Comparateur, main: Convergence) -> float:
    others = []
    for quarter in ctx.autres:
        try:
            other = convergence_with(ctx, indicateur, quarter.code, comparateur)
        except ComparisonRefused:
            continue
        if (other.debut.sujet.instant, other.fin.sujet.instant) == (main.debut.sujet.instant, main.fin.sujet.instant):
            others.append(other.variation)
    return standout(main.variation, others)


# --------------------------------------------------------------------------------------------------- refused and absent


def _refused(
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


def _absent(ctx: Contexte, declare: ConstatDeclare, indicateur: Indicateur) -> Finding:
    """Nothing published for this quarter: the other quarters' figures aren't drawn in its place."""
    own = ctx.serie(ctx.quartier.code, indicateur)
    if not own:
        return ctx.nothing(declare, [indicateur])
    finding = ctx.nothing(declare, [indicateur], own[-1].statut)
    message = absence(ctx, indicateur, own[-1], own[-1].instant)
    return finding if message is None else replace(finding, message=message)


def _first_reason(refused: Sequence[tuple[Comparateur, str]]) -> str:
    return refused[0][1] if refused else "aucun territoire de comparaison n'est déclaré"


def _unit_of_difference(indicateur: Indicateur) -> str:
    """A difference between two rates is said in points."""
    return "points" if indicateur.genre == "taux" else indicateur.unite
