// Cerium. Licensed under the Apache License 2.0.
// What a user does with the pages, and what must be there then. Run by browser.mjs.
import assert from 'node:assert/strict';
import { start } from '../dev/server.mjs';
import { hostileTexts } from '../dev/fixtures/hostile.mjs';

const parameter = (page, name) => new URL(page.url()).searchParams.get(name);
const waitForParameter = (page, name, value) =>
  page.waitForFunction(([name, value]) => new URLSearchParams(location.search).get(name) === value, [name, value]);

export const behaviours = {
  'a column is sorted by keyboard, and the address keeps it': async ({ page, held, settled }) => {
    await page.goto(`${held}/driver/?page=stages`);
    await settled(page);
    await page.getByRole('button', { name: 'Duration' }).focus();
    await page.keyboard.press('Enter');
    await waitForParameter(page, 'sort', '-durationMs');
    await settled(page);
    assert.match(await page.locator('th[aria-sort="descending"]').innerText(), /^Duration/);
    assert.match(await page.locator('tbody tr').first().innerText(), /groupByKey/);
    await page.reload();
    await settled(page);
    assert.match(await page.locator('th[aria-sort="descending"]').innerText(), /^Duration/);
  },

  'a search is done by the server, and says what it found': async ({ page, held, settled }) => {
    await page.goto(`${held}/history/`);
    await settled(page);
    assert.match(await page.locator('.pager').innerText(), /Showing 1–50 of 83/);
    await page.getByRole('searchbox').fill('page rank');
    await waitForParameter(page, 'q', 'page rank');
    await page.waitForFunction(() => /in all/.test(document.querySelector('.pager').textContent));
    assert.equal(await page.locator('tbody tr').count(), 16);
    await page.getByRole('searchbox').fill('there is no such thing');
    await page.getByText('Nothing fits the search and the filters.').waitFor();
  },

  'a table of 100,000 tasks has pages': async ({ page, held, settled }) => {
    await page.goto(`${held}/driver/?page=stage&id=7&attempt=0`);
    await settled(page);
    const pager = page.locator('.pager');
    assert.match(await pager.innerText(), /Showing 1–25 of 67,665/);
    await page.getByRole('button', { name: 'Last' }).click();
    await page.waitForFunction(() => /67,651–67,665 of/.test(document.querySelector('.pager').textContent));
    assert.equal(parameter(page, 'tasks.offset'), '67650');
  },

  'the largest value of a metric leads to its task': async ({ page, held, settled }) => {
    await page.goto(`${held}/driver/?page=stage&id=2&attempt=0`);
    await settled(page);
    await page.locator('.quantiles tbody tr').first().locator('a').last().click();
    await page.getByRole('heading', { name: 'Task 817' }).waitFor();
    await settled(page);
    assert.match(await page.locator('.task-panel').innerText(), /Partition\s+17/);
  },

  'links keep the application, and "back" returns': async ({ page, held, settled }) => {
    await page.goto(`${held}/history/?app=app-1&page=jobs`);
    await settled(page);
    await page.getByRole('link', { name: '2', exact: true }).first().click();
    await settled(page);
    assert.equal(parameter(page, 'app'), 'app-1');
    await page.goBack();
    await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor();
  },

  'the task stream zooms into a dragged range, and a click opens a task': async ({ page, held, settled }) => {
    await page.goto(`${held}/driver/?page=stream`);
    await settled(page);
    const canvas = page.locator('.stream canvas');
    const box = await canvas.boundingBox();
    await page.mouse.move(box.x + 300, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 330, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(() => new URLSearchParams(location.search).has('from'));
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await settled(page);
    await canvas.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Home');
    await page.waitForFunction(() => !new URLSearchParams(location.search).has('from'));
    await page.goto(`${held}/driver/?page=stream&from=1795860033000&to=1795860045000`);
    await settled(page);
    const moved = await canvas.boundingBox();
    await page.mouse.click(moved.x + 700, moved.y + 22 + 17 * 20 + 8); // Executor 5, core 1 computes the skewed partition.
    await page.getByRole('heading', { name: 'Task 817' }).waitFor();
  },

  'a running application is followed without loading the page': async ({ page, settled }) => {
    const { server, port } = await start(); // Its clock runs.
    await page.goto(`http://127.0.0.1:${port}/driver/`);
    await settled(page);
    await page.locator('.live.connected').waitFor();
    const tasks = () => page.locator('.figures').first().innerText();
    const before = await tasks();
    await page.waitForFunction(before => document.querySelector('.figures').innerText !== before, before, {
      timeout: 20_000,
    });
    server.closeAllConnections();
    server.close();
  },

  'a slow answer is waited for, however often the server announces changes': async ({ page, settled }) => {
    const { server, port } = await start();
    let running = 0;
    let most = 0;
    let answered = 0;
    await page.route('**/stages?*', async route => {
      most = Math.max(most, ++running);
      await new Promise(done => setTimeout(done, 2500));
      await route.continue().catch(() => undefined);
      --running;
      ++answered;
    });
    await page.goto(`http://127.0.0.1:${port}/driver/?page=stages`);
    await settled(page);
    while (answered < 3) await page.waitForTimeout(100);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    server.closeAllConnections();
    server.close();
    assert.equal(most, 1);
  },

  'a page whose server is silent says that it is stale': async ({ page, held, settled }) => {
    await page.clock.install();
    await page.route('**/changes', route =>
      route.fulfill({
        status: 200,
        contentType: 'text/event-stream',
        body: 'retry: 1000000\ndata: {"version":1,"changed":[],"now":0}\n\n',
      }),
    );
    await page.goto(`${held}/driver/`);
    await page.clock.runFor(2000);
    await settledByClock(page);
    await page.clock.runFor(14_000);
    await page.locator('.live.stale').waitFor();
    assert.match(await page.locator('.live').innerText(), /^stale 1\d s$/);
  },

  'the login takes the token, and the link with the token logs in and is forgotten': async ({
    page,
    held,
    settled,
  }) => {
    await page.goto(`${held}/login/`);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Token').fill('dev-token');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await page.context().clearCookies();
    await page.goto(`${held}/login/?token=dev-token&page=jobs`);
    await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor();
    await settled(page);
    assert.equal(parameter(page, 'token'), null);
    assert.equal(parameter(page, 'page'), 'jobs');
  },

  'a cancel asks first, and sends the token of the session': async ({ page, held, settled }) => {
    await page.goto(`${held}/driver/?page=job&id=4`);
    await settled(page);
    const posts = [];
    page.on('request', request => request.method() === 'POST' && posts.push(request));
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('dialog').waitFor();
    assert.equal(posts.length, 0);
    await page.getByRole('button', { name: 'Yes, cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.match(posts[0].url(), /jobs\/4\/cancel$/);
    assert.equal(posts[0].headers()['x-cerium-token'], 'change-me');
  },

  'the history offers no change': async ({ page, held, settled }) => {
    await page.goto(`${held}/history/?app=app-1&page=job&id=4`);
    await settled(page);
    assert.equal(await page.getByRole('button', { name: 'Cancel' }).count(), 0);
  },

  'hostile texts show as they are': async ({ page, held, settled }) => {
    await page.goto(`${held}/hostile/?page=failures`);
    await settled(page);
    const seen = new Set();
    for (const address of [
      'failures',
      'jobs',
      'environment',
      'executors',
      'stages',
      'overview',
      'job&id=3',
      'executor&id=1&view=threads',
    ]) {
      await page.goto(`${held}/hostile/?page=${address}`);
      await settled(page);
      const text = await page.evaluate(() => document.body.textContent);
      hostileTexts.filter(hostile => text.includes(hostile.slice(0, 100))).forEach(hostile => seen.add(hostile));
      assert.equal(await page.locator('img, script:not([src="app.js"]), iframe').count(), 0);
    }
    assert.deepEqual(
      hostileTexts.filter(hostile => !seen.has(hostile)).map(hostile => hostile.slice(0, 40)),
      [],
    );
  },

  'colours chosen by hand stay': async ({ page, held, settled }) => {
    await page.goto(`${held}/driver/`);
    await settled(page);
    await page.locator('.theme select').selectOption('dark');
    await page.reload();
    await settled(page);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  },

  'a range of time goes along to the other pages': async ({ page, held, settled }) => {
    await page.goto(`${held}/driver/?page=stream&from=1795860092000&to=1795860104000`);
    await settled(page);
    await page.getByRole('link', { name: 'Executors' }).click();
    await settled(page);
    assert.equal(parameter(page, 'from'), '1795860092000');
    await page.getByRole('button', { name: 'Show the whole run' }).click();
    assert.equal(parameter(page, 'from'), null);
  },

  'a log is searched, and a found line shows its place': async ({ page, held, settled }) => {
    await page.goto(`${held}/worker/?child=app-1-3`);
    await settled(page);
    await page.getByRole('searchbox').fill('rdd_2_39 ');
    await page.locator('.matches button').first().click();
    await page.waitForFunction(() =>
      document.querySelector('pre.log')?.textContent.startsWith(document.querySelector('.matches button').textContent),
    );
    assert.match(await page.locator('.pager').innerText(), /Showing bytes [\d,]+ to/);
  },
};

/** As settled(), for a page whose clock stands still. */
const settledByClock = page => page.locator('h1').waitFor();
