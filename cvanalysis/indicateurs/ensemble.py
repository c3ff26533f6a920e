"""One question asked of all quarters at once. Owns the findings of the synthesis: dots, small panels, pairs.

Nothing is added up or averaged across quarters; a quarter without a usable figure is named with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Table
from cvanalysis.indicateurs.context import RETOUR_MAXI, Contexte, reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cvanalysis.catalogue import ConstatDeclare, Indicateur
    from cvanalysis.indicateurs.observation import Instant, Observation
    from cvanalysis.territory.contract import Quartier


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
