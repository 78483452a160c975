# Addresses that came as bytes, and their parts.

from urllib.parse import quote_from_bytes, unquote_to_bytes, urldefrag, urlparse, urlsplit

URL = b"https://ada:pw@Example.com:8443/a;p?q=1#top"


def rule(user, context):
    parsed, split, plain = urlparse(URL), urlsplit(URL), urlsplit(URL.decode())
    for name, parts in (("parsed", parsed), ("split", split)):
        values = [parts.scheme, parts.netloc, parts.path, parts.query, parts.fragment, parts.hostname, parts.username,
                  parts.password, parts.geturl()]
        context.idToken[name] = [value.decode() for value in values] + [parts.port, parts.count(b"q=1"), parts.index(b"q=1")]
    context.idToken["params"] = parsed.params.decode()
    context.idToken["plain"] = [plain.scheme, plain.netloc, plain.path, plain.port, plain.fragment, plain.username,
                                plain.password, plain.geturl(), plain.count("top"), plain.index("top")]
    text = urlparse(URL.decode())
    context.idToken["text"] = [text.count("top"), text.index("p")]
    for whole in (urldefrag(URL), urldefrag(URL.decode())):
        parts = [whole.url, whole.fragment, whole.geturl()]
        parts = [part.decode() if isinstance(part, bytes) else part for part in parts]
        context.idToken["defrag"] = [*parts, whole.count(whole.url), whole.index(whole.fragment)]
    context.idToken["quoted"] = [quote_from_bytes(b"\xff a"), unquote_to_bytes("%ff%20a").hex()]

# claims {"parsed": ["https", "ada:pw@Example.com:8443", "/a", "q=1", "top", "example.com", "ada", "pw",
#  "https://ada:pw@Example.com:8443/a;p?q=1#top", 8443, 1, 4], "split": ["https", "ada:pw@Example.com:8443", "/a;p",
#  "q=1", "top", "example.com", "ada", "pw", "https://ada:pw@Example.com:8443/a;p?q=1#top", 8443, 1, 3], "params":
#  "p", "plain": ["https", "ada:pw@Example.com:8443", "/a;p", 8443, "top", "ada", "pw",
#  "https://ada:pw@Example.com:8443/a;p?q=1#top", 1, 4], "text": [1, 3], "defrag":
#  ["https://ada:pw@Example.com:8443/a;p?q=1", "top", "https://ada:pw@Example.com:8443/a;p?q=1#top", 1, 1], "quoted":
#  ["%FF%20a", "ff2061"]}
