// Cerium. Licensed under the Apache License 2.0.

import { JobLink, StageLink, State, Time } from '../components/basics';
import { TaskBar } from '../components/bar';
import { PageTitle } from '../components/layout';
import { Name } from '../components/long';
import { DataTable } from '../components/table';
import { useParams } from '../router';
import { useAppId } from '../session';
import { count, duration } from '../units';

export function Jobs() {
  const appId = useAppId();
  const { from, to } = useParams();
  return (
    <>
      <PageTitle>Jobs</PageTitle>
      <DataTable
        label="Jobs"
        path="/api/cerium/v1/applications/{appId}/jobs"
        args={{ appId, ...(from && to ? { from: Number(from), to: Number(to) } : {}) }}
        topics={['jobs', 'tasks']}
        rowKey={row => row.jobId}
        sort="-jobId"
        searchable="Search jobs"
        filters={[{ name: 'status', title: 'state', options: ['RUNNING', 'SUCCEEDED', 'FAILED'] }]}
        empty="No job yet. A job appears when the program calls an action, such as count(), collect() or saveAsTextFile()."
        columns={[
          {
            title: 'Job',
            sort: 'jobId',
            number: true,
            cell: row => <JobLink id={row.jobId} text={String(row.jobId)} />,
          },
          {
            title: 'Action',
            sort: 'name',
            wide: true,
            cell: row => <Action name={row.name} description={row.description} />,
          },
          { title: 'State', sort: 'status', cell: row => <State of={row.status} cancelled={row.cancelled} /> },
          { title: 'Started', sort: 'submissionTime', cell: row => <Time at={row.submissionTime} /> },
          { title: 'Duration', sort: 'durationMs', number: true, cell: row => duration(row.durationMs) },
          {
            title: 'Stages',
            cell: row => <StagesOf ids={row.stageIds} failed={row.numFailedStages} skipped={row.numSkippedStages} />,
          },
          {
            title: 'Tasks',
            sort: 'numTasks',
            cell: row => (
              <TaskBar
                total={row.numTasks}
                done={row.numCompletedTasks}
                running={row.numActiveTasks}
                failed={row.numFailedTasks}
                skipped={row.numSkippedTasks}
              />
            ),
          },
          {
            title: 'Time left',
            number: true,
            help: 'An estimate from the rate of tasks',
            cell: row =>
              row.remainingMs === undefined ? (
                <span class="dim">–</span>
              ) : (
                `about ${duration(Math.round(row.remainingMs / 1000) * 1000)}`
              ),
          },
          {
            title: 'Group',
            sort: 'jobGroup',
            cell: row => (row.jobGroup ? <Name text={row.jobGroup} /> : <span class="dim">–</span>),
          },
          {
            title: 'Findings',
            sort: 'findings',
            number: true,
            cell: row =>
              row.findings ? <span class="warn-text">{count(row.findings)}</span> : <span class="dim">–</span>,
          },
        ]}
      />
    </>
  );
}

function Action({ name, description }: { name: string; description: string | undefined }) {
  return (
    <>
      <Name text={description ?? name} />
      {description && (
        <div class="dim">
          <Name text={name} />
        </div>
      )}
    </>
  );
}

const kShown = 6;

function StagesOf({ ids, failed, skipped }: { ids: number[]; failed: number; skipped: number }) {
  return (
    <span class="ids">
      {ids.slice(0, kShown).map(id => (
        <StageLink key={id} id={id} attempt={0} text={String(id)} />
      ))}
      {ids.length > kShown && <span class="dim">and {count(ids.length - kShown)} more</span>}
      {failed > 0 && <span class="bad-text">{count(failed)} failed</span>}
      {skipped > 0 && <span class="dim">{count(skipped)} skipped</span>}
    </span>
  );
}
