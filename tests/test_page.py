"""A notebook as a page, and the contract that a page must keep before it replaces another."""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape

import nbformat.v4 as nbf
import pandas as pd
import pytest

from browser.exemples import FIGURES, PAGE, TERRITOIRE, carnet, constat, ecrire
from cvanalysis.display.constat import Bloc, Constat
from cvanalysis.errors import ReportFailed
from cvanalysis.publish.page.contract import advised, check_live, check_page, read_page
from cvanalysis.publish.page.page import render_page, wrap_page
from cvanalysis.publish.run import produce
from cvanalysis.publish.run.produce import clean_notebook, words_of_data

WEIGHT = 300_000


@pytest.fixture(scope="module")
def ids() -> list[str]:
    return [constat(genre).id for genre in FIGURES]


@pytest.fixture(scope="module")
def page() -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cvanalysis.display.constat.write", ecrire)
        return render_page(carnet(*(Constat(constat(genre), TERRITOIRE) for genre in FIGURES)), PAGE)


def test_the_page_keeps_its_contract(page, ids):
    assert check_page(page, ids, WEIGHT) == []


def test_it_has_one_title_a_language_a_skip_link_and_a_table_of_contents(page):
    assert page.startswith('<!doctype html>\n<html lang="fr">')
    assert re.findall(r"<h1>(.*?)</h1>", page) == [PAGE["titre"].replace(" - ", " – ")]
    assert 'href="#contenu"' in page
    assert '<a href="#ce-que-disent-les-chiffres">Ce que disent les chiffres</a>' in page
    assert 'rel="prev" href="QP999000.html"' in page
    assert "1 mars 2022" in page


def test_code_warnings_and_empty_outputs_are_not_shown(page):
    assert "fiche.constat" not in page
    assert "FutureWarning" not in page
    assert "<pre>" not in page
    assert "Titre du carnet" not in page


def test_the_same_notebook_gives_the_same_bytes(page):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cvanalysis.display.constat.write", ecrire)
        again = render_page(carnet(*(Constat(constat(genre), TERRITOIRE) for genre in FIGURES)), PAGE)
    assert again == page


def test_a_notebook_with_an_error_gives_no_page():
    cell = nbf.new_code_cell(
        "1/0", outputs=[nbf.new_output("error", ename="ZeroDivisionError", evalue="x", traceback=["a", "b"])]
    )
    with pytest.raises(ReportFailed, match="ZeroDivisionError"):
        render_page(nbf.new_notebook(cells=[cell]), PAGE)


def test_a_folded_part_under_which_nothing_is_shown_is_left_out_with_its_heading():
    shown, nothing, folded = (
        nbf.new_output("display_data", {"text/html": "<p>Un.</p>"}),
        nbf.new_output("display_data", {"text/html": "", "text/plain": ""}),
        {"metadata": {"tags": ["annexe"]}},
    )
    cells = [
        nbf.new_markdown_cell("## Vide", **folded),
        nbf.new_code_cell("fiche.section()", outputs=[nothing]),
        nbf.new_markdown_cell("## Plein", **folded),
        nbf.new_code_cell("fiche.constat()", outputs=[shown]),
        nbf.new_code_cell("print()", outputs=[nbf.new_output("stream", name="stdout", text="Deux.")]),
    ]
    html = render_page(nbf.new_notebook(cells=cells), PAGE)
    assert "Vide" not in html
    assert html.count('<details class="volet">') == html.count("</details>") == 1
    assert "Plein" in html


def test_where_no_margin_is_printed_the_second_sheet_says_its_page_and_its_edition():
    html = wrap_page("<h2>a</h2>", PAGE | {"entete": "Bellevue, Nantes", "edition": "Juin 2022"})
    firefox = html.partition("@supports (-moz-appearance: none)")[2].partition("</style>")[0]
    assert '@media print { .verso::before { content: "Bellevue, Nantes, Juin 2022" } }' in firefox
    assert check_page(html, [], 300_000) == []


def test_what_stands_on_every_printed_sheet_cannot_leave_its_string():
    html = wrap_page("<h2>a</h2>", PAGE | {"entete": '"} body { display:none } </style><b>', "edition": "L’« été »"})
    style = html.split("<style>")[2].split("</style>")[0]
    assert style.count("@top-left") == 2
    assert "display:none }" not in style
    assert "<b>" not in html


def of_texts(*cells: str) -> str:
    return render_page(nbf.new_notebook(cells=[nbf.new_markdown_cell(text) for text in cells]), PAGE)


def test_two_sections_of_the_same_name_have_two_addresses():
    html = of_texts("## Été\n\na", "## Été\n\nb")
    assert 'href="#ete"' in html
    assert 'href="#ete-2"' in html


def test_a_restricted_or_invented_page_says_so_on_top():
    assert "Ne pas diffuser" in wrap_page("", PAGE | {"audience": "equipe"})
    assert "données d’exemple" in wrap_page("", PAGE | {"exemple": True})
    assert "données d’exemple" not in wrap_page("", PAGE)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("51,8\u00a0%</td>", "nan\u00a0%</td>", "valeur manquante"),
        ("Beaucoup.", "Taux de None personnes.", "valeur manquante"),
        ("Beaucoup.", "Bonjour {{ nom }}", "modèle"),
        ("Beaucoup.", "Bonjour {nom}", "modèle"),
        ("Beaucoup.", "ValueError: bad", "en anglais"),
        ("Beaucoup.", "voir /" + "home/untel/data.csv", "Chemin"),
        ("Beaucoup.", "voir https://exemple.org/a", "hors d’un lien"),
        ("Beaucoup.", '<a href="https://exemple.org/a">ici</a>', "non déclarée"),
        ("Beaucoup.", '<a href="/absolu">ici</a>', "Lien absolu"),
        ("Beaucoup.", '<script src="x.js"></script>', "script qui n’est pas des nôtres"),
        ("Beaucoup.", '<img src="x.png" alt="Une image à part">', "ressource extérieure"),
        ("Beaucoup.", "<style>a{background:url(x.png)}</style>", "style qui n’est pas des nôtres"),
        ("Beaucoup.", '<img src="data:image/png;base64,AA" alt="">', "texte de remplacement"),
        ("Beaucoup.", "<h4>x</h4>", "niveau est sauté. Écrivez un titre « ##"),
        ("Beaucoup.", '<p id="contenu">x</p>', "en double"),
        ("Beaucoup.", '<p><a href="#note_1">1</a></p>', "fiche.notes()"),
        ("Beaucoup.", '<p><a href="#ailleurs">1</a></p>', "Le lien #ailleurs ne mène nulle part"),
        ("</html>", "", "entière"),
        ('lang="fr"', 'lang="en"', "en français"),
        ('id="QP999001-points-01" ', 'id="QP999001-autre-01" ', "QP999001-points-01 manque"),
        ("<h1>", "<h1>a</h1><h1>", "h1"),
        ("M", "M", ""),
    ],
)
def test_a_page_that_breaks_its_contract_is_told_in_french(page, ids, before, after, said):
    assert before in page
    problems = check_page(page.replace(before, after, 1), ids, WEIGHT)
    if said:
        assert any(said in problem for problem in problems), problems
    else:
        assert problems == []


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        '<p onclick="alert(1)">x</p>',
        "<p onclick=alert(1)>x</p>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="java\tscript:alert(1)">x</a>',
        '<a href=" &#1;javascript&colon;alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
        '<a href="vbscript:x">x</a>',
        '<a href="x" ping="https://mal.example">x</a>',
        "<iframe srcdoc=x></iframe>",
        "<object data=x></object>",
        "<embed src=x>",
        "<base href=//mal.example>",
        '<meta http-equiv="refresh" content="0;url=x">',
        '<meta name="a" http-equiv="refresh" content="0;url=x">',
        "<form action=x></form>",
        "<button formaction=x>x</button>",
        "<svg onload=alert(1)></svg>",
        "<math></math>",
        "<p style='background:url(//mal.example)'>x</p>",
        "<p style='position:fixed;top:0'>x</p>",
        "<style>@import url(//mal.example);</style>",
        "<style>body{display:none}</style>",
        "<link rel=stylesheet href=x>",
        "<link rel=prefetch href=//mal.example>",
        '<img src="//mal.example/x.png" alt="une autre">',
        '<img srcset="x 2x" src="data:image/png;base64,AA" alt="une autre">',
        '<img src="data:image/svg+xml;base64,AA" alt="une autre">',
        "<video poster=x></video>",
        "<!-- --!><script>alert(1)</script> -->",
        "<!--><script>alert(1)</script>-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<?php x ?>",
        "<noscript><p>x</p></noscript>",
        "<template><p>x</p></template>",
        "<textarea>x</textarea>",
        "<x-mien>x</x-mien>",
        "</main><script>alert(1)</script>",
    ],
)
def test_nothing_that_runs_loads_or_restyles_and_is_not_ours_may_stand_in_a_page(page, written):
    assert check_live(read_page(page)) == []
    assert check_live(read_page(page.replace("Beaucoup.", written, 1))) != []


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<rect onload='alert(1)'/>",
        "<a href='javascript:alert(1)'><text>x</text></a>",
        "<image href='http://mal.example/x.png'/>",
        "<use href='http://mal.example/x.svg#a'/>",
        "<style>@import 'http://mal.example'</style>",
        "<style>a{fill:url(http://mal.example)}</style>",
        "<rect style='fill:\\75rl(http://mal.example)'/>",
        "<foreignObject/>",
        "<animate attributeName='href' to='x'/>",
        "<path fill='url(http://mal.example)'/>",
        "<path d='M0 0' transform='matrix(1)'/>",
    ],
)
def test_a_drawing_holds_nothing_that_runs_or_loads(page, ids, inside):
    start, figure = page.split('<svg class="fig"', 1)
    drawn = start + '<svg class="fig"' + figure.replace("</svg>", inside + "</svg>", 1)
    assert any("ce qu’aucune page ne doit tenir" in problem for problem in check_page(drawn, ids, WEIGHT))


def test_a_browser_is_told_to_run_our_script_alone_and_to_load_nothing(page):
    policy = read_page(page).find("meta")[1].attrs["content"]
    digest = b64encode(sha256(page.split("<script>")[1].split("</script>")[0].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; img-src data:; font-src data:;")
    assert f"script-src 'sha256-{digest}'" in policy


def rendered(output) -> str:
    """The page of a notebook of one output."""
    return render_page(nbf.new_notebook(cells=[nbf.new_code_cell("x", outputs=[output])]), PAGE)


TABLE = pd.DataFrame({"a": [1.25, 3], "b": ["x", "y"]})


@pytest.mark.parametrize(
    ("table", "cell"),
    [
        (pd.DataFrame({"a": [1]}), "<td>1</td>"),
        (TABLE.style.format(precision=1, decimal=","), ">1,2</td>"),
        (TABLE.style.background_gradient(subset=["a"]).hide(axis="index"), "background-color"),
        (TABLE.style.bar(subset=["a"]).set_caption("Le taux"), "linear-gradient"),
    ],
)
def test_a_table_of_pandas_is_shown_formatted_or_not(table, cell):
    html = rendered(nbf.new_output("execute_result", {"text/html": table._repr_html_()}))
    assert cell in html
    assert check_live(read_page(html)) == []


def test_the_style_of_a_formatted_table_loads_and_hides_nothing():
    for rule in ("background: url(x.png)", "display: none", "background: URL(x)", "color: red} body{color: red"):
        html = f'<style type="text/css">\n#T_a_row0 {{\n  {rule};\n}}\n</style>'
        assert check_live(read_page(html)) != [], rule


def test_a_formatted_table_and_an_address_are_the_same_at_each_run():
    def cleaned():
        one = TABLE.style.highlight_max(subset=["a"])
        data = {"text/html": one._repr_html_(), "text/plain": repr(one)}
        notebook = nbf.new_notebook(cells=[nbf.new_code_cell("x", outputs=[nbf.new_output("execute_result", data)])])
        clean_notebook(notebook, {"cells": []})
        return notebook.cells[0].outputs[0]["data"]

    assert cleaned() == cleaned()


def test_what_is_refused_is_told_with_what_to_write_instead():
    refused = check_page(rendered(nbf.new_output("display_data", {"text/plain": "0    1\ndtype: int64"})), [], 10**6)
    assert advised("Refusée", *refused) == "Refusée. Une série se montre en tableau : `serie.to_frame()`."
    assert advised("autre chose.") == "autre chose."


@pytest.mark.parametrize(
    ("kind", "shown", "advice"),
    [
        ("text/html", "<table><tr><td>&lt;NA&gt;</td></tr></table>", "na_rep"),
        ("text/html", '<p><img src="photo.png" alt="Une photo"></p>', 'Image(filename=dossier.territory.dossier / "…"'),
        ("text/html", '<audio src="data:audio/wav;base64,UklG"></audio>', "ni son ni vidéo"),
        ("text/html", '<style type="text/css">#T_1 th { border: 1px solid red; }</style>', "couleurs, graisse"),
        ("text/html", "<p>Le taux $x^2$ et $\\frac{a}{b}$</p>", "Une formule"),
        ("text/plain", "CPU times: user 3 μs\nWall time: 5.72 μs", "`%time`"),
        ("text/plain", "801 ns ± 0 ns per loop (mean ± std. dev.)", "`%time`"),
        ("text/plain", " 0   zone  130 non-null  str", "`table.dtypes.to_frame()`"),
    ],
)
def test_what_jupyterlab_shows_and_a_page_cannot_is_refused_with_what_to_write_instead(kind, shown, advice):
    refused = check_page(rendered(nbf.new_output("display_data", {kind: shown})), [], 10**6)
    assert refused, shown
    assert advice in advised("Refusée", *refused)


def test_two_amounts_of_dollars_in_a_sentence_are_no_formula():
    said = rendered(nbf.new_output("display_data", {"text/plain": "5 $ puis 6 $ de plus, ou 7$ et 8$"}))
    assert check_page(said, [], 10**6) == []


@pytest.mark.parametrize(
    ("told", "advice"),
    [
        ("ModuleNotFoundError : No module named 'statsmodels'", ".venv/bin/python -m pip install"),
        ("CellExecutionError", "`%…`"),
        ("KeyError : 'annees'", "`table.columns`"),
        ("RuntimeError : 'widget' is not a recognised GUI loop or backend name", "%matplotlib inline"),
        ("la mémoire permise au rapport est dépassée (cellule 5)", "`--memory`"),
    ],
)
def test_a_cell_that_fails_in_english_is_told_with_what_to_do(told, advice):
    assert advice in advised(told)


def test_the_colours_of_a_terminal_leave_only_their_words():
    said = [
        nbf.new_output("stream", name="stdout", text="\x1b[31mrouge\x1b[0m"),
        nbf.new_output("display_data", {"text/plain": "\x1b[1mgras"}),
    ]
    html = "".join(map(rendered, said))
    assert "<pre>rouge</pre>" in html
    assert "<pre>gras</pre>" in html


def test_what_is_refused_for_two_reasons_that_ask_for_the_same_is_advised_once():
    html = '<p style="color: red">a</p><style>p {}</style><script>a</script><iframe></iframe><a href="https://exemple.org">b</a>'
    told = advised("Refusée", *check_page(rendered(nbf.new_output("display_data", {"text/html": html})), [], 1000))
    for advice in (
        "Mettez en forme par du Markdown",
        "Un graphique interactif",
        "Une page ne mène",
    ):
        assert told.count(advice) == 1, advice


def test_a_page_that_is_too_heavy_is_told_what_to_show_less_of():
    told = advised("Refusée", *check_page(rendered(nbf.new_output("stream", name="stdout", text="x" * 2000)), [], 1000))
    assert "table.head(30)" in told


@pytest.mark.parametrize(("most", "told"), [(7, "et 2 autres."), (6, "et 1 autre."), (5, "« 5 ».")])
def test_a_page_that_is_refused_for_many_reasons_says_five_of_them(monkeypatch, tmp_path, most, told):
    problems = [f"« {n} »." for n in range(1, most + 1)]
    monkeypatch.setattr(produce, "check_page", lambda *_args, **_kw: problems)
    with pytest.raises(ReportFailed) as refused:
        produce.hold_to_contract("", [], tmp_path, tmp_path)
    assert str(refused.value).startswith("la page ne tient pas son contrat : « 1 » ; « 2 » ;")
    assert str(refused.value).endswith(told)


@pytest.mark.parametrize(
    "kind",
    ["application/vnd.jupyter.widget-view+json", "image/svg+xml", "text/latex", "application/vnd.plotly.v1+json"],
)
def test_what_only_jupyterlab_shows_leaves_a_sentence_in_its_place(kind):
    data = {kind: {"model_id": "d57d"} if kind.endswith("json") else "x", "text/plain": "IntSlider(value=3)"}
    html = rendered(nbf.new_output("display_data", data))
    assert "ce qui ne se montre que dans JupyterLab" in html
    assert 'Dessinez-le avec matplotlib ou seaborn, et montrez-le par <code>cv.montrer(figure, alt="…")</code>' in html
    assert "IntSlider" not in html
    assert check_page(html, [], 10**6) == []


def test_html_in_a_cell_of_text_of_a_notebook_is_seen_too():
    html = render_page(nbf.new_notebook(cells=[nbf.new_markdown_cell("Bonjour <img src=x onerror=alert(1)>")]), PAGE)
    assert check_live(read_page(html)) != []


@pytest.mark.parametrize(
    "said",
    ['=HYPERLINK("http://mal.example/x?a=<b>";"y")', "{{ 7*7 }} {% raw %}", "NaN", "background:url(//x.example)", "Please wait", "a\0b"],
)  # fmt: skip
def test_what_someone_wrote_is_text_and_never_keeps_a_page_from_being_published(page, ids, said):
    shown = page.replace("Beaucoup.", escape(said).replace("\0", "\ufffd"), 1)
    assert check_page(shown, ids, WEIGHT, dit=lambda fragment: fragment in said) == []
    assert "\0" not in wrap_page(f"<p>{escape(said)}</p>", PAGE)


def test_what_nobody_wrote_is_a_fault_beside_what_someone_did(page, ids):
    shown = page.replace("Beaucoup.", "http://ecrit.example et http://fuite.example", 1)
    problems = check_page(shown, ids, WEIGHT, dit=lambda fragment: fragment == "http://ecrit.example")
    assert [problem for problem in problems if "ecrit" in problem] == []
    assert any("fuite" in problem for problem in problems)


def test_a_word_of_the_data_is_found_whole_or_not_at_all(tmp_path):
    pd.DataFrame({"titre": ["Financement", "voir {{ x }}"]}).to_parquet(tmp_path / "actions.parquet")
    said = words_of_data(tmp_path, tmp_path / "raw")
    assert [said(word) for word in ("nan", "{{", "Financement", "http://x")] == [False, True, True, False]


def test_a_finding_must_have_its_picture_its_table_and_be_declared(page, ids):
    bare = re.sub(r"<svg.*?</svg>", "", page, count=1, flags=re.DOTALL)
    assert any("pas de figure" in p for p in check_page(bare, ids, WEIGHT))
    said = bare.replace('<figure class="constat"', '<figure class="constat sans-figure"')
    assert check_page(said, ids, WEIGHT) == []  # its notebook asked for its table alone
    bare = re.sub(r"<table.*?</table>", "", page, count=1, flags=re.DOTALL)
    assert any("pas de tableau" in p for p in check_page(bare, ids, WEIGHT))
    assert any("sans avoir été déclaré" in p for p in check_page(page, ids[1:], WEIGHT))


def test_two_pictures_may_not_share_an_alternative(page, ids):
    twice = re.sub(r'role="img" aria-label="[^"]*"', 'role="img" aria-label="La même"', page)
    assert any("Le même texte de remplacement" in p for p in check_page(twice, ids, WEIGHT))


def test_a_number_that_is_none_is_seen_inside_a_picture(page, ids):
    assert any("attribut d" in p for p in check_page(re.sub(r' d="M[\d.]+ ', ' d="M nan ', page, count=1), ids, WEIGHT))


def test_a_heavy_page_is_refused(page, ids):
    assert any("octets" in p for p in check_page(page, ids, 1000))


def test_a_part_with_nothing_under_its_title_is_neither_shown_nor_announced():
    html = of_texts("a", "## Vide", "## Plein", "b", "## Vide aussi", " ")
    assert "Vide" not in html
    assert "Plein" in html


def test_the_parts_inside_a_display_are_in_the_table_of_contents_and_keep_their_address():
    known = ("ce-qui-ressort", "Ce qui ressort")
    data, metadata = Bloc('<h2 id="ce-qui-ressort">Ce qui ressort</h2>', "", titres=(known,))._repr_mimebundle_()
    cells = [
        nbf.new_markdown_cell("## Ce qui ressort\n\na"),
        nbf.new_code_cell("x", outputs=[nbf.new_output("display_data", data, metadata=metadata)]),
    ]
    html = render_page(nbf.new_notebook(cells=cells), PAGE)
    assert re.findall(r'<li><a href="#([^"]*)">Ce qui ressort</a>', html) == ["ce-qui-ressort-2", "ce-qui-ressort"]
    assert check_page(html, [], WEIGHT) == []
