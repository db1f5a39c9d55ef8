// Cerium. Licensed under the Apache License 2.0.
// The frame of every page: head, navigation, how fresh the page is, light or dark.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLiveState } from '../live';
import { setParams, useParams } from '../router';
import { useHref, useSession } from '../session';
import { duration } from '../units';
import { Guard, Time, useNow } from './basics';

export interface Tab {
  page: string;
  title: string;
  /** Pages that are below this tab. */
  also?: string[];
}

interface Props {
  tabs: Tab[];
  title: ComponentChildren;
  /** Links at the right of the navigation. */
  extras?: ComponentChildren;
  children: ComponentChildren;
}

export function Layout({ tabs, title, extras, children }: Props) {
  const session = useSession();
  const params = useParams();
  const href = useHref();
  const current = params.page ?? tabs[0]?.page;
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to the content
      </a>
      <header class="top">
        <a
          class="brand"
          href={href({ app: undefined, from: undefined, to: undefined })}
          aria-label="Cerium, start page"
        >
          <Logo />
          Cerium
        </a>
        <div class="top-title">{title}</div>
        <LiveMark />
        <ThemeSwitch />
      </header>
      {session.insecure && (
        <div class="insecure" role="note">
          Other machines can reach these pages without a login. Set a secret, or listen on this machine only.
        </div>
      )}
      {tabs.length > 0 && (
        <nav class="tabs" aria-label="Pages">
          {tabs.map(tab => {
            const isHere = current === tab.page || tab.also?.includes(current ?? '');
            return (
              <a key={tab.page} href={href({ page: tab.page })} aria-current={isHere ? 'page' : undefined}>
                {tab.title}
              </a>
            );
          })}
          {extras && <span class="extras">{extras}</span>}
        </nav>
      )}
      <main id="main" tabIndex={-1}>
        <RangeNote />
        <Guard key={current}>{children}</Guard>
      </main>
      <footer>
        Cerium {session.version} · times are of this browser's time zone (
        {Intl.DateTimeFormat().resolvedOptions().timeZone}) · sizes are in IEC units (1 MiB = 1,048,576 bytes)
      </footer>
    </>
  );
}

function skipToMain(event: Event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect width="32" height="32" rx="7" class="logo-back" />
      <path d="M22.5 11.2a8 8 0 1 0 0 9.6" class="logo-ring" />
      <circle cx="16" cy="16" r="2.6" class="logo-core" />
    </svg>
  );
}

function LiveMark() {
  const state = useLiveState();
  useNow(); // The seconds since the last sign of life go on.
  if (state.kind === 'off') return null;
  const text = {
    connecting: 'connecting…',
    connected: 'live',
    ended: 'ended',
    stale: `stale ${state.kind === 'stale' ? duration(Math.floor(state.forMs / 1000) * 1000) : ''}`,
  }[state.kind];
  const title = {
    connecting: 'The page waits for the first sign of the server.',
    connected: 'The page follows the application.',
    ended: 'The application has ended; the page shows its last state.',
    stale: 'The server has said nothing for so long. The page may show an old state.',
  }[state.kind];
  return (
    <span class={`live ${state.kind}`} role="status" title={title}>
      {text}
    </span>
  );
}

const kThemes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof kThemes)[number];

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem('cerium-theme');
    return kThemes.find(theme => theme === stored) ?? 'auto';
  } catch {
    return 'auto'; // The browser keeps nothing for this page.
  }
}

export function applyTheme(theme: Theme = storedTheme()) {
  if (theme === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.dataset.theme = theme;
  window.dispatchEvent(new Event('themechange'));
}

function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme);
  useEffect(() => applyTheme(theme), [theme]);
  const choose = (to: Theme) => {
    setTheme(to);
    try {
      localStorage.setItem('cerium-theme', to);
    } catch {
      // The choice holds until the page is loaded again.
    }
  };
  return (
    <label class="theme">
      <span class="visually-hidden">Colours</span>
      <select value={theme} onChange={event => choose(event.currentTarget.value as Theme)}>
        {kThemes.map(each => (
          <option key={each} value={each}>
            {each === 'auto' ? 'auto colours' : each}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The range of time that all panels show, if it is not the whole run. */
function RangeNote() {
  const { from, to } = useParams();
  if (!from || !to) return null;
  return (
    <p class="range" role="status">
      Only <Time at={Number(from)} relative={false} /> to <Time at={Number(to)} relative={false} /> (
      {duration(Number(to) - Number(from))}) in the timeline, jobs, stages, task stream and charts.{' '}
      <button type="button" onClick={() => setParams({ from: undefined, to: undefined })}>
        Show the whole run
      </button>
    </p>
  );
}

export function PageTitle({
  children,
  state,
  actions,
}: {
  children: ComponentChildren;
  state?: ComponentChildren;
  actions?: ComponentChildren;
}) {
  return (
    <div class="page-title">
      <h1>{children}</h1>
      {state}
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}
