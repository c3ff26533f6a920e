"""An action led in several quarters: how it is counted."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvanalysis.actions.counting import carried_out, shared_by

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


@given(lines=LINES)
def test_the_shares_of_all_quarters_add_up_to_the_whole_of_each_line(lines):
    rows = table(*lines)
    assert shared_by(rows, "qpv").sum() == pytest.approx(sum(line[2] for line in lines))


def test_a_quarter_whose_lines_say_no_amount_has_an_unknown_sum_and_no_zero():
    rows = table(("A1-2019", ["Q1"], 100.0, 0.0), ("A2-2019", ["Q2"], float("nan"), 0.0))
    assert shared_by(rows, "qpv").isna().to_dict() == {"Q1": False, "Q2": True}


def test_only_what_took_place_within_the_contract_is_counted():
    rows = pd.DataFrame(
        {
            "statut": ["accordé", "refusé", "non renseigné", "non renseigné", "justifié"],
            "accorde": [float("nan"), 5.0, 5.0, float("nan"), 5.0],
            "annee": pd.array([2019, 2019, 2019, 2019, 2013], dtype="Int16"),
        }
    )
    assert list(carried_out(rows, 2014, 2022).index) == [0, 2]
