# Assertions with and without a message.


def rule(user, context):
    assert user.get("email")
    assert isinstance(user["permissions"], list), "permissions have to be a list"
    try:
        assert user.get("email_verified"), f"{user['email']} is not verified"
    except AssertionError as error:
        context["idToken"]["https://example.com/warning"] = str(error)

# claims {"https://example.com/warning": "ada@example.com is not verified"}
