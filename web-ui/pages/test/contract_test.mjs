// Cerium. Licensed under the Apache License 2.0.
// The made-up answers of the development server are as the contract says.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answers, nothingYet } from '../dev/fixtures/answers.mjs';
import { hostile } from '../dev/fixtures/hostile.mjs';
import { complaintsAbout, contract } from './contract.mjs';

const check = (path, answer) => assert.deepEqual(complaintsAbout(path, answer), []);

const ids = { appId: 'app-1', jobId: '2', stageId: '5', attemptId: '0', executorId: '3', rddId: '2' };
const required = { file: 'stderr', with: 'app-0' };
const query = { ...required, tail: 'true', search: 'warn' };

for (const path of Object.keys(answers)) {
  test(`the answer to ${path} is as the contract says`, () => {
    for (const now of [110_000, 190_000, 230_000]) check(path, answers[path](ids, query, now));
    check(path, answers[path]({ ...ids, stageId: '4', attemptId: '1', executorId: '7' }, required, 190_000));
    check(path, hostile(answers[path](ids, required, 190_000)));
  });
}

test('the answers of an application that has just begun are as the contract says', () => {
  for (const path of Object.keys(nothingYet).filter(path => !/jobId|stageId|executorId/.test(path)))
    check(path, nothingYet[path](ids, required));
});

test('every path that the pages ask for has a made-up answer', () => {
  const asked = Object.keys(contract.paths).filter(
    path => path.startsWith('/api/cerium/v1/') && contract.paths[path].get,
  );
  const files = /\/(changes|report|trace|session)$/;
  assert.deepEqual(
    asked.filter(path => !files.test(path) && !(path in answers)),
    [],
  );
});
