# refused: import_not_allowed
def rule(user, context):
    import socket
    socket.create_connection(('127.0.0.1', CANARY_PORT))
