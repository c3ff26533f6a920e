"""What may be quoted and how. Owns the choice of quotations, their attribution in words, and voices face to face with figures.

A quotation is attributed as `clean.tables` allows: no more closely than the threshold lets us count. Refuses to look for one
that was not cleared: a text that may not be shown is not in the tables.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.constat.shape import Contribution, Figure, Finding, Message, Point, Serie, Table, word

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


SOURCE = "Paroles recueillies pour l'évaluation"
NON_MONTRE = "(texte non publié)"

ROLES = {
    "habitant": "habitante ou habitant",
    "professionnel": "professionnelle ou professionnel",
    "benevole": "bénévole",
    "elu": "élue ou élu",
    "autre": "",
}

TONALITES = {
    "ne_marche_pas": ("voix-02", "Qu'est-ce qui ne marche pas ?", "Ce qui ne marche pas"),
    "marche": ("voix-03", "Qu'est-ce qui marche ?", "Ce qui marche"),
    "propose": ("voix-04", "Que propose-t-on ?", "Ce qui est proposé"),
}
RAPPORTS = {"confirme": "Confirme", "contredit": "Contredit", "complete": "Complète", "interroge": "Interroge"}

CITATIONS = 2
"""Quotations under an idea: enough to hear it, too few to count who said it."""


def contributions_by_finding(contributions: pd.DataFrame) -> dict[str, tuple[Contribution, ...]]:
    """Finding or engagement → the contributions that cite it, oldest first; a text that may not be quoted is ''."""
    found: dict[str, list[Contribution]] = {}
    for row in contributions.itertuples():
        said = Contribution(
            row.cite, shorten(row.texte), RAPPORTS.get(row.rapport, ""), row.mois, row.statut, row.reponse
        )
        found.setdefault(row.cite, []).append(said)
    return {cite: tuple(said) for cite, said in found.items()}


def quote(rows: pd.DataFrame, territory: Territory) -> str:
    """At most `CITATIONS` quotations of different people, those of readable length first, joined for a cell."""
    columns = ("texte", "locuteur", "qpv_montre", "qualite_montree")
    said = [row for row in zip(*(rows[c].tolist() for c in columns), strict=True) if row[0]]
    said.sort(key=lambda row: (not 40 <= len(row[0]) <= 260, hashlib.sha256(row[0].encode()).hexdigest()))
    chosen: dict[str, tuple[str, ...]] = {}
    texts: set[str] = set()
    for row in said:
        if row[0] not in texts:
            texts.add(row[0])
            chosen.setdefault(row[1], row)
            if len(chosen) == CITATIONS:
                break
    return " ".join(f"« {shorten(text)} »{_by(territory, qpv, role)}" for text, _, qpv, role in chosen.values())


def _by(territory: Territory, qpv: str, role: str) -> str:
    who = [w for w in (ROLES[role or "autre"], territory.quartier(qpv).nom if qpv else "") if w]
    return f" ({', '.join(who)})" if who else ""


def face(finding: Callable[..., Finding], number: str, found: pd.DataFrame, values: dict[str, object]) -> Finding:
    """Voices and figures face to face: what is said of each finding, and whether it confirms or contradicts it."""
    tally = Counter(found["rapport"])
    by_cite: dict[str, set[str]] = {}
    for cite, rapport in zip(found["cite"], found["rapport"], strict=True):
        by_cite.setdefault(cite, set()).add(RAPPORTS.get(rapport, "Commente"))
    figure = Figure(
        "matrice",
        "Ce que la parole fait du constat",
        tuple(
            Serie(
                cite,
                "autre",
                tuple(Point(kind, word("oui")) for kind in (*RAPPORTS.values(), "Commente") if kind in kinds),
            )
            for cite, kinds in by_cite.items()
        ),
    )
    table = Table(
        ("Constat cité", "Rapport au constat", "Ce qui est dit", "Statut", "Réponse"),
        tuple(
            (
                word(r.cite),
                word(RAPPORTS.get(r.rapport, "Commente")),
                word(shorten(r.texte) or NON_MONTRE),
                word(r.statut),
                word(r.reponse or "pas encore de réponse"),
            )
            for r in found.itertuples()
        ),
    )
    said = {"confirme": tally["confirme"], "contredit": tally["contredit"], "total": len(found)}
    return finding(
        number,
        "Que répondent les voix aux chiffres ?",
        Message("voix.face_a_face", values | said),
        "Contributions qui citent un constat",
        figure,
        table,
    )


def shorten(text: str, longest: int = 400) -> str:
    """A text cut at a word, for a cell; the whole is for the team."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[:longest].rsplit(" ", 1)[0] + "…"
