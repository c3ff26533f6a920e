"""The partners: who was expected and who is seen, whose money, which carriers. Owns the findings of that page.

The lack of evidence is never read as a lack of involvement, nor an unknown amount as a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd

from cvanalysis.actions.counting import TFPB, UNE_FOIS, lines_of, subsidies
from cvanalysis.actions.field import MONTANTS, ActionChapter, Build, Field, Rows
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
from cvanalysis.constat.make import Chapter, Grid, bars, count, euros, make, nothing
from cvanalysis.constat.shape import Figure, Finding, Message, Point, Serie, Table, Valeur, word
from cvanalysis.engagements.mobilisation import (
    CAS,
    CONSTATE,
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
from cvanalysis.french import named
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import label, labels


class Funding(ActionChapter):
    """Money of the whole contract: `argent-01` by funder, `-02` by kind of credit, `-03` by stage; `porteurs-01` and `-02` carriers."""

    def __init__(self, reader: Rows, territory: Territory) -> None:
        builders = {
            "argent-01": self.over(self._funders),
            "argent-02": self.over(self._granted(partial(by_credit, self))),
            "argent-03": self.over(self._stages),
            "porteurs-01": self.over(self._granted(partial(carriers_finding, self))),
            "porteurs-02": self.over(self._moves),
        }
        super().__init__("partenaires", "partenaires", Field(reader, territory), builders)

    def _granted(self, build: Build) -> Build:
        """Asked only where some granted amount is written."""
        return lambda ident, rows: build(ident, rows) if lines_of(rows)["accorde"].notna().any() else self.rien(ident)

    def _funders(self, ident: str, menees: pd.DataFrame) -> Finding:
        rows = lines_of(menees)
        rows = rows[rows["accorde"].notna()]
        if rows.empty:
            return self.rien(ident)
        named = rows.assign(financeur=rows["financeur"].replace("", label("partenaires.argent-01.inconnu")))
        sums = (
            subsidies(named)
            .groupby("financeur")["accorde"]
            .sum()
            .reindex(sorted(named["financeur"].unique()))
            .sort_values(ascending=False, kind="stable")
        )
        values = {str(name): euros(amount) for name, amount in sums.items()}
        pivot = named.pivot_table(index="financeur", columns="type_credit", values="accorde", aggfunc="sum")
        kinds = [kind for kind in TYPES if kind in pivot.columns]
        actions = named.groupby("financeur")["action"].nunique()
        lines = tuple(
            (
                word(name, "non_disponible"),
                *(euros(pivot[kind].get(name, float("nan"))) for kind in kinds),
                total,
                count(actions[name]),
            )
            for name, total in values.items()
        )
        first = next(iter(values))
        said = {"premier": first, "valeur": values[first], "total": euros(sums.sum(min_count=1)), "nombre": len(values)}
        funder, total, number = labels("partenaires.argent-01.colonnes")
        return self.about(
            ident,
            Message("partenaires.argent-01", self.said | said),
            rows,
            figure=bars("", "", _top(values)),
            table=Table((funder, *(NOMS[kind] for kind in kinds), total, number), lines),
            lecture=Message("actions.lecture_argent", {"etiquette": first, "valeur": values[first]}),
            precautions=(UNE_FOIS, DROIT_COMMUN, *((AUTRE_RESSOURCE,) if TFPB in kinds else ()), MONTANTS),
            manques=_unknown(menees),
        )

    def _stages(self, ident: str, menees: pd.DataFrame) -> Finding:
        """How much is asked, granted, paid: three sums that do not bear on the same lines."""
        rows = lines_of(subsidies(menees))
        both = rows[
            rows["demande"].notna() & rows["accorde"].notna()
        ]  # of the same lines, so that they may be compared
        known = {name: rows[name].dropna() for name in ("demande", "accorde", "paye")}
        if all(amounts.empty for amounts in known.values()):
            return self.rien(ident)
        sums = {name: euros(amounts.sum(min_count=1)) for name, amounts in known.items()}
        titles = dict(zip(known, labels("partenaires.argent-03.etapes"), strict=True))
        lines = {
            titles[name]: (sums[name], count(len(amounts), "lignes"), count(len(rows), "lignes"))
            for name, amounts in known.items()
        }
        same = {"lignes": len(both), "total": len(rows), "ensemble": len(both) > 0}
        same |= {f"{name}_memes": euros(both[name].sum(min_count=1)) for name in ("demande", "accorde")}
        return self.about(
            ident,
            Message("partenaires.argent-03", self.said | sums | same),
            rows,
            grid=Grid("barres", lines),
            lecture=Message("actions.lecture_argent", {"etiquette": titles["accorde"], "valeur": sums["accorde"]}),
            precautions=(label("partenaires.argent-03.lignes"), MONTANTS),
        )

    def _moves(self, ident: str, rows: pd.DataFrame) -> Finding:
        """Which carriers no log named before a year, and which were last named the year before."""
        years = rows.groupby("porteur")["annee"]
        first, last = years.min(), years.max()
        start, end = int(rows["annee"].min()), self.field.territory.fin
        present = rows.groupby("annee")["porteur"].nunique()
        lines = {}
        for year in range(start + 1, end + 1):
            new, gone = first.index[first == year], last.index[last == year - 1]
            numbers = (count(number, "organismes") for number in (present.get(year, 0), len(new), len(gone)))
            lines[str(year)] = (*numbers, *(word(_some(names), "non_disponible") for names in (new, gone)))
        if not lines:
            return self.rien(ident)
        there, new, gone, *_ = lines[str(end)]
        said = {"annee": str(end), "nouveaux": new, "partis": gone, "presents": there, "debut": start}
        return self.about(
            ident,
            Message("partenaires.porteurs-02", said),
            rows,
            grid=Grid("lignes", lines, ("sujet", "autre"), dessin=(1, 2)),
            lecture=Message("partenaires.porteurs-02.lecture", said),
        )


def _some(names: pd.Index) -> str:
    """Names in their order, « aucun », or the first and how many more."""
    found = sorted(names)
    more = f" et {len(found) - NOMS_MAX} autres" if len(found) > NOMS_MAX else ""
    return (", ".join(found[:NOMS_MAX]) or "aucun") + more


class Partners(Chapter):
    """`partenaires-mobilisation-01` (engagements, second case), `-02` themes, `-03` quarters, `-04` years, `-05` colleges."""

    def __init__(self, reader: Rows, territory: Territory) -> None:
        self.field = Field(reader, territory)
        builders = {
            "mobilisation-01": partial(self._second_case, by_engagement),
            "mobilisation-02": partial(self._matrix, by_theme),
            "mobilisation-03": partial(self._matrix, by_quarter),
            "mobilisation-04": partial(self._matrix, by_year),
            "mobilisation-05": partial(self._colleges, by_engagement),
        }
        super().__init__("partenaires", builders)

    @property
    def _names(self) -> dict[str, str]:
        return dict(zip(self.field.partenaires["id"], self.field.partenaires["nom"], strict=True))

    def _make(self, ident: str, said: Mapping[str, object], **parts: object) -> Finding:
        """A finding under the texts of its number; the years of the contract may be said in any of them."""
        return make(
            ident,
            Message(_texts(ident), {"periode": self.field.periode, **said}),
            rows=[self.field.partenaires, self.field.engagements, self.field.menees],
            source=SOURCE,
            precautions=(PREUVE,),
            **parts,
        )

    def _nothing(self, ident: str, gabarit: str, manque: str = "", **parts: str) -> Finding:
        said = {"partenaires": len(self._names)}
        parts["question"] = label(f"{_texts(ident)}.question")
        quoi = label(f"partenaires.{gabarit}.{manque or 'manque'}")
        return nothing(ident, f"partenaires.{gabarit}", said, quoi=quoi, source=SOURCE, **parts)

    def _second_case(self, by: Measure, ident: str) -> Finding:
        """On which engagements a partner was expected, without evidence that it was there."""
        names = self._names
        if not names:
            return self._nothing(ident, "aucun")
        found = by(self.field)
        counts = {partner: found.counts(partner) for partner in names}
        missing = [number[SANS_PREUVE] for number in counts.values() if number[SANS_PREUVE]]
        expected = {partner: number[CONSTATE] + number[SANS_PREUVE] for partner, number in counts.items()}
        if not sum(expected.values()):
            return self._nothing(ident, "sans_attente")
        drawn = [p for p in names if counts[p][SANS_PREUVE]]  # in the declared order: this ranks nobody
        case = SANS_PREUVE if drawn else CONSTATE
        lines = tuple(
            (
                word(names[p], "non_disponible"),
                *(count(counts[p][case], "engagements") for case in CAS[:3]),
                word(
                    " ; ".join(named(k, v) for k, v in found.labels.items() if found.case(p, k) == SANS_PREUVE)
                    or "aucun"
                ),
            )
            for p in names
        )
        first = next((p for p in names if expected[p]), next(iter(names)))
        asked = sum(expected.values())
        return self._make(
            ident,
            {"partenaires": len(missing), "total": len(names), "vus": asked - sum(missing), "attendus": asked},
            figure=bars("", "", {names[p]: count(counts[p][case], "engagements") for p in drawn or names}),
            table=Table((), lines),
            lecture=Message(
                "partenaires.mobilisation-01.lecture",
                {
                    "partenaire": names[first],
                    "sans": count(counts[first][SANS_PREUVE], "engagements"),
                    "attendu": expected[first],
                },
            ),
        )

    def _matrix(self, by: Measure, ident: str) -> Finding:
        """In which case each partner is, theme by theme, quarter by quarter or year by year."""
        names = self._names
        if not names:
            return self._nothing(ident, "aucun")
        found = by(self.field)
        if not found.attendus and not found.constates:
            champ = label(f"{_texts(ident)}.champ", periode=self.field.periode)
            return self._nothing(ident, "sans_attente", "manque_ici", champ=champ)
        cases = {p: {key: found.case(p, key) for key in found.labels} for p in names}
        lacking = {key: sum(row[key] == SANS_PREUVE for row in cases.values()) for key in found.labels}
        worst = next(iter(lacking))
        asked = sum(partner in names and key in found.labels for partner, key in found.attendus)
        said = {"sans": sum(lacking.values()), "attendus": asked, "vus": asked - sum(lacking.values())}
        return self._make(
            ident,
            said,
            figure=self._marks(cases, found),
            table=Table(
                ("Partenaire", *found.labels.values()),
                tuple((word(names[p], "non_disponible"), *map(word, row.values())) for p, row in cases.items()),
            ),
            lecture=Message(
                "partenaires.lecture_matrice",
                {
                    "colonne": found.labels[worst],
                    "sans": count(lacking[worst], "partenaires"),
                    "vus": count(sum((p, worst) in found.constates for p in names), "partenaires"),
                },
            ),
        )

    def _marks(self, cases: Mapping[str, Mapping[str, str]], found: Mobilisation) -> Figure:
        """A mark where a partner was expected or seen; no line for who was nowhere."""
        names = self._names
        marks = {
            p: tuple(Point(found.labels[key], word(case)) for key, case in row.items() if case != NI)
            for p, row in cases.items()
        }
        return Figure("matrice", "", tuple(Serie(names[p], "autre", points) for p, points in marks.items() if points))

    def _colleges(self, by: Measure, ident: str) -> Finding:
        """Of what each college was expected on, what is evidenced."""
        found, names = by(self.field), self._names
        if not names or not found.attendus:
            return self._nothing(ident, "sans_attente" if names else "aucun")
        members = self.field.partenaires.groupby("college")["id"].agg(list)
        lines, rates = {}, {}
        for code, name in self.field.colleges.items():
            mine = [found.counts(p) for p in members.get(code, ())]
            cases = {case: sum(number[case] for number in mine) for case in (CONSTATE, SANS_PREUVE)}
            values = {case: count(number, "cas") for case, number in cases.items()}
            asked = sum(cases.values())
            rate = (
                Valeur(100 * cases[CONSTATE] / asked, unite="%", decimales=0)
                if asked
                else Valeur(None, "sans_objet", "%")
            )
            lines[name] = (count(len(mine), "partenaires"), *values.values(), rate)
            if asked:
                rates[name] = rate
        totals = [sum(line[n].valeur for line in lines.values()) for n in (1, 2)]
        low, high = min(rates, key=lambda n: rates[n].valeur), max(rates, key=lambda n: rates[n].valeur)
        first = next(iter(rates))
        return self._make(
            ident,
            {"vus": int(totals[0]), "attendus": int(sum(totals)), "bas": rates[low], "haut": rates[high]},
            figure=bars("", "", rates, "autre"),
            table=Grid("barres", lines).table(),
            lecture=Message(
                "partenaires.mobilisation-05.lecture", {"college": first, "vus": lines[first][1], "taux": rates[first]}
            ),
        )

    @property
    def liste(self) -> Table:
        """The partners: name, college, whether seen, on how many actions."""
        field = self.field
        carried = field.menees.groupby("partenaire")["action"].nunique()
        funded = field.menees[field.menees["accorde"] > 0].groupby("financeur_id")["action"].nunique()
        return Table(
            labels("partenaires.liste.colonnes"),
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


Measure = Callable[[Field], Mobilisation]
"""Over which dimension mobilisation is read."""


def _texts(ident: str) -> str:
    return ident.replace("-", ".", 1)
