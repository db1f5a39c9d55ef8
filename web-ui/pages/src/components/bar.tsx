// Cerium. Licensed under the Apache License 2.0.
// Bars: progress of tasks, and a part of a limit.

import { count, percent } from '../units';

interface Tasks {
  total: number;
  done: number;
  running: number;
  failed: number;
  skipped?: number;
}

const width = (part: number, total: number) => ({ width: `${Math.min(100, (100 * part) / Math.max(total, 1))}%` });

/** "412 / 1,000", above a bar of succeeded and running tasks; failed attempts are told beside it. */
export function TaskBar({ total, done, running, failed, skipped = 0 }: Tasks) {
  const failures = failed > 0 ? `, ${count(failed)} failed` : '';
  const what = skipped > 0 && done === 0 ? `${count(skipped)} skipped` : `${count(done)} / ${count(total)}`;
  const label = `${count(done)} of ${count(total)} tasks succeeded, ${count(running)} run${failures}`;
  return (
    <div class="task-bar" role="img" aria-label={label} title={label}>
      <div class="task-bar-text">
        <span>{what}</span>
        {failed > 0 && <span class="bad-text">{count(failed)} failed</span>}
      </div>
      <div class="bar">
        <span class="fill good" style={width(done, total)} />
        <span class="fill run" style={width(running, total)} />
      </div>
    </div>
  );
}

/** A part of a limit: the text, and a bar that warns from 75 % on and is red from 90 % on, unless it is `calm`. */
export function UsageBar({
  used,
  limit,
  text,
  calm,
}: {
  used: number | undefined;
  limit: number | undefined;
  text: string;
  calm?: boolean;
}) {
  if (used === undefined) return <span class="dim">–</span>;
  if (!limit) return <span>{text}</span>;
  const ratio = used / limit;
  const tone = calm ? 'run' : ratio >= 0.9 ? 'bad' : ratio >= 0.75 ? 'warn' : 'neutral';
  return (
    <div class="task-bar" title={`${text}, ${percent(ratio)}`}>
      <div class="task-bar-text">{text}</div>
      <div class="bar" role="img" aria-label={percent(ratio)}>
        <span class={`fill ${tone}`} style={width(used, limit)} />
      </div>
    </div>
  );
}
