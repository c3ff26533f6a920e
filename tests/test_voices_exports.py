"""Exports as real programs write them: several answers to tick, codes of questions, groups, headers on three lines, JSON, interviews."""

import csv
import io
import json
import zipfile
from dataclasses import replace

import pytest

from cvanalysis.errors import ReadError
from cvanalysis.paroles.clean.exports import read_voice_files
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.paroles.table import NOTHING_DECLARED
from cvanalysis.territory.contract import read_territory


def read_voice_file(path, fichier, declared=NOTHING_DECLARED):
    tables, problems = read_voice_files([(path, fichier)], {path.name: declared})
    for problem in problems:
        raise ReadError(problem)
    return tables


def rows(tmp_path, name, content, declared=NOTHING_DECLARED):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    (table,) = read_voice_file(path, f"paroles/{name}", declared)
    return table.cells.to_dict("records"), table


LIME_TEXTS = (
    '"ID de la réponse";"Date de soumission";"Dernière page";"Langue de départ";"Tête de série";"Date de lancement";"Adresse IP";'
    '"Dans quel quartier habitez-vous ?";"Sur quel thème ? [Le soutien aux associations]";"Sur quel thème ? [Aide, scolarité]";'
    '"Sur quel thème ? [Autre]";"Votre témoignage";"Vos accords [J\'accepte d\'être cité anonymement]"\n'
    '"1";"2022-06-12 18:12:00";"4";"fr";"123";"2022-06-12 18:00:00";"10.0.0.9";"Malakoff";"Oui";"Oui";"";"La salle\nferme tôt.";"Oui"\n'
    '"2";"";"1";"fr";"124";"2022-06-13 08:00:00";"10.0.0.9";"";"Non";"N/A";"";"Encore.";"Non"\n'
)
LIME_CODES = (
    '"id","submitdate","lastpage","startlanguage","seed","startdate","datestamp","ipaddr","qpv","themes[SQ001]","themes[SQ002]","texte"\n'
    '"1","2022-06-12 18:12:00","4","fr","9","2022-06-12 18:00:00","2022-06-12 18:12:00","10.0.0.9","QP044006","Y","","Tôt."\n'
)
LIME_BOTH = (
    '"id. ID de la réponse";"submitdate. Date de soumission";"lastpage. Dernière page";"startlanguage. Langue de départ";'
    '"G01Q02. Votre quartier";"G01Q03[SQ001]. Thématique [Le soutien aux associations]";"G02Q05. Votre_témoignage"\n'
    '"1";"2022-06-12 18:12:00";"4";"fr";"Malakoff";"Oui";"Tôt."\n'
)


def test_limesurvey_answers_to_tick_are_one_list_and_a_subquestion_is_a_question(tmp_path):
    (one, two), table = rows(tmp_path, "l.csv", LIME_TEXTS)
    assert table.format == "limesurvey"
    assert (one["themes"], one["qpv"], one["citation_anonyme"]) == (
        "Le soutien aux associations|Aide, scolarité",
        "Malakoff",
        "Oui",
    )
    assert (two["themes"], two["recu"], two["citation_anonyme"]) == ("", "", "Non")
    assert "10.0.0.9" not in str(one)


def test_limesurvey_codes_of_questions_are_read_alone_or_before_their_text(tmp_path):
    (one,), table = rows(tmp_path, "c.csv", LIME_CODES)
    assert (table.format, one["parole"], one["themes"], one["qpv"]) == ("limesurvey", "1", "SQ001", "QP044006")
    (one,), table = rows(tmp_path, "b.csv", LIME_BOTH)
    assert (table.format, one["themes"], one["qpv"], one["texte"]) == (
        "limesurvey",
        "Le soutien aux associations",
        "Malakoff",
        "Tôt.",
    )
    assert one["recu"] == "2022-06-12 18:12:00"


KOBO = (
    '"start";"end";"lieu/quartier";"theme/themes";"theme/themes/scolarite";"theme/themes/aller_vers";"personne/mineur";'
    '"paroles/texte";"_id";"_uuid";"_submission_time";"_validation_status";"_submitted_by";"__version__";"meta/rootUuid";"_index"\n'
    '"2022-03-05T18:00:00.000+01:00";"2022-03-05T18:12:00.000+01:00";"QP044006";"scolarite aller_vers";"1";"1";"0";"Tôt.";"7";"u-7";'
    '"2022-10-02T09:00:00";"";"Awa Exemple";"v1";"uuid:7";"1"\n'
)


def test_kobo_answers_to_tick_are_read_once_and_a_group_is_no_question(tmp_path):
    (one,), table = rows(tmp_path, "k.csv", KOBO)
    assert (table.format, one["themes"], one["mineur"]) == ("kobotoolbox", "scolarite|aller_vers", "0")
    assert [p.colonne for p in table.anomalies] == []
    assert "Awa" not in str(one)


FRAMAFORMS = (
    '"Avis sur le contrat de ville","","","","","","","","","","","","",""\n'
    '"Détails de la soumission","","","","","","","","","Sur quel thème","","","",""\n'
    '"Numéro de série","SID","Heure de soumission","Achevé","Modifié","Brouillon","Adresse IP","UID","Nom d\'utilisateur",'
    '"Le soutien aux associations","L\'aller-vers les habitants","Aide à la scolarité","Votre quartier","Votre témoignage"\n'
    '"1","8101","dim, 12/06/2022 - 18:12","","","0","10.0.0.9","0","","X","","X","Malakoff","La salle, le soir, ferme."\n'
)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_framaforms_writes_the_question_above_the_answers_to_tick(tmp_path, separator):
    out = io.StringIO()
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(csv.reader(io.StringIO(FRAMAFORMS)))
    (one,), table = rows(tmp_path, "f.csv", out.getvalue())
    assert (table.format, one["parole"]) == ("framaforms", "8101")
    assert one["themes"] == "Le soutien aux associations|Aide à la scolarité"
    assert (one["qpv"], one["texte"], one["recu"]) == (
        "Malakoff",
        "La salle, le soir, ferme.",
        "dim, 12/06/2022 - 18:12",
    )


PROPOSAL = {
    "id": 12,
    "author": {"id": [901], "name": ["Awa Exemple"], "url": ["https://x.invalid/profiles/awa"]},
    "category": {"id": 1, "name": {"fr": "Le soutien aux associations", "en": "Associations"}},
    "scope": {"id": 2, "name": {"fr": "Malakoff"}},
    "participatory_space": {"id": 3, "url": "https://x.invalid/processes/e"},
    "component": {"id": 4},
    "title": {"fr": "La salle"},
    "body": {"fr": "<p>Elle ferme tôt.</p>"},
    "address": "12 rue des Lilas",
    "state": "withdrawn",
    "reference": "X-PROP-2022-06-12",
    "answer": {"fr": "<p>Vu.</p>"},
    "created_at": "2022-06-10 10:00:00 UTC",
    "published_at": "2022-06-12 10:00:00 UTC",
}


def test_decidim_json_says_what_its_csv_says_and_a_proposal_taken_back_is_withdrawn(tmp_path):
    kept = PROPOSAL | {"id": 13, "reference": "X-13", "state": "accepted"}
    (gone, one), table = rows(tmp_path, "d.json", json.dumps([PROPOSAL, kept]))
    assert table.format == "decidim"
    assert (one["parole"], one["texte"], one["reponse"], one["themes"], one["qpv"]) == (
        "X-13",
        "La salle. Elle ferme tôt.",
        "Vu.",
        "Le soutien aux associations",
        "Malakoff",
    )
    assert (gone["retrait"], one["retrait"]) == ("oui", "")
    assert one["recu"] == one["date"] == "2022-06-12 10:00:00 UTC"
    assert "Lilas" not in str(one)
    assert "Awa" not in str(one)


@pytest.mark.parametrize(
    "wrapped",
    [
        {
            "count": 1,
            "results": [{"_id": 1, "_uuid": "u", "_submission_time": "2022-06-12T10:00:00", "g/texte": "Tôt."}],
        },
        {"responses": [{"1": {"id": "1", "submitdate": "2022-06-12 10:00:00", "lastpage": "3", "texte": "Tôt."}}]},
    ],
)
def test_a_list_of_answers_that_is_wrapped_is_found(tmp_path, wrapped):
    (one,), table = rows(tmp_path, "w.json", json.dumps(wrapped))
    assert one["texte"] == "Tôt."
    assert table.format in ("kobotoolbox", "limesurvey")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "cp1252"])
def test_an_export_saved_again_by_a_spreadsheet_is_still_read(tmp_path, encoding):
    text = LIME_TEXTS.replace("\n", "\r\n")
    raw = (b"\xff\xfe" if encoding == "utf-16-le" else b"") + text.encode(encoding)
    (one, _), _ = rows(tmp_path, "l.csv", raw)
    assert one["qpv"] == "Malakoff"


# --------------------------------------------------------------------------------------------------------- interviews

TEXT = "Bonjour à tous.\r\nLa salle ferme tôt le soir.\r\nLe mercredi, tout va bien.\r\n"


def project(spans, sources="", **more):
    def place(words):
        text = more.get("counted", TEXT)
        return text.index(words), text.index(words) + len(words)

    selections = "".join(
        f'<PlainTextSelection guid="p{i}" name="{name}" startPosition="{place(words)[0]}" endPosition="{place(words)[1]}">'
        f'<Coding guid="g{i}"><CodeRef targetGUID="{code}"/></Coding></PlainTextSelection>'
        for i, (words, code, name) in enumerate(spans)
    )
    holder = more.get(
        "holder", '<TextSource guid="s1" name="Entretien 1" plainTextPath="internal://s1.txt">{}</TextSource>'
    )
    return (
        '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n'
        '<Project xmlns="urn:QDA-XML:project:1.0" origin="X 1.0"><CodeBook><Codes>'
        '<Code guid="0" name="Ce qui ne marche pas" isCodable="false"><Code guid="c1" name="Les horaires, le soir"/></Code>'
        '<Code guid="c2" name="Le mercredi"/><Code guid="c3" name="jamais utilisé"/></Codes></CodeBook>'
        f"<Sources>{holder.format(selections)}{sources}</Sources></Project>"
    ).encode()


def qdpx(tmp_path, qde, name="sources/s1.txt", raw=None):
    path = tmp_path / "e.qdpx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Quartier 2022.qde", qde)
        archive.writestr(name, TEXT.encode() if raw is None else raw)
    (table,) = read_voice_file(path, "paroles/e.qdpx")
    return table.cells["texte"].tolist(), table.cells["codes"].tolist() if len(table.cells) else []


SPANS = [("La salle ferme tôt le soir.", "c1", ""), ("Le mercredi, tout va bien.", "c2", "")]
SAID = ["La salle ferme tôt le soir.", "Le mercredi, tout va bien."]


@pytest.mark.parametrize("counted", [TEXT, TEXT.replace("\r\n", "\n")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_positions_are_right_whatever_the_line_ends_and_the_encoding(tmp_path, counted, encoding):
    texts, codes = qdpx(tmp_path, project(SPANS, counted=counted), raw=TEXT.encode(encoding))
    assert texts == SAID
    assert codes == ["Les horaires, le soir", "Le mercredi"]


def test_a_pdf_or_a_recording_is_read_through_its_text(tmp_path):
    layer = '<Representation guid="r" plainTextPath="internal://s1.txt">{}</Representation>'
    assert qdpx(tmp_path, project(SPANS, holder=f'<PDFSource guid="s1" name="x">{layer}</PDFSource>'))[0] == SAID
    spoken = '<AudioSource guid="s1" name="x"><Transcript guid="r" plainTextPath="internal://s1.txt">{}</Transcript></AudioSource>'
    assert qdpx(tmp_path, project(SPANS, holder=spoken))[0] == SAID


def test_a_word_source_is_read_where_no_plain_text_comes_with_it(tmp_path):
    import docx

    document = docx.Document()
    for line in TEXT.splitlines():
        document.add_paragraph(line)
    packed = io.BytesIO()
    document.save(packed)
    holder = '<TextSource guid="s1" name="x" richTextPath="internal://s1.docx">{}</TextSource>'
    texts, _ = qdpx(tmp_path, project(SPANS, holder=holder), "Sources/s1.docx", packed.getvalue())
    assert texts == SAID


def test_a_source_that_is_not_in_the_archive_gives_nothing_and_breaks_nothing(tmp_path):
    assert qdpx(tmp_path, project(SPANS), "sources/autre.txt")[0] == []


def test_a_codebook_declares_its_codes_with_the_tone_of_the_code_above(brut, tmp_path):
    folder = tmp_path / "paroles"
    folder.mkdir()
    qdc = project([]).split(b"<Sources>")[0].replace(b"Project", b"CodeBookFile").decode() + "</CodeBookFile>"
    (folder / "codes.qdc").write_text(qdc, encoding="utf-8")
    qdpx(folder, project(SPANS))
    voices = clean_voices(replace(read_territory(brut), dossier=tmp_path), "equipe")
    told = dict(zip(voices.codes["nom"], voices.codes["tonalite"], strict=True))
    assert told["Les horaires, le soir"] == "ne_marche_pas"
    assert "Ce qui ne marche pas" not in told
    assert set(voices.paroles["codes"]) == {"Les horaires, le soir", "Le mercredi"}
    assert voices.illisibles == ()


# --------------------------------------------------------------------------------------------------- when it came in


def test_an_edition_handed_over_does_not_grow_with_what_came_in_later(brut, tmp_path):
    (tmp_path / "paroles").mkdir()
    (tmp_path / "paroles" / "kobo.csv").write_text(KOBO.replace("start;", "start;"), encoding="utf-8")
    (tmp_path / "paroles" / "saisie.csv").write_text(
        "parole;date;recu;texte;audience\n"
        "A;2022-03-10;;Dite en mars.;public\n"
        "B;2022-03-10;2022-10-03;Dite en mars, arrivée en octobre.;public\n"
        "C;2022-03-10;plus tard;Arrivée on ne sait quand.;public\n",
        encoding="utf-8",
    )
    (tmp_path / "paroles" / "tard.csv").write_text(
        "date;texte;audience\n2022-03-11;Déposée plus tard.;public\n", encoding="utf-8"
    )
    (tmp_path / "paroles" / "colonnes.csv").write_text(
        "fichier;colonne;champ;valeur\ntard.csv;;recu;2022-10-05\nkobo.csv;;audience;public\nkobo.csv;start;date;\n",
        encoding="utf-8",
    )
    territory = replace(read_territory(brut), dossier=tmp_path)
    june, december = sorted(territory.editions, key=lambda e: e.jusqu_au)
    assert len(clean_voices(territory, "public", june).paroles) == 1
    last = clean_voices(territory, "public", december).paroles
    assert sorted(last["arrivee"]) == ["", june.id, *[december.id] * 3]
    assert set(last["mois"]) == {"2022-03"}  # when it was said stays what it was


def test_two_files_that_number_alike_are_told_apart_by_their_name(brut, tmp_path):
    folder = tmp_path / "paroles"
    folder.mkdir()
    for name in ("un.csv", "deux.csv"):
        text = f"parole;date;texte;audience;constat\n12;2022-03-10;{name};public;E01\n"
        (folder / name).write_text(text, encoding="utf-8")
    territory = replace(read_territory(brut), dossier=tmp_path)

    def answered(*lines):
        (folder / "reponses.csv").write_text("\n".join(["parole;fichier;statut;reponse", *lines]), encoding="utf-8")
        voices = clean_voices(territory, "equipe")
        return dict(zip(voices.paroles["texte"], voices.paroles["reponse"], strict=True)), set(
            voices.anomalies["probleme"]
        )

    assert answered("12;un.csv;répondue;Oui.") == ({"un.csv": "Oui.", "deux.csv": ""}, set())
    told, problems = answered("12;;répondue;Oui.")
    assert set(told.values()) == {""}
    assert problems == {"une réponse à un numéro que plusieurs fichiers donnent"}
    (folder / "retraits.csv").write_text("parole;fichier\n12;paroles/deux.csv\n", encoding="utf-8")
    assert answered("12;;répondue;Oui.") == ({"un.csv": "Oui."}, set())


def test_a_taxonomy_that_is_a_quarter_is_the_place_and_no_unknown_theme(brut, tmp_path):
    (tmp_path / "paroles").mkdir()
    proposal = PROPOSAL | {"state": "", "taxonomies": {"id": [1], "name": ["Le soutien aux associations", "Malakoff"]}}
    for key in ("category", "scope"):
        proposal.pop(key)
    (tmp_path / "paroles" / "d.json").write_text(json.dumps([proposal]), encoding="utf-8")
    voices = clean_voices(replace(read_territory(brut), dossier=tmp_path), "equipe")
    assert voices.paroles[["themes", "qpv"]].values.tolist() == [["associations", "QP044013"]]
    assert voices.anomalies[voices.anomalies["colonne"] == "themes"].empty
