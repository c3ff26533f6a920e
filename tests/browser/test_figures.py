"""What a browser sees of every kind of figure: no word cut nor on another, nothing small, whatever fonts the machine has."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (390, 640, 1280)
MEASURE = """() => [...document.querySelectorAll('.fig')].map(figure => {
  const box = figure.getBoundingClientRect(), unit = box.width / figure.viewBox.baseVal.width
  const words = [...figure.querySelectorAll('text')].map(text => {
    const at = text.getBoundingClientRect()
    return {said: text.textContent, left: at.left, right: at.right, top: at.top, bottom: at.bottom, turned: text.hasAttribute('transform'),
            size: parseFloat(getComputedStyle(text).fontSize) * unit}
  })
  return {name: figure.closest('figure').id, left: box.left, right: box.right, top: box.top, bottom: box.bottom, unit, words,
          page: document.documentElement.clientWidth}
})"""


@pytest.fixture(params=["as it is", "without Arial"])
def page(request, chromium, sample):
    """The page of findings of every genre, as it stands and where no system font answers."""
    html = (sample / "constats.html").read_text(encoding="utf-8")
    if request.param == "without Arial":
        html = re.sub(r"\b(?:Arial|Liberation Sans|sans-serif)\b", "AucunePolice", html)
    context = chromium.new_context(java_script_enabled=True)
    shown = context.new_page()
    shown.set_content(html)
    shown.evaluate("document.fonts.ready.then(() => 0)")
    yield shown
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_word_of_a_figure_is_cut_small_or_under_another(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').length") == 2
    for figure in page.evaluate(MEASURE):
        for word in figure["words"]:
            where = f"{figure['name']} à {width} px : {word['said']}"
            assert word["left"] >= figure["left"] - 1.5, where
            assert word["right"] <= figure["right"] + 1.5, where
            assert word["right"] <= figure["page"], where
            assert word["top"] >= figure["top"] - 4, where
            assert word["bottom"] <= figure["bottom"] + 4, where
            assert word["size"] >= 12, where
        level = [word for word in figure["words"] if not word["turned"]]
        for i, one in enumerate(level):
            for other in level[:i]:
                across = min(one["right"], other["right"]) - max(one["left"], other["left"])
                down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
                over = across > 1 and down > 7 * figure["unit"]
                assert not over, f"{figure['name']} à {width} px : « {one['said']} » sur « {other['said']} »"


def test_words_are_as_wide_as_they_were_measured(page):
    """What is measured is what is shown: within a hundredth, kerning apart."""
    from cvanalysis.display.figures.svg import measure

    page.set_viewport_size({"width": 1280, "height": 900})
    said = page.evaluate(
        "[...document.querySelectorAll('.fig text')]"
        ".map(t => [t.textContent, t.getAttribute('font-weight') || '400', t.getComputedTextLength()])"
    )
    for text, weight, wide in said:
        assert abs(measure(text, 13, weight) - wide) <= 0.02 * wide + 0.5, text
