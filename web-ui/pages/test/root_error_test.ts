// Cerium. Licensed under the Apache License 2.0.
import assert from 'node:assert/strict';
import test from 'node:test';
import { rootError } from '../src/root_error';

test("the exception of a Python worker is found between its traceback and Java's frames", () => {
  const text = `[PYTHON_EXCEPTION] An exception was thrown from the Python worker: Traceback (most recent call last):
  File "/tmp/job.py", line 10, in boom
    if x == 150000: raise ValueError("bad record")
ValueError: bad record
 SQLSTATE: 38000
\tat org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:1097)
\tat org.apache.spark.SparkException.main(X.scala:1)`;
  assert.equal(rootError(text), 'ValueError: bad record');
});

test('the last cause of a Java exception is the first one that happened', () => {
  const text = `java.lang.RuntimeException: job failed
\tat a.b.C.d(C.java:1)
Caused by: java.io.IOException: cannot read
\tat a.b.C.e(C.java:2)
Caused by: java.nio.file.NoSuchFileException: /tmp/x
\tat a.b.C.f(C.java:3)`;
  assert.equal(rootError(text), 'java.nio.file.NoSuchFileException: /tmp/x');
});

test('a short message says it already', () => {
  assert.equal(rootError('order 8812301 has no customer'), undefined);
  assert.equal(rootError('a\nb\nc\nd'), undefined);
});
