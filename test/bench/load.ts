import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { undisturbed } from './stolen.ts'

/** What every system offers; each call resolves with the result that its work has. */
export interface BenchSystem {
  /** A flow without steps; resolves with what was given in. */
  empty(key: string): Promise<unknown>
  /** Ten recorded steps; resolves with their sum, 45. */
  tenSteps(key: string): Promise<unknown>
  /** A parent that awaits 1,000 children; resolves with their number. */
  fanOut(key: string): Promise<unknown>
}

type Work = keyof BenchSystem

export interface Row {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** The share of the wanted processor time that the host took away meanwhile, 0 to 1. */
  readonly stolen: number
}

interface Shape {
  readonly total: number
  readonly inFlight: number
}

export const WORK = [
  { title: 'empty, 64 in flight', work: 'empty', total: 8_000, inFlight: 64 },
  { title: 'empty, 256 in flight', work: 'empty', total: 16_000, inFlight: 256 },
  { title: 'empty, 1 in flight', work: 'empty', total: 500, inFlight: 1 },
  { title: 'ten steps, 32 in flight', work: 'tenSteps', total: 3_600, inFlight: 32 },
  { title: '1,000 children', work: 'fanOut', total: 3, inFlight: 1 },
] as const satisfies readonly (Shape & { title: string; work: Work })[]

const WARM_UP_MS = 4_000

export type Rows = Record<(typeof WORK)[number]['title'], Row>

/** Every result is compared: a system that is fast and wrong does not count. */
const EXPECTED: Readonly<Record<Work, (key: string) => unknown>> = {
  empty: (key) => key,
  tenSteps: () => 45,
  fanOut: () => 1_000,
}

/** Runs all work on one system and prints a row each. BENCH_SCALE multiplies how much of it. */
export async function measure(name: string, system: BenchSystem): Promise<Rows> {
  const scale = Number(process.env['BENCH_SCALE'] ?? 1)
  const checked = (work: Work) => async (key: string) => {
    const result = await system[work](key)
    const expected = EXPECTED[work](key)
    if (result !== expected)
      throw new Error(
        `${name}: ${work} gave ${JSON.stringify(result)} instead of ${JSON.stringify(expected)}`,
      )
  }
  const rows: Partial<Rows> = {}
  for (const { title, work, total, inFlight } of WORK) {
    const shape = { total: Math.max(1, Math.round(total * scale)), inFlight }
    await warmUp(inFlight, (key) => checked(work)(`warm-${work}-${inFlight}-${key}`))
    let tries = 0
    const { value, stolen } = await undisturbed(() => {
      tries += 1
      return closedLoop(shape, (i) => checked(work)(`${work}-${inFlight}-${tries}-${i}`))
    })
    const row = { ...value, stolen: Number(stolen.toFixed(3)) }
    rows[title] = row
    console.log(name.padEnd(10), title.padEnd(26), JSON.stringify({ ...row, tries }))
  }
  return rows as Rows
}

/**
 * The same work until its code has run in: servers run for months. By time and not by number, so that
 * the slower ones need not do it for longer.
 */
async function warmUp(inFlight: number, call: (key: string) => Promise<void>): Promise<void> {
  const until = performance.now() + WARM_UP_MS
  await Promise.all(
    Array.from({ length: inFlight }, async (_, caller) => {
      for (let i = 0; i === 0 || performance.now() < until; i++) await call(`${caller}-${i}`)
    }),
  )
}

/** `inFlight` callers, each of which waits for its answer before it asks again. */
async function closedLoop(
  { total, inFlight }: Shape,
  call: (i: number) => Promise<void>,
): Promise<Omit<Row, 'stolen'>> {
  const latencies: number[] = []
  let next = 0
  const start = performance.now()
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let i = next++; i < total; i = next++) {
        const from = performance.now()
        await call(i)
        latencies.push(performance.now() - from)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1_000
  latencies.sort((a, b) => a - b)
  const at = (part: number): number => {
    const index = Math.min(latencies.length - 1, Math.floor(latencies.length * part))
    return Number((latencies[index] ?? Number.NaN).toFixed(2))
  }
  return { perSecond: Math.round(total / seconds), p50Ms: at(0.5), p99Ms: at(0.99) }
}

export interface HttpCaller {
  readonly post: (path: string, body: unknown) => Promise<unknown>
  readonly close: () => Promise<void>
}

/**
 * One keep-alive connection per caller. Who is refused for being too many, or because the database is
 * away (a host that takes the processors for seconds makes it look so), waits as long as it is told to,
 * which counts; any other status of 300 or more is an error.
 */
export function httpCaller(
  base: string,
  headers: Readonly<Record<string, string>> = {},
): HttpCaller {
  const connections = Math.max(...WORK.map(({ inFlight }) => inFlight))
  const pool = new Pool(base, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  return {
    async post(path, body) {
      const request = {
        path,
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      } as const
      let answered = await pool.request(request)
      while (answered.statusCode === 429 || answered.statusCode === 503) {
        await answered.body.dump()
        await sleep(1_000 * Number(answered.headers['retry-after'] ?? 1))
        answered = await pool.request(request)
      }
      const { statusCode } = answered
      const text = await answered.body.text()
      if (statusCode >= 300) throw new Error(`${path}: ${statusCode} ${text.slice(0, 300)}`)
      return text === '' ? null : (JSON.parse(text) as unknown)
    },
    close: () => pool.close(),
  }
}
