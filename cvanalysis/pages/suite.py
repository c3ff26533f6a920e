"""From one contract to the next, for one quarter: what was stated, what became of what was proposed, what can be followed.

The letter of its code decides (I: same contour, its figures follow those of its QP; M: another contour, side by side; N: no past). Owns
these findings; refuses to measure an evolution (the fiche does, where it may) and to join what two contours say.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import pandas as pd

from cvanalysis.catalogue import Catalogue, Indicateur
from cvanalysis.constat.make import Chapter, Reader, bars, count, make, nothing
from cvanalysis.constat.shape import Finding, Message, Valeur
from cvanalysis.french import QUARTIER, enumerate_french
from cvanalysis.indicateurs.observation import Observation, Observations, as_value
from cvanalysis.pages.preconisations import Recommendation
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label, labels


class Sequel(Chapter):
    """What the page « from one contract to the next » says of a quarter.

    `precedent` are the statements of the former evaluation (columns `constat`, `section`, `titre`, `source`).
    """

    def __init__(
        self,
        reader: Reader,
        territory: Territory,
        catalogue: Catalogue,
        code: str,
        precedent: pd.DataFrame,
        recommendations: Sequence[Recommendation],
    ) -> None:
        asked = (self._stated, self._proposed, self._followed, self._anew)
        super().__init__(code, {f"suite-0{n}": build for n, build in enumerate(asked, 1)})
        self.quartier, self._catalogue, self._reader = territory.quartier(code), catalogue, reader
        self._precedent, self._recommendations = precedent, recommendations
        self._zones = (code, *self.quartier.depuis)
        self._every = [zone for one in territory.quartiers for zone in (one.code, *one.depuis)]
        before = enumerate_french(self.quartier.depuis or [label("suite.sans_origine")])
        self._said = {"quartier": QUARTIER, "nom": self.quartier.nom, "avant": before, "lettre": code[-1]}

    @cached_property
    def _seen(self) -> Observations:
        """Of all the quarters: one figure alone does not tell how precise its file is."""
        return Observations.read(self._reader, list(dict.fromkeys(self._every)), list(self._catalogue.indicateurs))

    def _known(self) -> Iterator[Indicateur]:
        """The indicators of which something was published for the quarter or for those that it comes from."""
        every = self._catalogue.indicateurs.values()
        return (one for one in every if any(self._seen.latest(zone, one.id) for zone in self._zones))

    def _dated(self, indicateur: Indicateur) -> list[Observation]:
        """The figures of the quarter under its own code whose data year is established, oldest first."""
        rows = self._seen.serie(self.quartier.code, indicateur.id)
        return [row for row in rows if row.dite and row.millesime is not None]

    def _make(
        self, ident: str, name: str, lines: Sequence[Sequence[str | Valeur]], groups: Sequence[str], **values: Any
    ) -> Finding:
        """A table of lines, and how many there are of each group, in the order in which they come."""
        said, exemple = self._said | values | {"nombre": len(lines)}, values.pop("exemple", False)
        if not lines:
            return nothing(ident, f"suite.{name}", said)
        counts = {group: count(number, "") for group, number in Counter(groups).items()}
        return make(ident, Message(f"suite.{name}", said), figure=bars("", "", counts), table=lines, exemple=exemple)

    def _stated(self, ident: str) -> Finding:
        subjects = self._precedent["constat"].str.split("-").str[0]
        rows = self._precedent[subjects.isin(self.quartier.depuis)]
        lines = [(row.titre, row.source, row.constat) for row in rows.itertuples()]
        return self._make(ident, "constats", lines, [_domain(name) for name in rows["section"]])

    def _proposed(self, ident: str) -> Finding:
        """Those that rest on a figure of the quarter first, then those of the whole contract."""
        before = self.quartier.depuis or "-"
        own = [one for one in self._recommendations if any(c.startswith(before) for c in one.constats)]
        others = [one for one in self._recommendations if not one.constats]
        here, everywhere = labels("suite.preconisations.portees")
        lines = [
            (one.texte, told, one.qui, one.statut, one.id)
            for ones, told in ((own, here), (others, everywhere))
            for one in ones
        ]
        invented = any(one.exemple for one in (*own, *others))
        groups = [one.statut or label("suite.preconisations.sans") for one in (*own, *others)]
        return self._make(ident, "preconisations", lines, groups, ici=len(own), exemple=invented)

    def _followed(self, ident: str) -> Finding:
        """The same contour: first and last figures; another: those of each contour in its own column."""
        if not self.quartier.code.endswith("I"):
            return self._beside(ident)
        lines, groups = [], []
        for one in self._known():
            if len(rows := self._dated(one)) > 1:
                lines.append((one.nom, *_cells(rows[0], one), *_cells(rows[-1], one)))
                groups.append(_domain(one.pilier))
        return self._make(ident, "suivis", lines, groups)

    def _beside(self, ident: str) -> Finding:
        lines, groups = [], []
        for one in self._known():
            before = [row for code in self.quartier.depuis if (row := self._seen.latest(code, one.id))]
            now = self._seen.latest(self.quartier.code, one.id)
            if before and now:
                lines += [(one.nom, *_cells(row, one), *_cells(now, one), row.zone) for row in before]
                groups.append(_domain(one.pilier))
        return self._make(ident, "cote_a_cote", lines, groups)

    def _anew(self, ident: str) -> Finding:
        """What has but one moment under its own contour, or none whose year is established."""
        lines, groups = [], []
        for one in self._known():
            last = self._seen.latest(self.quartier.code, one.id)
            followed = self.quartier.code.endswith("I") and len(self._dated(one)) > 1
            if last and not followed:
                groups.append(label(f"suite.nouveaux.{'annee' if last.millesime is None else 'une_annee'}"))
                lines.append((one.nom, *_cells(last, one)))
        return self._make(ident, "nouveaux", lines, groups)


def _cells(row: Observation, indicateur: Indicateur) -> tuple[Valeur, str]:
    return as_value(row, indicateur), str(row.instant)


def _domain(name: str) -> str:
    """A section or a pillar, in words."""
    return block("suite.domaines").get(name, name)
