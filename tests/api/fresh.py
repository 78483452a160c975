"""A tenant for each test, so that tests share a service and nothing else."""

from __future__ import annotations

import itertools
from typing import Any

from tests.service import Running

_numbers = itertools.count(1)


async def tenant(service: Running, **settings: Any) -> str:
    name = f"t{next(_numbers)}"
    response = await service.call("PUT", f"/v1/tenants/{name}")
    assert response.status_code == 201, response.text
    if settings:
        response = await service.call("PATCH", f"/v1/tenants/{name}/settings", settings)
        assert response.status_code == 200, response.text
    return name
