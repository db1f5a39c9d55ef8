// Cerium. Licensed under the Apache License 2.0.
// The line of a long error text that says what went wrong. Stack traces of Python and Java bury it: Python's last line is
// the exception, and Java's last "Caused by:" is the first cause.

const kError = /^(?:Caused by: )?[A-Za-z_][\w.$:]*(?:Error|Exception|Interrupt|Exit|out_of_range|bad_alloc)\b:? ?.*$/;

/** Undefined if the text is short, or its first line says it already. */
export function rootError(text: string): string | undefined {
  const lines = text.split('\n');
  if (lines.length < 4) return undefined;
  const errors = lines.slice(1).filter(line => kError.test(line));
  return errors.pop()?.replace(/^Caused by: /, '');
}
