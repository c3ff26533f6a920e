"""Pages in headless Chromium. `pages` is a folder of built pages: the one that CVANALYSIS_PAGES names, else the default
territory built for these tests, else (`sample`) one page of findings of every genre made here.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser.exemples import FIGURES, PAGE, TERRITOIRE, carnet, constat, ecrire

RACINE = Path(__file__).resolve().parents[2]
AXE = RACINE / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-default-apps", "--no-first-run", "--disable-dev-shm-usage",
)  # fmt: skip


def needed(there: object, what: str) -> None:
    """A tool of these tests: absent, they are skipped and say why; in CI they fail."""
    if not there:
        said = f"{what} n'est pas installé : les pages ne sont pas vues dans un navigateur"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """One headless browser for all the tests."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    needed(path, "Chromium")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core, to be injected in a page."""
    needed(AXE.is_file(), "axe-core")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one page of findings of every genre."""
    from cvanalysis.display.constat import Constat
    from cvanalysis.publish.page.page import render_page

    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cvanalysis.display.constat.write", ecrire)
        shown = [Constat(constat(genre, exemple=genre == "frise"), TERRITOIRE) for genre in FIGURES]
        (folder / "constats.html").write_text(render_page(carnet(*shown), PAGE), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the default territory's last edition: CVANALYSIS_PAGES, else built here by the command itself."""
    given = os.environ.get("CVANALYSIS_PAGES")
    if given:
        return Path(given)
    if not (RACINE / "cvanalysis" / "cli.py").is_file():
        pytest.skip("la commande `cvanalysis build` n'existe pas encore")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    out, made = shared / "reports", shared / "reports.fait"
    with (shared / "reports.verrou").open("w", encoding="utf-8") as lock:
        # A second worker would be told that a build is under way: it takes the first one's.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            done = subprocess.run(
                [sys.executable, "-m", "cvanalysis.cli", "build", "--editions", "--out", str(out)],
                cwd=RACINE,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2000:]
            made.touch()
    return [p for p in sorted(out.iterdir()) if p.is_dir()][-1]


@pytest.fixture(scope="session", params=["sample", "built"])
def pages(request: pytest.FixtureRequest) -> list[Path]:
    """The pages to look at: of a built territory, the two most awkward quarters (longest and shortest page) and the rest."""
    folder = request.getfixturevalue(request.param)
    quarters = sorted((folder / "quartiers").glob("*.html"), key=lambda p: (p.stat().st_size, p.name))
    others = sorted(p for p in folder.rglob("*.html") if p not in quarters)
    editions = folder.parent / "index.html"
    others += [editions] if editions.exists() else []
    return [*dict.fromkeys([*quarters[:1], *quarters[-1:]]), *others]
