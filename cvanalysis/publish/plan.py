"""Which reports there are. Owns the list, its order and what it refuses before anything runs; refuses to run anything.

A notebook of `notebooks/` is either made once per quarter, once per theme, or once; its presence is what asks for it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cvanalysis.errors import UsageError
from cvanalysis.territory.contract import Territory

SINGLE = ("synthese", "engagements", "partenaires", "recit", "participation", "preconisations", "qualite")
TITLES = {
    "synthese": "Synthèse des quartiers",
    "engagements": "Les engagements",
    "partenaires": "La mobilisation des partenaires",
    "recit": "Le récit du contrat",
    "participation": "La participation",
    "preconisations": "Les préconisations",
    "qualite": "La qualité des données",
}
QUARTER_WEIGHT = 300_000  # bytes: the contract's limit for a quarter's page
OTHER_WEIGHT = 1_500_000


@dataclass(frozen=True, slots=True)
class Report:
    """One page to be made. `id` is `quartiers/QP044006`, `path` its page under the edition's folder, `notebook` a file name."""

    id: str
    path: str
    notebook: str
    parameters: dict[str, Any]
    titre: str
    genre: str  # quartier | theme | unique
    communes: tuple[str, ...] = ()  # names, for the index's filter
    weight: int = OTHER_WEIGHT
    themes: tuple[str, ...] = field(default=())

    @property
    def court(self) -> str:
        """What a person calls it: the code of a quarter or theme, the name of a single page."""
        return self.id.rpartition("/")[2]


def find_notebooks(dossier: Path | None = None) -> Path:
    """The folder of the notebooks: the given one, else $CVANALYSIS_NOTEBOOKS, else the one beside the package or here."""
    if dossier is None and (named := os.environ.get("CVANALYSIS_NOTEBOOKS")):
        dossier = Path(named)
    candidates = [dossier] if dossier else [Path(__file__).resolve().parents[2] / "notebooks", Path.cwd() / "notebooks"]
    for folder in candidates:
        if folder.is_dir() and any(folder.glob("*.ipynb")):
            return folder.resolve()
    raise UsageError(
        f"Aucun carnet (.ipynb) dans {' ni dans '.join(str(folder) for folder in candidates)}. "
        "Indiquez le dossier des carnets par la variable CVANALYSIS_NOTEBOOKS."
    )


def plan_reports(territory: Territory, notebooks: Path) -> tuple[Report, ...]:
    """All reports of a territory, in reading order: quarters as declared, themes, then the single pages."""
    names = {commune.code: commune.nom for commune in territory.communes}
    reports = []
    if (notebooks / "qpv.ipynb").exists():
        reports += [
            Report(
                f"quartiers/{quartier.code}",
                f"quartiers/{quartier.code}.html",
                "qpv.ipynb",
                {"qpv": quartier.code},
                quartier.nom,
                "quartier",
                tuple(names.get(code, code) for code in quartier.communes),
                QUARTER_WEIGHT,
            )
            for quartier in territory.quartiers
        ]
    if (notebooks / "theme.ipynb").exists():
        reports += [
            Report(
                f"themes/{theme.id}",
                f"themes/{theme.id}.html",
                "theme.ipynb",
                {"theme": theme.id},
                theme.nom,
                "theme",
                themes=(theme.id,),
            )
            for theme in territory.themes
        ]
    reports += [
        Report(name, f"{name}.html", f"{name}.ipynb", {}, TITLES[name], "unique")
        for name in SINGLE
        if (notebooks / f"{name}.ipynb").exists()
    ]
    return tuple(reports)


def select(reports: Iterable[Report], only: Iterable[str]) -> tuple[Report, ...]:
    """The reports that one of the patterns names (`quartiers/QP044006`, `QP044006`, `quartiers/*`); all without a pattern.

    Raises `UsageError` for each pattern that names nothing, with the nearest names.
    """
    reports, only = tuple(reports), tuple(only)
    if not only:
        return reports
    chosen: set[str] = set()
    unknown = []
    for pattern in only:
        pattern = pattern.removesuffix(".html")
        found = {
            report.id for report in reports if fnmatchcase(report.id, pattern) or fnmatchcase(report.court, pattern)
        }
        chosen |= found
        if not found:
            known = [report.court for report in reports] + [report.id for report in reports]
            near = difflib.get_close_matches(pattern, known, 3, 0.6)
            hint = f" Vouliez-vous dire : {', '.join(near)} ?" if near else ""
            unknown.append(f"« {pattern} » ne désigne aucun rapport de ce territoire.{hint}")
    if unknown:
        raise UsageError(" ".join(unknown))
    return tuple(report for report in reports if report.id in chosen)


def check_notebooks(reports: Iterable[Report], notebooks: Path) -> None:
    """Refuse, before anything runs, notebooks that would not receive their parameters.

    papermill only warns of a parameter that a notebook does not declare, then publishes the default's figures under another's
    name. Raises `UsageError` with all that is wrong.
    """
    import nbformat
    from papermill.translators import papermill_translators
    from papermill.utils import find_first_tagged_cell_index

    translator = papermill_translators.find_translator("python3", "python")
    wanted: dict[str, set[str]] = {}
    for report in reports:
        wanted.setdefault(report.notebook, set()).update(report.parameters)
    problems = []
    for name, parameters in wanted.items():
        try:
            notebook = nbformat.read(notebooks / name, as_version=4)
        except Exception as error:  # noqa: BLE001 (JSON, schema, encoding: whatever it is, it is not a notebook)
            problems.append(f"`{name}` n'est pas un carnet lisible ({type(error).__name__}).")
            continue
        for cell in notebook.cells:
            cell.metadata.setdefault("tags", [])
        where = find_first_tagged_cell_index(notebook, "parameters")
        if where < 0:
            problems.append(
                f"`{name}` n'a pas de cellule de paramètres. Donnez l'étiquette « parameters » à la cellule qui les déclare."
            )
            continue
        known = [parameter.name for parameter in translator.inspect(notebook.cells[where])]
        problems += [
            f"`{name}` ne déclare pas le paramètre « {parameter} ». Paramètres déclarés : {', '.join(known) or 'aucun'}."
            for parameter in sorted(parameters - set(known))
        ]
    if problems:
        raise UsageError(" ".join(problems))
