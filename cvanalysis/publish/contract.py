"""What a page must be before it may replace another. Owns the checks of the built HTML; refuses to mend anything.

Pure text in, French sentences out: the engine decides what a failure means. Checks are textual on purpose, so that they see what
a reader would (`nan`, a template's remains, an address), wherever it came from, pictures included. What people wrote in the data
(an address, braces, « Please ») is shown as they wrote it, and is no fault: the caller says which fragments they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from html import unescape
from itertools import islice, pairwise
from urllib.parse import unquote

_FIGURE = re.compile(r'<figure class="constat" id="([^"]*)".*?</figure>', re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_IMG = re.compile(r"<img\b[^>]*>")
_DATA = re.compile(r'\ssrc="data:image/[^"]*"')
_SRC = re.compile(r'\ssrc="([^"]*)"')
_ALT = re.compile(r'\salt="([^"]*)"')
_HEADING = re.compile(r"<h([1-6])\b")
_ID = re.compile(r'\sid="([^"]*)"')
_ANCHOR = re.compile(r'<a\b[^>]*\shref="([^"]*)"')
# On the page in lower case: a pattern that has to try both cases at each letter costs ten times more.
_LOADED = (
    re.compile(r"<(?:link|iframe|object|embed|base|video|audio|source|frame|form)\b|<script\b[^>]*\ssrc="),
    re.compile(r"\s(?:srcset=|src=\"(?!data:)[^\"]*\")|@import|url\((?!['\"]?(?:data:|#))|http-equiv=.?refresh"),
)
_ADDRESS = re.compile(r"\b(?:https?|ftp|wss?)://[^\s\"'<>)]*", re.IGNORECASE)
_NOTHING = re.compile(r"\b(nan|NaN|NaT|None|inf|Infinity|undefined|null)\b(?!’)")
_REMAINS = re.compile(r"\{\{|\}\}|\{%|%\}|\{[A-Za-z_][\w.]*(?:![rsa])?(?::[^{}\s]*)?\}")
_ENGLISH = (
    "No description has been provided", "Traceback (most recent call last)", "Error:", "Warning:", "UserWarning", "object at 0x",
    "dtype:", "<Figure size", 'File "', ", in <module>", " not found", " is not ", "could not ", "does not ", "did not ", "Invalid ",
    "must be ", "Unnamed: ", "Loading ", "Click to ", "Please ",
)  # fmt: skip
"""What libraries say when they are not asked; plain strings, since looking for twenty of them costs less than one pattern."""
_PATH = re.compile(
    r"/(?<![\w./-]/)(?:home|Users|root|tmp|work|workspace|var|usr|opt|mnt|srv|etc|builds?|private|data)/[\w.-]+|:\\(?<=\b[A-Z]:\\)\w|file://"
)


def check_page(
    html: str,
    constats: Iterable[str],
    max_bytes: int,
    liens: Collection[str] = (),
    dit: Callable[[str], bool] = lambda _: False,
) -> list[str]:
    """What is wrong with a page, one French sentence each; empty where it may be published.

    `constats` are the ids that its notebook declared, `liens` the only addresses that an `<a href>` may bear; `dit` says whether a
    fragment stands as it is in the data, asked only of what would be a fault.
    """
    problems = []
    size = len(html.encode("utf-8"))
    if size > max_bytes:
        problems.append(f"La page pèse {size} octets, plus que les {max_bytes} permis.")
    problems += _check_findings(html, list(constats))
    problems += _check_structure(html)
    problems += _check_pictures(html)
    problems += _check_addresses(html, set(liens), dit)
    problems += _check_words(unescape(_TAG.sub(" ", _HIDDEN.sub(" ", _IMG.sub(_alternative, html)))), dit)
    return problems


def _alternative(match: re.Match[str]) -> str:
    """An image as its alternative, which is text that people hear."""
    alt = _ALT.search(match[0])
    return f" {alt[1]} " if alt else " "


def _check_findings(html: str, wanted: list[str]) -> list[str]:
    problems = []
    there = {m[1]: m[0] for m in _FIGURE.finditer(html)}
    for key, n in Counter(wanted).items():
        block = there.get(key)
        if n > 1:
            problems.append(f"Le constat {key} est déclaré {n} fois.")
        if block is None:
            problems.append(f"Le constat {key} manque dans la page.")
            continue
        # A finding about which nothing is published has neither picture nor table, and says why.
        empty = "<img" not in block and "<table" not in block and "<li>" in block
        if not empty and "<img" not in block:
            problems.append(f"Le constat {key} n’a pas de figure.")
        if not empty and ("<table" not in block or '<th scope="col"' not in block or "<caption>" not in block):
            problems.append(f"Le constat {key} n’a pas de tableau avec en-têtes et légende.")
        if not _TAG.sub("", block.partition("<h3")[2].partition("</h3>")[0].partition(">")[2]).strip():
            problems.append(f"Le constat {key} n’a pas de titre.")
    problems += [
        f"Le constat {key} est dans la page sans avoir été déclaré." for key in there if key not in set(wanted)
    ]
    return problems


def _check_structure(html: str) -> list[str]:
    problems = []
    if '<html lang="fr">' not in html:
        problems.append("La page ne dit pas qu’elle est en français (lang).")
    if not html.rstrip().endswith("</html>"):
        problems.append("La page n’est pas entière.")
    levels = [int(n) for n in _HEADING.findall(html)]
    if levels.count(1) != 1:
        problems.append(f"La page a {levels.count(1)} titres h1, il en faut un.")
    for before, after in pairwise(levels):
        if after > before + 1:
            problems.append(f"Un titre h{after} suit un h{before} : un niveau est sauté.")
            break
    twice = [key for key, n in Counter(_ID.findall(html)).items() if n > 1]
    if twice:
        problems.append(f"Identifiants en double : {', '.join(twice[:5])}.")
    return problems


def _check_pictures(html: str) -> list[str]:
    problems = []
    seen: Counter[str] = Counter()
    for image in _IMG.findall(html):
        alt = _ALT.search(image)
        text = unescape(alt[1]).strip() if alt else ""
        if not text:
            problems.append("Une image n’a pas de texte de remplacement.")
        seen[text] += 1
        src = _SRC.search(image)
        drawn = unquote(src[1]) if src and src[1].startswith("data:image/svg+xml,") else ""
        if re.search(r"[\s\"'>,(-](?:nan|inf|None)\b", drawn):
            problems.append(f"Une figure contient une valeur sans nombre : {text[:60]}.")
        if re.search(r"(?:href|src)=['\"](?!#|data:)", drawn):
            problems.append(f"Une figure charge une ressource : {text[:60]}.")
    problems += [
        f"Le même texte de remplacement sert {n} fois : {text[:60]}." for text, n in seen.items() if n > 1 and text
    ]
    return problems


def _check_addresses(html: str, allowed: set[str], dit: Callable[[str], bool]) -> list[str]:
    html = _DATA.sub(' src="data:"', html)
    markup = "".join(_ALT.sub("", tag) for tag in _TAG.findall(html)) + "".join(m[0] for m in _HIDDEN.finditer(html))
    markup = markup.lower()
    problems = [
        f"La page charge une ressource extérieure : {m[0].strip()[:80]}."
        for pattern in _LOADED
        for m in pattern.finditer(markup)
    ]
    links = [unescape(href) for href in _ANCHOR.findall(html)]
    problems += [f"Lien absolu : {href}." for href in links if href.startswith("/")]
    problems += [f"Adresse non déclarée : {a}." for a in links if _ADDRESS.match(a) and a not in allowed]
    rest = _ANCHOR.sub("", html)
    found = _ADDRESS.findall(rest) if "://" in rest else ()
    written = (clean[0] for address in found if (clean := _ADDRESS.match(unescape(address))))
    problems += [f"Adresse hors d’un lien : {address[:80]}." for address in dict.fromkeys(written) if not dit(address)]
    return problems


def _check_words(text: str, dit: Callable[[str], bool]) -> list[str]:
    problems = []
    for pattern, what in (
        (_NOTHING, "Une valeur manquante est restée telle quelle"),
        (_REMAINS, "Reste d’un modèle de texte"),
        (_PATH, "Chemin d’une machine"),
    ):
        ours = (match for match in pattern.finditer(text) if not dit(match[0]))
        for match in islice(ours, 3):
            around = " ".join(text[max(0, match.start() - 30) : match.end() + 30].split())
            problems.append(f"{what} : « {around} ».")
    english = (said for said in _ENGLISH if said in text and not dit(said))
    problems += [f"Message technique, en anglais : « {said.strip()} »." for said in english]
    return problems
