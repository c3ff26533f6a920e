"""One finding as HTML: its parts in order, its table readable by all, nothing unescaped."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from matplotlib.pyplot import close, subplots

from browser.exemples import ABSENT, FIGURES, TERRITOIRE, constat, ecrire, pour_cent
from cvanalysis.constat.shape import Figure, Message, Point, Serie, Table, Valeur
from cvanalysis.display.blocs import show_list, show_table, show_unknown
from cvanalysis.display.constat import RECORDS, Bloc, Constat, lines_in
from cvanalysis.display.tables import html_table, left_out, to_frame
from cvanalysis.errors import UsageError
from cvanalysis.publish.page.contract import check_live, read_page


@pytest.fixture(autouse=True)
def _phrases(monkeypatch):
    monkeypatch.setattr("cvanalysis.display.constat.write", ecrire)


def mot(texte: str) -> Valeur:
    return Valeur(None, texte=texte)


class Balance(HTMLParser):
    """Open elements, to see that each is closed."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("genre", FIGURES)
def test_a_finding_is_whole_and_its_elements_closed(genre):
    html = Constat(constat(genre), TERRITOIRE).html
    parser = Balance()
    parser.feed(html)
    assert parser.open == []
    order = [
        html.index(part)
        for part in (
            "<figcaption",
            "<h3",
            '<svg class="fig"',
            "<table",
            "Lecture",
            "Champ",
            "Source",
            "<li>",
            "Qu’en dites-vous",
        )
    ]
    assert order == sorted(order)


def test_its_metadata_name_it_and_its_plain_text_is_the_message():
    data, metadata = Constat(constat("points"), TERRITOIRE)._repr_mimebundle_()
    assert metadata == {"cvanalysis": {"constats": ["QP999001-points-01"]}}
    assert data["text/plain"].endswith("Un titre qui dit ce que montre la figure « points »")


def test_text_from_outside_is_escaped_everywhere():
    nasty = '<script>alert("x")</script>'
    finding = replace(
        constat("points"), question=nasty, source=nasty, sous_titre=nasty, message=Message("essai", {"phrase": nasty})
    )
    finding = replace(finding, table=Table(("Zone", nasty), ((mot(nasty), pour_cent(1)),), nasty), precautions=(nasty,))
    html = Constat(finding, TERRITOIRE).html
    assert "<script" not in html
    assert 'aria-label="&lt;script&gt;alert(&quot;x&quot;)' in html


def test_invented_data_bear_their_mark():
    assert "données d’exemple" in Constat(constat("points", exemple=True), TERRITOIRE).html
    assert "données d’exemple" not in Constat(constat("points"), TERRITOIRE).html


def test_a_finding_without_figure_says_why_and_has_no_picture():
    finding = replace(constat("points"), figure=None, table=None, lecture=None, manques=("Rien n’est publié.",))
    html = Constat(finding, TERRITOIRE).html
    assert "<svg" not in html
    assert "<table" not in html
    assert "<li>Rien n’est publié.</li>" in html


@pytest.mark.parametrize("genre", FIGURES)
def test_a_picture_is_a_drawing_of_numbers_and_words_that_a_page_may_hold(genre):
    html = Constat(constat(genre), TERRITOIRE).html
    assert check_live(read_page(html)) == []
    assert "url(" not in html
    assert ' id="' not in html.split('<svg class="fig"')[1].split("</svg>")[0]


def test_an_analyst_draws_the_figure_of_a_finding_on_axes_of_their_own():
    shown = Constat(constat("points"), TERRITOIRE)
    sheet, (left, right) = subplots(1, 2, figsize=(10, 4))
    assert shown.tracer(right) is right
    assert not left.texts
    alone = shown.tracer()
    assert {text.get_text() for text in alone.texts} == {text.get_text() for text in right.texts} > {"Taux (%)"}
    close(sheet)


def test_a_finding_without_figure_cannot_be_drawn_and_says_so():
    with pytest.raises(UsageError, match="n'a pas de figure"):
        Constat(replace(constat("points"), figure=None), TERRITOIRE).tracer()


def test_a_table_has_scoped_headers_a_caption_and_spelled_statuses():
    table = Table(("Zone", "2018"), ((mot("Ici"), pour_cent(51.8)), (mot("Là"), ABSENT)))
    assert html_table(table, "Taux") == (
        '<div class="defile" tabindex="0" role="region" aria-label="Taux">'
        '<table class="t etroit court"><caption><span>Taux</span></caption>'
        '<thead><tr><th scope="col">Zone</th><th scope="col">2018</th></tr></thead><tbody>'
        '<tr><th scope="row">Ici</th><td>51,8\u00a0%</td></tr>'
        '<tr><th scope="row">Là</th><td class="v">non diffusé</td></tr></tbody></table></div>'
        '<p class="leg">Non diffusé\u00a0: le producteur laisse cette case vide '
        "(sans doute par secret statistique).</p>"
    )


def test_columns_of_words_stand_left_and_long_tables_can_be_sorted():
    table = Table(("Zone", "Note"), tuple((mot(f"Z{i}"), mot("à voir")) for i in range(6)))
    html = html_table(table, "Notes")
    assert '<th scope="col" class="g">Note</th>' in html
    assert 'class="t tri etroit court"' in html


def test_a_table_that_a_page_cannot_hold_is_cut_and_says_where_the_rest_is():
    lines = tuple((mot(f"Action {i}"), mot("d" * 90)) for i in range(1000))
    html = html_table(Table(("Action", "Quoi"), lines), "Les actions")
    assert len(html) < 62_000
    assert re.search(r"Les \d+ premières lignes, sur 1000. Toutes sont dans les données à télécharger", html)
    assert "premières lignes" not in html_table(Table(("Action", "Quoi"), lines[:100]), "Les actions")


def test_small_multiples_of_many_quarters_are_left_to_their_table():
    some, many = (
        replace(constat("facettes"), figure=replace(FIGURES["facettes"], series=FIGURES["facettes"].series * n))
        for n in (1, 2)
    )
    assert "<svg" in Constat(some, TERRITOIRE).html
    html = Constat(many, TERRITOIRE).html
    assert "<svg" not in html
    assert 'class="constat sans-figure"' in html


@pytest.mark.parametrize(("rows", "drawn"), [(40, True), (41, False)])
@pytest.mark.parametrize("genre", ["barres", "matrice"])
def test_a_figure_of_more_rows_than_a_sheet_holds_is_left_to_its_table(genre, rows, drawn):
    points = [Point(f"Q{i}", Valeur(1.0 + i)) for i in range(rows)]
    series = (
        [Serie("a", "sujet", tuple(points))]
        if genre == "barres"
        else [Serie(p.etiquette, "part", (p,)) for p in points]
    )
    one = replace(constat("barres"), figure=Figure(genre, "Axe", tuple(series)))
    assert ("<svg" in Constat(one, TERRITOIRE).html) is drawn
    assert Constat(one, TERRITOIRE).svg()  # an analyst may draw it


def test_a_bloc_shows_html_and_declares_the_findings_inside():
    records = ({"id": "a"}, {"id": "b"})
    data, metadata = Bloc("<p>x</p>", "x", records)._repr_mimebundle_()
    assert {key: data[key] for key in data if key != RECORDS} == {"text/html": "<p>x</p>", "text/plain": "x"}
    assert tuple(map(json.loads, lines_in(data))) == records
    assert metadata == {"cvanalysis": {"constats": ["a", "b"]}}


def test_a_list_or_a_table_of_invented_rows_bears_the_mark_and_an_empty_one_says_so():
    table = Table(("Action", "Année"), ((mot("Une fête"), mot("2018")),))
    for show in (show_list, show_table):
        assert 'class="ex"' in show(table, "Les actions", exemple=True).html
        assert 'class="ex"' not in show(table, "Les actions").html
        empty = show(replace(table, lignes=()), "Les actions").html
        assert "<table" not in empty
        assert "pour l’instant" in empty
    marked = Constat(constat("points", exemple=True), TERRITOIRE).html
    assert marked.count('class="ex"') == 2  # beside the number, and in the table's caption


def test_what_is_not_known_leads_to_its_finding():
    shown = show_unknown([("QP1-revenus-01", "Rien n'est publié.")])
    assert '<li><a href="#QP1-revenus-01">Rien n’est publié.</a></li>' in shown.html


def test_what_is_not_known_of_several_figures_for_one_reason_is_said_once_and_leads_to_each():
    of = ["« a » : rien en 2021.", "« b » : rien en 2021.", "« a » n'est pas publié."]
    html = show_unknown([(f"X-{n}", quoi) for n, quoi in enumerate(of)]).html
    assert html.count("<li>") == 2
    assert '<a href="#X-0">«\u00a0a\u00a0»</a>, <a href="#X-1">«\u00a0b\u00a0»</a>\u00a0: rien en 2021.' in html


RIEN = pour_cent(None, "non_disponible")

GAPS = Table(
    ("Territoire et année", "Le quartier", "Territoire", "Retenue"),
    tuple(
        (mot(f"{zone}, {year}"), pour_cent(here), beside, mot("oui"))
        for zone, year, here, beside in (
            ("Commune", 2014, 10, RIEN),
            ("Commune", 2015, 11, pour_cent(20)),
            ("Commune", 2016, 12, RIEN),
            ("EPCI", 2014, 10, pour_cent(30)),
            ("EPCI", 2015, 11, pour_cent(31)),
            ("EPCI", 2016, 13, RIEN),
            ("France", 2014, 10, pour_cent(32)),
            ("France", 2015, 11, pour_cent(33)),
        )
    ),
)


def test_a_line_that_compares_with_nothing_is_left_out_where_its_figure_stands_elsewhere():
    html = html_table(GAPS, "a", compact=True)
    assert left_out(GAPS) == "Lignes sans comparaison : Commune, 2014."
    assert html.count('<tr><th scope="row">2014') == 2
    assert html.count("2016") == 2  # whose figures stand nowhere else
    assert left_out(Table(("Zone", "n"), ((mot("Ici"), RIEN),))) == ""


def test_what_lines_say_again_is_said_once_above_them():
    html = html_table(GAPS, "a", compact=True)
    assert [html.count(f'scope="rowgroup" colspan="4">{zone}<') for zone in ("Commune", "EPCI", "France")] == [1, 1, 1]
    states = Table(("Code", "État"), tuple((mot(f"E{n}"), mot("fait" if n < 4 else "prévu")) for n in range(8)))
    html = html_table(states, "a", compact=True)
    assert html.count("État\u00a0: fait") == html.count("État") == html.count("Prévu") == 1
    assert "État\u00a0: fait" not in html_table(states, "a")
    assert list(to_frame(states)["État"]) == ["fait"] * 4 + ["prévu"] * 4


def test_a_frame_has_zone_and_year_in_columns_of_their_own():
    frame = to_frame(GAPS)
    assert list(frame.columns[:2]) == ["Zone", "Année"]
    assert set(frame["Zone"]) == {"Commune", "EPCI", "France"}
    assert frame["Année"].dtype == "Int64"
    days = to_frame(Table(("Zone", "n"), ((mot("Saint-Éloi, Bourg, 31/12/2021"), pour_cent(1)),)))
    assert days.iloc[0, :3].to_list() == ["Saint-Éloi, Bourg", "31/12/2021", 1]
    assert list(to_frame(Table(("Zone", "n"), ((mot("Ici, 2014"), RIEN), (mot("Là"), RIEN))))["Zone"]) == [
        "Ici, 2014",
        "Là",
    ]


def test_lines_that_the_page_shows_elsewhere_are_not_in_a_compact_table_but_in_its_frame():
    table = Table(("Zone", "n"), ((mot("Ici"), pour_cent(1)), (mot("Là"), pour_cent(2))))
    shown = Constat(replace(constat("points"), table=table), TERRITOIRE, notes={}, ailleurs=("Là",))
    assert "Là" not in shown.html
    assert list(shown.df["Zone"]) == ["Ici", "Là"]


def test_a_table_is_printed_beside_its_figure_only_where_its_cells_are_short():
    short = Table(("Zone", "Valeur"), ((mot("Ici"), pour_cent(1)),))
    long = Table(("Zone", "Lesquels"), ((mot("Ici"), mot("E01 " * 40)),))
    assert "etroit" in html_table(short, "a")
    assert "etroit" not in html_table(long, "a")


def test_a_figure_is_restyled_and_saved_for_a_slide(tmp_path):
    shown = Constat(constat("barres"), TERRITOIRE)
    sheet = shown.figure()
    sheet.axes[0].set_title("Un autre titre")
    assert sheet.get_size_inches()[0] * 72 == 640
    png = shown.png(tmp_path / "diapo.png", largeur=1600).read_bytes()
    assert (png[:4], int.from_bytes(png[16:20], "big")) == (b"\x89PNG", 1600)
    assert shown.svg().startswith('<svg class="fig" role="img" aria-label="')
    bare = Constat(replace(constat("barres"), figure=None), TERRITOIRE)
    for ask in (bare.figure, bare.svg, lambda: bare.png(tmp_path / "rien.png")):
        with pytest.raises(UsageError, match="n'a pas de figure"):
            ask()


def test_an_analyst_finds_a_curve_by_its_name_to_restyle_it():
    drawn = constat("lignes")
    lines = Constat(drawn, TERRITOIRE).figure().axes[0].lines
    assert {one.nom for one in drawn.figure.series} <= {line.get_label() for line in lines}


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda shown, _: shown.png("x.png", largeur=-1), "largeur=-1 : attendu, un nombre de 100 à 10000"),
        (lambda shown, _: shown.png("x.png", largeur="1600"), "largeur='1600' : attendu"),
        (lambda shown, _: shown.png("x.png", largeur=float("nan")), "largeur=nan : attendu"),
        (lambda shown, _: shown.png("x.png", largeur=10**9), "largeur=1000000000 : attendu"),
        (lambda shown, _: shown.svg(largeur=0), "largeur=0 : attendu"),
        (lambda shown, _: shown.figure(largeur=20), "largeur=20 : attendu"),
        (lambda shown, _: shown.tracer(ax=3), "ax=3 n'est pas un Axes"),
        (lambda shown, there: shown.png(there / "absent" / "x.png"), "un nom de fichier, dans un dossier qui existe"),
        (lambda shown, there: shown.svg(there), "n'est pas un fichier que l'on puisse écrire"),
        (lambda shown, _: shown.png(None), "'None' n'est pas un fichier"),
    ],
)
def test_a_width_or_a_place_that_no_figure_can_have_is_refused_in_french(tmp_path, monkeypatch, ask, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        ask(Constat(constat("barres"), TERRITOIRE), tmp_path)
    assert told in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_one_s_own_charts_take_our_font_and_the_colour_of_each_role():
    import matplotlib as mpl

    import cvanalysis as cv

    with mpl.rc_context():
        colours = cv.style()
        assert mpl.rcParams["font.family"][0] == "Contrat Sans"
    assert colours["sujet"] == "#0b5394"


def test_where_a_page_says_the_rest_once_nothing_known_is_one_line():
    bare = replace(constat("points"), figure=None, table=None)
    page = Constat(replace(bare, manques=("« a » : rien d'autre.",)), TERRITOIRE, notes={})
    assert (
        "<li>« a » : rien d’autre.</li>".replace("« ", "«\xa0").replace(" »", "\xa0»").replace(" :", "\xa0:")
        in page.html
    )
    assert "<h3" in page.html
    assert 'class="notes"' not in page.html
    said = replace(bare, manques=("« a » : ce que montre la figure.",))
    assert "<li>" not in Constat(said, TERRITOIRE, notes={}).html


def test_lines_are_grouped_by_words_that_come_in_runs_and_never_by_a_single_one_or_a_number():
    def heads(*column):
        lines = tuple((mot(f"Ligne {i}"), mot(said), pour_cent(i)) for i, said in enumerate(column))
        html = html_table(Table(("Nom", "État", "Part"), lines), "Titre", compact=True)
        return re.findall(r'<th scope="rowgroup"[^>]*>([^<]*)', html)

    assert heads(*["réalisé"] * 4, *["en cours"] * 4) == ["État\u00a0: réalisé", "En cours"]
    assert heads(*["personne"] * 8) == []
    assert heads(*["11 à 14"] * 4, *["15 à 19"] * 4) == []


def test_a_table_whose_lines_its_page_shows_elsewhere_is_not_shown_again():
    table = Table(("Zone", "2018"), ((mot("Ici"), pour_cent(51.8)), (mot("Là"), pour_cent(40))))
    finding = replace(constat("points"), table=table)
    shown = Constat(finding, TERRITOIRE, notes={}, dessin=False, ailleurs=("Là",)).html
    assert "<table" not in shown
    assert 'class="constat vide"' in shown
    assert "<table" in Constat(finding, TERRITOIRE, notes={}, dessin=False).html
    assert "<table" in Constat(finding, TERRITOIRE, dessin=False, ailleurs=("Là",)).html
