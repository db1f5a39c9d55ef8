// Cerium. Licensed under the Apache License 2.0.
// Every setting with its value and where it came from; changed ones first.

import type { Schema } from '../api';
import { Loaded, Section } from '../components/basics';
import { PageTitle } from '../components/layout';
import { Long, Name } from '../components/long';
import { DataTable, PlainTable } from '../components/table';
import { useResource } from '../resource';
import { useAppId } from '../session';
import { count } from '../units';

const kOrigins: Record<Schema<'Setting'>['origin'], string> = {
  default: 'default',
  file: 'file',
  env: 'environment',
  flag: 'command line',
  code: 'the program',
};

export function Environment() {
  const appId = useAppId();
  const runtime = useResource('/api/cerium/v1/applications/{appId}/environment', { appId, length: 1 }, ['environment']);
  return (
    <>
      <PageTitle>Environment</PageTitle>
      <Section title="Settings" note="Changed settings first. The values of secrets are not shown.">
        <DataTable
          label="Settings"
          path="/api/cerium/v1/applications/{appId}/environment"
          args={{ appId }}
          topics={['environment']}
          rowKey={row => row.key}
          rowClass={row => (row.changed ? 'changed' : '')}
          sort=""
          length={100}
          searchable="Search settings"
          filters={[
            {
              name: 'changed',
              title: 'show',
              options: [
                ['true', 'changed only'],
                ['false', 'defaults only'],
              ],
            },
            { name: 'origin', title: 'from', options: Object.entries(kOrigins) },
          ]}
          empty="The settings are not known yet."
          note={answer => `, ${count(answer.changed)} of them changed`}
          columns={[
            {
              title: 'Setting',
              wide: true,
              sort: 'key',
              cell: row => (
                <>
                  <code>
                    <Name text={row.key} />
                  </code>
                  {row.text && (
                    <div class="dim">
                      <Long text={row.text} />
                    </div>
                  )}
                </>
              ),
            },
            {
              title: 'Value',
              sort: 'value',
              wide: true,
              cell: row =>
                row.hidden ? (
                  <span class="dim">hidden</span>
                ) : (
                  <code>
                    <Long text={row.value} limit={120} />
                  </code>
                ),
            },
            {
              title: 'From',
              sort: 'origin',
              cell: row => (
                <>
                  {kOrigins[row.origin]}
                  {row.place && (
                    <div class="dim">
                      <Name text={row.place} />
                    </div>
                  )}
                </>
              ),
            },
            {
              title: 'Default',
              cell: row =>
                row.default ? (
                  <code>
                    <Name text={row.default} />
                  </code>
                ) : (
                  <span class="dim">none</span>
                ),
            },
          ]}
        />
      </Section>
      <Loaded of={runtime}>
        {data =>
          data.runtime.length > 0 && (
            <Section title="Runtime">
              <PlainTable
                label="Runtime"
                rows={data.runtime}
                rowKey={row => row.key}
                columns={[
                  { title: 'What', narrow: true, cell: row => <Name text={row.key} /> },
                  {
                    title: 'Value',
                    wide: true,
                    cell: row => (
                      <code>
                        <Long text={row.value} limit={200} />
                      </code>
                    ),
                  },
                ]}
              />
            </Section>
          )
        }
      </Loaded>
    </>
  );
}
