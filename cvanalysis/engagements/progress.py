"""Gaps around the engagements: without action, without evidence, with an old one; and actions without engagement.

Refuses to call a gap a fault: an engagement can have been kept by other means than the actions of the logs.
"""

from typing import Any

import pandas as pd

from cvanalysis.actions.field import JOURNAUX, Field
from cvanalysis.actions.reach import best_title
from cvanalysis.actions.table import NON_RENSEIGNE
from cvanalysis.constat.make import bars, count, make, nothing, source_of
from cvanalysis.constat.shape import Finding, Message, Table, Valeur, row
from cvanalysis.engagements.table import AVANCEMENTS
from cvanalysis.files.keys import split_list
from cvanalysis.french import french_date
from cvanalysis.textes import label, labels

SOURCE = "actions.avancement.source"


def no_engagement(ident: str, question: str) -> Finding:
    """The claim where no engagement is declared at all."""
    return nothing(ident, "actions.rien_engagements", {"sujet": "ce contrat"}, question=question, source=SOURCE)


def gaps_finding(ident: str, field: Field) -> Finding:
    table = field.engagements
    if table.empty:
        return no_engagement(ident, label("actions.ecarts.question"))
    found = gaps(table, field)
    values = {title: count(len(codes), "engagements") for title, codes in found.items()}
    names = dict(zip(table["code"], table["libelle"], strict=True))
    which = {title: " ; ".join(f"{code} {names[code]}" for code in codes) for title, codes in found.items()}
    months, day = field.territory.seuils.preuve_ancienne_mois, f"{field.territory.edition.jusqu_au:%d/%m/%Y}"
    said = {"sans_action": len(found[SANS_ACTION]), "sans_preuve": len(found[SANS_PREUVE]), "total": len(table)}
    said |= {"ancienne": len(found[ANCIENNE]), "mois": months, "jour": day}
    reading = {"etiquette": SANS_ACTION, "valeur": values[SANS_ACTION], "total": len(table)}
    return make(
        ident,
        Message("actions.ecarts", said),
        rows=[table, field.menees],
        source=f"{label(SOURCE)} ; {source_of(field.menees, label('actions.ecarts.source_journaux'))}",
        figure=bars("", label("actions.ecarts.serie"), values),
        table=[(title, values[title], which[title] or "aucun") for title in found],
        lecture=Message("actions.lecture_ecarts", reading),
    )


def orphans_finding(ident: str, field: Field) -> Finding:
    rows = field.menees
    if rows.empty or field.engagements.empty:
        return no_engagement(ident, label("actions.sans_engagement.question"))
    linked = rows.groupby("action")["engagements"].agg(lambda cells: any(cells != ""))
    orphan = rows[~rows["action"].map(linked).astype(bool)]
    values, of, lines = {}, {}, []
    for theme, name in field.themes.items():
        mine = orphan[orphan["theme"] == theme]
        values[name] = count(mine["action"].nunique())
        of[name] = count(rows.loc[rows["theme"] == theme, "action"].nunique())
        titles = sorted(mine.groupby("action")["titre"].agg(best_title))
        lines.append((name, values[name], of[name], " ; ".join(titles) or "aucune"))
    first = max(values, key=lambda name: (values[name].valeur, name))
    said = {"nombre": int((~linked).sum()), "total": len(linked), "periode": field.annees}
    return make(
        ident,
        Message("actions.sans_engagement", said),
        rows=[rows],
        source=source_of(rows, JOURNAUX),
        figure=bars("", label("actions.sans_engagement.serie"), values),
        table=lines,
        lecture=Message("actions.lecture_sur", {"etiquette": first, "valeur": values[first], "total": of[first]}),
    )


SANS_ACTION, SANS_PREUVE, ANCIENNE = "Sans action dans les journaux", "Engagé, sans preuve", "Preuve ancienne"


def gaps(table: pd.DataFrame, field: Field) -> dict[str, list[str]]:
    """Sort of gap → codes. An engagement that was not begun, or was given up, is not reproached with having no evidence."""
    served = {code for cell in field.menees["engagements"].unique() for code in split_list(cell)}
    begun = table["avancement"].isin(("réalisé", "partiel", "en cours", "réorienté"))
    old = pd.DateOffset(months=field.territory.seuils.preuve_ancienne_mois)
    limit = (pd.Timestamp(field.territory.edition.jusqu_au) - old).date().isoformat()
    return {
        SANS_ACTION: list(table.loc[~table["code"].isin(served), "code"]),
        SANS_PREUVE: list(table.loc[begun & (table["preuve"] == ""), "code"]),
        "Preuve sans date": list(table.loc[(table["preuve"] != "") & (table["date_preuve"] == ""), "code"]),
        ANCIENNE: list(table.loc[(table["date_preuve"] != "") & (table["date_preuve"] < limit), "code"]),
        "Non renseigné": list(table.loc[table["avancement"] == NON_RENSEIGNE, "code"]),
    }


def disagreements(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Engagements that one college finds satisfying and another not."""
    views = table[columns]
    return table[(views == "satisfaisant").any(axis=1) & (views == "insatisfaisant").any(axis=1)]


def states(table: pd.DataFrame) -> dict[str, Valeur]:
    """Every state, those without any engagement too: a state that is nobody's is a result."""
    return {state: count(int((table["avancement"] == state).sum()), "engagements") for state in AVANCEMENTS}


def progress_finding(
    ident: str, mine: pd.DataFrame, textes: str, message: Message | None = None, sujet: str = "", **parts: Any
) -> Finding:
    """How far these engagements are, by state; `message` where that is not what the finding says first, `sujet` where it is not of all."""
    done = mine["avancement"] == "réalisé"
    said = {"renseignes": int((mine["avancement"] != NON_RENSEIGNE).sum()), "total": len(mine), "sujet": sujet}
    said |= {"realises": int(done.sum()), "sans_preuve": int((done & (mine["preuve"] == "")).sum())}
    values = {state.capitalize(): value for state, value in states(mine).items()}
    return make(
        ident,
        message or Message("actions.engagements_avancement", said),
        textes=textes,
        rows=[mine],
        source=SOURCE,
        figure=bars(label("actions.avancement.axe"), label("actions.avancement.serie"), values),
        lecture=Message("actions.lecture_engagements", said),
        **parts,
    )


def progress_rows(table: pd.DataFrame, field: Field) -> Table:
    """One row per engagement: wording, pilot, progress, evidence and its date, obstacle."""
    lines = []
    for one in table.itertuples(index=False):
        day = french_date(one.date_preuve) or ("sans date" if one.preuve else "sans objet")
        proof = (one.preuve or "aucune", day, one.obstacle or "aucun signalé")
        lines.append(row(one.code, one.libelle, field.partner_name(one.pilote), one.avancement, *proof))
    return Table(labels("actions.avancement.colonnes"), tuple(lines))
