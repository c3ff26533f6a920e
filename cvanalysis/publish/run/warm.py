"""What is loaded once, before any fork. Owns the list of it; refuses to start a thread or to run a cell.

Importing costs more than a report: done here, it is paid once a build. Whatever stays of it in this process is found by every
report alike, so only libraries, templates and fonts are loaded, nothing that depends on one report.
"""

import gc
import importlib
import os
import pkgutil
import re
import sys
from contextlib import suppress

from cvanalysis.tables.freshness import PACKAGE

THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "ARROW_IO_THREADS",
)  # fmt: skip


def one_thread() -> None:
    """Ask numeric libraries for no thread of their own: to be called before the first of them is imported."""
    for name in THREADS:
        os.environ.setdefault(name, "1")


UNUSED = ("rfc3987_syntax", "lxml", "scipy")
"""What our libraries import if they can, and hardly a report uses: they cost as much as all the rest together.

`jsonschema` asks for `rfc3987_syntax` (1 s to compile a grammar for international addresses), BeautifulSoup, through nbconvert, for
`lxml` (a second parser), seaborn for `scipy` (statistics). A notebook that wants one finds it.
"""


def warm_up() -> None:
    """Import and prepare all that reports share."""
    one_thread()
    gc.disable()  # of all that is loaded here, nothing goes
    hidden = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # as if they were not installed
    try:
        import papermill  # noqa: F401  (before all: it asks for our engine, which asks for it)

        from cvanalysis.display import composants, figures, phrases
        from cvanalysis.publish.page import page
        from cvanalysis.publish.run import shell

        page.exporter()
    finally:
        for name in hidden:
            del sys.modules[name]
    # All that a notebook may ask of us, with nothing hidden: a library that one of ours had not found would be imported again, with all
    # that stands on it, by each report.
    every = (one.name for one in pkgutil.walk_packages([str(PACKAGE)], "cvanalysis.", onerror=lambda _: None))
    names = ["cvanalysis.dossier", "cvanalysis.publish.page.contract", "cvanalysis.publish.run.produce"]
    names += [name for name in every if not re.search(r"\.(?:cli|clean|publish|cluster)\b", name)]
    for name in (*names, "highspy"):  # what withholds counts of people asks for highspy in several reports
        with suppress(Exception):  # a broken module is the affair of the reports that use it
            importlib.import_module(name)
    import nbformat

    from cvanalysis.catalogue import load_catalogue

    load_catalogue()
    figures.warm()
    phrases.warm()
    for template in composants.DOSSIER.glob("*.html.j2"):
        composants.composants(template.name)
    cells = [nbformat.v4.new_markdown_cell("# t\n\n## s\n\nt *t*.")]
    info = {"titre": "t", "territoire": "t", "edition": "t", "maj": "2000-01-01"}
    page.render_page(nbformat.v4.new_notebook(cells=cells), info)
    shell.prepare()
    gc.enable()
    gc.collect()  # once: what is left would be frozen with the rest at each fork
