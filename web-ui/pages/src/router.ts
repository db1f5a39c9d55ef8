// Cerium. Licensed under the Apache License 2.0.
// What a page shows is in the query of its address: "?page=stage&id=3&attempt=0&sort=-duration". The path is never
// touched, so the pages work below any prefix and need no answer of the server but index.html.

import { useEffect, useState } from 'preact/hooks';

export type Params = Record<string, string>;
/** A value of undefined or '' leaves the parameter out. */
export type Changes = Record<string, string | number | undefined>;

export function parse(search: string): Params {
  return Object.fromEntries(new URLSearchParams(search));
}

/** "?page=job&id=3", with the parameters in the order of their names after `app` and `page`. */
export function format(changes: Changes): string {
  const rank = (key: string) => (key === 'app' ? '0' : key === 'page' ? '1' : '2' + key);
  const entries = Object.entries(changes)
    .filter(([, value]) => value !== undefined && value !== '')
    .sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
  const query = new URLSearchParams(entries.map(([key, value]) => [key, String(value)])).toString();
  return '?' + query;
}

/** What goes along from page to page: the application, and the range of time that the user looks at. */
const kKept = ['app', 'from', 'to'];

export function hrefFrom(current: Params, changes: Changes): string {
  const kept = Object.fromEntries(kKept.filter(key => key in current).map(key => [key, current[key]]));
  return format({ ...kept, ...changes });
}

const listeners = new Set<() => void>();

export function currentParams(): Params {
  return parse(location.search);
}

export function navigate(href: string, how: 'push' | 'replace' = 'push') {
  if (how === 'push') history.pushState(null, '', href);
  else history.replaceState(null, '', href);
  for (const listener of listeners) listener();
}

/** Changes some parameters of the present page. Replaces the address, so that "back" leaves the page. */
export function setParams(changes: Changes) {
  navigate(format({ ...currentParams(), ...changes }), 'replace');
}

export function useParams(): Params {
  const [params, setState] = useState(currentParams);
  useEffect(() => {
    const update = () => setState(currentParams());
    listeners.add(update);
    window.addEventListener('popstate', update);
    return () => {
      listeners.delete(update);
      window.removeEventListener('popstate', update);
    };
  }, []);
  return params;
}

/** Follows links to pages without loading the document again. */
export function interceptLinks(root: HTMLElement) {
  root.addEventListener('click', event => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = (event.target as Element).closest('a');
    const href = link?.getAttribute('href');
    if (!link || !href?.startsWith('?') || link.hasAttribute('download') || link.hasAttribute('target')) return;
    event.preventDefault();
    navigate(href);
    window.scrollTo(0, 0);
    document.getElementById('main')?.focus({ preventScroll: true });
  });
}
