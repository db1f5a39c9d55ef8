// Cerium. Licensed under the Apache License 2.0.
// A button that changes something: it asks first, then posts with the token of the session.

import { useRef, useState } from 'preact/hooks';
import { post, type PostPath } from '../api';
import { useSession } from '../session';

interface Props {
  text: string;
  /** What will happen, as a question. */
  question: string;
  path: PostPath;
  args: object;
  done?: () => void;
}

export function ChangeButton({ text, question, path, args, done }: Props) {
  const session = useSession();
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  if (!session.canChange) return null;

  const run = async () => {
    setBusy(true);
    setProblem('');
    try {
      await post(path, args, session.token);
      dialog.current?.close();
      done?.();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" class="danger" onClick={() => dialog.current?.showModal()}>
        {text}
      </button>
      <dialog ref={dialog} aria-label={question}>
        <p>{question}</p>
        {problem && (
          <p class="bad-text" role="alert">
            {problem}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            No
          </button>
          <button type="button" class="danger" disabled={busy} onClick={run}>
            Yes, {text.toLowerCase()}
          </button>
        </div>
      </dialog>
    </>
  );
}
