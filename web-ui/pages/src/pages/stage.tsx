// Cerium. Licensed under the Apache License 2.0.
// One attempt of a stage: the distribution of every metric, its tasks, executors, shuffle, and when the tasks ran.

import type { ComponentChildren } from 'preact';
import type { Arguments, Schema } from '../api';
import {
  Empty,
  ExecutorLink,
  Figures,
  JobLink,
  Loaded,
  Section,
  StageLink,
  State,
  TaskLink,
  Time,
} from '../components/basics';
import { TaskBar } from '../components/bar';
import { ChangeButton } from '../components/confirm';
import { FailureCard } from '../components/failure';
import { Findings } from '../components/findings';
import { HeatMap } from '../components/heatmap';
import { PageTitle } from '../components/layout';
import { Long, Name } from '../components/long';
import { Quantiles } from '../components/quantiles';
import { TaskStream } from '../components/stream';
import { PlainTable } from '../components/table';
import { Views } from '../components/views';
import { useResource } from '../resource';
import { useParams } from '../router';
import { useAppId } from '../session';
import { bytes, count, duration } from '../units';
import { Task } from './task';
import { TaskTable } from './tasks';

const kStagePath = '/api/cerium/v1/applications/{appId}/stages/{stageId}/{attemptId}';

export function Stage() {
  const appId = useAppId();
  const params = useParams();
  const stageId = Number(params.id);
  const attemptId = Number(params.attempt ?? 0);
  const ids = { appId, stageId, attemptId };
  const stage = useResource(kStagePath, ids, ['stages', 'tasks']);
  const view = params.view ?? 'tasks';
  return (
    <Loaded of={stage}>
      {data => (
        <>
          <PageTitle
            state={<State of={data.status} cancelled={data.cancelled} />}
            actions={
              data.status === 'ACTIVE' && (
                <ChangeButton
                  text="Cancel"
                  question={`Cancel stage ${stageId}? All jobs that need it are cancelled.`}
                  path="/api/cerium/v1/applications/{appId}/stages/{stageId}/cancel"
                  args={{ appId, stageId }}
                  done={stage.reload}
                />
              )
            }
          >
            Stage {stageId}{' '}
            <span class="title-name">
              <Name text={data.name} />
            </span>
          </PageTitle>
          <Summary of={data} />
          {params.task !== undefined && <Task {...ids} taskId={Number(params.task)} />}
          <Troubles of={data} ids={ids} />
          <Views
            views={[
              ['tasks', 'Metrics and tasks'],
              ['executors', 'Executors'],
              ['shuffle', 'Shuffle'],
              ['stream', 'Task stream'],
            ]}
            current={view}
          />
          {data.status === 'SKIPPED' ? (
            <Empty>The stage did not run, because its output was still there from an earlier job.</Empty>
          ) : view === 'shuffle' ? (
            <Shuffle of={data} ids={ids} />
          ) : view === 'stream' ? (
            <TaskStream stage={stageId} attempt={attemptId} />
          ) : (
            <MetricsView ids={ids} view={view} hasErrors={data.numFailedTasks + data.numKilledTasks > 0} />
          )}
        </>
      )}
    </Loaded>
  );
}

interface Ids {
  appId: string;
  stageId: number;
  attemptId: number;
}

function Summary({ of }: { of: Schema<'StageRow'> }) {
  const some = (name: string, value: number): [string, ComponentChildren][] =>
    value > 0 ? [[name, bytes(value)]] : [];
  return (
    <Figures
      of={[
        [of.status === 'ACTIVE' ? 'Runs for' : 'Took', duration(of.durationMs)],
        ['Started', <Time at={of.submissionTime} />],
        [
          'Tasks',
          <TaskBar
            total={of.numTasks}
            done={of.numCompleteTasks}
            running={of.numActiveTasks}
            failed={of.numFailedTasks}
          />,
        ],
        ...(of.remainingMs === undefined
          ? []
          : ([['Time left', `about ${duration(Math.round(of.remainingMs / 1000) * 1000)}`]] as [string, string][])),
        ['Time of tasks', duration(of.executorRunTime), 'Run time, summed over the tasks'],
        ['CPU time', duration(of.executorCpuTime / 1e6), 'Processor time, summed over the tasks'],
        ...some('Input', of.inputBytes),
        ...some('Shuffle read', of.shuffleReadBytes),
        ...some('Shuffle written', of.shuffleWriteBytes),
        ...some('Spilled', of.diskBytesSpilled),
        ...some('Output', of.outputBytes),
        [
          of.jobIds.length > 1 ? 'Jobs' : 'Job',
          <span class="ids">
            {of.jobIds.map(id => (
              <JobLink key={id} id={id} text={String(id)} />
            ))}
          </span>,
        ],
        ...(of.parentIds.length === 0
          ? []
          : ([
              [
                'Reads from',
                <span class="ids">
                  {of.parentIds.map(id => (
                    <StageLink key={id} id={id} attempt={0} />
                  ))}
                </span>,
              ],
            ] as [string, ComponentChildren][])),
        ...(of.attempts < 2
          ? []
          : ([
              [
                'Attempts',
                <span class="ids">
                  {Array.from({ length: of.attempts }, (_, i) =>
                    i === of.attemptId ? (
                      <b key={i}>{i}</b>
                    ) : (
                      <StageLink key={i} id={of.stageId} attempt={i} text={String(i)} />
                    ),
                  )}
                </span>,
              ],
            ] as [string, ComponentChildren][])),
      ]}
    />
  );
}

function Troubles({ of, ids }: { of: Schema<'StageRow'>; ids: Ids }) {
  const { appId, stageId } = ids;
  const findings = useResource('/api/cerium/v1/applications/{appId}/findings', { appId, stageId }, ['findings']);
  const failures = useResource('/api/cerium/v1/applications/{appId}/failures', { appId, stageId }, ['failures']);
  const own = failures.data?.failures.filter(each => (each.attemptId ?? 0) === ids.attemptId) ?? [];
  const found = findings.data?.findings.filter(each => (each.attemptId ?? 0) === ids.attemptId) ?? [];
  return (
    <>
      {of.failureReason && own.length === 0 && (
        <p class="problem">
          <span>
            <Long text={of.failureReason} limit={1000} />
          </span>
        </p>
      )}
      {own.length + found.length > 0 && (
        <Section title={own.length === 0 ? 'Diagnosis' : 'Failures and findings'}>
          {own.length > 0 && (
            <div class="cards">
              {own.map(each => (
                <FailureCard key={each.id} of={each} />
              ))}
            </div>
          )}
          {found.length > 0 && <Findings of={found} />}
        </Section>
      )}
    </>
  );
}

function MetricsView({ ids, view, hasErrors }: { ids: Ids; view: string; hasErrors: boolean }) {
  const metrics = useResource(`${kStagePath}/metrics`, ids, ['tasks']);
  return (
    <Loaded of={metrics}>
      {data =>
        view === 'executors' ? (
          <ExecutorTable of={data.executors} />
        ) : (
          <>
            <Section title="Metrics" note={`Over the ${count(data.tasks)} tasks that succeeded.`}>
              <Quantiles of={data} stage={ids.stageId} attempt={ids.attemptId} />
            </Section>
            <Section title="Tasks">
              <TaskTable
                ids={ids}
                metrics={data.metrics.map(metric => metric.name)}
                executors={data.executors.map(each => each.executorId)}
                hasErrors={hasErrors}
              />
            </Section>
          </>
        )
      }
    </Loaded>
  );
}

function ExecutorTable({ of }: { of: Schema<'ExecutorOfStage'>[] }) {
  if (of.length === 0) return <Empty>No executor has run a task of this stage yet.</Empty>;
  const figure = (value: number) => (value ? bytes(value) : <span class="dim">–</span>);
  return (
    <Section title="Executors of the stage" note="Time of tasks is summed over the tasks that ran on the executor.">
      <PlainTable
        label="Executors of the stage"
        rows={of}
        rowKey={row => row.executorId}
        columns={[
          { title: 'Executor', cell: row => <ExecutorLink id={row.executorId} text={row.executorId} /> },
          { title: 'Host', cell: row => <Name text={row.host} /> },
          { title: 'Time of tasks', number: true, cell: row => duration(row.taskTime) },
          { title: 'Succeeded', number: true, cell: row => count(row.succeededTasks) },
          {
            title: 'Failed',
            number: true,
            cell: row =>
              row.failedTasks ? <span class="bad-text">{count(row.failedTasks)}</span> : <span class="dim">–</span>,
          },
          {
            title: 'Killed',
            number: true,
            cell: row => (row.killedTasks ? count(row.killedTasks) : <span class="dim">–</span>),
          },
          {
            title: 'Mean task',
            number: true,
            cell: row => duration(row.taskTime / Math.max(1, row.succeededTasks + row.failedTasks + row.killedTasks)),
          },
          { title: 'Input', number: true, cell: row => figure(row.inputBytes) },
          { title: 'Shuffle read', number: true, cell: row => figure(row.shuffleRead) },
          { title: 'Shuffle write', number: true, cell: row => figure(row.shuffleWrite) },
          { title: 'Spilled', number: true, cell: row => figure(row.diskBytesSpilled) },
          { title: 'Output', number: true, cell: row => figure(row.outputBytes) },
        ]}
      />
    </Section>
  );
}

function Shuffle({ of, ids }: { of: Schema<'StageRow'>; ids: Ids }) {
  const params = useParams();
  const side = (params.side ?? (of.writesShuffle ? 'write' : 'read')) as 'read' | 'write';
  const heat = useResource(`${kStagePath}/shuffle`, { ...ids, side } as Arguments<`${typeof kStagePath}/shuffle`>, [
    'stages',
  ]);
  if (!of.readsShuffle && !of.writesShuffle)
    return (
      <Empty>
        The stage neither reads nor writes a shuffle. Operations such as reduceByKey and join make shuffles.
      </Empty>
    );
  return (
    <Section title={side === 'write' ? 'The shuffle that it writes' : 'The shuffle that it reads'}>
      {of.readsShuffle && of.writesShuffle && (
        <Views
          name="side"
          views={[
            ['read', 'Reads'],
            ['write', 'Writes'],
          ]}
          current={side}
        />
      )}
      <Loaded of={heat}>
        {data =>
          data.known ? (
            <div class="split">
              <HeatMap of={data} />
              <LargestPartitions of={data} />
            </div>
          ) : (
            <Empty>{data.reason ?? 'The sizes are not known.'}</Empty>
          )
        }
      </Loaded>
    </Section>
  );
}

function LargestPartitions({ of }: { of: Schema<'ShuffleHeat'> }) {
  if (of.largest.length === 0) return null;
  const mean = of.totalBytes / Math.max(of.reduces, 1);
  return (
    <div>
      <h3>Largest reduce partitions</h3>
      <PlainTable
        label="Largest reduce partitions"
        rows={of.largest}
        rowKey={row => row.partition}
        columns={[
          { title: 'Partition', number: true, narrow: true, cell: row => count(row.partition) },
          { title: 'Size', number: true, cell: row => bytes(row.bytes) },
          { title: 'Of the mean', number: true, cell: row => `${(row.bytes / Math.max(mean, 1)).toFixed(1)} ×` },
          {
            title: 'Read by',
            cell: row =>
              row.taskId === undefined || row.stageId === undefined ? (
                <span class="dim">–</span>
              ) : (
                <TaskLink stage={row.stageId} attempt={row.attemptId ?? 0} task={row.taskId} />
              ),
          },
        ]}
      />
    </div>
  );
}
