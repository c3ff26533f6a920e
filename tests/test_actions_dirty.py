"""Working logs as teams keep them, each with its own dirt: what `check` proposes, pasted as it is, reads what a careful reader would."""

import datetime as dt
import io
import json
import tomllib
from collections.abc import Callable

import pytest
import xlsxwriter

from cvanalysis.actions.clean.lines import unbalanced
from cvanalysis.actions.clean.propose import propose_all
from test_actions_territory import clean, write_contract

ETROITE, FINE, DURE = "\u2009", "\u202f", "\u00a0"


def book(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    data = io.BytesIO()
    workbook = xlsxwriter.Workbook(data, {"in_memory": True})
    fill(workbook)
    workbook.close()
    return data.getvalue()


def pasted(tmp_path, name: str, log: str | bytes):
    """The proposal, and what reading the log with it pasted gives."""
    files = {f"actions/{name}": log}
    proposal = propose_all(write_contract(tmp_path / "a", files, contrat=""), list(files))
    tomllib.loads(proposal)
    cleaned = clean(tmp_path / "b", fichiers=files, contrat=proposal)
    assert not cleaned.illisibles
    assert unbalanced(cleaned.argent).empty
    return proposal, cleaned


def money(cleaned, champ: str = "accorde") -> dict[str, float]:
    lines = cleaned.argent[cleaned.argent["champ"] == champ]
    return lines.groupby("motif")["montant"].sum().to_dict()


def quarters(cleaned) -> dict[str, set[str]]:
    return cleaned.actions.groupby("titre")["qpv"].agg(set).to_dict()


def test_titles_above_headers_again_totals_by_theme_spaces_and_commas_of_every_kind(tmp_path):
    header = (
        "N° dossier;Porteur de projet;Intitulé du projet;Thématique;QPV concerné(s);Coût total;Subvention sollicitée;"
        "Subvention attribuée;Avis"
    )
    rows = (
        "Contrat de ville - Programmation 2019;;;;;;;;", ";;;;;;;;", "Bilan provisoire;;;;;;;;", header,
        f"19-001;Les Livres du Palier;Lire au pied des tours;LECTURE;Le Haut et L'Îlot;9000;2{DURE}500,50 €;1{DURE}234,50 €;Favorable",
        "19-002;ASSO. LIVRES DU PALIER;Malle à livres;La Lecture;Tous QPV;8000;3 000;100000,1;favorable",
        ";;;Sous-total LECTURE;;;5 500,50;101 234,60;", header,
        '19-003;La Course Lente;Courir;Le sprot;Hors QPV;;"1.234,50";néant;Défavorable',
        '19-004;Club de Boules;Boules;Le sport;"RIVES, QUAIS ET PONTS ; Le Haut";;500;(250,00);Ajournée',
        ";;;Sous-total SPORT;;;1734,5;-250;", ";;;;;;;;", ";TOTAL GÉNÉRAL;;;;;7 235,00;100 984,60;", ";;;Consolidation au 31/12;;;;;",
    )  # fmt: skip
    proposal, cleaned = pasted(tmp_path, "suivi.csv", "\r\n".join(rows).encode("cp1252"))
    assert quarters(cleaned) == {
        "Lire au pied des tours": {"QP099001", "QP099003"},
        "Malle à livres": {"QP099001", "QP099002", "QP099003"},
        "Courir": {"HORS_QPV"},
        "Boules": {"QP099001", "QP099002"},
    }
    assert set(cleaned.actions["annee"]) == {2019}
    assert cleaned.controles["ecart"].abs().max() == 0
    assert money(cleaned)["retenu"] == 100_984.6
    assert money(cleaned, "demande")["retenu"] == 7_235
    assert "theme;Le sprot;sport;" in proposal
    assert dict(zip(cleaned.actions["titre"], cleaned.actions["statut"], strict=True))["Boules"] == "ajourné"


def yearly_sheets(workbook):
    decoy = workbook.add_worksheet("Lisez-moi")
    decoy.write_row(2, 0, ["Action", "Porteur", "Montant"])
    decoy.write_row(3, 0, ["Nom de l'action", "Nom du porteur", "En euros"])
    middle = workbook.add_format({"align": "center"})
    for year in (2020, 2021):
        sheet = workbook.add_worksheet(str(year))
        sheet.merge_range(0, 0, 0, 6, f"PROGRAMMATION {year}", middle)
        for place, title in enumerate(("Association", "Action", "Quartier(s)")):
            sheet.merge_range(2, place, 3, place, title, middle)
        sheet.merge_range(2, 3, 2, 5, "Financements", middle)
        sheet.write_row(3, 3, ["Demandé", "Accordé", "Versé"])
        sheet.merge_range(2, 6, 3, 6, "Décision", middle)
        for i in range(6):
            places = "Le Haut / L'Îlot" if i % 2 else "Rives, Quais et Ponts"
            state = ("OK", "Refus", "En attente")[i % 3]
            sheet.write_row(
                4 + i,
                0,
                [("Chorale", "Fanfare")[i % 2], f"Atelier {'ABCDEF'[i]}", places, 1000 + i, 500.5 + i, "", state],
            )
        sheet.write_row(10, 2, ["Total", 6015, 3018])
    recap = workbook.add_worksheet("Synthèse")
    recap.write_row(0, 0, ["Association", "Année", "Montant accordé"])
    recap.write_row(1, 0, ["Chorale", 2020, 1507.5])
    recap.write_row(2, 0, ["Fanfare", 2020, 1510.5])


def test_a_sheet_per_year_is_a_declaration_per_sheet_and_a_summary_is_set_aside(tmp_path):
    proposal, cleaned = pasted(tmp_path, "annees.xlsx", book(yearly_sheets))
    assert cleaned.actions.groupby("annee")["ligne"].nunique().to_dict() == {2020: 6, 2021: 6}
    assert money(cleaned)["retenu"] == 2 * 3018
    assert cleaned.controles["ecart"].abs().max() == 0
    assert set(cleaned.actions["statut"]) == {"accordé", "refusé", "ajourné"}
    assert '# feuille = "Synthèse"' in proposal
    assert "Synthèse" in cleaned.fichiers[0].pris_pour


def test_a_list_in_json_with_dates_of_every_kind(tmp_path):
    dates = ["2018-11-20", "20/11/2018", "43424", "MAI 2018", "01/01/18->30/09/18", "au printemps"]
    rows = [
        {"intitule": f"Projet {i}", "structure": "Chorale", "quartier": "QP099001;QP099003", "accorde": f"{i}234,5", "date_debut": date}
        for i, date in enumerate(dates, start=1)
    ]  # fmt: skip
    _, cleaned = pasted(tmp_path, "liste.json", json.dumps(rows, ensure_ascii=False))
    assert cleaned.actions.groupby("titre")["annee"].first().to_list()[:5] == [2018] * 5
    assert money(cleaned)["retenu"] == sum(i * 1000 + 234.5 for i in range(1, 7))
    assert cleaned.anomalies.set_index("colonne").loc["date", "brut"] == "au printemps"


def test_a_column_per_funder_the_cost_and_the_sum_of_funders_are_no_grant(tmp_path):
    amounts = [
        (1500, 2000, 500, 8000),
        (1200, 1000, 0, 4000),
        (900, 800, 100, 3000),
        (450, 650, 120, 2500),
        (330, 710, 140, 2100),
        (275, 915, 160, 1900),
    ]
    log = "Structure porteuse;Nom de l'action;Territoire;Etat;Ville;Métropole;Total;Coût;Remarques\n" + "".join(
        f"Chorale;Action {'ABCDEF'[i]};L'Îlot;{a};{b} €;{c};{a + b + c};{cost};vu\n" for i, (a, b, c, cost) in enumerate(amounts)
    )  # fmt: skip
    proposal, cleaned = pasted(tmp_path, "financeurs_2019.csv", log)
    funders = cleaned.actions.groupby("financeur")["accorde"].sum().to_dict()
    assert funders == {"Etat": 4655, "Ville": 6075, "Métropole": 1020}
    assert "doublerait" in proposal
    assert set(cleaned.actions["annee"]) == {2019}


def test_columns_of_amounts_that_bear_a_year_are_the_amounts_of_that_year(tmp_path):
    log = "Projet;Association;Quartier;Accordé 2019;Accordé 2020;Accordé 2021\n" + "".join(
        f"Projet {'ABCDEFGH'[i]};Chorale;Le Haut;{1000 + i};{1100 + i};\n" for i in range(8)
    )
    _, cleaned = pasted(tmp_path, "pluriannuel.csv", log + "\n")
    assert cleaned.actions.groupby("annee")["accorde"].sum().to_dict() == {2019: 8028, 2020: 8828}
    assert cleaned.actions["action"].nunique() == 8
    assert not cleaned.anomalies["colonne"].eq("annee").any()


def tracking(workbook):
    sheet = workbook.add_worksheet("Feuil1")
    day = workbook.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write(0, 0, "Tableau de bord")
    titles = "Dossier;Bénéficiaire;N° SIRET;Description;Secteur;Période;Date de commission;Mt demandé;Mt accordé;Mt N-1;Solde versé"
    sheet.write_row(3, 1, [*titles.split(";"), "Nb de bénéficiaires", "État du dossier"])
    sirets = ("83831012600027", "838 310 126", "8.3831E+13", "0838310126")
    periods = ("01/01/2019 - 31/12/2019", "2019", "septembre 2019 à juin 2020", "2019-2020")
    for i in range(8):
        line = 4 + i + i // 4
        place = ("Le Haut", "L'ilot", "Bas")[i % 3]
        carrier = ("CHORALE", "Fanfare ")[i % 2]
        sheet.write_row(line, 1, [f"D{i}", carrier, sirets[i % 4], f"Action numéro {i}", place, periods[i % 4]])
        sheet.write_datetime(line, 7, dt.datetime(2019, 3, 1 + i), day)  # noqa: DTZ001
        state = ("Soldé", "À justifier", "Annulée", "Non retenu")[i % 4]
        paid = f"{i}00,-" if i else "-"
        sheet.write_row(line, 8, [f"{2000 + i} €", 1000.25 + i, 900 + i, paid, f"{20 + i} jeunes", state])
    sheet.write(20, 2, "TOTAL")
    sheet.write(20, 9, 8030)


def test_damaged_numbers_of_carriers_periods_and_amounts_of_another_year(tmp_path):
    _, cleaned = pasted(tmp_path, "suivi.xlsx", book(tracking))
    actions = cleaned.actions.set_index("reference")
    assert set(actions["annee"]) == {2019}
    assert [actions.loc[f"D{i}", "siren"] for i in range(4)] == ["838310126", "838310126", "", ""]
    assert money(cleaned)["retenu"] == 8030
    assert money(cleaned, "rappel")["montant d'une autre année"] == 7228
    assert money(cleaned, "paye")["retenu"] == 2800
    assert cleaned.controles["ecart"].tolist() == [0]
    assert set(actions["statut"]) == {"terminé", "à justifier", "annulé", "refusé"}
    assert actions.loc["D3", "beneficiaires"] == 23


def merged(workbook):
    sheet = workbook.add_worksheet("Actions")
    sheet.write_row(1, 0, ["Porteur", "Action", "Année", "Quartier", "Montant accordé"])
    line = 2
    for carrier, count in (("Chorale", 3), ("Fanfare", 2), ("Club", 4)):
        for j in range(count):
            sheet.write_row(
                line, 0, [carrier if j == 0 else "", f"{carrier} {'ABCD'[j]}", 2020, "Le Haut", 100 * (j + 1)]
            )
            line += 1
        sheet.write_row(line, 0, [f"Total {carrier}", "", "", "", 50 * count * (count + 1)])
        line += 1


def test_a_carrier_written_once_for_several_rows_is_that_of_each(tmp_path):
    _, cleaned = pasted(tmp_path, "fusion.xlsx", book(merged))
    assert cleaned.actions["porteur"].value_counts().to_dict() == {"Club": 4, "Chorale": 3, "Fanfare": 2}
    assert cleaned.controles["ecart"].tolist() == [0, 0, 0]
    assert money(cleaned)["retenu"] == 1900


def test_headers_that_are_abbreviations(tmp_path):
    log = "ref,annee,nom_structure,libelle_action,code_qp,mt_dem,mt_att,mt_vers,statut_dossier\n" + "".join(
        f"R{i},{2017 + i % 3}.0,Chorale,Act {'ABCDEF'[i]},QP99001,{1000 + i},{500 + i}.50,{i}00,accepté\n"
        for i in range(6)
    )
    _, cleaned = pasted(tmp_path, "codes.csv", log)
    assert [money(cleaned, champ)["retenu"] for champ in ("demande", "accorde", "paye")] == [6015, 3018, 1500]
    assert set(cleaned.actions["qpv"]) == {"QP099001"}


def test_conventions_of_several_years_in_utf16_are_one_action_and_a_question(tmp_path):
    log = (
        "Année\tOrganisme\tObjet de la convention\tN° de convention\tMontant annuel voté\tQuartier prioritaire\n"
        + "".join(
            f"{year}\t{carrier}\tFaire vivre {carrier}\tCPO {carrier}\t1{FINE}2{i}0\tLe Haut & L’Îlot\n"
            for year in (2018, 2019, 2020)
            for i, carrier in enumerate(("Chorale", "Fanfare"))
        )
    )
    _, cleaned = pasted(tmp_path, "cpo.txt", log.encode("utf-16"))
    assert cleaned.actions["action"].nunique() == 2
    assert money(cleaned)["retenu"] == 3 * (1200 + 1210)
    assert set(cleaned.actions["qpv"]) == {"QP099001", "QP099003"}
    assert list(cleaned.propositions["genre"]) == ["convention", "convention"]


def test_a_row_that_an_unquoted_separator_shifts_is_told(tmp_path):
    log = "Projet;Asso;Quartier;Année;Accordé\n" + "".join(
        f"Projet {i};Chorale;Le Haut;2020;{i}500\n" for i in range(1, 6)
    )
    _, cleaned = pasted(tmp_path, "suivi.csv", log + "Jouer;Fanfare;Le Haut;L'Îlot;2020;700\n")
    told = cleaned.anomalies[cleaned.anomalies["probleme"].str.contains("plus de cellules")]
    assert told["ligne"].tolist() == [7]


@pytest.mark.parametrize("space", [" ", DURE, FINE, ETROITE])
def test_totals_without_a_word_or_in_a_column_of_amounts_are_totals(tmp_path, space):
    log = (
        "PROJET;ASSO;QUARTIER;DEMANDE;ACCORDE\nLire;Chorale;Le Haut;1;1500\nJouer;Chorale;Le Haut;1;2500\n"
        f";;;;4{space}000\nNager;Club;Le Haut;1;300\n;;;TOTAL;4{space}300\n"
    )
    _, cleaned = pasted(tmp_path, "suivi.csv", log)
    assert money(cleaned)["retenu"] == 4300
    assert cleaned.controles["ecart"].abs().max() == 0


def test_a_list_larger_than_the_contract_keeps_the_rows_of_its_communes(tmp_path):
    log = "Organisme;Objet;Montant voté 2019;Commune\nChorale;Chanter;500;ESSAI\nFanfare;Jouer;60;Ailleurs\nClub;Nager;7;\n"
    _, cleaned = pasted(tmp_path, "liste.csv", log)
    assert set(cleaned.actions["porteur"]) == {"Chorale", "Club"}
    assert money(cleaned) == {"lu": 567, "retenu": 507, "porteur d'une autre commune": 60}


def test_carriers_and_amounts_by_year_alone_are_a_log(tmp_path):
    log = "Nom de l'association;Direction;Subvention 2019;Subvention 2020\n" + "".join(
        f"Asso {'ABCDEF'[i]};DGA;{1000 + i};{2000 + i}\n" for i in range(6)
    )
    _, cleaned = pasted(tmp_path, "ville.csv", log)
    assert cleaned.actions.groupby("annee")["accorde"].sum().to_dict() == {2019: 6015, 2020: 12015}


def test_what_a_program_writes_of_a_missing_cell_is_a_blank(tmp_path):
    log = "nomAttribuant;nomBeneficiaire;idBeneficiaire;dateConvention;objet;montant;nature;quartier\n"
    log += "Département d'exemple;Les Tréteaux;NA;2021-03-01;NA;250.0;aide en numéraire;NA\n"
    log += "Département d'exemple;La Ruche;null;2021-03-02;Atelier;NA;aide en numéraire;nan\n"
    cleaned = clean(tmp_path, fichiers={"actions/a.csv": log}, contrat="")
    assert cleaned.actions["titre"].tolist() == ["(sans intitulé)", "Atelier"]
    assert cleaned.actions["accorde"].sum() == 250
    assert cleaned.anomalies["probleme"].str.startswith("action sans intitulé").all()


def test_the_description_of_what_is_funded_names_the_action(tmp_path):
    log = "beneficiaire,descriptif,montant\nLa Ruche,Atelier,1000.00\nLes Tréteaux,Festival,2500.50\nLe Fil,Chorale,300.00\n"
    _, cleaned = pasted(tmp_path, "2015_reserve.csv", log)
    assert set(cleaned.actions["titre"]) == {"Atelier", "Festival", "Chorale"}
    assert money(cleaned)["retenu"] == 3800.50
