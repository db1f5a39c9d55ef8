// Cerium. Licensed under the Apache License 2.0.
// The diagnosis: one sentence with its figures, the evidence, and what to change.

import type { Schema } from '../api';
import { duration, figure } from '../units';
import { EvidenceLink } from './basics';
import { Long } from './long';

export function Findings({ of }: { of: Schema<'Finding'>[] }) {
  return (
    <ul class="cards">
      {of.map(finding => (
        <li key={finding.id} class={`card finding ${finding.severity}`}>
          <div class="card-head">
            <span class={`severity ${finding.severity}`}>{finding.rule.replaceAll('-', ' ')}</span>
            {finding.costMs !== undefined && <span class="dim">costs about {duration(finding.costMs)}</span>}
          </div>
          <p class="sentence">
            <Long text={finding.sentence} limit={600} />
          </p>
          <dl class="figures small">
            {finding.figures.map(each => (
              <div key={each.name}>
                <dt>{each.name}</dt>
                <dd>{figure(each.value, each.unit)}</dd>
              </div>
            ))}
          </dl>
          {finding.advice.map(advice => (
            <p key={advice.text} class="advice">
              <Long text={advice.text} limit={400} />
              {advice.key && (
                <>
                  :{' '}
                  <code>
                    <Long
                      text={advice.value === undefined ? advice.key : `${advice.key}=${advice.value}`}
                      limit={200}
                    />
                  </code>
                </>
              )}
            </p>
          ))}
          <p class="evidence">
            See{' '}
            {finding.evidence.map((link, i) => (
              <span key={link.text}>
                {i > 0 && ' · '}
                <EvidenceLink of={link} />
              </span>
            ))}
          </p>
        </li>
      ))}
    </ul>
  );
}
