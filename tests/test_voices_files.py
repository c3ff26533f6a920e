"""Exports of the platforms in use: dated, read, and what became of every voice told."""

import csv
import io
from dataclasses import replace

import openpyxl
import pytest

from cvanalysis.errors import ReadError
from cvanalysis.paroles.clean.consent import is_yes, match_all, read_day, rows_of
from cvanalysis.paroles.clean.exports import read_voice_file
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.territory.contract import read_territory
from test_voices import OPEN, put
from test_voices_exports import rows
from test_voices_withdrawal import told, write


@pytest.fixture
def territory(brut, tmp_path):
    (tmp_path / "paroles").mkdir()
    return replace(read_territory(brut), dossier=tmp_path)


def table_of(*lines):
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(lines)
    return out.getvalue()


@pytest.mark.parametrize(
    ("tool", "headers", "cells", "day"),
    [
        ("google forms", ["Horodateur", "Votre quartier", "Votre témoignage"], ["2022/06/12 6:12:00 PM UTC+2", "Malakoff", "Tôt."], "2022-06-12"),  # noqa: E501
        ("google forms", ["Horodateur", "Votre quartier", "Votre témoignage"], ["12/06/2022 18:12:00", "Malakoff", "Tôt."], "2022-06-12"),
        ("microsoft forms", ["ID", "Heure de début", "Heure de fin", "Adresse de messagerie", "Nom", "Votre quartier", "Votre témoignage"], ["4", "2022-06-12 18:00:00", "2022-06-12 18:12:00", "a@x.invalid", "Awa", "Malakoff", "Tôt."], "2022-06-12"),  # noqa: E501
        ("drupal webform", ["Numéro de série", "Identifiant de la soumission", "Créé", "Terminé", "Modifié", "Adresse IP distante", "Votre quartier", "Votre témoignage"], ["1", "8101", "12/06/2022 - 18:00", "12/06/2022 - 18:12", "", "10.0.0.9", "Malakoff", "Tôt."], "2022-06-12"),  # noqa: E501
        ("démarche numérique", ["ID", "Email", "État du dossier", "Déposé le", "Traité le", "Votre quartier", "Votre témoignage"], ["77", "a@x.invalid", "Accepté", "12/06/2022 18:12", "", "Malakoff", "Tôt."], "2022-06-12"),  # noqa: E501
        ("sphinx", ["CLE", "DATE_SAISIE", "TEMPS_SAISIE", "PROGRESSION", "Votre quartier", "Votre témoignage"], ["12", "12/06/2022", "120", "100", "Malakoff", "Tôt."], "2022-06-12"),  # noqa: E501
        ("limesurvey", ["Date de soumission", "Dernière page", "Langue de départ", "Votre quartier", "Votre témoignage"], ["1980-01-01 00:00:00", "4", "fr", "Malakoff", "Tôt."], None),  # noqa: E501
    ],
)  # fmt: skip
def test_each_tool_is_known_its_day_is_read_and_its_persons_are_not(tmp_path, tool, headers, cells, day):
    (one,), table = rows(tmp_path, "e.csv", table_of(headers, cells))
    assert (table.format, one["qpv"], one["texte"]) == (tool, "Malakoff", "Tôt.")
    assert str(read_day(one["recu"])) == str(day)
    assert "invalid" not in str(one)
    assert "10.0.0.9" not in str(one)
    assert table.anomalies == ()


def kobo(dotted=False):
    book = openpyxl.Workbook()
    sheet, paroles = book.active, book.create_sheet("paroles")
    group = "lieu.quartier" if dotted else "lieu/quartier"
    sheet.append([group, "audience", "citation_anonyme", "web", "_id", "_uuid", "_submission_time", "_index"])
    sheet.append(["Malakoff", "public", "oui", "oui", "7", "u-7", "2022-03-05T18:00:00", "1"])
    sheet.append(["Bellevue", "equipe", "non", "non", "8", "u-8", "2022-04-05T18:00:00", "2"])
    paroles.append(["texte", "_index", "_parent_table_name", "_parent_index", "_submission__uuid", "_submission_time"])
    for text, parent, uuid in (("Tôt.", "1", "u-7"), ("Tard.", "1", "u-7"), ("Jamais.", "2", "u-8")):
        paroles.append([text, "9", "form", parent, uuid, None])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("dotted", [False, True])
def test_repeated_rows_of_kobo_take_the_quarter_the_leave_and_the_person_of_their_answer(tmp_path, dotted):
    cells, _ = rows(tmp_path, "k.xlsx", kobo(dotted))
    said = [(c["texte"], c["qpv"], c["audience"], c["citation_anonyme"], c["locuteur"]) for c in cells]
    assert said == [
        ("Tôt.", "Malakoff", "public", "oui", "u-7"),
        ("Tard.", "Malakoff", "public", "oui", "u-7"),
        ("Jamais.", "Bellevue", "equipe", "non", "u-8"),
    ]
    assert {c["parole"] for c in cells} == {"u-7", "u-8"}  # who withdraws takes back the whole answer


@pytest.mark.parametrize("word", ["Oui, j'accepte", "Accepté", "OUI.", "Je suis d'accord", "J’accepte"])
def test_a_leave_plainly_given_is_one(word):
    assert is_yes(word)


@pytest.mark.parametrize("word", ["Non, je n'accepte pas", "Je n'accepte pas", "peut-être", "Refusé", "sous réserve"])
def test_anything_else_is_none(word):
    assert not is_yes(word)


def test_a_leave_that_nobody_understands_is_asked_about_and_shows_nothing(territory):
    put(
        territory,
        OPEN | {"texte": "Une.", "citation_anonyme": "sous réserve"},
        OPEN | {"texte": "Deux.", "web": "refus"},
        name="v.csv",
    )
    said = told(territory)
    assert "accord non compris\u00a0: «\u00a0sous réserve\u00a0» (1)" in said
    assert "«\u00a0refus\u00a0»" not in said
    assert set(clean_voices(territory).paroles["texte"]) == {""}


def test_the_account_names_every_file_and_says_what_is_not_dated(territory):
    put(territory, {"texte": "Une.", "date": ""}, {"texte": "Deux."}, name="v.csv")
    first = told(territory)
    assert (
        "paroles/v.csv\u00a0: 2 paroles lues\u00a0; 0 publiable\u00a0: 2 sans audience publique\u00a0; non datée"
        in first
    )


IMPOTS = "Impôts, dépenses, action publique"


def test_a_category_with_commas_is_one():
    known = {"impots": IMPOTS, "sport": "Sport", "sante": "Santé"}
    assert match_all(IMPOTS, known) == (["impots"], [])
    assert match_all(f"Sport, Santé|{IMPOTS}", known) == (["sport", "sante", "impots"], [])
    assert match_all("Voirie, éclairage", known) == ([], ["Voirie, éclairage"])
    assert match_all("Sport, éclairage", known) == (["sport"], ["éclairage"])


def test_correspondances_names_a_category_that_is_no_theme_of_ours(territory):
    theme = territory.themes[0]
    write(territory, "correspondances.csv", f'domaine;libelle;code\ntheme;"{IMPOTS}";{theme.id}\n')
    put(territory, OPEN | {"texte": "Une.", "themes": IMPOTS}, name="v.csv")
    cleaned = clean_voices(territory)
    assert set(cleaned.paroles["themes"]) == {theme.id}
    assert not cleaned.anomalies["probleme"].str.contains("thème").any()


@pytest.mark.parametrize(
    "content",
    [
        "id,document,tag,content\n1,Awa,école,La salle ferme.\n1,Awa,horaires,La salle ferme.\n2,Awa,école,Trop loin.\n",
        "File/case,Coder,Coded,Codename\nAwa,moi,La salle ferme.,école\nAwa,moi,La salle ferme.,horaires\nAwa,moi,Trop loin.,école\n",
    ],
)
def test_one_quotation_with_two_tags_is_one_voice_of_one_person(tmp_path, content):
    cells, table = rows(tmp_path, "t.csv", content)
    assert [(c["texte"], c["codes"], c["nature"]) for c in cells] == [
        ("La salle ferme.", "école|horaires", "entretien"),
        ("Trop loin.", "école", "entretien"),
    ]
    assert len({c["locuteur"] for c in cells}) == 1
    assert len(table.lignes) == 2


@pytest.mark.parametrize("name", ["notes.txt", "entretien.odt", "entretien.docx"])
def test_a_text_gets_the_advice_that_helps(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 un entretien")
    with pytest.raises(ReadError, match=r"modele paroles.*REFI-QDA"):
        read_voice_file(tmp_path / name, f"paroles/{name}")


def test_decidim_meetings_are_read_at_the_day_they_were_held(tmp_path):
    log = "id;title/fr;description/fr;start_time;component/id\n3;Conseil;<p>On ouvre le soir.</p>;2022-05-04 18:00:00 +0200;9\n"
    (one,), table = rows(tmp_path, "m.csv", log)
    assert (table.format, one["texte"], str(read_day(one["date"]))) == (
        "decidim",
        "Conseil. On ouvre le soir.",
        "2022-05-04",
    )


@pytest.mark.reel
def test_the_debates_of_a_real_platform_are_read_and_dated(tmp_path, real, territory):
    data = (real / "paroles" / "debats.csv").read_bytes()
    cells, table = rows(tmp_path, "debats.csv", data)
    with (real / "paroles" / "debats.csv").open(encoding="utf-8", newline="") as lines:
        known = list(csv.DictReader(lines, delimiter=";"))
    assert (table.format, len(cells)) == ("decidim", len(known))
    assert {str(read_day(c["date"]))[:7] for c in cells} == {one["created_at"][:7] for one in known}
    assert len(list(rows_of(table, territory))) == len(known)
    assert not any("<" in c["texte"] for c in cells)
