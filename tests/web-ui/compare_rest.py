#!/usr/bin/env python3
"""Compares every resource of Spark's REST API between two servers that show the same event logs.

usage: compare_rest.py URL_OF_SPARK URL_OF_CERIUM

Prints each field that differs, and exits with 1 if there is one.
"""

import json
import sys
import urllib.error
import urllib.request

# Where Spark's answer depends on the server that gives it, not on the log.
IGNORED = {"logSourceName", "logSourceFullPath", "lastUpdated", "lastUpdatedEpoch"}


def get(base, path):
    try:
        with urllib.request.urlopen(f"{base}/api/v1/{path}", timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return {"status": error.code}


def differences(spark, cerium, where):
    if isinstance(spark, dict) and isinstance(cerium, dict):
        for key in sorted(spark.keys() | cerium.keys()):
            if key in IGNORED:
                continue
            if key not in spark:
                yield f"{where}.{key}: Spark has none, Cerium {json.dumps(cerium[key])[:200]}"
            elif key not in cerium:
                yield f"{where}.{key}: Spark {json.dumps(spark[key])[:200]}, Cerium has none"
            else:
                yield from differences(spark[key], cerium[key], f"{where}.{key}")
    elif isinstance(spark, list) and isinstance(cerium, list):
        if len(spark) != len(cerium):
            yield f"{where}: Spark has {len(spark)} entries, Cerium {len(cerium)}"
        for index, (one, other) in enumerate(zip(spark, cerium)):
            yield from differences(one, other, f"{where}[{index}]")
    elif spark != cerium:
        yield f"{where}: Spark {json.dumps(spark)[:200]}, Cerium {json.dumps(cerium)[:200]}"


def resources(spark, app):
    """The paths below applications/APP that the application has."""
    yield from ("", "/jobs", "/jobs?status=failed", "/stages", "/stages?status=complete", "/stages?details=true",
                "/stages?withSummaries=true", "/executors", "/allexecutors", "/storage/rdd", "/environment")
    yield from (f"/jobs/{job['jobId']}" for job in get(spark, f"applications/{app}/jobs"))
    for stage in get(spark, f"applications/{app}/stages"):
        path = f"/stages/{stage['stageId']}"
        yield path
        attempt = f"{path}/{stage['attemptId']}"
        yield attempt
        for query in ("taskSummary", "taskSummary?quantiles=0.01,0.5,0.99", "taskList", "taskList?offset=1&length=3",
                      "taskList?sortBy=-runtime&length=1000", "taskList?status=failed"):
            yield f"{attempt}/{query}"
    yield from (f"/storage/rdd/{rdd['id']}" for rdd in get(spark, f"applications/{app}/storage/rdd"))


def main():
    spark, cerium = (url.rstrip("/") for url in sys.argv[1:3])
    apps = [app["id"] for app in get(spark, "applications")]
    found = list(differences(get(spark, "applications"), get(cerium, "applications"), "applications"))
    count = 1
    for app in apps:
        for path in resources(spark, app):
            count += 1
            where = f"applications/{app}{path}"
            found += differences(get(spark, where), get(cerium, where), where)
    for line in found[:400]:
        print(line)
    print(f"{count} answers of {len(apps)} applications compared: {len(found)} fields differ")
    return 1 if found or not apps else 0


if __name__ == "__main__":
    sys.exit(main())
