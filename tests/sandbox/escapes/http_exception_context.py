# raises: AttributeError
def rule(user, context):
    try:
        http.get('https://h/missing').raise_for_status()
    except http.Error as error:
        getattr(error, '__traceback__')
