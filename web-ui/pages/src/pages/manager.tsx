// Cerium. Licensed under the Apache License 2.0.
// The manager: workers, applications, drivers, what is free, and what waits and why.

import { useEffect } from 'preact/hooks';
import type { Schema } from '../api';
import { Empty, Figures, Loaded, Section, State, Time } from '../components/basics';
import { UsageBar } from '../components/bar';
import { ChangeButton } from '../components/confirm';
import { Layout, PageTitle } from '../components/layout';
import { Long, Name } from '../components/long';
import { PlainTable } from '../components/table';
import { changesOf, live } from '../live';
import { useResource, type Resource } from '../resource';
import { bytes, count, counted, duration } from '../units';

type Data = Schema<'Cluster'>;
type Application = Schema<'ClusterApplication'>;
const dash = <span class="dim">–</span>;

export function Manager() {
  const cluster = useResource('/api/cerium/v1/cluster', {}, ['cluster']);
  useEffect(() => {
    document.title = 'Cluster · Cerium';
    live.open(changesOf(null));
    return () => live.close();
  }, []);
  return (
    <Layout tabs={[]} title={<strong>Manager</strong>}>
      <Loaded of={cluster}>{data => <Contents of={data} resource={cluster} />}</Loaded>
    </Layout>
  );
}

function Contents({ of, resource }: { of: Data; resource: Resource<Data> }) {
  const alive = of.workers.filter(worker => worker.status === 'ALIVE').length;
  const active = of.applications.filter(application => application.endedAt === null);
  const ended = of.applications.filter(application => application.endedAt !== null);
  return (
    <>
      <PageTitle state={<State of={of.status} />}>
        Cluster{' '}
        <span class="title-name">
          <Name text={of.url} />
        </span>
      </PageTitle>
      {of.status !== 'ALIVE' && (
        <p class="notes">
          {of.status === 'STANDBY'
            ? 'This manager waits until the one in charge ends. It places nothing.'
            : 'This manager reads its journal and waits for workers and drivers to register again.'}
        </p>
      )}
      <Figures
        of={[
          ['Workers', `${alive} of ${of.workers.length} alive`],
          [
            'Cores in use',
            <UsageBar
              calm
              used={of.coresUsed}
              limit={of.cores}
              text={`${count(of.coresUsed)} of ${count(of.cores)}, ${count(of.cores - of.coresUsed)} free`}
            />,
          ],
          [
            'Memory in use',
            <UsageBar
              calm
              used={of.memoryUsedBytes}
              limit={of.memoryBytes}
              text={`${bytes(of.memoryUsedBytes)} of ${bytes(of.memoryBytes)}, ${bytes(of.memoryBytes - of.memoryUsedBytes)} free`}
            />,
          ],
          ['Running', count(active.filter(each => each.status === 'RUNNING').length)],
          ['Waiting', count(active.filter(each => each.waits !== '').length)],
        ]}
      />
      <Section title="Applications">
        {active.length === 0 ? (
          <Empty>No application runs. Start one with --master {of.url}, or with cerium submit.</Empty>
        ) : (
          <Applications of={active} now={of.now} reload={resource.reload} />
        )}
      </Section>
      <Section title="Workers">
        {of.workers.length === 0 ? (
          <Empty>No worker has registered. Start one on each machine: cerium worker {of.url}</Empty>
        ) : (
          <Workers of={of} reload={resource.reload} />
        )}
      </Section>
      <Section title="Drivers" note="Programs that the cluster runs (cerium submit).">
        {of.drivers.length === 0 ? (
          <Empty>No driver was submitted.</Empty>
        ) : (
          <Drivers of={of} reload={resource.reload} />
        )}
      </Section>
      {ended.length > 0 && (
        <Section title="Ended applications">
          <Applications of={ended} now={of.now} reload={resource.reload} />
        </Section>
      )}
    </>
  );
}

function Applications({ of, now, reload }: { of: Application[]; now: number; reload: () => void }) {
  const ended = of.every(each => each.endedAt !== null);
  return (
    <PlainTable
      label={ended ? 'Ended applications' : 'Applications'}
      rows={of}
      rowKey={row => row.id}
      columns={[
        { title: 'Application', narrow: true, cell: row => (row.uiPath ? <a href={row.uiPath}>{row.id}</a> : row.id) },
        { title: 'Name', cell: row => <NameAndUser of={row} /> },
        { title: 'State', cell: row => <State of={row.status} /> },
        { title: ended ? 'How it ended' : 'What it waits for', wide: true, cell: row => <Waits of={row} /> },
        { title: 'Has', number: true, cell: row => <Resources of={row} /> },
        { title: 'Started', cell: row => <Time at={row.startedAt} now={now} /> },
        { title: 'Duration', number: true, cell: row => duration((row.endedAt ?? now) - row.startedAt) },
        ...(ended
          ? []
          : [{ title: 'Change', narrow: true, cell: (row: Application) => <Kill of={row} reload={reload} /> }]),
      ]}
    />
  );
}

function NameAndUser({ of }: { of: Application }) {
  return (
    <>
      <Name text={of.name} />
      <div class="dim">
        <Name text={of.user} />
      </div>
    </>
  );
}

function Waits({ of }: { of: Application }) {
  if (!of.waits) return of.reason ? <Long text={of.reason} /> : dash;
  return (
    <>
      {of.queuePosition !== undefined && <b>{`${of.queuePosition}. in the queue: `}</b>}
      <Long text={of.waits} />
    </>
  );
}

function Resources({ of }: { of: Application }) {
  return (
    <>
      {`${count(of.cores)} of ${of.coresWanted === null ? 'all' : count(of.coresWanted)} cores`}
      <div class="dim">{`${counted(of.executors.length, 'executor')} of ${counted(of.coresPerExecutor, 'core')}, ${bytes(of.memoryPerExecutorBytes)}`}</div>
    </>
  );
}

function Kill({ of, reload }: { of: Application; reload: () => void }) {
  return (
    <ChangeButton
      text="Kill"
      question={`Kill application ${of.id} (${of.name.slice(0, 100)})? Its executors are ended, and its driver fails.`}
      path="/api/cerium/v1/cluster/applications/{appId}/kill"
      args={{ appId: of.id }}
      done={reload}
    />
  );
}

function Workers({ of, reload }: { of: Data; reload: () => void }) {
  const isGone = (row: Schema<'WorkerRow'>) => row.status === 'DEAD' || row.status === 'DECOMMISSIONED';
  return (
    <PlainTable
      label="Workers"
      rows={of.workers}
      rowKey={row => row.id}
      rowClass={row => (isGone(row) ? 'gone' : '')}
      columns={[
        { title: 'Worker', narrow: true, cell: row => (row.uiPath ? <a href={row.uiPath}>{row.id}</a> : row.id) },
        { title: 'Address', cell: row => <Name text={`${row.host}:${row.port}`} /> },
        {
          title: 'State',
          cell: row => (
            <>
              <State of={row.status} />
              {row.reason && (
                <div class="dim">
                  <Name text={row.reason} />
                </div>
              )}
            </>
          ),
        },
        {
          title: 'Cores',
          cell: row =>
            isGone(row) ? (
              dash
            ) : (
              <UsageBar calm used={row.coresUsed} limit={row.cores} text={`${row.coresUsed} of ${row.cores}`} />
            ),
        },
        {
          title: 'Memory',
          cell: row =>
            isGone(row) ? (
              dash
            ) : (
              <UsageBar
                calm
                used={row.memoryUsedBytes}
                limit={row.memoryBytes}
                text={`${bytes(row.memoryUsedBytes)} of ${bytes(row.memoryBytes)}`}
              />
            ),
        },
        { title: 'Executors', number: true, cell: row => count(row.executors) },
        { title: 'Heartbeat', cell: row => <Time at={row.heartbeatAt} now={of.now} /> },
        {
          title: 'Change',
          cell: row =>
            row.status === 'ALIVE' && (
              <ChangeButton
                text="Drain"
                question={`Drain ${row.id}? It gets nothing new, its blocks are copied to other workers, and it leaves.`}
                path="/api/cerium/v1/cluster/workers/{workerId}/drain"
                args={{ workerId: row.id }}
                done={reload}
              />
            ),
        },
      ]}
    />
  );
}

function Drivers({ of, reload }: { of: Data; reload: () => void }) {
  return (
    <PlainTable
      label="Drivers"
      rows={of.drivers}
      rowKey={row => row.id}
      columns={[
        { title: 'Driver', narrow: true, cell: row => row.id },
        { title: 'Name', cell: row => <Name text={row.name} /> },
        { title: 'State', cell: row => <State of={row.status} /> },
        { title: 'Worker', cell: row => <Name text={row.worker} /> },
        {
          title: 'Detail',
          wide: true,
          cell: row =>
            row.detail || row.exitStatus !== null ? (
              <>
                <Name text={row.detail} />
                {row.exitStatus !== null && <span class="dim">{` exit status ${row.exitStatus}`}</span>}
              </>
            ) : (
              dash
            ),
        },
        {
          title: 'Resources',
          number: true,
          cell: row => `${count(row.cores)} ${row.cores === 1 ? 'core' : 'cores'}, ${bytes(row.memoryBytes)}`,
        },
        {
          title: 'Started again',
          help: 'Whether the manager starts it again when it fails',
          cell: row => (row.supervise ? 'yes' : 'no'),
        },
        { title: 'Submitted', cell: row => <Time at={row.startedAt} now={of.now} /> },
        {
          title: 'Change',
          cell: row =>
            row.active && (
              <ChangeButton
                text="Kill"
                question={`Kill driver ${row.id} (${row.name.slice(0, 100)})?`}
                path="/api/cerium/v1/cluster/drivers/{driverId}/kill"
                args={{ driverId: row.id }}
                done={reload}
              />
            ),
        },
      ]}
    />
  );
}
