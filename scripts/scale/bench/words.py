"""Figures as people read them."""

import math


def short(value):
    """Three digits, as far as they tell something."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 3)}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def scaled(value, units, step=1000):
    for unit in units:
        if abs(value) < step or unit == units[-1]:
            return f"{short(value)} {unit}".strip()
        value /= step


def part(value):
    """Of a hundred."""
    return f"{short(100 * value)} %"


def size(value):
    """Bytes, in thousands."""
    return scaled(value, ("B", "KB", "MB", "GB", "TB", "PB", "EB"))


def count(value):
    return scaled(value, ("", "thousand", "million", "billion"))


def bits(value):
    """Bits a second of bytes a second."""
    return scaled(value * 8, ("bit/s", "Kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"))


def time(seconds):
    """In the unit that suits it."""
    for unit, length, most in (("s", 1, 60), ("minutes", 60, 60), ("hours", 3600, 48), ("days", 86_400, 730)):
        if seconds < length * most:
            return f"{short(seconds / length)} {unit}"
    return f"{short(seconds / 86_400 / 365)} years"


def table(head, rows, left=1):
    """In Markdown; all columns but the first ones are figures."""
    lines = ["| " + " | ".join(str(cell) for cell in line) + " |" for line in [head, *rows]]
    lines.insert(1, "|" + "|".join(["---"] * left + ["---:"] * (len(head) - left)) + "|")
    return "\n".join(lines)
