# Ends with `return context`, as hooks of other products do; the value does not matter.


def rule(user, context):
    if not user.get("email"):
        return context
    context["idToken"]["https://example.com/domain"] = user["email"].split("@")[1]
    return context

# claims {"https://example.com/domain": "example.com"}
#
# user {"email": null}
# claims {}
