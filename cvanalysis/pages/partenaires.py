"""The partners: who was expected and who is seen, whose money, which carriers. Owns the findings of that page.

The lack of evidence is never read as a lack of involvement, nor an unknown amount as a zero.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from operator import attrgetter

import pandas as pd

from cvanalysis.actions.counting import LIGNE, TFPB, UNE_FOIS, lines_of, subsidies
from cvanalysis.actions.field import MONTANTS, ActionChapter, Build, Field
from cvanalysis.actions.funding import (
    AUTRE_RESSOURCE,
    DROIT_COMMUN,
    NOMS,
    NOMS_MAX,
    _top,
    _unknown,
    by_credit,
    carriers_finding,
)
from cvanalysis.actions.table import TYPES_CREDIT
from cvanalysis.constat.make import Builder, Grid, Reader, bars, count, euros, make, matrix, nothing
from cvanalysis.constat.shape import Finding, Message, Table, Valeur, row, word
from cvanalysis.engagements.mobilisation import (
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
from cvanalysis.french import enumerate_some, named
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import label, labels

Attended = Callable[[str, Mobilisation], Finding]
"""Number of a finding, and who was expected and seen → the finding."""


class Partners(ActionChapter):
    """`partenaires-mobilisation-01` (engagements, second case), `-02` themes, `-03` quarters, `-04` years, `-05` colleges; then money of
    the whole contract: `argent-01` by funder, `-02` by kind of credit, `-03` by stage; `porteurs-01` and `-02` carriers."""

    def __init__(self, reader: Reader, territory: Territory) -> None:
        builders = {
            "mobilisation-01": self._seen(by_engagement, self._second_case),
            "mobilisation-02": self._seen(by_theme, self._matrix),
            "mobilisation-03": self._seen(by_quarter, self._matrix),
            "mobilisation-04": self._seen(by_year, self._matrix),
            "mobilisation-05": self._seen(by_engagement, self._colleges),
            "argent-01": self.over(self._granted(self._funders)),
            "argent-02": self.over(self._granted(partial(by_credit, self))),
            "argent-03": self.over(self._stages),
            "porteurs-01": self.over(self._granted(partial(carriers_finding, self))),
            "porteurs-02": self.over(self._moves),
        }
        super().__init__("partenaires", "partenaires", Field(reader, territory), builders)

    @cached_property
    def _names(self) -> dict[str, str]:
        return dict(zip(self.field.partenaires["id"], self.field.partenaires["nom"], strict=True))

    @property
    def liste(self) -> Table:
        """The partners: name, college, on how many actions they are carriers and funders."""
        field, colleges = self.field, self.field.colleges | {"": label("partenaires.sans_college")}
        carried = field.menees.groupby("partenaire")["action"].nunique()
        funded = field.menees[field.menees["accorde"] > 0].groupby("financeur_id")["action"].nunique()
        lines = (
            row(p.nom, colleges.get(p.college, p.college), *(count(of.get(p.id, 0)) for of in (carried, funded)))
            for p in field.partenaires.itertuples(index=False)
        )
        return Table(labels("partenaires.liste.colonnes"), tuple(lines))

    # ------------------------------------------------------------------------------------------------------ mobilisation

    def _seen(self, by: Callable[[Field], Mobilisation], build: Attended) -> Builder:
        """A builder that asks `build` who was expected and seen over one dimension, where partners are declared."""
        return lambda ident: build(ident, by(self.field)) if self._names else self._silent(ident, "aucun")

    def _silent(self, ident: str, gabarit: str, manque: str = "manque", **parts: str) -> Finding:
        parts |= {"question": self.question(ident), "quoi": label(f"partenaires.{gabarit}.{manque}")}
        return nothing(ident, f"partenaires.{gabarit}", {"partenaires": len(self._names)}, source=SOURCE, **parts)

    def _make(self, ident: str, said: Mapping[str, object], **parts: object) -> Finding:
        """A finding under the texts of its number; the years of the contract may be said in any of them."""
        field, message = self.field, Message(self.texts(ident), {"periode": self.field.periode, **said})
        rows = [field.partenaires, field.engagements, field.menees]
        return make(ident, message, rows=rows, source=SOURCE, precautions=(PREUVE,), **parts)

    def _second_case(self, ident: str, found: Mobilisation) -> Finding:
        """On which engagements a partner was expected, without evidence that it was there."""
        names, counts = self._names, {partner: Counter(line.values()) for partner, line in found.cases.items()}
        expected = {partner: number[CONSTATE] + number[SANS_PREUVE] for partner, number in counts.items()}
        asked = sum(expected.values())
        if not asked:
            return self._silent(ident, "sans_attente")
        drawn = [p for p in names if counts[p][SANS_PREUVE]]  # in the declared order: this ranks nobody
        case = SANS_PREUVE if drawn else CONSTATE
        missing = sum(number[SANS_PREUVE] for number in counts.values())
        lines = []
        for p, name in names.items():
            unseen = " ; ".join(named(k, v) for k, v in found.labels.items() if found.cases[p][k] == SANS_PREUVE)
            lines.append((name, *(count(counts[p][one], "engagements") for one in CAS[:3]), unseen or "aucun"))
        first = next(p for p in names if expected[p])
        without = count(counts[first][SANS_PREUVE], "engagements")
        return self._make(
            ident,
            {"partenaires": len(drawn), "total": len(names), "vus": asked - missing, "attendus": asked},
            figure=bars("", "", {names[p]: count(counts[p][case], "engagements") for p in drawn or names}),
            table=lines,
            lecture={"partenaire": names[first], "sans": without, "attendu": expected[first]},
        )

    def _matrix(self, ident: str, found: Mobilisation) -> Finding:
        """In which case each partner is, theme by theme, quarter by quarter or year by year: a mark where it was expected or seen, no
        line for who was nowhere."""
        names, cases = self._names, found.cases
        if {NI}.issuperset(case for line in cases.values() for case in line.values()):
            champ = label(f"{self.texts(ident)}.champ", periode=self.field.periode)
            return self._silent(ident, "sans_attente", "manque_ici", champ=champ)
        lacking = {key: sum(line[key] == SANS_PREUVE for line in cases.values()) for key in found.labels}
        missing = sum(lacking.values())
        first = next(key for key in lacking if any(line[key] != NI for line in cases.values()))
        asked = missing + sum(case == CONSTATE for line in cases.values() for case in line.values())
        there = sum(line[first] in (CONSTATE, EN_PLUS) for line in cases.values())
        marks = {
            names[p]: {found.labels[key]: word(case) for key, case in line.items() if case != NI}
            for p, line in cases.items()
        }
        reading = {"colonne": found.labels[first], "sans": count(lacking[first], "partenaires")}
        lines = tuple(row(names[p], *line.values()) for p, line in cases.items())
        return self._make(
            ident,
            {"sans": missing, "attendus": asked, "vus": asked - missing},
            figure=matrix((name, line) for name, line in marks.items() if line),
            table=Table(("Partenaire", *found.labels.values()), lines),
            lecture=Message("partenaires.lecture_matrice", reading | {"vus": count(there, "partenaires")}),
        )

    def _colleges(self, ident: str, found: Mobilisation) -> Finding:
        """Of what each college was expected on, what is evidenced."""
        members = self.field.partenaires.groupby("college")["id"].agg(list)
        lines, rates = {}, {}
        names = self.field.colleges | ({"": label("partenaires.sans_college")} if "" in members else {})
        for code, name in names.items():
            mine = [list(found.cases[p].values()) for p in members.get(code, ())]
            seen, unseen = (sum(line.count(case) for line in mine) for case in (CONSTATE, SANS_PREUVE))
            if seen + unseen:
                rates[name] = Valeur(100 * seen / (seen + unseen), unite="%")
            rate = rates.get(name, Valeur(None, "sans_objet", "%"))
            lines[name] = (count(len(mine), "partenaires"), count(seen, "cas"), count(unseen, "cas"), rate)
        if not rates:
            return self._silent(ident, "sans_attente")
        seen, unseen = (int(sum(line[n].valeur for line in lines.values())) for n in (1, 2))
        low, high = (end(rates.values(), key=attrgetter("valeur")) for end in (min, max))
        first = next(iter(rates))
        return self._make(
            ident,
            {"vus": seen, "attendus": seen + unseen, "bas": low, "haut": high},
            figure=bars("", "", rates, "autre"),
            table=Grid("barres", lines).table(),
            lecture={"college": first, "vus": lines[first][1], "taux": rates[first]},
        )

    # ------------------------------------------------------------------------------------------------------------- money

    def _granted(self, build: Build) -> Build:
        """Asked only where some granted amount is written."""
        return lambda ident, rows: build(ident, rows) if lines_of(rows)["accorde"].notna().any() else self.rien(ident)

    def _funders(self, ident: str, menees: pd.DataFrame) -> Finding:
        rows = lines_of(menees)
        rows = rows[rows["accorde"].notna()]
        told = rows.assign(financeur=rows["financeur"].replace("", label("partenaires.argent-01.inconnu")))
        known = subsidies(told).groupby("financeur")["accorde"].sum().reindex(sorted(told["financeur"].unique()))
        sums = known.sort_values(ascending=False, kind="stable")
        values = {str(name): euros(amount) for name, amount in sums.items()}
        pivot = told.pivot_table(index="financeur", columns="type_credit", values="accorde", aggfunc="sum")
        kinds = [kind for kind in TYPES_CREDIT if kind in pivot.columns]
        actions = told.groupby("financeur")["action"].nunique()
        lines = tuple(
            row(name, *(euros(pivot[kind].get(name)) for kind in kinds), total, count(actions[name]))
            for name, total in values.items()
        )
        first, value = next(iter(values.items()))
        said = {"premier": first, "valeur": value, "total": euros(sums.sum(min_count=1)), "nombre": len(values)}
        funder, total, number = labels("partenaires.argent-01.colonnes")
        return self.about(
            ident,
            Message("partenaires.argent-01", self.said | said),
            rows,
            figure=bars("", "", _top(values)),
            table=Table((funder, *(NOMS[kind] for kind in kinds), total, number), lines),
            lecture=Message("actions.lecture_argent", {"etiquette": first, "valeur": value}),
            precautions=(UNE_FOIS, DROIT_COMMUN, *((AUTRE_RESSOURCE,) if TFPB in kinds else ()), MONTANTS),
            manques=_unknown(menees),
        )

    def _stages(self, ident: str, menees: pd.DataFrame) -> Finding:
        """How much is asked, granted, paid: three sums that do not bear on the same lines of the logs, whatever the funders on a line."""
        written = lines_of(subsidies(menees)).groupby([*LIGNE[:3], "annee"], dropna=False)
        rows = written[["demande", "accorde", "paye"]].sum(min_count=1)
        if rows.isna().all(axis=None):
            return self.rien(ident)

        def told(amounts: pd.Series) -> tuple[Valeur, ...]:
            return euros(amounts.sum(min_count=1)), *(count(n, "lignes") for n in (amounts.count(), len(rows)))

        titles = dict(zip(rows, labels("partenaires.argent-03.etapes"), strict=True))
        lines = {titles[name]: told(rows[name]) for name in rows}
        both = rows.dropna(subset=["demande", "accorde"])  # the same lines, so that they may be compared
        same = {"lignes": len(both), "total": len(rows), "ensemble": len(both) > 0}
        for name in ("demande", "accorde"):
            same[f"{name}_memes"] = told(both[name])[0]
            if len(both):  # what the title says, in its table too
                lines[label("partenaires.argent-03.memes", etape=titles[name])] = told(both[name])
        return self.about(
            ident,
            Message("partenaires.argent-03", self.said | same),
            menees,
            grid=Grid("barres", lines),
            lecture=Message(
                "actions.lecture_argent", {"etiquette": titles["accorde"], "valeur": lines[titles["accorde"]][0]}
            ),
            precautions=(label("partenaires.argent-03.lignes"), MONTANTS),
        )

    def _moves(self, ident: str, rows: pd.DataFrame) -> Finding:
        """Which carriers no log named before a year, and which were last named the year before."""
        years = rows.groupby("porteur")["annee"]
        first, last = years.min(), years.max()
        start, end = int(rows["annee"].min()), self.field.territory.connue
        present = rows.groupby("annee")["porteur"].nunique()
        lines = {}
        for year in range(start + 1, end + 1):
            new, gone = first.index[first == year], last.index[last == year - 1]
            numbers = (count(number, "organismes") for number in (present.get(year, 0), len(new), len(gone)))
            told = (enumerate_some(sorted(names) or ["aucun"], NOMS_MAX, NOMS_MAX, "autres") for names in (new, gone))
            lines[str(year)] = (*numbers, *map(word, told))
        if not lines:
            return self.rien(ident)
        there, new, gone, *_ = lines[str(end)]
        said = {"annee": str(end), "nouveaux": new, "partis": gone, "presents": there, "debut": start}
        return self.about(
            ident,
            Message("partenaires.porteurs-02", said),
            rows,
            grid=Grid("lignes", lines, ("sujet", "autre"), dessin=(1, 2)),
            lecture={},
        )
