"""The quarters side by side, and what the data hold: nothing added up, nothing hidden."""

import re
from dataclasses import replace

import pytest

from cvanalysis.catalogue import load_catalogue
from cvanalysis.display import phrases
from cvanalysis.display.alternatives import describe
from cvanalysis.errors import UsageError
from cvanalysis.pages.qualite import Qualite
from cvanalysis.pages.quartier import Fiche
from cvanalysis.pages.synthese import Synthese
from cvanalysis.tables.process import process
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import Commune, Quartier, Seuils, read_territory
from findings_monde import COMMUNE, EPCI, A, B, Reader, catalogue, everywhere, obs, territory


def synthesis(declaration, observations):
    return Synthese(Reader(observations), territory(), catalogue(f"revenus-01;revenus;{declaration}")).constat(
        "revenus-01"
    )


def cells(table):
    return [[phrases.say(value) for value in line] for line in table.lignes]


def unspaced(found):
    return phrases.write(found.message).replace("\u00a0", " ").replace("\u202f", " ")


def over_time(values, zone=A, years=None):
    years = years or ((2014, 2018) if len(values) == 2 else (2012, 2014, 2016, 2018))
    return [obs(zone, millesime=year, valeur=value) for year, value in zip(years, values, strict=True)]


# ------------------------------------------------------------------------------------------------------------- synthesis


def test_dots_stand_by_value_and_the_table_in_the_declared_order():
    found = synthesis("niveau;taux_pauvrete", everywhere("taux_pauvrete", [30, 50, 40, 20, "secret", 35]))
    assert [p.etiquette for p in found.figure.series[0].points][:2] == ["Le Breuil", "La Plaine"]
    assert [line[0] for line in cells(found.table)][:3] == ["Les Ormes", "Le Breuil", "La Plaine"]
    assert "L’Étang" in found.manques[0]
    assert found.id == "synthese-revenus-01"


def test_a_shared_end_is_said_to_be_shared():
    found = synthesis("niveau;taux_pauvrete", everywhere("taux_pauvrete", [50, 50, 40, 20, 31, 35]))
    assert "la valeur la plus élevée (à égalité avec 1 autre), et" in phrases.write(found.lecture)


def test_two_ends_that_are_printed_alike_are_shared_in_the_title_too():
    found = synthesis("niveau;taux_pauvrete", everywhere("taux_pauvrete", [50.04, 50.01, 40, 20, 31, 35]))
    assert "à 50,0 % (Le Breuil et 1 autre)" in unspaced(found) or "à 50,0 % (Les Ormes et 1 autre)" in unspaced(found)
    assert "(à égalité avec 1 autre)" in phrases.write(found.lecture)


def test_quarters_are_never_ranked_by_a_count_of_people():
    found = synthesis("niveau;population", everywhere("population", [900, 5000, 1200, 800, 700, 1500], source="rp"))
    assert [p.etiquette for p in found.figure.series[0].points][:3] == ["Les Ormes", "Le Breuil", "La Plaine"]
    said = f"{phrases.write(found.message)} {phrases.write(found.lecture)}"
    assert not any(word in said for word in ("plus élevé", "plus bas", "5 000", "700"))


def test_how_many_change_is_told_of_the_quarters_that_are_measured():
    rows = [*over_time((40, 45)), *over_time((40, 30), B), obs("QP990003", millesime=2018)]
    found = synthesis("evolution;taux_pauvrete", rows)
    assert "en hausse dans 1 quartier sur 2 mesurés" in phrases.write(found.message)


def test_where_no_year_compares_the_quarters_a_recent_one_is_told_and_not_the_fullest_of_long_ago():
    old = everywhere("part_moins_25", [30, 31, 32, "secret", "secret", "secret"], 2010, source="rp")
    new = everywhere("part_moins_25", [30, 31, "secret", "secret", "secret", "secret"], 2018, source="rp")
    assert "(2018)" in phrases.write(synthesis("niveau;part_moins_25", old + new).message)


def test_no_mean_or_total_of_the_quarters_is_ever_printed():
    found = synthesis("niveau;taux_pauvrete", everywhere("taux_pauvrete", [31, 50, 40, 20, 26, 37]))
    numbers = {value.valeur for line in found.table.lignes for value in line if value.valeur is not None}
    assert numbers == {31, 50, 40, 20, 26, 37}


def test_small_panels_have_one_series_per_quarter_and_count_rises_and_falls():
    rows = [*over_time((40, 45)), *over_time((40, 30), B), obs("QP990003", millesime=2018)]
    found = synthesis("evolution;taux_pauvrete", rows)
    assert found.figure.facettes
    assert len(found.figure.series) == 6
    assert (found.message.valeurs["hausse"], found.message.valeurs["baisse"]) == (1, 1)
    assert any("La Plaine" in manque and "un seul chiffre" in manque for manque in found.manques)


def test_changes_are_counted_between_the_years_that_most_quarters_share():
    rows = [*over_time((40, 45)), *over_time((40, 45), B), *over_time((40, 30), "QP990003", (2015, 2017))]
    found = synthesis("evolution;taux_pauvrete", rows)
    values = found.message.valeurs
    assert (values["annee_avant"], values["annee_apres"], values["hausse"], values["baisse"]) == ("2014", "2018", 2, 0)
    assert "sans mesure pour 4" in phrases.write(found.message)
    assert any("La Plaine" in manque and "d'autres années" in manque for manque in found.manques)


def test_a_count_without_base_is_not_drawn_and_a_secret_one_stays_secret():
    rows = [*over_time((40, 45)), obs(B, "population", 2018, 30)]
    rows = [obs(A, "population", y, v, source="rp") for y, v in ((2013, 40), (2018, 45))]
    rows += [
        obs(B, "population", 2018, 30, source="rp"),
        obs("QP990003", "population", 2018, None, "secret", source="rp"),
    ]
    series = synthesis("evolution;population", rows).figure.series
    assert [serie.points[-1].valeur.statut for serie in series[:3]] == ["publié", "sans_objet", "secret"]
    assert series[1].points[-1].valeur.valeur is None


def test_both_measures_of_a_gap_stand_in_the_table_of_the_synthesis():
    rows = [obs(z, "revenu_median", y, v) for z, vs in ((A, (12000, 12600)), (EPCI, (20000, 21000)))
            for y, v in zip((2014, 2018), vs, strict=True)]  # fmt: skip
    table = synthesis("ecart;revenu_median", rows).table
    assert table.colonnes[4:6] == ("Différence 2014, en euros de 2014", "Différence 2018, en euros de 2018")
    assert cells(table)[0][4:6] == ["−8\u202f000\u00a0€", "−8\u202f400\u00a0€"]
    assert "l'autre mesure" not in cells(table)[0][-1]


def test_a_missing_figure_of_women_is_said_even_where_that_of_all_is_published():
    rows = [*everywhere("taux_emploi", [50, 51, 52, 53, 54, 55], source="rp"),
            *everywhere("taux_emploi_femmes", [45, 44, 43, 42, 41, "secret"], source="rp")]  # fmt: skip
    found = synthesis("paires;taux_emploi,taux_emploi_femmes", rows)
    assert phrases.write(found.message).endswith("dans 5 quartiers sur 6")
    assert ["Belle Rive" in manque and "secret" in manque for manque in found.manques] == [True]


def test_a_change_refused_everywhere_shows_the_last_figures_and_the_reason():
    rows = everywhere("demandeurs_abc", [9, 8, 7, 6, 5, 4], None, publication=2021) + everywhere(
        "demandeurs_abc", [9, 8, 7, 6, 5, 4], None, publication=2022
    )
    found = synthesis("evolution;demandeurs_abc", rows)
    assert found.message.gabarit == "synthese.evolution_refusee"
    assert found.figure.genre == "points"
    assert "n’est pas établie" in phrases.write(found.message)


def test_who_comes_closer_and_who_does_not_is_told_by_name():
    rows = [*over_time((40, 40, 36, 36)), *over_time((36, 36, 40, 40), B), *over_time((15,) * 4, EPCI)]
    found = synthesis("ecart;taux_pauvrete", rows)
    verdicts = {line[0]: line[-1] for line in cells(found.table)}
    assert (verdicts["Les Ormes"], verdicts["Le Breuil"], verdicts["La Plaine"]) == (
        "se rapproche",
        "s’éloigne",
        "non mesuré",
    )
    assert "Se rapprochent\u00a0: Les Ormes" in phrases.write(found.lecture)


def test_the_synthesis_says_that_fifteen_quarters_prove_nothing():
    found = synthesis("niveau;taux_pauvrete", everywhere("taux_pauvrete", [30, 50, 40, 20, 26, 35]))
    assert any("illustrent" in text for text in found.precautions)


def test_the_summary_table_has_every_quarter_and_a_year_in_each_column():
    page = Synthese(
        Reader(everywhere("gini", [0.1, 0.2, 0.3, 0.2, 0.3, "secret"])),
        territory(),
        catalogue("revenus-01;revenus;rang;gini"),
    )
    table = page.tableau()
    assert table.colonnes[1].endswith("2018")
    assert [line[0].texte for line in table.lignes] == [q.nom for q in territory().quartiers]
    with pytest.raises(UsageError):
        page.constat("revenus-77")


# --------------------------------------------------------------------------------------------------------------- quality


def quality(observations, anomalies=(), fichiers=(), comptes=()):
    reader = Reader(observations, anomalies, fichiers, comptes)
    return Qualite(reader, territory(), catalogue("revenus-01;revenus;niveau;taux_pauvrete"))


def test_coverage_comes_with_its_denominator_and_keeps_what_is_missing_in_it():
    found = quality(everywhere("taux_pauvrete", [30, 50, "secret", 20, 26, "non_diffusé"])).constat("couverture-01")
    assert (found.message.valeurs["publies"], found.message.valeurs["total"]) == (4, 6)
    line = cells(found.table)[0]
    assert line[2:8] == ["publié", "publié", "secret statistique", "publié", "publié", "non diffusé"]


def test_a_figure_without_data_year_is_asked_for():
    page = quality([obs(millesime=None, publication=2019), obs(millesime=2018)])
    assert "non établie" in " ".join(" ".join(line) for line in cells(page.constat("annees-01").table))
    [asked] = [said for title, said in page.demandes().items() if "année exacte" in title]
    assert any("2019" in one for one in asked)


def test_a_rate_that_is_computed_of_what_was_received_is_not_said_to_be_missing():
    counts = [
        obs(f"QP99000{n}", name, 2021, value)
        for n in range(1, 7)
        for name, value in (("c2s_beneficiaires", 30.0), ("assures_cnam", 100.0))
    ]
    page = Qualite(Reader(counts), territory(), catalogue("sante-02;sante;niveau;taux_c2s"))
    assert not any("aucun fichier reçu" in title for title in page.demandes())
    assert page.constat("couverture-01").message.valeurs["publies"] == 6


def test_what_the_same_quarters_lack_for_the_same_reason_is_asked_for_in_one_sentence():
    zones = ["QP990001", "QP990002"]
    rows = [row for one in ("taux_pauvrete", "taux_emploi") for row in everywhere(one, [30, "secret"], zones=zones)]
    asked = "revenus-01;revenus;niveau;taux_pauvrete", "emploi-01;emploi;niveau;taux_emploi"
    page = Qualite(Reader(rows), territory(quartiers=2), catalogue(*asked))
    [(said,)] = [sentences for title, sentences in page.demandes().items() if "n’est pas publié" in title]
    assert said.startswith("Le Breuil : ")
    assert "taux de pauvreté" in said
    assert "taux d’emploi" in said
    assert page.constat("couverture-01").manques[0].startswith("Le Breuil : «")


def test_a_headline_has_its_year_and_says_how_many_quarters_it_is_true_of():
    said = phrases.write(
        synthesis("niveau;taux_pauvrete", everywhere("taux_pauvrete", [30, 50, 40, 20, 26, "secret"])).message
    )
    assert said.startswith(
        "Habitants sous le seuil de pauvreté (2018)\u00a0: de 20\xa0% (Valmont) à 50\xa0% (Le Breuil)"
    )
    assert said.endswith("dans 5 quartiers sur 6")


def test_what_cannot_be_said_is_said_once_for_all_that_the_same_quarters_lack():
    rows = [row for one in ("gini", "taux_pauvrete") for row in everywhere(one, [30, 50, 40, 20, 26, "secret"])]
    page = Synthese(
        Reader(rows),
        territory(),
        catalogue("revenus-01;revenus;niveau;gini", "revenus-04;revenus;niveau;taux_pauvrete"),
    )
    ((ident, said),) = page.inconnus()
    assert ident == "synthese-revenus-01"
    assert said.count("Belle Rive") == 1
    assert said.count("secret") == 1
    assert "pauvreté" in said


def test_a_file_that_gave_nothing_is_named():
    page = quality([obs()], fichiers=[("insee/vide.csv", "", "illisible")])
    assert page.constat("fichiers-01").manques[0].startswith("insee/vide.csv")
    assert cells(page.constat("fichiers-01").table)[-1][-1] == "illisible"


def test_the_account_of_cells_has_a_line_per_file_and_its_total():
    table = quality([obs()], comptes=[("insee/a.csv", 10, 7, 2, 1), ("insee/b.csv", 5, 5, 0, 0)]).comptes()
    assert cells(table)[-1] == ["Total", "15", "12", "2", "1"]


def test_an_unknown_question_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="fichiers-01"):
        quality([obs()]).constat("fichiers-77")


def test_anomalies_are_counted_by_kind_and_listed():
    anomalies = [
        ("insee/a.csv", 3, "TP60", "abc", "doublon : 3 cellules", "écarté"),
        ("insee/a.csv", 0, "", "", "doublon : 4 cellules", "écarté"),
    ]
    found = quality([obs()], anomalies).constat("anomalies-01")
    assert (found.message.valeurs["total"], found.message.valeurs["genres"]) == (2, 1)
    assert cells(found.table)[1][1] == "fichier entier"
    assert "vide" not in cells(found.table)[1]  # a whole column is not an empty cell


def test_a_file_read_for_another_page_is_not_said_to_have_given_nothing():
    found = quality(
        [obs()], fichiers=[("insee/F_2020.csv", "FILO", "lu"), ("paroles/a.csv", "paroles (kobotoolbox)", "lu")]
    )
    assert found.constat("fichiers-01").manques == ()
    text = phrases.write(found.constat("fichiers-01").message)
    assert "rien donné" not in text
    assert "1 autre" in text


def test_anomalies_of_one_kind_are_one_kind_whatever_their_counts():
    anomalies = [("a.csv", 3, "date", "x", f"date illisible ({n} lignes)", "laissée vide") for n in (3, 4, 5)]
    found = quality([obs()], anomalies).constat("anomalies-01")
    assert found.message.valeurs["genres"] == 1
    assert phrases.say(found.figure.series[0].points[0].valeur) == "3\u00a0cas"


def test_no_anomaly_is_said_as_such():
    read = quality([obs()], fichiers=[("insee/a.csv", "FILO", "lu")]).constat("anomalies-01")
    assert read.message.gabarit == "qualite.anomalies_aucune"
    assert phrases.write(read.message) == "Aucune anomalie n’a été trouvée à la lecture du fichier reçu"


def test_a_territory_without_any_file_is_not_told_as_a_clean_one():
    page = quality([])
    said = {finding.id: phrases.write(finding.message) for finding in page.constats}
    assert all("aucun" in text.casefold() for text in said.values()), said
    assert page.constat("couverture-02").figure is None
    assert all(finding.figure is not None or finding.manques for finding in page.constats)


# ------------------------------------------------------------------------------------------- real and awkward territories


def everything(raw, processed):
    """All findings of all pages of a territory, from its raw files."""
    declared = read_territory(raw)
    process(declared, processed)
    store, known = Store(processed, declared), load_catalogue()
    found = [f for q in declared.quartiers for f in Fiche(store, declared, known, q.code).constats]
    found += Synthese(store, declared, known).constats
    found += Qualite(store, declared, known).constats
    return declared, store, found


@pytest.fixture(scope="module")
def default(brut, tmp_path_factory):
    return everything(brut, tmp_path_factory.mktemp("processed"))


@pytest.fixture(scope="module")
def awkward(invente, tmp_path_factory):
    return everything(invente, tmp_path_factory.mktemp("processed"))


@pytest.mark.parametrize("world", ["default", "awkward"])
def test_every_sentence_of_a_whole_territory_is_whole(world, request):
    _, _, found = request.getfixturevalue(world)
    assert len({f.id for f in found}) == len(found)
    for finding in found:
        texts = [phrases.write(m) for m in (finding.message, finding.lecture) if m is not None]
        texts += [*finding.manques, *finding.precautions]
        texts += [finding.sous_titre, finding.champ, finding.source]
        for text in texts:
            assert not re.search(r"\bnan\b|\bNone\b|\binf\b|[{}]|[-\u2212]0(,0+)?\b(?![,\d])", text), (finding.id, text)
        assert (finding.figure is None) == (finding.table is None), finding.id
        assert finding.figure is not None or finding.manques, finding.id
        if finding.figure is not None:
            assert finding.id in describe(finding.figure, phrases.write(finding.message), finding.id)


@pytest.mark.parametrize("world", ["default", "awkward"])
def test_what_stands_out_never_takes_a_refusal_or_an_absence(world, request):
    declared, store, _ = request.getfixturevalue(world)
    for quartier in declared.quartiers:
        chosen = Fiche(store, declared, load_catalogue(), quartier.code).ressort()
        assert len(chosen) <= 3
        assert len({finding.section for finding in chosen}) == len(chosen)
        for finding in chosen:
            assert not re.search("absent|refus|rien|suspect|impossible", finding.message.gabarit)


def test_fifteen_fiches_do_not_bear_the_same_titles(default):
    _, _, found = default
    for numero in ("revenus-01", "revenus-04", "emploi-01", "population-01"):
        titles = [f.message for f in found if f.id.startswith("QP") and f.id.endswith(numero)]
        shapes = {re.sub(r"[\d\u202f,]+", "#", phrases.write(m).replace(m.valeurs["quartier"], "Q")) for m in titles}
        assert len(shapes) >= 3, numero


def test_known_figures_of_the_default_territory_come_out(default):
    _, _, found = default
    by_id = {f.id: f for f in found}
    gap = by_id["QP044006-revenus-03"].message.valeurs
    assert (gap["annee_avant"], gap["annee_apres"], gap["repere"]) == ("2014", "2018", "Nantes Métropole")
    assert round(gap["ecart_avant"].valeur, 1) == round(100 * (21847.3 - 12197) / 21847.3, 1)
    assert round(gap["ecart_apres"].valeur, 1) == round(100 * (23390 - 13040) / 23390, 1)
    population = by_id["QP044006-population-01"].message.valeurs
    assert (population["avant"].valeur, population["apres"].valeur) == (5075, 5375)
    seekers = by_id["QP044006-emploi-04"].message.valeurs
    assert (seekers["avant"].valeur, seekers["apres"].valeur) == (911, 771)
    assert (seekers["annee_avant"], seekers["annee_apres"]) == ("31/12/2016", "31/12/2021")


# ------------------------------------------------------------------------------------------------- too many to be shown


def crowd(n, values):
    """A vast contract of `n` quarters (its threshold is 2), one commune for each half, and a reader of their figures."""
    quarters = tuple(Quartier(f"QP99{i:04}", "Centre", (COMMUNE if i < n // 2 else "99002",)) for i in range(n))
    declared = territory(quartiers=0, seuils=Seuils(voisins=2, rang_mini=3))
    declared = replace(declared, quartiers=quarters, communes=(*declared.communes, Commune("99002", "Belport")))
    rows = everywhere("taux_pauvrete", values, zones=[q.code for q in quarters])
    return declared, Reader(rows)


def test_a_vast_contract_is_a_distribution_with_its_two_ends_by_name():
    declared, reader = crowd(100, [float(i) for i in range(99)] + ["secret"])
    found = Synthese(reader, declared, catalogue("revenus-01;revenus;niveau;taux_pauvrete")).constat("revenus-01")
    assert found.figure.genre == "barres"
    assert sum(point.valeur.valeur for point in found.figure.series[0].points) == 99
    lines = cells(found.table)
    assert len(lines) == 41
    assert lines[0] == ["Centre (QP990000)", "0\u00a0%"]
    assert lines[20][0] == "… 59 autres quartiers entre les deux"
    assert lines[-1][1] == "98\u00a0%"
    assert "téléchar" in found.table.legende


def test_a_fiche_of_a_vast_contract_reads_and_shows_the_quarters_of_its_communes_only():
    declared, reader = crowd(40, [float(i) for i in range(40)])
    found = Fiche(reader, declared, catalogue("revenus-01;revenus;niveau;taux_pauvrete"), "QP990003").constat(
        "revenus-01"
    )
    [(zones, _)] = reader.asked
    assert len([zone for zone in zones if zone.startswith("QP")]) == 20
    names = [serie.nom for serie in found.figure.series]
    assert names[-1] == "Autres quartiers de la commune"
    assert found.champ.count("quartiers de la commune") == 1
    assert phrases.write(found.message).endswith("%, quatrième taux le plus faible des vingt quartiers de la commune")


def test_a_lone_quarter_has_no_rank_and_it_is_said():
    declared = territory(quartiers=1)
    rows = everywhere("taux_pauvrete", [40.0], zones=[A]) + everywhere("taux_pauvrete", [20.0], zones=[EPCI])
    found = Fiche(Reader(rows), declared, catalogue("revenus-01;revenus;rang;taux_pauvrete"), A).constat("revenus-01")
    assert found.figure.genre == "points"
    assert any("Pas de rang" in manque and "du contrat" in manque for manque in found.manques)


def test_quarters_of_the_same_name_are_told_apart_wherever_they_are_listed():
    declared = territory()
    same = tuple(replace(quarter, nom="Centre Ville") for quarter in declared.quartiers[:2])
    rows = everywhere("taux_pauvrete", [30, 50, 40, 20, 26, 35])
    declared = replace(declared, quartiers=(*same, *declared.quartiers[2:]))
    found = Synthese(Reader(rows), declared, catalogue("revenus-01;revenus;niveau;taux_pauvrete")).constat("revenus-01")
    labels = [point.etiquette for point in found.figure.series[0].points]
    assert {"Centre Ville (QP990001)", "Centre Ville (QP990002)"} < set(labels)
    assert len(set(labels)) == 6


def test_the_summary_table_sets_women_beside_what_answers_them():
    rows = [
        *everywhere("taux_emploi", [50, 51, 52, 53, 54, 55]),
        *everywhere("taux_emploi_femmes", [45, 44, 43, 42, 41, 40]),
    ]
    page = Synthese(Reader(rows), territory(), catalogue("emploi-02;emploi;paires;taux_emploi,taux_emploi_femmes"))
    assert [column.split(" (%)")[0] for column in page.tableau().colonnes[1:]] == [
        "taux d’emploi",
        "taux d’emploi des femmes",
    ]
