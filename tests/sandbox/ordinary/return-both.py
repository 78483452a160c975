# Ends with `return user, context`.


def rule(user, context):
    user["nickname"] = user.get("nickname") or user["email"].partition("@")[0]
    context["idToken"]["https://example.com/nick"] = user["nickname"]
    return user, context

# claims {"https://example.com/nick": "ada"}
#
# user {"nickname": "countess"}
# claims {"https://example.com/nick": "countess"}
