"""Signing in by a real issuer, node-oidc-provider, in a real browser."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import WAIT, require_accessible
from tests.console.liar import AUDIENCE
from tests.node import absent, install, needs_node
from tests.servers import TRUST
from tests.test_lifecycle import Served

pytestmark = needs_node

FOLDER = Path(__file__).parent.parent.parent / "examples" / "node-oidc-provider"
CALLBACK = "/console/sign-in/callback"
SECRET = "the secret of the console"


class Provider:
    """One that is started when the service knows its address. Until then nobody answers there, and nobody else comes by
    the port: it is bound, and not listened on."""

    def __init__(self, log: Path) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url, self.log = f"http://127.0.0.1:{self.port}", log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, callback: str) -> None:
        environ = {
            "PATH": os.environ["PATH"],
            "MODULE": str(FOLDER / "node_modules" / "oidc-provider" / "lib" / "index.js"),
            "PORT": str(self.port),
            "SOCKET": str(self.socket.fileno()),
            "CALLBACK": callback,
            "AUDIENCE": AUDIENCE,
        }
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                ["node", Path(__file__).with_name("provider.mjs")],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(self.socket.fileno(),),
            )
        self.socket.close()  # the process has it
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(httpx2.TransportError):
                metadata = f"{self.url}/.well-known/openid-configuration"
                if httpx2.get(metadata, trust_env=False, verify=TRUST).status_code == 200:
                    return
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        self.socket.close()
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


class Entrance:
    def __init__(self, served: Served, provider: Provider) -> None:
        self.served, self.provider = served, provider
        self.url = served.address()


@contextlib.contextmanager
def entrance(folder: Path, **settings: str) -> Iterator[Entrance]:
    if reason := install(FOLDER):
        absent(reason)
    provider = Provider(folder / "provider.log")
    environ = {
        "REDIS_URL": "none",
        "CLAIMSMITH_LOG_LEVEL": "debug",
        "CLAIMSMITH_JWKS_URL": f"{provider.url}/jwks",
        "CLAIMSMITH_JWKS_ISSUER": provider.url,
        "CLAIMSMITH_JWKS_AUDIENCE": AUDIENCE,
        "CLAIMSMITH_OIDC_ISSUER": provider.url,
        "CLAIMSMITH_OIDC_CLIENT_ID": "console",
        "CLAIMSMITH_OIDC_CLIENT_SECRET": SECRET,
        "CLAIMSMITH_OIDC_SCOPE": "openid rules:read",
        **settings,
    }
    served = Served(folder / "data", **environ)
    try:
        one = Entrance(served, provider)
        provider.start(one.url + CALLBACK)
        yield one
    finally:
        provider.stop()
        assert served.stop() == 0
    log = served.log.read_text()
    assert "Traceback" not in log
    for secret in (SECRET, "eyJ", "code=", "state=", "claimsmith_flow", "gAAAAA"):
        assert secret not in log


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    with entrance(tmp_path_factory.mktemp("door")) as door:
        yield door


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(WAIT)
    yield context.new_page()
    context.close()


def sign_in_there(page: Page, name: str) -> None:
    page.locator('input[name="login"]').fill(name)
    page.locator('input[name="password"]').fill("whatever")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page(door: Entrance, browser: Browser, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{door.url}/console/sign-in")
    expect(page.get_by_role("link", name=f"Sign in with 127.0.0.1:{door.provider.port}")).to_be_visible()
    expect(page.get_by_label("Your token")).to_be_visible()
    require_accessible(page)
    context.close()


def test_in_and_out(door: Entrance, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(f"{said.location['url']}: {said.text}"))
    page.goto(f"{door.url}/console/t/default/rules?from=a%20link")
    page.get_by_role("link", name="Sign in with").click()
    sign_in_there(page, "ada")
    expect(page).to_have_url(f"{door.url}/console/t/default/rules?from=a%20link")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rules")
    page.locator("summary", has_text="ada").click()
    expect(page.locator(".menu")).to_contain_text("rules:read")
    names = [cookie["name"] for cookie in page.context.cookies(door.url + "/console/")]  # with the provider's own
    assert [name for name in names if name.startswith("claimsmith")] == ["claimsmith_session"]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("At your issuer you are still signed in")
    page.goto(f"{door.url}/console/")
    page.get_by_role("link", name="Sign in with").click()  # there, the sign-in goes on
    expect(page).to_have_url(f"{door.url}/console/t/default/rules")
    assert [one for one in complaints if one.startswith(door.url)] == []


def test_a_code_is_used_once(door: Entrance, page: Page) -> None:
    """By the real issuer: with a copy of the cookie, too, the same answer is worth nothing."""
    answers: list[str] = []
    page.on("request", lambda request: answers.append(request.url) if CALLBACK in request.url else None)
    page.goto(f"{door.url}/console/sign-in")
    page.get_by_role("link", name="Sign in with").click()
    (flow,) = (one for one in page.context.cookies(door.url) if one["name"] == "claimsmith_flow")
    sign_in_there(page, "bob")
    page.wait_for_url("**/rules")
    (answer,) = answers
    headers = {"Cookie": f"claimsmith_flow={flow['value']}"}
    again = httpx2.get(answer, headers=headers, trust_env=False, verify=TRUST)
    assert again.status_code == 400
    assert "does not take the code: it is used already, or too old" in again.text
    assert httpx2.get(answer, trust_env=False, verify=TRUST).status_code == 400


def test_called_off(door: Entrance, page: Page) -> None:
    page.goto(f"{door.url}/console/sign-in?next=/console/t/default/rules")
    page.get_by_role("link", name="Sign in with").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("alert")).to_have_text(
        f"The sign-in at 127.0.0.1:{door.provider.port} was refused or called off."
    )
    require_accessible(page)


def test_a_token_for_another_audience(page: Page, tmp_path: Path) -> None:
    with entrance(tmp_path, CLAIMSMITH_OIDC_PARAMETERS="resource=https://another.example.com") as door:
        page.goto(f"{door.url}/console/sign-in")
        page.get_by_role("link", name="Sign in with").click()
        sign_in_there(page, "ada")
        expect(page.get_by_role("alert")).to_contain_text(
            f"is not accepted here: the token is for another audience. It has to be a JWT for the audience {AUDIENCE}"
        )
        require_accessible(page)


def test_an_issuer_that_is_down(page: Page, tmp_path: Path) -> None:
    with entrance(tmp_path) as door:
        door.provider.stop()
        page.goto(f"{door.url}/console/sign-in")
        page.get_by_role("link", name="Sign in with").click()
        expect(page.get_by_role("alert")).to_contain_text(
            "cannot be reached just now. Try again in a moment, or sign in with a token"
        )
        page.get_by_label("Your token").fill(door.served.token())
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{door.url}/console/t/default/rules")
