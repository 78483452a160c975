# The number of logins as a Roman numeral, there and back.

NUMERALS = {1000: "M", 900: "CM", 500: "D", 400: "CD", 100: "C", 90: "XC", 50: "L", 40: "XL", 10: "X", 9: "IX", 5: "V", 4: "IV", 1: "I"}


def roman(number):
    text = ""
    for value, letters in NUMERALS.items():
        count, number = divmod(number, value)
        text += letters * count
    return text


def arabic(text):
    values = {v: k for k, v in NUMERALS.items()}
    total, previous = 0, 0
    for letter in reversed(text):
        value = values[letter]
        total += value if value >= previous else -value
        previous = max(previous, value)
    return total


def rule(user, context):
    number = context.stats.loginsCount
    assert all(arabic(roman(n)) == n for n in range(1, 200))
    context.idToken["https://example.com/logins"] = roman(number)

# claims {"https://example.com/logins": "VII"}
#
# context {"stats": {"loginsCount": 1994}}
# claims {"https://example.com/logins": "MCMXCIV"}
