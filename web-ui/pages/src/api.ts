// Cerium. Licensed under the Apache License 2.0.
// The client of the HTTP interface. Its types are generated from ../api/openapi.yaml (`npm run contract`), so a request
// or a field that the contract does not have is an error of the compiler. Addresses are relative: see router.ts.

import type { components, paths } from './contract';

export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

type Json<Operation> = Operation extends { responses: { 200: { content: { 'application/json': infer T } } } }
  ? T
  : never;
type Parameters<Operation> = Operation extends { parameters: infer P }
  ? (P extends { path: infer Path } ? Path : unknown) &
      (P extends { query?: infer Query }
        ? [NonNullable<Query>] extends [never]
          ? unknown
          : Partial<NonNullable<Query>>
        : unknown)
  : unknown;

export type GetPath = {
  [P in keyof paths]: paths[P] extends { get: infer Get } ? (Json<Get> extends never ? never : P) : never;
}[keyof paths];
export type Answer<P extends GetPath> = Json<paths[P]['get']>;
/** The parameters of the path and of the query together. */
export type Arguments<P extends GetPath> = Parameters<paths[P]['get']>;
export type PostPath = {
  [P in keyof paths]: paths[P] extends { post: unknown } ? (paths[P]['post'] extends undefined ? never : P) : never;
}[keyof paths];

/** An answer that is not 2xx, or none (status 0). The message is a sentence for the user. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The relative address of a path of the contract. Arguments that the path does not name go into the query. */
export function address(path: string, args: object = {}): string {
  const rest: [string, string][] = [];
  let filled = path.replace(/^\//, '');
  for (const [key, value] of Object.entries(args)) {
    if (value === undefined || value === '') continue;
    if (filled.includes(`{${key}}`)) filled = filled.replace(`{${key}}`, encodeURIComponent(String(value)));
    else rest.push([key, String(value)]);
  }
  return rest.length === 0 ? filled : `${filled}?${new URLSearchParams(rest)}`;
}

async function request(url: string, options: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'same-origin', ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'The server does not answer. It may have ended.');
  }
  if (response.ok) return response;
  if (response.status === 401) window.dispatchEvent(new Event('sessionlost'));
  const isText = response.headers.get('Content-Type')?.startsWith('text/plain');
  const text = isText ? (await response.text()).trim() : '';
  throw new ApiError(response.status, text || `The server answered ${response.status} ${response.statusText}.`);
}

export async function get<P extends GetPath>(path: P, args: Arguments<P>, signal?: AbortSignal): Promise<Answer<P>> {
  const response = await request(address(path, args as object), signal ? { signal } : {});
  return (await response.json()) as Answer<P>;
}

/** Asks for a change. `token` is the one of the session. */
export async function post(path: PostPath, args: object, token: string | null, body?: object): Promise<void> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (token) headers['X-Cerium-Token'] = token;
  await request(address(path, args), { method: 'POST', headers, body: JSON.stringify(body ?? {}) });
}
