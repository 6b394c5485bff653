// Rates of two queues in Postgres: jobs handed over in bulk, then worked on by one process, each with so many effects that
// are committed one by one, as agents' calls are. It prints a line of JSON for each figure. The database is in PGHOST and
// the like. It doesn't know what it is compared with.

import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import PgBoss from "pg-boss";

const [runsAlone, runsAtOnce] = process.argv.slice(2).map(Number);
const CALLS = [0, 1, 3, 9];

const pool = new pg.Pool({ max: 40 });
pool.on("error", (error) => { throw error; });
pool.on("connect", (client) => client.on("error", (error) => { throw error; }));
// Its line for each job would be measured too.
const logger = new Logger(() => () => {});
await pool.query("create table if not exists effects (job bigint, call integer, primary key (job, call))");

let job = 0;
async function effects(calls) {
  const id = ++job;
  for (let call = 0; call < calls; call++) {
    await pool.query("insert into effects values ($1, $2)", [id, call]);
  }
}

// Ends of jobs, in milliseconds; done when there are so many.
function ends(count) {
  const times = [];
  let done;
  const all = new Promise((resolve) => (done = resolve));
  return { all, times, ended: () => times.push(performance.now()) === count && done() };
}

function tell(peer, calls, atOnce, count, enqueuing, times) {
  const rate = ((times.length - 1) * 1000) / (times.at(-1) - times[0]);
  const gaps = times.slice(1).map((time, at) => time - times[at]).sort((one, other) => one - other);
  const at = (share) => gaps[Math.floor((gaps.length * share) / 100)];
  console.log(JSON.stringify({
    peer, calls, at_once: atOnce, runs: count, enqueued_per_second: (count * 1000) / enqueuing, runs_per_second: rate,
    p50_ms: at(50), p99_ms: at(99),
  }));
}

async function graphile(calls, atOnce, count) {
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  await utils.migrate();
  const begun = performance.now();
  for (let from = 0; from < count; from += 1000) {
    const some = Math.min(1000, count - from);
    await utils.addJobs(Array.from({ length: some }, (_, at) => ({ identifier: "effects", payload: { at } })));
  }
  const enqueuing = performance.now() - begun;
  const { all, times, ended } = ends(count);
  const taskList = { effects: async () => { await effects(calls); ended(); } };
  const settings = { logger, concurrency: atOnce, noHandleSignals: true, pollInterval: 100, parsedCronItems: [] };
  const runner = await run({ pgPool: pool, ...settings, taskList });
  await all;
  await runner.stop();
  await utils.release();
  tell("graphile-worker", calls, atOnce, count, enqueuing, times);
}

async function boss(calls, atOnce, count) {
  const queue = `effects-${calls}-${atOnce}`;
  const peer = new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values) }, supervise: false, schedule: false });
  peer.on("error", (error) => { throw error; });
  await peer.start();
  await peer.createQueue(queue);
  const begun = performance.now();
  for (let from = 0; from < count; from += 1000) {
    const some = Math.min(1000, count - from);
    await peer.insert(Array.from({ length: some }, (_, at) => ({ name: queue, data: { at } })));
  }
  const enqueuing = performance.now() - begun;
  const { all, times, ended } = ends(count);
  // Its workers wait between fetches, so jobs are fetched and completed by its own calls as fast as it lets anybody.
  const worker = async () => {
    for (;;) {
      const [next] = await peer.fetch(queue, { batchSize: 1 });
      if (!next) return;
      await effects(calls);
      await peer.complete(queue, next.id);
      ended();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  await all;
  await peer.stop({ graceful: false, wait: false });
  tell("pg-boss", calls, atOnce, count, enqueuing, times);
}

for (const measure of [graphile, boss]) {
  for (const [atOnce, count] of [[1, runsAlone], [32, runsAtOnce]]) {
    for (const calls of CALLS) await measure(calls, atOnce, count);
  }
}
await pool.end();
