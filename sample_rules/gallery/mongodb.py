"""A claim from a document in MongoDB

Rules have no drivers of databases, so a service in front of the database answers by HTTP. This is how MongoDB's own
Data API was asked, which others still offer: `POST {MONGO_API_URL}/action/findOne` answers `{"document": {...}}` or
`{"document": null}`.

Needs the configuration `MONGO_API_URL` and `MONGO_API_KEY` (instead of `MONGO_CONNECTION_STRING`), and that host
among the tenant's `allowed_hosts`. When the service fails the rule does, and `on_failure` says what that means.
"""

COLLECTION = {"dataSource": "cluster0", "database": "YOUR_MONGO_DATABASE_NAME", "collection": "users"}


def rule(user, context):
    email = user.get("email")
    if not email:
        return
    answer = http.post(
        f"{configuration.MONGO_API_URL}/action/findOne",
        headers={"api-key": configuration.MONGO_API_KEY},
        json=COLLECTION | {"filter": {"email": email}, "projection": {"foo": 1}},
        timeout=1,
    )
    answer.raise_for_status()
    document = answer.json()["document"]
    if document and "foo" in document:
        context.idToken["https://example.com/foo"] = document["foo"]
