"""Raw voices → the tables that one audience may have. Owns the consent to be quoted, the words of each field and what is reported.

`consent` leaves out what the audience and the edition may not know before anything is counted, matched, numbered or
reported. So a build for an audience is the same, to the byte, whether what it may not know exists
or not: numbers are given after the rows are chosen, in an order that only their published content makes,
and a problem in a voice is told in detail to the team alone.

Whatever is chosen may be known: what is added to it here (a number, a pseudonym, how closely a quotation may be attributed) depends on
those rows alone, so that nothing shows of the others.

A text is there only where it may be quoted: the person agreed (and to the web, for `public`), what identifies is masked and, for
`public`, a human has read it (`review`). A voice without its text still counts: someone spoke.
A role is kept as one of five words.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path

import pandas as pd

from cvanalysis.errors import Problem
from cvanalysis.files.anomalies import Anomalies, Domain, ReadFile
from cvanalysis.files.guard import allow, reading
from cvanalysis.french import fold
from cvanalysis.paroles.clean import consent
from cvanalysis.paroles.clean.account import account_of_voices
from cvanalysis.paroles.clean.companions import Answer, Companions, read_companions
from cvanalysis.paroles.clean.outils import OUTILS, TABLEUR
from cvanalysis.paroles.clean.review import read_reviews, read_text
from cvanalysis.paroles.table import CONTRIBUTIONS, MOTS, NON_DECLARE, PAGES, PAROLES, SAID, VoiceTable
from cvanalysis.personnes.masking import mask
from cvanalysis.territory.contract import Edition, Territory
from cvanalysis.territory.declarations import Inspection, read_rows

CORRESPONDANCES = "correspondances.csv"


SECONDES_PAR_LIGNE = 0.01  # of processor: ten times what the masking of a long answer takes


def clean_voices(territory: Territory, audience: consent.Audience = "public", edition: Edition | None = None) -> Domain:
    """Read `paroles/` for one audience and one edition (the territory's by default). Never raises on what a file holds.

    `paroles` and `contributions` have the columns told in `paroles.table`, the other tables those of `champs.toml`: nothing above that
    audience is in any. The digest of a file is of what was kept of it, so that it does not change with what this audience may not know;
    `avertissements`: withdrawals and answers that are nobody's, told at every audience; `complement`: what became of all the voices read.
    """
    edition = edition or territory.edition
    companions = read_companions(territory)
    tables, unread = consent.read_voices(territory, companions)
    found = []
    for table in tables:
        with reading(table.fichier):
            allow(SECONDES_PAR_LIGNE * len(table.lignes))
            found += consent.rows_of(table, territory)
    left, doubtful = consent.withdraw(found, companions.tables["retraits"])
    doubtful += _answers_to_nobody(found, companions)
    open_ones = [row for row in left if consent.may_know(audience, consent.audience_of(row))]
    rows = [row for row in open_ones if consent.is_known_at(row, territory, edition)]
    read = partial(read_text, audience=audience, reviews=read_reviews(territory.dossier, edition.jusqu_au))
    codes = _codes_read(companions, audience, read)
    kept_beside, companions = companions, replace(companions, tables=companions.tables | {"codes": codes})
    reader = _Reader(territory, audience, edition, companions, read, Anomalies())
    for fichier, ligne, champ, word in consent.undeclared(kept_beside, reader.names, audience):
        reader.told(fichier, ligne, champ, word, NON_DECLARE[champ], "laissé de côté des pages")
    answers = reader.answers(rows)
    clean = []
    for fichier, mine in groupby(rows, lambda row: row.fichier):
        with reading(fichier):  # a text made to hurt the masking is its file's fault
            for row in mine:
                allow(SECONDES_PAR_LIGNE)
                clean.append(reader.clean(row, answers.get((row["parole"], row.fichier))))
    log = Anomalies(reader.log.lignes if audience == "equipe" else sorted(set(reader.log.lignes)))
    spoken = {row.fichier for row in rows}
    shown = [table for table in tables if audience == "equipe" and (table.cells.empty or table.fichier in spoken)]
    problems = [*(one for table in shown for one in table.anomalies), *companions.anomalies, *doubtful, *unread]
    # Not what was expected: of a file without a header it is the first voice.
    log.tell((replace(one, attendu="") for one in problems), "")
    seuil = territory.seuils.personnes
    paroles = attribute(number(clean), seuil)
    enough = heard_enough(paroles, seuil)
    placed = partial(consent.match, known=reader.names["qpv"], alias=reader.alias["qpv"])
    few = [q.code for q in territory.quartiers if (q.code, "") not in enough and audience != "equipe"]
    bound = {
        "paroles/immersions.csv": consent.immersions_known(
            companions.tables["immersions"], audience, edition, read, enough
        ),
        "paroles/instances.csv": consent.held(companions.tables["instances"], edition),
        "preconisations.csv": consent.proposed(companions.tables["preconisations"], edition),
    }
    frames = {"paroles": paroles, "contributions": cite(paroles, few)}
    frames |= {Path(fichier).stem: frame for fichier, frame in bound.items()}
    frames |= {"chronologie": consent.held(companions.tables["chronologie"], edition)}
    return Domain(
        frames | {"precedent": companions.tables["precedent"], "codes": codes},
        log.frame(),
        _sources(rows, tables, clean, bound, (*unread, *companions.illisibles)),
        complement=account_of_voices(tables, unread, (found, left, open_ones, rows), clean, placed),
        avertissements=tuple(doubtful),
    )


@dataclass(frozen=True)
class _Reader:
    """Reads the fields of the kept voices for one audience and one edition. `log`: what was doubtful in them, in detail for the team alone,
    else without line or content; `read`: `read_text` for that audience."""

    territory: Territory
    audience: consent.Audience
    edition: Edition
    companions: Companions
    read: Callable[[str], tuple[str, str]]
    log: Anomalies

    @cached_property
    def names(self) -> Mapping[str, Mapping[str, str]]:
        """Field → id → declared name."""
        t, codes = self.territory, self.companions.tables["codes"]
        return {
            "themes": {one.id: one.nom for one in t.themes},
            "qpv": {one.code: one.nom for one in t.quartiers},
            "college": {one.id: one.nom for one in t.colleges},
            "sequence": {one.id: one.nom for one in t.calendrier},
            "codes": dict(zip(codes["code"], codes["nom"], strict=True)),
        }

    @cached_property
    def alias(self) -> Mapping[str, Mapping[str, str]]:
        """Field → other names → id (`exclu`: none, on purpose), as `correspondances.csv` gives them; logs tell what is wrong there."""
        found: dict[str, dict[str, str]] = {"themes": {}, "qpv": {}}
        if not (self.territory.dossier / CORRESPONDANCES).exists():
            return found
        rows = read_rows(Inspection(self.territory.dossier), CORRESPONDANCES, ("domaine", "libelle", "code"), ("note",))
        for row in rows:
            champ = {"theme": "themes", "quartier": "qpv"}.get(row["domaine"], "")
            if champ and (row["code"] in self.names[champ] or row["code"] == "exclu"):
                found[champ][fold(row["libelle"])] = row["code"]
        return found

    @cached_property
    def _subjects(self) -> tuple[str, ...]:
        """How the number of a finding may begin: by a quarter, a theme or the whole."""
        return tuple(f"{one}-" for one in (*self.names["qpv"], *self.names["themes"], *PAGES))

    def told(self, fichier: str, ligne: int, colonne: str, brut: str, probleme: str, traitement: str) -> None:
        where = (ligne, colonne, brut[:200]) if self.audience == "equipe" else (0, colonne, "")
        self.log.add(fichier, *where, probleme, traitement)

    def tell(self, row: consent.Row, *said: str) -> None:
        """Column, cell, what is wrong and what was done."""
        self.told(row.fichier, row.ligne, *said)

    def word(self, row: consent.Row, champ: str) -> str:
        """What a cell names among what is declared, or the word of its vocabulary; '' where it is neither."""
        cell = row[champ]
        known, alias = self.names.get(champ), self.alias.get(champ, {})
        found = consent.match(cell, known, alias) if known is not None else MOTS[champ].get(fold(cell), "")
        if found == "exclu":
            return ""
        if cell and not found:
            self.tell(row, champ, cell, NON_DECLARE[champ], "laissé vide")
        return found

    @cached_property
    def _theme_of(self) -> Mapping[str, str]:
        """Code → the theme that the codebook gives it, or ''."""
        codes = self.companions.tables["codes"]
        return {code: consent.match(said, self.names["themes"]) for code, said in codes[["code", "theme"]].to_numpy()}

    def themes(self, row: consent.Row, codes: Iterable[str]) -> tuple[list[str], str]:
        """The themes of a voice (those of its codes where it says none) and, where its tool has one column for themes and places, the
        quarter that it names."""
        if not row["themes"]:
            return list(dict.fromkeys(theme for code in codes if (theme := self._theme_of[code]))), ""
        themes, unknown = consent.match_all(row["themes"], self.names["themes"], self.alias["themes"])
        themes = [theme for theme in themes if theme != "exclu"]
        both = OUTILS.get(row.format, TABLEUR).themes_et_lieux
        places = {name: place for name in unknown if both and (place := consent.match(name, self.names["qpv"]))}
        done = "laissé de côté (correspondances.csv peut le nommer)"
        for name in (name for name in unknown if name not in places):
            self.tell(row, "themes", name, NON_DECLARE["themes"], done)
        return themes, next(iter(places.values()), "")

    def codes(self, row: consent.Row) -> list[str]:
        found, unknown = consent.match_all(row["codes"], self.names["codes"])
        for name in unknown:
            self.tell(row, "codes", name, "code non déclaré dans paroles/codes.csv", "laissé de côté")
        return found

    def answers(self, rows: list[consent.Row]) -> dict[tuple[str, str], Answer]:
        """(number, file) of a voice → its answer, where the audience and the edition may know it. One that could be to voices of several
        files is to none of them."""
        files: dict[str, dict[str, consent.Row]] = {}
        for row in rows:
            files.setdefault(row["parole"], {}).setdefault(row.fichier, row)
        known, found = self.companions.reponses, {}
        for given, bearers in files.items():
            for fichier, row in bearers.items():
                named = [known[given, n] for n in consent.names_of(fichier) if (given, n) in known]
                common = known.get((given, ""))
                if named or (common and len(bearers) == 1):
                    found[given, fichier] = (named or [common])[0]
                elif common:
                    what = "une réponse à un numéro que plusieurs fichiers donnent"
                    self.tell(row, "parole", given, what, "à personne : nommez le fichier dans paroles/reponses.csv")
        return {
            voice: answer
            for voice, answer in found.items()
            if consent.may_know(self.audience, answer.audience)
            and not (answer.date and answer.date > self.edition.jusqu_au)
        }

    def clean(self, row: consent.Row, answer: Answer | None) -> dict[str, object]:
        """One kept voice under the columns of `PAROLES`; its number and its speaker's are given afterwards."""
        codes = self.codes(row)
        themes, place = self.themes(row, codes)
        for champ in ("date", "recu"):
            if row[champ] and not consent.read_day(row[champ]):
                self.tell(row, champ, row[champ], "date non comprise", "comme sans date")
        quotable = consent.is_quotable(row, self.audience)
        text, status = self.read(row["texte"]) if quotable else ("", "sans_accord")
        month = row.date.strftime("%Y-%m") if row.date else ""
        role = row["qualite"] or (row["college"] if fold(row["college"]) in MOTS["qualite"] else "")
        college = "" if role == row["college"] else self.word(row, "college")
        editions = sorted(self.territory.editions, key=lambda e: e.jusqu_au)
        nature = self.word(row, "nature")
        waits = "reçue" if row["constat"] or nature == "contribution" else ""
        return {
            "arrivee": next((e.id for e in editions if row.recue and row.recue <= e.jusqu_au), ""),
            "mois": month,
            "sequence": self.word(row, "sequence") or _step(month, self.territory),
            "nature": nature or "contribution",
            "themes": "|".join(themes),
            "theme": themes[0] if themes else "",
            "qpv": self.word(row, "qpv") or place,
            "college": college,
            "qualite": MOTS["qualite"].get(fold(role), "autre"),
            "locuteur": (row.origine, row["locuteur"], 0) if row["locuteur"] else (row.fichier, "", row.ligne),
            "tonalite": self.word(row, "tonalite"),
            "codes": "|".join(codes),
            "texte": text,
            "texte_statut": status,
            "constat": _citation(row["constat"], _CONSTAT, self._subjects),
            "rapport": self.word(row, "rapport"),
            "engagement": _citation(row["engagement"], _ENGAGEMENT),
            "action": mask(row["action"]).texte if self.audience == "equipe" else "",
            # An answer tells what it answers to: it needs the same agreement, and to be read as the rest.
            "reponse": self.read(answer.texte if answer else row["reponse"])[0] if quotable else "",
            "reponse_statut": answer.statut if answer else MOTS["statut"].get(fold(row["reponse_statut"]), "") or waits,
            "exemple": row.exemple,
        }


_CONSTAT = re.compile(r"[A-Za-z0-9-]{1,40}-[A-Za-z-]{2,30}-\d{2}")
_ENGAGEMENT = re.compile(r"[A-Za-z]{0,4}[.-]?\d{1,3}([.-]\d{1,3}){0,2}")


def _citation(cell: str, shape: re.Pattern[str], about: tuple[str, ...] = ("",)) -> str:
    """The numbers of findings or engagements that a cell cites; anything else is dropped: free text, a name or a phone maybe."""
    words = re.split(r"\s*[|;,\n]\s*", cell.strip())
    return "|".join(dict.fromkeys(w for w in words if shape.fullmatch(w) and w.startswith(about)))


def _codes_read(
    companions: Companions, audience: consent.Audience, read: Callable[[str], tuple[str, str]]
) -> pd.DataFrame:
    """The codebook that this audience may read: a code of a program is its name, which is known as it stands or not at all."""
    typed, codes = companions.codes_lus, companions.tables["codes"]
    return consent.kept(codes, (audience == "equipe" or n not in typed or read(n)[0] == n for n in codes["nom"]))


def _answers_to_nobody(rows: list[consent.Row], companions: Companions) -> list[Problem]:
    numbers = {(row["parole"], name) for row in rows for name in ("", *consent.names_of(row.fichier))}
    return [
        Problem("paroles/reponses.csv", answer.ligne, "parole", "une réponse à aucune parole", "", "Vérifiez le numéro")
        for given, answer in companions.reponses.items()
        if given not in numbers
    ]


def _step(month: str, territory: Territory) -> str:
    """The step in which a month falls: the first one that is not over, so that what is said in April serves June's."""
    return next((e.id for e in sorted(territory.calendrier, key=lambda e: e.mois) if month and month <= e.mois), "")


def _sources(
    rows: list[consent.Row],
    tables: Iterable[VoiceTable],
    clean: list[dict[str, object]],
    bound: Mapping[str, pd.DataFrame],
    unread: Iterable[Problem],
) -> tuple[ReadFile, ...]:
    """The files that the audience and the edition know of, each with the digest of what was kept of it; and the unread."""
    kinds = {table.fichier: table.format for table in tables} | {fichier: Path(fichier).stem for fichier in bound}
    kinds = {fichier: f"paroles ({kind})" for fichier, kind in kinds.items()}
    contents: dict[str, list[str]] = {}
    for row, cleaned in zip(rows, clean, strict=True):
        contents.setdefault(row.fichier, []).append(repr(sorted((k, v) for k, v in cleaned.items() if k != "locuteur")))
    contents |= {name: [repr(r) for r in frame.itertuples(index=False)] for name, frame in bound.items() if len(frame)}
    digests = {name: hashlib.sha256("\n".join(sorted(said)).encode()).hexdigest() for name, said in contents.items()}
    titles = {table.fichier: table.titres for table in tables}
    files = {
        name: ReadFile(name, one, famille=kinds[name], pris_pour=kinds[name], titres=titles.get(name, {}))
        for name, one in digests.items()
    }
    for problem in unread:
        known = files.get(problem.fichier) or ReadFile(problem.fichier, statut="illisible")
        files[problem.fichier] = replace(known, probleme=problem)
    return tuple(files.values())


def number(rows: Iterable[dict[str, object]]) -> pd.DataFrame:
    """Sort by published content, then number: neither order nor number says anything of what was left out.

    `locuteur` comes as (file, code or '', line where there is no code) and leaves as a pseudonym.
    """

    def place(row: dict[str, object]) -> tuple[str, ...]:
        # Speakers without a code spoke once: among voices that read the same they can change places unseen.
        file, code, _ = row["locuteur"]
        speaker = hashlib.sha256(f"{file}#{code}".encode()).hexdigest() if code else ""
        return (*(str(row[c]) for c in SAID), speaker)

    order = sorted(rows, key=place)
    people: dict[object, str] = {}
    for n, row in enumerate(order, start=1):
        row["parole"] = f"P{n:05d}"
        row["locuteur"] = people.setdefault(row["locuteur"], f"L{len(people) + 1:05d}")
    frame = pd.DataFrame(order, columns=list(PAROLES[:-2]))
    return frame.astype(dict.fromkeys((c for c in frame.columns if c != "exemple"), "str") | {"exemple": "bool"})


def attribute(paroles: pd.DataFrame, seuil: int) -> pd.DataFrame:
    """Add `qpv_montre` and `qualite_montree` ('' where they would single someone out).

    Quarter and role are shown where at least `seuil` people share both on that theme; else the quarter alone where as many share it;
    else the role alone likewise; else nothing.
    """
    both, quarter, role = (
        paroles.groupby(["theme", *axes], sort=False)["locuteur"].transform("nunique") >= seuil
        for axes in (["qpv", "qualite"], ["qpv"], ["qualite"])
    )
    placed = (paroles["qpv"] != "") & quarter
    shown = (placed & both) | (~placed & role)
    names = {"qpv_montre": paroles["qpv"].where(placed, ""), "qualite_montree": paroles["qualite"].where(shown, "")}
    return paroles.assign(**{name: words.astype("str") for name, words in names.items()})


def heard_enough(paroles: pd.DataFrame, seuil: int) -> frozenset[tuple[str, str]]:
    """The (quarter, '') and (quarter, college) in which at least `seuil` people have spoken: elsewhere nobody is told apart."""
    placed = paroles[paroles["qpv"] != ""]
    quarters, both = (placed.groupby(axes)["locuteur"].nunique() for axes in (["qpv"], ["qpv", "college"]))
    return frozenset({*((one, "") for one in quarters.index[quarters >= seuil]), *both.index[both >= seuil]})


def cite(paroles: pd.DataFrame, few: Collection[str] = ()) -> pd.DataFrame:
    """The contributions that cite a finding or an engagement, one row per citation, oldest first under each.

    Under the findings of a quarter where too few have spoken (`few`), neither words nor month: one would know who it was.
    """
    cited = (paroles["constat"] + "|" + paroles["engagement"]).str.split("|")
    rows = paroles.assign(cite=cited).explode("cite", ignore_index=True)
    rows = rows[rows["cite"].fillna("") != ""]
    rows = rows.assign(sujet=rows["cite"].str.split("-").str[0], statut=rows["reponse_statut"].replace("", "reçue"))
    rows[["mois", "texte"]] = rows[["mois", "texte"]].mask(rows["sujet"].isin(list(few)), "")
    frame = rows[list(CONTRIBUTIONS)].astype(dict.fromkeys(CONTRIBUTIONS[:-1], "str") | {"exemple": "bool"})
    return frame.sort_values(["cite", "mois", "texte"], kind="stable").reset_index(drop=True)
