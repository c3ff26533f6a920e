"""What people read outside the templates obeys the same rules: notebooks, texts of the territory, catalogue, sentences in the code."""

import ast
import json
import re

import pytest

from conftest import RACINE, our_notebooks
from cvanalysis.french import typeset

CARNETS = our_notebooks()
TEXTES = sorted((RACINE / "data" / "raw" / "textes").glob("*.md"))
CATALOGUE = sorted((RACINE / "cvanalysis" / "catalogue").glob("*.csv"))
CODE = sorted((RACINE / "cvanalysis").rglob("*.py"))

CAUSES = re.compile(
    r"gr[âa]ce (à|aux?)\b|à cause d|\b(a|ont) permis|\bpermet(tent)? d|entraîn|\ben raison d|\bdu fait d|\beffets? d|\bimpacts?\b"
    r"|parce qu|provoqu|résulte(nt)? d|conséquence|s[’']explique|a fait (baisser|augmenter|reculer)|améliore",
    re.IGNORECASE,
)


def spoken(carnet):
    """The lines of a notebook's Markdown cells."""
    cells = json.loads(carnet.read_text(encoding="utf-8"))["cells"]
    return [line for cell in cells if cell["cell_type"] == "markdown" for line in "".join(cell["source"]).splitlines()]


def sentences(module):
    """The strings of a module that are sentences of French, its docstrings (English) left out."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    words = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    documented = {ast.get_docstring(n, clean=False) for n in ast.walk(tree) if isinstance(n, ast.Module | ast.ClassDef)}
    documented |= {ast.get_docstring(n, clean=False) for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    return [text for text in words if text not in documented and " " in text]


@pytest.mark.parametrize("carnet", CARNETS, ids=lambda path: path.stem)
def test_a_notebook_speaks_with_the_typography_of_print(carnet):
    assert [line for line in spoken(carnet) if typeset(line) != line.strip()] == []


@pytest.mark.parametrize("path", [*CARNETS, *TEXTES, *CATALOGUE, *CODE], ids=lambda path: path.name)
def test_nothing_that_is_read_says_a_cause(path):
    read = {".ipynb": spoken, ".py": sentences}.get(path.suffix, lambda p: p.read_text(encoding="utf-8").splitlines())(
        path
    )
    assert [text for text in read if CAUSES.search(text)] == []


def test_the_search_for_causes_finds_one():
    assert CAUSES.search("La pauvreté recule grâce au contrat")
    assert CAUSES.search("ce que l’action a permis")
    assert not CAUSES.search("L’effectif est petit")
