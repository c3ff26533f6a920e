"""What is heard of a figure: the values that matter, never a number run into a name."""

from __future__ import annotations

from cvanalysis.constat.shape import Figure, Point, Serie, Valeur
from cvanalysis.display.alternatives import describe_figure


def serie(nom, role, **values):
    """A series from names (`_` for a space) to values, or to numbers of people."""
    return Serie(nom, role, tuple(Point(name.replace("_", " ").strip(), people(n)) for name, n in values.items()))


def people(n):
    return n if isinstance(n, Valeur) else Valeur(float(n), unite="personnes")


ABSENT = Valeur(None, "non_disponible", "personnes")
MANY = {f"_{year}": year for year in range(1950, 2000)}


def test_a_name_that_ends_with_a_figure_is_not_run_into_the_value():
    text = describe_figure(Figure("points", "Emploi", (serie("Quartiers", "autre", Le_Port_18=407, Bas_Bourg=9),)))
    assert "407\u00a0personnes (Le Port 18), 9\u00a0personnes (Bas Bourg)" in text


def test_a_long_line_is_told_by_its_published_ends():
    line = serie("Ville", "epci", **{**MANY, "_1950": ABSENT, "_1999": ABSENT})
    text = describe_figure(Figure("lignes", "Emploi", (serie("Ormes", "sujet", **MANY), line)))
    assert "Ville\u00a0: 1\u202f951\u00a0personnes en 1951, 1\u202f998\u00a0personnes en 1998" in text
    assert "non disponible" not in text


def test_a_line_without_any_value_says_why():
    line = serie("Ville", "epci", **dict.fromkeys(MANY, ABSENT))
    assert "Ville\u00a0: non disponible en 1999" in describe_figure(
        Figure("lignes", "Emploi", (serie("Ormes", "sujet", **MANY), line))
    )


def test_long_pairs_tell_both_values_of_the_subject_and_the_ends_of_each_side():
    names = {f"Quartier_au_nom_bien_long_{'abcdefghijklmnopqrstuvwxyz'[n]}": n + 1 for n in range(26)}
    pair = (serie("Femmes", "femmes", **names), serie("Hommes", "hommes", **{k: 100 + v for k, v in names.items()}))
    text = describe_figure(Figure("paires", "Emploi", pair, sujet="Quartier au nom bien long c"))
    assert "Femmes\u00a0: Quartier au nom bien long c 3\u00a0personnes" in text
    assert "Hommes\u00a0: Quartier au nom bien long c 103\u00a0personnes" in text
    assert "De 1\u00a0personne (Femmes" in text
    assert "De 101\u00a0personnes (Hommes" in text


def test_a_doubtful_value_is_counted_as_such():
    names = {f"Quartier_au_nom_bien_long_{'abcdefghijklmnopqrstuvwxyz'[n]}": n + 1 for n in range(26)}
    names["Doute"] = Valeur(900.0, "suspect", "personnes")
    text = describe_figure(Figure("points", "Emploi", (serie("Quartiers", "autre", **names),)))
    assert "26 valeurs, 1 douteuse" in text


def test_a_subject_is_told_year_by_year_and_the_break_of_its_source_is_heard():
    short = {f"_{year}": year for year in range(2010, 2020)}
    lines = (serie("Ormes", "sujet", **short), *(serie(f"Ville {c}", "epci", **short) for c in "abcd"))
    text = describe_figure(Figure("lignes", "Emploi", lines, ruptures=("2019",)))
    assert "coupées avant 2019" in text
    assert "2\u202f015\u00a0personnes en 2015" in text
    assert text.count("en 2015") == 1
    assert text.count("en 2010") == 5
