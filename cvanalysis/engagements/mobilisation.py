"""Who was expected and who was seen: the mobilisation of partners by engagement, theme, quarter and year. Owns the four cases.

The second case, expected without evidence, is the one that an evaluation looks for. Evidence is what is written: a partner named
among those seen on an engagement, or one that carries or funds an action. Refuses to read the lack of evidence as a lack of involvement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cvanalysis.actions.field import Field
from cvanalysis.files.keys import split_list
from cvanalysis.textes import label

CONSTATE, SANS_PREUVE = "Attendu et constaté", "Attendu, sans preuve"
EN_PLUS, NI = "Constaté sans être attendu", "Non attendu"
CAS = (CONSTATE, SANS_PREUVE, EN_PLUS, NI)
SOURCE, PREUVE = label("actions.mobilisation.source"), label("actions.mobilisation.preuve")


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
    years = {str(year): str(year) for year in range(field.territory.debut, field.territory.connue + 1)}
    expected = set()
    said = field.partenaires.dropna(how="all", subset=["debut", "fin"])
    said = said.fillna({"debut": field.territory.debut, "fin": field.territory.fin})
    for row in said.itertuples(index=False):
        expected |= {(row.id, year) for year in years if row.debut <= int(year) <= row.fin}
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
