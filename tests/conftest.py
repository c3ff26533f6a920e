"""Fixtures that every test may ask for: the published files and figures beside the project, the two territories."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from territoires.invente import write_invented_territory

# A shell's job in the background is deaf to Ctrl-C, and so is all that it starts: the commands that tests stop by it would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A property must hold however slow the machine is: no test fails for its time. It says the same at each run, and fresh seeds with three
# times the examples are for the slow tests (`--hypothesis-profile=frais`): what they find is mended and kept as an example.
settings.register_profile(
    "projet",
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("frais", settings.get_profile("projet"), max_examples=300, derandomize=False, print_blob=True)
settings.load_profile("projet")

RACINE = Path(__file__).resolve().parents[1]


def our_notebooks(folder: Path = RACINE / "notebooks") -> list[Path]:
    """The project's notebooks: those whose page `cvanalysis/pages` makes, and the workbench. What an analyst drops beside them, with the
    libraries of their choice, is held to no rule of ours."""
    pages = {path.stem for path in (RACINE / "cvanalysis" / "pages").glob("*.py")} - {"quartier"} | {"qpv", "explorer"}
    return sorted(path for path in folder.glob("*.ipynb") if path.stem in pages)


def examples(count: int) -> settings:
    """So many examples of a property that is costly to try, and as many more as the profile has of the others."""
    return settings(max_examples=count * settings.default.max_examples // 100)


def shared(part: str) -> Path:
    """`../shared/PART`: absent, the test is skipped and says why; in CI it fails, for there it must be present."""
    folder = RACINE.parent / "shared" / part
    if not folder.is_dir():
        said = f"../shared/{part} n'est pas à côté du projet : ce test lit des fichiers qui n'y sont jamais versés"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    return folder


@pytest.fixture(scope="session")
def racine() -> Path:
    """The project's root."""
    return RACINE


@pytest.fixture(scope="session")
def real() -> Path:
    """Real published files (`insee/`, `actions/`, `geo/`, `traps/`): read, never committed."""
    return shared("real")


@pytest.fixture(scope="session")
def facts() -> Path:
    """Published figures of the default territory, as facts (`nantes_indicateurs.csv`, `nantes_quartiers.csv`)."""
    return shared("facts")


@pytest.fixture(scope="session")
def brut() -> Path:
    """`data/raw`, the default territory."""
    return RACINE / "data" / "raw"


@pytest.fixture(scope="session")
def invente(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the second territory, invented and awkward (`tests/territoires/invente.py`)."""
    return write_invented_territory(tmp_path_factory.mktemp("invente") / "raw")
