// Cerium. Licensed under the Apache License 2.0.
// Small parts of all pages: states, times, messages, figures, links to ids.

import type { ComponentChildren } from 'preact';
import { useEffect, useErrorBoundary, useState } from 'preact/hooks';
import type { Schema } from '../api';
import { serverNow } from '../live';
import type { Resource } from '../resource';
import { useHref } from '../session';
import { Name } from './long';
import { ago, clock, count, instant, sparkTime } from '../units';

/** States by how they are shown; any other state is shown neutrally. */
const kTones: Record<string, string> = {
  RUNNING: 'run',
  ACTIVE: 'run',
  LAUNCHING: 'run',
  RECOVERING: 'warn',
  SUCCEEDED: 'good',
  SUCCESS: 'good',
  COMPLETE: 'good',
  FINISHED: 'good',
  ALIVE: 'good',
  FAILED: 'bad',
  DEAD: 'bad',
  LOST: 'bad',
  ERROR: 'bad',
  KILLED: 'warn',
  CANCELLED: 'warn',
  EXCLUDED: 'warn',
  LEAVING: 'warn',
  INCOMPLETE: 'warn',
  WAITING: 'warn',
  DECOMMISSIONING: 'warn',
  UNREGISTERED: 'warn',
  ENDING: 'warn',
};

export function State({ of, cancelled }: { of: string; cancelled?: boolean }) {
  const state = cancelled ? 'CANCELLED' : of;
  return <span class={`state ${kTones[state] ?? 'plain'}`}>{state.toLowerCase()}</span>;
}

/** The present time, every second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** An instant: the local time, and how long ago that is. `at` is in ms since 1970 or Spark's text. */
export function Time({
  at,
  relative = true,
  now,
}: {
  at: number | string | null | undefined;
  relative?: boolean;
  now?: number;
}) {
  const ms = typeof at === 'string' ? sparkTime(at) : at;
  if (ms == null) return <span class="dim">–</span>;
  const reference = now ?? serverNow();
  const sameDay = instant(ms).slice(0, 10) === instant(reference).slice(0, 10);
  return (
    <time dateTime={new Date(ms).toISOString()} title={`${new Date(ms).toISOString()} · ${ago(ms, reference)}`}>
      {sameDay ? clock(ms) : instant(ms).slice(0, 16)}
      {relative && <span class="dim"> {ago(ms, reference)}</span>}
    </time>
  );
}

export function Section(props: {
  title: string;
  id?: string;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  const id = props.id ?? props.title.toLowerCase().replace(/\W+/g, '-');
  return (
    <section aria-labelledby={id}>
      <header class="section-head">
        <h2 id={id}>{props.title}</h2>
        {props.note && <p class="note">{props.note}</p>}
        {props.actions && <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </section>
  );
}

/** What would fill the place. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Problem({ message, retry }: { message: string; retry?: () => void }) {
  return (
    <div class="problem" role="alert">
      <span>{message}</span>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Shows a mistake of the page itself instead of half a page. */
export function Guard({ children }: { children: ComponentChildren }) {
  const [error] = useErrorBoundary(thrown => console.error(thrown));
  if (!error) return <>{children}</>;
  return (
    <Problem
      message={`This page has a mistake: ${error}. Load it again, and please report it.`}
      retry={() => location.reload()}
    />
  );
}

/** The answer of a resource, or what there is instead of it. */
export function Loaded<T>({ of, children }: { of: Resource<T>; children: (data: T) => ComponentChildren }) {
  if (of.data === undefined && of.error) return <Problem message={of.error.message} retry={of.reload} />;
  if (of.data === undefined)
    return (
      <p class="loading" aria-busy="true">
        Loading…
      </p>
    );
  return (
    <>
      {of.error && <Problem message={`Not up to date. ${of.error.message}`} retry={of.reload} />}
      {children(of.data)}
    </>
  );
}

/** Figures with their names, side by side. */
export function Figures({ of }: { of: [name: string, value: ComponentChildren, title?: string][] }) {
  return (
    <dl class="figures">
      {of.map(([name, value, title]) => (
        <div key={name} title={title}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function JobLink({ id, text }: { id: number; text?: string }) {
  const href = useHref();
  return <a href={href({ page: 'job', id })}>{text ?? `job ${id}`}</a>;
}

export function StageLink({ id, attempt, text }: { id: number; attempt: number; text?: string }) {
  const href = useHref();
  return <a href={href({ page: 'stage', id, attempt })}>{text ?? `stage ${id}${attempt > 0 ? `.${attempt}` : ''}`}</a>;
}

export function TaskLink({
  stage,
  attempt,
  task,
  text,
}: {
  stage: number;
  attempt: number;
  task: number;
  text?: string;
}) {
  const href = useHref();
  return <a href={href({ page: 'stage', id: stage, attempt, task })}>{text ?? `task ${task}`}</a>;
}

export function ExecutorLink({ id, text }: { id: string; text?: string }) {
  const href = useHref();
  return <a href={href({ page: 'executor', id })}>{text ?? (id === 'driver' ? 'driver' : `executor ${id}`)}</a>;
}

export function RddLink({ id, text }: { id: number; text?: string }) {
  const href = useHref();
  return <a href={href({ page: 'storage', rdd: id })}>{text ?? `RDD ${id}`}</a>;
}

/** The evidence of a finding. */
export function EvidenceLink({ of }: { of: Schema<'Link'> }) {
  const href = useHref();
  const targets = {
    job: { page: 'job', id: of.jobId },
    stage: { page: 'stage', id: of.stageId, attempt: of.attemptId ?? 0 },
    task: { page: 'stage', id: of.stageId, attempt: of.attemptId ?? 0, task: of.taskId },
    executor: { page: 'executor', id: of.executorId },
    rdd: { page: 'storage', rdd: of.rddId },
    environment: { page: 'environment' },
    failures: { page: 'failures' },
    taskstream: { page: 'stream', from: of.from, to: of.until },
  };
  return (
    <a href={href(targets[of.to])}>
      <Name text={of.text} />
    </a>
  );
}

/** "1 more", "12,004 more", for lists that are cut. */
export function CutNote({ shown, total, what }: { shown: number; total: number; what: string }) {
  if (shown >= total) return null;
  return (
    <p class="note">
      Showing {count(shown)} of {count(total)} {what}.
    </p>
  );
}
