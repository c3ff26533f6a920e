"""Days and periods as French logs write them; free text is told, never guessed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import examples
from cvanalysis.files.dates import ANNEES, parse_date

NOVEMBRE = date(2018, 11, 20)


@pytest.mark.parametrize(
    "text",
    [
        "2018-11-20",
        "2018-11-20 00:00:00",
        "2018-11-20T14:30:00+01:00",
        "2018/11/20",
        "20/11/2018",
        "20/11/18",
        "20-11-2018",
        "20.11.2018",
        "20/11/2018 14:30",
        "43424",
        "43424.0",
        "43424,75",
        "20 novembre 2018",
        "Mardi 20 NOVEMBRE 2018",
        "20\u00a0nov. 2018",
        "le 20/11/2018",
    ],
)
def test_a_day_is_read_in_its_notation(text):
    assert parse_date(text) == (NOVEMBRE, NOVEMBRE, "jour")


@pytest.mark.parametrize(
    ("text", "start", "end", "precision"),
    [
        ("MAI 2014", "2014-05-01", "2014-05-31", "mois"),
        ("févr. 2016", "2016-02-01", "2016-02-29", "mois"),
        ("août-18", "2018-08-01", "2018-08-31", "mois"),
        ("05/2014", "2014-05-01", "2014-05-31", "mois"),
        ("2014-05", "2014-05-01", "2014-05-31", "mois"),
        ("2018", "2018-01-01", "2018-12-31", "annee"),
        ("2018.0", "2018-01-01", "2018-12-31", "annee"),
        ("2018/2019", "2018-09-01", "2019-08-31", "annee_scolaire"),
        ("2018-2019", "2018-09-01", "2019-08-31", "annee_scolaire"),
        ("2018-19", "2018-09-01", "2019-08-31", "annee_scolaire"),
        ("2015-2020", "2015-01-01", "2020-12-31", "periode"),
        ("01/01/14->30/09/14", "2014-01-01", "2014-09-30", "periode"),
        ("2017-03-30/2017-05-24", "2017-03-30", "2017-05-24", "periode"),
        ("2017-03-30_2017-05-24", "2017-03-30", "2017-05-24", "periode"),
        ("du 12/03/2018 au 15/04/2018", "2018-03-12", "2018-04-15", "periode"),
        ("12/03/2018-15/04/2018", "2018-03-12", "2018-04-15", "periode"),
        ("Du 1er mars 2018 au 30 juin 2018", "2018-03-01", "2018-06-30", "periode"),
        ("du 12 au 15 mars 2018", "2018-03-12", "2018-03-15", "periode"),
        ("12/03 au 15/04/2018", "2018-03-12", "2018-04-15", "periode"),
        ("de mars à juin 2018", "2018-03-01", "2018-06-30", "periode"),
        ("janvier 2018 – mars 2019", "2018-01-01", "2019-03-31", "periode"),
        ("Printemps 2021", "2021-03-01", "2021-05-31", "periode"),
        ("l’été 2021", "2021-06-01", "2021-08-31", "periode"),
        ("2ème trimestre 2021", "2021-04-01", "2021-06-30", "periode"),
        ("2e semestre 2021", "2021-07-01", "2021-12-31", "periode"),
    ],
)
def test_a_period_is_read_from_its_first_to_its_last_day(text, start, end, precision):
    assert parse_date(text) == (date.fromisoformat(start), date.fromisoformat(end), precision)


@pytest.mark.parametrize(
    "text",
    [
        "au printemps",
        "5e trimestre 2021",
        "11/20/2018",
        "31/02/2018",
        "1234",
        "3 séances",
        "15/04/2018 au 12/03/2018",
        "99999",
        "73416",
        "2100-2101",
        "1899-1900",
        "2018/13",
        "à",
        "/",
    ],
)
def test_free_text_and_impossible_days_are_no_date(text):
    assert parse_date(text) is None


@pytest.mark.parametrize("text", ["", " "])
def test_a_blank_is_no_date(text):
    assert parse_date(text) is None


JOURS = st.dates(date(1970, 1, 1), date(2068, 12, 31))
ECRITURES = st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%dT%H:%M:%S"])


@given(JOURS, ECRITURES)
def test_a_day_written_in_any_way_is_read_back(day, how):
    assert parse_date(day.strftime(how)) == (day, day, "jour")


@given(
    JOURS,
    st.integers(0, 800),
    ECRITURES,
    st.sampled_from(["{}->{}", "{} -> {}", "du {} au {}", "{} au {}", "{} - {}", "{}→{}"]),
)
def test_two_days_joined_in_any_way_are_a_period(start, length, how, joined):
    end = start + timedelta(days=min(length, (date(2068, 12, 31) - start).days))
    assert parse_date(joined.format(start.strftime(how), end.strftime(how))) == (start, end, "periode")


@given(JOURS)
def test_an_excel_serial_is_the_day_that_excel_shows(day):
    serial = (day - date(1899, 12, 30)).days
    assert parse_date(str(serial)) == (day, day, "jour")


@examples(300)
@given(st.text(max_size=25) | st.text(alphabet="0123456789/-. auduàl>maijnv", max_size=25))
def test_no_text_raises_and_what_is_read_is_in_order_and_in_this_age(text):
    found = parse_date(text)
    assert found is None or (found[0] <= found[1] and found[0].year in ANNEES and found[1].year in ANNEES)
