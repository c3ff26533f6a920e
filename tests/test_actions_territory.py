"""A small invented contract for the tests on actions: three quarters (one has a comma in its name), two themes, three partners."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cvanalysis.files.anomalies import Domain
from cvanalysis.tables.process import clean_actions
from cvanalysis.territory.contract import Territory, read_territory

CONTRAT = """
[territoire]
id = "val-essai"
nom = "Val d'Essai"
epci = "999999999"
geographie = "QP2015"
maj = 2022-12-15

[contrat]
nom = "Contrat d'essai"
code = "CV999"
debut = 2015
fin = 2022
edition = "e1"

[[editions]]
id = "e1"
nom = "Première"
jusqu_au = 2022-12-15

[seuils]
personnes = 11
preuve_ancienne_mois = 12
"""

FICHIERS = {
    "communes.csv": "code;nom\n99001;Essai\n",
    "quartiers.csv": "code;nom;communes\nQP099001;Le Haut;99001\nQP099002;Rives, Quais et Ponts;99001\nQP099003;L'Îlot;99001\n",
    "comparateurs.csv": "zone;niveau;nom\n99001;COMMUNE;Essai\n",
    "themes.csv": "id;nom;question\nlecture;La lecture;Qui lit ?\nsport;Le sport;Qui court ?\n",
    "piliers.csv": "id;nom\nsocial;Cohésion sociale\nemploi;Emploi\n",
    "colleges.csv": "id;nom\netat;État\nassos;Associations\nvilles;Villes\n",
    "partenaires.csv": "id;nom;college;alias;siren;themes;quartiers;debut;fin\n"
    "livres;Les Livres du Palier;assos;LIVRES PALIER|Asso. Livres du palier;;lecture;QP099001;2019;2022\n"
    "course;La Course Lente;assos;;;sport;tous;2019;2022\n"
    "prefecture;Préfecture (essai);etat;;;lecture|sport;;;\n",
    "correspondances.csv": "domaine;libelle;code\n"
    "theme;Éducation;lecture\ntheme;Culture;exclu\nquartier;Partout;tous\ntype_credit;Mairie (essai);droit commun\n",
}

JOURNAL = """
[[actions]]
fichier = "actions/journal.csv"
[actions.colonnes]
"Action" = "action"
"Porteur" = "porteur"
"Thème" = "theme"
"Quartiers" = "qpv"
"Année" = "annee"
"Date" = "date"
"Financeur" = "financeur"
"Demandé" = "demande"
"Accordé" = "accorde"
"Statut" = "statut"
"Bénéficiaires" = "beneficiaires"
"Engagement" = "engagement"
"""

ENTETE = "Action;Porteur;Thème;Quartiers;Année;Date;Financeur;Demandé;Accordé;Statut;Bénéficiaires;Engagement"


def write_contract(
    folder: Path, fichiers: Mapping[str, str | bytes] | None = None, contrat: str = JOURNAL
) -> Territory:
    """Write the contract and the given files (relative names) in a folder, and read its declarations."""
    (folder / "actions").mkdir(parents=True, exist_ok=True)
    for name, text in {**FICHIERS, "contrat.toml": CONTRAT + contrat, **(fichiers or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_territory(folder)


def clean(
    folder: Path, *rows: str, fichiers: Mapping[str, str | bytes] | None = None, contrat: str = JOURNAL
) -> Domain:
    """Clean a log of these rows (`;` between cells, under `ENTETE`)."""
    log = {"actions/journal.csv": "\n".join([ENTETE, *rows]) + "\n"} if rows else {}
    return clean_actions(write_contract(folder, {**log, **(fichiers or {})}, contrat))


class Tables:
    """What a report reads, from tables in memory (`ingest.store.Store` does it from Parquet)."""

    def __init__(self, **tables) -> None:
        self.tables = tables

    @classmethod
    def of(cls, cleaned: Domain, **others) -> Tables:
        return cls(actions=cleaned.actions, engagements=cleaned.engagements, partenaires=cleaned.partenaires, **others)

    def rows(self, table, where=()):
        frame = self.tables[table]
        for column, values in where:
            frame = frame[frame[column].isin(values)]
        return frame.reset_index(drop=True)

    def indicateurs(self, zones=None, indicateurs=None):
        frame = self.tables["indicateurs"]
        kept = frame["zone"].isin(list(zones)) & frame["indicateur"].isin(list(indicateurs))
        return frame[kept].reset_index(drop=True)


def test_a_contract_without_any_log_gives_empty_tables_with_their_columns(tmp_path):
    cleaned = clean(tmp_path, contrat="")
    assert cleaned.actions.empty
    assert {"action", "qpv", "part", "accorde"} <= set(cleaned.actions.columns)
    assert len(cleaned.partenaires) == 3
    assert not cleaned.illisibles
