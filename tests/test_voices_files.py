"""Exports of the platforms in use: dated, read, and what became of every voice told."""

import csv
import io
from dataclasses import replace
from itertools import takewhile

import openpyxl
import pytest

from carnets import cva, territoire
from cvanalysis.errors import ReadError
from cvanalysis.paroles.clean.consent import is_yes, match_all, read_day, rows_of
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.territory.contract import read_territory
from test_voices import OPEN, put
from test_voices_exports import read_voice_file, rows
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
        ("typeform", ["#", "Votre quartier", "Votre témoignage", "Response Type", "Start Date (UTC)", "Stage Date (UTC)", "Submit Date (UTC)", "Network ID", "Tags"], ["k3", "Malakoff", "Tôt.", "completed", "2022-06-11 23:00:00", "", "2022-06-12 18:12:00", "653e", ""], "2022-06-12"),  # noqa: E501
        ("padlet", ["Created At", "Author", "Subject", "Body", "Section", "Attachment", "Votre quartier"], ["2022-06-12 18:12:00 UTC", "Awa Exemple", "", "Tôt.", "Ce qui va", "", "Malakoff"], "2022-06-12"),  # noqa: E501
        ("go vocal", ["ID", "Titre", "Description", "Étiquettes", "Latitude", "Longitude", "Adresse", "Nom de l'auteur", "E-mail de l'auteur", "ID de l'auteur", "Soumis le", "Publié le", "Commentaires", "Nombre de « likes »", "Nombre de « dislikes »", "URL", "Projet", "Statut", "Attribué", "E-mails du destinataire", "Votre quartier"], ["u-1", "", "<p>Tôt.</p>", "Social", "47.2", "-1.5", "1 rue Inventée", "Awa Exemple", "a@x.invalid", "a-9", "2022-06-12 18:12:00", "2022-06-13 08:00:00", "0", "2", "0", "https://x.invalid", "Nos quartiers", "soumise", "", "", "Malakoff"], "2022-06-12"),  # noqa: E501
        ("surveymonkey, en anglais", ["Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Email Address", "First Name", "Last Name", "Custom Data 1", "Votre quartier", "Votre témoignage"], ["11", "4", "06/12/2022 06:00:00 PM", "06/12/2022 06:12:00 PM", "10.0.0.9", "a@x.invalid", "Awa", "Exemple", "", "Malakoff", "Tôt."], "2022-06-12"),  # noqa: E501
        ("surveymonkey", ["Identifiant du répondant", "Identifiant du collecteur", "Date de création", "Date de modification", "Adresse IP", "Adresse e-mail", "Prénom", "Nom", "Données personnalisées 1", "Votre quartier", "Votre témoignage"], ["11", "4", "12/06/2022 18:00:00", "12/06/2022 18:12:00", "10.0.0.9", "a@x.invalid", "Awa", "Exemple", "", "Malakoff", "Tôt."], "2022-06-12"),  # noqa: E501
        ("formulaire en ligne", ["Submission ID", "Respondent ID", "Submitted at", "Votre quartier", "Votre témoignage"], ["s1", "r1", "2022-06-12 18:12:00", "Malakoff", "Tôt."], "2022-06-12"),  # noqa: E501
        ("cap collectif", ["type", "contributions_id", "contributions_author_id", "contributions_section_title", "contributions_title", "contributions_bodyText", "contributions_createdAt", "contributions_url", "contributions_trashedAt", "Quartier"], ["opinion", "o1", "u1", "", "", "Tôt.", "2022-06-12 18:12:00", "https://x.invalid", "", "Malakoff"], "2022-06-12"),  # noqa: E501
        ("cap collectif, propositions", ["contribution_type", "proposal_id", "proposal_title", "proposal_createdAt", "proposal_author_username", "proposal_author_email", "proposal_district_name", "proposal_description"], ["proposal", "p1", "", "2022-06-12 18:12:00", "Awa Exemple", "a@x.invalid", "Malakoff", "Tôt."], "2022-06-12"),  # noqa: E501
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


def test_the_rows_of_one_answer_are_one_person_where_only_some_have_a_code(tmp_path):
    book = openpyxl.load_workbook(io.BytesIO(kobo()))
    for row, code in enumerate(("locuteur", "", "L8"), start=1):
        book["Sheet"].cell(row, 9, code)
    out = io.BytesIO()
    book.save(out)
    assert [c["locuteur"] for c in rows(tmp_path, "k.xlsx", out.getvalue())[0]] == ["u-7", "u-7", "L8"]


ANSWERS = table_of(
    [
        "lieu/quartier",
        "accords.citation_anonyme",
        "accords.web",
        "mineur",
        "_id",
        "_uuid",
        "_submission_time",
        "_index",
    ],
    ["Malakoff", "oui", "oui", "non", "7", "u-7", "2022-03-05T18:00:00", "1"],
    ["Bellevue", "non", "non", "non", "8", "u-8", "2022-04-05T18:00:00", "2"],
    ["Malakoff", "oui", "oui", "oui", "9", "u-9", "2022-04-05T18:00:00", "3"],
)


def repeated(*columns):
    """Repeated rows as Kobo writes them, with those of its link columns that are asked for."""
    link = {
        "_index": "1234", "_parent_table_name": ["reponses-2022"] * 4, "_parent_index": "1123", "_submission__id": "7789",
        "_submission__uuid": ["u-7", "u-7", "u-8", "u-9"], "_submission__submission_time": ["2022-05-05T18:00:00"] * 4,
    }  # fmt: skip
    said = ["Tôt.", "Tard.", "Jamais.", "Minus."]
    return table_of(["paroles/texte", *columns], *zip(said, *(link[c] for c in columns), strict=True))


LINKS = [
    ("_index", "_parent_table_name", "_parent_index", "_submission__id", "_submission__uuid", "_submission__submission_time"),
    ("_index", "_submission__id"),
    ("_index", "_parent_index"),
]  # fmt: skip


@pytest.mark.parametrize("links", LINKS, ids=len)
def test_repeated_rows_in_a_file_of_their_own_are_joined_to_their_answers(territory, links):
    write(territory, "paroles/reponses-2022.csv", ANSWERS)
    write(territory, "paroles/autre.csv", ANSWERS.replace("u-", "v-").replace(";7;", ";70;").replace(";1\r", ";9\r"))
    write(territory, "paroles/paroles-dites.csv", repeated(*links))
    write(territory, "paroles/colonnes.csv", "fichier;colonne;champ;valeur\nreponses-2022.csv;;audience;public\n")
    said = clean_voices(territory)
    found = sorted((v.texte_statut, v.qpv, v.mois) for v in said.paroles.itertuples())
    bellevue, malakoff = (
        next(q.code for q in territory.quartiers if q.nom.startswith(name)) for name in ("Bellevue", "Malakoff")
    )
    assert found == [("non_relu", malakoff, "2022-03")] * 2 + [("sans_accord", bellevue, "2022-04")]
    assert said.paroles["locuteur"].nunique() == 2
    assert {problem.fichier for problem in said.illisibles} == {
        "paroles/autre.csv"
    }  # of another form, and without words


def test_an_answer_in_one_file_and_its_repeated_rows_in_another_are_one_person_who_can_withdraw_at_once(territory):
    write(territory, "paroles/r.csv", ANSWERS.replace("lieu/quartier", "texte"))
    write(territory, "paroles/p.csv", repeated(*LINKS[0]))
    everyone = clean_voices(territory, "equipe").paroles
    assert (len(everyone), everyone["locuteur"].nunique()) == (7, 3)
    assert sorted(everyone["texte"]) == ["Bellevue", "Jamais.", "Malakoff", "Malakoff", "Minus.", "Tard.", "Tôt."]
    for line in ("u-7;;r.csv", ";u-7;r.csv", "u-7;;", ";u-7;"):
        write(territory, "paroles/retraits.csv", f"parole;locuteur;fichier\n{line}\n")
        assert len(clean_voices(territory, "equipe").paroles) == 4, line


def test_repeated_rows_whose_answer_is_not_there_are_the_teams_and_it_is_said(territory):
    declared = [
        f"p.csv;;{champ};{said}\n"
        for champ, said in (("audience", "public"), ("citation_anonyme", "oui"), ("web", "oui"))
    ]
    write(territory, "paroles/colonnes.csv", "fichier;colonne;champ;valeur\n" + "".join(declared))
    write(territory, "paroles/p.csv", repeated(*LINKS[0]))
    assert (len(clean_voices(territory).paroles), len(clean_voices(territory, "equipe").paroles)) == (0, 4)
    write(territory, "paroles/r.csv", "\r\n".join(line for line in ANSWERS.split("\r\n") if "u-8" not in line))
    assert sorted(clean_voices(territory).paroles["mois"]) == ["2022-03", "2022-03"]
    problems = clean_voices(territory, "equipe").anomalies["probleme"].tolist()
    assert "lignes dont la réponse n'est pas là, réservées à l'équipe\u00a0: 1" in problems


def test_a_row_repeated_in_a_repeated_row_takes_the_leave_of_its_own_answer(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "form"
    for row in (["web", "_index"], ["non", "1"], ["oui", "2"]):
        book.active.append(row)
    people, words = book.create_sheet("personnes"), book.create_sheet("paroles")
    for row in (
        ["age", "_index", "_parent_table_name", "_parent_index"],
        ["40", "1", "form", "2"],
        ["50", "2", "form", "1"],
    ):
        people.append(row)
    for row in (
        ["texte", "_index", "_parent_table_name", "_parent_index"],
        ["A.", "1", "personnes", "1"],
        ["B.", "2", "personnes", "2"],
    ):
        words.append(row)
    out = io.BytesIO()
    book.save(out)
    cells, _ = rows(tmp_path, "k.xlsx", out.getvalue())
    assert [(c["texte"], c["age"], c["web"], c["locuteur"]) for c in cells] == [
        ("A.", "40", "oui", "2"),
        ("B.", "50", "non", "1"),
    ]


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


def test_the_list_to_read_says_why_it_asks_for_none(tmp_path):
    raw = territoire(tmp_path)
    (raw / "paroles").mkdir()
    (raw / "paroles" / "v.csv").write_text("texte;date\nUne.;2022-03-10\nDeux.;\n", encoding="utf-8")
    done = cva("relire", "--data", raw, "--vers", tmp_path / "a-relire.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Rien n'est à relire" in done.stdout
    assert "2 paroles lues\u00a0; 0 publiable\u00a0: 2 sans audience publique\u00a0; non datée\u00a0: 1" in done.stdout


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
        table_of(
            [
                "Color",
                "Comment",
                "Document group",
                "Document name",
                "Code",
                "Begin",
                "End",
                "Segment",
                "Modified by",
                "Modified",
            ],
            ["o", "", "G", "Awa", "école", "3", "3", "La salle ferme.", "moi", "12/06/2022"],
            ["o", "", "G", "Awa", "horaires", "3", "3", "La salle ferme.", "moi", "13/06/2022"],
            ["o", "", "G", "Awa", "école", "9", "9", "Trop loin.", "moi", ""],
        ),
        table_of(
            ["Couleur", "Groupe de documents", "Nom du document", "Code", "Début", "Fin", "Segment"],
            ["o", "G", "Awa", "école", "3", "3", "La salle ferme."],
            ["o", "G", "Awa", "horaires", "3", "3", "La salle ferme."],
            ["o", "G", "Awa", "école", "9", "9", "Trop loin."],
        ),
        table_of(
            ["ID", "Document", "Quotation Name", "Quotation Content", "Comment", "Codes", "Reference"],
            ["3:1", "Awa", "a", "La salle ferme.", "", "école|horaires", "4"],
            ["3:2", "Awa", "b", "Trop loin.", "", "école", "9"],
        ),
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


def test_of_cap_collectif_a_vote_is_no_voice_an_argument_is_one_and_what_was_put_in_the_bin_is_withdrawn(tmp_path):
    head = ["type", "contributions_id", "contributions_author_id", "contributions_title", "contributions_bodyText", "contributions_createdAt",  # noqa: E501
            "contributions_trashedAt", "contributions_votes_id", "contributions_arguments_author_id", "contributions_arguments_body",
            "contributions_arguments_createdAt"]  # fmt: skip
    found, _ = rows(tmp_path, "c.csv", table_of(
        head,
        ["opinion", "o1", "u1", "La salle", "Elle ferme.", "2022-06-12 10:00:00", "", "", "", "", ""],
        ["vote", "", "", "", "", "", "", "v1", "", "", ""],
        ["argument", "", "", "", "", "", "", "", "u2", "Je suis pour.", "2022-06-13 10:00:00"],
        ["opinion", "o2", "u3", "", "Insulte.", "2022-06-12 10:00:00", "2022-06-14", "", "", "", ""],
    ))  # fmt: skip
    assert [(one["locuteur"], one["texte"], one["date"][:10], bool(one["retrait"])) for one in found] == [
        ("u1", "La salle. Elle ferme.", "2022-06-12", False),
        ("u2", "Je suis pour.", "2022-06-13", False),
        ("u3", "Insulte.", "2022-06-12", True),
    ]


def test_a_proposal_of_cap_collectif_is_one_voice_however_many_voted_for_it(tmp_path):
    head = [
        "contribution_type",
        "proposal_id",
        "proposal_title",
        "proposal_createdAt",
        "proposal_description",
        "proposal_votes_id",
    ]
    votes = (["proposalVote", "p1", "Un banc", "2022-06-12", "Au marché.", f"v{i}"] for i in range(3))
    found, _ = rows(
        tmp_path, "p.csv", table_of(head, ["proposal", "p1", "Un banc", "2022-06-12", "Au marché.", ""], *votes)
    )
    assert [(one["parole"], one["texte"]) for one in found] == [("p1", "Un banc. Au marché.")]


def test_the_second_line_of_titles_of_surveymonkey_is_no_voice(tmp_path):
    head = ["Respondent ID", "Collector ID", "Start Date", "Votre témoignage"]
    found, _ = rows(
        tmp_path,
        "s.csv",
        table_of(head, ["", "", "", "Open-Ended Response"], ["1", "2", "06/12/2022 10:00:00 AM", "Tôt."]),
    )
    assert [(one["texte"], str(read_day(one["date"]))) for one in found] == [("Tôt.", "2022-06-12")]


@pytest.mark.parametrize(
    ("head", "sub", "day", "other"),
    [
        (["Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Email Address", "First Name", "Last Name", "Custom Data 1"], ["Response", "Open-Ended Response"], "06/12/2022 06:12:00 PM", "Other (please specify)"),  # noqa: E501
        (["ID du répondant", "ID du collecteur", "Date de début", "Date de fin", "Adresse IP", "Adresse e-mail", "Prénom", "Nom", "Données personnalisées 1"], ["Réponse", "Réponse ouverte"], "12/06/2022 18:12:00", "Autre (veuillez préciser)"),  # noqa: E501
    ],
)  # fmt: skip
def test_the_second_line_of_titles_of_surveymonkey_says_the_answers_to_its_questions(tmp_path, head, sub, day, other):
    """As it exports them: a question to tick spreads over blank titles, a ticked cell says its own answer again."""
    titles = [*head, "Votre quartier", "Sur quel thème ?", "", "", "Votre témoignage", "Vos accords", ""]
    below = [*[""] * len(head), sub[0], "Emploi", "Santé", other, sub[1], "J'accepte d'être cité sans mon nom", "Web"]
    who = ["11", "4", day, day, "10.0.0.9", "awa@exemple.invalid", "Awa", "Exemple", "invité 7"]
    cells = [*who, "Malakoff", "Emploi", "Santé", "", "Tôt.", "J'accepte d'être cité sans mon nom", ""]
    other_cells = ["12", *who[1:], "Malakoff", "", "Santé", "Le sport", "Tard.", "", ""]
    found, table = rows(tmp_path, "s.csv", table_of(titles, below, cells, other_cells))
    assert [(one["parole"], one["qpv"], one["themes"], one["texte"], one["citation_anonyme"]) for one in found] == [
        ("11", "Malakoff", "Emploi|Santé", "Tôt.", "oui"),
        ("12", "Malakoff", "Santé", "Tard.", ""),
    ]
    assert table.lignes.tolist() == [3, 4]
    assert [one.colonne for one in table.anomalies] == [f"Sur quel thème ? [{other}]"]
    assert not any(private in str(found) for private in ("Awa", "10.0.0.9", "awa@", "invité 7"))


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


def test_a_day_that_is_blank_in_one_column_of_the_tool_is_taken_from_the_next(tmp_path):
    heads = "id;title/fr;description/fr;start_time;end_time;component/id;created_at"
    log = f"{heads}\n5;Débat;<p>Un <b>mot</b>.</p>;;;9;2022-06-19 09:00:00 UTC\n"
    (one,), table = rows(tmp_path, "d.csv", log)
    assert (one["texte"], str(read_day(one["date"]))) == ("Débat. Un mot.", "2022-06-19")
    assert table.anomalies == ()


def test_a_question_that_may_give_leave_and_is_not_understood_is_asked_about(territory):
    question = "Acceptez-vous que votre avis soit diffusé sans votre nom ?"
    write(
        territory, "paroles/g.csv", f"Horodateur;Votre avis;{question}\n12/06/2022 18:12:00;Plus tôt.;Oui, j'accepte\n"
    )
    assert "g.csv\u00a0: 1 parole lue\u00a0; 0 publiable\u00a0: 1 sans audience publique." in told(territory)
    assert f"accord peut-être dit dans «\u00a0{question}\u00a0», et non lu" in told(territory)
    write(
        territory,
        "paroles/colonnes.csv",
        f"fichier;colonne;champ;valeur\ng.csv;{question};citation_anonyme;\ng.csv;;audience;groupe\n",
    )
    assert "peut-être" not in told(territory)
    assert clean_voices(territory, "groupe").paroles["texte"].tolist() == ["Plus tôt."]


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


@pytest.mark.parametrize("audience", ["public", "equipe"])
def test_what_is_understood_of_a_voice_filled_as_people_write_is_said_with_its_line(territory, audience):
    put(
        territory,
        OPEN | {"texte": "A.", "date": "2021-2022", "qualite": "retraitée"},
        OPEN | {"texte": "B.", "date": "vers mars 2021", "age": "environ 60"},
        OPEN | {"texte": "C.", "date": "en cours", "audience": "tout le monde"},
        OPEN | {"texte": "D.", "date": "14/06/2022", "qualite": "Habitante", "age": "60 ans"},
    )
    lines = [line.strip() for line in told(territory, audience).replace("\xa0", " ").split("\n")]
    dates = (
        "date écrit autrement : « 2021-2022 » (ligne 2) compris « 31/08/2022 » ; "
        "« vers mars 2021 » (ligne 3) compris « 31/03/2021 » ; « en cours » (ligne 4) compris « sans date »."
    )
    for said in (
        dates,
        "qualite écrit autrement : « retraitée » (ligne 2) compris « autre ».",
        "age écrit autrement : « environ 60 » (ligne 3) compris « 60 ans ».",
        "audience écrit autrement : « tout le monde » (ligne 4) compris « l’équipe seule ».",
    ):
        assert said in lines
    assert not [line for line in lines if "14/06/2022" in line or "Habitante" in line or "60 ans » (" in line]


def test_many_voices_written_alike_are_said_once_and_counted(territory):
    put(territory, *(OPEN | {"texte": f"A{i}.", "date": f"{2010 + i}"} for i in range(8)))
    (line,) = [x for x in told(territory).replace("\xa0", " ").split("\n") if "écrit autrement" in x]
    assert line.endswith("et 5 autres.")


def test_a_period_is_dated_by_its_last_day_and_about_a_day_by_it():
    assert str(read_day("du 12/06/2022 au 15/06/2022")) == "2022-06-15"
    assert str(read_day("environ le 12/06/2022")) == "2022-06-12"
    assert read_day("en cours") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("preconisations.csv", "id;theme;preconisation;statut\nR1;mobilité douce;Ouvrir.;proposée\n"),
        ("paroles/codes.csv", "code;nom;theme;tonalite\nbus;Le bus;mobilité douce;propose\n"),
        ("paroles/immersions.csv", "immersion;theme;date;audience;vu\nI1;mobilité douce;2022-03-01;public;Un bus.\n"),
    ],
)
def test_a_theme_that_nobody_declared_is_told_with_its_file_its_line_its_column_and_its_word(territory, name, text):
    write(territory, name, text)
    (found,) = clean_voices(territory, "equipe").anomalies.itertuples()
    assert (found.fichier, found.ligne, found.colonne, found.brut) == (name, 2, "theme", "mobilité douce")
    assert found.probleme == "thème non déclaré"
    assert "mobilité douce" not in clean_voices(territory).anomalies.to_csv()
    assert [f.ligne for f in clean_voices(territory).anomalies.itertuples()] == [0]


def test_a_voice_that_names_no_theme_is_about_those_that_the_codebook_gives_its_codes(territory):
    one, other = (theme.id for theme in territory.themes[:2])
    codebook = f"code;nom;theme;tonalite\nbus;Le bus;{one};\nsalle;La salle;{other};\nautre;Autre;;\n"
    write(territory, "paroles/codes.csv", codebook)
    put(
        territory,
        OPEN | {"texte": "A.", "codes": "bus|salle"},
        OPEN | {"texte": "B.", "codes": "bus", "themes": other},
        OPEN | {"texte": "C.", "codes": "autre"},
    )
    voices = clean_voices(territory).paroles
    assert sorted(zip(voices["codes"], voices["themes"], voices["theme"], strict=True)) == [
        ("autre", "", ""),
        ("bus", other, other),
        ("bus|salle", f"{one}|{other}", one),
    ]


def asked(territory, name, *lines, audience="public"):
    """The lines that `check` tells of one file of voices, in what becomes of them."""
    write(territory, f"paroles/{name}", table_of(*lines))
    said = told(territory, audience).replace("\xa0", " ").split("\n")
    where = next(i for i, line in enumerate(said) if line.startswith(f"paroles/{name} : "))
    return [said[where], *(line.strip() for line in takewhile(lambda line: line.startswith("    "), said[where + 1 :]))]


def test_where_no_column_is_the_voice_the_questions_that_may_be_it_are_proposed_as_lines_to_paste(territory):
    said = asked(
        territory,
        "f.csv",
        ["Horodateur", "Votre quartier", "Que vivez-vous ; et où ?", "Que proposez-vous ?", "J'accepte d'être cité"],
        ["2022/06/12 6:12:00 PM UTC+2", "Malakoff", "Le bus du soir est rare.", "Plus de bus le soir.", "Oui, je l'accepte bien"],
    )  # fmt: skip
    assert said[0].startswith("paroles/f.csv : 0 parole lue : aucune colonne ne porte le texte d'une parole.")
    assert said[-2:] == ['f.csv;"Que vivez-vous ; et où ?";texte;', "f.csv;Que proposez-vous ?;texte;"]
    declared = "fichier;colonne;champ;valeur\n" + "\n".join(said[-2:]) + "\n"
    write(territory, "paroles/colonnes.csv", declared)
    (voice,) = clean_voices(territory, "equipe").paroles["texte"]
    assert voice == "Le bus du soir est rare. Plus de bus le soir."


def test_a_question_of_limesurvey_is_named_by_its_text_and_its_code_names_it_too(territory):
    lines = (
        [
            "id. ID de la réponse",
            "submitdate. Date de soumission",
            "lastpage. Dernière page",
            "G02Q04. Racontez-nous cela.",
        ],
        ["1", "2022-10-20 11:20:00", "4", "La cantine est bien trop chère."],
    )
    assert asked(territory, "l.csv", *lines)[-1] == "l.csv;Racontez-nous cela.;texte;"
    for name in ("Racontez-nous cela.", "G02Q04"):
        write(territory, "paroles/colonnes.csv", f"fichier;colonne;champ;valeur\nl.csv;{name};texte;\n")
        assert clean_voices(territory, "equipe").paroles["texte"].tolist() == ["La cantine est bien trop chère."]


def test_questions_exported_as_codes_alone_are_asked_for_with_their_text(territory):
    lines = (
        ["id", "submitdate", "lastpage", "startlanguage", "G02Q04"],
        ["1", "2022-10-20 11:20:00", "4", "fr", "La cantine est bien trop chère."],
    )
    said = asked(territory, "l.csv", *lines)
    assert said[-1] == "l.csv;G02Q04;texte;"
    assert "exportez de nouveau avec le texte des questions" in " ".join(said)


def test_a_file_that_says_nothing_of_who_may_read_it_is_asked_about_with_the_line_to_paste(territory):
    said = asked(territory, "f.csv", ["Horodateur", "Votre avis"], ["12/06/2022 18:12:00", "Plus tôt."])
    assert said[0].endswith("1 sans audience publique.")
    assert any(line.endswith("f.csv;;audience;public") for line in said)
    titles, cells = ["Horodateur", "Votre avis", "Pour qui"], ["12/06/2022 18:12:00", "Plus tôt.", "equipe"]
    assert not any("audience;public" in line for line in asked(territory, "f.csv", titles, cells))


def test_a_question_that_may_give_leave_comes_with_the_lines_that_say_which(territory):
    said = asked(
        territory,
        "f.csv",
        ["Horodateur", "Votre avis", "J'autorise la diffusion de mes propos par la Ville"],
        ["12/06/2022 18:12:00", "Plus tôt.", "Oui"],
    )
    assert "f.csv;J'autorise la diffusion de mes propos par la Ville;citation_anonyme;" in said
    assert "f.csv;J'autorise la diffusion de mes propos par la Ville;web;" in said


def test_repeated_rows_whose_words_are_not_recognised_are_asked_about(territory):
    book = openpyxl.load_workbook(io.BytesIO(kobo()))
    book["paroles"]["A1"] = "Et ici, qu'avez-vous noté ?"
    for row, text in enumerate(("Le local ferme tôt.", "Il ouvre trop tard.", "Jamais le samedi."), start=2):
        book["paroles"].cell(row, 1, text)
    book.save(territory.dossier / "paroles/k.xlsx")
    said = told(territory).replace("\xa0", " ")
    assert "paroles/k.xlsx : 0 parole lue : aucune colonne ne porte le texte d'une parole." in said
    assert "k.xlsx;Et ici, qu'avez-vous noté ?;texte;" in said


@pytest.mark.parametrize(
    ("headers", "cells"),
    [
        (["Date", "Quartier", "Doléance", "J’accepte d’être cité(e) anonymement", "J'accepte la publication sur internet"], ["14/03/2022", "Malakoff", "Un banc.", "Oui", "Oui"]),  # noqa: E501
        (["Date", "1. Quartier", "2. Votre avis", "3. J'accepte d'être cité·e sans mon nom", "4) J'accepte la publication sur internet"], ["14/03/2022", "Malakoff", "Un banc.", "Oui", "Oui"]),  # noqa: E501
        (["Date", "Quartier", "Que dit la personne ?", "Acceptez-vous que vos propos soient cités anonymement ?", "Acceptez-vous une publication sur internet ?"], ["14/03/2022", "Malakoff", "Un banc.", "Oui", "Oui"]),  # noqa: E501
    ],
)  # fmt: skip
def test_titles_as_people_write_them_are_understood(territory, headers, cells):
    write(territory, "paroles/c.csv", table_of([*headers, "Pour qui"], [*cells, "public"]))
    (row,) = clean_voices(territory).paroles.itertuples()
    assert (row.qpv, row.texte_statut, row.mois) == ("QP044013", "non_relu", "2022-03")


def test_a_title_that_may_protect_someone_is_asked_about_whoever_reads(territory):
    lines = (["Date", "Votre avis", "Êtes-vous majeur·e ou non ?"], ["14/03/2022", "Un banc.", "Non"])
    said = asked(territory, "p.csv", *lines)
    assert said[1].startswith("« Êtes-vous majeur·e ou non ? » protège peut-être quelqu'un, et n'est pas comprise")
    assert said[1].endswith(": p.csv;Êtes-vous majeur·e ou non ?;CHAMP;")
    assert clean_voices(territory, "groupe").paroles.empty


def test_a_file_that_says_no_leave_is_asked_about(territory):
    lines = (["Date", "Votre avis", "Pour qui"], ["14/03/2022", "Un banc.", "public"])
    said = asked(territory, "p.csv", *lines)
    assert said[0].endswith("0 publiable : 1 sans accord.")
    assert said[-2:] == ["p.csv;;citation_anonyme;oui", "p.csv;;web;oui"]
    assert set(clean_voices(territory).paroles["texte"]) == {""}


def test_one_question_can_give_two_leaves(territory):
    question = "J'autorise la publication de mes propos sur internet, sans mon nom"
    write(territory, "paroles/f.csv", table_of(["Date", "Votre avis", question], ["14/03/2022", "Un banc.", "Oui"]))
    lines = [f"f.csv;{question};citation_anonyme;", f"f.csv;{question};web;", "f.csv;;audience;public"]
    write(territory, "paroles/colonnes.csv", "\n".join(["fichier;colonne;champ;valeur", *lines]))
    (row,) = clean_voices(territory).paroles.itertuples()
    assert row.texte_statut == "non_relu"  # to be read: both leaves are there


def test_a_leave_to_be_quoted_without_that_of_the_web_says_what_is_missing(territory):
    titles = ["Date", "Votre avis", "Pour qui", "J'accepte d'être cité sans mon nom"]
    said = asked(territory, "p.csv", titles, ["14/03/2022", "Un banc.", "public", "oui"])
    assert said[0].endswith("0 publiable : 1 sans accord.")
    assert said[-1] == "p.csv;;web;oui"
    assert "p.csv;;citation_anonyme;oui" not in said


def test_a_minor_and_what_is_sensitive_are_counted_apart(territory):
    titles = ["Date", "Votre avis", "Pour qui", "Votre âge"]
    said = asked(
        territory, "p.csv", titles, ["14/03/2022", "Un banc.", "public", "16"], ["14/03/2022", "Rien.", "equipe", "40"]
    )
    assert said[0].endswith("0 publiable : 2 sans audience publique (dont 1 protégée : mineur ou donnée sensible).")
