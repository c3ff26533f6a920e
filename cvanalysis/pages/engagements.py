"""Progress of the engagements: fill rate first, the fact, then each college's judgement apart, then the gaps. Owns that page's findings.

Refuses to average judgements or to drop what is not filled in from a denominator.
"""

from __future__ import annotations

from cvanalysis.actions.field import NON_SU, Field, Rows
from cvanalysis.constat.make import Chapter, bars, count, leaders, make, nothing
from cvanalysis.constat.shape import Figure, Finding, Message, Point, Serie, Table, Valeur, word
from cvanalysis.engagements.progress import (
    SOURCE,
    disagreements,
    gaps_finding,
    no_engagement,
    orphans_finding,
    progress_figure,
    progress_rows,
    states,
)
from cvanalysis.engagements.table import APPRECIATIONS, AVANCEMENTS, PREFIXE
from cvanalysis.territory.contract import Territory

FAIT_ET_JUGEMENT = (
    "L'avancement est un fait que le pilote renseigne avec sa preuve ; l'appréciation d'un collège est un jugement : "
    "les deux ne se mélangent pas."
)
NON_RENSEIGNES = "Les engagements non renseignés restent dans le total."


class Engagements(Chapter):
    """Findings `engagements-…`: fill rate, progress, judgements, disagreements, gaps, actions without engagement; `liste`: all of them."""

    def __init__(self, reader: Rows, territory: Territory) -> None:
        self.field = Field(reader, territory)
        super().__init__(
            "engagements",
            {
                "couverture-01": self._fill,
                "avancement-01": self._progress,
                "avancement-02": self._pillars,
                "appreciation-01": self._judgements,
                "appreciation-02": self._disagreements,
                "ecarts-01": lambda ident: gaps_finding(ident, self.field),
                "ecarts-02": lambda ident: orphans_finding(ident, self.field),
            },
        )

    @property
    def liste(self) -> Table:
        return progress_rows(self.field.engagements, self.field)

    def _pillar(self, ident: str) -> str:
        return {p.id: p.nom for p in self.field.territory.piliers}.get(ident, ident)

    def _fill(self, ident: str) -> Finding:
        question = "Combien d'engagements sont renseignés ?"
        table = self.field.engagements
        if table.empty:
            return no_engagement(ident, question)
        filled = table["avancement"] != NON_SU
        rows, values = [], {}
        for pillar in dict.fromkeys(table["pilier"]):
            mine = table["pilier"] == pillar
            values[self._pillar(pillar)] = count(int((filled & mine).sum()), "engagements")
            proof = int(((table["preuve"] != "") & mine).sum())
            rows.append(
                (
                    word(self._pillar(pillar), "non_disponible"),
                    values[self._pillar(pillar)],
                    count(proof, "engagements"),
                    count(int(mine.sum()), "engagements"),
                )
            )
        rows.append(
            (
                word("Ensemble", "non_disponible"),
                count(int(filled.sum()), "engagements"),
                count(int((table["preuve"] != "").sum()), "engagements"),
                count(len(table), "engagements"),
            )
        )
        first = next(iter(values))
        return make(
            ident,
            question,
            Message(
                "actions.couverture",
                {"renseignes": int(filled.sum()), "total": len(table), "preuves": int((table["preuve"] != "").sum())},
            ),
            rows=[table],
            source=SOURCE,
            champ="Engagements du contrat",
            sous_titre="Nombre d'engagements dont l'avancement est renseigné, par pilier",
            figure=bars("Engagements renseignés, par pilier", "Renseignés", values),
            table=Table(("Pilier", "Avancement renseigné", "Avec une preuve", "Engagements"), tuple(rows)),
            lecture=Message(
                "actions.lecture_couverture", {"pilier": first, "valeur": values[first], "total": rows[0][3]}
            ),
            precautions=(NON_RENSEIGNES,),
        )

    def _progress(self, ident: str) -> Finding:
        question = "Où en sont les engagements ?"
        table = self.field.engagements
        if table.empty:
            return no_engagement(ident, question)
        filled, done = int((table["avancement"] != NON_SU).sum()), int((table["avancement"] == "réalisé").sum())
        values = states(table)
        return make(
            ident,
            question,
            Message(
                "actions.engagements_avancement",
                {"renseignes": filled, "total": len(table), "realises": done, "sujet": ""},
            ),
            rows=[table],
            source=SOURCE,
            champ="Engagements du contrat",
            sous_titre="Nombre d'engagements par avancement",
            figure=progress_figure(table),
            table=Table(
                ("Avancement", "Engagements", "Lesquels"),
                tuple(
                    (
                        word(state, "non_disponible"),
                        value,
                        word(", ".join(table.loc[table["avancement"] == state, "code"]) or "aucun", "non_disponible"),
                    )
                    for state, value in values.items()
                ),
            ),
            lecture=Message("actions.lecture_engagements", {"renseignes": filled, "total": len(table)}),
            precautions=(NON_RENSEIGNES, FAIT_ET_JUGEMENT),
        )

    def _pillars(self, ident: str) -> Finding:
        question = "L'avancement diffère-t-il d'un pilier à l'autre ?"
        table = self.field.engagements
        if table.empty:
            return no_engagement(ident, question)
        pillars = list(dict.fromkeys(table["pilier"]))
        sizes = {pillar: int((table["pilier"] == pillar).sum()) for pillar in pillars}
        shown = [state for state in AVANCEMENTS if (table["avancement"] == state).any()]
        numbers = {
            (p, s): int(((table["pilier"] == p) & (table["avancement"] == s)).sum()) for p in pillars for s in shown
        }
        series = tuple(
            Serie(
                self._pillar(p),
                "autre",
                tuple(Point(s.capitalize(), count(numbers[p, s], "engagements")) for s in shown),
            )
            for p in pillars
        )
        done = {p: numbers.get((p, "réalisé"), 0) for p in pillars}
        best = max(pillars, key=lambda p: (done[p] / sizes[p], p))
        return make(
            ident,
            question,
            Message("actions.piliers", {"pilier": self._pillar(best), "valeur": done[best], "total": sizes[best]}),
            rows=[table],
            source=SOURCE,
            champ="Engagements du contrat",
            sous_titre="Nombre d'engagements de chaque pilier, selon leur avancement",
            figure=Figure("matrice", "Nombre d'engagements", series),
            table=Table(
                ("Pilier", *(s.capitalize() for s in shown), "Engagements"),
                tuple(
                    (
                        word(self._pillar(p), "non_disponible"),
                        *(count(numbers[p, s], "engagements") for s in shown),
                        count(sizes[p], "engagements"),
                    )
                    for p in pillars
                ),
            ),
            lecture=Message(
                "actions.lecture_piliers",
                {"pilier": self._pillar(best), "valeur": count(done[best], "engagements"), "total": sizes[best]},
            ),
            precautions=(
                NON_RENSEIGNES,
                "Sur si peu d'engagements par pilier, un seul de plus ou de moins change la part : c'est une illustration.",
            ),
        )

    def _views(self) -> dict[str, str]:
        return {
            PREFIXE + ident: name
            for ident, name in self.field.colleges.items()
            if PREFIXE + ident in self.field.engagements.columns
        }

    def _judgements(self, ident: str) -> Finding:
        question = "Qu'en pense chaque collège ?"
        table, views = self.field.engagements, self._views()
        if table.empty:
            return no_engagement(ident, question)
        said = {name: int((table[column] != "").sum()) for column, name in views.items()}
        if not any(said.values()):
            return nothing(
                ident,
                question,
                "actions.rien_appreciations",
                {"total": len(table)},
                champ="Appréciations des collèges",
                source=SOURCE,
                quoi="Aucun collège n'a encore donné son appréciation d'un engagement.",
            )
        words = (*APPRECIATIONS, "")
        numbers = {(name, view): int((table[column] == view).sum()) for column, name in views.items() for view in words}
        most = max(said, key=lambda name: (said[name], name))
        silent = [name for name, number in said.items() if not number]
        series = tuple(
            Serie(
                name,
                "autre",
                tuple(
                    Point((view or "sans avis").capitalize(), count(numbers[name, view], "engagements"))
                    for view in words
                ),
            )
            for name in views.values()
        )
        rows = [
            (word(name, "non_disponible"), *(count(numbers[name, view], "engagements") for view in words))
            for name in views.values()
        ]
        return make(
            ident,
            question,
            Message(
                "actions.appreciations",
                {"college": leaders(said), "valeur": said[most], "total": len(table), "muets": silent},
            ),
            rows=[table],
            source=SOURCE,
            champ="Engagements du contrat, appréciés ou non",
            sous_titre="Nombre d'engagements selon l'appréciation de chaque collège",
            figure=Figure("matrice", "Nombre d'engagements", series),
            table=Table(("Collège", *(w.capitalize() for w in APPRECIATIONS), "Sans avis"), tuple(rows)),
            lecture=Message(
                "actions.lecture_appreciations",
                {"college": most, "valeur": count(said[most], "engagements"), "total": len(table)},
            ),
            precautions=(
                "Les appréciations des collèges ne se moyennent pas : chacun parle de sa place.",
                FAIT_ET_JUGEMENT,
            ),
        )

    def _disagreements(self, ident: str) -> Finding:
        question = "Sur quels engagements les collèges ne sont-ils pas d'accord ?"
        table, views = self.field.engagements, self._views()
        if table.empty:
            return no_engagement(ident, question)
        split = disagreements(table, list(views))
        compared = int((table[list(views)] != "").sum(axis=1).ge(2).sum()) if views else 0
        if split.empty:
            return nothing(
                ident,
                question,
                "actions.accords",
                {"compares": compared, "total": len(table)},
                champ="Engagements appréciés par deux collèges au moins",
                source=SOURCE,
                quoi=f"{compared} engagements sur {len(table)} ont l'avis de deux collèges au moins.",
            )
        series = tuple(
            Serie(
                row["code"],
                "autre",
                tuple(
                    Point(name, Valeur(None, "publié", texte=row[column].capitalize()))
                    for column, name in views.items()
                    if row[column]
                ),
            )
            for _, row in split.iterrows()
        )
        return make(
            ident,
            question,
            Message("actions.desaccords", {"nombre": len(split), "compares": compared, "codes": list(split["code"])}),
            rows=[table],
            source=SOURCE,
            champ="Engagements qu'un collège juge satisfaisants et un autre insatisfaisants",
            sous_titre="Appréciation de chaque collège, engagement par engagement",
            figure=Figure("matrice", "Appréciation par collège", series),
            table=Table(
                ("Engagement", "Libellé", *views.values()),
                tuple(
                    (
                        word(row["code"], "non_disponible"),
                        word(row["libelle"], "non_disponible"),
                        *(word(row[column] or "sans avis", "non_disponible") for column in views),
                    )
                    for _, row in split.iterrows()
                ),
            ),
            lecture=Message(
                "actions.lecture_desaccords", {"code": split["code"].iloc[0], "libelle": split["libelle"].iloc[0]}
            ),
            precautions=("Un désaccord est un résultat : il est montré, pas moyenné.",),
        )
