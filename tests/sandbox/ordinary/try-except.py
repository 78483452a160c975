# Handlers of all kinds, `else` and `finally`, and a cause.


def number(text):
    trail = []
    try:
        trail.append("try")
        value = int(text)
        result = 100 / value
    except ValueError:
        trail.append("no number")
        result = None
    except (ZeroDivisionError, OverflowError) as error:
        trail.append(str(error))
        result = 0
    except:
        trail.append("anything")
        result = -1
    else:
        trail.append("fine")
    finally:
        trail.append("done")
    return [result, *trail]


def strict(text):
    try:
        return int(text)
    except ValueError as error:
        raise LookupError(f"no level {text!r}") from error


def rule(user, context):
    context.idToken["results"] = [number(text) for text in ("4", "x", "0", None)]
    try:
        strict("high")
    except LookupError as error:
        context.idToken["error"] = [str(error), isinstance(error, KeyError), error.args[0]]
    try:
        try:
            raise RuntimeError("first")
        finally:
            context.idToken["cleanup"] = True
    except RuntimeError:
        try:
            raise
        except Exception as again:
            context.idToken["again"] = repr(again)

# claims {"results": [[25.0, "try", "fine", "done"], [null, "try", "no number", "done"], [0, "try", "division by
#  zero", "done"], [-1, "try", "anything", "done"]], "error": ["no level 'high'", false, "no level 'high'"],
#  "cleanup": true, "again": "RuntimeError('first')"}
