"""The metrics of several processes that serve together, added up: whoever scrapes does not choose which one answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx2
from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.samples import Sample

from api.process import Process

WITHIN = 1.0  # seconds


async def together(own: bytes, process: Process, scheme: str, authorization: str) -> bytes:
    """`own` metrics with those of the other processes. All are counts, of what happened or of what is there, so they
    are added. `claimsmith_processes` says how many have answered."""
    texts = await asyncio.gather(*(_asked(socket, scheme, authorization) for socket in process.others))
    return added([own, *(text for text in texts if text is not None)])


async def _asked(socket: Path, scheme: str, authorization: str) -> bytes | None:
    try:
        # By a socket of our own: whose certificate it is need not be asked.
        transport = httpx2.AsyncHTTPTransport(uds=str(socket), verify=False)
        async with httpx2.AsyncClient(transport=transport, timeout=WITHIN) as client, asyncio.timeout(WITHIN):
            url = f"{scheme}://process/metrics?process=own"
            response = await client.get(url, headers={"Authorization": authorization})
    except (httpx2.HTTPError, OSError, TimeoutError):
        return None
    return response.content if response.is_success else None


def added(texts: Sequence[bytes]) -> bytes:
    families: dict[str, Metric] = {}
    sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for text in texts:
        for family in text_string_to_metric_families(text.decode()):
            families.setdefault(family.name, family)
            for sample in family.samples:
                key = sample.name, tuple(sorted(sample.labels.items()))
                sums[key] = sums.get(key, 0.0) + sample.value
                if not any(_key(known) == key for known in families[family.name].samples):
                    families[family.name].samples.append(sample)
    for family in families.values():
        family.samples = [Sample(one.name, one.labels, sums[_key(one)]) for one in family.samples]
    answering = Metric("claimsmith_processes", "Processes that serve together, and have answered.", "gauge")
    answering.add_sample(answering.name, {}, len(texts))
    registry = CollectorRegistry()
    registry.register(_Families([*families.values(), answering]))
    return generate_latest(registry)


def _key(sample: Sample) -> tuple[str, tuple[tuple[str, str], ...]]:
    return sample.name, tuple(sorted(sample.labels.items()))


class _Families(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Sequence[Metric]:
        return self._families
