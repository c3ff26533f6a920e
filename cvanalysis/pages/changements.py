"""What changed from an edition to the next. Owns the comparison of two sets of findings and the reasons of each change.

It compares what was printed (`record`), never the data: what an edition withheld is in neither. A reason is read, never guessed: from the
two findings (years of the source, perimeter, question, columns) and from what the two editions say that they were made of (`Origins`),
of which a finding's source line names what concerns it. Refuses to say that a thing got better.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from cvanalysis.constat.make import count, make, matrix
from cvanalysis.constat.record import Record
from cvanalysis.constat.shape import Finding, Message, word
from cvanalysis.french import named
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label

Nature = Literal["nouveau", "disparu", "révisé"]

Origins = Mapping[str, str]
"""What an edition was made of: origin (of `changements.origines`, `perimetre`, `methode`) → digest; empty where the edition doesn't say."""

NATURES: tuple[Nature, ...] = ("nouveau", "révisé", "disparu")
_ORIGINES: Mapping[str, Mapping[str, Any]] = block("changements.origines")
_REPONSES = ("Statut", "Réponse")
_EDITION = re.compile(r"édition « [^»]*»")
_ANNEE = re.compile(r"(?<![\w.])(?:19|20)\d{2}(?![\w.]*\.\w)")  # not those of a file's name
_DIT = re.compile(
    r"\d+|\b(?:\w+ième|premi\w+|plus|moins|milieu|hausse|baisse|stable|aucune?)\b"
)  # figures, place, sense


class Change(NamedTuple):
    """One finding that is not what it was. `raisons` stand in `changements.toml`; `avant`, `apres`: its titles, or ''."""

    id: str
    nature: Nature
    raisons: tuple[str, ...]
    avant: str
    apres: str

    @property
    def raison(self) -> str:
        return ", ".join(map(_reason, self.raisons))


class Followed(NamedTuple):
    """A contribution whose status or answer moved between two editions."""

    cite: str
    texte: str
    avant: str
    apres: str
    reponse: str


def diff(
    before: Iterable[Record], after: Iterable[Record], made_of: tuple[Origins, Origins] = ({}, {})
) -> tuple[Change, ...]:
    """Changes from an edition's records to another's, by id, in the order of the later one, those gone last."""
    old, new = ({one["id"]: one for one in records} for records in (before, after))
    moved = {name for name in made_of[0].keys() | made_of[1].keys() if made_of[0].get(name) != made_of[1].get(name)}
    known = all(made_of)
    changes = []
    for ident, there in new.items():
        if ident not in old:
            reasons = tuple(_of_origins(there, moved)) if known else ()
            changes.append(Change(ident, "nouveau", reasons or ("constat",), "", there["message"]))
        elif reasons := _why(old[ident], there, moved, known):
            changes.append(Change(ident, "révisé", reasons, old[ident]["message"], there["message"]))
    changes += [Change(ident, "disparu", ("retire",), r["message"], "") for ident, r in old.items() if ident not in new]
    return tuple(changes)


def _why(old: Record, new: Record, moved: set[str], known: bool) -> tuple[str, ...]:
    """Why a finding is not the same; empty where it is. The edition's own name in `champ` and `sous_titre` is no change."""
    if all(old[name] == new[name] for name in ("lignes", "colonnes", "message")):
        return ()
    if _without_answers(old) == _without_answers(new):
        return ("reponses",)
    told = [(one["lignes"], one["colonnes"], one["source"], _DIT.findall(one["message"])) for one in (old, new)]
    if told[0] == told[1]:
        return ("methode",)  # the same figures, said otherwise, whatever else has moved
    reasons = []
    if _ANNEE.findall(old["source"]) != _ANNEE.findall(new["source"]):
        reasons.append("millesime")
    if _EDITION.sub("", old["champ"]) != _EDITION.sub("", new["champ"]):
        reasons.append("perimetre")
    columns = old["colonnes"], new["colonnes"]  # where one of the two shows no table, the other's is no other method
    if old["question"] != new["question"] or (all(columns) and columns[0] != columns[1] and "millesime" not in reasons):
        reasons.append("methode")
    reasons += [one for one in _of_origins(new, moved) if not (one == "revision" and "millesime" in reasons)]
    if known and "perimetre" in moved and not reasons:
        reasons.append("perimetre")
    if "methode" in moved or (old["lignes"] == new["lignes"] and not reasons):
        reasons.append("methode")
    return tuple(dict.fromkeys(reasons)) or (("date",) if known else ("inconnue",))


def _of_origins(one: Record, moved: set[str]) -> list[str]:
    """Reasons given by what changed of what the finding's source line names."""
    there = origins_named(one["source"]) or {"chiffres"}
    return list(dict.fromkeys(_ORIGINES[name]["raison"] for name in _ORIGINES if name in there & moved))


def origins_named(source: str) -> set[str]:
    """The origins that a source line names; figures are those of whoever else is named."""
    return {name for name, one in _ORIGINES.items() if any(word in source.casefold() for word in one["mots"])}


def _without_answers(one: Record) -> Any:
    """What is stated besides the status of contributions and what was answered; a list of its own where it has none of them."""
    kept = [i for i, name in enumerate(one["colonnes"]) if name not in _REPONSES]
    if len(kept) == len(one["colonnes"]):
        return [one["message"], one["lignes"]]
    return [[line[i] for i in kept] for line in one["lignes"]]


def follow(before: Sequence[Any], after: Sequence[Any]) -> tuple[Followed, ...]:
    """Contributions (`shape.Contribution`) that are new to the later edition or whose status moved, known by what they cite and say;
    one whose text could not be read yet, by what it cites."""
    old = {(c.cite, c.texte, c.mois): (c.statut, c.reponse) for c in before}
    found = ((c, old.get((c.cite, c.texte, c.mois)) or old.get((c.cite, "", ""), ("", ""))) for c in after)
    return tuple(
        Followed(c.cite, c.texte, was[0], c.statut, c.reponse) for c, was in found if was != (c.statut, c.reponse)
    )


def find_changes(
    changes: Sequence[Change], followed: Sequence[Followed], territory: Territory, avant: str, dits: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Findings of « Ce qui a changé » since the edition named `avant`: `changements-constats-01`, `changements-contributions-01`;
    `dits`: finding → its question, engagement → its wording."""
    from cvanalysis.pages.participation import about  # pandas: not for whoever only finds that nothing changed

    said = {"avant": avant, "territoire": territory.nom, "edition": territory.edition.nom}
    natures = Counter(c.nature for c in changes)
    numbers = {"nouveaux": natures["nouveau"], "disparus": natures["disparu"], "revises": natures["révisé"]}
    by_reason = Counter((c.nature, raison) for c in changes for raison in c.raisons)
    reasons = dict.fromkeys(raison for _, raison in by_reason)
    absent, none = label("changements.constats.absent"), block("changements.contributions.sans")
    same = label("changements.constats.meme")
    marks = {n.capitalize(): {_reason(r).capitalize(): count(by_reason[n, r], "") for r in reasons} for n in NATURES}
    told = [(one.cite, one.texte or none["texte"], one) for one in followed]
    new = sum(not one.avant for one in followed)
    answers = {
        named(cite, f"{i}. {texte}"): {"Statut": word(one.apres)} for i, (cite, texte, one) in enumerate(told, start=1)
    }
    return (
        make(
            "changements-constats-01",
            Message("changements.constats", said | numbers),
            figure=matrix(marks.items()) if changes else None,
            table=[
                (
                    *(named(c.id, about(c.id, territory, dits)), c.nature, c.raison),
                    *(c.avant or absent, same if c.avant == c.apres else c.apres or absent),
                )
                for c in changes
            ],
            section="changements",
        ),
        make(
            "changements-contributions-01",
            Message("changements.contributions", said | {"suivies": len(followed), "nouvelles": new}),
            figure=matrix(answers.items()),
            table=[
                (
                    *(named(cite, about(cite, territory, dits)), texte),
                    *(one.avant or none["avant"], one.apres, one.reponse or none["reponse"]),
                )
                for cite, texte, one in told
            ],
            section="changements",
        ),
    )


def _reason(raison: str) -> str:
    return label(f"changements.raisons.{raison}")
