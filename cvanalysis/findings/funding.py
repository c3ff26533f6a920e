"""Money of actions: by funder, by kind of credit, by carrier; who carries half of it; who came and who left.

Crédits spécifiques and droit commun are kept apart, and what nobody says is `inconnu`: a line of its own, never a zero, never spread over
the others. Refuses to add up amounts asked, granted and paid.
"""

from __future__ import annotations

import pandas as pd

from cvanalysis.findings.counting import TFPB, UNE_FOIS, lines_of, subsidies
from cvanalysis.findings.fieldwork import (
    JOURNAUX,
    MONTANTS,
    ActionChapter,
    Field,
    Rows,
    bars,
    count,
    euros,
    lines,
    make,
    nothing,
    source_of,
    word,
)
from cvanalysis.findings.finding import Finding, Manque, Message, Table, Valeur
from cvanalysis.ingest.action_logs import TYPES_CREDIT
from cvanalysis.territory import Territory

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


class Funding(ActionChapter):
    """Money of the whole contract: `argent-01` by funder, `argent-02` by kind of credit, `porteurs-01` and `-02` carriers."""

    def __init__(self, reader: Rows, territory: Territory) -> None:
        self.field = Field(reader, territory)
        self.champ = f"Actions retenues, {self.field.periode}, tous quartiers et hors quartiers"
        super().__init__(
            "partenaires",
            {
                "argent-01": self.over("Qui finance les actions ?", self._funders),
                "argent-02": self.over("Crédits spécifiques ou droit commun ?", self._credits),
                "argent-03": self.over("Combien est demandé, accordé, payé ?", self._asked),
                "porteurs-01": self.over("L'argent est-il concentré sur peu d'organismes ?", self._carriers),
                "porteurs-02": self.over(
                    "Quels organismes sont arrivés, lesquels ne portent plus d'action ?", self._moves
                ),
            },
        )

    def rien(self, ident: str, question: str) -> Finding:
        return nothing(
            ident,
            question,
            "actions.rien_argent",
            {"periode": self.field.periode},
            champ=self.champ,
            source=JOURNAUX,
            quoi="Aucun montant n'est écrit dans les journaux d'actions.",
        )

    def _funders(self, ident: str, question: str, menees: pd.DataFrame) -> Finding:
        rows = lines_of(menees)
        rows = rows[rows["accorde"].notna()]
        if rows.empty:
            return self.rien(ident, question)
        named = rows.assign(financeur=rows["financeur"].replace("", "Financeur non renseigné"))
        sums = (
            subsidies(named)
            .groupby("financeur")["accorde"]
            .sum()
            .reindex(sorted(named["financeur"].unique()))
            .sort_values(ascending=False, kind="stable")
        )
        pivot = named.pivot_table(index="financeur", columns="type_credit", values="accorde", aggfunc="sum")
        values = {str(name): euros(amount) for name, amount in sums.items()}
        kinds = [kind for kind in TYPES if kind in pivot.columns]
        table = Table(
            ("Financeur", *(NOMS[kind] for kind in kinds), "Total accordé", "Actions"),
            tuple(
                (
                    word(name),
                    *(euros(pivot[kind].get(name, float("nan"))) for kind in kinds),
                    values[name],
                    count(named.loc[named["financeur"] == name, "action"].nunique()),
                )
                for name in values
            ),
        )
        first = next(iter(values))
        return self.about(
            ident,
            question,
            Message(
                "actions.financeurs",
                {
                    "premier": first,
                    "valeur": values[first],
                    "total": euros(sums.sum(min_count=1)),
                    "nombre": len(values),
                    "periode": self.field.periode,
                },
            ),
            rows,
            sous_titre=f"Montants accordés, en euros, {self.field.periode}",
            figure=bars("Montant accordé, en euros", "Montant accordé", _top(values)),
            table=table,
            lecture=Message("actions.lecture_argent", {"etiquette": first, "valeur": values[first]}),
            precautions=(UNE_FOIS, DROIT_COMMUN, *((AUTRE_RESSOURCE,) if TFPB in kinds else ()), MONTANTS),
            manques=_unknown(menees),
        )

    def _credits(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        return (
            self.rien(ident, question)
            if lines_of(rows)["accorde"].notna().sum() == 0
            else by_credit(ident, question, rows, self.field, self.champ, "")
        )

    def _asked(self, ident: str, question: str, menees: pd.DataFrame) -> Finding:
        rows = lines_of(subsidies(menees))
        stages = {"demande": "Demandé", "accorde": "Accordé", "paye": "Payé"}
        known = {name: rows[rows[name].notna()] for name in stages}
        if not any(len(found) for found in known.values()):
            return self.rien(ident, question)
        values = {title: euros(known[name][name].sum(min_count=1)) for name, title in stages.items()}
        table = Table(
            ("Montant", "Somme", "Lignes qui le disent", "Lignes en tout"),
            tuple(
                (word(title), values[title], count(len(known[name]), "lignes"), count(len(rows), "lignes"))
                for name, title in stages.items()
            ),
        )
        return self.about(
            ident,
            question,
            Message(
                "actions.etapes_argent",
                {"demande": values["Demandé"], "accorde": values["Accordé"], "paye": values["Payé"]},
            ),
            rows,
            sous_titre=f"Sommes écrites dans les journaux, en euros, {self.field.periode}",
            figure=bars("Montants, en euros", "Montants", values),
            table=table,
            lecture=Message("actions.lecture_argent", {"etiquette": "Accordé", "valeur": values["Accordé"]}),
            precautions=(
                (
                    "Ces trois sommes ne portent pas sur les mêmes lignes : un journal peut dire l'une et taire l'autre ; "
                    "elles ne se soustraient pas."
                ),
                MONTANTS,
            ),
        )

    def _carriers(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        return (
            self.rien(ident, question)
            if lines_of(rows)["accorde"].notna().sum() == 0
            else carriers_finding(ident, question, rows, self.field, self.champ)
        )

    def _moves(self, ident: str, question: str, rows: pd.DataFrame) -> Finding:
        first, last = rows.groupby("porteur")["annee"].min(), rows.groupby("porteur")["annee"].max()
        start, end = int(rows["annee"].min()), self.field.territory.fin
        years = range(start + 1, end + 1)
        new = {str(year): count(int((first == year).sum()), "organismes") for year in years}
        gone = {str(year): count(int((last == year - 1).sum()), "organismes") for year in years}
        present = {
            str(year): count(rows.loc[rows["annee"] == year, "porteur"].nunique(), "organismes") for year in years
        }
        table = Table(
            ("Année", "Porteurs", "Nouveaux", "Ne portent plus d'action", "Lesquels arrivent", "Lesquels partent"),
            tuple(
                (
                    word(str(y)),
                    present[str(y)],
                    new[str(y)],
                    gone[str(y)],
                    word(_names(first.index[first == y])),
                    word(_names(last.index[last == y - 1])),
                )
                for y in years
            ),
        )
        if not len(table.lignes):
            return self.rien(ident, question)
        tail = str(end)
        return self.about(
            ident,
            question,
            Message(
                "actions.mouvements",
                {"annee": tail, "nouveaux": new[tail], "partis": gone[tail], "presents": present[tail]},
            ),
            rows,
            sous_titre="Nombre d'organismes porteurs, par année",
            figure=lines(
                "Organismes porteurs", {"Nouveaux": ("sujet", new), "Ne portent plus d'action": ("autre", gone)}
            ),
            table=table,
            lecture=Message("actions.lecture_mouvements", {"annee": tail, "nouveaux": new[tail], "partis": gone[tail]}),
            precautions=(
                f"Est dit nouveau un organisme qu'aucun journal ne cite auparavant ; les journaux lus commencent en {start}.",
                "Un organisme absent une année et revenu ensuite n'est pas compté comme parti.",
            ),
        )


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
        ("Année", *(NOMS[k] for k in kinds)), tuple((word(y), *(series[NOMS[k]][1][y] for k in kinds)) for y in years)
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
                word(name),
                euros(money.get(name, float("nan"))),
                count(actions[name]),
                word(str(years.at[name, "min"])),
                word(str(years.at[name, "max"])),
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


def _names(names: pd.Index) -> str:
    """Names in their order, « aucun », or the first and how many more."""
    found = sorted(names)
    more = f" et {len(found) - NOMS_MAX} autres" if len(found) > NOMS_MAX else ""
    return (", ".join(found[:NOMS_MAX]) or "aucun") + more


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
