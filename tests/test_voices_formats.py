"""Files of the tools that groups use are read as they come, without what identifies people."""

import csv
import shutil
import tomllib
import zipfile

import openpyxl
import pytest

from cvanalysis.errors import ReadError
from cvanalysis.files.sheets import read_raw
from cvanalysis.paroles.clean import outils
from cvanalysis.paroles.clean.outils import recognise
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.paroles.table import CHAMPS, NOTHING_DECLARED, Declared, keys
from cvanalysis.tables.models import MODELES, columns_of, write_model
from cvanalysis.tables.process import clean_actions
from cvanalysis.territory.contract import read_territory
from test_voices_exports import read_voice_file


def test_no_title_of_a_column_is_declared_under_two_fields_of_voices():
    groups = [keys({champ: others}).keys() for champ, others in CHAMPS.items()]
    assert [sorted(one & other) for i, one in enumerate(groups) for other in groups[:i] if one & other] == []


PRIVATE = ("10.0.0.9", "awa@exemple.fr", "Awa Exemple")


def read(tmp_path, name, text, declared=NOTHING_DECLARED, encoding="utf-8"):
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    (table,) = read_voice_file(path, f"paroles/{name}", declared)
    return table


FRAMAFORMS = (
    '"Détails","","","","","Votre avis"\n'
    '"Numéro de série";"SID";"Date de soumission";"Adresse IP";"Nom d\'utilisateur";"Votre témoignage";"Votre e-mail"\n'.replace(
        ",", ";"
    )
    + '1;8101;"12/06/2022 - 18:12";10.0.0.9;Awa Exemple;"La salle ferme tôt.";awa@exemple.fr\n'
)
LIMESURVEY = (
    '"ID de la réponse","Date de soumission","Dernière page","Langue de départ","Tête de série","Adresse IP",'
    '"Votre témoignage","Thématique"\n'
    '"7","2022-06-12 18:12:00","4","fr","123","10.0.0.9","La salle ferme tôt.","scolarite"\n'
)
KOBO = (
    "start;end;lieu/quartier;paroles/texte;_id;_uuid;_submission_time;_submitted_by;_index\n"
    "2022-06-12T18:00;2022-06-12T18:12;QP044006;La salle ferme tôt.;1;u-1;2022-06-12T18:12:00;Awa Exemple;1\n"
)
DECIDIM = (
    "id;author/id;author/name;scope/name/fr;participatory_space/id;component/id;title/fr;body/fr;reference;published_at;endorsements/user_endorsements\n"
    '1;901;Awa Exemple;Malakoff;3;12;La salle;"<p>Elle ferme&nbsp;tôt.</p>";PROP-1;2022-06-12 18:12:00 UTC;Awa Exemple\n'
)
COMMENTS = (
    "id;created_at;body;locale;author/id;author/name;alignment;depth;commentable_id;commentable_type;root_commentable_url\n"
    "5;2022-06-12 18:12:00 UTC;La salle ferme tôt.;fr;901;Awa Exemple;1;0;1;Decidim::Proposals::Proposal;https://x.invalid\n"
)


OUTILS_EN_PLUS = """
[[outils]]
nom = "guichet"
signature = ["ticket", "agent|service"]
techniques = ["service"]
date = ["ouvert le"]
numero = ["ticket"]
colonnes = { texte = ["ce que vous nous dites"], reponse_statut = ["suite"] }
retire = { "suite" = ["annule"] }

[[outils]]
nom = "borne"
signature = ["id borne", "visite *"]
techniques = ["visite commencee"]
date = ["visite finie", "visite commencee"]
sans_date = "1970-01-01"
html = true
titre = ["objet"]
colonnes = { texte = ["mot laisse"] }
valeurs = { nature = "contribution", audience = "groupe" }

[[outils]]
nom = "carnet"
signature = ["feuillet", "etiquette", "extrait"]
une_voix = true
techniques = ["crayon"]
colonnes = { texte = ["extrait"], codes = ["etiquette"], locuteur = ["feuillet"] }
"""


@pytest.mark.parametrize(
    ("tool", "export", "expected"),
    [
        (
            "guichet",
            "Ticket;Service;Ouvert le;Ce que vous nous dites;Suite\nT7;Accueil;12/06/2022;La salle ferme tôt.;Annulé\n",
            {
                "texte": "La salle ferme tôt.", "reponse_statut": "Annulé", "recu": "12/06/2022", "date": "12/06/2022", "parole": "T7",
                "retrait": "oui",
            },
        ),
        (
            "borne",
            "Id borne;Visite commencée;Visite finie;Objet;Mot laissé;Votre quartier\nB2;12/06/2022;1970-01-01;Salle;<p>Trop tôt.</p>;QP1\n",
            {
                "texte": "Salle. Trop tôt.", "recu": "12/06/2022", "date": "12/06/2022", "qpv": "QP1", "nature": "contribution",
                "audience": "groupe",
            },
        ),
        (
            "carnet",
            "Feuillet;Étiquette;Extrait;Crayon\nF3;école;Trop loin.;bleu\nF3;bus;Trop loin.;noir\n",
            {"texte": "Trop loin.", "codes": "école|bus", "locuteur": "F3"},
        ),
    ],
)  # fmt: skip
def test_a_tool_more_is_a_block_of_words_and_no_code(tmp_path, monkeypatch, tool, export, expected):
    more = {bloc["nom"]: outils.Outil(**bloc) for bloc in tomllib.loads(OUTILS_EN_PLUS)["outils"]}
    monkeypatch.setattr(outils, "OUTILS", more | outils.OUTILS)
    table = read(tmp_path, "export.csv", export)
    (row,) = table.cells.to_dict("records")
    assert row == expected
    told = [problem.colonne for problem in table.anomalies]
    assert (table.format, told) == (tool, ["Id borne"] if tool == "borne" else [])


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        (FRAMAFORMS, "framaforms", "8101"),
        (LIMESURVEY, "limesurvey", "7"),
        (KOBO, "kobotoolbox", "u-1"),
        (DECIDIM, "decidim", "PROP-1"),
        (COMMENTS, "decidim", "5"),
    ],
)
def test_each_tool_is_recognised_with_its_text_date_and_number_and_no_identity(tmp_path, text, kind, number):
    table = read(tmp_path, "export.csv", text)
    (row,) = table.cells.to_dict("records")
    assert table.format == kind
    assert row["parole"] == number
    assert "ferme tôt." in row["texte"]
    assert "<p>" not in row["texte"]
    assert "12" in row["date"]
    assert not any(word in str(row) for word in PRIVATE)


def test_a_title_and_its_body_are_one_text(tmp_path):
    assert read(tmp_path, "d.csv", DECIDIM).cells["texte"].tolist() == ["La salle. Elle ferme tôt."]


def test_a_question_of_ones_own_is_declared_once(tmp_path):
    text = "Saisi par;Que vivez-vous ?;Divers\n2022;La salle ferme tôt.;x\n"
    with pytest.raises(ReadError, match=r"colonnes.csv la ligne\W+e.csv;"):
        read(tmp_path, "e.csv", text)
    table = read(tmp_path, "e.csv", text, Declared({"Que vivez-vous ?": "texte"}, {"audience": "public"}))
    assert table.cells[["texte", "audience"]].values.tolist() == [["La salle ferme tôt.", "public"]]
    assert [p.colonne for p in table.anomalies] == ["Saisi par", "Divers"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_encoding_does_not_matter(tmp_path, encoding):
    assert read(tmp_path, "k.csv", KOBO, encoding=encoding).cells["texte"].tolist() == ["La salle ferme tôt."]


# ------------------------------------------------------------------------------------------------------------- REFI-QDA

QDE = """<?xml version="1.0" encoding="utf-8"?>
<Project xmlns="urn:QDA-XML:project:1.0" name="p" unknownAttribute="1"><Users><User guid="u" name="Awa Exemple"/></Users>
<CodeBook><Codes><Code guid="c1" name="asso-locaux"><Code guid="c2" name="asso-dossiers"/></Code></Codes></CodeBook>
<Variables><Variable guid="v1" name="Quartier" typeOfVariable="Text"/></Variables>
<Cases><Case guid="k" name="Awa Exemple"><VariableValue><VariableRef targetGUID="v1"/><TextValue>QP044006</TextValue></VariableValue>
<SourceRef targetGUID="s1"/></Case></Cases>
<Sources><TextSource guid="s1" name="Awa Exemple" plainTextPath="internal://s1.txt">
<PlainTextSelection guid="p1" startPosition="10" endPosition="30"><Coding guid="g1"><CodeRef targetGUID="c1"/></Coding>
<Coding guid="g2"><CodeRef targetGUID="c2"/></Coding></PlainTextSelection>
<PlainTextSelection guid="p2" startPosition="0" endPosition="5"/></TextSource></Sources></Project>"""


def qdpx(tmp_path, qde=QDE, text="Bonjour. \n" + "La salle ferme tôt. \n"):
    path = tmp_path / "e.qdpx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.qde", qde)
        archive.writestr("Sources/s1.txt", text)
    return path


def test_coded_passages_of_an_interview_are_voices_with_all_their_codes_and_their_case(tmp_path):
    (table,) = read_voice_file(qdpx(tmp_path), "paroles/e.qdpx")
    (row,) = table.cells.to_dict("records")
    assert (row["texte"], row["codes"], row["qpv"], row["nature"]) == (
        "La salle ferme tôt.",
        "asso-locaux|asso-dossiers",
        "QP044006",
        "entretien",
    )
    assert "Awa" not in str(row)


@pytest.mark.parametrize("qde", ["<not xml", "<Project/>", QDE.replace("startPosition", "x")])
def test_a_strange_project_is_refused_or_empty_but_never_an_error_of_ours(tmp_path, qde):
    try:
        (table,) = read_voice_file(qdpx(tmp_path, qde), "paroles/e.qdpx")
    except ReadError:
        return
    else:
        assert len(table.cells) <= 1


def test_what_is_not_an_archive_is_named(tmp_path):
    path = tmp_path / "e.qdpx"
    path.write_bytes(b"%PDF-1.4")
    with pytest.raises(ReadError, match=r"e\.qdpx"):
        read_voice_file(path, "paroles/e.qdpx")


# ------------------------------------------------------------------------------------------------------------ templates


@pytest.mark.parametrize("kind", ["paroles", "actions", "engagements"])
def test_a_model_is_the_same_twice_and_has_a_list_for_each_declared_word(brut, tmp_path, kind):
    territory = read_territory(brut)
    files = write_model(kind, territory)
    assert files == write_model(kind, territory)
    path = tmp_path / f"{kind}.xlsx"
    path.write_bytes(files[f"{kind}.xlsx"])
    sheets = {t.feuille: t for t in read_raw(path, "modele.xlsx")}
    headers = files[f"{kind}.csv"].decode("utf-8-sig").strip().split(";")
    assert list(sheets[kind].colonnes) == headers
    assert not [header for header in headers if "_" in header or header[0].islower()]
    with zipfile.ZipFile(path) as archive:
        assert archive.read("xl/worksheets/sheet1.xml").count(b"<dataValidation ") >= 3
        words = archive.read("xl/sharedStrings.xml").decode()
    assert all(one.nom in words for one in (*territory.themes, *territory.quartiers))


def test_a_filled_model_is_read_as_it_is(brut, tmp_path):
    headers = write_model("paroles", read_territory(brut))["paroles.csv"].decode("utf-8-sig").strip()
    assert recognise(headers.split(";")).nom == "modele"
    table = read(
        tmp_path,
        "m.csv",
        headers + "\r\n" + ";".join("mots" if h == "Parole recueillie" else "" for h in headers.split(";")) + "\r\n",
    )
    assert list(table.cells.columns) == [column.nom for column in columns_of("paroles", read_territory(brut))]


# ----------------------------------------------------------------------------------------------------------- bad files


def test_a_file_that_cannot_be_read_is_named_and_disturbs_nothing(brut, tmp_path):
    from dataclasses import replace

    folder = tmp_path / "paroles"
    folder.mkdir()
    (folder / "bad.csv").write_bytes(b"%PDF-1.4")
    (folder / "good.csv").write_text("texte;audience;date\nUne parole.;public;2022-03-10\n", encoding="utf-8")
    voices = clean_voices(replace(read_territory(brut), dossier=tmp_path))
    assert len(voices.paroles) == 1
    assert [p.fichier for p in voices.illisibles] == ["paroles/bad.csv"]


def fill(path, sheet, **words):
    """Fill a model as a person does: the first word of each list, and what is given, by the names of fields."""
    book = openpyxl.load_workbook(path)
    rows, lists = book[sheet], {column[0].value: column[1].value for column in book["listes"].iter_cols()}
    names = {column["titre"]: column["nom"] for column in MODELES[sheet]["colonnes"]}
    for i, cell in enumerate(rows[1], start=1):
        rows.cell(2, i, words.get(names.get(cell.value), lists.get(cell.value)))
    book.save(path)


def test_a_filled_model_of_each_kind_is_read_back_word_for_word_without_anything_declared(brut, tmp_path):
    shutil.copytree(brut, tmp_path / "raw")
    territory = read_territory(tmp_path / "raw")
    for kind in ("paroles", "actions", "engagements"):
        (tmp_path / f"{kind}.xlsx").write_bytes(write_model(kind, territory)[f"{kind}.xlsx"])
    fill(tmp_path / "paroles.xlsx", "paroles", date="12/03/2022", texte="Lu.", mineur="non", art9="non", retrait=None)
    fill(
        tmp_path / "actions.xlsx",
        "actions",
        reference="D-1",
        annee=2021,
        action="Devoirs",
        demande="1 234,50",
        accorde=1000,
    )
    fill(tmp_path / "engagements.xlsx", "engagements", code="E01", libelle="Ouvrir", quartiers="tous", preuve="Acte")
    shutil.copy(tmp_path / "paroles.xlsx", tmp_path / "raw" / "paroles" / "rempli.xlsx")
    shutil.copy(tmp_path / "actions.xlsx", tmp_path / "raw" / "actions" / "rempli.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "engagements.xlsx")["engagements"]
    with (tmp_path / "raw" / "engagements.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(sheet.iter_rows(max_row=2, values_only=True))
    voices = clean_voices(territory, "equipe")
    said = voices.paroles[voices.paroles["texte"] == "Lu."].iloc[0]
    assert voices.anomalies.empty
    assert (said["nature"], said["qpv"], said["college"], said["tonalite"], said["mois"]) == (
        "temoignage",
        territory.quartiers[0].code,
        territory.colleges[0].id,
        "marche",
        "2022-03",
    )
    cleaned = clean_actions(territory)
    done = cleaned.actions[cleaned.actions["source"] == "actions/rempli.xlsx"].iloc[0]
    assert (done["titre"], done["demande"], done["accorde"], done["type_credit"], done["statut"]) == (
        "Devoirs",
        1234.5,
        1000.0,
        "spécifique",
        "en instruction",
    )
    kept = cleaned.engagements[cleaned.engagements["code"] == "E01"].iloc[0]
    assert (kept["libelle"], kept["avancement"], kept["preuve"]) == ("Ouvrir", "réalisé", "Acte")


def test_a_tool_whose_title_stands_under_two_fields_is_refused_as_it_is_loaded():
    with pytest.raises(ValueError, match="contenu"):
        outils.Outil("guichet", colonnes={"texte": ["contenu"], "codes": ["Contenu"]})


QUALTRICS = (
    "StartDate,RecordedDate,ResponseId,DistributionChannel,UserLanguage,Q1,Q2\n"
    "Start Date,Recorded Date,Response ID,Distribution Channel,User Language,Votre quartier,Votre témoignage\n"
    '"{""ImportId"":""startDate""}","{""ImportId"":""recordedDate""}","{""ImportId"":""_recordId""}",'
    '"{""ImportId"":""distributionChannel""}","{""ImportId"":""userLanguage""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2_TEXT""}"\n'
    "2022-06-12 18:00:00,2022-06-12 18:12:00,R_1,anonymous,FR,Malakoff,La salle ferme tôt.\n"
)


def test_the_numbers_that_qualtrics_writes_under_the_questions_are_no_voice(tmp_path):
    table = read(tmp_path, "q.csv", QUALTRICS)
    assert table.format == "qualtrics"
    assert table.cells[["texte", "qpv", "recu"]].to_numpy().tolist() == [
        ["La salle ferme tôt.", "Malakoff", "2022-06-12 18:12:00"]
    ]
