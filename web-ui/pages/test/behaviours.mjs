// Cerium. Licensed under the Apache License 2.0.
// What a user does with the pages, and what must be there then. Run by browser.mjs.
import assert from 'node:assert/strict';
import { hostileTexts } from '../dev/fixtures/hostile.mjs';

export const behaviours = {};
