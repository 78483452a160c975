# Tells the kind of device from the user agent, first match wins.

import re

DEVICES = [
    ("tablet", re.compile(r"ipad|tablet|kindle", re.IGNORECASE)),
    ("phone", re.compile(r"iphone|android.*mobile|windows phone", re.I)),
    ("bot", re.compile(r"bot\b|crawl|spider|curl|python-requests", re.I)),
]


def rule(user, context):
    request = context.get("request") or {}
    agent = request.get("userAgent") or ""
    for kind, pattern in DEVICES:
        if pattern.search(agent):
            break
    else:
        kind = "desktop" if agent else "unknown"
    context.idToken["https://example.com/device"] = kind
    if (version := re.search(r"(Firefox|Chrome)/(\d+)", agent)):
        name, major = version.groups()
        context.idToken["https://example.com/browser"] = {"name": name.lower(), "major": int(major)}

# context {"request": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}}
# claims {"https://example.com/device": "desktop", "https://example.com/browser": {"name": "firefox", "major": 130}}
#
# context {"request": {"userAgent": "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari"}}
# claims {"https://example.com/device": "phone", "https://example.com/browser": {"name": "chrome", "major": 126}}
#
# context {"request": {"userAgent": "Googlebot/2.1"}}
# claims {"https://example.com/device": "bot"}
#
# claims {"https://example.com/device": "unknown"}
