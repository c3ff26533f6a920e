"""One question asked of all quarters at once. Owns the findings of the synthesis: dots, small panels, pairs.

Nothing is added up or averaged across quarters; a quarter without a usable figure is named with its reason.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from cvanalysis.errors import ComparisonRefused
from cvanalysis.findings.change import indexed
from cvanalysis.findings.comparison import tolerance
from cvanalysis.findings.context import Contexte, reason, role_of, when
from cvanalysis.findings.distribution import draw_classes, table_of_ends
from cvanalysis.findings.evolution import Evolution, choose_pair, measure_evolution
from cvanalysis.findings.finding import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur
from cvanalysis.findings.level import RETOUR_MAXI, axis, word
from cvanalysis.findings.observation import as_value
from cvanalysis.findings.pairs import about, pair_measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.findings.observation import Instant, Observation
    from cvanalysis.territory import Quartier

ORDRE_TABLEAU = "Les quartiers sont dans l'ordre de leur déclaration : ce n'est pas un classement."
AUTRES_ANNEES = "d'autres années seulement sont publiées"
ORDRE_AXE = "Sur un axe, les quartiers sont rangés par valeur ; un rang dit une place, pas un mérite."


def make_finding(
    ctx: Contexte,
    declare: ConstatDeclare,
    message: Message,
    indicateurs: Sequence[Indicateur],
    rows: Sequence[Observation | None],
    *,
    sous_titre: str,
    figure: Figure | None,
    table: Table | None,
    lecture: Message | None,
    manques: Sequence[Manque] = (),
    precautions: Sequence[str] = (),
) -> Finding:
    cautions, general = ctx.cautions(
        indicateurs, rows, *precautions, *(() if ctx.territory.vaste else ("petit_nombre",))
    )
    source, files = ctx.source(rows)
    return Finding(
        id=f"synthese-{declare.numero}",
        section=declare.section,
        question=declare.question,
        message=message,
        sous_titre=sous_titre,
        figure=figure,
        table=table,
        lecture=lecture,
        champ=ctx.champ(indicateurs[0], "quartiers du contrat et territoires comparés"),
        source=source,
        precautions=cautions,
        generales=general,
        fichiers=files,
        manques=tuple(manques),
    )


def common_instant(ctx: Contexte, indicateur: Indicateur) -> Instant | None:
    """The last instant at which most quarters are published; a slightly older one where only there comparators are too."""
    codes = [q.code for q in ctx.territory.quartiers]
    instants = ctx.observations.instants(codes, indicateur.id)
    count = {i: sum(ctx.value(code, indicateur, i).dite for code in codes) for i in instants}
    enough = [i for i in instants if count[i] >= max(count.values()) * 0.75 and count[i]]
    if not enough:
        return None
    last = enough[-1]
    compared = [
        i
        for i in enough
        if (i.nature == last.nature and last.annee - i.annee <= RETOUR_MAXI and last.etabli)
        and any(ctx.value(c.zone, indicateur, i).dite for c in ctx.comparateurs)
    ]
    return compared[-1] if compared and indicateur.genre != "effectif" else last


def nothing(
    ctx: Contexte, declare: ConstatDeclare, indicateur: Indicateur, text: str = "aucun chiffre n'est publié"
) -> Finding:
    values = {"indicateur": indicateur.id, "nom": indicateur.nom, "raison": text}
    return make_finding(
        ctx,
        declare,
        Message("synthese.rien", values),
        [indicateur],
        (),
        sous_titre=ctx.subtitle(indicateur, ""),
        figure=None,
        table=None,
        lecture=None,
        manques=[Manque(f"« {indicateur.nom} » : {text}.", "non_disponible")],
    )


def _refused(ctx: Contexte, declare: ConstatDeclare, text: str, manques: Sequence[Manque]) -> Finding:
    """A change that may not be measured anywhere: the last published figures are shown, and the reason is the title."""
    shown = build_levels(ctx, declare)
    values = {**shown.message.valeurs, "raison": text}
    if shown.figure is None:
        return shown
    return replace(shown, message=Message("synthese.evolution_refusee", values), manques=(*manques, *shown.manques))


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


def _moment(ctx: Contexte, indicateur: Indicateur, instant: Instant) -> str:
    rows = (ctx.at(q.code, indicateur, instant) for q in ctx.territory.quartiers)
    return ctx.moment(indicateur, instant, next((row.publication for row in rows if row is not None), None))


def _silent(ctx: Contexte, indicateur: Indicateur, instant: Instant, silent: Sequence[Quartier]) -> list[Manque]:
    by_reason: dict[str, list[str]] = {}
    for quartier in silent:
        by_reason.setdefault(ctx.value(quartier.code, indicateur, instant).statut, []).append(ctx.noms[quartier.code])
    return [
        Manque(f"{ctx.named(names)} : « {indicateur.nom} » {instant.situe}, {reason(statut)}.", statut)
        for statut, names in sorted(by_reason.items())
    ]


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
