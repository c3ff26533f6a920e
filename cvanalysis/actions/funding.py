"""Money of actions: by funder, by kind of credit, by carrier; who carries half of it; who came and who left.

Crédits spécifiques and droit commun are kept apart, and what nobody says is `inconnu`: a line of its own, never a zero, never spread over
the others. Refuses to add up amounts asked, granted and paid.
"""

from __future__ import annotations

import pandas as pd

from cvanalysis.actions.counting import TFPB, UNE_FOIS, lines_of, subsidies
from cvanalysis.actions.field import JOURNAUX, MONTANTS, Field
from cvanalysis.actions.table import TYPES_CREDIT
from cvanalysis.constat.make import bars, count, euros, lines, make, source_of
from cvanalysis.constat.shape import Finding, Manque, Message, Table, Valeur, word

TYPES = TYPES_CREDIT

NOMS = {
    "spécifique": "Crédits spécifiques",
    "droit commun": "Droit commun",
    "abattement TFPB": "Abattement de TFPB",
    "inconnu": "Type de crédit inconnu",
}
BARRES_MAX = 15

LIGNES_MAX, NOMS_MAX = 300, 40
"""Carriers of a table, and names in a cell: a list of all the subsidies of a département has thousands of them."""

DROIT_COMMUN = (
    "Le droit commun n'est connu que là où un journal l'écrit : ce qui n'y est pas écrit est inconnu, et non nul."
)
AUTRE_RESSOURCE = "L'abattement de TFPB est une ressource d'une autre nature : il ne s'ajoute pas aux subventions."


def by_credit(ident: str, question: str, rows: pd.DataFrame, field: Field, champ: str, theme: str) -> Finding:
    """Money granted each year, by kind of credit; years without any known amount are said to be so."""
    own = lines_of(rows)
    pivot = own[own["accorde"].notna()].pivot_table(
        index="annee", columns="type_credit", values="accorde", aggfunc="sum"
    )
    years = [str(y) for y in range(int(rows["annee"].min()), field.territory.fin + 1)]
    kinds = [kind for kind in TYPES if kind in pivot.columns]
    series = {NOMS[kind]: ("part", {y: euros(pivot[kind].get(int(y), float("nan"))) for y in years}) for kind in kinds}
    sums = {kind: float(pivot[kind].sum()) for kind in kinds}
    known = {kind: euros(sums.get(kind, float("nan"))) for kind in TYPES}
    table = Table(
        ("Année", *(NOMS[k] for k in kinds)),
        tuple((word(y, "non_disponible"), *(series[NOMS[k]][1][y] for k in kinds)) for y in years),
    )
    shown = kinds[0] if kinds else "inconnu"
    year = (
        max(series[NOMS[shown]][1], key=lambda y: (series[NOMS[shown]][1][y].valeur or 0.0, y)) if kinds else years[-1]
    )
    return make(
        ident,
        question,
        Message(
            "actions.credits",
            {
                "theme": theme,
                "specifique": known["spécifique"],
                "droit_commun": known["droit commun"],
                "inconnu": known["inconnu"],
                "periode": field.periode,
            },
        ),
        rows=[rows],
        source=source_of(rows, JOURNAUX),
        champ=champ,
        sous_titre=f"Montants accordés par année et type de crédit, en euros, {field.periode}",
        figure=lines("Montant accordé, en euros", series) if kinds else None,
        table=table if kinds else None,
        lecture=Message(
            "actions.lecture_credits", {"annee": year, "type": NOMS[shown], "valeur": series[NOMS[shown]][1][year]}
        )
        if kinds
        else None,
        precautions=(UNE_FOIS, DROIT_COMMUN, *((AUTRE_RESSOURCE,) if TFPB in kinds else ()), MONTANTS),
        manques=_unknown(rows),
    )


def carriers_finding(ident: str, question: str, rows: pd.DataFrame, field: Field, champ: str) -> Finding:
    """Who carries, and how few make half of the money; by number of actions where no amount is known."""
    own = lines_of(subsidies(rows))
    money = own.groupby("porteur")["accorde"].sum(min_count=1).dropna().sort_values(ascending=False, kind="stable")
    actions = rows.groupby("porteur")["action"].nunique()
    total = int(rows["porteur"].nunique())
    if money.empty or money.sum() <= 0:
        by_count = actions.sort_values(ascending=False, kind="stable")
        values = {str(name): count(number) for name, number in by_count.items()}
        message = Message(
            "actions.porteurs_sans_argent",
            {"porteurs": total, "premier": next(iter(values)), "valeur": next(iter(values.values()))},
        )
        axe = "Actions, par organisme porteur"
    else:
        values = {str(name): euros(amount) for name, amount in money.items()}
        message = Message(
            "actions.porteurs",
            {
                "moitie": carriers_for_half(money),
                "porteurs": total,
                "premier": next(iter(values)),
                "valeur": next(iter(values.values())),
            },
        )
        axe = "Montant accordé, en euros"
    first = next(iter(values))
    years = rows.groupby("porteur")["annee"].agg(["min", "max"])
    order = [*values, *(name for name in actions.index if name not in values)]
    table = Table(
        ("Organisme porteur", "Montant accordé", "Actions", "Première année", "Dernière année"),
        tuple(
            (
                word(name, "non_disponible"),
                euros(money.get(name, float("nan"))),
                count(actions[name]),
                word(str(years.at[name, "min"]), "non_disponible"),
                word(str(years.at[name, "max"]), "non_disponible"),
            )
            for name in order[:LIGNES_MAX]
        ),
        f"Les {LIGNES_MAX} premiers organismes sur {len(order)}" if len(order) > LIGNES_MAX else "",
    )
    return make(
        ident,
        question,
        message,
        rows=[rows],
        source=source_of(rows, JOURNAUX),
        champ=champ,
        sous_titre=f"{axe}, {field.periode}",
        figure=bars(axe, "Organismes porteurs", _top(values)),
        table=table,
        lecture=Message("actions.lecture_argent", {"etiquette": first, "valeur": values[first]}),
        precautions=(
            UNE_FOIS,
            (
                "Un organisme est reconnu par les noms déclarés dans partenaires.csv ; "
                "deux noms que personne n'a rapprochés comptent pour deux."
            ),
            MONTANTS,
        ),
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
    head = dict(list(values.items())[: BARRES_MAX - 1])
    rest = list(values.values())[BARRES_MAX - 1 :]
    unit = rest[0].unite
    return {**head, f"Les {len(rest)} autres": Valeur(round(sum(v.valeur or 0.0 for v in rest), 2), "publié", unit)}


def _unknown(rows: pd.DataFrame) -> list[Manque]:
    """How many lines have no granted amount: unknown, not zero."""
    own = lines_of(rows).drop_duplicates(["source", "feuille", "ligne"])
    granted = lines_of(rows).groupby(["source", "feuille", "ligne"])["accorde"].count()
    missing = int((granted == 0).sum())
    plural = "s" if missing > 1 else ""
    return (
        [
            Manque(
                f"{missing} ligne{plural} retenue{plural} sur {len(own)} sans montant accordé écrit.", "non_disponible"
            )
        ]
        if missing
        else []
    )
