# raises: CallbackError
def rule(user, context):
    class CallbackError(Exception):
        code = 'callback_called_twice'
    raise CallbackError('forged')
