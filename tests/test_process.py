"""What is written is whole, the same for the same inputs, and says what was left out."""

import hashlib
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest

from cvanalysis.errors import CvanalysisError
from cvanalysis.indicateurs.clean.decode import lost_cells
from cvanalysis.tables.check import check
from cvanalysis.tables.process import clean_all, process, zones_of
from cvanalysis.territory.contract import read_territory

COLONNES = ["zone", "niveau", "indicateur", "millesime", "publication", "valeur", "statut", "source", "fichier", "note"]
STATUTS = {
    "publié",
    "non_diffusé",
    "secret",
    "non_significatif",
    "non_disponible",
    "sans_objet",
    "suspect",
    "masqué",
    "postérieur",
}


@pytest.fixture
def copie(brut, tmp_path) -> Path:
    """The default territory's folder with few of its files, to be spoilt."""
    shutil.copytree(brut, tmp_path / "raw")
    for path in (tmp_path / "raw" / "insee").iterdir():
        if not path.name.startswith(("DEMO_", "IPRO_")):
            path.unlink()
    for path in (tmp_path / "raw" / "paroles").iterdir():
        path.unlink()
    return tmp_path / "raw"


@pytest.fixture(scope="module")
def faites(brut, tmp_path_factory) -> tuple[Path, dict]:
    """The tables of the default territory, made once, and what `process` said of them."""
    folder = tmp_path_factory.mktemp("tables")
    return folder, process(read_territory(brut), folder)


@pytest.fixture(scope="module")
def rapport(brut):
    """What `check` says of the default territory."""
    return check(read_territory(brut))


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_same_inputs_give_the_same_bytes_in_another_folder(brut, faites, tmp_path):
    shutil.copytree(brut, tmp_path / "raw")
    process(read_territory(tmp_path / "raw"), tmp_path / "two")
    assert digests(faites[0]) == digests(tmp_path / "two")
    assert {"indicateurs.parquet", "anomalies.parquet"} <= set(digests(faites[0]))


def test_the_tidy_table_has_the_agreed_columns_and_one_row_per_value(brut, faites):
    territory, (folder, _) = read_territory(brut), faites
    table = pd.read_parquet(folder / "indicateurs.parquet")
    assert list(table.columns) == COLONNES
    assert (str(table["millesime"].dtype), str(table["publication"].dtype)) == ("Int16", "Int16")
    assert set(table["statut"]) <= STATUTS
    assert set(zip(table["zone"], table["niveau"], strict=True)) == zones_of(territory)
    assert not table.duplicated(["zone", "niveau", "indicateur", "millesime", "publication"]).any()
    order = ["zone", "indicateur", "millesime", "publication"]
    assert table[order].equals(table[order].sort_values(order, kind="stable", ignore_index=True))
    assert len(clean_all(territory).tables["indicateurs"]) == len(table)
    anomalies = pd.read_parquet(folder / "anomalies.parquet")
    assert list(anomalies.columns) == ["fichier", "ligne", "colonne", "brut", "probleme", "traitement"]
    assert str(anomalies["ligne"].dtype) == "Int32"


def test_nothing_written_holds_a_path_of_this_machine(copie, tmp_path):
    process(read_territory(copie), tmp_path / "out")
    assert str(tmp_path) not in (tmp_path / "out" / ".etat.json").read_text(encoding="utf-8")
    for path in (tmp_path / "out").glob("*.parquet"):
        table = pyarrow.parquet.read_table(path)
        assert str(tmp_path) not in str(table.schema.metadata)
        assert not any(str(tmp_path) in str(column) for column in table.to_pydict().values())


def test_the_sources_of_the_manifest_are_the_files_in_order(brut, faites, rapport):
    insee = [source for source in faites[1]["sources"] if source["fichier"].startswith("insee/")]
    assert [source["fichier"] for source in insee] == sorted(source["fichier"] for source in insee)
    by_name = {source["fichier"]: source for source in insee}
    assert by_name["insee/REVN_2022.csv"]["famille"] == "REVN"
    assert by_name["insee/REVN_2022.csv"]["millesime"] == 2022
    assert by_name["insee/filo_panel_qp_2012_2021.csv"]["millesime"] == "2012-2021"
    assert {source["statut"] for source in insee} == {"lu"}
    digest = hashlib.sha256((brut / "insee" / "REVN_2022.csv").read_bytes()).hexdigest()
    assert by_name["insee/REVN_2022.csv"]["sha256"] == digest
    assert not lost_cells(rapport.tables["comptes"]).any()


def test_a_file_that_cannot_be_read_is_left_out_and_named(copie, tmp_path):
    (copie / "insee" / "IPRO_2022.csv").write_bytes(b"%PDF-1.7 rapport")
    territory = read_territory(copie)
    done = process(territory, tmp_path / "out")
    assert [said.split("`")[1] for said in done["illisibles"]] == ["insee/IPRO_2022.csv"]
    table = pd.read_parquet(tmp_path / "out" / "indicateurs.parquet")
    assert not (table["fichier"] == "insee/IPRO_2022.csv").any()
    assert (table["fichier"] == "insee/IPRO_2019.csv").any()
    report = check(territory)
    assert report.status == 1
    assert "✗ insee/IPRO_2022.csv" in report.render()
    assert report.render().partition("✗ insee/IPRO_2022.csv")[2].count("est un PDF") == 1


def test_a_file_of_the_2024_geography_is_recognised_and_not_joined(copie, tmp_path):
    head, *rows = (copie / "insee" / "DEMO_2022.csv").read_text(encoding="utf-8-sig").splitlines()
    renewed = [f"QN044{i:02d}M{row[8:]}" for i, row in enumerate(rows)]
    total = f"Ensemble{rows[0][8:]}"
    (copie / "insee" / "DEMO_2024.csv").write_text("\n".join([head, *renewed, total]), encoding="utf-8")
    territory = read_territory(copie)
    process(territory, tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out" / "indicateurs.parquet")
    assert not table["zone"].str.startswith("QN").any()
    assert 2024 not in set(table["publication"])  # nor is its aggregate, of other perimeters
    said = check(territory).render()
    assert "géographie QN2024" in said
    assert "non jointes" in said


def test_a_table_that_cannot_be_written_leaves_the_former_ones(brut, faites, tmp_path, monkeypatch):
    shutil.copytree(faites[0], tmp_path, dirs_exist_ok=True)
    before = digests(tmp_path)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(CvanalysisError, match="n'ont pas pu être écrites"):
        process(read_territory(brut), tmp_path)
    assert digests(tmp_path) == before


def test_check_says_what_each_file_was_taken_for_and_prints_a_balanced_account(rapport):
    text = rapport.render()
    assert rapport.status == 0
    assert [line for line in text.split("\n") if line.startswith("✓ insee/REVN_2022.csv\u00a0: REVN")]
    assert "REVN (Revenus), millésime 2022 (dit par son nom), QPV, géographie QP2015" in text
    assert "zones du territoire\u00a0: 15 sur 15" in text
    assert "insee/DEMO_2017.csv, ligne 2, colonne A\u00a0: révision" in text
    assert "Le compte est juste" in text
    whole = rapport.render(detail=True)
    assert "    - ligne 2, colonne A\u00a0: révision" in whole
    assert whole.count("insee/REVN_2022.csv") > text.count("insee/REVN_2022.csv") >= 1
    assert len(text.split("\n")) < len(whole.split("\n")) / 2


def test_check_counts_the_rows_of_a_log_and_never_says_that_a_read_file_has_none(rapport):
    logs = [file for file in rapport.fichiers if file.fichier.startswith("actions/") and file.statut == "lu"]
    assert logs
    assert all(file.lignes for file in logs)
    assert any(len(file.trouvees) == 15 for file in logs)
    assert "\u00a0; 0 ligne" not in rapport.render()


def test_quarters_of_two_geographies_in_one_file_are_told(copie):
    path = copie / "insee" / "DEMO_2022.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join([*lines, f"QN04405M{lines[2][8:]}"]), encoding="utf-8")
    said = check(read_territory(copie)).render()
    assert (
        f"ligne {len(lines) + 1}, colonne CODGEO\u00a0: une ligne de quartier d'une autre géographie (codes QN…)"
        in said
    )


def test_check_names_the_zones_that_a_file_does_not_have_and_its_unknown_columns(copie):
    path = copie / "insee" / "DEMO_2022.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join([lines[0] + "NOUVEAUTE", *(f"{line}1" for line in lines[1:-1])]), encoding="utf-8")
    report = check(read_territory(copie))
    (file,) = [file for file in report.fichiers if file.fichier == "insee/DEMO_2022.csv"]
    assert len(file.manquantes) == 1
    assert file.inconnues == ("NOUVEAUTE",)
    assert "colonnes inconnues, non lues\u00a0: NOUVEAUTE" in report.render(detail=True)
    assert f"zones absentes\u00a0: {file.manquantes[0]}" in report.render(detail=True)


def test_the_invented_territory_is_read_without_a_line_of_python_changed(invente, tmp_path):
    territory = read_territory(invente)
    process(territory, tmp_path)
    assert not lost_cells(check(territory).tables["comptes"]).any()
    table = pd.read_parquet(tmp_path / "indicateurs.parquet")
    quarters = {quarter.code for quarter in territory.quartiers}
    assert quarters & set(table["zone"])
