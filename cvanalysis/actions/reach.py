"""What was done: in a quarter, for a theme; and the list that makes every action visible. Owns counts of actions and of their reach.

Totals count distinct actions; the rule for actions led in several quarters is printed. Refuses to say what an action changed.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby

import pandas as pd

from cvanalysis.actions.counting import UNE_FOIS, lines_of, shared_by, subsidies
from cvanalysis.actions.field import ActionChapter, Field
from cvanalysis.actions.table import HORS_QPV, RETENUS
from cvanalysis.constat.disclosure import Cell, protect
from cvanalysis.constat.make import bars, count, euros, leaders
from cvanalysis.constat.shape import Finding, Message, Table, Valeur, row, word
from cvanalysis.files.keys import grouped
from cvanalysis.french import fold
from cvanalysis.textes import label, labels

SANS_PUBLIC = "actions.publics.sans_public"
CATALOGUE_MAX, CATALOGUE_QUARTIER_MAX = 1500, 60
"""Lines of a catalogue on a page: beyond, a page is too heavy for a phone, and the download has them all."""


def yearly(rows: pd.DataFrame, field: Field) -> dict[str, tuple[Valeur, Valeur]]:
    """Distinct actions and carriers of each year of the contract since the first that the logs cover; a year without any is a true 0."""
    found = rows.groupby("annee")[["action", "porteur"]].nunique()
    years = found.reindex(range(int(rows["annee"].min()), field.territory.connue + 1), fill_value=0)
    return {str(year): (count(acts), count(carriers, "organismes")) for year, acts, carriers in years.itertuples()}


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
    said = {HORS_QPV: label("actions.communs.hors_qpv"), "": label("actions.communs.sans_quartier")}
    return said.get(code) or field.quartiers.get(code, code)


def reach_table(rows: pd.DataFrame, field: Field) -> Table:
    """Quarter by quarter: actions in full, money at equal shares, last year of an action."""
    money = granted(rows, field)
    last = rows.groupby("qpv")["annee"].max().dropna().astype(str)
    found = reach(rows, field).items()
    lines = (row(place_name(code, field), count(n), money[code], last.get(code, "")) for code, n in found)
    return Table(labels("actions.lieux.colonnes"), tuple(lines))


def granted(rows: pd.DataFrame, field: Field) -> dict[str, Valeur]:
    """Quarter code → money granted at equal shares, without the TFPB allowance: 0 where nothing was done, unknown where nobody says it."""
    money = shared_by(subsidies(rows), "qpv") if len(rows) else {}
    known = {code: float("nan") if number else 0.0 for code, number in reach(rows, field).items()} | dict(money)
    return {code: euros(round(amount, 2)) for code, amount in known.items()}


def people_by_public(rows: pd.DataFrame, seuil: int) -> tuple[dict[str, Valeur], Valeur, int, int]:
    """Declared beneficiaries by public and their total, small counts withheld so that no subtraction gives them back.

    Returns also how many lines say a number, and of how many. Withheld: a number of people below `seuil`, with complementary suppression.
    """
    one = lines_of(rows).drop_duplicates(["source", "feuille", "ligne"])
    said = one[one["beneficiaires"].notna()]
    sums = said.groupby(said["public"].replace("", label(SANS_PUBLIC)))["beneficiaires"].sum().sort_index()
    # One action alone behind a sum is the action's own count: it is protected as any count of people.
    counts = {name: int(number) for name, number in sums.items() if number}
    cells = [Cell((name,), frozenset({i})) for i, name in enumerate(counts)]
    told = protect(list(counts.values()), [[*cells, Cell((), frozenset(range(len(counts))))]], seuil)
    return {name: told.valeur(name) for name in sums.index}, told.valeur(), len(said), len(one)


def publics_finding(chapter: ActionChapter, ident: str, rows: pd.DataFrame) -> Finding:
    """For whom: distinct actions by public, and the beneficiaries that carriers declare, fill rate first."""
    told = rows["public"] != ""
    # A log that does not say it takes nothing from one that does.
    counted = rows[told | ~rows["action"].isin(set(rows.loc[told, "action"]))]
    by_public = counted.groupby(counted["public"].replace("", label(SANS_PUBLIC)))["action"].nunique()
    ranked = by_public.sort_values(ascending=False, kind="stable")
    values = {str(name): count(number) for name, number in ranked.items()}
    seuil = chapter.field.territory.seuils.personnes
    people, total, filled, lines_count = people_by_public(rows, seuil)
    first, unknown = next(iter(values)), Valeur(None, "non_disponible", "personnes")
    lines = [row(name, value, people.get(name, unknown)) for name, value in values.items()]
    whole = row(label("actions.publics.ensemble"), count(rows["action"].nunique()), total)
    said = {
        **leaders({name: value.valeur for name, value in values.items()}),
        "valeur": values[first],
        "renseignees": filled,
        "lignes": lines_count,
        "absentes": lines_count - filled,
        "seuil": seuil,
    }
    missing = [label("actions.publics.manque", **said)] if filled < lines_count else []
    return chapter.about(
        ident,
        Message("actions.publics", chapter.said | said),
        rows,
        textes="actions.publics",
        figure=bars("", label("actions.publics.serie"), values),
        table=Table((), (*lines, whole)),
        lecture=Message("actions.lecture_barre", {"etiquette": first, "valeur": values[first], "lieu": ""}),
        precautions=(UNE_FOIS,),
        manques=missing,
    )


def list_actions(rows: pd.DataFrame, field: Field, limit: int = CATALOGUE_MAX, code: str = "") -> Table:
    """The catalogue of actions: one line per action, the most recent ones where there are more than `limit`.

    With the `code` of a quarter (`rows` are then all those of the actions led there), its equal share stands beside each whole amount, and
    the sum of the shares at the foot.
    Nobody's number of beneficiaries is in it: totals could give small ones away.
    """
    made, names = [], field.themes
    kept = rows[rows["statut"].isin(RETENUS) | (rows["accorde"] > 0)] if len(rows) else rows
    latest_years = kept.groupby("action")["annee"].max().sort_values(ascending=False, kind="stable")
    shown = kept[kept["action"].isin(latest_years.index[:limit])]
    amounts = lines_of(subsidies(shown)).groupby("action")["accorde"].sum(min_count=1).to_dict()
    own = subsidies(kept)[lambda given: given["qpv"] == code]
    shares = shared_by(own, "action")
    cells = shown[["action", "titre", "porteur", "theme", "qpv", "annee"]]
    ordered = cells.sort_values(["titre", "action"], kind="stable").itertuples(index=False)
    for action, group in grouped((one.action, one) for one in ordered).items():
        latest = max(reversed(group), key=lambda one: one.annee)
        led = dict.fromkeys(one.qpv for one in group)
        every = len(led.keys() & field.quartiers.keys()) == len(field.quartiers) > 1
        said = label("actions.communs.tous") if every else ", ".join(sorted(place_name(one, field) for one in led))
        years = sorted({int(one.annee) for one in group if not pd.isna(one.annee)})
        who = (latest.porteur, names.get(latest.theme, latest.theme))
        line = (best_title(one.titre for one in group), *who, said, span(years), euros(amounts.get(action)))
        made.append(row(*line, *((euros(shares.get(action)),) if code else ())))
    made.sort(key=lambda line: fold(line[0].texte))  # by the title that is shown
    rest = len(latest_years) - len(made)
    rule = label("actions.liste.regle") + (label("actions.liste.reste", montres=len(made), reste=rest) if rest else "")
    if code and made:
        blank = Valeur(None, "sans_objet")
        made.append((word(label("actions.liste.somme")), *[blank] * 5, euros(shares.sum(min_count=1))))
    return Table(labels(f"actions.liste.colonnes{'_quartier' if code else ''}"), tuple(made), rule)


def best_title(titles: Iterable[str]) -> str:
    """The title by which an action is shown: the most written, capitals last."""
    written = Counter(titles)
    return min(written, key=lambda title: (title.isupper(), -written[title], title))


def span(years: list[int]) -> str:
    """« 2018 », « 2015-2019 », « 2015-2018, 2020-2022 » where a year is missing."""
    runs = [[year for _, year in run] for _, run in groupby(enumerate(years), lambda one: one[1] - one[0])]
    return ", ".join("-".join(dict.fromkeys((str(run[0]), str(run[-1])))) for run in runs)
