"""Where a published case is not taken as it stands: each row with its reason.

What holds for all cases is said in `test_auth0_rules`. A row of a template holds for each of its cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Row(NamedTuple):
    """`configuration` comes on top of the case's. `requests` names fields of its HTTP exchanges that are others here,
    by their place; `exchanges` stand in place of all of them. `expected` replaces parts of what is expected."""

    reason: str
    configuration: Mapping[str, str] = {}
    requests: Mapping[int, Mapping[str, Any]] = {}
    exchanges: tuple[Mapping[str, Any], ...] | None = None
    expected: Mapping[str, Any] = {}


# What Auth0 gave a rule as properties of its global `auth0`: a configuration value here, with its text.
HOST: Mapping[str, Mapping[str, str]] = {
    "auth0_base_url": {"MANAGEMENT_API_URL": "{}"},
    "auth0_access_token": {"MANAGEMENT_API_TOKEN": "{}"},
    "auth0_domain": {"MANAGEMENT_API_URL": "https://{}/api/v2", "MANAGEMENT_API_TOKEN": "token"},
}

TEMPLATES: Mapping[str, Row] = {
    "jwt": Row(
        "the issuer was to be edited in the script, and is a setting here",
        configuration={"TARGET_API_ISSUER": "https://{your auth0 account}.auth0.com"},
    ),
    "mailgun": Row(
        "the account was to be edited in the script, and is a setting here",
        configuration={"MAILGUN_DOMAIN": "{YOUR MAILGUN ACCOUNT}"},
    ),
}

CASES: Mapping[str, Row] = {}

# The whole case cannot be compared: it is run, and has to come out otherwise.
DIFFERS: Mapping[str, str] = {}
