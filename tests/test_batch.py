"""A build makes what has to be made, says why, and leaves nothing wrong, stale or half written unmarked."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from carnets import LIRE, PHRASE, RACINE, carnet, cva, environment, manifest, published, states, territoire
from cvanalysis.files import atomic
from cvanalysis.publish import build as watch_module
from cvanalysis.publish.edition import lasting
from cvanalysis.publish.files import state_folder
from cvanalysis.publish.papers import statements
from cvanalysis.publish.papers.statements import origins_of
from cvanalysis.tables import freshness
from cvanalysis.territory.contract import read_territory

QUARTIERS = [f"quartiers/QP97300{i}" for i in (1, 2, 3)]


@pytest.fixture(scope="module")
def modele(tmp_path_factory):
    """A small territory built once; tests copy it and go on from there."""
    folder = tmp_path_factory.mktemp("modele")
    territoire(folder)
    carnet(folder / "nb" / "qpv.ipynb", LIRE)
    carnet(folder / "nb" / "synthese.ipynb", PHRASE, parameters="x = 1")
    done = cva("build", "--jobs", 2, cwd=folder, notebooks=folder / "nb")
    assert done.returncode == 0, done.stderr + done.stdout
    return folder


@pytest.fixture
def pays(modele, tmp_path):
    shutil.copytree(modele, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    return tmp_path


def state(folder, edition="essai"):
    """Where what serves the next build of that edition stands."""
    return state_folder(folder / "data" / "raw", folder / "reports" / edition)


def build(folder, *argv, **kw):
    return cva("build", *argv, cwd=folder, notebooks=folder / "nb", **kw)


def build_without_forks(folder, *argv):
    told = f"import os, sys\ndel os.fork\nfrom cvanalysis.cli import run\nsys.exit(run(['build', *{argv!r}]))"
    return subprocess.run(
        [sys.executable, "-c", told], cwd=folder, env=environment(folder / "nb"), capture_output=True, text=True,
        timeout=1200, check=False,
    )  # fmt: skip


def edit(folder, old: bytes, new: bytes):
    path = folder / "data" / "raw" / "insee" / "REVN_2022.csv"
    assert old in path.read_bytes()
    aside = folder / "aside"
    aside.write_bytes(path.read_bytes().replace(old, new))
    aside.replace(path)  # in one move: a build that runs meanwhile reads the one or the other


# ------------------------------------------------------------------------------------------------- what is built


def test_the_pages_that_leave_an_edition_built_from_other_notebooks_are_named(pays):
    carnet(pays / "miens" / "sport.ipynb", PHRASE, parameters="x = 1")
    done = cva("build", cwd=pays, notebooks=pays / "miens")
    assert done.returncode == 0, done.stderr
    assert "Retirées de l'édition, que ni le contrat ni les carnets de miens ne demandent plus" in done.stderr
    assert "quartiers/QP973001, quartiers/QP973002, quartiers/QP973003, synthese. Pour garder" in done.stderr
    assert not (pays / "reports" / "essai" / "synthese.html").exists()


def test_the_manifest_has_the_keys_of_the_contract(modele):
    told = manifest(modele / "reports")
    assert list(told) == ["territoire", "edition", "audience", "reports", "sources"]
    assert set(told["reports"][0]) == {
        "id",
        "path",
        "notebook",
        "parameters",
        "status",
        "why",
        "inputs_sha256",
        "findings",
    }
    assert {"fichier", "sha256", "famille", "millesime", "statut"} <= set(told["sources"][0])
    assert states(modele / "reports") == dict.fromkeys([*QUARTIERS, "synthese"], "built")


def test_no_page_notebook_or_manifest_says_when_where_or_by_whom_it_was_made(modele):
    for name, raw in published(modele / "reports").items():
        text = re.sub(r"base64,[\w+/=]+", "", raw.decode("utf-8", "replace"))  # letters of a font may spell anything
        for word in (str(modele), os.uname().nodename, sys.prefix, "start_time", "duration"):
            assert word not in text, f"{name} : {word}"


def test_an_unchanged_build_does_nothing_and_loads_nothing_heavy(pays):
    before = published(pays / "reports")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cvanalysis.cli", "build"],
        cwd=pays,
        env=environment(pays / "nb"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "Rien n'a changé : 4 rapports à jour" in done.stdout
    for heavy in ("pandas", "numpy", "matplotlib", "IPython", "papermill", "jinja2"):
        assert f" {heavy}\n" not in done.stderr, heavy
    after = published(pays / "reports")
    assert {name for name in before if before[name] != after[name]} == {"manifest.json"}
    assert set(states(pays / "reports").values()) == {"unchanged"}


def test_a_changed_cell_rebuilds_only_the_reports_that_read_it_and_says_which_file_brought_what(pays):
    edit(pays, b"38,0", b"39,0")
    foreseen = build(pays, "--dry-run")
    assert "QP973002 : 1 valeur modifiée dans REVN_2022" in foreseen.stdout
    assert set(states(pays / "reports").values()) == {"built"}  # nothing was touched
    done = build(pays)
    assert done.stdout.splitlines()[:2] == [
        "QP973002 : 1 valeur modifiée dans REVN_2022",
        "1 rapport à construire, 3 à jour.",
    ]
    assert states(pays / "reports") == dict.fromkeys([*QUARTIERS, "synthese"], "unchanged") | {QUARTIERS[1]: "built"}


def test_a_changed_notebook_rebuilds_its_reports_alone(pays):
    carnet(pays / "nb" / "synthese.ipynb", PHRASE, "None", parameters="x = 1")
    done = build(pays)
    assert "synthese : carnet modifié" in done.stdout
    assert states(pays / "reports") == dict.fromkeys(QUARTIERS, "unchanged") | {"synthese": "built"}


def test_a_dropped_notebook_is_made_for_what_it_says_checked_and_linked_from_the_index(pays):
    for name, pour in (("sport", "quartier"), ("sante", "theme"), ("bilan", "contrat")):
        asked = {"quartier": "qpv = ''", "theme": "theme = ''", "contrat": "x = 1"}[pour]
        carnet(pays / "nb" / f"{name}.ipynb", PHRASE, parameters=asked, pour={"pour": pour, "titre": f"Page {name}"})
    carnet(pays / "nb" / "brouillon.ipynb", pour={})
    done = build(pays)
    assert done.returncode == 0, done.stderr
    assert "À vérifier : `brouillon.ipynb` ne dit pas pour quoi il est fait" in done.stderr
    new = [*(f"{one}-sport" for one in QUARTIERS), "themes/associations-sante", "bilan"]
    assert {name for name, status in states(pays / "reports").items() if status == "built"} == {
        *new,
        "synthese",
    }  # its link to the next page
    index = (pays / "reports" / "essai" / "index.html").read_text(encoding="utf-8")
    for name in new:
        assert f'href="{name}.html"' in index
        assert "Une phrase." in (pays / "reports" / "essai" / f"{name}.html").read_text(encoding="utf-8")
    assert "Le Port\u00a0: Page sport" in index
    assert "Rien n'a changé" in build(pays).stdout
    (pays / "nb" / "sport.ipynb").unlink()
    assert build(pays).returncode == 0
    assert not list((pays / "reports" / "essai").glob("*/*-sport.*"))


@pytest.mark.parametrize("builds", [build, pytest.param(build_without_forks, marks=pytest.mark.slow)])
def test_a_page_whose_own_figure_is_made_of_invented_rows_says_so(pays, builds):
    raw = pays / "data" / "raw"
    contrat = (raw / "contrat.toml").read_text(encoding="utf-8")
    (raw / "contrat.toml").write_text(
        contrat + '\n[[exemples]]\nfichiers = "actions/*"\nexemple = true\n', encoding="utf-8"
    )
    (raw / "actions").mkdir()
    (raw / "actions" / "journal.csv").write_text(
        "nomAttribuant;idAttribuant;dateConvention;referenceDecision;nomBeneficiaire;idBeneficiaire;objet;montant;nature\n"
        "Bourg-Neuf;21973900000010;2018-03-01;;Association d'essai;;Fête;1000;aide en numéraire\n",
        encoding="utf-8",
    )
    draw = "import cvanalysis as cv\n{}\ncv.montrer(frame['annee'].plot(), alt='Une ligne')"
    for name, frame in (
        ("actes", "frame = cv.ouvrir().actions()"),
        ("chiffres", "import pandas as pd\nframe = pd.DataFrame({'annee': [1, 2]})"),
    ):
        carnet(pays / "nb" / f"{name}.ipynb", draw.format(frame), parameters="x = 1")
    done = builds(pays)
    assert done.returncode == 0, done.stderr
    said = {
        name: "données d’exemple" in (pays / "reports" / "essai" / f"{name}.html").read_text(encoding="utf-8")
        for name in ("actes", "chiffres")
    }
    # What a notebook reads in a kernel is not known: all that it could have read counts.
    assert said == {"actes": True, "chiffres": builds is build_without_forks}


def test_a_dropped_notebook_that_breaks_the_contract_of_pages_is_a_failed_report(pays):
    carnet(
        pays / "nb" / "bilan.ipynb",
        "from cvanalysis.display.constat import Bloc\nBloc('<script>1</script>', 'x')",
        parameters="x = 1",
    )
    done = build(pays)
    assert done.returncode == 1
    assert "bilan : échec. la page ne tient pas son contrat" in done.stderr


def test_an_edition_in_one_file_is_what_people_read_and_is_made_again_only_with_its_content(pays):
    packed = pays / "reports" / "essai.zip"
    with zipfile.ZipFile(packed) as held:
        names = {name.removeprefix("essai/") for name in held.namelist()}
        home = held.read("essai/index.html").decode()
        for link in re.findall(r'href="([^"#]+)"', home):
            assert link in names, link
    assert {"lisez-moi.html", "index.html", "synthese.html", f"{QUARTIERS[0]}.html", "donnees/indicateurs.csv"} <= names
    assert not [name for name in names if name.startswith("notebooks/") or name in ("manifest.json", "build-log.json")]
    raw, stamp = packed.read_bytes(), packed.stat().st_mtime_ns
    assert build(pays, "--force").returncode == 0
    assert packed.read_bytes() == raw
    carnet(pays / "nb" / "synthese.ipynb", PHRASE, "'Une autre.'", parameters="x = 1")
    assert build(pays).returncode == 0
    assert packed.read_bytes() != raw
    assert stamp < packed.stat().st_mtime_ns


def test_an_edition_for_the_team_leaves_no_file_to_send_where_the_public_may_take_it(pays):
    assert build(pays, "--audience", "equipe").returncode == 0
    assert not (pays / "reports" / "essai.zip").exists()
    assert (pays / "reports" / "essai" / "essai.zip").stat().st_mode & 0o077 == 0


def test_a_notebook_saved_with_other_outputs_remakes_nothing(pays):
    path = pays / "nb" / "synthese.ipynb"
    told = json.loads(path.read_bytes())
    told["cells"][-1] |= {"execution_count": 7, "outputs": [{"output_type": "stream", "name": "stdout", "text": "2"}]}
    told["metadata"] |= {"language_info": {"name": "python", "version": "3.99"}}
    path.write_text(json.dumps(told), encoding="utf-8")
    assert "Rien n'a changé" in build(pays).stdout


def test_a_library_that_no_report_uses_remakes_nothing_when_it_is_installed(pays):
    installed = pays / "lib" / "geopandas-1.2.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: geopandas\nVersion: 1.2.0\n")
    assert "Rien n'a changé" in build(pays, env={"PYTHONPATH": f"{RACINE}{os.pathsep}{pays / 'lib'}"}).stdout


def test_a_wording_that_changes_remakes_no_table_and_is_not_told_as_method(pays, monkeypatch, tmp_path):
    package, processed = tmp_path / "cvanalysis", pays / "data" / "processed"
    shutil.copytree(freshness.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(statements, "PACKAGE", package)
    territory = read_territory(pays / "data" / "raw")

    def now():
        code = atomic.digest_tree(package)
        return freshness.made_of(territory, "public", code=code)["code"], origins_of(processed, {})

    before = now()
    for path in [*(package / "textes").glob("*.toml"), package / "publish" / "templates" / "page.html.j2"]:
        path.write_text(f"{path.read_text(encoding='utf-8')}\n", encoding="utf-8")
    assert now() == before
    (package / "indicateurs" / "clean" / "decode.py").write_text("")
    assert now()[0] != before[0]
    assert now()[1]["methode"] != before[1]["methode"]


def test_a_file_of_the_data_that_a_notebook_reads_by_itself_counts_too(pays):
    (pays / "data" / "raw" / "textes").mkdir()
    (pays / "data" / "raw" / "textes" / "a.md").write_text("un")
    carnet(
        pays / "nb" / "synthese.ipynb",
        "import os\nopen(os.environ['CVANALYSIS_DATA'] + '/textes/a.md').read()\nNone",
        parameters="x = 1",
    )
    assert build(pays).returncode == 0
    (pays / "data" / "raw" / "textes" / "a.md").write_text("deux")
    assert "synthese : fichier a.md modifié" in build(pays, "--dry-run").stdout.replace("textes/", "")


def test_a_page_that_someone_changed_or_removed_is_made_again(pays):
    (pays / "reports" / "essai" / "synthese.html").write_text("autre")
    (pays / "reports" / "essai" / "quartiers" / "QP973001.html").unlink()
    done = build(pays)
    assert "synthese : synthese.html modifié depuis sa construction" in done.stdout
    assert states(pays / "reports") == dict.fromkeys(QUARTIERS[1:], "unchanged") | {
        "synthese": "built",
        QUARTIERS[0]: "built",
    }


def test_force_rebuilds_what_has_not_changed(pays):
    assert "4 rapports construits" in build(pays, "--force").stdout


def test_only_rebuilds_what_is_named_and_marks_what_is_left_behind(pays):
    edit(pays, b"38,0", b"39,0")
    edit(pays, b"45,0", b"46,0")
    done = build(pays, "--only", "QP973002")
    assert done.returncode == 0
    told = {report["id"]: (report["status"], report["why"]) for report in manifest(pays / "reports")["reports"]}
    assert told[QUARTIERS[1]][0] == "built"
    assert told[QUARTIERS[2]][0] == "unchanged"
    assert "page d’une construction antérieure : 1 valeur modifiée dans REVN_2022" in told[QUARTIERS[2]][1]
    assert "Page d’une construction antérieure" in (pays / "reports" / "essai" / "index.html").read_text(
        encoding="utf-8"
    )
    assert "QP973003 : 1 valeur modifiée" in build(pays).stdout


@pytest.mark.slow
def test_pages_lead_to_no_page_that_is_not_built(pays):
    carnet(
        pays / "nb" / "synthese.ipynb", "import cvanalysis as cv\ncv.ouvrir().synthese().apercu()", parameters="x = 1"
    )
    out = pays / "reports" / "essai"

    def lead_to() -> set[str]:
        pages = {path: path.read_text(encoding="utf-8") for path in out.rglob("*.html")}
        led = {
            (page.parent / href) for page, html in pages.items() for href in re.findall(r'href="([^"#:]+\.html)', html)
        }
        assert not [str(path) for path in led if not path.exists() and path.resolve() != out.parent / "index.html"]
        return {path.name for path in led}

    shutil.rmtree(pays / "reports")
    assert build(pays, "--only", "synthese").returncode == 0
    assert "QP973001.html" not in lead_to()
    assert build(pays, "--only", "QP973001").returncode == 0
    assert {"QP973001.html", "synthese.html"} <= lead_to()
    assert build(pays).returncode == 0
    assert {"QP973001.html", "QP973002.html", "synthese.html"} <= lead_to()


def test_a_page_on_all_leads_to_the_sheets_of_quarters_and_a_sheet_to_the_other_pages_of_its_quarter(pays):
    for name, pour in (("bilan", "contrat"), ("sante", "theme"), ("apres", "quartier")):
        asked = {"quartier": "qpv = ''", "theme": "theme = ''", "contrat": "x = 1"}[pour]
        carnet(pays / "nb" / f"{name}.ipynb", PHRASE, parameters=asked, pour={"pour": pour, "titre": name, "ordre": 9})
    assert build(pays).returncode == 0
    out = pays / "reports" / "essai"
    found = {
        path.stem: set(re.findall(r'href="([^"#]+)', path.read_text(encoding="utf-8"))) for path in out.rglob("*.html")
    }
    assert {"quartiers/QP973001.html", "quartiers/QP973003.html"} <= found["bilan"]
    assert {"../quartiers/QP973001.html", "../bilan.html"} <= found["associations-sante"]
    assert "../quartiers/QP973001-apres.html" in found["QP973001"]
    assert "../quartiers/QP973001.html" in found["QP973001-apres"]
    assert not {"../quartiers/QP973003.html", "../quartiers/QP973002-apres.html"} & found["QP973001"]


# ------------------------------------------------------------------------------------------------- what goes wrong

VILAINS = {
    "synthese": ("import sys\nsys.exit()", "sys.exit"),
    "engagements": ("import os\nos._exit(0)", "os._exit, code 0"),
    "partenaires": (
        "x = []\nwhile True:\n    x.append(bytearray(10_000_000))",
        "la mémoire permise au rapport est dépassée",
    ),
    "recit": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "le délai de 20 s est dépassé",
    ),
    "participation": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "signal 9 (SIGKILL)"),
    "qualite": (
        "for i in range(1000):\n    try: print('x' * 100_000)\n    except BaseException: pass",
        "plus de 10 Mio",
    ),
}


@pytest.mark.slow
def test_a_notebook_that_misbehaves_fails_with_a_clear_cause_and_all_others_are_built(pays):
    for name, (cell, _) in VILAINS.items():
        carnet(pays / "nb" / f"{name}.ipynb", "'avant'", cell, parameters="x = 1")
    edit(pays, b"38,0", b"39,0")
    done = build(pays, "--timeout", 20, "--memory", 300)
    assert done.returncode == 1
    told = {report["id"]: report for report in manifest(pays / "reports")["reports"]}
    for name, (_, cause) in VILAINS.items():
        assert told[name]["status"] == "failed", name
        assert cause in told[name]["why"], told[name]["why"]
        assert "'avant'" in (state(pays) / "echecs" / f"{name}.ipynb").read_text(encoding="utf-8")
    assert told[QUARTIERS[1]]["status"] == "built"
    index = (pays / "reports" / "essai" / "index.html").read_text(encoding="utf-8")
    assert "Pas de page" in index
    assert "Page d’une construction antérieure" in index  # the synthesis that stood before
    assert "Traceback" not in done.stderr


def test_a_failed_report_keeps_its_last_good_page_and_is_tried_again(pays):
    page = pays / "reports" / "essai" / "synthese.html"
    before = page.read_bytes()
    carnet(pays / "nb" / "synthese.ipynb", "1 / 0", parameters="x = 1")
    done = build(pays)
    assert done.returncode == 1
    assert (
        "synthese : échec. cellule 3 : ZeroDivisionError : division by zero. Le détail est dans data/processed/"
        in done.stderr
    )
    assert page.read_bytes() == before
    told = (state(pays) / "echecs" / "synthese.txt").read_text(encoding="utf-8")
    assert "1 / 0" in told
    assert str(pays) not in told
    assert "1 rapport à construire, 3 à jour" in build(pays).stdout
    carnet(pays / "nb" / "synthese.ipynb", PHRASE, parameters="x = 1")
    assert build(pays).returncode == 0
    assert not (state(pays) / "echecs" / "synthese.ipynb").exists()


def test_a_notebook_that_fails_alike_for_every_quarter_is_said_once(pays):
    carnet(pays / "nb" / "qpv.ipynb", "raise ValueError(f'le quartier {qpv[-1]} pèse trop')")
    said = build(pays, "--jobs", 1).stderr
    assert said.count("échec. cellule 4 : ValueError : le quartier 1 pèse trop") == 1
    assert said.count("échec. cellule") == 1
    assert "Même échec que QP973001 : QP973002, QP973003." in said
    assert len([*(state(pays) / "echecs" / "quartiers").glob("*.txt")]) == 3


@pytest.mark.slow
def test_a_contract_of_sixty_one_quarters_with_its_log_has_every_page(real, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(RACINE / "bench")
    from france import read_quarters, write_territory

    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    quarters = dict([one for one in read_quarters(real / "insee").items() if one[0].startswith("QP059")][:61])
    write_territory(raw, real / "insee", quarters)
    titled = ["annee", "action", "porteur", "theme", "pilier", "qpv", "accorde"]
    told = "".join(f'"{name}" = "{name}"\n' for name in titled)
    with (raw / "contrat.toml").open("a", encoding="utf-8") as contract:
        contract.write(f'[[actions]]\nfichier = "actions/journal.csv"\n[actions.colonnes]\n{told}')
    draw = random.Random(1)
    lines = [
        f"{draw.randint(2015, 2022)};Atelier {n // 2};Association {n % 60};theme;pilier;{draw.choice(list(quarters))};{1000 + n}"
        for n in range(600)
    ]
    (raw / "actions").mkdir()
    (raw / "actions" / "journal.csv").write_text("\n".join([";".join(titled), *lines]), encoding="utf-8")
    done = cva("build", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / "essai" / "synthese.html").stat().st_size < 300_000


@pytest.mark.slow
def test_no_page_leads_to_one_that_could_not_be_made(pays):
    def lead():
        pages = [*(pays / "reports").rglob("*.html")]
        assert [f"{page.name}: {to}" for page in pages for to in links(page) if not (page.parent / to).exists()] == []
        return {page.name for page in pages if any("bilan.html" in to for to in links(page))}

    carnet(
        pays / "nb" / "bilan.ipynb", "1 / 0", parameters="x = 1", pour={"pour": "contrat", "titre": "Bilan", "ordre": 5}
    )
    assert build(pays).returncode == 1
    assert lead() == set()
    assert "1 rapport à construire, 4 à jour" in build(pays).stdout  # the others are as they were
    carnet(
        pays / "nb" / "bilan.ipynb", PHRASE, parameters="x = 1", pour={"pour": "contrat", "titre": "Bilan", "ordre": 5}
    )
    assert build(pays).returncode == 0
    assert lead() >= {"synthese.html", "QP973001.html", "index.html"}


def links(page):
    return re.findall(r'href="([^"#:]+)', page.read_text(encoding="utf-8"))


def test_a_page_that_breaks_its_contract_is_a_failed_report(pays):
    carnet(
        pays / "nb" / "synthese.ipynb",
        "from cvanalysis.display.constat import Bloc\nBloc('<p>Le taux est de nan %.</p>', 'x')",
        parameters="x = 1",
    )
    done = build(pays)
    assert done.returncode == 1
    assert "la page ne tient pas son contrat" in done.stderr


def test_a_raw_file_that_cannot_be_read_is_left_out_and_said_at_each_build(pays):
    (pays / "data" / "raw" / "insee" / "faux.csv").write_bytes(b"%PDF-1.4\n%faux")
    for _ in range(2):
        done = build(pays)
        assert done.returncode == 1
        assert "faux.csv" in done.stderr


def test_a_second_build_at_the_same_time_is_refused(pays):
    carnet(pays / "nb" / "synthese.ipynb", "import time\ntime.sleep(600)", parameters="x = 1")
    with start(pays) as first:
        wait_for(lambda: running(first))
        second = build(pays)
        first.send_signal(signal.SIGKILL)
    assert second.returncode == 2
    assert "Une autre construction est en cours" in second.stderr


def test_ctrl_c_stops_at_once_and_leaves_no_process_behind(pays):
    carnet(pays / "nb" / "synthese.ipynb", "import time\ntime.sleep(600)", parameters="x = 1")
    with start(pays) as first:
        wait_for(lambda: running(first))
        children = running(first)
        first.send_signal(signal.SIGINT)
        code = first.wait(240)
        assert code == 130, first.stdout.read() + first.stderr.read()
        assert "Interrompu" in first.stderr.read()
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_watch_builds_again_for_each_way_to_save_while_a_build_runs_and_for_nothing_else(tmp_path, monkeypatch):
    raw, notebooks = tmp_path / "raw", tmp_path / "nb"
    for folder in (raw, notebooks):
        folder.mkdir()
        (folder / "a.csv").write_text("1")
    stamp = (raw / "a.csv").stat()

    def same_size_same_date():
        (raw / "b").write_text("2")
        os.utime(raw / "b", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        (raw / "b").replace(raw / "a.csv")

    def hidden():
        for name in (".a.csv.swp", "a.csv~", ".~lock"):
            (raw / name).write_text("x")

    saves = [
        same_size_same_date,
        lambda: (notebooks / "nouveau.ipynb").write_text("{}"),
        (raw / "a.csv").unlink,
        lambda: (hidden(), (notebooks / "a.csv").write_text("12")),
        hidden,
    ]
    waiting = iter(saves)
    said, slept = [], []

    def pause(_seconds):
        slept.append(len(said))
        raise KeyboardInterrupt

    monkeypatch.setattr(watch_module, "find_notebooks", lambda: notebooks)
    monkeypatch.setattr(watch_module.subprocess, "run", lambda *_, **__: next(waiting)())
    monkeypatch.setattr(watch_module.time, "sleep", pause)
    with pytest.raises(KeyboardInterrupt):
        watch_module.watch(["watch"], raw, said.append)
    assert [line for line in said if line.startswith("Changé")] == [
        "Changé : a.csv",
        "Changé : nouveau.ipynb",
        "Changé : a.csv",
        "Changé : a.csv",
    ]
    assert slept == [len(said)]  # it rests only once all is built


@pytest.mark.slow
@pytest.mark.seul
def test_watch_rebuilds_what_a_saved_file_touches_even_one_saved_during_a_build_until_it_is_stopped(pays):
    heard = []
    edit(pays, b"45,0", b"46,0")
    with start(pays, command="watch") as watching:

        def hear(words: str) -> None:
            while words not in (line := watching.stdout.readline()):
                assert line, f"ended without saying {words}: {heard}{watching.stderr.read()}"
                heard.append(line)

        hear("QP973003 : 1 valeur modifiée dans REVN_2022")
        edit(pays, b"41,0", b"42,0")  # while the first build is still running
        hear("Changé : REVN_2022.csv")
        hear("QP973001 : 1 valeur modifiée dans REVN_2022")
        hear("En attente de changements")
        edit(pays, b"38,0", b"39,0")
        hear("QP973002 : 1 valeur modifiée dans REVN_2022")
        hear("1 rapport construit, 3 à jour")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(240) == 130
        assert "Interrompu" in watching.stderr.read()


def start(folder, *argv, command="build"):
    return subprocess.Popen(
        [sys.executable, "-m", "cvanalysis.cli", command, *argv], cwd=folder, env=environment(folder / "nb"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def running(process) -> list[int]:
    """Its children that run a report."""
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    except OSError:
        return []
    return [int(pid) for pid in children if in_scratch(int(pid))]


def in_scratch(pid: int) -> bool:
    try:
        return "cvanalysis-" in str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return False


def wait_for(condition, seconds: float = 240):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "attente trop longue"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.seul
def test_a_thousand_reports_started_as_fast_as_the_machine_can_all_come_to_their_end(tmp_path):
    raw = territoire(tmp_path)
    codes = [f"QP973{i:03}" for i in range(1, 1000)] + ["QP974001"]
    lines = [f"{code};Quartier {code[2:]};97390" for code in codes]
    (raw / "quartiers.csv").write_text("\n".join(["code;nom;communes", *lines, ""]), encoding="utf-8")
    carnet(tmp_path / "nb" / "qpv.ipynb", PHRASE)
    done = cva("build", "--jobs", 16, cwd=tmp_path, notebooks=tmp_path / "nb", seconds=1200)
    assert done.returncode == 0, done.stderr[-2000:]
    assert states(tmp_path / "reports") == {f"quartiers/{code}": "built" for code in codes}


# --------------------------------------------------------------------------------------------- the same, always


@pytest.mark.slow
def test_the_same_inputs_give_the_same_bytes_whatever_the_jobs_the_folder_and_the_clock(modele, tmp_path):
    expected = published(modele / "reports")
    for i, (jobs, zone) in enumerate([(1, "Pacific/Kiritimati"), (4, "America/Adak")]):
        folder = tmp_path / f"un dossier {{{i}}} é"
        territoire(folder)
        shutil.copytree(modele / "nb", folder / "nb")
        done = build(folder, "--jobs", jobs, env={"TZ": zone, "PYTHONHASHSEED": str(i + 1), "LC_ALL": "C"})
        assert done.returncode == 0, done.stderr
        assert published(folder / "reports") == expected


def assert_whole(folder, expected):
    """Every page that exists is a page, every notebook a notebook."""
    for name in expected:
        path = folder / "reports" / "essai" / name
        if path.exists() and name.endswith(".html"):
            assert path.read_bytes().rstrip().endswith(b"</html>"), name
        elif path.exists() and name.endswith((".ipynb", ".json")):
            json.loads(path.read_bytes())


@pytest.mark.slow
@pytest.mark.seul
def test_a_build_killed_at_any_moment_leaves_whole_pages_and_the_next_one_ends_as_if_nothing_had_happened(
    modele, tmp_path
):
    expected = published(modele / "reports")
    chance = random.Random(20)
    took, ended = 6.0, 0
    for i in range(20):
        folder = tmp_path / str(i)
        territoire(folder)
        shutil.copytree(modele / "nb", folder / "nb")
        with start(folder, "--jobs", "2") as process:
            began = time.monotonic()
            try:
                process.wait(chance.uniform(0.1, 1.0) * took)
                took, ended = time.monotonic() - began, ended + 1  # it came to its end first: be quicker from now on
            except subprocess.TimeoutExpired:
                process.kill()
        assert_whole(folder, expected)
        stamped = (state(folder) / "registre" / "edition.json").exists()
        done = build(folder)
        assert done.returncode == 0, done.stderr
        # A build killed after its last word is whole: the next one finds nothing to do, and its manifest says so.
        assert (
            without_statuses(folder) == without_statuses(modele)
            if stamped
            else published(folder / "reports") == expected
        )
        assert not list((folder / "reports").rglob("*.cvtmp"))
    assert ended < 15, "too few of these builds were killed for this to prove anything"


def without_statuses(folder) -> dict[str, object]:
    """What is published, but for what the manifest says of the last build."""
    found = published(folder / "reports")
    return found | {"manifest.json": lasting(json.loads(found["manifest.json"]))}


@pytest.mark.slow
@pytest.mark.seul
def test_a_full_disk_fails_reports_with_a_clear_cause_and_leaves_whole_pages(modele, tmp_path):
    disk = tmp_path / "disque"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2000k", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        said = f"monter un petit disque demande d'être administrateur : {mounted.stderr.strip()}"
        pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)
    try:
        territoire(tmp_path)
        shutil.copytree(modele / "nb", tmp_path / "nb")
        (disk / "plein").write_bytes(b"x" * 1_950_000)
        done = build(tmp_path, "--out", disk / "reports")
        assert done.returncode == 1
        assert "le disque est plein" in done.stderr
        assert "Traceback" not in done.stderr
        for path in disk.rglob("*.html"):
            assert path.read_bytes().rstrip().endswith(b"</html>")
        (disk / "plein").unlink()
        done = build(tmp_path, "--out", disk / "reports")
        assert done.returncode == 0, done.stderr
        assert published(disk / "reports") == published(modele / "reports")
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
@pytest.mark.seul
def test_where_a_fork_is_not_to_be_had_papermill_s_engine_makes_the_same_pages_one_by_one(modele, tmp_path):
    shutil.copytree(modele / "data", tmp_path / "data")
    shutil.copytree(modele / "nb", tmp_path / "nb")
    carnet(tmp_path / "nb" / "qualite.ipynb", "import os\nos._exit(3)", parameters="x = 1")
    carnet(tmp_path / "nb" / "recit.ipynb", "import time\ntime.sleep(600)", parameters="x = 1")

    done = build_without_forks(tmp_path, "--timeout", "25")
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("par le moteur de papermill") == 1
    told = {report["id"]: report for report in manifest(tmp_path / "reports")["reports"]}
    assert "a mis fin à son processus" in told["qualite"]["why"]
    assert "le délai de 25 s est dépassé" in told["recit"]["why"]
    (tmp_path / "nb" / "qualite.ipynb").unlink()
    (tmp_path / "nb" / "recit.ipynb").unlink()
    assert build_without_forks(tmp_path).returncode == 0
    expected = published(modele / "reports")
    found = published(tmp_path / "reports")
    for report in QUARTIERS:
        for name in (f"{report}.html", f"notebooks/{report}.ipynb"):
            assert found[name] == expected[name]
    assert "Rien n'a changé" in build_without_forks(tmp_path).stdout
    edit(tmp_path, b"38,0", b"39,0")
    assert "4 rapports à construire" in build_without_forks(tmp_path, "--dry-run").stdout, (
        "what was read is not known: all of them"
    )


# ------------------------------------------------------------------------------------------------- other audiences


@pytest.mark.slow
def test_a_build_for_another_audience_leaves_nothing_of_the_former_one(pays):
    assert build(pays, "--audience", "equipe").returncode == 0
    assert build(pays, "--only", "synthese").returncode == 0
    edition = next(path for path in (pays / "reports").iterdir() if path.is_dir())
    assert not list(edition.glob("quartiers/*"))
    assert not list(edition.glob("notebooks/quartiers/*"))
    assert manifest(pays / "reports")["audience"] == "public"


@pytest.mark.slow
def test_a_failed_report_does_not_keep_a_page_whose_voices_changed(pays):
    parole = pays / "data" / "raw" / "paroles" / "recueil.csv"
    parole.parent.mkdir(exist_ok=True)
    header = "date;theme;qpv;college;qualite;texte;audience;citation anonyme\n"
    parole.write_text(header + "2022-03-10;;QP973001;;habitant;Le marché est loin.;public;oui\n", encoding="utf-8")
    told = "import os; from cvanalysis.tables.store import Store\n"
    told += "from cvanalysis.territory.contract import read_territory\nfrom pathlib import Path\n"
    told += "t = read_territory(Path(os.environ['CVANALYSIS_DATA']))\n"
    told += "Store(Path(os.environ['CVANALYSIS_PROCESSED']), t).rows('paroles')\nprint('dit')"
    carnet(pays / "nb" / "synthese.ipynb", told, parameters="x = 1")
    assert build(pays).returncode == 0, "the page stands"
    page = next((pays / "reports").glob("*/synthese.html"))
    parole.write_text(header, encoding="utf-8")
    carnet(pays / "nb" / "synthese.ipynb", told + "\n1 / 0", parameters="x = 1")
    assert build(pays).returncode == 1
    assert not page.exists()
