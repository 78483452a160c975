# Annotations with the names of `typing`, imported as everybody does.

from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping


def first(values: "list[str]", default: Optional[str] = None) -> Optional[str]:
    return values[0] if values else default


def rule(user: "Mapping[str, Any]", context: dict[str, Any]) -> None:
    context["idToken"]["https://example.com/role"] = first(user["app_metadata"]["roles"])

# claims {"https://example.com/role": "admin"}
