// Cerium. Licensed under the Apache License 2.0.
// Asks for the token that the process printed. A link with ?token=... logs in by itself, and the address forgets it.

import { useEffect, useState } from 'preact/hooks';
import { post } from '../api';
import { currentParams, format, navigate } from '../router';

export function Login({ done }: { done: () => void }) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  const logIn = async (with_: string) => {
    setBusy(true);
    setProblem('');
    try {
      await post('/api/cerium/v1/login', {}, null, { token: with_.trim() });
      done();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  useEffect(() => {
    document.title = 'Login · Cerium';
    const { token: given, ...rest } = currentParams();
    if (given === undefined) return;
    navigate(format(rest), 'replace');
    void logIn(given);
  }, []);
  return (
    <main class="login" id="main">
      <form
        onSubmit={event => {
          event.preventDefault();
          void logIn(token);
        }}
      >
        <h1>Cerium</h1>
        <p>
          These pages can be reached from other machines, so they need a token. The process printed a link with it when
          it started; <code>cerium ui-url</code> prints it again.
        </p>
        <label>
          <span>Token</span>
          <input
            type="password"
            autocomplete="current-password"
            value={token}
            onInput={event => setToken(event.currentTarget.value)}
            autofocus
          />
        </label>
        {problem && (
          <p class="bad-text" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy || token.trim() === ''}>
          Log in
        </button>
      </form>
    </main>
  );
}
