"""The quarters of the contract side by side. Owns the synthesis: levels, changes, who comes closer, what cannot be said.

The same questions as on the fiches, asked of all quarters at once, under the same numbers (`synthese-revenus-03`). The order is
neutral: the declared one in tables and small panels, by value on a common axis. Nothing is added up or averaged across quarters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import pandas as pd

from cvanalysis.actions.counting import REGLES, money_by_population, of_years, subsidies
from cvanalysis.actions.field import JOURNAUX, MONTANTS, SANS_CAUSE, ActionChapter, Field
from cvanalysis.actions.reach import granted, list_actions, reach
from cvanalysis.catalogue import Catalogue, Indicateur
from cvanalysis.constat.make import Grid, Reader, bars, count, euros, source_of
from cvanalysis.constat.shape import Finding, Message, Table, Valeur, word
from cvanalysis.french import number
from cvanalysis.indicateurs.context import Zone
from cvanalysis.indicateurs.kinds import Questions, told
from cvanalysis.indicateurs.observation import Instant, latest_values
from cvanalysis.indicateurs.question import common_instant, short
from cvanalysis.indicateurs.ranking import RANG_MINI, quartiles
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label, labels

RAISONS = tuple(block("commun.raisons").values())
POPULATION, BESOIN = "population", "taux_pauvrete"
LISTE_MAX = 60
"""Actions that this page has room for."""


@dataclass(frozen=True, slots=True)
class Apercu:
    """All the quarters on one page: `colonnes` are (title, indicator, when), `lignes` and `pied` (quarter or comparator, its values)."""

    colonnes: tuple[tuple[str, str, str], ...]
    lignes: tuple[tuple[Zone, tuple[Valeur, ...]], ...]
    pied: tuple[tuple[Zone, tuple[Valeur, ...]], ...]

    def column(self, indicateur: str) -> dict[str, Valeur]:
        """Quarter's code → its value of an indicator; {} where it is not of this page."""
        place = next((i for i, (_, ident, _) in enumerate(self.colonnes) if ident == indicateur), None)
        return {} if place is None else {zone.code: values[place] for zone, values in self.lignes}

    def year(self, indicateur: str) -> str:
        """When the values of a column are true, as it heads it: « 2018 », « 2018, probable »; '' where it has none."""
        return next((quand for _, ident, quand in self.colonnes if ident == indicateur), "")


class Synthese(Questions):
    """Everything that the synthesis page says. Same parameters as `quartier.Fiche`, for all quarters at once."""

    def __init__(self, reader: Reader, territory: Territory, catalogue: Catalogue) -> None:
        asked = [one[key] for one in block("synthese.apercu.colonnes") for key in ("indicateur", "sur")]
        super().__init__(reader, territory, catalogue, more=[one for one in asked if one in catalogue.indicateurs])

    def apercu(self) -> Apercu:
        """A line per quarter, the highest need first, each column at the moment of its finding; the widest comparators at the foot."""
        ctx, asked = self.contexte, block("synthese.apercu.colonnes")
        when = [common_instant(ctx, self.catalogue.indicateurs[one["indicateur"]]) for one in asked]
        columns = [(one["indicateur"], one["sur"], at) for one, at in zip(asked, when, strict=True)]

        def line(zone: Zone) -> tuple[Zone, tuple[Valeur, ...]]:
            return zone, tuple(told(ctx, ident, sur, zone.code, at) for ident, sur, at in columns)

        found = [line(zone) for zone in ctx.voisins]
        need = next((i for i, (ident, *_) in enumerate(columns) if ident == BESOIN), 0)
        found.sort(key=lambda one: (not one[1][need].dite, -(one[1][need].valeur or 0.0)))
        foot = [line(zone) for zone in ctx.proches if zone.role in ("epci", "france_qpv")]
        heads = [
            (one["titre"], ident, at.court if at else "") for one, (ident, _, at) in zip(asked, columns, strict=True)
        ]
        return Apercu(tuple(heads), tuple(found), tuple(foot))

    @property
    def ordre(self) -> str:
        """In which order quarters stand, for the reader."""
        return label("commun.ailleurs") if self.territory.vaste else " ".join(block("synthese.ordre").values())

    def inconnus(self) -> tuple[tuple[str, str], ...]:
        """What cannot be said of the quarters together, once for all that the same ones lack for the same reason; the number of the
        first finding that lacks it."""
        found: dict[tuple[str, str], tuple[str, dict[str, None]]] = {}
        for finding in self.constats:
            for one in finding.manques:
                why = next((end for raison in RAISONS if one.endswith(end := f", {raison}.")), ".")
                names, colon, what = one.removesuffix(why).partition(" : ")
                found.setdefault((names + colon, why), (finding.id, {}))[1][what] = None
        return tuple((ident, f"{names}{' ; '.join(what)}{why}") for (names, why), (ident, what) in found.items())

    def tableau(self) -> Table:
        """One line per quarter in the declared order, one column per indicator of level, each at its common moment; of a vast contract,
        one line per indicator: the ends and the quartiles of the published values."""
        zones, levels = self.contexte.voisins, list(self._levels())
        values = [{zone: self.contexte.value(zone.code, one, instant) for zone in zones} for one, instant in levels]
        if self.territory.vaste:
            lines = [
                (word(f"{short(one)}, {instant.court}"), *quartiles(line))
                for (one, instant), line in zip(levels, values, strict=True)
                if any(value.dite for value in line.values())
            ]
            total = label("synthese.tableau.legende_vaste", total=len(zones))
            return Table(labels("commun.extremes.quartiles"), tuple(lines), f"{total} {label('commun.ailleurs')}")
        heads = [f"{short(one)}{f' ({one.unite})' if one.unite else ''}, {instant.court}" for one, instant in levels]
        legende = f"{label('synthese.tableau.legende')} {label('synthese.ordre.tableau')}"
        lines = [(word(zone.nom), *(row[zone] for row in values)) for zone in zones]
        return Table((label("synthese.tableau.colonne"), *heads), tuple(lines), legende)

    def _levels(self) -> Iterator[tuple[Indicateur, Instant]]:
        """The indicators of level, once each, with their common moment; women's beside the others that answer them."""
        declared = [one for one in self.declares if one.genre != "ecart"]
        used = (one.indicateurs if one.genre == "paires" else one.indicateurs[:1] for one in declared)
        for ident in dict.fromkeys(chain.from_iterable(used)):
            indicateur = self.catalogue.indicateurs[ident]
            if instant := common_instant(self.contexte, indicateur):
                yield indicateur, instant


class Needs(ActionChapter):
    """`synthese-besoins-01`: money per inhabitant and poverty; `synthese-besoins-02`: themes without action by quarter."""

    def __init__(self, reader: Reader, territory: Territory, catalogue: Catalogue) -> None:
        self.reader, self.catalogue = reader, catalogue
        asked = {"besoins-01": self.over(self._money), "besoins-02": self.over(self._blind_spots)}
        super().__init__("synthese", "synthese", Field(reader, territory), asked)

    @property
    def liste(self) -> Table:
        """The actions of the contract, those of no evaluated theme and of no quarter included; the latest where they are many, for the page
        has its quarters to show, and the downloads have them all."""
        return list_actions(self.field.menees, self.field, LISTE_MAX)

    def _money(self, ident: str, rows: pd.DataFrame) -> Finding:
        quarters = self.field.quartiers
        (people, _), (need, year) = (
            latest_values(self.reader, list(quarters), self.catalogue.indicateurs[i]) for i in (POPULATION, BESOIN)
        )
        first, last = int(rows["annee"].min()), self.field.territory.connue
        years = last - first + 1
        money, found = granted(rows, self.field), reach(rows, self.field)
        amounts = {code: amount.valeur or 0.0 for code, amount in money.items()}
        outside = sum(amount for code, amount in amounts.items() if code not in quarters)
        share = Valeur(100 * outside / (sum(amounts.values()) or 1), unite="%")
        each = {code: _by_inhabitant(money[code], people[code], years) for code in quarters}
        crowd = {code: people[code].valeur for code in quarters if people[code].valeur}
        inside = subsidies(rows[rows["qpv"].isin(quarters)])
        shared = {code: euros(amount) for code, amount in money_by_population(inside, crowd).items()}
        other = {c: _by_inhabitant(shared.get(c, money[c]), people[c], years) for c in quarters}
        known = [code for code in quarters if each[code].dite]
        order = sorted(quarters, key=lambda code: (-(need[code].valeur or 0.0) if need[code].dite else 1.0, code))
        lines = {quarters[c]: (need[c], count(found[c]), money[c], each[c], other[c]) for c in order}
        if silent := [quarters[c] for c in order if not need[c].dite]:
            apart = {name: lines.pop(name) for name in silent}
            lines |= {label("synthese.besoins-01.hors_ordre"): (Valeur(None, "sans_objet"),) * 5} | apart
        top = max(known, key=lambda code: each[code].valeur, default=order[0])
        low = min(known, key=lambda code: each[code].valeur, default=order[0])
        shared_out = sorted((other[code] for code in known if other[code].dite), key=lambda one: one.valeur)
        said = {"haut": quarters[top], "valeur_haut": each[top], "bas": quarters[low], "valeur_bas": each[low]}
        said |= {"autre_bas": shared_out[0], "autre_haut": shared_out[-1]} if shared_out else {}
        said |= {"quartiers": len(quarters), "periode": f"{first}-{last}"}
        said |= {"annee": f" {year}" if year else "", "ailleurs": share}
        actions = {quarters[c]: count(found[c]) for c in order}
        reading = {"quartier": quarters[top], "valeur": each[top], "besoin": need[top], "annee_besoin": year}
        return self.about(
            ident,
            Message("synthese.besoins-01" if known else "synthese.besoins_sans_population", said),
            rows,
            champ="",
            source=label("synthese.besoins-01.sources", journaux=source_of(rows, JOURNAUX)),
            grid=Grid("barres", lines, ["sujet", "autre"], dessin=[3, 4]),
            figure=None if known else bars(*labels("synthese.besoins-01.actions"), actions),
            lecture=Message("synthese.lecture_besoins", reading),
            precautions=(*self._rules(each, crowd), *labels("synthese.besoins-01.illustration"), SANS_CAUSE, MONTANTS),
            manques=self._unplaced(outside, each),
        )

    def _rules(self, each: Mapping[str, Valeur], crowd: Mapping[str, float]) -> tuple[str, ...]:
        """Both rules of split, and how much the first one follows from the size of the quarters."""
        both = [(crowd[code], value.valeur) for code, value in each.items() if value.dite]
        if len(both) < RANG_MINI:
            return REGLES["egal"], REGLES["population"]
        sizes, amounts = (pd.Series(column).rank() for column in zip(*both, strict=True))
        link = label("synthese.besoins-01.regle", lien=number(sizes.corr(amounts), 2))
        return REGLES["egal"], REGLES["population"], link

    def _unplaced(self, outside: float, each: Mapping[str, Valeur]) -> Iterator[str]:
        """The money of no quarter, and the quarters where none can be told by inhabitant."""
        if outside >= 1:
            yield label("synthese.besoins-01.ailleurs", montant=number(outside))
        for code, nom in self.field.quartiers.items():
            if not each[code].dite:
                yield label("synthese.besoins-01.incalculable", quartier=nom)

    def _blind_spots(self, ident: str, rows: pd.DataFrame) -> Finding:
        quarters, fin = self.field.quartiers, self.field.territory.connue
        themes = {t.id: t.nom for t in self.field.territory.themes}
        if not themes:
            return self.rien(ident)
        recent = of_years(rows, fin - 2, fin)
        found = {theme: reach(recent[recent["theme"] == theme], self.field) for theme in themes}
        empty = [(code, theme) for code in quarters for theme in themes if not found[theme][code]]
        code, theme = empty[0] if empty else (next(iter(quarters)), next(iter(themes)))
        said = {"vides": len(empty), "total": len(quarters) * len(themes), "annees": f"{fin - 2}-{fin}"}
        reading = {"quartier": quarters[code], "theme": themes[theme], "valeur": count(found[theme][code])}
        lines = {nom: [count(found[t][c]) for t in themes] for c, nom in quarters.items()}
        return self.about(
            ident,
            Message("synthese.besoins-02", said),
            rows,
            champ="",
            grid=Grid("matrice", lines, ("autre",), colonnes=(label("synthese.tableau.colonne"), *themes.values())),
            lecture=Message("synthese.lecture_angles", reading),
            precautions=(REGLES["plein"], *labels("synthese.besoins-02.zero"), SANS_CAUSE),
        )


def _by_inhabitant(money: Valeur, people: Valeur, years: int) -> Valeur:
    """Euros by inhabitant and year; the reason why there is none is that of what is missing."""
    if money.valeur is not None and people.valeur:
        return Valeur(round(money.valeur / people.valeur / years, 2), people.statut, "€", 1)
    missing = people if not people.dite else money
    return Valeur(None, missing.statut if not missing.dite else "sans_objet", "€", 1)
