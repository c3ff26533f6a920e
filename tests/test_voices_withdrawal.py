"""A line by which a person is protected is understood, or said, or nothing is built: it is never passed over."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from carnets import PHRASE, carnet, cva, territoire
from cvanalysis.errors import DeclarationError
from cvanalysis.indicateurs.clean.decode import COMPTE
from cvanalysis.paroles.clean.consent import readable_texts
from cvanalysis.paroles.clean.review import fingerprint, read_reviews
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.tables.check import Check
from cvanalysis.tables.process import gather
from cvanalysis.territory.contract import read_territory
from test_voices import OPEN, everything, put


@pytest.fixture
def territory(brut, tmp_path):
    (tmp_path / "paroles").mkdir()
    return replace(read_territory(brut), dossier=tmp_path)


def write(territory, name, text):
    (territory.dossier / name).write_text(text, encoding="utf-8")


def told(territory, audience="public"):
    """What `check` says of the voices."""
    words = clean_voices(territory, audience)
    money = pd.DataFrame(columns=["fichier", "feuille", "colonne", "motif", "montant"])
    accounts = {
        "argent": money,
        "comptes": pd.DataFrame(columns=["fichier", *COMPTE]),
    }  # of domains that are not read here
    return Check(**vars(gather([words])) | {"tables": accounts}, territory=territory).render()


def texts(territory, audience="equipe"):
    return sorted(clean_voices(territory, audience).paroles["texte"])


# ---------------------------------------------------------------------------------------------------------- withdrawals


@pytest.mark.parametrize("head", ["identifiant;quand", "personne", "numéro;fichier", "Id parole;date"])
def test_withdrawals_without_a_column_that_says_which_voice_stop_everything(territory, head):
    put(territory, OPEN | {"parole": "1", "texte": "Une parole."})
    write(territory, "paroles/retraits.csv", f"{head}\n1{';2022-05-01' * head.count(';')}\n")
    with pytest.raises(DeclarationError, match=r"retraits.*ni colonne.*parole.*Renommez"):
        clean_voices(territory)


@pytest.mark.parametrize(
    "name",
    ["retraits.csv", "paroles/Retraits.csv", "paroles/retraits.xlsx", "paroles/retrait.csv", "paroles/retraits_2022.csv",
     "paroles/mars/retraits.csv", "paroles/relectures.xlsx", "relectures.csv"],
)  # fmt: skip
def test_withdrawals_and_decisions_under_another_name_stop_everything(territory, name):
    (territory.dossier / name).parent.mkdir(exist_ok=True)
    write(territory, name, "parole\n1\n")
    with pytest.raises(DeclarationError, match=re.escape(f"{name}` : ce fichier ne serait pas lu")):
        clean_voices(territory)


@pytest.mark.parametrize("kind", ["retraits", "relectures", "colonnes"])
@pytest.mark.parametrize("line", ["1;2;3;4;5;6;7;8", '"1'])
def test_a_line_that_cannot_be_read_in_what_protects_people_stops_everything(territory, kind, line):
    put(territory, OPEN | {"parole": "1", "texte": "Une parole."})
    columns = {
        "retraits": "parole;locuteur",
        "relectures": "empreinte;decision",
        "colonnes": "fichier;colonne;champ;valeur",
    }
    write(territory, f"paroles/{kind}.csv", f"{columns[kind]}\n{line}\n")
    with pytest.raises(DeclarationError, match=rf"{kind}.csv`, ligne 2 : (la ligne a 8 cellules|le CSV ne se lit pas)"):
        clean_voices(territory)


def test_a_withdrawal_whose_number_looks_like_a_remark_is_one(territory):
    put(territory, OPEN | {"parole": "#12", "texte": "Je retire."})
    write(territory, "paroles/retraits.csv", "parole;locuteur\n#12;\n")
    assert texts(territory) == []


def test_an_answer_on_a_line_that_cannot_be_read_is_told_and_the_others_are_read(territory):
    put(territory, *(OPEN | {"parole": n, "texte": f"P{n}.", "engagement": "E01"} for n in "12"))
    write(territory, "paroles/reponses.csv", "parole;statut;reponse\n1;répondue;Vu ; et dit.\n2;répondue;Oui.\n")
    cleaned = clean_voices(territory, "equipe")
    assert [(p.ligne, p.trouve) for p in cleaned.illisibles] == [(2, "la ligne a 4 cellules")]
    assert set(cleaned.contributions["reponse"]) == {"", "Oui."}


def test_a_file_of_voices_whose_name_only_looks_like_it_is_read(territory):
    put(territory, OPEN | {"texte": "Une parole."}, name="retraites-2022.csv")
    assert texts(territory) == ["Une parole."]


@pytest.mark.parametrize(
    ("said", "asked"),
    [("1", "01"), ("01", "1"), ("1", "1.0"), ("MARS-045", "mars-45"), ("V 12", "v12"), ("É3", "e3"), ("a", " A ")],
)
@pytest.mark.parametrize("champ", ["parole", "locuteur"])
def test_a_withdrawal_is_not_lost_for_its_spelling(territory, champ, said, asked):
    put(territory, OPEN | {champ: said, "texte": "Je retire."}, OPEN | {champ: "autre", "texte": "Je reste."})
    put(territory, {champ: asked}, name="retraits.csv", columns=("parole", "locuteur", "date"))
    cleaned = clean_voices(territory, "equipe")
    assert cleaned.paroles["texte"].tolist() == ["Je reste."]
    assert cleaned.avertissements == ()


def test_the_exact_number_is_preferred_and_an_unclear_one_withdraws_all_and_is_said(territory):
    put(territory, *(OPEN | {"parole": n, "texte": f"Parole {n}."} for n in ("1", "01", "7", "007")))
    write(territory, "paroles/retraits.csv", "parole\n1\n07\n")
    assert texts(territory) == ["Parole 01."]
    (said,) = clean_voices(territory).avertissements
    assert (said.ligne, "plusieurs" in said.trouve) == (3, True)


@pytest.mark.parametrize("named", ["V.csv", "paroles/v.csv", " v.csv ", "paroles\\v.csv"])
def test_the_file_of_a_withdrawal_is_named_leniently(territory, named):
    for name in ("v.csv", "autre.csv"):
        put(territory, OPEN | {"parole": "1", "texte": name}, name=name)
    write(territory, "paroles/retraits.csv", f"parole;fichier\n1;{named}\n")
    assert texts(territory) == ["autre.csv"]


@pytest.mark.parametrize("line", ["99;;", ";inconnu;", "1;;absent.csv", ";;v.csv", "1;inconnu;"])
@pytest.mark.parametrize("audience", ["public", "groupe", "equipe"])
def test_a_withdrawal_that_matches_no_voice_is_said_at_every_audience_with_its_line(territory, line, audience):
    put(territory, OPEN | {"parole": "1", "locuteur": "p", "texte": "Une."}, name="v.csv")
    write(territory, "paroles/retraits.csv", f"parole;locuteur;fichier\n;p;v.csv\n{line}\n")
    cleaned = clean_voices(territory, audience)
    (said,) = cleaned.avertissements
    assert (said.fichier, said.ligne) == ("paroles/retraits.csv", 3)
    (anomaly,) = cleaned.anomalies.itertuples()
    assert (anomaly.ligne, anomaly.brut, "aucune parole" in anomaly.probleme) == (3, "", True)
    assert "paroles/retraits.csv, ligne 3\u00a0: ce retrait ne désigne aucune parole" in told(territory, audience)


def test_a_withdrawal_of_a_voice_above_the_audience_says_nothing_of_it(territory):
    put(territory, {"parole": "1", "texte": "Secret.", "audience": "equipe"}, OPEN | {"texte": "Ouverte."})
    write(territory, "paroles/retraits.csv", "parole\n1\n")
    assert clean_voices(territory, "public").avertissements == ()


@pytest.mark.slow
def test_build_refuses_or_warns_as_check_does(tmp_path):
    folder = territoire(tmp_path) / "paroles"
    carnet(tmp_path / "nb" / "qpv.ipynb", PHRASE)
    folder.mkdir()
    (folder / "voix.csv").write_text("parole;texte;date;audience\n1;Une.;2022-03-10;public\n", encoding="utf-8")
    (folder / "retraits.csv").write_text("identifiant\n1\n", encoding="utf-8")
    for command in (["check"], ["build", "--edition", "essai"]):
        done = cva(*command, cwd=tmp_path, notebooks=tmp_path / "nb")
        assert (done.returncode, "ni colonne" in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    (folder / "retraits.csv").write_text("parole\n2\n", encoding="utf-8")
    done = cva("build", "--edition", "essai", cwd=tmp_path, notebooks=tmp_path / "nb")
    assert done.returncode == 0, done.stderr
    assert "retraits.csv`, ligne 2 : ce retrait ne désigne aucune parole" in done.stderr
    assert (
        "ligne 2\u00a0: ce retrait ne désigne aucune parole"
        in cva("check", cwd=tmp_path, notebooks=tmp_path / "nb").stdout
    )


# ----------------------------------------------------------------------------------------------------- the other companions


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("fichier;colonne;champ;valeur\nv.csv;Âge;agge;\n", "n'est pas un champ connu"),
        ("fichier;colonne;champ;valeur\nabsent.csv;;retrait;oui\n", "n'est pas dans paroles/"),
        ("fichier;question;champ;valeur\nv.csv;Âge;age;\n", "des colonnes ne sont pas comprises"),
        ("%PDF-1.4", "colonnes"),
    ],
)
def test_declarations_of_columns_that_are_not_understood_stop_everything(territory, content, what):
    put(territory, OPEN | {"texte": "Une parole."}, name="v.csv")
    write(territory, "paroles/colonnes.csv", content)
    with pytest.raises(DeclarationError, match=what):
        clean_voices(territory)


def test_a_declared_column_that_the_file_has_not_leaves_the_file_out_and_says_so(territory):
    put(territory, OPEN | {"texte": "Une parole."}, name="v.csv")
    put(territory, OPEN | {"texte": "Une autre."}, name="w.csv")
    write(territory, "paroles/colonnes.csv", "fichier;colonne;champ;valeur\nv.csv;Âge du témoin;age;\n")
    cleaned = clean_voices(territory, "equipe")
    assert cleaned.paroles["texte"].tolist() == ["Une autre."]
    assert "Âge du témoin" in cleaned.illisibles[0].trouve


@pytest.mark.parametrize(
    "header",
    ["Date du retrait", "A-t-elle retiré sa parole ?", "Quel est votre âge ?", "Est-elle mineure ou majeure", "Année de naissance",
     "Donnée sensible ou non", "Art. 9", "Niveau de confidentialité", "Diffusion souhaitée"],
)  # fmt: skip
def test_a_column_that_may_protect_someone_and_is_not_understood_keeps_its_voices_for_the_team(territory, header):
    write(territory, "paroles/v.csv", f"texte;audience;date;{header}\nUne parole.;public;2022-03-10;12\n")
    assert clean_voices(territory, "public").paroles.empty
    assert len(clean_voices(territory, "equipe").paroles) == 1
    assert "1 parole lue\u00a0; 0 publiable\u00a0: 1 sans audience publique." in clean_voices(territory).complement
    write(territory, "paroles/colonnes.csv", f"fichier;colonne;champ;valeur\nv.csv;{header};aucun;\n")
    assert len(clean_voices(territory, "public").paroles) == 1


@pytest.mark.parametrize(
    ("age", "known"), [("seize ans", 0), ("lycéenne", 0), ("NC", 0), ("adulte", 1), ("retraitée", 1)]
)
def test_an_age_in_words_that_does_not_say_a_grown_up_is_a_minors(territory, age, known):
    put(territory, OPEN | {"texte": "Une parole.", "age": age})
    assert len(clean_voices(territory).paroles) == known


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("empreinte;decision;texte_retenu;date\n{};publier;;bientôt\n", "non_relu"),
        ("empreinte;decision\n{0};publier\n{0};retenir\n", "réservé"),
        ("empreinte;decision\n{0};retenir\n{0};publier\n", "réservé"),
        ("empreinte;decision\n{};surtout pas\n", "réservé"),
        ("empreinte;decision;commentaire;Texte retenu\n{};Publier.;vu;\n", "publié"),
    ],
)
def test_a_decision_of_reading_that_is_not_plainly_yes_is_a_no(territory, content, expected):
    put(territory, OPEN | {"texte": "Une parole."})
    write(territory, "paroles/relectures.csv", content.format(fingerprint("Une parole.")))
    assert clean_voices(territory).paroles["texte_statut"].tolist() == [expected]


@pytest.mark.parametrize("head", ["empreinte;avis", "code;decision", "empreinte;decision;texte corrigé"])
def test_decisions_whose_columns_are_not_understood_stop_everything(territory, head):
    write(territory, "paroles/relectures.csv", f"{head}\n0123456789abcdef;publier;Autre\n")
    with pytest.raises(DeclarationError, match="sans colonne"):
        read_reviews(territory.dossier)


# ------------------------------------------------------------------------------------------------------------- answers

NAME = "Zébulon Exemple"  # invented


def test_a_column_of_answers_in_a_file_of_voices_is_no_answer_unless_declared_and_then_it_is_read_by_a_human(territory):
    columns = ("texte", "audience", "citation_anonyme", "web", "date", "constat", "reponse")
    row = OPEN | {"texte": "Une parole.", "constat": "QP044006-revenus-03", "reponse": f"Dit à {NAME} hier."}
    put(territory, row, name="v.csv", columns=(*columns, "nature"))
    assert "Zébulon" not in everything(clean_voices(territory))
    assert "reponse" in set(clean_voices(territory, "equipe").anomalies["colonne"])
    write(territory, "paroles/colonnes.csv", "fichier;colonne;champ;valeur\nv.csv;reponse;reponse;\n")
    assert "Zébulon" not in everything(clean_voices(territory))
    (waiting,) = [t for t in readable_texts(territory) if "Zébulon" in t]
    write(
        territory, "paroles/relectures.csv", f"empreinte;decision;texte_retenu\n{_print(waiting)};publier;Dit hier.\n"
    )
    assert clean_voices(territory).contributions["reponse"].tolist() == ["Dit hier."]


@pytest.mark.parametrize("agreed", ["oui", "non"])
def test_the_teams_answer_is_public_once_read_and_where_the_person_agreed_to_be_quoted(territory, agreed):
    row = OPEN | {"parole": "1", "texte": "Une parole.", "constat": "QP044006-revenus-03", "citation_anonyme": agreed}
    put(territory, row)
    write(territory, "paroles/reponses.csv", f"parole;statut;reponse\n1;répondue;Vu avec {NAME}.\n")
    assert clean_voices(territory).contributions[["statut", "reponse"]].values.tolist() == [["répondue", ""]]
    write(
        territory,
        "paroles/relectures.csv",
        f"empreinte;decision;texte_retenu\n{_print(f'Vu avec {NAME}.')};publier;Vu.\n",
    )
    assert clean_voices(territory).contributions["reponse"].tolist() == ["Vu." if agreed == "oui" else ""]


def test_answers_whose_audience_or_date_is_not_understood_are_not_public_and_said(territory):
    put(territory, *(OPEN | {"parole": n, "texte": f"P{n}.", "engagement": "E01"} for n in "12"))
    write(territory, "paroles/relectures.csv", f"empreinte;decision\n{_print('Oui.')};publier\n")
    write(
        territory,
        "paroles/reponses.csv",
        "parole;statut;reponse;visible par\n1;répondue;Oui.;equipe\n9;répondue;Oui.;\n",
    )
    cleaned = clean_voices(territory)
    assert set(cleaned.contributions["reponse"]) == {""}
    assert {(a.ligne, a.probleme) for a in cleaned.anomalies.itertuples()} == {
        (1, "colonne non lue"),
        (3, "une réponse à aucune parole"),
    }
    write(territory, "paroles/reponses.csv", "parole;statut;reponse;date\n1;répondue;Oui.;quand on veut\n")
    cleaned = clean_voices(territory)
    assert set(cleaned.contributions["reponse"]) == {""}
    assert cleaned.anomalies["probleme"].tolist() == ["une réponse dont la date n'est pas comprise"]


def test_accounts_of_immersion_and_names_of_codes_wait_for_a_reader_too(territory):
    write(territory, "paroles/immersions.csv", f"theme;date;audience;vu\nscolarite;2022-03-29;public;Vu {NAME}.\n")
    qdc = f'<CodeBook><Codes><Code guid="1" name="L\'affaire {NAME}"/></Codes></CodeBook>'
    write(territory, "paroles/codes.qdc", qdc)
    put(territory, OPEN | {"texte": "Une parole.", "codes": f"L'affaire {NAME}"})
    assert "Zébulon" not in everything(clean_voices(territory))
    assert sum("Zébulon" in text for text in readable_texts(territory)) == 2


def test_a_citation_that_is_a_name_is_dropped(territory):
    put(
        territory,
        OPEN
        | {"texte": "Une parole.", "constat": "Zebulon-Exemple-44|QP044006-revenus-03", "engagement": "Zebulon44|E01"},
    )
    assert set(clean_voices(territory).contributions["cite"]) == {"QP044006-revenus-03", "E01"}


def test_the_first_voice_of_a_file_without_a_header_is_shown_to_nobody_as_one(territory):
    write(territory, "paroles/v.csv", f"{NAME} a dit que rien ne va;QP044006\nEncore;QP044006\n")
    assert "Zébulon" not in clean_voices(territory).anomalies.to_csv()


# --------------------------------------------------------------------------------------------------------- said by check


def test_check_says_how_many_voices_may_be_shown_and_why_the_others_may_not(territory):
    put(
        territory,
        OPEN | {"texte": "Relue."},
        OPEN | {"texte": "À relire."},
        OPEN | {"texte": "Sans accord.", "web": "non"},
        {"texte": "Réservée.", "audience": "equipe"},
        OPEN | {"texte": "Retirée.", "retrait": "oui"},
        name="v.csv",
    )
    write(territory, "paroles/relectures.csv", f"empreinte;decision\n{fingerprint('Relue.')};publier\n")
    said = "5 paroles lues\u00a0; 1 publiable\u00a0: 1 retirée, ou jamais envoyée, 1 sans audience publique, 1 sans accord, 1 à relire"
    assert f"paroles/v.csv\u00a0: {said}" in told(territory)
    assert "publiable" not in everything(clean_voices(territory))  # the account is the team's


def test_a_codebook_that_names_no_code_is_said(territory):
    book = '<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes><Code guid="1" name=" "/></Codes></CodeBook>'
    (territory.dossier / "paroles" / "codes.qdc").write_text(book)
    assert "ce livre de codes ne nomme aucun code" in str(clean_voices(territory, "public").illisibles)


def test_check_says_that_no_passage_was_read_where_no_source_is_readable(territory):
    import zipfile

    with zipfile.ZipFile(territory.dossier / "paroles" / "e.qdpx", "w") as archive:
        archive.writestr("project.qde", "<Project><CodeBook/></Project>")
    assert "paroles/e.qdpx\u00a0: 0 passage lu\u00a0: aucun passage codé" in told(territory)
    problems = clean_voices(territory, "equipe").anomalies["probleme"]
    assert problems.str.startswith("0 passage lu").any()


def _print(text):
    from cvanalysis.personnes.masking import mask

    return fingerprint(mask(text).texte)
