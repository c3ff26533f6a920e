"""Sentences that said something else than their figures: the right values, computed here from the raw files and from the facts."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from itertools import pairwise
from statistics import median

import pandas as pd
import pytest

from cvanalysis.catalogue import load_catalogue
from cvanalysis.catalogue.rules import load_rules
from cvanalysis.display import phrases
from cvanalysis.indicateurs.france import France
from cvanalysis.indicateurs.observation import Instant, as_value
from cvanalysis.indicateurs.reperes import comparators, reliability
from cvanalysis.pages.quartier import Fiche, QuarterActions
from cvanalysis.pages.synthese import Needs, Synthese
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
    assert "hausse des prix" in phrases.write(found.message)
    assert "comprise" not in phrases.write(found.message)
    assert "indice des prix" in phrases.write(found.lecture)


def test_the_synthesis_counts_five_eight_and_two_quarters(insee, prices, synthese):
    rise = prices[2018] / prices[2014]
    panel = insee("filo_panel_qp_2012_2021.csv")
    real = [100 * (r["DISP_MED_A18"] / (r["DISP_MED_A14"] * rise) - 1) for z, r in panel.items() if z.startswith("QP")]
    expected = (sum(x >= 2 for x in real), sum(-2 < x < 2 for x in real), sum(x <= -2 for x in real))
    said = synthese.constat("revenus-02").message.valeurs
    assert (said["hausse"], said["stable"], said["baisse"]) == expected == (5, 8, 2)


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
    assert (row.valeur, row.dite, reliability(ctx, row)) == (29.0, False, "incohérente")
    told = store.rows("anomalies")
    assert told["probleme"].str.contains("plus de personnes couvertes par la CAF que d’habitants").any()


def test_a_rate_that_jumps_between_two_editions_is_fragile_and_has_no_rank(insee, fiche):
    before = insee("data_DEMO_2021_V1_QP.csv")[HALVEQUE]["TX_TOT_MEN1"]
    after = insee("DEMO_2022.csv")[HALVEQUE]["TX_TOT_MEN1"]
    assert (before, after) == (51.6, 36.2)
    page = fiche(HALVEQUE)
    row = page.contexte.observations.latest(HALVEQUE, "part_menages_1")
    assert reliability(page.contexte, row) == "fragile"
    assert "n’est comparé à aucun autre" in phrases.write(page.constat("population-04").message)
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


def test_a_verdict_on_incomes_needs_two_pairs_of_years_that_agree(insee, synthese):
    panel = insee("filo_panel_qp_2012_2021.csv")
    epci = {y: number_of_epci(insee, y) for y in (2014, 2015, 2019)}
    changes = {}
    for zone, row in panel.items():
        if zone.startswith("QP"):
            gaps = {y: 100 * (row[f"DISP_MED_A{y - 2000}"] / epci[y] - 1) for y in epci}
            changes[zone] = gaps[2019] - gaps[2015]
    said = synthese.constat("revenus-03").message.valeurs
    further = {zone for zone, change in changes.items() if change <= -2}
    assert said["eloigne"] == 4
    assert said["incertain"] == 4
    assert said["eloigne"] <= len(further)  # each of them moves away from 2015 to 2019 too
    assert "incertain" in phrases.write(synthese.constat("revenus-03").message)


def number_of_epci(insee, year):
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
    seen = comparators(
        page.contexte,
        KNOWN["part_menages_1"],
        page.contexte.observations.latest(DERVALLIERES, "part_menages_1").instant,
    )
    epci = next(one for one in seen if one.zone.role == "epci")
    assert (epci.valeur.valeur, epci.annee, epci.autre_annee) == (44.0, "2020", True)
    assert "(2020)" in phrases.write(page.constat("population-04").message)


def test_an_edition_of_december_2022_holds_no_later_figure_nor_event(store, later):
    years = store.indicateurs().groupby("source")["millesime"].max()
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
    assert "emplois précaires" in phrases.write(malakoff.constat("emploi-03").message)
    assert not any("25 ans" in one.nom and "précaire" in one.nom for one in KNOWN.values())


@pytest.mark.parametrize(
    "promise", ["désormais", "maintenant", "sera ", "seront ", "figure sur la fiche", "Ce qu'on ne sait pas"]
)
def test_no_answer_promises_what_a_page_does_not_do(answers, promise):
    assert not [text for text in answers.values() if promise in text]
