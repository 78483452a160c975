# raises: AttributeError
# langflow PR #15198: a proxy of the real module that denied names led on through those it forgot.
def rule(user, context):
    import json
    getattr(getattr(getattr(json, 'codecs'), 'sys'), 'modules')
