"""Cells of action logs: amounts, years, SIREN, numbers of people, labels of quarters."""

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvanalysis.actions.clean.cells import luhn, read_amounts, read_count, read_siren, read_year
from cvanalysis.actions.clean.labels import Labels, read_quarters
from cvanalysis.actions.table import HORS_QPV
from cvanalysis.files.keys import carrier_key

SPACES = [" ", "\u00a0", "\u202f", "\u2009"]


@pytest.mark.parametrize(
    ("cell", "euros"),
    [
        ("1234", 1234),
        ("1 234,50 €", 1234.5),
        ("1\u202f234,5", 1234.5),
        ("100000,1", 100000.1),
        ("1.234,56", 1234.56),
        ("12 500 euros", 12500),
        ("-45,3", -45.3),
        ("EUR 800", 800),
        ("(250)", -250),
        ("(1.250,00)", -1250),
        ("1.250,50-", -1250.5),
        ("300 € TTC", 300),
        ("1500,-", 1500),
        ("3333.3333333", 3333.3333333),
        ("2k€", 2000),
        ("2,5K", 2500),
    ],
)
def test_an_amount_is_read_in_every_notation_met(cell, euros):
    values, wrong = read_amounts(pa.array([cell]))
    assert values[0] == pytest.approx(euros)
    assert not wrong[0]


@pytest.mark.parametrize("cell", ["", "néant", "nc", "-", "s.o.", "#REF!"])
def test_a_blank_or_a_mark_is_no_amount_and_no_fault(cell):
    values, wrong = read_amounts(pa.array([cell]))
    assert math.isnan(values[0])
    assert not wrong[0]


@pytest.mark.parametrize("cell", ["abc", "1500-", "3 000 + 500", "1e300", "=SOMME(A1:A9)", "12/05/2018"])
def test_what_is_no_amount_is_told_and_never_taken_for_nothing(cell):
    values, wrong = read_amounts(pa.array([cell]))
    assert math.isnan(values[0])
    assert wrong[0]


@given(st.integers(0, 10**8), st.sampled_from(SPACES), st.sampled_from(["", " €", "\u00a0€", "€"]), st.booleans())
def test_an_amount_in_cents_round_trips_through_the_french_notations(cents, space, unit, grouped):
    whole, rest = divmod(cents, 100)
    text = (f"{whole:,}".replace(",", space) if grouped else str(whole)) + f",{rest:02d}{unit}"
    values, wrong = read_amounts(pa.array([text, "néant", text]))
    assert round(values[0] * 100) == cents == round(values[2] * 100)
    assert not wrong.any()


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_cell(text):
    read_amounts(pa.array([text.encode("utf-8", "replace").decode()]))
    read_year(text)
    read_count(text)
    read_siren(text)


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        ("2018", 2018),
        ("2018.0", 2018),
        ("Exercice 2018", 2018),
        ("2018-2019", 2018),
        ("2018 à 2021", 0),
        ("printemps", 0),
        ("", None),
    ],
)
def test_a_year_is_what_the_cell_states_and_nothing_else(cell, year):
    assert read_year(cell) == year


def _siret(siren: str) -> str:
    return next(f"{siren}0001{key}" for key in range(10) if luhn(f"{siren}0001{key}"))


def test_a_siren_survives_what_spreadsheets_do_to_a_siret():
    siret = _siret("005520135")
    for damaged in (
        siret,
        f"{siret[:3]} {siret[3:6]} {siret[6:9]} {siret[9:]}",
        f"{siret}.0",
        siret.lstrip("0"),
        "005520135",
        "5520135",
    ):
        assert read_siren(damaged) == ("005520135", ""), damaged


@pytest.mark.parametrize("cell", ["8,38310126E+13", "12345678901234", "association", "123"])
def test_a_siret_that_cannot_be_trusted_is_left_blank_with_its_reason(cell):
    siren, doubt = read_siren(cell)
    assert not siren
    assert doubt


@pytest.mark.parametrize(
    ("cell", "people"), [("45", 45), ("45 jeunes", 45), ("1 200", 1200), ("environ 30", 30), ("30.0", 30)]
)
def test_a_number_of_people_is_read(cell, people):
    assert read_count(cell) == people


QUARTIERS = ("QP099001", "QP099002", "QP099003")
LABELS = Labels({"le haut": "QP099001", "rives, quais et ponts": "QP099002", "l'ilot": "QP099003", "partout": "tous"})


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("Le Haut", ("QP099001",)),
        ("LE HAUT / L’îlot", ("QP099001", "QP099003")),
        ("Rives, Quais et Ponts", ("QP099002",)),
        ("Le Haut, Rives, Quais et Ponts ; L'Îlot", QUARTIERS),
        ("qp 99001", ("QP099001",)),
        ("QP099003;QP099001", ("QP099001", "QP099003")),
        ("Le Haut et L'Îlot", ("QP099001", "QP099003")),
        ("Le Haut & Rives, Quais et Ponts", ("QP099001", "QP099002")),
        ("L'Îlot - Le Haut", ("QP099001", "QP099003")),
        ("QPV Le Haut, quartier : L'Îlot", ("QP099001", "QP099003")),
        ("Hors QPV et Le Haut", ("QP099001", HORS_QPV)),
        ("Partout", QUARTIERS),
        ("Tous les quartiers", QUARTIERS),
        ("Hors QPV", (HORS_QPV,)),
        ("NR", ("",)),
        ("", ("",)),
    ],
)
def test_the_quarters_of_a_cell_are_found_in_the_declared_order(cell, codes):
    assert read_quarters(cell, LABELS, QUARTIERS).codes == codes


def test_an_unknown_quarter_counts_for_one_that_is_not_said():
    for cell in ("Le Haut ; La Lune", "Le Haut et La Lune"):
        read = read_quarters(cell, LABELS, QUARTIERS)
        assert read.codes == ("QP099001", "")
        assert read.inconnus == ("La Lune",)
    assert read_quarters("Soleil et Lune", LABELS, QUARTIERS).inconnus == ("Soleil et Lune",)


def test_a_code_of_the_2024_geography_is_never_taken_for_a_quarter_of_2015():
    read = read_quarters("QN09901M", LABELS, QUARTIERS)
    assert read.codes == ("",)
    assert read.autre_geographie == ("QN09901M",)


def test_a_carrier_is_the_same_without_accents_capitals_punctuation_nor_legal_form():
    assert carrier_key("ASSOCIATION « L'Écho »") == carrier_key("l’echo (asso.)") == "l echo"
