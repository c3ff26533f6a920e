"""An action led in several quarters: the four counting rules."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvanalysis.findings.counting import REGLES, carried_out, money_by_quarter, share_editions, share_lines

QUARTERS = ["Q1", "Q2", "Q3", "HORS_QPV", ""]


def table(*lines):
    """Lines of (edition, quarters, granted, beneficiaries) as rows of the tidy table."""
    rows = [
        {
            "edition": e,
            "action": e[:2],
            "qpv": q,
            "part": 1 / len(places),
            "accorde": amount,
            "beneficiaires": people,
            "source": "s",
            "feuille": "",
            "ligne": n,
            "financeur": "",
            "cle": f"L{n}",
        }
        for n, (e, places, amount, people) in enumerate(lines)
        for q in places
    ]
    return pd.DataFrame(rows)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["A1-2019", "A1-2020", "A2-2019"]),
        st.lists(st.sampled_from(QUARTERS), min_size=1, max_size=4, unique=True),
        st.floats(0, 1e6, allow_nan=False),
        st.one_of(st.just(float("nan")), st.integers(0, 500).map(float)),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize("regle", [r for r in REGLES if r != "plein"])
@given(lines=LINES, population=st.dictionaries(st.sampled_from(QUARTERS), st.floats(0, 9999)))
def test_shares_add_up_to_one_under_each_sharing_rule(regle, lines, population):
    rows = table(*lines)
    assert share_editions(rows, regle, population).groupby("edition")["part"].sum().round(9).eq(1).all()
    assert share_lines(rows, regle, population).groupby("ligne")["part"].sum().round(9).eq(1).all()
    assert money_by_quarter(rows, regle, population).sum() == pytest.approx(sum(line[2] for line in lines))


@given(LINES)
def test_in_full_each_quarter_has_the_whole_and_the_total_counts_it_once(lines):
    shared = share_editions(table(*lines), "plein")
    assert shared["part"].eq(1).all()
    assert not shared.duplicated(["edition", "qpv"]).any()


def test_population_and_beneficiaries_weigh_the_quarters():
    rows = table(("A1-2019", ["Q1", "Q2"], 100.0, float("nan")))
    by_people = share_editions(rows, "population", {"Q1": 3000, "Q2": 1000})
    assert dict(zip(by_people["qpv"], by_people["part"], strict=True)) == {"Q1": 0.75, "Q2": 0.25}
    split = table(("A1-2019", ["Q1"], 1.0, 30.0), ("A1-2019", ["Q2"], 1.0, 10.0))
    by_users = share_editions(split, "beneficiaires")
    assert dict(zip(by_users["qpv"], by_users["part"], strict=True)) == {"Q1": 0.75, "Q2": 0.25}


def test_a_rule_without_what_it_needs_shares_equally_and_says_so():
    shared = share_editions(table(("A1-2019", ["Q1", "Q2"], 1.0, float("nan"))), "population", {"Q1": 3000})
    assert set(shared["part"]) == {0.5}
    assert set(shared["regle"]) == {"egal"}


def test_a_line_that_says_no_quarter_adds_none_to_an_edition_that_another_places():
    shared = share_editions(table(("A1-2019", ["Q1"], 1.0, 0.0), ("A1-2019", [""], 1.0, 0.0)), "egal")
    assert list(shared["qpv"]) == ["Q1"]


def test_only_what_took_place_within_the_contract_is_counted():
    rows = pd.DataFrame(
        {
            "statut": ["accordé", "refusé", "non renseigné", "non renseigné", "justifié"],
            "accorde": [float("nan"), 5.0, 5.0, float("nan"), 5.0],
            "annee": pd.array([2019, 2019, 2019, 2019, 2013], dtype="Int16"),
        }
    )
    assert list(carried_out(rows, 2014, 2022).index) == [0, 2]
