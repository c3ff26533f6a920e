"""Executed notebook → one HTML page that needs nothing else. Owns the envelope of every page, its style and its small script.

Refuses a notebook that holds an error. Code, stderr and empty outputs are not shown. The page's only `h1` is its title, given by
the caller: a notebook's own `# …` is for those who open the notebook. No clock, no path, no address but the sources' links.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from hashlib import sha256
from itertools import chain, count
from pathlib import Path
from typing import Any

import nbformat
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets.config import Config

from cvanalysis.display import composants, font
from cvanalysis.errors import ReportFailed
from cvanalysis.french import slug
from cvanalysis.publish.files import reserved_for

TEMPLATES = Path(__file__).parents[1] / "templates"


Around = Mapping[str, Any]
"""What a page says around its notebook (see `publish.files.envelope`): `titre`, `territoire`, `edition`; the others may be absent.

`entete` is printed on every sheet beside the edition (the title when empty); `maj` is the declared date of the data's last
update (AAAA-MM-JJ); `contact` is whom to answer; `exemple` adds the warning even where no finding bears the mark. A link is its
`titre` and its `url`; `liens` lead to other pages, in groups. `logo`, `couleurs`, `pied`: see `territory.look`.
"""
_ABSENT = "entete", "exemple", "index", "precedent", "suivant", "liens", "maj", "contact", "logo", "couleurs", "pied"
_DEFAULT = dict.fromkeys(_ABSENT, "") | {"audience": "public", "licence": "Licence Ouverte 2.0"}


def render_page(notebook: NotebookNode, page: Around) -> str:
    """The page of an executed notebook. Raises `ReportFailed` where a cell failed."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                raise ReportFailed(
                    f"Une cellule a échoué : {output.ename}, {output.evalue}", "\n".join(output.traceback)
                )
    cells = _shown(notebook.cells)
    headings = Headings(key for cell in cells for one in cell.get("outputs", ()) for key, _ in told_by(one, "titres"))
    shown = nbformat.from_dict(notebook | {"cells": cells})
    # Ends where the template ends: HTMLExporter then parses the whole page again, to give pictures an English filler for an alternative and
    # to make cells focusable, which would cost more than all the rest. What it is given, it copies.
    body, kept = TemplateExporter.from_notebook_node(exporter(), shown, {"titres": headings})
    return wrap_page(body, page, sommaire=kept["titres"].contents)


def _shown(cells: Iterable[NotebookNode]) -> list[NotebookNode]:
    """The cells of what stands before any heading, then of each part, a heading with what follows it. A part with nothing to show, nor to
    say of what is missing, is not there: a text that the territory does not bring, findings of nobody."""
    parts: list[list[NotebookNode]] = [[]]
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            parts.append([])
        parts[-1].append(cell)
    before, *others = parts
    for heading, *rest in others:
        if "\n" in heading.source.strip() or any(map(_shows, rest)):
            before += [heading, *rest]
    return before


def _shows(cell: NotebookNode) -> bool:
    if cell.cell_type == "markdown":
        return bool(cell.source.strip())
    return any(
        one.get("name") != "stderr"
        and any(str(said).strip() for said in (one.get("text", ""), *one.get("data", {}).values()))
        for one in cell.get("outputs", ())
    )


def told_by(output: NotebookNode, what: str) -> list[Any]:
    """What a display of ours says of itself: the `titres` inside (address, title), the ids of its `constats`."""
    return output.get("metadata", {}).get("cvanalysis", {}).get(what, [])


class Headings(IPythonRenderer):
    """The Markdown of one page, each heading with an address of its own, and the page's table of contents (address, title).

    A first-level heading is not shown: the page has its title. `taken` are the addresses that displays bring with them.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        super().__init__(escape=False)
        self.used = {"contenu", "annexe", *taken}
        self.contents: list[tuple[str, str]] = []

    def heading(self, text: str, level: int, **_: Any) -> str:
        if level == 1:
            return ""
        title = Markup(text).striptags()  # noqa: S704 - only its words are kept
        base = slug(title) or "section"
        names = chain([base], (f"{base}-{n}" for n in count(2)))
        key = next(name for name in names if name not in self.used)
        self.used.add(key)
        if level == 2:
            self.contents.append((key, title))
        return f'<h{level} id="{key}">{text}</h{level}>\n'

    def html(self, markdown: str) -> str:
        return MarkdownWithMath(renderer=self).render(markdown)

    def of(self, output: NotebookNode) -> str:
        """Nothing to be shown: the titles inside a display join the contents."""
        self.contents += told_by(output, "titres")
        return ""


def wrap_page(body: str, page: Around, *scripts: str, sommaire: Sequence[tuple[str, str]] = ()) -> str:
    """The envelope around any HTML body: header, table of contents (address, title), main, footer.

    `scripts` are those of ours that this page needs beside `page.js`. A browser is told to run no other and to load nothing.
    """
    page = _DEFAULT | page
    body = body.replace("\0", "\ufffd")  # a NUL that someone pasted is no character of HTML
    js = _script(*scripts)
    return template("page.html.j2").render(
        page=page,
        reserve=reserved_for(page["audience"]),
        exemple=page["exemple"] or 'class="ex"' in body,
        sommaire=sommaire,
        corps=Markup(body),  # noqa: S704  # what displays itself escapes what it was given
        police=Markup(font_style()),  # noqa: S704
        css=Markup(_asset("page.css")),  # noqa: S704
        js=Markup(js),  # noqa: S704
        js_digest=b64encode(sha256(js.encode()).digest()).decode(),
        maj=format_date(date.fromisoformat(page["maj"]), "d MMMM y", locale="fr") if page["maj"] else "",
    )


def wrap_template(name: str, page: Around, *scripts: str, **values: Any) -> str:
    """The page whose body is a template of ours; the titles that its displays bear are its table of contents."""
    composants.titles()  # those of nobody
    body = template(name).render(**values)
    return wrap_page(body, page, *scripts, sommaire=composants.titles())


@cache
def exporter() -> HTMLExporter:
    """The one exporter of a process: making it costs more than a hundred pages."""
    config = Config()
    # nbconvert's usual steps prepare code, notebook styles and widgets, none of which is shown.
    config.Exporter.default_preprocessors = []
    config.Exporter.optimistic_validation = True
    made = HTMLExporter(config=config, template_name="corps", extra_template_basedirs=[str(TEMPLATES)])
    # A name that the parent templates mention and that ours never reaches.
    made.register_filter("highlight_code", lambda source, **_: source)
    return made


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, composants.DOSSIER]), autoescape=True, undefined=StrictUndefined
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
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        return re.sub(r"\s+([{}])", r"\1", re.sub(r"([{};,:])\s+", r"\1", text)).strip()
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _script(*others: str) -> str:
    return "\n".join(_asset(name) for name in ("page.js", *others))


@cache
def font_style() -> str:
    """The font of pages and figures, and how a figure stands in a page: the first style of any page of ours."""
    return f"{font.css()}\n{_asset('figures.css')}"


def css_string(text: str) -> Markup:
    """Text as the inside of a CSS string: whatever could end the string or the style element is written as a code point."""
    return Markup("".join(c if c.isalnum() or c in " .,–-()’" else f"\\{ord(c):x} " for c in text))  # noqa: S704


OUR_SCRIPTS = {_script(), _script("index.js")}
"""All that a script of a page may be."""

_SAID = r'\{ content: "[^"<>{}]*" \}'
OUR_STYLE = re.compile(
    re.escape(_asset("page.css"))
    + r"(\n:root \{( --(accent|ici|encre): #[0-9A-Fa-f]{6};)+ \})?"
    + rf"\n@page \{{ @top-left {_SAID} @top-right {_SAID}( @bottom-left {_SAID})? \}}"
    + rf"\n@supports \(-moz-appearance: none\) \{{ @media print \{{ \.verso::before {_SAID} \}} \}}"
)
"""All that the style of a page may be: ours, and what stands on its printed sheets. Firefox prints no margin box: the second sheet says
its page itself."""
