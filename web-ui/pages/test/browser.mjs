// Cerium. Licensed under the Apache License 2.0.
// Opens every page in headless Chromium, light and dark, at 1,280 and 1,920 pixels, on the made-up answers: no message on
// the console, no request to another host, no serious finding of axe-core, no sideways scrolling, hostile texts as texts.
// `node test/browser.mjs [--shots] [PART OF A NAME]`: --shots keeps pictures in shots/. CHROMIUM names the browser.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { start } from '../dev/server.mjs';
import { behaviours } from './behaviours.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const wanted = process.argv.slice(2).filter(argument => !argument.startsWith('--'));
const shots = process.argv.includes('--shots') ? join(here, '../shots') : undefined;

const applicationPages = {
  overview: '',
  jobs: '?page=jobs',
  'job-lost-executor': '?page=job&id=2',
  'job-failed': '?page=job&id=3',
  'job-running': '?page=job&id=4',
  stages: '?page=stages',
  'stage-skewed': '?page=stage&id=2&attempt=0',
  'stage-task': '?page=stage&id=2&attempt=0&task=817',
  'stage-executors': '?page=stage&id=4&attempt=0&view=executors',
  'stage-shuffle': '?page=stage&id=2&attempt=0&view=shuffle',
  'stage-stream': '?page=stage&id=2&attempt=0&view=stream',
  'stage-small-tasks': '?page=stage&id=7&attempt=0',
  stream: '?page=stream',
  'stream-zoomed': '?page=stream&from=1795860092000&to=1795860104000',
  storage: '?page=storage',
  executors: '?page=executors',
  executor: '?page=executor&id=1',
  'executor-dead': '?page=executor&id=3',
  'executor-logs': '?page=executor&id=1&view=logs&find=warn',
  'executor-threads': '?page=executor&id=1&view=threads',
  environment: '?page=environment',
  failures: '?page=failures',
  compare: '?page=compare',
};
const pages = [
  ...Object.entries(applicationPages).map(([name, query]) => ({ name, path: `/driver/${query}` })),
  ...Object.entries(applicationPages).map(([name, query]) => ({ name: `hostile-${name}`, path: `/hostile/${query}` })),
  ...['', '?page=jobs', '?page=stages', '?page=stream', '?page=storage', '?page=executors', '?page=failures'].map(
    query => ({ name: `empty-${query.slice(6) || 'overview'}`, path: `/empty/${query}` }),
  ),
  { name: 'history', path: '/history/' },
  { name: 'history-overview', path: '/history/?app=app-1' },
  { name: 'history-compare', path: '/history/?app=app-1&page=compare&with=cerium-20261127-0005' },
  { name: 'manager', path: '/manager/' },
  { name: 'worker', path: '/worker/' },
  { name: 'worker-logs', path: '/worker/?child=app-1-3' },
  { name: 'login', path: '/login/' },
  { name: 'unknown-page', path: '/driver/?page=nothing' },
  { name: 'unknown-stage', path: '/driver/?page=stage&id=99', allowed: /404/ },
  { name: 'empty-history', path: '/empty-history/' },
  { name: 'empty-manager', path: '/empty-manager/' },
  { name: 'hostile-history', path: '/hostile-history/' },
  { name: 'hostile-manager', path: '/hostile-manager/' },
  { name: 'hostile-worker', path: '/hostile-worker/' },
].filter(page => wanted.length === 0 || wanted.some(part => page.name.includes(part)));

const looks = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 1920 },
  { colorScheme: 'dark', width: 1920 },
];

/** What the page complained about, and where it wanted to go. */
function watch(page, origin, allowed) {
  const complaints = [];
  page.on('console', message => {
    const text = `${message.text()} ${message.location().url}`;
    if (['error', 'warning'].includes(message.type()) && !allowed?.test(text)) complaints.push(text);
  });
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('request', request => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:'))
      complaints.push(`request to ${request.url()}`);
  });
  return complaints;
}

export async function settled(page) {
  await page.waitForFunction(
    () => document.querySelector('h1, .problem') && !document.querySelector('.loading, [aria-busy="true"], .waiting'),
    undefined,
    { timeout: 20_000 },
  );
  await page.waitForTimeout(60); // Canvases are drawn after the next frame.
}

/** The page is loaded once, then looked at in each width and colour. */
async function check(browser, origin, spec) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, timezoneId: 'UTC' });
  const page = await context.newPage();
  const complaints = watch(page, origin, spec.path.startsWith('/login/') ? /401/ : spec.allowed);
  try {
    await page.goto(origin + spec.path);
    await settled(page);
    await page.evaluate(axe);
    for (const look of looks)
      complaints.push(
        ...(await lookAt(page, look, spec)).map(complaint => `${look.colorScheme}, ${look.width}: ${complaint}`),
      );
    if (await page.evaluate(() => window.hacked !== undefined)) complaints.push('a hostile text was executed');
  } catch (error) {
    complaints.push(String(error).split('\n')[0]);
  }
  await context.close();
  return complaints.map(complaint => `${spec.name}: ${complaint}`);
}

async function lookAt(page, look, spec) {
  const complaints = [];
  await page.setViewportSize({ width: look.width, height: 1000 });
  await page.emulateMedia({ colorScheme: look.colorScheme });
  await settled(page);
  const { violations } =
    look.width > 1280
      ? { violations: [] }
      : await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  for (const each of violations.filter(found => ['serious', 'critical'].includes(found.impact)))
    complaints.push(
      `axe: ${each.id}: ${each.help}: ${each.nodes
        .slice(0, 3)
        .map(node => node.html.slice(0, 160))
        .join(' | ')}`,
    );
  const sideways = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  if (sideways > 0) complaints.push(`the page is ${sideways} pixels wider than the window`);
  if (shots)
    await page.screenshot({ path: join(shots, `${spec.name}-${look.colorScheme}-${look.width}.png`), fullPage: true });
  return complaints;
}

if (shots) mkdirSync(shots, { recursive: true });
const { server, port } = await start({ hold: 190 });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});
const complaints = [];
const queue = [...pages];
const work = async () => {
  for (let spec = queue.shift(); spec; spec = queue.shift())
    complaints.push(...(await check(browser, `http://127.0.0.1:${port}`, spec)));
};
await Promise.all([work(), work(), work()]);
let done = 0;
for (const [name, run] of Object.entries(behaviours)) {
  if (wanted.length > 0 && !wanted.some(part => name.includes(part))) continue;
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, timezoneId: 'UTC' });
  const page = await context.newPage();
  try {
    await run({ page, held: `http://127.0.0.1:${port}`, settled });
    ++done;
  } catch (error) {
    complaints.push(`${name}: ${error.message.split('\n').slice(0, 6).join(' ')}`);
  }
  await context.close();
}
await browser.close();
server.closeAllConnections();
server.close();
console.log(`${pages.length} pages in ${looks.length} looks, ${done} behaviours, ${complaints.length} complaints`);
assert.equal(complaints.length, 0, '\n' + complaints.join('\n'));
