# raises: TypeError
def rule(user, context):
    import html
    class T:
        def replace(self, *a):
            return user
    html.escape(T())
