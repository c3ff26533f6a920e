"""The story, the hand-over file and the printed supports say what the findings say, and are the same twice."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import date

import docx
import pandas as pd
import pytest
from docx.shared import Cm

from carnets import shown
from cvanalysis.display.alternatives import describe
from cvanalysis.display.constat import Constat
from cvanalysis.display.phrases import write
from cvanalysis.french import french_date
from cvanalysis.pages.preconisations import read_recommendations
from cvanalysis.pages.recit import Story
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.paroles.said import find_theme_voices
from cvanalysis.publish.papers.supports import BAS, choose, render_poster, write_handover
from cvanalysis.territory.contract import read_territory


@pytest.fixture(scope="module")
def territory(brut):
    return read_territory(brut)


@pytest.fixture(scope="module")
def cleaned(territory):
    return clean_voices(territory)


@pytest.fixture(scope="module")
def findings(territory, cleaned):
    theme = territory.themes[0]
    return find_theme_voices(
        theme, cleaned.paroles, cleaned.contributions, cleaned.immersions, cleaned.codes, territory
    )


# ----------------------------------------------------------------------------------------------------------------- story


def test_dates_are_said_as_precisely_as_they_are_known():
    assert [french_date(d) for d in ("2014-02-21", "2019-12", "2015", "vers 2016")] == [
        "21/02/2014",
        "décembre 2019",
        "2015",
        "vers 2016",
    ]


def test_the_story_puts_everything_on_the_years_of_the_contract(territory, cleaned):
    partners = pd.DataFrame({"nom": ["A", "B", "C"], "debut": ["2014", "2017", ""], "fin": ["", "2019", ""]})
    actions = pd.DataFrame({"annee": [2018, 2018, 2019], "action": ["x", "y", "x"], "paye": [100.0, None, 50.0]})
    found = {f.id: f for f in Story(territory, cleaned.chronologie, cleaned.instances, partners, actions).constats}
    years = {line[0].texte: line for line in found["recit-annees-01"].table.lignes}
    assert list(years) == [str(y) for y in range(territory.debut, territory.fin + 1)]
    assert [v.valeur for v in years["2018"][3:5]] == [2.0, 2.0]
    assert years["2018"][-1].valeur == 100.0
    assert years["2016"][5].statut == "non_disponible"  # nothing known is not nothing paid
    before = [[years[y][i].statut for y in ("2014", "2015")] for i in (2, 4)]  # meetings, then actions
    assert before == [["non_disponible", "publié"], ["non_disponible", "non_disponible"]]  # not 0 before the first one
    moves = found["recit-partenaires-01"].table.lignes
    assert [cell.texte for cell in moves[0][2:]] == ["aucun", "aucun"]
    assert "1 partenaire a rejoint" in write(found["recit-partenaires-01"].message)


def test_a_story_where_no_payment_is_known_has_one_column_of_them(territory, cleaned):
    partners = pd.DataFrame({"nom": ["A"], "debut": ["2014"], "fin": [""]})
    actions = pd.DataFrame({"annee": [2018], "action": ["x"], "paye": [None]})
    told = Story(territory, cleaned.chronologie, cleaned.instances, partners, actions).constat("annees-01").table
    assert [name for name in told.colonnes if "payés" in name] == ["Montants payés connus"]


def test_a_story_without_anything_says_so(territory):
    nothing = pd.DataFrame({"date": pd.Series(dtype="str")})
    found = Story(territory, nothing, nothing, nothing, nothing).constats
    assert [f.figure is None for f in found] == [True, True, True]
    assert all(f.manques for f in found)
    assert not any(char.isdigit() for f in found[:2] for char in write(f.message))


def test_the_story_ends_with_the_edition(territory, cleaned):
    early = replace(territory, edition=replace(territory.edition, jusqu_au=date(2018, 6, 30)))
    nothing = pd.DataFrame()
    years = Story(early, cleaned.chronologie, cleaned.instances, nothing, nothing).constat("annees-01")
    assert [line[0].texte for line in years.table.lignes][-1] == "2018"


# -------------------------------------------------------------------------------------------------------------- handover


def handover(territory, cleaned, findings):
    chains = read_recommendations(cleaned.preconisations, cleaned.paroles, cleaned.codes, cleaned.immersions)
    return write_handover(territory, [(territory.themes[0].nom, shown(findings, territory))], chains)


def test_the_handover_file_holds_each_chain_and_each_finding_and_is_the_same_twice(territory, cleaned, findings):
    first = handover(territory, cleaned, findings)
    assert first == handover(territory, cleaned, findings)
    document = docx.Document(io.BytesIO(first))
    text = "\n".join(p.text for p in document.paragraphs)
    assert all(write(f.message) in text for f in findings)
    assert all(
        label in text
        for label in ("Question", "Preuves", "Qui", "Pour quand", "À quoi on le verra", "données d’exemple")
    )
    assert len(document.tables) == sum(f.table is not None for f in findings)
    cautions = [p.text for p in document.paragraphs if p.text.startswith("À savoir")]
    assert len(cautions) == len(set(cautions)) > 0  # each once, not under every finding
    assert document.core_properties.language == "fr-FR"


def test_the_handover_file_has_contents_page_numbers_and_its_tables_in_an_annex(territory, cleaned, findings):
    document = docx.Document(io.BytesIO(handover(territory, cleaned, findings)))
    body, foot = document.element.xml, document.sections[0].footer._element.xml
    assert "TOC" in body.partition("w:instrText")[2][:60]
    assert "PAGE" in foot.partition("w:instrText")[2][:60]
    assert body.index("les tableaux</w:t>") < body.index("<w:tbl>")
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert headings[-1].startswith("Annexe")


def test_each_figure_is_in_the_handover_file_with_the_alternative_that_it_has_on_its_page(territory, cleaned, findings):
    document = docx.Document(io.BytesIO(handover(territory, cleaned, findings)))
    drawn = [f for f in findings if f.figure is not None]
    said = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert said == [describe(f.figure, write(f.message), f.id) for f in drawn]
    assert len(said) > 3
    assert all(shape.width <= Cm(17) and shape.height <= Cm(21) for shape in document.inline_shapes)
    pictures = [part.blob for part in document.part.package.image_parts]
    assert all(picture.startswith(b"\x89PNG") and len(picture) < 40_000 for picture in pictures)


def test_the_drawing_that_goes_to_paper_is_the_one_of_the_page(territory, findings):
    drawn = 0
    for one, finding in zip(shown(findings, territory), findings, strict=True):
        page = Constat(finding, territory)
        assert (one["figure"] is None) == (page.dessinee is None)
        if one["figure"]:
            drawn += 1
            assert one["figure"]["svg"] in page.html
            assert one["figure"]["svg"] in render_poster(territory, [one])
            assert f'height="{one["figure"]["hauteur"]}"' in one["figure"]["svg"]
    assert drawn > 3


def test_hostile_text_does_not_break_the_handover_file(territory, cleaned, findings):
    nasty = "=1+1 <script> </w:t> \x00\x0b\ud800 {{ 7*7 }} " + "x" * 50_000
    broken = replace(findings[0], champ=nasty)
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(handover(territory, cleaned, [broken]))).paragraphs)
    assert "<script> </w:t>" in text
    assert "\x00" not in text


def test_no_time_nor_name_is_packed_in_the_file(territory, cleaned, findings):
    with zipfile.ZipFile(io.BytesIO(handover(territory, cleaned, findings))) as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"python-docx" not in archive.read("docProps/core.xml")


# -------------------------------------------------------------------------------------------------------------- supports


def test_a_poster_is_one_french_file_without_request_the_same_twice(territory, findings):
    html = render_poster(territory, shown(findings, territory))
    assert html == render_poster(territory, shown(findings, territory))
    assert '<html lang="fr">' in html
    assert not any(ask in html for ask in ('src="', 'href="', "@import", "<script"))
    assert not re.search(r"url\((?!data:font/woff2)", html)
    assert html.count("<svg ") == html.count(' role="img" aria-label="') > 0
    assert 'aria-label=""' not in html


def test_a_poster_without_a_finding_says_so(territory):
    assert "Aucun constat ne peut être montré" in render_poster(territory, ())


def test_the_choice_goes_over_several_sections_before_it_comes_back(territory, findings):
    other = replace(findings[1], id="autre-x-01", section="autre", poids=0.1)
    some = shown([*findings, other], territory)
    assert other.id in {one["id"] for one in choose(some, 2, {one["id"]: BAS for one in some if one["figure"]})}


def test_a_figure_too_tall_for_paper_is_taken_only_where_there_is_nothing_else(territory, findings):
    first, low = [one for one in shown(findings, territory) if one["figure"]][:2]
    tall = first | {"poids": 9.0}
    heights = {tall["id"]: BAS + 1, low["id"]: BAS}
    assert choose([tall, low], 1, heights) == (low,)
    assert choose([tall], 1, heights) == (tall,)


def test_what_is_not_for_the_public_says_so_on_paper_too(territory, cleaned, findings):
    said = shown(findings, territory)
    for audience, expected in (("public", False), ("equipe", True)):
        document = docx.Document(io.BytesIO(write_handover(territory, [], [], audience)))
        texts = [render_poster(territory, said, audience), "\n".join(p.text for p in document.paragraphs)]
        assert ["Ne pas diffuser" in text for text in texts] == [expected] * 2
