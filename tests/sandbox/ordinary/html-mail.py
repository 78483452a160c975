# Text for a page: escaped, and read back.

import html


def rule(user, context):
    name = user.get("name", "<Ada & Co>")
    context.idToken["https://example.com/html"] = f"<b>{html.escape(name)}</b>"
    context.idToken["https://example.com/quoted"] = html.escape("\"it's\"", quote=False)
    context.idToken["https://example.com/plain"] = html.unescape("&lt;caf&eacute;&gt; &#8364;")

# claims {"https://example.com/html": "<b>&lt;Ada &amp; Co&gt;</b>", "https://example.com/quoted": "\"it's\"",
#  "https://example.com/plain": "<café> €"}
#
# user {"name": "Bob \"the\" Builder"}
# claims {"https://example.com/html": "<b>Bob &quot;the&quot; Builder</b>", "https://example.com/quoted":
#  "\"it's\"", "https://example.com/plain": "<café> €"}
