"""What a user may write behind an option, read once and refused in one line: lists, years, settings."""

import re
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

_YEAR = re.compile(r"([0-9]{1,4})?")


def parse_choices(text: str, known: tuple[str, ...], option: str, most: int | None = None) -> tuple[str, ...]:
    """Return the comma-separated words of an option, each once; empty where nothing was given.

    Raises
    ------
    typer.BadParameter : a word that is not among ``known``, or more than ``most``
    """
    given = tuple(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))
    for word in given:
        if word not in known:
            raise typer.BadParameter(f"{word!r} is not one of {', '.join(known)}", param_hint=option)
    if most is not None and len(given) > most:
        raise typer.BadParameter(f"give one of {', '.join(known)}", param_hint=option)
    return given


def parse_years(text: str, option: str) -> tuple[int | None, int | None]:
    """Return first and last year of ``1990:2020``, ``1990:``, ``:2020`` or ``2017``.

    Raises
    ------
    typer.BadParameter : no such form, or the years are the wrong way round
    """
    if not text.strip():
        return None, None
    first, colon, last = text.strip().partition(":")
    if not colon:
        last = first
    years = [part.strip() for part in (first, last)]
    if not any(years) or not all(_YEAR.fullmatch(part) for part in years):
        message = f"{text!r} is no span of years; write 1990:2020, 1990:, :2020 or 2017"
        raise typer.BadParameter(message, param_hint=option)
    begin, end = (int(part) if part else None for part in years)
    if begin is not None and end is not None and begin > end:
        raise typer.BadParameter(f"{text!r} ends before it begins; swap the two", param_hint=option)
    return begin, end


def parse_settings(given: list[str]) -> dict[str, object]:
    """Return the name=value pairs of ``--set``.

    Raises
    ------
    typer.BadParameter : a text without an equals sign or a name, or a name given twice
    """
    settings: dict[str, object] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{text!r} is not of the form name=value", param_hint="--set")
        if name.strip() in settings:
            raise typer.BadParameter(f"{name.strip()!r} is set twice", param_hint="--set")
        settings[name.strip()] = value.strip()
    return settings
