"""Rows of a log → its lines of money, one per action, year and funder; those of all logs → `actions.parquet`, whose columns it owns.

- `action`: what is done, by whom: same carrier and same title (but for capitals, accents, punctuation, the year of its edition), or
  decided so.
- `edition`: an action in a year. Several rows can bear it: one per funder or line of a file, and per quarter.
- amounts are those of the line, the same on each of its quarters' rows: multiply by `part` (they add up to 1 by line).
- the account: each amount that was read is kept, or counted under the reason why it is not, in whole ten-thousandths of a euro.

Refuses to read a field (`fields` does) and to compare lines (`duplicates`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from cvanalysis.actions.clean.cells import category, constant, other_aid, read_siren
from cvanalysis.actions.clean.duplicates import COLONNES as QUESTIONS
from cvanalysis.actions.clean.duplicates import DECISIONS, Question, exact_duplicates, name_actions, propose
from cvanalysis.actions.clean.fields import Context, FieldReader
from cvanalysis.actions.clean.rows import ACTION, ORPHELIN, PIED, TOTAL, LogRows
from cvanalysis.actions.table import ACTIONS, INCONNU, MONTANTS, NON_RENSEIGNE, TERMINE
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.keys import carrier_key, commune_key, departement_of
from cvanalysis.files.numbers import decode_numbers
from cvanalysis.personnes.masking import mask_words

COLONNES = ("fichier", "feuille", "colonne", "champ", "motif", "cellules", "montant")
CONTROLES = ("fichier", "feuille", "ligne", "libelle", "colonne", "total_lu", "portee", "somme_lignes", "ecart")
RETENU, LU, ILLISIBLE = "retenu", "lu", "illisible"
_HORS_CHAMP = {"rappel": "montant d'une autre année", "total_convention": "montant total d'une convention"}
SANS_LIEN = "rien ne la rattache au contrat"
AUTRE_AIDE, AUTRE_COMMUNE = "prêt, garantie ou aide en nature", "porteur d'une autre commune"


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
    reader = FieldReader(rows, context, anomalies)
    done = "compté à part, dans aucune action ; écrivez l'action ou le porteur sur sa ligne"
    reader.tell_rows("", rows.natures == ORPHELIN, ORPHELIN, done)
    alone = (rows.natures == PIED) & (rows.libelles != "")
    done = "prise pour un titre ou un pied de tableau, et non pour une action"
    reader.tell_rows("", alone, "ligne d'une seule cellule remplie, sans montant", done)
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
    motifs[double] = "doublon exact"
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
            many = "lignes mises" if apart > 1 else "ligne mise"
            done = f"{apart} {many} à part : ni subvention accordée, ni action"
            reader.anomalies.add(reader.fichier, 0, "nature", "", AUTRE_AIDE, done)
    if known is not None and known.programme and "programme" in reader.champs:
        leave("programme", lambda word: known.programme in word, "autre programme budgétaire")
    if "contrat" in reader.champs:
        if known is not None:
            leave("contrat", lambda word: bool(word.strip()), "contrat de ville non renseigné")
        leave("contrat", lambda word: not word.strip() or territory.code_contrat in word, "autre contrat de ville")
    else:
        if "commune" in reader.champs:
            # A declared column may be blank for who is from here; in a published list, a blank says nothing of ours.
            places, blank = reader.context.communes, known is None
            leave("commune", lambda w: commune_key(w) in places or (blank and not w.strip()), AUTRE_COMMUNE)
        if "departement" in reader.champs:
            starts = {departement_of(commune.code) for commune in territory.communes}
            leave("departement", lambda word: departement_of(word) in ("", *starts), AUTRE_COMMUNE)
            if "commune" not in reader.champs and (motifs == "").any():
                told = "lignes du département gardées : certaines peuvent être celles d'un autre contrat"
                reader.anomalies.add(reader.fichier, 0, "commune", "", "ni contrat ni commune dans ce fichier", told)
        if known is not None and known.nationale:
            _leave_untied(reader, motifs, not {"commune", "departement"} & reader.champs.keys())
    reader.kept = motifs == ""


def _leave_untied(reader: FieldReader, motifs: np.ndarray, alone: bool) -> None:
    """Rows of a list of the whole country that bear the code of another contract's quarter; `alone`, all that nothing ties to ours."""
    context, quarters = reader.context, reader.field("qpv")
    motifs[(motifs == "") & quarters.map(context.is_elsewhere, bool)] = "quartier d'un autre contrat"
    if not alone or ("qpv" in reader.champs and not reader.rows.located.format.programme):
        return  # a split by quarter: « NR » may be ours
    tied = reader.field("porteur").map(lambda word: carrier_key(word) in reader.declared.partners, bool)
    tied |= reader.field("siret").map(lambda word: read_siren(word)[0] in reader.declared.sirens, bool)
    tied |= quarters.map(lambda word: any(code in context.quartiers for code in context.quarters_of(word)), bool)
    untied = (motifs == "") & ~tied
    motifs[untied] = SANS_LIEN
    paste = f'[[actions]] fichier = "{reader.fichier}", reconnu = true, [actions.constantes] contrat = "{context.territory.code_contrat}"'
    done = f"laissées de côté ; si toute la liste est celle de votre contrat, écrivez dans contrat.toml : {paste}"
    reader.tell_rows("", untied, "liste de tout le pays : rien ne rattache ces lignes au contrat", done, " ({} lignes)")


def money_of(lines: Lines) -> pd.DataFrame:
    """Amounts by line and funder: `rang` (of the line in `lines.table`), `financeur, type_credit, annee, demande, accorde, paye`.

    A line whose amounts stand in one column per funder, year or quarter gives one row for each that has an amount; `financeur` is None,
    `annee` and `quartier` are blank, where the line's own is meant.
    """
    positions = lines.table["position"].to_numpy()
    empty = pd.DataFrame(np.nan, index=range(len(positions)), columns=list(MONTANTS))
    groups = {("", "", "", ""): empty.copy()}
    for column in lines.rows.montants:
        if column.champ in MONTANTS:
            own = column.financeur or column.annee or column.quartier  # apart from those of the row
            key = (column.financeur, column.type_credit, column.annee, column.quartier) if own else ("", "", "", "")
            group = groups.setdefault(key, empty.copy())
            group[column.champ] = group[column.champ].add(column.valeurs[positions], fill_value=0.0)
    own, *parts = [
        group.assign(financeur=funder or None, type_credit=credit if funder else None, annee=year, quartier=quarter)
        for (funder, credit, year, quarter), group in groups.items()
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


def assemble(
    logs: list[Lines], context: Context, decisions: dict[Question, str], anomalies: Anomalies
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Lines of all logs → the tidy table, the account, the controls, the questions; `logs` is emptied."""
    parts = [money_of(lines).assign(log=rank) for rank, lines in enumerate(logs)]
    shares = [share_of_others(*pair, anomalies) for pair in zip(logs, parts, strict=True)]
    money = pd.concat([pd.DataFrame(), *parts], ignore_index=True)
    del parts
    compte, controls = [], []
    table = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in ACTIONS.items()})
    questions = pd.DataFrame(columns=list(QUESTIONS[:-1]))
    if len(money):
        table = _join(logs, money, context)
        del money  # the table has it: `_spread` is the peak of a build
        known = _name_actions(table, decisions, anomalies)
        for (genre, a, b), decision in decisions.items():
            if a not in known or (b not in known and genre != "convention"):
                done = "laissée de côté : ces lignes ne sont plus dans les journaux"
                anomalies.add(DECISIONS, 0, genre, f"{a} ; {b}", f"décision sans objet ({decision})", done)
        questions = propose(table)
        dropped = _apply_decisions(table, decisions, logs)
        logs[:] = [replace(one, table=pd.DataFrame(), rows=replace(one.rows, champs={}, autres={})) for one in logs]
        table = _spread(table, ~dropped)
    for lines, share in zip(logs, shares, strict=True):
        compte += account(lines.rows, lines.motifs, share)
        controls += control_totals(lines.rows)
    controles = pd.DataFrame(controls, columns=list(CONTROLES))
    for row in controles[controles["ecart"].abs() >= 0.01].itertuples(index=False):
        gap = f"{row.ecart:.2f}".replace(".", ",")
        what = f"le total du fichier s'écarte de {gap} € de la somme des lignes ({row.portee})"
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
    quarters = money["quartier"].map({word: context.quarters_of(word) for word in money["quartier"].unique()})
    table["quartiers"] = table["quartiers"].mask(money["quartier"] != "", quarters)
    own = money["financeur"].isna().to_numpy()
    names = money["financeur"].fillna("")
    known = {name: context.declared.partners.get(carrier_key(name), "") for name in names.unique()}
    ids, said = names.map(known), names.map({name: context.declared.noms.get(i, name) for name, i in known.items()})
    credit = money["type_credit"].fillna("").replace("", INCONNU)
    for name, theirs in {"financeur": said, "financeur_id": ids, "type_credit": credit}.items():
        table[name] = category(np.where(own, table[name], theirs))
    grids = [lines.rows.located.grid for lines in logs]
    examples = [context.territory.invents(grid.fichier) for grid in grids]
    table["source"] = category(np.array([grid.fichier for grid in grids], dtype=object)[log])
    table["feuille"] = category(np.array([grid.feuille for grid in grids], dtype=object)[log])
    table["exemple"] = np.array(examples)[log]
    return table


def _stack(columns: list[pd.Series]) -> pd.Series:
    """The same column of several logs, as one; words stay codes."""
    words = isinstance(columns[0].dtype, pd.CategoricalDtype)
    return pd.Series(union_categoricals(columns)) if words else pd.concat(columns, ignore_index=True)


def _name_actions(table: pd.DataFrame, decisions: dict[Question, str], anomalies: Anomalies) -> set[str]:
    """Set `action`, `qpv_cle`, `montant` and the line's own key `cle`, from what the line says and never from its place.

    Returns every id and key that a decision may name.
    """
    carriers, titles = (table[name].cat.codes.to_numpy(dtype=np.int64) for name in ("porteur_cle", "titre_cle"))
    names, words = (table[name].cat.categories for name in ("porteur_cle", "titre_cle"))
    codes, pairs = pd.factorize(carriers * (len(words) + 1) + titles)
    said = [f"{names[pair // (len(words) + 1)]}\x1f{words[pair % (len(words) + 1)]}" for pair in pairs.tolist()]
    spans = table["annee"].astype("float64").groupby(codes).agg(["min", "max"]).itertuples(index=False, name=None)
    ids, known = name_actions(said, spans, decisions, anomalies)
    table["action"] = category(np.array(ids, dtype=object)[codes])
    table["qpv_cle"] = category(table["quartiers"].to_numpy(), "|".join)
    table["montant"] = table["accorde"].fillna(table["demande"]).fillna(0.0)
    table["annee_texte"] = category(table["annee"].fillna(0).to_numpy(dtype=int), lambda year: str(year or "?"))
    words = ["action", "annee_texte", "financeur", "type_credit", "qpv_cle", "reference", "statut", "convention"]
    numbers = table[[*MONTANTS, "beneficiaires"]].fillna(-1.0)
    raw = pd.util.hash_pandas_object(pd.concat([table[words], numbers], axis=1), index=False)
    again = raw.groupby(raw).cumcount()
    table["cle"] = [f"L{value:016x}" + (f"-{n + 1}" if n else "") for value, n in zip(raw, again, strict=True)]
    return known.union(table["cle"]) if decisions else set()


def _apply_decisions(table: pd.DataFrame, decisions: dict[Question, str], logs: list[Lines]) -> np.ndarray:
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


def account(rows: LogRows, motifs: np.ndarray, shared: np.ndarray | None = None) -> list[tuple]:
    """Rows of the account of one sheet: for each column of amounts, what was read, then what became of it.

    `motifs` has one entry per row of the sheet ('' where its amounts are kept). `shared`: per row, the part of its amount that is
    another beneficiary's, in euros.
    """
    made, grid = [], rows.located.grid
    for column in rows.montants:
        reasons = np.where(motifs == "", _HORS_CHAMP.get(column.champ, RETENU), motifs).astype(object)
        filled = ~np.isnan(column.valeurs)
        units = pd.Series(to_units(column.valeurs))[filled]
        told = units.groupby(reasons[filled]).agg(["size", "sum"])
        found = {reason: (count, total) for reason, count, total in told.itertuples(name=None)}
        if shared is not None and column.champ == "accorde":
            taken = to_units(np.where((motifs == "") & filled, shared, 0.0)).sum()
            if taken:
                count, total = found[RETENU]
                found[RETENU] = (count, total - taken)
                found["part d'autres bénéficiaires de la convention"] = (0, taken)
        lines = [(LU, len(units), units.sum()), *((reason, *found[reason]) for reason in sorted(found))]
        if wrong := column.mauvais[motifs == ""].sum():
            lines.append((ILLISIBLE, wrong, 0))
        place = (grid.fichier, grid.feuille, mask_words(column.colonne), column.champ)
        made += [(*place, reason, int(count), total / 1e4) for reason, count, total in lines]
    return made


def to_units(values: np.ndarray) -> np.ndarray:
    """Ten-thousandths of a euro, whole; 0 for a missing amount."""
    return np.rint(np.nan_to_num(values) * 1e4).astype(np.int64)


def control_totals(rows: LogRows) -> list[tuple]:
    """Each total that the file bears against the rows that it may sum: since a total before it, up to the one after it, or all.

    The nearest is taken (`portee`); `ecart` is the file's total minus our sum of the rows as read, duplicates included.
    """
    totals = np.flatnonzero(rows.natures == TOTAL)
    made, grid = [], rows.located.grid
    for column in rows.montants:
        if column.champ not in MONTANTS:
            continue
        units = to_units(column.valeurs)
        running = np.cumsum(np.where(rows.natures == ACTION, units, 0))
        starts = [0]
        for position in totals[~np.isnan(column.valeurs[totals])]:
            read, here = units[position], running[position]
            since = here - np.array(starts)
            spans = {
                "depuis le total précédent": since[-1],
                "depuis un total plus haut": since[np.abs(read - since).argmin()],
                "toutes les lignes": running[-1],
                "jusqu'au total suivant": running[min(totals[totals > position], default=-1)] - here,
            }
            portee, total = min(spans.items(), key=lambda item: abs(read - item[1]))
            where = (grid.fichier, grid.feuille, int(rows.lignes[position]), mask_words(str(rows.libelles[position])))
            made.append((*where, mask_words(column.colonne), read / 1e4, portee, total / 1e4, (read - total) / 1e4))
            starts.append(here)
    return made


def unbalanced(compte: pd.DataFrame) -> pd.DataFrame:
    """Columns whose kept and excluded amounts do not add up to what was read: always empty, and tested to be."""
    signed = compte["montant"].where(compte["motif"] == LU, -compte["montant"])
    gap = signed.groupby([compte[name] for name in ("fichier", "feuille", "colonne")]).sum().round(4)
    return gap[gap != 0].rename("ecart").reset_index()
