# Names for types, made at the top of the file and used in annotations only.

from collections.abc import Callable, Iterable
from typing import Any, Dict, List, Optional, Union

Claims = Dict[str, Any]
Roles = list[str]
Check = Callable[[dict], bool]
Level = Union[int, None]
Number = int | float


def only(roles: Iterable[str], check: Check) -> Roles:
    return [role for role in roles if check({"role": role})]


def rule(user: Dict[str, Any], context: Claims) -> Optional[Claims]:
    levels: List[Level] = [1, None]
    roles = only(user["app_metadata"]["roles"], lambda d: d["role"].startswith("a"))
    context["idToken"]["https://example.com/roles"] = roles
    context["idToken"]["https://example.com/numbers"] = [isinstance(n, Number) for n in (*levels, 2.5)]
    return None

# claims {"https://example.com/roles": ["admin"], "https://example.com/numbers": [true, false, true]}
