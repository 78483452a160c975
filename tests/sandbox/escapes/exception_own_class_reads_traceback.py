# refused: attribute_not_allowed
def rule(user, context):
    class E(Exception):
        def look(self):
            return self.__traceback__.tb_frame.f_back
    try:
        raise E()
    except E as e:
        e.look()
