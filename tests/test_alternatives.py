"""What is heard of a figure: its kind, its number, its message, and where the numbers are; what is read under it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser.exemples import FIGURES, ICI, constat
from cvanalysis.constat.shape import Figure, Point, Serie, Valeur
from cvanalysis.display.alternatives import WORDS, describe, notes

LINES = FIGURES["lignes"]


@pytest.mark.parametrize("genre", FIGURES)
def test_an_alternative_says_kind_number_message_and_where_the_numbers_are(genre):
    text = describe(FIGURES[genre], "Le taux baisse depuis 2013.", f"QP999001-{genre}-01")
    assert f"QP999001-{genre}-01\u00a0: Le taux baisse depuis 2013. Mêmes données au tableau." in text
    assert "\u00a0\u00a0" not in text.replace("\u202f", "\u00a0")


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=600))
def test_an_alternative_has_twenty_five_words_at_most_whatever_the_message(message):
    assert len(describe(LINES, message, "QP999001-taux-01").split()) <= WORDS


def test_two_findings_with_the_same_message_have_each_their_alternative():
    one, other = (describe(LINES, "mot " * 60, ident) for ident in ("QP999001-taux-01", "QP999001-taux-02"))
    assert one != other
    assert "…" in one


def test_a_cut_line_says_where_and_why():
    assert any("avant 2018" in note and "la source a changé" in note for note in notes(LINES))


def test_what_a_figure_does_not_draw_is_named_with_its_reason():
    said = notes(FIGURES["points"])
    assert said == ["Sans chiffre (non diffusé)\u00a0: Quartier n° 5."] or "Quartier n°" in said[0]
    assert notes(FIGURES["points-absent"]) == []  # the drawing itself says it
    assert any("Hommes" in note for note in notes(FIGURES["paires"]))


def test_a_long_list_of_absences_is_counted_beyond_six_names():
    gone = tuple(Point(f"Zone {n}", Valeur(None, "secret")) for n in range(9))
    here = Serie("Ici", "sujet", (Point(ICI, Valeur(1.0)),))
    said = notes(Figure("points", "Taux", (here, Serie("Autres", "autre", (*gone, Point("Zone 10", Valeur(2.0)))))))
    assert said == [
        "Sans chiffre (secret statistique)\u00a0: Zone 0, Zone 1, Zone 2, Zone 3, Zone 4, Zone 5 et 3 autres."
    ]


def test_shades_are_explained_by_their_ends():
    assert any("Du plus clair (20,0\u00a0%)" in note for note in notes(FIGURES["matrice"]))
    assert constat("matrice").figure is FIGURES["matrice"]
