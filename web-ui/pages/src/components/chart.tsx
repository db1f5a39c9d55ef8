// Cerium. Licensed under the Apache License 2.0.
// Lines, or stacked areas, over time. The charts of a page share their cursor.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { setParams } from '../router';
import { clock, figure, type Unit } from '../units';
import { colour, useTheme, useWidth } from './axis';

export interface Line {
  title: string;
  values: (number | null)[];
  /** A colour of style/colours.css. */
  tone: string;
}

interface Props {
  title: string;
  unit: Unit;
  /** ms since 1970. */
  at: number[];
  lines: Line[];
  limit?: number;
  limitTitle?: string;
  /** Each line lies on top of the one before. */
  stacked?: boolean;
}

/** Sums of the lines up to each, for stacked areas. */
function stack(lines: Line[]): (number | null)[][] {
  const below: number[] = [];
  return lines.map(line =>
    line.values.map((value, i) => (value === null ? null : (below[i] = (below[i] ?? 0) + value))),
  );
}

function axes(unit: Unit): uPlot.Axis[] {
  const base = {
    stroke: colour('dim'),
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return [
    { ...base, values: (_, splits) => splits.map(at => clock(at)), space: 90, size: 26 },
    {
      ...base,
      values: (_, splits) => splits.map(value => figure(value, unit).replace(' cores', '')),
      size: 74,
      space: 34,
      ...(unit === 'bytes' || unit === 'bytesPerSecond' ? { incrs: kByteSteps } : {}),
    },
  ];
}

const kByteSteps = Array.from({ length: 45 }, (_, power) => 2 ** power);

export function Chart(props: Props) {
  const { unit, lines, stacked = false, limit } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box, 600);
  const theme = useTheme();
  const plot = useRef<uPlot | undefined>(undefined);
  const shown = stacked ? stack(lines) : lines.map(line => line.values);
  const limits = limit === undefined ? [] : [props.at.map(() => limit)];
  // The last area is drawn first, so that the ones below it cover it.
  const data = [props.at, ...(stacked ? [...shown].reverse() : shown), ...limits] as uPlot.AlignedData;
  const shape = JSON.stringify([theme, unit, lines.map(line => [line.title, line.tone]), stacked, limit !== undefined]);

  useEffect(() => {
    const drawn = stacked ? [...lines].reverse() : lines;
    const own = (line: Line) => (i: number | null) => figure(i === null ? null : (line.values[i] ?? null), unit);
    const series: uPlot.Series[] = [
      { label: 'time', value: (_, at) => (at == null ? '–' : clock(at)) },
      ...drawn.map(line => ({
        label: line.title,
        stroke: colour(line.tone),
        width: 1.5,
        points: { show: false },
        ...(stacked ? { fill: colour(line.tone) + '55' } : {}),
        value: (_: uPlot, __: number, ___: number, i: number | null) => own(line)(i),
      })),
      ...(limit === undefined
        ? []
        : [
            {
              label: props.limitTitle ?? 'limit',
              stroke: colour('bad'),
              width: 1,
              dash: [5, 4],
              points: { show: false },
              value: (_: uPlot, value: number | null) => figure(value ?? limit, unit),
            },
          ]),
    ];
    plot.current = new uPlot(
      {
        width,
        height: 170,
        ms: 1,
        series,
        axes: axes(unit),
        scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(max, limit ?? 0, 1e-9) * 1.06] } },
        cursor: { sync: { key: 'cerium' }, drag: { x: true, y: false, setScale: false } },
        hooks: { setSelect: [select] },
      },
      data,
      box.current!,
    );
    return () => plot.current?.destroy();
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [props.at, props.lines]);
  useEffect(() => plot.current?.setSize({ width, height: 170 }), [width]);

  return (
    <figure class="chart">
      <figcaption>{props.title}</figcaption>
      <div
        ref={box}
        role="img"
        aria-label={`${props.title} over time. Now: ${lines.map(line => `${line.title} ${figure(line.values[line.values.length - 1] ?? null, unit)}`).join(', ')}`}
      />
    </figure>
  );
}

/** Dragging over a chart selects the range of time for all panels. */
function select(plot: uPlot) {
  const { left, width } = plot.select;
  if (width < 4) return;
  setParams({ from: Math.floor(plot.posToVal(left, 'x')), to: Math.ceil(plot.posToVal(left + width, 'x')) });
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
}
