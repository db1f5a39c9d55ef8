// Cerium. Licensed under the Apache License 2.0.
// Links between the views of one page; which one is shown is in the address.

import { currentParams, format } from '../router';

export function Views({
  views,
  current,
  name = 'view',
}: {
  views: [value: string, title: string][];
  current: string;
  name?: string;
}) {
  const params = currentParams();
  return (
    <nav class="views" aria-label="Views of this page">
      {views.map(([value, title]) => (
        <a
          key={value}
          href={format({ ...params, [name]: value })}
          aria-current={value === current ? 'true' : undefined}
        >
          {title}
        </a>
      ))}
    </nav>
  );
}
