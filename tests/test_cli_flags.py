"""A command that takes its flags as one value: what is an option of it, and what keeps its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from rehearse.cli.flags import takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    inherited: str = "kept"
    named: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags(Asked):
    other: Annotated[int, typer.Option("--also")] = 1
    named: Annotated[str | None, typer.Option(help="A name.")] = None


def called(*words: str) -> tuple[int, list[Flags]]:
    given: list[Flags] = []
    app = typer.Typer()
    app.command()(takes(Flags)(given.append))
    return CliRunner().invoke(app, words).exit_code, given


def test_a_command_is_called_with_its_flags_as_one_value():
    assert called("--named", "it", "--also", "2") == (0, [Flags(named="it", other=2)])


def test_what_was_not_said_keeps_its_default():
    assert called() == (0, [Flags(inherited="kept", named=None, other=1)])


def test_what_the_class_only_inherits_is_no_option():
    assert called("--inherited", "x") == (2, [])
