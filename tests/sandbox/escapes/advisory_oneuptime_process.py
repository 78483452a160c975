# refused: import_not_allowed
def rule(user, context):
    import multiprocessing, signal, resource
