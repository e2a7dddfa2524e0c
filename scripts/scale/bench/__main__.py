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


def measure(options, told):
    stack = Stack(options.project, options.scratch / "stack")
    # Photographs are told apart by numbers, which never come again.
    unique = itertools.count(1)
    try:
        stack.start(1, 1)
        counts = {size: number for size, (number, _) in NUMBERS.items()} if "cost" in options.only and not options.quick else {}
        photos = photographs(Client(stack.port), options.photos, 2 if options.quick else 6, counts)
        stack.stop()
        if "cost" in options.only:
            told["cost"] = all_costs(stack, photos, options.quick, unique)
        if "rows" in options.only:
            told["rows"] = of_rows(stack, photos["2 MP"][0], 2_000 if options.quick else 200_000)
            told["scans"] = of_scans(stack, photos["small"], 20 if options.quick else 1000, unique)
        if "races" in options.only:
            told["load"] = [os.getloadavg()]
            told["races"] = all_races(stack, photos, options.quick, unique)
            told["load"].append(os.getloadavg())
    finally:
        stack.stop()


def main():
    parser = argparse.ArgumentParser()
    for name in ("project", "photos", "scratch", "figures", "page"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--only", type=lambda names: names.split(","), default=["cost", "rows", "races"])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    figures = json.loads(options.figures.read_text()) if options.figures.exists() else {}
    if options.only != ["nothing"]:
        figures |= {"machine": machine(), "commit": options.commit}
        try:
            measure(options, figures)
        finally:
            options.figures.write_text(json.dumps(figures, indent=1))
        # Numbers of processes become texts, as they are when they are read again.
        figures = json.loads(options.figures.read_text())
    page.fill(options.page, figures)


if __name__ == "__main__":
    main()
