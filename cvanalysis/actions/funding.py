"""Money of actions: by funder, by kind of credit, by carrier; who carries half of it; who came and who left.

Crédits spécifiques and droit commun are kept apart, and what nobody says is `inconnu`: a line of its own, never a zero, never spread over
the others. Refuses to add up amounts asked, granted and paid.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cvanalysis.actions.counting import TFPB, UNE_FOIS, lines_of, subsidies
from cvanalysis.actions.field import MONTANTS, ActionChapter, in_constant_euros
from cvanalysis.actions.table import TYPES_CREDIT
from cvanalysis.constat.make import Grid, bars, count, euros
from cvanalysis.constat.shape import Finding, Message, Table, Valeur, row
from cvanalysis.textes import block, label

NOMS: Mapping[str, str] = block("actions.credits.noms")
BARRES_MAX = 15

LIGNES_MAX, NOMS_MAX = 300, 40
"""Carriers of a table, and names in a cell: a list of all the subsidies of a département has thousands of them."""

DROIT_COMMUN, AUTRE_RESSOURCE = "actions.credits.droit_commun", "actions.credits.autre_ressource"


def by_credit(chapter: ActionChapter, ident: str, rows: pd.DataFrame) -> Finding:
    """Money granted each year, by kind of credit; years without any known amount are said to be so."""
    own = lines_of(rows).dropna(subset="accorde")
    amounts = own.pivot_table(index="annee", columns="type_credit", values="accorde", aggfunc="sum")
    years = range(int(rows["annee"].min()), chapter.field.territory.connue + 1)
    table = amounts.reindex(index=years, columns=TYPES_CREDIT).astype(float)
    kinds = [kind for kind in TYPES_CREDIT if table[kind].notna().any()]
    day = chapter.field.territory.edition.jusqu_au
    amounts, titles, cautions = in_constant_euros(table[kinds], [NOMS[kind] for kind in kinds], day)
    cells = {str(year): list(map(euros, line)) for year, line in zip(years, amounts.to_numpy(), strict=True)}
    known = table.sum(min_count=1).map(euros)
    said: dict[str, Any] = {"theme": "", **chapter.said, "inconnu": known["inconnu"]}
    said |= {"specifique": known["spécifique"], "droit_commun": known["droit commun"]}
    since = table["droit commun"].first_valid_index()
    parts: dict[str, Any] = {}
    if kinds:
        most = max(cells, key=lambda year: (cells[year][0].valeur or 0.0, year))
        reading = {"annee": most, "type": titles[0], "valeur": cells[most][0]}
        columns = (label("actions.credits.annee"), *titles)
        parts = {"grid": Grid("lignes", cells, ["part"] * len(kinds), colonnes=columns)}
        parts |= {"lecture": Message("actions.lecture_credits", reading)}
    return chapter.about(
        ident,
        Message("actions.credits", said),
        rows,
        textes="actions.credits",
        precautions=(
            UNE_FOIS,
            *((label("actions.credits.depuis", annee=since),) if since else ()),
            DROIT_COMMUN,
            *((AUTRE_RESSOURCE,) if TFPB in kinds else ()),
            *cautions,
        ),
        manques=_unknown(rows),
        **parts,
    )


def carriers_finding(chapter: ActionChapter, ident: str, rows: pd.DataFrame) -> Finding:
    """Who carries, and how few make half of the money; by number of actions where no amount is known."""
    own = lines_of(subsidies(rows))
    money = own.groupby("porteur")["accorde"].sum(min_count=1).dropna().sort_values(ascending=False, kind="stable")
    actions = rows.groupby("porteur")["action"].nunique()
    paid = not money.empty and money.sum() > 0
    ranked = money if paid else actions.sort_values(ascending=False, kind="stable")
    values = {str(name): euros(number) if paid else count(number) for name, number in ranked.items()}
    first, value = next(iter(values.items()))
    said = {**chapter.said, "porteurs": int(rows["porteur"].nunique()), "premier": first, "valeur": value}
    message = Message("actions.porteurs_sans_argent", said)
    if paid:
        half = carriers_for_half(money)
        share = Valeur(100 * float(money.head(half).sum() / money.sum()), unite="%", decimales=0)
        message = Message("actions.porteurs", said | {"moitie": half, "part": share})
    years = rows.groupby("porteur")["annee"].agg(["min", "max"]).astype(str)
    order = [*values, *(name for name in actions.index if name not in values)]
    lines = [
        row(name, euros(money.get(name, float("nan"))), count(actions[name]), *years.loc[name])
        for name in order[:LIGNES_MAX]
    ]
    more = label("actions.porteurs.legende_longue", montres=LIGNES_MAX, total=len(order))
    axe = label(f"{message.gabarit}.axe")
    return chapter.about(
        ident,
        message,
        rows,
        textes="actions.porteurs",
        sous_titre=f"{axe}, {chapter.field.annees}",
        figure=bars(axe, label("actions.porteurs.serie"), _top(values)),
        table=Table((), tuple(lines), more if len(order) > LIGNES_MAX else ""),
        lecture=Message("actions.lecture_argent", {"etiquette": first, "valeur": value}),
        precautions=(UNE_FOIS, label("actions.porteurs.reconnus"), MONTANTS),
        manques=_unknown(rows),
    )


def carriers_for_half(money: pd.Series) -> int:
    """The smallest number of carriers that make at least half of the money.

    >>> carriers_for_half(pd.Series([50.0, 30.0, 15.0, 5.0])), carriers_for_half(pd.Series([30.0, 30.0, 40.0]))
    (1, 2)
    """
    running = money.sort_values(ascending=False, kind="stable").cumsum()
    return int((running < money.sum() / 2 - 1e-9).sum()) + 1


def _top(values: dict[str, Valeur]) -> dict[str, Valeur]:
    """The first bars, then the others together: each name is in the table."""
    if len(values) <= BARRES_MAX:
        return values
    rest = list(values.values())[BARRES_MAX - 1 :]
    others = count(round(sum(v.valeur or 0.0 for v in rest), 2), rest[0].unite)
    return dict([*values.items()][: BARRES_MAX - 1]) | {label("actions.porteurs.autres", nombre=len(rest)): others}


def _unknown(rows: pd.DataFrame) -> list[str]:
    """How many lines have no granted amount: unknown, not zero."""
    granted = lines_of(rows).groupby(["source", "feuille", "ligne"])["accorde"].count()
    missing = int((granted == 0).sum())
    if not missing:
        return []
    told = label("actions.credits.manque", nombre=missing, s="s" * (missing > 1), total=len(granted))
    return [told]
