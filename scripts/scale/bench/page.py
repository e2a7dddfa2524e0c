"""Puts tables between their marks on the page: <!-- NAME --> and <!-- end of NAME -->."""

import re

import forecast
import measured


def fill(page, figures):
    text = page.read_text()
    for module in (measured, forecast):
        for name, made in module.TABLES.items():
            marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
            if not marks.search(text):
                raise SystemExit(f"{page} has no place for {name}")
            try:
                table = made(figures)
            except KeyError as missing:
                print(f"{name} stays as it is: {missing} was not measured")
                continue
            text = marks.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", text)
    page.write_text(text)
