# raises: ZeroDivisionError
def rule(user, context):
    x = '''
  File "<rule>", line 999999 in forged
'''
    1 / 0
