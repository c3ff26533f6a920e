"""Mobilisation: expected and seen, the second case, and money by funder and carrier."""

import pandas as pd
import pytest

from cvanalysis.actions.funding import carriers_for_half
from cvanalysis.display.phrases import write
from cvanalysis.engagements.mobilisation import (
    CONSTATE,
    EN_PLUS,
    NI,
    SANS_PREUVE,
    by_engagement,
    by_quarter,
    by_theme,
    by_year,
)
from cvanalysis.pages.partenaires import Partners
from cvanalysis.territory.contract import read_territory
from test_actions_territory import FICHIERS, Tables, clean
from test_engagements import ROWS, TABLE


@pytest.fixture
def partners(tmp_path):
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE})
    return Partners(Tables.of(cleaned), read_territory(tmp_path))


def test_the_four_cases_by_engagement(partners):
    found = by_engagement(partners.field)
    assert found.cases["livres"]["E1"] == CONSTATE  # named among those seen, and carries the linked action
    assert found.cases["course"]["E1"] == SANS_PREUVE  # the second case
    assert found.cases["prefecture"]["E1"] == CONSTATE  # pilot, and funds the linked action
    assert found.cases["livres"]["E2"] == SANS_PREUVE
    assert found.cases["course"]["E4"] == NI


def test_a_partner_seen_where_nobody_expected_it_is_the_third_case(tmp_path):
    row = "Nager;La Course Lente;Le sport;Le Haut;2021;;;10;10;Favorable;;E2"
    cleaned = clean(tmp_path, row, fichiers={"engagements.csv": TABLE.replace(";Lire;;", ";;;")})
    assert by_engagement(Partners(Tables.of(cleaned), read_territory(tmp_path)).field).cases["course"]["E2"] == EN_PLUS


def test_by_theme_by_quarter_and_by_year(partners):
    assert by_theme(partners.field).cases["livres"]["lecture"] == CONSTATE
    assert by_theme(partners.field).cases["course"]["sport"] == SANS_PREUVE
    assert by_quarter(partners.field).cases["course"]["QP099003"] == SANS_PREUVE
    assert by_quarter(partners.field).cases["livres"]["QP099001"] == CONSTATE
    assert by_year(partners.field).cases["livres"]["2021"] == CONSTATE
    assert by_year(partners.field).cases["course"]["2020"] == SANS_PREUVE
    assert by_year(partners.field).cases["prefecture"]["2020"] == NI


def test_a_funder_that_was_only_asked_is_not_seen(tmp_path):
    cleaned = clean(tmp_path, ROWS[0].replace(";10;10;Favorable", ";10;;Favorable"))
    assert (
        by_theme(Partners(Tables.of(cleaned), read_territory(tmp_path)).field).cases["prefecture"]["lecture"]
        == SANS_PREUVE
    )


def test_the_second_case_is_the_message_and_its_table_names_the_engagements(partners):
    finding = partners.constat("mobilisation-01")
    assert "2 cas sur 6" in write(finding.message).replace("\u00a0", " ")
    rows = {line[0].texte: line[4].texte for line in finding.table.lignes}
    assert rows["La Course Lente"] == "Ouvrir une salle (E1) ; Embaucher (E3)"


def test_partners_without_a_college_are_a_group_that_is_named(tmp_path):
    partners = FICHIERS["partenaires.csv"].replace("course;La Course Lente;assos", "course;La Course Lente;")
    cleaned = clean(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE, "partenaires.csv": partners})
    chapter = Partners(Tables.of(cleaned), read_territory(tmp_path))
    lines = {line[0].texte: [c.valeur for c in line[1:]] for line in chapter.constat("mobilisation-05").table.lignes}
    assert lines["Sans collège"] == [1, 0, 2, 0]  # expected on E1 and E3, no evidence of it
    told = {line[0].texte: line[1].texte for line in chapter.liste.lignes}
    assert told["La Course Lente"] == "Sans collège"


def test_a_contract_that_has_no_college_needs_no_column_of_them(tmp_path):
    cleaned = clean(tmp_path, fichiers={"partenaires.csv": "id;nom\nmairie;La mairie\n"}, contrat="")
    assert cleaned.partenaires[["id", "nom", "college"]].to_numpy().tolist() == [["mairie", "La mairie", ""]]


def test_no_partner_at_all_gives_findings_that_say_so(tmp_path):
    cleaned = clean(
        tmp_path,
        *ROWS,
        fichiers={"partenaires.csv": "id;nom;college\n", "correspondances.csv": FICHIERS["correspondances.csv"]},
    )
    page = Partners(Tables.of(cleaned), read_territory(tmp_path))
    for finding in (page.constat(numero) for numero in page.numeros if numero.startswith("mobilisation-")):
        assert write(finding.message).endswith("? Aucun partenaire n’est déclaré")
        assert finding.figure is None


def test_unknown_credit_is_a_line_of_its_own_and_never_a_zero(tmp_path):
    rows = (
        "A;X;;Le Haut;2019;;Mairie (essai);;100;Favorable;;",
        "B;Y;;Le Haut;2020;;;;50;Favorable;;",
        "C;Z;;Le Haut;2020;;;;;Favorable;;",
    )
    chapter = Partners(Tables.of(clean(tmp_path, *rows)), read_territory(tmp_path))
    credits = chapter.constat("argent-02")
    kinds = ("Droit commun", "Type de crédit inconnu")
    constant, current = ([f"{kind}, en euros de {of}" for kind in kinds] for of in ("2021", "chaque année"))
    assert credits.table.colonnes == ("Année", *constant, *current)
    assert credits.table.lignes[0][2].statut == "non_disponible"
    assert "1 ligne retenue sur 3" in credits.manques[0]
    funders = {line[0].texte: line[-2].valeur for line in chapter.constat("argent-01").table.lignes}
    assert funders == {"Mairie (essai)": 100, "Financeur non renseigné": 50}


def test_refused_money_is_not_granted_money(tmp_path):
    cleaned = clean(tmp_path, "A;X;;Le Haut;2019;;Mairie (essai);;100;Non retenu;;")
    said = write(Partners(Tables.of(cleaned), read_territory(tmp_path)).constat("argent-01").message)
    assert "Les journaux n’écrivent aucun montant accordé" in said


def test_actions_whose_amounts_nobody_writes_are_not_told_as_no_action(tmp_path):
    cleaned = clean(tmp_path, "A;X;;Le Haut;2019;;Mairie (essai);;;Favorable;;")
    said = write(Partners(Tables.of(cleaned), read_territory(tmp_path)).constat("argent-01").message)
    assert "aucun montant accordé" in said
    assert "aucune action" not in said


@pytest.mark.parametrize(("amounts", "few"), [([100], 1), ([50, 50], 1), ([40, 30, 30], 2), ([1] * 10, 5)])
def test_how_few_carriers_make_half_of_the_money(amounts, few):
    assert carriers_for_half(pd.Series(amounts, dtype=float)) == few


def test_carriers_that_came_and_left_are_named(tmp_path):
    rows = ("A;X;;Le Haut;2019;;;;1;Favorable;;", "B;Y;;Le Haut;2020;;;;1;Favorable;;")
    moves = Partners(Tables.of(clean(tmp_path, *rows)), read_territory(tmp_path)).constat("porteurs-02")
    line = next(line for line in moves.table.lignes if line[0].texte == "2020")
    assert (line[2].valeur, line[3].valeur, line[4].texte, line[5].texte) == (1, 1, "Y", "X")
