"""Findings about one moment: a level against comparators (`niveau`), a place among the quarters (`rang`).

Owns the choice of the moment and of the message; refuses to set side by side figures of two years.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.errors import ComparisonRefused
from cvanalysis.indicateurs.context import RETOUR_MAXI, Contexte, reason, role_of
from cvanalysis.indicateurs.distribution import draw_classes, table_of_ends
from cvanalysis.indicateurs.ensemble import ORDRE_TABLEAU, _moment, _silent, common_instant, make_finding, nothing
from cvanalysis.indicateurs.measure import Gap, measure_gap, unit_of_gap
from cvanalysis.indicateurs.ranking import Rank, rank, standout

if TYPE_CHECKING:
    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.indicateurs.observation import Instant, Observation
    from cvanalysis.territory.contract import Comparateur


def choose_instant(ctx: Contexte, indicateur: Indicateur) -> Instant | None:
    """The moment of a level: the quarter's last figure, or a slightly older data year that comparators share.

    Without any figure of the quarter: the last moment of the other quarters (then what is said is its absence).
    """
    last = ctx.observations.latest(ctx.quartier.code, indicateur.id)
    if last is None:
        known = ctx.observations.instants([q.code for q in ctx.autres], indicateur.id)
        return known[-1] if known else None
    if last.millesime is None or not last.dite or indicateur.genre == "effectif":
        return last.instant
    for row in reversed(ctx.serie(ctx.quartier.code, indicateur)):
        if row.millesime is None or last.millesime - row.millesime > RETOUR_MAXI or not row.dite:
            continue
        if any(ctx.value(c.zone, indicateur, row.instant).dite for c in ctx.comparateurs):
            return row.instant
    return last.instant


def build_level(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """`niveau`: where the quarter stands against its commune(s), the EPCI, all QPV, and the other quarters."""
    indicateur = ctx.catalogue.indicateurs[declare.indicateurs[0]]
    instant = choose_instant(ctx, indicateur)
    if instant is None:
        return ctx.nothing(declare, [indicateur])
    own = ctx.at(ctx.quartier.code, indicateur, instant)
    quarters = ctx.row_of_quarters(indicateur, instant)
    gaps = gaps_at(ctx, indicateur, own, instant)
    place = rank(ctx.quartier.code, quarters)
    counted = indicateur.genre == "effectif"
    rows = [*quarters.values(), *(gap.repere for _, gap in gaps)]
    last = ctx.observations.latest(ctx.quartier.code, indicateur.id)
    manques = [
        *missing_own(ctx, indicateur, own, instant),
        *(() if counted else ctx.missing_comparators(indicateur, instant)),
        *ctx.missing_quarters(indicateur, instant),
    ]
    if last is not None and last.instant != instant:
        manques.append(
            Manque(
                f"Un chiffre plus récent existe pour le quartier ({last.instant}), mais pour aucun des territoires auxquels "
                "on le compare.",
                "non_disponible",
            )
        )
    return ctx.finding(
        declare,
        _level_message(ctx, indicateur, own, instant, gaps, place),
        [indicateur],
        rows,
        sous_titre=ctx.subtitle(indicateur, str(instant)),
        figure=Figure("points", axis(indicateur), ctx.zones_at(indicateur, instant)),
        table=level_table(ctx, indicateur, instant, {c.zone: gap for c, gap in gaps}),
        lecture=_level_reading(ctx, indicateur, own, instant, gaps),
        champ=ctx.champ(indicateur, ctx.quartier.nom, *([] if counted else [c.nom for c, _ in gaps]), *ctx.others),
        precautions=("effectif",) if counted else (),
        manques=manques,
        poids=0.0 if counted else weight(ctx, own, quarters),
    )


def build_rank(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """`rang`: the quarter's place among those beside it whose figure is published; alone, it has a level and no place."""
    indicateur = ctx.catalogue.indicateurs[declare.indicateurs[0]]
    if not ctx.autres:
        alone = Manque(f"Pas de rang : {ctx.quartier.nom} est le seul quartier prioritaire {ctx.parmi}.", "sans_objet")
        level = build_level(ctx, declare)
        return replace(level, manques=(*level.manques, alone))
    last = ctx.observations.latest(ctx.quartier.code, indicateur.id)
    instant = last.instant if last else choose_instant(ctx, indicateur)
    if instant is None:
        return ctx.nothing(declare, [indicateur])
    own = ctx.at(ctx.quartier.code, indicateur, instant)
    quarters = ctx.row_of_quarters(indicateur, instant)
    place = rank(ctx.quartier.code, quarters)
    ranked = place is not None and place.sur >= 3
    values = basics(ctx, indicateur, own, instant)
    precautions = []
    if not ranked:
        message = absence(ctx, indicateur, own, instant) or Message("quartier.rang_impossible", values)
        lecture = None
    else:
        said = {**values, "rang": place.rang, "bas": place.par_le_bas, "sur": place.sur, "ex_aequo": place.ex_aequo}
        said["manquants"] = place.manquants + place.suspects
        message = Message(f"quartier.rang_{_zone_of(place)}", said)
        lecture = Message("quartier.lecture_rang", said)
        if place.manquants:
            precautions.append("petits_quartiers")
    if indicateur.genre == "effectif":
        precautions.append("effectif")
    return ctx.finding(
        declare,
        message,
        [indicateur],
        list(quarters.values()),
        sous_titre=ctx.subtitle(indicateur, str(instant)),
        figure=Figure("rang", axis(indicateur), quarters_only(ctx, indicateur, instant)),
        table=rank_table(ctx, indicateur, quarters),
        lecture=lecture,
        champ=ctx.champ(indicateur, f"quartiers {ctx.parmi}"),
        precautions=precautions,
        manques=[*missing_own(ctx, indicateur, own, instant), *ctx.missing_quarters(indicateur, instant)],
        # A place in the middle is nothing to put forward, however close to each other the quarters stand.
        poids=weight(ctx, own, quarters)
        if ranked and indicateur.genre != "effectif" and _zone_of(place) != "milieu"
        else 0.0,
    )


def gaps_at(
    ctx: Contexte, indicateur: Indicateur, own: Observation | None, instant: Instant
) -> list[tuple[Comparateur, Gap]]:
    """Gaps with every comparator that has a figure of that very instant, the one that a title prefers first."""
    found = []
    for comparateur in ctx.by_preference():
        other = ctx.at(comparateur.zone, indicateur, instant)
        if own is None or other is None:
            continue
        try:
            found.append((comparateur, measure_gap(indicateur, own, other, ctx.territory.seuils)))
        except ComparisonRefused:
            continue
    return found


def basics(ctx: Contexte, indicateur: Indicateur, own: Observation | None, instant: Instant) -> dict[str, object]:
    """The values that every template of a level may use."""
    value = ctx.value(ctx.quartier.code, indicateur, instant)
    values: dict[str, object] = {
        "indicateur": indicateur.id,
        "nom": indicateur.nom,
        "quartier": ctx.quartier.nom,
        "valeur": value,
        "annee": ctx.moment(indicateur, instant, own.publication if own else None),
        "statut": value.statut,
        "parmi": f" {ctx.parmi}" if ctx.territory.vaste else "",
    }
    if indicateur.unite == "€" and own is not None and own.valeur is not None:
        values["mensuel"] = Valeur(own.valeur / 12, value.statut, "€", 0)
    return values


def absence(ctx: Contexte, indicateur: Indicateur, own: Observation | None, instant: Instant) -> Message | None:
    """The message of a figure that is missing or suspect; None where it can be used."""
    if own is not None and own.dite:
        return None
    values = basics(ctx, indicateur, own, instant)
    if own is not None and own.statut == "suspect":
        return Message("quartier.suspect", values)
    return Message("quartier.absent", {**values, "raison": reason(values["statut"])})


def missing_own(ctx: Contexte, indicateur: Indicateur, own: Observation | None, instant: Instant) -> list[Manque]:
    """What is not known of the quarter itself: this figure, or a more recent one that others have."""
    nom = ctx.quartier.nom
    if own is None or not own.dite:
        statut = "non_disponible" if own is None else own.statut
        return [Manque(f"{nom} : « {indicateur.nom} » {instant.situe}, {reason(statut)}.", statut)]
    later = [
        other
        for other in ctx.observations.instants([q.code for q in ctx.autres], indicateur.id)
        if other.nature == instant.nature
        and other.annee > instant.annee
        and not ctx.value(ctx.quartier.code, indicateur, other).dite
    ]
    if not later:
        return []
    statut = ctx.value(ctx.quartier.code, indicateur, later[-1]).statut
    return [
        Manque(
            f"{nom} : « {indicateur.nom} » {later[-1].situe}, {reason(statut)} ; d'autres quartiers ont le leur.",
            statut,
        )
    ]


def weight(ctx: Contexte, own: Observation | None, quarters: dict[str, Observation | None]) -> float:
    """How far the quarter stands from the others (`ranking.standout`)."""
    if own is None or not own.dite:
        return 0.0
    return standout(own.valeur, (r.valeur for z, r in quarters.items() if z != ctx.quartier.code and r and r.dite))


def axis(indicateur: Indicateur) -> str:
    """« Taux de pauvreté (%) »."""
    name = indicateur.nom[:1].upper() + indicateur.nom[1:]
    return f"{name} ({indicateur.unite})" if indicateur.unite else name


def quarters_only(ctx: Contexte, indicateur: Indicateur, instant: Instant) -> tuple:
    """The quarter and the others, without comparators."""
    return tuple(serie for serie in ctx.zones_at(indicateur, instant) if serie.role in ("sujet", "autre"))


def level_table(ctx: Contexte, indicateur: Indicateur, instant: Instant, gaps: dict[str, Gap]) -> Table:
    """Zone, value, and where there is any gap of the quarter its size and the ratio; the other quarters after the comparators."""
    compared = () if indicateur.genre == "effectif" else ctx.comparateurs
    zones = [(ctx.noms[ctx.quartier.code], ctx.quartier.code), *((c.nom, c.zone) for c in compared)]
    lines = []
    for nom, zone in [*zones, *((ctx.noms[q.code], q.code) for q in ctx.autres)]:
        value = ctx.value(zone, indicateur, instant)
        lines.append((word(nom), value, *(_gap_cells(indicateur, value, gaps.get(zone)) if gaps else ())))
    columns = ("Territoire", indicateur.nom_court or indicateur.nom)
    if gaps:
        columns += ("Écart du quartier", "Rapport")
    return Table(
        columns, tuple(lines), f"{ctx.subtitle(indicateur, str(instant))} : {ctx.quartier.nom} et autres territoires"
    )


def rank_table(ctx: Contexte, indicateur: Indicateur, quarters: dict[str, Observation | None]) -> Table:
    """Quarters from the highest value to the lowest, those without a usable figure at the end with their reason."""
    names = ctx.noms
    ranks = {code: rank(code, quarters) for code in quarters}
    ordered = sorted(quarters, key=lambda code: (ranks[code].rang if ranks[code] else len(quarters) + 1, names[code]))
    instant = next((row.instant for row in quarters.values() if row is not None), None)
    lines = tuple(
        (
            word(names[code]),
            Valeur(ranks[code].rang) if ranks[code] else word("non classé"),
            ctx.value(code, indicateur, instant),
        )
        for code in ordered
    )
    return Table(
        ("Quartier", "Rang (1 : valeur la plus élevée)", indicateur.nom_court or indicateur.nom),
        lines,
        f"{ctx.subtitle(indicateur, str(instant))} : rang des quartiers {ctx.parmi}",
    )


def _gap_cells(indicateur: Indicateur, value: Valeur, gap: Gap | None) -> tuple[Valeur, Valeur]:
    if gap is None:
        statut = "sans_objet" if value.dite else value.statut
        return Valeur(None, statut, unit_of_gap(indicateur), 1), Valeur(None, statut)
    ratio = Valeur(gap.rapport, decimales=2) if gap.rapport is not None else Valeur(None, "sans_objet")
    return gap.valeur, ratio


def _level_message(
    ctx: Contexte,
    indicateur: Indicateur,
    own: Observation | None,
    instant: Instant,
    gaps: list[tuple[Comparateur, Gap]],
    place: Rank | None,
) -> Message:
    missing = absence(ctx, indicateur, own, instant)
    if missing is not None:
        return missing
    values = basics(ctx, indicateur, own, instant)
    values |= {"extreme": _extreme(place), "sur": place.sur if place else 0}
    if indicateur.genre == "effectif":
        return Message("quartier.niveau_effectif", values)
    if not gaps:
        if place is None or place.sur < 3:
            return Message("quartier.niveau_seul", values)
        values |= {"plus_haut": place.rang - 1, "plus_bas": place.par_le_bas - 1, "autres": place.sur - 1}
        return Message("quartier.niveau_parmi", values)
    comparateur, gap = gaps[0]
    return Message(
        f"quartier.niveau_{gap.sens}",
        values
        | {
            "repere": comparateur.nom,
            "role": role_of(comparateur),
            "valeur_repere": ctx.value(comparateur.zone, indicateur, instant),
            "ecart": gap.taille,
        },
    )


def _level_reading(
    ctx: Contexte,
    indicateur: Indicateur,
    own: Observation | None,
    instant: Instant,
    gaps: list[tuple[Comparateur, Gap]],
) -> Message | None:
    if own is None or own.valeur is None:
        return None
    values = basics(ctx, indicateur, own, instant)
    if not gaps:
        return Message("quartier.lecture_seul", values)
    comparateur, gap = gaps[0]
    return Message(
        "quartier.lecture_niveau",
        values
        | {
            "repere": comparateur.nom,
            "role": role_of(comparateur),
            "valeur_repere": ctx.value(comparateur.zone, indicateur, instant),
            "ecart": gap.taille,
            "sens": gap.sens,
            "unite_ecart": gap.unite,
        },
    )


def _extreme(place: Rank | None) -> str:
    """`haut`, `bas` where the quarter alone has the highest or lowest of at least 5 published values, else ''."""
    if place is None or place.sur < 5 or place.ex_aequo:
        return ""
    return "haut" if place.rang == 1 else "bas" if place.par_le_bas == 1 else ""


def _zone_of(place: Rank) -> str:
    """Which third of the line the quarter stands in, its ends apart."""
    if place.rang == 1:
        return "premier"
    if place.par_le_bas == 1:
        return "dernier"
    if place.rang <= place.sur / 3:
        return "haut"
    return "bas" if place.par_le_bas <= place.sur / 3 else "milieu"


def build_levels(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """A dot per quarter on a common axis, with the comparators of that same moment."""
    indicateur = ctx.catalogue.indicateurs[declare.indicateurs[0]]
    instant = common_instant(ctx, indicateur)
    if instant is None:
        return nothing(ctx, declare, indicateur)
    moment = _moment(ctx, indicateur, instant)
    values = {q: ctx.value(q.code, indicateur, instant) for q in ctx.territory.quartiers}
    known = sorted((q for q in values if values[q].dite), key=lambda q: (-values[q].valeur, q.nom))
    silent = [q for q in values if not values[q].dite]
    compared = (
        []
        if indicateur.genre == "effectif"
        else [c for c in ctx.comparateurs if ctx.value(c.zone, indicateur, instant).dite]
    )
    rows = [ctx.at(zone, indicateur, instant) for zone in (*(q.code for q in values), *(c.zone for c in compared))]
    said = {
        "indicateur": indicateur.id,
        "nom": indicateur.nom,
        "annee": moment,
        "publies": len(known),
        "total": len(values),
    }
    message = Message("synthese.niveau_peu", said)
    if len(known) > 1:
        said |= {
            "haut": ctx.noms[known[0].code],
            "aussi_haut": sum(values[q].valeur == values[known[0]].valeur for q in known) - 1,
            "aussi_bas": sum(values[q].valeur == values[known[-1]].valeur for q in known) - 1,
            "valeur_haut": values[known[0]],
            "bas": ctx.noms[known[-1].code],
            "valeur_bas": values[known[-1]],
        }
        message = Message("synthese.niveau_effectif" if indicateur.genre == "effectif" else "synthese.niveau", said)
    columns = ("Territoire", indicateur.nom_court or indicateur.nom)
    legende = ctx.subtitle(indicateur, moment)
    beside = [(word(c.nom), ctx.value(c.zone, indicateur, instant)) for c in compared]
    if ctx.territory.vaste and known:
        numbers = [values[q].valeur for q in known]
        figure = draw_classes(indicateur.nom, numbers, indicateur.unite)
        table = table_of_ends(columns, known[::-1], lambda q: (word(ctx.noms[q.code]), values[q]), legende, beside)
    else:
        points = tuple(Point(ctx.noms[q.code], values[q]) for q in (*known, *silent))
        series = [Serie("Quartiers du contrat", "autre", points)]
        series += [Serie(c.nom, role_of(c), (Point(c.nom, ctx.value(c.zone, indicateur, instant)),)) for c in compared]
        figure = Figure("points", axis(indicateur), tuple(series))
        lines = [(word(ctx.noms[q.code]), values[q]) for q in ctx.territory.quartiers]
        table = Table(columns, (*lines, *beside), f"{legende}. {ORDRE_TABLEAU}")
    return make_finding(
        ctx,
        declare,
        message,
        [indicateur],
        rows,
        sous_titre=ctx.subtitle(indicateur, moment),
        figure=figure,
        table=table,
        lecture=Message("synthese.lecture_niveau", said) if len(known) > 1 else None,
        manques=_silent(ctx, indicateur, instant, silent),
        precautions=(
            *(("effectif",) if indicateur.genre == "effectif" else ()),
            *(("petits_quartiers",) if silent else ()),
        ),
    )
