// Cerium. Licensed under the Apache License 2.0.
// What a component shows of the server: fetched when its arguments change, and again when the server announces a change
// of one of its topics. The old answer stays visible until the new one is there.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, type Answer, type Arguments, type GetPath } from './api';
import { live, type Topic } from './live';

export interface Resource<T> {
  data: T | undefined;
  error: ApiError | undefined;
  /** The first answer is not there yet, or the arguments have changed. */
  loading: boolean;
  reload: () => void;
}

/** At least so long from one fetch to the next, whatever the server announces. */
const kPauseMs = 1000;

/** `args` undefined: nothing is fetched. */
export function useResource<P extends GetPath>(
  path: P,
  args: Arguments<P> | undefined,
  topics: Topic[] = [],
): Resource<Answer<P>> {
  const [state, setState] = useState<Omit<Resource<Answer<P>>, 'reload'>>({
    data: undefined,
    error: undefined,
    loading: true,
  });
  const [turn, setTurn] = useState(0);
  const key = args === undefined ? undefined : path + JSON.stringify(args);
  const fetchedKey = useRef<string | undefined>(undefined);
  const fetchedAt = useRef(0);
  const inFlight = useRef(false);

  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    if (fetchedKey.current !== key) setState(old => ({ ...old, loading: true }));
    fetchedAt.current = Date.now();
    inFlight.current = true;
    get(path, args!, abort.signal).then(
      data => {
        inFlight.current = false;
        fetchedKey.current = key;
        setState({ data, error: undefined, loading: false });
      },
      error => {
        if (abort.signal.aborted) return;
        inFlight.current = false;
        const asApiError = error instanceof ApiError ? error : new ApiError(0, String(error));
        const sameThing = fetchedKey.current === key;
        setState(old => ({ data: sameThing ? old.data : undefined, error: asApiError, loading: false }));
      },
    );
    return () => abort.abort();
  }, [key, turn]);

  const reload = useCallback(() => setTurn(old => old + 1), []);
  const topicKey = topics.join();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    // A slow answer is waited for, and a page in the background asks for nothing.
    const reloadSoon = (pause: number) => {
      timer = setTimeout(() => {
        timer = undefined;
        if (inFlight.current || document.hidden) reloadSoon(kPauseMs / 2);
        else reload();
      }, pause);
    };
    const unsubscribe = live.subscribe(changed => {
      if (timer !== undefined || !topics.some(topic => changed.has(topic))) return;
      reloadSoon(Math.max(0, fetchedAt.current + kPauseMs - Date.now()));
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [topicKey]);

  return { ...state, reload };
}
