"""What the API's document says once and refers to: above all the schemas of types (JSON Schema 2020-12)."""

from __future__ import annotations

from typing import Any

import msgspec

JSON = dict[str, Any]

PLACE = "#/components/"
SCHEMAS = f"{PLACE}schemas/"
NULL = {"type": "null"}


class Components:
    """The schemas of types that callers send and are given, and whatever else is said more than once."""

    def __init__(self) -> None:
        self._schemas: JSON = {}
        self._sent: set[str] = set()
        self._others: dict[str, JSON] = {}

    def sent(self, type_: Any) -> JSON:
        """The schema of what callers send."""
        schema, names = self._made(type_)
        self._sent |= names
        return schema

    def given(self, type_: Any) -> JSON:
        """The schema of what they are given."""
        return self._made(type_)[0]

    def patch(self, type_: type[msgspec.Struct]) -> JSON:
        """The schema of a merge patch for a value of this type (RFC 7396): nothing has to be there, all can be null."""
        return self._patch(self.sent(type_))

    def shared(self, kind: str, name: str, value: JSON) -> JSON:
        """A reference to `value`, which is kept under this name."""
        assert self._others.setdefault(kind, {}).setdefault(name, value) == value, f"two {kind} are named `{name}`"
        return {"$ref": f"{PLACE}{kind}/{name}"}

    def all(self) -> JSON:
        """All of them. What callers are only given is always whole."""
        schemas = {name: one if name in self._sent else _whole(one) for name, one in sorted(self._schemas.items())}
        return {"schemas": schemas, **self._others}

    def _made(self, type_: Any) -> tuple[JSON, set[str]]:
        (schema,), schemas = msgspec.json.schema_components([type_], ref_template=SCHEMAS + "{name}")
        for name, one in schemas.items():
            one = _written(one)
            assert self._schemas.setdefault(name, one) == one, f"two types are named `{name}`"
        return _written(schema), set(schemas)

    def _patch(self, schema: JSON) -> JSON:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(SCHEMAS)
            self._sent.add(f"{name}Patch")
            self._schemas[f"{name}Patch"] = self._patch(self._schemas[name])
            return {"$ref": f"{SCHEMAS}{name}Patch"}
        made = {name: value for name, value in schema.items() if name not in ("default", "required")}
        if "properties" in made:
            made["properties"] = {name: _or_null(self._patch(one)) for name, one in made["properties"].items()}
        if isinstance(made.get("additionalProperties"), dict):
            made["additionalProperties"] = _or_null(self._patch(made["additionalProperties"]))
        return made


def without_null(schema: JSON) -> JSON:
    """The schema of something that is left out where it is nothing."""
    rest = {name: value for name, value in schema.items() if name != "anyOf" and (name, value) != ("default", None)}
    options: list[JSON] = [one for one in schema.get("anyOf", ()) if one != NULL]
    if len(options) == 1:
        return rest | options[0]
    return rest | {"anyOf": options} if options else rest


def _or_null(schema: JSON) -> JSON:
    return schema if NULL in schema.get("anyOf", ()) else {"anyOf": [schema, NULL]}


def _whole(schema: JSON) -> JSON:
    """Where a field has a default, it is there all the same."""
    if schema.get("type") != "object":
        return schema
    properties = schema["properties"]
    there = [name for name, one in properties.items() if name in schema["required"] or "default" in one]
    shown = {name: {key: value for key, value in one.items() if key != "default"} for name, one in properties.items()}
    return {**schema, "properties": shown, "required": there}


def _written(schema: Any) -> Any:
    """As the document has it: patterns of ECMA-262, texts without line ends, and no titles, which names are enough."""
    if isinstance(schema, list | tuple):
        return [_written(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    written = {name: _written(value) for name, value in schema.items() if name != "title" or isinstance(value, dict)}
    if isinstance(pattern := written.get("pattern"), str):
        written["pattern"] = pattern.replace(r"\A", "^").replace(r"\Z", "$")
    if isinstance(description := written.get("description"), str):
        written["description"] = " ".join(description.split())
    return written
