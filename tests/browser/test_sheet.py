"""The sheet of a quarter and of a theme in a browser: one sheet of paper, few words, an annex that opens, in two fonts."""

import json
import re
import shutil
import subprocess

import pytest

from browser.test_pages import DESK, PHONE, RULES, see

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDE = "*:not(.code) { font-family: 'DejaVu Sans', Verdana, sans-serif !important }"
"""A font a sixth wider than the one that pages ask for: what a machine without Arial may show."""


@pytest.fixture(scope="module")
def quarters(built):
    """The heaviest page, and the one whose name is the longest."""
    found = list((built / "quartiers").glob("*.html"))
    named = max(found, key=lambda path: len(re.search("<title>(.*?)</title>", path.read_text(encoding="utf-8"))[1]))
    return list(dict.fromkeys([max(found, key=lambda path: path.stat().st_size), named]))


@pytest.fixture(scope="module")
def sheets(built, quarters):
    return [*quarters, max((built / "themes").glob("*.html"), key=lambda path: path.stat().st_size)]


def sheets_of_paper(page, path) -> int:
    if shutil.which("pdfinfo") is None:
        pytest.skip("pdfinfo (poppler) n'est pas installé")
    page.pdf(path=path, prefer_css_page_size=True)
    told = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Pages:\s+(\d+)", told)[1])


@pytest.mark.parametrize("style", ["a {}", WIDE], ids=["arial", "wide"])
def test_a_page_prints_on_one_sheet_and_its_annex_only_when_asked(chromium, sheets, tmp_path, style):
    for path in sheets:
        page, _ = see(chromium, path)
        page.add_style_tag(content=style)
        assert sheets_of_paper(page, tmp_path / "p.pdf") <= 2, path.name
        page.locator("#annexe").check()
        assert 3 <= sheets_of_paper(page, tmp_path / "p.pdf") <= (12 if style == "a {}" else 14), path.name
        page.context.close()


def test_a_sheet_is_read_in_three_minutes_and_nothing_of_it_is_cut(chromium, sheets):
    for path in sheets:
        for width in (390, 640, 1280):
            page, _ = see(chromium, path, {"width": width, "height": 900})
            assert len(page.inner_text("main").split()) < 900, path.name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path.name, width)
            page.add_style_tag(content=WIDE)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path.name, width)
            page.context.close()


def test_a_fiche_with_its_annex_has_fewer_words_than_it_had(chromium, built):
    """What no-break spaces hold together is one word: a number and its unit. PAGES asks for 5,500."""
    for path in (built / "quartiers").glob("*.html"):
        page, _ = see(chromium, path)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        words = [word for word in re.split(r"[ \n\t]+", page.inner_text("main")) if word]
        assert len(words) <= 5_500, (path.name, len(words))
        page.context.close()


def test_axe_finds_nothing_folded_nor_unfolded(chromium, axe, sheets):
    for path in (sheets[0], sheets[-1]):
        page, _ = see(chromium, path, PHONE)
        page.evaluate(axe)
        for _ in ("folded", "unfolded"):
            asked = {
                "runOnly": {"type": "tag", "values": [*RULES, "wcag22aa"]},
                "rules": {"target-size": {"enabled": True}},
            }
            found = page.evaluate("asked => axe.run(document, asked)", asked)["violations"]
            assert [(v["id"], v["nodes"][0]["html"][:150]) for v in found] == [], path.name
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.context.close()


def test_every_link_inside_a_sheet_reaches_something_and_opens_it(chromium, sheets):
    for path in sheets:
        page, _ = see(chromium, path)
        ids = page.evaluate(
            "[...document.querySelectorAll('main a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1))"
        )
        assert ids
        assert page.evaluate("ids => ids.filter(id => !document.getElementById(id))", ids) == []
        numbers = [one for one in ids if re.search(r"-\d\d$", one)]
        page.evaluate("id => { location.hash = id }", numbers[0])
        page.wait_for_function("id => document.getElementById(id).checkVisibility()", arg=numbers[0])
        page.context.close()


def test_without_scripts_an_anchor_opens_its_part_of_the_annex(chromium, quarters):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    number = f"{quarters[0].stem}-revenus-03"
    page.goto(f"{quarters[0].as_uri()}#{number}")
    assert page.locator(f"#{number}").is_visible()
    context.close()


def test_on_a_phone_a_line_shows_its_comparators_on_tap(chromium, quarters):
    page, _ = see(chromium, quarters[0], PHONE, scripts=False)
    line = page.locator(".tableau tr:has(.plus)").first
    assert line.locator("td.z").first.is_hidden()
    line.locator(".plus").check()
    assert all(cell.is_visible() for cell in line.locator("td.z").all())
    page.context.close()


def test_a_line_is_said_three_times_at_most_and_every_finding_stands_once(chromium, quarters, built):
    stated = {
        one["id"] for one in json.loads((built / "donnees/constats.json").read_text(encoding="utf-8"))["constats"]
    }
    for path in quarters:
        page, _ = see(chromium, path, DESK)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        lines = [line for line in page.inner_text("main").split("\n") if len(line.split()) > 6]
        assert {line: n for line in lines if (n := lines.count(line)) > 3} == {}, path.name
        shown = page.evaluate("[...document.querySelectorAll('.constat')].map(f => f.id)")
        assert sorted(shown) == sorted(one for one in stated if one.startswith(f"{path.stem}-"))
        page.context.close()


def test_a_sheet_weighs_little_and_leads_to_the_synthesis_the_themes_and_the_engagements(chromium, quarters, built):
    for path in (built / "quartiers").glob("*.html"):
        assert path.stat().st_size <= 200_000, path.name
    for path in quarters:
        html = path.read_text(encoding="utf-8")
        there = {
            "../synthese.html",
            "../engagements.html",
            *(f"../themes/{p.name}" for p in (built / "themes").glob("*.html")),
        }
        assert there <= set(re.findall(r'href="([^"#]+)"', html))
        assert all((path.parent / link).exists() for link in there)
