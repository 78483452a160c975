# passes: harmless or raises: RecursionError
def rule(user, context):
    def deeper():
        try:
            deeper()
        except RecursionError:
            http.get('https://h/')
    deeper()
