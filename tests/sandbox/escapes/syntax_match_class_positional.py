# raises: TypeError
# A class pattern with a place reads `__match_args__`: only of data types, which have none.
def rule(user, context):
    class dict:
        x = 1
    match dict():
        case dict(x):
            pass
