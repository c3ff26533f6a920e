"""Tiny notebooks, a tiny territory, and the command line as a person runs it: what the tests of publishing share."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat

RACINE = Path(__file__).resolve().parents[1]

CONTRAT = """\
[territoire]
id = "petit-pays"
nom = "Petit Pays"
epci = "249799990"
geographie = "QP2015"
maj = 2022-05-02

[contrat]
nom = "Contrat de ville 2015/2022"
code = "CV999"
debut = 2015
fin = 2022
edition = "essai"

[[editions]]
id = "essai"
nom = "Essai"
jusqu_au = 2022-12-31

[[editions]]
id = "autre"
nom = "Autre édition"
jusqu_au = 2022-06-30
"""
QUARTIERS = "code;nom;communes\nQP973001;Le Port;97390\nQP973002;L’Étang;97390\nQP973003;Bas Bourg;97391\n"
COMMUNES = "code;nom\n97390;Bourg-Neuf\n97391;Saint-Éloi\n"
REVENUS = (
    "CODGEO;NOTE_FILO;DISP_Q2;DISP_Q1;DISP_Q3;TP60;DISP_D1;DISP_D9;PMIMP\r\n"
    "QP973001;0;12000;9000;16000;41,0;7000;21000;30,0\r\n"
    "QP973002;0;13000;9500;17000;38,0;7500;22000;33,0\r\n"
    "QP973003;0;11000;8000;15000;45,0;6500;20000;28,0\r\n"
)

LIRE = """\
from cvanalysis.display.constat import Bloc
import cvanalysis as cv
rows = cv.ouvrir().store.indicateurs(zones=qpv)
Bloc("<p>Valeurs lues : " + str(len(rows)) + ".</p>", str(len(rows)))
"""
POUR = {"pour": "contrat", "titre": "Un carnet"}
PHRASE = "from cvanalysis.display.constat import Bloc\nBloc('<p>Une phrase.</p>', 'Une phrase.')"


def shown(findings, territory):
    """Findings as a page shows them, as what goes to the meetings takes them."""
    from cvanalysis.display.constat import Constat
    from cvanalysis.publish.papers.statements import shown_by

    displays = [Constat(finding, territory)._repr_mimebundle_()[0] for finding in findings]
    return [one for data in displays for one in shown_by(data)]


def carnet(
    path: Path,
    *cells: str,
    parameters: str | None = "qpv = 'QP973001'",
    tags: dict[int, list[str]] | None = None,
    pour: dict | None = None,
) -> Path:
    """Write a notebook: a title, a parameters cell (unless None), then one code cell per text.

    `pour` is what it says that it is for; not given, what ours of that name says, {} for nothing.
    """
    new = nbformat.v4
    if pour is None:
        ours = RACINE / "notebooks" / path.name
        pour = json.loads(ours.read_bytes())["metadata"]["cvanalysis"] if ours.exists() else POUR
    notebook = new.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        | ({"cvanalysis": pour} if pour else {})
    )
    notebook.cells = [new.new_markdown_cell("# Un carnet\n\n## Une section\n\nDu *texte*.")]
    if parameters is not None:
        notebook.cells.append(new.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    notebook.cells += [
        new.new_code_cell(cell, metadata={"tags": (tags or {}).get(i, [])}) for i, cell in enumerate(cells)
    ]
    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"c{i}"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def territoire(dossier: Path) -> Path:
    """Write a territory of three quarters with one file of incomes; returns its data folder."""
    raw = dossier / "data" / "raw"
    (raw / "insee").mkdir(parents=True)
    (raw / "contrat.toml").write_text(CONTRAT, encoding="utf-8")
    (raw / "quartiers.csv").write_text(QUARTIERS, encoding="utf-8")
    (raw / "communes.csv").write_text(COMMUNES, encoding="utf-8")
    (raw / "comparateurs.csv").write_text(
        "zone;niveau;nom\n249799990;EPCI;Petit Pays\nEnsemble;FRANCE_QPV;Tous les QPV\n"
    )
    (raw / "themes.csv").write_text("id;nom;question\nassociations;Les associations;Que leur manque-t-il ?\n")
    (raw / "piliers.csv").write_text("id;nom\ncadre;Cadre de vie\n")
    (raw / "colleges.csv").write_text("id;nom\nvilles;Villes\n")
    (raw / "insee" / "REVN_2022.csv").write_bytes(REVENUS.encode())
    return raw


def cva(
    *argv: object, cwd: Path, notebooks: Path | None = None, env: dict[str, str] | None = None, seconds: int = 900
) -> subprocess.CompletedProcess[str]:
    """Run `cvanalysis` in a process of its own, as a person does; output is captured."""
    return subprocess.run(
        [sys.executable, "-m", "cvanalysis.cli", *map(str, argv)],
        cwd=cwd,
        env=environment(notebooks, env),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def environment(notebooks: Path | None = None, env: dict[str, str] | None = None) -> dict[str, str]:
    """The environment of such a process."""
    # Kernels capture less of what programs write when they know that pytest runs them.
    known = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    known |= {"PYTHONPATH": str(RACINE), "COLUMNS": "200"} | (env or {})
    return known | ({"CVANALYSIS_NOTEBOOKS": str(notebooks)} if notebooks else {})


def manifest(out: Path) -> dict:
    return json.loads((out / "essai" / "manifest.json").read_text(encoding="utf-8"))


def states(out: Path) -> dict[str, str]:
    """Status of each report of the edition."""
    return {report["id"]: report["status"] for report in manifest(out)["reports"]}


def published(out: Path) -> dict[str, bytes]:
    """Every published file and its bytes: all but what is of one build (log, state) and what failed."""
    edition = out / "essai"
    return {
        path.relative_to(edition).as_posix(): path.read_bytes()
        for path in sorted(edition.rglob("*"))
        if path.is_file() and path.name != "build-log.json"
    }
