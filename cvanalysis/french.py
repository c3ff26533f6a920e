"""French as it is saved (`decode`), compared (`fold`) and printed (numbers, plurals, articles, typography). Refuses to know what is said.

Numbers have U+202F between thousands and a decimal comma; signs are true minus signs, never « -0,0 ».
"""

import codecs
import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from pathlib import Path

_MOT_MAX = 80  # characters of a word: beyond, it is shown by its beginning, and is the misspelling of none

LUS_MAXI, LUS_ABREGES = 25, 10
"""Names up to which a list is read to its end, and how many are given of a longer one."""
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_TYPO = str.maketrans("’‘–—‐‑", "''----")
NBSP = "\u00a0"
MOINS = "\u2212"
_SIGNES = {ord(","): "\u202f", ord("."): ","}  # of a number as Python writes it
LOST = "\ufffd"
"""What stands for bytes that are of no encoding that we know."""
CP1252 = "lu comme du Windows-1252"
_ALL_DIGITS = Context(prec=400)  # a figure may have more digits than a decimal usually keeps
_VOYELLES = "aàâäæeéèêëiîïoôöœuùûüyAÀÂÄÆEÉÈÊËIÎÏOÔÖŒUÙÛÜY"

_MOTS = tomllib.loads(Path(__file__).with_name("french.toml").read_text(encoding="utf-8"))
_ARTICLES, _LIEUX = (
    {word: article for article, words in _MOTS[of].items() for word in words.split()} for of in ("articles", "lieux")
)
MOIS = tuple(_MOTS["mois"])


def round_half_up(valeur: float, decimales: int) -> Decimal:
    """Rounded as readers round (2,25 → 2,3), from the decimal that was published and not from its binary neighbour."""
    return Decimal(repr(float(valeur))).quantize(Decimal(1).scaleb(-decimales), ROUND_HALF_UP, _ALL_DIGITS)


def number(valeur: float, decimales: int = 0) -> str:
    """`12345.6, 1` → « 12 345,6 » (U+202F); the sign of a rounded zero is dropped, that of others is U+2212."""
    rounded = round_half_up(valeur, decimales)
    text = f"{abs(rounded):,f}".translate(_SIGNES)
    return f"{MOINS}{text}" if rounded < 0 else text


def with_unit(valeur: float, unite: str, decimales: int = 0) -> str:
    """« 1 234 € », « 1,5 point », « 2 points »: no-break space, singular below 2."""
    if not unite:
        return number(valeur, decimales)
    return f"{number(valeur, decimales)}{NBSP}{plural(unite, round_half_up(valeur, decimales))}"


def plural(unite: str, nombre: float | Decimal) -> str:
    """A unit declared in the plural, in the singular where the number is below 2."""
    if abs(nombre) >= 2:
        return unite
    head, _, tail = unite.partition(" ")
    singular = head[:-1] if len(head) > 1 and head.endswith("s") and head not in _MOTS["invariables"].split() else head
    return f"{singular} {tail}" if tail else singular


def ordinal(rang: int, feminin: bool = False) -> str:
    """« 1ᵉʳ », « 1ʳᵉ », « 2ᵉ »."""
    return f"{rang}{('ʳᵉ' if feminin else 'ᵉʳ') if rang == 1 else 'ᵉ'}"


def definite(nom: str) -> str:
    """A common name with its article, always a singular: « le taux d’emploi », « le nombre d’allocataires ».

    People who are counted are said by their number: « on ne connaît pas les demandeurs d’emploi » says another thing.
    """
    first = nom.split(" ", 1)[0].lower()
    if first in _ARTICLES:
        return _ARTICLES[first] + nom
    return f"le nombre {of(nom)}" if first.endswith("s") else f"« {nom} »"


QUARTIER = "le quartier"
"""How a quarter's own page calls it: its name stands at the top."""


def place(nom: str) -> tuple[str, str]:
    """A place's article and the rest: « Les Dervallières » → (« les », « Dervallières »), « Bellevue » → ('', « Bellevue »)."""
    match = re.match(r"^(Les|Le)\s+(?=\S)(.+)$", nom)
    if match:
        return match.group(1).lower(), match.group(2)
    return _LIEUX.get(nom, ""), nom


def at(nom: str) -> str:
    """« aux Dervallières », « au Breil », « à La Boissière », « à Bellevue »."""
    article, rest = place(nom)
    if nom == QUARTIER:
        return f"dans {nom}"
    return {"les": "aux ", "le": "au ", "la": "à la "}.get(article, "à ") + rest


def of(nom: str) -> str:
    """« des Dervallières », « du Breil », « de La Boissière », « d’Orvault »."""
    article, rest = place(capital(nom) if nom == QUARTIER else nom)
    if article:
        return {"les": "des ", "le": "du ", "la": "de la "}[article] + rest
    return f"d’{nom}" if nom[:1] in _VOYELLES else f"de {nom}"


_INTERCOMMUNALITE = re.compile(r"^(Communauté|Métropole|Agglomération|Eurométropole)\b")


def comparator(nom: str, role: str, forme: str) -> str:
    """A comparator inside a sentence: `forme` is `dans`, `de` or `nom`; communes and EPCI go by their names."""
    position = ("dans", "de", "nom").index(forme)
    if role in _MOTS["reperes"]:
        words = _MOTS["reperes"][role][position]
        inside = (
            nom.replace(" (", ", ").removesuffix(")") if "({nom})" in words else nom
        )  # a year beside it, not in a second pair
        return words.format(nom=inside, qpv="l’ensemble des QPV de France")
    if _INTERCOMMUNALITE.match(nom):
        small = nom[:1].lower() + nom[1:]
        article = "l’" if small[0] in _VOYELLES else "la "
        return ("dans ", "de ", "")[position] + article + small
    return (at, of, str)[position](nom)


def quarter(nom: str) -> str:
    """« le quartier des Dervallières », « le quartier de Bellevue »: a subject that takes a verb in the singular."""
    return nom if nom == QUARTIER else f"le quartier {of(nom)}"


def than(texte: str) -> str:
    """« que » before what follows: « qu’à Nantes », « que dans la région »."""
    return f"qu’{texte}" if texte[:1] in _VOYELLES else f"que {texte}"


def when(annee: str) -> str:
    """« en 2018 », « au 31 décembre 2021 », « selon la publication 2022 (année des données non établie) »."""
    if re.fullmatch(r"\d{2}/\d{2}/\d{4}", annee):
        day, month, year = (int(part) for part in annee.split("/"))
        return f"au {ordinal(day) if day == 1 else day} {MOIS[month - 1]} {year}"
    return f"en {annee}" if annee[:4].isdigit() else f"selon la {annee}"


def capital(texte: str) -> str:
    """First letter in capital, the rest as it is."""
    return texte[:1].upper() + texte[1:]


_BEFORE = re.compile(r"[ \u00a0\u202f]+([:;?!%€»])")
_STUCK = re.compile(r"(?<=[\w)»”])([;?!])(?=\s|$)")
_OPEN = re.compile(r"«[ \u00a0\u202f]*")
_SPACES = re.compile(r"[ \t\n]{2,}")


@lru_cache(maxsize=8192)
def typeset(texte: str) -> str:
    """French typography of a finished sentence: no-break spaces before `: ; ? ! % € »` and after «, curly apostrophes."""
    texte = _SPACES.sub(" ", texte.strip()).replace("'", "’")
    texte = _OPEN.sub(f"«{NBSP}", texte)
    texte = _STUCK.sub(rf"{NBSP}\1", texte)
    return _BEFORE.sub(rf"{NBSP}\1", texte)


def quoted(word: object) -> str:
    """« word », with the no-break spaces that French asks for."""
    text = str(word)
    return f"«\u00a0{text if len(text) <= _MOT_MAX else f'{text[:_MOT_MAX]}…'}\u00a0»"


def listed(words: Iterable[str], most: int = 12) -> str:
    """The words, few enough to be read: the first, then how many more."""
    words = list(words)
    more = len(words) - most
    return ", ".join(words[:most]) + (f" et {more} autre{'s' if more > 1 else ''}" if more > 0 else "")


def nearest(word: str, known: Iterable[str]) -> str:
    """« Vouliez-vous dire … » with the nearest known word, or '' where none is near.

    >>> nearest("communs", ["code", "nom", "communes"]).replace(chr(160), " ")
    'vouliez-vous dire « communes » ?'
    """
    if len(word) > _MOT_MAX:
        return ""
    by_key = {fold(k): k for k in known}
    match = difflib.get_close_matches(fold(word), list(by_key), n=1, cutoff=0.6)
    return f"vouliez-vous dire {quoted(by_key[match[0]])}\u00a0?" if match else ""


def enumerate_french(words: Iterable[str]) -> str:
    """« a, b et c »."""
    *first, last = list(words)
    return f"{', '.join(first)} et {last}" if first else last


def enumerate_some(
    names: Sequence[str], most: int = LUS_MAXI, few: int = LUS_ABREGES, others: str = "autres quartiers"
) -> str:
    """All the names where they can be read, `most` of them, else the first `few` and how many others."""
    return enumerate_french(names if len(names) <= most else [*names[:few], f"{len(names) - few} {others}"])


def french_date(text: str) -> str:
    """`2014-02-21` → « 21/02/2014 », `2019-12` → « décembre 2019 », `2015` → « 2015 »; anything else as written."""
    parts = text.split("-")
    return "/".join(reversed(parts)) if len(parts) == 3 and all(p.isdigit() for p in parts) else month_year(text)


def month_year(text: str) -> str:
    """`2022-04` → « avril 2022 »; anything else as written."""
    year, _, month = text.partition("-")
    return f"{MOIS[int(month) - 1]} {year}" if re.fullmatch(r"\d{4}-(?:0[1-9]|1[0-2])", text) else text


def named(code: str, words: str) -> str:
    """A thing by its words, whole, then its code: a code alone says nothing to who has not the list."""
    return f"{shorten(words, len(words))} ({code})" if words else code


def shorten(text: str, most: int) -> str:
    """A text on one line, cut at a word where it is longer."""
    text = re.sub(r"[ \t\r\n]+", " ", text).strip()
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]}…"


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Without accents, capitals, odd spaces, typographic apostrophes and dashes: the key under which two spellings are the same word."""
    if word.isascii():
        return " ".join(word.casefold().split())
    return " ".join(_ACCENTS.sub("", unicodedata.normalize("NFKD", word.translate(_TYPO))).casefold().split())


def slug(title: str) -> str:
    """What stands for a title in an address: small letters without accents, figures, dashes."""
    return re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")


_PASTED = re.compile("[\udc80-\udcff]+")


def _as_cp1252(found: re.Match[str]) -> str:
    return found[0].encode(errors="surrogateescape").decode("cp1252", "replace")


def to_utf8(raw: bytes) -> tuple[bytes, str]:
    """The same text in UTF-8 without BOM, and what is to be said of its encoding. Never fails, loses no byte in silence.

    A BOM, then strict UTF-8, then cp1252; a UTF-8 file into which a few cp1252 bytes were pasted stays UTF-8, for reading it all as
    cp1252 would spoil every accent.
    """
    if wide := _utf16_of(raw):
        text, said = raw.decode(wide, "replace"), ""
    else:
        utf8 = raw.removeprefix(codecs.BOM_UTF8)
        with suppress(UnicodeDecodeError):
            utf8.decode()
            return utf8, ""
        sound = utf8.decode(errors="ignore")
        wrong = len(utf8) - len(sound.encode())
        mixed = utf8 is not raw or len(sound) - len(sound.encode("ascii", "ignore")) > wrong
        text = (
            _PASTED.sub(_as_cp1252, utf8.decode(errors="surrogateescape")) if mixed else raw.decode("cp1252", "replace")
        )
        said = f"{wrong} octet(s) hors UTF-8, lus comme du Windows-1252" if mixed else CP1252
    lost = text.count(LOST)
    return text.encode(), f"{lost} octet(s) illisible(s), remplacé(s) par « {LOST} »" if lost else said


def decode(raw: bytes) -> tuple[str, str]:
    """`to_utf8`, as text."""
    utf8, said = to_utf8(raw)
    return utf8.decode(), said


def _utf16_of(raw: bytes) -> str:
    """The name of UTF-16 where a BOM says it, or where every other byte of the start is nul; '' elsewhere."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = raw[:400]
    for name, nul, other in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        if len(start) > 8 and nul.count(0) >= 0.9 * len(nul) and not other.count(0):
            return name
    return ""
