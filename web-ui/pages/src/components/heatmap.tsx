// Cerium. Licensed under the Apache License 2.0.
// The bytes from map tasks (rows) to reduce partitions (columns). A hot column is a hot reducer.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Schema } from '../api';
import { bytes, count } from '../units';
import { colour, prepare, useTheme, useWidth } from './axis';

type Heat = Schema<'ShuffleHeat'>;
type Cell = { row: number; column: number };

const kSums = 44; // Height of the bars above and width of the bars at the right.

const kHeight = 560;

const range = (bucket: number, per: number, total: number) => {
  const first = bucket * per;
  const last = Math.min(first + per, total) - 1;
  return first === last ? count(first) : `${count(first)}–${count(last)}`;
};

export function HeatMap({ of }: { of: Heat }) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = Math.min(useWidth(box), 900);
  const theme = useTheme();
  const [cell, setCell] = useState<Cell | undefined>();
  const rows = of.bytes.length;
  const columns = of.bytes[0]?.length ?? 0;
  const side = {
    x: Math.max(3, Math.min(14, Math.floor((width - kSums) / Math.max(columns, 1)))),
    y: Math.max(3, Math.min(14, Math.floor(kHeight / Math.max(rows, 1)))),
  };
  const most = Math.max(1, ...of.bytes.flat().map(each => each ?? 0));

  useEffect(() => {
    if (!canvas.current) return;
    const context = prepare(canvas.current, columns * side.x + kSums, rows * side.y + kSums);
    drawSums(context, of, side);
    of.bytes.forEach((line, row) =>
      line.forEach((value, column) => {
        context.fillStyle = value === null ? colour('unknown') : colour('surface-2');
        context.fillRect(column * side.x, kSums + row * side.y, side.x - 0.5, side.y - 0.5);
        if (!value) return;
        context.globalAlpha = 0.08 + 0.92 * Math.sqrt(value / most);
        context.fillStyle = colour('heat');
        context.fillRect(column * side.x, kSums + row * side.y, side.x - 0.5, side.y - 0.5);
        context.globalAlpha = 1;
      }),
    );
    if (!cell) return;
    context.strokeStyle = colour('focus');
    context.lineWidth = 2;
    context.strokeRect(cell.column * side.x, kSums + cell.row * side.y, side.x, side.y);
  }, [of, side.x, side.y, theme, cell]);

  const clamp = (value: number, size: number) => Math.min(Math.max(value, 0), size - 1);
  const point = (event: PointerEvent) => {
    const { left, top } = canvas.current!.getBoundingClientRect();
    setCell({
      column: clamp(Math.floor((event.clientX - left) / side.x), columns),
      row: clamp(Math.floor((event.clientY - top - kSums) / side.y), rows),
    });
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = cell ?? { row: 0, column: 0 };
    setCell({ row: clamp(at.row + step[0], rows), column: clamp(at.column + step[1], columns) });
  };
  return (
    <div class="heat" ref={box}>
      <p class="dim">
        {count(of.maps)} map tasks (rows, {of.mapsPerBucket} each) × {count(of.reduces)} reduce partitions (columns,{' '}
        {of.reducesPerBucket} each). Bars: the sums of columns and rows. Darkest: {bytes(most)}.
      </p>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={`Bytes from map tasks to reduce partitions. ${cell ? describe(of, cell) : 'The arrow keys read single cells.'}`}
        onPointerMove={point}
        onPointerLeave={() => setCell(undefined)}
        onKeyDown={move}
      />
      <p class="readout" role="status">
        {cell ? describe(of, cell) : `${bytes(of.totalBytes)} in all. Point at a cell to read it.`}
      </p>
    </div>
  );
}

function describe(of: Heat, { row, column }: Cell): string {
  const value = of.bytes[row]?.[column];
  const what = value == null ? 'not known' : bytes(value);
  const maps = range(row, of.mapsPerBucket, of.maps);
  const reduces = range(column, of.reducesPerBucket, of.reduces);
  return `Map tasks ${maps} to partitions ${reduces}: ${what}. These partitions in all: ${bytes(of.reduceBytes[column])}. These map tasks in all: ${bytes(of.mapBytes[row])}.`;
}

function drawSums(context: CanvasRenderingContext2D, of: Heat, side: { x: number; y: number }) {
  context.fillStyle = colour('heat');
  const room = kSums - 6;
  const mostReduce = Math.max(1, ...of.reduceBytes);
  of.reduceBytes.forEach((value, i) => {
    const height = (room * value) / mostReduce;
    context.fillRect(i * side.x, kSums - 4 - height, side.x - 0.5, height);
  });
  const left = of.reduceBytes.length * side.x + 4;
  const mostMap = Math.max(1, ...of.mapBytes);
  of.mapBytes.forEach((value, i) => context.fillRect(left, kSums + i * side.y, (room * value) / mostMap, side.y - 0.5));
}
