// Cerium. Licensed under the Apache License 2.0.
// The driver and all executors: how each is, what it holds, and why it went.

import type { Schema } from '../api';
import { ExecutorLink, State, Time } from '../components/basics';
import { UsageBar } from '../components/bar';
import { PageTitle } from '../components/layout';
import { Long, Name } from '../components/long';
import { DataTable } from '../components/table';
import { useAppId } from '../session';
import { bytes, count, duration, figure } from '../units';

type Row = Schema<'ExecutorRow'>;

/** A heartbeat that is older than this is marked. */
export const kOldHeartbeatMs = 3000;

const dash = <span class="dim">–</span>;

export function Heartbeat({ of }: { of: Row }) {
  if (of.heartbeatAgeMs === undefined) return dash;
  const text = duration(of.heartbeatAgeMs);
  return of.heartbeatAgeMs > kOldHeartbeatMs ? <span class="warn-text">{text}</span> : <>{text}</>;
}

export function Cpu({ of }: { of: Row }) {
  if (of.cpuCores === undefined) return dash;
  if (of.totalCores === 0) return <>{figure(of.cpuCores, 'cores')}</>;
  return (
    <div class="task-bar">
      <div class="task-bar-text">{`${of.cpuCores.toFixed(1)} of ${of.totalCores}`}</div>
      <div class="bar">
        <span class="fill run" style={{ width: `${Math.min(100, (100 * of.cpuCores) / of.totalCores)}%` }} />
      </div>
    </div>
  );
}

export function Executors() {
  const appId = useAppId();
  return (
    <>
      <PageTitle>Executors</PageTitle>
      <DataTable
        label="Executors"
        path="/api/cerium/v1/applications/{appId}/executors"
        args={{ appId }}
        topics={['executors', 'tasks']}
        rowKey={row => row.id}
        rowClass={row => (row.status === 'DEAD' ? 'gone' : '')}
        sort="id"
        searchable="Search executors"
        filters={[{ name: 'status', title: 'state', options: ['ALIVE', 'LEAVING', 'EXCLUDED', 'DEAD'] }]}
        empty="No executor yet. Executors appear when they have registered with the driver."
        columns={[
          { title: 'Executor', sort: 'id', narrow: true, cell: row => <ExecutorLink id={row.id} text={row.id} /> },
          { title: 'Host', sort: 'host', cell: row => <Name text={row.host} /> },
          { title: 'State', sort: 'status', cell: row => <Status of={row} /> },
          {
            title: 'Heartbeat',
            sort: 'heartbeatAgeMs',
            help: 'How long ago the last one came',
            number: true,
            cell: row => <Heartbeat of={row} />,
          },
          { title: 'CPU cores', sort: 'cpuCores', cell: row => <Cpu of={row} /> },
          {
            title: 'Resident memory',
            sort: 'rssBytes',
            help: 'Of the process, of its limit',
            cell: row =>
              row.rssBytes === undefined ? (
                dash
              ) : (
                <UsageBar
                  used={row.rssBytes}
                  limit={row.rssLimitBytes}
                  text={
                    row.rssLimitBytes ? `${bytes(row.rssBytes)} of ${bytes(row.rssLimitBytes)}` : bytes(row.rssBytes)
                  }
                />
              ),
          },
          {
            title: 'Memory held',
            sort: 'executionBytes',
            help: 'Memory that operators and cached blocks hold now',
            number: true,
            cell: row => <MemoryHeld of={row} />,
          },
          {
            title: 'Disk',
            sort: 'scratchBytes',
            number: true,
            help: 'Spilled and shuffled data on disk',
            cell: row => (row.scratchBytes ? bytes(row.scratchBytes) : dash),
          },
          {
            title: 'Network',
            sort: 'networkReadBytesPerSecond',
            number: true,
            help: 'Received and sent in a second',
            cell: row =>
              row.networkReadBytesPerSecond === undefined ? (
                dash
              ) : (
                <Pair
                  a={[`${bytes(row.networkReadBytesPerSecond)}/s`, 'in']}
                  b={[`${bytes(row.networkWriteBytesPerSecond)}/s`, 'out']}
                />
              ),
          },
          {
            title: 'Tasks',
            sort: 'completedTasks',
            number: true,
            help: 'Running, done, failed',
            cell: row => <Tasks of={row} />,
          },
          {
            title: 'Shuffle',
            sort: 'totalShuffleRead',
            number: true,
            help: 'Read and written',
            cell: row =>
              row.totalShuffleRead + row.totalShuffleWrite === 0 ? (
                dash
              ) : (
                <Pair a={[bytes(row.totalShuffleRead), 'read']} b={[bytes(row.totalShuffleWrite), 'write']} />
              ),
          },
        ]}
      />
    </>
  );
}

type Figure = [value: string, name: string];

function Pair({ a, b }: { a: Figure; b: Figure }) {
  return (
    <>
      {[a, b].map(([value, name]) => (
        <div key={name}>
          {value} <small>{name}</small>
        </div>
      ))}
    </>
  );
}

function MemoryHeld({ of }: { of: Row }) {
  if (!of.isActive) return dash;
  const blocks: Figure = [bytes(of.storageBytes ?? of.memoryUsed), 'blocks'];
  return of.executionBytes === undefined ? (
    <>
      {blocks[0]} <small>{blocks[1]}</small>
    </>
  ) : (
    <Pair a={[bytes(of.executionBytes), 'operators']} b={blocks} />
  );
}

function Status({ of }: { of: Row }) {
  const reason = of.deathReason ?? of.removeReason;
  return (
    <>
      <State of={of.status} />
      {of.status === 'DEAD' && reason && (
        <div class="reason">
          <Long text={reason} limit={160} />
        </div>
      )}
      {of.removeTime && (
        <div class="dim">
          <Time at={of.removeTime} />
        </div>
      )}
    </>
  );
}

function Tasks({ of }: { of: Row }) {
  if (of.totalTasks === 0) return dash;
  return (
    <>
      <div>
        {count(of.completedTasks)} <small>done</small>
      </div>
      {of.activeTasks > 0 && (
        <div>
          {count(of.activeTasks)} <small>run</small>
          {of.failedTasks > 0 && <span class="bad-text">, {count(of.failedTasks)} failed</span>}
        </div>
      )}
      {of.activeTasks === 0 && of.failedTasks > 0 && <div class="bad-text">{count(of.failedTasks)} failed</div>}
    </>
  );
}
