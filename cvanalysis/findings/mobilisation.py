"""Who was expected and who was seen: the mobilisation of partners by engagement, theme, quarter and year. Owns the four cases.

The second case, expected without evidence, is the one that an evaluation looks for. Evidence is what is written: a partner named
among those seen on an engagement, or one that carries or funds an action. Refuses to read the lack of evidence as a lack of involvement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from cvanalysis.findings.fieldwork import Chapter, Field, Rows, bars, count, leaders, make, nothing, word
from cvanalysis.findings.finding import Figure, Finding, Message, Point, Serie, Table, Valeur
from cvanalysis.ingest.partners import split_list
from cvanalysis.territory import Territory

CONSTATE, SANS_PREUVE, EN_PLUS, NI = (
    "Attendu et constaté",
    "Attendu, sans preuve",
    "Constaté sans être attendu",
    "Non attendu",
)
CAS = (CONSTATE, SANS_PREUVE, EN_PLUS, NI)
SOURCE = "Tables des partenaires et des engagements, journaux d'actions du contrat"
PREUVE = (
    "Est constaté un partenaire cité comme présent sur un engagement, ou qui porte ou finance une action ; "
    "l'absence de preuve écrite n'est pas la preuve d'une absence."
)
BARRES_MAX = 15


@dataclass(frozen=True, slots=True)
class Mobilisation:
    """Who was expected and who was seen, over one dimension: keys (`labels`: key → name) and sets of (partner, key)."""

    labels: Mapping[str, str]
    attendus: frozenset[tuple[str, str]]
    constates: frozenset[tuple[str, str]]

    def case(self, partner: str, key: str) -> str:
        """Which of the four cases a partner is in.

        >>> Mobilisation({"E01": ""}, frozenset({("p", "E01")}), frozenset()).case("p", "E01")
        'Attendu, sans preuve'
        """
        expected, seen = (partner, key) in self.attendus, (partner, key) in self.constates
        return CONSTATE if expected and seen else SANS_PREUVE if expected else EN_PLUS if seen else NI

    def counts(self, partner: str) -> dict[str, int]:
        found = [self.case(partner, key) for key in self.labels]
        return {case: found.count(case) for case in CAS}


def by_engagement(field: Field) -> Mobilisation:
    """Expected: the pilot and the partners of the engagement. Seen: those named so, and whoever carries or funds an action linked to it."""
    expected, seen = set(), set()
    for row in field.engagements.itertuples(index=False):
        expected |= {(partner, row.code) for partner in (row.pilote, *split_list(row.partenaires)) if partner}
        seen |= {(partner, row.code) for partner in split_list(row.partenaires_vus)}
    for partner, cell in _acting(field, "engagements"):
        seen |= {(partner, code) for code in split_list(cell)}
    labels = dict(zip(field.engagements["code"], field.engagements["libelle"], strict=True))
    return Mobilisation(labels, frozenset(expected), frozenset(pair for pair in seen if pair[1] in labels))


def by_theme(field: Field) -> Mobilisation:
    return _by_cell(field, "themes", {t.id: t.nom for t in field.territory.themes}, "theme")


def by_quarter(field: Field) -> Mobilisation:
    return _by_cell(field, "quartiers", field.quartiers, "qpv")


def by_year(field: Field) -> Mobilisation:
    """Expected: between the years that the partner declares. Seen: an action that year, or an evidence dated then that names it."""
    years = {str(year): str(year) for year in range(field.territory.debut, field.territory.fin + 1)}
    expected = set()
    for row in field.partenaires.itertuples(index=False):
        if pd.notna(row.debut) or pd.notna(row.fin):
            start = int(row.debut) if pd.notna(row.debut) else field.territory.debut
            end = int(row.fin) if pd.notna(row.fin) else field.territory.fin
            expected |= {(row.id, year) for year in years if start <= int(year) <= end}
    seen = {(partner, str(year)) for partner, year in _acting(field, "annee") if str(year) in years}
    for row in field.engagements.itertuples(index=False):
        if row.date_preuve[:4] in years:
            seen |= {(partner, row.date_preuve[:4]) for partner in split_list(row.partenaires_vus)}
    return Mobilisation(years, frozenset(expected), frozenset(seen))


def _by_cell(field: Field, column: str, labels: Mapping[str, str], dimension: str) -> Mobilisation:
    expected = {(row["id"], key) for _, row in field.partenaires.iterrows() for key in split_list(row[column])}
    seen = {(partner, key) for partner, key in _acting(field, dimension) if key in labels}
    return Mobilisation(labels, frozenset(expected), frozenset(seen))


def _acting(field: Field, column: str) -> Iterable[tuple[str, object]]:
    """(partner, value of a column) of the actions that it carries or funds."""
    rows = field.menees
    for who in ("partenaire", "financeur_id"):
        # A funder is seen where it gave money, not where it was only asked for some.
        known = rows[(rows[who] != "") & ((rows["accorde"] > 0) if who == "financeur_id" else True)]
        yield from known[[who, column]].drop_duplicates().itertuples(index=False, name=None)


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
                    word(names[p]),
                    *(count(counts[p][case], "engagements") for case in CAS[:3]),
                    word(", ".join(key for key in found.labels if found.case(p, key) == SANS_PREUVE) or "aucun"),
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
                tuple((word(names[p]), *(word(cases[p][key]) for key in found.labels)) for p in names),
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
            rows.append((word(name), count(len(mine), "partenaires"), count(seen, "cas"), count(missing, "cas")))
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
                    word(p.nom),
                    word(field.colleges.get(p.college, p.college)),
                    count(carried.get(p.id, 0)),
                    count(funded.get(p.id, 0)),
                )
                for p in field.partenaires.itertuples(index=False)
            ),
        )
