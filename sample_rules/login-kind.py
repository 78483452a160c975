"""How this token came about

A rule runs at every issuance: at a login, and again at each refresh and after each redirect. Rules that
count or greet look at `context.protocol` first.
"""


def rule(user, context):
    match context.get("protocol"):
        case "oauth2-refresh-token":
            kind = "refresh"
        case "redirect-callback":
            kind = "resumed"
        case "oauth2-password" | "oauth2-resource-owner":
            kind = "password"
        case protocol if protocol and protocol.startswith(("oidc-", "oauth2-")):
            kind = "login"
        case _:
            kind = "other"
    context.idToken["https://example.com/login_kind"] = kind
