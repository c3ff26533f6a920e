"""What a notebook has in hand of one page. Owns the ways to it: a finding by its number, a block by its name, completion.

Refuses to know what a page is about: its chapters compute, its blocks are given.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cvanalysis import textes
from cvanalysis.constat.make import Chapter
from cvanalysis.display.blocs import show_all, show_notes
from cvanalysis.display.constat import Bloc, Constat, gather
from cvanalysis.errors import UnknownPart, UsageError
from cvanalysis.french import capital, nearest


@dataclass(frozen=True, repr=False)
class Page:
    """Ce qu'une page sait dire : des constats numérotés (`fiche["revenus-03"]` ; `numeros` les nomme tous), et des blocs, chacun appelé par
    son nom (`fiche.recto()` ; la touche Tabulation les montre).

    `show` makes of a finding what people see. `dites`: where cautions are said once, at the foot of the page (`notes()`), those met so
    far and their numbers. `mots`: the territory's own sentences, in force while its page speaks. `code`, `nom`: of what it is about.
    """

    show: Callable[..., Constat]
    titre: str
    chapitres: Sequence[Chapter]
    blocs: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    dites: dict[str, int] | None = None
    mots: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    nom: str = ""

    def __repr__(self) -> str:
        return f"{self.titre} Constats\u00a0: {', '.join(self.numeros)}."

    def __dir__(self) -> Iterable[str]:
        """What an analyst may want of it: the Tab key shows no more."""
        return ["code", "constat", "nom", "notes", "numeros", "phrases", "section", "titre", *self.blocs]

    def __getattr__(self, nom: str) -> Callable[..., Any]:
        blocs = vars(self).get("blocs", {})  # a copy is asked for its ways before it has any
        if nom not in blocs:
            known = ["constat", "section", *blocs]
            raise UnknownPart(f"« {nom} » n'est pas de cette page. Elle a : {', '.join(known)}.")

        def own(*asked: Any, **more: Any) -> Any:
            textes.use(self.mots)
            return blocs[nom](*asked, **more)

        return own

    @property
    def numeros(self) -> tuple[str, ...]:
        """Les numéros des constats, dans l'ordre de lecture."""
        textes.use(self.mots)
        return tuple(numero for chapitre in self.chapitres for numero in chapitre.numeros)

    def constat(self, numero: str, *, figure: bool = True) -> Constat:
        """Un constat, par son numéro stable (`revenus-03`), avec sa figure ou son seul tableau ; inconnu, `UsageError` nomme les connus."""
        textes.use(self.mots)
        for chapitre in self.chapitres:
            if numero in chapitre.numeros:
                return self.show(chapitre.constat(numero), self.dites, figure=figure)
        near = capital(nearest(numero, self.numeros))
        known = f"Constats : {', '.join(self.numeros)}."
        raise UsageError(" ".join(filter(None, (f"« {numero} » n'est pas un constat de cette page.", near, known))))

    def phrases(self, *numeros: str) -> Bloc:
        """Ce que disent ces constats, une phrase chacun, qui mène à lui."""
        found = [self.constat(numero) for numero in numeros]
        return show_all("phrases", [one.finding for one in found], texte="\n".join(map(repr, found)))

    def __getitem__(self, numero: str) -> Constat:
        """`fiche["revenus-03"]` est `fiche.constat("revenus-03")` ; la touche Tabulation complète les numéros."""
        return self.constat(numero)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.numeros)

    def section(self, nom: str, *, figure: bool = True) -> Bloc:
        """Tous les constats d'une section (`voix`), quel qu'en soit le nombre."""
        asked = (numero for numero in self.numeros if numero.rpartition("-")[0] == nom)
        return gather(self.constat(numero, figure=figure) for numero in asked)

    def notes(self) -> Bloc:
        """Les notes des constats montrés jusqu'ici (source, champ, précautions), chacune une fois, sous son numéro."""
        textes.use(self.mots)
        return show_notes(self.dites or {})
