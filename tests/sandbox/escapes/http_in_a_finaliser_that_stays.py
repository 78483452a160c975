# passes: harmless
def rule(user, context):
    def late():
        try:
            yield 1
        finally:
            http.get('https://h/')
    class Kept:
        pass
    kept = Kept()
    kept.kept = kept
    kept.late = late()
    next(kept.late)
