# Cerium. Licensed under the Apache License 2.0.
"""A Spark program whose event log `cerium history` has to show as Spark does: a cache, a shuffle that two jobs read, skew, a
job that fails, a killed stage."""

import sys
import threading
import time

from pyspark import SparkConf, SparkContext

sc = SparkContext(conf=SparkConf().setAppName("spark <b>&\"program\"").set("spark.eventLog.enabled", "true")
                  .set("spark.eventLog.dir", "file:" + sys.argv[1]).set("spark.ui.enabled", "false")
                  .set("spark.eventLog.logBlockUpdates.enabled", "true"))
sc.setLogLevel("ERROR")
sc.setJobGroup("load", "counts <script>alert(1)</script>")
numbers = sc.parallelize(range(20000), 8).map(lambda x: (x % 7, x)).setName("numbers").cache()
numbers.count()
sums = numbers.reduceByKey(lambda a, b: a + b, 4)
sums.collect()
sums.count()

sc.setJobGroup("skew", "one key has most records")
sc.parallelize([(1, "x" * 20)] * 20000 + [(k, "y") for k in range(100)], 6).groupByKey(5).mapValues(len).collect()


def bad(x):
    if x == 77:
        raise ValueError("record 77 <img src=x onerror=alert(1)>")
    return x


sc.setJobGroup("fail", "")
try:
    sc.parallelize([1, 77, 3], 3).map(bad).count()
except Exception:
    pass


def cancelled():
    sc.setJobGroup("cancel", "a job that is cancelled", True)
    try:
        sc.parallelize(range(2), 2).map(lambda x: time.sleep(30)).count()
    except Exception:
        pass


thread = threading.Thread(target=cancelled)
thread.start()
time.sleep(3)
sc.cancelAllJobs()
thread.join()
sc.stop()
