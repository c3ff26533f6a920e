"""The pages that lead to the pages, and the files for people."""

import io
import json
import zipfile
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest

from carnets import carnet, territoire
from cvanalysis.publish.memory.decision import Fate
from cvanalysis.publish.page.contract import check_page
from cvanalysis.publish.papers.downloads import DECLARED, table_schema, to_french_csv, write_downloads
from cvanalysis.publish.plan import plan_reports
from cvanalysis.publish.site import describe, pack, render_index, write_editions
from cvanalysis.territory.contract import Etape, read_territory


@pytest.fixture
def pays(tmp_path):
    return read_territory(territoire(tmp_path))


@pytest.fixture
def fates(pays, tmp_path):
    for name in ("qpv", "theme", "synthese"):
        carnet(tmp_path / "nb" / f"{name}.ipynb")
    record = {"findings": []}
    first, second, third, theme, synthesis = (
        Fate(report, "", record=record, status="unchanged") for report in plan_reports(pays, tmp_path / "nb")
    )
    second.status, second.why = "failed", "cellule 3 : panne <b>"
    third.status, third.why, third.record = "failed", "panne", None
    synthesis.stale = "carnet modifié"
    return [first, second, third, theme, synthesis]


@pytest.fixture
def index(pays, fates):
    downloads = ["donnees/indicateurs.csv", "donnees/indicateurs.schema.json"]
    constats = [
        ("Le Port", "quartiers/QP973001.html", [("QP973001-revenus-01", "La moitié vit avec moins que <cela>")])
    ]
    described = [describe(fate) for fate in fates]
    return render_index(pays, "public", described, downloads, constats=constats, envoi="../essai.zip").decode()


def test_the_index_leads_to_every_page_that_stands_and_says_a_state_only_where_something_is_to_be_made_again(index):
    assert '<a href="quartiers/QP973001.html">Le Port</a>' in index
    assert '<a href="quartiers/QP973002.html">L’Étang</a>' in index
    assert 'href="quartiers/QP973003.html"' not in index
    assert "À jour" not in index
    assert "La dernière construction de cette page a échoué : cellule 3 : panne &lt;b&gt;." in index
    assert "Pas de page" in index
    assert "Depuis, il y a eu du nouveau : carnet modifié." in index


def test_the_index_can_be_filtered_by_city_and_read_without_scripts(index):
    assert '<option value="Saint-Éloi">Saint-Éloi</option>' in index
    assert 'data-v="Bourg-Neuf"' in index
    assert '<div class="filtre" hidden id="filtres">' in index  # shown by the script that makes it work


def test_the_index_keeps_the_contract_of_pages(index):
    assert check_page(index, [], 300_000) == []


def test_the_index_links_to_the_downloads_and_their_schemas(index):
    assert '<a href="donnees/indicateurs.csv" download>' in index
    assert 'href="donnees/indicateurs.schema.json"' in index


def test_the_editions_that_stand_are_listed_the_latest_first(pays, tmp_path):
    for name in ("autre", "essai", "2021-06"):
        (tmp_path / "out" / name).mkdir(parents=True)
        (tmp_path / "out" / name / "manifest.json").write_text("{}")
    write_editions(tmp_path / "out", pays)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert page.index("essai/index.html") < page.index("autre/index.html") < page.index("2021-06/index.html")
    assert ">Autre édition</a>" in page


def test_the_list_of_editions_says_at_which_step_each_is_handed_over(pays, tmp_path):
    first, *others = pays.editions
    step = Etape("copil", "Comité de pilotage", "2022-03")
    (tmp_path / first.id).mkdir()
    (tmp_path / first.id / "manifest.json").write_text("{}")
    write_editions(tmp_path, replace(pays, calendrier=(step,), editions=(replace(first, etape="copil"), *others)))
    assert "remise à l’étape «\u00a0Comité de pilotage\u00a0»" in unescape((tmp_path / "index.html").read_text("utf-8"))
    write_editions(tmp_path, replace(pays, calendrier=(), editions=(replace(first, etape=""), *others)))
    assert "étape" not in (tmp_path / "index.html").read_text("utf-8")


def test_a_csv_for_people_has_semicolons_a_decimal_comma_and_the_mark_of_utf_8():
    raw = to_french_csv(pd.DataFrame({"zone": ["QP1", "Île"], "valeur": [12.5, None]}))
    assert raw == "\ufeffzone;valeur\r\nQP1;12,5\r\nÎle;\r\n".encode()


def test_a_missing_value_keeps_its_reason_and_a_column_that_is_not_declared_is_not_published(pays, tmp_path):
    frame = pd.DataFrame(
        {
            "zone": ["QP973001"], "niveau": ["QPV"], "indicateur": ["taux_pauvrete"], "millesime": pd.array([None], dtype="Int16"),
            "publication": pd.array([2022], dtype="Int16"), "valeur": [float("nan")], "statut": ["secret"], "source": ["filosofi"],
            "fichier": ["insee/REVN_2022.csv"], "note": ["2"], "telephone": ["06"],
        }
    )  # fmt: skip
    (tmp_path / "processed").mkdir()
    frame.to_parquet(tmp_path / "processed" / "indicateurs.parquet")
    frame.to_parquet(tmp_path / "processed" / "secrets.parquet")
    written = write_downloads(tmp_path / "processed", pays)
    assert list(written) == ["donnees/indicateurs.csv", "donnees/indicateurs.schema.json"]
    header, line = written["donnees/indicateurs.csv"].decode("utf-8-sig").splitlines()
    assert line.startswith("QP973001;Le Port;QPV;taux_pauvrete;")
    assert ";;2022;;secret;filosofi;insee/REVN_2022.csv;2" in line
    assert "telephone" not in header
    schema = json.loads(written["donnees/indicateurs.schema.json"])
    assert [field["name"] for field in schema["fields"]] == header.split(";")


def test_only_anomalies_of_published_files_are_published():
    assert DECLARED["anomalies"]["seulement"] == {"fichier": "insee/"}


def test_a_schema_describes_each_column_in_french():
    declared = DECLARED["indicateurs"]
    fields = {field["name"]: field for field in table_schema("indicateurs", declared, declared["colonnes"])["fields"]}
    assert fields["valeur"]["decimalChar"] == ","
    assert "secret" in fields["statut"]["constraints"]["enum"]
    assert all(field["title"] for field in fields.values())


def test_an_index_is_the_same_whether_its_pages_were_just_built_or_not(pays, fates):
    made = []
    for status in ("built", "unchanged"):
        for fate in fates:
            fate.status = status
        made.append(render_index(pays, "public", [describe(fate) for fate in fates], []))
    assert made[0] == made[1]


def test_the_index_leads_back_to_the_editions_and_marks_the_downloads_of_invented_rows(pays, fates):
    invented = replace(pays, exemples=("actions/*", "engagements.csv"))
    names = [f"donnees/{name}.csv" for name in ("indicateurs", "actions", "engagements", "couverture", "constats")]
    page = render_index(invented, "public", [describe(fate) for fate in fates], names, envoi="../a.zip").decode()
    lines = {line.split('href="')[1].split('"')[0]: line for line in page.splitlines() if " download>" in line}
    marked = [name for name in names if 'class="ex"' in lines[name]]
    assert marked == ["donnees/actions.csv", "donnees/engagements.csv", "donnees/constats.csv"]
    assert '<a href="../index.html">Toutes les éditions</a>' in page


def test_the_index_opens_three_doors_and_leads_to_the_findings_by_their_titles(index):
    for door in ("élu ou élue", "habitez un quartier", "animez une réunion"):
        assert door in index
    assert 'href="../essai.zip" download' in index
    assert (
        '<a href="quartiers/QP973001.html#QP973001-revenus-01">La moitié vit avec moins que &lt;cela&gt;</a>' in index
    )


def test_the_index_speaks_of_what_changed_only_where_an_edition_comes_before(pays, fates):
    """`essai` is of December, `autre` of June: there is nothing before the first."""
    for edition, there in ((pays.edition, True), (next(e for e in pays.editions if e.id == "autre"), False)):
        page = render_index(
            replace(pays, edition=edition), "public", [describe(f) for f in fates], ["changements.html"]
        )
        assert (b'href="changements.html"' in page) is there, edition.id


def test_an_edition_in_one_file_has_the_same_bytes_whatever_the_order_and_the_day(pays):
    files = {"index.html": b"a", "quartiers/QP1.html": "é".encode()}
    one, other = pack(pays, files), pack(pays, dict(reversed(files.items())))
    assert one == other
    with zipfile.ZipFile(io.BytesIO(one)) as packed:
        assert packed.namelist() == [f"{pays.edition.id}/index.html", f"{pays.edition.id}/quartiers/QP1.html"]
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
