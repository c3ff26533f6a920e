"""What a contract declares is read whole, or everything that is wrong with it is told at once, with its place."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import examples
from cvanalysis.errors import DeclarationError, Problem, UsageError
from cvanalysis.territory.contract import Territory, read_territory
from cvanalysis.territory.look import PALETTE, contrast_on_white

CONTRAT = """\
[territoire]
id = "trois-rivieres"
nom = "Trois-Rivières Agglomération"
epci = "249700123"
geographie = "QP2015"

[contrat]
nom = "Contrat de ville 2015/2022"
code = "CV999"
debut = 2015
fin = 2022
edition = "2022-03"

[[editions]]
id = "2022-03"
nom = "Mars"
jusqu_au = 2022-03-31
"""

FILES = {
    "contrat.toml": CONTRAT,
    "communes.csv": "code;nom\n97301;L’Anse\n01004;Bourg\n",
    "quartiers.csv": "code;nom;communes\nQP973001;Le Haut;97301\nQP02A001;Le Bas;97301, 01004\n",
    "comparateurs.csv": "zone;niveau;nom\nMETRO;FRANCE_METRO;France métropolitaine\n03;REGION;Région\n"
    "Ensemble;FRANCE_QPV;Tous les QPV\n249700123;EPCI;Agglo\n01004;COMMUNE;Bourg\n97301;COMMUNE;L’Anse\n",
    "themes.csv": "id;nom;question\nsante;La santé;Qui se soigne ?\n",
    "piliers.csv": "id;nom;transversal\ncohesion;Cohésion;non\njeunesse;Jeunesse;oui\n",
    "colleges.csv": "id;nom\netat;État\n",
}


@pytest.fixture
def dossier(tmp_path: Path) -> Path:
    return write(tmp_path)


def write(folder: Path, **changed: str | bytes) -> Path:
    """The small territory above, with files changed (`quartiers_csv="…"`)."""
    named = {name.replace("_csv", ".csv").replace("_toml", ".toml"): text for name, text in changed.items()}
    for name, text in (FILES | named).items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(DeclarationError) as caught:
        read_territory(folder)
    return list(caught.value.problems)


def only(folder: Path) -> Problem:
    (problem,) = problems(folder)
    return problem


def test_a_sound_territory_is_read_whole(dossier):
    territory = read_territory(dossier)
    assert isinstance(territory, Territory)
    assert (territory.id, territory.epci, territory.debut, territory.fin) == ("trois-rivieres", "249700123", 2015, 2022)
    assert [q.code for q in territory.quartiers] == ["QP973001", "QP02A001"]
    assert territory.quartier("QP02A001").communes == ("97301", "01004")
    assert [p.id for p in territory.piliers] == [
        "cohesion",
        "jeunesse",
    ]  # whose file still has the column of older ones
    assert territory.edition.id == "2022-03"
    assert territory.seuils.personnes == 11
    assert territory.palette == PALETTE


def test_comparators_come_in_reading_order_and_other_communes_are_left_out(dossier):
    territory = read_territory(dossier)
    assert [c.nom for c in territory.compares("QP02A001")] == [
        "L’Anse", "Bourg", "Agglo", "Tous les QPV", "Région", "France métropolitaine",
    ]  # fmt: skip
    assert "Bourg" not in [c.nom for c in territory.compares("QP973001")]


def test_an_unknown_quarter_or_edition_names_the_known_ones(dossier):
    with pytest.raises(UsageError, match=r"Vouliez-vous dire .*QP973001"):
        read_territory(dossier).quartier("QP97301")
    with pytest.raises(UsageError, match="2022-03"):
        read_territory(dossier, "2023-01")


def test_all_problems_of_all_files_are_told_at_once(tmp_path):
    found = problems(
        write(
            tmp_path,
            contrat_toml=CONTRAT.replace("epci", "epsi").replace("debut", "debuts"),
            quartiers_csv="code;nom;communes\nQN97301A;Le Haut;97301\nQP973001;;97301\nQP973001;Le Bas;97302\n",
            themes_csv="id;libelle\nsante;La santé\n",
            colleges_csv="id;nom\nÉtat;État\n",
        )
    )
    assert {(p.fichier, p.ligne, p.colonne) for p in found} == {
        ("contrat.toml", 4, "epsi"),
        ("contrat.toml", 1, "epci"),
        ("contrat.toml", 10, "debuts"),
        ("contrat.toml", 7, "debut"),
        ("quartiers.csv", 2, "code"),
        ("quartiers.csv", 3, "nom"),
        ("quartiers.csv", 4, "communes"),
        ("themes.csv", 1, "libelle"),
        ("themes.csv", 1, "nom"),
        ("themes.csv", 1, "question"),
        ("colleges.csv", 2, "id"),
    }


def test_the_nearest_known_word_is_proposed(tmp_path):
    problem = problems(write(tmp_path, contrat_toml=CONTRAT.replace("jusqu_au", "jusquau")))[0]
    assert problem.colonne == "jusquau"
    assert problem.que_faire.replace("\u00a0", " ") == "vouliez-vous dire « jusqu_au » ?"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("QN97301A", "géographie QN2024"),
        ("qp973001", "forme d'un code"),
        ("QP97301", "forme d'un code"),
        ("QP02C001", "forme d'un code"),
    ],
)
def test_a_code_of_another_geography_or_shape_is_refused(tmp_path, code, said):
    problem = only(write(tmp_path, quartiers_csv=f"code;nom;communes\n{code};Le Haut;97301\n"))
    assert (problem.ligne, problem.colonne) == (2, "code")
    assert said in problem.trouve


def test_a_qp_code_in_a_qn_geography_is_refused(tmp_path):
    problem = only(
        write(
            tmp_path,
            contrat_toml=CONTRAT.replace("QP2015", "QN2024"),
            quartiers_csv="code;nom;communes\nQP973001;Le Haut;97301\nQN97301A;Le Bas;97301\n",
        )
    )
    assert (problem.ligne, "périmètres" in problem.attendu) == (2, True)


@pytest.mark.parametrize(
    ("commune", "advice"),
    [("1004", "écrivez 01004"), ("Bourg", "écrivez son code, 01004"), ("97302", "97301"), ("75056", "communes.csv")],
)
def test_an_unknown_commune_says_what_to_write(tmp_path, commune, advice):
    problem = only(write(tmp_path, quartiers_csv=f"code;nom;communes\nQP973001;Le Haut;{commune}\n"))
    assert advice in problem.que_faire


def test_a_duplicate_names_the_first_place(tmp_path):
    twice = "code;nom;communes\nQP973001;Le Haut;97301\n;;\nQP973001;Le Bas;97301\n"
    problem = only(write(tmp_path, quartiers_csv=twice))
    assert (problem.ligne, problem.colonne) == (4, "code")
    assert "ligne 2" in problem.trouve


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("code;nom;communes\nQP973001;L’Été;97301\n".encode(), id="utf-8"),
        pytest.param("\ufeffcode;nom;communes\r\nQP973001;L’Été;97301\r\n".encode(), id="bom-crlf"),
        pytest.param("code;nom;communes\nQP973001;L’Été;97301\n".encode("cp1252"), id="cp1252"),
        pytest.param("code,nom,communes\nQP973001,L’Été,97301\n".encode(), id="commas"),
        pytest.param("code\tnom\tcommunes\nQP973001\tL’Été\t97301\n".encode(), id="tabs"),
        pytest.param('"Code";"NOM";"Communes"\n"QP973001";"L’Été";"97301"\n'.encode(), id="quoted-capitals"),
        pytest.param("\ncode;nom;communes;;;\n;;;;;\nQP973001;L’Été ;97301;;;\n\n".encode(), id="blank-rows-columns"),
        pytest.param("code;nom;communes\nQP973001;L’E\u0301te\u0301;97301\n".encode(), id="decomposed-accents"),
        pytest.param("code\tnom\tcommunes\nQP973001\tL’Été\t97301\n".encode("utf-16"), id="utf-16"),
    ],
)
def test_a_file_saved_by_any_tool_reads_the_same(tmp_path, content):
    territory = read_territory(write(tmp_path, quartiers_csv=content))
    assert [(q.code, q.nom, q.communes) for q in territory.quartiers] == [("QP973001", "L’Été", ("97301",))]


@pytest.mark.parametrize(
    ("content", "ligne", "said"),
    [
        ("code;nom;communes\nQP973001;Le Haut\n", 2, "2 cellules"),
        ("code;nom;communes\nQP973001;Le Haut;97301;de trop\n", 2, "4 cellules"),
        ('code;nom;communes\nQP973001;"Le "Haut";97301\n', 2, "ne se lit pas\u00a0: guillemets mal placés"),
        ('code;nom;communes\nQP973001;Le Haut;97301\nQP973002;"Le Bas;97301\n', 3, "jamais refermé"),
        ("code;nom;communes\n", 0, "aucun quartier"),
        ("", 0, "vide"),
        ("PK\x03\x04\x00\x00", 0, "pas du texte"),
        (b"code;nom;communes\nQP973001;\x81\x8d;97301\n", 2, "encodage"),
    ],
)
def test_a_damaged_csv_is_told_with_its_line(tmp_path, content, ligne, said):
    problem = only(write(tmp_path, quartiers_csv=content))
    assert (problem.fichier, problem.ligne) == ("quartiers.csv", ligne)
    assert said in problem.trouve


@pytest.mark.parametrize(
    ("old", "new", "ligne", "said"),
    [
        ('code = "CV999"', "code = CV999", 9, "valeur"),
        ('nom = "Mars"', 'nom = "Mars', 16, "guillemet"),
        ("fin = 2022", "fin = 2022\nfin = 2023", 12, "deux fois"),
        ("fin = 2022", "fin = 2014", 11, "avant de commencer"),
        ("fin = 2022", 'fin = "2022"', 11, "ne convient pas"),
        ("fin = 2022", "fin = true", 11, "ne convient pas"),
        ("jusqu_au = 2022-03-31", 'jusqu_au = "mars"', 17, "ne convient pas"),
        ('edition = "2022-03"', 'edition = "2022-04"', 12, "pas une édition"),
        ("QP2015", "QP2014", 5, "géographie"),
        ('"249700123"', '"24970012"', 4, "ne convient pas"),
        ('id = "trois-rivieres"', 'id = "../ailleurs"', 2, "ne convient pas"),
        ('id = "2022-03"', 'id = "a/b"', 15, "ne convient pas"),
    ],
)
def test_a_wrong_key_of_the_contract_is_told_with_its_line(tmp_path, old, new, ligne, said):
    found = problems(write(tmp_path, contrat_toml=CONTRAT.replace(old, new)))
    assert any(p.ligne == ligne and said in p.trouve for p in found), [str(p) for p in found]


@pytest.mark.parametrize(
    ("added", "ligne", "said"),
    [
        ('[palette]\nsujet = "rouge"\n', 20, "couleur"),
        ('[palette]\npart = ["#000000", "#FFFF00"]\n', 20, "contraste de 1,1:1"),
        ('[palette]\nsujets = "#000000"\n', 20, "inconnue"),
        ("[seuils]\npersonnes = -1\n", 20, "ne convient pas"),
        ("[seuils]\nstable_points = nan\n", 20, "ne convient pas"),
        ("[seuil]\npersonnes = 5\n", 19, "section inconnue [seuil]"),
        ('[[edition]]\nid = "x"\n', 19, "liste inconnue [[edition]]"),
        ('[[calendrier]]\nid = "a"\nnom = "A"\nmois = "2022-13"\n', 22, "ne convient pas"),
        ('[[editions]]\nid = "2022-03"\nnom = "B"\njusqu_au = 2022-04-01\n', 20, "déjà à la ligne 15"),
        ('[[editions]]\nid = "b"\nnom = "B"\njusqu_au = 2022-04-01\netape = "c"\n', 23, "étape du calendrier"),
        ('[[exemples]]\nfichier = "a.csv"\n', 20, "inconnue"),
    ],
)
def test_an_added_section_is_checked_too(tmp_path, added, ligne, said):
    found = problems(write(tmp_path, contrat_toml=CONTRAT + "\n" + added))
    assert any(p.ligne == ligne and said in p.trouve for p in found), [str(p) for p in found]


def test_a_missing_folder_names_each_missing_file(tmp_path):
    assert {p.fichier for p in problems(tmp_path / "ailleurs")} == set(FILES)


def test_what_readers_of_actions_and_voices_declare_is_handed_to_them_as_it_is(tmp_path):
    added = '[[exemples]]\nfichiers = "actions/*"\n[actions."suivi.xlsx"]\nfeuille = "2019"\n'
    territory = read_territory(write(tmp_path, contrat_toml=CONTRAT + added))
    assert territory.exemples == ("actions/*",)
    assert territory.sections == {"actions": {"suivi.xlsx": {"feuille": "2019"}}}


def test_every_colour_by_default_is_told_apart_from_white():
    colours = [c for v in PALETTE.values() for c in ([v] if isinstance(v, str) else v)]
    assert min(map(contrast_on_white, colours)) >= 3
    assert contrast_on_white("#000000") == pytest.approx(21)
    assert contrast_on_white("#FFFFFF") == pytest.approx(1)


def test_reading_declarations_loads_nothing_heavy(dossier):
    code = (
        "import sys; from pathlib import Path; from cvanalysis.territory.contract import read_territory;"
        f"read_territory(Path({str(dossier)!r}));"
        "print([m for m in ('pandas', 'numpy', 'matplotlib', 'IPython') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@examples(120)
@given(
    name=st.sampled_from(sorted(FILES)),
    junk=st.one_of(st.binary(max_size=60), st.text(max_size=60)),
    cut=st.integers(0, 60),
)
def test_no_content_raises_anything_but_our_errors(tmp_path, name, junk, cut):
    before = FILES[name].encode()[:cut]
    folder = write(tmp_path, **{name.replace(".", "_"): before + (junk if isinstance(junk, bytes) else junk.encode())})
    try:
        read_territory(folder)
    except (DeclarationError, UsageError):
        pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()


@pytest.mark.parametrize(
    ("there", "to_do"),
    [
        ("THEMES.CSV", "Renommez-le themes.csv"),
        ("themes.xlsx", "Enregistrez-le au format CSV UTF-8, sous le nom themes.csv"),
    ],
)
def test_a_declaration_under_a_name_that_is_nearly_its_own_is_named_with_what_to_do(dossier, there, to_do):
    (dossier / "themes.csv").rename(dossier / there)
    with pytest.raises(DeclarationError) as refused:
        read_territory(dossier)
    assert f"le fichier manque\u00a0; {there} est là, et ne se lit pas sous ce nom" in str(refused.value)
    assert to_do in str(refused.value)
