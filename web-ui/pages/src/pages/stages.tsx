// Cerium. Licensed under the Apache License 2.0.

import type { Arguments } from '../api';
import { JobLink, StageLink, State, Time } from '../components/basics';
import { TaskBar } from '../components/bar';
import { PageTitle } from '../components/layout';
import { Name } from '../components/long';
import { DataTable } from '../components/table';
import { useParams } from '../router';
import { useAppId } from '../session';
import { bytes, count, duration } from '../units';

type StagesPath = '/api/cerium/v1/applications/{appId}/stages';

export function Stages() {
  const appId = useAppId();
  const { from, to } = useParams();
  return (
    <>
      <PageTitle>Stages</PageTitle>
      <StageTable args={{ appId, ...(from && to ? { from: Number(from), to: Number(to) } : {}) }} />
    </>
  );
}

const figure = (value: number) => (value ? bytes(value) : <span class="dim">–</span>);

export function StageTable({ args }: { args: Partial<Arguments<StagesPath>> }) {
  return (
    <DataTable
      label="Stages"
      path="/api/cerium/v1/applications/{appId}/stages"
      args={args}
      topics={['stages', 'tasks']}
      rowKey={row => `${row.stageId}.${row.attemptId}`}
      sort="-stageId"
      searchable="Search stages"
      filters={[{ name: 'status', title: 'state', options: ['ACTIVE', 'PENDING', 'COMPLETE', 'FAILED', 'SKIPPED'] }]}
      empty="No stage yet. A job is cut into stages at its shuffles; they appear when a job starts."
      columns={[
        {
          title: 'Stage',
          sort: 'stageId',
          number: true,
          cell: row => (
            <StageLink
              id={row.stageId}
              attempt={row.attemptId}
              text={row.attempts > 1 ? `${row.stageId}.${row.attemptId}` : String(row.stageId)}
            />
          ),
        },
        { title: 'Call', sort: 'name', wide: true, cell: row => <Name text={row.name} /> },
        { title: 'State', sort: 'status', cell: row => <State of={row.status} cancelled={row.cancelled} /> },
        {
          title: 'Job',
          cell: row => (
            <span class="ids">
              {row.jobIds.map(id => (
                <JobLink key={id} id={id} text={String(id)} />
              ))}
            </span>
          ),
        },
        { title: 'Started', sort: 'submissionTime', cell: row => <Time at={row.submissionTime} relative={false} /> },
        { title: 'Duration', sort: 'durationMs', number: true, cell: row => duration(row.durationMs) },
        {
          title: 'Tasks',
          sort: 'numTasks',
          cell: row => (
            <TaskBar
              total={row.numTasks}
              done={row.numCompleteTasks}
              running={row.numActiveTasks}
              failed={row.numFailedTasks}
            />
          ),
        },
        { title: 'Input', sort: 'inputBytes', number: true, cell: row => figure(row.inputBytes) },
        { title: 'Shuffle read', sort: 'shuffleReadBytes', number: true, cell: row => figure(row.shuffleReadBytes) },
        { title: 'Shuffle write', sort: 'shuffleWriteBytes', number: true, cell: row => figure(row.shuffleWriteBytes) },
        { title: 'Spilled', sort: 'diskBytesSpilled', number: true, cell: row => figure(row.diskBytesSpilled) },
        { title: 'Output', sort: 'outputBytes', number: true, cell: row => figure(row.outputBytes) },
        {
          title: 'Findings',
          sort: 'findings',
          number: true,
          cell: row =>
            row.findings ? <span class="warn-text">{count(row.findings)}</span> : <span class="dim">–</span>,
        },
      ]}
    />
  );
}
