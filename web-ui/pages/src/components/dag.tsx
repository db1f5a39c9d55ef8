// Cerium. Licensed under the Apache License 2.0.
// The stages of a job from left to right, each with its operations and their call sites, and the bytes between them.

import { Graph, layout } from '@dagrejs/dagre';
import { useMemo } from 'preact/hooks';
import type { Schema } from '../api';
import { useHref } from '../session';
import { bytes, count, duration, percent } from '../units';

type Stage = Schema<'GraphStage'>;
type Operation = Schema<'Operation'>;
type Edge = Schema<'GraphEdge'>;

const kOperation = { width: 196, height: 38, gap: 12 };
const kHead = 46;
const kPad = 12;
/** More operations than these are folded into "… n more". */
const kMaxOperations = 14;

interface Placed {
  x: number;
  y: number;
  width: number;
  height: number;
}
interface Box extends Placed {
  stage: Stage;
  operations: (Placed & { of: Operation })[];
  lines: { x1: number; y1: number; x2: number; y2: number }[];
  left: number;
}
interface Wire {
  edge: Edge;
  points: { x: number; y: number }[];
  label: { x: number; y: number };
}

function inside(stage: Stage): Omit<Box, 'x' | 'y'> {
  const shown = stage.operations.slice(-kMaxOperations);
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 14, ranksep: kOperation.gap });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const each of shown) graph.setNode(String(each.rddId), { width: kOperation.width, height: kOperation.height });
  const ids = new Set(shown.map(each => each.rddId));
  for (const each of shown)
    for (const parent of each.parents) if (ids.has(parent)) graph.setEdge(String(parent), String(each.rddId));
  if (shown.length > 0) layout(graph);
  const place = (each: Operation) => graph.node(String(each.rddId)) as Placed;
  const size = graph.graph() as { width?: number; height?: number };
  const left = stage.operations.length - shown.length;
  const more = left > 0 ? 18 : 0;
  return {
    stage,
    left,
    operations: shown.map(of => ({ of, ...place(of), x: place(of).x + kPad, y: place(of).y + kHead + more })),
    lines: graph.edges().map(edge => {
      const from = graph.node(edge.v) as Placed;
      const to = graph.node(edge.w) as Placed;
      return {
        x1: from.x + kPad,
        y1: from.y + kHead + more + kOperation.height / 2,
        x2: to.x + kPad,
        y2: to.y + kHead + more - kOperation.height / 2,
      };
    }),
    width: Math.max(size.width ?? 0, kOperation.width) + 2 * kPad,
    height: kHead + more + Math.max(size.height ?? 0, 0) + kPad,
  };
}

function place(of: Schema<'JobGraph'>): { boxes: Box[]; wires: Wire[]; width: number; height: number } {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 28, ranksep: 84, marginx: 4, marginy: 4 });
  const drafts = new Map(of.stages.map(stage => [stage.stageId, inside(stage)]));
  for (const [id, draft] of drafts) graph.setNode(String(id), { width: draft.width, height: draft.height });
  for (const edge of of.edges)
    graph.setEdge(String(edge.from), String(edge.to), { width: 70, height: 16, labelpos: 'c' });
  layout(graph);
  const boxes = [...drafts].map(([id, draft]) => {
    const { x, y } = graph.node(String(id)) as Placed;
    return { ...draft, x: x - draft.width / 2, y: y - draft.height / 2 };
  });
  const wires = of.edges.map(edge => {
    const laid = graph.edge(String(edge.from), String(edge.to)) as {
      points: { x: number; y: number }[];
      x: number;
      y: number;
    };
    return { edge, points: laid.points, label: { x: laid.x, y: laid.y } };
  });
  const size = graph.graph() as { width: number; height: number };
  return { boxes, wires, width: size.width, height: size.height };
}

export function Dag({ of }: { of: Schema<'JobGraph'> }) {
  const placed = useMemo(() => place(of), [of]);
  return (
    <div class="dag" tabIndex={0} role="region" aria-label={`Graph of ${of.stages.length} stages`}>
      <svg width={placed.width} height={placed.height} role="group" aria-label="Stages and their operations">
        {placed.wires.map(wire => (
          <WireShape key={`${wire.edge.from}-${wire.edge.to}`} of={wire} />
        ))}
        {placed.boxes.map(box => (
          <StageBox key={box.stage.stageId} of={box} />
        ))}
      </svg>
    </div>
  );
}

function WireShape({ of: { edge, points, label } }: { of: Wire }) {
  const [first, ...rest] = points;
  const path =
    `M${first.x},${first.y} ` +
    rest
      .map((point, i) => {
        const before = points[i];
        const middle = (before.x + point.x) / 2;
        return `C${middle},${before.y} ${middle},${point.y} ${point.x},${point.y}`;
      })
      .join(' ');
  const last = points[points.length - 1];
  const text = edge.bytes === null ? 'shuffle' : bytes(edge.bytes);
  return (
    <g class={edge.onCriticalPath ? 'wire critical' : 'wire'}>
      <title>{`Stage ${edge.to} reads ${text} of stage ${edge.from} (shuffle ${edge.shuffleId}).`}</title>
      <path d={path} />
      <path class="head" d={`M${last.x},${last.y} l-7,-4 v8 z`} />
      <rect class="wire-label" x={label.x - 34} y={label.y - 9} width={68} height={18} rx={9} />
      <text x={label.x} y={label.y + 4} text-anchor="middle">
        {text}
      </text>
    </g>
  );
}

/** "orders.cc:40" of "map at orders.cc:40", because the name stands above it. */
const placeOf = (of: Operation) =>
  of.callSite.startsWith(`${of.name} at `) ? of.callSite.slice(of.name.length + 4) : of.callSite;

const cut = (text: string, letters: number) => (text.length > letters ? text.slice(0, letters - 1) + '…' : text);

function StageBox({ of: { stage, operations, lines, left, ...box } }: { of: Box }) {
  const href = useHref();
  const took =
    stage.from === null
      ? stage.status.toLowerCase()
      : stage.to === null
        ? `${percent(stage.numCompleteTasks / Math.max(stage.numTasks, 1))} done`
        : duration(stage.to - stage.from);
  const failed = stage.numFailedTasks > 0 ? `, ${count(stage.numFailedTasks)} failed` : '';
  const again = stage.attempts > 1 ? `, ${stage.attempts} attempts` : '';
  const title = `Stage ${stage.stageId} (${stage.name}): ${stage.status.toLowerCase()}, ${count(stage.numTasks)} tasks${failed}${again}${stage.onCriticalPath ? ', on the critical path' : ''}`;
  return (
    <g
      class={`stage-box ${stage.status.toLowerCase()}${stage.onCriticalPath ? ' critical' : ''}`}
      transform={`translate(${box.x},${box.y})`}
    >
      <a href={href({ page: 'stage', id: stage.stageId, attempt: stage.attemptId })}>
        <title>{title}</title>
        <rect class="frame" width={box.width} height={box.height} rx={6} />
        <text class="box-title" x={kPad} y={20}>
          Stage {stage.stageId}
          {stage.attempts > 1 ? ` · attempt ${stage.attemptId}` : ''}
        </text>
        <text class="box-took" x={box.width - kPad} y={20} text-anchor="end">
          {took}
        </text>
        <text class="box-note" x={kPad} y={36}>
          {count(stage.numTasks)} tasks{failed}
        </text>
        {stage.findings > 0 && (
          <text class="box-finding" x={box.width - kPad} y={36} text-anchor="end">
            {stage.findings} {stage.findings === 1 ? 'finding' : 'findings'}
          </text>
        )}
      </a>
      {left > 0 && (
        <text class="box-note" x={kPad} y={kHead + 12}>
          {left} earlier operations
        </text>
      )}
      {lines.map((line, i) => (
        <line key={i} class="op-line" {...line} />
      ))}
      {operations.map(each => (
        <g
          key={each.of.rddId}
          class={`operation${each.of.cached ? ' cached' : ''}`}
          transform={`translate(${each.x - kOperation.width / 2},${each.y - kOperation.height / 2})`}
        >
          <title>{`${each.of.name}, ${each.of.callSite}, ${count(each.of.numPartitions)} partitions${each.of.fromCache ? ', read from the cache' : each.of.cached ? ', cached' : ''}`}</title>
          <rect width={kOperation.width} height={kOperation.height} rx={4} />
          <text class="op-name" x={8} y={16}>
            {cut(each.of.name, 20)}
          </text>
          {each.of.cached && (
            <text class="op-cached" x={kOperation.width - 8} y={16} text-anchor="end">
              {each.of.fromCache ? 'from cache' : 'cached'}
            </text>
          )}
          <text class="op-site" x={8} y={31}>
            {cut(placeOf(each.of), 30)}
          </text>
        </g>
      ))}
    </g>
  );
}
