"""Shows what rules get, at a request bin

A chosen few fields of user and context go to an address where a developer looks at them: a record (`claimsmith tail`)
shows more, and to fewer people. Chosen, since the rest holds tokens and what people have not agreed to.

Needs the configuration `REQUESTBIN_URL`, and that host among the tenant's `allowed_hosts`. Auth0's template waited 15
seconds; a login here has two in all.
"""

USER = ("email", "email_verified")
CONTEXT = ("clientID", "connection", "stats")


def rule(user, context):
    seen = {
        "user": {name: user[name] for name in USER if name in user},
        "context": {name: context[name] for name in CONTEXT if name in context},
    }
    http.post(configuration.REQUESTBIN_URL, json=seen, timeout=1).raise_for_status()
