# stops: limit
def rule(user, context):
    def late():
        try:
            yield 1
        finally:
            while True:
                pass
    http.get('https://h/')
    while True:
        kept = late()
        next(kept)
        kept = None
        http.get('https://h/')
