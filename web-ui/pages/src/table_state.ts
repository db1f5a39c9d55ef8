// Cerium. Licensed under the Apache License 2.0.
// Where a table stands, in the parameters of the address: "tasks.sort=-duration&tasks.offset=100&tasks.q=error".

import type { Changes, Params } from './router';

export interface TableState {
  offset: number;
  length: number;
  sortBy: string;
  descending: boolean;
  search: string;
  filters: Record<string, string>;
}

export interface TableDefaults {
  /** The field, with a minus for descending order. */
  sort: string;
  length: number;
  filters: string[];
}

export const kLengths = [25, 50, 100, 500];

const named = (table: string, what: string) => (table ? `${table}.${what}` : what);

function wholeNumber(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return text !== undefined && Number.isInteger(value) && value >= 0 ? value : otherwise;
}

export function readState(params: Params, table: string, defaults: TableDefaults): TableState {
  const sort = params[named(table, 'sort')] ?? defaults.sort;
  const length = wholeNumber(params[named(table, 'length')], defaults.length);
  return {
    offset: wholeNumber(params[named(table, 'offset')], 0),
    length: Math.min(Math.max(length, 1), 1000),
    sortBy: sort.replace(/^-/, ''),
    descending: sort.startsWith('-'),
    search: params[named(table, 'q')] ?? '',
    filters: Object.fromEntries(defaults.filters.map(filter => [filter, params[named(table, filter)] ?? ''])),
  };
}

/** The parameters of a state; what is as by default is left out. */
export function writeState(state: TableState, table: string, defaults: TableDefaults): Changes {
  const sort = (state.descending ? '-' : '') + state.sortBy;
  return {
    [named(table, 'offset')]: state.offset || undefined,
    [named(table, 'length')]: state.length === defaults.length ? undefined : state.length,
    [named(table, 'sort')]: sort === defaults.sort ? undefined : sort,
    [named(table, 'q')]: state.search || undefined,
    ...Object.fromEntries(defaults.filters.map(filter => [named(table, filter), state.filters[filter] || undefined])),
  };
}

/** A click on a column's head: the largest first, then the smallest first. Texts begin with the smallest. */
export function sortedBy(state: TableState, field: string, isText: boolean): TableState {
  const descending = state.sortBy === field ? !state.descending : !isText;
  return { ...state, sortBy: field, descending, offset: 0 };
}

/** "1–100 of 83,112", in numbers; `last` is 0 if there is nothing. */
export function shownRange(state: TableState, rows: number, total: number): { first: number; last: number } {
  const first = Math.min(state.offset, total);
  return { first: rows === 0 ? 0 : first + 1, last: first + rows };
}
