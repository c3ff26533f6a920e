"""Lines of all logs → the tidy table: actions named, decisions applied, shares between quarters. Owns `actions.parquet`'s columns.

- `action`: what is done, by whom: same carrier and same title (but for capitals, accents, punctuation), or decided so.
- `edition`: an action in a year. Several rows can bear it: one per funder or line of a file, and per quarter.
- amounts are those of the line, the same on each of its quarters' rows: multiply by `part` (they add up to 1 by line).
"""

from __future__ import annotations

from fnmatch import fnmatch
from hashlib import blake2b

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from cvanalysis.actions.clean.cells import category
from cvanalysis.actions.clean.duplicates import COLONNES as QUESTIONS
from cvanalysis.actions.clean.duplicates import DECISIONS, merged_actions, propose
from cvanalysis.actions.clean.fields import Context
from cvanalysis.actions.clean.lines import Lines, money_of, share_of_others
from cvanalysis.actions.clean.money import COLONNES, CONTROLES, account, control_totals
from cvanalysis.actions.table import ACTIONS, INCONNU, MONTANTS, no_action
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.keys import carrier_key


def assemble(
    logs: list[Lines], context: Context, decisions: dict[tuple[str, str, str], str], anomalies: Anomalies
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Lines of all logs → the tidy table, the account, the controls, the questions."""
    parts, compte, controls = [pd.DataFrame()], [], []
    shares = []
    for rank, lines in enumerate(logs):
        part = money_of(lines).assign(log=rank)
        shares.append(share_of_others(lines, part, anomalies))
        parts.append(part)
    money = pd.concat(parts, ignore_index=True)
    table, questions = no_action(), pd.DataFrame(columns=list(QUESTIONS[:-1]))
    if len(money):
        table = _join(logs, money, context)
        known = _name_actions(table, decisions)
        for (genre, a, b), decision in decisions.items():
            if a not in known or (b not in known and genre != "convention"):
                done = "laissée de côté : ces lignes ne sont plus dans les journaux"
                anomalies.add(DECISIONS, 0, genre, f"{a} ; {b}", f"décision sans objet ({decision})", done)
        questions = propose(table)
        table = _spread(table, ~_apply_decisions(table, decisions, logs))
    for lines, share in zip(logs, shares, strict=True):
        compte += account(lines.rows, lines.motifs, share)
        controls += control_totals(lines.rows)
    controles = pd.DataFrame(controls, columns=list(CONTROLES))
    for row in controles[controles["ecart"].abs() >= 0.01].itertuples(index=False):
        what = f"le total du fichier s'écarte de {row.ecart:.2f} € de la somme des lignes ({row.portee})"
        anomalies.add(row.fichier, row.ligne, row.colonne, row.libelle, what, "les lignes font foi")
    asked = zip(questions["genre"], questions["a"], questions["b"], strict=True)
    questions["decision"] = [decisions.get(question, "") for question in asked]
    questions = questions.astype({name: "float64" if name == "score" else "str" for name in questions})
    return table, pd.DataFrame(compte, columns=list(COLONNES)), controles, questions


def _join(logs: list[Lines], money: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Every line of money with the fields of its row, its source and the quarters of its cell."""
    offsets = np.cumsum([0, *(len(lines.table) for lines in logs)])
    tables = [lines.table for lines in logs]
    fields = pd.DataFrame({name: _stack([table[name] for table in tables]) for name in tables[0]}, copy=False)
    log = money["log"].to_numpy()
    table = fields.iloc[money["rang"].to_numpy() + offsets[log]].reset_index(drop=True)
    table[["log", *MONTANTS]] = money[["log", *MONTANTS]]
    table["annee"] = pd.to_numeric(money["annee"]).astype("Int16").fillna(table["annee"])
    own = money["financeur"].isna().to_numpy()
    names = money["financeur"].fillna("")
    known = {name: context.declared.partners.get(carrier_key(name), "") for name in names.unique()}
    ids, said = names.map(known), names.map({name: context.declared.noms.get(i, name) for name, i in known.items()})
    credit = money["type_credit"].fillna("").replace("", INCONNU)
    for name, theirs in {"financeur": said, "financeur_id": ids, "type_credit": credit}.items():
        table[name] = category(np.where(own, table[name], theirs))
    grids = [lines.rows.located.grid for lines in logs]
    examples = [any(fnmatch(grid.fichier, p) for p in context.territory.exemples) for grid in grids]
    table["source"] = category(np.array([grid.fichier for grid in grids], dtype=object)[log])
    table["feuille"] = category(np.array([grid.feuille for grid in grids], dtype=object)[log])
    table["exemple"] = np.array(examples)[log]
    return table


def _stack(columns: list[pd.Series]) -> pd.Series:
    """The same column of several logs, as one; words stay codes."""
    words = isinstance(columns[0].dtype, pd.CategoricalDtype)
    return pd.Series(union_categoricals(columns)) if words else pd.concat(columns, ignore_index=True)


def _name_actions(table: pd.DataFrame, decisions: dict[tuple[str, str, str], str]) -> set[str]:
    """Set `action`, `qpv_cle`, `montant` and the line's own key `cle`, from what the line says and never from its place.

    Returns every id and key that a decision may name.
    """
    carriers, titles = (table[name].cat.codes.to_numpy(dtype=np.int64) for name in ("porteur_cle", "titre_cle"))
    names, words = (table[name].cat.categories for name in ("porteur_cle", "titre_cle"))
    codes, pairs = pd.factorize(carriers * (len(words) + 1) + titles)
    merged = merged_actions(decisions)
    said = (f"{names[pair // (len(words) + 1)]}\x1f{words[pair % (len(words) + 1)]}" for pair in pairs.tolist())
    ids = [f"A{blake2b(one.encode('utf-8', 'replace'), digest_size=6).hexdigest()}" for one in said]
    table["action"] = category(np.array([merged.get(i, i) for i in ids], dtype=object)[codes])
    table["qpv_cle"] = category(table["quartiers"].to_numpy(), "|".join)
    table["montant"] = table["accorde"].fillna(table["demande"]).fillna(0.0)
    table["annee_texte"] = category(table["annee"].fillna(0).to_numpy(dtype=int), lambda year: str(year or "?"))
    words = ["action", "annee_texte", "financeur", "type_credit", "qpv_cle", "reference", "statut", "convention"]
    numbers = table[[*MONTANTS, "beneficiaires"]].fillna(-1.0)
    raw = pd.util.hash_pandas_object(pd.concat([table[words], numbers], axis=1), index=False)
    again = raw.groupby(raw).cumcount()
    table["cle"] = [f"L{value:016x}" + (f"-{n + 1}" if n else "") for value, n in zip(raw, again, strict=True)]
    return {*ids, *table["cle"]} if decisions else set()


def _apply_decisions(table: pd.DataFrame, decisions: dict[tuple[str, str, str], str], logs: list[Lines]) -> np.ndarray:
    """Which lines go, by decision; their amounts are counted under that reason."""
    dropped = np.zeros(len(table), dtype=bool)
    for (_, a, b), decision in decisions.items():
        if decision == "doublon":
            hit, motif = (table["cle"] == b).to_numpy(), "doublon décidé"
            dropped |= hit
        elif decision == "montant total":  # the edition stays, without its money
            same = (table["action"] == a) & (table["convention"] == b)
            later = table["annee"] > table.loc[same, "annee"].min()
            hit, motif = (same & later).fillna(False).to_numpy(dtype=bool), "convention : montant total déjà compté"
            dropped &= ~hit
            table.loc[hit, list(MONTANTS)] = np.nan
        else:
            continue
        for log, position in table.loc[hit, ["log", "position"]].itertuples(index=False):
            logs[log].motifs[position] = motif
    return dropped


def _spread(table: pd.DataFrame, kept: np.ndarray) -> pd.DataFrame:
    """One row per kept line and quarter, shares equal within the line; sorted by file, line and quarter.

    Each column leaves `table` as its final form is made: on 200,000 lines, both at once would be the peak of a build.
    """
    order = np.lexsort((table["ligne"].to_numpy(), table["log"].to_numpy()))
    order = order[kept[order]]
    quarters = table["quartiers"].to_numpy()
    sizes = np.array([len(codes) for codes in quarters])
    rows = np.repeat(order, sizes[order])
    made = {"qpv": category(np.array([code for line in order for code in quarters[line]], dtype=object))}
    made["part"] = (1.0 / sizes)[rows]
    table["edition"] = table["action"].astype("str") + "-" + table["annee_texte"].astype("str")
    for name in table.columns.difference(list(ACTIONS)):
        del table[name]
    columns = {
        name: pd.Series(made.pop(name) if name in made else table.pop(name).array.take(rows)).astype(kind)
        for name, kind in ACTIONS.items()
    }
    return pd.DataFrame(columns, copy=False)
