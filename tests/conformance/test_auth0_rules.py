"""The rules of the gallery do what the published tests of Auth0's rule templates say of theirs.

The cases are read from `auth0-rules.json` in the folder that `CONFORMANCE_CASES` names; each runs the rule of its
template's name through the whole engine. For all of them:

- A test that passes no user, or no context, gets an empty one.
- Changes are compared by what `user` and `context` hold afterwards, metadata by what the issuer then stores. Of a login
  that fails no change is compared: there it reaches nobody, and neither does it here.
- An `Error` given to Auth0's callback is an exception that the rule raises, whose text stays with the rule's author, or
  a denial with `access_denied`, which the application sees.
- Calls are compared by method, address, headers and body. A call that Auth0 did not wait for is waited for here. How
  long a rule waits is not compared: the login's deadline is a tenth of Auth0's.

Where a case needs more than that, it has a row with the reason in `translations`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.cases import clock_of, run_case
from engine.models import Transaction
from tests.conformance.conftest import PROPERTY
from tests.conformance.heard import Heard, Listening
from tests.conformance.likeness import differences
from tests.conformance.published import Published, read_published
from tests.conformance.translations import CASES, DIFFERS, TEMPLATES
from tests.engine.test_one_path import all_ways
from tests.service import Running, running

FOLDER = os.environ.get("CONFORMANCE_CASES", "")
if not FOLDER:
    pytest.skip(
        "the cases of Auth0's templates did not run: CONFORMANCE_CASES names no folder", allow_module_level=True
    )

pytestmark = pytest.mark.anyio

GALLERY = Path(__file__).parent.parent.parent / "sample_rules" / "gallery"
PUBLISHED = read_published(Path(FOLDER) / "auth0-rules.json")


@pytest.fixture(scope="module")
async def service(tmp_path_factory, anyio_backend):  # type: ignore[no-untyped-def]
    async with running(tmp_path_factory.mktemp("conformance")) as service:
        yield service


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.id)
async def test_case(service: Any, published: Published, record_property: Callable[[str, object], None]) -> None:
    path = GALLERY / f"{published.template}.py"
    assert path.is_file(), f"the gallery has no {path.name} yet"
    heard = Heard([exchange["answer"] for exchange in published.exchanges])
    engine: Any = Listening(service.service.engine, heard)
    execution = await run_case(engine, published.template, path.read_text(), published.case)
    found = differences(published, execution, heard)
    if published.id in DIFFERS:
        assert found != [], "it does not differ any more"
        record_property(PROPERTY, "differs")
    else:
        assert found == []
        record_property(PROPERTY, "translated" if published.translated else "as it is")


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.id)
async def test_every_way_is_the_same(service: Running, published: Published) -> None:
    case = published.case
    transaction = Transaction(
        tenant="default", user=msgspec.json.encode(case.user), context=msgspec.json.encode(case.context)
    )
    first, *others = await all_ways(
        service,
        (GALLERY / f"{published.template}.py").read_text(),
        transaction,
        clock_of(case) or 1_800_000_000_000_000_000,
        case.configuration,
        lambda: Heard([exchange["answer"] for exchange in published.exchanges]),
    )
    for other in others:
        assert other == first


def test_each_row_is_of_a_case() -> None:
    ids = {published.id for published in PUBLISHED}
    assert {*CASES, *DIFFERS} <= ids
    assert set(TEMPLATES) <= {published.template for published in PUBLISHED}
    assert not {*CASES} & {*DIFFERS}
