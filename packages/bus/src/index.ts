/**
 * Nudges between services over NATS. Postgres is the only truth: a message may speed something up and
 * is never the only copy of a fact. docs/subjects.md lists all subjects and what repairs a loss.
 *
 * - Nothing throws, waits or piles up when NATS is away; failures are counted.
 * - Work is taken from one in-memory work queue, by pulling, at the pace of whoever takes it.
 * - Whatever NATS lost (its connections, its memory, its disk) is set up again when it is back.
 */
export { connectBus, type Bus, type BusOptions, type Handler, type Subscription } from './bus.ts'
export type { DispatchBatch } from './consume-dispatch.ts'
export { notifyAnswered, type AnsweredLike } from './notify-answered.ts'
export { POOLS, type Pool } from './subjects.ts'
