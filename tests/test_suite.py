"""From one contract to the next: the letter of a quarter decides what may be followed."""

import re
import shutil
from collections import Counter

import pandas as pd
import pytest

from conftest import RACINE
from cvanalysis.catalogue import load_catalogue
from cvanalysis.display.phrases import write
from cvanalysis.dossier import ouvrir
from cvanalysis.french import typeset
from cvanalysis.indicateurs.clean.decode import lost_cells
from cvanalysis.indicateurs.observation import COLONNES
from cvanalysis.pages.preconisations import Recommendation
from cvanalysis.pages.quartier import Fiche
from cvanalysis.pages.suite import Sequel
from cvanalysis.publish.plan import find_notebooks, plan_reports
from cvanalysis.tables.process import clean_all
from cvanalysis.territory.contract import Quartier, read_territory
from cvanalysis.textes import label

EXEMPLE = RACINE / "data" / "exemple-2024"
STATED = pd.DataFrame(
    [
        ("QP044007-revenus-01", "revenus", "La pauvreté recule", "Insee"),
        ("QP044008-revenus-01", "revenus", "Autre", "Insee"),
    ],
    columns=["constat", "section", "titre", "source"],
)


class Rows:
    """What a store gives: rows of indicators of some zones."""

    def __init__(self, *rows: tuple) -> None:
        blank = {"statut": "publié", "source": "filosofi", "fichier": "x.csv", "note": ""}
        frame = pd.DataFrame(rows, columns=["zone", "indicateur", "millesime", "publication", "valeur"]).assign(**blank)
        self.frame = frame.astype({"millesime": "Int16"})[list(COLONNES)]

    def indicateurs(self, zones=None, indicateurs=None) -> pd.DataFrame:
        return self.frame[self.frame["zone"].isin(zones)]


class Contract:
    def __init__(self, *quarters: Quartier) -> None:
        self.quartiers = quarters

    def quartier(self, code: str) -> Quartier:
        return next(one for one in self.quartiers if one.code == code)


CONTRACT = Contract(
    Quartier("QN04407I", "Le Breil", ("44109",), ("QP044007",)),
    Quartier("QN04408M", "Bout des Landes", ("44109",), ("QP044008",)),
    Quartier("QN04420N", "Nouveau", ("44109",)),
)
SEEN = Rows(
    ("QN04407I", "taux_pauvrete", 2013, 2017, 46.0),
    ("QN04407I", "taux_pauvrete", 2021, 2021, 48.0),
    ("QN04407I", "population", pd.NA, 2024, 3690.0),
    ("QP044008", "taux_pauvrete", 2019, 2019, 50.0),
    ("QN04408M", "taux_pauvrete", 2021, 2021, 49.0),
    ("QN04420N", "taux_pauvrete", 2021, 2021, 41.0),
)
PROPOSED = (
    Recommendation("R1", "t", "", "Pour tous", (), (), "Ville", "", "", "reprise", exemple=False),
    Recommendation("R2", "t", "", "Pour le Breil", (), ("QP044007-revenus-01",), "", "", "", "", exemple=False),
)


def finding(code: str, numero: str):
    return Sequel(SEEN, CONTRACT, load_catalogue(), code, STATED, PROPOSED).constat(numero)


def lines(code: str, numero: str) -> list[list[object]]:
    table = finding(code, numero).table
    return [[cell.texte or cell.valeur for cell in line] for line in table.lignes] if table else []


def test_the_statements_are_those_of_the_quarter_that_it_comes_from():
    assert lines("QN04407I", "suite-01") == [["La pauvreté recule", "Insee", "QP044007-revenus-01"]]
    assert lines("QN04420N", "suite-01") == []


def test_what_a_recommendation_has_become_is_said_and_so_is_that_nobody_says_it():
    assert [line[-1] for line in lines("QN04407I", "suite-02")] == ["R2", "R1"]  # those of the quarter first
    assert [line[-1] for line in lines("QN04420N", "suite-02")] == ["R1"]
    assert finding("QN04407I", "suite-02").table.lignes[0][-2].statut == "non_disponible"


def test_the_same_contour_is_followed_and_a_changed_one_stands_beside():
    assert [line[1:] for line in lines("QN04407I", "suite-03")] == [[46.0, "2013", 48.0, "2021"]]
    beside = finding("QN04408M", "suite-03")
    assert [line[1:] for line in lines("QN04408M", "suite-03")] == [[50.0, "2019", 49.0, "2021", "QP044008"]]
    assert any("contours diffèrent" in caution for caution in beside.precautions)
    assert lines("QN04420N", "suite-03") == []


def test_what_has_one_moment_or_no_established_year_is_not_followed():
    assert [line[1] for line in lines("QN04407I", "suite-04")] == [3690.0]
    assert [line[1] for line in lines("QN04408M", "suite-04")] == [49.0]


def test_a_page_stands_though_nothing_is_handed_over():
    page = Sequel(SEEN, CONTRACT, load_catalogue(), "QN04407I", STATED.iloc[:0], ())
    assert [bool(one.table) for one in page.constats] == [False, False, True, True]


@pytest.fixture(scope="module")
def exemple():
    return read_territory(EXEMPLE)


def test_the_second_territory_has_its_quarters_of_2024_and_a_page_from_one_contract_to_the_next(exemple):
    assert (exemple.geographie, len(exemple.quartiers), sum(bool(one.suit) for one in exemple.quartiers)) == (
        "QN2024",
        15,
        8,
    )
    planned = {report.id for report in plan_reports(exemple, find_notebooks())}
    assert {"quartiers/QN04405M", "quartiers/QN04405M-suite", "quartiers/QN04419I-suite"} <= planned
    first = {report.id for report in plan_reports(read_territory(RACINE / "data" / "raw"), find_notebooks())}
    assert not any(name.endswith("-suite") for name in first)


def test_the_figures_of_the_second_territory_are_those_published_each_in_its_contour(exemple):
    every = clean_all(exemple)
    table = every.tables["indicateurs"]
    poverty = table[(table["indicateur"] == "taux_pauvrete") & (table["statut"] == "publié")]
    by_zone = {(row.zone, row.millesime): row.valeur for row in poverty.itertuples()}
    assert by_zone["QN04405M", 2021] == 40
    assert ("QP044005", 2019) in by_zone
    assert ("QN04405M", 2019) not in by_zone  # its contour has changed
    assert ("QN04407I", 2019) in by_zone
    assert not lost_cells(every.tables["comptes"]).any()
    assert [file.fichier for file in every.fichiers if file.probleme] == []


@pytest.fixture(scope="module")
def dossier(tmp_path_factory):
    raw = tmp_path_factory.mktemp("data") / "raw"
    shutil.copytree(EXEMPLE, raw)
    return ouvrir(raw)


def test_a_fiche_of_a_new_contract_announces_no_bar_that_is_not_there_and_reads_aloud(dossier):
    fiche = dossier.fiche("QN04406M")
    assert label("quartier.engagements-01.partout") not in fiche.verso().html
    first, *_ = fiche.chapitres[0].lacunes()
    assert re.search(r" : Moins de 25 ans, 60 ans ou plus, Familles monoparentales \(CAF\) et 1\d autres\.", first)
    front = " ".join(re.sub(r"<[^>]+>", " ", fiche.recto().html).split())
    assert "non disponible revenu médian par mois d’une personne seule" in front
    assert "non disponible part des 15-64 ans en emploi" in front


def test_where_neither_women_nor_men_are_counted_the_title_does_not_say_that_men_alone_are_not(dossier):
    title = dossier.fiche("QN04406M").constat("emploi-05").titre
    assert title.startswith("Demandeurs d’emploi de catégories A, B et C")
    assert "hommes" not in title


def test_households_set_beside_inhabitants_are_no_percentage(dossier):
    title = " ".join(dossier.fiche("QN04406M").constat("revenus-09").titre.split())
    assert title.startswith("RSA socle (publ. 2024) : 9,7 foyers pour 100 habitants, quatrième valeur la plus élevée")


def test_two_populations_of_two_moments_stand_side_by_side_each_with_its_own(dossier):
    fiche = dossier.fiche("QN04407I")
    front = " ".join(re.sub(r"<[^>]+>", " ", fiche.recto().html).split())
    assert "3 690 habitants (publ. 2024) ; 3 917 habitants en 2018" in front
    title = " ".join(fiche.constat("population-01").titre.split())
    assert title.startswith("Le quartier comptait 3 917 habitants en 2018 : 342 habitants de plus qu’en 2013 (+9,6 %)")
    assert title.endswith(" ; 3 690 habitants dans la publication 2024")
    assert "il ne se compare pas aux autres" in write(fiche.constat("population-01").finding.lecture)


def test_a_statement_of_the_former_evaluation_is_taken_up_by_its_title_and_leads_to_its_quarter(dossier):
    shown = dossier.preconisations()
    (one,) = [r for r in dossier.recommendations() if r.constats]
    title = dict(zip(*(dossier.store.rows("precedent")[name] for name in ("constat", "titre")), strict=True))[
        one.constats[0]
    ]
    html = shown.fiches().html
    assert typeset(title) in html
    assert 'href="quartiers/QN04406M-suite.html#QN04406M-suite-01"' in html
    assert not re.search(r"constat.QP", html)
    (line,) = [line for line in shown.constat("chaine-01").finding.table.lignes if line[-1].texte == one.id]
    assert title in line[3].texte
    assert title in line[4].texte
    page = dossier.theme(next(r.theme for r in dossier.recommendations() if r.constats))
    (line,) = [line for line in page.constat("preconisations-01").finding.table.lignes if line[-1].texte == one.id]
    assert title in line[3].texte
    assert title in line[4].texte
    (held,) = [r for r in dossier.recommendations({}) if r.constats]
    assert held.sortes == {"chiffre"}
    assert title[:40] in held.preuves[0].nom


def test_rates_published_in_whole_numbers_stand_so_beside_those_of_the_former_contour(dossier):
    lines = dossier.suite("QN04406M")["suite-03"].finding.table.lignes
    (rate,) = [line for line in lines if line[0].texte.startswith("taux de pauvreté")]
    assert [(cell.valeur, cell.decimales) for cell in (rate[1], rate[3])] == [(50.0, 0), (50.0, 0)]


def test_what_is_known_of_no_indicator_is_said_once_for_all_of_them(dossier):
    missing = dossier.fiche("QN04406M")["france-01"].finding.manques
    assert len(missing) == 1
    assert missing[0].count("aucun fichier de tous les quartiers") == 1
    assert "« part des moins de 25 ans », « part des 60 ans ou plus »" in missing[0].replace("\N{NO-BREAK SPACE}", " ")


# -------------------------------------------------------------------------- what the second territory's pages say, read aloud


def every_page(dossier):
    """Name of a page → its findings, of every kind of page."""
    codes = [quarter.code for quarter in dossier.territory.quartiers]
    pages = {code: dossier.fiche(code) for code in codes} | {f"{code}-suite": dossier.suite(code) for code in codes}
    pages |= {theme.id: dossier.theme(theme.id) for theme in dossier.territory.themes}
    names = ("synthese", "avancement", "partenaires", "recit", "participation", "preconisations", "qualite")
    return pages | {name: getattr(dossier, name)() for name in names}


@pytest.fixture(scope="module")
def titles(dossier):
    return {name: [(n, page[n].titre) for n in page.numeros] for name, page in every_page(dossier).items()}


def test_a_title_of_any_page_is_read_in_one_breath_in_a_new_contract_too(titles):
    """Eighteen words at most; what a no-break space holds together is one."""
    assert [one for told in titles.values() for one in told if len(one[1].split(" ")) > 18] == []


def test_no_page_says_the_same_title_of_two_findings(titles):
    """Where nothing is known, each says of what."""
    told = {name: [title for _, title in page] for name, page in titles.items()}
    assert {name: page for name, page in told.items() if len(page) > len(set(page))} == {}


def test_a_reason_that_is_that_of_a_whole_page_is_not_listed_under_each_of_its_findings(dossier):
    for name in ("avancement", "partenaires", "synthese"):
        page = getattr(dossier, name)()
        said = Counter(re.findall(r"<li>(.*?)</li>", "".join(page[n].html for n in page.numeros)))
        assert [text for text, times in said.items() if times > 3] == [], name


def test_where_no_log_was_received_nothing_says_that_nothing_was_done(dossier, titles):
    theme = dossier.territory.themes[0].id
    texts = [title for name in (theme, "synthese", "partenaires", "QN04407I") for ident, title in titles[name]]
    assert not [text for text in texts if "journaux" in text]
    assert any("Aucun journal d’actions n’est reçu" in text for text in texts)
    front = dossier.theme(theme).recto().html + dossier.theme(theme).verso().html
    assert "action différente" not in front
    assert "0 action" not in front.replace("\u00a0", " ")
    assert "Les journaux" not in dossier.fiche("QN04407I").verso().html.replace("\u00a0", " ")


def test_a_landmark_is_found_in_the_finding_that_it_leads_to(dossier):
    for quarter in dossier.territory.quartiers:
        page = Fiche(dossier.store, dossier.territory, dossier.catalogue, quarter.code)
        for line, _ in page.reperes:
            one = line.valeur
            found = page.constat(line.declaree.constat).table
            cells = {cell.valeur for row in found.lignes for cell in row} if found else set()
            # an income by month there, by year here
            assert one.valeur is None or {one.valeur, 12 * one.valeur} & cells, (quarter.code, line.declaree.constat)


def test_the_synthesis_tells_the_reason_of_most_quarters_and_each_quarter_its_own(dossier):
    found = dossier.synthese()["revenus-03"]
    assert "un seul écart est connu, en 2019" in found.titre  # of the eight whose contour is that of 2015
    said = " ".join(found.finding.manques)
    assert "aucune année" in said
    assert "Bellevue" in said
    assert "La Boissière" in said


def test_two_rates_are_compared_among_quarters_only_where_two_thirds_of_them_have_both(dossier):
    for numero in ("emploi-02", "emploi-05"):
        assert "seulement, on ne compare pas" in dossier.synthese()[numero].titre, numero
