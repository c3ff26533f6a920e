"""One report, from its notebook to its page. Owns what happens in the forked child; refuses to choose, to fork or to schedule.

papermill runs the notebook through our engine; the executed notebook is stripped of all that is of one machine or one moment;
the page is made, checked, then put in place together with the notebook and the record of what was read.
"""

import hashlib
import json
import os
import random
import re
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError
from papermill.execute import raise_for_execution_errors
from papermill.parameterize import parameterize_notebook

from cvanalysis.errors import ReportFailed
from cvanalysis.files import atomic
from cvanalysis.files.child import Emit, Limits, Outcome, is_child
from cvanalysis.publish.files import record_opened
from cvanalysis.publish.page.contract import advised, check_page
from cvanalysis.publish.page.page import render_page, told_by
from cvanalysis.publish.run.entry import ForkEngine
from cvanalysis.tables import freshness

ANSI = re.compile(r"\x1b\[[0-9;]*m")
DRAWN = re.compile(r"(?<=[#\"])T_[0-9a-f]{5}(?=[_ \"])|(?<= at )0x[0-9a-f]{6,}")
"""What pandas calls a table that is formatted, at each run anew; an address in memory."""
WEIGHT = 300_000  # bytes that a page may weigh
Keep = Callable[..., dict[str, Any]]
INJECTED = "injected-parameters"


@dataclass(frozen=True, slots=True)
class Task:
    """All that a report needs, in plain values, so that it can go to another machine.

    `carnet` is the notebook's text; `page` what its page says around it; `env` what the notebook finds in its environment; `declarations`
    the files that the territory's own digest covers.
    """

    id: str
    carnet: str
    parameters: dict[str, Any]
    page: dict[str, Any]
    env: dict[str, str]
    limits: dict[str, Any]
    declarations: list[str]


def produce(task: Task, keep: Keep, emit: Emit) -> dict[str, Any]:
    """Make a report and `keep` it (as `Ledger.put` would: its files, what its record says of them). Returns what `keep` returns.

    Raises `ReportFailed`: the cause is a French sentence, the detail a traceback.
    """
    os.environ.update(task.env)
    if store := sys.modules.get("cvanalysis.tables.store"):
        store.start_recording()
    os.chdir(tempfile.gettempdir())
    seed = int.from_bytes(hashlib.sha256(task.id.encode()).digest()[:4], "big")
    random.seed(seed)  # the same chance each time
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed)
    opened = record_opened(Path(task.env["CVANALYSIS_DATA"]))
    notebook = run_notebook(task, Limits(**task.limits), emit)
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    findings = list(dict.fromkeys(ident for output in outputs for ident in told_by(output, "constats")))
    clean_notebook(notebook, json.loads(task.carnet))
    for output in (one for cell in notebook.cells for one in cell.get("outputs", []) if one.get("name") == "stderr"):
        output["text"] = scrub(output["text"], task.env)  # a library's warning names the file that gives it
    text = nbformat.v4.writes_json(notebook) + "\n"
    paths = machine_paths(task.env)
    if leaked := sorted({name for path, name in paths.items() if f"{path}/" in text or f'{path}"' in text}):
        raise ReportFailed(advised(f"le carnet exécuté contient un chemin de cette machine ({', '.join(leaked)})"))
    lectures = reads(task, opened)
    store = sys.modules.get("cvanalysis.tables.store")  # an analyst's own figure bears no mark: the page says it
    html = render_page(notebook, task.page | {"exemple": bool(store and store.read_invented())})
    processed, data = (Path(task.env[f"CVANALYSIS_{name}"]) for name in ("PROCESSED", "DATA"))
    hold_to_contract(html, findings, processed, data)
    files = {f"{task.id}.html": html.encode(), f"notebooks/{task.id}.ipynb": text.encode()}
    return keep(files, lectures=lectures, findings=findings)


def run_notebook(task: Task, limits: Limits, emit: Emit) -> nbformat.NotebookNode:
    """The executed notebook, by papermill; each cell is told to the journal, from which a broken notebook is kept."""
    source = Path("carnet.ipynb")
    source.write_text(task.carnet, encoding="utf-8")
    if ".notes(" not in task.carnet:  # what its findings must say is said at each, or would be nowhere
        os.environ["CVANALYSIS_NOTES"] = "constat"

    def journal(index: int, state: str, cell: Any) -> None:
        said = {"contenu": json.dumps(cell)} if state == "done" else {"source": cell.source}
        emit({"cellule": index, "etat": state} | said)

    ForkEngine.on_cell = staticmethod(journal)
    # Imported here, and not when the parent warms up: the cells find the libraries as a new kernel would.
    from cvanalysis.publish.run.shell import OutputFlood

    try:
        asked = {"engine_name": "cvanalysis", "kernel_name": "python3", "language": "python", "prepare_only": True}
        notebook = papermill.execute_notebook(str(source), None, task.parameters or None, **asked)
        # As papermill goes on from here, but for a whole notebook that it would check, write as text and give to nobody.
        seconds = None if is_child() else limits.seconds  # of a kernel, which is then what may not end
        notebook = ForkEngine.execute_notebook(
            notebook, "python3", progress_bar=False, streams=limits.streams, execution_timeout=seconds
        )
        raise_for_execution_errors(notebook, None)
    except CellTimeoutError:
        raise ReportFailed(limits.late) from None
    except DeadKernelError:
        raise ReportFailed("le carnet a mis fin à son processus avant la dernière cellule") from None
    except PapermillExecutionError as error:
        raise ReportFailed(_cell_cause(error), ANSI.sub("", "\n".join(error.traceback))) from None
    except OutputFlood:
        raise ReportFailed(limits.flooded) from None
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error" and output.ename == "SystemExit":
                raise ReportFailed(f"le carnet s'est arrêté de lui-même (sys.exit) à la cellule {index + 1}")
    return notebook


def _cell_cause(error: PapermillExecutionError) -> str:
    # papermill has put one cell before all others when it raises; `cell_index` was taken before.
    where = f"cellule {error.cell_index + 1}"
    if error.ename == "SystemExit":
        return f"le carnet s'est arrêté de lui-même (sys.exit {error.evalue}) à la {where}"
    if error.ename in {"MemoryError", "ArrowMemoryError", "_ArrayMemoryError"}:
        return advised(f"la mémoire permise au rapport est dépassée ({where})")
    said = " ".join(error.evalue.split())
    told = said if error.ename in OURS and said else f"{error.ename} : {said}".rstrip(" :")
    return f"{where} : {advised(told)}"


OURS = {"CvanalysisError", "UsageError", "DeclarationError", "ReadError", "ComparisonRefused"}
"""Errors whose message is a French sentence that stands by itself."""


def reads(task: Task, opened: set[str]) -> list[dict[str, Any]]:
    """What was read: of the processed tables and texts by the store's record, and `opened`, files of the data.

    What a notebook reads in a kernel is not known here: then all that could be, for a page must never be made again too seldom.
    """
    data = Path(task.env["CVANALYSIS_DATA"])
    module = sys.modules.get("cvanalysis.tables.store")
    told = module.recorded() if module else []
    if not is_child():
        from cvanalysis.tables.store import Store, recorded
        from cvanalysis.territory.contract import read_territory

        territory = read_territory(data, task.env["CVANALYSIS_EDITION"])
        store = Store(Path(task.env["CVANALYSIS_PROCESSED"]), territory, task.env["CVANALYSIS_AUDIENCE"])
        for name in sorted(store.tables.digests):
            store.rows(name)
        told = recorded()
        opened = set(atomic.digest_tree(data))
    known = {one.table for one in told}
    return [asdict(one) for one in told] + [
        {"table": freshness.FILES, "where": [["nom", [name]]], "digest": atomic.digest(data / name)}
        for name in sorted(opened - set(task.declarations))
        if name.partition("/")[0] not in known  # `textes` and `geo` are the store's own words for those folders
    ]


def clean_notebook(notebook: nbformat.NotebookNode, source: dict[str, Any]) -> None:
    """Strip, in place, all that is of one run: times, paths, versions, drawn identifiers. What was asked (parameters) stays."""
    parameters = notebook.metadata.get("papermill", {}).get("parameters", {})
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "papermill": {"parameters": parameters},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    known = {cell["id"] for cell in source["cells"] if "id" in cell}
    drawn: dict[str, str] = {}
    for index, cell in enumerate(notebook.cells):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)
        if cell.cell_type == "code":
            cell.outputs = _shown_once(cell.outputs)
            for data in (output["data"] for output in cell.outputs if "data" in output):
                for kind in data.keys() & {"text/html", "text/plain"}:
                    data[kind] = DRAWN.sub(lambda m: drawn.setdefault(m[0], f"{m[0][:2]}{len(drawn)}"), data[kind])
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = INJECTED
        elif cell.get("id") not in known:
            cell["id"] = f"cellule-{index}"


def _shown_once(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Outputs of a cell without the same picture twice (`fig` at its end, then what pyplot still holds), and beside a picture without
    the artist that drew it: its text is an address in memory."""
    pictures = [output.get("data", {}).get("image/png") for output in outputs]
    if not any(pictures):
        return outputs
    return [
        output
        for n, (output, picture) in enumerate(zip(outputs, pictures, strict=True))
        if (picture not in pictures[:n] if picture else set(output.get("data", {"?": 0})) != {"text/plain"})
    ]


def machine_paths(env: dict[str, str]) -> dict[str, str]:
    """Folders of this machine that no page or notebook may name, with what stands for them where a text must be kept."""
    paths = {
        str(Path(__file__).resolve().parents[3]): "PROJET",
        sys.prefix: "PYTHON",
        sys.base_prefix: "PYTHON",
        sysconfig.get_paths()["stdlib"]: "PYTHON",
        tempfile.gettempdir(): "TMP",
        str(Path.home()): "DOSSIER",
    }
    for key, value in env.items():
        if key.startswith("CVANALYSIS_") and Path(value).is_absolute():
            paths[value] = key.removeprefix("CVANALYSIS_")
    return {path: name for path, name in sorted(paths.items(), key=lambda pair: -len(pair[0])) if len(path) > 1}


def scrub(text: str, env: dict[str, str]) -> str:
    """A text without this machine's folders: a broken notebook is kept aside, and its traceback names files."""
    for path, name in machine_paths(env).items():
        text = text.replace(path, f"<{name}>")
    return text


def hold_to_contract(html: str, findings: list[str], processed: Path, data: Path, page: str = "la page") -> None:
    """Refuse a page that may not be published: what fails a check never takes a page's place."""
    if problems := check_page(html, findings, WEIGHT, dit=words_of_data(processed, data)):
        shown = " ; ".join(one.rstrip(".") for one in problems[:5])
        more = f" ; et {n} autre{'s' if n > 1 else ''}" if (n := len(problems) - 5) > 0 else ""
        told = advised(f"{page} ne tient pas son contrat : {shown}{more}", *problems)
        raise ReportFailed(told, "\n".join(problems))


def words_of_data(processed: Path, data: Path) -> Callable[[str], bool]:
    """Whether a fragment stands in some cell of the processed tables, a declaration or a text of the territory.

    They are read when first asked: a sound page asks nothing.
    """

    @cache
    def cells() -> str:
        from cvanalysis.files.texts import read_text
        from cvanalysis.tables.store import open_tables

        tables = open_tables(processed, {path.stem: atomic.digest(path) for path in processed.glob("*.parquet")})
        frames = (tables[name].frame for name in sorted(tables.digests))
        columns = (frame[name] for frame in frames for name in frame.columns if frame[name].dtype in ("str", "object"))
        said = [str(cell) for column in columns for cell in column.dropna().unique()]
        texts = (path for pattern in ("*.toml", "*.csv", "textes/*.*") for path in sorted(data.glob(pattern)))
        said += [read_text(path)[0] for path in texts]
        return "\n".join(f" {' '.join(one.split())} " for one in said)

    def said(fragment: str) -> bool:
        start, end = (r"\b" if fragment[i].isalnum() else "" for i in (0, -1))  # « nan » is not in « finance »
        return re.search(f"{start}{re.escape(fragment)}{end}", cells()) is not None

    return said


def broken_notebook(source: str, parameters: dict[str, Any], outcome: Outcome, env: dict[str, str]) -> tuple[str, str]:
    """The notebook as far as it ran, and a text that says where and why it stopped; neither names a folder of this machine."""
    notebook = nbformat.reads(source, as_version=4)
    notebook.metadata.setdefault("papermill", {})
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
    if parameters:
        notebook = parameterize_notebook(notebook, parameters, kernel_name="python3", language="python")
    for event in outcome.events:
        if event["etat"] == "done":
            notebook.cells[event["cellule"]] = nbformat.from_dict(json.loads(event["contenu"]))
    clean_notebook(notebook, json.loads(source))
    last = next((event for event in reversed(outcome.events) if event["etat"] == "start"), None)
    told = [f"Cause : {outcome.cause.rstrip('.')}."]
    if last is not None:
        told += ["", f"Dernière cellule commencée (cellule {last['cellule'] + 1}) :", "", last["source"]]
    if outcome.detail:
        told += ["", "Détail :", "", outcome.detail]
    return scrub(nbformat.v4.writes_json(notebook) + "\n", env), scrub("\n".join(told) + "\n", env)
