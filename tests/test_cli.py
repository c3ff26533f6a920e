"""The command line speaks French, and its exit statuses are those that other programs rely on."""

import errno
import re
import subprocess
import sys
from importlib.metadata import version

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from carnets import PHRASE, RACINE, carnet, cva, environment, territoire
from cvanalysis.cli import run

ENGLISH = re.compile(
    r"\b(usage:|options:|commands:|show this|default|error|invalid|missing|no such|try)\b", re.IGNORECASE
)


@pytest.mark.parametrize("argv", [["--help"], ["build", "--help"], ["check", "-h"], ["watch", "--help"], []])
def test_help_is_in_french(argv, capsys):
    assert run(argv) == (0 if argv else 2)
    said = "".join(capsys.readouterr())
    assert "Usage :" in said
    assert not [word for word in ENGLISH.findall(said) if word not in {"Usage", "Options"}]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["build", "--inconnue"], "Option inconnue : --inconnue."),
        (["build", "--forc"], "Vouliez-vous dire '--force' ?"),
        (["construire"], "Commande inconnue : « construire »."),
        (["build", "--jobs", "zéro"], "'--jobs' : « zéro » n'est pas un nombre entier"),
        (
            ["build", "--audience", "tous"],
            "'--audience' : « tous » n'est pas permis. Choix : 'public', 'groupe', 'equipe'.",
        ),
        (["build", "--data", "nulle-part"], "'--data' : « nulle-part » n'est pas un dossier."),
        (["build", "--edition"], "--edition"),
        (["build", "en trop"], "Argument en trop"),
    ],
)
def test_wrong_usage_is_said_in_french_and_ends_with_2(argv, said, capsys):
    assert run(argv) == 2
    told = capsys.readouterr().err
    assert said in told
    assert not ENGLISH.search(told)


def test_the_version_installed_is_said_in_a_line(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"cvanalysis {version('cvanalysis')}\n"


def test_the_catalogue_of_click_is_made_of_what_people_read_of_it():
    source = RACINE / "cvanalysis" / "textes" / "click" / "fr" / "LC_MESSAGES" / "messages.po"
    with source.open("rb") as written, source.with_suffix(".mo").open("rb") as made:
        said, compiled = (
            sorted(([m.id] if isinstance(m.id, str) else [*m.id], [*m.string]) for m in one if m.id)
            for one in (read_po(written), read_mo(made))
        )
    assert said == compiled  # the bytes bear the minute at which they were made


@pytest.mark.parametrize("out", ["data/raw", "data/raw/pages", "data", ".", "data/processed/pages", "lien/pages"])
def test_pages_never_go_among_the_data_nor_the_data_among_the_pages(out, tmp_path, monkeypatch, capsys):
    raw = territoire(tmp_path)
    (tmp_path / "lien").symlink_to(raw)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run(["build", "--out", out]) == 2
    assert "l'un dans l'autre" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("size", ["0", "-5", "1.5", "nan", "inf", "-inf", "beaucoup", "9" * 5000 + "x"])
def test_a_limit_that_is_no_size_is_refused_in_french(size, capsys):
    assert run(["build", "--memory", size]) == run(["build", f"--timeout={size}"]) == 2
    assert "n'est pas un nombre entier à partir de 1" in capsys.readouterr().err


def test_limits_beyond_any_machine_are_understood(tmp_path):
    territoire(tmp_path)
    carnet(tmp_path / "nb" / "synthese.ipynb", PHRASE, parameters="x = 1")
    done = cva("build", "--memory", "9" * 300, "--timeout", "1e12", cwd=tmp_path, notebooks=tmp_path / "nb")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("files", [9, 10, 12, 14])
def test_few_descriptors_are_said_in_french(files, tmp_path):
    territoire(tmp_path)
    carnet(tmp_path / "nb" / "synthese.ipynb", PHRASE, parameters="x = 1")
    limit = f"import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))\n"
    told = limit + "import sys\nfrom cvanalysis.cli import run\nsys.exit(run(['build', '--jobs', '1']))"
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=tmp_path,
        env=environment(tmp_path / "nb"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or "trop de fichiers sont ouverts" in done.stderr, done.stderr
    assert "imprévue" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/a/b/.x.12.cvtmp"), "x.12 : le disque est plein"),
        (OSError(errno.EROFS, "Read-only file system", "/a/out"), "out : le disque est en lecture seule"),
        (PermissionError(errno.EACCES, "Permission denied", "/a/out"), "out : l'accès est refusé"),
        (OSError(errno.EMFILE, "Too many open files"), "trop de fichiers sont ouverts"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/a']"), "aucun dossier temporaire"),
        (OSError(errno.EIO, "Input/output error"), "le disque est en panne"),
        (OSError(9999, "Strange"), "erreur 9999 du système"),
    ],
)
def test_what_the_system_refuses_is_said_in_french_with_the_file(error, said, monkeypatch, capsys, tmp_path):
    def refused(*_argv, **_kw):
        raise error

    monkeypatch.setattr("cvanalysis.cli.read_territory", refused)
    assert run(["check", "--data", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert said in told.replace("\u00a0", " ")
    assert "imprévue" not in told
    assert error.strerror not in told


def test_wrong_declarations_end_with_2_without_a_traceback(tmp_path, capsys):
    raw = territoire(tmp_path)
    (raw / "quartiers.csv").write_text("code;nom;communes\nQP973001;A;99999\n", encoding="utf-8")
    carnet(tmp_path / "nb" / "qpv.ipynb")
    assert run(["build", "--data", str(raw), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "quartiers.csv" in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_a_name_of_nothing_ends_with_2_before_anything_is_built(tmp_path):
    raw = territoire(tmp_path)
    carnet(tmp_path / "nb" / "qpv.ipynb")
    done = cva(
        "build", "--data", raw, "--out", tmp_path / "out", "--only", "QP999999", cwd=tmp_path, notebooks=tmp_path / "nb"
    )
    assert done.returncode == 2
    assert "« QP999999 » ne désigne aucun rapport" in done.stderr
    assert not list(tmp_path.glob("out/*/*.html"))


def test_an_edition_that_is_not_declared_ends_with_2(tmp_path, capsys):
    assert run(["build", "--data", str(territoire(tmp_path)), "--out", str(tmp_path / "o"), "--edition", "2099"]) == 2
    assert "2099" in capsys.readouterr().err


def test_check_says_what_each_file_was_taken_for(tmp_path, capsys):
    assert run(["check", "--data", str(territoire(tmp_path))]) == 0
    assert "insee/REVN_2022.csv" in capsys.readouterr().out


def test_check_ends_with_1_where_a_file_was_left_out(tmp_path, capsys):
    raw = territoire(tmp_path)
    (raw / "insee" / "faux.csv").write_bytes(b"%PDF-1.4")
    assert run(["check", "--data", str(raw)]) == 1
    assert "faux.csv" in capsys.readouterr().out
