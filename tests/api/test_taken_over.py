"""Records of logins whose worker was taken over: whatever it wrote, each reader gets an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api import fresh
from tests.sandbox.takeover import takeover
from tests.service import Running, running

pytestmark = pytest.mark.anyio

ENDS = '["end",0,"passed",1,null],["end",1,"passed",1,null]]'
DEEP = "[" * 900 + "]" * 900
JOURNALS = {
    "numbers": "[1,2]",
    "words": '["write"]',
    "short": '[["write"]]',
    "an object": '{"write": 1}',
    "number out of range": '[["write",0,"add","/user/x",1e400,1,2],' + ENDS,
    "deep": f'[["write",0,"add","/user/x",null,{DEEP},2],' + ENDS,
    "no place": '[["write",0,"remove","/user/permissions/\\u00b2",1,2,1],' + ENDS,
    "a place far away": '[["write",0,"remove","/user/permissions/' + "9" * 5000 + '",1,2,1],' + ENDS,
    "nobody": '[["write",0,"remove","/user",1,2,1],["write",0,"remove","/context",1,2,1],' + ENDS,
    "the root": '[["write",0,"add","",1,2,1],' + ENDS,
    "text for data": '[["write",0,"add","/context","x","y",1],' + ENDS,
    "steps": '[["end",-1,"passed",1,null],["end",9223372036854775807,"passed",1,null],' + ENDS,
    "words of ours": '[["end",0,"timed_out",-1,{"code":"x","message":"y","line":0}],' + ENDS,
    "no UTF-8": '[["log",0,"info","\udcff",2],' + ENDS,
}


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("taken-over")) as service:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("sandbox.watch.SETTLE", 0.05)  # each reader runs it again, and it hangs each time
            yield service


@pytest.mark.parametrize("drop", [[], ["/user/gone"]], ids=["all kept", "some dropped"])
@pytest.mark.parametrize("name", JOURNALS)
async def test_whatever_it_wrote(service: Running, name: str, drop: list[str]) -> None:
    tenant = await fresh.tenant(service)
    body = "if user.permissions[0] == 3:\n    context.idToken['x'] = 1"
    taken = await service.add("taken", body, tenant=tenant)
    await service.add("second", body, tenant=tenant)
    settings = {"recording": {"drop": drop}}
    assert (await service.call("PATCH", f"/v1/tenants/{tenant}/settings", settings)).status_code == 200
    text = JOURNALS[name].encode("utf-8", "surrogateescape")
    forged = f"""
        head = b'{{"seq": %d, "returns": {{"idToken": {{}}, "accessToken": {{}}}}, "journal": ' % job.seq
        send(head + {text!r} + b', "timeline": ' + {text!r} + b'}}')
        hang()
        """
    compiled = service.service.engine._compiled
    compiled._memory[await compiled._digest(taken.saved.sha256)] = takeover(forged).code
    user = {"user_id": "u1", "permissions": ["a"], "gone": "gone for good", "password": "correct horse"}
    dropped = service.service.records.dropped
    answer = await service.execute(user, tenant=tenant)
    path = f"/v1/executions/{answer['execution_id']}"
    assert service.service.records.dropped == dropped
    for reader in ("", "/why?claim=x", "/why?claim=x&token=accessToken", "/timeline"):
        response = await service.call("GET", path + reader, tenant=tenant)
        assert response.status_code == 200, (reader, response.text)
        assert "correct horse" not in response.text
    for rule in ("taken", "second"):
        response = await service.call("GET", f"{path}/case?rule={rule}", tenant=tenant)
        assert response.status_code in (200, 422), (rule, response.text)
    assert (await service.call("POST", f"{path}/replay", tenant=tenant)).status_code == 200
    assert (await service.call("GET", "/v1/executions", tenant=tenant)).status_code == 200
