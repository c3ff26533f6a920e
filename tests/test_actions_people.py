"""What a project manager drops without having read a line of ours: models filled in a spreadsheet, exports of the tools in use."""

import pytest
import xlsxwriter

from cvanalysis.actions.clean.formats import read_formats
from cvanalysis.actions.clean.propose import propose_all
from cvanalysis.errors import DeclarationError
from cvanalysis.tables.models import MODELES
from test_actions_dirty import book, money, pasted
from test_actions_territory import clean, write_contract


def filled_model(*rows: tuple[object, ...], title: str = "", merge: str = "") -> bytes:
    """Our model of actions, with a title above it and cells merged as people do."""

    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet, head = workbook.add_worksheet("actions"), workbook.add_format({"bg_color": "#CCDDEE"})
        top = 1 if title else 0
        if title:
            sheet.merge_range(0, 0, 0, 14, title)
        sheet.write_row(top, 0, [column["titre"] for column in MODELES["actions"]["colonnes"]], head)
        for i, row in enumerate(rows, start=top + 1):
            sheet.write_row(i, 0, row)
        if merge:
            sheet.merge_range(merge, rows[0][2])

    return book(fill)


LIRE = ("A1", "2019", "Lire", "Chorale", "", "", "", "Le Haut", "Ville", "", 5000, 3000, "", "accordée", "")


def told(cleaned, words: str) -> bool:
    return bool((cleaned.anomalies["probleme"] + cleaned.anomalies["traitement"]).str.contains(words).any())


def test_cells_merged_over_two_rows_are_the_cells_of_both(tmp_path):
    state = ("A1", "2019", "", "Chorale", "", "", "", "Le Haut", "État", "", 2000, 1500, "", "accordée", "")
    model = filled_model(LIRE, state, title="Suivi 2019", merge="C3:C4")
    cleaned = clean(tmp_path, fichiers={"actions/suivi.xlsx": model}, contrat="")
    assert cleaned.actions["titre"].tolist() == ["Lire", "Lire"]
    assert money(cleaned) == {"lu": 4500, "retenu": 4500}


def test_the_words_that_our_model_offers_are_those_that_its_format_knows_as_its_own():
    (status,) = (column for column in MODELES["actions"]["colonnes"] if column["nom"] == "statut")
    assert tuple(status["choix"]) == read_formats("QP2015")[0].modele


def test_an_amount_merged_over_two_rows_is_counted_once(tmp_path):
    def fill(workbook):
        sheet = workbook.add_worksheet("S")
        sheet.write_row(0, 0, ["Action", "Porteur", "Année", "Montant accordé"])
        for i, title in enumerate(("Lire", "Chanter", "Courir"), start=1):
            sheet.write_row(i, 0, [title, "Chorale", 2019, *([900] if i == 3 else [])])
        sheet.merge_range("D2:D3", 900)

    _, cleaned = pasted(tmp_path, "suivi.xlsx", book(fill))
    assert money(cleaned)["retenu"] == 1800


def test_money_that_no_action_and_no_carrier_bears_is_told_with_its_line(tmp_path):
    nobody = ("A2", "2019", "", "", "", "", "", "Le Haut", "État", "", 2000, 1500, "", "accordée", "")
    cleaned = clean(tmp_path, fichiers={"actions/suivi.xlsx": filled_model(LIRE, nobody)}, contrat="")
    (line,) = cleaned.anomalies[cleaned.anomalies["probleme"].str.contains("sans action ni porteur")].itertuples()
    assert (line.ligne, "écrivez" in line.traitement) == (3, True)


def test_the_colours_and_the_words_of_our_own_model_are_no_remark(tmp_path):
    done = (*LIRE[:13], "réalisée", "")
    cleaned = clean(tmp_path, fichiers={"actions/suivi.xlsx": filled_model(LIRE, done, title="Suivi")}, contrat="")
    assert not told(cleaned, "couleurs de fond")
    assert not told(cleaned, "écrit autrement")


SECTIONS = (
    "Bénéficiaire;Action;Quartier;{};Observations",
    "Axe 1 - Éducation;;;;",
    "Chorale;Lire;Le Haut;6000;reconduction",
    "Fanfare;Jouer;Le Haut;2500;",
    "Sous-total axe 1;;;8500;",
    "Axe 2 - Emploi;;;;",
    "Club;Travailler;Le Haut;9000;nouveau",
    "Sous-total axe 2;;;9000;",
    "TOTAL GÉNÉRAL;;;17500;",
    "Enveloppe disponible;;;20000;",
    "Reste à programmer;;;2500;",
)


def test_a_sub_total_of_one_line_is_a_sub_total(tmp_path):
    log = "\n".join(SECTIONS).format("Subvention accordée")
    _, cleaned = pasted(tmp_path, "prog 2019.csv", log)
    told_apart = {"retenu": 17500, "total du fichier": 35000, "enveloppe ou reste à programmer": 22500}
    assert money(cleaned) == {"lu": 75000, **told_apart}
    assert cleaned.controles["ecart"].abs().max() == 0


def test_without_a_column_of_money_sub_totals_and_envelopes_are_no_actions_either(tmp_path):
    log = "\n".join(SECTIONS).format("Subvention proposée")
    _, cleaned = pasted(tmp_path, "prog 2019.csv", log)
    assert sorted(cleaned.actions["titre"]) == ["Jouer", "Lire", "Travailler"]


def test_the_only_money_of_a_table_is_offered_although_its_title_says_no_decision(tmp_path):
    log = "\n".join(SECTIONS).format("Subvention proposée")
    territory = write_contract(tmp_path, {"actions/p 2019.csv": log}, contrat="")
    assert '# "Subvention proposée" = "accorde"' in propose_all(territory, ["actions/p 2019.csv"])


def test_the_last_line_of_a_chorus_export_is_its_total_wherever_its_word_stands(tmp_path):
    head = "N° EJ;Fournisseur;SIRET;Libellé poste EJ;Domaine fonctionnel;Centre financier;Exercice;Montant engagé;Montant payé"
    rows = (
        "1;Chorale;;Lire;0147;C;2019;900;500",
        "2;Fanfare;;Jouer;0147;C;2019;800;300",
        ";;;;;;Résultat global;1700;800",
    )
    cleaned = clean(tmp_path, fichiers={"actions/chorus.csv": "\n".join([head, *rows])}, contrat="")
    assert money(cleaned, "paye") == {"lu": 1600, "retenu": 800, "total du fichier": 800}
    assert set(cleaned.actions["titre"]) == {"Lire", "Jouer"}
    assert told(cleaned, "montants d'une colonne que ce format ne lit pas")


@pytest.mark.parametrize("total", ["Montant payé", "Total versé", "Mandaté"])
def test_an_instalment_beside_what_was_paid_in_all_is_a_part_of_it(tmp_path, total):
    log = f"Gestionnaire;Projet;Accordé;Acompte;{total}\nA;Lire;10000;7000;10000\nB;Jouer;4000;2800;2800\nC;Courir;6000;4200;6000\n"
    _, cleaned = pasted(tmp_path, "caf 2019.csv", log)
    assert cleaned.actions["paye"].sum() == 18800
    assert cleaned.actions["accorde"].sum() == 20000


def test_a_planned_instalment_and_balance_are_no_payments_beside_what_was_paid(tmp_path):
    log = (
        "Gestionnaire;Projet;Accordé;Acompte;Solde;Mandaté\nA;Lire;10000;7000;3000;7000\nB;Jouer;4000;2800;1200;4000\n"
    )
    _, cleaned = pasted(tmp_path, "ville 2019.csv", log + "C;Courir;6000;4200;1800;\n")
    assert (cleaned.actions["accorde"].sum(), cleaned.actions["paye"].sum()) == (20000, 11000)


def test_the_same_amounts_under_two_titles_are_counted_once_and_two_funders_alike_are_two(tmp_path):
    lines = "".join(f"A{i};Lire {i};{500 + i};{500 + i}\n" for i in range(6))
    once = pasted(tmp_path / "a", "mandats 2019.csv", "Tiers;Objet;Montant budgétaire;Montant TTC\n" + lines)[1]
    assert once.actions["paye"].sum() == 3015
    two = pasted(tmp_path / "b", "suivi 2019.csv", "Tiers;Objet;Part Ville;Part Métropole\n" + lines)[1]
    assert two.actions["accorde"].sum() == 6030


def test_instalments_without_what_was_paid_in_all_add_up(tmp_path):
    log = "Gestionnaire;Projet;Accordé;Acompte;Solde\nA;Lire;10000;3000;7000\nB;Jouer;4000;1200;\nC;Courir;6000;1800;4200\n"
    _, cleaned = pasted(tmp_path, "caf 2019.csv", log)
    assert cleaned.actions["paye"].sum() == 17200


THOUSANDS = "Association;Action;Année;Subvention\nA;Lire;2019;12,000\nB;Jouer;2019;4,500\nC;Courir;2019;800\n"


def test_a_proposal_asks_what_parts_the_thousands_where_an_amount_may_be_read_in_two_ways(tmp_path):
    proposal, cleaned = pasted(tmp_path / "a", "t.csv", THOUSANDS)
    assert '# milliers = ","' in proposal
    assert money(cleaned)["retenu"] == 800
    said = proposal.replace("# milliers", "milliers")
    cleaned = clean(tmp_path / "b", fichiers={"actions/t.csv": THOUSANDS}, contrat=said)
    assert money(cleaned)["retenu"] == 17300


def test_in_a_known_format_the_question_of_thousands_comes_with_the_block_to_paste(tmp_path):
    model = filled_model((*LIRE[:11], "12,000", *LIRE[12:]))
    cleaned = clean(tmp_path / "a", fichiers={"actions/m.xlsx": model}, contrat="")
    assert told(cleaned, r'\[\[actions\]\] fichier = "actions/m.xlsx", reconnu = true, milliers = ","')
    block = '[[actions]]\nfichier = "actions/m.xlsx"\nreconnu = true\nmilliers = ","\n'
    assert money(clean(tmp_path / "b", fichiers={"actions/m.xlsx": model}, contrat=block))["retenu"] == 12000


@pytest.mark.parametrize("top", ["", "Programmation 2019 (montants en milliers d'euros)\n"])
def test_amounts_of_a_column_in_thousands_of_euros_are_multiplied_and_it_is_said(tmp_path, top):
    title = "Accordé" if top else "Accordé (k€)"
    log = f"{top}Action;Porteur;Année;{title}\nLire;A;2019;12\nJouer;B;2019;3,5\nNager;C;2019;0,8\n"
    _, cleaned = pasted(tmp_path, "k.csv", log)
    assert money(cleaned)["retenu"] == 16300
    assert told(cleaned, "milliers d'euros")


def test_the_grant_of_the_year_before_beside_what_is_asked_for_this_year_is_recalled_and_not_counted(tmp_path):
    log = (
        "Association;Projet;Subvention 2018;Demande 2019;Proposition DSU;Vote CM 2019\n"
        "A;Lire;900;1500;1000;1000\nB;Jouer;;2500;2000;2000\nC;Courir;300;700;0;0\nTotal;;1200;4700;3000;3000\n"
    )
    _, cleaned = pasted(tmp_path, "vote.csv", log)
    assert money(cleaned) == {"lu": 6000, "retenu": 3000, "total du fichier": 3000}
    assert set(cleaned.actions["annee"]) == {2019}


def test_the_number_of_an_association_in_its_register_is_no_reference_of_a_request(tmp_path):
    head = "Nom association;N° RNA;Téléphone;Intitulé action;Montant attribué 2019"
    log = f"{head}\nA;W123456789;0240000000;Lire;3000\nA;W123456789;0240000000;Jouer;1500\n"
    proposal, cleaned = pasted(tmp_path, "fdva.csv", log)
    assert "reference" not in proposal
    assert money(cleaned)["retenu"] == 4500


def test_an_engagement_names_its_actions_by_the_number_that_the_log_gives_them(tmp_path):
    declared = {
        "engagements.csv": "code;libelle;pilier;actions\nE1;Faire lire;social;A1|A9\n",
        "actions/m.xlsx": filled_model(LIRE),
    }
    cleaned = clean(tmp_path, fichiers=declared, contrat="")
    assert cleaned.actions["engagements"].tolist() == ["E1"]
    (line,) = cleaned.anomalies[cleaned.anomalies["colonne"] == "actions"].itertuples()
    assert (line.brut, "E1" in line.probleme, line.traitement) == ("A9", True, "lien laissé de côté")


def test_where_nothing_is_declared_yet_the_columns_of_the_file_to_write_are_said(tmp_path):
    files = {
        "engagements.csv": "code;libelle;pilier;pilote\nE1;Lire;social;Mairie\n",
        "partenaires.csv": "id;nom;college\n",
    }
    with pytest.raises(DeclarationError, match=r"ses colonnes.*id;nom;college"):
        clean(tmp_path, fichiers=files, contrat="")


def test_dashes_and_blanks_written_out_do_not_hide_that_a_column_is_of_amounts(tmp_path):
    log = "Bénéficiaire;Objet;Année;Montant\nA;Lire;2019;1 000,50 €\nB;Jouer;2019;-\nC;Nager;2019;néant\n"
    _, cleaned = pasted(tmp_path, "t.csv", log)
    assert money(cleaned)["retenu"] == 1000.5


def test_a_column_of_one_s_own_in_the_model_of_engagements_is_told_and_stops_nothing(tmp_path):
    def fill(workbook):
        sheet = workbook.add_worksheet("engagements")
        sheet.write_row(0, 0, [column["titre"] for column in MODELES["engagements"]["colonnes"]] + ["À voir avec"])
        sheet.write_row(1, 0, ["E1", "Faire lire", "social", *[""] * 12, "Service culture"])

    cleaned = clean(tmp_path, fichiers={"engagements.xlsx": book(fill)}, contrat="")
    assert cleaned.engagements["code"].tolist() == ["E1"]
    (line,) = cleaned.anomalies[cleaned.anomalies["fichier"] == "engagements.xlsx"].itertuples()
    assert (line.colonne, line.probleme) == ("À voir avec", "colonne à vous")


def test_a_word_of_a_name_suggests_the_only_quarter_that_has_it(tmp_path):
    row = "Lire;Chorale;;Quais;2019;;;;300;;;"
    assert told(clean(tmp_path, row), "le plus proche.*Rives, Quais et Ponts")


def test_a_line_of_data_as_full_as_its_titles_is_never_taken_for_a_second_line_of_titles(tmp_path):
    log = "Réf;Année;Action;Porteur;Accordé;Statut\nA1;2021;Lire;Livres;4 000 €;validée\nA2;2021;Courir;Course;environ 3000;validée\n"
    proposal = propose_all(write_contract(tmp_path, {"actions/l.csv": log}, contrat=""), ["actions/l.csv"])
    assert "entete = 1\n" in proposal


def test_our_model_with_a_column_renamed_and_another_removed_is_still_ours(tmp_path):
    log = "Référence;Année;Action;Porteur;Financeur;Type de crédit;Demandé (€);Montant accordé;Statut;Bénéficiaires\n"
    log += "A1;2021;Lire;Livres;Ville;droit commun;5000;4 000 €;accordée;30\n"
    cleaned = clean(tmp_path, fichiers={"actions/l.csv": log}, contrat="")
    assert (cleaned.fichiers[0].famille, cleaned.actions["accorde"].tolist()) == ("modèle de cvanalysis", [4000])
