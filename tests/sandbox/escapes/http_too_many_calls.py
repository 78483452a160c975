# stops: exhausted
def rule(user, context):
    while True:
        try:
            http.get('https://h/')
        except Exception:
            pass
