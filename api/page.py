"""The document of the API as a page: plain HTML with one style sheet, that asks nothing of any other host."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from api.components import JSON

MEDIA = "text/html; charset=utf-8"
STYLE = Path(__file__).with_suffix(".css").read_text()
# No script at all, and this style sheet alone: whatever stood in a text would be shown and do nothing.
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
}
SAID_ONCE = ("X-Request-ID", "Claimsmith-Tenant")  # of every call: above all of them
METHODS = ("get", "post", "put", "patch", "delete")
WORDS = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list"}


def rendered(document: JSON) -> bytes:
    """The page."""
    return _Page(document).html().encode()


class _Page:
    def __init__(self, document: JSON) -> None:
        self._document = document
        self._components = document["components"]
        self._operations = [
            (method, path, item[method])
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        ]

    def html(self) -> str:
        info = self._document["info"]
        title = f"{_text(info['title'])} {_text(info['version'])}: the API"
        tags = [
            (tag, [one for one in self._operations if tag["name"] in one[2]["tags"]]) for tag in self._document["tags"]
        ]
        return (
            f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            f'<a class="skip" href="#main">To the operations</a>\n'
            f"<header><h1>{title}</h1>{_paragraph(info['description'])}"
            f'<p><a href="openapi.json">openapi.json</a></p></header>\n'
            f"{self._contents(tags)}\n"
            f'<main id="main">\n{"".join(self._tag(tag, operations) for tag, operations in tags)}'
            f'<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>\n'
            f"{''.join(self._schema(name, one) for name, one in self._components['schemas'].items())}</section>\n"
            f"</main>\n</body>\n</html>\n"
        )

    def _contents(self, tags: Iterable[tuple[JSON, list[Any]]]) -> str:
        made = "".join(
            f'<li><a href="#tag-{tag["name"]}">{tag["name"]}</a><ul>'
            + "".join(
                f'<li><a href="#{one["operationId"]}"><span class="method">{method}</span> {_text(path)}</a></li>'
                for method, path, one in operations
            )
            + "</ul></li>"
            for tag, operations in tags
        )
        return f'<nav aria-label="Operations"><ul>{made}<li><a href="#schemas">schemas</a></li></ul></nav>'

    def _tag(self, tag: JSON, operations: Iterable[tuple[str, str, JSON]]) -> str:
        name = tag["name"]
        made = "".join(self._operation(*one) for one in operations)
        return (
            f'<section aria-labelledby="tag-{name}"><h2 id="tag-{name}">{name}</h2>'
            f"{_paragraph(tag['description'])}{made}</section>\n"
        )

    def _operation(self, method: str, path: str, one: JSON) -> str:
        parameters = [self._resolved(parameter) for parameter in one["parameters"]]
        parameters = [parameter for parameter in parameters if parameter["name"] not in SAID_ONCE]
        answers = {status: self._resolved(answer) for status, answer in one["responses"].items()}
        return (
            f'<article id="{one["operationId"]}" class="{method}">'
            f'<h3><span class="method">{method}</span> <code>{_address(path)}</code></h3>'
            f'<p class="summary">{_marked(one["summary"])}</p>{_paragraph(one["description"])}'
            f"{self._parameters(parameters)}{self._request(one)}"
            f"{self._answers({status: one for status, one in answers.items() if status < '400'})}"
            f"{_errors({status: one for status, one in sorted(answers.items()) if status >= '400'})}</article>\n"
        )

    def _parameters(self, parameters: list[JSON]) -> str:
        rows = [
            _field(
                one["name"],
                f"{self._type(one['schema'])}, in the {'address' if one['in'] == 'path' else one['in']}",
                one["description"],
                one["required"],
            )
            for one in parameters
        ]
        return f"<h4>Parameters</h4>{_fields(rows)}" if rows else ""

    def _request(self, one: JSON) -> str:
        if "requestBody" not in one:
            return ""
        body = one["requestBody"]
        (content,) = body["content"].values()
        optional = "" if body["required"] else ", may be left out"
        return f"<h4>Body</h4><p>{self._type(content['schema'])}{optional}</p>{_example(content)}"

    def _answers(self, answers: dict[str, JSON]) -> str:
        made = []
        for status, answer in answers.items():
            said = f"<strong>{status}</strong> {_marked(answer['description'])}"
            headers = [name for name in answer["headers"] if name not in SAID_ONCE]
            if headers:
                said += f", with {' and '.join(f'<code>{name}</code>' for name in headers)}"
            shown = ""
            for media, content in answer.get("content", {}).items():
                if media == "application/json":
                    said += f": {self._type(content['schema'])}"
                else:
                    said += f": {media}" + (f", many {self._type(content['x-items'])}" if "x-items" in content else "")
                shown += _example(content)
            made.append(f"<p>{said}</p>{shown}")
        return f"<h4>Answer</h4>{''.join(made)}"

    def _schema(self, name: str, schema: JSON) -> str:
        required = schema.get("required", ())
        rows = [
            _field(field, self._type(one) + _default(one), one.get("description", ""), field in required)
            for field, one in schema.get("properties", {}).items()
        ]
        return (
            f'<article id="schema-{name}" class="schema"><h3><code>{name}</code></h3>'
            f"{_paragraph(schema.get('description', ''))}{_fields(rows)}</article>\n"
        )

    def _resolved(self, part: JSON) -> JSON:
        if "$ref" not in part:
            return part
        _, _, kind, name = part["$ref"].split("/")
        found: JSON = self._components[kind][name]
        return found

    def _type(self, schema: JSON) -> str:
        """A schema in words."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return f'<a href="#schema-{name}">{name}</a>'
        if "anyOf" in schema:
            return " or ".join(self._type(one) for one in schema["anyOf"])
        if "enum" in schema:
            return " or ".join(f"<code>{_text(value)}</code>" for value in schema["enum"])
        kind = schema.get("type", "anything")
        if isinstance(kind, list):
            return " or ".join(kind)
        word = WORDS.get(kind, str(kind))
        if "prefixItems" in schema:  # a type for each place, and no others
            return f"{word} of {' and '.join(self._type(one) for one in schema['prefixItems'])}"
        if kind == "array" and "items" in schema:
            word += f" of {self._type(schema['items'])}"
        if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
            word += f" of {self._type(schema['additionalProperties'])}"
        return word + _bounds(schema)


def _bounds(schema: JSON) -> str:
    said = []
    for least, most, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " members"),
        ("minProperties", "maxProperties", " members"),
    ):
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            said.append(f"{low:,} to {high:,}{unit}")
        elif low is not None:
            said.append("not empty" if unit and low == 1 else f"at least {low:,}{unit}")
        elif high is not None:
            said.append(f"at most {high:,}{unit}")
    if "exclusiveMaximum" in schema:
        said.append(f"below {schema['exclusiveMaximum']:,}")
    if "format" in schema:
        said.append(_text(schema["format"]))
    if "pattern" in schema:
        said.append(f"<code>{_text(schema['pattern'])}</code>")
    return "".join(f", {one}" for one in said)


def _default(schema: JSON) -> str:
    default = schema.get("default")
    return "" if default is None else f", <code>{_text(json.dumps(default))}</code> where it is missing"


def _errors(errors: dict[str, JSON]) -> str:
    rows = "".join(
        f"<li><strong>{status}</strong> {_marked(one['description'])}</li>" for status, one in errors.items()
    )
    return f"<details><summary>Errors: {', '.join(errors)}</summary><ul>{rows}</ul></details>"


def _fields(rows: list[str]) -> str:
    return f"<dl>{''.join(rows)}</dl>" if rows else ""


def _field(name: str, kind: str, description: str, required: bool) -> str:
    need = ' <span class="need">required</span>' if required else ""
    about = f"<p>{_marked(description)}</p>" if description else ""
    return f"<div><dt><code>{_text(name)}</code>{need}</dt><dd><p>{kind}</p>{about}</dd></div>"


def _example(content: JSON) -> str:
    if "example" not in content:
        return ""
    example = content["example"]
    shown = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
    return f'<pre tabindex="0"><code>{_text(shown)}</code></pre>'


def _paragraph(text: str) -> str:
    return f"<p>{_marked(text)}</p>" if text else ""


def _marked(text: str) -> str:
    """A text of ours: what stands between backquotes is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))


def _address(path: str) -> str:
    """With places to break a line."""
    return _text(path).replace("/", "/<wbr>")


def _text(value: object) -> str:
    return html.escape(str(value))
