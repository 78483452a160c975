# raises: AttributeError
# AccessControl 5.1, and again CVE-2026-76825: the formatter of the `string` module walks attributes.
def rule(user, context):
    import string
    getattr(string, 'Formatter')().format('{0.__class__}', user)
