// Cerium. Licensed under the Apache License 2.0.
import assert from 'node:assert/strict';
import test from 'node:test';
import { address } from '../src/api';
import { format, hrefFrom, parse } from '../src/router';
import { readState, shownRange, sortedBy, writeState } from '../src/table_state';

test('an address says the same after it was read', () => {
  const params = { app: 'app-1', page: 'stage', id: '3', 'tasks.q': 'a&b=c <ü>' };
  assert.deepEqual(parse(format(params)), params);
});

test('an address begins with the application and the page', () => {
  assert.equal(format({ sort: '-id', page: 'jobs', app: 'a' }), '?app=a&page=jobs&sort=-id');
  assert.equal(format({ page: 'jobs', q: '', offset: undefined }), '?page=jobs');
});

test('the application and the range of time go along to other pages and nothing else does', () => {
  const current = { app: 'a', page: 'jobs', from: '1', to: '2', sort: '-id' };
  assert.equal(hrefFrom(current, { page: 'job', id: 4 }), '?app=a&page=job&from=1&id=4&to=2');
});

test('ids are escaped in the paths of requests and the rest goes into the query', () => {
  assert.equal(
    address('/api/x/{appId}/jobs', { appId: 'a/../b?', search: 'ü', offset: 0, status: undefined }),
    'api/x/a%2F..%2Fb%3F/jobs?search=%C3%BC&offset=0',
  );
});

const defaults = { sort: '-jobId', length: 50, filters: ['status'] };

test('a table as by default leaves no trace in the address', () => {
  const state = readState({}, 'tasks', defaults);
  assert.deepEqual(state, {
    offset: 0,
    length: 50,
    sortBy: 'jobId',
    descending: true,
    search: '',
    filters: { status: '' },
  });
  assert.equal(format(writeState(state, 'tasks', defaults)), '?');
});

test('the state of a table survives the address', () => {
  const state = {
    offset: 100,
    length: 25,
    sortBy: 'name',
    descending: false,
    search: 'x y',
    filters: { status: 'FAILED' },
  };
  const params = parse(format(writeState(state, 'tasks', defaults)));
  assert.deepEqual(params, {
    'tasks.length': '25',
    'tasks.offset': '100',
    'tasks.q': 'x y',
    'tasks.sort': 'name',
    'tasks.status': 'FAILED',
  });
  assert.deepEqual(readState(params, 'tasks', defaults), state);
});

test('nonsense in the address is as if it were not there', () => {
  const state = readState({ offset: '-5', length: '1e9' }, '', defaults);
  assert.equal(state.offset, 0);
  assert.equal(state.length, 1000);
});

test('the first click on a column of figures shows the largest and on a text the first', () => {
  const state = readState({ offset: '50' }, '', defaults);
  const byDuration = sortedBy(state, 'duration', false);
  assert.deepEqual([byDuration.sortBy, byDuration.descending, byDuration.offset], ['duration', true, 0]);
  assert.equal(sortedBy(byDuration, 'duration', false).descending, false);
  assert.equal(sortedBy(state, 'name', true).descending, false);
});

test('a page of a table says which rows it shows', () => {
  const state = { ...readState({}, '', defaults), offset: 100 };
  assert.deepEqual(shownRange(state, 50, 83_112), { first: 101, last: 150 });
  assert.deepEqual(shownRange(state, 0, 0), { first: 0, last: 0 });
});
