"""Figures: real Axes, light, deterministic, in French, and honest about what is missing."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Sheet

from browser.exemples import ABSENT, FIGURES, ICI, LONG, TERRITOIRE, courbe, pour_cent
from cvanalysis.constat.shape import Figure, Point, Serie, Valeur
from cvanalysis.display import font
from cvanalysis.display.figures import draw, style, trace
from cvanalysis.display.figures.lines import spread
from cvanalysis.display.figures.marks import _LOOKS, ABSENCES, contrast, ink_on, look, looks, shades, state_looks
from cvanalysis.display.figures.sheet import WIDTH, round_scale, say_mark, styled, wrap
from cvanalysis.display.figures.svg import measure
from cvanalysis.territory.look import PALETTE

WIDTHS = (358, 640)


def read(figure: Figure, width: float = WIDTH) -> ElementTree.Element:
    return ElementTree.fromstring(draw(figure, TERRITOIRE.palette, "Une figure", width).svg)


def words(figure: Figure) -> str:
    return " ".join(text.text or "" for text in read(figure).iter("text"))


@pytest.mark.parametrize("genre", FIGURES)
def test_every_genre_is_well_formed_light_and_the_same_twice(genre):
    svg = draw(FIGURES[genre], TERRITOIRE.palette, "Une figure").svg
    assert ElementTree.fromstring(svg).get("viewBox").startswith(f"0 0 {WIDTH} ")
    assert len(svg.encode()) <= 16_000
    assert svg == draw(FIGURES[genre], TERRITOIRE.palette, "Une figure").svg
    assert not re.search(r"\bnan\b|\binf\b|None|matplotlib|Date|id=", svg)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("genre", FIGURES)
def test_no_word_leaves_the_sheet(genre, width):
    """Words are measured with the outlines that the page shows them in."""
    root = read(FIGURES[genre], width)
    height = float(root.get("height"))
    for text in root.iter("text"):
        x, y = float(text.get("x")), float(text.get("y"))
        wide = measure(text.text, float(text.get("font-size", 13)), text.get("font-weight", 400))
        if text.get("transform"):
            assert y - wide >= -1, text.text
            continue
        left = {"end": x - wide, "middle": x - wide / 2}.get(text.get("text-anchor"), x)
        assert left >= -1, text.text
        assert left + wide <= width + 1, text.text
        assert 9 <= y <= height, text.text


@pytest.mark.parametrize("genre", FIGURES)
def test_words_and_marks_of_a_figure_stand_out_from_their_ground(genre):
    """4.5:1 for words, on white or in the cell that they stand in, 13 pixels on a sheet of 358; 3:1 for the marks of values."""
    root = read(FIGURES[genre])
    fills = [(p.get("stroke") or p.get("fill")) for p in root.iter("path")]
    for text in root.iter("text"):
        fill = text.get("fill", "#1d2733")
        assert float(text.get("font-size", 13)) >= 12.5
        assert max(contrast(fill, ground) for ground in ["#ffffff", *(f for f in fills if f and f != "none")]) >= 4.5
    subject = look("sujet", TERRITOIRE.palette).colour
    assert contrast(subject) >= 4.5


@pytest.mark.parametrize("genre", FIGURES)
def test_a_figure_is_drawn_on_the_axes_that_it_is_given(genre):
    given_axes = Sheet(figsize=(9, 6)).add_subplot()
    assert trace(FIGURES[genre], {}, given_axes) is given_axes
    alone = trace(FIGURES[genre], {})
    assert isinstance(alone, Axes)
    assert alone.figure.get_size_inches()[0] * 72 == WIDTH


def test_drawing_leaves_the_style_of_an_analyst_as_it_was():
    before = dict(mpl.rcParams)
    draw(FIGURES["points"], {}, "x")
    assert dict(mpl.rcParams) == before


def test_the_name_that_an_analyst_gives_to_an_axis_stands_under_its_ticks():
    with styled():
        ax = trace(FIGURES["lignes"], {})
    ax.set_xlabel("Année")
    ax.figure.canvas.draw()
    ticks = min(tick.get_window_extent().y0 for tick in ax.get_xticklabels() if tick.get_text())
    assert ax.xaxis.label.get_window_extent().y1 <= ticks


def test_a_chart_in_our_style_leaves_room_for_the_names_of_its_axes_and_our_figures_keep_their_own():
    with mpl.rc_context():
        drawn = draw(FIGURES["points"], {}, "x")
        style()
        assert draw(FIGURES["points"], {}, "x") == drawn
        sheet = Sheet()
        FigureCanvasAgg(sheet)
        ax = sheet.add_subplot(xlabel="annee")
        sheet.canvas.draw()
        assert ax.xaxis.label.get_window_extent().y0 >= 0


def test_a_missing_value_is_said_with_the_mark_of_its_reason_and_never_drawn_as_zero():
    assert "non diffusé" in words(FIGURES["points-absent"])
    assert "0,0" not in words(FIGURES["points-absent"])
    assert len({this.marker for this in ABSENCES.values()}) == len(ABSENCES)


def test_a_suspect_value_bears_its_mark():
    assert say_mark(pour_cent(0, "suspect")) in words(FIGURES["points-douteux"])
    sure = Figure("barres", "Taux", (Serie(ICI, "sujet", (Point("a", Valeur(3.0)),)),))
    doubtful = Figure("barres", "Taux", (Serie(ICI, "sujet", (Point("a", Valeur(3.0, "suspect")),)),))
    assert len(list(read(doubtful).iter("path"))) > len(list(read(sure).iter("path")))


def test_a_line_is_cut_where_the_source_changed():
    whole = Figure("lignes", "Taux", (courbe(ICI, "sujet", a2013=1.0, a2018=2.0),))
    cut = Figure("lignes", "Taux", whole.series, ruptures=("2018",))
    assert segments(whole) == 1
    assert segments(cut) == 0


def segments(figure: Figure) -> int:
    """Lines of the subject between two values."""
    mine = look("sujet", TERRITOIRE.palette).colour
    drawn = [p for p in read(figure).iter("path") if p.get("stroke") == mine and p.get("stroke-width") == "2.8"]
    return sum(len(re.findall("[LHV]", p.get("d"))) for p in drawn)


def test_nothing_published_at_all_still_gives_a_figure_in_words():
    for genre in ("points", "barres", "parts", "paires", "rang", "matrice"):
        series = (
            Serie(ICI, "sujet", (Point("2013", ABSENT), Point("2018", ABSENT))),
            Serie("Ville", "commune", (Point("2013", ABSENT),)),
        )
        assert "non diffusé" in words(Figure(genre, "Taux", series))


def test_looks_differ_by_shape_and_dash_and_stand_out_on_white():
    compared = [_LOOKS[r] for r in ("sujet", "commune", "epci", "france_qpv", "departement", "region", "france")]
    assert len({k.marker for k in compared}) == len({str(k.dash) for k in compared}) == len(compared)
    assert _LOOKS["femmes"].marker != _LOOKS["hommes"].marker
    assert all(contrast(look(role, {}).colour.lower()) >= 3 for role in _LOOKS)
    assert all(contrast(colour) >= 3 for colour in PALETTE["part"])


def test_the_series_of_a_role_that_has_several_colours_take_them_in_turn():
    seen = looks(["part", "sujet", "part", "part"], {"part": ("#072f55", "#5a6f84")})
    assert [k.colour for k in seen] == ["#072f55", PALETTE["sujet"], "#5a6f84", "#072f55"]


def test_a_photocopy_still_tells_the_quarter_from_the_others():
    """In grey the quarter's mark is darker than theirs by half as much again, and larger."""
    quarter, other = look("sujet", {}), look("autre", {})
    assert contrast(quarter.colour) / contrast(other.colour) >= 1.5
    assert quarter.size >= 1.3 * other.size


@given(st.lists(st.floats(-1e9, 1e12, allow_nan=False), min_size=1, max_size=8), st.booleans())
def test_a_scale_holds_its_values_and_a_few_round_ticks(values, zero):
    scale = round_scale([Valeur(v) for v in values], zero=zero)
    assert scale.low <= min(values)
    assert max(values) <= scale.high
    assert all(scale.low <= t <= scale.high for t in scale.ticks)
    assert len(scale.ticks) == len(set(scale.ticks)) <= 7
    assert scale.low < scale.high
    assert not zero or scale.low <= 0 <= scale.high


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=120), st.integers(40, 300))
def test_wrapping_loses_no_letter_and_no_line_is_too_wide(text, width):
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(measure(line) <= width or len(line) == 1 for line in lines)


@given(st.lists(st.tuples(st.floats(0, 200), st.floats(10, 60)), min_size=1, max_size=7))
def test_names_at_the_end_of_lines_do_not_overlap(blocks):
    blocks.sort(key=lambda block: -block[0])
    wanted, tall = zip(*blocks, strict=True)
    out = spread(wanted, tall, -30, 214)
    ends = [(middle - height / 2, middle + height / 2) for middle, height in zip(out, tall, strict=True)]
    assert all(low >= over - 1e-6 for (low, _), (_, over) in pairwise(ends))


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
def test_any_figure_can_be_drawn(figure):
    read(figure)


def test_events_stand_in_the_order_of_their_dates_however_written():
    said = ("30/12/2014", "2015", "décembre 2014", "2014-02-21", "2015-01-02")
    points = tuple(Point(f"évènement {i}", Valeur(None, texte=date)) for i, date in enumerate(said))
    root = read(Figure("frise", "Dates", (Serie("Dates", "sujet", points),)))
    heights = {text.text: float(text.get("y")) for text in root.iter("text")}
    assert sorted(said, key=heights.get) == ["2014-02-21", "décembre 2014", "30/12/2014", "2015", "2015-01-02"]


def test_an_axis_of_whole_numbers_has_whole_ticks():
    points = tuple(Point(f"ligne {n}", Valeur(float(n))) for n in (2, 7, 9))
    said = words(Figure("barres", "Nombre", (Serie("Nombre", "autre", points),)))
    assert "2,5" not in said
    assert "7,5" not in said


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
    assert "deux" in words(states("un", "deux"))


def test_a_line_that_hardly_moves_does_not_fill_its_frame():
    still = round_scale([Valeur(49.9), Valeur(50.2)], zero=False, calm=True)
    assert (50.2 - 49.9) / (still.high - still.low) < 0.05
    moved = round_scale([Valeur(10.0), Valeur(50.0)], zero=False, calm=True)
    assert (50 - 10) / (moved.high - moved.low) > 0.85


def test_two_marks_of_a_row_that_would_hide_each_other_stand_apart():
    def heights(women: float, men: float) -> int:
        series = (
            Serie(role, role, (Point(ICI, Valeur(here)), Point("Ville", Valeur(there))))
            for role, here, there in (("femmes", women, 10.0), ("hommes", men, 90.0))
        )
        drawn = trace(Figure("paires", "Taux", tuple(series)), {}).lines
        return len({y for line in drawn if line.get_marker() in ("o", "s") for y in line.get_ydata()})

    assert heights(40.0, 40.5) == 3
    assert heights(40.0, 80.0) == 2


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_ink_is_readable_on_any_fill(fill):
    assert contrast(fill, ink_on(fill)) >= 4.5


def test_a_second_commune_does_not_take_the_mark_of_another_role():
    roles = ["sujet", "commune", "commune", "epci", "france_qpv"]
    seen = looks(roles, {})
    assert [k.marker for k, role in zip(seen, roles, strict=True) if role != "commune"] == ["o", "D", "^"]
    assert len({k.marker for k in seen}) == len(roles)


def test_shades_go_from_the_palest_to_the_colour_itself():
    tints = shades("#0b5394", 5)
    assert tints[-1] == "#0b5394"
    assert [contrast(tint) for tint in tints] == sorted(contrast(tint) for tint in tints)


# ------------------------------------------------------------------------------------------------------------------ font


def test_the_font_has_what_french_pages_write_and_bears_its_licence():
    from fontTools.ttLib import TTFont

    for ttf, woff in font.files().values():
        for path in (ttf, woff):
            cut = TTFont(path)
            assert not {ord(c) for c in "àâçéèêëîïôœùûüÿÉÈÀŒ«»’…–€ᵉ→≤▲●\u00a0\u202f−×"} - set(cut.getBestCmap())
            assert "SIL Open Font License" in cut["name"].getDebugName(13)
            assert "Source" not in cut["name"].getDebugName(1)  # reserved for the whole font
        assert woff.stat().st_size <= 20_000


def test_the_same_font_is_cut_twice_to_the_same_bytes():
    made = font._cut()
    assert {w: tuple(p.read_bytes() for p in pair) for w, pair in font.files().items()} == made


def test_digits_are_of_one_width_in_the_font():
    assert len({measure(digit) for digit in "0123456789"}) == 1
