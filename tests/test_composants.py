"""Each component of a page alone: what it shows, and what it says to who does not see."""

import re
from types import SimpleNamespace

import pytest

from cvanalysis.constat.shape import Table, Valeur, word
from cvanalysis.display.composants import TONS, composants
from cvanalysis.engagements.table import AVANCEMENTS
from cvanalysis.publish.page.contract import check_live, read_page


def rate(number: float | None, statut: str = "publié") -> Valeur:
    return Valeur(number, statut, "%", 1)


SECRET = rate(None, "secret")


def said(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").split())


def heard(html: str) -> list[str]:
    return [label.replace("\u00a0", " ") for label in re.findall(r'aria-label="([^"]*)"', html)]


def test_a_landmark_shows_its_figure_and_leads_to_its_finding():
    html = composants().landmark(rate(45.2), "sous le seuil de pauvreté", "X-revenus-04")
    assert said(html) == "45,2 % sous le seuil de pauvreté"
    assert 'href="#X-revenus-04"' in html


def test_a_landmark_without_a_figure_says_why_in_the_same_box():
    assert said(composants().landmark(SECRET, "sous le seuil")) == "secret statistique sous le seuil"


def test_the_counts_by_year_bear_the_unit_of_a_line_once_at_its_head():
    euros = (Valeur(111110.0, "publié", "€"), Valeur(170120.0, "publié", "€"))
    lines = tuple((word(year), Valeur(2.0), cell) for year, cell in zip(("2015", "2016"), euros, strict=True))
    table = Table(("Année", "Jalons", "Montants payés"), lines)
    html = composants("ensemble.html.j2").annees(SimpleNamespace(table=table, exemple=False))
    assert "2015 2016 Jalons 2 2 Montants payés (€) 111 110 170 120" in said(html)


def test_a_strip_sets_the_quarter_among_the_published_ones():
    html = composants().strip(rate(45), [rate(20), rate(45), rate(70), SECRET])
    assert html.count("5v6") == 3  # a tick each, none for what is not published
    assert 'cx="75"' in html  # half way from the lowest to the highest
    assert heard(html) == ["De 20,0 % à 70,0 % ; au milieu, 45,0 %"]


def test_a_strip_keeps_its_others_where_the_quarter_has_no_figure_and_is_nothing_with_one_figure():
    assert "<circle" not in composants().strip(SECRET, [SECRET, rate(20), rate(70)])
    assert composants().strip(rate(45), [rate(45), SECRET]) == ""


def test_a_strip_of_equal_figures_stands_somewhere():
    assert 'cx="6"' in composants().strip(rate(45), [rate(45), rate(45)])


def test_a_sparkline_is_cut_at_breaks_and_where_a_figure_is_missing():
    points = [(2012, rate(1)), (2013, rate(2)), (2014, SECRET), (2015, rate(3)), (2019, rate(4)), (2020, rate(3.5))]
    html = composants().sparkline(points, (2019,))
    [line] = re.findall(r'c-ligne" d="([^"]*)"', html)
    assert line.count("M") == 3
    assert heard(html) == ["1,0 % en 2012, 3,5 % en 2020, ligne coupée en 2019"]


def test_three_years_are_no_sparkline():
    assert composants().sparkline([(2012, rate(1)), (2013, rate(2)), (2014, SECRET), (2015, rate(3))]) == ""


def test_a_pill_says_its_state_in_words():
    html = composants().pill("réalisé", "1")
    assert said(html) == "réalisé"
    assert 'aria-hidden="true"' in html


def test_every_state_of_an_engagement_has_a_tone_of_its_own():
    assert set(TONS) == set(AVANCEMENTS)
    assert len(set(TONS.values())) == len(TONS)


def test_a_stacked_bar_says_each_part_with_its_count_and_hatches_what_is_not_known():
    html = composants().stacked_bar(
        "34 engagements", [("réalisé", 3, "1"), ("abandonné", 0, "6"), ("non renseigné", 1, "vide")]
    )
    assert said(html) == "réalisé 3 non renseigné 1"
    assert heard(html) == ["34 engagements : réalisé 3, non renseigné 1"]
    assert '<rect class="ton-1" x="0" y="0" width="225"' in html
    assert "hache" in html


def test_a_stacked_bar_of_nothing_is_nothing():
    assert composants().stacked_bar("0 engagement", [("réalisé", 0, "1")]) == ""


def test_a_card_leads_where_its_name_says():
    html = composants().card("Un quartier", "quartiers/X.html", "1 200 habitants")
    assert said(html) == "Un quartier 1 200 habitants"
    assert '<h3><a href="quartiers/X.html">' in html


def test_a_quotation_says_who_spoke_and_marks_invented_words():
    html = composants().quotation("On n'a rien", "habitante", exemple=True)
    assert said(html) == "« On n’a rien » habitante données d’exemple"


def test_a_ruled_question_bears_its_number_and_hides_its_lines_from_ears():
    html = composants().ruled_question(1, "Pourquoi ?", "X-emploi-02", 5)
    assert said(html) == "1. Pourquoi ? X-emploi-02"
    assert html.count("<p></p>") == 5
    assert 'aria-hidden="true"' in html


def test_notes_are_said_once_under_numbers_that_links_reach():
    assert composants().note_marks([2]).count('href="#note_2"') == 1
    assert said(composants().note_marks([1, 2])) == "Notes 1 2"
    assert said(composants().note_marks([7, 2, 4, 6, 5])) == "Notes 2 4–7"
    assert 'id="note_2"' in composants().notes(["une prudence", "une autre"])
    assert composants().note_marks([]) == composants().notes([]) == ""


def test_a_mark_of_absence_has_one_meaning_written_under_the_table():
    assert (said(composants().cell(SECRET)), heard(composants().cell(SECRET))) == ("s.", ["secret statistique"])
    assert said(composants().cell(rate(2))) == "2,0 %"
    doubtful = composants().cell(rate(2, "suspect"))
    assert (said(doubtful), heard(doubtful)) == ("2,0 % ?", ["douteux"])
    legend = said(composants().absences([SECRET, rate(None, "non_disponible"), SECRET, rate(2)]))
    assert legend.startswith("s. : le producteur ne peut pas publier")
    assert legend.count("—") == 1


@pytest.mark.parametrize(
    "html",
    [
        composants().landmark("<b>", '"x"', "a"),
        composants().strip(rate(1), [rate(1), rate(2)]),
        composants().stacked_bar('"><script>x</script>', [("<i>", 1, "1"), ("b", 1, "vide")]),
        composants().quotation("<script>alert(1)</script>"),
    ],
)
def test_components_hold_nothing_that_a_page_refuses(html):
    assert check_live(read_page(html)) == []


@pytest.mark.parametrize(
    "html",
    [
        '<svg onload="x"></svg>',
        '<svg style="x"></svg>',
        '<svg><use href="#a"/></svg>',
        '<path d="url(x)"/>',
        '<rect fill="red"/>',
        '<svg data-x="1"></svg>',
        "<svg><foreignObject></foreignObject></svg>",
        "<svg><animate/></svg>",
    ],
)
def test_a_page_refuses_other_drawings(html):
    assert check_live(read_page(html))
