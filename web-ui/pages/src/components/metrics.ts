// Cerium. Licensed under the Apache License 2.0.
// How the metrics of tasks are called and what they mean, and where a row of tasks has them.

import type { Schema } from '../api';
import { figure, type Unit } from '../units';

type Task = Schema<'TaskRow'>;
type Metrics = Schema<'TaskMetrics'>;

export interface MetricText {
  title: string;
  help: string;
}

export const kMetrics: Record<string, MetricText> = {
  duration: { title: 'Duration', help: 'From sending the task to its end, as the driver saw it.' },
  schedulerDelay: {
    title: 'Scheduler delay',
    help: 'What is left of the duration: the way to the executor and back, and waiting for a core.',
  },
  executorDeserializeTime: { title: 'Decoding', help: "Decoding the stage's code, once on each executor." },
  executorDeserializeCpuTime: { title: 'Decoding, CPU', help: 'Processor time of decoding.' },
  executorRunTime: { title: 'Run time', help: 'From the first to the last record, waiting for the shuffle included.' },
  executorCpuTime: { title: 'CPU time', help: "Processor time of the task's own thread." },
  shuffleFetchWaitTime: { title: 'Fetch wait', help: 'The task waited for shuffle data of other executors.' },
  shuffleWriteTime: { title: 'Shuffle write time', help: 'Putting the finished shuffle output together.' },
  resultSerializationTime: { title: 'Result encoding', help: 'Encoding the result.' },
  gettingResultTime: {
    title: 'Getting result',
    help: 'The driver fetched a result that was too large for the message.',
  },
  jvmGcTime: { title: 'GC time', help: 'Garbage collection, in logs of Spark.' },
  inputBytes: { title: 'Input', help: 'Read from files or the cache.' },
  inputRecords: { title: 'Input records', help: 'Read from files or the cache.' },
  outputBytes: { title: 'Output', help: 'Written to files.' },
  outputRecords: { title: 'Output records', help: 'Written to files.' },
  shuffleReadBytes: { title: 'Shuffle read', help: 'Read from the shuffle, local and remote.' },
  shuffleReadRecords: { title: 'Shuffle read records', help: 'Read from the shuffle.' },
  shuffleRemoteBytesRead: {
    title: 'Remote shuffle read',
    help: 'The part of the shuffle read that came from other executors.',
  },
  shuffleLocalBytesRead: {
    title: 'Local shuffle read',
    help: "The part of the shuffle read from the task's own executor.",
  },
  shuffleRemoteBlocksFetched: { title: 'Remote blocks', help: 'Segments fetched from other executors.' },
  shuffleLocalBlocksFetched: { title: 'Local blocks', help: "Segments of the task's own executor." },
  shuffleWriteBytes: { title: 'Shuffle write', help: 'Written for the next stage.' },
  shuffleWriteRecords: { title: 'Shuffle write records', help: 'Written for the next stage.' },
  memoryBytesSpilled: { title: 'Spilled (in memory)', help: 'The size in memory of what was spilled.' },
  diskBytesSpilled: { title: 'Spilled', help: 'Written to disk because the memory budget was used up.' },
  peakExecutionMemory: { title: 'Peak memory', help: "The most that the task's operators held at a time." },
  resultSize: { title: 'Result size', help: 'The encoded result.' },
};

export const metricTitle = (name: string) => kMetrics[name]?.title ?? name;

/** Where a task's row has the metric, and its unit. */
const kOfTask: Record<string, [Unit, (metrics: Metrics, task: Task) => number | undefined]> = {
  duration: ['ms', (_, task) => task.duration],
  schedulerDelay: ['ms', (_, task) => task.schedulerDelay],
  executorDeserializeTime: ['ms', m => m.executorDeserializeTime],
  executorDeserializeCpuTime: ['ns', m => m.executorDeserializeCpuTime],
  executorRunTime: ['ms', m => m.executorRunTime],
  executorCpuTime: ['ns', m => m.executorCpuTime],
  shuffleFetchWaitTime: ['ms', m => m.shuffleReadMetrics.fetchWaitTime],
  shuffleWriteTime: ['ns', m => m.shuffleWriteMetrics.writeTime],
  resultSerializationTime: ['ms', m => m.resultSerializationTime],
  gettingResultTime: ['ms', (_, task) => task.gettingResultTime],
  jvmGcTime: ['ms', m => m.jvmGcTime],
  inputBytes: ['bytes', m => m.inputMetrics.bytesRead],
  inputRecords: ['records', m => m.inputMetrics.recordsRead],
  outputBytes: ['bytes', m => m.outputMetrics.bytesWritten],
  outputRecords: ['records', m => m.outputMetrics.recordsWritten],
  shuffleReadBytes: ['bytes', m => m.shuffleReadMetrics.localBytesRead + m.shuffleReadMetrics.remoteBytesRead],
  shuffleReadRecords: ['records', m => m.shuffleReadMetrics.recordsRead],
  shuffleRemoteBytesRead: ['bytes', m => m.shuffleReadMetrics.remoteBytesRead],
  shuffleWriteBytes: ['bytes', m => m.shuffleWriteMetrics.bytesWritten],
  shuffleWriteRecords: ['records', m => m.shuffleWriteMetrics.recordsWritten],
  diskBytesSpilled: ['bytes', m => m.diskBytesSpilled],
  peakExecutionMemory: ['bytes', m => m.peakExecutionMemory],
  resultSize: ['bytes', m => m.resultSize],
};

export const kTaskMetrics = Object.keys(kOfTask);

export function ofTask(task: Task, name: string): string {
  const [unit, of] = kOfTask[name];
  const needsMetrics = !['duration', 'schedulerDelay', 'gettingResultTime'].includes(name);
  if (needsMetrics && !task.taskMetrics) return '–';
  return figure(of(task.taskMetrics as Metrics, task), unit);
}
