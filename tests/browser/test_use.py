"""How the pages are used: with a keyboard, without scripts, with large or spaced letters, on paper."""

import shutil
import subprocess

import pytest

from browser.exemples import PAGE
from browser.test_pages import DESK, PHONE, see
from cvanalysis.constat.shape import Table, Valeur
from cvanalysis.display.tables import html_table
from cvanalysis.publish.page.page import wrap_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STRUCTURE = """() => {
  const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(h => +h.tagName[1]);
  return {
    lang: document.documentElement.lang,
    h1: levels.filter(l => l === 1).length,
    skipped: levels.filter((l, i) => i && l > levels[i - 1] + 1).length,
    mains: document.querySelectorAll('main').length,
    landmarks: ['header', 'main', 'footer'].every(t => document.querySelector('body > ' + t + ', body > .cadre > ' + t)),
    bare: [...document.querySelectorAll('table')].filter(t => !t.caption || !t.caption.textContent.trim()
      || [...t.querySelectorAll('th')].some(h => !h.scope)).length,
    moving: document.getAnimations().length,
  }
}"""


def test_each_page_has_one_title_landmarks_and_tables_with_their_headers(chromium, pages):
    for path in pages:
        page, _ = see(chromium, path)
        found = page.evaluate(STRUCTURE)
        expected = {"lang": "fr", "h1": 1, "skipped": 0, "mains": 1, "landmarks": True, "bare": 0, "moving": 0}
        assert found == expected, path.name
        page.context.close()


def focused(page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def test_the_first_key_leads_over_the_header_and_where_one_is_can_be_seen(chromium, built):
    page, _ = see(chromium, built / "synthese.html")
    page.keyboard.press("Tab")
    assert focused(page) == "Aller au contenu"
    box = page.evaluate("document.activeElement.getBoundingClientRect().toJSON()")
    assert box["left"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", focused(page)
    page.context.close()


def reach(page, selector: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} n'est pas atteint au clavier")


def shown(page) -> list[str]:
    return page.evaluate(
        "[...document.querySelectorAll('[data-r]')].filter(e => e.offsetParent).map(e => e.textContent)"
    )


def test_the_index_is_searched_without_accents_and_filtered_with_keys_alone(chromium, built):
    page, _ = see(chromium, built / "index.html")
    every = shown(page)
    reach(page, "#cherche")
    page.keyboard.type("DERVALLIERES")
    assert len(shown(page)) == 1
    assert "Les Dervallières" in shown(page)[0]
    assert page.inner_text("#dit").startswith("1 analyse trouvée, ")
    assert page.inner_text("#dit").endswith(" constats")
    assert page.get_attribute("#dit", "role") == "status"
    page.keyboard.press("Control+a")
    page.keyboard.type("zzz")
    assert page.inner_text("#dit") == "Aucune analyse trouvée"
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    assert shown(page) == every
    assert page.inner_text("#dit") == ""
    reach(page, "#f-v")
    page.keyboard.type("Rez")
    assert page.input_value("#f-v") == "Rezé"
    assert sum("QP0" in text for text in shown(page)) == 1
    page.context.close()


def test_a_list_is_searched_and_sorted_with_keys_alone(chromium, built):
    page, _ = see(chromium, built / "engagements.html")
    items = "[...document.querySelectorAll('#tous_les_engagements > li')].filter(r => r.offsetParent).map(r => r.id)"
    assert len(page.evaluate(items)) == 50
    reach(page, "input[data-filtre='#tous_les_engagements > li']")
    page.keyboard.type("éveloppement")
    page.keyboard.press("Control+a")
    page.keyboard.type("e07")
    assert page.evaluate(items) == ["engagement-E07"]
    assert page.inner_text("#dit-tous_les_engagements") == "1 résultat"
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.select_option("select[data-filtre='#tous_les_engagements > li']", index=1)
    assert 0 < len(page.evaluate(items)) < 50
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    rows = "[...document.querySelectorAll('[id^=l-] tbody tr')].filter(r => r.offsetParent).map(r => r.cells[0].textContent)"
    every = page.evaluate(rows)
    reach(page, "[id^=l-] th button")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.evaluate(rows) == sorted(every, reverse=True)
    assert page.evaluate("document.activeElement.closest('th').getAttribute('aria-sort')") == "descending"
    page.context.close()


def test_dates_are_sorted_by_year_first(chromium, built):
    page, _ = see(chromium, built / "engagements.html")
    heads = page.evaluate("[...document.querySelectorAll('[id^=l-] th button')].map(b => b.textContent)")
    column = heads.index("Date de la preuve")
    page.evaluate(f"document.querySelectorAll('[id^=l-] th button')[{column}].click()")
    said = page.evaluate(f"[...document.querySelectorAll('[id^=l-] tbody tr')].map(r => r.cells[{column}].textContent)")
    dates = [text.split("/")[::-1] for text in said if "/" in text]
    assert dates == sorted(dates)
    page.context.close()


def test_without_scripts_the_index_shows_everything_and_no_control_that_does_nothing(chromium, built):
    page, _ = see(chromium, built / "index.html", scripts=False)
    assert page.locator("#filtres").is_hidden()
    assert page.locator("[data-r]:has(a)").count() == page.locator("[data-r]").count()
    assert all(link.is_visible() for link in page.locator("[data-r] a, [data-s]:not(details *) a").all())
    page.context.close()


SPACED = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
p { margin-bottom: 2em !important }"""


@pytest.mark.parametrize(("size", "style"), [({"width": 640, "height": 450}, ""), (DESK, SPACED), (PHONE, SPACED)])
def test_twice_as_large_or_spaced_out_nothing_leaves_the_page(chromium, pages, size, style):
    for path in pages:
        page, _ = see(chromium, path, size)
        page.add_style_tag(content=style or "a {}")
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path.name
        page.context.close()


def test_nothing_is_wider_than_the_sheet_of_paper(chromium, pages):
    """What is wider would have the browser print the whole page smaller."""
    for path in pages:
        if path.parent.name == "supports":
            continue
        page, _ = see(chromium, path, {"width": 665, "height": 1000})  # A4 less its margins
        page.emulate_media(media="print")
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 665, path.name
        page.context.close()


@pytest.mark.parametrize(
    ("names", "size", "most"),
    [
        ("themes/*.html", "A4", 2),
        ("supports/affiche.html", "A3", 1),
        ("quartiers/*.html", "A4", 2),
        ("index.html", "A4", 5),
    ],
)
def test_paper_is_of_its_size_and_not_wasted(chromium, built, tmp_path, names, size, most):
    if shutil.which("pdfinfo") is None:
        pytest.skip("pdfinfo (poppler) n'est pas installé")
    for path in sorted(built.glob(names)):
        page, _ = see(chromium, path)
        page.pdf(path=tmp_path / "p.pdf", prefer_css_page_size=True)
        page.context.close()
        told = subprocess.run(["pdfinfo", tmp_path / "p.pdf"], capture_output=True, text=True, check=True).stdout
        facts = dict(line.split(":", 1) for line in told.splitlines())
        assert f"({size})" in facts["Page size"]
        assert int(facts["Pages"]) <= most, path.name


def test_all_the_quarters_are_on_one_sheet_of_the_synthesis(chromium, built, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) n'est pas installé")
    page, _ = see(chromium, built / "synthese.html")
    names = page.evaluate(
        "[...document.querySelectorAll('.apercu tbody th a')].map(a => a.textContent.split(' - ')[0])"
    )
    page.pdf(path=tmp_path / "p.pdf", prefer_css_page_size=True)
    page.context.close()
    text = subprocess.run(["pdftotext", tmp_path / "p.pdf", "-"], capture_output=True, text=True, check=True).stdout
    sheets = [" ".join(sheet.replace("\u00a0", " ").split()) for sheet in text.split("\f")]
    held = [sheet for sheet in sheets if "du taux de pauvreté le plus haut au plus bas" in sheet]
    assert len(names) == 15
    assert len(held) == 1
    assert all(name in held[0] for name in (*names, "Ensemble des QPV de France"))


def test_the_overview_is_sorted_by_any_column_and_its_foot_stays(chromium, built):
    page, _ = see(chromium, built / "synthese.html")
    page.locator(".apercu thead button").nth(1).click()
    people = "[...document.querySelectorAll('.apercu tbody tr')].map(r => +r.cells[1].firstChild.textContent.replace(/\\D/g, ''))"
    assert page.evaluate(people) == sorted(page.evaluate(people))
    assert page.evaluate("document.querySelectorAll('.apercu tfoot tr').length") == 2
    page.context.close()


def test_a_table_that_runs_over_several_sheets_says_its_headings_on_each(chromium, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) n'est pas installé")
    words = [(Valeur(None, texte=f"Ligne {i}"), Valeur(float(i))) for i in range(150)]
    page_of_rows = wrap_page(html_table(Table(("Repère", "Mesure"), tuple(words)), "Long"), PAGE)
    (tmp_path / "p.html").write_text(page_of_rows, encoding="utf-8")
    page, _ = see(chromium, tmp_path / "p.html")
    page.pdf(path=tmp_path / "p.pdf", prefer_css_page_size=True)
    page.context.close()
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "p.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    sheets = [sheet for sheet in text.split("\f") if "Ligne" in sheet]
    assert len(sheets) >= 2
    assert all("Mesure" in sheet for sheet in sheets)
