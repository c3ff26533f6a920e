"""What the documentation promises is so: its tables are tables, its minimal contract opens, its recipes run."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import matplotlib as mpl
import nbformat
import pytest

from carnets import COMMUNES, QUARTIERS, RACINE, cva, territoire
from cvanalysis.cli import cli
from cvanalysis.dossier import ouvrir
from cvanalysis.errors import DeclarationError
from cvanalysis.territory.contract import read_territory
from cvanalysis.territory.look import PALETTE

DOCS = RACINE / "docs"
TOLD = "".join(path.read_text(encoding="utf-8") for path in (RACINE / "LISEZMOI.md", *sorted(DOCS.glob("*.md"))))
INTERNES = {"CVANALYSIS_ABSENTES", "CVANALYSIS_OUT", "CVANALYSIS_PROCESSED"}
"""Variables by which a build tells its children where they are: nobody sets them."""


def block(start):
    """The indented block of the documentation that starts with this line."""
    found = re.search(rf"^    {re.escape(start)}.*\n(?:(?:    .*)?\n)*", TOLD, re.MULTILINE)
    return textwrap.dedent(found[0]).strip() + "\n"


@pytest.mark.parametrize(
    "name",
    ["LISEZMOI.md", "README.md", "ARCHITECTURE.md", *(f"docs/{path.name}" for path in sorted(DOCS.glob("*.md")))],
)
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


def test_the_wide_file_of_the_documentation_is_read_as_it_is_declared(tmp_path):
    raw = territoire(tmp_path)
    starts = {
        "indicateurs": "id;nom;unite;source",
        "familles": "id;nom;signature",
        "colonnes/SPORT": "indicateur;note;",
        "annees": "famille;",
    }
    for name, start in starts.items():
        path = raw / "catalogue" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(block(start), encoding="utf-8")
    (raw / "insee" / "licences_2020.csv").write_text("QUARTIER;LIC_TAUX;LIC_CLUBS\nQP973001;11,5;3\n", encoding="utf-8")
    table = ouvrir(raw).indicateurs(indicateurs="licences_sport")
    assert table[["zone", "annee", "valeur"]].to_numpy().tolist() == [["QP973001", 2020, 11.5]]


def test_the_variables_of_the_documentation_are_those_of_the_code():
    code = "".join(path.read_text(encoding="utf-8") for path in (RACINE / "cvanalysis").rglob("*.py"))
    told = set(re.findall(r"^\| `(CVANALYSIS_\w+)` \|", TOLD, re.MULTILINE))
    assert told == set(re.findall(r"\bCVANALYSIS_[A-Z]+\b", code)) - INTERNES


def test_the_recipes_run_as_they_are_written(brut, tmp_path, monkeypatch):
    raw = tmp_path / "raw"
    shutil.copytree(brut, raw)
    monkeypatch.setenv("CVANALYSIS_DATA", str(raw))
    monkeypatch.chdir(tmp_path)
    told = (RACINE / "README.md").read_text(encoding="utf-8") + TOLD
    recipes = re.findall(r"^\S.*\n\n(    import cvanalysis as cv\n(?:(?:    .*)?\n)*)", told, re.MULTILINE)
    cells = 2  # of notebooks: the tests below make pages of them
    assert len(recipes) == told.count("\n\n    import cvanalysis as cv\n") - cells
    with mpl.rc_context():
        for recipe in recipes:
            exec(textwrap.dedent(recipe), {})
    assert (tmp_path / "revenus.png").is_file()


def notebook_of(start, pour, titre):
    """A notebook of the documentation, cell by cell, the one that begins with this line."""
    first, *cells = re.split(r"\n\n", block(start).strip())
    new = nbformat.v4
    notebook = new.new_notebook(metadata={"cvanalysis": {"pour": pour, "titre": titre}})
    notebook.cells = [new.new_code_cell(first, metadata={"tags": ["parameters"]})]
    for cell in cells:
        lines = [line.split("   ")[0] for line in cell.split("\n")]
        headings = [line for line in lines if line.startswith("#")]
        notebook.cells += [new.new_markdown_cell(line) for line in headings]
        notebook.cells.append(new.new_code_cell("\n".join(lines[len(headings) :])))
    return notebook


def test_the_notebooks_of_the_documentation_make_pages_with_their_sources(tmp_path):
    raw = territoire(tmp_path)
    for start, name in (("id;nom;unite;source", "indicateurs"), ("numero;genre;", "constats")):
        path = raw / "catalogue" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(block(start), encoding="utf-8")
    (raw / "insee" / "sport.csv").write_text(block("code;annee;indicateur;valeur"), encoding="utf-8")
    (tmp_path / "nb").mkdir()
    nbformat.write(notebook_of('qpv = "QP044005"', "quartier", "Le sport"), tmp_path / "nb" / "sport.ipynb")
    nbformat.write(notebook_of('theme = "associations"', "theme", "Le sport"), tmp_path / "nb" / "club.ipynb")
    asked = ("--only", "QP973001-sport", "--only", "associations-club")
    done = cva("build", "--data", raw, "--out", "out", *asked, cwd=tmp_path, notebooks=tmp_path / "nb")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "essai" / "quartiers" / "QP973001-sport.html").read_text(encoding="utf-8")
    assert "Ville, service des sports" in page
    assert "Barres : les licences sportives" in page.replace("\xa0", " ")
    assert ">12,5</td>" in page
    assert "associations-actions-01" in (tmp_path / "out" / "essai" / "themes" / "associations-club.html").read_text(
        encoding="utf-8"
    )


MINIMAL = """[territoire]\nid="a"\nnom="A"\nepci="249799990"\ngeographie="QP2015"\n[contrat]\nnom="C"\ncode="C"\ndebut=2015\nfin=2022
edition="e"\n[[editions]]\nid="e"\nnom="E"\njusqu_au=2022-12-15\n"""


def test_the_documentation_is_a_site_without_a_broken_link(tmp_path):
    done = subprocess.run(
        [Path(sys.executable).parent / "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=RACINE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.stem for path in DOCS.glob("*.md")} == {path.stem for path in tmp_path.glob("site/*.html")} - {"404"}


def test_each_command_is_told_with_all_its_options():
    told = {
        name: set(re.findall(r"`(--[\w-]+)`", options))
        for name, options in re.findall(
            r"^\| `cvanalysis (\w+)[^`]*` \|[^|]*\|([^|]*)\|$", page("commandes"), re.MULTILINE
        )
    }
    assert told == {
        name: {option for one in command.params for option in one.opts if option.startswith("--")}
        - {"--debug", "--help"}
        for name, command in cli.commands.items()
    }


def test_each_target_of_make_is_told():
    targets = set(
        re.findall(r"^\.PHONY: (.*)$", (RACINE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[0].split()
    )
    told = set(re.findall(r"^\| `make (\w+)` \|", page("commandes"), re.MULTILINE))
    assert told == targets - {"slow", "constraints", "distclean"}  # for who works on the project itself


@pytest.mark.parametrize(
    "section", ["territoire", "contrat", "editions", "calendrier", "exemples", "seuils", "palette", "mise_en_page"]
)
def test_the_keys_of_the_contract_are_told_and_no_other(tmp_path, section):
    (tmp_path / "contrat.toml").write_text(
        f"{MINIMAL}{'' if f'[{section}]' in MINIMAL else head(section)}", encoding="utf-8"
    )
    text = (tmp_path / "contrat.toml").read_text(encoding="utf-8")
    (tmp_path / "contrat.toml").write_text(re.sub(rf"(\[+{section}\]+\n)", r"\1inconnue = 1\n", text), encoding="utf-8")
    with pytest.raises(DeclarationError) as refused:
        read_territory(tmp_path)
    known = next(one.attendu for one in refused.value.problems if one.colonne == "inconnue")
    told = re.findall(rf"^\| `{section}\.(\w+)` \|", page("contrat"), re.MULTILINE)
    assert set(re.findall(r"\w+", known.split(":")[1])) == (set(PALETTE) if told == ["ROLE"] else set(told))


def head(section):
    return f"[[{section}]]\n" if section in ("calendrier", "exemples") else f"[{section}]\n"


def page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")
