"""What the documentation promises is so: its tables are tables, its minimal contract opens, its recipes run."""

from __future__ import annotations

import re
import textwrap

import pytest

from carnets import COMMUNES, QUARTIERS, RACINE
from cvanalysis.territory.contract import read_territory

LISEZMOI = (RACINE / "LISEZMOI.md").read_text(encoding="utf-8")
INTERNES = {"CVANALYSIS_PROCESSED", "CVANALYSIS_OUT"}
"""Variables by which a build tells its children where they are: nobody sets them."""


def block(start):
    """The indented block of the documentation that starts with this line."""
    found = re.search(rf"^    {re.escape(start)}.*\n(?:(?:    .*)?\n)*", LISEZMOI, re.MULTILINE)
    return textwrap.dedent(found[0]).strip() + "\n"


@pytest.mark.parametrize("name", ["LISEZMOI.md", "README.md", "ARCHITECTURE.md"])
def test_each_line_of_a_table_stands_under_its_head_with_as_many_cells(name):
    lines = (RACINE / name).read_text(encoding="utf-8").split("\n")
    for i, line in enumerate(lines):
        if line.startswith("|") and not lines[i - 1].startswith("|"):
            assert re.fullmatch(r"\|(-+\|)+", lines[i + 1]), line
        elif line.startswith("|") and not line.startswith("|-"):
            assert line.count("|") == lines[i - 1].count("|"), line


def test_the_minimal_contract_opens_with_headers_alone_where_it_says_so(tmp_path):
    headers = {
        "themes": "id;nom;question",
        "piliers": "id;nom",
        "colleges": "id;nom",
        "comparateurs": "zone;niveau;nom",
    }
    (tmp_path / "contrat.toml").write_text(block("[territoire]"), encoding="utf-8")
    (tmp_path / "quartiers.csv").write_text(QUARTIERS, encoding="utf-8")
    (tmp_path / "communes.csv").write_text(COMMUNES, encoding="utf-8")
    for name, header in headers.items():
        (tmp_path / f"{name}.csv").write_text(f"{header}\n", encoding="utf-8")
    territory = read_territory(tmp_path)
    assert territory.nom == "Mon Pays"
    assert territory.comparateurs  # the usual ones


def test_the_indicator_of_the_documentation_is_accepted_as_it_is_written(tmp_path):
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "indicateurs.csv").write_text(block("id;nom;unite;source"), encoding="utf-8")
    (tmp_path / "catalogue" / "constats.csv").write_text(block("numero;genre;"), encoding="utf-8")
    test_the_minimal_contract_opens_with_headers_alone_where_it_says_so(tmp_path)
    assert dict(read_territory(tmp_path).ajouts).keys() >= {"indicateurs.csv", "constats.csv", "sources.csv"}


def test_the_variables_of_the_documentation_are_those_of_the_code():
    code = "".join(path.read_text(encoding="utf-8") for path in (RACINE / "cvanalysis").rglob("*.py"))
    told = set(re.findall(r"^\| `(CVANALYSIS_\w+)` \|", LISEZMOI, re.MULTILINE))
    assert told == set(re.findall(r"\bCVANALYSIS_[A-Z]+\b", code)) - INTERNES


def test_the_recipes_run_as_they_are_written(brut, tmp_path, monkeypatch):
    import shutil

    raw = tmp_path / "raw"
    shutil.copytree(brut, raw)
    monkeypatch.setenv("CVANALYSIS_DATA", str(raw))
    exec(block("import cvanalysis as cv"), {})
