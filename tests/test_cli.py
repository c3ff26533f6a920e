"""The command line speaks French, and its exit statuses are those that other programs rely on."""

from __future__ import annotations

import re

import pytest

from carnets import carnet, cva, territoire
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
        (["build", "--forc"], "Vouliez-vous dire --force ?"),
        (["construire"], "Commande inconnue : 'construire'."),
        (["build", "--jobs", "zéro"], "--jobs : « zéro » n'est pas un nombre entier"),
        (["build", "--audience", "tous"], "--audience : « tous » n'est pas permis. Choix : public, groupe, equipe."),
        (["build", "--data", "nulle-part"], "--data : « nulle-part » n'est pas un dossier."),
        (["build", "--edition"], "--edition"),
        (["build", "en trop"], "Argument en trop"),
    ],
)
def test_wrong_usage_is_said_in_french_and_ends_with_2(argv, said, capsys):
    assert run(argv) == 2
    told = capsys.readouterr().err
    assert said in told
    assert not ENGLISH.search(told)


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
