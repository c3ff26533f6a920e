"""An indicator of one's own: declared in a line, dropped as a file, then in tables and findings with its source."""

import json
from typing import get_args

import pytest

from carnets import COMMUNES, CONTRAT, QUARTIERS, RACINE, REVENUS
from cvanalysis.catalogue import Direction, GenreIndicateur, load_catalogue
from cvanalysis.dossier import ouvrir
from cvanalysis.errors import DeclarationError
from cvanalysis.tables.check import check
from cvanalysis.territory.contract import read_territory
from cvanalysis.territory.declarations import KNOWN

INDICATEURS = "id;nom;unite;source\nlicences_sport;licences sportives pour 100 habitants;%;Ville, service des sports\n"
CONSTATS = "numero;genre;indicateurs;question\nlocal-01;rang;licences_sport;Fait-on plus de sport ici qu’ailleurs ?\n"
LONG = "code;annee;indicateur;valeur\nQP973001;2021;licences_sport;12,5\nQP973002;2021;licences_sport;s\nQP973003;2021;licences_sport;8,0\n"


def more(text, column, cell):
    """The same table with one more column."""
    head, row = text.strip().split("\n")
    return f"{head};{column}\n{row};{cell}\n"


def write(folder, files):
    """A small territory with these files besides its own."""
    usual = {
        "contrat.toml": CONTRAT,
        "quartiers.csv": QUARTIERS,
        "communes.csv": COMMUNES,
        "insee/REVN_2021.csv": REVENUS,
    }
    usual |= {
        "themes.csv": "id;nom;question\nsport;Le sport;Et le sport ?\n",
        "piliers.csv": "id;nom\ncohesion;La cohésion\n",
    }
    usual |= {
        "colleges.csv": "id;nom\nvilles;Villes\n",
        "comparateurs.csv": "zone;niveau;nom\n97390;COMMUNE;Bourg-Neuf\n",
    }
    for name, text in (usual | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def avec(tmp_path):
    return write(
        tmp_path / "raw",
        {"catalogue/indicateurs.csv": INDICATEURS, "catalogue/constats.csv": CONSTATS, "insee/sport.csv": LONG},
    )


def test_an_indicator_dropped_in_the_plain_long_format_is_in_the_tables_with_its_source_and_statuses(avec):
    table = ouvrir(avec).indicateurs(indicateurs="licences_sport")
    assert table[["zone", "annee", "statut"]].to_numpy().tolist() == [
        ["QP973001", 2021, "publié"],
        ["QP973002", 2021, "secret"],
        ["QP973003", 2021, "publié"],
    ]
    assert table["valeur"].dropna().tolist() == [12.5, 8.0]
    assert set(table["source"]) == {"Ville, service des sports"}
    assert set(table["libelle"]) == {"licences sportives pour 100 habitants"}


def test_a_question_of_one_s_own_is_a_finding_of_the_fiche(avec):
    finding = ouvrir(avec).fiche("Le Port").constat("local-01").finding
    assert finding.question == "Fait-on plus de sport ici qu’ailleurs ?"
    assert "Ville, service des sports" in finding.source


def test_where_no_quarter_has_a_figure_the_page_says_the_reason_of_the_cells_and_not_that_no_file_came(tmp_path):
    head, of_filosofi = "code;annee;indicateur;valeur\n", INDICATEURS.replace("Ville, service des sports", "filosofi")
    cases = {  # what the file has for the three quarters: declared by whom, what the page and the table say
        "QP973001;2019;licences_sport;s": (INDICATEURS, "le chiffre est couvert par le secret statistique", "secret"),
        "QP973001;2020;licences_sport;12,5": (of_filosofi, "le chiffre est paru après l'édition", "postérieur"),
    }
    for number, (line, (declared, why, status)) in enumerate(cases.items()):
        asked = CONSTATS + "".join(
            f"local-0{n};{genre};licences_sport;Et ici ?\n"
            for n, genre in enumerate(("niveau", "evolution", "ecart"), 2)
        )
        dropped = head + "".join(f"{line}\n".replace("QP973001", f"QP97300{n}") for n in (1, 2, 3))
        catalogue = {"catalogue/indicateurs.csv": declared, "catalogue/constats.csv": asked}
        dossier = ouvrir(write(tmp_path / str(number), {**catalogue, "insee/sport.csv": dropped}))
        fiche = dossier.fiche("Le Port")
        for name in ("local-01", "local-02", "local-03", "local-04"):
            assert why in " ".join(fiche.constat(name).finding.manques), (line, name)
        assert set(dossier.indicateurs(indicateurs="licences_sport")["statut"]) == {status}
        assert "aucun fichier" not in check(dossier.territory).render()


def test_check_balances_and_nothing_of_the_overlay_is_left_aside(avec):
    told = check(read_territory(avec))
    assert told.status == 0, told.render()
    assert {file.famille for file in told.fichiers} >= {"LOCAL"}


def test_check_names_a_local_indicator_that_says_no_more_than_its_name(avec):
    told = check(read_territory(avec)).render().split("Remarques")[0]
    assert "« licences_sport » n'a pas de définition" in told.replace("\u00a0", " ")
    said = INDICATEURS.replace("source\n", "source;definition\n").replace(
        "des sports\n", "des sports;Licences délivrées.\n"
    )
    (avec / "catalogue" / "indicateurs.csv").write_text(said, encoding="utf-8")
    assert "définition" not in check(read_territory(avec)).render()


def test_the_next_territory_of_the_same_process_has_nothing_of_it(avec, tmp_path):
    ouvrir(avec).indicateurs()
    other = write(tmp_path / "autre" / "raw", {})
    assert "licences_sport" not in ouvrir(other).catalogue.indicateurs
    assert "licences_sport" not in load_catalogue().indicateurs


def test_a_line_of_the_long_format_that_cannot_be_read_is_told_with_its_line(avec):
    more = "QP973001;2021;licences_sport;13\nQP973001;20-21;licences_sport;1\nQP973001;2021;inconnu;1\n"
    (avec / "insee" / "sport.csv").write_text(LONG + more, encoding="utf-8")
    told = check(read_territory(avec)).anomalies
    problems = dict(zip(told["ligne"], told["probleme"], strict=True))
    assert "second chiffre" in problems[5]
    assert "quatre chiffres" in problems[6]
    assert "ne déclare pas" in problems[7]


def test_the_words_that_a_territory_may_write_are_those_that_the_catalogue_knows():
    shapes = KNOWN["catalogue"]["indicateurs.csv"]
    assert [shapes[name][0] for name in ("direction", "genre")] == [
        "|".join(get_args(one)) for one in (Direction, GenreIndicateur)
    ]


@pytest.mark.parametrize("signature", ["LIC_TAUX,LIC_CLUBS", "lic_taux, lic_clubs", "LIC_TAUX,"])
def test_a_family_of_one_s_own_is_told_by_its_headers_however_they_are_written(tmp_path, signature):
    raw = write(
        tmp_path / "raw",
        {
            "catalogue/indicateurs.csv": INDICATEURS,
            "catalogue/familles.csv": f"id;nom;signature\nSPORT;Licences;{signature}\n",
            "catalogue/annees.csv": "famille;millesime;indicateurs;annee\nSPORT;*;*;=\n",
            "catalogue/colonnes/SPORT.csv": "indicateur;note;courant\nlicences_sport;;LIC_TAUX\n",
            "insee/export_2020.csv": "CODGEO;LIC_TAUX;LIC_CLUBS\nQP973001;11,5;3\nQP973002;10,0;2\n",
        },
    )
    table = ouvrir(raw).indicateurs(indicateurs="licences_sport")
    assert table[["zone", "annee", "valeur"]].to_numpy().tolist() == [
        ["QP973001", 2020, 11.5],
        ["QP973002", 2020, 10.0],
    ]


def test_what_is_counted_for_so_many_is_no_count_and_keeps_its_decimals(avec):
    declared = INDICATEURS.replace("pour 100 habitants;%", "pour 1 000 habitants;‰")
    (avec / "catalogue" / "indicateurs.csv").write_text(declared, encoding="utf-8")
    shown = ouvrir(avec).fiche("Le Port").constat("local-01")
    assert "12,5\u00a0‰" in shown.titre
    assert "nombre de" not in shown.html


def test_a_line_of_the_dashboard_may_be_the_territory_s_own(avec):
    assert not [line for line in ouvrir(avec).fiche("Le Port").recto().html.split("<tr") if "Licences" in line]
    write(avec, {"catalogue/tableau.csv": TABLEAU})
    (line,) = [line for line in ouvrir(avec).fiche("Le Port").recto().html.split("<tr") if "Licences" in line]
    assert "12,5" in line


@pytest.mark.parametrize("carnet", ["qpv", "synthese"])
def test_the_pages_that_list_what_is_missing_show_the_findings_that_a_territory_asks(carnet):
    cells = json.loads((RACINE / "notebooks" / f"{carnet}.ipynb").read_text(encoding="utf-8"))["cells"]
    assert [cell for cell in cells if '.section("local"' in "".join(cell["source"])]


def test_a_long_file_of_which_no_line_is_understood_is_told_at_its_first(avec):
    (avec / "insee" / "sport.csv").write_text(LONG.replace("licences_sport", "licence"), encoding="utf-8")
    told = check(read_territory(avec))
    assert told.status == 1
    said = "insee/sport.csv : indicateur que catalogue/indicateurs.csv ne déclare pas (« licence »). Aucune ligne n'est lue"
    assert said in told.render().replace("\xa0", " ")


TABLEAU = "groupe;libelle;indicateur;constat\nSport;Licences;licences_sport;local-01\n"
FAMILLES = "id;nom;signature\nSPORT;Licences;LIC_TAUX,LIC_CLUBS\n"
ANNEES = "famille;millesime;indicateurs;annee\nSPORT;*;*;=\n"
COLONNES = "indicateur;note;courant\nlicences_sport;;LIC_TAUX\n"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("indicateurs.csv", "id;nom;unite;source\npopulation;x;%;y\n", "« population » est déjà dans le catalogue"),
        ("indicateurs.csv", "id;nom;unite;source\nMon-Taux;x;%;y\n", "ne peut pas servir d'identifiant"),
        ("indicateurs.csv", "id;nom;unite;source;direction\nx;x;%;y;monte\n", "Permis : hausse, baisse, neutre"),
        ("indicateurs.csv", "id;nom;unite\nx;x;%\n", "colonne `source` : la colonne manque"),
        (
            "constats.csv",
            CONSTATS.replace("licences_sport", "licence"),
            "« licence » n'est pas l'identifiant d'un indicateur",
        ),
        (
            "constats.csv",
            CONSTATS.replace("local-01", "revenus-03"),
            "« revenus-03 » n'est pas un numéro de constat local",
        ),
        ("constats.csv", CONSTATS.replace("rang", "structure"), "« structure » n'est pas permis ici"),
        ("indicateurs.csv", "id;nom;unite;source;maxi\nx;x;%;y;cent\n", "« cent » n'est pas un nombre"),
        (
            "indicateurs.csv",
            "id;nom;unite;source;precautions\nx;x;%;y;aucune\n",
            "« aucune » n'est pas une précaution connue",
        ),
        ("marques.csv", "a;b\n", "ce fichier n'est pas de ceux qu'un territoire ajoute"),
        ("familles.csv", "id;nom;signature\nSPORT;x;A,B\n", "« SPORT » n'a pas de colonnes"),
        ("colonnes/DEMOG.csv", "indicateur;courant\npopulation;POP\n", "la famille « DEMOG » n'est pas connue"),
        ("familles.csv", FAMILLES.replace(",", "|"), "« LIC_TAUX|LIC_CLUBS » n'est pas une liste de titres"),
        ("familles.csv", FAMILLES.replace("LIC_TAUX,LIC_CLUBS", ","), "« , » n'est pas une liste de titres"),
        ("familles.csv", more(FAMILLES, "exclut", "AGE|SEXE"), "« AGE|SEXE » n'est pas une liste de titres"),
        ("familles.csv", more(FAMILLES, "minimum", "deux"), "« deux » n'est pas un nombre de titres"),
        ("familles.csv", more(FAMILLES, "minimum", "0"), "« 0 » n'est pas un nombre de titres"),
        ("familles.csv", more(FAMILLES, "minimum", "3"), "« 3 » dépasse le nombre de titres de « signature » (2)"),
        ("familles.csv", more(FAMILLES, "delai", "un an"), "« un an » n'est pas un nombre d'années"),
        ("familles.csv", more(FAMILLES, "suffixe", "peut-être"), "Permis : oui, non"),
        (
            "familles.csv",
            more(FAMILLES, "jumelle", "DEMOG"),
            "« DEMOG » n'est pas une famille. Vouliez-vous dire « DEMO »",
        ),
        ("constats.csv", CONSTATS.replace("licences_sport", "*"), "« * » n'est pas l'identifiant d'un indicateur"),
        ("colonnes/LOCAL.csv", COLONNES, "la famille « LOCAL » n'est pas connue"),
        ("constats.csv", CONSTATS.replace("sport;", "sport,population;"), "nomme plusieurs indicateurs"),
        ("annees.csv", ANNEES.replace("=", "deux mille"), "« deux mille » n'est pas une année"),
        ("annees.csv", ANNEES.replace("*;*", "tous;*"), "« tous » n'est pas une année"),
        (
            "annees.csv",
            ANNEES.replace("SPORT", "SPORTS"),
            "« SPORTS » n'est pas une famille. Vouliez-vous dire « SPORT »",
        ),
        ("annees.csv", ANNEES.replace("*;*", "*;licence"), "« licence » n'est pas l'identifiant d'un indicateur"),
        ("annees.csv", more(ANNEES, "date", "31 décembre"), "« 31 décembre » n'est pas un jour"),
        ("annees.csv", more(ANNEES, "certitude", "sure"), "Permis : etablie, probable"),
        ("colonnes/SPORT.csv", COLONNES.replace("LIC_TAUX", ""), "« licences_sport » n'a pas de titre"),
        (
            "indicateurs.csv",
            more(INDICATEURS, "femmes", "licence"),
            "« licence » n'est pas l'identifiant d'un indicateur",
        ),
        (
            "indicateurs.csv",
            more(more(INDICATEURS, "mini", "50"), "maxi", "10"),
            "« 50 » n'est pas au-dessous de maxi (10)",
        ),
        ("indicateurs.csv", INDICATEURS + "deux;licences sportives pour 100 habitants;%;V\n", "est déjà à la ligne 2"),
        ("indicateurs.csv", "id;nom;unite;source\nx;population municipale;%;y\n", "est déjà dans le catalogue"),
        ("indicateurs.csv", INDICATEURS.replace(";%;", ";pourcent;"), "« pourcent » n'est pas une unité. Écrivez %, €"),
        ("indicateurs.csv", INDICATEURS.replace("licences sp", "licences " * 20 + "sp"), "a plus de 120 caractères"),
        ("indicateurs.csv", more(INDICATEURS, "genre", "montant"), "« %/montant » ne vont pas ensemble"),
        ("indicateurs.csv", more(INDICATEURS, "decimales", "9"), "« 9 » n'est pas un nombre de décimales"),
        ("indicateurs.csv", more(INDICATEURS, "pilier", "sport"), "« sport » n'est pas un pilier du catalogue"),
        ("indicateurs.csv", more(INDICATEURS, "groupe", "ages"), "« ages » est déjà dans le catalogue"),
        ("indicateurs.csv", more(INDICATEURS, "femmes", "population"), "« population/ » ne font pas une paire"),
        ("constats.csv", more(CONSTATS, "section", "revenus"), "« revenus » n'est pas la section d'un constat local"),
        ("constats.csv", CONSTATS.replace("Fait-on", "Fait-on " * 30), "a plus de 200 caractères"),
        ("constats.csv", CONSTATS.replace("-01", "-00"), "« local-00 » n'est pas un numéro de constat local"),
        ("annees.csv", more(ANNEES.replace("=", "2020"), "date", "31/02/2020"), "« 31/02/2020 » n'est pas un jour"),
        (
            "annees.csv",
            more(ANNEES.replace("=", "2020"), "date", "31/12/2015"),
            "« 2020/31/12/2015 » ne vont pas ensemble",
        ),
        ("annees.csv", ANNEES + "SPORT;*;*;2015\n", "« SPORT (*) (*) » est déjà à la ligne 2"),
        ("colonnes/DEMO.csv", COLONNES.replace("LIC_TAUX", "tx_f"), "« tx_f » est déjà lu dans la famille DEMO"),
        ("annees.csv", ANNEES.replace("=", "9999"), "« 9999 » n'est pas une année"),
        (
            "familles.csv",
            "id;nom;signature\nSPORT;x;CODGEO,Libgeo\n",
            "« CODGEO,Libgeo » n'est pas une liste de titres",
        ),
        ("colonnes/SPORT.csv", COLONNES + "population;;LIC_TAUX\n", "« LIC_TAUX » est déjà à la ligne 2"),
        ("colonnes/SPORT.csv", COLONNES + "licences_sport;;LIC_CLUBS\n", "« licences_sport » est déjà à la ligne 2"),
        (
            "colonnes/SPORT.csv",
            more(COLONNES, "20200", "LIC"),
            "cette colonne n'est ni courant, ni l'année d'un fichier",
        ),
        ("tableau.csv", TABLEAU.replace("local-01", "local-09"), "« local-09 » n'est pas un constat"),
        ("tableau.csv", TABLEAU.replace("local-01", "revenus-04"), "n'est pas ce que demande revenus-04"),
    ],
)
def test_a_bad_overlay_is_refused_in_a_sentence_with_its_place(avec, name, text, told):
    if "SPORT;x" not in text:
        write(avec, {"catalogue/familles.csv": FAMILLES, "catalogue/colonnes/SPORT.csv": COLONNES})
    write(avec, {f"catalogue/{name}": text})
    with pytest.raises(DeclarationError) as error:
        read_territory(avec)
    said = str(error.value).replace("\xa0", " ")
    assert told in said
    assert f"`catalogue/{name}`" in said


def test_check_ends_with_the_indicators_of_one_s_own_that_no_file_has(avec):
    write(avec, {"catalogue/indicateurs.csv": INDICATEURS + "jardins;jardins partagés;jardins;Ville\n"})
    said = check(read_territory(avec)).render().replace("\xa0", " ")
    assert "1 indicateur à vous n'est dans aucun fichier : jardins." in said


def test_check_leads_with_what_is_to_mend_and_ends_with_what_is_empty(avec):
    (avec / "insee" / "REVN_2021.csv").unlink()
    (avec / "insee" / "inconnu.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    (avec / "insee" / "sport.csv").write_text("".join(LONG.splitlines(keepends=True)[:3]), encoding="utf-8")
    lines = check(read_territory(avec)).render().replace("\xa0", " ").split("\n")
    assert lines[2] == "À corriger"
    assert lines[3].startswith("- insee/inconnu.csv : aucune famille de fichiers connue")
    assert lines[-3:-1] == [
        "1 quartier n'est dans aucun fichier : QP973003.",
        "1 quartier est sans aucun chiffre : QP973002.",
    ]
