# How regular are the logins of this person?

import statistics
from statistics import StatisticsError, fmean, median, stdev


def rule(user, context):
    hours = user.get("login_hours", [8, 9, 9, 10, 14])
    try:
        spread = stdev(hours)
    except StatisticsError:
        spread = None
    context.idToken.update(
        mean=statistics.mean(hours), fmean=fmean(hours), median=median(hours), spread=spread and round(spread, 3),
        mode=statistics.mode(hours), modes=statistics.multimode(hours),
        low_high=[statistics.median_low(hours), statistics.median_high(hours)],
        population=[round(statistics.pstdev(hours), 3), round(statistics.pvariance(hours), 3)],
        means=[round(statistics.harmonic_mean(hours), 3), round(statistics.geometric_mean(hours), 3)],
    )
    if len(hours) > 1:
        context.idToken["variance"] = statistics.variance(hours)
        context.idToken["quartiles"] = statistics.quantiles(hours, n=4)

# claims {"mean": 10, "fmean": 10.0, "median": 9, "spread": 2.345, "mode": 9, "modes": [9], "low_high": [9, 9],
#  "population": [2.098, 4.4], "means": [9.64, 9.807], "variance": 5.5, "quartiles": [8.5, 9.0, 12.0]}
#
# user {"login_hours": [7]}
# claims {"mean": 7, "fmean": 7.0, "median": 7, "spread": null, "mode": 7, "modes": [7], "low_high": [7, 7],
#  "population": [0.0, 0], "means": [7, 7.0]}
