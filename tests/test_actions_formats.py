"""Published formats met elsewhere: the current norm of subsidies, splits by quarter, lists of the programme 147, shared conventions."""

import pytest

from cvanalysis.actions.clean.lines import unbalanced
from test_actions_territory import clean

CLASSIQUE = (
    "nomAttribuant,idAttribuant,dateConvention,referenceDecision,nomBeneficiaire,idBeneficiaire,objet,montant,nature,"
    "datesPeriodeVersement,pourcentageSubvention"
)


def test_the_current_norm_of_subsidies_gives_asked_granted_status_and_convention(tmp_path):
    log = (
        "idSubvention;Nom_Attribuant;nomBeneficiaire;rnaBeneficiaire;exerciceBudgetaire;statutLabel;objet;montantDemande;montant;dispositif\n"
        "S1;Ville d'essai;Chorale;W1;2020;attribuée;Chanter;2000;1500;Éducation\n"
        "S1;Ville d'essai;Chorale;W1;2021;refusée;Chanter;2000;;Éducation\n"
    )
    actions = clean(tmp_path, fichiers={"actions/scdl.csv": log}, contrat="").actions
    assert list(actions["annee"]) == [2020, 2021]
    assert list(actions["statut"]) == ["accordé", "refusé"]
    assert list(actions["demande"]) == [2000, 2000]
    assert set(actions["convention"]) == {"S1"}
    assert set(actions["theme"]) == {"lecture"}  # its dispositif is a declared label
    assert actions["action"].nunique() == 1


def test_a_convention_shared_between_carriers_counts_each_share_once(tmp_path):
    log = f"{CLASSIQUE}\nEssai,1,2019-01-02,D1,Chorale,,Fête,1000,aide,2019-05-01,0.6\n"
    log += "Essai,1,2019-01-02,D1,Fanfare,,Fête,1000,aide,2019-05-01,0.4\n"
    cleaned = clean(tmp_path, fichiers={"actions/scdl.csv": log}, contrat="")
    assert sorted(cleaned.actions["accorde"]) == [400, 600]
    motifs = cleaned.argent.set_index("motif")["montant"]
    assert (motifs["lu"], motifs["retenu"], motifs["part d'autres bénéficiaires de la convention"]) == (
        2000,
        1000,
        1000,
    )
    assert unbalanced(cleaned.argent).empty


def test_a_percentage_that_shares_nothing_leaves_the_amount_whole_and_is_told(tmp_path):
    log = f"{CLASSIQUE}\nEssai,1,2019-01-02,D1,Chorale,,Fête,1000,aide,2019-05-01,0.05\n"
    cleaned = clean(tmp_path, fichiers={"actions/scdl.csv": log}, contrat="")
    assert list(cleaned.actions["accorde"]) == [1000]
    assert cleaned.anomalies["colonne"].eq("part").any()


@pytest.mark.parametrize("column", ["montant_ventillé", "ratio"])
def test_an_action_split_over_quarters_is_one_action_with_a_line_per_quarter(tmp_path, column):
    log = (
        f"annee_exercice,ref_action,ej,code_qpv,code_qpv24,{column},libellé action,siret\n"
        "2020,R1,E1,QP099001,,600,Lire,\n2020,R1,E1,QP099003,,400,Lire,\n2020,R2,E2,NR,,50,Courir,\n"
    )
    actions = clean(tmp_path, fichiers={"actions/qpv.csv": log}, contrat="").actions
    lire = actions[actions["titre"] == "Lire"]
    assert lire["edition"].nunique() == 1
    assert dict(zip(lire["qpv"], lire["accorde"], strict=True)) == {"QP099001": 600, "QP099003": 400}
    assert actions.loc[actions["titre"] == "Courir", "qpv"].item() == ""


def test_a_list_of_the_programme_147_leaves_other_programmes_out_and_reads_themes_by_their_label(tmp_path):
    log = (
        "Programme;Exercice;Bénéficiaire;SIRET;Objet;Thématique;Montant;Commune\n"
        "147;2019;Chorale;;Chanter;1.1 Éducation;1 000;Essai\n"
        "147;2019;Fanfare;;Jouer;1.4 Culture;500;Essai\n163;2019;Autre;;Autre;;900;Essai\n"
    )
    cleaned = clean(tmp_path, fichiers={"actions/p147.csv": log}, contrat="")
    assert dict(zip(cleaned.actions["titre"], cleaned.actions["theme"], strict=True)) == {
        "Chanter": "lecture",
        "Jouer": "hors",
    }
    motifs = cleaned.argent.set_index("motif")["montant"]
    assert motifs["autre programme budgétaire"] == 900


DECRET = (
    "Nom de l'attribuant;Identification de l'attribuant;Date de la convention de subvention (AAAA-MM-JJ);Référence de la décision;"
    "Nom du bénéficiaire*;Identification du bénéficiaire;Objet de la subvention;Montant total de la subvention;Nature de la subvention;"
    "Date ou période de versement;Montant du prêt\nDépartement;1;2014;;Chorale;;Chanter;1 234,50;aide en numéraire;2014;\n"
)


@pytest.mark.parametrize(
    ("log", "annee"),
    [
        (DECRET.encode("cp1252"), 2014),
        (
            'NOMATTRIBUANT,DATECONVENTION,NOMBENEFICIAIRE,OBJET,MONTANT,COMMUNE\n\nEssai,04/03/2019,Chorale,Chanter,"1234,50",Z\n',
            2019,
        ),
        (
            (
                "exercice;nomAttribuant;dateConvention;nom_bénéficiaire;id_bénéficiaire;Objet ;Montant ;nature\n"
                "2018;E;2017-12-04;Chorale;;Chanter;1234.5 €;x\n"
            ),
            2018,
        ),
        (
            (
                "dateConvention;referenceDecision;nomBeneficaire;objet;montant;nature;datesPeriodeVersement\n"
                ";D;Chorale;Chanter;1234,5;x;2019-05-14_2019-06-30\n"
            ),
            2019,
        ),
    ],
)
def test_the_norm_is_known_under_the_titles_that_publishers_give_it(tmp_path, log, annee):
    cleaned = clean(tmp_path, fichiers={"actions/x.csv": log}, contrat="")
    row = cleaned.actions.iloc[0]
    assert cleaned.fichiers[0].famille == "subventions SCDL"
    assert (row["titre"], row["porteur"], row["accorde"], row["annee"]) == ("Chanter", "Chorale", 1234.5, annee)


def test_a_year_that_no_column_says_is_that_of_the_title_and_it_is_told(tmp_path):
    log = "Subventions votées;;;;\nExercice 2017;;;;\nnomAttribuant;nomBeneficiaire;objet;montant;nature\nE;Chorale;Chanter;5;x\n"
    cleaned = clean(tmp_path, fichiers={"actions/x.csv": log}, contrat="")
    assert list(cleaned.actions["annee"]) == [2017]
    assert cleaned.anomalies["traitement"].str.contains("dans le titre du tableau").any()


def test_a_national_list_keeps_the_carriers_of_the_contract_s_communes_and_tells_the_others(tmp_path):
    log = (
        "Subventions de la politique de la ville - programme 147;;;;;;\n;;;;;;\n2019;;;;;;\n"
        "Bénéficiaire;SIRET;Objet;Montant;Commune;Département;Région\n"
        "Chorale;;Chanter;1 000;ESSAI CEDEX 2;99;Z\nFanfare;;Jouer;500;Ailleurs;99;Z\nClub;;Nager;70;Essai;98 - Loin;Z\n"
    )
    cleaned = clean(tmp_path, fichiers={"actions/p147.csv": log}, contrat="")
    assert cleaned.actions[["porteur", "annee", "type_credit"]].to_numpy().tolist() == [["Chorale", 2019, "spécifique"]]
    motifs = cleaned.argent.set_index("motif")["montant"]
    assert (motifs["retenu"], motifs["porteur d'une autre commune"]) == (1000, 570)
    assert unbalanced(cleaned.argent).empty


def test_the_log_of_a_team_that_speaks_of_the_programme_147_is_not_taken_for_the_list_of_the_state(tmp_path):
    log = "Programme 147 en 2019;;;;;\nBénéficiaire;SIRET;Objet;Montant;Quartier;Décision du comité\nChorale;;Chanter;5;Le Haut;Refusé\n"
    cleaned = clean(tmp_path, fichiers={"actions/suivi.csv": log}, contrat="")
    assert [problem.fichier for problem in cleaned.illisibles] == ["actions/suivi.csv"]


def test_the_national_base_of_actions_keeps_our_contract_and_reads_its_theme_as_a_pillar(tmp_path):
    log = (
        "Numéro de l'action PRJ;Libellé de l'action;Raison sociale longue;Type de tiers;Code contrat ville;Thème;Sous-thèmes;Mt engagé\n"
        "P1;Chanter;CHORALE;Asso;CV999;1 Cohésion sociale;1.1 Éducation;1000\nP2;Jouer;F;Asso;CV001;1 Cohésion sociale;1.4 Culture;20\n"
        "P3;Nager;F;Asso;;1 Cohésion sociale;1.4 Culture;3\n"
    )
    cleaned = clean(tmp_path, fichiers={"actions/base_2020.csv": log}, contrat="")
    row = cleaned.actions.iloc[0]
    assert (len(cleaned.actions), row["theme"], row["pilier"], row["annee"]) == (1, "lecture", "social", 2020)
    motifs = cleaned.argent.set_index("motif")["montant"]
    assert (motifs["autre contrat de ville"], motifs["contrat de ville non renseigné"]) == (20, 3)


def test_titles_that_bear_the_year_are_known_without_it_and_the_year_is_read_there(tmp_path):
    log = (
        "Ministère en 2019;Programme en 2019;Association;SIREN;Subvention 2019 (en euros);Département;Ville;Objet de la subvention\n"
        "Ville;147;CHORALE;838310126;1200;99;ESSAI;Chanter\nSport;219;CLUB;;300;99;ESSAI;Nager\n"
    )
    cleaned = clean(tmp_path, fichiers={"actions/jaune.csv": log}, contrat="")
    assert cleaned.actions[["porteur", "annee", "accorde"]].to_numpy().tolist() == [["CHORALE", 2019, 1200]]
