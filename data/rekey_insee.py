"""Re-keys published figures into files laid out as INSEE lays them out: `python data/rekey_insee.py [FACTS] [DOSSIER]`.

Owns `data/raw/insee/` of the default territory; refuses to invent: a figure that the facts do not hold is an empty cell,
and a zone or a column that they do not hold is not written. The layouts are those met in published files (saved from a
spreadsheet, INSEE's own CSV, workbooks with titles and decoy sheets), so that the default territory exercises them.

The same facts give the same bytes.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import xlsxwriter

ICI = Path(__file__).resolve().parent

Table = dict[str, dict[str, str]]  # zone → column → figure as published, '' where blank

ZONES = {
    "Ensemble": "Ensemble des QPV",
    "244400404": "Nantes Métropole",
    "44109": "Nantes",
    "44114": "Orvault",
    "44143": "Rezé",
    "44162": "Saint-Herblain",
    "44": "Loire-Atlantique",
    "52": "Pays de la Loire",
    "1": "France métropolitaine",
}

LIBELLES = {
    "CODGEO": "Code du quartier",
    "LIBGEO": "Libellé du quartier",
    "LIB_COM": "Commune(s)",
    "POP_MUN": "Population municipale",
    "POP_COM_QP": "Population des quartiers de la commune",
    "POP_COM": "Population de la commune",
    "TX_F": "Part des femmes (%)",
    "TX_TOT_0A24": "Part des moins de 25 ans (%)",
    "TX_F_0A24": "Part des moins de 25 ans parmi les femmes (%)",
    "TX_TOT_60ETPLUS": "Part des 60 ans ou plus (%)",
    "TX_F_60ETPLUS": "Part des 60 ans ou plus parmi les femmes (%)",
    "IND_JEUNE": "Indice de jeunesse",
    "TX_TOT_MEN1": "Part des ménages d'une personne (%)",
    "TX_TOT_MEN6": "Part des ménages de six personnes ou plus (%)",
    "TX_TOT_ET": "Part des étrangers (%)",
    "TX_F_ET": "Part des étrangères parmi les femmes (%)",
    "A": "Allocataires",
    "PERCOU": "Personnes couvertes",
    "AM": "Allocataires monoparents",
    "AI": "Allocataires isolés",
    "ACSSENF": "Couples sans enfant",
    "ACAVENF": "Couples avec enfant(s)",
    "AC3ENF": "Couples avec trois enfants ou plus",
    "A_NETUD_24": "Allocataires de moins de 25 ans non étudiants",
    "A_ETUD": "Allocataires étudiants",
    "ENF": "Enfants couverts",
    "ENF_2": "Enfants de moins de 3 ans",
    "ENF_3_5": "Enfants de 3 à 5 ans",
    "ENF_6_10": "Enfants de 6 à 10 ans",
    "ENF_11_14": "Enfants de 11 à 14 ans",
    "ENF_15_17": "Enfants de 15 à 17 ans",
    "ENF_18_24": "Enfants de 18 à 24 ans",
    "PMIMP": "Part des ménages imposés (%)",
    "PART_CHOMPRINC": "Part des ménages vivant surtout d'indemnités de chômage (%)",
    "BREV": "Taux de bas revenus déclarés (%)",
    "TP60": "Taux de pauvreté au seuil de 60 % (%)",
    "PACT": "Part des revenus d'activité (%)",
    "PPEN": "Part des pensions (%)",
    "PPSOC": "Part des prestations sociales (%)",
    "PIMPOT": "Part des impôts (%)",
    "PPAT": "Part des revenus du patrimoine (%)",
    "CCMUC": "Couverts par la CMU complémentaire",
    "APRES50": "Allocataires dont le revenu vient pour moitié de prestations",
    "APRES100": "Allocataires dont le revenu vient en entier de prestations",
    "APPA": "Allocataires de la prime d'activité",
    "ARSAS": "Allocataires du RSA socle",
    "AAAH": "Allocataires de l'AAH",
    "Q3_Q1": "Écart interquartile (€)",
    "RD": "Rapport interdécile",
    "CA": "Contrats aidés",
    "EAV": "Emplois d'avenir",
    "CUI": "Contrats uniques d'insertion",
    "ABC": "Demandeurs d'emploi A, B, C",
    "ABC_E": "Demandeurs d'emploi A, B, C, étrangers",
    "ABCDE": "Demandeurs d'emploi A à E",
}


# What the parts of a code say, for the codes that are not above: `ABC_DUR4_F` → demandeurs A, B, C, durée 4, femmes.
PARTS = {
    "ABC": "Demandeurs d'emploi A, B, C", "ABCDE": "Demandeurs d'emploi A à E", "A": "Demandeurs d'emploi A",
    "CA": "Contrats aidés", "CAE": "Contrats d'accompagnement", "CIE": "Contrats initiative", "CUI": "Contrats uniques d'insertion",
    "EAV": "Emplois d'avenir", "EVOL": "Évolution (%)", "NOTE": "Note de lecture", "TX": "Taux (%)", "TOT": "ensemble",
    "F": "femmes", "H": "hommes", "ET": "étrangers", "FR": "Français", "RSA": "allocataires du RSA",
    "EMPL": "en emploi", "EPREC": "en emploi précaire", "T4": "quatrième trimestre",
    "N": "année", "N1": "année précédente", "25": "moins de 25 ans", "2649": "26 à 49 ans", "26A49": "26 à 49 ans",
    "50": "50 ans ou plus", "INFCAP": "sans CAP", "INFCAPBEP": "sans CAP ni BEP", "CAP": "CAP", "CAPBEP": "CAP ou BEP",
    "SUPCAP": "au-delà du CAP", "BAC": "baccalauréat", "SUPBAC": "au-delà du baccalauréat", "DECUC": "Revenu déclaré par UC (€)",
    "DISP": "Revenu disponible par UC (€)", "Q1": "premier quartile", "Q2": "médiane", "Q3": "troisième quartile",
    "D1": "premier décile", "D9": "neuvième décile", "ASP": "ASP", "PE": "Pôle emploi", "CNAF": "Cnaf", "CNAM": "Cnam",
}  # fmt: skip
FILOSOFI = {
    "NBMEN": "Ménages fiscaux", "NBPERS": "Personnes", "NBUC": "Unités de consommation", "S80S20": "Rapport S80/S20", "GI": "Indice de Gini",
    "PACT": "Part des revenus d'activité (%)", "PTSA": "dont traitements et salaires (%)", "PTSAC": "dont traitements et salaires (%)",
    "PCHO": "dont indemnités de chômage (%)", "PBEN": "dont revenus non salariés (%)", "PPEN": "Part des pensions (%)",
    "PPAT": "Part des revenus du patrimoine (%)", "PPSOC": "Part des prestations sociales (%)", "PPFAM": "dont familiales (%)",
    "PPMINI": "dont minima sociaux (%)", "PPLOGT": "dont logement (%)", "PIMPOT": "Part des impôts (%)",
}  # fmt: skip


def libelle(famille: str, colonne: str) -> str:
    """A label for the row of labels: words for people, which reading must not need."""
    if famille == "FILO_DISP" and (m := re.fullmatch(r"(S80S20|[A-Z]+|[QD]\d)(\d\d)", colonne)):
        return FILOSOFI.get(m[1]) or {"Q": "Quartile ", "D": "Décile "}[m[1][0]] + m[1][1]
    if colonne in LIBELLES and not (famille == "IPRO" and colonne == "A"):
        return LIBELLES[colonne]
    numbered = (re.fullmatch(r"(QAL|DUR)(\d)", part) for part in colonne.split("_"))
    words = [
        {"QAL": "qualification ", "DUR": "durée "}[m[1]] + m[2] if m else PARTS.get(part, part)
        for part, m in zip(colonne.split("_"), numbered, strict=True)
    ]
    return ", ".join(words)


def read_facts(folder: Path) -> tuple[dict[tuple[str, str, str], Table], dict[str, tuple[str, str]]]:
    """(family, file year, level group) → table in the order of the facts; QPV → (name, communes).

    Level group is `QP` for quarters and their aggregate, which share a file, else the level.
    """
    with (folder / "nantes_quartiers.csv").open(encoding="utf-8-sig", newline="") as f:
        quartiers = {r["code"]: (r["nom"], r["communes"]) for r in csv.DictReader(f, delimiter=";")}
    tables: dict[tuple[str, str, str], Table] = {}
    with (folder / "nantes_indicateurs.csv").open(encoding="utf-8-sig", newline="") as f:
        for r in csv.DictReader(f, delimiter=";"):
            groupe = "QP" if r["niveau"] in ("QPV", "FRANCE_QPV") else r["niveau"]
            table = tables.setdefault((r["famille"], r["annee_fichier"], groupe), {})
            table.setdefault(r["zone"], {})[r["variable"]] = r["valeur"]
    return tables, quartiers


def columns(table: Table) -> list[str]:
    """Columns in the published order: that of the zone that has the most of them."""
    return list(max(table.values(), key=len))


def rows(table: Table) -> list[tuple[str, dict[str, str]]]:
    """`Ensemble` first, as INSEE does, then the zones by code."""
    return sorted(table.items(), key=lambda item: (item[0] != "Ensemble", item[0]))


def thousands(figure: str, space: str) -> str:
    """`16918` → `16 918` with the given space; decimals keep their comma and their precision."""
    sign, digits = ("-", figure[1:]) if figure.startswith("-") else ("", figure)
    whole, comma, rest = digits.partition(",")
    if not whole.isdigit():
        return figure
    return sign + f"{int(whole):,}".replace(",", space) + comma + rest


class Rekey:
    """Writes one file per call, from the tables of the facts."""

    def __init__(self, facts: Path, out: Path) -> None:
        self.tables, self.quartiers = read_facts(facts)
        self.out = out
        self.done: set[tuple[str, str, str]] = set()

    def take(self, famille: str, annee: str, groupe: str) -> Table:
        self.done.add((famille, annee, groupe))
        return self.tables[famille, annee, groupe]

    def label(self, zone: str) -> str:
        return ZONES[zone] if zone in ZONES else self.quartiers[zone][0]

    def grid(self, table: Table, *, libgeo: bool = True, lib_com: bool = False) -> tuple[list[str], list[list[str]]]:
        """Header and rows of raw strings, with the columns of names that the layout has."""
        cols = columns(table)
        if lib_com:
            cols.insert(cols.index("POP_COM") + 1, "LIB_COM")
        body = []
        for zone, cells in rows(table):
            texts = {"LIB_COM": self.quartiers[zone][1] if zone in self.quartiers else ""}
            line = [zone, *([self.label(zone)] if libgeo else [])]
            body.append(line + [texts[c] if c in texts else cells.get(c, "") for c in cols])
        return ["CODGEO", *(["LIBGEO"] if libgeo else []), *cols], body

    def excel(self, name: str, header: list[str], body: list[list[str]], *, empty: int, space: str = "\u202f") -> None:
        """As Excel saves it: BOM, CRLF, `;`, spaced thousands, dozens of empty columns at the end of each line."""
        tail = ";" * empty
        lines = [";".join(header) + tail]
        lines += [";".join([r[0], *(thousands(c, space) for c in r[1:])]) + tail for r in body]
        self.write(name, ("\ufeff" + "\r\n".join(lines) + "\r\n").encode())

    def native(
        self, name: str, header: list[str], body: list[list[str]], *, quoted: bool = False, space: str = ""
    ) -> None:
        """As INSEE exports it: no BOM, CRLF, header and code quoted in some years, no space or U+00A0 in thousands."""
        mark: Callable[[str], str] = (lambda s: f'"{s}"') if quoted else (lambda s: s)
        lines = [";".join(map(mark, header))]
        lines += [";".join([mark(r[0]), *(thousands(c, space) for c in r[1:])]) for r in body]
        self.write(name, ("\r\n".join(lines) + "\r\n").encode())

    def write(self, name: str, content: bytes) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / name).write_bytes(content)

    def workbook(
        self,
        name: str,
        famille: str,
        header: list[str],
        body: list[list[str]],
        *,
        sheet: str,
        titles: Iterable[str],
        codes_first: bool = False,
        decoy: str = "",
    ) -> None:
        """A workbook with title rows, then labels and codes in either order, and a first sheet that is not data."""
        self.out.mkdir(parents=True, exist_ok=True)
        with xlsxwriter.Workbook(str(self.out / name), {"strings_to_numbers": False}) as book:
            book.set_properties({"created": datetime(2020, 1, 1), "author": ""})  # no clock in the bytes
            if decoy:
                page = book.add_worksheet(decoy)
                page.write_column(0, 0, ["Documentation", "", "Variable", *header])
                page.write_column(2, 1, ["Libellé", *(libelle(famille, c) for c in header)])
            page = book.add_worksheet(sheet)
            top = [*titles, ""]
            page.write_column(0, 0, top)
            labels = [libelle(famille, c) for c in header]
            page.write_row(len(top), 0, header if codes_first else labels)
            page.write_row(len(top) + 1, 0, labels if codes_first else header)
            for i, line in enumerate(body, start=len(top) + 2):
                for j, cell in enumerate(line):
                    if j == 0 or header[j] in ("LIBGEO", "LIB_COM"):
                        page.write_string(i, j, cell)
                    elif cell:
                        page.write_number(i, j, float(cell.replace(",", ".")))

    # ------------------------------------------------------------------------------------------------- the families

    def quartiers_insee(self) -> None:
        """DEMO, IPRO, REVN: quarters and, where published, their aggregate."""
        for famille, annee, empty in (
            ("DEMO", "2017", 207), ("DEMO", "2019", 158), ("DEMO", "2022", 158),
            ("IPRO", "2017", 175), ("IPRO", "2019", 60), ("IPRO", "2022", 166),
            ("REVN", "2017", 227), ("REVN", "2019", 226), ("REVN", "2022", 993),
        ):  # fmt: skip
            header, body = self.grid(self.take(famille, annee, "QP"), lib_com=famille == "DEMO")
            # INSEE's header of that column ends with a space in these years.
            header = ["EVOL_CA_N_E " if h == "EVOL_CA_N_E" and annee != "2019" else h for h in header]
            self.excel(f"{famille}_{annee}.csv", header, body, empty=empty)
        for famille, annee, quoted in (
            ("DEMO", "2021", True), ("IPRO", "2020", False), ("IPRO", "2021", True), ("REVN", "2021", True),
        ):  # fmt: skip
            header, body = self.grid(self.take(famille, annee, "QP"), libgeo=False)
            self.native(f"data_{famille}_{annee}_V1_QP.csv", header, body, quoted=quoted)
        for famille, sheet, codes_first, decoy, subject in (
            ("DEMO", "Quartiers", False, "Documentation", "Démographie"),
            ("IPRO", "Données quartier(s)", True, "Documentation", "Insertion professionnelle"),
            ("REVN", "QP", False, "", "Revenus"),
        ):
            header, body = self.grid(self.take(famille, "2018", "QP"), lib_com=famille == "DEMO")
            titles = [f"{subject} – quartiers prioritaires", "Géographie 2015", "Édition 2018"]
            self.workbook(
                f"{famille}_2018.xlsx", famille, header, body,
                sheet=sheet, titles=titles, codes_first=codes_first, decoy=decoy,
            )  # fmt: skip

    def filosofi_quartiers(self) -> None:
        """Disposable income of the quarters, and the series 2012-2021 of two of its figures in one wide file."""
        for annee in ("16", "17", "18", "19"):
            header, body = self.grid(self.take("FILO", annee, "QP"), libgeo=False)
            if annee in ("16", "17"):
                header[0] = "codgeo"
            space = "\u00a0" if annee == "19" else ""
            self.native(f"data_filo{annee}_qp_revdis.csv", header, body, space=space)
        wide: Table = {}
        for famille, annee, groupe in sorted(self.tables):
            if famille == "FILO_PANEL":
                for zone, cells in self.take(famille, annee, groupe).items():
                    wide.setdefault(zone, {}).update({f"{c}_A{annee[2:]}": v for c, v in cells.items()})
        self.native("filo_panel_qp_2012_2021.csv", *self.grid(wide, libgeo=False))

    def filosofi_comparaison(self) -> None:
        """The same for the places that quarters are compared with; poverty by age of the communes."""
        suffixes = {
            "EPCI": "EPCI", "COMMUNE": "COM", "DEPARTEMENT": "DEP", "REGION": "REG", "FRANCE_METRO": "METROPOLE",
        }  # fmt: skip
        for famille, annee, niveau in sorted(self.tables):
            if famille != "FILO_DISP":
                continue
            header, body = self.grid(self.take(famille, annee, niveau))
            name = f"FILO{annee}_DISP_{suffixes[niveau]}"
            if annee in ("2016", "2018") and niveau != "COMMUNE":
                self.workbook(
                    f"{name}.xlsx", famille, header, body, sheet="ENSEMBLE", codes_first=annee == "2018",
                    titles=[f"Revenu disponible en {annee}", "Ensemble des ménages", "Filosofi"],
                )  # fmt: skip
            else:
                self.excel(f"{name}.csv", header, body, empty=70 if annee == "2017" else 1, space="")
        header, body = self.grid(self.take("FILO_DISP_PAUVRES", "2018", "COMMUNE"), libgeo=False)
        lines = [";".join(header), *(";".join(c.replace(",", ".") for c in r) for r in body)]
        self.write("FILO2018_DISP_Pauvres_COM.csv", ("\n".join(lines) + "\n").encode())

    def all(self) -> None:
        self.quartiers_insee()
        self.filosofi_quartiers()
        self.filosofi_comparaison()
        if left := set(self.tables) - self.done:
            raise SystemExit(f"sans fichier : {sorted(left)}")


def rekey(facts: Path, out: Path) -> None:
    """Write all files of `out` from the folder of facts."""
    Rekey(facts, out).all()


if __name__ == "__main__":
    where = [Path(a) for a in sys.argv[1:]]
    rekey(
        where[0] if where else ICI.parent.parent / "shared" / "facts", where[1] if where[1:] else ICI / "raw" / "insee"
    )
