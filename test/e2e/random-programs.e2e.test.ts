import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { type Execution, LIVE_STATUSES } from '@millrace/client'
import { sleep } from '@millrace/runtime'
import {
  ALL_FEATURES,
  checkOutcome,
  checkSections,
  createRng,
  expectOutcome,
  type Program,
  PROGRAM_FLOW,
  programFlow,
  randomProgram,
  sectionsOf,
  settingsFor,
} from '../simulation/program/index.ts'
import { until, useStack } from '../stack/index.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const COUNT = Number(process.env['PROGRAMS'] ?? 150)
const AT_ONCE = 25
const LOCKS = ['one', 'two', 'three']

describe('random programs', { timeout: 300_000 }, () => {
  const stub = createStub()
  const at = useStack(async ({ stack }) => {
    const { flows, settings } = stack.client
    await flows.create({ name: PROGRAM_FLOW, script: programFlow, language: 'typescript' })
    for (const name of settingsFor(LOCKS)) await settings.put(name, null)
  })
  before(() => stub.start())
  after(() => stub.stop())

  test(`do on a real stack what the reference says (SEED=${SEED})`, async () => {
    const runs: Run[] = []
    const people = answerMessages()
    for (let first = 0; first < COUNT; first += AT_ONCE) {
      const batch = Array.from({ length: Math.min(AT_ONCE, COUNT - first) }, (_, n) =>
        start(SEED * 100_000 + first + n),
      )
      runs.push(...(await Promise.all(batch)))
      // Together, so that they meet at their locks; all of their trees come to rest.
      await until(async () => (await live()).length === 0, {
        what: 'all executions end',
        timeoutMs: 60_000,
      }).catch(async (error: unknown) => {
        const stuck = await Promise.all(
          (await live()).map(async ({ id }) => JSON.stringify(await at.rig.why(id))),
        )
        throw new Error(`still there:\n${stuck.join('\n')}`, { cause: error })
      })
    }
    await people.stop()
    const wrong: string[] = []
    const sections = []
    for (const run of runs) {
      const tree = await treeOf(run.id)
      for (const { output_value } of tree) sections.push(...sectionsOf(output_value))
      const found = await check(run, tree)
      if (found.length > 0)
        wrong.push([`${run.name} (${run.id})`, JSON.stringify(run.program), ...found].join('\n  '))
    }
    assert.deepEqual([...wrong, ...checkSections(sections)], [])
    assert.ok(sections.length > COUNT / 10)
  })

  /** People who answer whatever is asked with its own subject, until they are told to stop. */
  function answerMessages(): { stop(): Promise<void> } {
    const { messages } = at.stack.client
    const filter = { field: 'status', op: 'eq', value: 'OPEN' } as const
    const over = new AbortController()
    const answered = (async () => {
      while (!over.signal.aborted) {
        for (const { id, subject } of (await messages.list({ filter, limit: 100 })).items)
          // Its time may be over by now.
          await messages.reply(id, { string: subject }).catch(() => undefined)
        await sleep(100)
      }
    })()
    return {
      stop: () => {
        over.abort()
        return answered
      },
    }
  }

  async function live(): Promise<readonly Execution[]> {
    const filter = { field: 'status', op: 'in', value: LIVE_STATUSES } as const
    return (await at.stack.client.executions.list({ filter, limit: 20 })).items
  }

  interface Run {
    readonly id: string
    readonly name: string
    readonly program: Program
  }

  async function start(seed: number): Promise<Run> {
    const effectUrl = stub.url()
    const options = { features: ALL_FEATURES, locks: LOCKS, effectUrl, sleepMaxMs: 150 }
    const program = randomProgram(createRng(seed), options)
    const name = `program ${seed}`
    const { id } = await at.stack.client.executions.create({
      flow_name: PROGRAM_FLOW,
      name,
      input_value: { program, run: String(seed) } as never,
    })
    return { id, name, program }
  }

  async function check({ name, program }: Run, tree: readonly Execution[]): Promise<string[]> {
    const [top] = tree
    if (top === undefined) return ['it is gone']
    const run = name.replace('program ', '')
    const ofRun = (paths: readonly string[]): string[] =>
      paths.filter((path) => path.startsWith(`${run}/`)).map((path) => path.slice(run.length))
    const logs = await Promise.all(tree.map(({ id }) => at.rig.logs(id)))
    return checkOutcome(expectOutcome(program), {
      status: top.status,
      output: top.output_value,
      message: top.message,
      tookMs: Date.parse(top.ended_at ?? '') - Date.parse(top.created_at),
      effects: ofRun(stub.effects()),
      logs: ofRun(logs.flat().map(String)),
    })
  }

  async function treeOf(id: string): Promise<Execution[]> {
    const [top, children] = await Promise.all([
      at.stack.client.executions.get(id),
      at.rig.children(id),
    ])
    const below = await Promise.all(children.map((child) => treeOf(child.id)))
    return [top, ...below.flat()]
  }
})

/** A third party that honours idempotency keys: an effect counts once per key. */
function createStub() {
  const effects = new Map<string, string>()
  const server: Server = createServer((request, response) => {
    void json(request).then((body) => {
      const key = String(request.headers['idempotency-key'])
      effects.set(key, (body as { effect: string }).effect)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
    })
  })
  return {
    start: () => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
    stop: () => new Promise((resolve) => server.close(resolve)),
    url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/effect`,
    effects: () => [...effects.values()],
  }
}
