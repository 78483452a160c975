# refused: import_not_allowed
def rule(user, context):
    import pickle
    pickle.loads(b"cos\nsystem\n(S'true'\ntR.")
