"""A contract from an EPCI's code: what is derived is right, what cannot be is said, and what stands is never erased."""

import tomllib
from datetime import date

import pytest

from carnets import RACINE, carnet
from cvanalysis.cli import run
from cvanalysis.errors import DeclarationError, UsageError
from cvanalysis.tables import init
from cvanalysis.tables.init import start
from cvanalysis.tables.process import clean_all
from cvanalysis.territory.contract import read_territory

JOUR = date(2026, 11, 28)
DEMO = """CODGEO;LIBGEO;POP_MUN;LIB_COM;TX_F;IND_JEUNE
QP044005;Bellevue;16000;Nantes, Saint-Herblain;52;1,2
QP044017;Plaisance;1500;Orvault;52;1,2
QP035004;Maurepas;6206;Rennes;52;1,2
QP044001;Ailleurs;1000;Saint-Nazaire;52;1,2
"""
PASSAGE = "QP2024;Label;Statut;QP2015_1;QP2015_2\nQN04407I;Le Breil;Inchangé;QP044007;\nQN04405M;Bellevue;Modifié;QP044005;QP044099\n"


def begin(folder, epci: str, geographie: str = "", **files: str):
    (folder / "insee").mkdir(parents=True)
    for name, text in files.items():
        (folder / "insee" / f"{name}.csv").write_text(text, encoding="utf-8")
    written, said = start(epci, folder, geographie, JOUR)
    for path, raw in written.items():
        path.write_bytes(raw)
    return read_territory(folder), " ".join(said)


def test_the_code_of_an_epci_gives_its_quarters_of_2024(tmp_path):
    territory, said = begin(tmp_path, "244400404")
    assert (territory.nom, territory.geographie, territory.debut, territory.fin) == (
        "Nantes Métropole",
        "QN2024",
        2024,
        2030,
    )
    assert [one.code for one in territory.quartiers][:2] == ["QN04405M", "QN04406M"]
    assert territory.quartiers[0].communes == ("44109", "44162")
    assert [one.nom for one in territory.communes] == ["Nantes", "Saint-Herblain", "Orvault", "Rezé"]
    levels = [(one.zone, one.niveau) for one in territory.comparateurs if one.niveau != "COMMUNE"]
    assert levels[:4] == [("244400404", "EPCI"), ("Ensemble", "FRANCE_QPV"), ("44", "DEPARTEMENT"), ("52", "REGION")]
    assert "Aucun fichier de chiffres" in said


def communes_of(territory) -> dict[str, tuple[str, ...]]:
    return {one.code: one.communes for one in territory.quartiers}


def test_files_of_2015_choose_the_quarters_of_2015_all_of_the_epci_by_departement_and_commune(tmp_path):
    demo = DEMO + "QP044098;Inconnu de la liste;1500;Orvault, Rezé;52;1,2\nQP044099;Inconnu;1500;Saint-Nazaire;52;1\n"
    territory, said = begin(tmp_path, "244400404", DEMO_2022=demo)
    assert territory.geographie == "QP2015"
    found = communes_of(territory)
    assert (found["QP044005"], found["QP044017"]) == (("44109", "44162"), ("44114",))
    assert found.pop("QP044098") == ("44114", "44143")
    assert sorted(found) == [f"QP0440{number:02d}" for number in range(5, 20)]
    assert "--geographie 2024" in said


def test_the_quarters_of_2015_are_shipped_under_the_names_that_communes_have_now(tmp_path):
    """Files of 2017 say Évry, Cherbourg-Octeville: their quarters are found all the same; so they are where files name no commune."""
    bare = "CODGEO;LIBGEO;PMIMP;DISP_Q2;TP60\nQP001001;X;23;11540;46\n"
    territory, said = begin(tmp_path / "sans_commune", "200071751", REVN_2019=bare)
    assert territory.geographie == "QP2015"
    assert communes_of(territory)["QP001001"] == ("01053",)
    old = "CODGEO;LIBGEO;POP_MUN;LIB_COM;TX_F;IND_JEUNE\nQP091017;Pyramides;9000;Évry;52;1\n"
    territory, said = begin(tmp_path / "ancien_nom", "200059228", DEMO_2017=old)
    assert communes_of(territory)["QP091017"] == ("91228",)
    assert "Évry-Courcouronnes" in [one.nom for one in territory.communes]
    assert "n'est rattaché" not in said


def test_a_list_of_quarters_without_figures_does_not_choose_the_geography(tmp_path):
    listed = "code_qp;lib_qp;insee_com;lib_com;siren_epci\nQN04405M;Bellevue;44109;Nantes;244400404\n"
    territory, _ = begin(tmp_path, "244400404", DEMO_2022=DEMO, liste=listed)
    assert territory.geographie == "QP2015"


def test_the_passage_table_says_where_each_quarter_comes_from(tmp_path):
    territory, _ = begin(tmp_path, "244400404", "2024", DEMO_2022=DEMO, passage=PASSAGE)
    before = {one.code: (one.depuis, one.suit) for one in territory.quartiers}
    assert before["QN04407I"] == (("QP044007",), "QP044007")
    assert before["QN04405M"] == (("QP044005", "QP044099"), "")
    assert before["QN04406M"] == ((), "")
    assert (tmp_path / "precedent.csv").is_file()  # a past to hand over


def test_figures_follow_a_quarter_whose_contour_has_not_changed_and_stand_beside_the_others(tmp_path):
    demo = DEMO.replace("QP044017;Plaisance;1500;Orvault", "QP044007;Le Breil;3690;Nantes")
    territory, _ = begin(tmp_path, "244400404", "2024", DEMO_2022=demo, passage=PASSAGE)
    table = clean_all(territory).tables["indicateurs"]
    people = table[table["indicateur"] == "population"].set_index("zone")["valeur"].to_dict()
    assert people == {"QN04407I": 3690, "QP044005": 16000}


def test_quarters_of_corsica_are_found_too(tmp_path):
    demo = "CODGEO;LIBGEO;POP_MUN;LIB_COM;TX_F;IND_JEUNE\nQP02A099;Les Cannes - Les Salines;5000;Ajaccio;52;1\n"
    territory, _ = begin(tmp_path, "242010056", DEMO_2022=demo)
    assert communes_of(territory)["QP02A099"] == ("2A004",)


@pytest.mark.parametrize(
    ("epci", "nom", "departement"),
    [
        ("200030195", "Métropole Nice Côte d'Azur", ("06", "Alpes-Maritimes")),
        ("200093201", "Métropole Européenne de Lille", ("59", "Nord")),
        ("249740119", "CA Intercommunale du Nord de la Réunion (CINOR)", ("974", "La Réunion")),
    ],
)
def test_an_epci_is_compared_with_its_own_departement_and_has_its_name(tmp_path, epci, nom, departement):
    territory, _ = begin(tmp_path, epci)
    found = [(one.zone, one.nom) for one in territory.comparateurs if one.niveau == "DEPARTEMENT"]
    assert (territory.nom, found) == (nom, [departement])


def test_quarters_are_found_in_the_departements_01_to_09_and_however_a_ligature_is_written(tmp_path):
    demo = (
        "CODGEO;LIBGEO;POP_MUN;LIB_COM;TX_F;IND_JEUNE\nQP006099;Las Planas;3000;Nice;52;1\n"
        "QP059099;Nouveau Mons;9519;Lille, Mons-en-Baroeul;53;1\n"
    )
    for epci, code, own in (
        ("200030195", "QP006099", ("06088",)),
        ("200093201", "QP059099", ("59350", "59410")),
    ):
        territory, said = begin(tmp_path / epci, epci, DEMO_2022=demo)
        assert communes_of(territory)[code] == own
        assert "n'est rattaché à aucune" not in said


def test_a_quarter_of_an_arrondissement_is_one_of_its_city_and_what_may_be_missing_is_named(tmp_path):
    demo = (
        "CODGEO;LIBGEO;POP_MUN;LIB_COM;TX_F;IND_JEUNE\nQP069098;Moulin A Vent;1521;Lyon 8e Arrondissement;51;1\n"
        "QP069099;Ailleurs;1200;Ternay;51;1\n"
    )
    territory, said = begin(tmp_path, "200046977", DEMO_2022=demo)
    assert communes_of(territory)["QP069098"] == ("69123",)
    assert "QP069099" not in communes_of(territory)
    assert "Le département en a aussi ici : Ternay." in said


@pytest.mark.parametrize(("geographie", "words"), [("2024", "La liste livrée"), ("2015", "déposez DEMO_2022")])
def test_an_epci_without_a_known_quarter_is_told_what_to_do(tmp_path, geographie, words):
    with pytest.raises(UsageError, match=words):
        start("200000000", tmp_path, geographie, JOUR)


@pytest.mark.parametrize(
    ("epci", "geographie", "words"),
    [
        ("200060457", "2015", "CA de Dembéni-Mamoudzou existe et a 10 quartiers de 2024 ("),
        ("200060457", "2015", "relancez avec --geographie 2024"),
        ("200000000", "2024", "n'a pas de quartier prioritaire"),
        ("2000", "2024", "neuf chiffres"),
    ],
)
def test_a_code_without_a_quarter_is_told_apart_from_a_wrong_one(tmp_path, epci, geographie, words):
    with pytest.raises(UsageError) as refused:
        start(epci, tmp_path, geographie, JOUR)
    assert words in str(refused.value)
    assert "Vérifiez ce code" not in str(refused.value)


def test_a_model_of_partners_is_written_that_says_its_columns_and_declares_none(tmp_path):
    territory, _ = begin(tmp_path, "244400404")
    comment, *_, head = (tmp_path / "partenaires.csv").read_text(encoding="utf-8-sig").splitlines()
    assert comment.startswith("# Les partenaires")
    assert head.split(";")[:4] == ["id", "nom", "college", "alias"]
    assert clean_all(territory).tables["partenaires"].empty


def test_the_command_puts_loose_files_where_they_are_read_and_erases_nothing(tmp_path, capsys):
    (tmp_path / "DEMO_2022.csv").write_text(DEMO, encoding="utf-8")
    (tmp_path / "contours.geojson").write_text("{}", encoding="utf-8")
    assert run(["init", "244400404", str(tmp_path)]) == 0
    assert (tmp_path / "insee" / "DEMO_2022.csv").is_file()
    assert "Rangé : DEMO_2022.csv" in capsys.readouterr().out
    (tmp_path / "geo" / "contours.geojson").unlink()
    assert run(["check", "--data", str(tmp_path)]) == 0
    written = (tmp_path / "quartiers.csv").read_bytes()
    assert run(["init", "244400404", str(tmp_path)]) == 2
    assert (tmp_path / "quartiers.csv").read_bytes() == written


def test_whoever_has_only_the_package_is_given_notebooks_and_documentation_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    carnet(tmp_path / "paquet" / "notebooks" / "qpv.ipynb")
    (tmp_path / "paquet" / "LISEZMOI.md").write_text("# Mode d'emploi", encoding="utf-8")
    monkeypatch.setattr(init, "FOURNI", tmp_path / "paquet")
    assert run(["init", "244400404", "un"]) == 0
    assert f"CVANALYSIS_DATA={tmp_path / 'un'}" in capsys.readouterr().out
    assert (tmp_path / "LISEZMOI.md").is_file()
    (tmp_path / "notebooks" / "qpv.ipynb").write_text("le mien")
    assert run(["init", "244400404", "deux"]) == 0
    assert (tmp_path / "notebooks" / "qpv.ipynb").read_text() == "le mien"
    assert "CVANALYSIS_DATA" not in capsys.readouterr().out


def test_the_wheel_carries_the_notebooks_and_the_documentation():
    told = tomllib.loads((RACINE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    given = told["wheel"]["force-include"]
    assert given.keys() == {"notebooks", "docs", "LISEZMOI.md"}
    assert all(
        (RACINE / here).exists() and there == f"cvanalysis/{init.FOURNI.name}/{here}" for here, there in given.items()
    )


def test_without_a_declared_comparison_quarters_are_compared_with_their_communes_the_epci_and_all_quarters(tmp_path):
    begin(tmp_path, "244400404")
    (tmp_path / "comparateurs.csv").write_text("zone;niveau;nom\n", encoding="utf-8")
    compared = read_territory(tmp_path).compares("QN04405M")
    assert [one.zone for one in compared] == ["44109", "44162", "244400404", "Ensemble"]


def test_a_folder_without_declarations_is_told_in_one_line_what_writes_them(tmp_path):
    with pytest.raises(DeclarationError) as refused:
        read_territory(tmp_path)
    (line,) = str(refused.value).replace("\u00a0", " ").splitlines()[1:]
    assert line.startswith("- `contrat.toml`, `communes.csv`, `quartiers.csv`")
    assert line.endswith("le fichier manque. « cvanalysis init EPCI DOSSIER » l'écrit.")


def test_two_sirens_of_one_epci_are_one_comparison(tmp_path):
    territory, _ = begin(tmp_path, "245900410")
    assert territory.epci == "200093201"
    lines = "zone;niveau;nom\n200093201;EPCI;Lille\n245900410;EPCI;Lille, avant 2020\n59;DEPARTEMENT;Nord\n"
    (tmp_path / "comparateurs.csv").write_text(lines, encoding="utf-8")
    assert [one.zone for one in read_territory(tmp_path).comparateurs] == ["200093201", "59"]
