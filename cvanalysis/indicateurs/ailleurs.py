"""Findings about the rest of France: a quarter's place among all QPV (`position`), and those most like it (`semblables`).

Owns what is drawn and said of them; percentiles and distances are those of `observation.France`. Refuses a place from a doubtful figure.
"""

from collections.abc import Iterator
from statistics import median

from cvanalysis.catalogue import Indicateur
from cvanalysis.constat.make import bars
from cvanalysis.constat.shape import Finding, Message, Table, Valeur, word
from cvanalysis.french import QUARTIER, capital, enumerate_french
from cvanalysis.indicateurs.context import Contexte
from cvanalysis.indicateurs.observation import Observation, Position, Proche
from cvanalysis.indicateurs.question import Question, short
from cvanalysis.territory.contract import Comparateur
from cvanalysis.textes import label, labels

GROUPE = "SEMBLABLES"


class Positions(Question):
    """`position`: among all the QPV of France, how many have a lower figure, indicator by indicator."""

    ensemble = dated = False

    def of_one(self) -> Finding:
        ctx = self.ctx
        places = {one: place for one in self.indicateurs if (place := self._place(one))}
        if not places:
            return self.nothing(label("quartier.position.sans"), gabarit="quartier.position_sans")
        first = max(places, key=lambda one: (one.direction != "neutre", abs(places[one].centile - 50)))
        place = places[first]
        an = short_year(ctx, first)
        values = {
            "indicateur": first.id, "nom": first.nom, "quartier": QUARTIER, "zone": self.code, "an": an, **place._asdict(),
        }  # fmt: skip
        absent = [one.nom for one in self.indicateurs if one not in places]
        quoi = label("quartier.position.manque", noms=enumerate_french(absent)) if absent else ""
        legende = label("quartier.position.sous_titre")
        marks = {capital(short(one)): Valeur(float(found.centile), unite="%") for one, found in places.items()}
        lines = (
            (
                word(capital(short(one))),
                word(short_year(ctx, one)),
                p.valeur,
                p.mediane,
                marks[capital(short(one))],
                Valeur(float(p.sur)),
            )
            for one, p in places.items()
        )
        return self.finding(
            Message("quartier.position", values),
            [row for one in places for row in told(ctx, one)],
            sous_titre=legende,
            figure=bars(label("quartier.position.axe"), ctx.sujet.nom, marks),
            table=Table(labels("quartier.position.colonnes", quartier=ctx.sujet.nom), tuple(lines), legende),
            lecture=Message("quartier.lecture_position", values),
            champ=label("quartier.position.champ"),
            manques=[quoi] if quoi else (),
        )

    def _place(self, one: Indicateur) -> Position | None:
        own = self.ctx.observations.latest(self.code, one.id)
        return self.ctx.france.position(self.code, one) if own is None or own.dite else None


class Semblables(Question):
    """`semblables`: the QPV of France nearest on the declared indicators, with the distance, and what some figures are there."""

    ensemble = dated = False

    def of_one(self) -> Finding:
        ctx, alike = self.ctx, nearest(self.ctx)
        if not alike:
            return self.nothing(label("quartier.semblables.sans"), gabarit="quartier.semblables_sans")

        def figures(code: str) -> tuple[Valeur, ...]:
            return tuple(ctx.france.value(code, one) for one in self.indicateurs)

        names = {one.code: f"{one.nom} ({one.communes})" for one in alike}
        far = {names[one.code]: Valeur(one.distance, decimales=2) for one in alike}
        each = zip(*(figures(one.code) for one in alike), strict=True)
        middle = [
            Valeur(median(known), unite=one.unite, decimales=one.decimales) if known else Valeur(None, "non_disponible")
            for one, column in zip(self.indicateurs, each, strict=True)
            for known in [[value.valeur for value in column if value.dite]]
        ]
        none = Valeur(None, "sans_objet")
        lines = (
            (word(ctx.sujet.nom), none, *figures(self.code)),
            *((word(names[one.code]), far[names[one.code]], *figures(one.code)) for one in alike),
            (word(label("quartier.semblables.milieu")), none, *middle),
        )
        values = {
            "indicateur": self.indicateur.id, "quartier": QUARTIER, "zone": self.code, "nom_proche": names[alike[0].code],
            "distance": far[names[alike[0].code]], "plus_loin": far[names[alike[-1].code]], "nombre": len(alike),
            "indicateurs": len(alike[0].indicateurs),
            "annees": enumerate_french(sorted({short_year(ctx, ctx.catalogue.indicateurs[i]) for i in alike[0].indicateurs}, key=len)),
        }  # fmt: skip
        heads = [f"{short(one)}, {short_year(ctx, one)}" for one in self.indicateurs]
        legende = label("quartier.semblables.sous_titre")
        return self.finding(
            Message("quartier.semblables", values),
            [row for one in self.indicateurs for row in told(ctx, one)],
            sous_titre=legende,
            figure=bars(label("quartier.semblables.axe"), ctx.sujet.nom, far, "autre"),
            table=Table((*labels("quartier.semblables.colonnes", **values), *heads), lines, legende),
            lecture=Message("quartier.lecture_semblables", values),
            champ=label("quartier.position.champ"),
            precautions=("semblables",),
        )


def nearest(ctx: Contexte) -> tuple[Proche, ...]:
    """The quarters of France most like this one, its doubtful figures left out."""
    latest = {i: ctx.observations.latest(ctx.quartier.code, i) for i in ctx.rules.proches["indicateurs"]}
    return ctx.france.proches(ctx.quartier.code, [i for i, row in latest.items() if row and not row.dite])


def short_year(ctx: Contexte, one: Indicateur) -> str:
    """The year of the file of all quarters, as it heads a column."""
    return next((row.instant.court for row in told(ctx, one)), ctx.france.told(one.id)[0])


def told(ctx: Contexte, one: Indicateur) -> Iterator[Observation]:
    """The quarter's figure as a file of all quarters gives it: what a source line names."""
    annee, fichier = ctx.france.told(one.id)
    for row in ctx.serie(ctx.quartier.code, one):
        if str(row.instant) == annee and row.valeur is not None:
            yield row._replace(fichier=fichier)


def group(ctx: Contexte) -> tuple[Comparateur, tuple[Observation, ...]] | None:
    """The quarters alike as a comparator: the figure in the middle of theirs, of the file's year; None where none are like this one."""
    alike = nearest(ctx)[: ctx.territory.seuils.semblables]
    found = []
    for one in ctx.catalogue.indicateurs.values() if alike else ():
        known = [value.valeur for near in alike if (value := ctx.france.value(near.code, one)).dite]
        if 2 * len(known) > len(alike) and one.genre != "effectif":
            found += [row._replace(zone=GROUPE, valeur=median(known), statut="publié") for row in told(ctx, one)]
    name = label("quartier.semblables.repere", nombre=len(alike))
    return (Comparateur(GROUPE, GROUPE, name), tuple(found)) if found else None
