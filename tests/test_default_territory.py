"""The default territory holds the published figures and nothing else, in files laid out as INSEE lays them out."""

import csv
import importlib.util
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from conftest import RACINE
from cvanalysis.territory.contract import read_territory

Valeurs = dict[tuple[str, str], str]
LABELS = {"CODGEO", "LIBGEO", "LIB_COM"}


@pytest.fixture(scope="module")
def rekey():
    """`data/rekey_insee.py`, the script that made the files."""
    spec = importlib.util.spec_from_file_location("rekey_insee", RACINE / "data" / "rekey_insee.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(cell: object) -> str:
    """A raw figure without spaces, its decimal sign a point, so that `1 234,50` and 1234.5 are the same number."""
    text = "" if cell is None else str(cell).translate({0x202F: None, 0xA0: None, 0x20: None}).replace(",", ".")
    return str(Decimal(text).normalize()) if text else ""


def cells_of_csv(path: Path) -> Iterator[tuple[str, str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as f:
        header, *body = list(csv.reader(f, delimiter=";"))
    for row in body:
        for name, cell in zip(header[1:], row[1:], strict=True):
            if name and name not in LABELS:
                yield row[0], name.strip(), plain(cell)
            elif not name:
                assert cell == ""


def cells_of_workbook(path: Path) -> Iterator[tuple[str, str, str]]:
    for sheet in openpyxl.load_workbook(path):
        rows = list(sheet.iter_rows(values_only=True))
        header = next((r for r in rows if r[0] == "CODGEO" and len(r) > 2), None)
        if header is None:
            continue
        for row in rows[rows.index(header) + 1 :]:
            if row[0] != "Code du quartier":
                for name, cell in zip(header[1:], row[1:], strict=True):
                    if name not in LABELS:
                        yield row[0], name.strip(), plain(cell)


def written(folder: Path) -> dict[str, Valeurs]:
    """File → (zone, column) → figure."""
    readers = {".csv": cells_of_csv, ".xlsx": cells_of_workbook}
    return {
        path.name: {(zone, column): value for zone, column, value in readers[path.suffix](path)}
        for path in sorted(folder.iterdir())
        if path.suffix in readers and path.name != "millesimes.csv" and not path.name.startswith("REPERES")
    }


def expected(facts: Path) -> dict[str, Valeurs]:
    """The same from the facts, by the file that must hold them."""
    levels = {"EPCI": "EPCI", "COMMUNE": "COM", "DEPARTEMENT": "DEP", "REGION": "REG", "FRANCE_METRO": "METROPOLE"}
    native = {("DEMO", "2021"), ("IPRO", "2020"), ("IPRO", "2021"), ("REVN", "2021")}
    tables: dict[str, Valeurs] = {}
    with (facts / "nantes_indicateurs.csv").open(encoding="utf-8-sig", newline="") as f:
        for r in csv.DictReader(f, delimiter=";"):
            famille, annee, variable = r["famille"], r["annee_fichier"], r["variable"]
            if famille == "FILO":
                name = f"data_filo{annee}_qp_revdis.csv"
            elif famille == "FILO_PANEL":
                name, variable = "filo_panel_qp_2012_2021.csv", f"{variable}_A{annee[2:]}"
            elif famille == "FILO_DISP":
                workbook = annee in ("2016", "2018") and r["niveau"] != "COMMUNE"
                name = f"FILO{annee}_DISP_{levels[r['niveau']]}.{'xlsx' if workbook else 'csv'}"
            elif famille == "FILO_DISP_PAUVRES":
                name = "FILO2018_DISP_Pauvres_COM.csv"
            elif (famille, annee) in native:
                name = f"data_{famille}_{annee}_V1_QP.csv"
            else:
                name = f"{famille}_{annee}.{'xlsx' if annee == '2018' else 'csv'}"
            tables.setdefault(name, {})[r["zone"], variable] = plain(r["valeur"])
    return tables


def test_each_published_figure_stands_in_its_file_and_no_other_does(facts, brut):
    found, wanted = written(brut / "insee"), expected(facts)
    assert found.keys() == wanted.keys()
    for name, figures in wanted.items():
        filled = {place: value for place, value in found[name].items() if value}
        assert filled == {place: value for place, value in figures.items() if value}, name
        assert figures.keys() <= found[name].keys(), name


def test_writing_the_files_again_from_the_facts_changes_nothing(facts, brut, tmp_path, rekey):
    rekey.rekey(facts, tmp_path)
    again = written(tmp_path)
    assert again == written(brut / "insee")
    for path in tmp_path.glob("*.csv"):
        assert path.read_bytes() == (brut / "insee" / path.name).read_bytes(), path.name


def test_the_files_have_the_layouts_of_the_published_ones(brut):
    def head(name: str) -> bytes:
        return (brut / "insee" / name).read_bytes()

    assert head("REVN_2022.csv").startswith(b"\xef\xbb\xbfCODGEO;LIBGEO;")
    assert head("REVN_2022.csv").split(b"\r\n")[0].endswith(b";" * 993)
    assert "16\u202f918".encode() in head("DEMO_2017.csv")
    assert b"EVOL_CA_N_E ;" in head("IPRO_2022.csv")
    assert head("data_DEMO_2021_V1_QP.csv").startswith(b'"CODGEO";"POP_MUN"')
    assert head("data_filo16_qp_revdis.csv").startswith(b"codgeo;disp_q1_a16")
    assert "10\u00a0".encode() in head("data_filo19_qp_revdis.csv")
    assert b"0.217" in head("FILO2018_DISP_Pauvres_COM.csv")
    assert openpyxl.load_workbook(brut / "insee" / "DEMO_2018.xlsx").sheetnames == ["Documentation", "Quartiers"]


def test_the_declared_quarters_are_those_of_the_facts(facts, brut):
    territory = read_territory(brut)
    names = {c.nom: c.code for c in territory.communes}
    with (facts / "nantes_quartiers.csv").open(encoding="utf-8-sig", newline="") as f:
        wanted = [
            (r["code"], r["nom"], tuple(names[n.strip()] for n in r["communes"].split(",")))
            for r in csv.DictReader(f, delimiter=";")
        ]
    assert [(q.code, q.nom, q.communes) for q in territory.quartiers] == wanted


def test_the_default_territory_is_sound_in_each_of_its_editions(brut):
    territory = read_territory(brut)
    assert len(territory.editions) >= 2
    for edition in territory.editions:
        assert read_territory(brut, edition.id).edition == edition
    assert territory.edition == territory.editions[-1]
    assert {t.id for t in territory.themes} == {"associations", "scolarite", "aller-vers"}
    assert all((brut / "textes" / f"theme-{t.id}.md").is_file() for t in territory.themes)


def test_a_quarter_is_compared_with_its_own_communes_first(brut):
    territory = read_territory(brut)
    for quartier in territory.quartiers:
        compared = territory.compares(quartier.code)
        communes = [c.zone for c in compared if c.niveau == "COMMUNE"]
        assert tuple(communes) == quartier.communes
        assert [c.niveau for c in compared[len(communes) :]] == [
            "EPCI", "FRANCE_QPV", "DEPARTEMENT", "REGION", "FRANCE_METRO",
        ]  # fmt: skip


def test_the_invented_territory_is_sound_and_awkward(invente):
    territory = read_territory(invente)
    assert len(territory.quartiers) == 40
    assert max(len(q.nom) for q in territory.quartiers) > 150
    assert any(len(q.communes) == 2 for q in territory.quartiers)
    assert len({q.nom for q in territory.quartiers}) < 40  # some share a name
    acted = (invente / "actions" / "qpv_lieu_action.csv").read_text(encoding="utf-8-sig")
    assert sum(q.code not in acted for q in territory.quartiers) == 1
