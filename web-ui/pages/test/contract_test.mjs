// Cerium. Licensed under the Apache License 2.0.
// Checks the made-up answers of the development server against ../api/openapi.yaml, fields that it does not name included.
import Ajv2020 from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { parse } from 'yaml';
import { answers, nothingYet } from '../dev/fixtures/answers.mjs';
import { hostile } from '../dev/fixtures/hostile.mjs';

const contract = parse(readFileSync(new URL('../../api/openapi.yaml', import.meta.url), 'utf8'));

/** Forbids fields that the contract does not name. Parts of an allOf stay open: the whole is closed. */
function close(schema) {
  if (schema === null || typeof schema !== 'object') return;
  for (const each of schema.allOf ?? []) if (!each.$ref) Object.values(each.properties ?? {}).forEach(close);
  Object.values(schema.properties ?? {}).forEach(close);
  (schema.oneOf ?? []).forEach(close);
  close(schema.items);
  close(schema.additionalProperties);
  if (schema.allOf || schema.properties) schema.unevaluatedProperties = false;
}
const schemas = contract.components.schemas;
const bases = new Set(
  Object.values(schemas).flatMap(schema =>
    (schema.allOf ?? []).flatMap(part => (part.$ref ? [part.$ref.split('/').pop()] : [])),
  ),
);
for (const [name, schema] of Object.entries(schemas)) {
  if (!bases.has(name)) close(schema);
  else Object.values(schema.properties).forEach(close);
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'contract', components: contract.components });
function check(path, answer) {
  const { schema } = contract.paths[path].get.responses['200'].content['application/json'];
  const pointed = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"contract#/'));
  const validate = ajv.compile(pointed);
  assert.ok(validate(JSON.parse(JSON.stringify(answer))), `${path}: ${ajv.errorsText(validate.errors).slice(0, 600)}`);
}

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
