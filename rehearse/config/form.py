"""The form a configuration file must have; pydantic finds every mistake in it at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rehearse.config.durations import parse_duration
from rehearse.errors import RequestError
from rehearse.model.timeline import WorkKind


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except RequestError as error:
        raise ValueError(str(error).replace("\n", " ")) from None


Text = Annotated[str, Field(min_length=1)]
Duration = Annotated[str, AfterValidator(_duration)]
