"""Findings that set two figures side by side (`paires`): women and all, women and men.

Owns the difference of two rates and the share of women in two counts that add. Where men are not published, they are not deduced
from women and the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Role, Serie, Table, Valeur, word
from cvanalysis.indicateurs.context import Contexte
from cvanalysis.indicateurs.distribution import draw_classes, table_of_ends
from cvanalysis.indicateurs.ensemble import ORDRE_TABLEAU, _moment, _silent, common_instant, make_finding, nothing
from cvanalysis.indicateurs.measure import tolerance
from cvanalysis.indicateurs.niveau import absence, axis, basics, choose_instant, missing_own
from cvanalysis.indicateurs.ranking import standout

if TYPE_CHECKING:
    from cvanalysis.catalogue import Catalogue, ConstatDeclare, Indicateur
    from cvanalysis.indicateurs.observation import Instant
    from cvanalysis.territory.contract import Quartier


DESSINES = 20
"""Other quarters up to which each has its row in the figure; more of them are in the table only."""


def build_pair(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """`paires`: two indicators in the quarter, its comparators and the other quarters, at one instant."""
    first, second = (ctx.catalogue.indicateurs[ident] for ident in declare.indicateurs)
    instant = choose_instant(ctx, first)
    if instant is None:
        return ctx.nothing(declare, (first, second))
    code = ctx.quartier.code
    counted = first.genre == "effectif"
    zones = [(ctx.noms[code], code)]
    zones += [] if counted else [(c.nom, c.zone) for c in ctx.comparateurs if ctx.value(c.zone, first, instant).dite]
    zones += [(ctx.noms[q.code], q.code) for q in ctx.autres]
    own = {z: pair_measure(ctx, first, second, z, instant) for _, z in zones}
    rows = [ctx.at(zone, one, instant) for _, zone in zones for one in (first, second)]
    manques = [
        *missing_own(ctx, first, ctx.at(code, first, instant), instant),
        *missing_own(ctx, second, ctx.at(code, second, instant), instant),
    ]
    if not counted and not first.hommes:
        manques.append(Manque(f"« {first.nom} » n'est pas publié pour les hommes seuls.", "non_disponible"))
    quarters = {q.code for q in ctx.autres}
    drawn = zones if len(quarters) <= DESSINES else [zone for zone in zones if zone[1] not in quarters]
    return ctx.finding(
        declare,
        _message(ctx, first, second, own[code], instant),
        (first, second),
        rows,
        sous_titre=ctx.subtitle(about(ctx.catalogue, first), _moment_here(ctx, first, instant)),
        figure=Figure(
            "paires", axis(about(ctx.catalogue, first)), _series(ctx, first, second, drawn, instant), sujet=zones[0][0]
        ),
        table=_table(ctx, first, second, zones, own, instant),
        lecture=_reading(ctx, first, second, own[code], instant),
        champ=ctx.champ(first, *(nom for nom, zone in zones if zone not in quarters), *ctx.others),
        precautions=("effectif",) if counted else (),
        manques=manques,
        poids=standout(own[code].valeur, [own[z].valeur for z in own if z in quarters and own[z].dite])
        if own[code].dite
        else 0.0,
    )


def about(catalogue: Catalogue, first: Indicateur) -> Indicateur:
    """What a pair is about: the indicator of all, where `first` is that of women."""
    return next((one for one in catalogue.indicateurs.values() if one.femmes == first.id), first)


def pair_measure(ctx: Contexte, first: Indicateur, second: Indicateur, zone: str, instant: Instant) -> Valeur:
    """Rates: second minus first, in points. Counts: share of the first in both, where both are published."""
    a, b = ctx.value(zone, first, instant), ctx.value(zone, second, instant)
    counted = first.genre == "effectif"
    unit = "%" if counted else "points"
    for value in (a, b):
        if not value.dite:
            return Valeur(None, value.statut, unit, 1)
    if not counted:
        return Valeur(round(b.valeur - a.valeur, 9), unite=unit, decimales=1)
    both = a.valeur + b.valeur
    return Valeur(100 * a.valeur / both if both else None, "publié" if both else "sans_objet", unit, 1)


def _values(
    ctx: Contexte, first: Indicateur, second: Indicateur, measure: Valeur, instant: Instant
) -> dict[str, object]:
    return {
        **basics(ctx, first, ctx.at(ctx.quartier.code, first, instant), instant),
        "nom_second": second.nom,
        "second": ctx.value(ctx.quartier.code, second, instant),
        "mesure": measure if measure.valeur is None else Valeur(abs(measure.valeur), unite=measure.unite, decimales=1),
    }


def _message(ctx: Contexte, first: Indicateur, second: Indicateur, measure: Valeur, instant: Instant) -> Message:
    for one in (first, second):
        missing = absence(ctx, one, ctx.at(ctx.quartier.code, one, instant), instant)
        if missing is not None:
            return missing
    values = _values(ctx, first, second, measure, instant)
    if first.genre == "effectif":
        if not measure.dite:
            return Message("quartier.niveau_seul", values)
        share = measure.valeur
        kind = (
            "moitie"
            if abs(share - 50) < 2 * ctx.territory.seuils.stable_points
            else "majorite"
            if share > 50
            else "minorite"
        )
        return Message(f"quartier.paires_{kind}", values)
    seuil = tolerance(first, ctx.territory.seuils)
    kind = "proche" if abs(measure.valeur) < seuil else "dessus" if measure.valeur > 0 else "dessous"
    return Message(f"quartier.paires_{kind}", values)


def _reading(ctx: Contexte, first: Indicateur, second: Indicateur, measure: Valeur, instant: Instant) -> Message | None:
    if not measure.dite:
        return None
    return Message("quartier.lecture_paires", _values(ctx, first, second, measure, instant))


def _series(
    ctx: Contexte, first: Indicateur, second: Indicateur, zones: list[tuple[str, str]], instant: Instant
) -> tuple[Serie, ...]:
    named: list[tuple[Indicateur, str, Role]] = [
        (first, _name(first), _role(first)),
        (second, _name(second), _role(second)),
    ]
    return tuple(
        Serie(nom, role, tuple(Point(zone_name, ctx.value(zone, one, instant)) for zone_name, zone in zones))
        for one, nom, role in named
    )


def _role(indicateur: Indicateur) -> Role:
    return "femmes" if indicateur.id.endswith("_femmes") else "hommes" if indicateur.id.endswith("_hommes") else "sujet"


def _name(indicateur: Indicateur) -> str:
    return {"femmes": "Femmes", "hommes": "Hommes"}.get(_role(indicateur), "Ensemble")


def _moment_here(ctx: Contexte, indicateur: Indicateur, instant: Instant) -> str:
    row = ctx.at(ctx.quartier.code, indicateur, instant)
    return ctx.moment(indicateur, instant, row.publication if row else None)


def _table(
    ctx: Contexte,
    first: Indicateur,
    second: Indicateur,
    zones: list[tuple[str, str]],
    measures: dict[str, Valeur],
    instant: Instant,
) -> Table:
    last = (
        f"Part ({_name(first).lower()})"
        if first.genre == "effectif"
        else f"Écart ({_name(second).lower()} - {_name(first).lower()})"
    )
    lines = tuple(
        (word(nom), ctx.value(zone, first, instant), ctx.value(zone, second, instant), measures[zone])
        for nom, zone in zones
    )
    return Table(
        ("Territoire", _name(first), _name(second), last),
        lines,
        ctx.subtitle(about(ctx.catalogue, first), _moment_here(ctx, first, instant)),
    )


def build_pairs(ctx: Contexte, declare: ConstatDeclare) -> Finding:
    """Two figures per quarter, at a common moment."""
    first, second = (ctx.catalogue.indicateurs[ident] for ident in declare.indicateurs)
    instant = common_instant(ctx, first)
    if instant is None:
        return nothing(ctx, declare, first)
    moment = _moment(ctx, first, instant)
    quarters = ctx.territory.quartiers
    whole = about(ctx.catalogue, first)
    measures = {q: pair_measure(ctx, first, second, q.code, instant) for q in quarters}
    known = sorted((q for q in quarters if measures[q].dite), key=lambda q: (measures[q].valeur, q.nom))
    rows = [ctx.at(q.code, one, instant) for q in quarters for one in (first, second)]
    counted = first.genre == "effectif"
    said = {
        "indicateur": first.id,
        "nom": first.nom,
        "nom_second": second.nom,
        "publies": len(known),
        "total": len(quarters),
        "annee": moment,
    }
    message, lecture = Message("synthese.niveau_peu", said), None
    if len(known) > 1:
        said |= {
            "bas": ctx.noms[known[0].code],
            "mesure_bas": measures[known[0]],
            "haut": ctx.noms[known[-1].code],
            "mesure_haut": measures[known[-1]],
            "negatifs": sum(measures[q].valeur < (50 if counted else 0) for q in known),
            "premier": ctx.value(known[0].code, first, instant),
            "second": ctx.value(known[0].code, second, instant),
        }
        message = Message(f"synthese.paires_{'effectifs' if counted else 'taux'}", said)
        lecture = Message("synthese.lecture_paires", said)
    names = ("Femmes", "Hommes") if counted else ("Ensemble", "Femmes")
    roles = ("femmes", "hommes") if counted else ("sujet", "femmes")
    columns = ("Quartier", *names, "Part des femmes" if counted else "Écart")
    legende = ctx.subtitle(whole, moment)

    def line(q: Quartier) -> tuple[Valeur, ...]:
        return (word(ctx.noms[q.code]), *(ctx.value(q.code, one, instant) for one in (first, second)), measures[q])

    if ctx.territory.vaste and known:
        what = f"part des femmes, {whole.nom}" if counted else f"écart entre les femmes et l’ensemble, {whole.nom}"
        figure = draw_classes(what, [measures[q].valeur for q in known], measures[known[0]].unite)
        table = table_of_ends(columns, known, line, legende)
    else:
        series = tuple(
            Serie(nom, role, tuple(Point(ctx.noms[q.code], ctx.value(q.code, one, instant)) for q in quarters))
            for nom, role, one in zip(names, roles, (first, second), strict=True)
        )
        figure = Figure("paires", axis(whole), series)
        table = Table(columns, tuple(map(line, quarters)), f"{legende}. {ORDRE_TABLEAU}")
    return make_finding(
        ctx,
        declare,
        message,
        (first, second),
        rows,
        sous_titre=ctx.subtitle(whole, moment),
        figure=figure,
        table=table,
        lecture=lecture,
        manques=[
            manque
            for one in (first, second)
            for manque in _silent(ctx, one, instant, [q for q in quarters if not ctx.value(q.code, one, instant).dite])
        ],
    )
