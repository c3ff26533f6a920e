"""The one maker of findings: what a finding does not say itself, its block of texts says."""

import pytest

from cvanalysis import textes
from cvanalysis.constat.make import Grid, bars, count, make, nothing
from cvanalysis.constat.shape import Figure, Message, Point, Serie, word

BLOCK = {
    "variantes": ["{{ total }} réunions"],
    "question": "Quand s'est-on réuni ?",
    "sous_titre": "Réunions depuis {debut}",
    "axe": "Réunions, {debut}",
    "colonnes": ["Année", "Réunions", "Où"],
    "precautions": ["Rien avant {debut}.", "commun.sans_cause"],
    "manque": "Rien depuis {debut}.",
}
VALUES = {"total": 3, "debut": 2015}
LINES = {"2015": (count(1), word("Ici")), "2016": (count(2), word("Là"))}


@pytest.fixture(autouse=True)
def blocks(monkeypatch):
    found = {
        "recit": {"instances": BLOCK, "seul": {}},
        "commun": {"sans_cause": "Rien ici ne dit que l'un vient de l'autre."},
    }
    monkeypatch.setattr(textes, "pages", lambda: found)


def test_a_finding_takes_its_texts_from_its_block_with_the_values_in_place():
    found = make("recit-instances-01", Message("recit.instances", VALUES), grid=Grid("barres", LINES), champ="Ici")
    assert (found.question, found.sous_titre, found.champ, found.section) == (
        "Quand s'est-on réuni ?", "Réunions depuis 2015", "Ici", "instances",
    )  # fmt: skip
    assert found.precautions == ("Rien avant 2015.", "Rien ici ne dit que l'un vient de l'autre.")
    assert found.figure == bars("Réunions, 2015", "Réunions", {"2015": count(1), "2016": count(2)})
    assert found.table.colonnes == ("Année", "Réunions", "Où")
    assert found.table.lignes[1] == (word("2016"), count(2), word("Là"))


def test_what_is_given_stands_before_what_the_block_says():
    found = make("a-b-01", Message("recit.instances", VALUES), question="Combien ?", figure=bars("Axe", "Nom", {}))
    assert (found.question, found.figure.axe) == ("Combien ?", "Axe")


def test_a_matrix_draws_one_series_per_label():
    grid = Grid("matrice", {"Nord": (count(1), count(0))}, roles=("autre",), colonnes=("Quartier", "Emploi", "Santé"))
    found = make("a-b-01", Message("recit.instances", VALUES), grid=grid)
    points = (Point("Emploi", count(1)), Point("Santé", count(0)))
    assert found.figure == Figure("matrice", "Réunions, 2015", (Serie("Nord", "autre", points),))


def test_a_finding_about_nothing_says_what_is_missing():
    found = nothing("a-b-01", "recit.instances", VALUES)
    assert list(found.manques) == ["Rien depuis 2015."]
    assert (found.figure, found.table) == (None, None)


def test_a_finding_that_asks_nothing_is_refused():
    with pytest.raises(KeyError, match="no question"):
        make("a-b-01", Message("recit.seul"))
