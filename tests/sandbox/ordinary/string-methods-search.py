# Finding and cutting text.

URL = "https://example.com/path/to/page.html?x=1"


def rule(user, context):
    scheme, separator, rest = URL.partition("://")
    context.idToken.update(
        scheme=scheme + separator,
        host=rest.split("/", 1)[0],
        last=URL.rpartition("/")[2],
        page=URL.rsplit("/", maxsplit=1)[-1].removesuffix("?x=1"),
        secure=URL.startswith(("https:", "wss:")),
        html=URL.endswith(".html"),
        first=[URL.find("path"), URL.find("nowhere"), URL.rfind("/"), URL.index("e"), URL.rindex("e"), URL.count("/")],
        parts=URL.replace("/", "|").replace("e", "E", 2),
        prefix=URL.removeprefix("https://")[:7],
        lines="one\ntwo\r\nthree".splitlines(),
        words="  a  b c ".split(),
        joined=", ".join(str(n) for n in range(3)),
        contains=["example" in URL, "x" not in URL],
        reverse=URL[::-1][:4],
        every_third=URL[8:20:3],
    )

# claims {"scheme": "https://", "host": "example.com", "last": "page.html?x=1", "page": "page.html", "secure": true,
#  "html": false, "first": [20, -1, 27, 8, 31, 5], "parts": "https:||ExamplE.com|path|to|page.html?x=1", "prefix":
#  "example", "lines": ["one", "two", "three"], "words": ["a", "b", "c"], "joined": "0, 1, 2", "contains": [true,
#  false], "reverse": "1=x?", "every_third": "emeo"}
