// Cerium. Licensed under the Apache License 2.0.
// The frame of the pages of one application, and which page the address names.

import type { ComponentChildren, FunctionComponent } from 'preact';
import { useEffect } from 'preact/hooks';
import { address } from '../api';
import { Problem, State } from '../components/basics';
import { Layout, type Tab } from '../components/layout';
import { Name } from '../components/long';
import { changesOf, live } from '../live';
import { useResource } from '../resource';
import { useParams } from '../router';
import { useAppId, useHref, useSession } from '../session';
import { Compare } from './compare';
import { Environment } from './environment';
import { Executor } from './executor';
import { Executors } from './executors';
import { FailuresPage } from './failures';
import { Job } from './job';
import { Jobs } from './jobs';
import { Overview } from './overview';
import { Stage } from './stage';
import { Stages } from './stages';
import { StoragePage } from './storage';
import { StreamPage } from './stream';

const kPages: Record<string, { title: string; component: FunctionComponent }> = {
  overview: { title: 'Overview', component: Overview },
  jobs: { title: 'Jobs', component: Jobs },
  job: { title: 'Job', component: Job },
  stages: { title: 'Stages', component: Stages },
  stage: { title: 'Stage', component: Stage },
  stream: { title: 'Task stream', component: StreamPage },
  storage: { title: 'Storage', component: StoragePage },
  executors: { title: 'Executors', component: Executors },
  executor: { title: 'Executor', component: Executor },
  environment: { title: 'Environment', component: Environment },
  failures: { title: 'Failures', component: FailuresPage },
  compare: { title: 'Compare', component: Compare },
};

const kTabs: Tab[] = [
  { page: 'overview', title: 'Overview', also: ['failures'] },
  { page: 'jobs', title: 'Jobs', also: ['job'] },
  { page: 'stages', title: 'Stages', also: ['stage'] },
  { page: 'stream', title: 'Task stream' },
  { page: 'storage', title: 'Storage' },
  { page: 'executors', title: 'Executors', also: ['executor'] },
  { page: 'environment', title: 'Environment' },
  { page: 'compare', title: 'Compare' },
];

export function Application() {
  const appId = useAppId();
  const params = useParams();
  const page = params.page ?? 'overview';
  const known = kPages[page];

  useEffect(() => {
    live.open(changesOf(appId));
    return () => live.close();
  }, [appId]);
  useEffect(() => {
    document.title = `${known?.title ?? 'Unknown page'}${params.id ? ` ${params.id}` : ''} · Cerium`;
  }, [page, params.id]);

  const Page = known?.component;
  return (
    <Layout tabs={kTabs} title={<Heading />} extras={<Downloads appId={appId} />}>
      {Page ? (
        <Page key={`${page} ${params.id} ${params.attempt}`} />
      ) : (
        <Problem message={`There is no page "${page}". Choose one above.`} />
      )}
    </Layout>
  );
}

function Heading(): ComponentChildren {
  const appId = useAppId();
  const session = useSession();
  const href = useHref();
  const overview = useResource('/api/cerium/v1/applications/{appId}/overview', { appId }, ['application']);
  return (
    <>
      {session.pages === 'history' && (
        <>
          <a href={href({ app: undefined, from: undefined, to: undefined })}>All applications</a>
          <span class="dim"> / </span>
        </>
      )}
      {overview.data && (
        <>
          <strong>
            <Name text={overview.data.name} />
          </strong>{' '}
          <State of={overview.data.status} />
          <span class="dim app-id"> {appId}</span>
        </>
      )}
    </>
  );
}

function Downloads({ appId }: { appId: string }) {
  return (
    <>
      <a
        href={address('/api/cerium/v1/applications/{appId}/report', { appId })}
        download={`${appId}.html`}
        title="One HTML file with the whole story; needs no server"
      >
        Report
      </a>
      <a
        href={address('/api/cerium/v1/applications/{appId}/trace', { appId })}
        download={`${appId}.trace.json`}
        title="For chrome://tracing and Perfetto"
      >
        Trace
      </a>
      <a
        href={address('/api/v1/applications/{appId}/logs', { appId })}
        download={`${appId}.zip`}
        title="The event log, as a zip file"
      >
        Event log
      </a>
    </>
  );
}
