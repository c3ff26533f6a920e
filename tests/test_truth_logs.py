"""What the default territory says of its logs, computed again from the raw files, with nothing of ours: amounts, who was seen where it was
expected, engagements expected and served."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from types import SimpleNamespace

import pandas as pd
import pytest

from cvanalysis.display import phrases
from cvanalysis.pages.partenaires import Partners
from cvanalysis.pages.quartier import QuarterActions
from cvanalysis.tables.process import process
from cvanalysis.tables.store import Store
from cvanalysis.territory.contract import read_territory

LOST = {"non retenu", "defavorable", "annulee", "ajourne", "ajournee", "rejetee"}
SAME = {  # what decisions.csv says to be one action
    "signalemen partage des pannes": "signalement partage des pannes",
    "couveuse d activites de cuisine 2021": "couveuse d activites de cuisine",
    "porte a porte des droits 2022": "porte a porte des droits",
}
FUNDS = {
    "État politique de la ville": "etat",
    "Ville (droit commun)": "ville-centre",
    "Caisse des familles": "caisse-familles",
}


def plain(text):
    text = "".join(c for c in unicodedata.normalize("NFKD", str(text).lower()) if not unicodedata.combining(c))
    return " ".join(re.findall("[a-z0-9]+", text))


def euro(cell):
    text = re.sub(r"[^\d,.]", "", "" if pd.isna(cell) else str(cell)).replace(",", ".")
    return float(text) if text else None


def people_wrote(path):
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))


@pytest.fixture(scope="module")
def logs(brut):
    """The lines kept of the three logs: action, year, carrier, quarters, engagements, asked, paid and money by funder."""
    folder, found = brut / "actions", []
    sheet = pd.read_excel(
        folder / "programmation_2015_2018.xlsx", sheet_name="Programmation", header=None, dtype=object
    )
    for cells in sheet[sheet[1].astype(str).str.fullmatch(r"20\d\d")].drop_duplicates().itertuples(index=False):
        action, year, who, _, _, _, where, asked, granted, paid, _, said, _, _, _, engagement = cells
        found.append((action, year, who, where, said, engagement, euro(asked), euro(paid), {"etat": euro(granted)}))
    sheet = pd.read_excel(folder / "programmation_2019_2022.ods", sheet_name="Suivi", header=2, dtype=object)
    for _, line in sheet[sheet["Exercice"].astype(str).str.fullmatch(r"20\d\d")].drop_duplicates().iterrows():
        what = line[["Nom de l'action", "Exercice", "Structure", "Territoire(s)", "Décision", "Engagement"]]
        money = {funder: euro(line[column]) for column, funder in FUNDS.items()}
        found.append((*what, euro(line["Total demandé"]), euro(line["État payé"]), money))
    for bad in (folder / "subventions_2017_2022.csv").read_bytes().splitlines()[1:]:
        text = bad.decode("utf-8", "replace") if b"\xc3" in bad else bad.decode("cp1252")
        text = text.encode("cp1252", "replace").decode("utf-8", "replace") if "Ã" in text else text
        line = next(csv.reader(io.StringIO(text)))
        funder = "metropole" if "tropole" in line[0] else "ville-centre"
        found.append((line[7], line[2][:4], line[4], None, None, None, None, None, {funder: euro(line[8])}))
    names = ["action", "annee", "porteur", "quartiers", "statut", "engagement", "demande", "paye", "accorde"]
    kept = [SimpleNamespace(**dict(zip(names, line, strict=True))) for line in found]
    for line in kept:
        line.action = SAME.get(plain(line.action), plain(line.action))
        line.accorde = {name: amount for name, amount in line.accorde.items() if amount is not None}
    return [line for line in kept if plain(line.statut) not in LOST]


@pytest.fixture(scope="module")
def declared(brut):
    """Partners, engagements and quarters, as people wrote them."""
    tables = {name: people_wrote(brut / f"{name}.csv") for name in ("partenaires", "engagements", "quartiers")}
    names = {plain(n): p["id"] for p in tables["partenaires"] for n in (p["id"], p["nom"], *p["alias"].split("|")) if n}
    return SimpleNamespace(noms=names, **tables)


@pytest.fixture(scope="module")
def store(brut, tmp_path_factory):
    known, folder = read_territory(brut), tmp_path_factory.mktemp("processed")
    process(known, folder)
    return Store(folder, known)


def quarters_of(cell, declared):
    codes = {plain(q[name]): q["code"] for q in declared.quartiers for name in ("code", "nom")}
    if re.search("tous|ensemble", plain(cell)):
        return set(codes.values())
    return {codes[plain(part)] for part in re.split("[;,/]", str(cell)) if plain(part) in codes}


def engagements_of(action, logs, declared):
    told = {code for line in logs if line.action == action for code in re.findall(r"E\d\d", str(line.engagement))}
    return told | {e["code"] for e in declared.engagements if action in map(plain, e["actions"].split("|"))}


def seen(logs, declared, of):
    """(partner, key) of the actions that it carries or gives money to; `of`: action → its keys."""
    pairs = {(declared.noms[plain(line.porteur)], line.action) for line in logs}
    pairs |= {(funder, line.action) for line in logs for funder, amount in line.accorde.items() if amount}
    return {(partner, key) for partner, action in pairs for key in of[action]}


def told(page, numero):
    return phrases.write(page.constat(numero).message).replace("\u00a0", " ").replace("\u202f", " ")


def test_a_partner_that_funds_an_action_is_seen_on_its_engagements_and_in_its_quarters(logs, declared, store):
    """The log of who funds says neither: the Métropole, which funds 16 actions, was « sans preuve » in the fifteen quarters."""
    actions = {line.action for line in logs}
    engaged = {action: engagements_of(action, logs, declared) for action in actions}
    places = {
        a: {q for line in logs if line.action == a for q in quarters_of(line.quartiers, declared)} for a in actions
    }
    named = {(p, e["code"]) for e in declared.engagements for p in e["partenaires_vus"].split("|") if p}
    expected = {(p, e["code"]) for e in declared.engagements for p in (e["pilote"], *e["partenaires"].split("|")) if p}
    there = expected & (named | seen(logs, declared, engaged))
    codes = [q["code"] for q in declared.quartiers]
    here = {
        (p["id"], q)
        for p in declared.partenaires
        for q in (codes if p["quartiers"] == "tous" else p["quartiers"].split("|"))
        if q
    }
    local = here & seen(logs, declared, places)
    page = Partners(store, store.territory)
    assert (len(there), len(expected), len(local), len(here)) == (60, 196, 76, 204)
    assert f"{len(there)} cas sur {len(expected)}" in told(page, "mobilisation-01")
    assert f"{len(local)} cas sur {len(here)}" in told(page, "mobilisation-03")
    assert "19 cas sur 54" in told(page, "mobilisation-02")
    assert "188 cas sur 300" in told(page, "mobilisation-04")
    (metropole,) = [
        line for line in page.constat("mobilisation-01").table.lignes if line[0].texte == "Métropole (exemple)"
    ]
    assert [cell.valeur for cell in metropole[1:4]] == [3, 2, 11]


def test_asked_and_granted_are_compared_on_the_lines_of_the_logs_that_say_both(logs, store):
    both = [line for line in logs if line.demande is not None and line.accorde]
    asked, granted = sum(line.demande for line in both), sum(sum(line.accorde.values()) for line in both)
    assert (len(both), asked, granted) == (248, 2_391_300, 1_995_000)
    page = Partners(store, store.territory)
    assert "248 lignes" in told(page, "argent-03")
    assert "2 391 300 € demandés" in told(page, "argent-03")
    assert "1 995 000 € accordés" in told(page, "argent-03")
    lines = {line[0].texte: [cell.valeur for cell in line[1:]] for line in page.constat("argent-03").table.lignes}
    assert lines["Accordé"] == [2_559_300, 388, len(logs)]
    assert lines["Payé"] == [sum(line.paye or 0 for line in logs), 179, 388]


def test_money_by_year_is_that_of_the_raw_logs_the_rise_of_prices_taken_out_first(logs, store, facts):
    rows = csv.DictReader((facts / "ipc.csv").open(encoding="utf-8-sig"), delimiter=";")
    prices = {row["annee"]: float(row["ipc"].replace(",", ".")) for row in rows}
    lines = {
        line[0].texte: [cell.valeur for cell in line[1:]]
        for line in Partners(store, store.territory).constat("argent-02").table.lignes
    }
    for year, amounts in lines.items():
        mine = [line.accorde for line in logs if str(line.annee) == year]
        state = sum(money.get("etat", 0) for money in mine)
        spent = [state, sum(sum(money.values()) for money in mine) - state or None]
        known = year != "2022"  # whose index came out after the edition of December 2022
        real = [round(amount * prices["2021"] / prices[year]) if amount and known else None for amount in spent]
        assert amounts == [*real, *spent], year
    assert sum(amounts[2] for amounts in lines.values()) == 1_796_400


@pytest.mark.parametrize(
    ("code", "expected", "served", "more"), [("QP044005", 30, 6, 2), ("QP044019", 34, 7, 1), ("QP044009", 29, 4, 3)]
)
def test_an_engagement_that_only_an_action_serves_is_not_told_as_expected(
    logs, declared, store, code, expected, served, more
):
    mine = {e["code"] for e in declared.engagements if e["quartiers"] == "tous" or code in e["quartiers"].split("|")}
    here = {line.action for line in logs if code in quarters_of(line.quartiers, declared)}
    codes = {one for action in here for one in engagements_of(action, logs, declared)}
    assert (len(mine), len(mine & codes), len(codes - mine)) == (expected, served, more)
    said = told(QuarterActions(store, store.territory, code), "engagements-01")
    assert f"{expected} engagements sont attendus, {served} servis" in said
    assert re.search(rf"{more} autres? servis? sans être attendu", said)
