"""What one report may use, unless the build is asked otherwise. Owns the default limits; whoever runs a report holds it to them."""

from __future__ import annotations

from dataclasses import dataclass

from cvanalysis.files.guard import MIO

SECONDS = 300
MEMORY = 1024  # Mio
STREAMS = 10  # Mio


@dataclass(frozen=True, slots=True)
class Limits:
    """What one report may use: `seconds` of wall time, `memory` bytes beyond what it inherits, `streams` bytes written to
    its standard streams. None: no limit."""

    seconds: float | None = SECONDS
    memory: int | None = MEMORY * MIO
    streams: int | None = STREAMS * MIO
    per_event: bool = False  # the time-out runs anew from each event (a cell) instead of from the start

    @property
    def late(self) -> str:
        return f"le délai de {self.seconds:g} s est dépassé"

    @property
    def flooded(self) -> str:
        return f"le carnet a écrit plus de {(self.streams or 0) // MIO} Mio sur ses sorties standard"


UNBOUND = Limits(None, None, None)
