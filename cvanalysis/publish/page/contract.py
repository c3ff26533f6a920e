"""What a page must be before it may replace another. Owns the checks of the built HTML; refuses to mend anything.

Pure text in, French sentences out: the engine decides what a failure means. A page is read as a browser reads it; what it may be made
of is listed, and all else is refused, wherever it came from, pictures included. What people wrote in the data (an address, braces,
« Please ») is shown as they wrote it, and is no fault: the caller says which fragments they are.
"""

from __future__ import annotations

import re
import tomllib
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partialmethod
from html import unescape
from html.parser import HTMLParser
from itertools import islice, pairwise
from pathlib import Path

from cvanalysis.files.texts import UNSEEN
from cvanalysis.french import shorten
from cvanalysis.publish.page.page import OUR_SCRIPTS, OUR_STYLE, font_style
from cvanalysis.territory.look import live_in_svg

_TOLD = tomllib.loads((Path(__file__).parent / "contract.toml").read_text(encoding="utf-8"))
_DRAWING = {"svg", "path", "rect", "circle", "text"}
_ELEMENTS, _ATTRIBUTES = _DRAWING.union(_TOLD["elements"].split()), set(_TOLD["attributs"].split())
_ORDINARY = _ELEMENTS - {"script", "style", "title", "textarea"}  # what stands in those is no tag
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_GEOMETRY = {"d", "x", "y", "width", "height", "cx", "cy", "r", "viewbox"}
_NUMBERS = re.compile(r"[MLHVAZmlhvaz\d\s.,-]*")
_LOOK, _SHAPES = ({name: re.compile(shape) for name, shape in _TOLD[of].items()} for of in ("allure", "motifs"))

_OF_TABLES = ({"scoped": ""}, {"type": "text/css"})
_SCHEMES = ("http", "https", "mailto", "tel")
_VOID = {"br", "col", "hr", "img", "input", "meta", "wbr"}
_PLAIN = re.compile(r'<([a-z][a-z0-9]*)((?: [a-zA-Z-]+="[^"<>]*")*)(/?)>')
_PAIR = re.compile(r' ([a-zA-Z-]+)="([^"]*)"')
_POLICY = "Content-Security-Policy"


def check_page(
    html: str, constats: Iterable[str], max_bytes: int, dit: Callable[[str], bool] = lambda _: False
) -> list[str]:
    """What is wrong with a page, one French sentence each; empty where it may be published.

    `constats` are the ids that its notebook declared; `dit` says whether a fragment (an address, a word) stands as it is in the data,
    asked only of what would be a fault.
    """
    page = read_page(html)
    size = len(html.encode("utf-8"))
    return [
        *([f"La page pèse {size} octets, plus que les {max_bytes} permis."] if size > max_bytes else []),
        *check_live(page),
        *_check_findings(page, list(constats)),
        *_check_structure(html, page),
        *_check_pictures(page),
        *_check_addresses(page, dit),
        *_check_words(" ".join(page.words), dit),
    ]


def advised(told: str, *problems: str) -> str:
    """What went wrong, then what to write instead of each of the problems (itself, without others) whose first words tell it."""
    starts = _TOLD["conseils"].items()
    kinds = dict.fromkeys(
        advice for start, advice in starts if any(one.startswith(start) for one in problems or [told])
    )
    return " ".join([f"{told.rstrip('.')}.", *kinds])


@dataclass(slots=True)
class Element:
    """An element of a page: its attributes; where someone asks for it, the text inside it and what elements are inside it."""

    tag: str
    attrs: dict[str, str]
    text: list[str] = field(default_factory=list)
    inside: list[Element] = field(default_factory=list)

    def find(self, tag: str) -> list[Element]:
        return [one for one in self.inside if one.tag == tag]

    @property
    def said(self) -> str:
        return "".join(self.text)


def alternative(one: Element) -> str:
    """What is heard of a picture or a drawing."""
    return one.attrs.get("alt" if one.tag == "img" else "aria-label", "").strip()


class read_page(HTMLParser):  # noqa: N801 (it is called as the function that it stands for)
    """A page as a browser reads it: `elements` in order, `words` that people see or hear, and what has no place in any page of ours."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.words: list[str] = []
        self.odd: list[str] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def find(self, tag: str) -> list[Element]:
        return [one for one in self.elements if one.tag == tag]

    def updatepos(self, _: int, j: int) -> int:  # nobody asks at which line something stands
        return j

    def parse_starttag(self, i: int) -> int:
        """A plain tag, which can be read in one way only, is not looked at again for its end and for each attribute."""
        plain = _PLAIN.match(self.rawdata, i)
        if plain is None or plain[1] not in _ORDINARY:
            return super().parse_starttag(i)
        tell = self.handle_startendtag if plain[3] else self.handle_starttag
        tell(plain[1], [(name.lower(), unescape(value)) for name, value in _PAIR.findall(plain[2])])
        return plain.end()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = Element(tag, {name: value or "" for name, value in reversed(attrs)})
        if len(one.attrs) < len(attrs):
            twice = [name for name, n in Counter(name for name, _ in attrs).items() if n > 1]
            self.odd += [f"l’attribut {name} est là deux fois" for name in twice]
        self.elements.append(one)
        for around in self._open:
            if around.tag == "figure":
                around.inside.append(one)
        if tag in ("img", "svg"):
            self.words.append(alternative(one))
        if tag not in _VOID:
            self._open.append(one)

    def handle_endtag(self, tag: str) -> None:
        last = next((i for i in reversed(range(len(self._open))) if self._open[i].tag == tag), None)
        if last is not None:
            del self._open[last:]

    def handle_data(self, data: str) -> None:
        for around in self._open:
            if around.tag in ("script", "style", "h3"):
                around.text.append(data)
        if not self._open or self._open[-1].tag not in ("script", "style"):
            self.words.append(data)

    def handle_comment(self, data: str, what: str = "un commentaire") -> None:
        self.odd.append(f"{what} ({data[:20]})")

    handle_pi = partialmethod(handle_comment, what="une instruction")
    unknown_decl = partialmethod(handle_comment, what="une déclaration")


def check_live(page: read_page, style: re.Pattern[str] = OUR_STYLE) -> list[str]:
    """What could run, load, restyle or lead elsewhere, and is not ours. All that is not known here to be harmless counts as such."""
    found = list(page.odd)
    for one in page.elements:
        if one.tag not in _ELEMENTS:
            found.append(f"l’élément <{one.tag}>")
        if one.tag == "script" and (one.attrs or one.said not in OUR_SCRIPTS):
            found.append(f"un script qui n’est pas des nôtres ({shorten(one.said, 40)})")
        if one.tag == "style":
            ours = not one.attrs and (style.fullmatch(one.said) or one.said == font_style())
            if not ours and not (one.attrs in _OF_TABLES and _SHAPES["style"].fullmatch(one.said)):
                found.append(f"un style qui n’est pas des nôtres ({shorten(one.said, 40)})")
        if one.attrs.get("http-equiv", _POLICY) != _POLICY:
            found.append("une instruction au navigateur (meta)")
        for name, value in one.attrs.items():
            if not _is_usual(one.tag, name, value):
                found.append(f"l’attribut {name} de <{one.tag}>")
            scheme = _SHAPES["protocole"].match(UNSEEN.sub("", value)) if name == "href" else None
            if name == "href" and (one.tag != "a" or (scheme and scheme[1].lower() not in _SCHEMES)):
                found.append(f"le lien {value[:60]}")
            if name == "src" and (one.tag != "img" or not _is_picture(value)):
                found.append(f"une ressource extérieure ({value[:60]})")
    return [f"La page tient ce qu’aucune page ne doit tenir : {one}." for one in dict.fromkeys(found)]


def _is_picture(address: str) -> bool:
    """A picture that is inside the page: a PNG, or an SVG that only draws."""
    kind, _, packed = address.partition(";base64,")
    try:
        return kind == "data:image/png" or (
            kind == "data:image/svg+xml" and not live_in_svg(b64decode(packed, validate=True))
        )
    except ValueError:
        return False


def _is_usual(tag: str, name: str, value: str) -> bool:
    if tag in _DRAWING:
        drawn = (name in _GEOMETRY and _NUMBERS.fullmatch(value)) or (name in _LOOK and _LOOK[name].fullmatch(value))
        return bool(drawn) or name in ("class", "role") or name.startswith("aria-")
    if name == "style":
        return re.fullmatch(r"\s*text-align:\s*\w+;?\s*", value) is not None
    return name in _ATTRIBUTES or name.startswith(("aria-", "data-")) or (name == "http-equiv" and tag == "meta")


def _check_findings(page: read_page, wanted: list[str]) -> Iterator[str]:
    figures = (one for one in page.find("figure") if "constat" in one.attrs.get("class", "").split())
    there = {one.attrs.get("id", ""): one for one in figures}
    for key, n in Counter(wanted).items():
        if n > 1:
            yield f"Le constat {key} est déclaré {n} fois."
        if key not in there:
            yield f"Le constat {key} manque dans la page."
            continue
        block = there[key]
        kind, has = block.attrs["class"].split(), {one.tag for one in block.inside}
        drawn = any(one.attrs.get("class") == "fig" for one in block.find("svg"))
        empty = "vide" in kind and not drawn and "table" not in has  # nothing to show: it says so, and why
        if not (empty or drawn or "sans-figure" in kind):
            yield f"Le constat {key} n’a pas de figure."
        headed = any(one.attrs.get("scope") == "col" for one in block.find("th"))
        if not (empty or (headed and {"table", "caption"} <= has)):
            yield f"Le constat {key} n’a pas de tableau avec en-têtes et légende."
        if not any(one.said.strip() for one in block.find("h3")[:1]):
            yield f"Le constat {key} n’a pas de titre."
    yield from (f"Le constat {key} est dans la page sans avoir été déclaré." for key in there if key not in wanted)


def _check_structure(html: str, page: read_page) -> Iterator[str]:
    if [one.attrs.get("lang") for one in page.find("html")] != ["fr"]:
        yield "La page ne dit pas qu’elle est en français (lang)."
    if not html.rstrip().endswith("</html>"):
        yield "La page n’est pas entière."
    levels = [int(one.tag[1]) for one in page.elements if one.tag in _HEADINGS]
    if levels.count(1) != 1:
        yield f"La page a {levels.count(1)} titres h1, il en faut un."
    for before, after in islice((pair for pair in pairwise(levels) if pair[1] > pair[0] + 1), 1):
        yield (
            f"Un titre h{after} suit un h{before} : un niveau est sauté. Écrivez un titre « {'#' * (before + 1)} … » avant lui."
        )
    ids = Counter(one.attrs["id"] for one in page.elements if "id" in one.attrs)
    if twice := [key for key, n in ids.items() if n > 1]:
        yield f"Identifiants en double : {', '.join(twice[:5])}."
    inside = dict.fromkeys(one.attrs["href"][1:] for one in page.find("a") if one.attrs.get("href", "").startswith("#"))
    if lost := [key for key in inside if key not in ids]:
        notes = " Finissez le carnet par une cellule de notes : `fiche.notes()`." if lost[0].startswith("note_") else ""
        yield f"Le lien #{lost[0]} ne mène nulle part dans la page.{notes}"


def _check_pictures(page: read_page) -> Iterator[str]:
    pictures = page.find("img") + [one for one in page.find("svg") if one.attrs.get("class") == "fig"]
    for text, n in Counter(map(alternative, pictures)).items():
        if not text:
            yield from ["Une image n’a pas de texte de remplacement."] * n
        elif n > 1:
            yield f"Le même texte de remplacement sert {n} fois : {text[:60]}."


def _check_addresses(page: read_page, dit: Callable[[str], bool]) -> Iterator[str]:
    links = [UNSEEN.sub("", one.attrs["href"]) for one in page.find("a") if "href" in one.attrs]
    yield from (f"Lien absolu : {href}." for href in links if href.startswith(("/", "\\")))
    yield from (f"Adresse non déclarée : {a}." for a in links if _SHAPES["adresse"].match(a) and not dit(a))
    values = (pair for one in page.elements for pair in one.attrs.items())
    said = [value for name, value in values if name != "href" and not value.startswith("data:")]
    found = [address for text in (*page.words, *said) if "://" in text for address in _SHAPES["adresse"].findall(text)]
    yield from (f"Adresse hors d’un lien : {address[:80]}." for address in dict.fromkeys(found) if not dit(address))


def _check_words(text: str, dit: Callable[[str], bool]) -> Iterator[str]:
    for pattern, what in (
        (_SHAPES["rien"], "Une valeur manquante est restée telle quelle"),
        (_SHAPES["reste"], "Reste d’un modèle de texte"),
        (_SHAPES["chemin"], "Chemin d’une machine"),
    ):
        ours = (match for match in pattern.finditer(text) if not dit(match[0]))
        for match in islice(ours, 3):
            around = " ".join(text[max(0, match.start() - 30) : match.end() + 30].split())
            yield f"{what} : « {around} »."
    english = (said for said in _TOLD["anglais"] if said in text and not dit(said))
    yield from (f"Message technique, en anglais : « {said.strip()} »." for said in english)
