// Cerium. Licensed under the Apache License 2.0.
// All failures, equal ones as one card.

import { CutNote, Empty, Loaded } from '../components/basics';
import { FailureCard } from '../components/failure';
import { PageTitle } from '../components/layout';
import { useResource } from '../resource';
import { useAppId } from '../session';

export function FailuresPage() {
  const appId = useAppId();
  const failures = useResource('/api/cerium/v1/applications/{appId}/failures', { appId, length: 100 }, ['failures']);
  return (
    <>
      <PageTitle>Failures</PageTitle>
      <Loaded of={failures}>
        {data =>
          data.failures.length === 0 ? (
            <Empty>Nothing has failed. Failed tasks and lost executors appear here, equal ones as one card.</Empty>
          ) : (
            <>
              <div class="cards one">
                {data.failures.map(each => (
                  <FailureCard key={each.id} of={each} open />
                ))}
              </div>
              <CutNote shown={data.failures.length} total={data.total} what="kinds of failures" />
            </>
          )
        }
      </Loaded>
    </>
  );
}
