"""The files that INSEE publishes for the quarters of 2024 and for what they are compared with: true headers, invented figures."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xlsxwriter

from conftest import shared
from cvanalysis.catalogue import load_catalogue
from cvanalysis.files.anomalies import Domain
from cvanalysis.files.contours import read_contours
from cvanalysis.files.delimited import extract
from cvanalysis.files.sheets import read_raw
from cvanalysis.indicateurs.clean.decode import clean_indicators, lost_cells
from cvanalysis.indicateurs.clean.france import read_france
from cvanalysis.indicateurs.clean.recognise import Documentation, known_headers, recognise
from cvanalysis.indicateurs.clean.vintage import say
from cvanalysis.personnes.masking import mask_told

DS = '"GEO";"GEO_OBJECT";"FILOSOFI_MEASURE";"UNIT_MEASURE";"UNIT_MULT";"CONF_STATUS";"OBS_STATUS";"TIME_PERIOD";"OBS_VALUE"\n'
FILO_QP = "CODGEO;LIBGEO;DISP_TP60_A21;DISP_Q1_A21;DISP_MED_A21;DISP_PTSA_A21;DISP_NOTE_A21\n"
ENSEMBLE = FILO_QP + "00;Ensemble des QP de France métropolitaine;45,4;10570;14200;56;0\n"


def clean(folder: Path, files: dict[str, str | bytes], **rest: object) -> Domain:
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    cleaned = clean_indicators(folder, **rest)
    assert not lost_cells(cleaned.comptes).any()
    return cleaned


def said(cleaned: Domain, zone: str, indicateur: str, millesime: int | None = None) -> object:
    """The one value of a zone, or its status where it has none."""
    rows = cleaned.indicateurs[
        (cleaned.indicateurs["zone"] == zone) & (cleaned.indicateurs["indicateur"] == indicateur)
    ]
    rows = rows if millesime is None else rows[rows["millesime"] == millesime]
    (row,) = rows.itertuples()
    return round(row.valeur, 3) if row.statut == "publié" else row.statut


READ = [
    (
        "estimations-demographiques_2022_QPV2024.csv",
        (
            "codeQPV;libQPV;codeReg;codeUU2020;listeDep;listeDepcom;listeLibDepcom;listeEPCI2022;popMuniQPV;indiceJeunesse;partPopF;partPop0_14;"
            "partPop15_24;partPop60_74;partPop75p;partPopImmi;partMen1p;partMen45p;txAct25_54\n"
            "QN00101M;X;84;01501;01;01053;Bourg;200071751;6399;1,2;52,1;23,4;14,2;13,1;7,3;31,1;46,5;13,8;\n"
        ),
        {
            "QN00101M": {
                "population": 6399,
                "part_moins_25": 37.6,
                "part_60_plus": 20.4,
                "part_immigres": 31.1,
                "part_menages_4_5": 13.8,
                "taux_activite_25_54": "non_diffusé",
            }
        },
    ),
    (
        "data_pop_qpv_2018.csv",
        "codeQPV;libQPV;listeDepcom;popMuniQPV\nQN00101M;X;01053;6399\n",
        {"QN00101M": {"population": 6399}},
    ),
    (
        "DS_FILOSOFI_CC_2023_data.csv",
        DS
        + '"01053";"COM";"MED_SL";"EUR_YR";"0";"F";"A";2023;20480\n"01053";"COM";"PR_MD60";"PT";"0";"F";"A";2023;22.0\n'
        + '"01";"DEP";"PR_MD60";"PT";"0";"F";"A";2023;11.5\n"84";"REG";"PR_MD60";"PT";"0";"F";"A";2023;12.5\n'
        + '"F";"FRANCE";"PR_MD60";"PT";"0";"F";"A";2023;15.4\n"01001";"COM";"PR_MD60";"PT";"0";"C";"K";2023;\n'
        + '"01501";"UU2020";"PR_MD60";"PT";"0";"F";"A";2023;19.0\n"01053";"COM";"NUM_PER";"PER";"3";"F";"A";2023;37\n',
        {
            "01053": {"revenu_median": 20480, "taux_pauvrete": 22.0, "personnes_menages_fiscaux": 37000},
            "01": {"taux_pauvrete": 11.5, "revenu_median": "non_disponible"},
            "84": {"taux_pauvrete": 12.5},
            "FRANCE": {"taux_pauvrete": 15.4},
            "01001": {"taux_pauvrete": "secret"},
        },
    ),
    (
        "recensement.csv",
        (
            '"AGE";"GEO";"GEO_OBJECT";"RP_MEASURE";"SEX";"TIME_PERIOD";"OBS_VALUE"\n"_T";"2025-COM-01053";"COM";"POP";"_T";2022;40000\n'
            '"Y_LT15";"2025-COM-01053";"COM";"POP";"_T";2022;6700\n"_T";"2025-COM-01053";"COM";"POP";"F";2022;21000\n'
        ),
        {"01053": {"population": 40000, "population_moins_15": 6700, "part_0_14": 16.75, "tx_femmes": 52.5}},
    ),
    (
        "comparateur.csv",
        (
            "Comparateur de territoires;;\n;;\n© Insee;;\nPopulation;EPCI : CA Bourg (200071751);Commune : Bourg-en-Bresse (01053)\n"
            "Population en 2022;135000;41681\nRevenus;EPCI : CA Bourg (200071751);Commune : Bourg-en-Bresse (01053)\n"
            "Taux de pauvreté en 2021, en %;14,0;s\n"
        ),
        {"200071751": {"population": 135000, "taux_pauvrete": 14.0}, "01053": {"taux_pauvrete": "secret"}},
    ),
    (
        "filosofi 2021.csv",
        (
            "Nom géographique GMS;Code géographique;Libellé géographique;[DISP] Médiane (€);[DISP] dont part des minima sociaux (%)\n"
            "A;01001;A;25820;4,5\nB;01002;B;24480;\nD;75056;Paris;30 360;6,2\n"
        ),
        {
            "75056": {"revenu_median": 30360, "part_minima_sociaux": 6.2},
            "01002": {"part_minima_sociaux": "non_diffusé"},
        },
    ),
    (
        "data_CNAM2025_QP.csv",
        "CODGEO;LIBGEO;C;C_F;C_17;C_60;C_C2SNP;C_C2SP;C_17_C2SNP;C_60_C2SNP;NOTE\nQN00102M;X;2200;s;700;300;900;s;400;s;0\n",
        {
            "QN00102M": {
                "assures_cnam_moins_18": 700,
                "c2s_sans_participation_moins_18": 400,
                "assures_cnam_femmes": "secret",
            }
        },
    ),
    (
        "side_2023_QPV2024.csv",
        "CODGEO;NBETAB;INDUS;CONSTR;CREATION\nQN00101M;410;20;55;70\n",
        {"QN00101M": {"etablissements": 410}},
    ),
    (
        "export.csv",
        (
            "Taux de pauvreté, Population municipale, …\nCommune\nCode;Libellé;Taux de pauvreté 2020;Taux de pauvreté 2021;"
            "Médiane du niveau de vie 2021;Part des pers. âgées de 75 ans ou + 2022;Densité de population 2022;Population municipale 2022\n"
            "44109;Nantes;16,1;17,0;23750;7,9;4900;325070\n44001;Abbaretz;N/A - résultat non disponible;"
            "N/A - secret statistique;N/A - secret statistique;N/A - division par 0;1;2100\n"
        ),
        {
            "44109": {"part_75_plus": 7.9, "revenu_median": 23750, "population": 325070},
            "44001": {"revenu_median": "secret", "part_75_plus": "sans_objet"},
        },
    ),
    (
        "DS_POPULATIONS_REFERENCE_2022_data.csv",
        "GEO;GEO_OBJECT;FREQ;POPREF_MEASURE;TIME_PERIOD;OBS_VALUE\n44109;COM;A;PMUN;2022;325070\n44109;COM;A;PTOT;2022;331000\n",
        {"44109": {"population": 325070}},
    ),
    (
        "donnees_quartiers.csv",
        (
            "Code;Libellé;Ménages;Taux de pauvreté;Monoparents\nqp;libqp;nbmen_a13;tp60_a13;pmono_a13\n"
            "QP044005;Bellevue;7100;35,4;22,0\n"
        ),
        {"QP044005": {"taux_pauvrete": 35.4}},
    ),
    (
        "DEFM2024_QP24.csv",
        "CODGEO;LIBGEO;ABCDE;ABC;A;ABC_26A49\nQN00101M;X;980;900;nd;560\n",
        {"QN00101M": {"demandeurs_abc": 900, "demandeurs_abc_25_49": 560, "demandeurs_a": "non_disponible"}},
    ),
]


@pytest.mark.parametrize(("name", "text", "expected"), READ, ids=[name for name, *_ in READ])
@pytest.mark.parametrize("saved", ["as published", "capitals in lower case, cp1252", "zipped"])
def test_each_source_gives_its_values_and_the_reasons_of_those_that_are_absent(tmp_path, name, text, expected, saved):
    if saved == "zipped":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(name, text)
        files: dict[str, str | bytes] = {f"{Path(name).stem}_csv.zip": out.getvalue()}
    elif saved == "as published":
        files = {name: text}
    else:
        head, _, rest = text.partition("\n")
        files = {name: f"{head if 'Comparateur' in head else head.lower()}\n{rest}".encode("cp1252")}
    cleaned = clean(tmp_path, files)
    for zone, values in expected.items():
        assert {name: said(cleaned, zone, name) for name in values} == values


CENSUS = {
    "evol-struct-pop": (
        (
            "P22_POP;P16_POP;P22_POP0014;P22_POP6074;P22_POP7589;P22_POP90P;P22_POPF;P22_POP0019;C22_POP15P;NPER\n"
            "01053;41681;41365;6700.5;6100;3600;900;22000.1;9000;34900;1\n2A004;71361;69075;10500;12000;6500;1361;37000;14000;60861;1"
        ),
        {
            "population": 41681,
            "part_0_14": 16.076,
            "part_75_plus": 10.796,
            "part_60_plus": 25.431,
            "tx_femmes": 52.782,
            "indice_jeunesse": 0.849,
        },
    ),
    "emploi-pop-active": (
        "P22_POP1564;P22_ACT1564;P22_ACTOCC1564;P22_CHOM1564;P22_CHOM1524;P22_EMPLT\n01053;26600;19000;15800;3200;800;33000",
        {"taux_emploi": 59.398, "taux_chomage_rp": 16.842, "actifs_15_64": 19000, "chomeurs_rp_15_64": 3200},
    ),
    "logement": (
        "P22_LOG;P22_RP;P22_LOGVAC;P22_RP_PROP;P22_RP_LOCHLMV;P22_NPER_RP;P22_MEN;P22_MEN_ANEM0002\n01053;24500;21400;2400;8200;6000;s;21400;4000",
        {
            "part_logements_vacants": 9.796,
            "part_proprietaires": 38.318,
            "part_locataires_hlm": 28.037,
            "personnes_par_logement": "secret",
        },
    ),
    "coupl-fam-men": (
        "C22_MEN;C22_MENPSEUL;C22_FAM;C22_FAMMONO\n01053;21400;10500;9600;2300",
        {"part_menages_1": 49.065, "part_familles_monoparentales": 23.958, "menages": 21400},
    ),
    "diplomes-formation": (
        "P22_NSCOL15P;P22_NSCOL15P_DIPLMIN;P22_NSCOL15P_SUP2;P22_NSCOL15P_SUP34;P22_NSCOL15P_SUP5\n01053;30000;8000;3000;2500;2800",
        {"part_sans_diplome": 26.667, "part_diplome_superieur": 27.667, "sans_diplome": 8000},
    ),
}


@pytest.mark.parametrize("base", CENSUS)
def test_rates_of_the_census_by_commune_are_computed_from_what_they_are_made_of(tmp_path, base):
    text, expected = CENSUS[base]
    cleaned = clean(tmp_path, {f"base-cc-{base}-2022.CSV": f"CODGEO;{text}\n"})
    assert {name: said(cleaned, "01053", name, 2022) for name in expected} == expected
    assert [file.statut for file in cleaned.fichiers] == ["lu"]


def test_the_census_years_of_one_file_are_told_apart(tmp_path):
    cleaned = clean(tmp_path, {"base.csv": f"CODGEO;{CENSUS['evol-struct-pop'][0]}\n"})
    assert [said(cleaned, "01053", "population", year) for year in (2016, 2022)] == [41365, 41681]
    assert said(cleaned, "2A004", "population", 2016) == 69075


def test_of_a_large_text_only_the_header_and_the_rows_asked_for_are_kept_with_their_numbers():
    lines = [
        b"Titre\n",
        b'"AGE";"GEO";"OBS_VALUE"\n',
        b'"_T";"44109";1\n',
        b'"_T";"44000";2\n',
        b'"_T";"2025-COM-44162";3\n',
    ]
    text, numbers, rows = extract(lines, {"GEO"}, {b"44109", b"44162"})
    assert text == b"".join(lines[i] for i in (0, 1, 2, 4))
    assert (numbers.tolist(), rows) == ([1, 2, 3, 5], 2)
    kept, _, rows = extract([b"a;b;c\n"] * 500, {"GEO"}, set())
    assert (kept.count(b"\n"), rows) == (60, -1)


def test_a_large_base_is_read_as_a_small_one(tmp_path, monkeypatch):
    monkeypatch.setattr("cvanalysis.indicateurs.clean.sources.GRAND", 100)
    rows = "".join(f"{code:05};{code};{code // 2}\n" for code in range(1000, 1900))
    zones = frozenset({("01053", "COMMUNE")})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("base.csv", f"CODGEO;P22_POP;P22_POPF\n{rows}")
    (tmp_path / "nu").mkdir(), (tmp_path / "zip").mkdir()
    bare = clean(tmp_path / "nu", {"base.csv": f"CODGEO;P22_POP;P22_POPF\n{rows}"}, zones=zones)
    zipped = clean(tmp_path / "zip", {"base.zip": out.getvalue()}, zones=zones)
    for cleaned in (bare, zipped):
        assert said(cleaned, "01053", "population") == 1053
        assert [file.lignes for file in cleaned.fichiers] == [1]


@pytest.mark.parametrize(
    ("files", "zone"),
    [
        ({"revenu-disponible-qp24-2021_ENSQP.csv": ENSEMBLE}, "Ensemble (QN2024)"),
        ({"revenu-disponible-qp15-2021_ENSQP.csv": ENSEMBLE}, "Ensemble"),
        ({"a_ENSQP.csv": ENSEMBLE, "a_QP.csv": f"{FILO_QP}QN00101M;X;46,0;10520;13620;54,1;0\n"}, "Ensemble (QN2024)"),
        ({"a_ENSQP.csv": ENSEMBLE, "a_QP.csv": f"{FILO_QP}QP001001;X;46,0;10520;13620;54,1;0\n"}, "Ensemble"),
        (
            {
                "a_ENSQP.csv": ENSEMBLE,
                "a_QP.csv": f"{FILO_QP}QN00101M;X;46,0;10520;13620;54,1;0\n",
                "b_QP.csv": f"{FILO_QP}QP001001;X;46,0;10520;13620;54,1;0\n",
            },
            "Ensemble (QN2024)",
        ),
        ({"a_ENSQP.csv": ENSEMBLE.replace("_A21", "_A18")}, "Ensemble"),  # the list of 2024 was not yet there
    ],
)
def test_the_aggregate_of_all_quarters_is_of_its_own_geography(tmp_path, files, zone):
    assert said(clean(tmp_path, files), zone, "taux_pauvrete") == 45.4


def test_an_aggregate_of_the_other_geography_is_not_joined_in_silence(tmp_path):
    cleaned = clean(
        tmp_path, {"x_qp24_ENSQP.csv": ENSEMBLE}, zones=frozenset({("Ensemble", "FRANCE_QPV")}), geographie="QP2015"
    )
    assert cleaned.indicateurs.empty
    assert cleaned.anomalies["probleme"].str.contains("deux découpages").any()


def test_an_aggregate_whose_geography_nothing_tells_is_refused(tmp_path):
    (file,) = clean(tmp_path, {"a_ENSQP.csv": ENSEMBLE}).fichiers
    assert file.statut == "non reconnu"
    assert "ceux de 2015 ou ceux de 2024" in file.probleme.trouve


@pytest.mark.parametrize(
    ("name", "text", "status", "words"),
    [
        (
            "listeqp2024-cog2024.csv",
            "code_qp;lib_qp;insee_com;siren_epci;;;\nQN00102M;X;1053;200071751;;;\n",
            "documentation",
            "liste de quartiers",
        ),
        (
            "TAG_QPV2024_2025.csv",
            "QP2024;LIBQP2024;REG;DEP;COM;EPCI;UU2020\nQN00101M;X;84;01;01053;200071751;01501\n",
            "documentation",
            "liste",
        ),
        (
            "p.csv",
            "QP2024;Label_QP2024;Statut;QP2015_1;QP2015_2\nQN00101M;X;Modifié;QP001001;QP001002\n",
            "documentation",
            "table de passage",
        ),
        ("DS_metadata.csv", "COD_VAR;LIB_VAR;COD_MOD;LIB_MOD\nX;Y;Z;T\n", "documentation", "dictionnaire"),
        (
            "caf_2021.csv",
            "IRIS;NOTE;A;PERCOU;AI;AM;ACSSENF;ENF;AAL;AAPL\n010040101;0;493;1184;223;70;24;490;229;187\n",
            "laissé de côté",
            "pour des iris",
        ),
        ("revenus_2021.csv", "IRIS;LIBIRIS;COM;REVENU\n010040101;a;01004;20000\n", "laissé de côté", "pour des iris"),
        (
            "DS_BPE_2023_data.csv",
            '"GEO";"GEO_OBJECT";"BPE_MEASURE";"TIME_PERIOD";"OBS_VALUE"\n"01053";"COM";"FACILITIES";2023;2\n',
            "documentation",
            "aucune mesure ne sert",
        ),
        ("q.csv", "QP;Nom_QP;Commune;EPCI\nQN00101M;X;Bourg;200071751\n", "documentation", "liste de quartiers"),
        (
            "v_commune_2025.csv",
            "TYPECOM,COM,REG,DEP,CTCD,ARR,TNCC,NCC,NCCENR,LIBELLE,CAN,COMPARENT\nCOM,44109,52,44,44D,442,0,NANTES,Nantes,Nantes,4499,\n",
            "documentation",
            "liste de communes",
        ),
        (
            "epci_au_01-01-2025.csv",
            "CODGEO;LIBGEO;EPCI;LIBEPCI;DEP;REG\n44109;Nantes;244400404;Nantes Métropole;44;52\n",
            "documentation",
            "liste de communes",
        ),
    ],
)
def test_what_no_page_needs_is_told_and_is_no_error(tmp_path, name, text, status, words):
    (file,) = clean(tmp_path, {name: text}).fichiers
    assert (file.statut, file.probleme) == (status, None)
    assert words in file.pris_pour


LONG = [  # columns of INSEE's files, what a line of each says, what they give
    (
        "AGE;SEX",
        "RP",
        {"_T;_T": 1000, "Y_LT15;_T": 200, "Y15T24;_T": 150, "Y_GE65;_T": 180},
        {"population": 1000, "part_moins_25": 35.0, "part_65_plus": 18.0, "part_60_plus": None},
    ),
    (
        "RP_MEASURE;OCS;L_STAY;TSH;CARS",
        "",
        {
            "DWELLINGS;_T;_T;_T;_T": 500,
            "DWELLINGS;DW_MAIN;_T;_T;_T": 400,
            "DWELLINGS;DW_MAIN;_T;100;_T": 100,
            "DWELLINGS;DW_MAIN;_T;221;_T": 160,
            "DWELLINGS;DW_MAIN;Y_LT2;_T;_T": 60,
            "DWELLINGS_POPSIZE;DW_MAIN;_T;_T;_T": 960,
            "DWELLINGS;DW_MAIN;_T;_T;C0": 90,
            "DWELLINGS;DW_VAC;_T;_T;_T": 40,
        },
        {
            "logements": 500,
            "part_proprietaires": 25.0,
            "part_locataires_hlm": 40.0,
            "part_emmenages_recents": 15.0,
            "personnes_par_logement": 2.4,
            "part_logements_vacants": 8.0,
        },
    ),
    (
        "EDUC;SEX",
        "RP",
        {"_T;_T": 700, "_T;F": 360, "001T100_RP;_T": 140, "500T702_RP;_T": 210},
        {"population": None, "part_sans_diplome": 20.0, "part_diplome_superieur": 30.0, "tx_femmes": None},
    ),
    (
        "RP_MEASURE;TPH;PCS;PREFPH",
        "",
        {"DWELLINGS;_T;_T;_T": 400, "DWELLINGS;1;_T;_T": 150},
        {"logements": None, "menages": 400},
    ),
    (
        "AGE;EDUC;EMPSTA_ENQ;SEX",
        "RP",
        {
            "Y15T64;_T;_T;_T": 600,
            "Y15T64;_T;1T2;_T": 450,
            "Y15T64;_T;1;_T": 390,
            "Y15T64;_T;2;_T": 60,
            "Y15T64;700_RP;2;_T": 5,
        },
        {"taux_emploi": 65.0, "taux_chomage_rp": 13.333, "population": None},
    ),
]


@pytest.mark.parametrize(("columns", "measure", "lines", "expected"), LONG, ids=[columns for columns, *_ in LONG])
def test_a_total_of_the_long_format_is_that_of_all_only_where_its_file_says_so(
    tmp_path, columns, measure, lines, expected
):
    head = f"GEO;GEO_OBJECT;{'RP_MEASURE;' if measure else ''}{columns};TIME_PERIOD;OBS_VALUE\n"
    rows = [f"44109;COM;{'POP;' if measure else ''}{cells};2022;{value}\n" for cells, value in lines.items()]
    table = clean(tmp_path, {"DS_data.csv": head + "".join(rows)}).indicateurs
    found = {row.indicateur: round(row.valeur, 3) for row in table.itertuples() if row.statut == "publié"}
    assert {name: found.get(name) for name in expected} == expected


def test_a_title_is_known_however_it_is_typeset(tmp_path):
    text = (
        "Nom géographique GMS;Code géographique;[DISP] 1ᵉʳ quartile (€);[DISP] Médiane (€);[DISP] 9ᵉ décile (€);"
        "[DISP] Part des revenus d’activité (%);[DEC] Médiane (€)\nNantes;44109;16 020;23 750;45 000;79,6;22 000\n"
    )
    cleaned = clean(tmp_path, {"revenu 2021.csv": text})
    values = [
        said(cleaned, "44109", name) for name in ("revenu_q1", "revenu_d9", "part_revenus_activite", "revenu_median")
    ]
    assert values == [16020, 45000, 79.6, 23750]


@pytest.mark.parametrize(
    ("name", "head", "year"),
    [
        ("DEFM2022.csv", "CODGEO;LIBGEO;ABCDE;ABC;NOTE\n", 2022),
        (
            "emploi_2022.csv",
            "Demandeurs d'emploi en fin de mois au 31 décembre 2022;;;;\nCODGEO;LIBGEO;ABCDE;ABC;NOTE\n",
            2022,
        ),
        ("IPRO_2022.csv", "CODGEO;LIBGEO;ABCDE;ABC;TX_TOT_EMPL\n", 2021),
    ],
)
def test_the_job_seekers_of_a_file_by_source_are_of_its_own_year(tmp_path, name, head, year):
    cleaned = clean(tmp_path, {name: head + "QP044005;Bellevue;2406;2217;0\n"})
    assert said(cleaned, "QP044005", "demandeurs_abc", year) == 2217


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("codgeo;an;p_pop\n44109;1968;259208\n44109;2021;323204\n44109;2015-2021;9\n", "1968, 2015-2021"),
        (
            "GEO;GEO_OBJECT;RP_MEASURE;TIME_PERIOD;OBS_VALUE\n44109;COM;POP;2021-T4;9\n44109;COM;POP;2021;323204\n",
            "2021-T4",
        ),
    ],
)
def test_a_period_that_is_no_year_is_told_and_never_read_as_one(tmp_path, text, odd):
    cleaned = clean(tmp_path, {"population.csv": text})
    assert said(cleaned, "44109", "population") == 323204
    assert any(f"({odd})" in problem for problem in cleaned.anomalies["probleme"])


def test_a_title_in_words_is_not_taken_for_the_code_of_another_level(tmp_path):
    head = "Code;Libellé;Médiane du niveau de vie (€) 2021;Taux de pauvreté au seuil de 60 % (%) 2021"
    text = f"{head}\n01053;Bourg;20480;22\n01004;A;21000;N/A - résultat non disponible\n"
    cleaned = clean(tmp_path, {"revenus au 1er janvier.csv": text})
    assert [said(cleaned, zone, "taux_pauvrete", 2021) for zone in ("01053", "01004")] == [22, "non_disponible"]


def test_a_large_base_without_a_row_of_the_territory_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("cvanalysis.indicateurs.clean.sources.GRAND", 10)
    (file,) = clean(
        tmp_path, {"b.csv": "CODGEO;P22_POP;P22_POPF\n01053;9;4\n"}, zones=frozenset({("44109", "COMMUNE")})
    ).fichiers
    assert "aucune de ses lignes" in file.pris_pour


@pytest.mark.parametrize("zipped", [False, True])
def test_a_text_beyond_all_that_insee_publishes_is_refused_before_it_is_looked_through(tmp_path, monkeypatch, zipped):
    monkeypatch.setattr("cvanalysis.indicateurs.clean.sources.GRAND", 10)
    monkeypatch.setattr("cvanalysis.indicateurs.clean.sources.IMMENSE", 100)
    rows, out = "CODGEO;P22_POP;P22_POPF\n" + "01053;9;4\n" * 50, io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("base.csv", rows)
    files = {"base.zip": out.getvalue()} if zipped else {"base.csv": rows}
    (file,) = clean(tmp_path, files, zones=frozenset({("01053", "COMMUNE")})).fichiers
    assert file.fichier.startswith("base.")
    assert "démesuré" in file.probleme.trouve


@pytest.mark.parametrize("name", ["contours.geojson", "contours.json", "qpv.shp"])
def test_contours_among_figures_are_sent_where_they_are_read(tmp_path, name):
    (file,) = clean(tmp_path, {name: '{"type": "FeatureCollection", "features": []}'}).fichiers
    assert "Déposez-le dans geo/" in file.probleme.que_faire


def test_a_cell_that_a_spreadsheet_shows_in_percent_is_read_as_shown(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "REVN_2019.xlsx") as book:
        sheet, percent = book.add_worksheet(), book.add_format({"num_format": "0.0%"})
        sheet.write_row(0, 0, ["CODGEO", "PMIMP", "TP60", "DISP_Q2", "A"])
        sheet.write_row(1, 0, ["QP001001", 0.58, 0.4605, 12190, 1240])
        sheet.write(1, 1, 0.58, percent), sheet.write(1, 2, 0.4605, percent)
    cleaned = clean(tmp_path, {})
    assert [said(cleaned, "QP001001", name) for name in ("menages_imposes", "taux_pauvrete", "allocataires")] == [
        58.0,
        46.05,
        1240,
    ]


@pytest.mark.parametrize(
    ("header", "row", "suspect"),
    [
        ("PMIMP;TP60;DISP_Q2;ARSAS", "0,58;0,46;12190;410", {"menages_imposes", "taux_pauvrete"}),
        ("PMIMP;TP60;DISP_Q2;ARSAS", "58,1;0,46;12190;410", {"taux_pauvrete"}),
        ("partResPrinc;partResSec;partMenProp;nbPersResPrinc;txLsRp", "91,2;0,4;18,0;2,1;60", set()),
    ],
)
def test_a_column_of_proportions_is_doubtful_and_a_small_share_is_not(tmp_path, header, row, suspect):
    cleaned = clean(tmp_path, {"x_2019.csv": f"CODGEO;{header}\nQP001001;{row}\n"})
    assert set(cleaned.indicateurs.loc[cleaned.indicateurs["statut"] == "suspect", "indicateur"]) == suspect
    assert cleaned.anomalies["probleme"].str.contains("proportions").sum() == len(suspect)


def test_of_the_epci_of_two_dates_the_later_perimeter_is_kept_and_said(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "DEMO_2018.xlsx") as book:
        for name, people in (("EPCI_2015", 72000), ("EPCI_2017", 131000)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["CODGEO", "LIBGEO", "POP_MUN", "TX_F", "IND_JEUNE"])
            sheet.write_row(1, 0, ["200071751", "CA Bourg", people, 51, 1])
    cleaned = clean(tmp_path, {})
    assert said(cleaned, "200071751", "population") == 131000
    assert cleaned.anomalies["probleme"].str.contains("EPCI_2015").any()


def test_contours_in_lambert_93_are_turned_into_degrees(tmp_path):
    square = "[[652469,6862035],[653469,6862035],[653469,6863035],[652469,6862035]]"
    (tmp_path / "c.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"QN07501M"},'
        f'"geometry":{{"type":"Polygon","coordinates":[{square}]}}}}]}}'
    )
    (outline,), lost, _ = read_contours(tmp_path / "c.geojson")
    assert not lost
    assert np.allclose(outline.rings[0][0], (2.3522, 48.8566), atol=1e-4)


def test_the_long_format_says_what_the_published_pivot_says(tmp_path):
    """Figures of 2021 for every EPCI, written as lines of a `DS_*` file and read again."""
    pivot = shared("real/insee2024") / "DS_FILOSOFI_CC_2021_pivot_epci.csv"
    head, *rows = [line.split(",") for line in pivot.read_text(encoding="utf-8").splitlines()[:200]]
    measures = {
        "revenu_median": "MED_SL",
        "taux_pauvrete": "PR_MD60",
        "decile1": "D1_SL",
        "part_impots": "S_DIR_TAX_DI",
        "nb_uc": "NUM_CU",
    }
    lines = [
        f'"{row[0]}";"EPCI";"{measure}";"X";"0";"F";"A";2021;{row[head.index(column)]}\n'
        for row in rows
        for column, measure in measures.items()
    ]
    cleaned = clean(tmp_path, {"DS_FILOSOFI_CC_2021_data.csv": DS + "".join(lines)})
    again = clean_indicators(_alone(tmp_path / "pivot", pivot))
    for name in ("revenu_median", "taux_pauvrete", "revenu_d1", "part_impots", "unites_consommation"):
        assert [said(cleaned, row[0], name, 2021) for row in rows[:40]] == [
            said(again, row[0], name) for row in rows[:40]
        ]


def _alone(folder: Path, path: Path) -> Path:
    folder.mkdir()
    (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_every_case_given_is_read_or_left_with_a_sentence():
    cleaned = clean_indicators(shared("cases/insee"))
    assert not lost_cells(cleaned.comptes).any()
    assert {file.statut for file in cleaned.fichiers} <= {"lu", "documentation"}


PASSAGE = "QP2024;Label;Statut;QP2015_1;QP2015_2\nQN00101I;X;Inchangé;QP001001;\nQN00102M;Y;Modifié;QP001002;QP001003\n"
AVANT = "CODGEO;POP_MUN;TX_F;IND_JEUNE\nQP001001;1500;52;1,2\nQP001002;900;51;1\n"


@pytest.mark.parametrize(
    "text",
    [
        "QP2024;Label_QP2024;QP2015_1;QP2015_2\nQN00102M;Y;QP001002;QP001003\n",
        "code_qp_2024;code_qp_2015\nQN00102M;QP001002\nQN00102M;QP001003\n",
        'QP2024,LIBQP2024,QP2015\nQN00102M,Y,"QP001002, QP001003"\n',
    ],
)
def test_a_quarter_may_come_from_several_however_the_passage_is_written(tmp_path, text):
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    found = recognise(read_raw(tmp_path / "p.csv", "insee/p.csv", known_headers()), "insee/p.csv")
    assert isinstance(found, Documentation)
    assert found.passage == (("QP001002", "QN00102M"), ("QP001003", "QN00102M"))


def test_the_figures_of_a_quarter_whose_contour_has_not_changed_follow_those_of_its_qp(tmp_path):
    cleaned = clean(tmp_path, {"DEMO_2022.csv": AVANT, "liste-correspondance.csv": PASSAGE}, geographie="QN2024")
    assert said(cleaned, "QN00101I", "population") == 1500
    assert said(cleaned, "QP001002", "population") == 900  # a changed contour: side by side, never joined
    assert cleaned.anomalies["probleme"].str.contains("contour inchangé").any()
    before = clean_indicators(tmp_path, geographie="QP2015")
    assert said(before, "QP001001", "population") == 1500


def national(lines: int, list_: str = "QP") -> str:
    """A file of as many quarters as there are in France, the first of them poor, each a little richer than the one before."""
    code = "QP035{:03d}" if list_ == "QP" else "QN035{:02d}M"
    codes = [
        code.format(i)
        if i < 90
        else f"{list_}{1 + i // 90:03d}{i % 90:0{3 if list_ == 'QP' else 2}d}{'M' * (list_ == 'QN')}"
        for i in range(1, lines + 1)
    ]
    return "CODGEO;LIBGEO;DISP_MED_A19;DISP_TP60_A19;DISP_D1_A19\n" + "".join(
        f"{one};Q;{10000 + 10 * i};{60 - i / 50:.1f};{8000 + i}\n".replace(".", ",") for i, one in enumerate(codes)
    )


def test_national_files_give_all_quarters_of_france_and_the_file_of_the_territory_those_that_they_lack(tmp_path):
    """Its quarters stand among all of France, named, from INSEE's own files, whatever the territory; a file of a few is no France."""
    few = "CODGEO;LIBGEO;DISP_MED_A21;DISP_TP60_A21;DISP_D1_A21\nQP035001;X;9000;61;7000\n"
    files = {"data_filo19_qp_revdis.csv": national(400), "data_filo21_qp_revdis.csv": few}
    cleaned = clean(tmp_path, files, zones=frozenset({"QP035001"}), geographie="QP2015")
    assert len(cleaned.indicateurs) == 6
    (tmp_path / "france_qpv.csv").write_text(
        "CODGEO;nom;communes;TX_TOT_EMPL;DISP_TP60_A19\nQP035001;X;Saint-Malo;33,3;1\n"
    )
    table, problems = read_france(tmp_path, cleaned.france)
    assert problems == []
    rate = table[table["indicateur"] == "taux_pauvrete"]
    assert (len(rate), set(rate["annee"]), set(rate["fichier"])) == (400, {"2019"}, {"data_filo19_qp_revdis.csv"})
    first = table[table["zone"] == "QP035001"].set_index("indicateur")
    assert first.loc["revenu_median", ["nom", "communes", "valeur"]].tolist() == ["La Découverte", "Saint-Malo", 10000]
    assert first.loc["taux_emploi", ["valeur", "fichier"]].tolist() == [33.3, "france_qpv.csv"]


def test_all_quarters_of_france_are_those_of_the_territorys_list_and_of_what_was_out(tmp_path):
    files = {"data_filo19_qp_revdis.csv": national(400)}
    assert clean(tmp_path, files, geographie="QN2024").france.empty
    cleaned = clean(tmp_path, {"data_filo19_qp_revdis.csv": national(400, "QN")}, geographie="QN2024")
    assert len(cleaned.france[cleaned.france["indicateur"] == "taux_pauvrete"]) == 400
    assert read_france(tmp_path, cleaned.france, {("filosofi", 2019)})[0].empty


def test_the_bases_that_mix_census_and_incomes_are_read_for_both(tmp_path):
    """`base_cc_comparateur`, `dossier_complet`: incomes stand beside the census, and are no less published there."""
    head = "CODGEO;LIBGEO;REG;DEP;P21_POP;P15_POP;SUPERF;P21_MEN;NBMENFISC21;PIMP21;MED21;TP6021;P21_CHOM1564;P21_ACT1564\n"
    row = "35238;Rennes;53;35;225081;215366;50,4;120000;95000;52;21800;22;17000;112000\n"
    cleaned = clean(tmp_path, {"base_cc_comparateur.csv": head + row})
    assert said(cleaned, "35238", "population", 2021) == 225081
    assert said(cleaned, "35238", "population", 2015) == 215366
    assert said(cleaned, "35238", "revenu_median", 2021) == 21800
    assert said(cleaned, "35238", "taux_pauvrete", 2021) == 22


def test_a_census_by_iris_is_told_as_such(tmp_path):
    rows = "".join(f"3523801{i:02d};35238;H;{2000 + i}\n" for i in range(10))
    (read,) = clean(tmp_path, {"base-ic-evol-struct-pop-2021.CSV": "IRIS;COM;TYP_IRIS;P21_POP\n" + rows}).fichiers
    assert (read.statut, "pour des iris" in read.pris_pour) == ("laissé de côté", True)


@pytest.mark.parametrize(
    ("head", "row", "words"),
    [
        ("UAI;Nom;Secteur;IPS;Code INSEE de la commune", "0350001A;X;public;92,1;35238", "établissements scolaires"),
        ("Session;Numero d'etablissement;Inscrits;Admis", "2023;0350001A;100;85", "établissements scolaires"),
        ("Code;Libellé;Taux de chômage annuel moyen 2023", "35;Ille-et-Vilaine;5,5", "« Statistiques locales »"),
        ("Taux de pauvreté\nCommune\nCode;Libellé;2020;2021", "35238;Rennes;20,0;21,0", "l'année dans leur titre"),
        ("CODGEO;P20_SAL15P;P20_SAL15P_TP", "35238;80000;15000", "base communale du recensement"),
        ("NIVGEO;CODGEO;LIBGEO;SEXE;AGED100;NB", "COM;35238;Rennes;1;000;12", "prenez base-cc-evol-struct-pop"),
        ("CODGEO;QP035001;QP035002", "POP_MUN;5000;8883", "Les quartiers y sont en colonnes"),
        ("CODE_QPV;NOM_QPV;NB_ECOLES", "QP035002;Villejean;4", "déclarez ses colonnes"),
        ("Code Commune;Taux de logements sociaux (%);geom", "35238;25;{}", "déclarez ses colonnes"),
        ("nom;valeur", "Rennes;4", "docs/insee.md, « Où les télécharger »"),
    ],
)
def test_a_table_that_is_not_read_says_what_it_seems_to_be_and_what_to_take(tmp_path, head, row, words):
    (read,) = clean(tmp_path, {"x_2022.csv": f"{head}\n{row}\n"}).fichiers
    told = f"{read.pris_pour} {read.probleme or ''}".replace("\u00a0", " ")
    assert words in told
    assert "Familles cherchées" not in told


def test_an_epci_that_changed_its_siren_is_one_zone_and_check_says_it(tmp_path):
    """Lille: 245900410 until 2020, 200093201 since."""
    before = "CODGEO;LIBGEO;NBMEN18;NBPERS18;NBUC18;Q218\n245900410;Lille;457805;1070215;722960,4;20690\n"
    after = "CODGEO;NBMENFISC21;NBPERSMENFISC21;MED21\n200093201;490000;1100000;22000\n"
    cleaned = clean(tmp_path, {"FILO2018_DISP_EPCI.csv": before, "cc_filosofi_2021_EPCI.csv": after})
    rows = cleaned.indicateurs[cleaned.indicateurs["indicateur"] == "revenu_median"]
    assert rows[["zone", "millesime", "valeur"]].to_numpy().tolist() == [
        ["200093201", 2018, 20690],
        ["200093201", 2021, 22000],
    ]
    (told,) = cleaned.anomalies.loc[cleaned.anomalies["probleme"].str.contains("ancien SIREN"), "probleme"]
    assert "245900410" in told


def test_of_a_very_large_text_the_rows_under_a_former_siren_are_kept_too(tmp_path, monkeypatch):
    monkeypatch.setattr("cvanalysis.indicateurs.clean.sources.GRAND", 100)
    text = (
        "CODGEO;LIBGEO;NBMEN18;NBPERS18;NBUC18;Q218\n" + "200000172;X;1;2;3;4\n" * 9 + "245900410;Lille;5;6;7;20690\n"
    )
    cleaned = clean(tmp_path, {"FILO2018_DISP_EPCI.csv": text}, zones=frozenset({("200093201", "EPCI")}))
    assert said(cleaned, "200093201", "revenu_median") == 20690


def test_the_national_files_of_insee_place_the_quarters_of_any_territory():
    """Those of 2015 to 2022, as published, for Rennes: more than a thousand quarters, of the last edition of each figure."""
    real = shared("real/insee")
    zones = frozenset({("QP035002", "QPV"), ("243500139", "EPCI")})
    table, problems = read_france(real, clean_indicators(real, zones, "QP2015").france)
    assert problems == []
    assert table.groupby("indicateur").size()[["taux_pauvrete", "revenu_median", "taux_emploi"]].min() > 1000
    assert table.groupby("indicateur")["annee"].first()[["taux_pauvrete", "population"]].tolist() == ["2019", "2018"]
    assert table.loc[table["zone"] == "QP035002", ["nom", "communes"]].iloc[0].tolist() == ["Villejean", "Rennes"]


def test_what_is_said_of_a_family_of_files_is_not_masked_as_the_name_of_a_family_of_people(tmp_path):
    name, text, _ = READ[0]
    said = clean(tmp_path, {name: text}).anomalies["probleme"].tolist()
    assert any("famille" in one and "QN_RP" in one for one in said)
    for family in load_catalogue().familles.values():
        told = say("sans_cle", famille=family.id, noms="")[0]
        assert [mask_told(one) for one in (*said, told)] == [*said, told]
