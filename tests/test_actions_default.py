"""The default territory's example logs: rich enough to show everything, invented, marked, and always the same bytes."""

import hashlib
import shutil
import subprocess
import sys

import pytest

from cvanalysis.actions.clean.lines import unbalanced
from cvanalysis.catalogue import load_catalogue
from cvanalysis.tables.process import clean_actions
from cvanalysis.territory.contract import read_territory

FILES = (
    "actions/programmation_2015_2018.xlsx",
    "actions/programmation_2019_2022.ods",
    "actions/subventions_2017_2022.csv",
)


@pytest.fixture(scope="module")
def cleaned(brut):
    return clean_actions(read_territory(brut), frozenset(load_catalogue().indicateurs))


def test_three_files_of_three_formats_give_four_hundred_rows_over_the_contract(cleaned):
    assert [file.fichier for file in cleaned.fichiers] == list(FILES)
    assert not cleaned.illisibles
    rows = cleaned.actions.drop_duplicates(["source", "ligne"])
    assert len(rows) >= 400
    assert (rows["annee"].min(), rows["annee"].max()) == (2015, 2022)


def test_money_balances_and_the_files_totals_agree(cleaned):
    assert unbalanced(cleaned.argent).empty
    assert len(cleaned.controles)
    assert cleaned.controles["ecart"].abs().max() < 0.01
    assert (cleaned.argent["motif"] == "doublon exact").any()


def test_fifty_engagements_over_four_pillars_and_forty_partners_over_every_college(cleaned):
    assert list(cleaned.engagements["code"]) == [f"E{n:02d}" for n in range(1, 51)]
    assert cleaned.engagements["pilier"].nunique() == 4
    assert len(cleaned.partenaires) == 40
    assert cleaned.partenaires["college"].nunique() == 6


def test_three_themes_questions_to_decide_and_anomalies_to_read(cleaned):
    assert {"associations", "scolarite", "aller-vers", "hors", ""} == set(cleaned.actions["theme"])
    assert set(cleaned.propositions["genre"]) == {"convention"}
    assert cleaned.anomalies["probleme"].str.contains("seule l'année de son édition").sum() == 5
    assert not cleaned.anomalies["probleme"].str.contains("décision sans objet").any()
    assert (cleaned.anomalies["colonne"] == "theme").any()


def test_every_row_is_marked_as_an_example(cleaned):
    for table in (cleaned.actions, cleaned.engagements, cleaned.partenaires):
        assert table["exemple"].all()


def test_the_generator_gives_the_same_bytes(racine, tmp_path):
    shutil.copytree(
        racine / "data" / "exemples", tmp_path / "data" / "exemples", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(
        racine / "data" / "raw", tmp_path / "data" / "raw", ignore=shutil.ignore_patterns("insee", "actions", "paroles")
    )
    subprocess.run([sys.executable, "data/exemples/generer.py"], cwd=tmp_path, check=True)
    for name in (*FILES, "engagements.csv", "partenaires.csv"):
        ours, theirs = ((root / "data" / "raw" / name).read_bytes() for root in (racine, tmp_path))
        assert hashlib.sha256(ours).hexdigest() == hashlib.sha256(theirs).hexdigest(), name
