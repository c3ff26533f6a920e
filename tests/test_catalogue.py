"""The catalogue is data: these tests are its compiler."""

import csv
import string

import pytest

from cvanalysis.catalogue import header_form, load_catalogue, normal_header
from cvanalysis.indicateurs.observation import Observation

CATALOGUE = load_catalogue()
PILIERS = {"population", "familles", "revenus", "emploi", "sante", "logement", "education", "economie"}
CANONIQUES = """population tx_femmes part_moins_25 part_moins_25_femmes part_60_plus part_60_plus_femmes indice_jeunesse
part_menages_1 part_menages_6_plus part_etrangers part_etrangers_femmes allocataires personnes_couvertes
familles_monoparentales allocataires_isoles couples_sans_enfant couples_avec_enfant couples_3_enfants
etudiants_allocataires enfants enfants_0_2 enfants_3_5 enfants_6_10 enfants_11_14 enfants_15_17 enfants_18_24
revenu_median revenu_q1 revenu_q3 revenu_d1 revenu_d9 rapport_d9_d1 taux_pauvrete part_revenus_activite part_pensions
part_patrimoine part_prestations part_impots revenu_declare_median revenu_declare_d1 revenu_declare_d9 menages_imposes
part_bas_revenus prime_activite rsa_socle aah taux_emploi taux_emploi_femmes taux_emploi_etrangers emploi_precaire
emploi_precaire_femmes emploi_precaire_etrangers demandeurs_abcde demandeurs_abcde_femmes demandeurs_abc_hommes
demandeurs_a demandeurs_abc_moins_25 demandeurs_abc_25_49 demandeurs_abc_50_plus demandeurs_abc_duree_1
demandeurs_abc_duree_4 demandeurs_abc_infcapbep demandeurs_abc_capbep demandeurs_abc_bac demandeurs_abc_supbac
c2s_beneficiaires logements_sociaux etablissements""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", CANONIQUES)
def test_an_id_that_others_use_is_there(name):
    assert name in CATALOGUE.indicateurs


@pytest.mark.parametrize("known", CATALOGUE.indicateurs.values(), ids=lambda known: known.id)
def test_an_indicator_holds_together(known):
    """Its source, cautions, sexes exist; its bounds are in order; what is printed is a French sentence with no-break spaces."""
    assert set(known.id) <= set(string.ascii_lowercase + string.digits + "_")
    assert known.pilier in PILIERS
    assert known.source in CATALOGUE.sources
    assert set(known.precautions) <= set(CATALOGUE.precautions)
    assert known.direction in ("hausse", "baisse", "neutre")
    assert known.genre in ("taux", "montant", "effectif", "ratio")
    assert known.additif == (known.genre == "effectif")
    assert (known.unite == "%") == (known.genre == "taux")
    assert bool(known.denominateur) or known.genre != "taux"
    assert known.mini is None or known.maxi is None or known.mini < known.maxi
    assert known.definition[0].isupper() or known.definition[0].isdigit()
    assert known.definition.endswith((".", ")"))
    assert all(sex in CATALOGUE.indicateurs for sex in (known.femmes, known.hommes) if sex)
    for text in (known.nom, known.nom_court, known.definition, known.champ):
        assert "'" not in text
        assert not any(f" {sign}" in text for sign in "%€:;?!")


def test_there_are_indicators_for_every_pillar():
    assert {known.pilier for known in CATALOGUE.indicateurs.values()} == PILIERS
    assert 60 <= len(CATALOGUE.indicateurs) < 1024  # the sort key of `reconcile` gives them ten bits


def test_a_structure_has_at_least_two_parts_of_one_unit():
    for groupe in {known.groupe for known in CATALOGUE.indicateurs.values()} - {""}:
        parts = CATALOGUE.group(groupe)
        assert len(parts) > 1, groupe
        assert len({part.unite for part in parts}) == 1, groupe


@pytest.mark.parametrize("family", CATALOGUE.familles.values(), ids=lambda family: family.id)
def test_a_column_map_names_known_indicators_and_no_header_twice(family):
    rows = {column.indicateur for column in family.colonnes}
    assert len(rows) == len(family.colonnes)
    forms = [form for column in family.colonnes for form in column.formes]
    assert len(forms) == len(set(forms))
    for column in family.colonnes:
        assert column.indicateur in CATALOGUE.indicateurs or column.indicateur.startswith("note_")
        assert not column.note or column.note in rows
        assert not any(family.reason_excluded(form) for form in column.formes)
    assert family.minimum <= len(family.signature)
    long = {f.removesuffix("_A{aa}").removesuffix("{aa}") for f in forms}
    assert family.signature <= set(forms) | long


def test_no_two_families_would_claim_the_same_signature():
    """`A` alone tells nothing; each signature has enough headers that are its own, or some that it requires or refuses."""
    told_otherwise = {("FILO", "FILO_PANEL"), ("FILO_PANEL", "FILO")}
    twins = {family.jumelle for family in CATALOGUE.familles.values()}
    for one in CATALOGUE.familles.values():
        for two in CATALOGUE.familles.values():
            told = one.exige & two.exclut or two.exige & one.exclut or {one.id, two.id} & twins
            if one.id != two.id and not told and (one.id, two.id) not in told_otherwise:
                assert len(one.signature & two.signature) < one.minimum, (one.id, two.id)


def test_what_a_family_requires_or_refuses_is_a_header_that_some_map_or_exclusion_knows():
    for family in CATALOGUE.familles.values():
        others = CATALOGUE.familles.values()
        for form in family.exige | family.exclut:
            assert any(other.column_of(form) or other.reason_excluded(form) for other in others), form
        assert not family.jumelle or family.jumelle in CATALOGUE.familles


@pytest.mark.parametrize(
    ("family", "vintage", "indicator", "expected"),
    [
        ("REVN", 2017, "revenu_median", (2013, "")),
        ("REVN", 2018, "revenu_median", (2014, "")),
        ("REVN", 2019, "taux_pauvrete", (2015, "")),
        ("REVN", 2021, "menages_imposes", (2017, "")),
        ("REVN", 2022, "part_prestations", (2018, "")),
        ("REVN", 2020, "revenu_median", (None, "")),
        ("REVN", 2022, "allocataires", (None, "")),
        ("DEMO", 2017, "population", (2013, "")),
        ("DEMO", 2020, "population", (2013, "")),
        ("DEMO", 2021, "population", (2018, "")),
        ("DEMO", 2024, "population", (None, "")),
        ("DEMO", 2022, "tx_femmes", (None, "")),
        ("IPRO", 2022, "demandeurs_abc", (2021, "31/12/2021")),
        ("IPRO", 2022, "evolution_demandeurs_abc", (None, "")),
        ("IPRO", 2022, "taux_emploi", (None, "")),
        ("IPRO", 2021, "demandeurs_abc", (2020, "31/12/2020")),
        ("FILO", 2019, "gini", (2019, "")),
        ("FILO_DISP", 2016, "revenu_d1", (2016, "")),
    ],
)
def test_the_file_s_year_is_not_the_data_s_year(family, vintage, indicator, expected):
    assert CATALOGUE.data_year(family, vintage, indicator) == expected


def test_the_exact_date_of_job_seekers_is_told_by_publication():
    assert CATALOGUE.exact_date("demandeurs_abc", 2022) == "31/12/2021"
    assert CATALOGUE.exact_date("demandeurs_abc", 2017) == "31/12/2016"
    assert CATALOGUE.exact_date("taux_emploi", 2022) == ""
    assert CATALOGUE.exact_date("demandeurs_abc", 2022, 2022) == ""  # another family, whose file is of its own year


@pytest.mark.parametrize(
    ("zone", "fichier", "probable"),
    [
        ("QP044005", "insee/DEMO_2022.csv", 2018),
        ("QN04407I", "insee/DEMO_2022.csv", 2018),  # its contour is that of a quarter of 2015
        ("QN04407I", "insee/estimations-demographiques_2022_QPV2024.csv", None),
        ("QN04405M", "insee/estimations.csv", None),
    ],
)
def test_the_probable_year_of_an_edition_of_2015_is_not_that_of_a_file_of_the_quarters_of_2024(zone, fichier, probable):
    row = Observation(zone, "part_moins_25", None, 2022, 37.6, "publié", "rp", fichier)
    assert row.instant.probable == probable


def test_a_probable_year_is_told_and_never_taken_for_an_established_one():
    assert CATALOGUE.probable_year("taux_emploi", 2022) == 2018
    assert CATALOGUE.data_year("IPRO", 2022, "taux_emploi") == (None, "")
    assert CATALOGUE.probable_year("demandeurs_abc", 2022) is None
    assert CATALOGUE.probable_year("allocataires", 2021) is None


@pytest.mark.parametrize(
    ("header", "vintage", "form"),
    [
        ("disp_q2_a16", 2016, "DISP_Q2_A{aa}"),
        ("Q218", 2018, "Q2{aa}"),
        ("S80S2018", 2018, "S80S20{aa}"),
        ("EVOL_CA_N_E ", 2020, "EVOL_CA_N_E"),
        ("RD", 2018, "RD"),
    ],
)
def test_a_header_is_read_whatever_its_year(header, vintage, form):
    assert header_form(header, vintage) == form


def test_controls_name_known_indicators():
    for control in CATALOGUE.controles:
        named = [term for term in control.termes if not term.startswith("source:")]
        assert set(named) <= set(CATALOGUE.indicateurs)
        optional = control.genre in ("croissant", "zero", "saut") and not control.total
        assert control.total in CATALOGUE.indicateurs or control.total.isdigit() or optional
        assert control.genre in ("somme", "total", "au_plus", "croissant", "zero", "couverture", "saut")


def test_rules_of_years_and_republications_name_known_families():
    names = {rule.famille for rule in (*CATALOGUE.annees, *CATALOGUE.republications)}
    assert names <= set(CATALOGUE.familles)


def test_declared_findings_ask_for_known_indicators_under_unique_numbers():
    numbers = [declared.numero for declared in CATALOGUE.constats]
    assert len(numbers) == len(set(numbers))
    for declared in CATALOGUE.constats:
        assert set(declared.indicateurs) <= set(CATALOGUE.indicateurs), declared.numero


def test_regions_and_departments_are_all_there():
    assert len(CATALOGUE.regions) == 18
    assert len(CATALOGUE.departements) == 101
    assert (CATALOGUE.regions["44"], CATALOGUE.departements["44"]) == ("Grand Est", "Loire-Atlantique")


def test_every_variable_of_the_facts_is_mapped_or_left_out_for_a_reason(facts):
    with (facts / "nantes_indicateurs.csv").open(encoding="utf-8-sig", newline="") as lines:
        known = {(r["famille"], r["variable"], int(r["annee_fichier"])) for r in csv.DictReader(lines, delimiter=";")}
    for famille, variable, year in sorted(known):
        family = CATALOGUE.familles[famille]
        vintage = year if year > 100 else 2000 + year
        forms = {normal_header(variable), header_form(variable, vintage), f"{variable}_A{{aa}}"}
        assert any(family.column_of(form) or family.reason_excluded(form) for form in forms), (famille, variable)


NUMEROS = """
population-01 evolution population
population-02 niveau part_moins_25
population-03 rang part_60_plus
population-04 niveau part_menages_1
population-05 rang part_menages_6_plus
familles-01 structure allocataires
familles-02 structure enfants
familles-03 evolution personnes_couvertes
revenus-01 niveau revenu_median
revenus-02 evolution revenu_median
revenus-03 ecart revenu_median
revenus-04 niveau taux_pauvrete
revenus-05 evolution taux_pauvrete
revenus-06 structure part_revenus_activite
revenus-07 ecart revenu_d1
revenus-08 rang menages_imposes
emploi-01 niveau taux_emploi
emploi-02 paires taux_emploi
emploi-03 rang emploi_precaire
emploi-04 evolution demandeurs_abc
emploi-05 paires demandeurs_abc_femmes
emploi-06 structure demandeurs_abc
emploi-07 structure demandeurs_abc
sante-01 niveau c2s_beneficiaires
sante-02 niveau taux_c2s
"""
"""What each number has asked since it was first printed: people cite it on paper, so it can be given up but never given again."""


def test_a_number_keeps_its_question_from_one_edition_to_the_next():
    asked = {constat.numero: (constat.genre, constat.indicateurs[0]) for constat in load_catalogue().constats}
    for numero, genre, indicateur in (line.split() for line in NUMEROS.strip().splitlines()):
        assert asked.get(numero, (genre, indicateur)) == (genre, indicateur), numero
