"""What a territory puts on its pages (`[mise_en_page]`): logo, colours, contact, foot. Owns their checks; refuses to lay out.

A logo stands in each page, which loads nothing: an SVG that only draws, or a PNG, of which nothing is kept but the picture.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cvanalysis.french import quoted
from cvanalysis.territory.declarations import Inspection
from cvanalysis.territory.palette import PALETTE, read_palette
from cvanalysis.territory.toml import Section, take

PAGE = {"accent": "#0b5394", "ici": "#b5004a", "encre": "#1d2733"}
"""Colours of a page by default: its structure and links, « vous êtes ici », its words. Words are read in them: 4.5:1 at least on white."""
LOGO = 20_000
"""Bytes of a logo at most: it stands in each page."""
_LONG = 120
_SHAPES = {
    "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "defs", "linearGradient",
    "radialGradient", "stop", "clipPath", "mask", "use", "symbol", "title", "desc", "style",
}  # fmt: skip
_LOADS = re.compile(r"[@\\]|url\((?!#)|\w+script:", re.IGNORECASE)
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PNG = b"\x89PNG\r\n\x1a\n"


def read_look(found: Inspection, section: Section | None) -> dict[str, Any]:
    """`logo` (a file of the folder), `couleurs` (role → colour), `contact` and `pied`, those that are declared."""
    if section is None:
        return {}
    values = take(found, section, {}, {"logo": str, "couleurs": dict, "contact": str, "pied": str}) or {}
    for key in ("contact", "pied"):
        if len(values.get(key, "")) > _LONG:
            found.add(
                section.fichier, section.line(key), key, f"le texte a {len(values[key])} caractères", f"{_LONG} au plus"
            )
    if "logo" in values:
        try:
            logo_uri(found.dossier, values["logo"])
        except ValueError as error:
            what, expected, to_do = error.args
            found.add(
                section.fichier,
                section.line("logo"),
                "logo",
                f"{quoted(values['logo'])}\u00a0: {what}",
                expected,
                to_do,
            )
    colours = Section(
        section.fichier, f"{section.nom}.couleurs", section.line("couleurs"), values.get("couleurs", {}), {}
    )
    return values | {"couleurs": read_palette(found, colours, {**PALETTE, **PAGE}, dict.fromkeys(PAGE, 4.5))}


def logo_uri(dossier: Path, name: str) -> str:
    """The logo as it stands in a page. `ValueError` with what was found, what was expected, what to do."""
    path = (dossier / name).resolve()
    if not path.is_relative_to(dossier.resolve()) or not path.is_file():
        raise ValueError(
            "ce fichier n'est pas dans le dossier", "un fichier .svg ou .png, à côté de contrat.toml", "Déposez-le"
        )
    raw = path.read_bytes()
    if len(raw) > LOGO:
        raise ValueError(
            f"le fichier pèse {len(raw)} octets", f"{LOGO} au plus", "Réduisez-le\u00a0: il est dans chaque page"
        )
    if raw.startswith(_PNG):
        return f"data:image/png;base64,{b64encode(_PNG + b''.join(_chunks(raw))).decode()}"
    if problem := live_in_svg(raw):
        raise ValueError(problem, "un SVG qui ne fait que dessiner, ou un PNG", "Enregistrez-le en « SVG simple »")
    return f"data:image/svg+xml;base64,{b64encode(raw).decode()}"


def _chunks(raw: bytes) -> Iterator[bytes]:
    """The parts of a PNG that are the picture: neither its author, nor its place, nor its day."""
    at = len(_PNG)
    while at < len(raw):
        end = at + 12 + int.from_bytes(raw[at : at + 4], "big")
        if raw[at + 4 : at + 8] in _KEPT:
            yield raw[at:end]
        at = end


def live_in_svg(raw: bytes) -> str:
    """What in an SVG could run or load, or why it is none; '' where it only draws."""
    if b"<!" in raw.replace(b"<!--", b""):
        return "il déclare des entités ou un DOCTYPE"
    try:
        root = ElementTree.fromstring(raw)  # noqa: S314 - without a declaration, nothing in it is expanded
    except ElementTree.ParseError:
        return "ce n'est ni un SVG ni un PNG"
    if root.tag.rpartition("}")[2] != "svg":
        return "ce n'est ni un SVG ni un PNG"
    for one in root.iter():
        if (name := str(one.tag).rpartition("}")[2]) not in _SHAPES:
            return f"il contient l'élément {name[:20]}"
        for key, value in (*one.attrib.items(), ("", one.text or "")):
            key = key.rpartition("}")[2].lower()
            if key.startswith("on") or (key == "href" and not value.startswith("#")):
                return f"il contient l'attribut {key[:20]}"
            if _LOADS.search(value):
                return f"il charge ou exécute autre chose ({value.strip()[:30]})"
    return ""


def look_of(territory: Any) -> dict[str, Any]:
    """What a page is given of it: `logo` as it stands there, `couleurs` of the page, `pied`."""
    declared = territory.mise_en_page
    colours = declared.get("couleurs", {})
    return {
        "logo": logo_uri(territory.dossier, declared["logo"]) if "logo" in declared else "",
        "couleurs": {role: colours[role] for role in PAGE if role in colours},
        "pied": declared.get("pied", ""),
    }
