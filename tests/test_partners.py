"""Partners: one partner under several names, where it was expected, and what is wrong in its declaration."""

import pytest

from cvanalysis.errors import DeclarationError
from cvanalysis.files.keys import carrier_key
from cvanalysis.pages.partenaires import Partners
from test_actions_territory import FICHIERS, Tables, clean


def test_a_partner_is_found_under_each_of_its_names(tmp_path):
    rows = [
        f"Lire {i};{name};;Le Haut;2020;;;;5;Favorable;;"
        for i, name in enumerate(["LIVRES PALIER", "les livres du  palier", "Asso. Livres du palier"])
    ]
    actions = clean(tmp_path, *rows).actions
    assert set(actions["partenaire"]) == {"livres"}
    assert set(actions["porteur"]) == {"Les Livres du Palier"}


def test_a_partner_is_found_by_its_siren_when_its_name_is_not_known(tmp_path):
    partners = FICHIERS["partenaires.csv"].replace(
        "course;La Course Lente;assos;;;", "course;La Course Lente;assos;;005520135;"
    )
    contract = '[[actions]]\nfichier = "actions/j.csv"\n[actions.colonnes]\n"Action" = "action"\n"Porteur" = "porteur"\n"SIREN" = "siret"\n'
    cleaned = clean(
        tmp_path,
        fichiers={"actions/j.csv": "Action;Porteur;SIREN\nCourir;C. L.;5520135\n", "partenaires.csv": partners},
        contrat=contract,
    )
    assert cleaned.actions["porteur"].item() == "La Course Lente"


def test_quarters_and_years_of_a_partner_are_read(tmp_path):
    table = clean(tmp_path, contrat="").partenaires.set_index("id")
    assert table.loc["course", "quartiers"] == "QP099001|QP099002|QP099003"
    assert table.loc["livres", "debut"] == 2019
    assert table["debut"].isna()["prefecture"]


def test_a_name_for_two_partners_and_unknown_words_are_refused_together(tmp_path):
    partners = FICHIERS["partenaires.csv"] + "livres2;LIVRES PALIER;mairie;;123;danse;QP1;demain;\n"
    with pytest.raises(DeclarationError) as raised:
        clean(tmp_path, fichiers={"partenaires.csv": partners}, contrat="")
    for word in ("LIVRES PALIER", "mairie", "123", "danse", "QP1", "demain"):
        assert word in str(raised.value)


def test_the_list_of_partners_holds_those_without_any_action(tmp_path):
    cleaned = clean(tmp_path, "Lire;Les Livres du Palier;;Le Haut;2020;;Préfecture (essai);;5;Favorable;;")
    from cvanalysis.territory.contract import read_territory

    rows = {
        line[0].texte: (line[2].valeur, line[3].valeur)
        for line in Partners(Tables.of(cleaned), read_territory(tmp_path)).liste.lignes
    }
    assert rows == {"Les Livres du Palier": (1, 0), "La Course Lente": (0, 0), "Préfecture (essai)": (0, 1)}


def test_the_points_of_an_acronym_say_nothing():
    assert carrier_key("C.A.F. 44") == carrier_key("CAF 44") == carrier_key("C. A. F. 44")
