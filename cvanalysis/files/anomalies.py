"""What became of raw files: the one record of a file, the one collector of what is doubtful in them and its six columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from cvanalysis.errors import Problem

COLONNES_ANOMALIES = ("fichier", "ligne", "colonne", "brut", "probleme", "traitement")
LAISSE = "laissé de côté"


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One raw file and what became of it, whatever its domain.

    `statut` is lu, documentation, non reconnu, illisible or laissé de côté; `pris_pour` says in French what it was taken for;
    `trouvees` and `manquantes` are the territory's zones of the file's levels; `absentes` headers that the vintage should have,
    `inconnues` those of no known meaning, not read; `titres` field → the title of its column in a file of the team.
    """

    fichier: str
    sha256: str = ""
    statut: str = "lu"
    famille: str = ""
    millesime: int | str | None = None
    pris_pour: str = ""
    lignes: int = 0
    trouvees: tuple[str, ...] = ()
    manquantes: tuple[str, ...] = ()
    absentes: tuple[str, ...] = ()
    inconnues: tuple[str, ...] = ()
    titres: Mapping[str, str] = field(default_factory=dict)
    probleme: Problem | None = None


@dataclass(frozen=True)
class Domain:
    """What cleaning gives of one domain: named tables, each to be asked by its name too (`domain.actions`), anomalies, its files.

    `complement` is what only `check` tells of it: a declaration to paste for the files that it does not know, what became of the voices.
    `avertissements`: what whoever builds is told too, since nothing else would show it.
    """

    tables: dict[str, pd.DataFrame]
    anomalies: pd.DataFrame
    fichiers: tuple[ReadFile, ...]
    complement: str = ""
    avertissements: tuple[Problem, ...] = ()

    def __getattr__(self, nom: str) -> pd.DataFrame:
        if nom not in vars(self).get("tables", ()):
            raise AttributeError(nom)
        return self.tables[nom]

    @property
    def illisibles(self) -> tuple[Problem, ...]:
        """Why each file that could not be used was left out."""
        return tuple(file.probleme for file in self.fichiers if file.probleme is not None)


@dataclass(slots=True)
class Anomalies:
    """What was doubtful, in the columns of `anomalies.parquet`; `ligne` 0 is the whole file."""

    lignes: list[tuple[str, int, str, str, str, str]] = field(default_factory=list)

    def add(self, fichier: str, ligne: int, colonne: str, brut: str, probleme: str, traitement: str) -> None:
        self.lignes.append((fichier, int(ligne), colonne, brut, probleme, traitement))

    def tell(self, problems: Iterable[Problem], sinon: str = "Signalé") -> None:
        """Problems as they are; `sinon` is what was done about those that say nothing of it."""
        for p in problems:
            self.add(
                p.fichier, p.ligne, p.colonne, "", ". ".join(filter(None, (p.trouve, p.attendu))), p.que_faire or sinon
            )

    def frame(self) -> pd.DataFrame:
        """One row each, in the order in which they were told."""
        frame = pd.DataFrame(self.lignes, columns=list(COLONNES_ANOMALIES))
        return frame.astype({name: "Int32" if name == "ligne" else "str" for name in COLONNES_ANOMALIES})


def frame_problems(problems: Iterable[Problem]) -> pd.DataFrame:
    """Problems as rows of the table of anomalies."""
    anomalies = Anomalies()
    anomalies.tell(problems)
    return anomalies.frame()
