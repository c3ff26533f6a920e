"""No person whom a log names, and no number of social security, is in anything made of it. Every person here is invented."""

import io
import re

import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carnets import RACINE, cva, published, territoire
from cvanalysis.actions.clean.cells import read_siren
from cvanalysis.actions.clean.propose import propose_all
from cvanalysis.personnes import masking
from cvanalysis.personnes.masking import is_nir, mask_carrier, mask_cell, mask_joined, mask_words
from cvanalysis.tables.check import check
from cvanalysis.tables.process import process
from hostiles import ACTIONS
from hostiles_tables import action
from test_actions_territory import ENTETE, FICHIERS, clean, write_contract

NIR = "1 85 05 78 006 084 36"  # invented

DECLARED = """
[[actions]]
fichier = "actions/journal.csv"
[actions.colonnes]
"Action" = "action"
"Porteur" = "porteur"
"SIRET ou NIR" = "siret"
"Année" = "annee"
"Quartiers" = "qpv"
"Accordé" = "accorde"
"Bénéficiaires" = "beneficiaires"
"Dossier" = "reference"
"Public" = "public"
"""
HEAD = "Action;Porteur;SIRET ou NIR;Année;Quartiers;Accordé;Bénéficiaires;Dossier;Public"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("ASSO X CHEZ MME ZORBEC", "ASSO X"),
        ("Asso des Rives, chez M. et Mme Zorbec 12 rue des Lilas", "Asso des Rives"),
        ("Asso des Rives c/o Jean Zorbec", "Asso des Rives"),
        ("ASSO DES RIVES CHEZ ZORBEC", "ASSO DES RIVES"),
        ("MME ZORBEC", "particulier"),
        ("M.Zorbec", "particulier"),
        ("M. de la Zorbec", "particulier"),
        ("Mme Z.", "particulier"),
        ("J. ZORBEC", "particulier"),
        ("ZORBEC Jean", "particulier"),
        ("ZORBEC, Jean", "particulier"),
        ("JEAN ZORBEC", "particulier"),
        ("Jean-Pierre Zorbec", "particulier"),
        ("ZORBEC JEAN EI", "particulier"),
        ("Auto-entrepreneur Zorbec", "particulier"),
        ("Zorbec Jeanne (auto-entrepreneuse)", "particulier"),
        ("Jean Zorbec - Auto entrepreneur", "particulier"),
        ("Zorbec J.", "particulier"),
        ("Famille Zorbec", "particulier"),
        ("Zorbec Jeanne, graphiste", "particulier"),
        ("Zorbec Jeanne / Ulmix Jean", "particulier"),
        ("Micro-entreprise Jeanne Zorbec", "particulier"),
        ("Conseil citoyen - coprésident Jean Zorbec", "Conseil citoyen - coprésident [nom]"),
        ("Asso des Rives - chez Zorbec - 3 rue des Saules", "Asso des Rives"),
        ("Transports Michel Zorbec", "Transports Michel Zorbec"),
        ("Asso des Rives (s/c Zorbec Jean)", "Asso des Rives (s/c [nom])"),
        ("Asso des Rives - présidente : Jeanne Zorbec", "Asso des Rives - présidente : [nom]"),
        ("Théâtre du Fil, resp. Jean Zorbec", "Théâtre du Fil, resp. [nom]"),
        ("Asso des Rives (06 12 34 56 78)", "Asso des Rives [téléphone])"),
        ("Zorbec Jeanne - artiste", "particulier"),
        ("Jeanne Zorbec – conteuse", "particulier"),
        ("ZORBEC (Jean)", "particulier"),
        ("EIRL Jean Zorbec", "particulier"),
        ("SARL ZORBEC Jean", "particulier"),
        ("SASU Jean Zorbec", "particulier"),
        ("Marie-Claude LE ZORBEC", "particulier"),
        ("Mohamed El Zorbec", "particulier"),
        ("TRAN VAN ZORBEC", "particulier"),
        ("Frères Zorbec", "particulier"),
        ("FAMILLE ZORBEC", "particulier"),
        ("Maître Zorbec", "particulier"),
        ("El Karim Zorbec-Ulmix - photographe", "particulier"),
        ("EURL Karim Zorbec Conseil", "particulier"),
    ],
)
def test_a_carrier_that_is_a_person_or_lives_at_one_s_home_is_shown_without_her(written, shown):
    assert mask_carrier(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Bourse au permis pour M. X", "Bourse au permis pour [nom]"),
        ("Bourse au permis pour M. Zorbec", "Bourse au permis pour [nom]"),
        ("bourse permis mme zorbec", "bourse permis [nom]"),
        ("Bourse au permis pour Jean Zorbec", "Bourse au permis pour [nom]"),
        ("Bourse ZORBEC Jean", "Bourse [nom]"),
        ("Bourse Jean ZORBEC", "Bourse [nom]"),
        ("Aide individuelle - ZORBEC Jean", "Aide individuelle - [nom]"),
        ("Bourse projet jeune (Jean ZORBEC)", "Bourse projet jeune ([nom])"),
        ("Soutien à Mesdames Zorbec et Ulmix", "Soutien à [nom]"),
        ("Atelier, écrire à jean.zorbec@exemple.fr", "Atelier, écrire à [courriel]"),
        (f"Aide ({NIR})", "Aide ([numéro])"),
        ("Aide au permis de Jean Zorbec", "Aide au permis de [nom]"),
        ("BAFA Jeanne ZORBEC + Jean ULMIX", "[nom] + [nom]"),
        ("Projet jeune de J. Zorbec : raid", "Projet jeune de [nom] : raid"),
        ("Bourse initiative - Zorbec Jeanne (18 ans)", "Bourse initiative - [nom] (18 ans)"),
        ("VVV – animateur : Jean Z.", "VVV – animateur : [nom]"),
        ("Cantine enfant Zorbec Jeanne CE2", "Cantine enfant [nom] CE2"),
        ("Séjour mer famille Zorbec", "Séjour mer [nom]"),
        ("Poste adulte relais de Jeanne Zorbec", "Poste adulte relais de [nom]"),
        ("Suivi PRE Z. Jeanne, né le 03/05/2012", "Suivi PRE [nom], né le [date de naissance]"),
        ("Frais de Jean Zorbec IBAN FR76 3000 1007 9412 3456 7890 185", "Frais de [nom] [numéro]"),
        ("Relogement 12 rue des Saules apt 41 Mme Zorbec", "Relogement [adresse] [adresse] [nom]"),
        ("Jeune Jean Z., 16 ans, collège des Rives", "Jeune [nom], 16 ans, collège des Rives"),
        ("accordée à Jeanne Zorbec", "accordée à [nom]"),
        ("12 dont Jean Zorbec", "12 dont [nom]"),
        ("Ville (instructrice : Jeanne Zorbec)", "Ville (instructrice : [nom])"),
        ("FPH - Jeanne Zorbec - repas de quartier", "FPH - [nom] - repas de quartier"),
        ("Fonds des habitants : Jean Zorbec", "Fonds des habitants : [nom]"),
        ("Recrutement de Jeanne Zorbec en CDD", "Recrutement de [nom] en CDD"),
        ("Suivi scolaire de Jean (CM1, école du Haut)", "Suivi scolaire de [nom] (CM1, école du Haut)"),
        ("Poste ADULTE RELAIS ZORBEC JEAN", "Poste ADULTE RELAIS [nom]"),
        ("BAFA : Jean Z., Jeanne U., Rémi", "BAFA : [nom], [nom], [nom]"),
        ("Femme seule, Jeanne Zorbec, bât 4", "Femme seule, [nom], [adresse]"),
        ("3000 (voir Jean Zorbec)", "3000 (voir [nom])"),
        ("Atelier de Fatoumata", "Atelier de [nom]"),
        ("Les mercredis de Martine", "Les mercredis de [nom]"),
        ("Couture avec Samira et Aminata", "Couture avec [nom] et [nom]"),
        ("Fresque des frères Zorbec", "Fresque des [nom]"),
        ("Soutien à la famille Zorbec", "Soutien à la [nom]"),
        ("RELOGEMENT FAMILLE ZORBEC", "RELOGEMENT [nom]"),
        ("Permanence juridique (Me Zorbec)", "Permanence juridique ([nom])"),
        ("Danse avec la chorégraphe Zoé Zorbec", "Danse avec la chorégraphe [nom]"),
        ("Anniversaire du petit Karim", "Anniversaire du petit [nom]"),
        ("Intervenante : Zorbec", "Intervenante : [nom]"),
        ("12 jeunes dont les frères Zorbec", "12 jeunes dont les [nom]"),
        ("Accompagnement social de la famille Zorbec", "Accompagnement social de la [nom]"),
        ("Aide famille ZORBEC", "Aide [nom]"),
        ("Projet de Mamadou", "Projet de [nom]"),
        ("ATELIER DE FATOUMATA", "ATELIER DE [nom]"),
        ("COURS AVEC SAMIRA ET KARIM", "COURS AVEC [nom]"),
        ("BAFA Jeanne Zorbec", "[nom]"),
        ("siège au domicile de la trésorière, 14 rue des Saules", "siège au domicile de la trésorière, [adresse]"),
        ("Bourse ZORBEC P. 2021", "Bourse [nom] 2021"),
    ],
)
def test_a_title_is_shown_without_the_person_whom_it_names(written, shown):
    assert mask_words(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("ZORBEC P. 2021", "[nom] 2021"),
        ("2021_ZORBEC_Jean", "2021 [nom]"),
        ("2021-014-Zorbec-Samira", "2021-014 [nom]"),
        ("FPH-Karim-Zorbec-03", "[nom] 03"),
        ("FPH 12 Zorbec L.", "FPH 12 [nom]"),
        ("dossier_Mme_Zorbec_v2", "dossier [nom] v2"),
        ("le dossier de Samira 2022", "le dossier de [nom] 2022"),
        ("2021-Mme Zorbec", "2021 [nom]"),
        ("jean-paul.zorbec@mon-asso.fr", "[courriel]"),
        (f"dossier-{NIR.replace(' ', '-')}", "dossier [numéro]"),
        ("Samira, Karim et leurs parents", "[nom], [nom] et leurs parents"),
        ("Samira (8 ans) et son frère Adam", "[nom] (8 ans) et son frère [nom]"),
        ("CV44-2023-0147", "CV44-2023-0147"),
        ("2021_FPH_BELLEVUE_03", "2021_FPH_BELLEVUE_03"),
        ("LOT B. 2021", "LOT B. 2021"),
        ("Élèves de l'école Jules Ferry", "Élèves de l'école Jules Ferry"),
    ],
)
def test_a_reference_and_a_public_name_people_alone_and_are_shown_without_them(written, shown):
    assert mask_joined(written) == shown


@pytest.mark.parametrize(
    "name",
    """Collège Rosa Parks|Association Jean Moulin|Fondation Abbé Pierre|Maison de quartier Madeleine|Léo Lagrange|LEO LAGRANGE OUEST
    M.J.C. ROBERT DESNOS|M J C MAISON POUR TOUS|MADAME RUE TABAGA|OFFICE HYGIENE SOCIALE M ET M|COMMUNE DE M TSANGAMOUJI|SCI AGATHE
    SA CHEVALIER Maurice|JEUNES DE CHEZ NOUE|Café chez Monette|SECOURS Catholique|CARAIB NANCY|FACE AUDE|ROSA PARKS (PARIS)
    CENTRE SOCIAL HENRI MATISSE|Fête au collège Rosa PARKS|Atelier du square Jean MOULIN|Course de 100 m. haies
    Rencontre avec Madame la Maire
    Association Jean Moulin Sport|Compagnie Emma Rivière|Radio Clémentine|Lecture de Roméo et Juliette|Les frères Lumière
    Les Frères de la Rue|La famille Addams|Atelier de Provence|Formation de Maître Nageur|SARL Propreté Plus|A FLEUR DE PIERRE
    MEDIATION FAMILLE INTEGRATION|Sœurs Unies|ESPACE FAMILLE SOLEIL|A FLEUR DE ROSE|Intervenant : un médiateur
    CSC B. (annexe)|Soirée avec la Ville
    Bourse aux vélos, rue Paul Lambert|Famille Plus|Espace Famille Parentalité|École J. Ferry : aide aux devoirs|Habitat et Humanisme
    Bourse Initiative Jeunes 2019|Emploi d'un adulte-relais quartier Pierre Loti|Permis de conduire et insertion Nord
    Aide aux devoirs, école Sophie Barat|Club jeune de la compagnie Emma Rivière|Maison pour Tous Léo Zorbec|Fresque au 12 rue des Saules
    Cantine solidaire Chez Lucette|Coupe Emma Rivière
    Chantier jeune, parc Henri Fabre|Enfant Phare|Formation BAFA : maison Louise Michel
    Formation de maître nageur|Dossier 02518R004900|Permanences 2018-2019-2020-2021""".replace("\n    ", "|").split(
        "|"
    ),
)
def test_organisations_and_places_named_after_a_person_keep_their_name(name):
    assert mask_carrier(name) == mask_words(name) == name


def test_a_carrier_that_some_word_says_to_be_an_organisation_keeps_the_first_name_in_its_own():
    assert mask_carrier("Compagnie La Maison Bleue de Martine") == "Compagnie La Maison Bleue de Martine"
    assert mask_carrier("Compagnie La Maison Bleue, contact Martine") == "Compagnie La Maison Bleue, contact [nom]"


@pytest.mark.reel
def test_no_title_nor_carrier_of_the_published_logs_changes(real, brut):
    from cvanalysis.errors import ReadError
    from cvanalysis.files.sheets import read_grid

    cells = set()
    for folder in (real / "actions", real / "logs", brut / "actions"):
        for path in folder.iterdir():
            try:
                grids = read_grid(path, path.name) if path.suffix != ".md" and "schema" not in path.name else []
            except ReadError:
                continue
            cells |= {cell for grid in grids for column in grid.table.columns for cell in column.to_pylist()}
    cells = {cell for cell in cells if cell and len(cell) < 400 and any(map(str.isalpha, cell))}
    assert len(cells) > 10_000
    assert [cell for cell in sorted(cells) if not mask_carrier(cell) == mask_words(cell) == cell] == []


@st.composite
def numbers_of_social_security(draw):
    digits = st.integers(0, 9).map(str)
    parts = [
        draw(st.sampled_from("123478")),
        draw(digits) + draw(digits),
        f"{draw(st.one_of(st.integers(1, 12), st.integers(20, 42), st.integers(50, 99))):02d}",
        draw(st.one_of(st.integers(1, 99).map("{:02d}".format), st.sampled_from(["2A", "2b"]))),
        *(draw(digits) + draw(digits) + draw(digits) for _ in range(2)),
    ]
    number = draw(st.sampled_from(["", " ", "\u00a0", "\u202f", ".", "-"])).join(parts)
    return number + draw(st.sampled_from(["", "36", " 36", " clé 36", " (36)"]))


@given(
    numbers_of_social_security(),
    st.sampled_from(["", "NIR ", "voir le dossier : "]),
    st.sampled_from(["", ".0", " (allocataire)"]),
)
def test_whatever_its_form_a_number_of_social_security_is_refused_and_never_repeated(number, before, after):
    cell = f"{before}{number}{after}"
    siren, doubt = read_siren(cell)
    assert is_nir(cell)
    assert (siren, number in doubt) == ("", False)
    for shown in (mask_words(cell), mask_cell(cell), mask_carrier(cell)):
        assert "[numéro]" in shown
        assert sum(map(str.isdigit, shown)) < 5


@pytest.mark.parametrize(
    "cell", ["Le Haut, chez Zorbec", "chez Zorbec (voir Jean Z.)", "Zorbec Jeanne, EI", "dossier Jean ZORBEC"]
)
def test_a_raw_cell_is_shown_without_the_name_at_whose_home_it_is(cell):
    assert not {"zorbec", "jean"} & set(re.findall(r"\w+", mask_cell(cell).casefold()))


@pytest.mark.parametrize("cell", ["1,85058E+14", "1.85057800608436E+14", "185057800608436", "1850578006084"])
def test_a_number_of_social_security_that_a_spreadsheet_turned_into_a_figure_is_known_again(cell):
    assert mask_cell(cell) == "[numéro]"


@given(st.integers(10**8, 10**9 - 1), st.integers(0, 99999), st.sampled_from(["", " "]))
def test_a_siret_is_no_number_of_social_security(siren, nic, between):
    assert not is_nir(f"{siren}{between}{nic:05d}")


WORDS = "M. Mme et chez CHEZ c/o pour avec , ( - Zorbec ZORBEC Jean JEAN Rosa Parks EI ASSO Asso de la collège [nom] 06.12.34.56.78 M.J.C."


@example("M. M. M. M.")
@example("et chez Jean M. ASSO")
@given(st.lists(st.sampled_from([*WORDS.split(), NIR, "a@b.fr"]), max_size=9).map(" ".join))
def test_masking_twice_changes_nothing_more(text):
    assert mask_words(mask_words(text)) == mask_words(text)
    assert mask_carrier(mask_carrier(text)) == mask_carrier(text)


ROWS = (
    f"Bourse au permis pour M. Zorbec;ASSO DES RIVES CHEZ MME ZORBEC;{NIR};2019;voir Mme Zorbec 06 12 34 56 78;200;10;{NIR};Mme Zorbec",
    f"Aide à Zorbec jean;ZORBEC Jean;1850578006084;2019;Le Haut;zorbec@exemple.fr;{NIR};185057800608436;",
    f"Bourse;Mme Zorbec;83831012600027;2019;{NIR};1850578006084;;;",
    "Permis de Jeanne Zorbec;Famille Zorbec;;2019;Le Haut, chez Zorbec;300 (voir Jeanne Zorbec);1 dont J. Zorbec;;Jeune Zorbec J.",
    "BAFA Jeanne ZORBEC, 06.12.34.56.78;Conseil citoyen - coprésidente Jeanne Zorbec;;2019;Le Haut;1;;Zorbec Jeanne;Zorbec J.",
    "Chantier encadré par Jeanne Zorbec;Zorbec Jeanne / Ulmix Jean;;2019;Le Haut;1;;;",
)
TOKENS = ("zorbec", "ulmix", "85 05", "850578", "838310126", "34 56")
"""What of these rows may be in nothing that is made of them."""


def test_no_cell_of_a_log_gives_a_person_in_any_table(tmp_path):
    territory = write_contract(tmp_path / "raw", {"actions/journal.csv": "\n".join([HEAD, *ROWS])}, DECLARED)
    process(territory, tmp_path / "out")
    told = check(territory).render()
    for path in (tmp_path / "out").glob("*.parquet"):
        told += pd.read_parquet(path).to_csv()
    assert "sécurité sociale" in told
    assert "particulier" in told
    assert [word for word in TOKENS if word in told.casefold()] == []


def test_what_a_comment_of_a_cell_says_is_the_teams(tmp_path):
    book = openpyxl.Workbook()
    for line in (ACTIONS.split(";"), action().split("\n")[1].split(";")):
        book.active.append(line)
    book.active["A2"].comment = openpyxl.comments.Comment("zremarque de l'agent", "nous")
    book.save(out := io.BytesIO())
    territory = write_contract(tmp_path / "raw", {"actions/journal.xlsx": out.getvalue()}, "")
    told = {}
    for audience in ("public", "groupe", "equipe"):
        process(territory, tmp_path / audience, audience)
        found = pd.read_parquet(tmp_path / audience / "anomalies.parquet")
        assert "commentaire" in set(found["probleme"])
        told[audience] = "zremarque" in found.to_csv()
    assert told == {"public": False, "groupe": False, "equipe": True}


def test_people_helped_alike_are_lines_of_one_action_none_of_which_is_lost_nor_asked_about(tmp_path):
    rows = [f"Bourse au permis;ZORBEC {name};;2019;Le Haut;500;1;;" for name in ("Jean", "Marie", "Lucie")]
    cleaned = clean(tmp_path, contrat=DECLARED, fichiers={"actions/journal.csv": "\n".join([HEAD, *rows])})
    assert set(cleaned.actions["porteur"]) == {"particulier"}
    assert len(set(cleaned.actions["action"])) == 1
    assert cleaned.actions["accorde"].sum() == 1500
    assert cleaned.propositions.empty
    assert "porteur qui est une personne (3 lignes, la première ici)" in set(cleaned.anomalies["probleme"])


def test_a_column_of_legal_category_says_who_is_a_person_and_her_siren_goes(tmp_path):
    head = HEAD + ";Catégorie juridique"
    rows = [
        "Fresque de Zorbec;ZORBEC CREATION;838310126;2019;Le Haut;500;1;;;1000",
        "Chorale;LES RIVES;838310126;2019;Le Haut;500;1;;;9220",
    ]
    cleaned = clean(tmp_path, contrat=DECLARED, fichiers={"actions/journal.csv": "\n".join([head, *rows])})
    assert cleaned.actions[["titre", "porteur", "siren"]].to_numpy().tolist() == [
        ["Fresque de [nom]", "particulier", ""],
        ["Chorale", "LES RIVES", "838310126"],
    ]


def test_a_declared_partner_keeps_its_name_and_is_known_without_the_home_that_follows_it(tmp_path):
    partners = FICHIERS["partenaires.csv"] + "jz;Jean Zorbec;assos;;;;;;\n"
    rows = ["A;Jean Zorbec;;2019;Le Haut;1;;;", "B;LIVRES PALIER CHEZ M. ULMIX;;2019;Le Haut;1;;;"]
    cleaned = clean(
        tmp_path,
        contrat=DECLARED,
        fichiers={"partenaires.csv": partners, "actions/journal.csv": "\n".join([HEAD, *rows])},
    )
    assert cleaned.actions["porteur"].tolist() == ["Jean Zorbec", "Les Livres du Palier"]


def test_a_title_that_loses_a_name_is_told_and_kept_once_a_partner_bears_it(tmp_path):
    rows = ["Les mercredis de Martine;Chorale;;2019;Le Haut;1;;;", "Atelier de Karim;Chorale;;2019;Le Haut;1;;;"]
    partners = FICHIERS["partenaires.csv"] + "mm;La Halte;assos;Les mercredis de Martine;;;;;\n"
    log = {"actions/journal.csv": "\n".join([HEAD, *rows])}
    first = clean(tmp_path / "a", contrat=DECLARED, fichiers=log)
    assert first.actions["titre"].tolist() == ["Les mercredis de [nom]", "Atelier de [nom]"]
    (told,) = first.anomalies[first.anomalies["colonne"] == "action"].itertuples()
    assert (told.probleme, "partenaires.csv" in told.traitement) == (
        "personne nommée dans l'intitulé (2 lignes, la première ici)",
        True,
    )
    kept = clean(tmp_path / "b", contrat=DECLARED, fichiers=log | {"partenaires.csv": partners})
    assert kept.actions["titre"].tolist() == ["Les mercredis de Martine", "Atelier de [nom]"]


def test_questions_to_decide_and_declarations_to_paste_name_nobody(tmp_path):
    rows = [
        "Bourse au permis de Mme Zorbec;Chorale;La lecture;Le Haut;2019;;Mairie (essai);;800;Mme Zorbec a dit oui;;",
        "Bourse au permis de Mme Ulmix, suite;Chorale;Mme Zorbec;Le Haut;2020;;Mairie (essai);;900;Favorable;;",
    ]
    questions = clean(tmp_path / "a", *rows).propositions
    assert list(questions["genre"]) == ["renouvellement"]
    territory = write_contract(tmp_path / "b", {"actions/j.csv": "\n".join([ENTETE, *rows])}, contrat="")
    pasted = propose_all(territory, ["actions/j.csv"])
    assert "actions.colonnes" in pasted
    for told in (questions.to_csv(), pasted):
        assert not any(name in told for name in ("Zorbec", "Ulmix"))


def test_a_number_of_social_security_written_as_a_number_in_a_workbook_is_refused(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["Action", "Porteur", "SIRET ou NIR", "Année", "Accordé"],
        ["Lire", "Chorale", 185057800608436, 2019, 5],
    ):
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    contract = DECLARED.replace("journal.csv", "journal.xlsx")
    territory = write_contract(tmp_path, {"actions/journal.xlsx": made.getvalue()}, contract)
    told = check(territory).render()
    assert "sécurité sociale" in told
    assert "850578" not in told


@pytest.mark.slow
@pytest.mark.parametrize("audience", ["public", "equipe"])
def test_no_file_of_an_edition_names_whom_a_log_names(tmp_path, audience):
    raw = territoire(tmp_path)
    (raw / "actions").mkdir()
    (raw / "actions" / "journal.csv").write_text("\n".join([HEAD, *ROWS]))
    with (raw / "contrat.toml").open("a") as contract:
        contract.write(DECLARED)
    done = cva("build", "--audience", audience, cwd=tmp_path, notebooks=RACINE / "notebooks")
    files = published(tmp_path / "reports") | {"terminal": (done.stdout + done.stderr).encode()}
    assert b"particulier" in files["donnees/actions.csv"]
    assert any(b"curit" in data for name, data in files.items() if name.endswith("qualite.html"))
    for name, data in files.items():
        told = data.decode("utf-8", "replace").casefold()
        assert [word for word in TOKENS if word in told] == [], name


def test_the_name_of_a_carrier_is_read_a_few_times_however_long_it_is(monkeypatch):
    read = []
    monkeypatch.setattr(masking, "is_person", lambda name: read.append(name) or False)
    mask_carrier("M. " * 300)
    assert len(read) <= 24
