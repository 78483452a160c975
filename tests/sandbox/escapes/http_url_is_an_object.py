# raises: TypeError
def rule(user, context):
    class Url:
        def __str__(self):
            return 'https://h/'
        def __len__(self):
            return 1
    http.get(Url())
