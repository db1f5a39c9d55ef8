// Cerium. Licensed under the Apache License 2.0.
// The quantiles of every metric of a stage's tasks, each a link to the task behind it, and the histogram of one metric.

import type { Schema } from '../api';
import { setParams, useParams } from '../router';
import { useHref } from '../session';
import { count, figure, percent } from '../units';
import { kMetrics, metricTitle } from './metrics';

type Metric = Schema<'Metric'>;

/** A value is marked if it is over so many times the median. */
const kFar = 5;

const quantileTitle = (quantile: number) =>
  ({ 0: 'Min', 0.25: '25 %', 0.5: 'Median', 0.75: '75 %', 0.95: '95 %', 0.99: '99 %', 1: 'Max' })[quantile] ??
  percent(quantile);

export function Quantiles({ of, stage, attempt }: { of: Schema<'StageMetrics'>; stage: number; attempt: number }) {
  const href = useHref();
  const params = useParams();
  const selected = of.metrics.find(metric => metric.name === params.metric) ?? of.metrics[0];
  if (!selected)
    return <p class="empty">No task has ended yet. The figures appear with the first one that succeeds.</p>;
  return (
    <div class="split">
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Quantiles of the metrics">
        <table class="quantiles">
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col">Distribution</th>
              {selected.quantiles.map(each => (
                <th key={each.quantile} scope="col" class="num">
                  {quantileTitle(each.quantile)}
                </th>
              ))}
              <th scope="col" class="num">
                Sum
              </th>
            </tr>
          </thead>
          <tbody>
            {of.metrics.map(metric => (
              <tr key={metric.name} class={metric === selected ? 'selected' : undefined}>
                <th scope="row">
                  <button
                    type="button"
                    class="link"
                    title={kMetrics[metric.name]?.help}
                    aria-pressed={metric === selected}
                    onClick={() => setParams({ metric: metric.name })}
                  >
                    {metricTitle(metric.name)}
                  </button>
                </th>
                <td>
                  <Sparkline of={metric.histogram} />
                </td>
                {metric.quantiles.map(each => (
                  <td key={each.quantile} class={`num${isFar(metric, each.value) ? ' far' : ''}`}>
                    <a
                      href={href({ page: 'stage', id: stage, attempt, task: each.taskId, metric: params.metric })}
                      title={`task ${each.taskId}, partition ${each.index}`}
                    >
                      {figure(each.value, metric.unit)}
                    </a>
                  </td>
                ))}
                <td class="num">{metric.name === 'peakExecutionMemory' ? '–' : figure(metric.sum, metric.unit)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <BigHistogram of={selected} tasks={of.tasks} />
    </div>
  );
}

function isFar(metric: Metric, value: number): boolean {
  const median = metric.quantiles.find(each => each.quantile === 0.5)?.value ?? 0;
  return median > 0 && value > kFar * median;
}

function Sparkline({ of }: { of: Schema<'Histogram'> }) {
  const most = Math.max(...of.counts, 1);
  const step = 96 / of.counts.length;
  return (
    <svg class="spark" width="96" height="18" aria-hidden="true">
      {of.counts.map((each, i) => {
        const height = each === 0 ? 0 : Math.max(1.5, (16 * each) / most);
        return <rect key={i} x={i * step} y={17 - height} width={Math.max(step - 0.6, 0.6)} height={height} />;
      })}
      <line x1="0" x2="96" y1="17.5" y2="17.5" />
    </svg>
  );
}

const kWidth = 420;
const kHeight = 150;

function BigHistogram({ of, tasks }: { of: Metric; tasks: number }) {
  const { counts, edges } = of.histogram;
  const most = Math.max(...counts, 1);
  const step = kWidth / counts.length;
  const label = (i: number) => figure(edges[i], of.unit);
  const marks = [0, Math.floor(counts.length / 2), counts.length];
  // The largest column, and the last one, which a skewed stage is about.
  const labelled = new Set([counts.indexOf(most), counts.length - 1]);
  const isLogarithmic = edges.length > 2 && edges[2] - edges[1] > 1.3 * (edges[1] - edges[0]);
  return (
    <figure class="histogram">
      <figcaption>
        {metricTitle(of.name)} of {count(tasks)} tasks{isLogarithmic && <span class="dim">, logarithmic scale</span>}
      </figcaption>
      <svg
        viewBox={`0 0 ${kWidth} ${kHeight + 36}`}
        role="img"
        aria-label={`Histogram: ${counts.map((each, i) => `${label(i)} to ${label(i + 1)}: ${each}`).join('; ')}`}
      >
        {counts.map((each, i) => {
          const height = each === 0 ? 0 : Math.max(2, ((kHeight - 16) * each) / most);
          return (
            <g key={i}>
              <title>
                {label(i)} to {label(i + 1)}: {count(each)} tasks
              </title>
              <rect class="hit" x={i * step} y={0} width={step} height={kHeight} />
              <rect
                class="column"
                x={i * step + 0.5}
                y={kHeight - height}
                width={Math.max(step - 1, 1)}
                height={height}
              />
              {labelled.has(i) && (
                <text class="tick" x={(i + 0.5) * step} y={kHeight - height - 4} text-anchor="middle">
                  {count(each)}
                </text>
              )}
            </g>
          );
        })}
        <line class="axis" x1="0" x2={kWidth} y1={kHeight + 0.5} y2={kHeight + 0.5} />
        {marks.map((i, n) => (
          <text
            key={n}
            class="tick"
            x={Math.min(Math.max(i * step, 2), kWidth - 2)}
            y={kHeight + 16}
            text-anchor={['start', 'middle', 'end'][n]}
          >
            {label(i)}
          </text>
        ))}
      </svg>
      <p class="dim">{kMetrics[of.name]?.help}</p>
      <p class="dim">
        <span class="far-sample">Marked</span> values are over {kFar} times the median. Each value leads to its task.
      </p>
    </figure>
  );
}
