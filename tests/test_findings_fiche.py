"""The findings of a fiche: the message fits the data, and what is missing is said."""

import pickle
from dataclasses import replace

import pytest

from cvanalysis.catalogue import load_catalogue
from cvanalysis.display import phrases
from cvanalysis.display.blocs import show_neighbours
from cvanalysis.display.composants import composants
from cvanalysis.errors import UsageError
from cvanalysis.pages.quartier import Fiche
from cvanalysis.pages.synthese import Synthese
from findings_monde import COMMUNE, EPCI, QPV, A, B, C, D, E, F, Reader, catalogue, everywhere, obs, territory

TOTALS = {row.sur for row in load_catalogue().tableau if row.sur in load_catalogue().indicateurs}
ZONES = (EPCI, COMMUNE, QPV)
OTHERS = (B, C, D, E, F)


def finding(declaration, observations, code=A, **more):
    declared = declaration if declaration.count(";") == 3 else f"revenus-01;revenus;{declaration}"
    found = Fiche(Reader(observations), territory(**more), catalogue(declared), code)
    return found.constat(declared.split(";")[0])


def said(declaration, observations, **more):
    return phrases.write(finding(declaration, observations, **more).message)


def two_years(own, other, years=(2014, 2018), **more):
    """The quarter's and the EPCI's values of two years."""
    return [
        obs(zone, millesime=year, valeur=value, **more)
        for zone, values in ((A, own), (EPCI, other))
        for year, value in zip(years, values, strict=True)
    ]


def four_years(own, other):
    """The same twice, two years apart: both pairs of years agree."""
    return [*two_years(own, other), *two_years(own, other, (2012, 2016))]


def cells(table):
    return [[phrases.say(value) for value in line] for line in table.lignes]


# --------------------------------------------------------------------------------------------------------------- niveau


@pytest.mark.parametrize(
    ("value", "expected"), [(40, "niveau_dessus"), (10, "niveau_dessous"), (20.4, "niveau_proche")]
)
def test_a_level_is_above_below_or_close_to_the_epci(value, expected):
    rows = [*everywhere("taux_emploi", [value, 30, 31, 32, 33, 34]), obs(EPCI, "taux_emploi", valeur=20)]
    assert finding("niveau;taux_emploi", rows).message.gabarit == f"quartier.{expected}"


def test_a_level_shows_the_gap_with_each_comparator_of_the_same_year_only():
    rows = [
        *everywhere("taux_pauvrete", [40, 30, 31, 32, 33, 34]),
        obs(EPCI, valeur=15),
        obs(COMMUNE, valeur=18, millesime=2014),
    ]
    found = finding("niveau;taux_pauvrete", rows)
    table = {line[0]: line[1:] for line in cells(found.table)}
    assert table["Valmétropole"] == ["15\u00a0%", "25\u00a0points", "2,7"]
    assert table["Orville"] == ["non disponible"] * 3
    assert any("Orville" in manque and "2014" in manque for manque in found.manques)


def test_a_level_goes_back_to_a_year_shared_with_a_comparator_and_says_that_a_newer_figure_exists():
    rows = [obs(valeur=41, millesime=2021), obs(valeur=40, millesime=2019), obs(EPCI, valeur=15, millesime=2019)]
    found = finding("niveau;taux_pauvrete", rows)
    assert found.sous_titre.endswith("2019")
    (newer,) = (manque for manque in found.manques if "plus récent" in manque)
    assert newer.startswith(
        "« taux de pauvreté à 60\u00a0% » : un chiffre plus récent existe pour le quartier, en 2021,"
    )


def test_a_newer_figure_of_a_likely_year_says_so_without_a_parenthesis_inside_another():
    rows = [
        *everywhere("part_menages_1", [40, 41, 42, 43, 44, 45], 2010, source="rp"),
        *everywhere("part_menages_1", [50, 51, 52, 53, 54, 55], None, publication=2019, source="rp"),
        obs(EPCI, "part_menages_1", None, 44.0, publication=2022, source="rp"),
    ]
    found = finding("niveau;part_menages_1", rows)
    texts = [*found.manques, *(line[0] for line in cells(found.table))]
    assert any("probable" in text for text in texts)
    assert not any("))" in text for text in texts)


def test_a_quarter_whose_last_figure_is_older_than_the_others_is_not_said_to_have_a_newer_one():
    rows = [
        obs(A, "part_menages_1", 2010, 40.0, source="rp"),
        *everywhere("part_menages_1", [41, 42, 43, 44, 45], 2016, zones=(B, C, D, E, F), source="rp"),
    ]
    for kind in ("niveau", "rang"):
        found = finding(f"{kind};part_menages_1", rows)
        assert not any("plus récent" in manque for manque in found.manques)


def test_the_employment_of_all_and_that_of_women_are_told_of_one_year():
    rows = [
        *everywhere("taux_emploi", [40, 41, 42, 43, 44, 45], 2017),
        *everywhere("taux_emploi", [40, 41, 42, 43, 44, 45], 2018),
        *everywhere("taux_emploi_femmes", [35, 36, 37, 38, 39, 40], 2017),
        obs(B, "taux_emploi_femmes", 2018, 36.0),
        obs(EPCI, "taux_emploi", 2018, 65.0),
    ]
    declared = catalogue(
        "emploi-01;emploi;niveau;taux_emploi", "emploi-02;emploi;paires;taux_emploi_femmes,taux_emploi"
    )
    page = Fiche(Reader(rows), territory(), declared, A)
    assert [page.constat(numero).sous_titre[-4:] for numero in page.numeros] == ["2017", "2017"]
    assert {line.quand for line in page.tableau} == {"2017"}
    columns = Synthese(Reader(rows), territory(), declared).apercu().colonnes
    assert {when for _, indicateur, when in columns if indicateur.startswith("taux_emploi")} == {"2017"}


def test_a_level_does_not_go_back_further_than_three_years():
    rows = [obs(valeur=41, millesime=2021), obs(valeur=40, millesime=2014), obs(EPCI, valeur=15, millesime=2014)]
    assert finding("niveau;taux_pauvrete", rows).sous_titre.endswith("2021")


def test_without_comparator_a_level_is_told_among_the_other_quarters():
    found = finding("niveau;taux_emploi", everywhere("taux_emploi", [40, 30, 31, 50, 51, "secret"]))
    assert found.message.gabarit == "quartier.niveau_parmi"
    assert found.message.valeurs["place"] == ""  # five published quarters make no rank


def test_a_missing_figure_is_a_claim_with_its_reason_and_no_zero_anywhere():
    found = finding("niveau;taux_pauvrete", everywhere("taux_pauvrete", ["secret", 30, 31, 32, 33, 34]))
    assert found.message.gabarit == "quartier.absent"
    assert "secret statistique" in phrases.write(found.message)
    assert cells(found.table)[0][1] == "secret statistique"
    assert found.poids == 0
    assert "secret statistique" in found.manques[0]


def test_a_suspect_figure_is_shown_with_its_mark_and_compared_with_nothing():
    rows = [
        obs(A, "demandeurs_abc", 2021, 0, "suspect"),
        *everywhere(
            "demandeurs_abc", [5, 6, 7, 8, 9], 2021, ("QP990002", "QP990003", "QP990004", "QP990005", "QP990006")
        ),
    ]
    found = finding("rang;demandeurs_abc", rows)
    assert found.message.gabarit == "quartier.suspect"
    assert "échoue à nos contrôles" in phrases.write(found.message)
    assert phrases.say(found.message.valeurs["valeur"]) not in phrases.write(found.message)  # no headline from it
    assert cells(found.table)[-1][1:] == ["non classé", "0\u00a0personne (douteux)"]


def test_nothing_published_for_anyone_gives_a_finding_without_figure_that_says_so():
    found = finding("niveau;taux_pauvrete", [])
    assert (found.figure, found.table, found.message.gabarit) == (None, None, "quartier.rien")
    assert found.manques


def test_a_count_is_never_compared_with_larger_places():
    rows = [*everywhere("c2s_beneficiaires", [10, 20, 30, 40, 50, 60]), obs(EPCI, "c2s_beneficiaires", valeur=9_000)]
    found = finding("niveau;c2s_beneficiaires", rows)
    assert {serie.role for serie in found.figure.series} == {"sujet", "autre"}
    assert any("taille du quartier" in text for text in found.precautions)


def test_the_monthly_income_is_the_yearly_one_over_twelve_and_uc_is_explained():
    rows = [obs(A, "revenu_median", valeur=12_000), obs(EPCI, "revenu_median", valeur=24_000)]
    found = finding("niveau;revenu_median", rows)
    assert found.message.valeurs["mensuel"].valeur == 1_000
    assert "par unité de consommation (voir les définitions)" in phrases.write(found.lecture)
    assert "0,5 par autre personne" in load_catalogue().indicateurs["revenu_median"].definition


def test_a_producers_note_on_a_published_figure_is_printed():
    rows = [obs(valeur=40)._replace(note="1"), obs(EPCI, valeur=15)]
    assert any("note 1" in text for text in finding("niveau;taux_pauvrete", rows).precautions)


# ----------------------------------------------------------------------------------------------------------------- rang


def test_a_rank_says_how_many_are_left_out():
    found = finding("rang;taux_pauvrete", everywhere("taux_pauvrete", [40, 30, 31, "secret", "non_diffusé", 34]))
    assert found.message.gabarit == "quartier.rang_tenu"
    assert "2 quartiers ne sont pas classés" in phrases.write(found.lecture)
    assert cells(found.table)[-1][1] == "non classé"


def test_two_published_quarters_make_no_ranking():
    rows = everywhere("taux_pauvrete", [40, 30, "secret", "secret", "secret", "secret"])
    assert finding("rang;taux_pauvrete", rows).message.gabarit == "quartier.rang_impossible"


# ------------------------------------------------------------------------------------------------- evolution and écart


def test_an_evolution_is_drawn_as_a_line_cut_at_the_break_and_measured_before_it():
    rows = [obs(millesime=year, valeur=value) for year, value in ((2014, 40), (2018, 44), (2019, 45))]
    found = finding("evolution;taux_pauvrete", rows)
    assert (found.figure.genre, found.figure.ruptures) == ("lignes", ("2019",))
    assert found.message.gabarit == "quartier.evolution_hausse"
    assert (found.message.valeurs["annee_avant"], found.message.valeurs["annee_apres"]) == ("2014", "2018")


def test_a_refused_evolution_shows_what_is_published_without_a_line_and_says_why():
    rows = [obs(A, "demandeurs_abc", None, n, publication=p, source="pole_emploi") for p, n in ((2017, 90), (2022, 70))]
    found = finding("evolution;demandeurs_abc", rows)
    assert found.figure.genre == "barres"
    assert [point.etiquette for point in found.figure.series[0].points] == ["publ. 2017", "publ. 2022"]
    assert "n'est pas établie" in found.manques[0]
    assert found.poids == 0


def test_a_blank_year_stays_a_hole_in_the_line():
    rows = [obs(millesime=2014, valeur=40), obs(millesime=2016, statut="secret"), obs(millesime=2018, valeur=44)]
    points = finding("evolution;taux_pauvrete", rows).figure.series[0].points
    assert [point.valeur.statut for point in points] == ["publié", "secret", "publié"]


def test_counts_beside_a_comparator_are_drawn_in_base_100():
    rows = two_years((200, 250), (9000, 9900), (2013, 2018), indicateur="population", source="rp")
    figure = finding("evolution;population", rows).figure
    assert "base 100 en 2013" in figure.axe
    assert [[round(p.valeur.valeur) for p in serie.points] for serie in figure.series] == [[100, 125], [100, 110]]


@pytest.mark.parametrize(
    ("own", "expected"),
    [((40, 36), "rapproche"), ((36, 40), "eloigne"), ((40, 40.2), "stable"), ((10, 8), "avance_augmente")],
)
def test_a_gap_is_told_as_closer_further_or_stable(own, expected):
    rows = four_years(own, (15, 15))
    assert finding("ecart;taux_pauvrete", rows).message.gabarit == f"quartier.ecart_{expected}"


def test_a_gap_is_told_with_its_side_once_where_it_does_not_cross():
    text = said("ecart;taux_pauvrete", four_years((40, 36), (15, 15)))
    assert text.count("au-dessus") == 1
    assert "points au-dessus" in text


def test_no_gap_is_asked_of_another_quarter_nor_of_the_quarter_itself():
    found = finding(
        "niveau;taux_pauvrete", [*everywhere("taux_pauvrete", [40, "secret", 31, 32, 33, 34]), obs(EPCI, valeur=15)]
    )
    beside = [
        line[2].statut
        for line in found.table.lignes
        if line[0].texte not in ("Orville", "Valmétropole", "Ensemble des QPV de France")
    ]
    assert set(beside) == {"sans_objet"}


def test_a_card_of_the_front_page_says_the_year_of_each_figure():
    rows = [
        *everywhere("taux_pauvrete", [40, 30, 31, 32, 33, 34]),
        *everywhere("revenu_median", [12_000, 13_000, 13_100, 13_200, 13_300, 13_400], 2019),
        *everywhere("population", [1200, 1300, 1310, 1320, 1330, 1340], 2017, source="rp"),
    ]
    found = Synthese(Reader(rows), territory(), catalogue("revenus-01;revenus;niveau;taux_pauvrete")).apercu()
    assert [found.year(one) for one in ("population", "revenu_median", "taux_pauvrete", "gini")] == [
        "2017",
        "2019",
        "2018",
        "",
    ]
    of_each = dict.fromkeys((A, B, C, D, E, F), "")
    html = composants("ensemble.html.j2").cartons(found, territory().quartiers, of_each, of_each)
    assert all(f" ({year})</p>" in html for year in ("2017", "2018", "2019"))


def test_a_column_of_figures_bears_their_year():
    rows = everywhere("taux_pauvrete", [40, 30, 31, 32, 33, 34])
    for kind in ("niveau", "rang"):
        assert any(name == "pauvreté, 2018" for name in finding(f"{kind};taux_pauvrete", rows).table.colonnes)


def test_two_measures_that_disagree_are_both_in_the_title():
    rows = four_years((40, 46), (15, 19))
    text = said("ecart;taux_pauvrete", rows)
    assert "se creuse (25,0\u00a0points au-dessus, puis 27,0\u00a0points)" in text
    assert "rapport entre les deux se réduit (2,67, puis 2,42)" in text


def test_a_gap_with_one_shared_year_is_shown_but_not_followed():
    rows = [obs(millesime=2014), obs(millesime=2018), obs(EPCI, millesime=2018, valeur=15)]
    found = finding("ecart;taux_pauvrete", rows)
    assert found.message.gabarit == "quartier.ecart_refuse"
    assert found.figure is not None
    assert "l’écart avec Valmétropole non mesurée (un seul écart" in phrases.write(found.message).replace("\u00a0", " ")


# --------------------------------------------------------------------------------------------- structure and women/men

DUREES = ",".join(["demandeurs_abc", *(f"demandeurs_abc_duree_{n}" for n in range(1, 5))])


def job_seekers(*parts, total=100):
    rows = [obs(A, "demandeurs_abc", 2021, total)]
    return rows + [
        obs(
            A,
            f"demandeurs_abc_duree_{n}",
            2021,
            value if value is not None else 0,
            "publié" if value is not None else "secret",
        )
        for n, value in enumerate(parts, 1)
    ]


def test_shares_are_published_counts_over_their_published_total():
    found = finding(f"structure;{DUREES}", job_seekers(40, 30, 20, 10))
    assert [phrases.say(serie.points[0].valeur) for serie in found.figure.series] == [
        "40,0\u00a0%",
        "30,0\u00a0%",
        "20,0\u00a0%",
        "10,0\u00a0%",
    ]
    assert "taux de chômage" in " ".join(found.precautions)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((298, 295, 160), "3 à 5 ans et 0 à 2 ans (5,6 % chacun)"),
        ((335, 295, 160), "3 à 5 ans (6,3 %), puis 0 à 2 ans"),
    ],
)
def test_of_two_parts_that_are_printed_alike_neither_comes_first(values, expected):
    ages = ("enfants", "enfants_3_5", "enfants_0_2", "enfants_18_24")
    rows = [obs(A, ident, 2021, value) for ident, value in zip(ages, (1760, *values), strict=True)]
    assert expected in said(f"structure;{','.join(ages)}", rows).replace("\u00a0", " ")


def test_a_whole_of_which_a_part_is_withheld_is_named_and_dated():
    text = said(f"structure;{DUREES}", job_seekers(40, 30, None, 10))
    assert text.startswith("Demandeurs d’emploi de catégories A, B et C (2021)")


def test_a_withheld_part_is_said_and_never_deduced_from_the_others():
    found = finding(f"structure;{DUREES}", job_seekers(40, 30, None, 10))
    assert found.message.gabarit == "quartier.structure_partielle"
    assert found.figure.series[2].points[0].valeur.valeur is None
    assert "20" not in " ".join(phrases.say(value) for line in found.table.lignes for value in line)


def test_parts_that_exceed_their_total_give_no_share():
    found = finding(f"structure;{DUREES}", job_seekers(60, 60, 20, 10))
    assert found.message.gabarit == "quartier.structure_incoherente"
    assert all(serie.points[0].valeur.valeur is None for serie in found.figure.series)


def test_a_share_below_zero_is_drawn_as_bars_not_as_a_part_of_a_whole():
    idents = "part_revenus_activite,part_pensions,part_patrimoine,part_prestations,part_impots"
    rows = [obs(A, ident, valeur=v) for ident, v in zip(idents.split(","), (60, 20, 5, 25, -10), strict=True)]
    assert finding(f"structure;{idents}", rows).figure.genre == "barres"


def test_women_are_set_beside_all_and_men_are_not_deduced():
    rows = [
        *everywhere("taux_emploi", [45, 46, 47, 48, 49, 50]),
        *everywhere("taux_emploi_femmes", [38, 45, 46, 47, 48, 49]),
    ]
    found = finding("paires;taux_emploi,taux_emploi_femmes", rows)
    assert found.message.gabarit == "quartier.paires_dessous"
    assert [serie.role for serie in found.figure.series] == ["sujet", "femmes"]
    assert any("hommes seuls" in manque for manque in found.manques)


@pytest.mark.parametrize(("women", "men", "expected"), [(60, 40, "majorite"), (30, 70, "minorite"), (50, 51, "moitie")])
def test_the_share_of_women_comes_from_two_counts_that_add(women, men, expected):
    rows = [obs(A, "demandeurs_abc_femmes", 2021, women), obs(A, "demandeurs_abc_hommes", 2021, men)]
    found = finding("paires;demandeurs_abc_femmes,demandeurs_abc_hommes", rows)
    assert found.message.gabarit == f"quartier.paires_{expected}"


# ------------------------------------------------------------------------------------------------------- the whole fiche


def test_a_fiche_reads_once_and_only_what_it_uses():
    reader = Reader([obs()])
    fiche = Fiche(
        reader, territory(), catalogue("revenus-01;revenus;niveau;taux_pauvrete", "revenus-02;revenus;rang;gini"), A
    )
    assert fiche.constats
    fiche.ressort()
    assert fiche.tableau == ()  # no line of the dashboard speaks of these findings
    assert len(reader.asked) == 1
    assert set(reader.asked[0][1]) == {"taux_pauvrete", "gini", *TOTALS}


def test_an_unknown_number_or_quarter_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="revenus-01"):
        Fiche(Reader([]), territory(), catalogue("revenus-01;revenus;rang;gini"), A).constat("revenus-09")
    with pytest.raises(UsageError):
        Fiche(Reader([]), territory(), catalogue(), "QP000000")


def test_a_missing_thing_is_said_once_in_what_is_not_known():
    rows = everywhere("taux_pauvrete", ["secret", 40, 31, 32, 33, 34])
    declared = catalogue("revenus-01;revenus;rang;taux_pauvrete", "revenus-02;revenus;rang;taux_pauvrete")
    fiche = Fiche(Reader(rows), territory(), declared, A)
    assert [ident for ident, _ in fiche.inconnus()] == [f"{A}-revenus-01"]


def test_what_is_missing_about_another_quarter_has_its_mark_in_the_table_of_the_others():
    rows = everywhere("taux_pauvrete", [40, "secret", 31, 32, 33, 34])
    fiche = Fiche(Reader(rows), territory(), catalogue("revenus-01;revenus;rang;taux_pauvrete"), A)
    assert fiche.inconnus() == ()
    shown = show_neighbours(fiche.constats, fiche.voisins, fiche.quartier.nom)
    assert 'aria-label="secret statistique">s.</i>' in shown.html
    assert f'<a href="#{A}-revenus-01">' in shown.html
    assert list(shown.df["Quartier"]) == ["Le quartier", *fiche.voisins]
    assert not [title for title in shown.df if title.startswith("Rang")]


def test_a_finding_is_the_same_whatever_the_order_of_the_rows_and_survives_a_pickle():
    rows = [*everywhere("taux_pauvrete", [40, 30, 31, 32, 33, 34]), obs(EPCI, valeur=15)]
    one, other = finding("niveau;taux_pauvrete", rows), finding("niveau;taux_pauvrete", rows[::-1])
    assert one == other == pickle.loads(pickle.dumps(one))


def test_rows_of_a_file_declared_as_example_mark_the_finding():
    rows = everywhere("taux_pauvrete", [40, 30, 31, 32, 33, 34])
    assert not finding("rang;taux_pauvrete", rows).exemple
    assert finding("rang;taux_pauvrete", rows, exemples=("insee/*",)).exemple


def test_the_source_line_names_producer_year_and_file():
    text = finding("niveau;taux_pauvrete", [obs(valeur=40), obs(EPCI, valeur=15)]).source
    assert "Insee-DGFiP-Cnaf-Cnav-CCMSA" in text
    assert "2018 (fichier F_2020.csv)" in text


def test_every_declared_question_is_answered_where_nothing_at_all_is_published():
    findings = Fiche(Reader([]), territory(), load_catalogue(), B).constats
    assert findings
    for found in findings:
        assert phrases.write(found.message)
        assert (found.figure, found.table) == (None, None)
        assert found.manques


# ---------------------------------------------------------------------------------- one claim, one reason, one unit of time


def test_a_secret_year_is_secret_in_the_figure_in_base_100_as_in_the_table():
    rows = two_years((200, 250), (9000, 9900), (2013, 2018), indicateur="population", source="rp")
    rows += [obs(EPCI, "population", 2015, None, "secret", source="rp")]
    found = finding("evolution;population", rows)
    epci = next(serie for serie in found.figure.series if serie.role == "epci")
    assert [point.valeur.statut for point in epci.points] == ["publié", "secret", "publié"]
    assert "secret statistique" in cells(found.table)[1]


def test_a_gap_that_cannot_be_drawn_keeps_the_reason_of_its_missing_side():
    rows = [*two_years((40, 36), (15, 15)), obs(millesime=2016), obs(EPCI, millesime=2016, valeur=15)]
    rows += [obs(COMMUNE, millesime=2014, valeur=15), obs(COMMUNE, millesime=2016, statut="secret")]
    figure = finding("ecart;taux_pauvrete", rows).figure
    commune = next(serie for serie in figure.series if serie.role == "commune")
    assert [point.valeur.statut for point in commune.points] == ["publié", "secret", "non_disponible"]


def test_the_same_absence_is_said_of_each_question_asked():
    rows = [obs(statut="secret"), *everywhere("taux_pauvrete", [30, 31, 32, 33, 34], zones=OTHERS)]
    asked = ("niveau", "evolution", "ecart")
    texts = {genre: said(f"{genre};taux_pauvrete", rows) for genre in asked}
    assert len(set(texts.values())) == len(asked)
    assert "a changé" in texts["evolution"]
    assert "l’écart" in texts["ecart"]
    assert all("secret statistique" in text for text in texts.values())


@pytest.mark.parametrize(("own", "weighs"), [(60, True), (33.5, False)])
def test_a_place_in_the_middle_is_never_put_forward(own, weighs):
    rows = [
        obs(A, "menages_imposes", valeur=own),
        *everywhere("menages_imposes", [32, 32.5, 33, 34, 34.5], zones=OTHERS),
    ]
    assert (finding("rang;menages_imposes", rows).poids > 0) is weighs


def test_the_last_of_a_ranking_is_read_as_the_lowest_value():
    rows = everywhere("menages_imposes", [10, 30, 31, 32, 33, 34])
    reading = phrases.write(finding("rang;menages_imposes", rows).lecture)
    assert (
        reading == "En 2018, la part des ménages imposés est de 10\u00a0% dans le quartier."
    )  # six quarters make no rank


def test_stable_is_said_with_its_tolerance():
    rows = four_years((40, 40.2), (15, 15))
    assert "stable (moins de 1,4\u00a0point)" in phrases.write(finding("evolution;taux_pauvrete", rows).lecture)
    assert "stable (moins de 1,4\u00a0point)" in phrases.write(finding("ecart;taux_pauvrete", rows).lecture)


def test_a_fiche_with_few_figures_puts_nothing_forward_and_still_has_its_landmarks_and_questions():
    rows = everywhere("population", [100, 200], zones=(A, B), source="rp")
    fiche = Fiche(Reader(rows), territory(), load_catalogue(), A)
    assert fiche.ressort() == ()
    assert [phrases.say(line.valeur) for line, _ in fiche.reperes] == ["100\u00a0habitants", *["non disponible"] * 3]
    assert len(fiche.questions()) == 2


def test_an_income_is_said_to_be_per_consumption_unit_under_its_title():
    assert (
        "par unité de consommation"
        in finding("niveau;revenu_median", [obs(A, "revenu_median", valeur=12000)]).sous_titre
    )


def test_job_seekers_are_dated_and_their_categories_named_in_the_title():
    rows = [obs(A, "demandeurs_abc", None, n, publication=p, source="pole_emploi") for p, n in ((2017, 90), (2022, 70))]
    text = said("evolution;demandeurs_abc", rows)
    assert "(publ. 2022)" in text
    assert "A,\u00a0B,\u00a0C" in text


def test_a_structure_tells_its_parts_and_no_place_among_six():
    parts = {"demandeurs_abc": 100, "demandeurs_abc_infcapbep": 10, "demandeurs_abc_capbep": 60,
             "demandeurs_abc_bac": 20, "demandeurs_abc_supbac": 10}  # fmt: skip
    rows = [obs(A, ident, 2021, n, source="pole_emploi") for ident, n in parts.items()]
    for k, zone in enumerate(OTHERS):
        rows += [
            obs(zone, i, 2021, n + (k if i.endswith("capbep") else 0), source="pole_emploi") for i, n in parts.items()
        ]
    found = finding(f"structure;{','.join(parts)}", rows)
    assert "10,0\u00a0%" in phrases.write(found.message)  # the two ends of diplomas, whoever leads by one person
    assert "CAP-BEP, 60,0\u00a0%" in phrases.write(found.lecture)
    assert "élevé" not in phrases.write(found.lecture)  # six quarters make no place


def test_a_whole_in_one_part_only_is_known_and_said():
    counts = {"demandeurs_abc": 40, "demandeurs_abc_duree_1": 40, "demandeurs_abc_duree_2": 0}
    rows = [obs(A, ident, 2021, n, source="pole_emploi") for ident, n in counts.items()]
    found = finding(f"structure;{','.join(counts)}", rows)
    assert found.message.valeurs["part_premiere"].valeur == 100
    assert "absente" not in found.message.gabarit


def test_what_is_not_known_of_two_structures_is_said_of_each():
    declared = catalogue(
        "familles-01;familles;structure;allocataires,allocataires_isoles,familles_monoparentales",
        "familles-02;familles;structure;enfants,enfants_0_2,enfants_3_5",
    )
    declared = replace(declared, constats=tuple(d._replace(question=f"Et {d.numero} ?") for d in declared.constats))
    idents = {ident for constat in declared.constats for ident in constat.indicateurs}
    rows = [
        obs(A, ident, None, 100 if ident in ("allocataires", "enfants") else 50, publication=2022, source="cnaf")
        for ident in idents
    ]
    told = [manque for _, manque in Fiche(Reader(rows), territory(), declared, A).inconnus()]
    assert sum("Et familles-01" in quoi for quoi in told) == 1
    assert sum("Et familles-02" in quoi for quoi in told) == 1


def test_a_share_is_a_share_for_the_others_too_where_the_quarter_has_none():
    """The dashboard sets in % what is a part of a count, even where one's own count is missing or doubtful."""
    others = {"demandeurs_abc": [200.0] * 6, "demandeurs_abc_duree_4": ["non_diffusé", 40, 50, 60, 70, 80]}
    rows = [row for name, values in others.items() for row in everywhere(name, values, 2021, source="pole_emploi")]
    declared = "emploi-06;emploi;structure;demandeurs_abc,demandeurs_abc_duree_4"
    (line,) = Fiche(Reader(rows), territory(), catalogue(declared), A).tableau
    assert [phrases.say(value) for value in line.tous] == [
        "non diffusé",
        *(f"{n},0\u00a0%" for n in (20, 25, 30, 35, 40)),
    ]
    assert {value.unite for value in line.tous} == {"%"}


def test_nobody_is_asked_why_of_a_figure_that_nobody_knows():
    rows = everywhere("taux_emploi", ["non_diffusé", 40, 41, 42, 43, 44])
    (asked,) = Fiche(Reader(rows), territory(), catalogue("emploi-01;emploi;niveau;taux_emploi"), A).questions()
    assert asked[1] == "Qu'en savez-vous, ici ?"


def test_a_comparator_that_is_missing_is_named_as_in_a_sentence():
    found = finding(
        "niveau;revenu_median",
        [*everywhere("revenu_median", [1] * 6), obs(EPCI, "revenu_median"), obs(COMMUNE, "revenu_median")],
    )
    assert any("pour l’ensemble des QPV de France" in one for one in found.manques)
