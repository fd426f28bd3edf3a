"""The root of the models, and the types that all of them share."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, String, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import DateTime

#: For tables whose key is all that is ever looked up: one b-tree instead of two.
WITHOUT_ROWID = {"sqlite_with_rowid": False}


class AwareDateTime(TypeDecorator[datetime]):
    """Time stamps in UTC that come back aware: SQLite drops the zone, so it is put back on reading."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


class Table(DeclarativeBase):
    """Root of the models."""

    type_annotation_map = {  # noqa: RUF012
        dict[str, Any]: JSON,
        dict[str, Any] | None: JSON(none_as_null=True),
        list[str]: JSON,
        list[float | None]: JSON,
        datetime: AwareDateTime,
        str: String,
    }
