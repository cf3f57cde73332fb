#!/usr/bin/env python3
"""Makes sample.csv: 1,440 one-minute bars of an invented market, always the same ones.

    python3 make_sample.py > sample.csv

A random walk with calm and nervous hours and slowly turning drift, so that a trend follower finds something
to do. No real prices.
"""
import math
import random
import sys
from datetime import datetime, timedelta

BARS = 1440
START = datetime(2024, 3, 1)


def main():
    rng = random.Random(20240301)
    price = 50000.0
    print("timestamp,open,high,low,close,volume")
    for i in range(BARS):
        nervous = 1 + 0.8 * math.sin(2 * math.pi * i / 480)
        drift = 0.00005 * math.sin(2 * math.pi * i / 360)
        path = [price]
        for _ in range(4):
            path.append(path[-1] * math.exp(drift / 4 + 0.0004 * nervous * rng.gauss(0, 1)))
        volume = 1000 * nervous * rng.uniform(0.5, 1.5)
        when = (START + timedelta(minutes=i)).isoformat(sep=" ")
        print(f"{when},{path[0]:.1f},{max(path):.1f},{min(path):.1f},{path[-1]:.1f},{volume:.1f}")
        price = path[-1]


if __name__ == "__main__":
    sys.exit(main())
