"""Masking a long cell, whatever is repeated in it: seconds for 12 500, 25 000 and 50 000 characters, worst units first."""

import time

from cvanalysis.personnes.masking import mask

UNITS = (
    "a", "1", "É-", "A-", "06 ", "M. ", "A. ", "« ", "+", "rue ", "12 rue ", "12 rue de la ", "a.b@", "a point ", "De La ", "Mme A, ",
    "Karim de la ", "nadia ", "ma fille ", "mes fils ", "née le ", "n° 1", "X, 19 ans ", "Les A ", "habite ", "zéro six ",
)  # fmt: skip


def seconds(text: str) -> float:
    start = time.process_time()
    mask(text)
    return time.process_time() - start


if __name__ == "__main__":
    mask("patterns are read at the first call")
    times = {unit: [seconds((unit * n)[:n]) for n in (12_500, 25_000, 50_000)] for unit in UNITS}
    for unit, row in sorted(times.items(), key=lambda item: -item[1][-1]):
        print(f"{unit!r:16}", *(f"{t:6.2f} s" for t in row), f"  x {row[-1] / row[0]:.1f}")
