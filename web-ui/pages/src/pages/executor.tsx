// Cerium. Licensed under the Apache License 2.0.
// One executor: its state, charts of what it used, its logs, and what its threads do now.

import type { Arguments, Schema } from '../api';
import { Chart, type Line } from '../components/chart';
import { Empty, Figures, Loaded, State, TaskLink, Time } from '../components/basics';
import { FailureCard } from '../components/failure';
import { PageTitle } from '../components/layout';
import { Logs } from '../components/log';
import { Long, Name } from '../components/long';
import { UsageBar } from '../components/bar';
import { Views } from '../components/views';
import { useResource } from '../resource';
import { useParams } from '../router';
import { useAppId, useSession } from '../session';
import { bytes, count, duration } from '../units';
import { Cpu, Heartbeat } from './executors';

const kPath = '/api/cerium/v1/applications/{appId}/executors/{executorId}';

export function Executor() {
  const appId = useAppId();
  const params = useParams();
  const session = useSession();
  const executorId = params.id ?? '';
  const ids = { appId, executorId };
  const executor = useResource(kPath, ids, ['executors']);
  const failures = useResource('/api/cerium/v1/applications/{appId}/failures', ids, ['failures']);
  const view = params.view ?? 'charts';
  const isHistory = session.pages === 'history';
  return (
    <Loaded of={executor}>
      {data => (
        <>
          <PageTitle state={<State of={data.status} />}>
            {executorId === 'driver' ? 'Driver' : `Executor ${executorId}`}{' '}
            <span class="title-name">
              <Name text={`on ${data.host}`} />
            </span>
          </PageTitle>
          {data.deathReason && (
            <p class="problem">
              <span>
                <Long text={data.deathReason} />
              </span>
            </p>
          )}
          <Summary of={data} />
          {view === 'charts' && failures.data && failures.data.failures.length > 0 && (
            <div class="cards">
              {failures.data.failures.slice(0, 2).map(each => (
                <FailureCard key={each.id} of={each} />
              ))}
            </div>
          )}
          <Views
            views={[
              ['charts', 'Charts'],
              ['logs', 'Logs'],
              ['threads', 'Threads'],
            ]}
            current={view}
          />
          {view === 'logs' ? (
            <Logs list={`${kPath}/logs`} log={`${kPath}/log`} args={ids} />
          ) : view === 'threads' ? (
            isHistory || !data.isActive ? (
              <Empty>The process has ended. Stacks can be seen while it runs.</Empty>
            ) : (
              <Threads ids={ids} />
            )
          ) : (
            <Charts ids={ids} />
          )}
        </>
      )}
    </Loaded>
  );
}

function Summary({ of }: { of: Schema<'ExecutorRow'> }) {
  return (
    <Figures
      of={[
        ['Added', <Time at={of.addTime} />],
        ...(of.removeTime
          ? ([['Removed', <Time at={of.removeTime} />]] as [string, preact.ComponentChildren][])
          : ([['Heartbeat', <Heartbeat of={of} />]] as [string, preact.ComponentChildren][])),
        ['CPU cores', <Cpu of={of} />],
        [
          'Resident memory',
          of.rssBytes === undefined ? (
            '–'
          ) : (
            <UsageBar
              used={of.rssBytes}
              limit={of.rssLimitBytes}
              text={`${bytes(of.rssBytes)}${of.rssLimitBytes ? ` of ${bytes(of.rssLimitBytes)}` : ''}`}
            />
          ),
        ],
        ['Memory budget', bytes(of.memoryBudgetBytes ?? of.maxMemory), 'For operators and blocks'],
        ['Disk free', bytes(of.diskFreeBytes)],
        ['Tasks', `${count(of.completedTasks)} done, ${count(of.activeTasks)} run, ${count(of.failedTasks)} failed`],
        ['Time of tasks', duration(of.totalDuration)],
        ['Shuffle read', bytes(of.totalShuffleRead)],
        ['Shuffle written', bytes(of.totalShuffleWrite)],
        ['Process', of.pid ?? '–', 'The process id on its host'],
        ['Address', <Name text={of.hostPort} />],
      ]}
    />
  );
}

type SeriesName = Schema<'Series'>['name'];

function Charts({ ids }: { ids: { appId: string; executorId: string } }) {
  const { from, to } = useParams();
  const range = from && to ? { from: Number(from), to: Number(to) } : {};
  const series = useResource(`${kPath}/series`, { ...ids, ...range } as Arguments<`${typeof kPath}/series`>, [
    'executors',
  ]);
  return (
    <Loaded of={series}>
      {data => {
        if (data.at.length < 2)
          return <Empty>No measurements yet. An executor reports about once a second; logs of Spark hold none.</Empty>;
        const find = (name: SeriesName) => data.series.find(each => each.name === name);
        const line = (name: SeriesName, title: string, tone: string): Line[] => {
          const found = find(name);
          return found ? [{ title, tone, values: found.values }] : [];
        };
        const charts = [
          {
            title: 'CPU',
            unit: 'cores' as const,
            lines: line('cpu', 'in use', 'chart-1'),
            limit: find('cpu')?.limit,
            limitTitle: 'cores',
          },
          {
            title: 'Memory by use',
            unit: 'bytes' as const,
            stacked: true,
            lines: [
              ...line('other', 'program and engine', 'chart-4'),
              ...line('storage', 'cached blocks', 'chart-2'),
              ...line('execution', 'operators', 'chart-1'),
            ],
            limit: find('rss')?.limit,
            limitTitle: 'limit of the process',
          },
          { title: 'Tasks running', unit: 'count' as const, lines: line('tasks', 'tasks', 'chart-1') },
          {
            title: 'Network',
            unit: 'bytesPerSecond' as const,
            lines: [...line('networkRead', 'received', 'chart-1'), ...line('networkWrite', 'sent', 'chart-3')],
          },
          {
            title: 'Disk',
            unit: 'bytesPerSecond' as const,
            lines: [...line('diskRead', 'read', 'chart-1'), ...line('diskWrite', 'written', 'chart-3')],
          },
          {
            title: 'Spilled and shuffled data on disk',
            unit: 'bytes' as const,
            lines: line('scratch', 'on disk', 'chart-2'),
          },
        ];
        return (
          <>
            <p class="note">The charts share their cursor. Drag over one to select a range of time for all panels.</p>
            <div class="charts">
              {charts
                .filter(chart => chart.lines.length > 0)
                .map(({ limit, ...chart }) => (
                  <Chart key={chart.title} at={data.at} {...chart} {...(limit === undefined ? {} : { limit })} />
                ))}
            </div>
          </>
        );
      }}
    </Loaded>
  );
}

function Threads({ ids }: { ids: { appId: string; executorId: string } }) {
  const threads = useResource('/api/v1/applications/{appId}/executors/{executorId}/threads', ids);
  return (
    <>
      <p class="actions">
        <button type="button" onClick={threads.reload}>
          Look again
        </button>
      </p>
      <Loaded of={threads}>
        {data => (
          <div class="threads">
            {[...data]
              .sort((a, b) => Number(b.taskId !== undefined) - Number(a.taskId !== undefined))
              .map(thread => (
                <article key={thread.threadId} class="card">
                  <div class="card-head">
                    <strong>
                      <Name text={thread.threadName} />
                    </strong>
                    <span class="state plain">{thread.threadState.toLowerCase()}</span>
                    {thread.taskId !== undefined && thread.stageId !== undefined && (
                      <TaskLink stage={thread.stageId} attempt={thread.attemptId ?? 0} task={thread.taskId} />
                    )}
                  </div>
                  <pre tabIndex={0}>{thread.stackTrace.elems.join('\n')}</pre>
                </article>
              ))}
          </div>
        )}
      </Loaded>
    </>
  );
}
