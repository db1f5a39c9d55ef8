// Cerium. Licensed under the Apache License 2.0.
// A text that may be very long: cut with a button that shows the rest, so that nothing is cut without saying so.

import { useState } from 'preact/hooks';
import { count } from '../units';

export function Long({ text, limit = 300 }: { text: string; limit?: number }) {
  const [whole, setWhole] = useState(false);
  // In a <bdi>, because the text may change the direction of what follows it.
  if (text.length <= limit + 40) return <bdi>{text}</bdi>;
  return (
    <>
      <bdi>{whole ? text : text.slice(0, limit) + '… '}</bdi>
      <button type="button" class="link" onClick={() => setWhole(!whole)}>
        {whole ? ' show less' : `show ${count(text.length - limit)} more characters`}
      </button>
    </>
  );
}

/** In a table cell: a name that is cut by its width, with the whole as its tooltip. */
export function Name({ text }: { text: string }) {
  return (
    <span class="name" title={text.slice(0, 2000)}>
      {text.length > 400 ? text.slice(0, 400) + '…' : text}
    </span>
  );
}
