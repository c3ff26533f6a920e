"""The declaration that `check` proposes for an unknown log reads back, and reads the log as the hand-written one does."""

import tomllib

import pandas as pd

from cvanalysis.actions.clean.propose import propose_all, propose_journal
from test_actions_territory import ENTETE, clean, write_contract

ROWS = (
    "Lire ensemble;Les Livres du Palier;La lecture;Le Haut, L'Îlot;2019;03/04/2019;Mairie (essai);1 000;800,50 €;Favorable;40;E1",
    "Courir;La Course Lente;Le sport;Rives, Quais et Ponts;2020;;Préfecture (essai);2000;1500;Non retenu;25;",
)
LOG = "Suivi du contrat\n;;;;;;;;;;;\n" + "\n".join([ENTETE, *ROWS, "Total;;;;;;;3000;2300,5;;;"]) + "\n"


def test_the_proposal_pasted_into_the_contract_reads_the_log_as_declared_by_hand(tmp_path):
    territory = write_contract(tmp_path / "a", {"actions/journal.csv": LOG}, contrat="")
    proposal = propose_all(territory, ["actions/journal.csv"])
    assert tomllib.loads(proposal)
    proposed = clean(tmp_path / "b", fichiers={"actions/journal.csv": LOG}, contrat=proposal)
    by_hand = clean(tmp_path / "c", fichiers={"actions/journal.csv": LOG})
    columns = [
        "titre",
        "porteur",
        "annee",
        "qpv",
        "part",
        "theme",
        "demande",
        "accorde",
        "statut",
        "beneficiaires",
        "ligne",
    ]
    pd.testing.assert_frame_equal(proposed.actions[columns], by_hand.actions[columns])


def test_columns_of_amounts_that_bear_a_funder_s_name_are_proposed_as_funders(tmp_path):
    log = "Projet;Structure;Ville d'Essai;Caisse\n" + "".join(
        f"Action {i};Chorale;{500 + i};{900 + 7 * i} €\n" for i in range(12)
    )
    territory = write_contract(tmp_path, {"actions/j.csv": log}, contrat="")
    proposal = tomllib.loads(propose_all(territory, ["actions/j.csv"]))
    (block,) = next(iter(proposal.values()))
    assert [f["colonne"] for f in block["financements"]] == ["Ville d'Essai", "Caisse"]


def test_words_to_translate_are_in_the_proposal_as_comments(tmp_path):
    log = ENTETE + "\n" + ROWS[0].replace("Favorable", "OK comité").replace("La lecture", "Danse") + "\n"
    territory = write_contract(tmp_path, {"actions/j.csv": log}, contrat="")
    proposal = propose_all(territory, ["actions/j.csv"])
    assert '# "OK comité" = ' in proposal
    assert "theme;Danse;exclu" in proposal


def test_hostile_headers_make_a_proposal_that_still_reads_back(tmp_path):
    log = 'Action;Porteur;Montant "accordé" \\ ]] = x;Année\nLire;Chorale;12;2019\nCourir;Chorale;120;2020\n'
    territory = write_contract(tmp_path, {"actions/j.csv": log}, contrat="")
    assert tomllib.loads(propose_all(territory, ["actions/j.csv"]))


def test_what_is_no_log_has_a_block_to_fill_in_that_declares_nothing(tmp_path):
    territory = write_contract(tmp_path, {"actions/j.csv": "x;y\n1;2\n"}, contrat="")
    proposal = propose_journal(tmp_path / "actions" / "j.csv", "actions/j.csv", territory)
    assert (tomllib.loads(proposal), '# "x" = "?"' in proposal) == ({}, True)


def proposed(folder, log):
    territory = write_contract(folder, {"actions/j.csv": log}, contrat="")
    return propose_all(territory, ["actions/j.csv"])


def test_the_debit_and_the_credit_of_a_ledger_are_asked_about_and_neither_is_money(tmp_path):
    rows = [f"65748;0{i}/04/2021;Chorale;Action {i};{i}200,50;" for i in range(1, 9)]
    rows += [f"65748;0{i}/05/2021;Chorale;Annulation {i};;{i}100,25" for i in range(1, 9)]
    proposal = proposed(tmp_path, "\n".join(["Compte;Date;Tiers;Libellé;Débit;Crédit", *rows]) + "\n")
    (block,) = next(iter(tomllib.loads(proposal).values()))
    assert set(block["colonnes"].values()) == {"date", "porteur", "action"}
    assert ("financements" in block, proposal.count("débit moins son crédit")) == (False, 2)


def test_a_column_of_yes_and_no_is_the_decision_only_where_its_title_says_so(tmp_path):
    rows = "".join(f"Action {i};Chorale;2021;{500 + i},50;{'ON'[i % 2]};{'ON'[i % 3 > 0]}\n" for i in range(8))
    proposal = proposed(tmp_path, "Projet;Association;Année;Montant accordé;Bilan reçu;Retenu (O/N)\n" + rows)
    (block,) = next(iter(tomllib.loads(proposal).values()))
    assert block["colonnes"].get("Retenu (O/N)") == "statut"
    assert "Bilan reçu" not in block["colonnes"]


def test_a_pivot_table_is_refused_in_one_sentence_that_says_what_to_drop_instead(tmp_path):
    log = "Étiquettes de lignes;Somme de Montant accordé\nChorale;900\n  Lire;400\n  Courir;500\nTotal général;900\n"
    proposal = proposed(tmp_path, log)
    assert (tomllib.loads(proposal), "tableau croisé dynamique" in proposal) == ({}, True)
