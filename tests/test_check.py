"""What `cvanalysis check` says first, in a line for each file, and last."""

import json
import zipfile

import pytest

from carnets import territoire
from cvanalysis.tables.check import check
from cvanalysis.tables.models import columns_of, write_model
from cvanalysis.tables.process import clean_all
from cvanalysis.territory.contract import read_territory
from test_actions_territory import write_contract

DEMO = "CODGEO;LIBGEO;TX_F;TX_F_0A24;TX_TOT_0A24;IND_JEUNE;POP_MUN\n"
CARRE = [[[-1.6, 47.2], [-1.5, 47.2], [-1.5, 47.3], [-1.6, 47.2]]]


def contour(code: str) -> str:
    one = {
        "type": "Feature",
        "properties": {"code_qp": code},
        "geometry": {"type": "Polygon", "coordinates": CARRE},
    }
    return json.dumps({"type": "FeatureCollection", "features": [one]})


def told(folder, files, contrat="", *, detail=False):
    return check(write_contract(folder, files, contrat=contrat)).render(detail=detail).replace("\xa0", " ").split("\n")


def first(lines):
    """The lines of « À corriger »."""
    return lines[lines.index("À corriger") + 1 : lines.index("", lines.index("À corriger"))]


def test_each_file_has_one_line_and_the_detail_is_asked_for(tmp_path):
    demo = {"insee/DEMO_2022.csv": f"{DEMO}QP099001;Un;50;40;41;douze;900\n"}
    brief, whole = told(tmp_path / "a", demo), told(tmp_path / "b", demo, detail=True)
    assert [line for line in brief if line.startswith("✓ insee/DEMO_2022.csv : DEMO")]
    assert not [line for line in brief if line.startswith("    ")]
    assert "✓ insee/DEMO_2022.csv" in whole
    assert [line for line in whole if line.startswith("    - ligne 2, colonne IND_JEUNE : nombre illisible")]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"insee/DEMO_2022.csv": f"{DEMO}QP099001;Un;50;40;41;douze;900\n"},
            "insee/DEMO_2022.csv, ligne 2, colonne IND_JEUNE : nombre illisible (« douze »). Cellule laissée de côté.",
        ),
        (
            {"insee/REVN_2019.csv": "CODGEO;LIBGEO;PMIMP;TP60;DISP_Q2;A;ARSAS\nQP099001;Un;0,58;0,46;12190;10;4\n"},
            "insee/REVN_2019.csv, colonnes PMIMP, TP60 : colonne en % dont toutes les valeurs sont entre 0 et 1",
        ),
        (
            {"insee/DEMO_2024.csv": f"{DEMO}QN09901M;Un;50;40;41;1,2;900\n"},
            "insee/DEMO_2024.csv, colonne CODGEO : fichier de la géographie QN2024, territoire en QP2015",
        ),
        ({"geo/autres.geojson": contour("QP013001")}, "geo/autres.geojson : aucun de ses contours n'est celui d'un quartier"),
    ],
)  # fmt: skip
def test_what_falsifies_or_is_lost_comes_first(tmp_path, files, said):
    assert [line for line in first(told(tmp_path, files)) if said in line]


def test_what_is_known_and_needs_nobody_is_a_remark_and_not_first(tmp_path):
    same = "QP099001;Un;50;40;41;1,2;900\n"
    lines = told(tmp_path, {"insee/DEMO_2021.csv": DEMO + same, "insee/DEMO_2022.csv": DEMO + same})
    (remark,) = [line for line in lines if "doublon" in line or "republication" in line][:1]
    assert lines.index(remark) > lines.index("Remarques (une par une : cvanalysis check --detail)")
    assert "À corriger" not in lines or remark not in first(lines)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "3 fiches sans aucun chiffre : aucun fichier en QP2015."),
        ({"insee/DEMO_2022.csv": f"{DEMO}QP001001;X;50;40;41;1,2;9\n"}, "3 fiches sans aucun chiffre : aucun fichier ne les a."),
        (
            {"insee/DEMO_2022.csv": f"{DEMO}QP099001;Un;50;40;41;1,2;900\nQP099002;Deux;50;40;41;1,2;900\n"},
            "1 quartier n'est dans aucun fichier : QP099003.",
        ),
    ],
)  # fmt: skip
def test_the_end_says_what_would_be_empty(tmp_path, files, said):
    assert said in told(tmp_path, files)[-3:]


def test_the_end_says_what_has_no_figure_to_be_compared_with_and_that_there_is_no_map(tmp_path):
    lines = told(tmp_path, {"insee/DEMO_2022.csv": f"{DEMO}QP099001;Un;50;40;41;1,2;900\n"})
    assert [line for line in lines if line.startswith("Pas de carte : geo/")]
    (alone,) = [line for line in lines if line.startswith("Comparaisons sans aucun chiffre : ")]
    assert alone.endswith("docs/insee.md, « Où les télécharger ».")
    drawn = told(tmp_path, {"geo/quartiers.geojson": contour("QP099001")})
    assert not [line for line in drawn if line.startswith("Pas de carte")]


def test_a_build_without_a_figure_on_its_quarters_says_so(tmp_path):
    none, some = (
        clean_all(write_contract(tmp_path / name, {"insee/DEMO_2022.csv": f"{DEMO}{code};Un;50;40;41;1,2;900\n"}))
        for name, code in (("a", "QP001001"), ("b", "QP099001"))
    )
    assert [one.trouve for one in none.avertissements] == [
        "aucun chiffre sur les quartiers du contrat (QP2015)\u00a0: leurs fiches sont vides"
    ]
    assert some.avertissements == ()


def test_what_the_former_evaluation_states_is_read_as_it_was_written(tmp_path):
    stated = (
        "constat;section;question;titre;sous_titre;champ;source\nQP099001-emploi-01;emploi;Qui ?;Un titre;;Tous;Insee\n"
    )
    lines = told(tmp_path, {"precedent.csv": stated})
    assert not [line for line in lines if "precedent.csv" in line and "colonne non lue" in line]


def test_an_archive_of_contours_is_told_where_they_go(tmp_path):
    (tmp_path / "insee").mkdir()
    with zipfile.ZipFile(tmp_path / "insee" / "qp-shp.zip", "w") as archive:
        archive.writestr("QP.shp", b"x")
    (line,) = [one for one in first(told(tmp_path, {})) if "qp-shp.zip" in one]
    assert line.endswith("n'a aucun tableau. Décompressez-la et déposez ses contours dans geo/, en GeoJSON.")


def test_a_word_that_nobody_declared_leads_to_the_file_that_says_what_it_means(tmp_path):
    log = "Annee;Action;Porteur;Theme;Accorde\n2020;Chanter;Chorale;Musique ancienne;100\n"
    titles = "".join(f'"{name}" = "{name.lower()}"\n' for name in ("Annee", "Action", "Porteur", "Theme", "Accorde"))
    declared = f'\n[[actions]]\nfichier = "actions/j.csv"\n[actions.colonnes]\n{titles}'
    (line,) = [x for x in told(tmp_path, {"actions/j.csv": log}, declared) if x.startswith("Mots de vos tableaux")]
    assert "« Musique ancienne »" in line
    assert "correspondances.csv" in line
    assert "« theme;Musique ancienne;IDENTIFIANT »" in line


def test_the_account_of_money_shows_its_cents_where_its_sum_would_seem_wrong_without_them(tmp_path):
    log = "Annee;Action;Porteur;Accorde\n2020;Chanter;Chorale;28500,5\n;Total;;28500,5\n"
    titles = "".join(f'"{name}" = "{name.lower()}"\n' for name in ("Annee", "Action", "Porteur", "Accorde"))
    declared = f'\n[[actions]]\nfichier = "actions/j.csv"\n[actions.colonnes]\n{titles}'
    (line,) = [x for x in told(tmp_path, {"actions/j.csv": log}, declared) if "lus = " in x]
    assert "57\u202f001,00 € lus = retenu 28\u202f500,50 € + total du fichier 28\u202f500,50 €" in line.replace(
        "\xa0", " "
    )


def test_who_may_not_see_a_line_of_voices_is_told_who_may(tmp_path):
    write_contract(tmp_path, contrat="")
    columns = columns_of("paroles", read_territory(tmp_path))
    header = ";".join(column.titre for column in columns)
    said = {
        "Parole recueillie": "Trop loin.",
        "Quartier": "Ailleurs",
        "Pour qui": "public",
        "Date de recueil": "14/06/2022",
    }
    line = ";".join(said.get(column.titre, "oui" if "accepte" in column.titre else "") for column in columns)
    lines = first(told(tmp_path, {"paroles/m.csv": f"{header}\n{line}\n"}))
    assert "Ailleurs" not in "".join(lines)
    assert lines[-1].endswith("cvanalysis check --audience equipe")
    assert "--audience equipe" not in "".join(told(tmp_path / "b", {"actions/j.csv": "a;b\n1;2\n"}))


def test_what_is_understood_of_a_model_filled_as_people_write_is_said(tmp_path):
    write_contract(tmp_path, contrat="")
    territory = read_territory(tmp_path)
    header = write_model("actions", territory)["actions.csv"].decode("utf-8-sig").strip()
    names = [column.nom for column in columns_of("actions", territory)]
    row = {
        "annee": "2021-2022",
        "action": "Chanter",
        "porteur": "Chorale",
        "beneficiaires": "environ 60",
        "statut": "en cours",
    }
    line = ";".join(row.get(name, "") for name in names)
    lines = told(tmp_path, {"actions/m.csv": f"{header}\n{line}\n"})
    for column, cell, understood in (
        ("Année", "2021-2022", "2021"),
        ("Bénéficiaires", "environ 60", "60"),
        ("Statut", "en cours", ""),
    ):
        (said,) = [x for x in lines if f"colonne {column} : écrit autrement (« {cell} »)" in x]
        assert f"Compris : « {understood}" in said


def test_a_column_is_called_by_the_title_that_stands_in_its_file(tmp_path):
    log = "Intitulé de l'action;Structure;Thématique évaluée;Montant accordé;Exercice\nLire;Livres;cirque;100;2019\n"
    voices = "Parole recueillie;Quartier\nLe square est fermé.;Atlantide\n"
    files = {"actions/suivi.csv": log, "paroles/mots.csv": voices}
    declared = """[[actions]]
fichier = "actions/suivi.csv"
[actions.colonnes]
"Intitulé de l'action" = "action"
"Structure" = "porteur"
"Thématique évaluée" = "theme"
"Montant accordé" = "accorde"
"Exercice" = "annee"
"""
    told = check(write_contract(tmp_path, files, contrat=declared), "equipe").render()
    assert "actions/suivi.csv, ligne 2, colonne Thématique évaluée" in told
    assert "colonne theme" not in told
    assert "colonne qpv" not in told
    assert "paroles/mots.csv, ligne 2, colonne Quartier\u00a0:" in told


def test_figures_that_came_out_after_the_edition_are_told_with_their_file(tmp_path):
    raw = territoire(tmp_path)
    assert "Paru après" not in check(read_territory(raw)).render(detail=False)
    contract = raw / "contrat.toml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("2022-12-31", "2021-01-31"), encoding="utf-8")
    said = check(read_territory(raw)).render(detail=False).replace("\xa0", " ")
    assert (
        "Paru après cette édition, qui ne le connaît pas : 21 valeurs de 2018 (filosofi) dans insee/REVN_2022.csv.\n"
        in said
    )
