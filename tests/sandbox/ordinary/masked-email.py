# Shows an address so that its owner recognises it, and nobody else learns it.


def mask(text, keep=1):
    return text[:keep] + "*" * max(len(text) - keep, 3)


def rule(user, context):
    local, at, domain = user["email"].partition("@")
    host, dot, rest = domain.partition(".")
    context["idToken"]["https://example.com/hint"] = f"{mask(local)}{at}{mask(host)}{dot}{rest}"

# claims {"https://example.com/hint": "a***@e******.com"}
#
# user {"email": "augusta.king@b.example.org"}
# claims {"https://example.com/hint": "a***********@b***.example.org"}
