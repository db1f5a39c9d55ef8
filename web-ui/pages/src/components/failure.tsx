// Cerium. Licensed under the Apache License 2.0.
// A card for all equal failures: the error first, then where it happened, what it caused, and the last log lines.

import type { Schema } from '../api';
import { useHref } from '../session';
import { rootError } from '../root_error';
import { counted } from '../units';
import { ExecutorLink, JobLink, StageLink, TaskLink, Time } from './basics';
import { Long, Name } from './long';

type Failure = Schema<'Failure'>;

const kKinds: Record<Failure['kind'], string> = {
  userException: 'exception of the program',
  fetchFailed: 'lost shuffle output',
  engineFailure: 'failure of the engine',
  executorLost: 'lost executor',
  notSent: 'task could not be sent',
  cancelled: 'cancelled',
};

export function FailureCard({ of, open }: { of: Failure; open?: boolean }) {
  const root = rootError(of.message);
  return (
    <article class={`card failure ${of.endedJob ? 'high' : 'medium'}`}>
      <div class="card-head">
        <span class={`severity ${of.endedJob ? 'high' : 'medium'}`}>{kKinds[of.kind]}</span>
        <span class="dim">
          {of.endedJob ? 'ended its job' : 'the work was done again'}
          {of.count > 1 && ` · ${counted(of.count, 'equal failure')}`}
        </span>
      </div>
      {root && (
        <p class="error-text">
          <strong>
            <Long text={root} />
          </strong>
        </p>
      )}
      <p class={root ? 'error-more' : 'error-text'}>
        {of.errorType && (
          <strong>
            <Long text={of.errorType} />:{' '}
          </strong>
        )}
        <Long text={of.message} />
      </p>
      {of.resultOf && (
        <p>
          <Long text={of.resultOf} />
        </p>
      )}
      <Where of={of} />
      {of.chain.length > 0 && (
        <ol class="chain" aria-label="What led to what">
          {of.chain.map(step => (
            <li key={step}>
              <Long text={step} />
            </li>
          ))}
        </ol>
      )}
      {of.logLines.length > 0 && (
        <details open={open}>
          <summary>Last lines of the log</summary>
          <pre tabIndex={0}>{of.logLines.join('\n')}</pre>
          <LogLink of={of} />
        </details>
      )}
      {of.nativeStack.length > 0 && (
        <details open={open}>
          <summary>Stack</summary>
          <pre tabIndex={0}>{of.nativeStack.join('\n')}</pre>
        </details>
      )}
    </article>
  );
}

function Where({ of }: { of: Failure }) {
  const others = of.executorsTotal - 1;
  return (
    <dl class="figures small">
      {of.callSite && (
        <Item name="call">
          <Long text={of.callSite} limit={120} />
        </Item>
      )}
      {of.jobId !== undefined && (
        <Item name="job">
          <JobLink id={of.jobId} text={String(of.jobId)} />
        </Item>
      )}
      {of.stageId !== undefined && (
        <Item name="stage">
          <StageLink id={of.stageId} attempt={of.attemptId ?? 0} text={`${of.stageId}.${of.attemptId ?? 0}`} />
        </Item>
      )}
      {of.taskId !== undefined && of.stageId !== undefined && (
        <Item name={`task${of.index === undefined ? '' : `, partition ${of.index}`}`}>
          <TaskLink stage={of.stageId} attempt={of.attemptId ?? 0} task={of.taskId} text={String(of.taskId)} />
        </Item>
      )}
      {of.executorId !== undefined && (
        <Item name="executor">
          <ExecutorLink id={of.executorId} text={of.executorId} />
          {of.host && (
            <>
              {' '}
              on <Name text={of.host} />
            </>
          )}
          {others > 0 && <span class="dim"> and {others} more</span>}
        </Item>
      )}
      <Item name={of.count > 1 ? 'first' : 'at'}>
        <Time at={of.firstAt} />
      </Item>
      {of.count > 1 && (
        <Item name="last">
          <Time at={of.lastAt} />
        </Item>
      )}
    </dl>
  );
}

function Item({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function LogLink({ of }: { of: Failure }) {
  const href = useHref();
  if (of.executorId === undefined || of.logFile === undefined) return null;
  return <a href={href({ page: 'executor', id: of.executorId, view: 'logs', file: of.logFile })}>The whole log</a>;
}
