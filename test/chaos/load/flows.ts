/** Calls the outside, and tells what is known of it: done, known not to be done, or unknown. */
const EFFECT = `async function effect(self, inputs, fields) {
  const key = self.id + '/' + fields.phase + (fields.lock === undefined ? '' : '/' + fields.lock)
  try {
    const call = await self.connect({
      connector_type: 'REST',
      url: inputs.url,
      total_timeout: 4,
      read_timeout: 3,
      mode: {
        mode_name: inputs.mode ?? 'put',
        body: { body_type: 'json', json: { key, execution: self.id, ...fields } },
      },
    })
    return { key, outcome: 'done', stale: call.output.result.stale }
  } catch (error) {
    return { key, outcome: error.outcome, code: error.code }
  }
}`

/** What user code may do to an engine, and the words in which it must be told off. */
export const BOMBS: Readonly<Record<string, { code: string; says: RegExp }>> = {
  loop: { code: 'for (;;);', says: /CPU time/i },
  regexp: { code: "/^(a+)+$/.test('a'.repeat(40) + 'b')", says: /CPU time/i },
  recursion: { code: 'const down = () => down() + 1; down()', says: /stack/i },
  heap: { code: 'const kept = []; for (;;) kept.push({ a: [1, 2, 3] })', says: /memory|CPU time/i },
  strings: {
    code: "const kept = []; for (let i = 0; ; i += 1) kept.push('x'.repeat(1e6) + i)",
    says: /memory|CPU time|string length/i,
  },
  buffers: {
    code: 'const kept = []; for (;;) kept.push(new Uint8Array(16 << 20).fill(1))',
    says: /memory|allocation|CPU time/i,
  },
  promises: {
    code: 'const storm = () => Promise.resolve().then(() => { storm(); storm() }); storm(); await new Promise(() => {})',
    says: /memory|CPU time/i,
  },
  log: { code: "for (let i = 0; i < 1e6; i += 1) self.log('line ' + i)", says: /log/i },
}

/** The flows of the load, by name. */
export const FLOWS: Readonly<Record<string, string>> = {
  'chaos-child': handler(`
    if (inputs.rest > 0) await self.sleep(inputs.rest)
    if (inputs.fails) throw new Error('child ' + inputs.n + ' fails')
    return inputs.n * 2`),

  'chaos-quick': handler(`return { twice: await self.step('twice', () => inputs.n * 2) }`),

  // What a step gave before a wait and after it: a replay that ran it again shows another number.
  'chaos-steps': handler(`
    const seen = []
    for (let i = 0; i < inputs.n; i += 1) {
      seen.push(await self.step('step ' + i, () => Math.random()))
      if (i % 4 === 3) await self.sleep(inputs.rest / 4)
    }
    self.setOutput('seen', seen)
    await self.sleep(inputs.rest)
    self.setOutput('again', seen)`),

  'chaos-slow': handler(`
    const first = await self.step('chance', () => Math.random())
    self.setOutput('seen', [first])
    await self.sleep(0.05)
    for (let turn = 0; turn < inputs.turns; turn += 1) {
      let sum = 0
      for (let i = 0; i < inputs.loops; i += 1) sum += i % 3
      await self.sleep(inputs.rest)
    }
    self.setOutput('again', [await self.step('again', () => first)])`),

  'chaos-timer': handler(`
    for (const seconds of inputs.seconds) await self.sleep(seconds)
    return inputs.seconds.length`),

  'chaos-lock': handler(`
    const got = []
    for (const name of inputs.locks) {
      const { token } = await system.setting(name).acquire()
      got.push({ name, token, enter: await effect(self, inputs, { phase: 'enter', lock: name, token }) })
    }
    await self.sleep(inputs.hold)
    for (const one of got.toReversed()) {
      one.leave = await effect(self, inputs, { phase: 'leave', lock: one.name, token: one.token })
      await system.setting(one.name).release()
    }
    return got`),

  'chaos-effect': handler(`
    const done = []
    for (let i = 0; i < inputs.n; i += 1) {
      done.push(await effect(self, inputs, { phase: 'effect ' + i }))
      await self.sleep(0.02)
    }
    return done`),

  'chaos-tree': handler(`
    const children = inputs.rests.map((rest, n) => self.flow('chaos-child', { n, rest }))
    const ended = await Promise.all(children)
    const late = await self.flow('chaos-child', { n: 50, rest: 0.1 }, { wait: false })
    await self.step('between', () => 1)
    await late.wait()
    return ended.reduce((sum, child) => sum + child.output, late.output)`),

  'chaos-race': handler(`
    const runners = inputs.rests.map(async (rest, n) => {
      await self.flow('chaos-child', { n, rest })
      return n
    })
    const winner = await Promise.race(runners)
    self.setOutput('winner', winner)
    const all = await Promise.all(runners)
    self.setOutput('again', winner)
    self.setOutput('all', all.length)`),

  'chaos-fail': handler(`
    let caught = null
    try { await self.flow('chaos-child', { n: 1, rest: 0.05, fails: true }) }
    catch (error) { caught = error.name }
    await self.sleep(0.05)
    if (inputs.loud) throw new Error('on purpose after ' + caught)
    self.error('on purpose after ' + caught)`),

  'chaos-large': handler(`
    const text = await self.step('text', () => 'x'.repeat(inputs.size))
    await self.sleep(0.05)
    return { text, size: text.length }`),

  ...Object.fromEntries(
    Object.entries(BOMBS).map(([kind, { code }]) => [
      `chaos-bomb-${kind}`,
      handler(`await self.step('before', () => 1);\n${code}\nreturn 'survived'`),
    ]),
  ),

  'chaos-herd': handler(`
    const { token } = await system.setting('lock-herd').acquire()
    await system.setting('lock-herd').release()
    return { token }`),

  // Two of these with the locks in opposite order are a ring.
  'chaos-ring': handler(`
    const got = []
    try {
      for (const name of inputs.locks) {
        await system.setting(name).acquire(inputs.timeout > 0 ? { timeout: inputs.timeout } : {})
        got.push(name)
        await self.sleep(inputs.rest)
      }
    } catch (error) {
      return { got, error: error.name }
    }
    return { got, error: null }`),
}

/** A body begins with a line break: what stands behind it is line 2 of the script. */
export function handler(body: string): string {
  return `export default async function handler(system, self, inputs) {${body}\n}\n${EFFECT}\n`
}
