"""Measures what images cost on several of each service, and how that grows; writes the figures as JSON, and the page's tables."""

import argparse
import itertools
import json
import os
from pathlib import Path

import page
from client import Client, photographs
from cost import NUMBERS, all_costs
from rows import of_rows, of_scans
from stack import Stack
from throughput import all_races


def machine():
    facts = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines() if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {"processor": facts.get("model name", "unknown"), "cores": os.cpu_count(), "memory": memory}


def measure(options, figures):
    """Each part; what was measured is kept at once."""
    stack = Stack(options.project, options.scratch / "stack")
    # Photographs are told apart by numbers, which never come again.
    unique, quick = itertools.count(1), options.quick
    try:
        stack.start(1, 1)
        counts = {size: number for size, (number, _) in NUMBERS.items()} if "cost" in options.only and not quick else {}
        photos = photographs(Client(stack.port), options.photos, 2 if quick else 6, counts)
        stack.stop()
        if "races" in options.only:
            load = os.getloadavg()
            figures["races"] = all_races(stack, photos, quick, unique)
            figures["load"] = [load, os.getloadavg()]
            keep(options, figures)
        if "cost" in options.only:
            figures["cost"] = all_costs(stack, photos, quick, unique)
            keep(options, figures)
        if "rows" in options.only:
            figures["rows"] = of_rows(stack, photos["2 MP"][0], 2_000 if quick else 200_000)
            figures["scans"] = of_scans(stack, photos["small"], 20 if quick else 1000, unique)
            keep(options, figures)
    finally:
        stack.stop()


def keep(options, figures):
    options.figures.write_text(json.dumps(figures | {"machine": machine(), "commit": options.commit}, indent=1))


def main():
    parser = argparse.ArgumentParser()
    for name in ("project", "photos", "scratch", "figures", "page"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--only", type=lambda names: names.split(","), default=["races", "cost", "rows"])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.only != ["nothing"]:
        measure(options, json.loads(options.figures.read_text()) if options.figures.exists() else {})
    page.fill(options.page, json.loads(options.figures.read_text()))


if __name__ == "__main__":
    main()
