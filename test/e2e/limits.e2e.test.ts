import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { useStack } from '../stack/index.ts'

/** What a flow may try, and the words by which its end names the limit. */
const BOMBS: readonly { name: string; body: string; limit: RegExp }[] = [
  { name: 'an endless loop', body: 'for (;;) {}', limit: /cpu|time/i },
  { name: 'an endless loop of microtasks', body: 'for (;;) await null', limit: /cpu|time/i },
  {
    name: 'a regular expression that never ends',
    body: `return /^(a+)+$/.test('a'.repeat(60) + 'b')`,
    limit: /cpu|time/i,
  },
  {
    name: 'unbounded recursion',
    body: 'const f = (n) => f(n + 1) + 1; return f(0)',
    limit: /call stack|recursion|depth/i,
  },
  {
    // On a machine that is slow to give memory out its CPU time may end it; that names memory, too.
    name: 'a heap bomb',
    body: `const all = []; for (;;) all.push(new Array(1e4).fill({ a: 1 }))`,
    limit: /memory/i,
  },
  {
    name: 'a string bomb',
    body: `let s = 'x'.repeat(1024); const all = []; for (;;) { s = s + s + Math.random(); all.push([...s].join('')) }`,
    limit: /memory|string length/i,
  },
  {
    name: 'an ArrayBuffer bomb',
    body: `const all = []; for (;;) all.push(new Uint8Array(64 * 1024 * 1024).fill(1))`,
    limit: /memory|allocation/i,
  },
  {
    name: 'a promise storm',
    body: `const more = () => { Promise.resolve().then(more); Promise.resolve().then(more) }; more(); await self.sleep(1)`,
    limit: /memory|cpu|time/i,
  },
  {
    name: 'a million log lines',
    body: `for (let n = 0; n < 1e6; n += 1) self.log('line', n)`,
    limit: /log/i,
  },
  {
    name: 'a million steps',
    body: `for (let n = 0; n < 1e6; n += 1) await self.step('s', () => n)`,
    limit: /command|step|cpu|time/i,
  },
  {
    name: 'an output of 65 MiB',
    body: `return 'x'.repeat(65 * 1024 * 1024)`,
    limit: /larger|size|bytes|memory/i,
  },
  {
    name: 'an output 65 levels deep',
    body: `let a = 0; for (let n = 0; n < 65; n += 1) a = [a]; return a`,
    limit: /deep|levels|nested/i,
  },
]

describe('limits', { timeout: 300_000 }, () => {
  const at = useStack(async ({ rig }) => {
    await rig.flow(
      'neighbour',
      `let n = 0; while (n < inputs.turns) { n = await self.step('turn', () => n + 1); await self.sleep(0.1) }; return n`,
    )
  })

  for (const { name, body, limit } of BOMBS) {
    test(`${name} ends alone, with an error that names the limit`, async () => {
      const engines = at.stack.pidsOf('engine')
      const neighbour = await at.stack.client.executions.create({
        flow_name: 'neighbour',
        input_value: { turns: 15 },
      })
      const bomb = await at.rig.run(body, {}, { name })
      assert.equal(bomb.status, 'ENDED_ERROR', bomb.message ?? '')
      assert.match(bomb.message ?? '', limit)
      const beside = await at.rig.ended(neighbour.id)
      assert.deepEqual(
        [beside.status, beside.output_value],
        ['ENDED_SUCCESS', 15],
        beside.message ?? '',
      )
      assert.deepEqual(at.stack.pidsOf('engine'), engines, 'the engine itself lives on')
    })
  }

  test('of many executions of one flow only the guilty one ends in error', async () => {
    await at.rig.flow('sometimes', `if (inputs.n === 7) for (;;) {}\nreturn inputs.n`)
    const { ids } = await at.stack.client.executions.createBatch(
      Array.from({ length: 20 }, (_, n) => ({ flow_name: 'sometimes', input_value: { n } })),
    )
    const ends = await Promise.all(ids.map((id) => at.rig.ended(id, 60)))
    assert.deepEqual(
      ends.map((end) => end.status),
      ids.map((_, n) => (n === 7 ? 'ENDED_ERROR' : 'ENDED_SUCCESS')),
    )
  })

  test('code that swallows the limit still ends with it', async () => {
    const ended = await at.rig.run(
      `try { for (let n = 0; n < 1e6; n += 1) self.log(n) } catch { } finally { self.log('x') }\nreturn 'survived'`,
    )
    assert.equal(ended.status, 'ENDED_ERROR')
    assert.match(ended.message ?? '', /log/i)
  })

  test('nothing of the machine is in reach', async () => {
    // What a habit may call is there to say what to use instead, and does nothing else.
    const output = await at.rig.output(`
      const works = (name) => {
        if (globalThis[name] === undefined) return false
        try { globalThis[name]('node:fs'); return true } catch { return false }
      }
      const names = ['process', 'require', 'fetch', 'WebAssembly', 'setTimeout', 'global', 'Buffer', 'Worker']
      return names.filter(works)`)
    assert.deepEqual(output, [])
    const refused = await at.rig
      .run(`return await import('node:fs')`)
      .then((ended) => ended.message, String)
    assert.match(refused ?? '', /import|module/i)
  })
})
