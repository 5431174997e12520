/**
 * What stands in the way of more, by scenario and by the title of each work of the peers: written by
 * hand after looking, and merged into docs/benchmarks.md by `page.ts`.
 */
export const WHAT_LIMITS: Readonly<Record<string, string>> = {
  'empty, 64 in flight': 'Processor time of all processes on two cores, docs/performance.md.',
  'empty, 256 in flight':
    'The same; larger commits share their fsync, so each execution costs less.',
  'empty, 1 in flight': 'The fsync of one commit and the hops between processes.',
  'ten steps, 32 in flight': 'The sandbox process: one core runs all activations of a workspace.',
  '1,000 children': 'The commits of the parent and of the ends of its children.',
  batch:
    'Both cores are busy: one with the engine and its sandbox, one with Postgres. The call itself is one statement.',
  timers:
    'The timers loop answers what is due in one statement at a time: a wait is late by the one before it.',
  'engine-kill':
    'What the engine had claimed waits for its lease: 10 s after its last renewal, which comes every 3 s. What it had taken and not claimed is given to another 6 s after its last sign to NATS; starting an engine takes 2 to 4 s.',
  idle: 'Seven Node processes at 50 to 60 MiB each, and Postgres.',
  latency:
    'Processor time: at saturation both cores are busy, the load generator among them. Beyond it the gateway lets 4,096 requests wait and refuses the others, so the latency of the accepted is what those 4,096 take; a round of its event loop that takes requests for longer than 250 ms refuses the rest of them. Measured beside other work on the same two cores, and the generator was late itself (p99 0.3 to 2 s beyond saturation).',
  million:
    'Lookups by primary key and by index of recent time; what grows is the depth of the indexes and what of them fits into shared buffers. Errors of a day are found by walking the day, which no index shortens.',
  'lock-queue':
    'One after the other: the commit of the release, the transaction that grants, and the activation of the next; each is a round trip to Postgres with an fsync.',
  payloads: 'A value is copied at every boundary: HTTP, Postgres, engine, sandbox and back.',
  sleeping:
    'Nothing is kept of them in memory; what grows are the pages that Postgres has touched.',
}
