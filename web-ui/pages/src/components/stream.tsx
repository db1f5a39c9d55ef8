// Cerium. Licensed under the Apache License 2.0.
// The task stream: a row for each core, a box for each task, coloured by what it did; gaps are idle cores. The server is
// asked for the visible range only, and merges what would be too small to see, so that a million tasks stay smooth.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Arguments, Schema } from '../api';
import { useResource } from '../resource';
import { navigate, setParams, useParams } from '../router';
import { useAppId, useHref } from '../session';
import { count, duration, percent } from '../units';
import { colour, prepare, ticks, useTheme, useWidth } from './axis';
import { Empty, Loaded } from './basics';

type Stream = Schema<'TaskStream'>;
type Phase = Schema<'Phase'>;

const kGutter = 118;
const kAxis = 22;
const kMaxHeight = 620;
const kShortestMs = 2;

export const kPhases: Record<Phase, { tone: string; text: string }> = {
  compute: { tone: 'phase-compute', text: 'computing' },
  fetchWait: { tone: 'phase-fetch', text: 'waiting for the shuffle' },
  shuffleWrite: { tone: 'phase-write', text: 'writing the shuffle' },
  deserialize: { tone: 'phase-decode', text: 'decoding' },
  schedulerDelay: { tone: 'phase-delay', text: 'on its way or waiting for a core' },
  resultSerialization: { tone: 'phase-result', text: 'encoding the result' },
  gettingResult: { tone: 'phase-result', text: 'fetching the result' },
  mixed: { tone: 'phase-compute', text: 'several tasks' },
};

const rowHeight = (lanes: number) => Math.max(5, Math.min(20, Math.floor(560 / Math.max(lanes, 1))));

interface View {
  from: number;
  to: number;
}

export function TaskStream({ stage, attempt }: { stage?: number; attempt?: number }) {
  const appId = useAppId();
  const params = useParams();
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const view = params.from && params.to ? { from: Number(params.from), to: Number(params.to) } : undefined;
  const args = { appId, ...view, width: Math.round(width - kGutter), stageId: stage, attemptId: attempt };
  const stream = useResource(
    '/api/cerium/v1/applications/{appId}/taskstream',
    args as Arguments<'/api/cerium/v1/applications/{appId}/taskstream'>,
    ['tasks'],
  );
  return (
    <div class="stream" ref={box}>
      <Loaded of={stream}>
        {data =>
          data.tasks === 0 && data.lanes.length === 0 ? (
            <Empty>No task has started in this range of time. Each task appears here when it is sent to a core.</Empty>
          ) : (
            <Picture
              of={data}
              width={width}
              view={view ?? { from: data.from, to: Math.max(data.to, data.from + 1) }}
              whole={view === undefined}
            />
          )
        }
      </Loaded>
    </div>
  );
}

function Picture({ of, width, view, whole }: { of: Stream; width: number; view: View; whole: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroll = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const href = useHref();
  const [top, setTop] = useState(0);
  // An index into the boxes of one answer; it means nothing for the next answer.
  const [pointed, setPointed] = useState<{ of: Stream; box: number | undefined } | undefined>();
  const hover = pointed?.of === of ? pointed.box : undefined;
  const [drag, setDrag] = useState<[number, number] | undefined>();
  const height = rowHeight(of.lanes.length);
  const visible = Math.min(kMaxHeight, of.lanes.length * height);
  const plot = width - kGutter;
  const time = (x: number) => view.from + ((x - kGutter) / plot) * (view.to - view.from);
  const byLane = useMemo(() => groupByLane(of), [of]);

  useEffect(() => {
    if (canvas.current) draw(canvas.current, { of, byLane, view, width, visible, top, height, hover, drag });
  }, [of, view.from, view.to, width, visible, top, height, hover, drag, theme]);

  const show = (to: View) => {
    const length = Math.max(kShortestMs, Math.min(to.to - to.from, of.now - of.from + (view.from - of.from) + 1e12));
    setParams({ from: Math.floor(to.from), to: Math.ceil(to.from + length) });
  };
  const zoom = (factor: number, middle = (view.from + view.to) / 2) => {
    const length = Math.max(kShortestMs, (view.to - view.from) * factor);
    const before = ((middle - view.from) / (view.to - view.from)) * length;
    show({ from: middle - before, to: middle - before + length });
  };
  const pan = (part: number) => {
    const by = (view.to - view.from) * part;
    show({ from: view.from + by, to: view.to + by });
  };
  const all = () => setParams({ from: undefined, to: undefined });

  // A listener of the element itself, because a page may not cancel the wheel otherwise.
  useEffect(() => {
    const element = canvas.current;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
      event.preventDefault();
      const at = time(event.clientX - element!.getBoundingClientRect().left);
      zoom((event.deltaY || event.deltaX) > 0 ? 1.35 : 1 / 1.35, at);
    };
    element?.addEventListener('wheel', wheel, { passive: false });
    return () => element?.removeEventListener('wheel', wheel);
  });

  const locate = (event: PointerEvent) => {
    const { left, top: above } = canvas.current!.getBoundingClientRect();
    const x = event.clientX - left;
    const lane = Math.floor((event.clientY - above - kAxis + top) / height);
    return { x, box: findBox(of, byLane, lane, time(x) - of.from, ((view.to - view.from) / plot) * 2) };
  };
  const pressed = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const { x } = locate(event);
    canvas.current!.setPointerCapture(event.pointerId);
    setDrag([x, x]);
  };
  const moved = (event: PointerEvent) => {
    const { x, box } = locate(event);
    setPointed({ of, box });
    if (drag) setDrag([drag[0], Math.max(kGutter, Math.min(x, width))]);
  };
  const released = (event: PointerEvent) => {
    const { box } = locate(event);
    if (drag && Math.abs(drag[1] - drag[0]) > 4) show({ from: time(Math.min(...drag)), to: time(Math.max(...drag)) });
    else if (box !== undefined) open(box);
    setDrag(undefined);
  };
  const open = (box: number) => {
    const { boxes } = of;
    if (boxes.taskId[box] >= 0)
      navigate(href({ page: 'stage', id: boxes.stageId[box], attempt: boxes.attemptId[box], task: boxes.taskId[box] }));
    else zoomToBox(box);
  };
  const zoomToBox = (box: number) => {
    const margin = (of.boxes.to[box] - of.boxes.from[box]) * 0.2;
    show({ from: of.from + of.boxes.from[box] - margin, to: of.from + of.boxes.to[box] + margin });
  };
  const key = (event: KeyboardEvent) => {
    const action = {
      ArrowLeft: () => pan(-0.25),
      ArrowRight: () => pan(0.25),
      '+': () => zoom(0.6),
      '=': () => zoom(0.6),
      '-': () => zoom(1.6),
      Home: all,
      Escape: all,
    }[event.key];
    if (!action || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    action();
  };
  return (
    <>
      <div class="stream-bar">
        <Legend of={of} />
        <div class="actions">
          <button type="button" onClick={() => pan(-0.5)} aria-label="Earlier">
            ←
          </button>
          <button type="button" onClick={() => pan(0.5)} aria-label="Later">
            →
          </button>
          <button type="button" onClick={() => zoom(0.5)} aria-label="Zoom in">
            +
          </button>
          <button type="button" onClick={() => zoom(2)} aria-label="Zoom out">
            −
          </button>
          <button type="button" onClick={all} disabled={whole}>
            Whole run
          </button>
        </div>
      </div>
      <div
        class="stream-scroll"
        ref={scroll}
        onScroll={event => setTop(event.currentTarget.scrollTop)}
        style={{ height: `${visible + kAxis + 2}px` }}
      >
        <div style={{ height: `${of.lanes.length * height + kAxis}px` }}>
          <canvas
            ref={canvas}
            tabIndex={0}
            role="img"
            aria-label={`${count(of.tasks)} tasks on ${count(of.lanes.length)} cores in ${duration(view.to - view.from)}. Arrow keys move, plus and minus zoom, Home shows the whole run. The tables of the stages have the same tasks.`}
            onPointerDown={pressed}
            onPointerMove={moved}
            onPointerUp={released}
            onPointerLeave={() => setPointed(undefined)}
            onKeyDown={key}
          />
        </div>
      </div>
      <p class="readout">{hover === undefined ? summary(of, view) : describe(of, hover)}</p>
    </>
  );
}

function summary(of: Stream, view: View): string {
  const merged = of.merged ? ' Boxes that are too narrow are drawn as one; zoom in to see each task.' : '';
  const cut =
    of.truncated || of.lanesTotal > of.lanes.length
      ? ` Showing ${count(of.lanes.length)} of ${count(of.lanesTotal)} cores.`
      : '';
  return `${count(of.tasks)} tasks on ${count(of.lanes.length)} cores in ${duration(view.to - view.from)}.${merged}${cut} Drag to zoom into a range, Ctrl and wheel to zoom, click a box to open its task.`;
}

function describe(of: Stream, box: number): string {
  const { boxes } = of;
  const lane = of.lanes[boxes.lane[box]];
  const where = `executor ${lane.executorId} on ${lane.host}, core ${lane.core}`;
  const took = duration(boxes.to[box] - boxes.from[box]);
  const stage = boxes.stageId[box] < 0 ? 'several stages' : `stage ${boxes.stageId[box]}.${boxes.attemptId[box]}`;
  if (boxes.count[box] > 1)
    return `${count(boxes.count[box])} tasks of ${stage} in ${took}, ${percent(boxes.busyRatio[box])} busy · ${where}`;
  const status = boxes.status[box].toLowerCase();
  return `task ${boxes.taskId[box]}, partition ${boxes.index[box]} of ${stage} · ${status === 'success' ? kPhases[boxes.phase[box]].text : status}, ${took} · ${where}`;
}

function Legend({ of }: { of: Stream }) {
  const present = new Set(of.boxes.phase);
  const shown = (Object.keys(kPhases) as Phase[]).filter(
    phase => present.has(phase) && phase !== 'mixed' && phase !== 'gettingResult',
  );
  const bad = of.boxes.status.some(status => status === 'FAILED');
  return (
    <ul class="legend" aria-label="Colours">
      {shown.map(phase => (
        <li key={phase}>
          <span class={`swatch ${kPhases[phase].tone}`} /> {kPhases[phase].text}
        </li>
      ))}
      {bad && (
        <li>
          <span class="swatch phase-failed" /> failed
        </li>
      )}
      <li>
        <span class="swatch idle" /> idle
      </li>
    </ul>
  );
}

type ByLane = number[][];

function groupByLane(of: Stream): ByLane {
  const lanes: ByLane = of.lanes.map(() => []);
  of.boxes.lane.forEach((lane, box) => lanes[lane].push(box));
  return lanes;
}

/** The box at an instant (ms after the stream's start), or the nearest within the slack. */
function findBox(of: Stream, byLane: ByLane, lane: number, at: number, slack: number): number | undefined {
  const { from, to } = of.boxes;
  return byLane[lane]?.find(box => from[box] - slack <= at && at <= to[box] + slack);
}

interface Drawing {
  of: Stream;
  byLane: ByLane;
  view: View;
  width: number;
  visible: number;
  top: number;
  height: number;
  hover: number | undefined;
  drag: [number, number] | undefined;
}

function draw(canvas: HTMLCanvasElement, drawing: Drawing) {
  const { of, byLane, view, width, visible, top, height, hover, drag } = drawing;
  const context = prepare(canvas, width, visible + kAxis);
  const plot = width - kGutter;
  const x = (at: number) => kGutter + (plot * (at - view.from)) / (view.to - view.from);
  const tones = Object.fromEntries(Object.entries(kPhases).map(([phase, { tone }]) => [phase, colour(tone)]));
  const failed = colour('phase-failed');
  const killed = colour('phase-killed');
  const first = Math.floor(top / height);
  const last = Math.min(of.lanes.length - 1, Math.ceil((top + visible) / height));
  const y = (lane: number) => kAxis + lane * height - top;
  const gap = height > 8 ? 2 : 1;

  for (let lane = first; lane <= last; ++lane) {
    const { from, to } = of.lanes[lane];
    context.fillStyle = colour('idle');
    const left = Math.max(kGutter, x(from ?? view.from));
    context.fillRect(
      left,
      y(lane) + 1,
      Math.max(0, Math.min(width, x(Math.min(to ?? of.now, view.to))) - left),
      height - gap,
    );
    for (const box of byLane[lane]) {
      const start = Math.max(kGutter, x(of.from + of.boxes.from[box]));
      const end = Math.min(width, x(of.from + of.boxes.to[box]));
      if (end < kGutter || start > width) continue;
      const status = of.boxes.status[box];
      context.fillStyle = status === 'FAILED' ? failed : status === 'KILLED' ? killed : tones[of.boxes.phase[box]];
      context.globalAlpha =
        of.boxes.count[box] > 1 ? 0.35 + 0.65 * of.boxes.busyRatio[box] : status === 'RUNNING' ? 0.75 : 1;
      const seam = end - start > 3 && of.boxes.count[box] === 1 ? 0.5 : 0;
      context.fillRect(start, y(lane) + 1, Math.max(end - start - seam, 0.7), height - gap);
      context.globalAlpha = 1;
      if (box !== hover) continue;
      context.strokeStyle = colour('focus');
      context.lineWidth = 2;
      context.strokeRect(start, y(lane) + 1, Math.max(end - start, 2), height - gap);
    }
  }
  drawFrame(context, drawing, x, y, first, last);
  if (!drag || Math.abs(drag[1] - drag[0]) <= 4) return;
  context.fillStyle = colour('selection');
  context.fillRect(Math.min(...drag), kAxis, Math.abs(drag[1] - drag[0]), visible);
}

/** Names of executors at the left, and the axis above. */
function drawFrame(
  context: CanvasRenderingContext2D,
  { of, view, width, visible, top, height }: Drawing,
  x: (at: number) => number,
  y: (lane: number) => number,
  first: number,
  last: number,
) {
  context.fillStyle = colour('surface');
  context.fillRect(0, 0, kGutter - 4, visible + kAxis);
  context.fillRect(0, 0, width, kAxis - 2);
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  let begin = first;
  for (let lane = first; lane <= last; ++lane) {
    const isEnd = lane === last || of.lanes[lane + 1].executorId !== of.lanes[lane].executorId;
    if (!isEnd) continue;
    const middle = (y(begin) + y(lane) + height) / 2;
    const { executorId, host } = of.lanes[lane];
    context.textAlign = 'right';
    context.fillStyle = colour('text');
    const room = (lane - begin + 1) * height;
    if (room >= 11)
      context.fillText(
        `${executorId} · ${host.length > 14 ? host.slice(0, 13) + '…' : host}`,
        kGutter - 12,
        middle,
        kGutter - 16,
      );
    context.fillStyle = colour('line');
    context.fillRect(0, y(lane) + height - 0.5, width, 1);
    begin = lane + 1;
  }
  context.textAlign = 'center';
  for (const tick of ticks(view.from, view.to, width - kGutter)) {
    context.fillStyle = colour('line');
    context.fillRect(x(tick.at), kAxis - 5, 1, 5);
    context.fillStyle = colour('dim');
    context.fillText(tick.text, Math.max(kGutter + 24, Math.min(x(tick.at), width - 28)), 9);
  }
  if (top > 0) context.fillRect(0, kAxis - 1, width, 1);
}
