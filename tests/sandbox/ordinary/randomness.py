# A code, an experiment and a shuffle: what matters is their shape.

import random


def rule(user, context):
    code = "".join(random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=6))
    options = ["a", "b", "c", "d"]
    random.shuffle(options)
    context.idToken.update(
        code=[len(code), code.isupper()], options=sorted(options), pick=random.choice(options) in options,
        sample=len(set(random.sample(options, 3))), dice=1 <= random.randint(1, 6) <= 6,
        even=random.randrange(0, 100, 2) % 2 == 0, share=0 <= random.random() < 1, price=5 <= random.uniform(5, 10) <= 10,
        bits=random.getrandbits(8) < 256, bytes=len(random.randbytes(3)), never=random.random() < 0.0,
        curve=[
            isinstance(value, float)
            for value in (random.gauss(0, 1), random.normalvariate(0, 1), random.triangular(0, 1, 0.5),
                          random.expovariate(1.5), random.betavariate(1, 2), random.gammavariate(1, 2),
                          random.lognormvariate(0, 1), random.paretovariate(2), random.vonmisesvariate(0, 1),
                          random.weibullvariate(1, 2))
        ],
        weighted=random.choices(["never", "always"], weights=[0, 1]),
    )

# claims {"code": [6, true], "options": ["a", "b", "c", "d"], "pick": true, "sample": 3, "dice": true, "even": true,
#  "share": true, "price": true, "bits": true, "bytes": 3, "never": false, "curve": [true, true, true, true, true,
#  true, true, true, true, true], "weighted": ["always"]}
