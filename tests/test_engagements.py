"""Engagements: fill rate first, facts apart from judgements, gaps, disagreements; and honest pages where there is nothing."""

import io

import openpyxl
import pytest

from cvanalysis.display.blocs import show_all
from cvanalysis.display.phrases import write
from cvanalysis.engagements.progress import progress_rows
from cvanalysis.errors import DeclarationError, UsageError
from cvanalysis.pages.engagements import Engagements
from cvanalysis.pages.quartier import QuarterActions
from cvanalysis.territory.contract import read_territory
from test_actions_territory import Tables, clean

ENTETE = (
    "code;libelle;pilier;theme;nature;pilote;partenaires;partenaires_vus;quartiers;avancement;preuve;date_preuve;obstacle;actions;indicateurs;"
    "appreciation_etat;appreciation_assos;appreciation_villes"
)
TABLE = f"""{ENTETE}
E1;Ouvrir une salle;social;lecture;nouveau;prefecture;livres|course;livres;QP099001;réalisé;B;15/03/2022;;Lire;;satisfaisant;insatisfaisant;
E2;Courir plus;social;sport;renforcé;livres;;;;en cours;Note;2020-01-01;;;;mitigé;mitigé;
E3;Embaucher;emploi;;;prefecture;course;;;partiel;;;Pas de locaux;;;;;
E4;Rêver;emploi;;;;;;;;;;;;;;;"""
ROWS = (
    "Lire;Les Livres du Palier;La lecture;Le Haut;2021;;Préfecture (essai);10;10;Favorable;;",
    "Nager;Chorale;Le sport;Le Haut;2021;;;10;10;Favorable;;E2",
)


@pytest.fixture
def chapter(tmp_path):
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE})
    return Engagements(Tables.of(cleaned), read_territory(tmp_path))


def cells(finding):
    return {line[0].texte: [c.texte or c.valeur for c in line[1:]] for line in finding.table.lignes}


def test_the_fill_rate_comes_first_and_what_is_not_filled_in_stays_in_the_total(chapter):
    assert chapter.numeros[0] == "couverture-01"
    first = chapter.constat("couverture-01")
    assert write(first.message).startswith("3 engagements renseignés sur 4, dont 2")
    assert cells(first)["Ensemble"] == [3, 2, 4]
    assert cells(chapter.constat("avancement-01"))["non renseigné"] == [1, "Rêver (E4)"]


def test_facts_and_judgements_are_read_apart(chapter):
    table = chapter.field.engagements.set_index("code")
    assert table.loc["E1", "avancement"] == "réalisé"
    assert table.loc["E1", "date_preuve"] == "2022-03-15"
    views = cells(chapter.constat("appreciation-01"))
    assert views["Villes"] == [0, 0, 0, 4]
    assert "Villes" in write(chapter.constat("appreciation-01").message)


def test_colleges_that_disagree_are_shown_and_not_averaged(chapter):
    finding = chapter.constat("appreciation-02")
    assert [line[0].texte for line in finding.table.lignes] == ["E1"]
    assert cells(finding)["E1"][1:] == ["satisfaisant", "insatisfaisant", "sans avis"]


def test_pillars_come_in_their_declared_order_whatever_that_of_the_engagements(tmp_path):
    told = []
    for n, lines in enumerate((TABLE.splitlines()[1:], TABLE.splitlines()[:0:-1])):
        (folder := tmp_path / str(n)).mkdir()
        cleaned = clean(folder, *ROWS, fichiers={"engagements.csv": "\n".join((ENTETE, *lines))})
        chapter = Engagements(Tables.of(cleaned), read_territory(folder))
        told.append([[*cells(chapter.constat(numero))] for numero in ("couverture-01", "avancement-02")])
    assert told[0] == told[1]


def test_the_pillars_where_something_is_done_are_named_and_the_others_counted(chapter):
    title = write(chapter.constat("avancement-02").message)
    assert title.startswith("Dits réalisés\u00a0: 1 sur 2 (")
    assert title.endswith("aucun dans l’autre pilier")


def test_engagements_without_a_pillar_are_a_group_that_is_named(tmp_path):
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE.replace(";emploi;", ";;")})
    chapter = Engagements(Tables.of(cleaned), read_territory(tmp_path))
    assert cells(chapter.constat("couverture-01")) == {
        "Cohésion sociale": [2, 2, 2],
        "Sans pilier": [1, 0, 2],
        "Ensemble": [3, 2, 4],
    }
    rows, declared = chapter.field.engagements.to_dict("records"), chapter.field.territory.piliers
    assert "<h3>Sans pilier" in show_all("piliers", rows, declared, False).html
    assert "E3, Sans pilier" in show_all("engagements", rows, declared, chapter.field.partner_name, False).html


def test_a_contract_that_has_no_pillar_needs_no_column_of_them(tmp_path):
    table = "code;libelle;avancement\nE1;Ouvrir une salle;réalisé\nE2;Courir;en cours\n"
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": table, "piliers.csv": "id;nom\n"})
    chapter = Engagements(Tables.of(cleaned), read_territory(tmp_path))
    assert cells(chapter.constat("couverture-01"))["Sans pilier"] == [2, 0, 2]
    asked = chapter.constat("avancement-02")
    assert write(asked.message) == "Aucun engagement n’est rangé dans un pilier"
    assert asked.manques


def test_a_proof_without_a_date_is_not_the_absence_of_a_proof(chapter):
    dates = {line[0].texte: line[5].texte for line in progress_rows(chapter.field.engagements, chapter.field).lignes}
    assert dates == {"E1": "15/03/2022", "E2": "01/01/2020", "E3": "sans objet", "E4": "sans objet"}


def test_the_gaps_are_listed(chapter):
    gaps = cells(chapter.constat("ecarts-01"))
    assert gaps["Sans action dans les journaux"] == [2, "E3 Embaucher ; E4 Rêver"]
    assert gaps["Engagé, sans preuve"][0] == 1
    assert gaps["Preuve ancienne"] == [1, "E2 Courir plus"]
    assert gaps["Non renseigné"][0] == 1


def test_actions_are_linked_by_the_log_and_by_the_table(chapter):
    links = chapter.field.lues.set_index("titre")["engagements"]
    assert (links["Lire"], links["Nager"]) == ("E1", "E2")


def test_a_quarter_shows_its_engagements_and_those_its_actions_serve(tmp_path):
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE})
    territory = read_territory(tmp_path)
    here = QuarterActions(Tables.of(cleaned), territory, "QP099001").constat("engagements-01")
    assert [line[0].texte for line in here.table.lignes] == ["E1", "E2"]
    nowhere = QuarterActions(Tables.of(cleaned), territory, "QP099003").constat("engagements-01")
    assert nowhere.figure is None
    assert "Aucun engagement" in write(nowhere.message)
    with pytest.raises(UsageError):
        QuarterActions(Tables.of(cleaned), territory, "QP099009")


def test_no_engagement_at_all_gives_findings_that_say_so(tmp_path):
    cleaned = clean(tmp_path, *ROWS)
    for finding in Engagements(Tables.of(cleaned), read_territory(tmp_path)).constats:
        assert "Aucun engagement" in write(finding.message)
        assert finding.manques


def test_every_fault_of_the_table_is_told_with_its_place(tmp_path):
    table = TABLE + "\nE1;Bis;mystère;lecture;nouveau;inconnu;;;QP099009;presque;;hier;;;;super;;\n"
    with pytest.raises(DeclarationError) as raised:
        clean(tmp_path, fichiers={"engagements.csv": table}, contrat="")
    assert "ligne 6" in str(raised.value)
    with pytest.raises(DeclarationError) as raised:
        clean(tmp_path, fichiers={"engagements.csv": table.replace("\nE1;Bis", "\nE9;Bis")}, contrat="")
    for word in (
        "mystère",
        "inconnu",
        "QP099009",
        "presque",
        "hier",
        "super",
        "Déclarés dans piliers.csv",
        "Déclarés dans partenaires.csv",
    ):
        assert word in str(raised.value)


def test_an_engagement_that_names_an_unknown_action_is_told_with_the_nearest(tmp_path):
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE.replace(";Lire;;satis", ";Lirre;;satis")})
    told = cleaned.anomalies[cleaned.anomalies["fichier"] == "engagements.csv"].iloc[0]
    assert told["brut"] == "Lirre"
    assert "Lire" in told["traitement"]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2023-2024", "31/08/2024"),
        ("vers mars 2021", "31/03/2021"),
        ("mars 2021", "31/03/2021"),
        ("fin 2020", "31/12/2020"),
    ],
)
def test_what_is_understood_of_the_date_of_an_evidence_is_said(tmp_path, written, day):
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE.replace("15/03/2022", written)})
    assert cleaned.engagements["date_preuve"][0] == "-".join(reversed(day.split("/")))
    (told,) = cleaned.anomalies[cleaned.anomalies["colonne"] == "date_preuve"].itertuples()
    assert (told.fichier, told.ligne, told.brut) == ("engagements.csv", 2, written)
    assert (told.probleme, told.traitement) == ("écrit autrement", f"compris\u00a0: «\u00a0{day}\u00a0»")


def test_a_plain_day_of_an_evidence_makes_no_remark_and_what_is_no_date_is_refused(tmp_path):
    cleaned = clean(tmp_path / "a", *ROWS, fichiers={"engagements.csv": TABLE})
    assert "date_preuve" not in set(cleaned.anomalies["colonne"])
    with pytest.raises(DeclarationError, match=r"en cours.*n'est pas une date"):
        clean(tmp_path / "b", *ROWS, fichiers={"engagements.csv": TABLE.replace("15/03/2022", "en cours")})


def test_a_state_of_advance_that_covers_two_is_said_to_be_one(tmp_path):
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE.replace("réalisé", "abandonné ou réorienté")})
    (told,) = cleaned.anomalies[cleaned.anomalies["colonne"] == "avancement"].itertuples()
    assert (told.brut, told.traitement) == ("abandonné ou réorienté", "compris\u00a0: «\u00a0abandonné\u00a0»")


def test_a_partner_names_its_college_its_themes_and_its_quarters_as_people_do(tmp_path):
    from test_actions_territory import FICHIERS

    partners = FICHIERS["partenaires.csv"] + "neuf;Neuf;Villes;;;La lecture, Le sport;Le Haut;;;\n"
    table = clean(tmp_path, fichiers={"partenaires.csv": partners}, contrat="").partenaires.set_index("id")
    assert table.loc["neuf", ["college", "themes", "quartiers"]].tolist() == ["villes", "lecture|sport", "QP099001"]


@pytest.mark.parametrize(
    ("written", "state"), [("Fait", "réalisé"), ("pas commencé", "non engagé"), ("?", "non renseigné")]
)
def test_a_state_of_advance_in_the_words_of_everyone_is_understood_and_said(tmp_path, written, state):
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE.replace("réalisé", written)})
    assert cleaned.engagements["avancement"][0] == state
    (told,) = cleaned.anomalies[cleaned.anomalies["colonne"] == "avancement"].itertuples()
    assert (told.brut, told.traitement) == (written, f"compris\u00a0: «\u00a0{state}\u00a0»")


def test_a_judgement_in_the_words_of_everyone_is_understood_and_said(tmp_path):
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE.replace(";satisfaisant;", ";bien;")})
    assert cleaned.engagements["appreciation_etat"][0] == "satisfaisant"
    assert "compris" in cleaned.anomalies.query("colonne == 'appreciation_etat'")["traitement"].item()


def test_a_total_and_a_note_under_the_engagements_of_a_workbook_are_told_and_stop_nothing(tmp_path):
    book = openpyxl.Workbook()
    for row in (["Code", "Libellé", "Pilier", "Avancement"], ["E1", "Ouvrir", "social", "fait"]):
        book.active.append(row)
    for row in ([None, "Total", None, "1"], [], ["À compléter avant le comité", None, None, None]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    cleaned = clean(tmp_path, fichiers={"engagements.xlsx": out.getvalue()}, contrat="")
    assert cleaned.engagements["code"].tolist() == ["E1"]
    left = cleaned.anomalies[cleaned.anomalies["probleme"].str.startswith("total, ou ligne")]
    assert left[["ligne", "brut"]].to_numpy().tolist() == [[3, "Total"], [5, "À compléter avant le comité"]]
