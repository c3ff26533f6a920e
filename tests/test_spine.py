"""From published files to pages: what must hold of the whole way. Values against the facts are in `test_indicators`, pages in a
browser in `browser/`.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from carnets import cva
from conftest import RACINE, our_notebooks
from cvanalysis.catalogue import load_catalogue
from cvanalysis.display.phrases import write
from cvanalysis.pages.quartier import Fiche
from cvanalysis.pages.synthese import Synthese
from cvanalysis.tables.process import process
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import read_territory
from territoires.invente import CODES, DEUX_COMMUNES, LONG_NOM, SECRET, SEUL

NOTEBOOKS = [path.name for path in our_notebooks()]


# ------------------------------------------------------------------------- the same figures, the same pages


@pytest.fixture(scope="module")
def jumeaux(real, brut, tmp_path_factory) -> list[list]:
    """The findings of two territories that differ only by who wrote their files: ours re-keyed, and those published.

    Only the files that both have are kept, so that the two hold the same figures.
    """
    ours = {path.stem: path for path in (brut / "insee").iterdir() if path.suffix in {".csv", ".xlsx"}}
    published = {path.stem: path for path in (real / "insee").iterdir()}
    common = sorted(ours.keys() & published.keys())
    assert len(common) >= 20
    return [
        findings(brut, [files[stem] for stem in common], tmp_path_factory.mktemp("spine"))
        for files in (ours, published)
    ]


def findings(declared: Path, files: list[Path], folder: Path) -> list:
    raw = folder / "raw"
    (raw / "insee").mkdir(parents=True)
    for path in (*declared.glob("*.csv"), declared / "contrat.toml"):
        shutil.copyfile(path, raw / path.name)
    for path in files:
        shutil.copyfile(path, raw / "insee" / path.name)
    territory = read_territory(raw)
    process(territory, folder / "processed")
    store, catalogue = Store(folder / "processed", territory), load_catalogue()
    fiches = [Fiche(store, territory, catalogue, quartier.code) for quartier in territory.quartiers]
    found = [finding for fiche in fiches for finding in (*fiche.constats, *fiche.ressort())]
    return [*found, *Synthese(store, territory, catalogue).constats]


def test_re_keyed_and_published_files_give_the_same_findings_but_for_file_names(jumeaux):
    ours, published = jumeaux
    assert len(ours) > 15 * 24
    assert [f.id for f in ours] == [f.id for f in published]
    for one, other in zip(ours, published, strict=True):
        assert write(one.message) == write(other.message)
        assert without_files(one) == without_files(other), one.id


def without_files(finding):
    return replace(finding, source=re.sub(r" \(fichiers? [^()]*\)", "", finding.source), fichiers=())


# ------------------------------------------------------------------------------- another métropole


@pytest.fixture(scope="module")
def invente_construit(invente, tmp_path_factory) -> Path:
    """The invented territory, built by the command; the folder of its edition."""
    folder = tmp_path_factory.mktemp("invente_construit")
    shutil.copytree(invente, folder / "raw")
    done = cva("build", "--data", folder / "raw", "--out", folder / "out", cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "out" / "essai"


@pytest.mark.slow
def test_a_second_and_awkward_territory_has_a_page_for_each_of_its_quarters(invente_construit):
    pages = {path.stem for path in (invente_construit / "quartiers").glob("*.html")}
    assert pages == set(CODES)
    assert {"synthese.html", "qualite.html", "index.html"} <= {path.name for path in invente_construit.glob("*.html")}
    heaviest = max(path.stat().st_size for path in (invente_construit / "quartiers").glob("*.html"))
    assert heaviest <= 300_000


@pytest.mark.slow
def test_a_quarter_of_which_all_is_secret_says_so_and_shows_no_figure_of_its_own(invente_construit):
    told = words(invente_construit / "quartiers" / f"{SECRET}.html")
    assert "on ne sait pas" in told
    assert "secret statistique" in told
    lone = words(invente_construit / "quartiers" / f"{SEUL}.html")
    assert "habitants" in lone


@pytest.mark.slow
def test_awkward_names_stand_on_their_pages_as_declared(invente_construit):
    assert "<b>Noël</b>" in words(invente_construit / "quartiers" / f"{LONG_NOM}.html")
    both = words(invente_construit / "quartiers" / f"{DEUX_COMMUNES}.html")
    assert "Bourg-l’Invention, Saint-Éloi-des-Brumes" in both


def words(page: Path) -> str:
    """What a reader sees of a page."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


# ---------------------------------------------------------------------------------- notebooks as they stand


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_each_notebook_runs_under_papermill_s_own_engine_from_the_root(notebook, brut, tmp_path):
    """No build before, no variable of ours: what an analyst types."""
    for name in ("notebooks", "data/raw"):
        shutil.copytree(RACINE / name, tmp_path / name)
    env = {key: value for key, value in os.environ.items() if not key.startswith(("CVANALYSIS_", "PYTEST_"))}
    asked = ["-p", "qpv", "QP044007"] if notebook == "qpv.ipynb" else []
    done = subprocess.run(
        [sys.executable, "-m", "papermill", f"notebooks/{notebook}", "out.ipynb", "--no-progress-bar", *asked],
        cwd=tmp_path, env=env | {"PYTHONPATH": str(RACINE)}, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    out = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    private = '"publie": false' in (RACINE / "notebooks" / notebook).read_text(encoding="utf-8")
    assert private or '"constats"' in out
    assert str(tmp_path) not in re.sub(r'"(?:in|out)put_path": "[^"]*"', "", out)
