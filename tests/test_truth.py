"""Sentences that said something else than their figures: the right values, computed here from the raw files and from the facts."""

import csv
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from html import unescape
from itertools import pairwise
from statistics import median

import pandas as pd
import pytest

from cvanalysis.catalogue import load_catalogue
from cvanalysis.catalogue.rules import load_rules
from cvanalysis.constat.shape import Message
from cvanalysis.display import phrases
from cvanalysis.display.constat import Constat
from cvanalysis.dossier import Dossier
from cvanalysis.indicateurs.observation import France, Instant, as_value
from cvanalysis.pages.partenaires import Partners
from cvanalysis.pages.quartier import Fiche, QuarterActions
from cvanalysis.pages.synthese import Needs, Synthese
from cvanalysis.pages.theme import ThemeActions
from cvanalysis.tables.process import process
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import read_territory

DERVALLIERES, MALAKOFF, HALVEQUE, PLAISANCE, SILLON = (f"QP0440{n:02}" for n in (6, 13, 15, 17, 19))
KNOWN = load_catalogue().indicateurs


def number(cell: str) -> float | None:
    text = cell.replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def raw(path) -> dict[str, dict[str, float | None]]:
    """Zone → column → figure of a raw CSV, read with nothing of ours."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    key = next(name for name in rows[0] if name.lower() == "codgeo")
    return {row[key]: {name.strip(): number(cell or "") for name, cell in row.items() if name} for row in rows}


@pytest.fixture(scope="module")
def insee(brut):
    return lambda name: raw(brut / "insee" / name)


@pytest.fixture(scope="module")
def prices(facts):
    with (facts / "ipc.csv").open(encoding="utf-8-sig") as lines:
        return {int(r["annee"]): number(r["ipc"]) for r in csv.DictReader(lines, delimiter=";")}


@pytest.fixture(scope="module")
def store(brut, tmp_path_factory):
    declared = read_territory(brut)
    folder = tmp_path_factory.mktemp("processed")
    process(declared, folder)
    return Store(folder, declared)


@pytest.fixture(scope="module")
def later(store, tmp_path_factory):
    """The same raw files, for an edition handed over at the end of 2024."""
    edition = replace(store.territory.edition, jusqu_au=date(2024, 12, 31))
    declared = replace(store.territory, edition=edition)
    folder = tmp_path_factory.mktemp("later")
    process(declared, folder)
    return lambda code: Fiche(Store(folder, declared), declared, load_catalogue(), code)


@pytest.fixture(scope="module")
def fiche(store):
    return lambda code: Fiche(store, store.territory, load_catalogue(), code)


@pytest.fixture(scope="module")
def synthese(store):
    return Synthese(store, store.territory, load_catalogue())


# -------------------------------------------------------------------------------------------------------- constant euros


def test_the_index_of_prices_of_the_catalogue_is_that_of_the_facts(prices):
    assert dict(load_rules().ipc) == prices
    assert round(prices[2018] / prices[2014], 3) == 1.031


@pytest.mark.parametrize(
    ("code", "nominal", "real"), [(DERVALLIERES, 6.9, 3.7), (MALAKOFF, 0.4, -2.6), (PLAISANCE, -2.2, -5.2)]
)
def test_incomes_over_time_lead_with_constant_euros(code, nominal, real, insee, prices, fiche):
    figures = insee("filo_panel_qp_2012_2021.csv")[code]
    before, after = figures["DISP_MED_A14"], figures["DISP_MED_A18"]
    change = 100 * (after / (before * prices[2018] / prices[2014]) - 1)
    assert round(change, 1) == real
    found = fiche(code).constat("revenus-02")
    values = found.message.valeurs
    assert round(values["ecart"].valeur, 6) == round(abs(change), 6)
    assert round(values["nominale"].valeur, 1) == pytest.approx(nominal, abs=0.11)
    assert "hausse des prix retirée" in phrases.write(found.message).lower()
    assert "comprise" not in phrases.write(found.message)
    assert "indice des prix" in phrases.write(found.lecture)


def test_the_synthesis_counts_five_eight_and_two_quarters(insee, prices, synthese):
    rise = prices[2018] / prices[2014]
    panel = insee("filo_panel_qp_2012_2021.csv")
    real = [100 * (r["DISP_MED_A18"] / (r["DISP_MED_A14"] * rise) - 1) for z, r in panel.items() if z.startswith("QP")]
    expected = (sum(x >= 2 for x in real), sum(-2 < x < 2 for x in real), sum(x <= -2 for x in real))
    said = synthese.constat("revenus-02").message.valeurs
    assert (said["hausse"], said["stable"], said["baisse"]) == expected == (5, 8, 2)


def test_an_income_is_called_stable_for_sure_only_where_the_years_nearby_say_so_too(insee, prices, fiche, synthese):
    stable, sure = [], []
    for zone, row in insee("filo_panel_qp_2012_2021.csv").items():
        real = {y: row[f"DISP_MED_A{y - 2000}"] / prices[y] for y in range(2012, 2019)}
        moves = [100 * (real[b] / real[a] - 1) for a, b in ((2014, 2018), (2014, 2017), (2015, 2018), (2013, 2018))]
        if zone.startswith("QP") and abs(moves[0]) < 2:
            stable.append(zone)
            sure += [zone] if max(map(abs, moves)) < 2 else []
    said = {zone: fiche(zone).constat("revenus-02").message for zone in stable}
    assert [zone for zone, one in said.items() if one.gabarit.endswith("_stable")] == sure == ["QP044010"]
    assert "un constat incertain" in phrases.write(said["QP044011"])  # +0.5 %, but +3.1 % from 2014 to 2017
    assert "dans 8 (dont 7 incertains)" in phrases.write(synthese.constat("revenus-02").message)


def test_the_table_of_an_income_over_time_holds_what_its_figure_draws(prices, fiche, synthese):
    for found in (fiche(DERVALLIERES).constat("revenus-02"), synthese.constat("revenus-02")):
        shown = {round(cell.valeur, 4) for line in found.table.lignes for cell in line[1:] if cell.valeur is not None}
        points = [point.valeur.valeur for serie in found.figure.series for point in serie.points]
        drawn = {round(value, 4) for value in points if value is not None}
        assert len(drawn) > 10
        assert drawn <= shown, found.id
    heads = fiche(DERVALLIERES).constat("revenus-02").table.colonnes
    assert [head.rpartition("euros ")[2] for head in heads[1:]] == ["de 2018", "de l'année", "de 2018", "de 2018"]
    assert "2014 (€ de 2018)" in synthese.constat("revenus-02").table.colonnes


# ------------------------------------------------------------------------------------------------------------ reliability


def test_a_census_that_counts_fewer_inhabitants_than_people_covered_heads_nothing(insee, fiche, store):
    demo = insee("DEMO_2022.csv")
    assert (demo[SILLON]["POP_MUN"], demo[SILLON]["PERCOU"]) == (1097, 1238)
    assert [z for z, r in demo.items() if z.startswith("QP") and r["PERCOU"] > r["POP_MUN"]] == [SILLON]
    page = fiche(SILLON)
    for numero in ("population-01", "population-02", "population-04", "emploi-01", "emploi-02"):
        assert page.constat(numero).poids == 0
    assert "28,7" not in phrases.write(page.constat("population-01").message)
    assert "échoue à nos contrôles" in phrases.write(page.constat("emploi-01").message)
    ctx = page.contexte
    row = ctx.observations.latest(SILLON, "taux_emploi")
    people = ctx.observations.latest(SILLON, "population")
    assert (row.valeur, row.statut, row.dite, people.dite) == (29.0, "suspect", False, False)
    told = store.rows("anomalies")
    assert told["probleme"].str.contains("plus de personnes couvertes par la CAF que d’habitants").any()


def test_a_rate_that_jumps_between_two_editions_is_fragile_and_has_no_rank(insee, fiche):
    before = insee("data_DEMO_2021_V1_QP.csv")[HALVEQUE]["TX_TOT_MEN1"]
    after = insee("DEMO_2022.csv")[HALVEQUE]["TX_TOT_MEN1"]
    assert (before, after) == (51.6, 36.2)
    page = fiche(HALVEQUE)
    row = page.contexte.observations.latest(HALVEQUE, "part_menages_1")
    assert (row.statut, page.contexte.observations.latest(HALVEQUE, "population").dite) == ("suspect", True)
    assert "non comparé" in phrases.write(page.constat("population-04").message)
    elsewhere = fiche(DERVALLIERES).constat("population-04").table
    assert [line[1].statut for line in elsewhere.lignes if "Halvêque" in line[0].texte] == ["suspect"]


# ----------------------------------------------------------------------------------------- years, tolerances, uncertainty


def test_job_seekers_are_followed_from_the_end_of_2016_to_the_end_of_2021(insee, fiche):
    before, after = (insee(f"IPRO_{year}.csv")[DERVALLIERES]["ABC"] for year in (2017, 2022))
    found = fiche(DERVALLIERES).constat("emploi-04").message
    assert (found.valeurs["avant"].valeur, found.valeurs["apres"].valeur) == (before, after) == (911, 771)
    text = phrases.write(found)
    assert "fin 2016" in text
    assert "fin 2021" in text


def test_every_year_of_the_facts_is_in_the_catalogue_with_its_certainty(facts):
    known = {(one.famille, one.millesime, one.certitude, one.annee) for one in load_catalogue().annees}
    with (facts / "annees_qpv.csv").open(encoding="utf-8-sig") as lines:
        for line in csv.DictReader(lines, delimiter=";"):
            for family in line["famille"].split(","):
                for year in line["publication"].split(","):
                    assert (family, int(year), line["certitude"], int(line["date"][-4:])) in known


def test_a_probable_year_is_said_to_be_so(fiche):
    assert "2018 (année probable)" in phrases.write(fiche(DERVALLIERES).constat("emploi-01").lecture)


def test_the_tolerance_of_poverty_is_its_usual_movement_from_one_year_to_the_next(insee):
    panel = [r for z, r in insee("filo_panel_qp_2012_2021.csv").items() if z.startswith("QP")]
    years = [y for y in range(12, 22) if y not in (19, 20)]
    moves = [
        abs(row[f"TP60_A{b}"] - row[f"TP60_A{a}"])
        for row in panel
        for a, b in pairwise(years)
        if b - a == 1 and None not in (row[f"TP60_A{a}"], row[f"TP60_A{b}"])
    ]
    assert round(median(moves), 1) == pytest.approx(load_rules().mouvements["taux_pauvrete"], abs=0.1)


def test_whole_numbers_of_2021_are_printed_whole(later):
    ctx = later(DERVALLIERES).contexte
    row = ctx.at(DERVALLIERES, KNOWN["taux_pauvrete"], Instant("donnees", 2021))
    assert phrases.say(as_value(row, KNOWN["taux_pauvrete"])) == "50\u00a0%"


def test_a_commune_known_to_the_point_is_compared_to_the_point(insee, fiche):
    assert insee("FILO2018_DISP_Pauvres_COM.csv")["44109"]["TP6018"] == 17
    assert insee("filo_panel_qp_2012_2021.csv")[DERVALLIERES]["TP60_A18"] == 49.9
    found = fiche(DERVALLIERES).constat("revenus-04")
    (line,) = (line for line in found.table.lignes if line[0].texte == "Nantes")
    assert [phrases.say(value) for value in line[1:]] == ["17\u00a0%", "33\u00a0points", "2,9"]
    assert "17\u00a0%" in phrases.write(found.message)


def test_a_verdict_on_incomes_needs_two_pairs_of_years_that_agree(insee, synthese):
    panel = insee("filo_panel_qp_2012_2021.csv")
    epci = {y: number_of_epci(insee, y) for y in (2014, 2015, 2017, 2018)}
    told = []
    for zone, row in panel.items():
        if zone.startswith("QP"):
            gaps = {y: 100 * (row[f"DISP_MED_A{y - 2000}"] / epci[y] - 1) for y in epci}
            moves = [gaps[b] - gaps[a] for a, b in ((2014, 2018), (2014, 2017), (2015, 2018))]
            each = {"eloigne" if move <= -2 else "rapproche" if move >= 2 else "stable" for move in moves}
            told.append(each.pop() if len(each) == 1 else "incertain")
    said = synthese.constat("revenus-03").message.valeurs
    counts = {name: told.count(name) for name in ("rapproche", "eloigne", "stable", "incertain")}
    assert (
        {name: said[name] for name in counts} == counts == {"rapproche": 0, "eloigne": 0, "stable": 6, "incertain": 9}
    )
    assert "pour 9, d’autres années" in phrases.write(synthese.constat("revenus-03").message)


def number_of_epci(insee, year):
    if year == 2018:  # a workbook
        return 23_390
    return insee(f"FILO{year}_DISP_EPCI.csv")["244400404"][f"Q2{year - 2000}"]


# ------------------------------------------------------------------------------------------------- comparators and places


def test_poverty_is_compared_with_the_commune_in_the_year_that_it_has(insee, fiche):
    communes = insee("FILO2018_DISP_Pauvres_COM.csv")
    rates = {code: communes[code]["TP6018"] for code in ("44109", "44162", "44143", "44114")}
    assert list(rates.values()) == [17, 15, 12, 9]
    said = fiche(DERVALLIERES).constat("revenus-04").message.valeurs
    assert (said["repere"], said["valeur_repere"].valeur, said["annee"]) == ("Nantes", rates["44109"], "2018")
    assert fiche(SILLON).constat("revenus-04").message.valeurs["valeur_repere"].valeur == rates["44162"]


def test_a_comparator_of_another_year_bears_it_and_only_where_the_structure_is_slow(later):
    page = later(DERVALLIERES)
    own = page.contexte.observations.latest(DERVALLIERES, "part_menages_1").instant
    epci = next(zone.code for zone in page.contexte.reperes if zone.role == "epci")
    row = page.contexte.repere(epci, KNOWN["part_menages_1"], own)
    assert (row.valeur, str(row.instant), row.instant != own) == (44.0, "2020", True)
    assert "(2020)" in phrases.write(page.constat("population-04").message)


def test_an_edition_of_december_2022_holds_no_later_figure_nor_event(store, later):
    # What came out later stands without a figure, with that reason.
    figures = store.indicateurs().dropna(subset="valeur")
    years = figures.groupby("source")["millesime"].max()
    assert (years["filosofi"], years["rp"]) == (2019, 2019)
    assert max(store.rows("chronologie")["date"]) < "2022-12-16"
    assert later(DERVALLIERES).contexte.observations.latest(DERVALLIERES, "taux_pauvrete").millesime == 2021


def test_no_place_is_told_among_four_quarters(fiche):
    assert fiche(DERVALLIERES).constat("population-05").message.gabarit == "quartier.rang_impossible"


def test_ages_are_told_by_year_of_age_and_a_structure_has_no_good_direction(insee, fiche):
    row = insee("DEMO_2022.csv")[DERVALLIERES]
    width = {"ENF_2": 3, "ENF_3_5": 3, "ENF_6_10": 5, "ENF_11_14": 4, "ENF_15_17": 3, "ENF_18_24": 7}
    there = {name: row[name] / years for name, years in width.items() if row.get(name)}
    assert max(there, key=there.get) == "ENF_2"
    assert "0 à 2 ans" in phrases.write(fiche(DERVALLIERES).constat("familles-02").message)
    assert KNOWN["demandeurs_abc_supbac"].direction == "neutre"


def test_the_place_among_all_quarters_of_france_is_that_of_the_facts(facts, store):
    with (facts / "france_qpv.csv").open(encoding="utf-8-sig") as lines:
        rates = {r["zone"]: number(r["DISP_TP60_A19"]) for r in csv.DictReader(lines, delimiter=";")}
    known = [rate for rate in rates.values() if rate is not None]
    found = France(store).position(SILLON, KNOWN["taux_pauvrete"])
    assert (found.valeur.valeur, found.sur, found.annee) == (rates[SILLON], len(known), "2019")
    assert found.plus_bas == sum(rate < rates[SILLON] for rate in known)
    assert found.mediane.valeur == pytest.approx(median(known))


def test_ten_quarters_are_most_alike_the_nearest_first_and_never_oneself(store):
    alike = France(store).proches(DERVALLIERES)
    far = [one.distance for one in alike]
    assert (len(alike), far) == (10, sorted(far))
    assert DERVALLIERES not in {one.code for one in alike}
    assert len({one.indicateurs for one in alike}) == 1
    assert France(store).proches(SILLON, ecartes=tuple(load_rules().proches["indicateurs"][:4])) == ()


def test_a_fiche_tells_the_place_among_all_quarters_of_france_and_not_from_a_doubtful_figure(fiche, facts):
    with (facts / "france_qpv.csv").open(encoding="utf-8-sig") as lines:
        rates = {r["zone"]: number(r["DISP_TP60_A19"]) for r in csv.DictReader(lines, delimiter=";")}
    known = [rate for rate in rates.values() if rate is not None]
    below, same = (sum(test(rate) for rate in known) for test in (rates[SILLON].__gt__, rates[SILLON].__eq__))
    found = fiche(SILLON).constat("france-01")
    assert found.message.valeurs["centile"] == round(100 * (below + (same - 1) / 2) / (len(known) - 1)) == 99
    assert "plus que dans 99\u00a0% des QPV de France" in phrases.write(found.message)
    assert "Taux d’emploi des 15-64 ans" not in [line[0].texte for line in found.table.lignes]
    assert "taux d’emploi des 15-64 ans" in found.manques[0]
    assert "france_qpv.csv" in found.source


def test_a_fiche_shows_the_quarters_alike_with_their_distance_and_says_that_it_is_an_illustration(fiche, store):
    found = fiche(DERVALLIERES).constat("france-02")
    alike = France(store).proches(DERVALLIERES)
    assert [line[1].valeur for line in found.table.lignes[1:-1]] == [one.distance for one in alike]
    assert any("illustration" in text for text in found.precautions)
    assert fiche(SILLON).constat("france-02").message.gabarit == "quartier.semblables_sans"


def test_a_contract_may_choose_the_quarters_alike_as_a_comparator(store):
    declared = replace(store.territory, seuils=replace(store.territory.seuils, semblables=10))
    found = Fiche(store, declared, load_catalogue(), DERVALLIERES).constat("revenus-01")
    [line] = [line for line in found.table.lignes if "semblables" in line[0].texte]
    figures = France(store)
    codes = [one.code for one in figures.proches(DERVALLIERES)]
    assert line[1].valeur == median(figures.value(code, KNOWN["revenu_median"]).valeur for code in codes)


def test_counts_are_rapported_to_the_inhabitants_with_their_caution(insee, fiche):
    people, seekers = insee("DEMO_2022.csv")[DERVALLIERES]["POP_MUN"], insee("IPRO_2022.csv")[DERVALLIERES]["ABC"]
    found = fiche(DERVALLIERES).constat("emploi-08")
    assert found.message.valeurs["valeur"].valeur == pytest.approx(100 * seekers / people)
    assert any("ni la même année" in text for text in found.precautions)
    assert "chômage" not in phrases.write(found.message)
    assert {"familles-04", "revenus-09"} <= set(fiche(DERVALLIERES).numeros)


@pytest.mark.parametrize(
    ("question", "unit"), [("emploi-08", "en\u00a0% des habitants"), ("revenus-09", "pour 100 habitants")]
)
def test_a_rate_is_never_told_as_the_highest_or_lowest_number(fiche, question, unit):
    told = phrases.write(fiche(DERVALLIERES).constat(question).message)
    assert unit in told
    assert "deuxième valeur la plus" in told
    assert "nombre le plus" not in told


def test_what_counts_households_beside_inhabitants_says_households(fiche):
    assert "10,9\u00a0foyers pour 100 habitants" in phrases.write(fiche(DERVALLIERES).constat("revenus-09").message)


def test_more_people_covered_than_inhabitants_head_no_page_and_are_compared_with_nothing(insee, fiche):
    page, row = fiche(SILLON), insee("DEMO_2022.csv")[SILLON]
    assert row["PERCOU"] > row["POP_MUN"]
    for question in ("familles-04", "revenus-09", "emploi-08"):
        found = page.constat(question)
        assert found.message.gabarit == "quartier.suspect"
        assert found not in page.ressort()


def test_quarters_alike_are_not_told_as_near_on_a_map_and_their_distance_is_explained(fiche):
    found = fiche(DERVALLIERES).constat("france-02")
    told = phrases.write(found.message)
    assert "ressemblent le plus" in told
    assert "proche" not in told
    assert any("écarts habituels entre quartiers de France" in text for text in found.precautions)


def test_a_place_in_france_tells_that_an_income_is_of_a_year(fiche):
    assert "€ par an, moins que dans" in phrases.write(fiche(DERVALLIERES).constat("france-01").message)
    assert "par an" not in phrases.write(fiche(SILLON).constat("france-01").message)


def test_a_nominal_change_bears_its_sign_as_the_real_one_does(fiche):
    assert "en 2018, soit +6,9\u00a0% en euros courants" in phrases.write(
        fiche(DERVALLIERES).constat("revenus-02").lecture
    )


def test_a_change_that_is_told_by_its_two_ends_names_its_direction(insee, fiche):
    before, after = (insee(f"IPRO_{year}.csv")[DERVALLIERES]["ABC"] for year in (2017, 2022))
    assert after < before
    assert "baisse, de 911 à 771\u00a0personnes" in phrases.write(fiche(DERVALLIERES).constat("emploi-04").message)
    assert "La pauvreté monte de 56,7" in phrases.write(fiche(SILLON).constat("revenus-05").message)


def test_the_figures_said_to_be_missing_beside_a_quarter_are_all_the_empty_ones_of_its_table(fiche):
    page = fiche(SILLON)
    lines = [line for line in page.tableau if line.declaree.groupe]
    there = [value for line in lines for zone, value, _ in line.reperes if zone.nom == "Saint-Herblain"]
    empty = sum(not value.dite for value in there)
    assert len(there) == len(lines)
    assert any(
        f"{empty} des {len(lines)} chiffres du tableau n'ont pas d'équivalent" in text for text in page.lacunes()
    )


def test_two_ages_that_a_few_children_part_are_both_named_with_their_shares(fiche):
    told = phrases.write(fiche(DERVALLIERES).constat("familles-02").message)
    assert "0 à 2 ans" in told
    assert "3 à 5 ans" in told
    assert "(5,6\u00a0%)" in told
    assert "(5,5\u00a0%)" in told


@pytest.mark.parametrize(
    ("confirme", "contredit", "said"),
    [
        (
            1,
            1,
            "une parole contredit ce qui est écrit, une autre le confirme\u00a0; une autre le complète ou l’interroge",
        ),
        (2, 1, "une parole contredit ce qui est écrit, d’autres le confirment"),
        (0, 2, "des paroles contredisent ce qui est écrit\u00a0; une autre le complète ou l’interroge"),
        (0, 0, "des paroles complètent ou interrogent ce qui est écrit"),
    ],
)
def test_voices_that_contradict_or_confirm_are_counted_in_words(confirme, contredit, said):
    values = {"lieu": "Ici", "confirme": confirme, "contredit": contredit, "total": 3}
    assert phrases.write(Message("voix.face_a_face", values)).endswith(said)


# ---------------------------------------------------------------------------------------------------------------- actions


def test_the_actions_of_a_quarter_show_all_their_quarters_and_its_share_adds_up(store):
    page = QuarterActions(store, store.territory, DERVALLIERES)
    *lines, total = page.liste.lignes
    years = page.constat("actions-01").table.lignes
    assert total[-1].valeur == pytest.approx(sum(line[3].valeur or 0 for line in years), abs=0.05)
    assert total[-1].valeur == pytest.approx(sum(line[-1].valeur or 0 for line in lines), abs=0.05)
    assert any("Tous les quartiers" in line[3].texte for line in lines)
    assert all(line[5].valeur >= line[6].valeur for line in lines if line[5].valeur is not None)


def test_money_by_inhabitant_is_told_with_both_rules_and_what_has_no_quarter_first(store, insee):
    found = Needs(store, store.territory, load_catalogue()).constat("besoins-01")
    assert phrases.write(found.message).startswith("27\u00a0% de l’argent")
    assert "2015-2022" in phrases.write(found.message)
    assert "2015-2022" in found.champ
    equal, by_people = found.figure.series
    assert equal.nom != by_people.nom
    people = {
        store.territory.quartier(z).nom: r["POP_MUN"] for z, r in insee("DEMO_2022.csv").items() if z.startswith("QP")
    }
    both = [(people[p.etiquette], p.valeur.valeur) for p in equal.points if p.valeur.valeur is not None]
    ranks = [pd.Series(column).rank() for column in zip(*both, strict=True)]
    assert round(ranks[0].corr(ranks[1]), 2) == -0.88


def test_what_was_done_and_paid_is_told_with_its_years(store):
    page = QuarterActions(store, store.territory, DERVALLIERES)
    themes = [ThemeActions(store, store.territory, theme.id, load_catalogue()) for theme in store.territory.themes]
    asked = [(page, f"actions-0{n}") for n in (1, 2, 3)]
    asked += [
        (theme, numero) for theme in themes for numero in ("actions-01", "actions-02", "argent-01", "porteurs-01")
    ]
    funding = Partners(store, store.territory)
    asked += [(funding, numero) for numero in ("argent-01", "argent-02", "argent-03", "porteurs-01")]
    titles = [phrases.write(chapter.constat(numero).message) for chapter, numero in asked]
    assert [title for title in titles if "2015-2022" not in title] == []


def test_a_partner_is_there_since_its_first_action(store):
    partners = store.rows("partenaires")
    done = store.rows("actions")
    first = done[done["annee"].notna()].groupby("porteur")["annee"].min()
    told = {nom: int(debut) for nom, debut in zip(partners["nom"], partners["debut"], strict=True)}
    assert len(set(first.index) & set(told)) > 15
    assert {nom for nom, year in first.items() if nom in told and told[nom] > year} == set()


# ------------------------------------------------------------------------- what a second statistician read, and its right values


def poverty(insee):
    """Quarter → what its poverty did from 2014 to 2018, and whether the years nearby say the same."""
    told = {}
    for zone, row in insee("filo_panel_qp_2012_2021.csv").items():
        if zone.startswith("QP"):
            rates = {y: row[f"TP60_A{y - 2000}"] for y in range(2012, 2019)}
            moves = [round(rates[b] - rates[a], 9) for a, b in ((2014, 2018), (2014, 2017), (2015, 2018), (2013, 2018))]
            said = ["hausse" if move >= 1.4 else "baisse" if move <= -1.4 else "stable" for move in moves]
            told[zone] = said[0], set(said) != {said[0]}
    return told


def test_a_rise_of_poverty_is_uncertain_where_other_years_say_otherwise_and_the_synthesis_agrees(
    insee, fiche, synthese
):
    expected = poverty(insee)
    titles = {zone: fiche(zone).constat("revenus-05").message for zone in expected}
    found = {z: (m.valeurs["sens"], m.gabarit.endswith("_incertaine")) for z, m in titles.items()}
    assert found == expected
    said = synthese.constat("revenus-05").message.valeurs
    pairs = [*expected.values()]
    rises, stables = ([pairs.count((sens, unsure)) for unsure in (False, True)] for sens in ("hausse", "stable"))
    assert [said["hausse"] - said["hausse_incertaine"], said["hausse_incertaine"]] == rises == [7, 4]
    assert [said["stable"] - said["stable_incertaine"], said["stable_incertaine"]] == stables == [0, 4]
    title = phrases.write(synthese.constat("revenus-05").message)
    assert "11 quartiers sur 15 (dont 4 incertains)" in title
    assert "dans 4 (incertains)" in title
    assert "incertaine" in phrases.write(titles["QP044012"])  # 35.7 → 38.7 %, but 41.6 → 38.7 % from 2013


def test_the_gap_of_the_poorest_tenth_of_the_sillon_is_within_its_usual_movement(store, fiche):
    codes = [quarter.code for quarter in store.territory.quartiers]
    rows = store.indicateurs(zones=codes, indicateurs=["revenu_d1"]).sort_values("publication")
    known = {(row.zone, row.millesime): row.valeur for row in rows.itertuples()}  # the last publication of each year
    moves = [
        100 * abs(known[zone, year + 1] / known[zone, year] - 1)
        for zone, year in known
        if year < 2018 and known.get((zone, year + 1)) and known[zone, year]
    ]
    assert round(float(pd.Series(moves).median()), 1) == load_rules().mouvements["revenu_d1"] == 2.5
    found = fiche(SILLON).constat("revenus-07").message
    assert found.gabarit == "quartier.ecart_stable"
    assert round(found.valeurs["variation"].valeur, 1) == 2.4


def test_no_witness_of_a_gap_crosses_the_break_of_2019(fiche):
    for code in (DERVALLIERES, MALAKOFF, SILLON):
        for numero in ("revenus-03", "revenus-07"):
            years = fiche(code).constat(numero).message.valeurs["temoin"]
            assert years
            assert not any(year in years for year in ("2019", "2020", "2021"))


def test_a_doubtful_figure_is_in_no_headline_and_no_landmark(fiche, store):
    for quarter in store.territory.quartiers:
        page = fiche(quarter.code)
        titles = [phrases.write(one.message) for one in page.constats]
        titles += [phrases.say(line.valeur) + phrases.write(under) for line, under in page.reperes]
        assert not [title for title in titles if "(douteux)" in title]
    women = fiche("QP044011").constat("emploi-02").message
    assert phrases.write(women) != phrases.write(fiche("QP044011").constat("emploi-01").message)
    said = phrases.write(fiche(SILLON).constat("population-01").message)
    assert "un seul chiffre est utilisable, en 2013 ; en 2018 le chiffre est douteux" in said.replace("\u00a0", " ")


def test_a_doubtful_landmark_leaves_it_its_box_and_the_reason_and_is_asked_nothing_about(fiche):
    page = fiche("QP044011")
    said = {line.declaree.indicateur: (phrases.say(line.valeur), phrases.write(under)) for line, under in page.reperes}
    assert len(said) == 4
    assert said["taux_emploi"][0] == "douteux"
    assert said["taux_emploi"][1].startswith("Part des 15-64 ans en emploi")
    assert not any(one.id.endswith("emploi-01") for one, _ in page.questions())


def test_more_persons_insured_than_inhabitants_make_a_census_doubtful(insee, fiche):
    people, insured = insee("DEMO_2022.csv"), insee("REVN_2022.csv")
    over = {z for z, r in people.items() if z.startswith("QP") and insured[z]["C"] > 1.15 * r["POP_MUN"]}
    assert over == {"QP044009", "QP044016", SILLON}
    for code in over:
        page = fiche(code)
        assert page.contexte.observations.latest(code, "population").statut == "suspect"


def test_a_change_of_six_persons_is_no_fall(insee, fiche):
    before, after = (insee(f"IPRO_{year}.csv")["QP044011"]["ABC"] for year in (2017, 2022))
    assert (before, after) == (284, 278)
    found = fiche("QP044011").constat("emploi-04")
    assert found.message.gabarit == "quartier.evolution_stable"
    assert "(moins de 8,3 %)" in phrases.write(found.lecture).replace("\u00a0", " ").replace("\u202f", " ")
    assert "de 911 à 771 personnes" in phrases.write(fiche(DERVALLIERES).constat("emploi-04").message).replace(
        "\u00a0", " "
    )


def test_a_class_of_ages_is_told_by_year_of_age_as_its_table_shows_it(insee, fiche):
    row = insee("DEMO_2022.csv")[DERVALLIERES]
    found = fiche(DERVALLIERES).constat("familles-02")
    by_year = {line[0].texte: line[-1].valeur for line in found.table.lignes}
    assert by_year["0 à 2 ans"] == max(number for number in by_year.values() if number is not None)
    assert by_year["0 à 2 ans"] == pytest.approx(100 * row["ENF_2"] / row["ENF"] / 3)


def test_a_figure_years_older_than_the_others_is_not_told_in_its_place(fiche):
    assert fiche(HALVEQUE).constat("population-05").message.gabarit == "quartier.absent"  # its last one is of 2010


def test_differences_in_euros_say_of_which_year(fiche, synthese):
    assert "Différence, en euros de l'année" in fiche(DERVALLIERES).constat("revenus-03").table.colonnes
    assert "Nantes, en euros de 2018" in fiche(DERVALLIERES).constat("revenus-02").table.colonnes
    assert "Différence 2014, en euros de 2014" in synthese.constat("revenus-03").table.colonnes


# ------------------------------------------------------------------------- what « stable » or « presque » means, where it decides


@pytest.mark.parametrize(
    "numero", ["population-01", "revenus-02", "revenus-03", "revenus-05", "revenus-07", "emploi-04", "emploi-05"]
)
def test_a_difference_called_small_is_told_with_the_bound_that_calls_it_so(numero, fiche, store):
    told = {}
    for quarter in store.territory.quartiers:
        message = fiche(quarter.code).constat(numero).message
        if message.gabarit.endswith(("_stable", "_moitie")) or "stable" in phrases.write(message):
            told[phrases.write(message)] = phrases.say(message.valeurs["tolerance"])
    assert told
    assert {title: bound for title, bound in told.items() if bound not in title} == {}


def test_the_synthesis_too_writes_the_bound_that_calls_quarters_stable(insee, synthese):
    said = {
        n: phrases.write(synthese.constat(n).message) for n in ("revenus-02", "revenus-03", "revenus-05", "emploi-04")
    }
    assert "stable, à 2,0\u00a0% près, dans 8 (dont 7 incertains)" in said["revenus-02"]
    assert "6 bougent de moins de 2,0\u00a0points" in said["revenus-03"]
    assert "stable, à 1,4\u00a0point près, dans 4" in said["revenus-05"]
    before, after = insee("IPRO_2017.csv"), insee("IPRO_2022.csv")
    counts = [(before[z]["ABC"], after[z]["ABC"]) for z in after if z.startswith("QP0440")]
    # 5.5 % of 692 is a fall, 6.7 % of 224 may be chance
    chances = [100 * (a + b) ** 0.5 / a for a, b in counts if abs(b - a) < (a + b) ** 0.5]
    low, high = (f"{bound:.1f}\u00a0%".replace(".", ",") for bound in (min(chances), max(chances)))
    assert f"sans mouvement sûr dans {len(chances)} (moins de {low} à {high} selon leur taille" in said["emploi-04"]


def test_a_population_that_hardly_moves_says_by_how_much_on_the_front(insee, fiche):
    there = fiche("QP044010").reperes
    [said] = [phrases.write(under) for line, under in there if line.declaree.indicateur == "population"]
    chance = 100 * (1733 + 1713) ** 0.5 / 1733
    assert insee("DEMO_2022.csv")["QP044010"]["POP_MUN"] == 1713
    assert f"presque autant qu’en 2013 (à {chance:.1f}\u00a0% près)".replace(".", ",") in said


def test_the_nominal_change_and_the_rise_of_prices_are_read_on_every_page(fiche, store):
    for quarter in store.territory.quartiers:
        html = Constat(fiche(quarter.code).constat("revenus-02"), store.territory, notes={}).html
        assert "en euros courants" in html, quarter.code
        assert "Les prix ont augmenté de 3,1\u00a0%" in html, quarter.code


def test_how_many_indicators_make_quarters_alike_and_how_many_the_table_shows(fiche):
    [declared] = [one for one in load_catalogue().constats if one.numero == "france-02"]
    found = fiche(DERVALLIERES).constat("france-02")
    assert len(declared.indicateurs) == len(found.table.colonnes) - 2 == 4
    assert found.table.colonnes[1] == "Distance, sur 8 indicateurs"
    assert "(2019 et 2018, probable)" in phrases.write(found.message)
    assert [name.rsplit(", ", 2)[-1] for name in found.table.colonnes[2:4]] == ["2019", "2019"]
    assert all("2018, probable" in name for name in found.table.colonnes[4:])
    [caution] = [text for text in found.precautions if "illustration" in text]
    assert len(load_rules().proches["indicateurs"]) == caution.partition("(")[2].partition(")")[0].count(",") + 1 == 8


def test_a_reason_that_a_title_says_is_not_said_again_for_each_indicator(fiche, store):
    html = Constat(fiche(SILLON).constat("france-02"), store.territory, notes={}).html
    assert html.count("trop peu de chiffres sûrs") == 1


def test_a_name_that_says_all_has_no_definition_and_a_direction_always_has_its_line(fiche):
    page = fiche(DERVALLIERES)
    told = {one.nom: one.definition for one in page.definitions()}
    assert "part des ménages d’une seule personne" not in told
    assert "unité de consommation" in told["revenu disponible médian"]
    assert "enfant plus jeune" in told["revenu disponible médian"]
    shown = {
        KNOWN[line.declaree.indicateur]
        for line in page.tableau
        if KNOWN[line.declaree.indicateur].direction != "neutre"
    }
    assert {one.nom for one in shown} <= set(told)


# --------------------------------------------------------------------------------------------- answers to contributions


@pytest.fixture(scope="module")
def answers(brut):
    with (brut / "paroles" / "reponses.csv").open(encoding="utf-8-sig", newline="") as lines:
        return {
            row["parole"].removeprefix("EX-PROP-2022-"): row["reponse"] for row in csv.DictReader(lines, delimiter=";")
        }


def test_an_answer_says_what_the_fiche_shows_today(answers, fiche):
    dervallieres, malakoff = fiche(DERVALLIERES), fiche(MALAKOFF)
    assert "reste après les impôts directs" in answers["01"]
    assert "ce qui reste après les impôts directs" in phrases.write(dervallieres.constat("revenus-01").lecture)
    assert "celui des hommes n'est pas publié" in answers["02"]
    assert "hommes n’est pas publié" in phrases.write(dervallieres.constat("emploi-02").message)
    assert "dans le titre" in answers["03"]
    assert "2019" in phrases.write(malakoff.constat("revenus-01").message)
    assert "hébergées" in answers["08"]
    assert not any("hébergé" in one.nom for one in KNOWN.values())
    assert "tous les âges" in answers["10"]
    assert "Emplois précaires" in phrases.write(malakoff.constat("emploi-03").message)
    assert not any("25 ans" in one.nom and "précaire" in one.nom for one in KNOWN.values())


@pytest.mark.parametrize(
    "promise", ["désormais", "maintenant", "sera ", "seront ", "figure sur la fiche", "Ce qu'on ne sait pas"]
)
def test_no_answer_promises_what_a_page_does_not_do(answers, promise):
    assert not [text for text in answers.values() if promise in text]


def test_a_title_of_a_fiche_is_read_in_one_breath(store):
    """Eighteen words at most; what a no-break space holds together is one."""
    for quarter in store.territory.quartiers:
        for found in Fiche(store, store.territory, load_catalogue(), quarter.code).constats:
            title = phrases.write(found.message, phrases.MOTS)
            assert len(title.split(" ")) <= 18, (found.id, title)


@pytest.mark.parametrize(
    "page", ["synthese", "avancement", "partenaires", "recit", "participation", "preconisations", "qualite", "theme"]
)
def test_a_title_of_any_page_is_read_in_one_breath_and_what_it_leaves_out_stands_under_it(store, page):
    dossier, themes = Dossier(store.territory, store), [theme.id for theme in store.territory.themes]
    ask = getattr(dossier, page)
    for shown in (one[n] for one in (map(ask, themes) if page == "theme" else [ask()]) for n in one.numeros):
        assert len(shown.titre.split(" ")) <= 18, (shown.finding.id, shown.titre)
        whole = phrases.write(shown.finding.message)
        assert whole == shown.titre or whole in unescape(shown.html), shown.finding.id
        assert shown.record["message"] == shown.titre


def test_what_the_first_evaluation_hands_over_has_the_figures_of_its_fiches(store, racine):
    """`precedent.csv` of the second territory is what an edition of the first stated: other words since are no other figures."""
    with (racine / "data" / "exemple-2024" / "precedent.csv").open(encoding="utf-8-sig", newline="") as lines:
        handed = {
            row["constat"]: row["titre"] for row in csv.DictReader(lines, delimiter=";") if row["constat"][:2] == "QP"
        }
    assert len(handed) > 400
    for quarter in store.territory.quartiers:
        for found in Fiche(store, store.territory, load_catalogue(), quarter.code).constats:
            now = phrases.write(found.message, phrases.MOTS)
            assert re.findall(r"\d+", handed[found.id]) == re.findall(r"\d+", now), found.id


def test_a_need_is_told_of_the_year_of_the_synthesis_and_of_the_fiches(store, insee, synthese):
    theme = ThemeActions(store, store.territory, "scolarite", load_catalogue()).constat("besoins-01")
    young = {
        store.territory.quartier(z).nom: r["TX_TOT_0A24"] for z, r in insee("DEMO_2022.csv").items() if z[:2] == "QP"
    }
    assert "2018" in theme.table.colonnes[2]
    assert {line[0].texte: line[2].valeur for line in theme.table.lignes} == young
    assert {line[0].texte: line[1].valeur for line in synthese.constat("population-02").table.lignes} == young


def test_a_rise_told_in_a_title_is_one_that_other_years_confirm(insee, synthese):
    """« En hausse dans 11 quartiers (dont 4 incertains) » is read as eleven: the title counts those that nothing contradicts."""
    sure = [said for said, uncertain in poverty(insee).values() if not uncertain]
    assert Counter(sure) == {"hausse": 7}
    found = synthese.constat("revenus-05")
    assert phrases.write(found.message, phrases.MOTS) == (
        "Pauvreté, 2014 à 2018\u00a0: hausse confirmée dans 7 quartiers sur 15, baisse confirmée dans aucun (seuil\u00a0: 1,4\u00a0point)"
    )


def test_the_rates_of_women_are_told_of_all_the_quarters_that_have_one(insee, synthese):
    women = {z: row["TX_F_EMPL"] for z, row in insee("data_IPRO_2021_V1_QP.csv").items() if z.startswith("QP")}
    found = synthese.constat("emploi-02")
    sure = [line[2].valeur for line in found.table.lignes if line[2].dite]
    assert max(sure) == women["QP044011"] == 55.0
    assert "à 55,0\u00a0% (Le Clos Toreau), dans 13 quartiers sur 15" in phrases.write(found.message)
