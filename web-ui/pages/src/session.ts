// Cerium. Licensed under the Apache License 2.0.
// What this port is, which application the page shows, and what this browser may change.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Schema } from './api';
import { hrefFrom, useParams, type Changes } from './router';

export const SessionContext = createContext<Schema<'Session'>>(undefined as unknown as Schema<'Session'>);
export const useSession = () => useContext(SessionContext);

/** The application that the page shows: the driver's own, or the one in the address. */
export function useAppId(): string {
  const session = useSession();
  const params = useParams();
  return session.appId ?? params.app ?? '';
}

/** Makes addresses of pages of the same application and range of time. */
export function useHref(): (changes: Changes) => string {
  const params = useParams();
  return changes => hrefFrom(params, changes);
}
