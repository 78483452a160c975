"""Whoever logs in becomes a customer in a Shopify store

Not at a refresh, at a silent login or on the way back from a page. A customer who is there already (422) is no
failure; Auth0's template refused that person's second login.

Needs the configuration `SHOPIFY_API_URL` (the store's host), `SHOPIFY_API_KEY` and `SHOPIFY_API_PWD`, and that host
among the tenant's `allowed_hosts`. Key and password go in a header, where the template wrote them into the address.
"""


def is_new_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    return not again and query.get("prompt") != "none"


def rule(user, context):
    if not is_new_login(context):
        return
    customer = {
        "first_name": user.get("given_name"),
        "last_name": user.get("family_name"),
        "email": user.get("email"),
        "verified_email": user.get("email_verified") is True,
    }
    answer = http.post(
        f"https://{configuration.SHOPIFY_API_URL}/admin/api/2020-04/customers.json",
        auth=(configuration.SHOPIFY_API_KEY, configuration.SHOPIFY_API_PWD),
        json={"customer": customer},
        timeout=1,
    )
    if answer.status_code != 422:
        answer.raise_for_status()
