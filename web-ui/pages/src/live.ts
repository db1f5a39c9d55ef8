// Cerium. Licensed under the Apache License 2.0.
// Changes that the server announces (server-sent events), and how fresh the pages are.

import { useEffect, useState } from 'preact/hooks';
import { address, type Schema } from './api';

export type Topic = Schema<'Topic'>;
export type LiveState = { kind: 'off' | 'connecting' | 'connected' | 'ended' } | { kind: 'stale'; forMs: number };

/** Longer silence than this shows that the connection is broken: the server says something every 5 seconds. */
const kSilenceMs = 12_000;
/** The browser gives up after some errors; then the page tries again, so often. */
const kRetryMs = 5_000;

type Reader = (topics: ReadonlySet<Topic>) => void;

/** How far the server's clock is ahead of this machine's. */
let aheadMs = 0;

/** The present time by the server's clock, which the instants of the answers are of. */
export const serverNow = () => Date.now() + aheadMs;

class Live {
  private source: EventSource | undefined;
  private heardAt = 0;
  private openedAt = 0;
  private everHeard = false;
  private ended = false;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly readers = new Set<Reader>();
  private readonly watchers = new Set<() => void>();
  state: LiveState = { kind: 'off' };

  open(url: string) {
    this.close();
    this.ended = this.everHeard = false;
    this.heardAt = Date.now();
    this.openedAt = Date.now();
    this.set({ kind: 'connecting' });
    this.source = new EventSource(url);
    this.source.onopen = () => this.heard();
    this.source.addEventListener('alive', () => this.heard());
    this.source.onmessage = event => this.change(JSON.parse(event.data as string) as Schema<'Change'>);
    this.source.onerror = () => this.look();
    this.timer = setInterval(() => this.look(), 1000);
  }

  close() {
    this.source?.close();
    clearInterval(this.timer);
    this.source = undefined;
    this.set({ kind: 'off' });
  }

  subscribe(reader: Reader): () => void {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  private heard() {
    this.heardAt = Date.now();
    this.everHeard = true;
    this.look();
  }

  private change(change: Schema<'Change'>) {
    this.heard();
    aheadMs = change.now - Date.now();
    const topics = new Set(change.changed);
    for (const reader of this.readers) reader(topics);
    if (!change.ended) return;
    this.ended = true;
    this.close();
    this.set({ kind: 'ended' });
  }

  private look() {
    if (this.ended || !this.source) return;
    const silence = Date.now() - this.heardAt;
    const open = this.source.readyState === EventSource.OPEN;
    if (open && silence < kSilenceMs) this.set({ kind: 'connected' });
    else if (!this.everHeard && silence < kSilenceMs) this.set({ kind: 'connecting' });
    else this.set({ kind: 'stale', forMs: silence });
    if (this.source.readyState === EventSource.CLOSED && Date.now() - this.openedAt > kRetryMs) this.reopen();
  }

  private reopen() {
    const { url } = this.source!;
    const { heardAt, everHeard } = this;
    this.open(url);
    this.heardAt = heardAt;
    this.everHeard = everHeard;
  }

  private set(state: LiveState) {
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}

export const live = new Live();

export function useLiveState(): LiveState {
  const [state, setState] = useState(live.state);
  useEffect(() => live.watch(() => setState(live.state)), []);
  return state;
}

export function changesOf(appId: string | null): string {
  if (appId === null) return address('/api/cerium/v1/cluster/changes');
  return address('/api/cerium/v1/applications/{appId}/changes', { appId });
}
