"""The workbench runs as it is stored, shows a figure at each step that promises one, and is never published."""

import shutil

import nbformat
import pytest
from nbclient import NotebookClient

from cvanalysis.publish.plan import read_purposes


@pytest.fixture(scope="module")
def executed(racine, brut, tmp_path_factory):
    """The workbench after all its cells."""
    raw = tmp_path_factory.mktemp("etabli") / "raw"
    shutil.copytree(brut, raw)
    carnet = nbformat.read(racine / "notebooks" / "explorer.ipynb", as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CVANALYSIS_DATA", str(raw))
        NotebookClient(carnet, timeout=300, resources={"metadata": {"path": str(raw.parent)}}).execute()
    return carnet


@pytest.mark.slow
def test_the_workbench_runs_whole_and_shows_its_figures(executed):
    shown = [
        out
        for cell in executed.cells
        if cell.cell_type == "code"
        for out in cell.outputs
        if out.output_type != "stream"
    ]
    assert sum("image/png" in out.data for out in shown) == 4
    assert sum("text/html" in out.data for out in shown) >= 5
    said = [
        out.text
        for cell in executed.cells
        if cell.cell_type == "code"
        for out in cell.outputs
        if out.output_type == "stream"
    ]
    assert len(said) == 1  # no warning
    assert "15 du contrat" in said[0]


def test_the_workbench_is_not_published_and_nobody_is_told_to_say_what_it_is_for(racine):
    found, silent = read_purposes(racine / "notebooks")
    assert "explorer" not in {one["nom"] for one in found}
    assert silent == []
