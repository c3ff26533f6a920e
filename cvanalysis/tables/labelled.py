"""The processed tables as an analyst takes them: names beside codes, units, dates, statuses as ordered categories. Owns those columns.

Refuses to compute: what stands in a labelled table stands in the processed one, and a cell without a figure says why in a column.
"""

from collections.abc import Iterable, Mapping
from typing import get_args

import pandas as pd

from cvanalysis.actions.table import HORS_QPV, HORS_THEME, MONTANTS, NON_RENSEIGNE
from cvanalysis.catalogue import Catalogue
from cvanalysis.constat.shape import Statut
from cvanalysis.engagements.table import APPRECIATIONS, AVANCEMENTS, PREFIXE
from cvanalysis.errors import UsageError
from cvanalysis.french import capital, nearest
from cvanalysis.paroles.table import MOTS
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.places import Niveau
from cvanalysis.textes import label

STATUTS: tuple[str, ...] = get_args(Statut)


class LabelledTables:
    """The tables of an opened territory: what `Dossier` is to a person who knows pandas."""

    territory: Territory
    store: Store
    catalogue: Catalogue

    def indicateurs(self, zones: str | Iterable[str] = (), indicateurs: str | Iterable[str] = ()) -> pd.DataFrame:
        """Les indicateurs, une ligne par zone, indicateur, année et publication.

        Parameters
        ----------
        zones, indicateurs : un code ou plusieurs ; par défaut tous. Un quartier peut aussi être donné par son nom.

        Returns
        -------
        Une table pandas neuve : `zone`, `nom_zone`, `niveau` (catégorie), `indicateur`, `libelle`, `unite` (%, €… ; vide pour un rapport),
        `annee` (des données, Int16, vide si non établie), `date_donnees` (le jour, s'il est connu), `publication` (année du fichier),
        `valeur` (dans l'unité : 41,5 % s'écrit 41.5), `statut` (catégorie ordonnée : « publié », sinon la raison pour laquelle `valeur`
        est vide, ou « suspect »), `source`, `fichier`, `note`.

        Raises
        ------
        UsageError : un indicateur que le catalogue n'a pas, une zone que personne n'a déclarée, avec les plus proches.

        Examples
        --------
        >>> pauvrete = dossier.indicateurs(indicateurs="taux_pauvrete")
        >>> quartiers = pauvrete[(pauvrete["niveau"] == "QPV") & (pauvrete["statut"] == "publié")]
        >>> quartiers.pivot_table(index="nom_zone", columns="annee", values="valeur").shape[0]
        15
        """
        known = self.catalogue.indicateurs
        chosen = _several(indicateurs)
        for name in chosen:
            if name not in known:
                near = f"{capital(nearest(name, known))} ".lstrip()
                raise UsageError(label("affichage.dossier.indicateur", nom=name, proche=near))
        here = self.territory
        places = {*here.noms, *(code for quarter in here.quartiers for code in quarter.depuis)}
        codes = [one if one in places else here.quartier(one).code for one in _several(zones)]
        rows = self.store.indicateurs(codes or None, chosen or None)
        return label_indicators(rows, self.territory, self.catalogue)

    def actions(self) -> pd.DataFrame:
        """Les actions, une ligne par action, année, financement et quartier (`HORS_QPV` : hors des quartiers).

        Les montants (`demande`, `accorde`, `paye`, en euros) sont ceux du financement, répétés sur chacun des quartiers de l'action :
        multipliez par `part` avant d'additionner. `beneficiaires` est répété sur toutes les lignes de l'action et de l'année :
        `drop_duplicates(["action", "annee"])` d'abord. Chaque nombre a son `statut_…` ; `statut` est la suite donnée à la demande,
        `nom_qpv`, `nom_theme`, `nom_pilier` les noms à côté des codes, `exemple` vrai pour des lignes inventées.

        >>> actions = dossier.actions()
        >>> euros = actions.assign(euros=actions["accorde"] * actions["part"])
        >>> euros.pivot_table(index="nom_theme", columns="annee", values="euros", aggfunc="sum").empty
        False
        """
        rows = self.store.rows("actions")
        frame = _with_names(rows, self.territory)
        for name in (*MONTANTS, "beneficiaires"):
            said = rows[name].notna().map({True: STATUTS[0], False: "non_disponible"}).astype("str")
            frame.insert(frame.columns.get_loc(name) + 1, f"statut_{name}", _ordered(said, STATUTS))
        return frame.astype({"type_credit": "category", "statut": "category"})

    def engagements(self) -> pd.DataFrame:
        """Les engagements, une ligne chacun (`dossier.avancement()` : ce qui s'en dit, en constats).

        `avancement` et `appreciation_COLLEGE` sont des catégories ordonnées, où « non renseigné » dit que personne ne s'est prononcé ;
        `date_preuve` est une date ; `partenaires`, `quartiers`, `actions`, `indicateurs` sont des codes séparés par `|`.

        >>> int(dossier.engagements()["quartiers"].str.split("|").explode().nunique())
        15
        """
        rows = self.store.rows("engagements")
        words = {name: APPRECIATIONS for name in rows.columns if name.startswith(PREFIXE)} | {"avancement": AVANCEMENTS}
        said = {
            name: _ordered(rows[name].replace("", NON_RENSEIGNE), dict.fromkeys((*order, NON_RENSEIGNE)))
            for name, order in words.items()
            if name in rows.columns
        }
        day = pd.to_datetime(rows["date_preuve"], format="%Y-%m-%d", errors="coerce")
        return _with_names(rows, self.territory).assign(**said, date_preuve=day)

    def paroles(self) -> pd.DataFrame:
        """Les paroles que ces lecteurs peuvent avoir, une ligne chacune ; `texte_statut` dit pourquoi un texte est vide.

        `nature`, `tonalite`, `rapport` (au constat cité), `reponse_statut` sont des catégories, avec « non renseigné » ; `qpv_montre` et
        `qualite_montree`, ce qu'une citation peut dire de qui parle ; `codes` et `themes` sont séparés par `|`.
        Une ligne n'est pas une personne : comptez les `locuteur`. Un compte sous le seuil du contrat ne se publie pas.

        >>> bool(dossier.paroles()["texte_statut"].isna().any())
        False
        """
        frame = _with_names(self.store.rows("paroles"), self.territory)
        for name in frame.columns.intersection(["nature", "tonalite", "rapport", "texte_statut", "reponse_statut"]):
            words = dict.fromkeys(MOTS.get(name.removeprefix("reponse_"), {}).values())
            frame[name] = _ordered(frame[name].replace("", NON_RENSEIGNE), (*words, NON_RENSEIGNE))
        return frame


def _several(one: str | Iterable[str]) -> list[str]:
    return [one] if isinstance(one, str) and one else list(one)


def label_indicators(rows: pd.DataFrame, territory: Territory, catalogue: Catalogue) -> pd.DataFrame:
    """One row per zone, indicator, data year and publication: names, unit and date of the data beside the codes."""
    known, sources = catalogue.indicateurs, catalogue.sources
    dated = rows["millesime"].notna()
    of = ["indicateur", "publication", "millesime"]
    seen = map(tuple, rows.loc[dated, of].drop_duplicates().itertuples(index=False))
    dates = {key: catalogue.exact_date(key[0], *map(int, key[1:])) for key in seen}
    told = [dates.get(key, "") for key in map(tuple, rows[of].itertuples(index=False))]
    frame = rows.assign(
        nom_zone=_named(rows["zone"], territory.noms),
        niveau=_ordered(rows["niveau"], get_args(Niveau)),
        libelle=_named(rows["indicateur"], {key: one.nom for key, one in known.items()}),
        unite=_named(rows["indicateur"], {key: one.unite for key, one in known.items()}, code=False),
        date_donnees=pd.to_datetime(pd.Series(told, index=rows.index, dtype="str"), format="%d/%m/%Y", errors="coerce"),
        statut=_ordered(rows["statut"], STATUTS),
        source=_named(rows["source"], {key: one.nom for key, one in sources.items()}),
    ).rename(columns={"millesime": "annee"})
    first = ["zone", "nom_zone", "niveau", "indicateur", "libelle", "unite", "annee", "date_donnees", "publication"]
    first += ["valeur", "statut"]
    return frame[[*first, *frame.columns.difference(first, sort=False)]]


def _with_names(rows: pd.DataFrame, territory: Territory) -> pd.DataFrame:
    """The names of quarters, themes and piliers, each beside its code."""
    frame = rows.copy()
    names = {
        "qpv": territory.noms | {HORS_QPV: "hors des quartiers"},
        "theme": {one.id: one.nom for one in territory.themes} | {HORS_THEME: "hors des thèmes évalués"},
        "pilier": {one.id: one.nom for one in territory.piliers},
        "college": {one.id: one.nom for one in territory.colleges},
    }
    for column, known in names.items():
        if column in frame.columns:
            said = _named(rows[column], {"": NON_RENSEIGNE} | known)
            frame.insert(frame.columns.get_loc(column) + 1, f"nom_{column}", said)
    return frame


def _named(codes: pd.Series, names: Mapping[str, str], *, code: bool = True) -> pd.Series:
    """Each code's name; the code itself (or '') where it has none."""
    return codes.map({one: names.get(one, one if code else "") for one in codes.unique()}).astype("str")


def _ordered(words: pd.Series, order: Iterable[str]) -> pd.Series:
    """The words as a category in that order; those that it does not have come last, in theirs."""
    known = list(order)
    more = [one for one in sorted(words.unique()) if one not in known]
    return words.astype(pd.CategoricalDtype([*known, *more], ordered=True))
