// Cerium. Licensed under the Apache License 2.0.
// Bars and marks in rows over a time axis. Dragging selects a range of time for all panels.

import { useRef, useState } from 'preact/hooks';
import { setParams } from '../router';
import { ticks, useWidth } from './axis';

export interface Bar {
  key: string;
  from: number;
  to: number;
  tone: string;
  text: string;
  title: string;
  href?: string;
}
export interface Mark {
  at: number;
  tone: string;
  title: string;
}
export interface Row {
  title: string;
  bars: Bar[];
  marks?: Mark[];
}

const kRow = 22;
const kGutter = 92;
const kAxis = 20;

/** Puts bars that overlap into lanes of their own. */
function lanesOf(bars: Bar[]): Bar[][] {
  const lanes: Bar[][] = [];
  for (const bar of [...bars].sort((a, b) => a.from - b.from)) {
    const lane = lanes.find(each => each[each.length - 1].to <= bar.from);
    if (lane) lane.push(bar);
    else lanes.push([bar]);
  }
  return lanes.length === 0 ? [[]] : lanes;
}

export function Gantt({
  rows,
  from,
  to,
  label,
  maxLanes = 8,
}: {
  rows: Row[];
  from: number;
  to: number;
  label: string;
  maxLanes?: number;
}) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [drag, setDrag] = useState<[number, number] | undefined>();
  const plot = width - kGutter - 8;
  const x = (at: number) => kGutter + (plot * (Math.min(Math.max(at, from), to) - from)) / Math.max(to - from, 1);
  const at = (event: PointerEvent) => {
    const left = box.current!.getBoundingClientRect().left;
    return from + ((Math.min(Math.max(event.clientX - left, kGutter), width - 8) - kGutter) / plot) * (to - from);
  };
  const laid = rows.map(row => ({ ...row, lanes: lanesOf(row.bars) }));
  const cut = laid.reduce((bars, row) => bars + row.lanes.slice(maxLanes).flat().length, 0);
  let y = kAxis;
  const placed = laid.map(row => {
    const top = y;
    y += Math.min(row.lanes.length, maxLanes) * kRow + 8;
    return { ...row, top, lanes: row.lanes.slice(0, maxLanes) };
  });

  const finish = () => {
    if (drag && Math.abs(x(drag[0]) - x(drag[1])) > 4) {
      const [a, b] = [Math.min(...drag), Math.max(...drag)];
      setParams({ from: Math.floor(a), to: Math.ceil(b) });
    }
    setDrag(undefined);
  };
  return (
    <div class="gantt" ref={box}>
      <svg
        width={width}
        height={y}
        role="group"
        aria-label={label}
        onPointerDown={event => {
          if (event.button === 0 && !(event.target as Element).closest('a')) setDrag([at(event), at(event)]);
        }}
        onPointerMove={event => drag && setDrag([drag[0], at(event)])}
        onPointerUp={finish}
        onPointerLeave={() => setDrag(undefined)}
      >
        {ticks(from, to, plot).map(tick => (
          <g key={tick.at}>
            <line x1={x(tick.at)} x2={x(tick.at)} y1={kAxis - 4} y2={y} class="grid" />
            <text x={Math.min(x(tick.at), width - 3.4 * tick.text.length)} y={12} class="tick" text-anchor="middle">
              {tick.text}
            </text>
          </g>
        ))}
        {placed.map(row => (
          <g key={row.title}>
            <text x={kGutter - 10} y={row.top + 15} class="row-title" text-anchor="end">
              {row.title}
            </text>
            {row.lanes.map((lane, i) =>
              lane.map(bar => (
                <BarShape key={bar.key} bar={bar} left={x(bar.from)} right={x(bar.to)} top={row.top + i * kRow} />
              )),
            )}
            {row.marks?.map((mark, i) => (
              <path key={i} class={`mark ${mark.tone}`} d={`M${x(mark.at) - 5},${row.top + 3} h10 l-5,14 z`}>
                <title>{mark.title}</title>
              </path>
            ))}
          </g>
        ))}
        {drag && (
          <rect
            class="selection"
            x={Math.min(x(drag[0]), x(drag[1]))}
            width={Math.abs(x(drag[0]) - x(drag[1]))}
            y={kAxis - 4}
            height={y}
          />
        )}
      </svg>
      {cut > 0 && (
        <p class="note">
          {cut} bars that overlap with others are left out. Select a shorter range of time to see them.
        </p>
      )}
    </div>
  );
}

function BarShape({ bar, left, right, top }: { bar: Bar; left: number; right: number; top: number }) {
  const width = Math.max(right - left, 2);
  const letters = Math.floor((width - 10) / 6.4);
  const text = letters >= 3 ? (bar.text.length > letters ? bar.text.slice(0, letters - 1) + '…' : bar.text) : '';
  const shape = (
    <>
      <title>{bar.title}</title>
      <rect class={`gantt-bar ${bar.tone}`} x={left} y={top + 2} width={width} height={kRow - 4} rx={3} />
      {text && (
        <text class={`gantt-text ${bar.tone}`} x={left + 6} y={top + 15}>
          {text}
        </text>
      )}
    </>
  );
  return bar.href ? (
    <a href={bar.href} aria-label={text ? undefined : bar.title}>
      {shape}
    </a>
  ) : (
    <g>{shape}</g>
  );
}
