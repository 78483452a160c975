"""Pictures of every screen, for docs/console.md:

python -m tests.console.pictures [NAME ...]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.console.browser import chromium
from tests.console.conftest import sign_in
from tests.console.site import Site
from tests.test_lifecycle import Served

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "console"
WIDTHS = {"wide": (1440, 900), "narrow": (390, 844)}
QUALITY = 60  # of JPEG: a repository is no place for large files
PEOPLE = ("ann", "bob", "cem", "dora", "eve")


# Below the tenant's screens, with the names of what is in `lived_in`.
PICTURES = {
    "rules": "/rules",
    "templates": "/rules/templates",
    "editor": "/rules/{rule}",
    "history": "/rules/{rule}/history",
    "try": "/try",
    "executions": "/executions",
    "execution": "/executions/{execution}",
    "issuers": "/issuers",
    "configuration": "/configuration",
    "modules": "/modules",
    "revisions": "/revisions",
    "revision": "/revisions/{revision}",
    "trial": "/shadow",
    "tenants": "/tenants",
    "settings": "/tenants/{tenant}/settings",
    "audit": "/audit",
    "health": "/health",
}


def lived_in(site: Site) -> dict[str, str]:
    """A site where something has happened; ids by the names that addresses use."""
    rules = {rule["name"]: rule["id"] for rule in site.call("GET", "/v1/rules")["rules"]}
    site.call("PUT", "/v1/configuration/CRM_KEY", {"value": "a value that nobody reads back"})
    rule = rules["permissions-claim"]
    script = site.call("GET", f"/v1/rules/{rule}")["script"]
    changed = site.call("PATCH", f"/v1/rules/{rule}", {"script": script + "\n# One comment more.\n"})
    execution = ""
    for number in range(40):
        person = PEOPLE[number % len(PEOPLE)]
        user = {
            "user_id": f"auth0|{person}",
            "email": f"{person}@example.com",
            "app_metadata": {"authorization": {"permissions": ["read:reports"]}},
        }
        execution = site.execute(user, {"clientID": "shop" if number % 3 else "admin", "protocol": "oauth2-password"})[
            "execution_id"
        ]
    return {
        "rule": rule,
        "execution": execution,
        "revision": str(changed["revision"]),
        "tenant": site.tenant,
    }


def pages(browser: Browser, site: Site) -> Iterator[tuple[str, Page]]:
    for name, (width, height) in WIDTHS.items():
        page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
        sign_in(page, site, site.token())
        yield name, page
        page.close()


def main(names: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        served = Served(Path(folder) / "data", "--rules", "sample_rules", REDIS_URL="none")
        try:
            site = Site(served.address(), (served.data / "secret").read_text().strip(), "default")
            seen = lived_in(site)
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            for width, page in pages(browser, site):
                for name, path in PICTURES.items():
                    if names and name not in names:
                        continue
                    page.goto(site.home + path.format(**seen))
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=FOLDER / f"{name}-{width}.jpg", type="jpeg", quality=QUALITY)
                    sys.stdout.write(f"{name}-{width}.jpg\n")
        finally:
            served.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
