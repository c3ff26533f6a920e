"""Rows of one log → lines of money in our words: one per action, year and funder. Owns what a line is, and what is left out of it.

Refuses to read a field (`fields` does), to compare lines (`duplicates`) and to spread them over quarters (`assemble`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cvanalysis.actions.clean.cells import category, constant, other_aid
from cvanalysis.actions.clean.duplicates import exact_duplicates
from cvanalysis.actions.clean.fields import Context, FieldReader
from cvanalysis.actions.clean.rows import ACTION, LogRows
from cvanalysis.actions.table import MONTANTS, NON_RENSEIGNE, TERMINE
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.keys import commune_key, departement_of
from cvanalysis.files.numbers import decode_numbers

AUTRE_CONTRAT, SANS_CONTRAT = "autre contrat de ville", "contrat de ville non renseigné"
DOUBLON = "doublon exact"
AUTRE_AIDE = "prêt, garantie ou aide en nature"
AUTRE_PROGRAMME, AUTRE_COMMUNE = "autre programme budgétaire", "porteur d'une autre commune"


@dataclass(frozen=True, slots=True)
class Lines:
    """`table`: one row per action row of the log (`position` in the log's rows), `quartiers` the codes of its cell of quarters.

    `motifs` has one entry per row of the log: '' for a row kept, else why it is not (its kind, another contract).
    """

    rows: LogRows
    table: pd.DataFrame
    motifs: np.ndarray


def read_lines(rows: LogRows, context: Context, anomalies: Anomalies) -> Lines:
    """The lines of one log. Amounts stay in `rows.montants`, at their position."""
    count = len(rows.lignes)
    motifs = np.where(rows.natures == ACTION, "", rows.natures).astype(object)
    champs = dict(rows.champs)
    reader = FieldReader(rows, context, anomalies, champs, count)
    _leave_others_out(reader, motifs)
    made: dict[str, Any] = {"position": np.arange(count), "ligne": rows.lignes}
    made["titre"], made["titre_cle"] = reader.titles()
    made["porteur"], made["porteur_cle"], made["partenaire"], made["siren"] = reader.carriers()
    made["annee"] = reader.years()
    made["theme"], made["pilier"] = reader.themes()
    made["financeur"], made["financeur_id"], made["type_credit"] = reader.funders()
    made["versement"] = reader.instalments()
    made["statut"] = reader.statuses()
    made["statut"][made["versement"] & (made["statut"] == NON_RENSEIGNE)] = TERMINE
    made["beneficiaires"] = reader.counts()
    made["engagements"] = reader.engagements()
    made |= {name: reader.field(name).map(str.strip) for name in ("public", "convention", "reference")}
    shares = reader.field("part")
    made["part_dite"] = decode_numbers(list(shares.words)).valeurs[shares.codes]
    quarters = reader.quarters()
    reader.amounts()
    double = exact_duplicates(rows, quarters, motifs == "")
    motifs[double] = DOUBLON
    reader.tell_rows("", double, "lignes répétées à l'identique", "comptées une fois", " : {} (la première ici)")
    keep = motifs == ""
    words = {name: category(cells) if cells.dtype == object else cells for name, cells in made.items()}
    table = pd.DataFrame(words | {"quartiers": quarters})[keep].reset_index(drop=True)
    read = replace(rows, champs={}, autres=dict.fromkeys(rows.autres, constant("", 0)))  # their words are in the table
    return Lines(read, table, motifs)


def _leave_others_out(reader: FieldReader, motifs: np.ndarray) -> None:
    """Rows of other contracts, programmes or communes in a file larger than the territory: not ours, and no anomaly.

    A code of contract says it best; without one, the commune of the carrier does, then its département.
    """
    territory, known = reader.context.territory, reader.rows.located.format

    def leave(field: str, ours: Callable[[str], bool], motif: str) -> None:
        motifs[(motifs == "") & ~reader.champs[field].map(ours, bool)] = motif

    if "nature" in reader.champs:
        leave("nature", lambda word: not other_aid(word), AUTRE_AIDE)
        if (apart := int((motifs == AUTRE_AIDE).sum())) > 0:
            done = f"{apart} lignes mises à part : ni subvention accordée, ni action"
            reader.anomalies.add(reader.fichier, 0, "nature", "", AUTRE_AIDE, done)
    if known is not None and known.programme and "programme" in reader.champs:
        leave("programme", lambda word: known.programme in word, AUTRE_PROGRAMME)
    if "contrat" in reader.champs:
        if known is not None:
            leave("contrat", lambda word: bool(word.strip()), SANS_CONTRAT)
        leave("contrat", lambda word: not word.strip() or territory.code_contrat in word, AUTRE_CONTRAT)
    else:
        if "commune" in reader.champs:
            places = reader.context.communes
            # A declared column may be blank for who is from here; in a published list, a blank says nothing of ours.

            def from_here(word: str) -> bool:
                return commune_key(word) in places or (known is None and not word.strip())

            leave("commune", from_here, AUTRE_COMMUNE)
        if "departement" in reader.champs:
            starts = {departement_of(commune.code) for commune in territory.communes}
            leave("departement", lambda word: departement_of(word) in ("", *starts), AUTRE_COMMUNE)
            if "commune" not in reader.champs and (motifs == "").any():
                told = "lignes du département gardées : certaines peuvent être celles d'un autre contrat"
                reader.anomalies.add(reader.fichier, 0, "commune", "", "ni contrat ni commune dans ce fichier", told)
    reader.kept = motifs == ""


def money_of(lines: Lines) -> pd.DataFrame:
    """Amounts by line and funder: `rang` (of the line in `lines.table`), `financeur, type_credit, annee, demande, accorde, paye`.

    A line whose amounts stand in one column per funder (or per year) gives one row for each that has an amount; `financeur` is None,
    and `annee` is blank, where the line's own is meant.
    """
    positions = lines.table["position"].to_numpy()
    empty = pd.DataFrame(np.nan, index=range(len(positions)), columns=list(MONTANTS))
    groups = {("", "", ""): empty.copy()}
    for column in lines.rows.montants:
        if column.champ in MONTANTS:
            key = (column.financeur, column.type_credit, column.annee) if column.propre else ("", "", "")
            group = groups.setdefault(key, empty.copy())
            group[column.champ] = group[column.champ].add(column.valeurs[positions], fill_value=0.0)
    own, *parts = [
        group.assign(financeur=funder or None, type_credit=credit if funder else None, annee=year)
        for (funder, credit, year), group in groups.items()
    ]
    parts = [part.dropna(how="all", subset=list(MONTANTS)) for part in parts]
    funded = own.index.isin(pd.concat([own[:0], *parts]).index)
    own = own[own[list(MONTANTS)].notna().any(axis=1) | ~funded]
    made = pd.concat([own, *parts]).sort_index(kind="stable").reset_index(names="rang")
    if not any(column.champ == "paye" for column in lines.rows.montants):  # its amounts are what was paid of one grant
        paid = lines.table["versement"].to_numpy()[made["rang"]]
        made["paye"] = made["accorde"].where(paid, made["paye"])
        made["accorde"] = made["accorde"].mask(paid)
    return made


def share_of_others(lines: Lines, money: pd.DataFrame, anomalies: Anomalies) -> np.ndarray | None:
    """Euros of each row of the log that go to the other beneficiaries of its convention; `money` is reduced accordingly.

    `part` is trusted only where rows of one convention bear the same amount, different carriers, and shares that add up to 1: many
    publishers put there another percentage.
    """
    said = lines.table["part_dite"]
    if said.isna().all():
        return None
    part = said.mask(said > 1, said / 100)
    amount = money.groupby("rang")["accorde"].first().reindex(lines.table.index)
    frame = lines.table.assign(part=part, montant=amount)
    keys = ["financeur", "reference", "annee", "montant"]
    grouped = frame[part.notna() & (frame["reference"] != "")].groupby(keys, dropna=False)
    total, carriers = grouped["part"].transform("sum"), grouped["porteur_cle"].transform("nunique")
    split = ((carriers > 1) & ((total - 1).abs() < 0.02)).reindex(frame.index, fill_value=False)
    odd = (part < 0.995) & ~split
    if odd.any():
        what = f"part de subvention inférieure à 1 sans autre bénéficiaire ({int(odd.sum())} lignes)"
        first, fichier = frame.loc[odd, "ligne"].iloc[0], lines.rows.located.grid.fichier
        anomalies.add(fichier, first, "part", "", what, "montant gardé en entier")
    if not split.any():
        return None
    shared = np.zeros(len(lines.rows.lignes))
    shared[frame.loc[split, "position"]] = (amount * (1 - part))[split]
    money["accorde"] *= part.where(split, 1.0).loc[money["rang"]].to_numpy()
    return shared
