"""Lines of all logs → the tidy table: actions named, decisions applied, shares between quarters. Owns `actions.parquet`'s columns.

- `action`: what is done, by whom: same carrier and same title (but for capitals, accents, punctuation), or decided so.
- `edition`: an action in a year. Several rows can bear it: one per funder or line of a file, and per quarter.
- amounts are those of the line, the same on each of its quarters' rows: multiply by `part` (they add up to 1 by line).
"""

from __future__ import annotations

from fnmatch import fnmatch

import numpy as np
import pandas as pd

from cvanalysis.actions.clean.duplicates import COLONNES as QUESTIONS
from cvanalysis.actions.clean.duplicates import DECISIONS, digest, exact_duplicates, merged_actions, propose
from cvanalysis.actions.clean.fields import Context
from cvanalysis.actions.clean.lines import Lines, money_of, share_of_others
from cvanalysis.actions.clean.money import CONTROLES, account, account_table, control_totals
from cvanalysis.actions.table import ACTIONS, INCONNU, MONTANTS, no_action
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.keys import carrier_key

DOUBLON, DECIDE = "doublon exact", "doublon décidé"
CONVENTION = "convention : montant total déjà compté"


def assemble(
    logs: list[Lines], context: Context, decisions: dict[tuple[str, str, str], str], anomalies: Anomalies
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Lines of all logs → the tidy table, the account, the controls, the questions."""
    money, shares = [], []
    for rank, lines in enumerate(logs):
        duplicated = _leave_duplicates_out(lines, anomalies)
        part = money_of(lines)
        shares.append(share_of_others(lines, part, anomalies))
        part["log"], part["garde"] = rank, ~duplicated[part["rang"].to_numpy()]
        money.append(part)
    if sum(map(len, money)):
        table = _join(logs, pd.concat(money, ignore_index=True), context)
        table = table[table["garde"]].reset_index(drop=True)
        known = _name_actions(table, decisions)
        _tell_without_object(decisions, known, anomalies)
        questions = propose(_plain_arrays(table))
        table = _spread(table[~_apply_decisions(table, decisions, logs)])
    else:
        table, questions = no_action(), pd.DataFrame(columns=list(QUESTIONS[:-1]))
    told = zip(logs, shares, strict=True)
    compte = account_table([row for lines, share in told for row in account(lines.rows, lines.motifs, share)])
    controls = pd.DataFrame([r for lines in logs for r in control_totals(lines.rows)], columns=list(CONTROLES))
    for row in controls[controls["ecart"].abs() >= 0.01].itertuples(index=False):
        what = f"le total du fichier s'écarte de {row.ecart:.2f} € de la somme des lignes ({row.portee})"
        anomalies.add(row.fichier, row.ligne, row.colonne, row.libelle, what, "les lignes font foi")
    return table, compte, controls, _decided(questions, decisions)


def _leave_duplicates_out(lines: Lines, anomalies: Anomalies) -> np.ndarray:
    duplicated = exact_duplicates(lines)
    lines.motifs[lines.table["position"].to_numpy()[duplicated]] = DOUBLON
    if duplicated.any():
        first = lines.table["ligne"].to_numpy()[duplicated][0]
        what = f"lignes répétées à l'identique : {int(duplicated.sum())} (la première ici)"
        anomalies.add(lines.rows.located.grid.fichier, first, "", "", what, "comptées une fois")
    return duplicated


def _tell_without_object(decisions: dict[tuple[str, str, str], str], known: set[str], anomalies: Anomalies) -> None:
    for (genre, a, b), decision in decisions.items():
        if a not in known or (b not in known and genre != "convention"):
            what, done = (
                f"décision sans objet ({decision})",
                "laissée de côté : ces lignes ne sont plus dans les journaux",
            )
            anomalies.add(DECISIONS, 0, genre, f"{a} ; {b}", what, done)


def _plain_arrays(table: pd.DataFrame) -> dict[str, np.ndarray]:
    names = ("action", "cle", "titre", "titre_cle", "porteur", "porteur_cle", "financeur", "qpv_cle", "convention")
    numbers = {name: table[name].to_numpy(dtype=float, na_value=np.nan) for name in ("annee", "montant")}
    return {name: table[name].to_numpy(dtype=object) for name in names} | numbers


def _join(logs: list[Lines], money: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Every line of money with the fields of its row, its source and the quarters of its cell."""
    offsets = np.cumsum([0, *(len(lines.table) for lines in logs)])
    fields = pd.concat([lines.table for lines in logs], ignore_index=True)
    at = money["rang"].to_numpy() + offsets[money["log"].to_numpy()]
    table = fields.iloc[at].reset_index(drop=True)
    for name in MONTANTS:
        table[name] = money[name].to_numpy()
    yearly = pd.to_numeric(money["annee"]).astype("Int16")
    table["annee"] = yearly.fillna(table["annee"])
    own = money["financeur"].isna().to_numpy()
    names = money["financeur"].fillna("")
    ids = names.map({name: context.declared.partners.get(carrier_key(name), "") for name in names.unique()})
    said = ids.map(context.declared.noms).fillna(names)
    table["financeur"] = np.where(own, table["financeur"], said)
    table["financeur_id"] = np.where(own, table["financeur_id"], ids)
    table["type_credit"] = np.where(own, table["type_credit"], money["type_credit"].fillna("").replace("", INCONNU))
    table["quartiers"] = np.concatenate([lines.quarters for lines in logs])[at]
    sources = np.array([lines.rows.located.grid.fichier for lines in logs], dtype=object)
    sheets = np.array([lines.rows.located.grid.feuille for lines in logs], dtype=object)
    examples = np.array([any(fnmatch(name, p) for p in context.territory.exemples) for name in sources], dtype=bool)
    log = money["log"].to_numpy()
    table["log"], table["garde"] = log, money["garde"].to_numpy()
    table["source"], table["feuille"], table["exemple"] = sources[log], sheets[log], examples[log]
    return table


def _name_actions(table: pd.DataFrame, decisions: dict[tuple[str, str, str], str]) -> set[str]:
    """Set `action`, `qpv_cle`, `montant` and the line's own key `cle`, from what the line says and never from its place.

    Returns every id and key that a decision may name.
    """
    (carriers, names), (titles, words) = (
        pd.factorize(table[name].to_numpy(dtype=object)) for name in ("porteur_cle", "titre_cle")
    )
    codes, pairs = pd.factorize(carriers.astype(np.int64) * (len(words) + 1) + titles)
    merged = merged_actions(decisions)
    ids = [f"A{digest(names[pair // (len(words) + 1)], words[pair % (len(words) + 1)])}" for pair in pairs.tolist()]
    table["action"] = np.array([merged.get(i, i) for i in ids], dtype=object)[codes]
    sets, distinct = pd.factorize(table["quartiers"])
    table["qpv_cle"] = np.array(["|".join(codes) for codes in distinct], dtype=object)[sets]
    table["montant"] = table["accorde"].fillna(table["demande"]).fillna(0.0)
    table["annee_texte"] = table["annee"].astype("string").fillna("?")
    words = ["action", "annee_texte", "financeur", "type_credit", "qpv_cle", "reference", "statut", "convention"]
    numbers = table[[*MONTANTS, "beneficiaires"]].fillna(-1.0)
    raw = pd.util.hash_pandas_object(table[words].assign(**{n: numbers[n] for n in numbers}), index=False).to_numpy()
    again = pd.Series(raw).groupby(raw).cumcount().to_numpy()
    table["cle"] = [
        f"L{value:016x}" + (f"-{n + 1}" if n else "") for value, n in zip(raw.tolist(), again.tolist(), strict=True)
    ]
    return {*ids, *table["cle"]} if decisions else set()


def _apply_decisions(table: pd.DataFrame, decisions: dict[tuple[str, str, str], str], logs: list[Lines]) -> np.ndarray:
    """Which lines go, by decision; their amounts are counted under that reason."""
    dropped = np.zeros(len(table), dtype=bool)
    for (genre, a, b), decision in decisions.items():
        if genre == "doublon" and decision == "doublon":
            hit, motif = (table["cle"] == b).to_numpy(), DECIDE
        elif genre == "convention" and decision == "montant total":
            same = (table["action"] == a) & (table["convention"] == b)
            hit, motif = (
                (same & (table["annee"] > table.loc[same, "annee"].min())).fillna(False).to_numpy(dtype=bool),
                CONVENTION,
            )
        else:
            continue
        for log, position in table.loc[hit, ["log", "position"]].itertuples(index=False):
            logs[log].motifs[position] = motif
        dropped |= hit
        if genre == "convention":  # the edition stays, without its money
            dropped &= ~hit
            table.loc[hit, list(MONTANTS)] = np.nan
    return dropped


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """One row per line and quarter, shares equal within the line; sorted by file, line and quarter."""
    sizes = table["quartiers"].map(len).to_numpy()
    rows = np.repeat(np.arange(len(table)), sizes)
    spread = table.iloc[rows].reset_index(drop=True)
    spread["qpv"] = [code for codes in table["quartiers"] for code in codes]
    spread["part"] = (1.0 / sizes)[rows]
    spread["edition"] = spread["action"] + "-" + spread["annee_texte"].astype("object")
    order = np.lexsort((np.arange(len(spread)), spread["ligne"].to_numpy(), spread["log"].to_numpy()))
    return spread.iloc[order].reset_index(drop=True)[list(ACTIONS)].astype(ACTIONS)


def _decided(questions: pd.DataFrame, decisions: dict[tuple[str, str, str], str]) -> pd.DataFrame:
    keys = zip(questions["genre"], questions["a"], questions["b"], strict=True)
    table = questions.assign(decision=[decisions.get(key, "") for key in keys])
    return table.astype({name: "float64" if name == "score" else "str" for name in table.columns})
