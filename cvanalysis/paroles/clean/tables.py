"""Chosen and cleaned voices → the tables that reports read. Owns numbers, attribution and citations; refuses to choose.

Whatever reaches this module may be known to the audience. What it adds (a number, a pseudonym, how closely a quotation may be attributed)
depends on those rows alone, so that nothing shows of the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

import pandas as pd

from cvanalysis.paroles.table import CONTRIBUTIONS, PAROLES, SAID


def number(rows: Iterable[dict[str, object]]) -> pd.DataFrame:
    """Sort by published content, then number: neither order nor number says anything of what was left out.

    `locuteur` comes as (file, code or '', line where there is no code) and leaves as a pseudonym.
    """

    def place(row: dict[str, object]) -> tuple[str, ...]:
        # Speakers without a code spoke once: among voices that read the same they can change places unseen.
        file, code, _ = row["locuteur"]
        speaker = hashlib.sha256(f"{file}#{code}".encode()).hexdigest() if code else ""
        return (*(str(row[c]) for c in SAID), speaker)

    order = sorted(rows, key=place)
    people: dict[object, str] = {}
    for n, row in enumerate(order, start=1):
        row["parole"] = f"P{n:05d}"
        row["locuteur"] = people.setdefault(row["locuteur"], f"L{len(people) + 1:05d}")
    frame = pd.DataFrame(order, columns=list(PAROLES[:-2]))
    return frame.astype(dict.fromkeys((c for c in frame.columns if c != "exemple"), "str") | {"exemple": "bool"})


def attribute(paroles: pd.DataFrame, seuil: int) -> pd.DataFrame:
    """Add `qpv_montre` and `qualite_montree` ('' where they would single someone out).

    Quarter and role are shown where at least `seuil` people share both on that theme; else the quarter alone where as many share it;
    else the role alone likewise; else nothing.
    """
    rows = list(paroles[["theme", "qpv", "qualite", "locuteur"]].itertuples(index=False, name=None))
    people: dict[tuple[str, ...], set[str]] = {}
    for theme, qpv, role, person in rows:
        for key in (("both", theme, qpv, role), ("quarter", theme, qpv), ("role", theme, role)):
            people.setdefault(key, set()).add(person)

    def shown(theme: str, qpv: str, role: str) -> tuple[str, str]:
        if qpv and len(people["both", theme, qpv, role]) >= seuil:
            return qpv, role
        if qpv and len(people["quarter", theme, qpv]) >= seuil:
            return qpv, ""
        return "", role if len(people["role", theme, role]) >= seuil else ""

    names = pd.DataFrame(
        [shown(*row[:3]) for row in rows], columns=["qpv_montre", "qualite_montree"], index=paroles.index, dtype="str"
    )
    return pd.concat([paroles, names], axis=1)


def heard_enough(paroles: pd.DataFrame, seuil: int) -> frozenset[tuple[str, str]]:
    """The (quarter, '') and (quarter, college) in which at least `seuil` people have spoken: elsewhere nobody is told apart."""
    people: dict[tuple[str, str], set[str]] = {}
    for qpv, college, person in paroles[["qpv", "college", "locuteur"]].itertuples(index=False, name=None):
        for key in {(qpv, ""), (qpv, college)}:
            people.setdefault(key, set()).add(person)
    return frozenset(key for key, some in people.items() if key[0] and len(some) >= seuil)


def cite(paroles: pd.DataFrame, few: Collection[str] = ()) -> pd.DataFrame:
    """The contributions that cite a finding or an engagement, one row per citation, oldest first under each.

    Under the findings of a quarter where too few have spoken (`few`), neither words nor month: one would know who it was.
    """
    citing = paroles[(paroles["constat"] != "") | (paroles["engagement"] != "")]
    rows = [
        (
            cited,
            (about := cited.split("-")[0]),
            "" if about in few else r.mois,
            r.themes,
            "" if about in few else r.texte,
            r.rapport,
            r.reponse_statut or "reçue",
            r.reponse,
            r.exemple,
        )
        for r in citing.itertuples()
        for cited in filter(None, (*r.constat.split("|"), *r.engagement.split("|")))
    ]
    frame = pd.DataFrame(rows, columns=list(CONTRIBUTIONS)).astype(
        dict.fromkeys(CONTRIBUTIONS[:-1], "str") | {"exemple": "bool"}
    )
    return frame.sort_values(["cite", "mois", "texte"], kind="stable").reset_index(drop=True)
