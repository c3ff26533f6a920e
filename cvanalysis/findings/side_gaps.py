"""Who comes closer, who goes further: the gap of every quarter with one comparator, at its first and last matched years.

Owns the choice of that comparator and the count of verdicts; the verdicts themselves are those of `convergence`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvanalysis.errors import ComparisonRefused
from cvanalysis.findings.comparison import tolerance
from cvanalysis.findings.context import Contexte, enumerate_some, preferred, role_of
from cvanalysis.findings.distribution import table_of_ends
from cvanalysis.findings.finding import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur
from cvanalysis.findings.gap import convergence_with
from cvanalysis.findings.level import word
from cvanalysis.findings.side_by_side import AUTRES_ANNEES, ORDRE_TABLEAU, make_finding, nothing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.findings.comparison import Gap
    from cvanalysis.findings.convergence import Convergence
    from cvanalysis.territory import Comparateur, Quartier


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
        table=_gap_table(ctx, indicateur, found, said, axe),
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


_VERDICTS = {
    "rapproche": "se rapproche",
    "eloigne": "s'éloigne",
    "stable": "stable",
    "avance_augmente": "mieux placé, davantage",
    "avance_diminue": "mieux placé, de moins loin",
    "croise": "passe de l'autre côté",
}


def _gap_table(
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
