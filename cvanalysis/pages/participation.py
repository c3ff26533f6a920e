"""Who has spoken, who has not, and what became of what they said. Owns the claims of participation; refuses to count and to quote.

An empty cell is a result: it is shown as such. Counts come from `turnout`, as they may be printed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cvanalysis.catalogue import load_catalogue
from cvanalysis.constat.make import Grid, count, make, matrix, nothing
from cvanalysis.constat.shape import Finding, Message, Valeur, word
from cvanalysis.files.keys import grouped
from cvanalysis.french import month_year, named
from cvanalysis.paroles.said import NON_MONTRE, OUI, SOURCE, table_of_contributions
from cvanalysis.paroles.table import STATUTS
from cvanalysis.paroles.turnout import PAS, PERSONNE, Coverage, count_participations, count_people
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label


def find_participation(
    paroles: pd.DataFrame, contributions: pd.DataFrame, territory: Territory, engagements: Mapping[str, str] = {}
) -> tuple[Finding, ...]:
    """The findings of `participation.ipynb`, in reading order. An empty `paroles` gives findings that say so, without a figure.

    `engagements`: code → wording.
    """
    coverage = count_participations(paroles, territory)
    if not coverage.personnes:
        words = {"source": SOURCE, "section": "participation"}
        return (nothing("participation-couverture-01", "participation.personne", {"lieu": territory.nom}, **words),)
    return (
        _crossed(coverage, "couverture-01", "qpv", "college"),
        _crossed(coverage, "couverture-02", "qpv", "theme"),
        _crossed(coverage, "couverture-03", "college", "theme"),
        _by_step(coverage),
        _missing(coverage),
        _levels(paroles, coverage),
        *([_road(contributions, coverage, engagements)] if len(contributions) else []),
    )


def _finding(coverage: Coverage, number: str, gabarit: str, values: Mapping[str, Any], **parts: Any) -> Finding:
    t = coverage.territory
    common = {"territoire": t.nom, "edition": t.edition.nom, "seuil": t.seuils.personnes, "pas": PAS}
    return make(
        f"participation-{number}",
        Message(f"participation.{gabarit}", {**values, **common}),
        section="participation",
        source=SOURCE,
        exemple=coverage.exemple,
        **parts,
    )


def _silent(coverage: Coverage, axe: str) -> list[str]:
    """The names of those of an axis of which it can be said that they have not spoken at all."""
    return [name for one, name in coverage.names(axe).items() if one and coverage.value(axe, one).texte == PERSONNE]


def _crossed(coverage: Coverage, number: str, one: str, two: str) -> Finding:
    rows, columns = coverage.names(one), coverage.names(two)
    cells = {(r, c): coverage.value(f"{one}×{two}", r, c) for r in rows for c in columns}
    axes = block("participation.axes")
    lines = {rows[r]: [*(cells[r, c] for c in columns), coverage.value(one, r)] for r in rows}
    lines[axes["ensemble"]] = [*(coverage.value(two, c) for c in columns), coverage.value("total")]
    titles = (axes[one], *columns.values(), axes["ensemble"])
    declared = [(r, c) for r, c in cells if r and c]
    values = {
        "cle": number,
        "vides": sum(cells[place].texte == PERSONNE for place in declared),
        "entendus": sum(coverage.is_heard(**{one: r, two: c}) for r, c in declared),
        "sur": len(declared),
        "silence": _silent(coverage, one),
        "absents": _silent(coverage, two),
        "tous": _all_heard(coverage),
    }
    lecture = None
    if shown := next((place for place, value in cells.items() if value.dite), None):
        where = {"ligne": rows[shown[0]], "colonne": columns[shown[1]], "valeur": cells[shown]}
        lecture = Message("participation.lecture_couverture", where)
    return _finding(
        coverage,
        number,
        "couverture",
        values,
        question=label(f"participation.couverture.{number}.question"),
        figure=matrix((name, {columns[c]: cells[r, c] for c in columns}) for r, name in rows.items()),
        table=Grid("matrice", lines, colonnes=titles).table(),
        lecture=lecture,
    )


def _by_step(coverage: Coverage) -> Finding:
    values = {name: coverage.value("sequence", step) for step, name in coverage.names("sequence").items()}
    said = dict(zip(("etapes", "valeur"), _most(values), strict=True))
    grid = Grid("barres", {name: [value] for name, value in values.items()})
    return _finding(coverage, "couverture-04", "etapes", said, grid=grid)


def _most(values: Mapping[str, Valeur]) -> tuple[list[str], Valeur]:
    """Those that have the highest count, in order, and it; none where no count may be told."""
    known = {name: value for name, value in values.items() if value.dite}
    most = max(known.values(), key=lambda value: value.valeur, default=Valeur(None, "masqué"))
    return [name for name, value in known.items() if value.valeur == most.valeur], most


def _all_heard(coverage: Coverage) -> bool:
    """Whether it can be said of each quarter and each college that it has spoken."""
    return all(coverage.is_heard(**{axe: one}) for axe in ("qpv", "college") for one in coverage.names(axe) if one)


def _missing(coverage: Coverage) -> Finding:
    """Whose voice is missing: by college and theme, in how many of the quarters it can be said that nobody has; never a count of people."""
    colleges = coverage.names("college")
    themes, quarters = ({k: v for k, v in coverage.names(axe).items() if k} for axe in ("theme", "qpv"))
    silent = {
        (c, t): [name for q, name in quarters.items() if coverage.is_silent(qpv=q, college=c, theme=t)]
        for c in colleges
        for t in themes
    }
    texts = block("participation.manquantes")
    # Colleges and themes of which the same quarters have not heard are told together.
    by_college = grouped(((c, tuple(names)), t) for (c, t), names in silent.items())
    together = grouped(((names, tuple(some)), c) for (c, names), some in by_college.items())

    def told(some: Sequence[str], all_of: Mapping[str, str]) -> str:
        return texts["tous"] if len(some) == len(all_of) else ", ".join(all_of[one] for one in some)

    lines = []
    for (names, about), some in together.items():
        where = texts["tous"] if len(names) == len(quarters) else ", ".join(names) or texts["aucun"]
        lines.append((told(some, colleges), told(about, themes), count(len(names), "quartiers"), where))
    never = [name for q, name in quarters.items() if coverage.is_silent(qpv=q)]
    absent = [name for c, name in colleges.items() if c and coverage.is_silent(college=c)]
    lacks = [texts[of].format(nom=name) for of, names in (("quartier", never), ("college", absent)) for name in names]
    return _finding(
        coverage,
        "manques-01",
        "manquantes",
        {"quartiers": never, "colleges": absent, "sur": len(quarters), "tous": _all_heard(coverage)},
        figure=matrix(
            (name, {themes[t]: count(len(silent[c, t]), "quartiers") for t in themes}) for c, name in colleges.items()
        ),
        table=lines,
        manques=lacks,
    )


def _levels(paroles: pd.DataFrame, coverage: Coverage) -> Finding:
    """Levels of involvement: how many people by way of taking part, one by one; a person may be in several."""
    people = count_people(paroles, [(nature,) for nature in paroles["nature"]], coverage.territory)
    # Of too few people in all, the ways that none took would tell theirs.
    none = word(PERSONNE) if coverage.is_heard() else Valeur(None, "masqué", "personnes")
    ways = block("participation.niveaux.facons")
    # Immersions are told in their accounts, where nobody is counted.
    told = people | {"immersion": people.get("immersion", word(label("participation.niveaux.immersions")))}
    values = {name: told.get(nature, none) for nature, name in ways.items()}
    most, value = _most(values)
    said = {
        "plus": [name.lower() for name in most],
        "valeur": value,
        "jamais": [name.lower() for name, value in values.items() if value.texte == PERSONNE],
        "facons": sum(value.dite for value in values.values()),
    }
    grid = Grid("barres", {name: [value] for name, value in values.items()})
    return _finding(coverage, "niveaux-01", "niveaux", said, grid=grid)


def _road(found: pd.DataFrame, coverage: Coverage, engagements: Mapping[str, str]) -> Finding:
    words = [f"{i}. {texte or label(NON_MONTRE)}" for i, texte in enumerate(found["texte"], start=1)]
    names = [named(cite, said) for cite, said in zip(found["cite"], words, strict=True)]
    states = [status if status in STATUTS else STATUTS[0] for status in found["statut"]]
    waiting, yes = int((found["statut"] == STATUTS[0]).sum()), word(label(OUI))
    months = [month_year(month) or label("participation.reponses.sans_date") for month in found["mois"]]
    cited = [named(cite, about(cite, coverage.territory, engagements)) for cite in found["cite"]]
    return _finding(
        coverage,
        "reponses-01",
        "reponses",
        {"contributions": len(found), "attente": waiting, "repondues": len(found) - waiting},
        figure=matrix((name, {state.capitalize(): yes}) for name, state in zip(names, states, strict=True)),
        table=table_of_contributions(found.assign(cite=cited), months),
    )


def about(cite: str, territory: Territory, engagements: Mapping[str, str]) -> str:
    """What a finding asks, of which quarter or theme; what an engagement says; '' where the code is nobody's."""
    places = {q.code: q.nom for q in territory.quartiers} | {t.id: t.nom for t in territory.themes}
    place = next((one for one in places if cite.startswith(f"{one}-")), "")
    asked = {one.numero: one.question for one in load_catalogue().constats}.get(cite.removeprefix(f"{place}-"), "")
    return "\u00a0: ".join(filter(None, (places.get(place, ""), asked or engagements.get(cite, ""))))
