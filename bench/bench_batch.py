"""What a build costs, side by side in one run: CPU and wall seconds, peak memory of the process tree.

(a) what an analyst would type: `papermill` then `jupyter nbconvert`, two at a time through xargs
(b) papermill's API in a process pool, with one exporter reused per process
(c) `cvanalysis build` from nothing, start-up and reading of the raw files included
(d) the floor: the same cells as plain Python in one warm interpreter per core
(e) a build where nothing changed
(f) a build where one cell of one raw file changed

    python bench/bench_batch.py [--reports N] [--jobs 2]
"""

import argparse
import csv
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

RACINE = Path(__file__).resolve().parents[1]


@dataclass
class Cost:
    cpu: float
    wall: float
    memory: float  # Mio, the peak of the whole tree, shared pages counted once
    reports: int
    told: str = ""


def tree_memory(pid: int) -> int:
    """Bytes of a process and of all its descendants, shared pages divided among those that share them."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
        for task in [path.name for path in Path(f"/proc/{pid}/task").iterdir()]:
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                total += tree_memory(int(child))
    except (OSError, ValueError):
        pass
    return total


def measure(command: list[str], reports: int, env: dict[str, str], cwd: Path, *, status: int | None = 0) -> Cost:
    """Run a command to its end; CPU of all that it started, for all of it is waited for.

    `status` is the exit status that it must have, None where a failed report may be.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak = 0

    def sample() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(1)

    watcher = threading.Thread(target=sample)
    watcher.start()
    said, _ = process.communicate()
    watcher.join()
    if process.returncode != status and not (status is None and process.returncode in (0, 1)):
        sys.exit(f"{' '.join(command)[:200]}\n{said[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, time.perf_counter() - start, peak / (1 << 20), reports, said)


# ---------------------------------------------------------------------------- the programs of (b) and (d)


def run_pool(todo: list[tuple[str, dict[str, str]]], jobs: int) -> None:
    """(b)"""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        list(pool.map(run_and_export, todo))


_exporter = None


def run_and_export(one: tuple[str, dict[str, str]]) -> None:
    global _exporter  # noqa: PLW0603
    import papermill
    from nbconvert import HTMLExporter

    _exporter = _exporter or HTMLExporter()
    name, parameters = one
    target = Path(tempfile.mkdtemp()) / "out.ipynb"
    notebook = papermill.execute_notebook(name, str(target), parameters, progress_bar=False)
    html, _ = _exporter.from_notebook_node(notebook)
    target.with_suffix(".html").write_text(html, encoding="utf-8")


def run_floor(todo: list[tuple[str, dict[str, str]]]) -> None:
    """(d) in one process: prints the CPU seconds of the imports, then of the cells."""
    import ast

    from cvanalysis.publish.run.warm import warm_up

    warm_up()
    imports = time.process_time()
    for name, parameters in todo:
        space: dict[str, object] = {"__name__": "__main__"}
        for cell in json.loads(Path(name).read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            if "parameters" in cell["metadata"].get("tags", []):
                exec("".join(cell["source"]), space)  # noqa: S102
                space.update(parameters)
                continue
            tree = ast.parse("".join(cell["source"]))
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, name, "exec"), space)  # noqa: S102
            if last is not None:
                value = eval(compile(ast.Expression(last.value), name, "eval"), space)  # noqa: S307
                show = getattr(value, "_repr_mimebundle_", None)
                _ = show() if show else repr(value)
    print(json.dumps({"imports": imports, "cells": time.process_time() - imports}))


# ---------------------------------------------------------------------------------------------- the table


def change_one_cell(data: Path) -> str:
    """Change the first figure of the first quarter of the latest income file; returns what was done."""
    path = max((data / "insee").glob("REVN_*.csv"))
    text = path.read_bytes().decode("utf-8-sig")
    quarters = {
        row["code"] for row in csv.DictReader((data / "quartiers.csv").open(encoding="utf-8-sig"), delimiter=";")
    }
    lines = text.split("\n")
    header = lines[0].rstrip("\r").split(";")
    column = header.index("DISP_Q2")
    for i, line in enumerate(lines):
        cells = line.split(";")
        if cells[0] in quarters and cells[column][-1:].isdigit():
            cells[column] = cells[column][:-1] + str((int(cells[column][-1]) + 1) % 10)
            lines[i] = ";".join(cells)
            path.write_bytes("\n".join(lines).encode("utf-8-sig"))
            return f"{path.stem}, {cells[0]}, DISP_Q2"
    raise SystemExit("aucune cellule à changer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, help="reports of (a) and (b); all by default")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--data", type=Path, default=RACINE / "data" / "raw")
    parser.add_argument("--floor", help=argparse.SUPPRESS)
    parser.add_argument("--pool", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        run_floor(json.loads(options.floor))
        return
    if options.pool:
        run_pool(json.loads(options.pool), options.jobs)
        return
    with tempfile.TemporaryDirectory() as scratch:
        compare(Path(scratch), options)


def compare(scratch: Path, options: argparse.Namespace) -> None:
    from cvanalysis.publish.plan import find_notebooks, plan_reports
    from cvanalysis.tables.freshness import tables_folder
    from cvanalysis.territory.contract import read_territory

    data = scratch / "data" / "raw"
    shutil.copytree(options.data, data)
    notebooks = find_notebooks()
    reports = plan_reports(read_territory(data), notebooks)
    todo = [(str(notebooks / report.notebook), report.parameters) for report in reports]
    sampled = todo[:: -(-len(todo) // options.reports)] if options.reports else todo  # of every kind
    env = os.environ | {"PYTHONPATH": str(RACINE), "CVANALYSIS_NOTEBOOKS": str(notebooks)}
    build = [sys.executable, "-m", "cvanalysis.cli", "build", "--jobs", str(options.jobs)]
    lines: dict[str, Cost] = {}
    lines["c"] = measure(build, len(reports), env, scratch)
    lines["e"] = measure(build, len(reports), env, scratch)
    inside = env | {"CVANALYSIS_DATA": str(data), "CVANALYSIS_PROCESSED": str(tables_folder(data, "public"))}
    halves = [json.dumps(todo[i :: options.jobs]) for i in range(options.jobs)]
    floor = " & ".join(f"{sys.executable} {__file__} --floor '{half}'" for half in halves)
    lines["d"] = measure(["sh", "-c", f"{floor} & wait"], len(reports), inside, scratch)
    bare = [json.loads(line) for line in lines["d"].told.splitlines() if line.startswith("{")]
    lines["b"] = measure(
        [sys.executable, __file__, "--pool", json.dumps(sampled), "--jobs", str(options.jobs)],
        len(sampled),
        inside,
        scratch,
    )
    typed = "\n".join(
        f"{sys.executable} -m papermill {name} {i}.ipynb {' '.join(f'-p {k} {v}' for k, v in parameters.items())} --no-progress-bar"
        f" && {sys.executable} -m nbconvert --to html {i}.ipynb"
        for i, (name, parameters) in enumerate(sampled)
    )
    (scratch / "typed").write_text(typed, encoding="utf-8")
    lines["a"] = measure(
        ["sh", "-c", f"xargs -a typed -d '\\n' -P {options.jobs} -I LINE sh -c LINE"], len(sampled), inside, scratch
    )
    touched_cell = change_one_cell(data)
    lines["f"] = measure(build, len(reports), env, scratch)
    touched = sum(
        report["status"] == "built"
        for report in json.loads(next((scratch / "reports").glob("*/manifest.json")).read_bytes())["reports"]
    )
    show(lines, bare, touched, touched_cell)


NAMES = {
    "a": "papermill + nbconvert, xargs -P",
    "b": "API papermill, exporteur réutilisé",
    "c": "cvanalysis build, de rien",
    "d": "cellules nues, interpréteur chaud",
    "e": "cvanalysis build, rien n'a changé",
    "f": "cvanalysis build, une cellule changée",
}


def show(lines: dict[str, Cost], bare: list[dict[str, float]], touched: int, cell: str) -> None:
    print(f"{'':40}{'rapports':>9}{'CPU s':>9}{'CPU/rap.':>10}{'mur s':>8}{'Mio':>7}")
    for key in sorted(lines):
        one = lines[key]
        print(
            f"({key}) {NAMES[key]:36}{one.reports:9}{one.cpu:9.2f}{one.cpu / one.reports:10.3f}{one.wall:8.1f}{one.memory:7.0f}"
        )
    per = {key: one.cpu / one.reports for key, one in lines.items()}
    cells = sum(one["cells"] for one in bare) / lines["d"].reports
    print(f"(a)/(c) = {per['a'] / per['c']:.1f} (au moins 15)   (b)/(c) = {per['b'] / per['c']:.1f} (au moins 3)")
    print(
        f"(c)/(d) = {per['c'] / per['d']:.2f} (au plus 1,25) ; les cellules seules, imports non comptés : {cells:.3f} s par rapport"
    )
    print(f"(c)/(e) = {lines['c'].cpu / lines['e'].cpu:.0f} (au moins 50)")
    allowed = 1.5 * touched * per["c"] + lines["e"].cpu
    print(f"(f) {cell} : {touched} rapports touchés, {lines['f'].cpu:.2f} s pour {allowed:.2f} permises")


if __name__ == "__main__":
    main()
