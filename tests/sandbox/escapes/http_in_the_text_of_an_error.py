# raises: Bad
def rule(user, context):
    class Bad(Exception):
        def __str__(self):
            return http.get('https://h/').text[:1]
    raise Bad()
