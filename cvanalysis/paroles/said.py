"""What was said of a theme, of a quarter, and what may be quoted of it. Owns immersions, breadth, minority views; refuses percentages.

A share of verbatims would measure who came, not what people think: an idea is told by its breadth (how many people, quarters and
colleges it comes from), and one that few people hold is shown as such, not left out. « Ce qui ne marche pas » comes first.
A quotation is attributed as `clean.voices` allows: no more closely than the threshold lets us count. A text that may not be shown is not
in the tables: none is looked for here.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from cvanalysis.constat.make import is_example, make, matrix, serie
from cvanalysis.constat.shape import Contribution, Figure, Finding, Message, Table, Valeur, word
from cvanalysis.files.keys import grouped
from cvanalysis.french import QUARTIER, french_date, shorten
from cvanalysis.paroles.turnout import PAS, count_people
from cvanalysis.territory.contract import Quartier, Territory, Theme
from cvanalysis.textes import block, label, labels

SOURCE, NON_MONTRE, OUI = (f"voix.tous.{name}" for name in ("source", "non_montre", "oui"))
RAPPORTS: dict[str, str] = block("voix.face_a_face.rapports")
LONGUEUR = 400
"""Characters of a text that a cell shows; the whole is for the team."""
CITATIONS = 2
"""Quotations under an idea: enough to hear it, too few to count who said it."""
NUMEROS = {"ne_marche_pas": "voix-02", "marche": "voix-03", "propose": "voix-04"}
POIDS = {"voix-02": 3.0, "voix-03": 2.0, "voix-04": 1.0}
"""What comes first on a sheet or a poster: what doesn't work, what works, what is proposed."""
TONS: dict[str, str] = block("voix.tons")

IMMERSIONS = 2
"""Immersions expected per theme, where `[paroles] immersions_attendues` doesn't say otherwise."""

Finder = Callable[..., Finding]
"""`finding(number, message, **parts)`: a finding about one theme or one quarter, by its maker."""


def _finding(
    place: str, sujet: str, values: dict[str, Any], invente: bool, number: str, message: Message, **parts: Any
) -> Finding:
    """A finding of what is said about a theme or a quarter (`place`: the block that says what those have in common)."""
    common = {
        "champ": label(f"voix.{place}.champ", **values),
        "source": SOURCE,
        "precautions": labels(f"voix.{place}.precautions", **values),
        "exemple": invente,
        "poids": POIDS.get(number, 0.0) if place == "theme" else 0.0,
    }
    return make(f"{sujet}-{number}", message, **common | parts)


def _silence(finding: Finder, number: str, gabarit: str, values: dict[str, Any], **parts: Any) -> Finding:
    """Nothing that could be shown, and why."""
    manques = [label(f"voix.{gabarit}.manque", **values)]
    return finding(number, Message(f"voix.{gabarit}", values), manques=manques, **parts)


def _told(lines: Iterable[Iterable[str | Valeur]], legende: str = "") -> Table:
    """A table of words, but where a cell is a value."""
    return Table((), tuple(tuple(word(c) if isinstance(c, str) else c for c in line) for line in lines), legende)


def find_theme_voices(
    theme: Theme,
    paroles: pd.DataFrame,
    contributions: pd.DataFrame,
    immersions: pd.DataFrame,
    codes: pd.DataFrame,
    territory: Territory,
) -> tuple[Finding, ...]:
    """Findings of what a theme's people say: immersions, what doesn't work, what works, what is proposed, minority views, voices beside
    the figures. Numbers are stable: `<theme>-voix-01` to `-06`; one that has nothing to show isn't made, but for 01 to 04."""
    mine, citing = (
        rows[[theme.id in t.split("|") for t in rows["themes"]]] if len(rows) else rows
        for rows in (paroles, contributions)
    )
    values = {
        "theme": theme.nom,
        "territoire": territory.nom,
        "edition": territory.edition.nom,
        "pas": PAS,
        "seuil": territory.seuils.personnes,
    }
    finding = partial(_finding, "theme", theme.id, values, is_example(mine))
    ideas = _ideas(mine, codes, territory)
    held = immersions[immersions["theme"] == theme.id] if len(immersions) else immersions
    findings = [_immersions(finding, theme, held, territory)]
    for tone in TONS:
        heard = bool((mine["tonalite"] == tone).any())
        findings.append(_tone(finding, theme, tone, [i for i in ideas if i.tonalite == tone], territory, heard=heard))
    rare = [i for i in ideas if not i.personnes.dite]
    if rare and len(rare) < len(ideas):
        findings.append(_minority(finding, theme, rare, territory))
    if len(citing):
        findings.append(face(finding, "voix-06", citing, {"lieu": theme.nom}))
    return tuple(findings)


class _Idea(NamedTuple):
    """What several say, in one tone. Where its people are withheld its number of places would say how many they are at least: they are
    told in words."""

    code: str
    tonalite: str
    nom: str
    rows: pd.DataFrame
    personnes: Valeur
    quartiers: Valeur
    colleges: Valeur


def _ideas(mine: pd.DataFrame, codebook: pd.DataFrame, territory: Territory) -> list[_Idea]:
    """One idea per code and tone (the codebook's, else the voice's), broadest first, then by code. Uncoded voices make no idea."""
    tone_of = dict(zip(codebook["code"], codebook["tonalite"], strict=True))
    name_of = dict(zip(codebook["code"], codebook["nom"], strict=True))
    labels = [
        {f"{code}|{said}" for code in codes.split("|") if code and (said := tone_of.get(code) or tone)}
        for codes, tone in (zip(mine["codes"], mine["tonalite"], strict=True) if len(mine) else ())
    ]
    where = grouped((one, i) for i, named in zip(mine.index, labels, strict=True) for one in named)
    people = count_people(mine, labels, territory)
    ideas = []
    for one, value in people.items():
        (code, tone), rows = one.split("|"), mine.loc[where[one]]
        places = {"quartiers": rows["qpv"], "collèges d’acteurs": rows["college"]}
        reach = (_reach(some[some != ""].nunique(), unit, value.dite) for unit, some in places.items())
        ideas.append(_Idea(code, tone, name_of.get(code, code), rows, value, *reach))
    return sorted(ideas, key=lambda i: (-(i.personnes.valeur or 0), i.code))


def _reach(number: int, unite: str, told: bool) -> Valeur:
    """How far an idea is heard."""
    if told:
        return Valeur(float(number), unite=unite)
    return word(label(f"voix.idees.{'plusieurs' if number > 1 else 'un' if number else 'aucun'}"))


def _immersions(finding: Finder, theme: Theme, held: pd.DataFrame, territory: Territory) -> Finding:
    section = territory.sections.get("paroles")
    declared = section.get("immersions_attendues") if isinstance(section, dict) else None
    expected = declared if isinstance(declared, int) and declared > 0 else IMMERSIONS
    names = {q.code: q.nom for q in territory.quartiers}
    colleges = {c.id: c.nom for c in territory.colleges}
    texts = block("voix.immersions")
    lines = []
    for r in (held.sort_values("date", kind="stable") if len(held) else held).itertuples():
        who = (french_date(r.date), names.get(r.qpv, ""), colleges.get(r.college, ""))
        lines.append((*who, r.vu or label(NON_MONTRE), r.marche, r.ne_marche_pas, r.propose))
    missing = max(expected - len(lines), 0)
    values = {"faites": len(lines), "attendues": expected, "manque": missing, "theme": theme.nom}
    states = [texts["faite"]] * len(lines) + [texts["absente"]] * missing
    lines += [("", "", "", texts["pas_encore"], "", "", "")] * missing
    ranks = [texts["numero"].format(rang=rang) for rang in range(1, len(lines) + 1)]
    lacks = texts["il_en_manque" if missing > 1 else "il_manque"].format_map(values)
    return finding(
        "voix-01",
        Message("voix.immersions", values),
        figure=matrix(((n, {texts["marque"]: word(state)}) for n, state in zip(ranks, states, strict=True)), "sujet"),
        table=_told((n, *line) for n, line in zip(ranks, lines, strict=True)),
        manques=[lacks] if missing else (),
        source=texts["source"],
        exemple=is_example(held),
    )


def _tone(
    finding: Finder, theme: Theme, tone: str, ideas: Sequence[_Idea], territory: Territory, *, heard: bool
) -> Finding:
    """`heard`: whether some have spoken in that tone, be it of no idea that the codebook knows."""
    number, question = NUMEROS[tone], label(f"voix.questions.{tone}")
    heading = TONS[tone]
    values = {"cle": tone, "theme": theme.nom, "sens": heading}
    if not ideas:
        said = values | {"sens_minuscule": heading[:1].lower() + heading[1:]}
        return _silence(finding, number, "non_classe" if heard else "rien_dit", said, question=question)
    first = ideas[0]
    values |= {
        "idee": first.nom,
        "idees": len(ideas),
        "quartiers": first.quartiers,
        "personnes": first.personnes,
        "citations": CITATIONS,
    }
    return finding(
        number,
        Message("voix.idees", values),
        question=question,
        figure=Figure("barres", "", (serie("", "sujet", [(i.nom, i.personnes) for i in ideas]),)),
        table=_told((i.nom, i.personnes, i.quartiers, i.colleges, quote(i.rows, territory)) for i in ideas),
        lecture=Message("voix.lecture_idees", values) if first.personnes.dite else None,
    )


def _minority(finding: Finder, theme: Theme, rare: Sequence[_Idea], territory: Territory) -> Finding:
    rare = sorted(rare, key=lambda i: (i.tonalite, i.code))
    said = word(label("voix.tous.dit"))
    lines = ((i.nom, TONS[i.tonalite], quote(i.rows, territory) or label(NON_MONTRE)) for i in rare)
    return finding(
        "voix-05",
        Message("voix.minorite", {"idees": len(rare), "theme": theme.nom}),
        figure=matrix((i.nom, {TONS[i.tonalite]: said}) for i in rare),
        table=_told(lines),
    )


def find_quarter_voices(
    quartier: Quartier, paroles: pd.DataFrame, contributions: pd.DataFrame, territory: Territory
) -> tuple[Finding, ...]:
    """What is said of a quarter: `<code>-voix-01` its voices by theme, `<code>-voix-02` those that cite its findings.

    `paroles` are those of this quarter (`qpv`), `contributions` those that are about it (`sujet`): its page needs no other row.
    No count of people is printed here; those are on the participation page.
    """
    values = {"quartier": quartier.nom, "edition": territory.edition.nom}
    finding = partial(_finding, "quartier", quartier.code, values, is_example(paroles))
    findings = [_here(finding, quartier, paroles, territory)]
    if len(contributions):
        findings.append(face(finding, "voix-02", contributions, {"lieu": QUARTIER}))
    return tuple(findings)


def _here(finding: Finder, quartier: Quartier, mine: pd.DataFrame, territory: Territory) -> Finding:
    if mine.empty:
        return _silence(finding, "voix-01", "personne", {"lieu": QUARTIER})
    if mine["locuteur"].nunique() < territory.seuils.personnes:
        return _silence(finding, "voix-01", "trop_peu", {"quartier": QUARTIER})
    said_of = set(zip(mine["theme"], mine["tonalite"], strict=True))
    unsaid, said = Valeur(None, "non_disponible"), word(label("voix.tous.dit"))
    marks = (
        (t.nom, {name: said if (t.id, tone) in said_of else unsaid for tone, name in TONS.items()})
        for t in territory.themes
    )
    lines = []
    for t in territory.themes:
        for tone, name in TONS.items():
            rows = mine[(mine["theme"] == t.id) & (mine["tonalite"] == tone) & (mine["qpv_montre"] == quartier.code)]
            if told := quote(rows, territory):
                lines.append((t.nom, name, told))
    nothing = (label("voix.ici.tous"), "", label("voix.ici.rien"))
    heard = sum(bool((mine["theme"] == t.id).any()) for t in territory.themes)
    cited = len({line[0] for line in lines})
    values = {"quartier": QUARTIER, "themes": heard, "sur": len(territory.themes), "cites": cited}
    return finding(
        "voix-01",
        Message("voix.ici", values),
        figure=matrix(marks),
        table=_told(lines or [nothing], "" if lines else label("voix.ici.sans_citation")),
    )


def contributions_by_finding(contributions: pd.DataFrame) -> dict[str, tuple[Contribution, ...]]:
    """Finding or engagement → the contributions that cite it, oldest first; a text that may not be quoted is ''."""
    found = (
        Contribution(r.cite, shorten(r.texte, LONGUEUR), RAPPORTS.get(r.rapport, ""), r.mois, r.statut, r.reponse)
        for r in contributions.itertuples()
    )
    return {cite: tuple(said) for cite, said in grouped((one.cite, one) for one in found).items()}


def quote(rows: pd.DataFrame, territory: Territory) -> str:
    """At most `CITATIONS` quotations of different people, those of readable length first, joined for a cell."""
    columns = ("texte", "locuteur", "qpv_montre", "qualite_montree")
    said = [row for row in zip(*(rows[c].tolist() for c in columns), strict=True) if row[0]]
    said.sort(key=lambda row: (not 40 <= len(row[0]) <= 260, hashlib.sha256(row[0].encode()).hexdigest()))
    chosen: dict[str, tuple[str, ...]] = {}
    texts: set[str] = set()
    for row in said:
        if row[0] not in texts:
            texts.add(row[0])
            chosen.setdefault(row[1], row)
            if len(chosen) == CITATIONS:
                break
    roles, told = block("voix.qualites"), []
    for text, _, qpv, role in chosen.values():
        who = [w for w in (roles[role or "autre"], territory.quartier(qpv).nom if qpv else "") if w]
        told.append(f"« {shorten(text, LONGUEUR)} »" + (f" ({', '.join(who)})" if who else ""))
    return " ".join(told)


def table_of_contributions(found: pd.DataFrame, second: Iterable[str]) -> Table:
    """What became of each contribution; `second` is what the second column says of each."""
    rows = zip(found.itertuples(), second, strict=True)
    return _told((r.cite, of, shorten(r.texte, LONGUEUR) or label(NON_MONTRE), r.statut, r.reponse) for r, of in rows)


def face(finding: Callable[..., Finding], number: str, found: pd.DataFrame, values: dict[str, object]) -> Finding:
    """Voices and figures face to face: what is said of each finding, and whether it confirms or contradicts it."""
    tally = Counter(found["rapport"])
    kinds = [RAPPORTS.get(rapport, RAPPORTS["autre"]) for rapport in found["rapport"]]
    by_cite = grouped(zip(found["cite"], kinds, strict=True))
    yes = word(label(OUI))
    figure = matrix((cite, {kind: yes for kind in RAPPORTS.values() if kind in some}) for cite, some in by_cite.items())
    said = {"confirme": tally["confirme"], "contredit": tally["contredit"], "total": len(found)}
    message = Message("voix.face_a_face", values | said)
    return finding(number, message, figure=figure, table=table_of_contributions(found, kinds))
