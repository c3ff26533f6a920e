"""Published logs, beside the project: read without any declaration, with counts known from elsewhere."""

import json
import shutil

import pytest

from cvanalysis.actions.clean.lines import unbalanced
from cvanalysis.tables.process import clean_actions
from test_actions_territory import write_contract

pytestmark = pytest.mark.reel


@pytest.fixture(scope="module")
def cleaned(real, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reel")
    territory = write_contract(folder, contrat="")
    contract = (folder / "contrat.toml").read_text()
    (folder / "contrat.toml").write_text(contract.replace('code = "CV999"', 'code = "CV142"'))
    for path in (real / "actions").iterdir():
        shutil.copy(path, folder / "actions")
    from cvanalysis.territory.contract import read_territory

    return clean_actions(read_territory(territory.dossier))


def test_the_posts_of_one_contract_are_found_in_the_national_files(cleaned):
    lines = cleaned.actions.groupby("source")["ligne"].nunique()
    for kind, known in (("adulte-relais", (33, 46, 54)), ("postes-fonjep", (14, 14, 15))):
        assert tuple(lines[f"actions/{kind}-{year}.json"] for year in (2020, 2021, 2022)) == known


def test_yearly_rows_of_a_post_are_renewals_not_new_posts(cleaned):
    posts = cleaned.actions[cleaned.actions["source"].str.contains("adulte-relais")]
    assert len(posts) == 33 + 46 + 54
    assert posts["action"].nunique() < 70
    assert set(posts["type_credit"]) == {"spécifique"}


def test_money_of_every_file_balances_and_equals_what_the_file_holds(cleaned, real):
    assert unbalanced(cleaned.argent).empty
    read = cleaned.argent[cleaned.argent["motif"] == "lu"].set_index("fichier")["montant"]
    for path in sorted((real / "actions").glob("*-20*.json")):
        assert read[f"actions/{path.name}"] == pytest.approx(
            sum(row["montant"] for row in json.loads(path.read_text())), abs=0.01
        )


def test_the_norm_of_subsidies_is_read_without_declaration(cleaned):
    scdl = cleaned.actions[cleaned.actions["source"] == "actions/scdl_exemple_valide.csv"]
    assert len(scdl) == 29
    assert scdl["accorde"].sum() == pytest.approx(2_821_393.5, abs=1)
    assert set(scdl["annee"]) == {2017}  # the year of payment, not that of a convention signed in 2011
    assert (scdl["siren"] != "").sum() == 28


def test_a_code_of_the_2024_geography_is_told_and_joined_to_nothing(cleaned):
    split = cleaned.actions[cleaned.actions["source"] == "actions/qpv_lieu_action.csv"]
    assert (len(split), split["accorde"].sum(), set(split["qpv"])) == (3, 7000, {""})
    assert cleaned.anomalies["probleme"].str.contains("autre géographie").any()


def test_what_is_no_log_is_named_and_left_out(cleaned):
    assert {p.fichier for p in cleaned.illisibles} == {"actions/geom_cv_ctr.json", "actions/scdl_schema.json"}
