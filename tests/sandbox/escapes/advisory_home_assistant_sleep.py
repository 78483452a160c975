# refused: unknown_member
# Home Assistant's python_script has no time limit, and `time.sleep`.
def rule(user, context):
    import time
    time.sleep(10)
