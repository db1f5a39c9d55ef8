// Cerium. Licensed under the Apache License 2.0.
// What runs now, why it failed, what is slow, and when what happened.

import type { ComponentChildren } from 'preact';
import type { Arguments, Schema } from '../api';
import { Empty, Figures, JobLink, Loaded, Section, StageLink, Time } from '../components/basics';
import { TaskBar, UsageBar } from '../components/bar';
import { FailureCard } from '../components/failure';
import { Findings } from '../components/findings';
import { Gantt, type Row } from '../components/gantt';
import { PageTitle } from '../components/layout';
import { Long, Name } from '../components/long';
import { PlainTable } from '../components/table';
import { useResource } from '../resource';
import { useParams } from '../router';
import { useAppId, useHref } from '../session';
import { bytes, count, counted, duration } from '../units';

export function Overview() {
  const appId = useAppId();
  const overview = useResource('/api/cerium/v1/applications/{appId}/overview', { appId }, [
    'application',
    'jobs',
    'stages',
    'tasks',
    'executors',
    'failures',
    'findings',
  ]);
  return (
    <Loaded of={overview}>
      {data => (
        <>
          <PageTitle>Overview</PageTitle>
          <Summary of={data} />
          <Notes of={data} />
          <RunningNow of={data} />
          {data.failures.length > 0 && <FailureCards of={data} />}
          <Diagnosis of={data} />
          <TimelineSection />
        </>
      )}
    </Loaded>
  );
}

type Data = Schema<'Overview'>;

function Summary({ of }: { of: Data }) {
  const end = of.endedAt ?? of.now;
  return (
    <>
      <Figures
        of={[
          [of.endedAt === null ? 'Runs for' : 'Ran for', duration(end - of.startedAt)],
          ['Started', <Time at={of.startedAt} now={of.now} />],
          [
            'Jobs',
            <Counts
              of={[
                [of.jobs.running, 'running'],
                [of.jobs.succeeded, 'succeeded'],
                [of.jobs.failed, 'failed'],
                [of.jobs.cancelled, 'cancelled'],
              ]}
            />,
          ],
          [
            'Stages',
            <Counts
              of={[
                [of.stages.active, 'active'],
                [of.stages.pending, 'pending'],
                [of.stages.complete, 'complete'],
                [of.stages.failed, 'failed'],
                [of.stages.skipped, 'skipped'],
              ]}
            />,
          ],
          [
            'Tasks',
            <Counts
              of={[
                [of.tasks.running, 'running'],
                [of.tasks.succeeded, 'succeeded'],
                [of.tasks.failed, 'failed'],
                [of.tasks.killed, 'killed'],
              ]}
            />,
          ],
        ]}
      />
      <Figures
        of={[
          [
            'Executors',
            <Counts
              of={[
                [of.executorsAlive, 'alive'],
                [of.executorsDead, 'lost'],
              ]}
            />,
          ],
          ...(of.endedAt === null ? used(of) : [['Cores', of.cores] as Figure]),
          ['Input', bytes(of.inputBytes)],
          ['Shuffle written', bytes(of.shuffleWriteBytes)],
          ['Shuffle read', bytes(of.shuffleReadBytes)],
          ['Spilled', bytes(of.spilledBytes)],
          ['Output', bytes(of.outputBytes)],
          ['Driver', of.host ? <Name text={of.host} /> : '–', of.master],
        ]}
      />
    </>
  );
}

type Figure = [name: string, value: ComponentChildren, title?: string];

function used(of: Data): Figure[] {
  const cores = `${of.coresBusy} of ${of.cores}`;
  const memory = `${bytes(of.memoryUsedBytes)} of ${bytes(of.memoryLimitBytes)}`;
  return [
    ['Cores busy', <UsageBar calm used={of.coresBusy} limit={of.cores} text={cores} />],
    [
      'Memory in use',
      <UsageBar used={of.memoryUsedBytes} limit={of.memoryLimitBytes} text={memory} />,
      'Operators and cached blocks, of the budget of the executors',
    ],
  ];
}

function Counts({ of }: { of: [number | undefined, string][] }) {
  const shown = of.filter(([value]) => value);
  if (shown.length === 0) return <span class="dim">none</span>;
  return (
    <span class="counts">
      {shown.map(([value, name]) => (
        <span key={name} class={name === 'failed' || name === 'lost' ? 'bad-text' : undefined}>
          {count(value)} <small>{name}</small>
        </span>
      ))}
    </span>
  );
}

function Notes({ of }: { of: Data }) {
  const dropped =
    of.eventsDropped > 0
      ? [
          `${counted(of.eventsDropped, 'event')} of tasks were dropped because the pages could not keep up. Counts of tasks may be too low by so many; jobs, stages and executors are complete.`,
        ]
      : [];
  const all = [...(of.waiting ? [of.waiting] : []), ...dropped, ...of.notes];
  if (all.length === 0) return null;
  return (
    <ul class="notes">
      {all.map(note => (
        <li key={note}>
          <Long text={note} />
        </li>
      ))}
    </ul>
  );
}

function FailureCards({ of }: { of: Data }) {
  const href = useHref();
  const [first, ...others] = of.failures;
  return (
    <Section
      title={of.status === 'FAILED' ? 'Why it failed' : 'Failures'}
      note={
        <a href={href({ page: 'failures' })}>
          {of.failuresTotal > of.failures.length ? `All ${of.failuresTotal} kinds of failures` : 'All failures'}
        </a>
      }
    >
      <div class="cards">
        <FailureCard of={first} open={first.endedJob} />
        {others.map(each => (
          <FailureCard key={each.id} of={each} />
        ))}
      </div>
    </Section>
  );
}

function Diagnosis({ of }: { of: Data }) {
  if (!of.tasks.succeeded && of.findings.length === 0) return null;
  const cut = of.findingsTotal > of.findings.length;
  const note = cut
    ? `The ${of.findings.length} most important of ${of.findingsTotal} findings; the others are on the pages of their stages.`
    : 'What costs time, and what to change.';
  return (
    <Section title="Diagnosis" note={note}>
      {of.findings.length > 0 ? (
        <Findings of={of.findings} />
      ) : (
        <Empty>No rule has found anything: no skew, no spill, no work done twice, no idle cores worth a note.</Empty>
      )}
    </Section>
  );
}

function RunningNow({ of }: { of: Data }) {
  if (of.status !== 'RUNNING') return null;
  if (of.runningStages.length === 0) {
    return (
      <Section title="Running now">
        <Empty>
          {of.jobs.succeeded || of.jobs.failed || of.jobs.running
            ? 'No stage runs: the driver works, or waits for its program.'
            : 'No job yet. Jobs appear when the program calls an action, such as count() or collect().'}
        </Empty>
      </Section>
    );
  }
  return (
    <Section title="Running now">
      <PlainTable
        label="Running stages"
        rows={of.runningStages}
        rowKey={row => `${row.stageId}.${row.attemptId}`}
        columns={[
          { title: 'Stage', cell: row => <StageLink id={row.stageId} attempt={row.attemptId} /> },
          { title: 'Call', wide: true, cell: row => <Name text={row.name} /> },
          { title: 'Job', cell: row => row.jobIds.map(id => <JobLink key={id} id={id} />) },
          {
            title: 'Tasks',
            cell: row => (
              <TaskBar
                total={row.numTasks}
                done={row.numCompleteTasks}
                running={row.numActiveTasks}
                failed={row.numFailedTasks}
              />
            ),
          },
          { title: 'Running', number: true, cell: row => count(row.numActiveTasks) },
          {
            title: 'Rate',
            number: true,
            cell: row =>
              row.tasksPerSecond === undefined
                ? '–'
                : `${row.tasksPerSecond < 10 ? row.tasksPerSecond.toFixed(1) : count(row.tasksPerSecond)} tasks/s`,
          },
          {
            title: 'Time left',
            number: true,
            help: 'An estimate from the rate',
            cell: row =>
              row.remainingMs === undefined ? '–' : `about ${duration(Math.round(row.remainingMs / 1000) * 1000)}`,
          },
          { title: 'Duration', number: true, cell: row => duration(row.durationMs) },
        ]}
      />
    </Section>
  );
}

const kJobTones: Record<string, string> = { RUNNING: 'run', SUCCEEDED: 'good', FAILED: 'bad', UNKNOWN: 'plain' };
const kStageTones: Record<string, string> = {
  ACTIVE: 'run',
  COMPLETE: 'good',
  FAILED: 'bad',
  PENDING: 'plain',
  SKIPPED: 'plain',
};

export function TimelineSection() {
  const appId = useAppId();
  const href = useHref();
  const { from, to } = useParams();
  const range = from && to ? { from: Number(from), to: Number(to) } : {};
  const timeline = useResource(
    '/api/cerium/v1/applications/{appId}/timeline',
    { appId, ...range } as Arguments<'/api/cerium/v1/applications/{appId}/timeline'>,
    ['jobs', 'stages', 'executors'],
  );
  return (
    <Section title="Timeline" note="Drag to select a range of time for all panels.">
      <Loaded of={timeline}>
        {data => {
          if (data.jobs.length === 0 && data.executors.length === 0)
            return <Empty>Nothing has happened yet. Executors, jobs and stages appear here.</Empty>;
          const begin = range.from ?? data.from;
          const end = Math.max(range.to ?? data.to, begin + 1);
          const bar = (key: string, each: { from: number; to: number | null }) => ({
            key,
            from: each.from,
            to: each.to ?? data.now,
          });
          const rows: Row[] = [
            {
              title: 'Executors',
              bars: [],
              marks: data.executors
                .filter(each => each.at >= begin && each.at <= end)
                .map(each => ({
                  at: each.at,
                  tone: each.failure ? 'bad' : each.kind === 'added' ? 'good' : 'warn',
                  title: `Executor ${each.executorId} on ${each.host}: ${each.kind}${each.reason ? `, ${each.reason}` : ''}`,
                })),
            },
            {
              title: 'Jobs',
              bars: data.jobs.map(job => ({
                ...bar(`j${job.jobId}`, job),
                tone: kJobTones[job.status],
                text: `${job.jobId} · ${job.name}`,
                title: `Job ${job.jobId}, ${job.name}: ${duration((job.to ?? data.now) - job.from)}, ${job.status.toLowerCase()}`,
                href: href({ page: 'job', id: job.jobId }),
              })),
            },
            {
              title: 'Stages',
              bars: data.stages.map(stage => ({
                ...bar(`s${stage.stageId}.${stage.attemptId}`, stage),
                tone: kStageTones[stage.status],
                text: `${stage.stageId}${stage.attemptId ? `.${stage.attemptId}` : ''} · ${stage.name}`,
                title: `Stage ${stage.stageId}.${stage.attemptId}, ${stage.name}: ${duration((stage.to ?? data.now) - stage.from)}, ${stage.status.toLowerCase()}`,
                href: href({ page: 'stage', id: stage.stageId, attempt: stage.attemptId }),
              })),
            },
            {
              title: 'Driver',
              bars: data.driverGaps.map((gap, i) => ({
                ...bar(`d${i}`, gap),
                tone: 'driver',
                text: duration(gap.to - gap.from),
                title: `${duration(gap.to - gap.from)} in the driver: ${gap.text}`,
              })),
            },
          ];
          return (
            <>
              <Gantt label="Timeline of executors, jobs, stages and the driver" rows={rows} from={begin} to={end} />
              {data.jobsTotal > data.jobs.length && (
                <p class="note">
                  Showing the longest {count(data.jobs.length)} of {count(data.jobsTotal)} jobs.
                </p>
              )}
              {data.stagesTotal > data.stages.length && (
                <p class="note">
                  Showing the longest {count(data.stages.length)} of {count(data.stagesTotal)} stages.
                </p>
              )}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}
