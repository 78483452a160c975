"""What can go wrong in the store. Each error carries its data and a `message` fit to be shown to the
caller.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.exc import DontWrapMixin


class StoreError(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(StoreError):
    """`kind` is one of `tenant`, `rule`, `version`, `revision`, `execution`, `configuration`, `secret`. What belongs
    to another tenant is not found either.
    """

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"{kind} `{id}` does not exist")
        self.kind = kind
        self.id = id


class Conflict(StoreError):
    """Somebody else was first. Nothing was changed; read again and decide again."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ModulesMoved(StoreError):
    """The tenant's modules are not those that a script was checked with. Nothing was changed; check it again."""

    def __init__(self) -> None:
        super().__init__("the modules have changed since the script was checked")


class EtagMismatch(StoreError):
    """For a `guard` to raise: the thing is not what the caller has read. Nothing was changed."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"{kind} `{id}` has changed since it was read: read it again")
        self.kind = kind
        self.id = id


class OrderIncomplete(StoreError):
    """An order must name every rule of the tenant exactly once."""

    def __init__(self, missing: Collection[str], unknown: Collection[str], repeated: Collection[str]) -> None:
        self.missing = tuple(missing)
        self.unknown = tuple(unknown)
        self.repeated = tuple(repeated)
        wrong = [
            f"{word} {', '.join(f'`{rule}`' for rule in ids)}"
            for word, ids in (
                ("missing", self.missing),
                ("unknown", self.unknown),
                ("repeated", self.repeated),
            )
            if ids
        ]
        super().__init__(f"the order must name every rule exactly once: {'; '.join(wrong)}")


class Unstorable(StoreError, ValueError, DontWrapMixin):
    """A value that the database cannot hold. `DontWrapMixin`: it is raised while a statement binds its
    parameters, and would otherwise reach callers as SQLAlchemy's `StatementError`."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"`{field}` {reason}")
        self.field = field


class Unavailable(StoreError):
    """The database cannot be used at the moment. `detail` names the cause, for the operator only."""

    def __init__(self, detail: str) -> None:
        super().__init__("the database is unavailable")
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message}: {self.detail}"


class Incompatible(StoreError):
    """The database was migrated by a newer Claimsmith than this one."""

    def __init__(self, detail: str) -> None:
        super().__init__("the database belongs to a newer version of claimsmith: upgrade this one")
        self.detail = detail
