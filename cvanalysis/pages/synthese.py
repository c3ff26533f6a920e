"""The quarters of the contract side by side. Owns the synthesis: levels, changes, who comes closer, what cannot be said.

The same questions as on the fiches, asked of all quarters at once, under the same numbers (`synthese-revenus-03`). The order is
neutral: the declared one in tables and small panels, by value on a common axis. Nothing is added up or averaged across quarters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cvanalysis.actions.counting import REGLES
from cvanalysis.actions.field import JOURNAUX, MONTANTS, SANS_CAUSE, Field, Rows
from cvanalysis.actions.reach import granted, list_actions, reach
from cvanalysis.constat.make import Chapter, bars, count, make, nothing, source_of
from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.indicateurs.distribution import quartiles
from cvanalysis.indicateurs.kinds import Questions
from cvanalysis.indicateurs.observation import Reader, latest_values
from cvanalysis.indicateurs.question import common_instant, short
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label, labels

if TYPE_CHECKING:
    from cvanalysis.catalogue import Catalogue, Indicateur
    from cvanalysis.indicateurs.observation import Instant


POPULATION, BESOIN = "population", "taux_pauvrete"
ILLUSTRATION = "Sur un si petit nombre de quartiers, ce rapprochement est une illustration : il ne mesure aucun lien."


class Synthese(Questions):
    """Everything that the synthesis page says. Same parameters as `quartier.Fiche`, for all quarters at once."""

    def __init__(self, reader: Reader, territory: Territory, catalogue: Catalogue) -> None:
        super().__init__(reader, territory, catalogue)

    @property
    def ordre(self) -> str:
        """In which order quarters stand, for the reader."""
        return label("commun.ailleurs") if self.territory.vaste else " ".join(block("synthese.ordre").values())

    def inconnus(self) -> tuple[tuple[str, tuple[Manque, ...]], ...]:
        """What cannot be said of the quarters together, by finding."""
        return tuple((finding.id, finding.manques) for finding in self.constats if finding.manques)

    def tableau(self) -> Table:
        """One line per quarter in the declared order, one column per indicator of level, each at its common moment."""
        if self.territory.vaste:
            return self._quartiles()
        columns = [label("synthese.tableau.colonne")]
        cells = [[word(self.contexte.noms[q.code])] for q in self.territory.quartiers]
        for indicateur, instant in self._levels():
            unit = f" ({indicateur.unite})" if indicateur.unite else ""
            columns.append(f"{short(indicateur)}{unit}, {instant.court}")
            for line, quartier in zip(cells, self.territory.quartiers, strict=True):
                line.append(self.contexte.value(quartier.code, indicateur, instant))
        legende = f"{label('synthese.tableau.legende')} {label('synthese.ordre.tableau')}"
        return Table(tuple(columns), tuple(map(tuple, cells)), legende)

    def _quartiles(self) -> Table:
        """One line per indicator: the ends and the quartiles of the published values."""
        lines = []
        for indicateur, instant in self._levels():
            values = {q: self.contexte.value(q.code, indicateur, instant) for q in self.territory.quartiers}
            if any(value.dite for value in values.values()):
                name = word(f"{short(indicateur)}, {instant.court}")
                lines.append((name, *quartiles(values, self.contexte.noms)))
        total = label("synthese.tableau.legende_vaste", total=len(self.territory.quartiers))
        return Table(labels("commun.extremes.quartiles"), tuple(lines), f"{total} {label('commun.ailleurs')}")

    def _levels(self) -> Iterator[tuple[Indicateur, Instant]]:
        """The indicators of level, once each, with their common moment; women's beside the others that answer them."""
        used = dict.fromkeys(
            ident
            for declare in self.declares
            if declare.genre != "ecart"
            for ident in (declare.indicateurs if declare.genre == "paires" else declare.indicateurs[:1])
        )
        for ident in used:
            indicateur = self.catalogue.indicateurs[ident]
            instant = common_instant(self.contexte, indicateur)
            if instant is not None:
                yield indicateur, instant


class Needs(Chapter):
    """`synthese-besoins-01`: money per inhabitant and poverty; `synthese-besoins-02`: themes without action by quarter."""

    def __init__(self, reader: Rows, territory: Territory, catalogue: Catalogue) -> None:
        self.field = Field(reader, territory)
        self.reader, self.catalogue = reader, catalogue
        super().__init__("synthese", {"besoins-01": self._money, "besoins-02": self._blind_spots})

    @property
    def liste(self) -> Table:
        """Every action of the contract, those of no evaluated theme and of no quarter included."""
        return list_actions(self.field.menees, self.field)

    def _nothing(self, ident: str, question: str) -> Finding:
        return nothing(
            ident,
            question,
            "actions.rien_besoins",
            {"periode": self.field.periode},
            champ="Quartiers du contrat",
            source=JOURNAUX,
            quoi="Aucune action retenue n'est écrite dans les journaux.",
        )

    def _money(self, ident: str) -> Finding:
        question = "L'argent des actions va-t-il aux quartiers où les besoins sont les plus grands ?"
        rows, quarters = self.field.menees, self.field.quartiers
        if rows.empty:
            return self._nothing(ident, question)
        people = latest_values(self.reader, list(quarters), POPULATION, self.catalogue)
        need = latest_values(self.reader, list(quarters), BESOIN, self.catalogue)
        years = self.field.territory.fin - int(rows["annee"].min()) + 1
        money, found = granted(rows, self.field), reach(rows, self.field)
        each = {code: _by_inhabitant(money[code], people[code][0], years) for code in quarters}
        known = [code for code in quarters if each[code].dite]
        order = sorted(quarters, key=lambda code: (-(need[code][0].valeur or 0.0) if need[code][0].dite else 1.0, code))
        year = next((when for _, when in need.values() if when), "")
        outside = sum(amount.valeur or 0.0 for code, amount in money.items() if code not in quarters)
        table = Table(
            (
                "Quartier",
                f"Taux de pauvreté{' ' + year if year else ''}",
                "Actions",
                "Montant accordé",
                "Par habitant et par an",
            ),
            tuple((word(quarters[c], "non_disponible"), need[c][0], count(found[c]), money[c], each[c]) for c in order),
        )
        top, low = (
            (max(known, key=lambda c: each[c].valeur), min(known, key=lambda c: each[c].valeur))
            if known
            else (order[0], order[0])
        )
        figure = (
            bars(
                "Montant accordé par habitant et par an, en euros (du taux de pauvreté le plus haut au plus bas)",
                "Montant",
                {quarters[c]: each[c] for c in order},
            )
            if known
            else bars("Actions, par quartier", "Actions", {quarters[c]: count(found[c]) for c in order})
        )
        return make(
            ident,
            question,
            Message(
                "actions.besoins" if known else "actions.besoins_sans_population",
                {
                    "haut": quarters[top],
                    "valeur_haut": each[top],
                    "bas": quarters[low],
                    "valeur_bas": each[low],
                    "quartiers": len(quarters),
                },
            ),
            rows=[rows],
            source=f"{source_of(rows, JOURNAUX)} ; population et taux de pauvreté publiés (sources au tableau des fiches)",
            champ=f"Quartiers du contrat, actions retenues, {self.field.periode}",
            sous_titre="Montant accordé par habitant et par an, les quartiers rangés par taux de pauvreté",
            figure=figure,
            table=table,
            lecture=Message(
                "actions.lecture_besoins_argent",
                {"quartier": quarters[top], "valeur": each[top], "besoin": need[top][0], "annee_besoin": year},
            ),
            precautions=(
                REGLES["egal"],
                "Le droit commun inconnu n'y est pas : un quartier peut recevoir plus que ce qui est écrit ici.",
                ILLUSTRATION,
                SANS_CAUSE,
                MONTANTS,
            ),
            manques=[
                *(
                    [
                        Manque(
                            f"{_spaced(outside)} € ne sont rattachés à aucun quartier (hors quartiers, ou quartier non renseigné).",
                            "non_disponible",
                        )
                    ]
                    if outside >= 1
                    else []
                ),
                *(
                    Manque(
                        f"{quarters[c]} : population non publiée ou montant non écrit : le montant par habitant ne se calcule pas.",
                        each[c].statut,
                    )
                    for c in quarters
                    if not each[c].dite
                ),
            ],
        )

    def _blind_spots(self, ident: str) -> Finding:
        question = "Quels thèmes n'ont pas d'action dans quels quartiers ?"
        rows, quarters = self.field.menees, self.field.quartiers
        themes = {t.id: t.nom for t in self.field.territory.themes}
        if rows.empty or not themes:
            return self._nothing(ident, question)
        recent = rows[rows["annee"].ge(self.field.territory.fin - 2).fillna(False).astype(bool)]
        found = {theme: reach(recent[recent["theme"] == theme], self.field) for theme in themes}
        empty = [(code, theme) for code in quarters for theme in themes if not found[theme][code]]
        series = tuple(
            Serie(quarters[c], "autre", tuple(Point(themes[t], count(found[t][c])) for t in themes)) for c in quarters
        )
        years = f"{self.field.territory.fin - 2}-{self.field.territory.fin}"
        first = empty[0] if empty else (next(iter(quarters)), next(iter(themes)))
        return make(
            ident,
            question,
            Message(
                "actions.angles_morts", {"vides": len(empty), "total": len(quarters) * len(themes), "annees": years}
            ),
            rows=[rows],
            source=source_of(rows, JOURNAUX),
            champ=f"Quartiers du contrat, thèmes évalués, actions retenues, {years}",
            sous_titre=f"Nombre d'actions par quartier et par thème, {years}",
            figure=Figure("matrice", "Nombre d'actions", series),
            table=Table(
                ("Quartier", *themes.values()),
                tuple((word(quarters[c], "non_disponible"), *(count(found[t][c]) for t in themes)) for c in quarters),
            ),
            lecture=Message(
                "actions.lecture_angles",
                {"quartier": quarters[first[0]], "theme": themes[first[1]], "valeur": count(found[first[1]][first[0]])},
            ),
            precautions=(
                REGLES["plein"],
                "Une action sans quartier renseigné n'est comptée dans aucun : une case à zéro peut être un oubli du journal.",
                SANS_CAUSE,
            ),
        )


def _by_inhabitant(money: Valeur, people: Valeur, years: int) -> Valeur:
    """Euros by inhabitant and year; the reason why there is none is that of what is missing."""
    if money.valeur is not None and people.dite and people.valeur:
        return Valeur(round(money.valeur / people.valeur / years, 2), "publié", "€", 1)
    missing = people if not people.dite else money
    return Valeur(None, missing.statut if not missing.dite else "sans_objet", "€", 1)


def _spaced(amount: float) -> str:
    """A whole number of euros with narrow no-break spaces between thousands."""
    return f"{amount:,.0f}".replace(",", "\u202f")
