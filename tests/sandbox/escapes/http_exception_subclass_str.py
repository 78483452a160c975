# raises: TypeError
def rule(user, context):
    class More(http.Error):
        def __str__(self):
            return 'a text'
    raise More('a')
