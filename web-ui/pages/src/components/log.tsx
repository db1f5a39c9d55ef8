// Cerium. Licensed under the Apache License 2.0.
// A log: its end, any part of it, a search, and following it while it grows.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Arguments, GetPath, Schema } from '../api';
import { useResource } from '../resource';
import { setParams, useParams } from '../router';
import { bytes, count } from '../units';
import { Empty, Loaded, Time } from './basics';
import { SearchField } from './table';

type LogPath = Extract<
  GetPath,
  '/api/cerium/v1/applications/{appId}/executors/{executorId}/log' | '/api/cerium/v1/worker/log/{executorId}'
>;
type ListPath = Extract<
  GetPath,
  '/api/cerium/v1/applications/{appId}/executors/{executorId}/logs' | '/api/cerium/v1/worker/logs/{executorId}'
>;

interface Props {
  list: ListPath;
  log: LogPath;
  args: object;
}

const kPart = 65_536;
const kFollowMs = 2000;

export function Logs({ list, log, args }: Props) {
  const files = useResource(list, args as Arguments<ListPath>);
  const params = useParams();
  return (
    <Loaded of={files}>
      {data => {
        if (data.files.length === 0) return <Empty>{data.reason ?? 'The process has written no log yet.'}</Empty>;
        const file = data.files.find(each => each.file === params.file) ?? data.files[0];
        return (
          <>
            <div class="controls">
              <label>
                <span>file</span>
                <select
                  value={file.file}
                  onChange={event => setParams({ file: event.currentTarget.value, at: undefined })}
                >
                  {data.files.map(each => (
                    <option key={each.file} value={each.file}>
                      {each.file} ({bytes(each.bytes)})
                    </option>
                  ))}
                </select>
              </label>
              <SearchField value={params.find ?? ''} label="Find lines with…" onSearch={find => setParams({ find })} />
              <span class="dim">
                written <Time at={file.writtenAt} />
              </span>
            </div>
            <Log path={log} args={args} file={file.file} />
          </>
        );
      }}
    </Loaded>
  );
}

function Log({ path, args, file }: { path: LogPath; args: object; file: string }) {
  const { at, find } = useParams();
  const [follow, setFollow] = useState(false);
  const pre = useRef<HTMLPreElement>(null);
  const place = at === undefined ? { tail: true } : { offset: Number(at) };
  const text = useResource(path, {
    ...args,
    file,
    length: kPart,
    search: find,
    ...place,
  } as unknown as Arguments<LogPath>);
  useEffect(() => {
    if (!follow) return;
    const timer = setInterval(text.reload, kFollowMs);
    return () => clearInterval(timer);
  }, [follow, text.reload]);
  useEffect(() => {
    if (at === undefined && pre.current) pre.current.scrollTop = pre.current.scrollHeight;
  }, [text.data, at]);
  const go = (offset: number | undefined) => {
    if (offset !== undefined) setFollow(false);
    setParams({ at: offset === undefined ? undefined : Math.max(0, offset) });
  };
  return (
    <Loaded of={text}>
      {data => (
        <>
          {find && <Matches of={data} go={go} />}
          <div class="pager">
            <span>
              {data.bytes === 0
                ? 'The file is empty.'
                : `Showing bytes ${count(data.offset)} to ${count(data.end)} of ${count(data.bytes)}`}
            </span>
            <nav aria-label="Parts of the log">
              <button type="button" disabled={data.offset === 0} onClick={() => go(0)}>
                Begin
              </button>
              <button type="button" disabled={data.offset === 0} onClick={() => go(data.offset - kPart)}>
                Earlier
              </button>
              <button type="button" disabled={data.end >= data.bytes} onClick={() => go(data.end)}>
                Later
              </button>
              <button type="button" onClick={() => go(undefined)}>
                End
              </button>
            </nav>
            <label>
              <input
                type="checkbox"
                checked={follow}
                onChange={event => {
                  setFollow(event.currentTarget.checked);
                  go(undefined);
                }}
              />
              <span>follow</span>
            </label>
          </div>
          {data.text && (
            <pre class="log" ref={pre} tabIndex={0} aria-label={`Text of ${file}`}>
              {data.text.split('\n').map((line, i) => (
                <Line key={i} of={line} find={find} />
              ))}
            </pre>
          )}
        </>
      )}
    </Loaded>
  );
}

/** Errors and warnings stand out, and so does what was searched for. */
function Line({ of, find }: { of: string; find: string | undefined }) {
  const tone = /\b(ERROR|FATAL)\b/.test(of) ? 'bad-text' : /\bWARN(ING)?\b/.test(of) ? 'warn-text' : undefined;
  const at = find ? of.toLowerCase().indexOf(find.toLowerCase()) : -1;
  if (at < 0 || !find) return <span class={tone}>{of + '\n'}</span>;
  return (
    <span class={tone}>
      {of.slice(0, at)}
      <mark>{of.slice(at, at + find.length)}</mark>
      {of.slice(at + find.length) + '\n'}
    </span>
  );
}

function Matches({ of, go }: { of: Schema<'LogText'>; go: (offset: number) => void }) {
  const matches = of.matches ?? [];
  if (matches.length === 0) return <Empty>No line of this file has it.</Empty>;
  return (
    <details open>
      <summary>
        {matches.length < (of.matchesTotal ?? 0)
          ? `Showing ${count(matches.length)} of ${count(of.matchesTotal)} lines`
          : `${count(matches.length)} lines`}
      </summary>
      <ol class="matches" tabIndex={0}>
        {matches.map(match => (
          <li key={match.offset}>
            <button type="button" class="link" onClick={() => go(match.offset)} title="Show the log from here">
              {match.line.slice(0, 400)}
            </button>
          </li>
        ))}
      </ol>
    </details>
  );
}
