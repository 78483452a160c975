# raises: InvalidAlgorithmError or passes: harmless or raises: TypeError
def rule(user, context):
    import jwt
    class K:
        asked = [0]
        def __hash__(self):
            return 9011442731604434911
        def __eq__(self, other):
            self.asked[0] += 1
            return self.asked[0] > 1
    jwt.encode({'a': 1}, 'k', headers={K(): 'none'})
