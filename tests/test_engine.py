"""The engine gives what papermill's default engine gives: each behaviour is run through both and compared."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest

from carnets import PHRASE, RACINE, carnet, environment, territoire

CELLS = {
    "a value is shown": "1 + 1",
    "a printed line is a stream": "print('bonjour')",
    "both streams are kept apart": "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')",
    "flushing separates outputs": "print('a', flush=True)\nprint('b', file=sys.stderr, flush=True)\nprint('c')",
    "what a program writes is captured": "import os, subprocess\nprint('avant')\nsubprocess.run(['echo', 'dedans'])\nNone",
    "a display has its metadata": "display({'text/html': '<b>é</b>'}, raw=True, metadata={'cvanalysis': {'constats': ['x']}})",
    "a display with an id": "h = display('un', display_id='k')",
    "is updated in the cell that showed it": "h.update('deux')",
    "outputs are cleared": "from IPython.display import clear_output\n"
    "print(1)\nclear_output()\nprint(2)\nclear_output(wait=True)\nprint(3)",
    "a rich object shows all its forms": "class A:\n    def _repr_mimebundle_(self, **k):\n"
    "        return {'text/html': '<p>', 'text/plain': 'p'}, {'m': (1, 2)}\nA()",
    "an object that cannot be shown": "class B:\n    __repr__ = lambda s: 'b'\n"
    "    def _repr_html_(self):\n        raise ValueError('non')\nB()",
    "after it, a cell goes well": "'encore'",
    "top-level await": "import asyncio\nawait asyncio.sleep(0, 'fini')",
    "a task is begun without being awaited": "async def f():\n    return 'faite'\nt = asyncio.create_task(f())",
    "and awaited by the next cell": "await t",
    "a loop runs in any cell": "asyncio.get_running_loop().is_running()",
    "a figure is drawn at the end of its cell": "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "magics": "%precision 2\n3.14159",
    "a cell magic": "%%capture z\nprint('caché')",
    "what it captured": "z.stdout",
    "a shell line": "!echo ligne",
    "history": "%history -l 2",
    "a module beside hides none of Python's": "open('colorsys.py', 'w').write('1/0')\nimport colorsys\ncolorsys.rgb_to_hsv(0, 0, 0)",
    "a module beside is imported": "open('voisin.py', 'w').write('a = 1')\nimport voisin\nvoisin.a",
    "history names": "_, __, In[2][:8]",
    "a library asks where it is": "type(get_ipython()).__name__, type(get_ipython()).__module__",
    "a log says its level and whose it is": "import logging\nlogging.warning('a'); logging.info('b'); logging.getLogger('x').error('c')",
    "nobody answers a question": "try:\n    input('?')\nexcept Exception as e:\n    print(type(e).__name__, e)",
    "nor tells a secret": "import getpass\ntry:\n    getpass.getpass()\nexcept Exception as e:\n    print(e)",
    "an unhandled name": "inconnu",
    "nothing after the error runs": "print('jamais')",
}
ENDS = {
    "an error": ("x = {}\nx['k']",),
    "a syntax error": ("def f(:",),
    "an error that is expected": ("1/0", "'après'"),
    "sys.exit with a status": ("import sys\nsys.exit(3)", "1"),
    "sys.exit without a status": ("import sys\nsys.exit()", "1"),
    "the process leaves": ("import os\nos._exit(1)", "1"),
    "the process is killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "1"),
    "a cell that never ends": ("import time\ntime.sleep(600)", "1"),
}
RUNNER = """
import json, logging, sys
import papermill
logging.basicConfig(level="INFO", format="%(message)s")  # as papermill's command does
for engine in (None, "cvanalysis"):
    for name in json.loads(sys.argv[1]):
        said = {}
        try:
            papermill.execute_notebook(
                f"{name}.ipynb", f"{name}.{engine}.ipynb", {"qpv": "QP973002"}, engine_name=engine, progress_bar=False,
                execution_timeout=10 if name == "e7" else None,
            )
        except Exception as error:
            said = {"type": type(error).__name__, "args": [repr(a) for a in error.args[:5]] if hasattr(error, "ename") else []}
        open(f"{name}.{engine}.json", "w").write(json.dumps(said))
"""


def run_both(folder: Path, names: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, json.dumps(names)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@cache
def normal(path: Path) -> dict:
    """A notebook, read once, without what differs between two runs of the same engine: times, drawn ids, names of temporary files."""
    notebook = json.loads(re.sub(r"(?<=[ \"])[^ \"]*ipykernel_\d+/\d+", "CELLULE", path.read_text(encoding="utf-8")))
    told = notebook["metadata"]["papermill"]
    notebook["metadata"]["papermill"] = {key: told[key] for key in ("parameters", "exception", "default_parameters")}
    for cell in notebook["cells"]:
        cell.pop("id", None)
        for part in ("papermill", "execution"):
            times = cell["metadata"].get(part, {})
            cell["metadata"][part] = {key: value for key, value in times.items() if key in {"status", "exception"}} | {
                key: bool(value) for key, value in times.items() if key not in {"status", "exception"}
            }
    return notebook


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("moteurs")
    expected = list(CELLS).index("an object that cannot be shown")
    carnet(folder / "cellules.ipynb", *CELLS.values(), tags={expected: ["raises-exception"]})
    run_both(folder, ["cellules"])
    return folder


def test_a_run_has_the_same_metadata_parameters_and_cells(both):
    default, ours = normal(both / "cellules.None.ipynb"), normal(both / "cellules.cvanalysis.ipynb")
    assert ours["metadata"] == default["metadata"]
    assert [cell["source"] for cell in ours["cells"]] == [cell["source"] for cell in default["cells"]]
    assert [cell["metadata"] for cell in ours["cells"]] == [cell["metadata"] for cell in default["cells"]]


def test_all_cells_run_up_to_the_error(both):
    cells = [cell for cell in normal(both / "cellules.None.ipynb")["cells"] if cell["cell_type"] == "code"]
    rest = [cell["source"] for cell in cells if cell["metadata"]["papermill"].get("status") != "completed"]
    assert ["".join(source) for source in rest] == [CELLS["an unhandled name"], CELLS["nothing after the error runs"]]


@pytest.mark.parametrize("behaviour", CELLS)
def test_a_cell_gives_the_same_outputs(both, behaviour):
    def cell_of(engine):
        cells = normal(both / f"cellules.{engine}.ipynb")["cells"]
        return next(cell for cell in cells if "".join(cell["source"]) == CELLS[behaviour])

    ours, theirs = in_one_piece(cell_of("cvanalysis")), in_one_piece(cell_of("None"))
    if behaviour == "what a program writes is captured":
        # A kernel on a busy machine may lose it with the end of its cell.
        assert [one["text"] for one in ours["outputs"]] == ["avant\ndedans\n"]
        assert theirs["outputs"][0]["text"] in ("avant\n", "avant\ndedans\n")
        theirs["outputs"][0]["text"] = "avant\ndedans\n"
    assert ours == theirs


def in_one_piece(cell):
    """A cell whose streams are whole: a kernel may cut in two what a program writes while it reads, as the machine's load will have it."""
    if cell["source"] != CELLS["what a program writes is captured"].splitlines(keepends=True):
        return cell
    whole = []
    for output in cell["outputs"]:
        output = output | {"text": "".join(output["text"])}
        if (
            whole
            and output["output_type"] == "stream" == whole[-1]["output_type"]
            and output["name"] == whole[-1]["name"]
        ):
            whole[-1] = whole[-1] | {"text": whole[-1]["text"] + output["text"]}
        else:
            whole.append(output)
    return cell | {"outputs": whole}


@pytest.fixture(scope="module")
def ends(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fins")
    for i, cells in enumerate(ENDS.values()):
        carnet(folder / f"e{i}.ipynb", *cells, tags={0: ["raises-exception"]} if i == 2 else None)
    run_both(folder, [f"e{i}" for i in range(len(ENDS))])
    return folder


@pytest.mark.slow
@pytest.mark.seul
@pytest.mark.parametrize(("number", "end"), list(enumerate(ENDS)), ids=list(ENDS))
def test_a_notebook_that_ends_badly_raises_the_same_error_and_keeps_the_same_outputs(ends, number, end):
    default, ours = (json.loads((ends / f"e{number}.{engine}.json").read_text()) for engine in ("None", "cvanalysis"))
    assert ours == default
    kept = [
        [cell.get("outputs") for cell in normal(ends / f"e{number}.{engine}.ipynb")["cells"]]
        for engine in ("None", "cvanalysis")
    ]
    assert kept[1] == kept[0]


def test_half_a_character_that_a_cell_prints_stops_neither_it_nor_the_next(tmp_path):
    broken = carnet(tmp_path / "casse.ipynb", "print('a\\ud800b')", "'après'")
    script = (
        "import papermill\n"
        f"nb = papermill.execute_notebook({str(broken)!r}, None, engine_name='cvanalysis', progress_bar=False)\n"
        "print([one.get('text') or one.data['text/plain'] for cell in nb.cells[-2:] for one in cell.outputs])"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(["a\\ud800b\n", "'après'"])


def test_nothing_passes_from_one_notebook_to_the_next(tmp_path):
    leave = carnet(
        tmp_path / "laisse.ipynb",
        "import os, sys, warnings, random, builtins, pandas, numpy, matplotlib\nvariable = 1\nbuiltins.partout = 1\n"
        "os.environ['TRACE'] = '1'\nos.chdir('/')\nsys.path.append('/trace')\n"
        "warnings.simplefilter('error')\nrandom.seed(1); numpy.random.seed(1)\n"
        "pandas.options.display.max_rows = 7\nmatplotlib.rcParams['font.size'] = 33",
    )
    look = carnet(
        tmp_path / "regarde.ipynb",
        "import os, sys, warnings, random, builtins, pandas, numpy, matplotlib\n"
        "[('variable' in globals()), hasattr(builtins, 'partout'), 'TRACE' in os.environ, os.getcwd() == '/', '/trace' in sys.path,"
        " warnings.filters[0][0] == 'error', pandas.options.display.max_rows == 7, matplotlib.rcParams['font.size'] == 33,"
        " round(random.random(), 6) == 0.134364]",
    )
    script = (
        "import papermill, pandas, numpy, matplotlib, random\n"
        f"for name in ({str(leave)!r}, {str(look)!r}):\n"
        "    nb = papermill.execute_notebook(name, None, engine_name='cvanalysis', progress_bar=False)\n"
        "print(nb.cells[-1].outputs[0].data['text/plain'])"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.lower()) == [False] * 9


def test_the_engine_is_usable_from_papermill_s_command_line(tmp_path):
    carnet(tmp_path / "c.ipynb", "qpv")
    command = [
        sys.executable,
        "-m",
        "papermill",
        "c.ipynb",
        "o.ipynb",
        "--engine",
        "cvanalysis",
        "-p",
        "qpv",
        "QP973003",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert nbformat.read(tmp_path / "o.ipynb", 4).cells[-1].outputs[0].data["text/plain"] == "'QP973003'"


def test_where_a_fork_is_not_to_be_had_papermill_s_engine_does_the_work_and_it_is_said_once(tmp_path):
    path = carnet(tmp_path / "c.ipynb", "qpv")
    script = (
        "import os, logging, papermill\nlogging.basicConfig()\ndel os.fork\n"
        f"for _ in range(2):\n    nb = papermill.execute_notebook({str(path)!r}, None, dict(qpv='Q'), engine_name='cvanalysis',"
        " progress_bar=False)\n"
        "print(nb.cells[-1].outputs[0].data['text/plain'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "'Q'", done.stderr
    assert done.stderr.count("carnet exécuté par le moteur de papermill") == 1


def test_a_process_with_threads_is_not_forked(tmp_path):
    script = (
        "import threading\nfrom cvanalysis.files.child import can_fork\nprint(can_fork() == '')\nend = threading.Event()\n"
        "threading.Thread(target=end.wait, name='autre').start()\nprint(can_fork())\nend.set()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True, cwd=RACINE
    )
    assert done.stdout.splitlines() == ["True", "ce processus a d'autres fils d'exécution (autre)"]


def test_a_warmed_process_has_all_that_the_notebooks_import():
    told = """
import json, sys
from cvanalysis.publish.run.warm import warm_up
warm_up()
before = set(sys.modules)
import cvanalysis as cv
cv.ouvrir
print(json.dumps(sorted(name for name in set(sys.modules) - before)))
"""
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, env=environment())
    assert json.loads(done.stdout) == []


def test_a_first_build_loads_nothing_that_no_report_uses(tmp_path):
    told = """
import sys
from cvanalysis.cli import run
print(run(["build", "--jobs", "1"]), sorted({"rfc3987_syntax", "lxml", "scipy"} & set(sys.modules)))
"""
    territoire(tmp_path)
    carnet(tmp_path / "nb" / "synthese.ipynb", PHRASE)
    done = subprocess.run(
        [sys.executable, "-c", told],
        capture_output=True,
        text=True,
        check=True,
        env=environment(tmp_path / "nb"),
        cwd=tmp_path,
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr
