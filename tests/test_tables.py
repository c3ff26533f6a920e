"""Processed tables are their contract's and their readers' alone, and nothing that serves the next build is in what people share."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from carnets import CONTRAT, LIRE, RACINE, carnet, cva, environment, manifest, published, territoire
from cvanalysis.dossier import ouvrir
from cvanalysis.errors import CvanalysisError, UsageError
from cvanalysis.files.atomic import digest_value
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.publish.files import state_folder, take_over
from cvanalysis.publish.memory.decision import is_open
from cvanalysis.publish.memory.ledger import digest_notebook
from cvanalysis.tables import freshness
from cvanalysis.tables.process import process
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import read_territory

VOIX = """\
parole;texte;date;audience;qpv;citation_anonyme;web
1;Ouverte à tous.;2022-03-10;public;QP973001;oui;oui
2;Entre nous seulement.;2022-03-11;equipe;QP973002;oui;oui
"""
SECRETE = "relances-veuve-rue-verte.csv"  # an invented name, which says what nobody may read
DIRE = "import cvanalysis as cv\nlen(cv.ouvrir().store.rows('paroles')) and None"


def with_voices(folder: Path) -> Path:
    raw = territoire(folder)
    (raw / "paroles").mkdir()
    (raw / "paroles" / SECRETE).write_text(VOIX, encoding="utf-8")
    return raw


@pytest.fixture(scope="module")
def modele(tmp_path_factory):
    """A contract whose tables were opened for the public, then for the team."""
    folder = tmp_path_factory.mktemp("tables")
    before = os.umask(0)
    ouvrir(with_voices(folder))
    ouvrir(folder / "data" / "raw", audience="equipe")
    os.umask(before)
    return folder


@pytest.fixture
def pays(modele, tmp_path):
    shutil.copytree(modele, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    return tmp_path


def said(dossier) -> set[str]:
    return set(dossier.store.rows("paroles")["texte"])


# ----------------------------------------------------------------------------------------------- whose, and today's


def test_what_is_opened_for_the_public_never_holds_more_whoever_processed_last(pays):
    raw = pays / "data" / "raw"
    ouvrir(raw)
    process(read_territory(raw), pays / "data" / "processed", audience="equipe")
    assert "Entre nous seulement." not in said(ouvrir(raw))
    assert "Entre nous seulement." in said(ouvrir(raw, audience="equipe"))


def test_a_text_that_recurs_in_a_table_is_held_once_and_is_the_one_that_was_written(pays):
    tables = ouvrir(pays / "data" / "raw").store.tables
    for name in tables.digests:
        frame, written = tables[name].frame, pd.read_parquet(tables.processed / f"{name}.parquet")
        pd.testing.assert_frame_equal(frame, written, check_dtype=False)
        assert list(frame.select_dtypes("str")) == list(written.select_dtypes("str"))
        for column in frame.select_dtypes("str"):
            assert len(set(map(id, frame[column].dropna()))) == frame[column].nunique()
    assert len(tables["paroles"].frame)


def test_two_dossiers_open_at_once_each_keep_their_readers(pays):
    public = ouvrir(pays / "data" / "raw")
    team = ouvrir(pays / "data" / "raw", audience="equipe")
    assert len(public.store.rows("paroles")) == 1
    assert len(team.store.rows("paroles")) == 2


def test_a_dossier_refuses_tables_that_were_replaced_under_it_and_those_of_others(pays):
    raw, tables = pays / "data" / "raw", pays / "data" / "processed"
    opened, territory = ouvrir(raw), read_territory(raw)
    process(territory, tables, audience="equipe")
    with pytest.raises(UsageError, match="n'est plus celle que ce dossier a ouverte"):
        opened.store.rows("paroles")
    with pytest.raises(UsageError, match="sont faites pour «\u00a0equipe\u00a0»"):
        Store(tables, territory)
    with pytest.raises(UsageError, match="d'un autre contrat, d'une autre édition"):
        Store(tables, read_territory(raw, "autre"), "equipe")
    with pytest.raises(UsageError, match="Il n'y a pas de tables entières"):
        Store(pays, territory)


def test_tables_are_remade_for_what_makes_them_and_for_nothing_else(pays):
    territory = read_territory(pays / "data" / "raw")
    code = {
        "territory/contract.py": "1",
        "territory/places.py": "1",
        "files/dates.py": "1",
        "display/maps.py": "1",
        "cli.py": "1",
    }

    def print_of(data=None, **changed):
        return freshness.made_of(
            territory, "public", data or {"textes/a.md": "1", "quartiers.csv": "1"}, code | changed
        )

    assert print_of(**{"display/maps.py": "2", "cli.py": "2"}) == print_of() == print_of({"quartiers.csv": "1"})
    for name in ("territory/contract.py", "territory/places.py", "files/dates.py"):
        assert print_of(**{name: "2"}) != print_of(), name
    assert print_of({"quartiers.csv": "2"}) != print_of()
    assert freshness.made_of(read_territory(territory.dossier, "autre"), "public") != freshness.made_of(
        territory, "public"
    )
    assert freshness.made_of(replace(territory, nom="Ailleurs"), "public") != freshness.made_of(territory, "public")


def test_what_makes_the_tables_is_in_their_print_code_and_libraries():
    """All that `tables.process` imports, directly or not, is either code or a library of the print; texts, words of pages and contours make
    no table, nor do the sentences that say in a terminal what became of the voices, nor where compiled patterns are kept."""
    listing = "import cvanalysis.tables.process, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()
    ours = [name.removeprefix("cvanalysis.").replace(".", "/") for name in loaded if name.startswith("cvanalysis.")]
    outside = [name for name in ours if not f"{name}/".startswith(freshness.CLEANING)]
    assert sorted(outside) == [
        "actions",
        "engagements",
        "indicateurs",
        "paroles",
        "tables",
        "tables/freshness",
        "textes",
    ]
    names = {"odf": "odfpy", "python_calamine": "python-calamine"}
    modules = [
        RACINE / "cvanalysis" / f"{name}.py"
        for name in ours
        if name not in ("files/texts", "files/contours", "territory/words", "personnes/motifs")
    ]
    imported = {
        line.split()[1].split(".")[0]
        for path in modules
        if path.exists()
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("import ", "from ")) and len(line.split()) > 1
    }
    others = {names.get(n, n) for n in imported - set(sys.stdlib_module_names) - {"cvanalysis", "__future__"}}
    assert {n for n in others if n.isidentifier() or "-" in n} <= set(freshness.LIBRARIES)


def test_a_processing_that_is_killed_leaves_nothing_that_passes_for_tables(pays):
    raw, tables = pays / "data" / "raw", pays / "data" / "processed"
    territory = read_territory(raw)
    if (pid := os.fork()) == 0:
        moves, rename = iter(range(3)), Path.replace
        Path.replace = lambda path, to: rename(path, to) if next(moves, None) is not None else os._exit(9)
        with contextlib.suppress(CvanalysisError):  # the child that cleans died
            process(territory, tables, "equipe")
        os._exit(0 if next(moves, None) is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1  # this process has moved nothing
    assert freshness.read_record(tables) == {}
    with pytest.raises(UsageError, match="pas de tables entières"):
        Store(tables, territory)
    assert "Entre nous seulement." not in said(ouvrir(raw))
    assert not list(tables.glob(".*.cvtmp"))


def test_a_withdrawn_voice_leaves_the_tables_of_every_audience(pays):
    raw = pays / "data" / "raw"
    (raw / "paroles" / "retraits.csv").write_text("parole\n2\n", encoding="utf-8")
    ouvrir(raw)
    assert not list((pays / "data" / "processed" / "equipe").glob("*.parquet"))


def test_tables_are_open_to_nobody_else_whatever_the_umask(modele):
    tables = modele / "data" / "processed"
    modes = {path: path.stat().st_mode & 0o777 for path in [tables, *tables.rglob("*")]}
    assert {path.name for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == set()


def test_no_table_of_the_public_names_a_file_of_voices_and_the_teams_do(pays):
    raw = pays / "data" / "raw"
    (raw / "paroles" / "carnet-de-mme-orthanc.xlsx").write_bytes(b"rien")
    public, team = (ouvrir(raw, audience=one) for one in ("public", "equipe"))
    for name in public.store.tables.digests:
        held = public.store.rows(name).to_csv().lower()
        assert SECRETE not in held, name
        assert "orthanc" not in held, name
    assert list(public.store.rows("fichiers")["fichier"]).count("paroles") >= 1
    assert f"paroles/{SECRETE}" in set(team.store.rows("fichiers")["fichier"])


# --------------------------------------------------------------------------------------------- two contracts together


@pytest.fixture(scope="module")
def voisins(tmp_path_factory):
    """Two contracts in one folder, both being built at once, to the same place but for the edition."""
    folder = tmp_path_factory.mktemp("voisins")
    for name in ("a", "b"):
        shutil.move(with_voices(folder / f"de-{name}"), folder / name)
    other = folder / "b"
    other.joinpath("contrat.toml").write_text(
        CONTRAT.replace("essai", "chez-b").replace("petit", "grand"), encoding="utf-8"
    )
    for path in (other / "quartiers.csv", other / "insee" / "REVN_2022.csv", other / "paroles" / SECRETE):
        path.write_text(path.read_text(encoding="utf-8").replace("QP9730", "QP9740"), encoding="utf-8")
    carnet(folder / "nb" / "qpv.ipynb", LIRE)
    builds = [
        subprocess.Popen(
            [sys.executable, "-m", "cvanalysis.cli", "build", "--data", name, "--jobs", "1"],
            cwd=folder, env=environment(folder / "nb"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for name in ("a", "b")
    ]  # fmt: skip
    assert [(one.wait(), one.stdout.read())[0] for one in builds] == [0, 0]
    return folder


def test_two_contracts_side_by_side_are_built_at_once_and_never_read_each_other(voisins):
    for edition, quarter in (("essai", "QP973001"), ("chez-b", "QP974001")):
        page = (voisins / "reports" / edition / "quartiers" / f"{quarter}.html").read_text(encoding="utf-8")
        assert "Valeurs lues : 0" not in page.replace("\N{NO-BREAK SPACE}", " ")
    mine, theirs = ouvrir(voisins / "a"), ouvrir(voisins / "b")
    assert len(mine.store.indicateurs("QP973001")) > 0
    assert len(mine.store.indicateurs("QP974001")) == 0
    assert len(theirs.store.indicateurs("QP974001")) > 0
    assert {path.name for path in voisins.glob("*-processed")} == {"a-processed", "b-processed"}


def test_the_list_of_texts_to_read_stands_beside_its_own_contract(voisins):
    for name in ("a", "b"):
        assert cva("relire", "--data", name, cwd=voisins).returncode == 0
        assert (voisins / f"{name}-a-relire.csv").exists()


def test_a_contract_that_would_write_over_another_ones_data_is_refused(tmp_path):
    raw = with_voices(tmp_path)
    shutil.copytree(raw, tmp_path / "data" / "processed")
    with pytest.raises(UsageError, match="est le dossier d'un contrat"):
        ouvrir(raw)


# ------------------------------------------------------------------------------------------------ what people share


@pytest.fixture(scope="module")
def partage(tmp_path_factory):
    """Two editions under one folder: `essai` for the public, with a report that fails, and `autre` for the team."""
    folder = tmp_path_factory.mktemp("partage")
    raw = with_voices(folder)
    (raw / "paroles" / "illisible-orthanc.xlsx").write_bytes(b"rien")
    carnet(folder / "nb" / "qpv.ipynb", LIRE)
    carnet(folder / "nb" / "synthese.ipynb", DIRE, parameters="x = 1")
    carnet(folder / "nb" / "recit.ipynb", "1 / 0", parameters="x = 1")
    shutil.copy(RACINE / "notebooks" / "qualite.ipynb", folder / "nb")
    for argv in (("--edition", "autre", "--audience", "equipe"), ("--edition", "essai")):
        assert cva("build", *argv, "--jobs", 2, cwd=folder, notebooks=folder / "nb").returncode == 1
    return folder


@pytest.fixture
def remis(partage, tmp_path):
    shutil.copytree(partage, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    return tmp_path


def test_nothing_of_the_next_build_nor_of_a_failed_one_is_in_the_shared_folder(partage):
    public = partage / "reports" / "essai"
    assert not [path for path in (partage / "reports").rglob("*") if path.name in {".etat", "echecs", "verrou"}]
    assert {path.suffix for path in public.rglob("*") if path.is_file()} <= {
        ".html",
        ".json",
        ".csv",
        ".ipynb",
        ".docx",
    }
    assert (state_folder(partage / "data" / "raw", public) / "echecs" / "recit.txt").exists()


def test_no_file_of_a_public_edition_names_a_file_of_voices(partage):
    for name, raw in published(partage / "reports").items():
        assert SECRETE.encode() not in raw, name
        assert b"orthanc" not in raw.lower(), name
    assert b"orthanc" not in (partage / "reports" / "essai" / "build-log.json").read_bytes()
    team = json.loads((partage / "reports" / "autre" / "manifest.json").read_bytes())
    assert f"paroles/{SECRETE}" in {source["fichier"] for source in team["sources"]}


def test_no_digest_that_anyone_can_take_of_voices_is_in_what_is_shared(partage):
    territory = read_territory(partage / "data" / "raw", "essai")
    known = [one.sha256 for one in clean_voices(territory, "public").fichiers if one.statut == "lu"]
    known += [digest_value({f"paroles/{SECRETE}": known[0]}), digest_value([f"paroles/{SECRETE}", known[0]])]
    known += [freshness.digest(path) for path in (territory.dossier / "paroles").iterdir()]
    for name, raw in published(partage / "reports").items():
        assert not [one for one in known if one[:16].encode() in raw], name
    told = manifest(partage / "reports")
    assert {one["sha256"] for one in told["sources"] if one["famille"].startswith("paroles")} == {""}
    assert all(one["sha256"] for one in told["sources"] if one["fichier"].startswith("insee/"))


@pytest.mark.slow
def test_what_is_shared_is_the_same_wherever_it_is_made_and_whatever_was_said_that_it_does_not_show(remis):
    before = published(remis / "reports")
    shutil.rmtree(remis / "data" / "processed")
    secret = remis / "data" / "raw" / "paroles" / SECRETE
    secret.write_text(
        secret.read_text(encoding="utf-8").replace("Entre nous seulement.", "Entre nous, et autrement."),
        encoding="utf-8",
    )
    cva("build", "--edition", "essai", cwd=remis, notebooks=remis / "nb")
    after = published(remis / "reports")
    assert {name for name in before if before[name] != after[name]} == set()


def test_what_a_report_reads_of_voices_is_told_apart():
    assert is_open({"table": "indicateurs", "where": []})
    assert is_open({"table": "@fichiers", "where": [["nom", ["insee/REVN_2022.csv"]]]})
    for table, name in (("paroles", ""), ("anomalies", ""), ("@fichiers", "paroles/voix.csv")):
        assert not is_open({"table": table, "where": [["nom", [name]]]})


def test_a_team_edition_is_open_to_nobody_else_and_the_public_list_does_not_name_it(partage):
    for edition, private in (("autre", True), ("essai", False)):
        folder = partage / "reports" / edition
        opened = [path for path in [folder, *folder.rglob("*")] if path.stat().st_mode & 0o077]
        assert bool(opened) is not private
    listed = (partage / "reports" / "index.html").read_text(encoding="utf-8")
    assert "essai/index.html" in listed
    assert "pour tout le monde" in listed
    assert "autre" not in listed.partition("<body>")[2].lower()


def pages_of(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


def test_an_edition_that_is_not_known_to_be_for_these_readers_is_cleared_and_what_no_build_wrote_is_never_touched(
    remis,
):
    public, team = (remis / "reports" / one for one in ("essai", "autre"))
    etat = state_folder(remis / "data" / "raw", public)
    kept = remis / "copie"
    shutil.copytree(public, kept)
    assert take_over(public, etat, "petit-pays", "public") is False
    for leave in (
        (etat / "audience").unlink,  # what said for whom it was
        (public / ".etat").mkdir,  # as a former version left it
        lambda: (shutil.rmtree(public), shutil.copytree(team, public)),  # another's copy
    ):
        leave()
        assert take_over(public, etat, "petit-pays", "public") is True
        assert pages_of(public) == set()
        assert public.stat().st_mode & 0o077
        shutil.copytree(kept, public, dirs_exist_ok=True)
        assert take_over(public, etat, "petit-pays", "public") is False
    (etat / "audience").unlink()
    (public / "manifest.json").unlink()
    (public / "vacances.jpg").write_bytes(b"souvenir")
    with pytest.raises(UsageError, match=r"vacances\.jpg"):
        take_over(public, etat, "petit-pays", "public")
    assert {"vacances.jpg", "index.html"} <= pages_of(public)


def test_an_edition_that_someone_removed_is_its_readers_alone_again(remis):
    team = remis / "reports" / "autre"
    etat = state_folder(remis / "data" / "raw", team)
    for audience, cleared in (("equipe", False), ("public", True)):
        shutil.rmtree(team)
        team.mkdir(mode=0o755)
        assert take_over(team, etat, "petit-pays", audience) is cleared
        assert bool(team.stat().st_mode & 0o077) is (audience == "public")


@pytest.mark.slow
def test_a_public_build_over_what_a_former_version_left_starts_again(remis):
    public = remis / "reports" / "essai"
    (public / ".etat").mkdir()
    (public / "themes").mkdir()
    (public / "themes" / "equipe.html").write_text("pour l'équipe")
    done = cva("build", "--edition", "essai", "--only", "synthese", cwd=remis, notebooks=remis / "nb")
    assert "ses pages sont effacées" in done.stdout
    assert not pages_of(public) & {".etat", "themes", "quartiers"}


def test_a_notebook_saved_with_other_outputs_asks_the_same(tmp_path):
    path = carnet(tmp_path / "nb" / "synthese.ipynb", "1 + 1", parameters="x = 1")
    before, told = digest_notebook(path), json.loads(path.read_bytes())
    told["cells"][-1] |= {"execution_count": 7, "outputs": [{"output_type": "stream", "name": "stdout", "text": "2"}]}
    told["metadata"]["language_info"] = {"name": "python", "version": "3.99"}
    path.write_text(json.dumps(told), encoding="utf-8")
    assert digest_notebook(path) == before
    told["cells"][-1]["source"] = "1 + 2"
    path.write_text(json.dumps(told), encoding="utf-8")
    assert digest_notebook(path) != before


@pytest.mark.slow
def test_a_process_that_read_the_tables_comes_to_its_end(modele):
    """Arrow's threads freed what Python held as the process ended: it aborted, its work done, once in fifteen."""
    told = (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        "from cvanalysis.dossier import ouvrir\nstore = ouvrir('data/raw').store\n"
        "[store.rows(name) for name in store.tables.digests]"
    )
    ends = [
        subprocess.run([sys.executable, "-c", told], cwd=modele, env=environment(), check=False).returncode
        for _ in range(40)
    ]
    assert set(ends) == {0}
