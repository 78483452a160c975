# Reads campaign parameters out of the page that sent the person here.

from urllib.parse import parse_qs, urlsplit


def rule(user, context):
    query = context.get("request", {}).get("query", {})
    referrer = query.get("referrer", "")
    parts = urlsplit(referrer)
    params = parse_qs(parts.query)
    campaign = {key[4:]: values[0] for key, values in params.items() if key.startswith("utm_")}
    if campaign:
        campaign["host"] = parts.hostname
        context.idToken["https://example.com/campaign"] = campaign

# context {"request": {"query": {"referrer": "https://News.example.com/a?utm_source=mail&utm_medium=e%20mail&x=1"}}}
# claims {"https://example.com/campaign": {"source": "mail", "medium": "e mail", "host": "news.example.com"}}
#
# context {"request": {"query": {"referrer": "https://news.example.com/"}}}
# claims {}
