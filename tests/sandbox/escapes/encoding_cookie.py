# raises: NameError
# -*- coding: utf-7 -*-
def rule(user, context):
    raise NameError('+AGE-')
