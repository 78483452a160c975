# Every word that annotations are written with.

import typing as t
from typing import (
    Annotated, Any, AnyStr, Callable, ClassVar, Collection, Container, DefaultDict, Deque, Dict, Final, FrozenSet, Generator,
    Hashable, Iterable, Iterator, List, Literal, Mapping, MutableMapping, MutableSequence, MutableSet, Never, NoReturn, Optional,
    Self, Sequence, Set, Sized, Text, Tuple, Type, TypeAlias, Union, cast,
)

Mode: TypeAlias = Literal["on", "off"]
Pair = Tuple[int, "int"]
Handler = Callable[[Dict[str, Any]], Optional[str]]
LIMIT: Final = 10
Numbers = Union[int, float] | None


class Settings:
    defaults: ClassVar[Dict[str, Mode]] = {"beta": "off"}
    names: List[str]
    kind: Type[Exception]

    def __init__(self, **given: Mode) -> None:
        self.values: MutableMapping[str, Mode] = {**self.defaults, **given}

    def turn(self, name: str, mode: Mode) -> Self:
        self.values[name] = mode
        return self


def fail(text: AnyStr) -> NoReturn:
    raise UnauthorizedError(str(text))


def never(value: Never) -> Annotated[int, "a number"]:
    return 0


def count(items: Iterable[Hashable] | Collection[str], extra: Sized = (), **more: t.Any) -> Generator[Pair, None, None]:
    seen: DefaultDict[Text, int] | Deque[int] | Container[int] = {}
    for index, item in enumerate(items):
        yield index, len(str(item))


def pick(values: Sequence[str] | MutableSequence[str], known: Set[str] | FrozenSet[str] | MutableSet[str]) -> Iterator[str]:
    return iter([value for value in values if value in known])


def rule(user: Mapping[str, Any], context: Dict[str, Any]) -> None:
    handler: Handler = lambda user: user.get("email")
    roles = cast(List[str], user["app_metadata"]["roles"])
    if not t.TYPE_CHECKING and len(roles) > LIMIT:
        fail("too many roles")
    context["idToken"].update(
        settings=Settings(dark="on").turn("beta", "on").values, mail=handler(user), counts=list(count(roles)),
        picked=list(pick(roles, {"staff"})),
    )

# claims {"settings": {"beta": "on", "dark": "on"}, "mail": "ada@example.com", "counts": [[0, 5], [1, 5]], "picked":
#  ["staff"]}
