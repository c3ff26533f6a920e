"""What was done, in a quarter and for a theme: counts, reach, small numbers of people, blind spots, honest empty pages."""

import re
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvanalysis.actions.field import Field
from cvanalysis.actions.reach import list_actions, people_by_public, reach, span
from cvanalysis.catalogue import load_catalogue
from cvanalysis.constat.make import leaders
from cvanalysis.display.blocs import show_list
from cvanalysis.display.constat import Constat
from cvanalysis.display.phrases import write
from cvanalysis.display.tables import html_table
from cvanalysis.errors import UsageError
from cvanalysis.pages.engagements import Engagements
from cvanalysis.pages.partenaires import Partners
from cvanalysis.pages.quartier import QuarterActions
from cvanalysis.pages.synthese import Needs
from cvanalysis.pages.theme import ThemeActions
from cvanalysis.territory.contract import read_territory
from test_actions_logs import HOSTILE
from test_actions_territory import Tables, clean
from test_engagements import TABLE

ROWS = (
    "Lire;Les Livres du Palier;La lecture;Le Haut, L'Îlot;2020;;Mairie (essai);;100;Favorable;40;",
    "Lire;Les Livres du Palier;La lecture;;2021;;Mairie (essai);;60;Favorable;;",
    "Lire;Les Livres du Palier;La lecture;Le Haut;2021;;Préfecture (essai);;80;Terminée;50;",
    "Courir;La Course Lente;Le sport;Le Haut;2021;;;;10;Non retenu;;",
    "Chanter;Chorale;Culture;Le Haut;2022;;;;5;Favorable;;",
)
INDICATEURS = pd.DataFrame(
    {
        "zone": ["QP099001", "QP099002", "QP099003"] * 2,
        "niveau": "QPV",
        "indicateur": ["population"] * 3 + ["taux_pauvrete"] * 3,
        "millesime": pd.array([2018] * 6, dtype="Int16"),
        "publication": pd.array([2021] * 6, dtype="Int16"),
        "valeur": [1000.0, 2000.0, float("nan"), 40.0, 35.0, 30.0],
        "statut": ["publié", "publié", "non_diffusé", "publié", "publié", "publié"],
        "source": "rp",
        "fichier": "insee/x.csv",
        "note": "",
    }
)


def tables(tmp_path, *rows, **files):
    cleaned = clean(
        tmp_path,
        *rows,
        fichiers=files.get("fichiers"),
        contrat=files.get("contrat", __import__("test_actions_territory").JOURNAL),
    )
    return Tables.of(cleaned, indicateurs=INDICATEURS), read_territory(tmp_path)


def column(finding, rank=1):
    return {line[0].texte: line[rank].valeur for line in finding.table.lignes}


def test_totals_count_distinct_actions_of_those_that_took_place(tmp_path):
    here = QuarterActions(*tables(tmp_path, *ROWS), "QP099001")
    years = here.constat("actions-01")
    assert "2 actions" in write(years.message)
    assert column(years) == {"2020": 1, "2021": 1, "2022": 1}
    assert column(years, 3) == {"2020": 50, "2021": 80, "2022": 5}  # its share of what is shared
    assert column(here.constat("actions-02"))["Le sport"] == 0
    assert "Le sport" in write(here.constat("actions-02").message)
    assert column(here.constat("actions-03"))["Refusé"] == 1
    *listed, total = here.liste.lignes
    assert [line[0].texte for line in listed] == ["Chanter", "Lire"]
    assert sum(line[-1].valeur for line in listed) == total[-1].valeur == sum(column(years, 3).values())


def test_an_action_that_one_log_places_and_another_does_not_is_placed(tmp_path):
    reader, territory = tables(tmp_path, *ROWS)
    theme = ThemeActions(reader, territory, "lecture", load_catalogue())
    assert reach(theme.field.menees, theme.field) == {"QP099001": 1, "QP099002": 0, "QP099003": 1}
    assert "Rives, Quais et Ponts" in write(theme.constat("actions-02").message)


def test_nothing_is_said_of_years_that_the_edition_cannot_know(tmp_path):
    """A contract that goes on to 2030, read in 2021: no action of 2030 is missing."""
    reader, declared = tables(tmp_path, *ROWS)
    territory = replace(declared, fin=2030, edition=replace(declared.edition, jusqu_au=date(2021, 6, 30)))
    theme = ThemeActions(reader, territory, "lecture", load_catalogue())
    assert write(theme.constat("besoins-01").message).startswith("De 2019 à 2021, ")
    assert "-2021)" in write(theme.constat("actions-01").message)
    assert list(column(theme.constat("actions-01"))) == ["2020", "2021"]
    assert list(column(QuarterActions(reader, territory, "QP099001").constat("actions-01"))) == ["2020", "2021"]


def test_a_theme_without_action_says_so_under_its_landmarks_in_the_singular(tmp_path):
    theme = ThemeActions(*tables(tmp_path, *ROWS), "sport", load_catalogue())
    told = [write(words) for _, words, _ in theme.reperes]
    assert told[0].startswith("Action différente, ")
    assert "aucun n’est écrit" in told[2]
    assert told[3].startswith("Quartier sur 3 a eu")


def test_a_quarter_or_a_theme_without_any_row_says_so(tmp_path):
    reader, territory = tables(tmp_path, *ROWS)
    chapters = [
        QuarterActions(reader, territory, "QP099002"),
        ThemeActions(reader, territory, "sport", load_catalogue()),
    ]
    for chapter in chapters:
        for finding in chapter.constats:
            if finding.id.endswith(("besoins-01", "engagements-01")):
                continue
            assert finding.figure is None, finding.id
            assert finding.manques, finding.id
            assert re.search(r"aucun", write(finding.message)), finding.id
    assert "aucune action" in write(chapters[1].constat("besoins-01").message)


def test_an_unknown_theme_or_finding_is_refused(tmp_path):
    reader, territory = tables(tmp_path, *ROWS)
    with pytest.raises(UsageError, match=r"La lecture \(lecture\), Le sport \(sport\)"):
        ThemeActions(reader, territory, "danse", load_catalogue())
    with pytest.raises(UsageError, match="actions-01"):
        QuarterActions(reader, territory, "QP099001").constat("actions-99")


def test_what_the_logs_say_of_a_theme_bears_its_years(tmp_path):
    theme = ThemeActions(*tables(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE}), "lecture", load_catalogue())
    told = {numero: write(theme.constat(numero).message) for numero in theme.numeros if numero != "engagements-01"}
    told["orphelines"] = write(Engagements(theme.field.reader, theme.field.territory).constat("ecarts-02").message)
    assert [numero for numero, said in told.items() if not re.search(r"\b20\d\d\b", said)] == []


def test_blind_spots_are_quarters_without_recent_action_beside_the_theme_s_own_indicators(tmp_path):
    engagements = TABLE.replace(";Lire;;satis", ";Lire;taux_pauvrete;satis")
    theme = ThemeActions(
        *tables(tmp_path, *ROWS, fichiers={"engagements.csv": engagements}), "lecture", load_catalogue()
    )
    finding = theme.constat("besoins-01")
    assert "Rives, Quais et Ponts" in write(finding.message)
    assert [serie.role for serie in finding.figure.series] == ["sujet", "autre"]
    assert [line[2].valeur for line in finding.table.lignes] == [40, 35, 30]
    assert finding.table.colonnes[2] == "Taux de pauvreté à 60\N{NO-BREAK SPACE}%, 2018"


def test_money_by_inhabitant_leaves_out_what_has_no_published_population_and_says_it(tmp_path):
    reader, territory = tables(tmp_path, *ROWS)
    finding = Needs(reader, territory, load_catalogue()).constat("besoins-01")
    rows = {line[0].texte: line for line in finding.table.lignes}
    assert list(rows) == ["Le Haut", "Rives, Quais et Ponts", "L'Îlot"]  # by decreasing poverty
    assert rows["L'Îlot"][4].statut == "non_diffusé"
    assert rows["Le Haut"][4].valeur == round(135 / 1000 / 3, 2)
    assert any("60" in m and "aucun quartier" in m for m in finding.manques)


def test_an_amount_that_nobody_writes_is_unknown_and_not_zero(tmp_path):
    reader, territory = tables(
        tmp_path, ROWS[0], "Dire;Les Livres du Palier;La lecture;Rives, Quais et Ponts;2021;;;;;Favorable;;"
    )
    money = {
        line[0].texte: line[2]
        for line in ThemeActions(reader, territory, "lecture", load_catalogue()).constat("actions-02").table.lignes
    }
    assert money["Rives, Quais et Ponts"].statut == "non_disponible"
    assert money["Le Haut"].valeur == 50
    each = {
        line[0].texte: line[4] for line in Needs(reader, territory, load_catalogue()).constat("besoins-01").table.lignes
    }
    assert each["Rives, Quais et Ponts"].statut == "non_disponible"


def test_the_tfpb_allowance_is_told_apart_and_adds_up_with_no_subsidy(tmp_path):
    labels = "domaine;libelle;code\ntheme;Culture;exclu\ntype_credit;Bailleur;abattement TFPB\n"
    rows = (*ROWS, "Laver;Bailleur;Culture;Le Haut;2021;;Bailleur;7000;7000;Terminée;;")
    reader, territory = tables(tmp_path, *rows, fichiers={"correspondances.csv": labels})
    money = Partners(reader, territory)
    funders = money.constat("argent-01")
    assert {line[0].texte: line[-2].valeur for line in funders.table.lignes}["Bailleur"] is None
    assert "245" in write(funders.message)
    assert "Abattement de TFPB" in funders.table.colonnes
    assert column(money.constat("argent-03"))["Accordé"] == 245
    said = money.constat("argent-03").message.valeurs  # what the title says stands in the table too
    assert {said["demande_memes"].valeur, said["accorde_memes"].valeur} <= set(
        column(money.constat("argent-03")).values()
    )
    assert column(money.constat("porteurs-01"))["Bailleur"] is None
    here = QuarterActions(reader, territory, "QP099001")
    assert column(here.constat("actions-01"), 3)["2021"] == 80
    assert any("autre nature" in caution for caution in funders.precautions)


def test_the_catalogue_has_every_action_even_of_no_theme_and_of_no_quarter_and_says_what_it_leaves_out(tmp_path):
    reader, territory = tables(tmp_path, *ROWS, "Rêver;Chorale;;;2020;;;;5;Favorable;;")
    whole = Needs(reader, territory, load_catalogue()).liste
    assert [line[0].texte for line in whole.lignes] == ["Chanter", "Lire", "Rêver"]
    field = Field(reader, territory)
    cut = list_actions(field.menees, field, limit=1)
    assert [line[0].texte for line in cut.lignes] == ["Chanter"]  # the most recent
    assert "les 2 autres" in cut.legende
    assert "Aucune ligne" in show_list(list_actions(field.menees[:0], field), "Actions").html


def test_a_tie_has_no_first():
    assert leaders({"Enfants": 2, "Adultes": 1, "Familles": 2}) == {"premier": "Enfants et Familles", "ex_aequo": True}
    assert leaders({"Enfants": 3, "Adultes": 1}) == {"premier": "Enfants", "ex_aequo": False}
    assert leaders(dict.fromkeys("abcdef", 1))["premier"] == "a, b, c et 3 autres"


PUBLICS = st.lists(
    st.tuples(st.sampled_from(["Jeunes", "Familles", "Adultes", "Aînés"]), st.integers(0, 60)), min_size=1, max_size=12
)


@given(PUBLICS, st.integers(2, 20))
def test_no_small_number_of_people_is_shown_nor_found_again_from_the_total(people, seuil):
    rows = pd.DataFrame({"public": [p for p, _ in people], "beneficiaires": [float(n) for _, n in people]})
    rows = rows.assign(
        source="s", feuille="", ligne=range(len(rows)), financeur="", cle=[f"L{i}" for i in range(len(rows))]
    )
    values, total, _, _ = people_by_public(rows, seuil)
    assert all(v.valeur is None or v.valeur == 0 or v.valeur >= seuil for v in values.values())
    hidden = [name for name, v in values.items() if v.valeur is None]
    if hidden and total.valeur is not None:
        assert len(hidden) > 1


def test_nobody_s_number_of_beneficiaries_is_in_the_list_of_actions(tmp_path):
    here = QuarterActions(*tables(tmp_path, *ROWS), "QP099001")
    assert not any("bénéficiaire" in name.lower() for name in here.liste.colonnes)
    assert all(cell.unite != "personnes" for line in here.liste.lignes for cell in line)


@pytest.mark.parametrize("cell", HOSTILE, ids=lambda cell: cell[:12])
def test_a_hostile_cell_is_text_in_every_page(tmp_path, cell):
    quoted = '"' + cell.replace('"', '""') + '"'
    reader, territory = tables(
        tmp_path,
        f"{quoted};{quoted};La lecture;Le Haut;2021;;{quoted};5;5;Favorable;30;",
        fichiers={"engagements.csv": TABLE},
    )
    chapters = [
        QuarterActions(reader, territory, "QP099001"),
        ThemeActions(reader, territory, "lecture", load_catalogue()),
        Engagements(reader, territory),
        Partners(reader, territory),
    ]
    pages = "".join(Constat(finding, territory).html for chapter in chapters for finding in chapter.constats)
    pages += html_table(chapters[0].liste, "Actions")
    assert "<script>" not in pages
    assert "</style>" not in pages
    assert 'href="javascript' not in pages
    assert "{{" not in pages


CAUSES = re.compile(r"grâce à|permet|a fait baisser|a fait augmenter|en raison|parce que|efficac|impact", re.IGNORECASE)


def test_every_sentence_is_written_and_none_says_a_cause(tmp_path):
    reader, territory = tables(tmp_path, *ROWS, fichiers={"engagements.csv": TABLE})
    catalogue = load_catalogue()
    chapters = [
        *(QuarterActions(reader, territory, q.code) for q in territory.quartiers),
        *(ThemeActions(reader, territory, t.id, catalogue) for t in territory.themes),
        Engagements(reader, territory),
        Partners(reader, territory),
        Needs(reader, territory, catalogue),
    ]
    seen = set()
    for chapter in chapters:
        for finding in chapter.constats:
            title = write(finding.message)
            assert not CAUSES.search(title), title
            assert not re.search(r"\b(nan|None|inf)\b", title), title
            assert finding.champ
            assert finding.source
            assert (finding.table is None) == (finding.figure is None)
            if finding.figure is not None:
                assert finding.lecture is not None
                assert "None" not in write(finding.lecture)
            assert finding.id not in seen
            seen.add(finding.id)
            assert re.fullmatch(r".+-[a-z]+-\d\d", finding.id)


def test_the_years_of_an_action_say_which_one_is_missing():
    assert span([2018]) == "2018"
    assert span([2015, 2016, 2017]) == "2015-2017"
    assert span([2015, 2016, 2017, 2018, 2020, 2021, 2022]) == "2015-2018, 2020-2022"
