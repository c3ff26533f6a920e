"""What a browser sees of the pages: accessible, closed on themselves, readable on a phone, printable."""

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # every page of a whole build, at two widths and on paper

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


def see(chromium, path: Path, size=DESK, *, scripts: bool = True):
    """The page, and the requests that it tried to make (all refused)."""
    context = chromium.new_context(viewport=size, java_script_enabled=scripts)
    asked: list[str] = []
    here = path.as_uri()

    def answer(route):
        if route.request.url == here:
            route.continue_()
            return
        asked.append(route.request.url)
        route.abort()

    context.route(re.compile(r"^(?!data:)"), answer)
    page = context.new_page()
    page.goto(here)
    return page, asked


def test_a_page_of_one_part_begins_under_its_title(chromium, tmp_path):
    """A notebook that someone dropped has no table of contents to stand between its title and its first heading."""
    from browser.exemples import PAGE, nbf
    from cvanalysis.publish.page.page import render_page

    notebook = nbf.new_notebook(cells=[nbf.new_markdown_cell("# Sport\n\n## Une partie\n\nDu texte.")])
    path = tmp_path / "sport.html"
    path.write_text(render_page(notebook, PAGE), encoding="utf-8")
    for size in (PHONE, {"width": 900, "height": 900}, DESK):
        page, _ = see(chromium, path, size)
        gap = "document.querySelector('main h2').getBoundingClientRect().top - document.querySelector('h1').getBoundingClientRect().bottom"
        assert 0 <= page.evaluate(gap) <= 64, size
        page.context.close()


def test_axe_finds_no_violation(chromium, axe, pages):
    for path in pages:
        for size in (DESK, PHONE):
            page, _ = see(chromium, path, size)
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            page.evaluate(axe)
            found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES)[
                "violations"
            ]
            told = [f"{v['id']}: {v['nodes'][0]['html'][:120]} ({v['nodes'][0]['failureSummary']})" for v in found]
            assert told == [], path.name
            page.context.close()


def test_every_picture_has_its_own_french_alternative(chromium, pages):
    for path in pages:
        page, _ = see(chromium, path)
        pictures = page.evaluate(
            "[...document.querySelectorAll('img, .fig')].map(i => [i.alt || i.ariaLabel, i.complete ? i.naturalWidth : i.clientWidth])"
        )
        alternatives = [alt for alt, _ in pictures]
        assert all(alternatives)
        assert all(width for _, width in pictures), "une image ne s'affiche pas"
        assert len(set(alternatives)) == len(alternatives), path.name
        assert not any(re.search(r"No description|image/svg|\bthe\b|\.png", alt) for alt in alternatives)
        page.context.close()


def test_nothing_is_asked_from_anywhere_and_no_script_fails(chromium, pages):
    for path in pages:
        page, asked = see(chromium, path)
        errors = []
        page.on("pageerror", lambda e, errors=errors: errors.append(str(e)))
        page.evaluate("document.querySelectorAll('th button').forEach(b => b.click())")
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        assert asked == []
        assert errors == []
        page.context.close()


def test_nothing_overflows_a_phone(chromium, pages):
    for path in pages:
        page, _ = see(chromium, path, PHONE)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path.name
        out = page.evaluate(
            "[...document.querySelectorAll('main *')].filter(e => !e.closest('.defile, pre, svg svg') "
            "&& e.getBoundingClientRect().right > 391).map(e => e.outerHTML.slice(0, 120))"
        )
        assert out == [], path.name
        page.context.close()


def test_each_sheet_of_paper_bears_the_name_and_the_edition(chromium, pages, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) n'est pas installé")
    for path in pages:
        page, _ = see(chromium, path)
        title = page.evaluate("document.querySelector('h1').textContent.trim()")
        name, edition = printed_strings(path.read_text(encoding="utf-8"))
        page.pdf(path=tmp_path / "p.pdf", prefer_css_page_size=True)
        page.context.close()
        text = subprocess.run(
            ["pdftotext", "-layout", tmp_path / "p.pdf", "-"], capture_output=True, text=True, check=True
        ).stdout
        sheets = text.split("\f")[:-1]
        assert sheets
        words = [" ".join(sheet.split()) for sheet in sheets]
        # A long name may run over two lines beside the edition: its first words are then what is on one line.
        assert all(" ".join(name.split()[:3]) in sheet for sheet in words), path.name
        assert all(edition.split()[0] in sheet for sheet in words), path.name
        assert title.split()[0] in words[0]


def printed_strings(html: str) -> list[str]:
    found = re.findall(r'@top-(?:left|right) \{ content: "(.*?)" \}', html)[-2:]
    return [unescape(re.sub(r"\\([0-9a-f]+) ", lambda m: chr(int(m[1], 16)), text)) for text in found]


def test_closed_tables_are_open_on_paper(chromium, sample, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) n'est pas installé")
    page, _ = see(chromium, sample / "constats.html", scripts=False)
    page.pdf(path=tmp_path / "p.pdf", prefer_css_page_size=True)
    page.context.close()
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "p.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "Repère" in text
    assert "Voir le tableau" not in text
    assert "Qu’en dites-vous" in text


def test_a_long_table_sorts_by_its_numbers_with_what_is_missing_last(chromium, sample):
    page, _ = see(chromium, sample / "constats.html")
    table = "document.querySelector('#QP999001-points-01 table')"
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    column = f"[...{table}.tBodies[0].rows].map(r => r.cells[2].textContent)"
    page.evaluate(f"{table}.querySelectorAll('th button')[2].click()")
    up = page.evaluate(column)
    page.evaluate(f"{table}.querySelectorAll('th button')[2].click()")
    down = page.evaluate(column)
    assert up[0].startswith("12,4")
    assert down[0].startswith("51,8")
    assert up[-1] == down[-1] == "non diffusé"
    assert page.evaluate(f"{table}.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"
    page.context.close()


def test_without_scripts_the_page_reads_the_same(chromium, sample):
    """The text is there, tables open by themselves, and no control is offered that would do nothing."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((sample / "constats.html").as_uri())
    assert page.locator("th button").count() == 0
    page.locator("summary").first.click()
    assert page.locator("table").first.is_visible()
    context.close()
