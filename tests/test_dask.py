"""A build on a running Dask cluster gives the same bytes, with or without a common disk, even where a worker is killed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from carnets import LIRE, PHRASE, carnet, cva, environment, published, territoire

pytest.importorskip("distributed", reason="l'extra « cluster » n'est pas installé")
pytestmark = [pytest.mark.slow, pytest.mark.seul]


@contextmanager
def started(folder, *argv, before=()):
    """A process of the cluster, killed at the end with all that it started."""
    log = (folder / f"{argv[0]}-{time.monotonic_ns()}.log").open("w+")
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "distributed.cli.dask_" + argv[0], *argv[1:]], cwd=folder, env=environment(),
        stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    process.journal = log.name
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


@contextmanager
def cluster(folder, workers: int = 2, before: tuple[str, ...] = ()):
    """A scheduler and its workers on loopback; gives the address and the workers' processes."""
    with ExitStack() as stack:
        scheduler = stack.enter_context(
            started(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        )
        address = until(lambda: re.search(r"Scheduler at:\s+(tcp://[\d.:]+)", Path(scheduler.journal).read_text()))[1]
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0", "--host", "127.0.0.1")
        yield (
            address,
            [stack.enter_context(started(folder, "worker", address, *options, before=before)) for _ in range(workers)],
        )


def until(condition, seconds: float = 240):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "attente trop longue"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def pays(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dask")
    territoire(folder)
    carnet(folder / "nb" / "qpv.ipynb", "import time\ntime.sleep(1)", LIRE)
    carnet(folder / "nb" / "synthese.ipynb", PHRASE, parameters="x = 1")
    carnet(folder / "nb" / "recit.ipynb", "import time\ntime.sleep(1)", "1", parameters="x = 1")
    assert cva("build", "--out", "ici", cwd=folder, notebooks=folder / "nb").returncode == 0
    return folder


def test_a_cluster_gives_the_same_bytes_though_one_of_its_workers_is_killed(pays):
    with cluster(pays) as (address, workers):
        build = subprocess.Popen(
            [sys.executable, "-m", "cvanalysis.cli", "build", "--out", "la-bas", "--dask", address],
            cwd=pays,
            env=environment(pays / "nb"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: "construire" in build.stdout.readline())
        until(lambda: list((pays / "la-bas").glob("essai/**/*.html")))
        os.kill(workers[0].pid, signal.SIGKILL)
        assert build.wait(600) == 0, build.stderr.read()
    assert published(pays / "la-bas") == published(pays / "ici")


def test_without_a_common_disk_the_tables_and_the_notebook_go_and_the_page_comes_back(pays, tmp_path):
    """The worker lives where the build's folder is hidden by an empty one, as on another machine."""
    tried = subprocess.run([*hiding(pays), "ls", pays], capture_output=True, text=True, check=False)
    if tried.returncode:
        said = f"cacher un dossier à un processus demande d'être administrateur : {tried.stderr.strip()}"
        pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)
    assert not tried.stdout
    with cluster(tmp_path, 1, hiding(pays)) as (address, _workers):
        done = cva("build", "--out", "loin", "--dask", address, cwd=pays, notebooks=pays / "nb")
    assert done.returncode == 0, done.stderr
    assert published(pays / "loin") == published(pays / "ici")


def hiding(folder) -> tuple[str, ...]:
    """A command's beginning: what follows does not see `folder`."""
    return ("unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs "$0" && exec "$@"', str(folder))


def test_a_failing_notebook_fails_its_report_alone(pays, tmp_path):
    shutil.copytree(pays / "data", tmp_path / "data")
    shutil.copytree(pays / "nb", tmp_path / "nb")
    carnet(tmp_path / "nb" / "recit.ipynb", "import os\nos._exit(3)", parameters="x = 1")
    with cluster(tmp_path, 1) as (address, _workers):
        done = cva("build", "--dask", address, cwd=tmp_path, notebooks=tmp_path / "nb")
    assert done.returncode == 1
    assert "recit : échec. le carnet a mis fin à son processus (os._exit, code 3)" in done.stderr
    assert "4 rapports construits, 0 à jour, 1 échec" in done.stdout


def test_an_address_where_nobody_answers_is_refused(pays):
    done = cva("build", "--out", "personne", "--dask", "tcp://127.0.0.1:9", cwd=pays, notebooks=pays / "nb")
    assert done.returncode == 2
    assert "Aucun ordonnanceur Dask ne répond à tcp://127.0.0.1:9" in done.stderr
