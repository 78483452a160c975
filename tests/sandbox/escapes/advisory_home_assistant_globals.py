# refused: undefined_name
def rule(user, context):
    hass.services.call('x', 'y')
