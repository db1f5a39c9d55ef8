// Cerium. Licensed under the Apache License 2.0.
// Asks a running server for everything that it shows, and checks the answers against the contract:
// `node test/server.mjs http://localhost:4040`. Prints each path once, with what is wrong, and exits with 1 if anything is.
import { complaintsAbout, contract } from './contract.mjs';

const base = process.argv[2]?.replace(/\/$/, '');
if (!base) throw new Error('Name the address of the server: node test/server.mjs http://localhost:4040');

const kApp = '/api/cerium/v1/applications/{appId}';
const ask = async address => {
  const response = await fetch(base + address);
  const text = await response.text();
  return {
    status: response.status,
    text,
    json: response.headers.get('Content-Type')?.startsWith('application/json') ? JSON.parse(text) : undefined,
  };
};
const fill = (path, ids) => path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(ids[name]));
const rowsOf = async (path, ids) => (await ask(fill(path, ids) + '?length=1000')).json?.rows ?? [];

/** The ids with which a path is asked: one set for each thing that the server knows. */
async function allIds() {
  const apps = session.appId ? [session.appId] : (await rowsOf('/api/cerium/v1/applications', {})).map(row => row.id);
  const ids = { appId: apps.map(appId => ({ appId })), jobId: [], stageId: [], executorId: [], rddId: [] };
  for (const appId of apps) {
    for (const row of await rowsOf(`${kApp}/jobs`, { appId })) ids.jobId.push({ appId, jobId: row.jobId });
    for (const row of await rowsOf(`${kApp}/stages`, { appId }))
      ids.stageId.push({ appId, stageId: row.stageId, attemptId: row.attemptId });
    for (const row of await rowsOf(`${kApp}/executors`, { appId })) ids.executorId.push({ appId, executorId: row.id });
    for (const rdd of (await ask(fill(`${kApp}/storage`, { appId }))).json?.rdds ?? [])
      ids.rddId.push({ appId, rddId: rdd.id });
  }
  return ids;
}

const session = (await ask('/api/cerium/v1/session')).json;
const ids = await allIds();
/** Paths of other kinds of ports, and files that are not described field by field. */
const kElsewhere = { manager: /\/v1\/worker/, worker: /\/v1\/cluster/ }[session.pages] ?? /\/v1\/(worker|cluster)/;
const kFiles = /\/trace$/;
/** Only a running application has these. */
const kRunning = /\/(threads|logs?)$/;
let wrong = 0;
for (const [path, { get }] of Object.entries(contract.paths)) {
  if (!get?.responses['200'].content['application/json'] || kElsewhere.test(path) || kFiles.test(path)) continue;
  const kind = ['jobId', 'stageId', 'executorId', 'rddId', 'appId'].find(name => path.includes(`{${name}}`));
  const sets = path.startsWith('/api/cerium/v1/worker/') ? [] : kind === undefined ? [{}] : ids[kind];
  const found = new Set();
  for (const set of sets) {
    const answer = await ask(
      fill(path, set) +
        (path.endsWith('/log') ? '?file=stderr' : path.endsWith('/compare') ? `?with=${set.appId}` : ''),
    );
    if (answer.status === 503 && kRunning.test(path)) continue;
    if (answer.status !== 200) found.add(`${answer.status}: ${answer.text.trim().slice(0, 120)}`);
    else complaintsAbout(path, answer.json).forEach(complaint => found.add(complaint));
  }
  if (found.size > 0) ++wrong;
  console.log(`${found.size > 0 ? 'WRONG' : sets.length === 0 ? 'not asked' : 'ok'} ${path}`);
  for (const each of [...found].slice(0, 12)) console.log(`      ${each}`);
}
process.exit(wrong > 0 ? 1 : 0);
