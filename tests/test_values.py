"""Numbers in every French notation and marks of missing data are understood; anything else is told, never lost."""

from dataclasses import astuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import examples
from cvanalysis.files.numbers import COURTE, ESPACES, STATUTS, decode_numbers, read_marks

INSECABLE, FINE, TRES_FINE = "\u00a0", "\u202f", "\u2009"


def read_one(text):
    decoded = decode_numbers([text])
    return None if decoded.mauvais[0] or np.isnan(decoded.valeurs[0]) else decoded.valeurs[0]


def write(value, *, decimals, thousands, point, minus="-", around="", unit=""):
    """Print a number as French files do; the inverse of `decode_numbers`."""
    whole, _, part = f"{abs(value):.{decimals}f}".partition(".")
    groups = f"{int(whole):,}".replace(",", thousands)
    return f"{around}{minus if value < 0 else ''}{groups}{point + part if part else ''}{unit}{around}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-10,0", -10),
        ("\u221210,5", -10.5),
        ("+3", 3),
        ("1 234,5", 1234.5),
        (f"5{FINE}019{FINE}573", 5019573),
        (f"1{INSECABLE}234", 1234),
        (f"1{TRES_FINE}234,50 €", 1234.5),
        (f"100000,1{INSECABLE}€", 100000.1),
        ("1'234", 1234),
        ("1.234,50", 1234.5),
        ("1,234,567.8", 1234567.8),
        ("5.019.573", 5019573),
        ("12,5 %", 12.5),
        ("1,5E+03", 1500),
        ("1e-2", 0.01),
        ("12,345 k€", 12345),
        ("1,2 M€", 1200000),
        ("250 euros", 250),
        (",5", 0.5),
        ("  7  ", 7),
        ("0044", 44),
        ("1.234", 1.234),
        ("1,234", 1.234),
    ],
)
def test_a_number_is_read_in_its_notation(text, value):
    assert read_one(text) == value
    assert decode_numbers([text]).statuts.tolist() == ["publié"]


@pytest.mark.parametrize(
    "text",
    [
        "douze",
        "12 34",
        "1 2345",
        "1.2.3",
        "1,",
        "12-5",
        "(12)",
        "1e999",
        "12 h",
        "=1+1",
        "#DIV/0!",
        "1 234 567,8,9",
        "½",
        "٣",
    ],
)
def test_what_is_neither_number_nor_mark_is_told(text):
    decoded = decode_numbers(["1", text, "2"])
    assert decoded.mauvais.tolist() == [False, True, False]
    assert np.isnan(decoded.valeurs[1])
    assert decoded.statuts.tolist() == ["publié", "", "publié"]


@pytest.mark.parametrize(
    ("mark", "status"),
    [
        ("ns", "non_significatif"),
        ("NS", "non_significatif"),
        ("nd", "non_disponible"),
        (" N. D. ", "non_disponible"),
        ("N/D", "non_disponible"),
        ("s", "secret"),
        ("c", "secret"),
        ("#", "secret"),
        ("< 11", "secret"),
        ("so", "sans_objet"),
        ("///", "sans_objet"),
        ("-", "non_disponible"),
        ("NR", "non_disponible"),
        ("#N/A", "non_disponible"),
        ("…", "non_disponible"),
    ],
)
def test_a_mark_gives_its_status_and_no_number(mark, status):
    decoded = decode_numbers(["3,5", mark])
    assert decoded.statuts.tolist() == ["publié", status]
    assert np.isnan(decoded.valeurs[1])
    assert not decoded.mauvais.any()


def test_the_marks_of_the_catalogue_have_known_statuses_and_are_no_numbers():
    assert set(read_marks().values()) <= set(STATUTS)
    assert all(np.isnan(decode_numbers([mark]).valeurs[0]) for mark in read_marks())


def test_a_blank_has_no_status_and_is_not_bad():
    decoded = decode_numbers(["", "  ", "\u00a0", None, "0"])
    assert decoded.statuts.tolist() == ["", "", "", "", "publié"]
    assert not decoded.mauvais.any()
    assert decoded.valeurs[4] == 0


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (["1.234", "2.5"], [1.234, 2.5]),  # a decimal point elsewhere
        (["1.234", "5.019.573"], [1234, 5019573]),  # points between thousands elsewhere
        (["1.234", "1.234,50"], [1234, 1234.5]),
        (["1,234", "1,234,567.8"], [1234, 1234567.8]),
        (["1,234", "0,5"], [1.234, 0.5]),
        (["0.123", "5.019.573"], [0.123, 5019573]),  # 0.123 can't be thousands
        (["1.234", "2,5"], [None, 2.5]),  # nothing proves what the point is
        (["1.234", "5.019.573", "0.5"], [None, 5019573, 0.5]),  # the column says both
        (["1.234 €", "1.234.567 €"], [1234, 1234567]),
        (["1,234", "12.5"], [None, 12.5]),
    ],
)
def test_three_figures_after_a_sign_are_read_in_the_light_of_the_column(column, values):
    decoded = decode_numbers(column)
    assert [None if bad else v for v, bad in zip(decoded.valeurs, decoded.mauvais, strict=True)] == values


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (["1.234", "987", "12.500"], [1234, 987, 12500]),
        (["1,234", "987"], [1234, 987]),
        (["12.000", "7.000"], [12, 7]),  # as a machine writes whole numbers
        (["114.000", "57"], [114_000, 57]),  # as no machine does
        (["1.234", "0.5"], [1.234, 0.5]),  # the column has decimals after all
        (["21268,1", "16939,0"], [21268.1, 16939]),
        (["1 234", "1.234"], [1234, 1234]),
    ],
)
def test_whole_numbers_have_no_thousandths(column, values):
    decoded = decode_numbers(column, entiers=True)
    assert [None if bad else v for v, bad in zip(decoded.valeurs, decoded.mauvais, strict=True)] == values


@pytest.mark.parametrize(
    "wrap", [list, np.array, pd.Series, lambda c: pd.Series(c, dtype=object), pa.array, pa.chunked_array]
)
def test_any_kind_of_column_is_read(wrap):
    column = ["1,5", "", "ns"]
    decoded = decode_numbers(wrap([column] if wrap is pa.chunked_array else column))
    assert decoded.valeurs[0] == 1.5
    assert decoded.statuts.tolist() == ["publié", "", "non_significatif"]


@given(
    st.lists(
        st.sampled_from(["12", "-7", "1.5", "1,5", "", "1-2", "1\n2", "3\n", "1.234", "ns", "٣", "1" * 18]),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
def test_a_short_column_is_read_as_the_same_one_repeated(column, whole):
    """Short ones are read cell by cell, long ones by Arrow."""
    short, long = (decode_numbers(column * times, entiers=whole) for times in (1, COURTE))
    for one, other in zip(astuple(short), astuple(long), strict=True):
        np.testing.assert_array_equal(one, other[: len(column)])


def test_an_empty_column_gives_empty_arrays():
    assert len(decode_numbers([]).valeurs) == len(decode_numbers(pd.Series([], dtype=str)).mauvais) == 0


NOTATIONS = st.fixed_dictionaries(
    {
        "thousands": st.sampled_from(["", *ESPACES.replace("\t", ""), "'", "’"]),
        "point": st.sampled_from([",", "."]),
        "minus": st.sampled_from(["-", "−", "- "]),
        "around": st.sampled_from(["", " ", INSECABLE, FINE]),
        "unit": st.sampled_from(["", " %", f"{INSECABLE}€", f"{FINE}€", " EUR", " euros"]),
    }
)


@given(st.integers(-(10**14), 10**14), st.integers(0, 6), NOTATIONS)
def test_a_number_printed_in_any_french_notation_is_read_back_equal(units, decimals, notation):
    value = float(f"{units}e-{decimals}")
    assert read_one(write(value, decimals=decimals, **notation)) == value


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20), NOTATIONS)
def test_a_column_with_points_between_thousands_is_read_back_equal(units, notation):
    values = [u / 100 for u in units]
    column = [write(v, decimals=2, **{**notation, "thousands": ".", "point": ","}) for v in values]
    assert decode_numbers(column).valeurs.tolist() == values


@examples(300)
@given(st.lists(st.text(max_size=8) | st.text(alphabet="0123456789.,- \u202f€%ns", max_size=9), max_size=12))
def test_every_cell_ends_as_a_value_a_status_a_blank_or_an_anomaly(column):
    decoded = decode_numbers(column)
    blank = np.array([not cell.strip(ESPACES) for cell in column], dtype=bool)
    published = ~np.isnan(decoded.valeurs)
    assert (published == (decoded.statuts == "publié")).all()
    marked = (decoded.statuts != "") & ~published
    assert (published.astype(int) + marked + decoded.mauvais + blank == 1).all()


@given(st.lists(st.sampled_from(["1,5", "ns", "", "x", f"2{FINE}345", "1.234", "7 €"]), max_size=15), st.randoms())
def test_the_order_of_the_cells_changes_nothing(column, random):
    order = list(range(len(column)))
    random.shuffle(order)
    straight, shuffled = decode_numbers(column), decode_numbers([column[i] for i in order])
    np.testing.assert_array_equal(straight.valeurs[order], shuffled.valeurs)
    np.testing.assert_array_equal(straight.codes[order], shuffled.codes)
    np.testing.assert_array_equal(straight.mauvais[order], shuffled.mauvais)


@pytest.mark.parametrize(
    ("cell", "expected"), [("12.345 €", 12345), ("12.345", 12345), ("1,234e3", 1234), ("12,5 €", 12.5)]
)
def test_in_a_column_of_whole_numbers_three_digits_after_a_sign_are_thousands_whatever_the_unit(cell, expected):
    assert decode_numbers([cell], entiers=True).valeurs.tolist() == [expected]
