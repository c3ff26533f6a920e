"""Who was expected and who was seen: the mobilisation of partners by engagement, theme, quarter and year. Owns the four cases.

The second case, expected without evidence, is the one that an evaluation looks for. Evidence is what is written: a partner named
among those seen on an engagement, or one that carries or funds an action. Refuses to read the lack of evidence as a lack of involvement.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cvanalysis.actions.field import Field
from cvanalysis.files.keys import split_list

CONSTATE, SANS_PREUVE = "Attendu et constaté", "Attendu, sans preuve"
EN_PLUS, NI = "Constaté sans être attendu", "Non attendu"
CAS = (CONSTATE, SANS_PREUVE, EN_PLUS, NI)
SOURCE, PREUVE = "actions.mobilisation.source", "actions.mobilisation.preuve"


class Mobilisation(NamedTuple):
    """Who was expected and who was seen, over one dimension: its keys with their names, and partner → key → which of the four cases."""

    labels: Mapping[str, str]
    cases: Mapping[str, Mapping[str, str]]


def _compare(field: Field, labels: Mapping[str, str], expected: set, seen: set) -> Mobilisation:
    """The case of each declared partner for each key; `expected` and `seen`: pairs of a partner and a key."""
    of = {(True, True): CONSTATE, (True, False): SANS_PREUVE, (False, True): EN_PLUS, (False, False): NI}
    partners = field.partenaires["id"]
    return Mobilisation(labels, {p: {k: of[(p, k) in expected, (p, k) in seen] for k in labels} for p in partners})


def by_engagement(field: Field) -> Mobilisation:
    """Expected: the pilot and the partners of the engagement. Seen: those named so, and whoever carries or funds an action linked to it."""
    expected, seen = set(), set()
    for row in field.engagements.itertuples(index=False):
        expected |= {(partner, row.code) for partner in (row.pilote, *split_list(row.partenaires)) if partner}
        seen |= {(partner, row.code) for partner in split_list(row.partenaires_vus)}
    for partner, cell in _acting(field, "engagements"):
        seen |= {(partner, code) for code in split_list(cell)}
    labels = dict(zip(field.engagements["code"], field.engagements["libelle"], strict=True))
    return _compare(field, labels, expected, seen)


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
    seen = {(partner, str(year)) for partner, year in _acting(field, "annee")}
    for row in field.engagements.itertuples(index=False):
        seen |= {(partner, row.date_preuve[:4]) for partner in split_list(row.partenaires_vus)}
    return _compare(field, years, expected, seen)


def _by_cell(field: Field, column: str, labels: Mapping[str, str], dimension: str) -> Mobilisation:
    expected = {(row["id"], key) for _, row in field.partenaires.iterrows() for key in split_list(row[column])}
    return _compare(field, labels, expected, set(_acting(field, dimension)))


def _acting(field: Field, column: str) -> Iterable[tuple[str, object]]:
    """(partner, value of a column) of the actions that it carries or funds: any line of an action speaks for it, but of the year."""
    rows = field.menees
    for who in ("partenaire", "financeur_id"):
        # A funder is seen where it gave money, not where it was only asked for some.
        known = rows[(rows[who] != "") & ((rows["accorde"] > 0) if who == "financeur_id" else True)]
        if column != "annee":
            known = known[[who, "action"]].drop_duplicates().merge(rows[["action", column]].drop_duplicates())
        yield from known[[who, column]].drop_duplicates().itertuples(index=False, name=None)
