"""Each notebook in JupyterLab, driven by a real browser: a parameter changed, run whole, its figures seen, nothing hidden."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from browser.conftest import RACINE
from conftest import our_notebooks

pytestmark = [pytest.mark.slow, pytest.mark.browser]
CARNETS = [path.stem for path in our_notebooks()]
AUTRE = {
    "qpv": ('qpv = "QP044006"', 'qpv = "QP044012"', "Le Ranzay"),
    "theme": ('theme = "scolarite"', 'theme = "aller-vers"', ""),
}
PRET = """() => { const page = window.jupyterapp?.shell.currentWidget;
  return page?.context?.isReady && page.sessionContext.session?.kernel?.status === "idle" }"""
VU = """() => {
  const code = jupyterapp.shell.currentWidget.content.widgets.filter(one => one.model.type === "code");
  const outputs = [...document.querySelectorAll(".jp-OutputArea-output")];
  return {
    ran: code.every(one => one.model.executionCount !== null || !one.model.sharedModel.source.trim()),
    wrong: code.flatMap(one => one.model.outputs.toJSON()).filter(one => one.output_type === "error" || one.name === "stderr"),
    figures: outputs.reduce((sum, one) => sum + one.querySelectorAll("svg, img").length, 0),
    cut: outputs.flatMap(one => [one, ...one.querySelectorAll("*")]).filter(one => one.scrollWidth > one.clientWidth + 1
      && getComputedStyle(one).overflowX === "hidden").map(one => one.outerHTML.slice(0, 200)),
    text: outputs.map(one => one.innerText).join(" "),
  } }"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of JupyterLab on a copy of notebooks and data, opened as `make lab` opens it."""
    root = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "data"):
        shutil.copytree(RACINE / name, root / name, ignore=shutil.ignore_patterns("processed", ".ipynb_checkpoints"))
    whole = root / "reglages" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    whole.parent.mkdir(parents=True)
    whole.write_text(json.dumps({"windowingMode": "none"}), encoding="utf-8")  # cells out of sight are looked at too
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {"SETTINGS_DIR": "reglages", "WORKSPACES_DIR": "espaces"}
    env = os.environ | {f"JUPYTERLAB_{key}": str(root / name) for key, name in places.items()}
    env |= {f"JUPYTER_{name.upper()}_DIR": str(root / name) for name in ("runtime", "config")}
    command = [
        Path(sys.executable).parent / "jupyter",
        "lab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ServerApp.port_retries=0",
    ]
    command += ["--IdentityProvider.token=", "--expose-app-in-browser", "--LabApp.default_url=/lab/tree/notebooks"]
    with (
        (root / "serveur.log").open("wb") as log,
        subprocess.Popen(command, cwd=root, env=env, stdout=log, stderr=subprocess.STDOUT) as server,
    ):
        address = f"http://127.0.0.1:{port}"
        while server.poll() is None:
            try:
                urllib.request.urlopen(f"{address}/api/status").read()
                break
            except OSError:
                time.sleep(0.2)
        assert server.poll() is None, Path(log.name).read_text(encoding="utf-8")
        yield address
        server.terminate()


@pytest.mark.parametrize("name", CARNETS)
def test_a_notebook_runs_whole_and_shows_all_that_it_makes(lab, chromium, name):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(120_000)  # a machine as slow as may be: a bound, not a measure
    try:
        page.goto(f"{lab}/lab/tree/notebooks/{name}.ipynb?reset")
        page.wait_for_function(PRET)
        before, after, seen = AUTRE.get(name, ("", "", ""))
        if before:
            cell = page.locator(".jp-CodeCell .cm-content", has_text=before).first
            cell.click()
            page.keyboard.press("Control+A")
            page.keyboard.insert_text(cell.inner_text().replace(before, after))
        page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(PRET)
        there = page.evaluate(VU)
        assert there["ran"]
        assert (there["wrong"], there["cut"]) == ([], [])
        assert there["figures"] > 0
        assert seen in there["text"]
    finally:
        page.evaluate("window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")
        page.close()
