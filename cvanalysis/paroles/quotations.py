"""What may be quoted and how. Owns the choice of quotations, their attribution in words, and voices face to face with figures.

A quotation is attributed as `clean.tables` allows: no more closely than the threshold lets us count. Refuses to look for one
that was not cleared: a text that may not be shown is not in the tables.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.constat.make import matrix
from cvanalysis.constat.shape import Contribution, Finding, Message, Table, word
from cvanalysis.textes import block, label

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


SOURCE = label("voix.tous.source")
NON_MONTRE = label("voix.tous.non_montre")
RAPPORTS: dict[str, str] = block("voix.face_a_face.rapports")
OUI = word(label("voix.tous.oui"))

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
    roles = block("voix.qualites")
    who = [w for w in (roles[role or "autre"], territory.quartier(qpv).nom if qpv else "") if w]
    return f" ({', '.join(who)})" if who else ""


def table_of_contributions(found: pd.DataFrame, second: Iterable[str]) -> Table:
    """What became of each contribution; `second` is what the second column says of each."""
    rows = zip(found.itertuples(), second, strict=True)
    return Table(
        (),
        tuple(tuple(map(word, (r.cite, of, shorten(r.texte) or NON_MONTRE, r.statut, r.reponse))) for r, of in rows),
    )


def face(finding: Callable[..., Finding], number: str, found: pd.DataFrame, values: dict[str, object]) -> Finding:
    """Voices and figures face to face: what is said of each finding, and whether it confirms or contradicts it."""
    tally = Counter(found["rapport"])
    kinds = [RAPPORTS.get(rapport, RAPPORTS["autre"]) for rapport in found["rapport"]]
    by_cite: dict[str, set[str]] = {}
    for cite, kind in zip(found["cite"], kinds, strict=True):
        by_cite.setdefault(cite, set()).add(kind)
    figure = matrix((cite, {kind: OUI for kind in RAPPORTS.values() if kind in some}) for cite, some in by_cite.items())
    said = {"confirme": tally["confirme"], "contredit": tally["contredit"], "total": len(found)}
    message = Message("voix.face_a_face", values | said)
    return finding(number, message, figure=figure, table=table_of_contributions(found, kinds))


def shorten(text: str, longest: int = 400) -> str:
    """A text cut at a word, for a cell; the whole is for the team."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[:longest].rsplit(" ", 1)[0] + "…"
