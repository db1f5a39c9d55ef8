// Cerium. Licensed under the Apache License 2.0.
// One job: its stages and operations as a graph, what set its duration, failures, findings.

import type { Schema } from '../api';
import { Empty, Figures, Loaded, Section, StageLink, State, TaskLink, Time } from '../components/basics';
import { TaskBar } from '../components/bar';
import { ChangeButton } from '../components/confirm';
import { Dag } from '../components/dag';
import { FailureCard } from '../components/failure';
import { Findings } from '../components/findings';
import { Gantt, type Row } from '../components/gantt';
import { PageTitle } from '../components/layout';
import { Long, Name } from '../components/long';
import { PlainTable } from '../components/table';
import { useResource } from '../resource';
import { useParams } from '../router';
import { useAppId, useHref } from '../session';
import { counted, duration, percent } from '../units';
import { StageTable } from './stages';

export function Job() {
  const appId = useAppId();
  const jobId = Number(useParams().id);
  const found = useResource('/api/cerium/v1/applications/{appId}/jobs/{jobId}', { appId, jobId }, ['jobs', 'tasks']);
  const graph = useResource('/api/cerium/v1/applications/{appId}/jobs/{jobId}/graph', { appId, jobId }, [
    'jobs',
    'stages',
  ]);
  const findings = useResource('/api/cerium/v1/applications/{appId}/findings', { appId, jobId }, ['findings']);
  const failures = useResource('/api/cerium/v1/applications/{appId}/failures', { appId, jobId }, ['failures']);
  const job = found.data;
  return (
    <>
      <PageTitle
        state={job && <State of={job.status} cancelled={job.cancelled} />}
        actions={
          job?.status === 'RUNNING' && (
            <ChangeButton
              text="Cancel"
              question={`Cancel job ${jobId}? Its tasks are stopped, and the action in the program fails.`}
              path="/api/cerium/v1/applications/{appId}/jobs/{jobId}/cancel"
              args={{ appId, jobId }}
              done={found.reload}
            />
          )
        }
      >
        Job {jobId} <span class="title-name">{job && <Name text={job.name} />}</span>
      </PageTitle>
      <Loaded of={found}>{row => <Summary of={row} />}</Loaded>
      {failures.data && failures.data.failures.length > 0 && (
        <Section title={job?.status === 'FAILED' ? 'Why it failed' : 'Failures'}>
          <div class="cards">
            {failures.data.failures.map(each => (
              <FailureCard key={each.id} of={each} open={each.endedJob} />
            ))}
          </div>
        </Section>
      )}
      {job?.failureReason && failures.data?.failures.length === 0 && (
        <p class="problem">
          <Long text={job.failureReason} limit={1000} />
        </p>
      )}
      {findings.data && findings.data.findings.length > 0 && (
        <Section title="Diagnosis">
          <Findings of={findings.data.findings} />
        </Section>
      )}
      {job && <Loaded of={graph}>{data => <GraphSections of={data} />}</Loaded>}
      <Section title="Stages of the job" id="stages-of-job">
        <StageTable args={{ appId, jobId }} />
      </Section>
    </>
  );
}

function Summary({ of }: { of: Schema<'JobRow'> }) {
  return (
    <Figures
      of={[
        [of.status === 'RUNNING' ? 'Runs for' : 'Took', duration(of.durationMs)],
        ['Started', <Time at={of.submissionTime} />],
        ...(of.remainingMs === undefined
          ? []
          : ([['Time left', `about ${duration(Math.round(of.remainingMs / 1000) * 1000)}`]] as [string, string][])),
        [
          'Tasks',
          <TaskBar
            total={of.numTasks}
            done={of.numCompletedTasks}
            running={of.numActiveTasks}
            failed={of.numFailedTasks}
            skipped={of.numSkippedTasks}
          />,
        ],
        ...(of.description
          ? ([['Description', <Name text={of.description} />]] as [string, preact.ComponentChildren][])
          : []),
        ...(of.jobGroup ? ([['Group', <Name text={of.jobGroup} />]] as [string, preact.ComponentChildren][]) : []),
        ['Pool', <Name text={of.pool ?? 'default'} />],
      ]}
    />
  );
}

function GraphSections({ of }: { of: Schema<'JobGraph'> }) {
  if (of.stages.length === 0)
    return <Empty>The job has no stages yet. They appear when the driver has planned it.</Empty>;
  return (
    <>
      <Section
        title="Graph"
        note="Stages from left to right, each with its operations. The heavy outline is the critical path: the stages that set the duration."
      >
        <Dag of={of} />
      </Section>
      <Section
        title="What set the duration"
        note="The parts of the critical path follow one another; together they are the whole job."
      >
        <CriticalPath of={of} />
      </Section>
    </>
  );
}

const stageName = (id: number, attempt: number) => `stage ${id}${attempt > 0 ? `.${attempt}` : ''}`;

const kPathTones = { stage: 'run', driver: 'driver', waiting: 'warn' };

function CriticalPath({ of }: { of: Schema<'JobGraph'> }) {
  const href = useHref();
  const appId = useAppId();
  const range = { from: of.from, ...(of.to === null ? {} : { to: of.to }) };
  const timeline = useResource('/api/cerium/v1/applications/{appId}/timeline', { appId, ...range }, ['stages']);
  const stages = timeline.data?.stages.filter(stage => stage.jobId === of.jobId) ?? [];
  const now = of.criticalPath.reduce((last, part) => Math.max(last, part.to), of.to ?? of.from);
  const end = Math.max(of.to ?? now, of.from + 1);
  const stageHref = (id: number, attempt: number) => href({ page: 'stage', id, attempt });
  const rows: Row[] = [
    {
      title: 'Path',
      bars: of.criticalPath.map((part, i) => ({
        key: String(i),
        from: part.from,
        to: part.to,
        tone: kPathTones[part.kind],
        text: part.stageId === undefined ? part.kind : stageName(part.stageId, part.attemptId ?? 0),
        title: `${part.stageId === undefined ? part.kind : stageName(part.stageId, part.attemptId ?? 0)}, ${duration(part.to - part.from)}: ${part.text}`,
        ...(part.stageId === undefined ? {} : { href: stageHref(part.stageId, part.attemptId ?? 0) }),
      })),
    },
    {
      title: 'Stages',
      bars: stages.map(stage => ({
        key: `${stage.stageId}.${stage.attemptId}`,
        from: stage.from,
        to: stage.to ?? end,
        tone: stage.status === 'FAILED' ? 'bad' : stage.status === 'ACTIVE' ? 'run' : 'good',
        text: stageName(stage.stageId, stage.attemptId),
        title: `Stage ${stage.stageId}.${stage.attemptId}, ${stage.name}: ${stage.status.toLowerCase()}`,
        href: stageHref(stage.stageId, stage.attemptId),
      })),
    },
    {
      title: 'Driver',
      bars: of.driverGaps.map((gap, i) => ({
        key: String(i),
        from: gap.from,
        to: gap.to,
        tone: 'driver',
        text: duration(gap.to - gap.from),
        title: `${duration(gap.to - gap.from)} in the driver: ${gap.text}`,
      })),
    },
  ];
  const whole = end - of.from;
  return (
    <>
      <Gantt label="Critical path, stages and driver" rows={rows} from={of.from} to={end} />
      <PlainTable
        label="Parts of the critical path"
        rows={of.criticalPath}
        rowKey={row => row.from}
        columns={[
          {
            title: 'Part',
            cell: row =>
              row.stageId === undefined ? row.kind : <StageLink id={row.stageId} attempt={row.attemptId ?? 0} />,
          },
          { title: 'What', wide: true, cell: row => <Name text={row.text} /> },
          {
            title: 'Last task',
            cell: row =>
              row.taskId === undefined || row.stageId === undefined ? (
                <span class="dim">–</span>
              ) : (
                <TaskLink stage={row.stageId} attempt={row.attemptId ?? 0} task={row.taskId} />
              ),
          },
          { title: 'Duration', number: true, cell: row => duration(row.to - row.from) },
          { title: 'Of the job', number: true, cell: row => percent((row.to - row.from) / whole) },
        ]}
      />
      {of.driverGaps.length > 0 && (
        <p class="note">
          {counted(of.driverGaps.length, 'gap')} {of.driverGaps.length > 1 ? 'of together' : 'of'}{' '}
          {duration(of.driverGaps.reduce((sum, gap) => sum + gap.to - gap.from, 0))}, in which no stage ran: the driver
          planned, fetched or merged results, or waited for executors.
        </p>
      )}
    </>
  );
}
