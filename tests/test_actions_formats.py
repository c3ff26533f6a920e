"""Published formats met elsewhere: the current norm of subsidies, splits by quarter, lists of the programme 147, shared conventions."""

from __future__ import annotations

import pytest

from cvanalysis.ingest.action_money import unbalanced
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
    motifs = cleaned.compte.set_index("motif")["montant"]
    assert (motifs["lu"], motifs["retenu"], motifs["part d'autres bénéficiaires de la convention"]) == (
        2000,
        1000,
        1000,
    )
    assert unbalanced(cleaned.compte).empty


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
        "Programme;Exercice;Bénéficiaire;SIRET;Objet;Thématique;Montant\n147;2019;Chorale;;Chanter;1.1 Éducation;1 000\n"
        "147;2019;Fanfare;;Jouer;1.4 Culture;500\n163;2019;Autre;;Autre;;900\n"
    )
    cleaned = clean(tmp_path, fichiers={"actions/p147.csv": log}, contrat="")
    assert dict(zip(cleaned.actions["titre"], cleaned.actions["theme"], strict=True)) == {
        "Chanter": "lecture",
        "Jouer": "hors",
    }
    motifs = cleaned.compte.set_index("motif")["montant"]
    assert motifs["autre programme budgétaire"] == 900
