"""The one font of pages and figures, so that what is measured is what is shown. Owns its making; refuses to know who writes with it.

It is a cut of Source Sans 3 (© 2023 Adobe, SIL Open Font License 1.1, whose text is in the package `fontpkg-source-sans-3`): Latin
letters and the signs that pages use, in two weights. The licence keeps the name « Source » for the whole font: a cut bears ours. It
is made once a machine, in the user's cache, the same bytes everywhere, and every process finds it there.
"""

import io
import tempfile
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import platformdirs

from cvanalysis.files import atomic

FAMILY = "Contrat Sans"
WEIGHTS = (400, 600)
STACK = f"'{FAMILY}',Arial,sans-serif"
"""What a drawing asks for: the others are for JupyterLab, which has no font of ours."""

_LETTERS = ((0x20, 0x7E), (0xA0, 0xFF))
_SIGNS = "ŒœŸĂăĆćČčĐđĞğİıŁłŃńŚśŞşŠšŹźŻżŽžȘșȚț‐‑–—‘’“”„†•…‰′″‹›€№™←↑→↓↔−≈≠≤≥×■□▲△▼▽◆●○✓✗ᵉʳ⁰ⁱ⁴⁵⁶⁷⁸⁹₀₁₂₃\u2009\u200b\u202f"
_FEATURES = ("lnum", "tnum")
_NAMES = (0, 1, 2, 3, 4, 5, 6, 13, 14)  # copyright and licence stay with the outlines


@cache
def files() -> dict[int, tuple[Path, Path]]:
    """Weight → its TTF (what matplotlib draws with) and its WOFF2 (what a page holds), made where they are not there yet."""
    recipe = (FAMILY, WEIGHTS, _LETTERS, _SIGNS, _FEATURES, _NAMES)
    made_with = [version(name) for name in ("fontpkg-source-sans-3", "fonttools", "brotli")]
    key = sha256(repr((recipe, made_with)).encode()).hexdigest()[:16]
    kept = _in(platformdirs.user_cache_path("cvanalysis") / f"police-{key}")
    if all(path.is_file() for pair in kept.values() for path in pair):
        return kept
    cut = _cut()
    try:
        return _write(kept, cut)
    except (atomic.WriteFailed, OSError):  # nobody's home: made again by each command
        return _write(_in(Path(tempfile.mkdtemp(prefix="cva-police-"))), cut)


def _write(places: dict[int, tuple[Path, Path]], cut: dict[int, tuple[bytes, bytes]]) -> dict[int, tuple[Path, Path]]:
    atomic.write_all(file for weight, pair in places.items() for file in zip(pair, cut[weight], strict=True))
    return places


def _in(folder: Path) -> dict[int, tuple[Path, Path]]:
    return {weight: (folder / f"{weight}.ttf", folder / f"{weight}.woff2") for weight in WEIGHTS}


@cache
def css() -> str:
    """The two weights as `@font-face`, each in the page itself."""
    return "".join(
        f"@font-face{{font-family:'{FAMILY}';font-weight:{weight};"
        f"src:url(data:font/woff2;base64,{b64encode(woff.read_bytes()).decode()})format('woff2')}}"
        for weight, (_, woff) in files().items()
    )


def _cut() -> dict[int, tuple[bytes, bytes]]:
    """Weight → (TTF, WOFF2). Letters are cut before weights: the other way round takes ten times as long."""
    import brotli  # noqa: F401  (what fontTools writes WOFF2 with)
    from fontpkg_source_sans_3 import ROOT
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    font = TTFont(ROOT / "files" / "SourceSans3[wght].ttf", recalcTimestamp=False)  # no clock in what we make
    asked = subset.Options(layout_features=list(_FEATURES), name_IDs=list(_NAMES), hinting=False)
    cutter = subset.Subsetter(asked)
    cutter.populate(unicodes=[c for first, last in _LETTERS for c in range(first, last + 1)], text=_SIGNS)
    cutter.subset(font)
    whole = _saved(font)
    made = {}
    for weight in WEIGHTS:
        one = TTFont(io.BytesIO(whole), recalcTimestamp=False)
        one = instancer.instantiateVariableFont(one, {"wght": weight})
        style = "Regular" if weight == WEIGHTS[0] else "SemiBold"
        full = f"{FAMILY} {style}"
        for ident, name in {1: FAMILY, 2: style, 3: full, 4: full, 6: f"ContratSans-{style}"}.items():
            one["name"].setName(name, ident, 3, 1, 0x409)
        one["OS/2"].usWeightClass = weight
        made[weight] = (_saved(one), _saved(one, "woff2"))
    return made


def _saved(font: Any, flavor: str | None = None) -> bytes:
    font.flavor = flavor
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()
