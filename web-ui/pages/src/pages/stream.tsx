// Cerium. Licensed under the Apache License 2.0.

import { PageTitle } from '../components/layout';
import { TaskStream } from '../components/stream';

export function StreamPage() {
  return (
    <>
      <PageTitle>Task stream</PageTitle>
      <p class="note">A row for each core, a box for each task. Gaps are time in which a core had nothing to do.</p>
      <TaskStream />
    </>
  );
}
