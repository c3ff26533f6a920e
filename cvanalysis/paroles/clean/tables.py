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
    both, quarter, role = (
        paroles.groupby(["theme", *axes], sort=False)["locuteur"].transform("nunique") >= seuil
        for axes in (["qpv", "qualite"], ["qpv"], ["qualite"])
    )
    placed = (paroles["qpv"] != "") & quarter
    shown = (placed & both) | (~placed & role)
    names = {"qpv_montre": paroles["qpv"].where(placed, ""), "qualite_montree": paroles["qualite"].where(shown, "")}
    return paroles.assign(**{name: words.astype("str") for name, words in names.items()})


def heard_enough(paroles: pd.DataFrame, seuil: int) -> frozenset[tuple[str, str]]:
    """The (quarter, '') and (quarter, college) in which at least `seuil` people have spoken: elsewhere nobody is told apart."""
    placed = paroles[paroles["qpv"] != ""]
    quarters, both = (placed.groupby(axes)["locuteur"].nunique() for axes in (["qpv"], ["qpv", "college"]))
    return frozenset({*((one, "") for one in quarters.index[quarters >= seuil]), *both.index[both >= seuil]})


def cite(paroles: pd.DataFrame, few: Collection[str] = ()) -> pd.DataFrame:
    """The contributions that cite a finding or an engagement, one row per citation, oldest first under each.

    Under the findings of a quarter where too few have spoken (`few`), neither words nor month: one would know who it was.
    """
    cited = (paroles["constat"] + "|" + paroles["engagement"]).str.split("|")
    rows = paroles.assign(cite=cited).explode("cite", ignore_index=True)
    rows = rows[rows["cite"].fillna("") != ""]
    rows = rows.assign(sujet=rows["cite"].str.split("-").str[0], statut=rows["reponse_statut"].replace("", "reçue"))
    rows[["mois", "texte"]] = rows[["mois", "texte"]].mask(rows["sujet"].isin(list(few)), "")
    frame = rows[list(CONTRIBUTIONS)].astype(dict.fromkeys(CONTRIBUTIONS[:-1], "str") | {"exemple": "bool"})
    return frame.sort_values(["cite", "mois", "texte"], kind="stable").reset_index(drop=True)
