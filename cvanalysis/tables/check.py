"""`cvanalysis check`: what each raw file was taken for, what is doubtful in it, and the account of its cells.

Owns the report, as an object and as French text for a terminal. Refuses to write anything, and to judge: it says what was read.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cvanalysis.actions.clean.money import LU, unbalanced
from cvanalysis.errors import printed
from cvanalysis.files.anomalies import LAISSE, ReadFile
from cvanalysis.files.guard import under_guard
from cvanalysis.indicateurs.clean.account import Account
from cvanalysis.tables.process import DOMAINES, Domain, gather, read_as_they_are
from cvanalysis.territory.contract import Territory

ANOMALIES_MONTREES = 20  # per file, in the text: the object has them all
BRUT_MAX = 60  # characters of a raw cell, in the text
FINE = "\u202f"


@dataclass(frozen=True)
class Check(Domain):
    """The report on all domains. `fichiers` in the folder's order; `anomalies` as in `anomalies.parquet`."""

    titre: str = ""
    quartiers: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """Exit status: 0, or 1 where some file was left out or the account does not balance."""
        left_out = any(file.probleme is not None for file in self.fichiers)
        return int(left_out or not self.compte.juste or len(unbalanced(self.tables["argent"])) > 0)

    def render(self) -> str:
        """The report as text."""
        by_file = dict(iter(self.anomalies.groupby("fichier", sort=False)))
        lines = [self.titre, "", *self._lead()]
        for file in self.fichiers:
            lines += [*_say_file(file), *_say_anomalies(_others(by_file.pop(file.fichier, None), file)), ""]
        for fichier, rows in by_file.items():  # the team's own files, beside those of the data
            lines += [f"! {fichier}", *_say_anomalies(rows), ""]
        lines += [*_say_account(self.compte), "", *_say_money(self.tables["argent"])]
        told = self.complement.split("\n") if self.complement else []
        return "\n".join(map(printed, [*lines, *told, *self._say_empty(), *self._conclude()]))

    def _lead(self) -> list[str]:
        """What stops or falsifies, before all the rest, each with what to do."""
        wrong = [file.probleme for file in self.fichiers if file.probleme is not None]
        if not wrong:
            return []
        said = [f"- {one.fichier}\u00a0: {one.trouve}. {one.que_faire.rstrip('.')}." for one in wrong]
        return ["À corriger", *(line.replace(". .", ".") for line in said), ""]

    def _say_empty(self) -> list[str]:
        """The quarters that no file has, and those that have no figure: their pages would be empty."""
        table = self.tables.get("indicateurs", pd.DataFrame(columns=["zone", "valeur"]))
        figures = set(table.loc[table["valeur"].notna(), "zone"])
        found = {zone for file in self.fichiers for zone in file.trouvees}
        nowhere = [code for code in self.quartiers if code not in found | figures]
        empty = [code for code in self.quartiers if code in found and code not in figures]
        return [
            f"{_count(len(codes), one, many)}\u00a0: {', '.join(codes)}."
            for codes, one, many in (
                (nowhere, "quartier n'est dans aucun fichier", "quartiers ne sont dans aucun fichier"),
                (empty, "quartier est sans aucun chiffre", "quartiers sont sans aucun chiffre"),
            )
            if codes
        ]

    def _conclude(self) -> list[str]:
        if not self.fichiers:
            return ["Aucun fichier de données n'a été trouvé."]
        left_out = [file.fichier for file in self.fichiers if file.probleme is not None or file.statut == LAISSE]
        if any(file.probleme is not None for file in self.fichiers):
            many = _count(len(left_out), "fichier laissé", "fichiers laissés")
            return [f"{many} de côté\u00a0: {', '.join(left_out)}."]
        if left_out:
            return [
                f"Tous les fichiers de données ont pu être lus\u00a0; laissés de côté\u00a0: {', '.join(left_out)}."
            ]
        return ["Tous les fichiers ont pu être lus."]


def check(territory: Territory, audience: str = "public") -> Check:
    """Read the raw files of a territory and tell what was found; nothing is written."""
    return under_guard(lambda: _check(territory, audience))


def _check(territory: Territory, audience: str) -> Check:
    every = gather([*(clean(territory, audience) for clean in DOMAINES), read_as_they_are(territory)])
    return Check(
        **vars(every),
        titre=f"{territory.nom} — {territory.contrat}",
        quartiers=tuple(one.code for one in territory.quartiers),
    )


def _say_file(file: ReadFile) -> list[str]:
    if file.probleme is not None:
        return [f"✗ {file.fichier}", f"    laissé de côté\u00a0: {file.probleme.trouve}.", *_say_remedy(file)]
    if file.statut == LAISSE:
        return [f"- {file.fichier}", f"    laissé de côté\u00a0: {file.pris_pour}"]
    lines = [f"✓ {file.fichier}", f"    {file.pris_pour}"]
    if file.statut != "lu":
        return lines
    expected = len(file.trouvees) + len(file.manquantes)
    said = [_count(file.lignes, "ligne", "lignes")] if file.lignes else []
    said += [f"zones du territoire\u00a0: {len(file.trouvees)} sur {expected}"] if expected else []
    lines += ["    " + "\u00a0; ".join(said)] if said else []
    for what, names in (
        ("zones absentes", file.manquantes),
        ("colonnes attendues et absentes", file.absentes),
        ("colonnes inconnues, non lues", file.inconnues),
    ):
        lines += [f"    {what}\u00a0: {', '.join(names)}"] if names else []
    return lines


def _say_remedy(file: ReadFile) -> list[str]:
    problem = file.probleme
    return [f"    {part.rstrip('.')}." for part in ((problem.attendu, problem.que_faire) if problem else ()) if part]


def _others(rows: pd.DataFrame | None, file: ReadFile) -> pd.DataFrame | None:
    """The anomalies of a file, but for the one that is why it was left out, told already."""
    if rows is None or file.probleme is None:
        return rows
    return rows[~rows["probleme"].str.startswith(file.probleme.trouve)]


def _say_anomalies(rows: pd.DataFrame | None) -> list[str]:
    """The anomalies of one file, those that say the same of several columns told once."""
    if rows is None:
        return []
    groups: dict[tuple[int, str, str], list[tuple[str, str]]] = {}
    for row in rows.itertuples():
        groups.setdefault((row.ligne, row.probleme, row.traitement), []).append((row.colonne, row.brut))
    lines = []
    for (ligne, probleme, traitement), cells in list(groups.items())[:ANOMALIES_MONTREES]:
        named, raws = [column for column, _ in cells if column], {raw for _, raw in cells}
        brut = raws.pop() if len(raws) == 1 else ""
        where = [f"ligne {ligne}"] if ligne else []
        where += [f"{'colonnes' if len(named) > 1 else 'colonne'} {', '.join(named)}"] if named else []
        place = f"{', '.join(where)}\u00a0: " if where else ""
        raw = f" («\u00a0{_shorten(brut)}\u00a0»)" if brut and brut not in probleme else ""
        lines.append(f"    - {place}{probleme}{raw}. {traitement}.")
    if len(groups) > ANOMALIES_MONTREES:
        lines.append(f"    - et {_count(len(groups) - ANOMALIES_MONTREES, 'autre anomalie', 'autres anomalies')}.")
    return lines


def _shorten(raw: str) -> str:
    """A raw cell as a terminal can show it."""
    plain = printed(raw[: BRUT_MAX + 1])
    return plain if len(plain) <= BRUT_MAX else f"{plain[:BRUT_MAX]}…"


def _say_money(argent: pd.DataFrame) -> list[str]:
    """Each column of amounts: what was read = what was kept + what was left out, by reason."""
    lines = []
    for (fichier, feuille, colonne), rows in argent.groupby(["fichier", "feuille", "colonne"], sort=False):
        read = rows.loc[rows["motif"] == LU, "montant"].sum()
        told = [(row.motif, row.montant) for row in rows[rows["motif"] != LU].itertuples()]
        parts = " + ".join(f"{motif} {_euros(amount)}" for motif, amount in told)
        sheet = f" [{feuille}]" if feuille else ""
        lines.append(f"{fichier}{sheet}, {colonne}\u00a0: {_euros(read)} lus = {parts or 'rien'}")
    if not lines:
        return []
    lost = unbalanced(argent)
    verdict = "Les montants sont tous retrouvés." if lost.empty else f"{len(lost)} colonne(s) ne tombent pas juste."
    return ["Montants des journaux d'actions", *lines, verdict, ""]


def _euros(amount: float) -> str:
    return f"{_number(round(amount))}\u00a0€"


def _say_account(account: Account) -> list[str]:
    head = ("fichier", "cellules", "valeurs", "statuts", "anomalies", "écart")
    rows = [
        (line.fichier, *(_number(n) for n in (line.cellules, line.valeurs, line.statuts, line.anomalies, line.ecart)))
        for line in (*account.lignes, account.total)
    ]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    text = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(n) for cell, n in zip(row[1:], widths[1:], strict=True))])
        for row in (head, *rows)
    ]
    verdict = (
        "Le compte est juste\u00a0: chaque cellule lue est une valeur, un statut ou une anomalie."
        if account.juste
        else "Le compte N'EST PAS juste\u00a0: des cellules sont perdues ou comptées deux fois (colonne écart)."
    )
    return ["Compte des cellules lues", *text, verdict]


def _number(n: int) -> str:
    return f"{n:,}".replace(",", FINE)


def _count(n: int, one: str, many: str) -> str:
    """A count with its noun, singular below 2."""
    return f"{_number(n)} {one if n < 2 else many}"
