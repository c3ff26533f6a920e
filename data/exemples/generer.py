"""Write the example data of the default territory: logs of actions, engagements, partners. All invented, always the same.

Owns the dirt that real logs have, put there on purpose: decoy sheets, two-line and repeated headers, blank
rows, sub-totals, footers, several notations of amounts, dates, SIRET and names. Refuses any real organisation or person:
the words come from `vocabulaire.toml`, the places and pillars from the declarations of `data/raw`.

Run from the project's root: `python data/exemples/generer.py`.
"""

from __future__ import annotations

import csv
import io
import random
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

HERE = Path(__file__).resolve().parent
RAW = HERE.parent / "raw"
WORDS = tomllib.loads((HERE / "vocabulaire.toml").read_text(encoding="utf-8"))
NARROW, NBSP = "\u202f", "\u00a0"


class Draw:
    """A stream of choices that is the same on every machine and Python (only `random()` is promised to be)."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def chance(self, share: float) -> bool:
        return self._random() < share

    def among(self, items: Sequence[Any]) -> Any:
        return items[int(self._random() * len(items))]

    def between(self, low: float, high: float) -> float:
        return low + self._random() * (high - low)


def read_rows(name: str) -> list[dict[str, str]]:
    with (RAW / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def invent_siret(rank: int) -> str:
    """A SIRET that passes Luhn's test in a range (999…) that is not attributed."""
    siren = f"999{rank:05d}"
    siren += str(-luhn(siren + "0") % 10)
    nic = "0001"
    return siren + nic + str(-luhn(siren + nic + "0") % 10)


def luhn(digits: str) -> int:
    total = 0
    for rank, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + rank % 2)
        total += value - 9 * (value > 9)
    return total


class Contract:
    """What the declarations of the default territory and the vocabulary say, ready to be drawn from."""

    def __init__(self) -> None:
        self.quartiers = [(row["code"], row["nom"]) for row in read_rows("quartiers.csv")]
        names = {row["id"]: row["nom"] for row in read_rows("piliers.csv")}
        self.piliers = [(pilier, names[pilier]) for pilier in WORDS["piliers"]]
        self.colleges = [row["id"] for row in read_rows("colleges.csv")]
        self.porteurs = {row["id"]: row for row in WORDS["porteurs"]}
        others = {row["id"]: row for row in WORDS["partenaires"]}
        self.partenaires = {**self.porteurs, **others}
        self.siret = {name: invent_siret(101 + rank) for rank, name in enumerate(sorted(self.partenaires))}

    def quarters_of(self, rank: int, many: int) -> list[tuple[str, str]]:
        """The quarters of an action. Two are left without any on schooling, and two on reaching out, so that blind spots show."""
        if many >= len(self.quartiers):
            return self.quartiers
        pool = self.quartiers[:-2] if rank < 10 else self.quartiers[2:] if 18 <= rank < 26 else self.quartiers
        return [pool[(rank * 4 + step * 3) % len(pool)] for step in range(many)]


def write_amount(draw: Draw, amount: float | None) -> object:
    """An amount as people type it; None is an empty cell, a number stays a number of the spreadsheet two times in three."""
    if amount is None:
        return ""
    if draw.chance(0.66):
        return amount
    whole, cents = divmod(round(amount * 100), 100)
    grouped = f"{whole:,}"
    return (
        draw.among(
            [
                f"{grouped.replace(',', ' ')},{cents:02d} €",
                f"{grouped.replace(',', NBSP)}{NBSP}€",
                f"{grouped.replace(',', NARROW)},{cents:02d}",
                f"{whole},{cents // 10}" if cents % 10 == 0 else f"{whole},{cents:02d}",
                f"{whole} euros",
            ]
        )
        if cents % 100 == 0
        else f"{grouped.replace(',', ' ')},{cents:02d} €"
    )


def write_siret(draw: Draw, siret: str) -> object:
    kind = draw.between(0, 1)
    if kind < 0.4:
        return float(siret)
    if kind < 0.6:
        return f"{siret[:3]} {siret[3:6]} {siret[6:9]} {siret[9:]}"
    if kind < 0.75:
        return siret[:9]
    return siret if kind < 0.95 else ""


def write_quarters(draw: Draw, contract: Contract, quarters: list[tuple[str, str]]) -> str:
    if len(quarters) >= len(contract.quartiers):
        return draw.among(["Tous les QPV", "TOUS LES QUARTIERS", "Ensemble des quartiers"])
    if draw.chance(0.03):
        return "Hors QPV"
    if draw.chance(0.03):
        return ""
    names = []
    for code, name in quarters:
        kind = draw.between(0, 1)
        names.append(
            code if kind < 0.2 else name.upper() if kind < 0.3 else name.replace("'", "’") if kind < 0.5 else name
        )
    return draw.among([", ", " ; ", " / ", ";", ","]).join(names)


def write_period(draw: Draw, year: int) -> object:
    kind = draw.between(0, 1)
    if kind < 0.25:
        return date(year, 1 + int(draw.between(0, 11)), 1 + int(draw.between(0, 27)))
    if kind < 0.45:
        return f"01/01/{year % 100:02d}->30/09/{year % 100:02d}"
    if kind < 0.6:
        return f"{draw.among(['MAI', 'Mars', 'septembre', 'OCTOBRE'])} {year}"
    if kind < 0.75:
        return f"{year}-{1 + int(draw.between(0, 11)):02d}-20"
    if kind < 0.9:
        return f"{1 + int(draw.between(0, 27)):02d}/09/{year}"
    return draw.among(["toute l'année scolaire", "à préciser", ""])


def draw_action_years(contract: Contract, first: int, last: int, seed: str) -> Iterator[dict[str, Any]]:
    """The yearly editions of the actions over a period: plain dictionaries, before any notation."""
    draw = Draw(seed)
    for rank, (titre, thematique, pilier, porteur, debut, fin, many, base) in enumerate(WORDS["actions"]["liste"]):
        for annee in range(max(debut, first), min(fin, last) + 1):
            demande = round(base * draw.between(0.9, 1.4), -2)
            statut = draw.between(0, 1)
            refused, postponed = statut < 0.07, 0.07 <= statut < 0.1
            accorde = None if postponed else 0.0 if refused else round(demande * draw.between(0.5, 1.0), -2)
            paye = None if not accorde or annee == last else accorde if draw.chance(0.8) else round(accorde * 0.7, 2)
            yield {
                "rang": rank,
                "titre": titre,
                "thematique": thematique,
                "pilier": contract.piliers[pilier - 1][1],
                "annee": annee,
                "porteur": porteur,
                "quartiers": contract.quarters_of(rank, many),
                "demande": demande,
                "accorde": accorde,
                "paye": paye,
                "refuse": refused,
                "reporte": postponed,
                "beneficiaires": int(draw.between(6, 90) * many) if many < 15 else int(draw.between(80, 400)),
                "public": WORDS["publics"]["liste"][rank % len(WORDS["publics"]["liste"])],
                "engagement": link_engagement(rank),
            }


def link_engagement(rank: int) -> str:
    """Two actions in three serve a declared engagement; the others show the actions without engagement."""
    links = {
        0: 1,
        1: 4,
        2: 2,
        4: 3,
        5: 5,
        8: 6,
        10: 41,
        11: 42,
        12: 43,
        17: 43,
        18: 8,
        19: 8,
        20: 10,
        21: 8,
        22: 9,
        24: 37,
        25: 49,
        26: 12,
        28: 11,
        29: 14,
        30: 14,
        34: 34,
        36: 13,
        37: 25,
        38: 21,
        39: 20,
        40: 22,
        41: 20,
        42: 24,
        44: 31,
        45: 31,
        47: 35,
        48: 48,
    }
    return f"E{links[rank]:02d}" if rank in links else ""


def write_states(draw: Draw, row: dict) -> str:
    if row["refuse"]:
        return draw.among(["Non retenu", "NON RETENU", "Rejetée", "Défavorable"])
    if row["reporte"]:
        return draw.among(["Ajournée", "Ajourné", "Annulée"])
    return draw.among(["Favorable", "favorable", "Terminée", "A justifier", "Justifiée", "Favorable"])


def write_first_programme(contract: Contract) -> None:
    """2015-2018: a workbook of a contract team, with its decoy sheet, its two-line header on lines 4 and 5 and its totals."""
    draw = Draw("programmation 2015-2018")
    book = xlsxwriter.Workbook(RAW / "actions" / "programmation_2015_2018.xlsx")
    book.set_properties({"created": datetime(2018, 12, 31), "author": "", "title": "Données d'exemple"})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    readme = book.add_worksheet("Lisez-moi")
    for line, text in enumerate(
        [
            "Programmation du contrat de ville (données d'exemple)",
            "",
            "Onglet Programmation : une ligne par action et par an",
            "Action",
            "Porteur",
            "Montant",
            "Les montants sont en euros",
        ]
    ):
        readme.write(line, 0, text)
    sheet = book.add_worksheet("Programmation")
    sheet.write(0, 0, "Contrat de ville : programmation 2015-2018")
    sheet.write(1, 0, "DONNÉES D'EXEMPLE : organismes et montants inventés")
    top = [
        "Action",
        "",
        "Porteur",
        "",
        "Thématique",
        "Pilier",
        "Quartiers",
        "Montants (€)",
        "",
        "",
        "",
        "Statut",
        "Période",
        "Public",
        "Nb bénéficiaires",
        "Engagement",
    ]
    low = [
        "Intitulé",
        "Année",
        "Nom",
        "N° SIRET",
        "",
        "",
        "",
        "Demandé",
        "Accordé",
        "Payé",
        "Accordé N-1",
        "",
        "",
        "",
        "",
        "",
    ]
    state = {"line": 3}

    def put(cells: list[object]) -> None:
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                sheet.write_datetime(state["line"], column, datetime(cell.year, cell.month, cell.day), day)
            elif isinstance(cell, float | int):
                sheet.write_number(state["line"], column, cell)
            elif cell != "":
                sheet.write_string(state["line"], column, cell)
        state["line"] += 1

    put(top)
    put(low)
    rows = sorted(draw_action_years(contract, 2015, 2018, "P1"), key=lambda row: (row["annee"], row["rang"]))
    last_year: dict[int, float] = {}
    grand = [0.0, 0.0, 0.0]
    for annee in range(2015, 2019):
        sums = [0.0, 0.0, 0.0]
        if annee > 2015:
            put([])
            put(top)
            put(low)
        for row in (row for row in rows if row["annee"] == annee):
            who = contract.partenaires[row["porteur"]]
            line = [
                row["titre"] if not draw.chance(0.06) else row["titre"].upper(),
                str(annee) if draw.chance(0.3) else annee,
                draw.among([who["nom"], who["nom"], *who["alias"]]),
                write_siret(draw, contract.siret[row["porteur"]]),
                draw.among(WORDS["thematiques"][row["thematique"]]),
                row["pilier"],
                write_quarters(draw, contract, row["quartiers"]),
                write_amount(draw, row["demande"]),
                write_amount(draw, row["accorde"]),
                write_amount(draw, row["paye"]),
                write_amount(draw, last_year.get(row["rang"])),
                write_states(draw, row),
                write_period(draw, annee),
                row["public"],
                row["beneficiaires"] if draw.chance(0.85) else "",
                row["engagement"],
            ]
            put(line)
            times = 1
            if draw.chance(0.03):  # the same line pasted twice
                put(line)
                times = 2
            for rank, amount in enumerate((row["demande"], row["accorde"], row["paye"])):
                sums[rank] += times * (amount or 0)
            last_year[row["rang"]] = row["accorde"] or 0.0
            if draw.chance(0.04):
                put([])
        put(["", "", f"Sous-total {annee}", "", "", "", "", *sums])
        grand = [a + b for a, b in zip(grand, sums, strict=True)]
    put([])
    put(["TOTAL GÉNÉRAL", "", "", "", "", "", "", *grand])
    put(["Consolidation au 31/12/2018, sous réserve des bilans"])
    pivot = book.add_worksheet("Bilan")
    pivot.write_row(0, 0, ["Étiquettes de lignes", "Somme de Accordé"])
    pivot.write_row(1, 0, ["Total général", grand[1]])
    book.close()


def write_second_programme(contract: Contract) -> None:
    """2019-2022: one column per funder, in an OpenDocument sheet; some editions differ by a letter from their neighbour."""
    draw = Draw("programmation 2019-2022")
    header = [
        "N° dossier",
        "Exercice",
        "Nom de l'action",
        "Structure",
        "SIRET",
        "Thème",
        "Pilier",
        "Territoire(s)",
        "Total demandé",
        "État politique de la ville",
        "Ville (droit commun)",
        "Caisse des familles",
        "État payé",
        "Décision",
        "Date de début",
        "Public",
        "Bénéficiaires",
        "Engagement",
        "Convention",
        "Observations",
    ]
    lines: list[list[object]] = [["Programmation 2019-2022 (DONNÉES D'EXEMPLE)"], [], header]
    rows = sorted(
        draw_action_years(contract, 2019, 2022, "P2"), key=lambda row: (row["annee"], row["thematique"], row["rang"])
    )
    sums = [0.0] * 5
    for number, row in enumerate(rows):
        who = contract.partenaires[row["porteur"]]
        city = round(row["accorde"] * 0.4, -2) if row["accorde"] and row["rang"] % 3 == 0 else None
        family = round(row["accorde"] * 0.25, -2) if row["accorde"] and row["rang"] % 5 == 0 else None
        title = row["titre"]
        if draw.chance(0.04):
            title = title.replace("ent", "en", 1)  # mistyped: a near duplicate to decide
        elif draw.chance(0.05):
            title = f"{title} {row['annee']}"
        bound = row["rang"] in (10, 27, 37) and row["annee"] >= 2020
        if (
            bound and row["accorde"]
        ):  # a convention of several years: the log repeats one amount, and does not say of what
            row["accorde"] = float(WORDS["actions"]["liste"][row["rang"]][7])
        amounts = [row["demande"], row["accorde"], city, family, row["paye"]]
        line = [
            f"D{row['annee']}-{number:03d}",
            row["annee"],
            title,
            draw.among([who["nom"], who["nom"], *who["alias"]]),
            write_siret(draw, contract.siret[row["porteur"]]),
            draw.among(WORDS["thematiques"][row["thematique"]]),
            row["pilier"],
            write_quarters(draw, contract, row["quartiers"]),
            *(write_amount(draw, amount) for amount in amounts),
            write_states(draw, row),
            write_period(draw, row["annee"]),
            row["public"],
            row["beneficiaires"] if draw.chance(0.9) else "",
            row["engagement"],
            "CPO 2020-2022" if bound else "",
            draw.among(["", "", "", "Voir bilan", "=SOMME(I4:I9)", "Reconduction demandée"]),
        ]
        lines.append(line)
        sums = [total + (amount or 0) for total, amount in zip(sums, amounts, strict=True)]
        if number % 40 == 39:
            lines += [[], header]
    lines += [[], ["Total", *[""] * 7, *sums], ["Consolidation DDCS / Métropole (exemple)"]]
    write_ods(
        RAW / "actions" / "programmation_2019_2022.ods",
        [("Sommaire", [["Suivi du contrat"], ["Onglet", "Contenu"], ["Suivi", "Actions"]]), ("Suivi", lines)],
    )


def write_ods(path: Path, sheets: list[tuple[str, list[list[object]]]]) -> None:
    """The smallest OpenDocument spreadsheet, with fixed times inside so that the same rows give the same bytes."""

    def cell(value: object) -> str:
        if value == "" or value is None:
            return "<table:table-cell/>"
        if isinstance(value, date):
            return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"><text:p>{value:%d/%m/%Y}</text:p></table:table-cell>'
        if isinstance(value, float | int):
            shown = f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")
            return f'<table:table-cell office:value-type="float" office:value="{value!r}"><text:p>{shown}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="string"><text:p>{escape(str(value))}</text:p></table:table-cell>'

    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(
            "<table:table-row>" + ("".join(map(cell, row)) or "<table:table-cell/>") + "</table:table-row>"
            for row in rows
        )
        + "</table:table>"
        for name, rows in sheets
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    namespaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"' for short in ("office", "table", "text")
    )
    parts = {
        "mimetype": kind,
        "content.xml": f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {namespaces} office:version="1.2"><office:body>'
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>",
        "META-INF/manifest.xml": '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, date_time=(2022, 12, 31, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, text)


def write_subsidies(contract: Contract) -> None:
    """2017-2022: subsidies of the cities and the métropole in the publishing norm (SCDL), without quarter nor theme."""
    draw = Draw("subventions")
    header = [
        "nomAttribuant",
        "idAttribuant",
        "dateConvention",
        "referenceDecision",
        "nomBeneficiaire",
        "idBeneficiaire",
        "rnaBeneficiaire",
        "objet",
        "montant",
        "nature",
        "conditionsVersement",
        "datesPeriodeVersement",
        "idRAE",
        "notificationUE",
        "pourcentageSubvention",
        "dispositifAide",
    ]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for number, row in enumerate(
        row for row in draw_action_years(contract, 2017, 2022, "SUB") if row["accorde"] and row["rang"] % 3 != 1
    ):
        who = contract.partenaires[row["porteur"]]
        giver = "metropole" if row["rang"] % 2 == 0 else "ville"
        day = f"{row['annee']}-{1 + int(draw.between(0, 11)):02d}-{1 + int(draw.between(0, 27)):02d}"
        ident = "metropole" if giver == "metropole" else "ville-centre"
        writer.writerow(
            [
                WORDS["financeurs"][giver],
                contract.siret[ident],
                day,
                f"DEL-{row['annee']}-{number:03d}",
                who["nom"],
                contract.siret[row["porteur"]],
                "",
                row["titre"],
                f"{row['accorde'] * 0.6:.2f}",
                "aide en numéraire",
                "unique",
                f"{row['annee']}-12-15" if draw.chance(0.7) else f"{row['annee']}-03-01/{row['annee']}-12-15",
                "",
                "non",
                "1.00",
                WORDS["dispositifs"][row["thematique"]],
            ]
        )
    (RAW / "actions" / "subventions_2017_2022.csv").write_text(out.getvalue(), encoding="utf-8")


def write_csv(name: str, header: list[str], rows: list[list[object]]) -> None:
    with (RAW / name).open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_partners(contract: Contract) -> None:
    """40 partners: who they are, under which names they are met, and where they were expected."""
    draw = Draw("partenaires")
    rows = []
    since = {"etat": 2015}  # who pays or carries an action is there since its first year
    for _, _, _, porteur, debut, *_ in WORDS["actions"]["liste"]:
        since[porteur] = min(debut, since.get(porteur, debut))
    for rank, (ident, who) in enumerate(contract.partenaires.items()):
        college = who.get("college", "inter-associatif")
        themes = (
            ["associations", "scolarite", "aller-vers"]
            if college in ("etat", "metropole")
            else [draw.among(list(WORDS["thematiques"])[:3])]
        )
        quarters = ["tous"] if college in ("etat", "metropole") else [code for code, _ in contract.quarters_of(rank, 3)]
        rows.append(
            [
                ident,
                who["nom"],
                college,
                "|".join(who["alias"]),
                contract.siret[ident][:9],
                "|".join(themes),
                "|".join(quarters),
                min(2015 if rank % 4 else 2019, since.get(ident, 2019)),
                who.get("fin", 2022),
                "",
            ]
        )
    write_csv(
        "partenaires.csv",
        ["id", "nom", "college", "alias", "siren", "themes", "quartiers", "debut", "fin", "note"],
        rows,
    )


def write_engagements(contract: Contract) -> None:
    """50 engagements: facts and judgements apart, some not filled in, some without evidence or with an old one."""
    draw = Draw("engagements")
    names = list(contract.partenaires)
    institutions = [
        name for name in names if contract.partenaires[name].get("college", "inter-associatif") != "inter-associatif"
    ]
    rows = []
    for rank, (pilier, theme, libelle, indicateurs) in enumerate(WORDS["engagements"]["liste"], start=1):
        filled = not draw.chance(0.16)
        state = (
            draw.among(
                ["réalisé", "partiel", "partiel", "en cours", "en cours", "non engagé", "abandonné", "réorienté"]
            )
            if filled
            else ""
        )
        pilote = draw.among(institutions)
        expected = sorted({draw.among(names) for _ in range(3)} - {pilote})
        started = state not in ("", "non engagé", "abandonné")
        seen = [name for name in expected if started and draw.chance(0.55)]
        proven = started and draw.chance(0.8)
        when = f"{draw.among(['2020', '2021', '2021', '2022'])}-{1 + int(draw.between(0, 11)):02d}-15" if proven else ""
        views = []
        for _college in contract.colleges:
            views.append(
                draw.among(["satisfaisant", "mitigé", "mitigé", "insatisfaisant"])
                if state and draw.chance(0.45)
                else ""
            )
        titles = [
            row[0]
            for index, row in enumerate(WORDS["actions"]["liste"])
            if link_engagement(index) == f"E{rank:02d}" and index % 4 == 1
        ]
        rows.append(
            [
                f"E{rank:02d}",
                libelle,
                contract.piliers[pilier - 1][0],
                theme,
                draw.among(["nouveau", "renforcé"]),
                pilote,
                "|".join(expected),
                "|".join(seen),
                "tous" if draw.chance(0.6) else "|".join(code for code, _ in contract.quarters_of(rank, 3)),
                state,
                draw.among(WORDS["preuves"]["liste"]) if proven else "",
                when,
                draw.among(WORDS["obstacles"]["liste"])
                if state in ("partiel", "non engagé", "abandonné", "réorienté")
                else "",
                "|".join(titles),
                indicateurs,
                *views,
            ]
        )
    header = [
        "code",
        "libelle",
        "pilier",
        "theme",
        "nature",
        "pilote",
        "partenaires",
        "partenaires_vus",
        "quartiers",
        "avancement",
        "preuve",
        "date_preuve",
        "obstacle",
        "actions",
        "indicateurs",
        *(f"appreciation_{college}" for college in contract.colleges),
    ]
    write_csv("engagements.csv", header, rows)


def main() -> None:
    contract = Contract()
    (RAW / "actions").mkdir(exist_ok=True)
    write_first_programme(contract)
    write_second_programme(contract)
    write_subsidies(contract)
    write_partners(contract)
    write_engagements(contract)


if __name__ == "__main__":
    main()
