"""A préconisation stands on evidence of two kinds; what lacks it, and what nobody took up, is said."""

import pandas as pd
import pytest

from cvanalysis.display.phrases import write
from cvanalysis.pages.preconisations import find_recommendations, read_recommendations, without_recommendation
from cvanalysis.paroles.clean.companions import read_companions
from cvanalysis.territory.contract import read_territory

PAROLES = pd.DataFrame({"codes": ["locaux|dossiers"]})
CODES = pd.DataFrame({"code": ["locaux", "muet"], "nom": ["Des locaux", "Jamais dit"]})
IMMERSIONS = pd.DataFrame({"immersion": ["I1"], "vu": ["Une matinée."]})


def one(preuves, **more):
    row = dict.fromkeys(("id", "theme", "question", "preconisation", "constats", "statut"), "x") | {
        "exemple": False,
        "qui": "a",
        "echeance": "b",
        "suivi": "c",
        "depart": "d",
        "cible": "e",
    }
    frame = pd.DataFrame([row | {"preuves": preuves} | more])
    (found,) = read_recommendations(
        frame, PAROLES, CODES, IMMERSIONS, {"QP044006-revenus-03"}, {"E01": "Ouvrir un lieu"}
    )
    return found


@pytest.mark.parametrize(
    ("preuves", "founded"),
    [
        ("parole:locaux|immersion:I1", True),
        ("chiffre:QP044006-revenus-03|action:E01", True),
        ("parole:locaux|parole:locaux", False),
        ("parole:muet|immersion:I1", False),
        ("chiffre:QP999999-revenus-03|action:E01", False),
        ("rumeur:voisin|parole:locaux", False),
        ("", False),
    ],
)
def test_two_kinds_of_known_evidence_are_needed(preuves, founded):
    found = one(preuves)
    assert found.fondee == founded
    assert bool(found.manque) != founded


def test_a_missing_link_of_the_chain_is_said():
    assert one("parole:locaux|immersion:I1", qui="", suivi="").manque == (
        "qui n'est pas dit",
        "à quoi on le verra n'est pas dit",
    )


def test_findings_that_no_recommendation_takes_up_are_listed():
    taken = one("parole:locaux|immersion:I1|chiffre:QP044006-revenus-03", constats="a-voix-02")
    assert without_recommendation([taken], {"a-voix-02": "", "QP044006-revenus-03": "", "b-voix-01": ""}) == (
        "b-voix-01",
    )


def test_the_example_shows_what_is_founded_and_what_is_not(brut):
    territory = read_territory(brut)
    files = read_companions(territory)
    heard = pd.DataFrame({"codes": ["|".join(files.codes["code"])]})
    found = read_recommendations(files.preconisations, heard, files.codes, files.immersions)
    chain, weak, left = find_recommendations(found, territory, "", {"x-voix-01": "Un constat"})
    assert write(chain.message) == "5 préconisations sur 7 s’appuient sur au moins deux sortes de preuves"
    assert [line[0].texte for line in weak.table.lignes] == ["R6", "R7"]
    assert [line[0].texte for line in left.table.lignes] == ["x-voix-01"]


def test_no_recommendation_yet_is_said(brut):
    territory = read_territory(brut)
    (finding,) = find_recommendations((), territory, territory.themes[0].id)
    assert finding.figure is None
    assert finding.manques
