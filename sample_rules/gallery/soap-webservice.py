"""Roles from a SOAP service as a claim

Rules have no reader of XML, so a pattern takes the text of each `string` element out of the answer. That is enough
for a list of words; for more than that, put a service that answers JSON in front.

Needs the configuration `ROLES_SERVICE_URL`, and that host among the tenant's `allowed_hosts`. When it fails the rule
does, and `on_failure` says what that means.
"""

import html
import re

HEADERS = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": "http://tempuri.org/RoleService/GetRolesForCurrentUser",
}
QUESTION = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<GetRolesForCurrentUser xmlns="http://tempuri.org"/></s:Body></s:Envelope>'
)
STRING = re.compile(r"<(?:\w+:)?string(?:\s[^>]*)?>([^<]*)</")


def rule(user, context):
    answer = http.post(configuration.ROLES_SERVICE_URL, headers=HEADERS, data=QUESTION, timeout=1)
    answer.raise_for_status()
    roles = [html.unescape(text) for text in STRING.findall(answer.text)]
    context.idToken["https://example.com/roles"] = roles
