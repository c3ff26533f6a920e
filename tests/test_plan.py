"""Which reports there are, what is refused before anything runs, and how a reason to rebuild is said."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import papermill
import pytest

from carnets import POUR, carnet, territoire
from cvanalysis.errors import UsageError
from cvanalysis.publish.memory.decision import _sentence, compare_rows
from cvanalysis.publish.memory.ledger import differences
from cvanalysis.publish.plan import check_notebooks, find_notebooks, plan_reports, read_purposes, select
from cvanalysis.territory.contract import read_territory


@pytest.fixture
def pays(tmp_path):
    return read_territory(territoire(tmp_path))


def test_a_notebook_is_made_for_each_quarter_each_theme_or_once_and_its_absence_asks_for_nothing(pays, tmp_path):
    for name in ("qpv", "theme", "synthese"):
        carnet(tmp_path / "nb" / f"{name}.ipynb")
    reports = plan_reports(pays, tmp_path / "nb")
    assert [report.id for report in reports] == [
        "quartiers/QP973001", "quartiers/QP973002", "quartiers/QP973003", "themes/associations", "synthese",
    ]  # fmt: skip
    assert reports[1].path == "quartiers/QP973002.html"
    assert reports[1].parameters == {"qpv": "QP973002"}
    assert reports[2].communes == ("Saint-Éloi",)


@pytest.mark.parametrize(
    ("pour", "ids", "titre"),
    [
        ("quartier", [f"quartiers/QP97300{i}-sport" for i in (1, 2, 3)], "Le Port\u00a0: Le sport"),
        ("theme", ["themes/associations-sport"], "Les associations\u00a0: Le sport"),
        ("contrat", ["sport"], "Le sport"),
    ],
)
def test_a_notebook_says_itself_what_it_is_for(pays, tmp_path, pour, ids, titre):
    carnet(tmp_path / "nb" / "qpv.ipynb")
    carnet(tmp_path / "nb" / "sport.ipynb", pour={"pour": pour, "titre": "Le sport"})
    reports = select(plan_reports(pays, tmp_path / "nb"), ["sport"])
    assert [report.id for report in reports] == ids
    assert reports[0].titre == titre


@pytest.mark.parametrize(
    ("name", "pour", "said"),
    [
        ("sport", {"titre": "Le sport"}, '« pour » ou « titre » manque.*"cvanalysis": {"pour": "contrat"'),
        ("sport", {"pour": "quartiers", "titre": "Le sport"}, "« pour » vaut « quartiers ».*« quartier », « theme » ou « contrat »"),
        ("sport", {"pour": ["theme"], "titre": "Le sport"}, "« pour » vaut"),
        ("sport", {"pour": "theme", "titre": ""}, "« titre » doit être un texte"),
        ("sport", {"pour": "theme", "titre": "Le sport", "order": 3}, "« order » n'est pas connu. Clés permises"),
        ("sport", {"pour": "theme", "titre": "Le sport", "ordre": "3"}, "doivent être des nombres entiers"),
        ("sport", {"pour": "theme", "titre": "Le sport", "supports": ["affiche"]}, "« supports » doit nommer affiche"),
        ("sport", ["quartier"], "« pour » ou « titre » manque"),
        ("index", {"pour": "contrat", "titre": "Le sport"}, "ce nom ne peut pas être celui d'une page. Renommez-le"),
        ("le sport", {"pour": "contrat", "titre": "Le sport"}, "Renommez-le"),
    ],
)  # fmt: skip
def test_a_notebook_that_says_it_wrong_is_refused_with_what_to_write(pays, tmp_path, name, pour, said):
    carnet(tmp_path / "nb" / f"{name}.ipynb", pour=pour)
    with pytest.raises(UsageError, match=f"`{name}.ipynb`\u00a0: .*{said}"):
        plan_reports(pays, tmp_path / "nb")


def test_a_notebook_that_says_nothing_is_not_made_and_is_told(tmp_path):
    carnet(tmp_path / "nb" / "essais.ipynb", pour={})
    purposes, silent = read_purposes(tmp_path / "nb")
    assert not purposes
    assert silent[0].startswith("`essais.ipynb` ne dit pas pour quoi il est fait")


def test_papermill_and_nbstripout_keep_what_a_notebook_says(tmp_path):
    path = carnet(tmp_path / "sport.ipynb", "1 + 1", parameters="x = 1", pour=POUR)
    papermill.execute_notebook(path, tmp_path / "out.ipynb", {"x": 2}, kernel_name="python3", progress_bar=False)
    subprocess.run([sys.executable, "-m", "nbstripout", tmp_path / "out.ipynb"], check=True)
    assert json.loads((tmp_path / "out.ipynb").read_bytes())["metadata"]["cvanalysis"] == POUR


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("quartiers/QP973002", ["QP973002"]), ("QP973002", ["QP973002"]), ("quartiers/*", ["QP973001", "QP973002", "QP973003"]),
        ("synthese", ["synthese"]), ("synthese.html", ["synthese"]),
    ],
)  # fmt: skip
def test_a_report_is_named_by_its_id_its_code_or_a_pattern(pays, tmp_path, pattern, found):
    for name in ("qpv", "synthese"):
        carnet(tmp_path / "nb" / f"{name}.ipynb")
    assert [report.court for report in select(plan_reports(pays, tmp_path / "nb"), [pattern])] == found


def test_a_quarter_that_the_territory_does_not_have_is_refused_with_the_nearest(pays, tmp_path):
    carnet(tmp_path / "nb" / "qpv.ipynb")
    with pytest.raises(
        UsageError,
        match=r"« QP973009 » ne désigne aucun rapport.*Vouliez-vous dire «\xa0QP97300.*Carnets lus\xa0: qpv ",
    ):
        select(plan_reports(pays, tmp_path / "nb"), ["QP973009"])


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (None, "n'a pas de cellule de paramètres"),
        ("quartier = 'QP973001'", "ne déclare pas le paramètre « qpv ». Paramètres déclarés : quartier"),
    ],
)
def test_a_notebook_that_would_not_receive_its_parameters_is_refused(pays, tmp_path, parameters, said):
    carnet(tmp_path / "nb" / "qpv.ipynb", parameters=parameters)
    with pytest.raises(UsageError, match=said):
        check_notebooks(plan_reports(pays, tmp_path / "nb"), tmp_path / "nb")


def test_what_is_not_a_notebook_is_refused(pays, tmp_path):
    (tmp_path / "qpv.ipynb").write_text("{}")
    with pytest.raises(UsageError, match=r"`qpv\.ipynb` n'est pas un carnet lisible"):
        plan_reports(pays, tmp_path)


def test_a_folder_without_notebooks_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CVANALYSIS_NOTEBOOKS", str(tmp_path))
    with pytest.raises(UsageError, match="Aucun carnet"):
        find_notebooks()


def rows(*values: tuple[str, int, float, str]) -> pd.DataFrame:
    return pd.DataFrame(values, columns=["zone", "millesime", "valeur", "fichier"]).assign(
        niveau="QPV", indicateur="tp", publication=2022, statut="publié"
    )


def test_a_changed_a_new_and_a_missing_value_are_counted_by_the_file_they_come_from():
    old = rows(("QP1", 2017, 1.0, "insee/REVN_2021.csv"), ("QP1", 2018, 2.0, "insee/REVN_2022.csv"))
    new = rows(("QP1", 2018, 3.0, "insee/REVN_2022.csv"), ("QP1", 2019, 4.0, "insee/REVN_2022.csv"))
    counts = compare_rows("indicateurs", old, new)
    assert sorted(_sentence(*key, count) for key, count in counts.items()) == [
        "1 valeur modifiée dans REVN_2022", "1 valeur nouvelle dans REVN_2022", "1 valeur retirée dans REVN_2021",
    ]  # fmt: skip


def test_equal_rows_have_no_difference_and_rows_that_all_come_anew_are_all_counted():
    some = rows(("QP1", 2017, 1.0, "a.csv"), ("QP2", 2017, 1.0, "a.csv"), ("QP3", 2017, 1.0, "a.csv"))
    assert not compare_rows("indicateurs", some, some)
    counts = compare_rows("indicateurs", some.iloc[:0], some)
    assert [_sentence(*key, count) for key, count in counts.items()] == ["3 valeurs nouvelles dans a"]


def test_what_changed_of_the_code_and_of_the_libraries_is_named():
    before = {"code": {"a.py": "1", "b.py": "1"}, "versions": {"matplotlib": "3.11.1"}}
    after = {"code": {"a.py": "2", "b.py": "1"}, "versions": {"matplotlib": "3.11.2"}}
    assert differences(before, after) == ["code modifié (a.py)", "bibliothèque matplotlib 3.11.1 → 3.11.2"]


def test_an_environment_that_is_not_known_counts_as_changed():
    assert differences({}, {"code": {}, "versions": {}}) == ["code ou bibliothèques modifiés"]


def test_the_notebooks_folder_can_be_named(tmp_path, monkeypatch):
    carnet(tmp_path / "ailleurs" / "qpv.ipynb")
    monkeypatch.setenv("CVANALYSIS_NOTEBOOKS", str(tmp_path / "ailleurs"))
    assert find_notebooks() == Path(tmp_path / "ailleurs").resolve()
