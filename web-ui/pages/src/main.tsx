// Cerium. Licensed under the Apache License 2.0.
// Asks the port what it is, and shows its pages.

import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import 'uplot/dist/uPlot.min.css';
import './app.css';
import { Problem } from './components/basics';
import { applyTheme } from './components/layout';
import { useResource } from './resource';
import { currentParams, format, interceptLinks, navigate, useParams } from './router';
import { SessionContext } from './session';
import { Application } from './pages/application';
import { History } from './pages/history';
import { Login } from './pages/login';
import { Manager } from './pages/manager';
import { Worker } from './pages/worker';

function App() {
  const session = useResource('/api/cerium/v1/session', {});
  const params = useParams();
  useEffect(() => {
    if (!session.data || params.token === undefined) return;
    navigate(format({ ...currentParams(), token: undefined }), 'replace'); // Already logged in.
  }, [session.data, params.token]);
  useEffect(() => {
    if (!session.data) return;
    window.addEventListener('sessionlost', session.reload);
    return () => window.removeEventListener('sessionlost', session.reload);
  }, [session.data]);
  if (session.error?.status === 401) return <Login done={session.reload} />;
  if (session.error && !session.data) return <Problem message={session.error.message} retry={session.reload} />;
  if (!session.data) return <p class="loading">Loading…</p>;
  const pages = { driver: Application, history: params.app ? Application : History, manager: Manager, worker: Worker };
  const Pages = pages[session.data.pages];
  return (
    <SessionContext.Provider value={session.data}>
      <Pages />
    </SessionContext.Provider>
  );
}

applyTheme();
interceptLinks(document.body);
render(<App />, document.getElementById('app')!);
