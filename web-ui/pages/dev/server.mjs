// Cerium. Licensed under the Apache License 2.0.
// Serves dist/ and made-up answers, to work on the pages without an engine: `node dev/server.mjs [--port N] [--hold S]
// [--server URL]`. With --server, /real/ shows the answers of a running server.
// Each kind of port is below a prefix of its own: /driver/ /history/ /manager/ /worker/ /login/ /empty/ /hostile/.
// The application runs from its 180th second on; --hold keeps it at the given second.
import { createReadStream, existsSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answers, kEnd, NotFound, nothingYet } from './fixtures/answers.mjs';
import { kStart } from './fixtures/simulation.mjs';
import { hostile } from './fixtures/hostile.mjs';

const dist = join(dirname(fileURLToPath(import.meta.url)), '../dist');
const types = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
};
const policy = "default-src 'self'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const kToken = 'dev-token';

const session = (pages, more = {}) => ({
  pages,
  version: '1.0.0',
  appId: pages === 'driver' ? 'app-1' : null,
  canChange: pages !== 'history',
  token: pages === 'history' ? null : 'change-me',
  insecure: false,
  ...more,
});
const scenes = {
  driver: { session: session('driver'), answers },
  history: { session: session('history'), answers, now: kEnd + 1000 },
  manager: { session: session('manager'), answers },
  worker: { session: session('worker'), answers },
  login: { session: session('driver'), answers, needsLogin: true },
  empty: { session: session('driver'), answers: nothingYet, now: 10 },
  'empty-history': { session: session('history'), answers: nothingYet, now: 10 },
  'empty-manager': { session: session('manager'), answers: nothingYet, now: 10 },
  hostile: { session: session('driver', { insecure: true }), answers, change: hostile },
  'hostile-history': { session: session('history'), answers, change: hostile, now: kEnd + 1000 },
  'hostile-manager': { session: session('manager'), answers, change: hostile },
  'hostile-worker': { session: session('worker'), answers, change: hostile },
};

const routes = Object.keys(answers).map(path => ({
  path,
  names: [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]),
  pattern: new RegExp('^' + path.replace(/\{\w+\}/g, '([^/]+)') + '$'),
}));

function answerTo(scene, path, query, now) {
  for (const route of routes) {
    const match = route.pattern.exec(path);
    if (!match) continue;
    const parameters = Object.fromEntries(route.names.map((name, i) => [name, decodeURIComponent(match[i + 1])]));
    const answer = scene.answers[route.path](parameters, query, now);
    return scene.change ? scene.change(answer) : answer;
  }
  throw new NotFound(`${path} is not a path of this server`);
}

function sendChanges(scene, response, clock) {
  const at = () => kStart + (scene.now ?? clock.now());
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const topics = [
    'application',
    'jobs',
    'stages',
    'tasks',
    'executors',
    'storage',
    'environment',
    'failures',
    'findings',
    'cluster',
  ];
  let version = 0;
  const send = changed =>
    response.write(
      `data: ${JSON.stringify({ version: ++version, changed, now: at(), ...(scene.session.pages === 'history' ? { ended: true } : {}) })}\n\n`,
    );
  send(topics);
  if (scene.session.pages === 'history') return response.end();
  const timers = [setInterval(() => response.write('event: alive\ndata:\n\n'), 4000)];
  if (!clock.held) timers.push(setInterval(() => send(['application', 'jobs', 'stages', 'tasks', 'executors']), 1000));
  return response.on('close', () => timers.forEach(clearInterval));
}

function send(response, status, type, body) {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Security-Policy': policy,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  response.end(body);
}

function handle(request, response, clock) {
  const url = new URL(request.url, 'http://localhost');
  const [, name, rest] = /^\/([\w-]+)(\/.*)?$/.exec(url.pathname) ?? [];
  const scene = scenes[name];
  if (!scene)
    return send(
      response,
      404,
      'text/plain',
      `Try one of ${Object.keys(scenes)
        .map(each => `/${each}/`)
        .join(' ')}`,
    );
  if (rest === undefined) return response.writeHead(302, { Location: `./${name}/${url.search}` }).end();
  const file = rest === '/' ? 'index.html' : rest.slice(1);
  if (types[file] && existsSync(join(dist, file))) {
    response.writeHead(200, {
      'Content-Type': types[file],
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
    });
    return createReadStream(join(dist, file)).pipe(response);
  }
  if (scene.server) return forward(scene.server + rest + url.search, request, response);
  const now = scene.now ?? clock.now();
  if (rest === '/api/cerium/v1/login') return logIn(request, response);
  if (scene.needsLogin && !/cerium-session=1/.test(request.headers.cookie ?? ''))
    return send(response, 401, 'text/plain', 'This page needs a login.');
  if (request.method === 'POST') {
    const allowed = request.headers['x-cerium-token'] === scene.session.token;
    return send(
      response,
      allowed ? 204 : 403,
      'text/plain',
      allowed ? undefined : 'The token of the session is missing or wrong.',
    );
  }
  if (rest === '/api/cerium/v1/session') return send(response, 200, 'application/json', JSON.stringify(scene.session));
  if (rest.endsWith('/changes')) return sendChanges(scene, response, clock);
  if (/\/(report|trace|logs)$/.test(rest) && !/executors|worker/.test(rest))
    return send(response, 200, 'text/plain', 'The engine makes this file.');
  try {
    return send(
      response,
      200,
      'application/json',
      JSON.stringify(answerTo(scene, rest, Object.fromEntries(url.searchParams), now)),
    );
  } catch (error) {
    if (!(error instanceof NotFound)) console.error(rest, error);
    return send(response, error instanceof NotFound ? 404 : 500, 'text/plain', error.message);
  }
}

/** Passes a request on to a running server. Its event stream is passed on as it comes. */
function forward(target, request, response) {
  const headers = { ...request.headers, host: new URL(target).host, origin: undefined };
  const passed = ask(target, { method: request.method, headers: JSON.parse(JSON.stringify(headers)) }, answer => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  passed.on('error', error => send(response, 502, 'text/plain', error.message));
  response.on('close', () => passed.destroy());
  request.pipe(passed);
}

function logIn(request, response) {
  let body = '';
  request.on('data', chunk => (body += chunk));
  request.on('end', () => {
    if (JSON.parse(body).token !== kToken)
      return send(response, 403, 'text/plain', 'This is not the token that the process printed.');
    response.setHeader('Set-Cookie', 'cerium-session=1; HttpOnly; SameSite=Strict; Path=/login');
    return send(response, 204, 'text/plain');
  });
}

/** Starts a server, and gives its port. `hold`: the second at which the application stands still. */
export function start({ port = 0, hold } = {}) {
  const begun = Date.now();
  const clock = {
    held: hold !== undefined,
    now: () => (hold !== undefined ? hold * 1000 : 180_000 + Date.now() - begun),
  };
  const server = createServer((request, response) => handle(request, response, clock));
  return new Promise(done => server.listen(port, '127.0.0.1', () => done({ server, port: server.address().port })));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = name => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
  const hold = option('--hold');
  if (option('--server')) scenes.real = { server: option('--server').replace(/\/$/, '') };
  const { port } = await start({ port: Number(option('--port') ?? 8040), hold: hold && Number(hold) });
  for (const name of Object.keys(scenes)) console.log(`http://localhost:${port}/${name}/`);
  console.log(`The token of /login/ is ${kToken}`);
}
