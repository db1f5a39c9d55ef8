// Cerium. Licensed under the Apache License 2.0.
// Two runs side by side: totals, stages by the difference of their durations, settings that differ.

import type { Schema } from '../api';
import { CutNote, Empty, Loaded, Section, State, Time } from '../components/basics';
import { PageTitle } from '../components/layout';
import { Name } from '../components/long';
import { PlainTable, SearchField } from '../components/table';
import { useResource } from '../resource';
import { setParams, useParams } from '../router';
import { useAppId, useHref } from '../session';
import { bytes, count, duration } from '../units';

type Side = Schema<'ComparedSide'>;
type App = Schema<'ComparedApplication'>;

export function Compare() {
  const appId = useAppId();
  const other = useParams().with;
  return (
    <>
      <PageTitle>Compare</PageTitle>
      {other ? <Result appId={appId} other={other} /> : <Choice appId={appId} />}
    </>
  );
}

function Choice({ appId }: { appId: string }) {
  const params = useParams();
  const list = useResource('/api/cerium/v1/applications', {
    search: params.q,
    sortBy: 'startedAt',
    order: 'desc',
    length: 50,
  });
  return (
    <Section title="With which run?" note="Any other application that this server knows.">
      <div class="controls">
        <SearchField value={params.q ?? ''} label="Search applications" onSearch={q => setParams({ q })} />
      </div>
      <Loaded of={list}>
        {data => {
          const others = data.rows.filter(row => row.id !== appId);
          if (others.length === 0)
            return (
              <Empty>
                This server knows no other application. Open both runs in the history server: cerium history FOLDER.
              </Empty>
            );
          return (
            <>
              <PlainTable
                label="Applications"
                rows={others}
                rowKey={row => row.id}
                columns={[
                  {
                    title: 'Application',
                    cell: row => (
                      <button type="button" class="link" onClick={() => setParams({ with: row.id, q: undefined })}>
                        {row.id}
                      </button>
                    ),
                  },
                  { title: 'Name', wide: true, cell: row => <Name text={row.name} /> },
                  { title: 'State', cell: row => <State of={row.status} /> },
                  { title: 'Started', cell: row => <Time at={row.startedAt} /> },
                  { title: 'Duration', number: true, cell: row => duration(row.durationMs) },
                ]}
              />
              <CutNote shown={data.rows.length} total={data.total} what="applications" />
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Result({ appId, other }: { appId: string; other: string }) {
  const compared = useResource('/api/cerium/v1/applications/{appId}/compare', { appId, with: other });
  return (
    <Loaded of={compared}>
      {data => (
        <>
          <p class="actions">
            <button type="button" onClick={() => setParams({ with: undefined })}>
              Compare with another run
            </button>
          </p>
          <Section title="In all">
            <Totals left={data.left} right={data.right} />
          </Section>
          <Section title="Stages" note="Matched by name and order; the largest difference first.">
            <SideTable label="Stages" rows={data.stages} page="stage" left={data.left.id} right={data.right.id} />
            <CutNote shown={data.stages.length} total={data.stagesTotal} what="stages" />
          </Section>
          <Section title="Jobs">
            <SideTable label="Jobs" rows={data.jobs} page="job" left={data.left.id} right={data.right.id} />
          </Section>
          <Section title="Settings that differ">
            {data.settings.length === 0 ? (
              <Empty>All settings are the same.</Empty>
            ) : (
              <PlainTable
                label="Settings that differ"
                rows={data.settings}
                rowKey={row => row.key}
                columns={[
                  {
                    title: 'Setting',
                    cell: row => (
                      <code>
                        <Name text={row.key} />
                      </code>
                    ),
                  },
                  { title: data.left.id, wide: true, cell: row => <Value of={row.left} /> },
                  { title: data.right.id, wide: true, cell: row => <Value of={row.right} /> },
                ]}
              />
            )}
          </Section>
        </>
      )}
    </Loaded>
  );
}

const Value = ({ of }: { of: string | null }) =>
  of === null ? (
    <span class="dim">not set</span>
  ) : (
    <code>
      <Name text={of} />
    </code>
  );

/** How much longer or more the right is; marked if it is a tenth or more. */
function Change({ left, right }: { left: number | null | undefined; right: number | null | undefined }) {
  if (left == null || right == null) return <span class="dim">–</span>;
  if (left === right) return <span class="dim">same</span>;
  if (left === 0) return <span class="warn-text">new</span>;
  const ratio = right / left - 1;
  const text =
    ratio > 9 ? `${(ratio + 1).toFixed(0)} ×` : `${ratio > 0 ? '+' : '−'}${Math.abs(ratio * 100).toFixed(0)} %`;
  return <span class={ratio >= 0.1 ? 'bad-text' : ratio <= -0.1 ? 'good-text' : 'dim'}>{text}</span>;
}

function Totals({ left, right }: { left: App; right: App }) {
  const figures: [string, (app: App) => preact.ComponentChildren, ((app: App) => number | null)?][] = [
    ['Name', app => <Name text={app.name} />],
    ['State', app => <State of={app.status} />],
    ['Started', app => <Time at={app.startedAt} />],
    ['Duration', app => duration(app.durationMs), app => app.durationMs],
    ['Time of tasks', app => duration(app.taskMs), app => app.taskMs],
    ['Tasks', app => count(app.tasks), app => app.tasks],
    ['Failed tasks', app => count(app.failedTasks), app => app.failedTasks],
    ['Cores', app => count(app.cores), app => app.cores],
    ['Executors', app => count(app.executors), app => app.executors],
    ['Input', app => bytes(app.inputBytes), app => app.inputBytes],
    ['Shuffle read', app => bytes(app.shuffleReadBytes), app => app.shuffleReadBytes],
    ['Spilled', app => bytes(app.spilledBytes), app => app.spilledBytes],
  ];
  return (
    <PlainTable
      label="Totals"
      rows={figures}
      rowKey={row => row[0]}
      columns={[
        { title: 'What', cell: row => row[0] },
        { title: left.id, number: true, cell: row => row[1](left) },
        { title: right.id, number: true, cell: row => row[1](right) },
        {
          title: 'Change',
          number: true,
          cell: row => (row[2] ? <Change left={row[2](left)} right={row[2](right)} /> : ''),
        },
      ]}
    />
  );
}

interface Pair {
  name: string;
  left?: Side;
  right?: Side;
}

function SideTable({
  label,
  rows,
  page,
  left,
  right,
}: {
  label: string;
  rows: Pair[];
  page: 'job' | 'stage';
  left: string;
  right: string;
}) {
  const href = useHref();
  const link = (app: string, side: Side | undefined) =>
    side ? (
      <a href={href({ app, page, id: side.id, attempt: side.attemptId })}>{duration(side.durationMs)}</a>
    ) : (
      <span class="dim">not there</span>
    );
  const both = (row: Pair, of: (side: Side) => number | undefined, text: (value: number | undefined) => string) => {
    const values = [row.left, row.right].map(side => side && of(side));
    if (values.every(value => !value)) return <span class="dim">–</span>;
    return (
      <>
        {text(values[0])} <span class="dim">→</span> {text(values[1])}
      </>
    );
  };
  if (rows.length === 0) return <Empty>Neither run has any.</Empty>;
  return (
    <PlainTable
      label={label}
      rows={rows}
      rowKey={row => `${row.name} ${row.left?.id} ${row.right?.id}`}
      columns={[
        { title: 'Call', wide: true, cell: row => <Name text={row.name} /> },
        { title: left, number: true, cell: row => link(left, row.left) },
        { title: right, number: true, cell: row => link(right, row.right) },
        {
          title: 'Change',
          number: true,
          cell: row => <Change left={row.left?.durationMs} right={row.right?.durationMs} />,
        },
        { title: 'Tasks', number: true, cell: row => both(row, side => side.tasks, count) },
        { title: 'Longest task', number: true, cell: row => both(row, side => side.maxTaskMs, duration) },
        { title: 'Shuffle read', number: true, cell: row => both(row, side => side.shuffleReadBytes, bytes) },
        { title: 'Spilled', number: true, cell: row => both(row, side => side.spilledBytes, bytes) },
      ]}
    />
  );
}
