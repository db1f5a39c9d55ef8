// Cerium. Licensed under the Apache License 2.0.
// The applications of a folder of event logs, Cerium's and Spark's.

import { useEffect } from 'preact/hooks';
import { State, Time } from '../components/basics';
import { Layout, PageTitle } from '../components/layout';
import { Name } from '../components/long';
import { DataTable } from '../components/table';
import { bytes, count, counted, duration } from '../units';

export function History() {
  useEffect(() => {
    document.title = 'Applications · Cerium';
  }, []);
  return (
    <Layout tabs={[]} title={<strong>History</strong>}>
      <PageTitle>Applications</PageTitle>
      <DataTable
        label="Applications"
        path="/api/cerium/v1/applications"
        args={{}}
        topics={[]}
        rowKey={row => row.id}
        sort="-startedAt"
        searchable="Search applications"
        filters={[
          { name: 'status', title: 'state', options: ['RUNNING', 'SUCCEEDED', 'FAILED', 'INCOMPLETE'] },
          {
            name: 'source',
            title: 'engine',
            options: [
              ['cerium', 'Cerium'],
              ['spark', 'Spark'],
            ],
          },
        ]}
        empty="The folder has no event log yet. Run an application with cerium.eventLog.enabled=true and cerium.eventLog.dir set to this folder, or copy Spark's logs into it; they appear by themselves."
        note={answer => (
          <>
            {' '}
            in <code>{answer.folder}</code>
            {answer.scanning && ', which is still being read'}
            {answer.unreadable.length > 0 && (
              <details class="unreadable">
                <summary>{counted(answer.unreadable.length, 'log')} cannot be read</summary>
                <ul>
                  {answer.unreadable.map(log => (
                    <li key={log.path}>
                      <code>{log.path}</code> {log.reason}
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </>
        )}
        columns={[
          {
            title: 'Application',
            narrow: true,
            sort: 'id',
            cell: row => <a href={`?app=${encodeURIComponent(row.id)}`}>{row.id}</a>,
          },
          {
            title: 'Name',
            sort: 'name',
            wide: true,
            cell: row => <NameAndNotes name={row.name} notes={row.notes} failure={row.failure} />,
          },
          { title: 'State', sort: 'status', cell: row => <State of={row.status} /> },
          { title: 'Started', sort: 'startedAt', cell: row => <Time at={row.startedAt} relative={false} /> },
          { title: 'Duration', sort: 'durationMs', number: true, cell: row => duration(row.durationMs) },
          {
            title: 'Jobs',
            sort: 'jobs',
            number: true,
            cell: row => (
              <>
                {count(row.jobs)}
                {row.failedJobs ? <span class="bad-text">, {count(row.failedJobs)} failed</span> : ''}
              </>
            ),
          },
          { title: 'User', sort: 'user', cell: row => <Name text={row.user} /> },
          {
            title: 'Engine',
            sort: 'source',
            cell: row => (
              <span class="nowrap">
                {row.source === 'cerium' ? 'Cerium' : 'Spark'}{' '}
                <span class="dim">
                  <Name text={row.engineVersion} />
                </span>
              </span>
            ),
          },
          { title: 'Log', sort: 'logBytes', number: true, cell: row => bytes(row.logBytes) },
        ]}
      />
    </Layout>
  );
}

function NameAndNotes({ name, notes, failure }: { name: string; notes: string[]; failure: string | undefined }) {
  return (
    <>
      <Name text={name} />
      {failure && (
        <div class="bad-text">
          <Name text={failure} />
        </div>
      )}
      {notes.map(note => (
        <div key={note} class="warn-text">
          <Name text={note} />
        </div>
      ))}
    </>
  );
}
