"""Who has spoken, who has not, and what became of what they said. Owns the claims of participation; refuses to count and to quote.

An empty cell is a result: it is shown as such. Counts come from `coverage`, as they may be printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.french import MOIS
from cvanalysis.paroles.quotations import NON_MONTRE, SOURCE, shorten
from cvanalysis.paroles.turnout import PAS, Coverage, count_participations, count_people

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


NATURES = {
    "debat": "Débat ou réunion d'un groupe de travail",
    "immersion": "Immersion",
    "entretien": "Entretien",
    "temoignage": "Témoignage",
    "contribution": "Contribution libre",
}


def find_participation(
    paroles: pd.DataFrame, contributions: pd.DataFrame, territory: Territory, coverage: Coverage | None = None
) -> tuple[Finding, ...]:
    """The findings of `participation.ipynb`, in reading order. An empty `paroles` gives findings that say so, without a figure."""
    coverage = coverage or count_participations(paroles, territory)
    if not coverage.personnes:
        return (_nobody(territory),)
    return (
        _crossed(coverage, "couverture-01", "qpv", "college", "Qui a parlé, dans quel quartier ?"),
        _crossed(coverage, "couverture-02", "qpv", "theme", "De quoi a-t-on parlé, dans quel quartier ?"),
        _crossed(coverage, "couverture-03", "college", "theme", "Qui a parlé de quoi ?"),
        _by_step(coverage),
        _missing(coverage),
        _levels(paroles, coverage),
        *_road(contributions, coverage),
    )


def _finding(
    coverage: Coverage,
    number: str,
    question: str,
    message: Message,
    figure: Figure,
    table: Table,
    lecture: Message | None,
    **more: Any,
) -> Finding:
    seuil = coverage.territory.seuils.personnes
    return Finding(
        id=f"participation-{number}",
        section="participation",
        question=question,
        message=message,
        sous_titre=more.pop("sous_titre", f"Prises de parole, par tranches de {PAS}, {_edition_name(coverage)}"),
        figure=figure,
        table=table,
        lecture=lecture,
        champ=f"{coverage.territory.nom}, {_edition_name(coverage)} ; une prise de parole : une personne, un thème, une étape.",
        source=SOURCE + ".",
        precautions=(
            f"Un nombre qui concerne moins de {seuil} personnes est masqué, ainsi que ceux qui permettraient de le retrouver.",
            "On ne dit pas où un groupe si petit n'a pas parlé : ce serait dire où il a parlé.",
            "Ces nombres disent qui a été entendu. Ils ne disent pas ce que pense l'ensemble des habitants.",
        ),
        exemple=coverage.exemple,
        **more,
    )


def _edition_name(coverage: Coverage) -> str:
    return f"édition « {coverage.territory.edition.nom} »"


def _nobody(territory: Territory) -> Finding:
    return Finding(
        id="participation-couverture-01",
        section="participation",
        question="Qui a parlé ?",
        message=Message("voix.personne", {"lieu": territory.nom}),
        sous_titre="Paroles recueillies",
        figure=None,
        table=None,
        lecture=None,
        champ=f"{territory.nom}.",
        source=SOURCE + ".",
        manques=(
            Manque(
                "Personne n'a encore parlé : aucune parole n'a été déposée, ou aucune ne peut être montrée ici.",
                "non_disponible",
            ),
        ),
    )


def _crossed(coverage: Coverage, number: str, one: str, two: str, question: str) -> Finding:
    rows, columns = coverage.names(one), coverage.names(two)
    face = f"{one}×{two}"
    cells = {(r, c): coverage.value(face, r, c) for r in rows for c in columns}
    silent = [rows[r] for r in rows if r and coverage.value(one, r).texte == "personne"]
    unheard = [columns[c] for c in columns if c and coverage.value(two, c).texte == "personne"]
    figure = Figure(
        "matrice",
        "Prises de parole ; « personne » : nul n'a parlé",
        tuple(Serie(rows[r], "autre", tuple(Point(columns[c], cells[r, c]) for c in columns)) for r in rows),
    )
    table = Table(
        (_HEADS[one], *columns.values(), "Ensemble"),
        (
            *((word(rows[r]), *(cells[r, c] for c in columns), coverage.value(one, r)) for r in rows),
            (word("Ensemble"), *(coverage.value(two, c) for c in columns), coverage.value("total")),
        ),
        legende="Nombres par tranches ; masqué : trop peu de personnes, ou aucune, pour qu'on le dise.",
    )
    empty = sum(v.texte == "personne" for v in cells.values())
    message = Message(
        "voix.couverture",
        {
            "cle": number,
            "vides": empty,
            "sur": len(cells),
            "silence": silent,
            "absents": unheard,
            "total": coverage.value("total"),
        },
    )
    shown = next(((r, c) for (r, c), v in cells.items() if v.dite), None)
    lecture = None
    if shown:
        lecture = Message(
            "voix.lecture_couverture", {"ligne": rows[shown[0]], "colonne": columns[shown[1]], "valeur": cells[shown]}
        )
    return _finding(coverage, number, question, message, figure, table, lecture)


_HEADS = {"qpv": "Quartier", "college": "Collège", "theme": "Thème", "sequence": "Étape"}


def _by_step(coverage: Coverage) -> Finding:
    names = coverage.names("sequence")
    values = {s: coverage.value("sequence", s) for s in names}
    figure = Figure(
        "barres",
        "Prises de parole, par tranches",
        (Serie("Prises de parole", "sujet", tuple(Point(names[s], v) for s, v in values.items())),),
    )
    table = Table(("Étape", "Prises de parole (tranche)"), tuple((word(names[s]), v) for s, v in values.items()))
    most = max((s for s in values if values[s].dite), key=lambda s: values[s].valeur, default=None)
    message = Message(
        "voix.etapes",
        {
            "etape": names[most] if most is not None else "",
            "valeur": values[most] if most is not None else Valeur(None, "masqué"),
        },
    )
    return _finding(coverage, "couverture-04", "Quand a-t-on parlé ?", message, figure, table, None)


def _missing(coverage: Coverage) -> Finding:
    """Whose voice is missing: by college and theme, in how many of the quarters it can be said that nobody has; never a count of people."""
    colleges = coverage.names("college")
    themes = {k: v for k, v in coverage.names("theme").items() if k}
    quarters = {k: v for k, v in coverage.names("qpv").items() if k}
    silent = {
        (c, t): [q for q in quarters if coverage.is_silent(qpv=q, college=c, theme=t)] for c in colleges for t in themes
    }
    cells = {key: Valeur(float(len(found)), unite="quartiers") for key, found in silent.items()}
    figure = Figure(
        "matrice",
        "Quartiers où l'on peut dire que personne de ce collège n'a parlé de ce thème",
        tuple(Serie(colleges[c], "autre", tuple(Point(themes[t], cells[c, t]) for t in themes)) for c in colleges),
    )
    table = Table(
        ("Collège", "Thème", "Quartiers où sa voix manque, au moins", "Lesquels"),
        tuple(
            (
                word(colleges[c]),
                word(themes[t]),
                cells[c, t],
                word(_list([quarters[q] for q in silent[c, t]], len(quarters))),
            )
            for c in colleges
            for t in themes
        ),
        legende="Où peu de personnes ont parlé, on ne dit pas les quartiers où leur voix manque : on saurait où elles ont parlé.",
    )
    never = [quarters[q] for q in quarters if coverage.is_silent(qpv=q)]
    absent = [colleges[c] for c in colleges if c and coverage.is_silent(college=c)]
    message = Message("voix.manquantes", {"quartiers": never, "colleges": absent, "sur": len(quarters)})
    manques = tuple(Manque(f"{name} : personne n'a encore parlé de ce quartier.", "non_disponible") for name in never)
    manques += tuple(Manque(f"{name} : ce collège n'a pas encore pris la parole.", "non_disponible") for name in absent)
    return _finding(
        coverage,
        "manques-01",
        "Quelles voix manquent ?",
        message,
        figure,
        table,
        None,
        manques=manques,
        sous_titre=f"Nombre de quartiers sans voix, par collège et par thème, {_edition_name(coverage)}",
    )


def _list(names: Sequence[str], total: int) -> str:
    return "tous" if len(names) == total else ", ".join(names) or "aucun dont on puisse le dire"


def _levels(paroles: pd.DataFrame, coverage: Coverage) -> Finding:
    """Levels of involvement: how many people by way of taking part, one by one; a person may be in several."""
    people = count_people(paroles, [(nature,) for nature in paroles["nature"]], coverage.territory)
    # Of too few people in all, the ways that none took would tell theirs.
    none = Valeur(None, texte="personne") if coverage.is_heard() else Valeur(None, "masqué", "personnes")
    values = {nature: people.get(nature, none) for nature in NATURES}
    if "immersion" not in people:  # told in the accounts of immersions, where nobody is counted
        values["immersion"] = Valeur(None, texte="comptes rendus sur les pages des thèmes")
    points = tuple(Point(NATURES[n], v) for n, v in values.items())
    figure = Figure("barres", "Personnes, par tranches", (Serie("Personnes", "sujet", points),))
    table = Table(
        ("Façon de participer", "Personnes (tranche)"), tuple((word(NATURES[n]), v) for n, v in values.items())
    )
    never = [NATURES[n].lower() for n, v in values.items() if v.texte == "personne"]
    return _finding(
        coverage,
        "niveaux-01",
        "Comment a-t-on participé ?",
        Message("voix.niveaux", {"jamais": never, "facons": sum(not v.texte for v in values.values())}),
        figure,
        table,
        None,
        sous_titre=f"Personnes, par tranches de {PAS} ; une personne peut participer de plusieurs façons",
    )


STATUTS_REPONSE = ("reçue", "prise en compte", "répondue", "écartée")


def _road(found: pd.DataFrame, coverage: Coverage) -> tuple[Finding, ...]:
    if found.empty:
        return ()
    rows = list(found.itertuples())
    labels = [
        f"{r.cite}" if list(found["cite"]).count(r.cite) == 1 else f"{r.cite} ({i})"
        for i, r in enumerate(rows, start=1)
    ]
    figure = Figure(
        "matrice",
        "Où en est chaque contribution",
        tuple(
            Serie(
                label,
                "autre",
                tuple(Point(s.capitalize(), word("oui")) for s in STATUTS_REPONSE if s == r.statut)
                or (Point("Reçue", word("oui")),),
            )
            for label, r in zip(labels, rows, strict=True)
        ),
    )
    table = Table(
        ("Constat ou engagement cité", "Reçue en", "Ce qui est dit", "Statut", "Réponse"),
        tuple(
            (
                word(r.cite),
                word(_month(r.mois)),
                word(shorten(r.texte) or NON_MONTRE),
                word(r.statut),
                word(r.reponse or "pas encore de réponse"),
            )
            for r in rows
        ),
    )
    waiting = sum(r.statut == "reçue" for r in rows)
    message = Message(
        "voix.reponses", {"contributions": len(rows), "attente": waiting, "repondues": len(rows) - waiting}
    )
    return (
        _finding(
            coverage,
            "reponses-01",
            "Que sont devenues les contributions ?",
            message,
            figure,
            table,
            None,
            sous_titre=f"Contributions qui citent un constat ou un engagement, {_edition_name(coverage)}",
        ),
    )


def _month(mois: str) -> str:
    return f"{MOIS[int(mois[5:7]) - 1]} {mois[:4]}" if mois else "sans date"
