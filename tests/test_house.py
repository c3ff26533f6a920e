"""The house keeps its own rules: style, one-way imports, thin notebooks, no territory in the code, no machine in the files."""

import ast
import graphlib
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import get_args

import pytest

from conftest import RACINE, our_notebooks, shared
from cvanalysis.constat.shape import Genre
from cvanalysis.display import figures
from cvanalysis.territory.contract import read_territory
from cvanalysis.textes import block

BIN = Path(sys.executable).parent
CARNETS = our_notebooks()
PAQUET = RACINE / "cvanalysis"
SANS_TERRITOIRE = sorted(
    [*CARNETS, *(p for p in PAQUET.rglob("*") if p.suffix in (".py", ".toml", ".j2", ".html", ".css"))]
)


def run(*command: str) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=RACINE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def kept_files() -> list[Path]:
    """Files that the project keeps: those git follows or would, else (no git, no checkout) all but what is rebuilt."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=RACINE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        return [path for name in listed.stdout.split("\0") if name and (path := RACINE / name).is_file()]
    left_out = {".venv", ".git", "__pycache__", "processed", "reports", ".pytest_cache", ".ruff_cache", ".hypothesis"}
    return [p for p in RACINE.rglob("*") if p.is_file() and not left_out & set(p.relative_to(RACINE).parts)]


def test_ruff_has_nothing_to_say():
    run("ruff", "check", "--quiet", "--no-cache", ".")


def test_the_code_is_formatted():
    run("ruff", "format", "--check", "--quiet", "--no-cache", ".")


def test_imports_run_one_way():
    run("lint-imports", "--no-cache")


def test_the_import_contract_can_fail(tmp_path):
    """A house whose errors import its command line breaks the contract: the check above checks something."""
    package = tmp_path / "cvanalysis"
    package.mkdir()
    config = (RACINE / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.search(r"layers = \[(.*?)\]", config, re.DOTALL)[1]
    for name in re.findall(r"cvanalysis\.(\w+)", layers):
        (package / f"{name}.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "errors.py").write_text("def late():\n    from cvanalysis import cli\n    return cli\n")
    (tmp_path / "pyproject.toml").write_text(config, encoding="utf-8")
    done = subprocess.run(
        [str(BIN / "lint-imports"), "--no-cache", "--contract", "rooms"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "cvanalysis.errors -> cvanalysis.cli" in done.stdout


def test_there_are_notebooks():
    assert {"qpv", "synthese", "qualite", "explorer"} <= {path.stem for path in CARNETS}
    assert len(CARNETS) >= 11


def test_a_notebook_that_an_analyst_drops_is_held_to_no_rule_of_ours(tmp_path):
    for name in ("qpv", "sport"):
        (tmp_path / f"{name}.ipynb").write_text("{}")
    assert [path.stem for path in our_notebooks(tmp_path)] == ["qpv"]


@pytest.mark.parametrize("carnet", CARNETS, ids=lambda path: path.stem)
class TestNotebook:
    def test_is_stored_without_outputs(self, carnet):
        run("nbstripout", "--verify", "--keep-id", str(carnet))

    def test_has_one_parameters_cell(self, carnet):
        cells = json.loads(carnet.read_text(encoding="utf-8"))["cells"]
        assert sum("parameters" in c["metadata"].get("tags", []) for c in cells) == 1

    def test_imports_only_cvanalysis(self, carnet):
        cells = json.loads(carnet.read_text(encoding="utf-8"))["cells"]
        imported = {
            name.split(".")[0]
            for cell in cells
            if cell["cell_type"] == "code"
            for node in ast.walk(ast.parse("".join(cell["source"])))
            for name in imported_names(node)
        }
        assert imported == {"cvanalysis"} | ({"pandas", "seaborn"} if carnet.stem == "explorer" else set())


def imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def asked_by_name(node: ast.AST) -> list[str]:
    """`pytest.importorskip("x")`."""
    asked = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "importorskip"
    return [node.args[0].value] if asked and isinstance(node.args[0], ast.Constant) else []


def spoken(path: Path) -> str:
    """What a file says to people or compares with: not its docstrings and comments, nor a notebook's defaults."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [c for c in json.loads(text)["cells"] if "parameters" not in c["metadata"].get("tags", [])]
        return "\n".join(line for cell in cells for line in cell["source"])
    if path.suffix == ".py":
        tree = ast.parse(text)
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        return "\n".join(
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
        )
    return text


def test_no_place_nor_theme_of_the_default_territory_is_written_in_the_code(brut):
    territory = read_territory(brut)
    words = [q.code for q in territory.quartiers] + [territory.epci, territory.code_contrat, territory.nom]
    words += [c.nom for c in territory.communes] + [t.nom for t in territory.themes]
    words += [q.nom for q in territory.quartiers if " " in q.nom]  # « Château » alone is a common word
    pattern = re.compile(r"(?<!\w)(" + "|".join(map(re.escape, words)) + r")(?!\w)")
    found = {
        str(path.relative_to(RACINE)): names
        for path in SANS_TERRITOIRE
        if (names := sorted(set(pattern.findall(spoken(path)))))
    }
    assert found == {}


MACHINE = re.compile(
    r"(?<![\w./])/(?:home|Users|work|root)/[\w.-]+"  # someone's folder
    r"|\b[A-Z]:\\\\?Users\\"
    r"|file://(?=/\w)"
    r"|https?://[^\s/]*(?:artifactory|nexus|pypi|registry)[^\s/]*/"
)  # fmt: skip


def test_no_path_of_a_machine_nor_registry_is_kept():
    found = {}
    for path in kept_files():
        raw = path.read_bytes()
        if path == Path(__file__) or b"\0" in raw[:4096]:
            continue
        text = raw.decode("utf-8", errors="replace")
        if places := sorted(
            {m[0] for m in MACHINE.finditer(text)} | ({str(RACINE)} if f"{RACINE}/" in text else set())
        ):
            found[str(path.relative_to(RACINE))] = places
    assert found == {}


UTILISEES_SANS_IMPORT = {"jupyterlab": "make lab", "import-linter": "lint-imports", "mkdocs": "make docs",
                         "nbstripout": "nbstripout", "ruff": "ruff",
                         "pytest-xdist": "-n auto", "ipykernel": "papermill, where no process can be forked",
                         "odfpy": 'pandas, engine="odf"', "seaborn": "the workbench (explorer.ipynb)"}  # fmt: skip


def test_each_declared_library_is_imported_or_used_as_a_command():
    declared = tomllib.loads((RACINE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [one for group in (declared["dependencies"], *declared["optional-dependencies"].values()) for one in group]
    modules = metadata.packages_distributions()
    provided = {}
    for module, libraries in modules.items():
        for library in libraries:
            provided.setdefault(library.lower().replace("_", "-"), set()).add(module)
    imported = {
        name.split(".")[0]
        for folder in ("cvanalysis", "tests", "bench")
        for path in (RACINE / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in [*imported_names(node), *asked_by_name(node)]
    }
    libraries = [re.match(r"[\w.-]+", one)[0].lower() for one in names]
    idle = [one for one in libraries if not provided.get(one, {one.replace("-", "_")}) & imported]
    assert sorted(set(idle) - set(UTILISEES_SANS_IMPORT)) == []


def test_every_module_says_what_it_owns():
    silent = [
        str(path.relative_to(RACINE))
        for path in (RACINE / "cvanalysis").rglob("*.py")
        if (source := path.read_text(encoding="utf-8")).strip() and not ast.get_docstring(ast.parse(source))
    ]
    assert silent == []


def test_files_that_are_not_there_are_said_and_fail_only_in_integration(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="jamais"):
        shared("absent")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="jamais"):
        shared("absent")


def test_no_module_imports_another_in_a_circle():
    """Names of types included: two modules that need each other are one module, or lack a third."""
    graph = {}
    for path in PAQUET.rglob("*.py"):
        name = ".".join(path.relative_to(RACINE).with_suffix("").parts).removesuffix(".__init__")
        nodes = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.ImportFrom)]
        graph[name] = {n.module for n in nodes if (n.module or "").startswith("cvanalysis.")} - {name}
    assert len(graph) > 50
    graphlib.TopologicalSorter(graph).prepare()


def test_what_installs_and_builds_is_of_one_version_and_every_library_has_its_digests():
    makefile, project = ((RACINE / name).read_text(encoding="utf-8") for name in ("Makefile", "pyproject.toml"))
    assert re.search(r"^UV_VERSION := [\d.]+$", makefile, re.MULTILINE)
    assert re.search(r"^AXE_VERSION := [\d.]+$", makefile, re.MULTILINE)
    assert re.search(r'^requires = \["hatchling==[\d.]+"\]$', project, re.MULTILINE)
    known = (RACINE / "constraints.txt").read_text(encoding="utf-8")
    assert len(re.findall(r"^\S", known, re.MULTILINE)) > 50
    assert (
        re.sub(
            r"^[a-z0-9][a-z0-9._-]*==[\w.]+( ; [^\n]*?)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n",
            "",
            known,
            flags=re.MULTILINE,
        )
        == ""
    )


@pytest.mark.slow
@pytest.mark.seul
def test_the_properties_hold_on_fresh_examples_too():
    run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "auto",
        "-m",
        "hypothesis and not slow",
        "--hypothesis-profile=frais",
    )


def test_no_module_outgrows_a_room_and_no_function_a_page():
    long = {}
    for path in PAQUET.rglob("*.py"):
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(RACINE))
        lengths = {name: len(text.splitlines()) - 340}  # a module has 400 lines at most, a function 60
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lengths[f"{name}:{node.name}"] = node.end_lineno - node.lineno + 1
        long |= {place: n for place, n in lengths.items() if n > 60}
    assert long == {}


def test_each_kind_of_figure_has_a_drawing_and_an_alternative():
    assert set(get_args(Genre)) == set(figures._GENRES) == set(block("affichage.figures"))
