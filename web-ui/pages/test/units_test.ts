// Cerium. Licensed under the Apache License 2.0.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ago, bytes, count, counted, duration, figure, percent, sparkTime } from '../src/units';

test('sizes are in IEC units with three digits', () => {
  assert.equal(bytes(0), '0 B');
  assert.equal(bytes(1023), '1023 B');
  assert.equal(bytes(1024), '1 KiB');
  assert.equal(bytes(1536), '1.5 KiB');
  assert.equal(bytes(64 << 20), '64 MiB');
  assert.equal(bytes(1023.9 * 1024), '1 MiB');
  assert.equal(bytes(5.37e12), '4.88 TiB');
  assert.equal(bytes(undefined), '–');
});

test('durations have at most two units', () => {
  assert.equal(duration(0), '0 ms');
  assert.equal(duration(0.0123), '12.3 µs');
  assert.equal(duration(340), '340 ms');
  assert.equal(duration(999.9), '1 s');
  assert.equal(duration(2345), '2.35 s');
  assert.equal(duration(59_990), '1 min 00 s');
  assert.equal(duration(252_000), '4 min 12 s');
  assert.equal(duration(3_599_700), '1 h 00 min');
  assert.equal(duration(7_980_000), '2 h 13 min');
  assert.equal(duration(100 * 3_600_000), '4 d 04 h');
  assert.equal(duration(-1500), '-1.5 s');
  assert.equal(duration(null), '–');
});

test('counts have separators and words agree with them', () => {
  assert.equal(count(83112), '83,112');
  assert.equal(counted(1, 'task'), '1 task');
  assert.equal(counted(2, 'task'), '2 tasks');
  assert.equal(counted(0, 'entry', 'entries'), '0 entries');
});

test('each unit of the contract has its text', () => {
  assert.equal(figure(1500, 'ms'), '1.5 s');
  assert.equal(figure(1_500_000, 'ns'), '1.5 ms');
  assert.equal(figure(2048, 'bytes'), '2 KiB');
  assert.equal(figure(2048, 'bytesPerSecond'), '2 KiB/s');
  assert.equal(figure(0.0912, 'ratio'), '9.12 %');
  assert.equal(figure(3.5, 'cores'), '3.5 cores');
  assert.equal(figure(1204311, 'count'), '1,204,311');
  assert.equal(figure(null, 'ms'), '–');
  assert.equal(percent(1), '100 %');
});

test("Spark's instants are read and missing ones stay missing", () => {
  assert.equal(sparkTime('2026-11-28T10:00:00.250GMT'), Date.UTC(2026, 10, 28, 10, 0, 0, 250));
  assert.equal(sparkTime(undefined), undefined);
  assert.equal(sparkTime('soon'), undefined);
});

test('an instant is told relative to now', () => {
  assert.equal(ago(0, 500), 'now');
  assert.equal(ago(0, 12_300), '12 s ago');
  assert.equal(ago(0, 252_000), '4 min ago');
  assert.equal(ago(0, 30 * 3_600_000), '1 d ago');
  assert.equal(ago(5_000, 0), 'in 5 s');
});
