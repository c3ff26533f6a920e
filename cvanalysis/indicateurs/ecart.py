"""Findings about a gap that widens or narrows (`ecart`): does the quarter come closer to what it is compared with?

Owns what is drawn of a gap over the years, and the message; what may be compared is decided in `convergence`. A refused
comparison is a finding too: it shows what is published and says why no change is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.errors import ComparisonRefused
from cvanalysis.french import enumerate_some
from cvanalysis.indicateurs.context import Contexte, preferred, role_of, when
from cvanalysis.indicateurs.distribution import table_of_ends
from cvanalysis.indicateurs.ensemble import AUTRES_ANNEES, ORDRE_TABLEAU, make_finding, nothing
from cvanalysis.indicateurs.evolution import absent_change, cuts, refused_change, unit_of_difference
from cvanalysis.indicateurs.measure import Convergence, matched_gaps, measure_convergence, tolerance, unit_of_gap
from cvanalysis.indicateurs.niveau import basics
from cvanalysis.indicateurs.ranking import standout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.indicateurs.measure import Gap
    from cvanalysis.indicateurs.observation import Instant
    from cvanalysis.territory.contract import Comparateur, Quartier


_VERDICTS = {
    "rapproche": "se rapproche",
    "eloigne": "s'éloigne",
    "stable": "stable",
    "avance_augmente": "mieux placé, davantage",
    "avance_diminue": "mieux placé, de moins loin",
    "croise": "passe de l'autre côté",
}


def build_gap(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """`ecart`: does the quarter come closer to what it is compared with?"""
    indicateur = ctx.catalogue.indicateurs[declare.indicateurs[0]]
    own = ctx.serie(ctx.quartier.code, indicateur)
    if not any(row.valeur is not None for row in own):
        return absent_change(ctx, declare, indicateur)
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
        return refused_change(ctx, declare, indicateur, own, _first_reason(refused), manques)
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
        "tolerance": Valeur(tolerance(indicateur, ctx.territory.seuils), unite="points", decimales=1),
        "unite_ecart": found.unite,
        "favorable": found.favorable,
        "verdict": found.verdict,
        "desaccord": found.desaccord,
        "plus_loin": abs(found.fin.ecart) > abs(found.debut.ecart),
        "rapport_avant": Valeur(ratios[0], decimales=2) if ratios[0] is not None else Valeur(None, "sans_objet"),
        "rapport_apres": Valeur(ratios[1], decimales=2) if ratios[1] is not None else Valeur(None, "sans_objet"),
        "absolu_avant": Valeur(
            abs(found.debut.absolu), unite=unit_of_difference(indicateur), decimales=indicateur.decimales
        ),
        "absolu_apres": Valeur(
            abs(found.fin.absolu), unite=unit_of_difference(indicateur), decimales=indicateur.decimales
        ),
    }


def _gap_lines(ctx: Contexte, indicateur: Indicateur, gaps: dict[str, tuple[Gap, ...]]) -> Figure:
    instants = _instants(gaps)
    series = []
    for comparateur in ctx.proches:
        values = {gap.sujet.instant: gap.valeur for gap in gaps[comparateur.zone]}
        if values:
            points = tuple(
                Point(i.court, values.get(i) or _no_gap(ctx, indicateur, comparateur.zone, i)) for i in instants
            )
            series.append(Serie(f"Écart avec {comparateur.nom}", role_of(comparateur), points))
    source = next(gap.sujet.source for found in gaps.values() for gap in found)
    ruptures = cuts(ctx, source, [i.annee for i in instants if i.etabli])
    genre = "lignes" if all(i.etabli for i in instants) and len(instants) > 1 else "barres"
    return Figure(genre, _gap_axis(indicateur), tuple(series), ruptures=ruptures)


def _measures(indicateur: Indicateur, gap: Gap | None, absent: Valeur) -> tuple[Valeur, Valeur, Valeur]:
    """The gap, the difference and the ratio; the reason three times where there is no gap."""
    if gap is None:
        return absent, absent, absent
    difference = Valeur(gap.absolu, unite=unit_of_difference(indicateur), decimales=indicateur.decimales)
    ratio = Valeur(gap.rapport, decimales=2) if gap.rapport is not None else Valeur(None, "sans_objet")
    return gap.valeur, difference, ratio


def _instants(gaps: dict[str, tuple[Gap, ...]]) -> list[Instant]:
    """The moments at which some gap is known, oldest first."""
    return sorted({gap.sujet.instant for found in gaps.values() for gap in found})


def _no_gap(ctx: Contexte, indicateur: Indicateur, zone: str, instant: Instant) -> Valeur:
    """Why there is no gap at that moment: the reason of the quarter's figure, else that of the other zone's."""
    sides = (ctx.value(code, indicateur, instant).statut for code in (ctx.quartier.code, zone))
    statut = next((statut for statut in sides if statut != "publié"), "non_disponible")
    return Valeur(None, statut, unit_of_gap(indicateur), 1)


def _gap_axis(indicateur: Indicateur) -> str:
    unit = "points" if indicateur.genre == "taux" else "% de la valeur du territoire comparé"
    return f"Écart du quartier, {indicateur.nom} (en {unit})"


def _gap_table(
    ctx: Contexte, indicateur: Indicateur, gaps: dict[str, tuple[Gap, ...]], measured: dict[str, Convergence]
) -> Table:
    """One line per comparator and year, with both measures; the years of the verdict are marked."""
    lines = []
    for comparateur in ctx.proches:
        there = {gap.sujet.instant: gap for gap in gaps[comparateur.zone]}
        found = measured.get(comparateur.zone)
        used = {found.debut.sujet.instant, found.fin.sujet.instant} if found else set()
        for instant in _instants(gaps) if there else ():
            lines.append(
                (
                    word(f"{comparateur.nom}, {instant}"),
                    ctx.value(ctx.quartier.code, indicateur, instant),
                    ctx.value(comparateur.zone, indicateur, instant),
                    *_measures(indicateur, there.get(instant), _no_gap(ctx, indicateur, comparateur.zone, instant)),
                    word("oui" if instant in used else "non"),
                )
            )
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


def _first_reason(refused: Sequence[tuple[Comparateur, str]]) -> str:
    return refused[0][1] if refused else "aucun territoire de comparaison n'est déclaré"


def build_gaps(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """First and last gap of each quarter with the comparator that most of them can be compared with."""
    indicateur = ctx.catalogue.indicateurs[declare.indicateurs[0]]
    comparateur, found, refused = _best_comparator(ctx, indicateur)
    manques = [
        Manque(f"{ctx.named(names)} : l'évolution de l'écart n'est pas mesurée ({text}).", "non_disponible")
        for text, names in refused.items()
    ]
    if comparateur is None:
        return nothing(ctx, declare, indicateur, next(iter(refused), "aucun territoire de comparaison n'a de chiffre"))
    rows = [row for c in found.values() for gap in (c.debut, c.fin) for row in (gap.sujet, gap.repere)]
    groups: dict[str, list[str]] = {}
    for quartier, convergence in found.items():
        groups.setdefault(convergence.verdict, []).append(ctx.noms[quartier.code])
    first = next(iter(found))
    unit = "points" if indicateur.genre == "taux" else "% de la valeur du territoire comparé"
    axe = f"Écart avec {comparateur.nom}, {indicateur.nom} (en {unit})"
    closer = (*groups.get("rapproche", ()), *groups.get("avance_augmente", ()))
    further = (*groups.get("eloigne", ()), *groups.get("avance_diminue", ()))
    said = {
        "indicateur": indicateur.id,
        "nom": indicateur.nom,
        "repere": comparateur.nom,
        "role": role_of(comparateur),
        "mesures": len(found),
        "total": len(ctx.territory.quartiers),
        "rapproche": len(groups.get("rapproche", ())),
        "eloigne": len(groups.get("eloigne", ())),
        "stable": len(groups.get("stable", ())),
        "tolerance": Valeur(tolerance(indicateur, ctx.territory.seuils), unite="points", decimales=1),
        "autres": len(found) - sum(len(groups.get(k, ())) for k in ("rapproche", "eloigne", "stable")),
        "favorables": len(closer),
        "defavorables": len(further),
        "noms_rapproche": enumerate_some(groups["rapproche"]) if groups.get("rapproche") else "",
        "noms_eloigne": enumerate_some(groups["eloigne"]) if groups.get("eloigne") else "",
        "annee_avant": str(found[first].debut.sujet.instant),
        "annee_apres": str(found[first].fin.sujet.instant),
        "quartier": ctx.noms[first.code],
        "ecart_avant": found[first].debut.valeur,
        "ecart_apres": found[first].fin.valeur,
    }
    return make_finding(
        ctx,
        declare,
        Message("synthese.ecart", said),
        [indicateur],
        rows,
        sous_titre=f"{axe}, {said['annee_avant']} et {said['annee_apres']}",
        figure=_verdicts(groups, axe) if ctx.territory.vaste else Figure("paires", axe, _two_moments(ctx, found, said)),
        table=_gaps_table(ctx, indicateur, found, said, axe),
        lecture=Message("synthese.lecture_ecart", said),
        manques=manques,
        precautions=tuple(dict.fromkeys(p for c in found.values() for p in c.precautions)),
    )


def _best_comparator(
    ctx: Contexte, indicateur: Indicateur
) -> tuple[Comparateur | None, dict[Quartier, Convergence], dict[str, list[str]]]:
    """The comparator common to all quarters (EPCI, all QPV…) with which most of them can be followed over the same years."""
    best: tuple[Comparateur | None, dict, dict] = (None, {}, {})
    shared = [c for c in ctx.proches if role_of(c) != "commune"] or list(ctx.comparateurs)
    for comparateur in preferred(shared):
        found, refused = {}, {}
        for quartier in ctx.territory.quartiers:
            try:
                found[quartier] = convergence_with(ctx, indicateur, quartier.code, comparateur)
            except ComparisonRefused as refusal:
                refused.setdefault(str(refusal), []).append(ctx.noms[quartier.code])
        spans = [(c.debut.sujet.instant, c.fin.sujet.instant) for c in found.values()]
        common = max(dict.fromkeys(spans), key=spans.count, default=None)
        other = [q for q, span in zip(found, spans, strict=True) if span != common]
        for quartier in other:
            del found[quartier]
            refused.setdefault(AUTRES_ANNEES, []).append(ctx.noms[quartier.code])
        if len(found) > len(best[1]) or not (best[1] or best[2]):
            best = (comparateur if found else None, found, refused)
    return best


def _two_moments(ctx: Contexte, found: Mapping[Quartier, Convergence], said: Mapping[str, object]) -> tuple[Serie, ...]:
    names = ctx.noms
    return (
        Serie(str(said["annee_avant"]), "autre", tuple(Point(names[q.code], c.debut.valeur) for q, c in found.items())),
        Serie(str(said["annee_apres"]), "sujet", tuple(Point(names[q.code], c.fin.valeur) for q, c in found.items())),
    )


def _verdicts(groups: Mapping[str, Sequence[str]], axe: str) -> Figure:
    """How many quarters of a vast contract have each verdict."""
    points = tuple(
        Point(text[:1].upper() + text[1:], Valeur(float(len(groups.get(verdict, ()))), unite="quartiers"))
        for verdict, text in _VERDICTS.items()
    )
    return Figure("barres", f"Nombre de quartiers. {axe}", (Serie("Quartiers du contrat", "autre", points),))


def _gaps_table(
    ctx: Contexte,
    indicateur: Indicateur,
    found: Mapping[Quartier, Convergence],
    said: Mapping[str, object],
    axe: str,
) -> Table:
    """Both measures of each gap, so that where they disagree both are read."""
    absent = Valeur(None, "non_disponible", "points", 1)

    def second(gap: Gap) -> Valeur:
        if indicateur.genre == "taux":
            return Valeur(gap.rapport, "publié" if gap.rapport is not None else "sans_objet", decimales=2)
        return Valeur(gap.absolu, unite=indicateur.unite, decimales=indicateur.decimales)

    def line(quartier: Quartier) -> tuple[Valeur, ...]:
        name = word(ctx.noms[quartier.code])
        convergence = found.get(quartier)
        if convergence is None:
            return name, absent, absent, absent, absent, absent, word("non mesuré")
        change = Valeur(convergence.variation, unite="points", decimales=1)
        verdict = _VERDICTS[convergence.verdict] + (
            " (l'autre mesure dit le contraire)" if convergence.desaccord else ""
        )
        before, after = convergence.debut, convergence.fin
        return name, before.valeur, after.valeur, change, second(before), second(after), word(verdict)

    other = "Rapport" if indicateur.genre == "taux" else "Différence"
    years = (said["annee_avant"], said["annee_apres"])
    columns = ("Quartier", *(f"Écart {y}" for y in years), "Variation", *(f"{other} {y}" for y in years), "Lecture")
    if ctx.territory.vaste:
        return table_of_ends(columns, sorted(found, key=lambda q: (found[q].variation, q.code)), line, axe)
    return Table(columns, tuple(map(line, ctx.territory.quartiers)), f"{axe}. {ORDRE_TABLEAU}")
