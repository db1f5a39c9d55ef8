// Cerium. Licensed under the Apache License 2.0.
// What is cached: how much of each RDD, how often it helped, what evictions cost, and where the blocks are.

import type { Schema } from '../api';
import { Empty, ExecutorLink, Loaded, RddLink, Section } from '../components/basics';
import { UsageBar } from '../components/bar';
import { PageTitle } from '../components/layout';
import { Name } from '../components/long';
import { DataTable, PlainTable } from '../components/table';
import { useResource } from '../resource';
import { useParams } from '../router';
import { useAppId } from '../session';
import { bytes, count, counted, duration, percent } from '../units';

export function StoragePage() {
  const appId = useAppId();
  const params = useParams();
  const storage = useResource('/api/cerium/v1/applications/{appId}/storage', { appId }, ['storage']);
  return (
    <>
      <PageTitle>Storage</PageTitle>
      <Loaded of={storage}>
        {data => {
          if (data.rdds.length === 0)
            return (
              <Empty>
                Nothing is cached. Call cache() or persist() on an RDD that several jobs use; it appears when a job has
                computed it.
              </Empty>
            );
          const selected =
            data.rdds.find(each => String(each.id) === params.rdd) ??
            (data.rdds.length === 1 ? data.rdds[0] : undefined);
          return (
            <>
              <Section title="Cached RDDs">
                <RddTable of={data.rdds} selected={selected?.id} />
              </Section>
              <Section title="Executors" note="Memory for blocks is shared with operators; the limit is of both.">
                <ExecutorTable of={data.executors} />
              </Section>
              {params.rdd !== undefined && !selected && <Empty>RDD {params.rdd} is not cached, or not any more.</Empty>}
              {selected && <Blocks of={selected} />}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function RddTable({ of, selected }: { of: Schema<'CachedRdd'>[]; selected: number | undefined }) {
  const known = (value: number | undefined, text = count) =>
    value === undefined ? <span class="dim">–</span> : text(value);
  return (
    <PlainTable
      label="Cached RDDs"
      rows={of}
      rowKey={row => row.id}
      rowClass={row => (row.id === selected ? 'selected' : '')}
      columns={[
        {
          title: 'RDD',
          cell: row => (
            <>
              <RddLink id={row.id} /> <Name text={row.name} />
              <div class="dim">
                <Name text={row.callSite ?? ''} />
              </div>
            </>
          ),
        },
        { title: 'Level', cell: row => <Name text={row.storageLevel} /> },
        {
          title: 'Cached partitions',
          cell: row => (
            <UsageBar
              calm
              used={row.numCachedPartitions}
              limit={row.numPartitions}
              text={`${count(row.numCachedPartitions)} of ${count(row.numPartitions)}`}
            />
          ),
        },
        { title: 'Memory', number: true, cell: row => bytes(row.memoryUsed) },
        { title: 'Disk', number: true, cell: row => (row.diskUsed ? bytes(row.diskUsed) : <span class="dim">–</span>) },
        { title: 'Hits', number: true, help: 'Reads of a cached partition', cell: row => known(row.hits) },
        {
          title: 'Misses',
          number: true,
          help: 'Reads that had to compute the partition',
          cell: row => known(row.misses),
        },
        {
          title: 'Hit ratio',
          number: true,
          cell: row =>
            row.hits === undefined || row.misses === undefined ? (
              <span class="dim">–</span>
            ) : (
              percent(row.hits / Math.max(row.hits + row.misses, 1))
            ),
        },
        {
          title: 'Evictions',
          number: true,
          help: 'Partitions dropped for want of memory',
          cell: row => (row.evictions ? <span class="warn-text">{count(row.evictions)}</span> : known(row.evictions)),
        },
        {
          title: 'Cost of a partition',
          number: true,
          help: 'What computing one took, on average',
          cell: row => known(row.computeMs, duration),
        },
        {
          title: 'Computed again',
          number: true,
          help: 'What misses after evictions cost in all',
          cell: row => known(row.recomputeMs, duration),
        },
      ]}
    />
  );
}

function ExecutorTable({ of }: { of: Schema<'ExecutorStorage'>[] }) {
  return (
    <PlainTable
      label="Blocks by executor"
      rows={of}
      rowKey={row => row.executorId}
      columns={[
        { title: 'Executor', cell: row => <ExecutorLink id={row.executorId} text={row.executorId} /> },
        { title: 'Host', cell: row => <Name text={row.host} /> },
        { title: 'Blocks', number: true, cell: row => count(row.blocks) },
        {
          title: 'Memory of blocks',
          cell: row => (
            <UsageBar
              used={row.memoryUsedBytes}
              limit={row.memoryLimitBytes}
              text={`${bytes(row.memoryUsedBytes)} of ${bytes(row.memoryLimitBytes)}`}
            />
          ),
        },
        {
          title: 'Disk',
          number: true,
          cell: row => (row.diskUsedBytes ? bytes(row.diskUsedBytes) : <span class="dim">–</span>),
        },
      ]}
    />
  );
}

function Blocks({ of }: { of: Schema<'CachedRdd'> }) {
  const appId = useAppId();
  return (
    <Section
      title={`Blocks of RDD ${of.id}`}
      note={
        of.numCachedPartitions < of.numPartitions &&
        `${counted(of.numPartitions - of.numCachedPartitions, 'partition')} more ${of.numPartitions - of.numCachedPartitions === 1 ? 'is' : 'are'} not cached: evicted, or not computed yet.`
      }
    >
      <DataTable
        name="blocks"
        label={`Blocks of RDD ${of.id}`}
        path="/api/cerium/v1/applications/{appId}/storage/{rddId}/blocks"
        args={{ appId, rddId: of.id }}
        topics={['storage']}
        rowKey={row => row.blockName}
        sort="partition"
        length={25}
        searchable="Search blocks"
        empty="No block is cached now."
        columns={[
          { title: 'Partition', sort: 'partition', number: true, narrow: true, cell: row => count(row.partition) },
          { title: 'Block', sort: 'blockName', cell: row => <Name text={row.blockName} /> },
          { title: 'Level', cell: row => <Name text={row.storageLevel} /> },
          { title: 'Memory', sort: 'memoryUsed', number: true, cell: row => bytes(row.memoryUsed) },
          {
            title: 'Disk',
            sort: 'diskUsed',
            number: true,
            cell: row => (row.diskUsed ? bytes(row.diskUsed) : <span class="dim">–</span>),
          },
          {
            title: 'Executors',
            cell: row => (
              <span class="ids">
                {row.executors.map(id => (
                  <ExecutorLink key={id} id={id} text={id} />
                ))}
              </span>
            ),
          },
        ]}
      />
    </Section>
  );
}
