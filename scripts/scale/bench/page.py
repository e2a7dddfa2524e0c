"""Puts tables between their marks on the page."""


def fill(page, figures):
    pass
