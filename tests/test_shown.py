"""Names of files and sheets, and what the team declares: no person in them reaches a table, no control character a terminal.

All persons are invented.
"""

import csv

import openpyxl
import pandas as pd
import pytest

from cvanalysis.tables.check import check
from cvanalysis.tables.process import process
from cvanalysis.tables.shown import names_of
from cvanalysis.territory.contract import read_territory
from hostiles import ACTIONS, ground

LIGNE = "R{};2021;Atelier {};Asso X;;Les associations;;QP973001;Ville;droit commun;1000;900;900;accordée;12\n"
JOINDRE = "chez Mme Zdupont, 06 39 98 12 34, zmail@exemple.fr, 1 85 05 78 006 084 36"
SECRETS = ("Zdupont", "Zmartin", "Zonglet", "06 39 98 12 34", "zmail", "1 85 05 78 006 084 36")


@pytest.fixture
def raw(tmp_path):
    return ground(tmp_path)


def written(raw, tmp_path, audience="public"):
    """Every cell of every table, and what is said of the sources."""
    done = process(read_territory(raw), tmp_path / "tables", audience)
    tables = {path.stem: pd.read_parquet(path) for path in (tmp_path / "tables").glob("*.parquet")}
    return tables, "\n".join([*(table.to_csv() for table in tables.values()), str(done["sources"])])


@pytest.mark.parametrize("audience", ["public", "equipe"])
def test_no_person_in_the_name_of_a_file_or_sheet_is_in_a_table_and_their_lines_stay_apart(raw, tmp_path, audience):
    for i, name in enumerate(("Bilan_Mme_Zdupont.csv", "Bilan Mme Zmartin.csv", "06 39 98 12 34.csv")):
        (raw / "actions" / name).write_text(f"{ACTIONS}\n{LIGNE.format(i, i)}", encoding="utf-8")
    book = openpyxl.Workbook()
    for i, sheet in enumerate((book.active, book.create_sheet())):
        sheet.title = f"Mme Zonglet{'ab'[i]}"
        for line in (ACTIONS, LIGNE.format(i + 5, f"du {i}").strip()):
            sheet.append(line.split(";"))
    book.save(raw / "actions" / "classeur.xlsx")
    (raw / "photo Mme Zmartin.png").write_bytes(b"x")
    tables, all_of_it = written(raw, tmp_path, audience)
    assert [secret for secret in SECRETS if secret in all_of_it] == []
    lines = tables["actions"][["source", "feuille", "ligne"]].drop_duplicates()
    assert len(lines) == 1 + 3 + 2
    assert {"actions/Bilan [nom].csv", "actions/Bilan [nom] (2).csv"} <= set(lines["source"])


def test_two_names_masked_alike_are_numbered_before_their_suffix():
    assert names_of(["b/M. A.csv", "b/M. B.csv", "c.csv"], lambda name: "b/[nom].csv" if "M." in name else name) == {
        "b/M. A.csv": "b/[nom].csv",
        "b/M. B.csv": "b/[nom] (2).csv",
        "c.csv": "c.csv",
    }


def test_what_the_team_declares_for_everyone_gives_no_person(raw, tmp_path):
    declared = {
        "chronologie.csv": {"date": "2014-02-21", "evenement": f"Loi, {JOINDRE}", "source": f"Vu par {JOINDRE}"},
        "paroles/instances.csv": {"date": "2015-07-03", "instance": f"Comité {JOINDRE}", "detail": JOINDRE},
        "paroles/codes.csv": {"code": "salle", "nom": f"La salle {JOINDRE}", "theme": "associations", "tonalite": ""},
        "preconisations.csv": {"id": "R1", "theme": "associations"}
        | dict.fromkeys(("question", "preconisation", "qui", "echeance", "suivi"), f"Voir {JOINDRE}"),
        "partenaires.csv": {"id": "p1", "nom": f"Partenaire {JOINDRE}", "college": "villes", "note": JOINDRE},
    }
    for name, row in declared.items():
        with (raw / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, row, delimiter=";")
            writer.writeheader()
            writer.writerow(row)
    tables, _ = written(raw, tmp_path)
    for name in ("chronologie", "instances", "preconisations"):
        told = tables[name].to_csv()
        assert len(tables[name]), name
        assert [secret for secret in SECRETS if secret in told] == [], name
    assert [secret for secret in SECRETS if secret in tables["partenaires"]["nom"][0]] == []


@pytest.mark.parametrize("name", ["a\n✓ faux.csv", "a\x1b[2Jb.csv", "a\u202evsc.csv"])
@pytest.mark.parametrize("folder", ["insee", "actions", "paroles", "ailleurs"])
def test_a_name_neither_steers_the_terminal_nor_speaks_in_the_program_s_place(raw, folder, name):
    (raw / folder).mkdir(exist_ok=True)
    (raw / folder / name).write_text("x;y\n1;2\n")
    told = check(read_territory(raw)).render()
    assert f"{folder}/{name.encode('unicode_escape').decode() if name.isascii() else ''}" in told
    assert not {"\x1b", "\u202e"} & set(told)
    assert "✓ faux.csv" not in [line.strip() for line in told.splitlines()]


def test_a_link_to_a_folder_is_named_since_nothing_behind_it_is_read(raw, tmp_path):
    (tmp_path / "partage").mkdir()
    (tmp_path / "partage" / "REVN_2021.csv").write_text("x")
    (raw / "insee" / "partage").symlink_to(tmp_path / "partage")
    told = check(read_territory(raw))
    assert told.status == 1
    assert "✗ insee/partage\u00a0: laissé de côté\u00a0: lien vers un dossier" in told.render()
