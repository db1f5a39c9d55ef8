// Cerium. Licensed under the Apache License 2.0.
// A table whose rows the server sorts, filters, searches and cuts into pages. Its state is in the address.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer, Arguments, GetPath } from '../api';
import type { Topic } from '../live';
import { useResource } from '../resource';
import { setParams, useParams } from '../router';
import {
  kLengths,
  readState,
  shownRange,
  sortedBy,
  writeState,
  type TableDefaults,
  type TableState,
} from '../table_state';
import { count } from '../units';
import { Empty, Problem } from './basics';

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  /** The field that the server sorts by; none if it cannot. */
  sort?: string;
  /** Figures stand to the right, and their largest comes first. */
  number?: boolean;
  /** Explains the column. */
  help?: string;
  wide?: boolean;
  /** As narrow as its contents. */
  narrow?: boolean;
}

export interface Filter {
  /** The name of the parameter. */
  name: string;
  title: string;
  options: (string | [value: string, text: string])[];
}

function classOf<Row>(column: Column<Row>): string {
  return [column.number && 'num', column.wide && 'wide', column.narrow && 'narrow'].filter(Boolean).join(' ');
}

type TablePath = { [P in GetPath]: Answer<P> extends { total: number; rows: unknown[] } ? P : never }[GetPath];
export type RowOf<P extends TablePath> = Answer<P> extends { rows: (infer Row)[] } ? Row : never;

interface Props<P extends TablePath> {
  /** Names the table in the address; empty for the only table of a page. */
  name?: string;
  /** For screen readers. */
  label: string;
  path: P;
  args: Partial<Arguments<P>>;
  topics: Topic[];
  columns: Column<RowOf<P>>[];
  rowKey: (row: RowOf<P>) => string | number;
  rowClass?: (row: RowOf<P>) => string;
  sort: string;
  filters?: Filter[];
  searchable?: string;
  /** What would fill the table. */
  empty: ComponentChildren;
  /** What else there is to say about the answer. */
  note?: (answer: Answer<P>) => ComponentChildren;
  length?: number;
}

export function DataTable<P extends TablePath>(props: Props<P>) {
  const { name = '', filters = [] } = props;
  const defaults: TableDefaults = {
    sort: props.sort,
    length: props.length ?? 50,
    filters: filters.map(filter => filter.name),
  };
  const state = readState(useParams(), name, defaults);
  const change = (to: TableState) => setParams(writeState(to, name, defaults));
  const args = {
    ...props.args,
    ...state.filters,
    offset: state.offset,
    length: state.length,
    sortBy: state.sortBy,
    order: state.descending ? 'desc' : 'asc',
    search: state.search,
  } as unknown as Arguments<P>;
  const resource = useResource(props.path, args, props.topics);
  const answer = resource.data as (Answer<P> & { total: number; rows: RowOf<P>[] }) | undefined;
  const isFiltered = state.search !== '' || Object.values(state.filters).some(Boolean);

  if (!answer && resource.error) return <Problem message={resource.error.message} retry={resource.reload} />;
  return (
    <div class={`table-box${resource.loading ? ' waiting' : ''}`}>
      {(props.searchable || filters.length > 0) && (answer === undefined || answer.total > 0 || isFiltered) && (
        <Controls state={state} filters={filters} searchable={props.searchable} label={props.label} change={change} />
      )}
      {resource.error && <Problem message={`Not up to date. ${resource.error.message}`} retry={resource.reload} />}
      {!answer && (
        <p class="loading" aria-busy="true">
          Loading…
        </p>
      )}
      {answer && answer.rows.length === 0 && (
        <Empty>{isFiltered || state.offset > 0 ? 'Nothing fits the search and the filters.' : props.empty}</Empty>
      )}
      {answer && answer.rows.length > 0 && (
        <>
          <Grid
            {...props}
            rows={answer.rows}
            head={column => <Head key={column.title} column={column} state={state} change={change} />}
          />
          <Pager state={state} rows={answer.rows.length} total={answer.total} change={change}>
            {props.note?.(answer)}
          </Pager>
        </>
      )}
    </div>
  );
}

function Head<Row>({
  column,
  state,
  change,
}: {
  column: Column<Row>;
  state: TableState;
  change: (to: TableState) => void;
}) {
  const { sort } = column;
  const isSorted = sort !== undefined && sort === state.sortBy;
  const order = isSorted ? (state.descending ? 'descending' : 'ascending') : undefined;
  return (
    <th scope="col" class={classOf(column)} aria-sort={order} title={column.help}>
      {sort === undefined ? (
        column.title
      ) : (
        <button type="button" class="sort" onClick={() => change(sortedBy(state, sort, !column.number))}>
          {column.title}
          <span class="arrow" aria-hidden="true">
            {isSorted ? (state.descending ? '▾' : '▴') : ''}
          </span>
        </button>
      )}
    </th>
  );
}

function Controls(props: {
  state: TableState;
  filters: Filter[];
  searchable: string | undefined;
  label: string;
  change: (to: TableState) => void;
}) {
  const { state, change } = props;
  return (
    <div class="controls" role="search" aria-label={`Search and filter: ${props.label}`}>
      {props.searchable && (
        <SearchField
          value={state.search}
          label={props.searchable}
          onSearch={search => change({ ...state, search, offset: 0 })}
        />
      )}
      {props.filters.map(filter => (
        <label key={filter.name}>
          <span>{filter.title}</span>
          <select
            value={state.filters[filter.name]}
            onChange={event =>
              change({ ...state, offset: 0, filters: { ...state.filters, [filter.name]: event.currentTarget.value } })
            }
          >
            <option value="">all</option>
            {filter.options.map(option => {
              const [value, text] = typeof option === 'string' ? [option, option.toLowerCase()] : option;
              return (
                <option key={value} value={value}>
                  {text}
                </option>
              );
            })}
          </select>
        </label>
      ))}
    </div>
  );
}

/** Searches while the user types, after a short pause. */
export function SearchField({
  value,
  label,
  onSearch,
}: {
  value: string;
  label: string;
  onSearch: (text: string) => void;
}) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const search = (to: string, pause: number) => {
    setText(to);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch(to), pause);
  };
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onInput={event => search(event.currentTarget.value, 250)}
      onKeyDown={event => event.key === 'Enter' && search(event.currentTarget.value, 0)}
    />
  );
}

function Pager(props: {
  state: TableState;
  rows: number;
  total: number;
  change: (to: TableState) => void;
  children?: ComponentChildren;
}) {
  const { state, total, change } = props;
  const { first, last } = shownRange(state, props.rows, total);
  const to = (offset: number) => () => change({ ...state, offset: Math.max(0, offset) });
  const isAll = first === 1 && last === total;
  return (
    <div class="pager">
      <span>
        {isAll ? `${count(total)} in all` : `Showing ${count(first)}–${count(last)} of ${count(total)}`}
        {props.children}
      </span>
      {!isAll && (
        <nav aria-label="Pages of the table">
          <button type="button" disabled={first <= 1} onClick={to(0)}>
            First
          </button>
          <button type="button" disabled={first <= 1} onClick={to(state.offset - state.length)}>
            Previous
          </button>
          <button type="button" disabled={last >= total} onClick={to(state.offset + state.length)}>
            Next
          </button>
          <button
            type="button"
            disabled={last >= total}
            onClick={to(Math.floor((total - 1) / state.length) * state.length)}
          >
            Last
          </button>
        </nav>
      )}
      {total > kLengths[0] && (
        <label>
          <span>rows a page</span>
          <select
            value={state.length}
            onChange={event => change({ ...state, length: Number(event.currentTarget.value), offset: 0 })}
          >
            {[...new Set([...kLengths, state.length])]
              .sort((a, b) => a - b)
              .map(length => (
                <option key={length} value={length}>
                  {length}
                </option>
              ))}
          </select>
        </label>
      )}
    </div>
  );
}

/** A small table of rows that are all there. */
export function PlainTable<Row>(props: {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string | number;
  rowClass?: (row: Row) => string;
}) {
  return (
    <Grid
      {...props}
      head={column => (
        <th key={column.title} scope="col" class={classOf(column)} title={column.help}>
          {column.title}
        </th>
      )}
    />
  );
}

/** The rows of a table below a head; `head` makes the cell above a column. */
function Grid<Row>(props: {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string | number;
  rowClass?: (row: Row) => string;
  head: (column: Column<Row>) => ComponentChildren;
}) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={props.label}>
      <table>
        <thead>
          <tr>{props.columns.map(props.head)}</tr>
        </thead>
        <tbody>
          {props.rows.map(row => (
            <tr key={props.rowKey(row)} class={props.rowClass?.(row)}>
              {props.columns.map(column => (
                <td key={column.title} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
