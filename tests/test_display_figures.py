"""Figures and their alternatives: light, deterministic, in French, and honest about what is missing."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from browser.exemples import ABSENT, FIGURES, ICI, LONG, TERRITOIRE, constat, courbe, pour_cent, zone
from cvanalysis.constat.shape import Figure, Point, Serie, Valeur
from cvanalysis.display.alternatives import LONGEST, describe, describe_figure
from cvanalysis.display.figures import draw, warm
from cvanalysis.display.figures.canvas import WIDTH, text_width, wrap
from cvanalysis.display.figures.frame import round_scale
from cvanalysis.display.figures.marks import _LOOKS, contrast, ink_on, look, looks, state_looks
from cvanalysis.display.figures.temps import _calm
from cvanalysis.display.figures.zones import _apart

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> str:
    return " ".join(t.text or "" for t in ElementTree.fromstring(svg).iter(f"{SVG}text"))


@pytest.mark.parametrize("genre", FIGURES)
def test_every_genre_is_well_formed_light_and_the_same_twice(genre):
    svg = draw(FIGURES[genre], TERRITOIRE.palette)
    assert ElementTree.fromstring(svg).get("viewBox").startswith(f"0 0 {WIDTH} ")
    assert len(svg.encode()) <= 12_000
    assert svg == draw(FIGURES[genre], TERRITOIRE.palette)
    assert not re.search(r"\bnan\b|\binf\b|None|matplotlib|Date", svg)


@pytest.mark.parametrize("genre", FIGURES)
def test_no_word_leaves_the_sheet(genre):
    for text in ElementTree.fromstring(draw(FIGURES[genre], {})).iter(f"{SVG}text"):
        if text.get("transform"):
            continue
        x, wide = float(text.get("x")), text_width(text.text, 13)
        style = (text.get("style") or "") + rules(draw(FIGURES[genre], {})).get(text.get("class"), "")
        left = x - wide if "anchor:end" in style else x - wide / 2 if "anchor:middle" in style else x
        assert left >= -2, text.text
        assert left + wide <= WIDTH + 4, text.text


def rules(svg: str) -> dict[str, str]:
    return dict(re.findall(r"\.(c\d+)\{([^}]*)\}", svg))


def test_a_figure_costs_few_calls():
    """What a drawing costs is counted, not timed: with axes and their ticks there are ten times as many calls."""
    calls = 0

    def count(_frame, event, _arg):
        nonlocal calls
        calls += event in ("call", "c_call")

    warm()
    usual = ("points", "lignes", "barres", "parts", "paires", "rang")
    for genre in usual:
        draw(FIGURES[genre], {})
    sys.setprofile(count)
    try:
        for genre in usual:
            draw(FIGURES[genre], {})
    finally:
        sys.setprofile(None)
    assert calls / len(usual) < 60_000


def test_a_missing_value_is_said_and_never_drawn_as_zero():
    svg = draw(FIGURES["points-absent"], {})
    assert "non diffusé" in words(svg)
    assert "0,0" not in words(svg)
    assert "fill:#ffffff" in svg.replace(" ", "")


def test_a_suspect_value_bears_its_mark():
    assert "(douteux)" in words(draw(FIGURES["points-douteux"], {}))
    assert "<pattern" in draw(FIGURES["barres"], {})


def test_a_line_is_cut_where_the_source_changed_and_the_figure_says_so():
    whole = Figure("lignes", "Taux", (courbe(ICI, "sujet", a2013=1.0, a2018=2.0),))
    cut = Figure("lignes", "Taux", whole.series, ruptures=("2018",))
    assert "la source a changé" in words(draw(cut, {}))
    subject = f"stroke:{look('sujet', {}).colour.lower()}"
    assert count_lines(draw(cut, {}), subject) < count_lines(draw(whole, {}), subject)


def count_lines(svg: str, stroke: str) -> int:
    styles = rules(svg)
    return sum(
        stroke in (p.get("style") or styles.get(p.get("class"), ""))
        and "stroke-width:2.8" in (p.get("style") or styles.get(p.get("class"), ""))
        for p in ElementTree.fromstring(svg).iter(f"{SVG}path")
    )


def test_nothing_published_at_all_still_gives_a_figure_in_words():
    for genre in ("points", "lignes", "barres", "parts", "paires", "rang", "matrice"):
        series = (
            Serie(ICI, "sujet", (Point("2013", ABSENT), Point("2018", ABSENT))),
            Serie("Ville", "commune", (Point("2013", ABSENT),)),
        )
        assert "non diffusé" in words(draw(Figure(genre, "Taux", series), {}))


def test_looks_differ_by_shape_and_dash_and_stand_out_on_white():
    compared = [_LOOKS[r] for r in ("sujet", "commune", "epci", "france_qpv", "departement", "region", "france")]
    assert len({k.marker for k in compared}) == len({k.dash for k in compared}) == len(compared)
    assert _LOOKS["femmes"].marker != _LOOKS["hommes"].marker
    assert all(contrast(look(role, {}).colour.lower()) >= 3 for role in _LOOKS)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8), st.booleans())
@example([0.0, 8.2e-11], False)
@example([0.0, 5e-324], True)
@example([1e17, 1e17 + 16], False)
@example([-1.7e308, 1.7e308], False)
@example([1.7976913371709786e308], False)
def test_a_scale_holds_its_values_and_a_few_round_ticks(values, zero):
    scale = round_scale(values, 0, 100, zero=zero)
    assert all(-0.01 <= scale(v) <= 100.01 for v in values)
    assert all(scale.low <= t <= scale.high for t in scale.ticks)
    assert len(scale.ticks) <= 7
    assert len(set(scale.ticks)) == len(scale.ticks)
    assert scale.low < scale.high
    assert not zero or scale.low <= 0 <= scale.high


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=120), st.integers(40, 300))
def test_wrapping_loses_no_letter(text, width):
    lines = wrap(text, width)
    assert "".join(lines).replace("-", "").replace(" ", "") == text.replace("-", "").replace(" ", "")


statuses = st.sampled_from(["publié", "suspect", "non_diffusé", "secret", "masqué"])


@st.composite
def figures(draw_):
    roles = draw_(
        st.lists(st.sampled_from(["sujet", "commune", "epci", "autre", "femmes", "part"]), min_size=1, max_size=4)
    )
    labels = draw_(
        st.lists(st.sampled_from(["2013", "2015", "2018", ICI, LONG, "<&>"]), min_size=1, max_size=4, unique=True)
    )
    series = []
    for i, role in enumerate(roles):
        points = []
        for label in labels:
            status = draw_(statuses)
            value = draw_(st.floats(-1e4, 1e5, allow_nan=False)) if status in ("publié", "suspect") else None
            points.append(Point(label, Valeur(value, status, draw_(st.sampled_from(["%", "€", ""])), 1)))
        series.append(Serie(f"Série {i}", role, tuple(points)))
    genre = draw_(st.sampled_from(["points", "barres", "lignes", "parts", "paires", "rang", "matrice"]))
    return Figure(genre, "Axe", tuple(series), zero=draw_(st.booleans()), facettes=draw_(st.booleans()))


@given(figures())
def test_any_figure_can_be_drawn_and_told(figure):
    ElementTree.fromstring(draw(figure, {}))
    assert 0 < len(describe_figure(figure)) <= LONGEST + 400


@pytest.mark.parametrize("genre", FIGURES)
def test_alternatives_are_short_french_and_their_own(genre):
    text = describe(constat(genre))
    assert text.endswith(f"Constat QP999001-{genre}-01.")
    assert len(text) <= LONGEST
    assert "  " not in text


def test_an_alternative_holds_the_figures_and_what_is_missing():
    text = describe_figure(
        Figure("points", "Taux (%)", (zone(ICI, "sujet", pour_cent(51.8)), zone("Ville", "commune", ABSENT)))
    )
    assert f"{ICI}\u00a0: 51,8\u00a0%" in text
    assert "Ville\u00a0: non diffusé" in text


def test_a_large_figure_is_told_by_its_ends_and_its_count():
    text = describe(constat("rang-40"))
    assert "9\u202f800\u00a0€" in text
    assert "40 valeurs" in text
    assert "au tableau" in text


def test_events_stand_in_the_order_of_their_dates_however_written():
    said = ("30/12/2014", "2015", "12/2014", "2014-02-21", "2015-01-02")
    points = tuple(Point(f"évènement {i}", Valeur(None, texte=date)) for i, date in enumerate(said))
    svg = draw(Figure("frise", "Dates", (Serie("Dates", "sujet", points),)), TERRITOIRE.palette)
    assert sorted(said, key=lambda date: svg.index(f">{date}<")) == [
        "2014-02-21",
        "12/2014",
        "30/12/2014",
        "2015",
        "2015-01-02",
    ]


def test_an_axis_of_whole_numbers_has_whole_ticks():
    points = tuple(Point(f"ligne {n}", Valeur(float(n))) for n in (2, 7, 9))
    svg = draw(Figure("barres", "Nombre", (Serie("Nombre", "autre", points),)), TERRITOIRE.palette)
    assert "2,5" not in svg
    assert "7,5" not in svg


def test_a_number_to_copy_is_cut_where_it_has_a_hyphen_and_never_gets_one_of_ours():
    for ident in ("QP044005-population-01", "data_DEMO_2021_V1_QP.csv", "associations-engagements-01"):
        lines = wrap(ident, 110)
        assert len(lines) > 1
        assert "".join(lines) == ident


def states(*order: str) -> Figure:
    return Figure(
        "matrice", "Présence", tuple(Serie(s, "autre", (Point("2018", Valeur(None, texte=s)),)) for s in order)
    )


def test_a_state_is_drawn_alike_whichever_comes_first():
    names = ("Attendu, sans preuve", "Attendu et constaté", "Constaté sans être attendu")
    one, other = state_looks(names, {}), state_looks(names[::-1], {})
    assert one == other
    assert len({(k.marker, k.hollow) for k in one.values()}) == 3
    assert one["Attendu, sans preuve"].hollow


def test_states_that_nobody_declared_still_differ_by_shape():
    seen = state_looks(("un", "deux", "trois", "établie"), {})
    assert len({(k.marker, k.hollow) for k in seen.values()}) == 4
    assert "deux" in words(draw(states("un", "deux"), {}))


def test_a_line_that_hardly_moves_does_not_fill_its_frame():
    low, high = min(_calm([49.9, 50.2], zero=False)), max(_calm([49.9, 50.2], zero=False))
    assert (50.2 - 49.9) / (high - low) < 0.05
    assert _calm([10.0, 50.0], zero=False) == [10.0, 50.0]
    assert _calm([49.9, 50.2], zero=True) == [49.9, 50.2]


def test_two_marks_of_a_row_that_would_hide_each_other_stand_apart():
    assert _apart([(100, 1), (104, 0)]) == {0: -5.5, 1: 5.5}
    assert _apart([(100, 1), (140, 0)]) == {}


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_ink_is_readable_on_any_fill(fill):
    assert contrast(fill, ink_on(fill)) >= 4.5


@pytest.mark.parametrize("genre", FIGURES)
def test_words_and_marks_of_a_figure_stand_out_from_its_ground(genre):
    """4.5:1 for words outside cells, 3:1 for what is drawn with a meaning; guides and hidden halves of marks are white or faint."""
    svg = draw(FIGURES[genre], TERRITOIRE.palette)
    root, styles = ElementTree.fromstring(svg), rules(svg)
    for text in root.iter(f"{SVG}text"):
        style = (text.get("style") or "") + ";" + styles.get(text.get("class"), "")
        fill = re.search(r"fill:(#\w{6})", style)
        if fill and fill[1] not in ("#ffffff", "#000000"):
            assert contrast(fill[1]) >= 4.5, (genre, text.text)


def test_every_look_stands_out_from_white():
    for role in _LOOKS:
        assert contrast(look(role, {}).colour) >= 3, role


def test_a_second_commune_does_not_take_the_mark_of_another_role():
    roles = ["sujet", "commune", "commune", "epci", "france_qpv"]
    seen = looks(roles, {})
    assert [k.marker for k, role in zip(seen, roles, strict=True) if role != "commune"] == ["o", "D", "^"]
    assert len({k.marker for k in seen}) == len(roles)
