"""A build leaves, beside its pages, what an edition states, what changed since the one before, and what goes to the meetings."""

import base64
import io
import json
import re
import shutil
import zipfile
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pandas as pd
import pytest

from carnets import RACINE, carnet, cva, territoire
from cvanalysis.paroles.clean.review import fingerprint
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.personnes.masking import mask
from cvanalysis.publish.papers.statements import lines_of
from cvanalysis.territory.contract import read_territory
from test_voices import COLUMNS, OPEN, TOKEN, secret_voices

CONSTAT = "import cvanalysis as cv\ncv.ouvrir().fiche(qpv).constat('revenus-01')"


def changes(folder: Path, edition: str) -> str:
    page = (folder / "reports" / edition / "changements.html").read_text(encoding="utf-8")
    return unescape(re.sub(r"<[^>]+>", " ", page)).replace("\N{NO-BREAK SPACE}", " ")


# -------------------------------------------------------------------------------------------- a small territory


@pytest.fixture(scope="module")
def modele(tmp_path_factory):
    folder = tmp_path_factory.mktemp("editions")
    territoire(folder)
    carnet(folder / "nb" / "qpv.ipynb", CONSTAT)
    done = build(folder, "--editions", "--jobs", 2)
    assert done.returncode == 0, done.stderr + done.stdout
    return folder


@pytest.fixture
def pays(modele, tmp_path):
    shutil.copytree(modele, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    return tmp_path


def build(folder, *argv):
    return cva("build", *argv, cwd=folder, notebooks=folder / "nb")


def edit(folder, old: bytes, new: bytes):
    path = folder / "data" / "raw" / "insee" / "REVN_2022.csv"
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))


def test_all_editions_are_built_the_oldest_first_and_the_first_says_that_nothing_comes_before_it(modele):
    assert "est la première qui soit construite ici" in changes(modele, "autre")
    assert "Rien n’a changé depuis l’édition « Autre édition »" in changes(modele, "essai")


def test_what_an_edition_states_is_what_its_executed_notebooks_hold(modele):
    out = modele / "reports" / "essai"
    stated = json.loads((out / "donnees" / "constats.json").read_bytes())
    assert (stated["edition"], stated["audience"]) == ("essai", "public")
    notebooks = sorted((out / "notebooks" / "quartiers").glob("*.ipynb"))
    assert stated["constats"] == [
        json.loads(line) for path in notebooks for line in lines_of(json.loads(path.read_bytes()))
    ]
    assert [one["id"] for one in stated["constats"]] == [f"QP97300{i}-revenus-01" for i in (1, 2, 3)]
    table = pd.read_csv(out / "donnees" / "constats.csv", sep=";", encoding="utf-8-sig")
    assert list(table["constat"]) == [one["id"] for one in stated["constats"]]


def test_nothing_is_made_where_nothing_changed(pays):
    done = build(pays, "--editions")
    assert done.stdout.count("Rien n'a changé : 3 rapports à jour") == 2


def test_a_revised_figure_shows_in_the_page_and_in_diff(pays):
    edit(pays, b"QP973003;0;11000", b"QP973003;0;11900")
    assert build(pays).returncode == 0
    assert "chiffre révisé à la source" in changes(pays, "essai")
    assert "QP973003-revenus-01" in changes(pays, "essai")
    done = cva("diff", "autre", "essai", cwd=pays)
    assert done.returncode == 0
    assert "QP973003-revenus-01 (chiffre révisé à la source)" in done.stdout


def test_an_earlier_edition_that_changes_renews_the_page_of_the_later_and_no_report(pays):
    stated = pays / "reports" / "autre" / "donnees" / "constats.json"
    stated.write_text(
        stated.read_text(encoding="utf-8").replace("QP973001-revenus-01", "QP973001-revenus-99"), encoding="utf-8"
    )
    done = build(pays)
    assert "0 rapport construit" in done.stdout
    assert "QP973001-revenus-99" in changes(pays, "essai")


def test_editions_for_other_readers_are_not_compared(pays):
    assert build(pays, "--audience", "equipe").returncode == 0
    assert "est la première qui soit construite ici" in changes(pays, "essai")
    done = cva("diff", "autre", "essai", cwd=pays)
    assert done.returncode == 2
    assert "ne se comparent pas" in done.stderr


@pytest.mark.slow
def test_a_standing_edition_is_built_again_first_where_it_holds_a_voice_withdrawn_and_only_there(pays):
    folder = pays / "data" / "raw" / "paroles"
    folder.mkdir(exist_ok=True)
    early = "parole;texte;date;audience\n1;Une parole.;2015-03-10;public\n2;Une autre.;2015-03-11;public\n"
    (folder / "voix.csv").write_text(early, encoding="utf-8")
    assert "refaite d'abord" in build(pays, "--edition", "essai").stdout
    assert "refaite" not in build(pays, "--edition", "essai").stdout
    (folder / "plus-tard.csv").write_text("texte;date;audience\nTard.;2099-01-01;public\n", encoding="utf-8")
    stands = (pays / "reports" / "autre" / "manifest.json").read_bytes()
    assert "refaite" not in build(pays, "--edition", "essai").stdout  # an edition handed over is left alone
    assert (pays / "reports" / "autre" / "manifest.json").read_bytes() == stands
    (folder / "retraits.csv").write_text("parole\n1\n", encoding="utf-8")
    done = build(pays, "--edition", "essai", "--only", "QP973003")
    assert done.returncode == 0, done.stderr
    assert "Édition autre : elle tient des paroles qu'elle ne peut plus tenir" in done.stdout
    assert "Rien n'a changé" in build(pays, "--edition", "essai").stdout
    assert json.loads((pays / "data" / "processed" / ".etat.json").read_bytes())["fait_de"]["edition"] == "essai"


@pytest.mark.slow
def test_a_file_of_voices_that_cannot_be_read_does_not_make_an_edition_look_changed(pays):
    folder = pays / "data" / "raw" / "paroles"
    folder.mkdir(exist_ok=True)
    (folder / "illisible.xlsx").write_bytes(b"rien")
    build(pays, "--editions")
    (folder / "plus-tard.csv").write_text("texte;date;audience\nTard.;2099-01-01;public\n", encoding="utf-8")
    done = build(pays, "--edition", "essai")
    assert "illisible.xlsx" in done.stderr
    assert "refaite" not in done.stdout


@pytest.mark.slow
def test_nothing_that_a_build_leaves_counts_the_voices_that_came_or_went(pays):
    carnet(pays / "nb" / "qpv.ipynb", CONSTAT + '\ncv.ouvrir().fiche(qpv).section("voix")')
    folder = pays / "data" / "raw" / "paroles"
    folder.mkdir(exist_ok=True)
    first = "texte;date;audience;qpv\nUne parole.;2022-03-10;public;QP973003\n"
    for text in (first, first + "Une autre.;2022-03-11;public;QP973003\n", first):
        (folder / "voix.csv").write_text(text, encoding="utf-8")
        done = build(pays, "--edition", "essai")
        assert done.returncode == 0, done.stderr
    reports = json.loads((pays / "reports" / "essai" / "manifest.json").read_bytes())["reports"]
    assert "table paroles modifiée" in next(r["why"] for r in reports if r["id"] == "quartiers/QP973003")
    assert not list((pays / "reports").rglob("paroles.parquet"))


def test_an_edition_that_is_declared_no_longer_and_may_hold_a_withdrawn_voice_is_named(pays):
    (pays / "reports" / "autre").rename(pays / "reports" / "oubliee")
    folder = pays / "data" / "raw" / "paroles"
    folder.mkdir(exist_ok=True)
    (folder / "retraits.csv").write_text("parole\n1\n", encoding="utf-8")
    done = build(pays, "--edition", "essai")
    assert "L'édition oubliee n'est plus déclarée" in done.stderr.replace("’", "'")
    assert "refaite d'abord" not in done.stdout


def test_diff_with_an_edition_that_is_not_built_is_refused(pays):
    done = cva("diff", "autre", "jamais", cwd=pays)
    assert done.returncode == 2
    assert "jamais" in done.stderr
    assert "Traceback" not in done.stderr


def test_editions_and_edition_together_are_refused(pays):
    assert build(pays, "--editions", "--edition", "autre").returncode == 2


def test_models_are_written_and_never_over_what_stands(pays):
    for genre in ("paroles", "actions", "engagements"):
        assert cva("modele", genre, "--vers", "modeles", cwd=pays).returncode == 0
        header = (pays / "modeles" / f"modele-{genre}.csv").read_text(encoding="utf-8-sig").strip().split(";")
        sheet = openpyxl.load_workbook(pays / "modeles" / f"modele-{genre}.xlsx")[genre]
        assert [cell.value for cell in sheet[1]] == header
    (pays / "modeles" / "modele-paroles.csv").write_text("rempli")
    done = cva("modele", "paroles", "--vers", "modeles", cwd=pays)
    assert done.returncode == 2
    assert (pays / "modeles" / "modele-paroles.csv").read_text() == "rempli"


def test_the_reading_list_says_how_to_read_and_never_goes_among_published_pages(pays):
    assert "Aucune parole n’a été trouvée" in cva("relire", cwd=pays).stdout
    (pays / "data" / "a-relire.csv").unlink()
    (pays / "data" / "raw" / "paroles").mkdir(exist_ok=True)
    voice = OPEN | {"texte": "Le square est sombre."}
    pd.DataFrame([voice]).to_csv(pays / "data" / "raw" / "paroles" / "v.csv", sep=";", index=False)
    done = cva("relire", cwd=pays)
    assert done.returncode == 0
    assert "Lisez chaque texte en entier" in done.stdout
    assert (pays / "data" / "a-relire.csv").exists()
    refused = cva("relire", "--vers", pays / "reports" / "essai" / "donnees" / "liste.csv", cwd=pays)
    assert refused.returncode == 2
    assert not (pays / "reports" / "essai" / "donnees" / "liste.csv").exists()


# -------------------------------------------------------------------------------------------- the default territory

ELDER = "Au centre social on m'a aidée pour les papiers ORTHANC, et cela a tout changé."


@pytest.fixture(scope="module")
def nantes(tmp_path_factory):
    """The default territory, with voices that the public may not know, both editions built for the public."""
    folder = tmp_path_factory.mktemp("defaut")
    shutil.copytree(RACINE / "data" / "raw", folder / "data" / "raw")
    said = [dict.fromkeys(COLUMNS, "") | row for row in secret_voices(300)]
    elder = {
        "parole": "ANCIENNE",
        "texte": ELDER,
        "themes": "scolarite",
        "qpv": "QP044006",
        "tonalite": "marche",
        "codes": "x",
    }
    said.append(dict.fromkeys(COLUMNS, "") | OPEN | elder | {"constat": "QP044006-revenus-03", "rapport": "interroge"})
    frame = pd.DataFrame(said)[list(COLUMNS)]
    frame.to_csv(folder / "data" / "raw" / "paroles" / "secretes.csv", sep=";", index=False, encoding="utf-8-sig")
    with (folder / "data" / "raw" / "paroles" / "relectures.csv").open("a", encoding="utf-8") as file:
        file.write(f"'{fingerprint(mask(ELDER).texte)};publier;\r\n")
    done = cva("build", "--editions", cwd=folder)
    assert done.returncode == 0, done.stderr + done.stdout
    return folder


def holds(folder: Path, token: str) -> list[str]:
    """The files under the reports and the processed tables that hold a token, each one decompressed."""
    paths = [
        path for part in ("reports", "data/processed") for path in sorted((folder / part).rglob("*")) if path.is_file()
    ]
    return [path.relative_to(folder).as_posix() for path in paths if token in path.name or token in plain_text(path)]


def plain_text(path: Path) -> str:
    raw = path.read_bytes()
    match path.suffix:
        case ".parquet":
            return pd.read_parquet(path).to_csv()
        case ".docx" | ".xlsx":
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    text = raw.decode("utf-8", "replace")
    packed = re.findall(r"base64,([A-Za-z0-9+/=]+)", text)
    return "\n".join(
        [text, unquote(text), unescape(text), *(base64.b64decode(one).decode("utf-8", "replace") for one in packed)]
    )


@pytest.mark.slow
def test_no_file_of_a_public_build_holds_a_token_of_a_voice_that_it_may_not_know(nantes):
    assert holds(nantes, TOKEN) == []
    assert holds(nantes, "ORTHANC")  # the search sees what is there


@pytest.mark.slow
def test_a_reader_of_both_editions_finds_no_withheld_count_and_would_find_a_leak(nantes):
    from attaque import attack, facts

    reports, editions = nantes / "reports", ["2022-06", "2022-12"]
    assert attack(reports, editions, 11) == {}
    # What he would do with a leak: one count repeated exactly, or all but one of a row beside its exact margin.
    printed = [fact for fact in facts(reports, "2022-12") if fact.lu is None]
    once = replace(printed[0], where="fuite", lu=(4, 4))
    assert attack(reports, editions, 11, [once])
    margin = next(f for f in printed if len(f.fixe) == 1 and f.fixe[0][0] == "college")
    inside = [f for f in printed if set(margin.fixe) < set(f.fixe) and "theme" in dict(f.fixe)]
    told = [replace(f, where="fuite", lu=(3, 3)) for f in inside[1:]] + [
        replace(margin, where="fuite", lu=(3 * len(inside),) * 2)
    ]
    assert any(inside[0].where in where for where in attack(reports, editions, 11, told))


@pytest.mark.slow
@pytest.mark.parametrize("edition", ["2022-06", "2022-12"])
def test_a_small_group_is_neither_placed_by_what_is_empty_nor_heard_in_its_own_words(nantes, edition):
    from attaque import overheard, placed

    assert placed(nantes / "reports", edition) == set()
    territory = read_territory(nantes / "data" / "raw")
    [known] = [one for one in territory.editions if one.id == edition]
    paroles = clean_voices(territory, "public", known).paroles
    people = paroles.groupby("qpv")["locuteur"].nunique()
    few = {q.code for q in territory.quartiers if people.get(q.code, 0) < territory.seuils.personnes}
    assert few
    assert overheard(nantes / "reports" / edition, few) == []
    assert overheard(nantes / "reports" / edition, {"QP044006"})  # the search sees what is there


@pytest.mark.slow
def test_the_page_of_changes_names_what_changed_between_the_two_editions(nantes):
    told = changes(nantes, "2022-12")
    assert "Depuis l’édition « Deuxième séquence, juin 2022 »" in told
    assert "nouvelles voix" in told
    assert "scolarite-voix-01" in told  # the immersion that was missing in June
    assert "répondue" in told
    assert "est la première qui soit construite ici" in changes(nantes, "2022-06")


@pytest.mark.slow
def test_poster_and_hand_over_file_stand_and_the_index_leads_to_them(nantes):
    for edition in ("2022-06", "2022-12"):
        out = nantes / "reports" / edition
        index = (out / "index.html").read_text(encoding="utf-8")
        for name in ("supports/affiche.html", "passation.docx"):
            assert (out / name).exists()
            assert f'href="{name}"' in index
        assert (out / "donnees" / "couverture.csv").exists()
        assert not list(out.glob("donnees/paroles*"))


@pytest.mark.slow
def test_an_unchanged_rebuild_says_so(nantes):
    assert cva("build", "--editions", cwd=nantes).stdout.count("Rien n'a changé") == 2


@pytest.mark.slow
@pytest.mark.parametrize("asked", [[], ["--only", "synthese"]])
def test_a_voice_that_is_withdrawn_leaves_every_edition_at_the_next_build_whatever_it_builds(nantes, tmp_path, asked):
    shutil.copytree(nantes, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    with (tmp_path / "data" / "raw" / "paroles" / "retraits.csv").open("a", encoding="utf-8") as file:
        file.write("ANCIENNE;;2022-12-20\r\n")
    done = cva("build", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert holds(tmp_path, "ORTHANC") == []
