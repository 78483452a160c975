# refused: name_not_available
def rule(user, context):
    𝓮𝔁𝓮𝓬('1')
