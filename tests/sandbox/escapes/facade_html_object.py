# raises: TypeError
def rule(user, context):
    import html
    class F:
        def replace(self, *args):
            return self
    html.escape(F())
