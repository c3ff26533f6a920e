"""Executed notebook → one HTML page that needs nothing else. Owns the envelope of every page, its style and its small script.

Refuses a notebook that holds an error. Code, stderr and empty outputs are not shown. The page's only `h1` is its title, given by
`PageInfo`: a notebook's own `# …` is for those who open the notebook. No clock, no path, no address but the sources' links.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from cvanalysis.display import composants, font
from cvanalysis.errors import ReportFailed

if TYPE_CHECKING:
    from nbconvert.exporters import HTMLExporter
    from nbformat import NotebookNode


_TEMPLATES = Path(__file__).parents[1] / "templates"
_AUDIENCES = {"groupe": "groupes de travail", "equipe": "équipe d’évaluation"}


def reserved_for(audience: str) -> str:
    """What all that is not for the public says of itself, '' for the public."""
    who = _AUDIENCES.get(audience, audience)
    return "" if audience == "public" else f"Document réservé\u00a0: {who}. Ne pas diffuser."


@dataclass(frozen=True, slots=True)
class Lien:
    """A link to another page."""

    titre: str
    url: str


@dataclass(frozen=True, slots=True)
class PageInfo:
    """What a page says around its notebook.

    `entete` is printed on every sheet beside the edition (the title when empty); `maj` is the declared date of the data's last
    update (AAAA-MM-JJ); `contact` is whom to answer; `exemple` adds the warning even where no finding bears the mark. `liens` lead to the
    pages of the whole contract and of its themes.
    """

    titre: str
    territoire: str
    edition: str
    audience: str = "public"
    entete: str = ""
    exemple: bool = False
    index: Lien | None = None
    precedent: Lien | None = None
    suivant: Lien | None = None
    liens: tuple[Lien, ...] = ()
    licence: str = ""
    maj: str = ""
    contact: str = ""


def render_page(notebook: NotebookNode, page: PageInfo) -> str:
    """The page of an executed notebook. Raises `ReportFailed` where a cell failed."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                raise ReportFailed(
                    f"Une cellule a échoué : {output.ename}, {output.evalue}", "\n".join(output.traceback)
                )
    body, _ = exporter().from_notebook_node(notebook)
    return wrap_page(body, page)


def wrap_page(body: str, page: PageInfo, *scripts: str) -> str:
    """The envelope around any HTML body: header, table of contents from its `h2`, main, footer.

    `scripts` are those of ours that this page needs beside `page.js`. A browser is told to run no other and to load nothing.
    """
    body = _EMPTY.sub("", body.replace("\0", "\ufffd"))  # a NUL that someone pasted is no character of HTML
    body, contents = _number_headings(body)
    js = _script(*scripts)
    return template("page.html.j2").render(
        page=page,
        reserve=reserved_for(page.audience),
        exemple=page.exemple or 'class="ex"' in body,
        sommaire=contents,
        corps=Markup(body),  # noqa: S704  # what displays itself escapes what it was given
        police=Markup(font_style()),  # noqa: S704
        css=Markup(_asset("page.css")),  # noqa: S704
        js=Markup(js),  # noqa: S704
        js_digest=b64encode(sha256(js.encode()).digest()).decode(),
        maj=format_date(date.fromisoformat(page.maj), "d MMMM y", locale="fr") if page.maj else "",
    )


@cache
def exporter() -> HTMLExporter:
    """The one exporter of a process: making it costs more than a hundred pages."""
    from nbconvert.exporters import HTMLExporter
    from nbconvert.exporters.templateexporter import TemplateExporter
    from traitlets.config import Config

    class Exporter(HTMLExporter):
        """Ends where the template ends: HTMLExporter then parses the whole page again, to give pictures an English filler
        for an alternative and to make cells focusable, which would cost more than all the rest."""

        def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> tuple[str, dict[str, Any]]:
            return TemplateExporter.from_notebook_node(self, nb, resources, **kw)

    config = Config()
    # nbconvert's usual steps prepare code, notebook styles and widgets, none of which is shown.
    config.Exporter.default_preprocessors = []
    config.Exporter.preprocessors = []
    config.Exporter.optimistic_validation = True
    config.Exporter.exclude_anchor_links = True
    made = Exporter(config=config, template_name="corps", extra_template_basedirs=[str(_TEMPLATES)])
    made.register_filter("plain_table", lambda html: _FRAME_STYLE.sub("", "".join(html)))
    # A name that the parent templates mention and that ours never reaches.
    made.register_filter("highlight_code", lambda source, **_: source)
    return made


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader([_TEMPLATES, composants.DOSSIER]), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["css_string"] = css_string
    composants.equip(environment)
    environment.globals["zip"] = zip
    return environment


def template(name: str) -> Template:
    """One of our templates; what it is given is escaped."""
    return _environment().get_template(name)


@cache
def _asset(name: str) -> str:
    """A style sheet without its blanks, or a script without its indentation."""
    text = (_TEMPLATES / name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        return re.sub(r"\s+([{}])", r"\1", re.sub(r"([{};,:])\s+", r"\1", text)).strip()
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _script(*others: str) -> str:
    return "\n".join(_asset(name) for name in ("page.js", *others))


@cache
def font_style() -> str:
    """The font of pages and figures, and how a figure stands in a page: the first style of any page of ours."""
    return f"{font.css()}\n{_asset('figures.css')}"


def our_scripts() -> frozenset[str]:
    """All that a script of a page may be."""
    return frozenset((_script(), _script("index.js")))


def css_string(text: str) -> Markup:
    """Text as the inside of a CSS string: whatever could end the string or the style element is written as a code point."""
    return Markup("".join(c if c.isalnum() or c in " .,–-()’" else f"\\{ord(c):x} " for c in text))  # noqa: S704


OUR_STYLE = re.compile(
    re.escape(_asset("page.css"))
    + r'\n@page \{ @top-left \{ content: "[^"<>{}]*" \} @top-right \{ content: "[^"<>{}]*" \} \}'
)
"""All that the style of a page may be: ours, and what stands on its printed sheets."""
_HEADING = re.compile(r"<h([1-6])([^>]*)>(.*?)</h\1>", re.DOTALL)

_FRAME_STYLE = re.compile(
    r"<style scoped>.*?</style>\s*", re.DOTALL
)  # pandas gives each of its tables one; pages have their own

_EMPTY = re.compile(r"<h2[^>]*>(?:(?!</?h2).)*</h2>\s*(?=<h2|\Z)", re.DOTALL)
"""A part with nothing to show, nor to say of what is missing: a text that the territory does not bring, findings of nobody."""
_ID = re.compile(r' id="([^"]*)"')
_TAG = re.compile(r"<[^>]+>")


def _number_headings(body: str) -> tuple[str, list[tuple[str, str]]]:
    """Headings with an id of their own that a link can bear, without the notebook's `h1`; and the `h2` (id, title)."""
    taken = set(_ID.findall(body))
    contents: list[tuple[str, str]] = []

    def rewrite(match: re.Match[str]) -> str:
        level, attributes, inner = match.groups()
        if level == "1":
            return ""
        found = _ID.search(attributes)
        title = unescape(_TAG.sub("", inner)).strip()
        # Ids that we gave (a finding's title) are pointed at and kept; those that nbconvert made of accented words are not.
        if found and found[1].isascii() and found[1] not in used:
            key = found[1]
        else:
            key = base = _slug(title)
            n = 2
            while key in used or key in taken:
                key = f"{base}-{n}"
                n += 1
        used.add(key)
        if level == "2":
            contents.append((key, title))
        attributes = _ID.sub("", attributes)
        return f'<h{level} id="{key}"{attributes}>{inner}</h{level}>'

    used: set[str] = {"contenu"}
    return _HEADING.sub(rewrite, body), contents


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFD", title.replace("’", " ")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "section"
