"""What was done: in a quarter, for a theme; and the list that makes every action visible. Owns counts of actions and of their reach.

Totals count distinct actions; the rule for actions led in several quarters is printed. Refuses to say what an action changed.
"""

from __future__ import annotations

import pandas as pd

from cvanalysis.actions.counting import UNE_FOIS, lines_of, money_by_quarter, subsidies
from cvanalysis.actions.field import JOURNAUX, Field
from cvanalysis.actions.table import HORS_QPV, RETENUS
from cvanalysis.constat.disclosure import total_withheld, withhold
from cvanalysis.constat.make import bars, count, euros, leaders, make, source_of
from cvanalysis.constat.shape import Finding, Manque, Message, Table, Valeur, word

CATALOGUE_MAX, CATALOGUE_QUARTIER_MAX = 1500, 60
"""Lines of a catalogue on a page: beyond, a page is too heavy for a phone, and the download has them all."""


def yearly(rows: pd.DataFrame, field: Field) -> dict[str, Valeur]:
    """Distinct actions of each year of the contract since the first that the logs cover; a year without any is a true 0."""
    found = rows.groupby("annee")["action"].nunique()
    start = int(rows["annee"].min()) if len(rows) else field.territory.debut
    return {str(year): count(found.get(year, 0)) for year in range(start, field.territory.fin + 1)}


def reach(rows: pd.DataFrame, field: Field) -> dict[str, int]:
    """Quarter code → distinct actions, every quarter of the contract there, then out of QPV and not said where there are any.

    An action that one log places and another does not is placed.
    """
    placed = set(rows.loc[rows["qpv"] != "", "action"])
    found = rows[(rows["qpv"] != "") | ~rows["action"].isin(placed)].groupby("qpv")["action"].nunique().to_dict()
    return {code: int(found.get(code, 0)) for code in field.quartiers} | {
        code: int(found[code]) for code in (HORS_QPV, "") if code in found
    }


def place_name(code: str, field: Field) -> str:
    return {HORS_QPV: "Hors quartiers prioritaires", "": "Quartier non renseigné"}.get(code) or field.quartiers.get(
        code, code
    )


def reach_table(rows: pd.DataFrame, field: Field) -> Table:
    """Quarter by quarter: actions in full, money at equal shares, last year of an action."""
    money = granted(rows, field)
    last = rows.groupby("qpv")["annee"].max()
    return Table(
        ("Quartier", "Actions", "Montant accordé", "Dernière année"),
        tuple(
            (
                word(place_name(code, field), "non_disponible"),
                count(number),
                money[code],
                word("" if code not in last or pd.isna(last[code]) else str(last[code]), "non_disponible"),
            )
            for code, number in reach(rows, field).items()
        ),
    )


def granted(rows: pd.DataFrame, field: Field) -> dict[str, Valeur]:
    """Quarter code → money granted at equal shares, without the TFPB allowance: 0 where nothing was done, unknown where nobody says it."""
    money = money_by_quarter(subsidies(rows)) if len(rows) else pd.Series(dtype=float)
    nothing_done = {code: 0.0 for code, number in reach(rows, field).items() if not number}
    known = {**dict.fromkeys(reach(rows, field), float("nan")), **nothing_done, **money.to_dict()}
    return {code: euros(round(amount, 2)) for code, amount in known.items()}


def people_by_public(rows: pd.DataFrame, seuil: int) -> tuple[dict[str, Valeur], Valeur, int, int]:
    """Declared beneficiaries by public and their total, small counts withheld so that no subtraction gives them back.

    Returns also how many lines say a number, and of how many. Withheld: a number of people below `seuil`, with complementary suppression.
    """
    one = lines_of(rows).drop_duplicates(["source", "feuille", "ligne"])
    said = one[one["beneficiaires"].notna()]
    sums = said.groupby(said["public"].replace("", "Public non renseigné"))["beneficiaires"].sum().sort_index()
    counts = [int(n) for n in sums]
    # One action alone behind a sum is the action's own count: it is protected as any count of people.
    hidden = withhold(counts, seuil)
    values = {
        name: Valeur(None, "masqué", "personnes") if h else Valeur(float(n), "publié", "personnes")
        for name, n, h in zip(sums.index, counts, hidden, strict=True)
    }
    total = (
        Valeur(None, "masqué", "personnes")
        if total_withheld(counts, hidden)
        else Valeur(float(sum(counts)), "publié", "personnes")
    )
    return values, total, len(said), len(one)


def publics_finding(ident: str, question: str, rows: pd.DataFrame, field: Field, champ: str) -> Finding:
    """For whom: distinct actions by public, and the beneficiaries that carriers declare, fill rate first."""
    told = rows["public"] != ""
    counted = rows[
        told | ~rows["action"].isin(set(rows.loc[told, "action"]))
    ]  # a log that does not say it takes nothing from one that does
    by_public = (
        counted.groupby(counted["public"].replace("", "Public non renseigné"))["action"]
        .nunique()
        .sort_values(ascending=False, kind="stable")
    )
    values = {str(name): count(number) for name, number in by_public.items()}
    people, total, filled, lines_count = people_by_public(rows, field.territory.seuils.personnes)
    first = next(iter(values))
    rest = Valeur(None, "non_disponible", "personnes")
    table = Table(
        ("Public", "Actions", "Bénéficiaires déclarés"),
        (
            *((word(name, "non_disponible"), value, people.get(name, rest)) for name, value in values.items()),
            (word("Ensemble", "non_disponible"), count(rows["action"].nunique()), total),
        ),
    )
    manques = (
        [
            Manque(
                f"Bénéficiaires : {lines_count - filled} lignes sur {lines_count} n'en donnent pas le nombre.",
                "non_disponible",
            )
        ]
        if filled < lines_count
        else []
    )
    return make(
        ident,
        question,
        Message(
            "actions.publics",
            {
                "premier": leaders({n: v.valeur for n, v in values.items()}),
                "valeur": values[first],
                "renseignees": filled,
                "lignes": lines_count,
            },
        ),
        rows=[rows],
        source=source_of(rows, JOURNAUX),
        champ=champ,
        sous_titre="Nombre d'actions différentes par public visé",
        figure=bars("Actions, par public visé", "Actions", values),
        table=table,
        lecture=Message("actions.lecture_barre", {"etiquette": first, "valeur": values[first], "lieu": ""}),
        precautions=(
            UNE_FOIS,
            "Les bénéficiaires sont ceux que les porteurs déclarent : une même personne peut être comptée plusieurs fois.",
            (
                f"Un nombre de personnes inférieur à {field.territory.seuils.personnes} est masqué, "
                "et avec lui ce qui permettrait de le retrouver."
            ),
        ),
        manques=manques,
    )


def list_actions(rows: pd.DataFrame, field: Field, limit: int = CATALOGUE_MAX) -> Table:
    """The catalogue of actions: one line per action, the most recent ones where there are more than `limit`.

    Nobody's number of beneficiaries is in it: totals could give small ones away.
    """
    made = []
    names = field.themes
    kept = rows[rows["statut"].isin(RETENUS) | (rows["accorde"] > 0)] if len(rows) else rows
    latest_years = kept.groupby("action")["annee"].max().sort_values(ascending=False, kind="stable")
    shown = kept[kept["action"].isin(latest_years.index[:limit])]
    for _, group in shown.sort_values(["titre", "action"], kind="stable").groupby("action", sort=False):
        latest = group.sort_values("annee", kind="stable").iloc[-1]
        quarters = [place_name(code, field) for code in dict.fromkeys(group["qpv"])]
        every = len(set(group["qpv"]) & set(field.quartiers)) == len(field.quartiers) > 1
        years = sorted({int(year) for year in group["annee"].dropna()})
        own = lines_of(subsidies(group))
        made.append(
            (
                word(best_title(group["titre"]), "non_disponible"),
                word(str(latest["porteur"]), "non_disponible"),
                word(names.get(latest["theme"], latest["theme"]), "non_disponible"),
                word("Tous les quartiers" if every else ", ".join(sorted(quarters)), "non_disponible"),
                word(span(years), "non_disponible"),
                euros(own["accorde"].sum(min_count=1)),
            )
        )
    rest = len(latest_years) - len(made)
    told = "Règle de comptage : chaque action a une ligne, et son montant entier quels que soient ses quartiers"
    told += f". Les {len(made)} plus récentes ; les {rest} autres sont dans les données à télécharger" if rest else ""
    return Table(("Action", "Organisme porteur", "Thème", "Quartiers", "Années", "Montant accordé"), tuple(made), told)


def best_title(titles: pd.Series) -> str:
    """The title by which an action is shown: the most written, capitals last."""
    written = titles.value_counts()
    return str(min(written.index, key=lambda title: (str(title).isupper(), -written[title], str(title))))


def span(years: list[int]) -> str:
    """« 2018 », « 2015 à 2019 » where no year is missing, else the years."""
    if len(years) > 1 and years[-1] - years[0] == len(years) - 1:
        return f"{years[0]} à {years[-1]}"
    return ", ".join(map(str, years))
