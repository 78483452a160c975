# Builds a link for the application, with whatever has to be quoted.

from urllib import parse
from urllib.parse import quote, unquote, urlencode, urljoin, urlparse, urlunparse

BASE = "https://app.example.com/start/"


def rule(user, context):
    params = {"user": user["email"], "tags": ["a b", "c&d"], "n": 1}
    link = urljoin(BASE, "../help") + "?" + urlencode(params, doseq=True)
    parts = urlparse("https://me:pw@Example.com:8443/a/b;p?q=1#frag")
    context.idToken.update(
        link=link,
        quoted=quote("a/b c?é", safe=""),
        path=quote("/a b/"),
        back=unquote("a%20b%C3%A9"),
        parts=[parts.scheme, parts.netloc, parts.hostname, parts.port, parts.path, parts.params, parts.query,
               parts.fragment, parts.username, parts.password],
        again=urlunparse(parts) == parts.geturl(),
        pairs=parse.parse_qsl("a=1&b=&a=2", keep_blank_values=True),
        plus=[parse.quote_plus("a b&c"), parse.unquote_plus("a+b%26c")],
        split=list(parse.urlsplit("//host/p?q")),
        joined=parse.urlunsplit(("https", "host", "/p", "q=1", "")),
        without=parse.urldefrag("https://h/p#x")[0],
    )

# claims {"link": "https://app.example.com/help?user=ada%40example.com&tags=a+b&tags=c%26d&n=1", "quoted":
#  "a%2Fb%20c%3F%C3%A9", "path": "/a%20b/", "back": "a bé", "parts": ["https", "me:pw@Example.com:8443",
#  "example.com", 8443, "/a/b", "p", "q=1", "frag", "me", "pw"], "again": true, "pairs": [["a", "1"], ["b", ""],
#  ["a", "2"]], "plus": ["a+b%26c", "a b&c"], "split": ["", "host", "/p", "q", ""], "joined": "https://host/p?q=1",
#  "without": "https://h/p"}
