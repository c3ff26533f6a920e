"""Gaps around the engagements: without action, without evidence, with an old one; and actions without engagement.

Refuses to call a gap a fault: an engagement can have been kept by other means than the actions of the logs.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date

import pandas as pd

from cvanalysis.actions.field import NON_SU, Field
from cvanalysis.constat.make import bars, count, make, nothing, source_of
from cvanalysis.constat.shape import Figure, Finding, Message, Table, Valeur, word
from cvanalysis.engagements.table import AVANCEMENTS
from cvanalysis.files.keys import split_list
from cvanalysis.french import french_day

SOURCE = "Table des engagements (engagements.csv)"


def no_engagement(ident: str, question: str) -> Finding:
    """The claim where no engagement is declared at all."""
    return nothing(
        ident,
        question,
        "actions.rien_engagements",
        {"sujet": "ce contrat"},
        champ="Engagements du contrat",
        source=SOURCE,
        quoi="Aucun engagement n'est déclaré : engagements.csv est absent ou vide.",
    )


def gaps_finding(ident: str, field: Field) -> Finding:
    question = "Quels engagements restent sans action, sans preuve, ou avec une preuve ancienne ?"
    table = field.engagements
    if table.empty:
        return no_engagement(ident, question)
    found = gaps(table, field)
    values = {title: count(len(codes), "engagements") for title, codes in found.items()}
    names = dict(zip(table["code"], table["libelle"], strict=True))
    return make(
        ident,
        question,
        Message(
            "actions.ecarts",
            {
                "sans_action": len(found["Sans action dans les journaux"]),
                "sans_preuve": len(found["Engagé, sans preuve"]),
                "ancienne": len(found["Preuve ancienne"]),
                "total": len(table),
                "mois": field.territory.seuils.preuve_ancienne_mois,
            },
        ),
        rows=[table, field.menees],
        source=SOURCE + " ; " + source_of(field.menees, "journaux d'actions du contrat"),
        champ="Engagements du contrat",
        sous_titre="Nombre d'engagements",
        figure=bars("Engagements, par sorte d'écart", "Engagements", values),
        table=Table(
            ("Écart", "Engagements", "Lesquels"),
            tuple(
                (
                    word(title, "non_disponible"),
                    values[title],
                    word(" ; ".join(f"{code} {names[code]}" for code in codes) or "aucun", "non_disponible"),
                )
                for title, codes in found.items()
            ),
        ),
        lecture=Message(
            "actions.lecture_ecarts",
            {
                "etiquette": "Sans action dans les journaux",
                "valeur": values["Sans action dans les journaux"],
                "total": len(table),
            },
        ),
        precautions=(
            (
                f"Une preuve est dite ancienne quand elle a plus de {field.territory.seuils.preuve_ancienne_mois} mois "
                f"à la date de l'édition ({french_day(field.territory.edition.jusqu_au)})."
            ),
            "Un engagement sans action dans les journaux peut avoir été tenu autrement : par un service, un règlement, un aménagement.",
        ),
    )


def orphans_finding(ident: str, field: Field) -> Finding:
    question = "Quelles actions ne se rattachent à aucun engagement ?"
    rows = field.menees
    if rows.empty or field.engagements.empty:
        return no_engagement(ident, question)
    linked = rows.groupby("action")["engagements"].agg(lambda cells: any(cells != ""))
    total, alone = len(linked), int((~linked).sum())
    orphan = rows[~rows["action"].map(linked).astype(bool)]
    names = field.themes
    values = {name: count(orphan.loc[orphan["theme"] == theme, "action"].nunique()) for theme, name in names.items()}
    of = {name: count(rows.loc[rows["theme"] == theme, "action"].nunique()) for theme, name in names.items()}
    titles = {name: sorted(set(orphan.loc[orphan["theme"] == theme, "titre"])) for theme, name in names.items()}
    first = max(values, key=lambda name: (values[name].valeur, name))
    return make(
        ident,
        question,
        Message("actions.sans_engagement", {"nombre": alone, "total": total}),
        rows=[rows],
        source=source_of(rows, "Journaux d'actions du contrat"),
        champ=f"Actions retenues, {field.periode}",
        sous_titre="Nombre d'actions sans engagement, par thème",
        figure=bars("Actions sans engagement, par thème", "Actions", values),
        table=Table(
            ("Thème", "Actions sans engagement", "Actions du thème", "Lesquelles"),
            tuple(
                (
                    word(name, "non_disponible"),
                    values[name],
                    of[name],
                    word(" ; ".join(titles[name]) or "aucune", "non_disponible"),
                )
                for name in values
            ),
        ),
        lecture=Message("actions.lecture_sur", {"etiquette": first, "valeur": values[first], "total": of[first]}),
        precautions=(
            "Le lien entre une action et un engagement est celui que le journal ou la table des engagements écrit.",
        ),
    )


def gaps(table: pd.DataFrame, field: Field) -> dict[str, list[str]]:
    """Sort of gap → codes. An engagement that was not begun, or was given up, is not reproached with having no evidence."""
    served = {code for cell in field.menees["engagements"].unique() for code in split_list(cell)}
    begun = table["avancement"].isin(("réalisé", "partiel", "en cours", "réorienté"))
    limit = months_before(field.territory.edition.jusqu_au, field.territory.seuils.preuve_ancienne_mois).isoformat()
    return {
        "Sans action dans les journaux": list(table.loc[~table["code"].isin(served), "code"]),
        "Engagé, sans preuve": list(table.loc[begun & (table["preuve"] == ""), "code"]),
        "Preuve sans date": list(table.loc[(table["preuve"] != "") & (table["date_preuve"] == ""), "code"]),
        "Preuve ancienne": list(table.loc[(table["date_preuve"] != "") & (table["date_preuve"] < limit), "code"]),
        "Non renseigné": list(table.loc[table["avancement"] == NON_SU, "code"]),
    }


def months_before(day: date, months: int) -> date:
    """The same day some months earlier, or the last of that month.

    >>> months_before(date(2022, 12, 15), 12), months_before(date(2022, 3, 31), 1)
    (datetime.date(2021, 12, 15), datetime.date(2022, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def disagreements(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Engagements that one college finds satisfying and another not."""
    if not columns:
        return table.iloc[0:0]
    views = table[columns]
    return table[(views == "satisfaisant").any(axis=1) & (views == "insatisfaisant").any(axis=1)]


def states(table: pd.DataFrame) -> dict[str, Valeur]:
    """Every state, those without any engagement too: a state that is nobody's is a result."""
    return {state: count(int((table["avancement"] == state).sum()), "engagements") for state in AVANCEMENTS}


def progress_figure(table: pd.DataFrame) -> Figure:
    return bars(
        "Engagements, par avancement",
        "Engagements",
        {state.capitalize(): value for state, value in states(table).items()},
    )


def progress_rows(table: pd.DataFrame, field: Field) -> Table:
    """One row per engagement: wording, pilot, progress, evidence and its date, obstacle."""
    return Table(
        ("Engagement", "Libellé", "Pilote", "Avancement", "Preuve", "Date de la preuve", "Obstacle"),
        tuple(
            (
                word(row.code, "non_disponible"),
                word(row.libelle, "non_disponible"),
                word(field.partner_name(row.pilote), "non_disponible"),
                word(row.avancement, "non_disponible"),
                word(row.preuve or "aucune", "non_disponible"),
                word(
                    french_day(date.fromisoformat(row.date_preuve)) if row.date_preuve else "sans date",
                    "non_disponible",
                ),
                word(row.obstacle or "aucun signalé", "non_disponible"),
            )
            for row in table.itertuples(index=False)
        ),
    )
