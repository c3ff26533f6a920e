"""Which reports there are. Owns the list, its order and what it refuses before anything runs; refuses to run anything.

A notebook of `notebooks/` says itself what it is for (metadata `cvanalysis`): each quarter, each theme or the contract.
"""

import json
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cvanalysis.errors import UsageError
from cvanalysis.french import capital, listed, nearest
from cvanalysis.tables.freshness import FOURNI
from cvanalysis.territory.contract import Territory

KINDS = {"quartier": ("quartiers", "qpv"), "theme": ("themes", "theme"), "contrat": ("", "")}
"""What a notebook can be for: the folder of its pages, the parameter that it is given."""

PROJECT = Path(__file__).resolve().parents[2]
OURS = ("index", "changements")  # pages that no notebook makes
LAST = 1000  # the place of a notebook that does not say its own
_TOLD: Mapping[str, str] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


Purpose = dict[str, Any]
"""What a notebook says that it is for, in its metadata `cvanalysis`: `pour`, `titre`; `nom`, its file's without suffix.

`ordre` is its place among those of its kind; `supports` what its findings go to (affiche, passation) and its place there;
`avec` a file of the data folder without which there is nothing to make it of.
"""


@dataclass(frozen=True, slots=True)
class Report:
    """One page to be made. `id` is `quartiers/QP044006`, `notebook` a file name, `sujet` the code of its quarter or theme, or ''."""

    id: str
    notebook: str
    parameters: dict[str, Any]
    titre: str
    genre: str  # of KINDS
    sujet: str = ""
    communes: tuple[str, ...] = ()  # names, for the index's filter
    supports: dict[str, int] = field(default_factory=dict)
    ordre: int = LAST  # a page that says its place is linked from all the others

    @property
    def path(self) -> str:
        """Its page under the edition's folder."""
        return f"{self.id}.html"

    @property
    def court(self) -> str:
        """What a person calls it: the code of a quarter or theme, the name of a single page."""
        return self.id.rpartition("/")[2]


def find_notebooks() -> Path:
    """The folder of the notebooks: $CVANALYSIS_NOTEBOOKS, else the one beside the package or here, else those that a wheel carries."""
    named = os.environ.get("CVANALYSIS_NOTEBOOKS")
    candidates = [Path(named)] if named else [folder / "notebooks" for folder in (PROJECT, Path.cwd(), FOURNI)]
    for folder in candidates:
        if folder.is_dir() and any(folder.glob("*.ipynb")):
            return folder.resolve()
    raise UsageError(_TOLD["aucun"].format(dossiers=" ni dans ".join(map(str, candidates))))


def read_purposes(notebooks: Path) -> tuple[list[Purpose], list[str]]:
    """What each notebook of the folder is for, in reading order; and a sentence for each that does not say it: none is made of it.

    Nor of one that says `{"publie": false}`, the analyst's own.

    Raises `UsageError` with all that is wrong in what they say.
    """
    found, silent, problems = [], [], []
    for path in sorted(notebooks.glob("*.ipynb")):
        try:
            told = json.loads(path.read_bytes())["metadata"].get("cvanalysis")
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            problems.append(f"`{path.name}` {_TOLD['illisible']} ({type(error).__name__}).")
            continue
        if told is None:
            silent.append(f"`{path.name}` {_TOLD['sans_but']} {_TOLD['ecrire']}")
        elif told == {"publie": False}:
            continue
        elif wrong := _wrong(path.stem, told):
            problems.append(f"`{path.name}`\u00a0: {wrong}")
        else:
            found.append({"nom": path.stem, "ordre": LAST, "supports": {}, "avec": ""} | told)
    if problems:
        raise UsageError(" ".join(problems))
    return sorted(found, key=lambda one: (list(KINDS).index(one["pour"]), one["ordre"])), silent


def _wrong(name: str, told: Any) -> str:
    """What is wrong with what a notebook says of itself and what to write instead, '' where nothing is."""
    if not isinstance(told, dict) or not {"pour", "titre"} <= told.keys():
        return f"{_TOLD['manque']} {_TOLD['ecrire']}"
    if told["pour"] not in list(KINDS):
        return f"« pour » vaut « {told['pour']} ». {_TOLD['ecrire']}"
    if not isinstance(told["titre"], str) or not told["titre"].strip():
        return f"{_TOLD['titre']} {_TOLD['ecrire']}"
    if unknown := sorted(told.keys() - {"pour", "titre", "ordre", "supports", "avec"}):
        return f"« {unknown[0]} » {_TOLD['inconnu']}"
    if not isinstance(told.get("avec", ""), str):
        return _TOLD["avec"]
    places = told.get("supports", {})
    if not isinstance(places, dict) or places.keys() - {"affiche", "passation"}:
        return _TOLD["supports"]
    if not all(type(rank) is int for rank in (told.get("ordre", 0), *places.values())):
        return _TOLD["rangs"]
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or (told["pour"] == "contrat" and name in OURS):
        return _TOLD["nom"]
    return ""


def plan_reports(territory: Territory, notebooks: Path) -> tuple[Report, ...]:
    """All reports of a territory, in reading order: quarters as declared, themes, then the pages of the whole contract.

    The notebook that bears the name of its parameter (`qpv`, `theme`) makes the page of the quarter or theme itself
    (`quartiers/QP044006`); any other a page beside it (`quartiers/QP044006-sport`).
    """
    places = {
        "quartier": [(one.code, one.nom, one.communes) for one in territory.quartiers],
        "theme": [(one.id, one.nom, ()) for one in territory.themes],
        "contrat": [("", "", ())],
    }
    reports = []
    for one in read_purposes(notebooks)[0]:
        if not (territory.dossier / one["avec"]).exists():
            continue
        folder, parameter = KINDS[one["pour"]]
        for sujet, nom, communes in places[one["pour"]]:
            itself = one["nom"] == parameter
            beside = "" if itself else f"-{one['nom']}"
            report = Report(
                id=f"{folder}/{sujet}{beside}" if sujet else one["nom"],
                notebook=f"{one['nom']}.ipynb",
                parameters={parameter: sujet} if sujet else {},
                titre=nom if itself else "\u00a0: ".join(filter(None, (nom, one["titre"]))),
                genre=one["pour"],
                sujet=sujet,
                communes=tuple(territory.noms.get(code, code) for code in communes),
                supports=one["supports"],
                ordre=one["ordre"],
            )
            reports.append(report)
    return tuple(reports)


def select(reports: Iterable[Report], only: Collection[str]) -> tuple[Report, ...]:
    """The reports that one of the patterns names (`quartiers/QP044006`, `QP044006`, `quartiers/*`); all without a pattern.

    Raises `UsageError` for each pattern that names nothing, with the nearest names.
    """
    reports = tuple(reports)
    chosen: set[str] = set()
    unknown = []
    for pattern in only:
        page = pattern.removesuffix(".html")
        named = {report.id: (report.id, report.court, report.notebook.removesuffix(".ipynb")) for report in reports}
        found = {ident for ident, names in named.items() if any(fnmatchcase(name, page) for name in names)}
        chosen |= found
        if not found:
            near = capital(nearest(page, [name for names in named.values() for name in names[:2]]))
            unknown.append(f"« {page} » ne désigne aucun rapport de ce territoire. {near}".rstrip())
    if unknown:
        read = listed(sorted({report.notebook.removesuffix(".ipynb") for report in reports}))
        raise UsageError(
            " ".join((*unknown, f"Carnets lus\u00a0: {read} (CVANALYSIS_NOTEBOOKS en dit un autre dossier)."))
        )
    return tuple(report for report in reports if report.id in chosen) if only else reports


def check_notebooks(reports: Iterable[Report], notebooks: Path) -> None:
    """Refuse, before anything runs, notebooks that would not receive their parameters.

    papermill only warns of a parameter that a notebook does not declare, then publishes the default's figures under another's
    name. Raises `UsageError` with all that is wrong.
    """
    import nbformat
    from papermill.translators import papermill_translators

    translator = papermill_translators.find_translator("python3", "python")
    problems = []
    for name, parameters in {report.notebook: report.parameters for report in reports}.items():
        try:
            notebook = nbformat.read(notebooks / name, as_version=4)
        except Exception as error:  # noqa: BLE001 (schema, version: whatever it is, it is not a notebook)
            problems.append(f"`{name}` {_TOLD['illisible']} ({type(error).__name__}).")
            continue
        cell = next((one for one in notebook.cells if "parameters" in one.metadata.get("tags", ())), None)
        if cell is None:
            problems.append(f"`{name}` {_TOLD['sans_parametres']}")
            continue
        known = [parameter.name for parameter in translator.inspect(cell)]
        problems += [
            f"`{name}` ne déclare pas le paramètre « {parameter} ». Paramètres déclarés : {', '.join(known) or 'aucun'}."
            for parameter in parameters
            if parameter not in known
        ]
    if problems:
        raise UsageError(" ".join(problems))
