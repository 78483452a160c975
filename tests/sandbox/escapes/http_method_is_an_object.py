# raises: TypeError
def rule(user, context):
    class Method:
        def upper(self):
            return 'GET'
    http.request(Method(), 'https://h/')
