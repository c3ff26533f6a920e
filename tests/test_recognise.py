"""A file is what its content says, whatever its name."""

from pathlib import Path

import pytest
import xlsxwriter

from cvanalysis.errors import UnrecognisedFile
from cvanalysis.files.sheets import read_raw
from cvanalysis.indicateurs.clean.recognise import Documentation, known_headers, recognise
from cvanalysis.indicateurs.clean.sources import read_millesimes

DEMO = "POP_MUN;TX_F;TX_TOT_0A24;IND_JEUNE;A;PERCOU;NOTE_CNAF"
REVN = "PMIMP;DECUC_Q2;DISP_Q2;TP60;PACT;A;ARSAS;NOTE_CNAF"
IPRO = "TX_TOT_EMPL;ABCDE;ABC;A;A_F;ABC_25;NOTE_PE"
FILO_DISP = "LIBGEO;NBMEN18;Q118;Q218;Q318;RD;GI18"


def level_of(sheet):
    """The level of most rows."""
    return max((level for level in sheet.niveaux.tolist() if level), key=sheet.niveaux.tolist().count, default="")


def table(header: str, *codes: str, key: str = "CODGEO", separator: str = ";") -> str:
    columns = header.split(";")
    rows = [[key, *columns]] + [[code, *(str(n) for n in range(1, len(columns) + 1))] for code in codes]
    return "\n".join(separator.join(row) for row in rows) + "\n"


def declare(folder: Path, text: str):
    """What `millesimes.csv` says, and what is wrong in it."""
    (folder / "millesimes.csv").write_text(text, encoding="utf-8")
    return read_millesimes(folder, "millesimes.csv")


def look(folder: Path, name: str, text: str | bytes, declared: str = ""):
    """The sheets that a file of that name and content is taken for."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    declares, problems = declare(folder, declared) if declared else ({}, [])
    assert not problems
    return recognise(read_raw(path, f"insee/{name}", known_headers()), f"insee/{name}", declares)


@pytest.mark.parametrize(
    ("name", "header", "family", "meaning"),
    [
        ("a_2022.csv", DEMO, "DEMO", "allocataires"),
        ("a_2022.csv", REVN, "REVN", "allocataires"),
        ("DEMO_2022.csv", IPRO, "IPRO", "demandeurs_a"),
    ],
)
def test_the_family_is_told_by_content_and_so_is_what_a_means(tmp_path, name, header, family, meaning):
    (sheet,) = look(tmp_path, name, table(header, "QP044005", "QP044006"))
    assert (sheet.famille.id, level_of(sheet), sheet.geographie) == (family, "QPV", "QP2015")
    assert meaning in {column.indicateur for column in sheet.blocs[0].colonnes if column.entete == "A"}


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("DEMO_2019.csv", 2019),
        ("data_DEMO_2021_V1_QP.csv", 2021),
        ("demo19.csv", 2019),
        ("extraction demo_17_nantes.csv", 2017),
        ("DEMO_2018_telecharge_2022.csv", 2018),
    ],
)
def test_the_vintage_is_told_by_the_name_where_columns_do_not(tmp_path, name, year):
    (sheet,) = look(tmp_path, name, table(DEMO, "QP044005"))
    assert [bloc.millesime for bloc in sheet.blocs] == [year]


@pytest.mark.parametrize("name", ["demographie.csv", "dep_22.csv", "copie 2018 de 2019.csv"])
def test_without_a_vintage_the_error_gives_the_line_to_paste(tmp_path, name):
    with pytest.raises(UnrecognisedFile, match=f"{name};AAAA") as error:
        look(tmp_path, name, table(DEMO, "QP044005"))
    assert "DEMO" in str(error.value)
    (sheet,) = look(tmp_path, name, table(DEMO, "QP044005"), f"fichier;millesime\n{name};2019\n")
    assert sheet.blocs[0].millesime == 2019


def test_columns_say_the_vintage_before_the_name_does(tmp_path):
    (sheet,) = look(tmp_path, "FILO2015.csv", "CODGEO;NBMEN18;Q118;Q218;D118\n44109;1;2;3;4\n")
    assert (sheet.blocs[0].millesime, sheet.millesime_par) == (2018, "colonnes")


def test_a_vintage_that_the_map_does_not_have_is_read_by_known_names_and_said(tmp_path):
    (sheet,) = look(tmp_path, "REVN_2020.csv", table(REVN, "QP044005"))
    assert not sheet.connu
    assert "revenu_median" in {column.indicateur for column in sheet.blocs[0].colonnes}
    (later,) = look(tmp_path, "x.csv", "CODGEO;DISP_Q1_A23;DISP_MED_A23;DISP_TP60_A23;NOUVELLE\nQP044005;1;2;3;4\n")
    assert (later.famille.id, later.blocs[0].millesime, later.inconnues) == ("FILO", 2023, ("NOUVELLE",))


@pytest.mark.parametrize("key", ["CODGEO", "codgeo", "CodGeo", "codGeo", "qp", "code_qp", "Quartier prioritaire"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_the_key_is_found_under_any_name(tmp_path, key, separator):
    text = table(DEMO, "QP044005", "QP02A001", key=key, separator=separator)
    (sheet,) = look(tmp_path, "DEMO_2019.csv", text)
    assert sheet.zones.tolist() == ["QP044005", "QP02A001"]
    assert not sheet.inconnues


@pytest.mark.parametrize(
    ("code", "label", "zone", "level"),
    [
        ("44", "Loire-Atlantique", "44", "DEPARTEMENT"),
        ("44", "Grand Est", "44", "REGION"),
        ("1", "Ain", "01", "DEPARTEMENT"),
        ("1", "France métropolitaine", "METRO", "FRANCE_METRO"),
        ("METRO", "France métropolitaine", "METRO", "FRANCE_METRO"),
        ("2A", "Corse-du-Sud", "2A", "DEPARTEMENT"),
        ("971", "Guadeloupe", "971", "DEPARTEMENT"),
        ("44109", "Nantes", "44109", "COMMUNE"),
        ("2A004", "Ajaccio", "2A004", "COMMUNE"),
        ("244400404", "Nantes Métropole", "244400404", "EPCI"),
        ("Ensemble", "Ensemble des QPV", "Ensemble", "FRANCE_QPV"),
        ("QN04401M", "Bellevue", "QN04401M", "QPV"),
    ],
)
def test_one_filtered_row_is_enough_to_tell_its_level(tmp_path, code, label, zone, level):
    text = f"CODGEO;{FILO_DISP}\n{code};{label};1;2;3;4;5;6\n"
    (sheet,) = look(tmp_path, "x.csv", text)
    assert (sheet.zones.tolist(), sheet.niveaux.tolist()) == ([zone], [level])


def test_two_digits_without_a_label_are_asked_for(tmp_path):
    text = "CODGEO;NBMEN18;Q118;Q218;D118\n44;1;2;3;4\n"
    with pytest.raises(UnrecognisedFile, match=r"x\.csv;AAAA;DEPARTEMENT"):
        look(tmp_path, "x.csv", text)
    (sheet,) = look(tmp_path, "x.csv", text, "x.csv;2018;REGION")
    assert level_of(sheet) == "REGION"


def test_the_file_of_all_quarters_has_code_00(tmp_path):
    (sheet,) = look(tmp_path, "DEMO_2021_ENSQP.csv", table(DEMO, "00"))
    assert (sheet.zones.tolist(), level_of(sheet)) == (["Ensemble"], "FRANCE_QPV")


def test_the_2024_geography_is_recognised_as_such(tmp_path):
    (sheet,) = look(tmp_path, "DEMO_2024.csv", table(DEMO, "QN04401M", "QN04402M"))
    assert sheet.geographie == "QN2024"


def test_decoy_sheets_are_passed_over_and_every_data_sheet_is_read(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "DEMO_2019.xlsx") as book:
        notes = book.add_worksheet("Documentation")
        notes.write_column(0, 0, ["Démographie des quartiers", "Source : Insee", "Mise en ligne le 1er mars"])
        for name, code in (("QP", "QP044005"), ("COM", "44109")):
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, "Démographie en 2019")
            sheet.write_row(2, 0, ["Code", *(f"Libellé de {h}" for h in DEMO.split(";"))])
            sheet.write_row(3, 0, ["CODGEO", *DEMO.split(";")])
            sheet.write_row(4, 0, [code, *range(7)])
    found = recognise(read_raw(tmp_path / "DEMO_2019.xlsx", "DEMO_2019.xlsx", known_headers()), "DEMO_2019.xlsx")
    assert [(sheet.table.feuille, level_of(sheet)) for sheet in found] == [("QP", "QPV"), ("COM", "COMMUNE")]


def test_a_dictionary_of_variables_is_documentation(tmp_path):
    found = look(tmp_path, "meta_x.csv", "COD_VAR;LIB_VAR;TYPE_VAR\nTP6018;Taux de pauvreté;NUM\n")
    assert found == Documentation()


def test_an_unknown_file_is_told_the_nearest_family_and_what_to_do(tmp_path):
    with pytest.raises(UnrecognisedFile) as error:
        look(tmp_path, "x.csv", "code_qp;TX_F;POP_MUN;date\nQP044005;1;2;3\n")
    assert "DEMO (Démographie), dont" in str(error.value)
    assert "Familles cherchées" not in str(error.value)  # a list of names is no help
    assert "docs/carnets.md" in str(error.value)
    with pytest.raises(UnrecognisedFile, match="Aucune colonne caractéristique"):
        look(tmp_path, "y.csv", "nom;prenom\na;b\n")


def test_a_series_is_read_with_years_in_columns_or_in_rows(tmp_path):
    (wide,) = look(tmp_path, "a.csv", "CODGEO;DISP_MED_A12;TP60_A12;DISP_MED_A13;TP60_A13\nQP044005;1;2;3;4\n")
    (long,) = look(tmp_path, "b.csv", "CODGEO;ANNEE;DISP_MED;TP60\nQP044005;2012;1;2\nQP044005;2013;3;4\n")
    for sheet in (wide, long):
        assert sheet.famille.id == "FILO_PANEL"
        assert [bloc.millesime for bloc in sheet.blocs] == [2012, 2013]
        assert [column.indicateur for column in sheet.blocs[1].colonnes] == ["revenu_median", "taux_pauvrete"]
    assert long.blocs[1].lignes.tolist() == [False, True]


@pytest.mark.parametrize(
    ("header", "family"),
    [
        ("nbLsPls;nbLsMes;txVac;txVac3m;txRot;moyLoy", "RPLS"),
        ("EC_MAT;EC_ELEM;EC_ELEM_PRI;COLL;COLL_PRI", "EDUC"),
        ("NBETAB;INDUS;CONSTR;COM_TRANSP;SERV_TOT;CREATION;AUTO_ENT", "ECO"),
        ("libGeo;partResPrinc;partResVac;partMenProp;nbPersResPrinc;nbLsPls;txVac;TxLsRp;txMobGlob", "LOGT"),
        ("NOTE;A;PERCOU;AI;AM;ACSSENF;ENF;AAL;AAPL;AAAH;APPA;ARSAS", "CAF"),
        ("C;C_C2SNP;C_C2SP;C_17_C2SNP;C_60_C2SNP", "CNAM"),
        ("LIBGEO;EFF_E6;RET_E6;EFF_E3;RET_E3;EFF_E0_GT;RET_E0_GT;EFF_E0_PRO;RET_E0_PRO;TX_NSNE_16A25", "EDUC"),
    ],
)
def test_housing_schools_and_establishments_are_read_when_their_files_are_there(tmp_path, header, family):
    (sheet,) = look(tmp_path, "x_2022.csv", table(header, "QP044005", key="codGeo"))
    assert (sheet.famille.id, sheet.inconnues) == (family, ())


def test_a_line_that_declares_nothing_usable_is_named(tmp_path):
    declares, problems = declare(tmp_path, "fichier;millesime\na.csv;2019\nb.csv;bientôt\n")
    assert list(declares) == ["a.csv"]
    assert problems[0].ligne == 3


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_declared_vintages_are_read_as_any_spreadsheet_saves_them(tmp_path, separator):
    lines = [["fichier", "millesime", "niveau"], ['"a, b.csv"' if separator == ";" else "a.csv", "19", "region"], [""]]
    declares, problems = declare(tmp_path, "\r\n".join(separator.join(line) for line in lines))
    assert not problems
    assert [(d.millesime, d.niveau) for d in declares.values()] == [(2019, "REGION")]


@pytest.mark.parametrize(
    ("name", "header", "family", "median"),
    [
        ("x.csv", "LIBGEO;NBMEN18;Q118;Q218;Q318;PACT18;PPSOC18", "FILO_DISP", "revenu_median"),
        ("x.csv", "LIBGEO;NBMEN18;PMIMP18;Q118;Q218;Q318", "FILO_DEC", "revenu_declare_median"),
        ("FILO2018_DEC_COM.csv", "LIBGEO;NBMEN18;Q118;Q218;Q318", "FILO_DEC", "revenu_declare_median"),
        ("DEC.csv", "LIBGEO;NBMEN18;Q118;Q218;Q318;PPSOC18", "FILO_DISP", "revenu_median"),
        ("FILO2018_DEC_PAUVRES_COM.csv", "TP4018;TP5018;TP6018;TP60Q218", "FILO_DEC_PAUVRES", "part_bas_revenus"),
        ("x.csv", "TP4018;TP5018;TP6018;TP60Q218", "FILO_DISP_PAUVRES", "taux_pauvrete"),
        ("x.csv", "NBMENFISC18;NBPERSMENFISC18;MED18;PIMP18;TP6018;D118;D918", "FILO_CC", "revenu_median"),
    ],
)
def test_declared_income_is_never_taken_for_disposable_income(tmp_path, name, header, family, median):
    (sheet,) = look(tmp_path, name, table(header, "44109", "44143"))
    assert sheet.famille.id == family
    assert median in {column.indicateur for column in sheet.blocs[0].colonnes}


def test_a_title_says_that_the_income_is_declared(tmp_path):
    text = "Revenu déclaré par unité de consommation en 2018;;;;;\n" + table(
        "LIBGEO;NBMEN18;Q118;Q218;Q318", "44109", "44143"
    )
    (sheet,) = look(tmp_path, "x.csv", text)
    assert sheet.famille.id == "FILO_DEC"


@pytest.mark.parametrize(
    "header", ["decuc_q1_a15;decuc_q2_a15;pmimp_a15", "DEC_Q1_A20;DEC_MED_A20;DEC_PIMP_A20", "DEC_MED_A20;DEC_TP60_A20"]
)
def test_declared_income_of_quarters_is_a_family_of_its_own(tmp_path, header):
    (sheet,) = look(tmp_path, "x.csv", table(header, "QP044005"))
    assert sheet.famille.id == "FILO_DEC_QP"
    assert "revenu_declare_median" in {column.indicateur for column in sheet.blocs[0].colonnes}
    assert not sheet.inconnues


def test_the_names_that_2021_gives_are_read(tmp_path):
    (sheet,) = look(
        tmp_path, "x.csv", table("DISP_Q1_A21;DISP_MED_A21;DISP_D1_A21;DISP_GI_A21;DISP_TP6021", "QP044005")
    )
    read = {column.indicateur for column in sheet.blocs[0].colonnes}
    assert {"revenu_median", "gini", "taux_pauvrete"} <= read
    assert (sheet.blocs[0].millesime, sheet.inconnues) == (2021, ())


def test_a_joined_table_gives_each_family_its_columns_and_a_name_of_two_meanings_to_none(tmp_path):
    header = f"{DEMO};TX_TOT_EMPL;ABCDE;ABC;A_F;NBETAB;SERV_TOT;AUTO_ENT;MACHIN"
    sheets = look(tmp_path, "qp_2019.csv", table(header, "QP044005"))
    read = {sheet.famille.id: {c.entete for c in sheet.blocs[0].colonnes} for sheet in sheets}
    assert set(read) == {"DEMO", "IPRO", "ECO"}
    assert "A" not in set().union(*read.values())
    assert sheets[0].inconnues == ("MACHIN",)
    assert [(problem.colonne, "deux sens" in problem.trouve) for problem in sheets[0].remarques] == [("A", True)]


def test_an_extract_of_few_columns_is_known_where_they_are_all_of_one_family(tmp_path):
    for header, family in (
        ("LIBGEO;TX_F", "DEMO"),
        ("TP60", "REVN"),
        ("DISP_MED_A18", "FILO"),
        ("LIBGEO;Q218", "FILO_DISP"),
    ):
        (sheet,) = look(tmp_path, "x_2019.csv", table(header, "QP044005" if "Q2" not in header else "44109"))
        assert sheet.famille.id == family
    for header in ("A", "LIBGEO;A", "TX_F;MACHIN"):
        with pytest.raises(UnrecognisedFile):
            look(tmp_path, "x_2019.csv", table(header, "QP044005"))


@pytest.mark.parametrize(
    ("name", "key", "codes", "said"),
    [
        ("x.csv", "IRIS", ("441090101", "441090102"), "iris"),
        ("FILO2018_DISP_UU2020.csv", "CODGEO", ("44109", "44701"), "unités urbaines"),
        ("x.csv", "UU2010", ("44109", "44701"), "unités urbaines"),
        ("x.csv", "CODGEO", ("00851", "44701"), "unités urbaines"),
        ("x.csv", "CODGEO", tuple(f"24037010{n}" for n in range(1, 9)), "iris"),
        ("FILO2018_DISP_ZE2020.csv", "CODGEO", ("5201", "5202"), "zones d'emploi"),
        ("FILO2018_DISP_BV2012.csv", "CODGEO", ("44109", "44143"), "bassins de vie"),
    ],
)
def test_zones_that_no_report_compares_with_are_refused_and_not_taken_for_others(tmp_path, name, key, codes, said):
    with pytest.raises(UnrecognisedFile, match=said):
        look(tmp_path, name, table(FILO_DISP, *codes, key=key))


@pytest.mark.parametrize(
    ("key", "codes", "level"),
    [
        ("EPCI", ("244400404", "200023992"), "EPCI"),
        ("Code commune", ("44109", "2A004"), "COMMUNE"),
        ("code_insee", ("44109", "97105"), "COMMUNE"),
        ("DEP", ("44", "971", "2B", "01"), "DEPARTEMENT"),
    ],
)
def test_other_levels_have_their_codes_under_their_own_names(tmp_path, key, codes, level):
    (sheet,) = look(tmp_path, "x.csv", table(FILO_DISP, *codes, key=key))
    assert (level_of(sheet), sheet.cle, set(sheet.niveaux.tolist())) == (level, key, {level})


def test_without_any_known_zone_a_file_is_refused_and_its_first_codes_are_told(tmp_path):
    with pytest.raises(UnrecognisedFile, match=r"aucun code de zone connu \(premiers\s: Bellevue, Malakoff\)"):
        look(tmp_path, "DEMO_2019.csv", table(DEMO, "Bellevue", "Malakoff"))
    with pytest.raises(UnrecognisedFile, match="aucune ligne sous les titres"):
        look(tmp_path, "DEMO_2019.csv", table(DEMO))


def test_a_sheet_that_cannot_be_used_is_told_and_the_others_are_read(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "DEMO_2019.xlsx") as book:
        for name, code in (("QP", "QP044005"), ("Noms", "Bellevue")):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["CODGEO", *DEMO.split(";")])
            sheet.write_row(1, 0, [code, *range(7)])
    (found,) = recognise(read_raw(tmp_path / "DEMO_2019.xlsx", "DEMO_2019.xlsx", known_headers()), "DEMO_2019.xlsx")
    assert found.zones.tolist() == ["QP044005"]
    assert "Bellevue" in found.remarques[-1].trouve


def test_a_code_of_no_departement_is_no_zone(tmp_path):
    (sheet,) = look(tmp_path, "x.csv", table(FILO_DISP, "44", "441", "99"))
    assert sheet.niveaux.tolist() == ["DEPARTEMENT", "", ""]


REELS = {
    "DEMO": ("QPV", range(2017, 2023)),
    "IPRO": ("QPV", range(2017, 2023)),
    "REVN": ("QPV", range(2017, 2023)),
    "FILO": ("QPV", range(2016, 2020)),
    "FILO_DISP": ("", range(2014, 2020)),
    "FILO_DISP_PAUVRES": ("COMMUNE", range(2018, 2019)),
}


def test_every_real_file_is_recognised_with_no_unknown_column_nor_code(real):
    for path in sorted((real / "insee").iterdir()):
        found = recognise(read_raw(path, path.name, known_headers()), path.name)
        if path.name.startswith("meta_"):
            assert isinstance(found, Documentation)
            continue
        (sheet,) = found
        level, years = REELS[sheet.famille.id]
        assert sheet.famille.id.split("_")[0] in path.name.upper()
        assert level_of(sheet) == level or not level
        assert sheet.blocs[0].millesime in years
        assert str(sheet.blocs[0].millesime)[2:] in path.name
        assert (sheet.inconnues, sheet.absentes) == ((), ()), path.name
        assert "" not in set(sheet.niveaux.tolist())
