"""The territory's own texts (`textes/*.md`): bytes → Markdown → the HTML that a page may hold. Owns what is kept of what people write.

A text may come from anywhere: of its HTML only what Markdown itself makes is kept, so that nothing in it runs, loads or restyles a page.
A text that cannot be read costs itself, never a page; what is wrong with it is told by `check`.
"""

import re
from html import escape, unescape
from pathlib import Path

import mistune
import nh3

from cvanalysis.errors import Problem
from cvanalysis.french import typeset
from cvanalysis.territory.declarations import UnreadableError, read_written

LARGEST = 20_000
"""Characters of a text at most, as written and as HTML: six sheets, and a page has room for it."""

TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "b", "i", "del", "sub", "sup", "code", "pre", "blockquote",
    "ul", "ol", "li", "dl", "dt", "dd", "a", "table", "thead", "tbody", "tr", "th", "td", "section",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto", "tel"}
_HEADING = re.compile(r"<(/?)h([1-6])>")
_FRONT = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*$\n?", re.DOTALL | re.MULTILINE)
UNSEEN = re.compile(r"^[\0- ]+|[\t\n\r]")  # what a browser takes out of an address before it reads it
_TAG, _HANDLER = re.compile(r"<([a-zA-Z][\w:-]*)"), re.compile(r"<[a-zA-Z][^>]*?[\s\"'/](on\w+)\s*=")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f]")

Read = tuple[str, tuple[Problem, ...], tuple[Problem, ...]]
"""A text, what of it is lost, what is only to be known of it."""


def read_text(path: Path) -> Read:
    """A text that is there."""
    fichier = f"{path.parent.name}/{path.name}"
    try:
        text, said = _read_short(path)
    except UnreadableError as error:
        return "", (Problem(fichier, error.line, "", error.found, "un texte en UTF-8 est attendu", error.to_do),), ()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    body = _FRONT.sub("", text, count=1)
    remarks = [said] if said else []
    remarks += ["l'en-tête entre deux lignes « --- » n'est pas montré"] if body != text else []
    made, removed = to_html(body)
    if len(made) > LARGEST:
        found = f"le texte est trop long pour une page (plus de {LARGEST} caractères de HTML)"
        return "", (Problem(fichier, 0, "", found, "", "Coupez-le en deux"),), ()
    remarks += [f"ce qu'une page ne peut pas tenir en est retiré : {', '.join(removed)}"] if removed else []
    return body, (), tuple(Problem(fichier, 0, "", one) for one in remarks)


def _read_short(path: Path) -> tuple[str, str]:
    text, said = read_written(path, 4 * LARGEST)
    if _CONTROL.search(text):
        raise UnreadableError("le fichier n'est pas du texte", "Enregistrez-le en UTF-8")
    if len(text) > LARGEST:
        raise UnreadableError(f"le texte est trop long (plus de {LARGEST} caractères)", "Coupez-le en deux")
    return text, said


class _French(mistune.HTMLRenderer):
    """Typography of words, which keep the blanks that part them from their neighbours."""

    def text(self, text: str) -> str:
        start, words, end = re.fullmatch(r"(?s)(\s*)(.*?)(\s*)", unescape(text)).groups()
        return start + escape(typeset(words), quote=False) + end


_markdown = mistune.create_markdown(renderer=_French(escape=False), plugins=["strikethrough", "footnotes", "table"])


def to_html(markdown: str) -> tuple[str, tuple[str, ...]]:
    """Markdown as HTML of the few elements that it needs, and the names of what was taken out of it.

    Its headings start at the second level and skip none: a page has one title, and is read aloud by its levels.
    """
    made = str(_markdown(markdown))
    refused: set[str] = set()

    def link(_tag: str, _name: str, address: str) -> str | None:
        address = UNSEEN.sub("", address)
        scheme = re.match(r"([a-zA-Z][\w+.-]*):", address)
        if address.startswith("#"):  # a footnote's, whose id could be another text's too
            return None
        if address.startswith(("/", "\\")) or (scheme and scheme[1].lower() not in _SCHEMES):
            refused.add(f"le lien {address[:40]}")
            return None
        return address

    kept = nh3.clean(
        made, tags=TAGS, attributes={"a": {"href"}}, attribute_filter=link, url_schemes=_SCHEMES, link_rel=None
    )  # fmt: skip
    refused |= {f"l'élément {tag[:20]}" for tag in map(str.lower, _TAG.findall(made)) if tag not in TAGS}
    refused |= {f"l'attribut {name[:20].lower()}" for name in _HANDLER.findall(made)}
    level = 1

    def rank(found: re.Match[str]) -> str:
        nonlocal level
        if not found[1]:
            level = max(2, min(int(found[2]), level + 1))
        return f"<{found[1]}h{level}>"

    return _HEADING.sub(rank, kept.replace("&nbsp;", "\u00a0")), tuple(sorted(refused))
