"""Logs as town halls, départements and the State's tools send them: the money read is the money sent, and nothing else is proposed."""

import io
import tomllib

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from cvanalysis.actions.clean.lines import unbalanced
from cvanalysis.actions.clean.propose import propose_all
from cvanalysis.tables.process import clean_actions
from test_actions_territory import clean, write_contract

SCDL = "nomAttribuant;dateConvention;referenceDecision;nomBeneficiaire;objet;montant;nature;datesPeriodeVersement"


def pasted(folder, name, data):
    """What check proposes for a file, and the tables once it is pasted."""
    fichier = f"actions/{name}"
    proposal = propose_all(write_contract(folder, {fichier: data}, contrat=""), [fichier])
    return proposal, clean_actions(write_contract(folder, {fichier: data}, contrat=proposal))


def known(folder, name, data, contrat=""):
    return clean(folder, fichiers={f"actions/{name}": data}, contrat=contrat)


def money(cleaned, champ="accorde"):
    """Euros by reason, for one field."""
    assert unbalanced(cleaned.argent).empty
    mine = cleaned.argent[cleaned.argent["champ"] == champ]
    return mine.groupby("motif")["montant"].sum().to_dict()


def fields(proposal):
    """Header → field of the only block proposed."""
    (block,) = tomllib.loads(proposal)["actions"]
    return block["colonnes"] | {one["colonne"]: one["champ"] for one in block.get("financements", ())}


def workbook(sheets, hidden=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rows_of(line, count=6):
    return "".join(line(i, "ABCDEFGHIJKLMNOP"[i]) + "\n" for i in range(count))


def test_a_postcode_is_no_money_and_mandate_is_a_payment(tmp_path):
    log = "Année;Raison sociale;Code postal;Commune;Mandaté\n" + rows_of(
        lambda i, n: f"2019;Asso {n};44{i:03d};Essai;{1000 + 37 * i}", 14
    )
    proposal, cleaned = pasted(tmp_path, "mairie.csv", log)
    assert fields(proposal) == {"Année": "annee", "Raison sociale": "porteur", "Mandaté": "paye"}
    assert money(cleaned, "paye")["retenu"] == sum(1000 + 37 * i for i in range(14))


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("Code postal", "44{:03d}"), ("CP", "44{:03d}"), ("Téléphone", "02400000{:02d}"), ("N° de compte", "65748{:02d}"), ("Nb adhérents", "1{:02d}"),  # noqa: E501
        ("Taux", "5{:01d} %"), ("Part", "5{:01d} %"), ("Commune", "44{:03d}"), ("Identifiant", "20190{:03d}"), ("Garantie d'emprunt", "50{:03d}"),  # noqa: E501
        ("Subvention en nature", "1{:03d}"), ("Proposé", "1{:03d}"), ("Reste à verser", "1{:03d}"), ("Case", "12{:03d}"), ("Année de la subvention", "20{:02d}"),  # noqa: E501
        ("Fournisseur payé (DP)", "1{:05d}"), ("Montant subventionnable", "9{:03d}"), ("Montant éligible HT", "9{:03d}"), ("Total recettes", "8{:03d}"),  # noqa: E501
        ("Montant du projet", "9{:03d}"), ("Montant des travaux", "9{:03d}"), ("Total budget", "9{:03d}"), ("Montant plafond", "9{:03d}"), ("Total bilan", "9{:03d}"),  # noqa: E501
        ("Montant aides indirectes", "2{:03d}"), ("Montant agents mis à disposition", "2{:03d}"), ("Habitants ville", "5{:03d}"), ("Montant moyen", "5{:03d}"),  # noqa: E501
    ],
)  # fmt: skip
def test_a_number_that_is_no_money_is_never_proposed_as_money(tmp_path, title, cell):
    log = f"Association;Projet;{title};Montant voté\n" + rows_of(
        lambda i, n: f"Asso {n};Projet {n};{cell.format(11 + i)};{1000 + i}", 8
    )
    proposal, cleaned = pasted(tmp_path, "liste_2019.csv", log)
    assert [name for name, champ in fields(proposal).items() if champ in ("demande", "accorde", "paye")] == [
        "Montant voté"
    ]
    assert money(cleaned) == {"lu": 8028, "retenu": 8028}


@pytest.mark.parametrize(
    ("title", "champ"),
    [
        ("Mandaté", "paye"),
        ("Payé", "paye"),
        ("Voté", "accorde"),
        ("Attribué", "accorde"),
        ("Sollicité", "demande"),
        ("Engagé", "accorde"),
        ("Validé", "accorde"),
        ("Ordonnancé", "paye"),
    ],
)
def test_usual_words_of_money_are_known(tmp_path, title, champ):
    log = f"Bénéficiaire;{title};Exercice\n" + rows_of(lambda i, n: f"Asso {n};{1000 + i};2019")
    assert fields(pasted(tmp_path, "l.csv", log)[0])[title] == champ


@pytest.mark.parametrize("title", ["Fournisseur", "Demandeur", "Bénéficiaire", "Tiers"])
def test_whoever_is_paid_is_a_carrier(tmp_path, title):
    log = f"{title};Montant payé;Exercice\n" + rows_of(lambda i, n: f"Asso {n};{1000 + i};2019")
    assert fields(pasted(tmp_path, "l.csv", log)[0])[title] == "porteur"


def test_a_known_format_keeps_the_status_the_quarter_and_the_theme_that_it_has_besides(tmp_path):
    log = (
        f"{SCDL};statut;quartier;thematique\n"
        "Essai;2019-02-01;D1;Chorale;Chanter;1000;aide en numéraire;2019-03-01;Accordé;QP099001;La lecture\n"
        "Essai;2019-02-01;D2;Fanfare;Jouer;500;aide en numéraire;2019-03-01;Refusé;QP099002;Le sport\n"
    )
    actions = known(tmp_path, "scdl.csv", log).actions
    assert list(actions[["statut", "qpv", "theme"]].itertuples(index=False, name=None)) == [
        ("accordé", "QP099001", "lecture"),
        ("refusé", "QP099002", "sport"),
    ]


def test_a_column_of_a_known_format_whose_words_nobody_declared_tells_what_to_paste_and_that_works(tmp_path):
    log = f"{SCDL};quartier\nEssai;2019-02-01;D1;Chorale;Chanter;1000;numéraire;2019-03-01;Le Bas\n"
    cleaned = known(tmp_path / "a", "scdl.csv", log)
    (told,) = cleaned.anomalies.loc[cleaned.anomalies["colonne"] == "quartier", "traitement"]
    assert 'reconnu = true, [actions.colonnes] "quartier" = "qpv"' in told
    block = '[[actions]]\nfichier = "actions/scdl.csv"\nreconnu = true\n[actions.colonnes]\n"quartier" = "qpv"\n'
    block += '[actions.valeurs.qpv]\n"Le Bas" = "QP099003"\n'
    again = known(tmp_path / "b", "scdl.csv", log, block)
    assert (again.actions["qpv"].item(), again.actions["accorde"].item()) == ("QP099003", 1000)


def test_loans_guarantees_and_aid_in_kind_are_kept_apart_from_grants(tmp_path):
    log = SCDL + "\n" + "".join(
        f"Essai;2019-02-01;D{i};Chorale;Objet {i};{i}000;{kind};2019-03-01\n"
        for i, kind in enumerate(["aide en numéraire", "aide en nature", "prêt", "garantie", "aide en numéraire;aide en nature"], 1)
    )  # fmt: skip
    assert money(known(tmp_path, "scdl.csv", log)) == {
        "lu": 15000, "prêt, garantie ou aide en nature": 9000, "retenu": 6000,
    }  # fmt: skip


def test_on_two_lines_of_titles_the_lower_one_decides(tmp_path):
    log = (
        ";;Montants et versements;;;;;Cofinanceurs\nStructure;Action;Demandé;Proposé;Accordé;Réalisé;%;Montants demandés\n"
    ) + rows_of(lambda i, n: f"Asso {n};Action {n};{3000 + i};{2500 + i};{2000 + i};{1000 + i};{60 + i};{700 + i}")  # fmt: skip
    proposal, cleaned = pasted(tmp_path, "osiris_2019.csv", log)
    amounts = {name: champ for name, champ in fields(proposal).items() if champ in ("demande", "accorde", "paye")}
    assert {name.split()[-1]: champ for name, champ in amounts.items()} == {"Demandé": "demande", "Accordé": "accorde"}
    assert money(cleaned)["retenu"] == 12015


def test_where_the_lower_title_says_nothing_the_group_does(tmp_path):
    log = ";;Financement accordé;;;Demande\nStructure;Action;Ville;CAF;Total;Montant\n" + rows_of(
        lambda i, n: f"Asso {n};Action {n};{100 * i + 110};{50 * i + 105};{150 * i + 215};{200 * i + 220}"
    )
    _, cleaned = pasted(tmp_path, "l_2019.csv", log)
    assert money(cleaned)["retenu"] == sum(150 * i + 215 for i in range(6))
    assert money(cleaned, "demande")["retenu"] == sum(200 * i + 220 for i in range(6))
    assert set(cleaned.actions["financeur"]) == {"", "Ville", "CAF"}


LINES = [["Action", "Porteur", "Année", "Accordé"], *([f"Action {n}", f"Asso {n}", 2019, 150] for n in "ABCDEF")]


def test_sheets_that_repeat_another_or_are_hidden_are_proposed_as_comments_and_a_list_of_codes_is_not(tmp_path):
    codes = [["ID", "Libelle", "FinanceurCode"], ["1", "Ville", "V"], ["2", "État", "E"]]
    data = workbook({"Suivi": LINES, "Copie": LINES, "Vieux": LINES[:4], "Codes": codes}, hidden=["Vieux"])
    proposal, cleaned = pasted(tmp_path, "suivi.xlsx", data)
    assert [block["feuille"] for block in tomllib.loads(proposal)["actions"]] == ["Suivi"]
    assert '# feuille = "Vieux"' in proposal
    assert "FinanceurCode" not in proposal
    assert money(cleaned) == {"lu": 900, "retenu": 900}


def test_two_equal_sheets_of_a_known_format_count_once_and_it_is_told(tmp_path):
    rows = [SCDL.split(";"), *([*f"Essai;2019-02-01;D{i};Asso;Objet {i}".split(";"), 100, "numéraire", "2019-03-01"] for i in range(5))]  # fmt: skip  # noqa: E501
    cleaned = known(tmp_path, "scdl.xlsx", workbook({"A": rows, "B": rows}))
    assert money(cleaned) == {"lu": 500, "retenu": 500}
    assert cleaned.anomalies["probleme"].str.contains("répète la feuille").any()


def test_duplicate_headers_are_numbered_and_read_under_their_number(tmp_path):
    log = "Action;Porteur;Année;Montant;Montant\nA;X;2019;1000;7\nB;Y;2019;2000;8\n"
    proposal, _ = pasted(tmp_path / "a", "l.csv", log)
    assert '"Montant (2)"' in proposal
    block = (
        '[[actions]]\nfichier = "actions/l.csv"\n[actions.colonnes]\n"Action" = "action"\n"Montant (2)" = "accorde"\n'
    )
    assert money(known(tmp_path / "b", "l.csv", log, block))["retenu"] == 15


TOTAUX = (
    "Porteur;Action;Thème;Quartier;Accordé\nTOTAL DANSE;Danser;Le sport;Le Haut;1200\nChorale;Chanter;La lecture;Le Haut;800\n"
    "Total Le Haut;;;;2000\nFanfare;Jouer;La lecture;L'Îlot;300\nFanfare;Bal;La lecture;L'Îlot;200\nTotal L'Îlot;;;;500\n"
    "Total général;;;;2500\nEnveloppe disponible;;;;5000\nReste à programmer;;;;2500\n"
)


def test_totals_are_told_from_their_place_and_sum_and_not_from_the_word(tmp_path):
    _, cleaned = pasted(tmp_path, "suivi_2019.csv", TOTAUX)
    assert money(cleaned) == {
        "lu": 15000,
        "retenu": 2500,
        "total du fichier": 5000,
        "enveloppe ou reste à programmer": 7500,
    }
    assert "TOTAL DANSE" in set(cleaned.actions["porteur"])
    assert (cleaned.controles["ecart"] == 0).all()


def test_with_two_columns_alone_a_carrier_called_total_stays_too(tmp_path):
    log = "Porteur;Montant\nTOTAL DANSE;1200\nChorale;800\nFanfare;300\nTotal;2300\nReste à programmer;700\n"
    _, cleaned = pasted(tmp_path, "l_2019.csv", log)
    assert money(cleaned) == {
        "lu": 5300,
        "retenu": 2300,
        "total du fichier": 2300,
        "enveloppe ou reste à programmer": 700,
    }


def test_a_line_that_happens_to_be_the_sum_of_two_others_is_no_total(tmp_path):
    log = "Porteur;Montant\nAsso A;1000\nAsso B;500\nAsso C;1500\nAsso D;20\n"
    assert money(pasted(tmp_path, "l_2019.csv", log)[1]) == {"lu": 3020, "retenu": 3020}


def test_a_heading_that_bears_the_sum_of_the_lines_below_it_is_no_action(tmp_path):
    log = "Action;Porteur;Année;Accordé\nÉducation;;;300\nA;X;2019;100\nB;Y;2019;200\nSport;;;70\nC;Z;2019;40\nD;T;2019;30\n"
    assert money(pasted(tmp_path, "l.csv", log)[1])["retenu"] == 370


def test_an_envelope_under_the_column_of_actions_is_no_action_and_merges_nothing(tmp_path):
    log = "N°;Porteur;Intitulé de l'action;Année;Voté;Restant à verser\n" + rows_of(
        lambda i, n: f"D{i};Asso {n};Action {n};2019;{1000 * (i + 1)},00 €;{500 * (i + 1)},00 €"
    )
    proposal, cleaned = pasted(tmp_path, "l.csv", log + ";;Total;;21000;10500\n;;Enveloppe 2019;;30000;\n")
    assert "fusionnees" not in proposal
    assert money(cleaned) == {
        "lu": 72000,
        "retenu": 21000,
        "total du fichier": 21000,
        "enveloppe ou reste à programmer": 30000,
    }


def test_a_wrong_total_is_a_discrepancy_and_no_action(tmp_path):
    log = "Action;Porteur;Année;Accordé\nA;X;2019;100\nB;Y;2019;200\nTotal;;;310\n"
    _, cleaned = pasted(tmp_path, "l.csv", log)
    assert money(cleaned)["retenu"] == 300
    assert cleaned.controles["ecart"].item() == 10


def test_two_lines_that_differ_by_the_end_of_a_siret_are_a_question_and_not_dropped(tmp_path):
    log = "Action;Porteur;SIRET;Année;Accordé\nLire;Chorale;83831012600027;2019;700\nLire;Chorale;83831012600019;2019;700\nCourir;Fanfare;83831012600027;2019;50\n"  # noqa: E501
    _, cleaned = pasted(tmp_path, "l.csv", log)
    assert money(cleaned)["retenu"] == 1450
    assert list(cleaned.propositions["genre"]) == ["doublon"]


def test_a_payment_far_from_its_convention_is_told_and_the_contract_chooses(tmp_path):
    log = f"{SCDL}\nEssai;2019-02-01;D1;Chorale;Chanter;1000;numéraire;2022-03-01\n"
    cleaned = known(tmp_path / "a", "scdl.csv", log)
    (done,) = cleaned.anomalies.loc[cleaned.anomalies["probleme"].str.contains("plus d'un an"), "traitement"]
    assert (cleaned.actions["annee"].item(), '"dateconvention" = "date"' in done) == (2022, True)
    block = '[[actions]]\nfichier = "actions/scdl.csv"\nreconnu = true\n[actions.colonnes]\n"dateConvention" = "date"\n'
    again = known(tmp_path / "b", "scdl.csv", log, block)
    assert again.actions["annee"].item() == 2019


def test_where_nothing_tells_what_a_file_is_there_is_a_block_to_fill_in(tmp_path):
    proposal, cleaned = pasted(tmp_path, "l.csv", "x;y\n1;2\n")
    assert (tomllib.loads(proposal), '# "x" = "?"' in proposal, "Champs possibles" in proposal) == ({}, True, True)
    assert cleaned.actions.empty


@pytest.mark.parametrize(
    ("name", "log", "champ", "known_as"),
    [
        ("scdl.csv", "nomAttribuant;exercice;datedeConvention;termeConvention;nomBeneficiaire;object;montantAttribue;nature\nEssai;2019;2019-01-01;2020-01-01;Asso {n};Objet {n};{m};numéraire", "accorde", "subventions SCDL"),  # noqa: E501
        ("chorus.csv", "Centre financier;N° EJ;Fournisseur;Exercice;Montant payé\n0147-D044;2100{i};Asso {n};2019;{m}", "paye", "paiements Chorus"),  # noqa: E501
        ("chorus.csv", "N° EJ;Fournisseur payé (DP);;Code taxe 1;Référentiel de programmation;;N° DP;Date de dernière opération sur la DP;Montant payé\n2{i};10{i};Asso {n};;BG00/07;Appels;9{i};12/07/2019;{m}", "paye", "paiements Chorus"),  # noqa: E501
        ("helios.csv", "ID;NUM_MANDAT;COLLEC;OBJET_MANDAT;MONTANT_PAIEMENT;DATE_PAIEMENT;NOM;COMPTE_NATURE\n1;52{i};Ville;Subvention {n};{m};11/06/2019;Asso {n};65748", "paye", "mandats de paiement (HELIOS)"),  # noqa: E501
        ("osiris.csv", "Numero Action Osiris;Etat dossier;N° Siret;Nom;Code postal;Intitulé;Demandé;Proposé;Accordé;%Accordé/Demandé\nDD44-19-00{i}-1;A évaluer;;Asso {n};44000;Action {n};9000;7;{m};50 %", "accorde", "dossiers Osiris"),  # noqa: E501
        ("fonjep.csv", "Tiers;Poste;Versement;Dispositif;Exercice\nAsso {n};J0000{i};{m};Jeunesse;2019", "paye", "versements FONJEP"),
        ("subventia.csv", "N° dossier;Demandeur;Intitulé du projet;Montant demandé;Montant accordé;Statut;Exercice\nS{i};Asso {n};Projet {n};9000;{m};Accordé;2019", "accorde", "dossiers Subventia"),  # noqa: E501
    ],
)  # fmt: skip
def test_exports_of_the_state_s_tools_are_read_without_any_declaration(tmp_path, name, log, champ, known_as):
    head, line = log.split("\n")
    data = head + "\n" + rows_of(lambda i, n: line.format(i=i, n=n, m=1000 + i))
    cleaned = known(tmp_path, name, data)
    assert cleaned.fichiers[0].famille == known_as
    assert money(cleaned, champ)["retenu"] == cleaned.actions[champ].sum() == 6015
    assert set(cleaned.actions["annee"]) == {2019}
    assert set(cleaned.actions["porteur"]) == {f"Asso {n}" for n in "ABCDEF"}


def test_a_status_whose_words_are_also_titles_is_a_status(tmp_path):
    log = "Action;Porteur;Année;Demandé;Accordé;Statut\nA;X;2019;9;1;Accordé\nB;Y;2019;9;2;Demandé\n"
    _, cleaned = pasted(tmp_path, "l.csv", log)
    assert list(cleaned.actions["statut"]) == ["accordé", "en instruction"]


@pytest.mark.parametrize("cell", ["12,000", "12.000"])
def test_a_comma_or_a_point_before_three_figures_is_a_question_that_the_contract_answers(tmp_path, cell):
    log = f"Action;Porteur;Année;Montant accordé\nA;X;2019;{cell}\nB;Y;2019;15000\nC;Z;2019;9000\n"
    proposal, cleaned = pasted(tmp_path / "a", "l.csv", log)
    assert money(cleaned)["retenu"] == 24000
    assert cleaned.anomalies["probleme"].str.contains("milliers, ou des décimales").any()
    answered = proposal.replace("entete = 1", f'entete = 1\nmilliers = "{cell[2]}"')
    assert money(known(tmp_path / "b", "l.csv", log, answered))["retenu"] == 36000


def test_colours_comments_and_filtered_lines_of_a_spreadsheet_are_told_and_its_sub_totals_left(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Suivi du contrat 2019"], *LINES, ["Total", None, None, 900]):
        sheet.append(row)
    sheet.merge_cells("A1:D1")
    sheet["A4"].fill = PatternFill("solid", fgColor="FFCC00")
    sheet["D5"].comment = Comment("à voir avec la CAF", "nous")
    sheet.row_dimensions[6].hidden = True
    out = io.BytesIO()
    book.save(out)
    _, cleaned = pasted(tmp_path, "suivi.xlsx", out.getvalue())
    assert money(cleaned) == {"lu": 1800, "retenu": 900, "total du fichier": 900}
    told = cleaned.anomalies.set_index("ligne")["probleme"].to_dict()
    assert (told[4].split(" :")[0], told[5], told[6].split(" :")[0]) == (
        "couleurs de fond", "commentaire", "lignes masquées par un filtre",
    )  # fmt: skip
    assert "à voir avec la CAF" in set(cleaned.anomalies["brut"])


@pytest.mark.reel
@pytest.mark.parametrize(
    ("name", "champ", "read", "kept", "lines"),
    [
        ("SCDL.csv", "accorde", 110_000, 110_000, 4),
        ("scdl_antibes_fixture.csv", "accorde", 350_000, 350_000, 3),
        ("helios.fixture.ods", "paye", 8_417, 8_417, 7),
        ("osiris_test.xlsx", "accorde", 2_000, 2_000, 1),
        ("cd53_2018.xlsx", "accorde", 30_372_173, 29_334_161, None),
    ],
)
def test_real_logs_give_the_money_that_they_hold(tmp_path, real, name, champ, read, kept, lines):
    cleaned = known(tmp_path, name, (real / "logs" / name).read_bytes())
    euros = money(cleaned, champ)
    assert (round(euros["lu"]), round(euros["retenu"])) == (read, kept)
    assert lines is None or len(cleaned.actions) == lines


@pytest.mark.reel
def test_the_lines_of_mayenne_that_are_dropped_are_equal_in_every_cell_and_the_42_000_are_proposed(tmp_path, real):
    data = (real / "logs" / "cd53_2018.xlsx").read_bytes()
    rows = [tuple(map(str, row)) for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True)]
    again = [row for i, row in enumerate(rows) if row in rows[:i]]
    cleaned = known(tmp_path, "cd53.xlsx", data)
    assert money(cleaned)["doublon exact"] == pytest.approx(sum(float(row[7]) for row in again if row[7] != "None"))
    doubles = cleaned.propositions[cleaned.propositions["genre"] == "doublon"]
    assert "42\u202f000\u00a0€ / 42\u202f000\u00a0€" in set(doubles["montants"])


def test_an_instalment_and_its_balance_are_payments_of_one_grant_and_said_so(tmp_path):
    log = "Association;Objet;Montant;Exercice\n" + rows_of(
        lambda i, n: f"Asso {n};Acompte 70 % : Fête {n};700;2019\nAsso {n};Fête {n} (solde);{300 + i};2019"
    )
    cleaned = pasted(tmp_path, "mairie.csv", log)[1]
    actions = cleaned.actions
    assert sorted(set(actions["titre"])) == [f"Fête {n}" for n in "ABCDEF"]
    assert (actions["paye"].sum(), actions["accorde"].count()) == (6 * 1000 + 15, 0)
    assert set(actions["statut"]) == {"terminé"}
    assert cleaned.propositions.empty
    assert "acomptes et soldes (12 lignes, la première ici)" in set(cleaned.anomalies["probleme"])


def test_a_column_of_instalments_and_one_of_balances_are_what_was_paid(tmp_path):
    log = "Association;Objet;Voté;Acompte;Solde;Exercice\n" + rows_of(
        lambda i, n: f"Asso {n};Projet {n};1000;700;{250 + i};2019"
    )
    cleaned = pasted(tmp_path, "mairie.csv", log)[1]
    assert (cleaned.actions["accorde"].sum(), cleaned.actions["paye"].sum()) == (6000, 6 * 950 + 15)


def test_a_cell_beside_the_title_may_say_the_instalment(tmp_path):
    log = "Association;Objet;Type de versement;Montant;Exercice\n" + rows_of(
        lambda _, n: f"Asso {n};Projet {n};Acompte;700;2019\nAsso {n};Projet {n};Solde;300;2019"
    )
    actions = pasted(tmp_path, "mairie.csv", log)[1].actions
    assert (actions["edition"].nunique(), actions["paye"].sum(), actions["accorde"].count()) == (6, 6000, 0)


def test_a_funder_that_gives_seldom_is_a_funder_and_the_total_is_not_counted_twice(tmp_path):
    log = "Association;Action;Etat;Region;Ville;TOTAL;Annee\n" + rows_of(
        lambda i, n: f"Asso {n};Projet {n};{1000 + i};{500 * (i % 2)};{700 + i};{1700 + 2 * i + 500 * (i % 2)};2019", 7
    )
    proposal, cleaned = pasted(tmp_path, "cofinanceurs.csv", log)
    assert [title for title, champ in fields(proposal).items() if champ == "accorde"] == ["Etat", "Region", "Ville"]
    assert money(cleaned)["retenu"] == 7 * 1700 + 2 * 21 + 3 * 500


def test_the_state_under_a_merged_title_is_a_funder_as_the_town_is(tmp_path):
    rows = [["Porteur", "Action", "Financement accordé", None], [None, None, "État", "Ville"]]
    rows += [[f"Asso {n}", f"Projet {n}", 3000 + i, 1000 + i] for i, n in enumerate("ABCDEF")]
    proposal, cleaned = pasted(tmp_path, "programmation_2021.xlsx", workbook({"2021": rows}))
    assert [one["financeur"] for one in tomllib.loads(proposal)["actions"][0]["financements"]] == ["État", "Ville"]
    assert money(cleaned)["retenu"] == 6 * 4000 + 2 * 15


def test_the_table_of_a_family_fund_keeps_its_two_grants_and_leaves_aid_in_kind_apart(tmp_path):
    log = "Gestionnaire;Nature de l'action;Année;Prestation de service;Subvention CAF;Mise à disposition (valorisée);Total des aides\n"
    log += rows_of(lambda i, n: f"Asso {n};Projet {n};2021;{3000 + i};{2000 + i};{500 + i};{5500 + 3 * i}")
    proposal, cleaned = pasted(tmp_path, "caf.csv", log)
    assert fields(proposal)["Gestionnaire"] == "porteur"
    assert money(cleaned)["retenu"] == 6 * 5000 + 2 * 15


def test_money_that_was_cancelled_is_no_grant_and_the_proposal_says_what_to_do_of_it(tmp_path):
    log = "Année;Porteur;Action;Montant accordé;Montant annulé;Désengagement\n2021;A;Lire;5000;0;0\n2021;B;Courir;3000;1000;200\n"
    proposal, cleaned = pasted(tmp_path, "l.csv", log)
    assert money(cleaned) == {"lu": 8000, "retenu": 8000}
    assert proposal.count("annulé ou désengagé") == 2


def test_a_known_format_says_the_money_that_it_has_cancelled(tmp_path):
    log = f"{SCDL};montantAnnule\nVille;2021-03-01;D1;Livres;Lire;1000;aide en numéraire;2021-04-01;400\n"
    cleaned = known(tmp_path, "l.csv", log)
    assert money(cleaned) == {"lu": 1000, "retenu": 1000}
    assert cleaned.anomalies["probleme"].str.contains("annulé ou désengagé").any()


def test_an_amendment_is_a_part_of_the_total_granted_or_adds_to_the_first_amount(tmp_path):
    log = "Année;Porteur;Action;Montant initial;Avenant;Montant total accordé\n2021;A;Lire;4000;1000;5000\n"
    log += "2021;B;Courir;3000;;3000\n2021;C;Nager;2000;-500;1500\n"
    _, cleaned = pasted(tmp_path / "a", "l.csv", log)
    assert money(cleaned)["retenu"] == 9500
    _, cleaned = pasted(tmp_path / "b", "l.csv", "\n".join(line.rpartition(";")[0] for line in log.split("\n")))
    assert money(cleaned)["retenu"] == 9500


def test_columns_titled_with_a_year_alone_are_the_amounts_of_that_year_even_of_two_lines(tmp_path):
    log = "Association;Action;2019;2020;2021\nLivres;Lire;1000;1200;\nCourse;Courir;;2000;1500\n"
    _, cleaned = pasted(tmp_path, "l.csv", log)
    assert cleaned.actions.groupby("annee")["accorde"].sum().to_dict() == {2019: 1000, 2020: 3200, 2021: 1500}


def test_a_column_titled_with_a_funder_alone_is_money_even_where_it_gives_once(tmp_path):
    log = "Porteur;Action;Année;Etat (P147);Ville;CAF\nLivres;Lire;2021;3000;2000;1000\nCourse;Courir;2021;2500;500;\n"
    _, cleaned = pasted(tmp_path, "l.csv", log)
    assert money(cleaned)["retenu"] == 9000


def test_among_names_and_amounts_alone_only_pure_words_of_budgets_are_envelopes(tmp_path):
    log = "Association;Montant 2021\nLivres;1000\nReste à Faire (compagnie);2000\nProvision Théâtre;500\nDotation Jeunes;300\n"
    log += "Total;3800\nReste à programmer;700\nEnveloppe disponible 2021;4500\n"
    _, cleaned = pasted(tmp_path, "l.csv", log)
    assert money(cleaned) == {
        "lu": 12800,
        "retenu": 3800,
        "total du fichier": 3800,
        "enveloppe ou reste à programmer": 5200,
    }


def test_a_heading_alone_on_its_line_is_no_action_and_it_is_told(tmp_path):
    log = "Action;Porteur;Année;Accordé\nLE HAUT;;;\nLire;Livres;2021;1000\nL'ÎLOT;;;\nCourir;Course;2021;500\n"
    log += "Document établi par le service;;;\n"
    _, cleaned = pasted(tmp_path, "l.csv", log)
    assert (money(cleaned)["retenu"], cleaned.actions["titre"].tolist()) == (1500, ["Lire", "Courir"])
    told = cleaned.anomalies.query("probleme.str.startswith('ligne d')")
    assert told["brut"].tolist() == ["LE HAUT"]
    assert "3 lignes" in told["probleme"].item()


@pytest.mark.parametrize("again", ["idem", "//", '""""', "Idem.", "''"])
def test_a_cell_that_says_as_above_says_what_is_above(tmp_path, again):
    rows = ["Année;Porteur;Quartier;Action;Accordé", "2021;Livres;Le Haut;Lire;1000"]
    rows += [f"{again};{again};{again};Écrire;2000", f"{again};Course;;Courir;500\n"]
    log = "\n".join(rows)
    _, cleaned = pasted(tmp_path, "l.csv", log)
    assert cleaned.actions["annee"].tolist() == [2021] * 3
    assert cleaned.actions["porteur"].tolist() == ["Livres", "Livres", "Course"]
    assert cleaned.actions["qpv"].tolist() == ["QP099001", "QP099001", ""]


def test_an_export_that_names_its_carriers_by_their_siret_alone_is_read_and_a_closed_file_is_no_instalment(tmp_path):
    titles = "Financeur Principal;Référence administrative - Demande;annee_demande;SIRET - Demandeur;Date - Décision;"
    titles += "Montant voté TTC - Décision;Montant Ttc;Dispositif - Dossier de financement;Thematique Title;"
    titles += "Statut - Dossier de financement\n"
    log = (
        titles
        + "CIPD;R1;2021;83831012600027;44317;1000;1234;FIPD;Sport;VOTE\nCIPD;R2;2021;35600000000048;44317;8000;9000;FIPD;Sport;SOLDE\n"
    )
    cleaned = known(tmp_path, "l.csv", log)
    assert cleaned.fichiers[0].famille == "dossiers Subventia (export)"
    assert cleaned.actions["accorde"].tolist() == [1000, 8000]
    assert cleaned.actions["siren"].tolist() == cleaned.actions["porteur"].tolist() == ["838310126", "356000000"]


def test_the_codes_of_a_workbook_are_read_under_the_names_that_its_other_sheets_give_them(tmp_path):
    posts = "Code DispositifId PstStatutPosteLibelle FinanceurPrincipalCode AssociationBeneficiaireCode Annee MontantSubvention"
    data = workbook(
        {
            "Tiers": [["Code", "RaisonSociale"], ["E920", "Chorale"], [10008, "Agence"]],
            "Poste": [posts.split(), ["D00598", 3, "Attribué", "10008", "E920", 2017, 5068]],
            "Dispositif": [["ID", "Libelle", "FinanceurCode"], [3, "Politique de la ville", 10008]],
        }
    )
    (line,) = known(tmp_path, "fonjep.xlsx", data).actions.itertuples()
    assert (line.titre, line.porteur, line.financeur, line.type_credit) == (
        "Poste FONJEP D00598",
        "Chorale",
        "Agence",
        "spécifique",
    )
    assert (line.annee, line.accorde, line.statut) == (2017, 5068, "accordé")


COMMAS = "Association,Projet,Exercice,Nombre de bénéficiaires,Montant voté,Quartier\n"


def test_an_amount_that_its_decimal_comma_cuts_in_two_is_read_whole(tmp_path):
    log = COMMAS + (
        "Chorale,Chanter,2019,12,1 234,50,Le Haut\nFanfare,Jouer,2019,30,500,Le Haut\nClub,Nager,2019,40,75,25 €,Le Haut\n"
        "Cercle,Lire,2019,20,800,Le Haut\nAmicale,Courir,2019,10,2000,Le Haut\nHarmonie,Défiler,2019,15,1 234,5,Le Haut\n"
    )
    assert money(pasted(tmp_path, "vote.csv", log)[1]) == {"lu": 5844.25, "retenu": 5844.25}


def test_an_amount_cut_in_two_that_cannot_be_joined_is_refused_and_not_read_without_its_decimals(tmp_path):
    log = COMMAS + rows_of(lambda i, n: f"Asso {n},Projet {n},2019,1{i},1{i}00,Le Haut")
    cleaned = pasted(tmp_path, "vote.csv", log + "Harmonie,Défiler,2019,15,1 234,567,Le Haut\n")[1]
    assert money(cleaned)["retenu"] == sum(1000 + 100 * i for i in range(6))


def test_an_amount_cut_in_two_is_read_whole_on_a_line_whose_text_is_cut_too(tmp_path):
    log = COMMAS + rows_of(lambda i, n: f"Asso {n},Projet {n},2019,1{i},1 {i}34,50,Le Haut")
    cleaned = pasted(tmp_path, "vote.csv", log + "Club,Nager,2019,10,2 000,75,Le Haut, le bas, ailleurs\n")[1]
    assert money(cleaned)["retenu"] == sum(1034.5 + 100 * i for i in range(6)) + 2000.75


def test_where_every_amount_is_cut_in_two_each_is_read_whole(tmp_path):
    log = COMMAS + rows_of(lambda i, n: f"Asso {n},Projet {n},2019,1{i},1 {i}34,50,Le Haut")
    assert money(pasted(tmp_path, "vote.csv", log)[1])["retenu"] == sum(1034.5 + 100 * i for i in range(6))


def test_a_line_that_a_comma_shifts_is_refused_by_its_number_and_no_wrong_euro_is_kept(tmp_path):
    log = COMMAS + rows_of(lambda i, n: f"Asso {n},Projet {n},2019,1{i},1{i}00,Le Haut")
    log += "Chorale,Chanter, danser,2019,12,500,Le Haut\nClub,Nager, plonger,2019,45,30,Le Haut\n"
    cleaned = pasted(tmp_path, "vote.csv", log)[1]
    assert money(cleaned)["retenu"] == sum(1000 + 100 * i for i in range(6))
    told = cleaned.anomalies[cleaned.anomalies["probleme"].str.contains("plus de cellules")]
    assert "lignes 8, 9" in told["probleme"].item()
    assert "refusée" in told["traitement"].item()


def test_a_line_that_a_semicolon_shifts_keeps_none_of_its_amounts(tmp_path):
    log = "Projet;Asso;Année;Demandé;Accordé\n" + rows_of(lambda i, n: f"Projet {n};Asso {n};2020;9{i}0;5{i}0")
    cleaned = pasted(tmp_path, "suivi.csv", log + "Jouer; chanter;Fanfare;2020;900;700\n")[1]
    assert money(cleaned)["retenu"] == sum(500 + 10 * i for i in range(6))


def test_the_payments_of_a_workbook_of_posts_are_told_and_not_added_to_their_posts(tmp_path):
    posts = "Code DispositifId PstStatutPosteLibelle FinanceurPrincipalCode AssociationBeneficiaireCode Annee MontantSubvention"
    data = workbook(
        {
            "Tiers": [["Code", "RaisonSociale"], ["E920", "Chorale"], [10008, "Agence"]],
            "Poste": [posts.split(), ["D00598", 3, "Attribué", "10008", "E920", 2017, 5068]],
            "Versement": [["Tiers", "Poste", "Versement", "Exercice"], ["Chorale", "D00598", 2534, 2017]],
        }
    )
    cleaned = known(tmp_path, "fonjep.xlsx", data)
    assert cleaned.actions[["accorde", "paye"]].sum().tolist() == [5068, 0]
    assert "Versement (versements des postes lus" in cleaned.fichiers[0].pris_pour
    assert "Tiers (ses noms remplacent leurs codes)" in cleaned.fichiers[0].pris_pour


LISTE_147 = "Programme;Exercice;Bénéficiaire;SIRET;Objet;Montant\n147;2019;La Course Lente;;Courir;1000\n147;2019;Fanfare;;Jouer;500\n"


def test_of_a_national_list_without_a_place_only_what_a_declared_partner_carries_is_ours(tmp_path):
    cleaned = known(tmp_path, "p147.csv", LISTE_147)
    assert money(cleaned) == {"lu": 1500, "retenu": 1000, "rien ne la rattache au contrat": 500}
    told = cleaned.anomalies[cleaned.anomalies["probleme"].str.contains("rien ne rattache")]
    assert 'contrat = "CV999"' in told["traitement"].item()


def test_the_commune_of_the_state_s_yearly_annex_ties_its_lines_to_the_contract(tmp_path):
    log = "Programme;Numéro SIREN;Dénomination;Montant;Objet;Code commune INSEE;Localité de l'établissement\n"
    log += "147;;Fanfare;500;Jouer;99001;ESSAI\n147;;Chorale;800;Chanter;75056;PARIS\n163;;Club;50;Nager;99001;ESSAI\n"
    cleaned = known(tmp_path, "credits_2018.csv", log)
    assert money(cleaned)["retenu"] == 500


def test_what_others_finance_is_told_as_such_and_not_counted_in_silence(tmp_path):
    log = "Association;Projet;Ville;Autres;Total\n" + rows_of(
        lambda i, n: f"Asso {n};Projet {n};{500 + i};40{i};{900 + 2 * i}"
    )
    proposal, _ = pasted(tmp_path, "liste_2019.csv", log)
    assert '# "Autres" : laissée de côté (argent d\'autres financeurs' in proposal


def test_a_national_list_that_is_declared_ours_is_kept_whole(tmp_path):
    block = '[[actions]]\nfichier = "actions/p147.csv"\nreconnu = true\n[actions.constantes]\ncontrat = "CV999"\n'
    assert money(known(tmp_path, "p147.csv", LISTE_147, block))["retenu"] == 1500


def test_a_quarter_of_another_contract_in_a_national_split_is_not_ours(tmp_path):
    log = "annee_exercice,ref_action,ej,code_qpv,montant_ventilé,libellé action\n"
    log += "2020,R1,E1,QP099001,600,Lire\n2020,R2,E2,QP075001,50,Nager\n"
    assert money(known(tmp_path, "qpv.csv", log)) == {"lu": 650, "retenu": 600, "quartier d'un autre contrat": 50}


def test_the_amounts_of_mandates_are_payments(tmp_path):
    log = "N° mandat;Date mandat;Bénéficiaire;Objet;Montant TTC\n" + rows_of(
        lambda i, n: f"{100 + i};0{i + 1}/03/2019;Asso {n};Subvention {n};{1000 + 7 * i},50"
    )
    proposal, cleaned = pasted(tmp_path, "compta.csv", log)
    assert fields(proposal)["Montant TTC"] == "paye"
    assert money(cleaned, "accorde") == {}


def test_a_column_of_what_was_paid_leaves_the_amount_voted_as_it_is(tmp_path):
    log = "Bénéficiaire;Montant;Mandaté;Exercice\n" + rows_of(
        lambda i, n: f"Asso {n};{1000 + 7 * i};{500 + 3 * i};2019"
    )
    found = fields(pasted(tmp_path, "liste.csv", log)[0])
    assert (found["Montant"], found["Mandaté"]) == ("accorde", "paye")


def test_a_total_of_another_table_at_the_side_takes_no_action_s_money(tmp_path):
    log = "Porteur;Action;Année;Accordé;;Thème;Total accordé\n" + rows_of(
        lambda i, n: f"Asso {n};Projet {n};2021;{1000 + i};;" + {1: "Lecture;4003", 2: "Total;6015"}.get(i, ";")
    )
    assert money(pasted(tmp_path, "deux.csv", log)[1]) == {"lu": 6015, "retenu": 6015}


def test_the_total_of_an_action_that_stands_under_its_funders_is_still_a_total(tmp_path):
    log = "Porteur;Action;Année;Financeur;Accordé\n" + rows_of(
        lambda i, n: (
            f"Asso {n};Projet {n};2021;Ville;600\nAsso {n};Projet {n};2021;CAF;4{i}\nAsso {n};Projet {n};2021;Total;64{i}"
        )
    )
    assert money(pasted(tmp_path, "long.csv", log)[1])["retenu"] == sum(640 + i for i in range(6))


def test_tables_one_under_the_other_are_each_of_the_year_of_their_heading(tmp_path):
    log = "".join(
        f"Programmation {year};;\nPorteur;Action;Accordé\nChorale;Chanter {year};{year - 1000}\nFanfare;Jouer;500\nTotal;;{year - 500}\n"
        for year in (2020, 2021)
    )
    actions = pasted(tmp_path, "programmations.csv", log)[1].actions
    assert actions.groupby("annee")["accorde"].sum().to_dict() == {2020: 1520, 2021: 1521}


@pytest.mark.parametrize(
    ("titles", "cells", "champ", "euros"),
    [
        ("Montant voté CP du 12/03/2021;Montant voté CP du 18/06/2021", "1{}00;50", "accorde", 7800),
        ("Versé T1;Versé T2;Versé T3;Versé T4", "1{}0;20;30;40", "paye", 1290),
        ("Montant HT;TVA;N° mandat;Montant TTC", "1{}0;20;88{};1{}5", "paye", 780),
        ("Montant accordé;Montant prévisionnel 2022", "1{}00;2000", "accorde", 7500),
    ],
)
def test_amounts_are_taken_for_what_their_titles_say(tmp_path, titles, cells, champ, euros):
    log = f"Exercice;Tiers;Objet;{titles}\n" + rows_of(
        lambda i, n: f"2021;Asso {n};Projet {n};{cells.replace('{}', str(i))}"
    )
    assert pasted(tmp_path, "titres.csv", log)[1].actions[champ].sum() == euros


def test_a_formula_that_nobody_computed_is_told_by_its_line_and_not_read_as_nothing(tmp_path):
    rows = [["Structure", "Projet", "Année", "Demandé", "Accordé"]]
    rows += [[f"Asso {i}", f"Projet {i}", 2021, 900, "=D3-100" if i == 1 else 700] for i in range(6)]
    cleaned = pasted(tmp_path, "export.xlsx", workbook({"Suivi": rows}))[1]
    assert money(cleaned) == {"lu": 3500, "retenu": 3500, "illisible": 0}
    (told,) = cleaned.anomalies[cleaned.anomalies["probleme"] == "pas un montant"].itertuples()
    assert (told.ligne, told.brut) == (3, "=D3-100")


def test_grants_for_running_and_for_equipment_add_up_and_neither_is_a_funder(tmp_path):
    log = "Exercice;Tiers;Subvention de fonctionnement;Subvention d'investissement;Aide Ville fonctionnement;Aide CAF fonctionnement\n"
    log += rows_of(lambda i, n: f"2021;Asso {n};1{i}00;500;3{i}0;20{i}")
    actions = pasted(tmp_path, "aides.csv", log)[1].actions
    assert actions["accorde"].sum() == 6 * 2000 + 1500 + 150 + 15
    assert set(actions["financeur"]) == {"", "Aide Ville fonctionnement", "Aide CAF fonctionnement"}


def test_what_is_noted_under_a_table_is_no_action(tmp_path):
    log = "Porteur;Action;Année;Accordé\n" + rows_of(lambda i, n: f"Asso {n};Projet {n};2021;1{i}00") + "TOTAL;;;7500\n"
    notes = (
        "dont Ville",
        "Moyenne par dossier",
        "Nombre de dossiers",
        "Variation 2020/2021",
        "Pour mémoire : 2020",
        "Écart",
    )
    cleaned = pasted(tmp_path, "notes.csv", log + "".join(f"{note};;;5{i}00\n" for i, note in enumerate(notes)))[1]
    assert money(cleaned)["retenu"] == 7500
    assert len(cleaned.actions) == 6


def test_a_file_and_its_new_version_are_told_and_two_files_apart_are_not(tmp_path):
    head = "nomAttribuant;dateConvention;referenceDecision;nomBeneficiaire;objet;montant;nature;datesPeriodeVersement\n"
    first, second = (
        head
        + rows_of(lambda i, n: f"Ville;2021-03-01;D{start + i};Asso {n};Projet {n};1{i}00;aide en numéraire;2021-04-01")  # noqa: B023
        for start in (0, 20)
    )
    both = clean(tmp_path / "a", fichiers={"actions/v1.csv": first, "actions/v2.csv": first}, contrat="").anomalies
    assert both.loc[both["fichier"] == "actions/v2.csv", "probleme"].tolist() == [
        "6 lignes sur 6 répètent d'autres lignes"
    ]
    apart = clean(tmp_path / "b", fichiers={"actions/v1.csv": first, "actions/v2.csv": second}, contrat="").anomalies
    assert not apart["probleme"].str.contains("répètent").any()


PAR_QUARTIER = "Porteur;Action;Année;Demandé;Le Haut;L'Îlot;Hors QPV;Total\n"


def by_quarter(cleaned, champ="accorde"):
    rows = cleaned.actions[cleaned.actions[champ].notna()]
    return (rows[champ] * rows["part"]).groupby(rows["qpv"].astype(str)).sum().to_dict()


def test_amounts_under_the_names_of_quarters_are_each_quarter_s_share_of_the_total_that_they_add_up_to(tmp_path):
    log = PAR_QUARTIER + (
        "Asso A;Lire;2021;1 500,00;600,00;400,00;;1 000,00\nAsso B;Courir;2021;300,00;;300,00;;300,00\n"
        "Asso C;Jouer;2021;900,00;100,00;;650,00;750,00\nTotal;;;2 700,00;700,00;700,00;650,00;2 050,00\n"
    )
    proposal, cleaned = pasted(tmp_path, "programmation.csv", log)
    assert money(cleaned)["retenu"] == 2050
    assert by_quarter(cleaned) == {"QP099001": 700, "QP099003": 700, "HORS_QPV": 650}
    assert by_quarter(cleaned, "demande") == {"QP099001": 1200, "QP099003": 1050, "HORS_QPV": 450}
    assert cleaned.propositions.empty
    assert "part d'un quartier dans «\u00a0Total\u00a0»" in proposal


def test_what_a_total_has_above_its_quarters_is_kept_without_a_quarter_and_what_it_has_below_shares_nothing(tmp_path):
    log = PAR_QUARTIER + "".join(f"Asso {n};Lire {n};2021;;600,00;400,00;;1 000,00\n" for n in "ABC")
    proposal, _ = pasted(tmp_path / "avant", "programmation.csv", log)
    later = log.replace("Lire A;2021;;600,00", "Lire A;2021;;500,00").replace(
        "Lire B;2021;;600,00", "Lire B;2021;;700,00"
    )
    later += "Asso D;Danser;2021;;;;;250,00\n"
    cleaned = known(tmp_path / "apres", "programmation.csv", later, proposal)
    assert money(cleaned)["retenu"] == 3250
    assert by_quarter(cleaned) == {"QP099001": 1100, "QP099003": 800, "": 1350}
    told = cleaned.anomalies.set_index("ligne")["probleme"]
    assert "100,00\u00a0€ de plus que ses quartiers" in told[2]
    assert "quartiers qui font plus que leur total" in told[3]


def test_numbers_under_the_names_of_quarters_that_are_no_share_are_said_to_be_left(tmp_path):
    log = PAR_QUARTIER + "".join(f"Asso {n};Lire {n};2021;;12;8;;1 000,50\n" for n in "ABCD")
    proposal, cleaned = pasted(tmp_path, "programmation.csv", log)
    assert money(cleaned)["retenu"] == 4002
    assert fields(proposal).keys() == {"Porteur", "Action", "Année", "Total"}
    assert (
        proposal.count("porte le nom d'un quartier : non lue, sa somme avec les autres n'est celle d'aucun montant")
        == 2
    )


def test_a_known_format_shares_its_amount_between_the_quarters_that_its_other_columns_name(tmp_path):
    log = (
        SCDL
        + ";Le Haut;L'Îlot\n"
        + rows_of(
            lambda i, n: (
                f"Essai;2021-03-0{i + 1};D{i};Asso {n};Lire {n};{1000 + i};aide en numéraire;unique;{600 + i};400"
            ),
            3,
        )
    )
    cleaned = known(tmp_path, "scdl.csv", log)
    assert money(cleaned)["retenu"] == 3003
    assert by_quarter(cleaned) == {"QP099001": 1803, "QP099003": 1200}
    assert any("part d'un quartier" in one for one in cleaned.anomalies["probleme"])


def test_a_quarter_is_known_without_its_article_nor_its_dashes(tmp_path):
    log = "Porteur;Action;Année;Quartier;Accordé\nAsso A;Lire;2021;QPV du Haut;100\n"
    log += "Asso B;Courir;2021;Îlot;200\nAsso C;Jouer;2021;HAUT;300\n"
    _, cleaned = pasted(tmp_path, "noms.csv", log)
    assert by_quarter(cleaned) == {"QP099001": 400, "QP099003": 200}


def test_a_heading_that_names_a_quarter_is_that_of_the_lines_under_it_until_a_total(tmp_path):
    log = (
        "Porteur;Action;Année;Accordé\nAsso Z;Avant;2021;50\nQUARTIER : LE HAUT;;;\nAsso A;Lire;2021;100\nAsso B;Courir;2021;200\n"
        "Sous-total Le Haut;;;300\nAsso C;Partout;2021;400\nL'Îlot;;;\nAsso D;Jouer;2021;500\nTotal général;;;1250\n"
    )
    _, cleaned = pasted(tmp_path, "intertitres.csv", log)
    assert by_quarter(cleaned) == {"": 450, "QP099001": 300, "QP099003": 500}
    assert "un intertitre nomme un quartier (2 lignes, la première ici)" in set(cleaned.anomalies["probleme"])


def test_an_association_s_own_list_says_what_it_asked_obtained_and_received(tmp_path):
    log = (
        "Financeur;Pour quoi;Demandé le;Demandé;Obtenu;Reçu;Reste à recevoir\nVille;Couture;10/01/2021;3 000 €;2 000 €;2 000 €;0 €\n"
        "État;Couture;15/01/2021;5 000 €;4 000 €;3 000 €;1 000 €\nCAF;Sorties;01/02/2021;1 000 €;refusé;;\n"
        "Total;;;9 000 €;6 000 €;5 000 €;1 000 €\n"
    )
    proposal, cleaned = pasted(tmp_path, "asso.csv", log)
    assert {name: money(cleaned, name)["retenu"] for name in ("demande", "accorde", "paye")} == {
        "demande": 9000, "accorde": 6000, "paye": 5000,
    }  # fmt: skip
    assert "Reste à recevoir" not in fields(proposal)


def test_ticks_under_the_names_of_quarters_say_where_an_action_takes_place(tmp_path):
    log = (
        "Structure;Action;Subvention 2021;Le Haut;L'Îlot;Hors QPV\nAsso A;Lire;3000;X;;\nAsso B;Courir;1200;x;X;\n"
        "Asso C;Jouer;800;;;oui\nAsso D;Danser;500;;non;\nTOTAL;;5500;2;1;1\n"
    )
    proposal, cleaned = pasted(tmp_path, "croix.csv", log)
    assert money(cleaned)["retenu"] == 5500
    assert by_quarter(cleaned) == {"QP099001": 3600, "QP099003": 600, "HORS_QPV": 800, "": 500}
    assert "des croix sous le nom d'un quartier" in proposal
    assert "quartier inconnu" not in set(cleaned.anomalies["probleme"])


def test_a_total_is_no_action_where_no_money_is_read_either(tmp_path):
    log = (
        "Bailleur;Quartier;Axe;Action;Dépense totale;Dépense valorisée TFPB\nBailleur A;Le Haut;Propreté;Nettoyage;30 000;24 000\n"
        "Bailleur B;L'Îlot;Animation;Fête;2 000;2 000\nBailleur C;L'Îlot;Animation;Bal;1 000;1 000\nTOTAL;;;;33 000;27 000\n"
    )
    _, cleaned = pasted(tmp_path, "tfpb_2021.csv", log)
    assert sorted(cleaned.actions["titre"]) == ["Bal", "Fête", "Nettoyage"]


def test_what_is_paid_for_one_post_is_not_added_to_the_whole_and_a_code_is_no_carrier(tmp_path):
    log = (
        "Code gestionnaire;Nom du gestionnaire;Quartier;Nombre de postes;Aide annuelle par poste;Aide totale 2021\n"
        "G1;Asso A;Le Haut;2;20 071,38;40 142,76\nG2;Asso B;L'Îlot;1;20 071,38;20 071,38\n"
    )
    proposal, cleaned = pasted(tmp_path, "postes.csv", log)
    assert money(cleaned)["retenu"] == 60214.14
    assert fields(proposal)["Nom du gestionnaire"] == "porteur"


def test_an_amount_whose_note_says_a_part_is_an_amount_still(tmp_path):
    log = (
        "Délibération;Bénéficiaire;Libellé;Année;Montant\nD12;Asso A;Fête;2021;2 500 €\nD13;Asso B;Avenant;2021;1 000 € (acompte 50 %)\n"
        "D14;Asso C;Retrait;2021;- 700 €\n"
    )
    proposal, cleaned = pasted(tmp_path, "deliberations.csv", log)
    assert fields(proposal)["Montant"] == "accorde"
    assert money(cleaned)["retenu"] == 1800
    assert cleaned.anomalies.set_index("ligne").loc[3, "probleme"] == "pas un montant"


def test_a_quarter_that_the_sheet_or_the_title_alone_says_is_that_of_its_lines(tmp_path):
    rows = [["Porteur", "Action", "Année", "Accordé"], ["Asso A", "Lire", 2021, 100], ["Asso B", "Courir", 2021, 200]]
    others = [
        ["Programmation - Quartier L'Îlot"],
        rows[0],
        ["Asso C", "Jouer", 2021, 400],
        ["Asso D", "Danser", 2021, 50],
    ]
    proposal, cleaned = pasted(tmp_path, "onglets.xlsx", workbook({"Le Haut": rows, "Suite": others}))
    assert by_quarter(cleaned) == {"QP099001": 300, "QP099003": 450}
    assert 'qpv = "QP099001"  # lu dans le nom de la feuille' in proposal
    assert 'qpv = "QP099003"  # lu dans le titre du tableau' in proposal


def test_a_year_is_read_under_its_title_where_a_note_stands_in_its_column(tmp_path):
    log = "Exercice;Porteur;Action;Accordé\n2021;Asso A;Lire;1 000\n2021;Asso B;Jouer;2 000\n* hors reports;;;\n"
    proposal, cleaned = pasted(tmp_path, "exercice.csv", log)
    assert fields(proposal)["Exercice"] == "annee"
    assert set(cleaned.actions["annee"]) == {2021}
