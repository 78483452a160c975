# raises: TypeError
import json
def change():
    global rule
    rule = json.dumps
def rule(user, context):
    pass
change()
