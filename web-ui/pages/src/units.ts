// Cerium. Licensed under the Apache License 2.0.
// Figures as text. Each text carries its unit; sizes are in IEC units; thousands are separated by commas.

import type { Schema } from './api';

export type Unit = Schema<'Unit'>;

const kNoValue = '–';
const kSizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Three significant digits at most: 7.25, 72.5, 725. */
function short(value: number): string {
  const digits = Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

export function count(value: number | null | undefined): string {
  return value == null ? kNoValue : Math.round(value).toLocaleString('en-US');
}

/** "1 task", "3 tasks"; `plural` for words that do not end in s. */
export function counted(value: number, singular: string, plural = singular + 's'): string {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

export function bytes(value: number | null | undefined): string {
  if (value == null) return kNoValue;
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1023.5 && unit < kSizes.length - 1) {
    size /= 1024;
    ++unit;
  }
  return `${unit === 0 ? Math.round(size) : short(size)} ${kSizes[unit]}`;
}

/** From "12 µs" to "3 d 04 h": two units at most. */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return kNoValue;
  if (ms < 0) return '-' + duration(-ms);
  if (ms === 0) return '0 ms';
  if (ms < 0.9995) return `${short(ms * 1000)} µs`;
  if (ms < 999.5) return `${short(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${short(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

export function percent(ratio: number | null | undefined): string {
  return ratio == null ? kNoValue : `${short(ratio * 100)} %`;
}

/** A figure of the contract with its unit. */
export function figure(value: number | null | undefined, unit: Unit): string {
  if (value == null) return kNoValue;
  switch (unit) {
    case 'ms':
      return duration(value);
    case 'ns':
      return duration(value / 1e6);
    case 'bytes':
      return bytes(value);
    case 'bytesPerSecond':
      return bytes(value) + '/s';
    case 'records':
      return count(value);
    case 'count':
      return Number.isInteger(value) ? count(value) : short(value);
    case 'ratio':
      return percent(value);
    case 'cores':
      return `${short(value)} cores`;
  }
}

/** Spark's "2026-11-28T10:00:00.000GMT" as ms since 1970; undefined if there is none. */
export function sparkTime(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const at = Date.parse(text.replace(/GMT$/, 'Z'));
  return Number.isNaN(at) ? undefined : at;
}

function parts(at: number) {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return {
    day: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    clock: `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
    millis: String(date.getMilliseconds()).padStart(3, '0'),
  };
}

/** Local time: "2026-11-28 10:00:00". */
export function instant(at: number): string {
  const { day, clock } = parts(at);
  return `${day} ${clock}`;
}

/** Local time of day, with milliseconds if `fine`. */
export function clock(at: number, fine = false): string {
  const { clock, millis } = parts(at);
  return fine ? `${clock}.${millis}` : clock;
}

export function ago(at: number, now: number): string {
  const past = now - at;
  if (Math.abs(past) < 1000) return 'now';
  const coarse = duration(Math.round(Math.abs(past) / 1000) * 1000).replace(/(min|h|d) .*$/, '$1');
  return past > 0 ? `${coarse} ago` : `in ${coarse}`;
}
