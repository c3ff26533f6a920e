"""From published files to one value, or one reason, per zone, indicator and data year."""

import csv
import math
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from conftest import examples
from cvanalysis.catalogue import header_form, load_catalogue, normal_header
from cvanalysis.errors import CvanalysisError
from cvanalysis.indicateurs.clean.decode import clean_indicators, lost_cells

QPV = [f"QP0440{n:02d}" for n in range(5, 20)]
ZONES = frozenset([*QPV, "Ensemble", "METRO", "44", "52", "244400404", "44109", "44114", "44143", "44162"])


def put(folder: Path, **files: str) -> Path:
    """A data folder whose `insee/` holds those files (`DEMO_2019` → `DEMO_2019.csv`), spaces standing for line ends."""
    (folder / "insee").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "insee" / f"{name}.csv").write_text("\n".join(text.split(" ")) + "\n", encoding="utf-8")
    return folder


def value(cleaned, zone: str, indicateur: str, **where):
    """The (valeur or None, statut) of the only row of a zone and an indicator."""
    table = cleaned.indicateurs
    rows = table[(table["zone"] == zone) & (table["indicateur"] == indicateur)]
    for column, wanted in where.items():
        rows = rows[rows[column] == wanted]
    assert len(rows) == 1, rows
    row = rows.iloc[0]
    return None if math.isnan(row["valeur"]) else row["valeur"], row["statut"]


def demo(year_rows: dict[str, str]) -> str:
    """A DEMO file: zone → its cells."""
    head = "CODGEO;POP_MUN;TX_F;TX_TOT_0A24;IND_JEUNE;PERCOU;NOTE_RP;NOTE_CNAF"
    return " ".join([head, *(f"{zone};{cells}" for zone, cells in year_rows.items())])


# --- statuses


@pytest.mark.parametrize(
    ("cell", "note", "expected"),
    [
        ("120", "0", (120, "publié")),
        ("", "0", (None, "non_diffusé")),
        ("", "", (None, "non_diffusé")),
        ("", "5", (None, "non_disponible")),
        ("120", "1", (120, "publié")),
        ("ns", "0", (None, "non_significatif")),
        ("s", "0", (None, "secret")),
        ("0", "0", (0, "publié")),
    ],
)
def test_a_missing_number_has_a_reason(tmp_path, cell, note, expected):
    cleaned = clean_indicators(put(tmp_path, DEMO_2019=demo({"QP044005": f"1500;52;30;1,2;{cell};0;{note}"})))
    assert value(cleaned, "QP044005", "personnes_couvertes") == expected


def test_a_note_concerns_its_own_block_and_is_kept_as_found(tmp_path):
    cleaned = clean_indicators(put(tmp_path, DEMO_2019=demo({"QP044005": "1500;;30;1,2;;0;4"})))
    assert value(cleaned, "QP044005", "tx_femmes", note="") == (None, "non_diffusé")
    assert value(cleaned, "QP044005", "personnes_couvertes", note="4") == (None, "non_disponible")
    flagged = "CODGEO;PMIMP;DISP_Q2;TP60;PACT;NOTE_FILO QP044005;30;12000;41;60;1"
    cleaned = clean_indicators(put(tmp_path, REVN_2022=flagged))
    assert value(cleaned, "QP044005", "revenu_median", note="1") == (12000, "publié")


# --- the same figures twice


def quarters(cells: str, n: int = 6) -> dict[str, str]:
    """`n` quarters whose cells differ: `{}` stands for a number of each."""
    return {zone: cells.replace("{}", str(i)) for i, zone in enumerate(QPV[:n], start=1)}


def test_figures_printed_again_are_kept_once_under_the_later_publication(tmp_path):
    """The census rates of DEMO_2017 are those of DEMO_2018; the CAF counts of the two differ."""
    folder = put(
        tmp_path,
        DEMO_2017=demo({"Ensemble": "5000;52,1;39;2;1000;0;0", **quarters("150{};5{},2;3{},1;1,{};10{};0;0")}),
        DEMO_2018=demo(quarters("150{};5{},2;3{},1;1,{};20{};0;0")),
    )
    cleaned = clean_indicators(folder)
    assert value(cleaned, "QP044005", "tx_femmes", publication=2018) == (51.2, "publié")
    assert value(cleaned, "QP044005", "tx_femmes") == (51.2, "publié")
    assert value(cleaned, "Ensemble", "tx_femmes", publication=2018) == (52.1, "publié")
    assert value(cleaned, "QP044005", "personnes_couvertes", publication=2017) == (101, "publié")
    assert value(cleaned, "QP044005", "personnes_couvertes", publication=2018) == (201, "publié")
    noted = cleaned.anomalies[cleaned.anomalies["probleme"].str.startswith("republication")]
    assert set(noted["colonne"]) == {"TX_F", "TX_TOT_0A24", "IND_JEUNE"}
    assert not lost_cells(cleaned.comptes).any()


def test_a_figure_corrected_when_printed_again_is_a_revision_and_not_another_year(tmp_path):
    """In DEMO_2018, two of the fifteen shares of foreigners of DEMO_2017 were corrected."""
    folder = put(
        tmp_path,
        DEMO_2017=demo(quarters("150{};5{},2;3{},1;1,{};10{};0;0")),
        DEMO_2018=demo({**quarters("150{};5{},2;3{},1;1,{};20{};0;0"), "QP044005": "1501;51,9;31,1;1,1;201;0;0"}),
    )
    cleaned = clean_indicators(folder)
    assert value(cleaned, "QP044005", "tx_femmes") == (51.9, "publié")
    (revision,) = cleaned.anomalies[cleaned.anomalies["probleme"].str.startswith("révision")].itertuples()
    assert (revision.fichier, revision.ligne, revision.colonne, revision.brut) == (
        "insee/DEMO_2017.csv",
        2,
        "TX_F",
        "51,2",
    )


def test_figures_that_another_family_publishes_with_their_year_have_that_year(tmp_path):
    """Nothing says what Filosofi year REVN_2020 prints, but that its figures are those of 2016."""
    revn = "CODGEO;PMIMP;DISP_Q2;DISP_Q1;TP60;A;NOTE_FILO"
    filo = "CODGEO;disp_q1_a16;disp_q2_a16;disp_d1_a16;tp60_a16"
    folder = put(
        tmp_path,
        REVN_2020=" ".join([revn, *(f"{z};3{i};1200{i};900{i};4{i},5;10{i};0" for i, z in enumerate(QPV))]),
        filo=" ".join([filo, *(f"{z};900{i};1200{i};700{i};4{i},5" for i, z in enumerate(QPV))]),
    )
    cleaned = clean_indicators(folder)
    rows = cleaned.indicateurs[cleaned.indicateurs["zone"] == QPV[3]].set_index("indicateur")
    assert rows.loc[["revenu_median", "revenu_q1", "taux_pauvrete"], "millesime"].tolist() == [2016] * 3
    assert rows.loc["allocataires", "millesime"] == 2018  # established for that file, by the number of all its families
    assert rows.loc[["menages_imposes"], "millesime"].isna().all()
    assert not lost_cells(cleaned.comptes).any()


def test_a_file_by_source_is_no_revision_of_the_thematic_file_of_the_same_year(tmp_path):
    """data_CAF_2019 counts the families of 2019, DEMO_2019 those of an earlier year, which it does not say."""
    caf = "CODGEO;NOTE;A;PERCOU;AM;AAL;ARSAS QP044005;0;130;300;20;80;30"
    folder = put(tmp_path, DEMO_2019=demo({"QP044005": "1500;52;30;1,2;120;0;0"}), data_CAF_2019_QP=caf)
    cleaned = clean_indicators(folder)
    found = cleaned.indicateurs[cleaned.indicateurs["indicateur"] == "personnes_couvertes"]
    assert sorted(found["valeur"]) == [120, 300]
    assert sorted(found["millesime"].fillna(0)) == [0, 2019]
    assert not cleaned.anomalies["probleme"].str.startswith("révision").any()


def test_a_population_printed_again_beside_new_rates_is_one_value(tmp_path):
    """DEMO_2023 says the population of 2018 again, with the rates of another census."""
    rows = quarters("150{};5{},2;3{},1;1,{};10{};0;0", n=15)
    later = quarters("150{};4{},3;2{},7;2,{};20{};0;0", n=15)
    table = clean_indicators(put(tmp_path, DEMO_2022=demo(rows), DEMO_2023=demo(later))).indicateurs
    known = table[table["indicateur"] == "population"]
    assert known["millesime"].tolist() == [2018] * 15
    assert len(table[table["indicateur"] == "tx_femmes"]) == 30


def test_a_few_equal_figures_are_not_a_republication(tmp_path):
    folder = put(
        tmp_path,
        DEMO_2021=demo(quarters("150{};5{},2;30;1,3;10{};0;0")),
        DEMO_2022=demo(quarters("160{};5{},4;30;1,3;20{};0;0")),
    )
    rows = clean_indicators(folder).indicateurs
    assert set(rows[rows["indicateur"] == "indice_jeunesse"]["publication"]) == {2021, 2022}


def test_a_population_of_one_data_year_is_one_value_whatever_its_files(tmp_path):
    folder = put(tmp_path, DEMO_2017=demo(quarters("150{};1;1;1;1;0;0")), DEMO_2019=demo(quarters("150{};2;2;2;2;0;0")))
    cleaned = clean_indicators(folder)
    assert value(cleaned, "QP044005", "population") == (1501, "publié")
    assert cleaned.indicateurs.query("indicateur == 'population'")["millesime"].unique().tolist() == [2013]
    assert "doublon" in cleaned.anomalies["probleme"].str.cat()


FILO = "CODGEO;DISP_Q1_A18;DISP_MED_A18;DISP_D9_A18;DISP_GINI_A18"
REVN = "CODGEO;DISP_Q1;DISP_Q2;DISP_D9;TP60;PACT"


def test_a_revision_keeps_the_later_publication_and_says_both_values(tmp_path):
    """Filosofi 2018 comes out in `filo18` and again in REVN_2022."""
    cleaned = clean_indicators(
        put(tmp_path, x=f"{FILO} QP044005;9000;12010;20000;0,237", REVN_2022=f"{REVN} QP044005;9000;12110;20000;40;60")
    )
    assert value(cleaned, "QP044005", "revenu_median", fichier="insee/REVN_2022.csv") == (12110, "publié")
    (revision,) = cleaned.anomalies[cleaned.anomalies["probleme"].str.startswith("révision")].itertuples()
    assert (revision.fichier, revision.ligne, revision.colonne, revision.brut) == (
        "insee/x.csv",
        2,
        "DISP_MED_A18",
        "12010",
    )
    assert "12110" in revision.probleme
    assert not lost_cells(cleaned.comptes).any()


def test_equal_at_the_coarser_precision_is_no_revision_and_the_precise_value_stays(tmp_path):
    wide = "CODGEO;NBMEN18;Q118;Q218;GI18"
    cleaned = clean_indicators(
        put(
            tmp_path,
            a=f"{wide} 44109;131394;14641;20936;0,237 44114;10677;17941;24032;0,311",
            b=f"{wide} 44109;131394;14641;20936;0,2 44114;10677;17941;24032;0,3",
        )
    )
    assert value(cleaned, "44109", "gini") == (0.237, "publié")
    assert not cleaned.anomalies["probleme"].str.startswith("révision").any()


def test_a_published_value_is_preferred_to_a_later_blank(tmp_path):
    cleaned = clean_indicators(
        put(tmp_path, x=f"{FILO} QP044005;9000;12010;20000;0,237", REVN_2022=f"{REVN} QP044005;9000;;20000;40;60")
    )
    assert value(cleaned, "QP044005", "revenu_median") == (12010, "publié")
    assert "sans valeur ici" in cleaned.anomalies["probleme"].str.cat()


def test_a_sound_value_is_preferred_to_a_later_doubtful_one(tmp_path):
    sound, doubtful = (
        f"{REVN} QP044005;9000;12010;20000;{rates} QP044006;9000;12010;20000;{rates}" for rates in ("40;60", "0,4;0,6")
    )
    cleaned = clean_indicators(put(tmp_path, REVN_2019=sound, REVN_2019_bis=doubtful))
    assert value(cleaned, "QP044005", "taux_pauvrete") == (40, "publié")
    assert not lost_cells(cleaned.comptes).any()


def test_a_zone_twice_in_a_file_is_one_value_and_an_anomaly(tmp_path):
    cleaned = clean_indicators(put(tmp_path, x=f"{FILO} QP044005;9000;12010;20000;0,2 QP044005;9000;12090;20000;0,2"))
    assert value(cleaned, "QP044005", "revenu_median") == (12090, "publié")
    assert {"révision", "zone"} == {text.split(" ")[0].split("\u00a0")[0] for text in cleaned.anomalies["probleme"]}
    assert not lost_cells(cleaned.comptes).any()


def test_a_region_and_a_departement_of_one_code_are_two_zones(tmp_path):
    cleaned = clean_indicators(
        put(
            tmp_path,
            dep="CODGEO;LIBGEO;NBMEN18;Q118;Q218 44;Loire-Atlantique;1;16000;22000",
            reg="CODGEO;LIBGEO;NBMEN18;Q118;Q218 44;Grand\u00a0Est;1;15000;21000",
        )
    )
    assert value(cleaned, "44", "revenu_median", niveau="DEPARTEMENT") == (22000, "publié")
    assert value(cleaned, "44", "revenu_median", niveau="REGION") == (21000, "publié")
    only = clean_indicators(tmp_path, frozenset({("44", "REGION")}))
    assert value(only, "44", "revenu_median") == (21000, "publié")


# --- doubtful values


@pytest.mark.parametrize(
    ("cells", "suspects"),
    [
        ("30;12000;9000;16000;40;60;20;2;28;-10", set()),
        ("30;12000;9000;16000;40;60;20;2;28;-12", {"PACT", "PPEN", "PPAT", "PPSOC", "PIMPOT"}),
        ("30;12000;9000;16000;40;60,1;20;2,1;28,1;-10", set()),
        ("30;0;9000;16000;40;60;20;2;28;-10", {"DISP_Q2", "DISP_Q1"}),
        ("30;12000;13000;16000;40;60;20;2;28;-10", {"DISP_Q1", "DISP_Q2"}),
        ("30;12000;9000;16000;0;60;20;2;28;-10", {"TP60"}),
        ("30;1000;750;1333;40;60;20;2;28;-10", {"DISP_Q2", "DISP_Q1", "DISP_Q3"}),
        ("130;12000;9000;16000;40;60;20;2;28;-10", {"PMIMP"}),
    ],
)
def test_what_fails_a_validity_test_is_marked_and_not_altered(tmp_path, cells, suspects):
    """Bounds, shares that add up to 100, quantiles in order, zeros that cannot be, euros a month for euros a year."""
    head = "CODGEO;PMIMP;DISP_Q2;DISP_Q1;DISP_Q3;TP60;PACT;PPEN;PPAT;PPSOC;PIMPOT"
    cleaned = clean_indicators(put(tmp_path, REVN_2022=f"{head} QP044005;{cells}"))
    marked = cleaned.anomalies[cleaned.anomalies["traitement"].str.startswith("Marqué suspect")]
    assert set(marked["colonne"]) == suspects
    table = cleaned.indicateurs
    assert (table["statut"] == "suspect").sum() == len(suspects)
    assert sorted(table["valeur"]) == sorted(float(c.replace(",", ".")) for c in cells.split(";"))


def test_no_job_seeker_for_more_than_1_000_inhabitants_is_suspect(tmp_path):
    ipro = "CODGEO;TX_TOT_EMPL;ABCDE;ABC;ABC_25 QP044005;45;0;0;0 QP044006;45;0;0;0"
    people = demo({"QP044005": "3802;52;30;1,2;9;0;0", "QP044006": "900;52;30;1,2;9;0;0"})
    cleaned = clean_indicators(put(tmp_path, IPRO_2022=ipro, DEMO_2022=people))
    assert value(cleaned, "QP044005", "demandeurs_abc") == (0, "suspect")
    assert value(cleaned, "QP044006", "demandeurs_abc") == (0, "publié")


def test_no_job_seeker_at_all_is_suspect_where_no_file_gives_the_population(tmp_path):
    cleaned = clean_indicators(put(tmp_path, IPRO_2022="CODGEO;TX_TOT_EMPL;ABCDE;ABC;ABC_25 QP044005;45;0;0;0"))
    assert value(cleaned, "QP044005", "demandeurs_abcde") == (0, "suspect")
    assert value(cleaned, "QP044005", "demandeurs_abc_moins_25") == (0, "publié")


def test_women_and_men_make_the_total_within_rounding(tmp_path):
    ipro = "CODGEO;ABCDE;ABC;A;A_F;A_H"
    rows = "Ensemble;900000;800000;551300;255500;295700 QP044005;500;400;300;100;150"
    cleaned = clean_indicators(put(tmp_path, IPRO_2022=f"{ipro} {rows}"))
    assert value(cleaned, "Ensemble", "demandeurs_a") == (551300, "publié")
    assert value(cleaned, "QP044005", "demandeurs_a") == (300, "suspect")


# --- what is left out is said


def test_an_unreadable_cell_is_an_anomaly_with_its_line_and_column(tmp_path):
    cleaned = clean_indicators(put(tmp_path, DEMO_2019=demo({"QP044005": "150O;52;30;1,2;9;0;0"})))
    (said,) = cleaned.anomalies[cleaned.anomalies["brut"] != ""].itertuples()
    assert (said.fichier, said.ligne, said.colonne, said.brut) == ("insee/DEMO_2019.csv", 2, "POP_MUN", "150O")
    assert cleaned.comptes["anomalies"].sum() == 1
    assert not lost_cells(cleaned.comptes).any()


def test_a_file_that_cannot_be_used_disturbs_no_other(tmp_path):
    folder = put(tmp_path, DEMO_2019=demo({"QP044005": "1500;52;30;1,2;9;0;0"}), autre="nom;prenom a;b")
    (folder / "insee" / "rapport.csv").write_bytes(b"%PDF-1.4")
    (folder / "insee" / "LISEZMOI.md").write_text("ignoré")
    cleaned = clean_indicators(folder)
    assert {source.fichier: source.statut for source in cleaned.fichiers} == {
        "insee/DEMO_2019.csv": "lu",
        "insee/autre.csv": "non reconnu",
        "insee/rapport.csv": "illisible",
    }
    assert len(cleaned.indicateurs) == 5


def zipped(folder: Path, name: str, **members: str) -> Path:
    """A data folder whose `insee/` holds an archive of those CSV files."""
    (folder / "insee").mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "insee" / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in members.items():
            archive.writestr(f"sous-dossier/{member}.csv", "\n".join(text.split(" ")))
        archive.writestr("lisez-moi.pdf", b"%PDF")
        archive.writestr("__MACOSX/._DEMO.csv", b"\0")
    return folder


def test_an_archive_as_insee_gives_it_is_read_table_by_table(tmp_path):
    one = demo({"QP044005": "1500;52;30;1,2;120;0;0"})
    folder = zipped(tmp_path, "data_DEMO_2021.zip", data=one, meta="COD_VAR;LIB_VAR A;b", autre="nom;prenom a;b")
    cleaned = clean_indicators(folder)
    assert value(cleaned, "QP044005", "personnes_couvertes", publication=2021) == (120, "publié")
    told = {source.fichier.rsplit("/", 1)[-1]: source.statut for source in cleaned.fichiers}
    assert told == {"data.csv": "lu", "meta.csv": "documentation", "autre.csv": "documentation"}
    assert {source.fichier.split(".zip/")[0] for source in cleaned.fichiers} == {"insee/data_DEMO_2021"}
    assert not lost_cells(cleaned.comptes).any()


def test_an_archive_of_no_use_is_named_with_what_to_do(tmp_path):
    zipped(tmp_path, "a.zip", autre="nom;prenom a;b")
    zipped(tmp_path, "vide.zip")
    zipped(tmp_path, "b.zip", data=demo({"QP044005": "1500;52;30;1,2;120;0;0"}))
    whole = (tmp_path / "insee" / "b.zip").read_bytes()
    (tmp_path / "insee" / "coupe.zip").write_bytes(whole[: len(whole) // 2])
    found = {source.fichier: source for source in clean_indicators(tmp_path).fichiers}
    assert found["insee/a.zip/sous-dossier/autre.csv"].statut == "non reconnu"
    assert "aucun tableau" in found["insee/vide.zip"].probleme.trouve
    assert "b.zip/sous-dossier/data.csv;AAAA" in found["insee/b.zip/sous-dossier/data.csv"].probleme.que_faire
    assert found["insee/coupe.zip"].statut == "illisible"
    (tmp_path / "insee" / "millesimes.csv").write_text("fichier;millesime\nb.zip;2019\n", encoding="utf-8")
    assert value(clean_indicators(tmp_path), "QP044005", "personnes_couvertes", publication=2019) == (120, "publié")


def test_a_row_without_a_known_code_is_named(tmp_path):
    cleaned = clean_indicators(
        put(tmp_path, DEMO_2019=demo({"QP044005": "1500;52;30;1,2;9;0;0", "Total": "1500;52;30;1,2;9;0;0"}))
    )
    assert "«\u00a0Total\u00a0»" in cleaned.anomalies["probleme"].str.cat()
    assert set(cleaned.indicateurs["zone"]) == {"QP044005"}


def test_a_folder_without_files_gives_empty_tables(tmp_path):
    cleaned = clean_indicators(tmp_path)
    assert (len(cleaned.indicateurs), len(cleaned.anomalies), cleaned.fichiers) == (0, 0, ())
    assert not lost_cells(cleaned.comptes).any()


# --- properties

CELLULES = st.one_of(
    st.sampled_from(
        ["", "ns", "s", "0", "n.d.", "-", "#", "1\u202f234", "12,5", "1.234", "1,234.5", "-3", "1e3", "nan", "∞", "x"]
    ),
    st.text(alphabet=st.characters(exclude_characters=';"\r\n\x00', exclude_categories=("Cs",)), max_size=6),
)
LIGNES = st.lists(st.tuples(st.sampled_from([*QPV[:4], "44109", "Ensemble", "zzz", ""]), *[CELLULES] * 7), max_size=8)


@examples(60)
@given(one=LIGNES, two=LIGNES)
def test_no_cell_is_lost_and_nothing_but_our_errors_is_raised(tmp_path, one, two):
    """Whatever the cells of two files that overlap, the account balances."""
    head = "CODGEO;POP_MUN;TX_F;TX_TOT_0A24;IND_JEUNE;PERCOU;NOTE_RP;NOTE_CNAF"
    for name, rows in (("DEMO_2017", one), ("DEMO_2018", two)):
        put(tmp_path)
        text = "\n".join([head, *(";".join(row) for row in rows)])
        (tmp_path / "insee" / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    try:
        cleaned = clean_indicators(tmp_path)
    except CvanalysisError:
        return
    assert not lost_cells(cleaned.comptes).any(), cleaned.comptes
    keys = ["zone", "niveau", "indicateur", "millesime", "publication"]
    assert not cleaned.indicateurs.duplicated(keys).any()
    published = cleaned.indicateurs["statut"].isin(["publié", "suspect"])
    assert (cleaned.indicateurs["valeur"].notna() == published).all()


def test_cleaning_is_idempotent(tmp_path, brut):
    """The figures kept, written again as INSEE lays them out, come out the same."""
    first = clean_indicators(brut, frozenset(QPV)).indicateurs
    kept = first[(first["source"] == "filosofi") & (first["millesime"] == 2019) & first["fichier"].str.contains("filo")]
    family = load_catalogue().familles["FILO"]
    headers = {column.indicateur: column.entetes.get(2019) for column in family.colonnes}
    wide = kept.pivot_table(index="zone", columns="indicateur", values="valeur", observed=True)
    wide = wide[[name for name in wide if headers.get(name)]].rename(columns=headers).rename_axis("CODGEO")
    (tmp_path / "insee").mkdir()
    wide.to_csv(tmp_path / "insee" / "x.csv", sep=";", decimal=",")
    again = clean_indicators(tmp_path).indicateurs.query("statut == 'publié'")
    columns = ["zone", "indicateur", "millesime", "valeur"]
    expected = kept[kept["statut"].eq("publié") & kept["indicateur"].isin([n for n in headers if headers[n] in wide])]
    pd.testing.assert_frame_equal(
        again[columns].astype({"zone": "str", "indicateur": "str"}).reset_index(drop=True),
        expected[columns].astype({"zone": "str", "indicateur": "str"}).reset_index(drop=True),
    )


def as_cp1252_with_commas(rows, path):
    with path.with_suffix(".csv").open("w", encoding="cp1252", newline="") as out:
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows(
            [[cell.replace("\u202f", "\u00a0") for cell in row] for row in rows]
        )


def as_tabs_with_points_and_small_letters(rows, path):
    plain = [
        [cell.replace("\u202f", "").replace(",", ".") if i else cell.lower() for cell in row]
        for i, row in enumerate(rows)
    ]
    path.with_suffix(".txt").write_text("\n".join("\t".join(row) for row in plain), encoding="utf-8")


def as_workbook_with_titles(rows, path):
    with xlsxwriter.Workbook(path.with_suffix(".xlsx")) as book:
        book.add_worksheet("Documentation").write(0, 0, "Revenus : description des variables")
        sheet = book.add_worksheet("Données quartier(s)")
        sheet.write(0, 0, "Revenus des quartiers")
        for i, row in enumerate([[f"Libellé {n}" for n in range(len(rows[0]))], *rows], start=4):
            for j, cell in enumerate(row):
                number = cell.replace("\u202f", "").replace(",", ".")
                is_number = number.lstrip("-").replace(".", "", 1).isdigit()
                sheet.write(i, j, float(number) if i > 5 and j > 1 and is_number else cell)


@pytest.mark.parametrize(
    "write", [as_cp1252_with_commas, as_tabs_with_points_and_small_letters, as_workbook_with_titles]
)
@pytest.mark.parametrize("name", ["REVN_2019", "DEMO_2022", "IPRO_2017"])
def test_the_same_file_in_another_dress_gives_the_same_values(tmp_path, brut, write, name):
    """Encodings, separators, decimal signs, spaces, capitals, titles and sheets change nothing."""
    with (brut / "insee" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.reader(lines, delimiter=";") if any(row)]
    width = max(i + 1 for row in rows for i, cell in enumerate(row) if cell)
    (tmp_path / "insee").mkdir()
    write([row[:width] for row in rows], tmp_path / "insee" / name)
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / f"{name}.csv").write_bytes((brut / "insee" / f"{name}.csv").read_bytes())
    expected, found = clean_indicators(tmp_path / "plain").indicateurs, clean_indicators(tmp_path).indicateurs
    columns = ["zone", "indicateur", "millesime", "publication", "valeur", "statut", "note"]
    texts = {name: "str" for name in columns if isinstance(expected[name].dtype, pd.CategoricalDtype)}
    pd.testing.assert_frame_equal(found[columns].astype(texts), expected[columns].astype(texts))


def test_only_the_zones_asked_for_are_kept_and_they_are_the_same(real):
    whole, part = clean_indicators(real), clean_indicators(real, ZONES)
    same = whole.indicateurs[whole.indicateurs["zone"].isin(ZONES)].reset_index(drop=True)
    texts = {name: "str" for name in same.columns if isinstance(same[name].dtype, pd.CategoricalDtype)}
    pd.testing.assert_frame_equal(same.astype(texts), part.indicateurs.astype(texts))
    assert not lost_cells(whole.comptes).any()
    assert not lost_cells(part.comptes).any()


# --- the published figures


@pytest.mark.parametrize("where", ["brut", "real"])
def test_every_published_figure_of_the_catalogue_comes_out_equal_with_its_data_year(where, facts, request):
    """But for figures revised between two files of one year: the anomalies then hold both."""
    catalogue = load_catalogue()
    cleaned = clean_indicators(request.getfixturevalue(where), ZONES)
    read = {(source.famille, str(source.millesime)) for source in cleaned.fichiers}
    found: dict[tuple[str, str, str], list[tuple[int | None, int, float]]] = {}
    table = cleaned.indicateurs
    years = [None if pd.isna(year) else int(year) for year in table["millesime"]]
    columns = (table["zone"], table["niveau"], table["indicateur"], years, table["publication"], table["valeur"])
    for zone, level, name, year, publication, number in zip(*columns, strict=True):
        found.setdefault((zone, level, name), []).append((year, int(publication), number))
    revisions = cleaned.anomalies[cleaned.anomalies["probleme"].str.startswith("révision")]
    revised = {
        (text.split("\u00a0: ")[1].split(",")[0], "".join(raw.split()))
        for text, raw in zip(revisions["probleme"], revisions["brut"], strict=True)
    }
    checked, absent = 0, []
    with (facts / "nantes_indicateurs.csv").open(encoding="utf-8-sig", newline="") as lines:
        for fact in csv.DictReader(lines, delimiter=";"):
            vintage = int(fact["annee_fichier"]) % 2000 + 2000
            family = catalogue.familles[fact["famille"]]
            forms = (header_form(fact["variable"], vintage) if family.suffixe else "", normal_header(fact["variable"]))
            column = next(filter(None, map(family.column_of, (*forms, f"{fact['variable']}_A{{aa}}"))), None)
            there = (fact["famille"], str(vintage)) in read or (fact["famille"] == "FILO_PANEL" and where == "brut")
            if column is None or column.indicateur.startswith("note_") or not there:
                continue
            zone = "METRO" if fact["niveau"] == "FRANCE_METRO" else fact["zone"]
            rows = found.get((zone, fact["niveau"], column.indicateur), [])
            year = int(fact["annee_donnees"]) if fact["annee_donnees"] else None
            printed = {vintage, 2018 if vintage == 2017 else vintage}  # 2018 prints the rates of 2017 again
            rows = [
                number
                for when, publication, number in rows
                if (when == year if year else publication in printed or when)  # else the catalogue knows more
            ]
            if not rows and where == "real":
                continue  # that file, at that level, is not among the real ones
            checked += 1
            number = float(fact["valeur"].replace(",", ".")) if fact["valeur"] else math.nan
            if not any(number == other or (math.isnan(number) and math.isnan(other)) for other in rows):
                absent.append(fact)
    unexplained = [fact for fact in absent if (fact["zone"], fact["valeur"]) not in revised]
    assert not unexplained
    assert checked > (12_000 if where == "brut" else 7_000)
    assert not lost_cells(cleaned.comptes).any()


def test_no_published_value_of_the_default_territory_is_under_two_years(brut):
    """Two labels of one series whose quarters all have the same figures would be the same figures printed twice."""
    table = clean_indicators(brut, ZONES).indicateurs
    table = table[table["statut"].eq("publié") & table["niveau"].eq("QPV")]
    label = table["millesime"].astype("Float64").fillna(table["publication"].astype("Float64") + 10_000)
    wide = table.assign(label=label).pivot_table(
        index=["indicateur", "label"], columns="zone", values="valeur", observed=True
    )
    for name, rows in wide.groupby(level=0, observed=True):
        full = rows.dropna(axis=1)
        if full.shape[1] >= 5:
            assert not full.duplicated().any(), name


def test_more_people_covered_than_inhabitants_is_doubtful_where_nobody_knows_the_years_of_an_edition(tmp_path):
    people = "codeQPV;popMuniQPV;partMen1p QN04405M;900;40 QN04406M;2000;41"
    covered = "CODGEO;A;PERCOU QN04405M;400;1000 QN04406M;400;1000"
    cleaned = clean_indicators(put(tmp_path, population_QPV2024_2024=people, allocataires_2024_QP24=covered))
    assert value(cleaned, "QN04405M", "part_menages_1") == (40, "suspect")
    assert value(cleaned, "QN04406M", "part_menages_1") == (41, "publié")
