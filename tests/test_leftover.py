"""Nothing vanishes: each file under the data folder is read, or named by `check` and by the table of files, with what to do."""

import errno
import io
import unicodedata
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from cvanalysis.catalogue import load_catalogue
from cvanalysis.cli import run as main
from cvanalysis.errors import DeclarationError
from cvanalysis.pages.qualite import Qualite
from cvanalysis.tables.check import check
from cvanalysis.tables.models import columns_of, write_model
from cvanalysis.tables.process import clean_actions, process
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import read_territory
from test_actions_territory import FICHIERS, write_contract

TABLE = b"a;b\n1;2\n"
STRAY = {
    "indicateurs/x.csv": "Déplacez-le dans insee/",
    "essai.xlsx": "Déplacez-le dans insee/",
    "geo/ancien/contours.geojson": "Mettez-le dans geo/",
    "partenaires.xlsx": "sous le nom partenaires.csv",
    "paroles/notes.txt": "une ligne du modèle",
    "textes/theme-inconnu.md": "themes.csv",
    "logo.png": "rien ne s'en sert",
    "actions/affiche.pdf": "rien ne s'en sert",
    "vieux/brouillon.docx": "rien ne s'en sert",
    "geo/quartiers.shp": "exportez-les en GeoJSON",
}
QUIET = (".DS_Store", "actions/~$journal.xlsx", "insee/Thumbs.db", "insee/LISEZMOI.md", "LISEZMOI.md")
READ = ("textes/presentation.md", "textes/theme-lecture.md", "decisions.csv")


@pytest.fixture
def strewn(tmp_path):
    empty = {"decisions.csv": "genre;a;b;decision\n"}
    return write_contract(tmp_path / "raw", {**dict.fromkeys([*STRAY, *QUIET, *READ], TABLE), **empty}, contrat="")


def test_each_file_that_nobody_reads_is_named_with_what_to_do_by_check_and_in_the_table_of_files(strewn, tmp_path):
    told = check(strewn).render()
    process(strewn, tmp_path / "out", "equipe")
    known = set(pd.read_parquet(tmp_path / "out" / "fichiers.parquet")["fichier"])
    for name, todo in STRAY.items():
        block = " ".join(line for line in told.split("\n") if f" {name}\u00a0: " in line)
        assert todo in block, name
        assert name in known
    assert "Tous les fichiers ont pu être lus" not in told
    assert [name for name in (*READ, *FICHIERS) if f"- {name}\u00a0: " in told or f"✗ {name}\u00a0: " in told] == []


def test_the_quality_page_says_of_each_why_it_gave_nothing(strewn, tmp_path):
    process(strewn, tmp_path / "out")
    told = " ".join(Qualite(Store(tmp_path / "out", strewn), strewn, load_catalogue()).constat("fichiers-01").manques)
    assert "logo.png n'a donné aucune valeur\u00a0: ni tableau" in told
    assert "indicateurs/x.csv n'a donné aucune valeur\u00a0: tableau à un endroit" in told


def test_what_a_machine_or_a_notice_leaves_is_told_in_one_line_and_on_no_page(strewn, tmp_path):
    (line,) = [line for line in check(strewn).render().splitlines() if QUIET[0] in line]
    assert all(name in line for name in QUIET)
    process(strewn, tmp_path / "out")
    assert not set(QUIET) & set(pd.read_parquet(tmp_path / "out" / "fichiers.parquet")["fichier"])


def test_a_table_where_nobody_reads_is_data_left_out_and_a_picture_is_not(tmp_path):
    alone = write_contract(tmp_path / "a", contrat="")
    assert (check(alone).status, check(alone).render().splitlines()[-1]) == (
        0,
        "Aucun fichier de données n'a été trouvé.",
    )
    picture = check(write_contract(tmp_path / "b", {"logo.png": b"\x89PNG"}, contrat=""))
    assert (picture.status, "laissés de côté\u00a0: logo.png" in picture.render()) == (0, True)
    table = check(write_contract(tmp_path / "c", {"indicateurs/x.csv": TABLE}, contrat=""))
    assert (table.status, "1 fichier laissé de côté\u00a0: indicateurs/x.csv" in table.render()) == (1, True)


def test_many_stray_files_of_one_folder_are_told_together(tmp_path):
    many = {f"photos/{i}.jpg": b"x" for i in range(300)}
    told = check(write_contract(tmp_path, many, contrat="")).render()
    assert "photos/\u00a0: laissé de côté\u00a0: 300 fichiers" in told
    assert "photos/7.jpg" not in told


def fill(territory, *rows: dict) -> bytes:
    """Our own model, filled as a person does."""
    book = openpyxl.load_workbook(io.BytesIO(write_model("engagements", territory)["engagements.xlsx"]))
    sheet = book["engagements"]
    titles = [column.nom for column in columns_of("engagements", territory)]
    for line, row in enumerate(rows, start=2):
        for name, value in row.items():
            sheet.cell(line, titles.index(name) + 1, value)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


ENGAGEMENT = {
    "code": "E1",
    "libelle": "Lire à deux",
    "pilier": "social",
    "theme": "lecture",
    "pilote": "livres",
    "quartiers": "tous",
    "avancement": "partiel",
    "date_preuve": datetime.fromisoformat("2022-03-01"),
    "appreciation_assos": "mitigé",
}


def test_our_model_of_engagements_is_read_as_it_was_filled(tmp_path):
    empty = write_contract(tmp_path, contrat="")
    (tmp_path / "engagements.xlsx").write_bytes(fill(empty, ENGAGEMENT))
    (row,) = clean_actions(empty).engagements.to_dict("records")
    assert {**ENGAGEMENT, "date_preuve": "2022-03-01", "quartiers": "QP099001|QP099002|QP099003"}.items() <= row.items()
    assert "engagements.xlsx" not in check(empty).render()


def test_a_workbook_of_engagements_that_is_wrong_is_refused_where_it_is_wrong(tmp_path):
    empty = write_contract(tmp_path, contrat="")
    (tmp_path / "engagements.xlsx").write_bytes(fill(empty, ENGAGEMENT, ENGAGEMENT | {"code": "E2", "pilier": "autre"}))
    with pytest.raises(DeclarationError) as refused:
        clean_actions(empty)
    assert [(p.fichier, p.ligne, p.colonne) for p in refused.value.problems] == [("engagements.xlsx", 3, "pilier")]


def test_a_workbook_of_engagements_that_cannot_be_read_is_left_out_and_named_and_the_rest_is_told(tmp_path):
    territory = write_contract(
        tmp_path, {"insee/notes.csv": "a;b\n1;2\n", "engagements.xlsx": b"PK\x03\x04"}, contrat=""
    )
    report = check(territory)
    told = report.render()
    assert report.status == 1
    assert "✗ engagements.xlsx\u00a0: laissé de côté\u00a0: le classeur est incomplet ou abîmé." in told
    assert "insee/notes.csv" in told
    assert clean_actions(territory).engagements.empty


def test_wrong_engagements_are_told_first_and_hide_nothing_of_the_other_files(tmp_path, capsys):
    wrong = "code;libelle;pilier\nE9;Courir;inconnu\n"
    territory = write_contract(tmp_path, {"insee/notes.csv": "a;b\n1;2\n", "engagements.csv": wrong}, contrat="")
    report = check(territory)
    told = report.render()
    assert report.status == 2
    assert str(report.declarations[0]).startswith("`engagements.csv`, ligne 2, colonne `pilier`")
    assert "insee/notes.csv" in told
    assert told.splitlines()[-1].endswith("rien n'est construit tant qu'il en reste.")
    assert main(["check", "--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("1 problème dans les déclarations :\n- `engagements.csv`, ligne 2")


def test_of_two_files_of_engagements_the_csv_is_read_and_the_other_is_named(tmp_path):
    csv = "code;libelle;pilier\nE9;Courir;social\n"
    territory = write_contract(tmp_path, {"engagements.csv": csv, "engagements.xlsx": b"x"}, contrat="")
    assert list(clean_actions(territory).engagements["code"]) == ["E9"]
    assert "engagements.csv est lu à sa place" in check(territory).render()


@pytest.mark.parametrize(
    ("declared", "where"),
    [
        ('\n[[actions]]\nfichier = "actions/absent_*.xlsx"\n[actions.colonnes]\n"A" = "action"\n', "contrat.toml"),
        ('\n[[exemples]]\nfichiers = "actions/absent_*.xlsx"\n', "contrat.toml"),
        ("", "insee/millesimes.csv"),
    ],
)
def test_a_declared_file_that_is_absent_is_said(tmp_path, declared, where):
    files = {"insee/millesimes.csv": "fichier;millesime\nactions/absent_*.xlsx;2019\n"} if not declared else {}
    told = check(write_contract(tmp_path, files, contrat=declared)).render(detail=True)
    assert f"! {where}\n" in told
    assert "absent_*.xlsx" in told.split(f"! {where}\n")[1]


SCDL = "nomAttribuant;referenceDecision;nomBeneficiaire;objet;montant\nEssai;D1;Chorale;Chanter;10\n"


@pytest.mark.parametrize("others", [{}, {"actions/scdl.csv": SCDL}])
def test_without_any_statistics_each_finding_on_quality_has_a_picture_and_a_table_or_says_why_not(tmp_path, others):
    territory = write_contract(tmp_path / "raw", others, contrat="")
    process(territory, tmp_path / "out")
    for finding in Qualite(Store(tmp_path / "out", territory), territory, load_catalogue()).constats:
        assert (finding.figure is None) == (finding.table is None), finding.id
        assert finding.figure is not None or finding.manques, finding.id


@pytest.mark.parametrize(
    ("fichier", "said"),
    [
        ("textes/INTRO.MD", "seuls les fichiers de textes/ même, en .md ou .toml, sont lus"),
        ("textes/ancien/intro.md", "seuls les fichiers de textes/ même"),
        ("geo/ancien/x.geojson", "seuls les fichiers de geo/ même, en .geojson, sont lus"),
        ("paroles", "un fichier est là où un dossier est attendu"),
        ("__MACOSX/x.csv", "que personne ne lit\u00a0: __MACOSX/x.csv"),
    ],
)
def test_a_file_that_is_nearly_where_it_is_read_is_named_with_what_to_do(tmp_path, fichier, said):
    assert said in check(write_contract(tmp_path, {fichier: "x"}, contrat="")).render()


def test_a_contour_is_read_whatever_the_case_of_its_suffix(tmp_path):
    told = check(write_contract(tmp_path, {"geo/Q.GEOJSON": "{}"}, contrat="")).render()
    assert "geo/Q.GEOJSON\u00a0: il n'a pas de liste « features »" in told


def test_a_name_whose_accents_stand_apart_is_that_which_a_person_declares(tmp_path):
    name = "actions/été.csv"
    declared = f'[[actions]]\nfichier = "{name}"\n[actions.colonnes]\n"Quoi" = "action"\n"Qui" = "porteur"\n"Combien" = "accorde"\n'
    log = "Quoi;Qui;Combien\nChanter;Chorale;100\n"
    territory = write_contract(tmp_path, {unicodedata.normalize("NFD", name): log}, contrat=declared)
    report = check(territory)
    assert report.status == 0, report.render()
    assert list(clean_actions(territory).actions["source"].unique()) == [name]
    (tmp_path / "contrat.toml").write_text((tmp_path / "contrat.toml").read_text().split("[[actions]]")[0])
    assert f'fichier = "{name}"' in check(read_territory(tmp_path)).render()  # the proposal, ready to paste


def test_a_folder_that_does_not_open_is_named(tmp_path, monkeypatch):
    territory = write_contract(tmp_path, {"insee/ferme/x.csv": "a;b\n1;2\n"}, contrat="")
    monkeypatch.setattr("cvanalysis.tables.leftover.os.access", lambda path, _rights: path.name != "ferme")
    report = check(territory)
    assert report.status == 1
    assert "- insee/ferme\u00a0: dossier qui ne s'ouvre pas (l'accès est refusé). Rendez-le lisible." in report.render()


def test_a_declaration_that_does_not_open_is_a_problem_of_the_declarations(tmp_path, monkeypatch):
    write_contract(tmp_path, contrat="")
    read = Path.read_bytes

    def refuse(path):
        if path.name == "themes.csv":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DeclarationError, match=r"themes\.csv.*l'accès est refusé"):
        read_territory(tmp_path)
