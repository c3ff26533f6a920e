"""TODO cvanalysis.pages.partenaires."""

from __future__ import annotations

import pandas as pd

from cvanalysis.actions.counting import TFPB, UNE_FOIS, lines_of, subsidies
from cvanalysis.actions.field import JOURNAUX, MONTANTS, ActionChapter, Field, Rows
from cvanalysis.actions.funding import (
    AUTRE_RESSOURCE,
    DROIT_COMMUN,
    NOMS,
    NOMS_MAX,
    TYPES,
    _top,
    _unknown,
    by_credit,
    carriers_finding,
)
from cvanalysis.constat.make import Chapter, bars, count, euros, leaders, lines, make, nothing
from cvanalysis.constat.shape import Figure, Finding, Message, Point, Serie, Table, Valeur, word
from cvanalysis.engagements.mobilisation import (
    BARRES_MAX,
    CAS,
    CONSTATE,
    EN_PLUS,
    NI,
    PREUVE,
    SANS_PREUVE,
    SOURCE,
    Mobilisation,
    by_engagement,
    by_quarter,
    by_theme,
    by_year,
)
from cvanalysis.territory.contract import Territory


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
                    word(name, "non_disponible"),
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
                (
                    word(title, "non_disponible"),
                    values[title],
                    count(len(known[name]), "lignes"),
                    count(len(rows), "lignes"),
                )
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
                    word(str(y), "non_disponible"),
                    present[str(y)],
                    new[str(y)],
                    gone[str(y)],
                    word(_names(first.index[first == y]), "non_disponible"),
                    word(_names(last.index[last == y - 1]), "non_disponible"),
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


def _names(names: pd.Index) -> str:
    """Names in their order, « aucun », or the first and how many more."""
    found = sorted(names)
    more = f" et {len(found) - NOMS_MAX} autres" if len(found) > NOMS_MAX else ""
    return (", ".join(found[:NOMS_MAX]) or "aucun") + more


class Partners(Chapter):
    """`partenaires-mobilisation-01` (engagements, second case), `-02` themes, `-03` quarters, `-04` years, `-05` colleges."""

    def __init__(self, reader: Rows, territory: Territory) -> None:
        self.field = Field(reader, territory)
        super().__init__(
            "partenaires",
            {
                "mobilisation-01": self._second_case,
                "mobilisation-02": self._themes,
                "mobilisation-03": self._quarters,
                "mobilisation-04": self._years,
                "mobilisation-05": self._colleges,
            },
        )

    def _nothing(self, ident: str, question: str) -> Finding:
        return nothing(
            ident,
            question,
            "actions.rien_partenaires",
            {},
            champ="Partenaires du contrat",
            source=SOURCE,
            quoi="Aucun partenaire n'est déclaré : partenaires.csv est absent ou vide.",
        )

    def _rows(self) -> list[pd.DataFrame]:
        return [self.field.partenaires, self.field.engagements, self.field.menees]

    def _names(self) -> dict[str, str]:
        return dict(zip(self.field.partenaires["id"], self.field.partenaires["nom"], strict=True))

    def _second_case(self, ident: str) -> Finding:
        question = "Quel partenaire était attendu sur des engagements, et n'y est pas constaté ?"
        names, found = self._names(), by_engagement(self.field)
        if not names:
            return self._nothing(ident, question)
        counts = {partner: found.counts(partner) for partner in names}
        missing = {partner: number[SANS_PREUVE] for partner, number in counts.items() if number[SANS_PREUVE]}
        expected = sum(number[CONSTATE] + number[SANS_PREUVE] for number in counts.values())
        if not expected:
            return nothing(
                ident,
                question,
                "actions.rien_attendu",
                {"partenaires": len(names)},
                champ="Partenaires du contrat",
                source=SOURCE,
                quoi="Aucun engagement ne nomme de pilote ni de partenaire attendu : la mobilisation ne peut pas se lire.",
            )
        order = sorted(names, key=lambda p: (-counts[p][SANS_PREUVE], p))
        values = {
            names[p]: count(counts[p][SANS_PREUVE], "engagements") for p in order[:BARRES_MAX] if counts[p][SANS_PREUVE]
        }
        if not values:
            values = {names[p]: count(counts[p][CONSTATE], "engagements") for p in order[:BARRES_MAX]}
        first = order[0]
        table = Table(
            ("Partenaire", CONSTATE, SANS_PREUVE, EN_PLUS, "Engagements sans preuve"),
            tuple(
                (
                    word(names[p], "non_disponible"),
                    *(count(counts[p][case], "engagements") for case in CAS[:3]),
                    word(
                        ", ".join(key for key in found.labels if found.case(p, key) == SANS_PREUVE) or "aucun",
                        "non_disponible",
                    ),
                )
                for p in order
            ),
        )
        return make(
            ident,
            question,
            Message(
                "actions.second_cas",
                {"partenaires": len(missing), "total": len(names), "cas": sum(missing.values()), "attendus": expected},
            ),
            rows=self._rows(),
            source=SOURCE,
            champ="Partenaires nommés pilote ou partenaire d'un engagement",
            sous_titre="Nombre d'engagements où le partenaire était attendu, sans preuve de sa présence",
            figure=bars("Engagements où le partenaire est attendu, sans preuve", SANS_PREUVE, values),
            table=table,
            lecture=Message(
                "actions.lecture_second_cas",
                {
                    "partenaire": names[first],
                    "sans": count(counts[first][SANS_PREUVE], "engagements"),
                    "attendu": counts[first][CONSTATE] + counts[first][SANS_PREUVE],
                },
            ),
            precautions=(PREUVE,),
        )

    def _matrix(self, ident: str, question: str, found: Mobilisation, gabarit: str, titre: str, champ: str) -> Finding:
        names = self._names()
        if not names:
            return self._nothing(ident, question)
        if not found.attendus and not found.constates:
            return nothing(
                ident,
                question,
                "actions.rien_attendu",
                {"partenaires": len(names)},
                champ=champ,
                source=SOURCE,
                quoi="Ni attente déclarée dans partenaires.csv, ni présence dans les journaux : cette lecture n'est pas possible.",
            )
        cases = {p: {key: found.case(p, key) for key in found.labels} for p in names}
        kept = [p for p in names if set(cases[p].values()) != {NI}]
        missing = sum(case == SANS_PREUVE for p in kept for case in cases[p].values())
        expected = len([pair for pair in found.attendus if pair[0] in names and pair[1] in found.labels])
        by_key = {key: sum(cases[p][key] == SANS_PREUVE for p in kept) for key in found.labels}
        worst = max(by_key, key=lambda key: (by_key[key], key))
        series = tuple(
            Serie(
                names[p],
                "autre",
                tuple(
                    Point(label, Valeur(None, "publié", texte=cases[p][key]))
                    for key, label in found.labels.items()
                    if cases[p][key] != NI
                ),
            )
            for p in kept
        )
        seen = sum((p, worst) in found.constates for p in names)
        return make(
            ident,
            question,
            Message(
                gabarit,
                {
                    "sans": missing,
                    "attendus": expected,
                    "pire": leaders({found.labels[key]: number for key, number in by_key.items()}),
                    "valeur": by_key[worst],
                },
            ),
            rows=self._rows(),
            source=SOURCE,
            champ=champ,
            sous_titre=titre,
            figure=Figure("matrice", titre, series),
            table=Table(
                ("Partenaire", *found.labels.values()),
                tuple(
                    (word(names[p], "non_disponible"), *(word(cases[p][key], "non_disponible") for key in found.labels))
                    for p in names
                ),
            ),
            lecture=Message(
                "actions.lecture_matrice",
                {
                    "colonne": found.labels[worst],
                    "sans": count(by_key[worst], "partenaires"),
                    "vus": count(seen, "partenaires"),
                },
            ),
            precautions=(PREUVE, "Une case vide : le partenaire n'y était pas attendu et n'y est pas constaté."),
        )

    def _themes(self, ident: str) -> Finding:
        return self._matrix(
            ident,
            "Sur quels thèmes les partenaires attendus sont-ils constatés ?",
            by_theme(self.field),
            "actions.matrice_themes",
            "Présence de chaque partenaire, par thème",
            "Partenaires du contrat, thèmes évalués",
        )

    def _quarters(self, ident: str) -> Finding:
        return self._matrix(
            ident,
            "Dans quels quartiers les partenaires attendus sont-ils constatés ?",
            by_quarter(self.field),
            "actions.matrice_quartiers",
            "Présence de chaque partenaire, par quartier",
            "Partenaires du contrat, quartiers du contrat",
        )

    def _years(self, ident: str) -> Finding:
        return self._matrix(
            ident,
            "En quelles années les partenaires attendus sont-ils constatés ?",
            by_year(self.field),
            "actions.matrice_annees",
            "Présence de chaque partenaire, par année",
            f"Partenaires du contrat, {self.field.periode}",
        )

    def _colleges(self, ident: str) -> Finding:
        """Of what each college was expected on, what is evidenced."""
        question = "Quels collèges sont constatés là où ils sont attendus ?"
        found, names = by_engagement(self.field), self._names()
        if not names or not found.attendus:
            return self._nothing(ident, question)
        college = dict(zip(self.field.partenaires["id"], self.field.partenaires["college"], strict=True))
        rows, series, lacking = [], [], {}
        for code, name in self.field.colleges.items():
            mine = [found.counts(p) for p in names if college[p] == code]
            seen, missing = sum(n[CONSTATE] for n in mine), sum(n[SANS_PREUVE] for n in mine)
            rows.append(
                (
                    word(name, "non_disponible"),
                    count(len(mine), "partenaires"),
                    count(seen, "cas"),
                    count(missing, "cas"),
                )
            )
            if seen + missing:
                marks = (Point(CONSTATE, count(seen, "cas")), Point(SANS_PREUVE, count(missing, "cas")))
                series.append(Serie(name, "autre", marks))
                lacking[name] = missing
        best = max(lacking, key=lacking.__getitem__, default="")
        most = lacking.get(best, -1)
        return make(
            ident,
            question,
            Message("actions.colleges", {"college": leaders(lacking) if lacking else "", "sans": most}),
            rows=self._rows(),
            source=SOURCE,
            champ="Partenaires attendus sur un engagement, par collège",
            sous_titre="Nombre de cas où un partenaire est attendu, par collège",
            figure=Figure("matrice", "Nombre de cas où un partenaire du collège est attendu", tuple(series)),
            table=Table(("Collège", "Partenaires", CONSTATE, SANS_PREUVE), tuple(rows)),
            lecture=Message("actions.lecture_colleges", {"college": best, "sans": count(most, "cas")}),
            precautions=(PREUVE,),
        )

    @property
    def liste(self) -> Table:
        """The partners: name, college, whether seen, on how many actions."""
        field = self.field
        carried = field.menees.groupby("partenaire")["action"].nunique()
        funded = field.menees[field.menees["accorde"] > 0].groupby("financeur_id")["action"].nunique()
        return Table(
            ("Partenaire", "Collège", "Actions portées", "Actions financées"),
            tuple(
                (
                    word(p.nom, "non_disponible"),
                    word(field.colleges.get(p.college, p.college), "non_disponible"),
                    count(carried.get(p.id, 0)),
                    count(funded.get(p.id, 0)),
                )
                for p in field.partenaires.itertuples(index=False)
            ),
        )
