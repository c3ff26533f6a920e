"""The front door as a notebook meets it: what names itself, and what a mistake shows."""

import ast
import doctest
import json
import re
import shutil
from collections import Counter
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

import cvanalysis
from conftest import our_notebooks
from cvanalysis.dossier import ouvrir
from cvanalysis.errors import UsageError


@pytest.fixture(scope="module")
def dossier(brut, tmp_path_factory):
    raw = tmp_path_factory.mktemp("data") / "raw"
    shutil.copytree(brut, raw)
    return ouvrir(raw)


def test_what_is_opened_names_itself_in_a_line_and_says_what_it_can_show(dossier):
    fiche = dossier.fiche("QP044006")
    assert repr(fiche).startswith("Fiche de Les Dervallières (QP044006). Constats\u00a0: population-01, ")
    assert fiche.numeros[0] == "population-01"
    assert "revenus-03" in dossier.synthese().numeros
    assert all(len(repr(one)) < 600 for one in (dossier, fiche, dossier.synthese(), dossier.theme("aller-vers")))


def test_a_wrong_quarter_shows_its_message_and_not_the_way_through_our_code(dossier):
    with pytest.raises(UsageError) as told:
        dossier.fiche("QP044099")
    (shown,) = told.value._render_traceback_()
    assert "«\u00a0QP044099\u00a0» n'est pas un quartier de «\u00a0Nantes Métropole\u00a0»" in shown
    assert "File" not in shown


def test_rows_declared_as_examples_bear_the_mark_in_every_list_and_table(dossier):
    marked = 'class="ex"'
    assert marked in dossier.avancement().liste("Les engagements").html
    assert marked in dossier.theme("aller-vers").liste("Les actions").html
    quality = dossier.qualite()
    assert all(marked in show().html for show in (quality.argent, quality.controles, quality.propositions))


@pytest.mark.parametrize(
    "page", ["synthese", "qualite", "avancement", "partenaires", "participation", "recit", "preconisations"]
)
def test_an_unknown_number_is_refused_on_every_page_with_the_known_ones(dossier, page):
    shown = getattr(dossier, page)()
    with pytest.raises(UsageError, match=shown.numeros[0]):
        shown.constat("voix-99")
    for chapter in shown.chapitres:
        with pytest.raises(UsageError, match=chapter.numeros[0]):
            chapter.constat("voix-99")


def test_what_a_page_does_not_have_is_refused_with_what_it_has(dossier):
    with pytest.raises(
        UsageError, match=r"« carte » .* Elle a : constat, section, liste, plan, apercu, tableau, inconnus"
    ):
        dossier.synthese().carte()
    assert "recto" in dir(dossier.fiche("QP044006"))


class TestTables:
    """What an analyst takes in hand: names, units and statuses in columns."""

    def test_no_figure_is_missing_without_a_status_that_says_why(self, dossier):
        table = dossier.indicateurs()
        assert table.loc[table["valeur"].isna(), "statut"].ne("publié").all()
        assert table[["nom_zone", "libelle", "unite", "statut", "niveau", "source"]].notna().all(axis=None)
        assert table["statut"].cat.ordered
        assert table["statut"].cat.categories[0] == "publié"
        actions = dossier.actions()
        for name in ("demande", "accorde", "paye", "beneficiaires"):
            assert (actions[name].isna() == (actions[f"statut_{name}"] != "publié")).all()

    def test_codes_have_their_names_beside_them(self, dossier):
        table = dossier.indicateurs("bellevue", "population")
        assert set(table["nom_zone"]) == {"Bellevue"}
        assert set(table["zone"]) == {"QP044005"}
        assert set(table["libelle"]) == {"population municipale"}
        assert set(table["unite"]) == {"habitants"}
        actions = dossier.actions()
        assert {"nom_qpv", "nom_theme", "nom_pilier"} <= set(actions.columns)
        assert "" not in set(actions["nom_theme"])
        assert {"hors des thèmes évalués", "non renseigné"} <= set(actions["nom_theme"])

    def test_words_that_have_an_order_keep_it(self, dossier):
        engagements = dossier.engagements()
        assert engagements["avancement"].min() == "réalisé"
        judged = engagements["appreciation_villes"]
        assert list(judged.cat.categories) == ["satisfaisant", "mitigé", "insatisfaisant", "non renseigné"]
        assert engagements["date_preuve"].dt.year.max() > 2000
        voices = dossier.paroles()
        assert list(voices["tonalite"].cat.categories) == ["marche", "ne_marche_pas", "propose", "non renseigné"]
        assert voices["reponse_statut"].min() == "reçue"
        assert not [name for name in voices.select_dtypes("category") if "" in voices[name].cat.categories]

    def test_a_line_of_actions_is_what_its_help_says(self, dossier):
        actions = dossier.actions()
        assert not actions.duplicated(["action", "annee", "cle", "qpv"]).any()
        assert (actions.groupby(["action", "annee", "cle"])["part"].sum().round(6) == 1).all()
        told = actions.dropna(subset="beneficiaires").groupby(["action", "annee"])["beneficiaires"]
        assert (told.nunique() == 1).all()
        assert told.size().max() > 1  # so it is not to be added up as it is

    def test_a_table_is_the_analyst_s_own(self, dossier):
        taken = dossier.actions()
        taken["accorde"] = 0.0
        assert dossier.actions()["accorde"].sum() > 0

    def test_an_unknown_indicator_is_refused_with_the_nearest(self, dossier):
        with pytest.raises(UsageError, match=r"«\xa0populatio\xa0» n'est pas un indicateur.*population"):
            dossier.indicateurs(indicateurs="populatio")

    def test_a_finding_and_a_table_are_frames_with_unit_and_status(self, dossier):
        frame = dossier.fiche("Bellevue").constat("revenus-03").df
        shown = dossier.fiche("Bellevue").constat("revenus-03").finding.table
        assert len(frame) == len(shown.lignes) > 0
        assert [*frame.columns[:3]] == ["Zone", "Année", shown.colonnes[1]]
        statuses = [name for name in frame.columns if name.endswith(", statut")]
        assert statuses
        assert all(f"{name.removesuffix('statut')}unité" in frame.columns for name in statuses)
        for name in (status.removesuffix("statut") for status in statuses):
            assert frame[f"{name}unité"].nunique() == 1  # that of a figure that is missing too
        table = dossier.synthese().tableau()
        assert len(table.df) == len(dossier.territory.quartiers)


def test_a_figure_is_saved_as_a_drawing_that_opens_by_itself(dossier, tmp_path):
    shown = dossier.fiche("Bellevue").constat("revenus-03")
    text = shown.svg(tmp_path / "figure.svg")
    root = ElementTree.parse(tmp_path / "figure.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert text == shown.svg()


def test_a_mistyped_number_is_refused_with_the_nearest(dossier):
    with pytest.raises(UsageError, match="Vouliez-vous dire «\xa0revenus-03\xa0»"):
        dossier.fiche("Bellevue").constat("revenu-03")


@pytest.mark.parametrize("said", ["QP044014", "qp044014", "Bottière Pin Sec", "bottiere pin sec", "Pin Sec"])
def test_a_quarter_is_found_by_its_code_its_name_or_words_of_it(dossier, said):
    assert "Bottière Pin Sec" in repr(dossier.fiche(said))
    assert "Bottière Pin Sec" in repr(dossier[said])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("La", r"plusieurs quartiers.*La Boissière \(QP044009\).*La Halvêque"),
        ("Belevue", r"n'est le nom d'aucun quartier.*Bellevue"),
        ("", "n'est pas un quartier"),
    ],
)
def test_a_name_of_no_quarter_or_of_several_is_refused_with_candidates(dossier, said, told):
    with pytest.raises(UsageError, match=told):
        dossier.fiche(said)


def test_the_whole_amount_of_a_theme_is_no_less_than_that_of_each_of_its_actions(dossier):
    for quarter in dossier.territory.quartiers:
        _, done, *_ = dossier.fiche(quarter.code).chapitres
        themes = {line[0].texte: line[4].valeur for line in done.constat("actions-02").table.lignes}
        for _, _, theme, _, _, whole, _ in done.liste.lignes[:-1]:
            assert (whole.valeur or 0) <= (themes[theme.texte] or 0) + 0.01


def test_the_tab_key_completes_quarters_and_numbers(dossier):
    assert {"Bellevue", "QP044005"} <= set(dossier._ipython_key_completions_())
    fiche = dossier["Bellevue"]
    assert "revenus-03" in fiche._ipython_key_completions_()
    assert repr(fiche["revenus-03"]) == repr(fiche.constat("revenus-03"))


def test_the_tab_key_shows_of_a_page_what_an_analyst_may_ask_of_it(dossier):
    assert {"constat", "recto", "notes"} <= set(dir(dossier["Bellevue"]))
    assert not {"show", "blocs", "chapitres", "dites"} & set(dir(dossier["Bellevue"]))
    assert (dossier["Bellevue"].code, dossier["Bellevue"].nom) == ("QP044005", "Bellevue")


@pytest.mark.parametrize("name", ["fiche", "synthese", "theme", "indicateurs", "actions", "qualite", "recit"])
def test_help_speaks_french(dossier, name):
    told = f" {(getattr(dossier, name).__doc__ or '').lower()} "
    assert any(word in told for word in (" de ", " des ", " du ", " les ", " d'un "))
    assert " the " not in told


def test_the_examples_of_the_documentation_run(dossier):
    from cvanalysis import dossier as doors
    from cvanalysis.tables import labelled

    find = doctest.DocTestFinder().find
    found = [one for module in (doors, labelled) for one in find(module, extraglobs={"dossier": dossier})]
    runner = doctest.DocTestRunner()
    tried = [runner.run(example).attempted for example in found if example.examples]
    assert runner.summarize().failed == 0
    assert len(tried) == 6


def test_a_zone_or_a_theme_is_known_by_its_name_and_refused_with_the_known_ones(dossier):
    assert set(dossier.indicateurs("Bellevue")["zone"]) == {"QP044005"}
    assert len(dossier.indicateurs(dossier.territory.epci))
    with pytest.raises(UsageError, match=r"«\sDervalieres\s» n'est le nom d'aucun quartier.*Les Dervallières"):
        dossier.indicateurs("Dervalieres")
    with pytest.raises(UsageError, match=r"« sport » n'est pas un thème déclaré. Thèmes déclarés : .*\(scolarite\)"):
        dossier.theme("sport")


CARNETS = [one for one in our_notebooks() if one.stem != "explorer"]
NOMMENT = ".num, .etats, .pastille, .filtre, .leg, table, summary, dt, svg"
"""What names or labels a thing beside it, and is no line that one reads: numbers and codes, states, controls, tables."""


def shown_by(carnet, dossier, monkeypatch) -> str:
    """The HTML that a notebook's cells display, run in order on a territory."""
    monkeypatch.setattr(cvanalysis, "ouvrir", lambda **_: dossier)
    names, parts = {}, []
    for cell in json.loads(carnet.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            *before, last = ast.parse("".join(cell["source"])).body
            asked = isinstance(last, ast.Expr)
            exec(compile(ast.Module([*before, *([] if asked else [last])], []), carnet.name, "exec"), names)
            told = eval(compile(ast.Expression(last.value), carnet.name, "eval"), names) if asked else None
            parts.append(told._repr_mimebundle_()[0]["text/html"] if asked else "")
    return "".join(parts)


@pytest.mark.parametrize("carnet", CARNETS, ids=lambda one: one.stem)
def test_every_note_that_a_page_refers_to_is_on_it(dossier, carnet, monkeypatch):
    page = BeautifulSoup(shown_by(carnet, dossier, monkeypatch), "html.parser")
    asked = {one["href"] for one in page.select('a[href^="#note_"]')}
    assert asked
    assert {one for one in asked if not page.select(one)} == set()


@pytest.mark.parametrize("carnet", CARNETS, ids=lambda one: one.stem)
def test_no_line_is_read_more_than_three_times_on_a_page(dossier, carnet, monkeypatch):
    page = BeautifulSoup(shown_by(carnet, dossier, monkeypatch), "html.parser")
    for named in page.select(NOMMENT):
        named.extract()
    read = [one for one in page.select("p, li, dd, h3, h4") if not one.select("p, li, dd, h3")]
    lines = Counter(" ".join(one.get_text().split()) for one in read)
    assert {line: n for line, n in lines.items() if n > 3 and len(line.split()) > 1} == {}


def test_what_a_contribution_cites_is_said_in_words_on_the_page_of_a_theme(dossier):
    table = dossier.theme("scolarite").constat("voix-06").finding.table
    cited = [line[0].texte for line in table.lignes]
    assert cited
    assert all(re.fullmatch(r".{8,} \([\w-]+\)", one) for one in cited)
