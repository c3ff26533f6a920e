"""An invented territory, awkward on purpose: what the default one never asks of the code, it does.

Owns its declarations and its files; refuses to look like a real place: no commune, EPCI or figure of it exists. Forty
quarters in two lists of codes; names with accents, quotes and markup; a quarter without any action, one whose values are all
secret, one over two communes, one with a single value; files in cp1252, with tabs, commas, lower-case keys and in ODS. Figures
come from a seeded generator: the same folder, byte for byte but for the ODS archive, each time.
"""

import random
from pathlib import Path

import pandas as pd
import xlsxwriter

LONG = (
    'L’Îlot-Sainte-Œuvre-d’Été « Cœur d’Ïle » de l\'Abbé-Grégoire-du-Bout-de-l’Étang-aux-Âmes - Résidence "Les Hêtres" '
    "& Grand’Place <b>Noël</b> - Tours A, B, C et D"
)
CODES = tuple([f"QP973{n:03}" for n in range(1, 31)] + [f"QP02A{n:03}" for n in range(1, 11)])
SECRET, SEUL, SANS_ACTION, DEUX_COMMUNES, LONG_NOM = CODES[4], CODES[5], CODES[6], CODES[7], CODES[0]
COMMUNES = {"97390": "Bourg-l’Invention", "97391": "Saint-Éloi-des-Brumes", "2A990": "L'Anse-aux-Œufs"}
NOMS = ("Centre Ville", "Les Hauts", "Le Port", "Bas Bourg", "La Savane", "Cité  Radieuse", "L’Étoile", "Le Moulin")

CONTRAT = """\
[territoire]
id = "iles-inventees"
nom = "Îles Inventées Agglo’mération & Cie"
epci = "249799990"
geographie = "QP2015"
maj = 2022-05-02

[contrat]
nom = "Contrat de ville 2015/2022"
code = "CV999"
debut = 2015
fin = 2022
edition = "essai"

[[editions]]
id = "essai"
nom = "Essai"
jusqu_au = 2022-12-31

[seuils]
stable_points = 0.5
personnes = 5

[[exemples]]
fichiers = "*/*"
"""


def quartiers() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Code → (name, communes)."""
    places = {}
    for i, code in enumerate(CODES):
        commune = "2A990" if code.startswith("QP02A") else ("97390", "97391")[i % 2]
        places[code] = (NOMS[i % len(NOMS)] if i % 3 else f"{NOMS[i % len(NOMS)]} {i}", (commune,))
    places[LONG_NOM] = (LONG, ("97390",))
    places[DEUX_COMMUNES] = ("Entre-Deux", ("97390", "97391"))
    return places


class Chiffres:
    """Invented figures of a quarter and a year, plausible enough to pass validity tests."""

    def __init__(self) -> None:
        self._random = random.Random(2014)

    def entre(self, bas: float, haut: float, decimales: int = 1) -> float:
        return round(self._random.uniform(bas, haut), decimales)

    def demo(self) -> dict[str, float]:
        population = int(self.entre(900, 9000, 0))
        enfants = {c: int(population * self.entre(0.02, 0.06, 3)) for c in (
            "ENF_2", "ENF_3_5", "ENF_6_10", "ENF_11_14", "ENF_15_17", "ENF_18_24")}  # fmt: skip
        return {
            "POP_MUN": population, "TX_F": self.entre(48, 57), "TX_TOT_0A24": self.entre(28, 50),
            "TX_F_0A24": self.entre(25, 48), "TX_TOT_60ETPLUS": self.entre(8, 28), "TX_F_60ETPLUS": self.entre(9, 30),
            "IND_JEUNE": self.entre(0.8, 5), "TX_TOT_MEN1": self.entre(25, 55), "TX_TOT_MEN6": self.entre(2, 11),
            "TX_TOT_ET": self.entre(5, 45), "TX_F_ET": self.entre(5, 44), "A": population // 3,
            "PERCOU": int(population * 0.7), "AM": population // 14, "AI": population // 7, "ACSSENF": population // 40,
            "ACAVENF": population // 12, "AC3ENF": population // 30, "A_NETUD_24": population // 60,
            "A_ETUD": population // 70, "ENF": sum(enfants.values()), **enfants, "NOTE_CNAF": 0,
        }  # fmt: skip

    def ipro(self) -> dict[str, float]:
        femmes, hommes = int(self.entre(60, 500, 0)), int(self.entre(60, 500, 0))
        abc = femmes + hommes
        return {
            "TX_TOT_EMPL": self.entre(30, 60), "TX_F_EMPL": self.entre(25, 58), "TX_ET_EMPL": self.entre(22, 55),
            "TX_TOT_EDLIM": self.entre(15, 35), "TX_F_EDLIM": self.entre(15, 38), "TX_ET_EDLIM": self.entre(15, 40),
            "ABCDE": abc + 60, "ABCDE_F": femmes + 30, "ABCDE_H": hommes + 30, "ABC": abc, "ABC_F": femmes, "ABC_H": hommes,
            "A": abc - 70, "A_F": femmes - 35, "A_H": hommes - 35, "ABC_25": abc // 6, "ABC_2649": abc - abc // 6 - abc // 5,
            "ABC_50": abc // 5, "ABC_DUR1": abc // 3, "ABC_DUR2": abc // 6, "ABC_DUR3": abc // 5,
            "ABC_DUR4": abc - abc // 3 - abc // 6 - abc // 5, "NOTE_PE": 0,
        }  # fmt: skip

    def revn(self) -> dict[str, float]:
        mediane = int(self.entre(9000, 17000, 0)) // 10 * 10
        pensions, patrimoine, sociales, impots = (
            self.entre(12, 30), self.entre(1, 6), self.entre(15, 40), -self.entre(4, 12),
        )  # fmt: skip
        return {
            "PMIMP": self.entre(15, 50), "DISP_Q2": mediane, "DISP_Q1": mediane - 2900, "DISP_Q3": mediane + 4300,
            "TP60": self.entre(22, 65), "DISP_D1": mediane - 4700, "DISP_D9": mediane + 9800,
            "PACT": round(100 - pensions - patrimoine - sociales - impots, 1), "PPEN": pensions, "PPSOC": sociales,
            "PIMPOT": impots, "PPAT": patrimoine, "NOTE_FILO": 0, "C": mediane // 3, "C_C2SNP": mediane // 15,
            "C_C2SP": mediane // 50, "NOTE_CNAM": 0, "APPA": mediane // 30, "ARSAS": mediane // 40,
            "AAAH": mediane // 90, "NOTE_CNAF": 0,
        }  # fmt: skip

    def filo(self, aa: str) -> dict[str, float]:
        mediane = int(self.entre(10000, 17000, 0)) // 10 * 10
        return {
            f"DISP_Q1_A{aa}": mediane - 2800, f"DISP_MED_A{aa}": mediane, f"DISP_Q3_A{aa}": mediane + 4200,
            f"DISP_D1_A{aa}": mediane - 4800, f"DISP_D9_A{aa}": mediane + 9500, f"DISP_RD_A{aa}": self.entre(2.3, 4),
            f"DISP_GINI_A{aa}": self.entre(0.2, 0.3, 3), f"DISP_TP60_A{aa}": self.entre(22, 65), f"DISP_NOTE_A{aa}": 0,
        }  # fmt: skip

    def rpls(self) -> dict[str, float]:
        return {
            "NBLSPLS": int(self.entre(200, 2500, 0)), "TXVAC": self.entre(0, 9), "TXVAC3M": self.entre(0, 4),
            "TXROT": self.entre(3, 14), "MOYLOY": self.entre(4.5, 7.5, 2), "MEDLOY": self.entre(4.5, 7.5, 2),
        }  # fmt: skip

    def disp(self, aa: str) -> dict[str, float]:
        mediane = int(self.entre(17000, 24000, 0)) // 10 * 10
        return {
            f"NBMEN{aa}": int(self.entre(9000, 60000, 0)), f"NBPERS{aa}": int(self.entre(20000, 150000, 0)),
            f"NBUC{aa}": self.entre(15000, 90000), f"Q1{aa}": mediane - 5200, f"Q2{aa}": mediane, f"Q3{aa}": mediane + 7700,
            f"D1{aa}": mediane - 8600, f"D9{aa}": mediane + 17000, "RD": self.entre(2.5, 4.5),
            f"GI{aa}": self.entre(0.24, 0.34, 3), f"PACT{aa}": 73.0,
            f"PPEN{aa}": 26.0, f"PPAT{aa}": 9.0, f"PPSOC{aa}": 8.0, f"PIMPOT{aa}": -16.0,
        }  # fmt: skip


Lignes = list[tuple[str, dict[str, float | str | None]]]


def rows(make, *, blank: str = "", seul: str = "", ensemble: bool = False) -> Lignes:
    """A figure per quarter and column; all secret in one quarter (`blank`), only the column `seul` in another."""
    table: Lignes = [("Ensemble", dict(make()))] if ensemble else []
    for code in CODES:
        cells: dict[str, float | str | None] = dict(make())
        if code in (SECRET, SEUL):
            kept = {seul} if code == SEUL else set()
            cells = {c: v if c in kept or c.startswith("NOTE") or "NOTE" in c else blank for c, v in cells.items()}
        table.append((code, cells))
    # Quarters that are not of the contract stand in the same files, as in any national file.
    return table + [(f"QP001{n:03}", dict(make())) for n in range(1, 4)]


def french(value: float | str | None, thousands: str = "") -> str:
    if value is None or isinstance(value, str):
        return value or ""
    whole, point, rest = f"{value:,}".partition(".")
    return whole.replace(",", thousands) + ("," + rest if point else "")


def delimited(
    table: Lignes, key: str, separator: str, *, thousands: str = "", lower: bool = False, noms: bool = False
) -> str:
    """The table as text; cells that hold the separator are quoted."""
    columns = list(table[0][1])
    names = {code: nom for code, (nom, _) in quartiers().items()} | {"Ensemble": "Ensemble des QPV"}
    header = [key, *(["LIBGEO"] if noms else []), *columns]
    lines = [[h.lower() for h in header] if lower else header]
    for code, cells in table:
        lines.append(
            [code, *([names.get(code, "Ailleurs")] if noms else []), *(french(cells[c], thousands) for c in columns)]
        )

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if separator in text or '"' in text else text

    return "\r\n".join(separator.join(cell(c) for c in line) for line in lines) + "\r\n"


def frame(table: Lignes) -> pd.DataFrame:
    return pd.DataFrame([{"CODGEO": code, **cells} for code, cells in table])


def write_workbook(path: Path, table: Lignes) -> None:
    """A decoy first sheet, then titles, codes, and labels under the codes."""
    columns = ["CODGEO", *table[0][1]]
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"created": pd.Timestamp(2020, 1, 1).to_pydatetime()})
        book.add_worksheet("Lisez-moi").write_column(
            0, 0, ["Ceci n’est pas la feuille des données", "2015", "QP973001"]
        )
        page = book.add_worksheet("Données quartier(s)")
        page.write_column(0, 0, ["Un titre", "Un sous-titre"])
        page.write_row(4, 0, columns)
        page.write_row(5, 0, [f"Libellé de {c}" for c in columns])
        for i, (code, cells) in enumerate(table, start=6):
            page.write_row(i, 0, [code, *("" if v is None else v for v in cells.values())])


def write_invented_territory(folder: Path) -> Path:
    """Write the whole data folder (declarations, `insee/`, `actions/`) and give it back."""
    insee = folder / "insee"
    insee.mkdir(parents=True, exist_ok=True)
    (folder / "actions").mkdir(exist_ok=True)
    _declare(folder)
    chiffres = Chiffres()
    demo = rows(chiffres.demo, blank="s", seul="POP_MUN", ensemble=True)
    # A name with characters that cp1252 lacks would not be saved in it: the names stay out of that file.
    (insee / "DEMO_2019.csv").write_bytes(delimited(demo, "CodGeo", "\t", thousands=" ", lower=True).encode("cp1252"))
    demo = rows(chiffres.demo, seul="POP_MUN")
    (insee / "DEMO_2022.csv").write_bytes(
        ("\ufeff" + delimited(demo, "CODGEO", ";", thousands="\u202f", noms=True)).encode()
    )
    ipro = rows(chiffres.ipro, blank="ns")
    (insee / "ipro_2022.csv").write_bytes(delimited(ipro, "code_qp", ",").encode())
    write_workbook(insee / "REVN_2022.xlsx", rows(chiffres.revn))
    for aa in ("17", "19"):
        filo = rows(lambda aa=aa: chiffres.filo(aa), blank="nd", ensemble=True)
        (insee / f"revdis{aa}.csv").write_bytes(
            delimited(filo, "qp", ";", thousands="\xa0", lower=True).encode("cp1252")
        )
    frame(rows(chiffres.rpls)).to_excel(insee / "RPLS_2021.ods", engine="odf", index=False)
    for level, zones in (("COM", COMMUNES), ("EPCI", {"249799990": "Îles Inventées"})):
        disp: Lignes = [(code, dict(chiffres.disp("19"))) for code in zones]
        text = delimited(disp, "CODGEO", ";").replace(",", ".")
        (insee / f"FILO2019_DISP_{level}.csv").write_bytes(text.encode())
    _act(folder / "actions", chiffres)
    return folder


def _declare(folder: Path) -> None:
    places = quartiers()

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    tables = {
        "quartiers": "code;nom;communes\n"
        + "".join(f"{code};{quoted(nom)};{'/'.join(communes)}\n" for code, (nom, communes) in places.items()),
        "communes": "code;nom\n" + "".join(f"{code};{nom}\n" for code, nom in COMMUNES.items()),
        "comparateurs": "zone;niveau;nom\nEnsemble;FRANCE_QPV;Tous les QPV\n249799990;EPCI;Îles Inventées\n"
        + "".join(f"{code};COMMUNE;{nom}\n" for code, nom in COMMUNES.items()),
        "themes": "id;nom;question\nsante-des-jeunes;La santé des 11-25 ans & de leurs parents;Qui se soigne, et où\u00a0?\n"
        "vide;Un thème dont personne n’a rien dit;Que faire d’une page vide\u00a0?\n",
        "piliers": "id;nom\nbien-vivre;Bien vivre\nbien-faire;Bien faire\n",
        "colleges": "id;nom\ntous;Tout le monde\n",
    }
    (folder / "contrat.toml").write_text(CONTRAT, encoding="utf-8", newline="\n")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8-sig", newline="\r\n")


def _act(folder: Path, chiffres: Chiffres) -> None:
    """Actions split over quarters, as the State's services export it; none in one quarter."""
    lines = ["annee_exercice,ref_action,ej,code_qpv,code_qpv24,montant_ventillé,libellé action,siret"]
    for i, code in enumerate(c for c in CODES if c != SANS_ACTION):
        for annee in (2019, 2020, 2021)[: 1 + i % 3]:
            montant = int(chiffres.entre(500, 20000, 0))
            lines.append(f'{annee},INV-{annee}-{i:03}-1,21{annee}{i:04},{code},NR,{montant},"Action inventée, n° {i}",')
    (folder / "qpv_lieu_action.csv").write_bytes(("\ufeff" + "\n".join(lines) + "\n").encode())
