// Cerium. Licensed under the Apache License 2.0.
// The tasks of a stage, with the metrics that are not 0 for all of them.

import { useState } from 'preact/hooks';
import { ExecutorLink, State, TaskLink, Time } from '../components/basics';
import { Name } from '../components/long';
import { kMetrics, kTaskMetrics, metricTitle, ofTask } from '../components/metrics';
import { DataTable, type Column } from '../components/table';
import type { Schema } from '../api';
import { useParams } from '../router';
import { count } from '../units';

type Row = Schema<'TaskRow'>;

/** Shown at first; the others on request, so that the table fits. */
const kUsual = [
  'duration',
  'executorCpuTime',
  'shuffleFetchWaitTime',
  'inputBytes',
  'shuffleReadBytes',
  'shuffleWriteBytes',
  'diskBytesSpilled',
  'peakExecutionMemory',
];

export function TaskTable({
  ids,
  metrics,
  executors,
  hasErrors,
}: {
  ids: { appId: string; stageId: number; attemptId: number };
  metrics: string[];
  executors: string[];
  hasErrors: boolean;
}) {
  const [all, setAll] = useState(false);
  const selected = useParams().task;
  const present = kTaskMetrics.filter(name => metrics.includes(name) || name === 'duration');
  const shown = all ? present : present.filter(name => kUsual.includes(name));
  const hidden = present.length - present.filter(name => kUsual.includes(name)).length;
  const columns: Column<Row>[] = [
    {
      title: 'Partition',
      sort: 'index',
      number: true,
      cell: row => <TaskLink stage={ids.stageId} attempt={ids.attemptId} task={row.taskId} text={count(row.index)} />,
    },
    {
      title: 'Task',
      sort: 'taskId',
      number: true,
      cell: row => <TaskLink stage={ids.stageId} attempt={ids.attemptId} task={row.taskId} text={String(row.taskId)} />,
    },
    {
      title: 'Try',
      sort: 'attempt',
      number: true,
      help: '0 is the first attempt of the partition',
      cell: row => (row.speculative ? `${row.attempt} (copy)` : row.attempt),
    },
    { title: 'State', sort: 'status', cell: row => <State of={row.status} /> },
    {
      title: 'Executor',
      sort: 'executorId',
      cell: row => (
        <>
          <ExecutorLink id={row.executorId} text={row.executorId} />{' '}
          <span class="dim">
            <Name text={row.host} />
          </span>
        </>
      ),
    },
    { title: 'Started', sort: 'launchTime', cell: row => <Time at={row.launchTime} relative={false} /> },
    ...shown.map(name => ({
      title: metricTitle(name),
      help: kMetrics[name].help,
      sort: name,
      number: true,
      cell: (row: Row) => ofTask(row, name),
    })),
    ...(hasErrors
      ? [{ title: 'Error', wide: true, cell: (row: Row) => (row.errorMessage ? <Name text={row.errorMessage} /> : '') }]
      : []),
  ];
  return (
    <>
      {hidden > 0 && (
        <label class="more-columns">
          <input type="checkbox" checked={all} onChange={event => setAll(event.currentTarget.checked)} />
          <span>all metrics ({hidden} more columns)</span>
        </label>
      )}
      <DataTable
        name="tasks"
        label="Tasks"
        path="/api/cerium/v1/applications/{appId}/stages/{stageId}/{attemptId}/tasks"
        args={ids}
        topics={['tasks']}
        rowKey={row => row.taskId}
        rowClass={row => (String(row.taskId) === selected ? 'selected' : '')}
        sort="-duration"
        length={25}
        searchable="Search tasks"
        filters={[
          { name: 'status', title: 'state', options: ['RUNNING', 'SUCCESS', 'FAILED', 'KILLED'] },
          { name: 'executorId', title: 'executor', options: executors.map(id => [id, id]) },
        ]}
        empty="No task has started yet. Tasks appear when they are sent to an executor."
        note={answer =>
          answer.forgotten > 0 &&
          `; ${count(answer.forgotten)} more are not in memory any more (cerium.ui.store.memory)`
        }
        columns={columns}
      />
    </>
  );
}
