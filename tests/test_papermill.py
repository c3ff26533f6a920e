"""A notebook of ours under papermill, as an analyst types it: from any folder, with any parameter."""

import os
import shutil
import subprocess
import sys

import pytest

from carnets import RACINE, carnet, territoire
from cvanalysis.dossier import ouvrir
from cvanalysis.errors import UsageError

CARNET = "import cvanalysis as cv\nfiche = cv.ouvrir(edition=edition).fiche(qpv)\nfiche"
PARAMETRES = "qpv = 'QP973001'\nedition = ''"


@pytest.fixture
def run(tmp_path):
    territoire(tmp_path)
    carnet(tmp_path / "notebooks" / "essai.ipynb", CARNET, parameters=PARAMETRES)

    def papermill(*asked, engine="cvanalysis", cwd=tmp_path):
        env = {key: value for key, value in os.environ.items() if not key.startswith(("CVANALYSIS_", "PYTEST_"))}
        done = subprocess.run(
            [sys.executable, "-m", "papermill", tmp_path / "notebooks" / "essai.ipynb", tmp_path / "out.ipynb", "--engine", engine,
             "--no-progress-bar", *asked],
            cwd=cwd, env=env | {"PYTHONPATH": str(RACINE)}, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        out = tmp_path / "out.ipynb"
        return done.stderr.replace("\xa0", " "), out.read_text(encoding="utf-8") if out.exists() else ""

    return papermill


@pytest.mark.parametrize("engine", ["cvanalysis", "nbclient"])
def test_a_parameter_that_the_notebook_does_not_declare_stops_it(run, engine):
    told, _ = run("-p", "qvp", "QP973002", engine=engine)
    assert "« qvp » n'est pas un paramètre de ce carnet. Vouliez-vous dire « qpv » ? Paramètres : edition, qpv." in told


def test_parameters_that_it_declares_are_taken(run):
    told, out = run("-p", "qpv", "QP973002", "-p", "edition", "autre")
    assert "Traceback" not in told
    assert "QP973002" in out


def test_a_notebook_run_from_another_folder_finds_the_project_s_data(run, tmp_path):
    (tmp_path / "ailleurs").mkdir()
    shutil.move(tmp_path / "data", tmp_path / "ailleurs" / "data")
    _, out = run("-p", "qpv", "QP044006")
    assert "Les Dervallières" in out  # that of the package


def test_a_territory_is_opened_from_its_own_folder_and_below(tmp_path, monkeypatch):
    raw = territoire(tmp_path)
    for folder in (raw, raw / "insee"):
        monkeypatch.chdir(folder)
        assert ouvrir().territory.dossier.samefile(raw)


def test_an_audience_that_is_none_is_refused_with_the_known_ones(tmp_path):
    raw = territoire(tmp_path)
    with pytest.raises(
        UsageError, match=r"«\xa0tous\xa0» n'est pas une audience\. Audiences\xa0: public, groupe, equipe"
    ):
        ouvrir(raw, audience="tous")
    assert not list(raw.parent.rglob("*tous*"))


def test_a_given_folder_without_a_contract_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"Pas de `contrat\.toml` dans"):
        ouvrir(tmp_path)
