# passes: harmless
def rule(user, context):
    def late():
        try:
            yield 1
        finally:
            http.get('https://h/')
    kept = late()
    next(kept)
