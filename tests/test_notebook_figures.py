"""A figure that an analyst draws in a notebook reaches the page, with its alternative or with a sentence that asks for one."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.figure import Figure

from browser.exemples import PAGE
from carnets import carnet, environment
from cvanalysis.publish.page.contract import check_page, read_page
from cvanalysis.publish.page.page import render_page
from cvanalysis.publish.run.produce import clean_notebook

CELLS = {
    "plt.show()": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "a plot at the end of a cell": "plt.plot([3, 1])",
    "a title at the end of a cell": "plt.plot([3, 2]); plt.title('Taux')",
    "a bare figure": "fig, ax = plt.subplots()\nax.plot([1, 5]);\nfig",
    "seaborn": "import seaborn as sns\nsns.barplot(x=['a', 'b'], y=[2, 3])",
    "the magic": "%matplotlib inline\nplt.plot([5, 6])",
    "an alternative is given": "import cvanalysis as cv\ncv.montrer(sns.barplot(x=['a', 'b'], y=[3, 2]), alt='Barres : a « dépasse » b')",
    "nothing of a figure": "1 + 1",
}
RUNNER = """
import sys
import papermill
from cvanalysis.publish.run.warm import warm_up
warm_up()
engine = sys.argv[1] or None
papermill.execute_notebook("carnet.ipynb", "fait.ipynb", engine_name=engine, progress_bar=False, kernel_name="python3")
"""


@pytest.fixture(scope="module", params=["cvanalysis", pytest.param("", marks=pytest.mark.slow)])
def shown(request, tmp_path_factory) -> tuple[dict, str]:
    """Outputs by cell, and the page, of a notebook that a warmed process ran (with our engine, with papermill's own)."""
    folder: Path = tmp_path_factory.mktemp("figures")
    carnet(folder / "carnet.ipynb", *CELLS.values())
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, request.param], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    notebook = nbformat.read(folder / "fait.ipynb", as_version=4)
    clean_notebook(notebook, json.loads((folder / "carnet.ipynb").read_text(encoding="utf-8")))
    outputs = {cell.source: cell.get("outputs", []) for cell in notebook.cells}
    return {name: outputs[source] for name, source in CELLS.items()}, render_page(notebook, PAGE)


def test_each_way_of_showing_a_figure_shows_it_once(shown):
    outputs, page = shown
    for name, found in outputs.items():
        assert [("image/png" in output.data) for output in found] == [name != "nothing of a figure"], name
    assert len(read_page(page).find("img")) == len(CELLS) - 1


def test_a_page_with_them_keeps_its_contract_and_asks_for_the_words_that_are_missing(shown):
    _, page = shown
    assert check_page(page, [], 10**6) == []
    said = [one.attrs["alt"] for one in read_page(page).find("img")]
    assert said.count("Barres\u00a0: a «\u00a0dépasse\u00a0» b") == 1
    assert page.count("Montrez-la par") == len(said) - 1 == len(set(said)) - 1


def test_a_figure_is_not_shown_without_words():
    import cvanalysis as cv

    with pytest.raises(cv.CvanalysisError, match="`alt` est vide"):
        cv.montrer(None, alt=" ")
    with pytest.raises(cv.CvanalysisError, match="n’est ni une figure, ni des Axes"):
        cv.montrer(3, alt="Barres")


def test_the_axes_of_a_finding_can_be_shown_by_an_analyst():
    import cvanalysis as cv
    from browser.exemples import TERRITOIRE, constat
    from cvanalysis.display.constat import Constat

    picture = cv.montrer(Constat(constat("points"), TERRITOIRE).tracer(), alt="Points : le taux ici et ailleurs")
    data, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == "Points\u00a0: le taux ici et ailleurs"
    assert 300 <= metadata["image/png"]["width"] <= 400
    assert data["image/png"].startswith("iVBOR")


@pytest.mark.parametrize("ways", ["figure", "tracer"])
def test_the_figure_of_a_finding_shows_itself_at_the_end_of_a_cell_where_pyplot_was_never_imported(ways):
    from browser.exemples import TERRITOIRE, constat
    from cvanalysis.display.constat import Constat

    data, _ = DisplayFormatter().format(getattr(Constat(constat("points"), TERRITOIRE), ways)())
    assert data["image/png"].startswith(b"\x89PNG")


def test_a_figure_as_wide_as_a_slide_has_two_pixels_for_each_of_the_page_s_and_no_more():
    import cvanalysis as cv

    def width(inches: float) -> int:
        return int.from_bytes(cv.montrer(Figure(figsize=(inches, 4)).subplots(), alt="Rien").png[16:20], "big")

    assert width(6) < 2 * 6 * 72
    assert 1100 < width(13.33) <= 1500
