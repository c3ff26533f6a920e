"""Logs as teams keep them → the tidy table: headers, totals, footers, duplicates, money that balances, notations that change nothing."""

import io
import tempfile
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from conftest import examples
from cvanalysis.actions.clean.lines import unbalanced
from cvanalysis.errors import DeclarationError
from cvanalysis.tables.process import clean_actions
from test_actions_territory import CONTRAT, ENTETE, JOURNAL, clean, write_contract

ROWS = (
    "Lire ensemble;Les Livres du Palier;Éducation;Le Haut, L'Îlot;2019;;Mairie (essai);1 000;800,50 €;Favorable;40;",
    "Courir;La Course Lente;Le sport;Rives, Quais et Ponts;2020;;Préfecture (essai);2000;1500;Non retenu;25;",
    "Chanter;Chorale;Culture;Partout;2020;;;;300;;;",
)


def account(cleaned, champ="accorde"):
    lines = cleaned.argent[cleaned.argent["champ"] == champ]
    return dict(zip(lines["motif"], lines["montant"], strict=True))


def test_each_row_becomes_one_line_per_quarter_with_shares(tmp_path):
    actions = clean(tmp_path, *ROWS).actions
    first = actions[actions["titre"] == "Lire ensemble"]
    assert list(first["qpv"]) == ["QP099001", "QP099003"]
    assert list(first["part"]) == [0.5, 0.5]
    assert set(first["theme"]) == {"lecture"}
    assert set(first["type_credit"]) == {"droit commun"}
    assert set(first["accorde"]) == {800.5}
    assert set(first["partenaire"]) == {"livres"}
    everywhere = actions[actions["titre"] == "Chanter"]
    assert len(everywhere) == 3
    assert set(everywhere["theme"]) == {"hors"}
    assert set(everywhere["statut"]) == {"non renseigné"}
    assert set(everywhere["type_credit"]) == {"inconnu"}


def test_totals_titles_footers_and_repeated_headers_are_no_actions_and_their_money_is_told(tmp_path):
    cleaned = clean(
        tmp_path,
        ROWS[0],
        ";;;;;;;;;;;",
        ";;;;;;;;;;;",
        "Sous-total;;;;;;;1000;800,5;;;",
        ENTETE,
        ROWS[1],
        "Éducation;;;;;;;;;;;",
        ";TOTAL GÉNÉRAL;;;;;;3 000;2300,5;;;",
        "Consolidation au 31/12;;;;;;;;;;;",
        ";;;;;;;;99;;;",
    )
    assert set(cleaned.actions["titre"]) == {"Lire ensemble", "Courir"}
    assert account(cleaned) == {"lu": 5500.5, "retenu": 2300.5, "total du fichier": 3200.0}
    assert unbalanced(cleaned.argent).empty


def test_the_files_own_total_is_held_against_our_sum_and_the_difference_is_shown(tmp_path):
    cleaned = clean(tmp_path, *ROWS[:2], "TOTAL;;;;;;;3000;9999;;;")
    gaps = cleaned.controles.set_index("colonne")["ecart"]
    assert gaps["demande"] == 0
    assert gaps["accorde"] == 7698.5
    assert cleaned.anomalies["probleme"].str.contains("7698.50").any()


def test_an_action_whose_title_begins_like_a_total_is_an_action(tmp_path):
    cleaned = clean(
        tmp_path,
        "Totalement sport;La Course Lente;Le sport;Le Haut;2019;;;1;2;Favorable;;",
        "Total respect;La Course Lente;Le sport;Le Haut;2019;;;1;2;Favorable;;",
    )
    assert set(cleaned.actions["titre"]) == {"Totalement sport", "Total respect"}


def test_money_without_action_nor_carrier_is_counted_under_that_reason(tmp_path):
    cleaned = clean(tmp_path, ROWS[0], ";;Éducation;Le Haut;2019;;;;70;;;")
    assert account(cleaned)["montant sans action ni porteur"] == 70


def test_an_exact_duplicate_is_dropped_once_whatever_its_notation_and_counted(tmp_path):
    again = (
        ROWS[0].replace("800,50 €", "800.5").replace("1 000", "1000,00").replace("Le Haut, L'Îlot", "L’ÎLOT / le haut")
    )
    cleaned = clean(tmp_path, ROWS[0], again)
    assert len(set(cleaned.actions["ligne"])) == 1
    assert account(cleaned) == {"lu": 1601.0, "retenu": 800.5, "doublon exact": 800.5}


def test_amounts_of_another_year_or_of_a_whole_convention_are_read_and_never_counted(tmp_path):
    contract = JOURNAL + '"N-1" = "rappel"\n"Convention" = "total_convention"\n'
    log = f"{ENTETE};N-1;Convention\n{ROWS[0]};700;2400\n"
    cleaned = clean(tmp_path, fichiers={"actions/journal.csv": log}, contrat=contract)
    motifs = cleaned.argent.set_index(["champ", "motif"])["montant"]
    assert motifs["rappel", "montant d'une autre année"] == 700
    assert motifs["total_convention", "montant total d'une convention"] == 2400
    assert cleaned.actions["accorde"].max() == 800.5


def test_unknown_labels_are_anomalies_with_a_suggestion_and_never_a_guess(tmp_path):
    cleaned = clean(tmp_path, "Lire;Les Livres du Palié;La lecturre;Le Haux;2019;;;;10;Peut-être;;E77")
    row = cleaned.actions.iloc[0]
    assert (row["theme"], row["qpv"], row["partenaire"], row["statut"], row["engagements"]) == (
        "",
        "",
        "",
        "non renseigné",
        "",
    )
    told = cleaned.anomalies.set_index("colonne")
    assert told.loc["theme", "brut"] == "La lecturre"
    assert "La lecture" in told.loc["theme", "traitement"]
    assert "Le Haut" in told.loc["qpv", "traitement"]
    assert "Les Livres du Palier" in told.loc["porteur", "traitement"]
    assert told.loc["qpv", "ligne"] == 2


def test_a_cell_that_is_no_amount_is_told_with_its_place(tmp_path):
    told = clean(tmp_path, ROWS[0].replace("800,50 €", "à voir avec Paul")).anomalies.set_index("colonne")
    assert (told.loc["accorde", "ligne"], told.loc["accorde", "brut"]) == (2, "à voir avec Paul")


def test_the_same_action_over_years_is_one_action_with_several_editions(tmp_path):
    cleaned = clean(tmp_path, ROWS[0], ROWS[0].replace("2019", "2020").replace("Lire ensemble", "LIRE  ENSEMBLE"))
    assert len(set(cleaned.actions["action"])) == 1
    assert sorted(cleaned.actions["edition"].str[-4:].unique()) == ["2019", "2020"]


def test_near_titles_are_proposed_and_merged_only_once_decided(tmp_path):
    rows = (ROWS[0], ROWS[0].replace("2019", "2020").replace("Lire ensemble", "Lire ensenble"))
    asked = clean(tmp_path / "a", *rows)
    assert len(set(asked.actions["action"])) == 2
    question = asked.propositions.iloc[0]
    assert (question["genre"], question["decision"]) == ("renouvellement", "")
    decided = f"genre;a;b;decision\nrenouvellement;{question['a']};{question['b']};même action\n"
    merged = clean(tmp_path / "b", *rows, fichiers={"decisions.csv": decided})
    assert len(set(merged.actions["action"])) == 1


def titled(*titles):
    """One row a title, in the year that ends it, else in 2021."""
    years = [title[-4:] if title[-2:].isdigit() else "2021" for title in titles]
    pairs = zip(titles, years, strict=True)
    return [ROWS[0].replace("2019", year).replace("Lire ensemble", title) for title, year in pairs]


@pytest.mark.parametrize(
    ("titles", "actions"),
    [
        (("Lire au square 2019", "Lire au square 2020"), 1),
        (("Lire au square", "Lire au square - 2020"), 1),
        (("Lire au square 2019", "Lire au jardin 2020"), 2),
        (("Lire au square 1", "Lire au square 2"), 2),
    ],
)
def test_the_year_of_its_edition_at_the_end_of_a_title_makes_no_other_action_and_no_money_is_merged(
    tmp_path, titles, actions
):
    cleaned = clean(tmp_path, *titled(*titles))
    assert cleaned.actions["action"].nunique() == actions
    assert cleaned.actions.drop_duplicates("cle")["accorde"].tolist() == [800.5, 800.5]
    assert cleaned.actions["edition"].nunique() == 2 or "square 1" in titles
    assert unbalanced(cleaned.argent).empty
    told = cleaned.anomalies["probleme"].str.contains("seule l'année")
    assert told.sum() == (2 if titles[0].endswith("2019") else 1) * (actions == 1)


def test_a_year_that_is_not_its_edition_s_is_of_the_title(tmp_path):
    plan = ROWS[0].replace("Lire ensemble", "Bilan du plan 2015")
    cleaned = clean(tmp_path, plan, plan.replace("plan 2015", "plan 2020"))
    assert cleaned.actions["action"].nunique() == 2


def test_titles_that_only_their_year_tells_apart_stay_two_actions_where_it_is_decided(tmp_path):
    rows = titled("Lire au square", "Lire au square 2020")
    said = clean(tmp_path / "a", *rows).anomalies
    (told,) = said[said["probleme"].str.contains("seule l'année")].itertuples()
    a, b = told.brut.split(" ; ")
    decided = f"genre;a;b;decision\nrenouvellement;{a};{b};actions distinctes\n"
    kept = clean(tmp_path / "b", *rows, fichiers={"decisions.csv": decided})
    assert kept.actions["action"].nunique() == 2
    assert kept.anomalies[kept.anomalies["fichier"] == "decisions.csv"].empty


def test_two_numbered_actions_are_not_near_duplicates(tmp_path):
    assert clean(
        tmp_path,
        ROWS[0].replace("Lire ensemble", "Atelier de lecture 1"),
        ROWS[0].replace("Lire ensemble", "Atelier de lecture 2"),
    ).propositions.empty


def test_two_lines_of_one_edition_are_a_question_whose_answer_is_counted(tmp_path):
    rows = (ROWS[0], ROWS[0].replace("800,50", "900"))
    asked = clean(tmp_path / "a", *rows)
    question = asked.propositions.iloc[0]
    assert question["genre"] == "doublon"
    decided = f"genre;a;b;decision\ndoublon;{question['a']};{question['b']};doublon\n"
    cleaned = clean(tmp_path / "b", *rows, fichiers={"decisions.csv": decided})
    assert len(set(cleaned.actions["ligne"])) == 1
    assert "doublon décidé" in account(cleaned)
    assert unbalanced(cleaned.argent).empty


def test_a_total_repeated_each_year_by_a_convention_counts_once_when_it_is_said_to_be_a_total(tmp_path):
    contract = JOURNAL + '"Convention" = "convention"\n'
    log = f"{ENTETE};Convention\n" + "".join(
        f"{ROWS[0].replace('2019', str(year))};CPO 1\n" for year in (2019, 2020, 2021)
    )
    asked = clean(tmp_path / "a", fichiers={"actions/journal.csv": log}, contrat=contract)
    question = asked.propositions[asked.propositions["genre"] == "convention"].iloc[0]
    decided = f"genre;a;b;decision\nconvention;{question['a']};CPO 1;montant total\n"
    cleaned = clean(tmp_path / "b", fichiers={"actions/journal.csv": log, "decisions.csv": decided}, contrat=contract)
    assert account(cleaned)["retenu"] == 800.5
    assert account(cleaned)["convention : montant total déjà compté"] == 1601.0
    assert len(set(cleaned.actions["edition"])) == 3


def test_a_decision_about_lines_that_are_gone_is_told(tmp_path):
    cleaned = clean(
        tmp_path, *ROWS, fichiers={"decisions.csv": "genre;a;b;decision\nrenouvellement;Aancien;Bancien;même action\n"}
    )
    assert cleaned.anomalies["probleme"].str.contains("décision sans objet").any()


def test_a_column_per_funder_gives_a_line_per_funder_and_money_is_counted_once(tmp_path):
    contract = JOURNAL.replace('"Accordé" = "accorde"\n', "") + (
        '[[actions.financements]]\ncolonne = "Accordé"\nfinanceur = "Préfecture (essai)"\ntype_credit = "spécifique"\n'
        '[[actions.financements]]\ncolonne = "Mairie"\nfinanceur = "Mairie (essai)"\ntype_credit = "droit commun"\n'
    )
    log = f"{ENTETE};Mairie\n{ROWS[0].replace('Mairie (essai)', '')};200\n"
    cleaned = clean(tmp_path, fichiers={"actions/journal.csv": log}, contrat=contract)
    lines = cleaned.actions.drop_duplicates("cle").set_index("financeur")
    assert lines.loc["Préfecture (essai)", "accorde"] == 800.5
    assert lines.loc["Préfecture (essai)", "financeur_id"] == "prefecture"
    assert (lines.loc["Mairie (essai)", "accorde"], lines.loc["Mairie (essai)", "type_credit"]) == (200, "droit commun")
    assert lines.loc["", "demande"] == 1000
    assert unbalanced(cleaned.argent).empty


def test_a_workbook_with_a_decoy_sheet_and_a_header_on_two_lines_is_read(tmp_path):
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data)
    book.add_worksheet("Lisez-moi").write_row(0, 0, ["Action", "Porteur", "Accordé"])
    sheet = book.add_worksheet("Suivi")
    sheet.write_row(1, 0, ["Suivi des actions"])
    sheet.write_row(3, 0, ["Action", "", "Qui", "Montants", ""])
    sheet.write_row(4, 0, ["Titre", "Année", "", "Demandé", "Accordé"])
    sheet.write_row(5, 0, ["Lire", 2019, "Les Livres du Palier", 10.5, "1 000 €"])
    sheet.write_row(6, 0, ["", "", "Total", 10.5, 1000])
    book.close()
    contract = (
        '[[actions]]\nfichier = "actions/*.xlsx"\nfeuille = "suivi"\nentete = [4, 5]\n[actions.colonnes]\n'
        '"Action Titre" = "action"\n"Action Année" = "annee"\n"Qui" = "porteur"\n"Montants Demandé" = "demande"\n"Accordé" = "accorde"\n'
    )
    cleaned = clean(tmp_path, fichiers={"actions/a.xlsx": data.getvalue()}, contrat=contract)
    row = cleaned.actions.iloc[0]
    assert (row["titre"], row["annee"], row["demande"], row["accorde"], row["ligne"]) == ("Lire", 2019, 10.5, 1000, 6)
    assert cleaned.controles["ecart"].eq(0).all()


def test_merged_cells_repeat_their_value_where_the_declaration_says_so(tmp_path):
    contract = JOURNAL.replace("[actions.colonnes]", 'fusionnees = ["Porteur"]\n[actions.colonnes]')
    cleaned = clean(tmp_path, ROWS[0], ROWS[1].replace("La Course Lente", ""), contrat=contract)
    assert set(cleaned.actions["porteur"]) == {"Les Livres du Palier"}


def test_an_unknown_log_is_left_out_with_what_to_do_and_disturbs_no_other(tmp_path):
    cleaned = clean(
        tmp_path,
        *ROWS,
        fichiers={"actions/autre.csv": "a;b\n1;2\n", "actions/faux.csv": b"%PDF-1.4 x", "actions/vide.csv": ""},
    )
    assert {problem.fichier for problem in cleaned.illisibles} == {
        "actions/autre.csv",
        "actions/faux.csv",
        "actions/vide.csv",
    }
    assert "contrat.toml" in str(cleaned.illisibles[0])
    assert len(set(cleaned.actions["titre"])) == 3


def test_all_that_is_wrong_in_the_declarations_is_told_at_once(tmp_path):
    contract = (
        JOURNAL.replace('= "action"', '= "actoin"').replace('"Demandé" = "demande"', '"Demandé" = "accorde"')
        + "[actions.constantes]\nfoo = 1\n"
    )
    files = {
        "decisions.csv": "genre;a;b;decision\nfusion;1;2;oui\n",
        "correspondances.csv": "domaine;libelle;code\ntheme;X;inconnu\n",
    }
    with pytest.raises(DeclarationError) as raised:
        clean(tmp_path, *ROWS, contrat=contract, fichiers=files)
    said = str(raised.value)
    for word in ("actoin", "action", "accorde", "foo", "fusion", "inconnu"):
        assert word in said


def test_a_declared_column_that_is_not_there_is_told(tmp_path):
    cleaned = clean(tmp_path, *ROWS, contrat=JOURNAL + '"Absente" = "public"\n')
    assert cleaned.anomalies["probleme"].str.contains("colonne déclarée introuvable").any()


# --------------------------------------------------------------------------------- what must change nothing in the table

CONTENT = [
    "titre",
    "porteur",
    "annee",
    "qpv",
    "part",
    "theme",
    "financeur",
    "type_credit",
    "demande",
    "accorde",
    "statut",
    "beneficiaires",
    "action",
    "edition",
]


def content(cleaned) -> pd.DataFrame:
    """The table without the place of its rows."""
    return cleaned.actions[CONTENT].sort_values(CONTENT[:4], ignore_index=True)


def amount(euros: float, notation: int) -> str:
    grouped = f"{int(euros):,}"
    cents = round(euros % 1 * 100)
    return [
        f"{euros:.2f}",
        f"{euros:.2f}".replace(".", ","),
        f"{grouped.replace(',', ' ')},{cents:02d} €",
        f"{grouped.replace(',', chr(0x202F))},{cents:02d}",
        f"{grouped.replace(',', chr(0xA0))},{cents:02d}{chr(0xA0)}€",
    ][notation]


ACTION = st.tuples(
    st.sampled_from(["Lire", "Courir", "Chanter", "Écrire à l'îlot"]),
    st.sampled_from(["Les Livres du Palier", "La Course Lente", "Chorale"]),
    st.sampled_from(["La lecture", "Le sport", "Culture"]),
    st.sets(st.sampled_from(["Le Haut", "Rives, Quais et Ponts", "L'Îlot"]), min_size=1),
    st.integers(2015, 2022),
    st.integers(0, 10**7),
    st.sampled_from(["Favorable", "Non retenu"]),
)


@examples(40)
@given(
    rows=st.lists(ACTION, min_size=1, max_size=8, unique_by=lambda row: row[:2] + row[4:5]),
    data=st.data(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    separator=st.sampled_from([";", "\t"]),
)
def test_order_blank_rows_headers_notation_and_encoding_leave_the_table_the_same(rows, data, encoding, separator):
    def write(row, notation):
        title, carrier, theme, places, year, cents, status = row
        euros = amount(cents / 100, notation)
        cells = [
            title,
            carrier,
            theme,
            " ; ".join(sorted(places)),
            str(year),
            "",
            "Mairie (essai)",
            euros,
            euros,
            status,
            "12",
            "",
        ]
        return separator.join(f'"{cell}"' if ";" in cell else cell for cell in cells)

    header = ENTETE.replace(";", separator)
    plain = [header, *(write(row, 0) for row in rows)]
    order = data.draw(st.permutations(range(len(rows))))
    # cp1252 has no narrow space: people whose tool writes it do not have that one
    notations = data.draw(
        st.lists(
            st.sampled_from([0, 1, 2, 4] if encoding == "cp1252" else range(5)), min_size=len(rows), max_size=len(rows)
        )
    )
    other = [header]
    for place, notation in zip(order, notations, strict=True):
        if data.draw(st.booleans()):
            other.append(data.draw(st.sampled_from([separator * 11, header, ""])))
        other.append(write(rows[place], notation))
    with tempfile.TemporaryDirectory() as folder:
        texts = {"a": "\n".join(plain).encode(), "b": "\r\n".join(other).encode(encoding, "replace")}
        one, two = (
            clean_actions(write_contract(Path(folder) / name, {"actions/journal.csv": text}))
            for name, text in texts.items()
        )
    pd.testing.assert_frame_equal(content(one), content(two))
    assert unbalanced(two.argent).empty


@examples(40)
@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=12, max_size=12), max_size=6
    )
)
def test_no_log_of_random_cells_raises_anything_but_our_errors_or_loses_money(rows):
    quoted = [";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        cleaned = clean_actions(write_contract(Path(folder), {"actions/journal.csv": "\n".join([ENTETE, *quoted])}))
    assert unbalanced(cleaned.argent).empty
    assert cleaned.actions.groupby("cle")["part"].sum().round(9).eq(1).all()


HOSTILE = (
    '=HYPERLINK("http://x";"y")',
    "<script>alert(1)</script>",
    "</style>",
    "\"quoted\" 'and' «that»",
    "javascript:alert(1)",
    "@SUM(A1)",
    "\u202eesrever",
    "👩‍👩‍👧 famille",
    "nul\x00dedans",
    "x" * 50_000,
)


@pytest.mark.parametrize("cell", HOSTILE, ids=lambda cell: cell[:12])
def test_a_hostile_cell_is_kept_as_it_is(tmp_path, cell):
    quoted = '"' + cell.replace('"', '""') + '"'
    cleaned = clean(tmp_path, f"{quoted};{quoted};;Le Haut;2019;;{quoted};5;5;Favorable;;")
    row = cleaned.actions.iloc[0]
    assert row["titre"] == row["porteur"] == row["financeur"] == cell.strip()
    target = tmp_path / "actions.parquet"
    cleaned.actions.to_parquet(target)
    assert pd.read_parquet(target)["titre"][0] == cell.strip()


def test_the_contract_of_the_tests_is_sound():
    assert "[[actions]]" in JOURNAL
    assert "CV999" in CONTRAT
