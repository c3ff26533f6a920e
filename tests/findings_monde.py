"""A small invented world for the tests of findings: readable tables in, claims out. No figure of it is real."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from cvanalysis.catalogue import Catalogue, ConstatDeclare, load_catalogue
from cvanalysis.indicateurs.observation import Observation
from cvanalysis.territory.contract import Commune, Comparateur, Edition, Quartier, Seuils, Territory

COLONNES = ["zone", "niveau", "indicateur", "millesime", "publication", "valeur", "statut", "source", "fichier", "note"]

A, B, C, D, E, F = (f"QP99000{n}" for n in range(1, 7))
EPCI, COMMUNE, QPV = "200000000", "99001", "Ensemble"


def obs(
    zone="QP990001",
    indicateur="taux_pauvrete",
    millesime=2018,
    valeur=40.0,
    statut="publié",
    publication=None,
    source="filosofi",
):
    """One observation, published in 2018 in Filosofi unless told otherwise."""
    if publication is None:
        publication = (millesime or 2018) + 2
    if statut not in ("publié", "suspect"):
        valeur = None
    return Observation(
        zone, indicateur, millesime, publication, valeur, statut, source, f"insee/F_{publication}.csv", ""
    )


class Reader:
    """What the store is to findings, over a table written by hand; counts how often it is read."""

    def __init__(self, observations, anomalies=(), fichiers=(), comptes=()):
        rows = [
            (o.zone, "QPV", o.indicateur, o.millesime, o.publication, o.valeur, o.statut, o.source, o.fichier, o.note)
            for o in observations
        ]
        frame = pd.DataFrame(rows, columns=COLONNES)
        frame["valeur"] = frame["valeur"].astype("float64")
        self.frame = frame.astype({"millesime": "Int16", "publication": "Int16"})
        self._tables = {
            "anomalies": pd.DataFrame(
                anomalies, columns=["fichier", "ligne", "colonne", "brut", "probleme", "traitement"]
            ),
            "fichiers": pd.DataFrame(fichiers, columns=["fichier", "famille", "statut"]),
            "france": pd.DataFrame(columns=["zone", "nom", "communes", "indicateur", "annee", "valeur", "fichier"]),
            "comptes": pd.DataFrame(comptes, columns=["fichier", "cellules", "valeurs", "statuts", "anomalies"]),
        }
        self.asked = []

    def indicateurs(self, zones=None, indicateurs=None):
        self.asked.append((zones, indicateurs))
        found = self.frame
        if zones is not None:
            found = found[found.zone.isin(zones)]
        if indicateurs is not None:
            found = found[found.indicateur.isin(indicateurs)]
        return found.reset_index(drop=True)

    def rows(self, table):
        return self._tables[table]


def territory(quartiers=6, **more):
    """A contract 2014-2022 with up to six quarters in one commune of one EPCI."""
    names = ["Les Ormes", "Le Breuil", "La Plaine", "Valmont", "L’Étang", "Belle Rive"][:quartiers]
    edition = Edition("2022-12", "Décembre 2022", date(2022, 12, 31))
    base = Territory(
        dossier=Path("/nulle/part"), id="essai", nom="Valmétropole", contrat="Contrat de ville 2014/2022", code_contrat="CV999",
        debut=2014, fin=2022, geographie="QP2015", epci=EPCI, edition=edition, editions=(edition,),
        quartiers=tuple(Quartier(f"QP99000{n}", nom, (COMMUNE,)) for n, nom in enumerate(names, 1)),
        communes=(Commune(COMMUNE, "Orville"),),
        comparateurs=(
            Comparateur(COMMUNE, "COMMUNE", "Orville"),
            Comparateur(EPCI, "EPCI", "Valmétropole"),
            Comparateur(QPV, "FRANCE_QPV", "Ensemble des QPV de France"),
        ),
        themes=(), piliers=(), colleges=(), calendrier=(), seuils=Seuils(rang_mini=3),
    )  # fmt: skip
    return replace(base, **more)


def catalogue(*constats: str) -> Catalogue:
    """The real catalogue, with only these findings declared: `numero;section;genre;indicateurs`."""
    declared = []
    for line in constats:
        numero, section, genre, idents = line.split(";")
        declared.append(ConstatDeclare(numero, section, genre, tuple(idents.split(",")), "Combien ?"))
    return replace(load_catalogue(), constats=tuple(declared))


def everywhere(indicateur, values, millesime=2018, zones=(A, B, C, D, E, F), **more):
    """One observation per zone: a number, or the status of its absence."""
    return [
        obs(zone, indicateur, millesime, value if isinstance(value, (int, float)) else None,
            "publié" if isinstance(value, (int, float)) else value, **more)
        for zone, value in zip(zones, values, strict=True)
    ]  # fmt: skip
