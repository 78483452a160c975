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

# Of several rows.

PARSE_ACCOUNT = {
    "username": "uid1",
    "password": "745e51891b082adcb4b8c47342bdd7aedf86166d99f9324c159f4608215b79bc",
}
NO_ADDRESS = {
    "to": "admin@example.com",
    "subject": "NEW SIGNUP",
    "from": "admin@example.com",
    "text": "We have got a new sign up from: somebody without an address.",
}
MONGO = {"MONGO_API_URL": "https://mongo.example.com", "MONGO_API_KEY": "key"}
REFUSED_LATER = "an update goes to the issuer with the answer: no rule sees that it is refused"


def _found_in_mongo(email: str, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    collection = {"dataSource": "cluster0", "database": "YOUR_MONGO_DATABASE_NAME", "collection": "users"}
    return {
        "method": "POST",
        "url": "https://mongo.example.com/action/findOne",
        "headers": {"api-key": "key"},
        "body_kind": "json",
        "body": {**collection, "filter": {"email": email}, "projection": {"foo": 1}},
        "answer": answer,
    }


def _moved(fields: Mapping[str, str]) -> Row:
    return Row(
        "a call takes the place of the module for Auth0's API",
        exchanges=(
            {
                "method": "PATCH",
                "url": "https://mydomain.auth0.com/api/v2/users/12345",
                "headers": {"Authorization": "Bearer token"},
                "body_kind": "json",
                "body": {**fields, "user_metadata": dict.fromkeys(fields)},
                "answer": {"status": 200},
            },
        ),
    )


JOHN = {
    "family_name": "Doe",
    "given_name": "John",
    "name": "John Doe",
    "nickname": "John",
    "picture": "http://localhost/johndoe.png",
}


HUBSPOT = {"Authorization": "Bearer API_KEY", "Content-Type": "application/json"}


TEMPLATES: Mapping[str, Row] = {
    "aspnet-webapi": Row(
        "the address was to be edited in the script, and is a setting here; all of `user` and `context` is not sent",
        configuration={"YOURWEBSITE_URL": "https://yourwebsite.com/auth0"},
        requests={
            0: {
                "body": {
                    "user": {"user_id": "12345", "email": "superuser@users.com", "name": "Super User"},
                    "context": {
                        "clientID": "q2hn...pXmTUA",
                        "clientName": "Default App",
                        "connection": "Username-Password-Authentication",
                    },
                    "secretToken": ";ojhsajk;h;Kh:Jh",
                }
            }
        },
    ),
    "create-new-contact-add-to-contact-list-hubspot": Row(
        "the key is in a header, not in the address; the lines of the log were placeholders",
        requests={
            0: {"url": "https://api.hubapi.com/contacts/v1/contact/", "headers": HUBSPOT},
            1: {"url": "https://api.hubapi.com/contacts/v1/lists/1/add", "headers": HUBSPOT},
        },
        expected={"logged": []},
    ),
    "jwt": Row(
        "the issuer was to be edited in the script, and is a setting here",
        configuration={"TARGET_API_ISSUER": "https://{your auth0 account}.auth0.com"},
    ),
    "mailgun": Row(
        "the account was to be edited in the script, and is a setting here",
        configuration={"MAILGUN_DOMAIN": "{YOUR MAILGUN ACCOUNT}"},
    ),
    "mandrill": Row(
        "JSON is sent, which is what Mandrill documents; and it is no rule of Auth0's that sends it",
        requests={
            0: {
                "body_kind": "json",
                "body": {
                    "key": "MANDRILL_API_KEY",
                    "message": {
                        "subject": "User Terrified Duck signed up to Default App",
                        "text": "Sent from a login rule",
                        "from_email": "SENDER_EMAIL@example.com",
                        "from_name": "Login rule",
                        "to": [{"email": "DESTINATION_EMAIL@example.com", "type": "to"}],
                    },
                },
            }
        },
    ),
    "mixpanel-track-event": Row(
        "a form by https: the token is in it, and was in an address by http",
        requests={
            0: {
                "method": "POST",
                "url": "https://api.mixpanel.com/track/",
                "query": {},
                "body_kind": "form",
                "body": {
                    "data": "eyJldmVudCI6IlNpZ24gSW4iLCJwcm9wZXJ0aWVzIjp7ImRpc3RpbmN0X2lkIjoiMTIzNCIsInRva2Vu"
                    "Ijoie1JFUExBQ0VfV0lUSF9ZT1VSX01JWFBBTkVMX1RPS0VOfSIsImFwcGxpY2F0aW9uIjoiYXNkZiJ9fQ=="
                },
            }
        },
    ),
    "parse": Row(
        "what was to be edited in the script is configuration; accounts have passwords of their own, not in an address",
        configuration={
            "PARSE_URL": "https://api.parse.com/1",
            "PARSE_APP_ID": "PLACE HERE YOUR PARSE APP ID",
            "PARSE_REST_API_KEY": "PLACE HERE YOUR PARSE REST API KEY",
            "PARSE_PASSWORD_SECRET": "PARSE_PASSWORD_SECRET",
        },
        requests={
            0: {"method": "POST", "query": {}, "body_kind": "json", "body": PARSE_ACCOUNT},
            1: {"body": PARSE_ACCOUNT},
        },
    ),
    "scaled-access-relationships-claim": Row(
        "a GET has no content, and names no type of it",
        requests={1: {"headers": {"Authorization": "Bearer some access token"}}},
    ),
    "requestbin": Row(
        "the address was to be edited in the script, and is a setting here",
        configuration={"REQUESTBIN_URL": "https://requestbin.fullcontact.com/YourBinUrl"},
    ),
    "soap-webservice": Row(
        "the address was to be edited in the script, and is a setting here",
        configuration={"ROLES_SERVICE_URL": "https://somedomain.com/RoleService.svc"},
    ),
    "splunk-HEC-track-event": Row(
        "the address was to be edited in the script, and is a setting here",
        configuration={"SPLUNK_HEC_URL": "https://http-inputs-mysplunkcloud.example.com:443/services/collector"},
    ),
    "zendesk-sso-jwt": Row(
        "the address was to be edited in the script, and is another one here",
        expected={
            "context_changes": [
                {
                    "op": "add",
                    "path": "/idToken/https:~1~1example.com~1zendesk_jwt_url",
                    "value": {
                        "$prefix": "https://example.zendesk.com/access/jwt?jwt=",
                        "$jwt": {
                            "header": {"alg": "HS256", "typ": "JWT"},
                            "claims": {
                                "jti": "random-uuid",
                                "email": "duck.t@example.com",
                                "name": "Terrified Duck",
                                "external_id": "uid1",
                            },
                            "unpinned": ["iat"],
                            "key": "configuration value ZENDESK_JWT_SECRET",
                        },
                    },
                }
            ]
        },
    ),
}

CASES: Mapping[str, Row] = {
    "add-roles-from-sqlserver#3": Row(
        "a service in front of the database answers",
        configuration={"ROLES_API_URL": "https://roles.example.com/", "ROLES_API_TOKEN": "token"},
        exchanges=(
            {
                "method": "GET",
                "url": "https://roles.example.com/",
                "query": {"email": "superuser@users.com"},
                "headers": {"Authorization": "Bearer token"},
                "answer": {"status": 200, "body": [{"Role": "admin"}, {"Role": "collaborator"}]},
            },
        ),
    ),
    "create-new-contact-add-to-contact-list-hubspot#2": Row(
        "the line of the log was a placeholder",
        expected={"logged": [["log", "HubSpot: 500 from https://api.hubapi.com/contacts/v1/contact/"]]},
    ),
    "create-new-contact-add-to-contact-list-hubspot#3": Row(
        "the line of the log was a placeholder",
        expected={"logged": [["log", "HubSpot: 500 from https://api.hubapi.com/contacts/v1/lists/1/add"]]},
    ),
    "fraud-prevention-with-minfraud#3": Row(
        "JavaScript's `undefined` stands in the log",
        expected={"logged": [["log", "Error while attempting fraud check: some error"]]},
    ),
    "fraud-prevention-with-minfraud#4": Row(
        "JavaScript's `undefined` stands in the log",
        expected={"logged": [["log", "Error while attempting fraud check: some error"]]},
    ),
    "fraud-prevention-with-minfraud#5": Row(
        "JavaScript's `null` stands in the log",
        expected={"logged": [["log", "Unexpected error while attempting fraud check: 400"]]},
    ),
    "migrate-root-attributes#1": _moved(JOHN),
    "migrate-root-attributes#2": _moved(JOHN),
    "migrate-root-attributes#3": _moved({"given_name": "John"}),
    "migrate-root-attributes#4": _moved({"given_name": "John"}),
    "mongodb#1": Row(
        "a service in front of the database answers",
        configuration=MONGO,
        exchanges=(_found_in_mongo("duck.t@example.com", {"status": 200, "body": {"document": {"foo": "bar"}}}),),
    ),
    "mongodb#2": Row(
        "a service in front of the database answers",
        configuration=MONGO,
        exchanges=(_found_in_mongo("empty@example.com", {"status": 200, "body": {"document": None}}),),
    ),
    "mongodb#3": Row(
        "a service in front of the database fails",
        configuration=MONGO,
        exchanges=(_found_in_mongo("broken@example.com", {"transport_error": "db error"}),),
    ),
    "parse#2": Row(
        "`raise_for_status` has words of its own; the answer's body is not repeated",
        expected={
            "error": {
                "kind": "error",
                "message": "400 from https://api.parse.com/1/login",
            }
        },
    ),
    "parse#4": Row(
        "`raise_for_status` has words of its own; the answer's body is not repeated",
        expected={"error": {"kind": "error", "message": "400 from https://api.parse.com/1/users"}},
    ),
    "send-events-keenio#3": Row(
        "a call takes the place of the module for Slack; the trace has a line of what failed",
        exchanges=(
            {
                "method": "POST",
                "url": "https://api.keen.io/3.0/projects/YOUR KEEN IO PROJECT ID/events/signups",
                "headers": {"Authorization": "YOUR KEEN IO WRITE KEY"},
                "body_kind": "json",
                "body": {"ip": "188.6.125.49"},
                "answer": {"transport_error": "test error"},
            },
            {
                "method": "POST",
                "url": "YOUR SLACK WEBHOOK URL",
                "body_kind": "json",
                "body": {"channel": "#some_channel", "text": "KEEN API ERROR: test error"},
                "answer": {"status": 200},
            },
        ),
        expected={"logged": [["log", "Keen has not got the event: test error"]]},
    ),
    "sendgrid#3": Row(
        "who has no address is not called `undefined`; `raise_for_status` has words of its own",
        requests={0: {"body": NO_ADDRESS}},
        expected={"error": {"kind": "error", "message": "400 from https://api.sendgrid.com/api/mail.send.json"}},
    ),
    "sendgrid#4": Row("who has no address is not called `undefined`", requests={0: {"body": NO_ADDRESS}}),
    "shopify-lead-from-login#1": Row(
        "`raise_for_status` has words of its own; the answer's body is not repeated",
        expected={
            "error": {
                "kind": "error",
                "message": "400 from https://your-store-name.myshopify.com/admin/api/2020-04/customers.json",
            }
        },
    ),
    "slack#6": Row(
        "a call takes the place of the module for Slack",
        exchanges=(
            {
                "method": "POST",
                "url": "YOUR SLACK HOOK URL",
                "body_kind": "json",
                "body": {"text": "New User: Terrified Duck (duck.t@example.com)", "channel": "#some_channel"},
                "answer": {"status": 200},
            },
        ),
    ),
    "soap-webservice#1": Row(
        "the case has a text that is no XML, and takes the roles from a stand-in for the module that reads it",
        requests={
            0: {
                "answer": {
                    "status": 200,
                    "body": "<r><string>role-1</string><string>role-2</string></r>",
                }
            }
        },
    ),
    "test-require#1": Row(
        "modules are those of the sandbox, and the trace says how many",
        expected={"logged": [["log", "27 modules can be imported"]]},
    ),
    "verify-user-email-with-password-reset#5": Row(
        "the trace has a line of what failed",
        expected={
            "logged": [["log", "the address could not be marked as verified: 400 from https://example.com/users/uid1"]]
        },
    ),
    "verify-user-email-with-password-reset#6": Row(
        "the trace has a line of what failed",
        expected={"logged": [["log", "the address could not be marked as verified: whoops"]]},
    ),
}

# The whole case cannot be compared: it is run, and has to come out otherwise.
DIFFERS: Mapping[str, str] = {
    "roles-creation#3": REFUSED_LATER,
    "sendgrid#5": REFUSED_LATER,
    "splunk-HEC-track-event#3": REFUSED_LATER,
}
