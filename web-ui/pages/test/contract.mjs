// Cerium. Licensed under the Apache License 2.0.
// Checks answers against ../api/openapi.yaml; fields that it does not name are errors, too.
import Ajv2020 from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export const contract = parse(readFileSync(new URL('../../api/openapi.yaml', import.meta.url), 'utf8'));

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

/** What is wrong with the answer to a GET of the path, as texts without the numbers of rows. */
export function complaintsAbout(path, answer) {
  const { schema } = contract.paths[path].get.responses['200'].content['application/json'];
  const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"contract#/')));
  if (validate(JSON.parse(JSON.stringify(answer)))) return [];
  const text = each =>
    `${each.instancePath.replace(/\/\d+/g, '/*')} ${each.message} ${each.params.unevaluatedProperty ?? ''}`.trim();
  return [...new Set(validate.errors.map(text))];
}
