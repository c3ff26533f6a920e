"""What a territory puts on its pages (`[mise_en_page]`): logo, colours, contact, foot. Owns their checks and the palette by default.

A logo stands in each page, which loads nothing: an SVG that only draws, or a PNG, of which nothing is kept but the picture.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cvanalysis.french import quoted
from cvanalysis.territory.declarations import KNOWN, Ligne, take

PAGE, PALETTE = (
    {role: tuple(one) if role == "part" else one for role, one in KNOWN["couleurs"][what].items()}
    for what in ("page", "figures")
)
"""Role → colour by default, of a page and of the series of figures (`part`: several)."""
LOGO = 20_000
"""Bytes of a logo at most: it stands in each page."""
_LONG = 120
_LOADS = re.compile(r"[@\\]|url\((?!#)|\w+script:", re.IGNORECASE)
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PNG = b"\x89PNG\r\n\x1a\n"
ElementTree.register_namespace("", "http://www.w3.org/2000/svg")


def read_look(section: Ligne | None) -> dict[str, Any]:
    """`logo` (a file of the folder), `couleurs` (role → colour), `contact` and `pied`, those that are declared."""
    values = take(section, {}, {"logo": str, "couleurs": dict, "contact": str, "pied": str})
    if values is None:
        return {}
    for key in ("contact", "pied"):
        if len(values.get(key, "")) > _LONG:
            section.wrong(key, f"le texte a {len(values[key])} caractères", f"{_LONG} au plus")
    if "logo" in values:
        try:
            logo_uri(section.found.dossier, values["logo"])
        except ValueError as error:
            what, expected, to_do = error.args
            section.wrong("logo", f"{quoted(values['logo'])}\u00a0: {what}", expected, to_do)
    line = section.lignes.get("couleurs", section.ligne)
    colours = replace(section, nom=f"{section.nom}.couleurs", ligne=line, cells=values.get("couleurs", {}), lignes={})
    return values | {"couleurs": read_palette(colours, {**PAGE, **PALETTE}, dict.fromkeys(PAGE, 4.5))}


def read_palette(
    section: Ligne | None, roles: Iterable[str] = PALETTE, least: Mapping[str, float] = {}
) -> dict[str, str | tuple[str, ...]]:
    """The colours declared for these roles, each told from white: 3:1, or what `least` asks for its role."""
    values = take(section, {}, {role: list if role == "part" else str for role in roles}) or {}
    for role, value in values.items():
        for colour in value if role == "part" else [value]:
            if not isinstance(colour, str) or not re.fullmatch("#[0-9A-Fa-f]{6}", colour):
                section.wrong(role, f"{quoted(colour)} n'est pas une couleur", "la forme #RRVVBB")
            elif (contrast := contrast_on_white(colour)) < (wanted := least.get(role, 3)):
                said, asked = (f"{one:.2g}".replace(".", ",") for one in (contrast, wanted))
                what = f"{quoted(colour)} a un contraste de {said}:1 sur le blanc"
                section.wrong(role, what, f"{asked}:1 au moins, pour qui voit mal", "foncez la couleur")
    return {role: tuple(value) if role == "part" else value for role, value in values.items()}


def contrast_on_white(colour: str) -> float:
    """Contrast ratio of `#RRGGBB` with white, as WCAG defines it: 1 to 21."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


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
    return f"data:image/svg+xml;base64,{b64encode(_drawing(raw)).decode()}"


def _drawing(raw: bytes) -> bytes:
    """An SVG without remarks, nor what a drawing program notes in attributes of its own: who, where, from which file."""
    root = ElementTree.fromstring(raw)  # noqa: S314 - it only draws
    for one in root.iter():
        for key in [key for key in one.attrib if key.startswith("{") and "w3.org" not in key]:
            del one.attrib[key]
    try:
        return ElementTree.tostring(root)
    except RecursionError:
        what = "il a trop de groupes l'un dans l'autre"
        raise ValueError(
            what, "un SVG qui ne fait que dessiner, ou un PNG", "Enregistrez-le en « SVG simple »"
        ) from None


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
    except (ElementTree.ParseError, LookupError, ValueError):  # the two others: an encoding that nobody knows
        return "ce n'est ni un SVG ni un PNG"
    if root.tag.rpartition("}")[2] != "svg":
        return "ce n'est ni un SVG ni un PNG"
    for one in root.iter():
        if (name := str(one.tag).rpartition("}")[2]) not in KNOWN["svg"]["formes"]:
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
