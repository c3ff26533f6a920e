"""What is kept of a failed report. Owns its broken notebook and its account; refuses to touch a page."""

from __future__ import annotations

import json
from typing import Any

import nbformat
from papermill.parameterize import parameterize_notebook

from cvanalysis.publish.child import Outcome
from cvanalysis.publish.produce import clean_notebook, notebook_text, scrub


def broken_notebook(source: str, parameters: dict[str, Any], outcome: Outcome, env: dict[str, str]) -> tuple[str, str]:
    """The notebook as far as it ran, and a text that says where and why it stopped; neither names a folder of this machine."""
    saved = next((event["carnet"] for event in outcome.events if "carnet" in event), None)
    notebook = nbformat.reads(saved, as_version=4) if saved else _rebuilt(source, parameters, outcome)
    clean_notebook(notebook, json.loads(source))
    last = next((event for event in reversed(outcome.events) if event.get("etat") == "start"), None)
    told = [f"Cause : {outcome.cause}."]
    if last is not None:
        told += ["", f"Dernière cellule commencée (cellule {last['cellule'] + 1}) :", "", last["source"]]
    if outcome.detail:
        told += ["", "Détail :", "", outcome.detail]
    return scrub(notebook_text(notebook), env), scrub("\n".join(told) + "\n", env)


def _rebuilt(source: str, parameters: dict[str, Any], outcome: Outcome) -> nbformat.NotebookNode:
    """A notebook whose process died, from its journal: the cells that ended, with their outputs."""
    notebook = nbformat.reads(source, as_version=4)
    notebook.metadata.setdefault("papermill", {})
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
    if parameters:
        notebook = parameterize_notebook(notebook, parameters, kernel_name="python3", language="python")
    for event in outcome.events:
        if event.get("etat") == "done":
            notebook.cells[event["cellule"]] = nbformat.from_dict(event["contenu"])
    return notebook
