"""What may be compared, in what unit, with what sign: the traps a statistician looks for first."""

import pytest

from cvanalysis.catalogue import load_catalogue
from cvanalysis.catalogue.rules import load_rules
from cvanalysis.constat.shape import Message, Valeur
from cvanalysis.errors import ComparisonRefused
from cvanalysis.indicateurs.evolution import index
from cvanalysis.indicateurs.measure import (
    check_comparable,
    check_geographies,
    choose_pair,
    confirm,
    matched_gaps,
    measure_convergence,
    measure_evolution,
    measure_gap,
    witnesses,
)
from cvanalysis.indicateurs.observation import Observations
from cvanalysis.indicateurs.ranking import Rank, rank, stand_out, standout
from findings_monde import A, B, obs, territory

SEUILS = territory().seuils
RULES = load_rules()
KNOWN = load_catalogue().indicateurs
EPCI = "200000000"


def gap(ident, own, other, **more):
    return measure_gap(KNOWN[ident], obs(A, ident, valeur=own, **more), obs(EPCI, ident, valeur=other, **more), SEUILS)


def series(ident, values, zone=A, source="filosofi", publication=None):
    """year → value; None as a value is a blank."""
    return tuple(
        obs(zone, ident, year, value or 0, "non_diffusé" if value is None else "publié", publication, source)
        for year, value in values.items()
    )


def convergence(ident, own, other):
    return measure_convergence(KNOWN[ident], series(ident, own), series(ident, other, EPCI), 2014, 2022, SEUILS, RULES)


# ------------------------------------------------------------------------------------------------------------------ gap


def test_a_gap_between_rates_is_in_points_and_the_ratio_comes_second():
    found = gap("taux_pauvrete", 40.0, 16.0)
    assert (found.ecart, found.unite, found.rapport, found.sens) == (24.0, "points", 2.5, "dessus")


def test_a_gap_between_amounts_is_a_share_of_the_comparator_not_of_the_quarter():
    found = gap("revenu_median", 15_000.0, 20_000.0)
    assert (found.ecart, found.unite, found.absolu, found.sens) == (-25.0, "%", -5_000.0, "dessous")


def test_a_gap_is_free_of_the_dust_of_binary_floats():
    assert gap("taux_pauvrete", 50.2, 48.1).ecart == 2.1


@pytest.mark.parametrize(("own", "expected"), [(17.3, "proche"), (17.4, "dessus"), (14.6, "dessous")])
def test_below_the_declared_tolerance_two_rates_are_close(own, expected):
    assert gap("taux_pauvrete", own, 16.0).sens == expected


@pytest.mark.parametrize(("own", "expected"), [(41.36, "dessus"), (41.34, "proche"), (38.64, "dessous")])
def test_a_difference_that_is_printed_as_the_tolerance_is_not_below_it(own, expected):
    assert gap("taux_pauvrete", own, 40.0).sens == expected  # tolerance 1.4: a reader sees 1.4, 1.3 and 1.4


def test_counts_of_places_of_unequal_size_have_no_gap():
    with pytest.raises(ComparisonRefused, match="tailles différentes"):
        gap("demandeurs_abc", 200, 20_000)


def test_two_data_years_are_never_mixed_in_a_gap():
    with pytest.raises(ComparisonRefused, match="même année"):
        measure_gap(KNOWN["taux_pauvrete"], obs(A, millesime=2018), obs(EPCI, millesime=2019), SEUILS)


def test_a_file_year_is_not_the_data_year_of_the_same_number():
    undated = obs(A, millesime=None, publication=2018)
    with pytest.raises(ComparisonRefused, match="même année"):
        measure_gap(KNOWN["taux_pauvrete"], undated, obs(EPCI, millesime=2018), SEUILS)


@pytest.mark.parametrize(
    ("statut", "said"), [("suspect", "douteux"), ("secret", "secret statistique"), ("non_diffusé", "pas diffusé")]
)
def test_a_suspect_or_missing_figure_enters_no_gap(statut, said):
    with pytest.raises(ComparisonRefused, match=said):
        measure_gap(KNOWN["taux_pauvrete"], obs(A, statut=statut), obs(EPCI), SEUILS)


def test_only_the_years_published_on_both_sides_have_a_gap():
    own = series("taux_pauvrete", {2014: 40, 2015: 41, 2018: 42})
    other = series("taux_pauvrete", {2013: 20, 2015: None, 2018: 22}, EPCI)
    assert [g.sujet.millesime for g in matched_gaps(KNOWN["taux_pauvrete"], own, other, SEUILS)] == [2018]


# ------------------------------------------------------------------------------------------------------------ evolution


def refused(avant, apres):
    with pytest.raises(ComparisonRefused) as found:
        check_comparable(avant, apres, RULES)
    return str(found.value)


def test_consecutive_vintages_are_refused():
    assert "millésimes consécutifs" in refused(obs(millesime=2017), obs(millesime=2018))


def test_censuses_less_than_five_years_apart_are_refused_and_five_are_enough():
    four = obs(millesime=2014, source="rp"), obs(millesime=2018, source="rp")
    assert "partagent" in refused(*four)
    assert check_comparable(obs(millesime=2013, source="rp"), obs(millesime=2018, source="rp"), RULES) == ()


def test_figures_without_an_established_data_year_are_refused():
    files = obs(millesime=None, publication=2017), obs(millesime=None, publication=2022)
    assert "n'est pas établie" in refused(*files)


def test_two_sources_are_refused():
    assert "source a changé" in refused(obs(millesime=2011, source="rfl"), obs(millesime=2014))


def test_two_geographies_of_quarters_are_refused():
    with pytest.raises(ComparisonRefused, match="périmètre"):
        check_geographies("QP044006", "QN04406M")
    check_geographies("QP044006", "244400404")


def test_a_change_from_one_zone_to_another_is_refused():
    assert "un seul territoire" in refused(obs(A, millesime=2014), obs(B, millesime=2018))


def test_a_change_across_a_declared_break_bears_its_caution():
    across = check_comparable(obs(millesime=2014), obs(millesime=2019), RULES)
    before = check_comparable(obs(millesime=2014), obs(millesime=2018), RULES)
    assert set(across) - set(before) == {"filosofi_rupture"}
    assert "filosofi_covid" in check_comparable(obs(millesime=2017), obs(millesime=2021), RULES)


def test_every_caution_of_the_rules_has_a_text():
    named = {rule.precaution for rule in RULES.sources.values()} | set(RULES.quand)
    named |= {rupture.precaution for rule in RULES.sources.values() for rupture in rule.ruptures}
    assert {n for n in named if n} <= set(RULES.precautions) | set(load_catalogue().precautions)


def test_the_measured_years_avoid_breaks_then_start_near_the_contract_then_span_the_most():
    years = {2012: 10, 2013: 11, 2014: 12, 2016: 13, 2018: 14, 2019: 15, 2021: 16}
    avant, apres = choose_pair(series("taux_pauvrete", years), 2014, 2022, RULES)
    assert (avant.millesime, apres.millesime) == (2014, 2018)


def test_before_the_contract_has_a_figure_the_longest_span_is_measured():
    years = {2012: 10, 2013: 11, 2014: 12, 2016: 13, 2018: 14, 2019: 15, 2021: 16}
    avant, apres = choose_pair(series("taux_pauvrete", years), 2024, 2030, RULES)
    assert (avant.millesime, apres.millesime) == (2012, 2018)


def test_a_break_is_crossed_only_where_no_other_pair_exists():
    avant, apres = choose_pair(series("taux_pauvrete", {2018: 14, 2021: 16}), 2014, 2022, RULES)
    assert (avant.millesime, apres.millesime) == (2018, 2021)


def test_years_after_the_contract_are_not_measured():
    with pytest.raises(ComparisonRefused, match="un seul chiffre"):
        choose_pair(series("taux_pauvrete", {2018: 14, 2024: 16}), 2014, 2022, RULES)


@pytest.mark.parametrize(
    ("ident", "a", "b", "variation", "unite"),
    [
        ("taux_pauvrete", 40.0, 44.0, 4.0, "points"),
        ("rapport_d9_d1", 4.0, 4.2, 5.0, "%"),
        ("population", 200.0, 150.0, -25.0, "%"),
    ],
)
def test_a_change_is_in_points_for_rates_and_in_percent_for_the_others(ident, a, b, variation, unite):
    pair = obs(A, ident, 2013, a, source="x"), obs(A, ident, 2018, b, source="x")
    found = measure_evolution(KNOWN[ident], *pair, SEUILS, RULES)
    assert (round(found.variation, 9), found.unite) == (variation, unite)


def test_an_amount_over_time_is_told_without_the_rise_of_prices_and_the_nominal_change_stands_beside():
    pair = obs(A, "revenu_median", 2014, 14_000), obs(A, "revenu_median", 2018, 14_966)
    found = measure_evolution(KNOWN["revenu_median"], *pair, SEUILS, RULES)
    assert (round(found.nominale, 1), round(found.variation, 1), round(found.deflateur, 3)) == (6.9, 3.7, 1.031)
    assert "euros_constants" in found.precautions


def test_an_amount_of_a_year_whose_prices_are_not_known_stays_in_current_euros_and_says_so():
    pair = obs(A, "revenu_median", 2003, 1e4), obs(A, "revenu_median", 2008, 2e4)
    found = measure_evolution(KNOWN["revenu_median"], *pair, SEUILS, RULES)
    assert (found.variation, found.deflateur) == (100, None)
    assert "euros_courants" in found.precautions


def test_counts_are_compared_in_base_100_of_a_named_year():
    rows = series("population", {2013: 200, 2018: 250})
    assert [value.valeur for value in index(rows, rows[0]).values()] == [100.0, 125.0]


# ---------------------------------------------------------------------------------------------------------- convergence


@pytest.mark.parametrize(
    ("ident", "own", "other", "verdict"),
    [
        ("revenu_median", (12_000, 15_000), (20_000, 20_000), "rapproche"),
        ("revenu_median", (15_000, 12_000), (20_000, 20_000), "eloigne"),
        ("taux_pauvrete", (40, 36), (15, 15), "rapproche"),  # down is better: the gap is positive and shrinks
        ("taux_pauvrete", (36, 40), (15, 15), "eloigne"),
        ("taux_pauvrete", (40, 41.3), (15, 15), "stable"),
        ("taux_pauvrete", (10, 8), (15, 15), "avance_augmente"),  # better placed, and more so: no convergence
        ("taux_pauvrete", (8, 12), (15, 15), "avance_diminue"),
        ("taux_pauvrete", (12, 19), (15, 15), "croise"),
        ("part_moins_25", (40, 36), (30, 30), "rapproche"),  # neutral: closer, neither good nor bad
        ("part_moins_25", (20, 16), (30, 30), "eloigne"),
    ],
)
def test_a_change_of_gap_is_read_by_the_direction_of_the_indicator(ident, own, other, verdict):
    twice = [dict(zip((2012, 2014, 2016, 2018), (v[0], v[0], v[1], v[1]), strict=True)) for v in (own, other)]
    found = convergence(ident, *twice)
    assert (found.verdict, found.temoin) == (verdict, (2012, 2016))


@pytest.mark.parametrize(
    ("own", "temoin"), [({2014: 36, 2018: 40}, None), ({2014: 36, 2015: 40, 2017: 36, 2018: 40}, (2014, 2017))]
)
def test_a_gap_whose_second_pair_of_years_says_otherwise_or_is_not_there_is_uncertain(own, temoin):
    found = convergence("taux_pauvrete", own, dict.fromkeys(own, 15))
    assert (found.verdict, found.temoin) == ("incertain", temoin)


def test_points_and_ratio_that_disagree_are_flagged():
    found = convergence("taux_pauvrete", {2014: 40, 2018: 46}, {2014: 15, 2018: 19})
    assert found.variation == 2
    assert found.fin.rapport < found.debut.rapport
    assert found.desaccord


def test_points_and_ratio_that_agree_are_not_flagged():
    assert not convergence("taux_pauvrete", {2014: 40, 2018: 46}, {2014: 15, 2018: 15}).desaccord


def test_percent_and_euros_that_disagree_are_flagged():
    assert convergence("revenu_median", {2014: 10_000, 2018: 13_000}, {2014: 20_000, 2018: 24_000}).desaccord


def test_a_gap_is_not_followed_where_only_one_year_is_shared():
    with pytest.raises(ComparisonRefused, match="un seul écart est connu, en 2018"):
        convergence("taux_pauvrete", {2014: 40, 2018: 46}, {2018: 19})


def test_a_gap_is_not_followed_where_no_year_is_shared():
    with pytest.raises(ComparisonRefused, match="aucune année"):
        convergence("taux_pauvrete", {2014: 40}, {2018: 19})


# -------------------------------------------------------------------------------------------------------------- ranking


def figure(value, decimales=1):
    """A figure as it is printed; a word is the reason why there is none (`suspect`: there is one)."""
    return Valeur(value, decimales=decimales) if not isinstance(value, str) else Valeur(
        1.0 if value == "suspect" else None, value
    )  # fmt: skip


def ranks(**values):
    rows = {zone: value if value is None else figure(value) for zone, value in values.items()}
    return {zone: rank(zone, rows, 2) for zone in rows}


def test_missing_and_suspect_figures_are_left_out_of_ranks_and_counted():
    found = ranks(a=10, b=30, c="secret", e="suspect", f=40, g=50)
    assert (found["b"].rang, found["a"].rang, found["b"].sur) == (3, 4, 4)
    assert (found["a"].manquants, found["a"].suspects) == (1, 1)
    assert found["c"] is None
    assert found["e"] is None


def test_a_place_asks_for_enough_quarters_published_and_two_thirds_of_all():
    rows = {f"q{n}": figure(n) for n in range(10)}
    assert rank("q1", rows).sur == 10
    assert rank("q1", rows | {"q9": None}) is None  # nine
    assert rank("q1", rows | {f"r{n}": None for n in range(6)}) is None  # ten of sixteen


def test_equal_values_share_the_best_rank_from_above_and_from_below():
    found = ranks(a=10, b=20, c=20, d=30)
    assert [found[z].rang for z in "abcd"] == [4, 2, 2, 1]
    assert [found[z].par_le_bas for z in "abcd"] == [1, 2, 2, 4]
    assert found["b"].ex_aequo == 1


def test_two_figures_that_are_printed_alike_share_a_place():
    found = ranks(a=7.226, b=7.192, c=14.9, d=8.1)
    assert [found[z].rang for z in "abcd"] == [3, 3, 1, 2]
    assert found["a"].ex_aequo == 1


def test_standing_out_is_counted_in_usual_spreads_and_capped():
    assert standout(50, [10, 20, 30, 40, 50]) < standout(80, [10, 20, 30, 40, 50])
    assert standout(1e6, [10, 20, 30, 40, 50]) == standout(1e9, [10, 20, 30, 40, 50])
    assert standout(None, [1, 2, 3, 4]) == 0
    assert standout(50, [1, 2, 3]) == 0, "trop peu de quartiers pour parler d'écart habituel"


class Weighed:
    """A finding as the rule of « Ce qui ressort » sees it."""

    def __init__(self, id, section, poids, message):
        self.id, self.section, self.poids, self.message = id, section, poids, message


def put_forward(*findings, known=()):
    """Ids of what stands out among (id, section, weight, template, values of the message)."""
    rows = []
    for ident, section, weight, *more in findings:
        gabarit, values = more or ("quartier.niveau_parmi", {"place": "le plus faible des quinze"})
        rows.append(Weighed(ident, section, weight, Message(gabarit, values)))
    return [f.id for f in stand_out(rows, known)]


def test_three_findings_of_three_sections_stand_out_in_the_order_of_the_page():
    assert put_forward(("a", "x", 2), ("b", "x", 4), ("c", "y", 1), ("d", "z", 3), ("e", "w", 5)) == ["b", "d", "e"]


def test_what_the_landmarks_say_is_not_said_again():
    assert put_forward(("a", "x", 2), ("b", "x", 4), known={"b"}) == ["a"]


@pytest.mark.parametrize(
    ("gabarit", "values"),
    [
        ("quartier.niveau_seul", {}),
        ("quartier.evolution_hausse", {"repere": ""}),
        ("quartier.evolution_refusee", {"repere": "la métropole"}),
        ("quartier.ecart_stable", {"repere": "la métropole"}),
        ("quartier.suspect", {"place": "le plus faible des quinze"}),
        ("quartier.paires_dessous", {"effectifs": False}),
    ],
)
def test_what_compares_with_nothing_or_says_a_refusal_never_stands_out(gabarit, values):
    assert put_forward(("a", "x", 5, gabarit, values)) == []


def test_a_gap_stands_out_only_where_few_quarters_have_such_a_one():
    gap = ("quartier.paires_minorite", {"effectifs": True})
    assert put_forward(("a", "x", 0.5, *gap)) == []
    assert put_forward(("a", "x", 1.5, *gap)) == ["a"]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Rank(1, 15, 0, 0, 0), "la part la plus élevée des quinze quartiers"),
        (Rank(14, 15, 0, 0, 0), "deuxième part la plus faible des quinze quartiers"),
        (Rank(10, 11, 0, 4, 0), "deuxième part la plus faible des onze quartiers publiés"),
        (Rank(3, 12, 1, 0, 0), "troisième part la plus élevée des douze quartiers, à\u00a0égalité"),
        (Rank(30, 240, 0, 7, 0), "30ᵉ part la plus élevée des 240 quartiers publiés"),
        (Rank(7, 15, 0, 0, 0), "au milieu des quinze quartiers"),
        (Rank(5, 12, 1, 3, 0), "au milieu des douze quartiers publiés"),
    ],
)
def test_a_place_is_told_from_its_nearer_end_and_only_among_ten_and_two_thirds(place, expected):
    assert place.dit("part des ménages") == expected


@pytest.mark.parametrize(
    ("nom", "expected"),
    [
        ("taux d’emploi", "deuxième taux le plus élevé des onze quartiers"),
        ("indice de jeunesse", "deuxième indice le plus élevé des onze quartiers"),
        ("ménages", "deuxième valeur la plus élevée des onze quartiers"),
    ],
)
def test_a_place_agrees_with_what_is_ranked(nom, expected):
    assert Rank(2, 11, 0, 0, 0).dit(nom) == expected


# ------------------------------------------------------------------------------------------- what other years say, chance


def confirmed(values, ident="taux_pauvrete"):
    rows = series(ident, values)
    change = measure_evolution(KNOWN[ident], *choose_pair(rows, 2014, 2022, RULES), SEUILS, RULES)
    return confirm(change, KNOWN[ident], rows, 2022, SEUILS, RULES)


def test_a_rise_that_years_nearby_do_not_show_is_uncertain_and_says_which():
    assert confirmed({2014: 36, 2015: 40, 2017: 40, 2018: 39}).contredit == (2015, 2018, "stable")
    assert confirmed({2014: 36, 2015: 37, 2017: 40, 2018: 41}).contredit is None
    assert confirmed({2014: 36, 2018: 41}).contredit is None  # no other year to contradict it
    assert confirmed({2014: 36, 2015: 33, 2017: 36, 2018: 36.5}).contredit == (2015, 2018, "hausse")  # nor is it stable


def test_no_witness_crosses_a_break_that_the_measured_years_do_not():
    rows = series("taux_pauvrete", {2014: 36, 2015: 36, 2018: 40, 2019: 36})
    pairs = witnesses(rows, (rows[0], rows[2]), 2022, RULES)
    assert [(a.millesime, b.millesime) for a, b in pairs] == [(2015, 2018)]


@pytest.mark.parametrize(("after", "sens"), [(278, "stable"), (258, "baisse"), (310, "hausse")])
def test_the_tolerance_of_a_count_depends_on_its_size(after, sens):
    known = KNOWN["demandeurs_abc"]
    before, now = (obs(A, "demandeurs_abc", y, n, source="pole_emploi") for y, n in ((2016, 284), (2021, after)))
    found = measure_evolution(known, before, now, SEUILS, RULES)
    assert found.sens == sens
    assert found.seuil == pytest.approx(100 * (284 + after) ** 0.5 / 284)


def test_a_figure_that_exists_and_is_not_used_is_said_with_the_reason():
    rows = (obs(A, "population", 2013, 1539), obs(A, "population", 2018, 1097, "suspect"))
    with pytest.raises(ComparisonRefused, match="utilisable, en 2013 ; en 2018 le chiffre est douteux"):
        choose_pair(rows, 2014, 2022, RULES)


# --------------------------------------------------------------------------------------------------------- observations


def test_the_later_publication_of_a_data_year_stands():
    found = Observations(
        [obs(millesime=2014, valeur=1, publication=2021), obs(millesime=2014, valeur=2, publication=2018)]
    )
    assert [row.valeur for row in found.serie(A, "taux_pauvrete")] == [1]


def test_dated_and_undated_figures_of_one_year_stay_two():
    found = Observations([obs(millesime=2021, publication=2022), obs(millesime=None, publication=2021)])
    assert [row.instant.court for row in found.serie(A, "taux_pauvrete")] == ["publ. 2021", "2021"]
