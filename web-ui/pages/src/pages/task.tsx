// Cerium. Licensed under the Apache License 2.0.
// One task: where its time went, all its metrics, its error.

import type { Schema } from '../api';
import { Empty, ExecutorLink, Figures, Loaded, State, Time } from '../components/basics';
import { Long, Name } from '../components/long';
import { kMetrics, kTaskMetrics, metricTitle, ofTask } from '../components/metrics';
import { kPhases } from '../components/stream';
import { useResource } from '../resource';
import { currentParams, format } from '../router';
import { useHref } from '../session';
import { duration, percent, sparkTime } from '../units';

type Row = Schema<'TaskRow'>;

export function Task(ids: { appId: string; stageId: number; attemptId: number; taskId: number }) {
  const tasks = useResource('/api/cerium/v1/applications/{appId}/stages/{stageId}/{attemptId}/tasks', ids, ['tasks']);
  return (
    <section class="task-panel" aria-labelledby="task-title">
      <header class="section-head">
        <h2 id="task-title">Task {ids.taskId}</h2>
        <div class="actions">
          <a href={format({ ...currentParams(), task: undefined })}>Close</a>
        </div>
      </header>
      <Loaded of={tasks}>
        {data =>
          data.rows[0] ? (
            <Details of={data.rows[0]} />
          ) : (
            <Empty>The task is not in memory any more, or is not of this attempt.</Empty>
          )
        }
      </Loaded>
    </section>
  );
}

function Details({ of }: { of: Row }) {
  const href = useHref();
  const start = sparkTime(of.launchTime) ?? 0;
  const end = start + (of.duration ?? 0);
  const margin = Math.max(50, (of.duration ?? 0) * 0.3);
  const metrics = of.taskMetrics
    ? kTaskMetrics.filter(name => !/^(0 |–)/.test(ofTask(of, name)) && name !== 'duration' && ofTask(of, name) !== '0')
    : [];
  return (
    <>
      <Figures
        of={[
          ['State', <State of={of.status} />],
          ['Partition', of.index],
          ['Try', of.speculative ? `${of.attempt}, a copy of a slow task` : of.attempt],
          [
            'Executor',
            <>
              <ExecutorLink id={of.executorId} text={of.executorId} /> on <Name text={of.host} />
            </>,
          ],
          ['Started', <Time at={of.launchTime} />],
          ['Duration', duration(of.duration)],
          [
            'See',
            <span class="ids">
              <a href={href({ page: 'stream', from: Math.floor(start - margin), to: Math.ceil(end + margin) })}>
                task stream
              </a>
              <a
                href={href({
                  page: 'executor',
                  id: of.executorId,
                  view: 'logs',
                  find: `task ${of.index}.${of.attempt} `,
                })}
              >
                its log lines
              </a>
              {of.status === 'RUNNING' && (
                <a href={href({ page: 'executor', id: of.executorId, view: 'threads' })}>its stack now</a>
              )}
            </span>,
          ],
        ]}
      />
      {of.errorMessage && (
        <p class="error-text">
          {of.callSite && <strong>{of.callSite}: </strong>}
          <Long text={of.errorMessage} limit={2000} />
        </p>
      )}
      <Phases of={of} />
      <Figures of={metrics.map(name => [metricTitle(name), ofTask(of, name), kMetrics[name].help])} />
    </>
  );
}

/** Where the duration went. The parts are sums: a task computes and waits in turns. */
function Phases({ of }: { of: Row }) {
  const metrics = of.taskMetrics;
  if (!metrics || !of.duration) return null;
  const fetchWait = metrics.shuffleReadMetrics.fetchWaitTime;
  const shuffleWrite = metrics.shuffleWriteMetrics.writeTime / 1e6;
  const parts = [
    { phase: kPhases.schedulerDelay, ms: of.schedulerDelay },
    { phase: kPhases.deserialize, ms: metrics.executorDeserializeTime },
    { phase: kPhases.fetchWait, ms: fetchWait },
    { phase: kPhases.compute, ms: Math.max(0, metrics.executorRunTime - fetchWait - shuffleWrite) },
    { phase: kPhases.shuffleWrite, ms: shuffleWrite },
    { phase: kPhases.resultSerialization, ms: metrics.resultSerializationTime + of.gettingResultTime },
  ].filter(part => part.ms > 0);
  const whole = Math.max(
    of.duration,
    parts.reduce((sum, part) => sum + part.ms, 0),
  );
  const text = parts.map(part => `${part.phase.text} ${duration(part.ms)}`).join(', ');
  return (
    <figure class="phases">
      <figcaption>Where the time went</figcaption>
      <div class="phase-bar" role="img" aria-label={text}>
        {parts.map(part => (
          <span
            key={part.phase.text}
            class={part.phase.tone}
            style={{ width: `${(100 * part.ms) / whole}%` }}
            title={`${part.phase.text}: ${duration(part.ms)}, ${percent(part.ms / whole)}`}
          />
        ))}
      </div>
      <ul class="legend">
        {parts.map(part => (
          <li key={part.phase.text}>
            <span class={`swatch ${part.phase.tone}`} /> {part.phase.text} <b>{duration(part.ms)}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}
