// Cerium. Licensed under the Apache License 2.0.
// One worker: its executors and drivers, how they ended, and their logs.

import { useEffect } from 'preact/hooks';
import type { Schema } from '../api';
import { Empty, Figures, Loaded, Section, State, Time } from '../components/basics';
import { UsageBar } from '../components/bar';
import { Layout, PageTitle } from '../components/layout';
import { Logs } from '../components/log';
import { Name } from '../components/long';
import { PlainTable } from '../components/table';
import { changesOf, live } from '../live';
import { useResource } from '../resource';
import { useParams } from '../router';
import { useHref } from '../session';
import { bytes, count, duration } from '../units';

const dash = <span class="dim">–</span>;

export function Worker() {
  const worker = useResource('/api/cerium/v1/worker', {}, ['cluster']);
  const { child } = useParams();
  const href = useHref();
  useEffect(() => {
    document.title = 'Worker · Cerium';
    live.open(changesOf(null));
    return () => live.close();
  }, []);
  return (
    <Layout tabs={[]} title={<strong>Worker</strong>}>
      <Loaded of={worker}>
        {data => (
          <>
            <PageTitle state={<State of={data.status} />}>
              {data.id}{' '}
              <span class="title-name">
                <Name text={`on ${data.host}:${data.port}`} />
              </span>
            </PageTitle>
            <Figures
              of={[
                [
                  'Manager',
                  data.managerUi ? <a href={data.managerUi}>{data.manager}</a> : <Name text={data.manager} />,
                ],
                [
                  'Cores in use',
                  <UsageBar
                    calm
                    used={data.coresUsed}
                    limit={data.cores}
                    text={`${count(data.coresUsed)} of ${count(data.cores)}`}
                  />,
                ],
                [
                  'Memory in use',
                  <UsageBar
                    calm
                    used={data.memoryUsedBytes}
                    limit={data.memoryBytes}
                    text={`${bytes(data.memoryUsedBytes)} of ${bytes(data.memoryBytes)}`}
                  />,
                ],
              ]}
            />
            <Section title="Executors">
              {data.executors.length === 0 ? (
                <Empty>
                  The worker has started no executor. The manager asks it to when an application needs cores.
                </Empty>
              ) : (
                <Children of={data.executors} now={data.now} what="Executor" />
              )}
            </Section>
            <Section title="Drivers">
              {data.drivers.length === 0 ? (
                <Empty>The worker has started no driver. Drivers come here with cerium submit.</Empty>
              ) : (
                <Children of={data.drivers} now={data.now} what="Driver" />
              )}
            </Section>
            {child && (
              <Section title={`Logs of ${child}`} id="logs" actions={<a href={href({})}>Close</a>}>
                <Logs
                  list="/api/cerium/v1/worker/logs/{executorId}"
                  log="/api/cerium/v1/worker/log/{executorId}"
                  args={{ executorId: child }}
                />
              </Section>
            )}
          </>
        )}
      </Loaded>
    </Layout>
  );
}

function Children({ of, now, what }: { of: Schema<'WorkerChild'>[]; now: number; what: string }) {
  const href = useHref();
  const ended = (row: Schema<'WorkerChild'>) =>
    [row.signal ?? (row.exitStatus === undefined ? '' : `exit status ${row.exitStatus}`), row.reason ?? '']
      .filter(Boolean)
      .join(': ');
  return (
    <PlainTable
      label={`${what}s`}
      rows={of}
      rowKey={row => row.key}
      rowClass={row => (row.status === 'EXITED' ? 'gone' : '')}
      columns={[
        { title: what, cell: row => (row.uiPath ? <a href={row.uiPath}>{row.id}</a> : row.id) },
        ...(what === 'Executor'
          ? [{ title: 'Application', cell: (row: Schema<'WorkerChild'>) => row.appId ?? dash }]
          : [{ title: 'Name', cell: (row: Schema<'WorkerChild'>) => <Name text={row.name ?? ''} /> }]),
        { title: 'State', cell: row => <State of={row.status} /> },
        {
          title: 'How it ended',
          wide: true,
          cell: row => (row.status === 'EXITED' ? <Name text={ended(row)} /> : dash),
        },
        { title: 'Cores', number: true, cell: row => count(row.cores) },
        { title: 'Memory', number: true, cell: row => bytes(row.memoryBytes) },
        { title: 'Process', number: true, cell: row => row.pid ?? dash },
        { title: 'Started', cell: row => <Time at={row.startedAt} now={now} /> },
        {
          title: 'Duration',
          number: true,
          cell: row => (row.startedAt === undefined ? dash : duration((row.endedAt ?? now) - row.startedAt)),
        },
        { title: 'Logs', cell: row => <a href={href({ child: row.key })}>logs</a> },
      ]}
    />
  );
}
