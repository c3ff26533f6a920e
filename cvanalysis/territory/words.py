"""A territory's own words: `textes/PAGE.toml` in its folder → the sentences that stand in place of the package's, each checked.

A sentence may use the names that the package's uses there, and what its templates are made of: it is given nothing else, and runs nothing.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from cvanalysis import textes
from cvanalysis.french import listed, nearest, quoted
from cvanalysis.territory.declarations import Inspection, Ligne, read_toml

DOSSIER = "textes"
MARQUE = ("affichage", "exemple")
"""What says that rows are invented: whoever reads a page knows it under one name."""
_TO_DO = "Partez de la phrase du paquet (`cvanalysis/textes/`)"


def word_files(dossier: Path) -> list[Path]:
    """The files of sentences, in order; the Markdown texts beside them are read elsewhere."""
    return sorted((dossier / DOSSIER).glob("*.toml"))


def read_words(found: Inspection, dossier: Path) -> dict[str, Any]:
    """Path of a text (`quartier.revenus-03.question`) → what stands there in this territory; what is wrong goes to `found`."""
    textes.use({})  # what is checked against is the package's
    words: dict[str, Any] = {}
    for path in word_files(dossier):
        fichier, page = f"{DOSSIER}/{path.name}", path.stem
        if page not in textes.pages():
            what = f"aucune page ne lit {quoted(path.name)}"
            known = (f"{one}.toml" for one in textes.pages())
            Ligne(found, fichier, 0, {}).unknown("", what, known, "fichiers lus", path.name)
        elif document := read_toml(found, fichier):
            lines = document.lignes
            for key, text in _flat(document.data, textes.pages()[page]):
                *way, last = key
                own = lines.get((".".join(key), 0), {})  # of a table
                line = lines.get((".".join(way), 0), {}).get(last) or own.get("", 0)
                if problem := _wrong(page, key, text):
                    found.add(fichier, line, ".".join(key), *problem)
                else:
                    words[".".join((page, *key))] = text
    return words


def _flat(given: Mapping[str, Any], known: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each text with its path; a table that the package does not have is left whole, to be refused by its name."""
    for key, value in given.items():
        there = known.get(key) if isinstance(known, Mapping) else None
        if isinstance(value, dict) and isinstance(there, Mapping):
            yield from _flat(value, there, (*way, key))
        else:
            yield (*way, key), value


def _has(known: Any, key: tuple[str, ...], text: Any) -> bool:
    """Whether a page has a text at that path, or every text of a table of them."""
    for one in key:
        known = known.get(one) if isinstance(known, Mapping) else None
    return known is not None and (
        not isinstance(text, dict) or (isinstance(known, Mapping) and text.keys() <= known.keys())
    )


def _wrong(page: str, key: tuple[str, ...], text: Any) -> tuple[str, str, str] | None:
    """What is wrong with a text at that path: what was found, what was expected, what to do; None where nothing is."""
    *way, last = key
    around = textes.block(".".join((page, *way)))
    if last not in around:
        there = [f"{DOSSIER}/{one}.toml" for one in textes.pages() if _has(textes.pages()[one], key, text)]
        to_do = f"écrivez-la dans {there[0]}" if there else nearest(last, list(around))
        return "clé inconnue", f"clés permises ici\u00a0: {listed(around)}", to_do
    ours = around[last]
    if isinstance(ours, Mapping) or (page, *key) == MARQUE:
        return "ce texte ne se change pas", "", "Retirez la ligne"
    lines = [text] if isinstance(ours, str) else text
    if not isinstance(lines, list) or not lines or not all(isinstance(one, str) and one.strip() for one in lines):
        kind = "un texte entre guillemets" if isinstance(ours, str) else "une liste de textes"
        return f"{quoted(text)} ne convient pas", f"{kind} attendu", _TO_DO
    if last not in textes.PHRASES and isinstance(ours, list) and len(lines) != len(ours):
        return f"la liste a {len(lines)} textes", f"{len(ours)}, dans le même ordre", _TO_DO
    if any("<" in one or ">" in one for one in lines) and not any("<" in one or ">" in one for one in ours):
        return "une phrase ne contient ni < ni >", "du texte seul", "Écrivez-le en mots"
    try:
        unknown, known = _template(page, way, lines) if last in textes.PHRASES else _label(lines, ours)
    except (ValueError, SyntaxError) as error:
        return f"la phrase ne se lit pas ({error})", "des accolades fermées", _TO_DO
    if not unknown:
        return None
    allowed = f"noms permis\u00a0: {listed(sorted(known))}" if known else "aucun nom entre accolades"
    return (
        f"{quoted(unknown[0])} n'est pas un nom que cette phrase peut employer",
        allowed,
        nearest(unknown[0], list(known)),
    )


def _label(lines: list[str], ours: Any) -> tuple[list[str], set[str]]:
    """Names that a label may not use, and those that it may."""
    known = _fields([ours] if isinstance(ours, str) else ours)
    return sorted(_fields(lines) - known), known


def _fields(lines: list[str]) -> set[str]:
    parts = (part for line in lines for part in Formatter().parse(line) if part[1] is not None)
    return {name + (f"!{turned}" if turned else "") + (f":{form}" if form else "") for _, name, form, turned in parts}


def _template(page: str, way: list[str], lines: list[str]) -> tuple[list[str], set[str]]:
    """The same for a sentence: its claim gives its names, the package's templates what they are written with."""
    own = frozenset(textes.variants(textes.pages()[page][way[0]]))
    names = _said(own)[0]
    tools, marks = _said(frozenset(one for every in textes.pages().values() for one in textes.variants(every)))[1:]
    used, called, written = _said(frozenset(lines))
    return sorted(used - names) + sorted(called - tools) + sorted(written - marks), names | tools


@cache
def _said(templates: frozenset[str]) -> tuple[set[str], set[str], set[str]]:
    """What templates name, what they call (functions, filters, tests, attributes), and the marks that they are written with."""
    from jinja2 import Environment, TemplateSyntaxError, nodes

    reading = Environment(autoescape=True)
    names, tools, marks = set(), set(), set()
    for text in templates:
        try:
            tree = reading.parse(text)
        except TemplateSyntaxError as error:
            raise ValueError(error.message) from None
        called = {one.node.name for one in tree.find_all(nodes.Call) if isinstance(one.node, nodes.Name)}
        said = list(tree.find_all(nodes.Name))
        names |= (
            {one.name for one in said if one.ctx == "load"} - {one.name for one in said if one.ctx == "store"} - called
        )
        tools |= called | {one.name for kind in (nodes.Filter, nodes.Test) for one in tree.find_all(kind)}
        tools |= {one.attr for one in tree.find_all(nodes.Getattr)}
        marks |= {type(one).__name__ for one in tree.find_all(nodes.Node)}
    return names, tools, marks
