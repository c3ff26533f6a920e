"""A préconisation stands on evidence of two kinds; what lacks it, and what nobody took up, is said."""

from html import unescape

import pandas as pd
import pytest

from cvanalysis.display.composants import composants
from cvanalysis.display.phrases import write
from cvanalysis.french import typeset
from cvanalysis.pages.preconisations import KINDS, find_recommendations, read_recommendations, without_recommendation
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
        frame, PAROLES, CODES, IMMERSIONS, {"QP044006-revenus-03": "Un constat"}, {"E01": "Ouvrir un lieu"}
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


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ("2023-06", "juin 2023 (échéance passée)"),
        ("2026-06", "juin 2026"),
        ("2025", "2025 (échéance passée)"),
        ("2026-06-29", "29/06/2026 (échéance passée)"),
        ("au printemps", "au printemps"),
        ("", ""),
    ],
)
def test_a_term_that_is_past_on_the_day_of_the_edition_says_so(term, told):
    frame = pd.DataFrame([dict.fromkeys(("id", "theme", "question", "preconisation", "constats", "statut"), "x")])
    frame = frame.assign(exemple=False, qui="", echeance=term, suivi="", depart="", cible="", preuves="")
    (found,) = read_recommendations(frame, PAROLES, CODES, IMMERSIONS, jour="2026-06-30")
    assert found.echeance == told


def test_evidence_is_named_as_one_of_a_list():
    read = pd.DataFrame({"immersion": ["I1"], "vu": ["Deux heures à l'accueil."]})
    frame = pd.DataFrame([dict.fromkeys(("id", "theme", "question", "preconisation", "constats", "statut"), "x")])
    frame = frame.assign(exemple=False, qui="", echeance="", suivi="", depart="", cible="", preuves="immersion:I1")
    (found,) = read_recommendations(frame, PAROLES, CODES, read)
    assert [one.nom for one in found.preuves] == ["Deux heures à l'accueil"]


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
    heard = pd.DataFrame({"codes": ["|".join(files.tables["codes"]["code"])]})
    found = read_recommendations(
        files.tables["preconisations"], heard, files.tables["codes"], files.tables["immersions"]
    )
    chain, weak, left = find_recommendations(found, territory, "", {"x-voix-01": "Un constat"})
    assert write(chain.message) == "5 préconisations sur 7 s’appuient sur deux sortes de preuves au moins"
    assert [line[-1].texte for line in weak.table.lignes] == ["R6", "R7"]
    assert [line[-1].texte for line in left.table.lignes] == ["x-voix-01"]


def test_no_recommendation_yet_is_said(brut):
    territory = read_territory(brut)
    (finding,) = find_recommendations((), territory, territory.themes[0].id)
    assert finding.figure is None
    assert finding.manques


def test_each_bears_its_indicator_its_starting_value_its_target_and_a_date_that_is_said(brut):
    files = read_companions(read_territory(brut))
    found = read_recommendations(
        files.tables["preconisations"], pd.DataFrame(), files.tables["codes"], files.tables["immersions"]
    )
    page = str(composants("ensemble.html.j2").preconisations(found, KINDS, {}, {}))
    cards = page.split("<li id=")[1:]
    assert len(cards) == 7
    for one, card in zip(found, cards, strict=True):
        for said in (one.suivi, one.depart or "pas encore dit", one.cible or "pas encore dit"):
            assert typeset(said) in unescape(card)
    assert "12\xa0% en 2022 (exemple)" in cards[0]
    assert "juin 2023" in cards[0]


def test_a_code_is_the_only_label_of_nothing(brut):
    territory = read_territory(brut)
    files = read_companions(territory)
    found = read_recommendations(
        files.tables["preconisations"], pd.DataFrame(), files.tables["codes"], files.tables["immersions"]
    )
    titles = {"associations-actions-01": "Neuf actions", "scolarite-besoins-01": "Des enfants jeunes"}
    chain, _, left = find_recommendations(found, territory, "", {"x-voix-01": "Un constat"}, titles)
    first = [cell.texte for cell in chain.table.lignes[0]]
    assert first[0].startswith("Signer des conventions")
    assert first[4] == "Neuf actions ; constat associations-voix-02"
    assert "Chiffre : Des enfants jeunes" in chain.table.lignes[2][3].texte
    assert left.table.lignes[0][0].texte == "Un constat"


@pytest.mark.parametrize("numero", [0, 1, 2])
def test_nothing_written_is_never_told_as_done(brut, numero):
    said = write(find_recommendations((), read_territory(brut), "", {})[numero].message)
    assert "aucun" in said.casefold()
    assert "chaque" not in said.casefold()
