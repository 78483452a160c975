"""A claim that depends on the query of the login

The person can change what stands in the address: nothing that gives rights may depend on it.
"""


def rule(user, context):
    query = (context.get("request") or {}).get("query") or {}
    if query.get("some_querystring") == "whatever":
        context.idToken["https://example.com/new_attribute"] = "foo"
