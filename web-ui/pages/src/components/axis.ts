// Cerium. Licensed under the Apache License 2.0.
// Marks of a time axis, sizes of elements, and colours for what is drawn on a canvas.

import { useEffect, useState } from 'preact/hooks';
import { clock } from '../units';

const kSteps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 1200e3, 1800e3,
  3600e3, 7200e3, 14400e3, 43200e3, 86400e3,
];

/** Instants with round local times, about 110 pixels apart. */
export function ticks(from: number, to: number, width: number): { at: number; text: string }[] {
  const wanted = ((to - from) / Math.max(width, 1)) * 110;
  const step = kSteps.find(each => each >= wanted) ?? Math.ceil(wanted / 86400e3) * 86400e3;
  const zone = new Date(from).getTimezoneOffset() * 60e3;
  const all = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step)
    all.push({ at, text: clock(at, step < 1000) });
  return all;
}

/** The width of an element, kept up to date. */
export function useWidth(ref: { current: HTMLElement | null }, initial = 1000): number {
  const [width, setWidth] = useState(initial);
  useEffect(() => {
    if (!ref.current) return;
    const observer = new ResizeObserver(entries => setWidth(Math.max(200, Math.floor(entries[0].contentRect.width))));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [ref.current]);
  return width;
}

/** The value of a colour of style/colours.css: colour('run') is that of --run. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Changes when the colours change. */
export function useTheme(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const update = () => setVersion(old => old + 1);
    const query = matchMedia('(prefers-color-scheme: dark)');
    query.addEventListener('change', update);
    window.addEventListener('themechange', update);
    return () => {
      query.removeEventListener('change', update);
      window.removeEventListener('themechange', update);
    };
  }, []);
  return version;
}

/** A canvas of the given size in CSS pixels, cleared and sharp on every display. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  context.clearRect(0, 0, width, height);
  return context;
}
