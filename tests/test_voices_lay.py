"""What facilitators drop as it comes: drafts, quarters and leaves in their words, titles of their own; and what `check` asks of them."""

from dataclasses import replace

import pytest

from cvanalysis.paroles.clean.consent import is_yes, match
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.territory.contract import read_territory
from test_voices_exports import rows
from test_voices_files import asked, table_of
from test_voices_withdrawal import write


@pytest.fixture
def territory(brut, tmp_path):
    (tmp_path / "paroles").mkdir()
    return replace(read_territory(brut), dossier=tmp_path)


@pytest.mark.parametrize(
    ("titles", "kept", "never"),
    [
        (["Numéro de série", "SID", "Heure", "Adresse IP", "Brouillon"], ["1", "8", "12/05/2022 - 14:03", "", "Non"], ["2", "9", "13/05/2022 - 14:03", "", "Oui"]),  # noqa: E501
        (["Numéro de série", "Créé", "Terminé", "Modifié", "Est un brouillon"], ["1", "2022-09-01 09:00", "2022-09-01 09:10", "", "Non"], ["2", "2022-09-02 09:00", "", "", "Oui"]),  # noqa: E501
        (["ID de la réponse", "Date de soumission", "Dernière page", "Langue de départ"], ["1", "1980-01-01 00:00:00", "3", "fr"], ["2", "", "1", "fr"]),  # noqa: E501
        (["CLE", "DATE_SAISIE", "PROGRESSION"], ["1", "14/06/2022", "Terminé"], ["2", "15/06/2022", "En cours"]),
        (["ID", "État du dossier", "Déposé le"], ["1", "En construction", "12/06/2022"], ["2", "Brouillon", ""]),
        (["Response ID", "Recorded Date", "User Language", "Response Type", "Finished"], ["R1", "2022-06-01", "FR", "IP Address", "True"], ["R2", "2022-06-02", "FR", "Survey Preview", "True"]),  # noqa: E501
        (["#", "Response Type", "Submit Date (UTC)"], ["a", "completed", "2022-06-20 18:04:00"], ["b", "started", ""]),
    ],
)  # fmt: skip
def test_what_was_never_sent_is_no_voice(tmp_path, titles, kept, never):
    (one, two), _ = rows(
        tmp_path, "e.csv", table_of([*titles, "Votre avis"], [*kept, "Le bus est rare."], [*never, "Le bu"])
    )
    assert (one["retrait"], two["retrait"]) == ("", "oui")


def test_what_was_never_sent_is_counted_with_what_was_taken_back(territory):
    titles = ["SID", "Heure", "Adresse IP", "Brouillon", "Votre avis"]
    said = asked(territory, "f.csv", titles, ["8", "12/05/2022 - 14:03", "", "Oui", "Le bu"])
    assert said[0] == "paroles/f.csv : 1 parole lue ; 0 publiable : 1 retirée, ou jamais envoyée."


@pytest.mark.parametrize("word", ["Oui;", "J'accepte ;", "d’accord !"])
def test_a_leave_is_one_whatever_mark_a_form_writes_after_it(word):
    assert is_yes(word)


def test_an_answer_to_tick_of_microsoft_forms_ends_with_a_semicolon_that_says_nothing(tmp_path):
    titles = ["ID", "Heure de début", "Heure de fin", "Votre quartier", "Votre avis"]
    (one,), _ = rows(
        tmp_path, "m.csv", table_of(titles, ["1", "", "2022-03-02 10:05", "La Halvêque;", "Bien ; mieux ;"])
    )
    assert (one["qpv"], one["texte"]) == ("La Halvêque", "Bien ; mieux ;")


DECLARED = {
    "QP1": "Les Dervallières",
    "QP2": "Port Boyer",
    "QP3": "Bottière Pin Sec",
    "QP4": "Le Port",
    "QP5": "Les Ports",
    "QP6": "La Port",
}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Dervallières", "QP1"),
        ("quartier des Dervallieres", "QP1"),
        ("Port-Boyer", "QP2"),
        ("Bottière / Pin-Sec", "QP3"),
        ("Bottière", ""),
        ("port", ""),
        ("le port", "QP4"),
        ("le", ""),
    ],
)
def test_a_name_is_known_without_its_article_nor_its_dashes_where_one_alone_has_it(said, code):
    assert match(said, DECLARED) == code


def test_a_group_of_kobo_is_parted_by_a_point_before_a_question_in_words_too(tmp_path):
    titles = [
        "Lieu.Dans quel quartier habitez-vous ?",
        "Paroles.Votre avis",
        "_id",
        "_uuid",
        "_submission_time",
        "_index",
    ]
    (one,), _ = rows(tmp_path, "k.csv", table_of(titles, ["Bellevue", "Bien.", "7", "u-7", "2022-05-03T08:22:00", "1"]))
    assert (one["qpv"], one["texte"]) == ("Bellevue", "Bien.")


def test_the_stars_of_bold_words_in_a_question_say_nothing(tmp_path):
    titles = ["#", "Votre *quartier* ?", "Votre avis", "Submit Date (UTC)", "Network ID"]
    (one,), _ = rows(tmp_path, "t.csv", table_of(titles, ["a1", "Bellevue", "Bien.", "2022-06-20 18:04:00", "n"]))
    assert one["qpv"] == "Bellevue"


def test_a_column_of_sentences_under_the_word_parole_is_what_was_said(tmp_path):
    (one,), _ = rows(tmp_path, "p.csv", table_of(["date", "Parole"], ["3/5/22", "On se parle moins qu'avant."]))
    assert one["texte"] == "On se parle moins qu'avant."


def test_days_are_never_proposed_as_what_was_said_and_short_answers_are_where_nothing_is_longer(territory):
    said = asked(
        territory, "s.csv", ["Début", "Que garder ?"], ["06/14/2022 08:00:00 AM", "La ludothèque"], ["06/15/2022 08:00:00 AM", "Le jardin"]
    )  # fmt: skip
    assert [line for line in said if line.endswith(";texte;")] == ["s.csv;Que garder ?;texte;"]


def test_a_spreadsheet_whose_titles_are_one_word_is_not_an_export_to_make_again(territory):
    said = asked(territory, "a.csv", ["date", "remarque"], ["3/5/22", "Les halls sont bien sales."])
    assert "a.csv;remarque;texte;" in said
    assert not any("exportez de nouveau" in line for line in said)


def test_a_doubtful_leave_is_counted_once_a_voice_and_the_account_says_where_to_answer(territory):
    lines = ["f.csv;Vous citer ?;citation_anonyme;", "f.csv;Vous citer ?;web;"]
    write(territory, "paroles/colonnes.csv", "\n".join(["fichier;colonne;champ;valeur", *lines]))
    said = asked(territory, "f.csv", ["Votre avis", "Vous citer ?"], ["Bien.", "oui mais pas fort"])
    (doubt,) = [line for line in said if "accord non compris" in line]
    assert "« oui mais pas fort » (1)" in doubt
    assert "écrivez oui ou non" in doubt


def test_the_quarters_in_other_words_and_the_columns_that_are_not_read_are_told_with_the_line_to_paste(territory):
    said = asked(
        territory,
        "f.csv",
        ["Votre quartier", "Votre avis", "Ma tour"],
        ["Haut de Bellevue", "Bien.", "B"],
        ["Haut de Bellevue", "Mal.", "C"],
    )
    assert (
        "quartier non compris : « Haut de Bellevue » (2). Collez dans correspondances.csv, avec son code à la place de CODE :"
        in said
    )
    assert "quartier;Haut de Bellevue;CODE" in said
    assert any(line.startswith("non lu : « Ma tour »") and line.endswith("f.csv;Ma tour;CHAMP;") for line in said)


def test_answers_that_only_serve_the_rows_repeated_in_another_file_are_said_to_serve(territory):
    write(territory, "paroles/dits.csv", table_of(["texte", "_index", "_submission__id"], ["Bien.", "1", "7"]))
    said = asked(
        territory,
        "r.csv",
        ["quartier", "_id", "_uuid", "_submission_time", "_index"],
        ["Bellevue", "7", "u-7", "2022-05-03", "1"],
    )
    assert said[0] == "paroles/r.csv : 0 parole lue : ses réponses complètent les paroles d'un autre fichier."
    assert clean_voices(territory, "equipe").paroles["qpv"].tolist() == ["QP044005"]


@pytest.mark.parametrize(
    "foot",
    [
        ["TOTAL", "", "2"],
        ["", "", "Total général : 2 paroles"],
        ["Sous-total Malakoff", "", "2 paroles"],
        ["2", "", "Total"],
        ["Nombre de réponses", "2", ""],
    ],
)
def test_a_total_under_the_voices_is_none_and_it_is_told_with_its_line(territory, foot):
    said = asked(territory, "t.csv", ["Quartier", "Âge", "Parole recueillie"], ["Malakoff", "34", "Le bus est rare."], ["", "", "Total respect aux animateurs"], foot)  # fmt: skip # noqa: E501
    assert said[0].startswith("paroles/t.csv : 2 paroles lues ; ")
    label = next(cell for cell in foot if cell and not cell.isdigit())
    assert f"ligne 4 : « {label} » est un total, pas une parole : laissé de côté." in said


@pytest.mark.parametrize(
    "line",
    [
        ["Malakoff", "34", "Total respect aux animateurs"],
        ["", "34", "Total respect"],
        ["Malakoff", "34", "Total"],
        ["", "2", "Le total des aides est trop bas"],
    ],
)
def test_a_voice_that_begins_as_a_total_does_stays(territory, line):
    said = asked(territory, "t.csv", ["Quartier", "Âge", "Parole recueillie"], ["Malakoff", "34", "Le bus."], line)
    assert said[0].startswith("paroles/t.csv : 2 paroles lues ; ")


def test_the_word_total_alone_between_two_voices_is_someone_s_answer(territory):
    said = asked(territory, "t.csv", ["Âge", "Parole recueillie"], ["34", "Total"], ["31", "Le bus."])
    assert said[0].startswith("paroles/t.csv : 2 paroles lues ; ")


def test_sentences_under_the_word_constats_are_what_was_said_and_not_numbers_of_findings(tmp_path):
    found, _ = rows(
        tmp_path, "c.csv", table_of(["N°", "Thème", "Constats"], ["1", "Éducation", "Les enfants attendent dehors."])
    )
    assert [one["texte"] for one in found] == ["Les enfants attendent dehors."]
    found, _ = rows(tmp_path, "d.csv", table_of(["Constat", "Votre avis"], ["QP044006-revenus-03", "Trop bas."]))
    assert [(one["constat"], one["texte"]) for one in found] == [("QP044006-revenus-03", "Trop bas.")]
    found, _ = rows(
        tmp_path, "e.csv", table_of(["Constats", "Parole"], ["Trop de dossiers à remplir.", "On remplit le soir."])
    )
    assert [one["texte"] for one in found] == ["On remplit le soir."]
